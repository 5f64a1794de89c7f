use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_http_edge::{PathParams, RequestBody};
use comptoir_proto::commands_v1::ShopCommand;

use super::command::{CommandResponse, record_command};
use crate::node::Node;

/// `POST /api/v1/deliveries/{id}/validate`.
pub(super) async fn validate(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_command(&node, ShopCommand::ValidateDelivery, Some(&id), &headers, body).await
}
