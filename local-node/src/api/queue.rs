use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_http_edge::{PAGE_ROWS, ProblemResponse, page_limit, read_query};
use comptoir_proto::api_v1::{EventDto, QueueDto};
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::read_v1::RowList;
use schemars::JsonSchema;
use serde::Deserialize;

use super::authorize::Permitted;
use super::costs;
use super::events::shown;
use crate::blocking::blocking;
use crate::event_log::ReadError;
use crate::node::Node;

pub(super) async fn queue(State(node): State<Arc<Node>>) -> Result<Json<QueueDto>, ProblemResponse> {
    Ok(Json(blocking(move || read(&node)).await?))
}

/// `POST /api/v1/queue/retry`: ends the pause before the next attempt. Answers the queue as it is when the attempt begins.
pub(super) async fn retry(State(node): State<Arc<Node>>) -> Result<Json<QueueDto>, ProblemResponse> {
    node.retry_sync();
    Ok(Json(blocking(move || read(&node)).await?))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitingQuery {
    /// Maximum number of events.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

/// Bytes of events that one answer reads.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// `GET /api/v1/queue/events`: the first ones that wait. There are no pages: they move up as central answers.
pub(super) async fn events(
    State(node): State<Arc<Node>>,
    permitted: Permitted,
    uri: Uri,
) -> Result<Json<RowList<EventDto>>, ProblemResponse> {
    let WaitingQuery { limit } = read_query(&uri)?;
    let limit = page_limit(limit, PAGE_ROWS)?;
    let (log, sending) = (node.log().clone(), node.sync_progress().sending);
    let (head, read) = (log.head(), log.clone());
    let from = head.marks.acked.next();
    let waiting = blocking(move || read.read(head.epoch.number, from, limit + 1, WAITING_BYTES)).await?;
    let rows = waiting.iter().map(|sealed| shown(sealed, None, sending)).collect::<Result<Vec<_>, _>>()?;
    // An epoch's first record says nothing to a person.
    let rows = rows.into_iter().filter(|event| event.action != "EPOCH_OPENED").take(limit);
    let rows = rows.map(|event| costs::shown_to(permitted.caller(), event)).collect();
    Ok(Json(RowList { rows, next_cursor: None }))
}

/// Reads the queue as it is now.
pub(super) fn read(node: &Node) -> Result<QueueDto, ReadError> {
    let log = node.log();
    let pending = log.pending()?;
    let age = |since: comptoir_core::time::Timestamp| {
        // A clock that was set back must not give a negative age.
        u64::try_from((log.now().0 - since.0) / 1_000_000).unwrap_or(0)
    };
    let sync = node.sync().borrow().clone();
    Ok(QueueDto {
        pending: pending.count,
        oldest_age_seconds: pending.oldest.map(age),
        to_review: sync.needs_person.events,
        last_success_at: sync.last_success_at.map(instant::format),
        waiting_seconds: sync.request_since.map(|since| since.elapsed().as_secs()),
    })
}
