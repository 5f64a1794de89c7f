//! Point 9: certificates of nodes are recorded, and a revoked key gets none.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use comptoir_central::certificates::{Authority, allow_name};
use comptoir_central::key_changes::{revoke_key, rotate_key};
use comptoir_central::{CentralConfig, Clock};
use comptoir_core::time::Timestamp;
use comptoir_proto::{instant, openapi};
use comptoir_test_support::{Response, SealedLog, TestCentral, TestTenant, temp_folder};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

const DAY: i64 = 86_400_000_000;

/// Central with a certificate authority, by a clock that the test moves.
async fn central() -> (TestCentral, Arc<AtomicI64>) {
    let folder = temp_folder();
    let at = Arc::new(AtomicI64::new(1_800_000_000_000_000));
    let read = Arc::clone(&at);
    let clock = Clock::new(move || Timestamp(read.load(Ordering::SeqCst)));
    Authority::create(&CentralConfig::ca_folder_in(folder.path()), "Test", clock.now()).unwrap();
    let config = CentralConfig { clock, ..TestCentral::config(folder.path()) };
    (TestCentral::start(config, folder).await, at)
}

async fn ask(server: &TestCentral, node: &SealedLog) -> Response {
    let path = format!("/api/v1/nodes/{}/certificate", node.node);
    server.post_as(&node.key, &path, openapi::examples::node_certificate().to_string()).await
}

async fn recorded(company: &TestTenant<'_>) -> Vec<Value> {
    let log = company.get("/api/v1/events?limit=1000").await.assert_ok();
    let events = log["events"].as_array().unwrap().iter();
    events.filter(|event| event["entity_type"] == "CERTIFICATE").cloned().collect()
}

#[tokio::test]
async fn an_issued_certificate_is_an_event_with_its_serial_its_node_its_names_and_its_end() {
    let (server, at) = central().await;
    let company = server.company().await;
    let node = company.node().await;
    allow_name(server.central.database(), company.tenant, company.site, "rivoli.local").await.unwrap();
    let issued = ask(&server, &node).await.assert_ok();

    let (_, pem) = x509_parser::pem::parse_x509_pem(issued["certificate"].as_str().unwrap().as_bytes()).unwrap();
    let (_, certificate) = X509Certificate::from_der(&pem.contents).unwrap();
    let events = recorded(&company).await;
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    assert_eq!(event["action"], "IDENTITY_CHANGED");
    assert_eq!(event["entity_id"], hex::encode(certificate.raw_serial()));
    let until = instant::format(Timestamp(at.load(Ordering::SeqCst) + 90 * DAY));
    assert_eq!(
        event["payload"],
        json!({
            "change": "certificate_issued", "by": node.key.split('_').nth(1).unwrap(), "node": node.node.uuid(),
            "names": ["localhost", "127.0.0.1", "::1", "rivoli.local"], "until": until,
        })
    );
    assert_eq!(issued["not_after"], until);
    company.assert_gapless().await;
}

/// A certificate is revoked by its end: none follows it.
#[tokio::test]
async fn a_revoked_key_and_a_rotated_one_after_its_end_get_no_new_certificate() {
    let (server, _) = central().await;
    let company = server.company().await;
    let (db, clock) = (server.central.database(), Clock::system());
    let (revoked, rotated) = (company.node().await, company.node().await);
    let key_id = |node: &SealedLog| node.key.split('_').nth(1).unwrap().to_owned();
    ask(&server, &revoked).await.assert_ok();
    revoke_key(db, &clock, company.tenant, &key_id(&revoked)).await.unwrap();
    rotate_key(db, &clock, company.tenant, &key_id(&rotated), std::time::Duration::ZERO).await.unwrap();
    for node in [&revoked, &rotated] {
        ask(&server, node).await.assert_problem(401, "UNAUTHORIZED");
    }
    assert_eq!(recorded(&company).await.len(), 1);
}
