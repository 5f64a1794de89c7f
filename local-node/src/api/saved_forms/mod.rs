//! Saved forms: saved every few seconds while a user types, restored after a kill, and recorded as an event on submission.
//!
//! The event's id is derived from the form's: a repeated submission, after a lost answer or a kill at any step, is the same
//! event. A form whose event is in the log is submitted, even if it was not removed yet. Requests to save, submit or delete a
//! form name the ETag that the user's screen has.

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

use self::store::{check_condition, form_id, missing, still_so, submitted};
use super::authorize::Permitted;
use super::draft::CheckedDraft;
use super::record::record_one;
use crate::blocking::blocking;
use crate::event_log::{KeySpace, Log, ReadError};
use crate::node::Node;

/// A payload and the members around it.
const BODY_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 16 * 1024;

/// The members that every body needs.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SavedFormRequest")]
pub(super) struct FormHeader {
    /// The entity type of the intended event.
    #[schemars(with = "words::Name")]
    entity_type: String,
    /// The action of the intended event.
    #[schemars(with = "words::Name")]
    action: String,
}

/// `PUT /api/v1/saved-forms/{id}`: saves the whole form, replacing the version that the editor read.
pub(super) async fn save(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
    body: RequestBody,
) -> SavedResponse {
    let (id, condition) = (form_id(&id)?, edit_condition(&headers)?);
    let body = body.json(BODY_BYTES_MAX).await?;
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(
            Problem::new(ErrorCode::MalformedBody, "a saved form is an object, with names for its members").into()
        );
    }
    let named: FormHeader = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    for (field, text) in [("entity_type", &named.entity_type), ("action", &named.action)] {
        Name::new(text).map_err(|e| Problem::new(ErrorCode::MalformedBody, e.to_string()).at(format!("/{field}")))?;
    }
    let body: Box<RawValue> = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    store::alone(node, move |node| async move {
        match store::look(&node, id).await? {
            (Some(event), _) => Err(submitted(ErrorCode::EventIdReused, id, &event).into()),
            // A retry after a lost answer, with the ETag from before.
            (None, Some(before)) if before.body.get() == body.get() => saved(StatusCode::OK, before),
            (None, before) => {
                check_condition(&condition, id, before.as_ref())?;
                let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
                let form = next(&node, id, named, body, before);
                store::store_form(&node, &form).await?;
                saved(status, form)
            }
        }
    })
    .await
}

type SavedResponse = Result<(StatusCode, [(HeaderName, String); 1], Json<SavedForm>), ProblemResponse>;

fn saved(status: StatusCode, form: SavedForm) -> SavedResponse {
    Ok((status, [(ETAG, form.etag.clone())], Json(form)))
}

/// The form after one more save.
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
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
}

/// `GET /api/v1/saved-forms`.
pub(super) async fn list(State(node): State<Arc<Node>>, uri: Uri) -> Result<Json<RowList<SavedForm>>, ProblemResponse> {
    let FormsQuery { limit, cursor } = read_query(&uri)?;
    let (limit, log) = (page_limit(limit, PAGE_ROWS)?, node.log().clone());
    Ok(Json(blocking(move || read_page(&log, cursor, limit)).await?))
}

fn read_page(log: &Log, after: Option<Uuid>, limit: usize) -> Result<RowList<SavedForm>, ReadError> {
    let from = after.map_or_else(Vec::new, |id| [id.as_bytes().as_slice(), &[u8::MAX]].concat());
    let (mut rows, mut more, mut failed) = (Vec::<SavedForm>::new(), false, None);
    log.scan(KeySpace::SavedForm, &from, &[u8::MAX; 17], &mut |_, bytes| {
        let Some(form) = store::decode(&bytes) else { return ControlFlow::Continue(()) };
        match store::event_of(log, form.id) {
            Ok(None) if rows.len() == limit => more = true,
            Ok(None) => rows.push(form),
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

/// `GET /api/v1/saved-forms/{id}`. Its ETag is what `If-Match` names.
pub(super) async fn one(State(node): State<Arc<Node>>, PathParams(id): PathParams<String>) -> SavedResponse {
    let id = form_id(&id)?;
    match store::look(&node, id).await? {
        (None, Some(form)) => saved(StatusCode::OK, form),
        (Some(event), _) => Err(submitted(ErrorCode::NotFound, id, &event).into()),
        (None, None) => Err(missing(id).into()),
    }
}

/// `DELETE /api/v1/saved-forms/{id}`. A missing form is deleted already. A submitted form is an event and cannot be deleted.
pub(super) async fn delete(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ProblemResponse> {
    let (id, seen) = (form_id(&id)?, if_match(&headers)?);
    store::alone(node, move |node| async move {
        match store::look(&node, id).await? {
            (Some(event), _) => return Err(submitted(ErrorCode::EventIdReused, id, &event).into()),
            (None, Some(form)) => {
                still_so(&form, &seen)?;
                store::remove(&node, id).await?;
            }
            (None, None) => {}
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST /api/v1/saved-forms/{id}/submit`: the form becomes an event. A repetition returns the same event.
pub(super) async fn submit(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    headers: HeaderMap,
) -> Result<Json<AppendResponse>, ProblemResponse> {
    let (id, seen) = (form_id(&id)?, if_match(&headers)?);
    store::alone(permitted.node().clone(), move |node| async move {
        let (submitted, found) = store::look(&node, id).await?;
        if let Some(event) = submitted {
            if found.is_some() {
                store::remove(&node, id).await?;
            }
            return Ok(Json(AppendResponse { results: vec![event] }));
        }
        let form = found.ok_or_else(|| missing(id))?;
        still_so(&form, &seen)?;
        let dto = as_posted(&form)?;
        let checked = CheckedDraft::new(&permitted, &dto, None, 0)?;
        let answer = record_one(&node, checked).await?;
        // If this is interrupted, the next submission finds the event by its id.
        store::remove(&node, id).await?;
        Ok(Json(answer))
    })
    .await
}

/// The form as a draft: with the derived event id, and with the form's id as entity id if it names none.
fn as_posted(form: &SavedForm) -> Result<DraftDto, Problem> {
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(form.body.get()).map_err(|error| malformed_body(&error))?;
    let text = |text: String| to_raw_value(&text).map_err(|error| malformed_body(&error));
    members.insert("id".to_owned(), text(store::event_id(form.id).to_string())?);
    if !members.contains_key("entity_id") {
        members.insert("entity_id".to_owned(), text(form.id.to_string())?);
    }
    let posted = serde_json::to_vec(&members).map_err(|error| malformed_body(&error))?;
    serde_json::from_slice(&posted).map_err(|error| malformed_body(&error))
}
