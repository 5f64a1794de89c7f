//! Disks that do not do what they report.

use comptoir_core::position::Seq;

use super::super::memory::Faults;
use super::super::{AppendError, Finding, State};
use super::harness::*;

fn refused(answer: Result<Vec<super::super::Appended>, AppendError>) -> String {
    match answer {
        Err(AppendError::ReadOnly { reason }) => reason,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn after_a_failed_flush_nobody_hears_ok_and_nothing_is_written_before_a_restart() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..5);
    node.disk().set_faults(Faults { flushes_fail: true, ..Faults::default() });
    assert!(refused(append(&log, vec![draft(5)])).contains("flush"));

    // The disk works again, but its content is unknown.
    node.disk().set_faults(Faults::default());
    assert!(refused(append(&log, vec![draft(6)])).contains("flush"));
    assert!(matches!(log.status().state, State::Failed { .. }));
    assert_eq!(ids(&log).len(), 5, "reads go on, with what is durable");
    assert_eq!(log.find(id(5)).unwrap(), None);
    drop(log);

    node.disk().cut_power(0);
    let log = node.open();
    assert_eq!(append_each(&log, [5])[0].seq, Seq(7));
}

#[test]
fn after_a_failed_write_nobody_hears_ok_either() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..5);
    node.disk().set_faults(Faults { writes_left: Some(0), ..Faults::default() });
    assert!(refused(append(&log, vec![draft(5)])).contains("write"));
    assert!(matches!(log.status().state, State::Failed { .. }));
}

#[test]
fn a_drive_that_lied_about_flushing_is_found_out_by_the_high_water_mark() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..5);
    node.disk().set_faults(Faults { flushes_lie: true, ..Faults::default() });
    append_each(&log, 5..9);
    log.close();
    drop(log);
    node.disk().cut_power(2);

    let finding = Finding::Shortened { epoch: 1, expected: Seq(10), found: Seq(8) };
    assert_eq!(node.finding(), finding);
    // It is found at every start, not only at the first.
    let log = node.open();
    assert_eq!(log.status().state, State::Damaged(finding.clone()));
    assert_eq!(refused(append(&log, vec![draft(9)])), finding.to_string());
    assert_eq!(ids(&log).len(), 7, "reads go on");
}

/// A failing drive answered "done" to one sync and an error to the next. The first sync's data was lost, and the log opened
/// without it, because the mark was a second old.
#[test]
fn what_a_drive_lied_about_before_it_failed_is_found_at_the_next_start() {
    for failing in
        [Faults { flushes_fail: true, ..Faults::default() }, Faults { writes_left: Some(0), ..Faults::default() }]
    {
        let node = Node::in_memory();
        let log = node.open();
        append_each(&log, 0..5);
        node.disk().set_faults(Faults { flushes_lie: true, ..Faults::default() });
        append_each(&log, 5..9);
        node.disk().set_faults(failing);
        refused(append(&log, vec![draft(9)]));
        // The process ends without being asked, as by `kill -9`: nothing is written any more.
        let high_water = std::fs::read(node.config().dir.join("high-water")).unwrap();
        drop(log);
        std::fs::write(node.config().dir.join("high-water"), high_water).unwrap();
        node.disk().cut_power(0);
        assert_eq!(node.finding(), Finding::Shortened { epoch: 1, expected: Seq(10), found: Seq(6) });
    }
}

#[test]
fn a_log_that_failed_before_anything_was_lost_opens_and_goes_on() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..5);
    node.disk().set_faults(Faults { flushes_fail: true, ..Faults::default() });
    refused(append(&log, vec![draft(5)]));
    drop(log);
    node.disk().cut_power(0);
    assert_eq!(append_each(&node.open(), [5])[0].seq, Seq(7));
}

/// The mark of a shortened store is kept until somebody has looked at it.
#[test]
fn a_damaged_log_that_fails_as_well_keeps_the_mark() {
    let node = Node::in_memory();
    append_each(&node.open(), 0..9);
    node.disk().tamper(|rows| {
        let last = rows.keys().rfind(|key| key[0] == 3).cloned().unwrap();
        rows.remove(&last);
    });
    let shortened = Finding::Shortened { epoch: 1, expected: Seq(10), found: Seq(9) };
    let log = node.open();
    node.disk().set_faults(Faults { flushes_fail: true, ..Faults::default() });
    assert!(block_on(log.open_epoch_and_reseal(None, "a test")).is_err());
    drop(log);
    node.disk().cut_power(0);
    assert_eq!(node.finding(), shortened);
}

#[test]
fn a_closed_log_refuses_and_reads_no_more_than_it_did() {
    on_each_store(|node| {
        let log = node.open();
        append_each(&log, 0..5);
        log.close();
        assert_eq!(refused(append(&log, vec![draft(5)])), "it was closed");
        assert_eq!(ids(&log).len(), 5);
    });
}
