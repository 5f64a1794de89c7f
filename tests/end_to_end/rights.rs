//! An auditor finds, from the log alone, every decision that central made by the rights of users and of nodes.

use comptoir_core::event::{Content, Event};
use comptoir_core::id::Name;
use comptoir_proto::paths;
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::{RunningTenant, SealedLog, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::auditor::assert_decided_again;

/// Calls central with a credential; the call succeeds.
async fn call(company: &RunningTenant, key: &str, (method, path): (Method, &str), body: Value) -> Value {
    let request = company.http.request(method, format!("{}{path}", company.central.url)).bearer_auth(key);
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{path}: {status} {body}");
    serde_json::from_str(&body).unwrap_or_default()
}

fn sell(till: &mut SealedLog, (user, identity_position): (&str, u64), id: &str) {
    let sale = Sale::default();
    let event = till.event("SALE", id, sale.action(), &sale.payload());
    let content = Content { user: Some(Name::new(user).unwrap()), ..event.content };
    till.seal_event(Event { identity_position, content, ..event });
}

async fn push(company: &RunningTenant, till: &mut SealedLog) -> Vec<Value> {
    let body = serde_json::to_value(till.take_push()).unwrap();
    let answer = call(company, &till.key, (Method::POST, paths::SYNC_PUSH), body).await;
    answer["results"].as_array().unwrap().iter().map(|result| result["code"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_judges_by_the_rights_of_then() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("LYO");
    let mut till = SealedLog::issued(&company.issue_node(&site, "till"));
    let admin = company.token.clone();
    let new = json!({ "login": "amelie", "name": "Amélie", "roles": [{ "role": "cashier", "site": site }] });
    let created = call(&company, &admin, (Method::POST, paths::USERS), new).await;
    let user = text(&created["user"]);
    let users = call(&company, &till.key, (Method::GET, paths::SYNC_USERS), json!({})).await;
    let known = users["identity_position"].as_u64().unwrap();

    sell(&mut till, (&user, known), "s-1");
    sell(&mut till, (&user, 1), "s-2");
    sell(&mut till, ("nobody", 0), "s-3");
    sell(&mut till, (&user, known + 500), "s-4");
    let codes = push(&company, &mut till).await;
    let expected = [json!(null), json!(null), json!("USER_UNKNOWN"), json!(null), json!("RIGHTS_UNKNOWN")];
    assert_eq!(codes, expected, "after the record that opens the log");

    let user_path = format!("{}/{user}", paths::USERS);
    call(&company, &admin, (Method::PATCH, &user_path), json!({ "roles": [] })).await;
    sell(&mut till, (&user, known), "s-5");
    sell(&mut till, (&user, known + 2), "s-6");
    let codes = push(&company, &mut till).await;
    assert_eq!(codes[0], json!("RIGHTS_WITHDRAWN"), "{codes:?}");

    let node = till.node.to_string();
    company.admin(&["node", "revoke", "--tenant", &company.tenant, "--node", &node, "--reason", "stolen"]);
    sell(&mut till, ("nobody", 0), "s-7");
    assert_eq!(push(&company, &mut till).await, [json!("DEVICE_REVOKED")]);
    let refused = company.http.get(format!("{}{}", company.central.url, paths::STOCK)).bearer_auth(&till.key);
    assert_eq!(refused.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_decided_again(&company);
}
