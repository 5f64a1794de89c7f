//! A password that was set at central works at the shop's node at once.

use std::time::Duration;

use comptoir_test_support::{RunningServer, RunningTenant, text};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Longer than the test should wait for anything: only a login that asks central succeeds before.
const PULL_EVERY_SECONDS: u32 = 30;

async fn log_in(company: &RunningTenant, till: &RunningServer, password: &str) -> (StatusCode, Value) {
    let body = json!({ "login": "amelie", "password": password });
    let request = company.http.post(format!("{}/api/v1/session", till.url)).header("origin", &till.url).json(&body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn cached_users(company: &RunningTenant, till: &RunningServer) -> u64 {
    let status = company.http.get(format!("{}/api/v1/status", till.url)).send().await.unwrap();
    let status: Value = status.json().await.unwrap();
    status["users"]["cached"].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_set_at_central_works_at_the_node_with_the_next_login() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("LYO");
    let issued = company.issue_node(&site, "till");
    let roles = json!([{ "role": "cashier", "site": site }]);
    let users = format!("{}/api/v1/users", company.central.url);
    let new = json!({ "login": "amelie", "name": "Amélie", "roles": roles });
    let (_, created) = company.post(&users, &new).await;
    let till =
        RunningServer::node_asking_every(PULL_EVERY_SECONDS, &company.path("till"), &issued, &company.central.url);
    while cached_users(&company, &till).await == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let first = "quatre mots au hasard";
    assert_eq!(log_in(&company, &till, first).await.0, StatusCode::UNAUTHORIZED, "she has no password yet");
    let set = async |code: &Value, password: &str| {
        let setup = format!("{}/api/v1/auth/setup", company.central.url);
        let (status, answer) = company.post(&setup, &json!({ "code": code, "password": password })).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    };
    set(&created["code"], first).await;
    let (status, session) = log_in(&company, &till, first).await;
    assert_eq!(status, StatusCode::CREATED, "{session}");

    let reset = format!("{users}/{}/reset", text(&created["user"]));
    let (_, link) = company.post(&reset, &json!({})).await;
    let second = "la riviere sous le pont";
    set(&link["code"], second).await;
    let (status, session) = log_in(&company, &till, second).await;
    assert_eq!(status, StatusCode::CREATED, "{session}");
}
