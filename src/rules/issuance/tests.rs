//! The rules about issuance: each with what raises it and what does not.

use jiff::SignedDuration;

use super::findings;
use crate::demo::authority::{CaCertificate, IssuedLeaf, LeafRequest};
use crate::demo::ct::{SctPlan, issue};
use crate::issuance::issued::Life;
use crate::issuance::issuers::Issuers;
use crate::issuance::reported::{Claimed, Coverage, ReportedCertificate, SourceKind, SourceReading};
use crate::issuance::revocation::RevocationToday;
use crate::issuance::testing::{
    Played, bytes, ca, claimed, claims, expired, leaf, logged, now, reading, shown,
};
use crate::issuance::{CaaToday, IssuanceVerdict, judge};
use crate::revocation::{self, Question, Revocation, RevocationVerdict, Status};
use crate::rules::tests::ids;
use crate::rules::{Finding, Severity};
use crate::x509::{Certificate, SpkiSha256};

fn judged(readings: &[SourceReading], known: &Played) -> IssuanceVerdict {
    judge(&"t.example".parse().unwrap(), readings, Issuers::default(), known, now())
}

fn of_files(certificates: Vec<ReportedCertificate>, known: &Played) -> IssuanceVerdict {
    judged(&[reading(SourceKind::Files, certificates)], known)
}

fn raised(verdict: &IssuanceVerdict) -> Vec<&'static str> {
    ids(&findings(verdict))
}

fn only(verdict: &IssuanceVerdict) -> Finding {
    let found = findings(verdict);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

/// One certificate of the expected CA, which no rule has anything to say about.
fn good() -> IssuanceVerdict {
    let ca = ca("CA");
    of_files(vec![shown(&leaf(&ca, &["t.example"]), &[&ca])], &Played::expecting(&ca))
}

fn with_caa(caa: CaaToday) -> IssuanceVerdict {
    let mut verdict = good();
    verdict.certificates[0].caa = caa;
    verdict
}

const NONE: [&str; 0] = [];

#[test]
fn an_expected_certificate_raises_nothing() {
    assert_eq!(raised(&good()), NONE);
    assert_eq!(raised(&with_caa(CaaToday::Permits { seen: now() })), NONE);
    assert_eq!(raised(&with_caa(CaaToday::NotChecked("offline".to_owned()))), NONE);
}

#[test]
fn crt001_an_unexpected_ca_is_told_once_with_how_it_is_asked_to_revoke() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let known = Played::expecting(&ca).knowing(&other, "Other CA", "other.example");
    let mut report = shown(&leaf(&other, &["t.example"]), &[&other]);
    report.claimed.problem_reporting = Some("abuse@other.example".to_owned());
    let verdict = of_files(vec![report, shown(&leaf(&other, &["www.t.example"]), &[&other])], &known);
    let finding = only(&verdict);
    assert_eq!(
        (finding.rule, finding.severity, finding.subject.as_str()),
        ("CRT001", Severity::High, "Other CA")
    );
    assert!(
        finding.message.starts_with("2 certificates for t.example and www.t.example: "),
        "{}",
        finding.message
    );
    assert!(finding.advice.contains("abuse@other.example") && finding.advice.contains("24 hours"));
    let past = only(&of_files(vec![shown(&expired(&other, &["t.example"]), &[&other])], &known));
    assert_eq!((past.rule, past.severity), ("CRT001", Severity::Medium));
    assert!(past.message.contains("has expired"), "{}", past.message);
    assert!(past.advice.contains("nothing left to revoke"), "{}", past.advice);
}

#[test]
fn crt002_an_unknown_key_is_a_verdict_of_its_own() {
    let (ca, unknown) = (ca("CA"), ca("Unknown"));
    let known = Played::expecting(&ca);
    for report in
        [shown(&leaf(&unknown, &["t.example"]), &[&unknown]), claimed(claims(&leaf(&ca, &["t.example"])))]
    {
        let finding = only(&of_files(vec![report], &known));
        assert_eq!((finding.rule, finding.severity), ("CRT002", Severity::Medium));
        assert!(finding.message.contains("as claimed: "), "{}", finding.message);
    }
    let past = only(&of_files(vec![shown(&expired(&unknown, &["t.example"]), &[&unknown])], &known));
    assert_eq!((past.rule, past.severity), ("CRT002", Severity::Low));
}

#[test]
fn crt003_a_forged_issuer_name_is_critical() {
    let (real, fake) = (ca("CA"), ca("CA"));
    let reports = |fake| {
        let forged = leaf(fake, &["t.example"]);
        vec![shown(&leaf(&real, &["t.example"]), &[&real]), shown(&forged, &[fake])]
    };
    let finding = only(&of_files(reports(&fake), &Played::expecting(&real)));
    assert_eq!((finding.rule, finding.severity), ("CRT003", Severity::Critical));
    assert!(finding.message.contains(&fake.key.spki_sha256().to_string()), "{}", finding.message);
    // The table of the test knows the other key as well: the CA has two.
    let known = Played::expecting(&real).knowing(&fake, "Expected CA", "ca.example");
    assert_eq!(raised(&of_files(reports(&fake), &known)), NONE);
}

#[test]
fn crt004_and_crt016_what_caa_says_now() {
    let names = vec![("t.example".to_owned(), "issue names others".to_owned())];
    let finding = only(&with_caa(CaaToday::Denies { seen: now(), names }));
    assert_eq!((finding.rule, finding.severity), ("CRT004", Severity::Medium));
    assert!(
        finding.message.contains("not authorised by the CAA seen at 2026-11-01 00:00 UTC"),
        "{}",
        finding.message
    );
    let open = only(&with_caa(CaaToday::Undetermined { seen: now(), why: "SERVFAIL".to_owned() }));
    assert_eq!((open.rule, open.severity), ("CRT016", Severity::Low));
}

#[test]
fn crt005_to_crt007_what_the_owner_did_not_list() {
    let ca = ca("CA");
    let with = |leaf| {
        of_files(
            vec![shown(leaf, &[&ca])],
            &Played {
                keys: Some(vec![SpkiSha256([1; 32])]),
                names: Some(vec!["t.example".parse().unwrap()]),
                ..Played::expecting(&ca)
            },
        )
    };
    let leaf = leaf(&ca, &["t.example", "w.t.example", "*.t.example"]);
    assert_eq!(raised(&with(&leaf)), ["CRT005", "CRT006", "CRT007"]);
    assert_eq!(
        raised(&with(&expired(&ca, &["w.t.example"]))),
        NONE,
        "what has expired needs no place in a list"
    );
    let key = crate::x509::Certificate::read(&leaf.der).unwrap().spki_sha256;
    let names = ["t.example", "w.t.example", "*.t.example"].map(|name| name.parse().unwrap());
    let known = Played { keys: Some(vec![key]), names: Some(names.to_vec()), ..Played::expecting(&ca) };
    assert_eq!(raised(&of_files(vec![shown(&leaf, &[&ca])], &known)), NONE);
}

#[test]
fn crt008_a_certificate_unlike_the_others() {
    let mut verdict = good();
    verdict.certificates[0].unlike = vec!["its key is RSA 2048, that of the others EC P-256".to_owned()];
    let finding = only(&verdict);
    assert_eq!((finding.rule, finding.severity), ("CRT008", Severity::Low));
    verdict.certificates[0].life = Life::Expired;
    assert_eq!(only(&verdict).severity, Severity::Info);
}

#[test]
fn crt009_sources_that_disagree() {
    let ca = ca("CA");
    let leaf = leaf(&ca, &["t.example"]);
    let known = Played::expecting(&ca);
    let readings = |other: Vec<ReportedCertificate>| {
        [reading(SourceKind::WatchState, vec![logged(&leaf, &ca)]), reading(SourceKind::CrtSh, other)]
    };
    let lacking = only(&judged(&readings(vec![]), &known));
    assert_eq!((lacking.rule, lacking.severity), ("CRT009", Severity::Low));
    assert!(lacking.message.contains("lacks 1 of the certificates"), "{}", lacking.message);
    let lie = Claimed { issuer_spki_sha256: Some(SpkiSha256([3; 32])), ..claims(&leaf) };
    assert_eq!(raised(&judged(&readings(vec![claimed(lie)]), &known)), ["CRT009"]);
    assert_eq!(raised(&judged(&readings(vec![claimed(claims(&leaf))]), &known)), NONE);
}

#[test]
fn crt010_and_crt011_sources_that_do_not_tell_all() {
    let known = || Played { expected: vec!["ca.example".to_owned()], ..Played::default() };
    let of = |coverage: Coverage, others: Vec<SourceReading>| {
        let first = SourceReading { coverage, ..reading(SourceKind::CrtSh, vec![]) };
        judged(&[vec![first], others].concat(), &known())
    };
    let none = || Coverage::NoData("an error page".to_owned());
    let part = || Coverage::Part("10,000 identities".to_owned());
    for (coverage, rule) in [(none(), "CRT010"), (part(), "CRT011")] {
        let alone = of(coverage.clone(), vec![]);
        assert_eq!((only(&alone).rule, only(&alone).severity), (rule, Severity::Medium));
        assert_eq!(alone.demanded().len(), 1);
        let beside = of(coverage, vec![reading(SourceKind::CertSpotter, vec![])]);
        assert_eq!((only(&beside).rule, only(&beside).severity), (rule, Severity::Low));
        assert_eq!((beside.demanded().len(), beside.open().len()), (0, 1));
    }
    assert_eq!(raised(&of(Coverage::Whole, vec![])), NONE);
}

#[test]
fn crt012_and_crt017_what_is_expected() {
    let ca = ca("CA");
    let report = || vec![shown(&leaf(&ca, &["t.example"]), &[&ca])];
    let silent = Played { expected: vec![], ..Played::expecting(&ca) };
    let finding = only(&of_files(report(), &silent));
    assert_eq!((finding.rule, finding.severity), ("CRT012", Severity::Info));
    let mut mistyped = Played::expecting(&ca);
    mistyped.expected.push("ca.exampel".to_owned());
    let finding = only(&of_files(report(), &mistyped));
    assert_eq!((finding.rule, finding.severity), ("CRT017", Severity::Low));
}

#[test]
fn crt013_no_source_asked() {
    let not_asked = SourceReading {
        coverage: Coverage::NotAsked("by --offline".to_owned()),
        ..reading(SourceKind::CrtSh, vec![])
    };
    let finding = only(&judged(&[not_asked], &Played::default()));
    assert_eq!((finding.rule, finding.severity), ("CRT013", Severity::Medium));
}

#[test]
fn crt014_what_cannot_be_read() {
    let ca = ca("CA");
    let known = Played::expecting(&ca);
    let mut torn = leaf(&ca, &["t.example"]).der;
    torn.truncate(torn.len() - 9);
    let report =
        |der: &[u8]| ReportedCertificate { certificate: Some(bytes(der)), ..ReportedCertificate::default() };
    let found = findings(&of_files(vec![report(&torn)], &known));
    assert_eq!(ids(&found), ["CRT002", "CRT014"]);
    assert!(found[1].message.contains("t.example stands somewhere in it"), "{}", found[1].message);
    let elsewhere = only(&of_files(vec![report(&[0x30, 0x02, 0x30, 0x00])], &known));
    assert_eq!((elsewhere.rule, elsewhere.severity), ("CRT014", Severity::Low));
}

#[test]
fn crt015_a_backup_of_the_service_that_the_policy_names() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let of = |names: &[&str], providers: &[&str]| {
        let known = Played {
            providers: providers.iter().map(|&id| id.to_owned()).collect(),
            ..Played::expecting(&ca).knowing(&other, "Sectigo", "sectigo.com")
        };
        findings(&of_files(vec![shown(&leaf(&other, names), &[&other])], &known))
    };
    let pair = ["t.example", "*.t.example"];
    let backup = of(&pair, &["cloudflare"]);
    assert_eq!((ids(&backup).as_slice(), backup[0].severity), (["CRT015"].as_slice(), Severity::Medium));
    let hinted = of(&pair, &[]);
    assert_eq!(ids(&hinted), ["CRT001"]);
    assert!(hinted[0].message.contains("served_by = [\"cloudflare\"]"), "{}", hinted[0].message);
    let others = of(&["t.example", "w.t.example"], &["cloudflare"]);
    assert_eq!(ids(&others), ["CRT001"]);
    assert!(!others[0].message.contains("Cloudflare"));
}

/// What is said of one is true of all that are told with it.
#[test]
fn findings_told_together_keep_what_is_each_certificates_own() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let own = |id: &str| vec![id.to_owned()];
    let known = Played {
        expected_for: vec![
            ("a.t.example".parse().unwrap(), own("ca.example")),
            ("b.t.example".parse().unwrap(), own("third.example")),
        ],
        ..Played::expecting(&ca).knowing(&other, "Other CA", "other.example")
    };
    let reports = |names: &[&str]| -> Vec<ReportedCertificate> {
        names.iter().map(|name| shown(&leaf(&other, &[name]), &[&other])).collect()
    };
    let found = findings(&of_files(reports(&["a.t.example", "b.t.example", "b.t.example"]), &known));
    let told: Vec<&str> =
        found.iter().filter(|found| found.rule == "CRT001").map(|found| found.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|told| told.contains("a.t.example") && told.contains("ca.example")));
    assert!(told.iter().any(|told| told.contains("2 certificates") && told.contains("third.example")));
    // Two forgers of two names.
    let (one, two) = (self::ca("CA"), self::ca("CA"));
    let forged = [&one, &two, &two].map(|fake| shown(&leaf(fake, &["t.example"]), &[fake, &ca]));
    let found = findings(&of_files(forged.to_vec(), &Played::expecting(&ca)));
    assert_eq!(ids(&found), ["CRT003", "CRT003"]);
    for finding in &found {
        let evidence = finding.evidence.to_json();
        let key = evidence["issuer_spki_sha256"].as_str().unwrap();
        assert!(finding.message.contains(key), "{}", finding.message);
        for each in evidence["each"].as_array().unwrap() {
            assert_eq!(
                (&each["issuer_spki_sha256"], &each["issuer_proof"]),
                (&key.into(), &"signature".into())
            );
        }
    }
    // What CAA says of each.
    let mut verdict = of_files(
        ["a.t.example", "b.t.example"].map(|name| shown(&leaf(&ca, &[name]), &[&ca])).to_vec(),
        &Played::expecting(&ca),
    );
    for judged in &mut verdict.certificates {
        let name = judged.certificate.names[0].clone();
        let why = format!("the set of {name} names others");
        judged.caa = CaaToday::Denies { seen: now(), names: vec![(name, why)] };
    }
    let finding = only(&verdict);
    assert!(finding.message.contains("the set of a.t.") && finding.message.contains("the set of b.t."));
    let evidence = finding.evidence.to_json();
    for each in evidence["each"].as_array().unwrap() {
        assert_eq!(each["caa_denied"][0]["name"], each["names"][0]);
    }
}

/// Who can be asked to revoke, and whether it has to.
#[test]
fn what_to_do_is_said_by_case() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let advice = |leaf: &IssuedLeaf, known: Played, chain: &[&CaCertificate]| {
        let found = findings(&of_files(vec![shown(leaf, chain)], &known));
        assert_eq!(found[0].rule, "CRT001");
        found[0].advice.clone()
    };
    let known = || Played::expecting(&ca).knowing(&other, "Other CA", "other.example");
    let usual = leaf(&other, &["t.example"]);
    assert!(advice(&usual, known(), &[&other]).contains("and to revoke what was issued"));
    let request = LeafRequest {
        not_before: now(),
        not_after: now() + SignedDuration::from_hours(24 * 6),
        ..LeafRequest::new(&["t.example"], now()).unwrap()
    };
    let short = issue(&other, &request, &SctPlan::default()).unwrap();
    let told = advice(&short, known(), &[&other]);
    assert!(told.contains("need not revoke") && !told.contains("and to revoke"), "{told}");
    let private = Played { private: vec![other.key.spki_sha256()], ..known() };
    let told = advice(&usual, private, &[&other]);
    assert!(told.contains("whoever runs Other CA") && !told.contains("24 hours"), "{told}");
    let nobody = Played { expected_for: vec![("t.example".parse().unwrap(), vec![])], ..known() };
    let told = advice(&usual, nobody, &[]);
    assert!(told.contains("Find out first who issued"), "{told}");
}

/// A contact is what a source says.
#[test]
fn whose_word_a_contact_is_is_said() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let mut report = shown(&leaf(&other, &["t.example"]), &[&other]);
    report.claimed.problem_reporting = Some("abuse@other.example".to_owned());
    let known = Played::expecting(&ca).knowing(&other, "Other CA", "other.example");
    let finding = only(&judged(&[reading(SourceKind::CertSpotter, vec![report])], &known));
    assert!(finding.advice.contains("Cert Spotter names abuse@other.example"), "{}", finding.advice);
}

/// The table of CAs may know the contact, with or without a source that does; where neither does, it is said where to look.
#[test]
fn the_contact_of_a_ca_is_named_when_it_is_known() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let advice = |contact, said: Option<&str>| {
        let known = Played { contact, ..Played::expecting(&ca).knowing(&other, "Other CA", "other.example") };
        let mut report = shown(&leaf(&other, &["t.example"]), &[&other]);
        report.claimed.problem_reporting = said.map(str::to_owned);
        let finding = only(&judged(&[reading(SourceKind::CertSpotter, vec![report])], &known));
        assert_eq!(finding.rule, "CRT001");
        finding.advice
    };
    let of_table = Some(("Other CA", "revoke@other.example"));
    assert!(advice(of_table, None).contains("CCADB names revoke@other.example"));
    let both = advice(of_table, Some("abuse@other.example"));
    assert!(
        both.contains("revoke@other.example") && both.contains("Cert Spotter abuse@other.example"),
        "{both}"
    );
    let one = advice(of_table, Some("revoke@other.example"));
    assert_eq!(one.matches("revoke@other.example").count(), 1, "{one}");
    assert!(advice(Some(("Somebody", "x@somebody.example")), None).contains("section 1.5.2 of its CPS"));
    // A forged name: it is the CA of the key that is asked.
    let (real, fake) = (crate::issuance::testing::ca("CA"), crate::issuance::testing::ca("CA"));
    let reports =
        vec![shown(&leaf(&real, &["t.example"]), &[&real]), shown(&leaf(&fake, &["t.example"]), &[&fake])];
    let mut verdict = of_files(reports, &Played::expecting(&real));
    let forged = verdict.certificates.iter_mut().find(|judged| judged.forged.is_some()).unwrap();
    forged.certificate.issuer.owner = Some("Other CA".to_owned());
    forged.problem_reporting = Some("revoke@other.example".to_owned());
    let finding = only(&verdict);
    assert_eq!(finding.rule, "CRT003");
    assert!(finding.advice.contains("CCADB names revoke@other.example"), "{}", finding.advice);
}

/// A claim stands against what the issuing key signed, and never in its place.
#[test]
fn crt018_a_claim_of_revocation_that_the_issuer_contradicts() {
    let ca = ca("CA");
    let known = Played::expecting(&ca);
    let issued = leaf(&ca, &["t.example"]);
    let of = |claim: Option<bool>, today: RevocationToday| {
        let mut report = shown(&issued, &[&ca]);
        report.claimed.is_revoked = claim;
        let mut verdict = judged(&[reading(SourceKind::CertSpotter, vec![report])], &known);
        verdict.certificates[0].revocation = today;
        verdict
    };
    let revoked = Status::Revoked(Revocation { date: now(), reason: None, invalid_since: None });
    let signed = |status| RevocationToday::Judged(Box::new(status_of(&issued, status)));
    let finding = only(&of(Some(true), signed(Status::Good)));
    assert_eq!((finding.rule, finding.severity), ("CRT018", Severity::Medium));
    assert!(
        finding.message.starts_with("Cert Spotter (place) says that the certificate"),
        "{}",
        finding.message
    );
    assert!(finding.message.contains("is revoked") && finding.message.contains("it is not"));
    let finding = only(&of(Some(false), signed(revoked)));
    assert_eq!((finding.rule, finding.severity), ("CRT018", Severity::Low));
    for (claim, today) in [
        (Some(true), signed(revoked)),
        (Some(false), signed(Status::Good)),
        (None, signed(Status::Good)),
        // Where nothing is known, nothing is contradicted.
        (Some(true), signed(Status::Undetermined)),
        (Some(true), RevocationToday::NotAsked),
        (Some(false), RevocationToday::NotChecked("no list".to_owned())),
    ] {
        assert_eq!(raised(&of(claim, today.clone())), NONE, "{claim:?} {today:?}");
    }
    // What a server showed is known by its CRL or its staple.
    let mut checked = of(Some(true), RevocationToday::NotAsked);
    let certificate = Certificate::read(&issued.der).unwrap();
    checked.served(&certificate, &status_of(&issued, Status::Undetermined));
    assert_eq!(checked.certificates[0].revocation, RevocationToday::NotAsked);
    checked.served(&certificate, &status_of(&issued, Status::Good));
    assert_eq!(raised(&checked), ["CRT018"]);
    let other = Certificate::read(&leaf(&ca, &["t.example"]).der).unwrap();
    let mut of_another = of(Some(true), RevocationToday::NotAsked);
    of_another.served(&other, &status_of(&issued, Status::Good));
    assert_eq!(raised(&of_another), NONE);
}

/// What a CRL says of a certificate.
fn status_of(issued: &IssuedLeaf, status: Status) -> RevocationVerdict {
    let certificate = Certificate::read(&issued.der).unwrap();
    let judged = revocation::judge(&[Question::about(&certificate, &[])], &Vec::new(), now());
    RevocationVerdict { status, ..judged.into_iter().next().unwrap() }
}

#[test]
fn crt002_without_an_expectation_is_low() {
    let (ca, unknown) = (ca("CA"), ca("Unknown"));
    let known = Played { expected: vec![], ..Played::expecting(&ca) };
    let found = findings(&of_files(vec![shown(&leaf(&unknown, &["t.example"]), &[&unknown])], &known));
    assert_eq!(ids(&found), ["CRT002", "CRT012"]);
    assert_eq!(found[0].severity, Severity::Low);
    assert!(found[0].message.contains(&unknown.key.spki_sha256().to_string()), "{}", found[0].message);
}

#[test]
fn crt015_is_for_the_domain_that_is_at_the_service() {
    let (ca, other) = (ca("CA"), ca("Other"));
    let of = |names: &[&str]| {
        let known = Played {
            providers: vec!["cloudflare".to_owned()],
            ..Played::expecting(&ca).knowing(&other, "Sectigo", "sectigo.com")
        };
        raised(&of_files(vec![shown(&leaf(&other, names), &[&other])], &known))
    };
    assert_eq!(of(&["t.example", "*.t.example"]), ["CRT015"]);
    assert_eq!(of(&["vpn.corp.t.example", "*.vpn.corp.t.example"]), ["CRT001"]);
}

#[test]
fn many_certificates_make_few_findings() {
    let (ca, other) = (ca("CA"), ca("CA"));
    let reports: Vec<ReportedCertificate> = (0..9)
        .map(|number| shown(&leaf(&other, &[&format!("{number}.t.example")]), &[&other, &ca]))
        .collect();
    let finding = only(&of_files(reports, &Played::expecting(&ca)));
    assert_eq!(finding.rule, "CRT003");
    assert!(
        finding.message.starts_with("9 certificates for 0.t.example and 8 further names"),
        "{}",
        finding.message
    );
    assert_eq!(finding.evidence.to_json()["count"], 9);
}
