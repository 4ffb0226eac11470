//! What the user named: a host, a URL, or a file.

use core::net::IpAddr;

use crate::dns_name::{DnsName, DnsNameError};
use crate::evidence::ListedAt;
use crate::x509::path::HostIdentity;

/// The port of a target that names none.
pub const DEFAULT_PORT: u16 = 443;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A TLS server.
    Server(ServerTarget),
    /// A file: certificates or evidence. `-` is standard input.
    File(String),
    /// A line of a list that names none.
    Nothing {
        /// The line.
        text: String,
        /// Where it stands.
        place: ListedAt,
        /// Why it names none.
        why: String,
    },
}

/// A TLS server by name or address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTarget {
    /// Who it should be.
    pub host: HostIdentity,
    /// The port, if one was named.
    pub port: Option<u16>,
}

/// Why a text names no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing was given.
    #[error("the target is empty")]
    Empty,
    /// Not a name, an address or a file that is there.
    #[error("“{text}” is neither a file that is there nor a host: {error}")]
    BadHost {
        /// What was given.
        text: String,
        /// Why it is no host name.
        error: DnsNameError,
    },
    /// A port that is none.
    #[error("“{0}” has no port from 1 to 65535 after its colon")]
    BadPort(String),
    /// A wildcard, which is no host.
    #[error("“{0}” stands for many hosts; name one of them")]
    Wildcard(String),
    /// Another scheme than https.
    #[error("“{0}” is not an https URL; only TLS servers can be looked at")]
    BadScheme(String),
}

impl Target {
    /// Reads a target as the user wrote it; `is_file` tells whether a file of that name is there.
    pub fn parse(text: &str, is_file: impl Fn(&str) -> bool) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            if !scheme.eq_ignore_ascii_case("https") {
                return Err(TargetError::BadScheme(text.to_owned()));
            }
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            return server(host).map(Self::Server);
        }
        // No host has a slash in its name, so that this can only be a path.
        if text == "-" || text.contains('/') || is_file(text) {
            return Ok(Self::File(text.to_owned()));
        }
        if text.starts_with("*.") {
            return Err(TargetError::Wildcard(text.to_owned()));
        }
        server(text).map(Self::Server)
    }
}

impl ServerTarget {
    /// The server's name in reports, with its port.
    pub fn label(&self, default_port: u16) -> String {
        let port = self.port.unwrap_or(default_port);
        match &self.host {
            HostIdentity::Name(name) => format!("{name}:{port}"),
            HostIdentity::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            HostIdentity::Address(address) => format!("{address}:{port}"),
        }
    }
}

fn server(text: &str) -> Result<ServerTarget, TargetError> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(ServerTarget { host: HostIdentity::Address(address), port: None });
    }
    let bad_port = || TargetError::BadPort(text.to_owned());
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or_else(bad_port)?)),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        None => None,
        Some(port) => Some(port.parse().ok().filter(|&port: &u16| port != 0).ok_or_else(bad_port)?),
    };
    let host = match host.parse::<IpAddr>() {
        Ok(address) => HostIdentity::Address(address),
        Err(_) => HostIdentity::Name(
            host.parse::<DnsName>().map_err(|error| TargetError::BadHost { text: text.to_owned(), error })?,
        ),
    };
    Ok(ServerTarget { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> String {
        match Target::parse(text, |_| false) {
            Ok(Target::Server(server)) => server.label(DEFAULT_PORT),
            Ok(Target::File(path)) => format!("file {path}"),
            Ok(Target::Nothing { why, .. }) => why,
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn servers_are_read() {
        for (text, expected) in [
            ("Example.com", "example.com:443"),
            ("example.com:8443", "example.com:8443"),
            ("https://user@example.com/a:b?c", "example.com:443"),
            ("https://example.com:444", "example.com:444"),
            ("192.0.2.1", "192.0.2.1:443"),
            ("2001:db8::1", "[2001:db8::1]:443"),
            ("[2001:db8::1]:25", "[2001:db8::1]:25"),
            ("bücher.example", "xn--bcher-kva.example:443"),
            ("-", "file -"),
            ("certs/missing.pem", "file certs/missing.pem"),
        ] {
            assert_eq!(label(text), expected, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_there_wins() {
        assert_eq!(Target::parse("leaf.pem", |_| true), Ok(Target::File("leaf.pem".into())));
    }

    #[test]
    fn what_names_nothing_is_refused() {
        assert_eq!(Target::parse(" ", |_| false), Err(TargetError::Empty));
        assert!(label("http://example.com").contains("not an https URL"));
        assert!(label("example.com:0").contains("no port"));
        assert!(label("example.com:70000").contains("no port"));
        assert!(label("exa mple").contains("neither a file"));
        assert!(label("*.example.com").contains("name one of them"));
    }
}
