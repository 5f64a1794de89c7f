//! Issues, rotates and revokes keys. Each change is one transaction with its entry in central's own log, which names the key's id
//! and never its secret: an auditor sees who could act for which node, and when.

use std::time::Duration;

use comptoir_core::event::Content;
use comptoir_core::fact::Fact;
use comptoir_core::id::{Name, NodeId, TenantId};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::payload::AUDIT_ENTRY;
use deadpool_postgres::Transaction;
use serde_json::json;

use crate::clock::Clock;
use crate::database::{Database, StoreError, TxPhase, begin};
use crate::identity::{IdentityError, IssuedKey, OVERLAP_MAX, end_key, insert_key, replace_key};
use crate::ingest::write_central_event;

/// A key with its successor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RotatedKey {
    /// The new key, shown once.
    pub new: IssuedKey,
    /// Until when the old key stays valid.
    pub old_valid_until: Timestamp,
}

/// Issues a node's key, or an administrator's token if `node` is absent.
pub async fn create_key(
    db: &Database,
    clock: &Clock,
    tenant: TenantId,
    node: Option<NodeId>,
    label: &str,
) -> Result<IssuedKey, IdentityError> {
    let mut connection = db.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let key = insert_key(&tx, tenant, node, label).await?;
    record(&tx, clock, tenant, "KEY_CREATED", (&key.key_id, node, label), json!({})).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(key)
}

/// Issues the key that takes a key's place. The old one stays valid for `overlap`, so that its holder changes keys without a
/// gap.
pub async fn rotate_key(
    db: &Database,
    clock: &Clock,
    tenant: TenantId,
    key_id: &str,
    overlap: Duration,
) -> Result<RotatedKey, IdentityError> {
    if overlap > OVERLAP_MAX {
        let days = |duration: Duration| duration.as_secs().div_ceil(86_400);
        return Err(IdentityError::LongOverlap { max: days(OVERLAP_MAX), days: days(overlap) });
    }
    let old_valid_until = clock.now().shifted(i64::try_from(overlap.as_micros()).unwrap_or(i64::MAX));
    let mut connection = db.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let (old, new) = replace_key(&tx, tenant, key_id, old_valid_until).await?;
    let details = json!({ "replaced_by": new.key_id, "valid_until": instant::format(old_valid_until) });
    record(&tx, clock, tenant, "KEY_ROTATED", (key_id, old.node, &old.label), details).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(RotatedKey { new, old_valid_until })
}

/// Revokes a key at once.
pub async fn revoke_key(db: &Database, clock: &Clock, tenant: TenantId, key_id: &str) -> Result<(), IdentityError> {
    let mut connection = db.service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let old = end_key(&tx, tenant, key_id).await?;
    let old = old.ok_or_else(|| IdentityError::NoKey { key_id: key_id.to_owned() })?;
    record(&tx, clock, tenant, "KEY_REVOKED", (key_id, old.node, &old.label), json!({})).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(())
}

/// Seals an audit entry about a key.
async fn record(
    tx: &Transaction<'_>,
    clock: &Clock,
    tenant: TenantId,
    action: &str,
    (key_id, node, label): (&str, Option<NodeId>, &str),
    details: serde_json::Value,
) -> Result<(), StoreError> {
    let name = |text: &str| Name::new(text).expect("a constant and a key's id are valid names");
    let now = clock.now();
    let entry = json!({
        "action": action,
        "entity_type": "KEY",
        "entity_id": key_id,
        "occurred_at": instant::format(now),
        "node": node.map(NodeId::uuid),
        "label": label,
        "details": details,
    });
    let content = Content {
        schema_version: AUDIT_ENTRY,
        ..Content::new(name("AUDIT"), name(key_id), name("AUDIT_RECORDED"), entry.to_string().into_bytes())
    };
    write_central_event(tx, tenant, content, Fact::AuditRecorded, now).await
}
