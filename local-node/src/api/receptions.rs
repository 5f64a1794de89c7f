use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use crate::node::Node;

/// `POST /api/v1/receptions`.
pub(super) async fn receive(State(node): State<Arc<Node>>, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::ReceiveGoods, None, request).await
}
