//! Users, roles and logins on a real Postgres: points 1, 2 and 13 of the requirements on identity.

use axum::body::Body;
use axum::http::{Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comptoir_test_support::events::{GoodsReception, Sale, TestEvent};
use comptoir_test_support::{Response, TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::enrolled::{
    DAY, MINUTE, MovedClock, PASSWORD, Person, access, at_site, changes, enrolled, person, send, signals,
};

/// Logs in as a person at a browser.
pub(crate) async fn log_in(company: &TestTenant<'_>, person: &Person) -> Value {
    try_log_in(company, person.login, PASSWORD).await.assert_ok()
}

pub(crate) async fn try_log_in(company: &TestTenant<'_>, login: &str, password: &str) -> Response {
    let request = json!({ "tenant": company.tenant.uuid(), "login": login, "password": password });
    send(company.server, "POST", "", "/api/v1/auth/login", request).await
}

/// Refreshes the tokens of a person at a browser.
async fn refresh(server: &TestCentral, tokens: &Value) -> Response {
    send(server, "POST", "", "/api/v1/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await
}

// ---------------------------------------------------------------------------------------------------------------------
// Point 1: users and roles
// ---------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn point_1_a_change_of_a_user_is_an_event_that_names_ids_and_no_secret() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let amelie = person(&company, "amelie", json!([{ "role": "cashier", "site": company.site.uuid() }])).await;
    let path = format!("/api/v1/users/{}", amelie.id);
    let change = json!({ "name": "Amélie Poulain", "disabled": true, "roles": [{ "role": "driver", "site": null }] });
    let changed = send(&server, "PATCH", &company.token, &path, change).await.assert_ok();
    assert_eq!(changed["roles"], json!([{ "role": "driver", "site": null }]));
    assert!(changed["disabled_at"].is_string() && changed["name"] == "Amélie Poulain", "{changed}");

    let of_user: Vec<String> = changes(&company)
        .await
        .into_iter()
        .map(|(entity_type, entity_id, change)| {
            assert_eq!((entity_type.as_str(), entity_id.as_str()), ("USER", amelie.id.as_str()));
            change
        })
        .collect();
    let expected = [
        "user_created",
        "role_assigned",
        "link_issued",
        "password_set",
        "user_renamed",
        "role_removed",
        "role_assigned",
        "user_disabled",
    ];
    assert_eq!(of_user, expected);
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok().to_string();
    for secret in ["Dupont", "Poulain", "amelie", PASSWORD, "argon2", "cpl_"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    company.assert_gapless().await;
}

#[tokio::test]
async fn point_1_a_role_decides_what_a_user_records_and_where() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let own = json!([{ "role": "seller", "site": company.site.uuid() }]);
    let seller = person(&company, "seller", own).await;
    let tokens = log_in(&company, &seller).await;
    let client = json!({ "id": "0199a8f0-0000-7000-8000-0000000000c1", "entity_type": "CLIENT", "entity_id": "c-1",
        "action": "CREATE", "payload": { "name": "Dupont" } });
    let recorded = send(&server, "POST", access(&tokens), "/api/v1/events", client).await.assert_ok();
    assert_eq!(recorded["results"][0]["decision"]["verdict"], "ACCEPTED");
    let event = company.get("/api/v1/events/0199a8f0-0000-7000-8000-0000000000c1").await.assert_ok();
    assert_eq!(event["user"], json!(seller.id), "an event names the user's id");
    assert_eq!(event["site"], json!(company.site.uuid()));

    // Today any phone's reception raises stock: a seller's does not.
    let goods = GoodsReception::default().draft("r-1");
    let refused = send(&server, "POST", access(&tokens), "/api/v1/events", goods.clone()).await;
    refused.assert_problem(403, "FORBIDDEN").field("pointer", "/action");
    // Until an administrator changes the table, which takes effect at once.
    let allow = json!({ "role": "seller", "operation": "record", "action": "GOODS_RECEIVED", "entity_type": "RECEPTION",
        "scope": "own_site" });
    company.post("/api/v1/roles/allow", &allow).await.assert_ok();
    send(&server, "POST", access(&tokens), "/api/v1/events", goods).await.assert_ok();
    company.post("/api/v1/roles/deny", &allow).await.assert_ok();
    let again = GoodsReception::default().draft("r-2");
    send(&server, "POST", access(&tokens), "/api/v1/events", again).await.assert_problem(403, "FORBIDDEN");
    let roles: Vec<_> = changes(&company).await.into_iter().filter(|(entity_type, ..)| entity_type == "ROLE").collect();
    let role = |change: &str| ("ROLE".to_owned(), "seller".to_owned(), change.to_owned());
    assert_eq!(roles, [role("permission_allowed"), role("permission_denied")]);
}

#[tokio::test]
async fn point_1_only_the_warehouse_receives_goods_and_only_an_administrator_administers() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    for role in ["cashier", "driver", "warehouse", "secretary", "manager", "auditor", "admin"] {
        let site = if matches!(role, "auditor" | "admin") { Value::Null } else { json!(company.site.uuid()) };
        let user = person(&company, role, json!([{ "role": role, "site": site }])).await;
        let tokens = log_in(&company, &user).await;
        let goods = GoodsReception::default().draft(&format!("r-{role}"));
        let recorded = send(&server, "POST", access(&tokens), "/api/v1/events", goods).await.for_case(role);
        match role {
            "warehouse" | "admin" => recorded.assert_status(200),
            _ => recorded.assert_status(403),
        };
        let users = server.get_as(access(&tokens), "/api/v1/users").await.for_case(role);
        users.assert_status(if role == "admin" { 200 } else { 403 });
        let log = server.get_as(access(&tokens), "/api/v1/events").await.for_case(role);
        log.assert_status(if matches!(role, "auditor" | "admin") { 200 } else { 403 });
        let pull = server.get_as(access(&tokens), "/api/v1/sync/pull").await.for_case(role);
        pull.assert_problem(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn point_1_a_user_sees_and_decides_nothing_of_another_site() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut elsewhere = company.node_elsewhere().await;
    elsewhere.sell("other-1");
    elsewhere.push_all(&server).await;
    let manager = person(&company, "manager", json!([{ "role": "manager", "site": company.site.uuid() }])).await;
    let tokens = log_in(&company, &manager).await;
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let foreign = log["events"].as_array().unwrap().iter().find(|event| event["entity_id"] == "other-1").unwrap();
    let path = format!("/api/v1/events/{}", foreign["id"].as_str().unwrap());
    server.get_as(access(&tokens), &path).await.assert_problem(404, "NOT_FOUND");
    let other = elsewhere.site.uuid();
    for path in [format!("/api/v1/stock?site={other}"), format!("/api/v1/reports/sales?by=day&site={other}")] {
        server.get_as(access(&tokens), &path).await.for_case(&path).assert_problem(403, "FORBIDDEN");
    }
    let own = server.get_as(access(&tokens), "/api/v1/reports/sales?by=site").await.assert_ok();
    assert_eq!(own["rows"], json!([]), "the report covers the manager's site, which sold nothing");
    // A site in a header is checked like any other.
    let request = Request::post("/api/v1/events")
        .header(header::AUTHORIZATION, format!("Bearer {}", access(&tokens)))
        .header(header::CONTENT_TYPE, "application/json")
        .header("Comptoir-Site", other.to_string())
        .body(Body::from(Sale::default().draft("s-1").to_string()));
    server.request(request.unwrap()).await.assert_problem(403, "FORBIDDEN");
}

#[tokio::test]
async fn point_1_a_one_time_code_works_once_until_it_expires_and_a_weak_password_does_not_use_it_up() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let new = json!({ "login": "Amelie", "name": "Amélie" });
    let created = company.post("/api/v1/users", &new).await;
    let code = created.assert_status(201).body["code"].clone();
    company
        .post("/api/v1/users", json!({ "login": "AMELIE", "name": "b" }))
        .await
        .assert_problem(409, "ALREADY_EXISTS");
    let setup = async |code: &Value, password: &str| {
        send(&server, "POST", "", "/api/v1/auth/setup", json!({ "code": code, "password": password })).await
    };
    // No default password, and none before the code was used.
    for guess in ["", "amelie", "admin", "password"] {
        let status = try_log_in(&company, "amelie", guess).await.status.as_u16();
        assert!(matches!(status, 400 | 401), "{guess}: {status}");
    }
    setup(&code, "azertyuiopqs").await.assert_problem(422, "WEAK_PASSWORD");
    setup(&code, PASSWORD).await.assert_ok();
    setup(&code, "another four words").await.assert_problem(410, "LINK_INVALID");
    try_log_in(&company, "aMeLie", PASSWORD).await.assert_ok();
    let path = format!("/api/v1/users/{}/reset", created.body["user"].as_str().unwrap());
    let again = send(&server, "POST", &company.token, &path, json!({})).await.assert_ok()["code"].clone();
    try_log_in(&company, "amelie", PASSWORD).await.assert_problem(401, "LOGIN_FAILED");
    clock.forward(2 * DAY);
    setup(&again, PASSWORD).await.assert_problem(410, "LINK_INVALID");
    for rubbish in ["", "cpl_", "cpl_00_00", "x"] {
        assert!(matches!(setup(&json!(rubbish), PASSWORD).await.status.as_u16(), 400 | 410), "{rubbish}");
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Point 2: tokens
// ---------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn point_2_an_access_token_has_the_claims_of_the_page_and_verifies_with_the_published_key() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", json!([{ "role": "cashier", "site": company.site.uuid() }])).await;
    let phone = enrolled(&company, &user, "cashier", "phone-1").await;
    let tokens = phone.log_in(&company, &user).await;
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    let parts: Vec<&str> = access(&tokens).split('.').collect();
    let part = |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
    let (head, claims) = (part(parts[0]), part(parts[1]));
    assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    for (claim, value) in [
        ("sub", json!(user.id)),
        ("tenant", json!(company.tenant.uuid())),
        ("device", json!("phone-1")),
        ("roles", json!(["cashier"])),
        ("sites", json!([company.site.uuid()])),
        ("aud", json!("comptoir")),
        ("iss", json!(format!("comptoir/{}", server.central.incarnation()))),
    ] {
        assert_eq!(claims[claim], value, "{claim}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert!(claims["jti"].is_string() && claims["nbf"].is_i64());

    let keys = server.get_as("", "/.well-known/jwks.json").await.assert_ok();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA")));
    assert!(key.get("d").is_none(), "no private half");
    let public: [u8; 32] = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap().try_into().unwrap();
    let signature: [u8; 64] = URL_SAFE_NO_PAD.decode(parts[2]).unwrap().try_into().unwrap();
    let verifying = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    let message = format!("{}.{}", parts[0], parts[1]);
    let signature = ed25519_dalek::Signature::from_bytes(&signature);
    ed25519_dalek::Verifier::verify(&verifying, message.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn point_2_an_access_token_ends_after_15_minutes_and_with_the_users_rights() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", json!([{ "role": "auditor", "site": null }])).await;
    let path = format!("/api/v1/users/{}", user.id);
    let tokens = log_in(&company, &user).await;
    server.get_as(access(&tokens), "/api/v1/events").await.assert_ok();

    // A role that is gone gives no rights, whatever the token says.
    send(&server, "PATCH", &company.token, &path, json!({ "roles": [] })).await.assert_ok();
    server.get_as(access(&tokens), "/api/v1/events").await.assert_problem(403, "FORBIDDEN");
    let back = json!({ "roles": [{ "role": "auditor", "site": null }] });
    send(&server, "PATCH", &company.token, &path, back).await.assert_ok();
    server.get_as(access(&tokens), "/api/v1/events").await.assert_ok();

    // A disabled user is out at once, and enabling does not revive the login.
    send(&server, "PATCH", &company.token, &path, json!({ "disabled": true })).await.assert_ok();
    server.get_as(access(&tokens), "/api/v1/events").await.assert_problem(401, "UNAUTHORIZED");
    refresh(&server, &tokens).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    try_log_in(&company, "amelie", PASSWORD).await.assert_problem(401, "LOGIN_FAILED");
    send(&server, "PATCH", &company.token, &path, json!({ "disabled": false })).await.assert_ok();
    server.get_as(access(&tokens), "/api/v1/events").await.assert_problem(401, "UNAUTHORIZED");

    let tokens = log_in(&company, &user).await;
    clock.forward(15 * MINUTE + 29_000_000);
    server.get_as(access(&tokens), "/api/v1/events").await.assert_ok();
    clock.forward(1_000_000);
    server.get_as(access(&tokens), "/api/v1/events").await.assert_problem(401, "TOKEN_EXPIRED");
    let refreshed = refresh(&server, &tokens).await.assert_ok();
    server.get_as(access(&refreshed), "/api/v1/events").await.assert_ok();
    let logout = json!({ "refresh_token": refreshed["refresh_token"] });
    send(&server, "POST", "", "/api/v1/auth/logout", logout.clone()).await.assert_status(204);
    server.get_as(access(&refreshed), "/api/v1/events").await.assert_problem(401, "UNAUTHORIZED");
    send(&server, "POST", "", "/api/v1/auth/logout", logout).await.assert_status(204);
}

#[tokio::test]
async fn point_2_a_login_lasts_seven_days_however_often_it_is_refreshed() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "cashier")).await;
    let phone = enrolled(&company, &user, "cashier", "phone-1").await;
    let mut tokens = phone.log_in(&company, &user).await;
    let end = tokens["refresh_expires_at"].clone();
    for _ in 0..6 {
        clock.forward(DAY);
        tokens = phone.refresh(&server, &tokens).await.assert_ok();
        assert_eq!(tokens["refresh_expires_at"], end);
    }
    clock.forward(DAY - 1);
    tokens = phone.refresh(&server, &tokens).await.assert_ok();
    clock.forward(1);
    phone.refresh(&server, &tokens).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn point_2_a_lost_answer_gives_the_same_successor_again_for_30_seconds() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "cashier")).await;
    let phone = enrolled(&company, &user, "cashier", "phone-1").await;
    let first = phone.log_in(&company, &user).await;
    let lost = phone.refresh(&server, &first).await.assert_ok();
    clock.forward(30 * 1_000_000);
    let again = phone.refresh(&server, &first).await.assert_ok();
    assert_eq!(lost["refresh_token"], again["refresh_token"]);
    assert_ne!(first["refresh_token"], again["refresh_token"]);
    phone.refresh(&server, &again).await.assert_ok();
    assert_eq!(signals(&company, "REFRESH_TOKEN_REPLAYED").await, 0);
    // Nothing in the tables is a token: neither the first one nor its successor.
    let rows = server.admin().await.query("select encode(token_hash, 'hex') from refresh_token", &[]).await.unwrap();
    for row in rows {
        let stored: String = row.get(0);
        for tokens in [&first, &again] {
            assert!(!tokens["refresh_token"].as_str().unwrap().contains(&stored));
        }
    }
}

#[tokio::test]
async fn point_2_a_replayed_token_ends_its_family_and_is_a_sign_of_fraud() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", json!([{ "role": "auditor", "site": null }])).await;
    let phone = enrolled(&company, &user, "auditor", "phone-1").await;
    let other = enrolled(&company, &user, "auditor", "phone-2").await;
    // Late; used after its successor was; from another device; without the device's key; without a device.
    let late = phone.log_in(&company, &user).await;
    let late_successor = phone.refresh(&server, &late).await.assert_ok();
    clock.forward(30 * 1_000_000 + 1);
    let passed = phone.log_in(&company, &user).await;
    let passed_by = phone.refresh(&server, &passed).await.assert_ok();
    let newest = phone.refresh(&server, &passed_by).await.assert_ok();
    let moved = phone.log_in(&company, &user).await;
    let keyless = phone.log_in(&company, &user).await;
    let nameless = log_in(&company, &user).await;
    let nameless_successor = refresh(&server, &nameless).await.assert_ok();
    let without_key =
        json!({ "refresh_token": keyless["refresh_token"], "device": "phone-1", "proof": "00".repeat(64) });
    let replayed = [
        ("late", phone.refresh(&server, &late).await, &late_successor),
        ("successor used", phone.refresh(&server, &passed).await, &newest),
        ("other device", other.refresh(&server, &moved).await, &moved),
        ("without the key", send(&server, "POST", "", "/api/v1/auth/refresh", without_key).await, &keyless),
        ("no device", refresh(&server, &nameless).await, &nameless_successor),
    ];
    for (case, answer, ended) in replayed {
        answer.for_case(case).assert_problem(401, "REAUTHENTICATION_REQUIRED");
        let refused = match case {
            "no device" => refresh(&server, ended).await,
            _ => phone.refresh(&server, ended).await,
        };
        refused.for_case(case).assert_problem(401, "REAUTHENTICATION_REQUIRED");
        server.get_as(access(ended), "/api/v1/events").await.for_case(case).assert_problem(401, "UNAUTHORIZED");
    }
    assert_eq!(signals(&company, "REFRESH_TOKEN_REPLAYED").await, 3);
    assert_eq!(signals(&company, "REFRESH_TOKEN_OF_OTHER_DEVICE").await, 1);
    assert_eq!(signals(&company, "REFRESH_TOKEN_WITHOUT_KEY").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_2_refreshes_that_race_from_one_device_get_one_successor() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "cashier")).await;
    let phone = enrolled(&company, &user, "cashier", "phone-1").await;
    let tokens = phone.log_in(&company, &user).await;
    let racing = (0..8).map(|_| phone.refresh(&server, &tokens));
    let answers = futures_util::future::join_all(racing).await;
    let successors: std::collections::BTreeSet<String> =
        answers.into_iter().map(|answer| answer.assert_ok()["refresh_token"].to_string()).collect();
    assert_eq!(successors.len(), 1);
}

#[tokio::test]
async fn point_2_an_unknown_user_and_a_wrong_password_get_the_same_answer() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    person(&company, "amelie", json!([])).await;
    company.post("/api/v1/users", json!({ "login": "new", "name": "no password yet" })).await.assert_status(201);
    let wrong = try_log_in(&company, "amelie", "wrong words by heart").await;
    wrong.assert_problem(401, "LOGIN_FAILED");
    for login in ["nobody", "new", "no login at all!"] {
        let other = try_log_in(&company, login, PASSWORD).await.for_case(login);
        assert_eq!((other.status, &other.text), (wrong.status, &wrong.text), "{login}");
    }
    let other_tenant =
        json!({ "tenant": "0199a8f0-0000-7000-8000-00000000dead", "login": "amelie", "password": PASSWORD });
    let other = send(&server, "POST", "", "/api/v1/auth/login", other_tenant).await;
    assert_eq!((other.status, &other.text), (wrong.status, &wrong.text));
}

#[tokio::test]
async fn point_2_failed_logins_lock_an_account_gently_whether_it_exists_or_not() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    person(&company, "amelie", json!([])).await;
    for login in ["amelie", "nobody"] {
        for attempt in 1..=5 {
            try_log_in(&company, login, "wrong words by heart")
                .await
                .for_case(attempt)
                .assert_problem(401, "LOGIN_FAILED");
        }
        let locked = try_log_in(&company, login, PASSWORD).await.for_case(login);
        locked.assert_problem(429, "TOO_MANY_ATTEMPTS").field("retry_after", 30).retryable();
        assert_eq!(locked.headers[header::RETRY_AFTER], "30");
    }
    assert_eq!(signals(&company, "LOGIN_LOCKED").await, 2);
    // Attempts during the lock do not extend it; then the right password works and forgets the failures.
    clock.forward(29_000_000);
    try_log_in(&company, "amelie", PASSWORD).await.assert_problem(429, "TOO_MANY_ATTEMPTS").field("retry_after", 1);
    clock.forward(1_000_000);
    try_log_in(&company, "amelie", PASSWORD).await.assert_ok();
    for _ in 0..4 {
        try_log_in(&company, "amelie", "wrong words by heart").await.assert_problem(401, "LOGIN_FAILED");
    }
    try_log_in(&company, "amelie", PASSWORD).await.assert_ok();
    // The next lock of an account that goes on failing is twice as long.
    try_log_in(&company, "nobody", PASSWORD).await.assert_problem(401, "LOGIN_FAILED");
    try_log_in(&company, "nobody", PASSWORD).await.assert_problem(429, "TOO_MANY_ATTEMPTS").field("retry_after", 60);
}

#[tokio::test]
async fn point_2_failed_logins_from_one_address_lock_that_address_alone() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    person(&company, "amelie", json!([])).await;
    let from = async |last: u8, login: String, password: &str| {
        let body = json!({ "tenant": company.tenant.uuid(), "login": login, "password": password });
        let peer = comptoir_http_edge::Client { address: [192, 0, 2, last].into(), over_tls: false, is_trusted: false };
        let request =
            Request::post("/api/v1/auth/login").header(header::CONTENT_TYPE, "application/json").extension(peer);
        server.request(request.body(Body::from(body.to_string())).unwrap()).await
    };
    for guess in 0..50 {
        from(1, format!("guess-{guess}"), PASSWORD).await.assert_problem(401, "LOGIN_FAILED");
    }
    from(1, "amelie".to_owned(), PASSWORD).await.assert_problem(429, "TOO_MANY_ATTEMPTS");
    from(2, "amelie".to_owned(), PASSWORD).await.assert_ok();
    clock.forward(30_000_000);
    from(1, "amelie".to_owned(), PASSWORD).await.assert_ok();
}

#[tokio::test]
async fn point_2_a_rotated_key_signs_at_once_and_the_old_one_is_accepted_for_a_week() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", json!([{ "role": "auditor", "site": null }])).await;
    let old = log_in(&company, &user).await;
    let kids = async || {
        let keys = server.get_as("", "/.well-known/jwks.json").await.assert_ok();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let before = kids().await;
    let by = comptoir_central::accounts::ChangedBy::Console;
    let rotated = server.central.accounts().rotate_signing_key(false, &by).await.unwrap();
    assert_eq!(kids().await, [json!(rotated.added), before[0].clone()]);
    server.get_as(access(&old), "/api/v1/events").await.assert_ok();
    let new = log_in(&company, &user).await;
    let head = URL_SAFE_NO_PAD.decode(access(&new).split('.').next().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&head).unwrap()["kid"], json!(rotated.added));
    clock.forward(7 * DAY);
    assert_eq!(kids().await, [json!(rotated.added)]);
    // A stolen key: its tokens stop at once, and logins survive.
    let stolen = log_in(&company, &user).await;
    server.central.accounts().rotate_signing_key(true, &by).await.unwrap();
    server.get_as(access(&stolen), "/api/v1/events").await.assert_problem(401, "UNAUTHORIZED");
    let refreshed = refresh(&server, &stolen).await.assert_ok();
    server.get_as(access(&refreshed), "/api/v1/events").await.assert_ok();
    let keys = changes(&company).await.into_iter().filter(|(entity_type, ..)| entity_type == "SIGNING_KEY");
    let words: Vec<String> = keys.map(|(.., change)| change).collect();
    let once = ["signing_key_added", "signing_key_retired"];
    assert_eq!(words, [once, once].concat());
}

/// The attacks on the parts of a token are unit tests of `access_token`; these need another tenant and its rows.
#[tokio::test]
async fn d_a_token_of_another_tenant_or_another_central_gives_nothing() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let other = server.tenant("Autre").await;
    let user = person(&company, "amelie", json!([{ "role": "admin", "site": null }])).await;
    let tokens = log_in(&company, &user).await;
    let rival = person(&other, "amelie", json!([{ "role": "admin", "site": null }])).await;
    // The token reads its own tenant alone: the other one's user does not exist for it.
    let path = format!("/api/v1/users/{}", rival.id);
    server.get_as(access(&tokens), &path).await.assert_problem(404, "NOT_FOUND");
    let users = server.get_as(access(&tokens), "/api/v1/users").await.assert_ok();
    assert_eq!(users["rows"].as_array().unwrap().len(), 1);
    // Claims with the other tenant and the same signature.
    let parts: Vec<&str> = access(&tokens).split('.').collect();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["tenant"] = json!(other.tenant.uuid());
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    server.get_as(&forged, "/api/v1/users").await.assert_problem(401, "UNAUTHORIZED");
    // A refresh token whose text names the other tenant.
    let text = tokens["refresh_token"].as_str().unwrap();
    let own = company.tenant.uuid().simple().to_string();
    let moved = text.replace(&own, &other.tenant.uuid().simple().to_string());
    refresh(&server, &json!({ "refresh_token": moved })).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    // Another central, whose keys and incarnation are others.
    let elsewhere = TestCentral::new().await;
    elsewhere.get_as(access(&tokens), "/api/v1/users").await.assert_problem(401, "UNAUTHORIZED");
    // A refresh token is no access token, and the reverse.
    server.get_as(text, "/api/v1/users").await.assert_problem(401, "UNAUTHORIZED");
    let swapped = json!({ "refresh_token": &access(&tokens)[..200] });
    refresh(&server, &swapped).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
}

// ---------------------------------------------------------------------------------------------------------------------
// Point 13: erasure
// ---------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn point_13_erasing_a_user_removes_the_name_and_leaves_the_log_as_it_is() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", json!([{ "role": "cashier", "site": company.site.uuid() }])).await;
    let phone = enrolled(&company, &user, "cashier", "phone-1").await;
    let (tokens, browser) = (phone.log_in(&company, &user).await, log_in(&company, &user).await);
    let sale = Sale::default().draft("s-1");
    send(&server, "POST", access(&tokens), "/api/v1/events", sale).await.assert_ok();
    let before = company.get("/api/v1/events?limit=1000").await.assert_ok();

    let path = format!("/api/v1/users/{}/erase", user.id);
    send(&server, "POST", &company.token, &path, json!({})).await.assert_status(204);

    let shown = company.get(&format!("/api/v1/users/{}", user.id)).await.assert_ok();
    assert_eq!((&shown["login"], &shown["name"], &shown["has_password"]), (&Value::Null, &Value::Null, &json!(false)));
    let rows =
        "select coalesce(login, '') || coalesce(name, '') || coalesce(verifier, '') from app_user where tenant_id = $1";
    let row = server.admin().await.query_one(rows, &[&company.tenant.uuid()]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "");
    let roles = "select count(*) from user_role where tenant_id = $1 and to_position is null";
    assert_eq!(company.count(roles).await, 0, "the roles have ended");
    for rows in ["refresh_family where device is null and", "one_time_link where"] {
        assert_eq!(company.count(&format!("select count(*) from {rows} tenant_id = $1")).await, 0, "{rows}");
    }
    server.get_as(access(&browser), "/api/v1/stock").await.assert_problem(401, "UNAUTHORIZED");
    refresh(&server, &browser).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    // The login of the phone is left for its hand-over, and gives no rights.
    server.get_as(access(&tokens), "/api/v1/stock").await.assert_problem(403, "DEVICE_REVOKED");
    assert_eq!(phone.refresh(&server, &tokens).await.assert_ok()["roles"], json!([]));
    send(&server, "POST", &company.token, &path, json!({})).await.assert_problem(404, "NOT_FOUND");

    let after = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let (before, after) = (before["events"].as_array().unwrap(), after["events"].as_array().unwrap());
    assert_eq!(after[..before.len()], before[..], "no event changed");
    assert_eq!(after.len(), before.len() + 2, "one event says so, and one that the phone is revoked");
    assert_eq!(after.last().unwrap()["payload"]["change"], "user_erased");
    let sold = after.iter().find(|event| event["entity_id"] == "s-1").unwrap();
    assert_eq!(sold["user"], json!(user.id), "the sale still names who made it");
    // The login is free for somebody else.
    person(&company, "amelie", json!([])).await;
}
