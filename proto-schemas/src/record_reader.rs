//! Reads a record at its position in its node's chain: header, body, payload. Central does so before it decides, and an audit
//! does when it decides again.
//!
//! A defect of a record with a valid chain is noted here and determines its decision; it never blocks the records after it.

use comptoir_core::decision::Code;
use comptoir_core::event::Event;
use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};

use crate::{opening, payload, stored_v1};

/// Limit of the stored detail about an unreadable payload: the reader's message may quote the whole payload.
const DETAIL_CHARS_MAX: usize = 1_000;

/// A record's position in its node's chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordPosition {
    /// The tenant.
    pub tenant: TenantId,
    /// The node whose chain it is in.
    pub node: NodeId,
    /// Epoch of the record.
    pub epoch: Epoch,
    /// Seq of the record in its epoch.
    pub seq: Seq,
}

/// What could be read of a record.
#[derive(Clone, PartialEq, Debug)]
pub enum RecordReading {
    /// Everything: it is judged by the rules.
    Known(Box<ParsedEvent>),
    /// It cannot be read completely and is quarantined.
    Unreadable {
        /// The event, if its record reads and matches its position. Otherwise the record is identified by
        /// [`stored_v1::unreadable_event_id`].
        event: Option<Box<Event>>,
        /// What is wrong.
        code: Code,
        /// Explanation with the values.
        detail: String,
    },
}

impl RecordReading {
    /// The event, where the record reads.
    pub fn event(&self) -> Option<&Event> {
        match self {
            RecordReading::Known(known) => Some(&known.event),
            RecordReading::Unreadable { event, .. } => event.as_deref(),
        }
    }
}

/// Reads one record at its place.
pub fn read(position: RecordPosition, record: &[u8]) -> RecordReading {
    let event = match stored_v1::decode(record) {
        Ok(event) => event,
        Err(error) => {
            return RecordReading::Unreadable { event: None, code: Code::Undecodable, detail: error.to_string() };
        }
    };
    if let Some(detail) = misplaced(position, &event) {
        return RecordReading::Unreadable { event: None, code: Code::HeaderMismatch, detail };
    }
    match payload::parse(event) {
        Ok(known) => fit(known),
        Err((event, error)) => {
            let detail = error.to_string().chars().take(DETAIL_CHARS_MAX).collect();
            RecordReading::Unreadable { event: Some(event), code: error.code, detail }
        }
    }
}

/// Differences between the header and the position in the chain.
fn misplaced(position: RecordPosition, event: &Event) -> Option<String> {
    let RecordPosition { node, epoch, seq, .. } = position;
    if (event.node, event.epoch, event.seq) != (node, epoch, seq) {
        return Some(format!(
            "the header names node {}, epoch {} {}, seq {}; its place is node {node}, epoch {} {}, seq {seq}",
            event.node, event.epoch.number, event.epoch.id, event.seq, epoch.number, epoch.id
        ));
    }
    match (opening::opens(event), seq == Seq(1)) {
        (true, false) => Some(format!("EPOCH_OPENED is valid at seq 1 only, got seq {seq}")),
        (false, true) => Some(format!("an epoch begins with EPOCH_OPENED, got {}", event.content.action)),
        _ => None,
    }
}

/// Readable events that cannot be stored as a row.
fn fit(known: ParsedEvent) -> RecordReading {
    if known.event.content.site.is_some_and(|site| site.uuid().is_nil()) {
        // The nil id means "no site" in central's keys.
        let detail = "site: the nil id names no site".to_owned();
        return RecordReading::Unreadable { event: Some(Box::new(known.event)), code: Code::InvalidPayload, detail };
    }
    RecordReading::Known(Box::new(known))
}
