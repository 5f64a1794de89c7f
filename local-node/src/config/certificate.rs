//! Settings of the certificate that central issues to a node.

use super::ConfigError;

/// The folder of the certificate from central, in the data directory.
pub(crate) const CERTIFICATE_FOLDER: &str = "tls";
/// The file of that certificate and its private key.
pub(crate) const CERTIFICATE_FILE: &str = "node.pem";

/// The names for which a node asks central for a certificate.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CertificateConfig {
    /// `TLS_NAMES`. Empty: every name that an administrator allowed for the site.
    pub names: Vec<String>,
}

/// As many as an administrator may allow a site.
const NAMES_MAX: usize = 32;

impl CertificateConfig {
    /// `None` where the node answers no TLS, or has a certificate of its own.
    pub(super) fn from_settings(
        get: &dyn Fn(&str) -> Option<String>,
        wrong: &mut Vec<ConfigError>,
    ) -> Option<CertificateConfig> {
        let value = get("TLS_NAMES").unwrap_or_default();
        let names: Vec<String> =
            value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.len() > NAMES_MAX || names.iter().any(|name| name.len() > 253 || !name.is_ascii()) {
            let needed = "at most 32 names or addresses, separated by commas, are needed";
            wrong.push(ConfigError::Invalid { setting: "TLS_NAMES", value, needed });
            return None;
        }
        (get("TLS_LISTEN_ADDR").is_some() && get("TLS_CERT_FILE").is_none()).then_some(CertificateConfig { names })
    }
}
