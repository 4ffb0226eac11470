//! CAA of the names by which a certificate serves as well as by the one that was looked at: the wildcard that covers a
//! name, and the host itself where the certificate has it by a wildcard.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::caa::{is_not_applicable, without_account};
use crate::caa::{self, CaaQuestion, CaaReading, Policy, Who};
use crate::compare::{CoveringName, LetsIn};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::{CaaLookup, DnsExchange};
use crate::x509::path::HostIdentity;

/// A name that serves as well as another, and what CAA says of it.
pub(super) struct Covering<'a> {
    /// The reading of the other one.
    covered: &'a CaaReading,
    /// The name that is served: the host, or a plain name of the certificate.
    serves: DnsName,
    /// Its `*.`-less part.
    base: DnsName,
    /// What CAA says of it; the verdicts are left out.
    pub(super) reading: CaaReading,
}

/// The names that serve as well as those read, and are none of them; that of the host first.
pub(super) fn covering<'a>(
    own: &'a [CaaReading],
    host: Option<&HostIdentity>,
    lookups: &[CaaLookup],
) -> Vec<Covering<'a>> {
    let host = match host {
        Some(HostIdentity::Name(name)) => Some(name),
        Some(HostIdentity::Address(_)) | None => None,
    };
    let mut known: BTreeSet<CertificateName> = own.iter().filter_map(|one| one.name.parse().ok()).collect();
    let mut names = Vec::new();
    for covered in own.iter().filter(|reading| !is_not_applicable(reading)) {
        let Ok(name) = covered.name.parse::<CertificateName>() else { continue };
        let (other, serves) = if name.wildcard {
            let Some(host) = host.filter(|host| name.covers(host)) else { continue };
            (CertificateName { base: host.clone(), wildcard: false }, host.clone())
        } else {
            let Some(wildcard) = wildcard_over(&name.base) else { continue };
            (wildcard, name.base)
        };
        if known.insert(other.clone()) {
            let reading = read(&other, &serves, lookups);
            names.push(Covering { covered, base: other.base, serves, reading });
        }
    }
    names.sort_by_key(|one| Some(&one.serves) != host);
    names
}

/// The wildcard that covers a name, where a CA may issue one: none over a name right below a public suffix (TLS BR
/// 3.2.2.6, by the ICANN part of the public suffix list alone) or a top-level domain.
fn wildcard_over(name: &DnsName) -> Option<CertificateName> {
    let base = name.parent()?;
    base.parent()?;
    let is_of_registry = psl::suffix(base.as_str().as_bytes())
        .is_some_and(|suffix| suffix == base.as_str() && suffix.typ() == Some(psl::Type::Icann));
    (!is_of_registry).then_some(CertificateName { base, wildcard: true })
}

/// Reads a name from what was looked up for others: their climbs pass its base, or that above the set found does. What none
/// of them passed is not known.
fn read(name: &CertificateName, serves: &DnsName, lookups: &[CaaLookup]) -> CaaReading {
    let own = lookups.iter().filter(|lookup| lookup.name == name.base || lookup.name == *serves);
    let climbs = own.chain(lookups).flat_map(|lookup| [&lookup.steps, &lookup.above]);
    let from_base = |climb: &Vec<Arc<DnsExchange>>| {
        let at = climb.iter().position(|exchange| exchange.name == name.base)?;
        climb.get(at..).map(<[_]>::to_vec)
    };
    let steps = climbs.into_iter().find_map(from_base).unwrap_or_default();
    let lookup = CaaLookup { steps, ..CaaLookup::of(name.base.clone()) };
    caa::judge(name, &lookup, &CaaQuestion::tls(Who::Named(Vec::new())))
}

/// Those that let in more than the name that was looked at does, or of which that is not known.
pub(super) fn that_let_in_more(covering: &[Covering<'_>]) -> Vec<CoveringName> {
    let names = covering.iter().filter_map(|one| {
        let lets_in = lets_in(one)?;
        Some(CoveringName {
            name: one.reading.name.clone(),
            base: one.base.to_string(),
            covers: one.serves.to_string(),
            lets_in,
        })
    });
    names.collect()
}

fn lets_in(one: &Covering<'_>) -> Option<LetsIn> {
    let permitted = match one.covered.policy() {
        Policy::Only(permitted) => permitted,
        Policy::Nobody => Vec::new(),
        // Nothing is weaker, or nothing is known to be.
        Policy::Anyone | Policy::Undetermined(_) => return None,
    };
    match one.reading.policy() {
        Policy::Undetermined(_) => Some(LetsIn::Unknown),
        Policy::Anyone => (!is_not_applicable(&one.reading)).then_some(LetsIn::Anyone),
        Policy::Nobody => None,
        Policy::Only(all) => {
            let is_more = |ca: &String| !permitted.iter().any(|other| other.eq_ignore_ascii_case(ca));
            let more: Vec<String> = all.into_iter().filter(is_more).collect();
            let free = without_account(&one.reading);
            if !more.is_empty() {
                Some(LetsIn::Cas(more))
            } else if without_account(one.covered).is_empty() && !free.is_empty() {
                Some(LetsIn::AnyAccount(free))
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
