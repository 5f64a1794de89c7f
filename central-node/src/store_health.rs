//! Whether the store accepts writes, found out by writing. `/readyz` asks here and gets an answer within a second.
//!
//! The probe has its own connection, so busy pools do not delay it. It flushes a record to the write-ahead log, writes a
//! temporary file, which fails on a full disk, and reads the table that every push locks. At most one probe runs at a time,
//! and at most one starts per second, however often `/readyz` is asked. Without requests nothing is written. A store that
//! hangs blocks its probe, never the caller.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use crate::database::StoreError;
use crate::private_postgres::{ServerOutage, ServerWatch};

/// An outcome is reused for this long.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long a caller waits for a probe.
const ANSWER_WITHIN: Duration = Duration::from_millis(700);
/// A store is reported as silent only after this time: on a busy machine a probe may take longer than a caller waits.
const SILENT_AFTER: Duration = Duration::from_secs(3);
/// After this time the probe is aborted, and the next one opens a new connection.
const PROBE_WITHIN: Duration = Duration::from_secs(10);

/// `work_mem` is smaller than the probe's result, so that Postgres needs a file. A lock timeout counts as a store that does
/// not answer.
const OPTIONS: &str = "-c work_mem=64kB -c lock_timeout=2s -c statement_timeout=8s -c synchronous_commit=on";
const WRITE_LOG: &str = "select pg_logical_emit_message(true, 'comptoir', 'probe')";
/// About one megabyte.
const WRITE_FILE: &str = "select count(*) from generate_series(1, 30000)";
const READ_HEADS: &str = "select from tenant_head limit 1";

/// Why nothing can be stored now. A caller may retry a second later, unless the disk is full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreHealthError {
    /// The private Postgres does not serve.
    #[error(transparent)]
    Server(#[from] ServerOutage),
    #[error("{0}")]
    Full(String),
    /// The probe timed out waiting for a lock.
    #[error("{0}")]
    Contended(String),
    #[error(
        "Postgres has not answered a probe for {} s; it may be stopped, overloaded, or held up by a lock",
        .0.as_secs()
    )]
    Silent(Duration),
    #[error("{0}")]
    Unavailable(String),
}

struct ProbeResult {
    at: Instant,
    outcome: Result<(), StoreHealthError>,
}

/// Probes the store on request.
pub(crate) struct StoreHealth {
    server: Option<ServerWatch>,
    shared: Arc<ProbeState>,
    probed: watch::Receiver<Option<ProbeResult>>,
}

#[derive(Default)]
struct ProbeState {
    asked: Notify,
    /// The start of the first probe that has had no answer.
    silent_since: Mutex<Option<Instant>>,
}

impl ProbeState {
    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreHealth {
    /// Starts the task that probes on request. It ends when `stopping` turns true.
    pub(crate) fn start(
        url: &str,
        server: Option<ServerWatch>,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<StoreHealth, StoreError> {
        let mut config: Config = url.parse().map_err(|error| StoreError::Settings(format!("{error}")))?;
        let options = config.get_options().map_or_else(|| OPTIONS.to_owned(), |options| format!("{options} {OPTIONS}"));
        config.options(options).application_name("comptoir-probe").connect_timeout(PROBE_WITHIN);
        let (sender, probed) = watch::channel(None);
        let shared = Arc::new(ProbeState::default());
        let of_task = Arc::clone(&shared);
        tokio::spawn(async move {
            tokio::select! {
                () = probe_when_asked(config, &of_task, &sender) => {}
                _ = stopping.wait_for(|stopping| *stopping) => {}
            }
        });
        Ok(StoreHealth { server, shared, probed })
    }

    /// Returns why nothing can be stored now, if so. The answer comes within a second.
    pub(crate) async fn check(&self) -> Result<(), StoreHealthError> {
        if let Some(outage) = self.server.as_ref().and_then(ServerWatch::outage) {
            return Err(outage.into());
        }
        let is_fresh =
            |probed: &Option<ProbeResult>| probed.as_ref().is_some_and(|probed| probed.at.elapsed() < PROBE_EVERY);
        let mut probed = self.probed.clone();
        if !is_fresh(&probed.borrow()) {
            self.shared.asked.notify_one();
        }
        if let Ok(Ok(probed)) = timeout(ANSWER_WITHIN, probed.wait_for(is_fresh)).await {
            return probed.as_ref().map_or(Ok(()), |probed| probed.outcome.clone());
        }
        // The server may have ended during the probe.
        if let Some(outage) = self.server.as_ref().and_then(ServerWatch::outage) {
            return Err(outage.into());
        }
        let silent_for = self.shared.silent_since().map(|since| since.elapsed()).unwrap_or_default();
        if silent_for >= SILENT_AFTER {
            return Err(StoreHealthError::Silent(silent_for));
        }
        // The last outcome, while the probe is still running.
        self.probed.borrow().as_ref().map_or(Ok(()), |probed| probed.outcome.clone())
    }
}

async fn probe_when_asked(config: Config, shared: &ProbeState, probed: &watch::Sender<Option<ProbeResult>>) {
    let mut client = None;
    loop {
        shared.asked.notified().await;
        let begun = Instant::now();
        let silent_since = *shared.silent_since().get_or_insert(begun);
        let outcome = match timeout(PROBE_WITHIN, probe(&config, &mut client)).await {
            Ok(outcome) => {
                *shared.silent_since() = None;
                outcome.map_err(StoreHealthError::from)
            }
            Err(_) => Err(StoreHealthError::Silent(silent_since.elapsed())),
        };
        if outcome.is_err() {
            // The state of the connection is unknown.
            client = None;
        }
        probed.send_replace(Some(ProbeResult { at: Instant::now(), outcome }));
        tokio::time::sleep_until(begun + PROBE_EVERY).await;
    }
}

async fn probe(config: &Config, client: &mut Option<Client>) -> Result<(), StoreError> {
    let client = match client {
        Some(client) if !client.is_closed() => client,
        closed => {
            let (connected, connection) = config.connect(NoTls).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "The probe's connection ended");
                }
            });
            closed.insert(connected)
        }
    };
    for statement in [READ_HEADS, WRITE_LOG] {
        client.batch_execute(statement).await?;
    }
    match client.batch_execute(WRITE_FILE).await {
        // The administrator's limit on temporary files is smaller than this one, which does not mean a full disk.
        Err(error) if error.code() == Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED) => Ok(()),
        written => Ok(written?),
    }
}

impl From<StoreError> for StoreHealthError {
    /// Any failed probe means that this process cannot work.
    fn from(error: StoreError) -> StoreHealthError {
        let reason = error.to_string();
        match error {
            StoreError::Full(_) => StoreHealthError::Full(reason),
            StoreError::Contended(_) => StoreHealthError::Contended(reason),
            StoreError::Unavailable(_)
            | StoreError::OutcomeUnknown(_)
            | StoreError::Settings(_)
            | StoreError::UnfitRole(_)
            | StoreError::IdCounts(_)
            | StoreError::Refused(_)
            | StoreError::Damaged(_)
            | StoreError::DamagedLog(_) => StoreHealthError::Unavailable(reason),
        }
    }
}
