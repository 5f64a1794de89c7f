//! The mobile document's section 6, "Protection": checksums on every payload, and attempts of fraud, with an enrolled phone.
//! Its other lines are in `tests/reference_clients/identity.rs` (tokens in a secure storage) and in
//! `local-node/src/api/tests/users.rs` (the optional PIN).

use comptoir_proto::mobile_v1::canonical_checksum;
use comptoir_test_support::events::{DeliveryOrder, DeliveryValidation, GoodsReception, InvoiceCreation, Sale};
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::devices::{phone_event, phone_push, phone_record};
use crate::enrolled::{Person, TestDevice, access, enrolled, person, send};
use crate::security::events_of;

const OTHER_EVENTS: &str =
    "select count(*) from event where tenant_id = $1 and action not in ('SECURITY_RECORDED', 'EPOCH_OPENED')";

/// A user's phone for a role, and its tokens.
async fn phone_of(company: &TestTenant<'_>, user: &Person, role: &str) -> (TestDevice, Value) {
    let phone = enrolled(company, user, role, &format!("phone-of-{role}")).await;
    let tokens = phone.log_in(company, user).await;
    (phone, tokens)
}

/// "Checksum SHA256 sur tous les payloads".
#[tokio::test]
async fn s6_every_payload_has_a_sha256_checksum_in_both_directions_and_a_wrong_one_stores_nothing() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let site = company.site.uuid();
    let roles = ["seller", "driver", "warehouse", "cashier"];
    let held: Vec<Value> = roles.iter().map(|role| json!({ "role": role, "site": site })).collect();
    let user = person(&company, "amelie", json!(held)).await;
    company.record("d-1", &DeliveryOrder::default()).await;
    let audit = json!({ "action": "DELIVERY_SCANNED", "entity_type": "DELIVERY", "entity_id": "d-1", "user_id": "7",
        "occurred_at": "2026-03-01T09:00:00Z", "context": {} });
    let of_role = [
        ("seller", phone_record("i-1", &InvoiceCreation::default())),
        ("seller", phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }))),
        ("driver", phone_record("d-1", &DeliveryValidation::default())),
        ("driver", phone_event("AUDIT", "a-1", "DELIVERY_SCANNED", &audit)),
        ("warehouse", phone_record("r-1", &GoodsReception::default())),
        ("cashier", phone_record("s-1", &Sale::default())),
    ];
    let mut phones = Vec::new();
    // A user has three devices at most.
    let second = person(&company, "bruno", json!(held)).await;
    for (user, role) in [(&user, "seller"), (&user, "driver"), (&user, "warehouse"), (&second, "cashier")] {
        phones.push((role, phone_of(&company, user, role).await));
    }
    let before = company.count(OTHER_EVENTS).await;
    for (role, event) in &of_role {
        let (_, (phone, tokens)) = phones.iter().find(|(of, _)| of == role).unwrap();
        let (mut changed, mut unsigned) = (event.clone(), event.clone());
        changed["payload"]["added"] = json!(1);
        unsigned.as_object_mut().unwrap().remove("checksum");
        let answer = phone_push(&company, access(tokens), &phone.name, &[changed]).await;
        let failed = &answer["failed_events"][0];
        assert_eq!(
            (&failed["event_id"], &failed["error_code"]),
            (&event["id"], &json!("CHECKSUM_MISMATCH")),
            "{role}: {answer}"
        );
        assert_eq!((&answer["acked_event_ids"], &answer["success"]), (&json!([]), &json!(false)), "{role}: {answer}");
        let body = json!({ "device_id": phone.name, "batch_id": "b", "events": [unsigned] });
        let answer = send(&server, "POST", access(tokens), "/api/sync/push", body).await;
        let taken = answer.body["acked_event_ids"].as_array().is_some_and(|ids| !ids.is_empty());
        assert!(!taken, "{role}: an event without a checksum was taken: {answer:?}");
    }
    assert_eq!(company.count(OTHER_EVENTS).await, before, "nothing was stored but what the security events say");
    for (role, event) in of_role {
        let (_, (phone, tokens)) = phones.iter().find(|(of, _)| *of == role).unwrap();
        let answer = phone_push(&company, access(tokens), &phone.name, std::slice::from_ref(&event)).await;
        assert_eq!(answer["acked_event_ids"], json!([event["id"]]), "{role}: {answer}");
    }
    let (_, (phone, tokens)) = phones.iter().find(|(of, _)| *of == "driver").unwrap();
    let pulled = server.get_as(access(tokens), &format!("/api/sync/pull?device_id={}", phone.name)).await.assert_ok();
    let given = pulled["events"].as_array().unwrap();
    assert!(given.len() >= 3, "{pulled}");
    for event in given {
        assert_eq!(event["checksum"], json!(canonical_checksum(&event["payload"].to_string())), "{event}");
    }
}

/// "Détection tentatives fraude": each attempt is seen, whatever the phone is answered, and shown with the phone.
#[tokio::test]
async fn s6_attempts_of_fraud_by_a_phone_are_detected_and_listed() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let roles = json!([{ "role": "driver", "site": company.site.uuid() }]);
    let user = person(&company, "amelie", roles).await;
    let (phone, tokens) = phone_of(&company, &user, "driver").await;
    for delivery in ["d-1", "d-2", "d-3"] {
        company.record(delivery, &DeliveryOrder::default()).await;
    }
    let at = |delivery: &str, minute: u32, (latitude, longitude): (f64, f64), qr: &str| {
        let time = format!("2026-03-01T09:{minute:02}:00Z");
        let payload = json!({ "qr": qr, "validated_at": time, "latitude": latitude, "longitude": longitude });
        let mut event = phone_event("DELIVERY", delivery, "DELIVERY_VALIDATED", &payload);
        event["occurred_at"] = json!(time);
        event
    };
    let (paris, lyon, qr) = ((48.8566, 2.3522), (45.764, 4.8357), DeliveryOrder::default().qr);
    let first = at("d-1", 0, paris, &qr);
    let far_away = at("d-2", 10, lyon, &qr);
    let foreign = at("d-3", 20, lyon, "ANOTHER-PARCEL");
    let mut changed_on_the_way = at("d-3", 30, lyon, &qr);
    changed_on_the_way["payload"]["qr"] = json!("changed");
    let mut same_id = at("d-3", 40, lyon, &qr);
    same_id["id"] = first["id"].clone();
    for event in [&first, &far_away, &foreign, &changed_on_the_way, &same_id] {
        phone_push(&company, access(&tokens), &phone.name, std::slice::from_ref(event)).await;
    }
    // A copy of the token on another machine, which does not have the phone's key.
    let copied = json!({ "refresh_token": tokens["refresh_token"], "device": phone.name, "proof": "00".repeat(64) });
    send(&server, "POST", "", "/api/v1/auth/refresh", copied).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    for kind in ["IMPOSSIBLE_TRAVEL", "FOREIGN_QR", "WRONG_CHECKSUM", "ALTERED_RECORD"] {
        let found = events_of(&company, kind).await;
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        assert_eq!(found[0]["device"], json!(phone.name), "{kind}: {found:?}");
    }
    let replayed = events_of(&company, "TOKEN_REPLAYED").await;
    assert_eq!(replayed[0]["details"]["reason"], "REFRESH_TOKEN_WITHOUT_KEY", "{replayed:?}");
    let left = server.get_as(access(&tokens), "/api/v1/stock").await;
    left.assert_problem(401, "UNAUTHORIZED");
    company.assert_gapless().await;
}
