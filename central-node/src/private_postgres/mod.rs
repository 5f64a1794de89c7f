//! A private Postgres, initialised, started and stopped with this process. It runs the machine's binaries as an unprivileged
//! user, even if this process is root, and listens on a Unix socket only.
//!
//! The server must not outlive this process unnoticed, or the next start would connect to an orphan. Three measures prevent
//! this: a lock on the data directory, a death signal from the kernel when the spawning thread ends, and a check of the
//! process in `postmaster.pid` before each start. A server that ends by itself is restarted; [`ServerWatch`] reports its
//! state.

mod account;
mod cluster;
mod orphan;
mod server;
mod state;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use server::RunningServer;
pub(crate) use state::{FULL_RETRY_SECONDS, ServerOutage};
pub use state::{ServerState, ServerWatch};

use crate::restart::RESTARTS_MAX;

/// The role that initdb creates, used only to create the other roles and the database.
pub const ADMIN_ROLE: &str = "comptoir_admin";
/// Roles that the account running this program may connect as over the socket.
pub const ROLES: [&str; 6] =
    [ADMIN_ROLE, "comptoir_owner", "comptoir_migrator", "comptoir_service", "comptoir_readonly", "comptoir_watcher"];

/// Where the server lives and how it is started.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// Contains `pg/` (the cluster), `run/` (the socket), `postgres.log` and the lock.
    pub data_dir: PathBuf,
    /// The folder of `initdb` and `postgres`; if `None`, it is searched for in the usual places.
    pub binaries: Option<PathBuf>,
    /// Whether initdb syncs its files. False only for the scratch clusters of tests.
    pub sync_initdb: bool,
    /// How often in a row a server that ended by itself is restarted.
    pub restarts_max: u32,
}

impl PostgresConfig {
    /// Settings of a durable cluster under a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> PostgresConfig {
        PostgresConfig { data_dir: data_dir.into(), binaries: None, sync_initdb: true, restarts_max: RESTARTS_MAX }
    }
}

/// Why the private Postgres is not running.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// This machine has no Postgres server binaries.
    #[error("no Postgres server found (searched {searched}); install it: apt-get install postgresql")]
    NoBinaries {
        /// The folders that were searched.
        searched: String,
    },
    /// Neither `postgres` nor `nobody` exists, and Postgres does not run as root.
    #[error("Postgres does not run as root, and there is no user postgres or nobody to run it as")]
    NoAccount,
    /// Another comptoir process uses the data directory.
    #[error("{0} is in use by another comptoir process")]
    Locked(PathBuf),
    /// The unprivileged user cannot reach the data directory.
    #[error(
        "{user} cannot enter {directory}, on the way to {data_dir}: give that folder the x permission, or use a data directory such as /var/lib/comptoir"
    )]
    Unreachable {
        /// The unprivileged user.
        user: String,
        /// The folder that the user cannot enter.
        directory: PathBuf,
        /// The data directory below it.
        data_dir: PathBuf,
    },
    /// A step of the start failed.
    #[error("{doing}: {error}")]
    Io {
        /// The step, such as `opening /path`.
        doing: String,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// A program of Postgres failed.
    #[error("{program} failed ({status}); {log} ends with:\n{tail}")]
    Failed {
        /// The program's name.
        program: &'static str,
        /// Its exit status.
        status: String,
        /// The path of its log.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// The server was asked to stop before it was ready.
    #[error("Postgres was stopped before it was ready")]
    Stopped,
    /// A server left by an earlier run did not stop.
    #[error("the Postgres of an earlier run (pid {pid}) does not stop")]
    Orphan {
        /// The server's process id.
        pid: i32,
    },
}

fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> PostgresError {
    let doing = doing.into();
    move |error| PostgresError::Io { doing, error }
}

/// How long a server may take to answer after its start: crash recovery of a large log is slow.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Starts the private Postgres of a data directory, initialising it the first time. Returns when it accepts connections.
pub fn start(config: &PostgresConfig) -> Result<RunningServer, PostgresError> {
    server::start(config)
}

/// Finds the folder of the newest server installed on this machine.
pub fn find_binaries() -> Result<PathBuf, PostgresError> {
    cluster::find_binaries()
}

/// The connection string of a server that another process runs on a data directory, for commands next to a running central.
pub fn connection_string_of(data_dir: &Path, role: &str, database: &str) -> Result<String, PostgresError> {
    let data_dir = std::fs::canonicalize(data_dir).map_err(io(format!("opening {}", data_dir.display())))?;
    Ok(server::connection_string(&cluster::socket_dir(&data_dir), role, database))
}

/// A temporary cluster for a test: as [`start`], without waiting for initdb's files to reach the disk. It takes a third of a
/// second, so each test can have its own; copying a ready cluster would save a quarter of that.
pub fn scratch(data_dir: &Path) -> Result<RunningServer, PostgresError> {
    server::start(&PostgresConfig { sync_initdb: false, ..PostgresConfig::new(data_dir) })
}
