//! Opening an epoch: its first record, then the events that central has not acknowledged, sealed again under the same event ids.
//!
//! Each page is written in one batch with the note of what is left, so that an interrupted opening continues where it stopped.

use std::ops::ControlFlow;

use comptoir_core::event::Event;
use comptoir_core::id::EventId;
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::stored_v1;

use super::epochs::{Closed, EPOCH_OPENED, EpochHead, Opening, encode};
use super::finding::Finding;
use super::keys::{self, RecordKind};
use super::page::{PAGE_BYTES_MAX, PageBuilder, RecordPage};
use super::position::LogPosition;
use super::store::{Entry, Store, StoreError};
use super::writer::Writer;
use super::{EpochError, State, decisions, walk};

/// Pages sealed again between two flushes.
const PAGES_PER_FLUSH: usize = 64;

/// What remains to be sealed again: the records of each listed epoch from a seq on. A second opening before the first was
/// finished leaves two epochs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Reseal(Vec<(u32, Seq)>);

impl Reseal {
    /// The work that an interrupted opening left.
    pub(crate) fn pending(store: &dyn Store) -> Result<Reseal, StoreError> {
        let value = store.get(&keys::single(RecordKind::Reseal))?.unwrap_or_default();
        let read = |source: &[u8; 12]| {
            let (epoch, seq) = source.split_first_chunk()?;
            Some((u32::from_be_bytes(*epoch), Seq(u64::from_be_bytes(*seq.first_chunk()?))))
        };
        Ok(Reseal(value.as_chunks().0.iter().filter_map(read).collect()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn entry(&self) -> Entry {
        let bytes = |(epoch, seq): &(u32, Seq)| [epoch.to_be_bytes().as_slice(), &seq.0.to_be_bytes()].concat();
        Entry::set(keys::single(RecordKind::Reseal), self.0.iter().flat_map(bytes).collect())
    }
}

impl Writer {
    /// Opens a new epoch and seals the old epoch's unacknowledged events again.
    pub(crate) fn open_epoch(&mut self, previous: Option<EpochHead>, reason: &str) -> Result<Epoch, EpochError> {
        if let State::Failed { reason } = self.shared.state() {
            return Err(EpochError::ReadOnly { reason });
        }
        let sources = self.sources().map_err(|error| self.unopened(error))?;
        // Read before anything is written: an epoch that cannot take over the events would lose them.
        self.readable(&sources)?;
        self.begin_epoch(previous, reason, &sources).map_err(|error| self.unopened(error))?;
        self.finish_reseal(sources)?;
        // Whatever was found damaged precedes the new epoch.
        self.shared.healed_by_new_epoch();
        Ok(self.epoch)
    }

    /// The open epoch's unacknowledged events, and what an unfinished opening still has of older ones.
    fn sources(&self) -> Result<Reseal, StoreError> {
        let store = &*self.shared.store;
        let from = decisions::acked(store, self.epoch.number)?.next();
        let mut sources = Reseal(vec![(self.epoch.number, from)]);
        sources.0.extend(Reseal::pending(store)?.0);
        Ok(sources)
    }

    fn unopened(&mut self, error: StoreError) -> EpochError {
        EpochError::ReadOnly { reason: self.fail(error) }
    }

    fn readable(&mut self, sources: &Reseal) -> Result<(), EpochError> {
        for (epoch, from) in sources.0.iter().copied() {
            let mut damage = None;
            let walked = walk::pages(&*self.shared.store, epoch, from, |page| match page {
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    damage = Some(Finding::page(epoch, error));
                    ControlFlow::Break(())
                }
            });
            walked.map_err(|error| self.unopened(error))?;
            if let Some(finding) = damage {
                return Err(EpochError::Damaged(finding));
            }
        }
        Ok(())
    }

    fn begin_epoch(&mut self, previous: Option<EpochHead>, reason: &str, sources: &Reseal) -> Result<(), StoreError> {
        let random = |error: std::io::Error| StoreError { doing: "draw an epoch's id", error: error.to_string() };
        let id = self.shared.environment.random_uuid().map_err(random)?;
        // Central may know a later epoch than this copy of the log does.
        let number = previous.map_or(0, |head| head.epoch.number).max(self.epoch.number) + 1;
        let (identity, key) = (self.shared.identity, self.shared.public_key());
        let now = self.shared.environment.now();
        let opening = Opening::new(identity, key, Epoch { number, id }, previous, reason, now)?;
        let acked = decisions::acked(&*self.shared.store, self.epoch.number)?;
        let closed = Closed { epoch: self.epoch.number, seq: self.seq, chain: self.chain, acked };
        let mut batch = opening.entries(Some(closed));
        batch.push(sources.entry());
        self.shared.store.apply(batch)?;
        self.shared.store.flush()?;
        self.epoch = opening.epoch;
        (self.seq, self.chain) = (Seq(1), opening.page.chain());
        self.shared.add_epoch(self.epoch, closed);
        self.ids.note([(opening.event, LogPosition { epoch: number, seq: self.seq })]);
        Ok(())
    }

    /// Seals the remaining events of older epochs and opens the log. Also continues after a crash.
    pub(crate) fn finish_reseal(&mut self, mut sources: Reseal) -> Result<(), EpochError> {
        while !sources.is_empty() {
            let sealed = self.reseal_some(&mut sources)?;
            self.shared.store.flush().map_err(|error| self.unopened(error))?;
            self.ids.note(sealed);
            self.settle_ids(PAGES_PER_FLUSH);
        }
        let done = self.shared.store.apply(vec![Entry::remove(keys::single(RecordKind::Reseal))]);
        done.and_then(|()| self.shared.store.flush()).map_err(|error| self.unopened(error))?;
        self.publish_head(Seq::ZERO);
        self.write_mark();
        Ok(())
    }

    /// Seals some pages again. A finished source is removed.
    fn reseal_some(&mut self, sources: &mut Reseal) -> Result<Vec<(EventId, LogPosition)>, EpochError> {
        let mut sealed = Vec::new();
        for _ in 0..PAGES_PER_FLUSH {
            let Some((epoch, from)) = sources.0.first().copied() else { break };
            match walk::next_page(&*self.shared.store, epoch, from).map_err(|error| self.unopened(error))? {
                Some(Ok(page)) => {
                    sources.0[0].1 = page.last().next();
                    sealed.extend(self.reseal_page(&page, epoch, from, sources).map_err(|error| self.unopened(error))?);
                }
                Some(Err(error)) => return Err(EpochError::Damaged(Finding::page(epoch, error))),
                None => drop(sources.0.remove(0)),
            }
        }
        Ok(sealed)
    }

    /// Seals one page's events from a seq on, in one batch with the note of what is left.
    fn reseal_page(
        &mut self,
        source: &RecordPage,
        epoch: u32,
        from: Seq,
        left: &Reseal,
    ) -> Result<Vec<(EventId, LogPosition)>, StoreError> {
        // The time of the first append is kept: the event has waited for central since then.
        let mut page = PageBuilder::new(self.seq.next(), self.chain, source.appended_at);
        let mut ids = Vec::new();
        for (seq, _, record) in source.numbered().filter(|(seq, ..)| *seq >= from) {
            let decode = |error: stored_v1::DecodeError| StoreError {
                doing: "seal a record again",
                error: format!("epoch {epoch}, seq {seq}: {error}"),
            };
            let event = stored_v1::decode(record).map_err(decode)?;
            if event.content.action.as_str() == EPOCH_OPENED {
                continue;
            }
            let event = Event { epoch: self.epoch, seq: page.next_seq(), ..event };
            ids.push((event.id, LogPosition { epoch: self.epoch.number, seq: event.seq }));
            page.push(&encode(&event)?);
        }
        if ids.is_empty() {
            return Ok(ids);
        }
        assert!(page.bytes() <= PAGE_BYTES_MAX, "a record sealed again keeps its length");
        assert_eq!(page.start(), (self.seq.next(), self.chain), "a page continues the record before it");
        let mut batch = page.entries(self.epoch.number);
        batch.push(left.entry());
        self.shared.store.apply(batch)?;
        (self.seq, self.chain) = (page.last_seq(), page.chain());
        Ok(ids)
    }
}
