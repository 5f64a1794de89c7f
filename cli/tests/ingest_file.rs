//! `comptoir admin node ingest-file`, beside a central that serves.

mod running;

use std::path::Path;
use std::process::Command;

use comptoir::exit;
use comptoir_core::chain::{genesis, link};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::{EpochStart, NodeBundleWriter};
use comptoir_proto::stored_v1;
use running::Up;
use serde_json::{Value, json};
use uuid::Uuid;

fn comptoir(arguments: &[&str]) -> (u8, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_comptoir")).arg("--json").args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let answer = lines.lines().last().map_or(Value::Null, |line| serde_json::from_str(line).unwrap());
    (u8::try_from(output.status.code().unwrap()).unwrap(), answer)
}

/// A node's log as its disk would have it: an epoch, sales, and one whose total is wrong.
fn write_bundle(path: &Path, tenant: TenantId, node: NodeId, sales: u64) {
    let epoch = Epoch { number: 1, id: Uuid::from_u128(5) };
    let mut chain = genesis(tenant, node, epoch);
    let file = std::fs::File::create(path).unwrap();
    let mut bundle = NodeBundleWriter::start(file, tenant, node).unwrap();
    bundle.epoch(EpochStart { epoch, after: Seq::ZERO, chain }).unwrap();
    let opening = json!({ "public_key": "07".repeat(32), "previous": null, "reason": "a test" });
    let mut seq = Seq::ZERO;
    let mut write = |entity: (&str, &str), action: &str, payload: &Value| {
        seq = seq.next();
        let record = sealed(tenant, node, epoch, seq, entity, action, payload);
        chain = link(chain, &record);
        bundle.record(&record, chain).unwrap();
    };
    write(("NODE", &node.to_string()), "EPOCH_OPENED", &opening);
    for sale in 0..=sales {
        let total = if sale == sales { 511 } else { 510 };
        let lines = json!([{ "product": "A", "quantity": "2", "unit_price": "2.55" }]);
        let payload = json!({ "currency": "EUR", "total_minor": total, "lines": lines });
        write(("SALE", &format!("h-{sale}")), "SALE_RECORDED", &payload);
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
            site: None,
            user: Some(name("u-1")),
            entity_type: name(entity_type),
            entity_id: name(entity_id),
            action: name(action),
            payload: payload.to_string().into_bytes(),
            base_version: None,
            causation: None,
            correlation: None,
            schema_version: 1,
        },
    };
    stored_v1::encode(&event).unwrap()
}

#[test]
fn a_nodes_file_is_taken_once_while_central_serves() {
    let up = Up::start();
    let data_dir = up.data_dir.path().to_str().unwrap().to_owned();
    let told: Value = serde_json::from_slice(&std::fs::read(up.data_dir.path().join("up.json")).unwrap()).unwrap();
    let (tenant, site) = (told["tenant_id"].as_str().unwrap(), told["site_id"].as_str().unwrap());
    let admin = |arguments: &[&str]| comptoir(&[&["admin", "--data-dir", &data_dir], arguments].concat());
    let (code, node) = admin(&["node", "create", "--tenant", tenant, "--site", site, "--name", "till-9"]);
    assert_eq!(code, exit::OK);
    let (tenant, node): (TenantId, NodeId) =
        (tenant.parse().unwrap(), node["NODE_ID"].as_str().unwrap().parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ingest = |name: &str| admin(&["node", "ingest-file", &file(name)]);

    // More than one batch.
    write_bundle(Path::new(&file("till.bundle")), tenant, node, 1_200);
    let (code, taken) = ingest("till.bundle");
    assert_eq!(
        (code, &taken["records"], &taken["new"], &taken["held_before"]),
        (exit::OK, &1202.into(), &1202.into(), &0.into())
    );
    assert_eq!(taken["verdicts"], json!({ "ACCEPTED": 1201, "QUARANTINED TOTAL_MISMATCH": 1 }));
    let (code, again) = ingest("till.bundle");
    assert_eq!((code, &again["new"], &again["held_before"]), (exit::OK, &0.into(), &1202.into()));
    assert_eq!(again["verdicts"], taken["verdicts"], "what was decided then");

    let whole = std::fs::read(file("till.bundle")).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    std::fs::write(file("damaged.bundle"), damaged).unwrap();
    std::fs::write(file("cut.bundle"), &whole[..whole.len() - 1]).unwrap();
    std::fs::write(file("other.bundle"), "PK").unwrap();
    for name in ["damaged.bundle", "cut.bundle", "other.bundle", "missing.bundle"] {
        assert_eq!(ingest(name).0, exit::USAGE, "{name}");
    }
    write_bundle(Path::new(&file("stranger.bundle")), tenant, NodeId::from_bytes([9; 16]), 1);
    assert_eq!(ingest("stranger.bundle").0, exit::REFUSED, "no such node");

    // What the shop's own node exports is held already; what central exports is another kind of file.
    let export = |url: &str, name: &str, key: Option<&str>| {
        let mut arguments = vec!["events", "export", "--url", url, "--out"];
        let out = file(name);
        arguments.push(&out);
        arguments.extend(key.into_iter().flat_map(|key| ["--token", key]));
        comptoir(&arguments).0
    };
    assert_eq!(export(told["local_url"].as_str().unwrap(), "shop.bundle", None), exit::OK);
    let (code, shop) = ingest("shop.bundle");
    assert_eq!((code, &shop["new"], &shop["node_id"]), (exit::OK, &0.into(), &told["node_id"]));
    let token = told["admin_token"].as_str().unwrap();
    assert_eq!(export(told["central_url"].as_str().unwrap(), "central.bundle", Some(token)), exit::OK);
    assert_eq!(ingest("central.bundle").0, exit::USAGE);
}
