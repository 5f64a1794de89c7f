//! Opening an epoch: no seq is used twice, and no event is lost or duplicated.

use comptoir_core::chain::ChainHash;
use comptoir_core::position::{Epoch, Seq};
use serde_json::Value;
use uuid::Uuid;

use super::super::memory::Faults;
use super::super::{EpochError, EpochHead, Finding, Log, State};
use super::harness::*;

fn reopen(log: &Log, previous: Option<EpochHead>) -> Result<Epoch, EpochError> {
    block_on(log.open_epoch_and_reseal(previous, "restored from a backup"))
}

fn opening(log: &Log) -> Value {
    let first = event(&all(log)[0]);
    assert_eq!((first.content.action.as_str(), first.content.entity_type.as_str()), ("EPOCH_OPENED", "NODE"));
    serde_json::from_slice(&first.content.payload).unwrap()
}

#[test]
fn the_first_record_names_the_key_that_stays_and_why_there_is_an_epoch() {
    on_each_store(|node| {
        let log = node.open();
        let payload = opening(&log);
        assert_eq!(payload["public_key"], hex::encode(log.public_key()));
        assert_eq!((&payload["previous"], &payload["reason"]), (&Value::Null, &Value::from("first start")));
        let key = log.public_key();
        drop(log);
        assert_eq!(node.open().public_key(), key);
    });
}

#[test]
fn only_unacknowledged_events_are_sealed_again_with_their_ids() {
    on_each_store(|node| {
        let log = node.open();
        for start in (0..60).step_by(10) {
            append(&log, (start..start + 10).map(draft).collect()).unwrap();
        }
        let old = all(&log);
        let acked = &old[24];
        let decisions = (1..=acked.seq.0).map(|seq| (Seq(seq), b"accepted".to_vec())).collect();
        block_on(log.store_decisions(1, acked.seq, decisions)).unwrap();

        let previous = EpochHead { epoch: log.head().epoch, seq: acked.seq, chain: acked.chain };
        let epoch = reopen(&log, Some(previous)).unwrap();
        assert_eq!((epoch.number, log.head().epoch, log.epochs().len()), (2, epoch, 2));
        let payload = opening(&log);
        assert_eq!((&payload["previous"]["seq"], &payload["previous"]["epoch"]), (&Value::from(25), &Value::from(1)));
        assert_eq!(payload["previous"]["chain"], acked.chain.to_string());

        assert_eq!(ids(&log), (24..60).map(id).collect::<Vec<_>>());
        assert!(old[25..].iter().zip(&all(&log)[1..]).all(|(old, new)| event(old).same_content(&event(new))));
        assert_eq!(all_of(&log, 1), old, "the old epoch stays as it was");
        assert_eq!(log.pending().unwrap().count, 36);
        assert_eq!(log.pending().unwrap().oldest, Some(old[25].appended_at));

        // A retry of a resealed event is answered with its present position; of an acknowledged one, with its original position.
        let retried = append(&log, vec![draft(30), draft(3)]).unwrap();
        assert_eq!(
            [(retried[0].epoch, retried[0].duplicate), (retried[1].epoch, retried[1].duplicate)],
            [(2, true), (1, true)]
        );
        append_each(&log, [100]);
        drop(log);
        let log = node.open();
        assert_eq!((log.head().epoch, log.head().marks.durable), (epoch, Seq(38)));
        assert_eq!(log.status().state, State::Open);
    });
}

#[test]
fn the_new_number_is_above_the_highest_that_central_knows() {
    let node = Node::in_memory();
    let log = node.open();
    let known = EpochHead { epoch: Epoch { number: 6, id: Uuid::nil() }, seq: Seq(9), chain: ChainHash([1; 32]) };
    assert_eq!(reopen(&log, Some(known)).unwrap().number, 7);
}

#[test]
fn a_crash_at_any_write_of_the_opening_goes_on_where_it_stopped() {
    for writes in 0..16 {
        let node = Node::in_memory();
        let log = node.open();
        for start in (0..90).step_by(10) {
            append(&log, (start..start + 10).map(draft).collect()).unwrap();
        }
        let old = all(&log);
        node.disk().set_faults(Faults { writes_left: Some(writes), ..Faults::default() });
        let opened = reopen(&log, None).is_ok();
        drop(log);
        node.disk().cut_power(usize::MAX);

        let log = node.open();
        assert_eq!(log.status().state, State::Open, "after {writes} writes");
        assert_eq!(ids(&log), (0..90).map(id).collect::<Vec<_>>(), "after {writes} writes");
        assert_eq!(all_of(&log, 1), old);
        assert_eq!(log.epochs().len(), if writes == 0 { 1 } else { 2 });
        assert!(append(&log, (0..90).map(draft).collect()).unwrap().iter().all(|appended| appended.duplicate));
        assert!(!opened || writes > 10);
    }
}

#[test]
fn a_second_opening_takes_over_what_an_interrupted_one_was_to_have() {
    let node = Node::in_memory();
    let log = node.open();
    for start in (0..90).step_by(10) {
        append(&log, (start..start + 10).map(draft).collect()).unwrap();
    }
    node.disk().set_faults(Faults { writes_left: Some(4), ..Faults::default() });
    assert!(matches!(reopen(&log, None), Err(EpochError::ReadOnly { .. })));
    drop(log);
    node.disk().cut_power(usize::MAX);
    // The log is damaged as well, so that it does not open a new epoch by itself.
    std::fs::write(node.config().dir.join("high-water"), b"").unwrap();

    let log = node.open();
    assert!(matches!(log.status().state, State::Damaged(Finding::NoMark { .. })));
    assert_eq!(reopen(&log, None).unwrap().number, 3);
    assert_eq!(log.status().state, State::Open);
    assert_eq!(ids(&log), (0..90).map(id).collect::<Vec<_>>(), "each once, in their order");
}

#[test]
fn a_shortened_log_sells_again_in_a_new_epoch_and_never_uses_a_seq_twice() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..5);
    node.disk().set_faults(Faults { flushes_lie: true, ..Faults::default() });
    append_each(&log, 5..9);
    log.close();
    drop(log);
    node.disk().cut_power(0);

    assert!(matches!(node.finding(), Finding::Shortened { expected: Seq(10), found: Seq(6), .. }));
    let log = node.open();
    reopen(&log, None).unwrap();
    assert_eq!(log.status().state, State::Open);
    assert_eq!(append_each(&log, [9])[0].epoch, 2);
    drop(log);
    assert_eq!(node.open().status().state, State::Open, "the new epoch's mark is the witness now");
}

#[test]
fn a_reason_must_fit_the_first_record() {
    let node = Node::in_memory();
    let log = node.open();
    assert_eq!(block_on(log.open_epoch_and_reseal(None, "")), Err(EpochError::Reason { got: 0 }));
    assert_eq!(block_on(log.open_epoch_and_reseal(None, "é".repeat(201))), Err(EpochError::Reason { got: 201 }));
    assert_eq!(log.epochs().len(), 1);
}
