use bincode::Options;
use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Flag, Judgement, Resolution, Verdict};
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ByteReader, DECISION_BYTES_MAX, DECISION_MAGIC, DecodeError, FORMAT, instant};

/// A decision as central stores it: the judgement and its place, bound to the record by the record's chain hash.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredDecision {
    /// The tenant.
    pub tenant: TenantId,
    /// The record's position.
    pub position: Position,
    /// The record's chain hash, which binds the decision to the bytes of this record.
    pub record_chain: ChainHash,
    /// The event's id; [`super::unreadable_event_id`] if the record cannot be read or names another place.
    pub event_id: EventId,
    /// The version of the rulebook in force.
    pub rulebook_version: u32,
    /// The version of the rules' code that made the decision.
    pub engine_version: u16,
    /// When central received the record.
    pub received_at: Timestamp,
    /// The event's effective time: `occurred_at`, corrected for the node's clock.
    pub effective_at: Timestamp,
    /// The year of `received_at` in the tenant's time zone, by which invoices are numbered.
    pub local_year: i16,
    /// The judgement.
    pub judgement: Judgement,
}

/// The fields after those at fixed offsets. The fields at fixed offsets are copied without a serialiser, which would read an id
/// byte by byte: too slow, since every event has a decision.
#[derive(Serialize, Deserialize)]
struct DecisionTail<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    #[serde(borrow)]
    flags: Vec<&'a str>,
    rule: &'a str,
    rulebook_version: u32,
    engine_version: u16,
    received_at: i64,
    effective_at: i64,
    local_year: i16,
    #[serde(borrow)]
    reference: Option<&'a str>,
    #[serde(borrow)]
    resolution: Option<&'a serde_bytes::Bytes>,
    #[serde(borrow)]
    detail: Option<&'a str>,
}

/// The bytes of a decision: magic, format, the fields at fixed offsets, and the rest in bincode.
pub fn encode_decision(decision: &StoredDecision) -> Result<Vec<u8>, DecodeError> {
    let judgement = &decision.judgement;
    let resolution = judgement.resolution.as_ref().map(crate::sync_v1::resolution_to_json);
    let tail = DecisionTail {
        code: judgement.code.map(Code::as_str),
        flags: judgement.flags.iter().map(|flag| flag.as_str()).collect(),
        rule: judgement.rule.as_str(),
        rulebook_version: decision.rulebook_version,
        engine_version: decision.engine_version,
        received_at: decision.received_at.0,
        effective_at: decision.effective_at.0,
        local_year: decision.local_year,
        reference: judgement.reference.as_deref(),
        resolution: resolution.as_deref().map(serde_bytes::Bytes::new),
        detail: judgement.detail.as_deref(),
    };
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&DECISION_MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(decision.tenant.as_bytes());
    bytes.extend_from_slice(&decision.position.0.to_le_bytes());
    bytes.extend_from_slice(&decision.record_chain.0);
    bytes.extend_from_slice(decision.event_id.as_bytes());
    bytes.push(verdict_code(judgement.verdict));
    tail_encoding().serialize_into(&mut bytes, &tail).map_err(|error| DecodeError::Body(error.to_string()))?;
    Ok(bytes)
}

/// The first fields of a decision, which can be read without decoding the rest: its record, verdict and code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecisionHead<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// The record's position.
    pub position: Position,
    /// The record's chain hash.
    pub record_chain: ChainHash,
    /// The event's id.
    pub event_id: EventId,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason for the verdict.
    pub code: Option<&'a str>,
}

/// Reads the first fields of a decision.
pub fn decision_head(bytes: &[u8]) -> Result<DecisionHead<'_>, DecodeError> {
    let mut reader = ByteReader(decision_body(bytes)?);
    let short = DecodeError::TooShort { got: bytes.len() };
    let mut fixed = || {
        let tenant = TenantId::from_bytes(reader.array()?);
        let position = Position(u64::from_le_bytes(reader.array()?));
        let record_chain = ChainHash(reader.array()?);
        let event_id = EventId::from_bytes(reader.array()?);
        let [verdict, code] = reader.array()?;
        Some((tenant, position, record_chain, event_id, verdict, code))
    };
    let (tenant, position, record_chain, event_id, verdict, code) = fixed().ok_or_else(|| short.clone())?;
    // In bincode, an optional field starts with 0 or 1; the code is the first field after the fixed ones.
    let code = match code {
        0 => None,
        1 => Some(reader.text().ok_or(short)?),
        other => return Err(DecodeError::Value { field: "code", value: other.to_string() }),
    };
    Ok(DecisionHead { tenant, position, record_chain, event_id, verdict: verdict_of(verdict)?, code })
}

/// Reads a whole decision. Fails on other magic bytes, another format, a wrong length or an unknown value.
pub fn decode_decision(bytes: &[u8]) -> Result<StoredDecision, DecodeError> {
    let mut reader = ByteReader(decision_body(bytes)?);
    let mut fixed = || {
        let tenant = TenantId::from_bytes(reader.array()?);
        let position = Position(u64::from_le_bytes(reader.array()?));
        let record_chain = ChainHash(reader.array()?);
        let event_id = EventId::from_bytes(reader.array()?);
        let [verdict] = reader.array()?;
        Some((tenant, position, record_chain, event_id, verdict))
    };
    let (tenant, position, record_chain, event_id, verdict) =
        fixed().ok_or(DecodeError::TooShort { got: bytes.len() })?;
    let body: DecisionTail<'_> =
        tail_encoding().deserialize(reader.0).map_err(|error| DecodeError::Body(error.to_string()))?;
    let value = |field: &'static str, value: &str| DecodeError::Value { field, value: value.to_owned() };
    let flags = body
        .flags
        .iter()
        .map(|text| Flag::parse(text).ok_or_else(|| value("flags", text)))
        .collect::<Result<_, _>>()?;
    let code = body.code.map(|text| Code::parse(text).ok_or_else(|| value("code", text))).transpose()?;
    let resolution = body.resolution.map(|json| read_resolution(json)).transpose()?;
    Ok(StoredDecision {
        tenant,
        position,
        record_chain,
        event_id,
        rulebook_version: body.rulebook_version,
        engine_version: body.engine_version,
        received_at: instant("received_at", body.received_at)?,
        effective_at: instant("effective_at", body.effective_at)?,
        local_year: body.local_year,
        judgement: Judgement {
            verdict: verdict_of(verdict)?,
            code,
            flags,
            rule: Rule::parse(body.rule).ok_or_else(|| value("rule", body.rule))?,
            reference: body.reference.map(str::to_owned),
            resolution,
            detail: body.detail.map(str::to_owned),
        },
    })
}

/// A decision's bytes after its magic and format.
fn decision_body(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut reader = ByteReader(bytes);
    let short = DecodeError::TooShort { got: bytes.len() };
    let magic = reader.array::<4>().ok_or_else(|| short.clone())?;
    if magic != DECISION_MAGIC {
        return Err(DecodeError::Magic { got: magic });
    }
    let format = reader.array().map(u16::from_le_bytes).ok_or(short)?;
    if format != FORMAT {
        return Err(DecodeError::Format { got: format });
    }
    Ok(reader.0)
}

fn read_resolution(json: &[u8]) -> Result<Resolution, DecodeError> {
    crate::sync_v1::resolution_from_json(json)
        .ok_or_else(|| DecodeError::Value { field: "resolution", value: String::from_utf8_lossy(json).into_owned() })
}

/// The encoding of [`DecisionTail`]. The limit keeps a whole decision, with magic, format and fixed fields, within
/// [`DECISION_BYTES_MAX`].
fn tail_encoding() -> impl Options {
    bincode::DefaultOptions::new()
        .with_fixint_encoding()
        .with_limit((DECISION_BYTES_MAX - 6 - FIXED_BYTES) as u64)
        .reject_trailing_bytes()
}

/// Bytes of the fields at fixed offsets: tenant, position, the record's chain, event id, verdict.
const FIXED_BYTES: usize = 16 + 8 + 32 + 16 + 1;

/// Stored decisions contain these numbers, so they never change.
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
