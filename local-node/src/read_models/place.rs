//! The place in central's changes: up to where this node has them, and how far a first load has come.

use comptoir_proto::pull_v1::Cursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event_log::{Change, Log, ReadError, Shelf};

/// Kept in one batch with the rows it speaks of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Number of the last first load, also of one under way. Each begins a generation of rows.
    pub(crate) generation: u32,
    /// Where the next pull begins; absent until a first load has ended.
    pub(crate) cursor: Option<String>,
    /// Own events at or below it are in the rows.
    pub(crate) complete_to: Option<u64>,
    /// The first load under way.
    pub(crate) load: Option<Load>,
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

impl Place {
    /// As it is kept. One that does not read is a defect or a hand that should not be there: a first load mends it, and it is told.
    pub(crate) fn read(log: &Log) -> Result<Place, ReadError> {
        let Some(bytes) = log.kept(Shelf::Place, &[])? else { return Ok(Place::default()) };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::error!(%error, "The place in central's changes does not read, everything is loaded anew: {error}");
            // Whatever stands here already is of an earlier generation than the rows that come.
            Place { generation: u32::MAX / 2, ..Place::default() }
        }))
    }

    /// The change that keeps it.
    pub(crate) fn change(&self) -> Change {
        let bytes = serde_json::to_vec(self).expect("plain values encode");
        Change::set(Shelf::Place, Vec::new(), bytes)
    }

    /// Everything is to be loaded anew. What stands here stays until the load has ended.
    #[must_use]
    pub(crate) fn begin_load(&self) -> Place {
        Place {
            generation: self.generation + 1,
            cursor: None,
            complete_to: self.complete_to,
            load: Some(Load::default()),
        }
    }

    /// The load has ended at a cursor.
    #[must_use]
    pub(crate) fn end_load(&self, cursor: String, parsed: &Cursor) -> Place {
        // A cursor inside a position stands for the changes before that position.
        let complete_to = if parsed.after.is_some() { parsed.position.saturating_sub(1) } else { parsed.position };
        Place { generation: self.generation, cursor: Some(cursor), complete_to: Some(complete_to), load: None }
    }

    /// Changes up to a cursor were kept.
    #[must_use]
    pub(crate) fn moved(&self, cursor: String, complete_to: Option<u64>) -> Place {
        Place { cursor: Some(cursor), complete_to: complete_to.or(self.complete_to), ..self.clone() }
    }
}
