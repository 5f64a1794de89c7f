//! Local read models: the latest rows from central, overlaid with this node's pending events.
//!
//! A shown row is central's row, then the events of this log that central has not decided, or has decided and not yet returned in
//! a row, applied with core's own functions. Nothing here decides: an event leaves the overlay once a pulled row covers its
//! position, or once central refused it. Stock is central's figure alone, with this node's pending quantities alongside.
//!
//! Reading order: stored rows (`rows`, `pull_progress`), how they are written (`apply`, `rulebook`), the pending events
//! (`pending`), their effect on a row (`overlay`), and the lists (`view`).

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
