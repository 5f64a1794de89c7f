//! How many of the node's own events wait for a person: told from the notifications alone, so that it falls when a pull brings the news,
//! in whatever order decision and news came, and is the same after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use comptoir_proto::sync_v1::RecordResult;
use uuid::Uuid;

use super::{ALREADY_VALIDATED, DECIDED_AGAIN, Kept, ROW_TOO_LARGE, key, kind_of};
use crate::event_log::{Log, ReadError, Shelf};

/// An event that waits.
struct Waits {
    entity: (String, String),
    /// Where it came to wait.
    position: u64,
    /// Whether it is an edit in conflict: whoever decides the conflict settles all edits of this node in it.
    in_conflict: bool,
}

#[derive(Default)]
struct Waiting {
    /// By event.
    events: BTreeMap<Uuid, Waits>,
    /// What a person has decided or released.
    settled: BTreeSet<Uuid>,
    /// Where the last conflict about an entity was decided.
    resolved: BTreeMap<(String, String), u64>,
}

/// Counts the events that central refused, set apart or has in conflict, and that nobody has released or decided since.
pub(crate) fn waiting(log: &Log) -> Result<u64, ReadError> {
    let mut waiting = Waiting::default();
    log.each_kept(Shelf::Notification, &key(1, Uuid::nil()), &[u8::MAX; 24], &mut |_, bytes| {
        if let Ok(kept) = serde_json::from_slice::<Kept>(&bytes) {
            waiting.take(kept);
        }
        ControlFlow::Continue(())
    })?;
    Ok(waiting.count())
}

impl Waiting {
    fn take(&mut self, kept: Kept) {
        match kept.kind.as_str() {
            // Nobody has to act, or not on an event of this node.
            ALREADY_VALIDATED | "SUPERSEDED" | ROW_TOO_LARGE => {}
            "RESOLVED" => {
                self.settled.insert(kept.event_id);
                let last = self.resolved.entry((kept.entity_type, kept.entity_id)).or_default();
                *last = kept.position.max(*last);
            }
            // Its release may have found it in conflict: it waits for another person then.
            "RELEASED" if kept.data["verdict"] == "CONFLICT" && kept.data["code"] != ALREADY_VALIDATED => {
                self.add(kept, true);
            }
            "RELEASED" => drop(self.settled.insert(kept.event_id)),
            DECIDED_AGAIN => {
                let first = serde_json::from_value::<RecordResult>(kept.data["first"].clone());
                if let Ok(first) = first.as_ref()
                    && needs_person(first)
                {
                    self.add(kept, first.verdict == "CONFLICT");
                }
            }
            kind => {
                let in_conflict = kind == "CONFLICT";
                self.add(kept, in_conflict);
            }
        }
    }

    fn add(&mut self, kept: Kept, in_conflict: bool) {
        let waits = Waits { entity: (kept.entity_type, kept.entity_id), position: kept.position, in_conflict };
        self.events.insert(kept.event_id, waits);
    }

    fn count(self) -> u64 {
        let Waiting { events, settled, resolved } = self;
        let decided = |waits: &Waits| {
            waits.in_conflict && resolved.get(&waits.entity).is_some_and(|decided| waits.position < *decided)
        };
        events.iter().filter(|(event, waits)| !settled.contains(*event) && !decided(waits)).count() as u64
    }
}

/// Whether a person has to look at what was decided. A second validation was dropped here by itself, and a notification says so.
fn needs_person(result: &RecordResult) -> bool {
    kind_of(result).is_some_and(|kind| !matches!(kind, ALREADY_VALIDATED | "SUPERSEDED"))
}
