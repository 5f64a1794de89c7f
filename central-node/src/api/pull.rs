//! `GET /api/v1/sync/pull`: what changed for a node since its cursor.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_http_edge::{ProblemResponse, read_query};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::{PullCursor, PullResponse};
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::node_caller;
use super::caller::CallerHeaders;
use super::error::summary;
use super::security_events::note_node_process;
use crate::central::Central;
use crate::feed;
use crate::sync_log::{Direction, SyncCounts, SyncSession};

/// Rows of a page if the caller names no limit.
const LIMIT: usize = 200;
/// The highest limit.
const LIMIT_MAX: usize = 5_000;
/// The longest wait, in seconds.
const WAIT_SECONDS_MAX: u64 = 30;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeedQuery {
    /// `cursor` of the previous answer; absent to start from the beginning.
    cursor: Option<String>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<u64>", range(min = 1, max = 5_000))]
    limit: Option<usize>,
    /// The longest wait for a change, in seconds.
    #[schemars(with = "Option<u64>", range(max = 30))]
    wait: Option<u64>,
    /// `identity_position` of the previous answer: another one ends the wait.
    identity_position: Option<u64>,
}

impl FeedQuery {
    fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(LIMIT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            limit => Err(bad(format!("limit={limit}: a page has 1 to {LIMIT_MAX} rows")).at("limit")),
        }
    }

    fn wait(&self) -> Result<Duration, Problem> {
        match self.wait.unwrap_or_default() {
            wait @ ..=WAIT_SECONDS_MAX => Ok(Duration::from_secs(wait)),
            wait => Err(bad(format!("wait={wait}: a request waits at most {WAIT_SECONDS_MAX} seconds")).at("wait")),
        }
    }
}

pub(super) async fn pull(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<PullResponse>, ProblemResponse> {
    let caller = node_caller(&headers)?;
    note_node_process(&central, headers.credential(), &headers);
    let query: FeedQuery = read_query(&uri)?;
    let (limit, wait) = (query.limit()?, query.wait()?);
    let feed = central.feed();
    if headers.credential().is_revoked {
        return Ok(Json(feed::answer_to_revoked(feed, caller, query.cursor)));
    }
    let cursor = match &query.cursor {
        Some(text) => text.parse::<PullCursor>().map_err(|error| bad(error.to_string()).at("cursor"))?,
        None => feed.first_cursor(caller.scope),
    };
    feed.check_made_here(caller.scope, cursor.incarnation, &cursor.scope)?;
    if i64::try_from(cursor.position).is_err() {
        return Err(bad(format!("cursor: {} is no position", cursor.position)).at("cursor").into());
    }
    let services = (central.database(), central.clock());
    let sync = SyncSession::of_node(services, caller.tenant, caller.node, Direction::Down);
    let page = feed::pull(feed, caller, &cursor, query.identity_position, (limit, wait)).await.map_err(Problem::from);
    let counts = page.as_ref().map(|page| page.changes.len() + page.notices.len());
    // A wait that ends without changes is not logged as a synchronisation.
    if !matches!(counts, Ok(0)) {
        let counts = counts.map(|events| SyncCounts { events, ..SyncCounts::default() });
        sync.end_in_background(counts.map_err(summary));
    }
    Ok(Json(page?))
}

fn bad(detail: String) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, detail)
}
