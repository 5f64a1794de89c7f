//! The answers of a node whose log takes no records.

use std::sync::atomic::Ordering;

use comptoir_core::position::Seq;
use comptoir_proto::bundle_v1::{BundleReader, Frame};
use serde_json::json;

use super::shop::DISK_HANGS;
use super::{Shop, sale};
use crate::event_log::memory::Faults;

#[tokio::test]
async fn a_full_queue_is_answered_at_once_with_retry_after() {
    let shop = Shop::with_queue(1).await;
    shop.gate.close();
    let first = {
        let router = shop.router.clone();
        let request = axum::http::Request::builder()
            .method("POST")
            .uri("/api/v1/events")
            .header("content-type", "application/json")
            .header("authorization", shop.bearer())
            .body(axum::body::Body::from(sale(1).to_string()))
            .unwrap();
        tokio::spawn(tower::ServiceExt::oneshot(router, request))
    };
    // The writer holds the first, the second takes the queue's one slot, and there is no slot for the third.
    shop.gate.held.notified().await;
    let third = async {
        let refused = shop.post(&sale(3)).await;
        shop.gate.open();
        refused
    };
    let second = sale(2);
    let (taken, refused) = tokio::join!(biased; shop.post(&second), third);
    refused.problem(503, "QUEUE_FULL");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!((first.await.unwrap().unwrap().status().as_u16(), taken.status), (200, 200));
    assert_eq!(shop.node.log().head().marks.durable, Seq(3), "the refused one was not written");
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_refuses_events_and_serves_reads() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    shop.free_bytes.store(1 << 20, Ordering::Relaxed);
    let problem = shop.post(&sale(2)).await.problem(507, "INSUFFICIENT_STORAGE");
    assert_eq!(problem["free_bytes"], 1 << 20);
    shop.get("/readyz").await.problem(507, "INSUFFICIENT_STORAGE");
    assert_eq!(shop.get("/api/v1/events").await.json()["events"].as_array().unwrap().len(), 3);
    assert_eq!(shop.get("/api/v1/status").await.json()["log"]["disk_low"], true);
    let line = format!("{}\n", sale(3));
    let refused = shop.send("POST", "/api/v1/events", "application/x-ndjson", line).await;
    assert_eq!(refused.json()["problem"]["code"], "INSUFFICIENT_STORAGE");
    // It takes events again without a restart.
    shop.free_bytes.store(900 << 30, Ordering::Relaxed);
    shop.sell(2..4).await;
    assert_eq!(shop.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_hold_readyz_up() {
    let shop = Shop::open().await;
    shop.free_bytes.store(DISK_HANGS, Ordering::Relaxed);
    let silent = shop.get("/readyz").await;
    // Whatever was answered, the thread that queries the disk must end.
    shop.free_bytes.store(900 << 30, Ordering::Relaxed);
    silent.problem(503, "STORE_NOT_ANSWERING");
    assert_eq!(shop.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn after_a_failed_flush_nobody_hears_ok_and_the_state_is_loud() {
    let shop = Shop::open().await;
    shop.sell(0..1).await;
    shop.disk.set_faults(Faults { flushes_fail: true, ..Faults::default() });
    shop.post(&sale(1)).await.problem(503, "LOG_READ_ONLY");
    shop.disk.set_faults(Faults::default());
    shop.post(&json!([sale(2)])).await.problem(503, "LOG_READ_ONLY");
    let stream = shop.send("POST", "/api/v1/events", "application/x-ndjson", format!("{}\n", sale(3))).await;
    assert_eq!(stream.json()["problem"]["code"], "LOG_READ_ONLY");
    shop.get("/readyz").await.problem(503, "LOG_READ_ONLY");
    assert_eq!(shop.get("/healthz").await.status, 200, "the process lives, and reads go on");
    assert_eq!(shop.get("/api/v1/status").await.json()["log"]["state"], "failed");
    assert_eq!(shop.get("/api/v1/queue").await.json()["pending"], 1);
}

/// Removes the pages of some records; each page has one of them.
fn lose(shop: &Shop, seqs: std::ops::RangeInclusive<u64>) {
    shop.disk.tamper(|rows| {
        for seq in seqs {
            let key = rows.keys().find(|key| key[0] == 3 && key[5..13] == seq.to_be_bytes()).cloned().unwrap();
            rows.remove(&key);
        }
    });
}

/// A node that had lost a third of its log called itself ready, exported the rest as if it were complete, and answered 404 for
/// events that it had acknowledged.
#[tokio::test]
async fn a_log_names_lost_records_and_never_exports_the_rest_as_whole() {
    let shop = Shop::open().await;
    shop.sell(0..30).await;
    lose(&shop, 20..=24);
    // The damage is not known yet. An export sees a broken body, and from then on the log knows.
    let router = shop.router.clone();
    let request = axum::http::Request::get("/api/v1/events/export").header("authorization", shop.bearer());
    let request = request.body(axum::body::Body::empty()).unwrap();
    let export = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(export.status().as_u16(), 200);
    assert!(axum::body::to_bytes(export.into_body(), usize::MAX).await.is_err(), "the body breaks off");

    let missing = json!({"epoch": 1, "first": 20, "last": 24});
    let status = shop.get("/api/v1/status").await.json();
    assert_eq!((&status["log"]["state"], &status["log"]["missing"]), (&json!("damaged"), &missing));
    let not_ready = shop.get("/readyz").await.problem(503, "LOG_READ_ONLY");
    assert_eq!((&not_ready["missing_first"], &not_ready["missing_last"]), (&json!(20), &json!(24)));
    shop.post(&sale(40)).await.problem(503, "LOG_READ_ONLY");
    let refused = shop.get("/api/v1/events/export").await.problem(503, "LOG_DAMAGED");
    assert_eq!((&refused["missing_first"], &refused["missing_last"]), (&json!(20), &json!(24)));

    // The readable part is exported on request and names the head that it does not reach.
    let rescued = shop.get("/api/v1/events/export?incomplete=true").await;
    let mut bundle = BundleReader::open(rescued.body.as_slice()).unwrap();
    let (mut records, mut head) = (0, None);
    while let Some((_, frame)) = bundle.next_frame().unwrap() {
        match frame {
            Frame::Record { .. } => records += 1,
            Frame::Head(named) => head = Some(named.seq),
            Frame::Epoch(_) | Frame::Answer(_) | Frame::Entry(_) => {}
        }
    }
    assert_eq!((records, head), (19, Some(Seq(31))));
    shop.get("/api/v1/events/export?incomplete=perhaps").await.problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_damaged_log_does_not_say_that_an_event_was_never_there() {
    let shop = Shop::open().await;
    shop.sell(0..9).await;
    let event = |number: u64| format!("/api/v1/events/{}", super::shop::id(number));
    shop.get(&event(20)).await.problem(404, "NOT_FOUND");
    lose(&shop, 5..=5);
    shop.get(&event(3)).await.problem(503, "LOG_DAMAGED");
    shop.get(&event(20)).await.problem(503, "LOG_DAMAGED");
    assert_eq!(shop.get(&event(1)).await.status, 200, "what is there is read");
}

#[tokio::test]
async fn a_node_that_is_shut_down_takes_nothing_more() {
    let shop = Shop::open().await;
    shop.sell(0..1).await;
    shop.node.shutdown().await;
    shop.post(&sale(1)).await.problem(503, "LOG_READ_ONLY");
    shop.node.shutdown().await;
}

#[tokio::test]
async fn a_list_that_does_not_fit_one_batch_of_the_log_is_too_large() {
    let shop = Shop::open().await;
    let drafts: Vec<_> = (0..100)
        .map(|number| {
            json!({
                "id": super::shop::id(number), "entity_type": "NOTE", "entity_id": number.to_string(),
                "action": "CREATE", "payload": {"text": "x".repeat(12_000)},
            })
        })
        .collect();
    shop.post(&json!(drafts)).await.problem(413, "TOO_LARGE");
    assert_eq!(shop.node.log().head().marks.durable, Seq(1));
    // The same drafts as a stream have no such limit.
    let lines: String = drafts.iter().map(|draft| format!("{draft}\n")).collect();
    let stream = shop.send("POST", "/api/v1/events", "application/x-ndjson", lines).await;
    assert_eq!(stream.text().lines().count(), 100);
    assert_eq!(shop.node.log().head().marks.durable, Seq(101));
}

#[tokio::test]
async fn a_payload_is_kept_as_it_was_written() {
    let shop = Shop::open().await;
    let payload =
        r#"{ "total_minor":510,"currency":"GBP",  "lines":[{"unit_price":"2.55","quantity":"2","product":"A"}] }"#;
    let names = r#""entity_type":"SALE","entity_id":"1","action":"SALE_RECORDED""#;
    let draft = format!(r#"{{"id":"{}",{names},"payload": {payload} }}"#, super::shop::id(1));
    let reply = shop.send("POST", "/api/v1/events", "application/json", draft).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let sealed = shop.node.log().read(1, Seq(2), 1, usize::MAX).unwrap();
    let event = comptoir_proto::stored_v1::decode(&sealed[0].record).unwrap();
    assert_eq!(String::from_utf8(event.content.payload).unwrap(), payload);
}
