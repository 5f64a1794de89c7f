//! `up.json`: the addresses, ids and credentials that `comptoir up` created, for other programs. It contains an
//! administrator's token, so only its owner may read it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::failure::Failure;

/// Addresses, ids and credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpFile {
    /// Central's address.
    pub central_url: String,
    /// The node's address.
    pub local_url: String,
    /// Central's database, as its read-only role.
    pub database_url: String,
    /// The tenant's id.
    pub tenant_id: Uuid,
    /// The site's id.
    pub site_id: Uuid,
    /// The node's id.
    pub node_id: Uuid,
    /// The node's API key.
    pub node_api_key: String,
    /// The till program's key at the node, also in [`TILL_HEADER_FILE`].
    #[serde(default)]
    pub local_key: String,
    /// An administrator's token at central.
    pub admin_token: String,
    /// Whether the sample day was imported.
    #[serde(default)]
    pub sample_imported: bool,
    /// What `--demo` added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demo: Option<Demo>,
}

/// The further sites and the logins of a demonstration. No field has a name of [`UpFile`]: scripts read those by their names.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Demo {
    /// The sites after the first one, in the order of their ports.
    pub sites: Vec<DemoSite>,
    /// The users.
    pub users: Vec<DemoUser>,
    /// The password of every user that `--demo` created, drawn at the first start.
    pub password: String,
    /// Whether its deliveries, pupils and conflicts were recorded.
    pub is_recorded: bool,
}

/// A further site with one node.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoSite {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Address of its node.
    pub url: String,
    /// The site's id.
    pub site: Uuid,
    /// The node's id.
    pub node: Uuid,
    /// The node's key at central.
    pub central_key: String,
    /// The till program's key at the node.
    pub till_key: String,
}

/// A user who can log in at once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoUser {
    /// What the user types.
    pub login: String,
    /// The user's id.
    pub user: Uuid,
    /// The role.
    pub role: String,
    /// Where: the name of a site, or nothing for the whole company.
    pub place: Option<String>,
}

const NAME: &str = "up.json";
/// Next to it: the till program's key as the header that curl sends.
pub const TILL_HEADER_FILE: &str = "till.header";

impl UpFile {
    /// Its path in a data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(NAME)
    }

    /// Reads the file of an earlier start, if there is one.
    pub fn read(data_dir: &Path) -> Result<Option<UpFile>, Failure> {
        let path = UpFile::path(data_dir);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&path, bytes.len(), &error))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::Usage(format!("{}: {error}", path.display()))),
        }
    }

    /// Replaces the file, whole or not at all.
    pub fn write(&self, data_dir: &Path) -> Result<(), Failure> {
        let (path, new_path) = (UpFile::path(data_dir), data_dir.join("up.json.new"));
        let wrong = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", path.display()));
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::Internal(error.to_string()))?;
        match fs::remove_file(&new_path) {
            // A partial file of an earlier crash, which may have another mode.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(wrong(error)),
            Ok(()) | Err(_) => {}
        }
        let created = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new_path);
        let mut file = created.map_err(wrong)?;
        file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(wrong)?;
        file.sync_all().map_err(wrong)?;
        fs::rename(&new_path, &path).map_err(wrong)?;
        fs::File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(wrong)
    }
}

/// The file has the only copy of the credentials, so a person decides what to do with it.
fn unreadable(path: &Path, bytes: usize, error: &serde_json::Error) -> Failure {
    let path = path.display();
    Failure::Usage(format!(
        "{path} cannot be read ({bytes} bytes; {error}). It holds the addresses, ids and credentials. Restore a whole copy of it; \
             or move it away (mv {path} {path}.bad): the next `comptoir up` keeps the company and issues new credentials"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_file_is_read_back_and_is_private_to_its_owner() {
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
            local_key: "l".to_owned(),
            admin_token: "t".to_owned(),
            sample_imported: false,
            demo: None,
        };
        made.write(folder.path()).unwrap();
        assert!(UpFile::read(folder.path()).unwrap() == Some(made));
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_truncated_file_is_reported_with_advice_and_left_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        for cut in ["", "{\"central_url\": \"http"] {
            fs::write(UpFile::path(folder.path()), cut).unwrap();
            let Err(Failure::Usage(text)) = UpFile::read(folder.path()) else { panic!("it was read") };
            assert!(text.contains("up.json cannot be read") && text.contains("mv "), "{text}");
            assert_eq!(fs::read_to_string(UpFile::path(folder.path())).unwrap(), cut);
        }
    }
}
