//! A wrong clock gains nothing and loses nothing under last-writer-wins.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use comptoir_central::Clock;
use comptoir_core::event::TimeSource;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::sync_v1::PushRequest;
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant};
use serde_json::json;

const MINUTE: i64 = 60_000_000;
const YEAR: i64 = 365 * 24 * 60 * MINUTE;

/// Seals an edit of client c-1 with this timestamp.
fn edit(node: &mut SealedLog, name: &str, stamped: i64, source: TimeSource) {
    let mut event = node.event("CLIENT", "c-1", "CREATE", &json!({ "name": name }));
    (event.occurred_at, event.time_source) = (Timestamp(stamped), source);
    node.seal_event(event);
}

/// Pushes everything; the node's clock shows `node_time`.
async fn push(server: &TestCentral, node: &SealedLog, node_time: i64) {
    let request = PushRequest { node_time: instant::format(Timestamp(node_time)), ..node.request(1, node.seq.0) };
    node.send_push(server, &request).await.assert_ok();
}

async fn name(server: &TestCentral, company: &TestTenant<'_>) -> String {
    let sql = "select fields->>'name' from entity where tenant_id = $1 and entity_type = 'CLIENT'";
    server.admin().await.query_one(sql, &[&company.tenant.uuid()]).await.unwrap().get(0)
}

async fn server() -> (Arc<AtomicI64>, TestCentral) {
    let clock = Arc::new(AtomicI64::new(NOON));
    let at = Arc::clone(&clock);
    (clock, TestCentral::at(Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))).await)
}

#[tokio::test]
async fn a_node_a_year_ahead_gains_nothing_from_its_stamps() {
    for (source, shows) in
        [(TimeSource::Node, NOON + YEAR), (TimeSource::Caller, NOON + YEAR), (TimeSource::Caller, NOON)]
    {
        let (clock, server) = server().await;
        let company = server.company().await;
        let (mut ahead, mut honest) = (company.node().await, company.node().await);
        edit(&mut ahead, "a year ahead", NOON + YEAR, source);
        push(&server, &ahead, shows).await;
        // Ten minutes later another node corrects it.
        clock.store(NOON + 10 * MINUTE, Ordering::SeqCst);
        edit(&mut honest, "corrected", NOON + 10 * MINUTE, TimeSource::Node);
        push(&server, &honest, NOON + 10 * MINUTE).await;
        assert_eq!(name(&server, &company).await, "corrected", "{source:?}, its clock shows {shows}");
    }
}

#[tokio::test]
async fn a_node_ten_minutes_behind_loses_no_edit() {
    let (_, server) = server().await;
    let company = server.company().await;
    let (mut behind, mut honest) = (company.node().await, company.node().await);
    edit(&mut honest, "first", NOON - 20 * MINUTE, TimeSource::Node);
    // Made fifteen minutes ago, stamped twenty-five minutes ago.
    edit(&mut behind, "second", NOON - 25 * MINUTE, TimeSource::Node);
    push(&server, &honest, NOON).await;
    push(&server, &behind, NOON - 10 * MINUTE).await;
    assert_eq!(name(&server, &company).await, "second");
}
