//! The tenant's head, which is locked first and decides the order, and each node's head, which says what comes next in its
//! log. A writer of a node's head holds the tenant's lock, so node heads need no lock.

use std::collections::{BTreeMap, HashMap};

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::append::epoch_column;
use crate::database::{Micros, StoreError, as_bigint, hash_of, natural};

/// The end of a tenant's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TenantHead {
    /// The last position assigned.
    pub(crate) head: Position,
    /// The decision chain after the head.
    pub(crate) decision_chain: ChainHash,
    /// The receipt time of the record at the head.
    pub(crate) last_received_at: Timestamp,
    /// The position of the last change of what a node knows of its users.
    pub(crate) identity_position: Position,
    /// Whether order-dependent decisions have to wait: see [`crate::restore_window`].
    pub(crate) restore_window_open: bool,
}

/// One epoch of a node's log as central holds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NodeHead {
    pub(crate) epoch: Epoch,
    /// The seq of the last record; zero before the first.
    pub(crate) last_seq: Seq,
    /// The chain after the last record.
    pub(crate) last_chain: ChainHash,
    /// Whether the epoch accepts no more records because of a fork.
    pub(crate) frozen: bool,
}

impl NodeHead {
    /// The first epoch of a log that central stores for a device, before its first record.
    pub(crate) fn unopened(tenant: TenantId, node: NodeId) -> NodeHead {
        let epoch = Epoch { number: 1, id: Uuid::new_v4() };
        NodeHead { epoch, last_seq: Seq::ZERO, last_chain: genesis(tenant, node, epoch), frozen: false }
    }
}

/// A node's log as central holds it, by epoch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct NodeLog {
    /// Pinned by the node's first EPOCH_OPENED.
    pub(crate) public_key: Option<[u8; 32]>,
    /// The position at which the node was revoked.
    pub(crate) revoked_position: Option<Position>,
    /// By epoch number; the highest is the open one.
    pub(crate) epochs: BTreeMap<u32, NodeHead>,
}

impl NodeLog {
    pub(crate) fn open(&self) -> Option<&NodeHead> {
        self.epochs.values().next_back()
    }
}

/// Locks the tenant's row until the transaction ends: nobody else can assign positions meanwhile.
pub(crate) async fn lock_tenant(tx: &Transaction<'_>, tenant: TenantId) -> Result<Option<TenantHead>, StoreError> {
    let sql = "select head, decision_chain, last_received_at, identity_position, restore_window_open from tenant_head
               where tenant_id = $1 for no key update";
    let statement = tx.prepare_cached(sql).await?;
    tx.query_opt(&statement, &[&tenant.uuid()]).await?.as_ref().map(head_of).transpose()
}

/// The tenant's head, without a lock.
pub(crate) async fn tenant_head(tx: &Transaction<'_>, tenant: TenantId) -> Result<Option<TenantHead>, StoreError> {
    let sql = "select head, decision_chain, last_received_at, identity_position, restore_window_open from tenant_head
               where tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    tx.query_opt(&statement, &[&tenant.uuid()]).await?.as_ref().map(head_of).transpose()
}

fn head_of(row: &Row) -> Result<TenantHead, StoreError> {
    Ok(TenantHead {
        head: Position(natural(row.try_get("head")?)?),
        decision_chain: hash_of(row.try_get("decision_chain")?)?,
        last_received_at: row.try_get::<_, Micros>("last_received_at")?.0,
        identity_position: Position(natural(row.try_get("identity_position")?)?),
        restore_window_open: row.try_get("restore_window_open")?,
    })
}

pub(crate) async fn raise_tenant(tx: &Transaction<'_>, tenant: TenantId, to: TenantHead) -> Result<(), StoreError> {
    let sql = "update tenant_head set head = $2, decision_chain = $3, last_received_at = $4, identity_position = $5
               where tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let chain = to.decision_chain.0.as_slice();
    let (head, identity_position) = (as_bigint(to.head.0), as_bigint(to.identity_position.0));
    let received_at = Micros(to.last_received_at);
    tx.execute(&statement, &[&tenant.uuid(), &head, &chain, &received_at, &identity_position]).await?;
    Ok(())
}

/// The logs of some nodes and of central's own node. An unregistered node is absent.
pub(crate) async fn node_logs(
    tx: &Transaction<'_>,
    tenant: TenantId,
    nodes: &[NodeId],
) -> Result<HashMap<NodeId, NodeLog>, StoreError> {
    let statement = tx.prepare_cached(include_str!("node_logs.sql")).await?;
    let nodes: Vec<Uuid> = nodes.iter().map(|node| node.uuid()).collect();
    let rows = tx.query(&statement, &[&tenant.uuid(), &nodes]).await?;
    let mut logs: HashMap<NodeId, NodeLog> = HashMap::new();
    for row in &rows {
        let log = logs.entry(NodeId::new(row.try_get("node_id")?)).or_default();
        let key: Option<&[u8]> = row.try_get("public_key")?;
        log.public_key = key.map(|key| hash_of(key).map(|key| key.0)).transpose()?;
        let revoked: Option<i64> = row.try_get("revoked_position")?;
        log.revoked_position = revoked.map(natural).transpose()?.map(Position);
        let Some(number) = row.try_get::<_, Option<i32>>("epoch")? else { continue };
        let number = u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))?;
        let head = NodeHead {
            epoch: Epoch { number, id: row.try_get("epoch_id")? },
            last_seq: Seq(natural(row.try_get("last_seq")?)?),
            last_chain: hash_of(row.try_get("last_chain")?)?,
            frozen: row.try_get("frozen")?,
        };
        log.epochs.insert(number, head);
    }
    Ok(logs)
}

/// Writes the heads of the epochs that grew or were frozen, and returns the stored heads.
pub(crate) async fn raise_node(
    tx: &Transaction<'_>,
    tenant: TenantId,
    heads: &[(NodeId, NodeHead)],
    now: Timestamp,
) -> Result<HashMap<(NodeId, u32), NodeHead>, StoreError> {
    if heads.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = tx.prepare_cached(include_str!("raise_node.sql")).await?;
    let tenant = tenant.uuid();
    let nodes: Vec<Uuid> = heads.iter().map(|(node, _)| node.uuid()).collect();
    let epochs: Vec<i32> = heads.iter().map(|(_, head)| epoch_column(head.epoch.number)).collect();
    let epoch_ids: Vec<Uuid> = heads.iter().map(|(_, head)| head.epoch.id).collect();
    let seqs: Vec<i64> = heads.iter().map(|(_, head)| as_bigint(head.last_seq.0)).collect();
    let chains: Vec<&[u8]> = heads.iter().map(|(_, head)| head.last_chain.0.as_slice()).collect();
    let frozen: Vec<bool> = heads.iter().map(|(_, head)| head.frozen).collect();
    let now = Micros(now);
    let columns: [&(dyn ToSql + Sync); 8] = [&tenant, &nodes, &epochs, &epoch_ids, &seqs, &chains, &frozen, &now];
    let rows = tx.query(&statement, &columns).await?;
    rows.iter()
        .map(|row| {
            let number: i32 = row.try_get("epoch")?;
            let number = u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))?;
            let head = NodeHead {
                epoch: Epoch { number, id: row.try_get("epoch_id")? },
                last_seq: Seq(natural(row.try_get("last_seq")?)?),
                last_chain: hash_of(row.try_get("last_chain")?)?,
                frozen: row.try_get("frozen")?,
            };
            Ok(((NodeId::new(row.try_get("node_id")?), number), head))
        })
        .collect()
}

/// Pins a node's public key. Only the first one is ever written.
pub(crate) async fn pin_key(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    key: [u8; 32],
) -> Result<(), StoreError> {
    let sql = "update node set public_key = $3 where tenant_id = $1 and node_id = $2 and public_key is null";
    let statement = tx.prepare_cached(sql).await?;
    tx.execute(&statement, &[&tenant.uuid(), &node.uuid(), &key.as_slice()]).await?;
    Ok(())
}
