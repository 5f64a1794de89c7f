//! What this node knows of a user besides what central sends: the PIN, its failures, and when the password was last given here.
//! Each user has a sealed row, which is written before it counts.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::event_log::{AppendError, KeyChange, KeySpace, Log};

/// After so many wrong PINs in a row the password is needed.
pub(super) const PIN_FAILURES_MAX: u32 = 5;

/// One user at this node.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct UserAtNode {
    /// When the password was last given here, by trusted time.
    pub(super) password_at: Option<i64>,
    /// Of which password: with another one the PIN is over.
    pub(super) password_tag: String,
    /// The PIN's verifier.
    pub(super) pin: Option<String>,
    /// Wrong PINs in a row.
    pub(super) pin_failures: u32,
}

impl UserAtNode {
    pub(super) fn password_at(&self) -> Option<Timestamp> {
        self.password_at.map(Timestamp)
    }
}

/// The users at this node.
pub(super) struct UsersAtNode {
    log: Log,
    rows: RwLock<HashMap<UserId, UserAtNode>>,
    /// Held by a change until it is durable.
    changing: Mutex<()>,
}

impl UsersAtNode {
    pub(super) fn open(log: Log) -> UsersAtNode {
        let mut rows = HashMap::new();
        let read = log.scan(KeySpace::UserAtNode, &[], &[u8::MAX; 17], &mut |key, sealed| {
            let id = key.try_into().ok().map(UserId::from_bytes);
            match id.and_then(|id| Some((id, decode(&log, id, &sealed)?))) {
                Some((id, row)) => drop(rows.insert(id, row)),
                None => tracing::warn!("What this node knew of a user does not read: the user needs the password"),
            }
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            tracing::error!(%error, "What this node knew of its users does not read, so they need their passwords: {error}");
        }
        UsersAtNode { log, rows: RwLock::new(rows), changing: Mutex::new(()) }
    }

    pub(super) fn get(&self, id: UserId) -> UserAtNode {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned().unwrap_or_default()
    }

    /// Changes a user's row: on disk first, then here. Answers the row after the change.
    pub(super) async fn change(
        &self,
        id: UserId,
        change: impl FnOnce(&mut UserAtNode),
    ) -> Result<UserAtNode, AppendError> {
        let _one_at_a_time = self.changing.lock().await;
        let mut row = self.get(id);
        change(&mut row);
        let set = KeyChange::set(KeySpace::UserAtNode, id.as_bytes().to_vec(), encode(&self.log, id, &row)?);
        self.log.put(vec![vec![set]]).await?;
        self.rows.write().unwrap_or_else(PoisonError::into_inner).insert(id, row.clone());
        Ok(row)
    }

    /// Removes the rows of users whom central does not name any more.
    pub(super) async fn keep(&self, is_known: impl Fn(UserId) -> bool) -> Result<(), AppendError> {
        let _one_at_a_time = self.changing.lock().await;
        let gone: Vec<UserId> = {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            rows.keys().copied().filter(|id| !is_known(*id)).collect()
        };
        let removed = gone.iter().map(|id| vec![KeyChange::remove(KeySpace::UserAtNode, id.as_bytes().to_vec())]);
        let removed: Vec<_> = removed.collect();
        if !removed.is_empty() {
            self.log.put(removed).await?;
            self.rows.write().unwrap_or_else(PoisonError::into_inner).retain(|id, _| !gone.contains(id));
        }
        Ok(())
    }
}

/// A row belongs to its user: sealed bytes of another one do not unseal.
fn encode(log: &Log, id: UserId, row: &UserAtNode) -> Result<Vec<u8>, AppendError> {
    let failed = |reason: String| AppendError::ReadOnly { reason };
    let bytes = serde_json::to_vec(row).map_err(|error| failed(error.to_string()))?;
    log.seal(KeySpace::UserAtNode, id.as_bytes(), &bytes).map_err(|error| failed(error.to_string()))
}

fn decode(log: &Log, id: UserId, sealed: &[u8]) -> Option<UserAtNode> {
    serde_json::from_slice(&log.unseal(KeySpace::UserAtNode, id.as_bytes(), sealed).ok()?).ok()
}
