use super::super::caa::{binding, policy};
use super::*;
use crate::caa::CaIdentity;
use crate::caa::testing::found;
use crate::compare::{CaaBinding, CaaPolicy, CurrentIssuer, Dnssec, Fact, Share};
use crate::evidence::dns::{DnssecReading, DnssecState, Validator};
use crate::judge::target::Part;

const BOUND: (&str, &str) = ("issue", "ca1.example; accounturi=https://ca1.example/acct/1");
const NO_WILDCARD: (&str, &str) = ("issuewild", ";");

type Records<'a> = &'a [(&'a str, &'a str)];

fn steps(names: &[(&str, Records<'_>)], state: DnssecState) -> Vec<Arc<DnsExchange>> {
    let secure = |exchange: &Arc<DnsExchange>| {
        let mut exchange = DnsExchange::clone(exchange);
        exchange.dnssec = Some(DnssecReading {
            state,
            validator: Validator::Own,
            detail: None,
            unfinished: None,
            own_zone: None,
            at: "2027-04-01T00:00:00Z".parse().unwrap(),
        });
        Arc::new(exchange)
    };
    names.iter().flat_map(|(name, records)| found(name, records).steps).map(|step| secure(&step)).collect()
}

/// The look-up of a host whose climb met these, and above the set found, these.
fn lookup(climb: &[(&str, Records<'_>)], above: &[(&str, Records<'_>)]) -> CaaLookup {
    let name = climb.first().unwrap().0.parse().unwrap();
    CaaLookup {
        steps: steps(climb, DnssecState::Secure),
        above: steps(above, DnssecState::Secure),
        ..CaaLookup::of(name)
    }
}

struct Judged {
    policy: Fact<CaaPolicy>,
    binding: Fact<CaaBinding>,
    more: Vec<CoveringName>,
}

/// What the facts are for a host and a certificate of these names.
fn judged(host: &str, names: &[&str], lookups: &[CaaLookup]) -> Judged {
    let question = CaaQuestion::tls(Who::Named(vec![CaIdentity::from_identifier("ca1.example")]));
    let own: Vec<CaaReading> = names
        .iter()
        .map(|name| {
            let name: CertificateName = name.parse().unwrap();
            let lookup = lookups.iter().find(|lookup| lookup.name == name.base).unwrap();
            caa::judge(&name, lookup, &question)
        })
        .collect();
    let host = HostIdentity::Name(host.parse().unwrap());
    let covering = covering(&own, Some(&host), lookups);
    let more = that_let_in_more(&covering);
    let own = Part::Checked(own.clone());
    let at = "2027-04-01T00:00:00Z".parse().unwrap();
    Judged { policy: policy(&own, &covering), binding: binding(&own, &covering, at), more }
}

fn shop(lookup: CaaLookup) -> Judged {
    judged("shop.demo.example", &["shop.demo.example"], &[lookup])
}

fn permits(cas: &[&str]) -> Fact<CaaPolicy> {
    let permitted = cas.iter().map(|ca| (*ca).to_owned()).collect();
    Fact::Measured(CaaPolicy::Restrictive { permitted, current_issuer: CurrentIssuer::Permitted })
}

fn bound(accounts: Share, dnssec: Dnssec) -> Fact<CaaBinding> {
    Fact::Measured(CaaBinding { accounts, methods: Share::None, dnssec, must_process: true })
}

fn lets_in(judged: &Judged) -> Vec<(&str, &LetsIn)> {
    judged.more.iter().map(|one| (one.name.as_str(), &one.lets_in)).collect()
}

#[test]
fn issuewild_lets_in_who_may_issue_the_wildcard_over_the_host() {
    let none: Records<'_> = &[];
    let of = |records: Records<'_>| {
        shop(lookup(&[("shop.demo.example", none), ("demo.example", records)], &[("example", none)]))
    };
    let closed = of(&[BOUND, NO_WILDCARD]);
    assert_eq!(closed.policy, permits(&["ca1.example"]));
    assert_eq!((closed.binding, closed.more), (bound(Share::All, Dnssec::Secure), Vec::new()));
    // Without issuewild, issue holds for both.
    let same = of(&[BOUND]);
    assert_eq!((same.policy, same.more), (permits(&["ca1.example"]), Vec::new()));
    let other = of(&[BOUND, ("issuewild", "other-ca.example")]);
    assert_eq!(other.policy, permits(&["ca1.example", "other-ca.example"]));
    assert_eq!(other.binding, bound(Share::Some, Dnssec::Secure));
    let cas = LetsIn::Cas(vec!["other-ca.example".to_owned()]);
    assert_eq!(lets_in(&other), [("*.demo.example", &cas)]);
    let told = other.more[0].told();
    assert!(
        told.starts_with(
            "*.demo.example covers shop.demo.example as well, and for that CAA permits other-ca"
        ),
        "{told}"
    );
    assert!(
        told.contains("at demo.example, name the same CA and account in issue, and in issuewild"),
        "{told}"
    );
    // The same CA, for any account.
    let own = of(&[BOUND, ("issuewild", "ca1.example")]);
    assert_eq!(own.policy, permits(&["ca1.example"]));
    assert_eq!(own.binding, bound(Share::Some, Dnssec::Secure));
    assert_eq!(lets_in(&own), [("*.demo.example", &LetsIn::AnyAccount(vec!["ca1.example".to_owned()]))]);
}

#[test]
fn records_of_the_host_alone_leave_the_wildcard_to_the_records_above() {
    let none: Records<'_> = &[];
    let of = |above: &[(&str, Records<'_>)]| shop(lookup(&[("shop.demo.example", &[BOUND])], above));
    let open = of(&[("demo.example", none), ("example", none)]);
    assert_eq!(open.policy, Fact::Measured(CaaPolicy::Unrestricted));
    assert_eq!(lets_in(&open), [("*.demo.example", &LetsIn::Anyone)]);
    let same = of(&[("demo.example", &[BOUND])]);
    assert_eq!((same.policy, same.binding), (permits(&["ca1.example"]), bound(Share::All, Dnssec::Secure)));
    let closed = of(&[("demo.example", none), ("example", &[("issue", ";")])]);
    assert_eq!(closed.policy, permits(&["ca1.example"]));
    // Evidence that has nothing of the parent tells nothing of the wildcard.
    for above in [&[][..], &[("demo.example", none)]] {
        let unknown = of(above);
        assert_eq!((&unknown.policy, &unknown.binding), (&Fact::Undetermined, &Fact::Undetermined));
        assert_eq!(lets_in(&unknown), [("*.demo.example", &LetsIn::Unknown)]);
    }
    // The answers that the wildcard rests on have to be secure as well.
    let mut unsigned = lookup(&[("shop.demo.example", &[BOUND])], &[]);
    unsigned.above = steps(&[("demo.example", &[BOUND])], DnssecState::Insecure);
    assert_eq!(shop(unsigned).binding, bound(Share::All, Dnssec::Insecure));
    // Nothing is weaker than a host without records.
    let free = shop(lookup(&[("shop.demo.example", none), ("demo.example", none), ("example", none)], &[]));
    assert_eq!((free.policy, free.more), (Fact::Measured(CaaPolicy::NoRecords), Vec::new()));
}

#[test]
fn no_wildcard_is_issued_right_below_a_public_suffix() {
    let of = |name: &str| wildcard_over(&name.parse().unwrap()).map(|wildcard| wildcard.to_string());
    assert_eq!(of("shop.example"), None);
    assert_eq!(of("shop.co.uk"), None);
    assert_eq!(of("www.shop.co.uk").as_deref(), Some("*.shop.co.uk"));
    // Whoever runs a suffix of the private part may have a wildcard of it.
    assert_eq!(of("shop.github.io").as_deref(), Some("*.github.io"));
    assert_eq!(of("localhost"), None);
    let uk = judged("shop.co.uk", &["shop.co.uk"], &[lookup(&[("shop.co.uk", &[BOUND])], &[])]);
    assert_eq!((uk.policy, uk.more), (permits(&["ca1.example"]), Vec::new()));
}

#[test]
fn a_host_of_a_wildcard_can_have_a_certificate_of_its_own() {
    let zone: Records<'_> = &[("issue", "other-ca.example"), ("issuewild", "ca1.example")];
    let parent = lookup(&[("demo.example", zone)], &[("example", &[])]);
    let of = |lookups: &[CaaLookup]| judged("shop.demo.example", &["*.demo.example"], lookups);
    let unknown = of(std::slice::from_ref(&parent));
    assert_eq!((&unknown.policy, &unknown.binding), (&Fact::Undetermined, &Fact::Undetermined));
    let own = lookup(&[("shop.demo.example", &[]), ("demo.example", zone)], &[]);
    let known = of(&[parent, own]);
    assert_eq!(known.policy, permits(&["ca1.example", "other-ca.example"]));
    let cas = LetsIn::Cas(vec!["other-ca.example".to_owned()]);
    assert_eq!(lets_in(&known), [("shop.demo.example", &cas)]);
    assert!(known.more[0].told().contains("without the wildcard that the certificate has"));
}
