//! The events of changed identities, and of signs of fraud.

use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, TenantId, UserId};
use comptoir_core::time::Timestamp;
use comptoir_proto::payload::IDENTITY_CHANGED;
use deadpool_postgres::Transaction;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::AccountError;
use crate::ingest::{DraftBatch, DraftsError, IngestError, write_drafts};

/// Who changed an identity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChangedBy {
    /// A command on central's machine.
    Console,
    /// The holder of an administrator's token.
    Key(String),
    /// A user.
    User(UserId),
}

impl ChangedBy {
    fn text(&self) -> String {
        match self {
            ChangedBy::Console => "console".to_owned(),
            ChangedBy::Key(key) => key.clone(),
            ChangedBy::User(user) => user.to_string(),
        }
    }
}

/// One change: what kind, of which entity, with which details.
pub(super) struct IdentityChange {
    entity: (&'static str, String),
    payload: Map<String, Value>,
}

impl IdentityChange {
    pub(super) fn of_user(user: UserId, change: &str) -> IdentityChange {
        IdentityChange::new("USER", user.to_string(), change)
    }

    pub(super) fn new(entity_type: &'static str, id: String, change: &str) -> IdentityChange {
        let payload = [("change".to_owned(), change.into())].into_iter().collect();
        IdentityChange { entity: (entity_type, id), payload }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> IdentityChange {
        self.payload.insert(name.to_owned(), value.into());
        self
    }
}

/// Writes the events of changes, in the transaction that makes them.
pub(super) async fn record(
    tx: &Transaction<'_>,
    tenant: TenantId,
    changes: Vec<IdentityChange>,
    by: &ChangedBy,
    now: Timestamp,
) -> Result<(), AccountError> {
    let name = |text: &str| Name::new(text).map_err(|error| AccountError::NotRecorded(error.to_string()));
    let mut drafts = Vec::with_capacity(changes.len());
    for IdentityChange { entity: (entity_type, id), mut payload } in changes {
        payload.insert("by".to_owned(), by.text().into());
        let content = Content {
            user: match by {
                ChangedBy::User(user) => Some(name(&user.to_string())?),
                ChangedBy::Console | ChangedBy::Key(_) => None,
            },
            ..Content::new(
                name(entity_type)?,
                name(&id)?,
                name(IDENTITY_CHANGED)?,
                Value::Object(payload).to_string().into_bytes(),
            )
        };
        drafts.push((draft(content), Fact::IdentityChanged));
    }
    write(tx, tenant, drafts, now).await
}

fn draft(content: Content) -> Draft {
    Draft { id: EventId::new(Uuid::now_v7()), occurred_at: None, content }
}

async fn write(
    tx: &Transaction<'_>,
    tenant: TenantId,
    drafts: Vec<(Draft, Fact)>,
    now: Timestamp,
) -> Result<(), AccountError> {
    let drafts = DraftBatch { drafts, atomic: true, by_central: true, opens_epoch: false };
    let outcomes = write_drafts(tx, tenant, drafts, now).await.map_err(|error| match error {
        DraftsError::Ingest(IngestError::Store(error)) => AccountError::Store(error),
        DraftsError::Ingest(IngestError::NoTenant(tenant)) => AccountError::NoTenant(tenant),
        other => AccountError::NotRecorded(other.to_string()),
    })?;
    match outcomes.into_iter().find_map(Result::err) {
        Some(refusal) => Err(AccountError::NotRecorded(refusal.to_string())),
        None => Ok(()),
    }
}
