//! The sealed bytes decide. The columns of `event` other than `record` and `decision` are copies for filters and indexes.
//! Every reader of a row uses the verdict, entity, action and times of the sealed bytes and checks the copies against them.

use std::fmt;

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::Code;
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::damage::Damage;
use comptoir_proto::instant;
use comptoir_proto::store_check_v1::StoreFinding;
use comptoir_proto::stored_v1::{self, DecodeError, StoredDecision};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{Micros, StoreError};

/// The copied columns of a row.
#[derive(Clone, Debug)]
pub(crate) struct CopiedColumns {
    event_id: Uuid,
    node_id: Uuid,
    epoch: i32,
    node_seq: i64,
    entity_type: Option<String>,
    entity_id: Option<String>,
    action: Option<String>,
    site_id: Option<Uuid>,
    verdict: String,
    code: Option<String>,
    occurred_at: Option<Micros>,
    effective_at: Micros,
    received_at: Micros,
}

/// The columns that [`CopiedColumns::read`] reads, except `node_id`, `epoch` and `node_seq`, which every reader selects.
macro_rules! copied_columns {
    () => {
        "e.event_id, e.entity_type, e.entity_id, e.action, e.site_id, e.verdict, e.code, e.occurred_at, e.effective_at, e.received_at"
    };
}
pub(super) use copied_columns;

/// A copy that differs from the sealed value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AlteredColumn {
    position: Position,
    event_id: EventId,
    column: &'static str,
    sealed: String,
    stored: String,
}

impl AlteredColumn {
    /// The finding of the store check.
    pub(crate) fn finding(&self, tenant: TenantId) -> StoreFinding {
        let expected = format!("event {}: {} = {}", self.event_id, self.column, self.sealed);
        let found = format!("{} = {}", self.column, self.stored);
        let here = (self.position.0, self.position.0);
        StoreFinding::about_positions(Damage::Column, tenant.uuid(), here, expected, found)
    }
}

impl fmt::Display for AlteredColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AlteredColumn { position, event_id, column, sealed, stored } = self;
        write!(f, "event {event_id} at position {position}: column {column} is {stored}, its sealed value is {sealed}")
    }
}

impl CopiedColumns {
    pub(super) fn read(row: &Row) -> Result<CopiedColumns, StoreError> {
        Ok(CopiedColumns {
            event_id: row.try_get("event_id")?,
            node_id: row.try_get("node_id")?,
            epoch: row.try_get("epoch")?,
            node_seq: row.try_get("node_seq")?,
            entity_type: row.try_get("entity_type")?,
            entity_id: row.try_get("entity_id")?,
            action: row.try_get("action")?,
            site_id: row.try_get("site_id")?,
            verdict: row.try_get("verdict")?,
            code: row.try_get("code")?,
            occurred_at: row.try_get("occurred_at")?,
            effective_at: row.try_get("effective_at")?,
            received_at: row.try_get("received_at")?,
        })
    }

    pub(super) fn entity(&self) -> Option<(String, String)> {
        Some((self.entity_type.clone()?, self.entity_id.clone()?))
    }

    pub(super) fn action(&self) -> Option<&str> {
        self.action.as_deref()
    }

    /// Returns the first copy that differs from the sealed value. `event` is `None` if the record does not decode. A record
    /// that central could not accept as an event of its place has no event either, and its id is derived from its chain.
    pub(crate) fn altered(
        &self,
        decision: &StoredDecision,
        chain: ChainHash,
        event: Option<&Event>,
    ) -> Option<AlteredColumn> {
        let judgement = &decision.judgement;
        let has_event = decision.event_id != stored_v1::unreadable_event_id(chain);
        let content = event.filter(|_| has_event);
        let text = |value: Option<&str>| value.unwrap_or("null").to_owned();
        let id = decision.event_id;
        let altered = |column, sealed, stored| AlteredColumn {
            position: decision.position,
            event_id: id,
            column,
            sealed,
            stored,
        };
        if self.event_id != id.uuid() {
            return Some(altered("event_id", id.to_string(), self.event_id.to_string()));
        }
        let code = judgement.code.map(Code::as_str);
        let mut texts = vec![
            ("verdict", Some(judgement.verdict.as_str()), Some(self.verdict.as_str())),
            ("code", code, self.code.as_deref()),
        ];
        let mut times = vec![
            ("received_at", Some(decision.received_at), Some(self.received_at)),
            ("effective_at", Some(decision.effective_at), Some(self.effective_at)),
        ];
        let sealed_site = content.and_then(|event| event.content.site).map(|site| site.to_string());
        let stored_site = self.site_id.map(|site| site.to_string());
        // A record that should decode and does not is reported as damage separately.
        if content.is_some() || !has_event {
            texts.push(("site_id", sealed_site.as_deref(), stored_site.as_deref()));
            texts.push(("entity_type", content.map(|e| e.content.entity_type.as_str()), self.entity_type.as_deref()));
            texts.push(("entity_id", content.map(|e| e.content.entity_id.as_str()), self.entity_id.as_deref()));
            texts.push(("action", content.map(|e| e.content.action.as_str()), self.action.as_deref()));
            times.push(("occurred_at", content.map(|e| e.occurred_at), self.occurred_at));
        }
        // A record that is no event of this place may name any place.
        if let Some(event) = content {
            let place = [
                ("node_id", event.node.to_string(), self.node_id.to_string()),
                ("epoch", event.epoch.number.to_string(), self.epoch.to_string()),
                ("node_seq", event.seq.to_string(), self.node_seq.to_string()),
            ];
            if let Some((column, sealed, stored)) = place.into_iter().find(|(_, sealed, stored)| sealed != stored) {
                return Some(altered(column, sealed, stored));
            }
        }
        let differs = texts.into_iter().find(|(_, sealed, stored)| sealed != stored);
        let time = || times.into_iter().find(|(_, sealed, stored)| *sealed != stored.map(|at| at.0));
        differs.map(|(column, sealed, stored)| altered(column, text(sealed), text(stored))).or_else(|| {
            time().map(|(column, sealed, stored)| {
                let shown = |at: Option<comptoir_core::time::Timestamp>| text(at.map(instant::format).as_deref());
                altered(column, shown(sealed), shown(stored.map(|at| at.0)))
            })
        })
    }
}

/// A row's sealed content.
#[derive(Debug)]
pub(crate) struct SealedEntry {
    pub(crate) decision: StoredDecision,
    /// The event, or why the record does not decode.
    pub(crate) event: Result<Event, DecodeError>,
}

/// Why a row cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// The decision does not decode, or belongs to another row.
    #[error("the decision at position {0}: {1}")]
    Decision(Position, String),
    #[error("{0}")]
    Altered(AlteredColumn),
    /// The row of the record's epoch in `node_head` is missing, so the epoch's id is unknown.
    #[error("the record at position {position}: node {node} has no epoch {epoch} in node_head")]
    NoHead { position: Position, node: NodeId, epoch: u32 },
}

impl SealError {
    /// The kind of damage.
    pub(crate) fn damage(&self) -> Damage {
        match self {
            SealError::Decision(..) => Damage::Decision,
            SealError::Altered(_) => Damage::Column,
            SealError::NoHead { .. } => Damage::Head,
        }
    }

    /// The position of the row.
    pub(crate) fn position(&self) -> Position {
        match self {
            SealError::Decision(position, _) | SealError::NoHead { position, .. } => *position,
            SealError::Altered(altered) => altered.position,
        }
    }

    /// The finding of the store check.
    pub(crate) fn finding(&self, tenant: TenantId) -> StoreFinding {
        let about = |expected: String, found: String| {
            let here = (self.position().0, self.position().0);
            StoreFinding::about_positions(self.damage(), tenant.uuid(), here, expected, found)
        };
        match self {
            SealError::Decision(_, why) => about("the decision of this record".to_owned(), why.clone()),
            SealError::Altered(altered) => altered.finding(tenant),
            SealError::NoHead { node, epoch, .. } => {
                about(format!("a row in node_head for node {node}, epoch {epoch}"), "none".to_owned())
            }
        }
    }
}

/// The receipt time in a stored decision.
pub(crate) fn received_at(decision: &[u8]) -> Result<comptoir_core::time::Timestamp, StoreError> {
    Ok(sealed_decision(decision)?.received_at)
}

/// Decodes a decision that was read without its row's other columns.
pub(crate) fn sealed_decision(decision: &[u8]) -> Result<StoredDecision, StoreError> {
    stored_v1::decode_decision(decision).map_err(|error| StoreError::Damaged(format!("a stored decision: {error}")))
}
