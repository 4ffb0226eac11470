//! What several sources report, put together into the certificates that were issued.
//!
//! Two reports are one certificate where both have the same TBSCertificate without SCT list and poison; where a source
//! shows no octets, by the hash it gives or by issuer and serial number. They are never taken for one on less.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::issued::{IssuedCertificate, Sighting};
use super::issuers::Issuers;
use super::known::Knowledge;
use super::names::{WatchedName, WatchedNames};
use super::reported::{Claimed, SourceReading};
use super::unit::{Belongs, Unit, comparable_serial, key_type, short};
use super::who::{ForgedName, Traces, forged_name, who_issued};
use crate::dns_name::DnsName;
use crate::x509::{Certificate, CertificateSha256};

/// The most places where one certificate was seen that are kept.
const MOST_SIGHTINGS: usize = 200;

/// What was put together.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// The certificates, each with the issuer's name that it forged, if it did.
    pub certificates: Vec<(IssuedCertificate, Option<ForgedName>)>,
    /// How many reports of each reading belong to the name.
    pub belonging: Vec<usize>,
    /// What cannot be read whole and names nothing of the name in what can be: by reading, why.
    pub unreadable: Vec<(usize, String)>,
}

/// Puts together what the readings report of `name` and the names below it.
pub fn merge(name: &DnsName, readings: &[SourceReading], issuers: Issuers, known: &dyn Knowledge) -> Merged {
    let mut pool = issuers;
    let watched = WatchedNames::new([WatchedName { name: name.clone(), with_subdomains: true }]);
    let mut merged = Merged { belonging: vec![0; readings.len()], ..Merged::default() };
    let mut units: Vec<(Unit<'_>, Option<String>)> = Vec::new();
    for (source, reading) in readings.iter().enumerate() {
        for reported in &reading.certificates {
            reported.chain.iter().for_each(|der| pool.add_der(der));
            let unit = Unit::read(source, reported);
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
    for group in grouped(units) {
        merged.certificates.push(group.put_together(name, &pool, known));
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
                |place: &&usize| groups.get(**place).is_some_and(|group| group.may_have_key_of(unit));
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
        let fits = |place: &&usize| {
            groups.get(**place).is_some_and(|group| {
                let shows_other = claimed.tbs_sha256.is_some()
                    && group.units.iter().any(|(other, _)| {
                        let theirs = other.tbs_sha256.or(other.reported.claimed.tbs_sha256);
                        theirs.is_some() && theirs != claimed.tbs_sha256
                    });
                !shows_other && group.best().is_none_or(|best| contradictions(claimed, best).is_empty())
            })
        };
        match namesakes.iter().filter(fits).collect::<Vec<_>>().as_slice() {
            [only] => (Some(**only), None),
            [] if namesakes.is_empty() => (None, None),
            [] => (
                None,
                Some(
                    "A source that shows no octets claims the issuer and serial number of another certificate here, \
                     and else what contradicts it: it is kept apart."
                        .to_owned(),
                ),
            ),
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
    /// Whether the logs' leaves name one issuer key for both.
    fn may_have_key_of(&self, unit: &Unit<'_>) -> bool {
        let key = |unit: &Unit<'_>| unit.reported.logged.as_ref().map(|logged| logged.issuer_key_hash);
        let Some(wanted) = key(unit) else { return true };
        self.units.iter().filter_map(|(own, _)| key(own)).all(|own| own == wanted)
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
        known: &dyn Knowledge,
    ) -> (IssuedCertificate, Option<ForgedName>) {
        let first_of = |wanted: for<'u> fn(&'u Unit<'r>) -> Option<&'u Certificate>| {
            self.units.iter().find_map(|(unit, _)| wanted(unit))
        };
        let claims: Vec<&Claimed> = self.units.iter().map(|(unit, _)| &unit.reported.claimed).collect();
        let (last, first) = (first_of(|unit| unit.last.as_ref()), first_of(|unit| unit.first.as_ref()));
        let best = self.best();
        let mut issued = match best {
            Some(best) => shown(best),
            None => claimed(&claims),
        };
        issued.tbs_sha256 = self
            .units
            .iter()
            .find_map(|(unit, _)| unit.tbs_sha256)
            .or_else(|| claims.iter().find_map(|claimed| claimed.tbs_sha256));
        issued.sha256 = last.map(|certificate| certificate.sha256);
        issued.precertificate_sha256 = first.map(|certificate| certificate.sha256);
        if issued.sha256.is_none() && issued.precertificate_sha256.is_none() {
            // Which of the two a source means, it does not say.
            issued.sha256 = claims.iter().find_map(|claimed| claimed.certificate_sha256);
        }
        if let Some((names, all)) = self.units.iter().find_map(|(unit, _)| unit.names(asked)) {
            (issued.names, issued.names_are_complete) = (names, all);
        }
        issued.contradictions = self.contradictions(best);
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
        issued.problem_reporting = claims.iter().find_map(|claimed| claimed.problem_reporting.clone());

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
        let logged_keys: BTreeSet<_> = self
            .units
            .iter()
            .filter_map(|(unit, _)| unit.reported.logged.as_ref())
            .map(|logged| logged.issuer_key_hash)
            .collect();
        let traces =
            Traces { logged_key: logged_keys.first().copied(), certificate: signed, claimed: &claims };
        issued.issuer = who_issued(traces, &issuers, known);
        let said = claims.iter().find_map(|claimed| claimed.issuer_spki_sha256);
        if let (Some(said), Some(key), true) = (said, issued.issuer.key, issued.issuer.proof.is_proof())
            && said != key
        {
            issued.contradictions.push(format!("A source says that the key {said} issued it; {key} did."));
        }
        // Of a precertificate that such a certificate signed, the issuer's name is that one's.
        let by_signer = issuers.iter().any(|issuer| issuer.is_precertificate_signer);
        let named = best.filter(|best| !(best.is_precertificate && by_signer));
        let forged = named.and_then(|named| forged_name(named, &issued.issuer, &issuers, known));
        (issued, forged)
    }

    fn contradictions(&self, best: Option<&Certificate>) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let own = self.units.iter().flat_map(|(unit, _)| unit.contradictions.clone());
        let claimed = self.units.iter().flat_map(|(unit, _)| {
            best.map(|best| contradictions(&unit.reported.claimed, best)).unwrap_or_default()
        });
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

/// What sources claim of a certificate that none of them shows; the first that says something is taken.
fn claimed(claims: &[&Claimed]) -> IssuedCertificate {
    let mut names: Vec<String> = Vec::new();
    for name in claims.iter().flat_map(|claimed| &claimed.dns_names) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    IssuedCertificate {
        spki_sha256: claims.iter().find_map(|claimed| claimed.spki_sha256),
        issuer_name: claims.iter().find_map(|claimed| claimed.issuer_name.clone()),
        serial: claims.iter().find_map(|claimed| claimed.serial.as_deref().map(comparable_serial)),
        not_before: claims.iter().find_map(|claimed| claimed.not_before),
        not_after: claims.iter().find_map(|claimed| claimed.not_after),
        names,
        names_are_complete: claims.iter().any(|claimed| claimed.names_are_complete),
        ..IssuedCertificate::default()
    }
}

/// Where what a source claims is not what the certificate shows.
fn contradictions(claimed: &Claimed, shown: &Certificate) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, said: Option<String>, is: String| {
        if let Some(said) = said.filter(|said| *said != is) {
            found.push(format!("A source says that its {what} is {said}; the certificate shows {is}."));
        }
    };
    let whole = |time: Timestamp| Timestamp::from_second(time.as_second()).unwrap_or(time).to_string();
    differ("first moment", claimed.not_before.map(whole), whole(shown.not_before));
    differ("last moment", claimed.not_after.map(whole), whole(shown.not_after));
    differ(
        "serial number",
        claimed.serial.as_deref().map(comparable_serial),
        comparable_serial(&shown.serial),
    );
    differ("key", claimed.spki_sha256.map(|key| key.to_string()), shown.spki_sha256.to_string());
    if claimed.names_are_complete {
        let said: BTreeSet<String> = claimed.dns_names.iter().map(|name| name.to_lowercase()).collect();
        let is: BTreeSet<String> = shown.names.dns.iter().map(ToString::to_string).collect();
        let missing: Vec<&String> = is.difference(&said).collect();
        if let Some(one) = missing.first().filter(|_| !said.is_empty()) {
            found.push(format!("A source leaves out {} of its names, {one} among them.", missing.len()));
        }
    }
    found
}
