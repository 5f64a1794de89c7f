//! Central is restored from an older copy of its data directory.

use std::path::Path;
use std::process::Command;

use comptoir_central::projections::compare::compare;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::{PageSize, Projection};
use comptoir_central::{Clock, restore, restore_window};
use comptoir_core::id::TenantId;
use comptoir_proto::pull_v1::{PullCursor, PullResponse};
use comptoir_proto::sync_v1::{PushRequest, PushResponse, RecordResult};
use comptoir_test_support::events::{DeliveryOrder, DeliveryValidation, InvoiceCreation, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, temp_folder, verdicts};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bootstrapping::load;
use crate::pulling::{elsewhere, path, pull};

/// A copy of a data directory, file owners included.
pub(crate) struct Backup(TempDir);

impl Backup {
    /// Copies the folder while central is stopped.
    pub(crate) async fn create(server: TestCentral) -> (TestCentral, Backup) {
        let backup = Backup(temp_folder());
        let server = server.while_stopped(|folder| copy(folder, backup.0.path())).await;
        (server, backup)
    }

    /// Replaces the folder's content by the copy.
    pub(crate) async fn restore(&self, server: TestCentral) -> TestCentral {
        let replace = |folder: &Path| {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
            }
            copy(self.0.path(), folder);
        };
        server.while_stopped(replace).await
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}

fn client(node: &mut SealedLog, id: &str) {
    node.seal("CLIENT", id, "CREATE", &json!({ "name": id }));
}

async fn refused(server: &TestCentral, node: &SealedLog, cursor: &str) -> Value {
    let response = node.get(server, &path(Some(cursor), 200, 0)).await;
    response.assert_problem(410, "INCARNATION_CHANGED");
    response.body
}

fn names(page: &PullResponse) -> Vec<&str> {
    page.changes.iter().map(|change| change.key.entity_id.as_str()).collect()
}

#[tokio::test]
async fn a_cursor_from_before_a_restore_is_refused_after_the_log_has_grown_past_it() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut writer, mut lost, reader) = (company.node().await, company.node().await, company.node().await);
    client(&mut writer, "c-kept");
    writer.push_all(&server).await;
    let old = pull(&server, &reader, None, 200).await.cursor;
    let (server, backup) = Backup::create(server).await;
    for number in 0..3 {
        client(&mut lost, &format!("c-lost-{number}"));
    }
    lost.push_all(&server).await;
    let read = pull(&server, &reader, Some(&old), 200).await;
    assert_eq!(names(&read), ["c-lost-0", "c-lost-1", "c-lost-2"]);
    let part_way = pull(&server, &reader, Some(&old), 1).await;
    let behind = old.parse::<PullCursor>().unwrap().behind(&part_way.changes[0], &part_way.cursor.parse().unwrap());

    let server = backup.restore(server).await;
    refused(&server, &reader, &read.cursor).await;
    // Others write until the head has passed every cursor: only the proof distinguishes the reader's from a valid one.
    for number in 0..6 {
        client(&mut writer, &format!("c-new-{number}"));
    }
    let head = writer.push(&server, 3, 8).await.results.last().unwrap().position;
    assert!(head > read.head, "{head} is past {}", read.head);
    let body = refused(&server, &reader, &read.cursor).await;
    assert_eq!(body["head"], json!(head), "{body}");
    refused(&server, &reader, &part_way.cursor).await;
    // The node's own cursor inside that page comes from the same lost past.
    refused(&server, &reader, &behind.to_string()).await;
    // A cursor from before the copy is still valid.
    let on = pull(&server, &reader, Some(&old), 200).await;
    assert_eq!(on.changes.len(), 6, "{:?}", names(&on));
}

#[tokio::test]
async fn a_cursor_without_a_proof_is_accepted() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    client(&mut node, "c-1");
    node.push_all(&server).await;
    let given: PullCursor = pull(&server, &node, None, 200).await.cursor.parse().unwrap();
    let without_proof = PullCursor { proof: None, ..given.clone() };
    client(&mut node, "c-2");
    node.push(&server, 3, 3).await;
    let page = pull(&server, &node, Some(&without_proof.to_string()), 200).await;
    assert_eq!(names(&page), ["c-2"]);
    let now: PullCursor = page.cursor.parse().unwrap();
    assert!(now.proof.is_some() && now.proof != given.proof, "the next cursor has a proof");
}

#[tokio::test]
async fn a_first_load_cut_by_a_restore_starts_over() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut writer, reader) = (company.node().await, company.node().await);
    (0..250).for_each(|number| client(&mut writer, &format!("c-{number}")));
    writer.push_all(&server).await;
    let (server, backup) = Backup::create(server).await;
    client(&mut writer, "c-lost");
    let end = writer.seq.0;
    writer.push(&server, end, end).await;
    let (mark, cursor) = load(&server, &reader).await;
    assert!(cursor.proof.as_ref().is_some_and(|proof| proof.position == cursor.position), "{cursor:?}");

    let server = backup.restore(server).await;
    let mut other = SealedLog::clone(&writer);
    other.records.pop();
    (other.seq.0, other.chain) = (end - 1, other.records.last().unwrap().1);
    client(&mut other, "c-instead");
    client(&mut other, "c-more");
    other.push(&server, end, end + 1).await;
    reader
        .get(&server, &format!("/api/v1/sync/bootstrap?after={mark}"))
        .await
        .assert_problem(410, "INCARNATION_CHANGED");
    refused(&server, &reader, &cursor.to_string()).await;
}

/// A push of a node's records from a seq on, each with the decision it had received.
fn request_with_decisions(node: &SealedLog, from: u64, received: &[RecordResult]) -> PushRequest {
    let mut request = node.request(from, node.seq.0);
    for record in request.records.iter_mut().zip(from..) {
        let result = received.iter().find(|result| result.seq == record.1);
        record.0.prior_decision = result.and_then(RecordResult::to_prior_result);
    }
    request
}

async fn send(server: &TestCentral, node: &SealedLog, request: &PushRequest) -> Vec<RecordResult> {
    node.send_push(server, request).await.parse::<PushResponse>().results
}

/// The results without positions and flags, which a restore may change.
fn answers(results: &[RecordResult]) -> Vec<RecordResult> {
    let without_place = |result: &RecordResult| RecordResult { position: 0, flags: Vec::new(), ..result.clone() };
    results.iter().map(without_place).collect()
}

fn validate(node: &mut SealedLog, delivery: &str) {
    node.record(delivery, &DeliveryValidation::default());
}

/// Two drivers and two sites on the day that central loses, and the results each node received.
struct LostDay {
    server: TestCentral,
    tenant: TenantId,
    first: SealedLog,
    second: SealedLog,
    paris: SealedLog,
    token: String,
    results: [Vec<RecordResult>; 3],
}

/// Central holds the opening of each log and a delivery's order; then a day passes, and central is restored to that morning.
async fn lost_day() -> LostDay {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut first, mut second, mut paris) = (company.node().await, company.node().await, elsewhere(&company).await);
    let (tenant, token) = (company.tenant, company.token.clone());
    company.record("d-1", &DeliveryOrder::default()).await;
    for (node, id) in [(&mut first, "i-first-0"), (&mut second, "i-second-0"), (&mut paris, "i-paris-0")] {
        node.record(id, &InvoiceCreation::default());
        node.push_all(&server).await;
    }
    let (server, backup) = Backup::create(server).await;
    let mut results = [Vec::new(), Vec::new(), Vec::new()];
    for (index, node) in [&mut first, &mut second, &mut paris].into_iter().enumerate() {
        let from = node.seq.0 + 1;
        validate(node, "d-1");
        node.record(&format!("i-{index}-1"), &InvoiceCreation::default());
        node.record(&format!("i-{index}-2"), &InvoiceCreation::default());
        let cancelled = json!({ "invoice": format!("i-{index}-2"), "reason": "wrong client" });
        node.seal("INVOICE", &format!("i-{index}-2"), "INVOICE_CANCELLED", &cancelled);
        results[index] = node.push(&server, from, node.seq.0).await.results;
    }
    let server = backup.restore(server).await;
    LostDay { server, tenant, first, second, paris, token, results }
}

/// A rebuild from the log gives the rows that are read.
async fn rebuilt_alike(server: &TestCentral, tenant: TenantId) {
    let db = server.central.database();
    let built = [Projection::Deliveries, Projection::Invoices];
    rebuild(db, tenant, &built, PageSize::REBUILT, |_| {}).await.unwrap();
    for projection in built {
        let compared = compare(db, tenant, projection, (1, 2)).await.unwrap();
        assert!(compared.is_equal(), "{compared:#?}");
    }
}

#[tokio::test]
async fn after_a_restore_answers_stay_the_same_even_if_the_second_node_comes_first() {
    let LostDay { server, tenant, first, second, paris, results: [by_first, by_second, by_paris], .. } =
        lost_day().await;
    assert_eq!(by_first[0].verdict.as_str(), "ACCEPTED");
    assert_eq!(by_second[0].verdict.as_str(), "CONFLICT");
    let references = |results: &[RecordResult]| results.iter().filter_map(|r| r.reference.clone()).collect::<Vec<_>>();
    let year = &references(&by_first)[0][1..5];
    assert_eq!(
        references(&by_second),
        [format!("F{year}-LYO-000005"), format!("F{year}-LYO-000006"), format!("A{year}-LYO-000002")]
    );
    for (node, results) in [(&second, &by_second), (&paris, &by_paris), (&first, &by_first)] {
        let again = send(&server, node, &request_with_decisions(node, 3, results)).await;
        assert_eq!(answers(&again), answers(results));
        assert!(again.iter().all(|result| result.flags.contains(&"DECISION_RESTORED".to_owned())), "{again:?}");
        // Once more, now from the stored decisions.
        assert_eq!(send(&server, node, &request_with_decisions(node, 3, results)).await, again);
    }
    let row = first.get(&server, "/api/v1/deliveries").await.assert_ok();
    assert_eq!(row["rows"][0]["validation"]["event_id"], json!(by_first[0].event_id), "{row}");
    let mut first = first;
    first.record("i-new", &InvoiceCreation::default());
    let new = first.push(&server, 7, 7).await;
    assert_eq!(references(&new.results), [format!("F{year}-LYO-000007")], "after all promised numbers");
    rebuilt_alike(&server, tenant).await;
}

#[tokio::test]
async fn an_attestation_that_central_did_not_issue_is_ignored() {
    let LostDay { server, tenant, second, results: [by_first, by_second, _], .. } = lost_day().await;
    let mut request = request_with_decisions(&second, 3, &by_second);
    let stamps: Vec<String> = by_second.iter().filter_map(|result| result.attestation.clone()).collect();
    assert_eq!(stamps.len(), 4, "all four were decided by the order of arrival");
    // The node claims to have been first, a better number, and another node's attestation.
    let said = request.records[0].prior_decision.as_mut().unwrap();
    (said.verdict, said.code, said.resolution) = ("ACCEPTED".to_owned(), None, None);
    let wished = request.records[1].prior_decision.as_mut().unwrap();
    wished.reference = Some(wished.reference.as_ref().unwrap().replace("000005", "000999"));
    let borrowed = request.records[2].prior_decision.as_mut().unwrap();
    borrowed.attestation.clone_from(by_first[2].attestation.as_ref().unwrap());
    request.records[3].prior_decision = None;
    let again = send(&server, &second, &request).await;
    assert!(again.iter().all(|result| result.flags.iter().all(|flag| flag != "DECISION_RESTORED")), "{again:?}");
    let numbers: Vec<&str> = again.iter().filter_map(|r| Some(r.reference.as_ref()?.rsplit_once('-')?.1)).collect();
    assert_eq!(numbers, ["000003", "000004", "000001"], "as if no decision had been sent");
    rebuilt_alike(&server, tenant).await;
    for decided in [
        json!({ "verdict": "PERHAPS", "attestation": stamps[0] }),
        json!({ "verdict": "ACCEPTED", "attestation": "00" }),
        json!({ "verdict": "ACCEPTED", "attestation": stamps[0], "resolution": { "action": "CHOOSE" } }),
    ] {
        let mut body = serde_json::to_value(second.request(3, 3)).unwrap();
        body["records"][0]["prior_decision"] = decided;
        let refused = second.post(&server, "/api/v1/sync/push", body).await;
        refused.assert_problem(400, "MALFORMED_BODY").pointer("/records/0/decided");
    }
}

#[tokio::test]
async fn a_number_assigned_again_after_a_restore_is_not_assigned_twice() {
    let LostDay { server, tenant, mut first, second, results: [_, by_second, _], .. } = lost_day().await;
    // A node that lost its results comes first and has gone on.
    first.record("i-late-1", &InvoiceCreation::default());
    first.record("i-late-2", &InvoiceCreation::default());
    let first = first.push(&server, 3, first.seq.0).await.results;
    let again = send(&server, &second, &request_with_decisions(&second, 3, &by_second)).await;
    let numbers = |results: &[RecordResult]| -> Vec<String> {
        results.iter().filter_map(|r| Some(r.reference.as_ref()?.rsplit_once('-')?.1.to_owned())).collect()
    };
    assert_eq!(numbers(&first), ["000003", "000004", "000001", "000005", "000006"]);
    assert_eq!(numbers(&by_second), ["000005", "000006", "000002"]);
    assert_eq!(numbers(&again), ["000007", "000008", "000002"], "two numbers are used, the credit note's is free");
    let honoured: Vec<bool> =
        again.iter().map(|result| result.flags.contains(&"DECISION_RESTORED".to_owned())).collect();
    assert_eq!(honoured, [false, false, false, true], "the delivery was decided already, with the same outcome");
    assert_eq!(answers(&again[..1]), answers(&by_second[..1]));
    rebuilt_alike(&server, tenant).await;
}

#[tokio::test]
async fn only_decisions_that_depend_on_arrival_order_are_attested() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    client(&mut node, "c-1");
    node.record("i-1", &InvoiceCreation::default());
    let mut wrong = InvoiceCreation::default().payload();
    wrong["total_minor"] = json!(1);
    node.seal("INVOICE", "i-2", "INVOICE_CREATED", &wrong);
    let response = node.push_all(&server).await;
    assert_eq!(verdicts(&response)[3..], ["ACCEPTED", "QUARANTINED TOTAL_MISMATCH"]);
    let stamped: Vec<bool> = response.results.iter().map(|result| result.attestation.is_some()).collect();
    assert_eq!(stamped, [false, false, false, true, false]);
}

/// A node asks for central's head and reports its acked seq.
async fn ask(server: &TestCentral, node: &SealedLog, acked: u64) {
    let path = format!("/api/v1/sync/status?epoch={}&acked={acked}", node.epoch.number);
    node.get(server, &path).await.assert_ok();
}

async fn awaited(server: &TestCentral, tenant: TenantId) -> usize {
    restore_window::awaited(server.central.database(), tenant).await.unwrap().len()
}

#[tokio::test]
async fn during_a_restore_window_only_events_that_could_take_a_promised_number_wait() {
    let LostDay { server, tenant, mut first, second, paris, token, results: [by_first, by_second, by_paris] } =
        lost_day().await;
    let opened = restore::open(server.central.database(), &Clock::system(), tenant, None).await.unwrap();
    assert_eq!(opened.len(), 3, "every node with a key: {opened:?}");
    // The first node has gone on: a sale, an invoice, a sale.
    first.sell("s-fresh-1");
    first.record("i-fresh", &InvoiceCreation::default());
    first.sell("s-fresh-2");
    let taken = send(&server, &first, &request_with_decisions(&first, 3, &by_first)).await;
    assert_eq!(answers(&taken[..4]), answers(&by_first));
    assert_eq!(taken.len(), 5, "the sale before the new invoice is accepted");
    assert_eq!(taken[4].verdict.as_str(), "ACCEPTED", "the sale before the new invoice is accepted");
    first.try_push(&server, 8, 9).await.assert_problem(503, "RESTORE_IN_PROGRESS").retry_after(5);
    // Head office waits too for an invoice, and may do everything else.
    let post = async |entity_type: &str, action: &str, payload: Value| {
        let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": entity_type, "entity_id": "x-1",
            "action": action, "payload": payload });
        server.post_as(&token, "/api/v1/events", draft.to_string()).await
    };
    post("INVOICE", "INVOICE_CREATED", InvoiceCreation::default().payload())
        .await
        .assert_problem(503, "RESTORE_IN_PROGRESS");
    post("CLIENT", "CREATE", json!({ "name": "Durand" })).await.assert_ok();

    // Central still waits for a node that has not resent everything.
    ask(&server, &second, second.seq.0).await;
    ask(&server, &first, 6).await;
    assert_eq!(awaited(&server, tenant).await, 2);
    let nodes = server.get_as(&token, "/api/v1/nodes").await.assert_ok();
    let waits = |node: &SealedLog| {
        let rows = nodes["nodes"].as_array().unwrap().iter();
        rows.filter(|row| row["id"] == json!(node.node.uuid())).all(|row| row["restore_pending"] == true)
    };
    assert_eq!(nodes["restore_window_open"], true, "{nodes}");
    assert!(!waits(&first), "{nodes}");
    assert!(waits(&second), "{nodes}");
    for (node, results) in [(&second, &by_second), (&paris, &by_paris)] {
        assert_eq!(answers(&send(&server, node, &request_with_decisions(node, 3, results)).await), answers(results));
        ask(&server, node, node.seq.0).await;
    }
    // The last node has come: the waiting invoice gets the number after all promised ones.
    assert_eq!(awaited(&server, tenant).await, 0);
    let new = first.push(&server, 8, 9).await.results;
    assert!(new[0].reference.as_ref().is_some_and(|reference| reference.ends_with("LYO-000007")), "{new:?}");
    assert_eq!(server.get_as(&token, "/api/v1/nodes").await.body["restore_window_open"], false);
    rebuilt_alike(&server, tenant).await;
}

#[tokio::test]
async fn an_operator_closes_the_restore_window_of_a_missing_node() {
    let LostDay { server, tenant, mut first, results: [by_first, ..], .. } = lost_day().await;
    let db = server.central.database();
    restore::open(db, &Clock::system(), tenant, None).await.unwrap();
    send(&server, &first, &request_with_decisions(&first, 3, &by_first)).await;
    ask(&server, &first, 6).await;
    first.record("i-fresh", &InvoiceCreation::default());
    first.try_push(&server, 7, 7).await.assert_problem(503, "RESTORE_IN_PROGRESS");
    let left = restore_window::close(db, tenant).await.unwrap();
    assert_eq!(left.len(), 2, "the missing nodes are named: {left:?}");
    first.push(&server, 7, 7).await;
    let nobody = TenantId::new(uuid::Uuid::now_v7());
    assert!(restore::open(db, &Clock::system(), nobody, None).await.is_err(), "there is no such tenant");
}

#[tokio::test]
async fn only_an_operator_records_a_restore_in_the_tenant_s_log() {
    let LostDay { server, tenant, mut first, token, results: [by_first, ..], .. } = lost_day().await;
    let db = server.central.database();
    let head: i64 = head_of(&server, tenant).await;
    restore::open(db, &Clock::system(), tenant, Some("the disk of Monday")).await.unwrap();
    assert_eq!(head_of(&server, tenant).await, head + 1);
    let page = server.get_as(&token, &format!("/api/v1/events?after={head}")).await.assert_ok();
    let event = &page["events"][0];
    assert_eq!(event["action"], "CENTRAL_RESTORED");
    assert_eq!(event["decision"]["verdict"], "ACCEPTED");
    let payload = json!({ "head": head, "awaited_nodes": 3, "reason": "the disk of Monday" });
    assert_eq!(event["payload"], payload, "{page}");

    let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "CENTRAL", "entity_id": "central",
        "action": "CENTRAL_RESTORED", "payload": payload });
    server.post_as(&token, "/api/v1/events", draft.to_string()).await.assert_problem(422, "CENTRAL_ONLY");
    first.seal("CENTRAL", "central", "CENTRAL_RESTORED", &payload);
    let pushed = send(&server, &first, &request_with_decisions(&first, 3, &by_first)).await;
    let last = pushed.last().unwrap();
    assert_eq!(last.verdict.as_str(), "REJECTED");
    assert_eq!(last.code.as_deref(), Some("CENTRAL_ONLY"));

    let long = "x".repeat(501);
    let refused = restore::open(db, &Clock::system(), tenant, Some(&long)).await.unwrap_err();
    assert_eq!(refused.to_string(), "a reason has at most 500 characters, got 501");
}

async fn head_of(server: &TestCentral, tenant: TenantId) -> i64 {
    let sql = "select head from tenant_head where tenant_id = $1";
    server.admin().await.query_one(sql, &[&tenant.uuid()]).await.unwrap().get(0)
}
