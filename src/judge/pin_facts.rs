//! The pins of a host as the comparison wants them.

mod beside;
mod undetermined;

use std::collections::BTreeSet;

pub(super) use self::beside::FolderOf;
use super::facts::class_of;
use crate::compare::{
    ClientPins, DynamicPins, Fact, FirstContact, Hpkp, PinEnforcement, PinMatches, PinnedCa, Pins,
};
use crate::pins::{
    Bootstrap, EnforcementMode, EntryVerdict, Outcome, PinMatch, PinVerdict, PinsStatus, PinsVerdict,
    SourceState, SourceVerdict,
};

/// The formats that have columns of their own: TLSA records, and headers that no browser obeys.
const APART: [&str; 3] = ["tlsa", "hpkp", "expect-ct"];

/// The sources whose pins are clients' own.
pub(super) fn own(verdict: &PinsVerdict) -> impl Iterator<Item = &SourceVerdict> {
    verdict.sources.iter().filter(|source| source.format.is_none_or(|format| !APART.contains(&format)))
}

/// The CA that a pin lets in, and whether the owner uses it, where that is known.
type LetIn<'a> = &'a dyn Fn(&PinVerdict) -> Option<(String, Option<bool>)>;

/// What was measured of the pins, client by client: an entry that applies is what one client goes by, and a configuration
/// without pins for the host is a client beside those that have some.
pub(super) fn measured(
    verdict: &PinsVerdict,
    let_in: LetIn<'_>,
    folder_of: FolderOf<'_>,
) -> Fact<Vec<ClientPins>> {
    if own(verdict).next().is_none() && !verdict.sources.is_empty() {
        return Fact::NotGiven;
    }
    let undetermined = undetermined::clients(verdict);
    match verdict.status {
        PinsStatus::NoPinSources => return Fact::NotGiven,
        PinsStatus::Undetermined if undetermined.is_empty() && !verdict.is_pinned_in_builds() => {
            return Fact::Undetermined;
        }
        PinsStatus::Undetermined | PinsStatus::Pinned | PinsStatus::NotPinned => {}
    }
    let mut clients: Vec<ClientPins> = applying(verdict)
        .filter(|(source, entry)| !undetermined::is_so(source, entry, verdict))
        .filter(|one| !is_covered(*one, verdict))
        .map(|(source, entry)| ClientPins {
            client: source.file.clone(),
            class: class_of(source, Some(entry)),
            pins: pinned(entry, let_in),
        })
        .collect();
    if clients.is_empty()
        && undetermined.iter().all(|client| client.class.is_none())
        && !undetermined.is_empty()
    {
        return Fact::Undetermined;
    }
    if clients.is_empty() && undetermined.is_empty() {
        return Fact::Measured(vec![ClientPins {
            client: String::new(),
            class: None,
            pins: Pins::NotPinned,
        }]);
    }
    match beside::without_pins(verdict, folder_of) {
        Fact::Measured(without) => clients.extend(without),
        Fact::NotGiven | Fact::Undetermined => return Fact::Undetermined,
    }
    clients.extend(undetermined);
    Fact::Measured(clients)
}

/// Whether pins that refuse nothing do not count, as the same client goes by others that do: those of the same file by
/// another mechanism, or of a format that takes all entries together. In any other case they are another client's, or
/// another version's, and that one has no protection.
fn is_covered((source, entry): (&SourceVerdict, &EntryVerdict), verdict: &PinsVerdict) -> bool {
    let is_in_force = |(other_source, other): (&SourceVerdict, &EntryVerdict)| {
        let is_same = std::ptr::eq(source, other_source);
        other.enforced == EnforcementMode::Yes
            && source.file == other_source.file
            && (!is_same || (!source.united.is_empty() && entry.pinner == other.pinner))
            && class_of(source, Some(entry)) == class_of(other_source, Some(other))
    };
    entry.enforced != EnforcementMode::Yes && applying(verdict).any(is_in_force)
}

/// The entries with pins, or with keys that they forbid, that apply to the host, with the source of each.
pub(super) fn applying(verdict: &PinsVerdict) -> impl Iterator<Item = (&SourceVerdict, &EntryVerdict)> {
    let entries = own(verdict).flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    entries.filter(|(_, entry)| entry.applies && entry.is_read())
}

/// The clients beside those with such pins that have none of them.
pub(super) fn beside_dynamic(verdict: &PinsVerdict, folder_of: FolderOf<'_>) -> Vec<ClientPins> {
    beside::without_fetched(verdict, folder_of)
}

/// The pins that clients fetch or learn at run time, of the files that were given.
pub(super) fn dynamic(verdict: &PinsVerdict) -> Fact<Vec<DynamicPins>> {
    if own(verdict).next().is_none() {
        let was_given = verdict.status == PinsStatus::Undetermined && verdict.sources.is_empty();
        return if was_given { Fact::Undetermined } else { Fact::NotGiven };
    }
    if own(verdict).any(|source| source.state != SourceState::Read) {
        return Fact::Undetermined;
    }
    let entries = own(verdict).flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    Fact::Measured(
        entries
            .filter(|(_, entry)| entry.applies)
            .filter_map(|(source, entry)| {
                Some(DynamicPins {
                    client: source.file.clone(),
                    class: class_of(source, Some(entry)),
                    is_enforced: match entry.enforced {
                        EnforcementMode::Yes => Some(true),
                        EnforcementMode::Report | EnforcementMode::No => Some(false),
                        EnforcementMode::Unknown => None,
                    },
                    first_contact: match entry.bootstrap? {
                        Bootstrap::Signed | Bootstrap::Pinned => FirstContact::Authenticated,
                        Bootstrap::ValidatedOnly | Bootstrap::FirstUse => FirstContact::NotAuthenticated,
                        Bootstrap::Unstated => FirstContact::Unknown,
                    },
                })
            })
            .collect(),
    )
}

/// Whether `Public-Key-Pins` is sent, as far as headers were given: of those without it nothing is read.
pub(super) fn hpkp(verdict: &PinsVerdict) -> Fact<Hpkp> {
    let mut headers = verdict.sources.iter().filter(|source| source.format == Some("hpkp"));
    if headers.any(|source| source.entries.iter().any(|entry| entry.applies)) {
        Fact::Measured(Hpkp::Sent)
    } else {
        Fact::NotGiven
    }
}

fn pinned(entry: &EntryVerdict, let_in: LetIn<'_>) -> Pins {
    Pins::Pinned {
        enforcement: match entry.enforced {
            EnforcementMode::Yes => PinEnforcement::Enforced,
            EnforcementMode::Report => PinEnforcement::ReportOnly,
            // One that may be in force leaves the whole undetermined.
            EnforcementMode::No | EnforcementMode::Unknown => PinEnforcement::Off,
        },
        matches: matches(entry, let_in),
        locked_out: entry.outcome == Outcome::LockedOut,
        overridden_for_user_anchors: entry.overridden_for_user_anchors,
    }
}

/// What the pins match for a client that connects: what else is in a set that locks its clients out protects
/// nobody, so nothing is matched then.
fn matches(entry: &EntryVerdict, let_in: LetIn<'_>) -> Fact<PinMatches> {
    if !entry.is_compared() {
        return Fact::NotGiven;
    }
    // What could not be read may be any key, and let anybody in.
    if entry.unread > 0 {
        return Fact::Undetermined;
    }
    match entry.outcome {
        // Another path may be built by other clients: what these pins accept there is not known.
        Outcome::Unknown => return Fact::Undetermined,
        Outcome::LockedOut => {
            return Fact::Measured(PinMatches { unmatched: entry.pins.len(), ..PinMatches::default() });
        }
        Outcome::Connects | Outcome::NotEnforced => {}
    }
    let lists = entry.lists();
    let mut lists = lists.iter().map(|list| of_list(list, let_in));
    let first = lists.next().unwrap_or_default();
    Fact::Measured(PinMatches { also: lists.collect(), ..first })
}

/// What one list of pins matches.
fn of_list(list: &[&PinVerdict], let_in: LetIn<'_>) -> PinMatches {
    let mut found = PinMatches::default();
    let mut by_key = BTreeSet::new();
    for pin in list {
        match pin.matches {
            PinMatch::At(position) => {
                found.positions.insert(position);
                if pin.pin.value.as_ref().is_ok_and(|value| !value.is_certificate()) {
                    by_key.insert(position);
                }
                // Such as the root of another CA, which signed the own one's: whatever it issues is accepted as well.
                if let Some((name, Some(false))) = let_in(pin)
                    && !found.cas.iter().any(|known| known.name == name)
                {
                    found.cas.push(PinnedCa { name, is_used: Some(false), pins: 0 });
                }
            }
            PinMatch::None | PinMatch::WrongPlace(_) => {
                found.unmatched = found.unmatched.saturating_add(1);
                if let Some((name, is_used)) = let_in(pin) {
                    match found.cas.iter_mut().find(|known| known.name == name) {
                        Some(known) => known.pins = known.pins.saturating_add(1),
                        None => found.cas.push(PinnedCa { name, is_used, pins: 1 }),
                    }
                }
            }
            PinMatch::NotChecked => {}
        }
    }
    found.whole = found.positions.difference(&by_key).copied().collect();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::pins::{PinFile, Question, judge};
    use crate::x509::ChainPosition::{self, Intermediate, Leaf, Root};
    use crate::x509::{CertificateSha256, Fingerprints, PathCertificate, SpkiSha256};

    /// An Android configuration that pins shop.example to the keys of these names.
    fn android(names: &[&str], anchors: &str) -> String {
        let pins: Vec<String> = names
            .iter()
            .map(|name| format!("<pin digest='SHA-256'>{}</pin>", SpkiSha256::of(name.as_bytes())))
            .collect();
        format!(
            "<network-security-config>{anchors}<domain-config><domain>shop.example</domain><pin-set>{}</pin-set>\
             </domain-config></network-security-config>",
            pins.concat()
        )
    }

    /// A list of curl's, which compares the leaf alone.
    fn curl(name: &str) -> String {
        format!("sha256//{}", SpkiSha256::of(name.as_bytes()))
    }

    /// The clients of files that are named `0`, `1` and so on.
    fn clients(texts: &[String]) -> Vec<ClientPins> {
        clients_by(texts, &|_| None)
    }

    fn clients_by(texts: &[String], let_in: LetIn<'_>) -> Vec<ClientPins> {
        let files: Vec<PinFile> = texts
            .iter()
            .enumerate()
            .flat_map(|(number, text)| {
                let content = FileContent::Read(Bytes(text.clone().into_bytes()));
                PinFile::of(&InputFile { path: number.to_string(), content, folder: None })
            })
            .collect();
        let path =
            [(Leaf, "leaf"), (Intermediate, "intermediate"), (Root, "root")].map(|(position, name)| {
                PathCertificate {
                    position,
                    spki_sha256: SpkiSha256::of(name.as_bytes()),
                    sha256: CertificateSha256::of(name.as_bytes()),
                    subject: name.to_owned(),
                    fingerprints: Fingerprints::default(),
                }
            });
        let question = Question {
            host: Some("shop.example"),
            path: Some(&path),
            off_path: &[SpkiSha256::of(b"cross")],
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            paths: &[],
            certificates: &[],
            service: None,
            known_ca: &|_| None,
        };
        match measured(&judge(&files, &question), let_in, &|_| None) {
            Fact::Measured(clients) => clients,
            other => panic!("{other:?}"),
        }
    }

    /// What a client's pins match: the places and how many match nothing; then whether it is locked out.
    type Matched = (Fact<(Vec<ChainPosition>, usize)>, bool);

    fn matched(texts: &[String]) -> Vec<Matched> {
        let clients = clients(texts);
        let names: Vec<String> = (0..texts.len()).map(|number| number.to_string()).collect();
        assert!(clients.iter().map(|client| &client.client).eq(&names), "{clients:?}");
        clients.into_iter().map(|client| matched_by(client.pins)).collect()
    }

    fn matched_by(pins: Pins) -> Matched {
        let Pins::Pinned { matches, locked_out, .. } = pins else { panic!("not pinned") };
        let matches = match matches {
            Fact::Measured(found) => Fact::Measured((found.positions.into_iter().collect(), found.unmatched)),
            Fact::NotGiven => Fact::NotGiven,
            Fact::Undetermined => Fact::Undetermined,
        };
        (matches, locked_out)
    }

    /// As a root that signed the own CA's, and issues for others.
    #[test]
    fn a_pinned_ca_of_the_chain_that_is_not_expected_is_let_in() {
        let of = |is_used: Option<bool>| {
            let let_in = |pin: &PinVerdict| {
                (pin.matches == PinMatch::At(Root)).then(|| ("Other CA".to_owned(), is_used))
            };
            let texts = [android(&["intermediate", "root"], "")];
            match clients_by(&texts, &let_in).remove(0).pins {
                Pins::Pinned { matches: Fact::Measured(found), .. } => (found.cas, found.unmatched),
                other => panic!("{other:?}"),
            }
        };
        let other = PinnedCa { name: "Other CA".to_owned(), is_used: Some(false), pins: 0 };
        assert_eq!(of(Some(false)), (vec![other], 0));
        for is_used in [Some(true), None] {
            assert_eq!(of(is_used), (Vec::new(), 0), "what serves the host is used, unless that was denied");
        }
    }

    #[test]
    fn each_client_has_its_own_pins() {
        let at =
            |positions: &[ChainPosition], unmatched| (Fact::Measured((positions.to_vec(), unmatched)), false);
        let locked_out = || (Fact::Measured((Vec::new(), 1)), true);
        let connects = android(&["intermediate", "offline"], "");
        for (texts, expected) in [
            (vec![connects.clone()], vec![at(&[Intermediate], 1)]),
            (vec![connects.clone(), curl("other")], vec![at(&[Intermediate], 1), locked_out()]),
            (vec![curl("other")], vec![locked_out()]),
            (vec![android(&["root"], ""), curl("leaf")], vec![at(&[Root], 0), at(&[Leaf], 0)]),
            // Beside the path, it depends on the client; the one of the other file is locked out all the same.
            (vec![android(&["cross"], "")], vec![(Fact::Undetermined, false)]),
            (vec![android(&["cross"], ""), curl("other")], vec![(Fact::Undetermined, false), locked_out()]),
        ] {
            assert_eq!(matched(&texts), expected, "{texts:?}");
        }
    }

    /// An Apple application that pins shop.example to a leaf and to a CA.
    fn ios(leaf: &str, ca: &str) -> String {
        let item = |name: &str| {
            let key = SpkiSha256::of(name.as_bytes());
            format!("<array><dict><key>SPKI-SHA256-BASE64</key><string>{key}</string></dict></array>")
        };
        format!(
            "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
             <key>shop.example</key><dict><key>NSPinnedLeafIdentities</key>{}<key>NSPinnedCAIdentities</key>{}</dict>\
             </dict></dict></dict></plist>",
            item(leaf),
            item(ca)
        )
    }

    /// pins.toml with one entry.
    fn toml(key: &str, more: &str) -> String {
        format!("version = 1\n[[pin]]\nhosts = [\"shop.example\"]\npins = [\"{key}\"]\n{more}\n")
    }

    fn found(text: String) -> PinMatches {
        match clients(&[text]).remove(0).pins {
            Pins::Pinned { matches: Fact::Measured(matches), .. } => matches,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_that_must_each_match_stay_apart() {
        let both = found(ios("leaf", "root"));
        let lists: Vec<Vec<ChainPosition>> =
            both.lists().map(|list| list.positions.iter().copied().collect()).collect();
        assert_eq!(lists, [vec![Leaf], vec![Root]]);
        assert_eq!(both.lists().map(|list| list.unmatched).sum::<usize>(), 0);
    }

    #[test]
    fn whole_certificates_are_told_from_keys() {
        let whole = toml(&CertificateSha256::of(b"leaf").to_string(), "kind = \"certificate\"");
        let (whole, key) = (found(whole), found(toml(&SpkiSha256::of(b"leaf").to_string(), "")));
        assert_eq!((whole.positions.clone(), whole.whole.clone()), ([Leaf].into(), [Leaf].into()));
        assert_eq!((key.positions.clone(), key.whole.len()), ([Leaf].into(), 0));
        assert!(key.names_own_key() && !whole.names_own_key());
    }

    #[test]
    fn pins_that_refuse_nothing_stand_beside_those_in_force() {
        let report = toml(&SpkiSha256::of(b"leaf").to_string(), "platform = \"ios\"\nenforce = \"report\"");
        let modes: Vec<PinEnforcement> = clients(&[report, ios("leaf", "root")])
            .into_iter()
            .map(|client| match client.pins {
                Pins::Pinned { enforcement, .. } => enforcement,
                Pins::NotPinned | Pins::Unknown | Pins::OtherBuild | Pins::Undetermined => {
                    panic!("not pinned")
                }
            })
            .collect();
        assert_eq!(modes, [PinEnforcement::ReportOnly, PinEnforcement::Enforced]);
    }

    #[test]
    fn no_pins_for_the_host_are_no_client() {
        let elsewhere = android(&["root"], "").replace("shop.example", "other.example");
        assert_eq!(
            clients(&[elsewhere]),
            [ClientPins { client: String::new(), class: None, pins: Pins::NotPinned }]
        );
        assert_eq!(clients(&[curl("leaf")])[0].client, "0");
    }

    /// Keys that are forbidden refuse without pins beside.
    #[test]
    fn forbidden_keys_alone_are_pins_in_force() {
        let toml = |bad: &str| {
            let bad = SpkiSha256::of(bad.as_bytes());
            format!("version = 1\n[[pin]]\nhosts = [\"shop.example\"]\nforbidden = [\"{bad}\"]\n")
        };
        assert_eq!(
            matched(&[toml("leaf"), toml("other")]),
            [(Fact::Measured((Vec::new(), 0)), true), (Fact::Measured((Vec::new(), 0)), false)]
        );
    }

    #[test]
    fn overridden_pins_are_known_as_such() {
        let anchors = |inside: &str| {
            format!(
                "<base-config><trust-anchors><certificates src='system'/>{inside}</trust-anchors></base-config>"
            )
        };
        for (inside, expected) in [
            ("<certificates src='user' overridePins='true'/>", true),
            ("<certificates src='@raw/company' overridePins='true'/>", true),
            ("<certificates src='user'/>", false),
            ("", false),
        ] {
            let clients = clients(&[android(&["root", "offline"], &anchors(inside))]);
            let [ClientPins { pins: Pins::Pinned { enforcement, overridden_for_user_anchors, .. }, .. }] =
                clients[..]
            else {
                panic!("not pinned")
            };
            assert_eq!(enforcement, PinEnforcement::Enforced);
            assert_eq!(overridden_for_user_anchors, expected, "{inside}");
        }
    }

    #[test]
    fn an_ios_list_that_fails_makes_the_other_worthless() {
        assert_eq!(matched(&[ios("other", "root")]), [(Fact::Measured((Vec::new(), 2)), true)]);
    }
}
