use axum::http::HeaderMap;
use comptoir_http_edge::RequestBody;
use comptoir_proto::commands_v1::ShopCommand;

use super::authorize::Permitted;
use super::command::{CommandResponse, record_command};

/// `POST /api/v1/sales`.
pub(super) async fn sale(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&permitted, ShopCommand::RecordSale, None, &headers, body).await
}

/// `POST /api/v1/refunds`.
pub(super) async fn refund(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&permitted, ShopCommand::RefundSale, None, &headers, body).await
}
