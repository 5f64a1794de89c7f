//! Which passwords are strong enough. Their verifiers are those of `comptoir-credentials`, which nodes use too.

pub use comptoir_credentials::password::PasswordError;
pub(crate) use comptoir_credentials::password::{matches, verifier_of};

/// The shortest password. Length is worth more than rules about characters, which people meet with a final `1!`.
const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password. Argon2 hashes any length; this bounds the request.
const PASSWORD_CHARS_MAX: usize = 128;

/// Refuses a password that is too short, too long, or one of the first that anybody tries.
pub(crate) fn check_strength(password: &str, login: &str) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    let weak = |what: String| Err(PasswordError::Weak(what));
    if chars < PASSWORD_CHARS_MIN {
        return weak(format!("has {chars} characters; at least {PASSWORD_CHARS_MIN} are needed, such as four words"));
    }
    if chars > PASSWORD_CHARS_MAX {
        return weak(format!("has {chars} characters; at most {PASSWORD_CHARS_MAX} are allowed"));
    }
    let lower = password.to_lowercase();
    if lower.contains(login) && login.chars().count() > 3 {
        return weak("contains the login".to_owned());
    }
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    if distinct.len() < 5 || SEQUENCES.iter().any(|sequence| sequence.contains(&lower)) {
        return weak("repeats a few characters, or follows the keyboard".to_owned());
    }
    if COMMON.iter().any(|word| is_word_with_digits(&lower, word)) {
        return weak("is a common word with digits after it".to_owned());
    }
    Ok(())
}

const SEQUENCES: [&str; 5] = [
    "01234567890123456789",
    "98765432109876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
];
const COMMON: [&str; 8] =
    ["password", "motdepasse", "administrator", "administrateur", "comptoir", "welcome", "bonjour", "azertyuiop"];

fn is_word_with_digits(password: &str, word: &str) -> bool {
    password.strip_prefix(word).is_some_and(|rest| rest.chars().all(|char| !char.is_alphabetic()))
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;

use super::weak_password::weakness;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Verifiers that are computed at a time: 19 MiB each.
const AT_ONCE: usize = 2;
/// Requests that wait for one. A verifier takes some 30 ms, so the last one waits for half a second.
const WAITING_MAX: usize = 32;
static COMPUTING: Semaphore = Semaphore::const_new(AT_ONCE);
static WAITING: Semaphore = Semaphore::const_new(WAITING_MAX);

/// Why a verifier was not computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too many logins at a time.
    #[error("{WAITING_MAX} logins wait already; try again in a second")]
    Busy,
    /// The password is easy to guess.
    #[error("the password {0}")]
    Weak(String),
    /// The hash function or its thread failed.
    #[error("the password could not be hashed: {0}")]
    Failed(String),

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants that argon2 accepts");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)

/// Refuses a password that is too short, too long, or one of the first that anybody tries. It may not be the login or the
/// company's name with a little more.
pub(crate) fn check_strength(password: &str, login: &str, company: &str) -> Result<(), PasswordError> {
    weakness(password, &[login, company]).map_or(Ok(()), |what| Err(PasswordError::Weak(what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_anybody_tries_first_is_refused_with_the_reason() {
        for weak in
            ["", "elevenchars", "aaaaaaaaaaaa", "012345678901", "azertyuiopqs", "password12345!", "Motdepasse123"]
        {
            assert!(matches!(check_strength(weak, "amelie"), Err(PasswordError::Weak(_))), "{weak}");
        }
        assert!(check_strength("amelie-est-la", "amelie").is_err());
        assert!(check_strength(&"x".repeat(129), "amelie").is_err());
        assert_eq!(check_strength("quatre mots au hasard", "amelie"), Ok(()));
    #[tokio::test]
    async fn a_verifier_is_argon2id_with_a_salt_of_its_own_and_fits_its_password_alone() {
        let verifier = verifier_of("correct horse battery").await.unwrap();
        assert!(verifier.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{verifier}");
        assert_ne!(verifier, verifier_of("correct horse battery").await.unwrap());
        assert!(matches(Some(verifier.clone()), "correct horse battery").await.unwrap());
        assert!(!matches(Some(verifier), "correct horse batterz").await.unwrap());
        assert!(!matches(None, "correct horse battery").await.unwrap());
    }

    /// Logins that arrive together use the memory of two.
    #[tokio::test(flavor = "multi_thread")]
    async fn logins_over_the_limit_are_refused_at_once_and_the_others_are_answered() {
        let logins: Vec<_> =
            (0..WAITING_MAX * 2).map(|_| tokio::spawn(matches(None, "correct horse battery"))).collect();
        let (mut answered, mut busy) = (0, 0);
        for login in logins {
            match login.await.unwrap() {
                Ok(false) => answered += 1,
                Err(PasswordError::Busy) => busy += 1,
                other => panic!("{other:?}"),
            }
        assert!(answered >= AT_ONCE && answered + busy == WAITING_MAX * 2, "{answered} answered, {busy} refused");
        // Every permit comes back, though other tests of this process hold some meanwhile.
        drop(COMPUTING.acquire_many(AT_ONCE as u32).await.unwrap());
    }
}
