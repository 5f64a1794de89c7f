//! Stored judgements folded into deciding read models, in the versions that are being built. Nothing is decided: what follows from a
//! judgement was true when it was made and is true now.

use std::collections::BTreeSet;
use std::sync::Arc;

use comptoir_core::decision::{Place, Verdict};
use comptoir_core::fact::{Fact, Known};
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::rules::{Effect, Promise, effects, evolve, touched, touched_through};
use comptoir_core::state::{Touched, World};
use comptoir_proto::stored_v1::StoredDecision;
use deadpool_postgres::Transaction;

use super::read::Read;
use super::{Projection, ProjectionError};
use crate::tenant::Tenant;
use crate::world_store::{self, Past, Versions};

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
    world: World,
    held: Held,
}

/// What a row that is not in memory means.
#[derive(Debug)]
enum Held {
    /// There is none: the build began here at the first position.
    Whole,
    /// It must be looked for, unless it was.
    Part(Touched),
}

impl Cache {
    /// What a build begins with that has come to a position.
    fn at(position: Position) -> Cache {
        let held = if position == Position::ZERO { Held::Whole } else { Held::Part(Touched::default()) };
        Cache { world: World::default(), held }
    }

    fn empty() -> Cache {
        Cache { world: World::default(), held: Held::Part(Touched::default()) }
    }

    /// Begins again with nothing, where it has grown too large.
    fn shrink(&mut self) {
        let world = &self.world;
        let held = world.stock.len() + world.taken.len() + world.counts.len() + world.deliveries.len();
        let held = held + world.invoices.len() + world.series.len() + world.entities.len() + world.quarantined.len();
        let looked_for = match &self.held {
            Held::Whole => 0,
            Held::Part(loaded) => rows(loaded),
        };
        if held.max(looked_for) > CACHED_ROWS_MAX {
            *self = Cache::empty();
        }
    }
}

/// An event with its judgement, in its place.
pub(crate) struct Judged<'a> {
    pub(crate) known: &'a Known,
    pub(crate) place: Place,
    pub(crate) decision: &'a StoredDecision,
}

/// The events of a page from which something follows. One that was set apart because it could not be read is none of them; anything else
/// that does not read is damage.
pub(crate) fn judged<'a>(tenant: &Tenant, events: &'a [Read]) -> Result<Vec<Judged<'a>>, ProjectionError> {
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
                judged.push(Judged { known, place, decision });
            }
            Err(_) if decision.judgement.verdict == Verdict::Quarantined => {}
            Err(reason) => return Err(damaged(reason)),
        }
    }
    Ok(judged)
}

/// Where and when an event was judged, as ingest knew it.
fn place(tenant: &Tenant, known: &Known, decision: &StoredDecision) -> Place {
    Place {
        position: decision.position,
        received_at: decision.received_at,
        effective_at: decision.effective_at,
        local_year: decision.local_year,
        site_code: tenant.site_code(known.event.content.site),
        by_central: known.event.node == tenant.central_node,
        engine: decision.engine_version,
    }
}

/// The versions that are being built, and what of them is in memory.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) built: BTreeSet<Projection>,
    /// The versions of `built`, and the active ones of the others.
    pub(crate) versions: Versions,
    cache: Cache,
    /// Changed in memory, and not yet written.
    written: Touched,
    /// What is kept of how entities stood in between.
    past: Past,
}

impl Build {
    /// A build of these versions that has come to a position.
    pub(crate) fn at(position: Position, built: BTreeSet<Projection>, versions: Versions) -> Build {
        Build { built, versions, cache: Cache::at(position), written: Touched::default(), past: Past::default() }
    }

    /// Applies a part of the log in memory. After an error begin again: what is in memory is of no transaction.
    pub(crate) async fn apply(
        &mut self,
        tx: &Transaction<'_>,
        tenant: &Arc<Tenant>,
        events: &Arc<Vec<Read>>,
    ) -> Result<(), ProjectionError> {
        let mut cache = std::mem::replace(&mut self.cache, Cache::empty());
        self.load(tx, tenant, events, &mut cache).await?;
        let (built, tenant, events) = (self.built.clone(), Arc::clone(tenant), Arc::clone(events));
        let (mut written, mut past) = (std::mem::take(&mut self.written), std::mem::take(&mut self.past));
        let folded = tokio::task::spawn_blocking(move || {
            fold(&built, &mut cache.world, (&mut written, &mut past), &tenant, &events)?;
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
        world_store::save(tx, tenant, &self.versions, &self.cache.world, &written, &past).await?;
        if let Held::Part(loaded) = &mut self.cache.held {
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
        events: &[Read],
        cache: &mut Cache,
    ) -> Result<(), ProjectionError> {
        let Held::Part(loaded) = &mut cache.held else {
            return self.load_released(tx, tenant, events, &mut cache.world).await;
        };
        let judged = judged(tenant, events)?;
        let mut keys = touched_by(&judged, &cache.world);
        let events: Vec<(&Known, &Place)> = judged.iter().map(|judged| (judged.known, &judged.place)).collect();
        loop {
            // What a release releases is read whoever is built.
            let released = std::mem::take(&mut keys.quarantined);
            let missing = Touched { quarantined: released, ..held_by(&self.built, keys) }.without(loaded);
            if missing.is_empty() {
                return Ok(());
            }
            world_store::load(tx, tenant, &self.versions, &missing, &mut cache.world).await?;
            unite(loaded, missing);
            keys = Touched::default();
            touched_through(&cache.world, &events, &mut keys);
        }
    }

    /// What these events release, where the quarantine itself is not being built.
    async fn load_released(
        &self,
        tx: &Transaction<'_>,
        tenant: &Tenant,
        events: &[Read],
        world: &mut World,
    ) -> Result<(), ProjectionError> {
        if self.built.contains(&Projection::Quarantine) {
            return Ok(());
        }
        let quarantined = events.iter().filter_map(Read::releases).collect();
        let released = Touched { quarantined, ..Touched::default() };
        Ok(world_store::load(tx, tenant, &self.versions, &released, world).await?)
    }
}

/// Applies the effects that change what is being built. What was written is named.
fn fold(
    built: &BTreeSet<Projection>,
    world: &mut World,
    (written, past): (&mut Touched, &mut Past),
    tenant: &Tenant,
    events: &[Read],
) -> Result<(), ProjectionError> {
    for Judged { known, place, decision } in judged(tenant, events)? {
        for effect in effects(world, &place, known, &decision.judgement) {
            if changed_by(&effect).is_some_and(|projection| built.contains(&projection)) {
                effect.writes(written);
                evolve(world, &effect);
                past.note(world, &effect);
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
        Effect::SetApart(_) | Effect::Released { .. } => Some(Projection::Quarantine),
        Effect::RulebookAdopted(_) => None,
    }
}

/// What applying these events may read. Deciding also asks whether the products and clients that an event names are known; applying does
/// not, unless the event is of a product or client itself.
fn touched_by(judged: &[Judged<'_>], world: &World) -> Touched {
    let (mut of_fields, mut of_others) = (Touched::default(), Touched::default());
    for Judged { known, place, decision } in judged {
        let keys = match known.fact {
            Fact::Created(_) | Fact::Updated(_) | Fact::Deleted | Fact::ConflictResolved(_) => &mut of_fields,
            _ => &mut of_others,
        };
        touched(known, place, &world.rulebook, keys);
        if let Some(promise) = Promise::kept_by(&decision.judgement) {
            promise.touched(known, keys);
        }
    }
    of_others.entities.clear();
    unite(&mut of_fields, of_others);
    of_fields
}

/// The part of the keys that these projections hold. The rulebook in force is none of them: it is what deciding reads.
fn held_by(built: &BTreeSet<Projection>, keys: Touched) -> Touched {
    let of = |projection| built.contains(&projection);
    Touched {
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

fn rows(keys: &Touched) -> usize {
    let Touched { stock, taken, counts, deliveries, invoices, series, entities, quarantined, rulebook: _ } = keys;
    let rows = stock.len() + taken.len() + counts.len() + deliveries.len();
    rows + invoices.len() + series.len() + entities.len() + quarantined.len()
}

fn unite(into: &mut Touched, other: Touched) {
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
