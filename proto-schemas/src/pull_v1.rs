//! The pull protocol, version 1. `docs/spec/pull.md` specifies it.
//!
//! A pull returns **rows** and not events: the state of each row of the node's scope that changed after the cursor, in the order
//! of (position of its last change, key). A row that changes again moves to its new position, so that a reader meets it later and
//! never misses it. Positions are given under the tenant's lock in commit order: nothing ever appears before a cursor.

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

/// Enough that no two pasts of one tenant are taken for one another, and short enough to travel with every request.
const PROOF_DIGITS: usize = 16;

/// The answer to `GET /api/v1/sync/pull?cursor&limit&wait`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PullResponse {
    /// Changes in the order of positions.
    pub changes: Vec<RowChange>,
    /// What else concerns this node's own events, up to `complete_through`, in the order of their positions.
    pub notices: Vec<Notice>,
    /// Where the next pull begins: see [`PullCursor`].
    pub cursor: String,
    /// Every change up to this position was delivered, now or before: events at or below it leave the node's overlay.
    pub complete_through: u64,
    /// True if more changes are available now.
    pub has_more: bool,
    /// The tenant's head when this was answered.
    pub head: u64,
    /// State of this device.
    pub device: DeviceStatus,
    /// The rulebook in force, where it is not the one that the cursor names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rulebook: Option<RulebookInForce>,
    /// `received_at` of the last delivered change, else what central's clock said; never a cursor.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// Central's incarnation.
    pub incarnation: Uuid,
}

/// Which read model a row belongs to. The order of the variants is the order of rows that changed at one position.
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

/// Names a row. Rows of one position are ordered by it, texts bytewise, an absent site first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RowKey {
    /// The read model.
    pub kind: RowKind,
    /// Its type: `CLIENT`, `DELIVERY`, `INVOICE`, `STOCK`...
    pub entity_type: String,
    /// Its entity id; a product's for stock.
    pub entity_id: String,
    /// Of stock only: the shop, absent for the tenant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Uuid>,
}

/// A row as it is after the change at `position`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RowChange {
    /// The row's key.
    #[serde(flatten)]
    pub key: RowKey,
    /// Position of its last change. A row is applied only if this is above the position of the stored row.
    pub position: u64,
    /// When central received that change.
    #[schemars(with = "words::Instant")]
    pub received_at: String,
    /// One of the types of [`read_v1`](crate::read_v1), as `key.kind` says. Absent: the row left the node's scope and is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Members>")]
    pub row: Option<Box<RawValue>>,
}

/// What became of one of this node's own events after its push was answered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// Of the event that says it; with `event_id` it names the notice.
    pub position: u64,
    /// The node's own event.
    pub event_id: Uuid,
    /// The entity's type.
    pub entity_type: String,
    /// The entity.
    pub entity_id: String,
    /// `RELEASED` (from quarantine, took effect), `RESOLVED` (a person decided the conflict).
    #[schemars(with = "words::NoticeKind")]
    pub kind: String,
    /// What the notice says beyond its kind: for `RELEASED` the verdict, code, reference and resolution of the effect; for
    /// `RESOLVED` the choice and the resulting fields. Documented in `docs/spec/pull.md`.
    pub data: Value,
    /// Who decided, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When central received it.
    #[schemars(with = "words::Instant")]
    pub at: String,
}

/// The rules that central decides by from here on. A node that shows undecided events previews them by these rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RulebookInForce {
    /// The position after which it is in force, 0 for a tenant's first; names it in a cursor.
    pub position: u64,
    /// The payload of the `RULEBOOK_ADOPTED` that adopted it.
    pub book: Value,
}

/// State of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeviceStatus {
    /// False: it was revoked.
    pub is_active: bool,
    /// Its user must sign in again.
    pub requires_reauth: bool,
}

/// The start of a pull: everything up to `position` was delivered; with `after`, only the rows of `position` up to that key. A
/// node may build the cursor after any change it received, and so apply a page in parts, each with its cursor in one batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PullCursor {
    /// Of which central. Another one answers 410 `INCARNATION_CHANGED`.
    pub incarnation: Uuid,
    /// What the node may see, as central names it: another scope answers 410 `SCOPE_CHANGED`, and the node bootstraps again.
    pub scope: String,
    /// Position up to which everything was delivered.
    pub position: u64,
    /// The last row of `position` that was delivered; absent when all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RowKey>,
    /// If less than `position`: see [`PullResponse::complete_through`]. Between two pages of one catch-up it stays, since a row
    /// still to come may have been changed at any position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_through: Option<u64>,
    /// [`RulebookInForce::position`] of the rulebook that its holder has; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rulebook: Option<u64>,
    /// The past that the holder's rows belong to. A central that was restored from an older copy and has grown since has another
    /// past, and answers 410 `INCARNATION_CHANGED`. Absent in the cursor of an empty node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

/// Names one past of a tenant: every decision up to a position.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// Central's head when it sent the page before the cursor: no row of that page was changed later.
    pub position: u64,
    /// The first 8 bytes, in hex, of the chain of decisions up to there.
    pub chain: String,
}

impl Proof {
    /// Of the decisions up to a position, by their chain.
    #[must_use]
    pub fn new(position: Position, chain: ChainHash) -> Proof {
        Proof { position: position.0, chain: chain.to_string()[..PROOF_DIGITS].to_owned() }
    }
}

/// A cursor that does not read.
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
    /// The cursor after one change of a page that began at this cursor and leads to `end`, for applying a page in parts. It has
    /// the page's proof, since the change may be younger than the proof of the request.
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

    /// Up to where its holder has everything.
    #[must_use]
    pub fn complete_through(&self) -> u64 {
        self.complete_through.unwrap_or(self.position)
    }
}

/// One line of `GET /api/v1/sync/bootstrap`: a zstd stream ([`BOOTSTRAP_TYPE`]) of NDJSON. The stream notes the head, sends every
/// row of the scope in key order, and ends with the cursor of that head. Later changes come by pull, and a row is applied only if
/// its position is newer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapLine {
    /// First line of a bootstrap.
    Start {
        /// Central's incarnation.
        incarnation: Uuid,
        /// What the node may see.
        scope: String,
        /// The noted head. A resumed stream keeps the head of the first one.
        head: u64,
        /// Rows in scope, about, for a progress bar; absent in a resumed stream.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<u64>,
        /// The rulebook in force.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rulebook: Option<RulebookInForce>,
    },
    /// A row.
    Row(RowChange),
    /// At least every 200 rows: `GET ...?after=TOKEN` resumes after the rows before it. Stored with them in one batch.
    Mark(String),
    /// Last: the whole scope was given. The cursor to pull from.
    End {
        /// As [`PullResponse::cursor`].
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
