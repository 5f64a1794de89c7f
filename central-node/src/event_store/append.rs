//! Appends to the log: one statement for many rows.

use std::borrow::Cow;
use std::sync::Arc;

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::Event;
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::{Micros, StoreError, as_bigint};

/// A record with its place and decision, ready to be stored.
#[derive(Clone, Debug)]
pub(crate) struct NewEvent<'a> {
    pub(crate) position: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) event_id: EventId,
    /// `None` if the record cannot be decoded.
    pub(crate) event: Option<Cow<'a, Event>>,
    pub(crate) received_at: Timestamp,
    pub(crate) effective_at: Timestamp,
    pub(crate) verdict: Verdict,
    pub(crate) code: Option<Code>,
    pub(crate) chain: ChainHash,
    pub(crate) decision: Vec<u8>,
    pub(crate) record: Cow<'a, [u8]>,
}

impl NewEvent<'_> {
    fn content<'b>(&'b self, name: impl Fn(&'b Event) -> &'b Name) -> Option<&'b str> {
        self.event.as_deref().map(|event| name(event).as_str())
    }
}

/// Inserts all rows. The transaction fails if a place is taken, or an id is already counted; the latter returns
/// [`StoreError::IdCounts`].
pub(crate) async fn append_events(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &[Arc<NewEvent<'_>>],
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let statement = tx.prepare_cached(include_str!("append.sql")).await?;
    let tenant = tenant.uuid();
    let positions: Vec<i64> = events.iter().map(|event| as_bigint(event.position.0)).collect();
    let seqs: Vec<i64> = events.iter().map(|event| as_bigint(event.seq.0)).collect();
    let received: Vec<Micros> = events.iter().map(|event| Micros(event.received_at)).collect();
    let effective: Vec<Micros> = events.iter().map(|event| Micros(event.effective_at)).collect();
    let occurred: Vec<Option<Micros>> =
        events.iter().map(|event| event.event.as_deref().map(|event| Micros(event.occurred_at))).collect();
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id.uuid()).collect();
    let nodes: Vec<Uuid> = events.iter().map(|event| event.node.uuid()).collect();
    let epochs: Vec<i32> = events.iter().map(|event| epoch_column(event.epoch.number)).collect();
    let types: Vec<Option<&str>> = events.iter().map(|event| event.content(|e| &e.content.entity_type)).collect();
    let entities: Vec<Option<&str>> = events.iter().map(|event| event.content(|e| &e.content.entity_id)).collect();
    let actions: Vec<Option<&str>> = events.iter().map(|event| event.content(|e| &e.content.action)).collect();
    let sites: Vec<Option<Uuid>> =
        events.iter().map(|event| event.event.as_deref()?.content.site.map(SiteId::uuid)).collect();
    let verdicts: Vec<&str> = events.iter().map(|event| event.verdict.as_str()).collect();
    let codes: Vec<Option<&str>> = events.iter().map(|event| event.code.map(Code::as_str)).collect();
    let chains: Vec<&[u8]> = events.iter().map(|event| event.chain.0.as_slice()).collect();
    let decisions: Vec<&[u8]> = events.iter().map(|event| event.decision.as_slice()).collect();
    let records: Vec<&[u8]> = events.iter().map(|event| &*event.record).collect();
    let columns: [&(dyn ToSql + Sync); 18] = [
        &tenant, &positions, &seqs, &received, &effective, &occurred, &ids, &nodes, &epochs, &types, &entities,
        &actions, &sites, &verdicts, &codes, &chains, &decisions, &records,
    ];
    let inserted = tx.execute(&statement, &columns).await?;
    assert_eq!(
        inserted,
        events.len() as u64,
        "the tenant's head is locked, so every row is inserted or the statement fails"
    );
    Ok(())
}

/// The positions of one push or of one request to the write API.
#[derive(Clone, Debug)]
pub(crate) struct AppendedBatch {
    pub(crate) first: Position,
    pub(crate) last: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: u32,
    pub(crate) clock_offset_micros: i64,
    pub(crate) received_at: Timestamp,
    /// The tenant's decision chain after `last`.
    pub(crate) decision_chain: ChainHash,
}

/// Stores the positions of each push.
pub(crate) async fn insert_batches(
    tx: &Transaction<'_>,
    tenant: TenantId,
    batches: &[AppendedBatch],
) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let sql = "insert into ingest_batch
                   (tenant_id, first_position, last_position, node_id, epoch, clock_offset_micros, received_at, decision_chain)
               select h.tenant_id, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::uuid[]), unnest($5::int[]),
                      unnest($6::bigint[]), unnest($7::timestamptz[]), unnest($8::bytea[])
               from tenant_head h where h.tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let tenant = tenant.uuid();
    let first: Vec<i64> = batches.iter().map(|batch| as_bigint(batch.first.0)).collect();
    let last: Vec<i64> = batches.iter().map(|batch| as_bigint(batch.last.0)).collect();
    let nodes: Vec<Uuid> = batches.iter().map(|batch| batch.node.uuid()).collect();
    let epochs: Vec<i32> = batches.iter().map(|batch| epoch_column(batch.epoch)).collect();
    let offsets: Vec<i64> = batches.iter().map(|batch| batch.clock_offset_micros).collect();
    let received: Vec<Micros> = batches.iter().map(|batch| Micros(batch.received_at)).collect();
    let chains: Vec<&[u8]> = batches.iter().map(|batch| batch.decision_chain.0.as_slice()).collect();
    let columns: [&(dyn ToSql + Sync); 8] = [&tenant, &first, &last, &nodes, &epochs, &offsets, &received, &chains];
    tx.execute(&statement, &columns).await?;
    Ok(())
}

/// A record of the branch of a fork that arrived second.
#[derive(Clone, Debug)]
pub(crate) struct ForkRecord<'a> {
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: &'a [u8],
}

/// Stores the records of a fork in their own table. Records that are resent are stored once.
pub(crate) async fn insert_fork_records(
    tx: &Transaction<'_>,
    tenant: TenantId,
    records: &[ForkRecord<'_>],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let sql = "insert into fork_record (tenant_id, node_id, epoch, epoch_id, node_seq, chain, record)
               select h.tenant_id, unnest($2::uuid[]), unnest($3::int[]), unnest($4::uuid[]), unnest($5::bigint[]), unnest($6::bytea[]),
                      unnest($7::bytea[])
               from tenant_head h where h.tenant_id = $1
               on conflict (tenant_id, node_id, epoch, epoch_id, node_seq, chain) do nothing";
    let statement = tx.prepare_cached(sql).await?;
    let tenant = tenant.uuid();
    let nodes: Vec<Uuid> = records.iter().map(|record| record.node.uuid()).collect();
    let epochs: Vec<i32> = records.iter().map(|record| epoch_column(record.epoch.number)).collect();
    let epoch_ids: Vec<Uuid> = records.iter().map(|record| record.epoch.id).collect();
    let seqs: Vec<i64> = records.iter().map(|record| as_bigint(record.seq.0)).collect();
    let chains: Vec<&[u8]> = records.iter().map(|record| record.chain.0.as_slice()).collect();
    let bytes: Vec<&[u8]> = records.iter().map(|record| record.record).collect();
    let columns: [&(dyn ToSql + Sync); 7] = [&tenant, &nodes, &epochs, &epoch_ids, &seqs, &chains, &bytes];
    tx.execute(&statement, &columns).await?;
    Ok(())
}

/// Epoch numbers above 2^31 are refused on arrival.
pub(super) fn epoch_column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
