//! `/healthz` and `/readyz`, for whoever starts and watches the process.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::refusal::Refusal;
use crate::node::Node;

const JSON: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];

/// The process lives.
pub(super) async fn healthz() -> impl IntoResponse {
    (JSON, r#"{"status":"ok"}"#)
}

/// The log takes events.
pub(super) async fn readyz(State(node): State<Arc<Node>>) -> Result<impl IntoResponse, Refusal> {
    let status = node.log().status();
    if let Some(reason) = status.state.refusal() {
        return Err(Problem::new(ErrorCode::LogReadOnly, reason).into());
    }
    if status.disk_low {
        let free = status.disk.map_or(0, |disk| disk.free_bytes);
        return Err(Problem::new(ErrorCode::DiskLow, format!("{free} bytes are free on the log's disk")).into());
    }
    Ok((JSON, r#"{"status":"ready"}"#))
}
