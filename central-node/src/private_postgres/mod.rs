//! A Postgres of our own: initialised, started and stopped with this process, from the machine's binaries, as an unprivileged user
//! even when we are root, on a Unix socket only.
//!
//! The server must never outlive us unseen, or the next start would quietly talk to an orphan. Three things see to that: our lock on
//! the data directory, a death signal from the kernel when the thread that spawned it ends, and a look at the process behind
//! `postmaster.pid` before each start. A server that ends by itself is started again; [`ServerWatch`] says how that goes.

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
pub(crate) use state::{FULL_RETRY_SECONDS, ServerTrouble};
pub use state::{ServerState, ServerWatch};

use crate::restart::RESTARTS_MAX;

/// The role that initdb makes: creates the others and the database, and is used for nothing else.
pub const ADMIN_ROLE: &str = "comptoir_admin";
/// Roles that the person running this program may connect as over the socket.
pub const ROLES: [&str; 6] =
    [ADMIN_ROLE, "comptoir_owner", "comptoir_migrator", "comptoir_service", "comptoir_readonly", "comptoir_watcher"];

/// Where the server lives and how it is started.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// Holds `pg/` (the cluster), `run/` (the socket), `postgres.log` and our lock.
    pub data_dir: PathBuf,
    /// The folder of `initdb` and `postgres`; looked for where the machine keeps them when absent.
    pub binaries: Option<PathBuf>,
    /// Whether initdb syncs what it wrote. Only a scratch cluster of a test says no.
    pub sync_initdb: bool,
    /// How often in a row a server that ended by itself is started again.
    pub restarts_max: u32,
}

impl PostgresConfig {
    /// A durable cluster under a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> PostgresConfig {
        PostgresConfig { data_dir: data_dir.into(), binaries: None, sync_initdb: true, restarts_max: RESTARTS_MAX }
    }
}

/// Why the private Postgres does not run.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No server binaries on this machine.
    #[error("no Postgres server found (looked in {looked}); install it: apt-get install postgresql")]
    NoBinaries {
        /// Where.
        looked: String,
    },
    /// Neither `postgres` nor `nobody` exists, and root must not run it.
    #[error("Postgres does not run as root, and there is no user postgres or nobody to run it as")]
    NoAccount,
    /// Another process of ours has it.
    #[error("{0} is in use by another comptoir process")]
    Locked(PathBuf),
    /// The unprivileged user cannot reach the data directory.
    #[error(
        "{user} cannot enter {directory}, on the way to {data_dir}: give that folder the x permission, or use a data directory such as /var/lib/comptoir"
    )]
    Unreachable {
        /// Who.
        user: String,
        /// What is closed.
        directory: PathBuf,
        /// Where we wanted to go.
        data_dir: PathBuf,
    },
    /// A step failed.
    #[error("{doing}: {error}")]
    Io {
        /// Which.
        doing: String,
        /// How.
        error: std::io::Error,
    },
    /// A program ended with an error.
    #[error("{program} failed ({status}); {log} ends with:\n{tail}")]
    Failed {
        /// Which.
        program: &'static str,
        /// Its exit status.
        status: String,
        /// Where its words are kept.
        log: PathBuf,
        /// Its last words.
        tail: String,
    },
    /// It was to stop before it was ready.
    #[error("Postgres was stopped before it was ready")]
    Stopped,
    /// A server of an earlier run did not stop.
    #[error("the Postgres of an earlier run (pid {pid}) does not stop")]
    Orphan {
        /// Its process id.
        pid: i32,
    },
}

fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> PostgresError {
    let doing = doing.into();
    move |error| PostgresError::Io { doing, error }
}

/// How long a server may take to answer after its start: crash recovery of a large log is slow.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Starts the private Postgres of a data directory, initialising it the first time. Returns when it takes connections.
pub fn start(config: &PostgresConfig) -> Result<RunningServer, PostgresError> {
    server::start(config)
}

/// The folder of the newest server on this machine.
pub fn find_binaries() -> Result<PathBuf, PostgresError> {
    cluster::find_binaries()
}

/// The connection string of the server that another process runs on a data directory: for commands given beside a running central.
pub fn connection_string_of(data_dir: &Path, role: &str, database: &str) -> Result<String, PostgresError> {
    let data_dir = std::fs::canonicalize(data_dir).map_err(io(format!("opening {}", data_dir.display())))?;
    Ok(server::connection_string(&cluster::socket_dir(&data_dir), role, database))
}

/// A throwaway cluster for a test: as [`start`], without waiting for initdb's files to reach the disk. It takes a third of a second,
/// so a test can have its own; copying a ready cluster would save a quarter of one.
pub fn scratch(data_dir: &Path) -> Result<RunningServer, PostgresError> {
    server::start(&PostgresConfig { sync_initdb: false, ..PostgresConfig::new(data_dir) })
}
