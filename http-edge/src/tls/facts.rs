use comptoir_core::time::Timestamp;
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::GeneralName;

/// The bytes are no X.509 certificate.
#[derive(Debug, thiserror::Error)]
#[error("not an X.509 certificate: {0}")]
pub struct UnreadableCertificate(String);

/// What a certificate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFacts {
    /// Valid from then on.
    pub not_before: Timestamp,
    /// Not valid any more after that.
    pub not_after: Timestamp,
    /// DNS names and addresses that it is for, in its order.
    pub names: Vec<String>,
}

impl CertificateFacts {
    /// Reads a certificate in DER.
    pub fn read(der: &[u8]) -> Result<CertificateFacts, UnreadableCertificate> {
        let unreadable = |error: &dyn std::fmt::Display| UnreadableCertificate(error.to_string());
        let (_, certificate) = parse_x509_certificate(der).map_err(|error| unreadable(&error))?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().map_err(|error| unreadable(&error))?;
        let names = names.map(|extension| extension.value.general_names.iter().filter_map(name).collect());
        Ok(CertificateFacts {
            not_before: Timestamp(validity.not_before.timestamp().saturating_mul(1_000_000)),
            not_after: Timestamp(validity.not_after.timestamp().saturating_mul(1_000_000)),
            names: names.unwrap_or_default(),
        })
    }

    /// When two thirds of its life are gone.
    pub fn renew_at(&self) -> Timestamp {
        let life = self.not_after.0.saturating_sub(self.not_before.0);
        Timestamp(self.not_before.0.saturating_add(life / 3 * 2))
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_its_names_and_its_life() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["shop.local".to_owned(), "192.168.1.10".to_owned(), "fd00::1".to_owned()];
        let mut params = rcgen::CertificateParams::new(names.clone()).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 1, 31);
        let facts = CertificateFacts::read(params.self_signed(&key).unwrap().der()).unwrap();
        assert_eq!(facts.names, names);
        let day = 86_400_000_000;
        assert_eq!(facts.not_after.0 - facts.not_before.0, 30 * day);
        assert_eq!(facts.renew_at().0 - facts.not_before.0, 20 * day);
        for bad in [&b""[..], b"x", &[0x30, 0x80, 0xff]] {
            assert!(CertificateFacts::read(bad).is_err(), "{bad:?}");
        }
    }
}
