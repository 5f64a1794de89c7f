//! Parses records before the tenant is locked: chain, header, body, schema. Pure, and spread over all available threads.
//!
//! Only a broken chain and records of another tenant are refused. A record with any other defect keeps its seq and is stored
//! and quarantined, so that it never blocks the records after it.

use comptoir_core::chain::{ChainHash, link};
use comptoir_core::clock::ClockHistory;
use comptoir_core::event::Event;
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::rules::PriorDecision;
use comptoir_core::time::Timestamp;
use comptoir_proto::opening::{self, Opening};
use comptoir_proto::{record_reader, stored_v1};

use crate::event_store::NodeHead;
use crate::restore_window;

pub(crate) use comptoir_proto::record_reader::{RecordPosition, RecordReading as Body};

/// Records of one node's epoch, in order, with their chain verified.
#[derive(Debug)]
pub(crate) struct PreparedPush {
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    /// The seq of the first record.
    pub(crate) first_seq: Seq,
    /// The chain before the first record.
    pub(crate) previous: ChainHash,
    pub(crate) records: Vec<PreparedRecord>,
    /// The parsed first record, if it opens the epoch.
    pub(crate) opening: Option<Opening>,
    /// The node's clock minus central's when the node sent the push.
    pub(crate) clock_offset_micros: i64,
    /// The node's clock changes since the time of the first record.
    pub(crate) clock: ClockHistory,
}

impl PreparedPush {
    /// The seq of the last record.
    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.first_seq.0 + self.records.len() as u64 - 1)
    }

    /// The node's head after the first `count` records.
    pub(crate) fn head_at(&self, count: usize) -> NodeHead {
        let last_chain = count.checked_sub(1).map_or(self.previous, |last| self.records[last].chain);
        let last_seq = Seq((self.first_seq.0 + count as u64).saturating_sub(1));
        NodeHead { epoch: self.epoch, last_seq, last_chain, frozen: false }
    }

    /// The index of the first record, after the `held` ones, that must wait for the restore window to close; the number of
    /// records if none must.
    pub(crate) fn waits_from(&self, held: usize) -> usize {
        let waits = |record: &PreparedRecord| match &record.body {
            Body::Known(known) => record.prior_decision.is_none() && restore_window::must_wait_for_restore(&known.fact),
            Body::Unreadable { .. } => false,
        };
        let first = self.records.iter().skip(held).position(waits);
        first.map_or(self.records.len(), |first| held + first)
    }
}

/// A record with its verified chain.
#[derive(Debug)]
pub(crate) struct PreparedRecord {
    pub(crate) record: Vec<u8>,
    /// The chain after the record.
    pub(crate) chain: ChainHash,
    /// The event's id, or an id derived from the chain if the record cannot be decoded.
    pub(crate) event_id: EventId,
    pub(crate) body: Body,
    /// Central's decision from before its restore, if the node reported an attested one.
    pub(crate) prior_decision: Option<PriorDecision>,
    /// When the node received the event, by the node's clock, if the event's own time was later.
    pub(crate) taken_in: Option<Timestamp>,
}

impl PreparedRecord {
    /// The event, if the record can be decoded.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.body.event()
    }

    /// What the event says, if its payload can be read.
    pub(super) fn fact(&self) -> Option<&Fact> {
        match &self.body {
            Body::Known(known) => Some(&known.fact),
            Body::Unreadable { .. } => None,
        }
    }
}

/// Why a push is refused as a whole, before anything is loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrepareError {
    /// The bytes do not match the chain: they were damaged in transit.
    #[error("record {seq} does not fit its chain: computed {computed}, sent {sent}")]
    Chain {
        seq: Seq,
        /// Computed from the record's bytes and the chain before it.
        computed: ChainHash,
        sent: ChainHash,
    },
    /// A record sealed for another tenant.
    #[error("record {seq} was sealed for tenant {sealed_for}, the credential is of {tenant}")]
    Tenant {
        seq: Seq,
        /// The tenant in the record's header.
        sealed_for: TenantId,
        tenant: TenantId,
    },
}

/// Parses the records of a push. `sent` holds each record's bytes and the chain after it, as received.
pub(crate) fn prepare(
    first: RecordPosition,
    previous: ChainHash,
    sent: Vec<(Vec<u8>, ChainHash)>,
) -> Result<Vec<PreparedRecord>, PrepareError> {
    let mut chain = previous;
    for (seq, (record, after)) in (first.seq.0..).zip(&sent) {
        let seq = Seq(seq);
        if let Ok(header) = stored_v1::header(record)
            && header.tenant != first.tenant
        {
            return Err(PrepareError::Tenant { seq, sealed_for: header.tenant, tenant: first.tenant });
        }
        chain = link(chain, record);
        if chain != *after {
            return Err(PrepareError::Chain { seq, computed: chain, sent: *after });
        }
    }
    let count = sent.len();
    let records = read_all(first, sent);
    assert_eq!(records.len(), count, "every record is read, whatever it says");
    assert_eq!(records.last().map_or(previous, |last| last.chain), chain, "records keep their order");
    Ok(records)
}

/// Validating payloads is most of the work, so a large push is spread over several threads.
fn read_all(first: RecordPosition, sent: Vec<(Vec<u8>, ChainHash)>) -> Vec<PreparedRecord> {
    const SHARE_MIN: usize = 256;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(sent.len() / SHARE_MIN).max(1);
    let read_share = |from: usize, share: Vec<(Vec<u8>, ChainHash)>| {
        let positions = (first.seq.0 + from as u64..).map(move |seq| RecordPosition { seq: Seq(seq), ..first });
        positions
            .zip(share)
            .map(|(position, (record, chain))| prepare_record(position, record, chain))
            .collect::<Vec<_>>()
    };
    if threads == 1 {
        return read_share(0, sent);
    }
    let share_len = sent.len().div_ceil(threads);
    let mut shares = Vec::with_capacity(threads);
    let mut rest = sent;
    while rest.len() > share_len {
        let tail = rest.split_off(share_len);
        shares.push(std::mem::replace(&mut rest, tail));
    }
    shares.push(rest);
    std::thread::scope(|scope| {
        let starts = (0..).step_by(share_len);
        let workers: Vec<_> =
            starts.zip(shares).map(|(from, share)| scope.spawn(move || read_share(from, share))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("reading a record does not panic")).collect()
    })
}

fn prepare_record(position: RecordPosition, record: Vec<u8>, chain: ChainHash) -> PreparedRecord {
    let body = record_reader::read(position, &record);
    let event_id = body.event().map_or_else(|| stored_v1::unreadable_event_id(chain), |event| event.id);
    PreparedRecord { record, chain, event_id, body, prior_decision: None, taken_in: None }
}

/// The parsed first record of an epoch, if it can be decoded.
pub(crate) fn opening(first: &PreparedRecord) -> Option<Opening> {
    let Body::Known(known) = &first.body else { return None };
    opening::read(&known.event).ok()
}
