//! Stored judgements folded into deciding read models, in the versions that are being built. Nothing is decided: what follows from a
//! judgement was true when it was made and is true now.

use std::collections::BTreeSet;
use std::sync::Arc;

use comptoir_core::decision::{DecisionContext, Verdict};
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::rules::{Effect, PriorDecision, dependent_keys, effects, evolve, keys_needed};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_proto::stored_v1::StoredDecision;
use deadpool_postgres::Transaction;

use super::read::ReadEntry;
use super::{Projection, ProjectionError};
use crate::state_store::{self, EntityHistory, Versions};
use crate::tenant::Tenant;

/// Verdicts from which something may follow. A release carries the verdict of the event it releases.
pub(crate) const FOLDED: [Verdict; 4] =
    [Verdict::Accepted, Verdict::Superseded, Verdict::Conflict, Verdict::Quarantined];

/// Rows held in memory between transactions. Past this they are read again; a rebuild's memory must not grow with the log.
const CACHED_ROWS_MAX: usize = 300_000;
/// Rows that changed in memory and wait to be written. An invoice of a thousand lines changes a thousand.
const UNWRITTEN_ROWS_MAX: usize = 100_000;

/// Rows of the versions being built. They stay true between transactions, because the fence lets nobody else write them.
#[derive(Debug)]
struct Cache {
    decision_state: DecisionState,
    held: RowPresence,
}

/// What a row that is not in memory means.
#[derive(Debug)]
enum RowPresence {
    /// There is none: the build began here at the first position.
    Whole,
    /// It must be looked for, unless it was.
    Part(StateKeys),
}

impl Cache {
    /// What a build begins with that has come to a position.
    fn at(position: Position) -> Cache {
        let held =
            if position == Position::ZERO { RowPresence::Whole } else { RowPresence::Part(StateKeys::default()) };
        Cache { decision_state: DecisionState::default(), held }
    }

    fn empty() -> Cache {
        Cache { decision_state: DecisionState::default(), held: RowPresence::Part(StateKeys::default()) }
    }

    /// Begins again with nothing, where it has grown too large.
    fn shrink(&mut self) {
        let decision_state = &self.decision_state;
        let held = decision_state.stock.len()
            + decision_state.taken.len()
            + decision_state.counts.len()
            + decision_state.deliveries.len();
        let held = held
            + decision_state.invoices.len()
            + decision_state.series.len()
            + decision_state.entities.len()
            + decision_state.quarantined.len();
        let looked_for = match &self.held {
            RowPresence::Whole => 0,
            RowPresence::Part(loaded) => rows(loaded),
        };
        if held.max(looked_for) > CACHED_ROWS_MAX {
            *self = Cache::empty();
        }
    }
}

/// An event with its judgement, in its place.
pub(crate) struct PlacedEvent<'a> {
    pub(crate) known: &'a ParsedEvent,
    pub(crate) place: DecisionContext,
    pub(crate) decision: &'a StoredDecision,
}

/// The events of a page that have effects. An event quarantined because it could not be decoded has none; any other that does not decode
/// is damage.
pub(crate) fn judged<'a>(tenant: &Tenant, events: &'a [ReadEntry]) -> Result<Vec<PlacedEvent<'a>>, ProjectionError> {
    let mut judged = Vec::with_capacity(events.len());
    for event in events {
        let damaged = |reason: &String| ProjectionError::Damaged {
            tenant: tenant.id,
            position: event.position,
            reason: reason.clone(),
        };
        let decision = event.decision.as_ref().map_err(damaged)?;
        match &event.known {
            Ok(known) => {
                let place = place(tenant, known, decision);
                judged.push(PlacedEvent { known, place, decision });
            }
            Err(_) if decision.judgement.verdict == Verdict::Quarantined => {}
            Err(reason) => return Err(damaged(reason)),
        }
    }
    Ok(judged)
}

/// Where and when an event was judged, as ingest knew it.
fn place(tenant: &Tenant, known: &ParsedEvent, decision: &StoredDecision) -> DecisionContext {
    DecisionContext {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: tenant.site_code(known.event.content.site),
        by_central: known.event.node == tenant.central_node,
    }
}

/// The versions that are being built, and what of them is in memory.
#[derive(Debug)]
pub(crate) struct StateBuild {
    pub(crate) built: BTreeSet<Projection>,
    /// The versions of `built`, and the active ones of the others.
    pub(crate) versions: Versions,
    cache: Cache,
    /// Changed in memory, and not yet written.
    written: StateKeys,
    /// What is kept of how entities stood in between.
    past: EntityHistory,
}

impl StateBuild {
    /// A build of these versions that has come to a position.
    pub(crate) fn at(position: Position, built: BTreeSet<Projection>, versions: Versions) -> StateBuild {
        StateBuild {
            built,
            versions,
            cache: Cache::at(position),
            written: StateKeys::default(),
            past: EntityHistory::default(),
        }
    }

    /// Applies a part of the log in memory. After an error begin again: what is in memory is of no transaction.
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

    /// Whether so much waits to be written that it should be.
    pub(crate) fn is_full(&self) -> bool {
        rows(&self.written) + self.past.len() > UNWRITTEN_ROWS_MAX
    }

    /// Writes the rows that changed since the last time, each once, however often it changed.
    pub(crate) async fn save(&mut self, tx: &Transaction<'_>, tenant: TenantId) -> Result<(), ProjectionError> {
        let (written, past) = (std::mem::take(&mut self.written), std::mem::take(&mut self.past));
        state_store::save(tx, tenant, &self.versions, &self.cache.decision_state, &written, &past).await?;
        if let RowPresence::Part(loaded) = &mut self.cache.held {
            unite(loaded, written);
        }
        self.cache.shrink();
        Ok(())
    }

    /// Loads what the events touch and is not in memory yet. Some keys are known only once others are loaded.
    async fn load(
        &self,
        tx: &Transaction<'_>,
        tenant: &Tenant,
        events: &[ReadEntry],
        cache: &mut Cache,
    ) -> Result<(), ProjectionError> {
        let RowPresence::Part(loaded) = &mut cache.held else {
            return self.load_released(tx, tenant, events, &mut cache.decision_state).await;
        };
        let judged = judged(tenant, events)?;
        let mut keys = touched_by(&judged, &cache.decision_state);
        let events: Vec<(&ParsedEvent, &DecisionContext)> =
            judged.iter().map(|judged| (judged.known, &judged.place)).collect();
        loop {
            // A released event is read whichever projections are built.
            let released = std::mem::take(&mut keys.quarantined);
            let missing = StateKeys { quarantined: released, ..held_by(&self.built, keys) }.without(loaded);
            if missing.is_empty() {
                return Ok(());
            }
            state_store::load(tx, tenant, &self.versions, &missing, &mut cache.decision_state).await?;
            unite(loaded, missing);
            keys = StateKeys::default();
            dependent_keys(&cache.decision_state, &events, &mut keys);
        }
    }

    /// What these events release, where the quarantine itself is not being built.
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

/// Applies the effects that change what is being built. What was written is named.
fn fold(
    built: &BTreeSet<Projection>,
    decision_state: &mut DecisionState,
    (written, past): (&mut StateKeys, &mut EntityHistory),
    tenant: &Tenant,
    events: &[ReadEntry],
) -> Result<(), ProjectionError> {
    for PlacedEvent { known, place, decision } in judged(tenant, events)? {
        for effect in effects(decision_state, &place, known, &decision.judgement) {
            if changed_by(&effect).is_some_and(|projection| built.contains(&projection)) {
                effect.writes(written);
                evolve(decision_state, &effect);
                past.note(decision_state, &effect);
            }
        }
    }
    Ok(())
}

/// The projection that an effect changes. The rulebook in force is none: it is what deciding reads.
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

/// What applying these events may read. Deciding also asks whether the products and clients that an event names are known; applying does
/// not, unless the event is of a product or client itself.
fn touched_by(judged: &[PlacedEvent<'_>], decision_state: &DecisionState) -> StateKeys {
    let (mut of_fields, mut of_others) = (StateKeys::default(), StateKeys::default());
    for PlacedEvent { known, place, decision } in judged {
        let keys = match known.fact {
            Fact::Created(_) | Fact::Updated(_) | Fact::Deleted | Fact::ConflictResolved(_) => &mut of_fields,
            _ => &mut of_others,
        };
        keys_needed(known, place, &decision_state.rulebook, keys);
        if let Some(promise) = PriorDecision::restored_by(&decision.judgement) {
            promise.touched(known, keys);
        }
    }
    of_others.entities.clear();
    unite(&mut of_fields, of_others);
    of_fields
}

/// The part of the keys that these projections hold. The rulebook in force is none of them: it is what deciding reads.
fn held_by(built: &BTreeSet<Projection>, keys: StateKeys) -> StateKeys {
    let of = |projection| built.contains(&projection);
    StateKeys {
        stock: kept(of(Projection::Stock), keys.stock),
        taken: kept(of(Projection::Stock), keys.taken),
        counts: kept(of(Projection::Stock), keys.counts),
        deliveries: kept(of(Projection::Deliveries), keys.deliveries),
        invoices: kept(of(Projection::Invoices), keys.invoices),
        series: kept(of(Projection::Invoices), keys.series),
        entities: kept(of(Projection::Entities), keys.entities),
        quarantined: kept(of(Projection::Quarantine), keys.quarantined),
        rulebook: false,
    }
}

fn kept<K>(keep: bool, keys: BTreeSet<K>) -> BTreeSet<K> {
    if keep { keys } else { BTreeSet::new() }
}

fn rows(keys: &StateKeys) -> usize {
    let StateKeys { stock, taken, counts, deliveries, invoices, series, entities, quarantined, rulebook: _ } = keys;
    let rows = stock.len() + taken.len() + counts.len() + deliveries.len();
    rows + invoices.len() + series.len() + entities.len() + quarantined.len()
}

fn unite(into: &mut StateKeys, other: StateKeys) {
    into.stock.extend(other.stock);
    into.taken.extend(other.taken);
    into.counts.extend(other.counts);
    into.deliveries.extend(other.deliveries);
    into.invoices.extend(other.invoices);
    into.series.extend(other.series);
    into.entities.extend(other.entities);
    into.quarantined.extend(other.quarantined);
    into.rulebook |= other.rulebook;
}
