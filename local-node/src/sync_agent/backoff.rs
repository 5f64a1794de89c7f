//! Pauses between retries: 1, 2, 4, 8, 16 seconds, then every 16 seconds, each shortened at random, so that a thousand nodes do
//! not return to central at once. Central may ask for a longer pause.

use std::time::Duration;

/// The longest pause unless central asks for more.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(16);
/// The longest pause that central may ask for; a longer one is more likely an error.
const ASKED_MAX: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A request succeeded: the next failure counts as the first.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many failures there were in a row.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }

    /// The pause after one more failure. `asked` is central's `Retry-After`; `chance` decides the jitter.
    pub(crate) fn failed(&mut self, asked: Option<Duration>, chance: u16) -> Duration {
        let pause = Duration::from_secs(1 << self.failures.min(4));
        self.failures = self.failures.saturating_add(1);
        jittered(pause, asked, chance)
    }

    /// The longest pause at once, after a refusal that time alone does not resolve.
    pub(crate) fn refused(&mut self, asked: Option<Duration>, chance: u16) -> Duration {
        self.failures = self.failures.saturating_add(1);
        jittered(PAUSE_MAX, asked, chance)
    }
}

/// Up to a quarter less than the pause; never less than the requested time.
fn jittered(pause: Duration, asked: Option<Duration>, chance: u16) -> Duration {
    let quarter = pause / 4 * u32::from(chance) / u32::from(u16::MAX);
    match asked {
        Some(asked) => (pause - quarter).max(asked.min(ASKED_MAX) + quarter),
        None => pause - quarter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(count: usize, chance: u16) -> Vec<u128> {
        let mut backoff = Backoff::default();
        (0..count).map(|_| backoff.failed(None, chance).as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_sixteen_seconds() {
        assert_eq!(pauses(8, 0), [1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000, 16_000]);
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.failed(None, 0), PAUSE_MAX);
    }

    #[test]
    fn chance_takes_up_to_a_quarter_off_so_that_nodes_spread() {
        assert_eq!(pauses(5, u16::MAX), [750, 1_500, 3_000, 6_000, 12_000]);
    }

    #[test]
    fn after_a_success_the_first_pause_is_short_again() {
        let mut backoff = Backoff::default();
        (0..9).for_each(|_| assert!(backoff.failed(None, 0) > Duration::ZERO));
        backoff.reset();
        assert_eq!(backoff.failed(None, 0), Duration::from_secs(1));
    }

    #[test]
    fn what_central_asks_for_is_kept_and_jitter_only_adds_to_it() {
        let asked = Some(Duration::from_secs(40));
        assert_eq!(Backoff::default().failed(asked, 0), Duration::from_secs(40));
        assert_eq!(Backoff::default().failed(asked, u16::MAX), Duration::from_millis(40_250));
        // A shorter Retry-After does not shorten the node's own pause.
        let mut backoff = Backoff { failures: 4 };
        assert_eq!(backoff.failed(Some(Duration::from_secs(2)), 0), PAUSE_MAX);
        assert_eq!(Backoff::default().failed(Some(Duration::from_secs(u64::MAX)), 0), ASKED_MAX);
    }
}
