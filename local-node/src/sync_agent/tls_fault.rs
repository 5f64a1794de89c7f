//! Why central's certificate was not accepted. The agent never falls back to plain HTTP: it waits until somebody has corrected
//! it.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::CertificateError;

/// What is wrong with the TLS of the line to central.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsFault {
    /// Nobody that this node trusts signed the certificate.
    UnknownCa,
    /// The certificate is for other names than the one in the settings.
    WrongName,
    /// The certificate expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// Something else, such as a port that speaks no TLS.
    Failed,
}

impl TlsFault {
    /// The code for people and programs.
    pub fn code(self) -> &'static str {
        match self {
            TlsFault::UnknownCa => "TLS_UNKNOWN_CA",
            TlsFault::WrongName => "TLS_WRONG_NAME",
            TlsFault::Expired => "TLS_EXPIRED",
            TlsFault::NotYetValid => "TLS_NOT_YET_VALID",
            TlsFault::Failed => "TLS_FAILED",
        }
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            TlsFault::UnknownCa => {
                "if central has a certificate authority of its own, give its certificate with CENTRAL_CA_FILE; if it has none, \
                 somebody else answers"
            }
            TlsFault::WrongName => "use in CENTRAL_API_URL a name that central's certificate has",
            TlsFault::Expired => "renew central's certificate; first check this machine's clock",
            TlsFault::NotYetValid => "check this machine's clock",
            TlsFault::Failed => "check that CENTRAL_API_URL names central's TLS port",
        }
    }

    /// Finds the fault among the causes of an error, with its description.
    pub(super) fn find(error: &(dyn Error + 'static)) -> Option<(TlsFault, String)> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(tls) = tls_error(error) {
                let fault = TlsFault::of(tls);
                return Some((fault, format!("{tls}; {}", fault.advice())));
            }
            cause = error.source();
        }
        None
    }

    fn of(error: &rustls::Error) -> TlsFault {
        let rustls::Error::InvalidCertificate(error) = error else { return TlsFault::Failed };
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsFault::UnknownCa,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
            _ => TlsFault::Failed,
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An I/O error names the source of what it contains as its own source, so its content is looked at too.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    tls_error(error.downcast_ref::<io::Error>()?.get_ref()?)
}
