//! The mobile and the desktop contract at central's doors. What a whole client does stands in `tests/clients`; here is what the
//! documents leave to the server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::StatusCode;
use comptoir_proto::mobile_v1::{canonical_checksum, checksum};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Company, Scene, invoice_payload, post, sale_payload};
use crate::late_commits::missed;

/// An event as a phone sends it.
pub(crate) fn phone_event(entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> Value {
    json!({
        "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": entity_id, "action": action, "payload": payload,
        "occurred_at": "2026-03-01T09:00:00.000Z", "user_id": 7, "checksum": checksum(payload.to_string().as_bytes()),
    })
}

pub(crate) async fn phone_push(company: &Company<'_>, key: &str, device: &str, events: &[Value]) -> Value {
    let body = json!({ "device_id": device, "batch_id": Uuid::now_v7(), "events": events }).to_string();
    let (status, answer) = company.scene.post(key, "/api/sync/push", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

/// A row of a desktop's outbox.
pub(crate) fn outbox(
    company: &Company<'_>,
    id: &str,
    operation: &str,
    student: &str,
    payload: &Value,
    version: i64,
) -> Value {
    json!({
        "id": id, "tenantId": company.tenant.uuid(), "entityType": "STUDENT", "entityId": student, "operation": operation,
        "payload": payload, "localVersion": version, "createdAt": "2026-03-01T09:00:00.000Z", "attemptCount": 0, "status": "PENDING",
    })
}

pub(crate) async fn up(company: &Company<'_>, client: &str, since: Option<&str>, events: &[Value]) -> Value {
    let body = json!({ "clientId": client, "events": events, "lastSyncTimestamp": since }).to_string();
    let (status, answer) = company.scene.post(&company.token, "/api/sync/up", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

#[tokio::test]
async fn central_keeps_a_chained_log_for_a_phone_and_says_that_it_sealed_it() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let sale = phone_event("SALE", "s-1", "SALE_RECORDED", &sale_payload(510));
    let answer = phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&sale)).await;
    assert_eq!((&answer["success"], &answer["acked_event_ids"]), (&json!(true), &json!([sale["id"]])));
    assert_eq!(answer["failed_events"], json!([]));
    let (_, log) = scene.get(&company.token, "/api/v1/events").await;
    let events = log["events"].as_array().unwrap();
    let phone = Uuid::new_v5(&company.tenant.uuid(), b"phone-1");
    let of_phone: Vec<&Value> = events.iter().filter(|event| event["node"] == json!(phone)).collect();
    assert_eq!(of_phone.len(), 2, "the record that opens its log, and the sale");
    assert_eq!((&of_phone[0]["action"], &of_phone[0]["seq"]), (&json!("EPOCH_OPENED"), &json!(1)));
    assert_eq!(of_phone[0]["payload"]["reason"], json!("sealed_by: central, for the mobile device phone-1"));
    assert_eq!((&of_phone[1]["id"], &of_phone[1]["seq"], &of_phone[1]["user"]), (&sale["id"], &json!(2), &json!("7")));
    assert_eq!(of_phone[1]["site"], json!(company.site.uuid()), "the key's shop");
    let again = phone_push(&company, &shop.key, "phone-1", &[sale]).await;
    assert_eq!(again["acked_event_ids"], answer["acked_event_ids"], "the same batch, the same answer");
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 4);
    company.assert_gapless().await;
}

#[tokio::test]
async fn an_event_that_is_damaged_or_does_not_read_fails_alone() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let good = phone_event("SALE", "s-1", "SALE_RECORDED", &sale_payload(510));
    let mut damaged = phone_event("SALE", "s-2", "SALE_RECORDED", &sale_payload(510));
    damaged["payload"]["total_minor"] = json!(511);
    let mut no_name = phone_event("SALE", "", "SALE_RECORDED", &sale_payload(510));
    no_name["id"] = json!("n-1");
    let wrong_total = phone_event("SALE", "s-3", "SALE_RECORDED", &sale_payload(900));
    let unknown = phone_event("SALE", "s-4", "SALE_IMAGINED", &json!({}));
    let mut spaced = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé", "age": 12.50, "city": null }));
    spaced["checksum"] = json!(canonical_checksum(r#"{ "name":"Zoé", "city":null,"age":12.5 }"#));
    let events = [good, damaged, json!({ "id": "e-3" }), json!(7), no_name, wrong_total, unknown, spaced];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    let acked: Vec<&Value> = [0, 5, 6, 7].iter().map(|index: &usize| &events[*index]["id"]).collect();
    assert_eq!(answer["acked_event_ids"], json!(acked), "what happened is kept, whatever it says");
    let failed: Vec<(&Value, &Value, &Value)> = answer["failed_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (&failed["event_id"], &failed["error_code"], &failed["retry"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    let (checksum, json) = (json!("CHECKSUM_MISMATCH"), json!("BAD_JSON"));
    let expected = [
        (&events[1]["id"], &checksum, &yes),
        (&events[2]["id"], &json, &no),
        (&json!("#3"), &json, &no),
        (&json!("n-1"), &json, &no),
    ];
    assert_eq!(failed, expected);
    assert_eq!(answer["success"], json!(false));
    let (_, waiting) = scene.get(&company.token, "/api/v1/quarantine").await;
    let codes: Vec<&Value> =
        waiting["events"].as_array().unwrap().iter().map(|event| &event["decision"]["code"]).collect();
    assert_eq!(codes, [&json!("TOTAL_MISMATCH"), &json!("UNKNOWN_SCHEMA")]);
    let (_, log) = scene.get(&company.token, "/api/v1/sync-log").await;
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["status"], &entry["eventsCount"], &entry["failedCount"]),
        (&json!("PARTIAL"), &json!(8), &json!(4))
    );
}

/// The columns of the phone's own table may be null, and JSON is made of its rows.
#[tokio::test]
async fn a_driver_without_a_place_validates_with_nulls() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    office(&company, "DELIVERY", "d-1", "DELIVERY_CREATED", json!({ "reference": "BL-1", "client": "Zoé", "qr": "q" }))
        .await;
    let scanned = json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z", "latitude": null, "longitude": null,
                          "signature_hash": null, "photo_hash": null });
    let events = [phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &scanned)];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(
        (&answer["acked_event_ids"][0], &answer["without_effect"]),
        (&events[0]["id"], &Value::Null),
        "{answer}"
    );
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &events).await["acked_event_ids"], answer["acked_event_ids"]);
    let (_, list) = scene.get(&company.token, "/api/v1/deliveries").await;
    assert_eq!(list["rows"][0]["validation"]["at"], json!("2026-03-01T09:00:00Z"), "{list}");
    assert_eq!(list["rows"][0]["validation"]["place"], Value::Null, "{list}");
}

#[tokio::test]
async fn what_is_acked_and_changes_nothing_is_told_with_words_for_the_user_each_time_it_is_sent() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    office(&company, "DELIVERY", "d-1", "DELIVERY_CREATED", json!({ "reference": "BL-1", "client": "Zoé", "qr": "q" }))
        .await;
    let scanned = json!({ "qr": "another", "validated_at": "2026-03-01T09:00:00Z" });
    let events = [
        phone_event("SALE", "s-1", "SALE_RECORDED", &sale_payload(510)),
        phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &scanned),
        phone_event("STOCK", "A", "UPDATE", &json!({ "quantity": 5 })),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["acked_event_ids"], json!(events.each_ref().map(|event| &event["id"])), "{answer}");
    let told: Vec<[&Value; 4]> = answer["without_effect"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| ["event_id", "verdict", "error_code", "message"].map(|name| &told[name]))
        .collect();
    let apart = json!("Mis de côté par le central : une personne doit le vérifier");
    let expected = [
        [&events[1]["id"], &json!("QUARANTINED"), &json!("QR_MISMATCH"), &apart],
        [&events[2]["id"], &json!("SUPERSEDED"), &json!("STOCK_READ_ONLY"), &json!("La valeur du central reste")],
    ];
    assert_eq!(told, expected);
    let again = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(again["without_effect"], answer["without_effect"]);
}

#[tokio::test]
async fn what_fails_for_good_says_what_to_do_and_in_which_field() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let cancel = || phone_event("INVOICE", "i-1", "INVOICE_CANCELLED", &json!({ "invoice": "i-1", "reason": "x" }));
    let before = [phone_event("INVOICE", "i-1", "INVOICE_CREATED", &invoice_payload()), cancel()];
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &before).await["success"], json!(true));
    let with = |field: &str, value: Value| {
        let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
        event[field] = value;
        event
    };
    let mut nobody = with("id", json!("n-1"));
    nobody.as_object_mut().unwrap().remove("user_id");
    let events = [
        cancel(),
        phone_event("INVOICE", "i-1", "INVOICE_CREATED", &invoice_payload()),
        phone_event("STUDENT", "s-9", "UPDATE", &json!({ "level": "6" })),
        phone_event("PRODUCT", "A", "UPDATE", &json!({ "price": "1.00" })),
        with("user_id", json!(1.5)),
        with("occurred_at", json!(1_772_359_200)),
        with("occurred_at", json!("hier")),
        with("entity_id", json!("")),
        nobody,
    ];
    let answer = phone_push(&company, &shop.key, "phone-2", &events).await;
    let told = |failed: &Value| {
        let [code, action] = [&failed["error_code"], &failed["resolution"]["action"]];
        assert_eq!(failed["retry"], json!(false), "{failed}");
        format!("{} {}", code.as_str().unwrap(), action.as_str().unwrap_or("nothing"))
    };
    let told: Vec<String> = answer["failed_events"].as_array().unwrap().iter().map(told).collect();
    let expected = [
        "ALREADY_CANCELLED DISCARD_LOCAL",
        "ENTITY_EXISTS FIX_AND_RESEND",
        "UNKNOWN_ENTITY CHOOSE",
        "CENTRAL_ONLY DISCARD_LOCAL",
    ];
    assert_eq!(told[..4], expected);
    assert_eq!(told[4..], ["BAD_JSON FIX_AND_RESEND"; 5]);
    assert_eq!(answer["failed_events"][0]["resolution"]["data"]["message"], json!("Déjà annulée"));
    for (index, place) in [(4, "/user_id: "), (5, "/occurred_at: "), (6, "/occurred_at: "), (7, "/entity_id: ")] {
        let detail = answer["failed_events"][index]["detail"].as_str().unwrap();
        assert!(detail.starts_with(place), "{detail}");
    }
    let missing = answer["failed_events"][8]["detail"].as_str().unwrap();
    assert!(missing.contains("missing field `user_id`"), "{missing}");
}

#[tokio::test]
async fn a_batch_that_breaks_off_on_its_way_is_to_be_sent_again_and_a_packed_one_unpacked() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let whole = json!({ "device_id": "phone-1", "batch_id": "b", "events": [] }).to_string();
    let cut = [Ok(whole[..20].to_owned()), Err(std::io::Error::other("connection reset"))];
    let cut = axum::body::Body::from_stream(futures_util::stream::iter(cut));
    let (status, problem) = scene.post(&company.token, "/api/sync/push", cut).await;
    assert_eq!((status, &problem["retryable"]), (StatusCode::REQUEST_TIMEOUT, &json!(true)), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("after 20 bytes"), "{problem}");
    let request = axum::http::Request::post("/api/sync/push")
        .header("authorization", format!("bearer {}", company.token))
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let (status, problem) = scene.send(request.body(axum::body::Body::from(whole)).unwrap()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "the credential reads, in whatever case its scheme is");
    assert_eq!(problem["detail"], json!("send it without a content-encoding, got gzip"));
}

#[tokio::test]
async fn an_event_that_is_written_otherwise_the_second_time_is_the_same_event() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé", "age": 12.5 }));
    let send = async |payload: &str, event: &Value| {
        let text = event.to_string().replace("\"PAYLOAD\"", payload);
        let body = format!(r#"{{"device_id":"phone-1","batch_id":"b","events":[{text}]}}"#);
        scene.post(&shop.key, "/api/sync/push", body).await.1
    };
    let first = r#"{"name":"Zo\u00e9", "age":12.50}"#;
    (event["payload"], event["checksum"]) = (json!("PAYLOAD"), json!(canonical_checksum(first)));
    for payload in [first, r#"{"age":12.5,"name":"Zoé"}"#, r#"{ "age":1.25e1, "name":"Zoé" }"#] {
        assert_eq!(send(payload, &event).await["acked_event_ids"], json!([event["id"]]), "{payload}");
    }
    let other = r#"{"age":12.51,"name":"Zoé"}"#;
    event["checksum"] = json!(canonical_checksum(other));
    assert_eq!(send(other, &event).await["failed_events"][0]["error_code"], json!("EVENT_ID_REUSED"));
    assert_eq!(company.count("select count(*) from event where tenant_id = $1 and entity_id = 'c-1'").await, 1);
}

/// Central took what it could not give again: one such entity ended each pull of each phone, and one conflict about it every list of events.
#[tokio::test]
async fn an_entity_that_nests_too_deep_is_refused_and_the_deepest_that_is_taken_is_given_to_all() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }));
    let deepest = nested(comptoir_core::limits::ENTITY_DEPTH_MAX);
    let events = [
        phone_event("CLIENT", "c-1", "CREATE", &deepest),
        phone_event("STUDENT", "s-1", "CREATE", &deepest),
        phone_event("CLIENT", "c-2", "CREATE", &nested(127)),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    let failed = &answer["failed_events"][0];
    assert_eq!(
        (&failed["event_id"], &failed["error_code"]),
        (&events[2]["id"], &json!("ENTITY_TOO_LARGE")),
        "{answer}"
    );
    assert!(failed["detail"].as_str().unwrap().contains("127 levels in its field \"a\", at most 100"), "{failed}");
    let blind = [phone_event("STUDENT", "s-1", "UPDATE", &json!({ "b": 1 }))];
    let refused = phone_push(&company, &shop.key, "phone-2", &blind).await;
    assert_eq!(refused["failed_events"][0]["resolution"]["data"]["fields"], deepest);
    assert_eq!(phone_push(&company, &shop.key, "phone-2", &blind).await["failed_events"], refused["failed_events"]);
    let given = pull(&company, "phone-3", "1970-01-01T00:00:00Z", 10).await;
    assert_eq!(ids(&given["events"], "entity_id"), ["c-1", "s-1"]);
    for event in given["events"].as_array().unwrap() {
        assert_eq!(event["checksum"], json!(canonical_checksum(&event["payload"].to_string())));
    }
    let (status, log) = scene.get(&company.token, "/api/v1/events").await;
    assert_eq!(status, StatusCode::OK, "{log}");
}

#[tokio::test]
async fn an_id_that_counts_already_with_other_content_is_refused_and_the_others_go_on() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let first = phone_event("SALE", "s-1", "SALE_RECORDED", &sale_payload(510));
    phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&first)).await;
    let mut other = phone_event("SALE", "s-2", "SALE_RECORDED", &sale_payload(510));
    other["id"] = first["id"].clone();
    let good = phone_event("SALE", "s-3", "SALE_RECORDED", &sale_payload(510));
    let answer = phone_push(&company, &shop.key, "phone-1", &[other, good.clone()]).await;
    assert_eq!(answer["acked_event_ids"], json!([good["id"]]));
    assert_eq!(answer["failed_events"][0]["error_code"], json!("EVENT_ID_REUSED"));
    assert_eq!(answer["failed_events"][0]["retry"], json!(false));
}

#[tokio::test]
async fn stock_is_never_changed_by_a_phone_and_production_is_central_s() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let stock = phone_event("STOCK", "A", "UPDATE", &json!({ "quantity": 5 }));
    let made = phone_event(
        "PRODUCTION",
        "p-1",
        "PRODUCTION_VALIDATED",
        &json!({ "lines": [{ "product": "A", "quantity": "5", "unit_cost": "1.00" }] }),
    );
    let answer = phone_push(&company, &shop.key, "phone-1", &[stock.clone(), made.clone()]).await;
    assert_eq!(answer["acked_event_ids"], json!([stock["id"]]), "superseded: the server's figure stands");
    let failed = &answer["failed_events"][0];
    assert_eq!((&failed["event_id"], &failed["error_code"]), (&made["id"], &json!("CENTRAL_ONLY")));
    assert_eq!(company.count("select count(*) from stock_item where tenant_id = $1").await, 0);
}

#[tokio::test]
async fn an_invoice_of_a_phone_is_accepted_and_numbered() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let invoice = phone_event("INVOICE", "i-1", "INVOICE_CREATED", &invoice_payload());
    let answer = phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&invoice)).await;
    assert_eq!(answer["acked_event_ids"], json!([invoice["id"]]));
    let (_, invoices) = scene.get(&company.token, "/api/v1/invoices").await;
    let reference = invoices["rows"][0]["reference"].as_str().unwrap();
    assert!(reference.ends_with("-LYO-000001"), "{reference}");
}

#[tokio::test]
async fn a_device_belongs_to_the_shop_of_its_first_contact_and_a_bad_name_is_refused() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    phone_push(&company, &company.token, "office", &[]).await;
    let body = |device: &str| json!({ "device_id": device, "batch_id": "b", "events": [] }).to_string();
    let (status, problem) = scene.post(&shop.key, "/api/sync/push", body("office")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("WRONG_NODE")));
    let (status, _) = scene.post(&shop.key, "/api/sync/push", body(&"x".repeat(129))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = scene.post("nobody", "/api/sync/push", body("phone-1")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (_, log) = scene.get(&company.token, "/api/v1/sync-log?status=FAILED").await;
    assert_eq!(log["statistics"]["failed"], json!(2), "refusals are logged too, where the tenant is known: {log}");
}

#[tokio::test]
async fn a_clock_that_is_a_year_ahead_is_measured_and_wins_nothing() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let made = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
    phone_push(&company, &shop.key, "phone-1", &[made]).await;
    let at = |event: Value, at: &str| {
        let mut event = event;
        event["occurred_at"] = json!(at);
        event
    };
    // Both stamps come from a clock that is a year ahead; the later one is now, the earlier one an hour ago.
    let fast = |hours: i64, name: &str| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        let text = comptoir_proto::instant::format(comptoir_core::time::Timestamp(
            (now + (365 * 24 + hours) * 3_600) * 1_000_000,
        ));
        at(phone_event("CLIENT", "c-1", "UPDATE", &json!({ "name": name })), &text)
    };
    let minutes_ago = {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        comptoir_proto::instant::format(comptoir_core::time::Timestamp((now - 600) * 1_000_000))
    };
    let right = at(phone_event("CLIENT", "c-1", "UPDATE", &json!({ "name": "juste" })), &minutes_ago);
    phone_push(&company, &shop.key, "phone-2", &[right]).await;
    phone_push(
        &company,
        &shop.key,
        "phone-1",
        &[fast(-1, "en avance"), fast(0, "rien")].map(|mut event| {
            if event["payload"]["name"] == json!("rien") {
                event["payload"] = json!({ "phone": "06" });
                event["checksum"] = json!(checksum(event["payload"].to_string().as_bytes()));
            }
            event
        }),
    )
    .await;
    let (_, client) = scene.get(&company.token, "/api/v1/clients/c-1").await;
    assert_eq!(client["fields"]["name"], json!("juste"), "an hour ago by the right clock loses to ten minutes ago");
    assert_eq!(client["fields"]["phone"], json!("06"));
    let (_, log) = scene.get(&company.token, "/api/v1/sync-log?client=phone-1").await;
    assert_eq!(log["entries"][0]["clockDrifts"], json!(true));
}

#[tokio::test]
async fn a_pupil_made_offline_keeps_its_id_and_the_same_outbox_gets_the_same_answer() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let jean = json!({ "id": "student_1", "firstName": "Jean", "lastName": "DUPONT" });
    let event = outbox(&company, "evt_123", "CREATE", "student_1", &jean, 1_772_359_200_000);
    let answer = up(&company, "desk-1", None, std::slice::from_ref(&event)).await;
    assert_eq!((&answer["conflicts"], &answer["rejected"]), (&json!([]), &json!([])));
    let acknowledged = &answer["acknowledged"][0];
    assert_eq!((&acknowledged["outboxEventId"], &acknowledged["entityId"]), (&json!("evt_123"), &json!("student_1")));
    let (_, student) = scene.get(&company.token, "/api/v1/entities/STUDENT/student_1").await;
    assert_eq!(student["version"], acknowledged["serverVersion"]);
    let again = up(&company, "desk-1", Some("2026-03-01T09:30:00.000Z"), &[event]).await;
    assert_eq!(again, answer, "sent again after a lost answer, and after a synchronisation");
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 4);
}

#[tokio::test]
async fn a_taken_id_gives_way_to_another_which_later_events_and_references_follow() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    assert_eq!(first["acknowledged"][0]["entityId"], json!("s-1"));
    let edit = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "firstName": "Aïcha" }), 1);
    let mut grade = outbox(&company, "b-3", "CREATE", "g-1", &json!({ "studentId": "s-1", "mark": 12 }), 1);
    grade["entityType"] = json!("GRADE");
    let events = [made("b-1", "Aicha"), edit, grade];
    let second = up(&company, "desk-2", None, &events).await;
    assert_eq!((&second["conflicts"], &second["rejected"]), (&json!([]), &json!([])), "{second}");
    let given = second["acknowledged"][0]["entityId"].as_str().unwrap();
    assert!(Uuid::parse_str(given).is_ok() && second["acknowledged"][1]["entityId"] == json!(given), "{second}");
    let entity = |entity_type: &str, id: &str| format!("/api/v1/entities/{entity_type}/{id}");
    let (_, pupil) = scene.get(&company.token, &entity("STUDENT", given)).await;
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Aïcha" }));
    let (_, other) = scene.get(&company.token, &entity("STUDENT", "s-1")).await;
    assert_eq!(other["fields"]["firstName"], json!("Jean"), "the other's pupil is untouched");
    let (_, mark) = scene.get(&company.token, &entity("GRADE", "g-1")).await;
    assert_eq!(mark["fields"]["studentId"], json!(given));
    assert_eq!(up(&company, "desk-2", None, &events).await, second, "sent again");
    let later = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "phone": "06" }), 1);
    let third = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(third["acknowledged"][0]["entityId"], json!(given), "in a later request, too");
}

/// The client's own pupil has another id by now, and the other's has come down to it under the old one.
#[tokio::test]
async fn a_client_whose_id_was_replaced_edits_the_other_s_record_of_that_id_by_its_version() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    let version = first["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let second = up(&company, "desk-2", None, &[made("b-1", "Aïcha")]).await;
    let own = second["acknowledged"][0]["entityId"].as_str().unwrap().to_owned();
    // A number of its own making that happens to be one of the other's versions, which it was never given.
    let counted = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "phone": "06" }), version);
    let answer = up(&company, "desk-2", None, std::slice::from_ref(&counted)).await;
    assert_eq!(answer["acknowledged"][0]["entityId"], json!(own), "{answer}");
    let page = down(&company, "desk-2", None).await;
    let since = page["syncTimestamp"].as_str();
    assert_eq!(
        (ids(&page["changes"], "entityId"), &page["changes"][0]["serverVersion"]),
        (vec!["s-1"], &json!(version))
    );
    assert_eq!(up(&company, "desk-2", since, &[counted]).await, answer, "sent again after the other's came down");
    let late = outbox(&company, "b-3", "UPDATE", "s-1", &json!({ "level": "6" }), 1_772_359_200_000);
    let other = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "id": "s-1", "firstName": "Jeanne" }), version);
    let events = [late, other];
    let answer = up(&company, "desk-2", since, &events).await;
    assert_eq!((&answer["conflicts"], &answer["rejected"]), (&json!([]), &json!([])), "{answer}");
    assert_eq!(ids(&answer["acknowledged"], "entityId"), [own.as_str(), "s-1"], "{answer}");
    assert_eq!(up(&company, "desk-2", since, &events).await, answer, "sent again");
    let fields =
        async |id: &str| scene.get(&company.token, &format!("/api/v1/entities/STUDENT/{id}")).await.1["fields"].clone();
    assert_eq!(fields("s-1").await, json!({ "id": "s-1", "firstName": "Jeanne" }));
    assert_eq!(fields(&own).await, json!({ "id": own, "firstName": "Aïcha", "phone": "06", "level": "6" }));
    let next = answer["acknowledged"][1]["serverVersion"].as_i64().unwrap();
    let chained = outbox(&company, "b-5", "UPDATE", "s-1", &json!({ "level": "5" }), next);
    let stale = outbox(&company, "c-1", "UPDATE", "s-1", &json!({ "level": "4" }), version);
    let answer = up(&company, "desk-2", since, &[chained]).await;
    assert_eq!(
        answer["acknowledged"][0]["entityId"],
        json!("s-1"),
        "from the version that its own edit made: {answer}"
    );
    let answer = up(&company, "desk-3", since, &[stale]).await;
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(1), "and is held to it like anybody: {answer}");
}

#[tokio::test]
async fn an_id_that_is_none_here_is_given_another() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let long = "x".repeat(80);
    let events = [
        outbox(&company, "e-1", "CREATE", &long, &json!({ "id": long, "firstName": "Jean" }), 1),
        outbox(&company, "e-2", "UPDATE", &long, &json!({ "phone": "06" }), 1),
    ];
    let answer = up(&company, "desk-1", None, &events).await;
    let given = answer["acknowledged"][0]["entityId"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(Uuid::parse_str(given).is_ok());
    let (_, pupil) = scene.get(&company.token, &format!("/api/v1/entities/STUDENT/{given}")).await;
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Jean", "phone": "06" }));
}

#[tokio::test]
async fn another_s_change_makes_a_conflict_with_the_server_s_data_and_one_s_own_chain_of_edits_makes_none() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let created = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1_772_359_200_000);
    let edited = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "firstName": "Jeanne" }), 1_772_359_200_001);
    let first = up(&company, "desk-1", None, &[created, edited]).await;
    assert_eq!(first["acknowledged"].as_array().unwrap().len(), 2, "{first}");
    let version = first["acknowledged"][1]["serverVersion"].as_i64().unwrap();
    let blind = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1_772_359_200_002);
    let second = up(&company, "desk-2", None, &[blind]).await;
    let conflict = &second["conflicts"][0];
    assert_eq!(conflict["outboxEventId"], json!("b-1"));
    assert_eq!(conflict["serverData"], json!({ "id": "s-1", "firstName": "Jeanne", "serverVersion": version }));
    let reason = format!("Version locale (1772359200002) différente de version serveur ({version})");
    assert_eq!(conflict["reason"], json!(reason));
    let seen = outbox(&company, "c-1", "UPDATE", "s-1", &json!({ "lastName": "Dupont" }), version);
    let third = up(&company, "desk-3", None, &[seen]).await;
    assert_eq!(third["conflicts"], json!([]), "made from the version that central holds: {third}");
    let stale = outbox(&company, "d-1", "UPDATE", "s-1", &json!({ "lastName": "Durand" }), version);
    let fourth = up(&company, "desk-4", None, &[stale]).await;
    assert_eq!(fourth["conflicts"].as_array().unwrap().len(), 1, "made from the one before: {fourth}");
}

#[tokio::test]
async fn another_tenant_s_event_is_rejected_alone_and_nothing_of_it_is_stored() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let other = scene.company().await;
    let foreign = outbox(&other, "x-1", "CREATE", "s-9", &json!({ "firstName": "Eve" }), 1);
    let mut odd = outbox(&company, "x-2", "CREATE", "s-2", &json!({ "firstName": "Odd" }), 1);
    odd["operation"] = json!("MERGE");
    let mut product = outbox(&company, "x-3", "CREATE", "A", &json!({ "name": "Pomme" }), 1);
    product["entityType"] = json!("PRODUCT");
    let good = outbox(&company, "x-4", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    let answer = up(&company, "desk-1", None, &[foreign, odd, product, good]).await;
    let rejected: Vec<(&Value, &Value)> =
        answer["rejected"].as_array().unwrap().iter().map(|one| (&one["outboxEventId"], &one["code"])).collect();
    let (a, b, c) = (json!("WRONG_TENANT"), json!("BAD_JSON"), json!("CENTRAL_ONLY"));
    assert_eq!(rejected, [(&json!("x-1"), &a), (&json!("x-2"), &b), (&json!("x-3"), &c)]);
    assert_eq!(answer["acknowledged"][0]["outboxEventId"], json!("x-4"));
    assert_eq!(other.count("select count(*) from event where tenant_id = $1").await, 2);
    let stored = "select count(*) from entity where tenant_id = $1 and entity_type = 'STUDENT'";
    assert_eq!(company.count(stored).await, 1);
}

async fn pull(company: &Company<'_>, device: &str, since: &str, limit: usize) -> Value {
    let path = format!("/api/sync/pull?since={since}&device_id={device}&limit={limit}");
    let (status, answer) = company.scene.get(&company.token, &path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

pub(crate) async fn down(company: &Company<'_>, client: &str, since: Option<&str>) -> Value {
    let body = json!({ "clientId": client, "lastSyncTimestamp": since }).to_string();
    let (status, answer) = company.scene.post(&company.token, "/api/sync/down", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

fn ids<'a>(list: &'a Value, id: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[id].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_phone_pulls_by_time_every_row_once_and_never_hears_the_clock() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let clients: Vec<Value> = (0..30)
        .map(|number| {
            phone_event("CLIENT", &format!("c-{number:02}"), "CREATE", &json!({ "name": "Zoé", "age": 1.50 }))
        })
        .collect();
    for part in clients.chunks(3) {
        phone_push(&company, &company.token, "office", part).await;
    }
    let (mut seen, mut since, mut pages) = (Vec::new(), "1970-01-01T00:00:00Z".to_owned(), 0);
    loop {
        let answer = pull(&company, "phone-1", &since, 4).await;
        for event in answer["events"].as_array().unwrap() {
            let payload = event["payload"].to_string();
            assert_eq!(event["checksum"], json!(canonical_checksum(&payload)), "{payload}");
            seen.push(event["entity_id"].as_str().unwrap().to_owned());
        }
        since = answer["server_time"].as_str().unwrap().to_owned();
        pages += 1;
        if answer["has_more"] == json!(false) {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert!(pages >= 2, "{pages} pages");
    assert_eq!(seen.len(), 30);
    let quiet = pull(&company, "phone-1", &since, 4).await;
    assert_eq!((&quiet["events"], &quiet["server_time"]), (&json!([]), &json!(since)), "nothing new: what was sent");
    let future = pull(&company, "phone-1", "2099-01-01T00:00:00Z", 4).await;
    assert_eq!(future["server_time"], json!(since), "a time that was not reached would hide what comes until then");
    let one = phone_event("CLIENT", "c-05", "UPDATE", &json!({ "name": "Ana" }));
    phone_push(&company, &company.token, "office", &[one]).await;
    let (_, status) = scene.get(&company.token, "/api/sync/status?device_id=phone-1").await;
    assert_eq!((&status["sync_required"], &status["server_healthy"]), (&json!(true), &json!(true)), "{status}");
    let news = pull(&company, "phone-1", &since, 4).await;
    assert_eq!(ids(&news["events"], "entity_id"), ["c-05"], "the row that changed, and no other");
    assert_eq!(news["device_status"], json!({ "is_active": true, "requires_reauth": false }));
}

/// A hundred rows with photos in them are more than a bad link carries in one piece.
#[tokio::test]
async fn a_page_of_large_rows_ends_before_its_limit_and_nothing_is_left_out() {
    let clock = AtomicI64::new(crate::harness::NOON);
    let clock = move || comptoir_core::time::Timestamp(clock.fetch_add(1_000, Ordering::Relaxed));
    let scene = Scene::at(comptoir_central::Clock::new(clock)).await;
    let company = scene.company().await;
    for number in 0..12 {
        let photo = json!({ "photo": "x".repeat(250_000) });
        phone_push(
            &company,
            &company.token,
            "office",
            &[phone_event("CLIENT", &format!("c-{number:02}"), "CREATE", &photo)],
        )
        .await;
    }
    for what in ["pull", "bootstrap"] {
        let (mut next, mut pages, mut seen) = (String::new(), Vec::new(), Vec::new());
        while pages.last() != Some(&json!(false)) {
            let path = format!("/api/sync/{what}?device_id=phone-{what}&since={next}&cursor={next}");
            let (_, page) = scene.get(&company.token, &path).await;
            let (rows, id) = if what == "pull" { (&page["events"], "entity_id") } else { (&page["clients"], "id") };
            let rows = ids(rows, id);
            assert!(rows.len() <= 5, "{} rows of 250,000 bytes", rows.len());
            seen.extend(rows.into_iter().map(str::to_owned));
            next = page["cursor"].as_str().or(page["server_time"].as_str()).unwrap().to_owned();
            pages.push(page["has_more"].clone());
        }
        let expected: Vec<String> = (0..12).map(|number| format!("c-{number:02}")).collect();
        assert_eq!((pages.len(), seen), (3, expected), "{what}");
    }
    let (_, status) = scene.get(&company.token, "/api/sync/status?device_id=phone-new").await;
    assert_eq!(status["device"]["pending_events"], json!(12));
}

#[tokio::test]
async fn a_phone_that_cuts_its_time_to_milliseconds_misses_nothing_that_came_in_the_same_one() {
    // Every push is received in one millisecond of a clock that stands still.
    let scene = Scene::at(comptoir_central::Clock::new(|| comptoir_core::time::Timestamp(crate::harness::NOON))).await;
    let company = scene.company().await;
    let client = |number: usize| phone_event("CLIENT", &format!("c-{number}"), "CREATE", &json!({ "name": "Zoé" }));
    let (mut since, mut seen) = ("1970-01-01T00:00:00Z".to_owned(), Vec::new());
    for number in 0..20 {
        phone_push(&company, &company.token, "office", &[client(number)]).await;
        let answer = pull(&company, "phone-1", &since, 1).await;
        seen.extend(ids(&answer["events"], "entity_id").into_iter().map(str::to_owned));
        since = answer["server_time"].as_str().unwrap().to_owned();
    }
    let expected: Vec<String> = (0..20).map(|number| format!("c-{number}")).collect();
    assert_eq!(seen, expected, "each as it came, none twice, none left out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_phone_that_pulls_by_time_misses_nothing_under_eight_writers_and_two_centrals() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let urls = scene.central.urls().clone();
    let second = comptoir_central::Central::start(comptoir_central::CentralConfig::external(urls)).await.unwrap();
    let routers = [scene.router.clone(), comptoir_central::router(second.clone())];
    let writers = (0..8).map(|number| {
        let (router, token) = (routers[number % 2].clone(), company.token.clone());
        async move {
            let mut written = Vec::new();
            for write in 0..25 {
                let id = format!("c-{number}-{write}");
                let event = phone_event("CLIENT", &id, "CREATE", &json!({ "name": "Zoé" }));
                let device = format!("phone-{number}");
                let body = json!({ "device_id": device, "batch_id": id, "events": [event] }).to_string();
                let (status, answer) = post(&router, &token, "/api/sync/push", body).await;
                assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(true)), "{answer}");
                written.push(id);
            }
            written
        }
    });
    let mut since = "1970-01-01T00:00:00Z".to_owned();
    let (written, missed) = missed(writers.collect(), async || {
        let mut met = Vec::new();
        loop {
            let page = pull(&company, "reader", &since, 7).await;
            met.extend(ids(&page["events"], "entity_id").into_iter().map(str::to_owned));
            since = page["server_time"].as_str().unwrap().to_owned();
            if page["has_more"] == json!(false) {
                return met;
            }
        }
    })
    .await;
    second.shutdown().await;
    assert_eq!((written, missed.len()), (200, 0), "{missed:?}");
}

#[tokio::test]
async fn the_first_load_brings_products_open_deliveries_clients_invoices_and_stock() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let post = async |body: Value| {
        let (status, answer) = scene.post(&company.token, "/api/v1/events", body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    let event = |entity_type: &str, id: &str, action: &str, payload: Value| json!({ "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": id, "action": action, "payload": payload });
    post(event("PRODUCT", "P1", "CREATE", json!({ "name": "Pomme", "price_ht": 120 }))).await;
    let goods = json!({ "currency": "EUR", "lines": [{ "product": "P1", "quantity": "6", "unit_cost": "1.25" }] });
    post(event("RECEPTION", "r-1", "GOODS_RECEIVED", goods.clone())).await;
    let order = |qr: &str| json!({ "reference": "BL", "client": "Dupont", "total_minor": 900, "qr": qr });
    post(event("DELIVERY", "d-1", "DELIVERY_CREATED", order("q1"))).await;
    post(event("DELIVERY", "d-2", "DELIVERY_CREATED", order("q2"))).await;
    let validated = json!({ "qr": "q2", "validated_at": "2026-03-01T09:00:00Z" });
    let events = [
        phone_event("RECEPTION", "r-2", "GOODS_RECEIVED", &goods),
        phone_event("DELIVERY", "d-2", "DELIVERY_VALIDATED", &validated),
        phone_event("INVOICE", "i-1", "INVOICE_CREATED", &invoice_payload()),
        phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Dupont" })),
    ];
    phone_push(&company, &shop.key, "phone-1", &events).await;
    let names = ["products", "deliveries_pending", "clients", "invoices", "stock"];
    let mut lists = names.map(|_| Vec::new());
    let (mut cursor, mut since) = (String::new(), String::new());
    for _ in 0..10 {
        let path = format!("/api/sync/bootstrap?device_id=phone-2&limit=1&cursor={cursor}");
        let (status, page) = scene.get(&shop.key, &path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        for (list, name) in lists.iter_mut().zip(names) {
            list.extend(page[name].as_array().unwrap().iter().cloned());
        }
        since = page["server_time"].as_str().unwrap().to_owned();
        if page["has_more"] == json!(false) {
            break;
        }
        cursor = page["cursor"].as_str().unwrap().to_owned();
    }
    let [products, deliveries, clients, invoices, stock] = lists;
    let product = json!({ "id": "P1", "code": "P1", "name": "Pomme", "price_ht": 120, "is_active": 1 });
    assert_eq!(products, [product]);
    assert_eq!(deliveries.len(), 1);
    let open = (&deliveries[0]["id"], &deliveries[0]["qr_payload"], &deliveries[0]["status"]);
    assert_eq!(open, (&json!("d-1"), &json!("q1"), &json!("PENDING")));
    assert_eq!((&clients[0]["id"], &clients[0]["name"]), (&json!("c-1"), &json!("Dupont")));
    assert_eq!((invoices.len(), &invoices[0]["client_id"]), (1, &json!("c-1")));
    let row = |site: Value| json!({ "id": "P1", "site": site, "quantity": "6", "short": "0" });
    assert_eq!(stock, [row(Value::Null), row(json!(company.site.uuid()))], "the tenant's own, and the shop's");
    let (_, quiet) = scene.get(&shop.key, &format!("/api/sync/pull?device_id=phone-2&since={since}")).await;
    let rows: Vec<&str> = ids(&quiet["events"], "entity_type");
    assert!(!rows.contains(&"PRODUCT"), "the pull goes on where the first load ended: {quiet}");
}

/// A page of a first load gives no delivery that is validated and no client that is gone, and the load had passed over them for ever.
#[tokio::test]
async fn what_is_validated_or_deleted_between_two_pages_of_a_first_load_comes_by_the_first_pull() {
    // Whoever looks at this clock finds a millisecond gone, so that pages are cut everywhere.
    let clock = AtomicI64::new(crate::harness::NOON);
    let clock = move || comptoir_core::time::Timestamp(clock.fetch_add(1_000, Ordering::Relaxed));
    let scene = Scene::at(comptoir_central::Clock::new(clock)).await;
    let company = scene.company().await;
    let shop = company.node().await;
    for number in 1..=2 {
        let order = json!({ "reference": "BL", "client": "Dupont", "qr": "q" });
        office(&company, "DELIVERY", &format!("d-{number}"), "DELIVERY_CREATED", order).await;
        let made = phone_event("CLIENT", &format!("c-{number}"), "CREATE", &json!({ "name": "Zoé" }));
        phone_push(&company, &shop.key, "phone-1", &[made]).await;
    }
    let mut held = std::collections::BTreeMap::new();
    let (mut cursor, mut since) = (String::new(), None);
    for round in 0..20 {
        let path = format!("/api/sync/bootstrap?device_id=phone-2&limit=2&cursor={cursor}");
        let (status, page) = scene.get(&shop.key, &path).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        for (list, what) in [("deliveries_pending", "status"), ("clients", "name")] {
            for row in page[list].as_array().unwrap() {
                held.insert(row["id"].as_str().unwrap().to_owned(), row[what].clone());
            }
        }
        if page["has_more"] == json!(false) {
            since = page["server_time"].as_str().map(str::to_owned);
            break;
        }
        cursor = page["cursor"].as_str().unwrap().to_owned();
        if round == 0 {
            assert_eq!(held.keys().collect::<Vec<_>>(), ["c-1", "d-1"]);
            let validated = json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z" });
            office(&company, "DELIVERY", "d-1", "DELIVERY_VALIDATED", validated).await;
            let gone = phone_event("CLIENT", "c-1", "DELETE", &json!({}));
            let made = phone_event("CLIENT", "c-3", "CREATE", &json!({ "name": "Ana" }));
            phone_push(&company, &shop.key, "phone-1", &[gone]).await;
            phone_push(&company, &shop.key, "phone-1", &[made]).await;
        }
    }
    let path = format!("/api/sync/pull?device_id=phone-2&since={}", since.expect("the load ends"));
    let (_, news) = scene.get(&shop.key, &path).await;
    for event in news["events"].as_array().unwrap() {
        let (id, payload) = (event["entity_id"].as_str().unwrap().to_owned(), &event["payload"]);
        match event["entity_type"].as_str().unwrap() {
            _ if payload.is_null() => drop(held.remove(&id)),
            "DELIVERY" => drop(held.insert(id, payload["status"].clone())),
            _ => drop(held.insert(id, payload["name"].clone())),
        }
    }
    let expected = [("c-2", "Zoé"), ("c-3", "Ana"), ("d-1", "VALIDATED"), ("d-2", "PENDING")];
    assert_eq!(held.iter().map(|(id, what)| (id.as_str(), what.as_str().unwrap())).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_desktop_is_given_what_others_changed_as_create_update_and_delete() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    let answer = up(&company, "desk-1", None, &[made]).await;
    let version = answer["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let own = down(&company, "desk-1", None).await;
    assert_eq!(own["changes"], json!([]), "what it made itself it has");
    let first = down(&company, "desk-2", None).await;
    let change = &first["changes"][0];
    assert_eq!((&change["operation"], &change["entityId"]), (&json!("CREATE"), &json!("s-1")));
    assert_eq!((&change["payload"], &change["serverVersion"]), (&json!({ "firstName": "Jean" }), &json!(version)));
    let since = first["syncTimestamp"].as_str().unwrap().to_owned();
    let edit = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "phone": "06" }), version);
    up(&company, "desk-2", Some(&since), &[edit]).await;
    let again = down(&company, "desk-2", Some(&since)).await;
    assert_eq!((&again["changes"], &again["hasMore"]), (&json!([]), &json!(false)));
    let own_since = own["syncTimestamp"].as_str().unwrap();
    let update = down(&company, "desk-1", Some(own_since)).await;
    let fresh = &update["changes"][0];
    assert_eq!(fresh["operation"], json!("UPDATE"), "it made the pupil itself: {update}");
    assert_eq!(fresh["payload"], json!({ "firstName": "Jean", "phone": "06" }));
    let since = update["syncTimestamp"].as_str().unwrap().to_owned();
    let gone = outbox(&company, "b-2", "DELETE", "s-1", &json!({}), fresh["serverVersion"].as_i64().unwrap());
    let answer = up(&company, "desk-2", None, &[gone]).await;
    assert_eq!(answer["acknowledged"].as_array().unwrap().len(), 1, "{answer}");
    let deleted = down(&company, "desk-1", Some(&since)).await;
    assert_eq!(deleted["changes"][0]["operation"], json!("DELETE"));
    let body = json!({ "clientId": "desk-3", "lastSyncTimestamp": null, "entityTypes": ["GRADE"] }).to_string();
    let (_, none) = scene.post(&company.token, "/api/sync/down", body).await;
    assert_eq!(none["changes"], json!([]), "only the types that were asked for");
}

#[tokio::test]
async fn a_desktop_that_was_wiped_is_given_again_what_it_had_made_itself() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    up(&company, "desk-1", None, &[made]).await;
    assert_eq!(down(&company, "desk-1", None).await["changes"], json!([]));
    let all = down(&company, "desk-1", None).await;
    assert_eq!(ids(&all["changes"], "entityId"), ["s-1"], "it had pulled before, and begins again");
}

#[tokio::test]
async fn a_desktop_that_was_wiped_before_its_first_down_asks_for_its_own_rows_page_by_page() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    for number in 1..=3 {
        let id = format!("s-{number}");
        let made = outbox(&company, &format!("a-{number}"), "CREATE", &id, &json!({ "firstName": "Jean" }), 1);
        up(&company, "desk-1", None, &[made]).await;
    }
    let (mut given, mut since) = (Vec::new(), Value::Null);
    for _page in 0..4 {
        let reload = since.is_null();
        let body =
            json!({ "clientId": "desk-1", "lastSyncTimestamp": since, "reload": reload, "limit": 1 }).to_string();
        let (_, page) = scene.post(&company.token, "/api/sync/down", body).await;
        for change in page["changes"].as_array().unwrap() {
            given.push((change["operation"].clone(), change["entityId"].clone()));
        }
        since = page["syncTimestamp"].clone();
    }
    let created = |id: &str| (json!("CREATE"), json!(id));
    assert_eq!(given, [created("s-1"), created("s-2"), created("s-3")]);
}

#[tokio::test]
async fn a_conflict_of_a_desktop_is_resolved_by_the_server_s_version_by_its_own_or_by_merged_fields() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let pupils = ["s-1", "s-2", "s-3"];
    let create = |id: &&str| {
        outbox(&company, &format!("a-{id}"), "CREATE", id, &json!({ "firstName": "Jean", "level": "6" }), 1)
    };
    up(&company, "desk-1", None, &pupils.iter().map(create).collect::<Vec<_>>()).await;
    let edit = |id: &&str| outbox(&company, &format!("b-{id}"), "UPDATE", id, &json!({ "firstName": "Paul" }), 1);
    let answer = up(&company, "desk-2", None, &pupils.iter().map(edit).collect::<Vec<_>>()).await;
    assert_eq!(answer["conflicts"].as_array().unwrap().len(), 3, "{answer}");
    let resolve = async |event: &str, accept: bool, merged: Value| {
        let mut body = json!({ "clientId": "desk-2", "outboxEventId": event, "acceptServerVersion": accept });
        if !merged.is_null() {
            body["merged"] = merged;
        }
        scene.post(&company.token, "/api/sync/resolve", body.to_string()).await
    };
    let (status, server) = resolve("b-s-1", true, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{server}");
    assert_eq!((&server["serverData"]["firstName"], &server["entityId"]), (&json!("Jean"), &json!("s-1")));
    let (_, again) = resolve("b-s-1", true, Value::Null).await;
    assert_eq!(again["serverEventId"], server["serverEventId"], "the same choice again is the same choice");
    let (status, _) = resolve("b-s-1", false, Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "and no other");
    let (_, local) = resolve("b-s-2", false, Value::Null).await;
    assert_eq!(local["serverData"]["firstName"], json!("Paul"));
    assert_eq!(local["serverData"]["level"], json!("6"));
    let (_, merged) = resolve("b-s-3", false, json!({ "firstName": "Jean-Paul" })).await;
    assert_eq!(merged["serverData"]["firstName"], json!("Jean-Paul"));
    assert_eq!(merged["serverData"]["serverVersion"], merged["serverVersion"]);
    let (status, _) = resolve("b-none", true, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let later =
        outbox(&company, "b-9", "UPDATE", "s-2", &json!({ "level": "5" }), local["serverVersion"].as_i64().unwrap());
    let answer = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(answer["acknowledged"].as_array().unwrap().len(), 1, "the conflict is closed: {answer}");
}

/// What a desktop holds, by type and id. It does with a change what the document's loop does, and fails where a table would: at a CREATE of
/// what is there, at an UPDATE of what is not.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) rows: BTreeMap<(String, String), Value>,
    pub(crate) since: Value,
}

impl Cache {
    /// Takes one page; whether more waits.
    pub(crate) async fn page(&mut self, company: &Company<'_>, client: &str, limit: u64) -> bool {
        let body = json!({ "clientId": client, "lastSyncTimestamp": self.since, "limit": limit }).to_string();
        let (status, page) = company.scene.post(&company.token, "/api/sync/down", body).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        for change in page["changes"].as_array().unwrap() {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            let key = (text("entityType"), text("entityId"));
            let row = change["payload"].clone();
            match text("operation").as_str() {
                "CREATE" => assert_eq!(self.rows.insert(key, row), None, "{change}"),
                "UPDATE" => {
                    let held = self.rows.get_mut(&key).unwrap_or_else(|| panic!("it is not there: {change}"));
                    held.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
                }
                _ => drop(self.rows.remove(&key)),
            }
        }
        self.since = page["syncTimestamp"].clone();
        page["hasMore"] == json!(true)
    }

    pub(crate) async fn all(&mut self, company: &Company<'_>, client: &str, limit: u64) {
        while self.page(company, client, limit).await {}
    }

    fn names(&self) -> Vec<(&str, &str)> {
        self.rows.iter().map(|((_, id), row)| (id.as_str(), row["firstName"].as_str().unwrap_or_default())).collect()
    }
}

async fn office(company: &Company<'_>, entity_type: &str, id: &str, action: &str, payload: Value) {
    let event = json!({ "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": id, "action": action, "payload": payload });
    let (status, answer) = company.scene.post(&company.token, "/api/v1/events", event.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn edit(company: &Company<'_>, client: &str, event: &str, operation: &str, student: &str, name: &str) -> Value {
    let change = outbox(company, event, operation, student, &json!({ "firstName": name }), 1);
    let answer = up(company, client, None, &[change]).await;
    assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(1), "{answer}");
    answer
}

/// A row stands where it changed last, which may be many pages behind the place where it came to be.
#[tokio::test]
async fn a_row_comes_as_new_before_it_comes_as_changed_however_the_pages_are_cut() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    for number in 1..=4 {
        edit(&company, "desk-1", &format!("a-{number}"), "CREATE", &format!("s-{number}"), "Jean").await;
    }
    office(
        &company,
        "DELIVERY",
        "d-1",
        "DELIVERY_CREATED",
        json!({ "reference": "BL-1", "client": "Cantine", "qr": "q" }),
    )
    .await;
    let goods = json!({ "currency": "EUR", "lines": [{ "product": "A", "quantity": "6", "unit_cost": "1.25" }] });
    office(&company, "RECEPTION", "r-1", "GOODS_RECEIVED", goods.clone()).await;
    edit(&company, "desk-1", "b-2", "UPDATE", "s-2", "Aïcha").await;
    edit(&company, "desk-1", "b-1", "UPDATE", "s-1", "Zoé").await;
    let validated = json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z" });
    office(&company, "DELIVERY", "d-1", "DELIVERY_VALIDATED", validated).await;
    office(&company, "RECEPTION", "r-2", "GOODS_RECEIVED", goods).await;
    for limit in [1, 2, 3, 100] {
        let mut cache = Cache::default();
        cache.all(&company, &format!("desk-of-{limit}"), limit).await;
        let expected = [("d-1", ""), ("A", ""), ("s-1", "Zoé"), ("s-2", "Aïcha"), ("s-3", "Jean"), ("s-4", "Jean")];
        assert_eq!(cache.names(), expected, "pages of {limit}");
    }
}

/// What others change between two pages of one desktop moves behind them.
#[tokio::test]
async fn what_moves_while_a_desktop_pages_through_is_neither_lost_nor_given_as_what_it_is_not() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    for number in 1..=6 {
        edit(&company, "desk-1", &format!("a-{number}"), "CREATE", &format!("s-{number}"), "Jean").await;
    }
    let mut cache = Cache::default();
    for (round, moving) in ["s-5", "s-3", "s-1", "s-5"].into_iter().enumerate() {
        cache.page(&company, "desk-2", 1).await;
        edit(&company, "desk-1", &format!("b-{round}"), "UPDATE", moving, &format!("Jean {round}")).await;
    }
    cache.all(&company, "desk-2", 1).await;
    let expected =
        [("s-1", "Jean 2"), ("s-2", "Jean"), ("s-3", "Jean 1"), ("s-4", "Jean"), ("s-5", "Jean 3"), ("s-6", "Jean")];
    assert_eq!(cache.names(), expected);
}

/// The last writer wins here, so a desktop's own edit is taken although another's change before it has not come down yet, and moves the
/// row behind the page.
#[tokio::test]
async fn a_desktop_s_own_later_edit_hides_no_earlier_one_of_another_between_pages() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let client = async |desk: &str, event: &str, operation: &str, id: &str, fields: Value| {
        let mut change = outbox(&company, event, operation, id, &fields, 1);
        change["entityType"] = json!("CLIENT");
        let answer = up(&company, desk, None, &[change]).await;
        assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(1), "{answer}");
    };
    for id in ["c-1", "c-2", "c-3"] {
        client("desk-1", &format!("a-{id}"), "CREATE", id, json!({ "firstName": "Jean" })).await;
    }
    let mut cache = Cache::default();
    cache.all(&company, "desk-2", 100).await;
    for id in ["c-1", "c-2", "c-3"] {
        client("desk-1", &format!("b-{id}"), "UPDATE", id, json!({ "firstName": "Zoé" })).await;
    }
    assert!(cache.page(&company, "desk-2", 1).await);
    client("desk-2", "own", "UPDATE", "c-2", json!({ "phone": "06" })).await;
    cache.all(&company, "desk-2", 1).await;
    assert_eq!(cache.names(), [("c-1", "Zoé"), ("c-2", "Zoé"), ("c-3", "Zoé")]);
}

#[tokio::test]
async fn a_product_that_is_new_after_the_first_load_is_new_to_a_desktop_once() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let mut cache = Cache::default();
    let received = async |reference: &str, product: &str| {
        let lines = json!([{ "product": product, "quantity": "6", "unit_cost": "1.25" }]);
        office(&company, "RECEPTION", reference, "GOODS_RECEIVED", json!({ "currency": "EUR", "lines": lines })).await;
    };
    received("r-1", "A").await;
    cache.all(&company, "desk-1", 100).await;
    received("r-2", "B").await;
    received("r-3", "A").await;
    cache.all(&company, "desk-1", 100).await;
    received("r-4", "B").await;
    cache.all(&company, "desk-1", 100).await;
    let stock: Vec<(&str, &Value)> = cache.rows.iter().map(|((_, id), row)| (id.as_str(), &row["quantity"])).collect();
    assert_eq!(stock, [("A", &json!("12")), ("B", &json!("12"))]);
}

/// A pupil that one desktop made and another edited blindly: the second is in conflict, and has been shown version `.0`.
async fn in_conflict(company: &Company<'_>) -> u64 {
    let made = outbox(company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean", "level": "6" }), 1);
    up(company, "desk-1", None, &[made]).await;
    let blind = outbox(company, "b-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1);
    let answer = up(company, "desk-2", None, &[blind]).await;
    answer["conflicts"][0]["serverData"]["serverVersion"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

async fn choose(company: &Company<'_>, accept: bool, version: Option<u64>) -> (StatusCode, Value) {
    let mut body = json!({ "clientId": "desk-2", "outboxEventId": "b-1", "acceptServerVersion": accept });
    if let Some(version) = version {
        body["serverVersion"] = json!(version);
    }
    company.scene.post(&company.token, "/api/sync/resolve", body.to_string()).await
}

/// What the choice would write over came after the user had looked.
#[tokio::test]
async fn a_desktop_s_choice_about_what_has_moved_on_is_refused_with_what_is_there_now() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let shown = in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    let moved = up(&company, "desk-1", None, &[edit]).await["acknowledged"][0]["serverVersion"].clone();
    for (accept, version) in [(false, Some(shown)), (true, Some(shown)), (false, None)] {
        let (status, problem) = choose(&company, accept, version).await;
        assert_eq!((status, &problem["code"]), (StatusCode::PRECONDITION_FAILED, &json!("PRECONDITION_FAILED")));
        let data = json!({ "id": "s-1", "firstName": "Jean", "level": "5", "serverVersion": moved });
        assert_eq!((&problem["serverData"], &problem["version"], &problem["entityId"]), (&data, &moved, &json!("s-1")));
    }
    let (status, decided) = choose(&company, false, moved.as_u64()).await;
    assert_eq!((status, &decided["serverData"]["firstName"]), (StatusCode::OK, &json!("Paul")), "{decided}");
    let (_, again) = choose(&company, false, moved.as_u64()).await;
    assert_eq!(again, decided, "the same choice, although the pupil moved by it");
}

#[tokio::test]
async fn a_desktop_that_names_no_version_decides_about_what_it_holds_and_may_always_take_the_server_s() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&company, "desk-1", None, &[edit]).await;
    assert_eq!(choose(&company, false, None).await.0, StatusCode::PRECONDITION_FAILED);
    let page = down(&company, "desk-2", None).await;
    let change = page["changes"].as_array().unwrap().last().unwrap();
    assert_eq!(change["payload"]["level"], json!("5"), "the other's change comes down: {page}");
    assert_eq!(
        choose(&company, false, None).await.0,
        StatusCode::PRECONDITION_FAILED,
        "whether it arrived is not known"
    );
    down(&company, "desk-2", page["syncTimestamp"].as_str()).await;
    let (status, decided) = choose(&company, false, None).await;
    assert_eq!((status, &decided["serverData"]["firstName"]), (StatusCode::OK, &json!("Paul")), "{decided}");

    let other = scene.company().await;
    in_conflict(&other).await;
    let edit = outbox(&other, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&other, "desk-1", None, &[edit]).await;
    let (status, decided) = choose(&other, true, None).await;
    assert_eq!((status, &decided["serverData"]["level"]), (StatusCode::OK, &json!("5")), "{decided}");
}

#[tokio::test]
async fn every_synchronisation_is_logged_with_its_statistics_and_a_tenant_sees_its_own() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let other = scene.company().await;
    let mut shop = company.node().await;
    shop.sell("s-1");
    shop.push_all(&scene).await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    up(&company, "desk-1", None, &[made]).await;
    down(&company, "desk-1", None).await;
    pull(&company, "phone-1", "1970-01-01T00:00:00Z", 10).await;
    let (_, log) = scene.get(&company.token, "/api/v1/sync-log?limit=2").await;
    assert_eq!(log["entries"].as_array().unwrap().len(), 2);
    let (_, rest) =
        scene.get(&company.token, &format!("/api/v1/sync-log?cursor={}", log["next_cursor"].as_str().unwrap())).await;
    // The row of a node's push is written beside its answer.
    let newest = &log["entries"][0];
    assert_eq!((&newest["clientId"], &newest["direction"]), (&json!("phone-1"), &json!("DOWN")), "{log} {rest}");
    assert_eq!((&newest["contract"], &newest["status"]), (&json!("mobile"), &json!("SUCCESS")));
    let (_, desk) = scene.get(&company.token, "/api/v1/sync-log?client=desk-1").await;
    assert_eq!((&desk["statistics"]["syncs"], &desk["statistics"]["events"]), (&json!(2), &json!(1)), "{desk}");
    let (_, foreign) = scene.get(&other.token, "/api/v1/sync-log").await;
    assert_eq!(foreign["statistics"]["syncs"], json!(0), "another tenant sees none of it");
    let path = format!("/api/v1/sync-log?client={}", shop.node);
    let mut native = Value::Null;
    // Written beside the answer: it is there soon, and looked for until it is.
    for _ in 0..10_000 {
        native = scene.get(&company.token, &path).await.1;
        if native["statistics"]["syncs"] != json!(0) {
            break;
        }
    }
    let push = &native["entries"][0];
    assert_eq!(
        (&push["contract"], &push["direction"], &push["eventsCount"]),
        (&json!("native"), &json!("UP"), &json!(2))
    );
    assert_eq!(push["clockDrifts"], json!(true), "the harness's clock stands in March: {push}");
    let (status, _) = scene.get(&shop.key, "/api/v1/sync-log").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let days = company.count("select count(*) from reporting.sync_log_by_day where tenant_id = $1").await;
    assert!(days >= 3, "by client and direction: {days}");
}
