//! Wakes the readers of the log after each commit of this process.

use tokio::sync::watch;

/// The sending end; `ingest/queue.rs` raises it after each commit. The receiving ends are `projections/runner.rs`, which
/// brings reports up to date, and `feed/watch.rs`, which wakes waiting pulls.
///
/// The number counts commits and wraps. It is a hint that there is something to read, never a position: readers poll the
/// heads as well, because another process may commit.
#[derive(Clone, Debug)]
pub(crate) struct CommitSignal(watch::Sender<u64>);

impl CommitSignal {
    pub(crate) fn new() -> CommitSignal {
        CommitSignal(watch::Sender::new(0))
    }

    pub(crate) fn raise(&self) {
        self.0.send_modify(|commits| *commits = commits.wrapping_add(1));
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
