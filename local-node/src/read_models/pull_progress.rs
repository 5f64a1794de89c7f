//! The progress of the pull: how far central's changes are applied here, and how far a bootstrap has come.

use comptoir_core::position::Seq;
use comptoir_proto::pull_v1::PullCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_log::{KeyChange, KeySpace, Log, LogPosition, ReadError};

/// Stored in one batch with the rows it covers.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PullProgress {
    /// Number of the last bootstrap, also of a running one. Each begins a generation of rows.
    pub(crate) generation: u32,
    /// The start of the next pull; absent until a bootstrap has ended.
    pub(crate) cursor: Option<String>,
    /// The rows include own events at or below this position.
    pub(crate) complete_through: Option<u64>,
    pub(crate) load: Option<Load>,
    /// Set when central was restored from an older copy: it assigns to other events the positions that this node's events had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restored: Option<RestoredCentral>,
}

/// A restored central, and the events decided before its restore.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct RestoredCentral {
    /// The first bootstrap after the restore. Rows of earlier generations, and positions of events up to `epoch` and `seq`,
    /// precede the restore.
    pub(crate) generation: u32,
    /// The last own event decided before the restore. Central holds it again when the bootstrap begins.
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
}

/// A bootstrap of everything in scope, in key order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Load {
    /// The mark after which the bootstrap continues.
    pub(crate) after: Option<String>,
    /// Central's incarnation, once known.
    pub(crate) incarnation: Option<Uuid>,
    pub(crate) scope: Option<String>,
}

impl RestoredCentral {
    fn at(self) -> LogPosition {
        LogPosition { epoch: self.epoch, seq: Seq(self.seq) }
    }
}

impl PullProgress {
    /// Reads the stored progress. An unreadable one is logged and replaced by a new bootstrap.
    pub(crate) fn read(log: &Log) -> Result<PullProgress, ReadError> {
        let Some(bytes) = log.get(KeySpace::PullProgress, &[])? else { return Ok(PullProgress::default()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::error!(%error, "The pull progress does not read, so everything is loaded again: {error}");
            // Whatever is stored belongs to an earlier generation than the rows to come.
            PullProgress { generation: u32::MAX / 2, ..PullProgress::default() }
        }))
    }

    /// The change that stores it.
    pub(crate) fn change(&self) -> KeyChange {
        let bytes = serde_json::to_vec(self).expect("plain values encode");
        KeyChange::set(KeySpace::PullProgress, Vec::new(), bytes)
    }

    /// Starts a new bootstrap. Present rows stay until it has ended.
    #[must_use]
    pub(crate) fn begin_load(&self) -> PullProgress {
        PullProgress {
            generation: self.generation + 1,
            cursor: None,
            complete_through: self.complete_through,
            load: Some(Load::default()),
            restored: self.restored,
        }
    }

    /// Central was restored and is resent missing records before a bootstrap: own events up to here were decided before.
    #[must_use]
    pub(crate) fn restored(&self, last: LogPosition) -> PullProgress {
        let generation = self.generation + 1;
        // If the restore is seen again during the wait, the first time counts: later decisions are the restored central's.
        let known = self.restored.filter(|known| known.generation == generation);
        let now = RestoredCentral { generation, epoch: last.epoch, seq: last.seq.0 };
        PullProgress { restored: Some(known.unwrap_or(now)), ..self.clone() }
    }

    /// Central could not be resent everything: its rows will show what it holds, and the other events stay over them.
    #[must_use]
    pub(crate) fn resent_up_to(&self, held: LogPosition) -> PullProgress {
        let restored = self.restored.map(|last| {
            let upto = last.at().min(held);
            RestoredCentral { epoch: upto.epoch, seq: upto.seq.0, ..last }
        });
        PullProgress { restored, ..self.clone() }
    }

    /// Whether the rows include every change up to an own event's position, and thus the event.
    pub(crate) fn covers(&self, at: LogPosition, position: u64) -> bool {
        let passed = self.complete_through.is_some_and(|to| position <= to);
        let loaded = |restored: RestoredCentral| self.load.is_none() && self.generation >= restored.generation;
        match self.restored {
            None => passed,
            Some(restored) if at <= restored.at() => passed || loaded(restored),
            Some(restored) => passed && loaded(restored),
        }
    }

    /// Whether a row of that generation and version includes an own event. Rows can arrive before the cursor passes them.
    pub(crate) fn is_in(&self, generation: u32, version: u64, at: LogPosition, position: u64) -> bool {
        let passed = position <= version;
        match self.restored {
            None => passed,
            Some(restored) if at <= restored.at() => passed || generation >= restored.generation,
            Some(restored) => passed && generation >= restored.generation,
        }
    }

    /// The bootstrap has ended at a cursor.
    #[must_use]
    pub(crate) fn end_load(&self, cursor: String, parsed: &PullCursor) -> PullProgress {
        // A cursor within a position covers the changes before that position.
        let complete_through = if parsed.after.is_some() { parsed.position.saturating_sub(1) } else { parsed.position };
        PullProgress { cursor: Some(cursor), complete_through: Some(complete_through), load: None, ..self.clone() }
    }

    /// Changes up to a cursor are stored.
    #[must_use]
    pub(crate) fn moved(&self, cursor: String, complete_through: Option<u64>) -> PullProgress {
        // Without a new bootstrap central was not restored after all.
        let restored = self.restored.filter(|restored| restored.generation <= self.generation);
        PullProgress {
            cursor: Some(cursor),
            complete_through: complete_through.or(self.complete_through),
            restored,
            ..self.clone()
        }
    }
}
