//! `/healthz` and `/readyz`, for whoever starts and watches the process.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::status_v1::Health;

use super::refusal::Refusal;
use crate::node::Node;

/// The process lives.
pub(super) async fn healthz() -> Json<Health> {
    Json(Health::ok())
}

/// The log takes events.
pub(super) async fn readyz(State(node): State<Arc<Node>>) -> Result<Json<Health>, Refusal> {
    let status = node.log().status();
    if let Some(reason) = status.state.refusal() {
        return Err(Problem::new(ErrorCode::LogReadOnly, reason).into());
    }
    if status.disk_low {
        let free = status.disk.map_or(0, |disk| disk.free_bytes);
        return Err(Problem::new(ErrorCode::DiskLow, format!("{free} bytes are free on the log's disk")).into());
    }
    Ok(Json(Health::ready(None)))
}
