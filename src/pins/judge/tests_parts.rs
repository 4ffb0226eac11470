//! Verdicts over variants of one configuration, and over parts of an app.

use super::tests::{judged_files, nsc};
use super::*;
use crate::pins::model::AppContext;
use crate::pins::testing::{files, path, question};

/// A file of a package, read as a configuration of an app.
fn file(name: &str, text: &str, app: AppContext) -> PinFile {
    let mut reading = formats::tests::only("file", text.as_bytes());
    if let Reading::Read(source) = &mut reading {
        source.app = Some(app);
    }
    PinFile { file: format!("app.apk!/{name}"), reading }
}

fn status(pinned: AppContext, other: AppContext) -> PinsStatus {
    let files = [
        file("res/a.xml", &nsc("", &["leaf", "offline"]), pinned),
        file("res/b.xml", "<network-security-config/>", other),
    ];
    judged_files(&files, "example.com").status
}

#[test]
fn a_variant_that_unpins_leaves_the_status_open() {
    let app = || AppContext { min_sdk: Some(24), ..AppContext::default() };
    let from = |level| AppContext { from_sdk: Some(level), ..app() };
    let french = || AppContext { for_some_devices: true, ..app() };
    assert_eq!(status(app(), from(36)), PinsStatus::Undetermined);
    assert_eq!(status(french(), app()), PinsStatus::Undetermined);
    assert_eq!(status(app(), french()), PinsStatus::Undetermined);
    // No device is below the level of the variant that pins.
    assert_eq!(status(from(24), app()), PinsStatus::Pinned);
    assert_eq!(status(from(25), app()), PinsStatus::Undetermined);
}

#[test]
fn a_part_does_not_make_the_app_pinned() {
    for (part, words) in [
        ("PlugIns/Y.appex/Info.plist", "extension"),
        ("AppClips/C.app/Info.plist", "App Clip"),
        ("Watch/W.app/Info.plist", "watch app"),
        ("Watch/W.app/PlugIns/E.appex/Info.plist", "extension"),
        ("Frameworks/T.framework/Info.plist", "framework"),
        ("TrustKit.plist", "file"),
    ] {
        let app = AppContext { part: Some(format!("Payload/X.app/{part}")), ..AppContext::default() };
        let files = [file("Info.plist", &nsc("", &["leaf", "offline"]), app)];
        let verdict = judged_files(&files, "example.com");
        assert_eq!(verdict.status, PinsStatus::Undetermined);
        assert!(verdict.reason.contains(&format!("in this {words},")), "{part}: {}", verdict.reason);
    }
}

#[test]
fn a_variant_in_source_that_unpins_leaves_the_status_open() {
    let main = "app/src/main/res/xml/nsc.xml";
    let read = |pinning: &str, other: &str| {
        let texts =
            [(pinning, nsc("", &["leaf", "offline"])), (other, "<network-security-config/>".to_owned())];
        let texts = texts.each_ref().map(|(path, text)| (*path, text.as_str()));
        judged_files(&files(&texts, true), "example.com").status
    };
    for other in [
        "app/src/main/res/xml-v36/nsc.xml",
        "app/src/release/res/xml/nsc.xml",
        "app/src/prod/res/xml/nsc.xml",
    ] {
        assert_eq!(read(main, other), PinsStatus::Undetermined, "{other}");
    }
    // A debug build is no release, and a release does not have what its own source set replaces.
    for (pinning, other) in [
        (main, "app/src/debug/res/xml/nsc.xml"),
        ("app/src/release/res/xml/nsc.xml", main),
        (main, "lib/src/main/res/xml/nsc.xml"),
    ] {
        assert_eq!(read(pinning, other), PinsStatus::Pinned, "{pinning} {other}");
    }
}

#[test]
fn pins_that_match_do_not_connect_where_the_app_trusts_another_ca_alone() {
    let text = |anchors: &str| {
        let anchors = format!("<domain-config><trust-anchors>{anchors}</trust-anchors>");
        nsc("", &["leaf", "backup"]).replace("<domain-config>", &anchors)
    };
    let outcome = |anchors: &str, found: Option<&[u8]>| {
        let text = text(anchors);
        let mut reading = formats::tests::only("file", text.as_bytes());
        if let (Reading::Read(source), Some(key)) = (&mut reading, found) {
            source.take_anchor("@raw/ca", "ca.pem", &[SpkiSha256::of(key)]);
        }
        let path = path();
        let files = [PinFile { file: "file".into(), reading }];
        let verdict = judge(&files, &question(Some("example.com"), Some(&path)));
        let entry = &verdict.sources[0].entries[0];
        (entry.outcome, verdict.is_left_open(true), entry.why.clone())
    };
    let own = "<certificates src='@raw/ca'/>";
    for (anchors, found, connects, why) in [
        ("<certificates src='system'/>", None, true, ""),
        ("<certificates src='system'/><certificates src='@raw/ca'/>", None, true, ""),
        (own, Some(b"root".as_slice()), true, ""),
        (own, Some(b"intermediate".as_slice()), true, ""),
        (own, Some(b"another".as_slice()), false, "the chain leads to none of them"),
        (own, None, false, "“@raw/ca”, which it trusts instead, is not at hand"),
        ("<certificates src='user'/>", None, false, "the chain leads to none of them"),
    ] {
        let (outcome, is_open, said) = outcome(anchors, found);
        let expected = if connects { Outcome::Connects } else { Outcome::Unknown };
        assert_eq!((outcome, is_open), (expected, !connects), "{anchors}");
        assert!(said.contains(why), "{said}");
    }
}
