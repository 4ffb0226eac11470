use super::*;
use crate::caa::judge::{Relevant, judge};
use crate::caa::record::CaaRecord;
use crate::caa::testing::{RECURSIVE, caa, message};
use crate::caa::verdict::{Verdict, of_set};
use crate::caa::{CaaQuestion, Dnssec, Who};
use crate::dns_name::CertificateName;
use crate::evidence::dns::{CaaLookup, DnsAttempt, DnsExchange, DnsOutcome, DnsTransport};

/// The set of these records at a name.
pub(super) fn set_of(name: &DnsName, rdata: &[Vec<u8>]) -> RelevantSet {
    RelevantSet {
        name: name.clone(),
        records: rdata.iter().map(|rdata| CaaRecord::read(rdata)).collect(),
        ttl: 300,
        aliases: Vec::new(),
    }
}

/// Whether two sets say the same of every CA, for every usage.
pub(super) fn same_verdicts(one: &RelevantSet, other: &RelevantSet) -> bool {
    [(Usage::Tls, false), (Usage::Tls, true), (Usage::Smime, false), (Usage::Vmc, false)].iter().all(
        |&(usage, wildcard)| {
            one.policy(usage, wildcard) == other.policy(usage, wildcard)
                && ["ca1.example", "ca2.example", "ca3.example"].iter().all(|ca| {
                    let question = CaaQuestion { usage, ..CaaQuestion::tls(Who::EveryCaInTheSet) };
                    let ca = CaIdentity::from_identifier(*ca);
                    of_set(one, &ca, wildcard, &question) == of_set(other, &ca, wildcard, &question)
                })
        },
    )
}

fn ca(identifier: &str, wildcard: bool) -> CaInUse {
    CaInUse {
        identity: CaIdentity {
            label: format!("CA of {identifier}"),
            identifiers: vec![identifier.to_owned()],
        },
        identifier: identifier.to_owned(),
        why: String::new(),
        alternatives: Vec::new(),
        sightings: vec![Sighting { source: SightingSource::Issued, detail: String::new(), wildcard }],
    }
}

fn wish() -> Wish {
    Wish {
        name: "example.com".parse().unwrap(),
        strict: false,
        critical: false,
        iodef: Vec::new(),
        accounts: Vec::new(),
        methods: Vec::new(),
        today: jiff::civil::date(2026, 11, 21),
    }
}

fn bound(ca: Option<&str>, value: &str) -> Bound {
    Bound { ca: ca.map(str::to_owned), value: value.to_owned() }
}

/// A reading of example.com, whose set is at `at`.
fn published(at: &str, records: &[(u8, &str, &str)]) -> CaaReading {
    let name: DnsName = "example.com".parse().unwrap();
    let mut steps = Vec::new();
    for step in ["example.com", "com"] {
        let rdata: Vec<_> = records
            .iter()
            .filter(|_| step == at)
            .map(|(flags, tag, value)| (step, 257, caa(*flags, tag, value)))
            .collect();
        let attempt = DnsAttempt {
            server: "test".into(),
            transport: DnsTransport::Udp,
            milliseconds: 0,
            outcome: DnsOutcome::Message(crate::evidence::Bytes(message(step, RECURSIVE, &rdata, &[]))),
        };
        steps.push(DnsExchange::of(step.parse().unwrap(), vec![attempt]).into());
    }
    let lookup = CaaLookup { steps, ..CaaLookup::of(name.clone()) };
    let subject = CertificateName { base: name, wildcard: false };
    judge(&subject, &lookup, &CaaQuestion::tls(Who::EveryCaInTheSet))
}

/// The evidence of certificates that were given, unless nothing is known of wildcards.
fn covering(wildcards: Wildcards) -> Coverage {
    Coverage { wildcards, wildcard_unresolved: false, issued: wildcards != Wildcards::Unknown, open: false }
}

fn texts(records: &[SuggestedRecord]) -> Vec<String> {
    records.iter().map(ToString::to_string).collect()
}

fn suggested(wish: &Wish, cas: &[CaInUse], wildcards: Wildcards) -> Vec<String> {
    texts(&suggest(wish, cas, covering(wildcards), None).unwrap().records)
}

#[test]
fn a_lenient_set_forbids_only_what_the_evidence_speaks_against() {
    let cas = [ca("ca1.example", false), ca("ca2.example", true)];
    assert_eq!(
        suggested(&wish(), &cas, Wildcards::Seen),
        ["0 issue \"ca1.example\"", "0 issue \"ca2.example\"", "0 issuewild \"ca2.example\""]
    );
    let one = [ca("ca1.example", false)];
    assert_eq!(
        suggested(&wish(), &one, Wildcards::NoneAmong(3)),
        ["0 issue \"ca1.example\"", "0 issuewild \";\""]
    );
    let suggestion = suggest(&wish(), &one, covering(Wildcards::Unknown), None).unwrap();
    assert_eq!(texts(&suggestion.records), ["0 issue \"ca1.example\""]);
    assert!(suggestion.notes.iter().any(|note| note.contains("issuewild is left out")));
}

#[test]
fn a_strict_set_forbids_what_is_not_known_to_be_in_use() {
    let strict = Wish { strict: true, critical: true, ..wish() };
    assert_eq!(
        suggested(&strict, &[ca("ca1.example", false)], Wildcards::Unknown),
        [
            "128 issue \"ca1.example\"",
            "128 issuewild \";\"",
            // A CA that does not know these two would have to refuse everything.
            "0 issuemail \";\"",
            "0 issuevmc \";\""
        ]
    );
}

#[test]
fn bindings_are_one_record_an_account() {
    let bound_wish = Wish {
        accounts: vec![
            bound(Some("ca1.example"), "https://a.example/1"),
            bound(Some("CA1.example"), "https://a.example/2?x=y"),
        ],
        methods: vec![bound(None, "dns-01"), bound(Some("ca1.example"), "dns-01,ca-tbr-7")],
        ..wish()
    };
    let cas = [ca("ca1.example", false), ca("ca2.example", false)];
    let suggestion = suggest(&bound_wish, &cas, covering(Wildcards::Unknown), None).unwrap();
    assert_eq!(
        texts(&suggestion.records),
        [
            "0 issue \"ca1.example;accounturi=https://a.example/1;validationmethods=dns-01,ca-tbr-7\"",
            "0 issue \"ca1.example;accounturi=https://a.example/2?x=y;validationmethods=dns-01,ca-tbr-7\"",
            "0 issue \"ca2.example;validationmethods=dns-01\""
        ]
    );
    assert!(suggestion.permits.iter().all(|permit| permit.verdict.verdict == Verdict::Permit));
}

#[test]
fn what_cannot_be_published_is_refused() {
    let cas = [ca("ca1.example", false), ca("ca2.example", false)];
    let refused =
        |wish: Wish, cas: &[CaInUse]| suggest(&wish, cas, covering(Wildcards::Unknown), None).unwrap_err();
    assert_eq!(refused(wish(), &[]), SuggestError::NoCa);
    let accounts = |ca, uri: &str| Wish { accounts: vec![bound(ca, uri)], ..wish() };
    assert!(matches!(refused(accounts(None, "https://a.example/1"), &cas), SuggestError::WhoseAccount(_, 2)));
    assert!(matches!(refused(accounts(Some("ca3.example"), "x:y"), &cas), SuggestError::NotInUse(..)));
    for uri in ["no-uri", "https://a b", "https://a;b", ":x", "https:", "a:\u{e9}"] {
        assert!(matches!(refused(accounts(None, uri), &cas[..1]), SuggestError::BadAccount(_)), "{uri}");
    }
    for method in ["dns_01", "", "dns-01,,http-01", "HTTP-01", "dns-01,ca-tbr-99", "ca-tbr-6"] {
        let methods = Wish { methods: vec![bound(None, method)], ..wish() };
        assert!(matches!(refused(methods, &cas), SuggestError::BadMethod(_)), "{method}");
    }
    for url in ["a@b.example", "ftp://x", "mailto:", "mailto:a b", "é"] {
        let iodef = Wish { iodef: vec![url.to_owned()], ..wish() };
        assert!(matches!(refused(iodef, &cas), SuggestError::BadIodef(_)), "{url}");
    }
    let long = Wish { iodef: vec![format!("mailto:{}", "x".repeat(5000))], ..wish() };
    assert!(matches!(refused(long, &cas), SuggestError::Unfit(..)));
}

#[test]
fn what_says_nothing_of_who_may_issue_is_kept() {
    let now = published(
        "example.com",
        &[
            (0, "issue", "old.example"),
            (0, "ISSUE", "ca1.example"),
            (0, "IssueMail", "mail.example"),
            (0, "iodef", "mailto:a@example.com"),
            (0, "contactemail", "b@example.com"),
            (128, "tbs", "x"),
            (0, "note", "y"),
            (0, "contactphone", "\u{e9}"),
        ],
    );
    let strict = Wish { strict: true, ..wish() };
    let suggestion =
        suggest(&strict, &[ca("ca1.example", false)], covering(Wildcards::Unknown), Some(&now)).unwrap();
    assert_eq!(
        texts(&suggestion.records),
        [
            "0 issue \"ca1.example\"",
            "0 issuewild \";\"",
            "0 issuemail \"mail.example\"",
            "0 issuevmc \";\"",
            "0 iodef \"mailto:a@example.com\"",
            "0 contactemail \"b@example.com\""
        ]
    );
    let difference = &suggestion.difference;
    assert_eq!(difference.state, PublishedState::AtName);
    assert_eq!(difference.add, ["0 issuewild \";\"", "0 issuevmc \";\""]);
    assert_eq!((difference.keep.len(), difference.remove.len()), (4, 4));
    let notes = suggestion.notes.join("\n");
    assert!(notes.contains("128 tbs \"x\" is published and left out: it is critical"), "{notes}");
    assert!(notes.contains("note is no known property") && notes.contains("no printable ASCII"), "{notes}");
    // A new iodef takes the place of the old one.
    let iodef = Wish { iodef: vec!["mailto:new@example.com".to_owned()], ..wish() };
    let suggestion =
        suggest(&iodef, &[ca("ca1.example", false)], covering(Wildcards::Unknown), Some(&now)).unwrap();
    assert!(!texts(&suggestion.records).contains(&"0 iodef \"mailto:a@example.com\"".to_owned()));
}

#[test]
fn a_wildcard_policy_is_kept_where_nothing_is_known() {
    let now = published("example.com", &[(0, "issue", "ca1.example"), (0, "issuewild", "w.example")]);
    let of = |wish: &Wish, wildcards| {
        texts(&suggest(wish, &[ca("ca1.example", false)], covering(wildcards), Some(&now)).unwrap().records)
    };
    assert_eq!(of(&wish(), Wildcards::Unknown), ["0 issue \"ca1.example\"", "0 issuewild \"w.example\""]);
    assert_eq!(of(&wish(), Wildcards::NoneAmong(1)), ["0 issue \"ca1.example\"", "0 issuewild \";\""]);
    assert!(!of(&Wish { strict: true, ..wish() }, Wildcards::Unknown).join("").contains("w.example"));
}

#[test]
fn one_server_does_not_show_that_a_published_ca_is_not_in_use() {
    let now = published(
        "example.com",
        &[
            (0, "issue", "ca1.example"),
            (128, "issue", "ca2.example; x=y"),
            (0, "issue", "ca2.example; x=z"),
            (0, "issue", ";"),
        ],
    );
    let of =
        |wish: &Wish, coverage| suggest(wish, &[ca("ca1.example", false)], coverage, Some(&now)).unwrap();
    let lenient = of(&wish(), covering(Wildcards::Unknown));
    assert_eq!(
        texts(&lenient.records),
        ["0 issue \"ca1.example\"", "0 issue \"ca2.example; x=z\"", "128 issue \"ca2.example; x=y\""]
    );
    assert!(
        lenient.notes.iter().any(|note| note.contains("no certificate of ca2.example was seen")),
        "{:?}",
        lenient.notes
    );
    // Certificates that were issued speak against it, and --strict asks for no evidence.
    let settled = Coverage { issued: true, ..covering(Wildcards::Unknown) };
    assert_eq!(texts(&of(&wish(), settled).records), ["0 issue \"ca1.example\""]);
    let strict = of(&Wish { strict: true, ..wish() }, covering(Wildcards::Unknown));
    assert!(!texts(&strict.records).join("").contains("ca2.example"));
}

/// A CA that is only named, as the policy or --ca names it.
fn named(identifier: &str) -> CaInUse {
    let sighting = Sighting { source: SightingSource::Named, detail: String::new(), wildcard: false };
    CaInUse { sightings: vec![sighting], ..ca(identifier, false) }
}

#[test]
fn a_seen_wildcard_takes_none_from_the_cas_that_are_named() {
    let now = published("example.com", &[(0, "issuewild", "w.example"), (0, "issuewild", ";")]);
    let cas = [ca("ca1.example", true), named("ca2.example"), ca("ca3.example", false)];
    let seen = Coverage { issued: false, ..covering(Wildcards::Seen) };
    let of = |wish: &Wish, coverage| suggest(wish, &cas, coverage, Some(&now)).unwrap();
    let wild = |suggestion: &Suggestion| {
        let values = suggestion.records.iter().filter(|record| record.tag() == "issuewild");
        values.map(|record| record.value().to_owned()).collect::<Vec<_>>()
    };
    let lenient = of(&wish(), seen);
    assert_eq!(wild(&lenient), ["ca1.example", "ca2.example", "w.example"]);
    // Both kinds of names are judged, and permission for wildcards is wanted only where they were seen.
    let told = |permit: &Permit| (permit.wildcard, permit.wanted, permit.verdict.verdict);
    assert_eq!(
        lenient.permits.iter().map(told).collect::<Vec<_>>(),
        [
            (false, true, Verdict::Permit),
            (true, true, Verdict::Permit),
            (false, true, Verdict::Permit),
            (true, false, Verdict::Permit),
            (false, true, Verdict::Permit),
            (true, false, Verdict::Deny),
            // What is kept for wildcards alone is told too.
            (false, false, Verdict::Deny),
            (true, false, Verdict::Permit)
        ]
    );
    // A CA that was seen without a wildcard name keeps what is published of it for such names.
    let own =
        published("example.com", &[(0, "issuewild", "ca3.example"), (0, "issuewild", "CA1.example;x=y")]);
    let kept = suggest(&wish(), &cas, seen, Some(&own)).unwrap();
    assert_eq!(wild(&kept), ["CA1.example;x=y", "ca2.example", "ca3.example"]);
    assert_eq!(wild(&of(&wish(), covering(Wildcards::Seen))), ["ca1.example", "ca2.example"]);
    assert_eq!(wild(&of(&Wish { strict: true, ..wish() }, seen)), ["ca1.example"]);
}

#[test]
fn a_wildcard_of_an_unknown_issuer_is_not_forbidden() {
    let open = Coverage { wildcard_unresolved: true, open: true, ..covering(Wildcards::Unknown) };
    for strict in [false, true] {
        let wish = Wish { strict, ..wish() };
        let records = texts(&suggest(&wish, &[ca("ca1.example", false)], open, None).unwrap().records);
        assert!(!records.concat().contains("issuewild"), "{records:?}");
    }
}

#[test]
fn a_published_binding_stays_unless_another_is_named() {
    let bound_to = "ca1.example; accounturi=https://a.example/1; validationmethods=dns-01";
    let now = published("example.com", &[(128, "issue", bound_to), (0, "issue", "old.ca1.example;x=y")]);
    let mut one = ca("ca1.example", true);
    one.identity.identifiers.push("old.ca1.example".to_owned());
    let of = |wish: &Wish, ca: &CaInUse| {
        suggest(wish, std::slice::from_ref(ca), covering(Wildcards::Seen), Some(&now)).unwrap()
    };
    let kept = of(&wish(), &one);
    // The issuewild that is new is bound as issue was: it replaces that for wildcard names.
    let expected = [format!("128 issue \"{bound_to}\""), format!("128 issuewild \"{bound_to}\"")];
    assert_eq!(texts(&kept.records), expected);
    assert!(kept.notes.iter().any(|note| note.contains("are kept")), "{:?}", kept.notes);
    assert!(kept.permits.iter().all(|permit| permit.verdict.verdict == Verdict::Permit));
    let named = Wish { accounts: vec![bound(None, "https://a.example/2")], ..wish() };
    let named = of(&named, &one);
    assert_eq!(
        texts(&named.records)[0],
        "128 issue \"ca1.example;accounturi=https://a.example/2;validationmethods=dns-01\""
    );
    assert!(named.notes.iter().any(|note| note.contains("its accounturi is replaced")), "{:?}", named.notes);
    let methods = Wish { methods: vec![bound(None, "http-01")], ..wish() };
    assert_eq!(
        texts(&of(&methods, &one).records)[0],
        "128 issue \"ca1.example;accounturi=https://a.example/1;validationmethods=http-01\""
    );
    // Another identifier of the same CA brings its binding along.
    one.identifier = "new.ca1.example".to_owned();
    one.identity.identifiers = vec!["old.ca1.example".to_owned(), "new.ca1.example".to_owned()];
    assert_eq!(texts(&of(&wish(), &one).records)[0], "0 issue \"new.ca1.example;x=y\"");
}

/// The verdicts of a set for one CA: for plain names, and for wildcard names.
fn verdicts(set: &RelevantSet, ca: &str) -> [Verdict; 2] {
    let ca = CaIdentity::from_identifier(ca);
    [false, true].map(|wildcard| super::bindings::verdict(set, &ca, wildcard, wish().today).0)
}

#[test]
fn a_lenient_set_takes_no_wildcard_from_a_ca_that_it_keeps() {
    let cas = [ca("ca1.example", true), ca("ca3.example", false)];
    let seen = Coverage { issued: false, ..covering(Wildcards::Seen) };
    for records in [
        &[(0, "issue", "ca1.example"), (0, "issue", "ca2.example"), (0, "issue", "ca3.example")][..],
        &[(0, "issue", "ca1.example"), (128, "issue", "ca2.example; accounturi=https://a.example/1")],
        &[(0, "issue", "ca1.example"), (0, "issue", "ca2.example"), (0, "issuewild", "ca3.example")],
        &[(0, "issue", "ca2.example; validationmethods=dns-01"), (0, "issue", "ca2.example;x=y")],
    ] {
        let now = published("example.com", records);
        let suggestion = suggest(&wish(), &cas, seen, Some(&now)).unwrap();
        let rdata: Vec<_> = suggestion.records.iter().map(SuggestedRecord::rdata).collect();
        let (before, after) = (now.set().unwrap(), set_of(&wish().name, &rdata));
        for ca in ["ca1.example", "ca2.example", "ca3.example"] {
            for (before, after) in verdicts(before, ca).into_iter().zip(verdicts(&after, ca)) {
                assert!(before != Verdict::Permit || after == before, "{ca}: {:?}", suggestion.records);
            }
        }
        let told = |permit: &&Permit| permit.kept && permit.verdict.ca == "ca2.example";
        assert_eq!(suggestion.permits.iter().filter(told).count(), 2);
    }
    let bound = published("example.com", &[(128, "issue", "ca2.example; accounturi=https://a.example/1")]);
    let records = texts(&suggest(&wish(), &cas[..1], seen, Some(&bound)).unwrap().records);
    assert!(records.contains(&"128 issuewild \"ca2.example; accounturi=https://a.example/1\"".to_owned()));
}

#[test]
fn a_label_that_no_ca_is_known_to_take_is_open() {
    let of = |methods: &str, now: Option<&CaaReading>| {
        let methods = if methods.is_empty() { Vec::new() } else { vec![bound(None, methods)] };
        let cas = [ca("ca1.example", false)];
        let wish = Wish { methods, ..wish() };
        let suggestion = suggest(&wish, &cas, covering(Wildcards::Unknown), now).unwrap();
        (suggestion.open.len(), suggestion.permits[0].verdict.verdict, suggestion)
    };
    let (open, verdict, suggestion) = of("dns01", None);
    assert_eq!((open, verdict), (1, Verdict::Undetermined));
    assert!(suggestion.open[0].contains("dns-01 may be meant"), "{:?}", suggestion.open);
    assert_eq!((of("dns01,http-01", None).0, of("dns01,http-01", None).1), (1, Verdict::Permit));
    // A method that ended, and one that ends later.
    assert_eq!((of("ca-tbr-8", None).0, of("ca-tbr-8", None).1), (1, Verdict::Undetermined));
    let (open, verdict, suggestion) = of("ca-tbr-16", None);
    assert_eq!((open, verdict), (0, Verdict::Permit));
    assert!(suggestion.notes[0].contains("from 2027-03-15 on"), "{:?}", suggestion.notes);
    // A binding that is published and kept is judged alike; records add up.
    let kept = published("example.com", &[(0, "issue", "ca1.example; validationmethods=dns01")]);
    assert_eq!(of("", Some(&kept)).1, Verdict::Undetermined);
    let both = [(0, "issue", "ca1.example; validationmethods=dns01"), (0, "issue", "ca1.example; x=y")];
    assert_eq!(of("", Some(&published("example.com", &both))).1, Verdict::Permit);
    assert_eq!(of("dns-01", Some(&kept)).1, Verdict::Permit);
}

#[test]
fn what_is_open_leaves_wildcards_as_they_are() {
    let open = Coverage { open: true, issued: false, ..covering(Wildcards::NoneAmong(1)) };
    let now = published("example.com", &[(0, "issue", "ca1.example"), (0, "issue", "ca2.example")]);
    let suggestion = suggest(&wish(), &[ca("ca1.example", false)], open, Some(&now)).unwrap();
    assert_eq!(texts(&suggestion.records), ["0 issue \"ca1.example\"", "0 issue \"ca2.example\""]);
    let notes = suggestion.notes.join("\n");
    assert!(!notes.contains("--issued") && notes.contains("Settle first what is OPEN"), "{notes}");
    let strict = Wish { strict: true, ..wish() };
    let strict = suggest(&strict, &[ca("ca1.example", false)], open, Some(&now)).unwrap();
    assert!(texts(&strict.records).contains(&"0 issuewild \";\"".to_owned()));
}

#[test]
fn the_state_of_what_is_published_is_told() {
    let of = |reading: Option<&CaaReading>| {
        suggest(&wish(), &[ca("ca1.example", false)], covering(Wildcards::Unknown), reading).unwrap()
    };
    assert_eq!(of(None).difference.state, PublishedState::NotAsked);
    assert_eq!(of(Some(&published("nowhere", &[]))).difference.state, PublishedState::None);
    let above = published("com", &[(0, "issue", "parent.example"), (0, "iodef", "mailto:p@com")]);
    let suggestion = of(Some(&above));
    assert_eq!(suggestion.difference.state, PublishedState::Above("com".parse().unwrap()));
    assert_eq!(suggestion.difference.inherited.len(), 2);
    assert!(
        texts(&suggestion.records).contains(&"0 iodef \"mailto:p@com\"".to_owned()),
        "it would be lost below"
    );
    let open = CaaReading {
        relevant: Relevant::Undetermined {
            at: "example.com".parse().unwrap(),
            detail: "SERVFAIL".into(),
            dnssec: Dnssec::Unchecked,
        },
        ..published("nowhere", &[])
    };
    assert!(of(Some(&open)).notes.iter().any(|note| note.contains("SERVFAIL")));
    let same = published("example.com", &[(0, "issue", "ca1.example")]);
    assert!(of(Some(&same)).notes.iter().any(|note| note.contains("exactly this set already")));
}

#[test]
fn the_zone_is_read_from_the_soa() {
    let name: DnsName = "www.example.com".parse().unwrap();
    let soa = |owner| crate::caa::testing::soa(owner);
    let apex = |answer: &[_], authority: &[_]| {
        zone_apex(&name, &message("www.example.com", RECURSIVE, answer, authority)).map(String::from)
    };
    assert_eq!(apex(&[], &[soa("example.com")]).as_deref(), Some("example.com"));
    assert_eq!(apex(&[soa("www.example.com")], &[]).as_deref(), Some("www.example.com"));
    assert_eq!(apex(&[], &[soa("other.example")]), None);
    assert_eq!(apex(&[], &[]), None);
    assert_eq!(zone_apex(&name, b"junk"), None);
}

proptest::proptest! {
    #[test]
    fn any_octets_may_answer_for_the_zone(octets in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let name: DnsName = "www.example.com".parse().unwrap();
        let mut answer = message("www.example.com", RECURSIVE, &[], &[crate::caa::testing::soa("example.com")]);
        answer.truncate(answer.len().saturating_sub(octets.len() % 60));
        answer.extend(&octets);
        for message in [&octets, &answer] {
            if let Some(apex) = zone_apex(&name, message) {
                proptest::prop_assert!(name.is_at_or_below(&apex));
            }
        }
    }
}
