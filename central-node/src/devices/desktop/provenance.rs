//! Who changed the entities of a page: whether only the client that asks did, and whether an entity is new to it, changed, or
//! another one under the id of one that the client may hold.

use std::collections::HashMap;

use comptoir_core::id::Name;
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rule;
use comptoir_proto::pull_v1::{RowKey, RowKind};
use deadpool_postgres::Transaction;

use crate::database::{StoreError, as_bigint, natural};
use crate::devices::device::Device;
use crate::event_store;
use crate::state_store::{Versions, load_rulebook};

/// How one entity came about, as far as the client is concerned.
pub(super) struct Provenance {
    /// The last change by anybody else.
    changed_by_others: Position,
    /// The position of its creation; absent if that is not known.
    created_at: Option<Position>,
    /// Whether the client made it.
    made_by_client: bool,
    /// Whether the client ever changed it. It may hold an entity of that id even if another has taken its place, or if it
    /// looks as if the client had been wiped: the answer to its first request may have been lost.
    changed_by_client: bool,
    /// Whether the entity may differ from what its last writer wrote: some fields may have lost to another writer.
    merged: bool,
    /// Whether an entity went by its id where the client holds everything.
    was_there: bool,
    /// Whether an edit of the client's waited for a person, or its CREATE had no effect: it may hold what it wrote.
    waited: bool,
    /// Where the client deleted it and that waited: it holds it no more.
    deleted_in_vain: Option<Position>,
    /// Fields that it has no more.
    pub(super) removed: Vec<String>,
}

/// What a row is to the client that is given it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ChangeKind {
    /// The client cannot have it.
    Create,
    /// The client has it.
    Update,
    /// The client may have one of that id, which this takes the place of.
    Replace,
}

impl Provenance {
    /// Whether nobody but the client has changed it after a position, so that the client holds it already.
    pub(super) fn is_own_since(&self, from: Position) -> bool {
        !self.merged && self.changed_by_others <= from
    }

    /// Whether the client holds it since its creation. It may have lost what it made, until it has everything up to `lost_to`.
    pub(super) fn is_held(&self, from: Position, lost_to: Position) -> bool {
        self.made_by_client && from >= lost_to
    }

    /// What it is to a client that holds everything up to a position.
    pub(super) fn word(&self, from: Position, lost_to: Position) -> ChangeKind {
        let is_new = self.created_at.is_none_or(|created| created > from) && !self.is_held(from, lost_to);
        match (is_new, self.was_there || self.waited || self.changed_by_client) {
            (true, false) => ChangeKind::Create,
            (true, true) => ChangeKind::Replace,
            (false, _) if self.deleted_in_vain.is_some_and(|deleted| deleted > from) => ChangeKind::Replace,
            (false, _) => ChangeKind::Update,
        }
    }
}

/// Of the entities among some keys, for a client that holds everything up to a position.
pub(super) async fn provenance(
    tx: &Transaction<'_>,
    device: &Device,
    from: Position,
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
    let own = device.node.uuid();
    let from = as_bigint(from.0);
    let rows = event_store::entity_provenance(tx, [&device.tenant.uuid(), &version, &types, &ids, &own, &from]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let entity_type: String = row.try_get("entity_type")?;
        let rule = Name::new(&entity_type).map_or(rulebook.default, |name| rulebook.rule_for(&name));
        let position =
            |column: &str| row.try_get::<_, Option<i64>>(column)?.map(natural).transpose().map(|at| at.map(Position));
        let provenance = Provenance {
            changed_by_others: Position(natural(row.try_get("changed_by_others")?)?),
            created_at: position("created_at")?,
            made_by_client: row.try_get::<_, Option<bool>>("created_by_client")?.unwrap_or(false),
            changed_by_client: row.try_get::<_, Option<bool>>("changed_by_client")?.unwrap_or(false),
            merged: rule == Rule::LastWriterWins,
            was_there: row.try_get("was_there")?,
            waited: row.try_get::<_, bool>("waited")? || row.try_get::<_, bool>("created_too")?,
            deleted_in_vain: position("deleted_at")?,
            removed: row.try_get("removed")?,
        };
        let key = RowKey { kind: RowKind::Entity, entity_type, entity_id: row.try_get("entity_id")?, site: None };
        found.insert(key, provenance);
    }
    Ok(found)
}
