//! A phone's response about each event: acknowledged because it took effect, or failed with a next step.

use comptoir_core::decision::{Code, Verdict};
use comptoir_messages::{Language, Message};
use comptoir_proto::mobile_v1::{FailedEvent, Resolution};
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::RecordResult;
use serde_json::{Map, Value};

use crate::devices::seal::DeviceOutcome;
use crate::ingest::DeviceResult;
use crate::sync_log::SyncCounts;

/// What is reported of an event that has no effect, or none yet: a phone that reads only the document's fields would take
/// an acknowledged delivery for validated. `outcome` is the decision, or why the event was not sealed.
pub(super) fn failure(
    outcome: Result<DeviceResult, Problem>,
    event_id: &str,
    counts: &mut SyncCounts,
) -> Option<FailedEvent> {
    let event_id = event_id.to_owned();
    let result = match outcome {
        Ok(decided) => decided.result,
        Err(problem) => {
            counts.failed += 1;
            let resolution = (!problem.retryable).then(fix_and_resend);
            let (retry, detail) = (problem.retryable, Some(with_place(&problem)));
            return Some(FailedEvent { event_id, error_code: problem.code, retry, detail, resolution });
        }
    };
    let decided = result.resolution.clone().and_then(|value| serde_json::from_value::<Resolution>(value).ok());
    let resolution = match DeviceOutcome::of(&result) {
        DeviceOutcome::InEffect | DeviceOutcome::HandedOver => return None,
        DeviceOutcome::Conflict => {
            counts.conflicts += 1;
            decided.unwrap_or_else(|| of_conflict(&result))
        }
        DeviceOutcome::Refused => {
            counts.failed += 1;
            of_refusal(&result, decided)
        }
    };
    let error_code = result.code.unwrap_or(result.verdict);
    Some(FailedEvent { event_id, error_code, retry: false, detail: result.detail, resolution: Some(resolution) })
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
    match code(result) {
        Some(Code::AlreadyCancelled) => discard(Message::new("device-already-cancelled"), None),
        Some(Code::EntityExists) => fix_and_resend(),
        _ => Resolution { action: "CHOOSE".to_owned(), data: None },
    }
}

/// An event that head office holds is dropped on the phone like one that lost: the document knows no other word, and the phone
/// must neither send it again nor show it as done. `verdict` says which it is.
fn of_refusal(result: &RecordResult, decided: Option<Resolution>) -> Resolution {
    match (Verdict::parse(&result.verdict), code(result)) {
        (Some(Verdict::Quarantined), _) => discard(Message::new("device-quarantined"), Some(Verdict::Quarantined)),
        (Some(Verdict::Superseded), _) => superseded(decided),
        (_, Some(Code::InvalidPayload | Code::EntityTooLarge)) => fix_and_resend(),
        _ => decided.unwrap_or_else(|| discard(Message::new("device-rejected"), None)),
    }
}

/// The values that apply instead, if the decision has them. Nobody chooses between them and the phone's.
fn superseded(decided: Option<Resolution>) -> Resolution {
    let dropped = discard(Message::new("device-superseded"), Some(Verdict::Superseded));
    let Some(Resolution { action, data: Some(Value::Object(values)) }) = decided else { return dropped };
    let action = if action == "CHOOSE" { dropped.action } else { action };
    let message = dropped.data.into_iter().flat_map(|data| data.as_object().cloned().unwrap_or_default());
    Resolution { action, data: Some(values.into_iter().chain(message).collect()) }
}

fn code(result: &RecordResult) -> Option<Code> {
    Code::parse(result.code.as_deref()?)
}

/// The contract's texts are in French.
fn discard(message: Message<'_>, verdict: Option<Verdict>) -> Resolution {
    let mut data = Map::from_iter([("message".to_owned(), Value::from(message.text(Language::French)))]);
    data.extend(verdict.map(|verdict| ("verdict".to_owned(), Value::from(verdict.as_str()))));
    Resolution { action: "DISCARD_LOCAL".to_owned(), data: Some(Value::Object(data)) }
}

fn fix_and_resend() -> Resolution {
    Resolution { action: "FIX_AND_RESEND".to_owned(), data: None }
}
