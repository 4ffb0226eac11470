//! What the software of CAs is known to make of a set where it differs from the standard.
//!
//! Sources: Boulder, `va/caa.go` at 2d00c8e, which Let's Encrypt runs; Open MPIC, the core at 74114b5, which several
//! CAs run for their remote perspectives. Only points on which they are known to differ are judged; for everything
//! else they are taken to follow the standard.

use domain::base::iana::OptRcode;
use serde::Serialize;

use super::binding::{Binding, binding};
use super::dnssec::{Dnssec, is_unfinished};
use super::judge::{Relevant, RelevantSet};
use super::record::{CaaRecord, Property, PropertyKind};
use super::value::IssueValue;
use super::verdict::{CaIdentity, CaaQuestion, Usage, Verdict};
use crate::ca::CaTable;

/// Whose software Boulder is.
const LETS_ENCRYPT: &str = "letsencrypt.org";

/// The bit that Boulder takes for a second critical flag.
const FLAG_1: u8 = 1;

/// Software that CAs run to look at CAA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Software {
    /// Let's Encrypt's own.
    Boulder,
    /// That of the Open MPIC project.
    #[serde(rename = "Open MPIC")]
    OpenMpic,
}

/// What one piece of software concludes, where that is not the verdict by the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftwareVerdict {
    /// The software.
    pub software: Software,
    /// What it concludes for the CA that was asked about, if that CA ran it.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
}

impl Software {
    const ALL: [Self; 2] = [Self::Boulder, Self::OpenMpic];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boulder => "Boulder",
            Self::OpenMpic => "Open MPIC",
        }
    }

    /// Whether the CA of this identifier runs it, or no table knows the CA. Of the CAs in the tables only Let's Encrypt
    /// is known to run Boulder; Open MPIC may be anybody's.
    pub fn may_be_run_by(self, identifier: &str) -> bool {
        match self {
            Self::Boulder => {
                identifier.eq_ignore_ascii_case(LETS_ENCRYPT) || !CaTable.is_known_identifier(identifier)
            }
            Self::OpenMpic => true,
        }
    }

    /// Whether a critical property of this kind does not make it refuse.
    fn knows(self, kind: PropertyKind) -> bool {
        use PropertyKind::{ContactEmail, ContactPhone, IssueVmc, Unknown};
        match self {
            Self::Boulder => !matches!(kind, ContactEmail | ContactPhone | Unknown),
            Self::OpenMpic => !matches!(kind, IssueVmc | Unknown),
        }
    }

    /// The property that makes it refuse whatever else the set has.
    fn refused_property(self, set: &RelevantSet) -> Option<(&Property, &'static str)> {
        set.properties().filter(|property| !self.knows(property.kind())).find_map(|property| {
            if property.flags & 0x80 != 0 {
                Some((property, "is critical, and it does not know the property"))
            } else if self == Self::Boulder && property.flags & FLAG_1 != 0 {
                Some((property, "has the flag 1, which it takes for the critical flag"))
            } else {
                None
            }
        })
    }

    /// Whether it takes a value that matches the grammar for one that names the CA.
    fn is_named(self, value: &IssueValue, ca: &CaIdentity) -> Result<bool, &'static str> {
        let Some(issuer) = &value.issuer else { return Ok(false) };
        if !ca.identifiers.iter().any(|identifier| value.names(identifier)) {
            return Ok(false);
        }
        if self == Self::Boulder && issuer.bytes().any(|octet| octet.is_ascii_uppercase()) {
            return Err("it compares issuers letter by letter, and the record has capitals");
        }
        if self == Self::Boulder && value.parameters.iter().any(|parameter| parameter.tag.contains('-')) {
            return Err("it takes a hyphen in a parameter's name for malformed");
        }
        Ok(true)
    }

    fn of_set(
        self,
        set: &RelevantSet,
        ca: &CaIdentity,
        wildcard: bool,
        question: &CaaQuestion,
    ) -> (Verdict, String) {
        if let Some((property, why)) = self.refused_property(set) {
            return (Verdict::Deny, format!("{property} at {} {why}", set.name));
        }
        let governing = question.usage.governing(set, wildcard);
        if !set.has(governing) {
            return (Verdict::Permit, format!("no property at {} restricts it", set.name));
        }
        let mut why = format!("no record at {} names the CA as it reads them", set.name);
        for property in set.of_kind(governing) {
            let Ok(value) = property.issue_value() else { continue };
            match self.is_named(value, ca) {
                Ok(false) => {}
                Err(differs) => why = format!("{property} at {} does not count: {differs}", set.name),
                Ok(true) if self == Self::OpenMpic => {
                    let reason = "it reads accounturi and validationmethods, and does not enforce them";
                    return (Verdict::Permit, reason.to_owned());
                }
                Ok(true) => match binding(value, question.account.as_deref(), question.method.as_deref()) {
                    Binding::Holds | Binding::Conditional(_) => {
                        return (Verdict::Permit, format!("{property} at {} names the CA", set.name));
                    }
                    // It compares labels as written.
                    Binding::Open(refusal) | Binding::Refuses(refusal) => why = refusal,
                },
            }
        }
        (Verdict::Deny, why)
    }

    fn of_open(self, relevant: &Relevant) -> Option<(Verdict, String)> {
        match (self, relevant.missing_tld()) {
            (Self::Boulder, Some(tld)) => Some((
                Verdict::Deny,
                format!("it takes the missing top-level domain {tld} for a failed look-up"),
            )),
            (Self::OpenMpic, Some(tld)) => Some((
                Verdict::Permit,
                format!("it takes the missing top-level domain {tld} for one without CAA records"),
            )),
            // Only what a server said may be what a CA meets too; no connection from here tells nothing of theirs.
            (Self::Boulder, None) => failure_of_server(relevant).map(|said| {
                (
                    Verdict::Deny,
                    format!("it refuses after every failed look-up, so if it meets the same ({said})"),
                )
            }),
            // It refuses or permits as its operator set it.
            (Self::OpenMpic, None) => None,
        }
    }
}

/// The response code that a server gave instead of an answer, or what a validator holds against the answer.
fn failure_of_server(relevant: &Relevant) -> Option<&str> {
    match relevant {
        Relevant::Undetermined { detail, dnssec, .. } => {
            let is_code = detail.parse::<OptRcode>().is_ok();
            (is_code || *dnssec == Dnssec::Bogus).then_some(detail.as_str())
        }
        _ => None,
    }
}

/// The software that concludes something else than `ours`, and why. Both judge TLS certificates.
pub(super) fn differing(
    relevant: &Relevant,
    ca: &CaIdentity,
    wildcard: bool,
    question: &CaaQuestion,
    ours: Verdict,
) -> Vec<SoftwareVerdict> {
    let of = |software: Software| match relevant {
        Relevant::Set(set) => Some(software.of_set(set, ca, wildcard, question)),
        Relevant::Undetermined { .. } => software.of_open(relevant),
        Relevant::NoneAnywhere | Relevant::NotApplicable(_) => None,
    };
    if question.usage != Usage::Tls || !is_contested(relevant, ca) {
        return Vec::new();
    }
    let differs = |software| {
        let (verdict, reason) = of(software)?;
        (verdict != ours).then_some(SoftwareVerdict { software, verdict, reason })
    };
    let is_run = |software: &Software| {
        ca.identifiers.is_empty()
            || ca.identifiers.iter().any(|identifier| software.may_be_run_by(identifier))
    };
    Software::ALL.into_iter().filter(is_run).filter_map(differs).collect()
}

/// Whether anything stands there on which software may differ, so that most sets are judged once.
fn is_contested(relevant: &Relevant, ca: &CaIdentity) -> bool {
    match relevant {
        // Nothing is known of what it makes of malformed RDATA, or of a CA without identifiers.
        Relevant::Set(set) if ca.identifiers.is_empty() || set.malformed().next().is_some() => false,
        Relevant::Set(set) => set.records.iter().filter_map(CaaRecord::property).any(is_contested_property),
        // Where nothing was asked, no software failed; nor where validation alone was not finished.
        Relevant::Undetermined { detail, .. } => detail != "not asked" && !is_unfinished(detail),
        Relevant::NoneAnywhere | Relevant::NotApplicable(_) => false,
    }
}

fn is_contested_property(property: &Property) -> bool {
    use PropertyKind::{Iodef, Issue, IssueWild};
    match property.kind() {
        Issue | IssueWild => property.value.iter().any(|octet| octet.is_ascii_uppercase() || *octet == b'='),
        Iodef => false,
        _ => property.flags & (0x80 | FLAG_1) != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::caa;
    use super::*;

    fn set(records: &[(u8, &str, &str)]) -> Relevant {
        Relevant::Set(RelevantSet {
            name: "t.example".parse().unwrap(),
            records: records
                .iter()
                .map(|(flags, tag, value)| CaaRecord::read(&caa(*flags, tag, value)))
                .collect(),
            ttl: 300,
            aliases: Vec::new(),
        })
    }

    fn question() -> CaaQuestion {
        let ca = CaIdentity::from_identifier("ca1.example");
        CaaQuestion::tls(super::super::Who::Named(vec![ca]))
    }

    fn of(relevant: &Relevant, ours: Verdict, question: &CaaQuestion) -> Vec<(&'static str, Verdict)> {
        let ca = CaIdentity::from_identifier("ca1.example");
        let verdicts = differing(relevant, &ca, false, question, ours);
        assert!(verdicts.iter().all(|verdict| !verdict.reason.is_empty()));
        verdicts.into_iter().map(|verdict| (verdict.software.name(), verdict.verdict)).collect()
    }

    fn on(records: &[(u8, &str, &str)], ours: Verdict) -> Vec<(&'static str, Verdict)> {
        of(&set(records), ours, &question())
    }

    const GOOD: (u8, &str, &str) = (0, "issue", "ca1.example");
    const BOULDER_DENIES: [(&str, Verdict); 1] = [("Boulder", Verdict::Deny)];

    #[test]
    fn plain_sets_are_not_contested() {
        assert_eq!(on(&[GOOD, (0, "iodef", "mailto:A=b@c.example")], Verdict::Permit), []);
        assert_eq!(on(&[(128, "iodef", "x"), (0, "tbs", "x"), GOOD], Verdict::Permit), []);
        assert_eq!(on(&[(0, "issue", "ca2.example")], Verdict::Deny), []);
        assert_eq!(on(&[(0, "issue", "ca1.example; a=b")], Verdict::Permit), []);
        assert_eq!(on(&[(128, "tbs", "x"), GOOD], Verdict::Deny), [], "all refuse");
    }

    #[test]
    fn flags_and_critical_properties() {
        assert_eq!(on(&[(1, "tbs", "x"), GOOD], Verdict::Permit), BOULDER_DENIES);
        assert_eq!(on(&[(1, "issue", "ca1.example")], Verdict::Permit), [], "only on unknown properties");
        assert_eq!(on(&[(128, "contactemail", "a@t.example"), GOOD], Verdict::Permit), BOULDER_DENIES);
        assert_eq!(on(&[(128, "contactphone", "+1"), GOOD], Verdict::Permit), BOULDER_DENIES);
        let vmc = on(&[(128, "issuevmc", "ca1.example"), GOOD], Verdict::Permit);
        assert_eq!(vmc, [("Open MPIC", Verdict::Deny)]);
        assert_eq!(on(&[(128, "issuemail", "ca1.example"), GOOD], Verdict::Permit), []);
    }

    #[test]
    fn letter_case_and_hyphens() {
        assert_eq!(on(&[(0, "issue", "CA1.example")], Verdict::Permit), BOULDER_DENIES);
        assert_eq!(on(&[(0, "issue", "CA1.example"), GOOD], Verdict::Permit), []);
        assert_eq!(on(&[(0, "issue", "ca1.example; a-b=c")], Verdict::Permit), BOULDER_DENIES);
        assert_eq!(on(&[(0, "issue", "CA2.example")], Verdict::Deny), []);
    }

    #[test]
    fn bindings_are_not_enforced_everywhere() {
        let bound = set(&[(0, "issue", "ca1.example; accounturi=https://a.example/1")]);
        let account = Some("https://a.example/2".to_owned());
        let other = CaaQuestion { account, ..question() };
        assert_eq!(of(&bound, Verdict::Deny, &other), [("Open MPIC", Verdict::Permit)]);
        assert_eq!(of(&bound, Verdict::Permit, &question()), []);
        let smime = CaaQuestion { usage: Usage::Smime, ..other };
        assert_eq!(of(&bound, Verdict::Deny, &smime), []);
    }

    #[test]
    fn failures_and_missing_top_level_domains() {
        let open = |at: &str, detail: &str| Relevant::Undetermined {
            at: at.parse().unwrap(),
            detail: detail.to_owned(),
            dnssec: Dnssec::Unchecked,
        };
        let failed = |relevant| of(&relevant, Verdict::Undetermined, &question());
        assert_eq!(failed(open("t.example", "SERVFAIL")), BOULDER_DENIES);
        assert_eq!(failed(open("t.example", "REFUSED")), BOULDER_DENIES);
        for from_here in [
            "not asked",
            "timeout",
            "no DNS server: none is set",
            "no connection: network unreachable",
            "I/O error: x",
        ] {
            assert_eq!(failed(open("t.example", from_here)), [], "{from_here}");
        }
        assert_eq!(of(&open("gone", "NXDOMAIN"), Verdict::Permit, &question()), BOULDER_DENIES);
    }

    #[test]
    fn boulder_is_not_held_against_cas_that_do_not_run_it() {
        let of = |issuer: &str| {
            let set = set(&[(1, "tbs", "x"), (0, "issue", issuer)]);
            let verdicts =
                differing(&set, &CaIdentity::from_identifier(issuer), false, &question(), Verdict::Permit);
            verdicts.len()
        };
        assert_eq!([of("letsencrypt.org"), of("ca1.example"), of("digicert.com")], [1, 1, 0]);
    }

    #[test]
    fn what_is_malformed_is_left_alone() {
        let Relevant::Set(mut malformed) = set(&[(0, "issue", "CA1.example")]) else { unreachable!() };
        malformed.records.push(CaaRecord::read(b""));
        assert_eq!(of(&Relevant::Set(malformed), Verdict::Undetermined, &question()), []);
    }
}
