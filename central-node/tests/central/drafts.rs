//! Events posted at central: the same drafts as at a node, with what was decided beside each result.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use comptoir_test_support::TestCentral;
use comptoir_test_support::events::{Invoice, Sale, TestEvent};
use serde_json::{Value, json};
use uuid::Uuid;

fn sale(id: Uuid, total_minor: i64) -> Value {
    json!({
        "id": id, "entity_type": "SALE", "entity_id": "s-1", "action": "SALE_RECORDED", "user": "u-1",
        "occurred_at": "2026-03-01T10:00:00Z", "payload": Sale { total_minor, ..Sale::default() }.payload(),
    })
}

#[tokio::test]
async fn a_draft_is_sealed_by_central_and_a_retry_is_the_same_event() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let id = Uuid::now_v7();
    let (status, first) = scene.post(&shop.key, "/api/v1/events", sale(id, 510).to_string()).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let result = &first["results"][0];
    assert_eq!((&result["event_id"], &result["duplicate"], &result["seq"]), (&json!(id), &json!(false), &json!(3)));
    assert_eq!(result["decision"]["verdict"], json!("ACCEPTED"));
    let (_, again) = scene.post(&shop.key, "/api/v1/events", sale(id, 510).to_string()).await;
    let mut expected = result.clone();
    expected["duplicate"] = json!(true);
    assert_eq!(again["results"][0], expected);
    let mut other = sale(id, 510);
    other["entity_id"] = json!("s-2");
    let (status, problem) = scene.post(&shop.key, "/api/v1/events", other.to_string()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("EVENT_ID_REUSED")));
    let (_, event) = scene.get(&shop.key, &format!("/api/v1/events/{id}")).await;
    assert_eq!(event["site"], json!(company.site.uuid()), "the key's shop");
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 3);
}

#[tokio::test]
async fn an_idempotency_key_makes_a_retry_the_same_event() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
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
    let (status, first) = scene.send(request(Some("till-1/42"))).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let (_, again) = scene.send(request(Some("till-1/42"))).await;
    assert_eq!(again["results"][0]["event_id"], first["results"][0]["event_id"]);
    assert_eq!(again["results"][0]["duplicate"], json!(true));
    let (status, problem) = scene.send(request(None)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("IDEMPOTENCY_KEY_MISSING")));
}

#[tokio::test]
async fn a_list_is_all_or_nothing() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let (known, good) = (Uuid::now_v7(), Uuid::now_v7());
    scene.post(&shop.key, "/api/v1/events", sale(known, 510).to_string()).await;
    let mut reused = sale(known, 510);
    reused["user"] = json!("u-2");
    let (status, problem) = scene.post(&shop.key, "/api/v1/events", json!([sale(good, 510), reused]).to_string()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("BATCH_REJECTED")));
    assert_eq!(problem["problems"][0]["code"], json!("BATCH_REJECTED"));
    assert_eq!(problem["problems"][1]["code"], json!("EVENT_ID_REUSED"));
    assert_eq!(problem["problems"][1]["pointer"], json!("/1/id"));
    let (status, problem) =
        scene.post(&shop.key, "/api/v1/events", json!([sale(good, 510), sale(Uuid::now_v7(), 511)]).to_string()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["problems"][1]["code"], json!("TOTAL_MISMATCH"));
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 3, "nothing of either");
    let (status, answer) = scene
        .post(&shop.key, "/api/v1/events", json!([sale(good, 510), sale(good, 510), sale(known, 510)]).to_string())
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let duplicates: Vec<_> = answer["results"].as_array().unwrap().iter().map(|r| r["duplicate"].clone()).collect();
    assert_eq!(duplicates, [json!(false), json!(true), json!(true)]);
}

#[tokio::test]
async fn a_stream_keeps_the_good_lines_and_answers_each() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let ids: Vec<Uuid> = (0..250).map(|_| Uuid::now_v7()).collect();
    let mut lines: Vec<String> = ids.iter().map(|id| sale(*id, 510).to_string()).collect();
    lines[7] = sale(ids[7], 511).to_string();
    lines[9] = "{".to_owned();
    lines.insert(20, String::new());
    let request = Request::post("/api/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {}", shop.key))
        .header(header::CONTENT_TYPE, "application/x-ndjson")
        .body(Body::from(lines.join("\n")))
        .unwrap();
    let (status, body) = scene.send(request).await;
    assert_eq!(status, StatusCode::OK);
    let answers: Vec<Value> = body.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 250);
    assert_eq!((&answers[7]["line"], &answers[7]["problem"]["code"]), (&json!(8), &json!("TOTAL_MISMATCH")));
    assert_eq!((&answers[9]["line"], &answers[9]["problem"]["code"]), (&json!(10), &json!("MALFORMED_BODY")));
    let appended = answers.iter().filter(|answer| answer["decision"]["verdict"] == json!("ACCEPTED")).count();
    assert_eq!(appended, 248);
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 2 + 248);
}

#[tokio::test]
async fn a_shop_may_not_write_through_central_what_is_centrals_own() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let product = json!({ "id": Uuid::now_v7(), "entity_type": "PRODUCT", "entity_id": "A", "action": "CREATE",
        "payload": { "name": "Pomme" } });
    let (status, problem) = scene.post(&shop.key, "/api/v1/events", product.to_string()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("CENTRAL_ONLY")));
    let (status, answer) = scene.post(&company.token, "/api/v1/events", product.to_string()).await;
    assert_eq!((status, &answer["results"][0]["decision"]["verdict"]), (StatusCode::OK, &json!("ACCEPTED")));
    let delivery =
        json!({ "id": Uuid::now_v7(), "entity_id": "d-1", "reference": "BL-1", "client": "Dupont" }).to_string();
    let (status, problem) = scene.post(&shop.key, "/api/v1/deliveries", delivery.clone()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("CENTRAL_ONLY")));
    let (status, made) = scene.post(&company.token, "/api/v1/deliveries", delivery.clone()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let (_, again) = scene.post(&company.token, "/api/v1/deliveries", delivery).await;
    assert_eq!(again["results"][0]["duplicate"], json!(true), "the code made for it is the same again");
    let qr: String = scene
        .admin()
        .await
        .query_one("select qr from delivery where tenant_id = $1", &[&company.tenant.uuid()])
        .await
        .unwrap()
        .get(0);
    assert_eq!(qr.len(), 32);
    let validation = json!({ "id": Uuid::now_v7(), "qr": qr, "validated_at": "2026-03-01T10:00:00Z" });
    let (_, validated) = scene.post(&shop.key, "/api/v1/deliveries/d-1/validate", validation.to_string()).await;
    assert_eq!(validated["results"][0]["decision"]["verdict"], json!("ACCEPTED"));
    let late = json!({ "id": Uuid::now_v7(), "qr": qr, "validated_at": "2026-03-01T11:00:00Z" });
    let (status, late) = scene.post(&shop.key, "/api/v1/deliveries/d-1/validate", late.to_string()).await;
    let decision = &late["results"][0]["decision"];
    assert_eq!((status, &decision["code"]), (StatusCode::OK, &json!("ALREADY_VALIDATED")));
    assert_eq!(decision["resolution"]["action"], json!("DISCARD_LOCAL"));
}

#[tokio::test]
async fn two_people_who_edit_one_entity_through_central_do_not_overwrite_each_other() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let edit = |action: &str, base: Option<u64>, grade: &str| {
        json!({ "id": Uuid::now_v7(), "entity_type": "STUDENT", "entity_id": "7", "action": action,
            "base_version": base, "payload": { "grade": grade } })
        .to_string()
    };
    let (_, created) = scene.post(&company.token, "/api/v1/events", edit("CREATE", None, "12")).await;
    let version = created["results"][0]["decision"]["position"].as_u64();
    let (_, first) = scene.post(&company.token, "/api/v1/events", edit("UPDATE", version, "13")).await;
    assert_eq!(first["results"][0]["decision"]["verdict"], json!("ACCEPTED"));
    let (status, problem) = scene.post(&company.token, "/api/v1/events", edit("UPDATE", version, "14")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PRECONDITION_FAILED, &json!("PRECONDITION_FAILED")));
    assert_eq!(problem["version"], first["results"][0]["decision"]["position"]);
}

#[tokio::test]
async fn an_invoice_posted_at_central_is_numbered_in_its_shops_series() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let mut invoice = Invoice::default().payload();
    invoice["id"] = json!(Uuid::now_v7());
    invoice["entity_id"] = json!("i-1");
    let (_, answer) = scene.post(&shop.key, "/api/v1/invoices", invoice.to_string()).await;
    let reference = answer["results"][0]["decision"]["reference"].as_str().unwrap().to_owned();
    assert!(reference.ends_with("-LYO-000001"), "{reference}");
    let cancel = json!({ "id": Uuid::now_v7(), "reason": "error" }).to_string();
    let (_, answer) = scene.post(&shop.key, "/api/v1/invoices/i-1/cancel", cancel).await;
    let credit_note = answer["results"][0]["decision"]["reference"].as_str().unwrap().to_owned();
    assert!(credit_note.starts_with('A') && credit_note.ends_with("-LYO-000001"), "{credit_note}");
}
