//! The decoders of central that read text from the network, for the fuzz targets: no other crate has them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_core::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::accounts::read_secret;
use crate::devices::time_cursor;
use crate::feed::Token;
use crate::identity::access_token;
use crate::reporting::{read_cursor, write_cursor};
use crate::sync_log::SyncLogCursor;

/// The issuer of the tokens that [`token`] accepts.
pub const ISSUER: &str = "comptoir/fuzzed";
/// The time at which it is asked.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000_000);
/// The key id of its tokens.
pub const KID: &str = "fuzzed";

/// The key that signs its tokens.
pub fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Reads an access token as a request with it does. Whether it is accepted.
pub fn token(text: &str) -> bool {
    let key = signing_key().verifying_key().to_bytes();
    let is_known = access_token::is_jwt(text) && access_token::kid_of(text).is_ok_and(|kid| kid == KID);
    let is_accepted = is_known && access_token::verify(text, &key, ISSUER, NOW).is_ok();
    assert!(!is_accepted || text.starts_with("eyJ"), "an accepted token has a header");
    is_accepted
}

/// The token of a header and claims, signed with the right key: behind the signature are decoders too.
pub fn signed(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = signing_key().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Reads a refresh token, or a one-time code. Whether it has the form of one.
pub fn secret(text: &str) -> bool {
    ["cpr", "cpl"].iter().any(|prefix| read_secret(prefix, text).is_some())
}

/// Reads the cursors of central's lists, of the customer contracts and of a bootstrap. How many of them it may be.
pub fn cursors(text: &str) -> usize {
    let mut read = 0;
    for parts in 1..=2 {
        if let Some(key) = read_cursor(text, parts) {
            let words: Vec<Option<&str>> = key.iter().map(Option::as_deref).collect();
            assert_eq!(read_cursor(&write_cursor(&words), parts), Some(key.clone()), "a cursor means the same again");
            read += 1;
        }
    }
    if let Some(cursor) = SyncLogCursor::parse(text) {
        assert_eq!(SyncLogCursor::parse(&cursor.to_string()).map(|again| again.to_string()), Some(cursor.to_string()));
        read += 1;
    }
    read + usize::from(time_cursor::parse("since", Some(text)).is_ok()) + usize::from(text.parse::<Token>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_is_accepted_and_a_changed_one_is_not() {
        let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{KID}"}}"#);
        let id = "0199a8f0-0000-7000-8000-000000000001";
        let claims = format!(
            r#"{{"iss":"{ISSUER}","aud":"comptoir","sub":"{id}","tenant":"{id}","sid":"{id}","roles":[],"sites":[],
                "jti":"{id}","iat":1800000000,"nbf":1800000000,"exp":1800000900}}"#
        );
        assert!(token(&signed(header.as_bytes(), claims.as_bytes())));
        assert!(!token(&signed(header.as_bytes(), claims.replace("1800000900", "\"1800000900\"").as_bytes())));
        assert!(!token(&signed(header.replace("EdDSA", "none").as_bytes(), claims.as_bytes())));
    }
}
