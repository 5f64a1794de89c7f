//! Edits name what their editor saw: two users of one node never overwrite each other unseen.
//!
//! From the look at what is there to the flush of what rests on it, an edit has the node's lock of edits. It keeps it when its caller
//! goes away: what is on its way to the disk counts already for whoever looks next.

use std::sync::Arc;

use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::state::EntityKey;
use comptoir_proto::edits_v1::{CurrentEntity, Edit, Edits};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{EntityRow, NodeRow};

use crate::event_log::{AppendError, Appended, ReadError};
use crate::node::Node;
use crate::read_models::{self, Tagged};

/// A draft that was checked wholly, but for what the log and the read models say.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) draft: Draft,
    /// What its payload says.
    pub(super) fact: Fact,
    /// What it does to an entity that is made of fields.
    pub(super) edit: Option<Edit>,
}

/// Why drafts were not appended.
pub(super) enum NotTaken {
    /// The log refused them.
    Log(AppendError),
    /// Some of them, by their places, were made from what is no longer there, or make more of it than central takes.
    Moved(Vec<(usize, Problem)>),
    /// It cannot be told what is there.
    Unread(Problem),
}

/// Appends drafts, all or none, if those that edit something were made from what is there.
pub(super) async fn append(node: &Arc<Node>, list: Vec<Checked>) -> Result<Vec<Appended>, NotTaken> {
    if list.iter().all(|checked| checked.edit.is_none()) {
        return write(node, list).await;
    }
    let node = node.clone();
    let appending = tokio::spawn(async move {
        let _one_at_a_time = node.edits().lock().await;
        let (moved, list) = look(&node, list).await.map_err(NotTaken::Unread)?;
        if moved.is_empty() { write(&node, list).await } else { Err(NotTaken::Moved(moved)) }
    });
    appending.await.unwrap_or_else(|error| Err(NotTaken::Unread(Problem::new(ErrorCode::Internal, error.to_string()))))
}

/// Looks at what is there, and says what stands against which of the drafts. Whoever calls has the lock of edits.
pub(super) async fn look(
    node: &Arc<Node>,
    list: Vec<Checked>,
) -> Result<(Vec<(usize, Problem)>, Vec<Checked>), Problem> {
    let reader = node.clone();
    let read = tokio::task::spawn_blocking(move || moved(&reader, &list).map(|moved| (moved, list))).await;
    let read = read.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    read.map_err(|error| error.problem())
}

fn moved(node: &Node, list: &[Checked]) -> Result<Vec<(usize, Problem)>, ReadError> {
    let (mut edits, mut moved) = (Edits::default(), Vec::new());
    for (index, Checked { draft, fact, edit }) in list.iter().enumerate() {
        let Some(edit) = edit else { continue };
        // What is in the log already is not held against what came of it.
        if node.log().find(draft.id)?.is_some() {
            continue;
        }
        let shown = shown(node, draft)?;
        let checked = edits.check(draft, edit, shown.as_ref().map(now).as_ref());
        if let Err(problem) = checked.and_then(|()| check_size(draft, fact, shown.as_ref())) {
            moved.push((index, problem));
        }
    }
    Ok(moved)
}

/// What a reader is given of the draft's entity now.
fn shown(node: &Node, draft: &Draft) -> Result<Option<Tagged<NodeRow<EntityRow>>>, ReadError> {
    let target = read_models::entity(draft.content.entity_type.clone(), draft.content.entity_id.clone());
    node.read_models().one::<EntityRow>(&target, node.line())
}

fn now(shown: &Tagged<NodeRow<EntityRow>>) -> CurrentEntity {
    CurrentEntity { version: shown.tag.version, tag: shown.tag.to_string(), lives: !shown.row.row.deleted }
}

/// Refuses at the counter what central would refuse hours later.
fn check_size(draft: &Draft, fact: &Fact, shown: Option<&Tagged<NodeRow<EntityRow>>>) -> Result<(), Problem> {
    let content = &draft.content;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    let grown = read_models::grown(shown.map(|shown| &shown.row.row), &key, fact);
    grown.map_or(Ok(()), |detail| Err(Problem::new(ErrorCode::EntityTooLarge, detail).at("/payload")))
}

async fn write(node: &Node, list: Vec<Checked>) -> Result<Vec<Appended>, NotTaken> {
    let drafts = list.into_iter().map(|checked| checked.draft).collect();
    node.log().append(drafts).await.map_err(NotTaken::Log)
}
