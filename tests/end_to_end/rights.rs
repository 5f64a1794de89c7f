//! An auditor finds, from the log alone, every decision that central made by the rights of users and of nodes.

use comptoir_core::event::{Content, Event};
use comptoir_core::id::Name;
use comptoir_proto::paths;
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::{PASSWORD, RunningTenant, SealedLog, TestDevice, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

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

/// A user who is a cashier too, with a phone that is enrolled for a driver.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_judges_what_a_device_sends_by_the_device_s_role() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let (site, admin) = (company.site("LYO"), company.token.clone());
    let roles = json!([{ "role": "driver", "site": site }, { "role": "cashier", "site": site }]);
    let new = json!({ "login": "amelie", "name": "Amélie", "roles": roles });
    let created = call(&company, &admin, (Method::POST, paths::USERS), new).await;
    let set = json!({ "code": created["code"], "password": PASSWORD });
    call(&company, &admin, (Method::POST, paths::AUTH_SETUP), set).await;
    let tenant = company.tenant.parse().unwrap();
    let mut verdicts = Vec::new();
    for (role, name) in [("driver", "phone-1"), ("cashier", "phone-2")] {
        let phone = TestDevice::new(name);
        let issue = json!({ "user": created["user"], "site": site, "role": role });
        let issued = call(&company, &admin, (Method::POST, paths::DEVICE_ENROLMENTS), issue).await;
        let enrolment = phone.enrolment(&text(&issued["code"]));
        call(&company, &admin, (Method::POST, paths::DEVICE_ENROL), enrolment).await;
        let challenge = call(&company, &admin, (Method::GET, paths::AUTH_CHALLENGE), json!({})).await;
        let login = phone.login(tenant, "amelie", PASSWORD, &text(&challenge["challenge"]));
        let tokens = call(&company, &admin, (Method::POST, paths::AUTH_LOGIN), login).await;
        let sale = Sale::default();
        let (id, payload) = (Uuid::now_v7(), sale.payload());
        let checksum = hex::encode(Sha256::digest(payload.to_string()));
        let event = json!({ "id": id, "entity_type": "SALE", "entity_id": name, "action": sale.action(),
            "payload": payload, "occurred_at": "2026-03-01T10:00:00Z", "user_id": 7, "checksum": checksum });
        let push = json!({ "device_id": name, "batch_id": Uuid::now_v7(), "events": [event] });
        call(&company, &text(&tokens["access_token"]), (Method::POST, paths::MOBILE_PUSH), push).await;
        let event = company.ask(&format!("/api/v1/events/{id}")).await;
        verdicts.push(format!("{} {}", event["decision"]["verdict"], event["decision"]["code"]));
    }
    assert_eq!(verdicts, [r#""QUARANTINED" "NOT_PERMITTED""#, r#""ACCEPTED" null"#]);
    assert_decided_again(&company);
}
