//! Staging drafts: limits, then ids, then seal. A list is staged whole or leaves no trace.

use std::collections::HashMap;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::{Draft, Event, TimeSource};
use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1::{self, DecodeError};

use super::directory::Identity;
use super::ids::Place;
use super::page::{Builder, HEADER_BYTES, PAGE_BYTES_MAX};
use super::read::{self, ReadError};
use super::store::StoreError;
use super::writer::Writer;
use super::{AppendError, Appended, Reused};

/// What one group will write.
pub(crate) struct Staged {
    pages: Vec<Builder>,
    events: HashMap<EventId, (Event, ChainHash)>,
    /// Ids in the order of their seqs.
    order: Vec<(EventId, Seq)>,
    seq: Seq,
    chain: ChainHash,
    now: Timestamp,
    bytes: usize,
}

impl Staged {
    pub(crate) fn new(seq: Seq, chain: ChainHash, now: Timestamp) -> Staged {
        Staged { pages: Vec::new(), events: HashMap::new(), order: Vec::new(), seq, chain, now, bytes: 0 }
    }

    pub(crate) fn pages(&self) -> &[Builder] {
        &self.pages
    }

    pub(crate) fn drafts(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn seq(&self) -> Seq {
        self.seq
    }

    pub(crate) fn chain(&self) -> ChainHash {
        self.chain
    }

    pub(crate) fn into_places(self, epoch: u32) -> impl Iterator<Item = (EventId, Place)> {
        self.order.into_iter().map(move |(id, seq)| (id, Place { epoch, seq }))
    }

    /// Takes one caller's records in. Those of several callers share a page as long as it has one part, since one entry is atomic.
    fn take(&mut self, list: List) {
        if list.events.is_empty() {
            return;
        }
        self.bytes += list.page.bytes();
        (self.seq, self.chain) = (Seq(list.page.next_seq().0 - 1), list.page.chain());
        for (event, chain) in list.events {
            self.order.push((event.id, event.seq));
            self.events.insert(event.id, (event, chain));
        }
        match self.pages.last_mut() {
            Some(open) if open.bytes() + list.page.bytes() - HEADER_BYTES <= CHUNK_BYTES_MAX => open.join(list.page),
            _ => self.pages.push(list.page),
        }
    }
}

/// One caller's drafts on their way.
struct List {
    page: Builder,
    events: Vec<(Event, ChainHash)>,
}

impl Writer {
    /// Seals one caller's drafts after those already staged.
    pub(crate) fn stage(&mut self, staged: &mut Staged, drafts: Vec<Draft>) -> Result<Vec<Appended>, AppendError> {
        if let Some(reason) = self.shared.state().refusal() {
            return Err(AppendError::ReadOnly { reason });
        }
        if let Some((free_bytes, needed_bytes)) = self.shared.disk_low() {
            return Err(AppendError::DiskLow { free_bytes, needed_bytes });
        }
        let page = Builder::new(staged.seq.next(), staged.chain, staged.now);
        let mut list = List { page, events: Vec::new() };
        let mut appended = Vec::with_capacity(drafts.len());
        let mut reused = Vec::new();
        for (index, draft) in drafts.into_iter().enumerate() {
            match self.known(staged, &list, &draft)? {
                Some((same, known)) if same => appended.push(known),
                Some((_, Appended { event_id: id, epoch, seq, .. })) => reused.push(Reused { index, id, epoch, seq }),
                None => appended.push(self.seal(&mut list, draft, staged.now)?),
            }
        }
        if !reused.is_empty() {
            return Err(AppendError::EventIdReused(reused));
        }
        if list.page.bytes() > PAGE_BYTES_MAX {
            let got = list.page.bytes().div_ceil(CHUNK_BYTES_MAX) + 1;
            return Err(AppendError::TooLarge { what: "entries of 4 KiB", got, max: BATCH_ENTRIES_MAX });
        }
        staged.take(list);
        Ok(appended)
    }

    /// Whether the draft's id was seen before, with the same content or other; and the answer given then.
    fn known(&mut self, staged: &Staged, list: &List, draft: &Draft) -> Result<Option<(bool, Appended)>, AppendError> {
        let in_list = list.events.iter().find(|(event, _)| event.id == draft.id);
        if let Some((event, chain)) = in_list.or_else(|| staged.events.get(&draft.id)) {
            return Ok(Some((draft.same_content(event), seen(event, *chain))));
        }
        match self.stored(draft.id) {
            Ok(None) => Ok(None),
            Ok(Some((event, chain))) => Ok(Some((draft.same_content(&event), seen(&event, chain)))),
            // Without knowing whether the id counted already, selling on could count it twice.
            Err(ReadError::Store(error)) => Err(AppendError::ReadOnly { reason: self.fail(error) }),
            Err(ReadError::Damaged(finding)) => {
                let reason = finding.to_string();
                self.shared.damaged(finding);
                Err(AppendError::ReadOnly { reason })
            }
        }
    }

    fn stored(&self, id: EventId) -> Result<Option<(Event, ChainHash)>, ReadError> {
        let Some(place) = self.shared.ids.get(&*self.shared.store, id)? else { return Ok(None) };
        let damaged = |found: String| super::Finding::Unreadable { epoch: place.epoch, seq: place.seq, found };
        let sealed = read::record(&self.shared, place.epoch, place.seq)?;
        let sealed = sealed.ok_or_else(|| damaged("nothing".to_owned()))?;
        let event = stored_v1::decode(&sealed.record).map_err(|error| damaged(error.to_string()))?;
        Ok(Some((event, sealed.chain)))
    }

    fn seal(&self, list: &mut List, draft: Draft, now: Timestamp) -> Result<Appended, AppendError> {
        let event = seal(draft, self.shared.identity, self.epoch, list.page.next_seq(), now);
        let record = encode(&event)?;
        let chain = list.page.push(&record);
        let appended = Appended { duplicate: false, ..seen(&event, chain) };
        list.events.push((event, chain));
        Ok(appended)
    }
}

/// A draft becomes an event, once.
pub(crate) fn seal(draft: Draft, identity: Identity, epoch: Epoch, seq: Seq, now: Timestamp) -> Event {
    Event {
        id: draft.id,
        tenant: identity.tenant,
        node: identity.node,
        epoch,
        seq,
        occurred_at: draft.occurred_at.unwrap_or(now),
        time_source: if draft.occurred_at.is_some() { TimeSource::Caller } else { TimeSource::Node },
        // Users and rights reach a node by pull; until it has pulled any, it knows none.
        identity_position: 0,
        content: draft.content,
    }
}

fn encode(event: &Event) -> Result<Vec<u8>, AppendError> {
    let too_large = |got| AppendError::TooLarge { what: "bytes of one record", got, max: RECORD_BYTES_MAX };
    match stored_v1::encode(event) {
        Ok(record) if record.len() > RECORD_BYTES_MAX => Err(too_large(record.len())),
        Ok(record) => Ok(record),
        Err(DecodeError::TooLong { got }) => Err(too_large(got)),
        Err(error) => {
            Err(AppendError::ReadOnly { reason: StoreError { doing: "encode", error: error.to_string() }.to_string() })
        }
    }
}

fn seen(event: &Event, chain: ChainHash) -> Appended {
    Appended { event_id: event.id, epoch: event.epoch.number, seq: event.seq, chain, duplicate: true }
}
