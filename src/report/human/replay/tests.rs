//! The replay's report: one renewal, a thousand, and what is not known.

use jiff::SignedDuration;

use super::*;
use crate::compare::advice::tests::{given, replay as empty};
use crate::compare::replay::{
    Bounds, Flagged, HalfLife, HeldAgainst, Level, LoggedBy, Renewal, ReplayedCertificate, Share, Survival,
};
use crate::x509::SpkiSha256;

fn bare(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// So many certificates of ninety days, one every sixty, each of which locks the given pins out for some days.
fn of(count: usize) -> Replay {
    let begin: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let at = |days: usize| begin + SignedDuration::from_hours(24 * i64::try_from(days).unwrap());
    let certificates = (0..count).map(|place| ReplayedCertificate {
        label: format!("certificate {place}"),
        sha256: None,
        serial: None,
        spki_sha256: SpkiSha256::of(&place.to_be_bytes()),
        issuer: "A CA with a name that is rather long".to_owned(),
        issuer_spki_sha256: None,
        not_before: at(place * 60),
        not_after: at(place * 60 + 90),
        first_logged: None,
        first_logged_by: None,
        served_now: None,
        line: 0,
        is_followed: true,
    });
    let renewals = (1..count).map(|to| Renewal {
        from: to - 1,
        to,
        new_key: true,
        new_intermediate: Some(false),
        new_path: None,
        new_ca: false,
        earliest_swap: at(to * 60),
        latest_swap: at(to * 60 + 30),
    });
    let lockouts: Vec<Lockout> = (1..count)
        .map(|place| Lockout {
            cause: Cause::NewKey,
            certificate: Some(place),
            begins_at_worst: at(place * 60),
            begins_at_best: (place % 2 == 0).then(|| at(place * 60 + 30)),
            ends_at_best: None,
            ends_at_worst: Some(at(place * 60 + 40)),
            is_open: false,
        })
        .collect();
    let sure = lockouts.len() / 2;
    let half_life = HalfLife {
        starts: 90,
        events: 60,
        censored: 30,
        median_days: Some(61),
        p10_days: Some(3),
        survives: vec![Survival { days: 365, share: Some(0.25) }],
        distinct_renewals: 4,
    };
    let mut app = given(sure, Some((3, 8)));
    (app.lockouts, app.undetermined) = (lockouts.clone(), 1);
    app.at_most = Some(lockouts.len());
    app.title = "app/src/main/res/xml/network_security_config.xml, shop.example".to_owned();
    app.lockout_days_per_year = Some(Bounds { at_best: 0.5, at_worst: 121.4 });
    let leaf = ReplayedPinSet {
        kind: PinSetKind::Hypothetical { level: Level::Leaf, backup: false },
        title: "the leaf's key".to_owned(),
        half_life: Some(half_life),
        sure: lockouts.len(),
        at_most: Some(lockouts.len()),
        lockouts,
        ..given(0, None)
    };
    let flagged = (0..count).map(|certificate| Flagged {
        certificate,
        rule: FlagRule::ExpectedCa,
        why: "its CA is not expected".to_owned(),
        visible_from: Some(at(certificate * 60)),
        visible_by: Some(LoggedBy::Sct),
    });
    Replay {
        from: Some(begin),
        until: at(count * 60),
        certificates: certificates.collect(),
        renewals: renewals.collect(),
        key_reuse: Share { of: count.saturating_sub(1), count: 0 },
        flagged: Some(flagged.collect()),
        held_against: vec![HeldAgainst { rule: FlagRule::ExpectedCa, of: count, undetermined: 0 }],
        left_out: vec!["One certificate cannot be read.".to_owned(); count],
        sentence: "In 24 months these pins would have locked users out.".to_owned(),
        ..empty(vec![app, leaf])
    }
}

fn fits(text: &str) {
    for line in text.lines() {
        assert!(width(line) <= WIDTH, "{line}");
    }
}

#[test]
fn one_renewal_is_told_whole() {
    let text = bare(&replay(&of(2), false));
    fits(&text);
    for told in [
        "2024-01-01 to 2024-04-30: 2 certificates, 1 renewal, 0 of 1 kept the key",
        "  app/src/main/res/xml/network_security_config.xml, shop.example\n",
        "0 to 1 (?)",
        "0.5 to 121",
        "3 of 8",
        "\n  the leaf's key ",
        "  2024-03-01  new key: certificate 1, issued by A CA",
        "2024-03-01 to 2024-04-10, 40 days at worst; perhaps not at all",
        "may lock out: the leaf's key",
        "would have flagged 2 of 2; CAA was not looked up",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("promised by a log on 2024-03-01 (SCT)"), "{text}");
}

#[test]
fn of_a_thousand_renewals_the_gravest_are_told_and_the_rest_counted() {
    let all = of(1001);
    let text = bare(&replay(&all, false));
    fits(&text);
    assert!(text.lines().count() < 110, "{} lines", text.lines().count());
    assert!(text.contains("and 992 more; --full shows them all"), "{text}");
    let full = bare(&replay(&all, true));
    fits(&full);
    assert!(!full.contains("--full") && full.matches("new key: certificate").count() == 1000);
}

#[test]
fn what_is_not_known_is_not_a_number() {
    let text = bare(&replay(&empty(vec![given(0, None)]), false));
    fits(&text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("whether it matches is not known"), "{text}");
    assert!(
        text.contains("would have flagged is not known, for no CA is expected and CAA was not looked up"),
        "{text}"
    );
}
