//! A user changes the own password.

use comptoir_test_support::{Response, TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::accounts::{log_in, try_log_in};
use crate::enrolled::{DAY, MovedClock, PASSWORD, access, changes, person, send};

const NEW: &str = "the river under the bridge";

async fn change(server: &TestCentral, tokens: &Value, old: &str, new: &str) -> Response {
    send(server, "POST", access(tokens), "/api/v1/auth/password", json!({ "old": old, "new": new })).await
}

async fn shop(server: &TestCentral) -> TestTenant<'_> {
    server.tenant("Épicerie des Quatre Saisons").await
}

#[tokio::test]
async fn a_user_changes_the_own_password_and_the_other_logins_end() {
    let server = TestCentral::new().await;
    let company = shop(&server).await;
    let amelie = person(&company, "amelie", json!([{ "role": "cashier", "site": company.site.uuid() }])).await;
    let (here, elsewhere) = (log_in(&company, &amelie).await, log_in(&company, &amelie).await);
    change(&server, &here, PASSWORD, NEW).await.assert_status(204);

    server.get_as(access(&here), "/api/v1/stock").await.assert_ok();
    server.get_as(access(&elsewhere), "/api/v1/stock").await.assert_problem(401, "UNAUTHORIZED");
    try_log_in(&company, "amelie", PASSWORD).await.assert_problem(401, "LOGIN_FAILED");
    try_log_in(&company, "amelie", NEW).await.assert_ok();
    let of_amelie = changes(&company).await;
    let last = of_amelie.last().expect("a change");
    assert_eq!((last.1.as_str(), last.2.as_str()), (amelie.id.as_str(), "password_set"));
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok().to_string();
    assert!(!log.contains(NEW) && !log.contains("argon2"), "a secret is in the log");
    company.assert_gapless().await;
}

/// A stolen access token is of no use for guessing the password.
#[tokio::test]
async fn wrong_old_passwords_count_as_failed_logins_and_change_nothing() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = shop(&server).await;
    let amelie = person(&company, "amelie", json!([])).await;
    let tokens = log_in(&company, &amelie).await;
    for attempt in 1..=5 {
        let guessed = change(&server, &tokens, "wrong words by heart", NEW).await.for_case(attempt);
        guessed.assert_problem(401, "LOGIN_FAILED");
    }
    change(&server, &tokens, PASSWORD, NEW).await.assert_problem(429, "TOO_MANY_ATTEMPTS").retryable();
    try_log_in(&company, "amelie", PASSWORD).await.assert_problem(429, "TOO_MANY_ATTEMPTS");
    clock.forward(30_000_000);
    change(&server, &tokens, PASSWORD, NEW).await.assert_status(204);
    try_log_in(&company, "amelie", NEW).await.assert_ok();
}

#[tokio::test]
async fn a_weak_new_password_is_refused_and_costs_no_attempt() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = shop(&server).await;
    let amelie = person(&company, "amelie", json!([])).await;
    let tokens = log_in(&company, &amelie).await;
    for weak in
        ["short", "Motdepasse123", "amelie-est-la", "quatresaisons", "correct horse battery staple", "abcabcabcabc"]
    {
        let refused = change(&server, &tokens, PASSWORD, weak).await.for_case(weak);
        refused.assert_problem(422, "WEAK_PASSWORD").field("pointer", "/new");
    }
    change(&server, &tokens, PASSWORD, NEW).await.assert_status(204);
}

#[tokio::test]
async fn only_a_person_with_a_valid_token_changes_a_password() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = shop(&server).await;
    let amelie = person(&company, "amelie", json!([])).await;
    let tokens = log_in(&company, &amelie).await;
    let body = json!({ "old": PASSWORD, "new": NEW });
    for (token, status, code) in [("", 401, "UNAUTHORIZED"), (company.token.as_str(), 403, "FORBIDDEN")] {
        send(&server, "POST", token, "/api/v1/auth/password", body.clone()).await.assert_problem(status, code);
    }
    clock.forward(DAY);
    change(&server, &tokens, PASSWORD, NEW).await.assert_problem(401, "TOKEN_EXPIRED");
    try_log_in(&company, "amelie", PASSWORD).await.assert_ok();
}
