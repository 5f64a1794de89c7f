use std::sync::mpsc::SyncSender;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::bundle_v1::{Entry, Frame};
use comptoir_proto::record_reader::{self, RecordPosition, RecordReading};
use comptoir_proto::stored_v1::{self, StoredDecision};

use crate::source::{AuditError, Source, open};

/// Entries handed over at a time.
const PORTION_ENTRIES: usize = 512;
/// Bytes of records and decisions handed over at a time: a few large payloads are a portion too.
const PORTION_BYTES: usize = 4 * 1024 * 1024;

/// A record at its place, as far as it can be decoded, and its decision.
pub(super) struct DecidedRecord {
    pub(super) sealed_at: RecordPosition,
    /// The node's chain after it.
    pub(super) chain: ChainHash,
    /// The tenant's decision chain after it.
    pub(super) decision_chain: ChainHash,
    pub(super) record: RecordReading,
    pub(super) decision: StoredDecision,
}

/// Some entries in order, and how many bytes of all files have been read by then.
pub(super) struct RecordChunk {
    pub(super) records: Vec<DecidedRecord>,
    pub(super) bytes: u64,
}

/// Reads every entry. Ends early, without an error, once the receiver is gone.
pub(super) fn read(
    sources: &[&dyn Source],
    tenant: TenantId,
    sender: &SyncSender<RecordChunk>,
) -> Result<(), AuditError> {
    let mut read_before = 0;
    for source in sources {
        let mut reader = open(*source)?;
        let mut portion = Vec::with_capacity(PORTION_ENTRIES);
        let mut held = 0;
        loop {
            let frame = reader.next_frame().map_err(|error| AuditError::Read { name: source.name(), error })?;
            let Some((offset, frame)) = frame else { break };
            let Frame::Entry(entry) = frame else { continue };
            held += entry.record.len() + entry.decision.len();
            portion.push(decided_record(tenant, &entry).map_err(|why| AuditError::Damaged {
                name: source.name(),
                position: entry.position,
                why,
            })?);
            if portion.len() >= PORTION_ENTRIES || held >= PORTION_BYTES {
                let records = std::mem::replace(&mut portion, Vec::with_capacity(PORTION_ENTRIES));
                held = 0;
                if sender.send(RecordChunk { records, bytes: read_before + offset }).is_err() {
                    return Ok(());
                }
            }
        }
        read_before += reader.offset();
        if sender.send(RecordChunk { records: portion, bytes: read_before }).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn decided_record(tenant: TenantId, entry: &Entry<'_>) -> Result<DecidedRecord, String> {
    let decision = stored_v1::decode_decision(entry.decision).map_err(|error| format!("its decision: {error}"))?;
    let bound = (decision.tenant, decision.position, decision.record_chain);
    if bound != (tenant, entry.position, entry.chain) {
        let Position(position) = decision.position;
        return Err(format!("its decision is about position {position} and record {}", decision.record_chain));
    }
    let sealed_at = RecordPosition { tenant, node: entry.node, epoch: entry.epoch, seq: entry.seq };
    let record = record_reader::read(sealed_at, entry.record);
    Ok(DecidedRecord { sealed_at, chain: entry.chain, decision_chain: entry.decision_chain, record, decision })
}
