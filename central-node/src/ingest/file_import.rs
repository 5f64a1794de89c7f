//! Records that a person brings in a file because the network did not: the path of a push, from its checks to its decisions.

use comptoir_core::chain::ChainHash;
use comptoir_core::clock::{ClockHistory, ClockMark};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::RecordResult;

use super::answer::JobOutcome;
use super::batch::Job;
use super::prepare::{PreparedPush, RecordPosition, opening, prepare};
use super::push::refused;
use crate::central::Central;
use crate::database;
use crate::event_store::node_logs;
use crate::restore_window;

/// Some records of one epoch of a node, in order and without a hole.
#[derive(Debug)]
pub struct ImportedRecords {
    /// Whose log.
    pub node: NodeId,
    /// Which epoch.
    pub epoch: Epoch,
    /// Seq of the first.
    pub first_seq: Seq,
    /// The chain before the first.
    pub previous: ChainHash,
    /// Each record and the chain after it; one or more, within a push's limits.
    pub records: Vec<(Vec<u8>, ChainHash)>,
    /// What the epoch says of the node's clock, in the order of the log: in these records, before and behind them.
    pub clock: Vec<ClockMark>,
}

/// What became of them.
#[derive(Debug)]
pub struct ImportOutcome {
    /// One per record, in order. Of a record that was held before, what was decided then.
    pub results: Vec<RecordResult>,
    /// How many of them, from the first on, were held before.
    pub held_before: usize,
}

impl Central {
    /// Takes records as a push of their node would bring them. The node's own push of the same, later, is answered from what was decided
    /// here. Times are corrected by what the log itself says of the node's clock, and never later than now.
    pub async fn import_records(&self, tenant: TenantId, brought: ImportedRecords) -> Result<ImportOutcome, Problem> {
        let ImportedRecords { node, epoch, first_seq, previous, records: sent, clock } = brought;
        let (count, last) = (sent.len(), first_seq.0 + sent.len() as u64);
        let held = self.held_to(tenant, node, epoch).await?;
        let held_before = held.0.saturating_add(1).clamp(first_seq.0, last) - first_seq.0;
        let stand = RecordPosition { tenant, node, epoch, seq: first_seq };
        let read = tokio::task::spawn_blocking(move || prepare(stand, previous, sent)).await;
        let read = read.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
        let records = read.map_err(|error| refused(&error))?;
        let opening = records.first().and_then(opening);
        let clock = ClockHistory::new(&clock, None, self.clock().now());
        let push = PreparedPush { node, epoch, first_seq, previous, records, opening, clock_offset_micros: 0, clock };
        match self.ingest_queue().submit(tenant, Job::Push(push)).await? {
            JobOutcome::Pushed { results, .. } if results.len() == count => {
                Ok(ImportOutcome { results, held_before: usize::try_from(held_before).unwrap_or(count) })
            }
            // It was taken up to what has to wait.
            JobOutcome::Pushed { .. } => Err(restore_window::restore_in_progress()),
            JobOutcome::Refused(problem) => Err(problem),
            _ => Err(Problem::new(ErrorCode::Internal, "records were not answered one by one")),
        }
    }

    /// Up to which seq the epoch is held.
    async fn held_to(&self, tenant: TenantId, node: NodeId, epoch: Epoch) -> Result<Seq, Problem> {
        let logs = async {
            let mut connection = self.database().service().await?;
            let tx = database::begin(&mut connection, tenant).await?;
            node_logs(&tx, tenant, &[node]).await
        };
        let logs = logs.await.map_err(|error| error.problem())?;
        let unknown = || Problem::new(ErrorCode::NotFound, format!("tenant {tenant} has no node {node}"));
        let log = logs.get(&node).ok_or_else(unknown)?;
        Ok(log.epochs.get(&epoch.number).filter(|held| held.epoch == epoch).map_or(Seq::ZERO, |held| held.last_seq))
    }
}
