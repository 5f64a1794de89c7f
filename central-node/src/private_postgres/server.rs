//! The running server, watched and restarted by one thread that lives as long as this process uses the server.
//!
//! A server that ended by itself is restarted on the same folder and socket. As at every start, processes that outlived the
//! postmaster are stopped first, then its stale pid file is removed. A restart never runs initdb: without the cluster the log
//! is gone, and an empty cluster in its place would look like a new central.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use super::cluster::Cluster;
use super::state::{ServerState, ServerWatch};
use super::{PostgresConfig, PostgresError, READY_WITHIN, io, orphan};
use crate::restart::FailureCount;

const STEP: Duration = Duration::from_millis(20);
const POLL_EVERY: Duration = Duration::from_millis(200);
const FAST_STOP_WITHIN: Duration = Duration::from_secs(20);

/// A private Postgres that is restarted when it ends. Stopped when dropped.
#[derive(Debug)]
pub struct RunningServer {
    run: PathBuf,
    log: PathBuf,
    watch: ServerWatch,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// The connection string for a role and a database, over the socket.
    pub fn connection_string(&self, role: &str, database: &str) -> String {
        connection_string(&self.run, role, database)
    }

    /// The folder of the server's socket.
    pub fn socket_dir(&self) -> &Path {
        &self.run
    }

    /// The path of the server's log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The postmaster's process id, while it runs.
    pub fn pid(&self) -> Option<i32> {
        match self.watch.state() {
            ServerState::Serving { pid } => Some(pid),
            ServerState::Restarting { .. } | ServerState::GivenUp { .. } => None,
        }
    }

    /// A handle that reports whether the server is running, and its restarts.
    pub fn watch(&self) -> ServerWatch {
        self.watch.clone()
    }

    /// Stops the server and waits for its end: open transactions are rolled back, nothing committed is lost.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // The thread stops the server when the sender is dropped.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread ends by itself; a panic in it has been logged already.
            let _ = thread.join();
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.end();
    }
}

pub(super) fn connection_string(run: &Path, role: &str, database: &str) -> String {
    format!("host={} user={role} dbname={database}", run.display())
}

pub(super) fn start(config: &PostgresConfig) -> Result<RunningServer, PostgresError> {
    let (ready, answer) = sync_channel(1);
    let (stop, stopped) = sync_channel(1);
    let config = config.clone();
    // The kernel sends the death signal when the spawning *thread* ends, so this thread, which outlives them all, spawns the
    // first server and every later one.
    let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(move || {
        let stopped = StopSignal(stopped);
        match prepare(&config).and_then(|(cluster, lock)| Ok((launch(&cluster, &stopped)?, cluster, lock))) {
            Ok((child, cluster, lock)) => {
                let state = watch::Sender::new(ServerState::Serving { pid: pid_of(&child) });
                let watch = ServerWatch::new(state.subscribe(), cluster.pg.clone());
                if ready.send(Ok((cluster.run.clone(), cluster.log.clone(), watch))).is_ok() {
                    ServerKeeper { cluster, restarts_max: config.restarts_max, stopped, state }.keep(child);
                }
                drop(lock);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
    let thread = thread.map_err(io("starting a thread"))?;
    let started = answer.recv().map_err(|_| PostgresError::Io {
        doing: "starting Postgres".to_owned(),
        error: std::io::Error::other("the thread that watches it ended"),
    })?;
    let (run, log, watch) = started?;
    Ok(RunningServer { run, log, watch, stop: Some(stop), thread: Some(thread) })
}

/// Prepares the folders and the cluster; the lock keeps other processes out.
fn prepare(config: &PostgresConfig) -> Result<(Cluster, File), PostgresError> {
    fs::create_dir_all(&config.data_dir).map_err(io(format!("creating {}", config.data_dir.display())))?;
    let lock = lock(&config.data_dir.join("postgres.lock"))?;
    Ok((Cluster::prepare(config)?, lock))
}

/// Starts the server, and returns once it accepts connections.
fn launch(cluster: &Cluster, stopped: &StopSignal) -> Result<Child, PostgresError> {
    orphan::clear(&cluster.pg, &cluster.run)?;
    let mut command = cluster.command("postgres")?;
    command.arg("-D").arg(&cluster.pg).arg("-k").arg(&cluster.run).args(["-h", ""]);
    for setting in [
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        "unix_socket_permissions=0700",
        "jit=off",
        "max_connections=40",
        "max_wal_size=1GB",
        "shared_buffers=256MB",
        "timezone=UTC",
    ] {
        command.arg("-c").arg(setting);
    }
    let mut child = command.spawn().map_err(io("starting postgres (setpriv of util-linux is needed)"))?;
    wait_until_ready(cluster, &mut child, stopped)?;
    Ok(child)
}

fn lock(path: &Path) -> Result<File, PostgresError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(io(format!("opening {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PostgresError::Locked(path.parent().unwrap_or(path).to_owned())),
        Err(TryLockError::Error(error)) => Err(io(format!("locking {}", path.display()))(error)),
    }
}

fn wait_until_ready(cluster: &Cluster, child: &mut Child, stopped: &StopSignal) -> Result<(), PostgresError> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(io("waiting for postgres"))? {
            return Err(cluster.failed("postgres", status.to_string()));
        }
        let mut probe = cluster.command("pg_isready")?;
        probe.arg("-q").arg("-h").arg(&cluster.run).stdout(Stdio::null()).stderr(Stdio::null());
        if probe.status().map_err(io("running pg_isready"))?.success() {
            return Ok(());
        }
        if stopped.came() {
            stop(child);
            return Err(PostgresError::Stopped);
        }
        if started.elapsed() > READY_WITHIN {
            stop(child);
            return Err(cluster.failed("postgres", format!("not ready after {} s", READY_WITHIN.as_secs())));
        }
        std::thread::sleep(STEP);
    }
}

/// Receives a message or disconnects when [`RunningServer`] drops its sender.
struct StopSignal(Receiver<()>);

impl StopSignal {
    fn came(&self) -> bool {
        !matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }

    fn came_within(&self, time: Duration) -> bool {
        !matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

/// The state of the thread behind [`RunningServer`].
struct ServerKeeper {
    cluster: Cluster,
    restarts_max: u32,
    stopped: StopSignal,
    state: watch::Sender<ServerState>,
}

impl ServerKeeper {
    /// Keeps a server running until it is asked to stop or every restart is used.
    fn keep(&self, mut child: Child) {
        let mut failures = FailureCount::new(self.restarts_max);
        loop {
            let since = Instant::now();
            let Some(status) = self.wait_for_end(&mut child) else { return stop(&mut child) };
            let reason = self.cluster.failed("postgres", status.to_string());
            match self.start_again(&mut failures, since.elapsed(), reason) {
                Some(next) => child = next,
                None => return,
            }
        }
    }

    /// Waits for the server to end by itself and returns its exit status; `None` when it is asked to stop.
    fn wait_for_end(&self, child: &mut Child) -> Option<ExitStatus> {
        loop {
            if self.stopped.came_within(POLL_EVERY) {
                return None;
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
        }
    }

    /// Retries until the server accepts connections again. `None` when it is asked to stop, or every restart is used.
    fn start_again(
        &self,
        failures: &mut FailureCount,
        mut ran_for: Duration,
        mut reason: PostgresError,
    ) -> Option<Child> {
        loop {
            let Some((attempt, pause)) = failures.failed_after(ran_for) else {
                tracing::error!("Postgres does not come back after {} restarts: {reason}", self.restarts_max);
                self.state
                    .send_replace(ServerState::GivenUp { restarts: self.restarts_max, reason: reason.to_string() });
                return None;
            };
            let restarts_max = self.restarts_max;
            tracing::error!("Postgres ended; restart {attempt} of {restarts_max} in {} s: {reason}", pause.as_secs());
            let next_at = Instant::now() + pause;
            self.state.send_replace(ServerState::Restarting {
                attempt,
                restarts_max,
                next_at,
                reason: reason.to_string(),
            });
            if self.stopped.came_within(pause) {
                return None;
            }
            match launch(&self.cluster, &self.stopped) {
                Ok(child) => {
                    tracing::warn!("Postgres is back after restart {attempt} of {restarts_max}");
                    self.state.send_replace(ServerState::Serving { pid: pid_of(&child) });
                    return Some(child);
                }
                Err(PostgresError::Stopped) => return None,
                Err(error) => (ran_for, reason) = (Duration::ZERO, error),
            }
        }
    }
}

fn pid_of(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap_or_default()
}

/// A fast shutdown, then an immediate one if that takes too long. Committed data is in the write-ahead log in both cases.
fn stop(child: &mut Child) {
    signal(child, Signal::INT);
    let started = Instant::now();
    while started.elapsed() < FAST_STOP_WITHIN {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(STEP);
    }
    signal(child, Signal::QUIT);
    // A server that ignores this signal cannot be stopped; the next start treats it as an orphan.
    let _ = child.wait();
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // The process may have ended already.
    let _ = pid.map(|pid| kill_process(pid, signal));
}
