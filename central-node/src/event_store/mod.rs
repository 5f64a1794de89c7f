//! The log in Postgres: appended under the tenant's lock, read by position, never changed.

mod append;
mod check;
mod device_ids;
mod device_resends;
mod forks;
mod heads;
mod joins;
mod read;
mod seal;

pub(crate) use append::{AppendedBatch, ForkRecord, NewEvent, append_events, insert_batches, insert_fork_records};
pub(crate) use check::{CheckedRow, LogHeads, batch_ends, checked_rows, log_heads};
pub(crate) use device_ids::{AssignedId, device_ids, insert_device_ids};
pub(crate) use device_resends::{DueRow, Resend, delete_resends, due_resends, insert_resends};
pub(crate) use forks::{ForkKey, ForkRow, forks};
pub(crate) use heads::{
    NodeHead, NodeLog, TenantHead, lock_tenant, node_logs, pin_key, raise_node, raise_tenant, tenant_head,
};
pub(crate) use joins::{
    ENTITIES_LIST, OpenConflictFilter, changed_keys, created_keys, delivered_entities, entities_by_key,
    entities_in_order, entity_by_id, entity_provenance, keys_in_order, newest_change, open_conflicts,
    quarantined_states,
};
pub use read::PageSize;
pub(crate) use read::{
    AuditEntryFilter, HeldEvent, LogRow, SeqRange, StoredRecord, at_place, at_positions, audit_entries, by_event_id,
    by_event_ids, changes_of, decision_chain_at, held_events, in_conflict, is_unused, later_decisions, log_page,
    position_at_time, quarantined, quarantined_event, received_at_position, release_of, resolutions, resolutions_of,
    security_events, sized_page, stored_between,
};
pub(crate) use seal::{SealError, received_at, sealed_decision};
