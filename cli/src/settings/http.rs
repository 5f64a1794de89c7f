//! Where a server listens, with which certificate, and its limits.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use comptoir_http_edge::TrustedAddresses;
use comptoir_http_edge::tls::TlsFiles;

use super::reader::SettingsReader;
use super::{Mode, parsed, path, switch};
use crate::server::Limits;

/// Settings of the listeners.
#[derive(Clone, Debug)]
pub struct Http {
    /// `LISTEN_ADDR`: plain HTTP. Loopback, unless `ALLOW_PLAIN_HTTP` allows another address.
    pub listen: SocketAddr,
    /// `TLS_LISTEN_ADDR`, `TLS_CERT_FILE` and `TLS_KEY_FILE`.
    pub tls: Option<Tls>,
    /// `CONNECTIONS_MAX`, `CONNECTIONS_PER_ADDRESS_MAX`, `REQUESTS_PER_SECOND`, `TRUSTED_ADDRESSES`.
    pub limits: Limits,
}

/// A listener that speaks TLS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tls {
    /// `TLS_LISTEN_ADDR`.
    pub listen: SocketAddr,
    /// `TLS_CERT_FILE` and `TLS_KEY_FILE`. `None`: a node's certificate from central.
    pub files: Option<TlsFiles>,
}

impl Http {
    /// Reads the settings. `None` after an error, which the reader keeps.
    pub(super) fn read(reader: &mut SettingsReader, mode: Option<Mode>) -> Option<Http> {
        let port = if mode == Some(Mode::Central) { 7400 } else { 7401 };
        let loopback = SocketAddr::from(([127, 0, 0, 1], port));
        let address = "an address and a port, such as 127.0.0.1:7401";
        let listen = reader.or("LISTEN_ADDR", loopback, address, parsed);
        let allow_plain = reader.or("ALLOW_PLAIN_HTTP", false, "true or false", switch);
        let tls = Tls::read(reader, mode);
        let limits = limits(reader);
        if let (Some(listen), Some(false)) = (listen, allow_plain) {
            note_plain(reader, listen, "LISTEN_ADDR");
        }
        Some(Http { listen: listen?, tls: tls?, limits: limits? })
    }
}

/// Refuses an address at which others could read what is sent.
fn note_plain(reader: &mut SettingsReader, address: SocketAddr, setting: &str) {
    if let Err(reason) = plain_http_allowed(address, false, setting) {
        reader.note(&reason);
    }
}

/// Whether plain HTTP may be answered at an address.
pub fn plain_http_allowed(address: SocketAddr, is_allowed: bool, setting: &str) -> Result<(), String> {
    if address.ip().to_canonical().is_loopback() || is_allowed {
        return Ok(());
    }
    Err(format!(
        "{setting}: {address} can be reached from other machines, and plain HTTP shows keys and events to everyone on the way: \
         answer TLS there with TLS_LISTEN_ADDR and leave {setting} on 127.0.0.1, or say ALLOW_PLAIN_HTTP=true"
    ))
}

impl Tls {
    fn read(reader: &mut SettingsReader, mode: Option<Mode>) -> Option<Option<Tls>> {
        let listen = reader.optional("TLS_LISTEN_ADDR", "an address and a port, such as 0.0.0.0:7443", parsed);
        let certificate = reader.optional("TLS_CERT_FILE", "a file", path);
        let key = reader.optional("TLS_KEY_FILE", "a file", path);
        let (listen, certificate, key): (Option<SocketAddr>, Option<PathBuf>, Option<PathBuf>) =
            (listen?, certificate?, key?);
        let files = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (certificate, _) => {
                let missing = if certificate.is_none() { "TLS_CERT_FILE" } else { "TLS_KEY_FILE" };
                reader.note(&format!("{missing}: missing, a certificate and its key are given together"));
                return None;
            }
        };
        match (listen, files) {
            (None, None) => Some(None),
            (None, Some(_)) => {
                reader.note(&"TLS_LISTEN_ADDR: missing, TLS_CERT_FILE says with which certificate, not where");
                None
            }
            (Some(_), None) if mode == Some(Mode::Central) => {
                reader.note(&"TLS_CERT_FILE: missing, TLS_LISTEN_ADDR needs a certificate and its key (TLS_KEY_FILE)");
                None
            }
            (Some(listen), files) => Some(Some(Tls { listen, files })),
        }
    }
}

fn limits(reader: &mut SettingsReader) -> Option<Limits> {
    let default = Limits::default();
    let count = |text: &str| text.parse::<usize>().ok().filter(|count| (1..=1_000_000).contains(count));
    let needed = "a number from 1 to 1000000";
    let connections_max = reader.or("CONNECTIONS_MAX", default.connections_max, needed, count);
    let per_address = default.connections_per_address_max;
    let per_address = reader.or("CONNECTIONS_PER_ADDRESS_MAX", per_address, needed, count);
    let per_second = |text: &str| count(text).and_then(|count| u32::try_from(count).ok());
    let requests_per_second = reader.or("REQUESTS_PER_SECOND", default.requests_per_second, needed, per_second);
    let trusted = reader.or(
        "TRUSTED_ADDRESSES",
        default.trusted.clone(),
        "addresses separated by commas, such as 127.0.0.1,10.0.0.7, or none",
        trusted_addresses,
    );
    Some(Limits {
        connections_max: connections_max?,
        connections_per_address_max: per_address?,
        requests_per_second: requests_per_second?,
        trusted: trusted?,
        ..default
    })
}

fn trusted_addresses(text: &str) -> Option<TrustedAddresses> {
    if text == "none" {
        return Some(TrustedAddresses::default());
    }
    let addresses: Option<Vec<IpAddr>> = text.split(',').map(|address| address.trim().parse().ok()).collect();
    addresses.map(TrustedAddresses::new)
}
