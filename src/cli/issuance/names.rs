//! The names that are asked about: those that were given, else those of the policy.

use std::collections::HashSet;
use std::net::IpAddr;

use anyhow::{Context as _, bail};

use crate::cli::target_list;
use crate::dns_name::DnsName;
use crate::observe::files;
use crate::policy::Policy;

/// The names of the command line and of a list, each once.
///
/// # Errors
///
/// One is no name, or reads as something else that was meant.
pub(super) fn given(words: &[String], list: Option<&str>) -> anyhow::Result<Vec<DnsName>> {
    let mut names = Vec::new();
    for word in words {
        if files::exists(word) {
            bail!(
                "{word} is a file, and no saved evidence; files of certificates are named with --certificates, lists of \
                 names with --targets, and a name like that of a file is written with a dot behind it"
            );
        }
        names.push(parse(word)?);
    }
    if let Some(path) = list {
        for listed in target_list::read(path)? {
            let name = parse(&listed.text).with_context(|| format!("{path}, line {}", listed.line));
            names.push(name?);
        }
    }
    Ok(each_once(names))
}

/// The names that the policy is about, as `watch` takes them, without those that belong to another of them.
///
/// # Errors
///
/// It names none.
pub(super) fn of_policy(policy: &Policy) -> anyhow::Result<Vec<DnsName>> {
    let watch = &policy.watch;
    let domains = policy.domain.iter().map(|domain| &domain.name).chain(&watch.domains).chain(&watch.names);
    let names = each_once(domains.cloned().collect());
    if names.is_empty() {
        bail!(
            "no name is given: write it first, as options with several values take every word that follows them; or give \
             --targets FILE, or a policy with [[domain]] or [watch] domains"
        );
    }
    let all: HashSet<&DnsName> = names.iter().collect();
    let is_below = |name: &DnsName| {
        std::iter::successors(name.parent(), DnsName::parent).any(|above| all.contains(&above))
    };
    Ok(names.iter().filter(|name| !is_below(name)).cloned().collect())
}

fn each_once(names: Vec<DnsName>) -> Vec<DnsName> {
    let mut seen = HashSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}

/// Refuses what reads as a name and was meant otherwise: nobody issues for it, and “nothing issued” would be the answer.
fn parse(text: &str) -> anyhow::Result<DnsName> {
    if let Some(taken) = text.strip_prefix("*.") {
        bail!("the names below a name belong to it: give {taken} instead of {text}");
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<IpAddr>().is_ok() {
        bail!("{text} is an address: what was issued is looked for by name, and never for addresses");
    }
    let ending = text.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    if text.starts_with("http://") || text.starts_with("https://") {
        bail!(
            "{text} is a URL, and no name; the URL of a service is written behind its option with an equals sign: \
             --crt-sh={text}"
        );
    }
    if text.contains('/') || ending.is_some_and(|ending| matches!(ending.as_str(), "json" | "jsonl")) {
        bail!("{text} is no name, and there is no file of that name");
    }
    text.parse().with_context(|| format!("{text} is no name"))
}
