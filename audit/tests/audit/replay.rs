//! A log is applied again from an empty state, and central's decisions are decided again.

use std::collections::BTreeSet;

use comptoir_audit::{AuditError, DecisionDifference, Level, Replay, Source, replay};
use comptoir_core::decision::{Code, Flag, Judgement, Verdict};
use comptoir_core::id::EventId;
use comptoir_core::rulebook::Rule;
use comptoir_core::rules;
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1::StoredDecision;

use crate::fixture::{AuditFixture, CENTRAL, a_full_day, context};
use crate::parts::tenant_parts;
use crate::support::*;

fn replayed(parts: &[BundleFrames], redecide: bool) -> Result<(Replay, Vec<DecisionDifference>), AuditError> {
    let bundles: Vec<Vec<u8>> = parts.iter().map(BundleFrames::to_bytes).collect();
    let sources: Vec<&dyn Source> = bundles.iter().map(|bundle| bundle as _).collect();
    let mut differences = Vec::new();
    let replay = replay(&sources, redecide, &mut |found| differences.push(found.clone()), &mut |_| ())?;
    Ok((replay, differences))
}

fn redecided(log: &BundleFrames) -> (Replay, Vec<DecisionDifference>) {
    replayed(std::slice::from_ref(log), true).unwrap()
}

#[test]
fn decisions_of_the_rules_are_decided_again_without_a_difference() {
    let day = a_full_day();
    assert_eq!(report(&day.log().to_bytes(), Level::Content).first_break, None, "the day's log holds");
    let (replay, differences) = redecided(&day.log());
    assert_eq!(differences, []);
    assert_eq!((replay.differences, replay.by_newer_rules, replay.redecided), (0, 0, true));
    assert_eq!(replay.restored, 3, "two numbers and the delivery that stays lost");
    assert_eq!(replay.records, day.judgements.len() as u64);

    // The day has every verdict and kind of event.
    let verdicts: BTreeSet<_> = day.judgements.iter().map(|judgement| judgement.verdict).collect();
    assert_eq!(verdicts, BTreeSet::from(Verdict::ALL), "every verdict occurs");
    let flags: BTreeSet<_> = day.judgements.iter().flat_map(|judgement| judgement.flags.clone()).collect();
    let by_the_rules = Flag::ALL.into_iter().filter(|flag| !flag.is_about_time());
    assert_eq!(flags, by_the_rules.collect(), "every flag of the rules occurs");
    let codes: BTreeSet<_> = day.judgements.iter().filter_map(|judgement| judgement.code).collect();
    for code in [
        Code::AlreadyValidated,
        Code::StockReadOnly,
        Code::CentralOnly,
        Code::EventIdReused,
        Code::Undecodable,
        Code::PreviousHeadMismatch,
        Code::InvalidPayload,
        Code::TotalMismatch,
        Code::QrMismatch,
        Code::VersionConflict,
        Code::Overwritten,
        Code::AlreadyCancelled,
    ] {
        assert!(codes.contains(&code), "{code:?} is not among {codes:?}");
    }
    let references: Vec<_> = day.judgements.iter().filter_map(|judgement| judgement.reference.as_deref()).collect();
    let expected = [
        "F2026-P01-000001",
        "F2026-P01-000002",
        "F2026-000001",
        "A2026-P01-000001",
        "F2026-P01-000003",
        "F2026-P01-000006",
        "F2026-P01-000004",
        "F2026-P01-000007",
        "F2026-P01-000008",
    ];
    assert_eq!(references, expected);
}

/// Changes a decision as a forger would. Returns the differences of the replay: field, stored value, decided value.
fn forged(position: u64, change: impl FnOnce(&mut StoredDecision)) -> (u64, Vec<(&'static str, String, String)>) {
    let mut log = a_full_day().log();
    log.entry(position).decide(change);
    let log = log.with_new_chains();
    assert_eq!(report(&log.to_bytes(), Level::Chain).first_break, None, "every chain was computed again");
    let (replay, differences) = redecided(&log);
    let first = differences.first().expect("the difference is found");
    assert_eq!(replay.differences, differences.len() as u64);
    let fields = first.fields.iter().map(|found| (found.field, found.stored.clone(), found.decided.clone()));
    (first.position, fields.collect())
}

/// Position of the full day's first decision of a kind.
fn position_of(is_meant: impl Fn(&comptoir_core::decision::Judgement) -> bool) -> u64 {
    a_full_day().judgements.iter().position(is_meant).expect("the day has one") as u64 + 1
}

fn differs(position: u64, change: impl FnOnce(&mut StoredDecision), expected: &[(&'static str, &str, &str)]) {
    let (at, fields) = forged(position, change);
    assert_eq!(at, position);
    let fields: Vec<_> = fields.iter().map(|(name, stored, decided)| (*name, &**stored, &**decided)).collect();
    assert_eq!(fields, expected);
}

#[test]
fn a_forged_verdict_is_named_with_its_position_and_both_values() {
    let shortage = position_of(|judgement| judgement.flags.contains(&Flag::StockShortage));
    differs(
        shortage,
        |decision| {
            decision.judgement.verdict = Verdict::Rejected;
            decision.judgement.code = Some(Code::CentralOnly);
        },
        &[("verdict", "REJECTED", "ACCEPTED"), ("code", "CENTRAL_ONLY", "-")],
    );
    let refused = position_of(|judgement| judgement.code == Some(Code::CentralOnly));
    differs(
        refused,
        |decision| (decision.judgement.verdict, decision.judgement.code) = (Verdict::Accepted, None),
        &[("verdict", "ACCEPTED", "REJECTED"), ("code", "-", "CENTRAL_ONLY")],
    );
}

#[test]
fn every_other_field_of_a_decision_is_compared_too() {
    let shortage = position_of(|judgement| judgement.flags.contains(&Flag::StockShortage));
    let numbered = position_of(|judgement| judgement.reference.is_some());
    let later = position_of(|judgement| judgement.code == Some(Code::AlreadyValidated));
    differs(
        shortage,
        |decision| decision.judgement.flags.retain(|flag| *flag != Flag::StockShortage),
        &[("flags", "UNKNOWN_REFERENCE", "STOCK_SHORTAGE UNKNOWN_REFERENCE")],
    );
    differs(shortage, |decision| decision.judgement.rule = Rule::ServerWins, &[("rule", "server_wins", "append_only")]);
    differs(
        numbered,
        |decision| decision.judgement.reference = Some("F2026-P01-000017".to_owned()),
        &[("reference", "F2026-P01-000017", "F2026-P01-000001")],
    );
    differs(shortage, |decision| decision.rulebook_version = 7, &[("rulebook_version", "7", "1")]);
    differs(shortage, |decision| decision.local_year = 2025, &[("local_year", "2025", "2026")]);
    let (at, fields) = forged(shortage, |decision| decision.effective_at = Timestamp(NOON - 86_400_000_000));
    assert_eq!((at, fields[0].0, &*fields[0].1), (shortage, "effective_at", "2025-12-31T00:00:00Z"));
    let (at, fields) = forged(later, |decision| {
        let Some(comptoir_core::decision::Resolution::DiscardLocal { event, .. }) = &mut decision.judgement.resolution
        else {
            panic!("the later validation is answered with the first")
        };
        *event = EventId::from_bytes([7; 16]);
    });
    assert_eq!((at, fields.len(), fields[0].0), (later, 1, "resolution"));
    assert!(fields[0].1.contains("07070707-0707-0707-0707-070707070707"), "{}", fields[0].1);
}

#[test]
fn one_forged_decision_does_not_make_the_later_ones_look_forged() {
    // The first sale is changed to have no effect on stock. Later records were decided with that effect, and differ only by it.
    let mut log = a_full_day().log();
    let (_, whole) = redecided(&log);
    assert_eq!(whole, []);
    log.entry(2).decide(|decision| decision.judgement.flags.clear());
    let (_, differences) = redecided(&log.with_new_chains());
    let positions: Vec<u64> = differences.iter().map(|found| found.position).collect();
    assert_eq!(positions.len(), 1, "{differences:?}");
}

#[test]
fn replays_of_one_file_and_of_its_parts_have_the_same_digest() {
    let log = a_full_day().log();
    let (whole, _) = replayed(std::slice::from_ref(&log), false).unwrap();
    let (again, _) = redecided(&log);
    assert_eq!(again.digest, whole.digest, "deciding again changes nothing");
    let (in_parts, differences) = replayed(&tenant_parts(&log, &[1, 9, 20]), true).unwrap();
    assert_eq!((&in_parts.digest, differences.as_slice()), (&whole.digest, &[][..]));
    assert_eq!(in_parts, again);

    let mut forged = log.clone();
    let numbered = position_of(|judgement| judgement.reference.is_some());
    forged.entry(numbered).decide(|decision| decision.judgement.reference = Some("F2026-P01-000017".to_owned()));
    let (forged, differences) = replayed(&[forged.with_new_chains()], false).unwrap();
    assert_eq!(differences, [], "applying asks no rule");
    assert_ne!(forged.digest, whole.digest);
    let other: Vec<_> = forged.models.iter().zip(&whole.models).filter(|(one, other)| one != other).collect();
    assert_eq!(other.len(), 1, "only the invoices are others: {other:?}");
    assert_eq!(other[0].0.model, "invoices");
}

#[test]
fn each_read_model_has_rows_after_a_full_day() {
    let (replay, _) = redecided(&a_full_day().log());
    let rows: Vec<(&str, u64)> = replay.models.iter().map(|model| (model.model, model.rows)).collect();
    let expected = [
        ("stock", 2),
        ("sale_costs", 3),
        ("counts", 1),
        ("deliveries", 2),
        ("invoices", 8),
        ("series", 3),
        ("entities", 2),
        ("quarantine", 3),
        ("rulebook", 1),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_context_that_differs_from_centrals_is_found() {
    let fields_with = |change: fn(&mut comptoir_proto::bundle_v1::TenantContext)| {
        let mut log = a_full_day().log();
        let mut other = context();
        change(&mut other);
        log.context = Some(other);
        let (_, differences) = redecided(&log);
        differences.iter().flat_map(|found| found.fields.iter().map(|field| field.field)).collect::<BTreeSet<_>>()
    };
    assert_eq!(fields_with(|context| context.sites[0].1 = name("X99")), BTreeSet::from(["reference", "flags"]));
    assert_eq!(fields_with(|context| context.zone = "Europe/London".to_owned()), BTreeSet::from(["local_year"]));
    assert!(fields_with(|context| context.central_node = node(9)).contains("verdict"));
}

#[test]
fn decisions_by_other_rules_are_counted() {
    let mut log = a_full_day().log();
    log.entry(3).decide(|decision| decision.engine_version = rules::ENGINE_VERSION + 1);
    let (replay, differences) = redecided(&log.with_new_chains());
    assert_eq!((replay.by_newer_rules, differences.len()), (1, 0));
}

#[test]
fn a_replay_names_what_it_lacks() {
    let log = a_full_day().log();
    let (replay, _) = replayed(std::slice::from_ref(&log), false).unwrap();
    assert_eq!(replay.digest, redecided(&log).0.digest);

    let last = tenant_parts(&log, &[5]).remove(1);
    assert!(matches!(replayed(&[last], false), Err(AuditError::NotFromStart { .. })));
    assert!(matches!(replayed(&[node_log(node(7), &[3])], false), Err(AuditError::Kind { .. })));
    assert!(matches!(replayed(&[], false), Err(AuditError::NoBundle)));
    let mut lost = log.clone();
    lost.context.as_mut().unwrap().zone = "Europe/Atlantis".to_owned();
    assert!(matches!(replayed(&[lost], true), Err(AuditError::UnknownZone { .. })));
    let mut unread = log.clone();
    unread.entry(3).decision.truncate(20);
    assert!(matches!(replayed(&[unread], false), Err(AuditError::Damaged { .. })));
}

#[test]
fn events_that_only_central_may_write_come_from_its_own_node() {
    let mut audit_fixture = AuditFixture::new();
    let adjustment = serde_json::json!({"lines": [{"product": "pen", "quantity": "5"}], "reason": "inventory"});
    audit_fixture.say(CENTRAL, ("STOCK", "x"), "STOCK_ADJUSTED", adjustment.clone());
    audit_fixture.say(node(1), ("STOCK", "x"), "STOCK_ADJUSTED", adjustment);
    let verdicts: Vec<Verdict> = audit_fixture.judgements.iter().map(|judgement| judgement.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Accepted, Verdict::Accepted, Verdict::Superseded]);
    assert_eq!(redecided(&audit_fixture.log()).1, []);
}

#[test]
fn a_bounded_time_needs_its_flag() {
    let shortage = position_of(|judgement| judgement.flags.contains(&Flag::StockShortage));
    let bounded = |decision: &mut StoredDecision| decision.effective_at = Timestamp(NOON - 86_400_000_000);
    let mut log = a_full_day().log();
    log.entry(shortage).decide(|decision| {
        bounded(decision);
        decision.judgement.flags.push(Flag::TimeInFuture);
    });
    assert_eq!(redecided(&log.with_new_chains()).1, [], "the flag says why");
    let (at, fields) = forged(shortage, bounded);
    assert_eq!((at, fields[0].0), (shortage, "effective_at"));
}

/// The log shows when central revoked a device, and does not show a device's silence.
#[test]
fn a_quarantine_for_a_device_s_silence_is_taken_as_it_was_decided() {
    let accepted = position_of(|judgement| judgement.verdict == Verdict::Accepted && judgement.code.is_none());
    for code in [Code::DeviceRevoked, Code::GraceExceeded, Code::TotalMismatch] {
        let mut log = a_full_day().log();
        log.entry(accepted).decide(|decision| {
            decision.judgement = Judgement::refused(Verdict::Quarantined, code, decision.judgement.rule);
            decision.judgement.detail = Some("as central knew it".to_owned());
        });
        let (_, differences) = redecided(&log.with_new_chains());
        let is_taken = differences.iter().all(|difference| difference.position != accepted);
        assert_eq!(is_taken, code == Code::GraceExceeded, "{code:?}");
    }
}
