//! Why ingest did not do what was asked: one enum per operation. `api/error.rs` maps them to problem documents.

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::rulebook::Rule;
use comptoir_proto::edits_v1::EditRefusal;

use super::decide::DecideError;
use super::prepare::PrepareError;
use crate::database::StoreError;
use crate::restore_window::RestoreInProgress;

/// Why a job was not decided, whatever its kind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event could not be decided or sealed.
    #[error(transparent)]
    Decide(#[from] DecideError),
    #[error("there is no tenant {0}")]
    NoTenant(TenantId),
    /// As many jobs wait for the tenant as may.
    #[error("{waiting_max} requests wait to be written already")]
    QueueFull { waiting_max: usize },
    /// The task that ran the batch panicked: whether it committed is not known.
    #[error("the task that wrote this ended badly")]
    Lost,
}

/// Why a push was not appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The node is unknown, or is central's own.
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
    /// Records before these are missing.
    #[error("node {node}, epoch {epoch}: got seq {got}, expected {expected}")]
    Gap { node: NodeId, epoch: u32, got: Seq, expected: Seq },
    /// The chain before an epoch's first record is not the epoch's genesis.
    #[error("node {node}, epoch {epoch}: the chain before seq 1 is {expected}, the push says {got}")]
    Beginning { node: NodeId, epoch: u32, got: ChainHash, expected: ChainHash },
    /// Central holds other bytes at that seq.
    #[error("node {node}, epoch {epoch}: at seq {seq} central holds {held}, the push says {received}")]
    Fork {
        node: NodeId,
        epoch: u32,
        /// The first seq at which the two branches differ.
        seq: Seq,
        /// A chain hash, or the epoch's id where that differs.
        held: String,
        received: String,
        /// Index in the push of the branch's first record.
        from: usize,
    },
    /// The epoch accepts no more records.
    #[error("node {node}: epoch {epoch} takes nothing more: {why}")]
    Frozen {
        node: NodeId,
        epoch: u32,
        /// A fork was seen, or a later epoch is open.
        why: String,
        /// Index in the push of the first record that central does not hold, where the branch has to be kept next to the
        /// log.
        keep_from: Option<usize>,
    },
    /// The epoch was opened with another key than the node's first one. Both keys are in hex.
    #[error("node {node}: its key is {pinned}, epoch {epoch} was opened with {received}")]
    KeyChanged { node: NodeId, epoch: u32, pinned: String, received: String },
}

impl PushRefusal {
    /// Index in the push of the first record to keep next to the log. Keeping a branch also freezes the epoch.
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
    /// Only a node's log writes this action, about itself.
    #[error("{action} is written by a node's log itself")]
    WrittenByLog { action: Name },
    /// The rulebook lets only central write entities of this type.
    #[error("{entity_type} is under the rule {}: only central writes it", .rule.as_str())]
    CentralOnly { entity_type: Name, rule: Rule },
    /// The edit was made from another version of the entity than the current one. Nodes refuse such edits by the same
    /// check.
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
    /// Some of the records have to wait; those before them were imported.
    #[error(transparent)]
    RestoreInProgress(#[from] RestoreInProgress),
}
