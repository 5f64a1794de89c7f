//! The reaction to each failure of a request. The match has no default, so that a new code forces a decision.

use std::time::Duration;

use comptoir_core::position::Seq;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use super::push::PushFailure;
use super::transport::Unanswered;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reaction {
    /// The line or central is down for a while: the same again after the backoff.
    Again,
    /// Retry after the pause; ask central for its status first, which also reports how far this node was answered.
    AskAndAgain,
    /// The same again, in a smaller batch: it may have been too much for the line.
    Smaller,
    /// Retry, and raise an alert: the failure will hardly resolve itself.
    SmallerAndAlert,
    /// The longest pause at once, and a person should look: the key or central's certificate is not accepted.
    SlowlyAndAlert,
    /// Central misses records before these.
    Rewind(Seq),
    /// Our bytes reached central changed, or are damaged here.
    Mismatch,
    /// Send nothing more of this epoch, and raise an alert. Selling continues.
    Stop,
}

pub(crate) fn to(failure: &PushFailure) -> Reaction {
    match failure {
        PushFailure::Unanswered(Unanswered::NotConnected(_)) => Reaction::Again,
        // Nothing changes until somebody corrects a certificate, a setting or a clock.
        PushFailure::Unanswered(Unanswered::Untrusted { .. }) => Reaction::SlowlyAndAlert,
        PushFailure::Unanswered(Unanswered::Timeout | Unanswered::Broken(_) | Unanswered::TooLong) => Reaction::Smaller,
        PushFailure::Misfit(_) => Reaction::SmallerAndAlert,
        PushFailure::Refused { status, problem, .. } => match problem {
            Some(problem) => problem.error_code().map_or_else(|| to_status(*status), |code| to_code(code, problem)),
            None => to_status(*status),
        },
    }
}

fn to_code(code: ErrorCode, problem: &Problem) -> Reaction {
    match code {
        ErrorCode::SeqGap => {
            let expected = problem.values.get("expected_seq").and_then(serde_json::Value::as_u64);
            expected.filter(|seq| *seq > 0).map_or(Reaction::SmallerAndAlert, |seq| Reaction::Rewind(Seq(seq)))
        }
        ErrorCode::ChainMismatch => Reaction::Mismatch,
        ErrorCode::Fork
        | ErrorCode::EpochFrozen
        | ErrorCode::KeyChanged
        | ErrorCode::WrongTenant
        | ErrorCode::WrongNode => Reaction::Stop,
        ErrorCode::Unauthorized
        | ErrorCode::Forbidden
        | ErrorCode::LoginFailed
        | ErrorCode::TokenExpired
        | ErrorCode::ReauthenticationRequired
        | ErrorCode::DeviceRevoked => Reaction::SlowlyAndAlert,
        // What it waits for is another node, or an operator: nothing is wrong with the line.
        ErrorCode::RestoreInProgress => Reaction::AskAndAgain,
        // Smaller batches would be more requests.
        ErrorCode::RateLimited => Reaction::Again,
        // A smaller batch finds no more room, and nothing was lost on the line.
        ErrorCode::StoreFull | ErrorCode::StoreNotAnswering | ErrorCode::StoreRestarting => Reaction::Again,
        ErrorCode::StoreUnavailable
        | ErrorCode::OutcomeUnknown
        | ErrorCode::QueueFull
        | ErrorCode::InsufficientStorage
        | ErrorCode::LogReadOnly
        | ErrorCode::LogDamaged
        | ErrorCode::PositionNotReached
        | ErrorCode::RequestTimeout
        | ErrorCode::Internal => Reaction::Smaller,
        // Central continues once an operator has repaired its store, and someone at the node may be the first to notice.
        ErrorCode::StoreDamaged => Reaction::SmallerAndAlert,
        // The other codes answer requests that this agent does not send: from a proxy, or a central of another version.
        ErrorCode::MalformedBody
        | ErrorCode::InvalidParameter
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::IdempotencyKeyMissing
        | ErrorCode::HostRefused
        | ErrorCode::OriginRefused
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::TlsRequired
        | ErrorCode::CaMissing
        | ErrorCode::NoReceipt
        | ErrorCode::PrinterMissing
        | ErrorCode::PrinterUnreachable
        | ErrorCode::PrintIncomplete
        | ErrorCode::TillAlreadyOpen
        | ErrorCode::TillNotOpen
        | ErrorCode::ReasonRequired
        | ErrorCode::NameNotAllowed
        | ErrorCode::InvalidPayload
        | ErrorCode::UnknownSchema
        | ErrorCode::UnknownEntityType
        | ErrorCode::TotalMismatch
        | ErrorCode::StockReadOnly
        | ErrorCode::CentralOnly
        | ErrorCode::EntityTooLarge
        | ErrorCode::EventIdReused
        | ErrorCode::PreconditionFailed
        | ErrorCode::BatchRejected
        | ErrorCode::TooLarge
        | ErrorCode::PreconditionRequired
        | ErrorCode::ChecksumMismatch
        | ErrorCode::BlobMissing
        | ErrorCode::IncarnationChanged
        | ErrorCode::ScopeChanged
        | ErrorCode::AlreadyResolved
        | ErrorCode::AsOfInFuture
        | ErrorCode::TooManyAttempts
        | ErrorCode::SessionLocked
        | ErrorCode::PasswordRequired
        | ErrorCode::LinkInvalid
        | ErrorCode::DeviceNotEnrolled
        | ErrorCode::DeviceLimit
        | ErrorCode::EnrolmentInvalid
        | ErrorCode::UserDisabled
        | ErrorCode::WeakPassword
        | ErrorCode::AlreadyExists
        | ErrorCode::ProofInvalid => to_status(code.status()),
    }
}

/// Without one of central's codes: the answer of a proxy or a later version.
fn to_status(status: u16) -> Reaction {
    match status {
        401 | 403 => Reaction::SlowlyAndAlert,
        408 | 413 | 425 | 429 | 500..=599 => Reaction::Smaller,
        _ => Reaction::SmallerAndAlert,
    }
}

/// A code for people and programs.
pub(crate) fn word(failure: &PushFailure) -> String {
    match failure {
        PushFailure::Unanswered(Unanswered::NotConnected(_)) => "UNREACHABLE".to_owned(),
        PushFailure::Unanswered(Unanswered::Untrusted { fault, .. }) => fault.code().to_owned(),
        PushFailure::Unanswered(Unanswered::Timeout) => "TIMEOUT".to_owned(),
        PushFailure::Unanswered(Unanswered::Broken(_) | Unanswered::TooLong) => "BROKEN".to_owned(),
        PushFailure::Misfit(_) => "UNEXPECTED_RESPONSE".to_owned(),
        PushFailure::Refused { status, problem, .. } => {
            problem.as_ref().map_or_else(|| format!("HTTP_{status}"), |problem| problem.code.clone())
        }
    }
}

/// How long central asks to be left alone.
pub(crate) fn asked(failure: &PushFailure) -> Option<Duration> {
    match failure {
        PushFailure::Refused { retry_after, .. } => *retry_after,
        PushFailure::Unanswered(_) | PushFailure::Misfit(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, problem: Option<Problem>) -> Reaction {
        to(&PushFailure::Refused { status, problem: problem.map(Box::new), retry_after: None })
    }

    fn coded(code: ErrorCode) -> Reaction {
        refused(code.status(), Some(Problem::new(code, "why")))
    }

    #[test]
    fn an_incident_stops_the_epoch_and_nothing_else_does() {
        let stopping: Vec<_> = ErrorCode::ALL.into_iter().filter(|code| coded(*code) == Reaction::Stop).collect();
        let incidents = [
            ErrorCode::WrongTenant,
            ErrorCode::WrongNode,
            ErrorCode::Fork,
            ErrorCode::EpochFrozen,
            ErrorCode::KeyChanged,
        ];
        assert_eq!(stopping, incidents);
    }

    #[test]
    fn a_gap_rewinds_to_what_central_names_and_to_nothing_else() {
        let gap = |value: serde_json::Value| {
            refused(409, Some(Problem::new(ErrorCode::SeqGap, "why").with("expected_seq", value)))
        };
        assert_eq!(gap(7.into()), Reaction::Rewind(Seq(7)));
        assert_eq!(gap(0.into()), Reaction::SmallerAndAlert);
        assert_eq!(gap("7".into()), Reaction::SmallerAndAlert);
        assert_eq!(coded(ErrorCode::SeqGap), Reaction::SmallerAndAlert);
    }

    #[test]
    fn what_a_proxy_answers_is_read_from_its_status() {
        assert_eq!(refused(502, None), Reaction::Smaller);
        assert_eq!(refused(413, None), Reaction::Smaller);
        assert_eq!(refused(429, None), Reaction::Smaller);
        assert_eq!(refused(401, None), Reaction::SlowlyAndAlert);
        assert_eq!(refused(302, None), Reaction::SmallerAndAlert);
        assert_eq!(refused(204, None), Reaction::SmallerAndAlert);
    }

    #[test]
    fn a_line_that_is_down_does_not_shrink_batches_and_one_that_breaks_does() {
        assert_eq!(to(&Unanswered::NotConnected("refused".to_owned()).into()), Reaction::Again);
        assert_eq!(to(&Unanswered::Timeout.into()), Reaction::Smaller);
        assert_eq!(to(&Unanswered::Broken("reset".to_owned()).into()), Reaction::Smaller);
    }
}
