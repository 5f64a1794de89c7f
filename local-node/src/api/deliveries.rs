use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use super::query::PathId;
use crate::node::Node;

/// `POST /api/v1/deliveries/{id}/validate`.
pub(super) async fn validate(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::ValidateDelivery, Some(&id), request).await
}
