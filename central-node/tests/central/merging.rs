//! Pushes that arrive at once, and order under many writers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use comptoir_core::event::{Event, TimeSource};
use comptoir_core::id::NodeId;
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::{SealedLog, TestCentral, verdicts};
use serde_json::json;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_pushes_of_many_nodes_are_each_answered_in_full() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut nodes = Vec::new();
    for number in 0..12 {
        let mut node = company.node().await;
        node.sell_many(20, |sale| format!("n{number}-{sale}"));
        nodes.push(node);
    }
    // One of them leaves a gap: the others are accepted.
    let gap = nodes.pop().unwrap();
    let gap_request = gap.request(5, 9);
    let pushes = nodes.iter().map(|node| node.push_all(&server));
    let (answers, refused) = tokio::join!(futures_util::future::join_all(pushes), gap.send_push(&server, &gap_request));
    refused.assert_problem(409, "SEQ_GAP");
    for (node, answer) in nodes.iter().zip(&answers) {
        assert_eq!(verdicts(answer), vec!["ACCEPTED"; 21]);
        assert_eq!(answer.head.chain, node.chain.to_string());
        let positions: Vec<u64> = answer.results.iter().map(|result| result.position).collect();
        assert!(positions.is_sorted(), "a node's own order is kept");
    }
    let merged = company.count("select count(distinct xmin::text) from event where tenant_id = $1").await;
    let batches = company.count("select count(*) from ingest_batch where tenant_id = $1").await;
    assert_eq!(batches, 1 + 11, "one row per push");
    assert!(merged <= batches, "{merged} transactions for {batches} pushes");
    company.assert_gapless().await;
}

/// The reader polls as fast as it can and remembers the highest position: with late commits it would skip some.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_resumes_at_a_position_never_skips_one_under_eight_writers() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut nodes = Vec::new();
    for number in 0..8 {
        let mut node = company.node().await;
        node.sell_many(60, |sale| format!("n{number}-{sale}"));
        nodes.push(node);
    }
    let done = Arc::new(AtomicBool::new(false));
    let reader = server.admin().await;
    let (tenant, ended) = (company.tenant.uuid(), Arc::clone(&done));
    let reading = tokio::spawn(async move {
        let mut seen: Vec<(i64, Uuid, i64)> = Vec::new();
        loop {
            let last = ended.load(Ordering::SeqCst);
            let after = seen.last().map_or(0, |row| row.0);
            let sql = "select position, node_id, node_seq from event where tenant_id = $1 and position > $2 order by position";
            let rows = reader.query(sql, &[&tenant, &after]).await.unwrap();
            seen.extend(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))));
            if last {
                return seen;
            }
        }
    });
    let write = |node: SealedLog| {
        let server = &server;
        async move {
            for from in (1..=node.seq.0).step_by(3) {
                node.push(server, from, (from + 2).min(node.seq.0)).await;
            }
        }
    };
    futures_util::future::join_all(nodes.into_iter().map(write)).await;
    done.store(true, Ordering::SeqCst);
    let seen = reading.await.unwrap();
    let positions: Vec<i64> = seen.iter().map(|row| row.0).collect();
    assert_eq!(positions, (1..=2 + 8 * 61).collect::<Vec<i64>>(), "seen once each, in order, without a hole");
    let mut last: BTreeMap<NodeId, i64> = BTreeMap::new();
    for (_, node, seq) in seen {
        let before = last.insert(NodeId::new(node), seq).unwrap_or(0);
        assert_eq!(seq, before + 1, "each node's order is kept");
    }
}

/// O2: a shop's request went to central directly while its node's sync was off, and the node had recorded it as well. Both
/// servers stamped it.
#[tokio::test]
async fn one_request_at_central_and_at_the_node_is_one_fact() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    let sale = Sale::default();
    for (time_source, expected) in [(TimeSource::Node, "DUPLICATE"), (TimeSource::Caller, "REJECTED EVENT_ID_REUSED")] {
        let event = node.event("SALE", "s-1", sale.action(), &sale.payload());
        let draft = json!({ "id": event.id.uuid(), "entity_type": "SALE", "entity_id": "s-1", "action": sale.action(),
                            "user": "u-1", "payload": sale.payload() });
        node.post(&scene, "/api/v1/events", draft.to_string()).await.assert_ok();
        node.seal_event(Event { time_source, ..event });
        let answer = node.push_all(&scene).await;
        assert_eq!(verdicts(&answer).last().map(String::as_str), Some(expected));
    }
}
