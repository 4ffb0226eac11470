//! The pins of files, as the replay wants them: whatever their dates say now.

use crate::compare::replay::GivenPins;
use crate::dns_name::DnsName;
use crate::pins::{self, ComparedWith, Confidence, EnforcementMode, HostPattern, PinEntry, PinFile, Reading};

/// The pins for a host, one set a client.
pub(super) fn pins(files: &[PinFile], host: &DnsName, left_out: &mut Vec<String>) -> Vec<GivenPins> {
    let mut all = Vec::new();
    for file in files {
        let source = match &file.reading {
            Reading::Read(source) => source,
            Reading::NotWellFormed { .. } | Reading::NotRecognised | Reading::Unreadable(_) => {
                left_out.push(format!("The pins of {} are left out: it could not be read.", file.file));
                continue;
            }
        };
        if source.refusal().is_some() {
            left_out.push(format!(
                "The pins of {} are left out: the platform refuses the whole file.",
                file.file
            ));
            continue;
        }
        if source.is_of_a_test() {
            left_out.push(format!(
                "The pins of {} are left out: it is of tests, which are in no release.",
                file.file
            ));
            continue;
        }
        let groups = pins::entries_together(source, host.as_str());
        let is_dns = |entry: &&PinEntry| {
            entry.compared_with == ComparedWith::ServedChain
                || matches!(entry.scope, HostPattern::Service { .. })
        };
        let (dns, own): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.iter().any(&is_dns));
        if !dns.is_empty() {
            left_out.push(format!(
                "The TLSA records of {} are left out: what the DNS said in the past is not known.",
                file.file
            ));
        }
        let is_one = own.len() == 1;
        let is_guessed = source.guessed.is_some();
        all.extend(own.iter().map(|group| of_group(&file.file, group, (is_one, is_guessed))));
    }
    all
}

fn of_group(file: &str, group: &[&PinEntry], (is_one, is_guessed): (bool, bool)) -> GivenPins {
    // What only reports, or may not be there, is no part of what refuses.
    let modes = || group.iter().map(|entry| entry.enforcement.mode);
    let mode = [EnforcementMode::Yes, EnforcementMode::Unknown, EnforcementMode::Report]
        .into_iter()
        .find(|mode| modes().any(|own| own == *mode))
        .unwrap_or(EnforcementMode::No);
    let doubted = is_guessed || group.iter().any(|entry| matches!(entry.confidence, Confidence::Guessed(_)));
    let enforcement = if doubted && mode == EnforcementMode::Yes { EnforcementMode::Unknown } else { mode };
    let members = group.iter().copied().filter(|entry| entry.enforcement.mode == mode);
    let (sure, possible): (Vec<&PinEntry>, Vec<&PinEntry>) = members.partition(|entry| !entry.is_possible);
    let unread = sure.iter().map(|entry| entry.unread).fold(0_u32, u32::saturating_add);
    // Pins that a condition adds may be there or not: like pins that could not be read.
    let maybe = possible
        .iter()
        .map(|entry| u32::try_from(entry.pins.len()).unwrap_or(u32::MAX).saturating_add(entry.unread))
        .fold(0_u32, u32::saturating_add);
    let line = group.first().and_then(|entry| entry.line).filter(|_| !is_one);
    GivenPins {
        client: line.map_or_else(|| file.to_owned(), |line| format!("{file}, line {line}")),
        released: group.iter().filter_map(|entry| entry.released).max(),
        enforcement,
        expiry: sure.iter().find_map(|entry| entry.expiry.clone()),
        pins: sure.iter().flat_map(|entry| entry.pins.iter().cloned()).collect(),
        forbidden: sure.iter().flat_map(|entry| entry.forbidden.iter().cloned()).collect(),
        unread: unread.saturating_add(maybe),
    }
}
