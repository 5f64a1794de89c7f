//! The place in central's changes: up to where this node has them, and how far a first load has come.

use comptoir_core::position::Seq;
use comptoir_proto::pull_v1::PullCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_log::{KeyChange, KeySpace, Log, LogPosition, ReadError};

/// Kept in one batch with the rows it speaks of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PullProgress {
    /// Number of the last first load, also of one under way. Each begins a generation of rows.
    pub(crate) generation: u32,
    /// Where the next pull begins; absent until a first load has ended.
    pub(crate) cursor: Option<String>,
    /// Own events at or below it are in the rows.
    pub(crate) complete_through: Option<u64>,
    /// The first load under way.
    pub(crate) load: Option<Load>,
    /// Where central was put back to an older copy: it gave other events the positions that this node was told of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) put_back: Option<RestoredCentral>,
}

/// A central that was put back, and what had been decided before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct RestoredCentral {
    /// The first load of what it holds now. Rows of earlier ones, and positions of events up to `epoch` and `seq`, are of before.
    pub(crate) generation: u32,
    /// The last own event that was decided before; when the load begins central holds it again.
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
}

/// A first load: of everything in scope, in the order of keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Load {
    /// Behind which rows it goes on.
    pub(crate) after: Option<String>,
    /// Of which central, once it has said so.
    pub(crate) incarnation: Option<Uuid>,
    /// Of which scope.
    pub(crate) scope: Option<String>,
}

impl RestoredCentral {
    fn at(self) -> LogPosition {
        LogPosition { epoch: self.epoch, seq: Seq(self.seq) }
    }
}

impl PullProgress {
    /// As it is kept. One that does not read is a defect or a hand that should not be there: a first load mends it, and it is told.
    pub(crate) fn read(log: &Log) -> Result<PullProgress, ReadError> {
        let Some(bytes) = log.get(KeySpace::Place, &[])? else { return Ok(PullProgress::default()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::error!(%error, "The place in central's changes does not read, everything is loaded anew: {error}");
            // Whatever stands here already is of an earlier generation than the rows that come.
            PullProgress { generation: u32::MAX / 2, ..PullProgress::default() }
        }))
    }

    /// The change that keeps it.
    pub(crate) fn change(&self) -> KeyChange {
        let bytes = serde_json::to_vec(self).expect("plain values encode");
        KeyChange::set(KeySpace::Place, Vec::new(), bytes)
    }

    /// Everything is to be loaded anew. What stands here stays until the load has ended.
    #[must_use]
    pub(crate) fn begin_load(&self) -> PullProgress {
        PullProgress {
            generation: self.generation + 1,
            cursor: None,
            complete_through: self.complete_through,
            load: Some(Load::default()),
            put_back: self.put_back,
        }
    }

    /// Central was put back, and is given what it misses before anything is loaded: own events up to here were decided before.
    #[must_use]
    pub(crate) fn put_back(&self, last: LogPosition) -> PullProgress {
        let generation = self.generation + 1;
        // Seen again while it waits, the first time counts: what was decided since is the later central's.
        let known = self.put_back.filter(|known| known.generation == generation);
        let now = RestoredCentral { generation, epoch: last.epoch, seq: last.seq.0 };
        PullProgress { put_back: Some(known.unwrap_or(now)), ..self.clone() }
    }

    /// It could not be given everything: of what it holds the rows will tell, the rest stays over them.
    #[must_use]
    pub(crate) fn given_back_to(&self, held: LogPosition) -> PullProgress {
        let put_back = self.put_back.map(|last| {
            let upto = last.at().min(held);
            RestoredCentral { epoch: upto.epoch, seq: upto.seq.0, ..last }
        });
        PullProgress { put_back, ..self.clone() }
    }

    /// Whether everything that changed up to an own event's position is in the rows, the event with it.
    pub(crate) fn covers(&self, at: LogPosition, position: u64) -> bool {
        let passed = self.complete_through.is_some_and(|to| position <= to);
        let loaded = |put_back: RestoredCentral| self.load.is_none() && self.generation >= put_back.generation;
        match self.put_back {
            None => passed,
            Some(put_back) if at <= put_back.at() => passed || loaded(put_back),
            Some(put_back) => passed && loaded(put_back),
        }
    }

    /// Whether a row of that load and version has an own event in it: rows come before the cursor passes them.
    pub(crate) fn is_in(&self, generation: u32, version: u64, at: LogPosition, position: u64) -> bool {
        let passed = position <= version;
        match self.put_back {
            None => passed,
            Some(put_back) if at <= put_back.at() => passed || generation >= put_back.generation,
            Some(put_back) => passed && generation >= put_back.generation,
        }
    }

    /// The load has ended at a cursor.
    #[must_use]
    pub(crate) fn end_load(&self, cursor: String, parsed: &PullCursor) -> PullProgress {
        // A cursor inside a position stands for the changes before that position.
        let complete_through = if parsed.after.is_some() { parsed.position.saturating_sub(1) } else { parsed.position };
        PullProgress { cursor: Some(cursor), complete_through: Some(complete_through), load: None, ..self.clone() }
    }

    /// Changes up to a cursor were kept.
    #[must_use]
    pub(crate) fn moved(&self, cursor: String, complete_through: Option<u64>) -> PullProgress {
        // Where nothing had to be loaded it was not put back after all.
        let put_back = self.put_back.filter(|put_back| put_back.generation <= self.generation);
        PullProgress {
            cursor: Some(cursor),
            complete_through: complete_through.or(self.complete_through),
            put_back,
            ..self.clone()
        }
    }
}
