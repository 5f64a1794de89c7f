//! Whether a push takes its place in its node's log: the chain, what was sent before, gaps and forks. Pure.
//!
//! - Records that are held already, byte for byte: they are answered from their stored decisions.
//! - The records after them take the next places, whatever they hold.
//! - A gap is refused, with the seq that comes next. Other bytes at a held place are a fork: the epoch is frozen, and the branch that
//!   came second is kept beside the log.

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::opening::EpochEnd;
use comptoir_proto::problem::Problem;

use super::prepare::PreparedPush;
use crate::event_store::{NodeHead, NodeLog, StoredRecord};

/// Why a push takes no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PushRefusal {
    /// Records before these are missing.
    #[error("node {node}, epoch {epoch}: got seq {got}, expected {expected}")]
    Gap {
        /// Whose log.
        node: NodeId,
        /// Its epoch number.
        epoch: u32,
        /// What the push begins with.
        got: Seq,
        /// What comes next.
        expected: Seq,
    },
    /// The first record of an epoch does not follow from the epoch's own beginning.
    #[error("node {node}, epoch {epoch}: the chain before seq 1 is {expected}, the push says {got}")]
    Beginning {
        /// Whose log.
        node: NodeId,
        /// Its epoch number.
        epoch: u32,
        /// As sent.
        got: ChainHash,
        /// The epoch's beginning.
        expected: ChainHash,
    },
    /// Other bytes are held at that place.
    #[error("node {node}, epoch {epoch}: at seq {seq} central holds {held}, the push says {received}")]
    Fork {
        /// Whose log.
        node: NodeId,
        /// Its epoch number.
        epoch: u32,
        /// Where the branches part.
        seq: Seq,
        /// What stands there: a chain hash, or the epoch's id where that differs.
        held: String,
        /// What was sent.
        received: String,
        /// The first record of the branch, by its place in the push.
        from: usize,
    },
    /// Nothing more is taken in this epoch.
    #[error("node {node}: epoch {epoch} takes nothing more: {why}")]
    Frozen {
        /// Whose log.
        node: NodeId,
        /// Its epoch number.
        epoch: u32,
        /// A fork was seen, or a later epoch is open.
        why: String,
        /// The first record that is not held, by its place in the push, where it has to be kept beside the log.
        keep_from: Option<usize>,
    },
    /// The epoch was opened with another key than the node's first one.
    #[error("node {node}: its key is {pinned}, epoch {epoch} was opened with {received}")]
    KeyChanged {
        /// Whose log.
        node: NodeId,
        /// The new epoch's number.
        epoch: u32,
        /// Named by its first push, hex.
        pinned: String,
        /// Named now, hex.
        received: String,
    },
}

impl PushRefusal {
    /// What the node is told.
    pub(crate) fn problem(&self) -> Problem {
        let detail = self.to_string();
        match self {
            PushRefusal::Gap { expected, .. } => {
                Problem::new(ErrorCode::SeqGap, detail).with("expected_seq", expected.0)
            }
            PushRefusal::Beginning { got, expected, .. } => Problem::new(ErrorCode::ChainMismatch, detail)
                .with("expected_chain", expected.to_string())
                .with("got_chain", got.to_string()),
            PushRefusal::Fork { seq, held, received, .. } => Problem::new(ErrorCode::Fork, detail)
                .with("seq", seq.0)
                .with("held_chain", held.clone())
                .with("received_chain", received.clone()),
            PushRefusal::Frozen { epoch, .. } => Problem::new(ErrorCode::EpochFrozen, detail).with("epoch", *epoch),
            PushRefusal::KeyChanged { pinned, received, .. } => Problem::new(ErrorCode::KeyChanged, detail)
                .with("pinned_key", pinned.clone())
                .with("received_key", received.clone()),
        }
    }

    /// From which record on the push has to be kept beside the log, which also freezes the epoch.
    pub(crate) fn branch_from(&self) -> Option<usize> {
        match self {
            PushRefusal::Fork { from, .. } => Some(*from),
            PushRefusal::Frozen { keep_from, .. } => *keep_from,
            PushRefusal::Gap { .. } | PushRefusal::Beginning { .. } | PushRefusal::KeyChanged { .. } => None,
        }
    }
}

/// Looks where a push stands in its node's log. `held` are the records that are stored at its places, by seq. Answers how many of its
/// records are held already; the rest are new and follow what is held.
///
/// What the first record of an epoch says of the epoch before is not looked at here: see [`strange_opening`].
pub(crate) fn accept(
    tenant: TenantId,
    push: &PreparedPush,
    log: &NodeLog,
    held: &[StoredRecord],
) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    let open = log.open();
    match log.epochs.get(&epoch) {
        Some(head) => continued(push, head, open.map(|open| open.epoch), held),
        None => match open {
            Some(open) if open.epoch.number > epoch => Err(PushRefusal::Frozen {
                node,
                epoch,
                why: format!("epoch {} is open", open.epoch.number),
                keep_from: None,
            }),
            _ => opened(tenant, push, log),
        },
    }
}

/// A push into an epoch that is not known yet.
fn opened(tenant: TenantId, push: &PreparedPush, log: &NodeLog) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    if push.first_seq != Seq(1) {
        return Err(PushRefusal::Gap { node, epoch, got: push.first_seq, expected: Seq(1) });
    }
    let expected = genesis(tenant, node, push.epoch);
    if push.previous != expected {
        return Err(PushRefusal::Beginning { node, epoch, got: push.previous, expected });
    }
    match (log.public_key, push.opening.map(|opening| opening.public_key)) {
        (Some(pinned), Some(received)) if pinned != received => {
            Err(PushRefusal::KeyChanged { node, epoch, pinned: hex::encode(pinned), received: hex::encode(received) })
        }
        _ => Ok(0),
    }
}

/// What is wrong with the first record of a new epoch, where it names another end of the epoch before than central holds. `log` is the
/// node's log without the push.
///
/// It is no ground to refuse the push: the chain fits, and the sales behind the record happened. A node that asked central while a push
/// of its own was still on its way names an end that has moved since; one that was put back from an older copy, or whose log was written
/// anew, names something else altogether. Which it was is for a person to find out, so the record is set apart and the others count.
pub(crate) fn strange_opening(push: &PreparedPush, log: &NodeLog) -> Option<String> {
    if log.epochs.contains_key(&push.epoch.number) {
        return None;
    }
    let end = |head: &NodeHead| EpochEnd { epoch: head.epoch, seq: head.last_seq, chain: head.last_chain };
    push.opening?.objection(log.open().map(end))
}

/// A push into an epoch that is known.
fn continued(
    push: &PreparedPush,
    head: &NodeHead,
    open: Option<Epoch>,
    held: &[StoredRecord],
) -> Result<usize, PushRefusal> {
    let (node, epoch) = (push.node, push.epoch.number);
    let fork = |seq, held: String, received: String, from| PushRefusal::Fork { node, epoch, seq, held, received, from };
    if head.epoch.id != push.epoch.id {
        // Two copies of one disk have each opened an epoch of this number.
        return Err(fork(push.first_seq, head.epoch.id.to_string(), push.epoch.id.to_string(), 0));
    }
    let expected = head.last_seq.next();
    if push.first_seq > expected {
        return Err(PushRefusal::Gap { node, epoch, got: push.first_seq, expected });
    }
    for (at, (stored, sent)) in held.iter().zip(&push.records).enumerate() {
        assert_eq!(stored.seq.0, push.first_seq.0 + at as u64, "a node's log is stored without a hole");
        if stored.chain != sent.chain {
            return Err(fork(stored.seq, stored.chain.to_string(), sent.chain.to_string(), at));
        }
    }
    let known = held.len();
    if known == push.records.len() {
        return Ok(known);
    }
    if known == 0 && push.previous != head.last_chain {
        // The branches parted before this push begins.
        return Err(fork(head.last_seq, head.last_chain.to_string(), push.previous.to_string(), 0));
    }
    if head.frozen {
        return Err(PushRefusal::Frozen { node, epoch, why: "a fork was seen".to_owned(), keep_from: None });
    }
    match open {
        Some(open) if open.number > epoch => Err(PushRefusal::Frozen {
            node,
            epoch,
            why: format!("epoch {} is open", open.number),
            // A copy that goes on in an epoch its original has left: its branch is kept.
            keep_from: Some(known),
        }),
        _ => Ok(known),
    }
}
