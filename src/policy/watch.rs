//! `[watch]` of the policy: what `pinstead watch` follows, and how.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::dns_name::DnsName;

/// What is watched beside the domains of the policy, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WatchPolicy {
    /// The file of the state, relative to the policy file. A database of PostgreSQL is named in the environment, because
    /// its URL may have a password.
    pub state: Option<String>,
    /// Further domains that are watched, each with all below it.
    pub domains: Vec<DnsName>,
    /// Names that are watched alone, without what is below them.
    pub names: Vec<DnsName>,
    /// Where a log is begun that the state does not know: `end`, `begin` or an age such as `7d`.
    pub from: Option<String>,
    /// How often each log's tree head is asked for, in seconds.
    pub interval_seconds: Option<u32>,
    /// Only logs with one of these in their name, or of this id.
    pub logs: Vec<String>,
    /// The address on which metrics and health are served, such as `127.0.0.1:9464`.
    pub metrics: Option<String>,
    /// Whether the CRLs of unexpected certificates are fetched, again and again.
    pub revocation: bool,
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

    #[test]
    fn watch_has_a_table_of_its_own() {
        let policy = |text: &str| Policy::parse("pinstead.toml", text.as_bytes());
        let read = policy(
            "[watch]\nstate = \"state.db\"\ndomains = [\"b\u{fc}cher.example\"]\nnames = [\"www.example.com\"]\n\
             from = \"7d\"\ninterval_seconds = 300\nlogs = [\"Argon\"]\nmetrics = \"127.0.0.1:9464\"\nrevocation = true\n",
        );
        let watch = read.unwrap().watch;
        assert!(watch.revocation);
        assert_eq!(watch.domains[0].as_str(), "xn--bcher-kva.example");
        assert_eq!((watch.interval_seconds, watch.from.as_deref()), (Some(300), Some("7d")));
        assert_eq!(policy("").unwrap().watch, super::WatchPolicy::default());
        let error = policy("[watch]\ndomain = []\n").unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(policy("[watch]\nnames = [\"*.example.com\"]\n").is_err());
    }
}
