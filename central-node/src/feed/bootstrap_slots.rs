use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cursor::FeedError;

/// Concurrent bootstraps in this process: each holds an encoder of a few MiB.
const LOADS_MAX: usize = 16;

/// The slots for bootstraps.
#[derive(Clone, Debug)]
pub(crate) struct BootstrapSlots(Arc<Semaphore>);

impl Default for BootstrapSlots {
    fn default() -> Self {
        BootstrapSlots(Arc::new(Semaphore::new(LOADS_MAX)))
    }
}

impl BootstrapSlots {
    /// Takes a slot, for as long as the permit lives.
    pub(super) fn begin(&self) -> Result<OwnedSemaphorePermit, FeedError> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| FeedError::Busy { loads_max: LOADS_MAX })
    }
}
