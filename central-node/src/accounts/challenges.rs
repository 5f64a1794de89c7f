//! What a device signs to log in: a text of central's own that is valid for five minutes, so that an old signature is none.
//! Nothing is stored: central recognises its text by a keyed hash.

use comptoir_core::id::TenantId;
use comptoir_core::time::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::context::Accounts;
use super::error::AccountError;
use super::secrets::random_secret;

const PREFIX: &str = "cpc";
const VALID_MICROS: i64 = 5 * 60 * 1_000_000;
const NONCE_BYTES: usize = 16;

/// A challenge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// What the device signs, with what it logs in to.
    pub text: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// A new challenge.
    pub fn challenge(&self) -> Result<Challenge, AccountError> {
        let expires_at = self.now().shifted(VALID_MICROS);
        let random = random_secret()?;
        let body = [expires_at.0.to_be_bytes().as_slice(), &random[..NONCE_BYTES]].concat();
        let text = format!("{PREFIX}_{}_{}", hex::encode(&body), hex::encode(self.challenge_mac(&body)));
        Ok(Challenge { text, expires_at })
    }

    /// Whether a text is a challenge of this central that is still valid.
    pub(super) fn is_challenge(&self, text: &str, now: Timestamp) -> bool {
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_')?.split_once('_'));
        let Some((body, mac)) = parts else { return false };
        let (mut body_bytes, mut mac_bytes) = ([0u8; 8 + NONCE_BYTES], [0u8; 32]);
        let read =
            hex::decode_to_slice(body, &mut body_bytes).is_ok() && hex::decode_to_slice(mac, &mut mac_bytes).is_ok();
        let mut expires_at = [0u8; 8];
        expires_at.copy_from_slice(&body_bytes[..8]);
        let is_own = bool::from(mac_bytes.ct_eq(&self.challenge_mac(&body_bytes)));
        read && is_own && now < Timestamp(i64::from_be_bytes(expires_at))
    }

    /// Of no tenant: a device may ask before it names one.
    fn challenge_mac(&self, body: &[u8]) -> [u8; 32] {
        self.keyed_hash("challenge", TenantId::new(Uuid::nil()), body)
    }
}
