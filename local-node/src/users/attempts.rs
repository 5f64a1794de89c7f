//! Slows down guessing, as central does: each failed login of an account, or from an address, makes the next ones wait longer. An
//! attempt is counted, durably, before its password is compared, so that neither many at a time nor a restart help. Logins that
//! do not exist are counted too.
//!
//! The table is bounded: accounts that exist have a row each, all others share [`UNKNOWN_ROWS`], and addresses [`ADDRESS_ROWS`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::ControlFlow;

use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use tokio::sync::Mutex;

use super::errors::{LoginError, seconds_until};
use crate::event_log::{KeyChange, KeySpace, Log};

const SECOND: i64 = 1_000_000;
/// The first wait, which doubles with each further failure.
const FIRST_WAIT: i64 = 30 * SECOND;
const LONGEST_WAIT: i64 = 15 * 60 * SECOND;
/// Failures are forgotten after an hour without one.
const FORGOTTEN_AFTER: i64 = 60 * 60 * SECOND;
/// A person who mistypes a password.
const FREE_OF_ACCOUNT: u32 = 5;
/// A shop whose staff shares one address.
const FREE_OF_ADDRESS: u32 = 50;
const UNKNOWN_ROWS: u64 = 1_024;
const ADDRESS_ROWS: u64 = 4_096;
const HASHED_FOR: &str = "comptoir/failed-logins/1";

/// Who fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Subject {
    key: [u8; 32],
    free: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Failures {
    count: u32,
    last_at: i64,
    locked_until: i64,
}

/// The failed logins of this node.
pub(super) struct Attempts {
    log: Log,
    hash_key: [u8; 32],
    rows: Mutex<HashMap<[u8; 32], Failures>>,
}

impl Attempts {
    pub(super) fn open(log: Log) -> Attempts {
        let mut rows = HashMap::new();
        let read = log.scan(KeySpace::FailedLogins, &[], &[u8::MAX; 33], &mut |key, value| {
            if let (Ok(key), Some(failures)) = (key.try_into(), Failures::decode(&value)) {
                rows.insert(key, failures);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            tracing::error!(%error, "The failed logins do not read and are counted from zero: {error}");
        }
        Attempts { hash_key: log.derived_secret(HASHED_FOR), log, rows: Mutex::new(rows) }
    }

    /// An account.
    pub(super) fn account(&self, known: Option<UserId>, login: &str) -> Subject {
        let text = match known {
            Some(id) => format!("user {id}"),
            None => format!("unknown {}", self.place(login, UNKNOWN_ROWS)),
        };
        Subject { key: self.hash(&text), free: FREE_OF_ACCOUNT }
    }

    /// An address.
    pub(super) fn address(&self, address: IpAddr) -> Subject {
        let place = self.place(&address.to_string(), ADDRESS_ROWS);
        Subject { key: self.hash(&format!("address {place}")), free: FREE_OF_ADDRESS }
    }

    /// Counts an attempt of all subjects as failed, unless one of them has to wait. A success is taken back later.
    pub(super) async fn count(&self, subjects: &[Subject], now: Timestamp) -> Result<(), LoginError> {
        let mut rows = self.rows.lock().await;
        let locked = subjects.iter().filter_map(|subject| rows.get(&subject.key)).map(|row| row.locked_until).max();
        if let Some(until) = locked.filter(|until| *until > now.0) {
            return Err(LoginError::TooMany { wait_seconds: seconds_until(now, Timestamp(until)) });
        }
        let mut batch = Vec::new();
        let old: Vec<[u8; 32]> = rows.iter().filter(|(_, row)| row.is_old(now)).map(|(key, _)| *key).take(50).collect();
        for key in old {
            rows.remove(&key);
            batch.push(KeyChange::remove(KeySpace::FailedLogins, key.to_vec()));
        }
        for subject in subjects {
            let before = rows.get(&subject.key).filter(|row| !row.is_old(now)).map_or(0, |row| row.count);
            let count = before.saturating_add(1);
            let row =
                Failures { count, last_at: now.0, locked_until: now.0.saturating_add(wait_after(count, subject.free)) };
            rows.insert(subject.key, row);
            batch.push(KeyChange::set(KeySpace::FailedLogins, subject.key.to_vec(), row.encode()));
        }
        self.store(batch).await;
        Ok(())
    }

    /// Takes an attempt back that was no failure.
    pub(super) async fn take_back(&self, subject: Subject) {
        let mut rows = self.rows.lock().await;
        let Some(row) = rows.get_mut(&subject.key) else { return };
        *row = Failures { count: row.count.saturating_sub(1), locked_until: row.last_at, ..*row };
        let set = KeyChange::set(KeySpace::FailedLogins, subject.key.to_vec(), row.encode());
        self.store(vec![set]).await;
    }

    /// Forgets a subject's failures.
    pub(super) async fn forget(&self, subject: Subject) {
        let mut rows = self.rows.lock().await;
        if rows.remove(&subject.key).is_some() {
            self.store(vec![KeyChange::remove(KeySpace::FailedLogins, subject.key.to_vec())]).await;
        }
    }

    /// A log that takes no writes counts in memory: a till on a full disk still has its users.
    async fn store(&self, batch: Vec<KeyChange>) {
        if let Err(error) = self.log.put(vec![batch]).await {
            tracing::warn!(%error, "Failed logins are counted in memory alone: {error}");
        }
    }

    fn hash(&self, text: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.hash_key, text.as_bytes()).as_bytes()
    }

    /// Keyed, so that nobody can aim at another's place.
    fn place(&self, text: &str, places: u64) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.hash(text);
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) % places
    }
}

impl Failures {
    fn is_old(&self, now: Timestamp) -> bool {
        self.last_at.saturating_add(FORGOTTEN_AFTER) <= now.0
    }

    fn encode(self) -> Vec<u8> {
        [&self.count.to_be_bytes()[..], &self.last_at.to_be_bytes(), &self.locked_until.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Failures> {
        let (count, rest) = bytes.split_first_chunk()?;
        let (last_at, rest) = rest.split_first_chunk()?;
        Some(Failures {
            count: u32::from_be_bytes(*count),
            last_at: i64::from_be_bytes(*last_at),
            locked_until: i64::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

fn wait_after(failures: u32, free: u32) -> i64 {
    match failures.checked_sub(free) {
        None => 0,
        Some(over) => FIRST_WAIT.checked_shl(over.min(16)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_begins_with_the_fifth_failure_doubles_and_ends_at_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (1..=12).map(|failures| wait_after(failures, FREE_OF_ACCOUNT) / SECOND).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(wait_after(u32::MAX, FREE_OF_ADDRESS), LONGEST_WAIT);
    }
}
