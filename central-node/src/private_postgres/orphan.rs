//! Stops a server that an earlier run left behind, and removes its pid file, whose number may belong to another process now.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{PostgresError, io};

const STEP: Duration = Duration::from_millis(20);
const FAST_STOP_WITHIN: Duration = Duration::from_secs(10);
const HARD_STOP_WITHIN: Duration = Duration::from_secs(15);

/// Stops a server left on this cluster by an earlier run and removes its pid file and socket. The caller holds the lock, so
/// no running process of comptoir uses that server.
pub(super) fn clear(pg: &Path, run: &Path) -> Result<(), PostgresError> {
    let started = Instant::now();
    let mut asked = None;
    while let Some(pid) = server_on(pg) {
        let signal = if started.elapsed() < FAST_STOP_WITHIN { Signal::INT } else { Signal::QUIT };
        if asked != Some((pid, signal)) {
            // The process may have ended already.
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, signal));
            asked = Some((pid, signal));
        }
        if started.elapsed() > HARD_STOP_WITHIN {
            return Err(PostgresError::Orphan { pid });
        }
        sleep(STEP);
    }
    for stale in [pg.join("postmaster.pid"), run.join(".s.PGSQL.5432"), run.join(".s.PGSQL.5432.lock")] {
        match fs::remove_file(&stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io(format!("removing {}", stale.display()))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A living process named postgres whose working directory is this cluster: the postmaster, or a child that outlived it. The
/// pid file alone proves nothing, since process ids are reused.
fn server_on(pg: &Path) -> Option<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(|pid| is_server_on(*pid, pg))
}

fn is_server_on(pid: i32, pg: &Path) -> bool {
    let proc = Path::new("/proc").join(pid.to_string());
    let works_there = fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == pg);
    let is_postgres =
        fs::read_link(proc.join("exe")).is_ok_and(|exe| exe.file_name().is_some_and(|name| name == "postgres"));
    works_there && is_postgres && !is_zombie(&proc)
}

fn is_zombie(proc: &Path) -> bool {
    let stat = fs::read_to_string(proc.join("stat")).unwrap_or_default();
    // The state follows the name, which is in parentheses and may contain any character.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}
