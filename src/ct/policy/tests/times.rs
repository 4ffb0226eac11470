//! As of when policies are judged, and by which lists.

use super::*;

const DAY: i64 = 86_400;

fn later(text: &str, seconds: i64) -> String {
    (time(text) + SignedDuration::from_secs(seconds)).to_string()
}

#[test]
fn a_list_of_70_days_judges_nothing() {
    let certificate = Issuer::new().certificate(170 * DAY);
    let scts = [sct("a1"), sct("b1")];
    let table = table();
    assert_eq!(signs(&judged(&certificate, &scts, &table, &later(LISTED, 70 * DAY - 1))), "++++");
    let policies = judged(&certificate, &scts, &table, &later(LISTED, 70 * DAY));
    assert_eq!(signs(&policies), "????");
    for (program, verdict) in policies.iter() {
        assert_eq!(verdict.list.as_ref().map(|list| list.age_days), Some(70), "{program:?}");
        assert!(verdict.reasons[0].contains("is 70 days old"), "{:?}", verdict.reasons);
        assert!(verdict.scts.iter().all(|sct| sct.counted == Counted::Open));
    }
    assert!(policies.apple.reasons[0].contains("our caution"));
    for (program, verdict) in policies.iter() {
        let fetches = verdict.reasons[0].contains("logs update");
        assert_eq!(fetches, program != Program::Mozilla, "{:?}", verdict.reasons);
    }
    assert!(policies.mozilla.reasons[0].contains("--log-list mozilla=FILE"));
}

#[test]
fn each_programme_is_judged_by_its_own_list() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let scts = [sct("a1"), sct("b1")];
    let without_b = list(Program::Apple, LISTED, |log| log.operator != "B");
    let old = list(Program::Mozilla, "2026-08-01T00:00:00Z", |_| true);
    let whole = list(Program::Chrome, LISTED, |_| true);
    let table = LogTable::from_lists(&[&without_b, &old, &whole]);
    let policies = judged(&certificate, &scts, &table, NOW);
    assert_eq!(signs(&policies), "+-??");
    assert!(policies.apple.scts[1].reason.contains("not in Apple's list"));
    assert_eq!(policies.mozilla.list.as_ref().map(|list| list.age_days), Some(92));
    assert_eq!(policies.android.list, None);
    assert!(policies.android.has_no_list() && !policies.mozilla.has_no_list());
    assert!(policies.android.reasons[0].contains("does not speak for Android"), "{:?}", policies.android);
}

#[test]
fn an_expired_certificate_is_judged_as_of_its_own_life() {
    let issuer = Issuer::new();
    let scts = [sct("a1"), sct("b1")];
    let table = table();
    // It ends while the list is timely: judged as of its end.
    let short = issuer.certificate(60 * DAY);
    let policies = judged(&short, &scts, &table, "2030-01-01T00:00:00Z");
    assert_eq!(signs(&policies), "++++");
    assert_eq!(policies.chrome.judged_at, short.not_after);
    assert!(policies.chrome.reasons[0].contains("the end of its life"), "{:?}", policies.chrome);
    // It outlives the list: judged as of the last moment at which the list was timely.
    let long = issuer.certificate(170 * DAY);
    let policies = judged(&long, &scts, &table, "2030-01-01T00:00:00Z");
    assert_eq!(signs(&policies), "++++");
    assert_eq!(policies.apple.judged_at, time(&later(LISTED, 70 * DAY - 1)));
    assert!(policies.apple.reasons[0].contains("last moment of its life"), "{:?}", policies.apple);
    assert_eq!(policies.apple.list.as_ref().map(|list| list.age_days), Some(69));
}

/// Within its life only lists of long before are known.
#[test]
fn an_expired_certificate_without_a_list_of_its_life_is_not_judged() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let ancient = list(Program::Chrome, "2026-06-01T00:00:00Z", |_| true);
    let table = LogTable::from_list(&ancient);
    let policies = judged(&certificate, &[sct("a1"), sct("b1")], &table, "2030-01-01T00:00:00Z");
    assert_eq!(signs(&policies), "????");
    assert!(policies.chrome.reasons[0].contains("not known at that date"), "{:?}", policies.chrome);
}

/// The embedded histories begin in 2026, but for Chrome's with single lists of 2019, 2021 and 2025.
#[test]
fn before_the_history_nothing_is_known() {
    let ca = CaCertificate::root("Test CA", KeyAlgorithm::P256, time("2022-01-01T00:00:00Z")).unwrap();
    let (not_before, not_after) = (time("2022-01-01T00:00:00Z"), time("2022-03-01T00:00:00Z"));
    let request = LeafRequest::new(&["test.example"], not_before).unwrap();
    let request = LeafRequest { not_before, not_after, ..request };
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let policies = judged(&certificate, &[sct("elsewhere")], &LogTable::embedded(), "2022-02-01T00:00:00Z");
    assert_eq!(signs(&policies), "????");
    assert!(policies.chrome.reasons[0].contains("2021-05-11"), "{:?}", policies.chrome);
    // Newer lists are known, and no further one would be of then.
    assert!(!policies.chrome.reasons[0].contains("logs update"), "{:?}", policies.chrome);
    for (program, verdict) in policies.iter().skip(1) {
        assert!(verdict.reasons[0].contains("not known at that date"), "{program:?} {verdict:?}");
        assert!(!verdict.has_no_list());
    }
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_judged_as_of_its_first_moment() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let policies = judged(&certificate, &[sct("a1"), sct("b1")], &table(), "2026-09-01T00:00:00Z");
    assert_eq!(signs(&policies), "++++");
    assert_eq!(policies.chrome.judged_at, certificate.not_before);
    assert!(policies.chrome.reasons[0].contains("not valid before"), "{:?}", policies.chrome);
}

/// CAs date certificates back: their SCTs are made after notBefore.
#[test]
fn before_its_scts_a_certificate_is_not_judged() {
    let issuer = Issuer::new();
    let certificate = issuer.certificate(90 * DAY);
    let made = |seconds, name| at(&later(ISSUED, seconds), sct(name));
    let (table, before) = (table(), "2026-09-01T00:00:00Z");
    let policies = judged(&certificate, &[made(60, "a1"), made(3600, "b1")], &table, before);
    assert_eq!(signs(&policies), "++++");
    assert_eq!(policies.apple.judged_at, time(&later(ISSUED, 3600)));
    assert!(policies.apple.reasons[0].contains("its SCTs were made until"), "{:?}", policies.apple);
    // Two days later is no issuance any more; what does not verify moves nothing.
    let late = [made(60, "a1"), made(2 * DAY + 1, "b1")];
    let policies = judged(&certificate, &late, &table, before);
    assert_eq!(signs(&policies), "---+");
    assert_eq!(policies.chrome.judged_at, time(&later(ISSUED, 60)));
    let wrong = SctVerdict { outcome: SctOutcome::InvalidSignature, ..made(3600, "b1") };
    let policies = judged(&certificate, &[made(60, "a1"), wrong], &table, before);
    assert_eq!(policies.chrome.judged_at, time(&later(ISSUED, 60)));
    // From notBefore on, the time asked for stands.
    let valid = judged(&certificate, &[sct("a1"), made(3600, "b1")], &table, ISSUED);
    assert_eq!(signs(&valid), "---+");
    // Expired, with a list that was timely only before the SCTs were made.
    let old = list(Program::Chrome, &later(ISSUED, 1800 - 70 * DAY), |_| true);
    let table_of_old = LogTable::from_list(&old);
    let scts = [made(3600, "a1"), made(3600, "b1")];
    let policies = judged(&certificate, &scts, &table_of_old, "2027-10-01T00:00:00Z");
    assert_eq!(signs(&policies), "????");
    let scts = [made(60, "a1"), made(60, "b1")];
    let policies = judged(&certificate, &scts, &table_of_old, "2027-10-01T00:00:00Z");
    assert_eq!(policies.chrome.outcome, PolicyOutcome::Compliant, "{:?}", policies.chrome);
}

/// A version that is seen again was current in between.
#[test]
fn a_list_seen_again_was_current_until_then() {
    let seen = |date: &str| {
        let seen = list(Program::Apple, date, |_| true);
        LogList { version: Some("511".to_owned()), ..seen }
    };
    let (first, again) = (seen("2026-07-01T00:00:00Z"), seen("2026-10-20T00:00:00Z"));
    let table = LogTable::from_lists(&[&first, &again]);
    let list = |at_time: &str| table.list_at(Program::Apple, time(at_time)).unwrap();
    let between = list("2026-10-01T00:00:00Z");
    assert_eq!(between.timestamp, time("2026-07-01T00:00:00Z"));
    assert_eq!(between.current_at, time("2026-10-01T00:00:00Z"));
    assert_eq!(list(NOW).current_at, time("2026-10-20T00:00:00Z"));
    assert_eq!(list(NOW).timestamp, time("2026-07-01T00:00:00Z"));
}

/// The log came between two lists, nobody knows when: its SCT is open, and the verdict where that decides.
#[test]
fn a_state_that_is_not_known_at_the_time_leaves_the_sct_open() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let early = list(Program::Chrome, "2026-09-15T00:00:00Z", |log| log.operator != "B");
    let mut late = list(Program::Chrome, "2026-10-25T00:00:00Z", |_| true);
    for log in late.logs.iter_mut().filter(|log| log.operator == "B") {
        for state in &mut log.states {
            state.since = None;
        }
    }
    let table = LogTable::from_lists(&[&early, &late]);
    let open = judged(&certificate, &[sct("a1"), sct("b1")], &table, "2026-10-10T00:00:00Z");
    assert_eq!(open.chrome.outcome, PolicyOutcome::NotJudged);
    assert_eq!(open.chrome.scts[1].counted, Counted::Open);
    assert!(open.chrome.reasons.iter().any(|reason| reason.contains("is not known")), "{:?}", open.chrome);
    let settled = judged(
        &certificate,
        &[sct("a1"), sct("sold"), sct("b1"), sct("read-only")],
        &table,
        "2026-10-10T00:00:00Z",
    );
    assert_eq!(settled.chrome.outcome, PolicyOutcome::Compliant, "{:?}", settled.chrome);
    // Before the early list was superseded, and after the late one came, it is known.
    let known = judged(&certificate, &[sct("a1"), sct("b1")], &table, NOW);
    assert_eq!(known.chrome.outcome, PolicyOutcome::Compliant);
}

/// What the rules were is known as far as the sources say.
#[test]
fn rules_that_changed_hold_from_their_day_on() {
    let chrome = |scts: &[SctVerdict], at: &str| {
        let ca = CaCertificate::root("Old CA", KeyAlgorithm::P256, time("2021-01-01T00:00:00Z")).unwrap();
        let not_before = time(at) - SignedDuration::from_hours(24);
        let request = LeafRequest::new(&["test.example"], not_before).unwrap();
        let request = LeafRequest {
            not_before,
            not_after: not_before + SignedDuration::from_hours(24 * 30),
            ..request
        };
        let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
        let certificate = Certificate::read(&leaf.der).unwrap();
        let scts: Vec<_> =
            scts.iter().map(|sct| SctVerdict { timestamp: Some(not_before), ..sct.clone() }).collect();
        let table = LogTable::from_list(&list(Program::Chrome, at, |_| true));
        judged(&certificate, &scts, &table, at).chrome.outcome
    };
    let ocsp_alone = [ocsp(sct("a1")), ocsp(sct("b1"))];
    assert_eq!(chrome(&ocsp_alone, "2026-03-19T00:00:00Z"), PolicyOutcome::Compliant);
    assert_eq!(chrome(&ocsp_alone, "2026-04-20T00:00:00Z"), PolicyOutcome::NotJudged);
    assert_eq!(chrome(&ocsp_alone, "2026-06-15T00:00:00Z"), PolicyOutcome::NotCompliant);
    let static_alone = [sct("b static"), sct("c static")];
    assert_eq!(chrome(&static_alone, "2026-04-14T23:59:59Z"), PolicyOutcome::NotJudged);
    assert_eq!(chrome(&static_alone, "2026-04-15T00:00:00Z"), PolicyOutcome::Compliant);
    assert_eq!(chrome(&[sct("a1"), sct("b1")], "2026-04-14T23:59:59Z"), PolicyOutcome::Compliant);
}

/// A certificate of some dates, and SCTs made at its notBefore.
fn dated(not_before: &str, not_after: &str, scts: &[SctVerdict]) -> (Certificate, Vec<SctVerdict>) {
    let (not_before, not_after) = (time(not_before), time(not_after));
    let ca = CaCertificate::root("Old CA", KeyAlgorithm::P256, not_before).unwrap();
    let request = LeafRequest::new(&["test.example"], not_before).unwrap();
    let leaf = issue(&ca, &LeafRequest { not_before, not_after, ..request }, &SctPlan::default()).unwrap();
    let scts = scts.iter().map(|sct| SctVerdict { timestamp: Some(not_before), ..sct.clone() }).collect();
    (Certificate::read(&leaf.der).unwrap(), scts)
}

fn chrome_at(not_before: &str, judged_at: &str) -> PolicyVerdict {
    let (certificate, scts) = dated(not_before, "2022-08-01T00:00:00Z", &[sct("a1"), sct("b1")]);
    judged(&certificate, &scts, &old_table(judged_at), judged_at).chrome
}

/// Every programme's list of a date, whose logs were usable long before.
fn old_table(date: &str) -> LogTable {
    let of = |program| {
        let mut list = list(program, date, |log| log.state == USABLE);
        for log in &mut list.logs {
            log.interval = None;
            for state in &mut log.states {
                state.since = Some(time("2020-01-01T00:00:00Z"));
            }
        }
        list
    };
    let lists: Vec<LogList> = Program::ALL.into_iter().map(of).collect();
    LogTable::from_lists(&lists.iter().collect::<Vec<_>>())
}

/// Chrome goes by the day of issuance, not by today's.
#[test]
fn what_was_issued_under_older_rules_is_not_judged_by_the_present_ones() {
    let old = chrome_at("2022-04-14T00:00:00Z", "2022-05-01T00:00:00Z");
    assert_eq!(old.outcome, PolicyOutcome::NotJudged);
    assert!(old.reasons.iter().any(|reason| reason.contains("issued since 2022-04-15")), "{old:?}");
    let new = chrome_at("2022-04-15T00:00:00Z", "2022-05-01T00:00:00Z");
    assert_eq!(new.outcome, PolicyOutcome::Compliant, "{new:?}");
}

/// What is open would bring in a rule of which it is not known whether it was enforced: that is told.
#[test]
fn the_rule_that_would_decide_is_told() {
    let unchecked = |name| SctVerdict { outcome: SctOutcome::IssuerUnknown, ..sct(name) };
    let (certificate, scts) = dated(
        "2026-03-20T00:00:00Z",
        "2026-06-01T00:00:00Z",
        &[unchecked("b static"), unchecked("c static")],
    );
    let judged_at = "2026-04-01T00:00:00Z";
    let verdict = judged(&certificate, &scts, &old_table(judged_at), judged_at).chrome;
    assert_eq!(verdict.outcome, PolicyOutcome::NotJudged);
    assert!(verdict.reasons.iter().any(|reason| reason.contains("RFC 6962 log")), "{verdict:?}");
}

/// Apple goes by the certificate's date, Firefox and Android by when they began to enforce.
#[test]
fn each_programme_is_judged_from_its_own_day_on() {
    for (program, of_certificate, day, words) in [
        (Program::Apple, true, "2021-04-21T00:00:00Z", "issued since 2021-04-21"),
        (Program::Mozilla, false, "2025-02-04T00:00:00Z", "Firefox enforces CT since version 135"),
        (Program::Android, false, "2025-06-10T00:00:00Z", "Android enforces CT since version 16"),
    ] {
        let verdict = |seconds: i64| {
            let start = later(day, if of_certificate { seconds } else { -30 * DAY });
            let judged_at = later(day, if of_certificate { 30 * DAY } else { seconds });
            let (certificate, scts) = dated(&start, &later(day, 60 * DAY), &[sct("a1"), sct("b1")]);
            judged(&certificate, &scts, &old_table(&judged_at), &judged_at).of(program).clone()
        };
        let before = verdict(-1);
        assert_eq!(before.outcome, PolicyOutcome::NotJudged, "{program:?}");
        assert!(before.reasons.iter().any(|reason| reason.contains(words)), "{before:?}");
        assert_eq!(verdict(0).outcome, PolicyOutcome::Compliant, "{program:?}");
    }
}

/// Apple's list states no date. How old a given one is, its newest change tells only roughly.
#[test]
fn a_list_without_date_is_said_to_be_one() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let undated = LogList { timestamp: None, ..list(Program::Apple, LISTED, |log| log.state == USABLE) };
    let judged = judged(&certificate, &[sct("a1"), sct("b1")], &LogTable::from_list(&undated), NOW).apple;
    assert_eq!(judged.unjudged, Some(Unjudged::OldList));
    let reason = &judged.reasons[0];
    assert!(reason.contains("states no date; its newest change is of 2025-01-01"), "{reason}");
    assert!(reason.contains("`pinstead logs update`, which records when the list was seen"), "{reason}");
}

/// Before the log was sold, the operator of then ran it: two SCTs of one operator.
#[test]
fn who_runs_a_log_is_told_as_of_the_judgement() {
    let certificate = Issuer::new().certificate(90 * DAY);
    let scts = [sct("a1"), sct("sold")];
    let before = judged(&certificate, &scts, &table(), "2026-09-24T00:00:00Z");
    assert_eq!(signs(&before), "----");
    assert_eq!(signs(&judged(&certificate, &scts, &table(), NOW)), "-+++");
}

/// Let's Encrypt's Oak logs are retired in Google's lists since 2026-02-28, and read-only in Apple's.
#[test]
fn real_logs_stand_as_each_programme_listed_them() {
    let table = LogTable::embedded();
    let ca = CaCertificate::root("Test CA", KeyAlgorithm::P256, time("2025-11-01T00:00:00Z")).unwrap();
    let (not_before, not_after) = (time("2025-11-01T00:00:00Z"), time("2026-11-30T00:00:00Z"));
    let request = LeafRequest::new(&["test.example"], not_before).unwrap();
    let leaf = issue(&ca, &LeafRequest { not_before, not_after, ..request }, &SctPlan::default()).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let of = |part: &str| {
        let log = table.iter().find(|log| log.name.contains(part)).unwrap();
        SctVerdict {
            log_id: Some(log.id),
            log: Some(SctLog {
                name: log.name.to_owned(),
                operator: log.operator.to_owned(),
                log_type: log.log_type,
            }),
            timestamp: Some(not_before),
            ..sct("a1")
        }
    };
    let scts = [of("Argon2026h2"), of("Nimbus2026"), of("Oak2026h2")];
    let before = judged(&certificate, &scts, &table, "2026-02-20T00:00:00Z");
    assert_eq!(signs(&before), "++++");
    assert_eq!(before.chrome.scts[2].state_now, LogState::Readonly);
    // On this day all four lists were timely.
    let after = judged(&certificate, &scts, &table, "2026-09-01T00:00:00Z");
    assert_eq!(signs(&after), "++++");
    let states = |verdict: &PolicyVerdict| (verdict.scts[2].state_then, verdict.scts[2].state_now);
    assert_eq!(states(&after.chrome), (LogState::Usable, LogState::Retired));
    assert_eq!(states(&after.mozilla).1, LogState::Retired);
    assert_eq!(states(&after.android).1, LogState::Retired);
    assert_eq!(states(&after.apple).1, LogState::Readonly);
    // An SCT that Oak had made after it retired would not count.
    let late = SctVerdict { timestamp: Some(time("2026-03-15T00:00:00Z")), ..of("Oak2026h2") };
    let policies =
        judged(&certificate, &[of("Argon2026h2"), of("Nimbus2026"), late], &table, "2026-09-01T00:00:00Z");
    assert_eq!(signs(&policies), "---+");
    // Later, Apple's list and Android's are too old.
    let policies = judged(&certificate, &scts, &table, "2026-11-21T00:00:00Z");
    assert_eq!(signs(&policies), "+?+?");
}
