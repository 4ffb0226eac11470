//! For which of the watched names a certificate is looked at.

use std::collections::{BTreeSet, HashSet};

use crate::ct::log_entry::{LoggedEntry, read_leaf};
use crate::dns_name::DnsName;
use crate::evidence::issuance::LoggedCertificate;
use crate::issuance::names::{Form, Found, WatchedNames, find, find_all};
use crate::policy::Policy;

/// For how many watched names one certificate is judged each by each; of more, for one of those that the policy has the
/// same wishes for.
const MOST_JUDGED: usize = 32;

/// The watched names that it claims, or that stand in it where it cannot be read whole; of very many, one of each kind.
pub(super) fn to_judge<'w>(
    logged: &LoggedCertificate,
    watched: &'w WatchedNames,
    policy: &Policy,
) -> Vec<&'w DnsName> {
    let claimed = claimed(logged, watched);
    if claimed.len() <= MOST_JUDGED {
        return claimed.into_iter().collect();
    }
    let mut seen = HashSet::new();
    let wishes = |name: &DnsName| {
        let above = policy.domain.iter().enumerate().filter(|(_, domain)| name.is_at_or_below(&domain.name));
        above.max_by_key(|(_, domain)| domain.name.labels().count()).map(|(place, _)| place)
    };
    claimed.into_iter().filter(|name| seen.insert(wishes(name))).collect()
}

fn claimed<'w>(logged: &LoggedCertificate, watched: &'w WatchedNames) -> BTreeSet<&'w DnsName> {
    let mut names = BTreeSet::new();
    let mut add = |octets: &[u8], form| {
        names.extend(find_all(octets, form, watched).into_iter().map(|watched| &watched.name));
        if let Found::Undetermined { mentions: Some(watched), .. } = find(octets, form, watched) {
            names.insert(&watched.name);
        }
    };
    let mut is_kept = false;
    for der in logged.certificate.iter().chain(&logged.precertificate) {
        is_kept = true;
        add(der, Form::Certificate);
    }
    if !is_kept {
        // What the logs' trees cover is always there.
        for leaf in logged.sightings.iter().filter_map(|sighting| read_leaf(&sighting.leaf).ok()) {
            match leaf.entry {
                LoggedEntry::X509 { certificate } => add(certificate, Form::Certificate),
                LoggedEntry::Precert { tbs, .. } => add(tbs, Form::TbsCertificate),
            }
        }
    }
    names
}
