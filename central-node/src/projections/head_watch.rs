//! The only task of this process that reads the heads of all tenants. It reads them after each commit of this process, when a
//! request begins to wait, and about once a second, since another process may have accepted a push. The projection runner and
//! the watch of waiting pulls follow [`Progress`].

use std::sync::Arc;
use std::time::Duration;

use comptoir_core::id::TenantId;
use tokio::sync::watch;
use tokio::time::Instant;

use super::progress::{Progress, ProjectionMarks};
use super::{ProjectionError, position_of};
use crate::database::Database;
use crate::restart::revive;

/// How often the heads are polled without a reason: the delay in seeing changes of another process.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The poll interval while a query waits for its position.
const POLL_EVERY_AWAITED: Duration = Duration::from_millis(50);
/// The pause after a poll, as a multiple of the poll's duration, unless a query waits. Commits in the pause are seen
/// together, and polling uses at most a fifth of one connection.
const PAUSES_PER_POLL: u32 = 4;

/// Starts the task. `commits` changes after each commit to the log in this process. The task ends when `stopping` turns true.
pub(crate) fn start(
    database: Database,
    progress: Arc<Progress>,
    commits: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
) {
    let stopped = stopping.clone();
    let looking = move || keep_looking(database.clone(), Arc::clone(&progress), commits.clone(), stopping.clone());
    tokio::spawn(revive("The task that reads the heads", stopped, looking));
}

async fn keep_looking(
    database: Database,
    progress: Arc<Progress>,
    mut commits: watch::Receiver<u64>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut reachable = true;
    loop {
        // A commit after this line wakes the next round.
        commits.mark_unchanged();
        let began = Instant::now();
        let polled = tokio::select! {
            polled = read_marks(&database) => polled,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match polled {
            Ok(marks) => {
                reachable = true;
                progress.record_poll(marks);
            }
            Err(error) if reachable => {
                reachable = false;
                tracing::warn!(%error, "Reports do not advance and waiting pulls are not woken: the heads cannot be read");
            }
            Err(_) => {}
        }
        let is_awaited = progress.is_awaited();
        let pause = async {
            if !is_awaited {
                tokio::time::sleep((began.elapsed() * PAUSES_PER_POLL).min(POLL_EVERY)).await;
            }
            tokio::select! {
                // Without a sender this process makes no more commits; the timer continues.
                Ok(()) = commits.changed() => {}
                () = progress.asked() => {}
                () = tokio::time::sleep(if is_awaited { POLL_EVERY_AWAITED } else { POLL_EVERY }) => {}
            }
        };
        tokio::select! {
            () = pause => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Reads the marks of every tenant in one query.
async fn read_marks(database: &Database) -> Result<Vec<(TenantId, ProjectionMarks)>, ProjectionError> {
    let connection = database.watcher().await?;
    let statement = connection.prepare_cached(include_str!("heads.sql")).await?;
    let rows = connection.query(&statement, &[]).await?;
    let seen = rows.iter().map(|row| {
        let head = position_of(row.try_get("head")?)?;
        let projected = position_of(row.try_get("projected")?)?;
        Ok((TenantId::new(row.try_get("tenant_id")?), ProjectionMarks { projected, head }))
    });
    seen.collect()
}
