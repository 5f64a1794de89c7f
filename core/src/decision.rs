//! Decisions: what central decides about a record. A decision is stored, chained, and never changes.

use crate::event::Fields;
use crate::id::{EventId, Name, NodeId};
use crate::position::Position;
use crate::rulebook::Rule;
use crate::time::Timestamp;

/// The outcome. A resolution or a release is a new event that names the old one; the verdict stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// It takes effect.
    Accepted,
    /// The record is stored, and a newer or higher-ranking value applies.
    Superseded,
    /// The record is stored, and a person or a rule has to choose.
    Conflict,
    /// It is kept and takes no effect.
    Rejected,
    /// It could not be decided and waits for a person.
    Quarantined,
    /// The same fact in another record: without effect.
    Duplicate,
}

impl Verdict {
    /// Every verdict, in the order of their codes.
    pub const ALL: [Verdict; 6] = [
        Verdict::Accepted,
        Verdict::Superseded,
        Verdict::Conflict,
        Verdict::Rejected,
        Verdict::Quarantined,
        Verdict::Duplicate,
    ];

    /// The word on the wire and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Accepted => "ACCEPTED",
            Verdict::Superseded => "SUPERSEDED",
            Verdict::Conflict => "CONFLICT",
            Verdict::Rejected => "REJECTED",
            Verdict::Quarantined => "QUARANTINED",
            Verdict::Duplicate => "DUPLICATE",
        }
    }

    /// The verdict of that word.
    pub fn parse(text: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// Why, in a word that never changes its meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Code {
    /// Another validation was first.
    AlreadyValidated,
    /// Only central sets stock.
    StockReadOnly,
    /// Only central writes this.
    CentralOnly,
    /// The id counted before, with other content.
    EventIdReused,
    /// The record's bytes do not read as a record.
    Undecodable,
    /// The header names another node, epoch or seq than its position in the chain.
    HeaderMismatch,
    /// The record that opens an epoch names another end of the previous epoch than central holds.
    PreviousHeadMismatch,
    /// The payload does not fit its schema.
    InvalidPayload,
    /// No schema of that action and version.
    UnknownSchema,
    /// The total is not the sum of the lines.
    TotalMismatch,
    /// The code scanned is not the delivery's.
    QrMismatch,
    /// Another node changed the entity since.
    VersionConflict,
    /// The entity exists already.
    EntityExists,
    /// There is no such entity.
    UnknownEntity,
    /// It was deleted.
    EntityDeleted,
    /// Every field it set has a later writer.
    Overwritten,
    /// The invoice is cancelled already.
    AlreadyCancelled,
    /// The count or release names an event that does not exist or is of another kind.
    UnknownEvent,
    /// The count was already accepted, or the event already released.
    AlreadyApplied,
    /// Entities of this type are not made of fields, so this action does not apply to them.
    ActionNotAllowed,
    /// The entity would exceed its maximum size.
    EntityTooLarge,
    /// The event's user did not exist at the position up to which the node knew users.
    UserUnknown,
    /// The user was not allowed to record the event, by what the node knew.
    NotPermitted,
    /// The user was allowed to record the event, and is not any more.
    RightsWithdrawn,
    /// The node names a position of its users that central has not reached: central was restored, or the record is forged.
    RightsUnknown,
    /// The device was revoked before the event arrived.
    DeviceRevoked,
    /// A device recorded it without contact for longer than its user may work offline.
    GraceExceeded,
    /// A defect of the program; the event waits for a person.
    DecisionFailed,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 28] = [
        Code::AlreadyValidated,
        Code::StockReadOnly,
        Code::CentralOnly,
        Code::EventIdReused,
        Code::Undecodable,
        Code::HeaderMismatch,
        Code::PreviousHeadMismatch,
        Code::InvalidPayload,
        Code::UnknownSchema,
        Code::TotalMismatch,
        Code::QrMismatch,
        Code::VersionConflict,
        Code::EntityExists,
        Code::UnknownEntity,
        Code::EntityDeleted,
        Code::Overwritten,
        Code::AlreadyCancelled,
        Code::UnknownEvent,
        Code::AlreadyApplied,
        Code::ActionNotAllowed,
        Code::EntityTooLarge,
        Code::UserUnknown,
        Code::NotPermitted,
        Code::RightsWithdrawn,
        Code::RightsUnknown,
        Code::DeviceRevoked,
        Code::GraceExceeded,
        Code::DecisionFailed,
    ];

    /// The word on the wire and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::AlreadyValidated => "ALREADY_VALIDATED",
            Code::StockReadOnly => "STOCK_READ_ONLY",
            Code::CentralOnly => "CENTRAL_ONLY",
            Code::EventIdReused => "EVENT_ID_REUSED",
            Code::Undecodable => "UNDECODABLE",
            Code::HeaderMismatch => "HEADER_MISMATCH",
            Code::PreviousHeadMismatch => "PREVIOUS_HEAD_MISMATCH",
            Code::InvalidPayload => "INVALID_PAYLOAD",
            Code::UnknownSchema => "UNKNOWN_SCHEMA",
            Code::TotalMismatch => "TOTAL_MISMATCH",
            Code::QrMismatch => "QR_MISMATCH",
            Code::VersionConflict => "VERSION_CONFLICT",
            Code::EntityExists => "ENTITY_EXISTS",
            Code::UnknownEntity => "UNKNOWN_ENTITY",
            Code::EntityDeleted => "ENTITY_DELETED",
            Code::Overwritten => "OVERWRITTEN",
            Code::AlreadyCancelled => "ALREADY_CANCELLED",
            Code::UnknownEvent => "UNKNOWN_EVENT",
            Code::AlreadyApplied => "ALREADY_APPLIED",
            Code::ActionNotAllowed => "ACTION_NOT_ALLOWED",
            Code::EntityTooLarge => "ENTITY_TOO_LARGE",
            Code::UserUnknown => "USER_UNKNOWN",
            Code::NotPermitted => "NOT_PERMITTED",
            Code::RightsWithdrawn => "RIGHTS_WITHDRAWN",
            Code::RightsUnknown => "RIGHTS_UNKNOWN",
            Code::DeviceRevoked => "DEVICE_REVOKED",
            Code::GraceExceeded => "GRACE_EXCEEDED",
            Code::DecisionFailed => "DECISION_FAILED",
        }
    }

    /// The code of that word.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// A remark on an event that took effect.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Flag {
    /// Stock went below zero.
    StockShortage,
    /// The event names a product, client or delivery that central does not know.
    UnknownReference,
    /// No cost was known for goods that came back.
    CostUnknown,
    /// The decision was restored: central had made and reported it before it was restored from an older copy.
    DecisionRestored,
    /// The node's clock was wrong and the true time is unknown: the event counts at the nearest time that does not contradict the
    /// log.
    ClockUnsure,
    /// The given time was in the future: the event counts from when the node recorded it.
    TimeInFuture,
    /// An invoice was sent with its total alone: its lines are not known.
    LinesMissing,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Flag; 7] = [
        Flag::StockShortage,
        Flag::UnknownReference,
        Flag::CostUnknown,
        Flag::DecisionRestored,
        Flag::ClockUnsure,
        Flag::TimeInFuture,
        Flag::LinesMissing,
    ];

    /// The word on the wire and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Flag::StockShortage => "STOCK_SHORTAGE",
            Flag::UnknownReference => "UNKNOWN_REFERENCE",
            Flag::CostUnknown => "COST_UNKNOWN",
            Flag::DecisionRestored => "DECISION_RESTORED",
            Flag::ClockUnsure => "CLOCK_UNSURE",
            Flag::TimeInFuture => "TIME_IN_FUTURE",
            Flag::LinesMissing => "LINES_MISSING",
        }
    }

    /// Whether the flag is about the event's time. Only central knows that; the log does not show it.
    pub fn is_about_time(self) -> bool {
        matches!(self, Flag::ClockUnsure | Flag::TimeInFuture)
    }

    /// The flag of that word.
    pub fn parse(text: &str) -> Option<Flag> {
        Flag::ALL.into_iter().find(|flag| flag.as_str() == text)
    }
}

/// What the node should do.
#[derive(Clone, PartialEq, Debug)]
pub enum Resolution {
    /// Drop the local change from the read model: another validation was first.
    DiscardLocal {
        /// The validation that counts.
        event: EventId,
        /// The user who validated.
        user: Option<Name>,
        /// The node.
        node: NodeId,
        /// When, as their device said.
        at: Timestamp,
        /// Where, `latitude,longitude`, if known.
        place: Option<String>,
    },
    /// Take the server's stock figures: product to quantity.
    ServerStock {
        /// Product and quantity as central holds them.
        quantities: Vec<(Name, rust_decimal::Decimal)>,
    },
    /// A person decides; these are the server's fields and version.
    ServerEntity {
        /// The entity's version.
        version: Position,
        /// Its fields.
        fields: Fields,
    },
}

/// The part of a decision that follows from the record and the state alone.
#[derive(Clone, PartialEq, Debug)]
pub struct Judgement {
    /// The outcome.
    pub verdict: Verdict,
    /// Why, where it is not plainly accepted.
    pub code: Option<Code>,
    /// Remarks, in order, each once.
    pub flags: Vec<Flag>,
    /// The rule that decided.
    pub rule: Rule,
    /// The number given to an invoice or credit note.
    pub reference: Option<String>,
    /// What the node should do.
    pub resolution: Option<Resolution>,
    /// Text for a person: what was wrong, with the values.
    pub detail: Option<String>,
}

impl Judgement {
    /// Accepted without a remark.
    pub fn accepted(rule: Rule) -> Judgement {
        Judgement {
            verdict: Verdict::Accepted,
            code: None,
            flags: Vec::new(),
            rule,
            reference: None,
            resolution: None,
            detail: None,
        }
    }

    /// Any other outcome, with its code.
    pub fn refused(verdict: Verdict, code: Code, rule: Rule) -> Judgement {
        Judgement { verdict, code: Some(code), ..Judgement::accepted(rule) }
    }
}

/// The position and times at which an event is decided. Central sets them and stores them with the decision; no clock is read
/// here.
#[derive(Clone, PartialEq, Debug)]
pub struct DecisionContext {
    /// The event's position.
    pub position: Position,
    /// When central received it: set under the tenant's lock, strictly increasing.
    pub received_at: Timestamp,
    /// `occurred_at`, corrected where the node's clock stamped it, never later than receipt: see [`crate::clock::Timing`].
    pub effective_at: Timestamp,
    /// The year of `received_at` in the tenant's zone: what invoices are numbered by.
    pub local_year: i16,
    /// The short code of the event's site, for invoice references.
    pub site_code: Option<Name>,
    /// Whether central's own node sealed it.
    pub by_central: bool,
}
