//! What the expectations of today, and CAA as it is today, say against the certificates of the past.

use std::collections::{BTreeSet, HashMap};

use crate::ca::expectation::Expectation;
use crate::caa::{self, CaIdentity, CaaQuestion, Verdict, Who};
use crate::compare::replay::{Asked, FlagRule, Flagged, HistoricCertificate};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::TargetEvidence;
use crate::evidence::dns::CaaLookup;
use crate::issuance::renewal::issuer_label;
use crate::issuance::{IssuanceVerdict, JudgedCertificate, KeyListing};

/// What would have been flagged, by the places of the certificates, and by what; `None` where nothing is expected and CAA
/// was not looked up.
pub(super) fn flagged(
    judged: &[(&JudgedCertificate, &HistoricCertificate)],
    (target, issued): (&TargetEvidence, &IssuanceVerdict),
    host: &DnsName,
    unknown: &mut Vec<String>,
) -> Option<(Vec<Flagged>, Vec<Asked>)> {
    let evidence = target.issuance.as_ref().map(|evidence| evidence.caa.as_slice()).unwrap_or_default();
    let mut caa = Caa { lookups: [evidence, &target.caa], known: HashMap::new() };
    let has_keys = judged.iter().any(|(judged, _)| judged.key != KeyListing::NoList);
    let has_caa = caa.lookups.iter().any(|lookups| !lookups.is_empty());
    if issued.expected.is_none() && !has_keys && !has_caa {
        return None;
    }
    let mut all = Vec::new();
    let (mut open_caa, mut open_issuer, mut open_key) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (place, (judged, it)) in judged.iter().enumerate() {
        let (visible_from, visible_by) = (it.first_logged, it.first_logged_by);
        let mut flag =
            |rule, why| all.push(Flagged { certificate: place, rule, why, visible_from, visible_by });
        match judged.issuer.expectation {
            Expectation::Unexpected => flag(FlagRule::ExpectedCa, judged.issuer.reasons.join(" ")),
            Expectation::Undetermined => {
                open_issuer.insert(place);
            }
            Expectation::Expected | Expectation::NoExpectation => {}
        }
        match judged.key {
            KeyListing::Unlisted => flag(FlagRule::KnownKey, "Its key is none of known_keys.".to_owned()),
            KeyListing::Unknown => {
                open_key.insert(place);
            }
            KeyListing::Listed | KeyListing::NoList => {}
        }
        match caa.denied(judged, host) {
            Some(Some((rule, why))) => flag(rule, why),
            Some(None) => {}
            None => {
                open_caa.insert(place);
            }
        }
    }
    let of = judged.len();
    let mut asked = Vec::new();
    for (rule, is_asked, undetermined, what) in [
        (FlagRule::Caa, has_caa, open_caa, "what CAA of today says of their CA"),
        (FlagRule::ExpectedCa, issued.expected.is_some(), open_issuer, "whether their CA is expected"),
        (FlagRule::KnownKey, has_keys, open_key, "whether their key is listed"),
    ] {
        if !undetermined.is_empty() {
            let open = undetermined.len();
            unknown.push(format!("Of {open} of {of} certificates it is not known {what}."));
        }
        if is_asked {
            asked.push(Asked { rule, undetermined });
        }
    }
    Some((all, asked))
}

/// What CAA says against a CA for a name: the rule and why, if anything; `None` where it is not known.
type Denied = Option<Option<(FlagRule, String)>>;

struct Caa<'e> {
    lookups: [&'e [CaaLookup]; 2],
    known: HashMap<(Vec<String>, String), Denied>,
}

impl Caa<'_> {
    /// What the records of today say against a certificate, for those of its names that are good for the host.
    fn denied(&mut self, judged: &JudgedCertificate, host: &DnsName) -> Denied {
        let identifiers = &judged.certificate.issuer.caa_identifiers;
        if identifiers.is_empty() {
            return None;
        }
        let names = judged.certificate.names.iter().filter_map(|name| name.parse::<CertificateName>().ok());
        let mut open = false;
        for name in names.filter(|name| name.covers(host)) {
            let key = (identifiers.clone(), name.to_string());
            let denied = if let Some(known) = self.known.get(&key) {
                known.clone()
            } else {
                let found = self.look(&name, identifiers, &issuer_label(judged));
                self.known.insert(key, found.clone());
                found
            };
            match denied {
                Some(Some(denied)) => return Some(Some(denied)),
                Some(None) => {}
                None => open = true,
            }
        }
        (!open).then_some(None)
    }

    fn look(&self, name: &CertificateName, identifiers: &[String], label: &str) -> Denied {
        let lookup = self.lookups.iter().copied().flatten().find(|lookup| lookup.name == name.base)?;
        let ask = |name: &CertificateName| {
            let ca = CaIdentity { label: label.to_owned(), identifiers: identifiers.to_vec() };
            let question = CaaQuestion::tls(Who::Named(vec![ca]));
            caa::judge(name, lookup, &question).verdicts.into_iter().next()
        };
        let verdict = ask(name)?;
        match verdict.verdict {
            Verdict::Permit => Some(None),
            Verdict::Undetermined => None,
            Verdict::Deny => {
                // Where the plain name is permitted, it is issuewild that denies.
                let plain = CertificateName { base: name.base.clone(), wildcard: false };
                let by_issuewild =
                    name.wildcard && ask(&plain).is_some_and(|plain| plain.verdict == Verdict::Permit);
                let rule = if by_issuewild { FlagRule::Issuewild } else { FlagRule::Caa };
                Some(Some((rule, format!("For {name}: {}", verdict.reason))))
            }
        }
    }
}
