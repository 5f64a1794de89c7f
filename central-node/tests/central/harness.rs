//! A central of one test, and nodes that seal records as a shop would.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use base64::Engine as _;
use comptoir_central::identity::{NewTenant, create_node, create_site, issue_admin_token, issue_node_key};
use comptoir_central::private_postgres::{ADMIN_ROLE, PostgresConfig, ServerState};
use comptoir_central::{Central, CentralConfig, Clock, DatabaseConfig};
use comptoir_core::chain::{ChainHash, genesis, link};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::rulebook::Rulebook;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::{PushRequest, PushResponse, SealedRecord};
use comptoir_proto::{instant, stored_v1};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

/// 2026-03-01T10:00:00Z: where a test's clock stands unless it says otherwise.
pub(crate) const NOON: i64 = 1_772_359_200_000_000;

/// One central with its own Postgres.
pub(crate) struct TestCentral {
    pub(crate) central: Arc<Central>,
    pub(crate) router: Router,
    _folder: TempDir,
}

impl TestCentral {
    pub(crate) async fn new() -> TestCentral {
        TestCentral::at(Clock::system()).await
    }

    pub(crate) async fn at(clock: Clock) -> TestCentral {
        let folder = tempfile::tempdir().unwrap();
        let postgres = PostgresConfig { sync_initdb: false, ..PostgresConfig::new(folder.path()) };
        let database = DatabaseConfig::Private(postgres);
        TestCentral::start(CentralConfig { database, clock, ..CentralConfig::private(folder.path()) }, folder).await
    }

    pub(crate) async fn start(config: CentralConfig, folder: TempDir) -> TestCentral {
        let central = Central::start(config).await.unwrap();
        TestCentral { router: comptoir_central::router(central.clone()), central, _folder: folder }
    }

    /// Stops central, and starts it again on what `work` leaves in its folder.
    pub(crate) async fn while_stopped(self, work: impl FnOnce(&Path)) -> TestCentral {
        self.central.shutdown().await;
        let TestCentral { central, router, _folder: folder } = self;
        drop((central, router));
        work(folder.path());
        let database =
            DatabaseConfig::Private(PostgresConfig { sync_initdb: false, ..PostgresConfig::new(folder.path()) });
        TestCentral::start(CentralConfig { database, ..CentralConfig::private(folder.path()) }, folder).await
    }

    pub(crate) async fn company(&self) -> TestTenant<'_> {
        let new = NewTenant {
            name: "Épicerie".to_owned(),
            zone: "Europe/Paris".to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            rulebook: Rulebook::default(),
        };
        let tenant = self.central.create_tenant(&new).await.unwrap();
        let db = self.central.database();
        let site = create_site(db, tenant, "LYO", "Lyon").await.unwrap();
        let token = issue_admin_token(db, tenant, "test").await.unwrap().text;
        TestTenant { scene: self, tenant, site, token }
    }

    /// A superuser's connection to the database.
    pub(crate) async fn admin(&self) -> tokio_postgres::Client {
        let url = self.central.urls().service.replace("comptoir_service", ADMIN_ROLE);
        connect(&url).await
    }

    /// The process id of its Postgres.
    pub(crate) fn postmaster(&self) -> i32 {
        match self.central.server().expect("a private Postgres").state() {
            ServerState::Serving { pid } => pid,
            state => panic!("no Postgres runs: {state:?}"),
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        send(&self.router, request).await
    }

    pub(crate) async fn get(&self, key: &str, path: &str) -> (StatusCode, Value) {
        get(&self.router, key, path).await
    }

    pub(crate) async fn post(&self, key: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        post(&self.router, key, path, body).await
    }
}

pub(crate) async fn get(router: &Router, key: &str, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {key}"));
    send(router, request.body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, key: &str, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json");
    send(router, request.body(body.into()).unwrap()).await
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let value =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes).into_owned()));
    (status, value)
}

pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A tenant with one shop.
pub(crate) struct TestTenant<'a> {
    pub(crate) scene: &'a TestCentral,
    pub(crate) tenant: TenantId,
    pub(crate) site: SiteId,
    pub(crate) token: String,
}

impl TestTenant<'_> {
    pub(crate) async fn node(&self) -> Node {
        let db = self.scene.central.database();
        let node = create_node(db, self.tenant, self.site, "till").await.unwrap();
        let key = issue_node_key(db, self.tenant, node, "test").await.unwrap().text;
        Node::new(self.tenant, self.site, node, key)
    }

    /// One number from the tenant's tables, as the superuser sees them.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.scene.admin().await.query_one(sql, &[&self.tenant.uuid()]).await.unwrap().get(0)
    }

    /// The promise about order: positions are gapless, and the head is the last of them.
    pub(crate) async fn assert_gapless(&self) {
        let sql = "select count(*), coalesce(max(position), 0), (select head from tenant_head where tenant_id = $1)
                   from event where tenant_id = $1";
        let row = self.scene.admin().await.query_one(sql, &[&self.tenant.uuid()]).await.unwrap();
        let (count, max, head): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!((count, max), (head, head), "count = max = head");
    }
}

/// A record and the chain after it.
pub(crate) type Sealed = (Vec<u8>, ChainHash);

/// A shop's node: seals records in its chain. A clone is a copied disk.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) tenant: TenantId,
    pub(crate) site: SiteId,
    pub(crate) node: NodeId,
    pub(crate) key: String,
    pub(crate) epoch: Epoch,
    pub(crate) public_key: [u8; 32],
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) records: Vec<Sealed>,
}

impl Node {
    pub(crate) fn new(tenant: TenantId, site: SiteId, node: NodeId, key: String) -> Node {
        let epoch = Epoch { number: 1, id: Uuid::new_v4() };
        let chain = genesis(tenant, node, epoch);
        let mut node =
            Node { tenant, site, node, key, epoch, public_key: [7; 32], seq: Seq::ZERO, chain, records: Vec::new() };
        node.open(&Value::Null);
        node
    }

    fn open(&mut self, previous: &Value) {
        let payload = json!({ "public_key": hex::encode(self.public_key), "previous": previous, "reason": "a test" });
        self.seal("NODE", &self.node.to_string(), "EPOCH_OPENED", &payload);
    }

    /// Where the log stands up to a seq, as the next epoch's first record names it.
    pub(crate) fn end_at(&self, seq: u64) -> Value {
        let chain = self.chain_before(seq + 1).to_string();
        json!({ "epoch": self.epoch.number, "epoch_id": self.epoch.id, "seq": seq, "chain": chain })
    }

    /// Begins another epoch, where central holds all of the one before.
    pub(crate) fn open_epoch(&mut self, number: u32) {
        self.open_epoch_after(number, &self.end_at(self.seq.0));
    }

    /// Begins another epoch, as after a restore, that names some end of the one before.
    pub(crate) fn open_epoch_after(&mut self, number: u32, previous: &Value) {
        self.epoch = Epoch { number, id: Uuid::new_v4() };
        self.seq = Seq::ZERO;
        self.chain = genesis(self.tenant, self.node, self.epoch);
        self.records.clear();
        self.open(previous);
    }

    pub(crate) fn event(&self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> Event {
        let name = |text: &str| Name::new(text).unwrap();
        Event {
            id: EventId::new(Uuid::now_v7()),
            tenant: self.tenant,
            node: self.node,
            epoch: self.epoch,
            seq: self.seq.next(),
            occurred_at: Timestamp(NOON),
            time_source: TimeSource::Caller,
            identity_position: 0,
            content: Content {
                site: Some(self.site),
                user: Some(name("u-1")),
                ..Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes())
            },
        }
    }

    /// Seals an event of this node, wherever it came from.
    pub(crate) fn seal_event(&mut self, event: Event) -> EventId {
        let event = Event { node: self.node, epoch: self.epoch, seq: self.seq.next(), ..event };
        self.seal_bytes(stored_v1::encode(&event).unwrap());
        event.id
    }

    /// Seals any bytes at the next place.
    pub(crate) fn seal_bytes(&mut self, bytes: Vec<u8>) {
        self.seq = self.seq.next();
        self.chain = link(self.chain, &bytes);
        self.records.push((bytes, self.chain));
    }

    pub(crate) fn seal(&mut self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> EventId {
        let event = self.event(entity_type, entity_id, action, payload);
        self.seal_event(event)
    }

    pub(crate) fn sell(&mut self, sale: &str) -> EventId {
        self.seal("SALE", sale, "SALE_RECORDED", &sale_payload(510))
    }

    pub(crate) fn sell_many(&mut self, count: usize, sale: impl Fn(usize) -> String) {
        (0..count).for_each(|number| {
            self.sell(&sale(number));
        });
    }

    /// The chain before a seq.
    pub(crate) fn chain_before(&self, seq: u64) -> ChainHash {
        match seq {
            1 => genesis(self.tenant, self.node, self.epoch),
            _ => self.records[seq as usize - 2].1,
        }
    }

    /// A push of the records from one seq to another.
    pub(crate) fn request(&self, from: u64, to: u64) -> PushRequest {
        PushRequest {
            batch_id: Uuid::new_v4(),
            node: self.node.uuid(),
            epoch: self.epoch.into(),
            first_seq: from,
            previous_chain: self.chain_before(from).to_string(),
            records: self.records[from as usize - 1..to as usize]
                .iter()
                .map(|(record, chain)| SealedRecord::new(record, *chain))
                .collect(),
            node_time: instant::format(Timestamp(NOON)),
            clock: Vec::new(),
            taken_in: Vec::new(),
        }
    }

    pub(crate) async fn send(&self, scene: &TestCentral, request: &PushRequest) -> (StatusCode, Value) {
        scene.post(&self.key, "/api/v1/sync/push", serde_json::to_vec(request).unwrap()).await
    }

    /// Pushes records that are all taken.
    pub(crate) async fn push(&self, scene: &TestCentral, from: u64, to: u64) -> PushResponse {
        let (status, body) = self.send(scene, &self.request(from, to)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_value(body).unwrap()
    }

    /// Pushes everything.
    pub(crate) async fn push_all(&self, scene: &TestCentral) -> PushResponse {
        self.push(scene, 1, self.seq.0).await
    }
}

/// A sale of two at 2.55.
pub(crate) fn sale_payload(total_minor: i64) -> Value {
    json!({
        "currency": "EUR", "total_minor": total_minor,
        "lines": [{ "product": "A", "quantity": "2", "unit_price": "2.55" }],
    })
}

pub(crate) fn invoice_payload() -> Value {
    json!({
        "client": "c-1", "currency": "EUR", "total_minor": 510,
        "lines": [{ "product": "A", "quantity": "2", "unit_price": "2.55" }],
    })
}

/// Verdict and code of each result, `ACCEPTED` or `REJECTED EVENT_ID_REUSED`.
pub(crate) fn verdicts(response: &PushResponse) -> Vec<String> {
    let word = |result: &comptoir_proto::sync_v1::RecordResult| match &result.code {
        Some(code) => format!("{} {code}", result.verdict),
        None => result.verdict.clone(),
    };
    response.results.iter().map(word).collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
