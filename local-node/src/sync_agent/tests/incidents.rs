//! Forks, gaps, restores: faults are reported and isolated, no seq is used twice, and selling continues.

use std::time::Duration;

use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::stored_v1;
use uuid::Uuid;

use super::central::Fault;
use super::{Phase, Shop, id};

#[tokio::test(start_paused = true)]
async fn a_fork_stops_sending_with_an_alert_and_selling_continues() {
    for code in
        [ErrorCode::Fork, ErrorCode::EpochFrozen, ErrorCode::KeyChanged, ErrorCode::WrongNode, ErrorCode::WrongTenant]
    {
        let mut shop = Shop::new();
        shop.central.will([Fault::Refuse(code, |problem| problem)]);
        let stopped = shop.start().until_stopped().await;
        assert_eq!(stopped.alert.unwrap().code, code.as_str());
        shop.sell(0..5).await;
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(shop.central.pushes().len(), 1, "nothing more of this epoch");
        assert_eq!(shop.log.head().marks.durable, Seq(6));
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_epoch_restarts_a_stopped_agent() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.central.will([Fault::Refuse(ErrorCode::Fork, |problem| problem)]);
    shop.start().until_stopped().await;
    shop.log.open_epoch_and_reseal(None, "an operator decided").await.unwrap();
    shop.acked(4).await;
    assert_eq!(shop.central.events()[1..], [id(0).uuid(), id(1).uuid(), id(2).uuid()]);
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert, None);
}

#[tokio::test(start_paused = true)]
async fn a_restored_central_gets_missing_records_again() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.until(|state| state.phase == Phase::Idle).await;
    shop.kill().await;
    shop.central.restore(2, Uuid::from_u128(2));
    shop.sell(5..6).await;
    shop.start().acked(7).await;
    assert_eq!(shop.central.pushes()[1..], [(3, 5)], "the agent asks for central's status before it sends");
    assert_eq!(shop.central.held(), 7);
    let attested = [4, 6].map(|seq| (seq, shop.decision(seq).unwrap().to_prior_result().unwrap()));
    assert_eq!(shop.central.prior_decisions(), attested, "attested decisions are sent with their records");
    assert_eq!(shop.decision(6).unwrap().position, 6, "a stored decision never changes");
    let state = shop.until(|state| state.phase == Phase::Idle).await;
    assert_eq!((state.previous_incarnation, state.incarnation), (Some(Uuid::nil()), Some(Uuid::from_u128(2))));
    assert_eq!(state.alert, None, "the alert is cleared");
}

/// After a restore another driver may be the first: the difference must be reported.
#[tokio::test(start_paused = true)]
async fn a_different_second_decision_is_reported_and_the_first_stays() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.until(|state| state.phase == Phase::Idle).await;
    shop.central.quarantines(id(3));
    shop.central.restore(2, Uuid::from_u128(2));
    shop.central.holds(6).await;
    shop.until(|state| state.incarnation == Some(Uuid::from_u128(2)) && state.alert.is_none()).await;
    let unseen = crate::notifications::Asked { unseen: Some(true), waiting: None };
    let reported = crate::notifications::list(&shop.log, unseen, None, 10, crate::notifications::Language::English);
    let reported = reported.unwrap().rows;
    let kinds: Vec<(&str, Uuid)> = reported.iter().map(|row| (row.kind.as_str(), row.event_id)).collect();
    assert_eq!(kinds, [("DECISION_CHANGED", id(3).uuid())], "{reported:?}");
    let verdict = |which: &str| reported[0].data[which]["verdict"].as_str().unwrap().to_owned();
    assert_eq!((verdict("first").as_str(), verdict("second").as_str()), ("ACCEPTED", "QUARANTINED"));
    assert_eq!(shop.decision(5).unwrap().verdict, "ACCEPTED", "the first decision stays with the event");
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_notices_that_central_was_restored() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.until(|state| state.phase == Phase::Idle).await;
    shop.central.restore(0, Uuid::from_u128(2));
    shop.central.holds(6).await;
    let synced = shop.until(|state| state.phase == Phase::Idle && state.alert.is_none()).await;
    assert_eq!((synced.previous_incarnation, synced.incarnation), (Some(Uuid::nil()), Some(Uuid::from_u128(2))));
}

/// Central learns only from the node's status request that it lacks nothing of this node.
#[tokio::test(start_paused = true)]
async fn a_central_in_restore_is_asked_between_attempts_without_an_alert() {
    let mut shop = Shop::new();
    shop.sell(0..2).await;
    let waits = || Fault::Refuse(ErrorCode::RestoreInProgress, |problem| problem.retry_after(5));
    shop.central.will((0..3).map(|_| waits()));
    shop.start().acked(3).await;
    assert_eq!(shop.central.pushes().len(), 4);
    assert!(shop.central.asked() >= 3, "after each attempt: {}", shop.central.asked());
    assert!(shop.central.pauses().iter().all(|pause| *pause >= 5), "{:?}", shop.central.pauses());
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert, None);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_gap_causes_no_storm() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.kill().await;
    let gap = || Fault::Refuse(ErrorCode::SeqGap, |problem| problem.with("expected_seq", 3));
    shop.central.will((0..6).map(|_| gap()));
    shop.sell(5..6).await;
    shop.start().acked(7).await;
    assert_eq!(shop.central.pauses()[1..], [0, 1, 2, 4, 8, 16], "one immediate retry, then the backoff");
}

#[tokio::test(start_paused = true)]
async fn a_restored_node_opens_a_new_epoch_and_reuses_no_seq() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.start().acked(4).await;
    shop.kill().await;
    shop.central.holds_one_more();
    shop.start();
    let mut heads = shop.log.watch();
    heads.wait_for(|head| head.epoch.number == 2 && head.marks.acked == Seq(1)).await.unwrap();
    // New sales are in the new epoch.
    shop.sell(3..5).await;
    shop.acked(3).await;
    assert_eq!(shop.central.events()[5..], [id(3).uuid(), id(4).uuid()]);
    let shown = shop.until(|state| state.phase == Phase::Idle).await.alert.unwrap();
    assert_eq!(shown.code, "CENTRAL_AHEAD", "a person should know that records exist at central only");
    let opening = shop.log.read(2, Seq(1), 1, usize::MAX).unwrap();
    let opening = stored_v1::decode(&opening[0].record).unwrap();
    let payload = String::from_utf8(opening.content.payload).unwrap();
    assert!(payload.contains("central held seq 5 of epoch 1, the log ended at seq 4"), "{payload}");
}

/// The node was restored and sold while it was offline. Pushing these sales first would be a fork and freeze the epoch.
#[tokio::test(start_paused = true)]
async fn a_restored_node_that_sold_before_contact_causes_no_fork() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.start().acked(4).await;
    shop.kill().await;
    shop.central.holds_one_more();
    shop.central.holds_one_more();
    shop.sell(3..4).await;
    shop.start();
    let mut heads = shop.log.watch();
    heads.wait_for(|head| head.epoch.number == 2 && head.marks.acked == Seq(2)).await.unwrap();
    assert_eq!(shop.central.events().last(), Some(&id(3).uuid()), "central has the sale");
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert.unwrap().code, "CENTRAL_AHEAD");
}

#[tokio::test(start_paused = true)]
async fn a_central_that_is_ahead_twice_gets_no_third_epoch() {
    let mut shop = Shop::new();
    shop.start().acked(1).await;
    shop.kill().await;
    shop.central.holds_one_more();
    shop.start();
    let mut heads = shop.log.watch();
    heads.wait_for(|head| head.epoch.number == 2 && head.marks.acked == Seq(1)).await.unwrap();
    shop.central.holds_one_more();
    let stopped = shop.until_stopped().await;
    assert_eq!(stopped.alert.unwrap().code, "CENTRAL_AHEAD");
    assert_eq!(shop.log.head().epoch.number, 2);
}

#[tokio::test(start_paused = true)]
async fn corrupted_batches_are_sent_smaller_and_then_raise_an_alert() {
    let mut shop = Shop::new();
    shop.sell(0..600).await;
    shop.central.will((0..6).map(|_| Fault::Refuse(ErrorCode::ChainMismatch, |problem| problem)));
    let reported = shop.start().until_alert("CHAIN_MISMATCH").await;
    assert!(reported.alert.unwrap().detail.contains("the local chain is intact up to seq 601"));
    shop.acked(601).await;
    let sizes: Vec<usize> = shop.central.pushes().into_iter().map(|(_, records)| records).take(7).collect();
    assert_eq!(sizes, [500, 250, 125, 62, 31, 15, 7]);
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert, None);
}
