//! Edits of what somebody has read: `If-Match` says from which version they were made. It becomes the draft's `base_version`, to which the
//! ingest holds every edit through central, whatever rule the entity is under.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::put;
use axum::{Json, Router};
use comptoir_core::id::TenantId;
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_core::position::Position;
use comptoir_proto::api_v1::{Author, Decided, DecidedResponse, DraftDto};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

use super::auth::author;
use super::auth::credential;
use super::drafts::append_one;
use super::error::ProblemResponse;
use super::request::{Path, body_bytes, expect_json, idempotency_key};
use crate::central::Central;

/// What the editor had seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EditCondition {
    /// `If-Match: "17"`: the entity at that version.
    Version(Position),
    /// `If-None-Match: *`: no entity of that name.
    Nothing,
}

/// `PUT`, `PATCH` and `DELETE` of any entity made of fields.
pub(super) fn router() -> Router<Arc<Central>> {
    let update = |state, path, headers, body| entity(ShopCommand::UpdateClient, state, path, headers, body);
    let delete = |state, path, headers, body| entity(ShopCommand::DeleteClient, state, path, headers, body);
    Router::new().route(paths::ENTITY, put(put_entity).patch(update).delete(delete))
}

/// Makes it, where the caller says that there is none; else changes it.
async fn put_entity(
    state: State<Arc<Central>>,
    path: Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DecidedResponse>, ProblemResponse> {
    let command = match headers.contains_key(header::IF_NONE_MATCH) {
        true => ShopCommand::CreateClient,
        false => ShopCommand::UpdateClient,
    };
    entity(command, state, path, headers, body).await
}

/// A client's command, under another entity type: their bodies are the same.
async fn entity(
    command: ShopCommand,
    State(central): State<Arc<Central>>,
    Path((entity_type, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<DecidedResponse>, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let author = author(&credential);
    if command != ShopCommand::DeleteClient {
        expect_json(&headers)?;
    }
    let key = idempotency_key(&headers)?;
    let seen = if command == ShopCommand::CreateClient { nothing(&headers)? } else { version(&headers)? };
    let (body, _reserved) = body_bytes(&central, &headers, body, LIST_BODY_BYTES_MAX).await?;
    let dto = DraftDto { entity_type, ..command.draft(Some(&id), &body, &author, key)? };
    let decided = append_seen(&central, credential.tenant, &author, dto, seen).await;
    let decided = decided.map_err(|problem| command.problem(problem))?;
    Ok(Json(DecidedResponse { results: vec![decided] }))
}

/// Reads `If-Match`: an entity's ETag is its version in quotes.
pub(super) fn version(headers: &HeaderMap) -> Result<EditCondition, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        let detail = "read it first, and send its ETag as If-Match";
        return Err(Problem::new(ErrorCode::PreconditionRequired, detail));
    };
    let quoted = value.to_str().ok().map(str::trim).and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    let wrong = || {
        let detail = format!("If-Match is the ETag of what was read, a version in quotes, got {value:?}");
        Problem::new(ErrorCode::InvalidParameter, detail)
    };
    quoted.and_then(|text| text.parse().ok()).map(|version| EditCondition::Version(Position(version))).ok_or_else(wrong)
}

fn nothing(headers: &HeaderMap) -> Result<EditCondition, Problem> {
    match headers.get(header::IF_NONE_MATCH).map(|value| value.as_bytes()) {
        Some(b"*") => Ok(EditCondition::Nothing),
        _ => Err(Problem::new(ErrorCode::InvalidParameter, "If-None-Match is *: there is nothing of that name yet")),
    }
}

/// Appends one draft, if what its writer saw is still what there is: the ingest looks, under the tenant's lock.
pub(super) async fn append_seen(
    central: &Arc<Central>,
    tenant: TenantId,
    author: &Author,
    mut dto: DraftDto,
    seen: EditCondition,
) -> Result<Decided, Problem> {
    if let EditCondition::Version(version) = seen {
        if dto.base_version.is_some_and(|base| base != version.0) {
            let detail = format!("base_version is not the version {version} of If-Match");
            return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/base_version"));
        }
        dto.base_version = Some(version.0);
    }
    append_one(central, tenant, author, None, dto).await
}
