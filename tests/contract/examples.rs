//! Each JSON body in the OpenAPI documents has an example with content, and a running server takes it as it is.

use std::collections::BTreeMap;

use axum::http::header;
use comptoir_proto::{openapi, paths};
use comptoir_test_support::TestNode;
use comptoir_tests::contract::Endpoint;
use comptoir_tests::running_central::RunningCentral;
use serde_json::{Value, json};
use uuid::Uuid;

/// What came back for an example: the status and the body.
type Answers = BTreeMap<String, (u16, Value)>;

/// Sends the example of each body. `adapt` changes what only the caller knows.
async fn send_examples(server: &Endpoint, adapt: impl Fn(&str, &mut Value)) -> Answers {
    let document = server.send("GET", paths::OPENAPI, &[], "").await.json();
    let mut answers = Answers::new();
    for (path, methods) in document["paths"].as_object().expect("a document has paths") {
        for (method, operation) in methods.as_object().expect("a path has methods") {
            let content = &operation["requestBody"]["content"]["application/json"];
            if content.is_null() {
                continue;
            }
            let name = format!("{method} {path}");
            let mut example = content.get("example").unwrap_or_else(|| panic!("{name} has no example")).clone();
            assert_has_content(&name, &example);
            adapt(path, &mut example);
            let answer = send_example(server, &name, operation, &example).await;
            assert_documented(&name, operation, &answer);
            answers.insert(name, answer);
        }
    }
    answers
}

/// An empty list or object shows nothing.
fn assert_has_content(name: &str, example: &Value) {
    match example {
        Value::Array(items) => {
            assert!(!items.is_empty(), "{name}: an empty list");
            items.iter().for_each(|item| assert_has_content(name, item));
        }
        Value::Object(members) => {
            assert!(!members.is_empty(), "{name}: an empty object");
            members.values().for_each(|member| assert_has_content(name, member));
        }
        _ => {}
    }
}

async fn send_example(server: &Endpoint, name: &str, operation: &Value, example: &Value) -> (u16, Value) {
    let (method, path) = name.split_once(' ').expect("a method and a path");
    let id = Uuid::now_v7().to_string();
    let place = path.replace("{type}", "STUDENT").replace("{id}", &id).replace("{event_id}", &id);
    let parameters = operation["parameters"].as_array().expect("a list");
    let header =
        |name: &str| parameters.iter().find(|parameter| parameter["in"] == "header" && parameter["name"] == name);
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if header("Idempotency-Key").is_some() {
        headers.push(("idempotency-key".to_owned(), name.to_owned()));
    }
    if header("If-None-Match").is_some() {
        headers.push(("if-none-match".to_owned(), "*".to_owned()));
    } else if header("If-Match").is_some() {
        headers.push(("if-match".to_owned(), tag_of_a_new_entity(server, path, &place, &id).await));
    }
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let reply = server.send(&method.to_uppercase(), &place, &headers, example.to_string()).await;
    (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
}

/// Creates the entity that an edit needs. Nothing is created for a conflict: its example names none that exists.
async fn tag_of_a_new_entity(server: &Endpoint, path: &str, place: &str, id: &str) -> String {
    let entity_type = match path {
        paths::CLIENT => "CLIENT",
        paths::ENTITY => "STUDENT",
        _ => return "\"1\"".to_owned(),
    };
    let draft = json!({ "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": id, "action": "CREATE",
        "payload": { "name": "Durand" } });
    server.post(paths::EVENTS, &draft).await.results();
    server.tag(place).await
}

/// The document has the status, and of a refusal the code.
fn assert_documented(name: &str, operation: &Value, (status, body): &(u16, Value)) {
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{name}: {status} is not documented: {body}");
    if *status >= 400 {
        let codes =
            &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"];
        let codes = codes.as_array().expect("a refusal has codes");
        assert!(codes.contains(&body["code"]), "{name}: {} is not documented: {body}", body["code"]);
    }
}

/// All succeed but those of `refused`, whose examples name something that is not there.
fn assert_taken(answers: &Answers, refused: &[(&str, u16, &str)]) {
    for (name, (status, body)) in answers {
        match refused.iter().find(|(refused, ..)| name.ends_with(refused)) {
            Some((_, expected, code)) => {
                assert_eq!((status, &body["code"]), (expected, &json!(code)), "{name}: {body}")
            }
            None => assert!((200..300).contains(status), "{name}: {status} {body}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn central_takes_the_example_of_every_body() {
    let head_office = RunningCentral::open("Épicerie").await;
    let tenant = json!(head_office.tenant.uuid());
    let answers = send_examples(&head_office.admin(), |path, example| {
        if path == paths::DESKTOP_UP {
            example["events"][0]["tenantId"] = tenant.clone();
        }
    })
    .await;
    let absent = [
        paths::CONFLICT_PREVIEW,
        paths::CONFLICT_RESOLVE,
        paths::DESKTOP_RESOLVE,
        paths::QUARANTINE_RELEASE,
        paths::USER,
        paths::USER_RESET,
        paths::USER_ERASE,
        paths::NODE_REVOKE,
        paths::DEVICE,
        paths::DEVICE_ENROLMENTS,
    ];
    let mut refused = absent.map(|path| (path, 404, "NOT_FOUND")).to_vec();
    // No example is somebody's secret.
    refused.extend([
        (paths::AUTH_LOGIN, 401, "LOGIN_FAILED"),
        // Only a page of this server logs a browser in.
        (paths::OFFICE_LOGIN, 403, "ORIGIN_REFUSED"),
        (paths::AUTH_REFRESH, 401, "REAUTHENTICATION_REQUIRED"),
        (paths::AUTH_SETUP, 410, "LINK_INVALID"),
        (paths::DEVICE_ENROL, 400, "MALFORMED_BODY"),
        (paths::DEVICE_WIPED, 401, "UNAUTHORIZED"),
    ]);
    // An administrator's token has no password.
    refused.push((paths::AUTH_PASSWORD, 403, "FORBIDDEN"));
    // Only nodes use these; a node's own tests follow, and `cli/tests/transport`.
    refused.extend([paths::SYNC_PUSH, paths::SYNC_WIPED, paths::NODE_CERTIFICATE].map(|path| (path, 403, "FORBIDDEN")));
    assert_taken(&answers, &refused);
    assert!(answers.len() >= 20, "{answers:?}");

    let (_, pushed) = &answers[&format!("post {}", paths::MOBILE_PUSH)];
    let counts = (pushed["acked_event_ids"].as_array().map(Vec::len), &pushed["failed_events"]);
    assert_eq!(counts, (Some(2), &json!([])), "{pushed}");
    assert_eq!(pushed["without_effect"], Value::Null, "{pushed}");
    let (_, sent) = &answers[&format!("post {}", paths::DESKTOP_UP)];
    let counts = (sent["acknowledged"].as_array().map(Vec::len), &sent["conflicts"], &sent["rejected"]);
    assert_eq!(counts, (Some(1), &json!([]), &json!([])), "{sent}");
}

/// It is the record of the specification, whose chain a unit test recomputes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_of_a_node_s_push_is_refused_because_it_is_another_node_s() {
    let head_office = RunningCentral::open("Épicerie").await;
    let reply = head_office.node().await.post(paths::SYNC_PUSH, &openapi::examples::node_push()).await;
    assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("WRONG_NODE")), "{}", reply.text());
    assert_eq!(reply.headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_takes_the_example_of_every_body() {
    let node = TestNode::start().await;
    let answers = send_examples(&Endpoint::service(node.router.clone(), Some(node.key.clone())), |_, _| {}).await;
    // This node knows no user, and the caller has a key.
    let refused = [
        (paths::SESSION, 401, "LOGIN_FAILED"),
        (paths::SESSION_PIN, 403, "FORBIDDEN"),
        (paths::SESSION_UNLOCK, 403, "FORBIDDEN"),
        // And it is no demonstration.
        (paths::DEMO_LINK, 404, "NOT_FOUND"),
        // It received no goods yet under this id.
        (paths::RECEPTION_CANCEL, 404, "NOT_FOUND"),
        (paths::EVENT_PRINT, 404, "NOT_FOUND"),
        // The examples come in the order of their paths: the till is opened after these.
        (paths::TILL_CASH, 409, "TILL_NOT_OPEN"),
        (paths::TILL_CLOSE, 409, "TILL_NOT_OPEN"),
    ];
    assert_taken(&answers, &refused);
    assert!(answers.len() >= 12, "{answers:?}");
}
