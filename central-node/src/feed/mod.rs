//! The data that central sends to nodes: the changed rows of a scope ([`mod@pull`]), all of its rows ([`mod@bootstrap`]), and
//! later decisions about a node's own events ([`notices`]).
//!
//! Rows are found by the position of their last change. Positions are assigned under the tenant's lock and in commit order,
//! so nothing ever appears before a cursor. A row that changes while a reader pages through moves to a position that the
//! reader has yet to reach. A waiting request holds no database connection ([`watch`]).

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
pub(crate) use changes::{changes, created_rows, rows_of};
pub(crate) use cursor::{FeedError, FeedPosition, NodeCaller};
pub(crate) use keys::{CreatedRow, ListedRow};
pub(crate) use pull::{answer_to_revoked, pull};
pub(crate) use rows::{UPDATED_RECORD, delivery_row, entity_row, invoice_row};
pub(crate) use scope::Scope;
pub(crate) use services::Feed;
pub(crate) use token::Token;
