//! Sessions: a cookie in place of a credential. A session of a local key is in memory and ends with the process. A user's session
//! is sealed in the log's tree too, and after a restart it is locked, since nobody knows how long its screen was left alone.
//!
//! Tokens are stored as hashes. Times are the trusted time: a clock that is set back extends no session.

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::caller::CallerId;
use crate::event_log::{Environment, KeyChange, KeySpace, Log};
use crate::local_keys::LocalKeyId;
use crate::users::ProvenUser;

/// Lifetime of a session: one working day.
pub(crate) const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// Sessions at a time; the one that ends first makes room.
const SESSIONS_MAX: usize = 1_000;
const HASH_CONTEXT: &str = "comptoir/session/1";

type TokenHash = [u8; 32];

/// The open sessions.
pub(crate) struct Sessions {
    log: Log,
    environment: Environment,
    idle: Duration,
    open: Mutex<HashMap<TokenHash, Session>>,
}

/// A session that is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    /// Who opened it.
    pub(crate) holder: CallerId,
    /// Whether it waits for its user's PIN or password.
    pub(crate) is_locked: bool,
    pub(crate) ends_at: Timestamp,
    /// When the user last gave the password, and of which password.
    pub(crate) password_at: Timestamp,
    pub(crate) password_tag: String,
    used_at: Timestamp,
}

/// A user's session as stored.
#[derive(Serialize, Deserialize)]
struct StoredSession {
    user: uuid::Uuid,
    ends_at: i64,
    password_at: i64,
    password_tag: String,
}

impl Sessions {
    /// The sessions of users that are in the log, all locked.
    pub(crate) fn open(log: Log, environment: Environment, idle: Duration) -> Sessions {
        let mut open = HashMap::new();
        let read = log.scan(KeySpace::Session, &[], &[u8::MAX; 33], &mut |key, sealed| {
            if let Some((hash, session)) = decode(&log, key, &sealed) {
                open.insert(hash, session);
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            tracing::error!(%error, "The sessions do not read, so users log in again: {error}");
        }
        Sessions { log, environment, idle, open: Mutex::new(open) }
    }

    /// Opens a session of a local key: the cookie's value.
    pub(crate) async fn begin_of_key(&self, key: LocalKeyId, now: Timestamp) -> io::Result<String> {
        let session = Session {
            holder: CallerId::Key(key),
            is_locked: false,
            ends_at: end_of(now),
            password_at: Timestamp::MIN,
            password_tag: String::new(),
            used_at: now,
        };
        self.begin(session, now).await
    }

    /// Opens a session of a user: the cookie's value.
    pub(crate) async fn begin_of_user(&self, user: &ProvenUser, now: Timestamp) -> io::Result<String> {
        let session = Session {
            holder: CallerId::User(user.id),
            is_locked: false,
            ends_at: end_of(now),
            password_at: user.password_at,
            password_tag: user.password_tag.clone(),
            used_at: now,
        };
        self.begin(session, now).await
    }

    async fn begin(&self, session: Session, now: Timestamp) -> io::Result<String> {
        let token = hex::encode(self.environment.random_bytes::<32>()?);
        let hash = hash(&token);
        let removed = {
            let mut open = self.lock_open();
            let mut removed: Vec<TokenHash> =
                open.iter().filter(|(_, session)| session.ends_at <= now).map(|(hash, _)| *hash).collect();
            open.retain(|_, session| session.ends_at > now);
            if open.len() >= SESSIONS_MAX {
                let first = open.iter().min_by_key(|(_, session)| session.ends_at).map(|(hash, _)| *hash);
                removed.extend(first.filter(|first| open.remove(first).is_some()));
            }
            open.insert(hash, session.clone());
            removed
        };
        let mut changes: Vec<_> = removed.into_iter().take(SESSIONS_MAX).map(removal).collect();
        changes.extend(self.encode(hash, &session));
        self.store(changes).await;
        Ok(token)
    }

    /// A session that is open now; one whose user was away for too long is locked from then on.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        let mut open = self.lock_open();
        let session = open.get_mut(&hash(token)).filter(|session| session.ends_at > now)?;
        let is_users = matches!(session.holder, CallerId::User(_));
        let idle = i64::try_from(self.idle.as_micros()).unwrap_or(i64::MAX);
        session.is_locked |= is_users && now.0.saturating_sub(session.used_at.0) >= idle;
        Some(session.clone())
    }

    /// Notes that the user of a session is there.
    pub(crate) fn note_use(&self, token: &str, now: Timestamp) {
        if let Some(session) = self.lock_open().get_mut(&hash(token)) {
            session.used_at = session.used_at.max(now);
        }
    }

    /// Locks a user's session.
    pub(crate) fn lock(&self, token: &str) {
        if let Some(session) = self.lock_open().get_mut(&hash(token)) {
            session.is_locked |= matches!(session.holder, CallerId::User(_));
        }
    }

    /// Unlocks a session for its user, who has shown a PIN or the password.
    pub(crate) async fn unlock(&self, token: &str, user: &ProvenUser, now: Timestamp) {
        let hash = hash(token);
        let unlocked = {
            let mut open = self.lock_open();
            open.get_mut(&hash).filter(|session| session.holder == CallerId::User(user.id)).map(|session| {
                (session.is_locked, session.used_at) = (false, now);
                (session.password_at, session.password_tag) = (user.password_at, user.password_tag.clone());
                session.clone()
            })
        };
        let changes = unlocked.and_then(|session| self.encode(hash, &session));
        self.store(changes.into_iter().collect()).await;
    }

    /// Ends a session.
    pub(crate) async fn end(&self, token: &str) {
        let hash = hash(token);
        let ended = self.lock_open().remove(&hash);
        if ended.is_some_and(|session| matches!(session.holder, CallerId::User(_))) {
            self.store(vec![removal(hash)]).await;
        }
    }

    /// Ends every session.
    pub(crate) fn end_all(&self) {
        self.lock_open().clear();
    }

    /// The row of a user's session; a key's has none.
    fn encode(&self, hash: TokenHash, session: &Session) -> Option<KeyChange> {
        let CallerId::User(user) = session.holder else { return None };
        let stored = StoredSession {
            user: user.uuid(),
            ends_at: session.ends_at.0,
            password_at: session.password_at.0,
            password_tag: session.password_tag.clone(),
        };
        let bytes = serde_json::to_vec(&stored).ok()?;
        let sealed = self.log.seal(KeySpace::Session, &hash, &bytes).ok()?;
        Some(KeyChange::set(KeySpace::Session, hash.to_vec(), sealed))
    }

    /// A session that cannot be stored ends with the process.
    async fn store(&self, changes: Vec<KeyChange>) {
        if changes.is_empty() {
            return;
        }
        let batches = changes.into_iter().map(|change| vec![change]).collect();
        if let Err(error) = self.log.put(batches).await {
            tracing::debug!(%error, "A session is in memory alone: {error}");
        }
    }

    fn lock_open(&self) -> MutexGuard<'_, HashMap<TokenHash, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decode(log: &Log, key: &[u8], sealed: &[u8]) -> Option<(TokenHash, Session)> {
    let hash: TokenHash = key.try_into().ok()?;
    let stored: StoredSession = serde_json::from_slice(&log.unseal(KeySpace::Session, &hash, sealed).ok()?).ok()?;
    let session = Session {
        holder: CallerId::User(UserId::new(stored.user)),
        is_locked: true,
        ends_at: Timestamp(stored.ends_at),
        password_at: Timestamp(stored.password_at),
        password_tag: stored.password_tag,
        used_at: Timestamp::MIN,
    };
    Some((hash, session))
}

fn removal(hash: TokenHash) -> KeyChange {
    KeyChange::remove(KeySpace::Session, hash.to_vec())
}

fn end_of(now: Timestamp) -> Timestamp {
    now.shifted(i64::try_from(SESSION_LIFETIME.as_micros()).unwrap_or(i64::MAX))
}

/// The token is random, so a fast hash is enough.
fn hash(token: &str) -> TokenHash {
    blake3::derive_key(HASH_CONTEXT, token.as_bytes())
}
