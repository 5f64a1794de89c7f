//! Which passwords are strong enough. Their verifiers are those of `comptoir-credentials`, which nodes use too.

pub use comptoir_credentials::password::PasswordError;
pub(crate) use comptoir_credentials::password::{matches, verifier_of};

use super::weak_password::weakness;

/// Refuses a password that is too short, too long, or one of the first that anybody tries. It may not be the login or the
/// company's name with a little more.
pub(crate) fn check_strength(password: &str, login: &str, company: &str) -> Result<(), PasswordError> {
    weakness(password, &[login, company]).map_or(Ok(()), |what| Err(PasswordError::Weak(what)))
}
