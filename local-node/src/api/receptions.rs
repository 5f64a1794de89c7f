use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_http_edge::RequestBody;
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use crate::node::Node;

/// `POST /api/v1/receptions`.
pub(super) async fn receive(State(node): State<Arc<Node>>, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&node, ShopCommand::ReceiveGoods, None, &headers, body).await
}
