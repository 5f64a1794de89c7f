//! Who changed the entities of a page: whether the client that asks did so alone, and whether they are new to it.

use std::collections::HashMap;

use comptoir_core::id::Name;
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rule;
use comptoir_proto::pull_v1::{RowKey, RowKind};
use deadpool_postgres::Transaction;

use crate::database::{StoreError, natural};
use crate::devices::device::Device;
use crate::world_store::{Versions, load_rulebook};

/// Of one entity.
pub(super) struct Provenance {
    /// The last change by anybody else.
    changed_by_others: Position,
    /// When it came to be; absent where that is not known.
    created_at: Option<Position>,
    /// Whether the client itself made it.
    pub(super) created_by_client: bool,
    /// Whether what stands may differ from what its last writer wrote: some of it may have lost to another.
    merged: bool,
}

impl Provenance {
    /// Whether nobody but the client has changed it after a position, so that the client holds it already.
    pub(super) fn is_own_since(&self, from: Position) -> bool {
        !self.merged && self.changed_by_others <= from
    }

    /// Whether it came to be after a position.
    pub(super) fn is_new_since(&self, from: Position) -> bool {
        self.created_at.is_none_or(|created| created > from)
    }
}

/// Of the entities among some keys.
pub(super) async fn provenance(
    tx: &Transaction<'_>,
    device: &Device,
    keys: impl Iterator<Item = &RowKey>,
) -> Result<HashMap<RowKey, Provenance>, StoreError> {
    let keys: Vec<&RowKey> = keys.filter(|key| key.kind == RowKind::Entity).collect();
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let version = Versions::active(tx, device.tenant).await?.entities;
    let rulebook = load_rulebook(tx, device.tenant).await?;
    let types: Vec<&str> = keys.iter().map(|key| key.entity_type.as_str()).collect();
    let ids: Vec<&str> = keys.iter().map(|key| key.entity_id.as_str()).collect();
    let statement = tx.prepare_cached(include_str!("provenance.sql")).await?;
    let own = device.node.to_string();
    let rows = tx.query(&statement, &[&device.tenant.uuid(), &version, &types, &ids, &own]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let entity_type: String = row.try_get("entity_type")?;
        let rule = Name::new(&entity_type).map_or(rulebook.default, |name| rulebook.rule_for(&name));
        let created_at: Option<i64> = row.try_get("created_at")?;
        let provenance = Provenance {
            changed_by_others: Position(natural(row.try_get("changed_by_others")?)?),
            created_at: created_at.map(natural).transpose()?.map(Position),
            created_by_client: row.try_get::<_, Option<bool>>("created_by_client")?.unwrap_or(false),
            merged: rule == Rule::LastWriterWins,
        };
        let key = RowKey { kind: RowKind::Entity, entity_type, entity_id: row.try_get("entity_id")?, site: None };
        found.insert(key, provenance);
    }
    Ok(found)
}
