//! Breaks, and the report of a verification.

use std::collections::BTreeMap;
use std::fmt::Display;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::NodeId;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A kind of break.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Defect {
    /// The file is cut, or its frames do not read.
    Form,
    /// A byte outside the chains was changed: the file's digest does not match.
    Digest,
    /// The counts at the file's end do not match the file.
    Count,
    /// A part does not continue where the part before it ended.
    Part,
    /// An epoch does not begin where it must: its number, its first chain, its first seq.
    Epoch,
    /// Records are missing: an epoch's records end before the head that the bundle names.
    Missing,
    /// A record is missing, doubled or out of order: its seq is not the next.
    Seq,
    /// A record's header names another place than the record's own.
    Header,
    /// The chain after a record is not that of its bytes.
    Chain,
    /// An epoch's first record does not open it.
    EpochOpened,
    /// An epoch names another end of the previous epoch than that epoch has.
    PreviousHead,
    /// An event id counts twice.
    EventId,
    /// An entry is missing, doubled or out of order: its position is not the next.
    Position,
    /// The decision chain after a decision is not that of its bytes.
    DecisionChain,
    /// A decision is about another record, position or tenant than the entry that contains it.
    DecisionBinding,
    /// A decision cannot be decoded.
    Decision,
    /// A verdict that such a record cannot get.
    Verdict,
    /// Receipt times do not rise with positions.
    ReceivedAt,
    /// A record is called a duplicate or a reused id, and is not.
    Duplicate,
    /// A record cannot be decoded.
    Record,
    /// A payload does not fit its schema, and the decision does not object.
    Payload,
    /// The node's stored answer is about another record.
    Answer,
    /// The log lacks a head that was recorded earlier: it was shortened or rewritten.
    KnownHead,
}

impl Serialize for Defect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A place in the log, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FindingLocation {
    /// Index of the file, from 0.
    pub file: usize,
    /// The byte where the frame begins.
    pub offset: u64,
    /// The node that wrote the record.
    pub node: Option<NodeId>,
    /// The node's epoch.
    pub epoch: Option<u32>,
    /// The record's number in the epoch.
    pub seq: Option<u64>,
    /// The record's position in the tenant's order.
    pub position: Option<u64>,
}

/// The first thing that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Break {
    /// Which rule is broken.
    pub defect: Defect,
    /// Where it is broken first.
    pub location: FindingLocation,
    /// The value that an intact log has here.
    pub expected: String,
    /// The value that this log has here.
    pub found: String,
}

impl Break {
    pub(crate) fn new(defect: Defect, location: FindingLocation, expected: impl Display, found: impl Display) -> Break {
        Break { defect, location, expected: expected.to_string(), found: found.to_string() }
    }

    /// Breaks are ordered by their place in the files.
    fn order(&self) -> (usize, u64) {
        (self.location.file, self.location.offset)
    }

    /// Keeps the break that is first in the files.
    pub(crate) fn keep_first(slot: &mut Option<Break>, found: Break) {
        if slot.as_ref().is_none_or(|held| found.order() < held.order()) {
            *slot = Some(found);
        }
    }
}

/// How thoroughly to verify.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every link, header and place, and that each event id counts once; bodies are hashed but not decoded.
    Chain,
    /// Also every body: records, payloads against their schemas, and whether each decision is possible for its record.
    Content,
}

/// Options of a verification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How thoroughly to verify.
    pub level: Level,
    /// Chains or decision chains that were recorded earlier in another place, and that the log must contain. Nothing else
    /// helps against somebody who can rewrite the whole file.
    pub known_heads: Vec<ChainHash>,
}

impl From<Level> for Options {
    fn from(level: Level) -> Options {
        Options { level, known_heads: Vec::new() }
    }
}

/// The end of a node's log in the files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Head {
    /// The node that wrote the log.
    pub node: Uuid,
    /// The number of its last epoch.
    pub epoch: u32,
    /// That epoch's random id.
    pub epoch_id: Uuid,
    /// The number of its last record.
    pub seq: u64,
    /// The chain after it, hex.
    pub chain: String,
}

/// What the files contain.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Summary {
    /// The tenant of the log.
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
    /// Number of decisions by verdict.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<&'static str, u64>,
    /// Things that could not be checked and are no breaks.
    pub notes: Notes,
}

/// What could not be checked with these files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Notes {
    /// Nodes whose log begins in the middle of an epoch here: the first record of each could not be linked. Give the earlier
    /// part too.
    pub unlinked_beginnings: u64,
    /// Epochs whose previous head lies outside these files.
    pub unknown_previous_heads: u64,
    /// Duplicates whose original is before the first position.
    pub unknown_originals: u64,
    /// Payloads written under a schema that this program does not have.
    pub unknown_schemas: u64,
}

/// The result of a verification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How thoroughly the files were verified.
    pub level: Level,
    /// The files, in order.
    pub files: Vec<String>,
    /// What they contain, up to the break if there is one.
    pub summary: Summary,
    /// The first break; none if everything holds.
    pub first_break: Option<Break>,
}
