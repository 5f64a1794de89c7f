//! Two users of one node: both read an entity, both edit it, and the second is refused with the first one's version.

use serde_json::{Value, json};

use super::Shop;

const CLIENT: &str = "/api/v1/clients/c-1";

async fn create(shop: &Shop) {
    let body = json!({"entity_id": "c-1", "fields": {"name": "Dupont"}}).to_string();
    let reply = shop.send_with("POST", "/api/v1/clients", &[("idempotency-key", "create")], body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

async fn tag(shop: &Shop) -> String {
    shop.get(CLIENT).await.headers["etag"].to_str().unwrap().to_owned()
}

async fn edit(shop: &Shop, key: &str, tag: &str, name: &str) -> super::Reply {
    let body = json!({"fields": {"name": name}}).to_string();
    shop.send_with("PATCH", CLIENT, &[("idempotency-key", key), ("if-match", tag)], body).await
}

#[tokio::test]
async fn an_edit_has_to_say_what_it_was_made_from() {
    let shop = Shop::open().await;
    create(&shop).await;
    let body = json!({"fields": {"name": "Durand"}}).to_string();
    let reply = shop.send_with("PATCH", CLIENT, &[("idempotency-key", "a")], body.clone()).await;
    reply.problem(428, "PRECONDITION_REQUIRED");
    shop.send_with("DELETE", CLIENT, &[("idempotency-key", "b")], "").await.problem(428, "PRECONDITION_REQUIRED");
    edit(&shop, "c", "*", "Durand").await.problem(400, "INVALID_PARAMETER");
    edit(&shop, "d", "5", "Durand").await.problem(400, "INVALID_PARAMETER");
    let tag = tag(&shop).await;
    for several in [&[("if-match", tag.as_str()), ("if-match", "\"9\"")][..], &[("if-match", "\"0+1.1.2\", \"9\"")]] {
        let headers = [&[("idempotency-key", "several")], several].concat();
        shop.send_with("PATCH", CLIENT, &headers, body.clone()).await.problem(400, "INVALID_PARAMETER");
    }
    let body = json!({"fields": {"name": "Durand"}, "base_version": 7}).to_string();
    let reply = shop.send_with("PATCH", CLIENT, &[("idempotency-key", "e"), ("if-match", &tag)], body).await;
    assert_eq!(reply.problem(400, "MALFORMED_BODY")["pointer"], "/base_version");
    let above =
        json!({"entity_id": "c-2", "fields": {"name": "Durand"}, "base_version": i64::MAX as u64 + 1}).to_string();
    let reply = shop.send_with("POST", "/api/v1/clients", &[("idempotency-key", "f")], above).await;
    assert_eq!(reply.problem(400, "MALFORMED_BODY")["pointer"], "/base_version");
    assert_eq!(shop.node.log().head().marks.durable.0, 2);
}

#[tokio::test]
async fn two_users_never_overwrite_each_other_unseen() {
    let shop = Shop::open().await;
    create(&shop).await;
    let seen = tag(&shop).await;
    assert_eq!(edit(&shop, "first", &seen, "Durand").await.status, 200);
    let problem = edit(&shop, "second", &seen, "Dubois").await.problem(412, "PRECONDITION_FAILED");
    assert_eq!(problem["etag"], json!(tag(&shop).await));
    assert_eq!(problem["version"], 0);
    assert_eq!(shop.get(CLIENT).await.json()["fields"], json!({"name": "Durand"}));
    // A retry of the first edit succeeds, although it changed the ETag.
    assert_eq!(edit(&shop, "first", &seen, "Durand").await.json()["results"][0]["duplicate"], true);
    let now = tag(&shop).await;
    assert_eq!(
        shop.send_with("DELETE", CLIENT, &[("idempotency-key", "gone"), ("if-match", &now)], "").await.status,
        200
    );
    shop.get(CLIENT).await.problem(404, "NOT_FOUND");
    edit(&shop, "late", &now, "Dubois").await.problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn of_many_edits_at_once_one_is_taken() {
    let shop = Shop::open().await;
    create(&shop).await;
    let seen = tag(&shop).await;
    let edits = (0..8).map(|number| {
        let (shop, seen) = (&shop, seen.clone());
        async move { edit(shop, &format!("k-{number}"), &seen, &format!("name {number}")).await.status }
    });
    let mut statuses = futures_util::future::join_all(edits).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_who_goes_away_does_not_open_the_way_for_another() {
    let shop = std::sync::Arc::new(Shop::open().await);
    create(&shop).await;
    for round in 0..40 {
        let (seen, before) = (tag(&shop).await, shop.node.log().head().marks.durable.0);
        let (gone, seen_by_gone) = (shop.clone(), seen.clone());
        let hasty =
            tokio::spawn(async move { edit(&gone, &format!("hasty-{round}"), &seen_by_gone, "Durand").await.status });
        for _ in 0..round % 8 {
            tokio::task::yield_now().await;
        }
        hasty.abort();
        let patient = edit(&shop, &format!("patient-{round}"), &seen, "Dubois").await.status;
        assert!([200, 412].contains(&patient), "{patient}");
        // The second of the two sees the first one's effect, even if nobody waits for that answer.
        let _lock = shop.node.edits().lock().await;
        assert_eq!(shop.node.log().head().marks.durable.0, before + 1, "round {round}: {patient}");
    }
}

#[tokio::test]
async fn lists_and_rows_are_not_sent_again_unchanged() {
    let shop = Shop::open().await;
    create(&shop).await;
    for path in ["/api/v1/clients", "/api/v1/products", "/api/v1/stock", "/api/v1/invoices"] {
        let tag = shop.get(path).await.headers["etag"].to_str().unwrap().to_owned();
        let again = shop.send_with("GET", path, &[("if-none-match", &tag)], "").await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
    let tag = shop.get("/api/v1/clients").await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(edit(&shop, "first", &self::tag(&shop).await, "Durand").await.status, 200);
    let changed = shop.send_with("GET", "/api/v1/clients", &[("if-none-match", &tag)], "").await;
    assert_eq!((changed.status, &changed.json()["rows"][0]["fields"]["name"]), (200, &json!("Durand")));
}

/// An ETag covers what an edit could overwrite. The status of events and conflicts changes without it.
#[tokio::test]
async fn an_editor_with_a_current_etag_is_not_refused_for_other_changes() {
    let shop = Shop::open().await;
    create(&shop).await;
    let seen = tag(&shop).await;
    let status = async || {
        let reply = shop.send_with("GET", CLIENT, &[("if-none-match", &seen)], "").await;
        (reply.status, reply.headers["etag"].to_str().unwrap() == seen, reply.json()["pending"][0]["status"].clone())
    };
    assert_eq!(status().await, (200, true, json!("PENDING")));
    let result = |seq: u64| {
        let result = json!({"event_id": uuid::Uuid::nil(), "seq": seq, "verdict": "ACCEPTED", "position": seq});
        (comptoir_core::position::Seq(seq), result.to_string().into_bytes())
    };
    let up_to = comptoir_core::position::Seq(2);
    shop.node.log().store_decisions(1, up_to, vec![result(1), result(2)]).await.unwrap();
    assert_eq!(status().await, (200, true, json!("ACKED")));
}

#[tokio::test(start_paused = true)]
async fn a_screen_hears_of_what_changes() {
    use futures_util::StreamExt as _;
    use tower::ServiceExt as _;

    let shop = Shop::open().await;
    let request = axum::http::Request::get("/api/v1/stream").header("authorization", shop.bearer());
    let request = request.body(axum::body::Body::empty()).unwrap();
    let response = shop.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let first = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.contains("event: marks") && first.contains("event: notifications\ndata: {\"unseen\":0}"), "{first}");
    create(&shop).await;
    let mut heard = String::new();
    while !heard.contains("event: queue") {
        heard.push_str(std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains(r#""pending":1"#) && !heard.contains("event: notifications"), "{heard}");
    assert_eq!(&body.next().await.unwrap().unwrap()[..], b": alive\n\n");
}

#[tokio::test]
async fn malformed_preconditions_are_refused() {
    let shop = Shop::open().await;
    for path in [
        "/api/v1/clients?limit=0",
        "/api/v1/clients?limt=5",
        "/api/v1/clients?cursor=x",
        "/api/v1/stock?site=x",
        "/api/v1/deliveries?validated=maybe",
        "/api/v1/notifications?unseen=perhaps",
    ] {
        shop.get(path).await.problem(400, "INVALID_PARAMETER");
    }
    shop.get("/api/v1/entities/STUDENT/s-1").await.problem(404, "NOT_FOUND");
    assert_eq!(shop.get("/api/v1/deliveries").await.json(), json!({"rows": Value::Array(Vec::new())}));
}

/// Central would refuse it hours later, and it would wait for a person.
#[tokio::test]
async fn fields_of_what_has_none_are_refused_here() {
    let shop = Shop::open().await;
    for (entity_type, action) in [("DELIVERY", "CREATE"), ("INVOICE", "UPDATE"), ("DELIVERY", "DELETE")] {
        let payload = if action == "DELETE" { json!({}) } else { json!({"name": "x"}) };
        let draft = json!({"id": super::shop::id(1), "entity_type": entity_type, "entity_id": "d-1", "action": action,
            "base_version": 1, "payload": payload});
        let problem = shop.post(&draft).await.problem(422, "INVALID_PAYLOAD");
        assert_eq!(problem["pointer"], "/action", "{problem}");
    }
    assert_eq!(shop.node.log().head().marks.durable.0, 1, "nothing was written");
}

#[tokio::test]
async fn an_edit_that_central_would_find_too_large_is_refused_here() {
    let shop = Shop::open().await;
    create(&shop).await;
    let patch = |key, tag: String, field: &'static str, bytes| {
        let body = json!({"fields": {field: "x".repeat(bytes)}}).to_string();
        let shop = &shop;
        async move { shop.send_with("PATCH", CLIENT, &[("idempotency-key", key), ("if-match", &tag)], body).await }
    };
    assert_eq!(patch("first", tag(&shop).await, "a", 200_000).await.status, 200);
    let problem = patch("second", tag(&shop).await, "b", 200_000).await.problem(422, "ENTITY_TOO_LARGE");
    assert_eq!(problem["pointer"], "/fields");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("has 200024 bytes") && detail.contains("400031, at most 393216: remove"), "{detail}");
    assert_eq!(shop.node.log().head().marks.durable.0, 3, "nothing was written");
    let line = json!({"id": super::shop::id(9), "entity_type": "CLIENT", "entity_id": "c-1", "action": "UPDATE",
        "if_match": tag(&shop).await, "payload": {"b": "x".repeat(200_000)}});
    let reply = shop.send("POST", "/api/v1/events", "application/x-ndjson", format!("{line}\n")).await;
    assert_eq!(reply.json()["problem"]["code"], "ENTITY_TOO_LARGE");
    assert_eq!(patch("third", tag(&shop).await, "a", 1_000).await.status, 200);
    assert_eq!(patch("fourth", tag(&shop).await, "b", 200_000).await.status, 200);
}
