//! A node's log beside central's.

use comptoir_audit::compare;
use comptoir_audit::compare::{Comparison, Why};
use comptoir_core::chain::ChainHash;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::BundleHeader;
use comptoir_proto::sync_v1::RecordResult;

use crate::support::*;

fn compared(node: &Apart, central: &Apart) -> Comparison {
    compare(&node.together(), &central.together()).unwrap()
}

fn alone(found: &Comparison) -> Vec<(u32, u64, u64, Why)> {
    found.alone.iter().map(|alone| (alone.epoch, alone.from, alone.to, alone.why)).collect()
}

/// A node's log whose kept answers are central's.
fn answered(mut node: Apart, central: &mut Apart) -> Apart {
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
fn logs_of_one_history_agree_and_what_was_not_sent_yet_waits() {
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
    assert_eq!((found.same, alone(&found)), (6, vec![(1, 7, 9, Why::Waiting)]));
}

#[test]
fn a_log_that_was_written_anew_is_contradicted_by_central() {
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
fn what_a_node_lost_is_held_by_central_alone() {
    let central = tenant_log(&[node_log(node(7), &[6, 4])]);
    let mut short = node_log(node(7), &[6, 4]);
    short.frames.truncate(short.record(2, 3));
    short.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let found = compared(&short, &central);
    assert!(found.contradicts());
    assert_eq!((found.same, alone(&found)), (8, vec![(2, 3, 4, Why::Lost)]));
}

#[test]
fn what_central_lost_is_missing_there() {
    let node = node_log(node(7), &[6]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    central.frames.drain(2..4);
    let found = compared(&node, &central);
    assert!(found.contradicts());
    assert_eq!(alone(&found), [(1, 3, 4, Why::Missing)]);
}

#[test]
fn what_was_sealed_again_in_a_later_epoch_is_no_contradiction() {
    // Central holds four records of the first epoch; the node's first epoch has six, its second opens with central's head.
    let node = node_log(node(7), &[6, 3]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    central.frames.drain(4..6);
    let mut node = node;
    node.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
    let found = compared(&node, &central);
    assert!(!found.contradicts());
    assert_eq!((found.same, alone(&found)), (7, vec![(1, 5, 6, Why::SealedAgain)]));

    central.frames.truncate(4);
    let found = compared(&node, &central);
    assert_eq!(alone(&found), [(1, 5, 6, Why::SealedAgain), (2, 1, 3, Why::Waiting)]);
}

#[test]
fn a_part_of_centrals_log_says_nothing_of_what_lies_before_it() {
    let node = node_log(node(7), &[6]);
    let mut central = tenant_log(std::slice::from_ref(&node));
    let Owned::Entry(entry) = central.frames.remove(0) else { panic!() };
    central.header = BundleHeader::Central { tenant: TENANT, after: Position(1), decision_chain: entry.decision_chain };
    assert_eq!(alone(&compared(&node, &central)), [(1, 1, 1, Why::BeforeTheFile)]);
}

#[test]
fn a_decision_that_the_node_keeps_otherwise_is_named() {
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
