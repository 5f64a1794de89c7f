//! Names and addresses that only a private network knows. The authority signs no others, and its own certificate says so.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Domains that are never part of the public DNS.
pub(super) const DOMAINS: [&str; 4] = ["local", "lan", "internal", "home.arpa"];

pub(super) const LOCALHOST: &str = "localhost";

/// Networks that the internet does not route, each as its first address and the bits that it has.
pub(super) const NETWORKS: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// A name or an address of a private network, in lower case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PrivateName(String);

/// The text is no name or address of a private network.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{text:?} is no name of a shop's network: give localhost, a name under .local, .lan, .internal or .home.arpa such as \
     boutique.local, or a private address such as 192.168.1.10"
)]
pub struct NotPrivate {
    text: String,
}

impl PrivateName {
    /// Checks a text.
    pub fn parse(text: &str) -> Result<PrivateName, NotPrivate> {
        let lower = text.to_ascii_lowercase();
        let name = match lower.parse::<IpAddr>() {
            Ok(address) if is_private(address) => Some(address.to_string()),
            Ok(_) => None,
            Err(_) => Some(lower).filter(|name| name == LOCALHOST || is_private_domain(name)),
        };
        name.map(PrivateName).ok_or_else(|| NotPrivate { text: text.chars().take(255).collect() })
    }

    /// What every node may use: the names of the machine itself.
    pub fn of_the_machine() -> [PrivateName; 3] {
        [LOCALHOST, "127.0.0.1", "::1"].map(|name| PrivateName(name.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrivateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_private_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.split('.').all(is_label)
        && DOMAINS.iter().any(|domain| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_private(address: IpAddr) -> bool {
    NETWORKS.iter().any(|(network, bits)| match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX << (32 - u32::from(*bits));
            address.to_bits() & mask == network.to_bits()
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX << (128 - u32::from(*bits));
            address.to_bits() & mask == network.to_bits()
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_a_private_network_pass() {
        let parsed = |text: &str| PrivateName::parse(text).map(|name| name.to_string()).ok();
        for (text, name) in [
            ("localhost", "localhost"),
            ("Boutique-Lyon.LOCAL", "boutique-lyon.local"),
            ("till.shop.home.arpa", "till.shop.home.arpa"),
            ("192.168.1.10", "192.168.1.10"),
            ("172.31.255.255", "172.31.255.255"),
            ("FD00:0::1", "fd00::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(name), "{text}");
        }
        for bad in [
            "",
            "local",
            ".local",
            "example.com",
            "notlocal",
            "a.local.com",
            "*.local",
            "a..local",
            "-a.local",
            "a b.local",
            "é.local",
            "8.8.8.8",
            "172.32.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "192.168.1.10:7443",
            "a.local.",
            "a\0.local",
        ] {
            assert_eq!(parsed(bad), None, "{bad}");
        }
        assert_eq!(parsed(&format!("{}.local", "a".repeat(64))), None);
        assert_eq!(parsed(&format!("{}local", "a.".repeat(130))), None);
    }
}
