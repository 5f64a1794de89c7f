//! Damage that a request meets makes `/readyz` fail, like damage that the store check finds.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::Response;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::{self, Problem};
use comptoir_proto::store_check_v1::StoreFinding;

use crate::central::Central;

/// The member of a problem that describes damage.
pub(super) const FINDING: &str = "finding";

/// Records the finding of an answer `STORE_DAMAGED`. Handlers only return their errors, so this is the one place that sees all.
pub(super) async fn record_damage(State(central): State<Arc<Central>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_problem = response.headers().get(CONTENT_TYPE).is_some_and(|found| found == problem::CONTENT_TYPE);
    if !is_problem || response.status().as_u16() != ErrorCode::StoreDamaged.status() {
        return response;
    }
    let (parts, body) = response.into_parts();
    // A problem document is small and already in memory.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if let Some(finding) = finding(&bytes) {
        central.store_findings().met(finding);
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn finding(problem: &[u8]) -> Option<StoreFinding> {
    let mut problem: Problem = serde_json::from_slice(problem).ok()?;
    let finding = problem.values.remove(FINDING)?;
    serde_json::from_value(finding).ok()
}
