//! Point 11: the node's signing key is sealed at rest, and a wrong or missing key is named.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ed25519_dalek::SigningKey;

use super::super::memory::Faults;
use super::super::rotation::{RotationStep, rotate};
use super::super::{Backend, OpenError, SECRET_KEY_FILE, rotate_secret_key};
use super::harness::{Node, append_each, ids, on_each_store};

/// Every file below a folder that contains the bytes.
fn files_with(folder: &Path, bytes: &[u8], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files_with(&entry, bytes, found);
        } else if std::fs::read(&entry).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(entry.display().to_string());
        }
    }
}

/// The first thing that a new log draws is the seed of its key pair.
fn seed(node: &Node) -> [u8; 32] {
    let mut seed = [0; 32];
    (node.environment().random)(&mut seed).unwrap();
    seed
}

#[test]
fn the_signing_key_is_nowhere_in_the_folder() {
    // Another node draws the same numbers.
    let seed = seed(&Node::on_sled());
    let node = Node::on_sled();
    let log = node.open();
    assert_eq!(log.public_key(), SigningKey::from_bytes(&seed).verifying_key().to_bytes(), "it is this node's seed");
    append_each(&log, 0..50);
    log.close();
    let mut found = Vec::new();
    files_with(node.dir.path(), &seed, &mut found);
    files_with(node.dir.path(), hex::encode(seed).as_bytes(), &mut found);
    assert_eq!(found, Vec::<String>::new());
    let file = node.config().dir.join(SECRET_KEY_FILE);
    let key = hex::decode(std::fs::read_to_string(&file).unwrap().trim_end()).unwrap();
    files_with(&node.config().dir.join("log"), &key, &mut found);
    assert_eq!(found, Vec::<String>::new(), "the key is not where its secrets are");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_signing_key_survives_a_restart() {
    on_each_store(|node| {
        let first = node.open().public_key();
        assert_eq!(node.open().public_key(), first);
    });
}

#[test]
fn a_missing_or_foreign_key_is_named_and_no_other_is_made() {
    on_each_store(|node| {
        node.open().close();
        let file = node.config().dir.join(SECRET_KEY_FILE);
        let key = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(node.try_open().err(), Some(OpenError::SecretKeyMissing { path: file.clone() }));
        assert!(!file.exists(), "a new key would unseal nothing");
        for wrong in [&b""[..], b"x", &[b'0'; 64]] {
            std::fs::write(&file, wrong).unwrap();
            assert_eq!(node.try_open().err(), Some(OpenError::SecretKeyWrong { path: file.clone() }));
        }
        std::fs::write(&file, key).unwrap();
        node.open();
    });
}

fn key_of(node: &Node) -> String {
    std::fs::read_to_string(node.config().dir.join(SECRET_KEY_FILE)).unwrap()
}

#[test]
fn a_rotated_key_seals_the_same_signing_key_and_the_old_one_opens_nothing() {
    on_each_store(|node| {
        let log = node.open();
        let public_key = log.public_key();
        append_each(&log, 0..3);
        log.close();
        drop(log);
        let old = key_of(&node);
        rotate_secret_key(&node.config(), &node.environment()).unwrap();
        assert_ne!(key_of(&node), old);
        let file = node.config().dir.join(SECRET_KEY_FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let log = node.open();
        assert_eq!((log.public_key(), ids(&log).len()), (public_key, 3));
        log.close();
        drop(log);
        std::fs::write(&file, old).unwrap();
        assert_eq!(node.try_open().err(), Some(OpenError::SecretKeyWrong { path: file }));
    });
}

#[test]
fn the_key_of_a_running_node_is_not_rotated() {
    let node = Node::in_memory();
    let log = node.open();
    let refused = rotate_secret_key(&node.config(), &node.environment());
    assert!(matches!(refused, Err(OpenError::Locked { .. })), "{refused:?}");
    log.close();
}

/// A kill or a power cut after any step leaves a node that opens, whatever of the store reached the disk.
#[test]
fn a_rotation_that_is_killed_at_any_step_leaves_a_node_that_opens() {
    use RotationStep::{Flushed, KeyWritten, Replaced, Sealed};
    for (step, surviving) in [(KeyWritten, 0), (Sealed, 0), (Sealed, 1), (Flushed, 0), (Replaced, 0)] {
        on_each_store(|node| {
            let log = node.open();
            let public_key = log.public_key();
            append_each(&log, 0..3);
            log.close();
            drop(log);
            let old = key_of(&node);
            rotate(&node.config(), &node.environment(), &mut |done| done != step).unwrap();
            let sealed_again = match &node.backend {
                Backend::Memory(disk) => {
                    disk.cut_power(surviving);
                    surviving == 1 || matches!(step, Flushed | Replaced)
                }
                // A kill of the process: what was applied is there.
                Backend::Sled { .. } => step != KeyWritten,
            };
            let log = node.open();
            assert_eq!((log.public_key(), ids(&log).len()), (public_key, 3), "{step:?}");
            log.close();
            drop(log);
            assert_eq!(key_of(&node) != old, sealed_again, "{step:?}: the key that fits is kept");
            let left: Vec<_> =
                std::fs::read_dir(node.config().dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            let left = left.iter().filter(|name| name.to_string_lossy().starts_with("secret.key"));
            assert_eq!(left.collect::<Vec<_>>(), [SECRET_KEY_FILE], "{step:?}");
            rotate_secret_key(&node.config(), &node.environment()).unwrap();
            assert_eq!(node.open().public_key(), public_key, "{step:?}: and it can be rotated again");
        });
    }
}

#[test]
fn a_rotation_on_a_disk_that_fails_says_so_and_keeps_the_old_key() {
    let node = Node::in_memory();
    let public_key = node.open().public_key();
    let old = key_of(&node);
    for faults in
        [Faults { writes_left: Some(0), ..Faults::default() }, Faults { flushes_fail: true, ..Faults::default() }]
    {
        node.disk().set_faults(faults);
        let failed = rotate_secret_key(&node.config(), &node.environment());
        assert!(matches!(failed, Err(OpenError::Store(_))), "{failed:?}");
        node.disk().cut_power(0);
        assert_eq!(node.open().public_key(), public_key);
        assert_eq!(key_of(&node), old);
    }
}
