use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::instant;

use crate::blocking::blocking;
use crate::event_log::ReadError;
use crate::node::Node;

pub(super) async fn queue(State(node): State<Arc<Node>>) -> Result<Json<QueueDto>, ProblemResponse> {
    Ok(Json(blocking(move || read(&node)).await?))
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
