//! What several sources report, put together into the certificates that were issued.
//!
//! Two reports are one certificate where both have the same TBSCertificate without SCT list and poison; where a source
//! shows no octets, by the hash it gives or by issuer and serial number. They are never taken for one on less.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::claims::{contradictions, differences, key_beside_its_identifier, names_beyond, together};
use super::forged::{NameOfIssuer, name_of_issuer};
use super::grouping::{Group, grouped};
use super::issued::{IssuedCertificate, Sighting};
use super::issuers::Issuers;
use super::known::Knowledge;
use super::names::{WatchedName, WatchedNames};
use super::reported::{Claimed, SourceReading};
use super::unit::{Belongs, Unit, comparable_serial, key_type};
use super::who::{Traces, WhoIssued, who_issued};
use crate::dns_name::DnsName;
use crate::x509::{Certificate, SpkiSha256};

/// The most places where one certificate was seen that are kept.
const MOST_SIGHTINGS: usize = 200;

/// The most sentences about what contradicts itself that are kept of one certificate.
const MOST_CONTRADICTIONS: usize = 200;

/// What was put together.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The certificates, each with what its issuer's name says against the key that issued.
    pub certificates: Vec<(IssuedCertificate, NameOfIssuer)>,
    /// How many reports of each reading belong to the name.
    pub belonging: Vec<usize>,
    /// What cannot be read whole and names nothing of the name in what can be: by reading, why.
    pub unreadable: Vec<(usize, String)>,
}

/// Puts together what the readings report of `name` and the names below it.
pub fn merge(name: &DnsName, readings: &[&SourceReading], issuers: Issuers, known: &dyn Knowledge) -> Merged {
    let mut pool = issuers;
    let watched = WatchedNames::new([WatchedName { name: name.clone(), with_subdomains: true }]);
    let mut merged = Merged { belonging: vec![0; readings.len()], ..Merged::default() };
    let mut units: Vec<(Unit<'_>, Option<String>)> = Vec::new();
    let chains = readings.iter().flat_map(|reading| &reading.certificates).flat_map(|one| &one.chain);
    chains.for_each(|der| pool.add_der(der));
    let nameless = known.nameless().iter().any(|key| !pool.has_key(key));
    for (source, reading) in readings.iter().enumerate() {
        for reported in &reading.certificates {
            let unit = Unit::read((source, reading.source.title()), reported, &pool);
            match unit.belongs(name, &watched) {
                Belongs::Yes(odd) => {
                    if let Some(count) = merged.belonging.get_mut(source) {
                        *count += 1;
                    }
                    units.push((unit, odd));
                }
                Belongs::Unreadable(why) => merged.unreadable.push((source, why)),
                Belongs::No => {}
            }
        }
    }
    let groups = grouped(units, name);
    let mut keys: HashMap<[u8; 32], Vec<SpkiSha256>> = HashMap::new();
    for group in &groups {
        if let (Some(tbs), Some(logged)) = (group.tbs_sha256(), group.logged_key()) {
            keys.entry(tbs).or_default().push(logged.key);
        }
    }
    for group in &groups {
        let others = group.tbs_sha256().and_then(|tbs| keys.get(&tbs)).map(Vec::as_slice).unwrap_or_default();
        let (issued, mut says) = group.put_together(name, &pool, others, known);
        if nameless
            && says == NameOfIssuer::Unremarkable
            && issued.issuer.is_unknown_key()
            && issued.issuer.below.is_none()
        {
            says = NameOfIssuer::NotCompared;
        }
        merged.certificates.push((issued, says));
    }
    merged
}

impl<'r> Group<'r> {
    fn put_together(
        &self,
        asked: &DnsName,
        pool: &Issuers,
        others: &[SpkiSha256],
        known: &dyn Knowledge,
    ) -> (IssuedCertificate, NameOfIssuer) {
        let first_of = |wanted: for<'u> fn(&'u Unit<'r>) -> Option<&'u Certificate>| {
            self.units.iter().find_map(|(unit, _)| wanted(unit))
        };
        let claims: Vec<&Claimed> = self.units.iter().map(|(unit, _)| &unit.reported.claimed).collect();
        let (last, first) = (first_of(|unit| unit.last.as_ref()), first_of(|unit| unit.first.as_ref()));
        let best = self.best();
        let mut issued = match best {
            Some(best) => shown(best),
            None => together(&claims),
        };
        issued.tbs_sha256 =
            self.tbs_sha256().or_else(|| claims.iter().find_map(|claimed| claimed.tbs_sha256));
        issued.sha256 = last.map(|certificate| certificate.sha256);
        issued.precertificate_sha256 = first.map(|certificate| certificate.sha256);
        if issued.sha256.is_none() && issued.precertificate_sha256.is_none() {
            // Which of the two a source means, it does not say.
            issued.sha256 = claims.iter().find_map(|claimed| claimed.certificate_sha256);
            issued.claimed_hashes.extend(issued.sha256.map(|hash| hash.0));
        }
        if self.tbs_sha256().is_none() {
            issued.claimed_hashes.extend(issued.tbs_sha256);
        }
        if let Some((names, all)) = self.units.iter().find_map(|(unit, _)| unit.names(asked)) {
            (issued.names, issued.names_are_complete) = (names, all);
        }
        issued.contradictions = self.contradictions(best, &issued);
        issued.unreadable = self.units.iter().find_map(|(unit, odd)| {
            let odd = odd.as_ref().map(|how| format!("it is for the name in an odd way: {how}"));
            match (&unit.unreadable, odd) {
                (Some(why), Some(odd)) => Some(format!("{why}; {odd}")),
                (why, odd) => why.clone().or(odd),
            }
        });
        issued.reported_by = self.units.iter().map(|(unit, _)| unit.source).collect();
        issued.sightings = self.sightings();
        issued.revoked = self
            .units
            .iter()
            .filter_map(|(unit, _)| Some((unit.source, unit.reported.claimed.is_revoked?)))
            .collect();
        let contact = self
            .units
            .iter()
            .find_map(|(unit, _)| Some((unit.source, unit.reported.claimed.problem_reporting.clone()?)));
        (issued.problem_reporting_by, issued.problem_reporting) = contact.unzip();
        let says_who = |unit: &Unit<'_>| {
            let claimed = &unit.reported.claimed;
            claimed.issuer_spki_sha256.is_some()
                || claimed.issuer_owner.is_some()
                || unit.logged_key().is_some_and(|logged| !logged.is_proven)
        };
        issued.issuer_said_by =
            self.units.iter().filter(|(unit, _)| says_who(unit)).map(|(unit, _)| unit.source).collect();

        // A precertificate signing certificate has a CA above it: what a log covers names that CA.
        let signed = last.or(first);
        let chain: Vec<&Certificate> =
            best.or(signed).map(|certificate| pool.above(certificate)).unwrap_or_default();
        let of_signer: Vec<&Certificate> =
            signed.map(|certificate| pool.above(certificate)).unwrap_or_default();
        let mut issuers = chain;
        for issuer in of_signer {
            if issuers.iter().all(|known| known.sha256 != issuer.sha256) {
                issuers.push(issuer);
            }
        }
        issued.issuer = self.who_issued(&claims, &issuers, others, known);
        issued.contradictions.append(&mut issued.issuer.contradictions);
        if let (Some(best), false) = (best, issued.issuer.proof.is_proof()) {
            let beside = self
                .units
                .iter()
                .filter_map(|(unit, _)| key_beside_its_identifier(unit.by, &unit.reported.claimed, best));
            issued.contradictions.extend(beside.collect::<BTreeSet<_>>());
        }
        let says = best
            .map_or(NameOfIssuer::Unremarkable, |best| name_of_issuer(best, &issued.issuer, &issuers, known));
        (issued, says)
    }

    /// Who issued it. Octets of the same content that another issuer's key signed belong to `others`, whose leaves name
    /// that key.
    fn who_issued(
        &self,
        claims: &[&Claimed],
        issuers: &[&Certificate],
        others: &[SpkiSha256],
        known: &dyn Knowledge,
    ) -> WhoIssued {
        let logged = self.logged_key();
        let certificates: Vec<&Certificate> =
            self.units.iter().flat_map(|(unit, _)| unit.signed()).fold(Vec::new(), |mut found, one| {
                if found.iter().all(|known: &&Certificate| known.sha256 != one.sha256) {
                    found.push(one);
                }
                found
            });
        let who = who_issued(Traces { logged, certificates: &certificates, claimed: claims }, issuers, known);
        match (who.key, logged) {
            (Some(key), Some(logged)) if key != logged.key && others.contains(&key) => who_issued(
                Traces { logged: Some(logged), certificates: &[], claimed: claims },
                issuers,
                known,
            ),
            _ => who,
        }
    }

    fn contradictions(&self, best: Option<&Certificate>, issued: &IssuedCertificate) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let own = self.units.iter().flat_map(|(unit, _)| unit.contradictions.clone());
        let known: HashSet<String> = issued.names.iter().map(|name| name.to_lowercase()).collect();
        let claimed = self.units.iter().flat_map(|(unit, _)| {
            let claimed = &unit.reported.claimed;
            let beyond = || names_beyond(unit.by, claimed, &known).filter(|_| issued.names_are_complete);
            best.map(|best| {
                contradictions(unit.by, claimed, best).into_iter().chain(beyond()).collect::<Vec<_>>()
            })
            .unwrap_or_default()
        });
        // Where nothing is shown, claims are known to be of one by a hash, and may differ else.
        let first = self.units.first().filter(|_| best.is_none());
        let between = first.into_iter().flat_map(|(first, _)| {
            self.units.iter().filter_map(move |(unit, _)| {
                let (one, other) = (&first.reported.claimed, &unit.reported.claimed);
                let found = differences(one, other, false);
                (!found.is_empty())
                    .then(|| format!("{} and {} differ: {}.", first.by, unit.by, found.join("; ")))
            })
        });
        let claimed = claimed.chain(between);
        for contradiction in self.notes.iter().cloned().chain(own).chain(claimed) {
            if all.len() >= MOST_CONTRADICTIONS {
                break;
            }
            if !all.contains(&contradiction) {
                all.push(contradiction);
            }
        }
        all
    }

    fn sightings(&self) -> Vec<Sighting> {
        let mut sightings: Vec<Sighting> = Vec::new();
        for (unit, _) in &self.units {
            for seen in &unit.reported.seen {
                let sighting = Sighting { source: unit.source, seen: seen.clone() };
                if sightings.len() < MOST_SIGHTINGS && !sightings.contains(&sighting) {
                    sightings.push(sighting);
                }
            }
        }
        sightings
    }
}

/// What a certificate shows of itself.
fn shown(certificate: &Certificate) -> IssuedCertificate {
    IssuedCertificate {
        spki_sha256: Some(certificate.spki_sha256),
        key_type: key_type(certificate),
        subject: Some(certificate.subject.clone()),
        issuer_name: Some(certificate.issuer.clone()),
        serial: Some(comparable_serial(&certificate.serial)),
        not_before: Some(certificate.not_before),
        not_after: Some(certificate.not_after),
        is_shown: true,
        ..IssuedCertificate::default()
    }
}
