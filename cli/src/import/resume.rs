//! The progress file: how many drafts of this file under this mapping the node has answered. It only saves time: without it
//! every draft is sent again, and known ones are answered as duplicates. A successful import removes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Options;
use super::report::Remark;

/// What the file holds.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// File, mapping and node of the import; another combination starts again.
    pub(super) what: String,
    /// Drafts answered, in the order of the file.
    pub(super) drafts: u64,
    /// The last of them that the node recorded. If the node does not know it, its log was replaced.
    pub(super) last_taken: Option<Uuid>,
    /// The refused drafts, which are part of the final report.
    pub(super) refused: Vec<Remark>,
}

/// The path of the progress file, next to the imported file.
pub(super) fn progress_path(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".import-progress.json");
    file.with_file_name(name)
}

/// A text that identifies an import.
pub(super) fn import_identity(options: &Options) -> io::Result<String> {
    let metadata = fs::metadata(&options.file)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mapping = Uuid::new_v5(&Uuid::NAMESPACE_OID, &fs::read(&options.mapping)?);
    let only = options.only.as_ref().map(|(column, start)| format!("{column}={start}")).unwrap_or_default();
    Ok(format!("{} bytes of {modified}, mapping {mapping}, only {only:?}, to {}", metadata.len(), options.url))
}

impl Progress {
    /// The progress of an earlier run of the same import, or an empty one.
    pub(super) fn load(path: &Path, what: &str) -> Progress {
        let empty = || Progress { what: what.to_owned(), ..Progress::default() };
        // A truncated file counts as absent, which costs only time.
        let earlier = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Progress>(&bytes).ok());
        earlier.filter(|earlier| earlier.what == what).unwrap_or_else(empty)
    }

    /// Replaces the file atomically.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let new_path = path.with_extension("new");
        fs::write(&new_path, serde_json::to_vec(self)?)?;
        fs::rename(&new_path, path)
    }

    pub(super) fn remove(path: &Path) {
        // The file may never have been written.
        let _ = fs::remove_file(path);
    }
}
