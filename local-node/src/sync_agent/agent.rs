//! The agent's loop: woken by an append, the timer or the start, it sends what is due and applies the reaction to each answer.
//! Dropping it at any await is harmless, because all state that matters is in the log.

mod blob_upload;
mod incidents;
mod notify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comptoir_core::limits::seconds_for;
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::backoff::Backoff;
use super::notes::AgentNotes;
use super::outbox::{self, BatchSize, PushBatch};
use super::push::{CentralStatus, PushFailure, Pushed, read_push, read_status};
use super::reaction::{self, Reaction};
use super::recount::recount;
use super::state::{ClockOffset, Phase, SyncIssue, SyncState};
use super::transport::{Acked, HttpAnswer, Transport, Unanswered};
use crate::blobs::Blobs;
use crate::blocking::blocking;
use crate::event_log::{DecideError, Environment, Log, State};
use crate::notifications::DecisionMark;

/// Maximum age of the notes while a backlog is being sent.
const NOTES_AGE: Duration = Duration::from_secs(30);

/// A healthy central answers faster; the time for the body on the slowest line is added.
const NOT_ANSWERING_AFTER: Duration = Duration::from_secs(5);

const CENTRAL_NOT_ANSWERING: &str = "CENTRAL_NOT_ANSWERING";
const CENTRAL_AHEAD: &str = "CENTRAL_AHEAD";
/// Alerts that a successful push does not clear: records or files that are lost here or that central refuses.
const LASTING: [&str; 3] = [CENTRAL_AHEAD, BLOB_MISSING, BLOB_REFUSED];
const BLOB_MISSING: &str = "BLOB_MISSING";
const BLOB_REFUSED: &str = "BLOB_REFUSED";

enum Step {
    Next,
    /// Try again after this time.
    Pause(Duration),
    /// Send nothing more of this epoch.
    Stop,
}

pub(crate) struct Agent<T> {
    log: Log,
    transport: T,
    environment: Environment,
    blobs: Blobs,
    interval: Duration,
    notes_path: PathBuf,
    state: watch::Sender<SyncState>,
    size: BatchSize,
    backoff: Backoff,
    epoch: Epoch,
    /// The next record to send: the one after `acked`, or an earlier one that central lacks.
    next: Seq,
    /// Whether central named a gap since it last accepted a batch.
    rewound: bool,
    mismatches: u32,
    /// Whether this process opened a new epoch because central was ahead: once is a restore, twice is a wrong central.
    opened_epoch: bool,
    /// The decisions up to which notifications are stored; read from the log at first.
    notified_through: Option<DecisionMark>,
    /// Whether central's status must be known before anything more is sent. True at the start: a log that was restored from an
    /// older copy, and sold since, would look like a fork.
    must_ask: bool,
    ask_at: Instant,
    notes_at: Instant,
    /// Notified by a person who does not want to wait for the next attempt.
    retry: Arc<Notify>,
}

impl<T: Transport> Agent<T> {
    pub(crate) fn new(
        log: Log,
        transport: T,
        environment: Environment,
        blobs: Blobs,
        interval: Duration,
        notes_path: PathBuf,
        state: watch::Sender<SyncState>,
    ) -> Agent<T> {
        let head = log.head();
        Agent {
            log,
            transport,
            environment,
            blobs,
            interval,
            notes_path,
            state,
            size: BatchSize::start(),
            backoff: Backoff::default(),
            epoch: head.epoch,
            next: head.marks.acked.next(),
            rewound: false,
            mismatches: 0,
            opened_epoch: false,
            notified_through: None,
            must_ask: true,
            ask_at: Instant::now(),
            notes_at: Instant::now(),
            retry: Arc::default(),
        }
    }

    /// Tries at once, whatever it waits for, when it is notified.
    pub(crate) fn with_retry(self, retry: Arc<Notify>) -> Agent<T> {
        Agent { retry, ..self }
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        self.notify().await;
        recount(&self.log, &self.state).await;
        let mut heads = self.log.watch();
        loop {
            let head = *heads.borrow_and_update();
            if head.epoch != self.epoch {
                self.begin_epoch(head.epoch, head.marks.acked.next());
            }
            let due = self.next <= head.marks.durable;
            let step = if self.must_ask {
                self.ask().await
            } else if due {
                self.push().await
            } else if Instant::now() >= self.ask_at {
                self.ask().await
            } else {
                self.show(Phase::Idle);
                tokio::select! {
                    _ = heads.changed() => {}
                    () = sleep_until(self.ask_at) => {}
                    () = self.retry.notified() => self.ask_at = Instant::now(),
                }
                Step::Next
            };
            match step {
                Step::Next => {}
                Step::Pause(pause) => {
                    let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                    self.show(Phase::Waiting(self.log.now().shifted(micros)));
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = self.retry.notified() => {}
                    }
                }
                Step::Stop => {
                    self.show(Phase::Stopped);
                    let stopped = self.epoch;
                    // This agent holds the log open, so the wait ends only with a new epoch.
                    drop(heads.wait_for(|head| head.epoch != stopped).await);
                }
            }
        }
    }

    fn begin_epoch(&mut self, epoch: Epoch, next: Seq) {
        (self.epoch, self.next) = (epoch, next);
        (self.rewound, self.mismatches) = (false, 0);
        self.backoff.reset();
        self.state.send_modify(clear_alert);
    }

    fn show(&self, phase: Phase) {
        let (failures, batch_records) = (self.backoff.failures(), self.size.records);
        self.state.send_if_modified(|state| {
            let changed = (state.phase, state.failures, state.batch_records) != (phase, failures, batch_records);
            (state.phase, state.failures, state.batch_records) = (phase, failures, batch_records);
            changed
        });
    }

    /// Asks central for its head of this node, so that an idle node notices that central is ahead, behind or another one.
    async fn ask(&mut self) -> Step {
        let asked_at = self.log.now();
        match self
            .answered(0, self.transport.status(Acked::of(self.log.head())))
            .await
            .map_err(PushFailure::from)
            .and_then(|answer| read_status(&answer))
        {
            Ok(central) => {
                self.must_ask = false;
                self.settle(&central, asked_at).await;
                self.compare(central).await
            }
            Err(failure) => {
                // A central without this endpoint is not asked again first.
                self.must_ask &= !matches!(failure, PushFailure::Refused { status: 400 | 404 | 405, .. });
                self.handle_failure(failure, None).await
            }
        }
    }

    /// Sends one batch and stores its results.
    async fn push(&mut self) -> Step {
        self.show(Phase::Sending);
        self.log.look_at_clock().await;
        self.doubt_clock();
        let (log, epoch, next, size) = (self.log.clone(), self.epoch, self.next, self.size);
        let id = self.environment.random_uuid().unwrap_or_default();
        let batch = match blocking(move || outbox::batch(&log, epoch, next, size, id)).await {
            Ok(batch) => batch,
            Err(error) => return self.report("LOG_UNREADABLE", error.to_string()),
        };
        for hash in &batch.blobs {
            if let Err(step) = self.send_blob(*hash).await {
                return step;
            }
        }
        let (sent_at, started) = (self.log.now(), Instant::now());
        let sending = batch.records.last().map(|last| (batch.first(), last.seq));
        self.state.send_modify(|state| state.sending = sending);
        let answer = self.answered(batch.body.len(), self.transport.push(batch.body.clone())).await;
        let latency = started.elapsed();
        self.state.send_modify(|state| state.sending = None);
        match self.read(&batch, answer).await {
            Ok(pushed) => self.accepted(&batch, pushed, sent_at, latency).await,
            Err(failure) => self.handle_failure(failure, Some(&batch)).await,
        }
    }

    /// Waits for the answer to a request with a body of that many bytes, and shows how long that takes: a central that hangs must
    /// not look like one that has nothing to send.
    async fn answered<R>(&self, body_bytes: usize, request: impl Future<Output = R>) -> R {
        self.state.send_modify(|state| state.request_since = Some(Instant::now()));
        let patience = NOT_ANSWERING_AFTER + Duration::from_secs(seconds_for(body_bytes));
        let mut request = std::pin::pin!(request);
        let answer = match timeout(patience, &mut request).await {
            Ok(answer) => answer,
            Err(_) => {
                let detail = format!("a request has had no answer for {} s", patience.as_secs());
                let issue = self.issue(CENTRAL_NOT_ANSWERING, detail);
                // An earlier failure says more than a waiting request.
                self.state.send_modify(|state| _ = state.last_error.get_or_insert(issue));
                request.await
            }
        };
        self.state.send_modify(|state| state.request_since = None);
        answer
    }

    async fn read(&self, batch: &PushBatch, answer: Result<HttpAnswer, Unanswered>) -> Result<Pushed, PushFailure> {
        let answer = answer?;
        let (identity, batch, now) = (self.log.identity(), batch.clone(), self.log.now());
        blocking(move || read_push(identity, &batch, &answer, now)).await
    }

    /// Central holds the records up to `up_to`: stores its results and continues.
    async fn accepted(&mut self, batch: &PushBatch, pushed: Pushed, sent_at: Timestamp, latency: Duration) -> Step {
        let Pushed { results, up_to, central } = pushed;
        assert_eq!(batch.epoch, self.epoch, "a batch is answered in the epoch it was made in");
        assert!(
            (batch.first().0..).zip(&results).all(|(seq, (result, _))| result.seq == seq)
                && up_to.next().0 == batch.first().0 + results.len() as u64,
            "read_push() lets only results of the batch's first records through"
        );
        let accepted = results.len();
        self.store(batch, up_to, results).await;
        self.next = up_to.next();
        (self.rewound, self.mismatches) = (false, 0);
        self.size.taken(batch.full && accepted == batch.records.len(), latency);
        let (first, node, epoch) = (batch.first(), self.log.identity().node, self.epoch.number);
        tracing::info!(
            node.id = %node, batch.id = %batch.id, batch.len = accepted, seq.first = first.0, seq.last = up_to.0,
            "Central took {accepted} records of {node}, epoch {epoch}, seq {first} to {up_to}"
        );
        self.settle(&central, sent_at).await;
        match central.head {
            Some(head) if self.is_ahead(head) => self.ahead(head).await,
            _ => Step::Next,
        }
    }

    /// Makes results durable and raises `acked`. If the log cannot store them, the records still reached central, which answers
    /// for them again after a restart.
    async fn store(
        &mut self,
        batch: &PushBatch,
        up_to: Seq,
        results: Vec<(comptoir_proto::sync_v1::RecordResult, Vec<u8>)>,
    ) {
        let acked = self.acked();
        let again = results.iter().filter(|(result, _)| result.seq <= acked.0).map(|(result, _)| result.clone());
        let again: Vec<_> = again.collect();
        if !again.is_empty() {
            self.compare_second_decisions(again).await;
        }
        if up_to <= acked || batch.first() > acked.next() {
            return;
        }
        let decisions: Vec<_> = results.into_iter().map(|(result, bytes)| (Seq(result.seq), bytes)).collect();
        let stored = loop {
            match self.log.store_decisions(self.epoch.number, up_to, decisions.clone()).await {
                Err(DecideError::Busy { retry_after }) => sleep(retry_after).await,
                stored => break stored,
            }
        };
        match stored {
            Ok(()) => self.notify().await,
            Err(error) => drop(self.report("RESULTS_NOT_STORED", error.to_string())),
        }
    }

    /// Applies the parts that every successful answer has.
    async fn settle(&mut self, central: &CentralStatus, sent_at: Timestamp) {
        self.backoff.reset();
        let now = self.log.now();
        self.ask_at = Instant::now() + self.interval;
        let clock = instant::parse(&central.server_time).map(|server| offset(sent_at, now, server));
        // All is well when the next record to send is the one after the mark: no records are being resent.
        let well = self.next == self.acked().next() && self.log.status().state == State::Open;
        let mut renewed = false;
        self.state.send_modify(|state| {
            state.last_success_at = Some(now);
            state.last_error = None;
            state.failures = 0;
            state.clock = clock.or(state.clock);
            state.signed_head = central.signed_head.clone().or(state.signed_head.take());
            if well {
                clear_alert(state);
            }
            if state.incarnation != Some(central.incarnation) {
                renewed = true;
                state.previous_incarnation = state.incarnation.replace(central.incarnation);
            }
        });
        if let Some(clock) = clock {
            self.log.note_measurement(clock.micros, clock.uncertainty_micros).await;
            self.doubt_clock();
        }
        let before = self.state.borrow().previous_incarnation.filter(|_| renewed);
        if let Some(before) = before {
            tracing::warn!("Central is another one: incarnation {before} became {}", central.incarnation);
        }
        let caught_up = self.next > self.log.head().marks.durable;
        if renewed || caught_up || self.notes_at.elapsed() >= NOTES_AGE {
            self.save_notes().await;
        }
    }

    /// Raises an alert while the clock is behind what this log has seen.
    fn doubt_clock(&self) {
        let behind = self.log.clock_behind().map(|highest| {
            let (now, highest) = (instant::format(self.log.now()), instant::format(highest));
            format!("the clock shows {now}, and this log has seen {highest}: set it, or let the node reach central before the machine is switched off; times of sales are unsure until then")
        });
        self.state.send_if_modified(|state| match (&mut state.clock_behind, behind) {
            (Some(known), Some(detail)) => {
                known.detail = detail;
                false
            }
            (None, None) => false,
            (shown, behind) => {
                *shown = behind.map(|detail| self.issue("CLOCK_BEHIND", detail));
                true
            }
        });
    }

    async fn save_notes(&mut self) {
        self.notes_at = Instant::now();
        let (notes, path) = (AgentNotes::of(&self.state.borrow()), self.notes_path.clone());
        let shown = path.display().to_string();
        if let Err(error) = blocking(move || notes.save(&path)).await {
            tracing::warn!(%error, "Cannot write {shown}: {error}");
        }
    }

    async fn handle_failure(&mut self, failure: PushFailure, batch: Option<&PushBatch>) -> Step {
        let (word, detail, asked) = (reaction::word(&failure), failure.to_string(), reaction::asked(&failure));
        if self.backoff.failures() == 0 {
            tracing::warn!(code = %word, "Central is not reached: {detail}");
        } else {
            tracing::debug!(code = %word, failures = self.backoff.failures(), "Still not: {detail}");
        }
        let issue = self.issue(&word, detail.clone());
        self.state.send_modify(|state| state.last_error = Some(issue));
        match reaction::to(&failure) {
            Reaction::Again => self.pause(asked),
            Reaction::AskAndAgain => {
                self.must_ask = true;
                self.pause(asked)
            }
            Reaction::Smaller => {
                self.size.halve();
                self.pause(asked)
            }
            Reaction::SmallerAndAlert => {
                self.size.halve();
                self.raise_alert(&word, detail);
                self.pause(asked)
            }
            Reaction::SlowlyAndAlert => {
                self.raise_alert(&word, detail);
                let chance = self.chance();
                Step::Pause(self.backoff.refused(asked, chance))
            }
            Reaction::Rewind(expected) => self.gap(expected, batch.map_or(Seq::ZERO, PushBatch::first)),
            Reaction::Mismatch => self.mismatch(word, detail).await,
            Reaction::Stop => {
                self.raise_alert(&word, detail);
                Step::Stop
            }
        }
    }

    /// Raises an alert, and retries after the longest pause.
    fn report(&mut self, code: &str, detail: String) -> Step {
        let issue = self.issue(code, detail.clone());
        self.state.send_modify(|state| state.last_error = Some(issue));
        self.raise_alert(code, detail);
        let chance = self.chance();
        Step::Pause(self.backoff.refused(None, chance))
    }

    fn pause(&mut self, asked: Option<Duration>) -> Step {
        let chance = self.chance();
        Step::Pause(self.backoff.failed(asked, chance))
    }

    /// Raises an alert; the time of its first appearance stays.
    fn raise_alert(&self, code: &str, detail: String) {
        let issue = self.issue(code, detail);
        self.state.send_modify(|state| match &mut state.alert {
            Some(known) if known.code == issue.code => known.detail = issue.detail,
            other => {
                tracing::error!(code = %issue.code, "Somebody should look at this node: {}", issue.detail);
                *other = Some(issue);
            }
        });
    }

    fn issue(&self, code: &str, detail: String) -> SyncIssue {
        SyncIssue { code: code.to_owned(), detail, at: self.log.now() }
    }

    fn acked(&self) -> Seq {
        let head = self.log.head();
        if head.epoch == self.epoch { head.marks.acked } else { Seq::ZERO }
    }

    /// Without randomness there is no jitter, and sending continues.
    fn chance(&self) -> u16 {
        self.environment.random_bytes().map_or(0, u16::from_le_bytes)
    }
}

/// Clears the alert, unless it reports a loss: that stays until a restart, since a successful push follows at once and would hide
/// it.
fn clear_alert(state: &mut SyncState) {
    state.alert = state.alert.take().filter(|issue| LASTING.contains(&issue.code.as_str()));
}

/// The node's clock minus central's, taken midway between question and answer.
fn offset(sent_at: Timestamp, answered_at: Timestamp, server: Timestamp) -> ClockOffset {
    let half = answered_at.0.saturating_sub(sent_at.0) / 2;
    ClockOffset {
        micros: sent_at.0.saturating_add(half).saturating_sub(server.0),
        uncertainty_micros: half.saturating_abs(),
    }
}
