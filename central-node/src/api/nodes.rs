//! `GET /api/v1/nodes`: the state of each node, for an administrator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;

use super::auth::admin;
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::feed::nodes::{self, NodeList};

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Json<NodeList>, ProblemResponse> {
    let tenant = admin(&headers)?.tenant;
    Ok(Json(nodes::list(central.database(), tenant, central.clock_drift_limit()).await?))
}
