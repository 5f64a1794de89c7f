//! What goes down to a node by pull: pages, scope, waiting, notices.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::StatusCode;
use comptoir_central::database::SERVICE_CONNECTIONS;
use comptoir_central::identity::{create_node, create_site, issue_node_key};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::{PullCursor, PullResponse, RowChange, RowKey};
use comptoir_test_support::events::{Invoice, Sale};
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant, get_from, post_to};
use serde_json::{Value, json};

/// A pull that succeeds.
pub(crate) async fn pull(scene: &TestCentral, node: &SealedLog, cursor: Option<&str>, limit: usize) -> PullResponse {
    let (status, body) = scene.get(&node.key, &path(cursor, limit, 0)).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_value(body).unwrap()
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

    async fn step(&mut self, scene: &TestCentral, node: &SealedLog, limit: usize) -> PullResponse {
        let page = pull(scene, node, self.cursor.as_deref(), limit).await;
        assert!(page.changes.len() <= limit);
        let order: Vec<(u64, &RowKey)> = page.changes.iter().map(|change| (change.position, &change.key)).collect();
        assert!(order.is_sorted() && page.complete_through >= self.complete_through);
        page.changes.iter().for_each(|change| self.apply(change));
        (self.cursor, self.complete_through, self.pages) =
            (Some(page.cursor.clone()), page.complete_through, self.pages + 1);
        page
    }

    async fn catch_up(&mut self, scene: &TestCentral, node: &SealedLog, limit: usize) {
        while self.step(scene, node, limit).await.has_more {}
    }

    fn words(&self) -> Vec<String> {
        self.rows.keys().map(|key| format!("{} {}", key.entity_type, key.entity_id)).collect()
    }
}

fn client(node: &mut SealedLog, id: &str, name: &str) {
    node.seal("CLIENT", id, "CREATE", &json!({ "name": name }));
}

/// A node of another shop of the same company.
pub(crate) async fn elsewhere(company: &TestTenant<'_>) -> SealedLog {
    let db = company.scene.central.database();
    let site = create_site(db, company.tenant, "PAR", "Paris").await.unwrap();
    let node = create_node(db, company.tenant, site, "till").await.unwrap();
    let key = issue_node_key(db, company.tenant, node, "test").await.unwrap().text;
    SealedLog::new(company.tenant, site, node, key)
}

#[tokio::test]
async fn pages_bring_every_row_of_the_scope_once_and_end_anywhere_even_inside_a_position() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    for number in 0..5 {
        client(&mut node, &format!("c-{number}"), "Durand");
    }
    // One event that changes seven rows.
    let lines: Vec<Value> = (0..7)
        .map(|product| json!({ "product": format!("P{product}"), "quantity": "2.50", "unit_cost": "1" }))
        .collect();
    node.seal("RECEPTION", "r-1", "GOODS_RECEIVED", &json!({ "currency": "EUR", "lines": lines }));
    node.record("i-1", &Invoice::default());
    node.push_all(&scene).await;
    let mut whole = Copy::default();
    whole.catch_up(&scene, &node, 5_000).await;
    assert_eq!(whole.pages, 1);
    for limit in 1..=4 {
        let mut paged = Copy::default();
        paged.catch_up(&scene, &node, limit).await;
        assert_eq!(paged.rows, whole.rows, "pages of {limit}");
        assert_eq!((paged.complete_through, paged.pages), (whole.complete_through, whole.rows.len().div_ceil(limit)));
    }
    let stock = whole.rows.iter().find(|(key, _)| key.entity_id == "P3").unwrap();
    assert_eq!(
        stock.1.1,
        json!({
            "site": company.site.to_string(), "product": "P3", "version": stock.1.0, "quantity": "2.5", "backordered": "0",
        })
    );
    let page = pull(&scene, &node, whole.cursor.as_deref(), 200).await;
    assert_eq!((page.changes.len(), page.has_more, page.complete_through), (0, false, page.head));
}

#[tokio::test]
async fn nothing_of_another_tenant_or_another_site_is_ever_given() {
    let scene = TestCentral::new().await;
    let (company, other) = (scene.company().await, scene.company().await);
    let (mut lyon, mut paris, mut stranger) = (company.node().await, elsewhere(&company).await, other.node().await);
    for (node, name) in [(&mut lyon, "lyon"), (&mut paris, "paris"), (&mut stranger, "stranger")] {
        client(node, &format!("c-{name}"), name);
        node.record(&format!("i-{name}"), &Invoice::default());
        node.record(&format!("s-{name}"), &Sale::default());
        node.push_all(&scene).await;
    }
    for (node, own, not_own) in [(&lyon, "lyon", "paris"), (&paris, "paris", "lyon")] {
        let mut copy = Copy::default();
        copy.catch_up(&scene, node, 3).await;
        let words = copy.words();
        let expected =
            ["CLIENT c-lyon".to_owned(), "CLIENT c-paris".to_owned(), format!("INVOICE i-{own}"), "STOCK A".to_owned()];
        assert_eq!(words, expected, "{own} sees the company's clients, and nothing else of {not_own}");
        let sites: BTreeSet<_> = copy.rows.keys().filter_map(|key| key.site).collect();
        assert_eq!(sites, BTreeSet::from([node.site.uuid()]));
    }
}

#[tokio::test]
async fn a_row_that_changes_while_somebody_pages_is_met_again_further_on() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut node, mut writer) = (company.node().await, company.node().await);
    for number in 0..6 {
        client(&mut node, &format!("c-{number}"), "before");
    }
    node.push_all(&scene).await;
    writer.push_all(&scene).await;
    let mut copy = Copy::default();
    let first = copy.step(&scene, &node, 2).await;
    assert_eq!(
        (first.changes.len(), first.has_more, first.complete_through),
        (2, true, 0),
        "nothing is complete meanwhile"
    );
    // One that was given, and one that was not.
    for id in ["c-0", "c-5"] {
        writer.seal("CLIENT", id, "UPDATE", &json!({ "name": "after" }));
    }
    writer.push(&scene, 2, 3).await;
    copy.catch_up(&scene, &node, 2).await;
    let name = |id: &str| {
        let row = copy.rows.iter().find(|(key, _)| key.entity_id == id).unwrap();
        row.1.1["fields"]["name"].clone()
    };
    assert_eq!([name("c-0"), name("c-1"), name("c-5")], ["after", "before", "after"]);
    // A deletion is a row too.
    writer.seal("CLIENT", "c-1", "DELETE", &json!({}));
    writer.push(&scene, 4, 4).await;
    let last = copy.step(&scene, &node, 200).await;
    let row: Value = serde_json::from_str(last.changes[0].row.as_ref().unwrap().get()).unwrap();
    assert_eq!((last.changes.len(), &row["deleted"]), (1, &json!(true)));
}

#[tokio::test]
async fn a_cursor_of_another_central_another_scope_or_a_lost_log_is_answered_410() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let node = company.node().await;
    node.push_all(&scene).await;
    let good: PullCursor = pull(&scene, &node, None, 1).await.cursor.parse().unwrap();
    let elsewhere = elsewhere(&company).await;
    let other_scope = pull(&scene, &elsewhere, None, 1).await.cursor;
    let other_central = PullCursor { incarnation: uuid::Uuid::new_v4(), ..good.clone() }.to_string();
    let ahead = PullCursor { position: good.position + 1, ..good.clone() }.to_string();
    for (cursor, code) in
        [(other_central, "INCARNATION_CHANGED"), (other_scope, "SCOPE_CHANGED"), (ahead, "INCARNATION_CHANGED")]
    {
        let (status, body) = scene.get(&node.key, &path(Some(&cursor), 1, 0)).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (410, Some(code)), "{body}");
    }
    for wrong in ["cursor=2026-01-01T00:00:00Z", "limit=0", "limit=5001", "wait=31", "since=1"] {
        let (status, body) = scene.get(&node.key, &format!("/api/v1/sync/pull?{wrong}")).await;
        assert_eq!((status.as_u16(), body["code"].as_str()), (400, Some("INVALID_PARAMETER")), "{wrong}: {body}");
    }
    let (status, _) = scene.get(&company.token, "/api/v1/sync/pull").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "an administrator is no node");
}

/// Returns once so many pulls wait at central.
async fn until_waiting(scene: &TestCentral, count: usize) {
    while scene.central.waiting_pulls() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_waits_holds_no_connection_and_is_woken_by_what_is_in_scope_and_by_nothing_else() {
    // More than there are connections.
    const WAITING: usize = 40;
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut writer, mut away) = (company.node().await, elsewhere(&company).await);
    writer.push_all(&scene).await;
    away.push_all(&scene).await;
    let cursor = pull(&scene, &writer, None, 200).await.cursor;
    let waits = path(Some(&cursor), 200, 30);
    let waiting: Vec<_> = (0..WAITING)
        .map(|_| {
            let (router, key, path) = (scene.router.clone(), writer.key.clone(), waits.clone());
            tokio::spawn(async move { get_from(&router, &key, &path).await.into_parts() })
        })
        .collect();
    until_waiting(&scene, WAITING).await;
    // Every connection is free, and the other site's sale wakes nobody.
    let (mut held, db) = (Vec::new(), scene.central.database());
    for _ in 0..SERVICE_CONNECTIONS {
        held.push(db.service().await.unwrap());
    }
    drop(held);
    away.sell("s-away");
    let away_at = away.push(&scene, 2, 2).await.results[0].position;
    client(&mut writer, "c-1", "Durand");
    let at = writer.push(&scene, 2, 2).await.results[0].position;
    assert!(away_at < at);
    for waited in waiting {
        let (status, body) = waited.await.unwrap();
        assert_eq!(status, StatusCode::OK);
        let page: PullResponse = serde_json::from_value(body).unwrap();
        let positions: Vec<u64> = page.changes.iter().map(|change| change.position).collect();
        assert_eq!(positions, [at], "the other site's sale is not in it, and woke nobody before");
    }
    until_waiting(&scene, 0).await;
}

#[tokio::test]
async fn the_rulebook_in_force_is_given_once_and_wakes_who_waits_when_it_changes() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let node = company.node().await;
    node.push_all(&scene).await;
    let first = pull(&scene, &node, None, 200).await;
    let given = first.rulebook.expect("who has none is given one");
    assert_eq!(
        (&given.book["default"], &given.book["rules"]["STOCK"]),
        (&json!("version_check"), &json!("server_wins"))
    );
    assert!(pull(&scene, &node, Some(&first.cursor), 200).await.rulebook.is_none());
    let (router, key, waits) = (scene.router.clone(), node.key.clone(), path(Some(&first.cursor), 200, 30));
    let waiting = tokio::spawn(async move { get_from(&router, &key, &waits).await.into_parts() });
    until_waiting(&scene, 1).await;
    let adopted = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "RULEBOOK", "entity_id": "rulebook",
        "action": "RULEBOOK_ADOPTED", "payload": {"version": 2, "default": "last_writer_wins", "rules": {"STOCK": "server_wins"}} });
    let (status, body) = scene.post(&company.token, "/api/v1/events", adopted.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let (_, body) = waiting.await.unwrap();
    let second: PullResponse = serde_json::from_value(body).unwrap();
    let given = second.rulebook.expect("another is in force");
    assert_eq!((&given.book["version"], &given.book["default"]), (&json!(2), &json!("last_writer_wins")));
    assert!(pull(&scene, &node, Some(&second.cursor), 200).await.rulebook.is_none());
}

#[tokio::test]
async fn a_wait_ends_when_another_process_writes_when_the_client_goes_and_when_central_stops() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.push_all(&scene).await;
    let waits = path(Some(&pull(&scene, &node, None, 200).await.cursor), 200, 30);
    let wait = || {
        let (router, key, path) = (scene.router.clone(), node.key.clone(), waits.clone());
        tokio::spawn(async move { get_from(&router, &key, &path).await.into_parts() })
    };
    let (woken, gone) = (wait(), wait());
    until_waiting(&scene, 2).await;
    gone.abort();
    until_waiting(&scene, 1).await;
    let other = comptoir_central::CentralConfig::external(scene.central.urls().clone());
    let other = comptoir_central::Central::start(other).await.unwrap();
    client(&mut node, "c-1", "Durand");
    let body = serde_json::to_vec(&node.request(2, 2)).unwrap();
    let pushed =
        post_to(&comptoir_central::router(other.clone()), &node.key, "/api/v1/sync/push", body).await.into_parts();
    assert_eq!(pushed.0, StatusCode::OK, "{}", pushed.1);
    let (status, body) = woken.await.unwrap();
    assert_eq!((status, body["changes"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{body}");
    other.shutdown().await;
    let waits = path(body["cursor"].as_str(), 200, 30);
    let (router, key) = (scene.router.clone(), node.key.clone());
    let stopped = tokio::spawn(async move { get_from(&router, &key, &waits).await.into_parts() });
    until_waiting(&scene, 1).await;
    scene.central.shutdown().await;
    let (status, body) = stopped.await.unwrap();
    assert_eq!((status, body["changes"].as_array().map(Vec::len)), (StatusCode::OK, Some(0)), "{body}");
}

#[tokio::test]
async fn a_node_hears_what_became_of_its_own_event_and_of_no_other() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut node, other) = (company.node().await, company.node().await);
    // A later total than the lines': set apart, since a sale is never refused.
    let sale = node.record("s-1", &Sale { total_minor: 511, ..Sale::default() });
    let pushed = node.push_all(&scene).await;
    other.push_all(&scene).await;
    assert_eq!(pushed.results[1].verdict, "QUARANTINED");
    let (own, others) = (pull(&scene, &node, None, 200).await, pull(&scene, &other, None, 200).await);
    assert_eq!((own.notices.len(), others.notices.len()), (0, 0));
    let release = format!("/api/v1/quarantine/{sale}/release");
    let (status, body) =
        scene.post(&company.token, &release, json!({ "user": "u-9", "reason": "checked" }).to_string()).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let page = pull(&scene, &node, Some(&own.cursor), 200).await;
    let notice = &page.notices[0];
    assert_eq!(page.notices.len(), 1);
    assert_eq!((notice.event_id, notice.kind.as_str()), (sale.uuid(), "RELEASED"));
    assert_eq!((notice.entity_type.as_str(), notice.entity_id.as_str()), ("SALE", "s-1"));
    assert_eq!((notice.by.as_deref(), &notice.data["verdict"]), (Some("u-9"), &json!("ACCEPTED")));
    assert_eq!(notice.data["reason"], json!("checked"));
    assert_eq!(page.changes.len(), 1, "its effect on stock comes with it");
    assert_eq!(pull(&scene, &node, Some(&page.cursor), 200).await.notices, []);
    assert_eq!(pull(&scene, &other, Some(&others.cursor), 200).await.notices, []);
}

/// Anybody can seal an event of that action; one that does not read was set apart, and ended every pull of every node.
#[tokio::test]
async fn a_release_or_a_resolution_that_does_not_read_ends_nobody_s_pull() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut node, other) = (company.node().await, company.node().await);
    other.push_all(&scene).await;
    node.seal("CLIENT", "c-1", "CONFLICT_RESOLVED", &json!([]));
    node.seal("QUARANTINE", "q-1", "QUARANTINE_RELEASED", &json!("release it"));
    let pushed = node.push_all(&scene).await;
    let verdicts: Vec<&str> = pushed.results[1..].iter().map(|result| result.verdict.as_str()).collect();
    assert_eq!(verdicts, ["QUARANTINED", "QUARANTINED"]);
    for node in [&node, &other] {
        assert_eq!(pull(&scene, node, None, 200).await.notices, []);
    }
}

#[tokio::test]
async fn an_administrator_sees_each_nodes_clock_and_its_last_pull() {
    let clock = comptoir_central::Clock::new(|| Timestamp(NOON));
    let scene = TestCentral::at(clock).await;
    let company = scene.company().await;
    let (node, ahead) = (company.node().await, company.node().await);
    node.push_all(&scene).await;
    let mut request = ahead.request(1, 1);
    request.node_time = instant::format(Timestamp(NOON).shifted(90_000_000));
    assert_eq!(ahead.send(&scene, &request).await.0, StatusCode::OK);
    let pulled = pull(&scene, &node, None, 200).await;
    let (status, body) = scene.get(&company.token, "/api/v1/nodes").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let of = |node: &SealedLog| {
        let nodes = body["nodes"].as_array().unwrap();
        nodes.iter().find(|row| row["id"] == json!(node.node.uuid())).unwrap().clone()
    };
    let (quiet, drifting) = (of(&node), of(&ahead));
    assert_eq!((&quiet["clock_offset_ms"], &quiet["clock_drift"]), (&json!(0), &json!(false)));
    assert_eq!((&drifting["clock_offset_ms"], &drifting["clock_drift"]), (&json!(90_000), &json!(true)));
    assert_eq!(
        (&quiet["pulled_to"], &quiet["last_pull_at"]),
        (&json!(pulled.head), &json!(instant::format(Timestamp(NOON))))
    );
    assert_eq!((&drifting["pulled_to"], &drifting["seq"]), (&Value::Null, &json!(1)));
    assert_eq!(scene.get(&node.key, "/api/v1/nodes").await.0, StatusCode::FORBIDDEN);
}

/// Time in tests of time limits is the test's own.
#[tokio::test]
async fn a_wait_in_vain_ends_in_time_and_tells_up_to_where_all_is_known() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (node, mut away) = (company.node().await, elsewhere(&company).await);
    node.push_all(&scene).await;
    away.push_all(&scene).await;
    let cursor = pull(&scene, &node, None, 200).await.cursor;
    let (router, key, waits) = (scene.router.clone(), node.key.clone(), path(Some(&cursor), 200, 1));
    let waited = tokio::spawn(async move { get_from(&router, &key, &waits).await.into_parts() });
    until_waiting(&scene, 1).await;
    away.sell("s-away");
    let head = away.push(&scene, 2, 2).await.results[0].position;
    let (_, body) = tokio::time::timeout(Duration::from_secs(60), waited).await.unwrap().unwrap();
    assert_eq!((&body["changes"], &body["complete_through"]), (&json!([]), &json!(head)), "{body}");
}

#[tokio::test]
async fn a_row_says_who_changed_it_last_where_and_when() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "name": "Dupont" }));
    node.seal("CLIENT", "c-2", "CREATE", &json!({ "name": "Durand" }));
    node.push_all(&scene).await;
    let row = async |id: &str| -> Value {
        let page = pull(&scene, &node, None, 100).await;
        let change = page.changes.into_iter().find(|change| change.key.entity_id == id).unwrap();
        serde_json::from_str(change.row.unwrap().get()).unwrap()
    };
    let by = |row: &Value| (row["updated_by"].clone(), row["updated_node"].clone(), row["updated_at"].clone());
    let noon = json!(instant::format(Timestamp(NOON)));
    assert_eq!(by(&row("c-1").await), (json!("u-1"), json!(node.node.uuid()), noon.clone()));
    let body = json!({ "id": uuid::Uuid::now_v7(), "user": "director", "entity_type": "CLIENT", "entity_id": "c-1",
        "action": "UPDATE", "base_version": row("c-1").await["version"], "payload": { "name": "Dubois" } });
    let (status, answer) = scene.post(&company.token, "/api/v1/events", body.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let changed = row("c-1").await;
    assert_eq!(changed["updated_by"], "director");
    assert_ne!(changed["updated_node"], json!(node.node.uuid()), "it was written at central");
    assert_eq!(by(&row("c-2").await), (json!("u-1"), json!(node.node.uuid()), noon), "the other is as it was");
    for path in ["/api/v1/clients", "/api/v1/entities/CLIENT/c-1"] {
        let (_, read) = scene.get(&company.token, path).await;
        let read = if read["rows"].is_array() { read["rows"][0].clone() } else { read };
        assert_eq!(read, changed, "{path} says the same");
    }
}
