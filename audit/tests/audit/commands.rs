//! The `comptoir-audit` binary: text, JSON and exit codes.

use std::path::PathBuf;
use std::process::{Command, Output};

use comptoir_proto::bundle_v1::{BundleReader, Frame};
use comptoir_proto::receipt_code::ReceiptCode;
use comptoir_proto::stored_v1::decode;
use serde_json::Value;

use crate::support::*;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn run_audit(language: &str, arguments: &[&str], files: &[&PathBuf]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir-audit"));
    command.env_clear().env("LANG", language).args(arguments).args(files).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn broken() -> Vec<u8> {
    let mut log = tenant_log(&[node_log(node(7), &[6])]);
    log.entry(4).decision_chain.0[0] ^= 1;
    log.to_bytes()
}

#[test]
fn an_intact_log_ends_with_0_and_prints_the_end_of_each_log() {
    let files = Files::new();
    let file = files.write("central.bundle", &tenant_log(&[node_log(node(7), &[6])]).to_bytes());
    let output = run_audit("C", &["verify", "--level", "content"], &[&file]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    assert!(text.starts_with("Intact: 6 records, 6 decisions.\n"), "{text}");
    assert!(text.contains("node 07070707-0707-0707-0707-070707070707, epoch 1, seq 6, "), "{text}");
    assert!(output.stderr.is_empty(), "no progress where nobody watches");

    let french = stdout(&run_audit("fr_FR.UTF-8", &["verify"], &[&file]));
    assert!(french.starts_with("Intact : 6 enregistrements, 6 décisions.\n"), "{french}");
}

#[test]
fn a_break_ends_with_1_and_is_named() {
    let files = Files::new();
    let file = files.write("central.bundle", &broken());
    let output = run_audit("C", &["verify"], &[&file]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.starts_with("Break DECISION_CHAIN: the decision, or a link before it, was changed.\n  position 4, node "),
        "{text}"
    );
    let french = stdout(&run_audit("fr_FR.UTF-8", &["verify"], &[&file]));
    assert!(french.contains("Rupture DECISION_CHAIN") && french.contains("attendu "), "{french}");

    let output = run_audit("C", &["verify", "--json"], &[&file]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["intact"], false);
    let found = &report["first_break"];
    assert_eq!((&found["defect"], &found["position"], &found["seq"]), (&"DECISION_CHAIN".into(), &4.into(), &4.into()));
    assert!(found["byte"].as_u64().unwrap() > 63 && found["file"].as_str().unwrap().ends_with("central.bundle"));
    assert_eq!(found["expected"].as_str().map(str::len), Some(64));
}

#[test]
fn an_unreadable_file_ends_with_2_and_is_never_a_finding() {
    let files = Files::new();
    let no_bundle = files.write("photo.jpg", b"\xff\xd8\xff\xe0 something else");
    let newer = files.write("newer.bundle", b"CPTB\x03\x00\x01");
    let missing = files.0.path().join("missing.bundle");
    for (file, word) in [(&no_bundle, "no bundle"), (&newer, "format 3"), (&missing, "cannot be opened")] {
        let output = run_audit("C", &["verify"], &[file]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(run_audit("C", &["verify"], &[]).status.code(), Some(2), "no file");
    assert_eq!(run_audit("C", &["verify", "--known-head", "abc"], &[&missing]).status.code(), Some(2), "no chain");
}

#[test]
fn a_known_head_must_be_in_the_log() {
    let files = Files::new();
    let log = node_log(node(7), &[6]);
    let Owned::Record { chain, .. } = log.frames[log.record(1, 6)] else { panic!() };
    let mut cut = log.clone();
    cut.frames.truncate(cut.record(1, 6));
    let (whole, cut) = (files.write("whole.bundle", &log.to_bytes()), files.write("cut.bundle", &cut.to_bytes()));
    let known = ["verify", "--known-head", &chain.to_string()];
    assert_eq!(run_audit("C", &known, &[&whole]).status.code(), Some(0));
    let output = run_audit("C", &known, &[&cut]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).starts_with("Break KNOWN_HEAD: "), "{}", stdout(&output));
}

#[test]
fn two_logs_are_compared_after_both_are_verified() {
    let files = Files::new();
    let log = node_log(node(7), &[6]);
    let central = files.write("central.bundle", &tenant_log(std::slice::from_ref(&log)).to_bytes());
    let shop = files.write("shop.bundle", &log.to_bytes());
    let output = run_audit("C", &["compare", "--json"], &[&shop, &central]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["agree"], &found["comparison"]["same"]), (&true.into(), &6.into()));

    let longer = files.write("longer.bundle", &tenant_log(&[node_log(node(7), &[8])]).to_bytes());
    let output = run_audit("C", &["compare"], &[&shop, &longer]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.starts_with("They contradict each other: 6 records the same"), "{text}");
    assert!(text.contains("epoch 1, seq 7 .. 8: at central alone: the node's log was shortened"), "{text}");

    let broken = files.write("broken.bundle", &broken());
    let output = run_audit("fr_FR.UTF-8", &["compare"], &[&shop, &broken]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).starts_with("Rupture DECISION_CHAIN"), "{}", stdout(&output));

    assert_eq!(run_audit("C", &["compare"], &[&central, &shop]).status.code(), Some(2), "the wrong way round");
}

#[test]
fn a_replay_ends_with_0_and_a_digest_or_with_1_and_every_difference() {
    let files = Files::new();
    let log = crate::fixture::a_full_day().log();
    let whole = files.write("central.bundle", &log.to_bytes());
    let output = run_audit("C", &["replay", "--redecide"], &[&whole]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    assert!(text.starts_with("No difference: "), "{text}");
    let digest = text.lines().last().unwrap().strip_prefix("Digest of all: ").unwrap();
    let json: Value = serde_json::from_slice(&run_audit("C", &["replay", "--json"], &[&whole]).stdout).unwrap();
    assert_eq!(json["replay"]["digest"], digest);
    assert_eq!(json["replay"]["redecided"], false);

    let mut forged = log.clone();
    forged.entry(3).decide(|decision| decision.judgement.verdict = comptoir_core::decision::Verdict::Superseded);
    let forged = files.write("forged.bundle", &forged.with_new_chains().to_bytes());
    let output = run_audit("fr_FR.UTF-8", &["replay", "--redecide"], &[&forged]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    assert!(text.starts_with("Différence à la position 3 : événement "), "{text}");
    assert!(text.contains("  verdict\n    enregistré SUPERSEDED\n    redécidé   ACCEPTED\n"), "{text}");
    let output = run_audit("C", &["replay", "--redecide", "--json"], &[&forged]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["difference"]["position"], 3);
    assert_eq!(lines.last().unwrap()["replay"]["differences"], lines.len() - 1);

    let broken = files.write("broken.bundle", &broken());
    let output = run_audit("C", &["replay"], &[&broken]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).starts_with("Break DECISION_CHAIN: "), "what does not hold is not replayed");
}

/// A receipt's code, of a record of the log.
fn code_of(log: &[u8]) -> String {
    let mut reader = BundleReader::open(log).unwrap();
    let mut codes = Vec::new();
    while let Some((_, frame)) = reader.next_frame().unwrap() {
        if let Frame::Entry(entry) = frame {
            codes.push(ReceiptCode::new(&decode(entry.record).unwrap(), entry.chain).to_string());
        }
    }
    codes.remove(3)
}

#[test]
fn a_receipt_is_found_by_its_code_or_its_address_or_it_is_not() {
    let files = Files::new();
    let bytes = tenant_log(&[node_log(node(7), &[6])]).to_bytes();
    let code = code_of(&bytes);
    let file = files.write("central.bundle", &bytes);
    let address = format!("https://central.example/r/{code}");
    for written in [&code, &address] {
        let output = run_audit("C", &["show", written], &[&file]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(stdout(&output).starts_with("This receipt is genuine"), "{output:?}");
        assert!(stdout(&output).contains("position 4: ACCEPTED"), "{output:?}");
    }
    let french = run_audit("fr_FR.UTF-8", &["show", &code], &[&file]);
    assert!(stdout(&french).starts_with("Ce ticket est authentique"), "{french:?}");
    let json: Value = serde_json::from_slice(&run_audit("C", &["--json", "show", &code], &[&file]).stdout).unwrap();
    assert_eq!((&json["state"], &json["position"]), (&"RECORDED".into(), &4.into()));

    // The end of a code is the chain, and what comes before names the place.
    let forged = format!("{}AAAA", &code[..code.len() - 4]);
    let output = run_audit("C", &["show", &forged], &[&file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).starts_with("This receipt does not fit"), "{output:?}");
    let other = tenant_log(&[node_log(node(8), &[6])]).to_bytes();
    let output = run_audit("C", &["show", &code_of(&other)], &[&file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).starts_with("These files have no record"), "{output:?}");
    assert_eq!(run_audit("C", &["show", "AAAA"], &[&file]).status.code(), Some(2));
    let broken = files.write("broken.bundle", &broken());
    let output = run_audit("C", &["show", &code], &[&broken]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).starts_with("Break"), "{output:?}");
}
