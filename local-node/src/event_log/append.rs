//! Staging drafts: limits, then ids, then seal. A list is staged whole or leaves no trace.

use std::collections::HashMap;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::{Draft, Event, TimeSource};
use comptoir_core::id::EventId;
use comptoir_core::limits::{BATCH_ENTRIES_MAX, CHUNK_BYTES_MAX, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1::{self, DecodeError};

use super::directory::Identity;
use super::ids::LogPosition;
use super::page::{Builder, PAGE_BYTES_MAX, Savepoint};
use super::read::{self, ReadError};
use super::writer::Writer;
use super::{AppendError, Appended, Reused};

/// What one group will write.
pub(crate) struct Staged {
    /// Pages that are full.
    pages: Vec<Builder>,
    /// The page being filled.
    page: Builder,
    events: Vec<(Event, ChainHash)>,
    /// Where in `events` an id stands.
    ids: HashMap<EventId, usize>,
    now: Timestamp,
    bytes: usize,
}

/// Where one caller's drafts begin, to take them back if one of them is refused.
struct StagedList {
    page: Savepoint,
    events: usize,
}

impl Staged {
    pub(crate) fn new(seq: Seq, chain: ChainHash, now: Timestamp) -> Staged {
        let page = Builder::new(seq.next(), chain, now);
        Staged { pages: Vec::new(), page, events: Vec::new(), ids: HashMap::new(), now, bytes: 0 }
    }

    pub(crate) fn pages(&self) -> impl Iterator<Item = &Builder> {
        self.pages.iter().chain([&self.page]).filter(|page| page.count() > 0)
    }

    pub(crate) fn drafts(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn seq(&self) -> Seq {
        Seq(self.page.next_seq().0 - 1)
    }

    pub(crate) fn chain(&self) -> ChainHash {
        self.page.chain()
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = (EventId, LogPosition)> {
        self.events.iter().map(|(event, _)| (event.id, LogPosition { epoch: event.epoch.number, seq: event.seq }))
    }

    fn begin(&mut self, drafts: usize) -> StagedList {
        self.events.reserve(drafts);
        StagedList { page: self.page.savepoint(), events: self.events.len() }
    }

    fn push(&mut self, event: Event, record: &[u8]) -> ChainHash {
        let chain = self.page.push(record);
        self.ids.insert(event.id, self.events.len());
        self.events.push((event, chain));
        self.bytes += record.len();
        chain
    }

    fn take_back(&mut self, list: StagedList) {
        self.page.roll_back(list.page);
        for (event, _) in self.events.drain(list.events..) {
            self.ids.remove(&event.id);
        }
    }

    /// Several lists share a page as long as it has one part, since one entry is atomic. A list that does not fit begins a page.
    fn end(&mut self, list: &StagedList) {
        if self.page.bytes() > CHUNK_BYTES_MAX && !list.page.is_start() {
            let full = self.page.split_at(list.page);
            self.pages.push(full);
        }
    }
}

impl Writer {
    /// Whether the log takes appends now.
    pub(crate) fn may_append(&self) -> Result<(), AppendError> {
        if let Some(reason) = self.shared.state().refusal() {
            return Err(AppendError::ReadOnly { reason });
        }
        match self.shared.disk_low() {
            Some((free_bytes, needed_bytes)) => Err(AppendError::InsufficientStorage { free_bytes, needed_bytes }),
            None => Ok(()),
        }
    }

    /// Seals one caller's drafts after those already staged: all of them, or none.
    pub(crate) fn stage(&mut self, staged: &mut Staged, drafts: Vec<Draft>) -> Result<Vec<Appended>, AppendError> {
        let list = staged.begin(drafts.len());
        let sealed = self.seal_list(staged, &list, drafts);
        match sealed {
            Ok(_) => staged.end(&list),
            Err(_) => staged.take_back(list),
        }
        sealed
    }

    fn seal_list(
        &mut self,
        staged: &mut Staged,
        list: &StagedList,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Appended>, AppendError> {
        let mut appended = Vec::with_capacity(drafts.len());
        let mut reused = Vec::new();
        for (index, draft) in drafts.into_iter().enumerate() {
            match self.known(staged, &draft)? {
                Some((true, known)) => appended.push(known),
                Some((false, Appended { event_id: id, epoch, seq, .. })) => {
                    reused.push(Reused { index, id, epoch, seq });
                }
                None => appended.push(self.seal(staged, draft)?),
            }
        }
        let bytes = list.page.bytes_since(&staged.page);
        if !reused.is_empty() {
            return Err(AppendError::EventIdReused(reused));
        }
        if bytes > PAGE_BYTES_MAX {
            let got = bytes.div_ceil(CHUNK_BYTES_MAX) + 1;
            return Err(AppendError::TooLarge { what: "entries of 4 KiB", got, max: BATCH_ENTRIES_MAX });
        }
        Ok(appended)
    }

    /// Whether the draft's id was seen before, with the same content or other; and the answer given then.
    fn known(&mut self, staged: &Staged, draft: &Draft) -> Result<Option<(bool, Appended)>, AppendError> {
        if let Some((event, chain)) = staged.ids.get(&draft.id).map(|at| &staged.events[*at]) {
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

    fn seal(&self, staged: &mut Staged, draft: Draft) -> Result<Appended, AppendError> {
        let event = seal(draft, self.shared.identity, self.epoch, staged.page.next_seq(), staged.now);
        let record = encode(&event)?;
        let appended = seen(&event, staged.chain());
        let chain = staged.push(event, &record);
        Ok(Appended { chain, duplicate: false, ..appended })
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
    stored_v1::encode(event).map_err(|error| match error {
        DecodeError::PayloadTooLong { got } => {
            AppendError::TooLarge { what: "bytes of one payload", got, max: PAYLOAD_BYTES_MAX }
        }
        DecodeError::TooLong { got } => {
            AppendError::TooLarge { what: "bytes of one record", got, max: RECORD_BYTES_MAX }
        }
        other => AppendError::Unencodable { id: event.id, error: other.to_string() },
    })
}

fn seen(event: &Event, chain: ChainHash) -> Appended {
    Appended { event_id: event.id, epoch: event.epoch.number, seq: event.seq, chain, duplicate: true }
}
