//! The bundles among the vectors: the first two records of a node's log, as the node and as central export them.

use comptoir_core::chain::{decision_genesis, decision_link};
use comptoir_core::decision::Judgement;
use comptoir_core::id::{Name, NodeId, SiteId};
use comptoir_core::position::{Position, Seq};
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::{CentralBundleWriter, Entry, EpochStart, NodeBundleWriter, TenantContext};
use comptoir_proto::stored_v1::{StoredDecision, encode, encode_decision};
use comptoir_proto::sync_v1::{RecordResult, parse_chain};
use serde::{Deserialize, Serialize};

use crate::golden::{RecordVector, vectors};

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct BundleVector {
    about: String,
    bundle: String,
}

#[test]
fn bundles_are_written_as_their_vectors_say() {
    check("bundle-node", node_bundle());
    let context = TenantContext {
        central_node: NodeId::from_bytes([0xce; 16]),
        zone: "Europe/Paris".to_owned(),
        sites: vec![(SiteId::from_bytes([9; 16]), Name::new("P01").unwrap())],
    };
    check("bundle-central", central_bundle(&context));
}

fn check(name: &str, bundle: Vec<u8>) {
    let (file, vector) = vectors::<BundleVector>(name).remove(0);
    crate::assert_same(&file, &vector, &BundleVector { bundle: hex::encode(bundle), ..vector.clone() });
}

/// EPOCH_OPENED and the sale after it.
fn records() -> [RecordVector; 2] {
    ["record-epoch-opened", "record-second"].map(|name| vectors(name).remove(0).1)
}

fn node_bundle() -> Vec<u8> {
    let records = records();
    let first = records[0].fields.event();
    let mut bundle = NodeBundleWriter::start(Vec::new(), first.tenant, first.node).unwrap();
    bundle.epoch(EpochStart { epoch: first.epoch, after: Seq::ZERO, chain: records[0].previous() }).unwrap();
    for (position, record) in (1..).zip(&records) {
        let event = record.fields.event();
        bundle.record(&encode(&event).unwrap(), parse_chain(&record.chain).unwrap()).unwrap();
        if position == 1 {
            let answer = RecordResult {
                event_id: event.id.uuid(),
                seq: event.seq.0,
                verdict: "ACCEPTED".to_owned(),
                code: None,
                flags: vec![],
                position,
                reference: None,
                resolution: None,
                detail: None,
                attestation: None,
            };
            bundle.answer(&serde_json::to_vec(&answer).unwrap()).unwrap();
        }
    }
    bundle.finish().unwrap()
}

fn central_bundle(context: &TenantContext) -> Vec<u8> {
    let records = records();
    let tenant = records[0].fields.event().tenant;
    let mut decision_chain = decision_genesis(tenant);
    let mut bundle = CentralBundleWriter::start(Vec::new(), tenant, (Position::ZERO, decision_chain), context).unwrap();
    for (number, vector) in (1u64..).zip(&records) {
        let event = vector.fields.event();
        let chain = parse_chain(&vector.chain).unwrap();
        let decision = StoredDecision {
            tenant,
            position: Position(number),
            record_chain: chain,
            event_id: event.id,
            rulebook_version: 1,
            engine_version: 1,
            received_at: Timestamp(1_291_192_000_000_000 + i64::try_from(number).unwrap()),
            effective_at: event.occurred_at,
            local_year: 2010,
            judgement: Judgement::accepted(if number == 1 { Rule::VersionCheck } else { Rule::AppendOnly }),
        };
        let decision = encode_decision(&decision).unwrap();
        decision_chain = decision_link(decision_chain, &decision);
        let record = encode(&event).unwrap();
        let (position, epoch, seq) = (Position(number), event.epoch, event.seq);
        bundle
            .entry(Entry {
                position,
                node: event.node,
                epoch,
                seq,
                chain,
                decision_chain,
                record: &record,
                decision: &decision,
            })
            .unwrap();
    }
    bundle.finish().unwrap()
}
