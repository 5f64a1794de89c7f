//! The first record of an epoch: it opens the epoch, and says where the one before ended, as central held it.

use std::fmt;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Event;
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::parse_chain;
use serde::Deserialize;
use uuid::Uuid;

const EPOCH_OPENED: &str = "EPOCH_OPENED";

/// The end of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EpochEnd {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
}

impl fmt::Display for EpochEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpochEnd { epoch, seq, chain } = self;
        write!(f, "epoch {} ({}) at seq {seq}, chain {chain}", epoch.number, epoch.id)
    }
}

#[derive(Deserialize)]
struct Payload {
    previous: Option<Previous>,
}

#[derive(Deserialize)]
struct Previous {
    epoch: u32,
    epoch_id: Uuid,
    seq: u64,
    chain: String,
}

/// What the first record says of the epoch before. The error is in words, for the break that it makes.
pub(crate) fn read(record: &[u8]) -> Result<Option<EpochEnd>, String> {
    let event = stored_v1::decode(record).map_err(|error| error.to_string())?;
    if !is_opening(&event) {
        return Err(event.content.action.to_string());
    }
    let payload: Payload = serde_json::from_slice(&event.content.payload).map_err(|error| error.to_string())?;
    let Some(Previous { epoch, epoch_id, seq, chain }) = payload.previous else { return Ok(None) };
    let chain = parse_chain(&chain).ok_or_else(|| format!("{chain:?} is no chain"))?;
    Ok(Some(EpochEnd { epoch: Epoch { number: epoch, id: epoch_id }, seq: Seq(seq), chain }))
}

/// Whether an event opens an epoch.
pub(crate) fn is_opening(event: &Event) -> bool {
    event.content.action.as_str() == EPOCH_OPENED
}
