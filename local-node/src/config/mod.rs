//! Settings of a node, one struct per concern. They are read once, at start, and a wrong one is named with its value.

mod identity;
mod sync;

use std::path::PathBuf;

use crate::event_log::{Identity, LogConfig};

pub use sync::{ApiKey, SyncConfig};

/// A node's data directory, identity, and connection to central.
#[derive(Clone)]
pub struct NodeConfig {
    /// `DATA_DIR`: log, keys and notes. The node creates it.
    pub data_dir: PathBuf,
    /// The log, under `DATA_DIR`.
    pub log: LogConfig,
    /// The connection to central.
    pub sync: SyncConfig,
}

impl NodeConfig {
    /// A node in a directory, with the log's default limits.
    pub fn new(data_dir: impl Into<PathBuf>, identity: Identity, sync: SyncConfig) -> NodeConfig {
        let data_dir = data_dir.into();
        NodeConfig { log: LogConfig::new(data_dir.join("node"), identity), data_dir, sync }
    }

    /// Reads the settings by name with `get`, usually from the environment.
    pub fn from_settings(get: impl Fn(&str) -> Option<String>) -> Result<NodeConfig, ConfigError> {
        let get: &dyn Fn(&str) -> Option<String> = &|name| get(name).filter(|value| !value.is_empty());
        let data_dir = get("DATA_DIR").unwrap_or_else(|| "./comptoir-data".to_owned());
        Ok(NodeConfig::new(data_dir, identity::from_settings(get)?, SyncConfig::from_settings(get)?))
    }

    /// The file of the agent's notes about central.
    pub(crate) fn notes_path(&self) -> PathBuf {
        self.data_dir.join("central.json")
    }
}

/// A malformed setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required setting is missing.
    #[error("{setting} is missing: {needed}")]
    Missing {
        /// Name of the setting.
        setting: &'static str,
        /// The expected form.
        needed: &'static str,
    },
    /// A setting has an invalid value.
    #[error("{setting}={value:?}: {needed}")]
    Invalid {
        /// Name of the setting.
        setting: &'static str,
        /// The given value; never a secret.
        value: String,
        /// The expected form.
        needed: &'static str,
    },
}

fn required(
    get: &dyn Fn(&str) -> Option<String>,
    setting: &'static str,
    needed: &'static str,
) -> Result<String, ConfigError> {
    get(setting).ok_or(ConfigError::Missing { setting, needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const GIVEN: [(&str, &str); 6] = [
        ("DATA_DIR", "/srv/shop"),
        ("TENANT_ID", "0199aaaa-0000-7000-8000-000000000001"),
        ("SITE_ID", "0199aaaa-0000-7000-8000-000000000002"),
        ("NODE_ID", "0199aaaa-0000-7000-8000-000000000003"),
        ("CENTRAL_API_URL", "https://central.example"),
        ("SYNC_API_KEY", "k-secret"),
    ];

    fn read(changed: &[(&str, &str)]) -> Result<NodeConfig, ConfigError> {
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned())
        };
        NodeConfig::from_settings(|name| find(changed, name).or_else(|| find(&GIVEN, name)))
    }

    #[test]
    fn settings_are_read_and_what_is_absent_has_its_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.log.dir, PathBuf::from("/srv/shop/node"));
        assert!(config.sync.enabled);
        assert_eq!(config.sync.interval, Duration::from_secs(30));
        assert_eq!(config.sync.central_url.as_ref().unwrap().as_str(), "https://central.example/");
    }

    #[test]
    fn a_node_that_does_not_send_needs_neither_central_nor_key() {
        let config = read(&[("SYNC_ENABLED", "false"), ("CENTRAL_API_URL", ""), ("SYNC_API_KEY", "")]).unwrap();
        assert!(!config.sync.enabled);
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_value() {
        let said = |changed: &[(&str, &str)]| read(changed).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said(&[("NODE_ID", "shop 1")]).starts_with("NODE_ID=\"shop 1\""));
        assert!(said(&[("TENANT_ID", "")]).starts_with("TENANT_ID is missing"));
        assert!(said(&[("CENTRAL_API_URL", "central")]).starts_with("CENTRAL_API_URL=\"central\""));
        assert!(said(&[("CENTRAL_API_URL", "ftp://central")]).starts_with("CENTRAL_API_URL=\"ftp://central\""));
        assert!(said(&[("SYNC_INTERVAL_SECONDS", "0")]).starts_with("SYNC_INTERVAL_SECONDS=\"0\""));
        assert!(said(&[("SYNC_ENABLED", "maybe")]).starts_with("SYNC_ENABLED=\"maybe\""));
        assert!(said(&[("SYNC_API_KEY", "")]).starts_with("SYNC_API_KEY is missing"));
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = said_of(read(&[]).unwrap().sync);
        assert!(!key.contains("k-secret"), "{key}");
        let broken = read(&[("SYNC_API_KEY", "k\nsecret")]).err().unwrap().to_string();
        assert!(!broken.contains("secret\""), "{broken}");
    }

    fn said_of(sync: SyncConfig) -> String {
        format!("{sync:?}")
    }
}
