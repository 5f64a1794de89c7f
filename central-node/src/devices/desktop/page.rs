//! A page of changes for a desktop.
//!
//! A row is sent at its last change. If it has changed after the page, it is also sent at its creation. So a client that has
//! everything up to a position has every row created by then, and CREATE and UPDATE follow from the position alone, however
//! rows move while the client reads pages. A row that is due once more is sent as DELETE and CREATE: the client's table may have
//! any state of it, or none.

use std::collections::BTreeMap;

use comptoir_core::id::EventId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::desktop_v1::{Operation, SyncChange, SyncDownResponse};
use comptoir_proto::pull_v1::{RowChange, RowKind};
use comptoir_proto::read_v1::EntityRow;
use serde_json::value::{RawValue, to_raw_value};

use super::answer_log::AnswerLog;
use super::client_clock::ClockReading;
use super::created_in_page;
use super::provenance::{ChangeKind, Provenance, provenance};
use crate::clock::Clock;
use crate::database::{self, Database, StoreError};
use crate::devices::changes::{self, change_id};
use crate::devices::device::{Contract, Device, keep_pulled_to};
use crate::devices::time_cursor;
use crate::event_store;

/// A desktop's request.
pub(crate) struct DesktopPageRequest<'a> {
    pub(crate) since: Timestamp,
    /// Whether the client also receives its own changes. The first request of a client has no timestamp, so it does not show
    /// whether the client still has what it sent or was wiped.
    pub(crate) holds_nothing: bool,
    /// Only rows of these types.
    pub(crate) types: Option<&'a [String]>,
    /// The approximate number of rows in the page.
    pub(crate) limit: usize,
    /// What the request shows of the client's clock.
    pub(crate) clock: ClockReading,
}

/// Reads a page, and records that the client has everything up to `since`.
pub(crate) async fn read(
    (database, clock): (&Database, &Clock),
    device: &Device,
    asked: &DesktopPageRequest<'_>,
) -> Result<SyncDownResponse, StoreError> {
    let horizon = time_cursor::horizon(database, device.tenant).await?;
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let since = time_cursor::since(&tx, device, asked.since, horizon).await?;
    let from: Position = since.from;
    let mut answers = AnswerLog::lock(&tx, device).await?;
    answers.note_clock(clock.now(), asked.clock);
    answers.asked_since(since, asked.types);
    event_store::delete_resends(&tx, (device.tenant, device.node), from, asked.types).await?;
    let reload_to = if asked.holds_nothing { horizon.head } else { device.reload_to };
    let first_load_to = if device.pulled_to.is_none() { horizon.head } else { device.first_load_to };
    let lost_to = reload_to.max(first_load_to);
    let mut page = changes::page(&tx, device, from, horizon, (asked.types, asked.limit), |_| true).await?;
    let created = created_in_page::with(&tx, device, (from, horizon), &mut page, (asked.types, asked.limit)).await?;
    let end = page.end(&tx, device.tenant, horizon).await?;
    let known = provenance(&tx, device, from, page.changes.iter().map(|change| &change.key)).await?;
    let mut given = Vec::with_capacity(page.changes.len());
    for change in page.changes {
        let known = known.get(&change.key);
        let is_due = created.due.contains(&change.key);
        let own = known.is_some_and(|known| known.is_own_since(from)) && change.position > reload_to.0;
        if is_due || !own {
            let is_new_document = created.documents.contains(&change.key);
            let word = known.map_or(if is_new_document { ChangeKind::Create } else { ChangeKind::Update }, |known| {
                known.word(from, lost_to)
            });
            let word = if is_due { ChangeKind::Replace } else { word };
            give_row(&mut given, device, word, change, known.map_or(&[], |known| &known.removed))?;
        }
    }
    let known = provenance(&tx, device, from, created.moved.iter().map(|change| &change.key)).await?;
    for change in created.moved {
        let known = known.get(&change.key);
        let is_due = created.due.contains(&change.key);
        let is_own = |known: &Provenance| from >= reload_to && known.is_own_since(from);
        if is_due || !known.is_some_and(|known| known.is_held(from, lost_to) || is_own(known)) {
            let word = known.map_or(ChangeKind::Create, |known| known.word(from, lost_to));
            let word = if is_due { ChangeKind::Replace } else { word };
            give_row(&mut given, device, word, change, &[])?;
        }
    }
    keep_pulled_to(&tx, device, (from, end.position, horizon.head), asked.holds_nothing).await?;
    answers.page_given(clock.now(), end, asked.types, !given.is_empty());
    answers.save(&tx, device).await?;
    tx.commit().await?;
    Ok(SyncDownResponse {
        changes: given,
        sync_timestamp: time_cursor::in_milliseconds(end.time),
        has_more: page.has_more,
        warning: since.warning(Contract::Desktop),
    })
}

/// A row as one change, or as two if it replaces another.
fn give_row(
    given: &mut Vec<SyncChange>,
    device: &Device,
    word: ChangeKind,
    change: RowChange,
    removed: &[String],
) -> Result<(), StoreError> {
    let id = change_id(device.tenant, &change);
    let (deleted, payload) = shown(&change)?;
    let operation = match (deleted, word) {
        (true, _) => Operation::Delete,
        (false, ChangeKind::Create | ChangeKind::Replace) => Operation::Create,
        (false, ChangeKind::Update) => Operation::Update,
    };
    let row = SyncChange {
        id: id.to_string(),
        operation,
        // A client that updates a row leaves unnamed fields unchanged.
        payload: if operation == Operation::Update { without(payload, removed)? } else { payload },
        server_version: change.position,
        modified_at: change.received_at,
        entity_type: change.key.entity_type,
        entity_id: change.key.entity_id,
    };
    if (operation, word) == (Operation::Create, ChangeKind::Replace) {
        given.push(SyncChange {
            id: EventId::new(id).derived("DELETE").to_string(),
            operation: Operation::Delete,
            payload: no_fields()?,
            modified_at: row.modified_at.clone(),
            entity_type: row.entity_type.clone(),
            entity_id: row.entity_id.clone(),
            ..row
        });
    }
    given.push(row);
    Ok(())
}

/// The fields, with null for removed ones.
fn without(fields: Box<RawValue>, removed: &[String]) -> Result<Box<RawValue>, StoreError> {
    if removed.is_empty() {
        return Ok(fields);
    }
    let mut named: BTreeMap<String, &RawValue> = serde_json::from_str(fields.get()).map_err(damaged)?;
    named.extend(removed.iter().map(|name| (name.clone(), RawValue::NULL)));
    to_raw_value(&named).map_err(damaged)
}

fn no_fields() -> Result<Box<RawValue>, StoreError> {
    to_raw_value(&serde_json::Map::new()).map_err(damaged)
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// Whether the row is deleted, and its fields; for a document, the whole row.
fn shown(change: &RowChange) -> Result<(bool, Box<RawValue>), StoreError> {
    match (&change.row, change.key.kind) {
        (None, _) => Ok((true, no_fields()?)),
        (Some(row), RowKind::Entity) => {
            let row: EntityRow = serde_json::from_str(row.get()).map_err(damaged)?;
            if row.deleted { Ok((true, no_fields()?)) } else { Ok((false, row.fields)) }
        }
        (Some(row), RowKind::Delivery | RowKind::Invoice | RowKind::Stock) => Ok((false, row.clone())),
    }
}
