//! The text of a key: `<prefix><id>_<secret><checksum>`, all but the prefix in lower-case hex digits. Every kind of key has
//! this one form.
//!
//! The secret has 32 random bytes, and the checksum is the CRC-32 (IEEE, as in zlib) of every character before it. A
//! mistyped or cut key is refused without a lookup, and secret scanners find keys by their prefix and confirm them by their
//! checksum.

use comptoir_core::id::TenantId;
use uuid::Uuid;

/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
/// Random bytes of the id of a key for central, after the tenant's.
pub const CENTRAL_ID_RANDOM_BYTES: usize = 8;
/// Bytes of a local key's id.
pub const LOCAL_ID_BYTES: usize = 4;

/// What a key is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    /// A node's key or an administrator's token, for central. Its id is the tenant's 16 bytes and 8 random ones.
    ForCentral,
    /// A program's key for one node. Its id has 4 random bytes.
    ForNode,
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [KeyKind; 2] = [KeyKind::ForCentral, KeyKind::ForNode];

    /// What every key of the kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            KeyKind::ForCentral => "cpt_",
            KeyKind::ForNode => "cptl_",
        }
    }

    /// A pattern for secret scanners; a match is a key only if its checksum fits.
    pub const fn pattern(self) -> &'static str {
        match self {
            KeyKind::ForCentral => r"\bcpt_[0-9a-f]{48}_[0-9a-f]{72}\b",
            KeyKind::ForNode => r"\bcptl_[0-9a-f]{8}_[0-9a-f]{72}\b",
        }
    }

    const fn id_bytes(self) -> usize {
        match self {
            KeyKind::ForCentral => 16 + CENTRAL_ID_RANDOM_BYTES,
            KeyKind::ForNode => LOCAL_ID_BYTES,
        }
    }
}

/// The parts of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText {
    kind: KeyKind,
    key_id: String,
    secret: [u8; SECRET_BYTES],
}

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyText({}{}, not shown)", self.kind.prefix(), self.key_id)
    }
}

/// Why a text is no key. No variant repeats a part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyTextError {
    /// Another kind of text.
    #[error("a key is `{}`, {} hex digits, `_` and 72 hex digits, in lower case", .0.prefix(), 2 * .0.id_bytes())]
    Form(KeyKind),
    /// It looks like a key, and one of its characters is wrong.
    #[error("the key's checksum does not fit: it was mistyped or damaged; copy it again")]
    Checksum,
}

impl KeyText {
    /// A key for central, of a tenant.
    pub fn central(tenant: TenantId, random: [u8; CENTRAL_ID_RANDOM_BYTES], secret: [u8; SECRET_BYTES]) -> KeyText {
        let key_id = format!("{}{}", tenant.uuid().simple(), hex::encode(random));
        KeyText { kind: KeyKind::ForCentral, key_id, secret }
    }

    /// A key for one node.
    pub fn local(id: [u8; LOCAL_ID_BYTES], secret: [u8; SECRET_BYTES]) -> KeyText {
        KeyText { kind: KeyKind::ForNode, key_id: hex::encode(id), secret }
    }

    /// Reads a key of that kind.
    pub fn parse(kind: KeyKind, text: &str) -> Result<KeyText, KeyTextError> {
        let form = || KeyTextError::Form(kind);
        let (key_id, sealed) =
            text.strip_prefix(kind.prefix()).and_then(|rest| rest.split_once('_')).ok_or_else(form)?;
        if key_id.len() != 2 * kind.id_bytes() || !key_id.bytes().all(is_lower_hex) {
            return Err(form());
        }
        let sealed: [u8; SECRET_BYTES + CHECKSUM_BYTES] = lower_hex(sealed).ok_or_else(form)?;
        let (mut secret, mut checksum) = ([0; SECRET_BYTES], [0; CHECKSUM_BYTES]);
        secret.copy_from_slice(&sealed[..SECRET_BYTES]);
        checksum.copy_from_slice(&sealed[SECRET_BYTES..]);
        if checksum_of(&text[..text.len() - 2 * CHECKSUM_BYTES]) != checksum {
            return Err(KeyTextError::Checksum);
        }
        Ok(KeyText { kind, key_id: key_id.to_owned(), secret })
    }

    /// Names the key in lists.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What its holder proves to have.
    pub fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// The only tenant that a key for central is for. A local key names none.
    pub fn tenant(&self) -> Option<TenantId> {
        let tenant = self.key_id.get(..32).filter(|_| self.kind == KeyKind::ForCentral)?;
        Uuid::try_parse(tenant).ok().map(TenantId::new)
    }

    /// The text that the key's holder sends.
    pub fn text(&self) -> String {
        let text = format!("{}{}_{}", self.kind.prefix(), self.key_id, hex::encode(self.secret));
        let checksum = hex::encode(checksum_of(&text));
        text + &checksum
    }
}

fn checksum_of(text: &str) -> [u8; CHECKSUM_BYTES] {
    crc32fast::hash(text.as_bytes()).to_be_bytes()
}

/// One key has one text: capital digits would make another.
fn is_lower_hex(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'a'..=b'f')
}

fn lower_hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    hex::decode_to_slice(text, &mut bytes).ok().filter(|()| text.bytes().all(is_lower_hex))?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);

    fn keys() -> [KeyText; 2] {
        let of_central = KeyText::central(TENANT, [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0xff], [0xab; SECRET_BYTES]);
        [of_central, KeyText::local([1, 2, 3, 4], [7; SECRET_BYTES])]
    }

    /// The checksums as another program computes them: Python's `zlib.crc32(text[:-8].encode())`.
    #[test]
    fn keys_have_their_golden_texts_and_are_read_back_from_them() {
        let golden = [
            "cpt_0000000000000000000000000000000700112233445566ff_\
             abababababababababababababababababababababababababababababababab00bdb1df",
            "cptl_01020304_0707070707070707070707070707070707070707070707070707070707070707ed3f2ab6",
        ];
        for ((key, text), kind) in keys().into_iter().zip(golden).zip(KeyKind::ALL) {
            assert_eq!(key.text(), text);
            assert_eq!(KeyText::parse(kind, text), Ok(key));
        }
        assert_eq!(keys().map(|key| key.tenant()), [Some(TENANT), None]);
        assert_eq!(format!("{:?}", keys()[1]), "KeyText(cptl_01020304, not shown)");
    }

    /// 7: a typo needs no lookup.
    #[test]
    fn one_wrong_character_or_two_exchanged_ones_are_found() {
        for (key, kind) in keys().into_iter().zip(KeyKind::ALL) {
            let text = key.text();
            for at in kind.prefix().len()..text.len() {
                for wrong in "0123456789abcdefAF_x".chars().filter(|wrong| !text[at..].starts_with(*wrong)) {
                    let mut typed = text.clone();
                    typed.replace_range(at..=at, &wrong.to_string());
                    assert!(KeyText::parse(kind, &typed).is_err(), "{typed}");
                }
                let mut typed: Vec<char> = text.chars().collect();
                typed.swap(at - 1, at);
                let typed: String = typed.into_iter().collect();
                assert!(typed == text || KeyText::parse(kind, &typed).is_err(), "{typed}");
            }
        }
    }

    #[test]
    fn nothing_else_is_a_key() {
        for (key, kind) in keys().into_iter().zip(KeyKind::ALL) {
            let text = key.text();
            let (short, long) = (&text[..text.len() - 1], format!("{text}0"));
            let of_the_other = keys().map(|key| key.text()).into_iter().find(|other| *other != text).unwrap();
            for other in
                ["", "cpt", "cpt__", "k-1", "cpt_é", short, &long, &text.to_uppercase(), &text[4..], &of_the_other]
            {
                assert_eq!(KeyText::parse(kind, other), Err(KeyTextError::Form(kind)), "{other}");
            }
        }
    }

    /// A scanner that follows the documents finds what central and the nodes issue.
    #[test]
    fn the_documents_have_the_patterns_for_secret_scanners() {
        let page = |name: &str| {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let security = page("operating/security.md");
        for kind in KeyKind::ALL {
            assert!(security.contains(kind.pattern()), "{}", kind.pattern());
        }
        assert!(page("spec/local-api.md").contains(KeyKind::ForNode.pattern()));
    }
}
