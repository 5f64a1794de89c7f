//! Central is put back to an older copy of its data directory, as an operator does who has lost the newer one.

use std::path::Path;
use std::process::Command;

use axum::http::StatusCode;
use comptoir_central::projections::compare::compare;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::{PageSize, Projection};
use comptoir_central::{Clock, restore, restore_window};
use comptoir_core::id::TenantId;
use comptoir_proto::pull_v1::{PullCursor, PullResponse};
use comptoir_proto::sync_v1::{PushRequest, RecordResult};
use comptoir_test_support::events::{Invoice, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, temp_folder, verdicts};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bootstrapping::load;
use crate::pulling::{elsewhere, path, pull};

/// A copy of a data directory, owners and all.
pub(crate) struct Backup(TempDir);

impl Backup {
    /// Made while central stands still, as a snapshot of the disk is.
    pub(crate) async fn take(scene: TestCentral) -> (TestCentral, Backup) {
        let backup = Backup(temp_folder());
        let scene = scene.while_stopped(|folder| copy(folder, backup.0.path())).await;
        (scene, backup)
    }

    /// What is in the folder now is lost.
    pub(crate) async fn put_back(&self, scene: TestCentral) -> TestCentral {
        let put_back = |folder: &Path| {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
            }
            copy(self.0.path(), folder);
        };
        scene.while_stopped(put_back).await
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}

fn client(node: &mut SealedLog, id: &str) {
    node.seal("CLIENT", id, "CREATE", &json!({ "name": id }));
}

async fn refused(scene: &TestCentral, node: &SealedLog, cursor: &str) -> Value {
    let (status, body) = scene.get(&node.key, &path(Some(cursor), 200, 0)).await;
    assert_eq!((status, &body["code"]), (StatusCode::GONE, &json!("INCARNATION_CHANGED")), "{body}");
    body
}

fn names(page: &PullResponse) -> Vec<&str> {
    page.changes.iter().map(|change| change.key.entity_id.as_str()).collect()
}

#[tokio::test]
async fn a_cursor_of_the_lost_past_is_refused_though_the_log_has_grown_past_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut writer, mut lost, reader) = (company.node().await, company.node().await, company.node().await);
    client(&mut writer, "c-kept");
    writer.push_all(&scene).await;
    let old = pull(&scene, &reader, None, 200).await.cursor;
    let (scene, backup) = Backup::take(scene).await;
    for number in 0..3 {
        client(&mut lost, &format!("c-lost-{number}"));
    }
    lost.push_all(&scene).await;
    let read = pull(&scene, &reader, Some(&old), 200).await;
    assert_eq!(names(&read), ["c-lost-0", "c-lost-1", "c-lost-2"]);
    let part_way = pull(&scene, &reader, Some(&old), 1).await;
    let behind = old.parse::<PullCursor>().unwrap().behind(&part_way.changes[0], &part_way.cursor.parse().unwrap());

    let scene = backup.put_back(scene).await;
    refused(&scene, &reader, &read.cursor).await;
    // Others write until the head has passed every cursor: nothing but its proof tells the reader's from a good one.
    for number in 0..6 {
        client(&mut writer, &format!("c-new-{number}"));
    }
    let head = writer.push(&scene, 3, 8).await.results.last().unwrap().position;
    assert!(head > read.head, "{head} is past {}", read.head);
    let body = refused(&scene, &reader, &read.cursor).await;
    assert_eq!(body["head"], json!(head), "{body}");
    refused(&scene, &reader, &part_way.cursor).await;
    // The node's own cursor inside that page is of the same past.
    refused(&scene, &reader, &behind.to_string()).await;
    // What was given before the copy was made is true still, and goes on.
    let on = pull(&scene, &reader, Some(&old), 200).await;
    assert_eq!(on.changes.len(), 6, "{:?}", names(&on));
}

#[tokio::test]
async fn a_cursor_without_a_proof_is_taken_as_before() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    client(&mut node, "c-1");
    node.push_all(&scene).await;
    let given: PullCursor = pull(&scene, &node, None, 200).await.cursor.parse().unwrap();
    let of_before = PullCursor { proof: None, ..given.clone() };
    client(&mut node, "c-2");
    node.push(&scene, 3, 3).await;
    let page = pull(&scene, &node, Some(&of_before.to_string()), 200).await;
    assert_eq!(names(&page), ["c-2"]);
    let now: PullCursor = page.cursor.parse().unwrap();
    assert!(now.proof.is_some() && now.proof != given.proof, "from here on it proves itself");
}

#[tokio::test]
async fn a_first_load_that_was_cut_by_a_restore_begins_again() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut writer, reader) = (company.node().await, company.node().await);
    (0..250).for_each(|number| client(&mut writer, &format!("c-{number}")));
    writer.push_all(&scene).await;
    let (scene, backup) = Backup::take(scene).await;
    client(&mut writer, "c-lost");
    let end = writer.seq.0;
    writer.push(&scene, end, end).await;
    let (mark, cursor) = load(&scene, &reader).await;
    assert!(cursor.proof.as_ref().is_some_and(|proof| proof.position == cursor.position), "{cursor:?}");

    let scene = backup.put_back(scene).await;
    let mut other = SealedLog::clone(&writer);
    other.records.pop();
    (other.seq.0, other.chain) = (end - 1, other.records.last().unwrap().1);
    client(&mut other, "c-instead");
    client(&mut other, "c-more");
    other.push(&scene, end, end + 1).await;
    let (status, body) = scene.get(&reader.key, &format!("/api/v1/sync/bootstrap?after={mark}")).await;
    assert_eq!((status, &body["code"]), (StatusCode::GONE, &json!("INCARNATION_CHANGED")), "{body}");
    refused(&scene, &reader, &cursor.to_string()).await;
}

/// All of a node's log from a seq on, with what it was told.
fn handed_back(node: &SealedLog, from: u64, told: &[RecordResult]) -> PushRequest {
    let mut request = node.request(from, node.seq.0);
    for record in request.records.iter_mut().zip(from..) {
        let result = told.iter().find(|result| result.seq == record.1);
        record.0.prior_decision = result.and_then(RecordResult::to_prior_result);
    }
    request
}

async fn send(scene: &TestCentral, node: &SealedLog, request: &PushRequest) -> Vec<RecordResult> {
    let (status, body) = node.send(scene, request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_value(body["results"].clone()).unwrap()
}

/// What a person was told of each event.
fn told(results: &[RecordResult]) -> Vec<RecordResult> {
    let without_place = |result: &RecordResult| RecordResult { position: 0, flags: Vec::new(), ..result.clone() };
    results.iter().map(without_place).collect()
}

fn validate(node: &mut SealedLog, delivery: &str) {
    let payload =
        json!({ "qr": "QR-1", "validated_at": "2026-03-01T10:00:00Z", "latitude": "48.85", "longitude": "2.35" });
    node.seal("DELIVERY", delivery, "DELIVERY_VALIDATED", &payload);
}

fn invoice(node: &mut SealedLog, id: &str) {
    node.record(id, &Invoice::default());
}

/// Two drivers and two shops on the day that is lost: what each of them is told.
struct LostDay {
    scene: TestCentral,
    tenant: TenantId,
    first: SealedLog,
    second: SealedLog,
    paris: SealedLog,
    token: String,
    told: [Vec<RecordResult>; 3],
}

/// Central holds the opening of each log and the order of a delivery; then a day passes, and central is put back to its morning.
async fn lost_day() -> LostDay {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let (mut first, mut second, mut paris) = (company.node().await, company.node().await, elsewhere(&company).await);
    let (tenant, token) = (company.tenant, company.token.clone());
    let order = json!({ "reference": "BL-1", "client": "Durand", "qr": "QR-1" });
    let order = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "DELIVERY", "entity_id": "d-1",
        "action": "DELIVERY_CREATED", "payload": order });
    assert_eq!(scene.post(&token, "/api/v1/events", order.to_string()).await.0, StatusCode::OK);
    for (node, id) in [(&mut first, "i-first-0"), (&mut second, "i-second-0"), (&mut paris, "i-paris-0")] {
        invoice(node, id);
        node.push_all(&scene).await;
    }
    let (scene, backup) = Backup::take(scene).await;
    let mut told = [Vec::new(), Vec::new(), Vec::new()];
    for (index, node) in [&mut first, &mut second, &mut paris].into_iter().enumerate() {
        let from = node.seq.0 + 1;
        validate(node, "d-1");
        invoice(node, &format!("i-{index}-1"));
        invoice(node, &format!("i-{index}-2"));
        let cancelled = json!({ "invoice": format!("i-{index}-2"), "reason": "wrong client" });
        node.seal("INVOICE", &format!("i-{index}-2"), "INVOICE_CANCELLED", &cancelled);
        told[index] = node.push(&scene, from, node.seq.0).await.results;
    }
    let scene = backup.put_back(scene).await;
    LostDay { scene, tenant, first, second, paris, token, told }
}

/// What a rebuild makes of the log is what is read.
async fn rebuilt_alike(scene: &TestCentral, tenant: TenantId) {
    let db = scene.central.database();
    let built = [Projection::Deliveries, Projection::Invoices];
    rebuild(db, tenant, &built, PageSize::REBUILT, |_| {}).await.unwrap();
    for projection in built {
        let compared = compare(db, tenant, projection, (1, 2)).await.unwrap();
        assert!(compared.is_equal(), "{compared:#?}");
    }
}

#[tokio::test]
async fn who_was_second_and_what_was_numbered_stays_as_it_was_told_though_the_second_comes_back_first() {
    let LostDay { scene, tenant, first, second, paris, told: [by_first, by_second, by_paris], .. } = lost_day().await;
    assert_eq!((by_first[0].verdict.as_str(), by_second[0].verdict.as_str()), ("ACCEPTED", "CONFLICT"));
    let references = |results: &[RecordResult]| results.iter().filter_map(|r| r.reference.clone()).collect::<Vec<_>>();
    let year = &references(&by_first)[0][1..5];
    assert_eq!(
        references(&by_second),
        [format!("F{year}-LYO-000005"), format!("F{year}-LYO-000006"), format!("A{year}-LYO-000002")]
    );
    for (node, results) in [(&second, &by_second), (&paris, &by_paris), (&first, &by_first)] {
        let again = send(&scene, node, &handed_back(node, 3, results)).await;
        assert_eq!(told(&again), told(results));
        assert!(again.iter().all(|result| result.flags.contains(&"DECISION_RESTORED".to_owned())), "{again:?}");
        // Asked once more, the same: from what is stored now.
        assert_eq!(send(&scene, node, &handed_back(node, 3, results)).await, again);
    }
    let (_, row) = scene.get(&first.key, "/api/v1/deliveries").await;
    assert_eq!(row["rows"][0]["validation"]["event_id"], json!(by_first[0].event_id), "{row}");
    let mut first = first;
    invoice(&mut first, "i-new");
    let new = first.push(&scene, 7, 7).await;
    assert_eq!(references(&new.results), [format!("F{year}-LYO-000007")], "behind all that was promised");
    rebuilt_alike(&scene, tenant).await;
}

#[tokio::test]
async fn a_stamp_that_is_not_centrals_own_is_not_believed() {
    let LostDay { scene, tenant, second, told: [by_first, by_second, _], .. } = lost_day().await;
    let mut request = handed_back(&second, 3, &by_second);
    let stamps: Vec<String> = by_second.iter().filter_map(|result| result.attestation.clone()).collect();
    assert_eq!(stamps.len(), 4, "all four were decided by the order of arrival");
    // It was second, and says that it was first; it wants a better number; it shows another's stamp.
    let said = request.records[0].prior_decision.as_mut().unwrap();
    (said.verdict, said.code, said.resolution) = ("ACCEPTED".to_owned(), None, None);
    let wished = request.records[1].prior_decision.as_mut().unwrap();
    wished.reference = Some(wished.reference.as_ref().unwrap().replace("000005", "000999"));
    let borrowed = request.records[2].prior_decision.as_mut().unwrap();
    borrowed.attestation.clone_from(by_first[2].attestation.as_ref().unwrap());
    request.records[3].prior_decision = None;
    let again = send(&scene, &second, &request).await;
    assert!(again.iter().all(|result| result.flags.iter().all(|flag| flag != "DECISION_RESTORED")), "{again:?}");
    let numbers: Vec<&str> = again.iter().filter_map(|r| Some(r.reference.as_ref()?.rsplit_once('-')?.1)).collect();
    assert_eq!(numbers, ["000003", "000004", "000001"], "as if nothing had been said");
    rebuilt_alike(&scene, tenant).await;
    for (decided, pointer) in [
        (json!({ "verdict": "PERHAPS", "attestation": stamps[0] }), 400),
        (json!({ "verdict": "ACCEPTED", "attestation": "00" }), 400),
        (json!({ "verdict": "ACCEPTED", "attestation": stamps[0], "resolution": { "action": "CHOOSE" } }), 400),
    ] {
        let mut body = serde_json::to_value(second.request(3, 3)).unwrap();
        body["records"][0]["prior_decision"] = decided;
        let (status, problem) = scene.post(&second.key, "/api/v1/sync/push", body.to_string()).await;
        assert_eq!((status.as_u16(), &problem["pointer"]), (pointer, &json!("/records/0/decided")), "{problem}");
    }
}

#[tokio::test]
async fn a_number_that_was_given_anew_meanwhile_is_not_given_twice() {
    let LostDay { scene, tenant, mut first, second, told: [_, by_second, _], .. } = lost_day().await;
    // One that forgot what it was told comes first, and has gone on.
    invoice(&mut first, "i-late-1");
    invoice(&mut first, "i-late-2");
    let first = first.push(&scene, 3, first.seq.0).await.results;
    let again = send(&scene, &second, &handed_back(&second, 3, &by_second)).await;
    let numbers = |results: &[RecordResult]| -> Vec<String> {
        results.iter().filter_map(|r| Some(r.reference.as_ref()?.rsplit_once('-')?.1.to_owned())).collect()
    };
    assert_eq!(numbers(&first), ["000003", "000004", "000001", "000005", "000006"]);
    assert_eq!(numbers(&by_second), ["000005", "000006", "000002"]);
    assert_eq!(numbers(&again), ["000007", "000008", "000002"], "two are taken, the credit note's is free still");
    let honoured: Vec<bool> =
        again.iter().map(|result| result.flags.contains(&"DECISION_RESTORED".to_owned())).collect();
    assert_eq!(honoured, [false, false, false, true], "the delivery was decided already, and not otherwise");
    assert_eq!(told(&again[..1]), told(&by_second[..1]));
    rebuilt_alike(&scene, tenant).await;
}

#[tokio::test]
async fn only_what_the_order_of_arrival_decides_is_stamped() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    client(&mut node, "c-1");
    invoice(&mut node, "i-1");
    let mut wrong = Invoice::default().payload();
    wrong["total_minor"] = json!(1);
    node.seal("INVOICE", "i-2", "INVOICE_CREATED", &wrong);
    let response = node.push_all(&scene).await;
    assert_eq!(verdicts(&response)[3..], ["ACCEPTED", "QUARANTINED TOTAL_MISMATCH"]);
    let stamped: Vec<bool> = response.results.iter().map(|result| result.attestation.is_some()).collect();
    assert_eq!(stamped, [false, false, false, true, false]);
}

/// A node asks how central stands with it, and says up to where it was answered.
async fn ask(scene: &TestCentral, node: &SealedLog, acked: u64) {
    let path = format!("/api/v1/sync/status?epoch={}&acked={acked}", node.epoch.number);
    let (status, body) = scene.get(&node.key, &path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

async fn awaited(scene: &TestCentral, tenant: TenantId) -> usize {
    restore_window::awaited(scene.central.database(), tenant).await.unwrap().len()
}

#[tokio::test]
async fn while_nodes_hand_back_what_could_take_a_promise_waits_and_everything_else_goes_on() {
    let LostDay { scene, tenant, mut first, second, paris, token, told: [by_first, by_second, by_paris] } =
        lost_day().await;
    let opened = restore::open(scene.central.database(), &Clock::system(), tenant, None).await.unwrap();
    assert_eq!(opened.len(), 3, "every node with a key: {opened:?}");
    // The first has gone on: it sold, invoiced, and sold again.
    first.sell("s-fresh-1");
    invoice(&mut first, "i-fresh");
    first.sell("s-fresh-2");
    let taken = send(&scene, &first, &handed_back(&first, 3, &by_first)).await;
    assert_eq!(told(&taken[..4]), told(&by_first));
    assert_eq!((taken.len(), taken[4].verdict.as_str()), (5, "ACCEPTED"), "the sale before the new invoice is taken");
    let (status, problem) = first.send(&scene, &first.request(8, 9)).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("RESTORE_IN_PROGRESS")),
        "{problem}"
    );
    assert_eq!(problem["retry_after"], json!(5));
    // Head office is no exception, and may do all else.
    let post = async |entity_type: &str, action: &str, payload: Value| {
        let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": entity_type, "entity_id": "x-1",
            "action": action, "payload": payload });
        scene.post(&token, "/api/v1/events", draft.to_string()).await
    };
    let (status, problem) = post("INVOICE", "INVOICE_CREATED", Invoice::default().payload()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("RESTORE_IN_PROGRESS")), "{problem}");
    assert_eq!(post("CLIENT", "CREATE", json!({ "name": "Durand" })).await.0, StatusCode::OK);

    // One that has not handed back everything is still waited for; one that has is not.
    ask(&scene, &second, second.seq.0).await;
    ask(&scene, &first, 6).await;
    assert_eq!(awaited(&scene, tenant).await, 2);
    let (_, nodes) = scene.get(&token, "/api/v1/nodes").await;
    let waits = |node: &SealedLog| {
        let rows = nodes["nodes"].as_array().unwrap().iter();
        rows.filter(|row| row["id"] == json!(node.node.uuid())).all(|row| row["handing_back"] == true)
    };
    assert_eq!((&nodes["handing_back"], waits(&first), waits(&second)), (&json!(true), false, true), "{nodes}");
    for (node, results) in [(&second, &by_second), (&paris, &by_paris)] {
        assert_eq!(told(&send(&scene, node, &handed_back(node, 3, results)).await), told(results));
        ask(&scene, node, node.seq.0).await;
    }
    // The last has come: what waited takes the numbers behind all that were promised.
    assert_eq!(awaited(&scene, tenant).await, 0);
    let new = first.push(&scene, 8, 9).await.results;
    assert!(new[0].reference.as_ref().is_some_and(|reference| reference.ends_with("LYO-000007")), "{new:?}");
    assert_eq!(scene.get(&token, "/api/v1/nodes").await.1["handing_back"], json!(false));
    rebuilt_alike(&scene, tenant).await;
}

#[tokio::test]
async fn an_operator_ends_the_wait_for_a_node_that_does_not_come() {
    let LostDay { scene, tenant, mut first, told: [by_first, ..], .. } = lost_day().await;
    let db = scene.central.database();
    restore::open(db, &Clock::system(), tenant, None).await.unwrap();
    send(&scene, &first, &handed_back(&first, 3, &by_first)).await;
    ask(&scene, &first, 6).await;
    invoice(&mut first, "i-fresh");
    assert_eq!(first.send(&scene, &first.request(7, 7)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let left = restore_window::close(db, tenant).await.unwrap();
    assert_eq!(left.len(), 2, "they are named: {left:?}");
    first.push(&scene, 7, 7).await;
    let nobody = TenantId::new(uuid::Uuid::now_v7());
    assert!(restore::open(db, &Clock::system(), nobody, None).await.is_err(), "there is no such tenant");
}

#[tokio::test]
async fn a_restore_is_recorded_in_the_tenant_s_log_by_the_operator_alone() {
    let LostDay { scene, tenant, mut first, token, told: [by_first, ..], .. } = lost_day().await;
    let db = scene.central.database();
    let head: i64 = head_of(&scene, tenant).await;
    restore::open(db, &Clock::system(), tenant, Some("the disk of Monday")).await.unwrap();
    assert_eq!(head_of(&scene, tenant).await, head + 1);
    let (_, page) = scene.get(&token, &format!("/api/v1/events?after={head}")).await;
    let event = &page["events"][0];
    assert_eq!((&event["action"], &event["decision"]["verdict"]), (&json!("CENTRAL_RESTORED"), &json!("ACCEPTED")));
    let payload = json!({ "head": head, "awaited_nodes": 3, "reason": "the disk of Monday" });
    assert_eq!(event["payload"], payload, "{page}");

    let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "CENTRAL", "entity_id": "central",
        "action": "CENTRAL_RESTORED", "payload": payload });
    let (status, problem) = scene.post(&token, "/api/v1/events", draft.to_string()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("CENTRAL_ONLY")), "{problem}");
    first.seal("CENTRAL", "central", "CENTRAL_RESTORED", &payload);
    let pushed = send(&scene, &first, &handed_back(&first, 3, &by_first)).await;
    let last = pushed.last().unwrap();
    assert_eq!((last.verdict.as_str(), last.code.as_deref()), ("REJECTED", Some("CENTRAL_ONLY")));

    let long = "x".repeat(501);
    let refused = restore::open(db, &Clock::system(), tenant, Some(&long)).await.unwrap_err();
    assert_eq!(refused.to_string(), "a reason has at most 500 characters, got 501");
}

async fn head_of(scene: &TestCentral, tenant: TenantId) -> i64 {
    let sql = "select head from tenant_head where tenant_id = $1";
    scene.admin().await.query_one(sql, &[&tenant.uuid()]).await.unwrap().get(0)
}
