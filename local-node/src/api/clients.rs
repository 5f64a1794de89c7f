use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command, record_edit};
use super::query::PathId;
use crate::node::Node;

/// `POST /api/v1/clients`.
pub(super) async fn create(State(node): State<Arc<Node>>, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::CreateClient, None, request).await
}

/// `PATCH /api/v1/clients/{id}`, and `PUT` for HTTP clients without PATCH: fields that are not named stay, since another writer
/// may have set them. `If-Match` names the version that the editor read.
pub(super) async fn update(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> CommandResponse {
    record_edit(&node, ShopCommand::UpdateClient, &id, request).await
}

/// `DELETE /api/v1/clients/{id}`.
pub(super) async fn delete(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> CommandResponse {
    record_edit(&node, ShopCommand::DeleteClient, &id, request).await
}
