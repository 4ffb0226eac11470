//! What is asked about, where the user leaves it to the certificate and the pins.

use crate::dns_name::DnsName;
use crate::pins::{EntryVerdict, HostPattern, PinEntry, PinFile, PinsStatus, PinsVerdict, Reading};

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
    verdict.reason.push_str(&format!("; {which} compared: {why}"));
}

/// Whether it is open whether anything is pinned: nothing that was named tells.
pub(super) fn is_status_open(verdict: &PinsVerdict) -> bool {
    matches!(verdict.status, PinsStatus::Undetermined | PinsStatus::NoPinSources)
}
