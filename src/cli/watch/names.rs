//! The names that are watched: those that were given, else those of the policy.

use std::collections::HashSet;

use anyhow::{Context as _, bail};

use super::WatchOptions;
use super::observer::say;
use crate::dns_name::DnsName;
use crate::issuance::names::{WatchedName, WatchedNames};
use crate::observe::lines::Lines;
use crate::policy::Policy;

/// The most names that are watched.
const MOST_NAMES: usize = 1_000_000;

/// Reads them; where nobody named any, that is an error.
pub(super) fn watched(options: &WatchOptions, policy: &Policy) -> anyhow::Result<WatchedNames> {
    let Some(names) = named(options, policy)? else {
        bail!(
            "no domain is named: give --domain NAME, --domains FILE, or a policy with [[domain]] or [watch] domains"
        );
    };
    for watched in names.names().iter().filter(|watched| watched.with_subdomains) {
        let name = watched.name.as_str();
        if is_suffix(name) {
            say(&format!(
                "warning: under {name}, everybody registers domains: all of theirs are watched, too"
            ));
        }
    }
    Ok(names)
}

/// Reads them, if any are named.
pub(super) fn named(options: &WatchOptions, policy: &Policy) -> anyhow::Result<Option<WatchedNames>> {
    let mut domains: Vec<DnsName> = Vec::new();
    for text in &options.domain {
        domains.push(domain(text).with_context(|| format!("--domain {text}"))?);
    }
    if let Some(path) = &options.domains {
        let before = domains.len();
        for line in Lines::open(path).with_context(|| path.clone())? {
            let line = line.with_context(|| path.clone())?;
            let named = || format!("{path}, line {}", line.number);
            let text = line.text.as_deref().map_err(|error| anyhow::anyhow!("{}: {error}", named()))?;
            domains.push(domain(text).with_context(named)?);
            if domains.len() > MOST_NAMES {
                bail!("{path} has more than {MOST_NAMES} domains");
            }
        }
        if domains.len() == before {
            // Whatever made the file made nothing of it; the policy's names are others.
            bail!("{path} names no domain");
        }
    }
    let mut names: Vec<WatchedName> = Vec::new();
    if domains.is_empty() {
        domains.extend(policy.domain.iter().map(|domain| domain.name.clone()));
        domains.extend(policy.watch.domains.iter().cloned());
        let alone = policy.watch.names.iter().cloned();
        names.extend(alone.map(|name| WatchedName { name, with_subdomains: false }));
    }
    names.extend(domains.into_iter().map(|name| WatchedName { name, with_subdomains: true }));
    if let Some(address) = names.iter().find(|watched| is_address(watched.name.as_str())) {
        bail!("{} is an IP address, and no domain: watch the names of what runs there", address.name);
    }
    Ok((!names.is_empty()).then(|| WatchedNames::new(each_once(names))))
}

/// A domain. Whoever writes a wildcard means what is watched anyway.
fn domain(text: &str) -> anyhow::Result<DnsName> {
    if let Some(name) = text.strip_prefix("*.").filter(|name| name.parse::<DnsName>().is_ok()) {
        bail!("the names below a name are watched with it, and wildcards too: give {name} instead of {text}");
    }
    Ok(text.parse()?)
}

/// Each name once, in their order: one that is watched with all below it is not also watched alone.
fn each_once(names: Vec<WatchedName>) -> Vec<WatchedName> {
    let is_whole = |watched: &&WatchedName| watched.with_subdomains;
    let whole: HashSet<DnsName> = names.iter().filter(is_whole).map(|watched| watched.name.clone()).collect();
    let mut seen: HashSet<DnsName> = HashSet::with_capacity(names.len());
    names
        .into_iter()
        .filter(|watched| watched.with_subdomains || !whole.contains(&watched.name))
        .filter(|watched| seen.insert(watched.name.clone()))
        .collect()
}

/// Whether a name is what is written for an IPv4 address: no top-level domain is a number (RFC 3696 section 2).
fn is_address(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.bytes().all(|octet| octet.is_ascii_digit()))
}

/// Whether a name is one below which others register theirs.
fn is_suffix(name: &str) -> bool {
    let is_listed = psl::suffix(name.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == name.as_bytes());
    is_listed || !name.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_there_twice_is_one() {
        let named =
            |name: &str, with_subdomains| WatchedName { name: name.parse().unwrap(), with_subdomains };
        let all = [("a.example", false), ("b.example", true), ("b.example", true), ("b.example", false)];
        let again = [("a.example", false), ("c.example", true)];
        let kept = each_once(all.into_iter().chain(again).map(|(name, all)| named(name, all)).collect());
        let kept: Vec<(&str, bool)> =
            kept.iter().map(|watched| (watched.name.as_str(), watched.with_subdomains)).collect();
        assert_eq!(kept, [("a.example", false), ("b.example", true), ("c.example", true)]);
    }

    #[test]
    fn addresses_and_suffixes_are_told_from_domains() {
        for (name, address, suffix) in [
            ("example.com", false, false),
            ("1.example", false, false),
            ("192.0.2.1", true, false),
            ("co.uk", false, true),
            ("com", false, true),
            ("localhost", false, true),
        ] {
            assert_eq!((is_address(name), is_suffix(name)), (address, suffix), "{name}");
        }
    }
}
