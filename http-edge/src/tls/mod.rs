//! TLS of a server: its certificate from files, checked at start, and taken again when they change.
//!
//! TLS 1.2 and 1.3, HTTP/1.1, one crypto provider (aws-lc-rs, which the agent's client has too). ADR 35.

mod facts;
mod files;
mod served;

use std::sync::Arc;

use tokio_rustls::rustls::{ServerConfig, version};

pub use facts::{CertificateFacts, UnreadableCertificate};
pub use files::{TlsFileError, TlsFiles, check_pair};
pub use served::ServedCertificate;

/// The configuration of a server that shows this certificate.
pub fn server_config(certificate: Arc<ServedCertificate>) -> Result<Arc<ServerConfig>, tokio_rustls::rustls::Error> {
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
    let mut config = config.with_no_client_auth().with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
