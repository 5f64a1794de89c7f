//! From which version of its entity an outbox event was made. A `localVersion` that central gave is the position of an accepted change of
//! that very entity; anything else (the document's sample sends a clock) says nothing, and the version is the one that stood when the
//! client last synchronised.
//!
//! Nor does an id say which entity a client means whose own was replaced, once it was given the other's of that name: a version of the
//! other's does.

use std::collections::{HashMap, HashSet};

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
    /// The entities of others under ids that the client's own had, which came down to it: type and id.
    told: HashSet<(String, String)>,
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
        let mut bases = Bases { changed, given, told: HashSet::new(), last_sync };
        let disputed: Vec<&OutboxEvent> = events.iter().filter(|event| bases.names_another_s(event)).collect();
        bases.told = told(tx, device, &disputed, last_sync).await?;
        Ok(bases)
    }

    /// Whether an event is about the entity that goes by its id at central, and not about the client's own of that id, which has another
    /// there: it was made from a version of the former, which came down to the client. A number of the client's own making may look like
    /// such a version, so what never came down is never meant.
    pub(super) fn is_another_s(&self, event: &OutboxEvent) -> bool {
        self.names_another_s(event) && self.told.contains(&(event.entity_type.clone(), event.entity_id.clone()))
    }

    /// Whether it names a version of the entity that has the id of the client's own.
    fn names_another_s(&self, event: &OutboxEvent) -> bool {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let changed = event.local_version.as_u64().and_then(|position| self.changed.get(&position));
        self.given.contains_key(&entity) && changed == Some(&entity)
    }

    /// The version that an event was made from.
    pub(super) fn of(&self, event: &OutboxEvent) -> u64 {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let own = self.given.get(&entity).filter(|_| !self.is_another_s(event));
        let server_id = own.unwrap_or(&event.entity_id);
        let named = event.local_version.as_u64().filter(|position| {
            let changed = self.changed.get(position);
            changed.is_some_and(|(entity_type, id)| *entity_type == event.entity_type && id == server_id)
        });
        named.unwrap_or(self.last_sync.0)
    }
}

/// Which entities among some events had changed by the position up to which the client holds everything: it holds them.
async fn told(
    tx: &Transaction<'_>,
    device: &Device,
    events: &[&OutboxEvent],
    last_sync: Position,
) -> Result<HashSet<(String, String)>, StoreError> {
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let types: Vec<&str> = events.iter().map(|event| event.entity_type.as_str()).collect();
    let ids: Vec<&str> = events.iter().map(|event| event.entity_id.as_str()).collect();
    let sql = "select k.entity_type, k.entity_id from unnest($2::text[], $3::text[]) k (entity_type, entity_id)
               where exists (select from event e
                             where e.tenant_id = $1 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
                               and e.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED') and e.verdict = 'ACCEPTED'
                               and e.position <= $4)";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&device.tenant.uuid(), &types, &ids, &as_bigint(last_sync.0)]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
