//! Typed commands: a body becomes a draft, and the log appends the draft.

use axum::Json;
use axum::http::HeaderMap;
use comptoir_http_edge::{ProblemResponse, RequestBody, idempotency_key, if_match};
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;

use super::JSON_BYTES_MAX;
use super::authorize::Permitted;
use super::draft::CheckedDraft;
use super::record::record_one;

pub(super) type CommandResponse = Result<Json<AppendResponse>, ProblemResponse>;

/// Records a command; `path_id` is the entity, if the path names it.
pub(super) async fn record_command(
    permitted: &Permitted,
    command: ShopCommand,
    path_id: Option<&str>,
    headers: &HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    let key = idempotency_key(headers)?;
    let body = body.json_or_nothing(JSON_BYTES_MAX).await?;
    record_draft(permitted, command, &command.draft(path_id, &body, permitted.node().author(), key)?).await
}

/// Records an edit if its entity still has the ETag in `If-Match`.
pub(super) async fn record_edit(
    permitted: &Permitted,
    command: ShopCommand,
    id: &str,
    headers: &HeaderMap,
    body: RequestBody,
) -> CommandResponse {
    let (key, seen) = (idempotency_key(headers)?, if_match(headers)?);
    let body = body.json_or_nothing(JSON_BYTES_MAX).await?;
    let dto = command.draft(Some(id), &body, permitted.node().author(), key)?;
    record_draft(permitted, command, &DraftDto { if_match: Some(seen.as_str().to_owned()), ..dto }).await
}

/// A command's draft has an id, or is refused for the lack of one, so no key is needed to derive one.
async fn record_draft(permitted: &Permitted, command: ShopCommand, dto: &DraftDto) -> CommandResponse {
    let node = permitted.node();
    let recorded = match CheckedDraft::new(permitted, dto, None, 0) {
        Ok(checked) => record_one(node, checked).await,
        Err(problem) => Err(problem),
    };
    Ok(Json(recorded.map_err(|problem| command.problem(problem))?))
}
