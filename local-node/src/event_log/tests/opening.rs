//! Checks, cleanup and refusals when a log is opened.

use std::fs;
use std::path::{Path, PathBuf};

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Seq;

use super::super::keys::{self, RecordKind};
use super::super::{AppendError, Check, Finding, Identity, Log, LogConfig, OpenError, State};
use super::harness::*;

fn path(node: &Node, name: &str) -> PathBuf {
    node.dir.path().join("node").join(name)
}

pub(super) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy_dir(&file.path(), &target)
        } else {
            fs::copy(file.path(), target).map(drop).unwrap()
        }
    }
}

/// Waits for the background check.
pub(super) fn checked(log: &Log) -> Check {
    loop {
        match log.status().check {
            Check::Running { .. } => std::thread::yield_now(),
            done => return done,
        }
    }
}

#[test]
fn a_log_comes_back_as_it_was_and_goes_on() {
    on_each_store(|node| {
        let log = node.open();
        append_each(&log, 0..30);
        let before = all(&log);
        drop(log);
        let log = node.open();
        assert_eq!(all(&log), before);
        assert_eq!(append_each(&log, [30])[0].seq, Seq(32));
        assert_eq!(checked(&log), Check::Clean { records: 31 });
        assert_eq!(log.status().boot, 2);
    });
}

#[test]
fn a_second_opener_is_refused_while_the_first_lives() {
    on_each_store(|node| {
        let log = node.open();
        let second = node.try_open().err();
        assert_eq!(second, Some(OpenError::Locked { path: path(&node, "lock") }));
        drop(log);
        node.open();
    });
}

#[test]
fn a_registered_log_that_is_missing_or_emptied_is_a_loss_and_no_new_beginning() {
    let node = Node::on_sled();
    append_each(&node.open(), 0..3);
    let log = path(&node, "log");
    fs::rename(&log, path(&node, "elsewhere")).unwrap();
    assert_eq!(node.try_open().err(), Some(OpenError::Missing { path: log.clone() }));
    fs::create_dir(&log).unwrap();
    assert_eq!(node.try_open().err(), Some(OpenError::Emptied { path: log.clone() }));
    fs::remove_dir_all(&log).unwrap();
    fs::rename(path(&node, "elsewhere"), &log).unwrap();
    assert_eq!(ids(&node.open()).len(), 3);
}

#[test]
fn an_identity_given_other_than_at_the_first_start_is_refused_by_its_settings_name() {
    on_each_store(|node| {
        drop(node.open());
        let try_as = |identity| Log::open(LogConfig { identity, ..node.config() }, node.environment()).err();
        let other_node = Identity { node: NodeId::from_bytes([9; 16]), ..identity() };
        let other_tenant = Identity { tenant: TenantId::from_bytes([9; 16]), ..identity() };
        for (other, name) in [(other_node, "NODE_ID"), (other_tenant, "TENANT_ID")] {
            assert!(matches!(try_as(other), Some(OpenError::IdentityChanged { setting, .. }) if setting == name));
        }
        // A log put into another node's place is refused by what it says itself.
        fs::remove_file(path(&node, "registered")).unwrap();
        assert!(matches!(try_as(other_node), Some(OpenError::IdentityChanged { setting: "NODE_ID", .. })));
        node.open();
    });
}

#[test]
fn a_snapshot_that_was_never_finished_is_removed() {
    let node = Node::on_sled();
    append_each(&node.open(), 0..100);
    // A kill while sled writes its snapshot leaves this: sled itself refuses the directory permanently.
    let unfinished = path(&node, "log").join("snap.00000000000000FF.generating");
    fs::write(&unfinished, b"half a snapshot").unwrap();
    assert_eq!(ids(&node.open()).len(), 100);
    assert!(!unfinished.exists());
}

#[test]
fn an_interrupted_first_start_begins_again() {
    let node = Node::on_sled();
    fs::create_dir_all(path(&node, "log.creating")).unwrap();
    fs::write(path(&node, "log.creating").join("db"), b"half a database").unwrap();
    append_each(&node.open(), 0..3);

    // Cut after the log was in its place and before it was registered.
    fs::remove_file(path(&node, "registered")).unwrap();
    fs::remove_file(path(&node, "high-water")).unwrap();
    assert_eq!(ids(&node.open()).len(), 3);
    assert!(path(&node, "registered").exists());
}

#[test]
fn an_old_copy_put_in_the_logs_place_is_found_out() {
    let node = Node::on_sled();
    append_each(&node.open(), 0..20);
    copy_dir(&path(&node, "log"), &path(&node, "backup"));
    append_each(&node.open(), 20..50);
    fs::remove_dir_all(path(&node, "log")).unwrap();
    fs::rename(path(&node, "backup"), path(&node, "log")).unwrap();
    assert_eq!(node.finding(), Finding::Shortened { epoch: 1, expected: Seq(51), found: Seq(21) });
}

#[test]
fn without_an_intact_high_water_mark_the_log_refuses_appends() {
    on_each_store(|node| {
        append_each(&node.open(), 0..3);
        fs::write(path(&node, "high-water"), b"").unwrap();
        assert_eq!(node.finding(), Finding::NoMark { path: path(&node, "high-water") });
        let log = node.open();
        assert!(matches!(append(&log, vec![draft(3)]), Err(AppendError::ReadOnly { .. })));
        assert_eq!(ids(&log).len(), 3);
    });
}

/// Ten records in pages of one, and then the log is closed.
fn ten_records() -> Node {
    let node = Node::in_memory();
    append_each(&node.open(), 0..9);
    node
}

fn page_key(first: u64) -> Vec<u8> {
    keys::part(RecordKind::Page, 1, Seq(first), 0)
}

#[test]
fn a_flipped_bit_long_ago_is_found_by_the_check_behind_and_stops_appends() {
    let node = ten_records();
    node.disk().tamper(|rows| *rows.get_mut(&page_key(4)).unwrap().last_mut().unwrap() ^= 1);
    let log = node.open();
    let Check::Found(finding) = checked(&log) else { panic!("nothing was found") };
    assert!(matches!(finding, Finding::Chain { epoch: 1, seq: Seq(4), .. }), "{finding}");
    assert_eq!(log.status().state, State::Damaged(finding));
    assert!(matches!(append(&log, vec![draft(10)]), Err(AppendError::ReadOnly { .. })));
    assert_eq!(log.read(1, Seq(1), 100, usize::MAX).unwrap().len(), 3, "up to the damage");
    assert!(log.read(1, Seq(4), 100, usize::MAX).is_err(), "and never through it");
}

#[test]
fn a_flipped_bit_in_the_last_record_is_found_at_once() {
    let node = ten_records();
    node.disk().tamper(|rows| *rows.get_mut(&page_key(10)).unwrap().last_mut().unwrap() ^= 1);
    assert!(matches!(node.finding(), Finding::Chain { epoch: 1, seq: Seq(10), .. }));
}

#[test]
fn a_record_replaced_together_with_its_page_is_found_by_the_pages_after_it() {
    let node = ten_records();
    let other = Node::in_memory();
    append_each(&other.open(), 20..29);
    let mut foreign = None;
    other.disk().tamper(|rows| foreign = rows.get(&page_key(5)).cloned());
    node.disk().tamper(|rows| drop(rows.insert(page_key(5), foreign.unwrap())));
    let log = node.open();
    let found = checked(&log);
    assert!(matches!(found, Check::Found(Finding::Chain { epoch: 1, seq: Seq(4), .. })), "{found:?}");
}

#[test]
fn a_record_missing_in_the_middle_is_a_gap() {
    let node = ten_records();
    node.disk().tamper(|rows| drop(rows.remove(&page_key(6))));
    let log = node.open();
    let gap = Finding::Gap { epoch: 1, expected: Seq(6), found: Seq(7) };
    assert_eq!(checked(&log), Check::Found(gap));
}

#[test]
fn a_tail_cut_off_behind_the_log_is_shortened_to_the_seq_that_is_left() {
    let node = ten_records();
    node.disk().tamper(|rows| (8..=10).for_each(|seq| drop(rows.remove(&page_key(seq)))));
    assert_eq!(node.finding(), Finding::Shortened { epoch: 1, expected: Seq(10), found: Seq(7) });
}
