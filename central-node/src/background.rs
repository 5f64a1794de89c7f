//! Threads and database connections of lower priority, for work that no person waits for at a screen: writing what nodes push,
//! and following the log for the reports. They have runtime threads of their own, so that judging ten thousand records in one go
//! holds up no request, and yield to everybody else where the processors are all busy. With a processor to spare nothing changes.
//!
//! The order of what is written, and when it is durable, does not depend on any of it.

use rustix::process::{Pid, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};

/// How far below others: a third of what they get, where both have work all the time. Much lower, and a backend that holds a lock
/// which a report needs would hold it for long.
const NICENESS: i32 = 5;

/// The threads. Work under way ends with it.
#[derive(Debug)]
pub(crate) struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    /// Starts them.
    pub(crate) fn start() -> std::io::Result<Background> {
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("background")
            // On Linux a process id of nothing is the calling thread, and the threads it starts inherit it.
            .on_thread_start(|| lower(None))
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Background { runtime: Some(runtime), handle })
    }

    /// What spawns on them.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Waiting for its threads would block the runtime that drops it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lowers the priority of a process of this machine, or of the calling thread. A system that refuses leaves it as it was: slower
/// reports under load, nothing else.
pub(crate) fn lower(process: Option<Pid>) {
    if let Err(error) = setpriority_process(process, NICENESS) {
        tracing::debug!(%error, ?process, "The priority of background work could not be lowered");
    }
}
