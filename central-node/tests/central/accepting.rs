//! Accepted pushes: the first one, the same records again, overlapping parts.

use base64::Engine as _;
use comptoir_proto::sync_v1::signed_head_text;
use comptoir_test_support::events::Sale;
use comptoir_test_support::{TestCentral, verdicts};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::json;

#[tokio::test]
async fn a_push_is_answered_per_record_with_a_signed_head_that_verifies() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let sale = node.sell("s-1");
    let answer = node.push_all(&server).await;
    assert_eq!(verdicts(&answer), ["ACCEPTED", "ACCEPTED"]);
    assert_eq!(answer.results[1].event_id, sale.uuid());
    // Positions 1 and 2 are central's own first records.
    assert_eq!(answer.results.iter().map(|r| (r.seq, r.position)).collect::<Vec<_>>(), [(1, 3), (2, 4)]);
    assert_eq!(answer.results[1].flags, ["STOCK_SHORTAGE", "UNKNOWN_REFERENCE"]);
    assert_eq!(answer.head.seq, 2);
    assert_eq!(answer.head.chain.as_str(), node.chain.to_string().as_str());

    let text = signed_head_text(company.tenant.uuid(), node.node.uuid(), &answer.head, answer.incarnation);
    assert_eq!(answer.signed_head.text, text);
    let key: [u8; 32] = hex::decode(&answer.signed_head.public_key).unwrap().try_into().unwrap();
    assert_eq!(key, server.central.public_key());
    let signature = base64::engine::general_purpose::STANDARD.decode(&answer.signed_head.signature).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    VerifyingKey::from_bytes(&key).unwrap().verify_strict(text.as_bytes(), &signature).unwrap();
}

#[tokio::test]
async fn records_sent_again_whole_or_in_part_get_the_same_results() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    for sale in 0..6 {
        node.sell(&format!("s-{sale}"));
    }
    node.record("wrong", &Sale { total_minor: 511, ..Sale::default() });
    let first = node.push(&server, 1, 5).await;
    let whole = node.push(&server, 1, 5).await;
    assert_eq!(whole.results, first.results, "whole");
    let part = node.push(&server, 3, 4).await;
    assert_eq!(part.results, first.results[2..4], "in part");
    assert_eq!(part.head, first.head, "the head is the log's, not the push's");
    let overlapping = node.push(&server, 4, 8).await;
    assert_eq!(overlapping.results[..2], first.results[3..5], "what is known");
    assert_eq!(overlapping.results.len(), 5);
    let again = node.push_all(&server).await;
    assert_eq!(again.results[3..], overlapping.results, "what was new then is known now, quarantined or not");
    assert_eq!(again.results[7].code.as_deref(), Some("TOTAL_MISMATCH"));
    assert_eq!(company.events().await, 2 + 8);
    company.assert_gapless().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_pushes_of_one_batch_at_once_store_it_once_and_get_the_same_answer() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    for sale in 0..50 {
        node.sell(&format!("s-{sale}"));
    }
    let answers = futures_util::future::join_all((0..8).map(|_| node.push_all(&server))).await;
    for answer in &answers {
        assert_eq!(answer.results, answers[0].results);
        assert_eq!(answer.head, answers[0].head);
    }
    assert_eq!(company.events().await, 2 + 51);
    company.assert_gapless().await;
}

#[tokio::test]
async fn status_returns_the_head_that_central_holds_of_a_node() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let before = node.get(&server, "/api/v1/sync/status").await.assert_ok();
    assert_eq!(before["head"], json!(null));
    node.sell("s-1");
    node.push_all(&server).await;
    let after = node.get(&server, "/api/v1/sync/status").await.assert_ok();
    let head = json!({
        "epoch": { "number": 1, "id": node.epoch.id }, "seq": 2, "chain": node.chain.to_string(),
    });
    assert_eq!(after["head"], head);
    assert_eq!(after["incarnation"], json!(server.central.incarnation()));
}

#[tokio::test]
async fn an_event_is_returned_with_its_decision_and_the_log_in_pages() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let sale = node.sell("s-1");
    node.push_all(&server).await;
    let event = company.get(&format!("/api/v1/events/{sale}")).await.assert_ok();
    assert_eq!(event["action"], "SALE_RECORDED");
    assert_eq!(event["decision"]["verdict"], "ACCEPTED");
    let page = company.get("/api/v1/events?after=1&limit=2").await.assert_ok();
    let positions: Vec<_> = page["events"].as_array().unwrap().iter().map(|e| e["position"].clone()).collect();
    assert_eq!(positions, vec![json!(2), json!(3)]);
    assert_eq!(page["next"].clone(), json!("3"));
    let last = company.get("/api/v1/events?after=3&limit=2").await.assert_ok();
    let end = company.get("/api/v1/events?last=1").await.assert_ok();
    assert_eq!(end["events"], json!([last["events"][0]]));
    assert_eq!(end["next"], last["next"]);
    assert_eq!(last["events"].as_array().unwrap().len(), 1);
    assert_eq!(last["next"], "4");
    assert_eq!(last["more"], false);
    for wrong in ["limit=0", "last=9223372036854775808", "after=9223372036854775808"] {
        company.get(&format!("/api/v1/events?{wrong}")).await.for_case(wrong).assert_problem(400, "INVALID_PARAMETER");
    }
}
