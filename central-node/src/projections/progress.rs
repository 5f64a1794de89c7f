//! How far each tenant has advanced, from one poll for the whole process: `projected <= head`. Queries with `min_position`
//! wait here without a database connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use tokio::sync::{Notify, watch};

/// A tenant's marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProjectionMarks {
    /// Every reporting projection has applied the log up to here.
    pub projected: Position,
    /// The last position assigned; deciding read models are complete to it.
    pub head: Position,
}

/// The mark that a query waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProjectionMark {
    /// The position of the reporting projections.
    Projected,
    /// The position of the deciding read models.
    Head,
}

impl ProjectionMarks {
    /// Returns the mark of that kind.
    pub fn at(self, mark: ProjectionMark) -> Position {
        match mark {
            ProjectionMark::Projected => self.projected,
            ProjectionMark::Head => self.head,
        }
    }
}

/// The marks of every tenant, as last polled by this process. They may lag behind the database, but never run ahead of it.
#[derive(Debug)]
pub struct Progress {
    marks: watch::Sender<BTreeMap<TenantId, ProjectionMarks>>,
    /// The last poll alone: it shows a cursor that was moved back.
    last_poll: watch::Sender<Arc<Vec<(TenantId, ProjectionMarks)>>>,
    waiting: AtomicUsize,
    asked: Notify,
}

impl Default for Progress {
    fn default() -> Self {
        Progress {
            marks: watch::Sender::new(BTreeMap::new()),
            last_poll: watch::Sender::new(Arc::default()),
            waiting: AtomicUsize::new(0),
            asked: Notify::new(),
        }
    }
}

impl Progress {
    /// Merges a poll. A mark lower than the known one comes from an older poll of the same row.
    pub fn saw(&self, seen: impl IntoIterator<Item = (TenantId, ProjectionMarks)>) {
        self.marks.send_if_modified(|marks| {
            let mut moved = false;
            for (tenant, now) in seen {
                let mark = marks.entry(tenant).or_default();
                let raised =
                    ProjectionMarks { projected: mark.projected.max(now.projected), head: mark.head.max(now.head) };
                moved |= raised != *mark;
                *mark = raised;
            }
            moved
        });
    }

    /// A tenant's marks.
    pub fn of(&self, tenant: TenantId) -> ProjectionMarks {
        self.marks.borrow().get(&tenant).copied().unwrap_or_default()
    }

    /// Waits until a mark reaches a position. After the timeout, `Err` contains the mark.
    pub async fn reached(
        &self,
        tenant: TenantId,
        mark: ProjectionMark,
        position: Position,
        within: Duration,
    ) -> Result<(), Position> {
        let at = |marks: &BTreeMap<TenantId, ProjectionMarks>| marks.get(&tenant).copied().unwrap_or_default().at(mark);
        let mut marks = self.marks.subscribe();
        if at(&marks.borrow_and_update()) >= position {
            return Ok(());
        }
        let _waiting = WaitGuard::new(self);
        let reached = tokio::time::timeout(within, marks.wait_for(|marks| at(marks) >= position)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(self.of(tenant).at(mark)),
        }
    }

    /// Whether a query waits: the heads are then polled more often.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Records a poll of all tenants.
    pub(super) fn record_poll(&self, polled: Vec<(TenantId, ProjectionMarks)>) {
        self.saw(polled.iter().copied());
        self.last_poll.send_replace(Arc::new(polled));
    }

    /// Follows the polls of all tenants.
    pub(super) fn polls(&self) -> watch::Receiver<Arc<Vec<(TenantId, ProjectionMarks)>>> {
        self.last_poll.subscribe()
    }

    /// Follows the marks of all tenants.
    pub(crate) fn marks(&self) -> watch::Receiver<BTreeMap<TenantId, ProjectionMarks>> {
        self.marks.subscribe()
    }

    /// Requests a poll soon, for a query that waits.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Returns when a query begins to wait.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }
}

/// Counts a waiting query until dropped, so that a caller who hangs up is no longer counted.
struct WaitGuard<'a>(&'a Progress);

impl<'a> WaitGuard<'a> {
    fn new(progress: &'a Progress) -> Self {
        progress.waiting.fetch_add(1, Ordering::AcqRel);
        progress.asked.notify_one();
        WaitGuard(progress)
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([1; 16]);

    fn marks(projected: u64, head: u64) -> ProjectionMarks {
        ProjectionMarks { projected: Position(projected), head: Position(head) }
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_mark_it_waits_for() {
        let progress = Progress::default();
        progress.saw([(TENANT, marks(3, 7))]);
        assert_eq!(progress.reached(TENANT, ProjectionMark::Head, Position(7), Duration::ZERO).await, Ok(()));
        let waits = progress.reached(TENANT, ProjectionMark::Projected, Position(7), Duration::from_secs(3600));
        let raises = async {
            progress.asked().await;
            assert!(progress.is_awaited());
            progress.saw([(TENANT, marks(7, 9))]);
        };
        let (waited, ()) = tokio::join!(waits, raises);
        assert_eq!(waited, Ok(()));
        assert!(!progress.is_awaited());
    }

    #[tokio::test]
    async fn who_waits_in_vain_hears_where_the_mark_stood() {
        let progress = Progress::default();
        progress.saw([(TENANT, marks(3, 7))]);
        let waited = progress.reached(TENANT, ProjectionMark::Projected, Position(4), Duration::from_millis(1)).await;
        assert_eq!(waited, Err(Position(3)));
    }

    #[tokio::test]
    async fn an_older_look_lowers_no_mark() {
        let progress = Progress::default();
        progress.saw([(TENANT, marks(5, 7))]);
        progress.saw([(TENANT, marks(4, 8))]);
        assert_eq!(progress.of(TENANT), marks(5, 8));
    }
}
