//! Requests per identity and second. The table has a fixed size, so that no number of invented identities makes it grow.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Places of the table. Two identities may share one, and then share its limit: with a thousand active ones a given one does with
/// a probability of 1.5 %. Which ones do, nobody can choose, since the hash has a random key.
const PLACES: usize = 65_536;

/// How long an idle identity saves its unused requests.
const SAVED: Duration = Duration::from_secs(10);

/// A token bucket for each identity. A place has the time at which its bucket will be full again, in nanoseconds.
pub(crate) struct RateLimiter {
    places: Box<[AtomicU64]>,
    hasher: RandomState,
    began: Instant,
    /// The time in which a bucket regains one request.
    interval: u64,
    saved: u64,
}

impl RateLimiter {
    /// Allows `per_second` requests a second, and ten times as many at once after a pause. At least one request is saved.
    pub(crate) fn new(per_second: u32) -> RateLimiter {
        let interval = 1_000_000_000 / u64::from(per_second.max(1));
        RateLimiter {
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            began: Instant::now(),
            interval,
            saved: nanos(SAVED).max(interval),
        }
    }

    /// Takes a request from the bucket of an identity. The error is the time until it has one again.
    pub(crate) fn admit(&self, identity: impl Hash) -> Result<(), Duration> {
        self.admit_at(identity, nanos(self.began.elapsed()))
    }

    /// Whether the bucket of an identity has a request; it stays there.
    pub(crate) fn check(&self, identity: impl Hash) -> Result<(), Duration> {
        let now = nanos(self.began.elapsed());
        self.next(self.place(identity).load(Ordering::Relaxed), now).map(drop)
    }

    fn admit_at(&self, identity: impl Hash, now: u64) -> Result<(), Duration> {
        let place = self.place(identity);
        let mut full_at = place.load(Ordering::Relaxed);
        loop {
            let next = self.next(full_at, now)?;
            match place.compare_exchange_weak(full_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(other) => full_at = other,
            }
        }
    }

    /// When the bucket will be full after one request more.
    fn next(&self, full_at: u64, now: u64) -> Result<u64, Duration> {
        let next = full_at.max(now) + self.interval;
        let empty_for = next.saturating_sub(now + self.saved);
        if empty_for == 0 { Ok(next) } else { Err(Duration::from_nanos(empty_for)) }
    }

    fn place(&self, identity: impl Hash) -> &AtomicU64 {
        let hash = self.hasher.hash_one(identity);
        &self.places[usize::try_from(hash % PLACES as u64).expect("it is below PLACES")]
    }
}

/// An elapsed time; five centuries fit.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn admitted(limiter: &RateLimiter, identity: &str, now: u64, tries: usize) -> usize {
        (0..tries).filter(|_| limiter.admit_at(identity, now).is_ok()).count()
    }

    #[test]
    fn an_identity_gets_its_burst_then_its_rate() {
        let limiter = RateLimiter::new(5);
        assert_eq!(admitted(&limiter, "a", 0, 1_000), 50);
        let wait = limiter.admit_at("a", 0).unwrap_err();
        assert_eq!(wait, Duration::from_millis(200));
        assert_eq!(admitted(&limiter, "a", SECOND, 1_000), 5);
        assert_eq!(admitted(&limiter, "a", 1_000 * SECOND, 1_000), 50, "a long pause saves no more");
    }

    #[test]
    fn identities_do_not_share_a_bucket() {
        let limiter = RateLimiter::new(5);
        assert_eq!(admitted(&limiter, "a", 0, 1_000), 50);
        // A few of the others may share its place.
        let full = (0..100).filter(|other| admitted(&limiter, &format!("b-{other}"), 0, 50) == 50).count();
        assert!(full > 90, "{full}");
    }

    #[test]
    fn many_identities_use_no_more_memory() {
        let limiter = RateLimiter::new(1);
        for identity in 0..1_000_000_u32 {
            // Later ones may find a place that is used up.
            let _ = limiter.admit_at(identity, 0);
        }
        assert_eq!(limiter.places.len(), PLACES);
    }
}
