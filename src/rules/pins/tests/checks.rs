//! The checks over entries that are made here: not every format that raises them is needed for that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::pins::{
    AfterExpiry, Bootstrap, Confidence, Enforcement, EnforcementMode, Expiry, HostPattern, Pin, PinEntry,
    PinSource, PinValue, PinsStatus, PositionRule, Problem, ProblemKind, Soon,
};

/// Keys of public CAs, as their certificates have them.
pub(super) const X1: &str = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
pub(super) const X2: &str = "diGVwiVYbubAI3RW4hB9xU8e/CH2GnkuvVFZE8zmgzI=";
pub(super) const YR1: &str = "LoMHBotttiDko50Gi13uXW71eIy7LAttI+rYT8wXF4w=";
const R11: &str = "bdrBhpj38ffhxpubzkINl0rG+UyossdhcBYj+Zx2fcc=";
const R3: &str = "jQJTbIh0grw0/1TkHSumWb+Fs0Ggogr621gT3PvPKG0=";
pub(super) const M02: &str = "18tkPyr2nckv4fgo0dhAkaUtJ2hu2831xlO2SKhq8dg=";
const WE1: &str = "kIdp6NNEd8wsugYyyIYFsi1ylMCED3hZbSR8ZFsa/A4=";

/// The key that a text names: a pin, or a word that stands for a key of its own.
pub(super) fn spki(text: &str) -> PinValue {
    let decoded = STANDARD.decode(text).ok().and_then(|octets| <[u8; 32]>::try_from(octets).ok());
    PinValue::Spki(decoded.map_or_else(|| SpkiSha256::of(text.as_bytes()), SpkiSha256))
}

pub(super) fn pin_of(value: PinValue) -> Pin {
    Pin {
        written: value.to_string(),
        value: Ok(value),
        position: PositionRule::Any,
        key_itself: None,
        line: Some(3),
        label: None,
        tlsa: None,
        ends: None,
    }
}

pub(super) fn below(name: &str) -> HostPattern {
    HostPattern::WithSubdomains(name.to_owned())
}

/// An enforced entry for example.com and its subdomains that ends in 2028.
pub(super) fn entry(keys: &[&str]) -> PinEntry {
    let enforcement = Enforcement { mode: EnforcementMode::Yes, why: "for this test".to_owned() };
    PinEntry {
        pins: keys.iter().map(|key| pin_of(spki(key))).collect(),
        expiry: Some(ending("2028-01-01")),
        line: Some(2),
        ..PinEntry::of(below("example.com"), enforcement)
    }
}

/// An entry with one pin that has a comment, and another that has none.
fn labelled(key: &str, label: &str) -> Vec<PinSource> {
    let mut entry = entry(&[key, "own"]);
    entry.pins[0].label = Some(label.to_owned());
    nsc_of(entry)
}

fn ending(day: &str) -> Expiry {
    let at = format!("{day}T00:00:00Z").parse().unwrap();
    Expiry {
        at,
        afterwards: AfterExpiry::FailOpen,
        note: "for this test",
        clock: crate::pins::ExpiryClock::Utc,
    }
}

fn values(pins: &[PinValue]) -> PinEntry {
    PinEntry { pins: pins.iter().map(|value| pin_of(*value)).collect(), ..entry(&[]) }
}

pub(super) fn source(format: &'static str, entries: Vec<PinEntry>) -> PinSource {
    PinSource { entries, ..PinSource::of(format) }
}

fn nsc_of(entry: PinEntry) -> Vec<PinSource> {
    vec![source("android-nsc", vec![entry])]
}

fn mode(mode: EnforcementMode) -> PinEntry {
    PinEntry {
        enforcement: Enforcement { mode, why: "the default is not to".to_owned() },
        ..entry(&["root", "own"])
    }
}

fn problem(kind: ProblemKind) -> Vec<PinSource> {
    problem_in("android-nsc", kind)
}

fn problem_in(format: &'static str, kind: ProblemKind) -> Vec<PinSource> {
    let problems = vec![Problem::of(kind, Some(7), "This was found".to_owned())];
    vec![PinSource { problems, ..source(format, vec![entry(&["root", "own"])]) }]
}

fn ios_of(keys: &[&str]) -> PinSource {
    source("ios-nspinneddomains", vec![entry(keys)])
}

fn star(names: &[&str]) -> Vec<PinSource> {
    let entries = names.iter().map(|name| PinEntry {
        scope: match name.strip_prefix("*.") {
            Some(rest) => HostPattern::OneLabelBelow(rest.to_owned()),
            None => HostPattern::Exactly((*name).to_owned()),
        },
        ..entry(&["root", "own"])
    });
    vec![source("okhttp", entries.collect())]
}

pub(super) fn judged_as(sources: &[PinSource], host: Option<&str>, soon: Soon) -> Vec<Finding> {
    findings(&PinsVerdict { soon, ..verdict(sources, host) })
}

pub(super) fn verdict(sources: &[PinSource], host: Option<&str>) -> PinsVerdict {
    let files: Vec<PinFile> = sources
        .iter()
        .enumerate()
        .map(|(number, source)| PinFile {
            file: format!("file{number}"),
            reading: Reading::Read(source.clone()),
        })
        .collect();
    let path = path();
    judge(
        &files,
        &Question {
            host,
            path: Some(&path),
            off_path: &[],
            paths: &[],
            service: None,
            certificates: &[],
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            known_ca: &|_| None,
        },
    )
}

fn found(sources: &[PinSource], host: Option<&str>) -> Vec<Finding> {
    judged_as(sources, host, Soon::or_default(None))
}

fn severity(sources: &[PinSource], host: Option<&str>, rule: &str) -> Option<Severity> {
    found(sources, host).into_iter().find(|finding| finding.rule == rule).map(|finding| finding.severity)
}

#[test]
fn each_check_has_an_input_that_raises_it_and_one_that_does_not() {
    let bootstrap = |bootstrap| PinEntry { bootstrap: Some(bootstrap), ..entry(&["root", "own"]) };
    let ct = |on| PinEntry { certificate_transparency: Some(on), ..entry(&["root", "own"]) };
    let mut endless = entry(&["root", "own"]);
    endless.expiry = None;
    let mut long = entry(&[YR1, "own"]);
    long.expiry = Some(ending("2031-01-01"));
    let many = [WE1, M02, X1, DIGICERT, SECTIGO, GLOBALSIGN];
    let quiet = || nsc_of(entry(&["root", "own"]));
    let cases: Vec<(&str, Vec<PinSource>, Vec<PinSource>)> = vec![
        ("PIN018", nsc_of(entry(&[X1, X2])), nsc_of(entry(&[X1, "own"]))),
        ("PIN019", nsc_of(entry(&[X1, R3, "own"])), nsc_of(entry(&[X1, YR1, "own"]))),
        ("PIN020", nsc_of(entry(&[WE1, "own"])), nsc_of(entry(&[X1, "own"]))),
        ("PIN021", nsc_of(entry(&[X1, M02])), nsc_of(entry(&[X1, M02, "own"]))),
        ("PIN022", nsc_of(entry(&many)), nsc_of(entry(&[X1, M02, WE1, "own"]))),
        ("PIN023", nsc_of(values(&[PinValue::SpkiSha1([7; 20]), spki("own")])), quiet()),
        (
            "PIN024",
            nsc_of(values(&[PinValue::Certificate(CertificateSha256::of(b"leaf"))])),
            nsc_of(values(&[PinValue::RawKey([7; 32]), spki("own")])),
        ),
        ("PIN025", nsc_of(endless), quiet()),
        ("PIN026", nsc_of(long), nsc_of(entry(&[YR1, "own"]))),
        ("PIN027", nsc_of(mode(EnforcementMode::Report)), nsc_of(mode(EnforcementMode::Yes))),
        ("PIN028", problem(ProblemKind::DebugInRelease), quiet()),
        ("PIN029", problem(ProblemKind::Obsolete), quiet()),
        ("PIN030", problem(ProblemKind::InsteadOfValidation), quiet()),
        ("PIN031", problem(ProblemKind::NoValidation), quiet()),
        ("PIN032", problem(ProblemKind::NeverCalled), quiet()),
        ("PIN033", problem(ProblemKind::CtLibrary), quiet()),
        ("PIN034", problem(ProblemKind::CtDisabled), nsc_of(ct(true))),
        ("PIN034", problem(ProblemKind::CtOffForAnchors), nsc_of(ct(false))),
        ("PIN035", problem(ProblemKind::UnauthenticatedBootstrap), nsc_of(bootstrap(Bootstrap::Signed))),
        ("PIN035", nsc_of(bootstrap(Bootstrap::FirstUse)), nsc_of(bootstrap(Bootstrap::Pinned))),
        ("PIN036", problem(ProblemKind::WrongLabel), quiet()),
        ("PIN036", labelled(X2, "ISRG Root X1"), labelled(X2, "ISRG Root X2")),
        ("PIN037", star(&["*.example.com"]), star(&["*.example.com", "example.com"])),
        ("PIN050", problem(ProblemKind::NotRead), quiet()),
        ("PIN051", problem(ProblemKind::ClientWithoutPins), quiet()),
        (
            "PIN038",
            vec![ios_of(&["root", "own"]), ios_of(&["root", "another"])],
            vec![ios_of(&["root", "own"]), ios_of(&["own", "root"])],
        ),
    ];
    for (rule, raising, quiet) in cases {
        assert!(severity(&raising, None, rule).is_some(), "{rule}: {:#?}", found(&raising, None));
        assert_eq!(severity(&quiet, None, rule), None, "{rule}");
    }
}

/// Roots of DigiCert, Sectigo and GlobalSign.
const DIGICERT: &str = "i7WTqTvh0OioIruIfFR4kMPnBqrS2rdiVPl/s2uC/CY=";
const SECTIGO: &str = "x4QzPSC810K5/cMjb05Qm4k3Bw5zBn4lTdO/nEW/Td4=";
const GLOBALSIGN: &str = "cGuxAXyFXFkWm61cF4HPWX8S0srS9j0aSqN0k4AP+4A=";

#[test]
fn the_keys_of_these_tests_are_those_of_their_cas() {
    for (key, part) in [
        (X1, "ISRG Root X1"),
        (YR1, "YR1"),
        (R11, "R11"),
        (R3, "R3"),
        (M02, "Amazon"),
        (WE1, "WE1"),
        (DIGICERT, "DigiCert"),
        (SECTIGO, "USERTrust"),
        (GLOBALSIGN, "GlobalSign"),
    ] {
        let PinValue::Spki(key) = spki(key) else { panic!("{part}") };
        let ca = crate::ca::CaTable.key(&key).unwrap_or_else(|| panic!("{part} is not in the table"));
        assert!(ca.subject.contains(part), "{part}: {}", ca.subject);
    }
}

#[test]
fn a_comment_is_graver_the_surer_it_is_wrong() {
    let of = |key: &str, label: &str| severity(&labelled(key, label), Some("example.com"), "PIN036");
    assert_eq!(of(X1, "Let's Encrypt R12"), Some(Severity::Medium));
    // The leaf of the chain that these tests judge with.
    assert_eq!(of("leaf", "ISRG Root X1"), Some(Severity::Medium));
    // No key that is known: the CA may have another one.
    assert_eq!(of("other", "ISRG Root X1"), Some(Severity::Low));
    // A private root of the chain, whose name is not known.
    assert_eq!(of("root", "ISRG Root X1"), None);
    for label in ["leaf, issued by ISRG Root X2", "Let's Encrypt", "R12", "ISRG Root X1, backup"] {
        assert_eq!(of(X1, label), None, "{label}");
    }
}

#[test]
fn what_else_is_pinned_decides_how_grave_a_rotating_intermediate_is() {
    let of = |keys: &[&str], host| severity(&nsc_of(entry(keys)), host, "PIN020");
    assert_eq!(of(&[YR1, WE1], None), Some(Severity::High));
    assert_eq!(of(&[YR1, "own"], None), Some(Severity::Medium));
    assert_eq!(of(&[YR1, "root"], Some("example.com")), Some(Severity::Low));
    assert_eq!(of(&[X1, X2], None), None);
}

#[test]
fn an_ended_ca_is_graver_where_nothing_else_is_left() {
    let of = |keys: &[&str]| severity(&nsc_of(entry(keys)), Some("example.com"), "PIN019");
    assert_eq!(of(&["root", R3]), Some(Severity::High));
    assert_eq!(of(&["root", R3, "own"]), Some(Severity::Medium));
    // Its certificate is valid until 2027, and nothing is issued from it.
    assert_eq!(of(&["root", R11, "own"]), Some(Severity::Medium));
    assert_eq!(of(&["root", YR1, "own"]), None);
    // Before Let's Encrypt ended it, it had not ended.
    let files = [PinFile {
        file: "f".to_owned(),
        reading: Reading::Read(source("android-nsc", vec![entry(&["root", R11])])),
    }];
    let question = Question {
        host: None,
        path: None,
        off_path: &[],
        paths: &[],
        service: None,
        certificates: &[],
        at: "2026-05-01T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    };
    assert!(findings(&judge(&files, &question)).iter().all(|finding| finding.rule != "PIN019"));
}

#[test]
fn a_guess_is_never_graver_than_medium_and_says_so() {
    let guess = || Confidence::Guessed("the constant's name looks like a pin".to_owned());
    let guessed = PinEntry { confidence: guess(), ..entry(&[YR1, WE1]) };
    let found = found(&nsc_of(guessed.clone()), Some("example.com"));
    assert!(found.iter().any(|finding| finding.rule == "PIN001"), "{found:#?}");
    for finding in &found {
        assert!(finding.severity <= Severity::Medium, "{finding:#?}");
        assert!(finding.message.contains("rests on a guess: the constant's name"), "{finding:#?}");
    }
    let mut sources = problem(ProblemKind::NoValidation);
    sources[0].entries = vec![guessed.clone()];
    // That validation is off was seen, whatever is guessed of the pins beside it; in a test, it is in no release.
    assert_eq!(severity(&sources, None, "PIN031"), Some(Severity::High));
    sources[0].guessed = Some("it is a test".to_owned());
    assert_eq!(severity(&sources, None, "PIN031"), Some(Severity::Medium));
    let mut sources = problem(ProblemKind::Refused);
    sources[0].entries = vec![guessed];
    assert_eq!(severity(&sources, None, "PIN008"), Some(Severity::Medium));
    assert_eq!(severity(&problem(ProblemKind::NoValidation), None, "PIN031"), Some(Severity::High));
    // Two patterns, one read and one guessed, are not one finding.
    let read = PinEntry { confidence: Confidence::Read, ..entry(&["own"]) };
    let guessed = PinEntry { confidence: guess(), ..entry(&["own"]) };
    let both = findings(&verdict(&[source("okhttp", vec![read, guessed])], None));
    let backup: Vec<Severity> =
        both.iter().filter(|finding| finding.rule == "PIN004").map(|finding| finding.severity).collect();
    assert_eq!(backup, [Severity::High, Severity::Medium]);
}

#[test]
fn a_gate_counts_the_days_to_the_end() {
    let of = |day: &str, within: Option<i64>| {
        let soon = Soon::or_default(within.map(jiff::SignedDuration::from_hours));
        let mut ends = entry(&["root", "own"]);
        ends.expiry = Some(ending(day));
        judged_as(&nsc_of(ends), None, soon)
            .into_iter()
            .find(|finding| finding.rule == "PIN003")
            .map(|finding| (finding.severity, finding.message))
    };
    // It is judged on 2026-11-21: the 60th day after is 2027-01-20.
    assert_eq!(of("2027-01-20", None).map(|(severity, _)| severity), Some(Severity::Medium));
    assert_eq!(of("2027-01-21", None), None);
    assert_eq!(of("2027-01-20", Some(60 * 24)).map(|(severity, _)| severity), Some(Severity::High));
    // A gate comes on top of the 60 days, and takes nothing away from them.
    assert_eq!(of("2027-01-20", Some(60 * 24 - 1)).map(|(severity, _)| severity), Some(Severity::Medium));
    assert_eq!(of("2027-02-01", Some(90 * 24)).map(|(severity, _)| severity), Some(Severity::High));
    assert_eq!(of("2027-02-01", Some(60 * 24)), None);
    assert_eq!(of("2026-11-22", Some(24)).map(|(_, said)| said.contains("in 1 day.")), Some(true));
    assert_eq!(of("2026-11-20", Some(24)), None);
}

#[test]
fn a_star_is_one_label() {
    let of = |names: &[&str], host| severity(&star(names), host, "PIN037");
    assert_eq!(of(&["*.example.com"], None), Some(Severity::Low));
    assert_eq!(of(&["*.example.com", "example.com"], None), None);
    for (host, expected) in [
        ("example.com", Some(Severity::Medium)),
        ("a.b.example.com", Some(Severity::Medium)),
        ("a.example.com", None),
        ("anexample.com", None),
        ("example.org", None),
    ] {
        assert_eq!(of(&["*.example.com"], Some(host)), expected, "{host}");
    }
    assert_eq!(of(&["*.example.com", "a.b.example.com"], Some("a.b.example.com")), None);
}

#[test]
fn drift_names_what_only_one_has_and_takes_like_hosts_together() {
    let other = |name: &str, keys: &[&str]| PinEntry { scope: below(name), ..entry(keys) };
    let first = source("android-nsc", vec![other("a.example", &["1", "2"]), other("b.example", &["1", "2"])]);
    let second =
        source("ios-nspinneddomains", vec![other("a.example", &["2", "3"]), other("b.example", &["2", "3"])]);
    let found: Vec<Finding> = findings(&verdict(&[first.clone(), second.clone()], None))
        .into_iter()
        .filter(|finding| finding.rule == "PIN038")
        .collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].subject, "a.example and b.example");
    assert!(found[0].message.contains("1 key is in common"), "{}", found[0].message);
    assert_eq!(found[0].evidence.to_json()["sources"][1]["only_here"][0], spki("3").to_string());
    // With a host, patterns of another form count too; hosts apart do not.
    let exact = PinEntry { scope: HostPattern::Exactly("www.a.example".to_owned()), ..entry(&["4"]) };
    let third = source("ios-nspinneddomains", vec![exact]);
    let sources = [first, third];
    assert_eq!(severity(&sources, Some("www.a.example"), "PIN038"), Some(Severity::Medium));
    assert_eq!(severity(&sources, None, "PIN038"), None);
}

/// Platforms and releases in one file are told apart; between releases with a key in common it is no surprise.
#[test]
fn drift_names_platforms_and_releases() {
    let of = |keys: &[&str], platform: &str, day: Option<&str>| PinEntry {
        platform: Some(platform.to_owned()),
        released: day.map(|day| format!("{day}T00:00:00Z").parse().unwrap()),
        ..entry(keys)
    };
    let told = |entries: Vec<PinEntry>| {
        findings(&verdict(&[source("pinstead", entries)], None))
            .into_iter()
            .find(|finding| finding.rule == "PIN038")
            .map(|finding| (finding.severity, finding.message))
    };
    let platforms = vec![of(&["1", "2"], "android", None), of(&["2", "3"], "ios", None)];
    let (severity, message) = told(platforms).unwrap();
    assert_eq!(severity, Severity::Medium);
    assert!(
        message.contains(" for android (pinstead)") && message.contains(" for ios (pinstead)"),
        "{message}"
    );
    let old = of(&["1", "2"], "ios", Some("2026-01-02"));
    let (severity, message) = told(vec![old.clone(), of(&["2", "3"], "ios", Some("2026-03-04"))]).unwrap();
    assert_eq!(severity, Severity::Low);
    assert!(message.contains(" for ios (pinstead, released 2026-01-02)"), "{message}");
    let none_in_common = told(vec![old.clone(), of(&["3", "4"], "ios", Some("2026-03-04"))]);
    assert_eq!(none_in_common.unwrap().0, Severity::Medium);
    assert_eq!(told(vec![old.clone(), of(&["2", "1"], "android", None)]), None);
}

#[test]
fn a_configuration_that_does_not_pin_beside_one_that_does_is_told() {
    let pins = source("android-nsc", vec![entry(&["1", "2"])]);
    let none = source("ios-nspinneddomains", Vec::new());
    let host = Some("www.example.com");
    let found = |sources: &[PinSource], host| severity(sources, host, "PIN038");
    assert_eq!(found(&[pins.clone(), none.clone()], host), Some(Severity::Medium));
    assert_eq!(found(&[pins.clone(), none], None), None);
    assert_eq!(found(&[pins.clone(), pins.clone()], host), None);
    // What was read in part may pin it.
    let mut in_part = source("ios-nspinneddomains", Vec::new());
    in_part.problems.push(Problem::of(ProblemKind::NotRead, None, "x".to_owned()));
    assert_eq!(found(&[pins.clone(), in_part], host), None);
    // One finding tells of a host, however many do not pin it.
    let many = vec![source("ios-nspinneddomains", Vec::new()); 4];
    let all = judged_as(&[&[pins][..], &many].concat(), host, Soon::or_default(None));
    assert_eq!(all.iter().filter(|finding| finding.rule == "PIN038").count(), 1, "{all:#?}");
}

#[test]
fn flavours_need_not_pin_the_hosts_of_one_another() {
    let file = |set: &str, host: &str| {
        let scope = HostPattern::Exactly(host.to_owned());
        let source = source("android-nsc", vec![PinEntry { scope, ..entry(&["leaf", "2"]) }]);
        PinFile { file: format!("app/src/{set}/res/xml/nsc.xml"), reading: Reading::Read(source) }
    };
    let path = crate::pins::testing::path();
    for (one, other, severity, status) in [
        ("prod", "staging", Some(Severity::Medium), PinsStatus::Pinned),
        ("main", "staging", Some(Severity::Medium), PinsStatus::Undetermined),
        ("main", "release", Some(Severity::High), PinsStatus::Undetermined),
        // A release has the one in the place of the other.
        ("release", "main", None, PinsStatus::Pinned),
    ] {
        let files = [file(one, "shop.example"), file(other, "staging.shop.example")];
        let question = crate::pins::testing::question(Some("shop.example"), Some(&path));
        let verdict = judge(&files, &question);
        let found = findings(&verdict);
        let told: Vec<_> =
            found.iter().filter(|finding| finding.rule == "PIN038").map(|finding| finding.severity).collect();
        assert_eq!((told, verdict.status), (severity.into_iter().collect(), status), "{one} {other}");
    }
}

#[test]
fn a_forbidden_key_locks_out() {
    let mut entry = entry(&["root", "own"]);
    entry.forbidden = vec![pin_of(spki("leaf"))];
    assert_eq!(severity(&nsc_of(entry.clone()), Some("example.com"), "PIN001"), Some(Severity::Critical));
    entry.forbidden = vec![pin_of(spki("elsewhere"))];
    assert_eq!(severity(&nsc_of(entry.clone()), Some("example.com"), "PIN001"), None);
    // The same where there are no pins beside; nothing else is said of pins that are not there.
    entry.pins.clear();
    let rules = |entry: &PinEntry| {
        found(&nsc_of(entry.clone()), Some("example.com"))
            .into_iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&entry), Vec::<&str>::new());
    entry.forbidden = vec![pin_of(spki("leaf"))];
    assert_eq!(rules(&entry), ["PIN001"]);
    entry.expiry = Some(Expiry { afterwards: AfterExpiry::FailClosed, ..ending("2026-11-30") });
    entry.forbidden = vec![pin_of(spki("elsewhere"))];
    assert_eq!(severity(&nsc_of(entry), Some("example.com"), "PIN003"), Some(Severity::High));
}

#[test]
fn obsolete_headers_are_low_and_dead_code_is_not() {
    let of = |format| severity(&problem_in(format, ProblemKind::Obsolete), None, "PIN029");
    assert_eq!(of("hpkp"), Some(Severity::Low));
    assert_eq!(of("dotnet"), Some(Severity::Medium));
}

#[test]
fn pins_that_expired_or_are_refused_are_not_told_twice() {
    let mut ended = mode(EnforcementMode::Yes);
    ended.expiry = Some(ending("2020-01-01"));
    let rules: Vec<&str> = found(&nsc_of(ended), None).iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["PIN002"]);
    let mut shut = mode(EnforcementMode::Yes);
    shut.expiry = Some(Expiry { afterwards: AfterExpiry::FailClosed, ..ending("2020-01-01") });
    assert_eq!(severity(&nsc_of(shut), None, "PIN002"), Some(Severity::Critical));
    assert_eq!(severity(&nsc_of(mode(EnforcementMode::No)), None, "PIN027"), Some(Severity::High));
    assert_eq!(severity(&nsc_of(mode(EnforcementMode::Report)), None, "PIN027"), Some(Severity::Medium));
    // What stands where the platform does not look is told as that: there is nothing to switch on.
    let elsewhere = mode(EnforcementMode::No);
    let what = elsewhere.enforcement.why.clone();
    let mut source = source("ios-nspinneddomains", vec![elsewhere]);
    source.problems.push(Problem::of(ProblemKind::NoEffect, None, what));
    let rules: Vec<&str> = found(&[source], None).iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["PIN009"]);
}
