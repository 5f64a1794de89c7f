//! Drafts as they stand beside the log, and what their editors saw of them: two tabs with one form never overwrite each other unseen.
//!
//! A tag is the version, which counts the savings, and the beginning of the body's hash: one that was thrown away and begun again under
//! its id has another tag, unless it says the same.

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

/// Whether a saving may replace what is there. Without a condition it makes a draft and changes none.
pub(super) fn check_condition(condition: &EditCondition, id: Uuid, before: Option<&SavedForm>) -> Result<(), Problem> {
    match (condition, before) {
        (EditCondition::Absent | EditCondition::None, None) => Ok(()),
        (EditCondition::Current(tag), Some(before)) => still_so(before, tag),
        (EditCondition::Current(_), None) => {
            let detail = format!("there is no draft {id}, or no more; save it without If-Match to create it again");
            Err(Problem::new(ErrorCode::NotFound, detail))
        }
        (EditCondition::Absent, Some(before)) => {
            Err(moved(before, format!("there is a draft {id}, at {}: read it first", before.etag)))
        }
        (EditCondition::None, Some(before)) => {
            let detail = format!("there is a draft {id}: send the ETag of what was read or saved last as If-Match");
            Err(moved_to(before, Problem::new(ErrorCode::PreconditionRequired, detail)))
        }
    }
}

/// Whether the draft is what its editor saw.
pub(super) fn still_so(now: &SavedForm, seen: &Tag) -> Result<(), Problem> {
    if now.etag == seen.as_str() {
        return Ok(());
    }
    let detail = format!("draft {} is at {}, this was made from {}: read it again", now.id, now.etag, seen.as_str());
    Err(moved(now, detail))
}

fn moved(now: &SavedForm, detail: String) -> Problem {
    moved_to(now, Problem::new(ErrorCode::PreconditionFailed, detail))
}

fn moved_to(now: &SavedForm, problem: Problem) -> Problem {
    problem.with("version", now.version).with("etag", now.etag.clone())
}

/// The ETag of a draft of that version and body.
pub(super) fn tag(version: u64, body: &RawValue) -> String {
    let hash = blake3::hash(body.get().as_bytes()).to_hex();
    format!("\"{version}+{}\"", &hash[..16])
}

pub(super) fn decode(bytes: &[u8]) -> Option<SavedForm> {
    serde_json::from_slice(bytes).ok()
}

/// The event that a draft became, and the draft.
pub(super) async fn look(node: &Node, id: Uuid) -> Result<(Option<Appended>, Option<SavedForm>), ProblemResponse> {
    let log = node.log().clone();
    let read = move || Ok::<_, ReadError>((event_of(&log, id)?, log.get(KeySpace::Draft, id.as_bytes())?));
    let (submitted, kept) = blocking(read).await?;
    Ok((submitted, kept.and_then(|bytes| decode(&bytes))))
}

/// Does one thing with drafts, from the look at what is there to the flush of what rests on it. It is brought to its end when its caller
/// goes away: what is on its way to the disk counts already for whoever looks next.
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
        let _one_at_a_time = held.typed().lock().await;
        work(node).await
    });
    working.await.unwrap_or_else(|error| Err(Problem::new(ErrorCode::Internal, error.to_string()).into()))
}

pub(super) async fn store_form(node: &Node, draft: &SavedForm) -> Result<(), Problem> {
    let bytes = serde_json::to_vec(draft).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    change(node, KeyChange::set(KeySpace::Draft, draft.id.as_bytes().to_vec(), bytes)).await
}

pub(super) async fn remove(node: &Node, id: Uuid) -> Result<(), Problem> {
    change(node, KeyChange::remove(KeySpace::Draft, id.as_bytes().to_vec())).await
}

async fn change(node: &Node, change: KeyChange) -> Result<(), Problem> {
    node.log().put(vec![vec![change]]).await.map_err(not_appended)
}

/// The id of the event that a draft becomes.
pub(super) fn event_id(draft: Uuid) -> EventId {
    EventId::new(draft).derived("submitted")
}

/// The event that a draft became.
pub(super) fn event_of(log: &Log, draft: Uuid) -> Result<Option<Appended>, ReadError> {
    let found = log.find(event_id(draft))?;
    Ok(found.map(|found| Appended {
        event_id: event_id(draft).uuid(),
        seq: found.sealed.seq.0,
        chain: found.sealed.chain.to_string(),
        duplicate: true,
    }))
}

pub(super) fn draft_id(text: &str) -> Result<Uuid, Problem> {
    let id = text.parse::<Uuid>().ok().filter(|id| !id.is_nil() && !id.is_max());
    id.ok_or_else(|| invalid_parameter("id", text, "a draft is named by a UUID"))
}

pub(super) fn missing(id: Uuid) -> Problem {
    Problem::new(ErrorCode::NotFound, format!("there is no draft {id}"))
}

/// The draft is an event already, which nobody types on.
pub(super) fn submitted(code: ErrorCode, id: Uuid, event: &Appended) -> Problem {
    let detail = format!("draft {id} was submitted: it is event {}", event.event_id);
    Problem::new(code, detail).with("event_id", event.event_id.to_string())
}
