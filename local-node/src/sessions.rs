//! Sessions of browsers: a cookie in place of a local key. They are in memory, hashed, so a restart of the node ends them.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comptoir_core::time::Timestamp;

use crate::event_log::Environment;
use crate::local_keys::LocalKeyId;

/// Lifetime of a session: one working day.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// Sessions at a time; the one that ends first makes room.
const SESSIONS_MAX: usize = 1_000;
const HASH_CONTEXT: &str = "comptoir/session/1";

type TokenHash = [u8; 32];

/// The open sessions.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<OpenSessions>);

#[derive(Default)]
struct OpenSessions {
    /// The highest time seen: a clock that is set back extends no session.
    now: i64,
    by_hash: HashMap<TokenHash, Session>,
}

#[derive(Clone, Copy)]
struct Session {
    key: LocalKeyId,
    ends_at: i64,
}

impl Sessions {
    /// Opens a session of a key: the cookie's value.
    pub(crate) fn begin(&self, key: LocalKeyId, environment: &Environment) -> io::Result<String> {
        let token = hex::encode(environment.random_bytes::<32>()?);
        let mut open = self.at(environment.now());
        if open.by_hash.len() >= SESSIONS_MAX {
            let first = open.by_hash.iter().min_by_key(|(_, session)| session.ends_at).map(|(hash, _)| *hash);
            first.map(|hash| open.by_hash.remove(&hash));
        }
        let lifetime = i64::try_from(SESSION_LIFETIME.as_micros()).unwrap_or(i64::MAX);
        let ends_at = open.now.saturating_add(lifetime);
        open.by_hash.insert(hash(&token), Session { key, ends_at });
        Ok(token)
    }

    /// The key of a session that is open at this time.
    pub(crate) fn key_of(&self, token: &str, now: Timestamp) -> Option<LocalKeyId> {
        let open = self.at(now);
        open.by_hash.get(&hash(token)).map(|session| session.key)
    }

    /// Ends a session.
    pub(crate) fn end(&self, token: &str) {
        self.at(Timestamp(i64::MIN)).by_hash.remove(&hash(token));
    }

    /// The sessions that are open now.
    fn at(&self, now: Timestamp) -> MutexGuard<'_, OpenSessions> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.now = open.now.max(now.0);
        let now = open.now;
        open.by_hash.retain(|_, session| session.ends_at > now);
        open
    }
}

/// The token is random, so a fast hash is enough.
fn hash(token: &str) -> TokenHash {
    blake3::derive_key(HASH_CONTEXT, token.as_bytes())
}
