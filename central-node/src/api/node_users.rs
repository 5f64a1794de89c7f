//! `GET /api/v1/sync/users`: whom a node authenticates without contact. `POST /api/v1/sync/wiped`: a node destroyed its data.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_proto::node_users_v1::{NodeUser, NodeUsers, WipeProof};

use super::auth::node_caller;
use super::caller::CallerHeaders;
use super::sessions::{json_web_keys, read, role_dto};
use super::users::permission_dto;
use crate::accounts::SiteUser;
use crate::central::Central;

/// Answers with the users of the node's site. The verifiers must not stay in a cache.
pub(super) async fn users(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let caller = node_caller(&headers)?;
    let of_site = central.accounts().site_users(caller.tenant, caller.scope.site).await?;
    let answer = NodeUsers {
        identity_position: of_site.identity_position.0,
        users: of_site.users.into_iter().map(node_user).collect(),
        permissions: of_site.permissions.iter().map(permission_dto).collect(),
        token_issuer: of_site.token_issuer,
        token_keys: json_web_keys(&of_site.token_keys),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

fn node_user(user: SiteUser) -> NodeUser {
    let SiteUser { id, login, name, verifier, roles } = user;
    NodeUser { id, login, name, verifier, roles: roles.iter().map(role_dto).collect() }
}

/// Keeps the proof; the same again is answered the same.
pub(super) async fn wiped(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<StatusCode, ProblemResponse> {
    let caller = node_caller(&headers)?;
    let proof: WipeProof = read(body).await?;
    central.accounts().record_wipe(caller.tenant, caller.node, &proof).await?;
    Ok(StatusCode::NO_CONTENT)
}
