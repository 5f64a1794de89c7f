//! The events of changed identities. Rows of rights change here and nowhere else: they follow from these events.

use comptoir_core::decision::Verdict;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId, UserId};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::payload::IDENTITY_CHANGED;
use comptoir_proto::rights_change::rights_change;
use deadpool_postgres::Transaction;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::AccountError;
use crate::event_store::lock_tenant;
use crate::identity::rights::apply_change;
use crate::ingest::{DraftBatch, DraftRefusal, DraftsError, IngestError, write_drafts};

/// Who changed an identity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangedBy {
    /// A command on central's machine.
    Console,
    /// The holder of an administrator's token.
    Key(String),
    /// A user.
    User(UserId),
    /// A device, about itself.
    Device(NodeId),
}

impl ChangedBy {
    fn text(&self) -> String {
        match self {
            ChangedBy::Console => "console".to_owned(),
            ChangedBy::Key(key) => key.clone(),
            ChangedBy::User(user) => user.to_string(),
            ChangedBy::Device(node) => node.to_string(),
        }
    }
}

/// One change: what kind, of which entity, with which details.
#[derive(Debug)]
pub(crate) struct IdentityChange {
    entity: (&'static str, String),
    payload: Map<String, Value>,
}

impl IdentityChange {
    pub(super) fn of_user(user: UserId, change: &str) -> IdentityChange {
        IdentityChange::new("USER", user.to_string(), change)
    }

    pub(super) fn of_device(node: NodeId, change: &str) -> IdentityChange {
        IdentityChange::new("DEVICE", node.to_string(), change)
    }

    pub(crate) fn new(entity_type: &'static str, id: String, change: &str) -> IdentityChange {
        let payload = [("change".to_owned(), change.into())].into_iter().collect();
        IdentityChange { entity: (entity_type, id), payload }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> IdentityChange {
        self.payload.insert(name.to_owned(), value.into());
        self
    }
}

/// Locks the tenant: every change of an identity begins so, before it locks rows of its own. Returns the position that its first
/// event will have.
pub(super) async fn lock_for_change(tx: &Transaction<'_>, tenant: TenantId) -> Result<Position, AccountError> {
    let head = lock_tenant(tx, tenant).await?.ok_or(AccountError::NoTenant(tenant))?;
    Ok(head.head.next())
}

/// Writes the events of changes, and the rows of rights that follow from them, in the transaction that makes them.
pub(crate) async fn record(
    tx: &Transaction<'_>,
    tenant: TenantId,
    changes: Vec<IdentityChange>,
    by: &ChangedBy,
    now: Timestamp,
) -> Result<(), AccountError> {
    let name = |text: &str| Name::new(text).map_err(|error| AccountError::NotRecorded(error.to_string()));
    let mut drafts = Vec::with_capacity(changes.len());
    let mut rights = Vec::with_capacity(changes.len());
    for IdentityChange { entity: (entity_type, id), mut payload } in changes {
        payload.insert("by".to_owned(), by.text().into());
        let content = Content {
            user: match by {
                ChangedBy::User(user) => Some(name(&user.to_string())?),
                ChangedBy::Console | ChangedBy::Key(_) | ChangedBy::Device(_) => None,
            },
            ..Content::new(
                name(entity_type)?,
                name(&id)?,
                name(IDENTITY_CHANGED)?,
                Value::Object(payload).to_string().into_bytes(),
            )
        };
        rights.push(rights_change(&content));
        drafts.push((draft(content), Fact::IdentityChanged));
    }
    let positions = write(tx, tenant, drafts, now).await?;
    for (at, change) in positions.into_iter().zip(rights) {
        if let Some(change) = change {
            apply_change(tx, tenant, (at, now), &change).await?;
        }
    }
    Ok(())
}

fn draft(content: Content) -> Draft {
    Draft { id: EventId::new(Uuid::now_v7()), occurred_at: None, content }
}

async fn write(
    tx: &Transaction<'_>,
    tenant: TenantId,
    drafts: Vec<(Draft, Fact)>,
    now: Timestamp,
) -> Result<Vec<Position>, AccountError> {
    let drafts = DraftBatch { drafts, atomic: true, by_central: true, opens_epoch: false };
    let outcomes = write_drafts(tx, tenant, drafts, now).await.map_err(|error| match error {
        DraftsError::Ingest(IngestError::Store(error)) => AccountError::Store(error),
        DraftsError::Ingest(IngestError::NoTenant(tenant)) => AccountError::NoTenant(tenant),
        other => AccountError::NotRecorded(other.to_string()),
    })?;
    let position = |outcome: Result<Decided, DraftRefusal>| match outcome {
        Ok(decided) if decided.decision.verdict == Verdict::Accepted.as_str() => {
            Ok(Position(decided.decision.position))
        }
        Ok(decided) => Err(AccountError::NotRecorded(format!("it was {}", decided.decision.verdict))),
        Err(refusal) => Err(AccountError::NotRecorded(refusal.to_string())),
    };
    outcomes.into_iter().map(position).collect()
}
