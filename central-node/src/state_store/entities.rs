//! The rows of the projection `entities`: everything made of fields.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::id::{EventId, NodeId};
use comptoir_core::position::{Position, Seq};
use comptoir_core::state::{DecisionState, Entity, EntityKey, WriteStamp};
use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{VersionedTable, json_of, name_of, node_of, position_of, to_json};
use crate::database::{StoreError, as_bigint};

/// Effective time in microseconds, node, epoch, seq.
type StoredWriteStamp = (i64, Uuid, u32, u64);

/// The authors of fields and changes, as stored in `entity.provenance`.
#[derive(Serialize, Deserialize)]
struct Provenance {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    stamps: BTreeMap<String, StoredWriteStamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<StoredWriteStamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tombstone: Option<StoredWriteStamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    changed_by: BTreeMap<Uuid, u64>,
}

fn stored(stamp: &WriteStamp) -> StoredWriteStamp {
    (stamp.effective_at.0, stamp.node.uuid(), stamp.epoch, stamp.seq.0)
}

fn stamp((effective_at, node, epoch, seq): StoredWriteStamp) -> WriteStamp {
    WriteStamp { effective_at: Timestamp(effective_at), node: NodeId::new(node), epoch, seq: Seq(seq) }
}

pub(super) async fn load(
    table: VersionedTable<'_>,
    keys: &BTreeSet<EntityKey>,
) -> Result<Vec<(EntityKey, Entity)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let types: Vec<&str> = keys.iter().map(|key| key.entity_type.as_str()).collect();
    let ids: Vec<&str> = keys.iter().map(|key| key.entity_id.as_str()).collect();
    let rows = table.query(include_str!("entities_load.sql"), &[&types, &ids]).await?;
    rows.iter()
        .map(|row| {
            let entity_type = name_of(row.try_get("entity_type")?)?;
            let entity_id = name_of(row.try_get("entity_id")?)?;
            Ok((EntityKey { entity_type, entity_id }, entity(row)?))
        })
        .collect()
}

/// Reads an entity from the row of any query with these columns.
pub(super) fn entity(row: &Row) -> Result<Entity, StoreError> {
    let fields: BTreeMap<String, Box<RawValue>> = json_of(row.try_get("fields")?)?;
    let provenance: Provenance = json_of(row.try_get("provenance")?)?;
    let conflicts: BTreeMap<String, Uuid> = json_of(row.try_get("open_conflicts")?)?;
    let conflict = |(node, event): (&String, &Uuid)| Ok((node_of(node)?, EventId::new(*event)));
    Ok(Entity {
        version: position_of(row.try_get("entity_version")?)?,
        fields: fields.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect(),
        stamps: provenance.stamps.into_iter().map(|(name, stored)| (name, stamp(stored))).collect(),
        created: provenance.created.map(stamp),
        tombstone: provenance.tombstone.map(stamp),
        deleted: row.try_get("deleted")?,
        changed_by: provenance
            .changed_by
            .into_iter()
            .map(|(node, position)| (NodeId::new(node), Position(position)))
            .collect(),
        open_conflicts: conflicts.iter().map(conflict).collect::<Result<_, StoreError>>()?,
        conflicts_at: position_of(row.try_get("conflicts_at")?)?,
    })
}

pub(super) async fn save(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<EntityKey>,
) -> Result<(), StoreError> {
    let rows: Vec<(&EntityKey, &Entity)> =
        keys.iter().filter_map(|key| Some((key, decision_state.entities.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let of = Columns::of(&rows)?;
    let conflicts: Vec<String> = rows.iter().map(|(_, entity)| conflicts(entity)).collect::<Result<_, _>>()?;
    let conflicts_at: Vec<i64> = rows.iter().map(|(_, entity)| as_bigint(entity.conflicts_at.0)).collect();
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&of.types, &of.ids, &of.versions, &of.deleted, &of.fields, &of.provenance, &conflicts, &conflicts_at];
    table.write(include_str!("entities_save.sql"), rows.len(), &columns).await
}

/// The columns of entities, without their conflicts.
pub(super) struct Columns<'a> {
    pub(super) types: Vec<&'a str>,
    pub(super) ids: Vec<&'a str>,
    pub(super) versions: Vec<i64>,
    pub(super) deleted: Vec<bool>,
    pub(super) fields: Vec<String>,
    pub(super) provenance: Vec<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: &[(&'a EntityKey, &Entity)]) -> Result<Columns<'a>, StoreError> {
        Ok(Columns {
            types: rows.iter().map(|(key, _)| key.entity_type.as_str()).collect(),
            ids: rows.iter().map(|(key, _)| key.entity_id.as_str()).collect(),
            versions: rows.iter().map(|(_, entity)| as_bigint(entity.version.0)).collect(),
            deleted: rows.iter().map(|(_, entity)| entity.deleted).collect(),
            fields: rows.iter().map(|(_, entity)| fields(entity)).collect::<Result<_, _>>()?,
            provenance: rows.iter().map(|(_, entity)| provenance(entity)).collect::<Result<_, _>>()?,
        })
    }
}

/// The fields as their original texts: rules compare the texts, so they must be read back unchanged.
fn fields(entity: &Entity) -> Result<String, StoreError> {
    let raw = |(name, text): (&String, &String)| {
        let value = RawValue::from_string(text.clone())
            .map_err(|error| StoreError::Damaged(format!("field {name}: {error}")))?;
        Ok((name.clone(), value))
    };
    to_json(&entity.fields.iter().map(raw).collect::<Result<BTreeMap<_, _>, StoreError>>()?)
}

fn provenance(entity: &Entity) -> Result<String, StoreError> {
    to_json(&Provenance {
        stamps: entity.stamps.iter().map(|(name, stamp)| (name.clone(), stored(stamp))).collect(),
        created: entity.created.as_ref().map(stored),
        tombstone: entity.tombstone.as_ref().map(stored),
        changed_by: entity.changed_by.iter().map(|(node, position)| (node.uuid(), position.0)).collect(),
    })
}

fn conflicts(entity: &Entity) -> Result<String, StoreError> {
    let conflicts = entity.open_conflicts.iter().map(|(node, event)| (node.uuid(), event.uuid()));
    to_json(&conflicts.collect::<BTreeMap<_, _>>())
}
