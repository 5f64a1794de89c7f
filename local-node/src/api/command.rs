//! What every typed command does: a body becomes a draft, and the draft takes the way of any other.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::commands_v1::Command;
use comptoir_proto::problem::Problem;

use super::refusal::Refusal;
use super::{append, body, precondition};
use crate::node::Node;

/// The answer to a command.
pub(super) type Recorded = Result<Json<AppendResponse>, Refusal>;

/// Records what a command asks for; `path_id` is the entity where the path names it.
pub(super) async fn record(node: &Node, command: Command, path_id: Option<&str>, request: Request) -> Recorded {
    let (parts, body) = request.into_parts();
    let key = body::idempotency_key(&parts.headers)?;
    let dto = read(node, command, path_id, &parts.headers, body).await?;
    let draft = append::checked(node, &dto, key, 0).map_err(|problem| command.problem(problem))?;
    Ok(Json(append::one(node, draft).await.map_err(|problem| command.problem(problem))?))
}

/// Records an edit of what its editor saw, unless something else is there by now.
pub(super) async fn edit(node: &Arc<Node>, command: Command, id: &str, request: Request) -> Recorded {
    let (parts, body) = request.into_parts();
    let key = body::idempotency_key(&parts.headers)?;
    let mut dto = read(node, command, Some(id), &parts.headers, body).await?;
    let seen = precondition::seen(&parts.headers)?;
    seen.name_base(&mut dto)?;
    let draft = append::checked(node, &dto, key, 0).map_err(|problem| command.problem(problem))?;
    let _one_at_a_time = node.edits().lock().await;
    seen.check(node, &draft).await?;
    Ok(Json(append::one(node, draft).await.map_err(|problem| command.problem(problem))?))
}

async fn read(
    node: &Node,
    command: Command,
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
