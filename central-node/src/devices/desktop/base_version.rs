//! The version of its entity that an outbox event was made from. A `localVersion` from central is the position of an accepted
//! change of that entity. Any other value (the document's sample sends a clock) means nothing, and the version is the one in
//! force when the client last synchronised.
//!
//! An id is ambiguous too: if the client's own entity got another id at central, and the client later received another entity
//! under the old id, either may be meant. A version of one of them decides; otherwise the time of the event does, since a
//! client that holds both under their ids at central means the id as it is.

use std::collections::{BTreeSet, HashMap};

use comptoir_core::decision::Verdict;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::desktop_v1::OutboxEvent;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use crate::database::{self, Database, StoreError, as_bigint};
use crate::devices::device::Device;
use crate::devices::time_cursor;
use crate::event_store::{self, device_ids};

/// Distinguishes versions from clocks, for the events of one request.
pub(crate) struct BaseVersions {
    /// The type and id of the entity that changed at a position.
    changed: HashMap<u64, (String, String)>,
    /// Type and the client's id to central's.
    given: HashMap<(String, String), String>,
    /// The entities of others under ids that the client's own had, which came down to it: type and id. When the client's own was
    /// given another, if that was before.
    delivered: HashMap<(String, String), Option<Timestamp>>,
    last_sync: Position,
}

impl BaseVersions {
    /// Looks up the ids and versions that the events name. Positions never change, so this needs no lock.
    pub(crate) async fn load(
        database: &Database,
        device: &Device,
        events: &[OutboxEvent],
        last_sync: Timestamp,
    ) -> Result<BaseVersions, StoreError> {
        let horizon = time_cursor::horizon(database, device.tenant).await?;
        let mut connection = database.service().await?;
        let tx = database::begin(&mut connection, device.tenant).await?;
        let named = |event: &OutboxEvent| event.local_version.as_u64().filter(|position| *position <= horizon.head.0);
        let positions: Vec<i64> = events.iter().filter_map(named).map(as_bigint).collect();
        let mut changed = HashMap::new();
        for row in event_store::at_positions(&tx, device.tenant, &positions).await? {
            if let (Ok(event), Verdict::Accepted) = (row.event(), row.decided()?.judgement.verdict) {
                let content = event.content;
                changed.insert(row.position.0, (content.entity_type.to_string(), content.entity_id.to_string()));
            }
        }
        let given = device_ids(&tx, device.tenant, device.node).await?;
        let given = given.into_iter();
        let given: HashMap<_, _> = given
            .map(|given| ((given.entity_type.to_string(), given.client_id), given.server_id.to_string()))
            .collect();
        let last_sync = time_cursor::since(&tx, device, last_sync, horizon).await?.from;
        let delivered = delivered_events(&tx, device, &given, last_sync).await?;
        Ok(BaseVersions { changed, given, delivered, last_sync })
    }

    /// Whether an event is about the entity that goes by its id at central, and not about the client's own of that id, which has
    /// another there: it was made from a version of the former, or since the latter has that other, and not from a version of it.
    /// A number of the client's own making may look like a version, so what never came down is never meant.
    pub(crate) fn belongs_to_other(&self, event: &OutboxEvent, made_at: Timestamp) -> bool {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let (Some(own), Some(given_at)) = (self.given.get(&entity), self.delivered.get(&entity)) else { return false };
        let changed = event.local_version.as_u64().and_then(|position| self.changed.get(&position));
        let of_own = changed.is_some_and(|(entity_type, id)| *entity_type == entity.0 && id == own);
        changed == Some(&entity) || (!of_own && is_since(*given_at, made_at))
    }

    /// The entities of others, by type and id, that an event's payload means by ids which the client's own had.
    pub(crate) fn others(&self, made_at: Timestamp) -> BTreeSet<(String, String)> {
        let meant = self.delivered.iter().filter(|(_, given_at)| is_since(**given_at, made_at));
        meant.map(|(entity, _)| entity.clone()).collect()
    }

    /// The version that an event was made from.
    pub(crate) fn of(&self, event: &OutboxEvent, made_at: Timestamp) -> u64 {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let own = self.given.get(&entity).filter(|_| !self.belongs_to_other(event, made_at));
        let server_id = own.unwrap_or(&event.entity_id);
        let named = event.local_version.as_u64().filter(|position| {
            let changed = self.changed.get(position);
            changed.is_some_and(|(entity_type, id)| *entity_type == event.entity_type && id == server_id)
        });
        named.unwrap_or(self.last_sync.0)
    }
}

/// Under which of the ids that a client's own had there are entities of others that had changed by the position up to which the
/// client holds everything: it holds them. And when its own of that id had come to be, if by then.
async fn delivered_events(
    tx: &Transaction<'_>,
    device: &Device,
    given: &HashMap<(String, String), String>,
    last_sync: Position,
) -> Result<HashMap<(String, String), Option<Timestamp>>, StoreError> {
    if given.is_empty() {
        return Ok(HashMap::new());
    }
    let types: Vec<&str> = given.keys().map(|(entity_type, _)| entity_type.as_str()).collect();
    let ids: Vec<&str> = given.keys().map(|(_, id)| id.as_str()).collect();
    let own: Vec<&str> = given.values().map(String::as_str).collect();
    let last_sync = as_bigint(last_sync.0);
    let rows = event_store::delivered_entities(tx, [&device.tenant.uuid(), &types, &ids, &own, &last_sync]).await?;
    let read = |row: &Row| {
        let own_decision: Option<&[u8]> = row.try_get(2)?;
        Ok(((row.try_get(0)?, row.try_get(1)?), own_decision.map(event_store::received_at).transpose()?))
    };
    rows.iter().map(read).collect()
}

/// Whether an event was made since the client's own entity has its id from central. Only what was made while that answer was on
/// its way looks so, and is not.
fn is_since(given_at: Option<Timestamp>, made_at: Timestamp) -> bool {
    given_at.is_some_and(|given_at| made_at > given_at)
}
