//! Finds in decided records what looks like fraud. Central seals each finding next to its record, in the same transaction.

use comptoir_core::clock::ClockChange;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::{EventId, NodeId};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::security_v1::{SECURITY_RECORDED, SecurityKind};
use comptoir_proto::stored_v1::StoredDecision;

use super::places::{LastPlaces, Sighting};
use super::security_events::SecurityEvent;

/// A time service corrects seconds; a minute back is a person or a broken battery.
const CLOCK_BACK_MICROS_MIN: i64 = 60_000_000;

/// The kinds that a record of a log can lead to.
pub(super) const KINDS: [SecurityKind; 4] = [
    SecurityKind::ForeignQr,
    SecurityKind::ImpossibleTravel,
    SecurityKind::ClockMovedBack,
    SecurityKind::AlteredRecord,
];

/// A record with its decision.
pub(super) struct RecordWithDecision<'a> {
    pub(super) id: EventId,
    pub(super) node: NodeId,
    pub(super) by_central: bool,
    pub(super) event: Option<&'a Event>,
    pub(super) known: Option<&'a ParsedEvent>,
    pub(super) decision: &'a StoredDecision,
}

/// What a record shows. The sightings of users are kept in `places`.
pub(super) fn found(record: &RecordWithDecision<'_>, places: &mut LastPlaces) -> Vec<SecurityEvent> {
    if record.event.is_some_and(|event| event.content.action.as_str() == SECURITY_RECORDED) {
        return Vec::new();
    }
    [altered(record), foreign_qr(record), clock_moved_back(record), impossible_travel(record, places)]
        .into_iter()
        .flatten()
        .collect()
}

impl RecordWithDecision<'_> {
    fn signal(&self, kind: SecurityKind, subject: (&str, &str)) -> SecurityEvent {
        let signal = SecurityEvent::new(kind, self.id, subject).in_log(self.node).shown_by(self.id);
        signal.by(self.event.and_then(|event| event.content.user.as_ref()).map(|user| user.as_str()))
    }

    /// The reason that the decision gives.
    fn detail(&self) -> &str {
        self.decision.judgement.detail.as_deref().unwrap_or_default()
    }
}

fn altered(record: &RecordWithDecision<'_>) -> Option<SecurityEvent> {
    let code = record.decision.judgement.code.filter(|code| {
        matches!(code, Code::Undecodable | Code::HeaderMismatch | Code::PreviousHeadMismatch | Code::EventIdReused)
    })?;
    // Central itself may find an id in use that it derives; the event that uses it is not the one it seals.
    if record.by_central {
        return None;
    }
    let signal = record.signal(SecurityKind::AlteredRecord, ("NODE", &record.node.to_string()));
    Some(signal.with("code", code.as_str()).with("detail", record.detail()))
}

fn foreign_qr(record: &RecordWithDecision<'_>) -> Option<SecurityEvent> {
    if record.decision.judgement.code != Some(Code::QrMismatch) {
        return None;
    }
    let delivery = &record.event?.content.entity_id;
    Some(record.signal(SecurityKind::ForeignQr, ("DELIVERY", delivery.as_str())).with("detail", record.detail()))
}

fn clock_moved_back(record: &RecordWithDecision<'_>) -> Option<SecurityEvent> {
    let Fact::ClockChanged(change) = &record.known?.fact else { return None };
    let (back_micros, how) = match change {
        ClockChange::Stepped { micros } => (0i64.saturating_sub(*micros), "set while the node ran"),
        ClockChange::Started { now, highest } => (highest.0.saturating_sub(now.0), "behind at the machine's start"),
        ClockChange::Measured { .. } => return None,
    };
    if back_micros < CLOCK_BACK_MICROS_MIN || record.decision.judgement.verdict == Verdict::Duplicate {
        return None;
    }
    let signal = record.signal(SecurityKind::ClockMovedBack, ("NODE", &record.node.to_string()));
    Some(signal.with("how", how).with("seconds", back_micros / 1_000_000))
}

fn impossible_travel(record: &RecordWithDecision<'_>, places: &mut LastPlaces) -> Option<SecurityEvent> {
    let known = record.known?;
    let judgement = &record.decision.judgement;
    // A time that nobody knows says nothing about a speed.
    if judgement.verdict == Verdict::Duplicate || judgement.flags.iter().any(|flag| flag.is_about_time()) {
        return None;
    }
    let (last, seen) = places.see(known, record.decision.effective_at)?;
    let (meters, seconds) = last.impossible_travel(&seen)?;
    let subject = (known.event.content.entity_type.as_str(), known.event.content.entity_id.as_str());
    let place = |seen: Sighting| seen.place.to_string();
    let time = |at: Timestamp| instant::format(at);
    Some(
        record
            .signal(SecurityKind::ImpossibleTravel, subject)
            .with("kilometers", meters / 1_000)
            .with("seconds", seconds)
            .with("place", place(seen))
            .with("at", time(seen.at))
            .with("other_place", place(last))
            .with("other_at", time(last.at))
            .with("other_event", last.event.to_string()),
    )
}
