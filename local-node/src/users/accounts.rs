//! What this node knows of its users: what central sent, confirmed or not, and what the node adds.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use comptoir_credentials::pin::Pepper;
use comptoir_proto::node_users_v1::NodeUsers;
use comptoir_proto::status_v1::CachedUsersStatus;
use tokio::sync::{Notify, watch};

use super::at_node::{PIN_FAILURES_MAX, UsersAtNode};
use super::attempts::Attempts;
use super::known::{KnownUser, KnownUsers};
use super::refresh::RefreshRequests;
use super::trusted_time::TrustedTime;
use crate::caller::Caller;
use crate::config::OfflineConfig;
use crate::event_log::{AppendError, Environment, Log};

const PEPPER_FOR: &str = "comptoir/pin-pepper/1";
/// A contact is stored once in this time. A crash makes the last contact look that much older, never younger.
const STORE_CONTACT_EVERY: i64 = 5 * 60 * 1_000_000;
/// So long after the last contact central counts as reachable: access tokens can be refreshed.
const IN_CONTACT_MICROS: i64 = 15 * 60 * 1_000_000;

/// The users of the node's site.
pub(crate) struct Users {
    pub(super) log: Log,
    pub(super) config: OfflineConfig,
    pub(super) time: TrustedTime,
    pub(super) at_node: UsersAtNode,
    pub(super) attempts: Attempts,
    pub(super) pepper: Pepper,
    sent: RwLock<Option<Sent>>,
    /// A token named a key that this node does not know: central may have another one.
    unknown_key: Notify,
    refresh_requests: RefreshRequests,
    /// Held while users are stored.
    storing: tokio::sync::Mutex<()>,
}

/// What central sent.
#[derive(Clone)]
struct Sent {
    users: Arc<KnownUsers>,
    /// As it came, to be stored again with a later contact.
    text: Arc<NodeUsers>,
    contact_at: Timestamp,
    stored_contact_at: Timestamp,
}

impl Users {
    /// Reads what the log has.
    pub(crate) fn open(log: Log, environment: Environment, config: OfflineConfig) -> Users {
        let sent = KnownUsers::read(&log).map(|(users, text, contact_at)| {
            let (users, text) = (Arc::new(users), Arc::new(text));
            Sent { users, text, contact_at, stored_contact_at: contact_at }
        });
        Users {
            config,
            time: TrustedTime::open(log.clone(), environment),
            at_node: UsersAtNode::open(log.clone()),
            attempts: Attempts::open(log.clone()),
            pepper: log.derived_secret(PEPPER_FOR),
            sent: RwLock::new(sent),
            unknown_key: Notify::new(),
            refresh_requests: RefreshRequests::new(),
            storing: tokio::sync::Mutex::new(()),
            log,
        }
    }

    /// The time by which users are counted.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Makes the present time durable.
    pub(crate) async fn store_time(&self) -> Result<(), AppendError> {
        self.time.store().await
    }

    /// The users as central sent them last.
    pub(crate) fn known(&self) -> Option<Arc<KnownUsers>> {
        self.sent().map(|sent| sent.users)
    }

    pub(crate) fn user(&self, id: UserId) -> Option<Arc<KnownUser>> {
        self.known().and_then(|users| users.user(id).cloned())
    }

    /// Position of the last change of users and rights that this node knows; `None` before it knows any user.
    pub(crate) fn identity_position(&self) -> Option<u64> {
        self.known().map(|users| users.identity_position)
    }

    /// The user as a caller, while central names the user.
    pub(crate) fn caller(&self, id: UserId) -> Option<Caller> {
        let users = self.known()?;
        let roles = users.user(id)?.roles.clone();
        Some(Caller::of_user(id, users.permissions.clone(), roles, users.identity_position))
    }

    /// Stores the users that central sent, in place of those before: a contact.
    pub(crate) async fn receive(&self, sent: NodeUsers) -> Result<(), AppendError> {
        let _one_at_a_time = self.storing.lock().await;
        let now = self.now();
        KnownUsers::store(&self.log, &sent, now).await?;
        let users = Arc::new(KnownUsers::new(&sent));
        let (count, position) = (users.count(), users.identity_position);
        let new = Sent { users: users.clone(), text: Arc::new(sent), contact_at: now, stored_contact_at: now };
        *self.sent.write().unwrap_or_else(PoisonError::into_inner) = Some(new);
        self.time.store().await?;
        self.at_node.keep(|id| users.user(id).is_some()).await?;
        tracing::info!("{count} users may log in at this node, as of position {position}");
        Ok(())
    }

    /// Notes that central confirmed the users of this position. Answers false if other users are known here.
    pub(crate) async fn note_contact(&self, identity_position: u64) -> bool {
        let _one_at_a_time = self.storing.lock().await;
        let Some(before) = self.sent().filter(|sent| sent.users.identity_position == identity_position) else {
            return false;
        };
        let now = self.now();
        let is_due = now.0.saturating_sub(before.stored_contact_at.0) >= STORE_CONTACT_EVERY;
        let stored = is_due && KnownUsers::store(&self.log, &before.text, now).await.is_ok();
        let stored_contact_at = if stored { now } else { before.stored_contact_at };
        let after = Sent { contact_at: now, stored_contact_at, ..before };
        *self.sent.write().unwrap_or_else(PoisonError::into_inner) = Some(after);
        true
    }

    /// Says that a token named an unknown key.
    pub(super) fn note_unknown_key(&self) {
        self.unknown_key.notify_one();
    }

    /// Waits until a token names an unknown key.
    pub(crate) async fn unknown_key(&self) {
        self.unknown_key.notified().await;
    }

    /// Asks central for its users now, where central answered lately, and waits a moment for them.
    pub(super) async fn ask_central(&self) {
        if self.is_in_contact(self.now()) {
            self.refresh_requests.ask().await;
        }
    }

    /// The number of the last request to read the users from central; each one wakes the receiver.
    pub(crate) fn refresh_requests(&self) -> watch::Receiver<u64> {
        self.refresh_requests.subscribe()
    }

    /// Says that the users were read, or could not be, after the request of that number.
    pub(crate) fn refresh_answered(&self, number: u64) {
        self.refresh_requests.answered(number);
    }

    /// When central last confirmed the users.
    pub(crate) fn contact_at(&self) -> Option<Timestamp> {
        self.sent().map(|sent| sent.contact_at)
    }

    /// Whether central answered so lately that an access token can be refreshed.
    pub(super) fn is_in_contact(&self, now: Timestamp) -> bool {
        self.contact_at().is_some_and(|at| now.0.saturating_sub(at.0) <= IN_CONTACT_MICROS)
    }

    /// Whether a password that was given then does not suffice any more: central has been silent for too long since.
    pub(crate) fn password_required(&self, password_at: Timestamp, now: Timestamp) -> bool {
        let contact = self.contact_at().unwrap_or(Timestamp::MIN);
        let stale_at = later(contact, self.config.verifier_lifetime);
        now >= stale_at && password_at < stale_at
    }

    /// Whether a PIN is enough for a user who gave the password then.
    pub(super) fn pin_suffices(&self, password_at: Timestamp, now: Timestamp) -> bool {
        !self.password_required(password_at, now) && now < later(password_at, self.config.verifier_lifetime)
    }

    /// Whether the user has a PIN that may be tried.
    pub(crate) fn has_pin(&self, id: UserId) -> bool {
        let (Some(user), now) = (self.user(id), self.now()) else { return false };
        let here = self.at_node.get(id);
        let may_be_tried = here.pin.is_some() && here.pin_failures < PIN_FAILURES_MAX;
        let password_at = here.password_at().filter(|_| here.password_tag == user.password_tag);
        may_be_tried && password_at.is_some_and(|at| self.pin_suffices(at, now))
    }

    /// For `/status`.
    pub(crate) fn status(&self) -> Option<CachedUsersStatus> {
        let (sent, now) = (self.sent()?, self.now());
        let age = now.0.saturating_sub(sent.contact_at.0) / 1_000_000;
        Some(CachedUsersStatus {
            cached: sent.users.count() as u64,
            identity_position: sent.users.identity_position,
            contact_age_seconds: u64::try_from(age).unwrap_or(0),
            password_required: now >= later(sent.contact_at, self.config.verifier_lifetime),
        })
    }

    fn sent(&self) -> Option<Sent> {
        self.sent.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A time, moved on.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
