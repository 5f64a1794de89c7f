//! `comptoir import`: turns rows of a file into events of a node. One thread reads the file row by row. Drafts are sent in
//! requests of some hundred, several in flight; a mapping that sorts sends one request at a time, so that the node keeps the
//! file's order.
//!
//! An import that is interrupted at any moment and started again records nothing twice: an event's id is derived from its
//! row's key.

mod batch;
mod draft;
mod field;
mod group;
mod mapping;
mod post;
mod report;
mod resume;
mod rows;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use comptoir_proto::problem::Problem;
use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{self, Receiver};

pub use mapping::MappingError;
pub use post::SendError;
pub use report::{Remark, RowOutcome, Summary};
pub use rows::FileError;

use batch::{DraftBatch, RowFilter};
use draft::{MappedColumns, Prepared};
use mapping::Mapping;
use post::{DraftAnswer, ImportTarget, RetryPolicy};
use report::Report;
use resume::Progress;
use rows::SourceRows;

/// Options of an import.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file, optionally compressed with gzip.
    pub file: PathBuf,
    /// The mapping.
    pub mapping: PathBuf,
    /// The node's address.
    pub url: String,
    /// A credential, needed to import into central.
    pub token: Option<String>,
    /// Imports only rows whose column begins with a text: `(column, text)`.
    pub only: Option<(String, String)>,
    /// File for remarks.
    pub report: Option<PathBuf>,
    /// Requests in flight; 1 if the mapping sorts.
    pub in_flight: usize,
    /// How long to wait for a node without an answer.
    pub give_up_after: Duration,
    /// Draws a progress bar on stderr.
    pub show_progress: bool,
}

/// Why the import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or its mapping cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The node did not answer or refused.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(#[from] csv::Error),
    /// The HTTP client cannot be created.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

impl From<MappingError> for ImportError {
    fn from(error: MappingError) -> ImportError {
        ImportError::File(error.into())
    }
}

/// Interval at which the progress file is written.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Imports a file. Bad rows are reported and skipped. Other errors stop the import, and the same call resumes it.
pub async fn import_file(options: &Options) -> Result<Summary, ImportError> {
    let patience = RetryPolicy {
        first_pause: Duration::from_millis(200),
        longest_pause: Duration::from_secs(5),
        give_up_after: options.give_up_after,
    };
    let node = ImportTarget::new(&options.url, options.token.clone(), patience)?;
    let mapping = Mapping::load(&options.mapping)?;
    let rows = SourceRows::open(&options.file, &mapping)?;
    let plan = MappedColumns::new(&mapping, rows.header())?;
    let only = match &options.only {
        Some((column, start)) => Some(RowFilter { column: rows.header().column(column)?, start: start.clone() }),
        None => None,
    };
    let saved = ProgressFile::open(options, &node).await?;
    let in_flight = if mapping.sort.is_empty() { options.in_flight.max(1) } else { 1 };
    let report = Report::new(options.report.as_deref(), bar(options, rows.length()))?;

    let (sender, batches) = mpsc::channel(in_flight);
    let skip = saved.progress.drafts;
    let reading = tokio::task::spawn_blocking(move || batch::read(rows, &plan, only.as_ref(), skip, &sender));
    let sent = ImportSender { report, saved }.send_all(&node, batches, in_flight).await;
    // The reader is at its end, or its channel is closed.
    let read = reading.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let ImportSender { report, saved } = sent?;
    read?;
    Progress::remove(&saved.path);
    Ok(report.finish()?)
}

fn bar(options: &Options, length: u64) -> ProgressBar {
    if !options.show_progress {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {elapsed}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The progress file of this import, and when it was last written.
struct ProgressFile {
    path: PathBuf,
    progress: Progress,
    at: Instant,
}

impl ProgressFile {
    /// The progress of an earlier run, if the node still has that run's events.
    async fn open(options: &Options, node: &ImportTarget) -> Result<ProgressFile, ImportError> {
        let path = resume::progress_path(&options.file);
        let io = |error| FileError::Io { path: options.file.clone(), error };
        let what = resume::import_identity(options).map_err(io)?;
        let mut progress = Progress::load(&path, &what);
        if let Some(last) = progress.last_taken
            && !node.holds(last).await?
        {
            progress = Progress { what, ..Progress::default() };
        }
        Ok(ProgressFile { path, progress, at: Instant::now() })
    }

    fn save(&mut self) {
        self.at = Instant::now();
        if let Err(error) = self.progress.save(&self.path) {
            // Without it the next run only takes longer.
            tracing::debug!(path = %self.path.display(), %error, "The progress of the import cannot be written");
        }
    }
}

/// The side that talks to the node.
struct ImportSender {
    report: Report,
    saved: ProgressFile,
}

impl ImportSender {
    async fn send_all(
        mut self,
        node: &ImportTarget,
        batches: Receiver<DraftBatch>,
        in_flight: usize,
    ) -> Result<ImportSender, ImportError> {
        let progress = &self.saved.progress;
        self.report.summary.recorded = progress.drafts - progress.refused.len() as u64;
        self.report.summary.known_before = self.report.summary.recorded;
        for remark in &progress.refused {
            self.report.record(remark)?;
        }
        let batches = futures_util::stream::unfold(batches, |mut batches| async move {
            batches.recv().await.map(|batch| (batch, batches))
        });
        let answered = batches.map(|batch| async move {
            let answers = node.send(&batch.drafts).await;
            (batch, answers)
        });
        // Answers are processed in the order of the file, so that the progress is one number.
        let mut answered = std::pin::pin!(answered.buffered(in_flight));
        let mut outcome = Ok(());
        while let Some((batch, answers)) = answered.next().await {
            match answers {
                Ok(answers) => self.note(batch, answers)?,
                Err(error) => {
                    outcome = Err(error.into());
                    break;
                }
            }
        }
        if outcome.is_err() {
            self.saved.save();
        }
        outcome.map(|()| self)
    }

    fn note(&mut self, batch: DraftBatch, answers: Vec<DraftAnswer>) -> Result<(), ImportError> {
        self.report.summary.rows += batch.rows;
        self.report.summary.bad_events += batch.bad_events;
        for remark in &batch.remarks {
            self.report.record(remark)?;
        }
        let done = batch.drafts.last().map(|draft| draft.done);
        for (draft, answer) in batch.drafts.into_iter().zip(answers) {
            self.saved.progress.drafts += 1;
            match answer {
                DraftAnswer::Appended { duplicate } => {
                    self.report.summary.recorded += 1;
                    self.report.summary.known_before += u64::from(duplicate);
                    self.saved.progress.last_taken = Some(draft.id);
                }
                DraftAnswer::Refused(problem) => {
                    let remark = refusal(draft, &problem);
                    self.report.record(&remark)?;
                    self.saved.progress.refused.push(remark);
                }
            }
        }
        self.report.at(done);
        if self.saved.at.elapsed() >= SAVE_EVERY {
            self.saved.save();
        }
        Ok(())
    }
}

fn refusal(draft: Prepared, problem: &Problem) -> Remark {
    let place = problem.pointer.as_deref().map(|pointer| format!("{pointer}: ")).unwrap_or_default();
    let lines = format!("lines {} to {}", draft.first_line, draft.last_line);
    let reason = format!("{place}{} ({lines}; {})", problem.detail, problem.title);
    Remark { outcome: RowOutcome::Refused, line: draft.first_line, key: draft.key, code: problem.code.clone(), reason }
}
