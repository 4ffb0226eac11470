use proptest::prelude::*;

use super::*;
use crate::caa::testing::{AUTHORITATIVE, CAA, CNAME, DNAME, NS, RECURSIVE, Rr, caa, message, name, soa};
use crate::evidence::dns::{DnsAttempt, DnsTransport, SupportingExchange};

fn read(octets: &[u8]) -> Answer {
    Answer::read_message(&"w.t.example".parse().unwrap(), octets)
}

fn with(flags: u16, answer: &[Rr<'_>], authority: &[Rr<'_>]) -> Answer {
    read(&message("w.t.example", flags, answer, authority))
}

fn count(answer: &Answer) -> Option<usize> {
    match &answer.content {
        Content::Records { records, .. } => Some(records.len()),
        _ => None,
    }
}

#[test]
fn records_are_kept_with_the_lowest_ttl() {
    let answer = with(
        RECURSIVE,
        &[("W.T.Example", CAA, caa(0, "issue", "a")), ("w.t.example", CAA, caa(0, "issue", "b"))],
        &[],
    );
    assert_eq!(count(&answer), Some(2));
    assert!(matches!(answer.content, Content::Records { ttl: 300, .. }));
    assert_eq!(answer.detail, "NOERROR");
}

#[test]
fn one_broken_record_loses_no_other() {
    for broken in [&b""[..], b"\0", b"\0\0x", b"\0\x09issue", b"\0\x06issu\xe9x", b"\0\x05is-su"] {
        let records =
            [("w.t.example", CAA, broken.to_vec()), ("w.t.example", CAA, caa(0, "issue", "ca1.example"))];
        let answer = with(RECURSIVE, &records, &[]);
        let Content::Records { records, .. } = &answer.content else { panic!("{answer:?}") };
        let read = records.iter().filter(|record| record.property().is_some()).count();
        assert_eq!((records.len(), read), (2, 1), "{broken:?}");
    }
}

#[test]
fn a_set_that_was_turned_round_is_the_same() {
    let mut records =
        [caa(128, "tbs", "x"), caa(0, "issue", "b"), caa(0, "issuewild", ";"), caa(0, "issue", "a")];
    let of = |records: &[Vec<u8>; 4]| {
        with(RECURSIVE, &records.clone().map(|rdata| ("w.t.example", CAA, rdata)), &[])
    };
    let first = of(&records);
    let Content::Records { records: read, .. } = &first.content else { panic!("{first:?}") };
    let shown: Vec<String> = read.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["0 issue \"a\"", "0 issue \"b\"", "0 issuewild \";\"", "128 tbs \"x\""]);
    for _ in 0..records.len() {
        records.rotate_left(1);
        assert_eq!(of(&records), first);
    }
}

#[test]
fn no_records_are_empty_and_errors_are_failures() {
    assert_eq!(with(RECURSIVE, &[], &[soa("t.example")]).content, Content::Empty);
    assert_eq!(with(RECURSIVE, &[], &[]).content, Content::Empty, "NODATA without SOA");
    let gone = with(RECURSIVE | 3, &[], &[soa("t.example")]);
    assert_eq!((gone.content, gone.detail.as_str()), (Content::Empty, "NXDOMAIN"));
    for (rcode, text) in
        [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED"), (6, "YXDOMAIN"), (9, "NOTAUTH")]
    {
        let answer = with(RECURSIVE | rcode, &[], &[soa("t.example")]);
        assert_eq!((answer.content, answer.detail.as_str()), (Content::Failure, text));
    }
}

#[test]
fn nxdomain_with_records_gives_the_records() {
    let answer = with(RECURSIVE | 3, &[("w.t.example", CAA, caa(0, "issue", "a"))], &[]);
    assert_eq!((count(&answer), answer.detail.as_str()), (Some(1), "NXDOMAIN"));
}

#[test]
fn badvers_is_a_failure() {
    let mut octets = message("w.t.example", RECURSIVE, &[], &[]);
    octets[11] = 1;
    octets.extend(b"\0\0\x29\x04\xd0\x01\0\0\0\0\0");
    assert_eq!(read(&octets).content, Content::Failure);
    let at = octets.len() - 6;
    octets[at] = 0;
    assert_eq!(read(&octets).content, Content::Empty);
}

#[test]
fn other_messages_are_no_answer() {
    let good = message("w.t.example", RECURSIVE, &[("w.t.example", CAA, caa(0, "issue", "a"))], &[]);
    assert_eq!(count(&read(&good)), Some(1));
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut octets = good.clone();
        change(&mut octets);
        read(&octets)
    };
    assert_eq!(change(&|octets| octets[2] &= 0x7f).content, Content::Failure, "a question");
    assert_eq!(change(&|octets| octets[2] |= 0x08).content, Content::Failure, "another opcode");
    assert_eq!(change(&|octets| octets[2] |= 0x02).detail, "truncated");
    assert_eq!(change(&|octets| octets[13] = b'x').content, Content::Failure, "another name");
    assert_eq!(change(&|octets| octets[5] = 0).content, Content::Failure, "no question");
    for length in 0..good.len() {
        assert_eq!(read(&good[..length]).content, Content::Failure, "cut to {length}");
    }
}

#[test]
fn records_of_other_owners_and_classes_are_not_taken() {
    let mut octets = message("w.t.example", RECURSIVE, &[("w.t.example", CAA, caa(0, "issue", "a"))], &[]);
    assert_eq!(with(RECURSIVE, &[("t.example", CAA, caa(0, "issue", "a"))], &[]).content, Content::Empty);
    let class = octets.len() - caa(0, "issue", "a").len() - 7;
    assert_eq!(octets[class], 1);
    octets[class] = 3;
    assert_eq!(read(&octets).content, Content::Empty);
}

#[test]
fn aliases_are_followed_in_order() {
    let chain = [
        ("b.o.example", CAA, caa(0, "issue", "a")),
        ("A.o.example", CNAME, name("b.O.example")),
        ("w.t.example", CNAME, name("a.o.example")),
    ];
    let answer = with(RECURSIVE, &chain, &[]);
    assert_eq!(answer.aliases, ["a.o.example", "b.o.example"]);
    assert_eq!(count(&answer), Some(1));
    let gone = with(RECURSIVE | 3, &[("w.t.example", CNAME, name("gone.example"))], &[soa("example")]);
    assert_eq!((gone.content, gone.aliases), (Content::Empty, vec!["gone.example".to_owned()]));
}

#[test]
fn dnames_are_followed_with_and_without_the_synthesised_cname() {
    let dname = ("t.example", DNAME, name("o.test"));
    let cname = ("w.t.example", CNAME, name("w.o.test"));
    let record = ("w.o.test", CAA, caa(0, "issue", "a"));
    for answer in [vec![dname.clone(), cname, record.clone()], vec![dname, record]] {
        let answer = with(RECURSIVE, &answer, &[]);
        assert_eq!((count(&answer), answer.aliases), (Some(1), vec!["w.o.test".to_owned()]));
    }
}

#[test]
fn chains_without_an_end_are_failures() {
    let round = [("w.t.example", CNAME, name("x.example")), ("x.example", CNAME, name("w.t.example"))];
    let answer = with(RECURSIVE, &round, &[]);
    assert_eq!((answer.content, answer.detail.as_str()), (Content::Failure, "alias loop at w.t.example"));
    let broken = with(RECURSIVE, &[("w.t.example", CNAME, vec![5, b'a'])], &[]);
    assert_eq!(
        (broken.content, broken.detail.as_str()),
        (Content::Failure, "malformed alias at w.t.example")
    );
}

#[test]
fn a_server_that_does_not_recurse_may_leave_it_open() {
    let alias = [("w.t.example", CNAME, name("elsewhere.test"))];
    assert_eq!(with(AUTHORITATIVE, &alias, &[]).content, Content::Failure);
    assert_eq!(with(AUTHORITATIVE, &alias, &[soa("test")]).content, Content::Empty);
    assert_eq!(with(RECURSIVE, &alias, &[soa("test")]).content, Content::Empty);
    let delegation = ("t.example", NS, name("ns.t.example"));
    assert_eq!(with(0x8000, &[], std::slice::from_ref(&delegation)).detail, "referral");
    // A forwarder hands it on as its own.
    let passed_on = with(RECURSIVE, &[], std::slice::from_ref(&delegation));
    assert_eq!((passed_on.content, passed_on.detail.as_str()), (Content::Failure, "referral"));
    assert_eq!(with(RECURSIVE, &[], &[soa("t.example"), delegation.clone()]).content, Content::Empty);
    assert_eq!(with(AUTHORITATIVE, &[], std::slice::from_ref(&delegation)).content, Content::Empty);
    assert_eq!(with(RECURSIVE, &alias, &[delegation]).content, Content::Failure);
    // Neither the zone nor a resolver speaks.
    assert_eq!(with(0x8000, &[], &[]).content, Content::Failure);
    assert_eq!(with(0x8000, &[], &[soa("t.example")]).content, Content::Empty);
}

#[test]
fn an_alias_chain_that_just_stops_is_asked_on() {
    let alias = [("w.t.example", CNAME, name("elsewhere.test"))];
    let open = with(RECURSIVE, &alias, &[]);
    assert_eq!(open.content, Content::Failure);
    assert_eq!(open.detail, "the alias chain ends at elsewhere.test without an answer");
    assert_eq!(open.unanswered, Some("elsewhere.test".parse().unwrap()));
    let came = |octets: Vec<u8>| {
        let (server, transport) = ("192.0.2.1:53".to_owned(), DnsTransport::Udp);
        vec![DnsAttempt { server, transport, milliseconds: 1, outcome: DnsOutcome::Message(octets.into()) }]
    };
    let asked_on = |octets: Vec<u8>| {
        let mut exchange = DnsExchange::of(
            "w.t.example".parse().unwrap(),
            came(message("w.t.example", RECURSIVE, &alias, &[])),
        );
        let (name, rtype) = ("elsewhere.test".to_owned(), "CAA".to_owned());
        exchange.beyond = Some(SupportingExchange { name, rtype, attempts: came(octets) });
        Answer::read(&exchange)
    };
    let end = "elsewhere.test";
    let found = asked_on(message(end, RECURSIVE, &[(end, CAA, caa(0, "issue", "a"))], &[]));
    assert_eq!((count(&found), found.aliases), (Some(1), vec![end.to_owned()]));
    // A resolver's plain “none” needs no SOA record.
    assert_eq!(asked_on(message(end, RECURSIVE, &[], &[])).content, Content::Empty);
    let failed = asked_on(message(end, RECURSIVE | 2, &[], &[]));
    assert_eq!((failed.content, failed.detail.ends_with(": SERVFAIL")), (Content::Failure, true));
    // Once is enough.
    let further = [(end, CNAME, name("x.test"))];
    assert_eq!(asked_on(message(end, RECURSIVE, &further, &[])).content, Content::Failure);
    let more = asked_on(message(end, RECURSIVE, &further, &[soa("test")]));
    assert_eq!((more.content, more.aliases.len()), (Content::Empty, 2));
    let back = [(end, CNAME, name("w.t.example"))];
    assert!(asked_on(message(end, RECURSIVE, &back, &[soa("test")])).detail.starts_with("alias loop"));
}

#[test]
fn the_ad_bit_is_kept() {
    assert!(with(RECURSIVE | 0x20, &[], &[]).authentic_data);
    assert!(!with(RECURSIVE, &[], &[]).authentic_data);
}

#[test]
fn compression_pointers_may_not_turn_in_circles() {
    let mut octets = message("w.t.example", RECURSIVE, &[], &[]);
    octets[7] = 1;
    let here = u8::try_from(octets.len()).unwrap();
    octets.extend([0xc0, here, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read(&octets).content, Content::Failure);
}

proptest! {
    #[test]
    fn any_octets_are_answered(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read(&octets).content, Content::Failure);
    }

    /// A good message with a few octets changed: anything may come of it, but never a panic.
    #[test]
    fn changed_messages_do_no_harm(changes in proptest::collection::vec((0usize..130, any::<u8>()), 1..6)) {
        let records = [
            ("w.t.example", CNAME, name("a.o.example")),
            ("o.example", DNAME, name("p.example")),
            ("a.p.example", CAA, caa(0, "issue", "a")),
        ];
        let mut octets = message("w.t.example", RECURSIVE, &records, &[soa("example")]);
        for (at, value) in changes {
            if let Some(octet) = octets.get_mut(at) {
                *octet = value;
            }
        }
        read(&octets);
    }
}
