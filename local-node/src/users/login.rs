//! Logging in with a password or a PIN.

use std::net::IpAddr;
use std::sync::Arc;

use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use comptoir_credentials::{password, pin};

use super::accounts::Users;
use super::at_node::PIN_FAILURES_MAX;
use super::attempts::Subject;
use super::errors::LoginError;
use super::known::KnownUser;

/// What a user shows.
#[derive(Clone, Copy)]
pub(crate) enum LoginSecret<'a> {
    Password(&'a str),
    Pin(&'a str),
}

/// A user who has shown the password or the PIN.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ProvenUser {
    pub(crate) id: UserId,
    /// Of which password.
    pub(crate) password_tag: String,
    /// When the user last gave the password at this node.
    pub(crate) password_at: Timestamp,
}

impl Users {
    /// Logs a user in. An unknown login takes as long, and is answered alike.
    pub(crate) async fn log_in(
        &self,
        login: &str,
        secret: LoginSecret<'_>,
        address: Option<IpAddr>,
    ) -> Result<ProvenUser, LoginError> {
        let login = login.trim().to_lowercase();
        let proven = match secret {
            LoginSecret::Password(given) => self.by_newest_password(&login, given, address).await,
            LoginSecret::Pin(given) => match self.by_pin(self.with_login(&login).as_deref(), given, address).await {
                // Answered as a wrong one: otherwise anybody could ask who is known here.
                Err(LoginError::NoPin) => Err(LoginError::Failed),
                proven => proven,
            },
        };
        if let Ok(proven) = &proven {
            tracing::info!(user.id = %proven.id, "User {} logged in", proven.id);
        }
        proven
    }

    /// Proves the user of a session again.
    pub(crate) async fn prove(
        &self,
        id: UserId,
        secret: LoginSecret<'_>,
        address: Option<IpAddr>,
    ) -> Result<ProvenUser, LoginError> {
        let user = self.user(id).ok_or(LoginError::Failed)?;
        match secret {
            LoginSecret::Password(given) => {
                let proven = self.by_newest_password(&user.login, given, address).await?;
                // The login may be another user's by now.
                if proven.id == id { Ok(proven) } else { Err(LoginError::Failed) }
            }
            LoginSecret::Pin(given) => self.by_pin(Some(&user), given, address).await,
        }
    }

    /// Sets a user's PIN, or removes it.
    pub(crate) async fn set_pin(
        &self,
        id: UserId,
        given_password: &str,
        new_pin: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<(), LoginError> {
        if let Some(new_pin) = new_pin {
            pin::check_pin(new_pin)?;
        }
        self.prove(id, LoginSecret::Password(given_password), address).await?;
        let verifier = match new_pin {
            Some(new_pin) => Some(pin::verifier_of(self.pepper, new_pin).await?),
            None => None,
        };
        let changed = self.at_node.change(id, |here| (here.pin, here.pin_failures) = (verifier, 0)).await;
        changed.map(drop).map_err(|error| LoginError::NotStored(error.to_string()))
    }

    /// By the password that central has now, where it can be asked: the user may have set it a moment ago.
    async fn by_newest_password(
        &self,
        login: &str,
        given: &str,
        address: Option<IpAddr>,
    ) -> Result<ProvenUser, LoginError> {
        let user = self.with_login(login);
        let proven = self.by_password(user.as_deref(), login, given, address).await;
        if proven != Err(LoginError::Failed) {
            return proven;
        }
        // Also for a login that nobody has: an answer that comes sooner would say so.
        self.ask_central().await;
        let tag = |user: &Arc<KnownUser>| (user.id, user.password_tag.clone());
        let newer = self.with_login(login).filter(|newer| user.as_ref().map(tag) != Some(tag(newer)));
        let Some(newer) = newer else { return proven };
        for subject in self.subjects(user.as_deref(), login, address) {
            self.attempts.take_back(subject).await;
        }
        self.by_password(Some(&newer), login, given, address).await
    }

    fn with_login(&self, login: &str) -> Option<Arc<KnownUser>> {
        self.known().and_then(|users| users.with_login(login).cloned())
    }

    /// Whose failures are counted: the account's, first, and the address's.
    fn subjects(&self, user: Option<&KnownUser>, login: &str, address: Option<IpAddr>) -> Vec<Subject> {
        let account = self.attempts.account(user.map(|user| user.id), login);
        let address = address.map(|address| self.attempts.address(address));
        std::iter::once(account).chain(address).collect()
    }

    async fn by_password(
        &self,
        user: Option<&KnownUser>,
        login: &str,
        given: &str,
        address: Option<IpAddr>,
    ) -> Result<ProvenUser, LoginError> {
        let subjects = self.subjects(user, login, address);
        self.attempts.count(&subjects, self.now()).await?;
        let verifier = user.and_then(|user| user.verifier.clone());
        let is_right = password::matches(verifier, given).await;
        if matches!(is_right, Ok(true) | Err(_)) {
            for subject in &subjects {
                self.attempts.take_back(*subject).await;
            }
        }
        let Some(user) = user.filter(|_| matches!(is_right, Ok(true))) else {
            return Err(is_right.err().map_or(LoginError::Failed, LoginError::Password));
        };
        if let Some(account) = subjects.first() {
            self.attempts.forget(*account).await;
        }
        let now = self.now();
        let noted = self.at_node.change(user.id, |here| {
            if here.password_tag != user.password_tag {
                here.pin = None;
            }
            (here.password_at, here.pin_failures) = (Some(now.0), 0);
            here.password_tag = user.password_tag.clone();
        });
        // On a full disk the user works without a PIN.
        if let Err(error) = noted.await {
            tracing::warn!(%error, "That a user gave the password is not stored: {error}");
        }
        if let Err(error) = self.time.store().await {
            tracing::debug!(%error, "The time of a login is not stored: {error}");
        }
        Ok(ProvenUser { id: user.id, password_tag: user.password_tag.clone(), password_at: now })
    }

    async fn by_pin(
        &self,
        user: Option<&KnownUser>,
        given: &str,
        address: Option<IpAddr>,
    ) -> Result<ProvenUser, LoginError> {
        let address = address.map(|address| self.attempts.address(address));
        let subjects: Vec<_> = address.into_iter().collect();
        self.attempts.count(&subjects, self.now()).await?;
        let checked = self.check_pin_of(user, given).await;
        if !matches!(checked, Err(LoginError::Failed | LoginError::NoPin)) {
            for subject in &subjects {
                self.attempts.take_back(*subject).await;
            }
        }
        checked
    }

    /// Compares a PIN after its failure was stored, so that a restart gives nobody another try.
    async fn check_pin_of(&self, user: Option<&KnownUser>, given: &str) -> Result<ProvenUser, LoginError> {
        let here = user.map(|user| (user, self.at_node.get(user.id)));
        let usable = here.filter(|(user, here)| {
            here.pin.is_some() && here.pin_failures < PIN_FAILURES_MAX && here.password_tag == user.password_tag
        });
        let Some((user, here)) = usable else {
            return match pin::matches(self.pepper, None, given).await {
                Ok(_) => Err(LoginError::NoPin),
                Err(error) => Err(error.into()),
            };
        };
        let counted =
            self.at_node.change(user.id, |here| here.pin_failures = here.pin_failures.saturating_add(1)).await;
        let counted = counted.map_err(|error| LoginError::NotStored(error.to_string()))?;
        if counted.pin_failures > PIN_FAILURES_MAX {
            return Err(LoginError::NoPin);
        }
        let is_right = pin::matches(self.pepper, here.pin.clone(), given).await;
        if matches!(is_right, Ok(false)) {
            return Err(LoginError::Failed);
        }
        let taken_back = |failures: u32| if is_right.is_ok() { 0 } else { failures.saturating_sub(1) };
        let stored = self.at_node.change(user.id, |here| here.pin_failures = taken_back(here.pin_failures)).await;
        stored.map_err(|error| LoginError::NotStored(error.to_string()))?;
        is_right?;
        let (now, password_at) = (self.now(), here.password_at().unwrap_or(Timestamp::MIN));
        if !self.pin_suffices(password_at, now) {
            return Err(LoginError::PasswordRequired);
        }
        Ok(ProvenUser { id: user.id, password_tag: user.password_tag.clone(), password_at })
    }
}
