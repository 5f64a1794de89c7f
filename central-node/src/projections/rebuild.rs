//! Rebuilds: fills a new version next to the active one, from the first position to the head. Stored decisions are applied;
//! nothing is decided again.
//!
//! A page of the log, the rows it changes and the cursors of the versions being built are one transaction. So a rebuild can
//! be killed, dropped or started twice at any moment: it continues where the last page ended, and of two owners the fence
//! stops the first. Ingest continues meanwhile. The rebuild catches up with its events, the last ones under the tenant's lock
//! in a switch.

use std::collections::BTreeSet;
use std::sync::Arc;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::cursor::{self, CursorClaim, Purpose};
use super::fold::{FOLDED, StateBuild};
use super::read::{ReadEntry, read_page};
use super::status::version_state;
use super::{PageSize, Projection, ProjectionError, Version, sales};
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::event_store;
use crate::state_store::Versions;
use crate::tenant::Tenant;

/// How often a rebuild follows the head that moved while it caught up. A switch applies the rest.
const ROUNDS_MAX: usize = 8;

/// Positions read at a time: a page that is committed together may be too large for memory.
const READ_POSITIONS: u64 = 10_000;

/// How far a rebuild has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RebuildProgress {
    /// Every version being built has applied the log up to here.
    pub position: Position,
    /// The tenant's head when it was last read.
    pub head: Position,
}

/// Builds new versions of these projections, or continues versions that are being built already. A page of the log is applied
/// and committed together; `report` is called after each page. Dropping the future stops the rebuild; calling this again
/// continues it.
pub async fn rebuild(
    database: &Database,
    tenant: TenantId,
    projections: &[Projection],
    page: PageSize,
    mut report: impl FnMut(RebuildProgress),
) -> Result<Vec<Version>, ProjectionError> {
    let mut builder = Builder::new(database, tenant, BuildTarget::Build(projections)).await?;
    builder.page_size = page;
    for _ in 0..ROUNDS_MAX {
        let head = head(database, tenant).await?;
        report(RebuildProgress { position: builder.position(), head });
        if builder.position() >= head {
            break;
        }
        while builder.position() < head {
            builder.commit_page(database, head).await?;
            report(RebuildProgress { position: builder.position(), head });
        }
    }
    Ok(builder.claims.iter().map(|claim| claim.of).collect())
}

/// The last position assigned in a tenant.
pub(super) async fn head(database: &Database, tenant: TenantId) -> Result<Position, ProjectionError> {
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let head = event_store::tenant_head(&tx, tenant).await?;
    Ok(head.ok_or(ProjectionError::NoTenant(tenant))?.head)
}

/// The versions that a builder works on.
#[derive(Clone, Copy, Debug)]
pub(super) enum BuildTarget<'a> {
    /// The version of each projection that is being built, or a new one.
    Build(&'a [Projection]),
    /// Exactly this version, which is not active.
    This(Version),
}

/// Catches versions up to the head, page by page.
pub(super) struct Builder {
    tenant: Arc<Tenant>,
    claims: Vec<CursorClaim>,
    build: Option<StateBuild>,
    ahead: Option<Prefetch>,
    page_size: PageSize,
}

/// A range of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct LogRange {
    after: Position,
    to: Position,
    bytes: u32,
}

/// Entries read from the start of a range: as many as fit in memory.
struct FetchedEntries {
    events: Arc<Vec<ReadEntry>>,
    complete_through: Position,
}

impl FetchedEntries {
    /// Uses its own connection: the log never changes, so every transaction reads the same.
    async fn from(database: Database, tenant: TenantId, stretch: LogRange) -> Result<FetchedEntries, ProjectionError> {
        let mut connection = database.service().await?;
        let tx = begin(&mut connection, tenant).await?;
        FetchedEntries::within(&tx, tenant, stretch).await
    }

    async fn within(
        tx: &Transaction<'_>,
        tenant: TenantId,
        stretch: LogRange,
    ) -> Result<FetchedEntries, ProjectionError> {
        let size = PageSize { positions: READ_POSITIONS, bytes: stretch.bytes };
        let (rows, complete_through) = event_store::sized_page(tx, tenant, stretch.after, stretch.to, size).await?;
        let events = read_page(rows, |entry| FOLDED.contains(&entry.verdict)).await?;
        // A version is built only from a log that matches its seals.
        if let Some(error) = events.iter().find_map(|event| event.unsealed.as_ref()) {
            return Err(ProjectionError::Damaged(Box::new(error.finding(tenant))));
        }
        Ok(FetchedEntries { events: Arc::new(events), complete_through })
    }
}

/// A range that is read while the previous one is applied.
struct Prefetch {
    stretch: LogRange,
    reading: JoinHandle<Result<FetchedEntries, ProjectionError>>,
}

impl Prefetch {
    fn of(database: &Database, tenant: TenantId, stretch: LogRange) -> Prefetch {
        Prefetch { stretch, reading: tokio::spawn(FetchedEntries::from(database.clone(), tenant, stretch)) }
    }

    async fn fetched(mut self) -> Result<FetchedEntries, ProjectionError> {
        (&mut self.reading).await?
    }
}

impl Drop for Prefetch {
    /// A dropped rebuild leaves no task running.
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Builder {
    /// Claims the cursors of the requested versions.
    pub(super) async fn new(
        database: &Database,
        tenant: TenantId,
        wish: BuildTarget<'_>,
    ) -> Result<Builder, ProjectionError> {
        let owner = Uuid::new_v4();
        let mut connection = database.service().await?;
        let tx = begin(&mut connection, tenant).await?;
        let loaded = Tenant::load(&tx, tenant).await?.ok_or(ProjectionError::NoTenant(tenant))?;
        let versions = match wish {
            BuildTarget::Build(projections) => {
                let projections: BTreeSet<Projection> = projections.iter().copied().collect();
                let mut versions = Vec::with_capacity(projections.len());
                for projection in projections {
                    versions.push(being_built(&tx, tenant, projection).await?);
                }
                versions
            }
            BuildTarget::This(of) => vec![of],
        };
        let mut claims = Vec::with_capacity(versions.len());
        for of in versions {
            match cursor::claim(&tx, tenant, of, owner, Purpose::Build).await? {
                Some(claim) => claims.push(claim),
                None if version_state(&tx, tenant, of).await?.is_some() => {
                    return Err(ProjectionError::Active { of, tenant });
                }
                None => return Err(ProjectionError::NoVersion { of, tenant }),
            }
        }
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        Ok(Builder { tenant: Arc::new(loaded), claims, build: None, ahead: None, page_size: PageSize::REBUILT })
    }

    /// Every version has applied the log up to here.
    pub(super) fn position(&self) -> Position {
        self.claims.iter().map(|claim| claim.position).min().unwrap_or_default()
    }

    /// Locks the cursors until the transaction ends, or fails if another owner has claimed one.
    pub(super) async fn hold(&mut self, tx: &Transaction<'_>) -> Result<(), ProjectionError> {
        for claim in &mut self.claims {
            claim.hold(tx).await?;
        }
        Ok(())
    }

    /// Applies one page in its own transaction, while the next one is read.
    pub(super) async fn commit_page(&mut self, database: &Database, to: Position) -> Result<(), ProjectionError> {
        let end = self.page_end(to);
        let mut connection = database.service().await?;
        let tx = begin(&mut connection, self.tenant.id).await?;
        while self.position() < end && !self.build.as_ref().is_some_and(StateBuild::is_full) {
            let stretch = LogRange { after: self.position(), to: end, bytes: self.page_size.bytes };
            let ahead = self.ahead.take().filter(|ahead| ahead.stretch == stretch);
            let fetched = match ahead {
                Some(ahead) => ahead.fetched().await?,
                None => FetchedEntries::from(database.clone(), self.tenant.id, stretch).await?,
            };
            let next = LogRange { after: fetched.complete_through, ..stretch };
            if next.after < next.to {
                self.ahead = Some(Prefetch::of(database, self.tenant.id, next));
            }
            self.apply(&tx, fetched).await?;
        }
        self.save(&tx).await?;
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        Ok(())
    }

    /// Applies one page in the caller's transaction. After an error or a rollback start with a new builder, because this one
    /// caches rows that were not written.
    pub(super) async fn page(&mut self, tx: &Transaction<'_>, to: Position) -> Result<(), ProjectionError> {
        let end = self.page_end(to);
        while self.position() < end {
            let stretch = LogRange { after: self.position(), to: end, bytes: self.page_size.bytes };
            let fetched = FetchedEntries::within(tx, self.tenant.id, stretch).await?;
            self.apply(tx, fetched).await?;
        }
        self.save(tx).await
    }

    /// The end of the next page. A version that started later joins when the others reach its position.
    fn page_end(&self, to: Position) -> Position {
        let after = self.position();
        let others = self.claims.iter().map(|claim| claim.position).filter(|position| *position > after);
        let next = others.min().map_or(to, |next| next.min(to));
        next.min(Position(after.0.saturating_add(self.page_size.positions.max(1))))
    }

    async fn apply(
        &mut self,
        tx: &Transaction<'_>,
        FetchedEntries { events, complete_through }: FetchedEntries,
    ) -> Result<(), ProjectionError> {
        let after = self.position();
        let (mut deciding, mut reporting) = (Vec::new(), Vec::new());
        for claim in self.claims.iter_mut().filter(|claim| claim.position == after) {
            claim.advance(tx, complete_through).await?;
            if claim.of.projection.is_deciding() {
                deciding.push(claim.of);
            } else {
                reporting.push(claim.of);
            }
        }
        let mut build = match deciding.as_slice() {
            [] => None,
            deciding => Some(self.build_of(tx, deciding, after).await?),
        };
        // Computing and database writes overlap.
        let decide = async {
            match &mut build {
                Some(build) => build.apply(tx, &self.tenant, &events).await,
                None => Ok(()),
            }
        };
        let report = async {
            for of in reporting {
                sales::apply(tx, self.tenant.id, of, &events).await?;
            }
            Ok(())
        };
        tokio::try_join!(decide, report)?;
        self.build = build.or(self.build.take());
        Ok(())
    }

    async fn save(&mut self, tx: &Transaction<'_>) -> Result<(), ProjectionError> {
        match &mut self.build {
            Some(build) => build.save(tx, self.tenant.id).await,
            None => Ok(()),
        }
    }

    /// The build of these versions with its cached rows. The cache is empty if the previous page had other versions.
    async fn build_of(
        &mut self,
        tx: &Transaction<'_>,
        deciding: &[Version],
        after: Position,
    ) -> Result<StateBuild, ProjectionError> {
        let built: BTreeSet<Projection> = deciding.iter().map(|of| of.projection).collect();
        let mut versions = Versions::active(tx, self.tenant.id).await?;
        for Version { projection, number } in deciding.iter().copied() {
            match projection {
                Projection::Stock => versions.stock = number,
                Projection::Deliveries => versions.deliveries = number,
                Projection::Invoices => versions.invoices = number,
                Projection::Entities => versions.entities = number,
                Projection::Quarantine => versions.quarantine = number,
                Projection::Sales => {}
            }
        }
        let cached = self.build.take().filter(|build| build.built == built && build.versions == versions);
        Ok(cached.unwrap_or_else(|| StateBuild::at(after, built, versions)))
    }
}

/// The version of a projection that is being built, or a new one.
async fn being_built(
    tx: &Transaction<'_>,
    tenant: TenantId,
    projection: Projection,
) -> Result<Version, ProjectionError> {
    let row = tx.query_one(include_str!("version_build.sql"), &[&tenant.uuid(), &projection.name()]).await?;
    Ok(Version { projection, number: row.try_get("version")? })
}
