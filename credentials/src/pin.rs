//! PINs: four to eight digits, which a computer tries in minutes whatever the hash. So a verifier is keyed with a secret of the
//! node (a pepper), and the caller counts the failures.

use argon2::{PasswordHasher as _, PasswordVerifier as _};

use crate::computing::{argon2, compute, compute_in_vain, failed, salt};
use crate::error::PasswordError;

/// Digits of a PIN.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// What PINs are hashed with besides their salt.
pub type Pepper = [u8; 32];

/// Refuses a PIN of another form, or one that is tried first.
pub fn check_pin(pin: &str) -> Result<(), PasswordError> {
    let weak = |what: &str| Err(PasswordError::Weak(what.to_owned()));
    if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return weak("is a PIN, which has four to eight digits");
    }
    let same = pin.bytes().all(|byte| Some(byte) == pin.bytes().next());
    if same || "01234567890".contains(pin) || "09876543210".contains(pin) {
        return weak("is a PIN that everybody tries first");
    }
    Ok(())
}

/// The verifier of a new PIN.
pub async fn verifier_of(pepper: Pepper, pin: &str) -> Result<String, PasswordError> {
    check_pin(pin)?;
    let pin = pin.to_owned();
    compute(move || {
        let hash = argon2(&pepper)?.hash_password_with_salt(pin.as_bytes(), &salt()?);
        hash.map(|hash: argon2::PasswordHash| hash.to_string()).map_err(failed)
    })
    .await
}

/// Whether a PIN has this verifier; without one no, after the same work.
pub async fn matches(pepper: Pepper, verifier: Option<String>, pin: &str) -> Result<bool, PasswordError> {
    let pin = pin.to_owned();
    compute(move || match verifier {
        Some(verifier) => Ok(argon2(&pepper)?.verify_password(pin.as_bytes(), verifier.as_str()).is_ok()),
        None => compute_in_vain(&pepper, pin.as_bytes()).map(|()| false),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pin_fits_with_the_pepper_of_its_node_alone() {
        let verifier = verifier_of([1; 32], "4071").await.unwrap();
        assert!(verifier.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{verifier}");
        let fits =
            async |pepper, verifier: Option<&String>, pin| matches(pepper, verifier.cloned(), pin).await.unwrap();
        assert!(fits([1; 32], Some(&verifier), "4071").await);
        assert!(!fits([2; 32], Some(&verifier), "4071").await, "a copy without the node's secret is of no use");
        assert!(!fits([1; 32], Some(&verifier), "4072").await);
        assert!(!fits([1; 32], None, "4071").await);
    }

    #[test]
    fn a_pin_has_four_to_eight_digits_and_is_not_the_first_that_everybody_tries() {
        for weak in ["", "407", "407140714", "40a1", "４０７１", "0000", "1234", "4321", "01234567"] {
            assert!(matches!(check_pin(weak), Err(PasswordError::Weak(_))), "{weak}");
        }
        for good in ["4071", "1235", "40714071"] {
            assert_eq!(check_pin(good), Ok(()), "{good}");
        }
    }
}
