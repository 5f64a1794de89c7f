//! The progress file: how many drafts of this file, under this mapping, this node has answered. It saves time, no more: without it every
//! draft is sent again, and those that are known are answered as duplicates. A successful import removes it.

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
    /// What was imported, and where to: another file, mapping or node begins anew.
    pub(super) what: String,
    /// Drafts answered, in the order of the file.
    pub(super) drafts: u64,
    /// The last of them that the node took: if the node does not know it, its log is another one by now.
    pub(super) last_taken: Option<Uuid>,
    /// Those it refused: they are part of the final report.
    pub(super) refused: Vec<Remark>,
}

/// Beside the imported file.
pub(super) fn path_beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".import-progress.json");
    file.with_file_name(name)
}

/// What tells one import from another.
pub(super) fn what(options: &Options) -> io::Result<String> {
    let metadata = fs::metadata(&options.file)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mapping = Uuid::new_v5(&Uuid::NAMESPACE_OID, &fs::read(&options.mapping)?);
    let only = options.only.as_ref().map(|(column, start)| format!("{column}={start}")).unwrap_or_default();
    Ok(format!("{} bytes of {modified}, mapping {mapping}, only {only:?}, to {}", metadata.len(), options.url))
}

impl Progress {
    /// What an earlier run left, if it was about the same.
    pub(super) fn load(path: &Path, what: &str) -> Progress {
        let anew = || Progress { what: what.to_owned(), ..Progress::default() };
        // A file that was cut in the middle of a write says nothing, and costs nothing but time.
        let earlier = fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<Progress>(&bytes).ok());
        earlier.filter(|earlier| earlier.what == what).unwrap_or_else(anew)
    }

    /// Writes it in one step.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("new");
        fs::write(&beside, serde_json::to_vec(self)?)?;
        fs::rename(&beside, path)
    }

    pub(super) fn remove(path: &Path) {
        // It may never have been written.
        let _ = fs::remove_file(path);
    }
}
