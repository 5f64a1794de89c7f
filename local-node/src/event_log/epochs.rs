//! Epochs: the first record of each says whose log it is, what came before as central holds it, and why there is a new one.
//!
//! A new epoch seals again what central had not acknowledged, under the same event ids. It is done page by page, each page with
//! the note of how far it has come in one batch, so that a kill in the middle goes on where it stopped.

use std::ops::ControlFlow;

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::event::{Content, Draft, Event};
use comptoir_core::id::{EventId, Name};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1;
use serde_json::json;

use super::directory::Identity;
use super::finding::Finding;
use super::ids::Place;
use super::keys::{self, Kind};
use super::page::{Builder, PAGE_BYTES_MAX, Page};
use super::store::{Entry, Store, StoreError};
use super::writer::Writer;
use super::{EpochError, State, append, decisions, walk};

const EPOCH_OPENED: &str = "EPOCH_OPENED";
const NODE: &str = "NODE";
/// Pages sealed again between two flushes.
const PAGES_PER_FLUSH: usize = 64;

/// The end of an epoch, as central holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochHead {
    /// Which epoch.
    pub epoch: Epoch,
    /// Its last record at central.
    pub seq: Seq,
    /// The chain after it.
    pub chain: ChainHash,
}

/// What still has to be sealed again: of which epoch, from which seq.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reseal {
    from_epoch: u32,
    next: Seq,
}

impl Reseal {
    /// What an interrupted opening left to do.
    pub(crate) fn pending(store: &dyn Store) -> Result<Option<Reseal>, StoreError> {
        let value = store.get(&keys::single(Kind::Reseal))?;
        Ok(value.as_deref().and_then(|value| {
            let (epoch, seq) = value.split_first_chunk()?;
            Some(Reseal { from_epoch: u32::from_be_bytes(*epoch), next: Seq(u64::from_be_bytes(seq.try_into().ok()?)) })
        }))
    }

    fn entry(self) -> Entry {
        let value = [self.from_epoch.to_be_bytes().as_slice(), &self.next.0.to_be_bytes()].concat();
        Entry::set(keys::single(Kind::Reseal), value)
    }
}

/// What opens an epoch: its row and its first record.
pub(crate) struct Opening {
    pub(crate) epoch: Epoch,
    pub(crate) event: EventId,
    pub(crate) page: Builder,
}

impl Opening {
    /// Seals the first record.
    pub(crate) fn new(
        identity: Identity,
        public_key: [u8; 32],
        epoch: Epoch,
        previous: Option<EpochHead>,
        reason: &str,
        now: Timestamp,
    ) -> Result<Opening, StoreError> {
        let previous = previous.map(|head| {
            json!({"epoch": head.epoch.number, "epoch_id": head.epoch.id, "seq": head.seq.0, "chain": head.chain.to_string()})
        });
        let payload = json!({"public_key": hex::encode(public_key), "previous": previous, "reason": reason});
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a valid name");
        let content = Content {
            site: Some(identity.site),
            user: None,
            entity_type: name(NODE),
            entity_id: name(&identity.node.to_string()),
            action: name(EPOCH_OPENED),
            payload: payload.to_string().into_bytes(),
            base_version: None,
            causation: None,
            correlation: None,
            schema_version: 1,
        };
        // Derived from the epoch's random id, so that opening it is one fact however often it is tried.
        let id = EventId::new(epoch.id).derived(EPOCH_OPENED);
        let event = append::seal(Draft { id, occurred_at: None, content }, identity, epoch, Seq(1), now);
        let mut page = Builder::new(Seq(1), genesis(identity.tenant, identity.node, epoch), now);
        page.push(&encode(&event)?);
        Ok(Opening { epoch, event: id, page })
    }

    /// What has to be written in one batch.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let row = keys::of_epoch(Kind::Epoch, self.epoch.number);
        let mut entries = vec![Entry::set(row, self.epoch.id.as_bytes().to_vec())];
        entries.extend(self.page.entries(self.epoch.number));
        entries
    }
}

fn encode(event: &Event) -> Result<Vec<u8>, StoreError> {
    stored_v1::encode(event).map_err(|error| StoreError { doing: "encode", error: error.to_string() })
}

impl Writer {
    /// Opens a new epoch and seals again what the old one's readers at central never acknowledged.
    pub(crate) fn open_epoch(&mut self, previous: Option<EpochHead>, reason: &str) -> Result<Epoch, EpochError> {
        if let State::Failed { reason } = self.shared.state() {
            return Err(EpochError::ReadOnly { reason });
        }
        let from_epoch = self.epoch.number;
        let acked = decisions::acked(&*self.shared.store, from_epoch).map_err(|error| self.unopened(error))?;
        let reseal = Reseal { from_epoch, next: acked.next() };
        // Read before anything is written: an epoch that cannot take the events over would strand them.
        self.readable(reseal)?;
        self.begin_epoch(previous, reason, reseal).map_err(|error| self.unopened(error))?;
        self.finish_reseal(reseal)?;
        Ok(self.epoch)
    }

    fn unopened(&mut self, error: StoreError) -> EpochError {
        EpochError::ReadOnly { reason: self.fail(error) }
    }

    fn readable(&mut self, reseal: Reseal) -> Result<(), EpochError> {
        let mut damage = None;
        let walked = walk::pages(&*self.shared.store, reseal.from_epoch, reseal.next, |page| match page {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                damage = Some(Finding::page(reseal.from_epoch, error));
                ControlFlow::Break(())
            }
        });
        walked.map_err(|error| self.unopened(error))?;
        damage.map_or(Ok(()), |finding| Err(EpochError::Damaged(finding)))
    }

    fn begin_epoch(&mut self, previous: Option<EpochHead>, reason: &str, reseal: Reseal) -> Result<(), StoreError> {
        let random = |error: std::io::Error| StoreError { doing: "draw an epoch's id", error: error.to_string() };
        let id = self.shared.environment.random_uuid().map_err(random)?;
        // Central may know a later epoch than this copy of the log does.
        let number = previous.map_or(0, |head| head.epoch.number).max(self.epoch.number) + 1;
        let (identity, key) = (self.shared.identity, self.shared.public_key());
        let now = self.shared.environment.now();
        let opening = Opening::new(identity, key, Epoch { number, id }, previous, reason, now)?;
        let mut batch = opening.entries();
        batch.push(reseal.entry());
        self.shared.store.apply(batch)?;
        self.shared.store.flush()?;
        self.epoch = opening.epoch;
        (self.seq, self.chain) = (Seq(1), opening.page.chain());
        self.shared.add_epoch(self.epoch);
        self.ids.note([(opening.event, Place { epoch: number, seq: self.seq })]);
        Ok(())
    }

    /// Seals what is left of the old epoch, and opens the log. Also after a crash in the middle.
    pub(crate) fn finish_reseal(&mut self, mut reseal: Reseal) -> Result<(), EpochError> {
        loop {
            let sealed = self.reseal_some(&mut reseal)?;
            self.shared.store.flush().map_err(|error| self.unopened(error))?;
            if sealed.is_empty() {
                break;
            }
            self.ids.note(sealed);
            self.settle_ids(PAGES_PER_FLUSH);
        }
        let done = self.shared.store.apply(vec![Entry::remove(keys::single(Kind::Reseal))]);
        done.and_then(|()| self.shared.store.flush()).map_err(|error| self.unopened(error))?;
        self.shared.healed_by_new_epoch();
        self.publish_head(Seq::ZERO);
        self.write_mark();
        Ok(())
    }

    /// Seals some pages again; nothing when there are no more.
    fn reseal_some(&mut self, reseal: &mut Reseal) -> Result<Vec<(EventId, Place)>, EpochError> {
        let mut sealed = Vec::new();
        for _ in 0..PAGES_PER_FLUSH {
            let page = walk::next_page(&*self.shared.store, reseal.from_epoch, reseal.next);
            let Some(page) = page.map_err(|error| self.unopened(error))? else { break };
            let page = page.map_err(|error| EpochError::Damaged(Finding::page(reseal.from_epoch, error)))?;
            sealed.extend(self.reseal_page(*reseal, &page).map_err(|error| self.unopened(error))?);
            reseal.next = page.last().next();
        }
        Ok(sealed)
    }

    fn reseal_page(&mut self, reseal: Reseal, source: &Page) -> Result<Vec<(EventId, Place)>, StoreError> {
        // The time it was taken in stays: what waits for central waits since then.
        let mut page = Builder::new(self.seq.next(), self.chain, source.appended_at);
        let mut ids = Vec::new();
        for (seq, _, record) in source.numbered().filter(|(seq, ..)| *seq >= reseal.next) {
            let decode = |error: stored_v1::DecodeError| StoreError {
                doing: "seal a record again",
                error: format!("epoch {}, seq {seq}: {error}", reseal.from_epoch),
            };
            let event = stored_v1::decode(record).map_err(decode)?;
            if event.content.action.as_str() == EPOCH_OPENED {
                continue;
            }
            let event = Event { epoch: self.epoch, seq: page.next_seq(), ..event };
            ids.push((event.id, Place { epoch: self.epoch.number, seq: event.seq }));
            page.push(&encode(&event)?);
        }
        if ids.is_empty() {
            return Ok(ids);
        }
        assert!(page.bytes() <= PAGE_BYTES_MAX, "a record sealed again keeps its length");
        let mut batch = page.entries(self.epoch.number);
        batch.push(Reseal { next: source.last().next(), ..reseal }.entry());
        self.shared.store.apply(batch)?;
        (self.seq, self.chain) = (Seq(page.next_seq().0 - 1), page.chain());
        Ok(ids)
    }
}
