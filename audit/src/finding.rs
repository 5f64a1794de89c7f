//! What an audit says: the first break with its place, or how far the log is intact.

use std::collections::BTreeMap;
use std::fmt::Display;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::NodeId;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// What does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Defect {
    /// The file is cut, or its frames do not read.
    Form,
    /// Some byte outside the chains is another than was written: the file's digest does not fit.
    Digest,
    /// The end counts otherwise than the file.
    Count,
    /// A part does not go on where the one before it ended.
    Part,
    /// An epoch does not begin where it must: its number, its first chain, its first seq.
    Epoch,
    /// Records are missing: an epoch's records end before the head that the bundle names.
    Missing,
    /// A record is missing, doubled or out of order: its seq is not the next.
    Seq,
    /// A record's header does not say the place where it stands.
    Header,
    /// The chain after a record is not that of its bytes.
    Chain,
    /// An epoch's first record does not open it.
    EpochOpened,
    /// An epoch says that the one before ended otherwise than it did.
    PreviousHead,
    /// An event id counts twice.
    EventId,
    /// An entry is missing, doubled or out of order: its position is not the next.
    Position,
    /// The decision chain after a decision is not that of its bytes.
    DecisionChain,
    /// A decision speaks of another record, position or tenant than the one it stands beside.
    DecisionBinding,
    /// A decision does not read.
    Decision,
    /// A verdict that cannot be for such a record.
    Verdict,
    /// Two records were received at one time, or against their order.
    ReceivedAt,
    /// A record is called a duplicate, or its id reused, and is not.
    Duplicate,
    /// A record does not read.
    Record,
    /// A payload does not fit its schema, and nobody objected.
    Payload,
    /// What the node keeps of a decision is about another record.
    Answer,
    /// A head that was written down earlier does not stand in this log: it was shortened or written anew.
    KnownHead,
}

impl Serialize for Defect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Where in the log: as much as is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FindingLocation {
    /// Which of the files, from 0.
    pub file: usize,
    /// The byte where the frame begins.
    pub offset: u64,
    /// Whose record.
    pub node: Option<NodeId>,
    /// The node's epoch.
    pub epoch: Option<u32>,
    /// Its number in the epoch.
    pub seq: Option<u64>,
    /// Its position in the tenant's order.
    pub position: Option<u64>,
}

/// The first thing that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Break {
    /// What.
    pub defect: Defect,
    /// Where.
    pub place: FindingLocation,
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Break {
    pub(crate) fn new(defect: Defect, place: FindingLocation, expected: impl Display, found: impl Display) -> Break {
        Break { defect, place, expected: expected.to_string(), found: found.to_string() }
    }

    /// The order in which breaks stand in the files.
    fn order(&self) -> (usize, u64) {
        (self.place.file, self.place.offset)
    }

    /// Keeps whichever stands first.
    pub(crate) fn keep_first(slot: &mut Option<Break>, found: Break) {
        if slot.as_ref().is_none_or(|held| found.order() < held.order()) {
            *slot = Some(found);
        }
    }
}

/// How thoroughly to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every link, header and place, and that each event id counts once; bodies are hashed and not read.
    Chain,
    /// Also every body: records, payloads under their schemas, decisions and what they may say.
    Content,
}

/// What to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How thoroughly to look.
    pub level: Level,
    /// Chains or decision chains that were written down earlier, elsewhere: each must stand in the log. Against someone who can
    /// write the whole file anew, nothing else helps.
    pub known_heads: Vec<ChainHash>,
}

impl From<Level> for Options {
    fn from(level: Level) -> Options {
        Options { level, known_heads: Vec::new() }
    }
}

/// The end of a node's log, as the files hold it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Head {
    /// The node.
    pub node: Uuid,
    /// The number of its last epoch.
    pub epoch: u32,
    /// That epoch's random id.
    pub epoch_id: Uuid,
    /// Its last record.
    pub seq: u64,
    /// The chain after it, hex.
    pub chain: String,
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// Whose log.
    pub tenant: Uuid,
    /// Records that were checked.
    pub records: u64,
    /// Decisions that were checked.
    pub decisions: u64,
    /// The last position; absent for a node's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The decision chain after it, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_chain: Option<String>,
    /// Where each node's log ends.
    pub heads: Vec<Head>,
    /// How many decisions spoke how.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<&'static str, u64>,
    /// What could not be checked, and is no break.
    pub notes: Notes,
}

/// What could not be checked with these files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Notes {
    /// Nodes whose log begins in the middle of an epoch here: the first record of each could not be linked. Give the earlier part too.
    pub unlinked_beginnings: u64,
    /// Epochs whose previous head lies outside these files.
    pub unknown_previous_heads: u64,
    /// Duplicates whose original lies before the first position.
    pub unknown_originals: u64,
    /// Payloads written under a schema that this program does not have.
    pub unknown_schemas: u64,
}

/// What a verification found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How thoroughly.
    pub level: Level,
    /// The files, in order.
    pub files: Vec<String>,
    /// What they hold, up to the break if there is one.
    pub summary: Summary,
    /// The first break; none where everything holds.
    pub first_break: Option<Break>,
}
