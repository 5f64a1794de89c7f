//! Helpers: users, and devices that are enrolled to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::Clock;
use comptoir_core::time::Timestamp;
use comptoir_proto::device_proofs::{enrolment_text, login_text, refresh_text, wiped_text};
use comptoir_test_support::{Response, TestCentral, TestTenant};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

pub(crate) const MINUTE: i64 = 60 * 1_000_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
pub(crate) const PASSWORD: &str = "four words by heart";

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct MovedClock(Arc<AtomicI64>);

impl MovedClock {
    pub(crate) fn new() -> MovedClock {
        MovedClock(Arc::new(AtomicI64::new(1_800_000_000_000_000)))
    }

    pub(crate) fn forward(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn clock(&self) -> Clock {
        let at = Arc::clone(&self.0);
        Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))
    }
}

pub(crate) async fn send(server: &TestCentral, method: &str, token: &str, path: &str, body: Value) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    server.request(request.body(Body::from(body.to_string())).unwrap()).await
}

/// A person as a test knows one.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) login: &'static str,
}

/// Creates a user with roles and a password.
pub(crate) async fn person(company: &TestTenant<'_>, login: &'static str, roles: Value) -> Person {
    let new = json!({ "login": login, "name": format!("{login} Dupont"), "roles": roles });
    let created = company.post("/api/v1/users", new).await;
    created.assert_status(201);
    let code = created.body["code"].as_str().unwrap().to_owned();
    let set = json!({ "code": code, "password": PASSWORD });
    send(company.server, "POST", "", "/api/v1/auth/setup", set).await.assert_ok();
    Person { id: created.body["user"].as_str().unwrap().to_owned(), login }
}

/// A role at the company's site.
pub(crate) fn at_site(company: &TestTenant<'_>, role: &str) -> Value {
    json!([{ "role": role, "site": company.site.uuid() }])
}

pub(crate) fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

/// The events of changed identities, as (entity type, entity id, change).
pub(crate) async fn changes(company: &TestTenant<'_>) -> Vec<(String, String, String)> {
    let page = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let events = page["events"].as_array().unwrap().iter().filter(|event| event["action"] == "IDENTITY_CHANGED");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events
        .map(|event| (text(&event["entity_type"]), text(&event["entity_id"]), text(&event["payload"]["change"])))
        .collect()
}

/// How many security events have this kind, or this reason.
pub(crate) async fn signals(company: &TestTenant<'_>, code: &str) -> usize {
    let page = company.get("/api/v1/events?limit=1000").await.assert_ok();
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["payload"]["kind"] == code || event["payload"]["details"]["reason"] == code)
        .count()
}

/// A device with its own key.
#[derive(Clone)]
pub(crate) struct TestDevice {
    pub(crate) name: String,
    key: SigningKey,
}

impl TestDevice {
    /// The same name has the same key.
    pub(crate) fn new(name: &str) -> TestDevice {
        TestDevice { name: name.to_owned(), key: SigningKey::from_bytes(blake3::hash(name.as_bytes()).as_bytes()) }
    }

    pub(crate) fn public_key(&self) -> String {
        hex::encode(self.key.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        hex::encode(self.key.sign(text.as_bytes()).to_bytes())
    }

    /// The body of an enrolment.
    pub(crate) fn enrolment(&self, code: &str) -> Value {
        let proof = self.sign(&enrolment_text(code, &self.name, &self.public_key()));
        json!({ "code": code, "name": self.name, "public_key": self.public_key(), "proof": proof })
    }

    pub(crate) async fn enrol(&self, server: &TestCentral, code: &str) -> Response {
        send(server, "POST", "", "/api/v1/devices/enrol", self.enrolment(code)).await
    }

    pub(crate) async fn try_log_in(&self, company: &TestTenant<'_>, person: &Person, password: &str) -> Response {
        let challenge = company.server.get_as("", "/api/v1/auth/challenge").await.assert_ok()["challenge"].clone();
        let text = login_text(challenge.as_str().unwrap(), company.tenant.uuid(), person.login, &self.name);
        let request = json!({ "tenant": company.tenant.uuid(), "login": person.login, "password": password,
            "device": self.name, "challenge": challenge, "proof": self.sign(&text) });
        send(company.server, "POST", "", "/api/v1/auth/login", request).await
    }

    pub(crate) async fn log_in(&self, company: &TestTenant<'_>, person: &Person) -> Value {
        self.try_log_in(company, person, PASSWORD).await.assert_ok()
    }

    pub(crate) async fn refresh(&self, server: &TestCentral, tokens: &Value) -> Response {
        let token = tokens["refresh_token"].as_str().unwrap();
        let request = json!({ "refresh_token": token, "device": self.name, "proof": self.sign(&refresh_text(token, &self.name)) });
        send(server, "POST", "", "/api/v1/auth/refresh", request).await
    }

    /// Proves that the data is destroyed.
    pub(crate) async fn wiped(&self, company: &TestTenant<'_>, unsent: u64) -> Response {
        let at = "2027-01-15T08:00:00Z";
        let proof = self.sign(&wiped_text(company.tenant.uuid(), &self.name, unsent, at));
        let body = json!({ "tenant": company.tenant.uuid(), "device": self.name, "unsent": unsent, "wiped_at": at, "proof": proof });
        send(company.server, "POST", "", "/api/v1/devices/wiped", body).await
    }
}

/// A code with which a user enrols a device at the company's site.
pub(crate) async fn enrolment_code(company: &TestTenant<'_>, person: &Person, role: &str) -> String {
    let request = json!({ "user": person.id, "site": company.site.uuid(), "role": role });
    let answer = company.post("/api/v1/devices/enrolments", request).await;
    answer.assert_status(201);
    answer.body["code"].as_str().unwrap().to_owned()
}

/// Enrols a device of that name to a user.
pub(crate) async fn enrolled(company: &TestTenant<'_>, person: &Person, role: &str, name: &str) -> TestDevice {
    let device = TestDevice::new(name);
    let code = enrolment_code(company, person, role).await;
    device.enrol(company.server, &code).await.assert_ok();
    device
}

/// The device's id at central.
pub(crate) async fn device_row(company: &TestTenant<'_>, device: &TestDevice) -> Value {
    let list = company.get("/api/v1/devices").await.assert_ok();
    list["rows"].as_array().unwrap().iter().find(|row| row["name"] == json!(device.name)).cloned().unwrap()
}

pub(crate) async fn revoke(company: &TestTenant<'_>, device: &TestDevice) -> Value {
    let id = device_row(company, device).await["id"].as_str().unwrap().to_owned();
    company.post(&format!("/api/v1/devices/{id}/revoke"), json!({})).await.assert_ok()
}
