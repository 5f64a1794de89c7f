//! A node's log compared with central's.

use comptoir_audit::compare;
use comptoir_audit::compare::{Comparison, UnmatchedReason};
use comptoir_core::chain::ChainHash;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::BundleHeader;
use comptoir_proto::sync_v1::RecordResult;

use crate::fixture::{AuditFixture, CENTRAL};
use crate::support::*;

fn compared(node: &BundleFrames, central: &BundleFrames) -> Comparison {
    compare(&node.to_bytes(), &central.to_bytes()).unwrap()
}

fn alone(found: &Comparison) -> Vec<(u32, u64, u64, UnmatchedReason)> {
    found.alone.iter().map(|alone| (alone.epoch, alone.from, alone.to, alone.why)).collect()
}

/// A node's log with central's decisions as its stored answers.
fn answered(mut node: BundleFrames, central: &mut BundleFrames) -> BundleFrames {
    let mut positions = std::collections::BTreeMap::new();
    for frame in &central.frames {
        let Owned::Entry(entry) = frame else { panic!() };
        positions.insert(entry.chain, entry.position.0);
    }
    let mut position = 0;
    for frame in &mut node.frames {
        match frame {
            Owned::Record { chain, .. } => position = positions[chain],
            Owned::Answer(answer) => {
                let mut kept: RecordResult = serde_json::from_slice(answer).unwrap();
                kept.position = position;
                *answer = serde_json::to_vec(&kept).unwrap();
            }
            _ => {}
        }
    }
    node
}

#[test]
fn logs_of_one_history_agree_and_unsent_records_wait() {
    let other = node_log(node(8), &[5]);
    let mut central = tenant_log(&[node_log(node(7), &[6]), other]);
    let whole = answered(node_log(node(7), &[6]), &mut central);
    let found = compared(&whole, &central);
    assert!(!found.contradicts());
    assert_eq!((found.same, found.same_answers, alone(&found)), (6, 5, vec![]));

    let mut longer = node_log(node(7), &[9]);
    longer.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let found = compared(&longer, &central);
    assert!(!found.contradicts());
    assert_eq!((found.same, alone(&found)), (6, vec![(1, 7, 9, UnmatchedReason::Waiting)]));
}

#[test]
fn a_rewritten_log_is_contradicted_by_central() {
    let central = tenant_log(&[node_log(node(7), &[6])]);
    let mut forged = node_log(node(7), &[6]);
    forged.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let at = forged.record(1, 4);
    let Owned::Record { record, .. } = &mut forged.frames[at] else { panic!() };
    *record = changed(record, |event| event.occurred_at = Timestamp(NOON));
    let found = compared(&forged.chained_again(), &central);
    assert!(found.contradicts());
    assert_eq!(found.same, 3);
    let difference = found.difference.unwrap();
    assert_eq!((difference.epoch, difference.seq, difference.position), (1, 4, 4));
    assert_ne!(difference.node_chain, difference.central_chain);
}

#[test]
fn records_that_a_node_lost_are_held_by_central_alone() {
    let central = tenant_log(&[node_log(node(7), &[6, 4])]);
    let mut short = node_log(node(7), &[6, 4]);
    short.frames.truncate(short.record(2, 3));
    short.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let found = compared(&short, &central);
    assert!(found.contradicts());
    assert_eq!((found.same, alone(&found)), (8, vec![(2, 3, 4, UnmatchedReason::Lost)]));
}

#[test]
fn records_that_central_lost_are_missing_there() {
    let node = node_log(node(7), &[6]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    central.frames.drain(2..4);
    let found = compared(&node, &central);
    assert!(found.contradicts());
    assert_eq!(alone(&found), [(1, 3, 4, UnmatchedReason::Missing)]);
}

#[test]
fn records_sealed_again_in_a_later_epoch_are_no_contradiction() {
    // Central holds four records of the first epoch; the node's first epoch has six, its second opens with central's head.
    let node = node_log(node(7), &[6, 3]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    central.frames.drain(4..6);
    let mut node = node;
    node.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let found = compared(&node, &central);
    assert!(!found.contradicts());
    assert_eq!((found.same, alone(&found)), (7, vec![(1, 5, 6, UnmatchedReason::SealedAgain)]));

    central.frames.truncate(4);
    let found = compared(&node, &central);
    assert_eq!(alone(&found), [(1, 5, 6, UnmatchedReason::SealedAgain), (2, 1, 3, UnmatchedReason::Waiting)]);
}

#[test]
fn a_part_of_centrals_log_shows_nothing_before_its_beginning() {
    let node = node_log(node(7), &[6]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    let Owned::Entry(entry) = central.frames.remove(0) else { panic!() };
    central.header = BundleHeader::Central { tenant: TENANT, after: Position(1), decision_chain: entry.decision_chain };
    assert_eq!(alone(&compared(&node, &central)), [(1, 1, 1, UnmatchedReason::BeforeTheFile)]);
}

#[test]
fn a_decision_stored_differently_at_the_node_is_named() {
    let mut central = tenant_log(&[node_log(node(7), &[6])]);
    let node = answered(node_log(node(7), &[6]), &mut central);
    central.entry(3).decide(|decision| {
        decision.judgement.verdict = comptoir_core::decision::Verdict::Rejected;
        decision.judgement.code = Some(comptoir_core::decision::Code::CentralOnly);
    });
    let found = compared(&node, &central);
    assert!(found.contradicts());
    let difference = found.answer_difference.unwrap();
    assert_eq!((difference.epoch, difference.seq), (1, 3));
    assert_eq!(difference.node, "position 3: ACCEPTED");
    assert_eq!(difference.central, "position 3: REJECTED CENTRAL_ONLY");
}

#[test]
fn two_copies_that_opened_an_epoch_of_one_number_differ_in_it() {
    let node = node_log(node(7), &[3, 2]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    for position in 4..=5 {
        let entry = central.entry(position);
        entry.epoch.id = uuid::Uuid::from_u128(99);
        entry.chain = ChainHash([1; 32]);
    }
    let found = compared(&node, &central);
    let difference = found.difference.clone().unwrap();
    assert_eq!((found.same, difference.epoch, difference.seq), (3, 2, 1));
    assert!(difference.central_chain.contains("in epoch"), "{difference:?}");
}

/// Central ingested five sales of a node and was restored to a copy from before the third. `before_restore` events are written
/// by central between the restore and its record. Returns the node's log with the first answers, and central's log.
fn restored(recorded: bool, before_restore: usize) -> (BundleFrames, BundleFrames) {
    let sale = |audit_fixture: &mut AuditFixture, number: u64| {
        let line = serde_json::json!({"product": "P", "quantity": "1", "unit_price": "2.55"});
        let payload = serde_json::json!({"currency": "EUR", "lines": [line], "total_minor": 255});
        audit_fixture.say(node(7), ("SALE", &format!("s-{number}")), "SALE_RECORDED", payload);
    };
    let client = |audit_fixture: &mut AuditFixture, number: usize| {
        let payload = serde_json::json!({"name": "written after the restore"});
        audit_fixture.say(CENTRAL, ("CLIENT", &format!("c-{number}")), "CREATE", payload);
    };
    // The day as the node received it: its opening at 3, its sales from 4 on, with one of central's between them.
    let begin = || {
        let mut audit_fixture = AuditFixture::new();
        client(&mut audit_fixture, 0);
        (1..=2).for_each(|number| sale(&mut audit_fixture, number));
        audit_fixture
    };
    let mut lost = begin();
    (3..=5).for_each(|number| sale(&mut lost, number));
    let first_answers = lost.log();
    let mut audit_fixture = begin();
    (1..=before_restore).for_each(|number| client(&mut audit_fixture, number));
    if recorded {
        let head = audit_fixture.log().frames.len();
        let payload = serde_json::json!({"head": head, "awaited_nodes": 1, "reason": "the disk of Monday"});
        audit_fixture.say(CENTRAL, ("CENTRAL", "central"), "CENTRAL_RESTORED", payload);
    } else {
        client(&mut audit_fixture, 90);
    }
    (3..=5).for_each(|number| sale(&mut audit_fixture, number));
    (node_log_as_answered(&first_answers), audit_fixture.log())
}

/// The node's own bundle: its records with the answers of a tenant's log.
fn node_log_as_answered(central: &BundleFrames) -> BundleFrames {
    let mut frames = Vec::new();
    for frame in &central.frames {
        let Owned::Entry(entry) = frame else { panic!() };
        if entry.node != node(7) {
            continue;
        }
        if frames.is_empty() {
            let chain = comptoir_core::chain::genesis(TENANT, entry.node, entry.epoch);
            let start = comptoir_proto::bundle_v1::EpochStart { epoch: entry.epoch, after: Default::default(), chain };
            frames.push(Owned::Epoch(start));
        }
        frames.push(Owned::Record { chain: entry.chain, record: entry.record.clone() });
        let decision = comptoir_proto::stored_v1::decode_decision(&entry.decision).unwrap();
        let result = RecordResult {
            event_id: decision.event_id.uuid(),
            seq: entry.seq.0,
            verdict: decision.judgement.verdict.as_str().to_owned(),
            code: decision.judgement.code.map(|code| code.as_str().to_owned()),
            flags: vec![],
            position: entry.position.0,
            reference: decision.judgement.reference,
            resolution: None,
            detail: None,
            attestation: None,
        };
        frames.push(Owned::Answer(serde_json::to_vec(&result).unwrap()));
    }
    BundleFrames { header: BundleHeader::Node { tenant: TENANT, node: node(7) }, context: None, frames }
}

#[test]
fn decisions_stored_again_after_a_recorded_restore_are_no_contradiction() {
    let (node, central) = restored(true, 0);
    let found = compared(&node, &central);
    assert!(!found.contradicts(), "{found:?}");
    assert_eq!((found.same, found.same_answers), (6, 3));
    let [restore] = found.restores.as_slice() else { panic!("{found:?}") };
    assert_eq!((restore.moved, restore.answered_below_head, restore.position, restore.head), (3, 0, 6, 5));
    assert_eq!(restore.reason.as_deref(), Some("the disk of Monday"));
    assert_eq!((restore.first.node.as_str(), restore.first.central.as_str()), answered_and_stored());
    let text = found.to_text(comptoir_messages::Language::English);
    assert!(
        text.starts_with("They agree: 6 records the same, 3 decisions the same.\n  Restore of central recorded"),
        "{text}"
    );
    assert!(text.contains("3 decisions were stored again, the same, at another position"), "{text}");

    let central = central.to_bytes();
    let replayed = comptoir_audit::replay(&[&central], true, &mut |_| (), &mut |_| ()).unwrap();
    assert_eq!(
        (replayed.records, replayed.differences),
        (9, 0),
        "the record of a restore is decided again as any other"
    );
}

fn answered_and_stored() -> (&'static str, &'static str) {
    ("position 6: ACCEPTED", "position 7: ACCEPTED")
}

#[test]
fn a_restore_recorded_late_counts_the_decisions_stored_before_it() {
    let (node, central) = restored(true, 4);
    let found = compared(&node, &central);
    assert!(!found.contradicts(), "{found:?}");
    let [restore] = found.restores.as_slice() else { panic!("{found:?}") };
    // First answered at 6, 7 and 8; the restore was recorded at head 9.
    assert_eq!((restore.moved, restore.answered_below_head, restore.head), (3, 3, 9));
}

#[test]
fn another_position_without_an_earlier_recorded_restore_is_a_contradiction() {
    let (node, central) = restored(false, 0);
    let found = compared(&node, &central);
    assert!(found.contradicts() && found.restores.is_empty(), "{found:?}");
    let difference = found.answer_difference.unwrap();
    assert_eq!((difference.node.as_str(), difference.central.as_str()), answered_and_stored());

    // A restore recorded after the record explains nothing.
    let (node, mut central) = restored(false, 0);
    central.frames.extend(restored(true, 0).1.frames.into_iter().filter(
        |frame| matches!(frame, Owned::Entry(entry) if entry.node == CENTRAL && entry.position == Position(6)),
    ));
    assert!(compared(&node, &central).contradicts());
}

#[test]
fn another_verdict_or_an_unrecorded_restore_is_a_contradiction() {
    let (node, mut central) = restored(true, 0);
    central.entry(8).decide(|decision| {
        decision.judgement.verdict = comptoir_core::decision::Verdict::Rejected;
        decision.judgement.code = Some(comptoir_core::decision::Code::CentralOnly);
    });
    let found = compared(&node, &central);
    assert!(found.contradicts());
    assert_eq!(found.answer_difference.unwrap().central, "position 8: REJECTED CENTRAL_ONLY");
    assert_eq!(found.restores[0].moved, 2, "the two others are explained");

    let (node, mut central) = restored(true, 0);
    central.entry(6).decide(|decision| decision.judgement.verdict = comptoir_core::decision::Verdict::Rejected);
    assert!(compared(&node, &central).contradicts(), "what was refused records no restore");
    let (node, mut central) = restored(true, 0);
    let another = comptoir_core::id::NodeId::from_bytes([8; 16]);
    central.entry(6).node = another;
    assert!(compared(&node, &central).contradicts(), "nor does what another node says");
}
