use std::sync::Arc;

use axum::extract::{Request, State};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use super::query::PathId;
use crate::node::Node;

/// `POST /api/v1/invoices`.
pub(super) async fn create(State(node): State<Arc<Node>>, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::CreateInvoice, None, request).await
}

/// `POST /api/v1/invoices/{id}/cancel`.
pub(super) async fn cancel(State(node): State<Arc<Node>>, PathId(id): PathId, request: Request) -> CommandResponse {
    record_command(&node, ShopCommand::CancelInvoice, Some(&id), request).await
}
