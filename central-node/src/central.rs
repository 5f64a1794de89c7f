//! A running central: starts and stops its parts and holds what the API passes to them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comptoir_core::access::default_permissions;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_http_edge::HostNames;
use comptoir_proto::rights_change::permission_members;
use comptoir_proto::rulebook_file;
use comptoir_proto::sync_v1::{HeadDto, SignedHead, signed_head_text};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::watch;
use uuid::Uuid;

use crate::accounts::{Accounts, ChangedBy, IdentityChange, record_changes};
use crate::background::Background;
use crate::clock::Clock;
use crate::config::{CentralConfig, DatabaseConfig};
use crate::database::{self, BootstrapError, Database, Server, StoreError, Urls};
use crate::devices::device::Devices;
use crate::event_store;
use crate::feed::Feed;
use crate::identity::{self, IdentityError, KeyUses, NewTenant};
use crate::ingest::{self, AttestationKey, DraftBatch, IngestQueue};
use crate::private_postgres::{self, ADMIN_ROLE, RunningServer, ServerWatch};
use crate::projections::head_watch;
use crate::projections::progress::Progress;
use crate::projections::runner::Runner;
use crate::reporting::{ReportSource, Reports};
use crate::store_check::{self, StoreFindings};
use crate::store_health::StoreHealth;

/// Why central did not start, or an administrative operation failed.
#[derive(Debug, thiserror::Error)]
pub enum CentralError {
    /// The private Postgres did not start.
    #[error(transparent)]
    Postgres(#[from] private_postgres::PostgresError),
    /// Creating roles or the database, or migrating, failed.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// An operation on the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tenant, site, node or key was not created.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The operating system refused to start threads.
    #[error("starting the threads of central's background work: {0}")]
    Threads(#[source] std::io::Error),
    /// The operating system returned no random bytes.
    #[error("no random bytes for central's key: {0}")]
    NoRandomness(String),
    /// A tenant's first events could not be written.
    #[error("tenant {tenant} was not made: {reason}")]
    Tenant {
        /// The id that the tenant would have had.
        tenant: TenantId,
        /// Why its first events were refused.
        reason: String,
    },
}

/// A running central.
pub struct Central {
    accounts: Accounts,
    database: Database,
    urls: Urls,
    hosts: HostNames,
    ca_folder: Option<PathBuf>,
    devices: Devices,
    queue: IngestQueue,
    background: Background,
    clock: Clock,
    incarnation: Uuid,
    key: SigningKey,
    attestation_key: AttestationKey,
    rulebook: comptoir_core::rulebook::Rulebook,
    stopping: watch::Sender<bool>,
    reports: Reports,
    clock_drift_limit: Duration,
    feed: Arc<Feed>,
    store_findings: StoreFindings,
    runner: Mutex<Option<Runner>>,
    store_health: StoreHealth,
    key_uses: KeyUses,
    server: Option<ServerWatch>,
    postgres: Mutex<Option<RunningServer>>,
}

impl Central {
    /// Starts the private Postgres if configured, migrates, connects, and checks the roles and the server.
    pub async fn start(config: CentralConfig) -> Result<Arc<Central>, CentralError> {
        let (urls, postgres) = match config.database {
            DatabaseConfig::External(urls) => (urls, None),
            DatabaseConfig::Private(config) => {
                let running = tokio::task::spawn_blocking(move || private_postgres::start(&config)).await;
                let running = running.map_err(|error| StoreError::Unavailable(error.to_string()))??;
                let admin = running.connection_string(ADMIN_ROLE, "postgres");
                database::make_roles_and_database(&admin).await?;
                (private_urls(&running), Some(running))
            }
        };
        database::migrate(&urls.migrator).await?;
        let server = postgres.as_ref().map(RunningServer::watch);
        let runs = if postgres.is_some() { Server::ThisMachine } else { Server::Elsewhere };
        let database = Database::connect_to(&urls, runs).await?.on(server.clone());
        let background = Background::start().map_err(CentralError::Threads)?;
        let (incarnation, key) = load_meta(&database).await?;
        let queue = IngestQueue::new(database.clone(), config.clock.clone(), background.handle().clone());
        let progress = Arc::new(Progress::default());
        let store_findings = StoreFindings::default();
        let start = || {
            let _entered = background.handle().enter();
            Runner::start(database.clone(), Arc::clone(&progress), store_findings.clone())
        };
        let runner = config.follows.then(start);
        let stopping = watch::Sender::new(false);
        head_watch::start(database.clone(), Arc::clone(&progress), queue.commits(), stopping.subscribe());
        let feed = Feed::start(
            database.clone(),
            config.clock.clone(),
            incarnation,
            Arc::clone(&progress),
            stopping.subscribe(),
        );
        let store_health = StoreHealth::start(&urls.service, server.clone(), stopping.subscribe())?;
        if let Some(every) = config.check_store_every {
            let (clock, findings) = (config.clock.clone(), store_findings.clone());
            tokio::spawn(store_check::check_in_background(
                database.clone(),
                clock,
                findings,
                every,
                stopping.subscribe(),
            ));
        }
        let reports = Reports::new(ReportSource {
            database: database.clone(),
            clock: config.clock.clone(),
            progress,
            stale_after: config.stale_after,
            report_wait: config.report_wait,
        });
        let devices = Devices {
            database: database.clone(),
            queue: queue.clone(),
            clock: config.clock.clone(),
            public_key: key.verifying_key().to_bytes(),
            offline_grace: config.offline_grace,
        };
        let accounts = Accounts::new(database.clone(), config.clock.clone(), incarnation, &key, config.offline_grace);
        Ok(Arc::new(Central {
            accounts,
            devices,
            queue,
            background,
            database,
            urls,
            hosts: config.hosts,
            ca_folder: config.ca_folder,
            clock: config.clock,
            incarnation,
            attestation_key: AttestationKey::of(&key),
            key,
            rulebook: config.rulebook,
            stopping,
            reports,
            clock_drift_limit: config.clock_drift_limit,
            feed: Arc::new(feed),
            store_findings,
            runner: Mutex::new(runner),
            store_health,
            key_uses: KeyUses::default(),
            server,
            postgres: Mutex::new(postgres),
        }))
    }

    /// Ends the tasks, closes the connections and stops the private Postgres. Everything acknowledged stays stored.
    pub async fn shutdown(&self) {
        self.stopping.send_replace(true);
        let runner = self.runner.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runner) = runner {
            runner.stop().await;
        }
        self.database.close();
        let running = self.postgres.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // A panic of the thread that stops it has been printed already.
            let _ = tokio::task::spawn_blocking(move || running.stop()).await;
        }
    }

    /// Whether nobody has recorded anything in a tenant yet.
    pub async fn is_unused(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        event_store::is_unused(&tx, tenant).await
    }

    /// Users, roles and logins.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The connection pools.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The connection strings, one per role.
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// The folder of the certificate authority.
    /// The host names that the API answers to.
    pub(crate) fn hosts(&self) -> &HostNames {
        &self.hosts
    }

    pub(crate) fn ca_folder(&self) -> Option<&Path> {
        self.ca_folder.as_deref()
    }

    /// The id of this central's database.
    pub fn incarnation(&self) -> Uuid {
        self.incarnation
    }

    /// The public key that verifies signed heads.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Ends waiting and streaming requests, so that a server can drain its connections. Later requests are answered without
    /// waiting.
    pub fn end_waits(&self) {
        self.stopping.send_replace(true);
    }

    /// Turns true when central is about to stop; waits and streams then end.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Changes with each commit of this process: a hint that there is something to read, never a position.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.queue.commits()
    }

    /// Returns the reason once the private Postgres has used all its restarts. The process should then end.
    pub async fn store_given_up(&self) -> String {
        match &self.server {
            Some(server) => {
                let (restarts, reason) = server.given_up().await;
                format!("Postgres does not come back after {restarts} restarts: {reason}")
            }
            // An external server has its own operator; central waits for it without limit.
            None => std::future::pending().await,
        }
    }

    /// The state of the private Postgres; `None` with an external server.
    pub fn server(&self) -> Option<&ServerWatch> {
        self.server.as_ref()
    }

    pub(crate) fn store_health(&self) -> &StoreHealth {
        &self.store_health
    }

    pub(crate) fn key_uses(&self) -> &KeyUses {
        &self.key_uses
    }

    pub(crate) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// The offset from which a node's clock is reported as drifting.
    pub(crate) fn clock_drift_limit(&self) -> Duration {
        self.clock_drift_limit
    }

    /// The number of pulls in this process that wait for a change.
    pub fn waiting_pulls(&self) -> usize {
        self.feed.waiting_pulls()
    }

    pub(crate) fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Known damage of the store.
    pub fn store_findings(&self) -> &StoreFindings {
        &self.store_findings
    }

    pub(crate) fn devices(&self) -> &Devices {
        &self.devices
    }

    pub(crate) fn ingest_queue(&self) -> &IngestQueue {
        &self.queue
    }

    /// Spawns work of lower priority.
    pub(crate) fn background(&self) -> &Handle {
        self.background.handle()
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Makes and checks attestations of results.
    pub(crate) fn attestation_key(&self) -> &AttestationKey {
        &self.attestation_key
    }

    /// A secret derived from central's key: nobody else can guess it, and a retry derives the same one.
    pub(crate) fn derived_secret(&self, context: &str) -> blake3::Hash {
        let key = blake3::derive_key("comptoir/central/derived-secret/1", &self.key.to_bytes());
        blake3::keyed_hash(&key, context.as_bytes())
    }

    /// Central's signed statement that it holds a node's log up to a seq.
    pub(crate) fn signed_head(&self, tenant: TenantId, node: NodeId, head: &HeadDto) -> SignedHead {
        let text = signed_head_text(tenant.uuid(), node.uuid(), head, self.incarnation);
        let signature = self.key.sign(text.as_bytes());
        SignedHead { signature: BASE64.encode(signature.to_bytes()), public_key: hex::encode(self.public_key()), text }
    }

    /// Creates a tenant in one transaction: its rows, central's own log in it, its first rulebook and roles.
    pub async fn create_tenant(&self, new: &NewTenant) -> Result<TenantId, CentralError> {
        self.insert_tenant(new, true).await
    }

    /// The same without the event that records the roles, for tests: their first event then has position 3.
    pub async fn create_unrecorded_tenant(&self, new: &NewTenant) -> Result<TenantId, CentralError> {
        self.insert_tenant(new, false).await
    }

    async fn insert_tenant(&self, new: &NewTenant, is_recorded: bool) -> Result<TenantId, CentralError> {
        let tenant = TenantId::new(Uuid::now_v7());
        let central_node = NodeId::new(Uuid::now_v7());
        let mut connection = self.database.service().await?;
        let tx = database::begin(&mut connection, tenant).await?;
        identity::insert_tenant(&tx, tenant, central_node, new).await?;
        let refused = |reason: String| CentralError::Tenant { tenant, reason };
        let first_events = self.first_events(central_node, new);
        let outcomes = ingest::write_drafts(&tx, tenant, first_events, self.clock.now()).await;
        let outcomes = outcomes.map_err(|error| refused(error.to_string()))?;
        if let Some(refusal) = outcomes.into_iter().find_map(Result::err) {
            return Err(refused(refusal.to_string()));
        }
        if is_recorded {
            let permissions: Vec<_> = default_permissions().iter().map(permission_members).collect();
            let created = IdentityChange::new("TENANT", tenant.to_string(), "tenant_created");
            let changes = vec![created.with("permissions", permissions)];
            let recorded = record_changes(&tx, tenant, changes, &ChangedBy::Console, self.clock.now()).await;
            recorded.map_err(|error| refused(error.to_string()))?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(tenant)
    }

    /// The rulebook that new tenants adopt.
    pub fn rulebook(&self) -> &comptoir_core::rulebook::Rulebook {
        &self.rulebook
    }

    /// The first events of central's own log: EPOCH_OPENED and RULEBOOK_ADOPTED.
    fn first_events(&self, central_node: NodeId, new: &NewTenant) -> DraftBatch {
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a valid name");
        let draft = |entity_type: &str, entity_id: &str, action: &str, payload: serde_json::Value| Draft {
            id: EventId::new(Uuid::now_v7()),
            occurred_at: None,
            content: Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes()),
        };
        let opened = json!({
            "public_key": hex::encode(self.public_key()), "previous": null, "reason": "tenant created",
        });
        let opened = draft("NODE", &central_node.to_string(), "EPOCH_OPENED", opened);
        let adopted = draft("RULEBOOK", "rulebook", "RULEBOOK_ADOPTED", rulebook_file::to_payload(&new.rulebook));
        let drafts = vec![(opened, Fact::EpochOpened), (adopted, Fact::RulebookAdopted(new.rulebook.clone()))];
        DraftBatch { drafts, atomic: true, by_central: true, opens_epoch: true }
    }
}

fn private_urls(running: &RunningServer) -> Urls {
    let url = |role: &str| running.connection_string(role, database::NAME);
    Urls {
        service: url("comptoir_service"),
        migrator: url("comptoir_migrator"),
        watcher: url("comptoir_watcher"),
        readonly: url(identity::READERS),
    }
}

/// Central's incarnation and key, created at the first start. If several processes start at once, one of them creates both.
async fn load_meta(database: &Database) -> Result<(Uuid, SigningKey), CentralError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).map_err(|error| CentralError::NoRandomness(error.to_string()))?;
    let connection = database.service().await?;
    let sql = "insert into central_meta (incarnation, signing_key) values ($1, $2) on conflict (only_row) do nothing";
    connection.execute(sql, &[&Uuid::new_v4(), &seed.as_slice()]).await.map_err(StoreError::from)?;
    let sql = "select incarnation, signing_key from central_meta";
    let row = connection.query_one(sql, &[]).await.map_err(StoreError::from)?;
    let key = database::hash_of(row.try_get(1).map_err(StoreError::from)?)?;
    Ok((row.try_get(0).map_err(StoreError::from)?, SigningKey::from_bytes(&key.0)))
}
