//! Stored judgements folded into deciding read models, in the versions that are being built. Nothing is decided: what follows from a
//! judgement was true when it was made and is true now.

use std::collections::BTreeSet;
use std::sync::Arc;

use comptoir_core::decision::{Place, Verdict};
use comptoir_core::fact::{Fact, Known};
use comptoir_core::rules::{effects, evolve, touched, touched_through};
use comptoir_core::state::{Touched, World};
use comptoir_proto::stored_v1::StoredDecision;
use deadpool_postgres::Transaction;

use super::read::Read;
use super::{Projection, ProjectionError};
use crate::tenant::Tenant;
use crate::world_store::{self, Versions};

/// Verdicts from which something may follow. A release carries the verdict of the event it releases.
pub(crate) const FOLDED: [Verdict; 4] =
    [Verdict::Accepted, Verdict::Superseded, Verdict::Conflict, Verdict::Quarantined];

/// Rows held in memory between pages. Past this they are read again; a rebuild's memory must not grow with the log.
const CACHED_ROWS_MAX: usize = 300_000;

/// The rows that pages have touched so far. They stay true between pages, because the fence lets nobody else write them.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    world: World,
    /// What was looked for, found or not.
    loaded: Touched,
}

impl Cache {
    /// Itself, or nothing where it has grown too large.
    fn shrunk(self) -> Cache {
        let Touched { stock, taken, counts, deliveries, invoices, series, entities, quarantined, rulebook: _ } =
            &self.loaded;
        let rows = stock.len() + taken.len() + counts.len() + deliveries.len() + invoices.len();
        let rows = rows + series.len() + entities.len() + quarantined.len();
        if rows > CACHED_ROWS_MAX { Cache::default() } else { self }
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
    }
}

/// The versions that are being built, and what of them is in memory.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) built: BTreeSet<Projection>,
    /// The versions of `built`, and the active ones of the others.
    pub(crate) versions: Versions,
    pub(crate) cache: Cache,
}

impl Build {
    /// Applies a page, and writes the rows that changed. After an error the rows in memory are those of no transaction: begin again.
    pub(crate) async fn apply(
        &mut self,
        tx: &Transaction<'_>,
        tenant: &Arc<Tenant>,
        events: &Arc<Vec<Read>>,
    ) -> Result<(), ProjectionError> {
        let cache = std::mem::take(&mut self.cache).shrunk();
        let cache = self.load(tx, tenant, events, cache).await?;
        let (built, tenant_of, events) = (self.built.clone(), Arc::clone(tenant), Arc::clone(events));
        let folded = tokio::task::spawn_blocking(move || fold(&built, cache, &tenant_of, &events)).await?;
        let (mut cache, written) = folded?;
        world_store::save(tx, tenant.id, &self.versions, &cache.world, &written).await?;
        unite(&mut cache.loaded, written);
        self.cache = cache;
        Ok(())
    }

    /// Loads what the page touches and is not in memory yet. Some keys are known only once others are loaded.
    async fn load(
        &self,
        tx: &Transaction<'_>,
        tenant: &Tenant,
        events: &[Read],
        mut cache: Cache,
    ) -> Result<Cache, ProjectionError> {
        let judged = judged(tenant, events)?;
        let mut keys = touched_by(&judged, &cache.world);
        let events: Vec<(&Known, &Place)> = judged.iter().map(|judged| (judged.known, &judged.place)).collect();
        loop {
            // What a release releases is read whoever is built.
            let released = std::mem::take(&mut keys.quarantined);
            let missing = Touched { quarantined: released, ..held_by(&self.built, keys) }.without(&cache.loaded);
            if missing.is_empty() {
                return Ok(cache);
            }
            world_store::load(tx, tenant, &self.versions, &missing, &mut cache.world).await?;
            unite(&mut cache.loaded, missing);
            keys = Touched::default();
            touched_through(&cache.world, &events, &mut keys);
        }
    }
}

/// Applies the effects that change what is being built. What was written is named.
fn fold(
    built: &BTreeSet<Projection>,
    mut cache: Cache,
    tenant: &Tenant,
    events: &[Read],
) -> Result<(Cache, Touched), ProjectionError> {
    let mut written = Touched::default();
    for Judged { known, place, decision } in judged(tenant, events)? {
        for effect in effects(&cache.world, &place, known, &decision.judgement) {
            let mut writes = Touched::default();
            effect.writes(&mut writes);
            let writes = held_by(built, writes);
            if !writes.is_empty() {
                evolve(&mut cache.world, &effect);
                unite(&mut written, writes);
            }
        }
    }
    Ok((cache, written))
}

/// What applying these events may read. Deciding also asks whether the products and clients that an event names are known; applying does
/// not, unless the event is of a product or client itself.
fn touched_by(judged: &[Judged<'_>], world: &World) -> Touched {
    let (mut of_fields, mut of_others) = (Touched::default(), Touched::default());
    for Judged { known, place, .. } in judged {
        let keys = match known.fact {
            Fact::Created(_) | Fact::Updated(_) | Fact::Deleted | Fact::ConflictResolved(_) => &mut of_fields,
            _ => &mut of_others,
        };
        touched(known, place, &world.rulebook, keys);
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
