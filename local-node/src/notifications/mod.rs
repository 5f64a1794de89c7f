//! Notifications for the node's users: conflicts, rejections and quarantines, and how each ended. Each is stored once, under the
//! position and event it is about, and is unseen until a user has seen it.
//!
//! Notifications of decisions are made from the log's stored decisions after a mark: a kill between a decision and its
//! notification costs a second look at that decision.

mod waiting;
mod words;

use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{self, Notice};
use comptoir_proto::shop_v1::Notification;
use comptoir_proto::sync_v1::RecordResult;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::event_log::{KeyChange, KeySpace, Log, LogPosition, ReadError};
use crate::read_models::{apply, decision, event};
pub(crate) use comptoir_messages::Language;
pub(crate) use waiting::{waiting, waiting_events};

/// Decisions looked at before the mark is stored without a notification.
const MARK_EVERY: u64 = 10_000;
const ALREADY_VALIDATED: &str = "ALREADY_VALIDATED";
const DECISION_CHANGED: &str = "DECISION_CHANGED";
/// Also the code of the alert that goes with it.
pub(crate) const ROW_TOO_LARGE: &str = "ROW_TOO_LARGE";

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct NotificationEntry {
    kind: String,
    code: Option<String>,
    event_id: Uuid,
    entity_type: String,
    entity_id: String,
    position: u64,
    /// By the node's clock, in microseconds.
    at: i64,
    by: Option<String>,
    words: Option<String>,
    data: Value,
    seen_at: Option<i64>,
}

/// Up to where decisions were looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DecisionMark {
    epoch: u32,
    seq: u64,
}

/// Notifications are ordered by central's position.
fn key(position: u64, event: Uuid) -> Vec<u8> {
    [&position.to_be_bytes()[..], event.as_bytes()].concat()
}

/// No event has position 0.
fn mark_key() -> Vec<u8> {
    key(0, Uuid::nil())
}

/// The notifications of some decisions, and the mark after them.
pub(crate) struct NotificationBatch {
    pub(crate) batches: Vec<Vec<KeyChange>>,
    pub(crate) mark: DecisionMark,
    /// How many notifications are in them.
    pub(crate) count: u64,
}

/// Batches that store the notifications of the decisions since a mark, and move the mark; `None` starts at the stored mark.
/// Called after each answered push and at the start.
pub(crate) fn of_decisions(log: &Log, since: Option<DecisionMark>) -> Result<NotificationBatch, ReadError> {
    let stored = || -> Result<DecisionMark, ReadError> {
        let stored = log.get(KeySpace::Notification, &mark_key())?;
        Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    };
    let before = since.map_or_else(stored, Ok)?;
    let (mut batches, mut mark, mut notable) = (Vec::new(), before, Vec::new());
    for epoch in log.epochs().into_iter().map(|epoch| epoch.number).filter(|number| *number >= before.epoch) {
        let acked = log.acked(epoch)?;
        // A restored log has fewer decisions than were looked at. Repeated ones are recognised by their keys.
        let from = if epoch == before.epoch { before.seq.min(acked.0) } else { 0 };
        log.each_decision(epoch, Seq(from + 1), &mut |seq, decision| {
            if seq > acked {
                return std::ops::ControlFlow::Break(());
            }
            mark = DecisionMark { epoch, seq: seq.0 };
            if !is_plain(decision) {
                notable.push(LogPosition { epoch, seq });
            }
            std::ops::ControlFlow::Continue(())
        })?;
    }
    for at in notable {
        if let Some(notification) = of_decision(log, at)? {
            batches.push(vec![notification, mark_change(DecisionMark { epoch: at.epoch, seq: at.seq.0 })]);
        }
    }
    let count = batches.len() as u64;
    if (mark.epoch, mark.seq / MARK_EVERY) != (before.epoch, before.seq / MARK_EVERY) {
        batches.push(vec![mark_change(mark)]);
    }
    Ok(NotificationBatch { batches, mark, count })
}

/// Whether a stored decision needs no notification, checked without parsing it: nearly all are so.
fn is_plain(decision: &[u8]) -> bool {
    std::str::from_utf8(decision).is_ok_and(|text| text.contains(r#""verdict":"ACCEPTED""#))
}

fn mark_change(mark: DecisionMark) -> KeyChange {
    KeyChange::set(KeySpace::Notification, mark_key(), serde_json::to_vec(&mark).expect("plain values encode"))
}

fn of_decision(log: &Log, at: LogPosition) -> Result<Option<KeyChange>, ReadError> {
    let Some(result) = decision(log, at)? else { return Ok(None) };
    let Some(kind) = kind_of(&result).map(str::to_owned) else { return Ok(None) };
    let content = event(log, at)?.map(|event| event.content);
    let data = result.resolution.unwrap_or_default();
    let entry = NotificationEntry {
        kind,
        event_id: result.event_id,
        entity_type: content.as_ref().map_or_else(String::new, |content| content.entity_type.to_string()),
        entity_id: content.as_ref().map_or_else(String::new, |content| content.entity_id.to_string()),
        position: result.position,
        at: log.now().0,
        by: data["data"]["user"].as_str().map(str::to_owned),
        code: result.code,
        words: result.detail,
        data,
        seen_at: None,
    };
    entry.change(log)
}

/// The notification that a restored central decided a record differently the second time. The first decision stays with the
/// event; the notification has both.
pub(crate) fn of_second(log: &Log, at: LogPosition, second: RecordResult) -> Result<Option<KeyChange>, ReadError> {
    let Some(first) = decision(log, at)? else { return Ok(None) };
    let essence = |result: &RecordResult| (result.verdict.clone(), result.code.clone(), result.reference.clone());
    if essence(&first) == essence(&second) {
        return Ok(None);
    }
    let content = event(log, at)?.map(|event| event.content);
    let entry = NotificationEntry {
        kind: DECISION_CHANGED.to_owned(),
        event_id: second.event_id,
        entity_type: content.as_ref().map_or_else(String::new, |content| content.entity_type.to_string()),
        entity_id: content.as_ref().map_or_else(String::new, |content| content.entity_id.to_string()),
        position: second.position,
        at: log.now().0,
        by: None,
        words: Some(format!("{} -> {}", outcome(&first), outcome(&second))),
        code: second.code.clone(),
        data: json!({"first": first, "second": second}),
        seen_at: None,
    };
    let known = log.get(KeySpace::Notification, &entry.key())?;
    let known = known.and_then(|bytes| serde_json::from_slice::<NotificationEntry>(&bytes).ok());
    // The first decision at this position may have a notification already: this one says more.
    Ok(known.is_none_or(|known| known.kind != DECISION_CHANGED).then(|| entry.set()))
}

fn outcome(result: &RecordResult) -> String {
    let more = [result.code.as_deref(), result.reference.as_deref()];
    std::iter::once(result.verdict.as_str()).chain(more.into_iter().flatten()).collect::<Vec<_>>().join(" ")
}

/// The kind of notification for a decision. Invoice numbers, a client's field overwritten by a later writer, and an entity that
/// another node had created alike need none.
fn kind_of(result: &RecordResult) -> Option<&str> {
    match (result.verdict.as_str(), result.code.as_deref()) {
        ("CONFLICT", Some(ALREADY_VALIDATED)) => Some(ALREADY_VALIDATED),
        ("CONFLICT", _) => Some("CONFLICT"),
        ("REJECTED", _) => Some("REJECTED"),
        ("QUARANTINED", _) => Some("QUARANTINED"),
        ("SUPERSEDED", Some("OVERWRITTEN" | "ENTITY_EXISTS")) => None,
        ("SUPERSEDED", _) => Some("SUPERSEDED"),
        ("ACCEPTED" | "DUPLICATE", _) => None,
        // A verdict that this version does not know may be anything: better shown than hidden.
        (verdict, _) => Some(verdict),
    }
}

/// The change that stores a notice from central, unless it is stored already.
pub(crate) fn of_notice(log: &Log, notice: Notice) -> Result<Option<KeyChange>, ReadError> {
    let entry = NotificationEntry {
        code: notice.data["code"].as_str().map(str::to_owned),
        kind: notice.kind,
        event_id: notice.event_id,
        entity_type: notice.entity_type,
        entity_id: notice.entity_id,
        position: notice.position,
        at: log.now().0,
        by: notice.by,
        words: None,
        data: notice.data,
        seen_at: None,
    };
    entry.change(log)
}

/// The notification that a row is too large to store here. It is not about an event of this log, so its id is derived from the
/// row.
pub(crate) fn of_row(log: &Log, change: &pull_v1::RowChange) -> Result<Option<KeyChange>, ReadError> {
    let Some(bytes) = apply::too_large(change) else { return Ok(None) };
    let row = &change.key;
    let named = blake3::hash(format!("{ROW_TOO_LARGE} {} {}", row.entity_type, row.entity_id).as_bytes());
    let event_id = uuid::Builder::from_custom_bytes(std::array::from_fn(|at| named.as_bytes()[at])).into_uuid();
    tracing::error!("{} {} has {bytes} bytes and is not kept here: read it at central", row.entity_type, row.entity_id);
    let entry = NotificationEntry {
        code: None,
        kind: ROW_TOO_LARGE.to_owned(),
        event_id,
        entity_type: row.entity_type.clone(),
        entity_id: row.entity_id.clone(),
        position: change.position,
        at: log.now().0,
        by: None,
        words: Some(bytes.to_string()),
        data: json!({"bytes": bytes}),
        seen_at: None,
    };
    entry.change(log)
}

impl NotificationEntry {
    fn key(&self) -> Vec<u8> {
        key(self.position, self.event_id)
    }

    /// Stores a notification once, so that a repeated one does not reset `seen_at`.
    fn change(&self, log: &Log) -> Result<Option<KeyChange>, ReadError> {
        let known = log.get(KeySpace::Notification, &self.key())?.is_some();
        Ok((!known && self.position > 0).then(|| self.set()))
    }

    fn set(&self) -> KeyChange {
        KeyChange::set(KeySpace::Notification, self.key(), serde_json::to_vec(self).expect("plain values encode"))
    }

    fn shown(self, language: Language) -> Notification {
        let (title, detail) = words::text_of(&self, language);
        Notification {
            id: format!("{}-{}", self.position, self.event_id),
            kind: self.kind,
            title,
            detail,
            event_id: self.event_id,
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            code: self.code,
            by: self.by,
            position: self.position,
            at: instant::format(Timestamp(self.at)),
            seen_at: self.seen_at.map(|at| instant::format(Timestamp(at))),
            data: self.data,
        }
    }
}

pub(crate) struct NotificationPage {
    pub(crate) rows: Vec<Notification>,
    /// The id after which the next page begins.
    pub(crate) next: Option<String>,
}

/// Which notifications a reader wants: `None` for all.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Unseen ones, or those that a person has seen.
    pub(crate) unseen: Option<bool>,
    /// Those about events that wait for a person, or the others.
    pub(crate) waiting: Option<bool>,
}

/// A page of notifications, oldest first.
pub(crate) fn list(
    log: &Log,
    asked: Asked,
    after: Option<(u64, Uuid)>,
    limit: usize,
    language: Language,
) -> Result<NotificationPage, ReadError> {
    let from = after.map_or_else(
        || key(1, Uuid::nil()),
        |(position, event)| {
            let mut key = key(position, event);
            key.push(u8::MAX);
            key
        },
    );
    let waits = asked.waiting.map(|_| waiting_events(log)).transpose()?.unwrap_or_default();
    let (mut rows, mut more) = (Vec::new(), false);
    log.scan(KeySpace::Notification, &from, &[u8::MAX; 24], &mut |_, bytes| {
        let Ok(entry) = serde_json::from_slice::<NotificationEntry>(&bytes) else {
            return std::ops::ControlFlow::Continue(());
        };
        let is_asked = asked.unseen.is_none_or(|unseen| entry.seen_at.is_none() == unseen)
            && asked.waiting.is_none_or(|waiting| waits.contains(&entry.event_id) == waiting);
        if is_asked {
            if rows.len() == limit {
                more = true;
                return std::ops::ControlFlow::Break(());
            }
            rows.push(entry.shown(language));
        }
        std::ops::ControlFlow::Continue(())
    })?;
    let next = rows.last().filter(|_| more).map(|last: &Notification| last.id.clone());
    Ok(NotificationPage { rows, next })
}

/// Marks a notification as seen: the notification, and the change to store if there is one.
pub(crate) fn seen(
    log: &Log,
    id: (u64, Uuid),
    language: Language,
) -> Result<Option<(Notification, Option<KeyChange>)>, ReadError> {
    let bytes = log.get(KeySpace::Notification, &key(id.0, id.1))?.filter(|_| id.0 > 0);
    let entry = bytes.and_then(|bytes| serde_json::from_slice::<NotificationEntry>(&bytes).ok());
    Ok(entry.map(|entry| match entry.seen_at {
        Some(_) => (entry.shown(language), None),
        None => {
            let entry = NotificationEntry { seen_at: Some(log.now().0), ..entry };
            let change = entry.set();
            (entry.shown(language), Some(change))
        }
    }))
}

/// Position and event of an id.
pub(crate) fn parse_id(text: &str) -> Option<(u64, Uuid)> {
    let (position, event) = text.split_once('-')?;
    Some((position.parse().ok()?, event.parse::<EventId>().ok()?.uuid()))
}
