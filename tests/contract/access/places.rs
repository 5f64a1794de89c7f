//! The three places that requests are about, each with a site, a node and data of every kind. What belongs to a site has an
//! id that begins with `bound-`, what belongs to the tenant with `shared-`.

use comptoir_central::identity::{create_node, create_site, issue_node_key};
use comptoir_core::event::Content;
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_proto::{paths, stored_v1};
use comptoir_test_support::events::{
    DeliveryOrder, DeliveryValidation, Edit, GoodsReception, InvoiceCreation, ReceptionLine, Sale, SaleLine,
    TestEvent as _,
};
use comptoir_test_support::{SealedLog, TestCentral, TestTenant};
use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};
use uuid::Uuid;

use super::callers::CALLERS;

pub(super) const OWN: &str = "own";
pub(super) const OTHER: &str = "other";
pub(super) const FOREIGN: &str = "foreign";

/// A site with its data.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) tenant: TenantId,
    pub(super) site: SiteId,
    pub(super) node: NodeId,
    /// The node's key.
    pub(super) key: String,
    /// The push that central holds already.
    pub(super) push: Value,
    pub(super) sale: String,
    pub(super) quarantined: String,
    pub(super) conflict: String,
    /// The hash of a file.
    pub(super) file: String,
    /// Users of the site, who do not log in: one for each caller, who may erase one.
    pub(super) users: Vec<String>,
}

impl Place {
    /// The id of what belongs to this site.
    pub(super) fn bound(&self, what: &str) -> String {
        format!("bound-{}-{what}", self.name)
    }

    /// The id of the shop's phone, which central derives from its name.
    pub(super) fn phone(&self) -> String {
        Uuid::new_v5(&self.tenant.uuid(), format!("phone-{}", self.name).as_bytes()).to_string()
    }

    /// The id of what belongs to this site's tenant.
    pub(super) fn shared(&self, what: &str) -> String {
        format!("shared-{}-{what}", self.name)
    }
}

/// Makes a site with a node, and records what it holds.
pub(super) async fn place(company: &TestTenant<'_>, name: &'static str) -> Place {
    let (server, tenant) = (company.server, company.tenant);
    let db = server.central.database();
    let site = create_site(db, tenant, &name.to_uppercase(), name).await.expect("a site");
    let node = create_node(db, tenant, site, &format!("bound-{name}-till")).await.expect("a node");
    let key = issue_node_key(db, tenant, node, "test").await.expect("a key").text;
    let mut place = Place {
        name,
        tenant,
        site,
        node,
        key: key.clone(),
        push: Value::Null,
        sale: String::new(),
        quarantined: String::new(),
        conflict: String::new(),
        file: String::new(),
        users: Vec::new(),
    };
    for number in 0..CALLERS {
        place.users.push(new_user(company, &format!("{name}-{number}"), site).await);
    }
    let base = shared_entities(company, &place).await;
    let mut log = SealedLog::new(tenant, site, node, key);
    seal_records(&mut log, &mut place, base);
    let push = log.take_push();
    log.send_push(server, &push).await.assert_ok();
    place.push = json!(push);
    place.file = put_file(server, &place).await;
    for path in [paths::MOBILE_BOOTSTRAP, paths::MOBILE_PULL] {
        server.get_as(&place.key, &format!("{path}?device_id=phone-{name}")).await.assert_ok();
    }
    let down = json!({ "clientId": format!("desktop-{name}"), "lastSyncTimestamp": null });
    server.post_as(&place.key, paths::DESKTOP_DOWN, down.to_string()).await.assert_ok();
    place
}

/// A user with a role at the site.
async fn new_user(company: &TestTenant<'_>, name: &str, site: SiteId) -> String {
    let roles = json!([{ "role": "cashier", "site": site.uuid() }]);
    let user = json!({ "login": format!("bound-{name}"), "name": "A person", "roles": roles });
    let made = company.post(paths::USERS, user).await;
    made.assert_status(201);
    made.body["user"].as_str().expect("an id").to_owned()
}

/// What head office records. The version of the pupil that the node edits later.
async fn shared_entities(company: &TestTenant<'_>, place: &Place) -> u64 {
    let named = |entity_type| Edit { entity_type, fields: json!({ "name": place.shared("name") }), ..Edit::default() };
    for (entity_type, what) in [("PRODUCT", "product"), ("CLIENT", "client")] {
        company.record(&place.shared(what), &named(entity_type)).await;
    }
    let order =
        DeliveryOrder { reference: place.shared("delivery"), qr: "qr-1".to_owned(), ..DeliveryOrder::default() };
    company.record(&place.shared("delivery"), &order).await;
    let made = company.record(&place.shared("pupil"), &named("STUDENT")).await;
    let base = made["results"][0]["decision"]["position"].as_u64().expect("a position");
    let mut edit = Edit { entity_type: "STUDENT", action: "UPDATE", fields: json!({ "town": "Brest" }) }
        .draft(&place.shared("pupil"));
    edit["base_version"] = base.into();
    company.post(paths::EVENTS, edit).await.assert_ok();
    base
}

/// What the node records.
fn seal_records(log: &mut SealedLog, place: &mut Place, base: u64) {
    let product = place.bound("product");
    let line = SaleLine { product: product.clone(), ..SaleLine::default() };
    let sale = Sale { lines: vec![line.clone()], ..Sale::default() };
    place.sale = log.record(&place.bound("sale"), &sale).to_string();
    let lot = ReceptionLine { product, ..ReceptionLine::default() };
    log.record(&place.bound("goods"), &GoodsReception { lines: vec![lot], ..GoodsReception::default() });
    log.record(&place.bound("invoice"), &InvoiceCreation { lines: vec![line], ..InvoiceCreation::default() });
    let entry = json!({ "action": "LOGIN", "subject": { "entity_type": "USER", "entity_id": place.bound("entry") } });
    log.seal("AUDIT", &place.bound("entry"), "AUDIT_RECORDED", &entry);
    // A code that is another delivery's is quarantined, and a sign of fraud.
    let wrong = DeliveryValidation { qr: "another".to_owned(), ..DeliveryValidation::default() };
    log.record(&place.shared("delivery"), &wrong);
    place.quarantined = log.record(&place.bound("wrong"), &Sale { total_minor: 499, ..sale }).to_string();
    let mut edit = log.event("STUDENT", &place.shared("pupil"), "UPDATE", &json!({ "town": place.bound("town") }));
    edit.content = Content { base_version: Some(base), ..edit.content };
    place.conflict = edit.id.to_string();
    log.seal_bytes(stored_v1::encode(&edit).expect("an event fits a record"));
}

async fn put_file(server: &TestCentral, place: &Place) -> String {
    let text = place.bound("signature");
    let hash = blake3::hash(text.as_bytes()).to_string();
    let till = Endpoint::service(server.router.clone(), Some(place.key.clone()));
    let octets = [("content-type", "application/octet-stream")];
    let reply = till.send("PUT", &paths::BLOB.replace("{hash}", &hash), &octets, text).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    hash
}
