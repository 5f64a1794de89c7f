//! Saved forms in the log's store, and the ETag that protects them: two tabs with one form never overwrite each other unseen.
//!
//! An ETag is the version, which counts saves, and the first bytes of the body's hash: a form that was deleted and created again
//! has another tag unless its content is the same.

use std::sync::Arc;

use comptoir_core::id::EventId;
use comptoir_http_edge::{EditCondition, ProblemResponse, invalid_parameter};
use comptoir_proto::api_v1::Appended;
use comptoir_proto::edits_v1::Tag;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::shop_v1::SavedForm;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::refusal::not_appended;
use crate::blocking::blocking;
use crate::event_log::{KeyChange, KeySpace, Log, ReadError};
use crate::node::Node;

/// Whether the save may replace the present form. Without a condition it may create a form, not change one.
pub(super) fn check_condition(condition: &EditCondition, id: Uuid, before: Option<&SavedForm>) -> Result<(), Problem> {
    match (condition, before) {
        (EditCondition::Absent | EditCondition::None, None) => Ok(()),
        (EditCondition::Current(tag), Some(before)) => still_so(before, tag),
        (EditCondition::Current(_), None) => {
            let detail = format!("there is no saved form {id}; without If-Match it is created");
            Err(Problem::new(ErrorCode::NotFound, detail))
        }
        (EditCondition::Absent, Some(before)) => {
            Err(moved(before, format!("there is a saved form {id}, at {}: read it first", before.etag)))
        }
        (EditCondition::None, Some(before)) => {
            let detail =
                format!("there is a saved form {id}: send the ETag of what was read or saved last as If-Match");
            Err(moved_to(before, Problem::new(ErrorCode::PreconditionRequired, detail)))
        }
    }
}

/// Whether the form is the version that its editor read.
pub(super) fn still_so(now: &SavedForm, seen: &Tag) -> Result<(), Problem> {
    if now.etag == seen.as_str() {
        return Ok(());
    }
    let detail =
        format!("saved form {} is at {}, this was made from {}: read it again", now.id, now.etag, seen.as_str());
    Err(moved(now, detail))
}

fn moved(now: &SavedForm, detail: String) -> Problem {
    moved_to(now, Problem::new(ErrorCode::PreconditionFailed, detail))
}

fn moved_to(now: &SavedForm, problem: Problem) -> Problem {
    problem.with("version", now.version).with("etag", now.etag.clone())
}

/// The ETag of a version and body.
pub(super) fn tag(version: u64, body: &RawValue) -> String {
    let hash = blake3::hash(body.get().as_bytes()).to_hex();
    format!("\"{version}+{}\"", &hash[..16])
}

pub(super) fn decode(bytes: &[u8]) -> Option<SavedForm> {
    serde_json::from_slice(bytes).ok()
}

/// The event of a submitted form, and the form.
pub(super) async fn look(node: &Node, id: Uuid) -> Result<(Option<Appended>, Option<SavedForm>), ProblemResponse> {
    let log = node.log().clone();
    let read = move || Ok::<_, ReadError>((event_of(&log, id)?, log.get(KeySpace::SavedForm, id.as_bytes())?));
    let (submitted, stored) = blocking(read).await?;
    Ok((submitted, stored.and_then(|bytes| decode(&bytes))))
}

/// Runs one operation on saved forms under their lock, from reading to flush. It completes even if its caller goes away, because
/// the next operation must see what is on its way to the disk.
pub(super) async fn alone<R, W>(
    node: Arc<Node>,
    work: impl FnOnce(Arc<Node>) -> W + Send + 'static,
) -> Result<R, ProblemResponse>
where
    R: Send + 'static,
    W: Future<Output = Result<R, ProblemResponse>> + Send,
{
    let working = tokio::spawn(async move {
        let held = node.clone();
        let _one_at_a_time = held.saved_forms().lock().await;
        work(node).await
    });
    working.await.unwrap_or_else(|error| Err(Problem::new(ErrorCode::Internal, error.to_string()).into()))
}

pub(super) async fn store_form(node: &Node, form: &SavedForm) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(form).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    change(node, KeyChange::set(KeySpace::SavedForm, form.id.as_bytes().to_vec(), bytes)).await
}

pub(super) async fn remove(node: &Node, id: Uuid) -> Result<(), Problem> {
    change(node, KeyChange::remove(KeySpace::SavedForm, id.as_bytes().to_vec())).await
}

async fn change(node: &Node, change: KeyChange) -> Result<(), Problem> {
    node.log().put(vec![vec![change]]).await.map_err(not_appended)
}

/// The id of the event that a form becomes.
pub(super) fn event_id(form: Uuid) -> EventId {
    EventId::new(form).derived("submitted")
}

/// The event that a form became.
pub(super) fn event_of(log: &Log, form: Uuid) -> Result<Option<Appended>, ReadError> {
    let found = log.find(event_id(form))?;
    Ok(found.map(|found| Appended {
        event_id: event_id(form).uuid(),
        seq: found.sealed.seq.0,
        chain: found.sealed.chain.to_string(),
        duplicate: true,
    }))
}

pub(super) fn form_id(text: &str) -> Result<Uuid, Problem> {
    let id = text.parse::<Uuid>().ok().filter(|id| !id.is_nil() && !id.is_max());
    id.ok_or_else(|| invalid_parameter("id", text, "a saved form is named by a UUID"))
}

pub(super) fn missing(id: Uuid) -> Problem {
    Problem::new(ErrorCode::NotFound, format!("there is no saved form {id}"))
}

/// The form is already an event and cannot be edited.
pub(super) fn submitted(code: ErrorCode, id: Uuid, event: &Appended) -> Problem {
    let detail = format!("saved form {id} was submitted: it is event {}", event.event_id);
    Problem::new(code, detail).with("event_id", event.event_id.to_string())
}
