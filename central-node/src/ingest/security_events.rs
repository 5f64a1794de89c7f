//! Security events: what looks like fraud or an attack, in central's own log, with a counter.
//!
//! The id of a security event is derived from its cause. The same cause, such as a request that is retried, is counted each time
//! and recorded once. Findings about records are sealed by the batch that decides them (`signals.rs`); everything else, such as a
//! refused request or a replayed token, comes through `security_recorder.rs`.

use comptoir_core::event::Content;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::time::Timestamp;
use comptoir_proto::security_v1::{SECURITY_RECORDED, SecurityKind, SecurityPayload, SecuritySubject};
use deadpool_postgres::Transaction;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::{Micros, StoreError};

/// Characters of a text in a security event: a request's own texts may be long.
const TEXT_CHARS_MAX: usize = 500;
const SUBJECT_TYPE_CHARS_MAX: usize = 64;
const USER_CHARS_MAX: usize = 64;

/// What looks like fraud or an attack.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct SecurityEvent {
    id: EventId,
    payload: SecurityPayload,
}

impl SecurityEvent {
    /// `cause` names what led to it: the same cause is recorded once. The subject is a type and an id, such as `KEY` and a key's
    /// id.
    pub(crate) fn new(kind: SecurityKind, cause: EventId, (entity_type, entity_id): (&str, &str)) -> SecurityEvent {
        let text = |text: &str, max: usize| {
            Some(kept(text, max)).filter(|text| !text.is_empty()).unwrap_or_else(|| "-".to_owned())
        };
        let subject = SecuritySubject {
            entity_type: text(entity_type, SUBJECT_TYPE_CHARS_MAX),
            entity_id: text(entity_id, TEXT_CHARS_MAX),
        };
        let details = Map::new();
        let payload = SecurityPayload { kind, subject, node: None, user: None, event_id: None, details };
        SecurityEvent { id: SecurityEvent::id_of(kind, cause), payload }
    }

    /// The id of the security event of a kind and cause.
    pub(super) fn id_of(kind: SecurityKind, cause: EventId) -> EventId {
        cause.derived(&format!("{SECURITY_RECORDED}/{}", kind.as_str()))
    }

    /// A cause that is no event, from what makes it the same one: a tenant's id, and texts.
    pub(crate) fn cause(tenant: TenantId, parts: &[&str]) -> EventId {
        // JSON keeps the boundaries between the texts.
        let parts = serde_json::to_string(parts).unwrap_or_default();
        EventId::new(Uuid::new_v5(&tenant.uuid(), parts.as_bytes()))
    }

    /// The log that it concerns.
    pub(crate) fn in_log(mut self, node: NodeId) -> SecurityEvent {
        self.payload.node = Some(node.uuid());
        self
    }

    /// Who acted.
    pub(crate) fn by(mut self, user: Option<&str>) -> SecurityEvent {
        self.payload.user = user.map(|user| kept(user, USER_CHARS_MAX)).filter(|user| !user.is_empty());
        self
    }

    /// The event that showed it.
    pub(crate) fn shown_by(mut self, event: EventId) -> SecurityEvent {
        self.payload.event_id = Some(event.uuid());
        self
    }

    /// Adds a detail; never a secret.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> SecurityEvent {
        let value = match value.into() {
            Value::String(text) => kept(&text, TEXT_CHARS_MAX).into(),
            other => other,
        };
        self.payload.details.insert(name.to_owned(), value);
        self
    }

    pub(super) fn id(&self) -> EventId {
        self.id
    }

    pub(super) fn kind(&self) -> SecurityKind {
        self.payload.kind
    }

    pub(super) fn content(&self) -> Content {
        let name = |text: &str| Name::new(text).expect("a constant is a valid name");
        // Ids, texts and numbers always become JSON.
        let payload = serde_json::to_vec(&self.payload).unwrap_or_default();
        // The entity id is the kind, so that a list can filter by it.
        Content::new(name("AUDIT"), name(self.payload.kind.as_str()), name(SECURITY_RECORDED), payload)
    }

    /// For the operator, once per cause.
    pub(super) fn log(&self, tenant: TenantId) {
        let SecurityPayload { kind, subject, node, user, event_id, details } = &self.payload;
        let (kind, node) = (kind.as_str(), node.map(|node| node.to_string()).unwrap_or_default());
        let event = event_id.map(|event| event.to_string()).unwrap_or_default();
        let details = Value::Object(details.clone());
        tracing::warn!(
            tenant.id = %tenant, node.id = node, security.kind = kind, event.id = event, user.id = user, details = %details,
            "security event {kind} about {} {}", subject.entity_type, subject.entity_id
        );
    }
}

fn kept(text: &str, max: usize) -> String {
    text.chars().filter(|character| *character != '\0').take(max).collect()
}

/// Counts events that a batch has sealed.
pub(super) async fn count_sealed(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &[SecurityEvent],
    now: Timestamp,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let sql = "insert into security_signal (tenant_id, signal_id, kind, times, last_at, recorded)
               select h.tenant_id, unnest($2::uuid[]), unnest($3::text[]), 1, $4::timestamptz, true
               from tenant_head h where h.tenant_id = $1
               on conflict (tenant_id, signal_id) do update
               set times = security_signal.times + 1, last_at = excluded.last_at, recorded = true";
    let statement = tx.prepare_cached(sql).await?;
    let ids: Vec<Uuid> = events.iter().map(|event| event.id.uuid()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind().as_str()).collect();
    tx.execute(&statement, &[&tenant.uuid(), &ids, &kinds, &Micros(now)]).await?;
    events.iter().for_each(|event| event.log(tenant));
    Ok(())
}
