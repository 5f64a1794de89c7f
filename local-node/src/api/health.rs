use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::status_v1::Health;
use tokio::time::timeout;

use super::authorize::revoked;
use super::refusal::with_missing;
use crate::blocking::blocking;
use crate::node::Node;

pub(super) async fn healthz() -> Json<Health> {
    Json(Health::ok())
}

/// How long the query of the disk's free space may take. A failed disk answers late or never.
const ANSWER_WITHIN: Duration = Duration::from_millis(700);

pub(super) async fn readyz(State(node): State<Arc<Node>>) -> Result<Json<Health>, ProblemResponse> {
    if node.is_revoked() {
        return Err(revoked().into());
    }
    let looked = timeout(ANSWER_WITHIN, blocking(move || node.log().status())).await;
    let silent = || Problem::new(ErrorCode::StoreNotAnswering, "the log's disk does not say how much is free on it");
    let status = looked.map_err(|_| silent().retry_after(1))?;
    if let Some(reason) = status.state.refusal() {
        return Err(with_missing(Problem::new(ErrorCode::LogReadOnly, reason), &status.state).into());
    }
    if status.disk_low {
        let free = status.disk.map_or(0, |disk| disk.free_bytes);
        return Err(
            Problem::new(ErrorCode::InsufficientStorage, format!("{free} bytes are free on the log's disk")).into()
        );
    }
    Ok(Json(Health::ready(None)))
}
