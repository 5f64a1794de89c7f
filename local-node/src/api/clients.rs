use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_http_edge::{PathParams, RequestBody};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command, record_edit};
use crate::node::Node;

/// `POST /api/v1/clients`.
pub(super) async fn create(State(node): State<Arc<Node>>, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&node, ShopCommand::CreateEntity, None, &headers, body).await
}

/// `PATCH /api/v1/clients/{id}`, and `PUT` for HTTP clients without PATCH: fields that are not named stay, since another writer
/// may have set them. `If-Match` names the version that the editor read.
pub(super) async fn update(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_edit(&node, ShopCommand::UpdateEntity, &id, &headers, body).await
}

/// `DELETE /api/v1/clients/{id}`.
pub(super) async fn delete(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_edit(&node, ShopCommand::DeleteEntity, &id, &headers, body).await
}
