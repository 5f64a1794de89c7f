//! Error codes of the HTTP APIs. Each states its status and whether a retry helps. A code never changes its meaning.

/// Why a request, a draft or a row was refused. The codes of central's decisions are [`comptoir_core::decision::Code`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ErrorCode {
    /// The body is no JSON of the expected shape.
    MalformedBody,
    /// A query or path parameter does not read.
    InvalidParameter,
    /// The content type is not supported here.
    UnsupportedMediaType,
    /// A draft has no id, and the request has no `Idempotency-Key`.
    IdempotencyKeyMissing,
    /// The credential is missing or unknown.
    Unauthorized,
    /// The login or the password is wrong, or the user may not log in.
    LoginFailed,
    /// The access token has expired; it can be refreshed.
    TokenExpired,
    /// The login has ended: the user has to log in again.
    ReauthenticationRequired,
    /// The session is locked: its user has to unlock it.
    SessionLocked,
    /// A PIN is not enough: the password is needed.
    PasswordRequired,
    /// Too many failed logins: wait.
    TooManyAttempts,
    /// A one-time code is unknown, was used or has expired.
    LinkInvalid,
    /// The password is easy to guess.
    WeakPassword,
    /// The tenant already has something of that name.
    AlreadyExists,
    /// The credential belongs to another tenant than the request names.
    WrongTenant,
    /// The credential belongs to another node than the request names.
    WrongNode,
    /// The device is not enrolled to that user, or the login belongs to no device.
    DeviceNotEnrolled,
    /// The node or device was revoked: it may send what it recorded, and nothing else.
    DeviceRevoked,
    /// The user has as many active devices as a user may have.
    DeviceLimit,
    /// An enrolment code is unknown, was used or has expired.
    EnrolmentInvalid,
    /// The user is disabled, so no device can be enrolled for the user.
    UserDisabled,
    /// The credential may not do this.
    Forbidden,
    /// The request names another host than this server's.
    HostRefused,
    /// The request comes from a page of another site.
    OriginRefused,
    /// There is nothing of that name.
    NotFound,
    /// The path is known, and not for that method.
    MethodNotAllowed,
    /// The payload does not fit its schema.
    InvalidPayload,
    /// No schema of that action and version.
    UnknownSchema,
    /// The tenant has no entities of that type.
    UnknownEntityType,
    /// The total is not the sum of the lines.
    TotalMismatch,
    /// Only central sets stock.
    StockReadOnly,
    /// Only central writes this.
    CentralOnly,
    /// The entity would exceed its maximum size.
    EntityTooLarge,
    /// The id was used before, for other content.
    EventIdReused,
    /// The entity changed since the version that the edit was made from.
    PreconditionFailed,
    /// Nothing is wrong with this draft: another of its list was refused, and a list is all or nothing.
    BatchRejected,
    /// A body, list, line or payload over its limit.
    TooLarge,
    /// The request did not arrive in time.
    RequestTimeout,
    /// The credential or the address sends too many requests.
    RateLimited,
    /// The port speaks TLS, and the request came unencrypted.
    TlsRequired,
    /// Central has no certificate authority.
    CaMissing,
    /// The event has no receipt.
    NoReceipt,
    /// The node has no printer.
    PrinterMissing,
    /// The printer cannot be reached.
    PrinterUnreachable,
    /// The printer was lost while it printed.
    PrintIncomplete,
    /// A session of the till is open.
    TillAlreadyOpen,
    /// No session of the till is open.
    TillNotOpen,
    /// It needs a reason, and none was given.
    ReasonRequired,
    /// An administrator has not allowed the site this name or address.
    NameNotAllowed,
    /// Too much waits to be written.
    QueueFull,
    /// The disk is nearly full.
    InsufficientStorage,
    /// The log closed itself after a failed write, or failed its check.
    LogReadOnly,
    /// The log is damaged: the requested event may be in it but cannot be read.
    LogDamaged,
    /// The push begins after the record that central expects next.
    SeqGap,
    /// Other bytes are held for that node, epoch and seq.
    Fork,
    /// The epoch is frozen after a fork, until an operator decides.
    EpochFrozen,
    /// The bytes do not match their chain: corrupted in transit.
    ChainMismatch,
    /// The node's key is not the one that its first push named.
    KeyChanged,
    /// A proof does not fit: its signature, or what central holds of that log.
    ProofInvalid,
    /// An edit must say, in `If-Match`, which version it was made from.
    PreconditionRequired,
    /// The bytes do not match their checksum or hash.
    ChecksumMismatch,
    /// A file that the event names is not here.
    BlobMissing,
    /// This central is another one than the cursor's: restored, or replaced.
    IncarnationChanged,
    /// What the node may see is not what the cursor was made for.
    ScopeChanged,
    /// The conflict was decided already.
    AlreadyResolved,
    /// The position asked for was not reached in time.
    PositionNotReached,
    /// `as_of` is in the future.
    AsOfInFuture,
    /// Central was restored. Until its nodes have resent their prior decisions, it makes no decision that could contradict them.
    RestoreInProgress,
    /// The database cannot be reached, or gave up: nothing was written.
    StoreUnavailable,
    /// The database has no room on its disk: nothing was written.
    StoreFull,
    /// The database is there and does not answer.
    StoreNotAnswering,
    /// Central's database stopped by itself and is restarting.
    StoreRestarting,
    /// Rows of the log are missing, changed or unreadable: an operator has to act. Other data is still served.
    StoreDamaged,
    /// The connection was lost while committing, so the outcome is unknown. The same request again returns it.
    OutcomeUnknown,
    /// A defect of the program.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [ErrorCode; 75] = [
        ErrorCode::MalformedBody,
        ErrorCode::InvalidParameter,
        ErrorCode::UnsupportedMediaType,
        ErrorCode::IdempotencyKeyMissing,
        ErrorCode::Unauthorized,
        ErrorCode::LoginFailed,
        ErrorCode::TokenExpired,
        ErrorCode::ReauthenticationRequired,
        ErrorCode::SessionLocked,
        ErrorCode::PasswordRequired,
        ErrorCode::TooManyAttempts,
        ErrorCode::LinkInvalid,
        ErrorCode::WeakPassword,
        ErrorCode::AlreadyExists,
        ErrorCode::WrongTenant,
        ErrorCode::WrongNode,
        ErrorCode::DeviceNotEnrolled,
        ErrorCode::DeviceRevoked,
        ErrorCode::DeviceLimit,
        ErrorCode::EnrolmentInvalid,
        ErrorCode::UserDisabled,
        ErrorCode::Forbidden,
        ErrorCode::HostRefused,
        ErrorCode::OriginRefused,
        ErrorCode::NotFound,
        ErrorCode::MethodNotAllowed,
        ErrorCode::InvalidPayload,
        ErrorCode::UnknownSchema,
        ErrorCode::UnknownEntityType,
        ErrorCode::TotalMismatch,
        ErrorCode::StockReadOnly,
        ErrorCode::CentralOnly,
        ErrorCode::EntityTooLarge,
        ErrorCode::EventIdReused,
        ErrorCode::PreconditionFailed,
        ErrorCode::BatchRejected,
        ErrorCode::TooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::RateLimited,
        ErrorCode::TlsRequired,
        ErrorCode::CaMissing,
        ErrorCode::NoReceipt,
        ErrorCode::PrinterMissing,
        ErrorCode::PrinterUnreachable,
        ErrorCode::PrintIncomplete,
        ErrorCode::TillAlreadyOpen,
        ErrorCode::TillNotOpen,
        ErrorCode::ReasonRequired,
        ErrorCode::NameNotAllowed,
        ErrorCode::QueueFull,
        ErrorCode::InsufficientStorage,
        ErrorCode::LogReadOnly,
        ErrorCode::LogDamaged,
        ErrorCode::SeqGap,
        ErrorCode::Fork,
        ErrorCode::EpochFrozen,
        ErrorCode::ChainMismatch,
        ErrorCode::KeyChanged,
        ErrorCode::ProofInvalid,
        ErrorCode::PreconditionRequired,
        ErrorCode::ChecksumMismatch,
        ErrorCode::BlobMissing,
        ErrorCode::IncarnationChanged,
        ErrorCode::ScopeChanged,
        ErrorCode::AlreadyResolved,
        ErrorCode::PositionNotReached,
        ErrorCode::AsOfInFuture,
        ErrorCode::RestoreInProgress,
        ErrorCode::StoreUnavailable,
        ErrorCode::StoreFull,
        ErrorCode::StoreNotAnswering,
        ErrorCode::StoreRestarting,
        ErrorCode::StoreDamaged,
        ErrorCode::OutcomeUnknown,
        ErrorCode::Internal,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status it is answered with.
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// Whether the same request may succeed later, unchanged.
    pub fn is_retryable(self) -> bool {
        self.row().2
    }

    /// A short title in English.
    pub fn title(self) -> &'static str {
        self.row().3
    }

    /// The code of that word.
    pub fn parse(text: &str) -> Option<ErrorCode> {
        ErrorCode::ALL.into_iter().find(|code| code.as_str() == text)
    }

    fn row(self) -> (&'static str, u16, bool, &'static str) {
        match self {
            ErrorCode::MalformedBody => ("MALFORMED_BODY", 400, false, "The body is not the JSON expected here"),
            ErrorCode::InvalidParameter => ("INVALID_PARAMETER", 400, false, "A parameter does not read"),
            ErrorCode::UnsupportedMediaType => {
                ("UNSUPPORTED_MEDIA_TYPE", 415, false, "This content type is not understood here")
            }
            ErrorCode::IdempotencyKeyMissing => {
                ("IDEMPOTENCY_KEY_MISSING", 400, false, "A draft without an id needs an Idempotency-Key header")
            }
            ErrorCode::Unauthorized => ("UNAUTHORIZED", 401, false, "No valid credential"),
            ErrorCode::LoginFailed => ("LOGIN_FAILED", 401, false, "The login or the password is wrong"),
            ErrorCode::TokenExpired => ("TOKEN_EXPIRED", 401, false, "The access token has expired"),
            ErrorCode::ReauthenticationRequired => {
                ("REAUTHENTICATION_REQUIRED", 401, false, "The login has ended; log in again")
            }
            ErrorCode::SessionLocked => ("SESSION_LOCKED", 401, false, "The session is locked"),
            ErrorCode::PasswordRequired => ("PASSWORD_REQUIRED", 401, false, "The password is needed, not the PIN"),
            ErrorCode::TooManyAttempts => ("TOO_MANY_ATTEMPTS", 429, true, "Too many failed logins"),
            ErrorCode::LinkInvalid => ("LINK_INVALID", 410, false, "The one-time code is not valid any more"),
            ErrorCode::WeakPassword => ("WEAK_PASSWORD", 422, false, "The password is easy to guess"),
            ErrorCode::AlreadyExists => ("ALREADY_EXISTS", 409, false, "There is something of that name already"),
            ErrorCode::WrongTenant => ("WRONG_TENANT", 403, false, "The credential belongs to another tenant"),
            ErrorCode::WrongNode => ("WRONG_NODE", 403, false, "The credential belongs to another node"),
            ErrorCode::DeviceNotEnrolled => {
                ("DEVICE_NOT_ENROLLED", 403, false, "This needs a device that is enrolled to the user")
            }
            ErrorCode::DeviceRevoked => ("DEVICE_REVOKED", 403, false, "The device was revoked"),
            ErrorCode::DeviceLimit => ("DEVICE_LIMIT", 409, false, "The user has as many devices as a user may have"),
            ErrorCode::UserDisabled => ("USER_DISABLED", 409, false, "The user is disabled"),
            ErrorCode::EnrolmentInvalid => {
                ("ENROLMENT_INVALID", 410, false, "The enrolment code is not valid any more")
            }
            ErrorCode::Forbidden => ("FORBIDDEN", 403, false, "The credential may not do this"),
            ErrorCode::HostRefused => ("HOST_REFUSED", 421, false, "This server does not answer to that host name"),
            ErrorCode::OriginRefused => {
                ("ORIGIN_REFUSED", 403, false, "A page of another site may not change anything here")
            }
            ErrorCode::NotFound => ("NOT_FOUND", 404, false, "There is nothing of that name"),
            ErrorCode::MethodNotAllowed => ("METHOD_NOT_ALLOWED", 405, false, "The path does not take that method"),
            ErrorCode::InvalidPayload => ("INVALID_PAYLOAD", 422, false, "The payload does not fit its schema"),
            ErrorCode::UnknownSchema => ("UNKNOWN_SCHEMA", 422, false, "No schema of that action and version"),
            ErrorCode::UnknownEntityType => ("UNKNOWN_ENTITY_TYPE", 400, false, "There is no such entity type"),
            ErrorCode::TotalMismatch => ("TOTAL_MISMATCH", 422, false, "The total is not the sum of the lines"),
            ErrorCode::StockReadOnly => ("STOCK_READ_ONLY", 422, false, "Only central sets stock"),
            ErrorCode::CentralOnly => ("CENTRAL_ONLY", 422, false, "Only central writes this"),
            ErrorCode::EntityTooLarge => {
                ("ENTITY_TOO_LARGE", 422, false, "The entity would hold more than an entity may")
            }
            ErrorCode::EventIdReused => ("EVENT_ID_REUSED", 409, false, "The id was used before, for other content"),
            ErrorCode::PreconditionFailed => {
                ("PRECONDITION_FAILED", 412, false, "The entity changed since it was read")
            }
            ErrorCode::BatchRejected => ("BATCH_REJECTED", 422, false, "Another draft of the list was refused"),
            ErrorCode::TooLarge => ("TOO_LARGE", 413, false, "Over a limit"),
            ErrorCode::RequestTimeout => ("REQUEST_TIMEOUT", 408, true, "The request did not arrive in time"),
            ErrorCode::RateLimited => ("RATE_LIMITED", 429, true, "Too many requests"),
            ErrorCode::TlsRequired => ("TLS_REQUIRED", 426, false, "This port speaks TLS"),
            ErrorCode::CaMissing => ("CA_MISSING", 404, false, "There is no certificate authority here"),
            ErrorCode::NoReceipt => ("NO_RECEIPT", 422, false, "The event has no receipt"),
            ErrorCode::PrinterMissing => ("PRINTER_MISSING", 409, false, "This node has no printer"),
            ErrorCode::PrinterUnreachable => {
                ("PRINTER_UNREACHABLE", 503, true, "The printer cannot be reached; nothing was printed")
            }
            ErrorCode::PrintIncomplete => {
                ("PRINT_INCOMPLETE", 503, true, "The printer was lost; the receipt may be printed in part")
            }
            ErrorCode::TillAlreadyOpen => ("TILL_ALREADY_OPEN", 409, false, "A session of the till is open"),
            ErrorCode::TillNotOpen => ("TILL_NOT_OPEN", 409, false, "No session of the till is open"),
            ErrorCode::ReasonRequired => ("REASON_REQUIRED", 422, false, "A reason is needed"),
            ErrorCode::NameNotAllowed => ("NAME_NOT_ALLOWED", 403, false, "The site may not use this name"),
            ErrorCode::QueueFull => ("QUEUE_FULL", 503, true, "Too much waits to be written"),
            ErrorCode::InsufficientStorage => ("INSUFFICIENT_STORAGE", 507, true, "The disk is nearly full"),
            ErrorCode::LogReadOnly => {
                ("LOG_READ_ONLY", 503, false, "The log takes nothing more until an operator has looked")
            }
            ErrorCode::LogDamaged => {
                ("LOG_DAMAGED", 503, false, "The log is damaged; what was asked for may exist and cannot be read")
            }
            ErrorCode::SeqGap => ("SEQ_GAP", 409, true, "Records before these are missing"),
            ErrorCode::Fork => ("FORK", 409, false, "Other bytes are held for that seq"),
            ErrorCode::EpochFrozen => ("EPOCH_FROZEN", 409, false, "The epoch is frozen after a fork"),
            ErrorCode::ChainMismatch => ("CHAIN_MISMATCH", 409, true, "The bytes do not fit their chain"),
            ErrorCode::KeyChanged => ("KEY_CHANGED", 409, false, "The node's key is not the one that was pinned"),
            ErrorCode::ProofInvalid => ("PROOF_INVALID", 422, false, "The proof does not fit what central knows"),
            ErrorCode::PreconditionRequired => (
                "PRECONDITION_REQUIRED",
                428,
                false,
                "An edit must name what it was made from: the ETag that reading gave",
            ),
            ErrorCode::ChecksumMismatch => {
                ("CHECKSUM_MISMATCH", 422, true, "The bytes are not those of their checksum")
            }
            ErrorCode::BlobMissing => ("BLOB_MISSING", 422, true, "A file that the event names is not here yet"),
            ErrorCode::IncarnationChanged => ("INCARNATION_CHANGED", 410, false, "Central was restored or replaced"),
            ErrorCode::ScopeChanged => ("SCOPE_CHANGED", 410, false, "What this node may see has changed"),
            ErrorCode::AlreadyResolved => ("ALREADY_RESOLVED", 409, false, "The conflict was decided already"),
            ErrorCode::PositionNotReached => {
                ("POSITION_NOT_REACHED", 503, true, "The position was not reached in time")
            }
            ErrorCode::AsOfInFuture => ("AS_OF_IN_FUTURE", 422, false, "What was asked for lies in the future"),
            ErrorCode::RestoreInProgress => {
                ("RESTORE_IN_PROGRESS", 503, true, "Central was restored and waits for its nodes' prior decisions")
            }
            ErrorCode::StoreUnavailable => {
                ("STORE_UNAVAILABLE", 503, true, "The store cannot be reached; nothing was written")
            }
            ErrorCode::StoreFull => ("STORE_FULL", 507, true, "The store's disk is full; nothing was written"),
            ErrorCode::StoreNotAnswering => ("STORE_NOT_ANSWERING", 503, true, "The store does not answer"),
            ErrorCode::StoreRestarting => ("STORE_RESTARTING", 503, true, "The store is being started again"),
            ErrorCode::StoreDamaged => ("STORE_DAMAGED", 503, true, "Stored data is damaged; an operator has to look"),
            ErrorCode::OutcomeUnknown => {
                ("OUTCOME_UNKNOWN", 503, true, "Whether it was written is not known; ask again")
            }
            ErrorCode::Internal => ("INTERNAL", 500, true, "A defect of this program"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_code_has_its_own_word_and_an_error_status() {
        let words: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
    }
}
