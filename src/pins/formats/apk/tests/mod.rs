//! Packages of our own making, and what is read in them.

mod damage;
mod writer;

use self::writer::{ANDROID, Event, Layout, Typed, Variants, archive, axml, dex, table};
use crate::pins::formats::{self, applicable};
use crate::pins::{
    EnforcementMode, HostPattern, PinFile, PinSource, PinValue, PositionRule, ProblemKind, Reading,
};
use crate::x509::{SpkiSha256, hexadecimal};

use sha2::Digest as _;

/// The number of the configuration in the tables here.
const CONFIG: u32 = 0x7f01_0000;

fn close() -> Event {
    Event::Close
}

/// A manifest with these API levels, and with this configuration.
fn manifest(target: u32, debuggable: bool, config: Option<u32>) -> Vec<Event> {
    let android = Some(ANDROID);
    let mut application = vec![(android, "debuggable", 0x0101_000f, Typed::Boolean(debuggable))];
    application
        .extend(config.map(|id| (android, "networkSecurityConfig", 0x0101_0527, Typed::Reference(id))));
    vec![
        Event::Open("manifest", 1, vec![(None, "package", 0, Typed::Text("app.example"))]),
        Event::Open(
            "uses-sdk",
            2,
            vec![
                (android, "minSdkVersion", 0x0101_020c, Typed::Number(21)),
                (android, "targetSdkVersion", 0x0101_0270, Typed::Number(target)),
            ],
        ),
        close(),
        Event::Open("application", 3, application),
        close(),
        close(),
    ]
}

/// A configuration that pins `example.com` and all below it to the key of this word.
fn configuration(word: &str) -> Vec<Event> {
    vec![
        Event::Open("network-security-config", 2, vec![]),
        Event::Open("domain-config", 3, vec![]),
        Event::Open("domain", 4, vec![(None, "includeSubdomains", 0, Typed::Boolean(true))]),
        Event::Text("Example.com".to_owned()),
        close(),
        Event::Open("pin-set", 5, vec![(None, "expiration", 0, Typed::Text("2031-02-03"))]),
        Event::Open("pin", 7, vec![(None, "digest", 0, Typed::Text("SHA-256"))]),
        Event::Text(format!("\n  {}\n", SpkiSha256::of(word.as_bytes()))),
        close(),
        close(),
        close(),
        close(),
    ]
}

/// A configuration with this inside, before its end.
fn with(mut events: Vec<Event>, inside: Vec<Event>) -> Vec<Event> {
    let end = events.len() - 1;
    events.splice(end..end, inside);
    events
}

fn overrides() -> Vec<Event> {
    vec![
        Event::Open("debug-overrides", 9, vec![]),
        Event::Open("trust-anchors", 10, vec![]),
        Event::Open("certificates", 11, vec![(None, "src", 0, Typed::Text("user"))]),
        close(),
        close(),
        close(),
    ]
}

fn app(manifest: &[Event], variants: Variants<'_>, files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![
        ("AndroidManifest.xml", axml(manifest, false)),
        ("resources.arsc", table(variants, Layout::Plain, true)),
    ];
    all.extend(files.iter().cloned());
    archive(&all)
}

fn source(file: &PinFile) -> &PinSource {
    match &file.reading {
        Reading::Read(source) => source,
        other => panic!("{}: {other:?}", file.file),
    }
}

fn kinds(source: &PinSource) -> Vec<ProblemKind> {
    source.problems.iter().map(|problem| problem.kind).collect()
}

fn one_app(target: u32, debuggable: bool, config: &[Event]) -> PinSource {
    let variants: Variants<'_> = &[(0, &[(0, "config", Ok("res/aB.xml"))])];
    let octets =
        app(&manifest(target, debuggable, Some(CONFIG)), variants, &[("res/aB.xml", axml(config, true))]);
    let files = formats::read("app.apk", &octets);
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].file, "app.apk!/res/aB.xml");
    source(&files[0]).clone()
}

#[test]
fn a_configuration_is_found_and_read_in_every_layout() {
    for utf8 in [true, false] {
        for layout in [Layout::Plain, Layout::Sparse, Layout::ShortOffsets, Layout::Compact] {
            let variants: Variants<'_> = &[
                (0, &[(1, "other", Ok("res/x.xml")), (3, "config", Ok("res/aB.xml"))]),
                (36, &[(3, "config", Ok("res/cD.xml"))]),
            ];
            let octets = archive(&[
                ("AndroidManifest.xml", axml(&manifest(34, false, Some(CONFIG + 3)), utf8)),
                ("resources.arsc", table(variants, layout, utf8)),
                ("res/aB.xml", axml(&configuration("old"), utf8)),
                ("res/cD.xml", axml(&configuration("new"), utf8)),
            ]);
            let files = formats::read("app.apk", &octets);
            let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
            assert_eq!(names, ["app.apk!/res/aB.xml", "app.apk!/res/cD.xml"], "{layout:?}");
            for (file, word, level) in [(&files[0], "old", None), (&files[1], "new", Some(36))] {
                let source = source(file);
                let entry = applicable(source, "www.example.com")[0];
                assert_eq!(entry.pins[0].spki(), Some(&SpkiSha256::of(word.as_bytes())));
                assert_eq!((entry.line, entry.pins[0].line), (Some(4), Some(7)));
                assert_eq!(entry.expiry.as_ref().unwrap().at.to_string(), "2031-02-03T00:00:00Z");
                let app = source.app.as_ref().unwrap();
                assert_eq!(app.identifier.as_deref(), Some("app.example"));
                assert_eq!((app.min_sdk, app.target_sdk), (Some(21), Some(34)));
                assert_eq!((app.debuggable, app.from_sdk), (Some(false), level));
            }
        }
    }
}

#[test]
fn references_are_followed_and_end() {
    let read = |variants: Variants<'_>| {
        let octets = app(
            &manifest(34, false, Some(CONFIG)),
            variants,
            &[("res/a.xml", axml(&configuration("a"), true))],
        );
        formats::read("app.apk", &octets)
    };
    let files = read(&[(0, &[(0, "config", Err(CONFIG + 1)), (1, "real", Ok("res/a.xml"))])]);
    assert_eq!(files[0].file, "app.apk!/res/a.xml");
    let circle: &[(u16, &str, Result<&str, u32>)] =
        &[(0, "config", Err(CONFIG + 1)), (1, "real", Err(CONFIG))];
    let files = read(&[(0, circle), (1, circle), (2, circle), (3, circle), (4, circle), (5, circle)]);
    assert_eq!(files[0].file, "app.apk!/AndroidManifest.xml");
    assert_eq!(kinds(source(&files[0])), [ProblemKind::NotRead]);
    let files = read(&[(0, &[(0, "config", Ok("res/missing.xml"))])]);
    assert!(matches!(&files[0].reading, Reading::NotWellFormed { .. }));
}

#[test]
fn an_app_without_a_configuration_says_so() {
    for (target, expected) in [(34, vec![]), (23, vec![ProblemKind::UserAnchors])] {
        let files = formats::read("app.apk", &app(&manifest(target, false, None), &[], &[]));
        let source = source(&files[0]);
        assert_eq!(files[0].file, "app.apk!/AndroidManifest.xml");
        assert!(source.entries.is_empty() && source.is_absent);
        assert!(source.statement.as_ref().unwrap().contains("no Network Security Config"));
        assert_eq!(kinds(source), expected);
    }
}

#[test]
fn the_target_decides_about_anchors_and_transparency() {
    let old = one_app(23, false, &configuration("a"));
    assert_eq!(kinds(&old), [ProblemKind::UserAnchors]);
    assert_eq!(old.entries[0].certificate_transparency, None);
    let new = one_app(37, false, &configuration("a"));
    assert_eq!(kinds(&new), []);
    assert_eq!(new.entries[0].certificate_transparency, Some(true));
    let anchors = vec![
        Event::Open("base-config", 9, vec![]),
        Event::Open("trust-anchors", 9, vec![]),
        Event::Open("certificates", 9, vec![(None, "src", 0, Typed::Reference(0x7f02_0000))]),
        close(),
        close(),
        close(),
    ];
    let off = one_app(37, false, &with(configuration("a"), anchors.clone()));
    assert_eq!(kinds(&off), [ProblemKind::CtOffForAnchors]);
    assert!(off.problems[0].what.contains("trust-anchors of base-config"), "{:?}", off.problems);
    assert_eq!(off.entries[0].certificate_transparency, Some(false));
    assert_eq!(kinds(&one_app(36, false, &with(configuration("a"), anchors))), []);
    let switched = vec![
        Event::Open("base-config", 9, vec![]),
        Event::Open("certificateTransparency", 9, vec![(None, "enabled", 0, Typed::Boolean(false))]),
        close(),
        close(),
    ];
    assert_eq!(kinds(&one_app(36, false, &with(configuration("a"), switched))), [ProblemKind::CtDisabled]);
}

#[test]
fn debug_overrides_hold_where_the_app_is_debuggable() {
    let released = one_app(34, false, &with(configuration("a"), overrides()));
    assert_eq!(kinds(&released), []);
    assert!(!released.entries[0].overridden_for_user_anchors);
    let debuggable = one_app(34, true, &with(configuration("a"), overrides()));
    assert_eq!(kinds(&debuggable), [ProblemKind::DebugInRelease]);
    assert_eq!(debuggable.problems[0].line, Some(9));
    assert!(debuggable.entries[0].overridden_for_user_anchors);
    assert_eq!(debuggable.entries[0].enforcement.mode, EnforcementMode::Yes);
    assert_eq!(kinds(&one_app(34, true, &configuration("a"))), []);
}

#[test]
fn debug_overrides_are_found_in_a_resource_of_their_own() {
    let own = [vec![Event::Open("network-security-config", 1, vec![])], overrides(), vec![close()]].concat();
    let entries: &[(u16, &str, Result<&str, u32>)] =
        &[(0, "config", Ok("res/a.xml")), (1, "config_debug", Ok("res/b.xml"))];
    let octets = app(
        &manifest(34, true, Some(CONFIG)),
        &[(0, entries)],
        &[("res/a.xml", axml(&configuration("a"), true)), ("res/b.xml", axml(&own, true))],
    );
    let files = formats::read("app.apk", &octets);
    assert_eq!(kinds(source(&files[0])), [ProblemKind::DebugInRelease]);
}

#[test]
fn code_tells_of_pins_and_libraries() {
    let pin = format!("sha256/{}", SpkiSha256::of(b"a"));
    let code = dex(&[
        "Lcom/appmattus/certificatetransparency/CTLogger;",
        "Lcom/datatheorem/android/trustkit/TrustKit;",
        "sha256/",
        &pin,
        &pin,
        "sha1/AAECAwQFBgcICQoLDA0ODxAREhM=",
        "sha256/not-a-pin-but-as-long-as-one-of-them-would-be==",
        &format!("{pin}tail"),
    ]);
    let octets = app(&manifest(34, false, None), &[], &[("classes2.dex", code)]);
    let files = formats::read("app.apk", &octets);
    let code: Vec<&PinSource> =
        files.iter().filter(|file| file.file == "app.apk!/classes2.dex").map(source).collect();
    assert_eq!(code.iter().map(|source| source.format).collect::<Vec<_>>(), ["apk", "okhttp"]);
    assert_eq!(kinds(code[0]), [ProblemKind::CtLibrary]);
    assert!(code[0].statement.as_ref().unwrap().contains("TrustKit"));
    let entry = &code[1].entries[0];
    let pins: Vec<String> = entry.pins.iter().map(ToString::to_string).collect();
    assert_eq!(pins, [pin, "sha1/AAECAwQFBgcICQoLDA0ODxAREhM=".to_owned()]);
    assert_eq!(entry.scope, HostPattern::Unstated);
    assert_eq!(entry.confidence.name(), "guessed");
    assert_eq!(kinds(code[1]), [ProblemKind::NotRead]);
    let damaged = formats::read("a.apk", &app(&manifest(34, false, None), &[], &[("classes.dex", vec![1])]));
    assert!(matches!(damaged[1].reading, Reading::NotWellFormed { .. }));
}

/// A certificate, and a Java keystore that has it as trusted.
fn keystore() -> (Vec<u8>, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
    let der = parameters.self_signed(&key).unwrap().der().to_vec();
    let text = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes().to_vec();
    let store = [
        vec![0xfe, 0xed, 0xfe, 0xed],
        number(2),
        number(1),
        number(2),
        text("pinned"),
        vec![0; 8],
        text("X.509"),
        number(der.len()),
        der.clone(),
        vec![0; 20],
    ]
    .concat();
    (der, store)
}

#[test]
fn certificates_and_keystores_are_listed() {
    let (der, store) = keystore();
    let octets = app(
        &manifest(34, false, None),
        &[],
        &[
            ("res/raw/server.cer", der.clone()),
            ("assets/trust.jks", store),
            ("assets/trust.bks", vec![0, 0, 0, 2]),
            ("assets/key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec()),
            ("META-INF/CERT.cer", der.clone()),
        ],
    );
    let files = formats::read("app.apk", &octets);
    let names: Vec<&str> = files.iter().skip(1).map(|file| file.file.as_str()).collect();
    assert_eq!(
        names,
        ["app.apk!/res/raw/server.cer", "app.apk!/assets/trust.jks", "app.apk!/assets/trust.bks"]
    );
    for file in &files[1..3] {
        let entry = applicable(source(file), "any.example")[0];
        let Ok(PinValue::Certificate(hash)) = entry.pins[0].value else { panic!("{entry:?}") };
        assert_eq!(hash.to_string(), hexadecimal(&sha2::Sha256::digest(&der)));
        assert_eq!(entry.pins[0].position, PositionRule::Any);
    }
    assert!(source(&files[3]).entries.is_empty());
    assert_eq!(kinds(source(&files[3])), [ProblemKind::NotRead]);
}

#[test]
fn sets_of_packages_are_opened_once() {
    let variants: Variants<'_> = &[(0, &[(0, "config", Ok("res/a.xml"))])];
    let base =
        app(&manifest(34, false, Some(CONFIG)), variants, &[("res/a.xml", axml(&configuration("a"), true))]);
    let mut part = manifest(34, false, None);
    if let Some(Event::Open(_, _, attributes)) = part.first_mut() {
        attributes.push((None, "split", 0, Typed::Text("config.de")));
    }
    let part = archive(&[("AndroidManifest.xml", axml(&part, true))]);
    let nested = archive(&[("inner.apk", base.clone())]);
    let set = archive(&[("base.apk", base), ("config.de.apk", part), ("set.apk", nested)]);
    let files = formats::read("app.xapk", &set);
    let names: Vec<&str> = files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, ["app.xapk!/base.apk!/res/a.xml", "app.xapk!/set.apk"]);
    assert!(matches!(files[1].reading, Reading::NotWellFormed { .. }));
}
