//! What goes down to a node: the rows of its scope that changed ([`mod@pull`]), all of them at a first load
//! ([`mod@bootstrap`]), and what was decided later about its own events ([`notices`]).
//!
//! Rows are found by the position of their last change. Positions are given under the tenant's lock and in commit order, so
//! nothing ever appears behind a cursor, and a row that changes while somebody pages through moves to where the reader has still
//! to come. A request that waits holds no database connection ([`watch`]).

mod bootstrap;
mod bootstrap_slots;
mod changes;
mod contacts;
mod cursor;
mod keys;
pub(crate) mod nodes;
mod notices;
mod pull;
mod rows;
mod rulebook;
mod scope;
mod services;
mod token;
mod watch;

pub(crate) use bootstrap::bootstrap;
pub(crate) use changes::{born, changes, rows_of};
pub(crate) use cursor::{FeedError, FeedPosition, NodeCaller};
pub(crate) use keys::{CreatedRow, ListedRow};
pub(crate) use pull::pull;
pub(crate) use rows::{UPDATED_RECORD, delivery_row, entity_row, invoice_row};
pub(crate) use scope::Scope;
pub(crate) use services::Feed;
pub(crate) use token::Token;
