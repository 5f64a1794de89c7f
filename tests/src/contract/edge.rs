//! What the servers do alike before and after their own work. Where a rule is about a connection, it has a real one.

use std::collections::BTreeSet;

use axum::http::header;
use comptoir_core::limits::{BLOB_BYTES_MAX, NDJSON_LINE_BYTES_MAX};
use serde_json::{Value, json};

use super::connection::{Connection, EdgeTimeouts};
use super::{EVENTS, Endpoint, JSON, NDJSON, edit, fresh, lines, named, of_each_rule, sale_draft, text};

const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");

fn results(reply: &super::Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn blob_path(bytes: &[u8]) -> String {
    format!("/api/v1/blobs/{}", blake3::hash(bytes).to_hex())
}

/// The link failed, not the request: the client sends it again, and then it is recorded.
pub async fn a_body_that_breaks_off_is_to_be_sent_again(endpoint: &Endpoint) {
    let (draft, count) = (sale_draft(fresh()), endpoint.count().await);
    let (body, file) = (draft.to_string(), fresh().to_string());
    let path = blob_path(file.as_bytes());
    for (method, path, body) in [("POST", EVENTS, &body), ("PUT", path.as_str(), &file)] {
        for length in [("content-length", body.len().to_string()), ("transfer-encoding", "chunked".to_owned())] {
            let mut connection = Connection::open(endpoint, EdgeTimeouts::Usual).await;
            connection.head(method, path, &[JSON, (length.0, &length.1)]).await;
            let half = &body[..body.len() / 2];
            if length.0 == CHUNKED.0 {
                connection.chunk(half).await
            } else {
                connection.send(half).await
            }
            connection.hang_up().await;
            let problem = connection.reply(Vec::new()).await.problem(408, "REQUEST_TIMEOUT");
            assert_eq!(problem["retryable"], true);
        }
    }
    assert_eq!(endpoint.count().await, count);
    assert_eq!(endpoint.post(EVENTS, &draft).await.results()[0]["duplicate"], false);
    assert_eq!(endpoint.send("PUT", &path, &[], file).await.status, 201);
}

/// A body that stops in the middle is not waited for for ever.
pub async fn a_body_that_does_not_arrive_in_time_is_given_up(endpoint: &Endpoint) {
    let (draft, count) = (sale_draft(fresh()), endpoint.count().await);
    let body = draft.to_string();
    let file = blob_path(body.as_bytes());
    for (method, path) in [("POST", EVENTS), ("POST", "/api/v1/sales"), ("PUT", file.as_str())] {
        let mut connection = Connection::open(endpoint, EdgeTimeouts::Short).await;
        connection.head(method, path, &[JSON, ("content-length", &body.len().to_string())]).await;
        connection.send(&body[..body.len() / 2]).await;
        let problem = connection.reply(Vec::new()).await.problem(408, "REQUEST_TIMEOUT");
        assert_eq!(
            (&problem["retryable"], &problem["detail"]),
            (&json!(true), &json!("the body did not arrive within 1 s"))
        );
    }
    assert_eq!(endpoint.count().await, count);
}

/// Point 10: answers of every kind, refusals of the router among them. A page may use its own style, and the one with a script
/// exactly that script.
pub async fn every_answer_has_security_headers(endpoint: &Endpoint) {
    let id = fresh();
    endpoint.post(EVENTS, &edit(&format!("/api/v1/entities/CLIENT/{id}"), "CREATE", &json!({"name": "Dupont"}))).await;
    let client = format!("/api/v1/clients/{id}");
    for (method, path, status, pages_policy) in [
        ("GET", "/start", 200, "style-src 'unsafe-inline'"),
        ("GET", "/docs", 200, "script-src 'sha256-"),
        ("GET", "/ca", 200, "style-src 'unsafe-inline'"),
        ("GET", "/openapi.json", 200, ""),
        ("GET", "/healthz", 200, ""),
        ("GET", EVENTS, 200, ""),
        ("GET", client.as_str(), 200, ""),
        ("GET", "/ca.crt", 404, ""),
        ("GET", "/nowhere", 404, ""),
        ("DELETE", EVENTS, 405, ""),
        ("GET", "/healthz?a=%00", 400, ""),
        ("POST", EVENTS, 415, ""),
    ] {
        let reply = endpoint.send(method, path, &[], "").await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        let header = |name: &str| {
            let value = reply.headers.get(name).unwrap_or_else(|| panic!("{method} {path} has no {name}"));
            assert_eq!(reply.headers.get_all(name).iter().count(), 1, "{method} {path}: {name}");
            value.to_str().expect("a header is ASCII").to_owned()
        };
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        let cache = if reply.headers.contains_key("etag") { "private, no-cache" } else { "no-store" };
        assert_eq!(header("cache-control"), cache, "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe-eval") && !policy.contains("script-src 'unsafe-inline'"), "{path}: {policy}");
        assert!(policy.contains(pages_policy), "{path}: {policy}");
        assert_eq!(policy.contains("-src 'unsafe-inline'"), !pages_policy.is_empty(), "{path}: {policy}");
        assert!(!reply.headers.contains_key("strict-transport-security"), "this was no TLS");
    }
}

/// Nobody unpacks: packed JSON would only be refused as malformed.
pub async fn a_packed_body_is_refused_by_its_encoding(endpoint: &Endpoint) {
    let (draft, count) = (sale_draft(fresh()).to_string(), endpoint.count().await);
    let file = blob_path(draft.as_bytes());
    let requests = [
        ("POST", EVENTS, JSON),
        ("POST", EVENTS, NDJSON),
        ("POST", "/api/v1/sales", JSON),
        ("PUT", file.as_str(), ("content-type", "application/octet-stream")),
    ];
    for encoding in ["gzip", "zstd", "br"] {
        for (method, path, media) in requests {
            let reply = endpoint.send(method, path, &[media, ("content-encoding", encoding)], draft.clone()).await;
            let problem = reply.problem(415, "UNSUPPORTED_MEDIA_TYPE");
            assert!(text(&problem["detail"]).contains(encoding), "{problem}");
        }
    }
    assert_eq!(endpoint.count().await, count);
    let plain = endpoint.send("POST", EVENTS, &[JSON, ("content-encoding", "identity")], draft).await;
    assert_eq!(plain.results().len(), 1);
}

/// A client that sends all it has before it reads finds the refusal, not a broken connection that it would try again for ever.
pub async fn a_body_over_the_limit_is_refused_once_it_is_sent(endpoint: &Endpoint) {
    let count = endpoint.count().await;
    let file = blob_path(b"");
    for (method, path, bytes_max) in [("POST", EVENTS, endpoint.json_bytes_max), ("PUT", file.as_str(), BLOB_BYTES_MAX)]
    {
        let pieces = vec![vec![b' '; 1024 * 1024]; bytes_max / (1024 * 1024) + 1];
        let length = (pieces.len() * 1024 * 1024).to_string();
        for announced in [true, false] {
            let mut connection = Connection::open(endpoint, EdgeTimeouts::Usual).await;
            let length = if announced { ("content-length", length.as_str()) } else { CHUNKED };
            connection.head(method, path, &[JSON, length]).await;
            for piece in &pieces {
                if announced { connection.send(piece).await } else { connection.chunk(piece).await }
            }
            if !announced {
                connection.chunk("").await;
            }
            let problem = connection.reply(Vec::new()).await.problem(413, "TOO_LARGE");
            assert_eq!(problem["detail"], json!(format!("a body here has at most {bytes_max} bytes")), "{path}");
        }
    }
    assert_eq!(endpoint.count().await, count);
}

/// O3: a body of many times the limit too, and one that is refused for something else.
pub async fn a_refused_body_is_read_before_the_answer(door: &Endpoint) {
    let (count, mebibyte) = (door.count().await, vec![b' '; 1024 * 1024]);
    let length = (40 * mebibyte.len()).to_string();
    let length = ("content-length", length.as_str());
    for (path, media, status, code) in [
        (EVENTS, JSON, 413, "TOO_LARGE"),
        (EVENTS, ("content-type", "text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("/api/v1/nothing", JSON, 404, "NOT_FOUND"),
    ] {
        let mut connection = Connection::open(door, EdgeTimeouts::Usual).await;
        connection.head("POST", path, &[media, length]).await;
        for _ in 0..40 {
            connection.send(&mebibyte).await;
        }
        connection.reply(Vec::new()).await.problem(status, code);
    }
    assert_eq!(door.count().await, count);
}

/// O5: sent again, it would be as wrong.
pub async fn a_body_whose_chunks_do_not_read_is_malformed(door: &Endpoint) {
    let count = door.count().await;
    for path in [EVENTS, "/api/v1/sales"] {
        let mut connection = Connection::open(door, EdgeTimeouts::Usual).await;
        connection.head("POST", path, &[JSON, CHUNKED]).await;
        connection.chunk("{").await;
        connection.send("no size\r\n").await;
        let problem = connection.reply(Vec::new()).await.problem(400, "MALFORMED_BODY");
        assert_eq!(problem["retryable"], false, "{problem}");
    }
    assert_eq!(door.count().await, count);
}

/// O5: it would be read as another text, or be ignored.
pub async fn a_query_is_utf_8_and_a_write_has_none(door: &Endpoint) {
    let count = door.count().await;
    let problem = door.send("GET", "/api/v1/deliveries?reference=%ff", &[], "").await.problem(400, "INVALID_PARAMETER");
    assert_eq!(problem["detail"], "the query \"reference=%ff\" is not UTF-8");
    let sale = json!({ "currency": "EUR", "lines": [{ "product": "A", "quantity": "1", "unit_price": "2.00" }] });
    for path in ["/api/v1/sales", EVENTS] {
        let key = fresh().to_string();
        let headers = [JSON, ("idempotency-key", key.as_str())];
        let reply = door.send("POST", &format!("{path}?site=LYO"), &headers, sale.to_string()).await;
        let problem = reply.problem(400, "INVALID_PARAMETER");
        assert!(text(&problem["detail"]).starts_with("unknown parameter \"site\""), "{problem}");
    }
    assert_eq!(door.count().await, count);
}

/// Central's database has no text with a NUL; a client sees one answer, whichever server it asks.
pub async fn a_path_or_query_with_a_nul_is_refused(endpoint: &Endpoint) {
    for path in [
        "/api/v1/entities/CLIENT/a%00".to_owned(),
        format!("{EVENTS}/%00"),
        format!("{EVENTS}?after=%00"),
        "/api/v1/deliveries?reference=a%00b".to_owned(),
        "/api/v1/nothing%00".to_owned(),
    ] {
        let problem = endpoint.send("GET", &path, &[], "").await.problem(400, "INVALID_PARAMETER");
        assert_eq!(problem["detail"], "a path or query holds no NUL (%00)", "{path}");
    }
    let draft = json!({ "fields": { "name": "Dupont" } }).to_string();
    let reply = endpoint.send("PATCH", "/api/v1/clients/a%00", &[JSON, ("if-match", "\"1\"")], draft).await;
    reply.problem(400, "INVALID_PARAMETER");
}

/// 428 for an edit that names nothing, 400 for a header that does not read, 412 for a version that is no longer there.
pub async fn if_match_is_read_in_one_way(endpoint: &Endpoint) {
    let [_, path] = of_each_rule();
    let client = format!("/api/v1/clients/{}", named(&path).1);
    endpoint.post(EVENTS, &edit(&path, "CREATE", &json!({"name": "Dupont"}))).await.results();
    let (seen, count) = (endpoint.tag(&client).await, endpoint.count().await);
    for method in ["PATCH", "PUT", "DELETE"] {
        let body =
            if method == "DELETE" { String::new() } else { json!({ "fields": { "name": "Durand" } }).to_string() };
        let send = async |conditions: &[(&str, &str)]| {
            let key = fresh().to_string();
            let headers = [&[JSON, ("idempotency-key", key.as_str())], conditions].concat();
            endpoint.send(method, &client, &headers, body.clone()).await
        };
        send(&[]).await.problem(428, "PRECONDITION_REQUIRED");
        for odd in ["", "*", "17", "\"x\"", "W/\"17\"", "\"17", "\"1\", \"2\""] {
            send(&[("if-match", odd)]).await.problem(400, "INVALID_PARAMETER");
        }
        send(&[("if-match", seen.as_str()), ("if-match", "\"9\"")]).await.problem(400, "INVALID_PARAMETER");
        let stale = send(&[("if-match", "\"999999\"")]).await;
        let problem = stale.problem(412, "PRECONDITION_FAILED");
        assert_eq!(
            (&problem["etag"], &stale.headers[header::ETAG]),
            (&json!(seen), &seen.parse().expect("a tag is ASCII"))
        );
    }
    assert_eq!(endpoint.count().await, count);
    let edited =
        endpoint.send("DELETE", &client, &[("idempotency-key", &fresh().to_string()), ("if-match", &seen)], "").await;
    assert_eq!(edited.results().len(), 1);
}

/// A list that is held already is not sent again, however the caller writes what it holds.
pub async fn a_list_that_is_held_is_not_sent_again(endpoint: &Endpoint) {
    for path in ["/api/v1/clients", "/api/v1/products", "/api/v1/invoices"] {
        let tag = endpoint.tag(path).await;
        for held in [tag.clone(), format!("\"other\", {tag}"), format!("{tag},\"other\"")] {
            let reply = endpoint.send("GET", path, &[("if-none-match", &held)], "").await;
            assert_eq!((reply.status, reply.body.len()), (304, 0), "{path} {held}");
            assert_eq!(reply.headers[header::ETAG], tag);
        }
        assert_eq!(endpoint.send("GET", path, &[("if-none-match", "\"other\"")], "").await.status, 200);
    }
}

/// The code and the words of a refused list are the same on both servers.
pub async fn a_refused_list_says_how_many_and_which(endpoint: &Endpoint) {
    let mut drafts = [sale_draft(fresh()), sale_draft(fresh()), sale_draft(fresh())];
    drafts[1]["payload"]["total_minor"] = json!(1);
    let problem = endpoint.post(EVENTS, &json!(drafts)).await.problem(422, "BATCH_REJECTED");
    assert_eq!(problem["detail"], "1 of 3 drafts were refused, and nothing was written");
    let problems = problem["problems"].as_array().expect("a problem for each draft");
    let answered: Vec<_> =
        problems.iter().map(|one| (text(&one["code"]), text(&one["pointer"]), &one["index"])).collect();
    let index = [json!(0), json!(1), json!(2)];
    let expected = [("BATCH_REJECTED", "/0"), ("TOTAL_MISMATCH", "/1/payload/total_minor"), ("BATCH_REJECTED", "/2")];
    let expected: Vec<_> =
        expected.iter().zip(&index).map(|((code, pointer), index)| (*code, *pointer, index)).collect();
    assert_eq!(answered, expected);
    assert_eq!(problems[0]["detail"], "another draft of this list was refused, and a list is all or nothing");
    let limit = "a list has 1 to 100 drafts, got 0; a stream (application/x-ndjson) has no limit";
    assert_eq!(endpoint.post(EVENTS, &json!([])).await.problem(400, "MALFORMED_BODY")["detail"], limit);
}

/// A caller that falls silent gets a last answer, and its connection ends. The lines before are durable.
pub async fn a_stream_that_falls_silent_ends(endpoint: &Endpoint) {
    for begun in ["", "{\"id\":"] {
        let (draft, count) = (sale_draft(fresh()), endpoint.count().await);
        let mut connection = Connection::open(endpoint, EdgeTimeouts::Short).await;
        connection.head("POST", EVENTS, &[NDJSON, CHUNKED]).await;
        connection.chunk(format!("{draft}\n{begun}")).await;
        let results = results(&connection.reply(Vec::new()).await);
        assert_eq!((results.len(), &results[0]["event_id"]), (2, &draft["id"]), "{results:?}");
        assert_eq!((&results[1]["line"], &results[1]["problem"]["code"]), (&json!(2), &json!("REQUEST_TIMEOUT")));
        assert_eq!(endpoint.count().await, count + 1);
    }
}

/// Each line is answered while the caller thinks about the next one.
pub async fn a_line_is_answered_before_the_next_is_sent(endpoint: &Endpoint) {
    let mut connection = Connection::open(endpoint, EdgeTimeouts::Usual).await;
    connection.head("POST", EVENTS, &[NDJSON, CHUNKED]).await;
    let (drafts, mut answered) = ([sale_draft(fresh()), sale_draft(fresh())], Vec::new());
    for draft in &drafts {
        connection.chunk(format!("{draft}\n")).await;
        while !String::from_utf8_lossy(&answered).contains(text(&draft["id"])) {
            answered.extend(connection.some_answer().await);
        }
    }
    connection.chunk("").await;
    assert_eq!(results(&connection.reply(answered).await).len(), 2);
}

/// The last line needs no line feed, blank lines count, and a line over its limit is refused alone.
pub async fn the_lines_of_a_stream_are_cut_and_counted_in_one_way(endpoint: &Endpoint) {
    let (drafts, count) = ([sale_draft(fresh()), sale_draft(fresh())], endpoint.count().await);
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(NDJSON_LINE_BYTES_MAX));
    let body = format!("\n  \r\n{}\r\n{long}\n\n7\n{}", drafts[0], drafts[1]);
    // However the body is cut on its way.
    for piece_bytes in [body.len(), 100_000, 701] {
        let mut connection = Connection::open(endpoint, EdgeTimeouts::Usual).await;
        connection.head("POST", EVENTS, &[NDJSON, CHUNKED]).await;
        for piece in body.as_bytes().chunks(piece_bytes) {
            connection.chunk(piece).await;
        }
        connection.chunk("").await;
        let results = results(&connection.reply(Vec::new()).await);
        assert_eq!(results.len(), 4, "{results:?}");
        assert_eq!((&results[0]["event_id"], &results[3]["event_id"]), (&drafts[0]["id"], &drafts[1]["id"]));
        let refused: Vec<_> = results[1..3].iter().map(|one| (&one["line"], text(&one["problem"]["code"]))).collect();
        assert_eq!(refused, [(&json!(4), "TOO_LARGE"), (&json!(6), "MALFORMED_BODY")]);
        assert_eq!(results[1]["problem"]["detail"], format!("a line has at most {NDJSON_LINE_BYTES_MAX} bytes"));
    }
    assert_eq!(endpoint.count().await, count + 2);
}

/// The lines before the break are durable; the one it breaks in is answered as a link that failed, and nothing of it is written.
pub async fn a_stream_that_breaks_off_keeps_the_lines_before(endpoint: &Endpoint) {
    let (drafts, count) = ([sale_draft(fresh()), sale_draft(fresh()), sale_draft(fresh())], endpoint.count().await);
    let body = lines(&drafts);
    let mut connection = Connection::open(endpoint, EdgeTimeouts::Usual).await;
    connection.head("POST", EVENTS, &[NDJSON, CHUNKED]).await;
    connection.chunk(&body[..body.len() - 20]).await;
    connection.hang_up().await;
    let answered = results(&connection.reply(Vec::new()).await);
    assert_eq!(answered.len(), 3, "{answered:?}");
    assert!(answered[..2].iter().all(|result| result["duplicate"] == false));
    assert_eq!((&answered[2]["line"], &answered[2]["problem"]["code"]), (&json!(3), &json!("REQUEST_TIMEOUT")));
    assert_eq!(
        (endpoint.count().await, endpoint.event(text(&drafts[2]["id"]).parse().expect("an id")).await),
        (count + 2, None)
    );
    let again = endpoint.stream(&[], &body).await;
    let duplicates: Vec<&Value> = again.iter().map(|result| &result["duplicate"]).collect();
    assert_eq!(duplicates, [true, true, false]);
}

/// Each constant of the paths, as its source has it.
fn paths() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../../../proto-schemas/src/paths.rs");
    source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
}

/// The document describes each route of the router, and no other.
pub async fn every_route_is_documented_and_every_documented_route_exists(endpoint: &Endpoint) {
    let mut routed = BTreeSet::new();
    for path in paths() {
        // No route allows TRACE, so that a known path says which methods it allows.
        let place = path.replace("{type}", "X").replace(['{', '}'], "");
        let reply = endpoint.send("TRACE", &place, &[], "").await;
        let allowed =
            reply.headers.get(header::ALLOW).map(|allow| allow.to_str().expect("methods are ASCII").to_lowercase());
        let allowed = allowed.unwrap_or_default();
        let methods = allowed.split(',').filter(|method| !method.is_empty() && *method != "head");
        routed.extend(methods.map(|method| (path.to_owned(), method.to_owned())));
    }
    let reply = endpoint.send("GET", "/openapi.json", &[], "").await;
    assert_eq!(
        (reply.status, &reply.headers[header::CONTENT_TYPE]),
        (200, &"application/json".parse().expect("ASCII"))
    );
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    let described = document["paths"].as_object().expect("a document has paths").iter().flat_map(|(path, methods)| {
        methods.as_object().expect("a path has methods").keys().map(move |method| (path.clone(), method.clone()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routed);
    assert!(routed.len() > 30, "{routed:?}");
    let page = endpoint.send("GET", "/docs", &[], "").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("://"), "the page loads nothing from elsewhere");
}
