//! Settings of a node, one struct per concern. They are read once, at start, and a wrong one is named with its value.

mod certificate;
mod identity;
mod offline;
mod printer;
mod sync;
mod till;

use std::path::{Path, PathBuf};

use comptoir_http_edge::HostNames;

use crate::demo_link::OptionalDemoLink;
use crate::event_log::{Identity, LogConfig};

pub use certificate::CertificateConfig;
pub(crate) use certificate::{CERTIFICATE_FILE, CERTIFICATE_FOLDER};
pub use identity::GivenIdentity;
pub use offline::OfflineConfig;
pub use printer::PrinterConfig;
pub(crate) use sync::is_loopback;
pub use sync::{ApiKey, SyncConfig};
pub use till::TillConfig;

/// A node's data directory, identity, and connection to central.
#[derive(Clone)]
pub struct NodeConfig {
    /// `DATA_DIR`: log, keys and notes. The node creates it.
    pub data_dir: PathBuf,
    /// The log, under `DATA_DIR`.
    pub log: LogConfig,
    /// The connection to central.
    pub sync: SyncConfig,
    /// The host names that the API answers to; by default those of loopback.
    pub hosts: HostNames,
    /// The certificate that central issues to this node, if it serves with one.
    pub certificate: Option<CertificateConfig>,
    /// The shop's receipt printer.
    pub printer: Option<PrinterConfig>,
    /// The till.
    pub till: TillConfig,
    /// How long users work without contact with central.
    pub offline: OfflineConfig,
    /// The connection to central, if it is a demonstration's.
    pub demo_link: OptionalDemoLink,
}

impl NodeConfig {
    /// A node in a directory, with the log's default limits.
    pub fn new(data_dir: impl Into<PathBuf>, identity: Identity, sync: SyncConfig) -> NodeConfig {
        let data_dir = data_dir.into();
        let log = LogConfig::new(NodeConfig::log_dir(&data_dir), identity);
        let (hosts, till, offline) = (HostNames::default(), TillConfig::default(), OfflineConfig::default());
        NodeConfig { log, data_dir, sync, hosts, certificate: None, printer: None, till, offline, demo_link: None }
    }

    /// The directory of the log in a data directory.
    pub fn log_dir(data_dir: &Path) -> PathBuf {
        data_dir.join("node")
    }

    /// The file of the certificate that central issued, and its private key, in a data directory.
    pub fn certificate_file(data_dir: &Path) -> PathBuf {
        data_dir.join(CERTIFICATE_FOLDER).join(CERTIFICATE_FILE)
    }

    /// The file of the agent's notes about central.
    pub(crate) fn notes_path(&self) -> PathBuf {
        self.data_dir.join("central.json")
    }
}

/// The settings as given: who the node is may be unknown yet.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// Who the node is.
    pub given: GivenIdentity,
    /// The line to central.
    pub sync: SyncConfig,
    /// `ALLOWED_HOSTS`: names that the API answers to, besides those of loopback.
    pub allowed_hosts: Vec<String>,
    /// The certificate from central.
    pub certificate: Option<CertificateConfig>,
    /// The receipt printer.
    pub printer: Option<PrinterConfig>,
    /// The till.
    pub till: TillConfig,
    /// Users without contact with central.
    pub offline: OfflineConfig,
}

impl NodeSettings {
    /// Reads the settings by name with `get`, usually from the environment. The error has everything that is missing or
    /// wrong.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<NodeSettings, Vec<ConfigError>> {
        let get: &dyn Fn(&str) -> Option<String> = &|name| get(name).filter(|value| !value.is_empty());
        let mut wrong = Vec::new();
        let given = GivenIdentity::from_settings(get, &mut wrong);
        let sync = SyncConfig::from_settings(get, &mut wrong);
        let allowed_hosts = allowed_hosts(get).map_err(|error| wrong.push(error)).unwrap_or_default();
        let certificate = CertificateConfig::from_settings(get, &mut wrong);
        let printer = PrinterConfig::from_settings(get, &mut wrong);
        let till = TillConfig::from_settings(get, &mut wrong);
        let offline = OfflineConfig::from_settings(get, &mut wrong);
        let data_dir = get("DATA_DIR").unwrap_or_else(|| "./comptoir-data".to_owned()).into();
        match sync.filter(|_| wrong.is_empty()) {
            Some(sync) => {
                Ok(NodeSettings { data_dir, given, sync, allowed_hosts, certificate, printer, till, offline })
            }
            None => Err(wrong),
        }
    }

    /// The configuration of the node with this identity.
    pub fn with_identity(self, identity: Identity) -> NodeConfig {
        let hosts = HostNames { names: self.allowed_hosts, ..HostNames::default() };
        let NodeSettings { data_dir, sync, certificate, printer, till, offline, .. } = self;
        NodeConfig { hosts, certificate, printer, till, offline, ..NodeConfig::new(data_dir, identity, sync) }
    }
}

/// `ALLOWED_HOSTS`: host names without a port, separated by commas.
fn allowed_hosts(get: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>, ConfigError> {
    const SETTING: &str = "ALLOWED_HOSTS";
    let Some(value) = get(SETTING) else { return Ok(Vec::new()) };
    HostNames::parse_names(&value).ok_or(ConfigError::Invalid { setting: SETTING, value, needed: HostNames::NEEDED })
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

    fn read(changed: &[(&str, &str)]) -> Result<NodeSettings, Vec<ConfigError>> {
        let find = |list: &[(&str, &str)], name: &str| {
            list.iter().find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned())
        };
        NodeSettings::read(|name| find(changed, name).or_else(|| find(&GIVEN, name)))
    }

    #[test]
    fn settings_are_read_and_what_is_absent_has_its_default() {
        let settings = read(&[]).unwrap();
        let identity = settings.given.complete().expect("all three are given");
        let config = settings.with_identity(identity);
        assert_eq!(config.log.dir, PathBuf::from("/srv/shop/node"));
        assert!(config.sync.enabled);
        assert_eq!(config.sync.interval, Duration::from_secs(30));
        assert_eq!(config.sync.central_url.as_ref().unwrap().as_str(), "https://central.example/");
    }

    #[test]
    fn a_node_that_does_not_send_needs_neither_central_nor_key() {
        let settings = read(&[("SYNC_ENABLED", "false"), ("CENTRAL_API_URL", ""), ("SYNC_API_KEY", "")]).unwrap();
        assert!(!settings.sync.enabled);
    }

    /// O1.
    #[test]
    fn everything_that_is_missing_or_wrong_is_named_at_once() {
        let names = GIVEN.map(|(name, _)| (name, ""));
        let wrong: Vec<String> = read(&names).unwrap_err().iter().map(ConfigError::to_string).collect();
        assert!(wrong[0].starts_with("CENTRAL_API_URL is missing"), "{wrong:?}");
        assert!(wrong[1].starts_with("SYNC_API_KEY is missing"), "{wrong:?}");
        assert_eq!(wrong.len(), 2, "who it is, the key says: {wrong:?}");
        let odd = [("NODE_ID", "1"), ("SITE_ID", "2"), ("SYNC_INTERVAL_SECONDS", "0"), ("CENTRAL_API_URL", "x")];
        assert_eq!(read(&odd).unwrap_err().len(), 4);
        assert_eq!(read(&names[..4]).unwrap().given.missing(), ["TENANT_ID", "SITE_ID", "NODE_ID"]);
    }

    /// O1.
    #[test]
    fn a_switch_is_read_in_its_usual_spellings() {
        let enabled = |text: &str| read(&[("SYNC_ENABLED", text)]).map(|settings| settings.sync.enabled);
        for text in ["true", "TRUE", "1", "yes", "Yes", "on"] {
            assert_eq!(enabled(text).ok(), Some(true), "{text}");
        }
        for text in ["false", "False", "0", "no", "NO", "off"] {
            assert_eq!(enabled(text).ok(), Some(false), "{text}");
        }
        assert!(enabled("2").is_err() && enabled("oui").is_err());
    }

    #[test]
    fn the_limits_of_users_offline_have_defaults_and_bounds() {
        let offline = |changed: &[(&str, &str)]| read(changed).map(|settings| settings.offline);
        assert_eq!(offline(&[]).unwrap(), OfflineConfig::default());
        assert_eq!(OfflineConfig::default().verifier_lifetime, Duration::from_secs(72 * 3_600));
        let set = [("OFFLINE_VERIFIER_HOURS", "24"), ("OFFLINE_GRACE_HOURS", "48"), ("SESSION_IDLE_MINUTES", "5")];
        let OfflineConfig { verifier_lifetime, grace, idle } = offline(&set).unwrap();
        assert_eq!([verifier_lifetime, grace, idle].map(|it| it.as_secs()), [24 * 3_600, 48 * 3_600, 300]);
        for wrong in ["0", "9000", "x", "-1"] {
            for setting in ["OFFLINE_VERIFIER_HOURS", "OFFLINE_GRACE_HOURS", "SESSION_IDLE_MINUTES"] {
                assert!(offline(&[(setting, wrong)]).is_err(), "{setting}={wrong}");
            }
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_value() {
        let said =
            |changed: &[(&str, &str)]| read(changed).err().map(|errors| errors[0].to_string()).unwrap_or_default();
        assert!(said(&[("NODE_ID", "shop 1")]).starts_with("NODE_ID=\"shop 1\""));
        assert!(said(&[("CENTRAL_API_URL", "central")]).starts_with("CENTRAL_API_URL=\"central\""));
        assert!(said(&[("CENTRAL_API_URL", "ftp://central")]).starts_with("CENTRAL_API_URL=\"ftp://central\""));
        assert!(said(&[("SYNC_INTERVAL_SECONDS", "0")]).starts_with("SYNC_INTERVAL_SECONDS=\"0\""));
        assert!(said(&[("SYNC_ENABLED", "maybe")]).starts_with("SYNC_ENABLED=\"maybe\""));
        assert!(said(&[("SYNC_API_KEY", "")]).starts_with("SYNC_API_KEY is missing"));
    }

    /// 7.
    #[test]
    fn a_key_comes_from_a_file_and_a_mistyped_one_is_named_at_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let setting = file.display().to_string();
        let from_file = || read(&[("SYNC_API_KEY", ""), ("SYNC_API_KEY_FILE", &setting)]);
        let said = || from_file().err().map(|errors| errors[0].to_string()).unwrap_or_default();
        assert!(said().ends_with("the file cannot be opened"), "{}", said());
        std::fs::write(&file, " \n").unwrap();
        assert!(said().ends_with("the file is empty"), "{}", said());
        let key = "cpt_0000000000000000000000000000000700112233445566ff_".to_owned() + &"ab".repeat(32) + "00bdb1df";
        std::fs::write(&file, format!("{key}\n")).unwrap();
        assert!(from_file().is_ok());
        std::fs::write(&file, key.replace("00bdb1df", "00bdb1de")).unwrap();
        assert!(said().ends_with("the file contains no whole key"), "{}", said());
        let typed = read(&[("SYNC_API_KEY", &key[..key.len() - 1])]).unwrap_err()[0].to_string();
        assert!(typed.starts_with("SYNC_API_KEY=\"(124 characters)\": it is no whole key"), "{typed}");
    }

    #[test]
    fn host_names_are_read_without_case_and_ports() {
        let hosts = |text: &str| read(&[("ALLOWED_HOSTS", text)]).map(|settings| settings.allowed_hosts);
        assert_eq!(hosts("").unwrap(), Vec::<String>::new());
        assert_eq!(hosts("Till.example, 192.168.1.5,[fd00::5]").unwrap(), ["till.example", "192.168.1.5", "[fd00::5]"]);
        for wrong in ["a,,b", "till.example:80", "http://till.example", "*", "a b"] {
            assert!(hosts(wrong).is_err_and(|errors| errors[0].to_string().starts_with("ALLOWED_HOSTS=")), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = said_of(read(&[]).unwrap().sync);
        assert!(!key.contains("k-secret"), "{key}");
        let broken = read(&[("SYNC_API_KEY", "k\nsecret")]).unwrap_err()[0].to_string();
        assert!(!broken.contains("secret\""), "{broken}");
    }

    fn said_of(sync: SyncConfig) -> String {
        format!("{sync:?}")
    }
}
