//! Whether this process is alive, and whether it can work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::status_v1::Health;

use crate::central::Central;

/// Responds as long as the process is alive.
pub(super) async fn healthz() -> Json<Health> {
    Json(Health::ok())
}

/// Ready if the database accepts writes and central knows of no damage in it.
pub(super) async fn readyz(State(central): State<Arc<Central>>) -> Result<Json<Health>, ProblemResponse> {
    central.store_health().check().await?;
    central.store_findings().check()?;
    Ok(Json(Health::ready(Some(central.incarnation()))))
}
