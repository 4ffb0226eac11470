use super::*;
use crate::caa::Usage;
use crate::caa::testing::{CAA, CNAME, RECURSIVE, Rr, caa, message, name, soa};
use crate::evidence::dns::{
    DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport, DnssecReading, DnssecState, Unfinished,
    Validator,
};

fn exchange(name: &str, outcome: DnsOutcome) -> DnsExchange {
    let attempt = DnsAttempt {
        server: "192.0.2.1:53".to_owned(),
        transport: DnsTransport::Udp,
        milliseconds: 1,
        outcome,
    };
    DnsExchange::of(name.parse().unwrap(), vec![attempt])
}

fn answered(name: &str, answer: &[Rr<'_>]) -> DnsExchange {
    exchange(name, DnsOutcome::Message(message(name, RECURSIVE, answer, &[soa("example")]).into()))
}

fn records(name: &str, rdata: &[Vec<u8>]) -> DnsExchange {
    let records: Vec<Rr<'_>> = rdata.iter().map(|rdata| (name, CAA, rdata.clone())).collect();
    answered(name, &records)
}

fn lookup(steps: Vec<DnsExchange>) -> CaaLookup {
    let name = steps[0].name.clone();
    CaaLookup { steps: steps.into_iter().map(Into::into).collect(), ..CaaLookup::of(name) }
}

fn question(identifiers: &[&str]) -> CaaQuestion {
    let identifiers = identifiers.iter().map(|identifier| (*identifier).to_owned()).collect();
    CaaQuestion::tls(Who::Named(vec![CaIdentity { label: "Example CA".to_owned(), identifiers }]))
}

fn verdict_of(name: &str, steps: Vec<DnsExchange>, identifiers: &[&str]) -> Verdict {
    let reading = judge(&name.parse().unwrap(), &lookup(steps), &question(identifiers));
    assert!(!reading.verdicts[0].reason.is_empty());
    reading.verdicts[0].verdict
}

/// The verdict for ca1.example of a set at t.example.
fn of_set(name: &str, rdata: &[Vec<u8>]) -> Verdict {
    verdict_of(name, vec![records("t.example", rdata)], &["ca1.example"])
}

#[test]
fn the_nearest_set_decides() {
    let steps =
        || vec![answered("w.t.example", &[]), records("t.example", &[caa(0, "issue", "ca1.example")])];
    assert_eq!(verdict_of("w.t.example", steps(), &["ca1.example"]), Verdict::Permit);
    assert_eq!(verdict_of("w.t.example", steps(), &["ca2.example"]), Verdict::Deny);
    assert_eq!(verdict_of("w.t.example", steps(), &["ca2.example", "CA1.example"]), Verdict::Permit);
    let reading = judge(&"w.t.example".parse().unwrap(), &lookup(steps()), &question(&["ca1.example"]));
    assert_eq!(reading.set().unwrap().name.as_str(), "t.example");
    assert_eq!(reading.steps.len(), 2);
    assert_eq!(reading.steps[0].dnssec, Dnssec::Unchecked);
}

#[test]
fn no_set_anywhere_permits() {
    let steps = vec![answered("t.example", &[]), answered("example", &[])];
    assert_eq!(verdict_of("t.example", steps, &[]), Verdict::Permit);
}

/// The top-level domain's own answer: NXDOMAIN.
fn nxdomain(name: &str) -> DnsExchange {
    exchange(name, DnsOutcome::Message(message(name, RECURSIVE | 3, &[], &[soa(".")]).into()))
}

#[test]
fn a_missing_top_level_domain_leaves_it_open() {
    for (name, steps) in [
        ("w.t.gone", vec![nxdomain("w.t.gone"), nxdomain("t.gone"), nxdomain("gone")]),
        ("intranet", vec![nxdomain("intranet")]),
    ] {
        let reading = judge(&name.parse().unwrap(), &lookup(steps), &question(&["ca1.example"]));
        // The standard's word for one CA is no answer to who may issue.
        assert_eq!(reading.verdicts[0].verdict, Verdict::Permit, "{name}");
        let reason = &reading.verdicts[0].reason;
        assert!(reason.contains("RFC 8659") && reason.contains("no public CA may issue"), "{reason}");
        assert_eq!(reading.verdicts[0].software[0].verdict, Verdict::Deny, "Boulder's");
        assert!(reading.is_undetermined() && reading.is_open() && reading.relevant.missing_tld().is_some());
        let Policy::Undetermined(why) = reading.policy() else { panic!("{reading:?}") };
        assert!(why.contains("does not exist"), "{why}");
    }
    // NXDOMAIN below a top-level domain that is there is “none”, and so is a name that is a top-level domain.
    let steps = vec![nxdomain("t.example"), answered("example", &[])];
    assert_eq!(verdict_of("t.example", steps, &["ca1.example"]), Verdict::Permit);
    assert_eq!(verdict_of("example", vec![answered("example", &[])], &["ca1.example"]), Verdict::Permit);
    // A climb that ended before is not asked about the top-level domain.
    let steps = vec![nxdomain("w.t.gone"), records("t.gone", &[caa(0, "issue", "ca1.example")])];
    assert_eq!(verdict_of("w.t.gone", steps, &["ca1.example"]), Verdict::Permit);
}

#[test]
fn failures_are_not_none() {
    let failures = [
        DnsOutcome::Failed(DnsFailure::Timeout { milliseconds: 3000 }),
        DnsOutcome::Message(message("t.example", RECURSIVE | 2, &[], &[]).into()),
        DnsOutcome::Message(Vec::new().into()),
    ];
    for failure in failures {
        let steps = vec![answered("w.t.example", &[]), exchange("t.example", failure)];
        assert_eq!(verdict_of("w.t.example", steps, &["ca1.example"]), Verdict::Undetermined);
    }
}

fn with_state(mut exchange: DnsExchange, state: DnssecState) -> DnsExchange {
    exchange.dnssec = Some(DnssecReading {
        state,
        validator: Validator::Own,
        detail: Some("because".to_owned()),
        unfinished: None,
        own_zone: None,
        at: jiff::Timestamp::UNIX_EPOCH,
    });
    exchange
}

#[test]
fn bogus_ends_the_climb_and_permits_nothing() {
    let found = || records("t.example", &[caa(0, "issue", "ca1.example")]);
    for steps in [
        vec![with_state(answered("w.t.example", &[]), DnssecState::Bogus), found()],
        vec![answered("w.t.example", &[]), with_state(found(), DnssecState::Bogus)],
    ] {
        let reading = judge(&"w.t.example".parse().unwrap(), &lookup(steps), &question(&["ca1.example"]));
        assert_eq!(reading.verdicts[0].verdict, Verdict::Undetermined);
        assert!(reading.verdicts[0].reason.contains("because; bogus never permits"), "{reading:?}");
        let last = reading.steps.last().unwrap();
        assert_eq!((last.dnssec, last.dnssec_detail.as_deref()), (Dnssec::Bogus, Some("because")));
        assert!(matches!(reading.relevant, Relevant::Undetermined { at, .. } if at == last.name));
    }
    // Above the set, too, but there it changes nothing.
    let mut lookup = lookup(vec![found()]);
    lookup.above = vec![with_state(answered("example", &[]), DnssecState::Bogus).into()];
    let reading = judge(&"t.example".parse().unwrap(), &lookup, &question(&["ca1.example"]));
    assert_eq!(reading.verdicts[0].verdict, Verdict::Permit);
    assert!(matches!(reading.above, Some(Relevant::Undetermined { dnssec: Dnssec::Bogus, .. })));
}

#[test]
fn other_states_leave_the_verdict_of_records_as_it_is() {
    for state in [DnssecState::Secure, DnssecState::Insecure] {
        let of = |value: &str| with_state(records("t.example", &[caa(0, "issue", value)]), state);
        assert_eq!(verdict_of("t.example", vec![of("ca1.example")], &["ca1.example"]), Verdict::Permit);
        assert_eq!(verdict_of("t.example", vec![of("ca2.example")], &["ca1.example"]), Verdict::Deny);
    }
}

#[test]
fn what_validation_did_not_finish_counts_only_where_nothing_could_be_validated() {
    use Unfinished::{
        NoAnswer, Other, OutOfTime, ResolverWithoutDnssec, UnreadableAnswer, UnsupportedAlgorithm,
    };
    let of = |mut exchange: DnsExchange, unfinished| {
        exchange = with_state(exchange, DnssecState::Indeterminate);
        exchange.dnssec.as_mut().unwrap().unfinished = unfinished;
        exchange
    };
    for what in [None, Some(NoAnswer), Some(Other), Some(OutOfTime), Some(UnreadableAnswer)] {
        for steps in [
            vec![of(records("t.example", &[caa(0, "issue", "ca1.example")]), what)],
            vec![of(answered("t.example", &[]), what), answered("example", &[])],
        ] {
            let reading = judge(&"t.example".parse().unwrap(), &lookup(steps), &question(&["ca1.example"]));
            let [verdict] = reading.verdicts.as_slice() else { panic!("{reading:?}") };
            assert_eq!(verdict.verdict, Verdict::Undetermined, "{what:?}");
            let why = &verdict.reason;
            assert!(why.contains("could not be finished: because") && why.contains("3.2.2.8.1"), "{why}");
            assert!(verdict.software.is_empty() && reading.steps.len() == 1, "{reading:?}");
        }
        // What failed is told as a failure.
        let failed = of(exchange("t.example", DnsOutcome::Message(Vec::new().into())), what);
        let reading =
            judge(&"t.example".parse().unwrap(), &lookup(vec![failed]), &question(&["ca1.example"]));
        assert!(reading.verdicts[0].reason.contains("the look-up failed at t.example"), "{reading:?}");
    }
    for what in [ResolverWithoutDnssec, UnsupportedAlgorithm] {
        let set = |value: &str| of(records("t.example", &[caa(0, "issue", value)]), Some(what));
        assert_eq!(verdict_of("t.example", vec![set("ca1.example")], &["ca1.example"]), Verdict::Permit);
        assert_eq!(verdict_of("t.example", vec![set("ca2.example")], &["ca1.example"]), Verdict::Deny);
    }
}

#[test]
fn a_failure_is_told_by_the_state_of_its_zone() {
    let failing = || exchange("t.example", DnsOutcome::Failed(DnsFailure::Timeout { milliseconds: 3000 }));
    for (state, told) in [
        (None, "which was not checked"),
        (Some(DnssecState::Insecure), "a CA may take the failure for permission if it lies outside"),
        (Some(DnssecState::Secure), "as the zone is signed, no CA may"),
        (Some(DnssecState::Indeterminate), "not proven to be unsigned, no CA may"),
        (Some(DnssecState::Bogus), "bogus never permits"),
    ] {
        let step = state.map_or_else(failing, |state| with_state(failing(), state));
        let lookup = lookup(vec![step]);
        let reading = judge(&"t.example".parse().unwrap(), &lookup, &question(&["ca1.example"]));
        assert_eq!(reading.verdicts[0].verdict, Verdict::Undetermined);
        assert!(reading.verdicts[0].reason.contains(told), "{}", reading.verdicts[0].reason);
    }
}

#[test]
fn evidence_that_stops_short_or_is_of_other_names_leaves_it_open() {
    let short = vec![answered("w.t.example", &[])];
    assert_eq!(verdict_of("w.t.example", short, &["ca1.example"]), Verdict::Undetermined);
    let skips = vec![answered("w.t.example", &[]), records("example", &[caa(0, "issue", "ca1.example")])];
    assert_eq!(verdict_of("w.t.example", skips, &["ca1.example"]), Verdict::Undetermined);
}

#[test]
fn an_empty_alias_climbs_from_the_name_asked_for() {
    let steps = vec![
        answered("w.t.example", &[("w.t.example", CNAME, name("x.other.example"))]),
        records("t.example", &[caa(0, "issue", "ca2.example")]),
    ];
    assert_eq!(verdict_of("w.t.example", steps, &["ca1.example"]), Verdict::Deny);
}

#[test]
fn wildcards_have_their_own_property() {
    let set = [caa(0, "issue", "ca1.example"), caa(0, "issuewild", ";")];
    assert_eq!(of_set("*.t.example", &set), Verdict::Deny);
    assert_eq!(of_set("t.example", &set), Verdict::Permit);
    let only_wild = [caa(0, "issuewild", "ca2.example")];
    assert_eq!(of_set("t.example", &only_wild), Verdict::Permit);
    assert_eq!(of_set("*.t.example", &[caa(0, "issue", "ca1.example")]), Verdict::Permit);
    assert_eq!(of_set("*.t.example", &[caa(0, "iodef", "mailto:a@b")]), Verdict::Permit);
}

#[test]
fn unknown_critical_properties_forbid() {
    assert_eq!(of_set("t.example", &[caa(128, "tbs", "x"), caa(0, "issue", "ca1.example")]), Verdict::Deny);
    assert_eq!(of_set("t.example", &[caa(1, "tbs", "x")]), Verdict::Permit);
    assert_eq!(of_set("t.example", &[caa(128, "ISSUE", "ca1.example")]), Verdict::Permit);
}

#[test]
fn malformed_records_never_let_permit_through() {
    let bad = b"\x00\x06issu\xe9x".to_vec();
    let permitting = caa(0, "issue", "ca1.example");
    let refusing = caa(0, "issue", "ca2.example");
    assert_eq!(of_set("t.example", std::slice::from_ref(&bad)), Verdict::Undetermined);
    assert_eq!(of_set("t.example", &[bad.clone(), permitting]), Verdict::Undetermined);
    assert_eq!(of_set("t.example", &[bad, refusing]), Verdict::Deny);
    assert_eq!(of_set("t.example", &[b"\x80\x06issu\xe9x".to_vec()]), Verdict::Deny);
}

#[test]
fn the_policy_says_who_may_issue() {
    let policy = |name: &str, rdata: &[Vec<u8>]| {
        let question = CaaQuestion::tls(Who::EveryCaInTheSet);
        let reading = judge(&name.parse().unwrap(), &lookup(vec![records("t.example", rdata)]), &question);
        (reading.is_undetermined(), reading.policy())
    };
    let bad = b"\x00\x06issu\xe9x".to_vec();
    let only = Policy::Only(vec!["ca1.example".to_owned()]);
    assert_eq!(policy("t.example", &[caa(0, "issue", "CA1.example")]), (false, only.clone()));
    assert_eq!(policy("*.t.example", &[caa(0, "issue", "ca1.example")]), (false, only));
    assert_eq!(policy("t.example", &[caa(0, "issue", ";")]), (false, Policy::Nobody));
    assert_eq!(policy("t.example", &[caa(128, "tbs", "")]), (false, Policy::Nobody));
    assert_eq!(policy("t.example", &[bad.clone(), caa(0, "issue", ";")]), (false, Policy::Nobody));
    assert_eq!(policy("t.example", &[caa(0, "issuewild", ";")]), (false, Policy::Anyone));
    for rdata in [vec![bad.clone()], vec![bad, caa(0, "issue", "ca1.example")]] {
        let (open, policy) = policy("t.example", &rdata);
        assert!(open && matches!(policy, Policy::Undetermined(_)), "{policy:?}");
    }
}

#[test]
fn an_unknown_issuer_is_open_unless_all_are_treated_alike() {
    let of = |rdata: Vec<u8>| verdict_of("t.example", vec![records("t.example", &[rdata])], &[]);
    assert_eq!(of(caa(0, "issue", "ca1.example")), Verdict::Undetermined);
    assert_eq!(of(caa(0, "issue", ";")), Verdict::Deny);
    assert_eq!(of(caa(0, "iodef", "mailto:a@b")), Verdict::Permit);
}

#[test]
fn usages_do_not_affect_one_another() {
    let steps = || vec![records("t.example", &[caa(0, "issue", ";"), caa(0, "issuevmc", "ca2.example")])];
    let of = |usage| {
        let question = CaaQuestion { usage, ..question(&["ca1.example"]) };
        judge(&"t.example".parse().unwrap(), &lookup(steps()), &question).verdicts[0].verdict
    };
    assert_eq!(of(Usage::Tls), Verdict::Deny);
    assert_eq!(of(Usage::Smime), Verdict::Permit);
    assert_eq!(of(Usage::Vmc), Verdict::Deny);
}

#[test]
fn one_unbound_record_is_enough() {
    let bound = caa(0, "issue", "ca1.example; accounturi=https://a.example/1");
    let of = |rdata: &[Vec<u8>]| {
        let question =
            CaaQuestion { account: Some("https://a.example/2".to_owned()), ..question(&["ca1.example"]) };
        let lookup = lookup(vec![records("t.example", rdata)]);
        judge(&"t.example".parse().unwrap(), &lookup, &question).verdicts[0].verdict
    };
    assert_eq!(of(std::slice::from_ref(&bound)), Verdict::Deny);
    assert_eq!(of(&[bound, caa(0, "issue", "ca1.example")]), Verdict::Permit);
}

#[test]
fn every_ca_of_the_set_is_asked_about_where_none_is_named() {
    let set = [caa(0, "issue", "CA1.example"), caa(0, "issue", "ca1.example"), caa(0, "issue", "%")];
    let question = CaaQuestion::tls(Who::EveryCaInTheSet);
    let reading = judge(&"t.example".parse().unwrap(), &lookup(vec![records("t.example", &set)]), &question);
    let verdicts: Vec<_> = reading.verdicts.iter().map(|v| (v.ca.as_str(), v.verdict)).collect();
    assert_eq!(verdicts, [("ca1.example", Verdict::Permit)]);
}

#[test]
fn onion_names_are_not_judged() {
    let name: CertificateName = "a.onion".parse().unwrap();
    let lookup = CaaLookup::of(name.base.clone());
    let reading = judge(&name, &lookup, &question(&["ca1.example"]));
    assert_eq!(reading.relevant, Relevant::NotApplicable(NotApplicable::Onion));
    assert!(reading.verdicts.is_empty() && !reading.is_undetermined());
    assert_eq!(NotApplicable::to_name(&"onion.example".parse().unwrap()), None);
}
