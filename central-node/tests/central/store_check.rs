//! Rows of the log are deleted, changed or made unreadable behind central's back: the store check finds each, reports first and
//! last position and seq, and no export looks complete.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comptoir_central::CentralConfig;
use comptoir_central::store_check::{CheckOutcome, check};
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
    let scene = company.scene;
    let owner = connect_postgres(&scene.central.urls().service.replace("comptoir_service", "comptoir_owner")).await;
    owner.batch_execute(&format!("set app.tenant = '{}'", company.tenant)).await.unwrap();
    owner.execute(sql, &[]).await.unwrap()
}

async fn checked(company: &TestTenant<'_>) -> CheckOutcome {
    check(company.scene.central.database(), company.tenant, &mut |_, _| ()).await.unwrap()
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
        node.push(company.scene, first, node.seq.0.min(first + 4_999)).await;
    }
    node
}

/// The bytes of an export, and whether it ended properly.
async fn exported(company: &TestTenant<'_>) -> (Vec<u8>, bool) {
    let request =
        Request::get("/api/v1/events/export").header(header::AUTHORIZATION, format!("Bearer {}", company.token));
    let response = company.scene.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
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
    let scene = checking().await;
    let company = scene.company().await;
    let node = sold(&company, 40).await;
    let clean = until(&company, "clean").await;
    assert_eq!(clean["findings"], json!([]));
    scene.get_as("", "/readyz").await.assert_ok();
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
    scene.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED").detail_contains("position 10 to 12");
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);

    // Another tenant's log is unchanged.
    let other = scene.company().await;
    sold(&other, 3).await;
    assert_eq!(until(&other, "clean").await["findings"], json!([]));
    assert_eq!(
        scene.get_as(&node.key, "/api/v1/store-check").await.status,
        StatusCode::FORBIDDEN,
        "a node's key sees no check"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_tail_is_reported_up_to_the_head() {
    let scene = checking().await;
    let company = scene.company().await;
    sold(&company, 40).await;
    assert_eq!(as_owner(&company, "delete from event where position > 39").await, 4);
    let damaged = until(&company, "damaged").await;
    let words = |index: usize| {
        let found = &damaged["findings"][index];
        (found["damage"].clone(), found["first"].clone(), found["last"].clone())
    };
    assert_eq!(words(0), (json!("MISSING_POSITIONS"), json!(40), json!(43)), "{damaged}");
    assert_eq!(words(1), (json!("MISSING_SEQS"), json!(38), json!(41)), "{damaged}");
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);
    assert_eq!(scene.get_as("", "/readyz").await.body["code"], "STORE_DAMAGED");
}

#[tokio::test]
async fn a_hole_longer_than_a_page_is_one_finding_and_the_check_goes_on() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
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
    let scene = TestCentral::new().await;
    for (sql, expected) in [
        // The last byte of a decision: the chain over all decisions, from the batch before on.
        (
            "update event set decision = set_byte(decision, length(decision) - 1, 7) where position = 8",
            vec![(Damage::DecisionChain, false, 3, 13)],
        ),
        (
            "update event set record = set_byte(record, 90, 7) where position = 8",
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
        let company = scene.company().await;
        sold(&company, 10).await;
        assert!(checked(&company).await.findings.is_empty(), "before {sql}");
        assert!(as_owner(&company, sql).await > 0, "{sql}");
        let findings = checked(&company).await.findings;
        assert_eq!(found(&findings), expected, "{sql}: {findings:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_on_a_damaged_page_are_unreadable_and_the_others_are_checked() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    sold(&company, 1_000).await;
    let admin = scene.admin().await;
    let file: String = admin.query_one("select pg_relation_filepath('event')", &[]).await.unwrap().get(0);
    let on_page = "select min(position), max(position) from event where ctid >= '(5,0)' and ctid < '(6,0)'";
    let row = admin.query_one(on_page, &[]).await.unwrap();
    let (first, last): (i64, i64) = (row.get(0), row.get(1));
    drop(admin);
    let (tenant, site, token) = (company.tenant, company.site, company.token.clone());
    let scene = scene.while_stopped(|folder| flip(&folder.join("pg").join(file), 5 * 8192 + 4000)).await;
    let company = TestTenant { scene: &scene, tenant, site, token };
    let findings = checked(&company).await.findings;
    let expected = (Damage::Unreadable, false, first as u64, last as u64);
    assert_eq!(found(&findings), [expected], "{findings:?}");
    assert!(findings[0].found.contains("XX001"), "{findings:?}");
    // A reader hits the damage too: the export breaks off, and central reports it.
    let (bytes, ended_well) = exported(&company).await;
    assert!(!ended_well);
    assert_eq!(reads_whole(&bytes), None);
    scene.get_as("", "/readyz").await.assert_problem(503, "STORE_DAMAGED");
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 0xff;
    std::fs::write(file, bytes).unwrap();
}
