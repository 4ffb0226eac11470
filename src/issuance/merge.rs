//! What several sources report, put together into the certificates that were issued.
//!
//! Two reports are one certificate where both have the same TBSCertificate without SCT list and poison; where a source
//! shows no octets, by the hash it gives or by issuer and serial number. They are never taken for one on less.

use std::collections::{BTreeSet, HashMap};

use super::claims::{contradictions, differences, key_beside_its_identifier, names_beyond, together};
use super::forged::{NameOfIssuer, name_of_issuer};
use super::issued::{IssuedCertificate, Sighting};
use super::issuers::Issuers;
use super::known::Knowledge;
use super::names::{WatchedName, WatchedNames};
use super::reported::{Claimed, SourceReading};
use super::unit::{Belongs, Unit, comparable_serial, key_type, short};
use super::who::{LoggedKey, Traces, WhoIssued, who_issued};
use crate::dns_name::DnsName;
use crate::x509::{Certificate, CertificateSha256, SpkiSha256};

/// The most places where one certificate was seen that are kept.
const MOST_SIGHTINGS: usize = 200;

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
    let groups = grouped(units);
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

/// What is odd where logs have one content from several issuers: the issuer's name is the same, and its key is not.
const TWO_KEYS: &str = "Leaves of logs have another certificate of this content, issuer name and serial number included, \
    from another issuer key.";

/// The reports of one certificate.
#[derive(Debug, Default)]
struct Group<'r> {
    units: Vec<(Unit<'r>, Option<String>)>,
    notes: Vec<String>,
}

/// By what reports are known to be of one certificate.
#[derive(Debug, Default)]
struct Index {
    tbs: HashMap<[u8; 32], Vec<usize>>,
    hashes: HashMap<CertificateSha256, usize>,
    serials: HashMap<(String, String), Vec<usize>>,
}

/// Sorts reports by the certificate that they are of: those that show most come first, so that the others find them.
fn grouped(mut units: Vec<(Unit<'_>, Option<String>)>) -> Vec<Group<'_>> {
    let rank = |unit: &Unit<'_>| {
        let claimed = &unit.reported.claimed;
        match (unit.tbs_sha256, claimed.tbs_sha256, claimed.certificate_sha256) {
            (Some(_), _, _) => 0,
            (None, Some(_), _) => 1,
            (None, None, Some(_)) => 2,
            (None, None, None) => 3,
        }
    };
    units.sort_by_key(|(unit, _)| rank(unit));
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut index = Index::default();
    for (unit, odd) in units {
        let (place, note) = index.place_of(&unit, &groups);
        let place = place.unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group::default());
        }
        index.note(&unit, place);
        if let Some(group) = groups.get_mut(place) {
            group.notes.extend(note);
            group.units.push((unit, odd));
        }
    }
    groups
}

impl Index {
    /// The group of a report, if there is one, and what is odd about that.
    fn place_of(&self, unit: &Unit<'_>, groups: &[Group<'_>]) -> (Option<usize>, Option<String>) {
        let twin = |places: &[usize]| {
            let other = places.first().and_then(|place| groups.get(*place))?;
            let (first, _) = other.units.first()?;
            let tbs = first.tbs_sha256.map(|tbs| short(&tbs)).unwrap_or_default();
            Some(format!(
                "Another certificate ({tbs}…) has the same issuer name and serial number, and another content \
                 (RFC 5280 section 4.1.2.2 has one certificate a number)."
            ))
        };
        let namesakes: &[usize] = unit
            .issuer_and_serial()
            .and_then(|serial| self.serials.get(&serial))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let claimed = &unit.reported.claimed;
        if let Some(tbs) = unit.tbs_sha256.or(claimed.tbs_sha256) {
            let same = self.tbs.get(&tbs).map(Vec::as_slice).unwrap_or_default();
            let may_be =
                |place: &&usize| groups.get(**place).is_some_and(|group| group.may_be_of_key_of(unit));
            return match (same.iter().find(may_be), same) {
                (Some(place), _) => (Some(*place), None),
                (None, [_, ..]) => (None, Some(TWO_KEYS.to_owned())),
                (None, []) if unit.tbs_sha256.is_some() => (None, twin(namesakes)),
                (None, []) => Self::by_number(unit, namesakes, groups),
            };
        }
        let hash = claimed.certificate_sha256.or_else(|| unit.unreadable_sha256());
        if let Some(place) = hash.and_then(|hash| self.hashes.get(&hash)) {
            return (Some(*place), None);
        }
        Self::by_number(unit, namesakes, groups)
    }

    /// By issuer and serial number, where nothing that is said speaks against it.
    fn by_number(
        unit: &Unit<'_>,
        namesakes: &[usize],
        groups: &[Group<'_>],
    ) -> (Option<usize>, Option<String>) {
        let claimed = &unit.reported.claimed;
        let against = |place: usize| -> Vec<String> {
            let Some(group) = groups.get(place) else { return Vec::new() };
            let shows_other = claimed.tbs_sha256.is_some()
                && group.units.iter().any(|(other, _)| {
                    let theirs = other.tbs_sha256.or(other.reported.claimed.tbs_sha256);
                    theirs.is_some() && theirs != claimed.tbs_sha256
                });
            match group.best() {
                _ if shows_other => vec!["the contents differ".to_owned()],
                Some(best) => contradictions(unit.by, claimed, best),
                None => group.differences(unit),
            }
        };
        let fits = |place: &&usize| against(**place).is_empty();
        match namesakes.iter().filter(fits).collect::<Vec<_>>().as_slice() {
            [only] => (Some(**only), None),
            [] if namesakes.is_empty() => (None, None),
            [] => {
                let why = namesakes.first().map(|place| against(*place).join("; ")).unwrap_or_default();
                let odd = format!(
                    "{} shows no octets here; it claims the issuer and serial number of another certificate, and what \
                     contradicts that one ({}): it is kept apart.",
                    unit.by,
                    why.trim_end_matches('.')
                );
                (None, Some(odd))
            }
            [..] => (
                None,
                Some("Several certificates have this issuer name and serial number; which one is meant is not known.".to_owned()),
            ),
        }
    }

    fn note(&mut self, unit: &Unit<'_>, place: usize) {
        let claimed = &unit.reported.claimed;
        for tbs in
            [unit.tbs_sha256, claimed.tbs_sha256.filter(|_| unit.tbs_sha256.is_none())].into_iter().flatten()
        {
            let places = self.tbs.entry(tbs).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let shown = [&unit.last, &unit.first].into_iter().flatten().map(|certificate| certificate.sha256);
        for hash in shown.chain(claimed.certificate_sha256).chain(unit.unreadable_sha256()) {
            self.hashes.entry(hash).or_insert(place);
        }
        if let Some(serial) = unit.issuer_and_serial() {
            let places = self.serials.entry(serial).or_default();
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
}

impl<'r> Group<'r> {
    /// Whether nothing says that another key issued it: the logs' leaves, or where nothing is shown what is claimed.
    fn may_be_of_key_of(&self, unit: &Unit<'_>) -> bool {
        let said = |unit: &Unit<'_>| unit.reported.claimed.issuer_spki_sha256;
        if let (None, None, Some(wanted)) = (unit.tbs_sha256, self.tbs_sha256(), said(unit)) {
            return self.units.iter().filter_map(|(own, _)| said(own)).all(|own| own == wanted);
        }
        let Some(wanted) = unit.logged_key() else { return true };
        self.units.iter().filter_map(|(own, _)| own.logged_key()).all(|own| own.key == wanted.key)
    }

    /// The hash of what precertificate and certificate have in common, as shown.
    fn tbs_sha256(&self) -> Option<[u8; 32]> {
        self.units.iter().find_map(|(unit, _)| unit.tbs_sha256)
    }

    /// In what a report that shows nothing differs from those of this one that show nothing.
    fn differences(&self, unit: &Unit<'_>) -> Vec<String> {
        let of = |(own, _): &(Unit<'_>, Option<String>)| {
            let (own_claims, claims) = (&own.reported.claimed, &unit.reported.claimed);
            differences(own_claims, claims, own.source == unit.source)
        };
        self.units.iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// What is shown best of it.
    fn best(&self) -> Option<&Certificate> {
        let best = |wanted: for<'u> fn(&'u Unit<'r>) -> Option<&'u Certificate>| {
            self.units.iter().find_map(|(unit, _)| wanted(unit))
        };
        best(|unit| unit.last.as_ref())
            .or_else(|| best(|unit| unit.logged.as_ref()))
            .or_else(|| best(Unit::best))
    }

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

    /// The issuer key that leaves of logs name.
    fn logged_key(&self) -> Option<LoggedKey> {
        let logged = || self.units.iter().filter_map(|(unit, _)| unit.logged_key());
        let key = logged().next()?.key;
        Some(LoggedKey { key, is_proven: logged().any(|logged| logged.is_proven) })
    }

    fn contradictions(&self, best: Option<&Certificate>, issued: &IssuedCertificate) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let own = self.units.iter().flat_map(|(unit, _)| unit.contradictions.clone());
        let claimed = self.units.iter().flat_map(|(unit, _)| {
            let claimed = &unit.reported.claimed;
            let beyond =
                || names_beyond(unit.by, claimed, &issued.names).filter(|_| issued.names_are_complete);
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
