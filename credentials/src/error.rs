/// Requests that wait for a verifier to be computed. One takes some 30 ms, so the last one waits for half a second.
pub(crate) const WAITING_MAX: usize = 32;

/// Why a verifier was not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many logins at a time.
    #[error("{WAITING_MAX} logins wait already; try again in a second")]
    Busy,
    /// The password or PIN is easy to guess.
    #[error("the password {0}")]
    Weak(String),
    /// The hash function or its thread failed.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}
