//! Running a burst writer, taking down what it acknowledges, and ending it.

use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use comptoir_tests::crash_ledger::{ACK_BYTES, Found, Random};
use rustix::process::{Pid, Signal, kill_process};

use crate::strace;

/// A binary with the commands `write DIR FIRST LEDGER` and `check DIR LEDGER`.
pub(crate) struct Program {
    pub(crate) path: &'static str,
    pub(crate) name: &'static str,
}

/// What a reader said after a restart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It could read.
    Read(Found),
    /// The database does not open, does not read, or never answers.
    Unusable(String),
}

impl Ending {
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self, Ending::Read(found) if *found == Found { records: found.records, ..Found::default() })
    }
}

/// Acknowledged events of all rounds, in a file on another file system than the one whose power is cut.
pub(crate) struct Ledger {
    path: PathBuf,
    bytes: Vec<u8>,
    last_round: u64,
    /// While a round's writer acknowledged, over all rounds.
    bursting: Duration,
}

impl Ledger {
    pub(crate) fn create(path: &Path) -> anyhow::Result<Ledger> {
        std::fs::write(path, b"")?;
        Ok(Ledger { path: path.to_owned(), bytes: Vec::new(), last_round: 0, bursting: Duration::ZERO })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Acknowledged in the last round.
    pub(crate) fn last_round(&self) -> u64 {
        self.last_round
    }

    /// Acknowledged since the ledger was begun.
    pub(crate) fn acknowledged(&self) -> u64 {
        (self.bytes.len() / ACK_BYTES) as u64
    }

    /// From each round's first acknowledgement to its end, over all rounds.
    pub(crate) fn bursting(&self) -> Duration {
        self.bursting
    }

    /// Begins anew, with an empty database.
    pub(crate) fn forget(&mut self) -> anyhow::Result<()> {
        self.bytes.clear();
        Ok(std::fs::write(&self.path, b"")?)
    }

    /// Takes down what one round acknowledged; the last record may be torn by the kill, and nobody heard that one.
    pub(crate) fn take(&mut self, mut round: Vec<u8>) -> anyhow::Result<()> {
        round.truncate(round.len() / ACK_BYTES * ACK_BYTES);
        self.last_round = (round.len() / ACK_BYTES) as u64;
        self.bytes.extend(round);
        Ok(std::fs::File::create(&self.path)?.write_all(&self.bytes)?)
    }
}

/// A writer at work.
pub(crate) struct Running {
    child: Child,
    output: mpsc::Receiver<Vec<u8>>,
    round: Vec<u8>,
    first_heard: Option<Instant>,
}

impl Program {
    /// Starts the writer; each round's events have numbers of their own.
    pub(crate) fn start(&self, dir: &Path, round: u64, ledger: &Ledger) -> anyhow::Result<Running> {
        self.start_as(Command::new(self.path), dir, round, ledger)
    }

    /// Starts the writer with its system calls recorded.
    pub(crate) fn start_recorded(
        &self,
        dir: &Path,
        round: u64,
        ledger: &Ledger,
        trace: &Path,
    ) -> anyhow::Result<Running> {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-xx", "-s", "4000000", "-e", strace::CALLS, "-e", "signal=none", "-o"]);
        command.arg(trace).arg(self.path);
        self.start_as(command, dir, round, ledger)
            .context("strace is needed where loop mounts are refused: apt-get install strace")
    }

    fn start_as(&self, mut command: Command, dir: &Path, round: u64, ledger: &Ledger) -> anyhow::Result<Running> {
        let first = (round + 1) << 32;
        command.arg("write").arg(dir).arg(first.to_string()).arg(ledger.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context(self.path)?;
        let stdout = child.stdout.take().context("the writer's output")?;
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || pump(stdout, &sender));
        Ok(Running { child, output, round: Vec::new(), first_heard: None })
    }

    /// Opens what the crash left, and compares it with the ledger.
    pub(crate) fn check(&self, dir: &Path, ledger: &Ledger) -> anyhow::Result<Ending> {
        // A database that sled cannot recover sometimes hangs instead of saying so.
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", "300", self.path, "check"]).arg(dir).arg(ledger.path());
        let output = command.output().context("timeout is part of coreutils")?;
        let found = String::from_utf8_lossy(&output.stdout).parse().ok();
        match found {
            Some(found) if output.status.success() => Ok(Ending::Read(found)),
            _ => {
                let words = String::from_utf8_lossy(&output.stderr);
                let telling = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it never answered");
                Ok(Ending::Unusable(telling.chars().take(200).collect()))
            }
        }
    }
}

/// Hands on what the writer prints as soon as it is there.
fn pump(mut stdout: ChildStdout, sender: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        if sender.send(buffer[..read].to_vec()).is_err() {
            return;
        }
    }
}

impl Running {
    /// Lets the writer work until it has acknowledged a random number of events. One time in five it has only just been started:
    /// then the crash comes while it opens and recovers.
    pub(crate) fn burst(&mut self, random: &mut Random, events_max: u64) -> anyhow::Result<()> {
        let wanted = if random.below(5) == 0 { 0 } else { 1 + random.below(events_max) };
        let patience = if wanted == 0 { Duration::from_millis(random.below(60)) } else { Duration::from_secs(120) };
        while ((self.round.len() / ACK_BYTES) as u64) < wanted.max(1) {
            match self.output.recv_timeout(patience) {
                Ok(bytes) => {
                    self.first_heard.get_or_insert_with(Instant::now);
                    self.round.extend(bytes);
                }
                Err(mpsc::RecvTimeoutError::Timeout) if wanted == 0 => break,
                Err(mpsc::RecvTimeoutError::Timeout) => bail!("the writer acknowledges nothing"),
                Err(mpsc::RecvTimeoutError::Disconnected) => bail!("the writer ended by itself: {}", self.last_words()),
            }
        }
        Ok(())
    }

    /// Ends the writer with SIGKILL and takes down the rest of what it had acknowledged.
    pub(crate) fn kill(mut self, ledger: &mut Ledger) -> anyhow::Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        while let Ok(bytes) = self.output.recv() {
            self.round.extend(bytes);
        }
        ledger.take(std::mem::take(&mut self.round))?;
        ledger.bursting += self.first_heard.map_or(Duration::ZERO, |heard| heard.elapsed());
        // After a power cut it may have ended by itself, since every write failed. What it must not do is find a retry answered anew.
        let words = self.last_words();
        let told = status.signal() == Some(9) || !words.contains("sent again") && !words.contains("a retry of");
        ensure!(told, "{words}");
        Ok(())
    }

    /// Ends a recorded writer; what it had acknowledged stands in the record.
    pub(crate) fn end_recorded(mut self) -> anyhow::Result<()> {
        let strace = self.child.id();
        // Killing strace would set the writer free to go on; and at first strace has not started it yet.
        while self.child.try_wait()?.is_none() {
            let children =
                std::fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap_or_default();
            for process in children.split_whitespace().filter_map(|process| process.parse().ok()) {
                if let Some(process) = Pid::from_raw(process) {
                    // It may have ended in between.
                    let _ = kill_process(process, Signal::KILL);
                }
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    fn last_words(&mut self) -> String {
        let mut words = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            // Whatever it could still say.
            let _ = stderr.read_to_string(&mut words);
        }
        words.trim().chars().take(500).collect()
    }
}
