//! Central on a private Postgres, where a shop without a node of its own writes with its key.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use comptoir_central::identity::{NewTenant, create_node, create_site, issue_node_key};
use comptoir_central::private_postgres::Config;
use comptoir_central::{Central, CentralConfig, DatabaseConfig};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use comptoir_tests::contract::Door;
use tempfile::TempDir;

/// A central of one tenant. Dropped, it takes its Postgres with it.
struct HeadOffice {
    door: Door,
    _central: Arc<Central>,
    _dir: TempDir,
}

impl HeadOffice {
    async fn open() -> HeadOffice {
        let dir = TempDir::new().expect("a directory");
        // Postgres runs as another user, who has to pass through.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), passable).expect("our own directory");
        let postgres = Config { sync_initdb: false, ..Config::new(dir.path()) };
        let config =
            CentralConfig { database: DatabaseConfig::Private(postgres), ..CentralConfig::private(dir.path()) };
        let central = Central::start(config).await.expect("central starts");
        let new = NewTenant {
            name: "Épicerie".to_owned(),
            zone: "Europe/Paris".to_owned(),
            currency: Currency::parse("EUR").expect("EUR is a currency"),
            rulebook: Rulebook::default(),
        };
        let tenant = central.create_tenant(&new).await.expect("a tenant");
        let db = central.database();
        let site = create_site(db, tenant, "LYO", "Lyon").await.expect("a site");
        let node = create_node(db, tenant, site, "till").await.expect("a node");
        let key = issue_node_key(db, tenant, node, "test").await.expect("a key").text;
        let door = Door::service(comptoir_central::router(Arc::clone(&central)), Some(key));
        HeadOffice { door, _central: central, _dir: dir }
    }

    fn door(&self) -> &Door {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(HeadOffice::open);
