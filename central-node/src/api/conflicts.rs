//! `/api/v1/conflicts`. An administrator sees all conflicts, a node those of its own edits.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use comptoir_core::access::AccessOperation;
use comptoir_core::event::Fields;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_http_edge::{
    PathParams, ProblemResponse, RequestBody, idempotency_key, if_match_text, page_limit, read_query, with_etag,
};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::auth::{acting_user, credential};
use super::caller::CallerHeaders;
use super::events::position;
use crate::central::Central;
use crate::conflicts::Conflict;
use crate::conflicts::resolve::{self, ResolutionBasis, ResolutionRequest, ResolveError};
use crate::conflicts::shown::{self, ConflictDto};
use crate::conflicts::{Choice, Filter, list};
use crate::identity::{Credential, SiteView};

/// The default page size. It is small, because each conflict is shown in full.
const PAGE_CONFLICTS: usize = 50;

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::CONFLICTS, get(conflict_page))
        .route(paths::CONFLICT, get(one_conflict))
        .route(paths::CONFLICT_PREVIEW, post(preview))
        .route(paths::CONFLICT_RESOLVE, post(decide))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConflictsQuery {
    /// Only conflicts about this entity type.
    #[serde(rename = "type")]
    entity_type: Option<String>,
    /// Only conflicts about this entity.
    entity: Option<String>,
    /// Only conflicts of this node's edits.
    node: Option<Uuid>,
    /// `open` by default.
    state: Option<ConflictFilter>,
    /// `next` of the previous page.
    #[serde(default)]
    #[schemars(with = "words::PositionNumber")]
    after: u64,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum ConflictFilter {
    Open,
    All,
}

/// One page, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConflictPage")]
pub(crate) struct PageDto {
    conflicts: Vec<ConflictDto>,
    /// The value of `after` for the next page.
    next: String,
    more: bool,
}

async fn conflict_page(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let credential = credential(&headers);
    let query: ConflictsQuery = read_query(&uri)?;
    let limit = page_limit(query.limit, PAGE_CONFLICTS)?;
    let after = position("after", query.after)?;
    let bad = |detail: String| Problem::new(ErrorCode::InvalidParameter, detail);
    let name = |text: Option<String>| text.map(Name::new).transpose().map_err(|error| bad(error.to_string()));
    // A node is shown the conflicts of its own edits, whatever their site.
    let sites = match credential.node() {
        Some(_) => SiteView::All,
        None => credential.sites_for(AccessOperation::DecideConflict),
    };
    let filter = Filter {
        entity_type: name(query.entity_type)?,
        entity_id: name(query.entity)?,
        node: credential.node().or(query.node.map(NodeId::new)),
        all: query.state == Some(ConflictFilter::All),
        sites,
    };
    let listed = list(central.database(), credential.tenant, &filter, after, limit).await?;
    let conflicts = listed.conflicts.iter().map(shown::conflict).collect::<Result<_, _>>()?;
    Ok(axum::Json(PageDto { conflicts, next: listed.next.to_string(), more: listed.more }).into_response())
}

async fn one_conflict(
    State(central): State<Arc<Central>>,
    PathParams(event): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let credential = credential(&headers);
    let event = event_id(&event)?;
    let conflict = visible_conflict(&central, &credential, event).await?;
    let shown = shown::conflict(&conflict)?;
    let etag = shown.etag.clone();
    Ok(with_etag(Json(shown), &etag))
}

/// A person's choice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ConflictChoiceRequest")]
pub(crate) struct ChoiceDto {
    /// The id of the resolution. A retry with the same id is the same decision.
    id: Option<Uuid>,
    /// The user who decides.
    #[schemars(with = "Option<words::Name>")]
    user: Option<String>,
    /// The side that wins.
    choice: Choice,
    /// With `merged`: the fields to set; null removes a field.
    fields: Option<BTreeMap<String, Box<RawValue>>>,
}

async fn preview(
    State(central): State<Arc<Central>>,
    PathParams(event): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let (tenant, event, request) = read_choice(&central, &event, &headers, body).await?;
    let (conflict, plan) = resolve::preview(central.database(), tenant, event, &request).await?;
    Ok(with_etag(Json(shown::preview(&conflict, &plan)?), &conflict.etag()))
}

async fn decide(
    State(central): State<Arc<Central>>,
    PathParams(event): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let (tenant, event, request) = read_choice(&central, &event, &headers, body).await?;
    let resolved = resolve::resolve(central.database(), central.ingest_queue(), tenant, event, &request).await?;
    let etag = format!("\"{}\"", resolved.entity.version);
    Ok(with_etag(Json(shown::resolved(resolved)?), &etag))
}

/// Parses a choice and the node that it may be about.
async fn read_choice(
    central: &Central,
    event: &str,
    headers: &CallerHeaders,
    body: RequestBody,
) -> Result<(TenantId, EventId, ResolutionRequest), ProblemResponse> {
    let credential = credential(headers);
    let event = event_id(event)?;
    if credential.user().is_some() {
        visible_conflict(central, &credential, event).await?;
    }
    let (key, basis) = (idempotency_key(headers)?, ResolutionBasis::Page(if_match_text(headers)?.to_owned()));
    let body = body.json(LIST_BODY_BYTES_MAX).await?;
    let bad = |detail: String| Problem::new(ErrorCode::MalformedBody, detail);
    let dto: ChoiceDto = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    let user = dto.user.map(Name::new).transpose().map_err(|error| bad(error.to_string()).at("/user"))?;
    let user = acting_user(&credential, user)?;
    let id = match (dto.id, key) {
        (Some(id), _) if id.is_nil() || id.is_max() => {
            return Err(bad(format!("{id} names no event")).at("/id").into());
        }
        (Some(id), _) => EventId::new(id),
        (None, Some(key)) => event.derived(&format!("resolve/{key}")),
        (None, None) => EventId::new(Uuid::now_v7()),
    };
    let fields = dto.fields.map(|fields| {
        let field =
            |(name, value): (String, Box<RawValue>)| (name, (value.get() != "null").then(|| value.get().to_owned()));
        fields.into_iter().map(field).collect::<Fields>()
    });
    let of_node = credential.node();
    let request = ResolutionRequest { id: Some(id), choice: dto.choice, fields, user, seen: basis, of_node };
    Ok((credential.tenant, event, request))
}

/// A person decides the conflicts of the person's sites.
fn may_decide(credential: &Credential, conflict: &Conflict) -> bool {
    let site = conflict.edits.first().and_then(|edit| edit.known.event.content.site);
    // A node was given the conflicts of its own edits alone.
    credential.node().is_some() || credential.sites_for(AccessOperation::DecideConflict).shows(site)
}

async fn visible_conflict(
    central: &Central,
    credential: &Credential,
    event: EventId,
) -> Result<Conflict, ProblemResponse> {
    let conflict = resolve::find(central.database(), credential.tenant, event, credential.node()).await?;
    if may_decide(credential, &conflict) { Ok(conflict) } else { Err(ResolveError::NotFound(event).into()) }
}

fn event_id(text: &str) -> Result<EventId, Problem> {
    text.parse().map_err(|_| Problem::new(ErrorCode::NotFound, format!("there is no event {text:?}")))
}
