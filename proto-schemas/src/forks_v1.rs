//! `GET /api/v1/forks`: logs of which central received two branches, because a disk was cloned or an old copy restored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::openapi::words;

/// A page of records of the branches that arrived second.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ForkPage {
    /// By node, epoch and seq.
    pub forks: Vec<ForkDto>,
    /// The cursor to ask with again, as `after`; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A record that central keeps next to the log, because other bytes have its place there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Fork")]
pub struct ForkDto {
    /// The node.
    pub node: Uuid,
    /// The node's name.
    pub name: String,
    /// The number of the epoch.
    pub epoch: u32,
    /// The epoch of the branch in the log.
    pub held_epoch_id: Uuid,
    /// The epoch of this record: another one where two copies opened an epoch of one number.
    pub other_epoch_id: Uuid,
    /// The seq of both branches.
    pub seq: u64,
    /// The chain of the record in the log; absent where the log ends before.
    #[schemars(with = "Option<words::Hash>")]
    pub held_chain: Option<String>,
    /// The position of that record.
    pub held_position: Option<u64>,
    /// The chain of this record.
    #[schemars(with = "words::Hash")]
    pub other_chain: String,
    /// The event of this record; absent where the record cannot be decoded.
    pub other_event: Option<Uuid>,
    /// What that event says: its action.
    pub other_action: Option<String>,
    /// When central received this record.
    #[schemars(with = "words::Instant")]
    pub received_at: String,
    /// What came of it.
    pub outcome: ForkOutcome,
    /// The node's open epoch.
    pub open_epoch: u32,
    /// The position at which the event of this record counts all the same, because it was sent again in another record.
    pub counted_at: Option<u64>,
}

/// What came of a fork.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForkOutcome {
    /// The epoch accepts no more records, and the node has not opened another.
    Frozen,
    /// The node opened another epoch, and continues there.
    Continued,
}
