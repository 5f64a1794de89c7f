//! The node's certificate for the shop's network, which central issues: asked for at the first contact, and again when two
//! thirds of its life are gone. The private key is made here, a new one for each certificate, and never leaves the node.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::tls::{CertificateFacts, TlsFiles, check_pair};
use comptoir_proto::certificates_v1::{CertificateRequest, IssuedCertificate};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::watch;
use uuid::Uuid;

use super::push::PushFailure;
use super::reaction;
use super::state::{NodeCertificate, SyncIssue, SyncState};
use super::transport::{HttpAnswer, Transport};
use crate::blocking::blocking;
use crate::config::{CERTIFICATE_FILE, CERTIFICATE_FOLDER, CertificateConfig};
use crate::event_log::Log;

/// How often the certificate is looked at. The wall clock may be set meanwhile, so no longer wait is computed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The files of an issued certificate, in the data directory.
#[derive(Clone, Debug)]
pub(crate) struct CertificateStore {
    folder: PathBuf,
}

impl CertificateStore {
    pub(crate) fn new(data_dir: &Path) -> CertificateStore {
        CertificateStore { folder: data_dir.join(CERTIFICATE_FOLDER) }
    }

    /// One file has the key and the certificate, so that both are replaced together.
    pub(crate) fn files(&self) -> TlsFiles {
        let path = self.folder.join(CERTIFICATE_FILE);
        TlsFiles { certificate: path.clone(), key: path }
    }

    /// The certificate of central's certificate authority, in PEM.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// What the stored certificate says; `None` if there is none that can be read.
    fn facts(&self) -> Option<CertificateFacts> {
        let pem = fs::read(self.files().certificate).ok()?;
        CertificateFacts::read(&CertificateDer::from_pem_slice(&pem).ok()?).ok()
    }

    fn store(&self, key: &KeyPair, issued: &IssuedCertificate) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        replace(&self.ca(), issued.ca.as_bytes(), 0o644)?;
        let both = format!("{}{}", key.serialize_pem(), issued.certificate);
        replace(&self.files().certificate, both.as_bytes(), 0o600)
    }
}

/// Replaces a file, whole or not at all.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new_path = path.with_extension("new");
    match fs::remove_file(&new_path) {
        // A partial file of an earlier crash, which may have another mode.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(&new_path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new_path, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// Keeps the node's certificate valid.
pub(crate) struct CertificateRenewal<T> {
    pub(crate) log: Log,
    pub(crate) transport: T,
    pub(crate) config: CertificateConfig,
    pub(crate) store: CertificateStore,
    pub(crate) state: watch::Sender<SyncState>,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
enum RenewalError {
    /// No answer, or a refusal.
    #[error(transparent)]
    Refused(#[from] PushFailure),
    /// The key or the signing request could not be made.
    #[error("no signing request could be made: {0}")]
    Request(#[from] rcgen::Error),
    /// The certificate could not be stored.
    #[error("the certificate could not be stored: {0}")]
    Store(#[from] io::Error),
}

impl<T: Transport> CertificateRenewal<T> {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            self.look().await;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Asks for a certificate if there is none, or it is due, or other names are wanted.
    pub(super) async fn look(&self) {
        let store = self.store.clone();
        let facts = blocking(move || store.facts()).await;
        let is_due =
            facts.as_ref().is_none_or(|facts| self.log.now() >= facts.renew_at() || self.wants_other_names(facts));
        let failure = if is_due { self.renew().await.err() } else { None };
        let store = self.store.clone();
        let facts = blocking(move || store.facts()).await;
        let failure = failure.map(|failure| issue(&failure, self.log.now()));
        self.state.send_modify(|state| {
            let before = state.certificate.as_ref().and_then(|certificate| certificate.last_error.as_ref());
            let is_new = before.map(|issue| &issue.code) != failure.as_ref().map(|issue| &issue.code);
            if let Some(SyncIssue { code, detail, .. }) = failure.as_ref().filter(|_| is_new) {
                tracing::warn!(%code, "No new certificate from central: {detail}");
            }
            state.certificate = Some(NodeCertificate { facts, last_error: failure });
        });
    }

    fn wants_other_names(&self, facts: &CertificateFacts) -> bool {
        self.config.names.iter().any(|name| !facts.names.contains(name))
    }

    async fn renew(&self) -> Result<(), RenewalError> {
        let node = self.log.identity().node.uuid();
        let key = KeyPair::generate()?;
        let request = CertificateRequest { csr: signing_request(node, &key)?, names: self.config.names.clone() };
        let body = Bytes::from(serde_json::to_vec(&request).unwrap_or_default());
        let answer = self.transport.certificate(node, body).await.map_err(PushFailure::from)?;
        let issued = issued(&answer, &key)?;
        let (store, names, until) = (self.store.clone(), issued.names.join(", "), issued.not_after.clone());
        blocking(move || store.store(&key, &issued)).await?;
        tracing::info!("Central issued a certificate for {names}; it expires on {until}");
        Ok(())
    }
}

fn signing_request(node: Uuid, key: &KeyPair) -> Result<String, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, node.to_string());
    params.serialize_request(key)?.pem()
}

fn issued(answer: &HttpAnswer, key: &KeyPair) -> Result<IssuedCertificate, PushFailure> {
    if answer.status != 200 {
        return Err(PushFailure::refused(answer));
    }
    let misfit = |error: &dyn std::fmt::Display| PushFailure::Misfit(error.to_string());
    let issued: IssuedCertificate = serde_json::from_slice(&answer.body).map_err(|error| misfit(&error))?;
    // Another key's certificate would end TLS here.
    check_pair(&issued.certificate, &key.serialize_pem()).map_err(|error| misfit(&error))?;
    CertificateDer::from_pem_slice(issued.ca.as_bytes()).map_err(|error| misfit(&error))?;
    Ok(issued)
}

fn issue(failure: &RenewalError, at: Timestamp) -> SyncIssue {
    let code = match failure {
        RenewalError::Refused(failure) => reaction::word(failure),
        RenewalError::Request(_) | RenewalError::Store(_) => "CERTIFICATE_NOT_STORED".to_owned(),
    };
    SyncIssue { code, detail: failure.to_string(), at }
}
