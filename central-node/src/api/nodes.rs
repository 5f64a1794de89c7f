//! `/api/v1/nodes`: the state of each node, and its revocation, for an administrator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_core::id::NodeId;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::node_users_v1::{RevokeNodeDto, RevokedNode};
use comptoir_proto::problem::Problem;

use super::auth::admin;
use super::caller::CallerHeaders;
use super::sessions::read_or_default;
use super::users::changer;
use crate::central::Central;
use crate::feed::nodes::{self, NodeList};

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Json<NodeList>, ProblemResponse> {
    let tenant = admin(&headers)?.tenant;
    Ok(Json(nodes::list(central.database(), tenant, central.clock_drift_limit()).await?))
}

pub(super) async fn revoke(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<RevokedNode>, ProblemResponse> {
    let (tenant, by) = changer(&headers)?;
    let missing = |_| Problem::new(ErrorCode::NotFound, format!("there is no node {id}"));
    let node: NodeId = id.parse().map_err(missing)?;
    let RevokeNodeDto { reason } = read_or_default(body).await?;
    let revoked = central.accounts().revoke_node(tenant, node, reason.as_deref(), &by).await?;
    Ok(Json(RevokedNode {
        node: node.uuid(),
        revoked_at: instant::format(revoked.at),
        revoked_position: revoked.position.0,
    }))
}
