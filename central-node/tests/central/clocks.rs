//! Clocks that are wrong win nothing and lose nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::StatusCode;
use comptoir_central::Clock;
use comptoir_core::event::TimeSource;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant};
use serde_json::json;

const MINUTE: i64 = 60_000_000;
const YEAR: i64 = 365 * 24 * 60 * MINUTE;

/// An edit of the one client, as its writer's clock stamped it.
fn edit(node: &mut SealedLog, name: &str, stamped: i64, source: TimeSource) {
    let mut event = node.event("CLIENT", "c-1", "CREATE", &json!({ "name": name }));
    (event.occurred_at, event.time_source) = (Timestamp(stamped), source);
    node.seal_event(event);
}

/// Pushes everything; the node's clock shows `node_time`.
async fn push(scene: &TestCentral, node: &SealedLog, node_time: i64) {
    let mut request = node.request(1, node.seq.0);
    request.node_time = instant::format(Timestamp(node_time));
    let (status, body) = node.send(scene, &request).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

async fn name(scene: &TestCentral, company: &TestTenant<'_>) -> String {
    let sql = "select fields->>'name' from entity where tenant_id = $1 and entity_type = 'CLIENT'";
    scene.admin().await.query_one(sql, &[&company.tenant.uuid()]).await.unwrap().get(0)
}

async fn scene() -> (Arc<AtomicI64>, TestCentral) {
    let clock = Arc::new(AtomicI64::new(NOON));
    let at = Arc::clone(&clock);
    (clock, TestCentral::at(Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))).await)
}

#[tokio::test]
async fn a_node_a_year_ahead_wins_nothing_by_it_whoever_stamped_the_time() {
    for (source, shows) in
        [(TimeSource::Node, NOON + YEAR), (TimeSource::Caller, NOON + YEAR), (TimeSource::Caller, NOON)]
    {
        let (clock, scene) = scene().await;
        let company = scene.company().await;
        let (mut ahead, mut honest) = (company.node().await, company.node().await);
        edit(&mut ahead, "a year ahead", NOON + YEAR, source);
        push(&scene, &ahead, shows).await;
        // Ten minutes later somebody else corrects it.
        clock.store(NOON + 10 * MINUTE, Ordering::SeqCst);
        edit(&mut honest, "corrected", NOON + 10 * MINUTE, TimeSource::Node);
        push(&scene, &honest, NOON + 10 * MINUTE).await;
        assert_eq!(name(&scene, &company).await, "corrected", "{source:?}, its clock shows {shows}");
    }
}

#[tokio::test]
async fn a_node_ten_minutes_behind_loses_nothing_by_it() {
    let (_, scene) = scene().await;
    let company = scene.company().await;
    let (mut behind, mut honest) = (company.node().await, company.node().await);
    edit(&mut honest, "first", NOON - 20 * MINUTE, TimeSource::Node);
    // Made fifteen minutes ago, and stamped as twenty-five.
    edit(&mut behind, "second", NOON - 25 * MINUTE, TimeSource::Node);
    push(&scene, &honest, NOON).await;
    push(&scene, &behind, NOON - 10 * MINUTE).await;
    assert_eq!(name(&scene, &company).await, "second");
}
