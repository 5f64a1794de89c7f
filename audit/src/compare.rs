//! Comparing a node's log with central's: identical records, and records that only one side holds. Both logs are read once, in
//! step.
//!
//! Links are not computed here, so both logs must be verified first. If the chains of two verified logs agree at a record,
//! everything before it agrees too; every record is compared all the same, so that the first difference is named.
//!
//! After a restore from an older copy, central gives the records that it lost new positions when the nodes send them again,
//! while a node keeps its first answer. This is no contradiction if central recorded the restore before it stored the record
//! again, and verdict, code and reference are those that the node received.

use std::cmp::Ordering;
use std::fmt;
use std::io::Read;

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::Verdict;
use comptoir_core::id::NodeId;
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_proto::bundle_v1::{BundleHeader, BundleReader, Entry, EpochHead, Frame};
use comptoir_proto::payload::CENTRAL_RESTORED;
use comptoir_proto::sync_v1::RecordResult;
use comptoir_proto::{instant, stored_v1};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::opening::EpochEnd;
use crate::source::{AuditError, Source, open};

/// The differences between two logs of one node.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Comparison {
    /// The node that wrote the log.
    pub node: Uuid,
    /// Records that both hold, byte for byte up to the first difference.
    pub same: u64,
    /// Decisions that both hold and that are equal.
    pub same_answers: u64,
    /// The first record that differs.
    pub difference: Option<RecordDifference>,
    /// The first decision that differs.
    pub answer_difference: Option<AnswerDifference>,
    /// Restores of central after which decisions of this node have another position and are the same otherwise.
    pub restores: Vec<Restore>,
    /// Ranges of records that only one side holds.
    pub alone: Vec<UnmatchedRecords>,
}

impl Comparison {
    /// Whether the two contradict each other. Records that wait to be sent, were sealed again, or are before the files do not
    /// contradict.
    pub fn contradicts(&self) -> bool {
        let contradicts = |alone: &UnmatchedRecords| match alone.why {
            UnmatchedReason::Waiting | UnmatchedReason::SealedAgain | UnmatchedReason::BeforeTheFile => false,
            UnmatchedReason::Missing | UnmatchedReason::Lost => true,
        };
        self.difference.is_some() || self.answer_difference.is_some() || self.alone.iter().any(contradicts)
    }
}

/// A record that the two sides hold with different bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RecordDifference {
    /// The node's epoch.
    pub epoch: u32,
    /// The record's number in it.
    pub seq: u64,
    /// Where central holds it.
    pub position: u64,
    /// The chain after it at the node, hex.
    pub node_chain: String,
    /// The chain after it at central, hex.
    pub central_chain: String,
}

/// A decision that the two sides hold differently.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AnswerDifference {
    /// The node's epoch.
    pub epoch: u32,
    /// The record's number in it.
    pub seq: u64,
    /// Where central holds it.
    pub position: u64,
    /// The node's stored answer, in text.
    pub node: String,
    /// Central's stored decision, in text.
    pub central: String,
}

/// A restore recorded in central's log, and the differences that it explains.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Restore {
    /// Where central's log records it.
    pub position: u64,
    /// Central's head when it was recorded.
    pub head: u64,
    /// When central recorded it.
    pub at: String,
    /// The operator's reason.
    pub reason: Option<String>,
    /// Decisions of this node that were stored again after it: equal except for their position.
    pub moved: u64,
    /// Those of them whose first position is at or below `head`: central stored something between the restore and its record.
    pub answered_below_head: u64,
    /// The first of them.
    pub first: AnswerDifference,
}

/// Consecutive records that only one side holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnmatchedRecords {
    /// The node's epoch.
    pub epoch: u32,
    /// The first of them.
    pub from: u64,
    /// The last of them.
    pub to: u64,
    /// Why only one side holds them.
    pub why: UnmatchedReason,
}

/// Why only one side holds a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UnmatchedReason {
    /// At the node, after everything that central holds: waiting to be sent.
    Waiting,
    /// At the node, in an abandoned epoch: sealed again in a later one.
    SealedAgain,
    /// At the node, before the beginning of central's file, which is only a part.
    BeforeTheFile,
    /// At the node, although central holds later records: central has lost them.
    Missing,
    /// At central: the node's log was shortened, or restored from an older copy.
    Lost,
}

/// Compares a node's bundle with a tenant's.
pub fn compare(node: &dyn Source, central: &dyn Source) -> Result<Comparison, AuditError> {
    let (node_reader, central_reader) = (open(node)?, open(central)?);
    let BundleHeader::Node { tenant, node: id } = *node_reader.header() else {
        return Err(AuditError::Kind { name: node.name(), needed: "a bundle of a node's log" });
    };
    let BundleHeader::Central { tenant: central_tenant, after, .. } = *central_reader.header() else {
        return Err(AuditError::Kind { name: central.name(), needed: "a bundle of a tenant's log" });
    };
    if tenant != central_tenant {
        return Err(AuditError::OtherLog { name: central.name(), other: node.name() });
    }
    let mut left = NodeSide { name: node.name(), reader: node_reader, epoch: None, head: None, held: None };
    let central_node = central_reader.context().map(|context| context.central_node);
    let mut right =
        CentralSide { name: central.name(), reader: central_reader, node: id, central_node, restores: Vec::new() };
    let mut found = Walk {
        comparison: Comparison { node: id.uuid(), ..Comparison::default() },
        part: after > Position::ZERO,
        met: false,
    };
    let (mut at_node, mut at_central) = (left.next()?, right.next()?);
    loop {
        let order = match (&at_node, &at_central) {
            (None, None) => return Ok(found.comparison),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => place_of(&left.end).cmp(&place_of(&right.end)),
        };
        match order {
            Ordering::Less => {
                let last_epoch_at_central = at_central.as_ref().map(|right| right.end.epoch);
                if let Some(seen) = at_node.take() {
                    found.node_alone(&seen, last_epoch_at_central);
                }
                at_node = left.next()?;
                found.left_behind(at_node.as_ref());
            }
            Ordering::Greater => {
                if let Some(seen) = at_central.take() {
                    found.alone(&seen.end, UnmatchedReason::Lost);
                }
                at_central = right.next()?;
            }
            Ordering::Equal => {
                if let (Some(left), Some(right_record)) = (at_node.take(), at_central.take()) {
                    found.both(&left, &right_record, right.restores.last());
                }
                (at_node, at_central) = (left.next()?, right.next()?);
            }
        }
    }
}

struct Walk {
    comparison: Comparison,
    /// Whether central's file begins in the middle of its log.
    part: bool,
    /// Whether a record of central was read.
    met: bool,
}

impl Walk {
    /// `restore` is the last one that central recorded before it stored the record.
    fn both(&mut self, left: &NodeRecord, right: &CentralRecord, restore: Option<&SeenRestore>) {
        self.met = true;
        let EpochEnd { epoch, seq, .. } = left.end;
        let (epoch_number, seq, position) = (epoch.number, seq.0, right.position.0);
        if (left.end.epoch, left.end.chain) != (right.end.epoch, right.end.chain) {
            self.comparison.difference.get_or_insert_with(|| RecordDifference {
                epoch: epoch_number,
                seq,
                position,
                node_chain: chain_in_epoch(left.end.epoch, right.end.epoch, left.end.chain),
                central_chain: chain_in_epoch(right.end.epoch, left.end.epoch, right.end.chain),
            });
        } else if self.comparison.difference.is_none() {
            self.comparison.same += 1;
        }
        let Some(answer) = &left.answer else { return };
        if *answer == right.decided {
            self.comparison.same_answers += 1;
            return;
        }
        let difference = AnswerDifference {
            epoch: epoch_number,
            seq,
            position,
            node: answer.to_string(),
            central: right.decided.to_string(),
        };
        match (restore, answer.position) {
            (Some(restore), Some(answered_at)) if answer.says_the_same(&right.decided) => {
                self.moved(restore, answered_at, difference);
            }
            _ => {
                self.comparison.answer_difference.get_or_insert(difference);
            }
        }
    }

    /// A decision that was stored again after a restore.
    fn moved(&mut self, restore: &SeenRestore, answered_at: u64, difference: AnswerDifference) {
        let restores = &mut self.comparison.restores;
        if restores.last().is_none_or(|last| last.position != restore.position) {
            restores.push(Restore {
                position: restore.position,
                head: restore.head,
                at: restore.at.clone(),
                reason: restore.reason.clone(),
                moved: 0,
                answered_below_head: 0,
                first: difference,
            });
        }
        if let Some(last) = restores.last_mut() {
            last.moved += 1;
            last.answered_below_head += u64::from(answered_at <= restore.head);
        }
    }

    fn node_alone(&mut self, seen: &NodeRecord, next_at_central: Option<Epoch>) {
        let why = match next_at_central {
            _ if self.part && !self.met => UnmatchedReason::BeforeTheFile,
            None => UnmatchedReason::Waiting,
            Some(next) if next.number > seen.end.epoch.number => UnmatchedReason::SealedAgain,
            Some(_) => UnmatchedReason::Missing,
        };
        self.alone(&seen.end, why);
    }

    /// The node's log continues in a later epoch, so records that seemed to wait in an earlier one were sealed again.
    fn left_behind(&mut self, next: Option<&NodeRecord>) {
        let Some(next) = next else { return };
        if let Some(last) = self.comparison.alone.last_mut()
            && last.why == UnmatchedReason::Waiting
            && last.epoch < next.end.epoch.number
        {
            last.why = UnmatchedReason::SealedAgain;
        }
    }

    fn alone(&mut self, end: &EpochEnd, why: UnmatchedReason) {
        let (epoch, seq) = (end.epoch.number, end.seq.0);
        match self.comparison.alone.last_mut() {
            Some(last) if (last.epoch, last.why) == (epoch, why) && last.to.checked_add(1) == Some(seq) => {
                last.to = seq
            }
            _ => self.comparison.alone.push(UnmatchedRecords { epoch, from: seq, to: seq, why }),
        }
    }
}

/// A chain, and the epoch's id where that differs too.
fn chain_in_epoch(epoch: Epoch, other: Epoch, chain: ChainHash) -> String {
    if epoch == other { chain.to_string() } else { format!("{chain} in epoch {}", epoch.id) }
}

fn place_of(end: &EpochEnd) -> (u32, Seq) {
    (end.epoch.number, end.seq)
}

struct NodeRecord {
    end: EpochEnd,
    answer: Option<ComparedDecision>,
}

/// The part of a decision that must be equal on both sides.
#[derive(PartialEq, Eq)]
struct ComparedDecision {
    /// Absent if the decision cannot be decoded.
    position: Option<u64>,
    /// Verdict, code and reference, or the decoding error.
    words: String,
}

impl ComparedDecision {
    /// Whether the two differ in nothing but the position.
    fn says_the_same(&self, other: &ComparedDecision) -> bool {
        self.position.is_some() && other.position.is_some() && self.words == other.words
    }
}

impl fmt::Display for ComparedDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "position {position}: ")?;
        }
        f.write_str(&self.words)
    }
}

struct NodeSide<'a> {
    name: String,
    reader: BundleReader<Box<dyn Read + 'a>>,
    epoch: Option<EpochEnd>,
    /// The end that the bundle states for this epoch.
    head: Option<EpochHead>,
    /// A record that may still be followed by its answer.
    held: Option<NodeRecord>,
}

impl NodeSide<'_> {
    /// Refuses a short bundle: its missing records would look as if the node had never had them.
    fn reaches_its_head(&mut self) -> Result<(), AuditError> {
        match (self.epoch, self.head.take()) {
            (Some(end), Some(head)) if end.seq < head.seq => Err(AuditError::RecordsMissing {
                name: self.name.clone(),
                epoch: end.epoch.number,
                first: end.seq.next(),
                last: head.seq,
            }),
            _ => Ok(()),
        }
    }

    fn next(&mut self) -> Result<Option<NodeRecord>, AuditError> {
        loop {
            let frame =
                self.reader.next_frame().map_err(|error| AuditError::Read { name: self.name.clone(), error })?;
            let Some((_, frame)) = frame else {
                self.reaches_its_head()?;
                return Ok(self.held.take());
            };
            match frame {
                Frame::Epoch(start) => {
                    self.reaches_its_head()?;
                    self.epoch = Some(EpochEnd { epoch: start.epoch, seq: start.after, chain: start.chain });
                }
                Frame::Head(head) => self.head = Some(head),
                Frame::Record { chain, .. } => {
                    let Some(end) = &mut self.epoch else { continue };
                    (end.seq, end.chain) = (Seq(end.seq.0.saturating_add(1)), chain);
                    let record = NodeRecord { end: *end, answer: None };
                    if let Some(before) = self.held.replace(record) {
                        return Ok(Some(before));
                    }
                }
                Frame::Answer(answer) => {
                    if let Some(record) = &mut self.held {
                        record.answer = Some(answered(answer));
                    }
                }
                Frame::Entry(_) => {}
            }
        }
    }
}

struct CentralRecord {
    end: EpochEnd,
    position: Position,
    decided: ComparedDecision,
}

/// A restore as central's log records it.
struct SeenRestore {
    position: u64,
    head: u64,
    at: String,
    reason: Option<String>,
}

struct CentralSide<'a> {
    name: String,
    reader: BundleReader<Box<dyn Read + 'a>>,
    node: NodeId,
    /// Central's own node, which alone records restores.
    central_node: Option<NodeId>,
    /// Restores read so far.
    restores: Vec<SeenRestore>,
}

impl CentralSide<'_> {
    fn next(&mut self) -> Result<Option<CentralRecord>, AuditError> {
        loop {
            let frame =
                self.reader.next_frame().map_err(|error| AuditError::Read { name: self.name.clone(), error })?;
            match frame {
                None => return Ok(None),
                Some((_, Frame::Entry(entry))) if entry.node == self.node => {
                    let end = EpochEnd { epoch: entry.epoch, seq: entry.seq, chain: entry.chain };
                    let decided = decided(entry.decision);
                    return Ok(Some(CentralRecord { end, position: entry.position, decided }));
                }
                Some((_, Frame::Entry(entry))) if Some(entry.node) == self.central_node => {
                    self.restores.extend(recorded_restore(&entry));
                }
                Some(_) => {}
            }
        }
    }
}

/// The restore that an entry of central's own node records, if any.
fn recorded_restore(entry: &Entry<'_>) -> Option<SeenRestore> {
    let event = stored_v1::decode(entry.record).ok()?;
    if event.content.action.as_str() != CENTRAL_RESTORED {
        return None;
    }
    let decision = stored_v1::decode_decision(entry.decision).ok()?;
    let payload: Value = serde_json::from_slice(&event.content.payload).ok()?;
    Some(SeenRestore {
        position: entry.position.0,
        head: payload.get("head")?.as_u64()?,
        at: instant::format(decision.received_at),
        reason: payload.get("reason").and_then(Value::as_str).map(str::to_owned),
    })
    .filter(|_| decision.judgement.verdict == Verdict::Accepted)
}

fn decided(decision: &[u8]) -> ComparedDecision {
    match stored_v1::decode_decision(decision) {
        Ok(decision) => {
            let judgement = &decision.judgement;
            let code = judgement.code.map(|code| code.as_str());
            compared(decision.position.0, judgement.verdict.as_str(), code, judgement.reference.as_deref())
        }
        Err(error) => ComparedDecision { position: None, words: error.to_string() },
    }
}

fn answered(answer: &[u8]) -> ComparedDecision {
    match serde_json::from_slice::<RecordResult>(answer) {
        Ok(answer) => compared(answer.position, &answer.verdict, answer.code.as_deref(), answer.reference.as_deref()),
        Err(error) => ComparedDecision { position: None, words: error.to_string() },
    }
}

fn compared(position: u64, verdict: &str, code: Option<&str>, reference: Option<&str>) -> ComparedDecision {
    let rest = [code, reference].into_iter().flatten().map(|word| format!(" {word}")).collect::<String>();
    ComparedDecision { position: Some(position), words: format!("{verdict}{rest}") }
}
