//! The running server, watched by one thread that lives as long as it does.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::Cluster;
use super::{Config, Error, READY_WITHIN, io, orphan};

const STEP: Duration = Duration::from_millis(20);
const FAST_STOP_WITHIN: Duration = Duration::from_secs(20);

/// A private Postgres that takes connections. Stopped when dropped.
#[derive(Debug)]
pub struct Running {
    run: PathBuf,
    log: PathBuf,
    pid: i32,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// A connection string for a role and a database, over the socket.
    pub fn connection_string(&self, role: &str, database: &str) -> String {
        connection_string(&self.run, role, database)
    }

    /// The folder of its socket.
    pub fn socket_dir(&self) -> &Path {
        &self.run
    }

    /// Where its words are kept.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Stops it and waits until it has: open transactions are rolled back, nothing committed is lost.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // The thread stops the server when the sender is gone.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends by itself; a panic in it has been printed already.
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

pub(super) fn connection_string(run: &Path, role: &str, database: &str) -> String {
    format!("host={} user={role} dbname={database}", run.display())
}

pub(super) fn start(config: &Config) -> Result<Running, Error> {
    let (ready, answer) = sync_channel(1);
    let (stop, stopped) = sync_channel(1);
    let config = config.clone();
    // The kernel sends the death signal when the spawning *thread* ends, so it must be one that lives as long as the server.
    let thread = std::thread::Builder::new().name("postgres".to_owned()).spawn(move || match launch(&config) {
        Ok((cluster, child, lock)) => {
            let pid = i32::try_from(child.id()).unwrap_or_default();
            if ready.send(Ok((cluster, pid))).is_ok() {
                watch(child, &stopped);
            }
            drop(lock);
        }
        Err(error) => drop(ready.send(Err(error))),
    });
    let thread = thread.map_err(io("starting a thread"))?;
    let started = answer.recv().map_err(|_| Error::Io {
        doing: "starting Postgres".to_owned(),
        error: std::io::Error::other("the thread that watches it ended"),
    })?;
    let (cluster, pid) = started?;
    Ok(Running { run: cluster.run, log: cluster.log, pid, stop: Some(stop), thread: Some(thread) })
}

fn launch(config: &Config) -> Result<(Cluster, Child, File), Error> {
    fs::create_dir_all(&config.data_dir).map_err(io(format!("creating {}", config.data_dir.display())))?;
    let lock = lock(&config.data_dir.join("postgres.lock"))?;
    let cluster = Cluster::prepare(config)?;
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
    wait_until_ready(&cluster, &mut child)?;
    Ok((cluster, child, lock))
}

fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(io(format!("opening {}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked(path.parent().unwrap_or(path).to_owned())),
        Err(TryLockError::Error(error)) => Err(io(format!("locking {}", path.display()))(error)),
    }
}

fn wait_until_ready(cluster: &Cluster, child: &mut Child) -> Result<(), Error> {
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
        if started.elapsed() > READY_WITHIN {
            stop(child);
            return Err(cluster.failed("postgres", format!("not ready after {} s", READY_WITHIN.as_secs())));
        }
        std::thread::sleep(STEP);
    }
}

/// Waits until we are to stop, or the server ends by itself.
fn watch(mut child: Child, stopped: &Receiver<()>) {
    loop {
        match stopped.recv_timeout(Duration::from_millis(500)) {
            Err(RecvTimeoutError::Timeout) => {
                if let Ok(Some(status)) = child.try_wait() {
                    tracing::error!(%status, "Postgres ended by itself");
                    return;
                }
            }
            _ => return stop(&mut child),
        }
    }
}

/// A fast stop, and an immediate one where that takes too long: what was committed is in the write-ahead log either way.
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
    // Nothing more can be done about a server that ignores this; the next start meets it as an orphan.
    let _ = child.wait();
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may have ended already.
    let _ = pid.map(|pid| kill_process(pid, signal));
}
