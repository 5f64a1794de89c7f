//! Access tokens of central, for personal devices: who the token names is checked with central's public keys, and what the user
//! may do is read from the users that central sent.
//!
//! A device cannot refresh its token while central is out of reach. So its time counts only if central answered this node lately.
//! Otherwise the token is accepted for the grace: counted from this node's last contact, and from the token's own end, so that an
//! old copy is not accepted again whenever the line is down.

use comptoir_core::access::Role;
use comptoir_core::id::UserId;
use comptoir_core::time::Timestamp;
use comptoir_credentials::access_token::{AccessClaims, TokenError, kid_of, verify_without_times};

use super::accounts::{Users, later};
use super::errors::TokenRefusal;
use crate::caller::Caller;

impl Users {
    /// The user of an access token.
    pub(crate) fn caller_of_token(&self, token: &str) -> Result<Caller, TokenRefusal> {
        let invalid = |reason: &str| TokenRefusal::Invalid(reason.to_owned());
        let users = self.known().ok_or_else(|| invalid("this node knows no users yet"))?;
        let kid = kid_of(token).map_err(refused)?;
        let Some(key) = users.token_key(&kid) else {
            self.note_unknown_key();
            return Err(invalid("its key is not one of central's"));
        };
        let claims = verify_without_times(token, key, &users.token_issuer).map_err(refused)?;
        if claims.tenant != self.log.identity().tenant.uuid() {
            return Err(invalid("it is of another tenant"));
        }
        self.check_times(&claims)?;
        let caller = self.caller(UserId::new(claims.sub)).ok_or_else(|| invalid("its user has no role here"))?;
        if claims.device.is_none() {
            return Ok(caller);
        }
        // What central says that the device is takes rights away and gives none.
        let device_roles = claims.roles.iter().filter_map(|role| Role::new(role).ok()).collect();
        Ok(caller.on_device(device_roles))
    }

    fn check_times(&self, claims: &AccessClaims) -> Result<(), TokenRefusal> {
        let now = self.now();
        // Central stamped the token, so its clock is asked where it is known.
        let at_central = self.log.central_now().unwrap_or(now);
        if self.is_in_contact(now) {
            return if claims.has_expired(at_central) { Err(TokenRefusal::Expired) } else { Ok(()) };
        }
        let contact = self.contact_at().unwrap_or(Timestamp::MIN);
        let end = Timestamp(claims.exp.saturating_mul(1_000_000));
        let is_over = now >= later(contact, self.config.grace) || at_central >= later(end, self.config.grace);
        if is_over {
            let hours = u64::try_from(now.0.saturating_sub(contact.0) / 3_600_000_000).unwrap_or(0);
            return Err(TokenRefusal::Reauthenticate { hours });
        }
        Ok(())
    }
}

fn refused(error: TokenError) -> TokenRefusal {
    TokenRefusal::Invalid(error.to_string())
}
