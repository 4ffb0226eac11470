use serde_json::json;

use super::tie::{Tie, is_about_certificates};
use super::*;
use crate::ca::issuer::{Issuer, IssuingKey, Proof};
use crate::demo::authority::{CaCertificate, KeyAlgorithm};
use crate::rules::{self, Raised, Rule, RuleInfo, Severity};
use crate::x509::{Certificate, SpkiSha256};

/// A finding of a rule of this family.
fn finding(id: &'static str, subject: &str, evidence: Value) -> Finding {
    let info = RuleInfo {
        id,
        title: "A title",
        severity: Severity::Low,
        needs: "nothing",
        explanation: "",
        advice: "",
        references: &[],
    };
    Finding::new(&info, Raised::new(subject, "It was so on 2027-03-01.", evidence))
}

fn of(id: &'static str, subject: &str, evidence: Value) -> String {
    fingerprint("shop.example:443", None, &finding(id, subject, evidence))
}

#[test]
fn what_changes_by_itself_changes_nothing() {
    let together = |count: u64, day: &str, names: [&str; 2]| {
        json!({"count": count, "names": names, "judged_at": day, "age_days": count,
               "each": [{"certificate": "certificate 01", "life": day}]})
    };
    assert_eq!(
        of("CRT001", "by a CA", together(1, "2027-03-01", ["a", "b"])),
        of("CRT001", "by a CA", together(2, "2027-04-01", ["b", "a"])),
        "dates, ages, counts of what is shown, order"
    );
    let one = finding("CAA001", "shop.example", json!({"record": "0 issue \"ca.example\""}));
    let mut other = one.clone();
    other.message = "It was otherwise.".to_owned();
    other.severity = Severity::Critical;
    assert_eq!(
        fingerprint("shop.example", None, &one),
        fingerprint("Shop.Example", None, &other),
        "wording and severity"
    );
    let pins = |line: u64, scopes: [&str; 2]| json!({"file": "./app/a.xml", "line": line, "scopes": scopes});
    assert_eq!(
        of("PIN004", "./app/a.xml:3 (a.example, b.example)", pins(3, ["a.example", "b.example"])),
        of("PIN004", "./app/a.xml:17 (b.example, a.example)", pins(17, ["b.example", "a.example"])),
        "lines and the order of entries"
    );
    let at = |line: u64| json!({"file": "app\\a.xml", "line": line, "what": "<pin> has no digest"});
    assert_eq!(of("PIN006", "app\\a.xml:3", at(3)), of("PIN006", "app/a.xml:4", at(4)));
    let client = |client: &str| json!({"client": client, "pins": ["sha256/a"]});
    for rule in ["CMP001", "CMP004"] {
        let plain = of(rule, "a.xml", client("a.xml"));
        assert_eq!(plain, of(rule, "./a.xml", client("./a.xml")), "{rule}: the same file");
        assert_eq!(plain, of(rule, "b/../a.xml", client("b//./../a.xml")), "{rule}: the same file");
        assert_ne!(plain, of(rule, "../a.xml", client("../a.xml")), "{rule}: another file");
        assert_eq!(plain, of(rule, "a.xml, line 7", client("a.xml, line 7")), "{rule}: lines");
        assert_ne!(plain, of(rule, "b.xml", client("b.xml")));
    }
}

#[test]
fn what_a_finding_is_about_changes_it() {
    let base = of("CAA001", "shop.example", json!({"record": "0 issue \"a.example\""}));
    let others = [
        of("CAA002", "shop.example", json!({"record": "0 issue \"a.example\""})),
        of("CAA001", "www.shop.example", json!({"record": "0 issue \"a.example\""})),
        of("CAA001", "shop.example", json!({"record": "0 issue \"b.example\""})),
        of("CAA001", "shop.example", json!({})),
        fingerprint(
            "other.example:443",
            None,
            &finding("CAA001", "shop.example", json!({"record": "0 issue \"a.example\""})),
        ),
    ];
    for other in others {
        assert_ne!(base, other);
    }
    let pins = |value: &str| json!({"file": "a.xml", "scopes": ["a.example"], "pins": [{"value": value, "line": 4}]});
    assert_ne!(
        of("PIN005", "a.xml:3 (a.example)", pins("sha256/A")),
        of("PIN005", "a.xml:3 (a.example)", pins("sha256/B"))
    );
    let problem = |what: &str| json!({"file": "a.xml", "line": 3, "what": what});
    assert_ne!(of("PIN006", "a.xml:3", problem("one")), of("PIN006", "a.xml:3", problem("other")));
    let issuer = |owner: Option<&str>, key: &str| json!({"issuer_owner": owner, "issuer_spki_sha256": key});
    assert_eq!(
        of("ISS001", "A CA", issuer(Some("A CA"), "1")),
        of("ISS001", "A CA", issuer(Some("A CA"), "2"))
    );
    assert_ne!(of("ISS001", "a CA", issuer(None, "1")), of("ISS001", "a CA", issuer(None, "2")));
}

#[test]
fn one_more_certificate_is_another_finding_even_where_it_is_not_shown() {
    let shown: Vec<String> = (0..20).map(|number| format!("certificate {number}")).collect();
    let facts = |count: u64| json!({"count": count, "certificates": shown});
    assert_ne!(of("CRT009", "a source", facts(21)), of("CRT009", "a source", facts(22)));
    let all = |digest: &str, label: &str| {
        json!({"count": 1, "certificates": [label], "certificates_sha256": digest,
               "each": [{"certificate": label, "names": ["a.example"]}]})
    };
    assert_ne!(
        of("CRT001", "a CA", all("aa", "certificate 1")),
        of("CRT001", "a CA", all("bb", "certificate 1"))
    );
    assert_eq!(
        of("CRT001", "a CA", all("aa", "precertificate 1")),
        of("CRT001", "a CA", all("aa", "certificate 2")),
        "a source that shows the final certificate tells nothing new"
    );
}

#[test]
fn every_family_of_rules_says_what_identifies_its_findings() {
    for rule in rules::all() {
        assert!(!identifying(rule.id).is_empty(), "{} has no line in IDENTIFYING", rule.id);
    }
}

#[test]
fn reports_show_it_and_two_parts_are_never_one() {
    const RULE: Rule<str> = Rule {
        info: RuleInfo {
            id: "TLS001",
            title: "A title",
            severity: Severity::Low,
            needs: "nothing",
            explanation: "",
            advice: "",
            references: &[],
        },
        raise: |text| vec![Raised::new(text, "", Value::Null)],
    };
    let mut findings = RULE.findings("a");
    assert!(!serde_json::to_string(&findings).unwrap().contains("fingerprint"));
    stamp("b", None, &mut findings);
    let json = serde_json::to_value(&findings).unwrap();
    let shown = json[0]["fingerprint"].as_str().unwrap();
    assert!(shown.len() == 32 && shown.bytes().all(|digit| digit.is_ascii_hexdigit()), "{shown}");
    let of = |target, text| fingerprint(target, None, &RULE.findings(text)[0]);
    assert_ne!(of("xa", ""), of("x", "a"));
}

/// The same CA with another key, the same key again, another certificate altogether: which of them a finding survives.
#[test]
fn a_finding_is_tied_to_as_much_of_the_certificate_as_its_rule_says() {
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let certificate = || {
        let ca = CaCertificate::root("CA", KeyAlgorithm::P256, now).unwrap();
        Certificate::read(&ca.der).unwrap()
    };
    let (first, other) = (certificate(), certificate());
    let mut same_key = other.clone();
    same_key.spki_sha256 = first.spki_sha256;
    let by = |owner: Option<&str>, key: u8, proof| Issuer {
        key: Some(IssuingKey { key: SpkiSha256([key; 32]), proof }),
        owner: owner.map(str::to_owned),
        ..Issuer::default()
    };
    let ca = by(Some("A CA"), 1, Proof::Signature);
    for rule in rules::all() {
        let finding = finding(rule.id, "subject", Value::Null);
        let of = |leaf: &Certificate, issuer: &Issuer| {
            fingerprint("t.example:443", Some(&Shown::of(leaf, issuer)), &finding)
        };
        let base = of(&first, &ca);
        let survives = [
            of(&other, &by(Some("A CA"), 2, Proof::Sct)) == base,
            of(&same_key, &by(Some("Another CA"), 1, Proof::Signature)) == base,
            of(&other, &by(Some("Another CA"), 1, Proof::Signature)) == base,
        ];
        let expected = match tie::of(rule.id) {
            Tie::Nothing => [true, true, true],
            Tie::Issuer => [true, false, false],
            Tie::Key => [false, true, false],
            Tie::Certificate => [false, false, false],
        };
        assert_eq!(survives, expected, "{}", rule.id);
    }
    // What nothing proves is nobody's: the certificate stands for itself.
    let finding = finding("ISS002", "issuer", Value::Null);
    let of = |leaf: &Certificate, issuer: &Issuer| fingerprint("t", Some(&Shown::of(leaf, issuer)), &finding);
    let claimed = by(None, 1, Proof::Claim);
    assert_ne!(of(&first, &claimed), of(&other, &claimed));
    assert_ne!(of(&first, &Issuer::default()), of(&other, &Issuer::default()));
    assert_eq!(of(&first, &by(None, 1, Proof::Signature)), of(&other, &by(None, 1, Proof::Signature)));
    assert_ne!(of(&first, &by(None, 1, Proof::Signature)), of(&first, &by(None, 2, Proof::Signature)));
}

/// A rule that needs a certificate, a chain or SCTs is about one, or it is said here why not.
#[test]
fn every_rule_about_certificates_is_known_as_one() {
    // Of the logs, of what is pinned, of names, of sources: whichever certificate is shown.
    const NOT: &[&str] = &[
        "TLS001", "TLS006", "TLS007", "CT018", "CT023", "CT024", "CT027", "CT028", "CRT010", "CRT011",
        "CRT012", "CRT013", "CRT017", "ISS003", "ISS004", "PIN004", "PIN013", "PIN015", "PIN024", "PIN037",
        "PIN047", "CMP001", "CMP004", "CAA033",
    ];
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let family = rule.id.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let words = ["certificate", "chain", "SCT", "handshake"];
        let needs = words.iter().any(|word| rule.needs.contains(word));
        let meant = needs || ["TLS", "CT", "ISS", "CRT", "REV"].contains(&family);
        if (meant && !NOT.contains(&rule.id)) != is_about_certificates(rule.id) {
            wrong.push((rule.id, rule.needs));
        }
    }
    assert_eq!(wrong, []);
}

/// What the documentation says of the ties is what they are.
#[test]
fn the_ties_are_documented() {
    let text = include_str!("../../../docs/ci.md");
    for (tie, begin) in [
        (Tie::Certificate, "| the certificate |"),
        (Tie::Key, "| its key |"),
        (Tie::Issuer, "| the CA that is proven to have issued it |"),
    ] {
        let line = text.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{begin}"));
        for rule in rules::all() {
            assert_eq!(line.contains(rule.id), tie::of(rule.id) == tie, "{}: {line}", rule.id);
        }
    }
}
