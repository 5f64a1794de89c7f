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
    }
}
