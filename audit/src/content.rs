//! Bodies: whether a record can be decoded, whether its payload fits its schema, and whether its decision is possible.

use std::ops::Range;

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::{Event, TimeSource};
use comptoir_core::id::EventId;
use comptoir_core::time::Timestamp;
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{self, StoredDecision};
use comptoir_proto::sync_v1::RecordResult;

use crate::finding::{Break, Defect, FindingLocation};
use crate::opening;

/// A body to be decoded; ranges are of the job's bytes.
pub(crate) enum Body {
    /// A record of a node's own log.
    Record { location: FindingLocation, record: Range<usize> },
    /// A record of a tenant's log, and its decision.
    Entry { location: FindingLocation, record: Range<usize>, fits: HeaderFit, decision: Range<usize> },
    /// A node's stored answer about its record.
    Answer { location: FindingLocation, answer: Range<usize>, event: EventId, chain: ChainHash },
}

/// Whether a record's header names the record's own place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HeaderFit {
    /// The record's own place.
    Here,
    Elsewhere,
    /// The header cannot be decoded.
    Unreadable,
}

/// Findings in a job's bodies other than breaks.
#[derive(Default)]
pub(crate) struct BodyFindings {
    /// Number of decisions by verdict, in the order of [`Verdict::ALL`].
    pub(crate) verdicts: [u64; Verdict::ALL.len()],
    /// Payloads whose schema this program does not have.
    pub(crate) unknown_schemas: u64,
    /// When the first and the last entry were received.
    pub(crate) received: Option<[(FindingLocation, Timestamp); 2]>,
}

impl BodyFindings {
    /// Adds the findings of the next job, whose first entry must be received after the last entry here.
    pub(crate) fn join(&mut self, next: &BodyFindings) -> Option<Break> {
        for (sum, count) in self.verdicts.iter_mut().zip(next.verdicts) {
            *sum += count;
        }
        self.unknown_schemas += next.unknown_schemas;
        let [first, last] = next.received?;
        let broken = self.receive(first);
        self.receive(last);
        broken
    }

    fn receive(&mut self, (location, at): (FindingLocation, Timestamp)) -> Option<Break> {
        let [first, (_, before)] = *self.received.get_or_insert([(location, at), (location, Timestamp(i64::MIN))]);
        self.received = Some([first, (location, at)]);
        let expected = || format!("a time after that of the entry before, {}", comptoir_proto::instant::format(before));
        (at <= before)
            .then(|| Break::new(Defect::ReceivedAt, location, expected(), comptoir_proto::instant::format(at)))
    }
}

/// Checks the bodies in their order, up to the first break.
pub(crate) fn check(bytes: &[u8], bodies: &[Body], found: &mut BodyFindings) -> Option<Break> {
    bodies.iter().find_map(|body| match body {
        Body::Record { location, record } => check_record(*location, &bytes[record.clone()], found).err(),
        Body::Entry { location, record, fits, decision } => {
            check_entry(*location, &bytes[record.clone()], *fits, &bytes[decision.clone()], found).err()
        }
        Body::Answer { location, answer, event, chain } => {
            check_answer(*location, &bytes[answer.clone()], *event, *chain).err()
        }
    })
}

/// A node seals only records that can be decoded and have valid payloads.
fn check_record(location: FindingLocation, record: &[u8], found: &mut BodyFindings) -> Result<(), Break> {
    let event = stored_v1::decode(record).map_err(|error| Break::new(Defect::Record, location, "a record", error))?;
    match payload::parse(event) {
        Ok(known) => match known.objection {
            Some(objection) => {
                Err(Break::new(Defect::Payload, location, "a payload without objection", objection.detail))
            }
            None => Ok(()),
        },
        Err((_, error)) if error.code == Code::UnknownSchema => {
            found.unknown_schemas += 1;
            Ok(())
        }
        Err((_, error)) => Err(Break::new(Defect::Payload, location, "a payload that fits its schema", error)),
    }
}

fn check_entry(
    location: FindingLocation,
    record: &[u8],
    fits: HeaderFit,
    decision: &[u8],
    found: &mut BodyFindings,
) -> Result<(), Break> {
    let decision = stored_v1::decode_decision(decision)
        .map_err(|error| Break::new(Defect::Decision, location, "a decision", error))?;
    let judgement = &decision.judgement;
    found.verdicts[Verdict::ALL.iter().position(|verdict| *verdict == judgement.verdict).unwrap_or_default()] += 1;
    if let Some(broken) = found.receive((location, decision.received_at)) {
        return Err(broken);
    }
    if decision.effective_at > decision.received_at {
        let expected = format!("an effective time not after receipt, {}", instant(decision.received_at));
        return Err(Break::new(Defect::Decision, location, expected, instant(decision.effective_at)));
    }
    match check_verdict(location, record, fits, &decision) {
        Ok(known_schema) => {
            found.unknown_schemas += u64::from(!known_schema);
            Ok(())
        }
        Err(broken) => Err(broken),
    }
}

/// Checks that such a record can get this verdict. Returns whether the payload's schema is known here.
fn check_verdict(
    location: FindingLocation,
    record: &[u8],
    fits: HeaderFit,
    decision: &StoredDecision,
) -> Result<bool, Break> {
    let judgement = &decision.judgement;
    let stated = || match judgement.code {
        Some(code) => format!("{} {}", judgement.verdict.as_str(), code.as_str()),
        None => judgement.verdict.as_str().to_owned(),
    };
    let quarantined = |code: Code, why: String| {
        if judgement.verdict == Verdict::Quarantined && judgement.code == Some(code) {
            return Ok(true);
        }
        let expected = format!("QUARANTINED {}: {why}", code.as_str());
        Err(Break::new(Defect::Verdict, location, expected, stated()))
    };
    let event = match stored_v1::decode(record) {
        Ok(event) => event,
        Err(error) => return quarantined(Code::Undecodable, error.to_string()),
    };
    if fits == HeaderFit::Elsewhere {
        return quarantined(Code::HeaderMismatch, "its header names another place".to_owned());
    }
    if opening::is_opening(&event) != (location.seq == Some(1)) {
        return quarantined(Code::HeaderMismatch, "EPOCH_OPENED is an epoch's first record and no other".to_owned());
    }
    if let Some(code @ (Code::Undecodable | Code::HeaderMismatch)) = judgement.code {
        return Err(Break::new(
            Defect::Verdict,
            location,
            "another code: the record can be decoded and its header names its place",
            code.as_str(),
        ));
    }
    // An event without any effect may contain anything.
    if judgement.verdict == Verdict::Duplicate || judgement.code == Some(Code::EventIdReused) {
        return Ok(true);
    }
    let held_back = judgement.verdict != Verdict::Accepted;
    match payload::parse(event) {
        Err((_, error)) if error.code == Code::UnknownSchema => Ok(judgement.code == Some(Code::UnknownSchema)),
        Err((_, error)) if !held_back => {
            Err(Break::new(Defect::Payload, location, "a payload that fits its schema", error))
        }
        Ok(known) => match known.objection {
            Some(objection) if !held_back => {
                Err(Break::new(Defect::Payload, location, "an accepted payload without objection", objection.detail))
            }
            _ => Ok(true),
        },
        Err(_) => Ok(true),
    }
}

fn check_answer(location: FindingLocation, answer: &[u8], event: EventId, chain: ChainHash) -> Result<(), Break> {
    let answer: RecordResult = serde_json::from_slice(answer)
        .map_err(|error| Break::new(Defect::Answer, location, "central's answer about the record before", error))?;
    let Some(verdict) = Verdict::parse(&answer.verdict) else {
        return Err(Break::new(Defect::Answer, location, "a verdict", answer.verdict));
    };
    // Central names a record that it could not decode by the chain.
    let named = match verdict {
        Verdict::Quarantined if answer.event_id != event.uuid() => stored_v1::unreadable_event_id(chain),
        _ => event,
    };
    let expected = (named.uuid(), location.seq.unwrap_or_default());
    if (answer.event_id, answer.seq) == expected {
        return Ok(());
    }
    let described = |(event, seq)| format!("event {event}, seq {seq}");
    Err(Break::new(Defect::Answer, location, described(expected), described((answer.event_id, answer.seq))))
}

fn instant(at: Timestamp) -> String {
    comptoir_proto::instant::format(at)
}

/// A hash of an event without its id and place, and without a time that a server stamped: equal for the same fact sealed twice.
pub(crate) fn content_hash(record: &[u8]) -> Option<[u8; 32]> {
    let event = stored_v1::decode(record).ok()?;
    let stamped = event.time_source == TimeSource::Node;
    let bare = Event {
        id: EventId::from_bytes([0; 16]),
        node: comptoir_core::id::NodeId::from_bytes([0; 16]),
        epoch: comptoir_core::position::Epoch { number: 0, id: uuid::Uuid::nil() },
        seq: comptoir_core::position::Seq::ZERO,
        occurred_at: if stamped { Timestamp(0) } else { event.occurred_at },
        identity_position: 0,
        ..event
    };
    stored_v1::encode(&bare).ok().map(|bytes| *blake3::hash(&bytes).as_bytes())
}
