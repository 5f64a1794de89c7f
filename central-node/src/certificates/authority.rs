//! The authority's key and certificate, in one file of mode 0600 in central's data directory, so that neither is ever without the
//! other. The file is read for each certificate: an authority that was just created signs without a restart.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use comptoir_core::time::Timestamp;
use comptoir_proto::ca_page::fingerprint;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
    SerialNumber,
};
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;

use super::name::{DOMAINS, LOCALHOST, NETWORKS, PrivateName};

/// Ten years: each till and phone has to be visited again when it ends.
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 86_400);
/// Three months: a certificate cannot be revoked, so this is how long a stolen one works. A node renews after two months,
/// and so may be a month without central.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(90 * 86_400);
/// A clock that is behind central's by a day still accepts a new certificate.
const BACKDATED: Duration = Duration::from_secs(86_400);

const FILE: &str = "ca.pem";
const FILE_BYTES_MAX: u64 = 64 * 1024;
const NAME_CHARS_MAX: usize = 64;

/// The certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    der: Vec<u8>,
}

/// Why there is no authority, or it did not sign.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// There is one already. Another one would make every till and phone untrusting.
    #[error("{path} is there already: this central has a certificate authority, see `comptoir admin ca show`")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the key.
    #[error(
        "{path} can be read by other users (mode {mode:o}): chmod 600 {path}, and consider the key as known to them"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file has no key and certificate.
    #[error("{path} is no certificate authority: {reason}; restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The authority's name.
    #[error("the name of a certificate authority has 1 to {NAME_CHARS_MAX} characters, got {chars}")]
    Name {
        /// How many it has.
        chars: usize,
    },
    /// The signing request is none.
    #[error("the certificate signing request cannot be read: {0}")]
    Request(rcgen::Error),
    /// The system returned no random bytes.
    #[error("no random bytes: {0}")]
    NoRandomness(String),
    /// Signing failed.
    #[error("the certificate was not signed: {0}")]
    Signing(rcgen::Error),
}

/// A certificate, just issued.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// In PEM.
    pub certificate: String,
    /// Its serial number in hex digits, which names it.
    pub serial: String,
    /// When it expires.
    pub not_after: Timestamp,
}

impl Authority {
    /// Creates the authority of a central. It never replaces one.
    pub fn create(folder: &Path, name: &str, now: Timestamp) -> Result<Authority, AuthorityError> {
        let chars = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&chars) || name.trim().is_empty() {
            return Err(AuthorityError::Name { chars });
        }
        let key = KeyPair::generate().map_err(AuthorityError::Signing)?;
        let certificate = authority_params(name, now)?.self_signed(&key).map_err(AuthorityError::Signing)?;
        let path = folder.join(FILE);
        let text = format!("{}{}", key.serialize_pem(), certificate.pem());
        create_new(folder, &path, text.as_bytes()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => AuthorityError::Exists { path: path.clone() },
            _ => AuthorityError::File { path: path.clone(), error },
        })?;
        Authority::read(&path, &text)
    }

    /// The authority of a central; `None` if it has none.
    pub fn open(folder: &Path) -> Result<Option<Authority>, AuthorityError> {
        let path = folder.join(FILE);
        let unreadable = |error| AuthorityError::File { path: path.clone(), error };
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(AuthorityError::Open { path, mode });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
        Authority::read(&path, &text).map(Some)
    }

    fn read(path: &Path, text: &str) -> Result<Authority, AuthorityError> {
        let damaged = |reason: &dyn std::fmt::Display| AuthorityError::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let at = text.find("-----BEGIN CERTIFICATE-----").ok_or_else(|| damaged(&"it has no certificate"))?;
        let (key, certificate) = text.split_at(at);
        let key = KeyPair::from_pem(key).map_err(|error| damaged(&error))?;
        let (_, pem) = parse_x509_pem(certificate.as_bytes()).map_err(|error| damaged(&error))?;
        let (_, parsed) = parse_x509_certificate(&pem.contents).map_err(|error| damaged(&error))?;
        if parsed.public_key().raw != rcgen::PublicKeyData::subject_public_key_info(&key) {
            return Err(damaged(&"its key is not its certificate's"));
        }
        let issuer = Issuer::from_ca_cert_pem(certificate, key).map_err(|error| damaged(&error))?;
        Ok(Authority { issuer, certificate: certificate.to_owned(), der: pem.contents.clone() })
    }

    /// Its own certificate, which tills and phones must trust, in PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The SHA-256 of its certificate, as browsers and systems show it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }

    /// Signs the key of a signing request for these names. Nothing else of the request is used.
    pub fn issue(&self, csr: &str, names: &[PrivateName], now: Timestamp) -> Result<Issued, AuthorityError> {
        // Reading it also checks that the sender has the private key.
        let mut request = CertificateSigningRequestParams::from_pem(csr).map_err(AuthorityError::Request)?;
        let (not_before, not_after) = (earlier(now, BACKDATED), later(now, CERTIFICATE_LIFE));
        let mut params = CertificateParams::default();
        let serial = random_serial()?;
        params.serial_number = Some(serial.clone());
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        (params.not_before, params.not_after) = (epoch + since_epoch(not_before), epoch + since_epoch(not_after));
        params.distinguished_name = DistinguishedName::new();
        if let Some(first) = names.first() {
            params.distinguished_name.push(DnType::CommonName, first.as_str());
        }
        params.subject_alt_names = names.iter().map(san).collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        request.params = params;
        let certificate = request.signed_by(&self.issuer).map_err(AuthorityError::Signing)?;
        Ok(Issued { certificate: certificate.pem(), serial: hex::encode(serial.to_bytes()), not_after })
    }
}

/// The certificate of an authority that no program trusts for a name of the internet, should its key ever leave.
fn authority_params(name: &str, now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.serial_number = Some(random_serial()?);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(earlier(now, BACKDATED));
    params.not_after = epoch + since_epoch(later(now, AUTHORITY_LIFE));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Comptoir");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let domains = DOMAINS.iter().chain([&LOCALHOST]).map(|domain| GeneralSubtree::DnsName((*domain).to_owned()));
    let networks =
        NETWORKS.iter().map(|(address, bits)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, *bits)));
    let permitted = domains.chain(networks).collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    Ok(params)
}

fn san(name: &PrivateName) -> Result<SanType, AuthorityError> {
    match name.as_str().parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ia5String::try_from(name.as_str()).map(SanType::DnsName).map_err(AuthorityError::Signing),
    }
}

fn random_serial() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| AuthorityError::NoRandomness(error.to_string()))?;
    // Positive and of full length in any encoding.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// In whole seconds, as certificates have times.
fn since_epoch(time: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(time.0 / 1_000_000).unwrap_or(0))
}

/// Writes a file that must not exist yet: whole or not at all.
fn create_new(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let new_path = path.with_extension("new");
    match fs::remove_file(&new_path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new_path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // Unlike a renaming, a link replaces nothing.
    fs::hard_link(&new_path, path)?;
    fs::remove_file(&new_path)?;
    fs::File::open(folder)?.sync_all()
}
