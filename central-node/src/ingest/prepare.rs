//! Reading records before the tenant is locked: chain, header, body, schema. Pure, and done on as many threads as there
//! are.
//!
//! Only bytes that do not fit their chain, and records of another tenant, are refused. Anything else that is wrong with a
//! record is noted next to it: the record takes its seq, is stored and quarantined, so that it never blocks those after
//! it.

use comptoir_core::chain::{ChainHash, link};
use comptoir_core::clock::ClockHistory;
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::rules::PriorDecision;
use comptoir_core::time::Timestamp;
use comptoir_proto::opening::{self, Opening};
use comptoir_proto::{record_reader, stored_v1};

use crate::event_store::NodeHead;
use crate::restore_window;

pub(crate) use comptoir_proto::record_reader::{RecordPosition, RecordReading as Body};

/// Records of one node's epoch, in order, their chain checked.
#[derive(Debug)]
pub(crate) struct PreparedPush {
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    /// Seq of the first.
    pub(crate) first_seq: Seq,
    /// The chain before the first.
    pub(crate) previous: ChainHash,
    pub(crate) records: Vec<PreparedRecord>,
    /// What the first record says, where it opens the epoch.
    pub(crate) opening: Option<Opening>,
    /// The node's clock minus central's, when the node sent the push.
    pub(crate) clock_offset_micros: i64,
    /// What is known about the node's clock since the first record was stamped.
    pub(crate) clock: ClockHistory,
}

impl PreparedPush {
    /// Seq of the last record.
    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.first_seq.0 + self.records.len() as u64 - 1)
    }

    /// The node's head with the first `count` records.
    pub(crate) fn head_at(&self, count: usize) -> NodeHead {
        let last_chain = count.checked_sub(1).map_or(self.previous, |last| self.records[last].chain);
        let last_seq = Seq((self.first_seq.0 + count as u64).saturating_sub(1));
        NodeHead { epoch: self.epoch, last_seq, last_chain, frozen: false }
    }

    /// Index of the first record after those `held` that has to wait for the restore window to close; the number of
    /// records if none has.
    pub(crate) fn waits_from(&self, held: usize) -> usize {
        let waits = |record: &PreparedRecord| match &record.body {
            Body::Known(known) => record.prior_decision.is_none() && restore_window::must_wait_for_restore(&known.fact),
            Body::Unfit { .. } => false,
        };
        let first = self.records.iter().skip(held).position(waits);
        first.map_or(self.records.len(), |first| held + first)
    }
}

/// A record that fits its chain.
#[derive(Debug)]
pub(crate) struct PreparedRecord {
    pub(crate) record: Vec<u8>,
    /// The chain after it.
    pub(crate) chain: ChainHash,
    /// Its event's id, or one derived from its chain where it does not read.
    pub(crate) event_id: EventId,
    pub(crate) body: Body,
    /// What central had decided about it before it was restored, where the node reported that and central attested it.
    pub(crate) prior_decision: Option<PriorDecision>,
    /// When the node received the event, by its clock, where the event's own time was later.
    pub(crate) taken_in: Option<Timestamp>,
}

impl PreparedRecord {
    /// The event, where the record reads.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.body.event()
    }
}

/// Why a push is refused as a whole before anything is loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrepareError {
    /// Bytes and chain do not fit: damaged on the way.
    #[error("record {seq} does not fit its chain: computed {computed}, sent {sent}")]
    Chain {
        seq: Seq,
        /// From the record's bytes and the chain before it.
        computed: ChainHash,
        sent: ChainHash,
    },
    /// A record sealed for another tenant.
    #[error("record {seq} was sealed for tenant {sealed_for}, the credential is of {tenant}")]
    Tenant {
        seq: Seq,
        /// In the record's header.
        sealed_for: TenantId,
        tenant: TenantId,
    },
}

/// Reads the records of a push. `sent` holds each record's bytes and the chain after it, as they were received.
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

/// Reading a payload under its schema is most of the work, so a large push is shared between threads.
fn read_all(first: RecordPosition, sent: Vec<(Vec<u8>, ChainHash)>) -> Vec<PreparedRecord> {
    const SHARE_MIN: usize = 256;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(sent.len() / SHARE_MIN).max(1);
    let read_share = |from: usize, share: Vec<(Vec<u8>, ChainHash)>| {
        let positions = (first.seq.0 + from as u64..).map(move |seq| RecordPosition { seq: Seq(seq), ..first });
        positions.zip(share).map(|(position, (record, chain))| read(position, record, chain)).collect::<Vec<_>>()
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

fn read(position: RecordPosition, record: Vec<u8>, chain: ChainHash) -> PreparedRecord {
    let body = record_reader::read(position, &record);
    let event_id = body.event().map_or_else(|| stored_v1::unreadable_event_id(chain), |event| event.id);
    PreparedRecord { record, chain, event_id, body, prior_decision: None, taken_in: None }
}

/// What an epoch's first record says, where it reads.
pub(crate) fn opening(first: &PreparedRecord) -> Option<Opening> {
    let Body::Known(known) = &first.body else { return None };
    opening::read(&known.event).ok()
}
