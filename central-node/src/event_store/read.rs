//! Reading the log.

use comptoir_core::chain::{ChainHash, decision_genesis, decision_link};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::state::EntityKey;
use comptoir_proto::stored_v1::{self, StoredDecision};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::{StoreError, as_bigint, hash_of, natural};

/// A record that is held at a place somebody asked about: what a push sends again is answered from it.
#[derive(Clone, Debug)]
pub(crate) struct StoredRecord {
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) decision: Vec<u8>,
}

/// Which places of which log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeqRange {
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
}

/// What is held between two places of some logs: one list per range, by seq.
pub(crate) async fn stored_between(
    tx: &Transaction<'_>,
    tenant: TenantId,
    ranges: &[SeqRange],
) -> Result<Vec<Vec<StoredRecord>>, StoreError> {
    let mut stored = vec![Vec::new(); ranges.len()];
    if ranges.is_empty() {
        return Ok(stored);
    }
    let statement = tx.prepare_cached(include_str!("stored_between.sql")).await?;
    let tenant = tenant.uuid();
    let nodes: Vec<Uuid> = ranges.iter().map(|range| range.node.uuid()).collect();
    let epochs: Vec<i32> = ranges.iter().map(|range| super::append::epoch_column(range.epoch)).collect();
    let first: Vec<i64> = ranges.iter().map(|range| as_bigint(range.first.0)).collect();
    let last: Vec<i64> = ranges.iter().map(|range| as_bigint(range.last.0)).collect();
    let parameters: [&(dyn ToSql + Sync); 5] = [&tenant, &nodes, &epochs, &first, &last];
    for row in tx.query(&statement, &parameters).await? {
        let range = usize::try_from(natural(row.try_get("range")?)?).unwrap_or(usize::MAX);
        let range = range.checked_sub(1).and_then(|range| stored.get_mut(range));
        let range = range.ok_or_else(|| StoreError::Damaged("a range that was not asked for".to_owned()))?;
        range.push(StoredRecord {
            seq: Seq(natural(row.try_get("node_seq")?)?),
            chain: hash_of(row.try_get("chain")?)?,
            decision: row.try_get("decision")?,
        });
    }
    Ok(stored)
}

/// The record under which an event id counts.
#[derive(Clone, Debug)]
pub(crate) struct HeldEvent {
    pub(crate) event_id: EventId,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: Vec<u8>,
    pub(crate) decision: Vec<u8>,
}

/// The records under which any of these ids counts already.
pub(crate) async fn held_events(
    tx: &Transaction<'_>,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<HeldEvent>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let statement = tx.prepare_cached(include_str!("held_events.sql")).await?;
    let rows = tx.query(&statement, &[&tenant.uuid(), &ids]).await?;
    rows.iter()
        .map(|row| {
            Ok(HeldEvent {
                event_id: EventId::new(row.try_get("event_id")?),
                seq: Seq(natural(row.try_get("node_seq")?)?),
                chain: hash_of(row.try_get("chain")?)?,
                record: row.try_get("record")?,
                decision: row.try_get("decision")?,
            })
        })
        .collect()
}

/// A record of the log, whole.
#[derive(Clone, Debug)]
pub(crate) struct LogRow {
    pub(crate) position: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: Vec<u8>,
    pub(crate) decision: Vec<u8>,
}

impl LogRow {
    fn read(row: &Row) -> Result<LogRow, StoreError> {
        let number: i32 = row.try_get("epoch")?;
        Ok(LogRow {
            position: Position(natural(row.try_get("position")?)?),
            node: NodeId::new(row.try_get("node_id")?),
            epoch: Epoch {
                number: u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))?,
                id: row.try_get("epoch_id")?,
            },
            seq: Seq(natural(row.try_get("node_seq")?)?),
            chain: hash_of(row.try_get("chain")?)?,
            record: row.try_get("record")?,
            decision: row.try_get("decision")?,
        })
    }

    /// What was decided about it.
    pub(crate) fn decided(&self) -> Result<StoredDecision, StoreError> {
        stored_v1::decode_decision(&self.decision)
            .map_err(|error| StoreError::Damaged(format!("the decision at position {}: {error}", self.position)))
    }
}

const COLUMNS: &str = "select e.position, e.node_id, e.epoch, h.epoch_id, e.node_seq, e.chain, e.record, e.decision
                       from event e join node_head h on h.tenant_id = e.tenant_id and h.node_id = e.node_id and h.epoch = e.epoch";

/// The records after a position and up to another, at most `limit` of them, in order.
pub(crate) async fn page(
    tx: &Transaction<'_>,
    tenant: TenantId,
    after: Position,
    up_to: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.position > $2 and e.position <= $3 order by e.position limit $4"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &as_bigint(after.0), &as_bigint(up_to.0), &limit];
    tx.query(&statement, &parameters).await?.iter().map(LogRow::read).collect()
}

/// What waits for a person, after a position: quarantined and not released, oldest first.
pub(crate) async fn quarantined(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    after: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} left join quarantine q on q.tenant_id = e.tenant_id and q.version = $2 and q.event_id = e.event_id
         where e.tenant_id = $1 and e.verdict = 'QUARANTINED' and e.position > $3 and q.released is not true
         order by e.position limit $4"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &version, &as_bigint(after.0), &limit];
    tx.query(&statement, &parameters).await?.iter().map(LogRow::read).collect()
}

/// The record under which an event id counts.
pub(crate) async fn by_event_id(
    tx: &Transaction<'_>,
    tenant: TenantId,
    id: EventId,
) -> Result<Option<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.event_id = $2
         and e.verdict <> 'DUPLICATE' and e.code is distinct from 'EVENT_ID_REUSED'"
    );
    let statement = tx.prepare_cached(&sql).await?;
    tx.query_opt(&statement, &[&tenant.uuid(), &id.uuid()]).await?.as_ref().map(LogRow::read).transpose()
}

/// What changed an entity made of fields, after a position, up to another, and in order: accepted edits and resolutions.
pub(crate) async fn changes_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key: &EntityKey,
    (after, up_to): (Position, Position),
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.entity_type = $2 and e.entity_id = $3 and e.position > $4 and e.position <= $5
         and e.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED') and e.verdict = 'ACCEPTED'
         order by e.position limit $6"
    );
    about(tx, tenant, &sql, key, &[&as_bigint(after.0), &as_bigint(up_to.0), &limit]).await
}

/// Edits of an entity by a node that wait for a person or did, after a position, up to another, and in order.
pub(crate) async fn in_conflict(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key: &EntityKey,
    node: NodeId,
    (after, up_to): (Position, Position),
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.entity_type = $2 and e.entity_id = $3 and e.position > $4 and e.position <= $5
         and e.verdict = 'CONFLICT' and e.action in ('CREATE', 'UPDATE', 'DELETE') and e.node_id = $6
         order by e.position"
    );
    about(tx, tenant, &sql, key, &[&as_bigint(after.0), &as_bigint(up_to.0), &node.uuid()]).await
}

/// Edits of an entity that were set apart, in order. What became of them is told by [`release_of`].
pub(crate) async fn quarantined_event(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key: &EntityKey,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.entity_type = $2 and e.entity_id = $3
         and e.verdict = 'QUARANTINED' and e.action in ('CREATE', 'UPDATE', 'DELETE') order by e.position"
    );
    about(tx, tenant, &sql, key, &[]).await
}

/// The release by which an event that was set apart took effect. A release that was rejected let it wait.
pub(crate) async fn release_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    event: EventId,
) -> Result<Option<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.entity_type = 'QUARANTINE' and e.entity_id = $2
         and e.action = 'QUARANTINE_RELEASED' and e.verdict in ('ACCEPTED', 'SUPERSEDED', 'CONFLICT')
         order by e.position limit 1"
    );
    let statement = tx.prepare_cached(&sql).await?;
    tx.query_opt(&statement, &[&tenant.uuid(), &event.to_string()]).await?.as_ref().map(LogRow::read).transpose()
}

/// Resolutions about one entity that took effect, after a position and in order.
pub(crate) async fn resolutions_of(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key: &EntityKey,
    after: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.entity_type = $2 and e.entity_id = $3 and e.position > $4
         and e.action = 'CONFLICT_RESOLVED' and e.verdict = 'ACCEPTED' order by e.position limit $5"
    );
    about(tx, tenant, &sql, key, &[&as_bigint(after.0), &limit]).await
}

/// Rows about one entity: tenant, type and id are the first parameters.
async fn about(
    tx: &Transaction<'_>,
    tenant: TenantId,
    sql: &str,
    key: &EntityKey,
    more: &[&(dyn ToSql + Sync)],
) -> Result<Vec<LogRow>, StoreError> {
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, entity_type, entity_id) = (tenant.uuid(), key.entity_type.as_str(), key.entity_id.as_str());
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &entity_type, &entity_id];
    parameters.extend_from_slice(more);
    tx.query(&statement, &parameters).await?.iter().map(LogRow::read).collect()
}

/// Resolutions that took effect, after a position and in order.
pub(crate) async fn resolutions(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (entity_type, entity_id): (Option<&str>, Option<&str>),
    after: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.action = 'CONFLICT_RESOLVED' and e.verdict = 'ACCEPTED' and e.position > $2
         and ($3::text is null or e.entity_type = $3) and ($4::text is null or e.entity_id = $4)
         order by e.position limit $5"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 5] = [&tenant.uuid(), &as_bigint(after.0), &entity_type, &entity_id, &limit];
    tx.query(&statement, &parameters).await?.iter().map(LogRow::read).collect()
}

/// The tenant's decision chain after a position: from the end of the batch before it, link by link.
pub(crate) async fn decision_chain_at(
    tx: &Transaction<'_>,
    tenant: TenantId,
    position: Position,
) -> Result<ChainHash, StoreError> {
    let sql = "select last_position, decision_chain from ingest_batch
               where tenant_id = $1 and first_position <= $2 and last_position <= $2 order by first_position desc limit 1";
    let batch = tx.query_opt(sql, &[&tenant.uuid(), &as_bigint(position.0)]).await?;
    let (mut at, mut chain) = match batch {
        Some(row) => (Position(natural(row.try_get(0)?)?), hash_of(row.try_get(1)?)?),
        None => (Position::ZERO, decision_genesis(tenant)),
    };
    // A batch is what one push brought: some thousands at most.
    let sql = "select position, decision from event where tenant_id = $1 and position > $2 and position <= $3 order by position";
    for row in tx.query(sql, &[&tenant.uuid(), &as_bigint(at.0), &as_bigint(position.0)]).await? {
        let stored = Position(natural(row.try_get(0)?)?);
        if stored != at.next() {
            let missing = format!("tenant {tenant} has no row at position {}; the next one is {stored}", at.next());
            return Err(StoreError::Damaged(missing));
        }
        at = stored;
        chain = decision_link(chain, row.try_get(1)?);
    }
    if at != position {
        return Err(StoreError::Damaged(format!(
            "tenant {tenant} has no position {position}; the last before it is {at}"
        )));
    }
    Ok(chain)
}
