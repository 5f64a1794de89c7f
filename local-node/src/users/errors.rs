use comptoir_core::time::Timestamp;
use comptoir_credentials::password::PasswordError;

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoginError {
    /// Login, password or PIN is wrong.
    #[error("the login or the password is wrong")]
    Failed,
    /// The user has no PIN here, or it is locked after too many failures.
    #[error("there is no PIN that can be used: log in with the password")]
    NoPin,
    /// The PIN is right, and not enough now.
    #[error("a PIN is not enough now: log in with the password")]
    PasswordRequired,
    /// Too many failures.
    #[error("too many failed logins; try again in {wait_seconds} s")]
    TooMany {
        /// Until when attempts are refused.
        wait_seconds: u64,
    },
    /// Too many logins at a time, or a PIN that is easy to guess.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// It could not be stored.
    #[error("it could not be stored: {0}")]
    NotStored(String),
}

/// Why an access token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenRefusal {
    /// It is no token of this tenant's central, or its user may not work here.
    #[error("the access token is not accepted here: {0}")]
    Invalid(String),
    /// Its time is over, and central can be reached for another one.
    #[error("the access token has expired")]
    Expired,
    /// Neither central nor the user's password has been heard of for too long.
    #[error("central was last reached {hours} hours ago: log in again")]
    Reauthenticate {
        /// Hours since the last contact.
        hours: u64,
    },
}

/// Whole seconds from one time to a later one, at least 1.
pub(super) fn seconds_until(now: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.0.saturating_sub(now.0) / 1_000_000).unwrap_or(0).max(1)
}
