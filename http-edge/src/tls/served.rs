//! The certificate that a server shows. Files that change are taken within seconds; files that cannot be used leave the
//! certificate as it was, with an error in the log and a counter.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::facts::CertificateFacts;
use super::files::{FileContents, TlsFileError, TlsFiles};
use crate::host::CertificateNames;
use crate::metrics::{Metric, ServerMetrics};

/// A certificate in files.
pub struct ServedCertificate {
    files: TlsFiles,
    metrics: Arc<ServerMetrics>,
    names: CertificateNames,
    current: RwLock<Option<Arc<CertifiedKey>>>,
    seen: Mutex<Seen>,
}

/// What the files had when they were last read.
#[derive(Default)]
struct Seen {
    /// What was last taken, or refused with a log line.
    contents: Option<FileContents>,
    /// Refused once: the files may be in the middle of being replaced.
    doubtful: Option<FileContents>,
    /// The reason for which the files could not be read, as it was logged.
    unreadable: Option<String>,
}

impl ServedCertificate {
    /// Takes the certificate from its files. One that expired is taken too, with an error in the log: a server that does not
    /// start would serve nobody, and the next files are taken without a restart.
    pub fn open(
        files: TlsFiles,
        metrics: Arc<ServerMetrics>,
        names: CertificateNames,
    ) -> Result<Arc<ServedCertificate>, TlsFileError> {
        let served = ServedCertificate::awaited(files, metrics, names);
        let contents = served.files.read()?;
        let (key, facts) = served.files.certified_key(&contents)?;
        if let Err(error) = served.files.check_time(&facts, now()) {
            tracing::error!("{error}");
        }
        served.take(key, &facts);
        served.lock().contents = Some(contents);
        Ok(served)
    }

    /// A certificate whose files need not exist yet. Until then each handshake fails. `names` gets its names.
    pub fn awaited(files: TlsFiles, metrics: Arc<ServerMetrics>, names: CertificateNames) -> Arc<ServedCertificate> {
        Arc::new(ServedCertificate { files, metrics, names, current: RwLock::default(), seen: Mutex::default() })
    }

    /// Looks at the files again, for ever.
    pub async fn follow(self: Arc<Self>, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let served = Arc::clone(&self);
            // A panic has been printed, and the next look comes.
            let _ = tokio::task::spawn_blocking(move || served.look()).await;
        }
    }

    /// Takes files that changed and can be used. The error has been logged and counted.
    pub fn look(&self) -> Result<(), TlsFileError> {
        let mut seen = self.lock();
        let contents = match self.files.read() {
            Ok(contents) => contents,
            Err(error) => {
                let text = error.to_string();
                let is_awaited = self.current.read().unwrap_or_else(PoisonError::into_inner).is_none();
                if !is_awaited && seen.unreadable.as_ref() != Some(&text) {
                    self.refuse(&error);
                    seen.unreadable = Some(text);
                }
                return Err(error);
            }
        };
        seen.unreadable = None;
        if seen.contents.as_ref() == Some(&contents) {
            return Ok(());
        }
        let usable = self.files.certified_key(&contents);
        let usable = usable.and_then(|(key, facts)| self.files.check_time(&facts, now()).map(|()| (key, facts)));
        match usable {
            Ok((key, facts)) => {
                self.take(key, &facts);
                self.metrics.count(Metric::CertificateReloads);
                *seen = Seen { contents: Some(contents), ..Seen::default() };
                Ok(())
            }
            Err(error) => {
                // One of the two files may be new and the other not yet.
                if seen.doubtful.as_ref() == Some(&contents) {
                    self.refuse(&error);
                    *seen = Seen { contents: Some(contents), ..Seen::default() };
                } else {
                    seen.doubtful = Some(contents);
                }
                Err(error)
            }
        }
    }

    fn refuse(&self, error: &TlsFileError) {
        self.metrics.count(Metric::CertificateReloadFailures);
        tracing::error!("The changed certificate is not used, the old one stays: {error}");
    }

    fn take(&self, key: CertifiedKey, facts: &CertificateFacts) {
        let (names, until) = (facts.names.join(", "), instant::format(facts.not_after));
        tracing::info!(
            "The certificate in {} for {names} is used; it expires on {until}",
            self.files.certificate.display()
        );
        let seconds = u64::try_from(facts.not_after.0 / 1_000_000).unwrap_or(0);
        self.metrics.set(Metric::CertificateNotAfter, seconds);
        self.names.set(&facts.names);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(key));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for ServedCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServedCertificate").field("files", &self.files).finish_non_exhaustive()
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};
    use tempfile::TempDir;

    use super::*;

    struct Folder {
        folder: TempDir,
        files: TlsFiles,
    }

    /// A certificate that is valid in these years, and its key.
    fn issue(years: (i32, i32)) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["shop.local".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    const VALID: (i32, i32) = (2020, 2200);

    impl Folder {
        fn new() -> Folder {
            let folder = tempfile::tempdir().unwrap();
            let files = TlsFiles { certificate: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
            Folder { folder, files }
        }

        fn write(&self, (certificate, key): &(String, String)) {
            fs::write(&self.files.certificate, certificate).unwrap();
            fs::write(&self.files.key, key).unwrap();
            self.set_mode(0o600);
        }

        fn set_mode(&self, mode: u32) {
            fs::set_permissions(&self.files.key, fs::Permissions::from_mode(mode)).unwrap();
        }

        fn open(&self) -> Result<Arc<ServedCertificate>, TlsFileError> {
            ServedCertificate::open(self.files.clone(), Arc::default(), CertificateNames::default())
        }

        fn refused(&self) -> String {
            let error = self.open().expect_err("it is not used").to_string();
            error.replace(&self.folder.path().display().to_string(), "DIR")
        }
    }

    fn shown(served: &ServedCertificate) -> Vec<u8> {
        served.current.read().unwrap().as_ref().unwrap().cert[0].to_vec()
    }

    /// Point 9: clear messages at start.
    #[test]
    fn what_cannot_be_used_is_named_with_what_to_do() {
        let folder = Folder::new();
        assert!(folder.refused().starts_with("DIR/tls.crt: No such file"), "{}", folder.refused());
        let (certificate, key) = issue(VALID);
        folder.write(&(certificate.clone(), key.clone()));
        assert!(folder.open().is_ok());
        folder.set_mode(0o644);
        assert_eq!(
            folder.refused(),
            "DIR/tls.key can be read by every user of this machine (mode 644): chmod 600 DIR/tls.key"
        );
        folder.write(&(certificate.clone(), issue(VALID).1));
        assert!(
            folder.refused().starts_with("the key in DIR/tls.key is not the key of the certificate in DIR/tls.crt")
        );
        folder.write(&(key.clone(), key.clone()));
        assert!(folder.refused().starts_with("DIR/tls.crt has no certificate in PEM"), "{}", folder.refused());
        folder.write(&(certificate.clone(), certificate.clone()));
        assert!(folder.refused().starts_with("DIR/tls.key has no private key in PEM"), "{}", folder.refused());
        folder.write(&("x".repeat(2 * 1024 * 1024), key));
        assert!(folder.refused().starts_with("DIR/tls.crt has more than 1048576 bytes"), "{}", folder.refused());
    }

    #[test]
    fn an_expired_certificate_is_named_with_its_date() {
        let folder = Folder::new();
        folder.write(&issue((2020, 2021)));
        let contents = folder.files.read().unwrap();
        let (_, facts) = folder.files.certified_key(&contents).unwrap();
        let error = folder.files.check_time(&facts, now()).unwrap_err().to_string();
        assert!(error.contains("tls.crt expired on 2021-01-01T00:00:00"), "{error}");
        assert!(folder.open().is_ok(), "a server with it starts all the same");
        folder.write(&issue((2190, 2200)));
        let contents = folder.files.read().unwrap();
        let (_, facts) = folder.files.certified_key(&contents).unwrap();
        let error = folder.files.check_time(&facts, now()).unwrap_err().to_string();
        assert!(error.contains("is valid from 2190-01-01T00:00:00"), "{error}");
    }

    /// Point 9: reloaded without a restart.
    #[test]
    fn changed_files_are_taken_and_broken_ones_leave_the_old_certificate() {
        let folder = Folder::new();
        folder.write(&issue(VALID));
        let metrics = Arc::new(ServerMetrics::default());
        let served =
            ServedCertificate::open(folder.files.clone(), Arc::clone(&metrics), CertificateNames::default()).unwrap();
        let first = shown(&served);
        served.look().unwrap();
        assert_eq!((shown(&served), metrics.get(Metric::CertificateReloads)), (first.clone(), 0));

        folder.write(&issue(VALID));
        served.look().unwrap();
        let second = shown(&served);
        assert!(first != second);
        assert_eq!(metrics.get(Metric::CertificateReloads), 1);

        let (broken, expired) = (("no certificate".to_owned(), "no key".to_owned()), issue((2020, 2021)));
        for (at, bad) in [broken, expired].iter().enumerate() {
            folder.write(bad);
            served.look().unwrap_err();
            assert_eq!(metrics.get(Metric::CertificateReloadFailures), at as u64, "the files may be half replaced");
            served.look().unwrap_err();
            assert_eq!(metrics.get(Metric::CertificateReloadFailures), at as u64 + 1);
            // Once is enough for one content.
            let _ = served.look();
            assert_eq!(
                (shown(&served), metrics.get(Metric::CertificateReloadFailures)),
                (second.clone(), at as u64 + 1)
            );
        }
        fs::remove_file(&folder.files.key).unwrap();
        served.look().unwrap_err();
        assert_eq!((shown(&served), metrics.get(Metric::CertificateReloadFailures)), (second.clone(), 3));

        folder.write(&issue(VALID));
        served.look().unwrap();
        assert!(shown(&served) != second);
    }

    #[test]
    fn an_awaited_certificate_is_taken_when_it_is_there() {
        let folder = Folder::new();
        let metrics = Arc::new(ServerMetrics::default());
        let served =
            ServedCertificate::awaited(folder.files.clone(), Arc::clone(&metrics), CertificateNames::default());
        served.look().unwrap_err();
        assert!(served.current.read().unwrap().is_none());
        assert_eq!(metrics.get(Metric::CertificateReloadFailures), 0, "it is awaited");
        folder.write(&issue(VALID));
        served.look().unwrap();
        assert!(!shown(&served).is_empty());
    }
}
