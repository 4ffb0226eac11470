//! What to publish: the record set that allows exactly the CAs in use.
//!
//! Sources: RFC 8659 sections 4.2 to 4.4, RFC 8657, RFC 9495. Which CAs are in use comes as plain data, each with
//! where it was seen; nothing is added that was not seen or named. What of the published set says nothing about who
//! may issue TLS certificates (`iodef`, contacts, e-mail, marks) is kept.

mod bindings;
mod difference;
pub mod form;
pub mod record;
mod records;
#[cfg(test)]
mod tests;
mod zone_apex;

use jiff::civil::Date;
use serde::Serialize;

pub use self::difference::{Difference, PublishedState};
pub use self::form::{Form, RecordSet};
pub use self::record::{SuggestedRecord, UnfitRecord};
pub use self::zone_apex::{alias_target, zone_apex};
use super::binding::NoAccount;
use super::judge::{CaaReading, RelevantSet};
use super::method::LabelFault;
use super::record::PropertyKind;
use super::verdict::{CaIdentity, CaVerdict, Usage};
use crate::dns_name::DnsName;

/// A CA that is in use, or that the owner names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaInUse {
    /// What reports call it, and every identifier it recognises as far as that is known.
    pub identity: CaIdentity,
    /// The identifier to publish.
    pub identifier: String,
    /// Why that one, in words that follow “chosen because”.
    pub why: String,
    /// The other identifiers, any of which would do.
    pub alternatives: Vec<String>,
    /// Where it was seen or named.
    pub sightings: Vec<Sighting>,
}

/// One reason to take a CA for one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where.
    pub source: SightingSource,
    /// What was seen there, in words.
    pub detail: String,
    /// Whether a certificate with a wildcard name was seen.
    pub wildcard: bool,
}

/// Where a CA was seen or named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SightingSource {
    /// It issued the certificate that the name's server shows.
    Served,
    /// It issued certificates that the owner gave as evidence.
    Issued,
    /// The policy file expects it.
    Policy,
    /// The command line expects it.
    ExpectCa,
    /// The command line names it.
    Named,
}

/// What is known of wildcard certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    /// Some were seen; whose, the sightings say.
    Seen,
    /// The certificates given as evidence have none.
    NoneAmong(usize),
    /// Nobody can say: a single server's certificate tells nothing of the others.
    Unknown,
}

/// How far the evidence reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// What is known of wildcard certificates.
    pub wildcards: Wildcards,
    /// Whether a wildcard certificate was seen whose issuer is not known: then wildcards are in use, whosesoever.
    pub wildcard_unresolved: bool,
    /// Whether certificates that were issued were given, and all their issuers are known: only then a published CA
    /// that was not seen counts as one that is not in use.
    pub issued: bool,
    /// Whether a CA is in use that could not be written down.
    pub open: bool,
}

/// What the owner wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The name that is to have the records.
    pub name: DnsName,
    /// Whether everything that is not known to be in use is to be forbidden.
    pub strict: bool,
    /// Whether `issue` and `issuewild` are to be critical.
    pub critical: bool,
    /// Where CAs are to report what they refused.
    pub iodef: Vec<String>,
    /// ACME accounts (RFC 8657 section 3).
    pub accounts: Vec<Bound>,
    /// Validation methods (RFC 8657 section 4).
    pub methods: Vec<Bound>,
    /// The day for which is suggested: some methods end.
    pub today: Date,
}

/// A parameter, for one CA or for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The CA, by identifier or owner; `None`: every one.
    pub ca: Option<String>,
    /// The parameter's value.
    pub value: String,
}

/// Why nothing can be suggested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuggestError {
    /// No CA is in use.
    #[error("no CA is known to be in use")]
    NoCa,
    /// An account without its CA.
    #[error(
        "--account {0}: an account belongs to one CA, and {1} are in use; write CA=URI, or no other CA could issue"
    )]
    WhoseAccount(String, usize),
    /// A parameter for a CA that is not in use.
    #[error("“{0}” is none of the CAs in use: {1}")]
    NotInUse(String, String),
    /// No URI, or one with octets that a CAA parameter does not have.
    #[error(transparent)]
    BadAccount(#[from] NoAccount),
    /// No label that any CA takes for a method.
    #[error(transparent)]
    BadMethod(LabelFault),
    /// No URL to report to.
    #[error("“{0}” is no iodef URL: mailto:, https: or http: (RFC 8659 section 4.4)")]
    BadIodef(String),
    /// A record that cannot be published in every form.
    #[error("{0}: {1}")]
    Unfit(String, UnfitRecord),
}

/// What to publish, and what that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The records.
    pub records: Vec<SuggestedRecord>,
    /// Against what is published now.
    pub difference: Difference,
    /// What the suggested set says of each CA that it names, those in use first.
    pub permits: Vec<Permit>,
    /// What the owner has to settle before the set is published.
    pub open: Vec<String>,
    /// What the owner has to know.
    pub notes: Vec<String>,
}

/// What the suggested set says of one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Whether for a wildcard name.
    pub wildcard: bool,
    /// Whether it has to be permission: wildcard names only of a CA that was seen to issue them.
    pub wanted: bool,
    /// Whether the CA is not known to be in use, and is kept because it is published now.
    pub kept: bool,
    /// The verdict.
    pub verdict: CaVerdict,
}

/// Suggests a record set for the CAs in use, given what is published now.
pub fn suggest(
    wish: &Wish,
    cas: &[CaInUse],
    coverage: Coverage,
    published: Option<&CaaReading>,
) -> Result<Suggestion, SuggestError> {
    let (mut notes, mut open) = (Vec::new(), Vec::new());
    for fault in bindings::doubts(wish) {
        let whom = "a set that lists nothing else stops the renewals of that CA";
        if bindings::is_barred(&fault, wish.today) {
            open.push(format!("{fault}: {whom}."));
        } else {
            notes.push(format!("{fault}: {whom} then."));
        }
    }
    let records = records::build(wish, cas, coverage, published, &mut notes)?;
    let difference = Difference::of(&wish.name, &records, published);
    notes.extend(difference.notes(&wish.name));
    let permits = permits(wish, cas, &records);
    notes.push(format!(
        "Names below {} that have CAA records of their own keep them: they cannot be listed from outside.",
        wish.name
    ));
    Ok(Suggestion { records, difference, permits, open, notes })
}

/// Judges the suggested set as a CA would.
fn permits(wish: &Wish, cas: &[CaInUse], records: &[SuggestedRecord]) -> Vec<Permit> {
    let set = RelevantSet {
        name: wish.name.clone(),
        records: records.iter().map(SuggestedRecord::published).collect(),
        ttl: 0,
        aliases: Vec::new(),
    };
    let judged = |ca: &CaIdentity, wildcard: bool| {
        let (verdict, reason) = bindings::verdict(&set, ca, wildcard, wish.today);
        CaVerdict { ca: ca.label.clone(), usage: Usage::Tls, verdict, reason, software: Vec::new() }
    };
    let mut permits = Vec::new();
    for ca in cas {
        for wildcard in [false, true] {
            let (verdict, wanted) = (judged(&ca.identity, wildcard), !wildcard || ca.issues_wildcards());
            permits.push(Permit { wildcard, wanted, kept: false, verdict });
        }
    }
    let mut others = set.issuers(PropertyKind::Issue);
    others.extend(set.issuers(PropertyKind::IssueWild));
    for (position, issuer) in others.iter().enumerate() {
        let is_told = others.iter().take(position).any(|earlier| earlier == issuer)
            || cas.iter().any(|ca| bindings::is_identifier_of(ca, issuer));
        if !is_told {
            let ca = CaIdentity::from_identifier(issuer.as_str());
            permits.extend([false, true].map(|wildcard| {
                let verdict = judged(&ca, wildcard);
                Permit { wildcard, wanted: false, kept: true, verdict }
            }));
        }
    }
    permits
}

impl CaInUse {
    /// Whether a certificate with a wildcard name was seen of it.
    pub fn issues_wildcards(&self) -> bool {
        self.sightings.iter().any(|sighting| sighting.wildcard)
    }

    /// Whether the owner's word is the only thing known of its wildcard certificates: it is named, and none of the
    /// certificates given as evidence is of it.
    fn is_only_named(&self) -> bool {
        let any = |of: fn(SightingSource) -> bool| self.sightings.iter().any(|sighting| of(sighting.source));
        any(|source| source > SightingSource::Issued) && !any(|source| source == SightingSource::Issued)
    }
}

impl SightingSource {
    /// The words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Issued => "issued",
            Self::Policy => "expected by the policy",
            Self::ExpectCa => "expected by --expect-ca",
            Self::Named => "named by --ca",
        }
    }
}
