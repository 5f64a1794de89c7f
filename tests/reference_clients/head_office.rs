//! A central on a private Postgres behind a real socket, and a client that is run against it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_central::private_postgres::Config;
use comptoir_central::{Central, CentralConfig, DatabaseConfig};
use comptoir_core::id::TenantId;
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A tenant of the test's own, and one beside it.
pub(crate) struct HeadOffice {
    /// What a scenario is told.
    setting: Value,
    central: Arc<Central>,
    _dir: TempDir,
}

impl HeadOffice {
    async fn open() -> HeadOffice {
        let dir = TempDir::new().expect("a directory");
        // Postgres runs as another user, who has to pass through.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), passable).expect("our own directory");
        let postgres = Config { sync_initdb: false, ..Config::new(dir.path()) };
        let database = DatabaseConfig::Private(postgres);
        let config = CentralConfig { database, ..CentralConfig::private(dir.path()) };
        let central = Central::start(config).await.expect("central starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let router = comptoir_central::router(Arc::clone(&central));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (tenant, token) = tenant(&central).await;
        let (other, other_token) = self::tenant(&central).await;
        let db = central.database();
        let site = create_site(db, tenant, "LYO", "Lyon").await.expect("a site");
        let node = create_node(db, tenant, site, "phones").await.expect("a node");
        let key = issue_node_key(db, tenant, node, "phones").await.expect("a key").text;
        let setting = json!({
            "url": format!("http://{address}"), "tenant": tenant.to_string(), "token": token, "key": key,
            "other": { "tenant": other.to_string(), "token": other_token },
        });
        HeadOffice { setting, central, _dir: dir }
    }
}

async fn tenant(central: &Arc<Central>) -> (TenantId, String) {
    let new = NewTenant {
        name: "Test".to_owned(),
        zone: "Europe/Paris".to_owned(),
        currency: Currency::parse("EUR").expect("EUR is a currency"),
        rulebook: Rulebook::default(),
    };
    let tenant = central.create_tenant(&new).await.expect("a tenant");
    let token = issue_admin_token(central.database(), tenant, "test").await.expect("a token").text;
    (tenant, token)
}

/// Runs one scenario of a client against a central of its own.
pub(crate) async fn run(client: &'static str, scenario: &'static str) {
    let office = HeadOffice::open().await;
    let setting = office.setting.to_string();
    let ran = tokio::task::spawn_blocking(move || node(client, scenario, &setting)).await;
    let output = ran.expect("the client is waited for");
    office.central.shutdown().await;
    let words = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{client} {scenario}: {}\n{words}", output.status);
    assert!(words.contains(&format!("ok - {scenario}")), "{words}");
}

fn node(client: &str, scenario: &str, setting: &str) -> Output {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(format!("{client}_scenarios.mjs"));
    let output = Command::new("node").arg(file).arg(scenario).arg(setting).output();
    output.unwrap_or_else(|error| panic!("node does not run ({error}): scripts/bootstrap.sh installs it"))
}
