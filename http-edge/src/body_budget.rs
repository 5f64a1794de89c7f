use std::sync::Arc;

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Reserved at a time for a body that did not announce its length.
const UNANNOUNCED_BYTES: usize = 64 * 1024;

/// Memory that all bodies of a server share.
#[derive(Clone, Debug)]
pub struct BodyBudget(Arc<Semaphore>);

impl BodyBudget {
    /// A budget of so many KiB.
    pub fn of_kib(kib: usize) -> BodyBudget {
        BodyBudget(Arc::new(Semaphore::new(kib)))
    }

    /// `QUEUE_FULL` where the budget is used up: the client comes back a second later.
    fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let used_up = || Problem::new(ErrorCode::QueueFull, "the memory for requests is used up").retry_after(1);
        Arc::clone(&self.0).try_acquire_many_owned(kib).map_err(|_| used_up())
    }
}

/// A body's share of the budget; returned when dropped.
#[derive(Debug, Default)]
pub struct BodyReservation(Option<OwnedSemaphorePermit>);

impl BodyReservation {
    pub(crate) fn new(budget: Option<&BodyBudget>, bytes: usize) -> Result<BodyReservation, Problem> {
        Ok(BodyReservation(budget.map(|budget| budget.reserve(bytes)).transpose()?))
    }

    /// Covers at least so many bytes.
    pub(crate) fn grow(&mut self, budget: Option<&BodyBudget>, bytes: usize) -> Result<(), Problem> {
        if let (Some(reserved), Some(budget)) = (&mut self.0, budget) {
            let unreserved = bytes.saturating_sub(reserved.num_permits() * 1024);
            if unreserved > 0 {
                reserved.merge(budget.reserve(unreserved.max(UNANNOUNCED_BYTES))?);
            }
        }
        Ok(())
    }
}
