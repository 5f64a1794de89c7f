//! Appending one draft or a list: checked here, sealed by the log, answered when durable.

use std::sync::Arc;

use axum::body::Bytes;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_proto::api_v1::{AppendResponse, Appended, DraftDto, check_draft};
use comptoir_proto::edits_v1::{self, Edit};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde_json::Value;
use serde_json::value::RawValue;

use super::blobs;
use super::body::malformed_body;
use super::precondition::{self, Checked, NotTaken};
use super::refusal::{id_reused, not_appended};
use crate::event_log::{self, AppendError};
use crate::node::Node;
use crate::read_models::rulebook;

/// From this many bytes on a list is checked on a thread of its own, so that it holds no other request up.
const CHECK_ASIDE_BYTES: usize = 256 * 1024;

/// A JSON body: an object is one draft, an array is a list.
pub(super) async fn json(node: &Arc<Node>, key: Option<&str>, body: Bytes) -> Result<AppendResponse, Problem> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return list(node, key, body).await;
    }
    let dto = DraftDto::read(&body)?;
    one(node, checked(node, &dto, key, 0)?).await
}

/// Checks a draft wholly, also whether the files are here that it names.
pub(super) fn checked(node: &Node, dto: &DraftDto, key: Option<&str>, index: usize) -> Result<Checked, Problem> {
    let (draft, fact) = check_draft(dto, node.author(), key, index)?;
    rulebook::check(node.log(), &draft, &fact)?;
    blobs::check(node, &fact)?;
    let edit = Edit::of(&fact, edits_v1::tag_of(dto)?);
    Ok(Checked { draft, fact, edit })
}

/// One draft that was checked.
pub(super) async fn one(node: &Arc<Node>, checked: Checked) -> Result<AppendResponse, Problem> {
    let appended = precondition::append(node, vec![checked]).await.map_err(|not_taken| match not_taken {
        NotTaken::Log(error) => not_appended(error),
        NotTaken::Unread(problem) => problem,
        NotTaken::Moved(mut moved) => moved.remove(0).1,
    })?;
    Ok(AppendResponse { results: appended.into_iter().map(shown).collect() })
}

/// A list is all or nothing: one page, one batch, one flush.
async fn list(node: &Arc<Node>, key: Option<&str>, body: Bytes) -> Result<AppendResponse, Problem> {
    let drafts = if body.len() >= CHECK_ASIDE_BYTES {
        let (node, key) = (node.clone(), key.map(str::to_owned));
        let checked = tokio::task::spawn_blocking(move || check_list(&node, key.as_deref(), &body)).await;
        checked.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))??
    } else {
        check_list(node, key, &body)?
    };
    let count = drafts.len();
    match precondition::append(node, drafts).await {
        Ok(appended) => Ok(AppendResponse { results: appended.into_iter().map(shown).collect() }),
        Err(NotTaken::Log(AppendError::EventIdReused(reused))) => {
            let problems = reused.into_iter().map(|reused| (reused.index, id_reused(reused)));
            Err(batch_rejected(count, problems.collect()))
        }
        Err(NotTaken::Log(error)) => Err(not_appended(error)),
        Err(NotTaken::Moved(moved)) => Err(batch_rejected(count, moved)),
        Err(NotTaken::Unread(problem)) => Err(problem),
    }
}

fn check_list(node: &Node, key: Option<&str>, body: &[u8]) -> Result<Vec<Checked>, Problem> {
    let list: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| malformed_body(&error))?;
    if list.is_empty() {
        return Err(Problem::new(ErrorCode::MalformedBody, "the list is empty"));
    }
    if list.len() > LIST_DRAFTS_MAX {
        let detail = format!(
            "the list has {} drafts, at most {LIST_DRAFTS_MAX} are taken at once; a stream (application/x-ndjson) has no limit",
            list.len()
        );
        return Err(Problem::new(ErrorCode::TooLarge, detail));
    }
    let count = list.len();
    let mut drafts = Vec::with_capacity(count);
    let mut problems = Vec::new();
    for (index, text) in list.into_iter().enumerate() {
        let checked = DraftDto::read(text.get().as_bytes()).and_then(|dto| checked(node, &dto, key, index));
        match checked {
            Ok(draft) => drafts.push(draft),
            Err(problem) => problems.push((index, problem)),
        }
    }
    if problems.is_empty() { Ok(drafts) } else { Err(batch_rejected(count, problems)) }
}

/// One problem per draft, in order: its own, or that another one's kept it out.
fn batch_rejected(count: usize, problems: Vec<(usize, Problem)>) -> Problem {
    let detail = format!("{} of {count} drafts were refused, and nothing was written", problems.len());
    let mut own = problems.into_iter().peekable();
    let problems = (0..count).map(|index| match own.next_if(|(refused, _)| *refused == index) {
        Some((_, problem)) => in_list(index, problem),
        None => in_list(index, Problem::new(ErrorCode::BatchRejected, "nothing is wrong with this draft")),
    });
    let problems: Vec<Value> = problems.collect();
    Problem::new(ErrorCode::BatchRejected, detail).with("problems", problems)
}

/// A problem of one draft, told by its place in the body.
fn in_list(index: usize, problem: Problem) -> Value {
    let pointer = format!("/{index}{}", problem.pointer.as_deref().unwrap_or_default());
    serde_json::to_value(problem.at(pointer).with("index", index)).unwrap_or(Value::Null)
}

/// The log's answer as it goes out.
pub(super) fn shown(appended: event_log::Appended) -> Appended {
    Appended {
        event_id: appended.event_id.uuid(),
        seq: appended.seq.0,
        chain: appended.chain.to_string(),
        duplicate: appended.duplicate,
    }
}
