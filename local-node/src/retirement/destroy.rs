//! Destroys the data of a node. Order: the tombstone, the key that unseals the node's secrets, everything else, and after each
//! the directory is synced. A kill anywhere leaves either a node with all its data, or a tombstone whose next start goes on.
//!
//! Files are deleted and not overwritten: a disk of flash memory writes elsewhere anyway. Only the node's own entries are
//! deleted, since `comptoir up` keeps central's database in the same directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::revocation::REVOKED_FILE;
use super::tombstone::{Tombstone, proof_of, sync_folder};
use crate::config::NodeConfig;
use crate::event_log::{Log, SECRET_KEY_FILE};
use crate::local_keys::ADMIN_HEADER_FILE;

/// What belongs to a node in its data directory, in the order of deletion; with a suffix after a dot too, for files that were
/// being replaced.
const OWN_ENTRIES: [&str; 7] = [ADMIN_HEADER_FILE, "till.header", "blobs", "tls", "central.json", "node", REVOKED_FILE];

/// Records that central has not acknowledged.
pub fn unsent_records(log: &Log) -> u64 {
    let marks = log.head().marks;
    marks.durable.0.saturating_sub(marks.acked.0)
}

/// Writes the tombstone of a node and destroys its data. Closes the log.
pub fn destroy_data(data_dir: &Path, log: &Log) -> io::Result<Tombstone> {
    destroy_in_steps(data_dir, log, &mut |_| Ok(()))
}

/// Calls `step` before each change of the disk, so that a test can stop there.
pub(super) fn destroy_in_steps(
    data_dir: &Path,
    log: &Log,
    step: &mut dyn FnMut(&Path) -> io::Result<()>,
) -> io::Result<Tombstone> {
    log.retire();
    log.close();
    let proof = proof_of(log, unsent_records(log));
    step(data_dir)?;
    let tombstone = Tombstone::write(data_dir, proof)?;
    delete_entries(data_dir, step)?;
    Ok(tombstone)
}

/// Goes on where a destruction was interrupted. The tombstone is there.
pub fn continue_destruction(data_dir: &Path) -> io::Result<()> {
    delete_entries(data_dir, &mut |_| Ok(()))
}

fn delete_entries(data_dir: &Path, step: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let secret_key = NodeConfig::log_dir(data_dir).join(SECRET_KEY_FILE);
    for path in std::iter::once(secret_key).chain(own_entries(data_dir)?) {
        step(&path)?;
        match remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        if let Some(folder) = path.parent().filter(|folder| folder.exists()) {
            sync_folder(folder)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        return fs::remove_file(path);
    }
    if path.is_symlink() {
        // A folder on another disk.
        fs::remove_dir_all(fs::canonicalize(path)?)?;
        return fs::remove_file(path);
    }
    fs::remove_dir_all(path)
}

fn own_entries(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<(usize, PathBuf)> = Vec::new();
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_of = |own: &str| name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some(order) = OWN_ENTRIES.iter().position(|own| is_of(own)) {
            found.push((order, entry.path()));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
