//! From which version of its entity an outbox event was made. A `localVersion` that central gave is the position of an accepted change of
//! that very entity; anything else (the document's sample sends a clock) says nothing, and the version is the one that stood when the
//! client last synchronised.

use std::collections::HashMap;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::desktop_v1::OutboxEvent;
use deadpool_postgres::Transaction;

use crate::database::{StoreError, as_bigint, natural};
use crate::devices::device::Device;
use crate::devices::time_cursor::{Horizon, position_at};
use crate::event_store::given_ids;

/// What tells versions from clocks, for the events of one request.
pub(super) struct Bases {
    /// Position to the entity that changed there: type and id.
    changed: HashMap<u64, (String, String)>,
    /// Type and the client's id to central's.
    given: HashMap<(String, String), String>,
    last_sync: Position,
}

impl Bases {
    /// Looks up what the events name. Positions never change, so this needs no lock.
    pub(super) async fn load(
        tx: &Transaction<'_>,
        device: &Device,
        events: &[OutboxEvent],
        last_sync: Timestamp,
        horizon: Horizon,
    ) -> Result<Bases, StoreError> {
        let named = |event: &OutboxEvent| event.local_version.as_u64().filter(|position| *position <= horizon.head.0);
        let positions: Vec<i64> = events.iter().filter_map(named).map(as_bigint).collect();
        let sql = "select position, entity_type, entity_id from event
                   where tenant_id = $1 and position = any ($2::bigint[]) and verdict = 'ACCEPTED' and entity_type is not null";
        let statement = tx.prepare_cached(sql).await?;
        let mut changed = HashMap::new();
        for row in tx.query(&statement, &[&device.tenant.uuid(), &positions]).await? {
            changed.insert(natural(row.try_get(0)?)?, (row.try_get(1)?, row.try_get(2)?));
        }
        let given = given_ids(tx, device.tenant, device.node).await?;
        let given = given.into_iter();
        let given = given
            .map(|given| ((given.entity_type.to_string(), given.client_id), given.server_id.to_string()))
            .collect();
        let last_sync = position_at(tx, device.tenant, last_sync, horizon).await?;
        Ok(Bases { changed, given, last_sync })
    }

    /// The version that an event was made from.
    pub(super) fn of(&self, event: &OutboxEvent) -> u64 {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let server_id = self.given.get(&entity).unwrap_or(&event.entity_id);
        let named = event.local_version.as_u64().filter(|position| {
            let changed = self.changed.get(position);
            changed.is_some_and(|(entity_type, id)| *entity_type == event.entity_type && id == server_id)
        });
        named.unwrap_or(self.last_sync.0)
    }
}
