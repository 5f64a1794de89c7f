//! Devices of users, which requests enrol, rename, revoke and wipe.

use comptoir_proto::device_proofs::{enrolment_text, wiped_text};
use comptoir_tests::contract::Endpoint;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) struct KnownDevices {
    /// The places of enrolled devices.
    pub(crate) places: Vec<Value>,
    /// What lets a user enrol a device.
    pub(crate) enrolments: Vec<Value>,
    /// What a device enrols itself with.
    pub(crate) enrols: Vec<Value>,
    pub(crate) wiped: Vec<Value>,
}

/// Enrols one device of each of four users, and prepares the enrolment of another one.
pub(crate) async fn enrol_devices(admin: &Endpoint, tenant: Uuid, site: Uuid) -> KnownDevices {
    let call = async |path: &str, body: &Value| -> Value {
        let reply = admin.post(path, body).await;
        let answer = serde_json::from_slice(&reply.body).expect("JSON");
        assert!(reply.status < 300, "{path}: {answer}");
        answer
    };
    let mut known = KnownDevices { places: vec![], enrolments: vec![], enrols: vec![], wiped: vec![] };
    for number in 0..4 {
        let roles = json!([{ "role": "driver", "site": site }]);
        let new = json!({ "login": format!("driver-{number}"), "name": "A driver", "roles": roles });
        let user = call("/api/v1/users", &new).await["user"].clone();
        let enrolment = json!({ "user": user, "site": site, "role": "driver" });
        let mut bodies = Vec::new();
        for name in [format!("enrolled-{number}"), format!("late-{number}")] {
            let code = call("/api/v1/devices/enrolments", &enrolment).await["code"].clone();
            bodies.push(enrolment_body(code.as_str().expect("a text"), &name));
        }
        known.enrols.extend(bodies.pop());
        let enrolled = call("/api/v1/devices/enrol", &bodies[0]).await;
        known.places.push(json!({ "id": enrolled["id"] }));
        known.wiped.push(wiped_body(tenant, &format!("enrolled-{number}")));
        known.enrolments.push(enrolment);
    }
    known
}

fn key_of(name: &str) -> SigningKey {
    SigningKey::from_bytes(blake3::hash(name.as_bytes()).as_bytes())
}

fn signed(name: &str, text: &str) -> String {
    hex::encode(key_of(name).sign(text.as_bytes()).to_bytes())
}

fn enrolment_body(code: &str, name: &str) -> Value {
    let public_key = hex::encode(key_of(name).verifying_key().to_bytes());
    let proof = signed(name, &enrolment_text(code, name, &public_key));
    json!({ "code": code, "name": name, "public_key": public_key, "proof": proof })
}

fn wiped_body(tenant: Uuid, name: &str) -> Value {
    let at = "2026-12-01T10:00:00Z";
    let proof = signed(name, &wiped_text(tenant, name, 0, at));
    json!({ "tenant": tenant, "device": name, "unsent": 0, "wiped_at": at, "proof": proof })
}
