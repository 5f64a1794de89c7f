//! Imports a node's exported records through the same checks and decisions as a push.

use comptoir_core::chain::ChainHash;
use comptoir_core::clock::{ClockHistory, ClockMark};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::sync_v1::RecordResult;

use super::error::ImportError;
use super::prepare::{PreparedPush, RecordPosition, opening, prepare};
use super::queue::IngestQueue;
use crate::clock::Clock;
use crate::database::{self, Database};
use crate::event_store::node_logs;
use crate::restore_window::RestoreInProgress;

/// Records of one epoch of a node, in order and without a gap.
#[derive(Debug)]
pub struct ImportedRecords {
    /// The node that wrote the log.
    pub node: NodeId,
    /// The epoch of all the records.
    pub epoch: Epoch,
    /// The seq of the first record.
    pub first_seq: Seq,
    /// The chain before the first record.
    pub previous: ChainHash,
    /// Each record and the chain after it; one or more, within a push's limits.
    pub records: Vec<(Vec<u8>, ChainHash)>,
    /// The clock records of the whole epoch, in log order.
    pub clock: Vec<ClockMark>,
}

/// The outcome of an import.
#[derive(Debug)]
pub struct ImportOutcome {
    /// One per record, in order. A record that central already held has its first decision.
    pub results: Vec<RecordResult>,
    /// How many of the first records central already held.
    pub held_before: usize,
}

/// Writes the records as a push of their node would. If the node pushes the same records later, it is answered from these
/// decisions. Times are corrected by the clock records in the log itself, and are never later than now.
pub(crate) async fn import_records(
    database: &Database,
    queue: &IngestQueue,
    clock: &Clock,
    tenant: TenantId,
    imported: ImportedRecords,
) -> Result<ImportOutcome, ImportError> {
    let ImportedRecords { node, epoch, first_seq, previous, records: sent, clock: marks } = imported;
    let (count, end) = (sent.len(), first_seq.0 + sent.len() as u64);
    let last_held = last_held_seq(database, tenant, node, epoch).await?;
    let held_before = last_held.0.saturating_add(1).clamp(first_seq.0, end) - first_seq.0;
    let first = RecordPosition { tenant, node, epoch, seq: first_seq };
    let records = tokio::task::spawn_blocking(move || prepare(first, previous, sent)).await??;
    let opening = records.first().and_then(opening);
    let clock = ClockHistory::new(&marks, None, clock.now());
    let push = PreparedPush { node, epoch, first_seq, previous, records, opening, clock_offset_micros: 0, clock };
    let results = queue.submit(tenant, push).await?.results;
    if results.len() < count {
        return Err(RestoreInProgress.into());
    }
    Ok(ImportOutcome { results, held_before: usize::try_from(held_before).unwrap_or(count) })
}

async fn last_held_seq(database: &Database, tenant: TenantId, node: NodeId, epoch: Epoch) -> Result<Seq, ImportError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let logs = node_logs(&tx, tenant, &[node]).await?;
    let log = logs.get(&node).ok_or(ImportError::NoNode { tenant, node })?;
    Ok(log.epochs.get(&epoch.number).filter(|head| head.epoch == epoch).map_or(Seq::ZERO, |head| head.last_seq))
}
