//! Connections to Postgres, and the tenant each transaction works for.
//!
//! Each transaction belongs to one tenant, set in `app.tenant` until it ends; without it, row-level security hides every row.
//! Central works as `comptoir_service`, which may not change the log. The watcher role sees the heads and cursors of all
//! tenants, but no event.

mod bootstrap;
mod checks;
mod error;
mod sql_types;

use std::time::Duration;

use comptoir_core::id::TenantId;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Metrics, Object, Pool, RecyclingMethod, Runtime,
    Transaction,
};
use rustix::process::Pid;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, IsolationLevel, NoTls, Row};
use uuid::Uuid;

use crate::background;
use crate::private_postgres::ServerWatch;
pub use bootstrap::{BootstrapError, NAME, make_roles_and_database, migrate, prepare_server};

pub use error::{StoreError, TxPhase, UnfitRole};

pub(crate) use sql_types::{Micros, as_bigint, hash_of, natural};

/// Connections that requests, commands and projections share.
pub const SERVICE_CONNECTIONS: usize = 12;
/// Connections that write the log. A tenant needs one; several tenants can write at once.
const INGEST_CONNECTIONS: usize = 8;
/// Connections that follow the log: one for each tenant being caught up.
const FOLLOWER_CONNECTIONS: usize = 2;
/// Connections reserved for reports about the present, so that a burst of other requests does not delay them. Their
/// statements are short. A report about the past may read the whole log and uses a service connection.
const REPORT_CONNECTIONS: usize = 4;
/// The watcher queries rarely.
const WATCHER_CONNECTIONS: usize = 2;
/// How long a request waits for a connection before it is refused with a retry time.
const POOL_WAIT: Duration = Duration::from_secs(10);

/// Connection strings, one per role.
#[derive(Clone, Debug)]
pub struct Urls {
    /// `comptoir_service`.
    pub service: String,
    /// `comptoir_migrator`.
    pub migrator: String,
    /// `comptoir_watcher`.
    pub watcher: String,
    /// `comptoir_readonly`: not used by central itself, but handed to BI tools that read reports.
    pub readonly: String,
}

/// Where the server's processes run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Server {
    /// On this machine: central may change the priorities of its processes.
    ThisMachine,
    /// Possibly elsewhere: its administrator sets priorities.
    Elsewhere,
}

/// The connection pools, one per purpose.
#[derive(Clone, Debug)]
pub struct Database {
    service: Pool,
    ingest: Pool,
    followers: Pool,
    reports: Pool,
    watcher: Pool,
    /// Set if the server is private.
    server: Option<ServerWatch>,
}

impl Database {
    /// Connects as the service and the watcher, and refuses roles with more privileges than they need.
    pub async fn connect(urls: &Urls) -> Result<Database, StoreError> {
        Database::connect_to(urls, Server::Elsewhere).await
    }

    /// As [`Database::connect`]; on this machine, backends that write or follow the log get a lower priority.
    pub(crate) async fn connect_to(urls: &Urls, server: Server) -> Result<Database, StoreError> {
        // Every lookup in an ingest transaction is by key. A plan made for an empty table must not scan a full one. Other
        // settings belong to the database, see `bootstrap`: session settings do not reach the servers of a distributed one.
        const BY_KEY: &str =
            "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off";
        let database = Database {
            service: pool(&urls.service, "", SERVICE_CONNECTIONS, Server::Elsewhere)?,
            ingest: pool(&urls.service, BY_KEY, INGEST_CONNECTIONS, server)?,
            followers: pool(&urls.service, "", FOLLOWER_CONNECTIONS, server)?,
            reports: pool(&urls.service, "", REPORT_CONNECTIONS, Server::Elsewhere)?,
            watcher: pool(&urls.watcher, "", WATCHER_CONNECTIONS, Server::Elsewhere)?,
            server: None,
        };
        checks::check(&*database.service().await?).await?;
        checks::check(&*database.watcher().await?).await?;
        Ok(database)
    }

    /// A connection of the service role.
    pub async fn service(&self) -> Result<Object, StoreError> {
        self.get(&self.service).await
    }

    /// A connection that writes the log.
    pub(crate) async fn ingest(&self) -> Result<Object, StoreError> {
        self.get(&self.ingest).await
    }

    /// A connection that follows the log.
    pub(crate) async fn follower(&self) -> Result<Object, StoreError> {
        self.get(&self.followers).await
    }

    /// A connection for a report about the present.
    pub(crate) async fn reports(&self) -> Result<Object, StoreError> {
        self.get(&self.reports).await
    }

    /// A connection that sees the heads and cursors of all tenants.
    pub async fn watcher(&self) -> Result<Object, StoreError> {
        self.get(&self.watcher).await
    }

    /// Attaches the private server's state: if connecting fails, a full disk is reported as the reason.
    pub(crate) fn on(self, server: Option<ServerWatch>) -> Database {
        Database { server, ..self }
    }

    async fn get(&self, pool: &Pool) -> Result<Object, StoreError> {
        let got = pool.get().await.map_err(StoreError::from);
        got.map_err(|error| match (error, self.server.as_ref().and_then(ServerWatch::full_disk)) {
            (StoreError::Unavailable(_), Some(full)) => StoreError::Full(full),
            (error, _) => error,
        })
    }

    /// Closes every connection; running operations fail.
    pub fn close(&self) {
        self.service.close();
        self.ingest.close();
        self.followers.close();
        self.reports.close();
        self.watcher.close();
    }
}

/// Begins a transaction for one tenant.
pub async fn begin(connection: &mut Object, tenant: TenantId) -> Result<Transaction<'_>, StoreError> {
    let tx = connection.transaction().await?;
    set_tenant(&tx, tenant).await?;
    Ok(tx)
}

/// Begins a read-only transaction for one tenant, on one snapshot for its whole length.
pub(crate) async fn begin_snapshot(connection: &mut Object, tenant: TenantId) -> Result<Transaction<'_>, StoreError> {
    let tx = begin_snapshot_of_no_tenant(connection).await?;
    set_tenant(&tx, tenant).await?;
    Ok(tx)
}

/// As [`begin_snapshot`], for a caller that pipelines [`set_tenant`] with its first query.
pub(crate) async fn begin_snapshot_of_no_tenant(connection: &mut Object) -> Result<Transaction<'_>, StoreError> {
    let transaction = connection.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    Ok(transaction.start().await?)
}

/// Runs one query of a tenant in a transaction of its own that writes nothing. All of it is one round trip: each wait for the
/// database costs a busy machine two turns in the scheduler's queue, and every request begins with such a query.
pub(crate) async fn query_opt(
    connection: Object,
    tenant: TenantId,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<Row>, StoreError> {
    let statement = connection.prepare_cached(sql).await?;
    let open = OpenTransaction(Some(connection));
    let (client, set_tenant) = (open.client(), set_tenant_sql(tenant));
    // The messages are sent in this order. Row-level security hides every row until the tenant is set.
    let (_, _, row, _) = tokio::try_join!(
        biased;
        client.batch_execute("begin read only"),
        client.batch_execute(&set_tenant),
        client.query_opt(&statement, parameters),
        client.batch_execute("rollback"),
    )?;
    open.ended();
    Ok(row)
}

/// A connection with a transaction that may still be open. It returns to its pool only after the transaction has ended: if the
/// future is dropped or fails before, the connection is closed.
struct OpenTransaction(Option<Object>);

impl OpenTransaction {
    fn client(&self) -> &Object {
        self.0.as_ref().expect("the connection is here until the transaction has ended")
    }

    fn ended(mut self) {
        drop(self.0.take());
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

/// Names the tenant until the transaction ends. The statement is alone in its message, because a distributed database repeats
/// a whole message on the tenant's server. `SET` takes no parameters; a UUID formats as hex digits and dashes, which need no
/// escaping.
pub(crate) async fn set_tenant(tx: &Transaction<'_>, tenant: TenantId) -> Result<(), StoreError> {
    Ok(tx.batch_execute(&set_tenant_sql(tenant)).await?)
}

fn set_tenant_sql(tenant: TenantId) -> String {
    let tenant: Uuid = tenant.uuid();
    format!("set local app.tenant = '{tenant}'")
}

/// A cached plan lasts as long as its connection. A plan made for an empty table may use an index that is wrong for a full
/// one. So plans are discarded at each doubling of a connection's uses, then at a fixed interval.
async fn forget_plans(client: &mut ClientWrapper, metrics: &Metrics) -> Result<(), HookError> {
    const EVERY: usize = 256;
    let uses = metrics.recycle_count;
    if uses.is_power_of_two() || uses.is_multiple_of(EVERY) {
        client.batch_execute("discard plans").await.map_err(HookError::Backend)?;
    }
    Ok(())
}

/// Lowers the priority of the process that serves a new connection.
async fn lower_priority(client: &mut ClientWrapper) -> Result<(), HookError> {
    let row = client.query_one("select pg_backend_pid()", &[]).await.map_err(HookError::Backend)?;
    // Process 0 would be the calling thread.
    if let Some(process) = Pid::from_raw(row.try_get(0).map_err(HookError::Backend)?) {
        background::lower_backend(process).await;
    }
    Ok(())
}

fn pool(url: &str, options: &str, connections: usize, server: Server) -> Result<Pool, StoreError> {
    let mut config: Config = url.parse().map_err(|error| StoreError::Settings(format!("{error}")))?;
    if !options.is_empty() {
        // The role is one of these options.
        let given = config.get_options().unwrap_or_default();
        config.options(format!("{given} {options}").trim());
    }
    config.application_name("comptoir-central").connect_timeout(Duration::from_secs(10));
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let lower = Hook::async_fn(|client, _| Box::pin(lower_priority(client)));
    let pool = Pool::builder(manager).max_size(connections);
    let pool = if server == Server::ThisMachine { pool.post_create(lower) } else { pool };
    let pool = pool
        .post_recycle(Hook::async_fn(|client, metrics| Box::pin(forget_plans(client, metrics))))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(POOL_WAIT))
        .create_timeout(Some(POOL_WAIT));
    pool.build().map_err(|error| StoreError::Settings(error.to_string()))
}
