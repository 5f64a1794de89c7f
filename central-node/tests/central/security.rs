//! Fraud signals: one test per kind, and the list. Tokens are tested with the users, keys in `keys.rs`.

use std::time::Duration;

use comptoir_core::event::Event;
use comptoir_test_support::events::{DeliveryOrder, DeliveryValidation, Sale, TestEvent as _};
use comptoir_test_support::{TestCentral, TestTenant, verdicts};
use serde_json::{Value, json};

use crate::devices::{phone_event, phone_push, phone_record};

/// The security events of a kind, as the list has them.
pub(crate) async fn events_of(company: &TestTenant<'_>, kind: &str) -> Vec<Value> {
    let page = company.get(&format!("/api/v1/security-events?kind={kind}")).await.assert_ok();
    page["events"].as_array().unwrap().clone()
}

/// The same, once the kind was seen that often: some are recorded after the answer.
pub(crate) async fn wait_for_events(company: &TestTenant<'_>, kind: &str, times: u64) -> Vec<Value> {
    loop {
        let page = company.get(&format!("/api/v1/security-events?kind={kind}")).await.assert_ok();
        if count_in(&page, kind)["times"] == times && !page["events"].as_array().unwrap().is_empty() {
            return page["events"].as_array().unwrap().clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn count_in(page: &Value, kind: &str) -> Value {
    page["counts"].as_array().unwrap().iter().find(|count| count["kind"] == kind).cloned().unwrap_or_default()
}

async fn counted(company: &TestTenant<'_>, kind: &str) -> (u64, u64) {
    let count = count_in(&company.get("/api/v1/security-events").await.assert_ok(), kind);
    (count["events"].as_u64().unwrap_or(0), count["times"].as_u64().unwrap_or(0))
}

/// 12.
#[tokio::test]
async fn a_foreign_qr_is_recorded_once_next_to_its_validation() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    company.record("d-1", &DeliveryOrder::default()).await;
    node.push_all(&server).await;
    let wrong = node.record("d-1", &DeliveryValidation { qr: "QR-OTHER".to_owned(), ..DeliveryValidation::default() });

    for _ in 0..2 {
        assert_eq!(verdicts(&node.push(&server, 2, 2).await), ["QUARANTINED QR_MISMATCH"]);
    }

    let events = events_of(&company, "FOREIGN_QR").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["subject"], json!({ "entity_type": "DELIVERY", "entity_id": "d-1" }));
    assert_eq!(events[0]["cause"], json!(wrong.uuid()));
    assert_eq!((&events[0]["node"], &events[0]["user"]), (&json!(node.node.uuid()), &json!("u-1")));
    assert!(events[0]["details"]["detail"].as_str().unwrap().contains("QR-OTHER"), "{events:?}");
    assert_eq!(counted(&company, "FOREIGN_QR").await, (1, 1));
    let sealed = company.get(&format!("/api/v1/events/{}", events[0]["event_id"].as_str().unwrap())).await.assert_ok();
    assert_eq!((&sealed["entity_type"], &sealed["action"]), (&json!("AUDIT"), &json!("SECURITY_RECORDED")));
    company.assert_gapless().await;
}

fn seen_at(delivery: &str, at: &str, latitude: f64, longitude: f64) -> Value {
    let payload = json!({ "qr": "q", "validated_at": at, "latitude": latitude, "longitude": longitude });
    let mut event = phone_event("DELIVERY", delivery, "DELIVERY_VALIDATED", &payload);
    event["occurred_at"] = at.into();
    event
}

/// 12: the same user on any device; a day's drive is none.
#[tokio::test]
async fn two_validations_that_no_road_connects_are_impossible_travel() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let (paris, lyon) = ((48.8566, 2.3522), (45.764, 4.8357));
    let possible = [
        seen_at("d-1", "2026-03-01T09:00:00Z", paris.0, paris.1),
        seen_at("d-2", "2026-03-01T14:00:00Z", lyon.0, lyon.1),
    ];
    phone_push(&company, &shop.key, "phone-1", &possible).await;
    assert_eq!(events_of(&company, "IMPOSSIBLE_TRAVEL").await.len(), 0);
    let teleported = [seen_at("d-3", "2026-03-01T14:10:00Z", paris.0, paris.1)];

    for _ in 0..2 {
        phone_push(&company, &shop.key, "phone-2", &teleported).await;
    }

    let events = events_of(&company, "IMPOSSIBLE_TRAVEL").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["cause"], &events[0]["device"]), (&teleported[0]["id"], &json!("phone-2")));
    let details = &events[0]["details"];
    assert_eq!((&details["seconds"], &details["other_event"]), (&json!(600), &possible[1]["id"]));
    assert!((380..400).contains(&details["kilometers"].as_u64().unwrap()), "{details}");
    // A scan is one too, and two users may be anywhere.
    let scan = json!({ "action": "DELIVERY_SCANNED", "entity_type": "DELIVERY", "entity_id": "d-4", "user_id": "7",
        "occurred_at": "2026-03-01T14:20:00Z", "context": { "location": { "lat": lyon.0, "lng": lyon.1 } } });
    let mut scan = phone_event("AUDIT", "a-1", "DELIVERY_SCANNED", &scan);
    scan["occurred_at"] = "2026-03-01T14:20:00Z".into();
    let mut colleague = seen_at("d-5", "2026-03-01T14:20:00Z", lyon.0, lyon.1);
    colleague["user_id"] = 8.into();
    phone_push(&company, &shop.key, "phone-1", &[scan, colleague]).await;
    assert_eq!(counted(&company, "IMPOSSIBLE_TRAVEL").await, (2, 2));
    company.assert_gapless().await;
}

/// 12: a time service corrects seconds.
#[tokio::test]
async fn a_clock_that_was_set_back_is_recorded_and_a_corrected_one_is_not() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let change = |change: &str, clock: &str, compared_with: &str| json!({ "change": change, "clock": clock, "compared_with": compared_with });
    let id = node.node.to_string();
    let (nine, ten) = ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z");
    node.seal("NODE", &id, "CLOCK_CHANGED", &change("stepped", "2026-03-01T09:59:55Z", ten));
    node.seal("NODE", &id, "CLOCK_CHANGED", &change("stepped", ten, nine));
    node.seal("NODE", &id, "CLOCK_CHANGED", &change("measured", nine, ten));
    node.push_all(&server).await;
    assert_eq!(events_of(&company, "CLOCK_MOVED_BACK").await.len(), 0);

    node.seal("NODE", &id, "CLOCK_CHANGED", &change("stepped", nine, ten));
    node.seal("NODE", &id, "CLOCK_CHANGED", &change("started", "2026-02-28T10:00:00Z", ten));
    for _ in 0..2 {
        node.push_all(&server).await;
    }

    let events = events_of(&company, "CLOCK_MOVED_BACK").await;
    let seconds: Vec<&Value> = events.iter().map(|event| &event["details"]["seconds"]).collect();
    assert_eq!(seconds, [3_600, 86_400]);
    assert_eq!(events[0]["subject"], json!({ "entity_type": "NODE", "entity_id": id }));
    assert_eq!(counted(&company, "CLOCK_MOVED_BACK").await, (2, 2));
}

/// 12: a phone's payload, a node's chain, a file.
#[tokio::test]
async fn bytes_that_do_not_fit_their_checksum_are_recorded_once() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    let mut damaged = phone_record("s-2", &Sale::default());
    damaged["payload"]["total_minor"] = json!(511);

    for _ in 0..3 {
        phone_push(&company, &node.key, "phone-1", std::slice::from_ref(&damaged)).await;
    }

    let events = events_of(&company, "WRONG_CHECKSUM").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((&events[0]["subject"]["entity_id"], &events[0]["device"]), (&damaged["id"], &json!("phone-1")));
    assert_eq!(counted(&company, "WRONG_CHECKSUM").await, (1, 3), "each attempt counts");
    let mut broken = node.request(1, 1);
    broken.records[0].chain = "ab".repeat(32);
    for _ in 0..2 {
        node.send_push(&server, &broken).await.assert_problem(409, "CHAIN_MISMATCH");
    }
    let file = axum::http::Request::put(format!("/api/v1/blobs/{}", "ab".repeat(32)))
        .header("authorization", format!("Bearer {}", node.key))
        .header("content-type", "application/octet-stream");
    server.request(file.body("a photo".into()).unwrap()).await.assert_problem(422, "CHECKSUM_MISMATCH");
    let codes: Vec<Value> =
        events_of(&company, "WRONG_CHECKSUM").await.into_iter().map(|event| event["details"]["code"].clone()).collect();
    assert_eq!(codes, [json!(null), json!("CHAIN_MISMATCH"), json!("CHECKSUM_MISMATCH")]);
}

/// 12: a fork, an id with other content from a node and from a phone, and bytes that are no record.
#[tokio::test]
async fn a_record_that_differs_from_what_central_holds_is_altered() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let mut copy = node.clone();
    let sold = node.sell("original");
    copy.sell("copy");
    node.push_all(&server).await;
    for _ in 0..2 {
        copy.try_push(&server, 1, 2).await.assert_problem(409, "FORK");
    }
    let mut other = company.node().await;
    let reused = Event { id: sold, ..other.event("SALE", "s-9", "SALE_RECORDED", &Sale::default().payload()) };
    other.seal_event(reused);
    other.seal_bytes(b"no record".to_vec());
    for _ in 0..2 {
        let expected = ["ACCEPTED", "REJECTED EVENT_ID_REUSED", "QUARANTINED UNDECODABLE"];
        assert_eq!(verdicts(&other.push_all(&server).await), expected);
    }
    let sent = phone_record("s-1", &Sale::default());
    let mut changed = phone_record("s-1", &Sale { country: Some("BE".to_owned()), ..Sale::default() });
    changed["id"] = sent["id"].clone();
    for event in [&sent, &changed, &changed] {
        phone_push(&company, &node.key, "phone-1", std::slice::from_ref(event)).await;
    }

    let events = events_of(&company, "ALTERED_RECORD").await;

    let codes: Vec<&Value> = events.iter().map(|event| &event["details"]["code"]).collect();
    assert_eq!(codes, ["FORK", "EVENT_ID_REUSED", "UNDECODABLE", "EVENT_ID_REUSED"]);
    assert_eq!(events[3]["device"], "phone-1");
    assert_eq!(counted(&company, "ALTERED_RECORD").await.0, 4);
    company.assert_gapless().await;
}

/// 12: an id that central would derive for a security event may be in use: the push that leads to it is taken all the same.
#[tokio::test]
async fn using_the_id_of_a_security_event_blocks_nothing() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    company.record("d-1", &DeliveryOrder::default()).await;
    let payload = DeliveryValidation { qr: "QR-OTHER".to_owned(), ..DeliveryValidation::default() }.payload();
    let wrong = node.event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &payload);
    let taken = Event {
        id: wrong.id.derived("SECURITY_RECORDED/FOREIGN_QR"),
        ..node.event("SALE", "s-1", "SALE_RECORDED", &Sale::default().payload())
    };
    node.seal_event(taken);
    node.push_all(&server).await;

    node.seal_event(wrong);

    assert_eq!(verdicts(&node.push(&server, 3, 3).await), ["QUARANTINED QR_MISMATCH"]);
    assert_eq!(counted(&company, "FOREIGN_QR").await, (1, 1), "the counter has it");
    company.assert_gapless().await;
}

/// 12: central alone writes them.
#[tokio::test]
async fn nobody_else_can_record_a_security_event() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let payload =
        json!({ "kind": "FOREIGN_QR", "subject": { "entity_type": "DELIVERY", "entity_id": "d" }, "details": {} });
    let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "AUDIT", "entity_id": "FOREIGN_QR", "action": "SECURITY_RECORDED",
        "payload": payload });
    company.post("/api/v1/events", &draft).await.assert_problem(422, "CENTRAL_ONLY");
    node.post(&server, "/api/v1/events", &draft).await.assert_problem(422, "CENTRAL_ONLY");
    node.seal("AUDIT", "FOREIGN_QR", "SECURITY_RECORDED", &payload);
    assert_eq!(verdicts(&node.push_all(&server).await), ["ACCEPTED", "REJECTED CENTRAL_ONLY"]);
    assert_eq!(events_of(&company, "FOREIGN_QR").await, [Value::Null; 0]);
}

/// 12: the list.
#[tokio::test]
async fn security_events_are_filtered_and_paged_and_shown_to_administrators_alone() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut first, mut second) = (company.node().await, company.node().await);
    for node in [&mut first, &mut second] {
        node.seal_bytes(b"no record".to_vec());
        node.seal_bytes(b"and another".to_vec());
        node.push_all(&server).await;
    }
    let list = async |query: &str| company.get(&format!("/api/v1/security-events{query}")).await.assert_ok();
    let number = |page: &Value| page["events"].as_array().unwrap().len();

    let page = list("?limit=3").await;
    assert_eq!((number(&page), &page["more"]), (3, &json!(true)));
    let rest = list(&format!("?limit=3&after={}", page["next"].as_str().unwrap())).await;
    assert_eq!((number(&rest), &rest["more"]), (1, &json!(false)));
    assert_ne!(rest["events"][0]["event_id"], page["events"][2]["event_id"]);
    let of_second = list(&format!("?node={}&kind=ALTERED_RECORD", second.node)).await;
    assert_eq!(number(&of_second), 2);
    assert!(of_second["events"].as_array().unwrap().iter().all(|event| event["node"] == json!(second.node.uuid())));
    assert_eq!(number(&list("?device=phone-1").await), 0);
    assert_eq!(number(&list("?kind=FOREIGN_QR").await), 0);

    company.get("/api/v1/security-events?kind=OTHER").await.assert_problem(400, "INVALID_PARAMETER");
    company.get("/api/v1/security-events?limit=0").await.assert_problem(400, "INVALID_PARAMETER");
    company
        .get(&format!("/api/v1/security-events?device=p&node={}", first.node))
        .await
        .assert_problem(400, "INVALID_PARAMETER");
    first.get(&server, "/api/v1/security-events").await.assert_problem(403, "FORBIDDEN");
    let foreign = server.company().await.get("/api/v1/security-events").await.assert_ok();
    assert_eq!((number(&foreign), &foreign["counts"]), (0, &json!([])));
}
