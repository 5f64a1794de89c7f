use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, InconsistentKeys};

use super::facts::{CertificateFacts, UnreadableCertificate};

/// Bytes of one file: a chain of certificates is far shorter.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Where a server's certificate is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// The certificate, then those that lead to its root, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// A file is too long to be what it should be.
    #[error("{path} has more than {FILE_BYTES_MAX} bytes: it is no certificate or key in PEM")]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file of the certificate has none.
    #[error("{path} has no certificate in PEM (-----BEGIN CERTIFICATE-----): {reason}")]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        reason: String,
    },
    /// The certificate is damaged.
    #[error("{path}: {error}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: UnreadableCertificate,
    },
    /// The file of the key has none.
    #[error("{path} has no private key in PEM (-----BEGIN PRIVATE KEY-----): {reason}")]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        reason: String,
    },
    /// Every user of the machine can read the key.
    #[error("{path} can be read by every user of this machine (mode {mode:o}): chmod 600 {path}")]
    KeyIsPublic {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The key belongs to another certificate.
    #[error("the key in {key} is not the key of the certificate in {certificate}: give both of the same certificate")]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// This kind of key is not supported.
    #[error("the key in {path} cannot be used: {error}")]
    UnusableKey {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: Error,
    },
    /// The certificate is not valid any more.
    #[error("the certificate in {path} expired on {date}: renew it, or check this machine's clock")]
    Expired {
        /// The file.
        path: PathBuf,
        /// When it expired.
        date: String,
    },
    /// The certificate is not valid yet.
    #[error("the certificate in {path} is valid from {date} on: check this machine's clock")]
    NotYetValid {
        /// The file.
        path: PathBuf,
        /// From when on it is valid.
        date: String,
    },
}

/// The bytes of both files. They are not shown, since one is a key.
#[derive(PartialEq, Eq)]
pub(super) struct FileContents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Whether a server could show this certificate with this key, both in PEM.
pub fn check_pair(certificate: &str, key: &str) -> Result<(), TlsFileError> {
    let named = |name: &str| PathBuf::from(name);
    let files = TlsFiles { certificate: named("the certificate"), key: named("the key") };
    let contents = FileContents { certificate: certificate.into(), key: key.into() };
    files.certified_key(&contents).map(drop)
}

impl TlsFiles {
    /// Reads both files, and refuses a key that every user can read.
    pub(super) fn read(&self) -> Result<FileContents, TlsFileError> {
        let (certificate, key) = (read(&self.certificate)?, read(&self.key)?);
        let unreadable = |error| TlsFileError::Unreadable { path: self.key.clone(), error };
        let mode = std::fs::metadata(&self.key).map_err(unreadable)?.permissions().mode() & 0o777;
        match mode & 0o007 {
            0 => Ok(FileContents { certificate, key }),
            _ => Err(TlsFileError::KeyIsPublic { path: self.key.clone(), mode }),
        }
    }

    /// Makes a certificate of what was read.
    pub(super) fn certified_key(
        &self,
        contents: &FileContents,
    ) -> Result<(CertifiedKey, CertificateFacts), TlsFileError> {
        let path = || self.certificate.clone();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&contents.certificate).collect();
        let chain = chain.map_err(|error| TlsFileError::NoCertificate { path: path(), reason: error.to_string() })?;
        let Some(first) = chain.first() else {
            return Err(TlsFileError::NoCertificate { path: path(), reason: "the file has none".to_owned() });
        };
        let facts = CertificateFacts::read(first).map_err(|error| TlsFileError::Damaged { path: path(), error })?;
        let key = PrivateKeyDer::from_pem_slice(&contents.key);
        let key = key.map_err(|error| TlsFileError::NoKey { path: self.key.clone(), reason: error.to_string() })?;
        match CertifiedKey::from_der(chain, key, &default_provider()) {
            Ok(key) => Ok((key, facts)),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(TlsFileError::OtherKey { certificate: path(), key: self.key.clone() })
            }
            Err(error) => Err(TlsFileError::UnusableKey { path: self.key.clone(), error }),
        }
    }

    /// Refuses a certificate that no client would accept now.
    pub(super) fn check_time(&self, facts: &CertificateFacts, now: Timestamp) -> Result<(), TlsFileError> {
        let path = self.certificate.clone();
        if now > facts.not_after {
            return Err(TlsFileError::Expired { path, date: instant::format(facts.not_after) });
        }
        if now < facts.not_before {
            return Err(TlsFileError::NotYetValid { path, date: instant::format(facts.not_before) });
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsFileError> {
    let unreadable = |error| TlsFileError::Unreadable { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX { Err(TlsFileError::TooLong { path: path.to_owned() }) } else { Ok(bytes) }
}
