//! Threads and database connections of lower priority, for work that no person waits for at a screen: writing what nodes push,
//! and following the log for the reports. They have runtime threads of their own, so that judging ten thousand records in one go
//! holds up no request, and yield to everybody else where the processors are all busy. With a processor to spare nothing changes.
//!
//! The order of what is written, and when it is durable, does not depend on any of it.

use std::time::Duration;

use rustix::process::{Pid, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};

/// How far below others: a third of what they get, where both have work all the time. Much lower, and a backend that holds a lock
/// which a report needs would hold it for long.
const NICENESS: i32 = 5;
/// How often a session's priority is tried to lower, and the pause between.
const SESSION_ATTEMPTS_MAX: u32 = 5;
const SESSION_PAUSE: Duration = Duration::from_millis(110);

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

/// Lowers the priority of the calling thread, or of a process of this machine. A system that refuses leaves it as it was: slower reports
/// under load, nothing else.
fn lower(process: Option<Pid>) {
    if let Err(error) = setpriority_process(process, NICENESS) {
        tracing::debug!(%error, ?process, "The priority of background work could not be lowered");
    }
}

/// Lowers the priority of a process of Postgres. Each begins a session of its own, and a Linux that groups tasks by session divides the
/// processors among sessions first: there the niceness of a process alone in its session does nothing, and the session has one too.
pub(crate) async fn lower_backend(process: Pid) {
    lower(Some(process));
    for _ in 0..SESSION_ATTEMPTS_MAX {
        match lower_session(process) {
            // An account without privileges may change one session in a tenth of a second.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::AGAIN.raw_os_error()) => {
                tokio::time::sleep(SESSION_PAUSE).await;
            }
            Err(error) => return tracing::debug!(%error, ?process, "The priority of a session could not be lowered"),
            Ok(()) => return,
        }
    }
}

fn lower_session(process: Pid) -> std::io::Result<()> {
    let file = format!("/proc/{}/autogroup", process.as_raw_nonzero());
    let name =
        |file: &str| Ok::<_, std::io::Error>(std::fs::read_to_string(file)?.split(' ').next().map(str::to_owned));
    let group = match name(&file) {
        // A system that groups nothing.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        group => group?,
    };
    // Requests are served in ours.
    if group == name("/proc/self/autogroup")? {
        return Ok(());
    }
    std::fs::write(file, NICENESS.to_string())
}
