//! The pins of a host as the comparison wants them.

use std::collections::BTreeSet;

use crate::compare::{Fact, PinEnforcement, PinMatches, Pins};
use crate::pins::{EnforcementMode, EntryVerdict, Outcome, PinMatch, PinsStatus, PinsVerdict};

/// What was measured of the pins.
pub(super) fn measured(verdict: &PinsVerdict) -> Fact<Pins> {
    match verdict.status {
        PinsStatus::NoPinSources => return Fact::NotGiven,
        PinsStatus::Undetermined => return Fact::Undetermined,
        PinsStatus::Pinned | PinsStatus::NotPinned => {}
    }
    let applying: Vec<&EntryVerdict> = verdict
        .sources
        .iter()
        .flat_map(|source| &source.entries)
        .filter(|entry| entry.applies && !entry.pins.is_empty())
        .collect();
    // Clients differ by what their own pins say; the strongest mode that any of them has is shown.
    let Some(enforcement) = [EnforcementMode::Yes, EnforcementMode::Report, EnforcementMode::No]
        .into_iter()
        .find(|&mode| applying.iter().any(|entry| entry.enforced == mode))
    else {
        return Fact::Measured(Pins::NotPinned);
    };
    let in_force: Vec<&EntryVerdict> =
        applying.into_iter().filter(|entry| entry.enforced == enforcement).collect();
    Fact::Measured(Pins::Pinned {
        enforcement: match enforcement {
            EnforcementMode::Yes => PinEnforcement::Enforced,
            EnforcementMode::Report => PinEnforcement::ReportOnly,
            EnforcementMode::No => PinEnforcement::Off,
        },
        matches: matches(&in_force),
        overridden_for_user_anchors: in_force.iter().any(|entry| entry.overridden_for_user_anchors),
        locked_out: in_force.iter().any(|entry| entry.outcome == Outcome::LockedOut),
    })
}

/// What the pins match for the clients that connect: what else is in a set that locks its clients out protects
/// nobody. Where no client connects, nothing is matched.
fn matches(entries: &[&EntryVerdict]) -> Fact<PinMatches> {
    if !entries.iter().any(|entry| entry.is_compared()) {
        return Fact::NotGiven;
    }
    // Another path may be built by other clients: what these pins accept there is not known.
    if entries.iter().any(|entry| entry.outcome == Outcome::Unknown) {
        return Fact::Undetermined;
    }
    let connecting: Vec<&EntryVerdict> =
        entries.iter().copied().filter(|entry| entry.outcome != Outcome::LockedOut).collect();
    if connecting.is_empty() {
        let unmatched = entries.iter().map(|entry| entry.pins.len()).sum();
        return Fact::Measured(PinMatches { positions: BTreeSet::new(), unmatched });
    }
    let mut positions = BTreeSet::new();
    let mut unmatched = 0;
    for pin in connecting.iter().flat_map(|entry| &entry.pins) {
        match pin.matches {
            PinMatch::At(position) => {
                positions.insert(position);
            }
            PinMatch::None | PinMatch::WrongPlace(_) => unmatched += 1,
            PinMatch::NotChecked => {}
        }
    }
    Fact::Measured(PinMatches { positions, unmatched })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::pins::{PinFile, Question, judge};
    use crate::x509::ChainPosition::{self, Intermediate, Leaf, Root};
    use crate::x509::{CertificateSha256, PathCertificate, SpkiSha256};

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

    fn facts(texts: &[String]) -> Pins {
        let files: Vec<PinFile> = texts
            .iter()
            .map(|text| {
                let content = FileContent::Read(Bytes(text.clone().into_bytes()));
                PinFile::of(&InputFile { path: "file".to_owned(), content })
            })
            .collect();
        let path =
            [(Leaf, "leaf"), (Intermediate, "intermediate"), (Root, "root")].map(|(position, name)| {
                PathCertificate {
                    position,
                    spki_sha256: SpkiSha256::of(name.as_bytes()),
                    sha256: CertificateSha256::of(name.as_bytes()),
                    subject: name.to_owned(),
                }
            });
        let question = Question {
            host: Some("shop.example"),
            path: Some(&path),
            off_path: &[SpkiSha256::of(b"cross")],
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            known_ca: &|_| None,
        };
        match measured(&judge(&files, &question)) {
            Fact::Measured(pins) => pins,
            other => panic!("{other:?}"),
        }
    }

    fn matched(texts: &[String]) -> (Fact<(Vec<ChainPosition>, usize)>, bool) {
        let Pins::Pinned { matches, locked_out, .. } = facts(texts) else { panic!("not pinned") };
        let matches = match matches {
            Fact::Measured(found) => Fact::Measured((found.positions.into_iter().collect(), found.unmatched)),
            Fact::NotGiven => Fact::NotGiven,
            Fact::Undetermined => Fact::Undetermined,
        };
        (matches, locked_out)
    }

    #[test]
    fn a_set_that_locks_out_protects_nobody() {
        let connects = android(&["intermediate", "offline"], "");
        for (texts, expected) in [
            (vec![connects.clone()], (Fact::Measured((vec![Intermediate], 1)), false)),
            (vec![connects.clone(), curl("other")], (Fact::Measured((vec![Intermediate], 1)), true)),
            (vec![curl("other")], (Fact::Measured((Vec::new(), 1)), true)),
            (vec![connects.clone(), curl("leaf")], (Fact::Measured((vec![Leaf, Intermediate], 1)), false)),
            // Beside the path, it depends on the client; the one of the other file is locked out all the same.
            (vec![android(&["cross"], "")], (Fact::Undetermined, false)),
            (vec![android(&["cross"], ""), curl("other")], (Fact::Undetermined, true)),
        ] {
            assert_eq!(matched(&texts), expected, "{texts:?}");
        }
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
            let pins = facts(&[android(&["root", "offline"], &anchors(inside))]);
            let Pins::Pinned { enforcement, overridden_for_user_anchors, .. } = pins else {
                panic!("not pinned")
            };
            assert_eq!(enforcement, PinEnforcement::Enforced);
            assert_eq!(overridden_for_user_anchors, expected, "{inside}");
        }
    }

    #[test]
    fn an_ios_list_that_fails_makes_the_other_worthless() {
        let item = |name: &str| {
            let key = SpkiSha256::of(name.as_bytes());
            format!("<array><dict><key>SPKI-SHA256-BASE64</key><string>{key}</string></dict></array>")
        };
        let text = format!(
            "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
             <key>shop.example</key><dict><key>NSPinnedLeafIdentities</key>{}<key>NSPinnedCAIdentities</key>{}</dict>\
             </dict></dict></dict></plist>",
            item("other"),
            item("root")
        );
        assert_eq!(matched(&[text]), (Fact::Measured((Vec::new(), 2)), true));
    }
}
