//! Comparison of answers made by hand: what real servers rarely do on demand.

use core::net::IpAddr;

use super::delegation::{Delegation, ZoneCut, addresses_of, delegation_of, servers_of, zone_cut};
use super::*;
use crate::caa::testing::{AUTHORITATIVE, CAA, CNAME, NS, RECURSIVE, Rr, SOA, caa, message, name, soa};
use crate::caa::verdict::{Policy, Who};
use crate::caa::{CaaReading, judge as judge_caa};
use crate::evidence::dns::{
    AddressObservation, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, NameserverAnswer,
    NameserverObservation, NameserverSurvey, SupportingExchange, ZoneObservation,
};

const A: u16 = 1;

fn attempts(outcome: DnsOutcome) -> Vec<DnsAttempt> {
    let (server, transport) = ("192.0.2.1:53".to_owned(), DnsTransport::Udp);
    vec![DnsAttempt { server, transport, milliseconds: 1, outcome }]
}

fn came(octets: Vec<u8>) -> Vec<DnsAttempt> {
    attempts(DnsOutcome::Message(octets.into()))
}

fn silence() -> Vec<DnsAttempt> {
    attempts(DnsOutcome::Failed(DnsFailure::Timeout { milliseconds: 3000 }))
}

/// A message for a question of another type than CAA.
fn of_type(rtype: u16, question: &str, flags: u16, answer: &[Rr<'_>], authority: &[Rr<'_>]) -> Vec<u8> {
    let mut octets = message(question, flags, answer, authority);
    let at = 12 + name(question).len();
    octets[at..at + 2].copy_from_slice(&rtype.to_be_bytes());
    octets
}

fn soa_serial(zone: &str, serial: u8) -> Vec<DnsAttempt> {
    let (owner, rtype, mut rdata) = soa(zone);
    let at = rdata.len() - 17;
    rdata[at] = serial;
    came(of_type(SOA, zone, AUTHORITATIVE, &[(owner, rtype, rdata)], &[]))
}

fn issue(ca: &str) -> Vec<u8> {
    caa(0, "issue", ca)
}

/// What one server answers: SOA, then CAA of each name, over UDP and TCP alike.
struct Server<'a> {
    address: &'a str,
    no_route: Option<&'a str>,
    soa: Vec<DnsAttempt>,
    caa: Vec<(&'a str, Vec<DnsAttempt>)>,
}

fn observed(zone: &str, servers: &[Server<'_>]) -> ZoneObservation {
    let names = servers.first().unwrap().caa.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let server = |(place, server): (usize, &Server<'_>)| {
        let mut answers = Vec::new();
        for transport in [DnsTransport::Udp, DnsTransport::Tcp] {
            let mut add = |name: &str, rtype: &str, attempts: &[DnsAttempt]| {
                let (name, rtype) = (name.parse().unwrap(), rtype.to_owned());
                answers.push(NameserverAnswer { transport, name, rtype, attempts: attempts.to_vec() });
            };
            add(zone, "SOA", &server.soa);
            server.caa.iter().for_each(|(name, attempts)| add(name, "CAA", attempts));
        }
        let no_route = server.no_route.map(str::to_owned);
        let answers = if no_route.is_some() { Vec::new() } else { answers };
        let address: IpAddr = server.address.parse().unwrap();
        NameserverObservation {
            name: format!("ns{}.{zone}", place + 1).parse().unwrap(),
            lookups: Vec::new(),
            addresses: vec![AddressObservation { address, no_route, answers }],
            addresses_left_out: 0,
        }
    };
    ZoneObservation {
        zone: zone.parse().unwrap(),
        names,
        own: SupportingExchange { name: zone.to_owned(), rtype: "NS".to_owned(), attempts: Vec::new() },
        delegation: None,
        servers: servers.iter().enumerate().map(server).collect(),
        servers_left_out: 0,
        tcp_control: None,
    }
}

fn reading(name: &str, steps: Vec<(&str, Vec<DnsAttempt>)>, zones: Vec<ZoneObservation>) -> CaaReading {
    let mut lookup = CaaLookup::of(name.parse().unwrap());
    lookup.steps = steps
        .into_iter()
        .map(|(name, attempts)| DnsExchange::of(name.parse().unwrap(), attempts).into())
        .collect();
    lookup.nameservers = Some(NameserverSurvey { zones, ..NameserverSurvey::default() });
    judge_caa(&name.parse().unwrap(), &lookup, &CaaQuestion::tls(Who::EveryCaInTheSet))
}

fn records(name: &str, flags: u16, issuers: &[&str]) -> Vec<DnsAttempt> {
    let records: Vec<Rr<'_>> = issuers.iter().map(|ca| (name, CAA, issue(ca))).collect();
    came(message(name, flags, &records, &[]))
}

fn good<'a>(address: &'a str, zone: &'a str, issuers: &[&str]) -> Server<'a> {
    let caa = vec![(zone, records(zone, AUTHORITATIVE, issuers))];
    Server { address, no_route: None, soa: soa_serial(zone, 1), caa }
}

#[test]
fn a_set_has_no_order_and_no_duplicates() {
    let zone = observed(
        "t.example",
        &[
            good("192.0.2.1", "t.example", &["a.test", "b.test"]),
            good("192.0.2.2", "t.example", &["b.test", "a.test", "b.test"]),
        ],
    );
    let steps = vec![("t.example", records("t.example", RECURSIVE, &["a.test", "b.test"]))];
    let reading = reading("t.example", steps, vec![zone]);
    assert_eq!(reading.nameservers.state, Agreement::Consistent);
    assert_eq!(reading.nameservers.consequences, []);
    // Octet by octet: the case of a value counts.
    let zone = observed(
        "t.example",
        &[good("192.0.2.1", "t.example", &["a.test"]), good("192.0.2.2", "t.example", &["A.test"])],
    );
    assert_eq!(super::compare(&zone, &[]).names[0].answers, 2);
}

#[test]
fn what_cannot_be_reached_from_here_is_not_held_against_anybody() {
    let without_route = |address| Server {
        no_route: Some("Network is unreachable"),
        ..good(address, "t.example", &["a.test"])
    };
    let steps = || vec![("t.example", records("t.example", RECURSIVE, &["a.test"]))];
    let zone =
        observed("t.example", &[good("192.0.2.1", "t.example", &["a.test"]), without_route("2001:db8::1")]);
    let some = reading("t.example", steps(), vec![zone]);
    assert_eq!(some.nameservers.state, Agreement::Consistent);
    assert!(!some.nameservers.is_undetermined());
    let endpoint = some.nameservers.zones[0].endpoints.last().unwrap();
    assert_eq!((endpoint.answers[0].said.kind(), endpoint.fault.as_ref()), ("not_asked", None));

    let none = reading("t.example", steps(), vec![observed("t.example", &[without_route("2001:db8::1")])]);
    assert_eq!(none.nameservers.state, Agreement::Undetermined);
    assert!(none.nameservers.is_undetermined());
    assert!(!none.is_undetermined(), "the verdict of the resolver's answer stands");
}

#[test]
fn what_this_machine_could_not_ask_is_not_held_against_a_server() {
    let local = || attempts(DnsOutcome::Failed(DnsFailure::Local("too many open files".to_owned())));
    let good_one = good("192.0.2.1", "t.example", &["a.test"]);
    for (soa, answer) in [(local(), local()), (soa_serial("t.example", 1), local()), (silence(), local())] {
        let caa = vec![("t.example", answer)];
        let starved = Server { address: "192.0.2.2", no_route: None, soa, caa };
        let reading = super::compare(&observed("t.example", &[starved]), &[]);
        for endpoint in &reading.endpoints {
            assert_eq!(endpoint.answers[0].said.kind(), "not_asked");
            assert!(!matches!(endpoint.fault, Some(Fault::NoCaa { .. } | Fault::Lame(_))), "{endpoint:?}");
            assert!(!endpoint.answers[0].differs);
        }
    }
    // Over one transport alone.
    let mut zone = observed("t.example", &[good_one]);
    for answer in &mut zone.servers[0].addresses[0].answers {
        if answer.transport == DnsTransport::Tcp {
            answer.attempts = local();
        }
    }
    let reading = super::compare(&zone, &[]);
    assert!(reading.endpoints.iter().all(|endpoint| endpoint.fault.is_none()), "{reading:?}");
    assert_eq!(reading.asked().count(), 1);
}

#[test]
fn each_answer_is_read_for_what_it_is() {
    let zone: DnsName = "t.example".parse().unwrap();
    let said = |name: &str, attempts: &[DnsAttempt]| Said::read(&zone, &name.parse().unwrap(), attempts);
    let www = "www.t.example";
    let ns = |owner| (owner, NS, name("ns.other.test"));
    for (octets, expected) in [
        (message(www, AUTHORITATIVE, &[], &[soa("t.example")]), Said::Nothing),
        (message(www, AUTHORITATIVE | 3, &[], &[soa("t.example")]), Said::Nothing),
        (message(www, AUTHORITATIVE, &[(www, CNAME, name("x.test"))], &[]), Said::Alias("x.test".to_owned())),
        (message(www, 0x8000, &[], &[ns(www)]), Said::Delegation(www.to_owned())),
        (
            message(www, 0x8000, &[], &[ns("example")]),
            Said::Lame("it refers to the servers of example".to_owned()),
        ),
        (
            message(www, 0x8000, &[], &[ns("t.example")]),
            Said::Lame("it refers to the servers of t.example".to_owned()),
        ),
        (
            message(www, RECURSIVE, &[(www, CAA, issue("a.test"))], &[]),
            Said::Lame("its answer is not authoritative (AA is 0)".to_owned()),
        ),
        (message(www, 0x8005, &[], &[]), Said::Error("REFUSED".to_owned())),
        (message(www, AUTHORITATIVE | 0x0200, &[], &[]), Said::Truncated),
        (
            message("x.example", AUTHORITATIVE, &[], &[]),
            Said::Malformed("an answer to another question".to_owned()),
        ),
        (vec![0; 5], Said::Malformed("malformed message".to_owned())),
    ] {
        assert_eq!(said(www, &came(octets)), expected);
    }
    assert_eq!(said(www, &silence()), Said::Silent);
    // The last attempt stands.
    let late = [silence(), came(message(www, AUTHORITATIVE, &[], &[soa("t.example")]))].concat();
    assert_eq!(said(www, &late), Said::Nothing);
    assert_eq!(ZoneSaid::read(&zone, &soa_serial("t.example", 9)).serial(), Some(9));
    assert_eq!(ZoneSaid::read(&zone, &silence()).serial(), None);
}

#[test]
fn the_majority_is_usual_and_the_resolver_decides_between_halves() {
    let servers = |issuers: &[&'static str]| {
        let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        let pairs = addresses.into_iter().zip(issuers);
        let servers: Vec<Server<'_>> =
            pairs.map(|(address, ca)| good(address, "t.example", &[*ca])).collect();
        observed("t.example", &servers)
    };
    let differing = |zone: ZoneObservation, resolver: &str| {
        let steps = vec![("t.example", records("t.example", RECURSIVE, &[resolver]))];
        let reading = reading("t.example", steps, vec![zone]);
        let endpoints = reading.nameservers.zones[0].endpoints.clone();
        let differ = endpoints.iter().filter(|endpoint| endpoint.answers[0].differs);
        (places(differ), reading.nameservers.consequences)
    };
    let (differ, consequences) = differing(servers(&["a.test", "b.test", "b.test"]), "a.test");
    assert_eq!(differ, ["ns1.t.example (192.0.2.1, UDP and TCP)"]);
    // The verdict is the resolver's all the same: the majority is what would change it.
    assert_eq!(consequences[0].policy, Policy::Only(vec!["b.test".to_owned()]));
    assert_eq!(consequences[0].at.len(), 2);
    for (resolver, other) in [("a.test", "ns2"), ("b.test", "ns1")] {
        let (differ, _) = differing(servers(&["a.test", "b.test"]), resolver);
        assert!(differ.len() == 1 && differ[0].starts_with(other), "{differ:?}");
    }
}

#[test]
fn an_alias_that_nobody_followed_leaves_the_conclusion_open() {
    let alias =
        |target: &str| came(message("t.example", AUTHORITATIVE, &[("t.example", CNAME, name(target))], &[]));
    let zone = observed(
        "t.example",
        &[
            good("192.0.2.1", "t.example", &["a.test"]),
            Server { caa: vec![("t.example", alias("x.test"))], ..good("192.0.2.2", "t.example", &[]) },
        ],
    );
    let steps = vec![("t.example", records("t.example", RECURSIVE, &["a.test"]))];
    let reading = reading("t.example", steps, vec![zone]);
    assert!(matches!(reading.nameservers.consequences[0].policy, Policy::Undetermined(_)));
    // A loop between servers ends.
    let looping = |target: &'static str, owner: &'static str| {
        let octets = message(owner, AUTHORITATIVE, &[(owner, CNAME, name(target))], &[]);
        (owner, came(octets))
    };
    let servers = [Server {
        caa: vec![looping("b.t.example", "a.t.example"), looping("a.t.example", "b.t.example")],
        ..good("192.0.2.1", "t.example", &[])
    }];
    let steps = vec![("a.t.example", silence())];
    let reading = self::reading("a.t.example", steps, vec![observed("t.example", &servers)]);
    assert_eq!(reading.nameservers.state, Agreement::Consistent);
}

#[test]
fn zones_servers_and_delegations_are_read() {
    let www: DnsName = "www.t.example".parse().unwrap();
    let cut = |answer: &[Rr<'_>], authority: &[Rr<'_>]| {
        zone_cut(&www, &came(of_type(SOA, "www.t.example", RECURSIVE, answer, authority)))
    };
    assert_eq!(cut(&[soa("www.t.example")], &[]), ZoneCut::Apex);
    assert_eq!(cut(&[], &[soa("t.example")]), ZoneCut::Within);
    // The SOA of an alias's target says nothing of the name.
    let alias = ("www.t.example", CNAME, name("x.test"));
    assert_eq!(cut(&[alias, soa("x.test")], &[]), ZoneCut::Within);
    assert!(matches!(zone_cut(&www, &silence()), ZoneCut::Unknown(_)));

    let ns = |owner, target| (owner, NS, name(target));
    let zone: DnsName = "t.example".parse().unwrap();
    let own =
        of_type(NS, "t.example", RECURSIVE, &[ns("t.example", "b.test"), ns("t.example", "a.test")], &[]);
    assert_eq!(
        servers_of(&zone, &came(own)).unwrap(),
        ["a.test".parse().unwrap(), "b.test".parse().unwrap()]
    );
    assert!(servers_of(&zone, &silence()).is_err());

    let referral = |owner| of_type(NS, "t.example", 0x8000, &[], &[ns(owner, "a.test")]);
    assert!(matches!(delegation_of(&zone, &came(referral("t.example"))), Delegation::Referral(_)));
    assert!(matches!(delegation_of(&zone, &came(referral("other"))), Delegation::Unknown(_)));
    let own = of_type(NS, "t.example", AUTHORITATIVE, &[ns("t.example", "a.test")], &[]);
    assert_eq!(delegation_of(&zone, &came(own)), Delegation::Own);

    let address = of_type(A, "a.test", RECURSIVE, &[("a.test", A, vec![192, 0, 2, 7])], &[]);
    let a_test = "a.test".parse().unwrap();
    let found = addresses_of(&a_test, domain::base::iana::Rtype::A, &came(address)).unwrap();
    assert_eq!(found, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
}

proptest::proptest! {
    /// Nothing that a server sends makes the comparison fall over.
    #[test]
    fn any_octets_are_read(octets: Vec<u8>, rtype in proptest::sample::select(vec![A, NS, SOA, CAA])) {
        let mut whole = of_type(rtype, "t.example", AUTHORITATIVE, &[], &[]);
        whole[7] = 3;
        whole[9] = 2;
        whole[11] = 2;
        whole.extend(octets);
        let (zone, came): (DnsName, _) = ("t.example".parse().unwrap(), came(whole));
        let _ = (Said::read(&zone, &zone, &came), ZoneSaid::read(&zone, &came), zone_cut(&zone, &came));
        let _ = (delegation_of(&zone, &came), servers_of(&zone, &came));
        let _ = addresses_of(&zone, domain::base::iana::Rtype::A, &came);
    }
}

#[test]
fn tcp_that_nobody_answers_is_not_held_against_the_servers() {
    let good = || came(message("t.example", AUTHORITATIVE, &[("t.example", CAA, issue("ca1.test"))], &[]));
    let server = |address| Server {
        address,
        no_route: None,
        soa: soa_serial("t.example", 1),
        caa: vec![("t.example", good())],
    };
    let without_tcp = |zone: &mut ZoneObservation, servers: std::ops::Range<usize>| {
        for server in &mut zone.servers[servers] {
            for answer in &mut server.addresses[0].answers {
                if answer.transport == DnsTransport::Tcp {
                    answer.attempts = silence();
                }
            }
        }
    };
    let compared = |zone: &ZoneObservation| {
        let mut zones = vec![compare(zone, &[])];
        leave_out_blocked_tcp(&mut zones);
        zones.remove(0)
    };
    let faults =
        |zone: &ZoneReading| zone.endpoints.iter().filter(|endpoint| endpoint.fault.is_some()).count();

    let mut zone = observed("t.example", &[server("192.0.2.1"), server("192.0.2.2")]);
    without_tcp(&mut zone, 0..1);
    let one = compared(&zone);
    assert_eq!((faults(&one), one.is_consistent()), (1, false), "the other one answers");
    without_tcp(&mut zone, 1..2);
    let all = compared(&zone);
    assert_eq!((faults(&all), all.is_consistent()), (0, true));
    assert_eq!(all.endpoints.iter().filter(|endpoint| endpoint.is_behind_block()).count(), 2);
    let mut alone = observed("t.example", &[server("192.0.2.1")]);
    without_tcp(&mut alone, 0..1);
    assert_eq!(faults(&compared(&alone)), 1);
}

#[test]
fn tcp_that_the_parent_answers_is_held_against_servers_that_need_it() {
    let cut_off = || {
        let caa = came(message("t.example", AUTHORITATIVE | 0x0200, &[], &[]));
        let server = |address| Server {
            address,
            no_route: None,
            soa: soa_serial("t.example", 1),
            caa: vec![("t.example", caa.clone())],
        };
        let mut zone = observed("t.example", &[server("192.0.2.1"), server("192.0.2.2")]);
        for answer in zone.servers.iter_mut().flat_map(|server| &mut server.addresses[0].answers) {
            if answer.transport == DnsTransport::Tcp {
                answer.attempts = silence();
            }
        }
        zone
    };
    let compared = |zone| reading("t.example", vec![("t.example", silence())], vec![zone]);
    let severities = |reading: &CaaReading| {
        let findings = crate::rules::caa::findings(reading);
        let of_tcp = findings.into_iter().filter(|finding| finding.rule == "CAA053");
        of_tcp.map(|finding| (finding.severity, finding.message)).collect::<Vec<_>>()
    };
    // Nothing shows that TCP works from here: the fault stands, in doubt.
    let [(severity, words)] = &severities(&compared(cut_off()))[..] else { panic!() };
    assert_eq!(*severity, crate::rules::Severity::Medium);
    assert!(words.contains("may be this machine"), "{words}");

    let mut proven = cut_off();
    let mut control = came(of_type(NS, "t.example", 0x8000, &[], &[("t.example", NS, name("ns.test"))]));
    control[0].transport = DnsTransport::Tcp;
    let (name, rtype) = ("t.example".to_owned(), "NS".to_owned());
    proven.tcp_control = Some(SupportingExchange { name, rtype, attempts: control });
    let reading = compared(proven);
    let [(severity, words)] = &severities(&reading)[..] else { panic!() };
    assert_eq!(*severity, crate::rules::Severity::High);
    assert!(!words.contains("may be this machine"), "{words}");
    assert!(!reading.nameservers.zones[0].endpoints.iter().any(Endpoint::is_behind_block));
}
