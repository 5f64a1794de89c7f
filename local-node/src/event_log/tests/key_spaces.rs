//! Auxiliary data: changed atomically, in order, and never in the way of an append.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use comptoir_core::limits::BATCH_ENTRIES_MAX;

use super::super::{AppendError, KeyChange, KeySpace, Log, VALUE_BYTES_MAX, entries_of};
use super::harness::{Node, append_each, block_on, ids, on_each_store};

fn keep(log: &Log, batch: Vec<KeyChange>) -> Result<(), AppendError> {
    block_on(log.put(vec![batch]))
}

fn set(key: &str, value: Vec<u8>) -> KeyChange {
    KeyChange::set(KeySpace::Row, key.into(), value)
}

fn rows(log: &Log) -> Vec<(String, usize)> {
    let mut rows = Vec::new();
    log.scan(KeySpace::Row, &[], &[255], &mut |key, value| {
        rows.push((String::from_utf8(key.to_vec()).unwrap(), value.len()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

#[test]
fn values_of_any_size_come_back_after_a_restart_and_leave_nothing_behind() {
    on_each_store(|node| {
        let log = node.open();
        let large: Vec<u8> = (0..VALUE_BYTES_MAX / 2).map(|at| (at % 251) as u8).collect();
        keep(&log, vec![set("a", large.clone()), set("b", Vec::new()), set("c", vec![7; 4_090])]).unwrap();
        assert_eq!(log.get(KeySpace::Row, b"a").unwrap(), Some(large));
        keep(&log, vec![set("a", vec![1; 5_000]), KeyChange::remove(KeySpace::Row, b"c".to_vec())]).unwrap();
        log.close();
        drop(log);
        let log = node.open();
        assert_eq!(rows(&log), [("a".to_owned(), 5_000), ("b".to_owned(), 0)]);
        assert_eq!(log.get(KeySpace::SavedForm, b"a").unwrap(), None, "shelves are apart");
    });
}

#[test]
fn keys_of_the_longest_names_are_distinct() {
    on_each_store(|node| {
        let log = node.open();
        let key = |last: char| format!("{}{last}", "é".repeat(270));
        let batch = |sign: u8| ('a'..='z').map(|last| set(&key(last), vec![sign; 4_000])).collect::<Vec<_>>();
        keep(&log, batch(1)).unwrap();
        keep(&log, batch(2)).unwrap();
        log.close();
        drop(log);
        let found = rows(&node.open());
        assert_eq!((found.len(), found[0].0.chars().last(), found[25].0.chars().last()), (26, Some('a'), Some('z')));
    });
}

#[test]
fn a_batch_that_does_not_fit_is_refused_and_the_log_goes_on() {
    let node = Node::in_memory();
    let log = node.open();
    assert_eq!(entries_of(VALUE_BYTES_MAX), BATCH_ENTRIES_MAX - 1);
    let refused = keep(&log, vec![set("a", vec![0; VALUE_BYTES_MAX + 8_192])]);
    assert!(matches!(refused, Err(AppendError::TooLarge { got: 257.., .. })), "{refused:?}");
    assert_eq!(log.get(KeySpace::Row, b"a").unwrap(), None);
    append_each(&log, 0..3);
    assert_eq!(ids(&log).len(), 3);
}

#[test]
fn a_power_cut_leaves_whole_batches_in_their_order() {
    for surviving in 0..=3 {
        let node = Node::in_memory();
        let log = node.open();
        node.disk().set_faults(super::super::memory::Faults { flushes_fail: true, ..Default::default() });
        let batch = |name: &str| vec![set(&format!("{name}1"), vec![1; 9_000]), set(&format!("{name}2"), vec![2])];
        let answer = block_on(log.put(vec![batch("a"), batch("b"), batch("c")]));
        assert!(matches!(answer, Err(AppendError::ReadOnly { .. })), "nobody hears ok");
        drop(log);
        node.disk().cut_power(surviving);
        let found: Vec<_> = rows(&node.open()).into_iter().map(|(key, _)| key).collect();
        assert_eq!(found, ["a1", "a2", "b1", "b2", "c1", "c2"][..2 * surviving]);
    }
}

#[test]
fn nothing_is_stored_when_the_disk_is_nearly_full() {
    let node = Node::in_memory();
    let log = node.open();
    node.free_bytes.store(1, Ordering::Relaxed);
    assert!(matches!(keep(&log, vec![set("a", vec![1])]), Err(AppendError::InsufficientStorage { .. })));
}
