//! Users with a password, and devices that are enrolled to them.

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_core::id::SiteId;
use comptoir_proto::device_proofs::{enrolment_text, login_text, refresh_text, wiped_text};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Response, TestCentral, TestTenant, text};

/// The password of each [`person`].
pub const PASSWORD: &str = "four words by heart";

/// A request with a JSON body; without a credential if the token is empty.
pub async fn send(server: &TestCentral, method: &str, token: &str, path: &str, body: Value) -> Response {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    server.request(request.body(Body::from(body.to_string())).expect("a request")).await
}

/// A person as a test knows one.
pub struct Person {
    /// The user's id.
    pub id: String,
    /// What the person types.
    pub login: &'static str,
}

/// Creates a user with roles and a password.
pub async fn person(company: &TestTenant<'_>, login: &'static str, roles: Value) -> Person {
    let new = json!({ "login": login, "name": format!("{login} Dupont"), "roles": roles });
    let created = company.post("/api/v1/users", new).await;
    created.assert_status(201);
    let set = json!({ "code": created.body["code"], "password": PASSWORD });
    send(company.server, "POST", "", "/api/v1/auth/setup", set).await.assert_ok();
    Person { id: text(&created.body["user"]), login }
}

/// A role at the company's site.
pub fn at_site(company: &TestTenant<'_>, role: &str) -> Value {
    json!([{ "role": role, "site": company.site.uuid() }])
}

/// The access token of a login.
pub fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().expect("a login has an access token")
}

/// A device with its own key.
#[derive(Clone)]
pub struct TestDevice {
    /// The name that it chose.
    pub name: String,
    key: SigningKey,
}

impl TestDevice {
    /// The same name has the same key.
    pub fn new(name: &str) -> TestDevice {
        let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).into_bytes();
        let seed = [seed, seed].concat().try_into().expect("twice 16 bytes");
        TestDevice { name: name.to_owned(), key: SigningKey::from_bytes(&seed) }
    }

    /// The public half of its key, in hex.
    pub fn public_key(&self) -> String {
        hex::encode(self.key.verifying_key().to_bytes())
    }

    /// Its signature, in hex.
    pub fn sign(&self, text: &str) -> String {
        hex::encode(self.key.sign(text.as_bytes()).to_bytes())
    }

    /// The body of an enrolment.
    pub fn enrolment(&self, code: &str) -> Value {
        let proof = self.sign(&enrolment_text(code, &self.name, &self.public_key()));
        json!({ "code": code, "name": self.name, "public_key": self.public_key(), "proof": proof })
    }

    /// Enrols itself.
    pub async fn enrol(&self, server: &TestCentral, code: &str) -> Response {
        send(server, "POST", "", "/api/v1/devices/enrol", self.enrolment(code)).await
    }

    /// The body of a login.
    pub fn login(&self, tenant: Uuid, login: &str, password: &str, challenge: &str) -> Value {
        let proof = self.sign(&login_text(challenge, tenant, login, &self.name));
        json!({ "tenant": tenant, "login": login, "password": password, "device": self.name, "challenge": challenge,
            "proof": proof })
    }

    /// Logs in, or is refused.
    pub async fn try_log_in(&self, company: &TestTenant<'_>, person: &Person, password: &str) -> Response {
        let challenge = company.server.get_as("", "/api/v1/auth/challenge").await.assert_ok();
        let request = self.login(company.tenant.uuid(), person.login, password, &text(&challenge["challenge"]));
        send(company.server, "POST", "", "/api/v1/auth/login", request).await
    }

    /// Logs in: the tokens.
    pub async fn log_in(&self, company: &TestTenant<'_>, person: &Person) -> Value {
        self.try_log_in(company, person, PASSWORD).await.assert_ok()
    }

    /// Exchanges the refresh token.
    pub async fn refresh(&self, server: &TestCentral, tokens: &Value) -> Response {
        let token = text(&tokens["refresh_token"]);
        let proof = self.sign(&refresh_text(&token, &self.name));
        let request = json!({ "refresh_token": token, "device": self.name, "proof": proof });
        send(server, "POST", "", "/api/v1/auth/refresh", request).await
    }

    /// Proves that its data is destroyed.
    pub async fn wiped(&self, company: &TestTenant<'_>, unsent: u64) -> Response {
        let at = "2027-01-15T08:00:00Z";
        let proof = self.sign(&wiped_text(company.tenant.uuid(), &self.name, unsent, at));
        let body = json!({ "tenant": company.tenant.uuid(), "device": self.name, "unsent": unsent, "wiped_at": at,
            "proof": proof });
        send(company.server, "POST", "", "/api/v1/devices/wiped", body).await
    }
}

/// A code with which a user enrols a device at the company's site.
pub async fn enrolment_code(company: &TestTenant<'_>, person: &Person, role: &str) -> String {
    enrolment_code_at(company, company.site, person, role).await
}

async fn enrolment_code_at(company: &TestTenant<'_>, site: SiteId, person: &Person, role: &str) -> String {
    let request = json!({ "user": person.id, "site": site.uuid(), "role": role });
    let answer = company.post("/api/v1/devices/enrolments", request).await;
    answer.assert_status(201);
    text(&answer.body["code"])
}

/// Enrols a device of that name to a user.
pub async fn enrolled(company: &TestTenant<'_>, person: &Person, role: &str, name: &str) -> TestDevice {
    enrolled_at(company, company.site, person, role, name).await
}

/// As [`enrolled`], at another site.
pub async fn enrolled_at(
    company: &TestTenant<'_>,
    site: SiteId,
    person: &Person,
    role: &str,
    name: &str,
) -> TestDevice {
    let device = TestDevice::new(name);
    let code = enrolment_code_at(company, site, person, role).await;
    device.enrol(company.server, &code).await.assert_ok();
    device
}

/// The device as the list shows it.
pub async fn device_row(company: &TestTenant<'_>, device: &TestDevice) -> Value {
    let list = company.get("/api/v1/devices").await.assert_ok();
    let mut rows = list["rows"].as_array().into_iter().flatten();
    rows.find(|row| row["name"] == json!(device.name)).cloned().expect("the device is listed")
}

/// Revokes a device: the answer.
pub async fn revoke(company: &TestTenant<'_>, device: &TestDevice) -> Value {
    let id = text(&device_row(company, device).await["id"]);
    company.post(&format!("/api/v1/devices/{id}/revoke"), json!({})).await.assert_ok()
}
