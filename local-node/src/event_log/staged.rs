use std::collections::HashMap;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::{Draft, Event, TimeSource};
use comptoir_core::id::EventId;
use comptoir_core::limits::CHUNK_BYTES_MAX;
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;

use super::directory::Identity;
use super::page::{PageBuilder, Savepoint};
use super::position::LogPosition;

/// The records of one group commit, sealed and not yet written. A caller's drafts are staged whole or leave no trace.
pub(crate) struct Staged {
    epoch: Epoch,
    pages: Vec<PageBuilder>,
    page: PageBuilder,
    events: Vec<(Event, ChainHash)>,
    /// Index into `events` by event id.
    ids: HashMap<EventId, usize>,
    now: Timestamp,
    bytes: usize,
}

/// The start of one caller's drafts, so that they can be rolled back if one of them is refused.
pub(crate) struct StagedList {
    page: Savepoint,
    events: usize,
}

impl StagedList {
    /// Bytes that a page with this list alone would have.
    pub(crate) fn bytes(&self, staged: &Staged) -> usize {
        self.page.bytes_since(&staged.page)
    }
}

impl Staged {
    /// Begins after the last record of the log.
    pub(crate) fn new(epoch: Epoch, seq: Seq, chain: ChainHash, now: Timestamp) -> Staged {
        let page = PageBuilder::new(seq.next(), chain, now);
        Staged { epoch, pages: Vec::new(), page, events: Vec::new(), ids: HashMap::new(), now, bytes: 0 }
    }

    /// The pages to write, in order. They must continue the log exactly at its end: a group staged against another end would be
    /// stored as a chain that does not verify.
    pub(crate) fn pages_after(&self, epoch: Epoch, seq: Seq, chain: ChainHash) -> impl Iterator<Item = &PageBuilder> {
        assert_eq!(self.epoch, epoch, "a group is written in the epoch it was staged for");
        let mut end = (seq, chain);
        self.pages().inspect(move |page| {
            assert_eq!(page.start(), (end.0.next(), end.1), "a page continues the record before it");
            end = (page.last_seq(), page.chain());
        })
    }

    fn pages(&self) -> impl Iterator<Item = &PageBuilder> {
        self.pages.iter().chain([&self.page]).filter(|page| page.count() > 0)
    }

    pub(crate) fn drafts(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn seq(&self) -> Seq {
        self.page.last_seq()
    }

    pub(crate) fn chain(&self) -> ChainHash {
        self.page.chain()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn next_seq(&self) -> Seq {
        self.page.next_seq()
    }

    /// The staged event of an id and the chain after it.
    pub(crate) fn get(&self, id: EventId) -> Option<&(Event, ChainHash)> {
        self.ids.get(&id).map(|index| &self.events[*index])
    }

    pub(crate) fn positions(&self) -> impl Iterator<Item = (EventId, LogPosition)> {
        self.events.iter().map(|(event, _)| (event.id, LogPosition { epoch: event.epoch.number, seq: event.seq }))
    }

    pub(crate) fn begin(&mut self, drafts: usize) -> StagedList {
        self.events.reserve(drafts);
        StagedList { page: self.page.savepoint(), events: self.events.len() }
    }

    pub(crate) fn push(&mut self, event: Event, record: &[u8]) -> ChainHash {
        assert_eq!(
            (event.epoch, event.seq),
            (self.epoch, self.page.next_seq()),
            "a record is sealed as the next of the log"
        );
        let chain = self.page.push(record);
        self.ids.insert(event.id, self.events.len());
        self.events.push((event, chain));
        self.bytes += record.len();
        chain
    }

    pub(crate) fn roll_back(&mut self, list: StagedList) {
        self.page.roll_back(list.page);
        for (event, _) in self.events.drain(list.events..) {
            self.ids.remove(&event.id);
        }
    }

    /// Lists share a page while it has one part, because one entry is atomic. A list that does not fit starts a page of its own.
    pub(crate) fn end(&mut self, list: &StagedList) {
        if self.page.bytes() > CHUNK_BYTES_MAX && !list.page.is_start() {
            let full = self.page.split_at(list.page);
            self.pages.push(full);
        }
    }
}

/// Seals a draft as the record of that seq.
pub(crate) fn sealed_event(draft: Draft, identity: Identity, epoch: Epoch, seq: Seq, now: Timestamp) -> Event {
    Event {
        id: draft.id,
        tenant: identity.tenant,
        node: identity.node,
        epoch,
        seq,
        occurred_at: draft.occurred_at.unwrap_or(now),
        time_source: if draft.occurred_at.is_some() { TimeSource::Caller } else { TimeSource::Node },
        // What the node records by itself, and what a local key records, is by no user's rights.
        identity_position: 0,
        content: draft.content,
    }
}
