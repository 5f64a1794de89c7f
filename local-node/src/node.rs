//! A running node: its log, the sync agent, and the state that the API needs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use comptoir_http_edge::HostNames;
use comptoir_http_edge::tls::TlsFiles;
use comptoir_proto::api_v1::Author;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Duration, sleep};

use crate::blobs::Blobs;
use crate::blocking::blocking;
use crate::caller::{Caller, CallerId};
use crate::config::{NodeConfig, OfflineConfig, PrinterConfig, SyncConfig, TillConfig};
use crate::demo_link::{DemoLink, OptionalDemoLink};
use crate::event_log::{Environment, Log, OpenError};
use crate::local_keys::LocalKeys;
use crate::read_models::{self, ReadModels};
use crate::retirement::{Retirement, Revocation, TOMBSTONE_FILE, Tombstone, conclude};
use crate::sessions::{Session, Sessions};
use crate::sync_agent::transport::{HttpTransport, Transport, TransportError};
use crate::sync_agent::{AgentNotes, CertificateStore, Phase, SyncState};
use crate::sync_worker::SyncWorker;
use crate::till::Till;
use crate::users::Users;

/// How often the uses of local keys are stored.
const STORE_USES_EVERY: Duration = Duration::from_secs(60);

/// A running node: it records events and, unless sync is disabled, sends them.
pub struct Node {
    log: Log,
    read_models: ReadModels,
    blobs: Blobs,
    /// Held by an edit from reading the present state to its flush.
    edits: Arc<Mutex<()>>,
    /// Held by an operation on saved forms from reading to its flush.
    saved_forms: Mutex<()>,
    environment: Environment,
    author: Author,
    local_keys: Arc<LocalKeys>,
    users: Arc<Users>,
    sessions: Arc<Sessions>,
    revocation: Arc<Revocation>,
    hosts: HostNames,
    printer: Option<PrinterConfig>,
    demo_link: OptionalDemoLink,
    till: Till,
    till_config: TillConfig,
    sync_config: SyncConfig,
    certificates: CertificateStore,
    sync: watch::Receiver<SyncState>,
    retry: Arc<Notify>,
    agent: Mutex<Option<JoinHandle<()>>>,
    uses: Mutex<Option<JoinHandle<()>>>,
    stopping: watch::Sender<bool>,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log does not open.
    #[error("the log does not open: {0}")]
    Log(#[from] OpenError),
    /// The HTTP client for central cannot be built, though sync is enabled.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// This node was taken out of use, and its data is destroyed.
    #[error(
        "this node was taken out of use and destroyed its data on {}; {} is the proof, which central {}. \
         Set up another node in another folder",
        .0.proof.wiped_at,
        .0.path.display(),
        if .0.is_acknowledged { "has" } else { "does not have yet: each start tries to deliver it" }
    )]
    Destroyed(Box<Tombstone>),
    /// There is a tombstone, and it cannot be read.
    #[error("{TOMBSTONE_FILE} in {} says that this node destroyed its data, and cannot be read: {error}", path.display())]
    TombstoneUnreadable {
        /// The data directory.
        path: PathBuf,
        /// The error of reading it.
        error: std::io::Error,
    },
    /// Opening was interrupted.
    #[error("opening the log was interrupted: {0}")]
    Interrupted(#[from] JoinError),
}

impl Node {
    /// Opens the log and starts the agent. A log that fails its check opens read-only, and `/readyz` gives the reason.
    pub async fn start(config: NodeConfig) -> Result<Arc<Node>, StartError> {
        if config.sync.enabled {
            let transport = HttpTransport::new(&config.sync)?;
            Node::start_with(config, Environment::system(), Some(transport)).await
        } else {
            Node::start_with(config, Environment::system(), None::<HttpTransport>).await
        }
    }

    /// As [`Node::start`], with a given clock, randomness and connection to central; without a connection nothing is sent.
    pub async fn start_with<T: Transport>(
        config: NodeConfig,
        environment: Environment,
        transport: Option<T>,
    ) -> Result<Arc<Node>, StartError> {
        refuse_destroyed(&config.data_dir, config.sync.api_key_file.as_deref(), transport.as_ref()).await?;
        let (notes_path, blobs) = (config.notes_path(), Blobs::new(&config.data_dir));
        let certificates = CertificateStore::new(&config.data_dir);
        let (opened_with, log_config) = (environment.clone(), config.log);
        let log = tokio::task::spawn_blocking(move || Log::open(log_config, opened_with)).await??;
        if let Err(error) = blobs.remove_unfinished() {
            tracing::warn!(%error, "Cannot remove unfinished uploads: {error}");
        }
        let mut state = SyncState::new(if transport.is_some() { Phase::Idle } else { Phase::Disabled });
        AgentNotes::load(&notes_path).recall(&mut state);
        let (state, sync) = watch::channel(state);
        let identity = log.identity();
        let local_keys = Arc::new(open_local_keys(&log, &environment, &config.data_dir).await);
        let revocation = Arc::new(Revocation::open(&config.data_dir));
        if revocation.is_revoked() {
            log.retire();
        }
        let (users, sessions) = open_users(&log, &environment, config.offline).await;
        let retry = Arc::new(Notify::new());
        let of_till = log.clone();
        let till = blocking(move || Till::new(of_till)).await;
        let node_environment = environment.clone();
        let blobs_of_line = blobs.clone();
        let worker = SyncWorker {
            log: log.clone(),
            environment,
            blobs: blobs_of_line,
            interval: config.sync.interval,
            notes_path,
            state,
            certificate: config.certificate,
            certificates: certificates.clone(),
            users: users.clone(),
            retry: retry.clone(),
            retirement: Retirement {
                log: log.clone(),
                data_dir: config.data_dir.clone(),
                key_file: config.sync.api_key_file.clone(),
                revocation: revocation.clone(),
                sessions: sessions.clone(),
                state: sync.clone(),
            },
        };
        Ok(Arc::new(Node {
            read_models: ReadModels::new(log.clone()),
            blobs,
            edits: Arc::default(),
            saved_forms: Mutex::new(()),
            environment: node_environment,
            log,
            author: Author { site: Some(identity.site), central: false, namespace: identity.node.uuid() },
            uses: Mutex::new(Some(tokio::spawn(store_uses(Arc::downgrade(&local_keys), Arc::downgrade(&users))))),
            local_keys,
            users,
            sessions,
            revocation,
            hosts: config.hosts,
            printer: config.printer,
            demo_link: config.demo_link,
            till,
            till_config: config.till,
            sync_config: config.sync,
            certificates,
            sync,
            retry,
            agent: Mutex::new(Some(tokio::spawn(worker.run(transport)))),
            stopping: watch::Sender::new(false),
        }))
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The sync state, and its changes.
    pub fn sync(&self) -> watch::Receiver<SyncState> {
        self.sync.clone()
    }

    /// Ends the pause before the next attempt to reach central.
    pub(crate) fn retry_sync(&self) {
        self.retry.notify_one();
    }

    /// The local keys.
    pub fn local_keys(&self) -> &LocalKeys {
        &self.local_keys
    }

    /// The host names that the API answers to.
    pub(crate) fn hosts(&self) -> &HostNames {
        &self.hosts
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    /// Whether central took this node out of use.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revocation.is_revoked()
    }

    /// The holder of a key, or a user, with the rights as this node knows them now.
    pub(crate) fn caller(&self, id: CallerId) -> Option<Caller> {
        match id {
            CallerId::Key(key) => self.local_keys.caller_of(key),
            CallerId::User(user) => self.users.caller(user),
        }
    }

    /// A caller with the rights of now; `None` if the key was revoked or the user left.
    pub(crate) fn caller_now(&self, caller: &Caller) -> Option<Caller> {
        self.caller(caller.id()).map(|now| caller.again(now))
    }

    /// A session that is open now, and its holder. A session of a user ends with the password that opened it.
    pub(crate) fn session(&self, token: &str) -> Option<(Session, Caller)> {
        let session = self.sessions.find(token, self.users.now())?;
        if let CallerId::User(user) = session.holder {
            self.users.user(user).filter(|user| user.password_tag == session.password_tag)?;
        }
        let caller = self.caller(session.holder)?;
        Some((session, caller))
    }

    /// The local read models.
    pub(crate) fn read_models(&self) -> &ReadModels {
        &self.read_models
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The lock of edits.
    pub(crate) fn edits(&self) -> &Arc<Mutex<()>> {
        &self.edits
    }

    /// The lock of saved forms. Its holder may take [`Node::edits`], never the other way round.
    pub(crate) fn saved_forms(&self) -> &Mutex<()> {
        &self.saved_forms
    }

    pub(crate) fn random_uuid(&self) -> std::io::Result<uuid::Uuid> {
        self.environment.random_uuid()
    }

    /// The part of the sync state that the read models need.
    pub(crate) fn sync_progress(&self) -> read_models::SyncProgress {
        let sync = self.sync.borrow();
        read_models::SyncProgress { sending: sync.sending, pulled_at: sync.pull.pulled_at }
    }

    /// Ends the streams that never end by themselves, so that a server that drains its requests need not wait for them.
    pub fn end_waits(&self) {
        self.stopping.send_replace(true);
    }

    /// Turns true when the node is about to stop.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Ends the agent and closes the log. Answered drafts are on disk; unacknowledged events are sent again after the next start.
    pub async fn shutdown(&self) {
        if let Some(agent) = self.agent.lock().await.take() {
            agent.abort();
            // The task ends by being aborted.
            drop(agent.await);
        }
        if let Some(uses) = self.uses.lock().await.take() {
            uses.abort();
            drop(uses.await);
            store_once(&self.local_keys, &self.users).await;
        }
        let log = self.log.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || log.close()).await {
            tracing::error!(%error, "Closing the log was interrupted: {error}");
        }
    }

    pub(crate) fn author(&self) -> &Author {
        &self.author
    }

    /// Where the certificate that central issues is stored. The files exist once it has issued one.
    pub fn issued_certificate(&self) -> TlsFiles {
        self.certificates.files()
    }

    /// Where the certificate of central's certificate authority is stored.
    pub(crate) fn ca_path(&self) -> PathBuf {
        self.certificates.ca()
    }

    pub(crate) fn printer(&self) -> Option<&PrinterConfig> {
        self.printer.as_ref()
    }

    pub(crate) fn demo_link(&self) -> Option<&Arc<dyn DemoLink>> {
        self.demo_link.as_ref()
    }

    pub(crate) fn till(&self) -> &Till {
        &self.till
    }

    pub(crate) fn till_config(&self) -> TillConfig {
        self.till_config
    }

    pub(crate) fn sync_config(&self) -> &SyncConfig {
        &self.sync_config
    }
}

/// The local keys, and the administrator's. A log that fails its check takes no new keys; those that it has are valid.
async fn open_local_keys(log: &Log, environment: &Environment, data_dir: &Path) -> LocalKeys {
    let (of_log, of_environment) = (log.clone(), environment.clone());
    let opened = blocking(move || LocalKeys::open(of_log, of_environment)).await;
    let keys = opened.unwrap_or_else(|error| {
        tracing::error!(%error, "The local keys do not read, so the API refuses every credential: {error}");
        LocalKeys::none(log.clone(), environment.clone())
    });
    if let Err(error) = keys.ensure_administrator(data_dir).await {
        tracing::warn!(%error, "There is no administrator's key in {}: {error}", data_dir.display());
    }
    keys
}

/// The users of the site, and their sessions.
async fn open_users(log: &Log, environment: &Environment, config: OfflineConfig) -> (Arc<Users>, Arc<Sessions>) {
    let (log, environment) = (log.clone(), environment.clone());
    let open = move || {
        let users = Users::open(log.clone(), environment.clone(), config);
        (Arc::new(users), Arc::new(Sessions::open(log, environment, config.idle)))
    };
    blocking(open).await
}

/// Refuses to start a node that destroyed its data, after completing that.
pub async fn refuse_destroyed<T: Transport>(
    data_dir: &Path,
    key_file: Option<&Path>,
    transport: Option<&T>,
) -> Result<(), StartError> {
    match Tombstone::read(data_dir) {
        Ok(None) => Ok(()),
        Ok(Some(tombstone)) => {
            Err(StartError::Destroyed(Box::new(conclude(data_dir, key_file, tombstone, transport).await)))
        }
        Err(error) => Err(StartError::TombstoneUnreadable { path: data_dir.to_owned(), error }),
    }
}

/// Holds no log while it waits: a node that is dropped gives its directory free.
async fn store_uses(keys: Weak<LocalKeys>, users: Weak<Users>) {
    loop {
        sleep(STORE_USES_EVERY).await;
        let (Some(keys), Some(users)) = (keys.upgrade(), users.upgrade()) else { return };
        store_once(&keys, &users).await;
    }
}

/// Stores the uses of local keys, and the time by which users are counted.
async fn store_once(keys: &LocalKeys, users: &Users) {
    if let Err(error) = keys.store_uses().await {
        tracing::debug!(%error, "The last uses of local keys are not stored: {error}");
    }
    if let Err(error) = users.store_time().await {
        tracing::debug!(%error, "The present time is not stored: {error}");
    }
}
