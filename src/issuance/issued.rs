//! A certificate that was issued, put together from what all sources report of it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::reported::Seen;
use super::who::WhoIssued;
use crate::dns_name::{CertificateName, DnsName};
use crate::x509::{CertificateSha256, SpkiSha256};

/// A certificate that was issued: its precertificate, its final certificate and every report of either are one.
///
/// What a source showed (DER) stands before what another merely claims; what nobody said is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// SHA-256 of the TBSCertificate without SCT list and poison: what precertificate and certificate have in common.
    pub tbs_sha256: Option<[u8; 32]>,
    /// Those of its hashes that are only claimed: nothing that was shown has them.
    pub claimed_hashes: BTreeSet<[u8; 32]>,
    /// The final certificate.
    pub sha256: Option<CertificateSha256>,
    /// The precertificate.
    pub precertificate_sha256: Option<CertificateSha256>,
    /// Its key.
    pub spki_sha256: Option<SpkiSha256>,
    /// The kind of its key, such as `EC P-256`.
    pub key_type: Option<String>,
    /// Its subject, for people.
    pub subject: Option<String>,
    /// Its issuer's name as claimed, for people.
    pub issuer_name: Option<String>,
    /// Its serial number, in lower-case hexadecimal without leading zeros.
    pub serial: Option<String>,
    /// From when it is valid.
    pub not_before: Option<Timestamp>,
    /// Until when it is valid.
    pub not_after: Option<Timestamp>,
    /// Its names, as they stand in it; those that are no DNS names made printable.
    pub names: Vec<String>,
    /// Whether these are all of its names.
    pub names_are_complete: bool,
    /// Who issued it.
    pub issuer: WhoIssued,
    /// The sources that claim who issued it, by their place among the readings.
    pub issuer_said_by: BTreeSet<usize>,
    /// The sources that report it, by their place among the readings.
    pub reported_by: BTreeSet<usize>,
    /// Where it was seen.
    pub sightings: Vec<Sighting>,
    /// Whether any source showed its octets.
    pub is_shown: bool,
    /// The sources that say whether it was revoked.
    pub revoked: Vec<(usize, bool)>,
    /// Where a source says that its CA takes reports of abuse.
    pub problem_reporting: Option<String>,
    /// That source, by its place among the readings.
    pub problem_reporting_by: Option<usize>,
    /// What of it cannot be read, where it cannot be read whole.
    pub unreadable: Option<String>,
    /// Where what is said of it contradicts itself, a sentence each.
    pub contradictions: Vec<String>,
}

/// Where a certificate was seen, and by which source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The source, by its place among the readings.
    pub source: usize,
    /// Where.
    pub seen: Seen,
}

/// Where a certificate stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// It is valid now.
    Current,
    /// It is not valid yet.
    NotYet,
    /// It has expired.
    Expired,
    /// No source says.
    Unknown,
}

impl Life {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::NotYet => "not_yet",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it can be used, now or later, as far as is known.
    pub fn can_be_used(self) -> bool {
        self != Self::Expired
    }
}

impl IssuedCertificate {
    /// Where it stands in its life.
    pub fn life(&self, at: Timestamp) -> Life {
        match (self.not_before, self.not_after) {
            (_, Some(end)) if end < at => Life::Expired,
            (Some(begin), _) if begin > at => Life::NotYet,
            (Some(_), Some(_)) => Life::Current,
            _ => Life::Unknown,
        }
    }

    /// How long it is valid, in whole days, both ends included (RFC 5280 section 4.1.2.5).
    pub fn days(&self) -> Option<i64> {
        let life = self.not_after?.duration_since(self.not_before?);
        Some(life.as_secs().saturating_add(1).max(0) / (24 * 60 * 60))
    }

    /// By what a report calls it: its hash, its precertificate's, that of what both have in common, or its serial number.
    pub fn label(&self) -> String {
        let hashes = [
            ("certificate", self.sha256.map(|hash| hash.to_string())),
            ("precertificate", self.precertificate_sha256.map(|hash| hash.to_string())),
            ("TBSCertificate", self.tbs_sha256.map(|hash| crate::x509::hexadecimal(&hash))),
            ("serial number", self.serial.clone()),
        ];
        let known = hashes.into_iter().find_map(|(what, value)| Some(format!("{what} {}", value?)));
        known.unwrap_or_else(|| "a certificate without hash or serial number".to_owned())
    }

    /// By what it is known whichever source tells of it: what certificate and precertificate have in common, where that is
    /// known.
    pub fn identity(&self) -> String {
        self.tbs_sha256.map_or_else(|| self.label(), |hash| crate::x509::hexadecimal(&hash))
    }

    /// Its names that are this one, below it, or a wildcard that covers it; none where it names it in an odd way only.
    pub fn names_of(&self, name: &DnsName) -> Vec<&str> {
        let is_meant = |text: &str| {
            text.parse::<CertificateName>()
                .is_ok_and(|claimed| claimed.base.is_at_or_below(name) || claimed.covers(name))
        };
        self.names.iter().map(String::as_str).filter(|text| is_meant(text)).collect()
    }

    /// For what it is, of this name and those below it, in a few words: the first host that it claims, and how many more.
    pub fn claimed(&self, name: &DnsName) -> String {
        match self.names_of(name).as_slice() {
            [] => name.to_string(),
            [only] => (*only).to_owned(),
            [first, more @ ..] => format!("{first} and {} more", more.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_named_that_is_claimed() {
        let name: DnsName = "firm.example".parse().unwrap();
        let claimed = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            IssuedCertificate { names, ..IssuedCertificate::default() }.claimed(&name)
        };
        assert_eq!(claimed(&["other.example", "Pay.firm.example"]), "Pay.firm.example");
        assert_eq!(claimed(&["*.firm.example", "a.firm.example", "b"]), "*.firm.example and 1 more");
        assert_eq!(claimed(&["*.example"]), "*.example");
        assert_eq!(claimed(&["firm.example\0.evil"]), "firm.example");
    }

    #[test]
    fn a_life_has_both_of_its_ends() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let certificate = IssuedCertificate {
            not_before: Some(at("2026-01-01T00:00:00Z")),
            not_after: Some(at("2026-03-31T23:59:59Z")),
            ..IssuedCertificate::default()
        };
        assert_eq!(certificate.days(), Some(90));
        for (moment, life) in [
            ("2025-12-31T23:59:59Z", Life::NotYet),
            ("2026-01-01T00:00:00Z", Life::Current),
            ("2026-03-31T23:59:59Z", Life::Current),
            ("2026-04-01T00:00:00Z", Life::Expired),
        ] {
            assert_eq!(certificate.life(at(moment)), life, "{moment}");
        }
        let unknown = IssuedCertificate { not_after: None, ..certificate };
        assert_eq!(unknown.life(at("2026-02-01T00:00:00Z")), Life::Unknown);
        assert_eq!(unknown.days(), None);
    }
}
