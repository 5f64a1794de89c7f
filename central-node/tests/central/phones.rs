//! The mobile contract at central, as far as its document leaves the choice to the server. `clients/typescript` has a whole
//! phone.

use std::sync::atomic::{AtomicI64, Ordering};

use comptoir_central::{Clock, restore};
use comptoir_proto::mobile_v1::canonical_checksum;
use comptoir_test_support::events::{InvoiceCreation, Sale};
use comptoir_test_support::{NOON, TestCentral, post_to};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{ids, office, phone_event, phone_push, phone_record, pull};
use crate::late_commits::missed;

#[tokio::test]
async fn central_keeps_a_chained_log_for_a_phone_and_names_itself_as_sealer() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let sale = phone_record("s-1", &Sale::default());
    let answer = phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&sale)).await;
    assert_eq!(answer["success"], true);
    assert_eq!(answer["acked_event_ids"], json!([sale["id"]]));
    assert_eq!(answer["failed_events"], json!([]));
    let log = company.get("/api/v1/events").await.assert_ok();
    let events = log["events"].as_array().unwrap();
    let phone = Uuid::new_v5(&company.tenant.uuid(), b"phone-1");
    let of_phone: Vec<&Value> = events.iter().filter(|event| event["node"] == json!(phone)).collect();
    assert_eq!(of_phone.len(), 2, "the record that opens its log, and the sale");
    assert_eq!(of_phone[0]["action"], "EPOCH_OPENED");
    assert_eq!(of_phone[0]["seq"], 1);
    assert_eq!(of_phone[0]["payload"]["reason"], "sealed_by: central, for the mobile device phone-1");
    assert_eq!(of_phone[1]["id"], sale["id"]);
    assert_eq!(of_phone[1]["seq"], 2);
    assert_eq!(of_phone[1]["user"], "7");
    assert_eq!(of_phone[1]["site"], json!(company.site.uuid()), "the key's shop");
    let again = phone_push(&company, &shop.key, "phone-1", &[sale]).await;
    assert_eq!(again["acked_event_ids"], answer["acked_event_ids"], "the same batch, the same answer");
    assert_eq!(company.events().await, 4);
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_damaged_or_unreadable_event_fails_alone() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let good = phone_record("s-1", &Sale::default());
    let mut damaged = phone_record("s-2", &Sale::default());
    damaged["payload"]["total_minor"] = json!(511);
    let mut no_name = phone_record("", &Sale::default());
    no_name["id"] = json!("n-1");
    let wrong_total = phone_record("s-3", &Sale { total_minor: 900, ..Sale::default() });
    let unknown = phone_event("SALE", "s-4", "SALE_IMAGINED", &json!({}));
    let mut spaced = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé", "age": 12.50, "city": null }));
    spaced["checksum"] = json!(canonical_checksum(r#"{ "name":"Zoé", "city":null,"age":12.5 }"#));
    let events = [good, damaged, json!({ "id": "e-3" }), json!(7), no_name, wrong_total, unknown, spaced];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    let acked: Vec<&Value> = [0, 7].iter().map(|index: &usize| &events[*index]["id"]).collect();
    assert_eq!(answer["acked_event_ids"], json!(acked));
    let failed: Vec<(&Value, &Value, &Value)> = answer["failed_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| (&failed["event_id"], &failed["error_code"], &failed["retry"]))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    let (checksum, json) = (json!("CHECKSUM_MISMATCH"), json!("MALFORMED_BODY"));
    let (total, schema) = (json!("TOTAL_MISMATCH"), json!("UNKNOWN_SCHEMA"));
    let expected = [
        (&events[1]["id"], &checksum, &yes),
        (&events[2]["id"], &json, &no),
        (&json!("#3"), &json, &no),
        (&json!("n-1"), &json, &no),
        (&events[5]["id"], &total, &no),
        (&events[6]["id"], &schema, &no),
    ];
    assert_eq!(failed, expected);
    assert_eq!(answer["success"], false);
    let waiting = company.get("/api/v1/quarantine").await.assert_ok();
    let codes: Vec<&Value> =
        waiting["events"].as_array().unwrap().iter().map(|event| &event["decision"]["code"]).collect();
    assert_eq!(codes, [&json!("TOTAL_MISMATCH"), &json!("UNKNOWN_SCHEMA")]);
    let log = company.get("/api/v1/sync-log").await.assert_ok();
    let entry = &log["entries"][0];
    assert_eq!(entry["status"], "PARTIAL");
    assert_eq!(entry["eventsCount"], 8);
    assert_eq!(entry["failedCount"], 6);
}

/// A phone sends the columns of its own table, which may be null.
#[tokio::test]
async fn a_validation_without_coordinates_may_have_nulls() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    office(&company, "DELIVERY", "d-1", "DELIVERY_CREATED", json!({ "reference": "BL-1", "client": "Zoé", "qr": "q" }))
        .await;
    let scanned = json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z", "latitude": null, "longitude": null,
                          "signature_hash": null, "photo_hash": null });
    let events = [phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &scanned)];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["acked_event_ids"][0], events[0]["id"], "{answer}");
    assert_eq!(answer["success"], true, "{answer}");
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &events).await["acked_event_ids"], answer["acked_event_ids"]);
    let list = company.get("/api/v1/deliveries").await.assert_ok();
    assert_eq!(list["rows"][0]["validation"]["at"], "2026-03-01T09:00:00Z", "{list}");
    assert_eq!(list["rows"][0]["validation"]["place"], Value::Null, "{list}");
}

/// M2: a phone that reads only the document's fields must not take such an event for done.
#[tokio::test]
async fn an_event_without_effect_fails_with_a_resolution_and_a_message_on_every_send() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    office(&company, "DELIVERY", "d-1", "DELIVERY_CREATED", json!({ "reference": "BL-1", "client": "Zoé", "qr": "q" }))
        .await;
    let client = |action: &str, name: &str, at: &str| {
        let mut event = phone_event("CLIENT", "c-1", action, &json!({ "name": name }));
        event["occurred_at"] = json!(at);
        event
    };
    phone_push(&company, &shop.key, "phone-2", &[client("CREATE", "Ana", "2026-03-01T08:00:00Z")]).await;
    let scanned = json!({ "qr": "another", "validated_at": "2026-03-01T09:00:00Z" });
    let events = [
        phone_record("s-1", &Sale::default()),
        phone_event("DELIVERY", "d-1", "DELIVERY_VALIDATED", &scanned),
        phone_event("STOCK", "A", "UPDATE", &json!({ "quantity": 5 })),
        phone_record("s-2", &Sale { total_minor: 900, ..Sale::default() }),
        phone_event("SALE", "s-3", "SALE_RECORDED", &json!({ "total": 5 })),
        client("UPDATE", "Zoé", "2026-03-01T07:00:00Z"),
    ];
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["success"], false, "{answer}");
    assert_eq!(answer["acked_event_ids"], json!([events[0]["id"]]), "{answer}");
    let outcome = |failed: &Value| {
        assert_eq!(failed["retry"], false, "it is stored: {failed}");
        let (resolution, data) = (&failed["resolution"], &failed["resolution"]["data"]);
        let texts = [&failed["error_code"], &resolution["action"], &data["verdict"], &data["message"]];
        texts.map(|text| text.as_str().unwrap().to_owned())
    };
    let waits = "Reçu par le central, sans effet tant qu'une personne du siège ne l'a pas vérifié";
    let stays = "La valeur du central reste";
    let expected = [
        ["QR_MISMATCH", "DISCARD_LOCAL", "QUARANTINED", waits],
        ["STOCK_READ_ONLY", "TAKE_SERVER_STOCK", "SUPERSEDED", stays],
        ["TOTAL_MISMATCH", "DISCARD_LOCAL", "QUARANTINED", waits],
        ["INVALID_PAYLOAD", "DISCARD_LOCAL", "QUARANTINED", waits],
        ["OVERWRITTEN", "DISCARD_LOCAL", "SUPERSEDED", stays],
    ];
    let outcomes: Vec<[String; 4]> = answer["failed_events"].as_array().unwrap().iter().map(outcome).collect();
    assert_eq!(outcomes, expected);
    assert_eq!(answer["failed_events"][1]["resolution"]["data"]["quantities"], json!({ "A": "-2" }));
    let queue = company.get("/api/v1/quarantine").await.assert_ok();
    assert_eq!(ids(&queue["events"], "id"), [1, 3, 4].map(|index: usize| events[index]["id"].as_str().unwrap()));
    let again = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(again["failed_events"], answer["failed_events"]);
}

/// D3, M2: nothing is acknowledged as done that can never take effect. It stays in the log, for an audit.
#[tokio::test]
async fn an_edit_that_can_never_take_effect_is_rejected_and_stored() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let many: serde_json::Map<String, Value> = (0..300).map(|field| (format!("f{field}"), json!(1))).collect();
    let payloads =
        [Value::Null, json!([]), json!(5), json!("{}"), Value::Object(many), json!({ "name": "Du\u{0}pont" })];
    let events = payloads.map(|payload| phone_event("CLIENT", "c-1", "CREATE", &payload));
    let answer = phone_push(&company, &shop.key, "phone-1", &events).await;
    assert_eq!(answer["acked_event_ids"], json!([]));
    let failed = answer["failed_events"].as_array().unwrap();
    assert_eq!(failed.len(), events.len());
    for failed in failed {
        let shown = [&failed["error_code"], &failed["retry"], &failed["resolution"]["action"]];
        assert_eq!(shown, [&json!("INVALID_PAYLOAD"), &json!(false), &json!("FIX_AND_RESEND")], "{failed}");
        assert!(failed["detail"].as_str().unwrap().starts_with("/payload"), "{failed}");
    }
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &events).await["failed_events"], answer["failed_events"]);
    let log = company.get("/api/v1/events").await.assert_ok();
    let rejected = log["events"].as_array().unwrap().iter().filter(|event| event["action"] == "CREATE");
    let verdicts: Vec<&Value> = rejected.map(|event| &event["decision"]["verdict"]).collect();
    assert_eq!(verdicts, [&json!("REJECTED"); 6], "{log}");
    let queue = company.get("/api/v1/quarantine").await.assert_ok();
    assert_eq!(queue["events"], json!([]), "nobody has to look at it");
}

#[tokio::test]
async fn a_permanent_failure_names_the_remedy_and_the_field() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let cancel = || phone_event("INVOICE", "i-1", "INVOICE_CANCELLED", &json!({ "invoice": "i-1", "reason": "x" }));
    let before = [phone_record("i-1", &InvoiceCreation::default()), cancel()];
    assert_eq!(phone_push(&company, &shop.key, "phone-1", &before).await["success"], true);
    let with = |field: &str, value: Value| {
        let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
        event[field] = value;
        event
    };
    let mut nobody = with("id", json!("n-1"));
    nobody.as_object_mut().unwrap().remove("user_id");
    let events = [
        cancel(),
        phone_record("i-1", &InvoiceCreation::default()),
        phone_event("STUDENT", "s-9", "UPDATE", &json!({ "level": "6" })),
        phone_event("PRODUCT", "A", "UPDATE", &json!({ "price": "1.00" })),
        with("user_id", json!(1.5)),
        with("occurred_at", json!(1_772_359_200)),
        with("occurred_at", json!("hier")),
        with("entity_id", json!("")),
        nobody,
    ];
    let answer = phone_push(&company, &shop.key, "phone-2", &events).await;
    let outcome = |failed: &Value| {
        let [code, action] = [&failed["error_code"], &failed["resolution"]["action"]];
        assert_eq!(failed["retry"], false, "{failed}");
        format!("{} {}", code.as_str().unwrap(), action.as_str().unwrap_or("nothing"))
    };
    let outcomes: Vec<String> = answer["failed_events"].as_array().unwrap().iter().map(outcome).collect();
    let expected = [
        "ALREADY_CANCELLED DISCARD_LOCAL",
        "ENTITY_EXISTS FIX_AND_RESEND",
        "UNKNOWN_ENTITY CHOOSE",
        "CENTRAL_ONLY DISCARD_LOCAL",
    ];
    assert_eq!(outcomes[..4], expected);
    assert_eq!(outcomes[4..], ["MALFORMED_BODY FIX_AND_RESEND"; 5]);
    assert_eq!(answer["failed_events"][0]["resolution"]["data"]["message"], "Déjà annulée");
    for (index, place) in [(4, "/user_id: "), (5, "/occurred_at: "), (6, "/occurred_at: "), (7, "/entity_id: ")] {
        let detail = answer["failed_events"][index]["detail"].as_str().unwrap();
        assert!(detail.starts_with(place), "{detail}");
    }
    let missing = answer["failed_events"][8]["detail"].as_str().unwrap();
    assert!(missing.contains("missing field `user_id`"), "{missing}");
}

#[tokio::test]
async fn a_cut_batch_is_retryable_and_a_compressed_one_is_unsupported() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let whole = json!({ "device_id": "phone-1", "batch_id": "b", "events": [] }).to_string();
    let cut = [Ok(whole[..20].to_owned()), Err(std::io::Error::other("connection reset"))];
    let cut = axum::body::Body::from_stream(futures_util::stream::iter(cut));
    let problem = scene.post_as(&company.token, "/api/sync/push", cut).await;
    problem.assert_status(408);
    assert_eq!(problem.body["retryable"], true, "{problem:?}");
    assert!(problem.body["detail"].as_str().unwrap().contains("after 20 bytes"), "{problem:?}");
    let request = axum::http::Request::post("/api/sync/push")
        .header("authorization", format!("bearer {}", company.token))
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    // The scheme `bearer` is accepted in lower case: the refusal is about the encoding.
    let problem = scene.request(request.body(axum::body::Body::from(whole)).unwrap()).await;
    problem.assert_status(415);
    assert_eq!(problem.body["detail"], "send it without a content-encoding, got gzip");
}

#[tokio::test]
async fn an_event_with_equivalent_json_is_the_same_event() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé", "age": 12.5 }));
    let send = async |payload: &str, event: &Value| {
        let text = event.to_string().replace("\"PAYLOAD\"", payload);
        let body = format!(r#"{{"device_id":"phone-1","batch_id":"b","events":[{text}]}}"#);
        scene.post_as(&shop.key, "/api/sync/push", body).await.body
    };
    let first = r#"{"name":"Zo\u00e9", "age":12.50}"#;
    (event["payload"], event["checksum"]) = (json!("PAYLOAD"), json!(canonical_checksum(first)));
    for payload in [first, r#"{"age":12.5,"name":"Zoé"}"#, r#"{ "age":1.25e1, "name":"Zoé" }"#] {
        assert_eq!(send(payload, &event).await["acked_event_ids"], json!([event["id"]]), "{payload}");
    }
    let other = r#"{"age":12.51,"name":"Zoé"}"#;
    event["checksum"] = json!(canonical_checksum(other));
    assert_eq!(send(other, &event).await["failed_events"][0]["error_code"], "EVENT_ID_REUSED");
    assert_eq!(company.count("select count(*) from event where tenant_id = $1 and entity_id = 'c-1'").await, 1);
}

/// Central once accepted an entity that it could not send: the entity broke every phone's pull and, in a conflict, every list of
/// events.
#[tokio::test]
async fn an_entity_nested_too_deep_is_refused_and_the_deepest_accepted_is_readable() {
    let scene = TestCentral::new().await;
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
    assert_eq!(failed["event_id"], events[2]["id"], "{answer}");
    assert_eq!(failed["error_code"], "ENTITY_TOO_LARGE", "{answer}");
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
    company.get("/api/v1/events").await.assert_ok();
}

#[tokio::test]
async fn a_reused_id_with_other_content_is_refused_and_the_others_are_accepted() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let first = phone_record("s-1", &Sale::default());
    phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&first)).await;
    let mut other = phone_record("s-2", &Sale::default());
    other["id"] = first["id"].clone();
    let good = phone_record("s-3", &Sale::default());
    let answer = phone_push(&company, &shop.key, "phone-1", &[other, good.clone()]).await;
    assert_eq!(answer["acked_event_ids"], json!([good["id"]]));
    assert_eq!(answer["failed_events"][0]["error_code"], "EVENT_ID_REUSED");
    assert_eq!(answer["failed_events"][0]["retry"], false);
}

#[tokio::test]
async fn a_phone_never_changes_stock_and_production_belongs_to_central() {
    let scene = TestCentral::new().await;
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
    assert_eq!(answer["acked_event_ids"], json!([]), "the server's quantity applies");
    assert_eq!(ids(&answer["failed_events"], "event_id"), [&stock, &made].map(|event| event["id"].as_str().unwrap()));
    assert_eq!(ids(&answer["failed_events"], "error_code"), ["STOCK_READ_ONLY", "CENTRAL_ONLY"]);
    assert_eq!(company.count("select count(*) from stock_item where tenant_id = $1").await, 0);
}

#[tokio::test]
async fn an_invoice_of_a_phone_is_accepted_and_numbered() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let invoice = phone_record("i-1", &InvoiceCreation::default());
    let answer = phone_push(&company, &shop.key, "phone-1", std::slice::from_ref(&invoice)).await;
    assert_eq!(answer["acked_event_ids"], json!([invoice["id"]]));
    let invoices = company.get("/api/v1/invoices").await.assert_ok();
    let reference = invoices["rows"][0]["reference"].as_str().unwrap();
    assert!(reference.ends_with("-LYO-000001"), "{reference}");
}

#[tokio::test]
async fn a_phone_that_pulls_by_time_receives_every_row_once() {
    let scene = TestCentral::new().await;
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
    assert_eq!(quiet["events"], json!([]), "nothing new: what was sent");
    assert_eq!(quiet["server_time"], json!(since), "nothing new: what was sent");
    let future = pull(&company, "phone-1", "2099-01-01T00:00:00Z", 4).await;
    assert_eq!(future["server_time"], json!(since), "a time that was not reached would hide what comes until then");
    let one = phone_event("CLIENT", "c-05", "UPDATE", &json!({ "name": "Ana" }));
    phone_push(&company, &company.token, "office", &[one]).await;
    let status = company.get("/api/sync/status?device_id=phone-1").await.assert_ok();
    assert_eq!(status["sync_required"], true, "{status}");
    assert_eq!(status["server_healthy"], true, "{status}");
    let news = pull(&company, "phone-1", &since, 4).await;
    assert_eq!(ids(&news["events"], "entity_id"), ["c-05"], "the row that changed, and no other");
    assert_eq!(news["device_status"], json!({ "is_active": true, "requires_reauth": false }));
}

/// A hundred rows with photos are too large for a bad link.
#[tokio::test]
async fn a_page_of_large_rows_ends_before_its_limit_and_no_row_is_skipped() {
    let clock = AtomicI64::new(NOON);
    let clock = move || comptoir_core::time::Timestamp(clock.fetch_add(1_000, Ordering::Relaxed));
    let scene = TestCentral::at(comptoir_central::Clock::new(clock)).await;
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
            let page = company.get(&path).await.assert_ok();
            let (rows, id) = if what == "pull" { (&page["events"], "entity_id") } else { (&page["clients"], "id") };
            let rows = ids(rows, id);
            assert!(rows.len() <= 5, "{} rows of 250,000 bytes", rows.len());
            seen.extend(rows.into_iter().map(str::to_owned));
            next = page["cursor"].as_str().or(page["server_time"].as_str()).unwrap().to_owned();
            pages.push(page["has_more"].clone());
        }
        let expected: Vec<String> = (0..12).map(|number| format!("c-{number:02}")).collect();
        assert_eq!(pages.len(), 3, "{what}");
        assert_eq!(seen, expected, "{what}");
    }
    let status = company.get("/api/sync/status?device_id=phone-new").await.assert_ok();
    assert_eq!(status["device"]["pending_events"], 12);
}

#[tokio::test]
async fn a_phone_that_truncates_time_to_milliseconds_misses_nothing() {
    // A stopped clock: every push is received in the same millisecond.
    let scene = TestCentral::at(comptoir_central::Clock::new(|| comptoir_core::time::Timestamp(NOON))).await;
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
async fn a_phone_that_pulls_by_time_misses_nothing_under_eight_writers() {
    let scene = TestCentral::new().await;
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
                let answer = post_to(&router, &token, "/api/sync/push", body).await.assert_ok();
                assert_eq!(answer["success"], true, "{answer}");
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
    assert_eq!(written, 200, "{missed:?}");
    assert_eq!(missed.len(), 0, "{missed:?}");
}

#[tokio::test]
async fn the_first_load_contains_products_open_deliveries_clients_invoices_and_stock() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let post = async |body: Value| {
        company.post("/api/v1/events", &body).await.assert_ok();
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
        phone_record("i-1", &InvoiceCreation::default()),
        phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Dupont" })),
    ];
    phone_push(&company, &shop.key, "phone-1", &events).await;
    let names = ["products", "deliveries_pending", "clients", "invoices", "stock"];
    let mut lists = names.map(|_| Vec::new());
    let (mut cursor, mut since) = (String::new(), String::new());
    for _ in 0..10 {
        let path = format!("/api/sync/bootstrap?device_id=phone-2&limit=1&cursor={cursor}");
        let page = shop.get(&scene, &path).await.assert_ok();
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
    assert_eq!(clients[0]["id"], "c-1");
    assert_eq!(clients[0]["name"], "Dupont");
    assert_eq!(invoices.len(), 1);
    assert_eq!(invoices[0]["client_id"], "c-1");
    let row = |site: Value| json!({ "id": "P1", "site": site, "quantity": "6", "short": "0" });
    assert_eq!(stock, [row(Value::Null), row(json!(company.site.uuid()))], "the tenant's own, and the shop's");
    let quiet = shop.get(&scene, &format!("/api/sync/pull?device_id=phone-2&since={since}")).await.assert_ok();
    let rows: Vec<&str> = ids(&quiet["events"], "entity_type");
    assert!(!rows.contains(&"PRODUCT"), "the pull goes on where the first load ended: {quiet}");
}

/// A first load skips validated deliveries and deleted clients; what changes behind its page must arrive by pull.
#[tokio::test]
async fn a_change_between_two_pages_of_a_first_load_comes_with_the_first_pull() {
    // Every reading of this clock is a millisecond later, so pages are cut everywhere.
    let clock = AtomicI64::new(NOON);
    let clock = move || comptoir_core::time::Timestamp(clock.fetch_add(1_000, Ordering::Relaxed));
    let scene = TestCentral::at(comptoir_central::Clock::new(clock)).await;
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
        let page = shop.get(&scene, &path).await.assert_ok();
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
    let news = shop.get(&scene, &path).await.assert_ok();
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

/// M9: a fresh tenant has a time too, and a phone that sends its own clock, ten years ahead, skips nothing.
#[tokio::test]
async fn a_phone_is_given_a_usable_time_and_one_in_the_future_skips_no_change() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let empty = pull(&company, "phone-1", "1970-01-01T00:00:00Z", 10).await;
    assert!(empty["server_time"].as_str().is_some_and(|time| time > "2026"), "{empty}");
    let client = |id: &str| phone_event("CLIENT", id, "CREATE", &json!({ "name": "Zoé" }));
    for id in ["c-1", "c-2"] {
        phone_push(&company, &company.token, "phone-2", &[client(id)]).await;
        let page = pull(&company, "phone-1", "2036-01-01T00:00:00Z", 10).await;
        assert_eq!(ids(&page["events"], "entity_id"), [id]);
        assert!(page["warning"].as_str().is_some_and(|text| text.contains("server_time")), "{page}");
        let right = pull(&company, "phone-1", page["server_time"].as_str().unwrap(), 10).await;
        assert_eq!((&right["events"], &right["warning"]), (&json!([]), &Value::Null), "{right}");
    }
    assert_eq!(empty["warning"], Value::Null, "{empty}");
}

/// A device has more than a restored central knows to have given, and does not get it again.
#[tokio::test]
async fn a_restored_central_takes_a_device_s_time_as_it_is() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pull(&company, "phone-1", "1970-01-01T00:00:00Z", 10).await;
    phone_push(&company, &company.token, "phone-2", &[phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Z" }))])
        .await;
    let given = pull(&company, "phone-2", "1970-01-01T00:00:00Z", 10).await;
    // The restored copy knows nothing of the phone's last pull: here another phone's.
    restore::open(scene.central.database(), &Clock::system(), company.tenant, None).await.unwrap();
    let page = pull(&company, "phone-1", given["server_time"].as_str().unwrap(), 10).await;
    assert_eq!(page["events"], json!([]), "{page}");
}
