//! Documents that are still being typed: saved every few seconds, there again after a kill, and an event once they are submitted.
//!
//! The event's id is derived from the draft's: submitting again, after an answer that was lost or a kill at any step, is the same event.
//! A draft whose event is in the log is submitted, whether or not it was already removed. Who saves, submits or throws away a draft names
//! the tag of what they saw.

mod store;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri};
use comptoir_core::id::Name;
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_http_edge::{
    PAGE_ROWS, PathParams, ProblemResponse, RequestBody, edit_condition, if_match, malformed_body, page_limit,
    read_query,
};
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::RowList;
use comptoir_proto::shop_v1::SavedForm;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use uuid::Uuid;

use self::store::{check_condition, draft_id, missing, still_so, submitted};
use super::draft::CheckedDraft;
use super::record::record_one;
use crate::blocking::blocking;
use crate::event_log::{KeySpace, Log, ReadError};
use crate::node::Node;

/// A payload, and what stands around it.
const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 16 * 1024;

/// What every body names, whatever else it holds.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TypedDraftRequest")]
pub(super) struct FormHeader {
    /// What it is to become a change of.
    #[schemars(with = "words::Name")]
    entity_type: String,
    /// What is to have happened.
    #[schemars(with = "words::Name")]
    action: String,
}

/// `PUT /api/v1/drafts/{id}`: saves it, whole, in the place of what its editor saw.
pub(super) async fn save(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> SavedResponse {
    let (id, condition) = (draft_id(&id)?, edit_condition(&headers)?);
    let body = body.json(BODY_BYTES_MAX).await?;
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::new(ErrorCode::MalformedBody, "a draft is an object, with names for its members").into());
    }
    let named: FormHeader = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    for (field, text) in [("entity_type", &named.entity_type), ("action", &named.action)] {
        Name::new(text).map_err(|e| Problem::new(ErrorCode::MalformedBody, e.to_string()).at(format!("/{field}")))?;
    }
    let body: Box<RawValue> = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    store::alone(node, move |node| async move {
        match store::look(&node, id).await? {
            (Some(event), _) => Err(submitted(ErrorCode::EventIdReused, id, &event).into()),
            // The answer was lost, and the editor asks again, with what it saw before.
            (None, Some(before)) if before.body.get() == body.get() => saved(StatusCode::OK, before),
            (None, before) => {
                check_condition(&condition, id, before.as_ref())?;
                let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
                let draft = next(&node, id, named, body, before);
                store::store_form(&node, &draft).await?;
                saved(status, draft)
            }
        }
    })
    .await
}

type SavedResponse = Result<(StatusCode, [(HeaderName, String); 1], Json<SavedForm>), ProblemResponse>;

fn saved(status: StatusCode, draft: SavedForm) -> SavedResponse {
    Ok((status, [(ETAG, draft.etag.clone())], Json(draft)))
}

/// The draft as it is after one more saving.
fn next(node: &Node, id: Uuid, named: FormHeader, body: Box<RawValue>, before: Option<SavedForm>) -> SavedForm {
    let now = instant::format(node.log().now());
    let version = before.as_ref().map_or(0, |before| before.version).saturating_add(1);
    SavedForm {
        id,
        version,
        etag: store::tag(version, &body),
        entity_type: named.entity_type,
        action: named.action,
        created_at: before.map_or_else(|| now.clone(), |before| before.created_at),
        saved_at: now,
        body,
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormsQuery {
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

/// `GET /api/v1/drafts`.
pub(super) async fn list(State(node): State<Arc<Node>>, uri: Uri) -> Result<Json<RowList<SavedForm>>, ProblemResponse> {
    let FormsQuery { limit, cursor } = read_query(&uri)?;
    let (limit, log) = (page_limit(limit, PAGE_ROWS)?, node.log().clone());
    Ok(Json(blocking(move || read_page(&log, cursor, limit)).await?))
}

fn read_page(log: &Log, after: Option<Uuid>, limit: usize) -> Result<RowList<SavedForm>, ReadError> {
    let from = after.map_or_else(Vec::new, |id| [id.as_bytes().as_slice(), &[u8::MAX]].concat());
    let (mut rows, mut more, mut failed) = (Vec::<SavedForm>::new(), false, None);
    log.scan(KeySpace::Draft, &from, &[u8::MAX; 17], &mut |_, bytes| {
        let Some(draft) = store::decode(&bytes) else { return ControlFlow::Continue(()) };
        match store::event_of(log, draft.id) {
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

/// `GET /api/v1/drafts/{id}`. Its ETag is what `If-Match` names.
pub(super) async fn one(State(node): State<Arc<Node>>, PathParams(id): PathParams<String>) -> SavedResponse {
    let id = draft_id(&id)?;
    match store::look(&node, id).await? {
        (None, Some(draft)) => saved(StatusCode::OK, draft),
        (Some(event), _) => Err(submitted(ErrorCode::NotFound, id, &event).into()),
        (None, None) => Err(missing(id).into()),
    }
}

/// `DELETE /api/v1/drafts/{id}`. One that is not there is deleted already; one that was submitted is an event, which nobody throws away.
pub(super) async fn delete(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ProblemResponse> {
    let (id, seen) = (draft_id(&id)?, if_match(&headers)?);
    store::alone(node, move |node| async move {
        match store::look(&node, id).await? {
            (Some(event), _) => return Err(submitted(ErrorCode::EventIdReused, id, &event).into()),
            (None, Some(draft)) => {
                still_so(&draft, &seen)?;
                store::remove(&node, id).await?;
            }
            (None, None) => {}
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST /api/v1/drafts/{id}/submit`: the draft that was seen becomes an event. Again, it is the same event.
pub(super) async fn submit(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
) -> Result<Json<AppendResponse>, ProblemResponse> {
    let (id, seen) = (draft_id(&id)?, if_match(&headers)?);
    store::alone(node, move |node| async move {
        let (submitted, found) = store::look(&node, id).await?;
        if let Some(event) = submitted {
            if found.is_some() {
                store::remove(&node, id).await?;
            }
            return Ok(Json(AppendResponse { results: vec![event] }));
        }
        let draft = found.ok_or_else(|| missing(id))?;
        still_so(&draft, &seen)?;
        let dto = as_posted(&draft)?;
        let checked = CheckedDraft::new(&node, &dto, None, 0)?;
        let answer = record_one(&node, checked).await?;
        // Where this is cut, the event is found by its id the next time.
        store::remove(&node, id).await?;
        Ok(Json(answer))
    })
    .await
}

/// The draft as a caller would have posted it: with the id that follows from its own, and as its own entity where it names none.
fn as_posted(draft: &SavedForm) -> Result<DraftDto, Problem> {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(draft.body.get()).map_err(|error| malformed_body(&error))?;
    let text = |text: String| to_raw_value(&text).map_err(|error| malformed_body(&error));
    members.insert("id".to_owned(), text(store::event_id(draft.id).to_string())?);
    if !members.contains_key("entity_id") {
        members.insert("entity_id".to_owned(), text(draft.id.to_string())?);
    }
    let posted = serde_json::to_vec(&members).map_err(|error| malformed_body(&error))?;
    serde_json::from_slice(&posted).map_err(|error| malformed_body(&error))
}
