//! Appending one draft or a list: checked here, sealed by the log, answered when durable.

use std::sync::Arc;

use comptoir_http_edge::{BufferedBody, batch_rejected, check_list, drafts_of};
use comptoir_proto::api_v1::{AppendResponse, Appended, DraftDto, check_draft};
use comptoir_proto::edits_v1::{self, Edit};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::blobs;
use super::precondition::{self, Checked, NotTaken};
use super::refusal::{id_reused, not_appended};
use crate::event_log::{self, AppendError};
use crate::node::Node;
use crate::read_models::rulebook;

/// From this many bytes on a list is checked on a thread of its own, so that it holds no other request up.
const CHECK_ASIDE_BYTES: usize = 256 * 1024;

/// Drafts of a JSON body that were checked.
enum CheckedBody {
    One(Checked),
    List(Vec<Checked>),
}

/// A JSON body: an object is one draft, an array is a list.
pub(super) async fn json(node: &Arc<Node>, key: Option<&str>, body: BufferedBody) -> Result<AppendResponse, Problem> {
    let checked = if body.len() >= CHECK_ASIDE_BYTES {
        let (node, key) = (node.clone(), key.map(str::to_owned));
        let checked = tokio::task::spawn_blocking(move || check_body(&node, key.as_deref(), &body)).await;
        checked.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))??
    } else {
        check_body(node, key, &body)?
    };
    match checked {
        CheckedBody::One(draft) => one(node, draft).await,
        CheckedBody::List(drafts) => list(node, drafts).await,
    }
}

fn check_body(node: &Node, key: Option<&str>, body: &[u8]) -> Result<CheckedBody, Problem> {
    match drafts_of(body)? {
        Some(list) => check_list(&list, |index, dto| checked(node, dto, key, index)).map(CheckedBody::List),
        None => checked(node, &DraftDto::read(body)?, key, 0).map(CheckedBody::One),
    }
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
async fn list(node: &Arc<Node>, drafts: Vec<Checked>) -> Result<AppendResponse, Problem> {
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

/// The log's answer as it goes out.
pub(super) fn shown(appended: event_log::Appended) -> Appended {
    Appended {
        event_id: appended.event_id.uuid(),
        seq: appended.seq.0,
        chain: appended.chain.to_string(),
        duplicate: appended.duplicate,
    }
}
