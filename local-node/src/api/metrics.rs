//! `GET /metrics`: counters, for programs on this machine.

use axum::extract::Request;
use axum::response::Response;
use comptoir_http_edge::{Client, ProblemResponse, metrics_answer};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

pub(super) async fn metrics(request: Request) -> Result<Response, ProblemResponse> {
    match request.extensions().get::<Client>() {
        Some(client) if !client.is_trusted => {
            let detail = format!("counters are read on the node's own machine, not from {}", client.address);
            Err(Problem::new(ErrorCode::Forbidden, detail).into())
        }
        // Without an accept loop the caller is in this process.
        Some(_) | None => Ok(metrics_answer(request.extensions())),
    }
}
