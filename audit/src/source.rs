//! The sources of a bundle's bytes, and the errors for which an audit has no answer.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use comptoir_core::position::{Position, Seq};
use comptoir_proto::bundle_v1::{BundleError, BundleReader, Frame};

/// A bundle that can be read from its beginning more than once.
pub trait Source: Sync {
    /// The name shown to people.
    fn name(&self) -> String;
    /// Length in bytes, if known.
    fn bytes(&self) -> Option<u64>;
    /// Opens the bundle at its first byte.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;
}

/// A bundle in a file.
pub struct BundleFile {
    path: PathBuf,
}

impl BundleFile {
    /// Keeps the path. The file is opened only when it is read.
    pub fn new(path: impl AsRef<Path>) -> BundleFile {
        BundleFile { path: path.as_ref().to_owned() }
    }
}

impl Source for BundleFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn bytes(&self) -> Option<u64> {
        self.path.metadata().map(|metadata| metadata.len()).ok()
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(&self.path)?))
    }
}

impl Source for Vec<u8> {
    fn name(&self) -> String {
        "bytes in memory".to_owned()
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.len() as u64)
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(self.as_slice()))
    }
}

/// Why an audit has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened.
    #[error("{name}: cannot be opened: {error}")]
    Open {
        /// The file.
        name: String,
        /// The system's error.
        error: io::Error,
    },
    /// The file cannot be read to its end or is no bundle.
    #[error("{name}: {error}")]
    Read {
        /// The file.
        name: String,
        /// The reader's error, with a byte offset if it has one.
        error: BundleError,
    },
    /// The command needs another kind of bundle.
    #[error("{name}: {needed} is needed here")]
    Kind {
        /// The file.
        name: String,
        /// The kind that is needed.
        needed: &'static str,
    },
    /// The bundles belong to different logs.
    #[error("{name}: of another tenant or node than {other}")]
    OtherLog {
        /// The file.
        name: String,
        /// The first file.
        other: String,
    },
    /// A replay starts from an empty state, so it needs the first position.
    #[error("{name}: a replay needs the whole log; this file begins after position {after}: give the earlier part too")]
    NotFromStart {
        /// The file.
        name: String,
        /// The position before its first entry.
        after: Position,
    },
    /// The bundle lacks the context that deciding needs.
    #[error("{name}: it lacks the context that deciding needs (sites, zone, central's own node); export it again")]
    NoContext {
        /// The file.
        name: String,
    },
    /// The time zone is unknown, so the local year of a decision cannot be computed.
    #[error("the time zone {zone:?} is not known here")]
    UnknownZone {
        /// The zone's name in the bundle.
        zone: String,
    },
    /// A record or decision cannot be replayed. Verifying the log would have reported the damage.
    #[error("{name}: position {position}: {why}; verify the log first")]
    Damaged {
        /// The file.
        name: String,
        /// The position of the record.
        position: Position,
        /// The reason, as text.
        why: String,
    },
    /// The bundle lacks records that the log had when it was exported.
    #[error(
        "{name}: epoch {epoch}: the records of seq {first} to {last} are missing; the log was damaged when it was exported"
    )]
    RecordsMissing {
        /// The file.
        name: String,
        /// The epoch's number.
        epoch: u32,
        /// The first missing record.
        first: Seq,
        /// The last missing record.
        last: Seq,
    },
    /// No file was named.
    #[error("no bundle was named")]
    NoBundle,
}

/// Opens a source and reads its header.
pub(crate) fn open(source: &dyn Source) -> Result<BundleReader<Box<dyn Read + '_>>, AuditError> {
    let reader = source.open().map_err(|error| AuditError::Open { name: source.name(), error })?;
    BundleReader::open(reader).map_err(|error| AuditError::Read { name: source.name(), error })
}

/// Opens a file that was read before. A damaged header gives `None`: the first reading reported the damage.
pub(crate) fn open_again(source: &dyn Source) -> Result<Option<BundleReader<Box<dyn Read + '_>>>, AuditError> {
    match open(source) {
        Err(AuditError::Read { error, .. }) if !matches!(error, BundleError::Io { .. }) => Ok(None),
        opened => opened.map(Some),
    }
}

/// The next frame of a file that was read before. Damage ends the file: the first reading reported it.
pub(crate) fn next<'r>(
    reader: &'r mut BundleReader<Box<dyn Read + '_>>,
    name: String,
) -> Result<Option<(u64, Frame<'r>)>, AuditError> {
    match reader.next_frame() {
        Err(error @ BundleError::Io { .. }) => Err(AuditError::Read { name, error }),
        Err(_) => Ok(None),
        Ok(frame) => Ok(frame),
    }
}
