//! Point 4 of the requirements on identity, and the mobile document's section 6: devices of users.

use comptoir_test_support::TestCentral;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::enrolled::{
    DAY, HOUR, MINUTE, MovedClock, PASSWORD, TestDevice, access, at_site, changes, device_row, enrolled,
    enrolment_code, person, revoke, send,
};

/// "Enregistrement: UUID unique par device".
#[tokio::test]
async fn a_device_enrols_itself_once_with_a_code_and_its_own_key() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let code = enrolment_code(&company, &user, "driver").await;
    let phone = TestDevice::new(&Uuid::now_v7().to_string());
    let enrolled = phone.enrol(&server, &code).await.assert_ok();
    for (member, value) in [
        ("tenant", json!(company.tenant.uuid())),
        ("user", json!(user.id)),
        ("site", json!(company.site.uuid())),
        ("role", json!("driver")),
    ] {
        assert_eq!(enrolled[member], value, "{member}");
    }
    // The answer was lost: the same device asks again. Nobody else does, nor the device with another key.
    assert_eq!(phone.enrol(&server, &code).await.assert_ok(), enrolled);
    let other = TestDevice::new("other");
    other.enrol(&server, &code).await.assert_problem(410, "ENROLMENT_INVALID");
    let mut swapped = other.enrolment(&code);
    swapped["name"] = json!(phone.name);
    send(&server, "POST", "", "/api/v1/devices/enrol", swapped).await.assert_problem(400, "MALFORMED_BODY");

    let row = device_row(&company, &phone).await;
    assert_eq!((&row["id"], &row["user"], &row["contract"]), (&enrolled["id"], &json!(user.id), &Value::Null));
    let id = enrolled["id"].as_str().unwrap();
    let renamed =
        send(&server, "PATCH", &company.token, &format!("/api/v1/devices/{id}"), json!({ "label": "Amélie's" })).await;
    assert_eq!(renamed.assert_ok()["label"], "Amélie's");
    let words: Vec<(String, String)> = changes(&company)
        .await
        .into_iter()
        .filter(|(kind, ..)| kind == "DEVICE")
        .map(|(_, id, word)| (id, word))
        .collect();
    let of_phone = |word: &str| (id.to_owned(), word.to_owned());
    assert_eq!(words, [of_phone("device_enrolled"), of_phone("device_renamed")]);
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok().to_string();
    for secret in [code.as_str(), "cpe_", "Amélie", &phone.public_key()] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    let stored =
        company.count("select count(*) from device_enrolment where tenant_id = $1 and used_by is not null").await;
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn an_enrolment_code_ends_after_48_hours_and_needs_a_role_that_the_user_has_there() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let elsewhere = company.node_elsewhere().await;
    let ask = |site: Uuid, role: &str| json!({ "user": user.id, "site": site, "role": role });
    let path = "/api/v1/devices/enrolments";
    company
        .post(path, ask(company.site.uuid(), "admin"))
        .await
        .assert_problem(400, "MALFORMED_BODY")
        .field("pointer", "/role");
    company.post(path, ask(elsewhere.site.uuid(), "driver")).await.assert_problem(400, "MALFORMED_BODY");
    let code = enrolment_code(&company, &user, "driver").await;
    let phone = TestDevice::new("phone-1");
    clock.forward(2 * DAY - 1);
    let mut unsigned = phone.enrolment(&code);
    unsigned["proof"] = json!("00".repeat(64));
    send(&server, "POST", "", "/api/v1/devices/enrol", unsigned).await.assert_problem(400, "MALFORMED_BODY");
    clock.forward(1);
    phone.enrol(&server, &code).await.assert_problem(410, "ENROLMENT_INVALID");
    let code = enrolment_code(&company, &user, "driver").await;
    let disable = json!({ "disabled": true });
    send(&server, "PATCH", &company.token, &format!("/api/v1/users/{}", user.id), disable).await.assert_ok();
    phone.enrol(&server, &code).await.assert_problem(410, "ENROLMENT_INVALID");
    let of_disabled = ask(company.site.uuid(), "driver");
    let refused = company.post(path, of_disabled.clone()).await;
    refused.assert_problem(409, "USER_DISABLED").pointer("/user").detail_contains("enable the user first");
    let unknown = json!({ "user": Uuid::from_u128(7), "site": company.site.uuid(), "role": "driver" });
    company.post(path, unknown).await.assert_problem(404, "NOT_FOUND");
    for rubbish in ["", "cpe_", "cpe_00_00", "cpl_0199_00"] {
        let status = phone.enrol(&server, rubbish).await.status.as_u16();
        assert!(matches!(status, 400 | 410), "{rubbish}: {status}");
    }
    let seller = person(&company, "bruno", at_site(&company, "seller")).await;
    let tokens = enrolled(&company, &seller, "seller", "phone-2").await.log_in(&company, &seller).await;
    send(&server, "POST", access(&tokens), path, of_disabled).await.assert_problem(403, "FORBIDDEN");
    company.post(&format!("/api/v1/users/{}/erase", user.id), json!({})).await.assert_status(204);
    company.post(path, ask(company.site.uuid(), "driver")).await.assert_problem(404, "NOT_FOUND");
}

/// "Limite: Max 3 devices par user", with ten that enrol at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn of_ten_devices_that_enrol_at_once_exactly_three_succeed() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let mut enrolments = Vec::new();
    for number in 0..10 {
        let code = enrolment_code(&company, &user, "driver").await;
        enrolments.push((TestDevice::new(&format!("phone-{number}")), code));
    }
    let racing = enrolments.iter().map(|(device, code)| device.enrol(&server, code));
    let answers = futures_util::future::join_all(racing).await;
    let enrolled: Vec<bool> = answers.iter().map(|answer| answer.status.as_u16() == 200).collect();
    assert_eq!(enrolled.iter().filter(|enrolled| **enrolled).count(), 3, "{enrolled:?}");
    for answer in answers.iter().filter(|answer| answer.status.as_u16() != 200) {
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (409, &json!("DEVICE_LIMIT")), "{}", answer.text);
        assert_eq!(answer.body["devices"].as_array().unwrap().len(), 3, "{}", answer.text);
    }
    // The limit did not use up the code, and a revoked device frees its place.
    let refused = enrolled.iter().position(|enrolled| !enrolled).unwrap();
    let active = enrolled.iter().position(|enrolled| *enrolled).unwrap();
    revoke(&company, &enrolments[active].0).await;
    let (late, code) = &enrolments[refused];
    late.enrol(&server, code).await.assert_ok();
    // The database holds the limit, whatever the code does.
    let db = server.admin().await;
    for slot in ["1::smallint", "4::smallint", "null::smallint"] {
        let sql = format!(
            "update device set revoked_at = null, slot = {slot} where tenant_id = $1 and revoked_at is not null"
        );
        assert!(db.execute(&sql, &[&company.tenant.uuid()]).await.is_err(), "{slot}");
    }
}

#[tokio::test]
async fn a_device_that_replaces_another_revokes_it_in_the_same_step() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let other_user = person(&company, "bruno", at_site(&company, "driver")).await;
    let foreign = enrolled(&company, &other_user, "driver", "brunos").await;
    let mut old = None;
    for name in ["phone-1", "phone-2", "phone-3"] {
        old = Some(enrolled(&company, &user, "driver", name).await);
    }
    let old = old.unwrap();
    let tokens = old.log_in(&company, &user).await;
    let new = TestDevice::new("phone-4");
    let mut body = new.enrolment(&enrolment_code(&company, &user, "driver").await);
    body["replaces"] = device_row(&company, &foreign).await["id"].clone();
    send(&server, "POST", "", "/api/v1/devices/enrol", body.clone()).await.assert_problem(404, "NOT_FOUND");
    body["replaces"] = device_row(&company, &old).await["id"].clone();
    send(&server, "POST", "", "/api/v1/devices/enrol", body).await.assert_ok();
    assert!(device_row(&company, &old).await["revoked_at"].is_string());
    assert!(device_row(&company, &foreign).await["revoked_at"].is_null());
    server.get_as(access(&tokens), "/api/v1/stock").await.assert_problem(403, "DEVICE_REVOKED");
    // A name is enrolled once: a device that comes back takes a new one.
    let again = enrolment_code(&company, &other_user, "driver").await;
    old.enrol(&server, &again).await.assert_problem(409, "ALREADY_EXISTS").field("pointer", "/name");
}

#[tokio::test]
async fn a_login_of_a_device_needs_its_key_and_a_challenge_of_the_last_five_minutes() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let other = person(&company, "bruno", at_site(&company, "driver")).await;
    let phone = enrolled(&company, &user, "driver", "phone-1").await;
    phone.log_in(&company, &user).await;
    // Known only to those who know the password.
    phone.try_log_in(&company, &other, PASSWORD).await.assert_problem(403, "DEVICE_NOT_ENROLLED");
    phone.try_log_in(&company, &other, "wrong words by heart").await.assert_problem(401, "LOGIN_FAILED");
    TestDevice::new("unknown").try_log_in(&company, &user, PASSWORD).await.assert_problem(403, "DEVICE_NOT_ENROLLED");

    let challenge = async || {
        server.get_as("", "/api/v1/auth/challenge").await.assert_ok()["challenge"].as_str().unwrap().to_owned()
    };
    let attempt = async |challenge: &str, proof: String| {
        let body = json!({ "tenant": company.tenant.uuid(), "login": "amelie", "password": PASSWORD, "device": "phone-1",
            "challenge": challenge, "proof": proof });
        send(&server, "POST", "", "/api/v1/auth/login", body).await
    };
    let signed = |challenge: &str, tenant: Uuid| {
        phone.sign(&comptoir_proto::device_proofs::login_text(challenge, tenant, "amelie", "phone-1"))
    };
    let (own, fresh) = (company.tenant.uuid(), challenge().await);
    attempt(&fresh, signed(&fresh, own)).await.assert_ok();
    let forged = fresh.replace("cpc_0", "cpc_1");
    for (case, challenge, proof) in [
        ("another tenant", &fresh, signed(&fresh, Uuid::nil())),
        ("another key", &fresh, TestDevice::new("thief").sign("x")),
        ("no challenge of central's", &forged, signed(&forged, own)),
        ("no proof", &fresh, String::new()),
    ] {
        let status = attempt(challenge, proof).await.for_case(case).status.as_u16();
        assert!(matches!(status, 400 | 401), "{case}: {status}");
    }
    clock.forward(5 * MINUTE - 1);
    attempt(&fresh, signed(&fresh, own)).await.assert_ok();
    clock.forward(1);
    attempt(&fresh, signed(&fresh, own)).await.assert_problem(401, "LOGIN_FAILED");
    // Wrong proofs are counted like wrong passwords.
    for _ in 0..4 {
        attempt(&fresh, signed(&fresh, own)).await.assert_problem(401, "LOGIN_FAILED");
    }
    attempt(&fresh, signed(&fresh, own)).await.assert_problem(429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn a_device_has_its_own_role_and_no_other_of_its_user() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let site = company.site.uuid();
    let user =
        person(&company, "amelie", json!([{ "role": "driver", "site": site }, { "role": "admin", "site": null }]))
            .await;
    let phone = enrolled(&company, &user, "driver", "phone-1").await;
    let tokens = phone.log_in(&company, &user).await;
    assert_eq!(tokens["roles"], json!([{ "role": "driver", "site": site }]));
    server.get_as(access(&tokens), "/api/v1/users").await.assert_problem(403, "FORBIDDEN");
    server.get_as(access(&tokens), "/api/v1/stock").await.assert_ok();
    // The role is gone, and with it what the device may do.
    let roles = json!({ "roles": [{ "role": "admin", "site": null }] });
    send(&server, "PATCH", &company.token, &format!("/api/v1/users/{}", user.id), roles).await.assert_ok();
    server.get_as(access(&tokens), "/api/v1/stock").await.assert_problem(403, "FORBIDDEN");
    let path = "/api/sync/status?device_id=phone-1";
    server.get_as(access(&tokens), path).await.assert_problem(403, "FORBIDDEN");
}

/// "Révocation: Admin peut révoquer à distance".
#[tokio::test]
async fn a_revoked_device_proves_its_wipe_and_the_list_shows_it() {
    let clock = MovedClock::new();
    let server = TestCentral::at(clock.clock()).await;
    let company = server.company().await;
    let user = person(&company, "amelie", at_site(&company, "driver")).await;
    let phone = enrolled(&company, &user, "driver", "phone-1").await;
    let stays = enrolled(&company, &user, "driver", "phone-2").await;
    let (tokens, others) = (phone.log_in(&company, &user).await, stays.log_in(&company, &user).await);
    clock.forward(HOUR / 4);
    assert!(revoke(&company, &phone).await["revoked_at"].is_string());
    revoke(&company, &phone).await;
    // The refresh goes on for the hand-over, and gives no rights. The other device goes on as before.
    let handing = phone.refresh(&server, &tokens).await.assert_ok();
    assert_eq!(handing["roles"], json!([]));
    for path in ["/api/v1/stock", "/api/v1/users", "/api/v1/products", "/api/v1/sync/pull"] {
        server.get_as(access(&handing), path).await.for_case(path).assert_problem(403, "DEVICE_REVOKED");
    }
    let others = stays.refresh(&server, &others).await.assert_ok();
    server.get_as(access(&others), "/api/v1/stock").await.assert_ok();

    let mut forged = TestDevice::new("thief");
    forged.name = phone.name.clone();
    forged.wiped(&company, 0).await.assert_problem(401, "UNAUTHORIZED");
    phone.wiped(&company, 2).await.assert_status(204);
    phone.wiped(&company, 2).await.assert_status(204);
    let row = device_row(&company, &phone).await;
    assert!(row["wiped_at"].is_string() && row["unsent"] == 2, "{row}");
    let words: Vec<String> =
        changes(&company).await.into_iter().filter(|(kind, ..)| kind == "DEVICE").map(|(.., word)| word).collect();
    assert_eq!(words, ["device_enrolled", "device_enrolled", "device_revoked", "device_wiped"]);
    // What is lost with a device is a security event, once.
    let signals = company.get("/api/v1/security-events?kind=RECORDS_DESTROYED&device=phone-1").await.assert_ok();
    let found: Vec<_> = signals["events"].as_array().unwrap().iter().map(|row| &row["details"]["unsent"]).collect();
    assert_eq!(found, [&json!(2)], "{signals}");
    // A device that wipes itself unasked is revoked by that.
    stays.wiped(&company, 0).await.assert_status(204);
    assert!(device_row(&company, &stays).await["revoked_at"].is_string());
    let signals = company.get("/api/v1/security-events?kind=RECORDS_DESTROYED").await.assert_ok();
    assert_eq!(signals["events"].as_array().map(Vec::len), Some(1), "nothing was lost with the other: {signals}");
    company.assert_gapless().await;
}
