//! Which addresses are public: what a URL that a stranger wrote may lead to.
//!
//! Source: the IANA special-purpose address registries (RFC 6890). What stands there for a network's own use, and what
//! translates to it, is not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// An address that is not public, where only public ones may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its address {0} is none of the public Internet, and a certificate should not make anyone ask there (--private-crls)"
)]
pub(super) struct NotPublic(pub(super) IpAddr);

/// Whether an address belongs to the public Internet.
pub(in crate::observe) fn is_public(address: IpAddr) -> bool {
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

/// Refuses a URL whose host is an address that is not public, or this machine's own name.
pub(super) fn literal(url: &Url) -> Result<(), NotPublic> {
    let host = url.host_str().unwrap_or_default();
    let is_own = host == "localhost" || host.ends_with(".localhost");
    let address = match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(address) => address,
        Err(_) if is_own => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Err(_) => return Ok(()),
    };
    if is_public(address) { Ok(()) } else { Err(NotPublic(address)) }
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
            assert!(literal(&Url::parse(text).unwrap()).is_err(), "{text}");
        }
        assert!(literal(&Url::parse("http://crl.example/").unwrap()).is_ok());
    }
}
