//! What every typed command does: a body becomes a draft, and the draft takes the way of any other.

use std::sync::Arc;

use axum::Json;
use axum::http::HeaderMap;
use comptoir_http_edge::{ProblemResponse, RequestBody, idempotency_key, if_match};
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;

use super::{JSON_BYTES_MAX, append};
use crate::node::Node;

/// The answer to a command.
pub(super) type CommandResponse = Result<Json<AppendResponse>, ProblemResponse>;

/// Records what a command asks for; `path_id` is the entity where the path names it.
pub(super) async fn record(
    node: &Arc<Node>,
    command: ShopCommand,
    path_id: Option<&str>,
    headers: &HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    let key = idempotency_key(headers)?;
    let body = body.json_or_nothing(JSON_BYTES_MAX).await?;
    append_as(node, command, &command.draft(path_id, &body, node.author(), key)?).await
}

/// Records an edit of what its editor saw, unless something else is there by now.
pub(super) async fn edit(
    node: &Arc<Node>,
    command: ShopCommand,
    id: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    let (key, seen) = (idempotency_key(headers)?, if_match(headers)?);
    let body = body.json_or_nothing(JSON_BYTES_MAX).await?;
    let dto = command.draft(Some(id), &body, node.author(), key)?;
    append_as(node, command, &DraftDto { if_match: Some(seen.as_str().to_owned()), ..dto }).await
}

/// A command's draft has its id, whatever the request's key.
async fn append_as(node: &Arc<Node>, command: ShopCommand, dto: &DraftDto) -> CommandResponse {
    let checked = append::checked(node, dto, None, 0).map_err(|problem| command.problem(problem))?;
    Ok(Json(append::one(node, checked).await.map_err(|problem| command.problem(problem))?))
}
