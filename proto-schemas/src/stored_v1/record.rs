use bincode::Options;
use comptoir_core::chain::ChainHash;
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::limits::{NAME_CHARS_MAX, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Seq};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ByteReader, DecodeError, FORMAT, HEADER_BYTES, RECORD_MAGIC, instant};

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

/// The only encoding of bodies. The free functions of bincode use another one and accept trailing bytes, so clippy.toml bans
/// them.
fn encoding() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(RECORD_BYTES_MAX as u64).reject_trailing_bytes()
}

/// Encodes a sealed event. Fails only if the event is larger than a record may be.
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

/// Decodes a record's header, and checks its body length against the bytes.
pub fn header(record: &[u8]) -> Result<Header, DecodeError> {
    if record.len() > RECORD_BYTES_MAX {
        return Err(DecodeError::TooLong { got: record.len() });
    }
    let mut bytes = ByteReader(record);
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

/// The bytes at a record's start that contain the author: header, site, and a name in characters of four bytes.
pub const AUTHOR_BYTES: usize = HEADER_BYTES + 17 + 9 + 4 * NAME_CHARS_MAX;

/// The author of a record, from its first [`AUTHOR_BYTES`]. The record was decoded as a whole before.
pub fn author(beginning: &[u8]) -> Result<Option<Name>, DecodeError> {
    let mut bytes = ByteReader(beginning.get(HEADER_BYTES..).unwrap_or_default());
    let mut user = || -> Option<Option<&str>> {
        if bytes.array()? == [1] {
            bytes.array::<16>()?;
        }
        if bytes.array()? == [1] { bytes.text().map(Some) } else { Some(None) }
    };
    let user = user().ok_or(DecodeError::TooShort { got: beginning.len() })?;
    user.map(|user| Name::new(user).map_err(|error| DecodeError::Name { field: "user", error })).transpose()
}

/// The node that sealed a record, from the same bytes as [`author`].
pub fn author_node(beginning: &[u8]) -> Result<NodeId, DecodeError> {
    let mut bytes = ByteReader(beginning);
    let mut node = || {
        bytes.array::<4>()?;
        bytes.array::<2>()?;
        bytes.array::<16>()?;
        Some(NodeId::from_bytes(bytes.array()?))
    };
    node().ok_or(DecodeError::TooShort { got: beginning.len() })
}

/// The id under which central stores a record whose own id cannot be trusted, because the record cannot be decoded or names
/// another position: the first sixteen bytes of the chain after it, as a version 8 UUID.
pub fn unreadable_event_id(chain: ChainHash) -> EventId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&chain.0[..16]);
    EventId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
