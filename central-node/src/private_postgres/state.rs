//! The state of the private Postgres, for requests that have to be answered while it is down.

use std::path::PathBuf;
use std::time::Instant;

use tokio::sync::watch;

/// The size of a segment of the write-ahead log. With less free space, Postgres ends when it needs the next segment, and
/// recovery does not start.
const WAL_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// A full disk is rarely freed within seconds, and every attempt writes data that has to be rolled back.
pub(crate) const FULL_RETRY_SECONDS: u64 = 15;

/// The state of the private Postgres.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerState {
    /// The server accepts connections.
    Serving {
        /// The postmaster's process id.
        pid: i32,
    },
    /// The server ended by itself or did not start, and is being restarted.
    Restarting {
        /// The number of the next or current restart, from 1.
        attempt: u32,
        /// The number of restarts before the server is given up.
        restarts_max: u32,
        /// When the restart begins; in the past while it is running.
        next_at: Instant,
        /// How the server ended, and the last lines of its log.
        reason: String,
    },
    /// Every restart was used. This process should end, so that its supervisor acts.
    GivenUp {
        /// The number of restarts that were used.
        restarts: u32,
        /// How the last server ended.
        reason: String,
    },
}

/// Follows the state of a private Postgres, and the free space on its disk.
#[derive(Clone, Debug)]
pub struct ServerWatch {
    state: watch::Receiver<ServerState>,
    cluster: PathBuf,
}

impl ServerWatch {
    pub(super) fn new(state: watch::Receiver<ServerState>, cluster: PathBuf) -> ServerWatch {
        ServerWatch { state, cluster }
    }

    /// The current state.
    pub fn state(&self) -> ServerState {
        self.state.borrow().clone()
    }

    /// Waits until every restart is used. Returns their number and how the last server ended.
    pub async fn given_up(&self) -> (u32, String) {
        let mut state = self.state.clone();
        loop {
            if let ServerState::GivenUp { restarts, reason } = state.borrow_and_update().clone() {
                return (restarts, reason);
            }
            if state.changed().await.is_err() {
                // The server was stopped on purpose.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns the free and the needed space if the disk has too little room for anything to be stored.
    pub fn full_disk(&self) -> Option<String> {
        // A disk that cannot be queried is not reported as full; Postgres reports what is wrong with it.
        let found = rustix::fs::statvfs(&self.cluster).ok()?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        (free < WAL_SEGMENT_BYTES).then(|| {
            let disk = self.cluster.display();
            format!("{free} bytes are free on the disk of {disk}, and Postgres needs {WAL_SEGMENT_BYTES} for a segment of its log; free space there")
        })
    }

    /// Returns why nothing can be stored, as far as known without asking Postgres.
    pub(crate) fn outage(&self) -> Option<ServerOutage> {
        if let Some(full) = self.full_disk() {
            return Some(ServerOutage::DiskFull(full));
        }
        match self.state() {
            ServerState::Serving { .. } => None,
            ServerState::Restarting { attempt, restarts_max, next_at, reason } => {
                let seconds = next_at.saturating_duration_since(Instant::now()).as_millis().div_ceil(1000);
                let next_in_seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                Some(ServerOutage::Restarting { attempt, restarts_max, next_in_seconds, reason })
            }
            ServerState::GivenUp { restarts, reason } => Some(ServerOutage::GivenUp { restarts, reason }),
        }
    }
}

/// Why the private Postgres cannot store anything now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServerOutage {
    /// The free and the needed disk space.
    #[error("{0}")]
    DiskFull(String),
    #[error("restart {attempt} of {restarts_max} {}; {reason}", if *.next_in_seconds == 0 {
        "is under way".to_owned()
    } else {
        format!("comes in {} s", .next_in_seconds)
    })]
    Restarting { attempt: u32, restarts_max: u32, next_in_seconds: u64, reason: String },
    #[error("Postgres does not come back after {restarts} restarts, and this process ends; {reason}")]
    GivenUp { restarts: u32, reason: String },
}
