use super::*;
use crate::caa::Policy;
use crate::caa::nameservers::{
    Agreement, Consequence, DelegationDifference, Endpoint, EndpointAnswer, Fault, NameReading, Said,
    ZoneReading, ZoneSaid,
};
use crate::evidence::dns::{DnsTransport, NameNotAsked, NotAsked};
use crate::rules::caa::testing::{assert_rule, none};

fn records(ca: &str) -> Said {
    Said::Records(vec![[b"\0\x05issue", ca.as_bytes()].concat()])
}

fn endpoint(server: u8, transport: DnsTransport, said: Said) -> Endpoint {
    Endpoint {
        server: format!("ns{server}.t.example").parse().unwrap(),
        address: format!("192.0.2.{server}").parse().unwrap(),
        transport,
        zone: ZoneSaid::Serial(1),
        answers: vec![EndpointAnswer { name: "t.example".parse().unwrap(), said, differs: false }],
        fault: None,
    }
}

/// Two servers that agree, changed.
fn reading(change: impl FnOnce(&mut CaaReading)) -> CaaReading {
    let endpoints = [1, 2]
        .into_iter()
        .flat_map(|server| [(server, DnsTransport::Udp), (server, DnsTransport::Tcp)])
        .map(|(server, transport)| endpoint(server, transport, records("a.test")));
    let mut reading = none("NOERROR");
    reading.nameservers.state = Agreement::Consistent;
    reading.nameservers.zones = vec![ZoneReading {
        zone: "t.example".parse().unwrap(),
        names: vec![NameReading {
            name: "t.example".parse().unwrap(),
            usual: Some(records("a.test")),
            answers: 1,
            resolver: Some(records("a.test")),
        }],
        endpoints: endpoints.collect(),
        without_address: Vec::new(),
        delegation: DelegationDifference::default(),
        left_out: 0,
    }];
    change(&mut reading);
    reading
}

/// With this fault of the last endpoint.
fn faulty(fault: Fault) -> CaaReading {
    zone(|zone| zone.endpoints.last_mut().unwrap().fault = Some(fault))
}

fn zone(change: impl FnOnce(&mut ZoneReading)) -> CaaReading {
    reading(|reading| change(&mut reading.nameservers.zones[0]))
}

#[test]
fn each_rule() {
    let agreeing = reading(|_| {});
    let check = |id: &str, raised: &CaaReading| {
        assert_rule(RULES, id, raised, &agreeing);
        assert_rule(RULES, id, raised, &none("NOERROR"));
    };
    let disagreeing = zone(|zone| {
        zone.names[0].answers = 2;
        zone.endpoints[2].answers[0].said = Said::Nothing;
    });
    check("CAA050", &disagreeing);
    let names = vec!["t.example".parse().unwrap()];
    check("CAA051", &faulty(Fault::NoCaa { names, instead: Said::Silent }));
    check("CAA052", &faulty(Fault::Lame(Said::Error("REFUSED".to_owned()))));
    check("CAA053", &faulty(Fault::NoTcp { needed: false, instead: Said::Silent }));
    check("CAA054", &faulty(Fault::Unreachable { entirely: false, instead: Said::Silent }));
    let nameless = ("ns3.t.example".parse().unwrap(), "it has no address".to_owned());
    check("CAA054", &zone(|zone| zone.without_address.push(nameless)));
    check("CAA055", &zone(|zone| zone.delegation.only_own.push("ns2.t.example".parse().unwrap())));
    check("CAA056", &zone(|zone| zone.endpoints[0].zone = ZoneSaid::Serial(2)));
    check("CAA057", &zone(|zone| zone.names[0].usual = None));
    check("CAA057", &reading(|reading| reading.nameservers.zones.clear()));
    let not_asked = |why| {
        reading(|reading| {
            reading.nameservers.not_asked.push(NameNotAsked { name: "x.test".to_owned(), why });
        })
    };
    check("CAA057", &not_asked(NotAsked::ZoneUnknown("timeout".to_owned())));
    check("CAA058", &not_asked(NotAsked::TooMany));
    check("CAA058", &zone(|zone| zone.left_out = 1));
    let no_route = Said::NoRoute("Network is unreachable".to_owned());
    check("CAA058", &zone(|zone| zone.endpoints[3].zone = ZoneSaid::Other(no_route)));
    check("CAA059", &zone(|zone| zone.names[0].resolver = Some(Said::Nothing)));
    // That the servers of top-level domains are left alone is nothing to report.
    let left_alone = not_asked(NotAsked::TopLevelDomain);
    assert!(RULES.iter().all(|rule| rule.findings(&left_alone).is_empty()));
}

#[test]
fn aliases_that_lead_to_the_same_policy_are_no_alarm() {
    let severity = |id: &str, reading: &CaaReading| {
        let rule = RULES.iter().find(|rule| rule.info.id == id).unwrap();
        rule.findings(reading)[0].severity
    };
    let alias = |at: &str| Said::Alias(format!("{at}.cdn.test"));
    let rotating = || {
        zone(|zone| {
            zone.names[0].answers = 2;
            for (place, endpoint) in zone.endpoints.iter_mut().enumerate() {
                endpoint.answers[0].said = alias(if place < 2 { "a" } else { "b" });
            }
        })
    };
    assert_eq!(severity("CAA050", &rotating()), Severity::Info);
    let stale = zone(|zone| {
        zone.names[0].usual = Some(alias("a"));
        zone.names[0].resolver = Some(alias("b"));
    });
    assert_eq!(severity("CAA059", &stale), Severity::Info);
    let leading = |policy: Policy| {
        let mut reading = rotating();
        let (gain, lose, verdicts) = (Vec::new(), Vec::new(), Vec::new());
        reading.nameservers.consequences.push(Consequence { at: Vec::new(), policy, gain, lose, verdicts });
        reading
    };
    assert_eq!(severity("CAA050", &leading(Policy::Undetermined("not asked".to_owned()))), Severity::Low);
    assert_eq!(severity("CAA050", &leading(Policy::Nobody)), Severity::High);
    let mut records = rotating();
    records.nameservers.zones[0].endpoints[0].answers[0].said = Said::Nothing;
    assert_eq!(severity("CAA050", &records), Severity::High);
}

#[test]
fn the_severity_grows_with_the_harm() {
    let severity = |id: &str, reading: &CaaReading| {
        let rule = RULES.iter().find(|rule| rule.info.id == id).unwrap();
        rule.findings(reading)[0].severity
    };
    let no_caa = || Fault::NoCaa { names: Vec::new(), instead: Said::Silent };
    assert_eq!(severity("CAA051", &faulty(no_caa())), Severity::Medium);
    let all = zone(|zone| {
        zone.names[0].usual = None;
        zone.endpoints[0].fault = Some(no_caa());
    });
    assert_eq!(severity("CAA051", &all), Severity::High);
    for (needed, expected) in [(false, Severity::Medium), (true, Severity::High)] {
        let fault = Fault::NoTcp { needed, instead: Said::Silent };
        assert_eq!(severity("CAA053", &faulty(fault)), expected);
    }
    let lost = |entirely| Fault::Unreachable { entirely, instead: Said::Silent };
    assert_eq!(severity("CAA054", &faulty(lost(false))), Severity::Low);
    let wholly = zone(|zone| {
        zone.endpoints[2].fault = Some(lost(true));
        zone.endpoints[3].fault = Some(lost(true));
    });
    assert_eq!(severity("CAA054", &wholly), Severity::Medium);
}
