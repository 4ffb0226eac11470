//! Which reports are of one certificate.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::claims::{contradictions, differences, names_beyond};
use super::unit::{Unit, short};
use super::who::LoggedKey;
use crate::dns_name::DnsName;
use crate::x509::{Certificate, CertificateSha256, SpkiSha256};

/// The most certificates of one issuer name and serial number, or of one content, that a report is compared with.
const MOST_NAMESAKES: usize = 16;

/// The most reports of one certificate that say something of it and that a further report is compared with.
const MOST_COMPARED: usize = 32;

/// What is odd where logs have one content from several issuers: the issuer's name is the same, and its key is not.
const TWO_KEYS: &str = "Leaves of logs have another certificate of this content, issuer name and serial number included, \
    from another issuer key.";

/// The reports of one certificate.
#[derive(Debug, Default)]
pub(super) struct Group<'r> {
    /// Each report, with how it names the name where it does so in an odd way only.
    pub(super) units: Vec<(Unit<'r>, Option<String>)>,
    /// What is odd about its being one, or none, with others.
    pub(super) notes: Vec<String>,
    /// Those that claim something, by their places, without those that claim the same again.
    claiming: Vec<usize>,
    /// Whether more claim something than are kept in mind.
    is_full: bool,
    /// The issuer keys that sources claim, and those that leaves of logs name.
    said_keys: BTreeSet<SpkiSha256>,
    logged_keys: BTreeSet<SpkiSha256>,
    /// The names that are shown, and whether these are all.
    names: OnceCell<Option<(HashSet<String>, bool)>>,
}

/// By what reports are known to be of one certificate.
#[derive(Debug)]
struct Index<'n> {
    asked: &'n DnsName,
    tbs: HashMap<[u8; 32], Vec<usize>>,
    hashes: HashMap<CertificateSha256, usize>,
    serials: HashMap<(String, String), Vec<usize>>,
}

/// Sorts reports by the certificate that they are of: those that show most come first, so that the others find them.
pub(super) fn grouped<'r>(mut units: Vec<(Unit<'r>, Option<String>)>, asked: &DnsName) -> Vec<Group<'r>> {
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
    let mut index = Index { asked, tbs: HashMap::new(), hashes: HashMap::new(), serials: HashMap::new() };
    for (unit, odd) in units {
        let (place, note) = index.place_of(&unit, &groups);
        let place = place.unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group::default());
        }
        index.note(&unit, place);
        if let Some(group) = groups.get_mut(place) {
            group.notes.extend(note);
            group.add(unit, odd);
        }
    }
    groups
}

impl Index<'_> {
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
                (None, []) => self.by_number(unit, namesakes, groups),
            };
        }
        let hash = claimed.certificate_sha256.or_else(|| unit.unreadable_sha256());
        if let Some(place) = hash.and_then(|hash| self.hashes.get(&hash)) {
            return (Some(*place), None);
        }
        self.by_number(unit, namesakes, groups)
    }

    /// By issuer and serial number, where nothing that is said speaks against it.
    fn by_number(
        &self,
        unit: &Unit<'_>,
        namesakes: &[usize],
        groups: &[Group<'_>],
    ) -> (Option<usize>, Option<String>) {
        if namesakes.len() > MOST_NAMESAKES {
            let odd = format!(
                "More than {MOST_NAMESAKES} certificates have this issuer name and serial number; this report is compared \
                 with none of them."
            );
            return (None, Some(odd));
        }
        let against =
            |place: usize| groups.get(place).map(|group| group.against(unit, self.asked)).unwrap_or_default();
        let all: Vec<(usize, Vec<String>)> =
            namesakes.iter().map(|place| (*place, against(*place))).collect();
        match all.iter().filter(|(_, why)| why.is_empty()).collect::<Vec<_>>().as_slice() {
            [(only, _)] => (Some(*only), None),
            [] => match all.first() {
                None => (None, None),
                Some((_, why)) => {
                    let odd = format!(
                        "{} shows no octets here; it claims the issuer and serial number of another certificate, and what \
                         contradicts that one ({}): it is kept apart.",
                        unit.by,
                        why.join("; ").trim_end_matches('.')
                    );
                    (None, Some(odd))
                }
            },
            [..] => (
                None,
                Some("Several certificates have this issuer name and serial number; which one is meant is not known.".to_owned()),
            ),
        }
    }

    fn note(&mut self, unit: &Unit<'_>, place: usize) {
        // What has more namesakes is compared with none of them: one more says that there are too many.
        let add = |places: &mut Vec<usize>| {
            if places.len() <= MOST_NAMESAKES && !places.contains(&place) {
                places.push(place);
            }
        };
        let claimed = &unit.reported.claimed;
        if let Some(tbs) = unit.tbs_sha256.or(claimed.tbs_sha256) {
            add(self.tbs.entry(tbs).or_default());
        }
        let shown = [&unit.last, &unit.first].into_iter().flatten().map(|certificate| certificate.sha256);
        for hash in shown.chain(claimed.certificate_sha256).chain(unit.unreadable_sha256()) {
            self.hashes.entry(hash).or_insert(place);
        }
        if let Some(serial) = unit.issuer_and_serial() {
            add(self.serials.entry(serial).or_default());
        }
    }
}

impl<'r> Group<'r> {
    fn add(&mut self, unit: Unit<'r>, odd: Option<String>) {
        let claimed = &unit.reported.claimed;
        self.said_keys.extend(claimed.issuer_spki_sha256);
        self.logged_keys.extend(unit.logged_key().map(|logged| logged.key));
        let says_it_again = |place: &usize| {
            self.units.get(*place).is_some_and(|(own, _)| {
                own.source == unit.source && own.reported.claimed == unit.reported.claimed
            })
        };
        if self.claiming.len() < MOST_COMPARED {
            if !self.claiming.iter().any(says_it_again) {
                self.claiming.push(self.units.len());
            }
        } else {
            self.is_full = self.is_full || !self.claiming.iter().any(says_it_again);
        }
        self.units.push((unit, odd));
    }

    /// Whether nothing says that another key issued it: the logs' leaves, or where nothing is shown what is claimed.
    fn may_be_of_key_of(&self, unit: &Unit<'_>) -> bool {
        let is_alone = |keys: &BTreeSet<SpkiSha256>, wanted| keys.iter().all(|own| *own == wanted);
        if let (None, None, Some(wanted)) =
            (unit.tbs_sha256, self.tbs_sha256(), unit.reported.claimed.issuer_spki_sha256)
        {
            return is_alone(&self.said_keys, wanted);
        }
        unit.logged_key().is_none_or(|wanted| is_alone(&self.logged_keys, wanted.key))
    }

    /// The hash of what precertificate and certificate have in common, as shown.
    pub(super) fn tbs_sha256(&self) -> Option<[u8; 32]> {
        // Whoever shows something comes first.
        self.units.first().and_then(|(unit, _)| unit.tbs_sha256)
    }

    /// What speaks against a report's being of this certificate, where the report shows nothing: what is shown, what
    /// others claim, and the names.
    fn against(&self, unit: &Unit<'_>, asked: &DnsName) -> Vec<String> {
        let claimed = &unit.reported.claimed;
        if self.is_full {
            return vec!["too many reports say different things of it".to_owned()];
        }
        let own = self.tbs_sha256();
        let mut against = match (claimed.tbs_sha256, own) {
            (Some(said), Some(own)) if said != own => vec!["the contents differ".to_owned()],
            _ => Vec::new(),
        };
        against.extend(self.differences(unit));
        if let Some(best) = self.best() {
            against.extend(contradictions(unit.by, claimed, best));
            let names = self.names.get_or_init(|| self.shown_names(asked));
            if let Some((names, true)) = names {
                against.extend(names_beyond(unit.by, claimed, names));
            }
        }
        against
    }

    /// The names that are shown, and whether these are all.
    fn shown_names(&self, asked: &DnsName) -> Option<(HashSet<String>, bool)> {
        let (names, all) = self.units.iter().find_map(|(unit, _)| unit.names(asked))?;
        Some((names.into_iter().map(|name| name.to_lowercase()).collect(), all))
    }

    /// In what a report that shows nothing differs from what others claim.
    fn differences(&self, unit: &Unit<'_>) -> Vec<String> {
        let of = |place: &usize| {
            let (own, _) = self.units.get(*place)?;
            let (own_claims, claims) = (&own.reported.claimed, &unit.reported.claimed);
            Some(differences(own_claims, claims, own.source == unit.source))
        };
        self.claiming.iter().filter_map(of).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// What is shown best of it.
    pub(super) fn best(&self) -> Option<&Certificate> {
        let best = |wanted: for<'u> fn(&'u Unit<'r>) -> Option<&'u Certificate>| {
            self.units.iter().find_map(|(unit, _)| wanted(unit))
        };
        best(|unit| unit.last.as_ref())
            .or_else(|| best(|unit| unit.logged.as_ref()))
            .or_else(|| best(Unit::best))
    }

    /// The issuer key that leaves of logs name.
    pub(super) fn logged_key(&self) -> Option<LoggedKey> {
        let logged = || self.units.iter().filter_map(|(unit, _)| unit.logged_key());
        let key = logged().next()?.key;
        Some(LoggedKey { key, is_proven: logged().any(|logged| logged.is_proven) })
    }
}
