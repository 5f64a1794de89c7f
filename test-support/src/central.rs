use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::private_postgres::{ADMIN_ROLE, PostgresConfig, ServerState};
use comptoir_central::{Central, CentralConfig, Clock, DatabaseConfig};
use tempfile::TempDir;

use crate::folder::temp_folder;
use crate::response::Response;

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

    /// A private Postgres in a folder, made without waiting for the disk. Reports always wait for the latest figures.
    pub fn config(folder: &Path) -> CentralConfig {
        let postgres = PostgresConfig { sync_initdb: false, ..PostgresConfig::new(folder) };
        let database = DatabaseConfig::Private(postgres);
        CentralConfig { database, report_wait: Duration::from_secs(60), ..CentralConfig::private(folder) }
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
pub(crate) fn authorized(request: axum::http::request::Builder, key: &str) -> axum::http::request::Builder {
    request.header(header::AUTHORIZATION, format!("Bearer {key}"))
}
