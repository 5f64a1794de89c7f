//! One conflict, read from the log: its edits, the state that the node had edited, and the person's decision.
//!
//! The amount read does not grow with the entity's history: a past state is folded from the last snapshot before it, and
//! waiting or decided edits are found by their own indexes. A quarantined edit counts at its release, where it changed the
//! entity or began to wait.

use comptoir_core::decision::{DecisionContext, Resolution, Verdict};
use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, ParsedEvent, Resolved};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rules::{self, Effect};
use comptoir_core::state::{DecisionState, Entity, EntityKey, StateKeys};
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{self, StoredDecision};
use deadpool_postgres::Transaction;

use crate::database::StoreError;
use crate::event_store::{self, LogRow};
use crate::state_store::{self, Versions};
use crate::tenant::Tenant;

/// Rows per query.
const PAGE_ROWS: i64 = 500;

/// An open or decided conflict.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// The edit that opened the conflict and identifies it.
    pub(crate) event: EventId,
    pub(crate) key: EntityKey,
    pub(crate) node: NodeId,
    /// The edits, oldest first: the opening one, then those that joined.
    pub(crate) edits: Vec<DecidedEvent>,
    /// The entity as the node had it when it began to edit; if that is not known and it was deleted since, as it was before.
    pub(crate) base: Entity,
    /// The entity as central holds it; for a decided conflict, as it was at the decision.
    pub(crate) server: Entity,
    /// The person's decision.
    pub(crate) settled: Option<ResolvedConflict>,
}

/// An event of the entity's history, with its decision.
#[derive(Clone, Debug)]
pub(crate) struct DecidedEvent {
    pub(crate) known: ParsedEvent,
    pub(crate) decision: StoredDecision,
}

#[derive(Debug)]
pub(crate) struct ResolvedConflict {
    pub(crate) by: DecidedEvent,
    pub(crate) resolved: Resolved,
}

impl DecidedEvent {
    fn read(row: &LogRow) -> Result<DecidedEvent, StoreError> {
        let damaged = |why: &dyn std::fmt::Display| {
            StoreError::Damaged(format!("the record at position {}: {why}", row.position))
        };
        let event = stored_v1::decode(&row.record).map_err(|error| damaged(&error))?;
        let known = payload::parse(event).map_err(|(_, error)| damaged(&error))?;
        Ok(DecidedEvent { known, decision: row.decided()? })
    }

    /// The event as it took effect: a quarantined event was decided by its release, but keeps its original time.
    fn in_effect(self, release: &LogRow) -> Result<DecidedEvent, StoreError> {
        let effective_at = self.decision.effective_at;
        Ok(DecidedEvent { decision: StoredDecision { effective_at, ..release.decided()? }, ..self })
    }

    pub(crate) fn event(&self) -> &Event {
        &self.known.event
    }

    pub(crate) fn position(&self) -> Position {
        self.decision.position
    }

    fn verdict(&self) -> Verdict {
        self.decision.judgement.verdict
    }
}

impl Conflict {
    /// The state of the conflict shown to a person: another edit, version or decision changes the tag.
    pub(crate) fn etag(&self) -> String {
        let last = self.edits.last().map(DecidedEvent::position).unwrap_or_default();
        match &self.settled {
            Some(settled) => format!("\"{}.decided\"", settled.by.position()),
            None => format!("\"{}.{last}\"", self.server.version),
        }
    }

    /// The version of the entity in the answer to one of the edits; zero if there was none.
    pub(crate) fn shown_to(&self, edit: EventId) -> Position {
        let answered = self.edits.iter().find(|written| written.event().id == edit);
        match answered.and_then(|written| written.decision.judgement.resolution.as_ref()) {
            Some(Resolution::ServerEntity { version, .. }) => *version,
            Some(Resolution::DiscardLocal { .. } | Resolution::ServerStock { .. }) | None => Position::ZERO,
        }
    }
}

/// The conflict that an event opened or joined, if any. `of_node` limits the search to a node's conflicts.
pub(crate) async fn find(
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
    let history = History::of(tx, &about, key.clone()).await?;
    let decided_at = settled.as_ref().map(|settled| settled.by.position());
    let server = match decided_at {
        Some(decided_at) => history.before(decided_at).await?,
        None => now,
    };
    let mut base = history.base(&first, decided_at).await?;
    if server.deleted && !base.is_known() && !matches!(first.known.fact, Fact::Created(_)) {
        // The edit is of a row that its writer had, whatever version that was: what was deleted is not lost by keeping the edit.
        base = history.before(server.version).await?;
    }
    let edits = history.edits(first, decided_at).await?;
    Ok(Some(Conflict { event: opened_by, key, node, base, edits, server, settled }))
}

/// The event, if it edits an entity made of fields.
async fn edit(tx: &Transaction<'_>, tenant: TenantId, event: EventId) -> Result<Option<DecidedEvent>, StoreError> {
    let Some(row) = event_store::by_event_id(tx, tenant, event).await? else { return Ok(None) };
    // A record that cannot be decoded edited nothing.
    let Ok(written) = DecidedEvent::read(&row) else { return Ok(None) };
    if !matches!(written.known.fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted) {
        return Ok(None);
    }
    if written.verdict() != Verdict::Quarantined {
        return Ok(Some(written));
    }
    match event_store::release_of(tx, tenant, event).await? {
        Some(release) => written.in_effect(&release).map(Some),
        None => Ok(Some(written)),
    }
}

pub(crate) async fn entity_now(tx: &Transaction<'_>, tenant: &Tenant, key: &EntityKey) -> Result<Entity, StoreError> {
    let versions = Versions::active(tx, tenant.id).await?;
    let keys = StateKeys { entities: [key.clone()].into(), ..StateKeys::default() };
    let mut decision_state = DecisionState::default();
    state_store::load(tx, tenant, &versions, &keys, &mut decision_state).await?;
    Ok(decision_state.entities.remove(key).unwrap_or_default())
}

/// The edit that opened the conflict of `asked`, and the decision about the conflict, if any.
async fn opener(
    tx: &Transaction<'_>,
    tenant: TenantId,
    asked: &DecidedEvent,
    key: &EntityKey,
    open: Option<EventId>,
) -> Result<Option<(EventId, Option<ResolvedConflict>)>, StoreError> {
    let id = asked.event().id;
    if open == Some(id) {
        return Ok(Some((id, None)));
    }
    let waited = asked.verdict() == Verdict::Conflict;
    let mut after = asked.position();
    loop {
        let rows = event_store::resolutions_of(tx, tenant, key, after, PAGE_ROWS).await?;
        for row in &rows {
            after = row.position;
            let by = DecidedEvent::read(row)?;
            let Fact::ConflictResolved(resolved) = by.known.fact.clone() else { continue };
            let first = resolved.conflict;
            if first == id || (waited && is_before(tx, tenant, first, asked).await?) {
                return Ok(Some((first, Some(ResolvedConflict { by, resolved }))));
            }
        }
        if rows.len() < PAGE_ROWS as usize {
            break;
        }
    }
    let Some(open) = open.filter(|_| waited) else { return Ok(None) };
    Ok(is_before(tx, tenant, open, asked).await?.then_some((open, None)))
}

/// Whether the same node has an earlier edit.
async fn is_before(
    tx: &Transaction<'_>,
    tenant: TenantId,
    first: EventId,
    asked: &DecidedEvent,
) -> Result<bool, StoreError> {
    let first = edit(tx, tenant, first).await?;
    Ok(first.is_some_and(|first| first.event().node == asked.event().node && first.position() < asked.position()))
}

/// The past states and edits of one entity.
struct History<'a> {
    tx: &'a Transaction<'a>,
    tenant: &'a Tenant,
    versions: Versions,
    key: EntityKey,
    /// Released edits, by the position of their release.
    released: Vec<DecidedEvent>,
}

impl<'a> History<'a> {
    async fn of(tx: &'a Transaction<'a>, tenant: &'a Tenant, key: EntityKey) -> Result<History<'a>, StoreError> {
        let versions = Versions::active(tx, tenant.id).await?;
        let mut released = Vec::new();
        for row in event_store::quarantined_event(tx, tenant.id, &key).await? {
            // A record quarantined because it could not be decoded had no effect.
            let Ok(written) = DecidedEvent::read(&row) else { continue };
            if let Some(release) = event_store::release_of(tx, tenant.id, written.event().id).await? {
                released.push(written.in_effect(&release)?);
            }
        }
        released.sort_by_key(DecidedEvent::position);
        Ok(History { tx, tenant, versions, key, released })
    }

    /// The entity as the node had it when it began to edit: with the node's own accepted edits, up to its base version.
    async fn base(&self, first: &DecidedEvent, decided_at: Option<Position>) -> Result<Entity, StoreError> {
        let seen = Position(first.event().content.base_version.unwrap_or_default());
        let own = self.before(first.position()).await?.changed_by.get(&first.event().node).copied();
        let base = seen.max(own.unwrap_or_default());
        match decided_at {
            Some(decided_at) if base >= decided_at => self.before(decided_at).await,
            _ => self.at(base).await,
        }
    }

    /// The entity just before a position.
    async fn before(&self, position: Position) -> Result<Entity, StoreError> {
        self.at(Position(position.0.saturating_sub(1))).await
    }

    /// The entity at a position: its last snapshot, with the changes since.
    async fn at(&self, position: Position) -> Result<Entity, StoreError> {
        let (tx, tenant) = (self.tx, self.tenant.id);
        let past = state_store::load_past(tx, tenant, &self.versions, &self.key, position).await?;
        let mut after = past.as_ref().map_or(Position::ZERO, |past| past.version);
        let mut decision_state = DecisionState::default();
        decision_state.entities.extend(past.map(|past| (self.key.clone(), past)));
        let since = after;
        let within = |written: &&DecidedEvent| written.position() > since && written.position() <= position;
        let mut released = self.released.iter().filter(within).peekable();
        loop {
            let rows = event_store::changes_of(tx, tenant, &self.key, (after, position), PAGE_ROWS).await?;
            for row in &rows {
                after = row.position;
                while let Some(written) = released.next_if(|written| written.position() < after) {
                    apply(&mut decision_state, self.tenant, written);
                }
                apply(&mut decision_state, self.tenant, &DecidedEvent::read(row)?);
            }
            if rows.len() < PAGE_ROWS as usize {
                break;
            }
        }
        released.for_each(|written| apply(&mut decision_state, self.tenant, written));
        Ok(decision_state.entities.remove(&self.key).unwrap_or_default())
    }

    /// The edits, oldest first: the opening one, then those that joined until the decision.
    async fn edits(&self, first: DecidedEvent, decided_at: Option<Position>) -> Result<Vec<DecidedEvent>, StoreError> {
        let (node, opened_at) = (first.event().node, first.position());
        let until = decided_at.unwrap_or(Position(i64::MAX as u64));
        let rows = event_store::in_conflict(self.tx, self.tenant.id, &self.key, node, (opened_at, until)).await?;
        let joined = |written: &&DecidedEvent| {
            let waits = written.verdict() == Verdict::Conflict && written.event().node == node;
            waits && written.position() > opened_at && written.position() < until
        };
        let mut edits = vec![first];
        edits.extend(rows.iter().map(DecidedEvent::read).collect::<Result<Vec<_>, _>>()?);
        edits.extend(self.released.iter().filter(joined).cloned());
        edits.sort_by_key(DecidedEvent::position);
        Ok(edits)
    }
}

/// Applies an accepted event to its entity.
fn apply(decision_state: &mut DecisionState, tenant: &Tenant, written: &DecidedEvent) {
    let decision = &written.decision;
    if written.verdict() != Verdict::Accepted {
        return;
    }
    let place = DecisionContext {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: None,
        by_central: written.event().node == tenant.central_node,
    };
    for effect in rules::effects(decision_state, &place, &written.known, &decision.judgement) {
        if matches!(effect, Effect::EntityChanged(_)) {
            rules::evolve(decision_state, &effect);
        }
    }
}
