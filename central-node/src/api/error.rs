//! The one place that turns an operation's error into a problem document: its code, its detail, and the values that a program needs.

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::ingest::{
    DraftRefusal, DraftsError, IdReused, ImportError, IngestError, PrepareError, PushError, PushRefusal,
};
use crate::restore_window::RestoreInProgress;

// Ingest.

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Problem {
        let detail = error.to_string();
        match error {
            IngestError::Store(error) => error.problem(),
            IngestError::Decide(_) => Problem::new(ErrorCode::Internal, detail),
            IngestError::NoTenant(_) => Problem::new(ErrorCode::NotFound, detail),
            IngestError::QueueFull { .. } => Problem::new(ErrorCode::QueueFull, detail).retry_after(1),
            IngestError::Lost => Problem::new(ErrorCode::OutcomeUnknown, detail).retry_after(1),
        }
    }
}

impl From<PushError> for Problem {
    fn from(error: PushError) -> Problem {
        let detail = error.to_string();
        match error {
            PushError::Ingest(error) => error.into(),
            PushError::NoLog(_) => Problem::new(ErrorCode::WrongNode, detail),
            PushError::Refused(refusal) => refusal.into(),
            PushError::RestoreInProgress(error) => error.into(),
        }
    }
}

impl From<PushRefusal> for Problem {
    fn from(refusal: PushRefusal) -> Problem {
        let detail = refusal.to_string();
        match refusal {
            PushRefusal::Gap { expected, .. } => {
                Problem::new(ErrorCode::SeqGap, detail).with("expected_seq", expected.0)
            }
            PushRefusal::Beginning { got, expected, .. } => Problem::new(ErrorCode::ChainMismatch, detail)
                .with("expected_chain", expected.to_string())
                .with("got_chain", got.to_string()),
            PushRefusal::Fork { seq, held, received, .. } => Problem::new(ErrorCode::Fork, detail)
                .with("seq", seq.0)
                .with("held_chain", held)
                .with("received_chain", received),
            PushRefusal::Frozen { epoch, .. } => Problem::new(ErrorCode::EpochFrozen, detail).with("epoch", epoch),
            PushRefusal::KeyChanged { pinned, received, .. } => {
                Problem::new(ErrorCode::KeyChanged, detail).with("pinned_key", pinned).with("received_key", received)
            }
        }
    }
}

impl From<PrepareError> for Problem {
    fn from(error: PrepareError) -> Problem {
        let detail = error.to_string();
        match error {
            PrepareError::Chain { seq, computed, sent } => Problem::new(ErrorCode::ChainMismatch, detail)
                .with("seq", seq.0)
                .with("computed_chain", computed.to_string())
                .with("sent_chain", sent.to_string()),
            PrepareError::Tenant { seq, .. } => Problem::new(ErrorCode::WrongTenant, detail).with("seq", seq.0),
        }
    }
}

impl From<DraftsError> for Problem {
    fn from(error: DraftsError) -> Problem {
        match error {
            DraftsError::Ingest(error) => error.into(),
            DraftsError::RestoreInProgress(error) => error.into(),
        }
    }
}

impl From<DraftRefusal> for Problem {
    fn from(refusal: DraftRefusal) -> Problem {
        let detail = refusal.to_string();
        match refusal {
            DraftRefusal::IdReused(error) => error.into(),
            DraftRefusal::WrittenByLog { .. } => Problem::new(ErrorCode::CentralOnly, detail).at("/action"),
            DraftRefusal::CentralOnly { .. } => Problem::new(ErrorCode::CentralOnly, detail).at("/entity_type"),
            DraftRefusal::OutOfDate(problem) => *problem,
            DraftRefusal::EntityTooLarge(_) => Problem::new(ErrorCode::EntityTooLarge, detail).at("/payload"),
            DraftRefusal::BatchRejected => Problem::new(ErrorCode::BatchRejected, detail),
        }
    }
}

impl From<IdReused> for Problem {
    fn from(error: IdReused) -> Problem {
        Problem::new(ErrorCode::EventIdReused, error.to_string()).at("/id")
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Problem {
        let detail = error.to_string();
        match error {
            ImportError::Store(error) => error.problem(),
            ImportError::NoNode { .. } => Problem::new(ErrorCode::NotFound, detail),
            ImportError::Prepare(error) => error.into(),
            ImportError::Reader(_) => Problem::new(ErrorCode::Internal, detail),
            ImportError::Push(error) => error.into(),
            ImportError::RestoreInProgress(error) => error.into(),
        }
    }
}

impl From<RestoreInProgress> for Problem {
    fn from(error: RestoreInProgress) -> Problem {
        Problem::new(ErrorCode::RestoreInProgress, error.to_string()).retry_after(RestoreInProgress::RETRY_AFTER)
    }
}
