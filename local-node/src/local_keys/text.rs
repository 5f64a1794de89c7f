//! A local key: its id, its text, and what is stored of its secret. `comptoir_proto::key_text` has the form of the text.

use std::fmt;

use comptoir_proto::key_text::{KeyKind, KeyText, LOCAL_ID_BYTES, SECRET_BYTES};
use subtle::ConstantTimeEq as _;

/// The stored hash of a secret is derived under this context.
const HASH_CONTEXT: &str = "comptoir/local-key/1";

/// The public part of a key: it names the key in lists, events and commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LocalKeyId([u8; LOCAL_ID_BYTES]);

impl LocalKeyId {
    /// From random bytes.
    pub(crate) fn new(bytes: [u8; LOCAL_ID_BYTES]) -> LocalKeyId {
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
    text: KeyText,
}

impl LocalKeyText {
    pub(super) fn new(id: LocalKeyId, secret: [u8; SECRET_BYTES]) -> LocalKeyText {
        LocalKeyText { id, text: KeyText::local(id.0, secret) }
    }

    /// Reads a text. `None` if it is no local key, or its checksum does not fit.
    pub(super) fn parse(text: &str) -> Option<LocalKeyText> {
        let text = KeyText::parse(KeyKind::ForNode, text).ok()?;
        Some(LocalKeyText { id: LocalKeyId::parse(text.key_id())?, text })
    }

    /// The text for its holder.
    pub fn expose(&self) -> String {
        self.text.text()
    }

    pub(super) fn hash(&self) -> SecretHash {
        SecretHash(blake3::derive_key(HASH_CONTEXT, self.text.secret()))
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
}
