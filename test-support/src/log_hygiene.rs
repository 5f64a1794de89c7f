//! No secret in any log line. Each server that a test starts is checked when it goes, so the whole suite is.

/// What only secrets begin with: our keys, credentials in headers, signed tokens, password hashes, private keys.
const BEGINNINGS: [&str; 8] = ["cpt_", "cptl_", "cpr_", "Bearer ", "Basic ", "eyJ", "$argon2", "PRIVATE KEY--"];

/// Shorter words name a key without its secret, or are prose.
const CHARS_MIN: usize = 60;

/// The lines of a log that have a secret: one of these texts, or something that looks like one.
pub fn lines_with_secrets<'log>(log: &'log str, secrets: &[&str]) -> Vec<&'log str> {
    let has_one = |line: &str| {
        let known = secrets.iter().any(|secret| !secret.is_empty() && line.contains(secret));
        known
            || BEGINNINGS
                .iter()
                .any(|beginning| line.match_indices(beginning).any(|(at, _)| is_long(&line[at..], beginning)))
    };
    log.lines().filter(|line| has_one(line)).collect()
}

/// Whether what begins so goes on without a blank, as a secret does.
fn is_long(text: &str, beginning: &str) -> bool {
    let rest = &text[beginning.len()..];
    let word = rest.chars().take_while(|char| char.is_ascii_alphanumeric() || "_-.+/=$,".contains(*char)).count();
    match beginning {
        "PRIVATE KEY--" => true,
        // A credential in a header may be short.
        "Bearer " | "Basic " => word >= 16,
        "$argon2" => word >= 16,
        _ => beginning.len() + word >= CHARS_MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_any_line_and_what_names_one_is_not() {
        let key = format!("cpt_{}_{}", "0a".repeat(24), "f1".repeat(32));
        let jwt = format!("eyJhbGciOiJFZERTQSJ9.{}.{}", "a".repeat(60), "b".repeat(80));
        let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA";
        let (bearer, private) = ("authorization: Bearer abcdef0123456789", "-----BEGIN PRIVATE KEY-----");
        for bad in [key.as_str(), &jwt, hash, bearer, private, "the word hunter2 itself"] {
            let log = format!("first line\nx {bad} y\nlast line");
            assert_eq!(lines_with_secrets(&log, &["hunter2"]).len(), 1, "{bad}");
        }
        let fine = "send `Authorization: Bearer <key>`\nkey cpt_0a0b0c has no node\nBasic rules\neyJ is a beginning";
        assert_eq!(lines_with_secrets(fine, &["hunter2", ""]), [""; 0]);
    }
}
