//! The log in Postgres: appended under the tenant's lock, read by position, never changed.

mod append;
mod check;
mod device_ids;
mod heads;
mod read;

pub(crate) use append::{AppendedBatch, ForkRecord, NewEvent, append_events, insert_batches, insert_fork_records};
pub(crate) use check::{CheckedRow, LogHeads, batch_ends, checked_rows, log_heads};
pub(crate) use device_ids::{AssignedId, device_ids, insert_device_ids};
pub(crate) use heads::{
    NodeHead, NodeLog, TenantHead, lock_tenant, node_logs, pin_key, raise_node, raise_tenant, tenant_head,
};
pub(crate) use read::{
    HeldEvent, LogRow, SeqRange, StoredRecord, by_event_id, changes_of, decision_chain_at, held_events, in_conflict,
    page, quarantined, quarantined_event, release_of, resolutions, resolutions_of, stored_between,
};
