//! The pull protocol, version 1. `docs/spec/pull.md` specifies it.
//!
//! A pull returns **rows** and not events: the current state of each row of the node's scope that changed after the cursor,
//! in the order of (position of its last change, key). A row that changes again moves to its new position, so a reader
//! receives it later and never misses it. Positions are assigned under the tenant's lock in commit order, so no change ever
//! appears before a cursor.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use comptoir_core::chain::ChainHash;
use comptoir_core::position::Position;

use crate::openapi::words;

/// Long enough that two pasts of one tenant are never confused, and short enough to travel with every request.
const PROOF_DIGITS: usize = 16;

/// The answer to `GET /api/v1/sync/pull?cursor&limit&wait`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PullResponse {
    /// Changes in the order of positions.
    pub changes: Vec<RowChange>,
    /// Notices about this node's own events up to `complete_through`, by position.
    pub notices: Vec<Notice>,
    /// The cursor of the next pull: see [`PullCursor`].
    pub cursor: String,
    /// Every change up to this position has been delivered, now or before: events at or below it leave the node's overlay.
    pub complete_through: u64,
    /// True if more changes are available now.
    pub has_more: bool,
    /// The tenant's head when this was answered.
    pub head: u64,
    /// The state of this device.
    pub device: DeviceStatus,
    /// Position of the tenant's last change of a user, a role or a permission. A node that knows another one reads its users
    /// again (`GET /api/v1/sync/users`).
    pub identity_position: u64,
    /// The rulebook in force, unless it is the one that the cursor names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rulebook: Option<RulebookInForce>,
    /// `received_at` of the last delivered change, or central's time if there is none; never a cursor.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// Central's incarnation.
    pub incarnation: Uuid,
}

/// The read model of a row. The order of the variants is the order of rows that changed at one position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// [`EntityRow`](crate::read_v1::EntityRow), of any type: clients, products, school records.
    Entity,
    /// [`DeliveryRow`](crate::read_v1::DeliveryRow).
    Delivery,
    /// [`InvoiceRow`](crate::read_v1::InvoiceRow), of the node's site.
    Invoice,
    /// [`StockRow`](crate::read_v1::StockRow), of the node's site and of the tenant's own stock.
    Stock,
}

/// The key of a row. Rows of one position are ordered by it: texts bytewise, an absent site first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RowKey {
    /// The read model.
    pub kind: RowKind,
    /// The entity type: `CLIENT`, `DELIVERY`, `INVOICE`, `STOCK`...
    pub entity_type: String,
    /// The entity id; for stock, the product's.
    pub entity_id: String,
    /// For stock only: the site, absent for the tenant's own stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Uuid>,
}

/// A row as of the change at `position`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RowChange {
    /// The row's key.
    #[serde(flatten)]
    pub key: RowKey,
    /// Position of the row's last change. A row is applied only if this is above the position of the stored row.
    pub position: u64,
    /// When central received the last change.
    #[schemars(with = "words::Instant")]
    pub received_at: String,
    /// One of the types of [`read_v1`](crate::read_v1), according to `key.kind`. Absent: the row left the node's scope and is
    /// removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Members>")]
    pub row: Option<Box<RawValue>>,
}

/// What became of one of this node's own events after its push was answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// The position of the release or resolution; it identifies the notice together with `event_id`.
    pub position: u64,
    /// The node's own event.
    pub event_id: Uuid,
    /// The type of the event's entity.
    pub entity_type: String,
    /// The id of the event's entity.
    pub entity_id: String,
    /// `RELEASED` (from quarantine: the event took effect) or `RESOLVED` (a person decided the conflict).
    #[schemars(with = "words::NoticeKind")]
    pub kind: String,
    /// The details of the notice. For `RELEASED`: the verdict, code, reference and resolution of the effect. For `RESOLVED`:
    /// the choice and the resulting fields. `docs/spec/pull.md` specifies them.
    pub data: Value,
    /// The user who decided; absent if central did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When central received the release or resolution.
    #[schemars(with = "words::Instant")]
    pub at: String,
}

/// The rules by which central decides. A node previews undecided events by these rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RulebookInForce {
    /// The position after which the rulebook is in force, 0 for a tenant's first; a cursor names the rulebook by it.
    pub position: u64,
    /// The payload of the rulebook's `RULEBOOK_ADOPTED`.
    pub book: Value,
}

/// The state of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceStatus {
    /// False once the device is revoked.
    pub is_active: bool,
    /// Whether the user must sign in again.
    pub requires_reauth: bool,
}

/// The start of a pull: everything up to `position` was delivered; with `after`, only the rows of `position` up to that key.
/// A node may build the cursor after any change it received, so it can apply a page in parts, each with its cursor in one
/// batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PullCursor {
    /// Central's incarnation. Another one answers 410 `INCARNATION_CHANGED`.
    pub incarnation: Uuid,
    /// The node's scope, as central names it. If it differs, central answers 410 `SCOPE_CHANGED`, and the node bootstraps
    /// again.
    pub scope: String,
    /// The position up to which everything was delivered.
    pub position: u64,
    /// The last delivered row of `position`; absent if all were delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RowKey>,
    /// Set if less than `position`: see [`PullResponse::complete_through`]. It stays the same between the pages of one
    /// catch-up, since any row still to come may have been changed at an earlier position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_through: Option<u64>,
    /// [`RulebookInForce::position`] of the node's rulebook; absent if the node has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rulebook: Option<u64>,
    /// The past that the node's rows belong to. A central that was restored from an older copy and has grown since has
    /// another past, and answers 410 `INCARNATION_CHANGED`. Absent in the cursor of an empty node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// Identifies one past of a tenant: every decision up to a position.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// Central's head when it sent the page before the cursor: no row of that page changed later.
    pub position: u64,
    /// The first 8 bytes, in hex, of the decision chain at `position`.
    pub chain: String,
}

impl Proof {
    /// Makes the proof for the decision chain at a position.
    #[must_use]
    pub fn new(position: Position, chain: ChainHash) -> Proof {
        Proof { position: position.0, chain: chain.to_string()[..PROOF_DIGITS].to_owned() }
    }
}

/// The text is not a cursor.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no cursor: give the one of the last answer, or none for a first load")]
pub struct BadCursor(pub String);

impl fmt::Display for PullCursor {
    /// Base64 (URL alphabet, unpadded) of its JSON.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::Engine as _;
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for PullCursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use base64::Engine as _;
        let bad = || BadCursor(text.chars().take(80).collect());
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).map_err(|_| bad())?;
        serde_json::from_slice(&json).map_err(|_| bad())
    }
}

impl PullCursor {
    /// The cursor after one change of a page that starts at this cursor and ends at `end`, for applying a page in parts. It
    /// has the page's proof, since the change may be later than the proof of the request.
    #[must_use]
    pub fn behind(&self, change: &RowChange, end: &PullCursor) -> PullCursor {
        PullCursor {
            position: change.position,
            after: Some(change.key.clone()),
            complete_through: Some(self.complete_through()),
            proof: end.proof.clone(),
            ..self.clone()
        }
    }

    /// The position up to which the node has everything.
    #[must_use]
    pub fn complete_through(&self) -> u64 {
        self.complete_through.unwrap_or(self.position)
    }
}

/// One line of `GET /api/v1/sync/bootstrap`: a zstd stream ([`BOOTSTRAP_TYPE`]) of NDJSON. The stream records the head, sends
/// every row of the scope in key order, and ends with the cursor of that head. Later changes come by pull, and a row is
/// applied only if its position is newer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapLine {
    /// The first line.
    Start {
        /// Central's incarnation.
        incarnation: Uuid,
        /// The node's scope.
        scope: String,
        /// The head at the start. A resumed stream has the head of the first one.
        head: u64,
        /// The approximate number of rows in scope, for a progress bar; absent in a resumed stream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
        /// The rulebook in force.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rulebook: Option<RulebookInForce>,
    },
    /// A row of the scope.
    Row(RowChange),
    /// Sent at least every 200 rows: `GET ...?after=TOKEN` resumes after the rows before it. Stored with them in one batch.
    Mark(String),
    /// The last line: the whole scope was sent. Contains the cursor to pull from.
    End {
        /// The cursor of the first pull, as [`PullResponse::cursor`].
        cursor: String,
    },
}

/// The media type of a bootstrap's body.
pub const BOOTSTRAP_TYPE: &str = "application/vnd.comptoir.rows+zstd";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_bad_one_is_refused_with_its_text() {
        let after =
            RowKey { kind: RowKind::Stock, entity_type: "STOCK".into(), entity_id: "85123A".into(), site: None };
        let cursor = PullCursor {
            incarnation: Uuid::nil(),
            scope: "s1".into(),
            position: 7,
            after: Some(after),
            complete_through: None,
            rulebook: Some(3),
            proof: Some(Proof::new(Position(9), ChainHash([0xab; 32]))),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("2026-01-01T00:00:00Z".parse::<PullCursor>(), Err(BadCursor("2026-01-01T00:00:00Z".into())));
    }

    #[test]
    fn a_change_is_flat_json_and_reads_back() {
        let json = r#"{"kind":"stock","entity_type":"STOCK","entity_id":"85123A","position":7,"received_at":"2026-01-01T00:00:00Z","row":{"a":1}}"#;
        let change: RowChange = serde_json::from_str(json).expect("it reads");
        assert_eq!(serde_json::to_string(&change).expect("it writes"), json);
    }
}
