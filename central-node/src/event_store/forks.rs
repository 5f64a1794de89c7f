//! The branches that arrived second, for an administrator.

use std::fmt;
use std::str::FromStr;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Position, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::append::epoch_column;
use super::read::held_events;
use crate::database::{Micros, StoreError, as_bigint, hash_of, natural};

/// A record of a branch that arrived second.
#[derive(Clone, Debug)]
pub(crate) struct ForkRow {
    pub(crate) key: ForkKey,
    pub(crate) name: String,
    pub(crate) held_epoch_id: Uuid,
    pub(crate) open_epoch: u32,
    /// The record that the log has at that seq.
    pub(crate) held: Option<(Position, ChainHash)>,
    /// The event of this record, and its action; `None` where the record cannot be decoded.
    pub(crate) event: Option<(EventId, String)>,
    /// The position of the record under which the event counts all the same.
    pub(crate) counted_at: Option<Position>,
    pub(crate) received_at: Timestamp,
}

/// The place of such a record. Pages are in its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ForkKey {
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
    pub(crate) epoch_id: Uuid,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
}

impl fmt::Display for ForkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}.{}", self.node, self.epoch, self.epoch_id, self.seq, self.chain)
    }
}

/// The text is no cursor of this list.
#[derive(Debug)]
pub(crate) struct BadForkCursor;

impl FromStr for ForkKey {
    type Err = BadForkCursor;

    fn from_str(text: &str) -> Result<ForkKey, BadForkCursor> {
        let parts: Vec<&str> = text.split('.').collect();
        let [node, epoch, epoch_id, seq, chain] = parts.as_slice() else { return Err(BadForkCursor) };
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(chain, &mut bytes).map_err(|_| BadForkCursor)?;
        Ok(ForkKey {
            node: node.parse().map_err(|_| BadForkCursor)?,
            epoch: epoch.parse().map_err(|_| BadForkCursor)?,
            epoch_id: epoch_id.parse().map_err(|_| BadForkCursor)?,
            seq: Seq(seq.parse().map_err(|_| BadForkCursor)?),
            chain: ChainHash(bytes),
        })
    }
}

/// A page of such records, after a place.
pub(crate) async fn forks(
    tx: &Transaction<'_>,
    tenant: TenantId,
    after: Option<ForkKey>,
    limit: i64,
) -> Result<Vec<ForkRow>, StoreError> {
    let statement = tx.prepare_cached(include_str!("forks.sql")).await?;
    let (node, epoch_id) = after.map_or((Uuid::nil(), Uuid::nil()), |after| (after.node.uuid(), after.epoch_id));
    let (epoch, seq) = after.map_or((0, 0), |after| (epoch_column(after.epoch), as_bigint(after.seq.0)));
    let chain = after.map(|after| after.chain.0).as_ref().map_or_else(Vec::new, |chain| chain.to_vec());
    let parameters: [&(dyn ToSql + Sync); 7] = [&tenant.uuid(), &node, &epoch, &epoch_id, &seq, &chain, &limit];
    let rows = tx.query(&statement, &parameters).await?;
    let mut forks = rows.iter().map(fork_row).collect::<Result<Vec<_>, StoreError>>()?;
    let ids: Vec<Uuid> = forks.iter().filter_map(|fork| Some(fork.event.as_ref()?.0.uuid())).collect();
    for held in held_events(tx, tenant, &ids).await? {
        let position = stored_v1::decode_decision(&held.decision).ok().map(|decision| decision.position);
        let of_event = |fork: &&mut ForkRow| fork.event.as_ref().is_some_and(|(id, _)| *id == held.event_id);
        forks.iter_mut().filter(of_event).for_each(|fork| fork.counted_at = position);
    }
    Ok(forks)
}

fn fork_row(row: &Row) -> Result<ForkRow, StoreError> {
    let epoch = |column: &str| {
        let number: i32 = row.try_get(column)?;
        u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))
    };
    let held: (Option<i64>, Option<&[u8]>) = (row.try_get("held_position")?, row.try_get("held_chain")?);
    let held = match held {
        (Some(position), Some(chain)) => Some((Position(natural(position)?), hash_of(chain)?)),
        _ => None,
    };
    let event = stored_v1::decode(row.try_get("record")?).ok();
    Ok(ForkRow {
        key: ForkKey {
            node: NodeId::new(row.try_get("node_id")?),
            epoch: epoch("epoch")?,
            epoch_id: row.try_get("epoch_id")?,
            seq: Seq(natural(row.try_get("node_seq")?)?),
            chain: hash_of(row.try_get("chain")?)?,
        },
        name: row.try_get("name")?,
        held_epoch_id: row.try_get("held_epoch_id")?,
        open_epoch: epoch("open_epoch")?,
        held,
        event: event.map(|event| (event.id, event.content.action.to_string())),
        counted_at: None,
        received_at: row.try_get::<_, Micros>("received_at")?.0,
    })
}
