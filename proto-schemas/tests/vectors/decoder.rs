//! `tests/decoder/decode_record.py`, which was written from the papers alone.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use comptoir_proto::stored_v1::encode;
use serde::Deserialize;

use crate::golden::{RecordFields, RecordVector, Text, vectors};

#[derive(Deserialize)]
struct Decoded {
    fields: RecordFields,
    chain: String,
}

#[test]
fn an_independent_decoder_reads_every_vector() {
    let vectors = vectors::<RecordVector>("record-");
    let record = |vector: &RecordVector| {
        // A long record is not in its file; its chain shows that these are its bytes.
        vector.record.clone().unwrap_or_else(|| hex::encode(encode(&vector.fields.event()).unwrap()))
    };
    let lines = vectors.iter().map(|(_, vector)| format!("{} {}\n", vector.previous_chain, record(vector)));
    let decoded = run_decoder(&lines.collect::<String>()).expect("every vector is a record");
    assert_eq!(decoded.lines().count(), vectors.len());
    for ((name, vector), line) in vectors.iter().zip(decoded.lines()) {
        let decoded: Decoded = serde_json::from_str(line).unwrap();
        assert_eq!(decoded.chain, vector.chain, "{name}");
        let expected = RecordFields { payload: Text::Plain(vector.fields.payload.plain()), ..vector.fields.clone() };
        assert_eq!(decoded.fields, expected, "{name}");
    }
}

#[test]
fn an_independent_decoder_refuses_what_is_no_record() {
    let record = vectors::<RecordVector>("record-minimal").remove(0).1.record.unwrap();
    for bad in [&record[..record.len() - 2], &format!("{record}00"), &record.replacen("43505452", "43505453", 1)] {
        let error = run_decoder(&format!("genesis {bad}\n")).unwrap_err();
        assert!(error.contains("ValueError"), "{error}");
    }
}

fn run_decoder(input: &str) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/decoder/decode_record.py");
    // -B: the test must leave no files in the source tree.
    let mut command = Command::new("python3");
    command.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("python3 cannot be started ({error}); the format's second reader needs it: apt-get install python3")
    });
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Written on another thread, so that neither side blocks on a full pipe.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    if output.status.success() {
        written.unwrap();
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
