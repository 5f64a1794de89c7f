//! `GET /api/v1/forks`: logs of which central received two branches.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_http_edge::{ProblemResponse, page_limit, read_query};
use comptoir_proto::forks_v1::{ForkDto, ForkOutcome, ForkPage};
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::admin;
use super::caller::CallerHeaders;
use super::report_query::bad;
use crate::central::Central;
use crate::database;
use crate::event_store::{self, ForkKey, ForkRow};

/// Records of a page if the caller names no limit.
const PAGE_ROWS: usize = 100;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForksQuery {
    /// `next` of the page before.
    after: Option<String>,
    /// Records of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<ForkPage>, ProblemResponse> {
    let tenant = admin(&headers)?.tenant;
    let query: ForksQuery = read_query(&uri)?;
    let limit = page_limit(query.limit, PAGE_ROWS)?;
    let needed = |text: &str| bad("after", text, "`next` of the page before");
    let after = query.after.as_deref().map(|text| text.parse::<ForkKey>().map_err(|_| needed(text))).transpose()?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let mut rows = event_store::forks(&tx, tenant, after, limit as i64 + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|last| last.key.to_string());
    Ok(Json(ForkPage { forks: rows.into_iter().map(fork_dto).collect(), next }))
}

fn fork_dto(row: ForkRow) -> ForkDto {
    let ForkRow { key, name, held_epoch_id, open_epoch, held, event, counted_at, received_at } = row;
    let (other_event, other_action) = event.map_or((None, None), |(id, action)| (Some(id.uuid()), Some(action)));
    ForkDto {
        node: key.node.uuid(),
        name,
        epoch: key.epoch,
        held_epoch_id,
        other_epoch_id: key.epoch_id,
        seq: key.seq.0,
        held_chain: held.map(|(_, chain)| chain.to_string()),
        held_position: held.map(|(position, _)| position.0),
        other_chain: key.chain.to_string(),
        other_event,
        other_action,
        received_at: instant::format(received_at),
        outcome: if open_epoch > key.epoch { ForkOutcome::Continued } else { ForkOutcome::Frozen },
        open_epoch,
        counted_at: counted_at.map(|position| position.0),
    }
}
