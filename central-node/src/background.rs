//! Low-priority threads and database connections for work that no user waits for: storing what nodes push, and keeping the
//! reports up to date. Background work has its own runtime threads, so deciding ten thousand records at once delays no
//! request. When the processors are busy it yields to the rest; otherwise nothing changes.
//!
//! The order of writes and their durability do not depend on priority.

use std::time::Duration;

use rustix::process::{Pid, setpriority_process};
use tokio::runtime::{Builder, Handle, Runtime};

/// One third of the normal share while both sides are busy. At a much lower priority a backend could hold a lock that a
/// report needs for too long.
const NICENESS: i32 = 5;
/// Attempts to lower a session's priority, and the pause between two of them.
const SESSION_ATTEMPTS_MAX: u32 = 5;
const SESSION_PAUSE: Duration = Duration::from_millis(110);

/// Dropping this value stops the background work.
#[derive(Debug)]
pub(crate) struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    pub(crate) fn start() -> std::io::Result<Background> {
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("background")
            // `None` is the calling thread; threads that it starts inherit the priority.
            .on_thread_start(|| lower(None))
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Background { runtime: Some(runtime), handle })
    }

    /// A handle for spawning background tasks.
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

/// Lowers the priority of the calling thread or of a local process. If the system refuses, nothing changes except that
/// reports are slower under load.
fn lower(process: Option<Pid>) {
    if let Err(error) = setpriority_process(process, NICENESS) {
        tracing::debug!(%error, ?process, "The priority of background work could not be lowered");
    }
}

/// Lowers the priority of a Postgres process. Each one starts its own session, and Linux with autogroup enabled divides
/// processor time among sessions first. There the niceness of the only process in a session has no effect, so the session's
/// own niceness is lowered too.
pub(crate) async fn lower_backend(process: Pid) {
    lower(Some(process));
    for _ in 0..SESSION_ATTEMPTS_MAX {
        match lower_session(process) {
            // An unprivileged account may change one session every tenth of a second.
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
        // This system has no autogroups.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        group => group?,
    };
    // This process's own session serves requests.
    if group == name("/proc/self/autogroup")? {
        return Ok(());
    }
    std::fs::write(file, NICENESS.to_string())
}
