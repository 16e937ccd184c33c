//! Networks as they are written in NetworkPolicies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkProblem {
    #[error("is not a network: write an address and a prefix length, such as 10.0.0.0/8 or 2001:db8::/32")]
    Malformed,
    #[error("has address bits set beyond its prefix length: write {0}")]
    HostBits(String),
    #[error("is not inside {0}, which it should narrow")]
    Outside(String),
}

/// An address whose bits beyond the prefix are all zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    /// Left-aligned, also of IPv4.
    bits: u128,
    is_v4: bool,
    length: u32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Result<Self, NetworkProblem> {
        let (address, length) = text.split_once('/').ok_or(NetworkProblem::Malformed)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkProblem::Malformed)?;
        let (bits, is_v4, longest) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true, 32),
            IpAddr::V6(address) => (address.to_bits(), false, 128),
        };
        let is_plain =
            length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
        let parsed = length.parse().ok().filter(|length| is_plain && *length <= longest);
        let length = parsed.ok_or(NetworkProblem::Malformed)?;
        let network = Self { bits: bits & mask(length), is_v4, length };
        if network.bits == bits { Ok(network) } else { Err(NetworkProblem::HostBits(network.text())) }
    }

    /// Whether another is a part of this, and not all of it.
    pub(super) fn has_within(self, other: Self) -> bool {
        self.is_v4 == other.is_v4 && other.length > self.length && other.bits & mask(self.length) == self.bits
    }

    fn text(self) -> String {
        let address = if self.is_v4 {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(self.bits >> 96).unwrap_or_default()))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(self.bits))
        };
        format!("{address}/{}", self.length)
    }
}

fn mask(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32", "::1/128"] {
            assert_eq!(Network::parse(text).map(Network::text), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for text in [
            "",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/08",
            "10.0.0.0/8 ",
            "10.0.0/8",
            "010.0.0.0/8",
            "::/129",
            "fe80::1%eth0/64",
            "host/8",
            "10.0.0.0/8/8",
            "10.0.0.0/99999999999",
        ] {
            assert_eq!(Network::parse(text), Err(NetworkProblem::Malformed), "{text}");
        }
    }

    #[test]
    fn a_host_is_no_network_and_the_network_is_told() {
        for (text, network) in [
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("192.168.0.1/31", "192.168.0.0/31"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8::1/64", "2001:db8::/64"),
        ] {
            assert_eq!(Network::parse(text), Err(NetworkProblem::HostBits(network.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_part_is_smaller_and_inside() {
        for (outer, inner, within) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("0.0.0.0/0", "10.0.0.0/8", true),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("10.0.0.0/8", "11.0.0.0/16", false),
            ("10.0.0.0/16", "10.0.0.0/8", false),
            ("::/0", "10.0.0.0/8", false),
            ("2001:db8::/32", "2001:db8:1::/48", true),
        ] {
            let network = |text| Network::parse(text).unwrap();
            assert_eq!(network(outer).has_within(network(inner)), within, "{outer} {inner}");
        }
    }
}
