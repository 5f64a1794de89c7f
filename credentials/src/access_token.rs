//! Access tokens: JWTs with an Ed25519 signature, valid for 15 minutes. `docs/spec/identity.md` lists their claims.
//!
//! One algorithm is accepted, whatever a token's header says, and the key is chosen by `kid` among central's own. Times are
//! compared here and not by the library, which would read the machine's clock.

use comptoir_core::time::Timestamp;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a token is valid.
pub const ACCESS_SECONDS: i64 = 15 * 60;
/// Tolerated difference between the clocks of central's processes.
const LEEWAY_SECONDS: i64 = 30;
/// For whom tokens are made.
pub const AUDIENCE: &str = "comptoir";
/// The `typ` of an access token (RFC 9068), so that no other JWT passes for one.
const TYPE: &str = "at+jwt";
/// Bytes of a token: many roles and sites still fit.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The claims of an access token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    /// `comptoir/` and central's incarnation.
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// The user's id.
    pub sub: Uuid,
    /// The user's tenant.
    pub tenant: Uuid,
    /// The login that the token belongs to.
    pub sid: Uuid,
    /// The device that logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// For clients to show. Servers read the user's rows.
    pub roles: Vec<String>,
    /// The sites of these roles; empty if they are held at every site.
    pub sites: Vec<Uuid>,
    /// The id of this token: no two tokens have the same.
    pub jti: Uuid,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// From when it is valid.
    pub nbf: i64,
    /// Until when it is valid.
    pub exp: i64,
}

impl AccessClaims {
    /// Whether the token's time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.exp.saturating_add(LEEWAY_SECONDS) <= now.0.div_euclid(1_000_000)
    }
}

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No token of this central.
    #[error("not an access token of this central: {0}")]
    Invalid(String),
    /// The client refreshes it.
    #[error("the access token has expired")]
    Expired,
}

/// Whether a bearer text has the form of a JWT. A key has no dots.
pub fn is_jwt(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The key id in a token's header.
pub fn kid_of(token: &str) -> Result<String, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Invalid(format!("it has more than {TOKEN_BYTES_MAX} bytes")));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| TokenError::Invalid(error.to_string()))?;
    if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(TYPE) {
        return Err(TokenError::Invalid(format!("its header is not EdDSA and {TYPE}")));
    }
    header.kid.ok_or_else(|| TokenError::Invalid("it names no key".to_owned()))
}

/// Verifies a token with the public key that its header names.
pub fn verify(token: &str, public_key: &[u8; 32], issuer: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
    let claims = verify_without_times(token, public_key, issuer)?;
    if claims.nbf.saturating_sub(LEEWAY_SECONDS) > now.0.div_euclid(1_000_000) {
        return Err(TokenError::Invalid("it is not valid yet".to_owned()));
    }
    if claims.has_expired(now) { Err(TokenError::Expired) } else { Ok(claims) }
}

/// The same for a node without contact: what its times mean is the caller's business.
pub fn verify_without_times(token: &str, public_key: &[u8; 32], issuer: &str) -> Result<AccessClaims, TokenError> {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<AccessClaims>(token, &DecodingKey::from_ed_der(public_key), &validation);
    Ok(decoded.map_err(|error| TokenError::Invalid(error.to_string()))?.claims)
}

/// Signs claims.
pub fn sign(claims: &AccessClaims, kid: &str, key: &SigningKey) -> Result<String, TokenError> {
    let header = Header { typ: Some(TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(&pkcs8(key)))
        .map_err(|error| TokenError::Invalid(error.to_string()))
}

/// The key in the form that the library reads (RFC 8410).
fn pkcs8(key: &SigningKey) -> Vec<u8> {
    const PREFIX: [u8; 16] =
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [PREFIX.as_slice(), &key.to_bytes()].concat()
}

#[cfg(test)]
mod tests;
