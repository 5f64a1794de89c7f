//! A long log exported in parts. In order they are one log; a missing part is found, and the report names what a single part
//! cannot show.

use comptoir_audit::{AuditError, Defect, Level, Options, Report, verify};
use comptoir_core::chain::ChainHash;
use comptoir_core::position::{Position, Seq};
use comptoir_proto::bundle_v1::{BundleHeader, EpochHead, EpochStart};

use crate::support::*;

fn check(parts: &[BundleFrames]) -> Result<Report, AuditError> {
    let bundles: Vec<Vec<u8>> = parts.iter().map(BundleFrames::to_bytes).collect();
    let sources: Vec<&dyn comptoir_audit::Source> = bundles.iter().map(|bundle| bundle as _).collect();
    verify(&sources, &Options::from(Level::Content), &mut |_| ())
}

/// A tenant's log cut after each of some positions.
pub(crate) fn tenant_parts(log: &BundleFrames, cuts: &[usize]) -> Vec<BundleFrames> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut header = log.header;
    for to in cuts.iter().copied().chain([log.frames.len()]) {
        parts.push(BundleFrames { header, context: log.context.clone(), frames: log.frames[from..to].to_vec() });
        if let Some(Owned::Entry(last)) = log.frames[..to].last() {
            header =
                BundleHeader::Central { tenant: TENANT, after: last.position, decision_chain: last.decision_chain };
        }
        from = to;
    }
    parts
}

/// A node's log cut before some seqs of its first epoch.
fn node_parts(log: &BundleFrames, cuts: &[u64]) -> Vec<BundleFrames> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut begin: Option<Owned> = None;
    let ends = cuts.iter().map(|seq| (Some(*seq), log.record(1, *seq))).chain([(None, log.frames.len())]);
    for (seq, to) in ends {
        let frames = begin.iter().chain(&log.frames[from..to]).cloned().collect();
        parts.push(BundleFrames { header: log.header, context: None, frames });
        if let Some(seq) = seq {
            let Owned::Record { chain, .. } = log.frames[log.record(1, seq - 1)] else { panic!() };
            begin = Some(Owned::Epoch(EpochStart { epoch: epoch(1), after: Seq(seq - 1), chain }));
        }
        from = to;
    }
    parts
}

#[test]
fn parts_in_order_are_one_log() {
    let tenant = tenant_log(&[node_log(node(7), &[6, 4]), node_log(node(8), &[10])]);
    let whole = check(std::slice::from_ref(&tenant)).unwrap();
    let parted = check(&tenant_parts(&tenant, &[3, 3, 14])).unwrap();
    assert_eq!((parted.first_break, parted.summary), (None, whole.summary));

    let log = node_log(node(7), &[6, 4]);
    let whole = check(std::slice::from_ref(&log)).unwrap();
    let parted = check(&node_parts(&log, &[3, 6])).unwrap();
    assert_eq!((parted.first_break, parted.summary), (None, whole.summary));
}

#[test]
fn a_missing_part_is_found_where_the_next_one_begins() {
    let tenant = tenant_log(&[node_log(node(7), &[6, 4]), node_log(node(8), &[10])]);
    let mut parts = tenant_parts(&tenant, &[5, 9]);
    parts.remove(1);
    let found = check(&parts).unwrap().first_break.unwrap();
    assert_eq!((found.defect, found.location.file), (Defect::Part, 1));
    assert!(found.expected.starts_with("position 5,") && found.found.starts_with("position 9,"), "{found:?}");

    let mut parts = node_parts(&node_log(node(7), &[6]), &[3, 5]);
    parts.remove(1);
    let found = check(&parts).unwrap().first_break.unwrap();
    assert_eq!((found.defect, found.location.file), (Defect::Part, 1));
}

#[test]
fn a_single_part_reports_what_it_cannot_show() {
    let tenant = tenant_log(&[node_log(node(7), &[6, 4]), node_log(node(8), &[10])]);
    let part = tenant_parts(&tenant, &[5]).remove(1);
    let alone = check(std::slice::from_ref(&part)).unwrap();
    assert_eq!((alone.first_break, alone.summary.notes.unlinked_beginnings), (None, 2));

    // Its links hold from the second record of each node.
    let mut changed = part;
    changed.entry(9).chain.0[0] ^= 1;
    assert_eq!(check(&[changed]).unwrap().first_break.unwrap().location.position, Some(9));

    let part = node_parts(&node_log(node(7), &[6, 4]), &[3]).remove(1);
    let alone = check(&[part]).unwrap();
    assert_eq!((alone.first_break, alone.summary.notes.unlinked_beginnings), (None, 1));
}

#[test]
fn files_of_other_logs_are_no_parts() {
    let one = node_log(node(7), &[3]);
    let other = node_log(node(8), &[3]);
    assert!(matches!(check(&[one.clone(), other]), Err(AuditError::OtherLog { .. })));
    let tenant = tenant_log(std::slice::from_ref(&one));
    assert!(matches!(check(&[one, tenant]), Err(AuditError::Kind { .. })));
    assert!(matches!(check(&[]), Err(AuditError::NoBundle)));
}

#[test]
fn a_whole_log_begins_at_the_tenants_genesis() {
    let mut log = tenant_log(&[node_log(node(7), &[3])]);
    let BundleHeader::Central { tenant, decision_chain, .. } = log.header else { panic!() };
    let mut wrong = decision_chain;
    wrong.0[0] ^= 1;
    log.header = BundleHeader::Central { tenant, after: Position::ZERO, decision_chain: wrong };
    assert_eq!(check(&[log]).unwrap().first_break.unwrap().defect, Defect::DecisionChain);
}

/// A node that had lost records exported the rest, and the audit called it intact.
#[test]
fn a_bundle_shorter_than_its_named_head_names_the_missing_records() {
    let mut log = node_log(node(7), &[6, 4]);
    let Owned::Record { chain, .. } = log.frames[log.record(1, 6)] else { panic!() };
    let head = |seq, chain| Owned::Head(EpochHead { seq: Seq(seq), chain });
    log.frames.insert(1, head(6, chain));
    assert_eq!(check(std::slice::from_ref(&log)).unwrap().first_break, None);

    // The rest of the first epoch is missing; the second is complete.
    let (from, to) = (log.record(1, 4), log.frames.iter().rposition(|frame| matches!(frame, Owned::Epoch(_))).unwrap());
    let mut short = log.clone();
    short.frames.drain(from..to);
    let found = check(std::slice::from_ref(&short)).unwrap().first_break.unwrap();
    assert_eq!((found.defect, found.location.epoch, found.location.seq), (Defect::Missing, Some(1), Some(4)));
    assert_eq!(found.expected, "records up to seq 6");
    assert_eq!(found.found, "records up to seq 3; seq 4 to 6 are missing");

    // The same if the last epoch ends early.
    short.frames.truncate(from);
    assert_eq!(check(&[short]).unwrap().first_break.unwrap().defect, Defect::Missing);

    let mut other = log;
    other.frames[1] = head(6, ChainHash([9; 32]));
    assert_eq!(check(&[other]).unwrap().first_break.unwrap().defect, Defect::Chain);
}
