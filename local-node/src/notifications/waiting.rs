//! The number of the node's own events that wait for a person, computed from the notifications and central's rows. It falls when
//! a pull or bootstrap brings a person's decision, in whatever order decision and notice arrive, and is the same after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use comptoir_proto::pull_v1::RowKind;
use comptoir_proto::sync_v1::RecordResult;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::{ALREADY_VALIDATED, DECISION_CHANGED, NotificationEntry, ROW_TOO_LARGE, key, kind_of};
use crate::event_log::{KeySpace, Log, ReadError};
use crate::read_models::rows::{self, StoredRow};

struct WaitingEvent {
    entity: (String, String),
    /// The position at which it began to wait.
    position: u64,
    /// An edit in conflict: resolving the conflict settles all edits of this node in it.
    in_conflict: bool,
}

#[derive(Default)]
struct WaitingEvents {
    events: BTreeMap<Uuid, WaitingEvent>,
    /// What a person has decided or released.
    settled: BTreeSet<Uuid>,
    /// Where the last conflict about an entity was decided.
    resolved: BTreeMap<(String, String), u64>,
}

/// Counts the events that central rejected, quarantined or has in conflict, and that nobody has released or resolved since.
pub(crate) fn waiting(log: &Log) -> Result<u64, ReadError> {
    Ok(waiting_events(log)?.len() as u64)
}

/// These events.
pub(crate) fn waiting_events(log: &Log) -> Result<BTreeSet<Uuid>, ReadError> {
    let mut waiting = WaitingEvents::default();
    log.scan(KeySpace::Notification, &key(1, Uuid::nil()), &[u8::MAX; 24], &mut |_, bytes| {
        if let Ok(entry) = serde_json::from_slice::<NotificationEntry>(&bytes) {
            waiting.add_entry(entry);
        }
        ControlFlow::Continue(())
    })?;
    waiting.left(log)
}

/// What a row says of the conflicts about it.
#[derive(Deserialize)]
struct Conflicts {
    open_conflicts: BTreeMap<Uuid, IgnoredAny>,
}

/// Whether central's row no longer has this node's conflict. The count thus falls also if the notice was never sent, between an
/// old cursor and a new bootstrap. A row from before the conflict says nothing about it.
fn is_closed(log: &Log, waits: &WaitingEvent) -> Result<bool, ReadError> {
    let (entity_type, entity_id) = &waits.entity;
    let Some(bytes) = log.get(KeySpace::Row, &rows::key(RowKind::Entity, entity_type, entity_id, None))? else {
        return Ok(false);
    };
    let held = StoredRow::decode(&bytes).ok().filter(|held| held.position >= waits.position);
    let conflicts = held.and_then(|held| serde_json::from_str::<Conflicts>(held.row.get()).ok());
    let own = log.identity().node.uuid();
    Ok(conflicts.is_some_and(|conflicts| !conflicts.open_conflicts.contains_key(&own)))
}

impl WaitingEvents {
    fn add_entry(&mut self, entry: NotificationEntry) {
        match entry.kind.as_str() {
            // Nobody has to act, or not on an event of this node.
            ALREADY_VALIDATED | "SUPERSEDED" | ROW_TOO_LARGE => {}
            "RESOLVED" => {
                self.settled.insert(entry.event_id);
                let last = self.resolved.entry((entry.entity_type, entry.entity_id)).or_default();
                *last = entry.position.max(*last);
            }
            // Its release may have put it in conflict: it then waits for another person.
            "RELEASED" if entry.data["verdict"] == "CONFLICT" && entry.data["code"] != ALREADY_VALIDATED => {
                self.add(entry, true);
            }
            "RELEASED" => drop(self.settled.insert(entry.event_id)),
            DECISION_CHANGED => {
                let first = serde_json::from_value::<RecordResult>(entry.data["first"].clone());
                if let Ok(first) = first.as_ref()
                    && needs_person(first)
                {
                    self.add(entry, first.verdict == "CONFLICT");
                }
            }
            kind => {
                let in_conflict = kind == "CONFLICT";
                self.add(entry, in_conflict);
            }
        }
    }

    fn add(&mut self, entry: NotificationEntry, in_conflict: bool) {
        let waits =
            WaitingEvent { entity: (entry.entity_type, entry.entity_id), position: entry.position, in_conflict };
        self.events.insert(entry.event_id, waits);
    }

    fn left(self, log: &Log) -> Result<BTreeSet<Uuid>, ReadError> {
        let WaitingEvents { events, settled, resolved } = self;
        let decided = |waits: &WaitingEvent| {
            waits.in_conflict && resolved.get(&waits.entity).is_some_and(|decided| waits.position < *decided)
        };
        let mut left = BTreeSet::new();
        for (event, waits) in events.iter().filter(|(event, waits)| !settled.contains(*event) && !decided(waits)) {
            if !waits.in_conflict || !is_closed(log, waits)? {
                left.insert(*event);
            }
        }
        Ok(left)
    }
}

/// Whether a decision needs a person. A second validation is dropped here automatically, with a notification.
fn needs_person(result: &RecordResult) -> bool {
    kind_of(result).is_some_and(|kind| !matches!(kind, ALREADY_VALIDATED | "SUPERSEDED"))
}
