//! What is asked about, where the user leaves it to the certificate and the pins.

use anyhow::bail;

use crate::dns_name::DnsName;
use crate::pins::{EntryVerdict, HostPattern, PinEntry, PinFile, PinsVerdict, Reading};
use crate::x509::Certificate;

/// The most names that are told where one has to be chosen.
const MOST_TOLD: usize = 5;

/// The host that a chain out of a file is for: the certificate's one name, or the one of its names that is pinned.
/// Where no pin is for a host, each of its names would do.
pub(super) fn host_of(chain: &[Certificate], inputs: &[PinFile]) -> anyhow::Result<DnsName> {
    let names = chain.first().map(|leaf| leaf.names.dns.as_slice()).unwrap_or_default();
    let mut hosts: Vec<DnsName> =
        names.iter().filter(|name| !name.wildcard).map(|name| name.base.clone()).collect();
    let below_wildcards = entries(inputs)
        .filter_map(|entry| entry.scope.host()?.parse::<DnsName>().ok())
        .filter(|host| names.iter().any(|name| name.covers(host)));
    for host in below_wildcards {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if let [only] = hosts.as_slice() {
        return Ok(only.clone());
    }
    let is_pinned = |host: &&DnsName| {
        entries(inputs).any(|entry| {
            entry.scope != HostPattern::Unstated
                && !(entry.pins.is_empty() && entry.forbidden.is_empty())
                && entry.scope.covers(host.as_str())
        })
    };
    let mut pinned = hosts.iter().filter(is_pinned);
    match (pinned.next(), pinned.next()) {
        (Some(only), None) => return Ok(only.clone()),
        (None, _) if entries(inputs).all(|entry| entry.scope == HostPattern::Unstated) => {
            if let Some(first) = hosts.first() {
                return Ok(first.clone());
            }
        }
        _ => {}
    }
    let told: Vec<&str> = hosts.iter().take(MOST_TOLD).map(DnsName::as_str).collect();
    let rest = if hosts.len() > told.len() { " and more" } else { "" };
    match told.as_slice() {
        [] => bail!("--chain needs --host: its certificate names no host"),
        told => bail!("--chain needs --host: its certificate is for several ({}{rest})", told.join(", ")),
    }
}

/// The port of the one service of a host that the inputs have TLSA records of.
pub(super) fn only_service(inputs: &[PinFile], host: &DnsName) -> Option<u16> {
    let mut ports = entries(inputs).filter_map(|entry| match &entry.scope {
        HostPattern::Service { host: name, port, .. } if name == host.as_str() => Some(*port),
        _ => None,
    });
    let first = ports.next()?;
    ports.all(|port| port == first).then_some(first)
}

fn entries(inputs: &[PinFile]) -> impl Iterator<Item = &PinEntry> {
    inputs.iter().flat_map(|input| match &input.reading {
        Reading::Read(source) => source.entries.as_slice(),
        _ => &[],
    })
}

/// Says in the verdict why pins were not compared with the chain: TLSA records of usage 2 and 3 need no path.
pub(super) fn not_compared(verdict: &mut PinsVerdict, why: &str) {
    let mut judged = verdict.sources.iter().flat_map(|source| &source.entries);
    let which = if judged.any(EntryVerdict::is_compared) { "only TLSA records were" } else { "no pin was" };
    verdict.reason = format!("{}; {which} compared: {why}", verdict.reason);
}
