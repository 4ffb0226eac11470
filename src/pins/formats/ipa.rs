//! An iOS app as it is shipped: the zip archive `.ipa`.
//!
//! Sources: Apple's “Bundle Programming Guide” and “Placing content in a bundle” (`Payload/NAME.app/` with its Info.plist;
//! extensions below `PlugIns/`, App Clips below `AppClips/`, watch apps below `Watch/`, each a process of its own);
//! Alamofire's `ServerTrustEvaluation.swift`: the pinned certificates are by default every `.cer`, `.crt` and `.der` of
//! the main bundle; AFNetworking's `AFSecurityPolicy.m`: every `.cer`.
//!
//! The Info.plist of an app is never encrypted; its code is, in copies from the App Store, and is not read here.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use super::archive::{self, Archive};
use super::{LONGEST_FILE, Package, PinInput, flutter, ios_nspinneddomains, plist, read_file, xml};
use crate::pins::model::{
    AppContext, Confidence, Enforcement, EnforcementMode, PinFile, PinSource, Problem, ProblemKind, Reading,
};

/// The package's id.
const ID: &str = "ipa";
/// The most files inside that are looked into.
const MOST_FILES: usize = 5_000;

/// An iOS app.
pub(super) struct Ipa;

impl Package for Ipa {
    fn id(&self) -> &'static str {
        ID
    }

    /// A zip archive that is called so or has an app in its `Payload`.
    fn recognises(&self, input: &PinInput<'_>) -> bool {
        if !archive::is_zip(input.octets) {
            return false;
        }
        let named = input.path.to_ascii_lowercase().ends_with(".ipa");
        named || has_payload(input.octets)
    }

    fn open(&self, input: &PinInput<'_>) -> Result<Vec<PinFile>, String> {
        let mut archive = Archive::open(input.octets)?;
        let wanted: Vec<(usize, String, Kind)> = archive
            .names()
            .iter()
            .enumerate()
            .filter_map(|(index, name)| kind(name).map(|kind| (index, name.clone(), kind)))
            .collect();
        if !wanted.iter().any(|(_, _, kind)| *kind == Kind::AppList) {
            return Err("it has no Payload/NAME.app/Info.plist".to_owned());
        }
        let mut files = vec![];
        let mut apps: BTreeMap<String, AppContext> = BTreeMap::new();
        let mut own = PinSource::of(ID);
        own.problems.extend(archive.oddities().iter().map(|what| problem(what.clone())));
        if wanted.len() > MOST_FILES {
            let left = wanted.len().saturating_sub(MOST_FILES);
            own.problems
                .push(problem(format!("{left} of the files that could have pins were not looked into")));
        }
        for (index, name, kind) in wanted.into_iter().take(MOST_FILES) {
            let inside = format!("{}!/{name}", input.path);
            let octets = match archive.read(index, LONGEST_FILE) {
                Ok(octets) => octets,
                Err(why) => {
                    files.push(PinFile { file: inside, reading: Reading::Unreadable(why) });
                    continue;
                }
            };
            if kind == Kind::AppList
                && let Some((bundle, _)) = in_bundle(&name)
            {
                let identifier = identifier(&inside, &octets);
                apps.insert(bundle.to_owned(), AppContext { identifier, ..AppContext::default() });
            }
            let part = matches!(kind, Kind::PartList | Kind::OtherList).then(|| name.clone());
            files.extend(read_inside(&inside, &octets, kind).into_iter().map(|mut file| {
                if let Reading::Read(source) = &mut file.reading {
                    source.app = Some(AppContext { part: part.clone(), ..AppContext::default() });
                }
                file
            }));
        }
        if !own.problems.is_empty() {
            files.insert(0, PinFile { file: input.path.to_owned(), reading: Reading::Read(own) });
        }
        for file in &mut files {
            if let Reading::Read(source) = &mut file.reading {
                let part = source.app.take().and_then(|own| own.part);
                let inside = file.file.rsplit_once("!/").and_then(|(_, inside)| in_bundle(inside));
                let app = inside.and_then(|(bundle, _)| apps.get(bundle)).cloned().unwrap_or_default();
                source.app = Some(AppContext { part, ..app });
            }
        }
        flutter::weigh_package(archive.names().iter(), &mut files);
        Ok(files)
    }
}

/// What is looked for in an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The Info.plist of the app.
    AppList,
    /// The Info.plist of an extension, an App Clip or a watch app, which is a process of its own.
    PartList,
    /// Another property list: of a framework, or one that code may read.
    OtherList,
    /// A JSON file.
    Json,
    /// A certificate.
    Certificate,
}

/// The bundle of an app, and the path within it. Each is an app of its own: none is a variant of another.
pub(in crate::pins) fn in_bundle(name: &str) -> Option<(&str, &str)> {
    let (bundle, path) = name.strip_prefix("Payload/")?.split_once('/')?;
    bundle.to_ascii_lowercase().ends_with(".app").then_some((bundle, path))
}

/// What a file of the archive may be, by its name.
fn kind(name: &str) -> Option<Kind> {
    let (_, path) = in_bundle(name)?;
    let lower = path.to_ascii_lowercase();
    let ending = lower.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        _ if path == "Info.plist" => Some(Kind::AppList),
        _ if is_of_process(path) => Some(Kind::PartList),
        "plist" => Some(Kind::OtherList),
        "json" => Some(Kind::Json),
        "cer" | "crt" | "der" | "pem" => Some(Kind::Certificate),
        _ => None,
    }
}

/// Whether this is the Info.plist of a process inside of the app: of an extension, an App Clip or a watch app.
fn is_of_process(path: &str) -> bool {
    const HOLDERS: [&str; 4] = ["appclips", "watch", "plugins", "extensions"];
    let Some(bundle) = path.strip_suffix("/Info.plist").map(str::to_ascii_lowercase) else { return false };
    match bundle.rsplit_once('.').map(|(_, ending)| ending) {
        Some("appex") => true,
        Some("app") => bundle.split('/').any(|folder| HOLDERS.contains(&folder)),
        _ => false,
    }
}

/// Whether an archive has an app in it; its names are asked only where the word stands in the octets.
fn has_payload(octets: &[u8]) -> bool {
    let word = b"Payload/";
    octets.windows(word.len()).any(|window| window == word)
        && Archive::open(octets)
            .is_ok_and(|archive| archive.names().iter().any(|name| kind(name) == Some(Kind::AppList)))
}

/// The sources of one file. Files other than the app's own Info.plist count only where they have pins.
fn read_inside(inside: &str, octets: &[u8], kind: Kind) -> Vec<PinFile> {
    let mut files = read_file(inside, octets);
    match kind {
        Kind::AppList => {}
        Kind::Certificate => files.iter_mut().for_each(of_bundle),
        Kind::PartList | Kind::OtherList | Kind::Json => files.retain(|file| match &file.reading {
            Reading::Read(source) => !source.entries.is_empty() || !source.problems.is_empty(),
            Reading::NotWellFormed { .. } | Reading::Unreadable(_) => kind == Kind::Json,
            Reading::NotRecognised => false,
        }),
    }
    if kind == Kind::OtherList {
        files.iter_mut().for_each(elsewhere);
    }
    files
}

/// A property list that is the Info.plist neither of the app nor of a process inside of it: Apple's documentation of
/// NSAppTransportSecurity makes it a key of the Information Property List of the process that connects.
fn elsewhere(file: &mut PinFile) {
    let Reading::Read(source) = &mut file.reading else { return };
    if source.format != ios_nspinneddomains::ID || source.entries.is_empty() {
        return;
    }
    let why = "iOS reads NSPinnedDomains in the Info.plist of the app, extension, App Clip or watch app that connects, and not \
         here";
    let enforcement = Enforcement { mode: EnforcementMode::No, why: why.to_owned() };
    for entry in &mut source.entries {
        entry.enforcement = enforcement.clone();
    }
    let line = source.entries.first().and_then(|entry| entry.line);
    source.problems.push(Problem::of(ProblemKind::NoEffect, line, why.to_owned()));
}

/// A certificate of a bundle: that code compares it with a server's is likely and not seen.
fn of_bundle(file: &mut PinFile) {
    let Reading::Read(source) = &mut file.reading else { return };
    let guess = "certificates of a bundle are what Alamofire (PinnedCertificates or PublicKeys evaluator) and \
                 AFNetworking pin; which evaluator the app uses, and for which hosts, is in its code";
    for entry in &mut source.entries {
        let why = "that the app compares this certificate with a server's was not seen".to_owned();
        entry.enforcement = Enforcement { mode: EnforcementMode::Unknown, why };
        entry.confidence = Confidence::Guessed(guess.to_owned());
    }
    if !source.entries.is_empty() {
        let what =
            "a certificate in the bundle may be pinned, whole or by its key: the app's code says which"
                .to_owned();
        source.problems.push(Problem::of(ProblemKind::NotRead, None, what));
    }
}

/// `CFBundleIdentifier`.
fn identifier(path: &str, octets: &[u8]) -> Option<String> {
    let list = plist::read(&PinInput { path, octets, text: xml::text(octets) }).ok()?;
    match list.at("CFBundleIdentifier")? {
        plist::Value::Text(text, _) => Some(text.chars().take(255).collect()),
        _ => None,
    }
}

fn problem(what: String) -> Problem {
    Problem::of(ProblemKind::NotRead, None, what)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::pins::formats;
    use crate::pins::formats::archive::tests::archive;
    use crate::pins::formats::certificate_files::tests::certificate;
    use crate::x509::SpkiSha256;

    fn info(pinned: bool) -> Vec<u8> {
        let key = SpkiSha256::of(b"a");
        let security = if pinned {
            format!(
                "<key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict><key>a.example</key><dict>\
                 <key>NSPinnedLeafIdentities</key><array><dict><key>SPKI-SHA256-BASE64</key><string>{key}</string>\
                 </dict></array></dict></dict></dict>"
            )
        } else {
            String::new()
        };
        let xml = format!(
            "<plist version=\"1.0\"><dict><key>CFBundleIdentifier</key><string>example.app</string>{security}</dict></plist>"
        );
        let mut binary = Cursor::new(Vec::new());
        ::plist::Value::from_reader_xml(xml.as_bytes()).unwrap().to_writer_binary(&mut binary).unwrap();
        binary.into_inner()
    }

    fn source(file: &PinFile) -> &PinSource {
        match &file.reading {
            Reading::Read(source) => source,
            other => panic!("{}: {other:?}", file.file),
        }
    }

    #[test]
    fn the_pins_of_an_app_are_found_where_they_are() {
        let pins = format!("{{\"pins\": {{\"b.example\": [\"sha256/{}\"]}}}}", SpkiSha256::of(b"b"));
        let (certificate, _) = certificate();
        let octets = archive(&[
            ("Payload/X.app/Info.plist", &info(true)),
            ("Payload/X.app/PlugIns/Y.appex/Info.plist", &info(false)),
            ("Payload/X.app/pins.json", pins.as_bytes()),
            ("Payload/X.app/other.json", b"{}"),
            ("Payload/X.app/server.cer", &certificate),
            ("Payload/X.app/icon.png", b"png"),
        ]);
        let files = formats::read("app.ipa", &octets);
        let names: Vec<_> = files.iter().map(|file| (file.file.as_str(), source(file).format)).collect();
        assert_eq!(
            names,
            [
                ("app.ipa!/Payload/X.app/Info.plist", "ios-nspinneddomains"),
                ("app.ipa!/Payload/X.app/pins.json", "pins-json"),
                ("app.ipa!/Payload/X.app/server.cer", "certificate-files"),
            ]
        );
        for file in &files {
            let app = source(file).app.as_ref().unwrap();
            assert_eq!(app.identifier.as_deref(), Some("example.app"));
        }
        let bundled = source(&files[2]);
        assert_eq!(bundled.entries[0].enforcement.mode, EnforcementMode::Unknown);
        assert_eq!(bundled.problems[0].kind, ProblemKind::NotRead);
    }

    #[test]
    fn an_app_without_pins_is_read_and_has_none() {
        let octets = archive(&[("Payload/X.app/Info.plist", &info(false))]);
        let files = formats::read("x.zip", &octets);
        assert_eq!(files.len(), 1);
        assert!(source(&files[0]).entries.is_empty() && source(&files[0]).problems.is_empty());
    }

    #[test]
    fn two_apps_of_one_archive_are_two() {
        let list = |name: &str| {
            let list = ::plist::Value::from_reader(Cursor::new(info(name == "A"))).unwrap();
            let mut list = list.into_dictionary().unwrap();
            list.insert("CFBundleIdentifier".to_owned(), format!("example.{name}").into());
            let mut octets = Vec::new();
            ::plist::Value::Dictionary(list).to_writer_xml(&mut octets).unwrap();
            octets
        };
        let octets = archive(&[
            ("Payload/A.app/Info.plist", &list("A")),
            ("Payload/B.app/Info.plist", &list("B")),
            ("Payload/A.app/Other.plist", &info(true)),
        ]);
        let files = formats::read("two.ipa", &octets);
        let identifiers: Vec<_> =
            files.iter().map(|file| source(file).app.clone().unwrap().identifier.unwrap()).collect();
        assert_eq!(identifiers, ["example.A", "example.B", "example.A"]);
        let verdict = crate::pins::judge(
            &files[..2],
            &crate::pins::Question {
                host: Some("a.example"),
                path: None,
                off_path: &[],
                service: None,
                at: "2026-11-21T00:00:00Z".parse().unwrap(),
                paths: &[],
                certificates: &[],
                known_ca: &|_| None,
            },
        );
        assert!(!verdict.sources[0].is_variant_of(&verdict.sources[1]));
        assert_eq!(verdict.sources[0].package(), Some("two.ipa!/Payload/A.app"));
        assert_eq!(verdict.status, crate::pins::PinsStatus::Pinned, "{}", verdict.reason);
    }

    #[test]
    fn what_is_no_app_is_told() {
        let octets = archive(&[("readme.txt", b"x")]);
        assert!(matches!(
            formats::tests::only("x.ipa", &octets),
            Reading::NotWellFormed { format: "ipa", .. }
        ));
        assert_eq!(formats::tests::only("x.zip", &octets), Reading::NotRecognised);
        let cut = &octets[..octets.len() / 2];
        assert!(matches!(formats::tests::only("x.ipa", cut), Reading::NotWellFormed { .. }));
    }

    #[test]
    fn tricks_of_the_archive_are_told() {
        let octets = archive(&[("Payload/X.app/Info.plist", &info(true)), ("../up", b"x")]);
        let files = formats::read("app.ipa", &octets);
        assert_eq!(source(&files[0]).format, "ipa");
        assert!(source(&files[0]).problems[0].what.contains("leads out"));
        let long = vec![b' '; LONGEST_FILE + 1];
        let octets = archive(&[("Payload/X.app/Info.plist", &info(true)), ("Payload/X.app/a.json", &long)]);
        assert!(formats::read("a.ipa", &octets).iter().any(|f| matches!(f.reading, Reading::Unreadable(_))));
    }

    #[test]
    fn only_the_lists_of_the_app_and_of_its_processes_pin() {
        let octets = archive(&[
            ("Payload/X.app/Info.plist", &info(false)),
            ("Payload/X.app/AppClips/C.app/Info.plist", &info(true)),
            ("Payload/X.app/Watch/W.app/Info.plist", &info(true)),
            ("Payload/X.app/Watch/W.app/PlugIns/E.appex/Info.plist", &info(true)),
            ("Payload/X.app/Resources/R.app/Info.plist", &info(true)),
            ("Payload/X.app/Frameworks/F.framework/Info.plist", &info(true)),
            ("Payload/X.app/Other.plist", &info(true)),
            ("Payload/X.app/PlugIns/Y.appex/Info.plist", &info(true)),
        ]);
        let files = formats::read("app.ipa", &octets);
        let told: Vec<_> = files
            .iter()
            .map(|file| {
                let source = source(file);
                let modes: Vec<_> = source.entries.iter().map(|entry| entry.enforcement.mode).collect();
                let is_told = source.problems.iter().any(|problem| problem.kind == ProblemKind::NoEffect);
                (modes, is_told, source.app.as_ref().is_some_and(|app| app.part.is_some()))
            })
            .collect();
        let elsewhere = (vec![EnforcementMode::No], true, true);
        let process = || (vec![EnforcementMode::Yes], false, true);
        let elsewhere = || elsewhere.clone();
        let expected = [
            (vec![], false, false),
            process(),
            process(),
            process(),
            elsewhere(),
            elsewhere(),
            elsewhere(),
            process(),
        ];
        assert_eq!(told, expected);
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
            let mut octets = archive(&[("Payload/X.app/Info.plist", &info(true)), ("Payload/X.app/a.json", b"{}")]);
            for (at, octet) in damage {
                let at = at.checked_rem(octets.len()).unwrap();
                octets[at] = octet;
            }
            let _ = formats::read("x.ipa", &octets);
        }
    }
}
