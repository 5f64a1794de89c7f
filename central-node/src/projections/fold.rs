//! Applies stored decisions to deciding read models, in the versions that are being built. Nothing is decided again: the
//! effects of a stored decision never change.

use std::collections::BTreeSet;
use std::sync::Arc;

use comptoir_core::decision::{DecisionContext, Verdict};
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::rules::{Effect, PriorDecision, dependent_keys, effects, evolve, keys_needed};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_proto::damage::Damage;
use comptoir_proto::store_check_v1::StoreFinding;
use comptoir_proto::stored_v1::StoredDecision;
use deadpool_postgres::Transaction;

use super::read::ReadEntry;
use super::{Projection, ProjectionError};
use crate::state_store::{self, EntityHistory, Versions};
use crate::tenant::Tenant;

/// Verdicts that can have effects. A release carries the verdict of the released event.
pub(crate) const FOLDED: [Verdict; 4] =
    [Verdict::Accepted, Verdict::Superseded, Verdict::Conflict, Verdict::Quarantined];

/// Rows cached between transactions. Above this limit the cache is emptied and rows are read again: a rebuild's memory must
/// not grow with the log.
const CACHED_ROWS_MAX: usize = 300_000;
/// Changed rows in memory that are not yet written. An invoice of a thousand lines changes a thousand rows.
const UNWRITTEN_ROWS_MAX: usize = 100_000;

/// Cached rows of the versions being built. They stay valid between transactions, because the fence stops other writers.
#[derive(Debug)]
struct Cache {
    decision_state: DecisionState,
    presence: RowPresence,
}

/// Whether a row that is not in memory may exist.
#[derive(Debug)]
enum RowPresence {
    /// It does not exist: the build started here at the first position.
    Whole,
    /// It must be read from the database, unless its key is listed here.
    Part(StateKeys),
}

impl Cache {
    /// The initial cache of a build at a position.
    fn at(position: Position) -> Cache {
        let presence =
            if position == Position::ZERO { RowPresence::Whole } else { RowPresence::Part(StateKeys::default()) };
        Cache { decision_state: DecisionState::default(), presence }
    }

    fn empty() -> Cache {
        Cache { decision_state: DecisionState::default(), presence: RowPresence::Part(StateKeys::default()) }
    }

    /// Empties the cache if it has grown too large.
    fn shrink(&mut self) {
        let decision_state = &self.decision_state;
        let cached = decision_state.stock.len()
            + decision_state.consumed.len()
            + decision_state.counts.len()
            + decision_state.deliveries.len();
        let cached = cached
            + decision_state.invoices.len()
            + decision_state.series.len()
            + decision_state.entities.len()
            + decision_state.quarantined.len();
        let loaded_keys = match &self.presence {
            RowPresence::Whole => 0,
            RowPresence::Part(loaded) => rows(loaded),
        };
        if cached.max(loaded_keys) > CACHED_ROWS_MAX {
            *self = Cache::empty();
        }
    }
}

/// An event with its stored decision and its place in the log.
pub(crate) struct FoldedEvent<'a> {
    pub(crate) known: &'a ParsedEvent,
    pub(crate) context: DecisionContext,
    pub(crate) decision: &'a StoredDecision,
}

/// The events of a page that have effects. An event quarantined because it could not be decoded has none. Any other event
/// that does not decode is damage.
pub(crate) fn folded_events<'a>(
    tenant: &Tenant,
    events: &'a [ReadEntry],
) -> Result<Vec<FoldedEvent<'a>>, ProjectionError> {
    let mut folded = Vec::with_capacity(events.len());
    for event in events {
        let undecodable = |damage: Damage, reason: &String| {
            let here = (event.position.0, event.position.0);
            let expected = "a row that can be decoded".to_owned();
            let finding = StoreFinding::about_positions(damage, tenant.id.uuid(), here, expected, reason.clone());
            ProjectionError::Damaged(Box::new(finding))
        };
        if let Some(error) = &event.unsealed {
            return Err(ProjectionError::Damaged(Box::new(error.finding(tenant.id))));
        }
        let decision = event.decision.as_ref().map_err(|reason| undecodable(Damage::Decision, reason))?;
        match &event.known {
            Ok(known) => {
                let context = context(tenant, known, decision);
                folded.push(FoldedEvent { known, context, decision });
            }
            Err(_) if decision.judgement.verdict == Verdict::Quarantined => {}
            Err(reason) => return Err(undecodable(Damage::RecordChain, reason)),
        }
    }
    Ok(folded)
}

/// The context in which ingest decided the event.
fn context(tenant: &Tenant, known: &ParsedEvent, decision: &StoredDecision) -> DecisionContext {
    DecisionContext {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: tenant.site_code(known.event.content.site),
        by_central: known.event.node == tenant.central_node,
    }
}

/// The versions that are being built, with their cached rows.
#[derive(Debug)]
pub(crate) struct StateBuild {
    pub(crate) built: BTreeSet<Projection>,
    /// The versions being built, and the active versions of the other projections.
    pub(crate) versions: Versions,
    cache: Cache,
    /// Keys of rows that changed in memory and are not yet written.
    written: StateKeys,
    /// Snapshots of entities that are not yet written.
    past: EntityHistory,
}

impl StateBuild {
    /// A build of these versions at a position.
    pub(crate) fn at(position: Position, built: BTreeSet<Projection>, versions: Versions) -> StateBuild {
        StateBuild {
            built,
            versions,
            cache: Cache::at(position),
            written: StateKeys::default(),
            past: EntityHistory::default(),
        }
    }

    /// Applies a part of the log in memory. After an error start a new build: the rows in memory belong to no transaction.
    pub(crate) async fn apply(
        &mut self,
        tx: &Transaction<'_>,
        tenant: &Arc<Tenant>,
        events: &Arc<Vec<ReadEntry>>,
    ) -> Result<(), ProjectionError> {
        let mut cache = std::mem::replace(&mut self.cache, Cache::empty());
        self.load(tx, tenant, events, &mut cache).await?;
        let (built, tenant, events) = (self.built.clone(), Arc::clone(tenant), Arc::clone(events));
        let (mut written, mut past) = (std::mem::take(&mut self.written), std::mem::take(&mut self.past));
        let folded = tokio::task::spawn_blocking(move || {
            fold(&built, &mut cache.decision_state, (&mut written, &mut past), &tenant, &events)?;
            Ok::<_, ProjectionError>((cache, written, past))
        });
        (self.cache, self.written, self.past) = folded.await??;
        Ok(())
    }

    /// Whether enough rows wait to be written.
    pub(crate) fn is_full(&self) -> bool {
        rows(&self.written) + self.past.len() > UNWRITTEN_ROWS_MAX
    }

    /// Writes the rows that changed since the last call, each once.
    pub(crate) async fn save(&mut self, tx: &Transaction<'_>, tenant: TenantId) -> Result<(), ProjectionError> {
        let (written, past) = (std::mem::take(&mut self.written), std::mem::take(&mut self.past));
        state_store::save(tx, tenant, &self.versions, &self.cache.decision_state, &written, &past).await?;
        if let RowPresence::Part(loaded) = &mut self.cache.presence {
            unite(loaded, written);
        }
        self.cache.shrink();
        Ok(())
    }

    /// Loads the rows that the events touch and that are not cached. Some keys are known only after others are loaded.
    async fn load(
        &self,
        tx: &Transaction<'_>,
        tenant: &Tenant,
        events: &[ReadEntry],
        cache: &mut Cache,
    ) -> Result<(), ProjectionError> {
        let RowPresence::Part(loaded) = &mut cache.presence else {
            return self.load_released(tx, tenant, events, &mut cache.decision_state).await;
        };
        let folded = folded_events(tenant, events)?;
        let mut keys = touched_by(&folded, &cache.decision_state);
        let events: Vec<(&ParsedEvent, &DecisionContext)> =
            folded.iter().map(|event| (event.known, &event.context)).collect();
        loop {
            // Released events are read whichever projections are built.
            let released = std::mem::take(&mut keys.quarantined);
            let missing = StateKeys { quarantined: released, ..keys_of(&self.built, keys) }.without(loaded);
            if missing.is_empty() {
                return Ok(());
            }
            state_store::load(tx, tenant, &self.versions, &missing, &mut cache.decision_state).await?;
            unite(loaded, missing);
            keys = StateKeys::default();
            dependent_keys(&cache.decision_state, &events, &mut keys);
        }
    }

    /// The events that these events release, if the quarantine itself is not being built.
    async fn load_released(
        &self,
        tx: &Transaction<'_>,
        tenant: &Tenant,
        events: &[ReadEntry],
        decision_state: &mut DecisionState,
    ) -> Result<(), ProjectionError> {
        if self.built.contains(&Projection::Quarantine) {
            return Ok(());
        }
        let quarantined = events.iter().filter_map(ReadEntry::releases).collect();
        let released = StateKeys { quarantined, ..StateKeys::default() };
        Ok(state_store::load(tx, tenant, &self.versions, &released, decision_state).await?)
    }
}

/// Applies the effects on the projections being built, and records the keys of changed rows.
fn fold(
    built: &BTreeSet<Projection>,
    decision_state: &mut DecisionState,
    (written, past): (&mut StateKeys, &mut EntityHistory),
    tenant: &Tenant,
    events: &[ReadEntry],
) -> Result<(), ProjectionError> {
    for FoldedEvent { known, context, decision } in folded_events(tenant, events)? {
        for effect in effects(decision_state, &context, known, &decision.judgement) {
            if changed_by(&effect).is_some_and(|projection| built.contains(&projection)) {
                effect.writes(written);
                evolve(decision_state, &effect);
                past.note(decision_state, &effect);
            }
        }
    }
    Ok(())
}

/// The projection that an effect changes. The rulebook in force belongs to none.
fn changed_by(effect: &Effect) -> Option<Projection> {
    match effect {
        Effect::StockMoved(_) | Effect::Counted { .. } | Effect::CountAccepted { .. } => Some(Projection::Stock),
        Effect::DeliveryCreated { .. } | Effect::DeliveryValidated { .. } => Some(Projection::Deliveries),
        Effect::InvoiceNumbered { .. } | Effect::InvoiceCancelled { .. } => Some(Projection::Invoices),
        Effect::EntityChanged(_) | Effect::ConflictOpened { .. } | Effect::ConflictClosed { .. } => {
            Some(Projection::Entities)
        }
        Effect::Quarantined(_) | Effect::Released { .. } => Some(Projection::Quarantine),
        Effect::RulebookAdopted(_) => None,
    }
}

/// The keys that applying these events may read. Deciding also checks whether the products and clients that an event names
/// exist; applying does not, except for events about a product or client.
fn touched_by(folded: &[FoldedEvent<'_>], decision_state: &DecisionState) -> StateKeys {
    let (mut of_fields, mut of_others) = (StateKeys::default(), StateKeys::default());
    for FoldedEvent { known, context, decision } in folded {
        let keys = match known.fact {
            Fact::Created(_) | Fact::Updated(_) | Fact::Deleted | Fact::ConflictResolved(_) => &mut of_fields,
            _ => &mut of_others,
        };
        keys_needed(known, context, &decision_state.rulebook, keys);
        if let Some(prior) = PriorDecision::restored_by(&decision.judgement) {
            prior.keys_needed(known, keys);
        }
    }
    of_others.entities.clear();
    unite(&mut of_fields, of_others);
    of_fields
}

/// The keys that belong to these projections. The rulebook in force belongs to none.
fn keys_of(built: &BTreeSet<Projection>, keys: StateKeys) -> StateKeys {
    let of = |projection| built.contains(&projection);
    StateKeys {
        stock: if_built(of(Projection::Stock), keys.stock),
        consumed: if_built(of(Projection::Stock), keys.consumed),
        counts: if_built(of(Projection::Stock), keys.counts),
        deliveries: if_built(of(Projection::Deliveries), keys.deliveries),
        invoices: if_built(of(Projection::Invoices), keys.invoices),
        series: if_built(of(Projection::Invoices), keys.series),
        entities: if_built(of(Projection::Entities), keys.entities),
        quarantined: if_built(of(Projection::Quarantine), keys.quarantined),
        rulebook: false,
    }
}

fn if_built<K>(is_built: bool, keys: BTreeSet<K>) -> BTreeSet<K> {
    if is_built { keys } else { BTreeSet::new() }
}

fn rows(keys: &StateKeys) -> usize {
    let StateKeys { stock, consumed: taken, counts, deliveries, invoices, series, entities, quarantined, rulebook: _ } =
        keys;
    let rows = stock.len() + taken.len() + counts.len() + deliveries.len();
    rows + invoices.len() + series.len() + entities.len() + quarantined.len()
}

fn unite(into: &mut StateKeys, other: StateKeys) {
    into.stock.extend(other.stock);
    into.consumed.extend(other.consumed);
    into.counts.extend(other.counts);
    into.deliveries.extend(other.deliveries);
    into.invoices.extend(other.invoices);
    into.series.extend(other.series);
    into.entities.extend(other.entities);
    into.quarantined.extend(other.quarantined);
    into.rulebook |= other.rulebook;
}
