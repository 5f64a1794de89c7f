//! Security events: `SECURITY_RECORDED` in central's own log, and `GET /api/v1/security-events`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::openapi::words;

/// The action of a security event; central alone seals it.
pub const SECURITY_RECORDED: &str = "SECURITY_RECORDED";

/// What looks like fraud or an attack. A word never changes its meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SecurityKind {
    /// Bytes that do not match the checksum or the chain sent with them.
    WrongChecksum,
    /// A validation with a code that is not the delivery's.
    ForeignQr,
    /// Two validations or scans of one user that nobody can have made by road.
    ImpossibleTravel,
    /// The clock of a node's machine was set back.
    ClockMovedBack,
    /// A refresh token that had been exchanged already.
    TokenReplayed,
    /// Logins of an account failed so often that it is locked for a while.
    LoginLocked,
    /// One key is used by two nodes.
    KeyUsedTwice,
    /// A record or event differs from what central holds under its seq or id.
    AlteredRecord,
    /// A record or event names another tenant than its credential.
    ForeignTenant,
    /// A revoked node destroyed records that central had not received.
    RecordsDestroyed,
}

impl SecurityKind {
    /// Every kind.
    pub const ALL: [SecurityKind; 10] = [
        SecurityKind::WrongChecksum,
        SecurityKind::ForeignQr,
        SecurityKind::ImpossibleTravel,
        SecurityKind::ClockMovedBack,
        SecurityKind::TokenReplayed,
        SecurityKind::LoginLocked,
        SecurityKind::KeyUsedTwice,
        SecurityKind::AlteredRecord,
        SecurityKind::ForeignTenant,
        SecurityKind::RecordsDestroyed,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            SecurityKind::WrongChecksum => "WRONG_CHECKSUM",
            SecurityKind::ForeignQr => "FOREIGN_QR",
            SecurityKind::ImpossibleTravel => "IMPOSSIBLE_TRAVEL",
            SecurityKind::ClockMovedBack => "CLOCK_MOVED_BACK",
            SecurityKind::TokenReplayed => "TOKEN_REPLAYED",
            SecurityKind::LoginLocked => "LOGIN_LOCKED",
            SecurityKind::KeyUsedTwice => "KEY_USED_TWICE",
            SecurityKind::AlteredRecord => "ALTERED_RECORD",
            SecurityKind::ForeignTenant => "FOREIGN_TENANT",
            SecurityKind::RecordsDestroyed => "RECORDS_DESTROYED",
        }
    }

    /// The kind of that word.
    pub fn parse(text: &str) -> Option<SecurityKind> {
        SecurityKind::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The payload of a security event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SecurityPayload {
    /// What it looks like.
    pub kind: SecurityKind,
    /// What it is about.
    pub subject: SecuritySubject,
    /// The log that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Uuid>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The event that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// What was seen, by kind; never a secret.
    pub details: Map<String, Value>,
}

/// What a security event is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecuritySubject {
    /// `KEY`, `NODE`, `DELIVERY`...
    pub entity_type: String,
    /// Its id.
    pub entity_id: String,
}

/// A page of security events.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecurityEventPage {
    /// The events after the cursor that fit the filter. A page may have fewer than `limit`, or none, while more follow.
    pub events: Vec<SecurityEventDto>,
    /// How often each kind was seen, whatever the filter; a kind that was never seen is absent.
    pub counts: Vec<SecurityCount>,
    /// The cursor to ask with again, as `after`.
    pub next: String,
    /// Whether more may follow: ask again with `next`.
    pub more: bool,
}

/// One security event.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SecurityEvent")]
pub struct SecurityEventDto {
    /// Its number in the tenant's order.
    pub position: u64,
    /// Its own id. The same cause has the same id, so it is recorded once.
    pub event_id: Uuid,
    /// What it looks like.
    pub kind: SecurityKind,
    /// What it is about.
    pub subject: SecuritySubject,
    /// The log that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Uuid>,
    /// The phone or desktop of that log, by its own name; absent for other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The event that showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Uuid>,
    /// When central recorded it.
    #[schemars(with = "words::Instant")]
    pub recorded_at: String,
    /// What was seen, by kind.
    #[schemars(with = "words::Members")]
    pub details: Box<RawValue>,
}

/// How often a kind was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecurityCount {
    /// The kind.
    pub kind: SecurityKind,
    /// Causes: as many security events there are.
    pub events: u64,
    /// How often they were seen, repeats included.
    pub times: u64,
    /// When it was last seen.
    #[schemars(with = "words::Instant")]
    pub last_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_kinds_are_those_of_their_json() {
        for kind in SecurityKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(SecurityKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(SecurityKind::parse("OTHER"), None);
    }
}
