//! Local keys: the credentials of till programs and integrations at this node.
//!
//! A key is shown once and stored as a hash. Creating and revoking are AUDIT events of the node's log, without the secret; the
//! administrator's key that the node makes at its first start has none, since EPOCH_OPENED records that start.
//! Order: a key's event is in the log before the key is valid, and a key is invalid before its revocation is in the log. A
//! repeated revocation completes one that was interrupted.

mod file;
mod grant;
mod text;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use comptoir_core::access::{AccessOperation, Role, RoleAt};
use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name, SiteId};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::local_keys_v1::LocalKeyRow;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::caller::Caller;
use crate::event_log::{AppendError, Environment, KeyChange, KeySpace, Log, ReadError};
pub use file::{ADMIN_HEADER_FILE, key_in_header_file, write_header_file};
pub use grant::{GrantError, KeyGrant};
use text::SecretHash;
pub use text::{LocalKeyId, LocalKeyText};

/// Keys in use at a time, far more than one shop has programs.
pub const LOCAL_KEYS_MAX: usize = 100;
/// Revoked keys that stay listed. Their events stay in the log.
const REVOKED_MAX: usize = 1_000;
/// Grants of one key.
pub const GRANTS_MAX: usize = 64;
/// A use is noted by the hour.
const USE_MICROS: i64 = 3_600_000_000;
const ADMINISTRATOR: &str = "administrator of this node";
const AUDIT: &str = "AUDIT";
const AUDIT_RECORDED: &str = "AUDIT_RECORDED";
const LOCAL_KEY: &str = "LOCAL_KEY";

/// A key without its secret.
#[derive(Clone, Debug)]
pub struct LocalKey {
    /// Its id.
    pub id: LocalKeyId,
    /// What it is for.
    pub label: Name,
    /// What it may do.
    pub grants: Vec<KeyGrant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The hour of its last use.
    pub last_used_at: Option<Timestamp>,
}

impl LocalKey {
    /// The key as lists show it.
    pub fn row(self) -> LocalKeyRow {
        LocalKeyRow {
            id: self.id.to_string(),
            label: self.label.as_str().to_owned(),
            grants: self.grants.iter().map(KeyGrant::text).collect(),
            created_at: instant::format(self.created_at),
            revoked_at: self.revoked_at.map(instant::format),
            last_used_at: self.last_used_at.map(instant::format),
        }
    }
}

/// A new key, with the text that is shown once.
#[derive(Debug)]
pub struct IssuedLocalKey {
    /// The key.
    pub key: LocalKey,
    /// Its text.
    pub text: LocalKeyText,
}

/// Why keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum LocalKeyError {
    /// Too many keys are in use.
    #[error("{LOCAL_KEYS_MAX} local keys are in use, no more are taken; revoke one (comptoir key revoke)")]
    TooMany,
    /// The key would have no grant, or too many.
    #[error("a key has 1 to {GRANTS_MAX} grants, got {0}")]
    Grants(usize),
    /// There is no such key.
    #[error("this node has no local key {0}")]
    Unknown(LocalKeyId),
    /// The last key that may manage keys cannot be revoked by itself.
    #[error("{0} is the last key that may manage keys; create another one first")]
    LastAdministrator(LocalKeyId),
    /// The log takes no changes.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// No random numbers, or a file that cannot be written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The local keys of a node.
pub struct LocalKeys {
    log: Log,
    environment: Environment,
    keys: RwLock<BTreeMap<LocalKeyId, HeldKey>>,
    /// Held by a change of keys until it is durable.
    changing: Mutex<()>,
}

struct HeldKey {
    key: LocalKey,
    hash: SecretHash,
    caller: Caller,
}

/// A key as it is stored. Times are in microseconds.
#[derive(Serialize, Deserialize)]
struct StoredLocalKey {
    label: String,
    hash: String,
    grants: Vec<String>,
    created_at: i64,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl LocalKeys {
    /// Reads the keys of a log.
    pub fn open(log: Log, environment: Environment) -> Result<LocalKeys, ReadError> {
        let (mut keys, site) = (BTreeMap::new(), log.identity().site);
        log.scan(KeySpace::LocalKey, &[], &[u8::MAX; 5], &mut |id, bytes| {
            let read = hex::encode(id);
            match HeldKey::decode(&read, &bytes, site) {
                Some(held) => drop(keys.insert(held.key.id, held)),
                None => tracing::error!(key.id = read, "Local key {read} does not read and is refused"),
            }
            ControlFlow::Continue(())
        })?;
        Ok(LocalKeys { log, environment, keys: RwLock::new(keys), changing: Mutex::new(()) })
    }

    /// No keys: every request that needs one is refused.
    pub(crate) fn none(log: Log, environment: Environment) -> LocalKeys {
        LocalKeys { log, environment, keys: RwLock::default(), changing: Mutex::new(()) }
    }

    /// Makes a key. `by` is who asked for it, for the log.
    pub async fn create(
        &self,
        label: Name,
        grants: Vec<KeyGrant>,
        by: Option<Name>,
    ) -> Result<IssuedLocalKey, LocalKeyError> {
        let _one_at_a_time = self.changing.lock().await;
        let issued = self.draw(label, grants)?;
        self.log.append(vec![self.event("LOCAL_KEY_CREATED", &issued.key, by)]).await?;
        self.store(&issued).await?;
        Ok(issued)
    }

    /// Revokes a key. Revoking it again changes nothing.
    pub async fn revoke(&self, id: LocalKeyId, by: Option<Name>) -> Result<LocalKey, LocalKeyError> {
        let _one_at_a_time = self.changing.lock().await;
        let key = self.key(id).ok_or(LocalKeyError::Unknown(id))?;
        if key.revoked_at.is_none() && self.is_last_administrator(id) {
            return Err(LocalKeyError::LastAdministrator(id));
        }
        let revoked_at = Some(key.revoked_at.unwrap_or_else(|| self.log.now()));
        let key = LocalKey { revoked_at, ..key };
        self.change(id, |held| held.key.revoked_at = revoked_at).await?;
        self.log.append(vec![self.event("LOCAL_KEY_REVOKED", &key, by)]).await?;
        Ok(key)
    }

    /// Every key, in the order of their creation.
    pub fn list(&self) -> Vec<LocalKey> {
        let mut keys: Vec<LocalKey> = self.read(|keys| keys.values().map(|held| held.key.clone()).collect());
        keys.sort_by_key(|key| (key.created_at, key.id));
        keys
    }

    /// The holder of a key's text, if the key is valid.
    pub fn caller(&self, text: &str) -> Option<Caller> {
        let given = LocalKeyText::parse(text)?;
        let hash = given.hash();
        self.read(|keys| {
            let held = keys.get(&given.id).filter(|held| held.hash.equals(&hash))?;
            held.key.revoked_at.is_none().then(|| held.caller.clone())
        })
    }

    /// The holder of a key, if the key is still valid.
    pub(crate) fn caller_of(&self, id: LocalKeyId) -> Option<Caller> {
        self.read(|keys| keys.get(&id).filter(|held| held.key.revoked_at.is_none()).map(|held| held.caller.clone()))
    }

    /// Notes that a key was used. It is stored by [`LocalKeys::store_uses`].
    pub(crate) fn note_use(&self, id: LocalKeyId) {
        let now = self.log.now().0;
        let hour = Some(Timestamp(now - now.rem_euclid(USE_MICROS)));
        let is_noted = self.read(|keys| keys.get(&id).is_none_or(|held| held.key.last_used_at >= hour));
        if !is_noted {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(held) = keys.get_mut(&id) {
                held.key.last_used_at = hour;
            }
        }
    }

    /// Stores the uses that were noted since.
    pub(crate) async fn store_uses(&self) -> Result<(), AppendError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut changes = Vec::new();
        let held: Vec<(LocalKeyId, Vec<u8>)> =
            self.read(|keys| keys.iter().map(|(id, held)| (*id, held.encode())).collect());
        for (id, value) in held {
            let stored = self.log.get(KeySpace::LocalKey, &id.bytes()).ok().flatten();
            if stored.is_some_and(|stored| stored != value) {
                changes.push(vec![KeyChange::set(KeySpace::LocalKey, id.bytes(), value)]);
            }
        }
        if changes.is_empty() { Ok(()) } else { self.log.put(changes).await }
    }

    /// Makes sure that `DATA_DIR/admin.header` has a valid administrator's key: it is made at the first start, and again when
    /// the file is gone.
    pub async fn ensure_administrator(&self, data_dir: &Path) -> Result<(), LocalKeyError> {
        let path = data_dir.join(ADMIN_HEADER_FILE);
        let is_administrator = |text: String| self.caller(&text).is_some_and(|it| it.may(AccessOperation::Administer));
        if key_in_header_file(&path)?.is_some_and(is_administrator) {
            return Ok(());
        }
        let _one_at_a_time = self.changing.lock().await;
        let label = Name::new(ADMINISTRATOR).map_err(std::io::Error::other)?;
        let earlier = self.list().into_iter().filter(|key| key.label == label && key.revoked_at.is_none());
        let issued = self.draw(label.clone(), KeyGrant::of_administrator())?;
        self.store(&issued).await?;
        write_header_file(&path, &issued.text.expose())?;
        // Its file is gone, and perhaps elsewhere.
        for key in earlier {
            let revoked_at = Some(self.log.now());
            self.change(key.id, |held| held.key.revoked_at = revoked_at).await?;
            self.log.append(vec![self.event("LOCAL_KEY_REVOKED", &key, None)]).await?;
        }
        Ok(())
    }

    fn draw(&self, label: Name, grants: Vec<KeyGrant>) -> Result<IssuedLocalKey, LocalKeyError> {
        if !(1..=GRANTS_MAX).contains(&grants.len()) {
            return Err(LocalKeyError::Grants(grants.len()));
        }
        if self.read(|keys| keys.values().filter(|held| held.key.revoked_at.is_none()).count()) >= LOCAL_KEYS_MAX {
            return Err(LocalKeyError::TooMany);
        }
        let mut id = LocalKeyId::new(self.environment.random_bytes()?);
        while self.key(id).is_some() {
            id = LocalKeyId::new(self.environment.random_bytes()?);
        }
        let text = LocalKeyText::new(id, self.environment.random_bytes()?);
        let created_at = self.log.now();
        Ok(IssuedLocalKey {
            key: LocalKey { id, label, grants, created_at, revoked_at: None, last_used_at: None },
            text,
        })
    }

    async fn store(&self, issued: &IssuedLocalKey) -> Result<(), AppendError> {
        let held = HeldKey::new(issued.key.clone(), issued.text.hash(), self.log.identity().site);
        let mut batch = vec![KeyChange::set(KeySpace::LocalKey, held.key.id.bytes(), held.encode())];
        let surplus = self.surplus();
        batch.extend(surplus.iter().map(|id| KeyChange::remove(KeySpace::LocalKey, id.bytes())));
        self.log.put(vec![batch]).await?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|id, _| !surplus.contains(id));
        keys.insert(held.key.id, held);
        Ok(())
    }

    /// The longest revoked key, if there are too many.
    fn surplus(&self) -> Vec<LocalKeyId> {
        let mut revoked: Vec<LocalKey> = self.list().into_iter().filter(|key| key.revoked_at.is_some()).collect();
        revoked.sort_by_key(|key| key.revoked_at);
        let count = revoked.len().saturating_sub(REVOKED_MAX - 1);
        revoked.into_iter().take(count).map(|key| key.id).collect()
    }

    /// Changes a key in memory at once, so that it is refused from now on, and then on disk.
    async fn change(&self, id: LocalKeyId, change: impl FnOnce(&mut HeldKey)) -> Result<(), AppendError> {
        let value = {
            let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
            let Some(held) = keys.get_mut(&id) else { return Ok(()) };
            change(held);
            held.encode()
        };
        self.log.put(vec![vec![KeyChange::set(KeySpace::LocalKey, id.bytes(), value)]]).await
    }

    fn key(&self, id: LocalKeyId) -> Option<LocalKey> {
        self.read(|keys| keys.get(&id).map(|held| held.key.clone()))
    }

    fn is_last_administrator(&self, id: LocalKeyId) -> bool {
        self.read(|keys| {
            let mut others = keys.values().filter(|held| held.key.id != id && held.key.revoked_at.is_none());
            keys.get(&id).is_some_and(|held| held.caller.may(AccessOperation::Administer))
                && !others.any(|held| held.caller.may(AccessOperation::Administer))
        })
    }

    /// The AUDIT event of a change. Its id follows from the key's, so that a repeated change is the same event.
    fn event(&self, action: &str, key: &LocalKey, by: Option<Name>) -> Draft {
        let name = |text: &str| Name::new(text).expect("a constant or hexadecimal text is a name");
        let id = key.id.to_string();
        let subject = json!({ "entity_type": LOCAL_KEY, "entity_id": id });
        let payload = json!({ "action": action, "subject": subject, "context": {} });
        let node = self.log.identity().node.uuid();
        let made = key.created_at.0;
        let event = Uuid::new_v5(&node, format!("{action}/{id}/{made}").as_bytes());
        let mut content = Content::new(name(AUDIT), name(&id), name(AUDIT_RECORDED), payload.to_string().into_bytes());
        content.site = Some(self.log.identity().site);
        content.user = by;
        Draft { id: EventId::new(event), occurred_at: None, content }
    }

    fn read<T>(&self, read: impl FnOnce(&BTreeMap<LocalKeyId, HeldKey>) -> T) -> T {
        read(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HeldKey {
    fn new(key: LocalKey, hash: SecretHash, site: SiteId) -> HeldKey {
        let role = Role::new("local-key").expect("a constant is a role");
        let permissions = key.grants.iter().map(|grant| grant.permission(role.clone())).collect();
        let roles = [RoleAt { role, site: Some(site) }].into();
        let caller = Caller::of_key(key.id, permissions, roles);
        HeldKey { key, hash, caller }
    }

    fn encode(&self) -> Vec<u8> {
        let stored = StoredLocalKey {
            label: self.key.label.as_str().to_owned(),
            hash: self.hash.text(),
            grants: self.key.grants.iter().map(KeyGrant::text).collect(),
            created_at: self.key.created_at.0,
            revoked_at: self.key.revoked_at.map(|at| at.0),
            last_used_at: self.key.last_used_at.map(|at| at.0),
        };
        serde_json::to_vec(&stored).expect("texts and numbers have a JSON form")
    }

    fn decode(id: &str, bytes: &[u8], site: SiteId) -> Option<HeldKey> {
        let stored: StoredLocalKey = serde_json::from_slice(bytes).ok()?;
        let key = LocalKey {
            id: LocalKeyId::parse(id)?,
            label: Name::new(stored.label).ok()?,
            grants: stored.grants.iter().map(|text| KeyGrant::parse(text)).collect::<Result<_, _>>().ok()?,
            created_at: Timestamp(stored.created_at),
            revoked_at: stored.revoked_at.map(Timestamp),
            last_used_at: stored.last_used_at.map(Timestamp),
        };
        Some(HeldKey::new(key, SecretHash::parse(&stored.hash)?, site))
    }
}
