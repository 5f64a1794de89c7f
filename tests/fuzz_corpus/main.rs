//! The kept corpus of the fuzzer, through the same functions that the fuzzer runs: what once crashed or reached new code is tried
//! at every change, without a fuzzer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[expect(unreachable_pub, reason = "the fuzzer uses them from outside")]
#[path = "../../fuzz/src/targets.rs"]
mod targets;

/// Small enough to be part of the sources.
const BYTES_MAX: u64 = 2 * 1024 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

/// The inputs of one target, with their names.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = corpus().join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn every_kept_input_passes_through_its_target() {
    for (name, target) in targets::TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() > 3, "{name}: a target without a corpus tests nothing");
        for (path, input) in inputs {
            let passed = std::panic::catch_unwind(|| target(&input));
            assert!(passed.is_ok(), "{path}");
        }
    }
}

/// A decoder of bytes is only tested by an input that it accepts.
#[test]
fn the_corpus_of_each_decoder_has_an_input_that_reads() {
    use comptoir_proto::{desktop_v1, key_text, mobile_v1, pull_v1, stored_v1, sync_v1};
    fn text(input: &[u8]) -> &str {
        std::str::from_utf8(input).unwrap_or_default()
    }
    let any = |target: &str, reads: &dyn Fn(&[u8]) -> bool| {
        assert!(inputs(target).iter().any(|(_, input)| reads(input)), "no input of {target} reads");
    };
    any("record", &|input| stored_v1::decode(input).is_ok());
    any("decision", &|input| stored_v1::decode_decision(input).is_ok());
    any("batch", &|input| serde_json::from_slice::<sync_v1::PushRequest>(input).is_ok());
    any("answer", &|input| serde_json::from_slice::<sync_v1::PushResponse>(input).is_ok());
    any("answer", &|input| serde_json::from_slice::<pull_v1::PullResponse>(input).is_ok());
    any("bundle", &|input| {
        comptoir_audit::verify(&[&input.to_vec()], &comptoir_audit::Level::Content.into(), &mut |_| {}).is_ok()
    });
    any("cursor", &|input| text(input).parse::<pull_v1::PullCursor>().is_ok());
    for kind in key_text::KeyKind::ALL {
        any("key", &|input| key_text::KeyText::parse(kind, text(input)).is_ok());
    }
    any("token", &|input| comptoir_central::fuzzed::token(text(input)));
    any("token", &|input| comptoir_central::fuzzed::secret(text(input)));
    any("token", &|input| {
        let lines = text(input).split_once('\n');
        lines.is_some_and(|(header, claims)| {
            comptoir_central::fuzzed::token(&comptoir_central::fuzzed::signed(header.as_bytes(), claims.as_bytes()))
        })
    });
    any("cursor", &|input| comptoir_central::fuzzed::cursors(text(input)) > 0);
    any("mobile", &|input| serde_json::from_slice::<mobile_v1::PushRequest>(input).is_ok());
    any("desktop", &|input| serde_json::from_slice::<desktop_v1::SyncUpRequest>(input).is_ok());
    any("desktop", &|input| serde_json::from_slice::<desktop_v1::ResolveRequest>(input).is_ok());
}

/// cargo-fuzz, `make fuzz` and this test have the same list.
#[test]
fn each_target_has_a_program_and_a_folder() {
    let names: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = |folder: PathBuf| -> BTreeSet<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(listed(corpus()), names);
    assert_eq!(listed(corpus().join("../fuzz_targets")), names);
}

#[test]
fn the_corpus_is_small() {
    let files = targets::TARGETS.iter().flat_map(|(name, _)| inputs(name));
    let (count, bytes) = files.fold((0, 0), |(count, bytes), (_, input)| (count + 1, bytes + input.len() as u64));
    assert!(bytes < BYTES_MAX && count < 1_000, "{count} files, {bytes} bytes: minimise it with `make fuzz-minimise`");
}
