//! The text of a key for central: `cpt_<key id>_<secret><checksum>`, all in lower-case hex digits.
//!
//! The key id is the tenant's 16 bytes and 8 random ones, the secret has 32 random bytes, and the checksum is the CRC-32 (IEEE,
//! as in zlib) of every character before it. A mistyped or cut key is refused without a lookup, and secret scanners find keys by
//! their prefix and confirm them by their checksum.

use comptoir_core::id::TenantId;
use uuid::Uuid;

/// What every key begins with.
pub const PREFIX: &str = "cpt_";
/// A pattern for secret scanners; a match is a key only if its checksum fits.
pub const PATTERN: &str = r"\bcpt_[0-9a-f]{48}_[0-9a-f]{72}\b";
/// The tenant's 16 bytes and 8 random ones.
pub const KEY_ID_BYTES: usize = 24;
/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

/// The parts of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    /// The only tenant that the key is for.
    pub tenant: TenantId,
    /// Names the key in lists: 48 hex digits.
    pub key_id: String,
    /// What its holder proves to have.
    pub secret: [u8; SECRET_BYTES],
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyText({})", self.key_id)
    }
}

/// Why a text is no key. No variant repeats a part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Another kind of text.
    #[error("a key is `cpt_`, 48 hex digits, `_` and 72 hex digits, in lower case")]
    Form,
    /// It looks like a key, and one of its characters is wrong.
    #[error("the key's checksum does not fit: it was mistyped or damaged; copy it again")]
    Checksum,
}

impl KeyText {
    /// Reads a key.
    pub fn parse(text: &str) -> Result<KeyText, KeyTextError> {
        let (key_id, secret) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(KeyTextError::Form)?;
        let id: [u8; KEY_ID_BYTES] = lower_hex(key_id)?;
        let sealed: [u8; SECRET_BYTES + CHECKSUM_BYTES] = lower_hex(secret)?;
        let (mut secret, mut checksum) = ([0; SECRET_BYTES], [0; CHECKSUM_BYTES]);
        secret.copy_from_slice(&sealed[..SECRET_BYTES]);
        checksum.copy_from_slice(&sealed[SECRET_BYTES..]);
        if checksum_of(&text[..text.len() - 2 * CHECKSUM_BYTES]) != checksum {
            return Err(KeyTextError::Checksum);
        }
        let mut tenant = [0; 16];
        tenant.copy_from_slice(&id[..16]);
        Ok(KeyText { tenant: TenantId::new(Uuid::from_bytes(tenant)), key_id: key_id.to_owned(), secret })
    }

    /// The text that the key's holder sends.
    pub fn text(&self) -> String {
        let text = format!("{PREFIX}{}_{}", self.key_id, hex::encode(self.secret));
        let checksum = hex::encode(checksum_of(&text));
        text + &checksum
    }
}

fn checksum_of(text: &str) -> [u8; CHECKSUM_BYTES] {
    crc32fast::hash(text.as_bytes()).to_be_bytes()
}

/// One key has one text: capital digits would make another.
fn lower_hex<const BYTES: usize>(text: &str) -> Result<[u8; BYTES], KeyTextError> {
    let mut bytes = [0; BYTES];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyTextError::Form)?;
    if text.bytes().any(|digit| digit.is_ascii_uppercase()) { Err(KeyTextError::Form) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> KeyText {
        let tenant = TenantId::new(Uuid::from_u128(7));
        let key_id = format!("{}{}", tenant.uuid().simple(), "00112233445566ff");
        KeyText { tenant, key_id, secret: [0xab; SECRET_BYTES] }
    }

    /// The checksum as another program computes it: Python's `zlib.crc32(text[:-8].encode())`.
    #[test]
    fn a_key_is_read_back_from_its_text() {
        let text = key().text();
        assert_eq!(text, format!("cpt_{}_{}{}", key().key_id, "ab".repeat(32), "00bdb1df"));
        assert_eq!(KeyText::parse(&text), Ok(key()));
    }

    /// 7: a typo needs no lookup.
    #[test]
    fn one_wrong_character_or_two_exchanged_ones_are_found() {
        let text = key().text();
        for at in PREFIX.len()..text.len() {
            for wrong in "0123456789abcdefAF_x".chars().filter(|wrong| !text[at..].starts_with(*wrong)) {
                let mut typed = text.clone();
                typed.replace_range(at..=at, &wrong.to_string());
                assert!(KeyText::parse(&typed).is_err(), "{typed}");
            }
            let mut typed: Vec<char> = text.chars().collect();
            typed.swap(at - 1, at);
            let typed: String = typed.into_iter().collect();
            assert!(typed == text || KeyText::parse(&typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn nothing_else_is_a_key() {
        let text = key().text();
        let (short, long) = (&text[..text.len() - 1], format!("{text}0"));
        for other in ["", "cpt", "cpt__", "k-1", "cpt_é", short, &long, &text.to_uppercase(), &text[4..]] {
            assert_eq!(KeyText::parse(other), Err(KeyTextError::Form), "{other}");
        }
    }
}
