//! The rows of the projection `deliveries`.

use std::collections::BTreeSet;

use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::state::{DecisionState, Delivery, Validated};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{VersionedTable, name_of, opt_name_of, position_of};
use crate::database::{Micros, StoreError, as_bigint};

pub(super) async fn load(
    table: VersionedTable<'_>,
    keys: &BTreeSet<Name>,
) -> Result<Vec<(Name, Delivery)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> = keys.iter().map(Name::as_str).collect();
    let rows = table.query(include_str!("deliveries_load.sql"), &[&ids]).await?;
    rows.iter().map(|row| Ok((name_of(row.try_get("delivery_id")?)?, delivery(row)?))).collect()
}

fn delivery(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        reference: row.try_get("reference")?,
        client: row.try_get("client")?,
        total_minor: row.try_get("total_minor")?,
        qr: row.try_get("qr")?,
        assigned_to: opt_name_of(row.try_get("assigned_to")?)?,
        validation: validation(row)?,
        position: position_of(row.try_get("position")?)?,
    })
}

fn validation(row: &Row) -> Result<Option<Validated>, StoreError> {
    let Some(event) = row.try_get::<_, Option<Uuid>>("validated_event")? else { return Ok(None) };
    Ok(Some(Validated {
        event: EventId::new(event),
        user: opt_name_of(row.try_get("validated_by")?)?,
        node: NodeId::new(row.try_get("validated_node")?),
        at: row.try_get::<_, Micros>("validated_at")?.0,
        place: row.try_get("validated_place")?,
        signature_hash: row.try_get("signature_hash")?,
        position: position_of(row.try_get("validated_position")?)?,
    }))
}

pub(super) async fn save(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<Name>,
) -> Result<(), StoreError> {
    let rows: Vec<(&Name, &Delivery)> =
        keys.iter().filter_map(|key| Some((key, decision_state.deliveries.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let first = |delivery: &Delivery| delivery.validation.clone();
    let validated: Vec<Option<Validated>> = rows.iter().map(|(_, delivery)| first(delivery)).collect();
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let positions: Vec<i64> = rows.iter().map(|(_, delivery)| as_bigint(delivery.position.0)).collect();
    let references: Vec<&str> = rows.iter().map(|(_, delivery)| delivery.reference.as_str()).collect();
    let clients: Vec<&str> = rows.iter().map(|(_, delivery)| delivery.client.as_str()).collect();
    let totals: Vec<Option<i64>> = rows.iter().map(|(_, delivery)| delivery.total_minor).collect();
    let qr: Vec<Option<&str>> = rows.iter().map(|(_, delivery)| delivery.qr.as_deref()).collect();
    let assigned: Vec<Option<&str>> =
        rows.iter().map(|(_, delivery)| delivery.assigned_to.as_ref().map(Name::as_str)).collect();
    let events: Vec<Option<Uuid>> = validated.iter().map(|first| first.as_ref().map(|v| v.event.uuid())).collect();
    let users: Vec<Option<&str>> =
        validated.iter().map(|first| first.as_ref().and_then(|v| v.user.as_ref()).map(Name::as_str)).collect();
    let nodes: Vec<Option<Uuid>> = validated.iter().map(|first| first.as_ref().map(|v| v.node.uuid())).collect();
    let at: Vec<Option<Micros>> = validated.iter().map(|first| first.as_ref().map(|v| Micros(v.at))).collect();
    let places: Vec<Option<&str>> =
        validated.iter().map(|first| first.as_ref().and_then(|v| v.place.as_deref())).collect();
    let validated_positions: Vec<Option<i64>> =
        validated.iter().map(|first| first.as_ref().map(|v| as_bigint(v.position.0))).collect();
    let signatures: Vec<Option<&str>> =
        validated.iter().map(|first| first.as_ref().and_then(|v| v.signature_hash.as_deref())).collect();
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 14] = [
        &ids,
        &positions,
        &references,
        &clients,
        &totals,
        &qr,
        &assigned,
        &events,
        &users,
        &nodes,
        &at,
        &places,
        &validated_positions,
        &signatures,
    ];
    table.write(include_str!("deliveries_save.sql"), rows.len(), &columns).await
}
