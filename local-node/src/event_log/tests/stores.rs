//! The conformance suite of stores, for sled and memory.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::memory::{Faults, MemDisk};
use super::super::sled_store::SledStore;
use super::super::store::{Entry, Store};

/// A place where stores are opened again and again.
trait StoreLocation {
    fn open(&self) -> Arc<dyn Store>;
}

impl StoreLocation for tempfile::TempDir {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SledStore::open(self.path(), 8 * 1024 * 1024).expect("sled opens"))
    }
}

impl StoreLocation for MemDisk {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store())
    }
}

fn on_each(check: impl Fn(&dyn StoreLocation)) {
    check(&tempfile::tempdir().expect("a directory"));
    check(&MemDisk::default());
}

fn set(key: &str, value: &str) -> Entry {
    Entry::set(key.into(), value.into())
}

fn rows(store: &dyn Store, from: &str, to: &str) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut rows = Vec::new();
    let visit = &mut |key: &[u8], value: &[u8]| {
        rows.push((text(key), text(value)));
        ControlFlow::Continue(())
    };
    store.scan(from.as_bytes(), to.as_bytes(), visit).unwrap();
    rows
}

#[test]
fn a_batch_sets_and_removes_and_is_there_after_a_restart() {
    on_each(|place| {
        let store = place.open();
        store.apply(vec![set("a", "1"), set("b", "2")]).unwrap();
        store.apply(vec![set("a", "3"), Entry::remove("b".into()), set("c", "")]).unwrap();
        store.flush().unwrap();
        drop(store);
        let store = place.open();
        assert_eq!(rows(&*store, "a", "z"), [("a".into(), "3".into()), ("c".into(), String::new())]);
        assert_eq!((store.get(b"a").unwrap(), store.get(b"b").unwrap()), (Some(b"3".to_vec()), None));
    });
}

#[test]
fn keys_are_in_byte_order_and_ranges_exclude_their_end() {
    on_each(|place| {
        let store = place.open();
        for key in ["b", "a", "ab", "c", "\u{7f}"] {
            store.apply(vec![set(key, key)]).unwrap();
        }
        let keys: Vec<_> = rows(&*store, "a", "c").into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["a", "ab", "b"]);
        let last = |from: &str, to: &str| store.last(from.as_bytes(), to.as_bytes()).unwrap().map(|(key, _)| key);
        assert_eq!(last("a", "b"), Some(b"b".to_vec()));
        assert_eq!(last("a", "az"), Some(b"ab".to_vec()));
        assert_eq!(last("d", "e"), None);
    });
}

#[test]
fn a_scan_ends_where_its_visitor_says() {
    on_each(|place| {
        let store = place.open();
        store.apply((0..100u8).map(|n| Entry::set(vec![n], vec![n])).collect()).unwrap();
        let mut seen = 0;
        store
            .scan(&[10], &[90], &mut |_, _| {
                seen += 1;
                if seen == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert_eq!(seen, 5);
    });
}

#[test]
fn the_largest_batch_of_the_largest_values_is_kept() {
    on_each(|place| {
        let store = place.open();
        let batch = |fill: u8| (0..=255u8).map(|n| Entry::set(vec![fill, n], vec![fill; 4096])).collect::<Vec<_>>();
        (0..8).for_each(|fill| store.apply(batch(fill)).unwrap());
        store.flush().unwrap();
        drop(store);
        let store = place.open();
        assert!((0..8).all(|fill| (0..=255).all(|n| store.get(&[fill, n]).unwrap() == Some(vec![fill; 4096]))));
    });
}

#[test]
fn large_values_in_any_order_never_reach_the_files_that_sled_does_not_sync() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), 8 * 1024 * 1024).unwrap();
    for n in 0..2_000u64 {
        let key = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes().to_vec();
        store.apply(vec![Entry::set(key, vec![n as u8; 4096])]).unwrap();
    }
    store.flush().unwrap();
    let blobs = std::fs::read_dir(dir.path().join("blobs")).map_or(0, Iterator::count);
    assert_eq!(blobs, 0);
}

#[test]
fn memory_loses_what_was_not_flushed_and_keeps_the_order_of_what_was_applied() {
    let disk = MemDisk::default();
    let store = disk.store();
    store.apply(vec![set("a", "1")]).unwrap();
    store.flush().unwrap();
    store.apply(vec![set("b", "2")]).unwrap();
    store.apply(vec![set("c", "3")]).unwrap();
    assert_eq!(rows(&store, "a", "z").len(), 3, "readers see what is not durable yet");
    disk.cut_power(1);
    assert!(store.get(b"a").is_err(), "a store from before the cut is dead");
    assert_eq!(rows(&disk.store(), "a", "z"), [("a".into(), "1".into()), ("b".into(), "2".into())]);
}

#[test]
fn memory_injects_the_faults_it_is_given() {
    let disk = MemDisk::default();
    let store = disk.store();
    disk.set_faults(Faults { writes_left: Some(1), flushes_fail: true, flushes_lie: false });
    store.apply(vec![set("a", "1")]).unwrap();
    assert!(store.apply(vec![set("b", "2")]).is_err());
    assert!(store.flush().is_err());
    disk.set_faults(Faults { flushes_lie: true, ..Faults::default() });
    store.flush().unwrap();
    disk.cut_power(0);
    assert_eq!(rows(&disk.store(), "a", "z"), []);
}
