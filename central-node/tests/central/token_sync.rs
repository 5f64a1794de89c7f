//! The customer contracts with access tokens: points 3, 4 and 5 of the requirements on identity, and the lines of the mobile
//! document's sections 6 and 10 on devices, tokens and 72 hours.

use comptoir_proto::instant;
use comptoir_test_support::events::GoodsReception;
use comptoir_test_support::{Response, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{outbox, phone_event, phone_record};
use crate::enrolled::{
    DAY, HOUR, MINUTE, MovedClock, PASSWORD, Person, TestDevice, access, at_site, enrolled, enrolment_code, person,
    revoke, send, signals,
};

/// A phone or desktop whose user is logged in.
struct Working {
    user: Person,
    device: TestDevice,
    tokens: Value,
}

async fn working(company: &TestTenant<'_>, role: &str, device: &str) -> Working {
    let user = person(company, "amelie", at_site(company, role)).await;
    let device = enrolled(company, &user, role, device).await;
    let tokens = device.log_in(company, &user).await;
    Working { user, device, tokens }
}

impl Working {
    async fn push(&self, company: &TestTenant<'_>, events: &[Value]) -> Response {
        let body = json!({ "device_id": self.device.name, "batch_id": Uuid::now_v7(), "events": events });
        send(company.server, "POST", access(&self.tokens), "/api/sync/push", body).await
    }

    async fn get(&self, company: &TestTenant<'_>, path: &str) -> Response {
        company.server.get_as(access(&self.tokens), path).await
    }

    async fn refresh(&mut self, company: &TestTenant<'_>) {
        self.tokens = self.device.refresh(company.server, &self.tokens).await.assert_ok();
    }
}

fn client(id: &str) -> Value {
    phone_event("CLIENT", id, "CREATE", &json!({ "name": "Zoé" }))
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["acked_event_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

/// The event of an entity, as the log has it.
async fn logged(company: &TestTenant<'_>, entity_id: &str) -> Value {
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let found = log["events"].as_array().unwrap().iter().find(|event| event["entity_id"] == entity_id).cloned();
    found.unwrap_or_else(|| panic!("no event of {entity_id}: {log}"))
}

#[tokio::test]
async fn tenant_user_and_device_come_from_the_token() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let phone = working(&company, "seller", "phone-1").await;
    phone.push(&company, &[client("c-1")]).await.assert_ok();
    let event = logged(&company, "c-1").await;
    // The document's number is not the user's id.
    assert_eq!((&event["user"], &event["site"]), (&json!(phone.user.id), &json!(company.site.uuid())));
    let status = phone.get(&company, "/api/sync/status").await.assert_ok();
    assert_eq!(status["device"]["is_active"], true, "without a query the token's device is meant");
    let pulled = phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert_eq!(pulled["device_status"], json!({ "is_active": true, "requires_reauth": false }));
    for path in [
        "/api/sync/pull?device_id=phone-2",
        "/api/sync/bootstrap?device_id=phone-2",
        "/api/sync/status?device_id=phone-2",
    ] {
        phone.get(&company, path).await.for_case(path).assert_problem(403, "WRONG_NODE");
    }
    let down = json!({ "clientId": "desk-1", "lastSyncTimestamp": null });
    send(&server, "POST", access(&phone.tokens), "/api/sync/down", down).await.assert_problem(403, "WRONG_NODE");
}

#[tokio::test]
async fn a_login_without_a_device_does_not_synchronise_and_a_key_speaks_for_no_enrolled_device() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let phone = working(&company, "seller", "phone-1").await;
    let login =
        json!({ "tenant": company.tenant.uuid(), "login": phone.user.login, "password": crate::enrolled::PASSWORD });
    let browser = send(&server, "POST", "", "/api/v1/auth/login", login).await.assert_ok();
    server.get_as(access(&browser), "/api/v1/stock").await.assert_ok();
    for path in ["/api/sync/pull?device_id=phone-1", "/api/sync/status", "/api/sync/bootstrap?device_id=phone-1"] {
        server.get_as(access(&browser), path).await.for_case(path).assert_problem(403, "DEVICE_NOT_ENROLLED");
    }
    for key in [&shop.key, &company.token] {
        server.get_as(key, "/api/sync/pull?device_id=phone-1").await.assert_problem(403, "WRONG_NODE");
        server.get_as(key, "/api/sync/pull?device_id=of-a-program").await.assert_ok();
    }
}

/// A phone that a program spoke for keeps its log when it is enrolled.
#[tokio::test]
async fn a_known_device_goes_on_under_its_user() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let elsewhere = company.node_elsewhere().await;
    let body = |device: &str| json!({ "device_id": device, "batch_id": "b", "events": [client("before")] }).to_string();
    shop.post(&server, "/api/sync/push", body("phone-1")).await.assert_ok();
    elsewhere.post(&server, "/api/sync/push", body("phone-2")).await.assert_ok();
    let phone = working(&company, "seller", "phone-1").await;
    phone.push(&company, &[client("after")]).await.assert_ok();
    assert_eq!(logged(&company, "before").await["node"], logged(&company, "after").await["node"]);
    shop.post(&server, "/api/sync/push", body("phone-1")).await.assert_problem(403, "WRONG_NODE");
    // A device of another shop is no place for somebody's events.
    let code = enrolment_code(&company, &phone.user, "seller").await;
    TestDevice::new("phone-2").enrol(&server, &code).await.assert_problem(409, "ALREADY_EXISTS");
}

/// Section 6, "Access: 15 min", "Refresh: 7 jours", and the last day of a login.
#[tokio::test]
async fn a_phone_refreshes_in_the_middle_of_an_upload_and_is_asked_to_log_in_on_the_last_day() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let mut phone = working(&company, "seller", "phone-1").await;
    let events = [client("c-1"), client("c-2")];
    phone.push(&company, &events[..1]).await.assert_ok();
    clock.forward(HOUR / 2);
    phone.push(&company, &events).await.assert_problem(401, "TOKEN_EXPIRED");
    phone.refresh(&company).await;
    let answer = phone.push(&company, &events).await.assert_ok();
    assert_eq!(ids(&answer).len(), 2);
    let sealed = "select count(*) from event where tenant_id = $1 and entity_type = 'CLIENT'";
    assert_eq!(company.count(sealed).await, 2, "neither lost nor doubled");
    let status = async |phone: &Working| {
        phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok()["device_status"]["requires_reauth"]
            .clone()
    };
    for (days, expected) in [(2, false), (2, false), (2, true)] {
        clock.forward(days * DAY);
        phone.refresh(&company).await;
        assert_eq!(status(&phone).await, json!(expected), "after {days} more days");
    }
    clock.forward(DAY);
    phone.device.refresh(&server, &phone.tokens).await.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    // The queue waits for the login, and goes on.
    phone.tokens = phone.device.log_in(&company, &phone.user).await;
    phone.push(&company, &[client("c-3")]).await.assert_ok();
    assert_eq!(status(&phone).await, json!(false));
}

/// Section 10: "Grace period 72h respectée"; section 6: "Après 72h offline → Re-authentification obligatoire".
#[tokio::test]
async fn grace_period_72h_is_respected() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let mut phone = working(&company, "seller", "phone-1").await;
    let start = clock.now();
    let at = |hours: i64, id: &str| {
        let mut event = client(id);
        event["occurred_at"] = json!(instant::format(start.shifted(hours * HOUR)));
        event
    };
    // 72 hours exactly are within the grace.
    clock.forward(72 * HOUR);
    phone.refresh(&company).await;
    let answer = phone.push(&company, &[at(1, "one"), at(71, "seventy-one")]).await.assert_ok();
    assert_eq!(ids(&answer).len(), 2, "{answer}");
    let status = phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert_eq!(status["device_status"]["requires_reauth"], false);

    // 74 hours are not, since the last contact.
    clock.forward(74 * HOUR);
    phone.refresh(&company).await;
    let status = phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert_eq!(status["device_status"], json!({ "is_active": true, "requires_reauth": true }));
    let events = [at(72 + 1, "within"), at(72 + 73, "beyond"), at(72 + 74, "at-contact")];
    let answer = phone.push(&company, &events).await.assert_ok();
    assert_eq!(ids(&answer), [events[0]["id"].as_str().unwrap(), events[2]["id"].as_str().unwrap()], "{answer}");
    let failed = &answer["failed_events"][0];
    let shown = (&failed["event_id"], &failed["error_code"], &failed["retry"]);
    assert_eq!(shown, (&events[1]["id"], &json!("GRACE_EXCEEDED"), &json!(false)));
    assert_eq!(logged(&company, "beyond").await["decision"]["verdict"], "QUARANTINED");
    // Sent again much later, it gets the same answer; a person may release it.
    clock.forward(HOUR);
    phone.tokens = phone.device.log_in(&company, &phone.user).await;
    let again = phone.push(&company, &events[1..2]).await.assert_ok();
    assert_eq!(again["failed_events"][0]["error_code"], "GRACE_EXCEEDED");
    let late = phone.push(&company, &[at(72 + 73, "sent-late")]).await.assert_ok();
    assert_eq!(late["failed_events"][0]["error_code"], "GRACE_EXCEEDED", "the silence is remembered");
    let status = phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert_eq!(status["device_status"]["requires_reauth"], false, "the user has logged in again");
    let path = format!("/api/v1/quarantine/{}/release", events[1]["id"].as_str().unwrap());
    company.post(&path, json!({ "reason": "she confirms it" })).await.assert_ok();
    assert_eq!(company.get("/api/v1/clients/beyond").await.assert_ok()["fields"]["name"], "Zoé");
}

/// The clock of a phone extends no grace: times are corrected by what its request says about it.
#[tokio::test]
async fn a_phone_whose_clock_was_set_back_gains_no_grace() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let mut phone = working(&company, "seller", "phone-1").await;
    let start = clock.now();
    clock.forward(100 * HOUR);
    phone.refresh(&company).await;
    let mut event = client("c-1");
    // Recorded after 90 hours by a clock that is 50 hours behind.
    event["occurred_at"] = json!(instant::format(start.shifted(40 * HOUR)));
    let date = jiff::Timestamp::from_microsecond(start.0 + 50 * HOUR).unwrap();
    let date = date.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let body = json!({ "device_id": "phone-1", "batch_id": "b", "events": [event] }).to_string();
    let request = axum::http::Request::post("/api/sync/push")
        .header("authorization", format!("Bearer {}", access(&phone.tokens)))
        .header("content-type", "application/json")
        .header("date", date);
    let answer = server.request(request.body(axum::body::Body::from(body)).unwrap()).await.assert_ok();
    assert_eq!(answer["failed_events"][0]["error_code"], "GRACE_EXCEEDED", "{answer}");
}

/// Section 6: "Révocation", "Wipe: Révocation = effacement données locales"; section 10: "Device révoqué → wipe local".
#[tokio::test]
async fn a_revoked_phone_gets_is_active_false_and_no_data_and_hands_its_events_over() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    company.record("r-1", &GoodsReception::default()).await;
    let mut phone = working(&company, "seller", "phone-1").await;
    let first = phone.get(&company, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert!(!first["events"].as_array().unwrap().is_empty());
    let sent = client("before");
    phone.push(&company, std::slice::from_ref(&sent)).await.assert_ok();
    revoke(&company, &phone.device).await;
    // With the old access token, and with one of a refresh after it has expired, and long after the login has ended.
    for (case, days) in [("at once", 0), ("refreshed", 1), ("after the login's end", 30)] {
        clock.forward(days * DAY);
        if days > 0 {
            phone.refresh(&company).await;
        }
        let since = first["server_time"].as_str().unwrap();
        let pulled = phone
            .get(&company, &format!("/api/sync/pull?device_id=phone-1&since={since}"))
            .await
            .for_case(case)
            .assert_ok();
        assert_eq!(
            (&pulled["events"], &pulled["has_more"], &pulled["server_time"]),
            (&json!([]), &json!(false), &json!(since)),
            "{case}"
        );
        assert_eq!(pulled["device_status"], json!({ "is_active": false, "requires_reauth": false }), "{case}");
        let status = phone.get(&company, "/api/sync/status").await.for_case(case).assert_ok();
        assert_eq!(
            (&status["device"], &status["sync_required"]),
            (&json!({ "is_active": false, "pending_events": 0 }), &json!(false))
        );
        let load = phone.get(&company, "/api/sync/bootstrap?device_id=phone-1").await.for_case(case).assert_ok();
        for list in ["products", "deliveries_pending", "clients", "invoices", "stock"] {
            assert_eq!(load[list], json!([]), "{case}: {list}");
        }
        assert_eq!((&load["device_status"]["is_active"], &load["has_more"]), (&json!(false), &json!(false)), "{case}");
        let blob = format!("/api/v1/blobs/{}", blake3::hash(case.as_bytes()));
        send(&server, "PUT", access(&phone.tokens), &blob, json!(case))
            .await
            .for_case(case)
            .assert_problem(403, "DEVICE_REVOKED");
        let unsent = client(&format!("unsent-{days}"));
        let answer = phone.push(&company, &[sent.clone(), unsent.clone()]).await.for_case(case).assert_ok();
        assert_eq!(ids(&answer), [sent["id"].as_str().unwrap(), unsent["id"].as_str().unwrap()], "{case}: {answer}");
        let event = logged(&company, &format!("unsent-{days}")).await;
        let decision = &event["decision"];
        assert_eq!(
            (&decision["verdict"], &decision["code"]),
            (&json!("QUARANTINED"), &json!("DEVICE_REVOKED")),
            "{case}"
        );
        company.get(&format!("/api/v1/clients/unsent-{days}")).await.assert_problem(404, "NOT_FOUND");
    }
    let log_in = phone.device.log_in(&company, &phone.user).await;
    assert_eq!(log_in["roles"], json!([]), "a login of a revoked device is for its hand-over too");
    phone.device.wiped(&company, 0).await.assert_status(204);
}

/// Erasing a user revokes the user's devices like any other revocation: what they recorded has happened.
#[tokio::test]
async fn the_phone_of_an_erased_user_hands_its_events_over_and_proves_its_wipe() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let mut phone = working(&company, "seller", "phone-1").await;
    let browser = json!({ "tenant": company.tenant.uuid(), "login": "amelie", "password": PASSWORD });
    let browser = send(&server, "POST", "", "/api/v1/auth/login", browser).await.assert_ok();
    let erase = format!("/api/v1/users/{}/erase", phone.user.id);
    company.post(&erase, json!({})).await.assert_status(204);
    for (case, minutes) in [("with the access token", 0), ("with the refresh token", 60)] {
        clock.forward(minutes * MINUTE);
        if minutes > 0 {
            phone.refresh(&company).await;
        }
        let status = phone.get(&company, "/api/sync/status").await.for_case(case).assert_ok();
        assert_eq!(status["device"]["is_active"], false, "{case}: {status}");
        let unsent = client(&format!("unsent-{minutes}"));
        let answer = phone.push(&company, std::slice::from_ref(&unsent)).await.for_case(case).assert_ok();
        assert_eq!(ids(&answer), [unsent["id"].as_str().unwrap()], "{case}: {answer}");
        let decision = &logged(&company, &format!("unsent-{minutes}")).await["decision"];
        assert_eq!((&decision["verdict"], &decision["code"]), (&json!("QUARANTINED"), &json!("DEVICE_REVOKED")));
    }
    phone.device.wiped(&company, 0).await.assert_status(204);
    // Of the person's own logins nothing is left.
    let refreshed = json!({ "refresh_token": browser["refresh_token"] });
    let refreshed = send(&server, "POST", "", "/api/v1/auth/refresh", refreshed).await;
    refreshed.assert_problem(401, "REAUTHENTICATION_REQUIRED");
    let left = "select count(*) from refresh_family where tenant_id = $1 and (device is null or ended_at is null)";
    assert_eq!(company.count(left).await, 0);
}

/// 004 has no field for it: 403 as for every request that is not allowed, and the outbox may still be emptied.
#[tokio::test]
async fn a_revoked_desktop_gets_403_and_empties_its_outbox() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let desk = working(&company, "secretary", "desk-1").await;
    let up = async |events: &[Value]| {
        let body = json!({ "clientId": "desk-1", "events": events, "lastSyncTimestamp": null });
        send(&server, "POST", access(&desk.tokens), "/api/sync/up", body).await.assert_ok()
    };
    let made = up(&[outbox(&company, "evt-1", "CREATE", "s-1", &json!({ "name": "Léa" }), 1)]).await;
    assert_eq!(made["acknowledged"][0]["outboxEventId"], "evt-1", "{made}");
    assert_eq!(logged(&company, "s-1").await["user"], json!(desk.user.id));
    revoke(&company, &desk.device).await;
    let down = json!({ "clientId": "desk-1", "lastSyncTimestamp": null });
    send(&server, "POST", access(&desk.tokens), "/api/sync/down", down).await.assert_problem(403, "DEVICE_REVOKED");
    let choice = json!({ "clientId": "desk-1", "outboxEventId": "evt-1", "acceptServerVersion": true });
    send(&server, "POST", access(&desk.tokens), "/api/sync/resolve", choice)
        .await
        .assert_problem(403, "DEVICE_REVOKED");
    let late = up(&[outbox(&company, "evt-2", "UPDATE", "s-1", &json!({ "name": "Eve" }), 1)]).await;
    assert_eq!((&late["acknowledged"][0]["outboxEventId"], &late["rejected"]), (&json!("evt-2"), &json!([])), "{late}");
    assert_eq!(company.get("/api/v1/entities/STUDENT/s-1").await.assert_ok()["fields"]["name"], "Léa");
}

/// A device that a program speaks for can be revoked too.
#[tokio::test]
async fn a_revoked_device_of_a_program_gets_no_data_from_a_shops_key() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    shop.get(&server, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    revoke(&company, &TestDevice::new("phone-1")).await;
    let pulled = shop.get(&server, "/api/sync/pull?device_id=phone-1").await.assert_ok();
    assert_eq!(pulled["device_status"]["is_active"], false);
    let body = json!({ "device_id": "phone-1", "batch_id": "b", "events": [client("c-1")] }).to_string();
    let answer = shop.post(&server, "/api/sync/push", body).await.assert_ok();
    assert_eq!(ids(&answer).len(), 1);
    assert_eq!(logged(&company, "c-1").await["decision"]["code"], "DEVICE_REVOKED");
}

/// 004, "Isolation stricte": "Le serveur vérifie que le tenantId de l'événement correspond au tenant".
#[tokio::test]
async fn an_event_of_another_tenant_is_rejected_recorded_once_and_not_stored() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let other = server.tenant("Autre").await;
    let desk = working(&company, "secretary", "desk-1").await;
    let mut foreign = outbox(&company, "evt-1", "CREATE", "s-1", &json!({ "name": "Léa" }), 1);
    foreign["tenantId"] = json!(other.tenant.uuid());
    let hidden =
        outbox(&company, "evt-2", "CREATE", "s-2", &json!({ "name": "Eve", "tenantId": other.tenant.uuid() }), 1);
    let own =
        outbox(&company, "evt-3", "CREATE", "s-3", &json!({ "name": "Ana", "tenantId": company.tenant.uuid() }), 1);
    let body = json!({ "clientId": "desk-1", "events": [foreign, hidden, own], "lastSyncTimestamp": null });
    for _ in 0..2 {
        let answer = send(&server, "POST", access(&desk.tokens), "/api/sync/up", body.clone()).await.assert_ok();
        let codes: Vec<_> =
            answer["rejected"].as_array().unwrap().iter().map(|row| (&row["outboxEventId"], &row["code"])).collect();
        let wrong = json!("WRONG_TENANT");
        assert_eq!(codes, [(&json!("evt-1"), &wrong), (&json!("evt-2"), &wrong)], "{answer}");
        assert_eq!(answer["acknowledged"][0]["outboxEventId"], "evt-3");
    }
    assert_eq!(signals(&company, "FOREIGN_TENANT").await, 2, "one for each event, however often it is sent");
    for tenant in [&company, &other] {
        let stored = "select count(*) from event where tenant_id = $1 and entity_id in ('s-1', 's-2')";
        assert_eq!(tenant.count(stored).await, 0);
    }
}

/// A receipt of a phone whose user has no right to it is central's to judge; the token only says who it was.
#[tokio::test]
async fn an_event_that_was_sent_before_the_login_changed_is_the_same_event() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let phone = working(&company, "warehouse", "phone-1").await;
    let mut event = phone_record("r-1", &GoodsReception::default());
    let first = phone.push(&company, std::slice::from_ref(&event)).await.assert_ok();
    assert_eq!(ids(&first).len(), 1, "{first}");
    event["user_id"] = json!("another number of the customer's");
    let again = phone.push(&company, std::slice::from_ref(&event)).await.assert_ok();
    assert_eq!(ids(&again).len(), 1, "who acts is the token's to say: {again}");
}
