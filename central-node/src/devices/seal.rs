//! Passes a device's events to the queue, and returns the decision about each.

use std::collections::BTreeSet;

use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::Content;
use comptoir_core::id::{EventId, Name, NameError};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::RecordResult;
use comptoir_proto::{instant, payload};
use uuid::Uuid;

use super::device::{Device, Devices};
use super::grace::Grace;
use super::offset;
use crate::database::StoreError;
use crate::ingest::{DeviceDraft, DeviceDrafts, DeviceResult, DraftsError, IdReused, IngestError, PayloadReading};

/// Characters of a device's id of an event.
const EVENT_ID_CHARS_MAX: usize = 512;

/// An event of either contract, not yet validated.
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

/// The outcome of a device's event, independent of the contract's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DeviceOutcome {
    /// The event took effect, or what it says was so already.
    InEffect,
    /// The event lost against another, or the user or a person at central has to choose.
    Conflict,
    /// A revoked device handed the event over: it is acknowledged, so that the device deletes it, and waits for a person.
    HandedOver,
    /// The event has no effect, or none before a person at central has looked at it. The device must not send it again.
    Refused,
}

impl DeviceOutcome {
    /// The outcome of a decision.
    pub(crate) fn of(result: &RecordResult) -> DeviceOutcome {
        match Verdict::parse(&result.verdict) {
            Some(Verdict::Accepted | Verdict::Duplicate) => DeviceOutcome::InEffect,
            Some(Verdict::Superseded) if result.code.as_deref() == Some(Code::EntityExists.as_str()) => {
                DeviceOutcome::InEffect
            }
            Some(Verdict::Conflict) => DeviceOutcome::Conflict,
            Some(Verdict::Quarantined) if result.code.as_deref() == Some(Code::DeviceRevoked.as_str()) => {
                DeviceOutcome::HandedOver
            }
            Some(Verdict::Superseded | Verdict::Quarantined | Verdict::Rejected) | None => DeviceOutcome::Refused,
        }
    }
}

/// Why an event can never be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeviceEventError {
    #[error("{error}")]
    Name { field: &'static str, error: NameError },
    /// The nil UUID or the all-ones UUID.
    #[error("it names no event")]
    ReservedId,
    #[error("an event has an id of 1 to {EVENT_ID_CHARS_MAX} characters")]
    IdLength,
    #[error("{}", instant::refusal(text, "ISO 8601"))]
    OccurredAt { text: String },
    #[error("the payload has {bytes} bytes, at most {PAYLOAD_BYTES_MAX} are taken")]
    PayloadTooLarge { bytes: usize },
    #[error("{action} is written by a log itself")]
    SealedByLog { action: String },
}

/// Parses a name from a field of the request.
pub(crate) fn name(field: &'static str, text: &str) -> Result<Name, DeviceEventError> {
    Name::new(text).map_err(|error| DeviceEventError::Name { field, error })
}

/// The id of a device's event: a UUID is used as it is, any other text is hashed in the device's own namespace.
pub(crate) fn event_id(device: &Device, text: &str) -> Result<EventId, DeviceEventError> {
    match Uuid::parse_str(text) {
        Ok(id) if id.is_nil() || id.is_max() => Err(DeviceEventError::ReservedId),
        Ok(id) => Ok(EventId::new(id)),
        Err(_) if text.is_empty() || text.chars().count() > EVENT_ID_CHARS_MAX => Err(DeviceEventError::IdLength),
        Err(_) => Ok(EventId::new(device.node.uuid()).derived(&format!("event/{text}"))),
    }
}

/// Refuses events that can never be sealed. Any other defect is decided by the rules, and the event is stored. The contracts
/// have no versions of payloads: it is the newest.
pub(crate) fn draft(device: &Device, event: DeviceEvent<'_>) -> Result<DeviceDraft, DeviceEventError> {
    let newest = payload::newest_version(event.action);
    draft_under(device, event, newest)
}

/// The same, with a payload of the given version.
pub(crate) fn draft_under(
    device: &Device,
    event: DeviceEvent<'_>,
    schema_version: u16,
) -> Result<DeviceDraft, DeviceEventError> {
    if event.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(DeviceEventError::PayloadTooLarge { bytes: event.payload.len() });
    }
    if payload::is_sealed_by_the_log(event.action) {
        return Err(DeviceEventError::SealedByLog { action: event.action.to_owned() });
    }
    let content = Content {
        site: device.site,
        user: event.user,
        base_version: event.base_version,
        schema_version,
        ..Content::new(
            name("entity_type", event.entity_type)?,
            event.entity_id,
            name("action", event.action)?,
            event.payload.as_bytes().to_vec(),
        )
    };
    Ok(DeviceDraft {
        id: event_id(device, event.id)?,
        occurred_at: occurred_at(event.occurred_at)?,
        reading: PayloadReading::of(&content),
        content,
        client_id: event.client_id,
        belongs_to_other: false,
        others: BTreeSet::new(),
        row_given_since: false,
        clock_offset_micros: 0,
        objection: None,
    })
}

/// ISO 8601, in UTC if the text has no offset, since no contract defines a device's zone.
pub(crate) fn occurred_at(text: &str) -> Result<Timestamp, DeviceEventError> {
    instant::parse_or_utc(text).ok_or_else(|| DeviceEventError::OccurredAt { text: text.to_owned() })
}

/// Seals and decides the events: one outcome each, in order. With the access token of a user the events are the user's, and are
/// judged by the user's rights.
pub(crate) async fn submit(
    devices: &Devices,
    device: &Device,
    mut drafts: Vec<DeviceDraft>,
    clock_offset_micros: i64,
) -> Result<Vec<Result<DeviceResult, IdReused>>, DraftsError> {
    if drafts.is_empty() {
        return Ok(Vec::new());
    }
    let now = devices.clock.now();
    let grace = Grace::load(devices, device).await.map_err(IngestError::from)?;
    let user = device.author().map(|user| name("user", &user.to_string())).transpose();
    let user = user.map_err(|error| IngestError::from(StoreError::Damaged(error.to_string())))?;
    for draft in &mut drafts {
        draft.clock_offset_micros = offset::of_stamp(clock_offset_micros, draft.occurred_at, now);
        draft.objection = grace.objection(draft.occurred_at.shifted(-draft.clock_offset_micros));
        if user.is_some() {
            draft.content.user.clone_from(&user);
        }
    }
    let job = DeviceDrafts {
        node: device.node,
        opened_for: format!("the {} device {}", device.contract, device.name),
        public_key: devices.public_key,
        clock_offset_micros,
        author_role: device.session.as_ref().map(|session| session.role.clone()),
        drafts,
    };
    devices.queue.submit(device.tenant, job).await
}
