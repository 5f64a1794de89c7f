//! Rows of the log are deleted, changed or made unreadable behind central's back: the store check finds each, reports first and
//! last position and seq, and no export looks complete.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comptoir_central::CentralConfig;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::status::parked;
use comptoir_central::projections::{PageSize, Projection, ProjectionError};
use comptoir_central::store_check::{CheckOutcome, check};
use comptoir_core::id::EventId;
use comptoir_core::position::Position;
use comptoir_proto::bundle_v1::BundleReader;
use comptoir_proto::damage::Damage;
use comptoir_proto::store_check_v1::StoreFinding;
use comptoir_test_support::{SealedLog, TestCentral, TestTenant, connect_postgres, temp_folder};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// How often a test polls, and the pause between two checks.
const SOON: Duration = Duration::from_millis(20);

/// A central whose store check starts again at once.
async fn checking() -> TestCentral {
    let folder = temp_folder();
    let config = CentralConfig { check_store_every: Some(SOON), ..TestCentral::config(folder.path()) };
    TestCentral::start(config, folder).await
}

/// Executes SQL as the owner of the tables; the service may not.
async fn as_owner(company: &TestTenant<'_>, sql: &str) -> u64 {
    let server = company.server;
    let owner = connect_postgres(&server.central.urls().service.replace("comptoir_service", "comptoir_owner")).await;
    owner.batch_execute(&format!("set app.tenant = '{}'", company.tenant)).await.unwrap();
    owner.execute(sql, &[]).await.unwrap()
}

async fn checked(company: &TestTenant<'_>) -> CheckOutcome {
    check(company.server.central.database(), company.tenant, &mut |_, _| ()).await.unwrap()
}

/// Kind, scope, first and last of each finding.
fn found(findings: &[StoreFinding]) -> Vec<(Damage, bool, u64, u64)> {
    findings.iter().map(|found| (found.damage, found.node.is_some(), found.first, found.last)).collect()
}

/// Waits until the background check reports a state.
async fn until(company: &TestTenant<'_>, state: &str) -> Value {
    loop {
        let check = company.get("/api/v1/store-check").await.assert_ok();
        if check["state"] == state && check["running"] == false {
            return check;
        }
        tokio::time::sleep(SOON).await;
    }
}

/// A node whose sales are all at central: its seq 1 is at position 3, after central's own two records.
async fn sold(company: &TestTenant<'_>, sales: usize) -> SealedLog {
    let mut node = company.node().await;
    node.sell_many(sales, |sale| format!("s-{sale}"));
    for first in (1..=node.seq.0).step_by(5_000) {
        node.push(company.server, first, node.seq.0.min(first + 4_999)).await;
    }
    node
}

/// The bytes of an export, and whether it ended properly.
async fn exported(company: &TestTenant<'_>) -> (Vec<u8>, bool) {
    let request =
        Request::get("/api/v1/events/export").header(header::AUTHORIZATION, format!("Bearer {}", company.token));
    let response = company.server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let (mut body, mut bytes) = (response.into_body(), Vec::new());
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap()),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

/// The last position of a complete bundle; `None` for any other bytes.
fn reads_whole(bytes: &[u8]) -> Option<u64> {
    let mut reader = BundleReader::open(bytes).ok()?;
    while reader.next_frame().ok()?.is_some() {}
    reader.trailer().map(|trailer| trailer.last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_deleted_from_the_middle_are_reported_in_every_answer() {
    let server = checking().await;
    let company = server.company().await;
    let node = sold(&company, 40).await;
    let clean = until(&company, "clean").await;
    assert_eq!(clean["findings"], json!([]));
    server.get_as("", "/readyz").await.assert_ok();
    let (bytes, ended_well) = exported(&company).await;
    assert!(ended_well);
    assert_eq!(reads_whole(&bytes), Some(43));

    assert_eq!(as_owner(&company, "delete from event where position between 10 and 12").await, 3);
    let damaged = until(&company, "damaged").await;
    let missing = json!({
        "damage": "MISSING_POSITIONS", "tenant": company.tenant.uuid(), "first": 10, "last": 12,
        "expected": "3 rows", "found": "none",
    });
    assert_eq!(damaged["findings"][0], missing, "{damaged}");
    let of_node = json!({
        "damage": "MISSING_SEQS", "tenant": company.tenant.uuid(), "node": node.node.uuid(), "epoch": 1,
        "first": 8, "last": 10, "expected": "3 records", "found": "none",
    });
    assert_eq!(damaged["findings"][1], of_node, "{damaged}");
    assert_eq!(damaged["findings"].as_array().unwrap().len(), 2, "the rest links up: {damaged}");
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED").detail_contains("position 10 to 12");
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);

    // Another tenant's log is unchanged.
    let other = server.company().await;
    sold(&other, 3).await;
    assert_eq!(until(&other, "clean").await["findings"], json!([]));
    assert_eq!(
        server.get_as(&node.key, "/api/v1/store-check").await.status,
        StatusCode::FORBIDDEN,
        "a node's key sees no check"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_tail_is_reported_up_to_the_head() {
    let server = checking().await;
    let company = server.company().await;
    sold(&company, 40).await;
    assert_eq!(as_owner(&company, "delete from event where position > 39").await, 4);
    let damaged = until(&company, "damaged").await;
    let assert_finding = |index: usize, damage: &str, first: u64, last: u64| {
        let found = &damaged["findings"][index];
        assert_eq!(found["damage"], damage, "{damaged}");
        assert_eq!(found["first"], first, "{damaged}");
        assert_eq!(found["last"], last, "{damaged}");
    };
    assert_finding(0, "MISSING_POSITIONS", 40, 43);
    assert_finding(1, "MISSING_SEQS", 38, 41);
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED");
}

#[tokio::test]
async fn a_hole_longer_than_a_page_is_one_finding_and_the_check_goes_on() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    sold(&company, 5_000).await;
    as_owner(&company, "delete from event where position between 990 and 3500").await;
    // After the hole, one record is changed.
    as_owner(&company, "update event set record = record || '\\x00' where position = 4000").await;
    let checked = checked(&company).await;
    let expected = [
        (Damage::MissingPositions, false, 990, 3500),
        (Damage::MissingSeqs, true, 988, 3498),
        (Damage::RecordChain, true, 3998, 3998),
    ];
    assert_eq!(checked.head, Position(5_003));
    assert_eq!(found(&checked.findings), expected.to_vec());
}

#[tokio::test]
async fn changed_bytes_columns_and_heads_are_each_found_at_their_position() {
    let server = TestCentral::new().await;
    for (sql, expected) in [
        // The last byte of a decision: the chain over all decisions, from the batch before on.
        (
            "update event set decision = set_byte(decision, length(decision) - 1, 7) where position = 8",
            vec![(Damage::DecisionChain, false, 3, 13)],
        ),
        // A letter of the payload, which no column repeats.
        (
            "update event set record = set_byte(record, position('EUR'::bytea in record) - 1, 90) where position = 8",
            vec![(Damage::RecordChain, true, 6, 6)],
        ),
        ("update event set verdict = 'REJECTED' where position = 8", vec![(Damage::Column, false, 8, 8)]),
        (
            "update event set decision = '\\x00' where position = 13",
            vec![(Damage::Decision, false, 13, 13), (Damage::DecisionChain, false, 3, 13)],
        ),
        (
            "update tenant_head set head = 11",
            vec![
                (Damage::Head, false, 12, 13),
                (Damage::DecisionChain, false, 3, 11),
                (Damage::MissingSeqs, true, 10, 11),
            ],
        ),
        ("delete from node_head where epoch = 1 and last_seq = 11", vec![(Damage::Head, true, 1, 1)]),
        ("delete from tenant_head", vec![(Damage::Head, false, 1, 13)]),
    ] {
        let company = server.company().await;
        sold(&company, 10).await;
        assert!(checked(&company).await.findings.is_empty(), "before {sql}");
        assert!(as_owner(&company, sql).await > 0, "{sql}");
        let findings = checked(&company).await.findings;
        assert_eq!(found(&findings), expected, "{sql}: {findings:?}");
    }
}

/// The verdicts of accepted sales and their report rows are changed, and no sealed byte is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_verdict_columns_are_noticed_by_the_check_a_rebuild_and_the_follower() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let sales: Vec<EventId> = (1..=5).map(|number| node.sell(&format!("s-{number}"))).collect();
    let pushed = node.push_all(&server).await;
    let (changed, last) = (pushed.results[2].position, pushed.results[5].position);
    let report = format!("/api/v1/reports/sales?by=entity&min_position={last}");
    company.get(&report).await.assert_ok();

    let hide = "update event set verdict = 'REJECTED' where action = 'SALE_RECORDED' and entity_id in ('s-2', 's-4')";
    assert_eq!(as_owner(&company, hide).await, 2);
    as_owner(&company, "delete from sales_line where entity_id in ('s-2', 's-4')").await;

    let findings = checked(&company).await.findings;
    let sealed = format!("event {}: verdict = ACCEPTED", sales[1]);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert_eq!(findings[0].damage, Damage::Column);
    assert_eq!(findings[0].first, changed);
    assert_eq!(findings[0].expected, sealed);
    assert_eq!(findings[0].found, "verdict = REJECTED");
    let db = server.central.database();
    for projection in [Projection::Sales, Projection::Stock] {
        let refused = rebuild(db, company.tenant, &[projection], PageSize::REBUILT, |_| ()).await;
        let Err(ProjectionError::Damaged(finding)) = refused else { panic!("{refused:?}") };
        assert_eq!(finding.first, changed);
        assert_eq!(finding.expected, format!("event {}: verdict = ACCEPTED", sales[1]));
        assert_eq!(finding.found, "verdict = REJECTED");
    }
    company.get("/api/v1/events?after=0").await.assert_problem(503, "STORE_DAMAGED");
    assert!(!exported(&company).await.1, "an export of such a log is not whole");

    // The follower reads the rows again: it parks both sales, and the store is known to be damaged.
    let again = "update projection_version set position = 0, owner_epoch = owner_epoch + 1
                 where projection = 'sales' and state = 'active'";
    as_owner(&company, "delete from sales_line").await;
    assert_eq!(as_owner(&company, again).await, 1);
    loop {
        let report = company.get("/api/v1/reports/sales?by=entity").await.assert_ok();
        if report["parked"] == 2 {
            let keys: Vec<&Value> = report["rows"].as_array().unwrap().iter().map(|row| &row["key"]).collect();
            assert_eq!(keys, [&json!("s-1"), &json!("s-3"), &json!("s-5")]);
            break;
        }
        tokio::time::sleep(SOON).await;
    }
    let parked = parked(db, company.tenant, 10).await.unwrap();
    assert!(parked.iter().all(|event| event.reason.contains("its sealed value is ACCEPTED")), "{parked:?}");
    let known = company.get("/api/v1/store-check").await.assert_ok();
    let said: Vec<&Value> = known["findings"].as_array().unwrap().iter().map(|found| &found["expected"]).collect();
    assert!(said.contains(&&json!(sealed)), "{known}");
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED");
}

/// Every copy of a sealed field, and that of a record which does not decode.
#[tokio::test]
async fn the_check_finds_a_change_of_any_copied_column() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    node.seal_bytes(b"no record at all".to_vec());
    node.push_all(&server).await;
    assert!(checked(&company).await.findings.is_empty());
    for (column, change, position) in [
        ("event_id", "gen_random_uuid()", 4),
        ("node_id", "gen_random_uuid()", 4),
        ("epoch", "epoch + 1", 4),
        ("node_seq", "node_seq + 100", 4),
        ("entity_type", "'AUDIT'", 4),
        ("entity_id", "'s-9'", 4),
        ("action", "'SALE_REFUNDED'", 4),
        ("site_id", "gen_random_uuid()", 4),
        ("site_id", "null", 4),
        ("verdict", "'QUARANTINED'", 4),
        ("code", "'UNKNOWN_REFERENCE'", 4),
        ("occurred_at", "occurred_at + interval '1 day'", 4),
        ("effective_at", "effective_at - interval '1 microsecond'", 4),
        ("received_at", "received_at + interval '1 microsecond'", 4),
        ("entity_id", "'s-1'", 5),
        ("site_id", "gen_random_uuid()", 5),
        ("verdict", "'ACCEPTED'", 5),
    ] {
        let admin = server.admin().await;
        let stored = format!("create table kept as select * from event where position = {position}");
        admin.batch_execute(&stored).await.unwrap();
        let sql = format!("update event set {column} = {change} where position = {position}");
        assert_eq!(as_owner(&company, &sql).await, 1);
        let findings = checked(&company).await.findings;
        assert_eq!(found(&findings), [(Damage::Column, false, position, position)], "{sql}: {findings:?}");
        assert!(findings[0].expected.contains(&format!(": {column} = ")), "{findings:?}");
        let restore = format!(
            "update event set {column} = k.{column} from kept k where event.position = k.position; drop table kept"
        );
        admin.batch_execute(&restore).await.unwrap();
    }
    assert!(checked(&company).await.findings.is_empty());
}

/// A request that meets a changed column or a missing row says where, and `/readyz` fails from then on.
#[tokio::test]
async fn damage_that_a_request_meets_fails_readyz() {
    for (damage, path, expected) in [
        ("update event set node_id = gen_random_uuid() where position = 4", "/api/v1/events?after=0", Damage::Column),
        ("update event set epoch = 2 where position = 4", "/api/v1/events?after=0", Damage::Column),
        ("update event set node_seq = 9 where position = 4", "/api/v1/events/{id}", Damage::Column),
        ("update event set entity_id = 's-9' where position = 4", "/api/v1/events/{id}", Damage::Column),
        (
            "update event set verdict = 'QUARANTINED' where position = 4",
            "/api/v1/reports/stock?as_of=4",
            Damage::Column,
        ),
        (
            "delete from node_head where node_id = (select node_id from event where position = 4)",
            "/api/v1/events?after=0",
            Damage::Head,
        ),
        ("delete from event where position = 4", "/api/v1/events/export?after=4", Damage::MissingPositions),
    ] {
        let folder = temp_folder();
        // The follower would notice a changed column by itself.
        let config = CentralConfig { follows: false, check_store_every: None, ..TestCentral::config(folder.path()) };
        let server = TestCentral::start(config, folder).await;
        let company = server.company().await;
        let mut node = company.node().await;
        let sale = node.sell("s-1");
        // Sells the same product again, so that a report as of position 4 is folded from the log.
        node.sell("s-2");
        node.push_all(&server).await;
        server.get_as("", "/readyz").await.assert_ok();

        assert_eq!(as_owner(&company, damage).await, 1, "{damage}");
        let path = path.replace("{id}", &sale.to_string());
        let answer = company.get(&path).await.for_case(damage);

        answer.assert_problem(503, "STORE_DAMAGED");
        let first = answer.body["finding"]["first"].as_u64();
        assert_eq!(answer.body["finding"]["damage"], expected.as_str(), "{damage}: {}", answer.body);
        assert_eq!(answer.body["finding"]["tenant"], company.tenant.to_string());
        let ready = server.get_as("", "/readyz").await;
        ready.assert_problem(503, "STORE_DAMAGED").detail_contains(&format!("position {}", first.unwrap()));
        let known = company.get("/api/v1/store-check").await.assert_ok();
        assert_eq!(known["findings"][0], answer.body["finding"], "{damage}");
    }
}

/// A node sends records again that the store no longer has.
#[tokio::test]
async fn a_push_that_meets_missing_records_fails_readyz() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = sold(&company, 3).await;
    as_owner(&company, "delete from event where position = 5").await;

    let refused = node.try_push(&server, 1, 4).await;

    refused.assert_problem(503, "STORE_DAMAGED");
    assert_eq!(refused.body["finding"]["damage"], "MISSING_SEQS", "{}", refused.body);
    assert_eq!(refused.body["finding"]["node"], node.node.to_string());
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED").detail_contains("seq 1 to 4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_on_a_damaged_page_are_unreadable_and_the_others_are_checked() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    sold(&company, 1_000).await;
    let admin = server.admin().await;
    let file: String = admin.query_one("select pg_relation_filepath('event')", &[]).await.unwrap().get(0);
    let on_page = "select min(position), max(position) from event where ctid >= '(5,0)' and ctid < '(6,0)'";
    let row = admin.query_one(on_page, &[]).await.unwrap();
    let (first, last): (i64, i64) = (row.get(0), row.get(1));
    drop(admin);
    let (tenant, site, token) = (company.tenant, company.site, company.token.clone());
    let server = server.while_stopped(|folder| flip(&folder.join("pg").join(file), 5 * 8192 + 4000)).await;
    let company = TestTenant { server: &server, tenant, site, token };
    let findings = checked(&company).await.findings;
    let expected = (Damage::Unreadable, false, first as u64, last as u64);
    assert_eq!(found(&findings), [expected], "{findings:?}");
    assert!(findings[0].found.contains("XX001"), "{findings:?}");
    // A reader hits the damage too: the export breaks off, and central reports it.
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED");
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0xff;
    std::fs::write(file, bytes).unwrap();
}
