//! `POST /api/v1/events` with a JSON body: one draft, or a list that is recorded whole or not at all.

use std::sync::Arc;

use comptoir_http_edge::{BufferedBody, batch_rejected, check_drafts, split_list};
use comptoir_proto::api_v1::{AppendResponse, DraftDto};
use comptoir_proto::problem::Problem;

use super::authorize::Permitted;
use super::draft::{CheckedDraft, append_list, append_response};
use super::precondition::{self, EditError};
use super::refusal::{id_reused, not_appended};
use crate::blocking::blocking;
use crate::event_log::AppendError;
use crate::node::Node;

/// A body this large is checked on a blocking thread, so that it delays no other request.
const CHECK_ASIDE_BYTES: usize = 256 * 1024;

/// Records a JSON body: an object is one draft, an array is a list.
pub(super) async fn record_json(
    permitted: &Permitted,
    key: Option<&str>,
    body: BufferedBody,
) -> Result<AppendResponse, Problem> {
    let checked = if body.len() >= CHECK_ASIDE_BYTES {
        let (permitted, key) = (permitted.clone(), key.map(str::to_owned));
        blocking(move || check_body(&permitted, key.as_deref(), &body)).await?
    } else {
        check_body(permitted, key, &body)?
    };
    let node = permitted.node();
    match checked {
        CheckedBody::One(draft) => record_one(node, *draft).await,
        CheckedBody::List(list) => record_list(node, list).await,
    }
}

enum CheckedBody {
    One(Box<CheckedDraft>),
    List(Vec<CheckedDraft>),
}

fn check_body(permitted: &Permitted, key: Option<&str>, body: &[u8]) -> Result<CheckedBody, Problem> {
    match split_list(body)? {
        Some(list) => {
            check_drafts(&list, |index, dto| CheckedDraft::new(permitted, dto, key, index)).map(CheckedBody::List)
        }
        None => Ok(CheckedBody::One(Box::new(CheckedDraft::new(permitted, &DraftDto::read(body)?, key, 0)?))),
    }
}

pub(super) async fn record_one(node: &Arc<Node>, checked: CheckedDraft) -> Result<AppendResponse, Problem> {
    if checked.edit.is_some() {
        return precondition::record_edit(node, checked).await;
    }
    let appended = append_list(node, vec![checked]).await.map_err(not_appended)?;
    Ok(append_response(appended))
}

/// A list is one page, one batch and one flush.
async fn record_list(node: &Arc<Node>, list: Vec<CheckedDraft>) -> Result<AppendResponse, Problem> {
    let count = list.len();
    let recorded = if list.iter().any(|checked| checked.edit.is_some()) {
        precondition::record_edits(node, list).await
    } else {
        append_list(node, list).await.map_err(EditError::Append)
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
