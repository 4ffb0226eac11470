use super::*;
use crate::issuance::issuers::Issuers;
use crate::issuance::judge;
use crate::issuance::reported::SourceReading;
use crate::issuance::testing::{Played, ca, expired, leaf, now, reading, shown};
use crate::report::human::wrap::WIDTH;

fn bare(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn report(readings: &[SourceReading], known: &Played) -> String {
    let verdict = judge(&"t.example".parse().unwrap(), readings, Issuers::default(), known, now());
    bare(&name(&verdict, &crate::rules::issuance::findings(&verdict)))
}

#[test]
fn the_unexpected_comes_first_and_all_of_it_fits() {
    let (ours, other) = (ca("CA"), ca("Other"));
    let known = Played::expecting(&ours).knowing(
        &other,
        "A CA With Quite A Long Name Indeed, Incorporated",
        "o.example",
    );
    let certificates = vec![
        shown(&leaf(&ours, &["t.example", "www.t.example"]), &[&ours]),
        shown(&expired(&ours, &["t.example", "www.t.example"]), &[&ours]),
        shown(&leaf(&other, &["t.example"]), &[&other]),
    ];
    let text = report(&[reading(SourceKind::Files, certificates)], &known);
    assert!(text.starts_with("t.example: 3 certificates, 2 of them current; 1 unexpected\n"), "{text}");
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
    assert!(place("unexpected     1     0  2026-10-02  2026-10-02") < place("expected       1     1"));
    assert!(text.contains("2 times, 2026-03-16 to 2026-10-02"), "{text}");
    assert!(text.contains("with a gap of 110 days;\n      2 keys"), "{text}");
    assert!(text.lines().all(|line| width(line) <= WIDTH || !line.trim().contains(' ')), "{text}");
}

#[test]
fn what_is_not_known_of_a_life_is_not_told_as_its_end() {
    let mut claims = crate::issuance::testing::claims(&leaf(&ca("CA"), &["t.example"]));
    claims.not_before = None;
    let certificates = vec![crate::issuance::testing::claimed(claims)];
    let text = report(&[reading(SourceKind::CrtSh, certificates)], &Played::default());
    let said = "t.example: 1 certificate, whether current is not known";
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{text}");
}

#[test]
fn no_data_is_not_told_as_nothing_issued() {
    let silent = |coverage| SourceReading { coverage, ..reading(SourceKind::CrtSh, vec![]) };
    let text = report(&[silent(Coverage::NoData("an error page".to_owned()))], &Played::default());
    assert!(text.starts_with("t.example: undetermined; what is known: no certificate\n"), "{text}");
    assert!(text.contains("no data, an error page"), "{text}");
    let text = report(&[silent(Coverage::NotAsked("by --offline".to_owned()))], &Played::default());
    assert!(text.starts_with("t.example: not looked at; no source was asked\n"), "{text}");
}
