//! Whatever one caller writes through any API, every API keeps serving everyone else, and a replay gives the same decisions.
//! One unreadable row would break every page that contains it.

use comptoir_proto::{paths, stored_v1};
use comptoir_test_support::SealedLog;
use comptoir_test_support::processes::{self, RunningServer};
use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT, text};
use reqwest::{Method, StatusCode, Url};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::auditor::assert_decided_again;

/// Names with a meaning in paths, databases, browsers or file systems.
const NAMES: [&str; 16] = [
    "a/b",
    "../../etc/passwd",
    "..",
    "%2F%00",
    "a?b#c&d=e;f",
    "'; drop table event; --",
    "\"\\",
    "{}",
    "null",
    "E\u{301}le\u{300}ve",
    "\u{202e}txt.exe",
    "\u{1f980}\u{200d}\u{1f980}",
    "\u{fffd}\u{ffff}",
    "=1+1",
    "-rf",
    "018f0000-0000-7000-8000-0000000000ff",
];

/// Fields that are valid JSON but too much for some reader. They are text, because some of them no parser would reproduce.
fn fields() -> Vec<String> {
    let nested = |levels: usize| format!("{{\"n\":{}1{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let wide = |count: usize| (0..count).map(|field| format!("\"f{field}\":{field}")).collect::<Vec<_>>().join(",");
    let mut fields: Vec<String> = [
        r#"{"zero":"a\u0000b"}"#,
        r#"{"a\u0000b":1}"#,
        r#"{"half":"\ud800"}"#,
        r#"{"half\udc00":1}"#,
        r#"{"large":1e400,"small":1e-400,"minus":-0,"minus0":-0.0}"#,
        r#"{"long":123456789012345678901234567890123456789012345678901234567890.000000000000000000000000000001}"#,
        r#"{"exact":9007199254740993,"most":18446744073709551616,"least":-9223372036854775809}"#,
        r#"{"":1," ":2,"__proto__":{"a":1},"constructor":3,"$ref":"x","toString":null}"#,
        r#"{"twice":1,"twice":2}"#,
        r#"{ "spaces" : [ 1 , 2 ] , "newline" : "a\r\nb" , "csv" : "=cmd|' /C calc'!A0" }"#,
        r#"{"id":"another","entity_type":"CLIENT","serverVersion":1,"version":-1,"deleted":true,"fields":{}}"#,
        r#"{"name":{"not":"a text"},"code":["neither"],"is_active":"perhaps","price":false,"classId":7}"#,
        r#"{"name":null,"code":null}"#,
        "{}",
        "[]",
        "null",
        "\"text\"",
    ]
    .map(str::to_owned)
    .into();
    fields.extend([2, 90, 97, 98, 99, 100, 101, 120, 126, 127].map(nested));
    fields.push(format!("{{\"é\":\"{}\"}}", "\u{1f980}".repeat(20_000)));
    fields.push(format!("{{{}}}", wide(256)));
    fields.push(format!("{{{}}}", wide(257)));
    fields
}

/// The written contents: each name with plain fields, as id and as type, and each of the fields under a plain name.
fn contents() -> Vec<(String, String, String)> {
    let plain = r#"{"name":"Anna","code":"A"}"#;
    let ids = NAMES.iter().map(|name| ("STUDENT".to_owned(), (*name).to_owned(), plain.to_owned()));
    let types = NAMES.iter().map(|name| ((*name).to_owned(), "plain".to_owned(), plain.to_owned()));
    let types = types.filter(|(entity_type, ..)| entity_type.len() < 40);
    let fields = fields();
    let of_type = |entity_type: &'static str| {
        fields.iter().enumerate().map(move |(at, fields)| (entity_type.to_owned(), format!("e-{at}"), fields.clone()))
    };
    ids.chain(types)
        .chain(of_type("STUDENT"))
        .chain(of_type("CLIENT"))
        .chain(of_type("PRODUCT"))
        .chain(of_type("USER"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_api_keeps_serving_whatever_one_caller_writes() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("S1");
    let node = company.node(&site, "till", &company.central.url);
    let issued = company.issue_node(&site, "by-hand");
    let callers = Callers { company: &company, key: text(&issued["SYNC_API_KEY"]) };
    let contents = contents();

    // Through both write APIs, one by one, so that one refusal hides no other.
    for (api, url) in [("node", &node.url), ("central", &company.central.url)] {
        for (entity_type, entity_id, fields) in &contents {
            let entity_id = format!("{api}-{entity_id}");
            let draft = format!(
                r#"{{"id":"{}","entity_type":{},"entity_id":{},"action":"CREATE","payload":{fields}}}"#,
                Uuid::now_v7(),
                json!(entity_type),
                json!(entity_id)
            );
            callers.no_server_error(Method::POST, url, paths::EVENTS, Some(draft)).await;
        }
    }
    // Sealed twice by a node that checks nothing: the second edit of each is a conflict that waits for a person.
    let mut by_hand = SealedLog::issued(&issued);
    for action in ["CREATE", "UPDATE"] {
        for (entity_type, entity_id, fields) in &contents {
            let mut event = by_hand.event(entity_type, &format!("central-{entity_id}"), action, &json!({}));
            event.content.payload = fields.clone().into_bytes();
            event.content.base_version = (action == "UPDATE").then_some(1);
            if let Ok(record) = stored_v1::encode(&event) {
                by_hand.seal_bytes(record);
            }
        }
    }
    let push = serde_json::to_string(&by_hand.take_push()).unwrap();
    callers.success(Method::POST, paths::SYNC_PUSH, Some(push)).await;
    callers.write_from_phone_and_desktop(&contents).await;
    company.drained(&node).await;

    callers.phone_pulls_everything().await;
    callers.desktop_pulls_everything().await;
    callers.show_and_resolve_conflicts().await;
    callers.read_lists(&company.central.url).await;
    callers.read_lists(&node.url).await;
    callers.read_each_entity(&company.central.url, &contents).await;
    callers.read_each_entity(&node.url, &contents).await;
    assert_new_node_gets_the_same_rows(&company, &site, &node).await;
    assert_decided_again(&company);
    let data_dir = company.path("central").display().to_string();
    processes::run_comptoir(&["projections", "rebuild", "--data-dir", &data_dir], &[])
        .unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
}

/// Sends requests as each kind of caller, and fails on any server error.
struct Callers<'a> {
    company: &'a RunningTenant,
    /// A node's key, which devices use too.
    key: String,
}

impl Callers<'_> {
    /// Accepts a success or a client error, but never a server error.
    async fn no_server_error(
        &self,
        method: Method,
        server: &str,
        path: &str,
        body: Option<String>,
    ) -> (StatusCode, Value) {
        let token = if path.starts_with("/api/sync/") || path.starts_with("/api/v1/sync/") {
            &self.key
        } else {
            &self.company.token
        };
        let url = Url::parse(server).unwrap().join(path).unwrap();
        let mut request = self.company.http.request(method.clone(), url).bearer_auth(token);
        if let Some(body) = &body {
            request = request.header("content-type", "application/json").body(body.clone());
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let (status, bytes) = (answer.status(), answer.bytes().await.unwrap());
        let shown = String::from_utf8_lossy(&bytes);
        let context = || format!("{method} {path} {}: {status} {shown:.2000}", body.as_deref().unwrap_or_default());
        assert!(!status.is_server_error(), "{:.3000}", context());
        let read = read(&bytes).unwrap_or_else(|error| panic!("{error}: {:.3000}", context()));
        if status.is_client_error() {
            assert!(read["code"].is_string() && read["detail"].is_string(), "{:.3000}", context());
        }
        (status, read)
    }

    /// Accepts only a success.
    async fn success(&self, method: Method, path: &str, body: Option<String>) -> Value {
        let (status, answer) = self.no_server_error(method, &self.company.central.url, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        assert!(!answer.is_null(), "{path} is not answered in readable JSON");
        answer
    }

    async fn write_from_phone_and_desktop(&self, contents: &[(String, String, String)]) {
        let (mut phones, mut desktops) = (Vec::new(), Vec::new());
        for (entity_type, entity_id, fields) in contents {
            let (entity_type, entity_id) = (json!(entity_type), json!(format!("device-{entity_id}")));
            let checksum = hex::encode(Sha256::digest(fields));
            phones.push(format!(
                r#"{{"id":"{}","entity_type":{entity_type},"entity_id":{entity_id},"action":"CREATE","payload":{fields},
                     "occurred_at":"2026-01-07T10:00:00Z","checksum":"{checksum}","user_id":7}}"#,
                Uuid::now_v7()
            ));
            desktops.push(format!(
                r#"{{"id":"evt-{}","tenantId":"{}","entityType":{entity_type},"entityId":{entity_id},"operation":"CREATE","payload":{fields},
                     "localVersion":1,"createdAt":"2026-01-07T10:00:00Z"}}"#,
                desktops.len(),
                self.company.tenant
            ));
        }
        // One by one and together: an unreadable event affects only its own request.
        for phone in phones {
            let body = format!(r#"{{"batch_id":"{}","device_id":"phone","events":[{phone}]}}"#, Uuid::now_v7());
            self.no_server_error(Method::POST, &self.company.central.url, paths::MOBILE_PUSH, Some(body)).await;
        }
        for desktop in desktops {
            let body = format!(r#"{{"clientId":"desk","lastSyncTimestamp":null,"events":[{desktop}]}}"#);
            self.no_server_error(Method::POST, &self.company.central.url, paths::DESKTOP_UP, Some(body)).await;
        }
    }

    async fn phone_pulls_everything(&self) {
        for limit in [1_000, 7] {
            let (mut since, mut given) = (String::new(), 0);
            loop {
                let path = format!("{}?device_id=reader-{limit}&limit={limit}{since}", paths::MOBILE_PULL);
                let page = self.success(Method::GET, &path, None).await;
                given += page["events"].as_array().map_or(0, Vec::len);
                since = format!("&since={}", page["server_time"].as_str().unwrap());
                if page["has_more"] == false {
                    break;
                }
            }
            assert!(given > 50, "a phone pulled {given} rows");
        }
        let first = format!("{}?device_id=reader&limit=5", paths::MOBILE_BOOTSTRAP);
        let mut path = first.clone();
        loop {
            let page = self.success(Method::GET, &path, None).await;
            if page["has_more"] == false {
                return;
            }
            path = format!("{first}&cursor={}", page["cursor"].as_str().unwrap());
        }
    }

    async fn desktop_pulls_everything(&self) {
        let (mut since, mut given) = (Value::Null, 0);
        loop {
            let body = json!({"clientId": "reader", "lastSyncTimestamp": since, "limit": 20}).to_string();
            let page = self.success(Method::POST, paths::DESKTOP_DOWN, Some(body)).await;
            given += page["changes"].as_array().map_or(0, Vec::len);
            since = page["syncTimestamp"].clone();
            if page["hasMore"] == false {
                break;
            }
        }
        assert!(given > 50, "a desktop pulled {given} changes");
    }

    async fn show_and_resolve_conflicts(&self) {
        let list = self.success(Method::GET, &format!("{}?limit=100", paths::CONFLICTS), None).await;
        let conflicts = list["conflicts"].as_array().unwrap();
        assert!(conflicts.len() > 10, "{} conflicts wait", conflicts.len());
        for (at, conflict) in conflicts.iter().enumerate() {
            let path = format!("{}/{}", paths::CONFLICTS, text(&conflict["event_id"]));
            let shown = self.success(Method::GET, &path, None).await;
            assert_eq!(shown["event_id"], conflict["event_id"]);
            let choice =
                json!({"choice": if at % 2 == 0 { "server" } else { "local" }, "user": "director"}).to_string();
            self.no_server_error(
                Method::POST,
                &self.company.central.url,
                &format!("{path}/preview"),
                Some(choice.clone()),
            )
            .await;
            let resolve = self.company.http.post(format!("{}{path}/resolve", self.company.central.url));
            let resolve = resolve.bearer_auth(&self.company.token).header("if-match", text(&shown["etag"]));
            let answer = resolve.header("content-type", "application/json").body(choice).send().await.unwrap();
            assert!(!answer.status().is_server_error(), "{path}: {}", answer.text().await.unwrap());
        }
    }

    async fn read_lists(&self, server: &str) {
        let lists = [
            (paths::EVENTS, "after"),
            (paths::CLIENTS, "cursor"),
            (paths::PRODUCTS, "cursor"),
            (paths::STOCK, "cursor"),
            (paths::INVOICES, "cursor"),
            (paths::DELIVERIES, "cursor"),
        ];
        for (list, parameter) in lists {
            let mut next = Some(format!("{list}?limit=50"));
            while let Some(path) = next {
                let (status, page) = self.no_server_error(Method::GET, server, &path, None).await;
                assert_eq!(status, StatusCode::OK, "{path}: {page}");
                assert!(!page.is_null(), "{path} is not answered in readable JSON");
                let place = if page["more"] == true { page["next"].as_str() } else { page["next_cursor"].as_str() };
                next = place.map(|place| format!("{list}?limit=50&{parameter}={}", url_part(place)));
            }
        }
        if server == self.company.central.url {
            for path in
                [paths::QUARANTINE, paths::SYNC_LOG, paths::NODES, "/api/v1/reports/sales?by=day", paths::REPORT_STOCK]
            {
                self.success(Method::GET, path, None).await;
            }
        } else {
            for path in [paths::QUEUE, paths::NOTIFICATIONS, paths::STATUS, paths::SAVED_FORMS] {
                assert_eq!(self.no_server_error(Method::GET, server, path, None).await.0, StatusCode::OK, "{path}");
            }
        }
    }

    async fn read_each_entity(&self, server: &str, contents: &[(String, String, String)]) {
        for (entity_type, entity_id, _) in contents {
            for writer in ["node", "central", "device"] {
                let (entity_type, entity_id) = (url_part(entity_type), url_part(&format!("{writer}-{entity_id}")));
                let path = format!("/api/v1/entities/{entity_type}/{entity_id}");
                self.no_server_error(Method::GET, server, &path, None).await;
            }
        }
    }
}

/// An answer, parsed as an ordinary reader parses it. The log's own pages return payloads as they were sent, however deep; of
/// those only the outermost members are parsed.
fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).or_else(|_| {
        let members: std::collections::BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes)?;
        let shallow = |text: &RawValue| serde_json::from_str::<Value>(text.get()).unwrap_or_default();
        Ok(members.iter().map(|(name, value)| (name.clone(), shallow(value))).collect())
    })
}

/// Encodes any text as one part of a path or query.
fn url_part(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A new node pulls the same rows that an old node has.
async fn assert_new_node_gets_the_same_rows(company: &RunningTenant, site: &str, first: &RunningServer) {
    let new = company.node(site, "new", &company.central.url);
    let head = company.head().await;
    let started = std::time::Instant::now();
    let (mut rows, mut held) = (Value::Null, Value::Null);
    while started.elapsed() < TIMEOUT {
        (rows, held) = (rows_of(company, first).await, rows_of(company, &new).await);
        if !rows.is_null() && rows == held {
            return;
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
    panic!("at {head} the nodes differ: {rows:.3000}\n{held:.3000}\n{}", new.words());
}

async fn rows_of(company: &RunningTenant, node: &RunningServer) -> Value {
    let url = format!("{}{}?limit=1000", node.url, paths::CLIENTS);
    let answer = company.http.get(url).send().await.expect("the node answers");
    let mut page: Value = answer.json().await.unwrap_or_default();
    let mut rows = page["rows"].take();
    for row in rows.as_array_mut().into_iter().flatten() {
        // Depends on when this node received the row.
        row["last_sync_at"].take();
    }
    rows
}
