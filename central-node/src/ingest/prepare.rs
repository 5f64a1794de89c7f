//! Reading records before the tenant is locked: chain, header, body, schema. Pure, and done on as many threads as there are.
//!
//! Only bytes that do not fit their chain are refused. Whatever else is wrong with a record is noted beside it: it takes its seq, is
//! stored and set apart, so that it never blocks those behind it.

use std::fmt;

use comptoir_core::chain::{ChainHash, link};
use comptoir_core::decision::Code;
use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, Known};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::sync_v1::parse_chain;
use comptoir_proto::{payload, stored_v1};
use serde::Deserialize;
use uuid::Uuid;

/// Of what is kept about a payload that does not read: the reader's message may quote the payload whole.
const DETAIL_CHARS_MAX: usize = 1_000;

/// Records of one node's epoch, in order, their chain checked.
#[derive(Debug)]
pub(crate) struct Push {
    /// Who sent them.
    pub(crate) node: NodeId,
    /// Of which epoch.
    pub(crate) epoch: Epoch,
    /// Seq of the first.
    pub(crate) first_seq: Seq,
    /// The chain before the first.
    pub(crate) previous: ChainHash,
    /// One or more.
    pub(crate) records: Vec<Prepared>,
    /// What the first record says, where it opens the epoch.
    pub(crate) opening: Option<Opening>,
    /// The node's clock less ours, when it sent this.
    pub(crate) clock_offset_micros: i64,
}

impl Push {
    /// Seq of the last record.
    pub(crate) fn last_seq(&self) -> Seq {
        Seq(self.first_seq.0 + self.records.len() as u64 - 1)
    }
}

/// What the record says that opens an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Opening {
    /// The node's public key.
    pub(crate) public_key: [u8; 32],
    /// Where the epoch before ended, as central held it when the node asked.
    pub(crate) previous: Option<EpochEnd>,
}

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

/// A record that fits its chain.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Its bytes.
    pub(crate) record: Vec<u8>,
    /// The chain after it.
    pub(crate) chain: ChainHash,
    /// Its event's id, or one derived from its chain where it does not read.
    pub(crate) event_id: EventId,
    /// What it says.
    pub(crate) body: Body,
}

/// What could be read of a record.
#[derive(Debug)]
pub(crate) enum Body {
    /// Everything: it is judged by the rules.
    Known(Box<Known>),
    /// Not everything: it is set apart.
    Unfit {
        /// The event, where at least its record reads.
        event: Option<Box<Event>>,
        /// What is wrong.
        code: Code,
        /// With the values.
        detail: String,
    },
}

impl Prepared {
    /// The event, where the record reads.
    pub(crate) fn event(&self) -> Option<&Event> {
        match &self.body {
            Body::Known(known) => Some(&known.event),
            Body::Unfit { event, .. } => event.as_deref(),
        }
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    pub(crate) tenant: TenantId,
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
}

/// Why a push is refused as a whole before anything is looked up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrepareError {
    /// Bytes and chain do not belong together: damaged on the way.
    #[error("record {seq} does not fit its chain: computed {computed}, sent {sent}")]
    Chain {
        /// Which record.
        seq: Seq,
        /// From its bytes and the chain before it.
        computed: ChainHash,
        /// As it came.
        sent: ChainHash,
    },
    /// A record sealed for another tenant.
    #[error("record {seq} was sealed for tenant {sealed_for}, the credential is of {tenant}")]
    Tenant {
        /// Which record.
        seq: Seq,
        /// In its header.
        sealed_for: TenantId,
        /// Of the credential.
        tenant: TenantId,
    },
}

/// Reads the records of a push. `sent` holds each record's bytes and the chain after it, as they came.
pub(crate) fn prepare(
    first: Stand,
    previous: ChainHash,
    sent: Vec<(Vec<u8>, ChainHash)>,
) -> Result<Vec<Prepared>, PrepareError> {
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
    Ok(read_all(first, sent))
}

/// Reading a payload under its schema is most of the work; a large batch is shared out.
fn read_all(first: Stand, sent: Vec<(Vec<u8>, ChainHash)>) -> Vec<Prepared> {
    const SHARE_MIN: usize = 256;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(sent.len() / SHARE_MIN).max(1);
    let read_share = |from: usize, share: Vec<(Vec<u8>, ChainHash)>| {
        let stands = (first.seq.0 + from as u64..).map(move |seq| Stand { seq: Seq(seq), ..first });
        stands.zip(share).map(|(stand, (record, chain))| read(stand, record, chain)).collect::<Vec<_>>()
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

/// Reads one record at its place.
fn read(stand: Stand, record: Vec<u8>, chain: ChainHash) -> Prepared {
    let unreadable = |record, code, detail| Prepared {
        record,
        chain,
        event_id: stored_v1::unreadable_event_id(chain),
        body: Body::Unfit { event: None, code, detail },
    };
    let event = match stored_v1::decode(&record) {
        Ok(event) => event,
        Err(error) => return unreadable(record, Code::Undecodable, error.to_string()),
    };
    if let Some(detail) = misplaced(stand, &event) {
        return unreadable(record, Code::HeaderMismatch, detail);
    }
    let event_id = event.id;
    let body = match payload::known(event) {
        Ok(known) => fit(known),
        Err((event, error)) => {
            let detail = error.to_string().chars().take(DETAIL_CHARS_MAX).collect();
            Body::Unfit { event: Some(event), code: error.code, detail }
        }
    };
    Prepared { record, chain, event_id, body }
}

/// What stands in the header against its place in the chain.
fn misplaced(stand: Stand, event: &Event) -> Option<String> {
    let Stand { node, epoch, seq, .. } = stand;
    if (event.node, event.epoch, event.seq) != (node, epoch, seq) {
        return Some(format!(
            "the header names node {}, epoch {} {}, seq {}; its place is node {node}, epoch {} {}, seq {seq}",
            event.node, event.epoch.number, event.epoch.id, event.seq, epoch.number, epoch.id
        ));
    }
    let opens = event.content.action.as_str() == "EPOCH_OPENED";
    match (opens, seq == Seq(1)) {
        (true, false) => Some(format!("EPOCH_OPENED stands at seq 1 and nowhere else, got seq {seq}")),
        (false, true) => Some(format!("an epoch begins with EPOCH_OPENED, got {}", event.content.action)),
        _ => None,
    }
}

/// What could be read and still cannot be kept as a row.
fn fit(known: Known) -> Body {
    let unfit = |event, detail: String| Body::Unfit { event: Some(event), code: Code::InvalidPayload, detail };
    if known.event.content.site.is_some_and(|site| site.uuid().is_nil()) {
        // The nil id stands for "no site" in our keys.
        return unfit(Box::new(known.event), "site: the nil id names no site".to_owned());
    }
    Body::Known(Box::new(known))
}

/// What an epoch's first record says, where it reads.
pub(crate) fn opening(first: &Prepared) -> Option<Opening> {
    #[derive(Deserialize)]
    struct Opened {
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
    let Body::Known(known) = &first.body else { return None };
    if known.fact != Fact::EpochOpened {
        return None;
    }
    let Opened { public_key: hex, previous } = serde_json::from_slice(&known.event.content.payload).ok()?;
    let mut public_key = [0u8; 32];
    hex::decode_to_slice(hex, &mut public_key).ok()?;
    let previous = match previous {
        Some(Previous { epoch, epoch_id, seq, chain }) => {
            let epoch = Epoch { number: epoch, id: epoch_id };
            Some(EpochEnd { epoch, seq: Seq(seq), chain: parse_chain(&chain)? })
        }
        None => None,
    };
    Some(Opening { public_key, previous })
}
