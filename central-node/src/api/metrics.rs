//! `GET /metrics`: counters. A program on this machine needs no credential, since they name no tenant.

use axum::extract::Request;
use axum::response::Response;
use comptoir_http_edge::metrics_answer;

pub(super) async fn metrics(request: Request) -> Response {
    metrics_answer(request.extensions())
}
