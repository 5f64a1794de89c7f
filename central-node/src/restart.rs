//! When a task or server that ended by itself is restarted: after growing pauses, and a limited number of times in a row.

use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Restarts in a row, unless the settings say otherwise. With the pauses below they last almost two minutes: longer than
/// Postgres's recovery takes at `max_wal_size`, and short enough that a supervisor learns of a lasting fault soon.
pub const RESTARTS_MAX: u32 = 10;
/// After running this long, the next failure is counted as the first of a new series.
const STABLE_AFTER: Duration = Duration::from_secs(60);
/// The longest pause is 2^4 seconds: the longest that a node waits for central.
const DOUBLINGS_MAX: u32 = 4;

/// Counts consecutive failures of one task or server.
#[derive(Debug)]
pub struct FailureCount {
    restarts_max: u32,
    failures: u32,
}

impl FailureCount {
    /// Allows `restarts_max` restarts in a row.
    pub fn new(restarts_max: u32) -> FailureCount {
        FailureCount { restarts_max, failures: 0 }
    }

    /// Records that it ended or did not start, after it had run for `ran_for`. Returns the number of the next restart and the
    /// pause before it; `None` once every restart has been used.
    pub fn failed_after(&mut self, ran_for: Duration) -> Option<(u32, Duration)> {
        if ran_for >= STABLE_AFTER {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        let pause = Duration::from_secs(1 << (self.failures - 1).min(DOUBLINGS_MAX));
        (self.failures <= self.restarts_max).then_some((self.failures, pause))
    }
}

/// Runs a task of this process until it is stopped, and restarts it after a panic. Without a restart reports would stop
/// advancing or waiting requests would not be woken, and nothing would show it.
pub(crate) async fn revive<F>(name: &str, mut stopped: watch::Receiver<bool>, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut failures = FailureCount::new(u32::MAX);
    loop {
        let started = Instant::now();
        let Err(error) = tokio::spawn(task()).await else { return };
        let Some((attempt, pause)) = failures.failed_after(started.elapsed()) else { return };
        tracing::error!(%error, "{name} ended; restart {attempt} in {} s", pause.as_secs());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_one_that_returns_is_not() {
        let starts = Arc::new(AtomicU32::new(0));
        let (_stop, stopped) = watch::channel(false);
        let counted = Arc::clone(&starts);
        let task = move || {
            let start = counted.fetch_add(1, Ordering::Relaxed);
            async move { assert!(start > 0, "the first start panics") }
        };
        revive("a task", stopped, task).await;
        assert_eq!(starts.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_not_waited_for_once_it_is_stopped() {
        let (stop, stopped) = watch::channel(false);
        stop.send_replace(true);
        revive("a task", stopped, || async { panic!("each start panics") }).await;
    }

    fn seconds(failures: &mut FailureCount, ran_for: Duration) -> Option<u64> {
        failures.failed_after(ran_for).map(|(_, pause)| pause.as_secs())
    }

    #[test]
    fn pauses_double_up_to_sixteen_seconds_until_every_restart_is_used() {
        let mut failures = FailureCount::new(7);
        let pauses: Vec<_> = (0..9).map(|_| seconds(&mut failures, Duration::ZERO)).collect();
        assert_eq!(pauses, [Some(1), Some(2), Some(4), Some(8), Some(16), Some(16), Some(16), None, None]);
    }

    #[test]
    fn what_ran_for_a_minute_begins_again_with_the_shortest_pause() {
        let mut failures = FailureCount::new(2);
        assert_eq!(seconds(&mut failures, Duration::ZERO), Some(1));
        assert_eq!(seconds(&mut failures, STABLE_AFTER - Duration::from_millis(1)), Some(2));
        assert_eq!(seconds(&mut failures, STABLE_AFTER), Some(1));
    }

    #[test]
    fn no_restart_is_allowed_where_the_settings_say_none() {
        assert_eq!(FailureCount::new(0).failed_after(STABLE_AFTER), None);
    }
}
