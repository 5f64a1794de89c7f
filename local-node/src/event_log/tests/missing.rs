//! Records are missing in the middle while head and mark are intact: no check may call such a log clean.

use comptoir_core::position::Seq;

use super::super::keys::{self, RecordKind};
use super::super::{AppendError, Check, Finding, Log, ReadError, State};
use super::harness::*;
use super::opening::checked;

fn page_key(epoch: u32, first: u64) -> Vec<u8> {
    keys::part(RecordKind::Page, epoch, Seq(first), 0)
}

fn missing(finding: &Finding) -> (u32, u64, u64) {
    let records = finding.missing().unwrap_or_else(|| panic!("{finding} names no missing records"));
    (records.epoch, records.first, records.last)
}

/// Asserts that a log says which records are missing, and refuses appends.
fn says_missing(log: &Log, expected: (u32, u64, u64)) {
    let Check::Found(found) = checked(log) else { panic!("the check is {:?}", log.status().check) };
    assert_eq!(missing(&found), expected, "{found}");
    let State::Damaged(finding) = log.status().state else { panic!("the state is {:?}", log.status().state) };
    assert_eq!(missing(&finding), expected, "{finding}");
    assert!(matches!(append(log, vec![draft(900)]), Err(AppendError::ReadOnly { .. })));
}

/// A flipped bit undid the split of a leaf in sled: a forward scan ended at seq 560 of 861, and a backward scan found the last
/// record. The node reported a clean log.
#[test]
fn a_log_whose_reading_ends_in_the_middle_says_which_records_are_missing() {
    let node = Node::in_memory();
    append_each(&node.open(), 0..300);
    node.disk().tamper(|rows| (200..=280).for_each(|seq| drop(rows.remove(&page_key(1, seq)))));
    node.disk().end_scans_at(page_key(1, 200));
    let log = node.open();
    assert_eq!(log.head().marks.durable, Seq(301), "the head is whole");
    says_missing(&log, (1, 200, 280));
    drop(log);
    let log = node.open();
    says_missing(&log, (1, 200, 280));
    assert_eq!(log.read(1, Seq(1), 1_000, usize::MAX).unwrap().len(), 199, "the records before it are read");
}

#[test]
fn a_reader_at_missing_records_gets_an_error_and_no_end() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..30);
    assert_eq!(checked(&log), Check::Clean { records: 1 });
    node.disk().tamper(|rows| (20..=31).for_each(|seq| drop(rows.remove(&page_key(1, seq)))));
    let Err(ReadError::Damaged(finding)) = log.read(1, Seq(20), 10, usize::MAX) else { panic!("it read") };
    assert_eq!(missing(&finding), (1, 20, 31));
    // Any reader that meets the damage marks the log as damaged.
    says_missing(&log, (1, 20, 31));
    assert!(log.read(1, Seq(32), 10, usize::MAX).unwrap().is_empty(), "behind the head there is nothing");
}

#[test]
fn a_closed_epoch_that_lost_its_end_is_found_though_the_open_one_is_whole() {
    let node = Node::in_memory();
    let log = node.open();
    append_each(&log, 0..9);
    block_on(log.store_decisions(1, Seq(10), (1..=10).map(|seq| (Seq(seq), b"ok".to_vec())).collect())).unwrap();
    block_on(log.open_epoch_and_reseal(None, "a test")).unwrap();
    append_each(&log, 9..12);
    drop(log);
    assert_eq!(checked(&node.open()), Check::Clean { records: 10 + 4 });
    node.disk().tamper(|rows| (8..=10).for_each(|seq| drop(rows.remove(&page_key(1, seq)))));
    says_missing(&node.open(), (1, 8, 10));
}

#[test]
fn an_epoch_whose_row_is_lost_is_found() {
    let node = Node::in_memory();
    let log = node.open();
    for _ in 0..2 {
        block_on(log.open_epoch_and_reseal(None, "a test")).unwrap();
    }
    drop(log);
    assert_eq!(node.open().epochs().len(), 3);
    node.disk().tamper(|rows| drop(rows.remove(&keys::of_epoch(RecordKind::Epoch, 2))));
    let finding = Finding::EpochMissing { expected: "2".to_owned(), next: 3, found: "1".to_owned() };
    assert_eq!(node.finding(), finding);
}

/// Six hundred events, of which central has decided five hundred.
fn decided() -> Node {
    let node = Node::in_memory();
    let log = node.open();
    for start in (0..600).step_by(60) {
        append(&log, (start..start + 60).map(draft).collect()).unwrap();
    }
    let decision = vec![b'x'; 100];
    block_on(log.store_decisions(1, Seq(500), (1..=500).map(|seq| (Seq(seq), decision.clone())).collect())).unwrap();
    drop(log);
    assert_eq!(checked(&node.open()), Check::Clean { records: 601 });
    node
}

#[test]
fn decisions_that_are_lost_are_found() {
    let node = decided();
    node.disk().tamper(|rows| {
        let pages = rows.keys().filter(|key| key[0] == RecordKind::Decisions as u8).cloned().collect::<Vec<_>>();
        rows.remove(&pages[pages.len() / 2]);
    });
    let Check::Found(Finding::Decisions { epoch: 1, expected: Seq(500), found }) = checked(&node.open()) else {
        panic!("nothing was found");
    };
    assert!(found > Seq::ZERO && found < Seq(500), "{found}");
}

#[test]
fn an_acknowledged_mark_that_went_back_is_found_by_the_high_water_mark() {
    let node = decided();
    node.disk().tamper(|rows| {
        rows.insert(keys::of_epoch(RecordKind::Acked, 1), 40u64.to_be_bytes().to_vec());
    });
    assert_eq!(node.finding(), Finding::Decisions { epoch: 1, expected: Seq(500), found: Seq(40) });
}

#[test]
fn a_body_that_lost_a_part_is_not_read_as_another() {
    let node = Node::in_memory();
    append(&node.open(), vec![draft_of(1, vec![b' '; 20_000])]).unwrap();
    node.disk().tamper(|rows| drop(rows.remove(&keys::part(RecordKind::Page, 1, Seq(2), 2))));
    let log = node.open();
    let found = checked(&log);
    assert!(matches!(found, Check::Found(Finding::Unreadable { epoch: 1, seq: Seq(2), .. })), "{found:?}");
}
