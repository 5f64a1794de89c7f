//! Follows the log for the reporting projections of every tenant. Order of one step: claim the cursor, read a page up to the
//! head, write rows and cursor in one transaction, notify waiting queries.
//!
//! Each poll of the head watch (`head_watch.rs`) wakes the runner. The fence on the cursor separates two runners on one
//! database: the second leaves the tenant alone for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::cursor::{self, CursorClaim, Purpose};
use super::progress::{Progress, ProjectionMarks};
use super::status::active_version;
use super::{Projection, ProjectionError, Version, sales};
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::restart::revive;
use crate::store_check::StoreFindings;

/// Tenants processed at once. More would take connections from requests.
const TENANTS_AT_ONCE: usize = 2;

/// The running task.
#[derive(Debug)]
pub struct Runner {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Runner {
    /// Starts following the marks of `progress`, which the head watch updates.
    pub fn start(database: Database, progress: Arc<Progress>, findings: StoreFindings) -> Runner {
        let (stop, stopped) = watch::channel(false);
        let follower = Arc::new(Follower::new(database, progress, findings));
        let stopped_too = stopped.clone();
        let following = move || follow(Arc::clone(&follower), stopped.clone());
        let task = tokio::spawn(revive("The task that brings reports up to date", stopped_too, following));
        Runner { stop, task }
    }

    /// Stops the runner. The current page is rolled back, and applied again after the next start.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the projection runner panicked or was cancelled");
        }
    }
}

async fn follow(follower: Arc<Follower>, mut stopped: watch::Receiver<bool>) {
    // A poll from before a restart of this task counts too.
    let mut polls = follower.progress.polls();
    polls.mark_changed();
    loop {
        tokio::select! {
            // The sender lives as long as `follower`.
            Ok(()) = polls.changed() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let poll = Arc::clone(&polls.borrow_and_update());
        let lagging = poll.iter().filter(|(_, marks)| marks.projected < marks.head);
        let lagging = lagging.map(|(tenant, marks)| (*tenant, marks.head)).collect();
        tokio::select! {
            () = follower.apply_all(lagging) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// The state of one process that follows the log.
pub(super) struct Follower {
    database: Database,
    progress: Arc<Progress>,
    /// Collects columns that differ from the sealed values.
    findings: StoreFindings,
    /// Identifies this process on the cursors it moves.
    owner: Uuid,
    claims: Mutex<HashMap<TenantId, CursorClaim>>,
    /// The last error logged for a tenant that makes no progress: each error is logged once, not every second.
    complaints: Mutex<HashMap<TenantId, String>>,
}

impl Follower {
    pub(super) fn new(database: Database, progress: Arc<Progress>, findings: StoreFindings) -> Follower {
        let (claims, complaints) = (Mutex::default(), Mutex::default());
        Follower { database, progress, findings, owner: Uuid::new_v4(), claims, complaints }
    }

    /// Catches up every tenant that lags behind its head.
    async fn apply_all(&self, lagging: Vec<(TenantId, Position)>) {
        let catch_up = |(tenant, head)| async move {
            let result = self.catch_up(tenant, head).await;
            self.complain(tenant, result.err());
        };
        futures_util::stream::iter(lagging).for_each_concurrent(TENANTS_AT_ONCE, catch_up).await;
    }

    async fn catch_up(&self, tenant: TenantId, head: Position) -> Result<(), ProjectionError> {
        while self.step(tenant, head).await?.is_some_and(|projected| projected < head) {}
        Ok(())
    }

    /// Applies one page. Returns the new position of the projection, or `None` if another runner is working on it.
    pub(super) async fn step(&self, tenant: TenantId, head: Position) -> Result<Option<Position>, ProjectionError> {
        // Stored again only after the commit: a claim whose transaction failed does not know its cursor's position.
        let stored = self.claims().remove(&tenant);
        let mut connection = self.database.follower().await?;
        let tx = begin(&mut connection, tenant).await?;
        let claim = match stored {
            Some(claim) => Some(claim),
            None => match active(&tx, tenant).await? {
                Some(of) => cursor::claim(&tx, tenant, of, self.owner, Purpose::Follow).await?,
                None => None,
            },
        };
        let Some(mut claim) = claim else { return Ok(None) };
        let unsealed = match sales::follow_page(&tx, &mut claim, head).await {
            // Another owner or another active version: the next poll shows which.
            Err(ProjectionError::Fenced { .. }) => return Ok(None),
            other => other?,
        };
        tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
        for error in &unsealed {
            self.findings.met(error.finding(tenant));
        }
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
            tracing::error!(tenant.id = %tenant, error = text, "The reports of a tenant do not advance");
        }
    }
}

/// The active version of `sales`; the first reader of a log creates the first one.
async fn active(tx: &deadpool_postgres::Transaction<'_>, tenant: TenantId) -> Result<Option<Version>, ProjectionError> {
    let projection = Projection::Sales;
    tx.execute(include_str!("version_first.sql"), &[&tenant.uuid(), &projection.name()]).await?;
    let number = active_version(tx, tenant, projection).await?.number;
    Ok((number > 0).then_some(Version { projection, number }))
}
