//! The names that are watched: those that were given, else those of the policy.

use anyhow::{Context as _, bail};

use super::WatchOptions;
use crate::dns_name::DnsName;
use crate::issuance::names::{WatchedName, WatchedNames};
use crate::observe::lines::Lines;
use crate::policy::Policy;

/// The most names that are watched.
const MOST_NAMES: usize = 1_000_000;

/// Reads them.
pub(super) fn watched(options: &WatchOptions, policy: &Policy) -> anyhow::Result<WatchedNames> {
    let mut domains: Vec<DnsName> = Vec::new();
    for text in &options.domain {
        domains.push(text.parse().with_context(|| format!("--domain {text}"))?);
    }
    if let Some(path) = &options.domains {
        for line in Lines::open(path).with_context(|| path.clone())? {
            let line = line.with_context(|| path.clone())?;
            let named = || format!("{path}, line {}", line.number);
            let text = line.text.as_deref().map_err(|error| anyhow::anyhow!("{}: {error}", named()))?;
            domains.push(text.parse().with_context(named)?);
            if domains.len() > MOST_NAMES {
                bail!("{path} has more than {MOST_NAMES} domains");
            }
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
    if names.is_empty() {
        bail!(
            "no domain is named: give --domain NAME, --domains FILE, or a policy with [[domain]] or [watch] domains"
        );
    }
    Ok(WatchedNames::new(names))
}
