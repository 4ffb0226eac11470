//! `pinstead.toml`: what the owner expects, where the pins are, what fails the gate.

mod accepted;
mod alerts;
mod compare;
pub(crate) mod diagnose;
mod schema;
mod twice;
mod watch;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use self::accepted::day;
pub use self::accepted::{Accepted, AcceptedCertificate};
pub use self::alerts::{AlertsPolicy, HookPolicy, MailPolicy, MailSecurity, StderrFormat, WebhookPolicy};
pub use self::compare::{ComparePolicy, ReleaseLead, StatedClient};
pub use self::diagnose::Problem;
pub(crate) use self::diagnose::at_place;
pub(crate) use self::schema::{is_of_format as format_of_text, of as schema_of};
pub use self::schema::{schema, text as schema_text};
pub use self::watch::WatchPolicy;

use crate::dns_name::{CertificateName, DnsName};
use crate::issuance::provider::{PROVIDERS, provider};
use crate::rules::Severity;
use crate::x509::SpkiSha256;

/// The largest policy file that is read, in octets.
pub const MAX_POLICY: u64 = 1 << 20;

/// A policy file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The CAs expected for every domain: CAA identifiers or owner names. An empty list says that none may issue.
    pub expect_ca: Option<Vec<String>>,
    /// The pin files, relative to the policy file.
    pub pins: Vec<String>,
    /// The severity from which findings fail the gate; `none`: never.
    pub fail_on: Option<FailOn>,
    /// Whether what could not be determined fails the gate.
    pub fail_on_undetermined: Option<bool>,
    /// CAs that no public table knows.
    pub private_ca: Vec<PrivateCa>,
    /// What differs for single domains.
    pub domain: Vec<DomainPolicy>,
    /// Certificates that the owner knows and accepts, whoever issued them.
    pub accepted_certificate: Vec<AcceptedCertificate>,
    /// Where `watch` sends its alerts.
    pub alerts: AlertsPolicy,
    /// What `watch` follows, and how.
    pub watch: WatchPolicy,
    /// What is stated for `compare`.
    pub compare: ComparePolicy,
}

/// The severity from which findings fail a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum FailOn {
    /// Findings never fail it.
    None,
    /// Findings of this severity or a higher one do.
    AtLeast(Severity),
}

/// A CA of the owner's own, or one that the embedded table does not know yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivateCa {
    /// Who runs it.
    pub owner: String,
    /// The key that issues.
    pub spki_sha256: PinnedKey,
    /// The identifiers it accepts in CAA records.
    #[serde(default)]
    pub caa_identifiers: Vec<String>,
    /// The name in its certificate, as reports show it, so that a certificate that forges it is seen.
    #[serde(default)]
    pub subject: Option<String>,
}

/// What is expected for one domain and the names below it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainPolicy {
    /// The domain.
    pub name: DnsName,
    /// The CAs expected for it, instead of the general ones. An empty list says that none may issue.
    #[serde(default)]
    pub expect_ca: Option<Vec<String>>,
    /// The keys that its certificates have: any other is told by `pinstead issuance`.
    #[serde(default)]
    pub known_keys: Option<Vec<PinnedKey>>,
    /// The names that its certificates are for, wildcards as they stand there: any other is told.
    #[serde(default)]
    pub known_names: Option<Vec<CertificateName>>,
    /// The services that obtain certificates for it, such as `cloudflare`.
    #[serde(default)]
    pub served_by: Vec<ProviderId>,
}

/// A service that obtains certificates for the domains it serves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderId(pub String);

/// A key's hash in the base64 that pins use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PinnedKey(pub SpkiSha256);

/// Why a policy file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotText {
        /// The file.
        path: String,
    },
    /// Not TOML, or not a policy: each place with what was expected there.
    #[error("{path}: {}", listed(problems))]
    Toml {
        /// The file.
        path: String,
        /// What is wrong, and where, in the order of the file.
        problems: Vec<Problem>,
    },
}

impl Policy {
    /// Reads a policy file's text.
    pub fn parse(path: &str, octets: &[u8]) -> Result<Self, PolicyError> {
        let text = std::str::from_utf8(octets).map_err(|_| PolicyError::NotText { path: path.to_owned() })?;
        let wrong = |problems| PolicyError::Toml { path: path.to_owned(), problems };
        let read = toml::from_str(text);
        let mut problems = read.as_ref().err().map_or_else(Vec::new, |error| everything_wrong(error, text));
        problems.extend(twice::find(text));
        problems.sort_by_key(|problem| (problem.line, problem.column));
        match read {
            Ok(policy) if problems.is_empty() => Ok(policy),
            _ => Err(wrong(problems)),
        }
    }

    /// The CAs expected for `host`: those of the closest domain that says any, else the general ones; `None` where
    /// neither says any.
    pub fn expected_for(&self, host: Option<&DnsName>) -> Option<&[String]> {
        host.and_then(|host| self.nearest(host, |domain| domain.expect_ca.as_deref()))
            .or(self.expect_ca.as_deref())
    }

    /// What the closest domain at or above `host` says, among those that say it.
    pub fn nearest<'p, T>(
        &'p self,
        host: &DnsName,
        said: impl Fn(&'p DomainPolicy) -> Option<T>,
    ) -> Option<T> {
        let domains = self.domain.iter().filter(|domain| host.is_at_or_below(&domain.name));
        domains
            .filter_map(|domain| Some((domain.name.labels().count(), said(domain)?)))
            .max_by_key(|(labels, _)| *labels)
            .map(|(_, said)| said)
    }
}

impl TryFrom<String> for ProviderId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if provider(&text).is_some() {
            return Ok(Self(text));
        }
        let known: Vec<&str> = PROVIDERS.iter().map(|provider| provider.id).collect();
        Err(format!("“{text}” is no service that is known; use {}", known.join(", ")))
    }
}

/// Everything that is wrong with a policy that serde refuses; what it says of it where the schema says nothing.
fn everything_wrong(error: &toml::de::Error, text: &str) -> Vec<Problem> {
    let problems = diagnose::problems(text, &schema(), schema::is_of_format);
    if !problems.is_empty() {
        return problems;
    }
    // Never the line itself: a secret may stand in it, put where it does not belong.
    let at = error.span().map_or(0, |span| span.start);
    vec![diagnose::at_place(text, at, error.message().trim_end().to_owned())]
}

/// One problem as it is, several one below the other.
pub(crate) fn listed(problems: &[Problem]) -> String {
    match problems {
        [one] => one.to_string(),
        several => {
            let lines: Vec<String> = several.iter().map(|problem| format!("\n  {problem}")).collect();
            format!("{} errors:{}", several.len(), lines.concat())
        }
    }
}

impl TryFrom<String> for FailOn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let unknown = |_| format!("“{text}” is no severity; use none, info, low, medium, high or critical");
        text.parse().map(Self::AtLeast).map_err(unknown)
    }
}

impl FailOn {
    /// Whether a finding of this severity fails the gate.
    pub fn is_reached_by(self, severity: Severity) -> bool {
        matches!(self, Self::AtLeast(least) if severity >= least)
    }
}

impl TryFrom<String> for PinnedKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let value = text.strip_prefix("sha256/").unwrap_or(&text);
        SpkiSha256::from_base64(value).map(Self).ok_or_else(|| {
            format!("“{text}” is not the base64 of a SHA-256 hash (44 characters, ending in =)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        expect_ca = ["letsencrypt.org"]
        pins = ["app/network_security_config.xml"]
        fail_on = "medium"

        [[private_ca]]
        owner = "Example internal CA"
        spki_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        caa_identifiers = ["ca.example.com"]

        [[domain]]
        name = "shop.example.com"
        expect_ca = ["pki.goog"]

        [[domain]]
        name = "old.shop.example.com"
        known_keys = ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]
        known_names = ["old.shop.example.com", "*.old.shop.example.com"]
        served_by = ["cloudflare"]
    "#;

    #[test]
    fn a_policy_is_read() {
        let policy = Policy::parse("pinstead.toml", POLICY.as_bytes()).unwrap();
        assert_eq!(policy.fail_on, Some(FailOn::AtLeast(Severity::Medium)));
        assert_eq!(policy.private_ca[0].spki_sha256.0, SpkiSha256::of(b""));
        let expected = |host: &str| policy.expected_for(Some(&host.parse().unwrap())).unwrap().to_vec();
        assert_eq!(expected("example.com"), ["letsencrypt.org"]);
        assert_eq!(expected("shop.example.com"), ["pki.goog"]);
        assert_eq!(expected("a.shop.example.com"), ["pki.goog"]);
        assert_eq!(expected("workshop.example.com"), ["letsencrypt.org"]);
        assert_eq!(expected("old.shop.example.com"), ["pki.goog"], "the domain above it names CAs");
        let below: DnsName = "a.old.shop.example.com".parse().unwrap();
        assert_eq!(policy.nearest(&below, |domain| domain.known_names.as_ref()).unwrap().len(), 2);
        assert!(policy.nearest(&"shop.example.com".parse().unwrap(), |it| it.known_keys.as_ref()).is_none());
    }

    #[test]
    fn an_empty_list_of_cas_is_a_list() {
        let expected = |text: &str| {
            let policy = Policy::parse("p", text.as_bytes()).unwrap();
            policy.expected_for(Some(&"a.example".parse().unwrap())).map(<[String]>::to_vec)
        };
        assert_eq!(expected(""), None);
        assert_eq!(expected("expect_ca = []"), Some(vec![]));
        let of_domain = "expect_ca = [\"pki.goog\"]\n[[domain]]\nname = \"a.example\"\n";
        assert_eq!(expected(of_domain), Some(vec!["pki.goog".to_owned()]));
        assert_eq!(expected(&format!("{of_domain}expect_ca = []")), Some(vec![]));
    }

    #[test]
    fn an_error_names_file_and_line() {
        let error = |text: &str| Policy::parse("pinstead.toml", text.as_bytes()).unwrap_err().to_string();
        let unknown = error("expect_ca = []\nexpected = 1\n");
        assert!(unknown.contains("pinstead.toml") && unknown.contains("line 2"), "{unknown}");
        assert!(error("fail_on = \"grave\"").contains("is no severity"));
        assert!(error("[[domain]]\nname = \"a.example\"\nserved_by = [\"x\"]").contains("is no service"));
        assert!(error("[[private_ca]]\nowner = \"x\"\nspki_sha256 = \"abc\"").contains("base64"));
        assert!(Policy::parse("p", &[0xff]).unwrap_err().to_string().contains("UTF-8"));
    }
}
