//! DNS names as certificates, CAA look-ups and pins use them.

use std::fmt;
use std::str::FromStr;

use domain::base::Name;
use serde::{Deserialize, Serialize};

/// A domain name of any octets, in wire form. It is compared and hashed without regard to letter case.
pub type WireName = Name<Vec<u8>>;

/// A DNS host name in its canonical form: A-labels, lower case, no trailing dot.
///
/// Labels are 1 to 63 octets of letters, digits, hyphens and underscores; the whole name has at most
/// 253 octets (RFC 1035 section 2.3.4). Underscores are allowed because CAA is asked for service names too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);

/// Why a text is not a DNS host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// Nothing was given.
    #[error("the name is empty")]
    Empty,
    /// Longer than 253 octets.
    #[error("the name has {0} octets; a DNS name has at most 253")]
    TooLong(usize),
    /// A label is empty.
    #[error("“{0}” has an empty label: two dots in a row, or one at the beginning")]
    EmptyLabel(String),
    /// A URL, a path, an e-mail address or a host with a port.
    #[error("“{text}” is more than a host name{}", .host.as_ref().map(|host| format!("; give the host name alone: {host}")).unwrap_or_default())]
    NotAlone {
        /// What was given.
        text: String,
        /// The host in it, where it is plain.
        host: Option<String>,
    },
    /// A label is too long or has an octet that host names do not have.
    #[error("the label “{0}” is not a DNS label (1 to 63 letters, digits, hyphens or underscores)")]
    BadLabel(String),
    /// A `*` somewhere other than as the whole leftmost label; or there, where no wildcard belongs.
    #[error("“{name}” has a wildcard {place}", name = .0, place = place_of_wildcard(.0))]
    MisplacedWildcard(String),
    /// The internationalised name cannot be converted (UTS 46).
    #[error("“{0}” is not a valid internationalised name")]
    NotIdna(String),
}

/// Where a wildcard stands that does not belong there.
fn place_of_wildcard(text: &str) -> &'static str {
    match text.strip_prefix("*.") {
        Some(rest) if !rest.contains('*') => "where the name of one host or domain belongs",
        _ => "elsewhere than as its leftmost label",
    }
}

impl DnsName {
    /// The name as text, without a trailing dot.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels from the leftmost to the top-level domain.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// The name in wire form.
    pub fn to_wire(&self) -> WireName {
        let mut octets = Vec::with_capacity(self.0.len().saturating_add(2));
        for label in self.labels() {
            octets.extend(u8::try_from(label.len()));
            octets.extend_from_slice(label.as_bytes());
        }
        octets.push(0);
        // A `DnsName` is within the limits of the wire form; the root could only stand for a bug here.
        WireName::from_octets(octets).unwrap_or_else(|_| WireName::root_vec())
    }

    /// The name one label up; `None` for a top-level domain.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self(parent.to_owned()))
    }

    /// Whether this name is `other` or lies below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self == other || self.0.strip_suffix(&other.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.0
    }
}

impl TryFrom<String> for DnsName {
    type Error = DnsNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(DnsNameError::Empty);
        }
        if text.contains(['/', '@', ':']) {
            return Err(DnsNameError::NotAlone { text: text.to_owned(), host: host_in(text) });
        }
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| DnsNameError::NotIdna(text.to_owned()))?
        };
        if ascii.len() > 253 {
            return Err(DnsNameError::TooLong(ascii.len()));
        }
        if ascii.contains('*') {
            return Err(DnsNameError::MisplacedWildcard(ascii));
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        match ascii.split('.').find(|label| !is_label(label)) {
            Some("") => Err(DnsNameError::EmptyLabel(text.to_owned())),
            Some(bad) => Err(DnsNameError::BadLabel(bad.to_owned())),
            None => Ok(Self(ascii)),
        }
    }
}

/// The host name in a URL, an e-mail address or a name with a port.
fn host_in(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // Several colons are those of an address.
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    if !port.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    // What is left has none of those, so that this goes no deeper.
    host.parse::<CertificateName>().ok().map(|name| name.to_string())
}

/// A DNS name as a certificate carries it: a host name, or one wildcard label before one (RFC 9525 section 6.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateName {
    /// The name without `*.`.
    pub base: DnsName,
    /// Whether the name is `*.base`.
    pub wildcard: bool,
}

impl CertificateName {
    /// Whether a certificate with this name is valid for `host`: equal, or the wildcard covers exactly one label.
    pub fn covers(&self, host: &DnsName) -> bool {
        if self.wildcard { host.parent().as_ref() == Some(&self.base) } else { *host == self.base }
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.wildcard { "*." } else { "" }, self.base)
    }
}

impl From<CertificateName> for String {
    fn from(name: CertificateName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for CertificateName {
    type Error = DnsNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for CertificateName {
    type Err = DnsNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix("*.") {
            Some(base) => Self { base: base.parse()?, wildcard: true },
            None => Self { base: text.parse()?, wildcard: false },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_canonical() {
        let name: DnsName = "Bücher.Example.".parse().unwrap();
        assert_eq!(name.as_str(), "xn--bcher-kva.example");
        assert_eq!(name.parent().unwrap().as_str(), "example");
        assert_eq!(name.parent().unwrap().parent(), None);
    }

    #[test]
    fn the_wire_form_is_as_another_writes_it() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(long.len(), 253);
        for text in ["example", "_caa.www.example.com", long.as_str()] {
            let name: DnsName = text.parse().unwrap();
            assert_eq!(name.to_wire().as_slice(), WireName::from_str(text).unwrap().as_slice(), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, expected) in [
            ("", DnsNameError::Empty),
            (".", DnsNameError::Empty),
            ("a..b", DnsNameError::EmptyLabel("a..b".into())),
            (".a", DnsNameError::EmptyLabel(".a".into())),
            ("a.*.b", DnsNameError::MisplacedWildcard("a.*.b".into())),
            ("a b.example", DnsNameError::BadLabel("a b".into())),
        ] {
            assert_eq!(text.parse::<DnsName>(), Err(expected), "{text}");
        }
        assert!(matches!("a.".repeat(130).parse::<DnsName>(), Err(DnsNameError::TooLong(259))));
    }

    #[test]
    fn more_than_a_name_is_told_with_the_name_in_it() {
        for (text, host) in [
            ("https://example.com", Some("example.com")),
            ("https://me@example.com:8443/a/b?c", Some("example.com")),
            ("example.com:443", Some("example.com")),
            ("user@example.com", Some("example.com")),
            ("example.com/", Some("example.com")),
            ("/etc/hosts", None),
            ("2001:db8::1x", None),
            ("https://[2001:db8::1]/", None),
            ("a@b@c_d:/", Some("c_d")),
            ("@:/", None),
        ] {
            let error = text.parse::<DnsName>().unwrap_err();
            let expected = host.map(|host| format!("; give the host name alone: {host}"));
            let told = error.to_string();
            assert_eq!(told, format!("“{text}” is more than a host name{}", expected.unwrap_or_default()));
        }
        let wildcard = "https://*.example.com/".parse::<CertificateName>().unwrap_err().to_string();
        assert!(wildcard.ends_with("give the host name alone: *.example.com"), "{wildcard}");
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let name: CertificateName = "*.example.com".parse().unwrap();
        assert!(name.covers(&"www.example.com".parse().unwrap()));
        assert!(!name.covers(&"a.www.example.com".parse().unwrap()));
        assert!(!name.covers(&"example.com".parse().unwrap()));
        assert!("*.*.example.com".parse::<CertificateName>().is_err());
    }

    #[test]
    fn below_means_on_a_label_boundary() {
        let parent: DnsName = "example.com".parse().unwrap();
        assert!("a.example.com".parse::<DnsName>().unwrap().is_at_or_below(&parent));
        assert!(!"anexample.com".parse::<DnsName>().unwrap().is_at_or_below(&parent));
    }
}
