//! `POST /api/v1/events` with a JSON body: one draft, or a list that is recorded whole or not at all.

use std::sync::Arc;

use axum::body::Bytes;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::malformed_body;
use super::draft::{CheckedDraft, append_response};
use super::precondition::{self, EditError};
use super::refusal::{id_reused, not_appended};
use crate::blocking::blocking;
use crate::event_log::AppendError;
use crate::node::Node;

/// A list this large is checked on a blocking thread, so that it delays no other request.
const CHECK_ASIDE_BYTES: usize = 256 * 1024;

/// Records a JSON body: an object is one draft, an array is a list.
pub(super) async fn record_json(node: &Arc<Node>, key: Option<&str>, body: Bytes) -> Result<AppendResponse, Problem> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return record_list(node, key, body).await;
    }
    let dto = DraftDto::read(&body)?;
    record_one(node, CheckedDraft::new(node, &dto, key, 0)?).await
}

pub(super) async fn record_one(node: &Arc<Node>, checked: CheckedDraft) -> Result<AppendResponse, Problem> {
    if checked.edit.is_some() {
        return precondition::record_edit(node, checked).await;
    }
    let appended = node.log().append(vec![checked.draft]).await.map_err(not_appended)?;
    Ok(append_response(appended))
}

/// A list is one page, one batch and one flush.
async fn record_list(node: &Arc<Node>, key: Option<&str>, body: Bytes) -> Result<AppendResponse, Problem> {
    let list = if body.len() >= CHECK_ASIDE_BYTES {
        let (node, key) = (node.clone(), key.map(str::to_owned));
        blocking(move || check_list(&node, key.as_deref(), &body)).await?
    } else {
        check_list(node, key, &body)?
    };
    let count = list.len();
    let recorded = if list.iter().any(|checked| checked.edit.is_some()) {
        precondition::record_edits(node, list).await
    } else {
        let drafts = list.into_iter().map(|checked| checked.draft).collect();
        node.log().append(drafts).await.map_err(EditError::Append)
    };
    match recorded {
        Ok(appended) => Ok(append_response(appended)),
        Err(EditError::Append(AppendError::EventIdReused(reused))) => {
            let problems = reused.into_iter().map(|reused| (reused.index, id_reused(reused)));
            Err(batch_rejected(count, problems.collect()))
        }
        Err(EditError::Append(error)) => Err(not_appended(error)),
        Err(EditError::Precondition(problems)) => Err(batch_rejected(count, problems)),
        Err(EditError::Read(problem)) => Err(problem),
    }
}

fn check_list(node: &Node, key: Option<&str>, body: &[u8]) -> Result<Vec<CheckedDraft>, Problem> {
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
        let checked = DraftDto::read(text.get().as_bytes()).and_then(|dto| CheckedDraft::new(node, &dto, key, index));
        match checked {
            Ok(draft) => drafts.push(draft),
            Err(problem) => problems.push((index, problem)),
        }
    }
    if problems.is_empty() { Ok(drafts) } else { Err(batch_rejected(count, problems)) }
}

/// Lists one problem per draft, in order: its own, or BATCH_REJECTED if other drafts were refused.
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

/// Points a problem at its draft in the body.
fn in_list(index: usize, problem: Problem) -> Value {
    let pointer = format!("/{index}{}", problem.pointer.as_deref().unwrap_or_default());
    serde_json::to_value(problem.at(pointer).with("index", index)).unwrap_or(Value::Null)
}
