//! The log in Postgres: appended under the tenant's lock, read by position, never changed.

mod append;
mod check;
mod given_ids;
mod heads;
mod read;

pub(crate) use append::{Batch, ForkRecord, NewEvent, append_events, insert_batches, insert_fork_records};
pub(crate) use check::{CheckedRow, LogHeads, batch_ends, checked_rows, log_heads};
pub(crate) use given_ids::{given_ids, insert_given_ids};
pub(crate) use heads::{
    NodeHead, NodeLog, TenantHead, lock_tenant, node_logs, pin_key, raise_node, raise_tenant, tenant_head,
};
pub(crate) use read::{
    HeldEvent, LogRow, PlaceRange, StoredPlace, by_event_id, changes_of, decision_chain_at, held_events, in_conflict,
    page, quarantined, release_of, resolutions, resolutions_of, set_apart, stored_between,
};
