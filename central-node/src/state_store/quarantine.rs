//! The rows of the projection `quarantine`: the quarantined events, and whether they were released. The events are read from
//! the log.

use std::collections::BTreeSet;

use comptoir_core::decision::DecisionContext;
use comptoir_core::id::EventId;
use comptoir_core::state::{DecisionState, Quarantined};
use comptoir_proto::{payload, stored_v1};
use tokio_postgres::Row;
use uuid::Uuid;

use super::VersionedTable;
use crate::database::{StoreError, as_bigint};
use crate::event_store;
use crate::tenant::Tenant;

pub(super) async fn load(
    table: VersionedTable<'_>,
    tenant: &Tenant,
    keys: &BTreeSet<EventId>,
) -> Result<Vec<(EventId, Quarantined)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = keys.iter().map(|id| id.uuid()).collect();
    let rows = event_store::quarantined_states(table.tx, table.tenant, table.version, &ids).await?;
    rows.iter().map(|row| quarantined_event(row, tenant)).collect()
}

fn quarantined_event(row: &Row, tenant: &Tenant) -> Result<(EventId, Quarantined), StoreError> {
    let id = EventId::new(row.try_get("event_id")?);
    let damaged = |why: String| StoreError::Damaged(format!("quarantined event {id}: {why}"));
    let event = stored_v1::decode(row.try_get("record")?).map_err(|error| damaged(error.to_string()))?;
    let decision = stored_v1::decode_decision(row.try_get("decision")?).map_err(|error| damaged(error.to_string()))?;
    let known = payload::parse(event).map_err(|(_, error)| damaged(error.to_string()))?;
    let place = DecisionContext {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: tenant.site_code(known.event.content.site),
        by_central: known.event.node == tenant.central_node,
    };
    Ok((id, Quarantined { known, context: place, released: row.try_get("released")? }))
}

pub(super) async fn save(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<EventId>,
) -> Result<(), StoreError> {
    let rows: Vec<(&EventId, &Quarantined)> =
        keys.iter().filter_map(|key| Some((key, decision_state.quarantined.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| id.uuid()).collect();
    let positions: Vec<i64> = rows.iter().map(|(_, event)| as_bigint(event.context.position.0)).collect();
    let released: Vec<bool> = rows.iter().map(|(_, event)| event.released).collect();
    table.write(include_str!("quarantine_save.sql"), rows.len(), &[&ids, &positions, &released]).await
}
