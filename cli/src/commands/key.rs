//! `comptoir key`: the local keys of a node. A running node is asked through its API; the folder of a stopped node is changed
//! directly.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comptoir_core::id::Name;
use comptoir_local::NodeConfig;
use comptoir_local::event_log::{Environment, Log, LogConfig, OpenError, identity_at};
use comptoir_local::local_keys::{KeyGrant, LocalKeyError, LocalKeyId, LocalKeys};
use comptoir_proto::local_keys_v1::{LocalKeyRequest, LocalKeyRow, NewLocalKey};
use comptoir_proto::paths;
use comptoir_proto::read_v1::RowList;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::remote::{DATA_DIR, LOCAL_URL, Remote, RemoteArgs};

/// Arguments of `key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir key create 'till 2'
  comptoir key create stock-robot --grant read --grant record:GOODS_RECEIVED
  comptoir key list
  comptoir key revoke 5f0c11a2

Grants: read, record, record:ACTION, record:ACTION:ENTITY_TYPE, audit (read the log), export, administer (manage keys).")]
pub struct KeyArgs {
    /// Data directory of the node
    #[arg(long, env = "DATA_DIR", default_value = DATA_DIR)]
    data_dir: PathBuf,
    /// Address of the node, if it is running
    #[arg(long, env = "COMPTOIR_URL", default_value = LOCAL_URL)]
    url: String,
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a local key; it is shown once
    Create {
        /// What the key is for
        label: String,
        /// What it may do; read and record when absent
        #[arg(long = "grant", value_name = "GRANT")]
        grants: Vec<String>,
    },
    /// List the local keys, with those that were revoked
    List,
    /// Revoke a local key; it is refused from then on
    Revoke {
        /// The key's id, which `list` shows
        id: String,
    },
}

/// Creates, lists or revokes local keys.
pub async fn manage_keys(args: KeyArgs, output: Output) -> Result<(), Failure> {
    let KeyArgs { data_dir, url, command } = args;
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let node = KeyStore::open(&data_dir, url).await?;
    let done = match command {
        KeyCommand::Create { label, grants } => {
            let label = Name::new(label).map_err(|error| usage(&error))?;
            let texts =
                if grants.is_empty() { KeyGrant::of_till().iter().map(KeyGrant::text).collect() } else { grants };
            let grants = texts.iter().map(|text| KeyGrant::parse(text)).collect::<Result<Vec<_>, _>>();
            let made = node.create(label, grants.map_err(|error| usage(&error))?).await;
            made.and_then(|key| output.print(&CreatedKey(key)))
        }
        KeyCommand::List => match node.list().await {
            Ok(rows) => rows.into_iter().try_for_each(|row| output.print(&ListedKey(row))),
            Err(failure) => Err(failure),
        },
        KeyCommand::Revoke { id } => {
            let named = LocalKeyId::parse(&id);
            let id = named.ok_or_else(|| usage(&format!("{id:?} is no key's id: eight characters, 0-9 and a-f")))?;
            let revoked = node.revoke(id).await;
            revoked.and_then(|row| output.print(&ListedKey(row)))
        }
    };
    node.close().await;
    done
}

/// Where the keys are: behind the API of a running node, or in the folder of a stopped one.
enum KeyStore {
    Api(Remote),
    Folder(Log, LocalKeys),
}

impl KeyStore {
    async fn open(data_dir: &Path, url: String) -> Result<KeyStore, Failure> {
        let unavailable = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
        let log_dir = NodeConfig::log_dir(data_dir);
        let identity = identity_at(&log_dir).map_err(|error| unavailable(&error))?;
        let identity = identity.ok_or_else(|| {
            let folder = data_dir.display();
            Failure::Usage(format!("{folder} has no node that was ever started; name its folder with --data-dir"))
        })?;
        let opened =
            tokio::task::spawn_blocking(move || Log::open(LogConfig::new(log_dir, identity), Environment::system()));
        match opened.await.map_err(|error| unavailable(&error))? {
            Ok(log) => {
                let keys = LocalKeys::open(log.clone(), Environment::system()).map_err(|error| unavailable(&error))?;
                Ok(KeyStore::Folder(log, keys))
            }
            Err(OpenError::Locked { .. }) => Ok(KeyStore::Api(Remote::new(&RemoteArgs::of_node(url, data_dir))?)),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn create(&self, label: Name, grants: Vec<KeyGrant>) -> Result<NewLocalKey, Failure> {
        match self {
            KeyStore::Api(node) => {
                let grants = Some(grants.iter().map(KeyGrant::text).collect());
                node.post(paths::LOCAL_KEYS, &LocalKeyRequest { label: label.as_str().to_owned(), grants }).await
            }
            KeyStore::Folder(_, keys) => {
                let issued = keys.create(label, grants, None).await.map_err(refused)?;
                Ok(NewLocalKey { key: issued.text.expose(), row: issued.key.row() })
            }
        }
    }

    async fn list(&self) -> Result<Vec<LocalKeyRow>, Failure> {
        match self {
            KeyStore::Api(node) => {
                let list: RowList<LocalKeyRow> = node.get(paths::LOCAL_KEYS, &[]).await?;
                Ok(list.rows)
            }
            KeyStore::Folder(_, keys) => Ok(keys.list().into_iter().map(|key| key.row()).collect()),
        }
    }

    async fn revoke(&self, id: LocalKeyId) -> Result<LocalKeyRow, Failure> {
        match self {
            KeyStore::Api(node) => node.delete(&paths::LOCAL_KEY.replace("{id}", &id.to_string())).await,
            KeyStore::Folder(_, keys) => keys.revoke(id, None).await.map(|key| key.row()).map_err(refused),
        }
    }

    async fn close(self) {
        if let KeyStore::Folder(log, _) = self {
            // Every change is on disk already.
            let _ = tokio::task::spawn_blocking(move || log.close()).await;
        }
    }
}

fn refused(error: LocalKeyError) -> Failure {
    match error {
        LocalKeyError::Log(_) | LocalKeyError::Io(_) => Failure::Unavailable(error.to_string()),
        LocalKeyError::TooMany
        | LocalKeyError::Grants(_)
        | LocalKeyError::Unknown(_)
        | LocalKeyError::LastAdministrator(_) => Failure::Refused(error.to_string()),
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct CreatedKey(NewLocalKey);

impl Shown for CreatedKey {
    fn text(&self) -> String {
        let NewLocalKey { key, row } = &self.0;
        format!("{}\n\n{key}\n\nIt is shown this once. Send it as: Authorization: Bearer {key}", line(row))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct ListedKey(LocalKeyRow);

impl Shown for ListedKey {
    fn text(&self) -> String {
        line(&self.0)
    }
}

fn line(row: &LocalKeyRow) -> String {
    let LocalKeyRow { id, label, grants, created_at, revoked_at, last_used_at } = row;
    let used = last_used_at.as_ref().map_or_else(|| "never used".to_owned(), |at| format!("last used {at}"));
    let state = revoked_at.as_ref().map_or(used, |at| format!("revoked {at}"));
    format!("{id}  {label}  {}  created {created_at}, {state}", grants.join(" "))
}
