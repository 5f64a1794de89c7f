//! Errors of ingest, one enum per operation. `api/error.rs` maps them to problem documents.

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::rulebook::Rule;
use comptoir_proto::edits_v1::EditRefusal;

use super::decide::DecideError;
use super::prepare::PrepareError;
use crate::database::StoreError;
use crate::restore_window::RestoreInProgress;

/// Why a job of any kind was not decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be decided or sealed.
    #[error(transparent)]
    Decide(#[from] DecideError),
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// The tenant's queue is full.
    #[error("{waiting_max} requests wait to be written already")]
    QueueFull { waiting_max: usize },
    /// The task that ran the batch panicked: whether the batch was committed is unknown.
    #[error("the task that wrote this ended badly")]
    Lost,
}

/// Why a push was not appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The node is unknown, or is central's own node.
    #[error("node {0} sends no log of its own to this tenant")]
    NoLog(NodeId),
    #[error(transparent)]
    Refused(#[from] PushRefusal),
    #[error(transparent)]
    RestoreInProgress(#[from] RestoreInProgress),
}

/// Why a push does not continue its node's log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PushRefusal {
    /// The push starts after the next expected record.
    #[error("node {node}, epoch {epoch}: got seq {got}, expected {expected}")]
    Gap { node: NodeId, epoch: u32, got: Seq, expected: Seq },
    /// The chain before an epoch's first record is not the epoch's genesis.
    #[error("node {node}, epoch {epoch}: the chain before seq 1 is {expected}, the push says {got}")]
    Beginning { node: NodeId, epoch: u32, got: ChainHash, expected: ChainHash },
    /// Central holds other bytes at this seq.
    #[error("node {node}, epoch {epoch}: at seq {seq} central holds {held}, the push says {received}")]
    Fork {
        node: NodeId,
        epoch: u32,
        /// The first seq at which the two branches differ.
        seq: Seq,
        /// A chain hash, or the epoch's id if the ids differ.
        held: String,
        received: String,
        /// The index in the push of the branch's first record.
        from: usize,
    },
    /// The epoch accepts no more records.
    #[error("node {node}: epoch {epoch} takes nothing more: {why}")]
    Frozen {
        node: NodeId,
        epoch: u32,
        /// A fork was seen, or a later epoch is open.
        why: String,
        /// The index in the push of the first record that central does not hold, if the branch has to be stored as fork
        /// records.
        keep_from: Option<usize>,
    },
    /// The epoch was opened with another key than the pinned one. Both keys are in hex.
    #[error("node {node}: its key is {pinned}, epoch {epoch} was opened with {received}")]
    KeyChanged { node: NodeId, epoch: u32, pinned: String, received: String },
}

impl PushRefusal {
    /// The index in the push of the first record to store as a fork record. Storing a branch also freezes the epoch.
    pub(crate) fn branch_from(&self) -> Option<usize> {
        match self {
            PushRefusal::Fork { from, .. } => Some(*from),
            PushRefusal::Frozen { keep_from, .. } => *keep_from,
            PushRefusal::Gap { .. } | PushRefusal::Beginning { .. } | PushRefusal::KeyChanged { .. } => None,
        }
    }
}

/// Why none of a request's drafts was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftsError {
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    RestoreInProgress(#[from] RestoreInProgress),
}

/// Why one draft was not sealed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum DraftRefusal {
    #[error(transparent)]
    IdReused(#[from] IdReused),
    /// Only a node's log may write this action.
    #[error("{action} is written by a node's log itself")]
    WrittenByLog { action: Name },
    /// The rulebook lets only central write entities of this type.
    #[error("{entity_type} is under the rule {}: only central writes it", .rule.as_str())]
    CentralOnly { entity_type: Name, rule: Rule },
    /// The edit was made from another version of the entity than the current one. Nodes apply the same check.
    #[error("{}", .0.detail)]
    OutOfDate(Box<EditRefusal>),
    #[error("{0}")]
    EntityTooLarge(String),
    #[error("another draft of this list was refused, and a list is all or nothing")]
    BatchRejected,
}

/// An event with this id exists with other content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("event {0} exists with other content")]
pub(crate) struct IdReused(pub(crate) EventId);

/// Why a file's records were not imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("tenant {tenant} has no node {node}")]
    NoNode { tenant: TenantId, node: NodeId },
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The thread that read the records panicked.
    #[error(transparent)]
    Reader(#[from] tokio::task::JoinError),
    #[error(transparent)]
    Push(#[from] PushError),
    /// Some records must wait; those before them were imported.
    #[error(transparent)]
    RestoreInProgress(#[from] RestoreInProgress),
}
