use axum::http::HeaderMap;
use comptoir_http_edge::{PathParams, RequestBody};
use comptoir_proto::commands_v1::ShopCommand;

use super::authorize::Permitted;
use super::command::{CommandResponse, record_command};

/// `POST /api/v1/invoices`.
pub(super) async fn create(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&permitted, ShopCommand::CreateInvoice, None, &headers, body).await
}

/// `POST /api/v1/invoices/{id}/cancel`.
pub(super) async fn cancel(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_command(&permitted, ShopCommand::CancelInvoice, Some(&id), &headers, body).await
}
