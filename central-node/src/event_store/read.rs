//! Reads the log.

use comptoir_core::chain::{ChainHash, decision_genesis, decision_link};
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::state::EntityKey;
use comptoir_core::time::Timestamp;
use comptoir_proto::damage::Damage;
use comptoir_proto::store_check_v1::StoreFinding;
use comptoir_proto::stored_v1::{self, DecodeError, StoredDecision};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::seal::{CopiedColumns, SealError, SealedEntry, copied_columns, sealed_decision};
use crate::database::{Micros, StoreError, as_bigint, hash_of, natural};

/// A stored record at a requested place: central answers a resent record with it.
#[derive(Clone, Debug)]
pub(crate) struct StoredRecord {
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) decision: Vec<u8>,
}

/// A range of seqs in one log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeqRange {
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
}

/// The stored records in some ranges: one list per range, by seq.
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

/// A record whose event id is counted.
#[derive(Clone, Debug)]
pub(crate) struct HeldEvent {
    pub(crate) event_id: EventId,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: Vec<u8>,
    pub(crate) decision: Vec<u8>,
}

/// The records under which any of these ids is already counted.
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

/// A record of the log with its decision and the copies of their fields.
#[derive(Clone, Debug)]
pub(crate) struct LogRow {
    pub(crate) position: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: Vec<u8>,
    pub(crate) decision: Vec<u8>,
    columns: CopiedColumns,
    /// Whether the epoch is in `node_head`. Otherwise its id is unknown.
    has_head: bool,
}

impl LogRow {
    /// Reads a row as stored, unchecked: [`LogRow::sealed`] checks it.
    fn read(row: &Row) -> Result<LogRow, StoreError> {
        let number: i32 = row.try_get("epoch")?;
        let epoch_id: Option<Uuid> = row.try_get("epoch_id")?;
        Ok(LogRow {
            position: Position(natural(row.try_get("position")?)?),
            node: NodeId::new(row.try_get("node_id")?),
            epoch: Epoch {
                number: u32::try_from(number).map_err(|_| StoreError::Damaged(format!("epoch {number}")))?,
                id: epoch_id.unwrap_or_default(),
            },
            seq: Seq(natural(row.try_get("node_seq")?)?),
            chain: hash_of(row.try_get("chain")?)?,
            record: row.try_get("record")?,
            decision: row.try_get("decision")?,
            columns: CopiedColumns::read(row)?,
            has_head: epoch_id.is_some(),
        })
    }

    /// Reads a row, and fails if a copy differs from the sealed bytes.
    fn checked(tenant: TenantId, row: &Row) -> Result<LogRow, StoreError> {
        let row = LogRow::read(row)?;
        match row.sealed() {
            Ok(_) => Ok(row),
            Err(error) => Err(StoreError::DamagedLog(Box::new(error.finding(tenant)))),
        }
    }

    /// The decision and the event, from the sealed bytes. Fails if the decision belongs to another record or position, or a
    /// copy differs from the sealed value.
    pub(crate) fn sealed(&self) -> Result<SealedEntry, SealError> {
        let not_of_this_row = |why: String| SealError::Decision(self.position, why);
        let decision =
            stored_v1::decode_decision(&self.decision).map_err(|error| not_of_this_row(error.to_string()))?;
        if decision.position != self.position {
            return Err(not_of_this_row(format!("it is of position {}", decision.position)));
        }
        if decision.record_chain != self.chain {
            return Err(not_of_this_row(format!("it is of the record with chain {}", decision.record_chain)));
        }
        let event = stored_v1::decode(&self.record);
        match self.columns.altered(&decision, self.chain, event.as_ref().ok()) {
            Some(altered) => Err(SealError::Altered(altered)),
            None if !self.has_head => {
                Err(SealError::NoHead { position: self.position, node: self.node, epoch: self.epoch.number })
            }
            None => Ok(SealedEntry { decision, event }),
        }
    }

    /// The event's sealed content; the copies are not checked.
    pub(crate) fn event(&self) -> Result<Event, DecodeError> {
        stored_v1::decode(&self.record)
    }

    /// Whether central accepted the record as an event of its place. Otherwise its id is derived from its chain.
    pub(crate) fn has_event(&self, decision: &Result<StoredDecision, String>) -> bool {
        let derived = stored_v1::unreadable_event_id(self.chain);
        decision.as_ref().map_or(true, |decision| decision.event_id != derived)
    }

    /// The entity's type and id from the columns, for a row whose record can no longer be decoded.
    pub(crate) fn copied_entity(&self) -> Option<(String, String)> {
        self.columns.entity()
    }

    /// The action from the columns, for the same rows.
    pub(crate) fn copied_action(&self) -> Option<&str> {
        self.columns.action()
    }

    pub(crate) fn decided(&self) -> Result<StoredDecision, StoreError> {
        sealed_decision(&self.decision)
    }
}

/// A left join: a row with a changed node or epoch must not be left out.
const COLUMNS: &str = concat!(
    "select e.position, e.node_id, e.epoch, h.epoch_id, e.node_seq, e.chain, e.record, e.decision, ",
    copied_columns!(),
    " from event e left join node_head h on h.tenant_id = e.tenant_id and h.node_id = e.node_id and h.epoch = e.epoch"
);

/// The records after a position up to another, at most `limit` of them, in order.
pub(crate) async fn log_page(
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
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// The size of a page of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageSize {
    /// Positions applied and committed together.
    pub positions: u64,
    /// The limit for the records of a page. A page exceeds it by one record at most, and a record has up to 256 KiB.
    pub bytes: u32,
}

impl PageSize {
    /// For following the log on a machine that also records sales.
    pub const FOLLOWED: PageSize = PageSize { positions: 4_000, bytes: 4 * 1024 * 1024 };
    /// For a rebuild, which writes each changed row once per page: longer pages mean fewer writes. A kill loses one page at
    /// most.
    pub const REBUILT: PageSize = PageSize { positions: 50_000, bytes: 8 * 1024 * 1024 };
}

/// The next page after a position, up to `to` at most, and the position up to which the page is complete. Rows are as stored:
/// the caller decodes and checks them on other threads.
pub(crate) async fn sized_page(
    tx: &Transaction<'_>,
    tenant: TenantId,
    after: Position,
    to: Position,
    size: PageSize,
) -> Result<(Vec<LogRow>, Position), StoreError> {
    let last = to.min(Position(after.0.saturating_add(size.positions.max(1))));
    let statement = tx.prepare_cached(include_str!("log_page.sql")).await?;
    let parameters: [&(dyn ToSql + Sync); 4] =
        [&tenant.uuid(), &as_bigint(after.0), &as_bigint(last.0), &i64::from(size.bytes)];
    let rows = tx.query(&statement, &parameters).await?;
    let rows = rows.iter().map(LogRow::read).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = rows.iter().map(|row| row.record.len()).sum();
    let is_full = u64::try_from(bytes).is_ok_and(|bytes| bytes >= u64::from(size.bytes));
    let complete_through = rows.last().filter(|_| is_full).map_or(last, |row| row.position);
    Ok((rows, complete_through))
}

/// The records under which event ids are counted, as stored.
pub(crate) async fn by_event_ids(
    tx: &Transaction<'_>,
    tenant: TenantId,
    ids: &[Uuid],
) -> Result<Vec<LogRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.event_id = any ($2)
         and e.verdict <> 'DUPLICATE' and e.code is distinct from 'EVENT_ID_REUSED'"
    );
    let statement = tx.prepare_cached(&sql).await?;
    tx.query(&statement, &[&tenant.uuid(), &ids]).await?.iter().map(LogRow::read).collect()
}

/// Whether the log has nothing but what central writes by itself: nobody has used the tenant yet.
pub(crate) async fn is_unused(tx: &Transaction<'_>, tenant: TenantId) -> Result<bool, StoreError> {
    let sql = "select not exists (
                   select from event where tenant_id = $1
                   and coalesce(action, '') <> all (array['EPOCH_OPENED', 'RULEBOOK_ADOPTED', 'IDENTITY_CHANGED',
                                                          'AUDIT_RECORDED', 'SECURITY_RECORDED']))";
    Ok(tx.query_one(sql, &[&tenant.uuid()]).await?.try_get(0)?)
}

/// The records at some positions.
pub(crate) async fn at_positions(
    tx: &Transaction<'_>,
    tenant: TenantId,
    positions: &[i64],
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!("{COLUMNS} where e.tenant_id = $1 and e.position = any ($2::bigint[])");
    let statement = tx.prepare_cached(&sql).await?;
    tx.query(&statement, &[&tenant.uuid(), &positions]).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// Releases and resolutions after a position up to another. Rejected, quarantined and duplicate ones changed nothing and are
/// left out.
pub(crate) async fn later_decisions(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (after, up_to): (Position, Position),
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.action in ('QUARANTINE_RELEASED', 'CONFLICT_RESOLVED')
         and e.verdict not in ('REJECTED', 'QUARANTINED', 'DUPLICATE') and e.position > $2 and e.position <= $3
         order by e.position limit $4"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &as_bigint(after.0), &as_bigint(up_to.0), &limit];
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// The receipt time of the record at a position, from its sealed decision.
pub(crate) async fn received_at_position(
    tx: &Transaction<'_>,
    tenant: TenantId,
    position: Position,
) -> Result<Option<Timestamp>, StoreError> {
    let statement = tx.prepare_cached("select decision from event where tenant_id = $1 and position = $2").await?;
    let row = tx.query_opt(&statement, &[&tenant.uuid(), &as_bigint(position.0)]).await?;
    row.map(|row| super::seal::received_at(row.try_get(0)?)).transpose()
}

/// The last position up to `head` whose record was received by a time; zero if there is none.
pub(crate) async fn position_at_time(
    tx: &Transaction<'_>,
    tenant: TenantId,
    at: Timestamp,
    head: Position,
) -> Result<Position, StoreError> {
    let statement = tx.prepare_cached(include_str!("position_at_time.sql")).await?;
    let row = tx.query_one(&statement, &[&tenant.uuid(), &Micros(at), &as_bigint(head.0)]).await?;
    Ok(Position(natural(row.try_get(0)?)?))
}

/// Events of some sites that wait for a person, after a position: quarantined and not released, oldest first. Without sites those
/// of the whole tenant.
pub(crate) async fn quarantined(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    sites: Option<&[Uuid]>,
    (after, limit): (Position, i64),
) -> Result<Vec<LogRow>, StoreError> {
    let of_sites = if sites.is_some() { "e.site_id = any($5)" } else { "$5::uuid[] is null" };
    let sql = format!(
        "{COLUMNS} left join quarantine q on q.tenant_id = e.tenant_id and q.version = $2 and q.event_id = e.event_id
         where e.tenant_id = $1 and e.verdict = 'QUARANTINED' and e.position > $3 and q.released is not true and {of_sites}
         order by e.position limit $4"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 5] = [&tenant.uuid(), &version, &as_bigint(after.0), &limit, &sites];
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// Which audit entries to read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuditEntryFilter {
    /// In this log only.
    pub(crate) node: Option<NodeId>,
    /// From this time on, by the clock of the entry's writer.
    pub(crate) from: Option<Timestamp>,
    /// Before this time.
    pub(crate) to: Option<Timestamp>,
}

/// Accepted audit entries after a position, in order.
pub(crate) async fn audit_entries(
    tx: &Transaction<'_>,
    tenant: TenantId,
    filter: &AuditEntryFilter,
    after: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.action = 'AUDIT_RECORDED' and e.verdict = 'ACCEPTED' and e.position > $2
         and ($3::uuid is null or e.node_id = $3) and ($4::timestamptz is null or e.occurred_at >= $4)
         and ($5::timestamptz is null or e.occurred_at < $5)
         order by e.position limit $6"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let node = filter.node.map(NodeId::uuid);
    let (from, to) = (filter.from.map(Micros), filter.to.map(Micros));
    let parameters: [&(dyn ToSql + Sync); 6] = [&tenant.uuid(), &as_bigint(after.0), &node, &from, &to, &limit];
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// Security events after a position, in order; of one kind if it is named.
pub(crate) async fn security_events(
    tx: &Transaction<'_>,
    tenant: TenantId,
    kind: Option<&str>,
    after: Position,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.action = 'SECURITY_RECORDED' and e.verdict = 'ACCEPTED' and e.position > $2
         and ($3::text is null or e.entity_id = $3) order by e.position limit $4"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &as_bigint(after.0), &kind, &limit];
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// The record under which an event id is counted.
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
    tx.query_opt(&statement, &[&tenant.uuid(), &id.uuid()])
        .await?
        .as_ref()
        .map(|row| LogRow::checked(tenant, row))
        .transpose()
}

/// The record at a place of a node's log.
pub(crate) async fn at_place(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: NodeId,
    (epoch, seq): (u32, Seq),
) -> Result<Option<LogRow>, StoreError> {
    let sql = format!("{COLUMNS} where e.tenant_id = $1 and e.node_id = $2 and e.epoch = $3 and e.node_seq = $4");
    let statement = tx.prepare_cached(&sql).await?;
    let (epoch, seq) = (super::append::epoch_column(epoch), as_bigint(seq.0));
    let row = tx.query_opt(&statement, &[&tenant.uuid(), &node.uuid(), &epoch, &seq]).await?;
    row.as_ref().map(|row| LogRow::checked(tenant, row)).transpose()
}

/// The accepted edits and resolutions of an entity after a position up to another, in order.
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

/// A node's edits of an entity that are or were in conflict, after a position up to another, in order.
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

/// Quarantined edits of an entity, in order. [`release_of`] finds their releases.
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

/// The release by which a quarantined event took effect. An event whose release was rejected still waits.
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
    tx.query_opt(&statement, &[&tenant.uuid(), &event.to_string()])
        .await?
        .as_ref()
        .map(|row| LogRow::checked(tenant, row))
        .transpose()
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
    let (tenant_id, entity_type, entity_id) = (tenant.uuid(), key.entity_type.as_str(), key.entity_id.as_str());
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant_id, &entity_type, &entity_id];
    parameters.extend_from_slice(more);
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// Resolutions that took effect, after a position and in order.
pub(crate) async fn resolutions(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (entity_type, entity_id): (Option<&str>, Option<&str>),
    sites: Option<&[Uuid]>,
    (after, limit): (Position, i64),
) -> Result<Vec<LogRow>, StoreError> {
    let of_sites = if sites.is_some() { "e.site_id = any($6)" } else { "$6::uuid[] is null" };
    let sql = format!(
        "{COLUMNS} where e.tenant_id = $1 and e.action = 'CONFLICT_RESOLVED' and e.verdict = 'ACCEPTED' and e.position > $2
         and ($3::text is null or e.entity_type = $3) and ($4::text is null or e.entity_id = $4) and {of_sites}
         order by e.position limit $5"
    );
    let statement = tx.prepare_cached(&sql).await?;
    let parameters: [&(dyn ToSql + Sync); 6] =
        [&tenant.uuid(), &as_bigint(after.0), &entity_type, &entity_id, &limit, &sites];
    tx.query(&statement, &parameters).await?.iter().map(|row| LogRow::checked(tenant, row)).collect()
}

/// The tenant's decision chain after a position, computed link by link from the end of the previous batch.
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
    // A batch has the events of one push: a few thousand at most.
    let sql = "select position, decision from event where tenant_id = $1 and position > $2 and position <= $3 order by position";
    for row in tx.query(sql, &[&tenant.uuid(), &as_bigint(at.0), &as_bigint(position.0)]).await? {
        let stored = Position(natural(row.try_get(0)?)?);
        if stored != at.next() {
            return Err(missing_positions(tenant, at.next(), Position(stored.0 - 1)));
        }
        at = stored;
        chain = decision_link(chain, row.try_get(1)?);
    }
    if at != position {
        return Err(missing_positions(tenant, at.next(), position));
    }
    Ok(chain)
}

/// The error of a reader that expected rows at these positions.
fn missing_positions(tenant: TenantId, first: Position, last: Position) -> StoreError {
    let expected = format!("{} rows", (last.0 + 1).saturating_sub(first.0));
    let range = (first.0, last.0);
    let missing =
        StoreFinding::about_positions(Damage::MissingPositions, tenant.uuid(), range, expected, "none".to_owned());
    StoreError::DamagedLog(Box::new(missing))
}
