//! Who sent a request: the address at the other end of the connection, or the one that a trusted proxy names.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// What the accept loop knows of a connection. It is in the extensions of each of its requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionInfo {
    /// The address at the other end.
    pub peer: IpAddr,
    /// Whether the connection is encrypted.
    pub over_tls: bool,
}

/// The sender of a request. It is in the extensions of each request that came through the accept loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its address, as far as the proxies on the way can be trusted.
    pub address: IpAddr,
    /// Whether it spoke TLS, to this server or to a trusted proxy.
    pub over_tls: bool,
    /// Whether the address is trusted, so that no limit per client applies: usually a program on this machine.
    pub is_trusted: bool,
}

/// Addresses whose connections carry the requests of many clients, or of this machine.
#[derive(Clone, Debug, Default)]
pub struct TrustedAddresses(Vec<IpAddr>);

impl TrustedAddresses {
    /// Trusts these addresses.
    pub fn new(addresses: Vec<IpAddr>) -> TrustedAddresses {
        TrustedAddresses(addresses)
    }

    /// Whether an address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The sender of a request. A header counts only if a trusted address sent it: anybody else could name any address.
    pub fn client(&self, connection: ConnectionInfo, headers: &HeaderMap) -> Client {
        let peer = connection.peer.to_canonical();
        let direct = Client { address: peer, over_tls: connection.over_tls, is_trusted: self.contains(peer) };
        if !direct.is_trusted || !(headers.contains_key(FORWARDED_FOR) || headers.contains_key(FORWARDED)) {
            return direct;
        }
        // Each proxy appends the address that it saw. What is left of the first untrusted one may be invented.
        let named = headers.get_all(FORWARDED_FOR).iter().rev().filter_map(|value| value.to_str().ok());
        let named = named.flat_map(|value| value.rsplit(',')).map_while(|text| text.trim().parse::<IpAddr>().ok());
        let forwarded = named.map(|address| address.to_canonical()).find(|address| !self.contains(*address));
        let over_tls = match headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()) {
            Some(proto) => proto.trim().eq_ignore_ascii_case("https"),
            None => direct.over_tls,
        };
        // A proxy that names nobody has clients all the same: they share its address and its limits.
        Client { address: forwarded.unwrap_or(peer), over_tls, is_trusted: false }
    }
}

/// What limits per address count as one: a whole IPv6 network of 64 bits, since one subscriber has all of it.
pub fn limited_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let trusted = TrustedAddresses::new(vec!["127.0.0.1".parse().unwrap(), "10.0.0.9".parse().unwrap()]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        trusted.client(ConnectionInfo { peer: peer.parse().unwrap(), over_tls: false }, &map)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_header_of_a_stranger_names_nobody() {
        let stranger = client("192.0.2.1", &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")]);
        assert_eq!(stranger, Client { address: address("192.0.2.1"), over_tls: false, is_trusted: false });
        let local = client("127.0.0.1", &[]);
        assert_eq!(local, Client { address: address("127.0.0.1"), over_tls: false, is_trusted: true });
        assert!(client("::ffff:127.0.0.1", &[]).is_trusted, "IPv4 on an IPv6 socket");
    }

    #[test]
    fn the_nearest_address_that_is_no_trusted_proxy_is_the_client() {
        let forwarded = client("127.0.0.1", &[("x-forwarded-for", "1.1.1.1, 198.51.100.7, 10.0.0.9")]);
        assert_eq!(forwarded, Client { address: address("198.51.100.7"), over_tls: false, is_trusted: false });
        let twice =
            [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.8"), ("x-forwarded-proto", "https")];
        let twice = client("127.0.0.1", &twice);
        assert_eq!(twice, Client { address: address("198.51.100.8"), over_tls: true, is_trusted: false });
        for unnamed in ["unknown", "", "_hidden, 10.0.0.9", "10.0.0.9"] {
            let unnamed = client("127.0.0.1", &[("x-forwarded-for", unnamed)]);
            assert_eq!(unnamed, Client { address: address("127.0.0.1"), over_tls: false, is_trusted: false });
        }
        assert!(!client("127.0.0.1", &[("forwarded", "for=192.0.2.60")]).is_trusted);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        assert_eq!(limited_address(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_eq!(limited_address(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
