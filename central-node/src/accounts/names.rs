//! What people type: logins, names, and the names of devices.

use super::error::AccountError;

pub(super) const LOGIN_CHARS_MAX: usize = 64;
const NAME_CHARS_MAX: usize = 100;
const DEVICE_CHARS_MAX: usize = 128;

/// Checks a login and puts it in lower case.
pub(super) fn login_of(text: &str) -> Result<String, AccountError> {
    let login = text.to_lowercase();
    let chars = login.chars().count();
    let fits = login.chars().all(|char| char.is_alphanumeric() || "._-@+".contains(char));
    if fits && (1..=LOGIN_CHARS_MAX).contains(&chars) {
        return Ok(login);
    }
    Err(AccountError::Login(text.chars().take(LOGIN_CHARS_MAX).collect()))
}

pub(super) fn name_of(text: &str) -> Result<&str, AccountError> {
    let name = text.trim();
    if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(AccountError::Name(text.chars().take(NAME_CHARS_MAX).collect()))
}

/// Checks the name that a device gives itself.
pub(super) fn device_of(text: &str) -> Result<&str, AccountError> {
    let fits = (1..=DEVICE_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then_some(text).ok_or_else(|| AccountError::Device(text.chars().take(DEVICE_CHARS_MAX).collect()))
}
