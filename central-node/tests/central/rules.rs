//! The rules on stored rows: one transaction's state is what the next one decides by.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::StatusCode;
use comptoir_central::Clock;
use comptoir_core::limits::ENTITY_BYTES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::read_v1::EntityRow;
use comptoir_test_support::events::{InvoiceCreation, Sale, TestEvent};
use comptoir_test_support::{NOON, TestCentral, verdicts};
use serde_json::json;

use crate::pulling::pull;

#[tokio::test]
async fn invoices_of_three_nodes_are_numbered_without_gap_or_duplicate() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut references = Vec::new();
    let mut nodes = Vec::new();
    for number in 0..3 {
        let mut node = company.node().await;
        for invoice in 0..7 {
            node.record(&format!("{number}-{invoice}"), &InvoiceCreation::default());
            // The same invoice again is refused and takes no number.
            node.record(&format!("{number}-{invoice}"), &InvoiceCreation::default());
        }
        nodes.push(node);
    }
    let answers = futures_util::future::join_all(nodes.iter().map(|node| node.push_all(&server))).await;
    references.extend(answers.iter().flat_map(|answer| &answer.results).filter_map(|result| result.reference.clone()));
    let numbers: BTreeSet<u32> = references.iter().map(|text| text[text.len() - 6..].parse().unwrap()).collect();
    assert_eq!(references.len(), 21);
    assert_eq!(numbers, (1..=21).collect());
    // Each number is an event of central's own log, right after its invoice.
    let sql = "select count(*) from event a join event i on i.tenant_id = a.tenant_id and i.position = a.position - 1
               where a.tenant_id = $1 and a.action = 'INVOICE_REFERENCE_ASSIGNED' and i.action = 'INVOICE_CREATED'
                 and i.verdict = 'ACCEPTED' and a.verdict = 'ACCEPTED'";
    assert_eq!(company.count(sql).await, 21);
    company.assert_gapless().await;
}

#[tokio::test]
async fn an_invoice_number_s_year_is_that_of_its_receipt_in_the_tenant_s_zone() {
    // 2026-12-31T22:59:59.999900Z is a hundred microseconds before midnight in Paris. A push of one record reserves six.
    let clock = Arc::new(AtomicI64::new(1_798_757_999_999_900));
    let at = Arc::clone(&clock);
    let server = TestCentral::at(Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))).await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    node.record("old", &InvoiceCreation::default());
    clock.store(1_798_757_990_000_000, Ordering::SeqCst);
    let old = node.push(&server, 2, 2).await;
    assert_eq!(old.results[0].reference.as_deref(), Some("F2026-LYO-000001"), "a clock that went back changes nothing");
    for number in 0..9 {
        node.record(&format!("new-{number}"), &InvoiceCreation::default());
    }
    clock.store(1_798_757_999_999_999, Ordering::SeqCst);
    let new = node.push(&server, 3, 11).await;
    let references: Vec<_> = new.results.iter().map(|result| result.reference.clone().unwrap()).collect();
    assert_eq!(references[0], "F2027-LYO-000001", "a push that would straddle the new year is received after it");
    assert_eq!(references[8], "F2027-LYO-000009");
    let sql = "select count(*) from (select received_at <= lag(received_at) over (order by position) as back
               from event where tenant_id = $1) e where back";
    assert_eq!(company.count(sql).await, 0, "received_at strictly increases");
}

#[tokio::test]
async fn stock_is_first_in_first_out_across_transactions() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let receive = |quantity: &str, cost: &str| json!({ "lines": [{ "product": "A", "quantity": quantity, "unit_cost": cost, "lot": "L" }] });
    node.sell("before");
    node.seal("RECEPTION", "r-1", "GOODS_RECEIVED", &receive("3", "1.50"));
    node.seal("RECEPTION", "r-2", "GOODS_RECEIVED", &receive("5", "2.00"));
    node.sell("s-1");
    let refund = json!({ "currency": "EUR", "total_minor": 255, "original": "s-1",
        "lines": [{ "product": "A", "quantity": "1", "unit_price": "2.55" }] });
    node.seal("SALE", "back", "SALE_REFUNDED", &refund);
    // One record per transaction, so that all state goes through the tables.
    for seq in 1..=node.seq.0 {
        node.push(&server, seq, seq).await;
    }
    let sql = "select lots::text, backordered::text, consumed_quantity::text, consumed_cost::text from stock_item where tenant_id = $1";
    let row = server.admin().await.query_one(sql, &[&company.tenant.uuid()]).await.unwrap();
    let lots: serde_json::Value = serde_json::from_str(row.get("lots")).unwrap();
    // The first lot covers the backorder of two; the sale takes one of each lot; one comes back at their average cost.
    assert_eq!(lots.as_array().unwrap().len(), 2, "{lots}");
    assert_eq!(lots[0]["quantity"], "4");
    assert_eq!(lots[0]["unit_cost"], "2.00");
    assert_eq!(lots[1]["quantity"], "1");
    assert_eq!(lots[1]["unit_cost"], "1.75");
    assert_eq!(row.get::<_, &str>("backordered"), "0");
    assert_eq!(row.get::<_, &str>("consumed_quantity"), "4");
    assert_eq!(row.get::<_, &str>("consumed_cost"), "6.50");
}

#[tokio::test]
async fn two_drivers_validate_one_delivery_and_the_second_learns_who_was_first() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let delivery =
        json!({ "id": uuid::Uuid::now_v7(), "entity_id": "d-1", "reference": "BL-1", "client": "D", "qr": "QR" });
    company.post("/api/v1/deliveries", delivery).await.assert_ok();
    let (mut first, mut second) = (company.node().await, company.node().await);
    let validation =
        json!({ "qr": "QR", "validated_at": "2026-03-01T10:00:00Z", "latitude": "45.75", "longitude": "4.85" });
    let winner = first.seal("DELIVERY", "d-1", "DELIVERY_VALIDATED", &validation);
    second.seal("DELIVERY", "d-1", "DELIVERY_VALIDATED", &validation);
    assert_eq!(verdicts(&first.push_all(&server).await), ["ACCEPTED", "ACCEPTED"]);
    let answer = second.push_all(&server).await;
    assert_eq!(verdicts(&answer), ["ACCEPTED", "CONFLICT ALREADY_VALIDATED"]);
    let resolution = answer.results[1].resolution.as_ref().unwrap();
    assert_eq!(resolution["data"]["event_id"], json!(winner.uuid()));
    assert_eq!(resolution["data"]["place"], "45.75,4.85");
    assert_eq!(resolution["data"]["node"], json!(first.node.uuid()));
}

#[tokio::test]
async fn a_quarantined_event_takes_effect_once_a_person_releases_it() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let mut wrong = InvoiceCreation::default().payload();
    wrong["total_minor"] = json!(511);
    let sale = node.record("s-1", &Sale { total_minor: 511, ..Sale::default() });
    let invoice = node.seal("INVOICE", "i-1", "INVOICE_CREATED", &wrong);
    node.push_all(&server).await;
    assert_eq!(company.count("select count(*) from stock_item where tenant_id = $1").await, 0);
    let release = |event: comptoir_core::id::EventId| format!("/api/v1/quarantine/{event}/release");
    let body = json!({ "user": "boss", "reason": "a rebate" }).to_string();
    let released = company.post(&release(sale), body).await.assert_ok();
    assert_eq!(released["decision"]["verdict"], "ACCEPTED");
    assert_eq!(company.count("select count(*) from stock_item where tenant_id = $1 and backordered = 2").await, 1);
    let numbered = company.post(&release(invoice), "").await.assert_ok();
    let reference = numbered["decision"]["reference"].as_str().unwrap().to_owned();
    assert!(reference.contains("LYO-000001"), "{reference}");
    assert_eq!(
        company.count("select count(*) from event where tenant_id = $1 and action = 'INVOICE_REFERENCE_ASSIGNED' and entity_id = 'i-1'").await,
        1
    );
    let again = company.post(&release(sale), "").await.assert_ok();
    assert_eq!(again["decision"]["verdict"], "REJECTED");
    assert_eq!(again["decision"]["code"], "ALREADY_APPLIED");
    let unknown = comptoir_core::id::EventId::new(uuid::Uuid::from_u128(7));
    company.post(&release(unknown), "").await.assert_problem(404, "NOT_FOUND");
    let list = company.get("/api/v1/quarantine").await.assert_ok();
    assert!(list["events"].as_array().unwrap().is_empty(), "{list}");
}

#[tokio::test]
async fn last_writer_wins_compares_corrected_clocks() {
    let clock = Arc::new(AtomicI64::new(NOON));
    let at = Arc::clone(&clock);
    let server = TestCentral::at(Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))).await;
    let company = server.company().await;
    let (mut honest, mut fast) = (company.node().await, company.node().await);
    let hour = 3_600_000_000;
    // The fast clock is an hour ahead: its edit was made at NOON - 30 min. The honest node edits ten minutes later.
    let mut early = fast.event("CLIENT", "c-1", "CREATE", &json!({ "name": "early" }));
    early.time_source = comptoir_core::event::TimeSource::Node;
    early.occurred_at = Timestamp(NOON + hour / 2);
    fast.seal_event(early);
    let mut late = honest.event("CLIENT", "c-1", "CREATE", &json!({ "name": "late" }));
    late.occurred_at = Timestamp(NOON - hour / 3);
    honest.seal_event(late);
    honest.push_all(&server).await;
    let mut request = fast.request(1, 2);
    request.node_time = comptoir_proto::instant::format(Timestamp(NOON + hour));
    let answer = fast.send_push(&server, &request).await.assert_ok();
    assert_eq!(answer["results"][1]["code"], "OVERWRITTEN", "{answer}");
    let sql = "select fields->>'name' from entity where tenant_id = $1 and entity_type = 'CLIENT'";
    let name: String = server.admin().await.query_one(sql, &[&company.tenant.uuid()]).await.unwrap().get(0);
    assert_eq!(name, "late");
    let offset = "select max(clock_offset_micros) from ingest_batch where tenant_id = $1";
    assert_eq!(company.count(offset).await, hour);
}

#[tokio::test]
async fn the_export_is_the_whole_log_and_its_decision_chain_holds() {
    use comptoir_core::chain::decision_link;
    use comptoir_proto::bundle_v1::{BundleHeader, BundleReader, Frame};

    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell_many(700, |sale| format!("s-{sale}"));
    node.push_all(&server).await;
    for after in [0u64, 5, 702] {
        let path = format!("/api/v1/events/export?after={after}");
        let request = axum::http::Request::get(path)
            .header("authorization", format!("Bearer {}", company.token))
            .body(axum::body::Body::empty())
            .unwrap();
        let response = tower::ServiceExt::oneshot(server.router.clone(), request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        let mut reader = BundleReader::open(&bytes[..]).unwrap();
        let BundleHeader::Central { decision_chain, .. } = *reader.header() else { panic!("a tenant's bundle") };
        let (mut chain, mut entries) = (decision_chain, 0);
        while let Some((_, frame)) = reader.next_frame().unwrap() {
            let Frame::Entry(entry) = frame else { panic!("{frame:?}") };
            chain = decision_link(chain, entry.decision);
            assert_eq!(chain, entry.decision_chain, "at position {}", entry.position);
            entries += 1;
        }
        assert_eq!(entries, 703 - after);
        let head: Vec<u8> = server
            .admin()
            .await
            .query_one("select decision_chain from tenant_head where tenant_id = $1", &[&company.tenant.uuid()])
            .await
            .unwrap()
            .get(0);
        assert_eq!(chain.0.as_slice(), head);
    }
}

#[tokio::test]
async fn an_entity_grows_to_its_limit_is_pulled_whole_and_grows_no_further() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let rest = ENTITY_BYTES_MAX - 1 - (200_002 + 5) - (2 + 5);
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "a": "x".repeat(200_000) }));
    node.seal("CLIENT", "c-1", "UPDATE", &json!({ "b": "é".repeat(rest / 2) + &"z".repeat(rest % 2) }));
    node.seal("CLIENT", "c-1", "UPDATE", &json!({ "c": 1 }));
    let answer = node.push_all(&server).await;
    assert_eq!(verdicts(&answer)[1..], ["ACCEPTED", "ACCEPTED", "REJECTED ENTITY_TOO_LARGE"]);
    let detail = answer.results[3].detail.as_deref().unwrap();
    assert!(
        detail.starts_with("CLIENT c-1 has 393216 bytes of fields and would have 393222, at most 393216"),
        "{detail}"
    );
    let page = pull(&server, &node, None, 100).await;
    let row: EntityRow = serde_json::from_str(page.changes[0].row.as_ref().unwrap().get()).unwrap();
    assert_eq!(row.fields.get().len(), ENTITY_BYTES_MAX, "as a node receives it, to the byte");
    // An edit posted at central is refused before anything is sealed.
    let draft = |payload| {
        json!({ "id": uuid::Uuid::now_v7(), "entity_type": "CLIENT", "entity_id": "c-1", "action": "UPDATE",
            "base_version": row.version, "payload": payload })
    };
    company.post("/api/v1/events", draft(json!({ "c": 1 }))).await.assert_problem(422, "ENTITY_TOO_LARGE");
    let less = draft(json!({ "a": null, "c": 1 })).to_string();
    server.post_as(&company.token, "/api/v1/events", less).await.assert_ok();
    company.assert_gapless().await;
}
