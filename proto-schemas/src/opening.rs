//! The first record of an epoch. It names the node's key and the end of the previous epoch as central held it.

use std::fmt;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Event;
use comptoir_core::position::{Epoch, Seq};
use serde::Deserialize;
use uuid::Uuid;

use crate::sync_v1::parse_chain;

/// The action of an epoch's first record, and of no other.
pub const EPOCH_OPENED: &str = "EPOCH_OPENED";

/// The end of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EpochEnd {
    /// The epoch.
    pub epoch: Epoch,
    /// Its last record.
    pub seq: Seq,
    /// The chain after it.
    pub chain: ChainHash,
}

impl fmt::Display for EpochEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EpochEnd { epoch, seq, chain } = self;
        write!(f, "epoch {} ({}) at seq {seq}, chain {chain}", epoch.number, epoch.id)
    }
}

/// What the record says that opens an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The node's public key.
    pub public_key: [u8; 32],
    /// The end of the previous epoch, as central held it when the node asked.
    pub previous: Option<EpochEnd>,
}

impl Opening {
    /// The objection if it names another end of the previous epoch than central holds.
    pub fn objection(&self, held: Option<EpochEnd>) -> Option<String> {
        let named = |end: Option<EpochEnd>| end.map_or("no earlier epoch".to_owned(), |end| end.to_string());
        let said = self.previous;
        (said != held).then(|| format!("it names {}; central holds {}", named(said), named(held)))
    }
}

/// Why a record does not open an epoch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// Another action.
    #[error("{0}")]
    Action(String),
    /// A payload that does not read.
    #[error("{0}")]
    Payload(String),
    /// A malformed key.
    #[error("{0:?} is no public key")]
    Key(String),
    /// A malformed chain.
    #[error("{0:?} is no chain")]
    Chain(String),
}

#[derive(Deserialize)]
struct Payload {
    public_key: String,
    previous: Option<Previous>,
}

#[derive(Deserialize)]
struct Previous {
    epoch: u32,
    epoch_id: Uuid,
    seq: u64,
    chain: String,
}

/// What an epoch's first record says.
pub fn read(event: &Event) -> Result<Opening, OpeningError> {
    if !opens(event) {
        return Err(OpeningError::Action(event.content.action.to_string()));
    }
    let payload = serde_json::from_slice(&event.content.payload);
    let Payload { public_key: hex, previous } = payload.map_err(|error| OpeningError::Payload(error.to_string()))?;
    let mut public_key = [0u8; 32];
    hex::decode_to_slice(&hex, &mut public_key).map_err(|_| OpeningError::Key(hex))?;
    let end = |Previous { epoch, epoch_id, seq, chain }: Previous| {
        let chain = parse_chain(&chain).ok_or(OpeningError::Chain(chain))?;
        Ok(EpochEnd { epoch: Epoch { number: epoch, id: epoch_id }, seq: Seq(seq), chain })
    };
    Ok(Opening { public_key, previous: previous.map(end).transpose()? })
}

/// Whether an event opens an epoch.
pub fn opens(event: &Event) -> bool {
    event.content.action.as_str() == EPOCH_OPENED
}
