//! What a look at revocations showed, certificate by certificate.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dns_name::DnsName;
use crate::evidence::issuance::LoggedCertificate;
use crate::issuance::JudgedCertificate;
use crate::issuance::revocation::RevocationToday;
use crate::report::json::v1::issued_revocation;
use crate::revocation::Status;
use crate::rules::Finding;
use crate::watch::state::RevocationLook;
use crate::x509::hexadecimal;

/// Within what time a CA has to answer a report, and to publish a revocation (Baseline Requirements 4.9.5, 4.9.7).
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// The most certificates of a look that are listed; all are counted.
const MOST_LISTED: usize = 10_000;

/// The most names of a certificate that are listed.
pub(super) const MOST_NAMES: usize = 10;

/// How other commands are given what is missing.
const ISSUER_OPTION: &str = " (--issuer)";

/// What one look showed.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// When it was made.
    pub at: Timestamp,
    /// How many unexpected certificates that can be used are revoked.
    pub revoked: u64,
    /// How many are not.
    pub good: u64,
    /// Of how many that is not known.
    pub open: u64,
    /// How many that are not revoked had been found a day before: their CA had its time.
    pub unrevoked: u64,
    /// Of how many that is not known though they had been found a day before.
    pub unknown: u64,
    /// How many of `unrevoked` somebody knows of.
    pub unrevoked_known: u64,
    /// How many of `unknown` somebody knows of.
    pub unknown_known: u64,
    /// Of `unrevoked` what is to be said, but for those that somebody knows of.
    pub findings: Vec<Finding>,
    /// The first of them, as many as are listed.
    pub certificates: Vec<RevocationOfFound>,
    /// What is new, one line each.
    pub told: Vec<String>,
}

/// An unexpected certificate, and what a look showed of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevocationOfFound {
    /// What makes precertificate and certificate one, hexadecimal.
    pub tbs_sha256: Option<String>,
    /// SHA-256 of the certificate, where a log had it.
    pub certificate_sha256: Option<String>,
    /// SHA-256 of the precertificate, where a log had it.
    pub precertificate_sha256: Option<String>,
    /// Its serial number, hexadecimal.
    pub serial: Option<String>,
    /// The watched name for which it is unexpected.
    pub watched: String,
    /// What it claims of that: the name, names below it, wildcards that cover it; the first ten.
    #[serde(default)]
    pub names: Vec<String>,
    /// How many more of these there are.
    #[serde(default)]
    pub names_left_out: u64,
    /// The issuer's name, as claimed.
    pub issuer: Option<String>,
    /// Who the issuing key belongs to, where that is known.
    pub issuer_owner: Option<String>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
    /// Since when it is known, by the oldest time that the state has.
    pub first_seen: Option<Timestamp>,
    /// Whether it is not revoked, or that is not known, though it had been found a day before.
    pub overdue: bool,
    /// Whether somebody said that he knows of that.
    #[serde(default)]
    pub acknowledged: bool,
    /// Whether its issuer is what makes it unexpected; else its key, a name or CAA.
    #[serde(default = "by_issuer")]
    pub by_issuer: bool,
    /// `status` (`good`, `revoked`, `undetermined`, `not_checked`), `why`, `revoked_at`, `reason`, `invalid_since` and
    /// `sources`, as `issuance` reports them.
    pub revocation: Value,
}

/// What older states do not say is taken for the graver.
fn by_issuer() -> bool {
    true
}

impl RevocationOfFound {
    /// The status, as reports name it. What cannot be read is not known.
    pub fn status(&self) -> &str {
        self.revocation["status"].as_str().unwrap_or("undetermined")
    }

    /// For what it is, for people: the first host that it claims, and how many more.
    pub fn claimed(&self) -> String {
        let more = u64::try_from(self.names.len().saturating_sub(1)).unwrap_or(u64::MAX);
        match (self.names.first(), more.saturating_add(self.names_left_out)) {
            (None, _) => self.watched.clone(),
            (Some(first), 0) => first.clone(),
            (Some(first), more) => format!("{first} and {more} more"),
        }
    }
}

/// What is to be thought of a certificate at a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is revoked.
    Revoked,
    /// It is not; whether its CA had its time.
    Good { is_overdue: bool },
    /// That is not known; whether it would matter by now.
    Open { is_overdue: bool },
}

impl Standing {
    /// Whether its CA had its time.
    pub(super) fn is_overdue(self) -> bool {
        matches!(self, Self::Good { is_overdue: true } | Self::Open { is_overdue: true })
    }
}

impl Looked {
    /// A look at this time, that showed nothing yet.
    pub fn new(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// How many unexpected certificates that can be used there are.
    pub fn count(&self) -> u64 {
        self.revoked.saturating_add(self.good).saturating_add(self.open)
    }

    /// The numbers, as the state keeps them.
    pub fn numbers(&self) -> RevocationLook {
        RevocationLook {
            looked_at: Some(self.at),
            revoked: self.revoked,
            good: self.good,
            open: self.open,
            overdue: self.unrevoked.saturating_add(self.unknown),
            failed: None,
        }
    }

    /// What is to be thought of a certificate that was found then. One of which nobody knows when is as one found long ago.
    pub(super) fn standing(&self, judged: &JudgedCertificate, found: Option<Timestamp>) -> Standing {
        let is_overdue = found.is_none_or(|found| self.at.duration_since(found) >= GRACE);
        match judged.revocation.verdict().map(|verdict| verdict.status) {
            Some(Status::Revoked(_)) => Standing::Revoked,
            Some(Status::Good) => Standing::Good { is_overdue },
            // What was not looked at is no better known.
            Some(Status::Undetermined) | None => Standing::Open { is_overdue },
        }
    }

    /// Counts it, and lists it. `is_known` says whether somebody knows how it stands; `before` is its revocation as it was
    /// told before, where nothing tells now.
    pub(super) fn add(
        &mut self,
        (name, judged): (&DnsName, &JudgedCertificate),
        found: Option<Timestamp>,
        (standing, is_known): (Standing, bool),
        before: Option<Value>,
    ) {
        match standing {
            Standing::Revoked => self.revoked = self.revoked.saturating_add(1),
            Standing::Good { is_overdue } => {
                self.good = self.good.saturating_add(1);
                self.unrevoked = self.unrevoked.saturating_add(is_overdue.into());
                self.unrevoked_known = self.unrevoked_known.saturating_add((is_overdue && is_known).into());
            }
            Standing::Open { is_overdue } => {
                self.open = self.open.saturating_add(1);
                self.unknown = self.unknown.saturating_add(is_overdue.into());
                self.unknown_known = self.unknown_known.saturating_add((is_overdue && is_known).into());
            }
        }
        if self.certificates.len() < MOST_LISTED {
            let it = &judged.certificate;
            let names = it.names_of(name);
            let left_out = u64::try_from(names.len().saturating_sub(MOST_NAMES)).unwrap_or(u64::MAX);
            self.certificates.push(RevocationOfFound {
                tbs_sha256: it.tbs_sha256.map(|hash| hexadecimal(&hash)),
                certificate_sha256: it.sha256.map(|hash| hash.to_string()),
                precertificate_sha256: it.precertificate_sha256.map(|hash| hash.to_string()),
                serial: it.serial.clone(),
                watched: name.to_string(),
                names: names.into_iter().take(MOST_NAMES).map(str::to_owned).collect(),
                names_left_out: left_out,
                issuer: it.issuer_name.clone(),
                issuer_owner: it.issuer.owner.clone(),
                not_after: it.not_after,
                first_seen: found,
                overdue: standing.is_overdue(),
                acknowledged: standing.is_overdue() && is_known,
                by_issuer: judged.is_of_unexpected_issuer(),
                revocation: issued_revocation(&judged.revocation),
            });
            if let (Some(before), Some(listed)) = (before, self.certificates.last_mut()) {
                listed.revocation = before;
            }
        }
    }

    /// Puts first what a reader should see first: what is overdue, then what is not known, then what is not revoked, the
    /// longest found of each before the others.
    pub(super) fn sort(&mut self) {
        let rank = |one: &RevocationOfFound| match one.status() {
            "revoked" => 3,
            "good" => 2,
            _ => 1,
        };
        self.certificates.sort_by_key(|one| (!one.overdue, rank(one), one.first_seen));
    }
}

/// Since when a certificate is known, by the oldest time that the state has: its clock may be a little ahead of ours. A time
/// that is further to come is a fault of some clock: then the certificate's own beginning stands for it, unless that is to
/// come as well.
pub(super) fn found_at(
    logged: &LoggedCertificate,
    not_before: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let seen = logged.sightings.iter().map(|sighting| sighting.seen).chain([logged.first_seen]);
    let known = seen.filter(|seen| seen.duration_since(now) < GRACE).min().map(|seen| seen.min(now));
    known.or(not_before).filter(|known| *known <= now)
}

/// Why nothing more is known, or by what it is known, for people.
pub(super) fn why(today: &RevocationToday) -> String {
    match today {
        // `watch` has no such option: it is given what logs have.
        RevocationToday::Judged(verdict) => verdict.why.replace(ISSUER_OPTION, ""),
        RevocationToday::NotChecked(why) => {
            format!("It could not be looked at: {}.", why.replace(ISSUER_OPTION, ""))
        }
        RevocationToday::NotAsked | RevocationToday::NotNeeded => "It was not looked at.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the clocks did: no certificate stays new for ever.
    #[test]
    fn a_time_to_come_makes_no_certificate_new() {
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let now = time("2026-11-22T12:00:00Z");
        let logged = |first_seen| LoggedCertificate {
            first_seen,
            certificate: None,
            precertificate: None,
            sightings: Vec::new(),
        };
        let (before, later) = (time("2026-11-20T00:00:00Z"), time("2027-11-22T12:00:00Z"));
        assert_eq!(found_at(&logged(before), Some(later), now), Some(before));
        assert_eq!(found_at(&logged(later), Some(before), now), Some(before));
        assert_eq!(found_at(&logged(later), None, now), None);
        let ahead = time("2026-11-22T12:00:30Z");
        assert_eq!(found_at(&logged(ahead), Some(before), now), Some(now), "found just now");
        assert_eq!(found_at(&logged(later), Some(later), now), None);
    }
}
