//! Credentials that were valid a moment ago, for requests that only read.
//!
//! While nodes push, one round trip to the database can take as long as everything else that a report needs. A request that
//! only reads may therefore use a credential that was looked up at most [`USABLE`] ago. A request that writes looks its
//! credential up. A revoked key therefore writes nothing from the moment of its revocation, and reads nothing after [`USABLE`].
//! The rights of a user are always looked up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::credential::{Access, AuthError, Credential};

/// Until this age a credential is used as it is. From this age on it is still used, and looked up for the next request.
const FRESH: Duration = Duration::from_secs(1);
/// The maximum age of a credential that is used without a new lookup.
const USABLE: Duration = Duration::from_secs(5);
/// Credentials kept, over all tenants. When there are more, the oldest is looked up again.
const CREDENTIALS_MAX: usize = 10_000;

/// A digest of the `Authorization` header, so that no secret is kept in memory.
type HeaderDigest = [u8; 32];

/// The credentials that were looked up in the last seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecentCredentials {
    lookups: Arc<Mutex<HashMap<HeaderDigest, Lookup>>>,
}

#[derive(Debug)]
struct Lookup {
    credential: Credential,
    /// When the lookup began.
    at: Instant,
    /// Whether a request looks it up again.
    renewing: bool,
}

enum Found {
    Fresh(Credential),
    /// Usable; the caller looks it up again.
    Aging(Credential),
    Missing,
}

impl RecentCredentials {
    /// The credential of an `Authorization` header, for a request that only reads. `look_up` looks it up.
    pub(crate) async fn authenticate<F>(&self, header: &str, look_up: F) -> Result<Credential, AuthError>
    where
        F: Future<Output = Result<Credential, AuthError>> + Send + 'static,
    {
        let digest = *blake3::hash(header.as_bytes()).as_bytes();
        match self.find(digest, Instant::now()) {
            Found::Fresh(credential) => Ok(credential),
            Found::Aging(credential) => {
                let recent = self.clone();
                tokio::spawn(async move { recent.look_up(digest, look_up).await });
                Ok(credential)
            }
            Found::Missing => self.look_up(digest, look_up).await,
        }
    }

    async fn look_up(
        &self,
        digest: HeaderDigest,
        look_up: impl Future<Output = Result<Credential, AuthError>>,
    ) -> Result<Credential, AuthError> {
        let at = Instant::now();
        let found = look_up.await;
        self.keep(digest, at, &found);
        found
    }

    fn find(&self, digest: HeaderDigest, now: Instant) -> Found {
        let mut lookups = self.lock();
        let Some(lookup) = lookups.get_mut(&digest) else { return Found::Missing };
        let age = now.duration_since(lookup.at);
        if age > USABLE {
            return Found::Missing;
        }
        if age <= FRESH || lookup.renewing {
            return Found::Fresh(lookup.credential.clone());
        }
        lookup.renewing = true;
        Found::Aging(lookup.credential.clone())
    }

    fn keep(&self, digest: HeaderDigest, at: Instant, found: &Result<Credential, AuthError>) {
        let mut lookups = self.lock();
        match found {
            // A person loses rights with the next request.
            Ok(Credential { access: Access::User(_), .. }) => {}
            Ok(credential) => {
                // Two lookups can end in the opposite order.
                if lookups.get(&digest).is_some_and(|kept| kept.at > at) {
                    return;
                }
                if lookups.len() >= CREDENTIALS_MAX && !lookups.contains_key(&digest) {
                    lookups.retain(|_, lookup| at.duration_since(lookup.at) <= USABLE);
                    if lookups.len() >= CREDENTIALS_MAX {
                        let oldest = lookups.iter().min_by_key(|(_, lookup)| lookup.at).map(|(digest, _)| *digest);
                        oldest.and_then(|oldest| lookups.remove(&oldest));
                    }
                }
                lookups.insert(digest, Lookup { credential: credential.clone(), at, renewing: false });
            }
            Err(AuthError::Unknown | AuthError::Mistyped(_) | AuthError::Expired) => {
                lookups.remove(&digest);
            }
            Err(AuthError::Store(_)) => {
                if let Some(lookup) = lookups.get_mut(&digest) {
                    lookup.renewing = false;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<HeaderDigest, Lookup>> {
        self.lookups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use comptoir_core::id::TenantId;
    use uuid::Uuid;

    use super::*;
    use crate::database::StoreError;

    const DIGEST: HeaderDigest = [1; 32];

    fn credential() -> Credential {
        Credential {
            tenant: TenantId::new(Uuid::from_u128(7)),
            key_id: "k".to_owned(),
            access: Access::Admin,
            is_revoked: false,
        }
    }

    fn given_a_lookup(at: Instant) -> RecentCredentials {
        let recent = RecentCredentials::default();
        recent.keep(DIGEST, at, &Ok(credential()));
        recent
    }

    #[test]
    fn a_credential_is_used_for_five_seconds_and_renewed_by_one_request_after_the_first() {
        let start = Instant::now();
        let recent = given_a_lookup(start);
        assert!(matches!(recent.find(DIGEST, start + FRESH), Found::Fresh(_)));
        assert!(matches!(recent.find(DIGEST, start + USABLE), Found::Aging(_)));
        assert!(matches!(recent.find(DIGEST, start + USABLE), Found::Fresh(_)), "one request renews it");
        assert!(matches!(recent.find(DIGEST, start + USABLE + Duration::from_micros(1)), Found::Missing));
        assert!(matches!(recent.find([2; 32], start), Found::Missing));
    }

    #[test]
    fn a_revoked_credential_is_forgotten_and_an_unanswered_lookup_changes_nothing() {
        let start = Instant::now();
        let recent = given_a_lookup(start);
        recent.keep(DIGEST, start, &Err(AuthError::Store(StoreError::Unavailable("down".to_owned()))));
        assert!(matches!(recent.find(DIGEST, start + USABLE), Found::Aging(_)));
        recent.keep(DIGEST, start, &Err(AuthError::Unknown));
        assert!(matches!(recent.find(DIGEST, start), Found::Missing));
    }

    #[test]
    fn an_older_lookup_does_not_extend_a_newer_one() {
        let start = Instant::now();
        let recent = given_a_lookup(start + FRESH);
        recent.keep(DIGEST, start, &Ok(credential()));
        assert!(matches!(recent.find(DIGEST, start + FRESH + USABLE), Found::Aging(_)));
    }

    #[test]
    fn the_credentials_in_memory_are_limited() {
        let start = Instant::now();
        let recent = RecentCredentials::default();
        for number in 0..=CREDENTIALS_MAX as u64 {
            let digest = *blake3::hash(&number.to_be_bytes()).as_bytes();
            recent.keep(digest, start + Duration::from_micros(number), &Ok(credential()));
        }
        assert_eq!(recent.lock().len(), CREDENTIALS_MAX);
        let first = *blake3::hash(&0u64.to_be_bytes()).as_bytes();
        assert!(matches!(recent.find(first, start), Found::Missing));
    }
}
