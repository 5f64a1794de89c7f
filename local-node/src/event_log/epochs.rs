//! Epochs as they are stored. The first record of an epoch names the node, the last record of the previous epoch that central
//! holds, and the reason for the new epoch.

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::event::{Content, Draft, Event};
use comptoir_core::id::{EventId, Name};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1;
use serde_json::json;
use uuid::Uuid;

use super::directory::Identity;
use super::keys::{self, RecordKind};
use super::page::PageBuilder;
use super::staged::sealed_event;
use super::store::{Entry, StoreError};

pub(crate) const EPOCH_OPENED: &str = "EPOCH_OPENED";
const NODE: &str = "NODE";

/// The end of an epoch, as central holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochHead {
    /// The epoch.
    pub epoch: Epoch,
    /// Its last record at central.
    pub seq: Seq,
    /// The chain after it.
    pub chain: ChainHash,
}

/// The end of a closed epoch as this node knew it. The next epoch's row stores it, so that a later check knows where its walk
/// must end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Closed {
    pub(crate) epoch: u32,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) acked: Seq,
}

/// An epoch as its row says it. The first epoch closed none.
///
/// ```text
/// id 16 | nothing, or: epoch before it u32 | its last seq u64 | chain there 32 | its acked u64
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EpochRow {
    pub(crate) epoch: Epoch,
    pub(crate) closed: Option<Closed>,
}

impl EpochRow {
    fn entry(self) -> Entry {
        let mut value = self.epoch.id.as_bytes().to_vec();
        if let Some(Closed { epoch, seq, chain, acked }) = self.closed {
            value.extend_from_slice(&epoch.to_be_bytes());
            value.extend_from_slice(&seq.0.to_be_bytes());
            value.extend_from_slice(&chain.0);
            value.extend_from_slice(&acked.0.to_be_bytes());
        }
        Entry::set(keys::of_epoch(RecordKind::Epoch, self.epoch.number), value)
    }

    pub(crate) fn read(key: &[u8], value: &[u8]) -> Option<EpochRow> {
        let (id, rest) = value.split_first_chunk()?;
        let epoch = Epoch { number: keys::epoch_in(key)?, id: Uuid::from_bytes(*id) };
        if rest.is_empty() {
            return Some(EpochRow { epoch, closed: None });
        }
        let (number, rest) = rest.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (chain, rest) = rest.split_first_chunk()?;
        let closed = Closed {
            epoch: u32::from_be_bytes(*number),
            seq: Seq(u64::from_be_bytes(*seq)),
            chain: ChainHash(*chain),
            acked: Seq(u64::from_be_bytes(rest.try_into().ok()?)),
        };
        Some(EpochRow { epoch, closed: Some(closed) })
    }
}

/// The row and first record of a new epoch.
pub(crate) struct Opening {
    pub(crate) epoch: Epoch,
    pub(crate) event: EventId,
    pub(crate) page: PageBuilder,
}

impl Opening {
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
            ..Content::new(
                name(NODE),
                name(&identity.node.to_string()),
                name(EPOCH_OPENED),
                payload.to_string().into_bytes(),
            )
        };
        // Derived from the epoch's random id, so that a repeated attempt is the same event.
        let id = EventId::new(epoch.id).derived(EPOCH_OPENED);
        let event = sealed_event(Draft { id, occurred_at: None, content }, identity, epoch, Seq(1), now);
        let mut page = PageBuilder::new(Seq(1), genesis(identity.tenant, identity.node, epoch), now);
        page.push(&encode(&event)?);
        Ok(Opening { epoch, event: id, page })
    }

    /// The entries to write in one batch, with the end of the epoch that it closes.
    pub(crate) fn entries(&self, closed: Option<Closed>) -> Vec<Entry> {
        let mut entries = vec![EpochRow { epoch: self.epoch, closed }.entry()];
        entries.extend(self.page.entries(self.epoch.number));
        entries
    }
}

pub(crate) fn encode(event: &Event) -> Result<Vec<u8>, StoreError> {
    stored_v1::encode(event).map_err(|error| StoreError { doing: "encode", error: error.to_string() })
}
