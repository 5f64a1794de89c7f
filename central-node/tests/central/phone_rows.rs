//! What a phone sends in the columns of the mobile document's own tables, and its audit entries.

use comptoir_test_support::events::InvoiceCreation;
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{ids, office, phone_event, phone_push, phone_record, pull};

async fn order(company: &TestTenant<'_>, id: &str) {
    let order = json!({ "reference": "BL-1", "client": "Zoé", "qr": "QR-1" });
    office(company, "DELIVERY", id, "DELIVERY_CREATED", order).await;
}

/// A row of `pending_delivery_validations`.
fn validation(delivery: &str) -> Value {
    json!({
        "id": "v-1", "delivery_id": delivery, "qr_scanned": "QR-1", "validated_at": "2026-03-01 09:00:00", "latitude": 48.8566,
        "longitude": 2.3522, "signature_path": "/data/s-1.png", "photo_path": null, "status": "PENDING",
    })
}

async fn rows(company: &TestTenant<'_>, entity_type: &str) -> Vec<Value> {
    let page = pull(company, "phone-9", "1970-01-01T00:00:00Z", 100).await;
    let rows = page["events"].as_array().unwrap().iter().filter(|event| event["entity_type"] == entity_type);
    rows.map(|event| event["payload"].clone()).collect()
}

async fn sealed(company: &TestTenant<'_>, event: &Value) -> Value {
    company.get(&format!("/api/v1/events/{}", event["id"].as_str().unwrap())).await.assert_ok()
}

/// M1.
#[tokio::test]
async fn a_row_of_the_validations_table_validates_its_delivery_and_is_sealed_as_sent() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    order(&company, "d-1").await;
    // The event's entity is the row: the row names the delivery.
    let events = [phone_event("DELIVERY", "v-1", "DELIVERY_VALIDATED", &validation("d-1"))];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["acked_event_ids"], json!([events[0]["id"]]), "{answer}");
    assert_eq!(answer["success"], true);
    let list = company.get("/api/v1/deliveries").await.assert_ok();
    let shown = &list["rows"][0]["validation"];
    assert_eq!((&shown["at"], &shown["place"]), (&json!("2026-03-01T09:00:00Z"), &json!("48.8566,2.3522")), "{list}");
    let event = sealed(&company, &events[0]).await;
    assert_eq!((&event["entity_id"], &event["schema_version"]), (&json!("d-1"), &json!(3)));
    assert_eq!(event["payload"], events[0]["payload"]);
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &events).await["acked_event_ids"], answer["acked_event_ids"]);
    let second = [phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &validation("d-1"))];
    let answer = phone_push(&company, &shop.key, "phone-2", &second).await;
    assert_eq!(answer["failed_events"][0]["error_code"], "ALREADY_VALIDATED", "{answer}");
}

/// M1: the document's invoices have a total and no lines, and no currency.
#[tokio::test]
async fn a_row_of_the_draft_invoices_is_an_invoice_of_one_line_that_the_office_sees() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    office(&company, "CLIENT", "12", "CREATE", json!({ "name": "Zoé" })).await;
    let row = |client: Value| json!({ "id": "i", "client_id": client, "total_ttc": 12_001, "status": "DRAFT", "sync_event_id": null });
    let lines = json!([{ "product": "A", "quantity": "2", "unit_price": "2.55" }]);
    let with_lines = json!({ "client_id": "12", "total_ttc": 510, "currency": "USD", "lines": lines });
    let events = [
        phone_event("INVOICE", "i-1", "INVOICE_CREATED", &row(json!(12))),
        phone_event("INVOICE", "i-2", "INVOICE_CREATED", &row(json!("12"))),
        phone_event("INVOICE", "i-3", "INVOICE_CREATED", &with_lines),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["success"], true, "{answer}");
    let list = company.get("/api/v1/invoices").await.assert_ok();
    let shown = |id: &str| {
        let row = list["rows"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        json!([row["client"], row["currency"], row["total_minor"]])
    };
    assert_eq!(shown("i-1"), json!(["12", "EUR", 12_001]), "the tenant's currency");
    assert_eq!(shown("i-2"), json!(["12", "EUR", 12_001]));
    assert_eq!(shown("i-3"), json!(["12", "USD", 510]), "the row's own currency");
    let first = sealed(&company, &events[0]).await;
    assert_eq!(first["payload"], json!({ "currency": "EUR", "row": events[0]["payload"] }));
    assert_eq!(first["decision"]["flags"], json!(["LINES_MISSING"]), "the office sees it");
    assert_eq!(sealed(&company, &events[2]).await["decision"]["flags"], json!(["UNKNOWN_REFERENCE"]), "of product A");
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &events).await["acked_event_ids"], answer["acked_event_ids"]);
}

/// M1, M2: what a row lacks is for a person, because something happened.
#[tokio::test]
async fn a_row_that_does_not_fit_waits_for_a_person() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    order(&company, "d-1").await;
    let mut unscanned = validation("d-1");
    unscanned["qr_scanned"] = Value::Null;
    let mut without_time = validation("d-1");
    without_time["validated_at"] = json!("one day at noon");
    let events = [
        phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &unscanned),
        phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &without_time),
        phone_event("INVOICE", "i-1", "INVOICE_CREATED", &json!({ "client_id": 12, "total_ttc": 120.5 })),
        phone_event("INVOICE", "i-2", "INVOICE_CREATED", &json!({ "client_id": 12, "total_ttc": -1 })),
        phone_event("INVOICE", "i-3", "INVOICE_CREATED", &json!({ "total_ttc": 1 })),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    let details = ids(&answer["failed_events"], "detail");
    let places = ["/payload/qr_scanned", "/payload/validated_at", "/payload/row/total_ttc", "/payload/row/total_ttc"];
    for (detail, place) in details.iter().zip(places) {
        assert!(detail.starts_with(place), "{detail}");
    }
    assert!(details[4].contains("client_id"), "{details:?}");
    assert_eq!(ids(&answer["failed_events"], "error_code"), ["INVALID_PAYLOAD"; 5]);
    let queue = company.get("/api/v1/quarantine").await.assert_ok();
    assert_eq!(queue["events"].as_array().map(Vec::len), Some(5), "{queue}");
}

/// An entry of section 8 of the document, as its phone stores it.
fn entry(id: &str, action: &str, delivery: &str, user: &str, occurred_at: &str) -> Value {
    json!({
        "id": id, "action": action, "entity_type": "DELIVERY", "entity_id": delivery, "user_id": user, "device_id": "phone-1",
        "occurred_at": occurred_at,
        "context": { "app_version": "1.4.2", "battery_level": 0.42, "network_type": "3g", "location": { "lat": 36.75, "lng": 3.05 } },
        "payload_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "synced": false,
    })
}

/// M4.
#[tokio::test]
async fn an_audit_entry_is_pushed_as_it_is_and_read_back() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let id = || Uuid::now_v7().to_string();
    let single = entry(&id(), "DELIVERY_SCANNED", "d-1", "11", "2026-03-01T09:00:00Z");
    let batch = [
        entry(&id(), "DELIVERY_SCANNED", "d-2", "11", "2026-03-01T10:00:00Z"),
        phone_record("i-1", &InvoiceCreation::default()),
        entry(&id(), "LOGIN", "d-2", "12", "2026-03-02T10:00:00Z"),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&single)).await;
    assert_eq!((&answer["success"], &answer["acked_event_ids"]), (&json!(true), &json!([single["id"]])), "{answer}");
    for _ in 0..2 {
        let answer = phone_push(&company, &shop.key, "phone-1", &batch).await;
        assert_eq!(answer["acked_event_ids"], json!(batch.each_ref().map(|event| &event["id"])), "{answer}");
    }
    let mut nameless = entry(&id(), "LOGIN", "d-2", "12", "2026-03-02T10:00:00Z");
    nameless["id"] = json!("");
    let refused = phone_push(&company, &shop.key, "phone-1", &[nameless]).await;
    assert_eq!(refused["failed_events"][0]["error_code"], "MALFORMED_BODY", "{refused}");
    let other = entry(&id(), "DELIVERY_SCANNED", "d-1", "11", "2026-03-03T09:00:00Z");
    phone_push(&company, &shop.key, "phone-2", std::slice::from_ref(&other)).await;

    let read = async |query: &str| {
        let page = company.get(&format!("/api/v1/audit-entries?{query}")).await.assert_ok();
        let entries = page["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["entry"]["id"].clone()).collect::<Vec<_>>()
    };
    let [scan, login] = [&batch[0], &batch[2]].map(|entry| entry["id"].clone());
    let (single_id, other_id) = (single["id"].clone(), other["id"].clone());
    let all = [single_id.clone(), scan.clone(), login.clone(), other_id.clone()];
    assert_eq!(read("").await, all);
    assert_eq!(read("device=phone-2").await, std::slice::from_ref(&other_id));
    assert_eq!(read("user=12").await, std::slice::from_ref(&login));
    assert_eq!(read("entity_type=DELIVERY&entity_id=d-1").await, [single_id.clone(), other_id]);
    assert_eq!(read("from=2026-03-01T10:00:00Z&to=2026-03-02T10:00:00Z").await, [scan]);
    let page = company.get("/api/v1/audit-entries?limit=1").await.assert_ok();
    assert_eq!(page["more"], true);
    let first = &page["entries"][0];
    assert_eq!(first["entry"], single, "every member is as it was sent");
    let subject = ["device", "user", "action", "entity_type", "entity_id", "occurred_at"].map(|name| &first[name]);
    let expected = ["phone-1", "11", "DELIVERY_SCANNED", "DELIVERY", "d-1", "2026-03-01T09:00:00Z"].map(Value::from);
    assert_eq!(subject, expected.each_ref());
    assert_eq!(read(&format!("limit=9&after={}", page["next"].as_str().unwrap())).await, all[1..]);
    company.get("/api/v1/audit-entries?from=hier").await.assert_problem(400, "INVALID_PARAMETER");
    company.get("/api/v1/audit-entries?from=").await.assert_problem(400, "INVALID_PARAMETER");
    company.get("/api/v1/audit-entries?limit=0").await.assert_problem(400, "INVALID_PARAMETER");
    scene.get_as("nobody", "/api/v1/audit-entries").await.assert_status(401);
    let foreign = scene.company().await.get("/api/v1/audit-entries").await.assert_ok();
    assert_eq!(foreign["entries"], json!([]), "another tenant sees none");
}

/// M1, M4: a scan is an audit fact, however the phone sends it; an audit is never in conflict.
#[tokio::test]
async fn an_audit_action_is_an_audit_fact_however_it_is_sent() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    order(&company, "d-1").await;
    let whole = entry("a-1", "DELIVERY_SCANNED", "d-1", "7", "2026-03-01T09:00:00.000Z");
    let first_form = json!({
        "action": "LOGIN", "subject": { "entity_type": "USER", "entity_id": "7" }, "context": { "battery_level": 0.42 },
    });
    let events = [
        phone_event("DELIVERY", "d-1", "DELIVERY_SCANNED", &json!({ "qr_scanned": "QR-1" })),
        phone_event("AUDIT", "a-1", "CREATE", &whole),
        phone_event("AUDIT", "a-1", "DELIVERY_SCANNED", &whole),
        phone_event("AUDIT", "a-2", "AUDIT_RECORDED", &first_form),
        phone_event("AUDIT", "a-3", "PRINTED", &json!({ "copies": 2 })),
    ];
    for _ in 0..2 {
        let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
        assert_eq!((&answer["success"], &answer["failed_events"]), (&json!(true), &json!([])), "{answer}");
    }
    let page = company.get("/api/v1/audit-entries").await.assert_ok();
    assert_eq!(
        ids(&page["entries"], "action"),
        ["DELIVERY_SCANNED", "DELIVERY_SCANNED", "DELIVERY_SCANNED", "LOGIN", "PRINTED"]
    );
    assert_eq!(ids(&page["entries"], "entity_id"), ["d-1", "d-1", "d-1", "7", "a-3"]);
    assert_eq!(page["entries"][0]["entry"]["payload"], json!({ "qr_scanned": "QR-1" }));
    assert_eq!(page["entries"][1]["entry"], whole);
    assert_eq!(rows(&company, "DELIVERY").await[0]["status"], "PENDING", "a scan validates nothing");
}
