//! Reading a node: its log in pages, one event, its queue, its state, its export.

use comptoir_core::position::Seq;
use comptoir_proto::api_v1::EventPage;
use comptoir_proto::bundle_v1::{BundleReader, Frame};
use comptoir_proto::sync_v1::RecordResult;
use serde_json::{Value, json};

use super::shop::id;
use super::{Reply, Shop};

fn result(seq: u64, verdict: &str) -> RecordResult {
    RecordResult {
        event_id: uuid::Uuid::from_u128(u128::from(seq)),
        seq,
        verdict: verdict.to_owned(),
        code: None,
        flags: Vec::new(),
        position: seq + 100,
        reference: None,
        resolution: None,
        detail: None,
        attestation: None,
    }
}

/// Central's answers for seqs 1 to 3.
async fn decide(shop: &Shop) {
    let verdicts = ["ACCEPTED", "CONFLICT", "ACCEPTED"];
    let stored =
        verdicts.iter().zip(1..).map(|(verdict, seq)| (Seq(seq), serde_json::to_vec(&result(seq, verdict)).unwrap()));
    shop.node.log().store_decisions(1, Seq(3), stored.collect()).await.unwrap();
}

#[tokio::test]
async fn the_log_reads_in_pages_and_each_event_carries_its_decision() {
    let shop = Shop::open().await;
    shop.sell(0..7).await;
    decide(&shop).await;
    let (mut after, mut seqs, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page: EventPage =
            serde_json::from_value(shop.get(&format!("/api/v1/events?limit=3{after}")).await.json()).unwrap();
        seqs.extend(page.events.iter().map(|event| (event.seq, event.decision.as_ref().map(|one| one.position))));
        after = format!("&after={}", page.next);
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seqs[..4], [(1, Some(101)), (2, Some(102)), (3, Some(103)), (4, None)]);
    assert_eq!(seqs.len(), 8);
    // A reader at the end polls with the same cursor.
    let empty: EventPage =
        serde_json::from_value(shop.get(&format!("/api/v1/events?{}", &after[1..])).await.json()).unwrap();
    assert_eq!((empty.events.len(), empty.more, format!("&after={}", empty.next)), (0, false, after.clone()));
    shop.sell(7..8).await;
    let next: EventPage =
        serde_json::from_value(shop.get(&format!("/api/v1/events?{}", &after[1..])).await.json()).unwrap();
    assert_eq!(next.events[0].id, id(7));
}

#[tokio::test]
async fn pages_go_on_from_one_epoch_into_the_next() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    shop.node.log().open_epoch_and_reseal(None, "a test").await.unwrap();
    let page: EventPage = serde_json::from_value(shop.get("/api/v1/events?after=1.2&limit=2").await.json()).unwrap();
    let places: Vec<_> = page.events.iter().map(|event| (event.epoch, event.seq)).collect();
    assert_eq!((places, page.next.as_str(), page.more), (vec![(1, 3), (2, 1)], "2.1", true));
}

/// A reader of the log would take it for one that waits forever.
#[tokio::test]
async fn what_was_sealed_again_is_shown_as_far_as_it_came_there() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    shop.node.log().open_epoch_and_reseal(None, "a test").await.unwrap();
    let statuses = async || {
        let page = shop.get("/api/v1/events?after=1.1&limit=2").await.json();
        let events = page["events"].as_array().unwrap().clone();
        events.into_iter().map(|event| (event["epoch"].clone(), event["status"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, [(json!(1), json!("PENDING")), (json!(1), json!("PENDING"))]);
    let verdicts = ["ACCEPTED", "ACCEPTED", "REJECTED"];
    let stored =
        verdicts.iter().zip(1..).map(|(verdict, seq)| (Seq(seq), serde_json::to_vec(&result(seq, verdict)).unwrap()));
    shop.node.log().store_decisions(2, Seq(3), stored.collect()).await.unwrap();
    assert_eq!(statuses().await, [(json!(1), json!("ACKED")), (json!(1), json!("FAILED"))]);
}

#[tokio::test]
async fn one_event_is_found_by_its_id() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    let undecided = shop.get(&format!("/api/v1/events/{}", id(0))).await.json();
    assert_eq!((&undecided["seq"], &undecided["decision"]), (&json!(2), &Value::Null));
    decide(&shop).await;
    let decided = shop.get(&format!("/api/v1/events/{}", id(0))).await.json();
    assert_eq!(decided["decision"]["verdict"], "CONFLICT");
    assert_eq!((&undecided["is_synced"], &decided["is_synced"]), (&json!(false), &json!(true)));
    assert_eq!(decided["last_sync_at"], Value::Null, "it came before this was noted");
    shop.get("/api/v1/events/0199aaaa-0000-7000-8000-000000000000").await.problem(404, "NOT_FOUND");
    shop.get("/api/v1/events/%FF").await.problem(400, "INVALID_PARAMETER");
    shop.get("/api/v1/events/first").await.problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn the_queue_says_how_many_wait_and_since_when() {
    let shop = Shop::open().await;
    let queue = async || shop.get("/api/v1/queue").await.json();
    // An epoch's first record is not counted.
    assert_eq!(
        queue().await,
        json!({"pending": 0, "oldest_age_seconds": null, "to_review": 0, "last_success_at": null})
    );
    shop.sell(0..1).await;
    shop.later(90);
    shop.sell(1..3).await;
    shop.later(10);
    let waiting = queue().await;
    assert_eq!((&waiting["pending"], &waiting["oldest_age_seconds"]), (&json!(3), &json!(100)));
    // A clock that is set back gives no negative age.
    shop.later(-86_400);
    assert_eq!(queue().await["oldest_age_seconds"], 0);
}

#[tokio::test]
async fn the_status_names_the_node_and_its_state() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    let status = shop.get("/api/v1/status").await.json();
    assert_eq!(status["node"], "03030303-0303-0303-0303-030303030303");
    let log = &status["log"];
    assert_eq!((&log["state"], &log["durable"], &log["acked"]), (&json!("open"), &json!(3), &json!(0)));
    assert_eq!((&log["epoch"]["number"], &log["boot"]), (&json!(1), &json!(1)));
    assert_eq!((&status["sync"]["enabled"], &status["sync"]["phase"]), (&json!(false), &json!("disabled")));
}

#[tokio::test]
async fn the_export_is_a_whole_bundle_with_every_record_and_decision() {
    let shop = Shop::open().await;
    shop.sell(0..5).await;
    decide(&shop).await;
    shop.node.log().open_epoch_and_reseal(None, "a test").await.unwrap();
    let export: Reply = shop.get("/api/v1/events/export").await;
    assert_eq!(
        (export.status, export.headers["content-type"].to_str().unwrap()),
        (200, "application/vnd.comptoir.bundle")
    );
    let mut bundle = BundleReader::open(export.body.as_slice()).unwrap();
    let (mut epochs, mut records, mut answers, mut heads) = (0, 0, 0, Vec::new());
    while let Some((_, frame)) = bundle.next_frame().unwrap() {
        match frame {
            Frame::Epoch(_) => epochs += 1,
            Frame::Head(head) => heads.push(head.seq),
            Frame::Record { .. } => records += 1,
            Frame::Answer(answer) => {
                let answer: RecordResult = serde_json::from_slice(answer).unwrap();
                assert_eq!(answer.seq, records);
                answers += 1;
            }
            Frame::Entry(_) => panic!("a node's bundle has no central entries"),
        }
    }
    // Six records, and the three unacknowledged ones again after the new epoch's first.
    assert_eq!((epochs, records, answers), (2, 6 + 4, 3));
    assert_eq!(heads, [Seq(6), Seq(4)], "it names where each epoch ends");
}

#[tokio::test]
async fn the_last_events_are_read_without_those_before_them() {
    let shop = Shop::open().await;
    shop.sell(0..9).await;
    let seqs = async |query: &str| {
        let page = shop.get(&format!("/api/v1/events?{query}")).await.json();
        let seqs: Vec<_> = page["events"].as_array().unwrap().iter().map(|event| event["seq"].clone()).collect();
        (seqs, page["next"].clone())
    };
    assert_eq!(seqs("last=2").await, (vec![json!(9), json!(10)], json!("1.10")));
    assert_eq!(seqs("last=0").await, (Vec::new(), json!("1.10")));
    assert_eq!(seqs("last=99").await.0.len(), 10);
    assert_eq!(seqs("last=2&after=1.8&limit=1").await, (vec![json!(9)], json!("1.9")), "a cursor says more");
    shop.node.log().open_epoch_and_reseal(None, "a test").await.unwrap();
    let over_the_epoch = seqs("last=12").await;
    assert_eq!((over_the_epoch.0[0].clone(), over_the_epoch.1), (json!(9), json!("2.10")));
    shop.get("/api/v1/events?last=many").await.problem(400, "INVALID_PARAMETER");
    shop.get("/api/v1/events?last=9223372036854775808").await.problem(400, "INVALID_PARAMETER");
}
