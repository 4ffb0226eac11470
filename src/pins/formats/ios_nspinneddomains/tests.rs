//! What is read of `NSPinnedDomains`.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::pins::formats::{self, applicable};
use crate::pins::{EnforcementMode, Reading};
use crate::x509::SpkiSha256;

fn read(octets: &[u8]) -> PinSource {
    match formats::tests::only("Info.plist", octets) {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

fn wrapped(security: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\"><dict><key>CFBundleName</key><string>x</string>\
         <key>NSAppTransportSecurity</key><dict>{security}</dict></dict></plist>"
    )
}

fn host(name: &str, inside: &str) -> String {
    wrapped(&format!("<key>NSPinnedDomains</key><dict><key>{name}</key><dict>{inside}</dict></dict>"))
}

fn list(name: &str, values: &[&str]) -> String {
    let items: Vec<String> = values
        .iter()
        .map(|value| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{value}</string></dict>"))
        .collect();
    let items = items.concat();
    format!("<key>{name}</key><array>{items}</array>")
}

fn said(source: &PinSource) -> Vec<&str> {
    source.problems.iter().map(|problem| problem.what.as_str()).collect()
}

#[test]
fn both_lists_are_read_with_their_positions() {
    let (a, b) = (SpkiSha256::of(b"a").to_string(), SpkiSha256::of(b"b").to_string());
    let lists = list("NSPinnedCAIdentities", &[&a]) + &list("NSPinnedLeafIdentities", &[&b]);
    let source =
        read(host("Example.com", &format!("<key>NSIncludesSubdomains</key><true/>{lists}")).as_bytes());
    let entry = &source.entries[0];
    assert_eq!(entry.scope.to_string(), "*.example.com");
    let pins: Vec<_> = entry.pins.iter().map(|pin| (pin.position, pin.spki().copied().unwrap())).collect();
    assert_eq!(pins, [(PositionRule::Leaf, SpkiSha256::of(b"b")), (PositionRule::Ca, SpkiSha256::of(b"a"))]);
    assert_eq!(entry.expiry, None);
    assert!(source.problems.is_empty(), "{:?}", source.problems);
    assert_eq!(applicable(&source, "a.b.example.com").len(), 1);
    assert!(applicable(&source, "example.org").is_empty());
}

#[test]
fn a_host_that_stands_twice_has_both() {
    let keys = [SpkiSha256::of(b"a").to_string(), SpkiSha256::of(b"b").to_string()];
    let entry = |key: &String| {
        format!(
            "<key>e.com</key><dict><key>NSIncludesSubdomains</key><true/>{}</dict>",
            list("NSPinnedCAIdentities", &[key])
        )
    };
    let text = wrapped(&format!(
        "<key>NSPinnedDomains</key><dict>{}</dict>",
        keys.iter().map(entry).collect::<String>()
    ));
    let source = read(text.as_bytes());
    for host in ["e.com", "a.e.com"] {
        assert_eq!(applicable(&source, host).len(), 2, "{host}");
    }
    assert_eq!(source.problems.len(), 1);
    assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
}

#[test]
fn a_binary_list_says_the_same_as_its_xml() {
    let a = SpkiSha256::of(b"a").to_string();
    let xml = host("example.com", &list("NSPinnedLeafIdentities", &[&a]));
    let value = ::plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
    let mut binary = Cursor::new(Vec::new());
    value.to_writer_binary(&mut binary).unwrap();
    let (mut from_xml, from_binary) = (read(xml.as_bytes()), read(&binary.into_inner()));
    for entry in &mut from_xml.entries {
        entry.line = None;
        entry.pins.iter_mut().for_each(|pin| pin.line = None);
    }
    assert_eq!(from_xml, from_binary);
}

#[test]
fn white_space_before_the_declaration_is_tolerated_and_lines_stay_right() {
    let a = SpkiSha256::of(b"a").to_string();
    let text = format!("\n\n  {}", host("example.com", &list("NSPinnedLeafIdentities", &[&a])));
    assert_eq!(read(text.as_bytes()).entries[0].line, Some(5));
}

#[test]
fn what_breaks_pins_in_the_wild_is_said() {
    let a = SpkiSha256::of(b"a").to_string();
    let empty = host("e.com", &(list("NSPinnedCAIdentities", &[]) + &list("NSPinnedLeafIdentities", &[&a])));
    assert_eq!(
        said(&read(empty.as_bytes())),
        [
            "NSPinnedCAIdentities of e.com is empty, and whether iOS then refuses every chain is not documented; remove \
             it or list keys in it"
        ]
    );
    // A list that is there may be one that no chain satisfies.
    let other = host(
        "e.com",
        &("<key>NSPinnedCAIdentities</key><dict/>".to_owned() + &list("NSPinnedLeafIdentities", &[&a])),
    );
    for text in [&empty, &other] {
        let source = read(text.as_bytes());
        assert_eq!((source.entries[0].unread, source.entries[0].pins.len()), (1, 1));
        assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
    }
    let source = read(host("e.com", &list("NSPinnedCAIdentities", &[])).as_bytes());
    assert_eq!(source.entries[0].enforcement.mode, EnforcementMode::Unknown);

    let data = host("e.com", "<key>NSPinnedLeafIdentities</key><array><data>AAAA</data></array>");
    let source = read(data.as_bytes());
    assert_eq!(source.entries[0].pins[0].value, Err(PinFault::NotDictionary("data value")));

    let prefixed = host("e.com", &list("NSPinnedLeafIdentities", &[&format!("sha256/{a}")]));
    assert_eq!(read(prefixed.as_bytes()).entries[0].pins[0].value, Err(PinFault::Prefix("sha256/")));

    let nothing = host("e.com", "<key>NSRequiresCertificateTransparency</key><true/>");
    let source = read(nothing.as_bytes());
    assert_eq!(source.entries[0].enforcement.mode, EnforcementMode::No);
    assert_eq!(source.problems.len(), 2);

    let lists = list("NSPinnedLeafIdentities", &[&a]);
    let misplaced =
        wrapped(&format!("<key>NSExceptionDomains</key><dict><key>e.com</key><dict>{lists}</dict></dict>"));
    assert_eq!(
        said(&read(misplaced.as_bytes())),
        ["the pins under NSExceptionDomains (e.com) have no effect"]
    );

    let outside = "<plist><dict><key>NSPinnedDomains</key><dict/></dict></plist>";
    assert_eq!(read(outside.as_bytes()).problems[0].kind, ProblemKind::NoHost);
    let pins = list("NSPinnedLeafIdentities", &[&a]);
    for name in ["*.e.com", "https://e.com"] {
        assert_eq!(read(host(name, &pins).as_bytes()).problems[0].kind, ProblemKind::NoHost, "{name}");
    }
    let beside = host("e.com", &pins).replacen("<dict>", "<dict><key>NSPinnedDomains</key><dict/>", 1);
    assert_eq!(read(beside.as_bytes()).problems[0].kind, ProblemKind::NoEffect);
}

#[test]
fn pins_of_trustkit_are_not_passed_over() {
    let text = "<plist><dict><key>&#84;SKConfiguration</key><dict/></dict></plist>";
    assert_eq!(read(text.as_bytes()).problems[0].kind, ProblemKind::NotRead);
    let plain = "<plist><dict><key>TSKConfiguration</key><dict/></dict></plist>";
    let Reading::Read(source) = formats::tests::only("x.plist", plain.as_bytes()) else { panic!() };
    assert_eq!(source.format, "trustkit");
}

#[test]
fn bad_lists_are_not_well_formed() {
    let deep = format!("<plist>{}{}</plist>", "<array>".repeat(5_000), "</array>".repeat(5_000));
    let nested = format!("<plist>{}{}</plist>", "<array>".repeat(40), "</array>".repeat(40));
    let laughs =
        "<!DOCTYPE plist [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><plist><string>&b;</string></plist>";
    for text in [
        deep.as_str(),
        nested.as_str(),
        laughs,
        "<plist>",
        "<plist/>",
        "<plist><dict><string>x</string></dict></plist>",
        "<plist><dict><key>x</key></dict></plist>",
        "<plist><dict><key>x</key><key>y</key></dict></plist>",
        "<plist><thing/></plist>",
        "bplist00",
    ] {
        let read = formats::tests::only("x.plist", text.as_bytes());
        assert!(matches!(read, Reading::NotWellFormed { .. }), "{text:.60}: {read:?}");
    }
}

#[test]
fn what_apple_does_not_document_is_not_read() {
    let (a, b) = (SpkiSha256::of(b"a").to_string(), SpkiSha256::of(b"b").to_string());
    let spaced = format!("\n  {a}\n");
    let lists = list("NSPinnedLeafIdentities", &[spaced.as_str(), b.as_str()]);
    for (inside, pins, unread, open) in [
        (format!("<key>NSIncludesSubdomains</key><integer>1</integer>{lists}"), 1, 1, 2),
        (format!("<key>NSIncludesSubdomains</key><true/>{lists}"), 1, 1, 1),
        (list("NSPinnedLeafIdentities", &[a.as_str(), b.as_str()]), 2, 0, 0),
    ] {
        let source = read(host("example.com", &inside).as_bytes());
        let entry = &source.entries[0];
        assert_eq!((entry.pins.len(), entry.unread), (pins, unread), "{inside}");
        assert_eq!(entry.enforcement.mode, EnforcementMode::Yes);
        let not_read = source.problems.iter().filter(|problem| problem.kind == ProblemKind::NotRead);
        assert_eq!(not_read.count(), open, "{:?}", source.problems);
    }
}

#[test]
fn what_the_build_puts_in_is_not_read() {
    let identity =
        |value: &str| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{value}</string></dict>");
    let domain = |name: &str, pins: &[&str]| {
        let pins: Vec<String> = pins.iter().map(|pin| identity(pin)).collect();
        format!(
            "<key>{name}</key><dict><key>NSPinnedCAIdentities</key><array>{}</array></dict>",
            pins.concat()
        )
    };
    let key = crate::x509::SpkiSha256::of(b"a").to_string();
    let text = format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>{}{}</dict></dict>\
         </dict></plist>",
        domain("$(API_HOST)", &[key.as_str()]),
        domain("a.example", &["$(PIN_PRIMARY)", key.as_str()])
    );
    let crate::pins::Reading::Read(source) = crate::pins::formats::tests::only("Info.plist", text.as_bytes())
    else {
        panic!("it is read");
    };
    let told: Vec<_> = source.entries.iter().map(|entry| (entry.pins.len(), entry.unread)).collect();
    assert_eq!(told, [(1, 1)]);
    assert_eq!(source.problems.iter().filter(|problem| problem.kind == ProblemKind::NotRead).count(), 2);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(inside in "(<(/)?(dict|array|string|key|data|true/)>|NSPinnedLeafIdentities|\\PC){0,40}") {
        let _ = formats::read("x", wrapped(&inside).as_bytes());
        let _ = formats::read("x", host("a.example", &inside).as_bytes());
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = formats::read("x", &[b"<plist".as_slice(), &octets].concat());
        let _ = formats::read("x", &[b"bplist00".as_slice(), &octets].concat());
    }
}
