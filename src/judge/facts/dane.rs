//! TLSA records that were looked up: whether clients use them, and what they match.

use std::collections::BTreeSet;

use crate::compare::{Dane, Fact};
use crate::evidence::dns::DnssecState;
use crate::pins::{HostPattern, PinMatch, PinVerdict, PinsVerdict, ProblemKind, SourceState, SourceVerdict};

/// The port for mail between servers, where usages 0 and 1 are left aside (RFC 7672 section 3.1.3).
const SMTP: u16 = 25;

/// The records of the look-up. A zone file does not tell what the DNS answers, nor whether it is signed.
pub(super) fn records(pins: &PinsVerdict) -> Fact<Dane> {
    let Some(source) = pins.sources.iter().find(|source| source.is_looked_up()) else {
        return Fact::NotGiven;
    };
    let is_unheard = source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead);
    if source.state != SourceState::Read || is_unheard {
        return Fact::Undetermined;
    }
    let records: Vec<(&PinVerdict, u8)> = usable(source).collect();
    let has_any = source.entries.iter().any(|entry| !entry.pins.is_empty());
    match source.dnssec {
        _ if !has_any && source.dnssec == Some(DnssecState::Bogus) => {
            Fact::Measured(Dane::NotUsable("the answer fails DNSSEC validation".to_owned()))
        }
        _ if !has_any => Fact::Measured(Dane::NoRecords),
        Some(DnssecState::Insecure) => {
            Fact::Measured(Dane::NotUsable("the zone is not signed with DNSSEC".to_owned()))
        }
        Some(DnssecState::Bogus) => Fact::Measured(Dane::NotUsable("they fail DNSSEC validation".to_owned())),
        Some(DnssecState::Indeterminate) | None => Fact::Undetermined,
        Some(DnssecState::Secure) if records.is_empty() => {
            Fact::Measured(Dane::NotUsable("none of them is of a form that clients know".to_owned()))
        }
        Some(DnssecState::Secure) => {
            let is_compared = records.iter().all(|(pin, _)| pin.matches != PinMatch::NotChecked);
            let matching = || records.iter().filter(|(pin, _)| pin.matches.matches());
            let satisfied: BTreeSet<u8> = matching().map(|(_, usage)| *usage).collect();
            let names_key =
                |pin: &PinVerdict| pin.pin.value.as_ref().is_ok_and(|value| !value.is_certificate());
            let by_key = matching().filter(|(pin, _)| names_key(pin)).map(|(_, usage)| *usage).collect();
            Fact::Measured(Dane::Usable {
                usages: records.iter().map(|(_, usage)| *usage).collect(),
                satisfied: (is_compared || !satisfied.is_empty()).then_some(satisfied),
                by_key,
            })
        }
    }
}

/// The records that clients of the service use, with the usage of each.
fn usable(source: &SourceVerdict) -> impl Iterator<Item = (&PinVerdict, u8)> {
    source.entries.iter().flat_map(|entry| {
        let is_mail = matches!(entry.scope, HostPattern::Service { port: SMTP, .. });
        entry.pins.iter().filter_map(move |pin| {
            let usage = pin.pin.tlsa?.usage;
            (pin.pin.value.is_ok() && !(is_mail && usage < 2)).then_some((pin, usage))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::formats::tlsa::of_lookup;
    use crate::pins::formats::tlsa::tests::{lookup, spki};
    use crate::pins::{PinFile, Question, ServedAt, judge};
    use crate::x509::ChainPosition::{Intermediate, Leaf};
    use crate::x509::{CertificateSha256, Fingerprints, PathCertificate, SpkiSha256};

    /// What is made of records of a port, for a chain of the keys “key” and “ca”.
    fn dane(port: u16, rdata: &[Vec<u8>], state: Option<DnssecState>) -> Fact<Dane> {
        let files: Vec<PinFile> = vec![of_lookup(&lookup(port, rdata, None, state))];
        let path = [(Leaf, "key"), (Intermediate, "ca")].map(|(position, name)| PathCertificate {
            position,
            spki_sha256: SpkiSha256::of(name.as_bytes()),
            sha256: CertificateSha256::of(name.as_bytes()),
            subject: name.to_owned(),
            fingerprints: Fingerprints::default(),
        });
        records(&judge(
            &files,
            &Question {
                host: Some("mail.example"),
                path: Some(&path),
                off_path: &[],
                service: Some(ServedAt { port, chain: &path }),
                at: "2026-11-21T00:00:00Z".parse().unwrap(),
                paths: &[],
                certificates: &[],
                known_ca: &|_| None,
            },
        ))
    }

    fn usable(usages: &[u8], satisfied: &[u8]) -> Fact<Dane> {
        Fact::Measured(Dane::Usable {
            usages: usages.iter().copied().collect(),
            satisfied: Some(satisfied.iter().copied().collect()),
            by_key: satisfied.iter().copied().collect(),
        })
    }

    #[test]
    fn records_count_by_dnssec_by_usage_and_by_what_they_match() {
        let secure = Some(DnssecState::Secure);
        assert_eq!(dane(25, &[spki(3, "key")], secure), usable(&[3], &[3]));
        assert_eq!(dane(25, &[spki(3, "key"), spki(2, "other")], secure), usable(&[2, 3], &[3]));
        assert_eq!(dane(25, &[spki(2, "ca")], secure), usable(&[2], &[2]));
        assert_eq!(dane(25, &[spki(3, "next")], secure), usable(&[3], &[]));
        let whole = [&[3, 0, 1], CertificateSha256::of(b"key").0.as_slice()].concat();
        let Fact::Measured(Dane::Usable { satisfied, by_key, .. }) =
            dane(25, &[whole, spki(2, "ca")], secure)
        else {
            panic!("not usable")
        };
        assert_eq!((satisfied, by_key), (Some([2, 3].into()), [2].into()), "selector 0 names no key");
        // Browsers look at none; clients made for DANE do.
        assert_eq!(dane(443, &[spki(3, "key")], secure), usable(&[3], &[3]));
        // Between mail servers, usages 0 and 1 are left aside.
        assert!(matches!(dane(25, &[spki(1, "key")], secure), Fact::Measured(Dane::NotUsable(_))));
        assert_eq!(dane(25, &[], secure), Fact::Measured(Dane::NoRecords));
        for state in [DnssecState::Insecure, DnssecState::Bogus] {
            assert!(matches!(dane(25, &[spki(3, "key")], Some(state)), Fact::Measured(Dane::NotUsable(_))));
        }
        for state in [Some(DnssecState::Indeterminate), None] {
            assert_eq!(dane(25, &[spki(3, "key")], state), Fact::Undetermined);
        }
    }
}
