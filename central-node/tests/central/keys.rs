//! The keys of shop servers: their form, rotation, last use, and the alarm when two nodes share one.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::Clock;
use comptoir_central::identity::{IdentityError, KeyRow, keys};
use comptoir_central::key_changes::{RotatedKey, create_key, revoke_key, rotate_key};
use comptoir_core::time::Timestamp;
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::security::{events_of, wait_for_events};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn key_id(key: &str) -> &str {
    key.split('_').nth(1).unwrap()
}

async fn row_of(company: &TestTenant<'_>, key: &str) -> KeyRow {
    let rows = keys(company.server.central.database(), company.tenant).await.unwrap();
    rows.into_iter().find(|row| row.key_id == key_id(key)).unwrap()
}

async fn rotate(company: &TestTenant<'_>, key: &str, overlap: Duration) -> Result<RotatedKey, IdentityError> {
    let (db, clock) = (company.server.central.database(), Clock::system());
    rotate_key(db, &clock, company.tenant, key_id(key), overlap).await
}

/// 7: the checksum is checked first. The database is gone, so a lookup would be answered with 503.
#[tokio::test]
async fn a_mistyped_key_is_refused_without_a_lookup() {
    let server = TestCentral::new().await;
    let node = server.company().await.node().await;
    let (cut, last) = node.key.split_at(node.key.len() - 1);
    let typed = format!("{cut}{}", if last == "0" { "1" } else { "0" });
    server.central.database().close();

    for typo in [typed.as_str(), cut] {
        let refused = server.get_as(typo, "/api/v1/sync/status").await;
        refused.assert_problem(401, "UNAUTHORIZED").detail_contains("key");
        assert!(!refused.body.to_string().contains(&typo[60..]), "the answer repeats no secret: {refused:?}");
    }
    server.get_as(&node.key, "/api/v1/sync/status").await.assert_status(503);
}

/// 7: without a gap.
#[tokio::test]
async fn a_rotated_key_and_its_successor_are_both_valid_for_a_while() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    let old = node.key.clone();

    let RotatedKey { new, .. } = rotate(&company, &old, WEEK).await.unwrap();

    node.sell("s-1");
    node.push_last(&server).await;
    node.key.clone_from(&new.text);
    node.sell("s-2");
    node.push_last(&server).await;
    let (old_row, new_row) = (row_of(&company, &old).await, row_of(&company, &new.text).await);
    assert_eq!(old_row.replaced_by.as_ref(), Some(&new.key_id));
    assert!(old_row.expires_at.is_some() && new_row.expires_at.is_none());
    assert_eq!((new_row.node, new_row.site), (Some(node.node), Some(company.site)), "for the same node and its site");

    let again = rotate(&company, &old, WEEK).await.unwrap_err();
    assert!(matches!(&again, IdentityError::KeyReplaced { replaced_by, .. } if *replaced_by == new.key_id), "{again}");
    let long = rotate(&company, &new.text, Duration::from_secs(91 * 86_400)).await.unwrap_err();
    assert!(matches!(long, IdentityError::LongOverlap { days: 91, max: 90 }), "{long}");
    let newest = rotate(&company, &new.text, Duration::ZERO).await.unwrap().new;
    node.try_push(&server, 1, 1).await.assert_problem(401, "UNAUTHORIZED");
    node.key = newest.text;
    node.push_all(&server).await;
}

/// 7, and every change of a key is in central's own log, without its secret.
#[tokio::test]
async fn creating_rotating_and_revoking_a_key_is_recorded() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    let (db, clock) = (server.central.database(), Clock::system());

    let made = create_key(db, &clock, company.tenant, Some(node.node), "till 2").await.unwrap();
    let rotated = rotate(&company, &made.text, WEEK).await.unwrap().new;
    revoke_key(db, &clock, company.tenant, &made.key_id).await.unwrap();

    let gone = revoke_key(db, &clock, company.tenant, &made.key_id).await.unwrap_err();
    assert!(matches!(gone, IdentityError::NoKey { .. }), "{gone}");
    assert!(matches!(rotate(&company, &made.text, WEEK).await.unwrap_err(), IdentityError::NoKey { .. }));
    let page =
        company.get(&format!("/api/v1/audit-entries?entity_type=KEY&entity_id={}", made.key_id)).await.assert_ok();
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["KEY_CREATED", "KEY_ROTATED", "KEY_REVOKED"]);
    assert_eq!(entries[0]["entry"]["node"], json!(node.node.uuid()));
    assert_eq!(entries[1]["entry"]["details"]["replaced_by"], json!(rotated.key_id));
    for secret in [&made.text, &rotated.text].map(|key| key.rsplit_once('_').unwrap().1) {
        assert!(!page.to_string().contains(&secret[..64]), "a secret is in the log");
    }
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 2 + 3);
    company.assert_gapless().await;
}

#[tokio::test]
async fn the_last_use_of_a_key_is_shown() {
    let server = TestCentral::at(Clock::new(|| Timestamp(NOON))).await;
    let company = server.company().await;
    let node = company.node().await;
    assert_eq!(row_of(&company, &node.key).await.last_used_at, None);

    node.get(&server, "/api/v1/sync/identity").await.assert_status(200);

    // It is stored after the answer.
    let mut row = row_of(&company, &node.key).await;
    while row.last_used_at.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        row = row_of(&company, &node.key).await;
    }
    assert_eq!(row.last_used_at, Some(Timestamp(NOON)));
}

async fn ask_as(node: &SealedLog, server: &TestCentral, process: Option<u128>) {
    let request = Request::get("/api/v1/sync/status").header(header::AUTHORIZATION, format!("Bearer {}", node.key));
    let request = match process {
        Some(process) => request.header("comptoir-process", Uuid::from_u128(process).to_string()),
        None => request,
    };
    server.request(request.body(Body::empty()).unwrap()).await.assert_status(200);
}

/// 7: an alarm when one key is used from two nodes.
#[tokio::test]
async fn two_processes_with_one_key_are_one_security_event_however_long_they_go_on() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (node, other) = (company.node().await, company.node().await);
    for process in [1, 1, 2, 2, 3] {
        ask_as(&other, &server, Some(process)).await;
    }

    for process in [1, 2, 1, 2, 1, 2] {
        ask_as(&node, &server, Some(process)).await;
    }

    let events = wait_for_events(&company, "KEY_USED_TWICE", 4).await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["subject"], json!({ "entity_type": "KEY", "entity_id": key_id(&node.key) }));
    assert_eq!(events[0]["node"], json!(node.node.uuid()), "the node that was only restarted is none");
    assert_eq!(events[0]["details"]["process"], json!(Uuid::from_u128(1)));
    assert_eq!(events[0]["details"]["other_process"], json!(Uuid::from_u128(2)));
}

/// 7: a thief calls with another program, which names no process.
#[tokio::test]
async fn another_program_with_a_nodes_key_is_noticed_by_the_nodes_next_request() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    ask_as(&node, &server, Some(1)).await;
    ask_as(&node, &server, None).await;
    assert_eq!(events_of(&company, "KEY_USED_TWICE").await.len(), 0);

    ask_as(&node, &server, Some(1)).await;

    let events = wait_for_events(&company, "KEY_USED_TWICE", 1).await;
    assert_eq!(events[0]["details"]["other_process"], "another program");
}

/// 7: pushes for another node id.
#[tokio::test]
async fn a_key_that_pushes_another_nodes_log_is_used_twice() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let (mut node, other) = (company.node().await, company.node().await);
    node.key = other.key.clone();

    for _ in 0..2 {
        node.try_push(&server, 1, 1).await.assert_problem(403, "WRONG_NODE");
    }

    let events = events_of(&company, "KEY_USED_TWICE").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["subject"]["entity_id"], key_id(&other.key));
    assert_eq!(events[0]["details"]["code"], "WRONG_NODE");
}
