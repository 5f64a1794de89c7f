//! `GET /api/v1/store-check`: the known damage in the tenant's stored log.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::store_check_v1::StoreCheck;

use super::auth::admin;
use super::caller::CallerHeaders;
use crate::central::Central;

pub(super) async fn standing(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Json<StoreCheck>, ProblemResponse> {
    let credential = admin(&headers)?;
    Ok(Json(central.store_findings().of_tenant(credential.tenant)))
}
