//! Typed commands: a body becomes a draft, and the log appends the draft.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::problem::Problem;

use super::draft::{CheckedDraft, append_response};
use super::refusal::{ProblemResponse, not_appended};
use super::{body, precondition};
use crate::node::Node;

pub(super) type CommandResponse = Result<Json<AppendResponse>, ProblemResponse>;

/// Records a command; `path_id` is the entity, if the path names it.
pub(super) async fn record_command(
    node: &Arc<Node>,
    command: ShopCommand,
    path_id: Option<&str>,
    request: Request,
) -> CommandResponse {
    let (parts, body) = request.into_parts();
    let dto = read(node, command, path_id, &parts.headers, body).await?;
    record_draft(node, command, &dto).await
}

/// Records an edit if its entity still has the ETag in `If-Match`.
pub(super) async fn record_edit(node: &Arc<Node>, command: ShopCommand, id: &str, request: Request) -> CommandResponse {
    let (parts, body) = request.into_parts();
    let dto = read(node, command, Some(id), &parts.headers, body).await?;
    let seen = precondition::seen(&parts.headers)?;
    record_draft(node, command, &DraftDto { if_match: Some(seen.as_str().to_owned()), ..dto }).await
}

/// A command's draft always has an id, so no key is needed to derive one.
async fn record_draft(node: &Arc<Node>, command: ShopCommand, dto: &DraftDto) -> CommandResponse {
    let recorded = match CheckedDraft::new(node, dto, None, 0) {
        Ok(checked) if checked.edit.is_some() => precondition::record_edit(node, checked).await,
        Ok(checked) => node.log().append(vec![checked.draft]).await.map(append_response).map_err(not_appended),
        Err(problem) => Err(problem),
    };
    Ok(Json(recorded.map_err(|problem| command.problem(problem))?))
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

/// Some commands, such as a deletion, need no body: an empty body has no type.
fn check_media(headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() && !headers.contains_key(CONTENT_TYPE) { Ok(()) } else { body::only_json(headers) }
}
