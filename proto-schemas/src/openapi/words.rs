//! Schemas of texts that are a `String` in Rust, for `#[schemars(with = "...")]`. Enumerations come from the code's own lists
//! where it has one.

use std::borrow::Cow;

use comptoir_core::decision::{Code, Flag, Verdict};
use comptoir_core::limits::{NAME_CHARS_MAX, PAGE_ROWS_MAX, WAIT_SECONDS_MAX};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::damage::Damage;
use crate::error_code::ErrorCode;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

words! {
    /// An instant of RFC 3339.
    Instant = json_schema!({ "type": "string", "format": "date-time" });
    /// A day of the tenant's zone.
    Day = json_schema!({ "type": "string", "format": "date" });
    /// A name: entity type, entity id, action, or user.
    Name = json_schema!({ "type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX, "pattern": "^\\S(.*\\S)?$" });
    /// 32 bytes.
    Hash = json_schema!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" });
    /// An Ed25519 signature.
    Signature = json_schema!({ "type": "string", "pattern": "^[0-9a-fA-F]{128}$" });
    /// Central's mark on a result: 16 bytes.
    Attestation = json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    /// Bytes as text.
    Base64 = json_schema!({ "type": "string", "contentEncoding": "base64" });
    /// An exact number as text.
    Decimal = json_schema!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" });
    /// ISO 4217.
    CurrencyCode = json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" });
    /// A JSON object with free members.
    Members = json_schema!({ "type": "object" });
    /// Any JSON.
    AnyJson = json_schema!({});
    /// A position of a tenant.
    PositionNumber = json_schema!({ "type": "integer", "minimum": 0, "maximum": i64::MAX });
    /// Rows of one page.
    PageLimit = json_schema!({ "type": "integer", "minimum": 1, "maximum": PAGE_ROWS_MAX });
    /// Seconds that a request may wait.
    WaitSeconds = json_schema!({ "type": "integer", "minimum": 0, "maximum": WAIT_SECONDS_MAX });
    /// What central decided.
    VerdictWord = one_of(Verdict::ALL.map(Verdict::as_str));
    /// Why central decided so.
    DecisionCode = one_of(Code::ALL.map(Code::as_str));
    /// Remarks on what took effect.
    FlagWord = one_of(Flag::ALL.map(Flag::as_str));
    /// Why a request was refused.
    RefusalCode = one_of(ErrorCode::ALL.map(ErrorCode::as_str));
    /// Of a decision or of a refusal.
    AnyCode = any_code();
    /// Progress of an event.
    EventStatus = one_of(["PENDING", "SENDING", "ACKED", "FAILED"]);
    /// States of a log.
    LogState = one_of(["open", "damaged", "failed"]);
    /// States of the check of a log.
    CheckState = one_of(["running", "clean", "found", "stopped"]);
    /// States of the check of a tenant's stored log.
    StoreCheckState = one_of(["running", "clean", "damaged"]);
    /// What the check of a stored log found.
    StoreDamage = one_of(Damage::ALL.map(Damage::as_str));
    /// What a node's agent is doing.
    SyncPhase = one_of(["disabled", "idle", "sending", "waiting", "stopped"]);
    /// Direction of a synchronisation.
    SyncDirection = one_of(["UP", "DOWN"]);
    /// How a synchronisation ended.
    SyncOutcome = one_of(["SUCCESS", "PARTIAL", "FAILED"]);
    /// The contract of a device.
    DeviceContract = one_of(["mobile", "desktop"]);
    /// In which contract.
    SyncContract = one_of(["mobile", "desktop", "native"]);
    /// Kinds of notifications.
    NotificationKind = one_of([
        "ALREADY_VALIDATED", "CONFLICT", "REJECTED", "QUARANTINED", "SUPERSEDED", "RELEASED", "RESOLVED", "DECISION_CHANGED",
        "ROW_TOO_LARGE",
    ]);
    /// What became of an event later.
    NoticeKind = one_of(["RELEASED", "RESOLVED"]);
    /// What a device is to do.
    ResolutionAction = one_of(["DISCARD_LOCAL", "TAKE_SERVER_STOCK", "CHOOSE", "FIX_AND_RESEND"]);
    /// States of a process.
    HealthWord = one_of(["ok", "ready"]);
    /// Whether a conflict waits.
    ConflictState = one_of(["open", "resolved"]);
    /// What a row of the sales report is about.
    SalesKey = one_of(["day", "month", "site", "product", "country", "customer", "user", "entity"]);
    /// How a report is written.
    ReportFormat = one_of(["json", "csv"]);
    /// Whether a receipt is genuine.
    ReceiptState = one_of(["RECORDED", "NOT_RECORDED"]);
    /// Where a receipt is printed.
    PrintedOn = one_of(["printer", "page"]);
    /// What a device is to do with a row.
    RowAction = one_of(["UPSERT", "DELETE"]);
}

fn one_of<const N: usize>(words: [&'static str; N]) -> Schema {
    json_schema!({ "type": "string", "enum": words.as_slice() })
}

fn any_code() -> Schema {
    let mut words: Vec<&str> = ErrorCode::ALL.map(ErrorCode::as_str).to_vec();
    words.extend(Code::ALL.map(Code::as_str));
    words.sort_unstable();
    // Some refusals and decisions have one name, and mean the same.
    words.dedup();
    json_schema!({ "type": "string", "enum": words })
}
