//! What goes down to a node: the rows of its scope that changed ([`pull`]), all of them at a first load ([`bootstrap`]), and what was
//! decided later about its own events ([`notices`]).
//!
//! Rows are found by the position of their last change. Positions are given under the tenant's lock and in commit order, so nothing ever
//! appears behind a cursor, and a row that changes while somebody pages through moves to where the reader has still to come.
//! A request that waits holds no database connection ([`watch`]).

pub(crate) mod bootstrap;
mod changes;
mod keys;
pub(crate) mod nodes;
mod notices;
pub(crate) mod pull;
mod rows;
mod rulebook;
mod scope;
mod token;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use comptoir_proto::paths;

pub(crate) use bootstrap::BootstrapSlots;
pub(crate) use changes::{FeedPosition, born, changes, rows_of};
pub(crate) use keys::{CreatedRow, ListedRow};
pub(crate) use pull::LastContacts;
pub(crate) use rows::{UPDATED_RECORD, delivery_row, entity_row, invoice_row};
pub(crate) use scope::Scope;
pub(crate) use watch::Watch;

use crate::central::Central;

/// The routes of pull, bootstrap and the list of nodes.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SYNC_PULL, get(pull::pull))
        .route(paths::SYNC_BOOTSTRAP, get(bootstrap::bootstrap))
        .route(paths::NODES, get(nodes::list))
}
