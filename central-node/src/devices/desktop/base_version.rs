//! The version of its entity that an outbox event was made from. A `localVersion` from central is the position of an accepted
//! change of that entity. Any other value (the document's sample sends a clock) means nothing, and the base is what the client
//! held when the event was made ([`AnswerLog`]). The base is sealed with the event, so a replay needs none of this.
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

use super::answer_log::AnswerLog;
use super::client_clock::ClockReading;
use crate::database::{self, Database, StoreError, as_bigint, natural};
use crate::devices::device::Device;
use crate::devices::seal;
use crate::devices::time_cursor::{self, Since};
use crate::event_store::{self, device_ids};

/// Distinguishes versions from clocks, for the events of one request.
pub(crate) struct BaseVersions {
    /// The type and id of the entity that changed at a position.
    changed: HashMap<u64, (String, String)>,
    /// Type and the client's id to central's.
    given: HashMap<(String, String), String>,
    /// The entities of others under ids that the client's own had, which came down to it: type and id.
    delivered: HashMap<(String, String), DeliveredEntity>,
    last_sync: Since,
    answers: AnswerLog,
    clock: ClockReading,
    now: Timestamp,
}

struct DeliveredEntity {
    /// Its first change.
    position: Position,
    /// When the client's own entity was given another id, if that was before.
    given_at: Option<Timestamp>,
}

impl DeliveredEntity {
    /// Whether an event was made when the client held this entity and knew the new id of its own. Only an event made while that
    /// answer was on its way looks so, and is not.
    fn is_since(&self, made_at: Option<Timestamp>, held: Position) -> bool {
        let knew_own = |given_at: Timestamp| made_at.is_some_and(|made_at| made_at > given_at);
        self.position <= held && self.given_at.is_some_and(knew_own)
    }
}

impl BaseVersions {
    /// Looks up the ids and versions that the events name, and notes what the request shows of the client's clock. Positions
    /// never change, so this needs no lock on the log.
    pub(crate) async fn load(
        database: &Database,
        device: &Device,
        events: &[OutboxEvent],
        last_sync: Timestamp,
        (shown, now): (ClockReading, Timestamp),
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
        let last_sync = time_cursor::since(&tx, device, last_sync, horizon).await?;
        let delivered = delivered_events(&tx, device, &given, last_sync.from).await?;
        let mut answers = AnswerLog::lock(&tx, device).await?;
        let clock = answers.note_clock(now, shown);
        answers.save(&tx, device).await?;
        tx.commit().await?;
        Ok(BaseVersions { changed, given, delivered, last_sync, answers, clock, now })
    }

    /// When an event was made at the earliest, by central's clock; absent if that is not known.
    fn made_at(&self, event: &OutboxEvent) -> Option<Timestamp> {
        self.clock.made_at(seal::occurred_at(&event.created_at).ok()?, self.now)
    }

    /// Whether the client may have been given the event's entity since it made the event.
    pub(crate) fn row_given_since(&self, event: &OutboxEvent) -> bool {
        self.answers.gave_rows_since(self.made_at(event))
    }

    /// Whether an event is about the entity that goes by its id at central, and not about the client's own of that id, which has
    /// another there: it was made from a version of the former, or since the latter has that other, and not from a version of it.
    /// A number of the client's own making may look like a version, so what never came down is never meant.
    pub(crate) fn belongs_to_other(&self, event: &OutboxEvent) -> bool {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let (Some(own), Some(delivered)) = (self.given.get(&entity), self.delivered.get(&entity)) else { return false };
        let changed = event.local_version.as_u64().and_then(|position| self.changed.get(&position));
        let of_own = changed.is_some_and(|(entity_type, id)| *entity_type == entity.0 && id == own);
        let made_at = self.made_at(event);
        changed == Some(&entity) || (!of_own && delivered.is_since(made_at, self.held_at(&entity.0, made_at)))
    }

    /// The entities of others, by type and id, that an event's payload means by ids which the client's own had.
    pub(crate) fn others(&self, event: &OutboxEvent) -> BTreeSet<(String, String)> {
        let made_at = self.made_at(event);
        let mut held: HashMap<&str, Position> = HashMap::new();
        let mut meant = BTreeSet::new();
        for (entity, delivered) in &self.delivered {
            let held = held.entry(&entity.0).or_insert_with(|| self.held_at(&entity.0, made_at));
            if delivered.is_since(made_at, *held) {
                meant.insert(entity.clone());
            }
        }
        meant
    }

    fn held_at(&self, entity_type: &str, made_at: Option<Timestamp>) -> Position {
        self.answers.held_at(made_at, entity_type, self.last_sync)
    }

    /// The version that an event was made from.
    pub(crate) fn of(&self, event: &OutboxEvent) -> u64 {
        let entity = (event.entity_type.clone(), event.entity_id.clone());
        let own = self.given.get(&entity).filter(|_| !self.belongs_to_other(event));
        let server_id = own.unwrap_or(&event.entity_id);
        let named = event.local_version.as_u64().filter(|position| {
            let changed = self.changed.get(position);
            changed.is_some_and(|(entity_type, id)| *entity_type == event.entity_type && id == server_id)
        });
        let held = || self.answers.base(self.made_at(event), (&event.entity_type, server_id), self.last_sync);
        named.unwrap_or_else(|| held().0)
    }
}

/// Under which of the ids that a client's own had there are entities of others that had changed by the position up to which the
/// client holds everything: it holds them. And when its own of that id had come to be, if by then.
async fn delivered_events(
    tx: &Transaction<'_>,
    device: &Device,
    given: &HashMap<(String, String), String>,
    last_sync: Position,
) -> Result<HashMap<(String, String), DeliveredEntity>, StoreError> {
    if given.is_empty() {
        return Ok(HashMap::new());
    }
    let types: Vec<&str> = given.keys().map(|(entity_type, _)| entity_type.as_str()).collect();
    let ids: Vec<&str> = given.keys().map(|(_, id)| id.as_str()).collect();
    let own: Vec<&str> = given.values().map(String::as_str).collect();
    let last_sync = as_bigint(last_sync.0);
    let rows = event_store::delivered_entities(tx, [&device.tenant.uuid(), &types, &ids, &own, &last_sync]).await?;
    let read = |row: &Row| {
        let own_decision: Option<&[u8]> = row.try_get("own_decision")?;
        let delivered = DeliveredEntity {
            position: Position(natural(row.try_get("first_position")?)?),
            given_at: own_decision.map(event_store::received_at).transpose()?,
        };
        Ok(((row.try_get("entity_type")?, row.try_get("entity_id")?), delivered))
    };
    rows.iter().map(read).collect()
}
