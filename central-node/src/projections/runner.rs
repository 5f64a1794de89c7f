//! Follows the log for the reporting projections of every tenant. Order of one step: claim the cursor, read a page up to the head, write
//! rows and cursor in one transaction, tell who waits.
//!
//! Woken by ingest in this process, by a query that waits, and by a timer, since another process may have taken a push. A look at the
//! heads is one cheap query for all tenants; with nothing to do it is all that happens. Two runners on one database are kept apart by the
//! fence on the cursor; the one that comes second leaves the tenant alone for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::cursor::{self, CursorClaim, Purpose};
use super::progress::{Progress, ProjectionMarks};
use super::{Projection, ProjectionError, Version, position_of, sales};
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::restart::revive;

/// How often the heads are looked at without being woken: what another process took is in the reports that much later.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same while a query waits for its position.
const LOOK_EVERY_AWAITED: Duration = Duration::from_millis(50);
/// Tenants at work at once. More would take connections from those who ask.
const TENANTS_AT_ONCE: usize = 2;

/// The running task.
#[derive(Debug)]
pub struct Runner {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Runner {
    /// Starts following. `commits` changes after each commit to the log in this process; the sending end is `CommitSignal`, which
    /// `ingest/queue.rs` raises.
    pub fn start(database: Database, progress: Arc<Progress>, commits: watch::Receiver<u64>) -> Runner {
        let (stop, stopped) = watch::channel(false);
        let follower = Arc::new(Follower::new(database, progress));
        let stopped_too = stopped.clone();
        let following = move || follow(Arc::clone(&follower), commits.clone(), stopped.clone());
        let task = tokio::spawn(revive("The task that brings reports up to date", stopped_too, following));
        Runner { stop, task }
    }

    /// Ends it. The page at hand is rolled back, and applied again after the next start.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the projection runner ended badly");
        }
    }
}

async fn follow(follower: Arc<Follower>, mut commits: watch::Receiver<u64>, mut stopped: watch::Receiver<bool>) {
    let mut reachable = true;
    loop {
        // What is committed from here on wakes the next round.
        commits.mark_unchanged();
        let step = tokio::select! {
            step = follower.look_and_apply() => step,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        match step {
            Ok(()) => reachable = true,
            Err(error) if reachable => {
                reachable = false;
                tracing::warn!(%error, "Reports stand still: the heads cannot be read");
            }
            Err(_) => {}
        }
        let pause = if follower.progress.is_awaited() { LOOK_EVERY_AWAITED } else { LOOK_EVERY };
        tokio::select! {
            // Without a sender nothing is ever committed here again; the timer goes on.
            Ok(()) = commits.changed() => {}
            () = follower.progress.asked() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// One process's part in following the log.
pub(super) struct Follower {
    database: Database,
    progress: Arc<Progress>,
    /// Names this process on the cursors it moves.
    owner: Uuid,
    claims: Mutex<HashMap<TenantId, CursorClaim>>,
    /// What was said last about a tenant that stands still: said once, not every second.
    complaints: Mutex<HashMap<TenantId, String>>,
}

impl Follower {
    pub(super) fn new(database: Database, progress: Arc<Progress>) -> Follower {
        let (claims, complaints) = (Mutex::default(), Mutex::default());
        Follower { database, progress, owner: Uuid::new_v4(), claims, complaints }
    }

    /// Looks at all heads, and brings every tenant that lags up to the head that was seen.
    async fn look_and_apply(&self) -> Result<(), ProjectionError> {
        let lagging = self.look().await?;
        let catch_up = |(tenant, head)| async move {
            let result = self.catch_up(tenant, head).await;
            self.complain(tenant, result.err());
        };
        futures_util::stream::iter(lagging).for_each_concurrent(TENANTS_AT_ONCE, catch_up).await;
        Ok(())
    }

    /// The tenants whose cursor is behind their head.
    pub(super) async fn look(&self) -> Result<Vec<(TenantId, Position)>, ProjectionError> {
        let connection = self.database.watcher().await?;
        let statement = connection.prepare_cached(include_str!("heads.sql")).await?;
        let rows = connection.query(&statement, &[]).await?;
        let seen = rows.iter().map(|row| -> Result<_, ProjectionError> {
            let head = position_of(row.try_get("head")?)?;
            let projected = position_of(row.try_get("projected")?)?;
            Ok((TenantId::new(row.try_get("tenant_id")?), ProjectionMarks { projected, head }))
        });
        let seen = seen.collect::<Result<Vec<_>, _>>()?;
        self.progress.saw(seen.iter().copied());
        let lagging = seen.into_iter().filter(|(_, marks)| marks.projected < marks.head);
        Ok(lagging.map(|(tenant, marks)| (tenant, marks.head)).collect())
    }

    async fn catch_up(&self, tenant: TenantId, head: Position) -> Result<(), ProjectionError> {
        while self.step(tenant, head).await?.is_some_and(|projected| projected < head) {}
        Ok(())
    }

    /// Applies one page. How far the projection has come, or nothing where another runner is at work on it.
    pub(super) async fn step(&self, tenant: TenantId, head: Position) -> Result<Option<Position>, ProjectionError> {
        // Put back only after the commit: a claim whose transaction failed does not know where its cursor stands.
        let held = self.claims().remove(&tenant);
        let mut connection = self.database.follower().await?;
        let tx = begin(&mut connection, tenant).await?;
        let claim = match held {
            Some(claim) => Some(claim),
            None => match active(&tx, tenant).await? {
                Some(of) => cursor::claim(&tx, tenant, of, self.owner, Purpose::Follow).await?,
                None => None,
            },
        };
        let Some(mut claim) = claim else { return Ok(None) };
        match sales::follow_page(&tx, &mut claim, head).await {
            // Another owner, or another version that is read now: the next look will tell.
            Err(ProjectionError::Fenced { .. }) => return Ok(None),
            other => other?,
        }
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        let projected = claim.position;
        self.claims().insert(tenant, claim);
        self.progress.saw([(tenant, ProjectionMarks { projected, head })]);
        Ok(Some(projected))
    }

    fn claims(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, CursorClaim>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, tenant: TenantId, error: Option<ProjectionError>) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(error) = error else {
            complaints.remove(&tenant);
            return;
        };
        let text = error.to_string();
        if complaints.insert(tenant, text.clone()).is_none_or(|before| before != text) {
            tracing::error!(tenant.id = %tenant, error = text, "The reports of a tenant stand still");
        }
    }
}

/// The version of `sales` that is read; the first reader of a log makes the first one.
async fn active(tx: &deadpool_postgres::Transaction<'_>, tenant: TenantId) -> Result<Option<Version>, ProjectionError> {
    let projection = Projection::Sales;
    tx.execute(include_str!("version_first.sql"), &[&tenant.uuid(), &projection.name()]).await?;
    let row = tx
        .query_opt(
            "select version from projection_version where tenant_id = $1 and projection = $2 and state = 'active'",
            &[&tenant.uuid(), &projection.name()],
        )
        .await?;
    row.map(|row| Ok(Version { projection, number: row.try_get("version")? })).transpose()
}
