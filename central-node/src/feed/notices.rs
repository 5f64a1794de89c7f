//! Later decisions about a node's own events: releases from quarantine, and conflicts resolved by a person. Both are events
//! of central's own node that name the earlier event.

use std::collections::HashMap;

use comptoir_core::decision::{Code, Flag};
use comptoir_core::event::{Content, Event};
use comptoir_core::id::{Name, NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::Notice;
use comptoir_proto::stored_v1::StoredDecision;
use comptoir_proto::sync_v1::resolution_value;
use deadpool_postgres::Transaction;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::StoreError;
use crate::event_store::{self, LogRow};

/// The number of later decisions, of all nodes, read for one page.
const LOOKED_AT_MAX: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Notices {
    /// In the order of their positions.
    pub(super) notices: Vec<Notice>,
    /// If more may follow: the position up to which these are complete.
    pub(super) cut_at: Option<Position>,
}

/// The notices for a node after a position and up to another.
pub(super) async fn notices(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    (after, up_to): (Position, Position),
) -> Result<Notices, StoreError> {
    if after >= up_to {
        return Ok(Notices::default());
    }
    let limit = i64::try_from(LOOKED_AT_MAX).unwrap_or(i64::MAX);
    let rows = event_store::later_decisions(tx, tenant, (after, up_to), limit).await?;
    let later = rows.iter().map(LaterDecision::read).collect::<Result<Vec<_>, _>>()?;
    let named: Vec<Uuid> = later.iter().filter_map(|later| later.named).collect();
    if named.is_empty() {
        return Ok(Notices::default());
    }
    let own = own_events(tx, tenant, node, &named).await?;
    let notices = later.iter().filter_map(|later| later.notice(&own)).collect();
    let full = later.len() == LOOKED_AT_MAX;
    Ok(Notices { notices, cut_at: later.last().filter(|_| full).map(|last| last.decision.position) })
}

/// The type and id of each event's entity.
type OwnEvents = HashMap<Uuid, (String, String)>;

/// Selects the node's own events.
async fn own_events(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    events: &[Uuid],
) -> Result<OwnEvents, StoreError> {
    let rows = event_store::by_event_ids(tx, tenant, events).await?;
    let own = rows.iter().filter_map(|row| row.event().ok()).filter(|event| event.node == node);
    let named = |event: Event| {
        let Content { entity_type, entity_id, .. } = event.content;
        (event.id.uuid(), (entity_type.to_string(), entity_id.to_string()))
    };
    Ok(own.map(named).collect())
}

/// A decision about an earlier event.
struct LaterDecision {
    named: Option<Uuid>,
    released: bool,
    by: Option<String>,
    payload: Map<String, Value>,
    decision: StoredDecision,
}

impl LaterDecision {
    fn read(row: &LogRow) -> Result<LaterDecision, StoreError> {
        let damaged = |why: String| StoreError::Damaged(format!("position {}: {why}", row.position));
        let event = row.event().map_err(|error| damaged(error.to_string()))?;
        let decision = row.decided()?;
        let payload: Map<String, Value> =
            serde_json::from_slice(&event.content.payload).map_err(|error| damaged(error.to_string()))?;
        Ok(LaterDecision {
            named: payload.get("event_id").and_then(Value::as_str).and_then(|id| id.parse().ok()),
            released: event.content.action.as_str() == "QUARANTINE_RELEASED",
            by: event.content.user.as_ref().map(Name::to_string),
            payload,
            decision,
        })
    }

    fn notice(&self, own: &OwnEvents) -> Option<Notice> {
        let event_id = self.named?;
        let (entity_type, entity_id) = own.get(&event_id)?.clone();
        Some(Notice {
            position: self.decision.position.0,
            event_id,
            entity_type,
            entity_id,
            kind: if self.released { "RELEASED" } else { "RESOLVED" }.to_owned(),
            data: Value::Object(if self.released { self.effect() } else { self.choice() }),
            by: self.by.clone(),
            at: instant::format(self.decision.received_at),
        })
    }

    /// The result of the event when it took effect.
    fn effect(&self) -> Map<String, Value> {
        let judgement = &self.decision.judgement;
        let flags: Vec<Value> = judgement.flags.iter().map(|flag| Flag::as_str(*flag).into()).collect();
        let members = [
            ("verdict", Some(judgement.verdict.as_str().into())),
            ("code", judgement.code.map(|code| Code::as_str(code).into())),
            ("flags", (!flags.is_empty()).then_some(Value::Array(flags))),
            ("reference", judgement.reference.clone().map(Value::from)),
            ("resolution", judgement.resolution.as_ref().map(resolution_value)),
            ("detail", judgement.detail.clone().map(Value::from)),
            ("reason", self.payload.get("reason").cloned()),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The person's choice. Without fields the server's values stay unchanged.
    fn choice(&self) -> Map<String, Value> {
        let members = ["choice", "fields", "reason"];
        members.iter().filter_map(|name| Some(((*name).to_owned(), self.payload.get(*name)?.clone()))).collect()
    }
}
