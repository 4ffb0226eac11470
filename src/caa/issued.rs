//! Certificates that were issued, set beside what CAA says now.
//!
//! CAA binds when a certificate is issued (RFC 8659 section 1): that a set seen now does not permit a certificate's
//! issuer breaks no rule, and says that its next renewal will fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::judge::{CaaReading, Relevant, judge};
use super::record::PropertyKind;
use super::verdict::{CaIdentity, CaaQuestion, Usage, Verdict, Who, names_of};
use crate::dns_name::CertificateName;
use crate::evidence::dns::{CaaLookup, DnsExchange};
use crate::x509::CertificateSha256;

/// A certificate that was issued, as far as CAA looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate.
    pub sha256: CertificateSha256,
    /// The DNS names it is for.
    pub names: Vec<CertificateName>,
    /// Who issued it. Without identifiers: it is not known whom CAA would have to name.
    pub issuer: CaIdentity,
}

/// What was issued for a name, beside what CAA says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The name asked about.
    pub asked: CertificateName,
    /// One entry for each name of a certificate that the name asked about is concerned by.
    pub names: Vec<IssuedName>,
    /// The CAs that CAA authorises and that issued none of the certificates for names at or below that of the set;
    /// `None` where none of these has an issuer that is known, or no set names any CA.
    pub never_issued: Option<Vec<String>>,
    /// How many of the certificates have an issuer that is not known.
    pub unknown_issuers: usize,
}

/// One name of a certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedName {
    /// The certificate.
    pub sha256: CertificateSha256,
    /// Its name, with its `*.` if it is a wildcard: judged as such.
    pub name: CertificateName,
    /// Who issued it.
    pub issuer: String,
    /// By what CAA would have to name the issuer; empty where that is not known.
    pub identifiers: Vec<String>,
    /// Whether CAA as seen now lets the issuer renew it.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The record that would let the issuer in, where nothing stops it but that none names it.
    pub missing: Option<MissingRecord>,
}

impl Issued {
    /// Whether CAA lets an issuer renew could not be said of some certificate.
    pub fn is_undetermined(&self) -> bool {
        self.names.iter().any(|name| name.verdict == Verdict::Undetermined)
    }
}

/// Where a record would have to stand that names the issuer, and with which tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRecord {
    /// The name that has the set now. A record elsewhere would hide the set, not add to it.
    pub at: String,
    /// The tag that governs now. Another one could lock the CAs out that the set names.
    pub tag: &'static str,
}

/// Sets certificates beside what was looked up for `name`. Those for other names are passed over.
///
/// A certificate counts by its names: the very name, the wildcard of the same domain where the plain name was asked
/// about, and a wildcard that covers it. Whether a CA is in use is another matter: every name at or below that of the
/// set tells, because the set holds there too unless a nearer one does.
pub fn issued(
    name: &CertificateName,
    lookup: &CaaLookup,
    usage: Usage,
    certificates: &[IssuedCertificate],
) -> Issued {
    let reading = judge(name, lookup, &question(usage, Who::EveryCaInTheSet));
    let mut names = Vec::new();
    let (mut issuers, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for certificate in certificates {
        let mut done: Vec<&CertificateName> = Vec::new();
        for own in certificate.names.iter().filter(|own| concerns(own, name)) {
            if done.contains(&own) {
                continue;
            }
            done.push(own);
            names.push(judged(own, lookup, usage, certificate));
        }
        let in_its_reach =
            |own: &CertificateName| reading.set().is_some_and(|set| own.base.is_at_or_below(&set.name));
        if certificate.names.iter().any(in_its_reach) {
            issuers.extend(certificate.issuer.identifiers.iter().map(|id| id.to_ascii_lowercase()));
        }
        let counts = !done.is_empty() || certificate.names.iter().any(in_its_reach);
        if counts && certificate.issuer.identifiers.is_empty() {
            unknown.insert(certificate.sha256);
        }
    }
    let authorised = authorised(&reading);
    // Whoever is not known may be one of those that seem to have issued nothing.
    let never_issued = (unknown.is_empty() && !issuers.is_empty() && !authorised.is_empty())
        .then(|| authorised.into_iter().filter(|ca| !issuers.contains(ca)).collect());
    Issued { asked: name.clone(), names, never_issued, unknown_issuers: unknown.len() }
}

/// Whether a certificate's name has to do with the name asked about.
fn concerns(own: &CertificateName, asked: &CertificateName) -> bool {
    if asked.wildcard { own == asked } else { own.base == asked.base || own.covers(&asked.base) }
}

fn question(usage: Usage, who: Who) -> CaaQuestion {
    CaaQuestion { who, usage, account: None, method: None }
}

fn judged(
    own: &CertificateName,
    lookup: &CaaLookup,
    usage: Usage,
    certificate: &IssuedCertificate,
) -> IssuedName {
    let issuer = &certificate.issuer;
    let reading = judge(own, &beginning_at(own, lookup), &question(usage, Who::Named(vec![issuer.clone()])));
    let missing = missing(&reading, issuer);
    let (verdict, reason) = match reading.verdicts.into_iter().next() {
        Some(verdict) => (verdict.verdict, verdict.reason),
        None => (Verdict::Undetermined, "CAA does not apply to this name".to_owned()),
    };
    IssuedName {
        sha256: certificate.sha256,
        name: own.clone(),
        issuer: issuer.label.clone(),
        identifiers: issuer.identifiers.clone(),
        verdict,
        reason,
        missing,
    }
}

/// What is missing, if the set denies the issuer for want of a record that names it.
fn missing(reading: &CaaReading, issuer: &CaIdentity) -> Option<MissingRecord> {
    let set = reading.set()?;
    let governing = reading.usage.governing(set, reading.wildcard);
    let denied = reading.verdicts.first().is_some_and(|verdict| verdict.verdict == Verdict::Deny);
    let named = set.of_kind(governing).any(|property| issuer.is_named_by(property));
    (denied && !named && set.unknown_critical().next().is_none()).then(|| MissingRecord {
        // Beside an alias nothing else may stand: the set is where the alias leads.
        at: set.aliases.last().cloned().unwrap_or_else(|| set.name.to_string()),
        tag: names_of(governing).0,
    })
}

/// The part of a look-up that a climb from this name would have made. A wildcard that covers the name asked about
/// begins one step above it.
fn beginning_at(own: &CertificateName, lookup: &CaaLookup) -> CaaLookup {
    let from = |steps: &[Arc<DnsExchange>]| {
        steps.iter().skip_while(|step| step.name != own.base).cloned().collect::<Vec<_>>()
    };
    let steps = match from(&lookup.steps) {
        steps if steps.is_empty() => from(&lookup.above),
        steps => steps,
    };
    CaaLookup { steps, ..CaaLookup::of(own.base.clone()) }
}

/// The issuers that the set names for the name, and where it is a plain one, for the wildcards below it too.
fn authorised(reading: &CaaReading) -> Vec<String> {
    let Relevant::Set(set) = &reading.relevant else { return Vec::new() };
    if set.unknown_critical().next().is_some() {
        return Vec::new();
    }
    let mut issuers = set.issuers(reading.usage.governing(set, reading.wildcard));
    if reading.usage == Usage::Tls && !reading.wildcard {
        let wildcards = set.issuers(PropertyKind::IssueWild);
        let further: Vec<String> = wildcards.into_iter().filter(|issuer| !issuers.contains(issuer)).collect();
        issuers.extend(further);
    }
    issuers
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CAA, RECURSIVE, Rr, caa, message, soa};
    use super::*;
    use crate::evidence::dns::{DnsAttempt, DnsExchange, DnsOutcome, DnsTransport};

    fn step(name: &str, rdata: &[Vec<u8>]) -> DnsExchange {
        let records: Vec<Rr<'_>> = rdata.iter().map(|rdata| (name, CAA, rdata.clone())).collect();
        let attempt = DnsAttempt {
            server: "192.0.2.1:53".to_owned(),
            transport: DnsTransport::Udp,
            milliseconds: 1,
            outcome: DnsOutcome::Message(message(name, RECURSIVE, &records, &[soa("example")]).into()),
        };
        DnsExchange::of(name.parse().unwrap(), vec![attempt])
    }

    fn lookup(steps: Vec<DnsExchange>) -> CaaLookup {
        let name = steps[0].name.clone();
        CaaLookup { steps: steps.into_iter().map(Arc::new).collect(), ..CaaLookup::of(name) }
    }

    fn certificate(names: &[&str], identifiers: &[&str]) -> IssuedCertificate {
        IssuedCertificate {
            sha256: CertificateSha256::of(names.concat().as_bytes()),
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            issuer: CaIdentity {
                label: "Example CA".to_owned(),
                identifiers: identifiers.iter().map(|&id| id.to_owned()).collect(),
            },
        }
    }

    fn of(
        name: &str,
        lookup: &CaaLookup,
        certificates: &[IssuedCertificate],
    ) -> (Issued, Vec<(String, Verdict)>) {
        let issued = issued(&name.parse().unwrap(), lookup, Usage::Tls, certificates);
        assert!(issued.names.iter().all(|name| !name.reason.is_empty()));
        let verdicts = issued.names.iter().map(|name| (name.name.to_string(), name.verdict)).collect();
        (issued, verdicts)
    }

    fn set() -> Vec<Vec<u8>> {
        vec![caa(0, "issue", "ca1.example"), caa(0, "issuewild", "ca2.example")]
    }

    #[test]
    fn each_name_has_its_own_verdict() {
        let lookup = lookup(vec![step("t.example", &set())]);
        let ours = certificate(&["t.example", "*.t.example", "t.example", "other.example"], &["ca1.example"]);
        let (issued, verdicts) = of("t.example", &lookup, std::slice::from_ref(&ours));
        let plain = ("t.example".to_owned(), Verdict::Permit);
        let wildcard = ("*.t.example".to_owned(), Verdict::Deny);
        assert_eq!(verdicts, [plain, wildcard.clone()]);
        assert_eq!(issued.never_issued.unwrap(), ["ca2.example"]);
        assert_eq!(of("*.t.example", &lookup, &[ours]).1, [wildcard]);
    }

    #[test]
    fn a_ca_in_use_below_is_in_use() {
        let lookup = lookup(vec![step("t.example", &set())]);
        let used =
            [certificate(&["t.example"], &["ca1.example"]), certificate(&["w.t.example"], &["ca2.example"])];
        let (issued, verdicts) = of("t.example", &lookup, &used);
        assert_eq!(
            verdicts,
            [("t.example".to_owned(), Verdict::Permit)],
            "other names have verdicts of their own"
        );
        assert_eq!(issued.never_issued.unwrap(), [""; 0]);
        let elsewhere = [used[0].clone(), certificate(&["u.example"], &["ca2.example"])];
        assert_eq!(of("t.example", &lookup, &elsewhere).0.never_issued.unwrap(), ["ca2.example"]);
    }

    #[test]
    fn the_missing_record_adds_to_the_set_that_governs() {
        let missing = |records: &[Vec<u8>], name: &str| {
            let lookup = lookup(vec![step("w.t.example", &[]), step("t.example", records)]);
            let (issued, _) = of("w.t.example", &lookup, &[certificate(&[name], &["ca3.example"])]);
            issued.names[0].missing.clone().map(|missing| (missing.at, missing.tag))
        };
        let at = |tag| Some(("t.example".to_owned(), tag));
        let one = [caa(0, "issue", "ca1.example")];
        assert_eq!(missing(&one, "w.t.example"), at("issue"));
        assert_eq!(missing(&one, "*.w.t.example"), at("issue"), "issuewild would lock ca1.example out");
        assert_eq!(missing(&set(), "*.w.t.example"), at("issuewild"));
        let critical = [caa(0, "issue", "ca1.example"), caa(128, "tbs", "x")];
        assert_eq!(missing(&critical, "w.t.example"), None);
        let bound = [caa(0, "issue", "ca3.example; accounturi=a:b; accounturi=a:b")];
        assert_eq!(missing(&bound, "w.t.example"), None);
        assert_eq!(missing(&[caa(0, "issue", "ca3.example")], "w.t.example"), None);
    }

    #[test]
    fn any_identifier_of_the_issuer_will_do() {
        let lookup = lookup(vec![step("t.example", &[caa(0, "issue", "old.example")])]);
        let (issued, verdicts) =
            of("t.example", &lookup, &[certificate(&["t.example"], &["new.example", "old.example"])]);
        assert_eq!(verdicts, [("t.example".to_owned(), Verdict::Permit)]);
        assert_eq!(issued.never_issued.unwrap(), [""; 0]);
    }

    #[test]
    fn an_unknown_issuer_is_neither_authorised_nor_not() {
        let lookup = lookup(vec![step("t.example", &set())]);
        let (issued, verdicts) = of("t.example", &lookup, &[certificate(&["t.example"], &[])]);
        assert_eq!(verdicts, [("t.example".to_owned(), Verdict::Undetermined)]);
        assert_eq!((issued.never_issued, issued.unknown_issuers), (None, 1));
        let both = [certificate(&["t.example"], &["ca1.example"]), certificate(&["w.t.example"], &[])];
        assert_eq!(
            of("t.example", &lookup, &both).0.never_issued,
            None,
            "the unknown one may be ca2.example"
        );
    }

    #[test]
    fn a_wildcard_above_is_judged_from_where_it_begins() {
        let ca3 = || certificate(&["*.t.example"], &["ca2.example"]);
        let above = step("t.example", &set());
        let plain = lookup(vec![step("w.t.example", &[]), above.clone()]);
        assert_eq!(of("w.t.example", &plain, &[ca3()]).1, [("*.t.example".to_owned(), Verdict::Permit)]);
        // The name has a set of its own, which says nothing of the wildcard above it.
        let own = step("w.t.example", &[caa(0, "issue", ";")]);
        let short = lookup(vec![own.clone()]);
        assert_eq!(of("w.t.example", &short, &[ca3()]).1[0].1, Verdict::Undetermined);
        let long = CaaLookup { above: vec![above.into()], ..lookup(vec![own]) };
        assert_eq!(of("w.t.example", &long, &[ca3()]).1[0].1, Verdict::Permit);
    }

    #[test]
    fn certificates_for_other_names_are_passed_over() {
        let lookup = lookup(vec![step("t.example", &set())]);
        let (issued, verdicts) = of("t.example", &lookup, &[certificate(&["u.example"], &["ca1.example"])]);
        assert_eq!((verdicts.len(), issued.never_issued, issued.unknown_issuers), (0, None, 0));
    }
}
