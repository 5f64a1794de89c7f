//! Writes a bundle into a file, or into a `Vec<u8>` that is drained chunk by chunk as an HTTP body.

use std::io::{self, Write};

use comptoir_core::chain::ChainHash;
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::limits::RECORD_BYTES_MAX;
use comptoir_core::position::Position;

use super::{
    BundleHeader, Entry, EpochHead, EpochStart, FORMAT, Frame, KIND_CENTRAL, KIND_NODE, MAGIC, SITES_MAX, TAG_ANSWER,
    TAG_END, TAG_ENTRY, TAG_EPOCH, TAG_HEAD, TAG_RECORD, TEXT_BYTES_MAX, Tally, TenantContext,
};
use crate::stored_v1::DECISION_BYTES_MAX;

/// Small frames are gathered, so that the digest and the sink see few, long pieces.
const GATHER_BYTES: usize = 64 * 1024;

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The sink failed.
    #[error("the bundle could not be written: {0}")]
    Io(#[from] io::Error),
    /// More than a reader would take.
    #[error("a {what} of {got} bytes is more than a bundle may hold ({max})")]
    TooLarge {
        /// `record`, `decision`...
        what: &'static str,
        /// Actual length in bytes.
        got: usize,
        /// How long it may be.
        max: usize,
    },
}

/// Writes one node's log: an epoch, its records, each with the node's copy of its decision, then the next epoch.
pub struct NodeBundleWriter<W: Write>(Sink<W>);

impl<W: Write> NodeBundleWriter<W> {
    /// Begins a bundle.
    pub fn start(to: W, tenant: TenantId, node: NodeId) -> Result<Self, WriteError> {
        Sink::start(to, &BundleHeader::Node { tenant, node }).map(Self)
    }

    /// Writes the epoch of the next records, and the seq after which they begin.
    pub fn epoch(&mut self, start: EpochStart) -> Result<(), WriteError> {
        self.0.frame(&Frame::Epoch(start))
    }

    /// Writes the end of the current epoch in the log, so that a bundle that ends earlier is recognised as short.
    pub fn head(&mut self, head: EpochHead) -> Result<(), WriteError> {
        self.0.frame(&Frame::Head(head))
    }

    /// Writes the next record and the chain after it. An epoch must precede the first record.
    pub fn record(&mut self, record: &[u8], chain: ChainHash) -> Result<(), WriteError> {
        self.0.frame(&Frame::Record { chain, record })
    }

    /// Writes the node's copy of central's decision about the record just written.
    pub fn answer(&mut self, decision: &[u8]) -> Result<(), WriteError> {
        self.0.frame(&Frame::Answer(decision))
    }

    /// Ends the bundle. Without an end, readers treat the file as truncated.
    pub fn finish(self) -> Result<W, WriteError> {
        self.0.finish()
    }
}

impl NodeBundleWriter<Vec<u8>> {
    /// The bytes written since the last call: the next chunk of a streamed body.
    pub fn take_chunk(&mut self) -> Vec<u8> {
        self.0.take_chunk()
    }
}

/// Writes a tenant's log with its decisions.
pub struct CentralBundleWriter<W: Write>(Sink<W>);

impl<W: Write> CentralBundleWriter<W> {
    /// Begins a bundle whose first entry is at the position after `after`, where the decision chain is `decision_chain`: position
    /// zero and the tenant's decision genesis for a whole log.
    pub fn start(
        to: W,
        tenant: TenantId,
        (after, decision_chain): (Position, ChainHash),
        context: &TenantContext,
    ) -> Result<Self, WriteError> {
        let mut sink = Sink::start(to, &BundleHeader::Central { tenant, after, decision_chain })?;
        put_context(&mut sink.gathered, context)?;
        Ok(Self(sink))
    }

    /// The next entry.
    pub fn entry(&mut self, entry: Entry<'_>) -> Result<(), WriteError> {
        self.0.frame(&Frame::Entry(entry))
    }

    /// Ends the bundle. Without an end, readers treat the file as truncated.
    pub fn finish(self) -> Result<W, WriteError> {
        self.0.finish()
    }
}

impl CentralBundleWriter<Vec<u8>> {
    /// The bytes written since the last call: the next chunk of a streamed body.
    pub fn take_chunk(&mut self) -> Vec<u8> {
        self.0.take_chunk()
    }
}

struct Sink<W: Write> {
    to: W,
    gathered: Vec<u8>,
    hasher: blake3::Hasher,
    tally: Tally,
}

impl<W: Write> Sink<W> {
    fn start(to: W, header: &BundleHeader) -> Result<Self, WriteError> {
        let mut sink = Sink {
            to,
            gathered: Vec::with_capacity(GATHER_BYTES),
            hasher: blake3::Hasher::new(),
            tally: Tally::start(header),
        };
        put_header(&mut sink.gathered, header);
        Ok(sink)
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), WriteError> {
        check_lengths(frame)?;
        put_frame(&mut self.gathered, frame);
        self.tally.count(frame);
        if self.gathered.len() >= GATHER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.hasher.update(&self.gathered);
        self.to.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<W, WriteError> {
        let Tally { records, decisions, last, chain } = self.tally;
        put_tagged(&mut self.gathered, TAG_END, |body| {
            for number in [records, decisions, last] {
                body.extend_from_slice(&number.to_le_bytes());
            }
            body.extend_from_slice(&chain.0);
            // Room for the digest, which covers the length of this frame too.
            body.extend_from_slice(&[0; super::DIGEST_BYTES]);
        });
        let without_digest = self.gathered.len() - super::DIGEST_BYTES;
        self.gathered.truncate(without_digest);
        self.flush()?;
        let digest = self.hasher.finalize();
        self.to.write_all(digest.as_bytes())?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl Sink<Vec<u8>> {
    fn take_chunk(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.to)
    }
}

fn check_lengths(frame: &Frame<'_>) -> Result<(), WriteError> {
    let (record, decision): (&[u8], &[u8]) = match frame {
        Frame::Epoch(_) | Frame::Head(_) => return Ok(()),
        Frame::Record { record, .. } => (record, &[]),
        Frame::Answer(decision) => (&[], decision),
        Frame::Entry(entry) => (entry.record, entry.decision),
    };
    let limits = [("record", record.len(), RECORD_BYTES_MAX), ("decision", decision.len(), DECISION_BYTES_MAX)];
    match limits.into_iter().find(|(_, got, max)| got > max) {
        Some((what, got, max)) => Err(WriteError::TooLarge { what, got, max }),
        None => Ok(()),
    }
}

fn put_header(to: &mut Vec<u8>, header: &BundleHeader) {
    to.extend_from_slice(&MAGIC);
    to.extend_from_slice(&FORMAT.to_le_bytes());
    match header {
        BundleHeader::Node { tenant, node } => {
            to.push(KIND_NODE);
            to.extend_from_slice(tenant.as_bytes());
            to.extend_from_slice(node.as_bytes());
        }
        BundleHeader::Central { tenant, after, decision_chain } => {
            to.push(KIND_CENTRAL);
            to.extend_from_slice(tenant.as_bytes());
            to.extend_from_slice(&after.0.to_le_bytes());
            to.extend_from_slice(&decision_chain.0);
        }
    }
}

fn put_context(to: &mut Vec<u8>, context: &TenantContext) -> Result<(), WriteError> {
    to.extend_from_slice(context.central_node.as_bytes());
    put_text(to, &context.zone)?;
    let count = context.sites.len();
    let too_many = || WriteError::TooLarge { what: "list of sites", got: count, max: SITES_MAX };
    let fits = u32::try_from(count).ok().filter(|_| count <= SITES_MAX).ok_or_else(too_many)?;
    to.extend_from_slice(&fits.to_le_bytes());
    context.sites.iter().try_for_each(|(site, code)| {
        to.extend_from_slice(site.as_bytes());
        put_text(to, code.as_str())
    })
}

fn put_text(to: &mut Vec<u8>, text: &str) -> Result<(), WriteError> {
    let too_long = || WriteError::TooLarge { what: "name", got: text.len(), max: TEXT_BYTES_MAX };
    let length = u16::try_from(text.len()).ok().filter(|_| text.len() <= TEXT_BYTES_MAX).ok_or_else(too_long)?;
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(text.as_bytes());
    Ok(())
}

fn put_frame(to: &mut Vec<u8>, frame: &Frame<'_>) {
    match frame {
        Frame::Epoch(start) => put_tagged(to, TAG_EPOCH, |body| {
            body.extend_from_slice(&start.epoch.number.to_le_bytes());
            body.extend_from_slice(start.epoch.id.as_bytes());
            body.extend_from_slice(&start.after.0.to_le_bytes());
            body.extend_from_slice(&start.chain.0);
        }),
        Frame::Head(head) => put_tagged(to, TAG_HEAD, |body| {
            body.extend_from_slice(&head.seq.0.to_le_bytes());
            body.extend_from_slice(&head.chain.0);
        }),
        Frame::Record { chain, record } => put_tagged(to, TAG_RECORD, |body| {
            body.extend_from_slice(&chain.0);
            body.extend_from_slice(record);
        }),
        Frame::Answer(decision) => put_tagged(to, TAG_ANSWER, |body| body.extend_from_slice(decision)),
        Frame::Entry(entry) => put_tagged(to, TAG_ENTRY, |body| {
            body.extend_from_slice(&entry.position.0.to_le_bytes());
            body.extend_from_slice(entry.node.as_bytes());
            body.extend_from_slice(&entry.epoch.number.to_le_bytes());
            body.extend_from_slice(entry.epoch.id.as_bytes());
            body.extend_from_slice(&entry.seq.0.to_le_bytes());
            body.extend_from_slice(&entry.chain.0);
            body.extend_from_slice(&entry.decision_chain.0);
            body.extend_from_slice(&length(entry.record.len()));
            body.extend_from_slice(entry.record);
            body.extend_from_slice(entry.decision);
        }),
    }
}

fn put_tagged(to: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    to.push(tag);
    let at = to.len();
    to.extend_from_slice(&[0; 4]);
    body(to);
    let bytes = length(to.len() - at - 4);
    to[at..at + 4].copy_from_slice(&bytes);
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("records and decisions were checked against their limits").to_le_bytes()
}
