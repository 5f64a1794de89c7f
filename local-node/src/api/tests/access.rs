//! Credentials of the node's API: which operation needs what, and what refuses a page elsewhere.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Request};
use comptoir_core::id::Name;
use comptoir_proto::payload;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Reply, Shop, sale};
use crate::api::authorize::{Needed, OPERATIONS, allowed, needed};
use crate::api::openapi;

const KEYS: &str = "/api/v1/local-keys";
const SESSION: &str = "/api/v1/session";
const HERE: (&str, &str) = ("host", "127.0.0.1:7401");

/// A new key with these grants: its id and its `Authorization` header.
async fn key(shop: &Shop, grants: &[&str]) -> (String, String) {
    let made = shop.send("POST", KEYS, "application/json", json!({"label": "x", "grants": grants}).to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("id"), format!("Bearer {}", text("key")))
}

async fn ask(shop: &Shop, bearer: &str, method: &str, path: &str, body: &Value) -> Reply {
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    shop.send_alone(method, path, &headers, body.to_string()).await
}

/// Point 6.
#[tokio::test]
async fn every_operation_has_one_entry_in_the_table_and_another_is_refused() {
    let described: BTreeSet<(&str, &str)> = openapi::operations().iter().map(|operation| operation.route()).collect();
    let listed: BTreeSet<(&str, &str)> = OPERATIONS.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(listed.len(), OPERATIONS.len(), "an operation is listed twice");
    let missing: Vec<_> =
        described.difference(&listed).filter(|(_, path)| !["/openapi.json", "/docs"].contains(path)).collect();
    assert!(missing.is_empty(), "these operations have no entry and are refused: {missing:?}");
    assert!(listed.is_subset(&described), "{:?}", listed.difference(&described));
    assert_eq!(needed(&Method::GET, "/api/v1/unknown"), None);
    let shop = Shop::open().await;
    let headers = HeaderMap::from_iter([(AUTHORIZATION, shop.bearer().parse().unwrap())]);
    let refused = allowed(&shop.node, "/api/v1/unknown", &Method::GET, &headers).unwrap_err();
    assert_eq!(refused.code, "FORBIDDEN", "even to the administrator");
}

/// Point 6: without a credential everything is refused but health, the description and a start page without figures.
#[tokio::test]
async fn an_operation_without_a_credential_is_refused_before_anything_else() {
    let shop = Shop::open().await;
    shop.sell(1..3).await;
    for (method, path, needs) in OPERATIONS {
        let place = path.replace("{type}", "SALE").replace(['{', '}'], "");
        let reply = shop.send_alone(&method.to_uppercase(), &place, &[], "").await;
        match needs {
            // This node has no certificate, and knows no authority.
            Needed::Nothing if path == "/ca.crt" => drop(reply.problem(404, "CA_MISSING")),
            Needed::Nothing if path.starts_with("/r/") => drop(reply.problem(404, "NOT_FOUND")),
            Needed::Nothing if path == "/assets/{name}" => drop(reply.problem(404, "NOT_FOUND")),
            Needed::Nothing => assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text()),
            Needed::Credential | Needed::Known | Needed::Login | Needed::May(_) | Needed::Reads(_) => {
                reply.problem(401, "UNAUTHORIZED");
                assert_eq!(reply.headers["www-authenticate"], "Bearer", "{method} {path}");
            }
        }
    }
    let alone = shop.send_alone("GET", "/start", &[("accept-language", "en")], "").await.text();
    assert!(alone.contains("The shop records") && alone.contains("Figures need a local key"), "{alone}");
    let identity = shop.node.log().identity();
    for figure in ["<dt>".to_owned(), identity.site.to_string(), identity.node.to_string()] {
        assert!(!alone.contains(&figure), "{figure}: {alone}");
    }
    let with_key = shop.send_with("GET", "/start", &[("accept-language", "en")], "").await.text();
    assert!(with_key.contains("<dt>To be sent</dt>"), "{with_key}");
    assert_eq!(shop.send_alone("HEAD", "/api/v1/queue", &[], "").await.status, 401);
    assert_eq!(shop.send_alone("GET", "/openapi.json", &[], "").await.status, 200);
    assert_eq!(shop.send_alone("GET", "/nowhere", &[], "").await.status, 404);
}

/// Point 6.
#[tokio::test]
async fn a_wrong_key_is_refused_whatever_is_wrong_with_it() {
    let shop = Shop::open().await;
    let unknown = format!("Bearer cptl_00000000_{}00000000", "0".repeat(64));
    let good = shop.bearer();
    let cut = good[..good.len() - 1].to_owned();
    let basic = good.replace("Bearer", "Basic");
    for wrong in ["", "Bearer", "Bearer ", "Bearer x", "cptl_", &unknown, &cut, &basic, &good.to_uppercase()] {
        ask(&shop, wrong, "GET", "/api/v1/queue", &Value::Null).await.problem(401, "UNAUTHORIZED");
    }
    assert_eq!(ask(&shop, &good.replace("Bearer", "bearer"), "GET", "/api/v1/queue", &Value::Null).await.status, 200);
}

/// Point 6: a key does what it was made for.
#[tokio::test]
async fn a_key_is_scoped_to_operations_and_actions() {
    let shop = Shop::open().await;
    let (_, reader) = key(&shop, &["read"]).await;
    let (_, till) = key(&shop, &["record:SALE_RECORDED"]).await;
    let (_, office) = key(&shop, &["record:CREATE:CLIENT", "audit"]).await;
    let client =
        json!({"id": super::shop::id(7), "entity_type": "CLIENT", "entity_id": "c", "action": "CREATE", "payload": {}});
    let student = json!({"id": super::shop::id(8), "entity_type": "STUDENT", "entity_id": "s", "action": "CREATE", "payload": {}});
    let events = "/api/v1/events";
    let cases = [
        (&reader, "GET", "/api/v1/queue", &Value::Null, 200),
        (&reader, "GET", events, &Value::Null, 403),
        (&reader, "POST", events, &sale(1), 403),
        (&reader, "GET", KEYS, &Value::Null, 403),
        (&reader, "GET", "/api/v1/events/export", &Value::Null, 403),
        (&till, "POST", events, &sale(1), 200),
        (&till, "POST", events, &client, 403),
        (&till, "POST", events, &json!([sale(2), client]), 422),
        (&till, "GET", "/api/v1/queue", &Value::Null, 403),
        (&office, "POST", events, &client, 200),
        (&office, "POST", events, &student, 403),
        (&office, "GET", events, &Value::Null, 200),
    ];
    for (bearer, method, path, body, status) in cases {
        let reply = ask(&shop, bearer, method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
        if status == 403 {
            reply.problem(403, "FORBIDDEN");
        }
    }
    let list = ask(&shop, &till, "POST", events, &json!([sale(3), student])).await.problem(422, "BATCH_REJECTED");
    assert_eq!(
        (&list["problems"][1]["code"], &list["problems"][1]["pointer"]),
        (&json!("FORBIDDEN"), &json!("/1/action"))
    );
    let lines = format!("{}\n{student}\n", sale(4));
    let headers = [("authorization", till.as_str()), ("content-type", "application/x-ndjson")];
    let stream = shop.send_alone("POST", events, &headers, lines).await.text();
    assert!(stream.lines().nth(1).is_some_and(|line| line.contains("FORBIDDEN")), "{stream}");
    let command = ask(&shop, &till, "POST", "/api/v1/clients", &json!({"id": super::shop::id(9), "fields": {}})).await;
    command.problem(403, "FORBIDDEN");
    let form = "/api/v1/saved-forms/0199aaaa-0000-7000-8000-00000000d001";
    let saved =
        ask(&shop, &till, "PUT", form, &json!({"entity_type": "CLIENT", "action": "CREATE", "payload": {}})).await;
    let headers = [("authorization", till.as_str()), ("if-match", saved.headers["etag"].to_str().unwrap())];
    shop.send_alone("POST", &format!("{form}/submit"), &headers, "").await.problem(403, "FORBIDDEN");
}

/// Point 6: shown once, stored hashed, listed with its last use, revoked at once and for good.
#[tokio::test]
async fn a_key_is_shown_once_and_a_revoked_one_is_refused() {
    let shop = Shop::open().await;
    let (id, till) = key(&shop, &["read", "record"]).await;
    shop.later(3 * 3_600 + 7);
    assert_eq!(ask(&shop, &till, "GET", "/api/v1/queue", &Value::Null).await.status, 200);
    let listed = shop.get(KEYS).await;
    assert!(!listed.text().contains(till.trim_start_matches("Bearer ")), "{}", listed.text());
    let row = |list: &Reply, id: &str| {
        list.json()["rows"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned().unwrap()
    };
    assert_eq!(row(&listed, &id)["last_used_at"], "2027-01-15T11:00:00Z", "the hour of its last use");
    let revoked = shop.send("DELETE", &format!("{KEYS}/{id}"), "application/json", "").await;
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    ask(&shop, &till, "GET", "/api/v1/queue", &Value::Null).await.problem(401, "UNAUTHORIZED");
    let again = shop.send("DELETE", &format!("{KEYS}/{id}"), "application/json", "").await;
    assert_eq!((again.status, again.json()), (200, revoked.json()), "a repetition changes nothing");
    shop.send("DELETE", &format!("{KEYS}/00000000"), "application/json", "").await.problem(404, "NOT_FOUND");
    shop.send("DELETE", &format!("{KEYS}/x"), "application/json", "").await.problem(400, "INVALID_PARAMETER");

    let log = shop.get("/api/v1/events").await.json();
    let audit: Vec<&Value> =
        log["events"].as_array().unwrap().iter().filter(|event| event["entity_type"] == "AUDIT").collect();
    for event in &audit {
        let (of, action) = (Name::new("AUDIT").unwrap(), Name::new("AUDIT_RECORDED").unwrap());
        let read = payload::read_fact(&of, &action, 1, event["payload"].to_string().as_bytes());
        assert!(read.is_ok_and(|(_, objection)| objection.is_none()), "an auditor reads it: {event}");
    }
    let actions: Vec<&Value> = audit.iter().map(|event| &event["payload"]["action"]).collect();
    assert_eq!(actions, ["LOCAL_KEY_CREATED", "LOCAL_KEY_REVOKED"]);
    assert!(audit.iter().all(|event| event["payload"]["subject"]["entity_id"] == id.as_str()));
    assert!(audit[0]["user"].as_str().unwrap().starts_with("key:"), "{}", audit[0]);

    let administrator = row(&shop.get(KEYS).await, &shop.key[5..13]);
    assert_eq!(administrator["grants"], json!(["read", "record", "audit", "export", "administer"]));
    let last = shop.send("DELETE", &format!("{KEYS}/{}", &shop.key[5..13]), "application/json", "").await;
    last.problem(403, "FORBIDDEN");

    let shop = shop.restarted().await;
    ask(&shop, &till, "GET", "/api/v1/queue", &Value::Null).await.problem(401, "UNAUTHORIZED");
    assert_eq!(shop.get("/api/v1/queue").await.status, 200, "the administrator's key survives");
}

/// Point 6: an event says who recorded it. The same sale with another key is still the same sale.
#[tokio::test]
async fn an_event_names_the_key_that_recorded_it_unless_it_names_a_user() {
    let shop = Shop::open().await;
    let (id, till) = key(&shop, &["record"]).await;
    let (_, other) = key(&shop, &["record"]).await;
    let of_user = json!({"id": super::shop::id(2), "entity_type": "SALE", "entity_id": "s-2", "action": "SALE_RECORDED", "user": "u-12",
        "payload": sale(2)["payload"]});
    let mut forged = of_user.clone();
    forged["user"] = json!("key:00000000");
    for (bearer, body, duplicate) in [(&till, &sale(1), false), (&other, &sale(1), true), (&till, &of_user, false)] {
        let reply = ask(&shop, bearer, "POST", "/api/v1/events", body).await;
        assert_eq!(
            (reply.status, &reply.json()["results"][0]["duplicate"]),
            (200, &json!(duplicate)),
            "{}",
            reply.text()
        );
    }
    let refused = ask(&shop, &till, "POST", "/api/v1/events", &forged).await.problem(400, "MALFORMED_BODY");
    assert_eq!(refused["pointer"], "/user");
    let user =
        async |number| shop.get(&format!("/api/v1/events/{}", super::shop::id(number))).await.json()["user"].clone();
    assert_eq!((user(1).await, user(2).await), (json!(format!("key:{id}")), json!("u-12")));
}

#[tokio::test(start_paused = true)]
async fn a_screens_stream_ends_with_its_key() {
    let shop = Shop::open().await;
    let (id, reader) = key(&shop, &["read"]).await;
    let request = Request::get("/api/v1/stream").header("authorization", reader).body(Body::empty()).unwrap();
    let mut stream = shop.router.clone().oneshot(request).await.unwrap().into_body();
    assert!(stream.frame().await.is_some(), "the present state");
    assert_eq!(shop.send("DELETE", &format!("{KEYS}/{id}"), "application/json", "").await.status, 200);
    // The revocation is an event, so there may be one more piece on its way.
    while let Some(piece) = stream.frame().await {
        assert!(piece.is_ok());
    }
}

/// The file of the administrator's key is the way back in.
#[tokio::test]
async fn a_lost_administrators_file_is_made_again_and_its_key_is_revoked() {
    let shop = Shop::open().await;
    let first = shop.bearer();
    let path = shop.dir.path().join("admin.header");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::remove_file(&path).unwrap();
    shop.sell(1..4).await;
    let shop = shop.restarted().await;
    assert_ne!(shop.bearer(), first);
    assert_eq!(shop.get("/api/v1/queue").await.status, 200);
    ask(&shop, &first, "GET", "/api/v1/queue", &Value::Null).await.problem(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_key_request_has_limits() {
    let shop = Shop::open().await;
    let refused = [
        (json!({"label": ""}), "/label"),
        (json!({"label": "x".repeat(65)}), "/label"),
        (json!({"label": "x", "grants": []}), "/grants"),
        (json!({"label": "x", "grants": vec!["read"; 65]}), "/grants"),
        (json!({"label": "x", "grants": ["read", "sync"]}), "/grants/1"),
    ];
    for (body, pointer) in refused {
        let problem =
            shop.send("POST", KEYS, "application/json", body.to_string()).await.problem(400, "MALFORMED_BODY");
        assert_eq!(problem["pointer"], pointer, "{problem}");
    }
    for _ in 1..crate::local_keys::LOCAL_KEYS_MAX {
        key(&shop, &["read"]).await;
    }
    shop.send("POST", KEYS, "application/json", json!({"label": "x"}).to_string()).await.problem(413, "TOO_LARGE");
}

/// The cookie of an answer, as a browser sends it back, and its attributes.
fn cookie(reply: &Reply) -> (String, String) {
    let set = reply.headers["set-cookie"].to_str().unwrap().to_owned();
    let (pair, attributes) = set.split_once("; ").unwrap();
    (pair.to_owned(), attributes.to_owned())
}

/// Point 6: HttpOnly, SameSite=Strict, `__Host-` under TLS; a change needs the page's own origin.
#[tokio::test]
async fn a_browser_has_a_session_in_a_cookie() {
    let shop = Shop::open().await;
    let bearer = shop.bearer();
    let open = async |origin: &str| {
        let headers = [HERE, ("origin", origin), ("authorization", bearer.as_str())];
        let opened = shop.send_alone("POST", SESSION, &headers, "").await;
        assert_eq!(opened.status, 201, "{}", opened.text());
        cookie(&opened)
    };
    let (session, attributes) = open("http://127.0.0.1:7401").await;
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
    let (over_tls, attributes) = open("https://127.0.0.1:7401").await;
    assert!(over_tls.starts_with("__Host-comptoir_session="), "{over_tls}");
    assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure");
    let send = async |method: &str, path: &str, more: &[(&str, &str)], body: String| {
        let own = [HERE, ("cookie", session.as_str()), ("content-type", "application/json")];
        shop.send_alone(method, path, &[&own[..], more].concat(), body).await
    };
    assert_eq!(send("GET", "/api/v1/queue", &[], String::new()).await.status, 200);
    let page = send("GET", "/start", &[("accept-language", "en")], String::new()).await.text();
    assert!(page.contains("<dt>To be sent</dt>"), "{page}");
    let events = "/api/v1/events";
    send("POST", events, &[], sale(1).to_string()).await.problem(403, "ORIGIN_REFUSED");
    for foreign in ["http://evil.example", "null", "http://127.0.0.1:3000"] {
        send("POST", events, &[("origin", foreign)], sale(1).to_string()).await.problem(403, "ORIGIN_REFUSED");
    }
    let own = [("origin", "http://127.0.0.1:7401")];
    assert_eq!(send("POST", events, &own, sale(1).to_string()).await.status, 200);
    let ended = send("DELETE", SESSION, &own, String::new()).await;
    assert_eq!((ended.status, cookie(&ended).1.contains("Max-Age=0")), (204, true));
    send("GET", "/api/v1/queue", &[], String::new()).await.problem(401, "UNAUTHORIZED");
}

/// Point 6: a session ends after its time, which a clock set back does not extend, and with its key.
#[tokio::test]
async fn a_session_ends_with_its_time_and_with_its_key() {
    let shop = Shop::open().await;
    let (id, till) = key(&shop, &["read"]).await;
    let open =
        async |bearer: &str| cookie(&shop.send_alone("POST", SESSION, &[HERE, ("authorization", bearer)], "").await).0;
    let status =
        async |session: &str| shop.send_alone("GET", "/api/v1/queue", &[HERE, ("cookie", session)], "").await.status;
    let (of_till, of_admin) = (open(&till).await, open(&shop.bearer()).await);
    assert_eq!((status(&of_till).await, status(&of_admin).await), (200, 200));
    assert_eq!(shop.send("DELETE", &format!("{KEYS}/{id}"), "application/json", "").await.status, 200);
    assert_eq!((status(&of_till).await, status(&of_admin).await), (401, 200));
    shop.later(12 * 3_600 - 1);
    assert_eq!(status(&of_admin).await, 200);
    shop.later(1);
    assert_eq!(status(&of_admin).await, 401);
    shop.later(-6 * 3_600);
    assert_eq!(status(&of_admin).await, 401, "the clock was set back");
}

/// Point 6: a page elsewhere whose name resolves to this machine.
#[tokio::test]
async fn a_request_for_another_host_is_refused_whatever_its_credential() {
    let shop = Shop::open().await;
    let bearer = shop.bearer();
    for path in ["/api/v1/queue", "/", "/healthz", "/openapi.json", "/nowhere"] {
        let headers = [("host", "evil.example:7401"), ("authorization", bearer.as_str())];
        shop.send_alone("GET", path, &headers, "").await.problem(421, "HOST_REFUSED");
    }
    for own in ["localhost:7401", "127.0.0.1", "[::1]:7401"] {
        let headers = [("host", own), ("authorization", bearer.as_str())];
        assert_eq!(shop.send_alone("GET", "/api/v1/queue", &headers, "").await.status, 200, "{own}");
    }
    let headers = [HERE, ("origin", "http://evil.example"), ("authorization", bearer.as_str())];
    shop.send_alone("POST", "/api/v1/events", &headers, sale(1).to_string()).await.problem(403, "ORIGIN_REFUSED");
}
