//! Events posted at central: the same drafts as at a node, each result with its decision.

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_test_support::TestCentral;
use comptoir_test_support::events::{InvoiceCreation, Sale, TestEvent};
use serde_json::{Value, json};
use uuid::Uuid;

/// The draft of a sale under this event id; a total of 510 is right.
fn sale_draft(id: Uuid, total_minor: i64) -> Value {
    json!({
        "id": id, "entity_type": "SALE", "entity_id": "s-1", "action": "SALE_RECORDED", "user": "u-1",
        "occurred_at": "2026-03-01T10:00:00Z", "payload": Sale { total_minor, ..Sale::default() }.payload(),
    })
}

#[tokio::test]
async fn a_draft_is_sealed_by_central_and_a_retry_is_the_same_event() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let id = Uuid::now_v7();
    let first = shop.post(&server, "/api/v1/events", sale_draft(id, 510)).await.assert_ok();
    let result = &first["results"][0];
    assert_eq!(result["event_id"], json!(id));
    assert_eq!(result["duplicate"], false);
    assert_eq!(result["seq"], 3);
    assert_eq!(result["decision"]["verdict"], "ACCEPTED");
    let again = shop.post(&server, "/api/v1/events", sale_draft(id, 510)).await.assert_ok();
    let mut expected = result.clone();
    expected["duplicate"] = json!(true);
    assert_eq!(again["results"][0], expected);
    let mut other = sale_draft(id, 510);
    other["entity_id"] = json!("s-2");
    shop.post(&server, "/api/v1/events", &other).await.assert_problem(409, "EVENT_ID_REUSED");
    let event = shop.get(&server, &format!("/api/v1/events/{id}")).await.assert_ok();
    assert_eq!(event["site"], json!(company.site.uuid()), "the key's shop");
    assert_eq!(company.events().await, 3);
}

#[tokio::test]
async fn a_retry_with_the_same_idempotency_key_is_the_same_event() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let body = json!({ "currency": "EUR", "total_minor": 510,
        "lines": [{ "product": "A", "quantity": "2", "unit_price": "2.55" }] });
    let request = |key: Option<&str>| {
        let request = Request::post("/api/v1/sales")
            .header(header::AUTHORIZATION, format!("Bearer {}", shop.key))
            .header(header::CONTENT_TYPE, "application/json");
        let request = key.map(|key| request.header("idempotency-key", key)).unwrap_or_else(|| {
            Request::post("/api/v1/sales")
                .header(header::AUTHORIZATION, format!("Bearer {}", shop.key))
                .header(header::CONTENT_TYPE, "application/json")
        });
        request.body(Body::from(body.to_string())).unwrap()
    };
    let first = server.request(request(Some("till-1/42"))).await.assert_ok();
    let again = server.request(request(Some("till-1/42"))).await.assert_ok();
    assert_eq!(again["results"][0]["event_id"], first["results"][0]["event_id"]);
    assert_eq!(again["results"][0]["duplicate"], true);
    server.request(request(None)).await.assert_problem(400, "IDEMPOTENCY_KEY_MISSING");
}

#[tokio::test]
async fn a_list_is_all_or_nothing() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let (known, good) = (Uuid::now_v7(), Uuid::now_v7());
    shop.post(&server, "/api/v1/events", sale_draft(known, 510)).await.assert_ok();
    let mut reused = sale_draft(known, 510);
    reused["user"] = json!("u-2");
    let problem = shop.post(&server, "/api/v1/events", json!([sale_draft(good, 510), reused])).await;
    problem.assert_problem(422, "BATCH_REJECTED");
    assert_eq!(problem.body["problems"][0]["code"], "BATCH_REJECTED");
    assert_eq!(problem.body["problems"][1]["code"], "EVENT_ID_REUSED");
    assert_eq!(problem.body["problems"][1]["pointer"], "/1/id");
    let problem =
        shop.post(&server, "/api/v1/events", json!([sale_draft(good, 510), sale_draft(Uuid::now_v7(), 511)])).await;
    problem.assert_problem(422, "BATCH_REJECTED");
    assert_eq!(problem.body["problems"][1]["code"], "TOTAL_MISMATCH");
    assert_eq!(company.events().await, 3, "nothing of either list");
    let list = json!([sale_draft(good, 510), sale_draft(good, 510), sale_draft(known, 510)]);
    let answer = shop.post(&server, "/api/v1/events", list).await.assert_ok();
    let duplicates: Vec<_> = answer["results"].as_array().unwrap().iter().map(|r| r["duplicate"].clone()).collect();
    assert_eq!(duplicates, [json!(false), json!(true), json!(true)]);
}

#[tokio::test]
async fn a_stream_keeps_the_good_lines_and_answers_every_line() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let ids: Vec<Uuid> = (0..250).map(|_| Uuid::now_v7()).collect();
    let mut lines: Vec<String> = ids.iter().map(|id| sale_draft(*id, 510).to_string()).collect();
    lines[7] = sale_draft(ids[7], 511).to_string();
    lines[9] = "{".to_owned();
    lines.insert(20, String::new());
    let request = Request::post("/api/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {}", shop.key))
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body(Body::from(lines.join("\n")))
        .unwrap();
    let body = server.request(request).await.assert_ok();
    let answers: Vec<Value> = body.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 250);
    assert_eq!(answers[7]["line"], 8);
    assert_eq!(answers[7]["problem"]["code"], "TOTAL_MISMATCH");
    assert_eq!(answers[9]["line"], 10);
    assert_eq!(answers[9]["problem"]["code"], "MALFORMED_BODY");
    let appended = answers.iter().filter(|answer| answer["decision"]["verdict"] == json!("ACCEPTED")).count();
    assert_eq!(appended, 248);
    assert_eq!(company.events().await, 2 + 248);
}

#[tokio::test]
async fn a_site_s_key_cannot_write_what_only_central_writes() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let product = json!({ "id": Uuid::now_v7(), "entity_type": "PRODUCT", "entity_id": "A", "action": "CREATE",
        "payload": { "name": "Pomme" } });
    shop.post(&server, "/api/v1/events", &product).await.assert_problem(422, "CENTRAL_ONLY");
    let answer = company.post("/api/v1/events", &product).await.assert_ok();
    assert_eq!(answer["results"][0]["decision"]["verdict"], "ACCEPTED");
    let delivery =
        json!({ "id": Uuid::now_v7(), "entity_id": "d-1", "reference": "BL-1", "client": "Dupont" }).to_string();
    shop.post(&server, "/api/v1/deliveries", delivery.clone()).await.assert_problem(422, "CENTRAL_ONLY");
    company.post("/api/v1/deliveries", delivery.clone()).await.assert_ok();
    let again = company.post("/api/v1/deliveries", delivery).await.assert_ok();
    assert_eq!(again["results"][0]["duplicate"], true, "the generated code is the same");
    let qr: String = server
        .admin()
        .await
        .query_one("select qr from delivery where tenant_id = $1", &[&company.tenant.uuid()])
        .await
        .unwrap()
        .get(0);
    assert_eq!(qr.len(), 32);
    let validation = json!({ "id": Uuid::now_v7(), "qr": qr, "validated_at": "2026-03-01T10:00:00Z" });
    let validated = shop.post(&server, "/api/v1/deliveries/d-1/validate", &validation).await.assert_ok();
    assert_eq!(validated["results"][0]["decision"]["verdict"], "ACCEPTED");
    let late = json!({ "id": Uuid::now_v7(), "qr": qr, "validated_at": "2026-03-01T11:00:00Z" });
    let late = shop.post(&server, "/api/v1/deliveries/d-1/validate", late).await.assert_ok();
    let decision = &late["results"][0]["decision"];
    assert_eq!(decision["code"], "ALREADY_VALIDATED");
    assert_eq!(decision["resolution"]["action"], "DISCARD_LOCAL");
}

#[tokio::test]
async fn two_people_who_edit_one_entity_through_central_do_not_overwrite_each_other() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let edit = |action: &str, base: Option<u64>, grade: &str| {
        json!({ "id": Uuid::now_v7(), "entity_type": "STUDENT", "entity_id": "7", "action": action,
            "base_version": base, "payload": { "grade": grade } })
        .to_string()
    };
    let created = company.post("/api/v1/events", edit("CREATE", None, "12")).await.assert_ok();
    let version = created["results"][0]["decision"]["position"].as_u64();
    let first = company.post("/api/v1/events", edit("UPDATE", version, "13")).await.assert_ok();
    assert_eq!(first["results"][0]["decision"]["verdict"], "ACCEPTED");
    company
        .post("/api/v1/events", edit("UPDATE", version, "14"))
        .await
        .assert_problem(412, "PRECONDITION_FAILED")
        .field("version", first["results"][0]["decision"]["position"].clone());
}

#[tokio::test]
async fn an_invoice_posted_at_central_is_numbered_in_its_shops_series() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let mut invoice = InvoiceCreation::default().payload();
    invoice["id"] = json!(Uuid::now_v7());
    invoice["entity_id"] = json!("i-1");
    let answer = shop.post(&server, "/api/v1/invoices", &invoice).await.assert_ok();
    let reference = answer["results"][0]["decision"]["reference"].as_str().unwrap().to_owned();
    assert!(reference.ends_with("-LYO-000001"), "{reference}");
    let cancel = json!({ "id": Uuid::now_v7(), "reason": "error" }).to_string();
    let answer = shop.post(&server, "/api/v1/invoices/i-1/cancel", cancel).await.assert_ok();
    let credit_note = answer["results"][0]["decision"]["reference"].as_str().unwrap().to_owned();
    assert!(credit_note.starts_with('A') && credit_note.ends_with("-LYO-000001"), "{credit_note}");
}
