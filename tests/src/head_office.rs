//! Central on a private Postgres within the test's process, with one tenant and one shop: for tests that ask much of it. What has to be killed
//! or kept for long is `company`.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_central::private_postgres::PostgresConfig;
use comptoir_central::{Central, CentralConfig, DatabaseConfig};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use tempfile::TempDir;

use crate::contract::{Endpoint, IMPATIENT};

/// Dropped, it takes its Postgres with it.
pub struct RunningCentral {
    /// Its one tenant.
    pub tenant: TenantId,
    central: Arc<Central>,
    site: SiteId,
    token: String,
    _dir: TempDir,
}

impl RunningCentral {
    /// Starts it, with a tenant of that name.
    pub async fn open(name: &str) -> RunningCentral {
        let dir = TempDir::new().expect("a directory");
        // Postgres runs as another user, who has to pass through.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), passable).expect("our own directory");
        let postgres = PostgresConfig { sync_initdb: false, ..PostgresConfig::new(dir.path()) };
        let database = DatabaseConfig::Private(postgres);
        let config = CentralConfig { database, ..CentralConfig::private(dir.path()) };
        let central = Central::start(config).await.expect("central starts");
        let new = NewTenant {
            name: name.to_owned(),
            zone: "Europe/Paris".to_owned(),
            currency: Currency::parse("EUR").expect("EUR is a currency"),
            rulebook: Rulebook::default(),
        };
        let tenant = central.create_tenant(&new).await.expect("a tenant");
        let site = create_site(central.database(), tenant, "LYO", "Lyon").await.expect("a site");
        let token = issue_admin_token(central.database(), tenant, "director").await.expect("a token").text;
        RunningCentral { tenant, central, site, token, _dir: dir }
    }

    /// The administrator's way in.
    pub fn admin(&self) -> Endpoint {
        self.door(self.token.clone())
    }

    /// The way in of a new node of the shop.
    pub async fn node(&self, name: &str) -> Endpoint {
        let db = self.central.database();
        let node = create_node(db, self.tenant, self.site, name).await.expect("a node");
        self.door(issue_node_key(db, self.tenant, node, name).await.expect("a key").text)
    }

    fn door(&self, key: String) -> Endpoint {
        let impatient = comptoir_central::router_with(Arc::clone(&self.central), IMPATIENT);
        Endpoint::service(comptoir_central::router(Arc::clone(&self.central)), Some(key)).with_impatient(impatient)
    }
}
