//! What Android makes of configurations, by the rules of its own reader.

use proptest::prelude::*;

use crate::pins::formats::{self, applicable};
use crate::pins::{EnforcementMode, HostPattern, PinFault, PinSource, ProblemKind, Reading};
use crate::x509::SpkiSha256;

fn pin(name: &str) -> String {
    format!("<pin digest='SHA-256'>{}</pin>", SpkiSha256::of(name.as_bytes()))
}

fn read(body: &str) -> PinSource {
    let text = format!("<?xml version='1.0'?>\n<network-security-config>{body}</network-security-config>");
    // TrustKit reads the same file where it has a part for it.
    match formats::read("nsc.xml", text.as_bytes()).remove(0).reading {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

/// The names of the pinned keys for a host, by the hashes of `names`.
fn pinned(source: &PinSource, host: &str, names: &[&'static str]) -> Vec<&'static str> {
    let entries = applicable(source, host);
    let keys: Vec<SpkiSha256> =
        entries.iter().flat_map(|entry| entry.pins.iter()).filter_map(|pin| pin.spki().copied()).collect();
    names.iter().copied().filter(|name| keys.contains(&SpkiSha256::of(name.as_bytes()))).collect()
}

fn kinds(source: &PinSource) -> Vec<ProblemKind> {
    source.problems.iter().map(|problem| problem.kind).collect()
}

#[test]
fn the_most_specific_entry_is_used_alone() {
    let source = read(&format!(
        "<domain-config><domain includeSubdomains='true'>Example.com</domain><pin-set>{}</pin-set></domain-config>
         <domain-config><domain includeSubdomains='true'> api.example.com
            </domain><pin-set>{}</pin-set></domain-config>
         <domain-config><domain>www.example.com</domain></domain-config>",
        pin("a"),
        pin("b")
    ));
    let names = ["a", "b"];
    assert_eq!(pinned(&source, "example.com", &names), ["a"]);
    assert_eq!(pinned(&source, "x.example.com", &names), ["a"]);
    assert_eq!(pinned(&source, "api.example.com", &names), ["b"]);
    assert_eq!(pinned(&source, "v1.api.example.com", &names), ["b"]);
    assert_eq!(pinned(&source, "notapi.example.com", &names), ["a"]);
    assert!(pinned(&source, "www.example.com", &names).is_empty());
    assert_eq!(pinned(&source, "a.www.example.com", &names), ["a"]);
    assert!(applicable(&source, "anexample.com").is_empty());
    assert_eq!(source.entries[0].scope.to_string(), "*.example.com");
    assert_eq!(source.entries[2].enforcement.mode, EnforcementMode::No);
    assert!(source.problems.is_empty());
}

#[test]
fn pins_of_a_domain_that_equals_no_host_are_for_no_host() {
    for name in ["*.example.com", ".example.com", "https://example.com", "example.com:443"] {
        let of = |pins: &str| {
            let body = format!("<domain-config><domain>{name}</domain>{pins}</domain-config>");
            kinds(&read(&body))
        };
        assert_eq!(
            of(&format!("<pin-set>{}{}</pin-set>", pin("a"), pin("b"))),
            [ProblemKind::NoHost],
            "{name}"
        );
        assert_eq!(of(""), [ProblemKind::NoEffect], "{name}");
    }
}

#[test]
fn nested_configurations_inherit_and_override() {
    let source = read(&format!(
        "<domain-config><domain includeSubdomains='true'>example.com</domain>
            <domain-config><domain>in.example.com</domain></domain-config>
            <domain-config><domain>own.example.com</domain><pin-set>{}</pin-set></domain-config>
            <domain-config><domain>off.example.com</domain><pin-set/></domain-config>
            <pin-set expiration='2030-05-06'>{}</pin-set>
         </domain-config>",
        pin("own"),
        pin("parent")
    ));
    let names = ["own", "parent"];
    assert_eq!(pinned(&source, "in.example.com", &names), ["parent"]);
    assert_eq!(pinned(&source, "own.example.com", &names), ["own"]);
    assert!(pinned(&source, "off.example.com", &names).is_empty());
    let inherited = applicable(&source, "in.example.com")[0];
    let parent = applicable(&source, "example.com")[0];
    assert_eq!(inherited.pin_set, parent.pin_set);
    assert_eq!(inherited.expiry.as_ref().unwrap().at.to_string(), "2030-05-06T00:00:00Z");
    assert_eq!(kinds(&source), [ProblemKind::NoEffect]);
}

#[test]
fn what_crashes_an_app_is_refused() {
    let config = |inside: &str| format!("<domain-config>{inside}</domain-config>");
    let domain = "<domain>a.example</domain>";
    let good = pin("a");
    for body in [
        config(""),
        config(&format!("{domain}<domain includeSubdomains='true'>A.EXAMPLE</domain>")),
        config("<domain></domain>"),
        config("<domain>a<b/></domain>"),
        config(&format!("{domain}<pin-set><pin digest='SHA-1'>AAAA</pin></pin-set>")),
        config(&format!("{domain}<pin-set><pin>{}</pin></pin-set>", SpkiSha256::of(b"a"))),
        config(&format!("{domain}<pin-set><pin digest='SHA-256'>AAAA</pin></pin-set>")),
        config(&format!("{domain}<pin-set><pin digest='SHA-256'></pin></pin-set>")),
        config(&format!("{domain}<pin-set><pin digest='SHA-256'><x/></pin></pin-set>")),
        config(&format!("{domain}<pin-set>{good}</pin-set><pin-set>{good}</pin-set>")),
        config(&format!("{domain}<pin-set expiration='soon'>{good}</pin-set>")),
        config(&format!("{domain}<pin-set expiration='2030-02-31'>{good}</pin-set>")),
        config(&format!("{domain}<trust-anchors/><trust-anchors/>")),
        config(&format!("{domain}<trust-anchors><certificates/></trust-anchors>")),
        config(&format!("{domain}<trust-anchors><certificates src='sytem'/></trust-anchors>")),
        "<base-config/><base-config/>".to_owned(),
        "<debug-overrides/><debug-overrides/>".to_owned(),
        format!("<base-config>{domain}</base-config>"),
        format!("<base-config><pin-set>{good}</pin-set></base-config>"),
        format!("<base-config>{}</base-config>", config(domain)),
    ] {
        assert!(kinds(&read(&body)).contains(&ProblemKind::Refused), "{body}");
    }
}

#[test]
fn what_android_tolerates_is_tolerated() {
    let bare = SpkiSha256::of(b"a").to_string().replace('=', "");
    let source = read(&format!(
        "<domain-config cleartextTrafficPermitted='false' xmlns:tools='urn:tools' tools:ignore='x'>
            <domain>a.example</domain>
            <trustkit-config enforcePinning='true'><report-uri>x</report-uri></trustkit-config>
            <pin-set><!-- note --><pin digest='sha-256'>\n  {bare}\n </pin></pin-set></domain-config>
         <debug-overrides><trust-anchors><certificates src='user'/></trust-anchors></debug-overrides>"
    ));
    assert_eq!(pinned(&source, "a.example", &["a"]), ["a"]);
    assert!(source.problems.is_empty(), "{:?}", source.problems);
    assert_eq!(source.entries[0].line, Some(3));
    assert_eq!(source.entries[0].pins[0].line, Some(5));
}

#[test]
fn what_android_ignores_is_said() {
    let key = SpkiSha256::of(b"a");
    let source = read(&format!(
        "<domain-config enforcePinning='true'><domain includeSubdomains='yes'>*.a.example</domain>
            <pin digest='SHA-256'>{key}</pin>
            <pin-set><pin digest='SHA-256' expiration='2030-01-01'>{key}</pin></pin-set></domain-config>"
    ));
    let said: Vec<&str> = source.problems.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(
        said,
        [
            "enforcePinning on domain-config is ignored",
            "includeSubdomains=“yes” is read as false; write “true” or “false”",
            "pin inside domain-config is skipped",
            "expiration on pin is ignored",
            "“*.a.example” is compared as it stands and equals no host name: its pins are for no host",
        ]
    );
    assert!(source.entries[0].expiry.is_none());
}

#[test]
fn anchors_weaken_pins() {
    let with = |anchors: &str| {
        read(&format!(
            "<domain-config><domain>a.example</domain><pin-set>{}</pin-set>
             <trust-anchors>{anchors}</trust-anchors></domain-config>",
            pin("a")
        ))
    };
    let user = with("<certificates src='system'/><certificates src='user'/>");
    assert_eq!(kinds(&user), [ProblemKind::UserAnchors]);
    assert_eq!(user.entries[0].enforcement.mode, EnforcementMode::Yes);
    assert_eq!(user.entries[0].certificate_transparency, Some(false));
    let system = with("<certificates src='system' overridePins='true'/>");
    assert_eq!(kinds(&system), [ProblemKind::OverridesPins]);
    assert_eq!(system.entries[0].enforcement.mode, EnforcementMode::No);
    let own = with("<certificates src='system'/><certificates src='@raw/ca' overridePins='true'/>");
    assert_eq!(own.entries[0].enforcement.mode, EnforcementMode::Yes);
}

#[test]
fn anchors_and_transparency_are_inherited_from_the_base_whatever_the_order() {
    let source = read(&format!(
        "<domain-config><domain>a.example</domain><pin-set>{}</pin-set></domain-config>
         <base-config><certificateTransparency enabled='true'/>
            <trust-anchors><certificates src='system' overridePins='true'/></trust-anchors></base-config>",
        pin("a")
    ));
    assert_eq!(source.entries[0].enforcement.mode, EnforcementMode::No);
    assert_eq!(source.entries[0].certificate_transparency, Some(true));
}

#[test]
fn pins_that_apply_to_no_host_are_still_seen() {
    let source = read(&format!("<domain-config><pin-set>{}</pin-set></domain-config>", pin("a")));
    assert_eq!(source.entries[0].scope, HostPattern::Nowhere);
    assert_eq!(source.entries[0].pins.len(), 1);
}

#[test]
fn an_unreadable_pin_keeps_its_text() {
    let source = read(
        "<domain-config><domain>a.example</domain><pin-set><pin digest='md5'>x</pin></pin-set></domain-config>",
    );
    assert_eq!(source.entries[0].pins[0].value, Err(PinFault::UnknownDigest("md5".into())));
    assert_eq!(source.entries[0].pins[0].to_string(), "x");
}

#[test]
fn byte_order_marks_and_bad_xml() {
    let marked = [b"\xef\xbb\xbf".as_slice(), b"<network-security-config/>"].concat();
    assert!(matches!(formats::tests::only("x", &marked), Reading::Read(_)));
    for text in [
        "<network-security-config>",
        "<network-security-config/><network-security-config/>",
        "<network-security-config><a></network-security-config>",
        "<?xml version='1.0'?><network-security-config a='1' a='2'/>",
    ] {
        assert!(
            matches!(formats::tests::only("x", text.as_bytes()), Reading::NotWellFormed { .. }),
            "{text}"
        );
    }
    assert_eq!(formats::tests::only("x", b"<resources/>"), Reading::NotRecognised);
}

#[test]
fn pins_do_not_multiply_without_bound() {
    let domains: Vec<String> =
        (0..3_000).map(|number| format!("<domain>{number}.example</domain>")).collect();
    let domains = domains.concat();
    let pins = pin("a").repeat(3_000);
    let text = format!(
        "<network-security-config><domain-config>{domains}<pin-set>{pins}</pin-set></domain-config>\
         </network-security-config>"
    );
    assert!(matches!(formats::tests::only("x", text.as_bytes()), Reading::NotWellFormed { .. }));
}

#[test]
fn overridden_pins_are_inherited_with_the_anchors() {
    let with = |base: &str, own: &str, nested: &str| {
        let source = read(&format!(
            "<base-config>{base}</base-config><domain-config><domain>example.com</domain>{own}<pin-set>{0}</pin-set>
             <domain-config><domain>api.example.com</domain>{nested}</domain-config></domain-config>
             <debug-overrides><trust-anchors><certificates src='user' overridePins='true'/></trust-anchors>
             </debug-overrides>",
            pin("a")
        ));
        let of = |host| applicable(&source, host)[0].overridden_for_user_anchors;
        (of("example.com"), of("api.example.com"))
    };
    let user = "<trust-anchors><certificates src='system'/><certificates src='user' overridePins='true'/>\
                </trust-anchors>";
    let plain = "<trust-anchors><certificates src='system'/><certificates src='user'/></trust-anchors>";
    assert_eq!(with("", "", ""), (false, false));
    assert_eq!(with(user, "", ""), (true, true));
    assert_eq!(with("", user, ""), (true, true));
    assert_eq!(with(user, plain, ""), (false, false));
    assert_eq!(with(user, "", plain), (true, false));
    assert_eq!(with("", "", user), (false, true));
}

#[test]
fn what_a_comment_says_of_a_pin_is_kept() {
    let source = read(&format!(
        "<domain-config><domain>a.example</domain><pin-set>
            <!-- Example CA R1 -->
            {}
            {} <!-- the backup -->
         </pin-set></domain-config>",
        pin("a"),
        pin("b")
    ));
    let labels: Vec<_> = source.entries[0].pins.iter().map(|pin| pin.label.as_deref()).collect();
    assert_eq!(labels, [Some("Example CA R1"), Some("the backup")]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("<domain-config>"), Just("</domain-config>"), Just("<pin-set expiration='"), Just("'>"),
                Just("2030-01-01"), Just("</pin-set>"), Just("<pin digest='SHA-256'>"), Just("</pin>"),
                Just("<domain includeSubdomains='true'>"), Just("</domain>"), Just("a.b"), Just("="),
                Just("<trust-anchors>"), Just("<certificates src='user'/>"), Just("</trust-anchors>"),
                Just("<!--"), Just("-->"), Just("&#0;"), Just("ü"),
            ],
            0..40,
        )
    ) {
        let text = format!("<network-security-config>{}</network-security-config>", parts.concat());
        let _ = formats::read("x", text.as_bytes());
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = formats::read("x", &octets);
        let _ = formats::read("x", &[b"<network-security-config".as_slice(), &octets].concat());
    }
}

#[test]
fn pins_that_the_build_puts_in_are_not_read() {
    let key = crate::x509::SpkiSha256::of(b"a");
    let text = |pins: &str| {
        format!(
            "<network-security-config><domain-config><domain>a.example</domain><pin-set>{pins}</pin-set></domain-config>\
             </network-security-config>"
        )
    };
    let open = "<pin digest='SHA-256'>${PIN_PRIMARY}</pin>";
    for (pins, read, unread) in
        [(open.to_owned(), 0, 1), (format!("{open}<pin digest='SHA-256'>{key}</pin>"), 1, 1)]
    {
        let file = crate::pins::formats::tests::only("nsc.xml", text(&pins).as_bytes());
        let crate::pins::Reading::Read(source) = file else { panic!("{file:?}") };
        let entry = &source.entries[0];
        assert_eq!((entry.pins.len(), entry.unread), (read, unread));
        assert_eq!(entry.enforcement.mode, crate::pins::EnforcementMode::Yes);
        let kinds: Vec<_> = source.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [crate::pins::ProblemKind::NotRead]);
    }
}
