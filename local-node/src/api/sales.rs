use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use crate::node::Node;

/// `POST /api/v1/sales`.
pub(super) async fn sale(State(node): State<Arc<Node>>, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::RecordSale, None, request).await
}

/// `POST /api/v1/refunds`.
pub(super) async fn refund(State(node): State<Arc<Node>>, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::RefundSale, None, request).await
}
