use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_central::private_postgres::{ADMIN_ROLE, PostgresConfig, ServerState};
use comptoir_central::{Central, CentralConfig, Clock, DatabaseConfig};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::events::TestEvent;
use crate::{Response, SealedLog, temp_folder};

/// A tenant in Paris that counts in euros and has the default rulebook.
pub fn new_tenant(name: &str) -> NewTenant {
    NewTenant {
        name: name.to_owned(),
        zone: "Europe/Paris".to_owned(),
        currency: Currency::parse("EUR").expect("EUR is a currency"),
        rulebook: Rulebook::default(),
    }
}

/// Connects to Postgres.
///
/// # Panics
/// Where it does not answer.
pub async fn connect_postgres(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("Postgres answers");
    tokio::spawn(connection);
    client
}

/// Central in the test's process, on a Postgres of its own that stops with it.
pub struct TestCentral {
    /// Central behind the router.
    pub central: Arc<Central>,
    /// Its API.
    pub router: Router,
    _folder: TempDir,
}

impl TestCentral {
    /// Starts central on an empty database, by the system's clock.
    pub async fn new() -> TestCentral {
        TestCentral::at(Clock::system()).await
    }

    /// Starts central on an empty database, by this clock.
    pub async fn at(clock: Clock) -> TestCentral {
        let folder = temp_folder();
        let config = CentralConfig { clock, ..TestCentral::config(folder.path()) };
        TestCentral::start(config, folder).await
    }

    /// A private Postgres in a folder, made without waiting for the disk.
    pub fn config(folder: &Path) -> CentralConfig {
        let postgres = PostgresConfig { sync_initdb: false, ..PostgresConfig::new(folder) };
        CentralConfig { database: DatabaseConfig::Private(postgres), ..CentralConfig::private(folder) }
    }

    /// Starts central; the folder is removed with it.
    pub async fn start(config: CentralConfig, folder: TempDir) -> TestCentral {
        let central = Central::start(config).await.expect("central starts");
        TestCentral { router: comptoir_central::router(central.clone()), central, _folder: folder }
    }

    /// Stops central and starts it again on what `work` leaves in its folder.
    pub async fn while_stopped(self, work: impl FnOnce(&Path)) -> TestCentral {
        self.central.shutdown().await;
        let TestCentral { central, router, _folder: folder } = self;
        drop((central, router));
        work(folder.path());
        TestCentral::start(TestCentral::config(folder.path()), folder).await
    }

    /// Creates a tenant with one site.
    pub async fn company(&self) -> TestTenant<'_> {
        self.tenant("Épicerie").await
    }

    /// Creates a tenant of that name with one site.
    pub async fn tenant(&self, name: &str) -> TestTenant<'_> {
        let tenant = self.central.create_tenant(&new_tenant(name)).await.expect("a tenant");
        let db = self.central.database();
        let site = create_site(db, tenant, "LYO", "Lyon").await.expect("a site");
        let token = issue_admin_token(db, tenant, "test").await.expect("a token").text;
        TestTenant { scene: self, tenant, site, token }
    }

    /// A superuser's connection to the database.
    pub async fn admin(&self) -> tokio_postgres::Client {
        let url = self.central.urls().service.replace("comptoir_service", ADMIN_ROLE);
        connect_postgres(&url).await
    }

    /// The process id of its Postgres.
    pub fn postmaster(&self) -> i32 {
        match self.central.server().expect("a private Postgres").state() {
            ServerState::Serving { pid } => pid,
            state => panic!("no Postgres runs: {state:?}"),
        }
    }

    /// Sends any request.
    pub async fn request(&self, request: Request<Body>) -> Response {
        Response::of_request(&self.router, request).await
    }

    /// `GET` with a key or an administrator's token.
    pub async fn get_as(&self, key: &str, path: &str) -> Response {
        get_from(&self.router, key, path).await
    }

    /// `POST` of JSON with a key or an administrator's token.
    pub async fn post_as(&self, key: &str, path: &str, body: impl Into<Body>) -> Response {
        post_to(&self.router, key, path, body).await
    }

    /// As [`TestCentral::request`], as status and body.
    pub async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        self.request(request).await.into_parts()
    }

    /// As [`TestCentral::get_as`], as status and body.
    pub async fn get(&self, key: &str, path: &str) -> (StatusCode, Value) {
        self.get_as(key, path).await.into_parts()
    }

    /// As [`TestCentral::post_as`], as status and body.
    pub async fn post(&self, key: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        self.post_as(key, path, body).await.into_parts()
    }
}

/// `GET` from a router, for a test whose task must own it.
pub async fn get_from(router: &Router, key: &str, path: &str) -> Response {
    Response::of_request(router, authorized(Request::get(path), key).body(Body::empty()).expect("a request")).await
}

/// `POST` of JSON to a router, for a test whose task must own it.
pub async fn post_to(router: &Router, key: &str, path: &str, body: impl Into<Body>) -> Response {
    let request = authorized(Request::post(path), key).header(header::CONTENT_TYPE, "application/json");
    Response::of_request(router, request.body(body.into()).expect("a request")).await
}

/// A request with a key or a token.
fn authorized(request: axum::http::request::Builder, key: &str) -> axum::http::request::Builder {
    request.header(header::AUTHORIZATION, format!("Bearer {key}"))
}

/// A tenant of a [`TestCentral`], with one site.
pub struct TestTenant<'a> {
    /// Its central.
    pub scene: &'a TestCentral,
    /// Its id.
    pub tenant: TenantId,
    /// Its site's id.
    pub site: SiteId,
    /// Its administrator's token.
    pub token: String,
}

impl TestTenant<'_> {
    /// Creates a node of the tenant's site, whose log nothing has been pushed of.
    pub async fn node(&self) -> SealedLog {
        self.node_of(self.site).await
    }

    /// Creates another site with a node.
    pub async fn node_elsewhere(&self) -> SealedLog {
        let db = self.scene.central.database();
        let site = create_site(db, self.tenant, "PAR", "Paris").await.expect("a site");
        self.node_of(site).await
    }

    async fn node_of(&self, site: SiteId) -> SealedLog {
        let db = self.scene.central.database();
        let node = create_node(db, self.tenant, site, "till").await.expect("a node");
        let key = issue_node_key(db, self.tenant, node, "test").await.expect("a key").text;
        SealedLog::new(self.tenant, site, node, key)
    }

    /// `GET` as the administrator.
    pub async fn get(&self, path: &str) -> Response {
        self.scene.get_as(&self.token, path).await
    }

    /// `POST` of JSON as the administrator.
    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.scene.post_as(&self.token, path, body.to_string()).await
    }

    /// `POST` of JSON as the administrator, from the page that had this `ETag`.
    pub async fn post_if_match(&self, path: &str, etag: &str, body: &Value) -> Response {
        let request = authorized(Request::post(path), &self.token)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, etag);
        self.scene.request(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Records an event at central as the administrator; central takes it.
    pub async fn record(&self, entity_id: &str, event: &impl TestEvent) -> Value {
        self.post("/api/v1/events", &event.draft(entity_id)).await.assert_ok()
    }

    /// One number from the tenant's tables, as the superuser sees them.
    pub async fn count(&self, sql: &str) -> i64 {
        let row = self.scene.admin().await.query_one(sql, &[&self.tenant.uuid()]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }

    /// How many events the tenant's log has.
    pub async fn events(&self) -> i64 {
        self.count("select count(*) from event where tenant_id = $1").await
    }

    /// The promise about order: positions are gapless, and the head is the last of them.
    pub async fn assert_gapless(&self) {
        let sql = "select count(*), coalesce(max(position), 0), (select head from tenant_head where tenant_id = $1)
                   from event where tenant_id = $1";
        let row = self.scene.admin().await.query_one(sql, &[&self.tenant.uuid()]).await.expect("a head");
        let (count, last, head): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(json!({ "count": count, "last": last }), json!({ "count": head, "last": head }), "head {head}");
    }
}
