//! How far each tenant has come, known to the whole process from one poll: `projected <= head`. Queries that carry `min_position` wait
//! here, and hold no database connection meanwhile.

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
    /// The last position given; deciding read models stand here.
    pub head: Position,
}

/// Which mark a query needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProjectionMark {
    /// Reporting projections.
    Projected,
    /// Deciding read models.
    Head,
}

impl ProjectionMarks {
    /// The mark of that kind.
    pub fn at(self, mark: ProjectionMark) -> Position {
        match mark {
            ProjectionMark::Projected => self.projected,
            ProjectionMark::Head => self.head,
        }
    }
}

/// The marks of every tenant, as this process last saw them. They may lag behind the database; they never run ahead of it.
#[derive(Debug)]
pub struct Progress {
    marks: watch::Sender<BTreeMap<TenantId, ProjectionMarks>>,
    /// The last look alone, which shows a cursor that was set back.
    last_look: watch::Sender<Arc<Vec<(TenantId, ProjectionMarks)>>>,
    waiting: AtomicUsize,
    asked: Notify,
}

impl Default for Progress {
    fn default() -> Self {
        Progress {
            marks: watch::Sender::new(BTreeMap::new()),
            last_look: watch::Sender::new(Arc::default()),
            waiting: AtomicUsize::new(0),
            asked: Notify::new(),
        }
    }
}

impl Progress {
    /// Takes what the last poll saw. A mark that it saw lower than before is an older look at the same row.
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

    /// Waits until a mark reaches a position. `Err` has where it stood when the time ran out.
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

    /// Whether somebody waits: then the heads are looked at more often.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Takes a look at all tenants.
    pub(super) fn looked(&self, seen: Vec<(TenantId, ProjectionMarks)>) {
        self.saw(seen.iter().copied());
        self.last_look.send_replace(Arc::new(seen));
    }

    /// Each look at all tenants.
    pub(super) fn looks(&self) -> watch::Receiver<Arc<Vec<(TenantId, ProjectionMarks)>>> {
        self.last_look.subscribe()
    }

    /// The marks of all tenants, and their changes.
    pub(crate) fn marks(&self) -> watch::Receiver<BTreeMap<TenantId, ProjectionMarks>> {
        self.marks.subscribe()
    }

    /// Has the heads read soon: somebody waits for them.
    pub(crate) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Returns when somebody begins to wait.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }
}

/// Counts one who waits, until it is dropped: a caller who hangs up is one less.
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
