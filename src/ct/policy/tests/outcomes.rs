//! Which certificates each programme accepts, and which SCTs count.

use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400;

/// Chrome, Apple, Mozilla, Android.
#[test]
fn lifetimes_at_their_boundaries() {
    let (issuer, table) = (Issuer::new(), table());
    let two = [sct("a1"), sct("b1")];
    let three = [sct("a1"), sct("a2"), sct("b1")];
    for (seconds, with_two, with_three) in [
        (180 * DAY - 1, "++++", "++++"),
        // Apple counts both ends: this is its 181st day.
        (180 * DAY, "+-++", "++++"),
        (180 * DAY + 1, "---+", "++++"),
        (180 * DAY + 23 * 3600, "---+", "++++"),
        // Android's days are whole ones.
        (181 * DAY - 1, "---+", "++++"),
        (181 * DAY, "----", "++++"),
    ] {
        let certificate = issuer.certificate(seconds);
        assert_eq!(signs(&judged(&certificate, &two, &table, NOW)), with_two, "{seconds}");
        assert_eq!(signs(&judged(&certificate, &three, &table, NOW)), with_three, "{seconds}");
    }
}

/// Chrome, Apple, Mozilla, Android.
#[test]
fn short_lived_certificates() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let table = table();
    let no_index = SctVerdict { leaf_index: LeafIndex::Absent, ..sct("b static") };
    let bad_index = SctVerdict { leaf_index: LeafIndex::Malformed, ..sct("b static") };
    let unchecked = |name| SctVerdict { outcome: SctOutcome::IssuerUnknown, ..sct(name) };
    let wrong = |name| SctVerdict { outcome: SctOutcome::InvalidSignature, ..sct(name) };
    let (before, after) = ("2026-09-30T23:59:59Z", "2026-10-10T00:00:00Z");
    let retirement = "2026-10-01T00:00:00Z";
    let cases: &[(&str, Vec<SctVerdict>, &str)] = &[
        ("no SCT", vec![], "----"),
        ("one SCT", vec![sct("a1")], "----"),
        ("one operator", vec![sct("a1"), sct("a2")], "----"),
        ("one operator, three logs", vec![sct("a1"), sct("a2"), sct("a3")], "----"),
        ("the same log twice", vec![sct("a1"), sct("a1")], "----"),
        ("the same log twice, and another", vec![sct("a1"), sct("a1"), sct("b1")], "++++"),
        ("a wrong signature", vec![sct("a1"), wrong("b1")], "----"),
        ("static logs alone", vec![sct("b static"), sct("c static")], "+-++"),
        ("a static log and an RFC 6962 one", vec![sct("a1"), sct("b static")], "++++"),
        ("no leaf index", vec![sct("a1"), no_index.clone()], "-+-+"),
        ("a malformed leaf index", vec![sct("a1"), bad_index], "-+-+"),
        ("retired after the SCTs", vec![sct("a1"), sct("retired")], "++++"),
        ("just before", vec![at(before, sct("a1")), at(before, sct("retired"))], "++++"),
        // Android drops what is later than the retirement, the others what is not earlier.
        ("at the retirement", vec![at(retirement, sct("a1")), at(retirement, sct("retired"))], "---+"),
        ("retired before the SCTs", vec![at(after, sct("a1")), at(after, sct("retired"))], "----"),
        ("retired before one SCT", vec![sct("a1"), at(after, sct("retired"))], "---+"),
        ("issued after the retirement", vec![at(after, sct("a1")), sct("retired")], "---+"),
        ("retired logs alone", vec![sct("retired"), sct("retired 2")], "----"),
        // Chrome's code takes the operator of the SCT that does not count.
        (
            "a second operator that does not count",
            vec![sct("a1"), sct("a2"), at(after, sct("retired"))],
            "+--+",
        ),
        ("TLS", vec![tls(sct("a1")), tls(sct("b1"))], "++++"),
        ("one SCT in TLS", vec![tls(sct("a1"))], "----"),
        ("one operator in TLS", vec![tls(sct("a1")), tls(sct("a2"))], "-+--"),
        ("mixed", vec![sct("a1"), tls(sct("b1"))], "++--"),
        ("mixed, one operator", vec![sct("a1"), tls(sct("a2"))], "-+--"),
        ("embedded and TLS", vec![sct("a1"), sct("b1"), tls(sct("a1"))], "++++"),
        ("TLS, retired", vec![tls(sct("a1")), tls(sct("retired"))], "----"),
        ("TLS beside embedded of a retired log", vec![sct("retired"), tls(sct("a1"))], "+---"),
        ("OCSP alone", vec![ocsp(sct("a1")), ocsp(sct("b1"))], "-+++"),
        ("OCSP and TLS", vec![ocsp(sct("a1")), tls(sct("b1"))], "-+++"),
        ("TLS without leaf index", vec![tls(sct("a1")), tls(no_index)], "-+-+"),
        // Chrome knows who ran the log when the SCT was made, the others who runs it now.
        ("a log sold later", vec![sct("a1"), sct("sold")], "-+++"),
        ("a log sold before", vec![sct("a1"), at("2026-09-25T00:00:00Z", sct("sold"))], "++++"),
        ("read-only", vec![sct("a1"), at("2026-08-20T00:00:00Z", sct("read-only"))], "++++"),
        ("read-only before the SCT", vec![sct("a1"), sct("read-only")], "+-++"),
        ("pending", vec![sct("a1"), sct("pending")], "----"),
        ("rejected", vec![sct("a1"), sct("rejected")], "----"),
        ("a test log", vec![sct("a1"), sct("test")], "----"),
        ("in no list", vec![sct("a1"), sct("elsewhere")], "----"),
        // A newer list may accept what this one does not yet.
        (
            "pending, and newer than the list",
            vec![sct("a1"), at("2026-10-26T00:00:00Z", sct("pending"))],
            "????",
        ),
        ("in no list so far", vec![sct("a1"), at("2026-10-26T00:00:00Z", sct("elsewhere"))], "????"),
        ("in no list so far, beside enough", vec![sct("a1"), sct("b1"), sct("elsewhere")], "++++"),
        ("announced to retire", vec![sct("a1"), sct("retiring")], "+++-"),
        ("issuer unknown", vec![unchecked("a1"), unchecked("b1")], "????"),
        ("issuer unknown, and one operator", vec![unchecked("a1"), unchecked("a2")], "----"),
        ("a minute ahead", vec![sct("a1"), at("2026-11-01T00:01:00Z", sct("b1"))], "+--+"),
        ("more than a minute ahead", vec![sct("a1"), at("2026-11-01T00:01:00.001Z", sct("b1"))], "---+"),
        ("now", vec![sct("a1"), at(NOW, sct("b1"))], "++++"),
        ("a millisecond ahead", vec![sct("a1"), at("2026-11-01T00:00:00.001Z", sct("b1"))], "+--+"),
    ];
    for (name, scts, expected) in cases {
        let policies = judged(&certificate, scts, &table, NOW);
        assert_eq!(signs(&policies), *expected, "{name}: {policies:#?}");
        for (program, verdict) in policies.iter() {
            assert_eq!(verdict.scts.len(), scts.len(), "{name}");
            assert!(!verdict.reasons.is_empty(), "{name}");
            let counting = verdict.scts.iter().filter(|sct| sct.counted == Counted::Yes).count();
            if verdict.outcome == PolicyOutcome::Compliant {
                assert!(counting >= 2 || program == Program::Chrome && counting >= 1, "{name} {program:?}");
            }
        }
    }
}

/// Chrome, Apple, Mozilla, Android.
#[test]
fn long_lived_certificates() {
    let certificate = Issuer::new().certificate(199 * DAY);
    let table = table();
    for (name, scts, expected) in [
        ("three logs, two operators", vec![sct("a1"), sct("a2"), sct("b1")], "++++"),
        ("three logs, one operator", vec![sct("a1"), sct("a2"), sct("a3")], "----"),
        // Of one operator, Apple counts two.
        ("four logs", vec![sct("a1"), sct("a2"), sct("a3"), sct("b1")], "++++"),
        ("the same log twice", vec![sct("a1"), sct("a1"), sct("b1")], "----"),
        ("two in TLS", vec![tls(sct("a1")), tls(sct("b1"))], "++++"),
        ("one retired since", vec![sct("a1"), sct("b1"), sct("retired")], "++++"),
        ("two retired since", vec![sct("a1"), sct("retired"), sct("retired 2")], "++++"),
    ] {
        assert_eq!(signs(&judged(&certificate, &scts, &table, NOW)), expected, "{name}");
    }
}

#[test]
fn outside_its_interval_an_sct_does_not_count_for_apple() {
    // The test's logs take certificates that end before December 2027.
    let certificate = Issuer::new().certificate(437 * DAY);
    let outside = |name| SctVerdict { outcome: SctOutcome::OutsideInterval, ..sct(name) };
    let scts = [outside("a1"), outside("a2"), outside("b1")];
    assert_eq!(signs(&judged(&certificate, &scts, &table(), NOW)), "+-++");
}

#[test]
fn each_sct_is_told_whether_it_counted_and_why() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let late = at("2026-10-10T00:00:00Z", sct("retired"));
    let wrong = SctVerdict { outcome: SctOutcome::InvalidSignature, ..sct("b1") };
    let newer = at("2026-10-26T00:00:00Z", sct("elsewhere"));
    let scts = [sct("a1"), sct("a1"), late, ocsp(sct("b1")), wrong, sct("test"), newer, sct("pending")];
    let policies = judged(&certificate, &scts, &table(), NOW);
    let chrome: Vec<_> = policies.chrome.scts.iter().map(|sct| (sct.counted, &*sct.reason)).collect();
    for ((counted, reason), (expected, words)) in chrome.into_iter().zip([
        (Counted::Yes, "It counts."),
        (Counted::No, "Another SCT of the same log"),
        (Counted::No, "had retired before the SCT"),
        (Counted::No, "Chrome ignores SCTs from OCSP"),
        (Counted::No, "signature does not stand"),
        (Counted::No, "test log"),
        (Counted::Open, "is not in Chrome's list of 2026-10-25"),
        (Counted::No, "pending in Chrome's list"),
    ]) {
        assert_eq!(counted, expected, "{reason}");
        assert!(reason.contains(words), "{reason} / {words}");
    }
    assert_eq!(policies.apple.scts[3].counted, Counted::Yes);
    let states: Vec<_> = policies.apple.scts.iter().map(|sct| sct.state_now).collect();
    assert_eq!(states[0], LogState::Usable);
    assert_eq!((states[2], states[6], states[7]), (LogState::Retired, LogState::Unknown, LogState::Pending));
}

/// With one log of two retired, a third retirement matters only where a log is the last current one.
#[test]
fn a_policy_met_without_margin_is_told() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let table = table();
    let margins = |scts: &[SctVerdict]| {
        let policies = judged(&certificate, scts, &table, NOW);
        Program::ALL.map(|program| policies.of(program).without_margin.join(" "))
    };
    assert_eq!(margins(&[sct("a1"), sct("b1")]), ["", "", "", ""]);
    assert_eq!(margins(&[sct("a1"), sct("retired")]), ["a1", "a1", "a1", "a1"]);
    // Beside the certificate a retired log's SCT is lost at once.
    assert_eq!(margins(&[tls(sct("a1")), tls(sct("b1"))]), ["a1 b1", "a1 b1", "a1 b1", "a1 b1"]);
}

#[test]
fn private_chains_and_precertificates_are_not_judged() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let (table, at) = (table(), time(NOW));
    let scts = [sct("a1")];
    let question = PolicyQuestion {
        certificate: &certificate,
        scts: &scts,
        audience: Audience::Private,
        handshake: true,
        table: &table,
        at,
    };
    let policies = judge(&question);
    assert_eq!(signs(&policies), "????");
    assert!(policies.apple.reasons[0].contains("Apple asks for SCTs only under publicly trusted roots"));
    let mut precertificate = certificate;
    precertificate.is_precertificate = true;
    let policies = judged(&precertificate, &scts, &table, NOW);
    assert_eq!(signs(&policies), "????");
    assert!(policies.chrome.reasons[0].contains("precertificate"));
}

/// A mark certificate, for one, has another purpose than TLS servers.
#[test]
fn only_certificates_of_tls_servers_are_judged() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let mut octets = certificate.der().to_vec();
    let server = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    let place = octets.windows(server.len()).position(|window| window == server).unwrap();
    let scts = [sct("a1"), sct("b1")];
    octets[place + 7] = 2;
    let client = Certificate::read(&octets).unwrap();
    let policies = judged(&client, &scts, &table(), NOW);
    assert_eq!(signs(&policies), "????");
    assert!(policies.chrome.reasons[0].contains("no certificate of a TLS server"), "{:?}", policies.chrome);
    assert_eq!(signs(&judged(&certificate, &scts, &table(), NOW)), "++++");
}

/// A file with a CA's certificate alone. What a server presents is judged, whatever it is.
#[test]
fn of_a_ca_certificate_in_a_file_no_scts_are_asked() {
    let root = CaCertificate::root("Test CA", KeyAlgorithm::P256, time(ISSUED)).unwrap();
    let (ca, leaf) = (Certificate::read(&root.der).unwrap(), Issuer::new().certificate(90 * DAY));
    let (table, at) = (table(), time(NOW));
    let judged = |certificate: &Certificate, scts: &[SctVerdict], handshake| {
        judge(&PolicyQuestion { certificate, scts, audience: Audience::Public, handshake, table: &table, at })
    };
    let file = judged(&ca, &[], false);
    assert_eq!((signs(&file).as_str(), file.exempt), ("????", Some(Exemption::CaCertificate)));
    assert!(file.apple.reasons[0].contains("not with those of CAs"));
    for judged in [judged(&ca, &[], true), judged(&ca, &[sct("pending")], false), judged(&leaf, &[], false)] {
        assert_eq!((signs(&judged).as_str(), judged.exempt), ("----", None));
    }
}

fn any_sct() -> impl Strategy<Value = SctVerdict> {
    let deliveries = [Delivery::Embedded, Delivery::Tls, Delivery::Ocsp];
    (0..LOGS.len(), 0..deliveries.len(), 0..60_i64, any::<bool>()).prop_map(
        move |(log, delivery, days, indexed)| {
            let made = sct(LOGS[log].name);
            SctVerdict {
                delivery: deliveries[delivery],
                timestamp: Some(time("2026-09-01T00:00:00Z") + SignedDuration::from_hours(24 * days)),
                leaf_index: if indexed { made.leaf_index } else { LeafIndex::Absent },
                ..made
            }
        },
    )
}

proptest! {
    /// One more SCT never makes a programme refuse what it accepted, and one less never makes it accept.
    #[test]
    fn more_scts_never_hurt(
        scts in proptest::collection::vec(any_sct(), 0..6),
        one_more in any_sct(),
        long in any::<bool>(),
    ) {
        let certificate = Issuer::new().certificate(if long { 199 * DAY } else { 90 * DAY });
        let table = table();
        let before = judged(&certificate, &scts, &table, NOW);
        let more: Vec<SctVerdict> = scts.iter().cloned().chain([one_more]).collect();
        let after = judged(&certificate, &more, &table, NOW);
        for (program, verdict) in before.iter() {
            let then = after.of(program).outcome;
            if verdict.outcome == PolicyOutcome::Compliant {
                prop_assert_eq!(then, PolicyOutcome::Compliant, "{:?}", program);
            }
            if then == PolicyOutcome::NotCompliant {
                prop_assert_eq!(verdict.outcome, PolicyOutcome::NotCompliant, "{:?}", program);
            }
        }
    }
}
