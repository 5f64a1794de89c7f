//! Walks over keys that damage of the disk has changed.

use comptoir_core::position::Seq;

use super::super::keys::{self, RecordKind};
use super::super::{Check, Finding, ReadError};
use super::harness::*;
use super::opening::checked;

#[test]
fn an_unknown_key_is_ignored() {
    let node = Node::in_memory();
    append_each(&node.open(), 0..4);
    let stray = [&keys::part(RecordKind::Page, 1, Seq(3), 0)[..], b"?"].concat();
    node.disk().tamper(|rows| drop(rows.insert(stray, b"?".to_vec())));
    let log = node.open();
    assert_eq!(ids(&log).len(), 4);
    assert_eq!(log.read(1, Seq(3), 10, usize::MAX).unwrap()[0].seq, Seq(3));
}

#[test]
fn the_check_and_every_read_report_a_page_with_a_damaged_key() {
    let node = Node::in_memory();
    append_each(&node.open(), 0..4);
    let key = keys::part(RecordKind::Page, 1, Seq(3), 0);
    node.disk().tamper(|rows| {
        let page = rows.remove(&key).expect("one page for each append");
        rows.insert([&key[..], b"?"].concat(), page);
    });
    let log = node.open();
    let gap = Finding::Gap { epoch: 1, expected: Seq(3), found: Seq(4) };
    assert_eq!(log.read(1, Seq(1), 10, usize::MAX).unwrap().len(), 2, "the records before it are intact");
    assert_eq!(log.read(1, Seq(3), 10, usize::MAX), Err(ReadError::Damaged(gap.clone())));
    assert_eq!(log.read(1, Seq(4), 10, usize::MAX).unwrap().len(), 2);
    assert_eq!(checked(&log), Check::Found(gap));
}
