//! The judgement of a set, line by line as the standards have it.

use super::super::testing::caa;
use super::*;

/// Flags, tag, value.
type Record<'a> = (u8, &'a str, &'a str);

fn set(records: &[Record<'_>]) -> RelevantSet {
    RelevantSet {
        name: "t.example".parse().unwrap(),
        records: records
            .iter()
            .map(|(flags, tag, value)| CaaRecord::read(&caa(*flags, tag, value)))
            .collect(),
        ttl: 300,
        aliases: Vec::new(),
    }
}

fn question(usage: Usage, account: Option<&str>, method: Option<&str>) -> CaaQuestion {
    let (account, method) = (account.map(str::to_owned), method.map(str::to_owned));
    CaaQuestion { who: Who::EveryCaInTheSet, usage, account, method }
}

fn judged(records: &[Record<'_>], wildcard: bool, question: &CaaQuestion) -> (Verdict, String) {
    of_set(&set(records), &CaIdentity::from_identifier("ca1.example"), wildcard, question)
}

fn plain(records: &[Record<'_>]) -> Verdict {
    judged(records, false, &question(Usage::Tls, None, None)).0
}

fn wild(records: &[Record<'_>]) -> Verdict {
    judged(records, true, &question(Usage::Tls, None, None)).0
}

const OURS: Record<'_> = (0, "issue", "ca1.example");
const OTHERS: Record<'_> = (0, "issue", "ca2.example");

/// RFC 8659 section 4.1: the critical flag stands on every known property without effect; an unknown one refuses,
/// whatever else matches; all other bits are ignored.
#[test]
fn flags() {
    for tag in
        ["issue", "ISSUE", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"]
    {
        let record = (128, tag, "ca1.example");
        assert_eq!(plain(&[record, OURS]), Verdict::Permit, "{tag}");
    }
    for flags in [128, 129, 255] {
        assert_eq!(plain(&[OURS, (flags, "future", "")]), Verdict::Deny, "{flags}");
        assert_eq!(wild(&[OURS, (flags, "future", "")]), Verdict::Deny, "{flags}");
    }
    for flags in [0, 1, 2, 64, 127] {
        assert_eq!(plain(&[OURS, (flags, "future", "")]), Verdict::Permit, "{flags}");
        assert_eq!(plain(&[(flags, "future", "")]), Verdict::Permit, "{flags}");
        assert_eq!(plain(&[(flags, "issue", "ca2.example")]), Verdict::Deny, "{flags}");
    }
    for usage in [Usage::Smime, Usage::Vmc] {
        let critical = judged(&[(128, "future", "")], false, &question(usage, None, None));
        assert_eq!(critical.0, Verdict::Deny, "whatever the certificate is for");
    }
}

/// RFC 8659 section 4.2: no property of the kind restricts nobody; one that names the CA is enough; one that cannot
/// be read is inert beside it and forbids alone.
#[test]
fn records_add_up() {
    assert_eq!(plain(&[(0, "iodef", "mailto:a@t.example")]), Verdict::Permit);
    assert_eq!(plain(&[(0, "contactemail", "a@t.example"), (0, "contactphone", "+1")]), Verdict::Permit);
    assert_eq!(plain(&[OTHERS]), Verdict::Deny);
    for bad in [";", "", "%%%%%", "ca1.example.", "ca1.example foo", "ca1.example; a", "ca1.example;a=b;"] {
        assert_eq!(plain(&[(0, "issue", bad)]), Verdict::Deny, "{bad}");
        assert_eq!(plain(&[(0, "issue", bad), OURS]), Verdict::Permit, "{bad}");
        assert_eq!(plain(&[OTHERS, (0, "issue", bad)]), Verdict::Deny, "{bad}");
    }
    assert_eq!(plain(&[(0, "IsSuE", "\t CA1.Example ;")]), Verdict::Permit);
    assert_eq!(plain(&[(0, "issue", "sub.ca1.example")]), Verdict::Deny);
}

/// RFC 8659 section 4.3: `issuewild` is for wildcard names alone, and where there is one, `issue` is not.
#[test]
fn issuewild_goes_first_for_wildcards() {
    assert_eq!(wild(&[OURS]), Verdict::Permit);
    assert_eq!(wild(&[OURS, (0, "issuewild", ";")]), Verdict::Deny);
    assert_eq!(wild(&[OURS, (0, "issuewild", "%")]), Verdict::Deny, "one that cannot be read is one");
    assert_eq!(wild(&[OTHERS, (0, "issuewild", "ca1.example")]), Verdict::Permit);
    assert_eq!(plain(&[OTHERS, (0, "issuewild", "ca1.example")]), Verdict::Deny);
    assert_eq!(plain(&[(0, "issuewild", ";")]), Verdict::Permit);
    assert_eq!(wild(&[(0, "iodef", "mailto:a@t.example")]), Verdict::Permit);
}

/// RFC 9495 section 4 and the VMC Requirements: each kind of certificate has its own property.
#[test]
fn kinds_of_certificates_do_not_affect_one_another() {
    let of = |records: &[Record<'_>], usage| judged(records, false, &question(usage, None, None)).0;
    let all =
        [(0, "issue", ";"), (0, "issuewild", ";"), (0, "issuemail", "ca1.example"), (0, "issuevmc", ";")];
    assert_eq!(
        [Usage::Tls, Usage::Smime, Usage::Vmc].map(|usage| of(&all, usage)),
        [Verdict::Deny, Verdict::Permit, Verdict::Deny]
    );
    for usage in [Usage::Smime, Usage::Vmc] {
        assert_eq!(of(&[(0, "issue", ";"), (0, "issuewild", ";")], usage), Verdict::Permit);
    }
    assert_eq!(of(&[(0, "issuemail", ";"), (0, "issuevmc", ";")], Usage::Tls), Verdict::Permit);
}

/// RFC 8657 sections 3 and 4.
#[test]
fn bindings() {
    let uri = "https://ca1.example/acct/1";
    let of = |parameters: &[&str], account, method| {
        let values: Vec<String> = parameters.iter().map(|text| format!("ca1.example{text}")).collect();
        let records: Vec<Record<'_>> = values.iter().map(|value| (0, "issue", value.as_str())).collect();
        judged(&records, false, &question(Usage::Tls, account, method))
    };
    let account = "; accounturi=https://ca1.example/acct/1";
    let method = "; validationmethods=dns-01,ca-tbr-7";
    for (parameters, asked, with, expected) in [
        (&[account][..], Some(uri), None, Verdict::Permit),
        (&[account], Some("https://ca1.example/acct/2"), None, Verdict::Deny),
        (&[account], None, None, Verdict::Permit),
        (&["; accounturi=a:b; accounturi=a:b"], Some("a:b"), None, Verdict::Deny),
        (&["; accounturi="], Some(uri), None, Verdict::Deny),
        (&[account, ""], Some("https://ca1.example/acct/2"), None, Verdict::Permit),
        (&[account, "; accounturi=a:b"], Some("a:b"), None, Verdict::Permit),
        (&[method], None, Some("dns-01"), Verdict::Permit),
        (&[method], None, Some("ca-tbr-7"), Verdict::Permit),
        (&[method], None, Some("http-01"), Verdict::Deny),
        (&[method], None, Some("DNS-01"), Verdict::Deny),
        (&["; validationmethods=ca-tbr-19"], None, Some("http-01"), Verdict::Undetermined),
        (
            &["; validationmethods=ca-tbr-19", "; accounturi=a:b"],
            Some("a:b"),
            Some("http-01"),
            Verdict::Permit,
        ),
        (
            &["; validationmethods=ca-tbr-19", "; accounturi=a:b"],
            Some("a:c"),
            Some("http-01"),
            Verdict::Undetermined,
        ),
        (&["; validationmethods="], None, Some("dns-01"), Verdict::Deny),
        (&["; policy=ev"], Some(uri), Some("dns-01"), Verdict::Permit),
    ] {
        let (verdict, reason) = of(parameters, asked, with);
        assert_eq!(verdict, expected, "{parameters:?} {asked:?} {with:?}: {reason}");
        // Who is refused by a parameter alone has to know that a CA need not look at it yet.
        if verdict == Verdict::Deny {
            assert!(reason.contains("processes RFC 8657") && reason.contains("2027-03-15"), "{reason}");
        }
    }
    let both = "; accounturi=https://ca1.example/acct/1; validationmethods=dns-01";
    assert_eq!(of(&[both], Some(uri), Some("http-01")).0, Verdict::Deny, "both have to hold");
    assert_eq!(of(&[both], Some(uri), Some("dns-01")).0, Verdict::Permit);
}

/// What `policy` says agrees with the verdicts: a CA that it names may issue, and no other.
#[test]
fn the_policy_and_the_verdicts_agree() {
    let sets: [&[Record<'_>]; 6] = [
        &[OURS, OTHERS],
        &[OTHERS],
        &[(0, "issue", ";")],
        &[(0, "iodef", "x")],
        &[OURS, (128, "future", "")],
        &[OTHERS, (0, "issuewild", "ca1.example")],
    ];
    for records in sets {
        for wildcard in [false, true] {
            let set = set(records);
            let verdict = judged(records, wildcard, &question(Usage::Tls, None, None)).0;
            let permits = match set.policy(Usage::Tls, wildcard) {
                Policy::Anyone => true,
                Policy::Only(issuers) => issuers.contains(&"ca1.example".to_owned()),
                Policy::Nobody | Policy::Undetermined(_) => false,
            };
            assert_eq!(verdict == Verdict::Permit, permits, "{records:?} {wildcard}");
        }
    }
}
