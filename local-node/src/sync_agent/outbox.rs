//! The outbox: the next records of the open epoch, as many as one push may have. Batches grow while central answers quickly and
//! halve when a push fails.

use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::clock::GIVEN_AHEAD_MICROS_MAX;
use comptoir_core::event::TimeSource;
use comptoir_core::id::EventId;
use comptoir_core::limits::{PUSH_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::sync_v1::{PriorResult, PushRequest, RecordIntake, RecordResult, SealedRecord};
use comptoir_proto::{instant, stored_v1};
use uuid::Uuid;

use crate::blobs::{self, BlobHash};
use crate::event_log::{Log, ReadError, Sealed};

const RECORDS_START: usize = 500;
const BYTES_START: usize = 1024 * 1024;
/// A batch does not shrink below this: one small record.
const BYTES_MIN: usize = 4 * 1024;
/// A faster answer lets the next batch be larger.
const QUICK: Duration = Duration::from_secs(2);
/// A slower answer makes the next batch smaller: on a slow line a cut costs the whole batch.
const SLOW: Duration = Duration::from_secs(10);

/// The size limit of the next batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BatchSize {
    pub(crate) records: usize,
    /// The bytes of the records, before base64.
    pub(crate) bytes: usize,
}

impl BatchSize {
    pub(crate) fn start() -> BatchSize {
        BatchSize { records: RECORDS_START, bytes: BYTES_START }
    }

    /// After an accepted batch. One that was not full says nothing about the line's capacity.
    pub(crate) fn taken(&mut self, full: bool, latency: Duration) {
        if latency > SLOW {
            self.halve();
        } else if full && latency < QUICK {
            self.records = (self.records * 2).min(PUSH_RECORDS_MAX);
            self.bytes = (self.bytes * 2).min(PUSH_BYTES_MAX);
        }
    }

    /// After a failed batch.
    pub(crate) fn halve(&mut self) {
        self.records = (self.records / 2).max(1);
        self.bytes = (self.bytes / 2).max(BYTES_MIN);
    }
}

/// The part of a sent record that the answer must match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) seq: Seq,
    /// `None` if the record's header does not read; central then answers for the bytes.
    pub(crate) event_id: Option<EventId>,
    pub(crate) chain: ChainHash,
}

/// A batch, ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PushBatch {
    pub(crate) id: Uuid,
    pub(crate) epoch: Epoch,
    pub(crate) records: Vec<Sent>,
    /// Whether the size limited it.
    pub(crate) full: bool,
    /// The files that its events name, to be uploaded first.
    pub(crate) blobs: Vec<BlobHash>,
    pub(crate) body: Bytes,
}

impl PushBatch {
    /// The seq of its first record.
    pub(crate) fn first(&self) -> Seq {
        self.records[0].seq
    }
}

/// Why no batch could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboxError {
    /// The log cannot be read there.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log has no record where its marks require one.
    #[error("epoch {epoch}: the record of seq {seq} is not there")]
    Missing { epoch: u32, seq: Seq },
    /// The request does not encode.
    #[error("the push does not encode: {0}")]
    Encode(String),
}

/// Reads the records from `first` on and builds a push.
pub(crate) fn batch(log: &Log, epoch: Epoch, first: Seq, size: BatchSize, id: Uuid) -> Result<PushBatch, OutboxError> {
    let sealed = log.read(epoch.number, first, size.records, size.bytes)?;
    let last = sealed.last().ok_or(OutboxError::Missing { epoch: epoch.number, seq: first })?.seq;
    assert!(
        (first.0..).zip(&sealed).all(|(seq, sealed)| sealed.seq == Seq(seq)),
        "Log::read answers the records from the first that was asked for, without a hole"
    );
    let identity = log.identity();
    let decided = decided(log, epoch, first, last)?.into_iter().chain(std::iter::repeat(None));
    let request = PushRequest {
        batch_id: id,
        node: identity.node.uuid(),
        epoch: epoch.into(),
        first_seq: first.0,
        previous_chain: chain_before(log, epoch, first)?.to_string(),
        records: sealed.iter().zip(decided).map(|(sealed, decided)| to_send(sealed, decided)).collect(),
        node_time: instant::format(log.watched_now()),
        clock: log.clock_marks(epoch.number, first)?,
        taken_in: sealed.iter().filter_map(given_ahead).collect(),
    };
    let records = sealed.iter().map(|sealed| Sent {
        seq: sealed.seq,
        event_id: stored_v1::header(&sealed.record).ok().map(|header| header.event_id),
        chain: sealed.chain,
    });
    let body = serde_json::to_vec(&request).map_err(|error| OutboxError::Encode(error.to_string()))?;
    let full = log.head().marks.durable > last;
    let blobs = sealed.iter().flat_map(|sealed| blobs::named_in(&sealed.record)).collect();
    Ok(PushBatch { id, epoch, records: records.collect(), full, blobs, body: body.into() })
}

/// When a record was recorded, if the time given for it was in the future then: central bounds the event's time by it.
fn given_ahead(sealed: &Sealed) -> Option<RecordIntake> {
    let event = stored_v1::decode(&sealed.record).ok()?;
    let ahead = event.time_source == TimeSource::Caller
        && event.occurred_at > sealed.appended_at.shifted(GIVEN_AHEAD_MICROS_MAX);
    ahead.then(|| RecordIntake { seq: sealed.seq.0, at: instant::format(sealed.appended_at) })
}

fn to_send(sealed: &Sealed, decided: Option<PriorResult>) -> SealedRecord {
    SealedRecord { prior_decision: decided, ..SealedRecord::new(&sealed.record, sealed.chain) }
}

/// Central's attested decisions of records that are sent again, so that it reports no other decision.
fn decided(log: &Log, epoch: Epoch, first: Seq, last: Seq) -> Result<Vec<Option<PriorResult>>, ReadError> {
    let mut decided = Vec::new();
    if first > log.acked(epoch.number)? {
        return Ok(decided);
    }
    log.each_decision(epoch.number, first, &mut |seq, bytes| {
        if seq > last {
            return ControlFlow::Break(());
        }
        // A stored result that does not parse is decided again, like one without an attestation.
        decided.push(serde_json::from_slice::<RecordResult>(bytes).ok().and_then(|result| result.to_prior_result()));
        ControlFlow::Continue(())
    })?;
    Ok(decided)
}

/// The chain before a record: after the previous one, or the epoch's genesis.
fn chain_before(log: &Log, epoch: Epoch, seq: Seq) -> Result<ChainHash, OutboxError> {
    let identity = log.identity();
    if seq <= Seq(1) {
        return Ok(genesis(identity.tenant, identity.node, epoch));
    }
    chain_at(log, epoch, Seq(seq.0 - 1))
}

/// The chain after a record.
pub(crate) fn chain_at(log: &Log, epoch: Epoch, seq: Seq) -> Result<ChainHash, OutboxError> {
    let sealed = log.read(epoch.number, seq, 1, usize::MAX)?;
    let sealed = sealed.first().filter(|sealed| sealed.seq == seq);
    sealed.map(|sealed| sealed.chain).ok_or(OutboxError::Missing { epoch: epoch.number, seq })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_answers_are_quick_and_stop_at_what_one_push_may_have() {
        let mut size = BatchSize::start();
        let mut records = Vec::new();
        for _ in 0..6 {
            size.taken(true, Duration::from_millis(100));
            records.push(size.records);
        }
        assert_eq!(records, [1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
        assert_eq!(size.bytes, PUSH_BYTES_MAX);
    }

    #[test]
    fn a_batch_that_was_not_full_or_was_answered_late_does_not_let_the_next_grow() {
        let mut size = BatchSize::start();
        size.taken(false, Duration::from_millis(100));
        size.taken(true, Duration::from_secs(5));
        assert_eq!(size, BatchSize::start());
        size.taken(true, Duration::from_secs(20));
        assert_eq!(size.records, RECORDS_START / 2);
    }

    #[test]
    fn failures_halve_a_batch_down_to_one_record() {
        let mut size = BatchSize::start();
        (0..9).for_each(|_| size.halve());
        assert_eq!(size, BatchSize { records: 1, bytes: BYTES_MIN });
    }
}
