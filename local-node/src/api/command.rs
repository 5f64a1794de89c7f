//! What every typed command does: a body becomes a draft, and the draft takes the way of any other.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::problem::Problem;

use super::refusal::ProblemResponse;
use super::{append, body, precondition};
use crate::node::Node;

/// The answer to a command.
pub(super) type CommandResponse = Result<Json<AppendResponse>, ProblemResponse>;

/// Records what a command asks for; `path_id` is the entity where the path names it.
pub(super) async fn record(
    node: &Arc<Node>,
    command: ShopCommand,
    path_id: Option<&str>,
    request: Request,
) -> CommandResponse {
    let (parts, body) = request.into_parts();
    let dto = read(node, command, path_id, &parts.headers, body).await?;
    append_as(node, command, &dto).await
}

/// Records an edit of what its editor saw, unless something else is there by now.
pub(super) async fn edit(node: &Arc<Node>, command: ShopCommand, id: &str, request: Request) -> CommandResponse {
    let (parts, body) = request.into_parts();
    let dto = read(node, command, Some(id), &parts.headers, body).await?;
    let seen = precondition::seen(&parts.headers)?;
    append_as(node, command, &DraftDto { if_match: Some(seen.as_str().to_owned()), ..dto }).await
}

/// A command's draft has its id, whatever the request's key.
async fn append_as(node: &Arc<Node>, command: ShopCommand, dto: &DraftDto) -> CommandResponse {
    let checked = append::checked(node, dto, None, 0).map_err(|problem| command.problem(problem))?;
    Ok(Json(append::one(node, checked).await.map_err(|problem| command.problem(problem))?))
}

async fn read(
    node: &Node,
    command: ShopCommand,
    path_id: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<DraftDto, Problem> {
    let key = body::idempotency_key(headers)?;
    let body = body::read(headers, body, body::JSON_BYTES_MAX).await?;
    check_media(headers, &body)?;
    command.draft(path_id, &body, node.author(), key)
}

/// Some commands, such as a deletion, have nothing to say beyond their path: an empty body has no type.
fn check_media(headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() && !headers.contains_key(CONTENT_TYPE) { Ok(()) } else { body::only_json(headers) }
}
