//! What a node knows of its tenant: central's rows as they were last given, with this node's own undecided events over them.
//!
//! A row that is shown = central's row, then the events of this log that central has not decided, or has decided and not yet given
//! back, evolved over it with core's own functions. Nothing here decides: an event leaves the overlay when what central gave covers
//! its position, or when central refused it. Stock is central's figure alone; what waits here stands beside it.
//!
//! Reading order: how rows are kept (rows, place), how they come in (apply, rulebook), which events are over them (tail), what those do
//! (evolve), and what is shown (view).

pub(crate) mod apply;
mod overlay;
mod pending;
pub(crate) mod pull_progress;
pub(crate) mod rows;
pub(crate) mod rulebook;
#[cfg(test)]
mod tests;
mod view;

use comptoir_core::id::Name;
use comptoir_proto::pull_v1::RowKind;

pub(crate) use overlay::grown;
pub(crate) use pending::{Target, decision, event};
pub(crate) use view::{ReadModels, RowPage, SyncProgress, Tagged, parse_cursor};

/// An entity made of fields.
pub(crate) fn entity(entity_type: Name, entity_id: Name) -> Target {
    Target { kind: RowKind::Entity, entity_type, entity_id }
}
