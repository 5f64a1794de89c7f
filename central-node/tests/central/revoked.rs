//! Revoked nodes: point 4 of the requirements on identity.

use std::time::Duration;

use comptoir_test_support::events::Sale;
use comptoir_test_support::{SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::pulling::{path, pull};

async fn revoke(company: &TestTenant<'_>, node: &SealedLog) -> Value {
    company.post(&format!("/api/v1/nodes/{}/revoke", node.node), json!({ "reason": "stolen" })).await.assert_ok()
}

async fn state_of(company: &TestTenant<'_>, node: &SealedLog) -> Value {
    let nodes = company.get("/api/v1/nodes").await.assert_ok();
    let id = json!(node.node.uuid());
    nodes["nodes"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
}

/// The payloads of the events of changed identities of a node.
async fn changes(company: &TestTenant<'_>, node: &SealedLog) -> Vec<Value> {
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let id = json!(node.node.to_string());
    let events = log["events"].as_array().unwrap().iter();
    events
        .filter(|event| event["action"] == "IDENTITY_CHANGED" && event["entity_id"] == id)
        .map(|event| event["payload"].clone())
        .collect()
}

#[tokio::test]
async fn point_4_a_revoked_node_hands_over_what_it_has_into_quarantine() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("before");
    node.push_all(&server).await;
    let cursor = pull(&server, &node, None, 10).await.cursor;
    let first = revoke(&company, &node).await;
    assert_eq!(revoke(&company, &node).await, first, "a second revocation changes nothing");
    let recorded = changes(&company, &node).await;
    assert_eq!(recorded.len(), 1, "{recorded:?}");
    assert_eq!((&recorded[0]["change"], &recorded[0]["reason"]), (&json!("node_revoked"), &json!("stolen")));

    // It pushes: everything is kept, and nothing takes effect.
    let sales = "select count(*) from event where tenant_id = $1 and action = 'SALE_RECORDED' and verdict = 'ACCEPTED'";
    node.sell("after");
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "name": "Dupont" }));
    let pushed = node.push(&server, 2, 4).await;
    let codes: Vec<(&str, Option<&str>)> =
        pushed.results.iter().map(|result| (result.verdict.as_str(), result.code.as_deref())).collect();
    let refused = ("QUARANTINED", Some("DEVICE_REVOKED"));
    assert_eq!(codes, [("ACCEPTED", None), refused, refused], "the first was decided before");
    assert_eq!(company.count(sales).await, 1);
    assert_eq!(company.count("select count(*) from entity where tenant_id = $1 and entity_type = 'CLIENT'").await, 0);
    let status = node.get(&server, "/api/v1/sync/status").await.assert_ok();
    assert_eq!(status["head"]["seq"], 4);

    // A pull says so, and nothing else.
    company.record("s-1", &Sale::default()).await;
    for asked in [Some(cursor.as_str()), None] {
        let pulled = pull(&server, &node, asked, 10).await;
        assert!(!pulled.device.is_active && pulled.changes.is_empty() && pulled.notices.is_empty());
        assert!(pulled.rulebook.is_none() && !pulled.has_more);
        if let Some(asked) = asked {
            assert_eq!(pulled.cursor, asked, "the cursor stays");
        }
    }
    // Everything else is refused.
    for path in [
        "/api/v1/sync/bootstrap",
        "/api/v1/sync/users",
        "/api/v1/sync/identity",
        "/api/v1/stock",
        "/api/sync/status?device_id=phone-1",
    ] {
        node.get(&server, path).await.for_case(path).assert_problem(403, "DEVICE_REVOKED");
    }
    let drafts = json!({ "entity_type": "CLIENT", "entity_id": "c-2", "action": "CREATE", "payload": {} });
    node.post(&server, "/api/v1/events", drafts).await.assert_problem(403, "DEVICE_REVOKED");

    // A person may still let it count.
    let event = pushed.results[1].event_id;
    let released = company.post(&format!("/api/v1/quarantine/{event}/release"), json!({})).await.assert_ok();
    assert_eq!(released["decision"]["verdict"], "ACCEPTED", "{released}");
    company.assert_gapless().await;
}

#[tokio::test]
async fn point_4_a_waiting_pull_of_a_node_that_is_revoked_brings_no_data() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    let cursor = pull(&server, &node, None, 10).await.cursor;
    let long_poll = path(Some(&cursor), 10, 20);
    let waiting = node.get(&server, &long_poll);
    let then = async {
        while server.central.waiting_pulls() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        revoke(&company, &node).await;
        company
            .post(
                "/api/v1/events",
                json!({ "entity_type": "CLIENT", "entity_id": "c-1", "action": "CREATE",
            "id": "0199a8f0-0000-7000-8000-0000000000c1", "payload": { "name": "Dupont" } }),
            )
            .await
            .assert_ok();
    };
    let (pulled, ()) = tokio::join!(waiting, then);
    let pulled = pulled.assert_ok();
    assert_eq!((&pulled["device"]["is_active"], &pulled["changes"]), (&json!(false), &json!([])), "{pulled}");
    assert_eq!(pulled["cursor"], json!(cursor));
}

#[tokio::test]
async fn point_4_a_wiped_node_proves_it_with_its_key_and_its_chain() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let other = company.node().await;
    let wiped = "/api/v1/sync/wiped";
    let post = async |node: &SealedLog, proof: Value| node.post(&server, wiped, proof).await;
    let proof = json!(node.wipe_proof(0));
    post(&node, proof).await.assert_problem(422, "PROOF_INVALID").detail_contains("never pushed");
    node.sell("s-1");
    node.push_all(&server).await;
    other.push_all(&server).await;
    revoke(&company, &node).await;
    let proof = json!(node.wipe_proof(0));
    for (member, value, why) in [
        ("unsent", json!(1), "signature"),
        ("wiped_at", json!("2026-12-01T10:00:00Z"), "signature"),
        ("signature", json!("00".repeat(64)), "signature"),
        ("node", json!(other.node.uuid()), "it is of node"),
    ] {
        let mut forged = proof.clone();
        forged[member] = value;
        post(&node, forged).await.assert_problem(422, "PROOF_INVALID").detail_contains(why);
    }
    let mut copy = node.clone();
    copy.chain = comptoir_core::chain::ChainHash([9; 32]);
    post(&copy, json!(copy.wipe_proof(0))).await.assert_problem(422, "PROOF_INVALID").detail_contains("another chain");
    let mut ahead = node.clone();
    ahead.sell("s-2");
    let incomplete = json!(ahead.wipe_proof(0));
    post(&ahead, incomplete).await.assert_problem(422, "PROOF_INVALID").detail_contains("central lacks 1 records");
    assert_eq!(state_of(&company, &node).await["wiped_at"], Value::Null);

    post(&node, proof.clone()).await.assert_status(204);
    let events = company.events().await;
    post(&node, proof).await.assert_status(204);
    assert_eq!(company.events().await, events, "the same proof again is no second event");
    let state = state_of(&company, &node).await;
    assert!(state["revoked_at"].is_string() && state["wiped_at"].is_string(), "{state}");
    assert_eq!(state["unsent"], 0);
    let recorded: Vec<Value> = changes(&company, &node).await.iter().map(|change| change["change"].clone()).collect();
    assert_eq!(recorded, ["node_revoked", "node_wiped"]);
    let signals = company.get("/api/v1/security-events").await.assert_ok();
    assert_eq!(signals["events"], json!([]), "nothing was lost: {signals}");
}

#[tokio::test]
async fn point_4_records_that_are_lost_with_a_wiped_node_are_a_security_event() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    revoke(&company, &node).await;
    node.sell("s-1");
    node.sell("s-2");
    node.post(&server, "/api/v1/sync/wiped", json!(node.wipe_proof(2))).await.assert_status(204);
    assert_eq!(state_of(&company, &node).await["unsent"], 2);
    let signals = company.get("/api/v1/security-events?kind=RECORDS_DESTROYED").await.assert_ok();
    let [signal] = signals["events"].as_array().unwrap().as_slice() else { panic!("one: {signals}") };
    assert_eq!((&signal["node"], &signal["details"]["unsent"]), (&json!(node.node.uuid()), &json!(2)), "{signal}");
}

#[tokio::test]
async fn a_node_of_nobody_and_central_s_own_node_cannot_be_revoked() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let nodes = company.get("/api/v1/nodes").await.assert_ok();
    let central = nodes["nodes"][0]["id"].as_str().unwrap().to_owned();
    for node in [central.as_str(), "0199a8f0-0000-7000-8000-0000000000c1", "till-1"] {
        let answer = company.post(&format!("/api/v1/nodes/{node}/revoke"), json!({})).await.for_case(node);
        answer.assert_problem(404, "NOT_FOUND");
    }
    let till = company.node().await;
    let long = json!({ "reason": "x".repeat(501) });
    let answer = company.post(&format!("/api/v1/nodes/{}/revoke", till.node), long).await;
    answer.assert_problem(400, "MALFORMED_BODY").field("pointer", "/reason");
    till.post(&server, &format!("/api/v1/nodes/{}/revoke", till.node), json!({}))
        .await
        .assert_problem(403, "FORBIDDEN");
}
