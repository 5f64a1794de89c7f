//! Reads a bundle in constant memory. It checks the form, and every error names its byte offset.

use std::io::Read;

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_core::limits::RECORD_BYTES_MAX;
use comptoir_core::position::{Epoch, Position, Seq};
use uuid::Uuid;

use super::{
    BODY_BYTES_MAX, BundleHeader, DIGEST_BYTES, END_BYTES, EPOCH_BYTES, Entry, EpochHead, EpochStart, FORMAT,
    FRAME_HEADER_BYTES, Frame, HEAD_BYTES, KIND_CENTRAL, KIND_NODE, MAGIC, SITES_MAX, TAG_ANSWER, TAG_END, TAG_ENTRY,
    TAG_EPOCH, TAG_HEAD, TAG_RECORD, TEXT_BYTES_MAX, Tally, TenantContext, Trailer,
};
use crate::stored_v1::DECISION_BYTES_MAX;

/// Bytes read at once: enough for the digest to use the processor's wide instructions.
const BLOCK_BYTES: usize = 256 * 1024;

/// Why bytes are no whole bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The source failed.
    #[error("byte {offset}: cannot be read: {error}")]
    Io {
        /// Offset of the failure.
        offset: u64,
        /// The source's error.
        error: std::io::Error,
    },
    /// The file does not start with the magic bytes.
    #[error("this is no bundle: it begins with {got:02x?}")]
    NotABundle {
        /// The first bytes, as many as there are.
        got: Vec<u8>,
    },
    /// A format of another version.
    #[error("a bundle of format {got}; this program reads format {FORMAT}")]
    Format {
        /// The value found.
        got: u16,
    },
    /// Neither a node's log nor a tenant's.
    #[error("byte 6: a bundle of kind {got} is not known")]
    Kind {
        /// The value found.
        got: u8,
    },
    /// The file ends inside something.
    #[error("byte {offset}: the file ends here, {missing} more bytes are needed for {what}")]
    Cut {
        /// Offset at which the file ends.
        offset: u64,
        /// How many bytes are missing at least.
        missing: u64,
        /// The part that is cut.
        what: &'static str,
    },
    /// A frame of an unknown kind.
    #[error("byte {offset}: a frame with tag {tag} is not known in this kind of bundle")]
    Tag {
        /// Offset of the frame.
        offset: u64,
        /// The value found.
        tag: u8,
    },
    /// A length that cannot be.
    #[error("byte {offset}: {what} of {got} bytes, {expected}")]
    Length {
        /// Offset of the frame.
        offset: u64,
        /// The part.
        what: &'static str,
        /// The declared length.
        got: u64,
        /// The allowed range.
        expected: String,
    },
    /// A frame that is not allowed here.
    #[error("byte {offset}: {detail}")]
    Misplaced {
        /// Offset of the frame.
        offset: u64,
        /// What is wrong.
        detail: &'static str,
    },
    /// The end frame's counts differ from the frames.
    #[error("byte {offset}: the end says {what} {expected}, the file has {found}")]
    Count {
        /// Offset of the end frame.
        offset: u64,
        /// The quantity compared.
        what: &'static str,
        /// The value in the end frame.
        expected: String,
        /// The value computed from the frames.
        found: String,
    },
    /// Some byte is another than was written.
    #[error("byte {offset}: the digest of the file is {found}, its end says {expected}")]
    Digest {
        /// Offset of the digest.
        offset: u64,
        /// The value in the end frame.
        expected: String,
        /// Digest of the bytes read.
        found: String,
    },
    /// Bytes follow the end frame.
    #[error("byte {offset}: something follows the end")]
    AfterEnd {
        /// Cursor to pull from.
        offset: u64,
    },
}

impl BundleError {
    /// A stable code that scripts rely on.
    pub fn code(&self) -> &'static str {
        match self {
            BundleError::Io { .. } => "FILE_UNREADABLE",
            BundleError::NotABundle { .. } => "NOT_A_BUNDLE",
            BundleError::Format { .. } | BundleError::Kind { .. } => "BUNDLE_FORMAT_UNKNOWN",
            BundleError::Cut { .. } => "BUNDLE_CUT",
            BundleError::Tag { .. } | BundleError::Length { .. } | BundleError::Misplaced { .. } => "BUNDLE_MALFORMED",
            BundleError::Count { .. } | BundleError::Digest { .. } | BundleError::AfterEnd { .. } => "BUNDLE_DAMAGED",
        }
    }

    /// The byte offset of the defect.
    pub fn offset(&self) -> u64 {
        match self {
            BundleError::NotABundle { .. } => 0,
            BundleError::Format { .. } => 4,
            BundleError::Kind { .. } => 6,
            BundleError::Io { offset, .. }
            | BundleError::Cut { offset, .. }
            | BundleError::Tag { offset, .. }
            | BundleError::Length { offset, .. }
            | BundleError::Misplaced { offset, .. }
            | BundleError::Count { offset, .. }
            | BundleError::Digest { offset, .. }
            | BundleError::AfterEnd { offset } => *offset,
        }
    }
}

/// What [`BundleError::Count`] says is counted where the last seq or position is not the one that the end states.
pub const LAST_NUMBER: &str = "the last number";

/// Reads a bundle frame by frame. After the last frame it has checked counts, heads and digest, and that nothing follows.
pub struct BundleReader<R: Read> {
    window: Window<R>,
    header: BundleHeader,
    context: Option<TenantContext>,
    tally: Tally,
    before: Before,
    trailer: Option<Trailer>,
}

/// The previous frame, which determines what may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Header,
    Epoch,
    Head,
    Record,
    Answer,
    Entry,
}

impl<R: Read> BundleReader<R> {
    /// Reads the header.
    pub fn open(source: R) -> Result<Self, BundleError> {
        let mut window = Window { source, buffer: Vec::new(), start: 0, base: 0, hasher: blake3::Hasher::new() };
        let (header, context) = read_header(&mut window)?;
        Ok(BundleReader {
            window,
            header,
            context,
            tally: Tally::start(&header),
            before: Before::Header,
            trailer: None,
        })
    }

    /// What the bundle is of.
    pub fn header(&self) -> &BundleHeader {
        &self.header
    }

    /// The tenant's context; `None` in a node's bundle.
    pub fn context(&self) -> Option<&TenantContext> {
        self.context.as_ref()
    }

    /// Bytes read so far: the offset of the next frame.
    pub fn offset(&self) -> u64 {
        self.window.offset()
    }

    /// The end of the bundle; known once [`Self::next_frame`] has returned `None`.
    pub fn trailer(&self) -> Option<&Trailer> {
        self.trailer.as_ref()
    }

    /// The next frame and its byte offset; `None` after the last.
    pub fn next_frame(&mut self) -> Result<Option<(u64, Frame<'_>)>, BundleError> {
        if self.trailer.is_some() {
            return Ok(None);
        }
        let offset = self.window.offset();
        let [tag, length @ ..] = *self.window.peek::<FRAME_HEADER_BYTES>("a frame")?;
        let length = u32::from_le_bytes(length) as usize;
        check_tag(offset, tag, length, &self.header, self.before)?;
        if tag == TAG_END {
            self.trailer = Some(read_end(&mut self.window, offset, &self.tally)?);
            return Ok(None);
        }
        let bytes = self.window.take(FRAME_HEADER_BYTES + length, "a frame")?;
        let frame = read_frame(offset, tag, &bytes[FRAME_HEADER_BYTES..])?;
        self.before = match frame {
            Frame::Epoch(_) => Before::Epoch,
            Frame::Head(_) => Before::Head,
            Frame::Record { .. } => Before::Record,
            Frame::Answer(_) => Before::Answer,
            Frame::Entry(_) => Before::Entry,
        };
        self.tally.count(&frame);
        Ok(Some((offset, frame)))
    }
}

fn read_header<R: Read>(window: &mut Window<R>) -> Result<(BundleHeader, Option<TenantContext>), BundleError> {
    const WHAT: &str = "the header";
    let magic = window.fill(MAGIC.len())?;
    if magic != MAGIC {
        return Err(BundleError::NotABundle { got: magic.to_vec() });
    }
    let [_, _, _, _, format @ .., kind] = *window.peek::<7>(WHAT)?;
    let format = u16::from_le_bytes(format);
    if format != FORMAT {
        return Err(BundleError::Format { got: format });
    }
    window.take(7, WHAT)?;
    let tenant = TenantId::from_bytes(window.array(WHAT)?);
    match kind {
        KIND_NODE => Ok((BundleHeader::Node { tenant, node: NodeId::from_bytes(window.array(WHAT)?) }, None)),
        KIND_CENTRAL => {
            let header = BundleHeader::Central {
                tenant,
                after: Position(u64::from_le_bytes(window.array(WHAT)?)),
                decision_chain: ChainHash(window.array(WHAT)?),
            };
            let context = read_context(window)?;
            Ok((header, Some(context)))
        }
        got => Err(BundleError::Kind { got }),
    }
}

fn read_context<R: Read>(window: &mut Window<R>) -> Result<TenantContext, BundleError> {
    const WHAT: &str = "the tenant's context";
    let central_node = NodeId::from_bytes(window.array(WHAT)?);
    let zone = read_text(window, "the name of a zone")?;
    let offset = window.offset();
    let count = u32::from_le_bytes(window.array(WHAT)?) as usize;
    if count > SITES_MAX {
        let expected = format!("at most {SITES_MAX} are possible");
        return Err(BundleError::Length { offset, what: "a list of sites", got: count as u64, expected });
    }
    let mut sites = Vec::new();
    for _ in 0..count {
        let site = SiteId::from_bytes(window.array(WHAT)?);
        let offset = window.offset();
        let code = read_text(window, "a site's code")?;
        let misplaced = |_| BundleError::Misplaced { offset, detail: "a site's code is no name" };
        sites.push((site, Name::new(code).map_err(misplaced)?));
    }
    Ok(TenantContext { central_node, zone, sites })
}

fn read_text<R: Read>(window: &mut Window<R>, what: &'static str) -> Result<String, BundleError> {
    let offset = window.offset();
    let length = usize::from(u16::from_le_bytes(window.array(what)?));
    if length > TEXT_BYTES_MAX {
        let expected = format!("at most {TEXT_BYTES_MAX} are possible");
        return Err(BundleError::Length { offset, what, got: length as u64, expected });
    }
    let text = std::str::from_utf8(window.take(length, what)?).map(str::to_owned);
    text.map_err(|_| BundleError::Misplaced { offset, detail: "a text is no UTF-8" })
}

/// Checks tag and length of a frame before its body is read.
fn check_tag(offset: u64, tag: u8, length: usize, header: &BundleHeader, before: Before) -> Result<(), BundleError> {
    let node = matches!(header, BundleHeader::Node { .. });
    let bad_length = |what, expected| Err(BundleError::Length { offset, what, got: length as u64, expected });
    let within = |what, min: usize, max: usize| {
        if (min..=max).contains(&length) {
            Ok(())
        } else {
            bad_length(what, format!("between {min} and {max} are possible"))
        }
    };
    let misplaced = |detail| Err(BundleError::Misplaced { offset, detail });
    match (tag, node) {
        (TAG_EPOCH, true) => within("an epoch", EPOCH_BYTES, EPOCH_BYTES),
        (TAG_HEAD, true) if before != Before::Epoch => misplaced("a head follows no epoch"),
        (TAG_HEAD, true) => within("a head", HEAD_BYTES, HEAD_BYTES),
        (TAG_RECORD, true) if before == Before::Header => misplaced("a record precedes the first epoch"),
        (TAG_RECORD, true) => within("a record with its chain", 32, 32 + RECORD_BYTES_MAX),
        (TAG_ANSWER, true) if before != Before::Record => misplaced("a decision follows no record"),
        (TAG_ANSWER, true) => within("a decision", 0, DECISION_BYTES_MAX),
        (TAG_ENTRY, false) => within("an entry", super::ENTRY_FIXED_BYTES, BODY_BYTES_MAX),
        (TAG_END, _) => within("the end", END_BYTES, END_BYTES),
        (tag, _) => Err(BundleError::Tag { offset, tag }),
    }
}

fn read_frame(offset: u64, tag: u8, body: &[u8]) -> Result<Frame<'_>, BundleError> {
    let mut bytes = body;
    let frame = match tag {
        TAG_EPOCH => epoch_start(&mut bytes).map(Frame::Epoch),
        TAG_HEAD => epoch_head(&mut bytes).map(Frame::Head),
        TAG_RECORD => array(&mut bytes).map(|chain| Frame::Record { chain: ChainHash(chain), record: bytes }),
        TAG_ANSWER => Some(Frame::Answer(bytes)),
        _ => entry(offset, &mut bytes)?.map(Frame::Entry),
    };
    frame.ok_or(BundleError::Misplaced { offset, detail: "the frame is shorter than its content" })
}

fn epoch_head(bytes: &mut &[u8]) -> Option<EpochHead> {
    Some(EpochHead { seq: Seq(u64::from_le_bytes(array(bytes)?)), chain: ChainHash(array(bytes)?) })
}

fn epoch_start(bytes: &mut &[u8]) -> Option<EpochStart> {
    Some(EpochStart {
        epoch: epoch(bytes)?,
        after: Seq(u64::from_le_bytes(array(bytes)?)),
        chain: ChainHash(array(bytes)?),
    })
}

fn entry<'a>(offset: u64, bytes: &mut &'a [u8]) -> Result<Option<Entry<'a>>, BundleError> {
    let fixed = (|| {
        let position = Position(u64::from_le_bytes(array(bytes)?));
        let node = NodeId::from_bytes(array(bytes)?);
        let epoch = epoch(bytes)?;
        let seq = Seq(u64::from_le_bytes(array(bytes)?));
        let chain = ChainHash(array(bytes)?);
        let decision_chain = ChainHash(array(bytes)?);
        let record_length = u32::from_le_bytes(array(bytes)?) as usize;
        Some((Entry { position, node, epoch, seq, chain, decision_chain, record: &[], decision: &[] }, record_length))
    })();
    let Some((entry, record_length)) = fixed else { return Ok(None) };
    let wrong = |what, got: usize, max: usize| BundleError::Length {
        offset,
        what,
        got: got as u64,
        expected: format!("at most {max} are possible here"),
    };
    let record_max = RECORD_BYTES_MAX.min(bytes.len());
    if record_length > record_max {
        return Err(wrong("a record", record_length, record_max));
    }
    let (record, decision) = bytes.split_at(record_length);
    if decision.len() > DECISION_BYTES_MAX {
        return Err(wrong("a decision", decision.len(), DECISION_BYTES_MAX));
    }
    Ok(Some(Entry { record, decision, ..entry }))
}

fn epoch(bytes: &mut &[u8]) -> Option<Epoch> {
    Some(Epoch { number: u32::from_le_bytes(array(bytes)?), id: Uuid::from_bytes(array(bytes)?) })
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn read_end<R: Read>(window: &mut Window<R>, offset: u64, tally: &Tally) -> Result<Trailer, BundleError> {
    const WHAT: &str = "the end";
    window.take(FRAME_HEADER_BYTES, WHAT)?;
    let mut number = || window.array(WHAT).map(u64::from_le_bytes);
    let (records, decisions, last) = (number()?, number()?, number()?);
    let chain = ChainHash(window.array(WHAT)?);
    let digest_at = window.offset();
    let found = *window.digest().as_bytes();
    let digest: [u8; DIGEST_BYTES] = window.array(WHAT)?;
    let hex = |bytes: &[u8]| hex::encode(bytes);
    if found != digest {
        return Err(BundleError::Digest { offset: digest_at, expected: hex(&digest), found: hex(&found) });
    }
    // The last number first: it says which records are missing, the counts only how many.
    let counts = [
        (LAST_NUMBER, last.to_string(), tally.last.to_string()),
        ("records", records.to_string(), tally.records.to_string()),
        ("decisions", decisions.to_string(), tally.decisions.to_string()),
        ("the last chain", chain.to_string(), tally.chain.to_string()),
    ];
    if let Some((what, expected, found)) = counts.into_iter().find(|(_, expected, found)| expected != found) {
        return Err(BundleError::Count { offset, what, expected, found });
    }
    if !window.fill(1)?.is_empty() {
        return Err(BundleError::AfterEnd { offset: window.offset() });
    }
    Ok(Trailer { records, decisions, last, chain, digest })
}

/// A part of the file in memory. Consumed bytes are hashed, and dropped when more are needed.
struct Window<R: Read> {
    source: R,
    buffer: Vec<u8>,
    /// Up to where the buffer was taken.
    start: usize,
    /// The file's byte at the buffer's beginning.
    base: u64,
    hasher: blake3::Hasher,
}

impl<R: Read> Window<R> {
    fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The next `wanted` bytes, or as many as there are before the file ends.
    fn fill(&mut self, wanted: usize) -> Result<&[u8], BundleError> {
        if self.buffer.len() - self.start < wanted {
            self.drop_taken();
            let missing = wanted.max(BLOCK_BYTES) - self.buffer.len().min(wanted.max(BLOCK_BYTES));
            let read = (&mut self.source).take(missing as u64).read_to_end(&mut self.buffer);
            read.map_err(|error| BundleError::Io { offset: self.base + self.buffer.len() as u64, error })?;
        }
        let end = self.buffer.len().min(self.start + wanted);
        Ok(&self.buffer[self.start..end])
    }

    fn drop_taken(&mut self) {
        self.hasher.update(&self.buffer[..self.start]);
        self.buffer.drain(..self.start);
        self.base += self.start as u64;
        self.start = 0;
    }

    /// The next bytes, without consuming them.
    fn need(&mut self, wanted: usize, what: &'static str) -> Result<(), BundleError> {
        let got = self.fill(wanted)?.len();
        if got < wanted {
            let missing = (wanted - got) as u64;
            return Err(BundleError::Cut { offset: self.offset() + got as u64, missing, what });
        }
        Ok(())
    }

    fn peek<const N: usize>(&mut self, what: &'static str) -> Result<&[u8; N], BundleError> {
        self.need(N, what)?;
        Ok(self.buffer[self.start..].first_chunk().expect("as many bytes were just read"))
    }

    fn take(&mut self, wanted: usize, what: &'static str) -> Result<&[u8], BundleError> {
        self.need(wanted, what)?;
        self.start += wanted;
        Ok(&self.buffer[self.start - wanted..self.start])
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], BundleError> {
        let bytes = *self.peek::<N>(what)?;
        self.start += N;
        Ok(bytes)
    }

    /// The digest of all bytes taken.
    fn digest(&mut self) -> blake3::Hash {
        self.drop_taken();
        self.hasher.finalize()
    }
}
