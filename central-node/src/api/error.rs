//! Maps every error of central to its problem document. Codes, details and statuses are promises: clients match on them.

use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::store_check_v1::StoreFinding;

use super::damage::FINDING;
use crate::accounts::{AccountError, HeldDevice};
use crate::certificates::AuthorityError;
use crate::conflicts::PlanError;
use crate::conflicts::resolve::ResolveError;
use crate::database::StoreError;
use crate::devices::desktop::entity_types::UnknownEntityType;
use crate::devices::device::ContactError;
use crate::devices::seal::DeviceEventError;
use crate::devices::time_cursor::BadTime;
use crate::feed::FeedError;
use crate::identity::{AuthError, IdentityError, PasswordError};
use crate::ingest::{
    DraftRefusal, DraftsError, IdReused, ImportError, IngestError, PrepareError, PushError, PushRefusal,
};
use crate::private_postgres::{FULL_RETRY_SECONDS, ServerOutage};
use crate::projections::ProjectionError;
use crate::reporting::ReportError;
use crate::restore_window::RestoreInProgress;
use crate::store_check::StoreDamage;
use crate::store_health::StoreHealthError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let detail = error.to_string();
        match error {
            StoreError::Unavailable(_) | StoreError::Contended(_) => {
                Problem::new(ErrorCode::StoreUnavailable, detail).retry_after(1)
            }
            StoreError::Full(_) => Problem::new(ErrorCode::StoreFull, detail).retry_after(FULL_RETRY_SECONDS),
            StoreError::OutcomeUnknown(_) => Problem::new(ErrorCode::OutcomeUnknown, detail).retry_after(1),
            StoreError::Damaged(_) => Problem::new(ErrorCode::StoreDamaged, detail),
            StoreError::DamagedLog(finding) => damaged_log(&finding, detail),
            StoreError::Settings(_) | StoreError::UnfitRole(_) | StoreError::IdCounts(_) | StoreError::Refused(_) => {
                Problem::new(ErrorCode::Internal, detail)
            }
        }
    }
}

/// The problem of a reader that met damage; the answer's finding reaches `/readyz` (see `damage.rs`).
fn damaged_log(finding: &StoreFinding, detail: String) -> Problem {
    let problem = Problem::new(ErrorCode::StoreDamaged, detail);
    match serde_json::to_value(finding) {
        Ok(finding) => problem.with(FINDING, finding),
        Err(_) => problem,
    }
}

impl From<ServerOutage> for Problem {
    fn from(outage: ServerOutage) -> Problem {
        let detail = outage.to_string();
        match outage {
            ServerOutage::DiskFull(_) => Problem::new(ErrorCode::StoreFull, detail).retry_after(FULL_RETRY_SECONDS),
            ServerOutage::Restarting { attempt, restarts_max, next_in_seconds, reason } => {
                Problem::new(ErrorCode::StoreRestarting, detail)
                    .retry_after(next_in_seconds.max(1))
                    .with("attempt", attempt)
                    .with("restarts_max", restarts_max)
                    .with("next_attempt_in_seconds", next_in_seconds)
                    .with("reason", reason)
            }
            ServerOutage::GivenUp { reason, .. } => {
                Problem::new(ErrorCode::StoreUnavailable, detail).with("reason", reason)
            }
        }
    }
}

impl From<StoreHealthError> for Problem {
    fn from(error: StoreHealthError) -> Problem {
        let detail = error.to_string();
        match error {
            StoreHealthError::Server(outage) => outage.into(),
            StoreHealthError::Full(_) => Problem::new(ErrorCode::StoreFull, detail).retry_after(FULL_RETRY_SECONDS),
            StoreHealthError::Contended(_) | StoreHealthError::Silent(_) => {
                Problem::new(ErrorCode::StoreNotAnswering, detail).retry_after(1)
            }
            StoreHealthError::Unavailable(_) => Problem::new(ErrorCode::StoreUnavailable, detail).retry_after(1),
        }
    }
}

impl From<StoreDamage> for Problem {
    fn from(damage: StoreDamage) -> Problem {
        Problem::new(ErrorCode::StoreDamaged, damage.to_string())
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Problem {
        match error {
            AuthError::Unknown | AuthError::Mistyped(_) => Problem::new(ErrorCode::Unauthorized, error.to_string()),
            AuthError::Expired => Problem::new(ErrorCode::TokenExpired, error.to_string()),
            AuthError::Store(error) => error.into(),
        }
    }
}

impl From<AuthorityError> for Problem {
    fn from(error: AuthorityError) -> Problem {
        let detail = error.to_string();
        match error {
            AuthorityError::Request(_) => Problem::new(ErrorCode::MalformedBody, detail).at("/csr"),
            AuthorityError::File { .. }
            | AuthorityError::Exists { .. }
            | AuthorityError::Open { .. }
            | AuthorityError::Damaged { .. }
            | AuthorityError::Name { .. }
            | AuthorityError::NoRandomness(_)
            | AuthorityError::Signing(_) => {
                tracing::error!("The certificate authority does not work: {detail}");
                Problem::new(ErrorCode::Internal, "the certificate authority does not work; central's log says why")
            }
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Problem {
        let detail = error.to_string();
        let bad = |pointer: &str| Problem::new(ErrorCode::MalformedBody, detail.clone()).at(pointer);
        match error {
            AccountError::Store(error) | AccountError::Identity(IdentityError::Store(error)) => error.into(),
            AccountError::Identity(_) | AccountError::NotRecorded(_) => Problem::new(ErrorCode::Internal, detail),
            AccountError::Login(_) => bad("/login"),
            AccountError::Name(_) => bad("/name"),
            AccountError::Device(_) => bad("/device"),
            AccountError::Role(_) => bad("/role"),
            AccountError::Permission(_) => Problem::new(ErrorCode::MalformedBody, detail),
            AccountError::TenantMissing => bad("/tenant"),
            AccountError::Exists { .. } => Problem::new(ErrorCode::AlreadyExists, detail).at("/login"),
            AccountError::Reason { .. } => bad("/reason"),
            AccountError::Proof(_) => Problem::new(ErrorCode::ProofInvalid, detail),
            AccountError::NoTenant(_)
            | AccountError::NoUser { .. }
            | AccountError::NoNode { .. }
            | AccountError::NoDevice { .. }
            | AccountError::Erased(_) => Problem::new(ErrorCode::NotFound, detail),
            AccountError::Disabled(_) => Problem::new(ErrorCode::UserDisabled, detail).at("/user"),
            AccountError::RoleNotHeld { .. } => bad("/role"),
            AccountError::EnrolmentProof => bad("/proof"),
            AccountError::DeviceExists => Problem::new(ErrorCode::AlreadyExists, detail).at("/name"),
            AccountError::NotEnrolled => Problem::new(ErrorCode::DeviceNotEnrolled, detail),
            AccountError::Enrolment => Problem::new(ErrorCode::EnrolmentInvalid, detail),
            AccountError::WipeProof => Problem::new(ErrorCode::Unauthorized, detail),
            AccountError::DeviceLimit { devices } => {
                let devices: Vec<_> = devices.iter().map(held_device).collect();
                Problem::new(ErrorCode::DeviceLimit, detail).with("devices", devices)
            }
            AccountError::NoSite { .. } => bad("/roles"),
            AccountError::Link => Problem::new(ErrorCode::LinkInvalid, detail),
            AccountError::Password(PasswordError::Busy) => Problem::new(ErrorCode::QueueFull, detail).retry_after(1),
            AccountError::Password(PasswordError::Weak(_)) => {
                Problem::new(ErrorCode::WeakPassword, detail).at("/password")
            }
            AccountError::Password(PasswordError::Failed(_)) => Problem::new(ErrorCode::Internal, detail),
            AccountError::LoginFailed => Problem::new(ErrorCode::LoginFailed, detail),
            AccountError::TooManyAttempts { seconds } => {
                Problem::new(ErrorCode::TooManyAttempts, detail).retry_after(seconds)
            }
            AccountError::Reauthenticate => Problem::new(ErrorCode::ReauthenticationRequired, detail),
        }
    }
}

fn held_device(device: &HeldDevice) -> serde_json::Value {
    serde_json::json!({
        "id": device.node.uuid(), "name": device.name, "label": device.label,
        "last_contact_at": instant::format(device.last_contact_at),
    })
}

impl From<ContactError> for Problem {
    fn from(error: ContactError) -> Problem {
        let detail = error.to_string();
        match error {
            ContactError::Name { contract } | ContactError::Unnamed { contract } => {
                Problem::new(ErrorCode::InvalidParameter, detail).at(contract.name_field())
            }
            ContactError::OtherSite { .. } | ContactError::OtherDevice { .. } | ContactError::Enrolled { .. } => {
                Problem::new(ErrorCode::WrongNode, detail)
            }
            ContactError::Revoked { .. } => Problem::new(ErrorCode::DeviceRevoked, detail),
            ContactError::Store(error) => error.into(),
        }
    }
}

impl From<DeviceEventError> for Problem {
    fn from(error: DeviceEventError) -> Problem {
        let detail = error.to_string();
        match error {
            DeviceEventError::Name { field, .. } => {
                Problem::new(ErrorCode::MalformedBody, detail).at(format!("/{field}"))
            }
            DeviceEventError::ReservedId | DeviceEventError::IdLength => {
                Problem::new(ErrorCode::MalformedBody, detail).at("/id")
            }
            DeviceEventError::OccurredAt { .. } => Problem::new(ErrorCode::MalformedBody, detail).at("/occurred_at"),
            DeviceEventError::PayloadTooLarge { .. } => Problem::new(ErrorCode::TooLarge, detail).at("/payload"),
            DeviceEventError::SealedByLog { .. } => Problem::new(ErrorCode::CentralOnly, detail).at("/action"),
        }
    }
}

impl From<UnknownEntityType> for Problem {
    fn from(error: UnknownEntityType) -> Problem {
        Problem::new(ErrorCode::UnknownEntityType, error.to_string()).with("nearest", error.nearest)
    }
}

impl From<BadTime> for Problem {
    fn from(error: BadTime) -> Problem {
        Problem::new(ErrorCode::InvalidParameter, error.to_string()).at(error.name)
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Problem {
        Problem::new(ErrorCode::MalformedBody, error.to_string()).at("/fields")
    }
}

impl From<ResolveError> for Problem {
    fn from(error: ResolveError) -> Problem {
        let detail = error.to_string();
        match error {
            ResolveError::NotFound(_) => Problem::new(ErrorCode::NotFound, detail),
            ResolveError::AlreadyResolved { resolution, etag, .. } => Problem::new(ErrorCode::AlreadyResolved, detail)
                .with("resolution_event_id", resolution.to_string())
                .with("etag", etag),
            ResolveError::PageChanged { version, etag, .. } | ResolveError::VersionChanged { version, etag, .. } => {
                Problem::new(ErrorCode::PreconditionFailed, detail).with("version", version.0).with("etag", etag)
            }
            ResolveError::Plan(error) => error.into(),
            ResolveError::Payload(_) => Problem::new(ErrorCode::InvalidPayload, detail).at("/fields"),
            ResolveError::Event(reason) => Problem::new(ErrorCode::Internal, reason),
            ResolveError::Write(error) => error.into(),
            ResolveError::Refused(refusal) => in_fields(refusal.into()),
            ResolveError::Store(error) => error.into(),
        }
    }
}

/// A refusal of a draft in the words of a resolution: the request has fields where the draft has a payload.
fn in_fields(problem: Problem) -> Problem {
    match problem.error_code() {
        Some(ErrorCode::EntityTooLarge) => problem.at("/fields"),
        _ => problem,
    }
}

impl From<FeedError> for Problem {
    fn from(error: FeedError) -> Problem {
        let detail = error.to_string();
        match error {
            FeedError::OtherCentral { this, .. } => {
                Problem::new(ErrorCode::IncarnationChanged, detail).with("incarnation", this.to_string())
            }
            FeedError::OtherScope { now, .. } => Problem::new(ErrorCode::ScopeChanged, detail).with("scope", now),
            FeedError::AheadOfLog { head, .. } | FeedError::OtherPast { head, .. } => {
                Problem::new(ErrorCode::IncarnationChanged, detail).with("head", head.0)
            }
            FeedError::Busy { .. } => Problem::new(ErrorCode::QueueFull, detail).retry_after(5),
            FeedError::Encoder(_) => Problem::new(ErrorCode::Internal, detail),
            FeedError::Store(error) => error.into(),
        }
    }
}

impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Problem {
        let detail = error.to_string();
        let problem = match error {
            ReportError::AheadOfLog { .. } | ReportError::InFuture { .. } => {
                Problem::new(ErrorCode::AsOfInFuture, detail)
            }
            ReportError::NotReached { reached, .. } => {
                Problem::new(ErrorCode::PositionNotReached, detail).with("complete_through", reached.0).retry_after(1)
            }
            ReportError::TooManyRows { .. } | ReportError::TooManySales { .. } => {
                Problem::new(ErrorCode::TooLarge, detail)
            }
            ReportError::NoEntity { .. } | ReportError::Deleted { .. } => Problem::new(ErrorCode::NotFound, detail),
            ReportError::Cursor(_) => Problem::new(ErrorCode::InvalidParameter, detail).at("cursor"),
            ReportError::Store(error) | ReportError::Projection(ProjectionError::Store(error)) => error.into(),
            ReportError::Projection(ProjectionError::Damaged(finding)) => damaged_log(&finding, detail),
            ReportError::Projection(_) | ReportError::Csv(_) | ReportError::Json(_) => {
                Problem::new(ErrorCode::Internal, detail)
            }
        };
        if problem.error_code() == Some(ErrorCode::Internal) {
            tracing::error!(detail = problem.detail, "A report could not be made");
        }
        problem
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Problem {
        let detail = error.to_string();
        match error {
            IngestError::Store(error) => error.into(),
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
            DraftRefusal::OutOfDate(refusal) => (*refusal).into(),
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
            ImportError::Store(error) => error.into(),
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

/// A problem in one line, for the log of synchronisations.
pub(crate) fn summary(problem: &Problem) -> String {
    format!("{}: {}", problem.code, problem.detail)
}
