//! A line that is down, slow, lossy or refused: nothing is lost, and nothing counts twice.

use std::time::Duration;

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::central::Fault;
use super::{Phase, Shop, id};

/// The epoch's first record precedes the first sale.
const OPENING: u64 = 1;

#[tokio::test(start_paused = true)]
async fn each_record_reaches_central_once_and_its_result_is_stored() {
    let mut shop = Shop::new();
    shop.sell(0..3).await;
    shop.start().acked(OPENING + 3).await;
    let events = shop.central.events();
    assert_eq!(events[1..], [id(0).uuid(), id(1).uuid(), id(2).uuid()]);
    assert_eq!(shop.central.pushes(), [(1, 4)]);
    let result = shop.decision(3).unwrap();
    assert_eq!((result.event_id, result.verdict.as_str(), result.position), (id(1).uuid(), "ACCEPTED", 3));
}

// No paused clock: the timer is an hour away, so that only the append can have woken the agent.
#[tokio::test]
async fn an_append_wakes_the_agent() {
    let mut shop = Shop::new();
    shop.interval = Duration::from_secs(3_600);
    shop.start().acked(OPENING).await;
    shop.until(|state| state.phase == Phase::Idle).await;
    shop.sell(0..1).await;
    shop.acked(OPENING + 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_asks_for_centrals_status_on_its_timer() {
    let mut shop = Shop::new();
    shop.start().acked(OPENING).await;
    shop.until(|state| state.phase == Phase::Idle).await;
    let asked = shop.central.asked();
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert_eq!(shop.central.asked() - asked, 10);
    assert_eq!(shop.central.pushes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_down_is_tried_after_1_2_4_8_16_seconds_and_then_every_16_for_ever() {
    let mut shop = Shop::new();
    shop.sell(0..600).await;
    shop.central.will((0..9).map(|_| Fault::NotConnected));
    shop.start().acked(OPENING + 600).await;
    assert_eq!(shop.central.pauses()[..9], [1, 2, 4, 8, 16, 16, 16, 16, 16]);
    // Nothing was too much for the line: batches are as large as before.
    assert_eq!(shop.central.pushes()[9].1, 500);
}

#[tokio::test(start_paused = true)]
async fn the_agent_obeys_retry_after() {
    let mut shop = Shop::new();
    let busy: fn(Problem) -> Problem = |problem| problem.retry_after(40);
    shop.central.will([Fault::Refuse(ErrorCode::StoreUnavailable, busy)]);
    shop.start();
    let waiting = shop.until(|state| matches!(state.phase, Phase::Waiting(_))).await;
    assert_eq!((waiting.failures, waiting.last_error.unwrap().code.as_str()), (1, "STORE_UNAVAILABLE"));
    assert_eq!(waiting.alert, None, "a central that is down for a while is nobody's alarm");
    shop.acked(OPENING).await;
    assert_eq!(shop.central.pauses(), [40]);
    let well = shop.until(|state| state.phase == Phase::Idle).await;
    assert_eq!((well.failures, well.last_error), (0, None));
}

#[tokio::test(start_paused = true)]
async fn a_person_who_asks_for_it_does_not_wait_for_the_next_attempt() {
    let mut shop = Shop::new();
    let busy: fn(Problem) -> Problem = |problem| problem.retry_after(3_000);
    shop.central.will([Fault::Refuse(ErrorCode::StoreUnavailable, busy)]);
    shop.start();
    shop.until(|state| matches!(state.phase, Phase::Waiting(_))).await;
    shop.retry.notify_one();
    shop.acked(OPENING).await;
    assert_eq!(shop.central.pauses(), [0]);
    // An idle agent asks central at once, too.
    shop.until(|state| state.phase == Phase::Idle).await;
    let asked = shop.central.asked();
    shop.retry.notify_one();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(shop.central.asked() - asked, 1);
}

#[tokio::test(start_paused = true)]
async fn a_central_that_hangs_is_shown_before_the_request_is_given_up() {
    let mut shop = Shop::new();
    shop.central.hangs(Duration::from_secs(39));
    shop.start();
    let hanging = shop.until(|state| state.last_error.is_some()).await;
    let issue = hanging.last_error.unwrap();
    assert_eq!((issue.code.as_str(), hanging.failures), ("CENTRAL_NOT_ANSWERING", 0), "{issue:?}");
    assert_eq!(hanging.request_since.unwrap().elapsed().as_secs(), 5);
    assert_eq!(hanging.alert, None, "a central that hangs for a while is nobody's alarm");
    shop.acked(OPENING).await;
    let well = shop.until(|state| state.phase == Phase::Idle).await;
    assert_eq!((well.last_error, well.request_since), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_costs_one_more_request_and_nothing_else() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    shop.central.will([Fault::LostAnswer]);
    shop.start().acked(OPENING + 5).await;
    assert_eq!(shop.central.events().len(), 6, "each event was taken once");
    assert_eq!(shop.decision(6).unwrap().position, 6, "the answer is the one of the first time");
}

#[tokio::test(start_paused = true)]
async fn a_kill_between_answer_and_store_costs_one_more_request_and_nothing_else() {
    let mut shop = Shop::new();
    shop.sell(0..5).await;
    // The start is refused once, so that there is an agent to kill before anything is taken.
    shop.central.will([Fault::NotConnected]);
    shop.start();
    shop.central.will([Fault::Kill(shop.agent.as_ref().unwrap().abort_handle())]);
    let killed = shop.agent.take().unwrap().await;
    assert!(killed.is_err_and(|error| error.is_cancelled()));
    assert_eq!((shop.central.held(), shop.log.head().marks.acked.0), (6, 0), "central answered, and nobody heard");
    shop.start().acked(OPENING + 5).await;
    assert_eq!(shop.central.events().len(), 6);
    assert_eq!(shop.central.pushes(), [(1, 6), (1, 6), (1, 6)]);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_breaks_gets_smaller_batches_and_larger_ones_when_it_is_well() {
    let mut shop = Shop::new();
    shop.sell(0..1_200).await;
    shop.central.will([Fault::Timeout, Fault::Timeout]);
    shop.start().acked(OPENING + 1_200).await;
    let sizes: Vec<usize> = shop.central.pushes().into_iter().map(|(_, records)| records).collect();
    assert_eq!(sizes, [500, 250, 125, 250, 500, 326]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_takes_less_gets_less() {
    let mut shop = Shop::new();
    shop.sell(0..300).await;
    shop.central.takes_at_most(70);
    shop.start().acked(OPENING + 300).await;
    assert_eq!(shop.central.events().len(), 301);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_taken_is_shown_and_tried_rarely() {
    let mut shop = Shop::new();
    shop.central.will((0..3).map(|_| Fault::Refuse(ErrorCode::Unauthorized, |problem| problem)));
    shop.start().until_alert("UNAUTHORIZED").await;
    shop.acked(OPENING).await;
    assert_eq!(shop.central.pauses(), [16, 16, 16]);
    assert_eq!(shop.until(|state| state.phase == Phase::Idle).await.alert, None, "a new key mends it by itself");
}

#[tokio::test(start_paused = true)]
async fn only_an_answer_of_central_counts_as_one() {
    let mut shop = Shop::new();
    let answers =
        [(200, "<html>Sign in to the hotel's network</html>"), (200, "{}"), (204, ""), (302, ""), (502, "bad gateway")];
    shop.central.will(answers.map(|(status, text)| Fault::Proxy(status, text)));
    shop.start().until(|state| state.failures == 5).await;
    assert_eq!(shop.log.head().marks.acked.0, 0);
    shop.acked(OPENING).await;
}

#[tokio::test(start_paused = true)]
async fn the_clocks_are_compared_with_each_answer() {
    let mut shop = Shop::new();
    shop.start().acked(OPENING).await;
    let clock = shop.until(|state| state.clock.is_some()).await.clock.unwrap();
    assert_eq!((clock.micros, clock.uncertainty_micros), (super::AHEAD, 0));
}
