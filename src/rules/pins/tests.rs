//! Each rule with an input that raises it and one that does not.

mod backup;
mod checks;
mod dead;
mod ended;
mod lists;
mod open;
mod pinners;
mod target;
mod unread;
mod wording;

use super::*;
use crate::pins::{PinFile, PinSource, Question, Reading, formats, judge};
use crate::rules::Severity;
use crate::x509::paths::ClientPath;
use crate::x509::{CertificateSha256, ChainPosition, Fingerprints, PathCertificate, SpkiSha256};

const EXAMPLE: &str = "7HIpactkIAq2Y49orFOOQKurWxmmSFZhBCoQYcRhJ3Y=";
const PLACEHOLDER: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn key(name: &str) -> String {
    SpkiSha256::of(name.as_bytes()).to_string()
}

fn pin(value: &str) -> String {
    format!("<pin digest='SHA-256'>{value}</pin>")
}

/// A configuration that pins example.com and its subdomains.
fn nsc(attributes: &str, values: &[&str], more: &str) -> String {
    let pins: String = values.iter().map(|value| pin(value)).collect();
    format!(
        "<network-security-config>{more}<domain-config><domain includeSubdomains='true'>example.com</domain>\
         <pin-set {attributes}>{pins}</pin-set></domain-config></network-security-config>"
    )
}

fn ios(list: &str, name: &str) -> String {
    format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict><key>example.com</key>\
         <dict><key>{list}</key><array><dict><key>SPKI-SHA256-BASE64</key><string>{}</string></dict></array></dict>\
         </dict></dict></dict></plist>",
        key(name)
    )
}

fn path() -> Vec<PathCertificate> {
    [(ChainPosition::Leaf, "leaf"), (ChainPosition::Root, "root")]
        .map(|(position, name)| PathCertificate {
            position,
            spki_sha256: SpkiSha256::of(name.as_bytes()),
            sha256: CertificateSha256::of(name.as_bytes()),
            subject: name.to_owned(),
            fingerprints: Fingerprints::default(),
        })
        .into()
}

/// The same path where the root is an intermediate below another one.
fn over_another_root(path: &[PathCertificate]) -> Vec<PathCertificate> {
    let mut path = path.to_vec();
    let mut above = path[1].clone();
    path[1].position = ChainPosition::Intermediate;
    above.spki_sha256 = SpkiSha256::of(b"above");
    path.push(above);
    path
}

fn raised(text: &str, host: Option<&str>) -> Vec<Finding> {
    let reading = match text {
        "missing" => Reading::Unreadable("No such file".into()),
        text => formats::tests::only("file", text.as_bytes()),
    };
    let files = [PinFile { file: "file".into(), reading }];
    let path = path();
    let question = Question {
        host,
        path: Some(&path),
        off_path: &[SpkiSha256::of(b"cross")],
        service: None,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        paths: &[
            ClientPath { certificates: path.clone(), trusted: true },
            ClientPath { certificates: over_another_root(&path), trusted: false },
        ],
        certificates: &[],
        known_ca: &|_| None,
    };
    findings(&judge(&files, &question))
}

#[test]
fn each_rule_has_an_input_that_raises_it_and_one_that_does_not() {
    let (leaf, root, other) = (key("leaf"), key("root"), key("other"));
    let good = nsc("expiration='2028-01-01'", &[&root, &other], "");
    let anchors =
        |inside: &str| format!("<base-config><trust-anchors>{inside}</trust-anchors></base-config>");
    let cases: [(&str, String); 18] = [
        ("PIN001", nsc("", &[&other, &key("another")], "")),
        ("PIN002", nsc("expiration='2026-11-20'", &[&root, &other], "")),
        ("PIN003", nsc("expiration='2026-12-31'", &[&root, &other], "")),
        ("PIN004", nsc("", &[&root], "")),
        ("PIN005", nsc("", &[&root, &other, PLACEHOLDER], "")),
        ("PIN006", "missing".to_owned()),
        ("PIN007", "no pins here".to_owned()),
        ("PIN008", nsc("expiration='x'", &[&root, &other], "")),
        ("PIN009", nsc("until='2030-01-01'", &[&root, &other], "")),
        ("PIN010", nsc("", &[&root, &other], &anchors("<certificates src='user'/>"))),
        ("PIN011", nsc("", &[&root, &other], &anchors("<certificates src='user' overridePins='true'/>"))),
        (
            "PIN012",
            nsc("", &[&root, &other], "<domain-config><domain>www.example.com</domain></domain-config>"),
        ),
        ("PIN013", ios("NSPinnedCAIdentities", "leaf")),
        ("PIN014", good.replace("example.com", "example.org")),
        ("PIN015", nsc("", &[&leaf, &other], "")),
        ("PIN016", nsc("", &[&root, &other, EXAMPLE], "")),
        ("PIN017", "<network-security-config/>".to_owned()),
        ("PIN040", nsc("", &[&key("above"), &other], "")),
    ];
    let beside = nsc("", &[&key("cross"), &other], "");
    assert!(raised(&beside, Some("example.com")).iter().all(|finding| finding.rule != "PIN001"));
    assert!(
        raised(&good, Some("www.example.com")).is_empty(),
        "{:#?}",
        raised(&good, Some("www.example.com"))
    );
    for (id, text) in cases {
        let found = raised(&text, Some("www.example.com"));
        let found =
            if found.iter().any(|f| f.rule == id) { found } else { raised(&text, Some("example.com")) };
        assert!(found.iter().any(|finding| finding.rule == id), "{id}: {found:#?}");
    }
}

#[test]
fn an_app_without_a_configuration_is_no_file_that_pins_nothing() {
    let of = |is_absent| {
        let source = PinSource { is_absent, ..PinSource::of("android-nsc") };
        let files = [PinFile { file: "app.apk!/AndroidManifest.xml".into(), reading: Reading::Read(source) }];
        let question = Question {
            host: None,
            path: None,
            off_path: &[],
            service: None,
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            paths: &[],
            certificates: &[],
            known_ca: &|_| None,
        };
        findings(&judge(&files, &question)).iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    assert_eq!(of(true), Vec::<&str>::new());
    assert_eq!(of(false), ["PIN017"]);
}

#[test]
fn a_placeholder_alone_is_critical_and_one_among_others_is_not() {
    let severity = |values: &[&str]| {
        raised(&nsc("", values, ""), Some("example.com"))
            .into_iter()
            .find(|finding| finding.rule == "PIN005")
            .map(|finding| finding.severity)
    };
    assert_eq!(severity(&[PLACEHOLDER]), Some(Severity::Critical));
    assert_eq!(severity(&[PLACEHOLDER, &key("root")]), Some(Severity::High));
    assert_eq!(severity(&[&key("root")]), None);
}

#[test]
fn a_pin_set_of_many_domains_is_one_finding() {
    let domains: String =
        (0..9).map(|number| format!("<domain>{number}.example.com</domain>")).collect::<Vec<_>>().concat();
    let text = nsc("", &[&key("root")], "").replace("<pin-set", &format!("{domains}<pin-set"));
    let found: Vec<Finding> =
        raised(&text, None).into_iter().filter(|finding| finding.rule == "PIN004").collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].subject.contains("and 7 more"), "{}", found[0].subject);
}

#[test]
fn a_nested_entry_inherits_and_shadows_nothing() {
    let text = nsc("", &[&key("root"), &key("other")], "")
        .replace("<pin-set", "<domain-config><domain>www.example.com</domain></domain-config><pin-set");
    assert!(raised(&text, None).iter().all(|finding| finding.rule != "PIN012"));
}

#[test]
fn naming_a_host_narrows_to_what_applies_to_it() {
    let text = nsc("expiration='2020-01-01'", &[&key("root"), &key("other")], "");
    assert!(raised(&text, None).iter().any(|finding| finding.rule == "PIN002"));
    let elsewhere: Vec<&str> =
        raised(&text, Some("other.example")).iter().map(|finding| finding.rule).collect();
    assert_eq!(elsewhere, ["PIN014"]);
}

#[test]
fn every_rule_explains_itself() {
    for info in infos() {
        assert!(info.id.starts_with("PIN") && !info.references.is_empty(), "{}", info.id);
        assert!(info.explanation.ends_with('.') && info.advice.ends_with('.'), "{}", info.id);
    }
}
