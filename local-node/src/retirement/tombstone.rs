//! What is left of a node that destroyed its data.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comptoir_proto::instant;
use comptoir_proto::node_users_v1::WipeProof;

use crate::event_log::Log;

/// Its name in the data directory.
pub const TOMBSTONE_FILE: &str = "TOMBSTONE.json";
const ACKNOWLEDGED_FILE: &str = "TOMBSTONE.acknowledged";

/// The proof that a node destroyed its data, and whether central has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tombstone {
    /// Where it is.
    pub path: PathBuf,
    /// The proof.
    pub proof: WipeProof,
    /// Whether central has acknowledged it.
    pub is_acknowledged: bool,
}

impl Tombstone {
    /// The tombstone of a data directory; an error if there is one that does not read, since it forbids to start all the same.
    pub fn read(data_dir: &Path) -> io::Result<Option<Tombstone>> {
        let path = data_dir.join(TOMBSTONE_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let proof = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        Ok(Some(Tombstone { is_acknowledged: data_dir.join(ACKNOWLEDGED_FILE).exists(), path, proof }))
    }

    /// Writes the tombstone: from then on nothing in the directory is ever opened again.
    pub(super) fn write(data_dir: &Path, proof: WipeProof) -> io::Result<Tombstone> {
        let path = data_dir.join(TOMBSTONE_FILE);
        let text = serde_json::to_vec_pretty(&proof).map_err(io::Error::other)?;
        write_durably(&path, &text)?;
        Ok(Tombstone { path, proof, is_acknowledged: false })
    }

    /// Notes that central has the proof.
    pub(super) fn acknowledge(data_dir: &Path) -> io::Result<()> {
        write_durably(&data_dir.join(ACKNOWLEDGED_FILE), b"")
    }
}

/// The proof of a log that takes no records any more.
pub(super) fn proof_of(log: &Log, unsent: u64) -> WipeProof {
    let head = log.head();
    let mut proof = WipeProof {
        node: log.identity().node.uuid(),
        epoch: head.epoch.number,
        last_seq: head.marks.durable.0,
        last_chain: head.chain.to_string(),
        unsent,
        wiped_at: instant::format(log.now()),
        signature: String::new(),
    };
    proof.signature = hex::encode(log.sign(proof.signed_text().as_bytes()));
    proof
}

/// Replaces a file, whole or not at all; durable when it returns.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        // A partial file of an earlier crash.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}
