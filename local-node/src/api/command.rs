//! What every typed command does: a body becomes a draft, and the draft takes the way of any other.

use axum::Json;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use comptoir_proto::api_v1::{AppendResponse, check_draft};
use comptoir_proto::commands_v1::Command;
use comptoir_proto::problem::Problem;

use super::refusal::Refusal;
use super::{append, body};
use crate::node::Node;

/// The answer to a command.
pub(super) type Recorded = Result<Json<AppendResponse>, Refusal>;

/// Records what a command asks for; `path_id` is the entity where the path names it.
pub(super) async fn record(node: &Node, command: Command, path_id: Option<&str>, request: Request) -> Recorded {
    let (parts, body) = request.into_parts();
    let key = body::idempotency_key(&parts.headers)?;
    let body = body::read(&parts.headers, body, body::JSON_BYTES_MAX).await?;
    check_media(&parts.headers, &body)?;
    let author = node.author();
    let dto = command.draft(path_id, &body, author, key)?;
    let (draft, _) = check_draft(&dto, author, key, 0).map_err(|problem| command.problem(problem))?;
    Ok(Json(append::one(node, draft).await.map_err(|problem| command.problem(problem))?))
}

/// Some commands, such as a deletion, have nothing to say beyond their path: an empty body has no type.
fn check_media(headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() && !headers.contains_key(CONTENT_TYPE) { Ok(()) } else { body::only_json(headers) }
}
