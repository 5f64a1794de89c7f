//! Reads one event of a push: a `SyncEvent`, or a `LocalAuditEntry` as it stands.
//!
//! A `SyncEvent` whose payload is a row of a phone's own table, and every audit entry, is sealed as it was sent, under the
//! schema version that reads it.

use std::collections::BTreeMap;

use comptoir_core::id::Name;
use comptoir_core::money::Currency;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::mobile_v1::{LocalAuditEntry, SyncEvent, UserId, checksum_fits};
use comptoir_proto::payload::{AUDIT_ENTRY, phone_row};
use comptoir_proto::problem::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use crate::api::device_request::event_label;
use crate::devices::device::Device;
use crate::devices::mobile::checksum_failures::{self, FailureKey};
use crate::devices::seal::{self, DeviceEvent};
use crate::ingest::DeviceDraft;

const AUDIT: &str = "AUDIT";
const AUDIT_RECORDED: &str = "AUDIT_RECORDED";

/// What the document calls an audit action, wherever an event names it: a scan is no validation.
const AUDIT_ACTIONS: [&str; 1] = ["DELIVERY_SCANNED"];

/// An event of a batch: its id, and its draft or the reason why there is none.
pub(super) struct ParsedDraft {
    pub(super) event_id: String,
    pub(super) draft: Result<DeviceDraft, Problem>,
    /// Of an event whose checksum does not fit.
    pub(super) checksum_failure: Option<FailureKey>,
}

/// Reads an event; `currency` is that of invoices which name none.
pub(super) fn read(device: &Device, currency: Currency, index: usize, text: &RawValue) -> ParsedDraft {
    let failed = |event_id, problem| ParsedDraft { event_id, draft: Err(problem), checksum_failure: None };
    if is_audit_entry(text) {
        return match parse::<LocalAuditEntry>(text) {
            Ok(entry) => ParsedDraft {
                draft: audit_draft(device, (&entry.id, &entry.user_id, &entry.occurred_at), text.get()),
                event_id: entry.id,
                checksum_failure: None,
            },
            Err(problem) => failed(event_label(text, index), problem),
        };
    }
    let event: SyncEvent = match parse(text) {
        Ok(event) => event,
        Err(problem) => return failed(event_label(text, index), problem),
    };
    let payload = event.payload.get();
    if !checksum_fits(payload, &event.checksum) {
        let detail = format!("the payload of event {} is not the one of its checksum {:?}", event.id, event.checksum);
        tracing::warn!(tenant.id = %device.tenant, node.id = %device.node, event = event.id, "{detail}");
        let problem = Problem::new(ErrorCode::ChecksumMismatch, detail).at("/checksum");
        let key = checksum_failures::key(&event.id, payload, &event.checksum);
        return ParsedDraft { checksum_failure: Some(key), ..failed(event.id, problem) };
    }
    let draft = draft(device, currency, &event);
    ParsedDraft { event_id: event.id, draft, checksum_failure: None }
}

/// An error names the invalid field.
fn parse<T: DeserializeOwned>(text: &RawValue) -> Result<T, Problem> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text.get())).map_err(|error| {
        let problem = Problem::new(ErrorCode::MalformedBody, error.inner().to_string());
        match error.path().iter().next() {
            Some(Segment::Map { key }) => problem.at(format!("/{key}")),
            _ => problem,
        }
    })
}

fn draft(device: &Device, currency: Currency, event: &SyncEvent) -> Result<DeviceDraft, Problem> {
    let payload = event.payload.get();
    if is_audit(event) {
        let entry = if is_entry(payload) { payload.to_owned() } else { entry_of(event)? };
        return audit_draft(device, (&event.id, &event.user_id, &event.occurred_at), &entry);
    }
    let row = phone_row(&event.action, payload, currency);
    let delivery_id = row.as_ref().and_then(|row| row.delivery_id.as_deref());
    let entity_id = match delivery_id {
        Some(delivery_id) => seal::name("payload/delivery_id", delivery_id)?,
        None => seal::name("entity_id", &event.entity_id)?,
    };
    let sealed = DeviceEvent {
        id: &event.id,
        entity_type: &event.entity_type,
        entity_id,
        action: &event.action,
        user: Some(user(&event.user_id)?),
        occurred_at: &event.occurred_at,
        payload: row.as_ref().map_or(payload, |row| &row.payload),
        base_version: None,
        client_id: None,
    };
    Ok(match &row {
        Some(row) => seal::draft_under(device, sealed, row.schema_version)?,
        None => seal::draft(device, sealed)?,
    })
}

/// An audit entry is an event of its own, whatever it speaks of.
fn audit_draft(
    device: &Device,
    (id, user_id, occurred_at): (&str, &UserId, &str),
    entry: &str,
) -> Result<DeviceDraft, Problem> {
    let event = DeviceEvent {
        id,
        entity_type: AUDIT,
        entity_id: seal::name("id", &seal::event_id(device, id)?.to_string())?,
        action: AUDIT_RECORDED,
        user: Some(user(user_id)?),
        occurred_at,
        payload: entry,
        base_version: None,
        client_id: None,
    };
    Ok(seal::draft_under(device, event, AUDIT_ENTRY)?)
}

fn user(id: &UserId) -> Result<Name, Problem> {
    Ok(seal::name("user_id", &id.to_string())?)
}

fn members(text: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether an event of the list is no `SyncEvent` but an audit entry.
fn is_audit_entry(text: &RawValue) -> bool {
    let members = members(text.get());
    let has = |name: &str| members.contains_key(name);
    !has("payload") && !has("checksum") && (has("payload_hash") || has("context"))
}

/// Whether an event is an audit fact, whose action is that of the entry: AUDIT_RECORDED in its first version is not, because
/// its payload names what it speaks of.
fn is_audit(event: &SyncEvent) -> bool {
    let is_first_version = || event.action == AUDIT_RECORDED && members(event.payload.get()).contains_key("subject");
    AUDIT_ACTIONS.contains(&event.action.as_str()) || (event.entity_type == AUDIT && !is_first_version())
}

/// Whether a payload is an audit entry itself.
fn is_entry(payload: &str) -> bool {
    let members = members(payload);
    ["action", "entity_type", "entity_id", "occurred_at"].iter().all(|name| members.contains_key(*name))
}

/// An event as an audit entry. What it was sent with besides, such as the number of attempts, differs from attempt to attempt.
fn entry_of(event: &SyncEvent) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct AuditedEvent<'a> {
        id: &'a str,
        action: &'a str,
        entity_type: &'a str,
        entity_id: &'a str,
        user_id: String,
        occurred_at: &'a str,
        checksum: &'a str,
        payload: &'a RawValue,
    }
    let SyncEvent { id, entity_type, entity_id, action, payload, occurred_at, user_id, checksum } = event;
    let user_id = user_id.to_string();
    let entry = AuditedEvent { id, action, entity_type, entity_id, user_id, occurred_at, checksum, payload };
    serde_json::to_string(&entry).map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()))
}
