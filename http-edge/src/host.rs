//! Which host names a server answers to, and which pages may change something on it.
//!
//! A web page elsewhere can have its own name resolve to this machine (DNS rebinding); the browser then takes this server for a
//! part of that page. The page's name is in `Host`, so a name that is not ours is refused. A page of another origin is named by
//! `Origin`, which a browser sends with every request that changes something. Programs send no `Origin`.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Uri};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

/// The names in the certificate that a server shows now. A client that trusts it calls the server by one of them.
#[derive(Clone, Debug, Default)]
pub struct CertificateNames(Arc<RwLock<Vec<String>>>);

impl CertificateNames {
    /// Replaces the names with those of another certificate.
    pub(crate) fn set(&self, names: &[String]) {
        let names = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn have(&self, name: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == name)
    }
}

/// The host names of a server.
#[derive(Clone, Debug, Default)]
pub struct HostNames {
    /// Names besides `localhost`, in lower case and without a port.
    pub names: Vec<String>,
    /// Whether any IP address is accepted, not only loopback: no page can have an address as its name.
    pub any_address: bool,
    /// Those of its certificate.
    pub of_certificate: CertificateNames,
}

/// Names that a setting may list.
const HOSTS_MAX: usize = 100;

impl HostNames {
    /// What `ALLOWED_HOSTS` must be.
    pub const NEEDED: &str =
        "host names without a port, separated by commas, 100 at most, such as till.shop.example,192.168.1.5";

    /// The names of `ALLOWED_HOSTS`, in lower case.
    pub fn parse_names(text: &str) -> Option<Vec<String>> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let is_host = |name: &String| {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte));
            (1..=253).contains(&name.len()) && plain && (!name.contains(':') || name.ends_with(']'))
        };
        (names.len() <= HOSTS_MAX && names.iter().all(is_host)).then_some(names)
    }

    /// Refuses a request for another host, and one that changes something and comes from a page of another origin.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut hosts = headers.get_all(HOST).iter();
        // Only a browser's request can be misled, and a browser names the host.
        let Some(host) = hosts.next() else { return Ok(()) };
        let host = host.to_str().unwrap_or_default();
        let is_named_once = hosts.next().is_none() && uri.authority().is_none_or(|named| named.as_str() == host);
        if !is_named_once || !self.accepts(host) {
            let detail = format!(
                "this server does not answer to the host {:?}; call it by its address, or add the name to ALLOWED_HOSTS",
                shortened(host)
            );
            return Err(Problem::new(ErrorCode::HostRefused, detail));
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next().filter(|_| changes_something(method)) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default();
        if origins.next().is_none() && self.is_own(origin, host) { Ok(()) } else { Err(foreign_page(origin)) }
    }

    fn accepts(&self, authority: &str) -> bool {
        let name = host_of(authority).to_ascii_lowercase();
        let address: Option<IpAddr> = name.trim_start_matches('[').trim_end_matches(']').parse().ok();
        match address {
            Some(address) => self.any_address || address.is_loopback() || self.names.contains(&name),
            None => name == "localhost" || self.names.contains(&name) || self.of_certificate.have(&name),
        }
    }

    /// Whether a page is this server's own: of the same host and port, or of a configured name, which a proxy may translate.
    fn is_own(&self, origin: &str, host: &str) -> bool {
        let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        page.is_some_and(|page| {
            page.eq_ignore_ascii_case(host) || self.names.contains(&host_of(page).to_ascii_lowercase())
        })
    }
}

/// Whether a method may change something.
pub fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// The refusal of a request from a page of another origin.
pub fn foreign_page(origin: &str) -> Problem {
    let detail = format!("a page of {:?} may not change anything here", shortened(origin));
    Problem::new(ErrorCode::OriginRefused, detail)
}

/// An authority without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // `::1` without brackets is no authority.
            if host.contains(':') && !host.ends_with(']') { authority } else { host }
        }
        _ => authority,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(hosts: &HostNames, method: &Method, headers: &[(&str, &str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(axum::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        hosts.check(method, &Uri::from_static("/"), &map).err().map(|problem| problem.code)
    }

    #[test]
    fn a_server_on_loopback_answers_to_loopback_and_to_configured_names() {
        let hosts = HostNames { names: vec!["till.example".to_owned()], ..HostNames::default() };
        let said = |host: &str| code(&hosts, &Method::GET, &[("host", host)]);
        for own in
            ["localhost", "LOCALHOST:7401", "127.0.0.1:7401", "127.8.0.1", "[::1]", "[::1]:7401", "Till.example:80"]
        {
            assert_eq!(said(own), None, "{own}");
        }
        for other in
            ["evil.example", "127.0.0.1.evil.example", "192.168.1.5", "localhost.evil", "", "evil.example:7401"]
        {
            assert_eq!(said(other).as_deref(), Some("HOST_REFUSED"), "{other}");
        }
        assert_eq!(code(&hosts, &Method::GET, &[]), None, "no browser sends a request without a host");
        let twice = code(&hosts, &Method::GET, &[("host", "localhost"), ("host", "evil.example")]);
        assert_eq!(twice.as_deref(), Some("HOST_REFUSED"));
        let on_the_lan = HostNames { any_address: true, ..HostNames::default() };
        assert_eq!(code(&on_the_lan, &Method::GET, &[("host", "192.168.1.5:7401")]), None);
        assert!(code(&on_the_lan, &Method::GET, &[("host", "evil.example")]).is_some());
    }

    #[test]
    fn a_server_answers_to_the_names_of_the_certificate_that_it_shows_now() {
        let hosts = HostNames::default();
        let said = |host: &str| code(&hosts, &Method::GET, &[("host", host)]);
        assert_eq!(said("rivoli.local:7443").as_deref(), Some("HOST_REFUSED"));
        hosts.clone().of_certificate.set(&["Rivoli.local".to_owned()]);
        assert_eq!(said("rivoli.local:7443"), None);
        assert_eq!(said("evil.example:7443").as_deref(), Some("HOST_REFUSED"));
        hosts.of_certificate.set(&["other.local".to_owned()]);
        assert_eq!(said("rivoli.local:7443").as_deref(), Some("HOST_REFUSED"), "another certificate is shown");
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        let hosts = HostNames { names: vec!["till.example".to_owned()], ..HostNames::default() };
        let said =
            |method: &Method, origin: &str| code(&hosts, method, &[("host", "127.0.0.1:7401"), ("origin", origin)]);
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for own in ["http://127.0.0.1:7401", "https://till.example"] {
                assert_eq!(said(&method, own), None, "{own}");
            }
            for other in
                ["null", "http://evil.example", "http://127.0.0.1:3000", "http://localhost:7401", "", "file://"]
            {
                assert_eq!(said(&method, other).as_deref(), Some("ORIGIN_REFUSED"), "{other}");
            }
        }
        assert_eq!(
            said(&Method::GET, "http://evil.example"),
            None,
            "a read changes nothing, and the page cannot see it"
        );
    }
}
