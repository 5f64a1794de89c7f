//! Sparse snapshots of entities: a reader that needs the state at a position starts from the last snapshot before it.

use comptoir_core::position::Position;
use comptoir_core::rules::Effect;
use comptoir_core::state::{DecisionState, Entity, EntityKey};

use super::{VersionedTable, entities};
use crate::database::{StoreError, as_bigint};

/// About one accepted change of this many is stored. A conflict reads about as many events three times, and a snapshot per
/// edit would make each edit slower.
const EVERY: u16 = 128;

/// The snapshots of a batch.
#[derive(Debug, Default)]
pub(crate) struct EntityHistory(Vec<(EntityKey, Entity)>);

impl EntityHistory {
    /// Adds the state of an entity after an effect, if its position is selected for a snapshot.
    pub(crate) fn note(&mut self, decision_state: &DecisionState, effect: &Effect) {
        let Effect::EntityChanged(changed) = effect else { return };
        if is_selected(changed.position)
            && let Some(entity) = decision_state.entities.get(&changed.key)
        {
            self.0.push((changed.key.clone(), entity.clone()));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) async fn save(&self, table: VersionedTable<'_>) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let rows: Vec<(&EntityKey, &Entity)> = self.0.iter().map(|(key, entity)| (key, entity)).collect();
        let of = entities::Columns::of(&rows)?;
        table
            .write(
                include_str!("entity_snapshot_save.sql"),
                rows.len(),
                &[&of.types, &of.ids, &of.versions, &of.deleted, &of.fields, &of.provenance],
            )
            .await
    }
}

/// The last snapshot of an entity at or before a position.
pub(super) async fn load(
    table: VersionedTable<'_>,
    key: &EntityKey,
    at: Position,
) -> Result<Option<Entity>, StoreError> {
    let (entity_type, entity_id) = (key.entity_type.as_str(), key.entity_id.as_str());
    let rows =
        table.query(include_str!("entity_snapshot_load.sql"), &[&entity_type, &entity_id, &as_bigint(at.0)]).await?;
    rows.first().map(entities::entity).transpose()
}

/// Selects positions by a hash, so that no pattern of an entity's positions can leave out a long run of its changes.
fn is_selected(position: Position) -> bool {
    let hash = blake3::hash(&position.0.to_le_bytes());
    u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]).is_multiple_of(EVERY)
}
