//! `up.json`: what `comptoir up` made the first time, for whoever talks to it. It holds an administrator's token, so it is ours alone.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;

/// Addresses, ids and credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpFile {
    /// Where central listens.
    pub central_url: String,
    /// Where the node listens.
    pub local_url: String,
    /// Central's database, as its read-only role.
    pub database_url: String,
    /// The company.
    pub tenant_id: Uuid,
    /// Its shop.
    pub site_id: Uuid,
    /// The shop's node.
    pub node_id: Uuid,
    /// The node's API key.
    pub node_api_key: String,
    /// An administrator's token at central.
    pub admin_token: String,
    /// Whether the sample day was imported.
    #[serde(default)]
    pub sample_imported: bool,
}

const NAME: &str = "up.json";

impl UpFile {
    /// What an earlier start made, if one did.
    pub fn read(data_dir: &Path) -> Result<Option<UpFile>, Failure> {
        let path = data_dir.join(NAME);
        let wrong = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(wrong(&error)),
        }
    }

    /// Replaces the file, whole or not at all.
    pub fn write(&self, data_dir: &Path) -> Result<(), Failure> {
        let (path, beside) = (data_dir.join(NAME), data_dir.join("up.json.new"));
        let wrong = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", path.display()));
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::Internal(error.to_string()))?;
        let options = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside);
        let mut file = options.map_err(wrong)?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(wrong)?;
        file.sync_all().map_err(wrong)?;
        fs::rename(&beside, &path).map_err(wrong)?;
        fs::File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_was_made_is_found_again_and_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(UpFile::read(folder.path()).unwrap().is_none());
        let made = UpFile {
            central_url: "http://127.0.0.1:7400".to_owned(),
            local_url: "http://127.0.0.1:7401".to_owned(),
            database_url: "host=/run".to_owned(),
            tenant_id: Uuid::from_u128(1),
            site_id: Uuid::from_u128(2),
            node_id: Uuid::from_u128(3),
            node_api_key: "k".to_owned(),
            admin_token: "t".to_owned(),
            sample_imported: false,
        };
        made.write(folder.path()).unwrap();
        assert!(UpFile::read(folder.path()).unwrap() == Some(made));
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
