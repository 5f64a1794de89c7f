//! The text of a local key: `cptl_<id>_<secret><check>`, in lower-case hexadecimal. The prefix lets scanners find a key that was
//! published by mistake; the check refuses a misspelt key without looking it up.

use std::fmt;

use subtle::ConstantTimeEq as _;

const PREFIX: &str = "cptl_";
const ID_BYTES: usize = 4;
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;
/// The stored hash of a secret is derived under this context.
const HASH_CONTEXT: &str = "comptoir/local-key/1";

/// The public part of a key: it names the key in lists, events and commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalKeyId([u8; ID_BYTES]);

impl LocalKeyId {
    /// From random bytes.
    pub(crate) fn new(bytes: [u8; ID_BYTES]) -> LocalKeyId {
        LocalKeyId(bytes)
    }

    /// The id of that text.
    pub fn parse(text: &str) -> Option<LocalKeyId> {
        lower_hex(text).map(LocalKeyId)
    }

    /// The key under which it is stored.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Display for LocalKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A whole key. It is shown once and never stored.
#[derive(Clone)]
pub struct LocalKeyText {
    pub(super) id: LocalKeyId,
    secret: [u8; SECRET_BYTES],
}

impl LocalKeyText {
    pub(super) fn new(id: LocalKeyId, secret: [u8; SECRET_BYTES]) -> LocalKeyText {
        LocalKeyText { id, secret }
    }

    /// Reads a text. `None` if it is no local key, or its check does not match.
    pub(super) fn parse(text: &str) -> Option<LocalKeyText> {
        let (id, rest) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let (secret, check) = rest.split_at_checked(2 * SECRET_BYTES)?;
        let key = LocalKeyText { id: LocalKeyId::parse(id)?, secret: lower_hex(secret)? };
        (check == key.check()).then_some(key)
    }

    /// The text for its holder.
    pub fn expose(&self) -> String {
        format!("{}{}", self.checked_part(), self.check())
    }

    pub(super) fn hash(&self) -> SecretHash {
        SecretHash(blake3::derive_key(HASH_CONTEXT, &self.secret))
    }

    fn checked_part(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, hex::encode(self.secret))
    }

    fn check(&self) -> String {
        hex::encode(&blake3::hash(self.checked_part().as_bytes()).as_bytes()[..CHECK_BYTES])
    }
}

impl fmt::Debug for LocalKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeyText({}, not shown)", self.id)
    }
}

/// What is stored of a secret. The secret is random, so a fast hash is enough.
#[derive(Clone)]
pub(super) struct SecretHash([u8; 32]);

impl SecretHash {
    pub(super) fn parse(text: &str) -> Option<SecretHash> {
        lower_hex(text).map(SecretHash)
    }

    pub(super) fn text(&self) -> String {
        hex::encode(self.0)
    }

    /// Compares in constant time.
    pub(super) fn equals(&self, other: &SecretHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Each key has one text, so capital letters are refused.
fn lower_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let is_lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    hex::decode_to_slice(text, &mut bytes).ok().filter(|()| is_lower)?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LocalKeyText {
        LocalKeyText::new(LocalKeyId([1, 2, 3, 4]), [7; SECRET_BYTES])
    }

    #[test]
    fn a_key_reads_back_and_shows_its_id_alone() {
        let text = key().expose();
        assert!(text.starts_with("cptl_01020304_0707"), "{text}");
        let read = LocalKeyText::parse(&text).expect("it is whole");
        assert!(read.id == key().id && read.hash().equals(&key().hash()));
        assert_eq!(format!("{:?}", key()), "LocalKeyText(01020304, not shown)");
        assert!(!key().hash().text().contains("0707"), "the secret is not stored");
    }

    #[test]
    fn a_misspelt_key_is_refused_by_its_check() {
        let text = key().expose();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(LocalKeyText::parse(&changed).is_none(), "{changed}");
        }
        for wrong in ["", "cptl_", "cptl_01020304_", &text[..text.len() - 1], &format!("{text}0"), &text.to_uppercase()]
        {
            assert!(LocalKeyText::parse(wrong).is_none(), "{wrong}");
        }
    }
}
