use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;

use super::super::{DecideError, Log, Pending};
use super::harness::*;

fn decide(log: &Log, up_to: u64, seqs: impl IntoIterator<Item = u64>) -> Result<(), DecideError> {
    let decisions = seqs.into_iter().map(|seq| (Seq(seq), decision(seq))).collect();
    block_on(log.store_decisions(1, Seq(up_to), decisions))
}

fn decision(seq: u64) -> Vec<u8> {
    format!("decision of {seq}").into_bytes()
}

#[test]
fn decisions_and_the_mark_are_stored_together_and_survive_a_restart() {
    on_each_store(|node| {
        let log = node.open();
        append_each(&log, 0..9);
        decide(&log, 4, 1..=4).unwrap();
        decide(&log, 7, 5..=7).unwrap();
        drop(log);
        let log = node.open();
        assert_eq!((log.head().marks.acked, log.acked(1).unwrap()), (Seq(7), Seq(7)));
        for seq in 1..=7 {
            assert_eq!(log.decision(1, Seq(seq)).unwrap(), Some(decision(seq)));
        }
        assert_eq!(log.decision(1, Seq(8)).unwrap(), None);
        assert_eq!(log.find(id(2)).unwrap().unwrap().decision, Some(decision(4)));
    });
}

#[test]
fn a_mark_never_passes_a_record_without_a_decision_nor_what_is_durable() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..4);
    assert_eq!(decide(&log, 3, [1, 3]), Err(DecideError::Missing { epoch: 1, seq: Seq(2) }));
    assert_eq!(decide(&log, 3, [1, 2]), Err(DecideError::Missing { epoch: 1, seq: Seq(3) }));
    let beyond = Err(DecideError::NotDurable { epoch: 1, up_to: Seq(6), durable: Seq(5) });
    assert_eq!(decide(&log, 6, 1..=6), beyond);
    let nowhere = Err(DecideError::NotDurable { epoch: 9, up_to: Seq(1), durable: Seq(0) });
    assert_eq!(block_on(log.store_decisions(9, Seq(1), vec![])), nowhere);
    assert_eq!(log.head().marks.acked, Seq(0));
}

#[test]
fn a_decision_that_comes_again_changes_nothing() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..9);
    decide(&log, 6, 1..=6).unwrap();
    let others = (1..=8).map(|seq| (Seq(seq), if seq <= 6 { b"another".to_vec() } else { decision(seq) })).collect();
    block_on(log.store_decisions(1, Seq(8), others)).unwrap();
    decide(&log, 3, 1..=3).unwrap();
    assert_eq!(log.head().marks.acked, Seq(8), "the mark never falls");
    for seq in 1..=8 {
        assert_eq!(log.decision(1, Seq(seq)).unwrap(), Some(decision(seq)));
    }
}

#[test]
fn many_and_large_decisions_are_stored_in_whole_batches() {
    on_each_store(|node| {
        let log = node.open();
        for start in (0..5_000).step_by(100) {
            append(&log, (start..start + 100).map(draft).collect()).unwrap();
        }
        let bytes = |seq: u64| if seq == 2_500 { vec![7; 300_000] } else { vec![seq as u8; 250] };
        let decisions = (1..=5_001).map(|seq| (Seq(seq), bytes(seq))).collect();
        block_on(log.store_decisions(1, Seq(5_001), decisions)).unwrap();
        drop(log);
        let log = node.open();
        for seq in (1..=5_001).step_by(97).chain([2_499, 2_500, 2_501, 5_001]) {
            assert_eq!(log.decision(1, Seq(seq)).unwrap(), Some(bytes(seq)), "seq {seq}");
        }
    });
}

#[test]
fn after_a_power_cut_every_record_up_to_the_mark_has_its_decision() {
    for surviving in 0..12 {
        let node = Node::in_memory();
        let log = node.open();
        for start in (0..1_000).step_by(100) {
            append(&log, (start..start + 100).map(draft).collect()).unwrap();
        }
        node.disk().set_faults(super::super::memory::Faults { flushes_fail: true, ..Default::default() });
        let decisions = (1..=1_000).map(|seq| (Seq(seq), vec![seq as u8; 4_000])).collect();
        let failed = block_on(log.store_decisions(1, Seq(1_000), decisions));
        assert!(matches!(failed, Err(DecideError::ReadOnly { .. })), "{failed:?}");
        drop(log);
        node.disk().cut_power(surviving);

        let log = node.open();
        let acked = log.head().marks.acked.0;
        assert!((1..=acked).all(|seq| log.decision(1, Seq(seq)).unwrap() == Some(vec![seq as u8; 4_000])));
        assert!(surviving == 0 || acked > 0);
    }
}

#[test]
fn pending_events_are_counted_without_the_epochs_own_record() {
    let node = Node::in_memory();
    let log = node.open();
    assert_eq!(log.pending().unwrap(), Pending { count: 0, oldest: None });
    // The events themselves are said to be from 1970; what counts is how long they have been here.
    node.clock.store(9_000_000, std::sync::atomic::Ordering::Relaxed);
    append_each(&log, 0..3);
    assert_eq!(log.pending().unwrap(), Pending { count: 3, oldest: Some(Timestamp(9_000_000)) });
    decide(&log, 1, 1..=1).unwrap();
    assert_eq!(log.pending().unwrap().count, 3);
    decide(&log, 2, 2..=2).unwrap();
    assert_eq!(log.pending().unwrap().count, 2);
    decide(&log, 4, 3..=4).unwrap();
    assert_eq!(log.pending().unwrap(), Pending { count: 0, oldest: None });
}
