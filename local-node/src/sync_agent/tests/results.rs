//! Answers that are partial, wrong, or refuse one event among many.

use comptoir_core::position::Seq;
use comptoir_proto::instant;
use comptoir_proto::stored_v1::unreadable_event_id;
use comptoir_proto::sync_v1::{PushResponse, StoredResult, parse_chain};
use uuid::Uuid;

use super::central::Fault;
use super::{Phase, Shop, id};
use crate::event_log::memory::Faults;

#[tokio::test(start_paused = true)]
async fn one_poisoned_event_is_quarantined_and_the_others_pass() {
    let mut shop = Shop::new();
    shop.sell(0..2_000).await;
    shop.central.quarantines(id(777));
    shop.start().acked(2_001).await;
    let verdicts: Vec<_> = (1..=2_001).map(|seq| shop.decision(seq).unwrap().verdict).collect();
    assert_eq!(verdicts.iter().filter(|verdict| *verdict == "ACCEPTED").count(), 2_000);
    let poisoned = shop.decision(779).unwrap();
    assert_eq!((poisoned.event_id, poisoned.verdict.as_str()), (id(777).uuid(), "QUARANTINED"));
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.needs_person.events, 1);
}

/// What is synced is known per record, and since when.
#[tokio::test(start_paused = true)]
async fn each_result_is_kept_with_when_it_came() {
    let mut shop = Shop::new();
    shop.sell(0..1).await;
    shop.start().acked(2).await;
    for seq in 1..=2 {
        let stored = shop.log.decision(1, Seq(seq)).unwrap().unwrap();
        let stored: StoredResult = serde_json::from_slice(&stored).unwrap();
        assert_eq!(stored.last_sync_at, Some(instant::format(shop.log.now())), "by the node's clock");
        assert_eq!((stored.result.seq, stored.result.verdict.as_str()), (seq, "ACCEPTED"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_was_taken_in_part_goes_on_after_that_part() {
    let mut shop = Shop::new();
    shop.sell(0..9).await;
    shop.central.will([Fault::Partly(4), Fault::Partly(1)]);
    shop.start().acked(10).await;
    assert_eq!(shop.central.pushes(), [(1, 10), (5, 6), (6, 5)]);
    assert_eq!(shop.central.events().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_speak_of_what_was_sent_is_no_answer() {
    let lies: [fn(&mut PushResponse); 7] = [
        |answer| answer.results.clear(),
        |answer| answer.results.push(answer.results[0].clone()),
        |answer| answer.results.swap(1, 2),
        |answer| answer.results[2].event_id = Uuid::from_u128(5),
        |answer| answer.head.chain = "00".repeat(32),
        |answer| answer.head.seq = 1,
        |answer| answer.head.epoch.number = 0,
    ];
    for lie in lies {
        let mut shop = Shop::new();
        shop.sell(0..3).await;
        shop.central.will([Fault::Lie(lie)]);
        shop.start().until_alert("UNEXPECTED_RESPONSE").await;
        assert_eq!(shop.log.head().marks.acked.0, 0, "nothing of it counts");
        shop.acked(4).await;
        assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_central_cannot_read_is_named_by_its_chain_and_blocks_nothing() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.central.will([Fault::Lie(|answer| {
        let chain = parse_chain(&answer.head.chain).unwrap();
        let last = answer.results.last_mut().unwrap();
        last.event_id = unreadable_event_id(chain).uuid();
        (last.verdict, last.code) = ("QUARANTINED".to_owned(), Some("UNDECODABLE".to_owned()));
    })]);
    shop.start().acked(4).await;
    assert_eq!(shop.decision(4).unwrap().code.as_deref(), Some("UNDECODABLE"));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_that_does_not_verify_is_not_kept_and_the_results_are() {
    let mut shop = Shop::new();
    shop.central
        .will([Fault::Lie(|answer| answer.signed_head.text = answer.signed_head.text.replace("seq 1", "seq 9"))]);
    shop.start().acked(1).await;
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.signed_head, None);
    shop.sell(0..1).await;
    let signed_head = shop.until(|state| state.signed_head.is_some()).await.signed_head.unwrap();
    assert!(signed_head.text.contains("\nseq 2 "), "{}", signed_head.text);
}

#[tokio::test(start_paused = true)]
async fn results_that_cannot_be_stored_are_asked_for_again_after_a_restart() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.disk.set_faults(Faults { flushes_fail: true, ..Faults::default() });
    shop.start().until_alert("RESULTS_NOT_STORED").await;
    shop.until(|state| state.phase == Phase::Idle).await;
    assert_eq!((shop.central.held(), shop.log.head().marks.acked.0), (4, 0));
    assert!(shop.state.borrow().alert.is_some(), "somebody still has to restart it");
    shop.kill().await;
    let mut shop = shop.after_a_power_cut();
    shop.start().acked(4).await;
    assert_eq!(shop.central.events().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_restart_remembers_what_people_saw() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.central.quarantines(id(1));
    shop.start().acked(4).await;
    let before = shop.until(|state| state.phase == Phase::Idle).await;
    shop.kill().await;
    shop.central.will((0..3).map(|_| Fault::NotConnected));
    shop.sell(3..4).await;
    let after = shop.start().until(|state| state.failures == 2).await;
    assert_eq!((after.last_success_at, after.signed_head), (before.last_success_at, before.signed_head));
    assert_eq!((after.needs_person.events, after.incarnation), (1, before.incarnation));
}
