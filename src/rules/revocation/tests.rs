//! Each rule with a verdict that raises it and one that does not.

use jiff::Timestamp;

use super::*;
use crate::judge::MemberRevocation;
use crate::revocation::Provision;
use crate::rules::tests::ids;
use crate::x509::CertificateSha256;
use crate::x509::crl::{Reason, Reasons};

fn source(kind: SourceKind, said: Said, trouble: Option<TroubleKind>) -> SourceVerdict {
    SourceVerdict {
        kind,
        url: (kind == SourceKind::Crl).then(|| "http://crl.example/ca.crl".to_owned()),
        said,
        trouble: trouble.map(|kind| Trouble { kind, text: "for this test".to_owned() }),
        this_update: Some(Timestamp::UNIX_EPOCH),
        next_update: None,
        number: None,
        entries: None,
        fetched_at: None,
        from_cache: false,
        covers: Reasons::ALL,
        note: None,
    }
}

fn crl(said: Said, trouble: Option<TroubleKind>) -> SourceVerdict {
    source(SourceKind::Crl, said, trouble)
}

fn staple(said: Said, trouble: Option<TroubleKind>) -> SourceVerdict {
    source(SourceKind::StapledOcsp, said, trouble)
}

fn verdict(status: Status, sources: Vec<SourceVerdict>) -> RevocationVerdict {
    RevocationVerdict {
        sha256: CertificateSha256([1; 32]),
        subject: "CN=www.example".to_owned(),
        serial: "07".to_owned(),
        is_ca: false,
        issuer_key: None,
        status,
        why: "For this test.".to_owned(),
        sources,
        disagree: false,
        provision: Provision {
            crl_urls: vec!["http://crl.example/ca.crl".to_owned()],
            ..Provision::default()
        },
        expired: false,
    }
}

fn revoked() -> Status {
    Status::Revoked(Revocation {
        date: Timestamp::UNIX_EPOCH,
        reason: Some(Reason(1)),
        invalid_since: Some(Timestamp::UNIX_EPOCH),
    })
}

fn chain(members: Vec<RevocationVerdict>) -> ChainRevocation {
    let members = members.into_iter().map(|verdict| MemberRevocation { verdict, on_path: true }).collect();
    ChainRevocation { asked: true, public: true, path_built: true, members, left_out: Vec::new() }
}

fn good() -> RevocationVerdict {
    verdict(Status::Good, vec![crl(Said::Good, None), staple(Said::Good, None)])
}

fn raised(chain: &ChainRevocation) -> Vec<(&'static str, Severity)> {
    findings(chain).iter().map(|finding| (finding.rule, finding.severity)).collect()
}

#[test]
fn a_good_chain_raises_nothing() {
    let ca = RevocationVerdict { is_ca: true, ..good() };
    assert_eq!(raised(&chain(vec![good(), ca])), []);
}

#[test]
fn whoever_is_revoked_is_told() {
    let leaf = chain(vec![verdict(revoked(), vec![]), good()]);
    assert_eq!(raised(&leaf), [("REV001", Severity::Critical)]);
    assert!(findings(&leaf)[0].message.contains("keyCompromise"), "{:?}", findings(&leaf));
    let mut ca = chain(vec![good(), verdict(revoked(), vec![])]);
    assert_eq!(raised(&ca), [("REV002", Severity::Critical)]);
    ca.members[1].on_path = false;
    assert_eq!(raised(&ca), [("REV002", Severity::High)]);
}

#[test]
fn what_is_not_known_is_told_where_it_was_asked() {
    let mut open =
        chain(vec![verdict(Status::Undetermined, vec![crl(Said::Nothing, Some(TroubleKind::NotHad))])]);
    assert_eq!(raised(&open), [("REV003", Severity::Low)]);
    open.members[0].verdict.expired = true;
    assert_eq!(raised(&open), [("REV003", Severity::Info)]);
    open.asked = false;
    assert_eq!(raised(&open), []);
    let mut long = chain(vec![good()]);
    assert_eq!((raised(&long), long.status()), (vec![], "good"));
    long.left_out = vec!["CN=CA 9".to_owned()];
    assert_eq!((raised(&long), long.status()), (vec![("REV003", Severity::Low)], "undetermined"));
    assert!(findings(&long)[0].message.contains("CN=CA 9"), "{:?}", findings(&long));
}

/// Without a path nobody knows which of the CA certificates stands between: every one counts.
#[test]
fn without_a_path_every_ca_counts() {
    let mut beside = chain(vec![good(), verdict(revoked(), vec![])]);
    beside.members[1].on_path = false;
    assert_eq!(beside.status(), "good", "the path goes another way");
    beside.path_built = false;
    assert_eq!(beside.status(), "revoked");
    beside.members[1].verdict.status = Status::Undetermined;
    assert_eq!(beside.status(), "undetermined");
}

#[test]
fn a_list_that_is_not_what_belongs_there_is_told_once() {
    for kind in [
        TroubleKind::Stale,
        TroubleKind::TooOld,
        TroubleKind::RolledBack,
        TroubleKind::BadSignature,
        TroubleKind::OutOfScope,
        TroubleKind::Delta,
    ] {
        let of = || verdict(Status::Undetermined, vec![crl(Said::Nothing, Some(kind))]);
        let found = raised(&chain(vec![of(), of()]));
        assert_eq!(found.iter().filter(|(rule, _)| *rule == "REV004").count(), 1, "{kind:?}");
        assert!(found.contains(&("REV004", Severity::Medium)));
    }
    // The network, and what is missing here, are no fault of the list.
    for kind in [TroubleKind::NotHad, TroubleKind::NotAsked, TroubleKind::Unverifiable, TroubleKind::Expired]
    {
        let found =
            findings(&chain(vec![verdict(Status::Undetermined, vec![crl(Said::Nothing, Some(kind))])]));
        assert_eq!(ids(&found), ["REV003"], "{kind:?}");
    }
}

#[test]
fn a_certificate_without_pointers_is_told() {
    let without =
        || RevocationVerdict { provision: Provision::default(), ..verdict(Status::Undetermined, vec![]) };
    let mut missing = chain(vec![without()]);
    assert_eq!(raised(&missing), [("REV005", Severity::Medium)]);
    missing.public = false;
    assert_eq!(raised(&missing), [("REV005", Severity::Info)]);
    let ocsp = Provision { ocsp_urls: vec!["http://ocsp.example".to_owned()], ..Provision::default() };
    let mut by_ocsp = RevocationVerdict { provision: ocsp, ..good() };
    assert_eq!(raised(&chain(vec![by_ocsp.clone()])), [], "a server's certificate may name OCSP alone");
    by_ocsp.is_ca = true;
    assert_eq!(raised(&chain(vec![good(), by_ocsp])), [("REV005", Severity::Medium)]);
    let short = RevocationVerdict {
        provision: Provision { short_lived: true, ..Provision::default() },
        ..verdict(Status::Undetermined, vec![])
    };
    assert_eq!(raised(&chain(vec![short])), [("REV003", Severity::Info)]);
}

#[test]
fn a_staple_of_no_use_is_told_without_being_asked_for() {
    for (source, severity) in [
        (staple(Said::Nothing, Some(TroubleKind::Stale)), Severity::Medium),
        (staple(Said::Nothing, Some(TroubleKind::OutOfScope)), Severity::Medium),
        (staple(Said::Nothing, Some(TroubleKind::BadSignature)), Severity::Medium),
        (staple(Said::Unknown, None), Severity::Medium),
        (staple(Said::Nothing, Some(TroubleKind::Unverifiable)), Severity::Low),
    ] {
        let chain =
            ChainRevocation { asked: false, ..chain(vec![verdict(Status::Undetermined, vec![source])]) };
        assert_eq!(raised(&chain), [("REV006", severity)]);
    }
}

#[test]
fn sources_that_disagree_are_named() {
    let sources = vec![
        crl(Said::Good, None),
        staple(
            Said::Revoked(Revocation { date: Timestamp::UNIX_EPOCH, reason: None, invalid_since: None }),
            None,
        ),
    ];
    let disagreeing = RevocationVerdict { disagree: true, ..verdict(revoked(), sources) };
    let chain = chain(vec![disagreeing]);
    assert_eq!(raised(&chain), [("REV001", Severity::Critical), ("REV007", Severity::Medium)]);
    let message = &findings(&chain)[1].message;
    assert!(
        message.contains("ca.crl (of 1970-01-01T00:00:00Z): good; the stapled OCSP response"),
        "{message}"
    );
}

#[test]
fn an_unexpected_certificate_is_to_be_revoked() {
    let told = |verdicts: Vec<RevocationVerdict>| {
        unexpected_findings(&Unexpected { verdicts, ..Unexpected::default() })
    };
    assert_eq!(ids(&told(vec![good()])), ["REV008"]);
    let other_ca = RevocationVerdict { issuer_key: Some(SpkiSha256::of(b"other")), ..good() };
    let found = told(vec![good(), RevocationVerdict { serial: "08".to_owned(), ..good() }, other_ca]);
    assert_eq!(ids(&found), ["REV008", "REV008"], "one for each CA");
    assert!(found[0].message.contains("2 unexpected certificates"), "{found:?}");
    assert!(found[0].message.contains("07, 08"), "{found:?}");
    let by_lists = unexpected_findings(&Unexpected {
        verdicts: vec![good()],
        by_lists: vec![good()],
        ..Unexpected::default()
    });
    let severities: Vec<Severity> = by_lists.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::High, Severity::Medium]);
    for other in [
        verdict(revoked(), vec![]),
        verdict(Status::Undetermined, vec![]),
        RevocationVerdict { expired: true, ..good() },
    ] {
        assert_eq!(ids(&told(vec![other])), Vec::<&str>::new());
    }
}
