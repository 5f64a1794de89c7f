//! Documents that are still being typed: saved every few seconds, there again after a kill, and an event once they are submitted.
//!
//! The event's id is derived from the draft's: submitting again, after an answer that was lost or a kill at any step, is the same event.
//! A draft whose event is in the log is submitted, whether or not it was already removed.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use comptoir_core::id::{EventId, Name};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::RowList;
use comptoir_proto::shop_v1::TypedDraft;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::append;
use super::body::{self, bad_json};
use super::events::{limit, off_the_runtime};
use super::query::{self, PathId};
use super::refusal::{Refusal, not_appended};
use crate::event_log::{Change, Log, ReadError, Shelf};
use crate::node::Node;

/// A payload, and what stands around it.
const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 16 * 1024;

/// What every body names, whatever else it holds.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TypedDraftRequest")]
pub(super) struct Named {
    /// What it is to become a change of.
    #[schemars(with = "words::Name")]
    entity_type: String,
    /// What is to have happened.
    #[schemars(with = "words::Name")]
    action: String,
}

/// `PUT /api/v1/drafts/{id}`: saves it, whole.
pub(super) async fn save(
    State(node): State<Arc<Node>>,
    PathId(id): PathId,
    request: Request,
) -> Result<(StatusCode, Json<TypedDraft>), Refusal> {
    let id = draft_id(&id)?;
    let (parts, body) = request.into_parts();
    body::only_json(&parts.headers)?;
    let body = body::read(&parts.headers, body, BODY_BYTES_MAX).await?;
    let named: Named = serde_json::from_slice(&body).map_err(|error| bad_json(&error))?;
    for (field, text) in [("entity_type", &named.entity_type), ("action", &named.action)] {
        Name::new(text).map_err(|e| Problem::new(ErrorCode::BadJson, e.to_string()).at(format!("/{field}")))?;
    }
    let body: Box<RawValue> = serde_json::from_slice(&body).map_err(|error| bad_json(&error))?;
    let _one_at_a_time = node.typed().lock().await;
    let log = node.log().clone();
    let (submitted, before) =
        off_the_runtime(move || Ok::<_, ReadError>((event_of(&log, id)?, read(&log, id)?))).await??;
    if let Some(event) = submitted {
        let detail = format!("draft {id} was submitted: it is event {}", event.event_id);
        return Err(Problem::new(ErrorCode::EventIdReused, detail).with("event_id", event.event_id.to_string()).into());
    }
    let now = instant::format(node.log().now());
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let draft = TypedDraft {
        id,
        entity_type: named.entity_type,
        action: named.action,
        created_at: before.map_or_else(|| now.clone(), |before| before.created_at),
        saved_at: now,
        body,
    };
    let bytes = serde_json::to_vec(&draft).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let change = Change::set(Shelf::Draft, id.as_bytes().to_vec(), bytes);
    node.log().keep(vec![vec![change]]).await.map_err(not_appended)?;
    Ok((status, Json(draft)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

/// `GET /api/v1/drafts`.
pub(super) async fn list(State(node): State<Arc<Node>>, uri: Uri) -> Result<Json<RowList<TypedDraft>>, Refusal> {
    let ListQuery { limit: limit_text, cursor } = query::read(&uri)?;
    let (limit, log) = (limit(limit_text.as_deref())?, node.log().clone());
    Ok(Json(off_the_runtime(move || read_page(&log, cursor, limit)).await??))
}

fn read_page(log: &Log, after: Option<Uuid>, limit: usize) -> Result<RowList<TypedDraft>, ReadError> {
    let from = after.map_or_else(Vec::new, |id| [id.as_bytes().as_slice(), &[u8::MAX]].concat());
    let (mut rows, mut more, mut failed) = (Vec::<TypedDraft>::new(), false, None);
    log.each_kept(Shelf::Draft, &from, &[u8::MAX; 17], &mut |_, bytes| {
        let Ok(draft) = serde_json::from_slice::<TypedDraft>(&bytes) else { return ControlFlow::Continue(()) };
        match event_of(log, draft.id) {
            Ok(None) if rows.len() == limit => more = true,
            Ok(None) => rows.push(draft),
            Ok(Some(_)) => {}
            Err(error) => failed = Some(error),
        }
        if more || failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match failed {
        Some(error) => Err(error),
        None => {
            let next_cursor = rows.last().filter(|_| more).map(|last| last.id.to_string());
            Ok(RowList { rows, next_cursor })
        }
    }
}

/// `GET /api/v1/drafts/{id}`.
pub(super) async fn one(State(node): State<Arc<Node>>, PathId(id): PathId) -> Result<Json<TypedDraft>, Refusal> {
    let (id, log) = (draft_id(&id)?, node.log().clone());
    let (submitted, found) =
        off_the_runtime(move || Ok::<_, ReadError>((event_of(&log, id)?, read(&log, id)?))).await??;
    match (submitted, found) {
        (None, Some(draft)) => Ok(Json(draft)),
        (Some(event), _) => {
            let detail = format!("draft {id} was submitted: it is event {}", event.event_id);
            Err(Problem::new(ErrorCode::NotFound, detail).with("event_id", event.event_id.to_string()).into())
        }
        (None, None) => Err(missing(id).into()),
    }
}

/// `DELETE /api/v1/drafts/{id}`. One that is not there is deleted already.
pub(super) async fn delete(State(node): State<Arc<Node>>, PathId(id): PathId) -> Result<StatusCode, Refusal> {
    let id = draft_id(&id)?;
    let _one_at_a_time = node.typed().lock().await;
    remove(&node, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/drafts/{id}/submit`: the draft becomes an event. Again, it is the same event.
pub(super) async fn submit(State(node): State<Arc<Node>>, PathId(id): PathId) -> Result<Json<AppendResponse>, Refusal> {
    let id = draft_id(&id)?;
    let _one_at_a_time = node.typed().lock().await;
    let log = node.log().clone();
    let (submitted, found) =
        off_the_runtime(move || Ok::<_, ReadError>((event_of(&log, id)?, read(&log, id)?))).await??;
    if let Some(event) = submitted {
        if found.is_some() {
            remove(&node, id).await?;
        }
        return Ok(Json(AppendResponse { results: vec![event] }));
    }
    let draft = found.ok_or_else(|| missing(id))?;
    let dto = as_posted(&draft)?;
    let checked = append::checked(&node, &dto, None, 0)?;
    let answer = append::one(&node, checked).await?;
    // Where this is cut, the event is found by its id the next time.
    remove(&node, id).await?;
    Ok(Json(answer))
}

/// The draft as a caller would have posted it: with the id that follows from its own, and as its own entity where it names none.
fn as_posted(draft: &TypedDraft) -> Result<DraftDto, Problem> {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(draft.body.get()).map_err(|error| bad_json(&error))?;
    let text = |text: String| to_raw_value(&text).map_err(|error| bad_json(&error));
    members.insert("id".to_owned(), text(event_id(draft.id).to_string())?);
    if !members.contains_key("entity_id") {
        members.insert("entity_id".to_owned(), text(draft.id.to_string())?);
    }
    let posted = serde_json::to_vec(&members).map_err(|error| bad_json(&error))?;
    serde_json::from_slice(&posted).map_err(|error| bad_json(&error))
}

fn event_id(draft: Uuid) -> EventId {
    EventId::new(draft).derived("submitted")
}

/// The event that a draft became.
fn event_of(log: &Log, draft: Uuid) -> Result<Option<comptoir_proto::api_v1::Appended>, ReadError> {
    let found = log.find(event_id(draft))?;
    Ok(found.map(|found| comptoir_proto::api_v1::Appended {
        event_id: event_id(draft).uuid(),
        seq: found.sealed.seq.0,
        chain: found.sealed.chain.to_string(),
        duplicate: true,
    }))
}

fn read(log: &Log, id: Uuid) -> Result<Option<TypedDraft>, ReadError> {
    let bytes = log.kept(Shelf::Draft, id.as_bytes())?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

async fn remove(node: &Node, id: Uuid) -> Result<(), Problem> {
    node.log().keep(vec![vec![Change::remove(Shelf::Draft, id.as_bytes().to_vec())]]).await.map_err(not_appended)
}

fn draft_id(text: &str) -> Result<Uuid, Problem> {
    let id = text.parse::<Uuid>().ok().filter(|id| !id.is_nil() && !id.is_max());
    id.ok_or_else(|| query::bad("id", text, "a draft is named by a UUID"))
}

fn missing(id: Uuid) -> Problem {
    Problem::new(ErrorCode::NotFound, format!("there is no draft {id}"))
}
