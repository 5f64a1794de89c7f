//! Whether this process lives, and whether it can do its work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_proto::status_v1::Health;

use super::Refusal;
use crate::central::Central;
use crate::database::StoreError;

/// It answers, so it lives.
pub(super) async fn healthz() -> Json<Health> {
    Json(Health::ok())
}

/// It reaches its database.
pub(super) async fn readyz(State(central): State<Arc<Central>>) -> Result<Json<Health>, Refusal> {
    let connection = central.database().service().await?;
    connection.query_one("select 1", &[]).await.map_err(StoreError::from)?;
    Ok(Json(Health::ready(Some(central.incarnation()))))
}
