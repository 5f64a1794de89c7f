//! The way down: what central decided and what others did. It pulls at the start, after each push that was answered, on the timer,
//! and with a request that central holds while nothing comes. Where there is no cursor it loads everything in scope first.
//!
//! It stands beside the push and apart from it: neither waits for the other, and what fails here holds no event back.

use std::time::Duration;

use comptoir_core::limits::{PAGE_ROWS_MAX, WAIT_SECONDS_MAX};
use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::pull_v1::{self, BootstrapLine, PullCursor, PullResponse};
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

/// Batches that are handed to the log at once: a few milliseconds during which an append may have to wait.
const BATCHES_AT_ONCE: usize = 4;
/// Rows of a first load that are written together.
const LOAD_ROWS: usize = 1_000;
/// Rows without a mark between them, past which the stream is none of ours.
const UNMARKED_ROWS_MAX: usize = 10_000;

/// The agent looks after central's stand once an interval: in three, one that works has begun to give back.
const HAND_BACK_INTERVALS: u32 = 3;

/// What comes after one request.
enum Step {
    /// Ask again at once.
    Next,
    /// Something came, and nothing more is there for now.
    Came,
    /// Nothing was there.
    Idle,
    /// Try again after this time.
    Pause(Duration),
}

/// Why nothing came of a request.
enum PullFailure {
    /// Central, or the line to it.
    Setback(PushFailure),
    /// What it gave does not fit.
    Apply(ApplyError),
    /// The log does not take it.
    Keep(AppendError),
}

pub(crate) struct Puller<T> {
    log: Log,
    transport: T,
    environment: Environment,
    interval: Duration,
    state: watch::Sender<SyncState>,
    backoff: Backoff,
    place: PullProgress,
    /// While a central that was put back is given what it misses.
    handing_back: Option<RestoreWait>,
}

/// How far a central that was put back holds this log again, and for how long that has not changed.
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
        let (backoff, place) = (Backoff::default(), PullProgress::default());
        Puller { log, transport, environment, interval, state, backoff, place, handing_back: None }
    }

    /// Works until it is dropped. Dropping it at any await is harmless: rows and place are in the log.
    pub(crate) async fn run(mut self) {
        self.reread().await;
        let mut heads = self.log.watch();
        let mut wait = Duration::ZERO;
        loop {
            let acked = heads.borrow_and_update().marks.acked;
            let asked_at = Instant::now();
            let step = match self.place.cursor.clone() {
                Some(cursor) if self.place.load.is_none() => {
                    let query = PullParams { cursor, limit: PAGE_ROWS_MAX, wait };
                    tokio::select! {
                        answer = self.transport.pull(query) => self.pulled(answer.map_err(PushFailure::from)).await,
                        // What was just pushed is there to be pulled.
                        () = moved(&mut heads, acked), if wait > Duration::ZERO => Step::Next,
                    }
                }
                _ => self.load().await,
            };
            // A central that does not hold the request is asked on the timer; one that answers early because something came holds the next.
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
            Err(failure) => return self.failed(PullFailure::Setback(failure)).await,
        };
        let (more, head, device) = (response.has_more, response.head, response.device);
        let (large, news) = (oversized(&response.changes), !response.notices.is_empty());
        let came = !response.changes.is_empty() || !response.notices.is_empty() || response.rulebook.is_some();
        let (log, place, now) = (self.log.clone(), self.place.clone(), self.log.now());
        let applied = blocking(move || {
            let mut response = response;
            let notices = std::mem::take(&mut response.notices).into_iter();
            let notices = notices.filter_map(|notice| notifications::of_notice(&log, notice).transpose());
            let mut notices = notices.collect::<Result<Vec<_>, _>>()?;
            notices.extend(of_rows(&log, &response.changes)?);
            apply::page(&log, &place, response, notices, now)
        })
        .await;
        if let Err(failed) = self.keep(applied).await {
            return self.failed(failed).await;
        }
        self.show_too_large(large);
        if news {
            recount(&self.log, &self.state).await;
        }
        self.backoff.reset();
        let complete_through = self.place.complete_through;
        self.state.send_modify(|state| {
            state.pull.last_error = None;
            state.pull.stands(device, now);
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

    /// Loads everything in scope, from the last mark on.
    async fn load(&mut self) -> Step {
        let mark = |place: &PullProgress| place.load.as_ref().and_then(|load| load.after.clone());
        let before = mark(&self.place);
        match self.load_from_mark().await {
            Ok(()) => {
                self.backoff.reset();
                Step::Next
            }
            Err(failed) => {
                // A line that breaks after some time is not one that does not come about.
                if mark(&self.place) != before {
                    self.backoff.reset();
                }
                self.failed(failed).await
            }
        }
    }

    async fn load_from_mark(&mut self) -> Result<(), PullFailure> {
        let after = self.place.load.as_ref().and_then(|load| load.after.clone());
        let opened = self.transport.bootstrap(after.clone()).await.map_err(PushFailure::from)?;
        let stream = match opened {
            BootstrapAnswer::Stream(stream) => stream,
            BootstrapAnswer::Refused(answer) => {
                let failure = PushFailure::refused(&answer);
                if answer.status == 400 && after.is_some() {
                    // Central does not know its own mark any more.
                    self.begin_load().await?;
                }
                return Err(failure.into());
            }
        };
        let mut lines = BootstrapLines::new(stream)?;
        let mut rows = Vec::new();
        // Up to which of them the last mark stands, and the mark.
        let mut marked = (0, None);
        let ended = loop {
            match lines.next().await {
                Ok(Some(BootstrapLine::Start { incarnation, scope, rows, rulebook, .. })) => {
                    if self.is_another(incarnation, &scope) {
                        self.begin_load().await?;
                        return Ok(());
                    }
                    if after.is_none() {
                        // Rows of an attempt before this one may be here that have gone since: the end has to know them apart.
                        self.begin_load().await?;
                    }
                    if let Some(load) = &mut self.place.load {
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
                        self.keep_loaded(std::mem::take(&mut rows), Some(mark)).await?;
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
                // What came before the cut is not to come again.
                if let (count, mark @ Some(_)) = marked {
                    rows.truncate(count);
                    self.keep_loaded(rows, mark).await?;
                }
                Err(failure.into())
            }
        }
    }

    /// Whether the stream is of another central, or of another scope, than the rows that were marked.
    fn is_another(&self, incarnation: uuid::Uuid, scope: &str) -> bool {
        let load = self.place.load.as_ref();
        let known = load.and_then(|load| load.incarnation.zip(load.scope.as_deref()));
        known.is_some_and(|known| known != (incarnation, scope))
    }

    async fn keep_loaded(&mut self, rows: Vec<pull_v1::RowChange>, mark: Option<String>) -> Result<(), PullFailure> {
        let (count, large) = (rows.len() as u64, oversized(&rows));
        let (log, place, now) = (self.log.clone(), self.place.clone(), self.log.now());
        let applied = blocking(move || {
            let notices = of_rows(&log, &rows)?;
            apply::load(&log, &place, rows, mark, notices, now)
        });
        let applied = applied.await;
        self.keep(applied).await?;
        self.show_too_large(large);
        self.show_load(count, None);
        Ok(())
    }

    /// Writes the last rows, removes those that the load did not meet, and moves to its cursor.
    async fn end_load(&mut self, rows: Vec<pull_v1::RowChange>, cursor: String) -> Result<(), PullFailure> {
        let parsed: PullCursor = cursor.parse().map_err(ApplyError::from)?;
        let after = self.place.load.as_ref().and_then(|load| load.after.clone());
        if !rows.is_empty() {
            // The mark of before stands: where this is cut, they come again.
            self.keep_loaded(rows, after).await?;
        }
        let mut from = Vec::new();
        loop {
            let (log, generation) = (self.log.clone(), self.place.generation);
            let SweptRows { batches, next } = blocking(move || apply::sweep(&log, generation, &from)).await?;
            self.write(batches).await?;
            let Some(next) = next else { break };
            from = next;
        }
        let end = self.place.end_load(cursor, &parsed);
        self.write(vec![vec![end.change()]]).await?;
        self.place = end;
        let (complete_through, now) = (self.place.complete_through, self.log.now());
        tracing::info!("Everything in scope is loaded, up to position {}", complete_through.unwrap_or_default());
        // News from before it are not given: of conflicts, the rows say what became of them.
        recount(&self.log, &self.state).await;
        self.state.send_modify(|state| {
            (state.pull.complete_through, state.pull.pulled_at) = (complete_through, Some(now));
            (state.pull.loading, state.pull.last_error) = (None, None);
        });
        Ok(())
    }

    /// From here on everything is loaded anew; what is held stays until that has ended, and the log is not touched.
    async fn begin_load(&mut self) -> Result<(), PullFailure> {
        let place = self.place.begin_load();
        self.write(vec![vec![place.change()]]).await?;
        tracing::info!("Loads everything in scope, generation {}", place.generation);
        self.place = place;
        Ok(())
    }

    async fn keep(&mut self, applied: Result<Applied, ApplyError>) -> Result<(), PullFailure> {
        let Applied { batches, place } = applied?;
        self.write(batches).await?;
        self.place = place;
        Ok(())
    }

    async fn write(&self, batches: Vec<Vec<KeyChange>>) -> Result<(), PullFailure> {
        let changed = !batches.is_empty();
        for some in batches.chunks(BATCHES_AT_ONCE) {
            loop {
                match self.log.put(some.to_vec()).await {
                    Err(AppendError::Busy { retry_after }) => sleep(retry_after).await,
                    kept => break kept?,
                }
            }
        }
        if changed {
            self.state.send_modify(|state| state.pull.changes += 1);
        }
        Ok(())
    }

    async fn failed(&mut self, failed: PullFailure) -> Step {
        let PullFailure::Setback(failure) = &failed else {
            // Some batches may have been written.
            self.reread().await;
            return self.tell(&failed, None);
        };
        let code = match failure {
            PushFailure::Refused { problem: Some(problem), .. } => problem.error_code(),
            _ => None,
        };
        if code == Some(ErrorCode::IncarnationChanged) {
            match self.put_back().await {
                Ok(true) => return self.wait_for_restore(&failed),
                Ok(false) => {}
                Err(failed) => return self.tell(&failed, None),
            }
        }
        if let Some(ErrorCode::IncarnationChanged | ErrorCode::ScopeChanged) = code {
            self.handing_back = None;
            tracing::warn!("Central says that everything is to be loaded anew: {failure}");
            return match self.begin_load().await {
                Ok(()) => Step::Next,
                Err(failed) => self.tell(&failed, None),
            };
        }
        self.tell(&failed, reaction::asked(failure))
    }

    /// Central was put back. What was decided before is marked, since it counts positions anew; answers whether to wait until it was
    /// given back. Where it was not given everything, what it holds is in the rows to come.
    async fn put_back(&mut self) -> Result<bool, PullFailure> {
        let head = self.log.head();
        let at = |seq| LogPosition { epoch: head.epoch.number, seq };
        let marked = self.place.put_back(at(head.marks.acked));
        let waits = self.hands_back().await;
        let place = match self.handing_back {
            Some(handing_back) if !waits => marked.given_back_to(at(handing_back.held)),
            Some(_) => marked,
            // It does not say what it holds: positions go on being taken as they are.
            None => self.place.clone(),
        };
        if place != self.place {
            self.write(vec![vec![place.change()]]).await?;
            self.place = place;
        }
        Ok(waits)
    }

    /// Whether central, which was put back, misses records of this log that it had answered for, and the agent is giving them back. Rows
    /// that are loaded before that lack what this node was told of its own events. An agent that gives nothing for
    /// [`HAND_BACK_INTERVALS`] is not waited for.
    async fn hands_back(&mut self) -> bool {
        let Some(held) = self.held_by_central().await else {
            self.handing_back = None;
            return false;
        };
        let before = self.handing_back.filter(|before| before.held == held);
        let now = before.unwrap_or(RestoreWait { held, stalled: Duration::ZERO });
        self.handing_back = Some(now);
        held < self.log.head().marks.acked && now.stalled < self.interval * HAND_BACK_INTERVALS
    }

    /// Up to where central holds the open epoch; nothing where it does not say, or knows a later one.
    async fn held_by_central(&self) -> Option<Seq> {
        let stand = read_status(&self.transport.status(Acked::of(self.log.head())).await.ok()?).ok()?;
        let epoch = self.log.head().epoch;
        match stand.head {
            Some(head) if head.epoch == epoch => Some(head.seq),
            Some(head) if head.epoch.number >= epoch.number => None,
            _ => Some(Seq::ZERO),
        }
    }

    fn wait_for_restore(&mut self, failed: &PullFailure) -> Step {
        let step = self.tell(failed, None);
        if let (Step::Pause(pause), Some(handing_back)) = (&step, &mut self.handing_back) {
            handing_back.stalled += *pause;
        }
        step
    }

    /// Shows what failed, and tries again after a while.
    fn tell(&mut self, failed: &PullFailure, asked: Option<Duration>) -> Step {
        let (code, detail) = failed.told();
        if self.backoff.failures() == 0 {
            tracing::warn!(code = %code, "Nothing could be pulled: {detail}");
        }
        let trouble = SyncIssue { code, detail, at: self.log.now() };
        self.state.send_modify(|state| state.pull.last_error = Some(trouble));
        let chance = self.chance();
        Step::Pause(self.backoff.failed(asked, chance))
    }

    async fn reread(&mut self) {
        let log = self.log.clone();
        match blocking(move || PullProgress::read(&log)).await {
            Ok(place) => self.place = place,
            Err(error) => tracing::error!(%error, "The place in central's changes cannot be read: {error}"),
        }
        let complete_through = self.place.complete_through;
        self.state.send_modify(|state| state.pull.complete_through = complete_through);
    }

    fn show_load(&self, rows: u64, expected: Option<u64>) {
        self.state.send_modify(|state| {
            let (before, known) = state.pull.loading.unwrap_or_default();
            state.pull.loading = Some((before + rows, expected.or(known)));
        });
    }

    /// A person has to look at it: what stands here is older than central's, and nothing that comes by itself mends it.
    fn show_too_large(&self, named: Option<String>) {
        let Some(detail) = named else { return };
        let told = SyncIssue { code: notifications::ROW_TOO_LARGE.to_owned(), detail, at: self.log.now() };
        self.state.send_modify(|state| {
            state.pull.too_large.get_or_insert(told);
            state.notifications += 1;
        });
    }

    /// Without randomness there is no jitter, and pulling goes on.
    fn chance(&self) -> u16 {
        self.environment.random_bytes().map_or(0, u16::from_le_bytes)
    }
}

/// What says which rows are too large to be kept here.
fn of_rows(log: &Log, rows: &[pull_v1::RowChange]) -> Result<Vec<KeyChange>, ReadError> {
    rows.iter().filter_map(|row| notifications::of_row(log, row).transpose()).collect()
}

/// The first row that is too large to be kept here, in words.
fn oversized(rows: &[pull_v1::RowChange]) -> Option<String> {
    let (row, bytes) = rows.iter().find_map(|row| Some((row, apply::too_large(row)?)))?;
    Some(format!("{} {} has {bytes} bytes and is up to date at central alone", row.key.entity_type, row.key.entity_id))
}

/// Waits until central has answered for more of the log.
async fn moved(heads: &mut watch::Receiver<Head>, acked: Seq) {
    // The log lives as long as this task holds it.
    drop(heads.wait_for(|head| head.marks.acked != acked).await);
}

impl PullFailure {
    fn told(&self) -> (String, String) {
        match self {
            PullFailure::Setback(failure) => (reaction::word(failure), failure.to_string()),
            PullFailure::Apply(error) => ("UNEXPECTED_RESPONSE".to_owned(), error.to_string()),
            PullFailure::Keep(error) => ("ROWS_NOT_STORED".to_owned(), error.to_string()),
        }
    }
}

impl From<PushFailure> for PullFailure {
    fn from(failure: PushFailure) -> PullFailure {
        PullFailure::Setback(failure)
    }
}

impl From<ApplyError> for PullFailure {
    fn from(error: ApplyError) -> PullFailure {
        PullFailure::Apply(error)
    }
}

impl From<AppendError> for PullFailure {
    fn from(error: AppendError) -> PullFailure {
        PullFailure::Keep(error)
    }
}
