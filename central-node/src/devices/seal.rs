//! From a device's events to the queue, and what was decided about each.

use std::collections::BTreeSet;

use comptoir_core::decision::Verdict;
use comptoir_core::event::Content;
use comptoir_core::id::{EventId, Name};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::{instant, payload};
use uuid::Uuid;

use super::device::Device;
use super::offset;
use crate::central::Central;
use crate::ingest::{DeviceDraft, DeviceDrafts, DeviceResult, PayloadReading};

/// An event as either contract has it, before it is checked.
pub(crate) struct DeviceEvent<'a> {
    pub(crate) id: &'a str,
    pub(crate) entity_type: &'a str,
    pub(crate) entity_id: Name,
    pub(crate) action: &'a str,
    pub(crate) user: Option<Name>,
    pub(crate) occurred_at: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) base_version: Option<u64>,
    pub(crate) client_id: Option<String>,
}

/// What is to become of a device's event, whatever the contract calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DeviceOutcome {
    /// Nothing more to do on the device.
    Taken,
    /// It lost, or waits for a person.
    Conflict,
    /// It has no effect, and will never have one.
    Refused,
}

impl DeviceOutcome {
    /// Of a verdict's word.
    pub(crate) fn of(verdict: &str) -> DeviceOutcome {
        match Verdict::parse(verdict) {
            Some(Verdict::Accepted | Verdict::Superseded | Verdict::Quarantined | Verdict::Duplicate) => {
                DeviceOutcome::Taken
            }
            Some(Verdict::Conflict) => DeviceOutcome::Conflict,
            Some(Verdict::Rejected) | None => DeviceOutcome::Refused,
        }
    }
}

/// A name out of a request.
pub(crate) fn name(field: &str, text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()).at(format!("/{field}")))
}

/// A device's event id: a UUID as it is, any other text under the device's own namespace.
pub(crate) fn event_id(device: &Device, text: &str) -> Result<EventId, Problem> {
    let bad = |detail: &str| Problem::new(ErrorCode::MalformedBody, detail).at("/id");
    match Uuid::parse_str(text) {
        Ok(id) if id.is_nil() || id.is_max() => Err(bad("it names no event")),
        Ok(id) => Ok(EventId::new(id)),
        Err(_) if text.is_empty() || text.chars().count() > 512 => {
            Err(bad("an event has an id of 1 to 512 characters"))
        }
        Err(_) => Ok(EventId::new(device.node.uuid()).derived(&format!("event/{text}"))),
    }
}

/// Checks what could never be sealed. Whatever else is wrong with an event is central's to judge, and is kept.
pub(crate) fn draft(device: &Device, said: DeviceEvent<'_>) -> Result<DeviceDraft, Problem> {
    if said.payload.len() > PAYLOAD_BYTES_MAX {
        let detail = format!("the payload has {} bytes, at most {PAYLOAD_BYTES_MAX} are taken", said.payload.len());
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/payload"));
    }
    if payload::is_sealed_by_the_log(said.action) {
        let detail = format!("{} is written by a log itself", said.action);
        return Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"));
    }
    let content = Content {
        site: device.site,
        user: said.user,
        base_version: said.base_version,
        // The contracts know no versions of payloads.
        schema_version: payload::newest_version(said.action),
        ..Content::new(
            name("entity_type", said.entity_type)?,
            said.entity_id,
            name("action", said.action)?,
            said.payload.as_bytes().to_vec(),
        )
    };
    Ok(DeviceDraft {
        id: event_id(device, said.id)?,
        occurred_at: occurred_at(said.occurred_at)?,
        reading: PayloadReading::of(&content),
        content,
        client_id: said.client_id,
        is_another_s: false,
        others: BTreeSet::new(),
        clock_offset_micros: 0,
    })
}

/// ISO 8601; UTC where no offset stands, since a device's own zone is nowhere said.
pub(crate) fn occurred_at(text: &str) -> Result<Timestamp, Problem> {
    let read = instant::parse(text).or_else(|| instant::parse(&format!("{text}Z")));
    read.ok_or_else(|| {
        Problem::new(ErrorCode::MalformedBody, format!("{text:?} is no ISO 8601 instant such as 2026-01-07T10:00:00Z"))
            .at("/occurred_at")
    })
}

/// Seals and judges them: one outcome each, in order.
pub(crate) async fn submit(
    central: &Central,
    device: &Device,
    mut drafts: Vec<DeviceDraft>,
    clock_offset_micros: i64,
) -> Result<Vec<Result<DeviceResult, Problem>>, Problem> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let now = central.clock().now();
    for draft in &mut drafts {
        draft.clock_offset_micros = offset::of_stamp(clock_offset_micros, draft.occurred_at, now);
    }
    let job = DeviceDrafts {
        node: device.node,
        opened_for: format!("the {} device {}", device.contract, device.name),
        public_key: central.public_key(),
        clock_offset_micros,
        drafts,
    };
    let outcomes = central.ingest_queue().submit(device.tenant, job).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map_err(Problem::from)).collect())
}
