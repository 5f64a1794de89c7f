//! Pulls: pages, scope, waiting, notices.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::StatusCode;
use comptoir_central::database::SERVICE_CONNECTIONS;
use comptoir_central::identity::{create_node, create_site, issue_node_key};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{PullCursor, PullResponse, RowChange, RowKey};
use comptoir_proto::sync_v1::PushRequest;
use comptoir_test_support::events::{InvoiceCreation, Sale};
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant, get_from, post_to};
use serde_json::{Value, json};

pub(crate) async fn pull(server: &TestCentral, node: &SealedLog, cursor: Option<&str>, limit: usize) -> PullResponse {
    node.get(server, &path(cursor, limit, 0)).await.parse()
}

pub(crate) fn path(cursor: Option<&str>, limit: usize, wait: u64) -> String {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("/api/v1/sync/pull?limit={limit}&wait={wait}{cursor}")
}

/// A node's copy: rows by key, applied as the protocol says.
#[derive(Default)]
struct Copy {
    rows: BTreeMap<RowKey, (u64, Value)>,
    cursor: Option<String>,
    complete_through: u64,
    pages: usize,
}

impl Copy {
    fn apply(&mut self, change: &RowChange) {
        let row = serde_json::from_str(change.row.as_ref().unwrap().get()).unwrap();
        let held = self.rows.get(&change.key).map_or(0, |(position, _)| *position);
        if change.position > held {
            self.rows.insert(change.key.clone(), (change.position, row));
        }
    }

    async fn step(&mut self, server: &TestCentral, node: &SealedLog, limit: usize) -> PullResponse {
        let page = pull(server, node, self.cursor.as_deref(), limit).await;
        assert!(page.changes.len() <= limit);
        let order: Vec<(u64, &RowKey)> = page.changes.iter().map(|change| (change.position, &change.key)).collect();
        assert!(order.is_sorted() && page.complete_through >= self.complete_through);
        page.changes.iter().for_each(|change| self.apply(change));
        (self.cursor, self.complete_through, self.pages) =
            (Some(page.cursor.clone()), page.complete_through, self.pages + 1);
        page
    }

    async fn catch_up(&mut self, server: &TestCentral, node: &SealedLog, limit: usize) {
        while self.step(server, node, limit).await.has_more {}
    }

    fn words(&self) -> Vec<String> {
        self.rows.keys().map(|key| format!("{} {}", key.entity_type, key.entity_id)).collect()
    }
}

fn client(node: &mut SealedLog, id: &str, name: &str) {
    node.seal("CLIENT", id, "CREATE", &json!({ "name": name }));
}

/// A node of another site of the tenant.
pub(crate) async fn elsewhere(company: &TestTenant<'_>) -> SealedLog {
    let db = company.server.central.database();
    let site = create_site(db, company.tenant, "PAR", "Paris").await.unwrap();
    let node = create_node(db, company.tenant, site, "till").await.unwrap();
    let key = issue_node_key(db, company.tenant, node, "test").await.unwrap().text;
    SealedLog::new(company.tenant, site, node, key)
}

#[tokio::test]
async fn pages_return_every_row_once_and_may_end_inside_a_position() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    for number in 0..5 {
        client(&mut node, &format!("c-{number}"), "Durand");
    }
    // One event that changes seven rows.
    let lines: Vec<Value> = (0..7)
        .map(|product| json!({ "product": format!("P{product}"), "quantity": "2.50", "unit_cost": "1" }))
        .collect();
    node.seal("RECEPTION", "r-1", "GOODS_RECEIVED", &json!({ "currency": "EUR", "lines": lines }));
    node.record("i-1", &InvoiceCreation::default());
    node.push_all(&server).await;
    let mut whole = Copy::default();
    whole.catch_up(&server, &node, 5_000).await;
    assert_eq!(whole.pages, 1);
    for limit in 1..=4 {
        let mut paged = Copy::default();
        paged.catch_up(&server, &node, limit).await;
        assert_eq!(paged.rows, whole.rows, "pages of {limit}");
        assert_eq!(paged.complete_through, whole.complete_through);
        assert_eq!(paged.pages, whole.rows.len().div_ceil(limit));
    }
    let stock = whole.rows.iter().find(|(key, _)| key.entity_id == "P3").unwrap();
    assert_eq!(
        stock.1.1,
        json!({
            "site": company.site.to_string(), "product": "P3", "version": stock.1.0, "quantity": "2.5", "backordered": "0",
        })
    );
    let page = pull(&server, &node, whole.cursor.as_deref(), 200).await;
    assert_eq!(page.changes.len(), 0);
    assert!(!page.has_more);
    assert_eq!(page.complete_through, page.head);
}

#[tokio::test]
async fn a_pull_never_returns_rows_of_another_tenant_or_site() {
    let server = TestCentral::new().await;
    let (company, other) = (server.company().await, server.company().await);
    let (mut lyon, mut paris, mut stranger) = (company.node().await, elsewhere(&company).await, other.node().await);
    for (node, name) in [(&mut lyon, "lyon"), (&mut paris, "paris"), (&mut stranger, "stranger")] {
        client(node, &format!("c-{name}"), name);
        node.record(&format!("i-{name}"), &InvoiceCreation::default());
        node.record(&format!("s-{name}"), &Sale::default());
        node.push_all(&server).await;
    }
    for (node, own, not_own) in [(&lyon, "lyon", "paris"), (&paris, "paris", "lyon")] {
        let mut copy = Copy::default();
        copy.catch_up(&server, node, 3).await;
        let words = copy.words();
        let expected =
            ["CLIENT c-lyon".to_owned(), "CLIENT c-paris".to_owned(), format!("INVOICE i-{own}"), "STOCK A".to_owned()];
        assert_eq!(words, expected, "{own} sees the company's clients, and nothing else of {not_own}");
        let sites: BTreeSet<_> = copy.rows.keys().filter_map(|key| key.site).collect();
        assert_eq!(sites, BTreeSet::from([node.site.uuid()]));
    }
}

#[tokio::test]
async fn a_row_that_changes_while_a_node_pages_is_returned_again_later() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut node, mut writer) = (company.node().await, company.node().await);
    for number in 0..6 {
        client(&mut node, &format!("c-{number}"), "before");
    }
    node.push_all(&server).await;
    writer.push_all(&server).await;
    let mut copy = Copy::default();
    let first = copy.step(&server, &node, 2).await;
    assert_eq!(first.changes.len(), 2, "not complete while pages follow");
    assert!(first.has_more, "not complete while pages follow");
    assert_eq!(first.complete_through, 0, "not complete while pages follow");
    // One row that was sent already, and one that was not.
    for id in ["c-0", "c-5"] {
        writer.seal("CLIENT", id, "UPDATE", &json!({ "name": "after" }));
    }
    writer.push(&server, 2, 3).await;
    copy.catch_up(&server, &node, 2).await;
    let name = |id: &str| {
        let row = copy.rows.iter().find(|(key, _)| key.entity_id == id).unwrap();
        row.1.1["fields"]["name"].clone()
    };
    assert_eq!([name("c-0"), name("c-1"), name("c-5")], ["after", "before", "after"]);
    // A deletion arrives as a row.
    writer.seal("CLIENT", "c-1", "DELETE", &json!({}));
    writer.push(&server, 4, 4).await;
    let last = copy.step(&server, &node, 200).await;
    let row: Value = serde_json::from_str(last.changes[0].row.as_ref().unwrap().get()).unwrap();
    assert_eq!(last.changes.len(), 1);
    assert_eq!(row["deleted"], true);
}

#[tokio::test]
async fn a_cursor_of_another_central_another_scope_or_a_lost_log_is_gone() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.push_all(&server).await;
    let good: PullCursor = pull(&server, &node, None, 1).await.cursor.parse().unwrap();
    let elsewhere = elsewhere(&company).await;
    let other_scope = pull(&server, &elsewhere, None, 1).await.cursor;
    let other_central = PullCursor { incarnation: uuid::Uuid::new_v4(), ..good.clone() }.to_string();
    let ahead = PullCursor { position: good.position + 1, ..good.clone() }.to_string();
    for (cursor, code) in
        [(other_central, "INCARNATION_CHANGED"), (other_scope, "SCOPE_CHANGED"), (ahead, "INCARNATION_CHANGED")]
    {
        node.get(&server, &path(Some(&cursor), 1, 0)).await.assert_problem(410, code);
    }
    for wrong in ["cursor=2026-01-01T00:00:00Z", "limit=0", "limit=5001", "wait=31", "since=1"] {
        node.get(&server, &format!("/api/v1/sync/pull?{wrong}"))
            .await
            .for_case(wrong)
            .assert_problem(400, "INVALID_PARAMETER");
    }
    // An administrator's token is not a node's key.
    company.get("/api/v1/sync/pull").await.assert_status(403);
}

/// Waits until this many pulls wait at central.
async fn until_waiting(server: &TestCentral, count: usize) {
    while server.central.waiting_pulls() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_waiting_pull_holds_no_connection_and_wakes_only_for_rows_in_scope() {
    // More than the pool has connections.
    const WAITING: usize = 40;
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut writer, mut away) = (company.node().await, elsewhere(&company).await);
    writer.push_all(&server).await;
    away.push_all(&server).await;
    let cursor = pull(&server, &writer, None, 200).await.cursor;
    let waits = path(Some(&cursor), 200, 30);
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let (router, key, path) = (server.router.clone(), writer.key.clone(), waits.clone());
            tokio::spawn(async move { get_from(&router, &key, &path).await })
        })
        .collect();
    until_waiting(&server, WAITING).await;
    // Every connection is free, and a sale of the other site wakes no pull.
    let (mut held, db) = (Vec::new(), server.central.database());
    for _ in 0..SERVICE_CONNECTIONS {
        held.push(db.service().await.unwrap());
    }
    drop(held);
    away.sell("s-away");
    let away_at = away.push(&server, 2, 2).await.results[0].position;
    client(&mut writer, "c-1", "Durand");
    let at = writer.push(&server, 2, 2).await.results[0].position;
    assert!(away_at < at);
    for waited in waiting {
        let page: PullResponse = waited.await.unwrap().parse();
        let positions: Vec<u64> = page.changes.iter().map(|change| change.position).collect();
        assert_eq!(positions, [at], "only the client's edit woke the pull");
    }
    until_waiting(&server, 0).await;
}

#[tokio::test]
async fn the_rulebook_in_force_is_sent_once_and_a_change_wakes_a_waiting_pull() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.push_all(&server).await;
    let first = pull(&server, &node, None, 200).await;
    let given = first.rulebook.expect("the first pull has a rulebook");
    assert_eq!(given.book["default"], "version_check");
    assert_eq!(given.book["rules"]["STOCK"], "server_wins");
    assert!(pull(&server, &node, Some(&first.cursor), 200).await.rulebook.is_none());
    let (router, key, waits) = (server.router.clone(), node.key.clone(), path(Some(&first.cursor), 200, 30));
    let waiting = tokio::spawn(async move { get_from(&router, &key, &waits).await });
    until_waiting(&server, 1).await;
    let adopted = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "RULEBOOK", "entity_id": "rulebook",
        "action": "RULEBOOK_ADOPTED", "payload": {"version": 2, "default": "last_writer_wins", "rules": {"STOCK": "server_wins"}} });
    company.post("/api/v1/events", &adopted).await.assert_ok();
    let second: PullResponse = waiting.await.unwrap().parse();
    let given = second.rulebook.expect("the rulebook changed");
    assert_eq!(given.book["version"], 2);
    assert_eq!(given.book["default"], "last_writer_wins");
    assert!(pull(&server, &node, Some(&second.cursor), 200).await.rulebook.is_none());
}

#[tokio::test]
async fn a_changed_user_wakes_a_waiting_pull_and_ends_a_wait_that_begins_later() {
    // Shorter than the wait, and far longer than waking takes.
    const NOT_WOKEN: Duration = Duration::from_secs(20);
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.push_all(&server).await;
    let first = pull(&server, &node, None, 200).await;
    let known = format!("&identity_position={}", first.identity_position);
    let waits = path(Some(&first.cursor), 200, 30) + &known;
    let (router, key, waited) = (server.router.clone(), node.key.clone(), waits.clone());
    let waiting = tokio::spawn(async move { get_from(&router, &key, &waited).await });
    until_waiting(&server, 1).await;
    let new = json!({ "login": "amelie", "name": "A", "roles": [{ "role": "cashier", "site": company.site.uuid() }] });
    let created = company.post("/api/v1/users", &new).await;
    created.assert_status(201);
    let woken = tokio::time::timeout(NOT_WOKEN, waiting).await.expect("it is woken").unwrap();
    let woken: PullResponse = woken.parse();
    assert!(woken.identity_position > first.identity_position && woken.changes.is_empty());
    // A password that is set while no pull waits: the next one names what the node knows.
    let set = json!({ "code": created.body["code"], "password": "quatre mots au hasard" });
    post_to(&server.router, "", "/api/v1/auth/setup", set.to_string()).await.assert_ok();
    let known = format!("&identity_position={}", woken.identity_position);
    let asked = path(Some(&woken.cursor), 200, 30) + &known;
    let answered = tokio::time::timeout(NOT_WOKEN, get_from(&server.router, &node.key, &asked)).await;
    let answered: PullResponse = answered.expect("it does not wait").parse();
    assert!(answered.identity_position > woken.identity_position);
}

#[tokio::test]
async fn a_wait_ends_on_another_process_s_write_on_disconnect_and_on_shutdown() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let waits = path(Some(&pull(&server, &node, None, 200).await.cursor), 200, 30);
    let wait = || {
        let (router, key, path) = (server.router.clone(), node.key.clone(), waits.clone());
        tokio::spawn(async move { get_from(&router, &key, &path).await })
    };
    let (woken, gone) = (wait(), wait());
    until_waiting(&server, 2).await;
    gone.abort();
    until_waiting(&server, 1).await;
    let other = comptoir_central::CentralConfig::external(server.central.urls().clone());
    let other = comptoir_central::Central::start(other).await.unwrap();
    client(&mut node, "c-1", "Durand");
    let body = serde_json::to_vec(&node.request(2, 2)).unwrap();
    post_to(&comptoir_central::router(other.clone()), &node.key, "/api/v1/sync/push", body).await.assert_ok();
    let body = woken.await.unwrap().assert_ok();
    assert_eq!(body["changes"].as_array().map(Vec::len), Some(1), "{body}");
    other.shutdown().await;
    let waits = path(body["cursor"].as_str(), 200, 30);
    let (router, key) = (server.router.clone(), node.key.clone());
    let stopped = tokio::spawn(async move { get_from(&router, &key, &waits).await });
    until_waiting(&server, 1).await;
    server.central.shutdown().await;
    let body = stopped.await.unwrap().assert_ok();
    assert_eq!(body["changes"].as_array().map(Vec::len), Some(0), "{body}");
}

#[tokio::test]
async fn a_node_is_notified_about_its_own_events_only() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut node, other) = (company.node().await, company.node().await);
    // A total that differs from its lines' is quarantined, since a sale is never refused.
    let sale = node.record("s-1", &Sale { total_minor: 511, ..Sale::default() });
    let pushed = node.push_all(&server).await;
    other.push_all(&server).await;
    assert_eq!(pushed.results[1].verdict, "QUARANTINED");
    let (own, others) = (pull(&server, &node, None, 200).await, pull(&server, &other, None, 200).await);
    assert_eq!(own.notices.len(), 0);
    assert_eq!(others.notices.len(), 0);
    let release = format!("/api/v1/quarantine/{sale}/release");
    company.post(&release, json!({ "user": "u-9", "reason": "checked" })).await.assert_ok();
    let page = pull(&server, &node, Some(&own.cursor), 200).await;
    let notice = &page.notices[0];
    assert_eq!(page.notices.len(), 1);
    assert_eq!(notice.event_id, sale.uuid());
    assert_eq!(notice.kind.as_str(), "RELEASED");
    assert_eq!(notice.entity_type.as_str(), "SALE");
    assert_eq!(notice.entity_id.as_str(), "s-1");
    assert_eq!(notice.by.as_deref(), Some("u-9"));
    assert_eq!(notice.data["verdict"], "ACCEPTED");
    assert_eq!(notice.data["reason"], "checked");
    assert_eq!(page.changes.len(), 1, "its effect on stock comes with it");
    assert_eq!(pull(&server, &node, Some(&page.cursor), 200).await.notices, []);
    assert_eq!(pull(&server, &other, Some(&others.cursor), 200).await.notices, []);
}

/// Any node can seal such an event. An unreadable one was quarantined and broke every node's pull.
#[tokio::test]
async fn an_unreadable_release_or_resolution_does_not_break_a_pull() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut node, other) = (company.node().await, company.node().await);
    other.push_all(&server).await;
    node.seal("CLIENT", "c-1", "CONFLICT_RESOLVED", &json!([]));
    node.seal("QUARANTINE", "q-1", "QUARANTINE_RELEASED", &json!("release it"));
    let pushed = node.push_all(&server).await;
    let verdicts: Vec<&str> = pushed.results[1..].iter().map(|result| result.verdict.as_str()).collect();
    assert_eq!(verdicts, ["QUARANTINED", "QUARANTINED"]);
    for node in [&node, &other] {
        assert_eq!(pull(&server, node, None, 200).await.notices, []);
    }
}

#[tokio::test]
async fn an_administrator_sees_each_nodes_clock_and_its_last_pull() {
    let clock = comptoir_central::Clock::new(|| Timestamp(NOON));
    let server = TestCentral::at(clock).await;
    let company = server.company().await;
    let (node, ahead) = (company.node().await, company.node().await);
    node.push_all(&server).await;
    let request =
        PushRequest { node_time: instant::format(Timestamp(NOON).shifted(90_000_000)), ..ahead.request(1, 1) };
    ahead.send_push(&server, &request).await.assert_ok();
    let pulled = pull(&server, &node, None, 200).await;
    let body = company.get("/api/v1/nodes").await.assert_ok();
    let of = |node: &SealedLog| {
        let nodes = body["nodes"].as_array().unwrap();
        nodes.iter().find(|row| row["id"] == json!(node.node.uuid())).unwrap().clone()
    };
    let (quiet, drifting) = (of(&node), of(&ahead));
    assert_eq!(quiet["clock_offset_ms"], 0);
    assert_eq!(quiet["clock_drift"], false);
    assert_eq!(drifting["clock_offset_ms"], 90_000);
    assert_eq!(drifting["clock_drift"], true);
    assert_eq!(quiet["pulled_to"], json!(pulled.head));
    assert_eq!(quiet["last_pull_at"], json!(instant::format(Timestamp(NOON))));
    assert_eq!(drifting["pulled_to"], Value::Null);
    assert_eq!(drifting["seq"], 1);
    assert_eq!(server.get_as(&node.key, "/api/v1/nodes").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_wait_without_changes_ends_in_time_and_returns_complete_through() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (node, mut away) = (company.node().await, elsewhere(&company).await);
    node.push_all(&server).await;
    away.push_all(&server).await;
    let cursor = pull(&server, &node, None, 200).await.cursor;
    let (router, key, waits) = (server.router.clone(), node.key.clone(), path(Some(&cursor), 200, 1));
    let waited = tokio::spawn(async move { get_from(&router, &key, &waits).await });
    until_waiting(&server, 1).await;
    away.sell("s-away");
    let head = away.push(&server, 2, 2).await.results[0].position;
    let body = tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap().unwrap().assert_ok();
    assert_eq!(body["changes"], json!([]), "{body}");
    assert_eq!(body["complete_through"], json!(head), "{body}");
}

#[tokio::test]
async fn a_row_names_its_last_writer_site_and_time() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "name": "Dupont" }));
    node.seal("CLIENT", "c-2", "CREATE", &json!({ "name": "Durand" }));
    node.push_all(&server).await;
    let row = async |id: &str| -> Value {
        let page = pull(&server, &node, None, 100).await;
        let change = page.changes.into_iter().find(|change| change.key.entity_id == id).unwrap();
        serde_json::from_str(change.row.unwrap().get()).unwrap()
    };
    let assert_by_node = |row: &Value| {
        assert_eq!(row["updated_by"], "u-1", "{row}");
        assert_eq!(row["updated_node"], node.node.to_string(), "{row}");
        assert_eq!(row["updated_at"], instant::format(Timestamp(NOON)), "{row}");
    };
    assert_by_node(&row("c-1").await);
    let body = json!({ "id": uuid::Uuid::now_v7(), "user": "director", "entity_type": "CLIENT", "entity_id": "c-1",
        "action": "UPDATE", "base_version": row("c-1").await["version"], "payload": { "name": "Dubois" } });
    company.post("/api/v1/events", &body).await.assert_ok();
    let changed = row("c-1").await;
    assert_eq!(changed["updated_by"], "director");
    assert_ne!(changed["updated_node"], json!(node.node.uuid()), "it was written at central");
    // The other row is as it was.
    assert_by_node(&row("c-2").await);
    for path in ["/api/v1/clients", "/api/v1/entities/CLIENT/c-1"] {
        let read = company.get(path).await.assert_ok();
        let read = if read["rows"].is_array() { read["rows"][0].clone() } else { read };
        assert_eq!(read, changed, "{path} says the same");
    }
}
