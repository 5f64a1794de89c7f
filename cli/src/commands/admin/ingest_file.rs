//! `comptoir admin node ingest-file`: ingests a node's exported log like a push, when the network cannot be used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use comptoir_central::{Central, ImportOutcome, ImportedRecords};
use comptoir_core::chain::{ChainHash, link};
use comptoir_core::clock::ClockMark;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::limits::PUSH_BYTES_MAX;
use comptoir_core::position::{Epoch, Seq};
use comptoir_proto::bundle_v1::{BundleError, BundleHeader, BundleReader, Frame};
use comptoir_proto::clock_change::{self, CLOCK_CHANGED};
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use uuid::Uuid;

use crate::failure::Failure;
use crate::output::{Output, Shown};

/// Records per batch: few enough that pushes of other nodes are not delayed.
const BATCH_RECORDS: usize = 1_000;
/// Bytes per batch.
const BATCH_BYTES: usize = PUSH_BYTES_MAX / 4;

/// The result for a file.
#[derive(Debug, Serialize)]
struct Ingested {
    file: PathBuf,
    tenant_id: Uuid,
    node_id: Uuid,
    /// Records in the file.
    records: u64,
    /// Of them, ingested now.
    new: u64,
    /// Of them, known before; their decisions stay as they were.
    held_before: u64,
    /// Number of decisions by verdict, with the code if there is one.
    verdicts: BTreeMap<String, u64>,
}

/// Checks the whole file, then ingests it batch by batch. An interrupted run can be repeated: known records are skipped.
pub(super) async fn ingest_file(central: &Central, path: &Path, output: Output) -> Result<(), Failure> {
    let bytes = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    let bar = bar(output, bytes);
    let clocks = check(path, &bar)?;
    let mut reader = open(path)?;
    let (tenant, node) = log_of(path, reader.header())?;
    let mut done = Ingested {
        file: path.to_owned(),
        tenant_id: tenant.uuid(),
        node_id: node.uuid(),
        records: 0,
        new: 0,
        held_before: 0,
        verdicts: BTreeMap::new(),
    };
    let mut batch = None;
    bar.set_position(0);
    loop {
        let frame = reader.next_frame().map_err(|error| no_bundle(path, &error))?;
        let Some((offset, frame)) = frame else { break };
        match frame {
            Frame::Epoch(start) => {
                hand_over(central, (tenant, node), batch.take(), &clocks, &mut done).await?;
                batch = Some(FileBatch::new(start.epoch, start.after.next(), start.chain));
            }
            Frame::Record { chain, record } => {
                let Some(filling) = &mut batch else { continue };
                filling.push(record, chain);
                if filling.is_full() {
                    let next = filling.next();
                    hand_over(central, (tenant, node), batch.replace(next), &clocks, &mut done).await?;
                    bar.set_position(offset);
                }
            }
            // Central does not need the node's copies of its decisions. A short bundle is ingested as far as it goes.
            Frame::Answer(_) | Frame::Head(_) | Frame::Entry(_) => {}
        }
    }
    hand_over(central, (tenant, node), batch, &clocks, &mut done).await?;
    bar.finish_and_clear();
    output.print(&done)
}

/// Consecutive records of one epoch.
struct FileBatch {
    epoch: Epoch,
    first_seq: Seq,
    previous: ChainHash,
    records: Vec<(Vec<u8>, ChainHash)>,
    bytes: usize,
}

impl FileBatch {
    fn new(epoch: Epoch, first_seq: Seq, previous: ChainHash) -> FileBatch {
        FileBatch { epoch, first_seq, previous, records: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, record: &[u8], chain: ChainHash) {
        self.bytes += record.len();
        self.records.push((record.to_vec(), chain));
    }

    fn is_full(&self) -> bool {
        self.records.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES
    }

    /// The empty batch that follows this one.
    fn next(&self) -> FileBatch {
        let last = self.records.last().map_or(self.previous, |(_, chain)| *chain);
        FileBatch::new(self.epoch, Seq(self.first_seq.0 + self.records.len() as u64), last)
    }
}

async fn hand_over(
    central: &Central,
    (tenant, node): (TenantId, NodeId),
    batch: Option<FileBatch>,
    clocks: &Clocks,
    done: &mut Ingested,
) -> Result<(), Failure> {
    let Some(FileBatch { epoch, first_seq, previous, records, .. }) = batch else { return Ok(()) };
    if records.is_empty() {
        return Ok(());
    }
    let count = records.len() as u64;
    let clock = clocks.get(&epoch.number).cloned().unwrap_or_default();
    let imported = ImportedRecords { node, epoch, first_seq, previous, records, clock };
    let outcome = comptoir_central::import_records(central, tenant, imported).await;
    let ImportOutcome { results, held_before } =
        outcome.map_err(|problem| failed(&problem, epoch, first_seq, done.records))?;
    done.records += count;
    done.held_before += held_before as u64;
    done.new += count - held_before as u64;
    for result in results {
        let word = match result.code {
            Some(code) => format!("{} {code}", result.verdict),
            None => result.verdict,
        };
        *done.verdicts.entry(word).or_default() += 1;
    }
    Ok(())
}

/// Changes of the node's clock, by epoch number.
type Clocks = BTreeMap<u32, Vec<ClockMark>>;

/// Checks the whole file before anything is ingested: form, counts, digest and links. Returns the changes of the node's clock,
/// which correct the times of records long before them.
fn check(path: &Path, bar: &ProgressBar) -> Result<Clocks, Failure> {
    let (mut clocks, mut epoch) = (Clocks::new(), 0);
    let mut reader = open(path)?;
    log_of(path, reader.header())?;
    let (mut seq, mut chain) = (Seq::ZERO, ChainHash([0; 32]));
    while let Some((offset, frame)) = reader.next_frame().map_err(|error| no_bundle(path, &error))? {
        match frame {
            Frame::Epoch(start) => (epoch, seq, chain) = (start.epoch.number, start.after, start.chain),
            Frame::Record { chain: stated, record } => {
                (seq, chain) = (seq.next(), link(chain, record));
                if chain != stated {
                    let broken =
                        format!("byte {offset}: seq {seq} states chain {stated}, but the computed chain is {chain}");
                    return Err(unusable(path, &broken, "CHAIN_MISMATCH"));
                }
                clocks.entry(epoch).or_default().extend(clock_mark(seq, record));
            }
            Frame::Answer(_) | Frame::Head(_) | Frame::Entry(_) => {}
        }
        bar.set_position(offset);
    }
    Ok(clocks)
}

/// The change of the node's clock in a record. A byte search skips nearly all records without decoding them.
fn clock_mark(seq: Seq, record: &[u8]) -> Option<ClockMark> {
    let may = record.windows(CLOCK_CHANGED.len()).any(|bytes| bytes == CLOCK_CHANGED.as_bytes());
    let event = may.then(|| stored_v1::decode(record).ok()).flatten()?;
    let change = clock_change::sealed_in(&event)?.read()?;
    Some(ClockMark { seq, change })
}

fn open(path: &Path) -> Result<BundleReader<BufReader<File>>, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    BundleReader::open(BufReader::new(file)).map_err(|error| no_bundle(path, &error))
}

fn log_of(path: &Path, header: &BundleHeader) -> Result<(TenantId, NodeId), Failure> {
    match header {
        BundleHeader::Node { tenant, node } => Ok((*tenant, *node)),
        BundleHeader::Central { .. } => {
            let words = "this is central's export of a tenant's log; a node's log is needed";
            Err(unusable(path, &words, "NOT_A_NODES_LOG"))
        }
    }
}

fn no_bundle(path: &Path, error: &BundleError) -> Failure {
    unusable(path, error, error.code())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    unusable(path, error, "FILE_UNREADABLE")
}

/// A file that cannot be used. Nothing was ingested.
fn unusable(path: &Path, error: &dyn std::fmt::Display, code: &str) -> Failure {
    Failure::Usage(format!("{}: {error} ({code})", path.display()))
}

/// A batch that central refused. Earlier batches stay ingested.
fn failed(problem: &Problem, epoch: Epoch, first_seq: Seq, records: u64) -> Failure {
    let at = format!("epoch {}, from seq {first_seq} on, after {records} records that were ingested", epoch.number);
    let text = format!("{} ({}): {at}", problem.detail, problem.code);
    if problem.retryable && problem.status >= 500 { Failure::Unavailable(text) } else { Failure::Refused(text) }
}

fn bar(output: Output, bytes: u64) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {elapsed}");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Shown for Ingested {
    fn text(&self) -> String {
        let Ingested { records, new, held_before, node_id, .. } = self;
        let mut lines = vec![format!("{records} records of node {node_id}: {new} new, {held_before} known before")];
        lines.extend(self.verdicts.iter().map(|(verdict, count)| format!("  {verdict}: {count}")));
        lines.join("\n")
    }
}
