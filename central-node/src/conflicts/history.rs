//! One conflict, read from the log: which edits wait, from what the node had made them, and what a person decided.

use comptoir_core::decision::{Place, Verdict};
use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, Known, Resolved};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rules::{self, Effect};
use comptoir_core::state::{Entity, EntityKey, Touched, World};
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{self, StoredDecision};
use deadpool_postgres::Transaction;

use crate::database::StoreError;
use crate::event_store::{self, LogRow};
use crate::tenant::Tenant;
use crate::world_store::{self, Versions};

/// Rows of an entity's history that are read at once.
const PAGE_ROWS: i64 = 500;

/// A conflict: open, or decided.
#[derive(Debug)]
pub(super) struct Conflict {
    /// The edit that opened it: the conflict goes by its id.
    pub(super) event: EventId,
    /// What was edited.
    pub(super) key: EntityKey,
    /// Whose edits wait.
    pub(super) node: NodeId,
    /// The edits, oldest first: the one that opened it, and those that joined.
    pub(super) edits: Vec<Written>,
    /// The entity as the node had it when it began to edit.
    pub(super) base: Entity,
    /// The entity as central holds it; of a decided conflict as it was when the person decided.
    pub(super) server: Entity,
    /// What a person decided.
    pub(super) settled: Option<Settled>,
}

/// An event of the entity's history with its decision.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) known: Known,
    pub(super) decision: StoredDecision,
}

/// A person's decision.
#[derive(Debug)]
pub(super) struct Settled {
    /// The `CONFLICT_RESOLVED`.
    pub(super) by: Written,
    /// What it says.
    pub(super) resolved: Resolved,
}

impl Written {
    fn read(row: &LogRow) -> Result<Written, StoreError> {
        let damaged = |why: &dyn std::fmt::Display| {
            StoreError::Damaged(format!("the record at position {}: {why}", row.position))
        };
        let event = stored_v1::decode(&row.record).map_err(|error| damaged(&error))?;
        let known = payload::known(event).map_err(|(_, error)| damaged(&error))?;
        Ok(Written { known, decision: row.decided()? })
    }

    pub(super) fn event(&self) -> &Event {
        &self.known.event
    }

    pub(super) fn position(&self) -> Position {
        self.decision.position
    }

    fn verdict(&self) -> Verdict {
        self.decision.judgement.verdict
    }
}

impl Conflict {
    /// What a page about the conflict was made from: another edit, another version or a decision gives another one.
    pub(super) fn etag(&self) -> String {
        let last = self.edits.last().map(Written::position).unwrap_or_default();
        match &self.settled {
            Some(settled) => format!("\"{}.decided\"", settled.by.position()),
            None => format!("\"{}.{last}\"", self.server.version),
        }
    }
}

/// The conflict that an event opened or joined; nothing where it did neither. `of_node`: only that node's are seen.
pub(super) async fn find(
    tx: &Transaction<'_>,
    tenant: TenantId,
    event: EventId,
    of_node: Option<NodeId>,
) -> Result<Option<Conflict>, StoreError> {
    let Some(asked) = edit(tx, tenant, event).await? else { return Ok(None) };
    let (key, node) = (EntityKey::of(&asked.known), asked.event().node);
    if of_node.is_some_and(|own| own != node) {
        return Ok(None);
    }
    let missing = || StoreError::Damaged(format!("tenant {tenant} has an event and no row"));
    let about = Tenant::load(tx, tenant).await?.ok_or_else(missing)?;
    let now = entity_now(tx, &about, &key).await?;
    let open = now.open_conflicts.get(&node).copied();
    let (opened_by, settled) = match opener(tx, tenant, &asked, &key, open).await? {
        Some(found) => found,
        None => return Ok(None),
    };
    let first = if opened_by == event { asked } else { edit(tx, tenant, opened_by).await?.ok_or_else(missing)? };
    let mut reading = Reading::new(&about, first, settled.as_ref().map(|settled| settled.by.position()));
    walk(tx, tenant, &key, |written| {
        reading.take(written);
        Ok(true)
    })
    .await?;
    let server = if settled.is_some() { reading.server() } else { now };
    Ok(Some(Conflict { event: opened_by, key, node, base: reading.base, edits: reading.edits, server, settled }))
}

/// The event, where it edits an entity made of fields.
async fn edit(tx: &Transaction<'_>, tenant: TenantId, event: EventId) -> Result<Option<Written>, StoreError> {
    let Some(row) = event_store::by_event_id(tx, tenant, event).await? else { return Ok(None) };
    // A record that does not read edited nothing.
    let Ok(written) = Written::read(&row) else { return Ok(None) };
    let edits = matches!(written.known.fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted);
    Ok(edits.then_some(written))
}

/// The entity as it stands.
pub(super) async fn entity_now(tx: &Transaction<'_>, tenant: &Tenant, key: &EntityKey) -> Result<Entity, StoreError> {
    let versions = Versions::active(tx, tenant.id).await?;
    let keys = Touched { entities: [key.clone()].into(), ..Touched::default() };
    let mut world = World::default();
    world_store::load(tx, tenant, &versions, &keys, &mut world).await?;
    Ok(world.entities.remove(key).unwrap_or_default())
}

/// Which edit opened the conflict that `asked` belongs to, and the decision about it where there is one.
async fn opener(
    tx: &Transaction<'_>,
    tenant: TenantId,
    asked: &Written,
    key: &EntityKey,
    open: Option<EventId>,
) -> Result<Option<(EventId, Option<Settled>)>, StoreError> {
    let id = asked.event().id;
    if open == Some(id) {
        return Ok(Some((id, None)));
    }
    let waited = asked.verdict() == Verdict::Conflict;
    let mut found = None;
    let mut resolutions = Vec::new();
    walk(tx, tenant, key, |written| {
        if written.verdict() == Verdict::Accepted
            && let Fact::ConflictResolved(resolved) = &written.known.fact
        {
            let resolved = resolved.clone();
            resolutions.push(Settled { by: written, resolved });
        }
        Ok(true)
    })
    .await?;
    for settled in resolutions {
        let first = settled.resolved.conflict;
        let joined = waited && settled.by.position() > asked.position() && is_before(tx, tenant, first, asked).await?;
        if first == id || joined {
            found = Some((first, Some(settled)));
            break;
        }
    }
    if found.is_none()
        && waited
        && let Some(open) = open
        && is_before(tx, tenant, open, asked).await?
    {
        found = Some((open, None));
    }
    Ok(found)
}

/// Whether an edit of the same node came before.
async fn is_before(
    tx: &Transaction<'_>,
    tenant: TenantId,
    first: EventId,
    asked: &Written,
) -> Result<bool, StoreError> {
    let first = edit(tx, tenant, first).await?;
    Ok(first.is_some_and(|first| first.event().node == asked.event().node && first.position() < asked.position()))
}

/// Reads an entity's history from its beginning until `take` has seen enough.
async fn walk(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key: &EntityKey,
    mut take: impl FnMut(Written) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut after = Position::ZERO;
    loop {
        let rows = event_store::of_entity(tx, tenant, key, after, PAGE_ROWS).await?;
        for row in &rows {
            after = row.position;
            // What was set apart because it does not read took no effect.
            if let Ok(written) = Written::read(row)
                && !take(written)?
            {
                return Ok(());
            }
        }
        if rows.len() < PAGE_ROWS as usize {
            return Ok(());
        }
    }
}

/// The history of one conflict, as it is read.
struct Reading<'a> {
    tenant: &'a Tenant,
    key: EntityKey,
    node: NodeId,
    /// Where the conflict begins and, once it is decided, ends.
    opened_at: Position,
    decided_at: Option<Position>,
    /// What the edit that opened the conflict says it was made from.
    based_on: Position,
    world: World,
    base: Entity,
    edits: Vec<Written>,
}

impl Reading<'_> {
    fn new(tenant: &Tenant, first: Written, decided_at: Option<Position>) -> Reading<'_> {
        Reading {
            tenant,
            key: EntityKey::of(&first.known),
            node: first.event().node,
            opened_at: first.position(),
            decided_at,
            based_on: Position(first.event().content.base_version.unwrap_or_default()),
            world: World::default(),
            base: Entity::default(),
            // First in any case: one that was set apart and released has another verdict in its own row.
            edits: vec![first],
        }
    }

    fn take(&mut self, written: Written) {
        if self.decided_at.is_some_and(|decided_at| written.position() >= decided_at) {
            return;
        }
        match written.verdict() {
            Verdict::Accepted => {
                apply(&mut self.world, self.tenant, &written);
                // A node knows its own accepted edits, and what it says it has seen.
                let own = written.event().node == self.node && written.position() < self.opened_at;
                if own || written.position() <= self.based_on {
                    self.base = self.server();
                }
            }
            Verdict::Conflict if written.event().node == self.node && written.position() > self.opened_at => {
                self.edits.push(written);
            }
            _ => {}
        }
    }

    fn server(&self) -> Entity {
        self.world.entities.get(&self.key).cloned().unwrap_or_default()
    }
}

/// What an accepted event did to its entity.
fn apply(world: &mut World, tenant: &Tenant, written: &Written) {
    let decision = &written.decision;
    let place = Place {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: None,
        by_central: written.event().node == tenant.central_node,
        engine: decision.engine_version,
    };
    for effect in rules::effects(world, &place, &written.known, &decision.judgement) {
        if matches!(effect, Effect::EntityChanged(_)) {
            rules::evolve(world, &effect);
        }
    }
}
