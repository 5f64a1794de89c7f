//! Whether this process lives, and whether it can do its work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::status_v1::Health;

use crate::central::Central;

/// It answers, so it lives.
pub(super) async fn healthz() -> Json<Health> {
    Json(Health::ok())
}

/// Its database takes writes, and central knows of no damage in it.
pub(super) async fn readyz(State(central): State<Arc<Central>>) -> Result<Json<Health>, ProblemResponse> {
    central.store_health().check().await?;
    central.store_findings().check()?;
    Ok(Json(Health::ready(Some(central.incarnation()))))
}
