//! The contract of the write endpoints: what every caller may rely on, at a local node and at central alike. Each rule is a
//! function over a [`Endpoint`], which is a router in this process or an address; [`crate::keeps_the_contract`] makes tests
//! of all.
//!
//! A rule looks into the log afterwards: what was refused is not there, and nothing else was written or lost.

mod connection;
mod edge;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_http_edge::Timeouts;
use comptoir_proto::api_v1::EventPage;
use comptoir_test_support::events::{Sale, SaleLine};
use comptoir_test_support::processes::node_key;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use connection::EdgeTimeouts;
pub use edge::*;

/// Makes a test of each rule. `$open` is an async function whose result has `endpoint(&self) -> &Endpoint`; it stays alive during
/// the test.
#[macro_export]
macro_rules! keeps_the_contract {
    ($open:path) => {
        $crate::keeps_the_contract! { @rules $open;
            one_draft_is_durable_and_reads_back
            the_same_draft_again_is_the_same_event
            eight_callers_with_one_draft_make_one_event
            an_id_with_other_content_is_refused
            a_draft_without_an_id_takes_it_from_the_key
            bad_input_gets_its_code_and_nothing_is_written
            a_list_is_written_whole
            a_list_with_a_bad_draft_is_refused_whole
            a_list_with_a_used_id_is_refused_whole
            a_list_has_a_limit
            a_stream_keeps_the_good_lines
            a_stream_without_ids_can_be_sent_again
            a_stream_that_is_cut_spoils_one_line
            an_edit_names_what_its_writer_saw
            of_many_edits_from_one_reading_one_is_taken
            a_name_is_given_to_one_of_many
            a_list_is_made_from_one_reading
            each_line_of_a_stream_is_held_to_what_those_before_it_left
            typed_commands_build_events
            a_typed_command_is_refused_in_its_own_words
            a_path_or_method_that_is_not_there_is_a_problem
            the_log_is_read_page_by_page
            a_body_that_breaks_off_is_to_be_sent_again
            a_body_that_does_not_arrive_in_time_is_given_up
            a_packed_body_is_refused_by_its_encoding
            a_body_over_the_limit_is_refused_once_it_is_sent
            a_refused_body_is_read_before_the_answer
            a_body_whose_chunks_do_not_read_is_malformed
            a_query_is_utf_8_and_a_write_has_none
            a_path_or_query_with_a_nul_is_refused
            if_match_is_read_in_one_way
            a_list_that_is_held_is_not_sent_again
            a_refused_list_says_how_many_and_which
            a_stream_that_falls_silent_ends
            a_line_is_answered_before_the_next_is_sent
            the_lines_of_a_stream_are_cut_and_counted_in_one_way
            a_stream_that_breaks_off_keeps_the_lines_before
            every_answer_has_security_headers
            every_route_is_documented_and_every_documented_route_exists
        }
    };
    (@rules $open:path; $($rule:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let open = $open().await;
                $crate::contract::$rule(open.endpoint()).await;
            }
        )*
    };
}

/// Timeouts for the rules about callers that are slow or silent.
pub const IMPATIENT: Timeouts = Timeouts { body: Duration::from_secs(1), idle: Duration::from_secs(1) };

/// Where requests go in.
#[derive(Clone)]
pub struct Endpoint {
    via: Via,
    bearer: Option<String>,
    /// The same server with [`IMPATIENT`].
    impatient: Option<Router>,
    /// Bytes of one JSON body.
    json_bytes_max: usize,
}

#[derive(Clone)]
enum Via {
    Service(Router),
    Address(String, reqwest::Client),
}

/// What came back.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Endpoint {
    /// A router in this process.
    pub fn service(router: Router, bearer: Option<String>) -> Endpoint {
        Endpoint { via: Via::Service(router), bearer, impatient: None, json_bytes_max: LIST_BODY_BYTES_MAX }
    }

    /// A server at an address, without a slash at its end. A running node gets its administrator's key if no other is given.
    pub fn address(base: impl Into<String>, bearer: Option<String>) -> Endpoint {
        let base = base.into();
        let bearer = bearer.or_else(|| node_key(&base));
        let via = Via::Address(base, reqwest::Client::new());
        Endpoint { via, bearer, impatient: None, json_bytes_max: LIST_BODY_BYTES_MAX }
    }

    /// The same server as a router with [`IMPATIENT`].
    #[must_use]
    pub fn with_impatient(self, router: Router) -> Endpoint {
        Endpoint { impatient: Some(router), ..self }
    }

    /// A server whose JSON bodies have another limit than central's.
    #[must_use]
    pub fn with_json_limit(self, json_bytes_max: usize) -> Endpoint {
        Endpoint { json_bytes_max, ..self }
    }

    fn router(&self, timeouts: EdgeTimeouts) -> Router {
        match (&self.via, timeouts) {
            (Via::Service(router), EdgeTimeouts::Usual) => router.clone(),
            (_, EdgeTimeouts::Short) => self.impatient.clone().expect("the endpoint has a router with IMPATIENT"),
            (Via::Address(..), EdgeTimeouts::Usual) => panic!("an address has no router"),
        }
    }

    /// Sends a request.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
        let authorization = self.bearer.as_ref().map(|bearer| format!("Bearer {bearer}"));
        let authorization = authorization.as_deref().map(|value| (header::AUTHORIZATION.as_str(), value));
        let headers = headers.iter().copied().chain(authorization);
        match &self.via {
            Via::Service(router) => {
                let mut request = Request::builder().method(method).uri(path);
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let request = request.body(Body::from(body.into())).expect("the request is well formed");
                let response = router.clone().oneshot(request).await.expect("a router answers");
                let (parts, body) = response.into_parts();
                let body = to_bytes(body, usize::MAX).await.expect("the answer ends");
                Reply { status: parts.status.as_u16(), headers: parts.headers, body: body.to_vec() }
            }
            Via::Address(base, http) => {
                let method = method.parse().expect("a method");
                let mut request = http.request(method, format!("{base}{path}")).body(body.into());
                for (name, value) in headers {
                    request = request.header(name, value);
                }
                let response = request.send().await.expect("the server answers");
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                Reply { status, headers, body: response.bytes().await.expect("the answer ends").to_vec() }
            }
        }
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[JSON], body.to_string()).await
    }

    /// Posts lines of NDJSON.
    pub async fn stream(&self, headers: &[(&str, &str)], text: &str) -> Vec<Value> {
        let headers: Vec<_> = headers.iter().copied().chain([NDJSON]).collect();
        let reply = self.send("POST", EVENTS, &headers, text).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.headers[header::CONTENT_TYPE], NDJSON.1);
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        reply.text().lines().map(line).collect()
    }

    /// The event of an id, if the log has it.
    pub async fn event(&self, id: Uuid) -> Option<Value> {
        let reply = self.send("GET", &format!("{EVENTS}/{id}"), &[], "").await;
        match reply.status {
            200 => Some(reply.json()),
            404 => None,
            other => panic!("{other}: {}", reply.text()),
        }
    }

    /// The ETag of what is there.
    pub async fn tag(&self, path: &str) -> String {
        let reply = self.send("GET", path, &[], "").await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.headers[header::ETAG].to_str().expect("a tag is text").to_owned()
    }

    /// How many events the log has.
    pub async fn count(&self) -> usize {
        let (mut count, mut page) = (0, self.page(1000, None).await);
        loop {
            count += page.events.len();
            if !page.more {
                return count;
            }
            page = self.page(1000, Some(&page.next)).await;
        }
    }

    /// A page of the log: one shape at every server.
    pub async fn page(&self, limit: usize, after: Option<&str>) -> EventPage {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let reply = self.send("GET", &format!("{EVENTS}?limit={limit}{after}"), &[], "").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap_or_else(|error| panic!("{error}: {}", reply.text()))
    }
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The results of drafts that were taken.
    pub fn results(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()["results"].as_array().expect("an answer has results").clone()
    }

    /// A problem of that status and code.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "expected {code}: {}", self.text());
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{code}");
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["retryable"].is_boolean());
        problem
    }
}

const EVENTS: &str = "/api/v1/events";
const JSON: (&str, &str) = ("content-type", "application/json");
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

/// An id that no other rule uses.
fn fresh() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let random = Uuid::new_v4().as_u64_pair().0;
    Uuid::new_v5(&Uuid::from_u64_pair(random, NEXT.fetch_add(1, Ordering::Relaxed)), b"contract")
}

/// A sale of two.
fn sale_draft(id: Uuid) -> Value {
    json!({
        "id": id, "entity_type": "SALE", "entity_id": format!("s-{id}"), "action": "SALE_RECORDED",
        "occurred_at": "2010-12-01T08:26:00Z", "user": "u-12", "payload": payload_of_sale(),
    })
}

fn payload_of_sale() -> Value {
    let line = SaleLine { product: "85123A".to_owned(), ..SaleLine::default() };
    json!(Sale { currency: "GBP".to_owned(), lines: vec![line], ..Sale::default() })
}

/// A draft that makes, changes or deletes what is made of fields.
fn edit(path: &str, action: &str, fields: &Value) -> Value {
    let (entity_type, entity_id) = named(path);
    json!({ "id": fresh(), "entity_type": entity_type, "entity_id": entity_id, "action": action, "payload": fields })
}

/// The same, made from what had this ETag.
fn from(tag: &str, mut draft: Value) -> Value {
    draft["if_match"] = json!(tag);
    draft
}

fn named(path: &str) -> (&str, &str) {
    path.trim_start_matches("/api/v1/entities/").split_once('/').expect("a path names a type and an id")
}

/// A pupil is under the version check, a client under last-writer-wins: an edit names what was seen under every rule.
fn of_each_rule() -> [String; 2] {
    ["STUDENT", "CLIENT"].map(|entity_type| format!("/api/v1/entities/{entity_type}/e-{}", fresh()))
}

fn lines(drafts: &[Value]) -> String {
    drafts.iter().map(|draft| format!("{draft}\n")).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a text, got {value}"))
}

/// The answer names event, seq and chain, and the event reads back with its content.
pub async fn one_draft_is_durable_and_reads_back(endpoint: &Endpoint) {
    let id = fresh();
    let results = endpoint.post(EVENTS, &sale_draft(id)).await.results();
    assert_eq!((results.len(), &results[0]["event_id"]), (1, &json!(id)));
    assert_eq!((results[0]["seq"].is_u64(), text(&results[0]["chain"]).len()), (true, 64));
    assert_eq!(results[0]["duplicate"], false);
    let event = endpoint.event(id).await.expect("it was answered, so it is there");
    assert_eq!((&event["action"], &event["user"]), (&json!("SALE_RECORDED"), &json!("u-12")));
    assert_eq!(event["occurred_at"], "2010-12-01T08:26:00Z");
    assert_eq!(event["payload"], payload_of_sale());
    assert_eq!((&event["seq"], &event["chain"]), (&results[0]["seq"], &results[0]["chain"]));
}

/// A retry is answered with the first place, and nothing is written.
pub async fn the_same_draft_again_is_the_same_event(endpoint: &Endpoint) {
    let draft = sale_draft(fresh());
    let first = endpoint.post(EVENTS, &draft).await.results().remove(0);
    let count = endpoint.count().await;
    let again = endpoint.post(EVENTS, &draft).await.results().remove(0);
    assert_eq!((&again["seq"], &again["chain"]), (&first["seq"], &first["chain"]));
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(endpoint.count().await, count);
}

/// Callers that race with one draft all hear of the same event.
pub async fn eight_callers_with_one_draft_make_one_event(endpoint: &Endpoint) {
    let (draft, count) = (sale_draft(fresh()), endpoint.count().await);
    let replies = futures_util::future::join_all((0..8).map(|_| endpoint.post(EVENTS, &draft))).await;
    let results: Vec<Value> = replies.iter().map(|reply| reply.results().remove(0)).collect();
    assert_eq!(results.iter().filter(|result| result["duplicate"] == false).count(), 1);
    assert!(results.iter().all(|result| result["seq"] == results[0]["seq"]));
    assert_eq!(endpoint.count().await, count + 1);
}

/// Content is the caller's bytes: even a space makes another fact, which needs another id.
pub async fn an_id_with_other_content_is_refused(endpoint: &Endpoint) {
    let id = fresh();
    let draft = sale_draft(id);
    endpoint.post(EVENTS, &draft).await.results();
    let count = endpoint.count().await;
    let mut other = draft.clone();
    other["entity_id"] = json!("another");
    let spaced = draft.to_string().replace("\"quantity\":\"2\"", "\"quantity\": \"2\"");
    assert_ne!(spaced, draft.to_string());
    for body in [other.to_string(), spaced] {
        let reply = endpoint.send("POST", EVENTS, &[JSON], body).await;
        let problem = reply.problem(409, "EVENT_ID_REUSED");
        assert!(text(&problem["detail"]).contains(&id.to_string()), "{problem}");
    }
    assert_eq!(endpoint.count().await, count);
    assert_eq!(endpoint.event(id).await.expect("the first stays")["entity_id"], draft["entity_id"]);
}

/// Without an id a retry would be a second sale, unless the request has a key.
pub async fn a_draft_without_an_id_takes_it_from_the_key(endpoint: &Endpoint) {
    let mut draft = sale_draft(fresh());
    draft.as_object_mut().expect("a draft is an object").remove("id");
    let count = endpoint.count().await;
    endpoint.post(EVENTS, &draft).await.problem(400, "IDEMPOTENCY_KEY_MISSING");
    assert_eq!(endpoint.count().await, count);

    let (one, other) = (fresh().to_string(), fresh().to_string());
    let with = async |key: &str| {
        let reply = endpoint.send("POST", EVENTS, &[JSON, ("idempotency-key", key)], draft.to_string()).await;
        reply.results().remove(0)
    };
    let (first, again, second) = (with(&one).await, with(&one).await, with(&other).await);
    assert_eq!((&first["event_id"], &again["duplicate"]), (&again["event_id"], &json!(true)));
    assert_ne!(first["event_id"], second["event_id"]);
    assert_eq!(endpoint.count().await, count + 2);
}

/// Each kind of bad input gets its code and the place that is wrong; the log stays as it was.
pub async fn bad_input_gets_its_code_and_nothing_is_written(endpoint: &Endpoint) {
    let count = endpoint.count().await;
    for (change, status, code, pointer) in bad_drafts() {
        let mut draft = sale_draft(fresh());
        change(&mut draft);
        let id = draft["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
        let problem = endpoint.post(EVENTS, &draft).await.problem(status, code);
        assert_eq!(problem["pointer"].as_str(), pointer, "{code}: {problem}");
        if let Some(id) = id.filter(|id| !id.is_nil()) {
            assert_eq!(endpoint.event(id).await, None, "{code}");
        }
    }
    let draft = sale_draft(fresh()).to_string();
    for (headers, body, status, code) in [
        (vec![JSON], "{\"id\":".to_owned(), 400, "MALFORMED_BODY"),
        (vec![JSON], String::new(), 400, "MALFORMED_BODY"),
        (vec![JSON], "7".to_owned(), 400, "MALFORMED_BODY"),
        (vec![JSON], "[]".to_owned(), 400, "MALFORMED_BODY"),
        (vec![JSON], format!("{draft}{draft}"), 400, "MALFORMED_BODY"),
        (vec![("content-type", "text/plain")], draft.clone(), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (vec![], draft.clone(), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (vec![JSON, ("idempotency-key", "")], draft.clone(), 400, "INVALID_PARAMETER"),
        (vec![JSON], " ".repeat(16 * 1024 * 1024 + 1), 413, "TOO_LARGE"),
    ] {
        endpoint.send("POST", EVENTS, &headers, body).await.problem(status, code);
    }
    // Members have names: values in the order of our own struct are no draft.
    let unsaid = Value::Null;
    let values = json!([
        fresh(),
        "SALE",
        "s-1",
        "SALE_RECORDED",
        unsaid,
        unsaid,
        unsaid,
        unsaid,
        unsaid,
        unsaid,
        unsaid,
        payload_of_sale()
    ]);
    endpoint.post(EVENTS, &json!([values])).await.problem(422, "BATCH_REJECTED");
    assert_eq!(endpoint.stream(&[], &lines(&[values])).await[0]["problem"]["code"], "MALFORMED_BODY");
    assert_eq!(endpoint.count().await, count);
    // And the next caller is served as if nothing had happened.
    endpoint.post(EVENTS, &sale_draft(fresh())).await.results();
}

type BadDraft = (fn(&mut Value), u16, &'static str, Option<&'static str>);

fn bad_drafts() -> Vec<BadDraft> {
    vec![
        (|draft| draft["entity_typo"] = json!("SALE"), 400, "MALFORMED_BODY", None),
        (|draft| drop(draft.as_object_mut().and_then(|draft| draft.remove("payload"))), 400, "MALFORMED_BODY", None),
        (|draft| draft["id"] = json!("42"), 400, "MALFORMED_BODY", None),
        (|draft| draft["id"] = json!(Uuid::nil()), 400, "MALFORMED_BODY", Some("/id")),
        (|draft| draft["entity_type"] = json!(""), 400, "MALFORMED_BODY", Some("/entity_type")),
        (|draft| draft["entity_id"] = json!("x".repeat(65)), 400, "MALFORMED_BODY", Some("/entity_id")),
        (|draft| draft["user"] = json!("a\nb"), 400, "MALFORMED_BODY", Some("/user")),
        (|draft| draft["occurred_at"] = json!("yesterday"), 400, "MALFORMED_BODY", Some("/occurred_at")),
        (|draft| draft["action"] = json!("SALE_IMAGINED"), 422, "UNKNOWN_SCHEMA", Some("/action")),
        (|draft| draft["schema_version"] = json!(99), 422, "UNKNOWN_SCHEMA", Some("/action")),
        (|draft| draft["entity_type"] = json!("CLIENT"), 422, "INVALID_PAYLOAD", Some("/entity_type")),
        (|draft| draft["payload"] = json!([]), 422, "INVALID_PAYLOAD", Some("/payload")),
        (
            |draft| draft["payload"]["lines"][0]["quantity"] = json!("two"),
            422,
            "INVALID_PAYLOAD",
            Some("/payload/lines/0/quantity"),
        ),
        (|draft| draft["payload"]["total_minor"] = json!(511), 422, "TOTAL_MISMATCH", Some("/payload/total_minor")),
        (|draft| draft["payload"]["country"] = json!("x".repeat(256 * 1024)), 413, "TOO_LARGE", Some("/payload")),
        (
            |draft| {
                draft["entity_type"] = json!("STOCK");
                draft["action"] = json!("STOCK_ADJUSTED");
            },
            422,
            "STOCK_READ_ONLY",
            Some("/action"),
        ),
        (
            |draft| {
                draft["entity_type"] = json!("DELIVERY");
                draft["action"] = json!("DELIVERY_CREATED");
            },
            422,
            "CENTRAL_ONLY",
            Some("/action"),
        ),
    ]
}

/// A list is answered in order, one result per draft, when all of it is durable.
pub async fn a_list_is_written_whole(endpoint: &Endpoint) {
    let ids: Vec<Uuid> = (0..100).map(|_| fresh()).collect();
    let drafts: Vec<Value> = ids.iter().map(|id| sale_draft(*id)).collect();
    let results = endpoint.post(EVENTS, &json!(drafts)).await.results();
    let answered: Vec<Value> = results.iter().map(|result| result["event_id"].clone()).collect();
    assert_eq!(json!(answered), json!(ids));
    assert!(results.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()));
    let count = endpoint.count().await;
    let again = endpoint.post(EVENTS, &json!(drafts)).await.results();
    assert!(again.iter().all(|result| result["duplicate"] == true));
    assert_eq!(endpoint.count().await, count);
}

/// One problem per draft, in order; the good ones were not written either.
pub async fn a_list_with_a_bad_draft_is_refused_whole(endpoint: &Endpoint) {
    let count = endpoint.count().await;
    let ids: Vec<Uuid> = (0..4).map(|_| fresh()).collect();
    let mut drafts: Vec<Value> = ids.iter().map(|id| sale_draft(*id)).collect();
    drafts[1]["payload"]["total_minor"] = json!(1);
    drafts[3]["entity_typo"] = json!("SALE");
    let problem = endpoint.post(EVENTS, &json!(drafts)).await.problem(422, "BATCH_REJECTED");
    let problems = problem["problems"].as_array().expect("one problem per draft");
    let codes: Vec<&str> = problems.iter().map(|problem| text(&problem["code"])).collect();
    assert_eq!(codes, ["BATCH_REJECTED", "TOTAL_MISMATCH", "BATCH_REJECTED", "MALFORMED_BODY"]);
    assert_eq!((&problems[1]["pointer"], &problems[1]["index"]), (&json!("/1/payload/total_minor"), &json!(1)));
    for id in ids {
        assert_eq!(endpoint.event(id).await, None);
    }
    assert_eq!(endpoint.count().await, count);
}

/// What only the log can know refuses a list just as well.
pub async fn a_list_with_a_used_id_is_refused_whole(endpoint: &Endpoint) {
    let used = fresh();
    endpoint.post(EVENTS, &sale_draft(used)).await.results();
    let count = endpoint.count().await;
    let mut drafts = [sale_draft(fresh()), sale_draft(used), sale_draft(fresh())];
    drafts[1]["entity_id"] = json!("another");
    let problem = endpoint.post(EVENTS, &json!(drafts)).await.problem(422, "BATCH_REJECTED");
    let codes: Vec<&Value> = problem["problems"].as_array().into_iter().flatten().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["BATCH_REJECTED", "EVENT_ID_REUSED", "BATCH_REJECTED"]);
    assert_eq!(endpoint.count().await, count);
}

/// A hundred drafts are a list; one more is not.
pub async fn a_list_has_a_limit(endpoint: &Endpoint) {
    let count = endpoint.count().await;
    let drafts: Vec<Value> = (0..101).map(|_| sale_draft(fresh())).collect();
    endpoint.post(EVENTS, &json!(drafts)).await.problem(413, "TOO_LARGE");
    assert_eq!(endpoint.count().await, count);
}

/// One result line per draft, in order; a bad one is refused alone and says on which line it stands.
pub async fn a_stream_keeps_the_good_lines(endpoint: &Endpoint) {
    let used = fresh();
    endpoint.post(EVENTS, &sale_draft(used)).await.results();
    let count = endpoint.count().await;
    let good: Vec<Uuid> = (0..250).map(|_| fresh()).collect();
    let mut drafts: Vec<Value> = good.iter().map(|id| sale_draft(*id)).collect();
    let mut wrong_total = sale_draft(fresh());
    wrong_total["payload"]["total_minor"] = json!(1);
    let mut reused = sale_draft(used);
    reused["entity_id"] = json!("another");
    drafts.insert(200, reused);
    drafts.insert(120, wrong_total.clone());
    let mut body = lines(&drafts);
    body.insert_str(0, "{\"no\": \"draft\"}\n\n");

    let results = endpoint.stream(&[], &body).await;
    assert_eq!(results.len(), 253, "a result per line that is not blank");
    let refused: Vec<&Value> = results.iter().filter(|result| result["problem"].is_object()).collect();
    let said: Vec<(u64, &str)> =
        refused.iter().map(|one| (one["line"].as_u64().unwrap_or(0), text(&one["problem"]["code"]))).collect();
    assert_eq!(said, [(1, "MALFORMED_BODY"), (123, "TOTAL_MISMATCH"), (204, "EVENT_ID_REUSED")]);
    assert_eq!(refused[1]["event_id"], wrong_total["id"]);
    let kept: Vec<&Value> = results.iter().filter(|result| result["seq"].is_u64()).collect();
    let answered: Vec<Value> = kept.iter().map(|result| result["event_id"].clone()).collect();
    assert_eq!(json!(answered), json!(good));
    assert!(kept.windows(2).all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64()), "in the order of the lines");
    assert_eq!(endpoint.count().await, count + 250);
}

/// The key and the line make the id: the same stream again writes nothing.
pub async fn a_stream_without_ids_can_be_sent_again(endpoint: &Endpoint) {
    let key = fresh().to_string();
    let mut drafts: Vec<Value> = (0..30).map(|_| sale_draft(fresh())).collect();
    drafts.iter_mut().for_each(|draft| drop(draft.as_object_mut().and_then(|draft| draft.remove("id"))));
    let count = endpoint.count().await;
    let without_key = endpoint.stream(&[], &lines(&drafts[..1])).await;
    assert_eq!(without_key[0]["problem"]["code"], "IDEMPOTENCY_KEY_MISSING");
    let first = endpoint.stream(&[("idempotency-key", &key)], &lines(&drafts)).await;
    let again = endpoint.stream(&[("idempotency-key", &key)], &lines(&drafts)).await;
    assert!(first.iter().all(|result| result["duplicate"] == false));
    assert!(again.iter().all(|result| result["duplicate"] == true));
    assert!(first.iter().zip(&again).all(|(first, again)| first["event_id"] == again["event_id"]));
    assert_eq!(endpoint.count().await, count + 30);
}

/// What came before the cut is durable; the line that was cut is no draft; sent again whole, nothing is written twice.
pub async fn a_stream_that_is_cut_spoils_one_line(endpoint: &Endpoint) {
    let drafts: Vec<Value> = (0..5).map(|_| sale_draft(fresh())).collect();
    let body = lines(&drafts);
    let count = endpoint.count().await;
    let cut = endpoint.stream(&[], &body[..body.len() - 20]).await;
    assert_eq!(cut.len(), 5);
    assert!(cut[..4].iter().all(|result| result["duplicate"] == false));
    assert_eq!((&cut[4]["line"], &cut[4]["problem"]["code"]), (&json!(5), &json!("MALFORMED_BODY")));
    assert_eq!(endpoint.count().await, count + 4);
    // The last line feed may be missing.
    let again = endpoint.stream(&[], body.trim_end()).await;
    let duplicates: Vec<&Value> = again.iter().map(|result| &result["duplicate"]).collect();
    assert_eq!(duplicates, [true, true, true, true, false]);
    assert_eq!(endpoint.count().await, count + 5);
}

/// Without a version nobody knows what the writer had read; a stale one is answered with the current version. Nothing is
/// written.
pub async fn an_edit_names_what_its_writer_saw(endpoint: &Endpoint) {
    for path in &of_each_rule() {
        endpoint.post(EVENTS, &edit(path, "CREATE", &json!({"name": "Dupont", "town": "Lyon"}))).await.results();
        let (seen, count) = (endpoint.tag(path).await, endpoint.count().await);
        for action in ["UPDATE", "DELETE"] {
            let problem =
                endpoint.post(EVENTS, &edit(path, action, &json!({}))).await.problem(428, "PRECONDITION_REQUIRED");
            assert_eq!(problem["pointer"], "/base_version", "{path} {action}");
            for odd in ["*", "17", ""] {
                let reply = endpoint.post(EVENTS, &from(odd, edit(path, action, &json!({})))).await;
                assert_eq!(reply.problem(400, "MALFORMED_BODY")["pointer"], "/if_match", "{path} {action} {odd}");
            }
        }
        let mut twofold = from(&seen, edit(path, "UPDATE", &json!({})));
        twofold["base_version"] = json!(1_000_000);
        assert_eq!(endpoint.post(EVENTS, &twofold).await.problem(400, "MALFORMED_BODY")["pointer"], "/base_version");
        let made = endpoint.post(EVENTS, &edit(path, "CREATE", &json!({"name": "Dubois"}))).await;
        assert_eq!(made.problem(412, "PRECONDITION_FAILED")["pointer"], "/entity_id", "somebody has the name");
        assert_eq!(endpoint.count().await, count);

        let first = from(&seen, edit(path, "UPDATE", &json!({"name": "Durand"})));
        endpoint.post(EVENTS, &first).await.results();
        let now = endpoint.tag(path).await;
        let late = endpoint.post(EVENTS, &from(&seen, edit(path, "UPDATE", &json!({"name": "Dubois"})))).await;
        let problem = late.problem(412, "PRECONDITION_FAILED");
        assert_eq!((&problem["pointer"], &problem["etag"]), (&json!("/base_version"), &json!(now)), "{path}");
        assert!(problem["version"].is_u64() && late.headers[header::ETAG] == *now);
        // The first one again, after its answer was lost, is not held against what came of it.
        assert_eq!(endpoint.post(EVENTS, &first).await.results()[0]["duplicate"], true);
        assert_eq!(endpoint.count().await, count + 1);
        let entity = endpoint.send("GET", path, &[], "").await.json();
        assert_eq!(entity["fields"], json!({"name": "Durand", "town": "Lyon"}), "{path}");

        endpoint.post(EVENTS, &from(&now, edit(path, "DELETE", &json!({})))).await.results();
        for action in ["UPDATE", "DELETE"] {
            endpoint.post(EVENTS, &from(&now, edit(path, action, &json!({})))).await.problem(404, "NOT_FOUND");
        }
        assert_eq!(endpoint.count().await, count + 2);
        endpoint.post(EVENTS, &edit(path, "CREATE", &json!({"name": "Dubois"}))).await.results();
    }
}

/// People who edit from one page at the same moment, by drafts, lists, lines and commands: one of them is first.
pub async fn of_many_edits_from_one_reading_one_is_taken(endpoint: &Endpoint) {
    for path in &of_each_rule() {
        endpoint.post(EVENTS, &edit(path, "CREATE", &json!({"name": "nobody"}))).await.results();
        let (seen, count) = (endpoint.tag(path).await, endpoint.count().await);
        let one = |number: usize| {
            let draft = from(&seen, edit(path, "UPDATE", &json!({"name": format!("editor {number}")})));
            let (endpoint, typed) = (endpoint.clone(), named(path).0 == "CLIENT");
            let (client, seen) = (format!("/api/v1/clients/{}", named(path).1), seen.clone());
            tokio::spawn(async move {
                match number % 4 {
                    0 => endpoint.stream(&[], &lines(&[draft])).await[0]["seq"].is_u64(),
                    1 => endpoint.post(EVENTS, &json!([draft])).await.status == 200,
                    2 if typed => {
                        let body = json!({"id": draft["id"], "fields": draft["payload"]}).to_string();
                        endpoint.send("PATCH", &client, &[JSON, ("if-match", &seen)], body).await.status == 200
                    }
                    _ => endpoint.post(EVENTS, &draft).await.status == 200,
                }
            })
        };
        let tried = futures_util::future::join_all((0..16).map(one)).await;
        let taken: Vec<usize> =
            (0..).zip(tried).filter(|(_, taken)| *taken.as_ref().expect("no editor fails")).map(|(n, _)| n).collect();
        assert_eq!(taken.len(), 1, "{path}: {taken:?} were taken");
        let entity = endpoint.send("GET", path, &[], "").await.json();
        assert_eq!(entity["fields"]["name"], format!("editor {}", taken[0]), "{path}");
        assert_eq!(endpoint.count().await, count + 1);
    }
}

/// Who makes something relies on nobody else having made it.
pub async fn a_name_is_given_to_one_of_many(endpoint: &Endpoint) {
    for path in &of_each_rule() {
        let count = endpoint.count().await;
        let one = |number: usize| {
            let (endpoint, draft) =
                (endpoint.clone(), edit(path, "CREATE", &json!({"name": format!("maker {number}")})));
            tokio::spawn(async move { endpoint.post(EVENTS, &draft).await.status })
        };
        let statuses = futures_util::future::join_all((0..8).map(one)).await;
        let mut statuses: Vec<u16> = statuses.into_iter().map(|status| status.expect("no maker fails")).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412], "{path}");
        assert_eq!(endpoint.count().await, count + 1);
    }
}

/// Drafts of a list about one entity name what it had before the list; what the list itself makes nobody can have read.
pub async fn a_list_is_made_from_one_reading(endpoint: &Endpoint) {
    let [path, other] = of_each_rule();
    let made = [edit(&path, "CREATE", &json!({"name": "Dupont"})), edit(&path, "UPDATE", &json!({"town": "Nice"}))];
    endpoint.post(EVENTS, &json!(made)).await.results();
    let (seen, count) = (endpoint.tag(&path).await, endpoint.count().await);
    let change = |fields: Value| edit(&path, "UPDATE", &fields);
    let stale = json!([edit(&other, "CREATE", &json!({})), from("\"999999\"", change(json!({}))), change(json!({}))]);
    let problem = endpoint.post(EVENTS, &stale).await.problem(422, "BATCH_REJECTED");
    let said: Vec<(&str, &Value)> =
        problem["problems"].as_array().into_iter().flatten().map(|one| (text(&one["code"]), &one["pointer"])).collect();
    let (of_second, of_third) = (json!("/1/base_version"), json!("/2/base_version"));
    assert_eq!(said[1..], [("PRECONDITION_FAILED", &of_second), ("PRECONDITION_REQUIRED", &of_third)]);
    assert_eq!(endpoint.count().await, count);

    let list = json!([from(&seen, change(json!({"town": "Lyon"}))), from(&seen, change(json!({"room": "B2"})))]);
    endpoint.post(EVENTS, &list).await.results();
    let again = endpoint.post(EVENTS, &list).await.results();
    assert!(again.iter().all(|result| result["duplicate"] == true));
    let entity = endpoint.send("GET", &path, &[], "").await.json();
    assert_eq!(entity["fields"], json!({"name": "Dupont", "town": "Lyon", "room": "B2"}));
}

/// A line is a request of its own: it is held to what is there when its turn comes, and refused alone.
pub async fn each_line_of_a_stream_is_held_to_what_those_before_it_left(endpoint: &Endpoint) {
    let [path, other] = of_each_rule();
    endpoint.post(EVENTS, &edit(&path, "CREATE", &json!({"name": "Dupont"}))).await.results();
    let (seen, count) = (endpoint.tag(&path).await, endpoint.count().await);
    let drafts = [
        sale_draft(fresh()),
        from(&seen, edit(&path, "UPDATE", &json!({"name": "Durand"}))),
        from(&seen, edit(&path, "UPDATE", &json!({"name": "Dubois"}))),
        edit(&other, "CREATE", &json!({"name": "Petit"})),
        edit(&other, "UPDATE", &json!({"name": "Grand"})),
        edit(&other, "CREATE", &json!({"name": "Grand"})),
        sale_draft(fresh()),
    ];
    let results = endpoint.stream(&[], &lines(&drafts)).await;
    let said: Vec<&str> = results.iter().map(|result| result["problem"]["code"].as_str().unwrap_or("")).collect();
    assert_eq!(said, ["", "", "PRECONDITION_FAILED", "", "PRECONDITION_REQUIRED", "PRECONDITION_FAILED", ""]);
    assert_eq!(endpoint.count().await, count + 4);
    assert_eq!(endpoint.send("GET", &path, &[], "").await.json()["fields"], json!({"name": "Durand"}));
    // A class is made in one go, and again.
    let pupils: Vec<Value> = (0..230).map(|_| edit(&of_each_rule()[0], "CREATE", &json!({"name": "Petit"}))).collect();
    let (first, again) = (endpoint.stream(&[], &lines(&pupils)).await, endpoint.stream(&[], &lines(&pupils)).await);
    assert!(first.iter().all(|result| result["duplicate"] == false), "{first:?}");
    assert!(again.iter().all(|result| result["duplicate"] == true));
}

/// Each command becomes the event it stands for, about the entity it names.
pub async fn typed_commands_build_events(endpoint: &Endpoint) {
    let lines = json!([{"product": "85123A", "quantity": "2", "unit_price": "2.55"}]);
    let goods = json!([{"product": "85123A", "quantity": "6", "unit_cost": "1.20"}]);
    let at = "2026-01-02T03:04:05Z";
    for (method, path, entity, body, action) in [
        (
            "POST",
            "/api/v1/sales",
            "S-1",
            json!({"entity_id": "S-1", "currency": "GBP", "lines": lines, "total_minor": 510}),
            "SALE_RECORDED",
        ),
        (
            "POST",
            "/api/v1/refunds",
            "S-2",
            json!({"entity_id": "S-2", "original": "S-1", "currency": "GBP", "lines": lines, "total_minor": 510}),
            "SALE_REFUNDED",
        ),
        ("POST", "/api/v1/receptions", "R-1", json!({"entity_id": "R-1", "lines": goods}), "GOODS_RECEIVED"),
        (
            "POST",
            "/api/v1/invoices",
            "I-1",
            json!({"entity_id": "I-1", "client": "C-1", "currency": "EUR", "lines": lines, "total_minor": 510}),
            "INVOICE_CREATED",
        ),
        ("POST", "/api/v1/invoices/I-1/cancel", "I-1", json!({"reason": "a wrong line"}), "INVOICE_CANCELLED"),
        (
            "POST",
            "/api/v1/deliveries/D-1/validate",
            "D-1",
            json!({"qr": "q-1", "validated_at": at}),
            "DELIVERY_VALIDATED",
        ),
        ("POST", "/api/v1/clients", "C-1", json!({"entity_id": "C-1", "fields": {"name": "Dupont"}}), "CREATE"),
        ("PATCH", "/api/v1/clients/C-1", "C-1", json!({"fields": {"name": "Durand"}}), "UPDATE"),
        ("PUT", "/api/v1/clients/C-1", "C-1", json!({"fields": {"name": "Dubois"}}), "UPDATE"),
        ("DELETE", "/api/v1/clients/C-1", "C-1", json!({}), "DELETE"),
    ] {
        let id = fresh();
        let mut body = body;
        body["id"] = json!(id);
        // An edit names what its editor saw.
        let tag = if method == "POST" { String::new() } else { endpoint.tag(path).await };
        let headers = [JSON, ("if-match", tag.as_str())];
        let headers = if tag.is_empty() { &headers[..1] } else { &headers };
        let results = endpoint.send(method, path, headers, body.to_string()).await.results();
        assert_eq!(results[0]["event_id"], json!(id), "{method} {path}");
        let event = endpoint.event(id).await.expect("it was answered, so it is there");
        assert_eq!((&event["action"], &event["entity_id"]), (&json!(action), &json!(entity)), "{method} {path}");
        let again = endpoint.send(method, path, headers, body.to_string()).await.results();
        assert_eq!(again[0]["duplicate"], true, "{method} {path}");
    }
    // A deletion has nothing to say beyond its path and what was seen.
    let client = json!({"id": fresh(), "entity_id": "C-9", "fields": {"name": "Dupont"}});
    endpoint.post("/api/v1/clients", &client).await.results();
    let (key, tag) = (fresh().to_string(), endpoint.tag("/api/v1/clients/C-9").await);
    let headers = [("idempotency-key", key.as_str()), ("if-match", tag.as_str())];
    endpoint.send("DELETE", "/api/v1/clients/C-9", &headers, "").await.results();
}

/// Pointers point into the command's body, not into the draft made of it.
pub async fn a_typed_command_is_refused_in_its_own_words(endpoint: &Endpoint) {
    let count = endpoint.count().await;
    let sale = |quantity: &str, total_minor: i64| {
        let lines = json!([{"product": "85123A", "quantity": quantity, "unit_price": "2.55"}]);
        json!({"id": fresh(), "currency": "GBP", "lines": lines, "total_minor": total_minor})
    };
    let problem = endpoint.post("/api/v1/sales", &sale("two", 510)).await.problem(422, "INVALID_PAYLOAD");
    assert_eq!(problem["pointer"], "/lines/0/quantity");
    endpoint.post("/api/v1/sales", &sale("2", 511)).await.problem(422, "TOTAL_MISMATCH");
    let mut without_id = sale("2", 510);
    without_id.as_object_mut().expect("an object").remove("id");
    endpoint.post("/api/v1/sales", &without_id).await.problem(400, "IDEMPOTENCY_KEY_MISSING");
    let twice = json!({"id": fresh(), "entity_id": "2", "fields": {"name": "x"}}).to_string();
    let reply = endpoint.send("PATCH", "/api/v1/clients/1", &[JSON, ("if-match", "\"1\"")], twice).await;
    assert_eq!(reply.problem(400, "MALFORMED_BODY")["pointer"], "/entity_id");
    let reply = endpoint.send("POST", "/api/v1/sales", &[NDJSON], "{}").await;
    reply.problem(415, "UNSUPPORTED_MEDIA_TYPE");
    assert_eq!(endpoint.count().await, count);
}

/// A refusal by the router itself is a problem document too.
pub async fn a_path_or_method_that_is_not_there_is_a_problem(endpoint: &Endpoint) {
    endpoint.send("GET", "/api/v1/nothing", &[], "").await.problem(404, "NOT_FOUND");
    let reply = endpoint.send("DELETE", EVENTS, &[], "").await;
    reply.problem(405, "METHOD_NOT_ALLOWED");
    let allowed = reply.headers[header::ALLOW].to_str().expect("methods are ASCII");
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    let missing = fresh();
    endpoint.send("GET", &format!("{EVENTS}/{missing}"), &[], "").await.problem(404, "NOT_FOUND");
    endpoint.send("GET", &format!("{EVENTS}?limit=0"), &[], "").await.problem(400, "INVALID_PARAMETER");
    endpoint.send("GET", &format!("{EVENTS}?limt=10"), &[], "").await.problem(400, "INVALID_PARAMETER");
    endpoint.send("GET", &format!("{EVENTS}?after=nowhere"), &[], "").await.problem(400, "INVALID_PARAMETER");
}

/// Pages follow each other without a gap, in the log's order; the end of the log has a cursor too, behind which the next
/// event stands.
pub async fn the_log_is_read_page_by_page(endpoint: &Endpoint) {
    let ids: Vec<Uuid> = (0..5).map(|_| fresh()).collect();
    let mut end = endpoint.page(1000, None).await;
    while end.more {
        end = endpoint.page(1000, Some(&end.next)).await;
    }
    let drafts: Vec<Value> = ids.iter().map(|id| sale_draft(*id)).collect();
    endpoint.post(EVENTS, &json!(drafts)).await.results();

    let (mut read, mut page) = (Vec::new(), endpoint.page(2, Some(&end.next)).await);
    loop {
        assert!(page.events.len() <= 2, "no page is longer than was asked for");
        let last = !page.more;
        let next = page.next.clone();
        read.extend(page.events);
        page = endpoint.page(2, Some(&next)).await;
        if last {
            assert_eq!((page.events.len(), &page.next, page.more), (0, &next, false), "the end keeps its cursor");
            break;
        }
    }
    assert_eq!(read.iter().map(|event| event.id).collect::<Vec<_>>(), ids);
    for event in &read {
        assert_eq!((event.entity_type.as_str(), event.action.as_str()), ("SALE", "SALE_RECORDED"));
        let alone = endpoint.event(event.id).await.expect("what a page shows is there");
        assert_eq!(alone, serde_json::to_value(event).expect("an event is JSON"), "one event has the same shape");
    }
}
