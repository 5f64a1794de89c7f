//! `comptoir admin node ingest-file` while central serves.

mod running;

use std::path::Path;
use std::process::Command;

use comptoir::exit;
use comptoir_core::chain::{ChainHash, genesis, link};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_local::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use comptoir_proto::bundle_v1::{EpochStart, NodeBundleWriter};
use comptoir_proto::stored_v1;
use running::Up;
use serde_json::{Value, json};
use uuid::Uuid;

/// The exit code of a command, and its last line of output or of errors.
fn comptoir(arguments: &[&str]) -> (u8, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_comptoir")).arg("--json").args(arguments).output().unwrap();
    let answer = if output.status.success() { output.stdout } else { output.stderr };
    let lines = String::from_utf8(answer).unwrap();
    let answer = lines.lines().last().map_or(Value::Null, |line| serde_json::from_str(line).unwrap());
    (u8::try_from(output.status.code().unwrap()).unwrap(), answer)
}

/// The tenant and node that a file names.
type Owner = (TenantId, NodeId);

/// A node's log with an epoch, sales, and one sale with a wrong total.
fn write_bundle(path: &Path, owner: Owner, sales: u64) {
    write_part(path, owner, &records(owner, sales), 0..usize::MAX);
}

/// The records of that log, each with its chain.
fn records((tenant, node): Owner, sales: u64) -> Vec<(Vec<u8>, ChainHash)> {
    let mut chain = genesis(tenant, node, EPOCH);
    let mut records = Vec::new();
    let opening = json!({ "public_key": "07".repeat(32), "previous": null, "reason": "a test" });
    let mut seq = Seq::ZERO;
    let mut write = |entity: (&str, &str), action: &str, payload: &Value| {
        seq = seq.next();
        let record = sealed(tenant, node, EPOCH, seq, entity, action, payload);
        chain = link(chain, &record);
        records.push((record, chain));
    };
    write(("NODE", &node.to_string()), "EPOCH_OPENED", &opening);
    for sale in 0..=sales {
        let total = if sale == sales { 511 } else { 510 };
        let lines = json!([{ "product": "A", "quantity": "2", "unit_price": "2.55" }]);
        let payload = json!({ "currency": "EUR", "total_minor": total, "lines": lines });
        write(("SALE", &format!("h-{sale}")), "SALE_RECORDED", &payload);
    }
    records
}

const EPOCH: Epoch = Epoch { number: 1, id: Uuid::from_u128(5) };

/// Some of a log's records in a complete file.
fn write_part(path: &Path, (tenant, node): Owner, records: &[(Vec<u8>, ChainHash)], part: std::ops::Range<usize>) {
    let mut bundle = NodeBundleWriter::start(std::fs::File::create(path).unwrap(), tenant, node).unwrap();
    let before = part.start.checked_sub(1).map(|last| records[last].1);
    let chain = before.unwrap_or_else(|| genesis(tenant, node, EPOCH));
    bundle.epoch(EpochStart { epoch: EPOCH, after: Seq(part.start as u64), chain }).unwrap();
    for (record, chain) in &records[part.start..part.end.min(records.len())] {
        bundle.record(record, *chain).unwrap();
    }
    bundle.finish().unwrap();
}

fn sealed(
    tenant: TenantId,
    node: NodeId,
    epoch: Epoch,
    seq: Seq,
    (entity_type, entity_id): (&str, &str),
    action: &str,
    payload: &Value,
) -> Vec<u8> {
    let name = |text: &str| Name::new(text).unwrap();
    let event = Event {
        id: EventId::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + u128::from(seq.0))),
        tenant,
        node,
        epoch,
        seq,
        occurred_at: Timestamp(1_772_359_200_000_000),
        time_source: TimeSource::Caller,
        identity_position: 0,
        content: Content {
            user: Some(name("u-1")),
            ..Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes())
        },
    };
    stored_v1::encode(&event).unwrap()
}

#[test]
fn a_nodes_file_is_ingested_once_while_central_serves() {
    let up = Up::start();
    let data_dir = up.data_dir.path().to_str().unwrap().to_owned();
    let up_file: Value = serde_json::from_slice(&std::fs::read(up.data_dir.path().join("up.json")).unwrap()).unwrap();
    let (tenant, site) = (up_file["tenant_id"].as_str().unwrap(), up_file["site_id"].as_str().unwrap());
    let admin = |arguments: &[&str]| comptoir(&[&["admin", "--data-dir", &data_dir], arguments].concat());
    let (code, node) = admin(&["node", "create", "--tenant", tenant, "--site", site, "--name", "till-9"]);
    assert_eq!(code, exit::OK);
    let (tenant, node): (TenantId, NodeId) =
        (tenant.parse().unwrap(), node["NODE_ID"].as_str().unwrap().parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ingest = |name: &str| admin(&["node", "ingest-file", &file(name)]);

    // More than one batch.
    write_bundle(Path::new(&file("till.bundle")), (tenant, node), 1_200);
    // Ingested before the complete file, whose counts then show that these changed nothing.
    damaged_files_change_nothing(folder.path(), "till.bundle", &ingest);
    foreign_files_change_nothing(folder.path(), (tenant, node), &ingest);
    let (code, ingested) = ingest("till.bundle");
    assert_eq!(
        (code, &ingested["records"], &ingested["new"], &ingested["held_before"]),
        (exit::OK, &1202.into(), &1202.into(), &0.into())
    );
    assert_eq!(ingested["verdicts"], json!({ "ACCEPTED": 1201, "QUARANTINED TOTAL_MISMATCH": 1 }));
    let (code, again) = ingest("till.bundle");
    assert_eq!((code, &again["new"], &again["held_before"]), (exit::OK, &0.into(), &1202.into()));
    assert_eq!(again["verdicts"], ingested["verdicts"], "decisions stay as they were");

    let (code, other) =
        admin(&["node", "create", "--tenant", &tenant.to_string(), "--site", site, "--name", "till-10"]);
    assert_eq!(code, exit::OK);
    parts_are_ingested_in_order(folder.path(), (tenant, other["NODE_ID"].as_str().unwrap().parse().unwrap()), &ingest);

    // The shop's own export is known already; central's export is another kind of file.
    let export = |url: &str, name: &str, key: Option<&str>| {
        let mut arguments = vec!["events", "export", "--url", url, "--out"];
        let out = file(name);
        arguments.push(&out);
        arguments.extend(key.into_iter().flat_map(|key| ["--token", key]));
        comptoir(&arguments).0
    };
    let key = key_in_header_file(&up.data_dir.path().join(ADMIN_HEADER_FILE)).unwrap();
    assert_eq!(export(up_file["local_url"].as_str().unwrap(), "shop.bundle", key.as_deref()), exit::OK);
    let (code, shop) = ingest("shop.bundle");
    assert_eq!((code, &shop["new"], &shop["node_id"]), (exit::OK, &0.into(), &up_file["node_id"]));
    let token = up_file["admin_token"].as_str().unwrap();
    assert_eq!(export(up_file["central_url"].as_str().unwrap(), "central.bundle", Some(token)), exit::OK);
    assert_refused(ingest("central.bundle"), exit::USAGE, "NOT_A_NODES_LOG", "central's export");
}

/// The command failed with this exit code and this error code.
fn assert_refused((code, answer): (u8, Value), expected: u8, word: &str, what: &str) {
    let error = answer["error"].as_str().unwrap_or_default();
    assert_eq!((code, &answer["exit_code"]), (expected, &expected.into()), "{what}: {answer}");
    assert!(error.contains(&format!("({word})")), "{what}: {error}");
}

/// A changed bit and a cut in each region, files that are no bundles, and impossible lengths.
fn damaged_files_change_nothing(folder: &Path, name: &str, ingest: &dyn Fn(&str) -> (u8, Value)) {
    const HEADER: usize = 7 + 16 + 16;
    const EPOCH_FRAME: usize = 5 + 60;
    const RECORD: usize = HEADER + EPOCH_FRAME;
    let whole = std::fs::read(folder.join(name)).unwrap();
    let end = whole.len() - (5 + 88);
    let check = |what: &str, bytes: &[u8], word: &str| {
        std::fs::write(folder.join("damaged.bundle"), bytes).unwrap();
        assert_refused(ingest("damaged.bundle"), exit::USAGE, word, what);
    };
    for (what, at, word) in [
        ("the first bytes", 0, "NOT_A_BUNDLE"),
        ("the format", 4, "BUNDLE_FORMAT_UNKNOWN"),
        ("the tenant", 7, "BUNDLE_DAMAGED"),
        ("the node", 7 + 16, "BUNDLE_DAMAGED"),
        ("an epoch's tag", HEADER, "BUNDLE_MALFORMED"),
        ("an epoch's length", HEADER + 1, "BUNDLE_MALFORMED"),
        ("an epoch's first seq", HEADER + 5 + 20, "BUNDLE_DAMAGED"),
        ("an epoch's chain", HEADER + 5 + 28, "CHAIN_MISMATCH"),
        ("a record's length, to gigabytes", RECORD + 4, "BUNDLE_MALFORMED"),
        ("a record's chain", RECORD + 5, "CHAIN_MISMATCH"),
        ("a record's bytes", RECORD + 5 + 32 + 50, "CHAIN_MISMATCH"),
        ("the middle", whole.len() / 2, "CHAIN_MISMATCH"),
        ("the count", end + 5, "BUNDLE_DAMAGED"),
        ("the digest", whole.len() - 1, "BUNDLE_DAMAGED"),
    ] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        check(what, &bytes, word);
    }
    for (what, length) in [("the header", 20), ("a record", whole.len() / 3), ("the end", whole.len() - 1)] {
        check(what, &whole[..length], "BUNDLE_CUT");
    }
    check("an empty file", &[], "NOT_A_BUNDLE");
    check("a line without an end", &b"{\"id\":\"".repeat(200_000), "NOT_A_BUNDLE");
    check("two files in one", &whole.repeat(2), "BUNDLE_DAMAGED");
    assert_refused(ingest("missing.bundle"), exit::USAGE, "FILE_UNREADABLE", "no file");
}

/// Complete files of unknown or other owners. Their digests are correct; only central's knowledge shows that they are wrong.
fn foreign_files_change_nothing(folder: &Path, owner: Owner, ingest: &dyn Fn(&str) -> (u8, Value)) {
    let (tenant, node) = owner;
    let path = folder.join("foreign.bundle");
    for (what, stranger) in [
        ("a node that is not known", (tenant, NodeId::from_bytes([9; 16]))),
        ("a tenant that is not known", (TenantId::from_bytes([9; 16]), node)),
    ] {
        write_bundle(&path, stranger, 1);
        assert_refused(ingest("foreign.bundle"), exit::REFUSED, "NOT_FOUND", what);
    }
    // Another node's records under this node's id: their chain does not begin at this node's genesis.
    let others = (tenant, NodeId::from_bytes([9; 16]));
    write_part(&path, owner, &records(others, 1), 0..usize::MAX);
    assert_refused(ingest("foreign.bundle"), exit::USAGE, "CHAIN_MISMATCH", "another node's records");
    // A changed record with unchanged chains after it, and a correct digest of the file.
    let mut edited = records(owner, 1_100);
    let last = edited.len() - 1;
    edited[last].0[120] ^= 1;
    write_part(&path, owner, &edited, 0..usize::MAX);
    assert_refused(ingest("foreign.bundle"), exit::USAGE, "CHAIN_MISMATCH", "a record in the second batch");
}

fn parts_are_ingested_in_order(folder: &Path, owner: Owner, ingest: &dyn Fn(&str) -> (u8, Value)) {
    let records = records(owner, 10);
    write_part(&folder.join("first.bundle"), owner, &records, 0..5);
    write_part(&folder.join("second.bundle"), owner, &records, 5..usize::MAX);
    assert_refused(ingest("second.bundle"), exit::REFUSED, "SEQ_GAP", "the second part first");
    for (part, new) in [("first.bundle", 5), ("second.bundle", 7), ("first.bundle", 0), ("second.bundle", 0)] {
        let (code, ingested) = ingest(part);
        assert_eq!((code, &ingested["new"]), (exit::OK, &new.into()), "{part}: {ingested}");
    }
}
