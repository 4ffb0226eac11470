//! Which addresses are public, and which are a network's own: what a URL that a stranger wrote may lead to.
//!
//! Source: the IANA special-purpose address registries (RFC 6890). What stands there for a network's own use, and what
//! translates to it, is not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

use crate::evidence::revocation::Reach;

/// An address that is not public, where only public ones may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its address {0} is none of the public Internet, and a certificate should not make anyone ask there (--private-crls)"
)]
pub(super) struct NotPublic(pub(super) IpAddr);

/// Whether an address may be asked.
pub(super) fn is_within(address: IpAddr, reach: Reach) -> bool {
    match reach {
        Reach::Public => is_public(address),
        Reach::Private => is_public(address) || is_private_network(address),
        Reach::Anywhere => true,
    }
}

/// How far the certificates of a server may lead that was reached at this address: to its own network, and to this
/// machine or its links only where the server itself is there.
pub(in crate::observe) fn reach_of(address: IpAddr) -> Reach {
    if is_public(address) {
        Reach::Public
    } else if is_private_network(address) {
        Reach::Private
    } else {
        Reach::Anywhere
    }
}

/// Whether an address is one for networks of one's own (RFC 1918, RFC 4193, RFC 6598). What clouds tell their machines
/// in secret is asked at some of these, too.
fn is_private_network(address: IpAddr) -> bool {
    const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_private =
                matches!((first, second), (10, _) | (172, 16..=31) | (192, 168) | (100, 64..=127));
            is_private && address != METADATA_V4
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) => is_private_network(IpAddr::V4(inner)),
            None => matches!(address.segments(), [0xfc00..=0xfdff, ..]) && address != METADATA_V6,
        },
    }
}

/// Whether an address belongs to the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !matches!(
        (first, second, third),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // NAT64 and 6to4 hold an address of version 4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => within(high, low),
        // Teredo, ORCHID, benchmarks and documentation.
        [0x2001, 0..=0x01ff | 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// Refuses a URL whose host is an address that may not be asked, or this machine's own name.
pub(super) fn literal(url: &Url, reach: Reach) -> Result<(), NotPublic> {
    let host = url.host_str().unwrap_or_default();
    let is_own = host == "localhost" || host.ends_with(".localhost");
    let address = match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(address) => address,
        Err(_) if is_own => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Err(_) => return Ok(()),
    };
    if is_within(address, reach) { Ok(()) } else { Err(NotPublic(address)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_ones_own_are_not_public() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "192.0.2.7",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808", "2a00::1"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_in_urls_are_seen_in_every_form() {
        for text in [
            "http://127.1/x",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::1]:80/",
            "http://localhost/",
        ] {
            assert!(literal(&Url::parse(text).unwrap(), Reach::Public).is_err(), "{text}");
        }
        assert!(literal(&Url::parse("http://crl.example/").unwrap(), Reach::Public).is_ok());
    }

    /// Whoever is on a private network may lead to others there, and never to this machine, its links, or the service
    /// that tells it a cloud's secrets.
    #[test]
    fn a_private_network_is_not_this_machine() {
        for (text, reach) in [
            ("8.8.8.8", Reach::Public),
            ("10.1.2.3", Reach::Private),
            ("172.16.0.1", Reach::Private),
            ("192.168.1.1", Reach::Private),
            ("fd12::1", Reach::Private),
            ("::ffff:10.0.0.1", Reach::Private),
            ("127.0.0.1", Reach::Anywhere),
            ("169.254.169.254", Reach::Anywhere),
            ("100.100.100.200", Reach::Anywhere),
            ("fd00:ec2::254", Reach::Anywhere),
            ("fe80::1", Reach::Anywhere),
            ("::1", Reach::Anywhere),
            ("::ffff:127.0.0.1", Reach::Anywhere),
        ] {
            let address = text.parse().unwrap();
            assert_eq!(reach_of(address), reach, "{text}");
            assert_eq!(is_within(address, Reach::Private), reach != Reach::Anywhere, "{text}");
        }
        assert!(literal(&Url::parse("http://localhost/").unwrap(), Reach::Private).is_err());
    }
}
