//! SCTs of every kind, made by the demo's authority and logs, against the verdicts they deserve.
//!
//! That the generator itself is right is OpenSSL's word: tests/generator_openssl.rs.

use jiff::Timestamp;

use super::log_list::LogList;
use super::log_table::LogTable;
use super::policy::PolicyOutcome;
use super::verdict::{Audience, CtVerdict, Delivered, SctOutcome};
use super::verify::{Subject, Verifier};
use crate::demo::authority::{
    CaCertificate, EmptyExtensions, ExtensionSet, KeyAlgorithm, LeafRequest, SctPlace,
};
use crate::demo::ct::{
    CtLog, Delivery, ListFault, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, sct_list,
    scts_over, v3_log_list,
};
use crate::x509::{Certificate, SpkiSha256};

/// A CA, and logs of operators A, A, B (static) and C (in no list).
struct World {
    ca: CaCertificate,
    logs: Vec<CtLog>,
    table: LogTable,
    now: Timestamp,
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl World {
    fn new() -> Self {
        Self::with_state("usable", "2026-01-01T00:00:00Z")
    }

    /// The second log of operator A has this state.
    fn with_state(state: &str, since: &str) -> Self {
        let now = time("2026-11-01T00:00:00Z");
        let ca = CaCertificate::root("Test CA", KeyAlgorithm::P256, now).unwrap();
        let log = |name, operator, kind, algorithm| CtLog::generate(name, operator, kind, algorithm).unwrap();
        let logs = vec![
            log("A 1", "A", LogKind::Rfc6962, KeyAlgorithm::P256),
            log("A 2", "A", LogKind::Rfc6962, KeyAlgorithm::Rsa2048),
            log("B 1", "B", LogKind::Static, KeyAlgorithm::P256),
            log("C 1", "C", LogKind::Rfc6962, KeyAlgorithm::P256),
        ];
        let states = ["usable", state, "usable"];
        let sinces = ["2026-01-01T00:00:00Z", since, "2026-01-01T00:00:00Z"];
        let listed: Vec<ListedLog<'_>> = logs
            .iter()
            .zip(states)
            .zip(sinces)
            .map(|((log, state), since)| ListedLog {
                log,
                state,
                state_since: time(since),
                temporal_interval: (time("2026-07-01T00:00:00Z"), time("2027-07-01T00:00:00Z")),
            })
            .collect();
        let list = LogList::parse(v3_log_list(&listed, now).as_bytes(), None).unwrap();
        let table = LogTable::from_list(&list);
        Self { ca, logs, table, now }
    }

    fn sct(&self, log: usize, fault: SctFault) -> PlannedSct<'_> {
        PlannedSct { log: &self.logs[log], timestamp: self.now, fault }
    }

    fn good(&self, logs: &[usize]) -> SctPlan<'_> {
        SctPlan {
            scts: logs.iter().map(|&log| self.sct(log, SctFault::None)).collect(),
            ..SctPlan::default()
        }
    }

    fn request(&self) -> LeafRequest {
        LeafRequest::new(&["test.example"], self.now).unwrap()
    }

    fn judge(&self, plan: &SctPlan<'_>) -> CtVerdict {
        self.judge_request(&self.request(), plan)
    }

    fn judge_request(&self, request: &LeafRequest, plan: &SctPlan<'_>) -> CtVerdict {
        let leaf = issue(&self.ca, request, plan).unwrap();
        let issuer = Certificate::read(&self.ca.der).unwrap().spki_sha256;
        self.judge_certificate(&Certificate::read(&leaf.der).unwrap(), &[issuer], None)
    }

    fn judge_certificate(
        &self,
        certificate: &Certificate,
        issuer_keys: &[SpkiSha256],
        tls: Option<&[u8]>,
    ) -> CtVerdict {
        let mut verifier = Verifier::new(&self.table);
        super::judge(
            &mut verifier,
            &self.table,
            Subject { certificate, issuer_keys, doubtful: false },
            delivered(tls),
            self.now,
        )
    }
}

fn delivered(tls: Option<&[u8]>) -> Delivered<'_> {
    Delivered { tls, ocsp: None, handshake: true, audience: Audience::Public }
}

fn outcomes(verdict: &CtVerdict) -> Vec<SctOutcome> {
    verdict.scts.iter().map(|sct| sct.outcome).collect()
}

#[test]
fn good_scts_verify_wherever_the_extension_stands() {
    let world = World::new();
    for place in [SctPlace::First, SctPlace::Middle, SctPlace::Last] {
        let verdict = world.judge(&SctPlan { place, ..world.good(&[0, 1, 2]) });
        assert_eq!(outcomes(&verdict), [SctOutcome::Valid; 3], "{place:?}");
        assert_eq!(
            verdict.policies.chrome.outcome,
            PolicyOutcome::Compliant,
            "{:?}",
            verdict.policies.chrome
        );
        assert!(verdict.scts.iter().all(|sct| sct.proves_issuer.is_some()));
    }
}

#[test]
fn an_extension_alone_verifies_whichever_way_the_log_wrote_no_extensions() {
    let world = World::new();
    let request = LeafRequest { extensions: ExtensionSet::None, ..world.request() };
    for empty in [EmptyExtensions::Kept, EmptyExtensions::Omitted] {
        let verdict = world.judge_request(&request, &SctPlan { empty, ..world.good(&[0, 2]) });
        assert_eq!(outcomes(&verdict), [SctOutcome::Valid; 2], "{empty:?}");
    }
}

#[test]
fn each_fault_has_its_verdict_and_costs_no_other_sct() {
    let world = World::new();
    for (fault, expected) in [
        (SctFault::WrongSignature, SctOutcome::InvalidSignature),
        (SctFault::WrongTimestamp, SctOutcome::InvalidSignature),
        (SctFault::ExtensionsRemoved, SctOutcome::InvalidSignature),
        (SctFault::WrongHashAlgorithm, SctOutcome::InvalidSignature),
        (SctFault::UnknownVersion, SctOutcome::UnsupportedVersion),
        (SctFault::Truncated, SctOutcome::Malformed),
        (SctFault::TrailingOctet, SctOutcome::Malformed),
    ] {
        let plan =
            SctPlan { scts: vec![world.sct(0, SctFault::None), world.sct(2, fault)], ..SctPlan::default() };
        let verdict = world.judge(&plan);
        assert_eq!(outcomes(&verdict), [SctOutcome::Valid, expected], "{fault:?}");
        assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotCompliant, "{fault:?}");
    }
}

#[test]
fn a_broken_list_is_malformed_as_a_whole() {
    let world = World::new();
    for fault in [
        ListFault::Empty,
        ListFault::TrailingOctets,
        ListFault::LengthTooLong,
        ListFault::LengthTooShort,
        ListFault::EmptySct,
        ListFault::SctTooLong,
        ListFault::NotWrapped,
        ListFault::NoValue,
    ] {
        let verdict = world.judge(&SctPlan { list_fault: fault, ..world.good(&[0, 2]) });
        assert_eq!(outcomes(&verdict), [SctOutcome::Malformed], "{fault:?}");
        assert_eq!(verdict.malformed_lists.len(), 1, "{fault:?}");
        assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotCompliant, "{fault:?}");
    }
}

#[test]
fn two_lists_leave_open_what_was_signed() {
    let world = World::new();
    let verdict = world.judge(&SctPlan { duplicated: true, ..world.good(&[0, 2]) });
    assert_eq!(outcomes(&verdict), [SctOutcome::Malformed; 4]);
}

#[test]
fn a_log_of_no_list_is_unknown() {
    let world = World::new();
    let verdict = world.judge(&world.good(&[0, 3]));
    assert_eq!(outcomes(&verdict), [SctOutcome::Valid, SctOutcome::UnknownLog]);
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotCompliant);
}

#[test]
fn the_future_begins_after_a_minute() {
    let world = World::new();
    for (seconds, expected) in [(60, SctOutcome::Valid), (61, SctOutcome::InFuture)] {
        let timestamp = world.now + jiff::SignedDuration::from_secs(seconds);
        let scts = vec![PlannedSct { log: &world.logs[0], timestamp, fault: SctFault::None }];
        assert_eq!(outcomes(&world.judge(&SctPlan { scts, ..SctPlan::default() })), [expected], "{seconds}");
    }
}

/// Asked about a time before the certificate, its SCTs lie ahead as it does.
#[test]
fn before_the_certificate_its_scts_are_not_in_the_future() {
    let world = World::new();
    let hours = |hours| world.now + jiff::SignedDuration::from_hours(hours);
    for (start, made, expected) in [
        (hours(24), hours(25), SctOutcome::Valid),
        (hours(24), hours(24 + 48), SctOutcome::Valid),
        (hours(24), hours(24 + 49), SctOutcome::InFuture),
        // From notBefore on, the time of judging is what counts.
        (world.now, hours(1), SctOutcome::InFuture),
    ] {
        let scts = vec![PlannedSct { log: &world.logs[0], timestamp: made, fault: SctFault::None }];
        let request = LeafRequest { not_before: start, ..world.request() };
        let verdict = world.judge_request(&request, &SctPlan { scts, ..SctPlan::default() });
        assert_eq!(outcomes(&verdict), [expected], "{start} {made}");
        let says = verdict.scts[0].reason.contains("so was the certificate");
        assert_eq!(says, expected == SctOutcome::Valid, "{}", verdict.scts[0].reason);
    }
}

#[test]
fn a_certificate_that_ends_outside_the_interval_is_told() {
    let world = World::new();
    let request = LeafRequest { not_after: time("2027-07-01T00:00:00Z"), ..world.request() };
    assert_eq!(outcomes(&world.judge_request(&request, &world.good(&[0]))), [SctOutcome::OutsideInterval]);
}

#[test]
fn without_the_issuers_key_nothing_is_said_of_the_signature() {
    let world = World::new();
    let leaf = issue(&world.ca, &world.request(), &world.good(&[0, 2])).unwrap();
    let verdict = world.judge_certificate(&Certificate::read(&leaf.der).unwrap(), &[], None);
    assert_eq!(outcomes(&verdict), [SctOutcome::IssuerUnknown; 2]);
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotJudged);
}

#[test]
fn one_right_key_among_wrong_ones_is_found() {
    let world = World::new();
    let leaf = issue(&world.ca, &world.request(), &world.good(&[0])).unwrap();
    let right = Certificate::read(&world.ca.der).unwrap().spki_sha256;
    let keys = [SpkiSha256([1; 32]), right];
    let verdict = world.judge_certificate(&Certificate::read(&leaf.der).unwrap(), &keys, None);
    assert_eq!(verdict.scts[0].proves_issuer, Some(right));
}

#[test]
fn scts_of_the_handshake_are_over_the_certificate_itself() {
    let world = World::new();
    let leaf = issue(&world.ca, &world.request(), &SctPlan::default()).unwrap();
    let plan = [world.sct(0, SctFault::None), world.sct(2, SctFault::None)];
    let list = sct_list(&scts_over(&plan, Delivery::Beside { certificate: &leaf.der }).unwrap()).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let verdict = world.judge_certificate(&certificate, &[], Some(&list));
    assert_eq!(outcomes(&verdict), [SctOutcome::Valid; 2]);
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::Compliant, "{:?}", verdict.policies.chrome);
}

#[test]
fn chrome_wants_two_operators_and_three_logs_for_a_long_life() {
    let world = World::new();
    let one_operator = world.judge(&world.good(&[0, 1]));
    assert_eq!(
        one_operator.policies.chrome.outcome,
        PolicyOutcome::NotCompliant,
        "{:?}",
        one_operator.policies.chrome
    );
    let not_before = time("2026-10-01T00:00:00Z");
    for (life, scts, expected) in [
        (180 * 86_400, &[0, 2][..], PolicyOutcome::Compliant),
        (180 * 86_400 + 1, &[0, 2][..], PolicyOutcome::NotCompliant),
        (180 * 86_400 + 1, &[0, 1, 2][..], PolicyOutcome::Compliant),
        // The same log twice is one log.
        (180 * 86_400 + 1, &[0, 0, 2][..], PolicyOutcome::NotCompliant),
    ] {
        let not_after = not_before + jiff::SignedDuration::from_secs(life);
        let request = LeafRequest { not_before, not_after, ..world.request() };
        let verdict = world.judge_request(&request, &world.good(scts));
        assert_eq!(
            verdict.policies.chrome.outcome, expected,
            "{life} {scts:?} {:?}",
            verdict.policies.chrome
        );
    }
}

#[test]
fn a_log_retired_after_issuance_still_counts_beside_a_current_one() {
    for (since, expected) in [
        ("2026-11-01T00:00:00Z", PolicyOutcome::NotCompliant),
        ("2026-10-31T00:00:00Z", PolicyOutcome::NotCompliant),
    ] {
        let world = World::with_state("retired", since);
        // Retired at or before the SCT's time: it does not count, and one embedded SCT is left.
        let verdict = world.judge(&world.good(&[1, 2]));
        assert_eq!(verdict.policies.chrome.outcome, expected, "{since} {:?}", verdict.policies.chrome);
    }
    let world = World::with_state("retired", "2026-10-31T12:00:00Z");
    let earlier = time("2026-10-31T00:00:00Z");
    let planned =
        |log: usize| PlannedSct { log: &world.logs[log], timestamp: earlier, fault: SctFault::None };
    let verdict = world.judge(&SctPlan { scts: vec![planned(1), planned(2)], ..SctPlan::default() });
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::Compliant, "{:?}", verdict.policies.chrome);
}

#[test]
fn a_stale_list_judges_nothing() {
    let world = World::new();
    let request = LeafRequest { not_after: time("2027-03-01T00:00:00Z"), ..world.request() };
    let leaf = issue(&world.ca, &request, &world.good(&[0, 2])).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let keys = [Certificate::read(&world.ca.der).unwrap().spki_sha256];
    let mut verifier = Verifier::new(&world.table);
    let subject = Subject { certificate: &certificate, issuer_keys: &keys, doubtful: false };
    let at = world.now + jiff::SignedDuration::from_hours(70 * 24);
    let verdict = super::judge(&mut verifier, &world.table, subject, delivered(None), at);
    assert_eq!(outcomes(&verdict), [SctOutcome::Valid; 2]);
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotJudged);
}

#[test]
fn under_a_private_root_chrome_asks_for_nothing() {
    let world = World::new();
    let leaf = issue(&world.ca, &world.request(), &SctPlan::default()).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let mut verifier = Verifier::new(&world.table);
    let subject = Subject { certificate: &certificate, issuer_keys: &[], doubtful: false };
    let private = Delivered { audience: Audience::Private, ..delivered(None) };
    let verdict = super::judge(&mut verifier, &world.table, subject, private, world.now);
    assert_eq!(verdict.policies.chrome.outcome, PolicyOutcome::NotJudged);
}
