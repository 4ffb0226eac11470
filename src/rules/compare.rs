//! Rules about what the comparison shows: where a gate should fail.

mod places;

use serde_json::json;

use self::places::{first_place, place, values};
use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::compare::advice::{Done, StepId};
use crate::compare::replay::{
    Cause, ChanceBasis, LocksOutNow, NextRenewal, PinSetKind, RenewalBasis, Replay, ReplayedPinSet,
};
use crate::judge::{Part, TargetVerdicts};
use crate::pins::PinsVerdict;

/// The rule of `--require`: a gate of its own.
pub(crate) const REQUIRED: &str = "CMP003";

/// Every rule about the comparison.
static RULES: &[Rule<TargetVerdicts>] = &[
    Rule {
        info: RuleInfo {
            id: "CMP001",
            title: "The next renewal may lock pinned clients out",
            severity: Severity::High,
            needs: "pin files, a history of certificates (--history and the like), and a certificate that will be renewed",
            explanation: "Of the certificates that were issued lately for this host, some or all do not match the pins: the next one \
                          may not either. It is high where half of them or more do not match and there is no time left to release \
                          new pins before the renewal is expected (the release lead that is stated, or the renewal is overdue), and \
                          medium where only some do not, or there is time. It is high, too, where the next certificate has been issued \
                          already, is not what the server shows, and does not match. How often the recent ones match is no promise of the CA: \
                          the interval tells how little it may mean. Of pins of own keys it is asked whether renewals kept \
                          their key or took a pinned one; it is medium, too, where that is not known of half of them or more, and you do not state that the next \
                          key is known (`key_predictable`).",
            advice: "Release pins that the next certificate surely matches: a backup key of your own that is used next, or every root \
                     of every CA in use. Where there is no time, renew with the same key once (`--reuse-key`), and release then.",
            references: &[
                "docs/compare.md",
                "OWASP Pinning Cheat Sheet (When Do You Not Pin?)",
                "CA/Browser Forum Baseline Requirements 6.3.2",
            ],
        },
        raise: next_renewal,
    },
    Rule {
        info: RuleInfo {
            id: "CMP002",
            title: "What was issued could not be replayed against the pins",
            severity: Severity::Medium,
            needs: "sources of what was issued, asked for",
            explanation: "A source was named, and nothing came of it that could be replayed: no certificate for the host, or none of which \
                          enough is known to compare it with the pins. That is no statement about the pins.",
            advice: "Give further sources, or the issuers' certificates with --issuer; see what was left out, and why.",
            references: &["docs/compare.md"],
        },
        raise: not_replayed,
    },
    Rule {
        info: RuleInfo {
            id: REQUIRED,
            title: "A step that is required is not done",
            severity: Severity::High,
            needs: "--require, and the evidence that the step is judged by",
            explanation: "The steps of the plan (monitoring, CAA, expected CAs, wider pins, no pins) are each judged by evidence, and \
                          `--require` makes one of them a gate: what is not done ends with exit code 1, whatever `--fail-on` \
                          says and whatever a baseline accepts. Where the evidence does not tell, the outcome is \
                          undetermined (3), and this rule is silent.",
            advice: "Do the step; what it needs stands in the message.",
            references: &["docs/compare.md"],
        },
        raise: required,
    },
    Rule {
        info: RuleInfo {
            id: "CMP004",
            title: "Pins lock users out now, by what was issued",
            severity: Severity::High,
            needs: "pin files that refuse connections, and a history of certificates (--history and the like) with one in its life",
            explanation: "By the replay, clients with these pins cannot connect: no path of any certificate that can be served now \
                          matches them, or the pins have ended and refuse every connection since (iOS and others that fail \
                          closed). It is medium where that is so of some clients or of some of the certificates only, as it \
                          depends on the path that a client builds or on which certificate is served. How long it has lasted is \
                          counted from the certificate, or the end of a path, that brought it: at the earliest, where it is not \
                          sure.",
            advice: "Serve a certificate that the pins match, if any CA still issues one; else release pins that match what is \
                     served, and let clients without them connect in the meantime. Then pin what stays: see docs/compare.md.",
            references: &[
                "docs/replay.md",
                "RFC 7469 section 2.6 (validating pinned connections)",
                "Android, Network Security Configuration; Apple, NSPinnedDomains",
            ],
        },
        raise: locked_out,
    },
];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a target that is compared; nothing where `pinstead compare` was not what was run.
pub fn findings(verdicts: &TargetVerdicts) -> Vec<Finding> {
    if !verdicts.is_compared {
        return Vec::new();
    }
    RULES.iter().flat_map(|rule| rule.findings(verdicts)).collect()
}

fn next_renewal(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let Some(comparison) = verdicts.comparison.verdict() else { return Vec::new() };
    let replay = comparison.replay.as_ref();
    let Some((replay, next)) = replay.and_then(|replay| Some((replay, replay.next_renewal.as_ref()?))) else {
        return Vec::new();
    };
    let of = |set| of_pin_set(set, (replay, next), comparison.is_next_key_known, verdicts.pins.verdict());
    replay.pin_sets.iter().filter_map(of).collect()
}

fn of_pin_set(
    set: &ReplayedPinSet,
    (replay, next): (&Replay, &NextRenewal),
    is_key_known: bool,
    pins: Option<&PinsVerdict>,
) -> Option<Raised> {
    let PinSetKind::Given { client } = &set.kind else { return None };
    if !set.refuses {
        return None;
    }
    let chance = set.next_match.as_ref()?;
    let share = chance.share;
    if !chance.may_miss(is_key_known) {
        return None;
    }
    let is_likely = share.of > 0 && share.count.saturating_mul(2) <= share.of;
    // When a certificate that is there already goes into service, nobody knows.
    let is_issued = next.basis == RenewalBasis::AlreadyIssued;
    let is_late = next.runway_days < 0.0 && !is_issued;
    let when = next.expected_at.strftime("%Y-%m-%d");
    let issued = set.waiting.as_ref().filter(|_| chance.basis == ChanceBasis::Issued);
    let message = match issued {
        Some(waiting) => format!(
            "The next certificate has been issued already, may go into service any time, and these pins do not match it on every \
             path: {}.",
            waiting.named(replay)
        ),
        None => {
            format!("{}, and the next renewal is expected on {when}: {}.", chance.told(), next.time_left())
        }
    };
    let mut evidence = json!({
        "matching": share.count,
        "certificates": share.of,
        "unknown": chance.unknown,
        "basis": chance.basis,
        "expected_at": next.expected_at,
        "latest_at": next.latest_at,
        "runway_days": next.runway_days,
        "release_lead_days": next.release_lead_days,
        "pins": pins.map(|pins| values(pins, client)).unwrap_or_default(),
    });
    if let Some(waiting) = issued {
        evidence["certificate"] = waiting.named(replay).into();
    }
    let raised =
        Raised::new(client.clone(), message, evidence).standing_at(pins.and_then(|pins| place(pins, client)));
    Some(if issued.is_some() || (is_likely && is_late) { raised } else { raised.at(Severity::Medium) })
}

fn locked_out(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let comparison = verdicts.comparison.verdict();
    let Some(replay) = comparison.and_then(|comparison| comparison.replay.as_ref()) else {
        return Vec::new();
    };
    replay.pin_sets.iter().filter_map(|set| lock_out(set, replay, verdicts.pins.verdict())).collect()
}

fn lock_out(set: &ReplayedPinSet, replay: &Replay, pins: Option<&PinsVerdict>) -> Option<Raised> {
    let PinSetKind::Given { client } = &set.kind else { return None };
    let is_sure = match set.locks_out_now {
        LocksOutNow::Surely => true,
        LocksOutNow::Perhaps => false,
        LocksOutNow::No | LocksOutNow::Unknown => return None,
    };
    if !set.refuses {
        return None;
    }
    let lasting = set.lockouts.iter().rfind(|lockout| lockout.ends_at_worst.is_none());
    let certificate = lasting.and_then(|lockout| replay.certificates.get(lockout.certificate?));
    let since = lasting.map(|lockout| match lockout.begins_at_best {
        Some(begins) if is_sure => format!(" since {}", begins.strftime("%Y-%m-%d")),
        _ => format!(" since {} at the earliest", lockout.begins_at_worst.strftime("%Y-%m-%d")),
    });
    let since = since.unwrap_or_default();
    let why = lasting.map_or("no certificate that can be served matches on every path", |lockout| {
        why(lockout.cause, is_sure)
    });
    let with = certificate.map(|it| {
        format!(
            " It began with {} of {}, issued on {}.",
            it.label,
            it.issuer,
            it.not_before.strftime("%Y-%m-%d")
        )
    });
    let message = format!(
        "Clients with these pins {}{since}: {why}.{}",
        if is_sure { "are locked out" } else { "may be locked out" },
        with.unwrap_or_default()
    );
    let id = certificate.map(|it| match (it.sha256, &it.serial) {
        (Some(sha256), _) => sha256.to_string(),
        (None, Some(serial)) => format!("serial number {serial} of {}", it.issuer),
        (None, None) => it.label.clone(),
    });
    let evidence = json!({
        "client": client,
        "sure": is_sure,
        "cause": lasting.map(|lockout| lockout.cause),
        "begins_at_worst": lasting.map(|lockout| lockout.begins_at_worst),
        "begins_at_best": lasting.and_then(|lockout| lockout.begins_at_best),
        "certificate": id,
        "pins": pins.map(|pins| values(pins, client)).unwrap_or_default(),
    });
    let raised =
        Raised::new(client.clone(), message, evidence).standing_at(pins.and_then(|pins| place(pins, client)));
    Some(if is_sure { raised } else { raised.at(Severity::Medium) })
}

/// Why pins do not match, after what changed.
fn why(cause: Cause, is_sure: bool) -> &'static str {
    match cause {
        Cause::NewKey => "the certificate has another key than the pinned one",
        Cause::NewIntermediate => "another intermediate of the CA issued than the pinned one",
        Cause::NewPath => {
            "paths lead to other roots than the pinned ones, or a path to a pinned one has ended"
        }
        Cause::NewCa => "another CA issued than the pinned one",
        Cause::PinsExpired => "the pins have ended, and clients refuse every connection since",
        Cause::NeverMatched if !is_sure => {
            "the pins do not match every certificate that can be served, and have not from the beginning"
        }
        Cause::NeverMatched => "the pins match no certificate that can be served",
    }
}

fn not_replayed(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let (Part::Checked(issuance), Some(comparison)) = (&verdicts.issuance, verdicts.comparison.verdict())
    else {
        return Vec::new();
    };
    let why = match &comparison.replay {
        None => "no certificate of the sources could be replayed".to_owned(),
        Some(replay) if replay.certificates.is_empty() => {
            let first = replay.left_out.first().map(|why| format!(": {}", why.trim_end_matches('.')));
            format!("no certificate for the host is known{}", first.unwrap_or_default())
        }
        Some(_) => return Vec::new(),
    };
    let evidence = json!({ "name": issuance.name.to_string() });
    vec![Raised::new(verdicts.target.clone(), format!("Nothing was replayed: {why}."), evidence)]
}

fn required(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let advice = verdicts.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
    let steps = advice.map(|advice| advice.required.as_slice()).unwrap_or_default();
    steps
        .iter()
        .filter(|step| step.done == Done::No)
        .map(|step| {
            let message = format!("The step “{}” is not done: {}. {}", step.id, step.evidence, step.what);
            let about_pins = matches!(step.id, StepId::Widened | StepId::Removed | StepId::Sound);
            let place = if about_pins { first_place(verdicts) } else { None };
            let evidence = json!({"step": step.id, "evidence": step.evidence});
            Raised::new(step.id.to_string(), message, evidence).standing_at(place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::advice::tests::{given, replay};
    use crate::compare::advice::{Asked, advise};
    use crate::compare::replay::Lockout;
    use crate::compare::{Circumstances, Comparison, MeasuredFacts, compare};
    use crate::question::{OpenKind, OpenQuestion};
    use crate::rules::tests::{ids, target};

    fn compared(replay: Option<Replay>, require: &[StepId]) -> TargetVerdicts {
        let (facts, stated) = (MeasuredFacts::default(), Circumstances::default());
        let mut comparison = Comparison { replay, ..compare(&facts, &stated) };
        let asked = Asked { target: "www.test.example:443", options: &[], require };
        comparison.advice = Some(advise(asked, &facts, &comparison, &stated));
        let required = require.to_vec();
        TargetVerdicts { comparison: Part::Checked(comparison), is_compared: true, required, ..target() }
    }

    fn with_runway(sets: Vec<ReplayedPinSet>, days: f64, lead: Option<f64>) -> Replay {
        let mut replay = replay(sets);
        if let Some(next) = &mut replay.next_renewal {
            (next.runway_days, next.release_lead_days) = (days, lead);
        }
        replay
    }

    #[test]
    fn a_renewal_that_comes_before_a_release_is_grave_where_it_will_probably_not_match() {
        let of = |share, days, lead| {
            let replay = with_runway(vec![given(0, Some(share))], days, lead);
            let mut found = findings(&compared(Some(replay), &[]));
            found.retain(|finding| finding.rule == "CMP001");
            found.pop().map(|finding| (finding.severity, finding.message))
        };
        let (severity, message) = of((1, 4), -9.0, Some(30.0)).unwrap();
        assert_eq!(severity, Severity::High);
        assert!(message.contains("a release takes 30 days, and comes 9 days too late"), "{message}");
        // What is late is never 0 days late, and nothing is -0.
        for (days, told) in [
            (-0.2, "comes 0.2 days too late"),
            (-0.01, "comes less than 0.1 days too late"),
            (0.01, "has to begin within less than 0.1 days"),
            (0.2, "has to begin within 0.2 days"),
        ] {
            let (_, message) = of((1, 4), days, Some(30.0)).unwrap();
            assert!(message.contains(told), "{message}");
        }
        assert_eq!(of((2, 4), -1.0, None).unwrap().0, Severity::High, "a coin that is tossed for all users");
        assert_eq!(of((3, 4), -9.0, Some(30.0)).unwrap().0, Severity::Medium);
        let (severity, message) = of((0, 4), 12.0, Some(30.0)).unwrap();
        assert_eq!(severity, Severity::Medium);
        assert!(message.contains("has to begin within 12 days"), "{message}");
        assert_eq!(of((4, 4), -9.0, Some(30.0)), None);
        // Of own keys nobody knows which one is next: that is no half of them that miss.
        let mut own = given(0, Some((0, 0)));
        if let Some(chance) = &mut own.next_match {
            (chance.unknown, chance.basis) = (4, crate::compare::replay::ChanceBasis::OwnKeys);
        }
        let mut verdicts = compared(Some(with_runway(vec![own], -9.0, None)), &[]);
        let own = findings(&verdicts);
        let own = own.iter().find(|finding| finding.rule == "CMP001").unwrap();
        assert_eq!(own.severity, Severity::Medium);
        assert!(
            own.message.starts_with("0 of 4 (of 4 it is not known) recent renewals kept"),
            "{}",
            own.message
        );
        // The owner may: that is what pins of own keys ask for.
        if let Part::Checked(comparison) = &mut verdicts.comparison {
            comparison.is_next_key_known = true;
        }
        assert!(!ids(&findings(&verdicts)).contains(&"CMP001"));
        // The next certificate itself: no release is in time for it.
        let mut issued = given(0, Some((0, 1)));
        issued.waiting = Some(crate::compare::replay::Waiting { certificates: Vec::new(), is_next: true });
        issued.next_match.as_mut().unwrap().basis = ChanceBasis::Issued;
        let issued = findings(&compared(Some(with_runway(vec![issued], 9.0, None)), &[]));
        let issued = issued.iter().find(|finding| finding.rule == "CMP001").unwrap();
        assert_eq!(issued.severity, Severity::High);
        let reporting = ReplayedPinSet { refuses: false, ..given(0, Some((0, 4))) };
        let reporting = with_runway(vec![reporting], -9.0, None);
        assert!(!ids(&findings(&compared(Some(reporting), &[]))).contains(&"CMP001"));
        let unknown = with_runway(vec![given(0, None)], -9.0, None);
        assert!(!ids(&findings(&compared(Some(unknown), &[]))).contains(&"CMP001"));
    }

    #[test]
    fn pins_that_lock_out_now_are_grave_and_those_that_may_are_less() {
        let lockout = |cause| Lockout {
            cause,
            certificate: None,
            begins_at_worst: "2026-02-01T00:00:00Z".parse().unwrap(),
            begins_at_best: Some("2026-03-01T00:00:00Z".parse().unwrap()),
            ends_at_best: None,
            ends_at_worst: None,
            is_open: true,
        };
        let of = |locks_out_now, refuses, cause| {
            let lockouts = vec![lockout(cause)];
            let set = ReplayedPinSet { refuses, lockouts, locks_out_now, ..given(0, None) };
            let mut found = findings(&compared(Some(replay(vec![set])), &[]));
            found.retain(|finding| finding.rule == "CMP004");
            found.pop()
        };
        let sure = of(LocksOutNow::Surely, true, Cause::NewPath).unwrap();
        assert_eq!(sure.severity, Severity::High);
        assert!(
            sure.message.contains("are locked out since 2026-03-01: paths lead to other roots"),
            "{}",
            sure.message
        );
        let never = |now| of(now, true, Cause::NeverMatched).unwrap().message;
        assert!(never(LocksOutNow::Surely).contains("match no certificate that can be served"));
        assert!(never(LocksOutNow::Perhaps).contains("do not match every certificate that can be served"));
        let expired = of(LocksOutNow::Surely, true, Cause::PinsExpired).unwrap();
        assert!(expired.message.contains("refuse every connection since"), "{}", expired.message);
        let perhaps = of(LocksOutNow::Perhaps, true, Cause::NewKey).unwrap();
        assert_eq!(perhaps.severity, Severity::Medium);
        assert!(
            perhaps.message.contains("may be locked out since 2026-02-01 at the earliest"),
            "{}",
            perhaps.message
        );
        assert!(of(LocksOutNow::Surely, false, Cause::NewKey).is_none(), "they refuse nothing");
        for silent in [LocksOutNow::No, LocksOutNow::Unknown] {
            assert!(of(silent, true, Cause::NewKey).is_none());
        }
        let print = |finding: &Finding| crate::rules::fingerprint::fingerprint("h.example", None, finding);
        assert_ne!(print(&sure), print(&expired));
        // The same for another certificate, or other pins, in one file.
        let mut other = sure.clone();
        let facts = |key: &str, value: &str| {
            let mut facts = sure.evidence.to_json();
            facts[key] = serde_json::json!([value]);
            facts
        };
        for key in ["certificate", "pins"] {
            other.evidence = facts(key, "another").into();
            assert_ne!(print(&sure), print(&other), "{key}");
        }
        other.evidence = facts("begins_at_worst", "2026-02-02").into();
        assert_eq!(print(&sure), print(&other), "a date is a measurement");
    }

    /// The third headline says what the gravest finding does.
    #[test]
    fn the_headline_tells_who_is_locked_out_now() {
        let mut headlines = compare(&MeasuredFacts::default(), &Circumstances::default()).headlines;
        let before = headlines.clone();
        headlines.join(&replay(vec![given(0, None)]));
        assert_eq!(headlines, before, "they lock nobody out");
        headlines.locks_out.sentence =
            "Nothing is known to lock users out. Not known for browsers: A5.".to_owned();
        let set = |locks_out_now| ReplayedPinSet { locks_out_now, ..given(0, None) };
        let sure = replay(vec![set(LocksOutNow::Surely), set(LocksOutNow::Surely)]);
        let told = "Clients with the pins of app.xml are locked out now.";
        // What is told already is not told again.
        for _ in 0..2 {
            headlines.join(&sure);
            assert_eq!(headlines.locks_out.now, [told]);
            assert_eq!(headlines.locks_out.sentence, format!("{told} Not known for browsers: A5."));
        }
        headlines.join(&replay(vec![ReplayedPinSet { refuses: false, ..set(LocksOutNow::Perhaps) }]));
        assert_eq!(headlines.locks_out.now.len(), 1, "they refuse nothing");
        headlines.join(&replay(vec![set(LocksOutNow::Perhaps)]));
        assert!(headlines.locks_out.sentence.contains("may be locked out now."), "{headlines:?}");
    }

    #[test]
    fn a_step_that_is_not_done_fails_and_one_that_is_not_known_is_open() {
        let nothing = compared(None, &[StepId::ExpectedCa, StepId::Caa]);
        assert_eq!(ids(&findings(&nothing)), ["CMP003"]);
        let open: Vec<String> = nothing.open_questions().into_iter().map(|question| question.what).collect();
        assert!(open.iter().any(|what| what.contains("the step “caa” is done")), "{open:?}");
        assert_eq!(ids(&findings(&compared(None, &[]))), Vec::<&str>::new());
        // What was not compared tells of no step: a gate that asks is not passed.
        let left_out = TargetVerdicts { comparison: Part::NotChecked("not asked for"), ..nothing };
        let asked = |question: &OpenQuestion| question.demanded && question.kind == OpenKind::Step;
        assert_eq!(left_out.open_questions().iter().filter(|question| asked(question)).count(), 2);
    }

    /// `check` has no gate of its own for what only `compare` looks at.
    #[test]
    fn nothing_is_raised_where_nothing_was_to_be_compared() {
        let checked = TargetVerdicts { is_compared: false, ..compared(None, &[StepId::ExpectedCa]) };
        assert_eq!(ids(&findings(&checked)), Vec::<&str>::new());
    }
}
