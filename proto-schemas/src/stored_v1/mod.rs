//! The stored record and the stored decision, byte for byte. A record is made once, stored unchanged on the node and at central,
//! and hashed as stored. `docs/spec/record.md` and `docs/spec/decision.md` specify both; `vectors/` has examples.
//!
//! A record is a fixed little-endian header and a bincode body (1.3.3, fixed-width integers, no trailing bytes).

mod decision;
mod record;

use comptoir_core::id::NameError;
use comptoir_core::limits::{PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::time::Timestamp;

pub use decision::{DecisionHead, StoredDecision, decision_head, decode_decision, encode_decision};
pub use record::{AUTHOR_BYTES, Header, author, author_node, decode, encode, header, unreadable_event_id};

/// First bytes of every record.
pub const RECORD_MAGIC: [u8; 4] = *b"CPTR";
/// First bytes of every decision.
pub const DECISION_MAGIC: [u8; 4] = *b"CPTD";
/// The format this module writes and reads.
pub const FORMAT: u16 = 1;
/// Bytes of a decision at most: it may list the server's fields of an entity, which take no more than a record twice.
pub const DECISION_BYTES_MAX: usize = 2 * RECORD_BYTES_MAX + 6;
/// Bytes of a record's header: magic 4, format 2, tenant 16, node 16, epoch number 4, epoch id 16, seq 8, event id 16, body
/// length 4.
pub const HEADER_BYTES: usize = 86;

/// Why bytes are no record or decision of this format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Fewer bytes than a header.
    #[error("{got} bytes are too few for a header of {HEADER_BYTES}")]
    TooShort {
        /// The actual number.
        got: usize,
    },
    /// More bytes than a record may have.
    #[error("{got} bytes are more than a record may have ({RECORD_BYTES_MAX})")]
    TooLong {
        /// The actual number.
        got: usize,
    },
    /// More bytes than a payload may have.
    #[error("a payload of {got} bytes is more than an event may carry ({PAYLOAD_BYTES_MAX})")]
    PayloadTooLong {
        /// The actual number.
        got: usize,
    },
    /// The file does not start with the magic bytes.
    #[error("the first bytes are {got:02x?}")]
    Magic {
        /// The value found.
        got: [u8; 4],
    },
    /// A format of another version.
    #[error("format {got} is not known here, only {FORMAT}")]
    Format {
        /// The value found.
        got: u16,
    },
    /// The header names another length than the bytes have.
    #[error("the header names a body of {named} bytes, there are {got}")]
    Length {
        /// The number in the header.
        named: u32,
        /// The actual number.
        got: usize,
    },
    /// The body does not read.
    #[error("the body does not read: {0}")]
    Body(String),
    /// A name in the body is none.
    #[error("{field}: {error}")]
    Name {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        error: NameError,
    },
    /// A value has no meaning.
    #[error("{field} has no meaning: {value}")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// The value found.
        value: String,
    },
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
struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(u64::from_le_bytes(self.array()?)).ok()?;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(taken).ok()
    }
}
