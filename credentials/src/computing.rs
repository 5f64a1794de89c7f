//! Argon2id with 19 MiB, two passes and one lane, as OWASP recommends. It is computed on two threads at a time, so that logins
//! use 38 MiB at most, however many arrive.

use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::{PasswordError, WAITING_MAX};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Verifiers that are computed at a time: 19 MiB each.
pub(crate) const AT_ONCE: usize = 2;
pub(crate) static COMPUTING: Semaphore = Semaphore::const_new(AT_ONCE);
static WAITING: Semaphore = Semaphore::const_new(WAITING_MAX);

/// The hash function, with a secret that is not stored next to its results, or an empty one.
pub(crate) fn argon2(secret: &[u8]) -> Result<Argon2<'_>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
    Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).map_err(failed)
}

pub(crate) fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

/// A random salt.
pub(crate) fn salt() -> Result<[u8; 16], PasswordError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(failed)?;
    Ok(salt)
}

/// Does the work of one verifier for nobody.
pub(crate) fn compute_in_vain(secret: &[u8], given: &[u8]) -> Result<(), PasswordError> {
    let mut unused = [0u8; 32];
    argon2(secret)?.hash_password_into(given, b"comptoir/no-user", &mut unused).map_err(failed)
}

/// Runs the work on a thread for it, when its turn comes.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let _place = WAITING.try_acquire().map_err(|_| PasswordError::Busy)?;
    let turn = COMPUTING.acquire().await.map_err(failed)?;
    // The permit moves to the thread: a caller who goes away does not free the memory.
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(failed)?
}
