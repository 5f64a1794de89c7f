use axum::http::HeaderMap;
use comptoir_http_edge::RequestBody;
use comptoir_proto::commands_v1::ShopCommand;

use super::authorize::Permitted;
use super::command::{CommandResponse, record_command};

/// `POST /api/v1/receptions`.
pub(super) async fn receive(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&permitted, ShopCommand::ReceiveGoods, None, &headers, body).await
}
