//! Chromium's built-in pins: `transport_security_state_static_pins.json`, and the `.pins` file that says which keys its
//! names stand for.
//!
//! Sources: Chromium's `net/http/transport_security_state.cc` (a chain needs one good key and must have no bad one; the
//! most specific entry counts; a list older than ten weeks is left aside; anchors of the device's owner are exempt) and
//! `net/tools/transport_security_state_generator/` (`input_file_parsers.cc`, `pinsets.cc`).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::certificate_files::pem_keys;
use super::json::{self, Json};
use super::problems::{Problems, named_again, shortened};
use super::{LONGEST_FILE, PinFormat, PinInput};
use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::pins::base64_text;
use crate::pins::model::{
    AfterExpiry, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin, PinEntry, PinSource,
    PinValue, PositionRule, ProblemKind,
};
use crate::x509::{SpkiSha256, read_certificates};

/// The format's id.
const ID: &str = "chromium";
/// What the moment of the list stands behind in a `.pins` file.
const TIMESTAMP: &str = "PinsListTimestamp";
/// For how long Chrome uses a list.
const WEEKS: i64 = 10;
/// The most entries, and the most keys and pins of all entries together.
const MOST: usize = 50_000;

/// Chromium's static pins.
pub(super) struct ChromiumPins;

/// Whether a text is the list of hosts, whose names a `.pins` file resolves.
pub(super) fn is_host_list(text: &str) -> bool {
    text.contains("\"pinsets\"") && text.contains("\"entries\"") && text.contains("static_spki_hashes")
}

/// Whether a text is a `.pins` file.
pub(super) fn is_key_list(text: &str) -> bool {
    !text.contains("\"pinsets\"") && text.lines().any(|line| line.trim() == TIMESTAMP)
}

/// The files with each list of hosts and the keys beside it as one; the files of those keys are left out.
pub(in crate::pins) fn joined(inputs: &[InputFile]) -> Vec<Cow<'_, InputFile>> {
    let texts: Vec<Option<&str>> = inputs.iter().map(text).collect();
    let of_kind = |is_kind: fn(&str) -> bool| -> Vec<usize> {
        let found = texts.iter().enumerate().filter(|(_, text)| text.is_some_and(is_kind));
        found.map(|(index, _)| index).collect()
    };
    let lists = of_kind(is_host_list);
    if lists.is_empty() {
        return inputs.iter().map(Cow::Borrowed).collect();
    }
    let keys = of_kind(is_key_list);
    let mut pairs: BTreeMap<usize, usize> = BTreeMap::new();
    for list in &lists {
        let beside = keys.iter().filter(|keys| folder(inputs, **keys) == folder(inputs, *list));
        let named_alike = beside.max_by_key(|keys| alike(inputs, *list, **keys));
        // One list and one file of keys belong together wherever they stand.
        let only = keys.first().filter(|_| keys.len() == 1 && lists.len() == 1);
        if let Some(keys) = named_alike.or(only) {
            pairs.insert(*list, *keys);
        }
    }
    let used: BTreeSet<usize> = pairs.values().copied().collect();
    let left = inputs.iter().enumerate().filter(|(index, _)| !used.contains(index));
    left.map(|(index, input)| {
        let keys = pairs.get(&index).and_then(|keys| texts.get(*keys).copied().flatten());
        match (texts.get(index).copied().flatten(), keys) {
            (Some(list), Some(keys)) => {
                let content = FileContent::Read(Bytes(format!("{list}\n{keys}").into_bytes()));
                Cow::Owned(InputFile { path: input.path.clone(), content, folder: input.folder.clone() })
            }
            _ => Cow::Borrowed(input),
        }
    })
    .collect()
}

/// The text of a file, where two of its length together are no longer than a file may be.
fn text(input: &InputFile) -> Option<&str> {
    let octets = input.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE / 2)?;
    std::str::from_utf8(octets).ok()
}

/// The folder of a file, and its name.
fn parts(inputs: &[InputFile], index: usize) -> (&str, &str) {
    let path = inputs.get(index).map_or("", |input| input.path.as_str());
    path.rsplit_once(['/', '\\']).unwrap_or(("", path))
}

fn folder(inputs: &[InputFile], index: usize) -> &str {
    parts(inputs, index).0
}

/// How many letters two names have in common from their beginning.
fn alike(inputs: &[InputFile], one: usize, other: usize) -> usize {
    let (one, other) = (parts(inputs, one).1.bytes(), parts(inputs, other).1.bytes());
    one.zip(other).take_while(|(one, other)| one == other).count()
}

impl PinFormat for ChromiumPins {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        input.text.as_deref().is_some_and(|text| is_host_list(text) || is_key_list(text))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        if is_key_list(text) {
            return Ok(keys_alone(&Keys::read(text)?));
        }
        let (document, rest) = json::read_first(text)?;
        let keys = if rest.trim().is_empty() { None } else { Some(Keys::read(rest)?) };
        hosts(&document, keys.as_ref())
    }

    /// One entry, the most specific.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        super::most_specific(source, host)
    }
}

/// What a `.pins` file says.
#[derive(Default)]
struct Keys {
    names: BTreeMap<String, (Pin, usize)>,
    at: Option<Timestamp>,
}

impl Keys {
    fn read(text: &str) -> Result<Self, String> {
        let mut keys = Self::default();
        let mut lines = text.lines().zip(1_usize..).map(|(line, number)| (line.trim(), number));
        while let Some((name, number)) = lines.next() {
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            let value = lines.next().map_or("", |(line, _)| line);
            if name == TIMESTAMP {
                let seconds =
                    value.parse().map_err(|_| format!("line {number}: the time of the list is no number"))?;
                keys.at = Timestamp::from_second(seconds).ok();
                continue;
            }
            let pin = if let Some(hash) = value.strip_prefix("sha256/") {
                Pin::new(value, base64_text::canonical(hash), PositionRule::Any, Some(number))
            } else if value.starts_with("-----BEGIN ") {
                let mut block = format!("{value}\n");
                for (line, _) in lines.by_ref() {
                    block.push_str(line);
                    block.push('\n');
                    if line.starts_with("-----END ") {
                        break;
                    }
                }
                let key = key_of(&block)
                    .ok_or_else(|| format!("line {number}: the block of {} is no key", shortened(name)))?;
                Pin::new(&key.to_string(), Ok(PinValue::Spki(key)), PositionRule::Any, Some(number))
            } else {
                return Err(format!(
                    "line {number}: {} is followed by neither a hash nor a PEM block",
                    shortened(name)
                ));
            };
            keys.names.insert(name.to_owned(), (pin.labelled(Some(name)), number));
            if keys.names.len() > MOST {
                return Err(format!("it has more than {MOST} keys"));
            }
        }
        Ok(keys)
    }

    fn expiry(&self) -> Option<Expiry> {
        let weeks = SignedDuration::from_hours(WEEKS.saturating_mul(7 * 24));
        let at = self.at?.checked_add(weeks).ok()?;
        let note = "ten weeks after the time of the list, when Chrome leaves it aside";
        Some(Expiry { at, afterwards: AfterExpiry::FailOpen, note, clock: ExpiryClock::Utc })
    }
}

/// The key of a PEM block: of a certificate or alone.
fn key_of(block: &str) -> Option<SpkiSha256> {
    if let Ok(keys) = pem_keys(block)
        && let Some((der, _)) = keys.first()
    {
        return Some(SpkiSha256::of(der));
    }
    read_certificates(block.as_bytes()).ok()?.first().map(|certificate| certificate.spki_sha256)
}

/// A `.pins` file by itself: keys with names, for no host.
fn keys_alone(keys: &Keys) -> PinSource {
    let mut problems = Problems::default();
    let what = "it names keys; which hosts they are for stands in transport_security_state_static_pins.json";
    problems.add(ProblemKind::NotRead, None, what.to_owned());
    let why = "the file names keys and no hosts".to_owned();
    let enforcement = Enforcement { mode: EnforcementMode::No, why };
    let mut pins: Vec<(Pin, usize)> = keys.names.values().cloned().collect();
    pins.sort_by_key(|(_, line)| *line);
    let entry = PinEntry {
        pins: pins.into_iter().map(|(pin, _)| pin).collect(),
        expiry: keys.expiry(),
        pin_set: Some(1),
        ..PinEntry::of(HostPattern::Nowhere, enforcement)
    };
    PinSource { entries: vec![entry], problems: problems.into_list(), ..PinSource::of(ID) }
}

/// The entries of a list of hosts. Without the keys' file its pins are names only.
fn hosts(document: &Json, keys: Option<&Keys>) -> Result<PinSource, String> {
    let mut problems = Problems::default();
    if keys.is_none() {
        let what =
            "its pins are names; name the .pins file beside it to have their keys and the age of the list";
        problems.add(ProblemKind::NotRead, None, what.to_owned());
    }
    let sets: BTreeMap<&str, (usize, &Json)> = document
        .at("pinsets")
        .map_or(&[][..], Json::items)
        .iter()
        .zip(1_usize..)
        .filter_map(|(set, number)| Some((set.at("name")?.text()?, (number, set))))
        .collect();
    let mut room = MOST;
    let mut entries = Vec::new();
    for item in document.at("entries").map_or(&[][..], Json::items) {
        let Some(Json::Text(name, line)) = item.at("name") else { continue };
        let Some(set_name) = item.at("pins").and_then(Json::text) else { continue };
        let line = Some(*line);
        let Some((number, set)) = sets.get(set_name) else {
            let what = format!(
                "{} takes the pin set {}, which there is none of",
                shortened(name),
                shortened(set_name)
            );
            problems.add(ProblemKind::Refused, line, what);
            continue;
        };
        let subdomains = ["include_subdomains", "include_subdomains_for_pinning"]
            .iter()
            .any(|key| item.at(key).and_then(Json::boolean) == Some(true));
        let name = name.to_lowercase();
        let scope = if subdomains { HostPattern::WithSubdomains(name) } else { HostPattern::Exactly(name) };
        let mut of = |list: &str| resolved(set.at(list), keys, &mut problems);
        let (pins, forbidden) = (of("static_spki_hashes"), of("bad_static_spki_hashes"));
        room = room.saturating_sub(pins.len()).saturating_sub(forbidden.len()).saturating_sub(1);
        if room == 0 {
            return Err(format!("its hosts have more than {MOST} pins together"));
        }
        let why = "Chrome refuses a chain with none of the good keys or with a bad one, other than of anchors that \
                   the device's owner added";
        let enforcement = Enforcement { mode: EnforcementMode::Yes, why: why.to_owned() };
        // Without the file of the keys, a name stands for a key that is not known.
        let names = |list: &str| set.at(list).map_or(&[][..], Json::items).len();
        let unread = match keys {
            Some(_) => 0,
            None => names("static_spki_hashes").saturating_add(names("bad_static_spki_hashes")),
        };
        entries.push(PinEntry {
            pins,
            unread: u32::try_from(unread).unwrap_or(u32::MAX),
            forbidden,
            expiry: keys.and_then(Keys::expiry),
            overridden_for_user_anchors: true,
            pin_set: Some(*number),
            line,
            ..PinEntry::of(scope, enforcement)
        });
    }
    for (line, what) in named_again(&entries) {
        problems.add(ProblemKind::NotRead, line, what);
    }
    Ok(PinSource { entries, problems: problems.into_list(), ..PinSource::of(ID) })
}

/// The keys that a list of names stands for; nothing where their file was not given.
fn resolved(list: Option<&Json>, keys: Option<&Keys>, problems: &mut Problems) -> Vec<Pin> {
    let Some(keys) = keys else { return Vec::new() };
    let mut pins = Vec::new();
    for item in list.map_or(&[][..], Json::items) {
        let Json::Text(name, line) = item else { continue };
        if let Some((pin, _)) = keys.names.get(name) {
            pins.push(Pin { line: Some(*line), ..pin.clone() });
        } else {
            let what = format!("the key {} is not in the .pins file", shortened(name));
            problems.add(ProblemKind::Refused, Some(*line), what);
        }
    }
    pins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::formats::certificate_files::tests::{certificate, pem};
    use crate::pins::{PinFile, Reading, formats};

    const HOSTS: &str = "// Comment\n{\n \"pinsets\": [\n  {\"name\": \"one\", \"static_spki_hashes\": [\"A\", \"C\"],\n   \
                         \"bad_static_spki_hashes\": [\"B\"]}\n ],\n \"entries\": [\n  \
                         {\"name\": \"a.example\", \"include_subdomains\": true, \"pins\": \"one\"},\n  \
                         {\"name\": \"b.example\"}\n ]\n}\n";

    fn keys(certificate: &[u8]) -> String {
        format!(
            "# Comment\nPinsListTimestamp\n1700000000\n\nA\nsha256/{}\n\nB\nsha256/{}\n\nC\n{}",
            SpkiSha256::of(b"a"),
            SpkiSha256::of(b"b"),
            pem("CERTIFICATE", certificate)
        )
    }

    fn source(reading: &Reading) -> &PinSource {
        match reading {
            Reading::Read(source) => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_second_entry_for_a_host_is_told() {
        let entry = "{\"name\": \"a.example\", \"include_subdomains\": true, \"pins\": \"one\"},\n";
        let text = format!("{}{}", HOSTS.replace(entry, &entry.repeat(2)), keys(&certificate().0));
        let reading = formats::tests::only("pins.json", text.as_bytes());
        let told: Vec<_> =
            source(&reading).problems.iter().map(|problem| (problem.kind, problem.line)).collect();
        assert_eq!(told, [(ProblemKind::NotRead, Some(9))]);
    }

    #[test]
    fn hosts_and_keys_are_joined() {
        let (certificate, key) = certificate();
        let file = |path: &str, text: &str| InputFile {
            path: path.to_owned(),
            content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
            folder: None,
        };
        let files = PinFile::of_all(&[file("x.json", HOSTS), file("x.pins", &keys(&certificate))]);
        let read = source(&files[0].reading);
        assert_eq!((files[0].file.as_str(), read.entries.len()), ("x.json", 1));
        let entry = &read.entries[0];
        let pins: Vec<_> = entry.pins.iter().filter_map(Pin::spki).copied().collect();
        assert_eq!(pins, [SpkiSha256::of(b"a"), SpkiSha256::of(&key)]);
        assert_eq!(entry.forbidden[0].spki(), Some(&SpkiSha256::of(b"b")));
        assert_eq!(entry.pins[0].label.as_deref(), Some("A"));
        assert_eq!(entry.line, Some(8));
        // 1700000000 is 2023-11-14T22:13:20Z, and ten weeks are 70 days.
        assert_eq!(entry.expiry.as_ref().map(|e| e.at.to_string()).as_deref(), Some("2024-01-23T22:13:20Z"));
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        // The keys have been read with the hosts.
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn each_list_has_the_keys_beside_it() {
        let file = |path: &str, text: &str| InputFile {
            path: path.to_owned(),
            content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
            folder: None,
        };
        let keys = |word: &str| {
            let hash = SpkiSha256::of(word.as_bytes());
            format!("PinsListTimestamp\n1700000000\nA\nsha256/{hash}\nB\nsha256/{hash}\nC\nsha256/{hash}\n")
        };
        let inputs = [
            file("old/static.pins", &keys("old")),
            file("old/static_pins.json", HOSTS),
            file("other.txt", "x"),
            file("new/static_pins.json", HOSTS),
            file("new/another.pins", &keys("another")),
            file("new/static.pins", &keys("new")),
            file("alone/static_pins.json", HOSTS),
        ];
        let files = PinFile::of_all(&inputs);
        let read: Vec<(&str, Option<&SpkiSha256>)> = files
            .iter()
            .filter_map(|file| match &file.reading {
                Reading::Read(source) => {
                    Some((file.file.as_str(), source.entries[0].pins.first().and_then(Pin::spki)))
                }
                _ => None,
            })
            .collect();
        let (old, new, another) =
            (SpkiSha256::of(b"old"), SpkiSha256::of(b"new"), SpkiSha256::of(b"another"));
        assert_eq!(
            read,
            [
                ("old/static_pins.json", Some(&old)),
                ("new/static_pins.json", Some(&new)),
                ("new/another.pins", Some(&another)),
                ("alone/static_pins.json", None),
            ]
        );
        assert_eq!(files.len(), 5);
    }

    #[test]
    fn each_alone_is_half() {
        let alone = formats::tests::only("x.json", HOSTS.as_bytes());
        assert_eq!(source(&alone).problems[0].kind, ProblemKind::NotRead);
        assert!(source(&alone).entries[0].pins.is_empty());
        let (certificate, _) = certificate();
        let alone = formats::tests::only("x.pins", keys(&certificate).as_bytes());
        assert_eq!(source(&alone).entries[0].scope, HostPattern::Nowhere);
        assert_eq!(source(&alone).entries[0].pins.len(), 3);
    }

    #[test]
    fn what_is_missing_is_told() {
        let text = format!("{HOSTS}PinsListTimestamp\n1\nA\nsha256/{}\n", SpkiSha256::of(b"a"));
        let read = formats::tests::only("x.json", text.as_bytes());
        assert_eq!(source(&read).problems.len(), 2);
        for text in [
            "PinsListTimestamp\nx",
            "PinsListTimestamp\n1\nA\nB",
            "PinsListTimestamp\n1\nA\n-----BEGIN X-----",
        ] {
            assert!(
                matches!(formats::tests::only("x.pins", text.as_bytes()), Reading::NotWellFormed { .. }),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(PinsListTimestamp|\n|[0-9]|A|sha256/|-----BEGIN PUBLIC KEY-----|-----END |\"pinsets\"|\"entries\"|static_spki_hashes|\\PC){0,40}") {
            let _ = formats::read("x.pins", text.as_bytes());
            let _ = formats::read("x.json", format!("{HOSTS}{text}").as_bytes());
        }
    }
}
