//! The write API as a caller sees it, the same at a node and at central: drafts in, results out.

use comptoir_core::decision::Code;
use comptoir_core::event::{Content, Draft, Event, KEY_USER};
use comptoir_core::fact::{Fact, Objection};
use comptoir_core::id::{EventId, Name, SiteId};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::edits_v1::Tag;
use crate::error_code::ErrorCode;
use crate::instant;
use crate::openapi::words;
use crate::payload::{self, FieldError, PayloadError};
use crate::problem::Problem;
use crate::receipt_code::ReceiptCode;

/// A draft as a caller posts it. Unknown fields are refused, because a misspelt one would be lost.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a draft: an object, with names for its members")]
#[schemars(rename = "Draft")]
pub struct DraftDto {
    /// Chosen by the caller (UUID v7; v4 and v5 are accepted too). Without it the request needs an `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// `SALE`, `INVOICE`, `STUDENT`...
    #[schemars(with = "words::Name")]
    pub entity_type: String,
    /// The entity's id within its type.
    #[schemars(with = "words::Name")]
    pub entity_id: String,
    /// `SALE_RECORDED`, `UPDATE`...
    #[schemars(with = "words::Name")]
    pub action: String,
    /// RFC 3339; the node's clock where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub occurred_at: Option<String>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Name>")]
    pub user: Option<String>,
    /// The version of the entity the caller had seen. An UPDATE and a DELETE name it, or `if_match`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
    /// For UPDATE and DELETE: the entity's ETag as it was read, with its quotes. It implies `base_version` and is not part of the
    /// event. At a node the ETag has more than a version while events of that node are pending over the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
    /// The event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// Groups events across entities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// Version of the action's schema; 1 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<u16>,
    /// The payload; its bytes are stored unchanged.
    pub payload: Box<RawValue>,
}

impl DraftDto {
    /// Reads a draft from JSON.
    pub fn read(text: &[u8]) -> Result<DraftDto, Problem> {
        // A derived reader takes a list of values in the order of the members, too.
        if text.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::new(ErrorCode::MalformedBody, "a draft is an object, with names for its members"));
        }
        serde_json::from_slice(text).map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()))
    }
}

/// The answer for one durable draft.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Appended {
    /// The event.
    pub event_id: Uuid,
    /// Its number in the node's epoch.
    pub seq: u64,
    /// The chain after it, hex.
    #[schemars(with = "words::Hash")]
    pub chain: String,
    /// Whether it was durable before this request.
    pub duplicate: bool,
}

/// The answer to one draft or a list: one result each, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AppendResponse {
    /// In the order of the drafts.
    pub results: Vec<Appended>,
}

/// The answer at central, where an event is decided as it is appended. The event is durable whatever the verdict.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// The record's position in central's own log.
    #[serde(flatten)]
    pub appended: Appended,
    /// Central's decision; for a duplicate, the decision about the original.
    pub decision: crate::sync_v1::RecordResult,
}

/// The answer at central to one draft or a list; a reader of [`AppendResponse`] reads it too.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DecidedResponse {
    /// In the order of the drafts.
    pub results: Vec<Decided>,
}

/// One line of the answer to an NDJSON stream.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LineResult {
    /// The draft is durable.
    Appended(Appended),
    /// Refused; the other drafts continue.
    Refused {
        /// Line number in the stream, from 1.
        line: u64,
        /// The draft's id, where it could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event_id: Option<Uuid>,
        /// What was wrong.
        problem: Problem,
    },
}

/// The author for whom drafts are checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Author {
    /// The site of the credential or of the node; drafts get it.
    pub site: Option<SiteId>,
    /// Whether central itself writes: then central-only actions are allowed.
    pub central: bool,
    /// Ids derived from an idempotency key are derived under this namespace: the node, or the credential at central.
    pub namespace: Uuid,
}

/// Checks a draft: names, time, schema, totals, and who may write what. `index` is its index in the request, for ids derived from
/// `idempotency_key`.
pub fn check_draft(
    dto: &DraftDto,
    author: &Author,
    idempotency_key: Option<&str>,
    index: usize,
) -> Result<(Draft, Fact), Problem> {
    let name = |field: &str, text: &str| {
        Name::new(text)
            .map_err(|error| Problem::new(ErrorCode::MalformedBody, error.to_string()).at(format!("/{field}")))
    };
    let entity_type = name("entity_type", &dto.entity_type)?;
    let action = name("action", &dto.action)?;
    let payload = dto.payload.get().as_bytes();
    if payload.len() > PAYLOAD_BYTES_MAX {
        let detail = format!("the payload has {} bytes, at most {PAYLOAD_BYTES_MAX} are taken", payload.len());
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/payload"));
    }
    if !author.central {
        check_author(&entity_type, &action)?;
    }
    if payload::is_recorded_by_the_till(action.as_str()) {
        let detail = format!("{action} is recorded by a shop's node, from its own count: POST /api/v1/till/...");
        return Err(Problem::new(ErrorCode::InvalidPayload, detail).at("/action"));
    }
    let schema_version = dto.schema_version.unwrap_or(1);
    let id = draft_id(dto.id, author, idempotency_key, index);
    let (fact, objection) = payload::read_fact(&entity_type, &action, schema_version, payload)
        .map_err(|error| payload_problem(error, id.as_ref().err()))?;
    if let Some(Objection { code, detail }) = objection {
        let code = if code == Code::TotalMismatch { ErrorCode::TotalMismatch } else { ErrorCode::InvalidPayload };
        let pointer = if code == ErrorCode::TotalMismatch { "/payload/total_minor" } else { "/payload" };
        return Err(Problem::new(code, detail).at(pointer));
    }
    let occurred_at = dto.occurred_at.as_deref().map(|text| {
        instant::parse(text).ok_or_else(|| {
            Problem::new(ErrorCode::MalformedBody, instant::refusal(text, "RFC 3339")).at("/occurred_at")
        })
    });
    let draft = Draft {
        id: id?,
        occurred_at: occurred_at.transpose()?,
        content: Content {
            site: author.site,
            user: dto.user.as_deref().map(|user| given_user(name("user", user)?)).transpose()?,
            entity_id: name("entity_id", &dto.entity_id)?,
            entity_type,
            action,
            payload: payload.to_vec(),
            base_version: base_version(dto)?,
            causation: dto.causation.map(EventId::new),
            correlation: dto.correlation,
            schema_version,
        },
    };
    Ok((draft, fact))
}

/// Refuses a user that only a node may put there.
fn given_user(user: Name) -> Result<Name, Problem> {
    if user.as_str().starts_with(KEY_USER) {
        let detail = format!("user={user}: names that begin with {KEY_USER} are the local keys of nodes");
        return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/user"));
    }
    Ok(user)
}

/// The tag that a draft names: `if_match`, or the version alone in `base_version`.
pub fn tag_of(dto: &DraftDto) -> Result<Option<Tag>, Problem> {
    let wrong = |detail: String, at: &str| Err(Problem::new(ErrorCode::MalformedBody, detail).at(at));
    let Some(text) = &dto.if_match else { return Ok(dto.base_version.map(Tag::of_version)) };
    if !matches!(dto.action.as_str(), "UPDATE" | "DELETE") {
        return wrong(
            format!("{} changes nothing that was read: only UPDATE and DELETE have it", dto.action),
            "/if_match",
        );
    }
    let Some(tag) = Tag::parse(text) else {
        let detail = format!("{text:?} is no ETag of an entity: give it as reading gave it, with its quotes");
        return wrong(detail, "/if_match");
    };
    match dto.base_version {
        Some(base) if tag.base_version() != Some(base) => {
            wrong(format!("base_version {base} is not the version of {text}"), "/base_version")
        }
        _ => Ok(Some(tag)),
    }
}

/// What the event says that its writer had seen.
fn base_version(dto: &DraftDto) -> Result<Option<u64>, Problem> {
    let tag = tag_of(dto)?;
    let base = dto.base_version.or_else(|| tag.and_then(|tag| tag.base_version()));
    match base {
        // Central's database has signed numbers.
        Some(base) if i64::try_from(base).is_err() => {
            let detail = format!("base_version {base} is no version: the highest is {}", i64::MAX);
            let field = if dto.base_version.is_some() { "/base_version" } else { "/if_match" };
            Err(Problem::new(ErrorCode::MalformedBody, detail).at(field))
        }
        base => Ok(base),
    }
}

pub(crate) fn draft_id(
    id: Option<Uuid>,
    author: &Author,
    idempotency_key: Option<&str>,
    index: usize,
) -> Result<EventId, Problem> {
    match (id, idempotency_key) {
        (Some(id), _) if id.is_nil() || id.is_max() => {
            Err(Problem::new(ErrorCode::MalformedBody, format!("{id} names no event")).at("/id"))
        }
        (Some(id), _) => Ok(EventId::new(id)),
        (None, Some(key)) => Ok(EventId::new(author.namespace).derived(&format!("{key}/{index}"))),
        (None, None) => {
            let detail = "give the draft an id, or the request an Idempotency-Key header, so that a retry is never a second event";
            Err(Problem::new(ErrorCode::IdempotencyKeyMissing, detail).at("/id"))
        }
    }
}

/// Refuses at once what a node may not write, instead of hours later at central.
fn check_author(entity_type: &Name, action: &Name) -> Result<(), Problem> {
    let own_words = matches!(action.as_str(), "STOCK_WRITTEN_OFF" | "STOCK_COUNTED");
    if entity_type.as_str() == "STOCK" && !own_words {
        let detail = format!("{action} sets stock: record a reception, a sale, a write-off or a count instead");
        return Err(Problem::new(ErrorCode::StockReadOnly, detail).at("/action"));
    }
    if payload::is_central_only(action.as_str()) {
        return Err(Problem::new(ErrorCode::CentralOnly, format!("{action} is written by central alone")).at("/action"));
    }
    if payload::is_sealed_by_the_log(action.as_str()) {
        let detail = format!("{action} is written by a node's log itself");
        return Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"));
    }
    Ok(())
}

/// A payload's problem. All that is wrong is in `errors`, a bad id too, so that a caller corrects it in one step.
fn payload_problem(error: PayloadError, bad_id: Option<&Problem>) -> Problem {
    let code = if error.code == Code::UnknownSchema { ErrorCode::UnknownSchema } else { ErrorCode::InvalidPayload };
    let problem = Problem::new(code, error.detail).at(error.pointer);
    if error.errors.is_empty() {
        return problem;
    }
    let bad_id = bad_id.map(|problem| FieldError {
        pointer: problem.pointer.clone().unwrap_or_default(),
        message: problem.detail.clone(),
    });
    let errors: Vec<FieldError> = error.errors.into_iter().chain(bad_id).collect();
    problem.with("errors", serde_json::to_value(errors).unwrap_or_default())
}

/// A sealed event as it is shown.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct EventDto {
    /// The event's id.
    pub id: Uuid,
    /// The tenant.
    pub tenant: Uuid,
    /// The shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Uuid>,
    /// The node that sealed it.
    pub node: Uuid,
    /// The node's epoch number.
    pub epoch: u32,
    /// Its number in the epoch.
    pub seq: u64,
    /// The chain after it, hex.
    #[schemars(with = "words::Hash")]
    pub chain: String,
    /// The path that says whether a receipt of this event is genuine, for the receipt's QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// The number in the tenant's order; at central only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its entity's type.
    pub entity_type: String,
    /// Its entity's id.
    pub entity_id: String,
    /// Action, such as `SALE_RECORDED`.
    pub action: String,
    /// When the event happened.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// What the writer had seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_version: Option<u64>,
    /// Groups events across entities: a sale names the session of the till in which it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// Schema version of the payload.
    pub schema_version: u16,
    /// The payload, or its text where it is no JSON.
    pub payload: serde_json::Value,
    /// What central decided, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<crate::sync_v1::RecordResult>,
    /// At a node only: `PENDING`, `SENDING`, `ACKED`, or `FAILED` if central does not let it take effect as it is (CONFLICT,
    /// REJECTED); the decision has the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::EventStatus>")]
    pub status: Option<String>,
    /// Whether central has decided the event; at a node only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_synced: Option<bool>,
    /// At a node only: when central's answer arrived, by the node's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_sync_at: Option<String>,
}

impl EventDto {
    /// Shows a sealed event; `chain` is the hash after it.
    pub fn new(event: &Event, chain: comptoir_core::chain::ChainHash) -> EventDto {
        let content = &event.content;
        EventDto {
            id: event.id.uuid(),
            tenant: event.tenant.uuid(),
            site: content.site.map(SiteId::uuid),
            node: event.node.uuid(),
            epoch: event.epoch.number,
            seq: event.seq.0,
            chain: chain.to_string(),
            receipt: Some(ReceiptCode::new(event, chain).path()),
            position: None,
            user: content.user.as_ref().map(Name::to_string),
            entity_type: content.entity_type.to_string(),
            entity_id: content.entity_id.to_string(),
            action: content.action.to_string(),
            occurred_at: instant::format(event.occurred_at),
            base_version: content.base_version,
            correlation: content.correlation,
            schema_version: content.schema_version,
            payload: serde_json::from_slice(&content.payload)
                .unwrap_or_else(|_| String::from_utf8_lossy(&content.payload).into_owned().into()),
            decision: None,
            status: None,
            is_synced: None,
            last_sync_at: None,
        }
    }
}

/// `GET /api/v1/events`: one page of the log in its order; the same at a node and at central.
///
/// Central also lists unreadable records, since they have positions: with empty `entity_type`, `entity_id` and `action` (which no
/// event has), the time of receipt as `occurred_at`, a null payload, and the decision that quarantined them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events after the cursor that was given.
    pub events: Vec<EventDto>,
    /// The cursor of the next page: the end of what was looked at for this page, or the given cursor if that was nothing.
    pub next: String,
    /// Whether there was more when the page was read.
    pub more: bool,
}

/// `GET /api/v1/queue` at a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Queue")]
pub struct QueueDto {
    /// Events that central has not answered for.
    pub pending: u64,
    /// The age of the oldest waiting event; absent if none waits.
    pub oldest_age_seconds: Option<u64>,
    /// Events that need a person: unresolved conflicts, unreleased quarantined events, and rejections.
    pub to_review: u64,
    /// When central last answered; absent before the first answer.
    #[schemars(with = "Option<words::Instant>")]
    pub last_success_at: Option<String>,
    /// How long a request to central has waited for its answer; absent if none is waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_seconds: Option<u64>,
}
