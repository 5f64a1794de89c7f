use std::io;
use std::path::{Path, PathBuf};

use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use serde_json::json;
use tokio::sync::watch;

use super::tombstone::write_durably;

pub(super) const REVOKED_FILE: &str = "REVOKED.json";

/// Whether central took this node out of use.
pub(crate) struct Revocation {
    path: PathBuf,
    is_revoked: watch::Sender<bool>,
}

impl Revocation {
    /// As an earlier process noted it.
    pub(crate) fn open(data_dir: &Path) -> Revocation {
        let path = data_dir.join(REVOKED_FILE);
        let is_revoked = watch::Sender::new(path.exists());
        Revocation { path, is_revoked }
    }

    pub(crate) fn is_revoked(&self) -> bool {
        *self.is_revoked.borrow()
    }

    /// Notes it. It holds at once, and also after a restart if the note could be written.
    pub(super) fn note(&self, now: Timestamp) -> io::Result<()> {
        self.is_revoked.send_replace(true);
        let text = json!({ "revoked_at": instant::format(now) }).to_string();
        write_durably(&self.path, text.as_bytes())
    }
}
