//! What one relevant set says of one CA.
//!
//! Source: RFC 8659 sections 4.1 to 4.3, RFC 9495 section 4, RFC 8657.

use serde::Serialize;

use super::binding::{Binding, binding};
use super::judge::RelevantSet;
use super::record::{CaaRecord, Property, PropertyKind};
use super::software::SoftwareVerdict;

/// What a certificate is for; each usage has its own properties, and they do not affect one another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// TLS servers: `issue`, and `issuewild` for wildcard names (RFC 8659 section 4.3).
    #[default]
    Tls,
    /// E-mail: `issuemail` (RFC 9495).
    Smime,
    /// Verified and common marks: `issuevmc`.
    Vmc,
}

/// Whether a CA may issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may.
    Permit,
    /// It must not.
    Deny,
    /// What was seen does not tell.
    Undetermined,
}

/// Who may issue, whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Any CA.
    Anyone,
    /// Only the CAs of these issuer domain names, some perhaps under conditions (RFC 8657).
    Only(Vec<String>),
    /// No CA at all.
    Nobody,
    /// What was seen does not tell, and why.
    Undetermined(String),
}

/// A CA as CAA knows it: by every identifier it recognises as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaIdentity {
    /// How reports call it.
    pub label: String,
    /// Its issuer domain names. Empty: they are not known.
    pub identifiers: Vec<String>,
}

/// Which CAs are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// These.
    Named(Vec<CaIdentity>),
    /// Every CA that the relevant set names for the usage.
    EveryCaInTheSet,
}

/// What is asked of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaQuestion {
    /// Which CAs.
    pub who: Who,
    /// What the certificate is for.
    pub usage: Usage,
    /// The account that asks the CA (RFC 8657 section 3), if known.
    pub account: Option<String>,
    /// The validation method the CA would use (RFC 8657 section 4), if known.
    pub method: Option<String>,
}

/// The verdict for one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaVerdict {
    /// The CA, as the question or the set calls it.
    pub ca: String,
    /// What the certificate is for.
    pub usage: Usage,
    /// Whether it may issue.
    pub verdict: Verdict,
    /// Why, in one sentence that names its source.
    pub reason: String,
    /// The software of CAs that is known to conclude something else.
    pub software: Vec<SoftwareVerdict>,
}

impl CaaQuestion {
    /// The question for a TLS certificate, with account and method unknown.
    pub fn tls(who: Who) -> Self {
        Self { who, usage: Usage::Tls, account: None, method: None }
    }
}

impl CaIdentity {
    /// A CA known by one identifier.
    pub fn from_identifier(identifier: impl Into<String>) -> Self {
        let identifier = identifier.into();
        Self { label: identifier.clone(), identifiers: vec![identifier] }
    }

    pub(super) fn is_named_by(&self, property: &Property) -> bool {
        let Ok(value) = property.issue_value() else { return false };
        self.identifiers.iter().any(|identifier| value.names(identifier))
    }
}

impl Usage {
    /// The kind of property that governs this usage in `set`, for a wildcard name or another.
    pub fn governing(self, set: &RelevantSet, wildcard: bool) -> PropertyKind {
        match self {
            Self::Tls if wildcard && set.has(PropertyKind::IssueWild) => PropertyKind::IssueWild,
            Self::Tls => PropertyKind::Issue,
            Self::Smime => PropertyKind::IssueMail,
            Self::Vmc => PropertyKind::IssueVmc,
        }
    }
}

impl RelevantSet {
    /// Every property that can be read.
    pub fn properties(&self) -> impl Iterator<Item = &Property> {
        self.records.iter().filter_map(CaaRecord::property)
    }

    /// The properties of one kind.
    pub fn of_kind(&self, kind: PropertyKind) -> impl Iterator<Item = &Property> {
        self.properties().filter(move |property| property.kind() == kind)
    }

    /// Whether there is any property of this kind.
    pub fn has(&self, kind: PropertyKind) -> bool {
        self.of_kind(kind).next().is_some()
    }

    /// The records that forbid every issuance: critical, and of no known property (RFC 8659 section 4.1).
    pub fn unknown_critical(&self) -> impl Iterator<Item = &CaaRecord> {
        self.records.iter().filter(|record| {
            record.is_critical()
                && record.property().is_none_or(|known| known.kind() == PropertyKind::Unknown)
        })
    }

    /// Who may issue by this set.
    pub fn policy(&self, usage: Usage, wildcard: bool) -> Policy {
        let governing = usage.governing(self, wildcard);
        let issuers = self.issuers(governing);
        if self.unknown_critical().next().is_some() || (self.has(governing) && issuers.is_empty()) {
            return Policy::Nobody;
        }
        match self.first_malformed() {
            Some(_) => Policy::Undetermined(format!("a record at {} is malformed", self.name)),
            None if issuers.is_empty() => Policy::Anyone,
            None => Policy::Only(issuers),
        }
    }

    /// Why nobody or anybody may issue by this set; `None` where some may, and it names them.
    pub fn why(&self, usage: Usage, wildcard: bool) -> Option<String> {
        let governing = usage.governing(self, wildcard);
        let (tag, section) = names_of(governing);
        match (self.policy(usage, wildcard), self.unknown_critical().next()) {
            (Policy::Anyone, _) => Some(format!(
                "the set at {} has no {tag} property, so any CA may issue ({section})",
                self.name
            )),
            (Policy::Nobody, Some(record)) => Some(forbidding(record, self)),
            (Policy::Nobody, None) => {
                let property = self.of_kind(governing).next()?;
                let others = match self.of_kind(governing).count() {
                    0 | 1 => String::new(),
                    many => format!(", nor does another of the {many} {tag} records"),
                };
                Some(format!("{property} at {} names no CA{others} ({section})", self.name))
            }
            _ => None,
        }
    }

    /// The issuers that properties of this kind name, in order, each once and in lower case.
    pub fn issuers(&self, kind: PropertyKind) -> Vec<String> {
        let mut issuers = Vec::new();
        let values = self.of_kind(kind).filter_map(|property| property.issue_value().ok());
        for issuer in values.filter_map(|value| value.issuer.as_ref()) {
            let issuer = issuer.to_ascii_lowercase();
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
        }
        issuers
    }
}

/// The verdict of `set` for one CA.
pub(super) fn of_set(
    set: &RelevantSet,
    ca: &CaIdentity,
    wildcard: bool,
    question: &CaaQuestion,
) -> (Verdict, String) {
    if let Some(record) = set.unknown_critical().next() {
        return (Verdict::Deny, forbidding(record, set));
    }
    match (of_properties(set, ca, wildcard, question), set.first_malformed()) {
        ((Verdict::Permit, _), Some(malformed)) => (
            Verdict::Undetermined,
            format!(
                "a record at {} is malformed ({}), and a CA may refuse the whole set for it (RFC 8659 section 4.1)",
                set.name, malformed.why
            ),
        ),
        (verdict, _) => verdict,
    }
}

fn forbidding(record: &CaaRecord, set: &RelevantSet) -> String {
    format!(
        "{record} at {} is critical and of no known property, so no CA may issue (RFC 8659 section 4.1)",
        set.name
    )
}

/// The verdict of the properties that govern the usage.
fn of_properties(
    set: &RelevantSet,
    ca: &CaIdentity,
    wildcard: bool,
    question: &CaaQuestion,
) -> (Verdict, String) {
    let governing = question.usage.governing(set, wildcard);
    let (tag, section) = names_of(governing);
    let at = &set.name;
    if !set.has(governing) {
        return (
            Verdict::Permit,
            format!("the set at {at} has no {tag} property, so any CA may issue ({section})"),
        );
    }
    if ca.identifiers.is_empty() && !set.issuers(governing).is_empty() {
        return (
            Verdict::Undetermined,
            format!("{tag} at {at} names CAs, and the identifiers of {} are not known ({section})", ca.label),
        );
    }
    let mut refusal = None;
    let mut conditional = None;
    let mut open = None;
    for property in set.of_kind(governing).filter(|property| ca.is_named_by(property)) {
        let Ok(value) = property.issue_value() else { continue };
        match binding(value, question.account.as_deref(), question.method.as_deref()) {
            // Records are additive: one that holds is enough (RFC 8659 section 4.2).
            Binding::Holds => return (Verdict::Permit, format!("{property} at {at} names it ({section})")),
            Binding::Conditional(conditions) => {
                let conditions = conditions.join(" and ");
                let reason = format!(
                    "{property} at {at} names it, {conditions} where the CA processes RFC 8657 (all must from \
                     2027-03-15, ballot SC-098v2)"
                );
                conditional.get_or_insert((Verdict::Permit, reason));
            }
            Binding::Open(why) => {
                let reason = format!("{property} at {at} names it, and {why}");
                open.get_or_insert((Verdict::Undetermined, reason));
            }
            Binding::Refuses(why) => {
                let reason = format!(
                    "{property} at {at} names it, but {why}: a CA that processes RFC 8657 refuses (all must process \
                     it from 2027-03-15, ballot SC-098v2)"
                );
                refusal.get_or_insert((Verdict::Deny, reason));
            }
        }
    }
    conditional.or(open).or(refusal).unwrap_or_else(|| {
        let issuers = set.issuers(governing);
        let named =
            if issuers.is_empty() { "no CA".to_owned() } else { format!("only {}", issuers.join(", ")) };
        (Verdict::Deny, format!("{tag} at {at} names {named} ({section})"))
    })
}

/// The tag of a governing kind, and the section that says what it means.
pub(super) fn names_of(kind: PropertyKind) -> (&'static str, &'static str) {
    match kind {
        PropertyKind::IssueWild => ("issuewild", "RFC 8659 section 4.3"),
        PropertyKind::IssueMail => ("issuemail", "RFC 9495 section 4"),
        PropertyKind::IssueVmc => ("issuevmc", "VMC Requirements"),
        _ => ("issue", "RFC 8659 section 4.2"),
    }
}

#[cfg(test)]
mod tests;
