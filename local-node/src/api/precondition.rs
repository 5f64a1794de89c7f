//! Edits name the version their editor read, so that two users of one node never overwrite each other unseen.
//!
//! An edit holds the node's lock of edits from the comparison with the current state to its flush. It keeps the lock when its
//! caller goes away: the next edit must see what is on its way to the disk.

use std::sync::Arc;

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::state::EntityKey;
use comptoir_proto::api_v1::AppendResponse;
use comptoir_proto::edits_v1::{CurrentEntity, Edits};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{EntityRow, NodeRow};

use super::draft::{CheckedDraft, append_list, append_response};
use super::refusal::not_appended;
use crate::blocking::blocking;
use crate::event_log::{AppendError, Appended, ReadError};
use crate::node::Node;
use crate::read_models::{self, Tagged};

/// Why edits were not recorded.
pub(super) enum EditError {
    Append(AppendError),
    /// Problems by index: the entity has changed since it was read, or would grow beyond what central accepts.
    Precondition(Vec<(usize, Problem)>),
    /// The current state of an entity cannot be read.
    Read(Problem),
}

pub(super) async fn record_edit(node: &Arc<Node>, checked: CheckedDraft) -> Result<AppendResponse, Problem> {
    match record_edits(node, vec![checked]).await {
        Ok(appended) => Ok(append_response(appended)),
        Err(EditError::Append(error)) => Err(not_appended(error)),
        Err(EditError::Precondition(mut problems)) => Err(problems.remove(0).1),
        Err(EditError::Read(problem)) => Err(problem),
    }
}

/// Records drafts, all or none, if the entities that they edit are as their editors read them.
pub(super) async fn record_edits(node: &Arc<Node>, list: Vec<CheckedDraft>) -> Result<Vec<Appended>, EditError> {
    let node = node.clone();
    // A task of its own: it keeps the lock until the flush, also when the caller goes away.
    let recording = tokio::spawn(async move {
        let _one_at_a_time = node.edits().lock().await;
        let (problems, list) = check_edits(&node, list).await.map_err(EditError::Read)?;
        if !problems.is_empty() {
            return Err(EditError::Precondition(problems));
        }
        append_list(&node, list).await.map_err(EditError::Append)
    });
    recording.await.unwrap_or_else(|error| Err(EditError::Read(Problem::new(ErrorCode::Internal, error.to_string()))))
}

/// Compares each edit with its entity as it is now. The caller holds the lock of edits.
pub(super) async fn check_edits(
    node: &Arc<Node>,
    list: Vec<CheckedDraft>,
) -> Result<(Vec<(usize, Problem)>, Vec<CheckedDraft>), Problem> {
    let reader = node.clone();
    let read = blocking(move || problems(&reader, &list).map(|problems| (problems, list))).await;
    read.map_err(|error| error.problem())
}

fn problems(node: &Node, list: &[CheckedDraft]) -> Result<Vec<(usize, Problem)>, ReadError> {
    let (mut edits, mut problems) = (Edits::default(), Vec::new());
    for (index, CheckedDraft { draft, fact, edit, .. }) in list.iter().enumerate() {
        let Some(edit) = edit else { continue };
        // A retry is not compared with its own effect.
        if node.log().find(draft.id)?.is_some() {
            continue;
        }
        let shown = shown(node, draft)?;
        let checked = edits.check(draft, edit, shown.as_ref().map(now).as_ref()).map_err(Problem::from);
        if let Err(problem) = checked.and_then(|()| check_size(draft, fact, shown.as_ref())) {
            problems.push((index, problem));
        }
    }
    Ok(problems)
}

/// The draft's entity as readers see it now.
fn shown(node: &Node, draft: &Draft) -> Result<Option<Tagged<NodeRow<EntityRow>>>, ReadError> {
    let target = read_models::entity(draft.content.entity_type.clone(), draft.content.entity_id.clone());
    node.read_models().one::<EntityRow>(&target, node.sync_progress())
}

fn now(shown: &Tagged<NodeRow<EntityRow>>) -> CurrentEntity {
    CurrentEntity { version: shown.tag.version, tag: shown.tag.to_string(), lives: !shown.row.row.deleted }
}

/// Refuses at once what central would refuse hours later.
fn check_size(draft: &Draft, fact: &Fact, shown: Option<&Tagged<NodeRow<EntityRow>>>) -> Result<(), Problem> {
    let content = &draft.content;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    let grown = read_models::grown(shown.map(|shown| &shown.row.row), &key, fact);
    grown.map_or(Ok(()), |detail| Err(Problem::new(ErrorCode::EntityTooLarge, detail).at("/payload")))
}
