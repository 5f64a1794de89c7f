//! The stored record and the stored decision, byte for byte. A record is made once, kept as it is on the node and at central,
//! and hashed as it is; `docs/spec/record.md` is the paper, `vectors/` the examples.
//!
//! A record is a fixed little-endian header and a bincode body (1.3.3, fixed-width integers, no trailing bytes).

use bincode::Options;
use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Flag, Judgement, Resolution, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NameError, NodeId, SiteId, TenantId};
use comptoir_core::limits::{PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// First bytes of every record.
pub const RECORD_MAGIC: [u8; 4] = *b"CPTR";
/// First bytes of every decision.
pub const DECISION_MAGIC: [u8; 4] = *b"CPTD";
/// The format this module writes and reads.
pub const FORMAT: u16 = 1;
/// Bytes of a decision at most: it may list the server's fields of an entity, which take no more than a record twice.
pub const DECISION_BYTES_MAX: usize = 2 * RECORD_BYTES_MAX + 6;
/// Bytes of a record's header: magic 4, format 2, tenant 16, node 16, epoch number 4, epoch id 16, seq 8, event id 16, body length 4.
pub const HEADER_BYTES: usize = 86;

/// A record's header: what can be known without reading the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The tenant it was sealed for.
    pub tenant: TenantId,
    /// The node that sealed it.
    pub node: NodeId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its number.
    pub seq: Seq,
    /// The event's id.
    pub event_id: EventId,
    /// Length of the body in bytes.
    pub body_len: u32,
}

/// Why bytes are no record or decision of this format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than a header.
    #[error("{got} bytes are too few for a header of {HEADER_BYTES}")]
    TooShort {
        /// How many there were.
        got: usize,
    },
    /// More bytes than a record may have.
    #[error("{got} bytes are more than a record may have ({RECORD_BYTES_MAX})")]
    TooLong {
        /// How many there were.
        got: usize,
    },
    /// More bytes than a payload may have.
    #[error("a payload of {got} bytes is more than an event may carry ({PAYLOAD_BYTES_MAX})")]
    PayloadTooLong {
        /// How many there were.
        got: usize,
    },
    /// Other first bytes.
    #[error("the first bytes are {got:02x?}")]
    Magic {
        /// What stood there.
        got: [u8; 4],
    },
    /// A format of another version.
    #[error("format {got} is not known here, only {FORMAT}")]
    Format {
        /// What stood there.
        got: u16,
    },
    /// The header names another length than the bytes have.
    #[error("the header names a body of {named} bytes, there are {got}")]
    Length {
        /// In the header.
        named: u32,
        /// Really there.
        got: usize,
    },
    /// The body does not read.
    #[error("the body does not read: {0}")]
    Body(String),
    /// A name in the body is none.
    #[error("{field}: {error}")]
    Name {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        error: NameError,
    },
    /// A value has no meaning.
    #[error("{field} has no meaning: {value}")]
    Value {
        /// Which field.
        field: &'static str,
        /// What stood there.
        value: String,
    },
}

#[derive(Serialize, Deserialize)]
struct RecordBody<'a> {
    site: Option<[u8; 16]>,
    #[serde(borrow)]
    user: Option<&'a str>,
    entity_type: &'a str,
    entity_id: &'a str,
    action: &'a str,
    schema_version: u16,
    base_version: Option<u64>,
    occurred_at: i64,
    time_source: u8,
    identity_position: u64,
    causation: Option<[u8; 16]>,
    correlation: Option<[u8; 16]>,
    #[serde(borrow)]
    payload: &'a serde_bytes::Bytes,
}

/// The one encoding of bodies. The free functions of bincode use another and accept trailing bytes, so they are banned by clippy.toml.
fn encoding() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(RECORD_BYTES_MAX as u64).reject_trailing_bytes()
}

/// The bytes of a sealed event. Fails only where the event is larger than a record may be.
pub fn encode(event: &Event) -> Result<Vec<u8>, DecodeError> {
    let content = &event.content;
    let body = RecordBody {
        site: content.site.map(|site| *site.as_bytes()),
        user: content.user.as_ref().map(Name::as_str),
        entity_type: content.entity_type.as_str(),
        entity_id: content.entity_id.as_str(),
        action: content.action.as_str(),
        schema_version: content.schema_version,
        base_version: content.base_version,
        occurred_at: event.occurred_at.0,
        time_source: match event.time_source {
            TimeSource::Caller => 0,
            TimeSource::Node => 1,
        },
        identity_position: event.identity_position,
        causation: content.causation.map(|id| *id.as_bytes()),
        correlation: content.correlation.map(|id| *id.as_bytes()),
        payload: serde_bytes::Bytes::new(&content.payload),
    };
    if content.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::PayloadTooLong { got: content.payload.len() });
    }
    let body_len = encoding().serialized_size(&body).map_err(|error| DecodeError::Body(error.to_string()))?;
    let body_len = u32::try_from(body_len).map_err(|_| DecodeError::TooLong { got: usize::MAX })?;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body_len as usize);
    bytes.extend_from_slice(&RECORD_MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(event.tenant.as_bytes());
    bytes.extend_from_slice(event.node.as_bytes());
    bytes.extend_from_slice(&event.epoch.number.to_le_bytes());
    bytes.extend_from_slice(event.epoch.id.as_bytes());
    bytes.extend_from_slice(&event.seq.0.to_le_bytes());
    bytes.extend_from_slice(event.id.as_bytes());
    bytes.extend_from_slice(&body_len.to_le_bytes());
    encoding().serialize_into(&mut bytes, &body).map_err(|error| DecodeError::Body(error.to_string()))?;
    Ok(bytes)
}

/// Reads a record's header, and checks that as many bytes follow as it says.
pub fn header(record: &[u8]) -> Result<Header, DecodeError> {
    if record.len() > RECORD_BYTES_MAX {
        return Err(DecodeError::TooLong { got: record.len() });
    }
    let mut bytes = Reader(record);
    let short = DecodeError::TooShort { got: record.len() };
    let magic = bytes.array::<4>().ok_or_else(|| short.clone())?;
    if magic != RECORD_MAGIC {
        return Err(DecodeError::Magic { got: magic });
    }
    let format = bytes.array().map(u16::from_le_bytes).ok_or_else(|| short.clone())?;
    if format != FORMAT {
        return Err(DecodeError::Format { got: format });
    }
    let mut fields = || -> Option<Header> {
        Some(Header {
            tenant: TenantId::from_bytes(bytes.array()?),
            node: NodeId::from_bytes(bytes.array()?),
            epoch: Epoch { number: u32::from_le_bytes(bytes.array()?), id: Uuid::from_bytes(bytes.array()?) },
            seq: Seq(u64::from_le_bytes(bytes.array()?)),
            event_id: EventId::from_bytes(bytes.array()?),
            body_len: u32::from_le_bytes(bytes.array()?),
        })
    };
    let header = fields().ok_or(short)?;
    let got = record.len() - HEADER_BYTES;
    if header.body_len as usize != got {
        return Err(DecodeError::Length { named: header.body_len, got });
    }
    Ok(header)
}

/// Reads a record whole.
pub fn decode(record: &[u8]) -> Result<Event, DecodeError> {
    let header = header(record)?;
    let body: RecordBody<'_> =
        encoding().deserialize(&record[HEADER_BYTES..]).map_err(|error| DecodeError::Body(error.to_string()))?;
    if body.payload.len() > PAYLOAD_BYTES_MAX {
        return Err(DecodeError::PayloadTooLong { got: body.payload.len() });
    }
    let name = |field: &'static str, text: &str| Name::new(text).map_err(|error| DecodeError::Name { field, error });
    Ok(Event {
        id: header.event_id,
        tenant: header.tenant,
        node: header.node,
        epoch: header.epoch,
        seq: header.seq,
        occurred_at: instant("occurred_at", body.occurred_at)?,
        time_source: match body.time_source {
            0 => TimeSource::Caller,
            1 => TimeSource::Node,
            other => {
                return Err(DecodeError::Value { field: "time_source", value: other.to_string() });
            }
        },
        identity_position: body.identity_position,
        content: Content {
            site: body.site.map(SiteId::from_bytes),
            user: body.user.map(|user| name("user", user)).transpose()?,
            entity_type: name("entity_type", body.entity_type)?,
            entity_id: name("entity_id", body.entity_id)?,
            action: name("action", body.action)?,
            payload: body.payload.to_vec(),
            base_version: body.base_version,
            causation: body.causation.map(EventId::from_bytes),
            correlation: body.correlation.map(Uuid::from_bytes),
            schema_version: body.schema_version,
        },
    })
}

fn instant(field: &'static str, micros: i64) -> Result<Timestamp, DecodeError> {
    let at = Timestamp(micros);
    if (Timestamp::MIN..=Timestamp::MAX).contains(&at) {
        Ok(at)
    } else {
        Err(DecodeError::Value { field, value: micros.to_string() })
    }
}

/// A cursor over bytes that never reads past their end.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// A decision as central stores it: the judgement and its place, bound to the record by its chain hash.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredDecision {
    /// The tenant whose order this is.
    pub tenant: TenantId,
    /// The record's position.
    pub position: Position,
    /// The record's chain hash: the decision speaks of these bytes and no others.
    pub record_chain: ChainHash,
    /// The event's id; derived from the chain hash where the record could not be read.
    pub event_id: EventId,
    /// Which rulebook was in force.
    pub rulebook_version: u32,
    /// Which version of the rules' code judged.
    pub engine_version: u16,
    /// When central received it.
    pub received_at: Timestamp,
    /// The event's corrected time.
    pub effective_at: Timestamp,
    /// In the tenant's zone, as invoices were numbered by it.
    pub local_year: i16,
    /// The judgement.
    pub judgement: Judgement,
}

#[derive(Serialize, Deserialize)]
struct DecisionBody {
    tenant: [u8; 16],
    position: u64,
    record_chain: [u8; 32],
    event_id: [u8; 16],
    verdict: u8,
    code: Option<String>,
    flags: Vec<String>,
    rule: String,
    rulebook_version: u32,
    engine_version: u16,
    received_at: i64,
    effective_at: i64,
    local_year: i16,
    reference: Option<String>,
    resolution: Option<Vec<u8>>,
    detail: Option<String>,
}

/// The bytes of a decision: magic, format, bincode body.
pub fn encode_decision(decision: &StoredDecision) -> Result<Vec<u8>, DecodeError> {
    let judgement = &decision.judgement;
    let body = DecisionBody {
        tenant: *decision.tenant.as_bytes(),
        position: decision.position.0,
        record_chain: decision.record_chain.0,
        event_id: *decision.event_id.as_bytes(),
        verdict: verdict_code(judgement.verdict),
        code: judgement.code.map(|code| code.as_str().to_owned()),
        flags: judgement.flags.iter().map(|flag| flag.as_str().to_owned()).collect(),
        rule: judgement.rule.as_str().to_owned(),
        rulebook_version: decision.rulebook_version,
        engine_version: decision.engine_version,
        received_at: decision.received_at.0,
        effective_at: decision.effective_at.0,
        local_year: decision.local_year,
        reference: judgement.reference.clone(),
        resolution: judgement.resolution.as_ref().map(crate::sync_v1::resolution_to_json),
        detail: judgement.detail.clone(),
    };
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&DECISION_MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    decision_encoding().serialize_into(&mut bytes, &body).map_err(|error| DecodeError::Body(error.to_string()))?;
    Ok(bytes)
}

/// Reads a decision.
pub fn decode_decision(bytes: &[u8]) -> Result<StoredDecision, DecodeError> {
    let mut reader = Reader(bytes);
    let short = DecodeError::TooShort { got: bytes.len() };
    let magic = reader.array::<4>().ok_or_else(|| short.clone())?;
    if magic != DECISION_MAGIC {
        return Err(DecodeError::Magic { got: magic });
    }
    let format = reader.array().map(u16::from_le_bytes).ok_or(short)?;
    if format != FORMAT {
        return Err(DecodeError::Format { got: format });
    }
    let body: DecisionBody =
        decision_encoding().deserialize(reader.0).map_err(|error| DecodeError::Body(error.to_string()))?;
    let value = |field: &'static str, value: &str| DecodeError::Value { field, value: value.to_owned() };
    let flags = body
        .flags
        .iter()
        .map(|text| Flag::parse(text).ok_or_else(|| value("flags", text)))
        .collect::<Result<_, _>>()?;
    let code = body.code.as_deref().map(|text| Code::parse(text).ok_or_else(|| value("code", text))).transpose()?;
    let resolution = body.resolution.as_deref().map(read_resolution).transpose()?;
    Ok(StoredDecision {
        tenant: TenantId::from_bytes(body.tenant),
        position: Position(body.position),
        record_chain: ChainHash(body.record_chain),
        event_id: EventId::from_bytes(body.event_id),
        rulebook_version: body.rulebook_version,
        engine_version: body.engine_version,
        received_at: instant("received_at", body.received_at)?,
        effective_at: instant("effective_at", body.effective_at)?,
        local_year: body.local_year,
        judgement: Judgement {
            verdict: verdict_of(body.verdict)?,
            code,
            flags,
            rule: Rule::parse(&body.rule).ok_or_else(|| value("rule", &body.rule))?,
            reference: body.reference,
            resolution,
            detail: body.detail,
        },
    })
}

fn read_resolution(json: &[u8]) -> Result<Resolution, DecodeError> {
    crate::sync_v1::resolution_from_json(json)
        .ok_or_else(|| DecodeError::Value { field: "resolution", value: String::from_utf8_lossy(json).into_owned() })
}

/// A decision may list the server's fields of an entity: as large as a payload, and no larger than a record.
fn decision_encoding() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_limit((DECISION_BYTES_MAX - 6) as u64)
        .reject_trailing_bytes()
}

/// Ordinals never move: they are in stored bytes.
fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Accepted => 0,
        Verdict::Superseded => 1,
        Verdict::Conflict => 2,
        Verdict::Rejected => 3,
        Verdict::Quarantined => 4,
        Verdict::Duplicate => 5,
    }
}

fn verdict_of(code: u8) -> Result<Verdict, DecodeError> {
    Verdict::ALL
        .into_iter()
        .find(|verdict| verdict_code(*verdict) == code)
        .ok_or(DecodeError::Value { field: "verdict", value: code.to_string() })
}
