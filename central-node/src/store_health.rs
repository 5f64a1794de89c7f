//! Whether the store takes writes, found out by writing: `/readyz` asks here, and hears within a second.
//!
//! A probe has a connection of its own, so that busy pools do not hold it up. It flushes a record to the write-ahead log, writes
//! a temporary file, which a full disk refuses, and reads the table that every push locks. At most one probe runs, and one a
//! second begins, however often `/readyz` is asked; nobody asks, nothing is written. A store that hangs keeps its probe waiting,
//! never the caller.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use crate::database::StoreError;
use crate::private_postgres::{ServerTrouble, ServerWatch};

/// An outcome is given again for so long.
const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How long a caller waits for a probe.
const ANSWER_WITHIN: Duration = Duration::from_millis(700);
/// Only then is a store called silent: on a busy machine a probe may take longer than a caller waits.
const SILENT_AFTER: Duration = Duration::from_secs(3);
/// Then the probe is given up and the next one opens a new connection.
const PROBE_WITHIN: Duration = Duration::from_secs(10);

/// `work_mem` is smaller than what the probe's function returns, so that it needs a file. A lock that is waited for is a store
/// that does not answer.
const OPTIONS: &str = "-c work_mem=64kB -c lock_timeout=2s -c statement_timeout=8s -c synchronous_commit=on";
const WRITE_LOG: &str = "select pg_logical_emit_message(true, 'comptoir', 'probe')";
/// About a megabyte.
const WRITE_FILE: &str = "select count(*) from generate_series(1, 30000)";
const READ_HEADS: &str = "select from tenant_head limit 1";

/// Why nothing can be stored now. A caller may ask again a second later, unless the disk is full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreHealthError {
    /// The private Postgres does not serve.
    #[error(transparent)]
    Server(#[from] ServerTrouble),
    #[error("{0}")]
    Full(String),
    /// The probe waited for a lock in vain.
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

/// Asks the store whether it takes writes.
pub(crate) struct StoreHealth {
    server: Option<ServerWatch>,
    shared: Arc<ProbeState>,
    probed: watch::Receiver<Option<ProbeResult>>,
}

#[derive(Default)]
struct ProbeState {
    asked: Notify,
    /// When the first probe began that has had no answer.
    silent_since: Mutex<Option<Instant>>,
}

impl ProbeState {
    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreHealth {
    /// Starts the task that probes when it is asked to. It ends when `stopping` turns true.
    pub(crate) fn start(
        url: &str,
        server: Option<ServerWatch>,
        mut stopping: watch::Receiver<bool>,
    ) -> Result<StoreHealth, StoreError> {
        let mut config: Config = url.parse().map_err(|error| StoreError::Settings(format!("{error}")))?;
        let options = config.get_options().map_or_else(|| OPTIONS.to_owned(), |given| format!("{given} {OPTIONS}"));
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

    /// Why nothing can be stored now, if so. The answer comes within a second.
    pub(crate) async fn check(&self) -> Result<(), StoreHealthError> {
        if let Some(trouble) = self.server.as_ref().and_then(ServerWatch::trouble) {
            return Err(trouble.into());
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
        // It may have ended while the probe waited.
        if let Some(trouble) = self.server.as_ref().and_then(ServerWatch::trouble) {
            return Err(trouble.into());
        }
        let silent_for = self.shared.silent_since().map(|since| since.elapsed()).unwrap_or_default();
        if silent_for >= SILENT_AFTER {
            return Err(StoreHealthError::Silent(silent_for));
        }
        // What was known last, while the probe takes its time.
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
            // The connection's state is not known.
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
        // An administrator allows no temporary files of this size: that is no disk without room.
        Err(error) if error.code() == Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED) => Ok(()),
        written => Ok(written?),
    }
}

impl From<StoreError> for StoreHealthError {
    /// A failed probe keeps this process from its work, whatever the reason.
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
            | StoreError::Damaged(_) => StoreHealthError::Unavailable(reason),
        }
    }
}
