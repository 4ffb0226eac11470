use std::sync::Arc;

use super::*;
use crate::ca::expectation;
use crate::ca::issuer::Issuer;
use crate::caa::{CaaReading, NotApplicable};
use crate::compare::advice::tests::{given, replay};
use crate::compare::replay::ReplayedCertificate;
use crate::compare::{Circumstances, Comparison, MeasuredFacts, compare};
use crate::ct::inclusion::{HeadVerdict, Inclusion, InclusionOutcome, InclusionVerdict, Standing};
use crate::ct::merkle::TreeHash;
use crate::ct::policy::PolicyOutcome;
use crate::issuance::issuers::Issuers;
use crate::issuance::reported::SourceKind;
use crate::issuance::testing::{Played, ca, leaf, now, reading, shown};
use crate::judge::Part;
use crate::judge::revocation::ChainRevocation;
use crate::pins::{PinFile, Question, Reading};
use crate::rules::tests::{ct_verdict, target, two_operators};
use crate::x509::SpkiSha256;

/// The words of a question of each kind, as reports have them. A new kind has no words here, and no world below: it does not
/// compile.
fn words(kind: OpenKind) -> &'static str {
    match kind {
        OpenKind::Certificate => "the certificate",
        OpenKind::OtherCertificate => "the other certificate, at 192.0.2.2:443 (SHA-256 00ff)",
        OpenKind::FurtherCertificates => "the further certificates of the file",
        OpenKind::HeldKey => "whether the server holds the certificate's key",
        OpenKind::FurtherCaa => "CAA of 7 further names",
        OpenKind::CtPolicies => "whether Chrome's CT policy is met, and that of Apple",
        OpenKind::CtProof => "whether the certificate's proof of logging stands",
        OpenKind::Inclusion => "whether the logs of 2 SCTs hold the certificate",
        OpenKind::Caa => "what CAA says",
        OpenKind::Nameservers => "whether the nameservers agree about CAA",
        OpenKind::CaaUnseen => "CAA, which was asked for and not looked at",
        OpenKind::Issuer => "whether the issuer is expected",
        OpenKind::Expectation => "whether the issuer is expected: no CA is named as expected",
        OpenKind::Revocation => "whether the certificates are revoked",
        OpenKind::Issued => "what was issued for t.example: no source told",
        OpenKind::IssuedUnseen => "what was issued, which was asked for and not looked at",
        OpenKind::IssuedIssuers => "whether the issuers of 3 certificates are expected",
        OpenKind::IssuedKeys => "whether the keys of 3 certificates are among known_keys",
        OpenKind::UnexpectedRevoked => "whether the unexpected certificates are revoked",
        OpenKind::IssuedRevoked => "whether 3 certificates are revoked",
        OpenKind::ShortLivedRevoked => "whether some short-lived certificate is revoked",
        OpenKind::Source => "what else files (place) knows",
        OpenKind::IssuedBy => "who issued 3 certificates",
        OpenKind::IssuedCaa => "what CAA says of some certificate's CA",
        OpenKind::NoPinFile => "whether the host is pinned: no pin file was given",
        OpenKind::Pinned => "whether the host is pinned",
        OpenKind::PinMatch => "whether the pins match",
        OpenKind::PinFile => "the pins of CT policies.xml",
        OpenKind::PinFilePart => "the whole of the pins of CT policies.xml",
        OpenKind::Tlsa => "the TLSA of _443._tcp.t.example",
        OpenKind::Replay => "what pins would have done: nothing could be replayed",
        OpenKind::ReplayedMatch => "whether 3 of 41 certificates match app.xml",
        OpenKind::Control => "what CT does",
        OpenKind::Step => "whether the step “caa” is done: nobody asked",
        OpenKind::Elsewhere => "a question of another command",
    }
}

/// A world in which all was looked at that a question of this kind is about; without one nothing ever is.
fn looked_at(kind: OpenKind) -> Option<TargetVerdicts> {
    let shown = || TargetVerdicts { chain: target().chain, ..nothing() };
    Some(match kind {
        OpenKind::Certificate
        | OpenKind::OtherCertificate
        | OpenKind::FurtherCertificates
        | OpenKind::HeldKey => shown(),
        OpenKind::Caa | OpenKind::FurtherCaa | OpenKind::CaaUnseen => with_caa(Agreement::NotAsked),
        OpenKind::Nameservers => with_caa(Agreement::Consistent),
        OpenKind::CtPolicies | OpenKind::CtProof => with_ct(Inclusion::NotChecked),
        OpenKind::Inclusion => with_ct(Inclusion::Judged(Box::new(included()))),
        OpenKind::Issuer | OpenKind::Expectation => expecting(Some(&["ca.example".to_owned()])),
        OpenKind::Revocation => with_revocation(true),
        OpenKind::Issued | OpenKind::IssuedUnseen | OpenKind::Source => with_issued(|_| {}),
        OpenKind::IssuedIssuers => with_issued(|issued| issued.expected = Some(Vec::new())),
        OpenKind::IssuedBy => with_issued(|issued| issued.expected = None),
        OpenKind::IssuedKeys => with_issued(|issued| issued.certificates[0].key = KeyListing::Listed),
        OpenKind::IssuedCaa => with_issued(|issued| issued.certificates[0].caa = CaaToday::NotNeeded),
        OpenKind::UnexpectedRevoked | OpenKind::IssuedRevoked | OpenKind::ShortLivedRevoked => {
            with_issued(|issued| issued.certificates[0].revocation = RevocationToday::NotNeeded)
        }
        OpenKind::NoPinFile | OpenKind::Pinned | OpenKind::PinMatch => with_pins("pins.xml"),
        OpenKind::PinFile | OpenKind::PinFilePart => with_pins("CT policies.xml"),
        OpenKind::Tlsa => with_pins("TLSA of _443._tcp.t.example"),
        OpenKind::Replay | OpenKind::ReplayedMatch => with_replay(1),
        OpenKind::Control => TargetVerdicts { named_parts: vec![scope::Part::Compare], ..with_replay(0) },
        OpenKind::Step | OpenKind::Elsewhere => return None,
    })
}

/// Worlds in which something like it was looked at, and not what the question is about.
fn passed_by(kind: OpenKind) -> Vec<TargetVerdicts> {
    let unseen = || {
        let mut partly = TargetVerdicts { chain: target().chain, ..nothing() };
        partly.observed.failures.push("192.0.2.2:443: connecting failed: refused.".to_owned());
        partly
    };
    match kind {
        OpenKind::OtherCertificate | OpenKind::HeldKey => vec![unseen()],
        OpenKind::Nameservers => vec![with_caa(Agreement::NotAsked)],
        OpenKind::Inclusion => vec![with_ct(Inclusion::NotChecked)],
        OpenKind::Issuer | OpenKind::Expectation => vec![expecting(None)],
        OpenKind::Revocation => vec![with_revocation(false)],
        OpenKind::Issued | OpenKind::IssuedUnseen => {
            vec![with_issued(|issued| issued.status = Status::Undetermined("no source told".to_owned()))]
        }
        OpenKind::IssuedIssuers => vec![with_issued(|issued| issued.expected = None)],
        OpenKind::IssuedBy => vec![with_issued(|issued| issued.expected = Some(Vec::new()))],
        OpenKind::IssuedKeys => vec![with_issued(|issued| issued.certificates[0].key = KeyListing::NoList)],
        OpenKind::IssuedCaa => vec![with_issued(|issued| {
            issued.certificates[0].caa = CaaToday::NotChecked("not asked for".to_owned());
        })],
        OpenKind::UnexpectedRevoked | OpenKind::IssuedRevoked | OpenKind::ShortLivedRevoked => {
            vec![with_issued(|issued| issued.certificates[0].revocation = RevocationToday::NotAsked)]
        }
        OpenKind::Source => vec![
            with_issued(|issued| issued.sources[0].place = "another".to_owned()),
            with_issued(|issued| issued.sources[0].coverage = Coverage::NotAsked("offline".to_owned())),
        ],
        // What `--only ct` looks at is no pin file, whatever that is called.
        OpenKind::PinFile | OpenKind::PinFilePart => {
            vec![with_ct(Inclusion::NotChecked), with_pins("other.xml")]
        }
        OpenKind::Tlsa => vec![with_pins("TLSA of _8443._tcp.t.example"), with_pins("pins.xml")],
        OpenKind::Replay => vec![with_replay(0)],
        OpenKind::ReplayedMatch => vec![with_replay(0), {
            let mut other = with_replay(1);
            if let Part::Checked(Comparison { replay: Some(replay), .. }) = &mut other.comparison {
                replay.pin_sets[0].title = "other.xml".to_owned();
            }
            other
        }],
        OpenKind::Control => vec![with_replay(1)],
        OpenKind::Certificate
        | OpenKind::FurtherCertificates
        | OpenKind::Caa
        | OpenKind::FurtherCaa
        | OpenKind::CaaUnseen
        | OpenKind::CtPolicies
        | OpenKind::CtProof
        | OpenKind::NoPinFile
        | OpenKind::Pinned
        | OpenKind::PinMatch
        | OpenKind::Step
        | OpenKind::Elsewhere => Vec::new(),
    }
}

/// A run that looked at nothing.
fn nothing() -> TargetVerdicts {
    TargetVerdicts { chain: Vec::new(), is_compared: true, ..target() }
}

fn with_caa(state: Agreement) -> TargetVerdicts {
    let mut reading = CaaReading::not_applicable("t.example", false, NotApplicable::IpAddress);
    reading.nameservers.state = state;
    TargetVerdicts { caa: Part::Checked(vec![reading]), ..nothing() }
}

fn with_ct(inclusion: Inclusion) -> TargetVerdicts {
    let mut ct = ct_verdict(two_operators(), PolicyOutcome::Compliant);
    ct.scts[0].inclusion = inclusion;
    TargetVerdicts { ct: Part::Checked(ct), ..nothing() }
}

fn included() -> InclusionVerdict {
    let head = HeadVerdict {
        url: None,
        served: None,
        kept: None,
        standing: Standing::NotAsked("a test".to_owned()),
        fork: None,
        kept_problem: None,
        is_ahead: false,
        notes: Vec::new(),
    };
    InclusionVerdict {
        outcome: InclusionOutcome::Proven,
        reason: String::new(),
        sct: Vec::new(),
        leaf: TreeHash([0; 32]),
        index: None,
        due: None,
        absence: None,
        doubt: None,
        notes: Vec::new(),
        urls: Vec::new(),
        head: Arc::new(head),
    }
}

fn expecting(expected: Option<&[String]>) -> TargetVerdicts {
    let issuer = expectation::judge(Issuer::default(), expected, &|_| true);
    TargetVerdicts { issuer: Part::Checked(issuer), ..nothing() }
}

fn with_revocation(asked: bool) -> TargetVerdicts {
    let revocation =
        ChainRevocation { asked, public: true, path_built: true, members: Vec::new(), left_out: Vec::new() };
    TargetVerdicts { revocation: Part::Checked(revocation), ..nothing() }
}

fn with_issued(change: impl FnOnce(&mut IssuanceVerdict)) -> TargetVerdicts {
    let ca = ca("CA");
    let reported = reading(SourceKind::Files, vec![shown(&leaf(&ca, &["t.example"]), &[&ca])]);
    let known = Played::expecting(&ca);
    let name = "t.example".parse().unwrap();
    let mut issued = crate::issuance::judge(&name, &[reported], Issuers::default(), &known, now());
    change(&mut issued);
    TargetVerdicts { issuance: Part::Checked(issued), ..nothing() }
}

fn with_pins(file: &str) -> TargetVerdicts {
    let question = Question {
        host: Some("t.example"),
        path: None,
        off_path: &[],
        paths: &[],
        certificates: &[],
        service: None,
        at: now(),
        known_ca: &|_| None,
    };
    let file = PinFile { file: file.to_owned(), reading: Reading::Unreadable("a test".to_owned()) };
    TargetVerdicts { pins: Part::Checked(crate::pins::judge(&[file], &question)), ..nothing() }
}

/// A replay over so many certificates.
fn with_replay(certificates: usize) -> TargetVerdicts {
    let mut replay = replay(vec![given(0, None)]);
    let one = ReplayedCertificate {
        label: "one".to_owned(),
        sha256: None,
        serial: None,
        spki_sha256: SpkiSha256::of(b"key"),
        issuer: "CA".to_owned(),
        issuer_spki_sha256: None,
        not_before: now(),
        not_after: now(),
        first_logged: None,
        first_logged_by: None,
        served_now: None,
        line: 0,
        is_followed: true,
    };
    replay.certificates = vec![one; certificates];
    let compared = compare(&MeasuredFacts::default(), &Circumstances::default());
    let comparison = Comparison { replay: Some(replay), ..compared };
    TargetVerdicts { comparison: Part::Checked(comparison), ..nothing() }
}

#[test]
fn each_kind_is_answered_by_a_run_that_looked_at_it_alone() {
    for kind in OpenKind::ALL {
        let Some(about) = About::read(words(*kind)) else {
            assert_eq!(*kind, OpenKind::Elsewhere);
            continue;
        };
        assert_eq!(about.kind, *kind);
        assert!(!nothing().is_looked_at(&about), "{kind:?}: nothing was looked at");
        match looked_at(*kind) {
            Some(looked) => assert!(looked.is_looked_at(&about), "{kind:?}"),
            None => assert!(!kind.can_be_accepted() || *kind == OpenKind::Elsewhere, "{kind:?}"),
        }
        for (number, world) in passed_by(*kind).iter().enumerate() {
            assert!(!world.is_looked_at(&about), "{kind:?}: world {number}");
        }
    }
}
