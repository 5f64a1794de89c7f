//! `GET /metrics`: counters. A program on this machine needs no credential, since they name no tenant.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use comptoir_http_edge::{Client, ProblemResponse, metrics_answer};

use super::auth::admin;
use crate::central::Central;

pub(super) async fn metrics(
    State(central): State<Arc<Central>>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let is_trusted = request.extensions().get::<Client>().is_some_and(|client| client.is_trusted);
    if !is_trusted {
        admin(&central, request.headers()).await?;
    }
    Ok(metrics_answer(request.extensions()))
}
