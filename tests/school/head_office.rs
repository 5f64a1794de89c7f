//! Central on a private Postgres, with a school in it.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_central::private_postgres::Config;
use comptoir_central::{Central, CentralConfig, DatabaseConfig};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use comptoir_tests::contract::Door;
use serde_json::json;
use tempfile::TempDir;

use crate::desktop::Desktop;

/// Dropped, it takes its Postgres with it.
pub(crate) struct HeadOffice {
    central: Arc<Central>,
    tenant: TenantId,
    site: SiteId,
    token: String,
    _dir: TempDir,
}

impl HeadOffice {
    pub(crate) async fn open() -> HeadOffice {
        let dir = TempDir::new().expect("a directory");
        // Postgres runs as another user, who has to pass through.
        let passable = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), passable).expect("our own directory");
        let postgres = Config { sync_initdb: false, ..Config::new(dir.path()) };
        let config =
            CentralConfig { database: DatabaseConfig::Private(postgres), ..CentralConfig::private(dir.path()) };
        let central = Central::start(config).await.expect("central starts");
        let new = NewTenant {
            name: "Lycée".to_owned(),
            zone: "Europe/Paris".to_owned(),
            currency: Currency::parse("EUR").expect("EUR is a currency"),
            rulebook: Rulebook::default(),
        };
        let tenant = central.create_tenant(&new).await.expect("a tenant");
        let site = create_site(central.database(), tenant, "LYC", "Lycée").await.expect("a site");
        let token = issue_admin_token(central.database(), tenant, "director").await.expect("a token").text;
        HeadOffice { central, tenant, site, token, _dir: dir }
    }

    fn door(&self, key: String) -> Door {
        Door::service(comptoir_central::router(Arc::clone(&self.central)), Some(key))
    }

    /// The director's way in.
    pub(crate) fn admin(&self) -> Door {
        self.door(self.token.clone())
    }

    pub(crate) async fn desktop(&self, name: &str) -> Desktop {
        let db = self.central.database();
        let node = create_node(db, self.tenant, self.site, name).await.expect("a node");
        let key = issue_node_key(db, self.tenant, node, name).await.expect("a key").text;
        let ids = json!({ "TENANT_ID": self.tenant.to_string(), "SITE_ID": self.site.to_string(), "NODE_ID": node.to_string() });
        Desktop::new(&ids, self.door(key))
    }
}
