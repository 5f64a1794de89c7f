//! Reads for the store check: the heads of one moment, and rows as stored, by position. Rows are never filtered through
//! another table: a missing head must not hide its rows.

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use deadpool_postgres::{Object, Transaction};
use futures_util::{Stream, StreamExt as _};
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::heads::{TenantHead, tenant_head};
use super::seal::{CopiedColumns, copied_columns};
use crate::database::{StoreError, as_bigint, hash_of, natural, set_tenant};

/// The heads that the stored rows must lead to.
#[derive(Clone, Debug)]
pub(crate) struct LogHeads {
    /// `None` if the tenant's row is missing.
    pub(crate) tenant: Option<TenantHead>,
    /// The last seq of each epoch of each node, and the chain after it.
    pub(crate) nodes: Vec<(NodeId, Epoch, Seq, ChainHash)>,
    /// The highest position with a row, independent of the head.
    pub(crate) last_stored: Position,
}

/// Reads all heads in one snapshot: one transaction raises the tenant's head and the nodes' heads.
pub(crate) async fn log_heads(connection: &mut Object, tenant: TenantId) -> Result<LogHeads, StoreError> {
    let snapshot = connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let tx = snapshot.start().await?;
    set_tenant(&tx, tenant).await?;
    let head = tenant_head(&tx, tenant).await?;
    let sql = "select node_id, epoch, epoch_id, last_seq, last_chain from node_head where tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&tenant.uuid()]).await?;
    let nodes = rows.iter().map(|row| {
        let epoch = Epoch { number: epoch_number(row.try_get("epoch")?)?, id: row.try_get("epoch_id")? };
        let last_seq = Seq(natural(row.try_get("last_seq")?)?);
        Ok((NodeId::new(row.try_get("node_id")?), epoch, last_seq, hash_of(row.try_get("last_chain")?)?))
    });
    let nodes = nodes.collect::<Result<Vec<_>, StoreError>>()?;
    tx.batch_execute(BY_INDEX).await?;
    let last_stored = match last_stored(&tx, tenant).await {
        // The row itself is on an unreadable page; the pass over the rows reports it.
        Err(StoreError::Damaged(_)) => head.map(|head| head.head).unwrap_or_default(),
        last => last?,
    };
    Ok(LogHeads { tenant: head, nodes, last_stored })
}

/// A small table would be scanned whole, and one bad page would make every row unreadable.
const BY_INDEX: &str = "set local enable_seqscan = off; set local enable_bitmapscan = off";

async fn last_stored(tx: &Transaction<'_>, tenant: TenantId) -> Result<Position, StoreError> {
    let statement = tx.prepare_cached("select max(position) from event where tenant_id = $1").await?;
    let last: Option<i64> = tx.query_one(&statement, &[&tenant.uuid()]).await?.try_get(0)?;
    Ok(Position(natural(last.unwrap_or(0))?))
}

/// A row of the log with the copies of its sealed fields.
#[derive(Clone, Debug)]
pub(crate) struct CheckedRow {
    pub(crate) position: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
    pub(crate) seq: Seq,
    pub(crate) columns: CopiedColumns,
    /// Of any length: a column without a valid hash is a finding, not an error.
    pub(crate) chain: Vec<u8>,
    pub(crate) decision: Vec<u8>,
    pub(crate) record: Vec<u8>,
}

/// Streams the rows after a position up to another, in order: memory holds a few at a time.
pub(crate) async fn checked_rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (after, up_to): (Position, Position),
) -> Result<impl Stream<Item = Result<CheckedRow, StoreError>>, StoreError> {
    let sql = concat!(
        "select e.position, e.node_id, e.epoch, e.node_seq, e.chain, e.decision, e.record, ",
        copied_columns!(),
        " from event e where e.tenant_id = $1 and e.position > $2 and e.position <= $3 order by e.position"
    );
    tx.batch_execute(BY_INDEX).await?;
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, after, up_to) = (tenant.uuid(), as_bigint(after.0), as_bigint(up_to.0));
    let parameters: [&(dyn ToSql + Sync); 3] = [&tenant, &after, &up_to];
    let rows = tx.query_raw(&statement, parameters).await?;
    Ok(rows.map(|row| checked_row(&row?)))
}

fn checked_row(row: &Row) -> Result<CheckedRow, StoreError> {
    Ok(CheckedRow {
        position: Position(natural(row.try_get("position")?)?),
        node: NodeId::new(row.try_get("node_id")?),
        epoch: epoch_number(row.try_get("epoch")?)?,
        seq: Seq(natural(row.try_get("node_seq")?)?),
        columns: CopiedColumns::read(row)?,
        chain: row.try_get("chain")?,
        decision: row.try_get("decision")?,
        record: row.try_get("record")?,
    })
}

/// The ends of batches after a position up to another, in order, with the decision chain stored for each.
pub(crate) async fn batch_ends(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (after, up_to): (Position, Position),
) -> Result<Vec<(Position, ChainHash)>, StoreError> {
    let sql = "select last_position, decision_chain from ingest_batch
               where tenant_id = $1 and first_position > $2 and first_position <= $3 order by first_position";
    let statement = tx.prepare_cached(sql).await?;
    let rows = tx.query(&statement, &[&tenant.uuid(), &as_bigint(after.0), &as_bigint(up_to.0)]).await?;
    rows.iter().map(|row| Ok((Position(natural(row.try_get(0)?)?), hash_of(row.try_get(1)?)?))).collect()
}

fn epoch_number(number: i32) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))
}
