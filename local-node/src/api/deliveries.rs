use axum::http::HeaderMap;
use comptoir_http_edge::{PathParams, RequestBody};
use comptoir_proto::commands_v1::ShopCommand;

use super::authorize::Permitted;
use super::command::{CommandResponse, record_command};

/// `POST /api/v1/deliveries/{id}/validate`.
pub(super) async fn validate(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_command(&permitted, ShopCommand::ValidateDelivery, Some(&id), &headers, body).await
}
