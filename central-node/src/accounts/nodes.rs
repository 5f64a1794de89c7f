//! Nodes: created, revoked, and wiped. Each change is an event of central's own log, in the transaction that makes it.

use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::position::{Position, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::node_users_v1::WipeProof;
use comptoir_proto::security_v1::SecurityKind;
use comptoir_proto::{instant, sync_v1};
use deadpool_postgres::Transaction;
use ed25519_dalek::{Signature, VerifyingKey};
use tokio_postgres::types::Json;

use super::context::Accounts;
use super::error::AccountError;
use super::record::{ChangedBy, IdentityChange, lock_for_change, record};
use crate::database::{self, Micros, StoreError, natural};
use crate::event_store::{SeqRange, node_logs, stored_between};
use crate::identity;
use crate::ingest::{SecurityEvent, write_security_event};

const REASON_CHARS_MAX: usize = 500;

/// A revoked node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeRevocation {
    /// The node.
    pub node: NodeId,
    /// When it was revoked, by central's clock.
    pub at: Timestamp,
    /// The position of the event that says so.
    pub position: Position,
}

impl Accounts {
    /// Creates a node of a site. The node generates its own key pair; its first push pins the public key.
    pub async fn create_node(
        &self,
        tenant: TenantId,
        site: SiteId,
        name: &str,
        by: &ChangedBy,
    ) -> Result<NodeId, AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_for_change(&tx, tenant).await?;
        let node = identity::insert_node(&tx, tenant, site, name).await?;
        let change = node_change(node, "node_created").with("site", site.to_string());
        record(&tx, tenant, vec![change], by, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(node)
    }

    /// Revokes a node: nothing that it sends from now on takes effect. A node that was revoked before stays as it is.
    pub async fn revoke_node(
        &self,
        tenant: TenantId,
        node: NodeId,
        reason: Option<&str>,
        by: &ChangedBy,
    ) -> Result<NodeRevocation, AccountError> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS_MAX) {
            return Err(AccountError::Reason { chars_max: REASON_CHARS_MAX });
        }
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_for_change(&tx, tenant).await?;
        if let Some(revoked) = revocation(&tx, tenant, node).await? {
            return Ok(revoked);
        }
        let change = node_change(node, "node_revoked");
        let change = reason.into_iter().fold(change, |change, reason| change.with("reason", reason));
        record(&tx, tenant, vec![change], by, now).await?;
        let revoked = revocation(&tx, tenant, node).await?;
        tx.commit().await.map_err(StoreError::from)?;
        revoked.ok_or_else(|| AccountError::NotRecorded(format!("node {node} was not revoked")))
    }

    /// Records that a node destroyed its data. The first proof counts; it is compared with what central holds of the log.
    pub async fn record_wipe(&self, tenant: TenantId, node: NodeId, proof: &WipeProof) -> Result<(), AccountError> {
        let now = self.now();
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        lock_for_change(&tx, tenant).await?;
        let sql = "select wiped_at is not null from node where tenant_id = $1 and node_id = $2";
        let row = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)?;
        let row = row.ok_or(AccountError::NoNode { tenant, node })?;
        check_proof(&tx, tenant, node, proof).await?;
        if row.try_get(0).map_err(StoreError::from)? {
            return Ok(());
        }
        let sql = "update node set wiped_at = $3, wipe_proof = $4 where tenant_id = $1 and node_id = $2";
        tx.execute(sql, &[&tenant.uuid(), &node.uuid(), &Micros(now), &Json(proof)]).await.map_err(StoreError::from)?;
        let change = node_change(node, "node_wiped").with("unsent", proof.unsent);
        record(&tx, tenant, vec![change], &ChangedBy::Key(node.to_string()), now).await?;
        if proof.unsent > 0 {
            let cause = SecurityEvent::cause(tenant, &["wiped", &node.to_string()]);
            let subject = ("NODE", node.to_string());
            let event = SecurityEvent::new(SecurityKind::RecordsDestroyed, cause, (subject.0, &subject.1));
            let event = event.in_log(node).with("unsent", proof.unsent).with("last_seq", proof.last_seq);
            write_security_event(&tx, tenant, event, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn node_change(node: NodeId, word: &str) -> IdentityChange {
    IdentityChange::new("NODE", node.to_string(), word)
}

/// When the node was revoked, if it was.
async fn revocation(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
) -> Result<Option<NodeRevocation>, AccountError> {
    // Central's own node cannot be revoked: nobody has a key for it.
    let sql = "select n.revoked_at, n.revoked_position from node n join tenant t on t.tenant_id = n.tenant_id
               where n.tenant_id = $1 and n.node_id = $2 and n.node_id <> t.central_node";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &node.uuid()]).await.map_err(StoreError::from)?;
    let row = row.ok_or(AccountError::NoNode { tenant, node })?;
    let read =
        || -> Result<(Option<Micros>, Option<i64>), tokio_postgres::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
    match read().map_err(StoreError::from)? {
        (Some(Micros(at)), Some(position)) => {
            Ok(Some(NodeRevocation { node, at, position: Position(natural(position)?) }))
        }
        _ => Ok(None),
    }
}

/// Compares a proof with the key that the node's first push pinned, and with the records that central holds.
async fn check_proof(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    proof: &WipeProof,
) -> Result<(), AccountError> {
    let unfit = |why: String| AccountError::Proof(why);
    if proof.node != node.uuid() {
        return Err(unfit(format!("it is of node {}, the key is of node {node}", proof.node)));
    }
    if instant::parse(&proof.wiped_at).is_none() {
        return Err(unfit(format!("wiped_at: {}", instant::refusal(&proof.wiped_at, "RFC 3339"))));
    }
    let logs = node_logs(tx, tenant, &[node]).await?;
    let log = logs.get(&node).ok_or(AccountError::NoNode { tenant, node })?;
    let pinned = log.public_key.ok_or_else(|| unfit("central has no key of this node: it never pushed".to_owned()))?;
    let key = VerifyingKey::from_bytes(&pinned).map_err(|error| unfit(error.to_string()))?;
    let mut signature = [0u8; 64];
    hex::decode_to_slice(&proof.signature, &mut signature).map_err(|error| unfit(format!("signature: {error}")))?;
    let signed = key.verify_strict(proof.signed_text().as_bytes(), &Signature::from_bytes(&signature));
    signed.map_err(|_| unfit("the signature is not of the node's key".to_owned()))?;
    let held = log.epochs.get(&proof.epoch).map_or(Seq::ZERO, |head| head.last_seq);
    if proof.last_seq > held.0 {
        let missing = proof.last_seq - held.0;
        let counted =
            format!("central lacks {missing} records of epoch {}, the proof names {}", proof.epoch, proof.unsent);
        return if proof.unsent >= missing { Ok(()) } else { Err(unfit(counted)) };
    }
    let seq = Seq(proof.last_seq);
    let range = SeqRange { node, epoch: proof.epoch, first: seq, last: seq };
    let stored = stored_between(tx, tenant, &[range]).await?;
    let stored = stored.first().and_then(|records| records.first()).map(|record| record.chain);
    if stored.is_some() && stored == sync_v1::parse_chain(&proof.last_chain) {
        return Ok(());
    }
    Err(unfit(format!("epoch {}, seq {}: central holds another chain than {}", proof.epoch, seq, proof.last_chain)))
}
