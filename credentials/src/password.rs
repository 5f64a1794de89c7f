//! Password verifiers: argon2id in PHC form.

use argon2::{PasswordHasher as _, PasswordVerifier as _};

use crate::computing::{argon2, compute, compute_in_vain, failed, salt};
pub use crate::error::PasswordError;

/// The verifier of a new password.
pub async fn verifier_of(password: &str) -> Result<String, PasswordError> {
    let password = password.to_owned();
    compute(move || {
        let hash = argon2(&[])?.hash_password_with_salt(password.as_bytes(), &salt()?);
        hash.map(|hash: argon2::PasswordHash| hash.to_string()).map_err(failed)
    })
    .await
}

/// Whether a password has this verifier. Without a verifier the answer is no, after the same work: otherwise the time of an
/// answer would show which logins exist.
pub async fn matches(verifier: Option<String>, password: &str) -> Result<bool, PasswordError> {
    let password = password.to_owned();
    compute(move || match verifier {
        Some(verifier) => Ok(argon2(&[])?.verify_password(password.as_bytes(), verifier.as_str()).is_ok()),
        None => compute_in_vain(&[], password.as_bytes()).map(|()| false),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::computing::{AT_ONCE, COMPUTING};
    use crate::error::WAITING_MAX;

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
        }
        assert!(answered >= AT_ONCE && answered + busy == WAITING_MAX * 2, "{answered} answered, {busy} refused");
        // Every permit comes back, though other tests of this process hold some meanwhile.
        drop(COMPUTING.acquire_many(AT_ONCE as u32).await.unwrap());
    }
}
