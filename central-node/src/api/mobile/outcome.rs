//! A phone's response about each event: accepted, accepted without effect, or failed with a next step.

use comptoir_core::decision::{Code, Verdict};
use comptoir_messages::{Language, Message};
use comptoir_proto::mobile_v1::{FailedEvent, Resolution, WithoutEffect};
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::RecordResult;
use serde_json::{Value, json};

use crate::devices::seal::DeviceOutcome;
use crate::ingest::DeviceResult;
use crate::sync_log::SyncCounts;

/// The outcome of one event.
pub(super) enum EventOutcome {
    Acked,
    /// Acknowledged, and the user is informed that it had no effect. Otherwise a quarantined delivery would stay open on the
    /// phone without an explanation.
    WithoutEffect(WithoutEffect),
    Failed(FailedEvent),
}

/// The outcome of a decision, or of the reason why the event was not sealed.
pub(super) fn event_outcome(
    outcome: Result<DeviceResult, Problem>,
    event_id: &str,
    counts: &mut SyncCounts,
) -> EventOutcome {
    let event_id = event_id.to_owned();
    let result = match outcome {
        Ok(decided) => decided.result,
        Err(problem) => {
            counts.failed += 1;
            let resolution = (!problem.retryable).then(|| resolution("FIX_AND_RESEND", None));
            let (retry, detail) = (problem.retryable, Some(with_place(&problem)));
            return EventOutcome::Failed(FailedEvent { event_id, error_code: problem.code, retry, detail, resolution });
        }
    };
    let resolution = result.resolution.clone().and_then(|value| serde_json::from_value::<Resolution>(value).ok());
    let resolution = match DeviceOutcome::of(&result.verdict) {
        DeviceOutcome::Taken => return taken(event_id, result, resolution),
        DeviceOutcome::Conflict => {
            counts.conflicts += 1;
            resolution.unwrap_or_else(|| of_conflict(&result))
        }
        DeviceOutcome::Refused => {
            counts.failed += 1;
            resolution.unwrap_or_else(|| discard(Message::new("device-rejected")))
        }
    };
    let error_code = result.code.unwrap_or(result.verdict);
    EventOutcome::Failed(FailedEvent {
        event_id,
        error_code,
        retry: false,
        detail: result.detail,
        resolution: Some(resolution),
    })
}

fn taken(event_id: String, result: RecordResult, resolution: Option<Resolution>) -> EventOutcome {
    let message = match Verdict::parse(&result.verdict) {
        Some(Verdict::Quarantined) => Message::new("device-quarantined"),
        Some(Verdict::Superseded) => Message::new("device-superseded"),
        _ => return EventOutcome::Acked,
    };
    EventOutcome::WithoutEffect(WithoutEffect {
        event_id,
        error_code: result.code.unwrap_or_else(|| result.verdict.clone()),
        verdict: result.verdict,
        message: message.text(Language::French),
        detail: result.detail,
        resolution,
    })
}

/// The detail with its place: the response has no field for the place, and `a name must not be empty` alone would not name
/// the field.
fn with_place(problem: &Problem) -> String {
    match &problem.pointer {
        Some(pointer) => format!("{pointer}: {}", problem.detail),
        None => problem.detail.clone(),
    }
}

/// Where the decision has none: of an invoice that is there or cancelled already, and of an entity that nobody knows.
fn of_conflict(result: &RecordResult) -> Resolution {
    let is = |code: Code| result.code.as_deref() == Some(code.as_str());
    match () {
        () if is(Code::AlreadyCancelled) => discard(Message::new("device-already-cancelled")),
        () if is(Code::EntityExists) => resolution("FIX_AND_RESEND", None),
        () => resolution("CHOOSE", None),
    }
}

/// The contract's texts are in French.
fn discard(message: Message<'_>) -> Resolution {
    resolution("DISCARD_LOCAL", Some(json!({ "message": message.text(Language::French) })))
}

fn resolution(action: &str, data: Option<Value>) -> Resolution {
    Resolution { action: action.to_owned(), data }
}
