//! After a restore, order-dependent decisions wait until every node has resent the decisions that it had already received. An
//! operator opens the window, since central cannot detect a restore before a node shows it. The window closes with the last
//! node, or when the operator closes it.
//!
//! Only facts decided by order of arrival wait: invoices, cancellations, validations of deliveries, and releases from
//! quarantine, which may release one of these. Everything else is accepted as usual. Nodes and devices keep working; waiting
//! events stay in their logs.

use comptoir_core::fact::Fact;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::rules::PriorDecision;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use crate::database::{self, Database, StoreError, TxPhase};
use crate::event_store::lock_tenant;
use crate::identity::IdentityError;

/// A node that the window waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AwaitedNode {
    /// The node's id.
    pub node: NodeId,
    /// The node's name.
    pub name: String,
}

/// Opens the window of a tenant whose lock is held; see [`crate::restore::open`]. Phones and desktops keep no log and resend
/// nothing, so the window waits for none of them. Returns the nodes that it waits for; empty if the tenant has none.
pub(crate) async fn open(tx: &Transaction<'_>, tenant: TenantId) -> Result<Vec<AwaitedNode>, StoreError> {
    tx.execute(include_str!("restore_window_open.sql"), &[&tenant.uuid()]).await?;
    end_where_nobody_is_left(tx, tenant).await?;
    list(tx, tenant).await
}

/// Closes the window, and returns the nodes that have not resent their decisions.
pub async fn close(db: &Database, tenant: TenantId) -> Result<Vec<AwaitedNode>, IdentityError> {
    let mut connection = db.service().await?;
    let tx = locked(&mut connection, tenant).await?;
    let left = list(&tx, tenant).await?;
    let sql = "delete from restore_window where tenant_id = $1";
    tx.execute(sql, &[&tenant.uuid()]).await.map_err(StoreError::from)?;
    end_where_nobody_is_left(&tx, tenant).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(left)
}

/// The nodes that the window waits for.
pub async fn awaited(db: &Database, tenant: TenantId) -> Result<Vec<AwaitedNode>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    list(&tx, tenant).await
}

/// Records that a node has resent all decisions that it had received: the window no longer waits for it.
pub(crate) async fn mark_returned(db: &Database, tenant: TenantId, node: NodeId) -> Result<(), StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    lock_tenant(&tx, tenant).await?;
    let sql = "delete from restore_window where tenant_id = $1 and node_id = $2";
    if tx.execute(sql, &[&tenant.uuid(), &node.uuid()]).await? > 0 {
        tracing::info!(tenant.id = %tenant, node.id = %node, "node {node} has resent the decisions that it had received before the restore");
        end_where_nobody_is_left(&tx, tenant).await?;
    }
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))
}

/// Whether deciding the fact again could contradict a decision that a node has received.
pub(crate) fn must_wait_for_restore(fact: &Fact) -> bool {
    PriorDecision::is_of(fact) || matches!(fact, Fact::QuarantineReleased { .. })
}

/// The restore window is open, and the request has to wait for it to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "central was restored and waits for its nodes to resend the decisions they received: until then it numbers no \
     new invoice and decides no new validation of a delivery"
)]
pub(crate) struct RestoreInProgress;

impl RestoreInProgress {
    /// Seconds after which to retry.
    pub(crate) const RETRY_AFTER: u64 = 5;
}

async fn locked(
    connection: &mut deadpool_postgres::Object,
    tenant: TenantId,
) -> Result<Transaction<'_>, IdentityError> {
    let tx = database::begin(connection, tenant).await?;
    match lock_tenant(&tx, tenant).await? {
        Some(_) => Ok(tx),
        None => Err(IdentityError::Missing { tenant, what: "the tenant itself".to_owned() }),
    }
}

/// The column `restore_window_open` is true as long as the window waits for a node.
async fn end_where_nobody_is_left(tx: &Transaction<'_>, tenant: TenantId) -> Result<(), StoreError> {
    let sql = "update tenant_head set restore_window_open = exists (select from restore_window where tenant_id = $1) where tenant_id = $1";
    tx.execute(sql, &[&tenant.uuid()]).await?;
    Ok(())
}

async fn list(tx: &Transaction<'_>, tenant: TenantId) -> Result<Vec<AwaitedNode>, StoreError> {
    let sql = "select n.node_id, n.name from restore_window h
               join node n on n.tenant_id = h.tenant_id and n.node_id = h.node_id
               where h.tenant_id = $1 order by n.name, n.node_id";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    rows.iter()
        .map(|row| Ok(AwaitedNode { node: NodeId::new(row.try_get::<_, Uuid>(0)?), name: row.try_get(1)? }))
        .collect()
}
