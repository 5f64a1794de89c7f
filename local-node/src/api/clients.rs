use axum::http::HeaderMap;
use comptoir_http_edge::{PathParams, RequestBody};
use comptoir_proto::commands_v1::ShopCommand;

use super::authorize::Permitted;
use super::command::{CommandResponse, record_command, record_edit};

/// `POST /api/v1/clients`.
pub(super) async fn create(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    record_command(&permitted, ShopCommand::CreateEntity, None, &headers, body).await
}

/// `PATCH /api/v1/clients/{id}`, and `PUT` for HTTP clients without PATCH: fields that are not named stay, since another writer
/// may have set them. `If-Match` names the version that the editor read.
pub(super) async fn update(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_edit(&permitted, ShopCommand::UpdateEntity, &id, &headers, body).await
}

/// `DELETE /api/v1/clients/{id}`.
pub(super) async fn delete(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    record_edit(&permitted, ShopCommand::DeleteEntity, &id, &headers, body).await
}
