//! The export bundle: a log in a file that an auditor verifies without a server. `docs/spec/bundle.md` specifies it.
//!
//! A bundle holds one node's log, or a tenant's log with central's decisions. It is written and read as a stream. Every length in
//! it is limited. It ends with counts, heads and a digest of everything before, so that a cut file is noticed.
//!
//! ```text
//! file    = header frame* end
//! header  = "CPTB" | format u16 | kind u8 | tenant 16 | node:    node 16
//!                                                     | central: after position u64, decision chain 32, context
//! context = central's own node 16 | zone text | sites u32 | (site 16 | code text)*
//! text    = length u16 | UTF-8 of that length
//! frame   = tag u8 | length u32 | body of that length
//! epoch   = number u32 | id 16 | after seq u64 | chain 32                  (node: the records that follow are of this epoch)
//! head    = last seq u64 | chain 32                                        (node: where that epoch's records have to end)
//! record  = chain 32 | record                                             (node: seq is one more than the record before)
//! answer  = decision as the node keeps it                                 (node: of the record before)
//! entry   = position u64 | node 16 | epoch number u32 | epoch id 16 | seq u64 | chain 32 | decision chain 32
//!           | record length u32 | record | decision                       (central)
//! end     = records u64 | decisions u64 | last seq or position u64 | chain 32 | blake3 of every byte of the file before it 32
//! ```
//!
//! Numbers are little-endian. Reading checks the form; `comptoir-audit` checks the chains.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_core::limits::{NAME_CHARS_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Position, Seq};

pub use reader::{BundleError, BundleReader, LAST_NUMBER};
pub use writer::{CentralBundleWriter, NodeBundleWriter, WriteError};

use crate::stored_v1::DECISION_BYTES_MAX;

/// First bytes of every bundle.
pub const MAGIC: [u8; 4] = *b"CPTB";
/// Version of the bundle format.
pub const FORMAT: u16 = 1;
/// What an export is answered as.
pub const CONTENT_TYPE: &str = "application/vnd.comptoir.bundle";

const KIND_NODE: u8 = 1;
const KIND_CENTRAL: u8 = 2;
const TAG_EPOCH: u8 = 1;
const TAG_RECORD: u8 = 2;
const TAG_ANSWER: u8 = 3;
const TAG_ENTRY: u8 = 4;
const TAG_HEAD: u8 = 5;
const TAG_END: u8 = 255;
const FRAME_HEADER_BYTES: usize = 5;
const EPOCH_BYTES: usize = 60;
const HEAD_BYTES: usize = 40;
/// Position, place, both chains and the record's length.
const ENTRY_FIXED_BYTES: usize = 120;
const END_BYTES: usize = 88;
const DIGEST_BYTES: usize = 32;
/// Bytes of a text in a context: a name, or a zone's.
const TEXT_BYTES_MAX: usize = 4 * NAME_CHARS_MAX;
/// More than any tenant has.
const SITES_MAX: usize = 100_000;
/// The longest body any frame may have.
const BODY_BYTES_MAX: usize = ENTRY_FIXED_BYTES + RECORD_BYTES_MAX + DECISION_BYTES_MAX;

/// What a bundle is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BundleHeader {
    /// One node's log, epoch by epoch.
    Node {
        /// Its tenant.
        tenant: TenantId,
        /// The node.
        node: NodeId,
    },
    /// A tenant's log with central's decisions, in the order of positions.
    Central {
        /// The tenant.
        tenant: TenantId,
        /// The first entry is at the position after this one: zero for a whole log.
        after: Position,
        /// The decision chain at `after`.
        decision_chain: ChainHash,
    },
}

/// The facts about a tenant that decisions need and no record contains. The context is outside the chains. Deciding again with
/// a changed context gives other decisions, which reveals the change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TenantContext {
    /// Central's own node in the tenant, whose events may do what no other node's may.
    pub central_node: NodeId,
    /// The name of the zone in which years are counted, as the time zone database has it.
    pub zone: String,
    /// The code of each site, for references. In the order of their ids.
    pub sites: Vec<(SiteId, Name)>,
}

impl BundleHeader {
    /// The tenant of the log.
    pub fn tenant(&self) -> TenantId {
        match self {
            BundleHeader::Node { tenant, .. } | BundleHeader::Central { tenant, .. } => *tenant,
        }
    }
}

/// One frame, borrowed from the reader's buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// The records that follow are of this epoch.
    Epoch(EpochStart),
    /// The end of the epoch just named in the exported log. A bundle whose records end earlier is short.
    Head(EpochHead),
    /// A record of a node's log.
    Record {
        /// The chain after it.
        chain: ChainHash,
        /// Its bytes, whatever they are.
        record: &'a [u8],
    },
    /// The node's copy of central's decision about the previous record.
    Answer(&'a [u8]),
    /// A record of a tenant's log and its decision.
    Entry(Entry<'a>),
}

/// The start of a run of a node's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: Epoch,
    /// The next record is the one after this seq; zero if the epoch is complete.
    pub after: Seq,
    /// The chain at `after`; the epoch's genesis if that is zero.
    pub chain: ChainHash,
}

/// The end of an epoch in the log that was exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochHead {
    /// Its last record.
    pub seq: Seq,
    /// The chain after that record.
    pub chain: ChainHash,
}

/// A record of a tenant's log, its place and its decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Position in the tenant's log.
    pub position: Position,
    /// The node whose chain contains the record. The record's header names the same node, or it was quarantined.
    pub node: NodeId,
    /// The node's epoch.
    pub epoch: Epoch,
    /// Its number in the epoch.
    pub seq: Seq,
    /// The node's chain after it.
    pub chain: ChainHash,
    /// The tenant's decision chain after it.
    pub decision_chain: ChainHash,
    /// The record's bytes, whatever they are.
    pub record: &'a [u8],
    /// The decision's bytes.
    pub decision: &'a [u8],
}

/// What a bundle says of itself at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trailer {
    /// Number of records.
    pub records: u64,
    /// How many decisions.
    pub decisions: u64,
    /// The seq of a node's last record in its last epoch, or the last position.
    pub last: u64,
    /// The chain after it: the node's chain, or the tenant's decision chain.
    pub chain: ChainHash,
    /// Blake3 of every byte before it.
    pub digest: [u8; 32],
}

/// Counts for the end frame.
#[derive(Clone, Copy, Debug)]
struct Tally {
    records: u64,
    decisions: u64,
    last: u64,
    chain: ChainHash,
}

impl Tally {
    fn start(header: &BundleHeader) -> Tally {
        let (last, chain) = match header {
            BundleHeader::Node { .. } => (0, ChainHash([0; 32])),
            BundleHeader::Central { after, decision_chain, .. } => (after.0, *decision_chain),
        };
        Tally { records: 0, decisions: 0, last, chain }
    }

    fn count(&mut self, frame: &Frame<'_>) {
        match frame {
            Frame::Epoch(start) => (self.last, self.chain) = (start.after.0, start.chain),
            Frame::Record { chain, .. } => {
                self.records += 1;
                (self.last, self.chain) = (self.last.saturating_add(1), *chain);
            }
            Frame::Head(_) => {}
            Frame::Answer(_) => self.decisions += 1,
            Frame::Entry(entry) => {
                self.records += 1;
                self.decisions += 1;
                (self.last, self.chain) = (entry.position.0, entry.decision_chain);
            }
        }
    }
}
