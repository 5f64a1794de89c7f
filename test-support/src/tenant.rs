use std::fmt::Display;

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rulebook;
use serde_json::{Value, json};

use crate::central::{TestCentral, authorized};
use crate::events::TestEvent;
use crate::response::Response;
use crate::sealed_log::SealedLog;

/// A tenant in Paris that counts in euros and has the default rulebook.
pub fn new_tenant(name: &str) -> NewTenant {
    NewTenant {
        name: name.to_owned(),
        zone: "Europe/Paris".to_owned(),
        currency: Currency::parse("EUR").expect("EUR is a currency"),
        rulebook: Rulebook::default(),
    }
}

impl TestCentral {
    /// Creates a tenant with one site.
    pub async fn company(&self) -> TestTenant<'_> {
        self.tenant("Épicerie").await
    }

    /// Creates a tenant of that name with one site.
    pub async fn tenant(&self, name: &str) -> TestTenant<'_> {
        let tenant = self.central.create_unrecorded_tenant(&new_tenant(name)).await.expect("a tenant");
        let db = self.central.database();
        let site = create_site(db, tenant, "LYO", "Lyon").await.expect("a site");
        let token = issue_admin_token(db, tenant, "test").await.expect("a token").text;
        TestTenant { server: self, tenant, site, token }
    }
}

/// A tenant of a [`TestCentral`], with one site.
pub struct TestTenant<'a> {
    /// Its central.
    pub server: &'a TestCentral,
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
        let db = self.server.central.database();
        let site = create_site(db, self.tenant, "PAR", "Paris").await.expect("a site");
        self.node_of(site).await
    }

    async fn node_of(&self, site: SiteId) -> SealedLog {
        let db = self.server.central.database();
        let node = create_node(db, self.tenant, site, "till").await.expect("a node");
        let key = issue_node_key(db, self.tenant, node, "test").await.expect("a key").text;
        SealedLog::new(self.tenant, site, node, key)
    }

    /// `GET` as the administrator.
    pub async fn get(&self, path: &str) -> Response {
        self.server.get_as(&self.token, path).await
    }

    /// `POST` of JSON as the administrator.
    pub async fn post(&self, path: &str, body: impl Display) -> Response {
        self.server.post_as(&self.token, path, body.to_string()).await
    }

    /// `POST` of JSON as the administrator, from the page that had this `ETag`.
    pub async fn post_if_match(&self, path: &str, etag: &str, body: impl Display) -> Response {
        let request = authorized(Request::post(path), &self.token)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, etag);
        self.server.request(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Records an event at central as the administrator; central takes it.
    pub async fn record(&self, entity_id: &str, event: &impl TestEvent) -> Value {
        self.post("/api/v1/events", event.draft(entity_id)).await.assert_ok()
    }

    /// One number from the tenant's tables, as the superuser sees them.
    pub async fn count(&self, sql: &str) -> i64 {
        let row = self.server.admin().await.query_one(sql, &[&self.tenant.uuid()]).await;
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
        let row = self.server.admin().await.query_one(sql, &[&self.tenant.uuid()]).await.expect("a head");
        let (count, last, head): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(json!({ "count": count, "last": last }), json!({ "count": head, "last": head }), "head {head}");
    }
}
