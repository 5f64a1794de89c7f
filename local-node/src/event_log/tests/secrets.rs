//! Point 11: the node's signing key is sealed at rest, and a wrong or missing key is named.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ed25519_dalek::SigningKey;

use super::super::{OpenError, SECRET_KEY_FILE};
use super::harness::{Node, append_each, on_each_store};

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
