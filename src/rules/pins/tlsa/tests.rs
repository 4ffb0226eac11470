//! Each rule about TLSA records with records that raise it and some that do not.

use crate::evidence::dns::DnssecState;
use crate::pins::formats::tlsa::of_lookup;
use crate::pins::formats::tlsa::tests::{lookup, spki};
use crate::pins::{KnownCa, PinsStatus, PinsVerdict, Question, ServedAt, judge};
use crate::rules::pins::findings;
use crate::rules::{Finding, Severity};
use crate::x509::{CertificateSha256, ChainPosition, Fingerprints, PathCertificate, SpkiSha256};

fn chain() -> Vec<PathCertificate> {
    [(ChainPosition::Leaf, "leaf"), (ChainPosition::Intermediate, "inner"), (ChainPosition::Root, "root")]
        .map(|(position, name)| PathCertificate {
            position,
            spki_sha256: SpkiSha256::of(name.as_bytes()),
            sha256: CertificateSha256::of(name.as_bytes()),
            subject: name.to_owned(),
            fingerprints: Fingerprints::default(),
        })
        .into()
}

/// What is found for a server that sends leaf and intermediate.
fn found(port: u16, state: DnssecState, records: &[Vec<u8>]) -> Vec<Finding> {
    findings(&verdict(port, Some(state), records))
}

/// The verdict over records for a server that sends leaf and intermediate.
fn verdict(port: u16, state: Option<DnssecState>, records: &[Vec<u8>]) -> PinsVerdict {
    let (path, files) = (chain(), [of_lookup(&lookup(port, records, None, state))]);
    let question = Question {
        host: Some("mail.example"),
        path: Some(&path),
        off_path: &[],
        paths: &[],
        certificates: &[],
        service: Some(ServedAt { port, chain: &path[..2] }),
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|key| {
            (*key == SpkiSha256::of(b"inner")).then(|| KnownCa {
                retired: None,
                name: "Public Inner CA".to_owned(),
                owner: None,
                not_after: None,
            })
        },
    };
    judge(&files, &question)
}

fn ids(port: u16, state: DnssecState, records: &[Vec<u8>]) -> Vec<&'static str> {
    found(port, state, records).iter().map(|finding| finding.rule).collect()
}

#[test]
fn each_rule_is_raised_by_its_records_only() {
    use DnssecState::{Bogus, Insecure, Secure};
    let (leaf, next) = (spki(3, "leaf"), spki(3, "next"));
    let good = [leaf.clone(), next.clone()];
    assert_eq!(ids(25, Secure, &good), [""; 0]);
    assert_eq!(ids(25, Insecure, &good), ["PIN045"]);
    assert_eq!(ids(25, Bogus, &good), ["PIN045"]);
    assert_eq!(ids(25, Secure, &[next.clone(), spki(3, "other")]), ["PIN046"]);
    assert_eq!(ids(25, Secure, &[spki(2, "inner"), next.clone()]), ["PIN047"]);
    assert_eq!(ids(25, Secure, &[leaf.clone(), next.clone(), spki(1, "leaf")]), ["PIN048"]);
    assert_eq!(ids(443, Secure, &[leaf]), ["PIN049"]);
}

/// RFC 6698 section 2.1: a match of any record of a service is enough, whatever its usage.
#[test]
fn records_of_all_usages_are_backups_of_one_another() {
    use DnssecState::Secure;
    let backups = |port, records: &[Vec<u8>]| -> Vec<&'static str> {
        let verdict = verdict(port, Some(Secure), records);
        let source = &verdict.sources[0];
        source.entries.iter().chain(&source.united).map(|entry| entry.backup.name()).collect()
    };
    for port in [25, 443, 853] {
        let found = backups(port, &[spki(2, "inner"), spki(3, "next")]);
        assert!(found.len() >= 2 && found.iter().all(|backup| *backup == "present"), "{port}: {found:?}");
        let found = backups(port, &[spki(2, "inner"), spki(3, "leaf")]);
        assert!(found.iter().all(|backup| *backup == "absent"), "{port}: {found:?}");
        assert!(backups(port, &[spki(3, "leaf")]).iter().all(|backup| *backup == "absent"), "{port}");
    }
    // What mail servers leave aside is no backup.
    assert!(!backups(25, &[spki(3, "leaf"), spki(1, "next")]).contains(&"present"));
    assert_eq!(backups(853, &[spki(3, "leaf"), spki(1, "next")])[0], "present");
}

#[test]
fn records_of_a_whole_certificate_alone_are_told() {
    use DnssecState::Secure;
    let whole = |name: &str| {
        let hash = crate::x509::CertificateSha256::of(name.as_bytes()).0;
        [&[3, 0, 1][..], &hash].concat()
    };
    for port in [443, 853] {
        let found = found(port, Secure, &[whole("leaf")]);
        let told: Vec<_> = found.iter().map(|finding| (finding.rule, finding.severity)).collect();
        assert_eq!(told, [("PIN024", Severity::Medium), ("PIN049", Severity::Info)], "{port}");
        assert!(found.iter().all(|finding| finding.message.contains("whole certificate")), "{found:#?}");
    }
    assert!(!ids(853, Secure, &[whole("leaf"), spki(3, "leaf")]).contains(&"PIN024"));
}

/// RFC 7671 section 5.1: with usage 3, names and dates of the certificate say nothing.
#[test]
fn a_certificate_that_is_over_is_none_for_usage_2() {
    for (records, outcome, is_told) in [
        (vec![spki(3, "leaf"), spki(3, "next")], "connects", false),
        (vec![spki(2, "inner"), spki(3, "next")], "unknown", true),
        (vec![spki(2, "inner"), spki(3, "leaf")], "connects", false),
        (vec![spki(2, "other"), spki(3, "next")], "locked_out", false),
    ] {
        let mut verdict = verdict(25, Some(DnssecState::Secure), &records);
        verdict.doubt_chain("it is over");
        assert_eq!(verdict.sources[0].entries[0].outcome.name(), outcome, "{records:?}");
        assert_eq!(verdict.reason.contains("it is over"), is_told, "{records:?}");
    }
}

#[test]
fn mail_that_is_refused_is_critical() {
    let severity = |port, state| {
        let finding = found(port, state, &[spki(3, "other"), spki(3, "next")]).remove(0);
        (finding.rule, finding.severity)
    };
    assert_eq!(severity(25, DnssecState::Secure), ("PIN046", Severity::Critical));
    assert_eq!(severity(853, DnssecState::Secure), ("PIN046", Severity::Critical));
    assert_eq!(severity(443, DnssecState::Secure), ("PIN046", Severity::Medium));
    assert_eq!(severity(25, DnssecState::Bogus), ("PIN045", Severity::High));
}

#[test]
fn what_clients_leave_aside_neither_saves_nor_condemns() {
    use DnssecState::Secure;
    let pkix = |name| spki(1, name);
    // Mail servers leave usage 1 aside: it saves no server, and alone it has them deliver without authenticating.
    assert_eq!(ids(25, Secure, &[spki(3, "other"), spki(3, "next"), pkix("leaf")]), ["PIN046", "PIN048"]);
    assert_eq!(ids(25, Secure, &[pkix("other")]), ["PIN048"]);
    assert_eq!(ids(853, Secure, &[pkix("other"), pkix("next")]), ["PIN046"]);
    let unusable = [[3, 1, 7], [3, 5, 1], [9, 1, 1]].map(|head| [&head[..], &[7; 32]].concat());
    let short = vec![3, 1, 1, 7];
    for port in [25, 853] {
        for record in unusable.iter().chain([&short]) {
            let alone = ids(port, Secure, std::slice::from_ref(record));
            assert_eq!(alone, ["PIN009"], "{port} {record:?}");
            let beside = ids(port, Secure, &[spki(3, "leaf"), spki(3, "next"), record.clone()]);
            assert_eq!(beside, ["PIN009"], "{port} {record:?}");
            let with_wrong = ids(port, Secure, &[spki(3, "other"), spki(3, "next"), record.clone()]);
            assert_eq!(with_wrong, ["PIN009", "PIN046"], "{port} {record:?}");
        }
    }
    let verdict = verdict(25, Some(Secure), &[spki(3, "other"), pkix("leaf"), short]);
    let found: Vec<_> = verdict.sources[0]
        .entries
        .iter()
        .map(|entry| (entry.enforced.name(), entry.outcome.name()))
        .collect();
    assert_eq!(found, [("yes", "locked_out"), ("no", "not_enforced"), ("no", "not_enforced")]);
}

#[test]
fn records_that_no_client_can_use_are_told_by_the_standards_of_dane() {
    let short = vec![3, 1, 1, 7];
    let told = found(25, DnssecState::Secure, std::slice::from_ref(&short)).remove(0);
    assert!(told.references.iter().any(|source| source.starts_with("RFC 6698")), "{told:#?}");
    assert!(told.references.iter().all(|source| source.starts_with("RFC")), "{told:#?}");
    assert!(told.advice.contains("DNS"), "{told:#?}");
    // RFC 7672 section 2.2: where none is usable, mail is sent over TLS to whomever.
    let why = |port, records: &[Vec<u8>]| {
        let verdict = verdict(port, Some(DnssecState::Secure), records);
        verdict.sources[0].entries.last().unwrap().why.clone()
    };
    for records in [vec![short.clone()], vec![short.clone(), spki(1, "leaf")]] {
        assert!(why(25, &records).contains("RFC 7672 section 2.2"), "{records:?}");
        assert!(!why(853, &records).contains("RFC 7672 section 2.2"), "{records:?}");
    }
    assert!(!why(25, &[spki(3, "leaf"), short]).contains("section 2.2"));
}

#[test]
fn an_answer_without_records_is_as_good_as_its_proof() {
    for (state, status, rules, word) in [
        (Some(DnssecState::Secure), PinsStatus::NotPinned, vec![], "DNSSEC proves"),
        (Some(DnssecState::Insecure), PinsStatus::NotPinned, vec![], "not signed"),
        (Some(DnssecState::Bogus), PinsStatus::NotPinned, vec!["PIN045"], "put off delivery"),
        (
            Some(DnssecState::Indeterminate),
            PinsStatus::Undetermined,
            vec!["PIN050"],
            "could not be determined",
        ),
        (None, PinsStatus::Undetermined, vec!["PIN050"], "--dnssec off"),
    ] {
        let verdict = verdict(25, state, &[]);
        let found = findings(&verdict);
        assert_eq!(found.iter().map(|finding| finding.rule).collect::<Vec<_>>(), rules, "{state:?}");
        assert!(found.iter().all(|finding| finding.rule != "PIN045" || finding.severity == Severity::High));
        let is_advised = |finding: &Finding| finding.rule != "PIN050" || finding.advice.contains("--tlsa");
        assert!(found.iter().all(is_advised), "{found:#?}");
        assert_eq!(verdict.status, status, "{state:?}");
        assert!(verdict.sources[0].statement.as_deref().unwrap().contains(word), "{state:?}");
        assert_eq!(verdict.sources[0].dnssec, state);
    }
}

#[test]
fn usages_compare_with_what_they_are_for() {
    // Usage 2 takes what is sent, usage 0 the path to the root.
    for (usage, name, matches) in [
        (3, "leaf", true),
        (3, "inner", false),
        (2, "inner", true),
        (2, "root", false),
        (2, "leaf", false),
        (1, "leaf", true),
        (0, "inner", true),
        (0, "root", true),
        (0, "leaf", false),
    ] {
        let ids = ids(993, DnssecState::Secure, &[spki(usage, name), spki(3, "next")]);
        assert_eq!(!ids.contains(&"PIN046"), matches, "{usage} {name}: {ids:?}");
    }
}
