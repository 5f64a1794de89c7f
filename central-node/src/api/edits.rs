//! Edits of entities made of fields. `If-Match` names the version that the caller had read, and becomes the draft's
//! `base_version`. Ingest refuses an edit through central if the entity has another version by then, whatever the entity's rule.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::put;
use axum::{Json, Router};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_http_edge::{
    EditCondition, PathParams, ProblemResponse, RequestBody, edit_condition, idempotency_key, if_match,
    invalid_parameter,
};
use comptoir_proto::api_v1::{Decided, DecidedResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::auth::DraftWriter;
use super::caller::CallerHeaders;
use super::drafts::append_one;
use crate::central::Central;

/// `PUT`, `PATCH` and `DELETE` of any entity made of fields.
pub(super) fn router() -> Router<Arc<Central>> {
    let update = |state, path, headers, body| run_entity_command(ShopCommand::UpdateEntity, state, path, headers, body);
    let delete = |state, path, headers, body| run_entity_command(ShopCommand::DeleteEntity, state, path, headers, body);
    Router::new().route(paths::ENTITY, put(put_entity).patch(update).delete(delete))
}

/// Creates the entity if the request has `If-None-Match`; otherwise changes it.
async fn put_entity(
    state: State<Arc<Central>>,
    path: PathParams<(String, String)>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<DecidedResponse>, ProblemResponse> {
    let command = match headers.contains_key(header::IF_NONE_MATCH) {
        true => ShopCommand::CreateEntity,
        false => ShopCommand::UpdateEntity,
    };
    run_entity_command(command, state, path, headers, body).await
}

/// Runs a command about an entity of the type in the path.
async fn run_entity_command(
    command: ShopCommand,
    State(central): State<Arc<Central>>,
    PathParams((entity_type, id)): PathParams<(String, String)>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<DecidedResponse>, ProblemResponse> {
    let author = DraftWriter::of(&headers)?;
    author.may_run(command, Some(&entity_type))?;
    let key = idempotency_key(&headers)?;
    let base = match edit_condition(&headers)? {
        EditCondition::Absent if command == ShopCommand::CreateEntity => None,
        _ => Some(if_match_version(&headers)?),
    };
    let body = body.json_or_nothing(LIST_BODY_BYTES_MAX).await?;
    let dto = DraftDto { entity_type, ..command.draft(Some(&id), &body, &author, key)? };
    let decided = append_edit(&central, &author, dto, base).await;
    let decided = decided.map_err(|problem| command.problem(problem))?;
    Ok(Json(DecidedResponse { results: vec![decided] }))
}

/// The version in `If-Match`: an entity's ETag at central is its version in quotes.
pub(super) fn if_match_version(headers: &HeaderMap) -> Result<u64, Problem> {
    let tag = if_match(headers)?;
    if tag.is_version() {
        return Ok(tag.base_version().unwrap_or(0));
    }
    Err(invalid_parameter("If-Match", tag.as_str(), "central's ETags are a version in quotes"))
}

/// Appends one draft. `base` is the version from which an edit was made; ingest compares it with the current version under the
/// tenant's lock. `MALFORMED_BODY` if the draft names another base version.
pub(super) async fn append_edit(
    central: &Arc<Central>,
    author: &DraftWriter,
    mut dto: DraftDto,
    base: Option<u64>,
) -> Result<Decided, Problem> {
    if let Some(base) = base {
        if dto.base_version.is_some_and(|named| named != base) {
            let detail = format!("base_version is not the version {base} of If-Match");
            return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/base_version"));
        }
        dto.base_version = Some(base);
    }
    append_one(central, author, None, dto).await
}
