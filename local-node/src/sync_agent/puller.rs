//! Pulls central's changes: at the start, after each answered push, on the timer, and with a request that central holds until
//! something changes. Without a cursor it loads everything in scope first.
//!
//! It runs independently of the push: neither waits for the other, and a failure here delays no event.

use std::time::Duration;

use comptoir_core::limits::{PAGE_ROWS_MAX, WAIT_SECONDS_MAX};
use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::pull_v1::{self, BootstrapLine, DeviceStatus, PullCursor, PullResponse};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::load::BootstrapLines;
use super::push::{PushFailure, read_status};
use super::reaction;
use super::recount::recount;
use super::state::{SyncIssue, SyncState};
use super::transport::{Acked, BootstrapAnswer, HttpAnswer, PullParams, Transport};
use crate::blocking::blocking;
use crate::event_log::{AppendError, Environment, Head, KeyChange, Log, LogPosition, ReadError};
use crate::notifications;
use crate::read_models::apply::{self, Applied, ApplyError, SweptRows};
use crate::read_models::pull_progress::PullProgress;
use crate::read_models::rulebook;

/// Batches written at once: a few milliseconds during which an append may have to wait.
const BATCHES_AT_ONCE: usize = 4;
/// Rows of a bootstrap that are written together.
const LOAD_ROWS: usize = 1_000;
/// More rows than this between two marks are not central's stream.
const UNMARKED_ROWS_MAX: usize = 10_000;

/// The agent asks central for its status once an interval: within three, a working agent has begun to resend.
const RESTORE_WAIT_INTERVALS: u32 = 3;

enum Step {
    Next,
    /// Every available change was applied.
    Came,
    Idle,
    /// Try again after this time.
    Pause(Duration),
}

/// Why a request failed.
enum PullFailure {
    Request(PushFailure),
    /// The answer is malformed or does not match the request.
    Apply(ApplyError),
    /// The log could not store the answer.
    Store(AppendError),
}

pub(crate) struct Puller<T> {
    log: Log,
    transport: T,
    environment: Environment,
    interval: Duration,
    state: watch::Sender<SyncState>,
    backoff: Backoff,
    progress: PullProgress,
    /// Set while a restored central is resent missing records.
    restore_wait: Option<RestoreWait>,
}

/// How far a restored central holds this log again, and since when that has not changed.
#[derive(Clone, Copy)]
struct RestoreWait {
    held: Seq,
    stalled: Duration,
}

impl<T: Transport> Puller<T> {
    pub(crate) fn new(
        log: Log,
        transport: T,
        environment: Environment,
        interval: Duration,
        state: watch::Sender<SyncState>,
    ) -> Puller<T> {
        let (backoff, progress) = (Backoff::default(), PullProgress::default());
        Puller { log, transport, environment, interval, state, backoff, progress, restore_wait: None }
    }

    /// Runs until it is dropped. Dropping it at any await is harmless: rows and progress are in the log.
    pub(crate) async fn run(mut self) {
        self.reread().await;
        let mut heads = self.log.watch();
        let mut wait = Duration::ZERO;
        loop {
            let acked = heads.borrow_and_update().marks.acked;
            let asked_at = Instant::now();
            let step = match self.progress.cursor.clone() {
                Some(cursor) if self.progress.load.is_none() => {
                    let identity_position = self.state.borrow().pull.identity_position;
                    let query = PullParams { cursor, limit: PAGE_ROWS_MAX, wait, identity_position };
                    tokio::select! {
                        answer = self.transport.pull(query) => self.pulled(answer.map_err(PushFailure::from)).await,
                        // Events just pushed are available to pull.
                        () = moved(&mut heads, acked), if wait > Duration::ZERO => Step::Next,
                    }
                }
                _ => self.load().await,
            };
            // A central that does not hold requests is polled on the timer. One that answers early because of changes is asked
            // again at once.
            let pause = match step {
                Step::Idle if wait > Duration::ZERO && asked_at.elapsed() < wait / 2 => Some(self.interval),
                Step::Pause(pause) => Some(pause),
                Step::Came | Step::Idle | Step::Next => None,
            };
            wait = match step {
                Step::Came | Step::Idle => Duration::from_secs(WAIT_SECONDS_MAX).min(self.interval),
                Step::Next | Step::Pause(_) => Duration::ZERO,
            };
            if let Some(pause) = pause {
                tokio::select! {
                    () = sleep(pause) => {}
                    () = moved(&mut heads, acked) => wait = Duration::ZERO,
                }
            }
        }
    }

    /// Applies the answer to a pull.
    async fn pulled(&mut self, answer: Result<HttpAnswer, PushFailure>) -> Step {
        let response = answer.and_then(|answer| match answer.status {
            200 => serde_json::from_slice::<PullResponse>(&answer.body).map_err(|e| PushFailure::Misfit(e.to_string())),
            _ => Err(PushFailure::refused(&answer)),
        });
        let response = match response {
            Ok(response) => response,
            Err(failure) => return self.failed(PullFailure::Request(failure)).await,
        };
        let (more, head, device) = (response.has_more, response.head, response.device);
        let identity_position = response.identity_position;
        let (large, has_notices) = (oversized(&response.changes), !response.notices.is_empty());
        let known_identity = self.state.borrow().pull.identity_position;
        let came = !response.changes.is_empty()
            || !response.notices.is_empty()
            || response.rulebook.is_some()
            || known_identity.is_some_and(|known| known != identity_position);
        let (log, progress, now) = (self.log.clone(), self.progress.clone(), self.log.now());
        let applied = blocking(move || {
            let mut response = response;
            let notices = std::mem::take(&mut response.notices).into_iter();
            let notices = notices.filter_map(|notice| notifications::of_notice(&log, notice).transpose());
            let mut notices = notices.collect::<Result<Vec<_>, _>>()?;
            notices.extend(of_rows(&log, &response.changes)?);
            apply::page(&log, &progress, response, notices, now)
        })
        .await;
        if let Err(failed) = self.store(applied).await {
            return self.failed(failed).await;
        }
        self.show_too_large(large);
        if has_notices {
            recount(&self.log, &self.state).await;
        }
        self.backoff.reset();
        let complete_through = self.progress.complete_through;
        self.state.send_modify(|state| {
            state.pull.last_error = None;
            state.pull.note_device(device, now);
            state.pull.identity_position = Some(identity_position);
            state.pull.answers += 1;
            (state.pull.complete_through, state.pull.head) = (complete_through, Some(head));
            if !more {
                state.pull.pulled_at = Some(now);
            }
        });
        match (more, came) {
            (true, _) => Step::Next,
            (false, true) => Step::Came,
            (false, false) => Step::Idle,
        }
    }

    /// Loads everything in scope, from the last mark.
    async fn load(&mut self) -> Step {
        let mark = |progress: &PullProgress| progress.load.as_ref().and_then(|load| load.after.clone());
        let before = mark(&self.progress);
        match self.load_from_mark().await {
            Ok(()) => {
                self.backoff.reset();
                Step::Next
            }
            Err(failed) => {
                // Progress was made before the line broke: the next failure counts as the first.
                if mark(&self.progress) != before {
                    self.backoff.reset();
                }
                self.failed(failed).await
            }
        }
    }

    async fn load_from_mark(&mut self) -> Result<(), PullFailure> {
        let after = self.progress.load.as_ref().and_then(|load| load.after.clone());
        let opened = self.transport.bootstrap(after.clone()).await.map_err(PushFailure::from)?;
        let stream = match opened {
            BootstrapAnswer::Stream(stream) => stream,
            BootstrapAnswer::Refused(answer) => {
                let failure = PushFailure::refused(&answer);
                if answer.status == 400 && after.is_some() {
                    // Central no longer knows the mark.
                    self.begin_load().await?;
                }
                return Err(failure.into());
            }
        };
        let mut lines = BootstrapLines::new(stream)?;
        let mut rows = Vec::new();
        // The number of rows that the last mark covers, and the mark.
        let mut marked = (0, None);
        let ended = loop {
            match lines.next().await {
                Ok(Some(BootstrapLine::Start { incarnation, scope, rows, rulebook, .. })) => {
                    if self.is_another(incarnation, &scope) {
                        self.begin_load().await?;
                        return Ok(());
                    }
                    if after.is_none() {
                        // Rows of an earlier attempt may be here that are gone at central: the sweep at the end must recognise
                        // them.
                        self.begin_load().await?;
                    }
                    if let Some(load) = &mut self.progress.load {
                        (load.incarnation, load.scope) = (Some(incarnation), Some(scope));
                    }
                    if let Some(given) = rulebook {
                        self.write(vec![vec![rulebook::change(&given)]]).await?;
                    }
                    self.show_load(0, rows);
                }
                Ok(Some(BootstrapLine::Row(row))) if rows.len() - marked.0 < UNMARKED_ROWS_MAX => rows.push(row),
                Ok(Some(BootstrapLine::Row(_))) => {
                    break Err(PushFailure::Misfit(format!("{UNMARKED_ROWS_MAX} rows without a mark")));
                }
                Ok(Some(BootstrapLine::Mark(mark))) => {
                    marked = (rows.len(), Some(mark.clone()));
                    if rows.len() >= LOAD_ROWS {
                        self.store_loaded(std::mem::take(&mut rows), Some(mark)).await?;
                        marked = (0, None);
                    }
                }
                Ok(Some(BootstrapLine::End { cursor })) => break Ok(cursor),
                Ok(None) => break Err(PushFailure::Misfit("the stream ended before its end".to_owned())),
                Err(failure) => break Err(failure),
            }
        };
        match ended {
            Ok(cursor) => self.end_load(rows, cursor).await,
            Err(failure) => {
                // Rows that came before the cut are stored, so that they are not sent again.
                if let (count, mark @ Some(_)) = marked {
                    rows.truncate(count);
                    self.store_loaded(rows, mark).await?;
                }
                Err(failure.into())
            }
        }
    }

    /// Whether the stream belongs to another central or scope than the marked rows.
    fn is_another(&self, incarnation: uuid::Uuid, scope: &str) -> bool {
        let load = self.progress.load.as_ref();
        let known = load.and_then(|load| load.incarnation.zip(load.scope.as_deref()));
        known.is_some_and(|known| known != (incarnation, scope))
    }

    async fn store_loaded(&mut self, rows: Vec<pull_v1::RowChange>, mark: Option<String>) -> Result<(), PullFailure> {
        let (count, large) = (rows.len() as u64, oversized(&rows));
        let (log, progress, now) = (self.log.clone(), self.progress.clone(), self.log.now());
        let applied = blocking(move || {
            let notices = of_rows(&log, &rows)?;
            apply::load(&log, &progress, rows, mark, notices, now)
        });
        let applied = applied.await;
        self.store(applied).await?;
        self.show_too_large(large);
        self.show_load(count, None);
        Ok(())
    }

    /// Writes the last rows, removes rows that the load did not contain, and moves to its cursor.
    async fn end_load(&mut self, rows: Vec<pull_v1::RowChange>, cursor: String) -> Result<(), PullFailure> {
        let parsed: PullCursor = cursor.parse().map_err(ApplyError::from)?;
        let after = self.progress.load.as_ref().and_then(|load| load.after.clone());
        if !rows.is_empty() {
            // The earlier mark is kept: if this is interrupted, the rows come again.
            self.store_loaded(rows, after).await?;
        }
        let mut from = Vec::new();
        loop {
            let (log, generation) = (self.log.clone(), self.progress.generation);
            let SweptRows { batches, next } = blocking(move || apply::sweep(&log, generation, &from)).await?;
            self.write(batches).await?;
            let Some(next) = next else { break };
            from = next;
        }
        let end = self.progress.end_load(cursor, &parsed);
        self.write(vec![vec![end.change()]]).await?;
        self.progress = end;
        let (complete_through, now) = (self.progress.complete_through, self.log.now());
        tracing::info!("Everything in scope is loaded, up to position {}", complete_through.unwrap_or_default());
        // Earlier notices are never sent; for conflicts, the rows show the outcome.
        recount(&self.log, &self.state).await;
        self.state.send_modify(|state| {
            (state.pull.complete_through, state.pull.pulled_at) = (complete_through, Some(now));
            (state.pull.loading, state.pull.last_error) = (None, None);
        });
        Ok(())
    }

    /// Starts loading everything again. Present rows stay until the load has ended, and the log is not touched.
    async fn begin_load(&mut self) -> Result<(), PullFailure> {
        let progress = self.progress.begin_load();
        self.write(vec![vec![progress.change()]]).await?;
        tracing::info!("Loads everything in scope, generation {}", progress.generation);
        self.progress = progress;
        Ok(())
    }

    async fn store(&mut self, applied: Result<Applied, ApplyError>) -> Result<(), PullFailure> {
        let Applied { batches, progress } = applied?;
        self.write(batches).await?;
        self.progress = progress;
        Ok(())
    }

    async fn write(&self, batches: Vec<Vec<KeyChange>>) -> Result<(), PullFailure> {
        let changed = !batches.is_empty();
        for some in batches.chunks(BATCHES_AT_ONCE) {
            loop {
                match self.log.put(some.to_vec()).await {
                    Err(AppendError::Busy { retry_after }) => sleep(retry_after).await,
                    written => break written?,
                }
            }
        }
        if changed {
            self.state.send_modify(|state| state.pull.changes += 1);
        }
        Ok(())
    }

    async fn failed(&mut self, failed: PullFailure) -> Step {
        let PullFailure::Request(failure) = &failed else {
            // Some batches may have been written.
            self.reread().await;
            return self.report(&failed, None);
        };
        let code = match failure {
            PushFailure::Refused { problem: Some(problem), .. } => problem.error_code(),
            _ => None,
        };
        if code == Some(ErrorCode::DeviceRevoked) {
            let (device, now) = (DeviceStatus { is_active: false, requires_reauth: false }, self.log.now());
            self.state.send_modify(|state| state.pull.note_device(device, now));
        }
        if code == Some(ErrorCode::IncarnationChanged) {
            match self.note_restore().await {
                Ok(true) => return self.wait_for_restore(&failed),
                Ok(false) => {}
                Err(failed) => return self.report(&failed, None),
            }
        }
        if let Some(ErrorCode::IncarnationChanged | ErrorCode::ScopeChanged) = code {
            self.restore_wait = None;
            tracing::warn!("Central asks for a new bootstrap: {failure}");
            return match self.begin_load().await {
                Ok(()) => Step::Next,
                Err(failed) => self.report(&failed, None),
            };
        }
        self.report(&failed, reaction::asked(failure))
    }

    /// Central was restored. Marks the events decided before, since central gives new positions. Answers whether to wait until
    /// central was resent its missing records. If it was not resent everything, the rows to come show what it holds.
    async fn note_restore(&mut self) -> Result<bool, PullFailure> {
        let head = self.log.head();
        let at = |seq| LogPosition { epoch: head.epoch.number, seq };
        let marked = self.progress.restored(at(head.marks.acked));
        let waits = self.is_resending().await;
        let progress = match self.restore_wait {
            Some(restore_wait) if !waits => marked.resent_up_to(at(restore_wait.held)),
            Some(_) => marked,
            // Central does not say what it holds, so positions are compared as before.
            None => self.progress.clone(),
        };
        if progress != self.progress {
            self.write(vec![vec![progress.change()]]).await?;
            self.progress = progress;
        }
        Ok(waits)
    }

    /// Whether a restored central lacks records of this log that it had answered for while the agent is resending them. Rows
    /// loaded earlier would lack decided events of this node. After [`RESTORE_WAIT_INTERVALS`] without progress the wait ends.
    async fn is_resending(&mut self) -> bool {
        let Some(held) = self.held_by_central().await else {
            self.restore_wait = None;
            return false;
        };
        let before = self.restore_wait.filter(|before| before.held == held);
        let now = before.unwrap_or(RestoreWait { held, stalled: Duration::ZERO });
        self.restore_wait = Some(now);
        held < self.log.head().marks.acked && now.stalled < self.interval * RESTORE_WAIT_INTERVALS
    }

    /// The last record of the open epoch that central holds; `None` if it does not say or knows a later epoch.
    async fn held_by_central(&self) -> Option<Seq> {
        let central = read_status(&self.transport.status(Acked::of(self.log.head())).await.ok()?).ok()?;
        let epoch = self.log.head().epoch;
        match central.head {
            Some(head) if head.epoch == epoch => Some(head.seq),
            Some(head) if head.epoch.number >= epoch.number => None,
            _ => Some(Seq::ZERO),
        }
    }

    fn wait_for_restore(&mut self, failed: &PullFailure) -> Step {
        let step = self.report(failed, None);
        if let (Step::Pause(pause), Some(restore_wait)) = (&step, &mut self.restore_wait) {
            restore_wait.stalled += *pause;
        }
        step
    }

    /// Shows the failure and retries after a pause.
    fn report(&mut self, failed: &PullFailure, asked: Option<Duration>) -> Step {
        let (code, detail) = failed.code_and_detail();
        if self.backoff.failures() == 0 {
            tracing::warn!(code = %code, "Nothing could be pulled: {detail}");
        }
        let issue = SyncIssue { code, detail, at: self.log.now() };
        self.state.send_modify(|state| state.pull.last_error = Some(issue));
        let chance = self.chance();
        Step::Pause(self.backoff.failed(asked, chance))
    }

    async fn reread(&mut self) {
        let log = self.log.clone();
        match blocking(move || PullProgress::read(&log)).await {
            Ok(progress) => self.progress = progress,
            Err(error) => tracing::error!(%error, "The pull progress cannot be read: {error}"),
        }
        let complete_through = self.progress.complete_through;
        self.state.send_modify(|state| state.pull.complete_through = complete_through);
    }

    fn show_load(&self, rows: u64, expected: Option<u64>) {
        self.state.send_modify(|state| {
            let (before, known) = state.pull.loading.unwrap_or_default();
            state.pull.loading = Some((before + rows, expected.or(known)));
        });
    }

    /// Raises an alert: the stored row is older than central's, and no later change fixes that by itself.
    fn show_too_large(&self, named: Option<String>) {
        let Some(detail) = named else { return };
        let issue = SyncIssue { code: notifications::ROW_TOO_LARGE.to_owned(), detail, at: self.log.now() };
        self.state.send_modify(|state| {
            state.pull.too_large.get_or_insert(issue);
            state.notifications += 1;
        });
    }

    /// Without randomness there is no jitter, and pulling continues.
    fn chance(&self) -> u16 {
        self.environment.random_bytes().map_or(0, u16::from_le_bytes)
    }
}

/// Notifications of rows that are too large to store here.
fn of_rows(log: &Log, rows: &[pull_v1::RowChange]) -> Result<Vec<KeyChange>, ReadError> {
    rows.iter().filter_map(|row| notifications::of_row(log, row).transpose()).collect()
}

/// The first row that is too large to store here, in words.
fn oversized(rows: &[pull_v1::RowChange]) -> Option<String> {
    let (row, bytes) = rows.iter().find_map(|row| Some((row, apply::too_large(row)?)))?;
    Some(format!("{} {} has {bytes} bytes and is up to date at central alone", row.key.entity_type, row.key.entity_id))
}

/// Waits until central has answered for more of the log.
async fn moved(heads: &mut watch::Receiver<Head>, acked: Seq) {
    // This task holds the log open.
    drop(heads.wait_for(|head| head.marks.acked != acked).await);
}

impl PullFailure {
    fn code_and_detail(&self) -> (String, String) {
        match self {
            PullFailure::Request(failure) => (reaction::word(failure), failure.to_string()),
            PullFailure::Apply(error) => ("UNEXPECTED_RESPONSE".to_owned(), error.to_string()),
            PullFailure::Store(error) => ("ROWS_NOT_STORED".to_owned(), error.to_string()),
        }
    }
}

impl From<PushFailure> for PullFailure {
    fn from(failure: PushFailure) -> PullFailure {
        PullFailure::Request(failure)
    }
}

impl From<ApplyError> for PullFailure {
    fn from(error: ApplyError) -> PullFailure {
        PullFailure::Apply(error)
    }
}

impl From<AppendError> for PullFailure {
    fn from(error: AppendError) -> PullFailure {
        PullFailure::Store(error)
    }
}
