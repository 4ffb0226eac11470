//! The ways to name a resolver: `ADDR[:PORT]`, `tls://HOST[:PORT][#NAME]` and `https://…`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;
use rustls::pki_types::ServerName;

use crate::observe::http;

/// The port of DNS servers (RFC 1035 section 4.2).
pub(in crate::observe::dns) const PORT: u16 = 53;

/// The port of DNS over TLS (RFC 7858 section 3.1).
const TLS_PORT: u16 = 853;

/// Why a text names no DNS server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolverAddressError {
    /// Neither an address nor an address with a port.
    #[error(
        "“{0}” is not an IP address with an optional port, such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53, nor \
         tls://HOST[:PORT] or https://HOST/PATH"
    )]
    NotAnAddress(String),
    /// Not the form of DNS over TLS.
    #[error(
        "“{0}” is not of the form tls://HOST[:PORT] or tls://ADDR[:PORT]#NAME, such as tls://192.0.2.1#dns.example"
    )]
    Tls(String),
    /// Not a URL for DNS over HTTPS.
    #[error("“{0}” is no URL of a resolver, such as https://dns.example/dns-query: {1}")]
    Https(String, String),
    /// A transport that is not spoken.
    #[error(
        "“{0}” names a transport that is not spoken; give ADDR[:PORT], tls://HOST[:PORT] or https://HOST/PATH"
    )]
    Scheme(String),
}

/// How to reach a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum ResolverAddress {
    /// Over UDP and TCP, in clear text.
    Plain(SocketAddr),
    /// Over TLS.
    Tls(TlsAddress),
    /// Over HTTPS.
    Https(Url),
}

/// Where DNS is spoken over TLS, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct TlsAddress {
    pub(in super::super) host: Host,
    pub(in super::super) port: u16,
    /// The name or address that the certificate has to be valid for.
    pub(in super::super) certificate_name: ServerName<'static>,
}

/// A host as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Host {
    Name(String),
    Address(IpAddr),
}

impl FromStr for ResolverAddress {
    type Err = ResolverAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None => plain(text).map(Self::Plain),
            Some(("tls", rest)) => {
                tls(rest).map(Self::Tls).ok_or_else(|| ResolverAddressError::Tls(text.to_owned()))
            }
            Some(("https", _)) => match http::usable(text) {
                Ok(url) if url.fragment().is_none() => Ok(Self::Https(url)),
                Ok(_) => Err(ResolverAddressError::Https(text.to_owned(), "it has a fragment".to_owned())),
                Err(why) => Err(ResolverAddressError::Https(text.to_owned(), why)),
            },
            Some(_) => Err(ResolverAddressError::Scheme(text.to_owned())),
        }
    }
}

impl fmt::Display for ResolverAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(address) => address.fmt(f),
            Self::Tls(TlsAddress { host: Host::Name(name), port, .. }) => write!(f, "tls://{name}:{port}"),
            Self::Tls(TlsAddress { host: Host::Address(ip), port, certificate_name }) => {
                write!(f, "tls://{}", SocketAddr::new(*ip, *port))?;
                match certificate_name {
                    ServerName::DnsName(name) => write!(f, "#{}", name.as_ref()),
                    _ => Ok(()),
                }
            }
            Self::Https(url) => f.write_str(url.as_str()),
        }
    }
}

/// Reads `ADDR`, `ADDR:PORT`, `[ADDR]` or `[ADDR]:PORT`.
fn plain(text: &str) -> Result<SocketAddr, ResolverAddressError> {
    address(text, PORT).ok_or_else(|| ResolverAddressError::NotAnAddress(text.to_owned()))
}

fn address(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    match bare().or_else(bracketed) {
        Some(ip) => Some(SocketAddr::new(ip, port)),
        None => text.parse().ok(),
    }
}

/// Reads what stands after `tls://`.
fn tls(text: &str) -> Option<TlsAddress> {
    let (place, name) = match text.split_once('#') {
        Some((place, name)) => (place, Some(name)),
        None => (text, None),
    };
    let (host, port) = if let Some(address) = address(place, TLS_PORT) {
        (Host::Address(address.ip()), address.port())
    } else {
        let (host, port) = match place.split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (place, TLS_PORT),
        };
        (Host::Name(host.to_owned()), port)
    };
    let certificate_name = match (name, &host) {
        (Some(name), _) => host_name(name)?,
        (None, Host::Name(name)) => host_name(name)?,
        (None, Host::Address(ip)) => ServerName::from(*ip),
    };
    if let Host::Name(name) = &host {
        host_name(name)?;
    }
    Some(TlsAddress { host, port, certificate_name })
}

fn host_name(text: &str) -> Option<ServerName<'static>> {
    match ServerName::try_from(text.to_owned()) {
        Ok(name @ ServerName::DnsName(_)) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, ResolverAddressError> {
        text.parse::<ResolverAddress>().map(|address| address.to_string())
    }

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
            ("tls://dns.example", "tls://dns.example:853"),
            ("tls://dns.example:8530", "tls://dns.example:8530"),
            ("tls://192.0.2.1", "tls://192.0.2.1:853"),
            ("tls://[2001:db8::1]:8530", "tls://[2001:db8::1]:8530"),
            ("tls://192.0.2.1:8530#dns.example", "tls://192.0.2.1:8530#dns.example"),
            ("https://dns.example/dns-query", "https://dns.example/dns-query"),
            ("https://192.0.2.1:8443/", "https://192.0.2.1:8443/"),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text}");
        }
        let named: ResolverAddress = "tls://192.0.2.1#dns.example".parse().unwrap();
        let ResolverAddress::Tls(named) = named else { panic!("{named:?}") };
        assert_eq!(named.certificate_name, ServerName::try_from("dns.example").unwrap());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "dns.example", "192.0.2.1:", "192.0.2.1:70000", "[192.0.2.1]", "192.0.2"] {
            assert_eq!(shown(text), Err(ResolverAddressError::NotAnAddress(text.into())), "{text}");
        }
        for text in [
            "tls://",
            "tls://dns.example:x",
            "tls://a b",
            "tls://192.0.2.1#",
            "tls://192.0.2.1#192.0.2.1",
            "tls:///",
        ] {
            assert_eq!(shown(text), Err(ResolverAddressError::Tls(text.into())), "{text}");
        }
        for text in ["https://", "https://user:secret@dns.example/", "https://dns.example/#x"] {
            assert!(matches!(shown(text), Err(ResolverAddressError::Https(..))), "{text}");
        }
        for text in ["http://dns.example/dns-query", "quic://dns.example", "udp://192.0.2.1"] {
            assert_eq!(shown(text), Err(ResolverAddressError::Scheme(text.into())), "{text}");
        }
    }
}
