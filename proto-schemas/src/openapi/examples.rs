//! Examples of bodies that contain whole events. Each can be sent as it is, with the caller's own tenant where one is named.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::mobile_v1::canonical_checksum;

/// A phone's push: a new client, and an invoice for it. The checksums are over the RFC 8785 form, since a reader who copies an
/// example may format it differently.
pub fn mobile_push() -> Value {
    let client = json!({ "name": "Dupont", "city": "Lyon" });
    let line = json!({ "product": "85123A", "quantity": "2", "unit_price": "2.55" });
    let invoice = json!({ "client": "c-78", "currency": "EUR", "total_minor": 510, "lines": [line] });
    let event = |id: &str, (entity_type, entity_id, action): (&str, &str, &str), payload: &Value| {
        json!({ "id": id, "entity_type": entity_type, "entity_id": entity_id, "action": action, "payload": payload,
            "occurred_at": "2026-01-07T10:00:00Z", "user_id": 7,
            "checksum": canonical_checksum(&payload.to_string()) })
    };
    let events = [
        event("0199a8f0-0000-7000-8000-000000000101", ("CLIENT", "c-78", "CREATE"), &client),
        event("0199a8f0-0000-7000-8000-000000000102", ("INVOICE", "i-78", "INVOICE_CREATED"), &invoice),
    ];
    json!({ "device_id": "phone-1", "batch_id": "0199a8f0-0000-7000-8000-0000000001b1", "events": events })
}

/// A desktop's outbox: a student that was created offline. `tenantId` is the credential's.
pub fn desktop_up() -> Value {
    json!({ "clientId": "desktop-1", "lastSyncTimestamp": null, "events": [{
        "id": "0199a8f0-0000-7000-8000-000000000201", "tenantId": "018f0000-0000-7000-8000-000000000001",
        "entityType": "STUDENT", "entityId": "student-78", "operation": "CREATE",
        "payload": { "id": "student-78", "firstName": "Jean", "lastName": "DUPONT" },
        "localVersion": 1_767_780_000_000_i64, "createdAt": "2026-01-07T10:00:00Z",
        "lastAttemptAt": "2026-01-07T10:00:30Z", "attemptCount": 1, "status": "PENDING" }] })
}

/// A node's push: the sale of `docs/spec/sync.md`, with the record and chain of its vector.
pub fn node_push() -> Value {
    let vector: Value = serde_json::from_str(include_str!("../../vectors/record-second.json")).unwrap_or_default();
    let record = hex::decode(vector["record"].as_str().unwrap_or_default()).unwrap_or_default();
    json!({ "batch_id": "0199a000-0000-7000-8000-0000000000f1", "node": vector["fields"]["node"],
        "epoch": vector["fields"]["epoch"], "first_seq": vector["fields"]["seq"],
        "previous_chain": vector["previous_chain"],
        "records": [{ "record": BASE64.encode(record), "chain": vector["chain"] }],
        "node_time": "2010-12-01T08:26:01.5Z" })
}

/// A signing request that `openssl req` made; nobody has its private key any more.
const SIGNING_REQUEST: &str = "\
-----BEGIN CERTIFICATE REQUEST-----
MIHpMIGRAgEAMC8xLTArBgNVBAMMJDAxOGYwMDAwLTAwMDAtNzAwMC04MDAwLTAw
MDAwMDAwMDAwMzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEAvdBNMr7oHsvXY
5kIcrotx5WHx83y7s76/CCDppjIBl1PfaT9d0rAuCcYrgHgI3PyCMRkcfilbVqXK
CO7VxkSgADAKBggqhkjOPQQDAgNHADBEAiBNjyRbvv2R4TkVQ9M+374v1ACdpQGe
wDjesaH5W8b2fwIgPc0qqlpBT7gAZD3IK1jzli1WFP8uS6u6T9nfJNQTzGM=
-----END CERTIFICATE REQUEST-----
";

/// A node's request for a certificate for all names of its site.
pub fn node_certificate() -> Value {
    json!({ "csr": SIGNING_REQUEST })
}

/// A node's proof, whose signature is of no key.
pub fn wipe_proof() -> Value {
    json!({ "node": "018f0000-0000-7000-8000-000000000003", "epoch": 1, "last_seq": 7, "last_chain": "ab".repeat(32),
        "unsent": 0, "wiped_at": "2026-12-01T10:00:00Z", "signature": "00".repeat(64) })
}

#[cfg(test)]
mod tests {
    use comptoir_core::chain::link;

    use super::*;
    use crate::desktop_v1::{OutboxEvent, SyncUpRequest};
    use crate::mobile_v1::{self, SyncEvent, checksum_fits};
    use crate::sync_v1::{self, parse_chain};

    #[test]
    fn a_phone_s_example_has_events_with_checksums_of_their_payloads() {
        let request: mobile_v1::PushRequest = serde_json::from_value(mobile_push()).unwrap();
        assert_eq!(request.events.len(), 2);
        for event in &request.events {
            let event: SyncEvent = serde_json::from_str(event.get()).unwrap();
            assert!(checksum_fits(event.payload.get(), &event.checksum), "{event:?}");
        }
    }

    #[test]
    fn a_desktop_s_example_has_an_event() {
        let request: SyncUpRequest = serde_json::from_value(desktop_up()).unwrap();
        let [event] = request.events.as_slice() else { panic!("one event: {request:?}") };
        serde_json::from_str::<OutboxEvent>(event.get()).unwrap();
    }

    #[test]
    fn a_node_s_example_has_a_record_whose_chain_is_linked() {
        let request: sync_v1::PushRequest = serde_json::from_value(node_push()).unwrap();
        let [sealed] = request.records.as_slice() else { panic!("one record: {request:?}") };
        let record = BASE64.decode(&sealed.record).unwrap();
        let previous = parse_chain(&request.previous_chain).unwrap();
        assert_eq!(link(previous, &record), parse_chain(&sealed.chain).unwrap());
    }
}
