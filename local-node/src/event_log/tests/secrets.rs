//! Point 11: the node's signing key is sealed at rest, and a wrong or missing key is named.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ed25519_dalek::SigningKey;

use super::super::memory::Faults;
use super::super::rotation::{RotationStep, rotate};
use super::super::{KeyChange, KeySpace, Log, OpenError, SECRET_KEY_FILE, rotate_secret_key};
use super::harness::{Node, append_each, block_on, ids, on_each_store};

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

type SealedValue = (KeySpace, Vec<u8>, Vec<u8>);

/// A value in each sealed key space; those of the users are more than one batch of the store takes.
fn sealed_values() -> Vec<SealedValue> {
    let users = (KeySpace::Users, Vec::new(), vec![7; 900_000]);
    let of_user = |number: u8| (KeySpace::UserAtNode, vec![number; 16], vec![number; 5_000]);
    let session = |number: u8| (KeySpace::Session, vec![number; 32], vec![number, 1]);
    [users].into_iter().chain((0..90).map(of_user)).chain((0..90).map(session)).collect()
}

fn seal_values(log: &Log) {
    let batch = |(space, key, value): SealedValue| {
        let sealed = log.seal(space, &key, &value).unwrap();
        vec![KeyChange::set(space, key, sealed)]
    };
    block_on(log.put(sealed_values().into_iter().map(batch).collect())).unwrap();
}

fn assert_values_unseal(log: &Log, case: &str) {
    for (space, key, value) in sealed_values() {
        let sealed = log.get(space, &key).unwrap().unwrap_or_else(|| panic!("{case}: {space:?} is gone"));
        let unsealed = log.unseal(space, &key, &sealed).unwrap_or_else(|error| panic!("{case}: {space:?}: {error}"));
        assert_eq!(unsealed, value, "{case}: {space:?}");
    }
}

const PURPOSE: &str = "comptoir/a test/1";

#[test]
fn a_rotation_seals_every_secret_again_and_keeps_derived_ones() {
    on_each_store(|node| {
        let log = node.open();
        let derived = log.derived_secret(PURPOSE);
        seal_values(&log);
        let before: Vec<_> = sealed_values().iter().map(|(space, key, _)| log.get(*space, key).unwrap()).collect();
        log.close();
        drop(log);
        for round in ["once", "twice"] {
            rotate_secret_key(&node.config(), &node.environment()).unwrap();
            let log = node.open();
            assert_values_unseal(&log, round);
            assert_eq!(log.derived_secret(PURPOSE), derived, "{round}: a PIN is compared with it");
            log.close();
        }
        let log = node.open();
        let after: Vec<_> = sealed_values().iter().map(|(space, key, _)| log.get(*space, key).unwrap()).collect();
        assert!(before.iter().zip(&after).all(|(before, after)| before != after), "the old key opens none of them");
        log.close();
    });
}

/// A kill or a power cut after any step leaves a node that opens and can read all its secrets, whatever of the store reached the
/// disk. The next start completes the rotation.
#[test]
fn a_rotation_that_is_killed_at_any_step_leaves_a_node_that_reads_its_secrets() {
    let steps_of = |node: &Node| {
        let mut steps = Vec::new();
        let goes_on = &mut |step| {
            steps.push(step);
            true
        };
        rotate(&node.config(), &node.environment(), goes_on).unwrap();
        steps
    };
    let filled = |node: &Node| {
        let log = node.open();
        append_each(&log, 0..3);
        seal_values(&log);
        let (public_key, derived) = (log.public_key(), log.derived_secret(PURPOSE));
        log.close();
        (public_key, derived)
    };
    let steps = {
        let node = Node::in_memory();
        filled(&node);
        steps_of(&node)
    };
    let some_sealed = steps.iter().filter(|step| **step == RotationStep::SomeSealed).count();
    assert!(some_sealed > 1 && steps.ends_with(&[RotationStep::Flushed, RotationStep::Replaced]), "{steps:?}");
    for (killed_at, step) in steps.iter().enumerate() {
        // Of the batches that no flush has made durable, this many survive a power cut.
        for surviving in 0..=some_sealed + 1 {
            let node = Node::in_memory();
            assert_kill_is_harmless(
                &node,
                filled(&node),
                killed_at,
                &|| node.disk().cut_power(surviving),
                &format!("{step:?}, {surviving} batches"),
            );
        }
        // A kill of the process: what was applied is there.
        let node = Node::on_sled();
        assert_kill_is_harmless(&node, filled(&node), killed_at, &|| {}, &format!("{step:?} on sled"));
    }
}

fn assert_kill_is_harmless(
    node: &Node,
    (public_key, derived): ([u8; 32], [u8; 32]),
    killed_at: usize,
    happens: &dyn Fn(),
    case: &str,
) {
    let old = key_of(node);
    let mut step = 0;
    let goes_on = &mut |_| {
        step += 1;
        step <= killed_at
    };
    rotate(&node.config(), &node.environment(), goes_on).unwrap();
    happens();
    for start in ["first start", "second start"] {
        let log = node.open();
        assert_eq!((log.public_key(), ids(&log).len()), (public_key, 3), "{case}, {start}");
        assert_eq!(log.derived_secret(PURPOSE), derived, "{case}, {start}");
        assert_values_unseal(&log, &format!("{case}, {start}"));
        log.close();
    }
    assert_ne!(key_of(node), old, "{case}: the next start completes the rotation");
    let left: Vec<_> = std::fs::read_dir(node.config().dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let left = left.iter().filter(|name| name.to_string_lossy().starts_with("secret.key"));
    assert_eq!(left.collect::<Vec<_>>(), [SECRET_KEY_FILE], "{case}");
}

/// The new key is written whole, so this is nobody's key.
#[test]
fn a_next_key_that_does_not_read_is_removed_and_the_old_one_stays() {
    let node = Node::in_memory();
    let public_key = node.open().public_key();
    let next = node.config().dir.join("secret.key.next");
    std::fs::write(&next, "no key").unwrap();
    assert_eq!(node.open().public_key(), public_key);
    assert!(!next.exists());
}

#[test]
fn a_rotation_on_a_disk_that_fails_says_so_and_the_next_start_completes_it() {
    let node = Node::in_memory();
    let public_key = node.open().public_key();
    for faults in
        [Faults { writes_left: Some(0), ..Faults::default() }, Faults { flushes_fail: true, ..Faults::default() }]
    {
        let old = key_of(&node);
        node.disk().set_faults(faults);
        let failed = rotate_secret_key(&node.config(), &node.environment());
        assert!(matches!(failed, Err(OpenError::Store(_))), "{failed:?}");
        node.disk().cut_power(0);
        assert_eq!(node.open().public_key(), public_key);
        assert_ne!(key_of(&node), old);
    }
}
