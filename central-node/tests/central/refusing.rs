//! Refused pushes, and records without effect: nothing else is lost or written by them.

use comptoir_core::event::Event;
use comptoir_core::id::EventId;
use comptoir_proto::sync_v1::SealedRecord;
use comptoir_test_support::events::{InvoiceCreation, Sale, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, verdicts};
use serde_json::json;

#[tokio::test]
async fn after_a_gap_central_names_the_seq_it_expects() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell_many(5, |sale| format!("s-{sale}"));
    node.try_push(&server, 2, 3).await.assert_problem(409, "SEQ_GAP").field("expected_seq", 1);
    node.push(&server, 1, 2).await;
    node.try_push(&server, 5, 6).await.assert_problem(409, "SEQ_GAP").field("expected_seq", 3).retryable();
    node.push(&server, 3, 6).await;
    assert_eq!(company.events().await, 2 + 6);
}

#[tokio::test]
async fn two_copies_of_a_disk_fork_and_both_branches_are_kept() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("both");
    let mut copy = node.clone();
    node.sell("original");
    copy.sell("copy");
    copy.sell("copy 2");
    node.push_all(&server).await;
    copy.try_push(&server, 1, 4)
        .await
        .assert_problem(409, "FORK")
        .field("seq", 3)
        .field("held_chain", json!(node.records[2].1.to_string()))
        .field("received_chain", json!(copy.records[2].1.to_string()));
    assert_eq!(company.count("select count(*) from fork_record where tenant_id = $1 and node_seq in (3, 4)").await, 2);
    // The epoch is frozen: known records are answered, new ones of either branch are refused.
    node.push_all(&server).await;
    node.sell("later");
    node.try_push(&server, 4, 4).await.assert_problem(409, "EPOCH_FROZEN");
    copy.try_push(&server, 3, 4).await.assert_problem(409, "FORK");
    assert_eq!(company.count("select count(*) from fork_record where tenant_id = $1").await, 2);
    // The operator has decided: the node continues in a new epoch after central's head.
    node.open_epoch_after(2, &node.end_at(3));
    node.sell("later");
    assert_eq!(verdicts(&node.push_all(&server).await), ["ACCEPTED", "ACCEPTED"]);
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_fork_is_detected_by_a_push_that_begins_right_after_it() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let mut copy = node.clone();
    node.sell("original");
    copy.sell("copy");
    copy.sell("copy 2");
    node.push_all(&server).await;
    copy.try_push(&server, 3, 3).await.assert_problem(409, "FORK").field("seq", 2);
}

#[tokio::test]
async fn a_copy_that_goes_on_in_an_epoch_its_original_has_left_is_a_fork() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let mut copy = node.clone();
    node.push_all(&server).await;
    node.open_epoch(2);
    node.push_all(&server).await;
    copy.sell("copy");
    copy.try_push(&server, 2, 2).await.assert_problem(409, "EPOCH_FROZEN");
    assert_eq!(company.count("select count(*) from fork_record where tenant_id = $1").await, 1);
    copy.open_epoch(2);
    // Central holds another epoch 2.
    copy.try_push(&server, 1, 1).await.assert_problem(409, "FORK");
}

#[tokio::test]
async fn an_epoch_that_names_a_wrong_previous_end_is_quarantined_and_its_sales_count() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let opened = |node: &mut SealedLog, previous: &serde_json::Value| {
        let number = node.epoch.number + 1;
        node.open_epoch_after(number, previous);
        node.sell(&format!("in epoch {number}"));
    };
    let mut node = company.node().await;
    node.sell_many(3, |sale| format!("s-{sale}"));
    node.push_all(&server).await;

    // Wrong ends: before the last sale, none, and of an unknown epoch. Then the right one.
    let mut unknown = node.end_at(4);
    unknown["epoch_id"] = json!(uuid::Uuid::new_v4());
    let mismatch = ["QUARANTINED PREVIOUS_HEAD_MISMATCH", "ACCEPTED"];
    let mut wrong = Vec::new();
    for previous in [node.end_at(3), json!(null), unknown] {
        opened(&mut node, &previous);
        let answer = node.push_all(&server).await;
        assert_eq!(verdicts(&answer), mismatch, "{previous}");
        assert_eq!(verdicts(&node.push_all(&server).await), mismatch, "again, from the stored decisions");
        wrong.push(answer.results[0].clone());
    }
    let detail = wrong[0].detail.clone().unwrap();
    assert!(detail.contains("at seq 3") && detail.contains("at seq 4"), "both ends are named: {detail}");
    assert!(wrong[1].detail.clone().unwrap().starts_with("it names no earlier epoch; central holds epoch 2"));
    let right = node.end_at(2);
    opened(&mut node, &right);
    assert_eq!(verdicts(&node.push_all(&server).await), ["ACCEPTED", "ACCEPTED"]);
    node.sell("and on");
    assert_eq!(verdicts(&node.push(&server, 3, 3).await), ["ACCEPTED"], "the log continues");

    // A node that names an epoch central has never seen: the log's beginning is missing here.
    let mut lost = company.node().await;
    let before = lost.end_at(1);
    opened(&mut lost, &before);
    assert_eq!(verdicts(&lost.push_all(&server).await), mismatch);

    // A person releases the record; an epoch's opening has no effect of its own.
    let waits = company.get("/api/v1/quarantine").await.assert_ok();
    assert_eq!(waits["events"].as_array().unwrap().len(), 4);
    let release = format!("/api/v1/quarantine/{}/release", wrong[0].event_id);
    let answer = company.post(&release, "{}").await.assert_ok();
    assert_eq!(answer["decision"]["verdict"], "ACCEPTED", "{answer}");
    assert_eq!(
        company.count("select count(*) from stock_item where tenant_id = $1 and backordered = 18").await,
        1,
        "nine sales"
    );
    company.assert_gapless().await;
}

#[tokio::test]
async fn another_key_in_a_later_epoch_is_refused() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let pinned = hex::encode(node.public_key);
    node.public_key = [8; 32];
    node.open_epoch(2);
    node.try_push(&server, 1, 1).await.assert_problem(409, "KEY_CHANGED").field("pinned_key", json!(pinned));
    assert_eq!(company.count("select count(*) from node_head where tenant_id = $1 and epoch = 2").await, 0);
}

#[tokio::test]
async fn bytes_damaged_on_the_way_are_refused_and_accepted_when_sent_again() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let mut damaged = node.request(1, 2);
    let mut bytes = node.records[1].0.clone();
    bytes[100] ^= 1;
    damaged.records[1] = SealedRecord::new(&bytes, node.records[1].1);
    node.send_push(&server, &damaged).await.assert_problem(409, "CHAIN_MISMATCH").field("seq", 2);
    assert_eq!(company.events().await, 2 + 1, "nothing of the push, and that it came damaged");
    node.push_all(&server).await;
}

#[tokio::test]
async fn unreadable_records_are_quarantined_and_the_records_after_them_are_accepted() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("before");
    node.seal_bytes(b"no record at all".to_vec());
    let other = Event {
        seq: comptoir_core::position::Seq(77),
        ..node.event("SALE", "x", "SALE_RECORDED", &Sale::default().payload())
    };
    node.seal_bytes(comptoir_proto::stored_v1::encode(&other).unwrap());
    node.record("total", &Sale { total_minor: 511, ..Sale::default() });
    node.seal("SALE", "shape", "SALE_RECORDED", &json!({ "lines": "none" }));
    node.seal(
        "SALE",
        "nul",
        "SALE_RECORDED",
        &json!({
            "currency": "EUR", "total_minor": 510, "country": "\u{0}",
            "lines": [{ "product": "A", "quantity": "2", "unit_price": "2.55" }],
        }),
    );
    node.seal("SALE", "later", "SALE_FROM_THE_FUTURE", &json!({}));
    node.seal("STOCK", "A", "UPDATE", &json!({ "quantity": "12" }));
    node.sell("after");
    let answer = node.push_all(&server).await;
    let expected = [
        "ACCEPTED",
        "ACCEPTED",
        "QUARANTINED UNDECODABLE",
        "QUARANTINED HEADER_MISMATCH",
        "QUARANTINED TOTAL_MISMATCH",
        "QUARANTINED INVALID_PAYLOAD",
        "QUARANTINED INVALID_PAYLOAD",
        "QUARANTINED UNKNOWN_SCHEMA",
        "SUPERSEDED STOCK_READ_ONLY",
        "ACCEPTED",
    ];
    assert_eq!(verdicts(&answer), expected);
    assert_eq!(answer.results[8].resolution.as_ref().unwrap()["action"], "TAKE_SERVER_STOCK");
    let list = company.get("/api/v1/quarantine").await.assert_ok();
    assert_eq!(list["events"].as_array().unwrap().len(), 6);
    assert_eq!(company.count("select count(*) from stock_item where tenant_id = $1 and backordered = 4").await, 1);
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_wrong_key_or_tenant_id_writes_nothing_and_is_recorded() {
    let server = TestCentral::new().await;
    let (company, other) = (server.company().await, server.company().await);
    let mut node = company.node().await;
    let stranger = other.node().await;
    node.sell("s-1");
    for key in ["", "cpt_x_y", &stranger.key.replace('7', "8")] {
        server.post_as(key, "/api/v1/sync/push", "{}").await.for_case(key).assert_problem(401, "UNAUTHORIZED");
    }
    // The stranger's key with this node's log.
    let body = serde_json::to_vec(&node.request(1, 2)).unwrap();
    server.post_as(&stranger.key, "/api/v1/sync/push", body).await.assert_problem(403, "WRONG_NODE");
    // The stranger's own log with a record sealed for this tenant.
    let mut forged = stranger.clone();
    forged.seal_bytes(node.records[1].0.clone());
    for _ in 0..3 {
        forged.try_push(&server, 1, 2).await.assert_problem(403, "WRONG_TENANT");
    }
    assert_eq!(company.events().await, 2, "nothing in this tenant");
    let kinds = "select count(*) from event where tenant_id = $1 and entity_id in ('KEY_USED_TWICE', 'FOREIGN_TENANT')";
    assert_eq!(other.count(kinds).await, 2, "one of each, however often it was tried");
    assert_eq!(other.count("select count(*) from event where tenant_id = $1").await, 4, "nothing else in the other");
    assert_eq!(other.count("select times from refusal where tenant_id = $1 and code = 'WRONG_TENANT'").await, 3);
    // An administrator's token cannot push, a node's key cannot administrate.
    company.post("/api/v1/sync/push", "{}").await.assert_status(403);
    node.get(&server, "/api/v1/quarantine").await.assert_status(403);
    node.push_all(&server).await;
}

#[tokio::test]
async fn a_revoked_key_stops_working_at_once() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.push_all(&server).await;
    let key_id = node.key.split('_').nth(1).unwrap();
    let db = server.central.database();
    node.get(&server, "/api/v1/stock").await.assert_ok();
    assert!(comptoir_central::identity::revoke_key(db, company.tenant, key_id).await.unwrap());
    node.try_push(&server, 1, 1).await.assert_status(401);
    // A read may use the credential for a few seconds more.
    while node.get(&server, "/api/v1/stock").await.status != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_malformed_push_is_refused_and_counted() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    let mut empty = node.request(1, 1);
    empty.records.clear();
    let mut zero = node.request(1, 1);
    zero.first_seq = 0;
    for body in [b"{".to_vec(), b"{}".to_vec(), serde_json::to_vec(&empty).unwrap(), serde_json::to_vec(&zero).unwrap()]
    {
        server.post_as(&node.key, "/api/v1/sync/push", body).await.assert_problem(400, "MALFORMED_BODY");
    }
    assert_eq!(company.count("select times from refusal where tenant_id = $1 and code = 'MALFORMED_BODY'").await, 4);
    let large = vec![b' '; comptoir_core::limits::PUSH_BODY_BYTES_MAX + 1];
    server.post_as(&node.key, "/api/v1/sync/push", large).await.assert_problem(413, "TOO_LARGE");
}

#[tokio::test]
async fn an_event_id_counts_once() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut first, mut second) = (company.node().await, company.node().await);
    let event = first.event("SALE", "s-1", "SALE_RECORDED", &Sale::default().payload());
    first.seal_event(event.clone());
    first.push_all(&server).await;
    // After a restore the same event is sealed again: twice in one push, and by another node.
    first.open_epoch(2);
    first.seal_event(event.clone());
    first.seal_event(event.clone());
    let other_content =
        Event { id: event.id, ..first.event("SALE", "s-2", "SALE_RECORDED", &Sale::default().payload()) };
    first.seal_event(other_content);
    let fresh = first.event("SALE", "s-3", "SALE_RECORDED", &Sale::default().payload());
    first.seal_event(fresh.clone());
    first.seal_event(fresh);
    let expected = ["ACCEPTED", "DUPLICATE", "DUPLICATE", "REJECTED EVENT_ID_REUSED", "ACCEPTED", "DUPLICATE"];
    assert_eq!(verdicts(&first.push_all(&server).await), expected);
    second.seal_event(event);
    assert_eq!(verdicts(&second.push_all(&server).await), ["ACCEPTED", "DUPLICATE"]);
    assert_eq!(verdicts(&first.push_all(&server).await), expected, "again, from the stored decisions");
    assert_eq!(
        company.count("select count(*) from stock_item where tenant_id = $1 and backordered = 4").await,
        1,
        "two sales"
    );
    company.assert_gapless().await;
}

#[tokio::test]
async fn using_an_id_that_central_would_derive_does_not_block_an_invoice() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let invoice = node.event("INVOICE", "i-1", "INVOICE_CREATED", &InvoiceCreation::default().payload());
    let taken = Event {
        id: invoice.id.derived("INVOICE_REFERENCE_ASSIGNED"),
        ..node.event("SALE", "s-1", "SALE_RECORDED", &Sale::default().payload())
    };
    node.seal_event(taken);
    node.push_all(&server).await;
    node.seal_event(invoice);
    let answer = node.push(&server, 3, 3).await;
    assert_eq!(verdicts(&answer), ["ACCEPTED"]);
    assert!(answer.results[0].reference.is_some(), "the decision has the number");
    // Central's own event is in the log without effect, since the sale uses its id.
    let reused = "select count(*) from event where tenant_id = $1 and code = 'EVENT_ID_REUSED' and action = 'INVOICE_REFERENCE_ASSIGNED'";
    assert_eq!(company.count(reused).await, 1);
    company.assert_gapless().await;
}

#[tokio::test]
async fn one_rejected_record_does_not_hold_up_the_others() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let mut wrong = EventId::new(uuid::Uuid::nil());
    for sale in 0..2_000 {
        if sale == 1_234 {
            wrong = node.seal("PRODUCT", "p", "CREATE", &json!({ "name": "only central makes products" }));
        } else {
            node.sell(&format!("s-{sale}"));
        }
    }
    let answer = node.push_all(&server).await;
    let refused: Vec<_> = answer.results.iter().filter(|result| result.verdict != "ACCEPTED").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].event_id, wrong.uuid());
    assert_eq!(refused[0].code.as_deref(), Some("CENTRAL_ONLY"));
    company.assert_gapless().await;
}
