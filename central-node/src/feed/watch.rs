//! Wakes the requests that wait for changes. One task per process follows the heads that the head watch reads. When the head
//! of an awaited tenant moves, the task queries, once per site and not once per node, whether anything in that site's scope
//! changed. A waiting request holds no connection.
//!
//! Waking is only a hint: a woken request reads for itself, and a waiting one names the head that it had read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::scope::Scope;
use crate::database::{Database, StoreError, begin, natural};
use crate::event_store;
use crate::projections::progress::Progress;
use crate::restart::revive;
use crate::state_store::Versions;

/// How often the task queries without being woken.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The pause after a query, as a multiple of its duration. Commits in the pause are seen together, and the queries use at
/// most a fifth of one connection.
const PAUSES_PER_POLL: u32 = 4;

/// A site's scope that requests wait for.
struct WatchedScope {
    /// The head at which the scope was last queried.
    asked_at: Position,
    /// The last change seen in the scope.
    newest: watch::Sender<Position>,
    waiting: usize,
}

#[derive(Default)]
struct WatchedScopes {
    scopes: Mutex<HashMap<(TenantId, Scope), WatchedScope>>,
    came: Notify,
}

impl WatchedScopes {
    fn scopes(&self) -> MutexGuard<'_, HashMap<(TenantId, Scope), WatchedScope>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waiting requests of this process.
#[derive(Default)]
pub(crate) struct Watch {
    waits: Arc<WatchedScopes>,
}

/// The wait of one request; dropped with it, including when the client disconnects.
struct ScopeWait<'a> {
    waits: &'a WatchedScopes,
    key: (TenantId, Scope),
}

impl Drop for ScopeWait<'_> {
    fn drop(&mut self) {
        let mut scopes = self.waits.scopes();
        if let Some(awaited) = scopes.get_mut(&self.key) {
            awaited.waiting -= 1;
            if awaited.waiting == 0 {
                scopes.remove(&self.key);
            }
        }
    }
}

impl Watch {
    /// Starts following the heads in `progress`. The task ends when `stopping` turns true.
    pub(crate) fn start(database: Database, progress: Arc<Progress>, stopping: watch::Receiver<bool>) -> Watch {
        let waits = Arc::new(WatchedScopes::default());
        let (waited_for, stopped) = (Arc::clone(&waits), stopping.clone());
        let looking =
            move || look_after(Arc::clone(&waited_for), database.clone(), Arc::clone(&progress), stopping.clone());
        tokio::spawn(revive("The task that wakes waiting pulls", stopped, looking));
        Watch { waits }
    }

    /// Waits until something in scope changed after `read_to`, the head at which the caller read, or until the deadline.
    /// Returns whether the log is known to have grown meanwhile: if not, another read would return the same.
    pub(crate) async fn changed(&self, tenant: TenantId, scope: Scope, read_to: Position, deadline: Instant) -> bool {
        let key = (tenant, scope);
        let mut newest = {
            let mut scopes = self.waits.scopes();
            let awaited = scopes.entry(key).or_insert_with(|| WatchedScope {
                asked_at: read_to,
                newest: watch::Sender::new(Position::ZERO),
                waiting: 0,
            });
            // A caller that read an older head may have missed a change found for a later one.
            awaited.asked_at = awaited.asked_at.min(read_to);
            awaited.waiting += 1;
            awaited.newest.subscribe()
        };
        let _waiting = ScopeWait { waits: &self.waits, key };
        // A commit between the caller's read and this line must not wait for the timer.
        self.waits.came.notify_one();
        // The sender lives as long as a request waits.
        let changed = newest.wait_for(|newest| *newest > read_to);
        let in_time = tokio::time::timeout_at(deadline, changed).await.is_ok();
        let grew = self.waits.scopes().get(&key).is_none_or(|awaited| awaited.asked_at > read_to);
        in_time || grew
    }

    /// The number of waiting requests.
    pub(crate) fn waiting(&self) -> usize {
        self.waits.scopes().values().map(|awaited| awaited.waiting).sum()
    }
}

async fn look_after(
    waits: Arc<WatchedScopes>,
    database: Database,
    progress: Arc<Progress>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut marks = progress.marks();
    let mut reachable = true;
    loop {
        let heads: Vec<(TenantId, Position)> = {
            let marks = marks.borrow_and_update();
            let awaited: BTreeSet<TenantId> = waits.scopes().keys().map(|(tenant, _)| *tenant).collect();
            awaited.into_iter().filter_map(|tenant| Some((tenant, marks.get(&tenant)?.head))).collect()
        };
        let began = Instant::now();
        let asked = tokio::select! {
            asked = ask_all(&waits, &database, heads) => asked,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match asked {
            Ok(()) => reachable = true,
            Err(error) => {
                if reachable {
                    tracing::warn!(%error, "Waiting pulls are not woken: what changed cannot be read");
                }
                reachable = false;
            }
        }
        let rest = (began.elapsed() * PAUSES_PER_POLL).min(POLL_EVERY);
        let nobody = waits.scopes().is_empty();
        let pause = async {
            tokio::time::sleep(rest).await;
            tokio::select! {
                Ok(()) = marks.changed(), if !nobody => {}
                () = waits.came.notified() => progress.ask(),
                () = tokio::time::sleep(POLL_EVERY), if !nobody => {}
            }
        };
        tokio::select! {
            () = pause => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Queries all tenants with these heads. An error with one tenant does not delay the others.
async fn ask_all(
    waits: &WatchedScopes,
    database: &Database,
    heads: Vec<(TenantId, Position)>,
) -> Result<(), StoreError> {
    let mut asked = Ok(());
    for (tenant, head) in heads {
        if let Err(error) = ask(waits, database, tenant, head).await {
            asked = Err(error);
        }
    }
    asked
}

/// Queries what changed in the scopes and users of a tenant whose head has moved, and wakes the requests that wait for it.
async fn ask(waits: &WatchedScopes, database: &Database, tenant: TenantId, head: Position) -> Result<(), StoreError> {
    let behind: Vec<Scope> = waits
        .scopes()
        .iter()
        .filter(|((of, _), awaited)| *of == tenant && awaited.asked_at < head)
        .map(|((_, scope), _)| *scope)
        .collect();
    if behind.is_empty() {
        return Ok(());
    }
    let newest = newest_changes(database, tenant, &behind).await?;
    let mut scopes = waits.scopes();
    for scope in behind {
        let Some(awaited) = scopes.get_mut(&(tenant, scope)) else { continue };
        awaited.asked_at = head;
        let position = newest.get(&scope.site_column().unwrap_or_default()).copied().unwrap_or_default();
        awaited.newest.send_if_modified(|newest| {
            let moved = position > *newest;
            *newest = position.max(*newest);
            moved
        });
    }
    Ok(())
}

/// The position of the last change in each scope, by its site.
async fn newest_changes(
    database: &Database,
    tenant: TenantId,
    scopes: &[Scope],
) -> Result<BTreeMap<Uuid, Position>, StoreError> {
    let sites: Vec<Uuid> = scopes.iter().map(|scope| scope.site_column().unwrap_or_default()).collect();
    let mut connection = database.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let versions = Versions::active(&tx, tenant).await?;
    let (tenant, Versions { stock, deliveries, invoices, entities, .. }) = (tenant.uuid(), versions);
    let rows = event_store::newest_change(&tx, [&tenant, &entities, &deliveries, &invoices, &stock, &sites]).await?;
    rows.iter().map(|row| Ok((row.try_get("site_id")?, Position(natural(row.try_get("position")?)?)))).collect()
}
