//! Edges of the mobile and desktop contracts: limits, wrong bodies, choices made twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::TestCentral;
use serde_json::{Value, json};

use crate::devices::{outbox, phone_event, phone_push, up};

#[tokio::test]
async fn a_body_over_its_limit_is_read_to_its_end_so_that_the_sender_gets_the_answer() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let chunk = Bytes::from(vec![b' '; 1024 * 1024]);
    let chunks = LIST_BODY_BYTES_MAX / chunk.len() + 2;
    for announced in [true, false] {
        let arrived = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&arrived);
        let chunk = chunk.clone();
        let parts = tokio_stream::iter((0..chunks).map(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(chunk.clone())
        }));
        let mut request = Request::post("/api/sync/down")
            .header(header::AUTHORIZATION, format!("Bearer {}", company.token))
            .header(header::CONTENT_TYPE, "application/json");
        if announced {
            request = request.header(header::CONTENT_LENGTH, chunks * 1024 * 1024);
        }
        server.request(request.body(Body::from_stream(parts)).unwrap()).await.assert_problem(413, "TOO_LARGE");
        assert_eq!(arrived.load(Ordering::SeqCst), chunks, "the whole body was read, announced: {announced}");
    }
}

#[tokio::test]
async fn a_media_type_in_capitals_is_the_same_media_type() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let request = Request::post("/api/sync/down")
        .header(header::AUTHORIZATION, format!("Bearer {}", company.token))
        .header(header::CONTENT_TYPE, "Application/JSON; charset=UTF-8");
    server.request(request.body(Body::from(r#"{"clientId":"desk-1"}"#)).unwrap()).await.assert_ok();
}

#[tokio::test]
async fn a_conflict_has_a_code_and_a_reason_in_french() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let row = |id: &str, operation: &str, student: &str, payload: Value| {
        outbox(&company, id, operation, student, &payload, 1)
    };
    let made =
        [row("a-1", "CREATE", "s-1", json!({ "name": "Jean" })), row("a-2", "CREATE", "s-2", json!({ "name": "Léa" }))];
    up(&company, "desk-1", None, &made).await;
    up(&company, "desk-1", None, &[row("a-3", "DELETE", "s-1", json!({}))]).await;
    let edits = [
        row("b-1", "UPDATE", "s-1", json!({ "name": "Paul" })),
        row("b-2", "UPDATE", "s-2", json!({ "name": "Paul" })),
        row("b-3", "UPDATE", "s-3", json!({ "name": "Paul" })),
    ];
    let answer = up(&company, "desk-2", None, &edits).await;
    let conflicts = answer["conflicts"].as_array().unwrap();
    let codes: Vec<&Value> = conflicts.iter().map(|conflict| &conflict["code"]).collect();
    assert_eq!(codes, ["ENTITY_DELETED", "VERSION_CONFLICT", "UNKNOWN_ENTITY"], "{answer}");
    let reasons: Vec<&str> = conflicts.iter().map(|conflict| conflict["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].starts_with("Supprimé sur le serveur (version "), "{reasons:?}");
    assert!(reasons[1].starts_with("Version locale (1) différente de version serveur ("), "{reasons:?}");
    assert_eq!(reasons[2], "Inconnu du serveur");
    assert_eq!(conflicts[0]["serverData"], Value::Null, "nothing that a cache could read as a pupil without a name");
    assert_eq!(conflicts[1]["serverData"]["name"], "Léa");
}

#[tokio::test]
async fn a_second_choice_is_refused_as_resolved_and_a_merge_stores_no_identity_fields() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    up(&company, "desk-1", None, &[outbox(&company, "a-1", "CREATE", "s-1", &json!({ "name": "Jean" }), 1)]).await;
    let edit = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "name": "Paul" }), 1);
    let answer = up(&company, "desk-2", None, &[edit]).await;
    let mut merged = answer["conflicts"][0]["serverData"].clone();
    merged["name"] = json!("Jean-Paul");
    let choice = |accept: bool, merged: Option<&Value>| {
        json!({ "clientId": "desk-2", "outboxEventId": "b-1", "acceptServerVersion": accept, "merged": merged })
            .to_string()
    };
    let decided = company.post("/api/sync/resolve", choice(false, Some(&merged))).await.assert_ok();
    assert_eq!(decided["serverData"]["name"], "Jean-Paul", "{decided}");
    let student = company.get("/api/v1/entities/STUDENT/s-1").await.assert_ok();
    assert_eq!(student["fields"], json!({ "name": "Jean-Paul" }), "id and serverVersion are no fields of a pupil");
    company
        .post("/api/sync/resolve", choice(true, None))
        .await
        .assert_problem(409, "ALREADY_RESOLVED")
        .field("resolution_event_id", decided["serverEventId"].clone());
}

#[tokio::test]
async fn replaced_ids_leave_every_other_byte_of_a_payload_unchanged() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    up(&company, "desk-1", None, &[outbox(&company, "a-1", "CREATE", "s-1", &json!({ "name": "Jean" }), 1)]).await;
    let taken = outbox(&company, "b-1", "CREATE", "s-1", &json!({ "name": "Paul" }), 1);
    let answer = up(&company, "desk-2", None, &[taken]).await;
    let given = answer["acknowledged"][0]["entityId"].as_str().unwrap().to_owned();
    assert_ne!(given, "s-1");
    let body = format!(
        r#"{{"clientId":"desk-2","events":[{{"id":"b-2","tenantId":"{}","entityType":"GRADE","entityId":"g-1","operation":"CREATE",
            "payload":{{"studentIds":["s-1","s-2"],"by":[{{"student_id":"s-1"}}],"mark":12.50,"account":12345678901234567890123}},
            "localVersion":1,"createdAt":"2026-03-01T09:00:00Z"}}]}}"#,
        company.tenant.uuid()
    );
    let answer = company.post("/api/sync/up", body).await.assert_ok();
    assert_eq!(answer["rejected"][0]["code"], "INVALID_PAYLOAD", "{answer}");
    let log = company.get("/api/v1/events").await.assert_ok();
    let event = log["events"].as_array().unwrap().iter().find(|event| event["entity_id"] == "g-1").unwrap();
    assert_eq!(event["payload"]["studentIds"], json!([given, "s-2"]));
    assert_eq!(event["payload"]["by"], json!([{ "student_id": given }]));
    // Parsed and written again the number would be 1.2345678901234568e22 and pass.
    assert_eq!(event["decision"]["code"], "INVALID_PAYLOAD", "{event}");
    let detail = event["decision"]["detail"].as_str().unwrap();
    assert!(detail.contains("12345678901234567890123"), "{detail}");
}

#[tokio::test]
async fn a_failed_event_has_a_detail_and_an_unreadable_request_is_in_the_sync_log() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
    event["occurred_at"] = json!("hier");
    let answer = phone_push(&company, &company.token, "phone-1", &[event]).await;
    let detail = answer["failed_events"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("\"hier\""), "{detail}");
    // The body has no batch_id.
    company.post("/api/sync/push", r#"{"device_id":"phone-2","events":[]}"#).await.assert_status(400);
    let log = company.get("/api/v1/sync-log?client=phone-2&status=FAILED").await.assert_ok();
    let message = log["entries"][0]["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("batch_id"), "{log}");
    company.get("/api/v1/sync-log?status=failed").await.assert_problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn one_event_with_a_wrong_clock_does_not_make_the_others_of_its_batch_lose() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let at = |mut event: Value, hours: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        event["occurred_at"] = json!(instant::format(Timestamp((now + hours * 3_600) * 1_000_000)));
        event
    };
    let client = |id: &str, action: &str, name: &str| phone_event("CLIENT", id, action, &json!({ "name": name }));
    phone_push(&company, &company.token, "phone-1", &[at(client("c-1", "CREATE", "Zoé"), -2)]).await;
    // The phone's clock was ten years ahead for one event and right for the next.
    let edits = [at(client("c-2", "CREATE", "Luc"), 10 * 365 * 24), at(client("c-1", "UPDATE", "Zoë"), -1)];
    phone_push(&company, &company.token, "phone-2", &edits).await;
    let c1 = company.get("/api/v1/clients/c-1").await.assert_ok();
    assert_eq!(c1["fields"]["name"], "Zoë", "an hour ago is after two hours ago: {c1}");
    let log = company.get("/api/v1/sync-log?client=phone-2").await.assert_ok();
    assert_eq!(log["entries"][0]["clockDrifts"], true, "the drift is logged");
}
