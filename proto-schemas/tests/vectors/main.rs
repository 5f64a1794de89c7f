//! The stored formats against their golden vectors: today's code writes and reads the very bytes that were written once, and a
//! decoder that shares no code with it, in Python, reads the same fields and computes the same chain.

mod bundle;
mod decoder;
mod golden;

use std::collections::BTreeMap;
use std::fs;

use comptoir_core::chain::{decision_link, link};
use comptoir_proto::stored_v1::{decode, decode_decision, encode, encode_decision};
use golden::{DecisionVector, RecordVector, folder, vectors};

/// For longer records only the hash is stored.
const SHOWN_BYTES_MAX: usize = 4096;

#[test]
fn records_are_written_and_read_as_their_vectors_say() {
    for (name, vector) in vectors::<RecordVector>("record-") {
        let event = vector.fields.event();
        let record = encode(&event).unwrap();
        let sealed = RecordVector {
            record_bytes: record.len(),
            record: (record.len() <= SHOWN_BYTES_MAX).then(|| hex::encode(&record)),
            chain: link(vector.previous(), &record).to_string(),
            ..vector.clone()
        };
        assert_same(&name, &vector, &sealed);
        assert_eq!(decode(&record).unwrap(), event, "{name}");
    }
}

#[test]
fn decisions_are_written_and_read_as_their_vectors_say() {
    for (name, vector) in vectors::<DecisionVector>("decision-") {
        let decision = vector.fields.decision();
        let bytes = encode_decision(&decision).unwrap();
        let chain = decision_link(vector.previous(), &bytes).to_string();
        let sealed = DecisionVector { decision: hex::encode(&bytes), chain, ..vector.clone() };
        assert_same(&name, &vector, &sealed);
        assert_eq!(decode_decision(&bytes).unwrap(), decision, "{name}");
    }
}

/// To add a vector, write its fields; this prints the rest.
pub(crate) fn assert_same<T: serde::Serialize + PartialEq>(name: &str, vector: &T, sealed: &T) {
    let shown = serde_json::to_string_pretty(sealed).unwrap();
    assert!(vector == sealed, "{name} is written otherwise now. A vector that is in use stays; a new one is\n{shown}");
}

#[test]
fn a_vector_is_added_and_never_edited() {
    let manifest = fs::read_to_string(folder().join("MANIFEST")).unwrap();
    let line = |line: &str| line.split_once("  ").map(|(hash, name)| (name.to_owned(), hash.to_owned()));
    let listed: BTreeMap<String, String> = manifest.lines().filter_map(line).collect();
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".json") {
            found.insert(name, blake3::hash(&fs::read(&path).unwrap()).to_string());
        }
    }
    assert_eq!(
        found, listed,
        "left: the files and their blake3; right: vectors/MANIFEST, which gets one line for a new file"
    );
}
