//! How long the watch takes, by states that are written by hand.

mod going;
mod model;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::ct::log_list::LogState;
use crate::ct::log_table::{KnownLog, LogTable};
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::issuance::{
    AlertQueue, AlertQueues, FollowedLog, IssuanceObservation, IssuanceSource, LogFollowing, LogRuns,
    LogSighting, WatchLooks,
};
use crate::evidence::{Bytes, Inputs as InputFiles, Request};
use crate::issuance::Status;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn inputs(policy: &str) -> Inputs {
    let content = FileContent::Read(Bytes(policy.as_bytes().to_vec()));
    let policy = Some(InputFile { path: "pinstead.toml".to_owned(), content, folder: None });
    Inputs::read(&Request::default(), &InputFiles { policy, ..InputFiles::default() }).unwrap()
}

/// A certificate that was logged and found at these times.
fn certificate(logged: &str, found: &str, is_proven: bool) -> LoggedCertificate {
    let stamp = u64::try_from(at(logged).as_millisecond()).unwrap().to_be_bytes();
    let leaf = Bytes([&[0, 0], &stamp[..], &[0, 0, 0, 0, 1, 0x30, 0, 0]].concat());
    let sighting = LogSighting {
        log_id: STANDARD.encode([1; 32]),
        index: 7,
        is_proven,
        leaf,
        chain: Vec::new(),
        seen: at(found),
    };
    LoggedCertificate {
        first_seen: at(found),
        certificate: None,
        precertificate: None,
        sightings: vec![sighting],
    }
}

const NOW: &str = "2026-11-20T12:00:00Z";
const LAST_SEEN: &str = "2026-11-20T11:50:00Z";

/// Who follows a log that runs look at.
fn runs(first: &str, last: &str) -> LogFollowing {
    LogFollowing {
        by_service: false,
        runs: Some(LogRuns { first: at(first), last: at(last), apart_seconds: 300 }),
    }
}

/// A state that follows every log that clients accept, up to its end.
fn state(certificates: Vec<LoggedCertificate>) -> WatchStateReading {
    let log = |(log, _): (KnownLog<'_>, LogState)| FollowedLog {
        log_id: log.id.to_string(),
        description: log.name.to_owned(),
        start: 0,
        proven: 9,
        read: 0,
        searched: Some(vec![(0, 9)]),
        head_size: Some(9),
        head_at: Some(at(LAST_SEEN)),
        head_seen: Some(at(LAST_SEEN)),
        faults: Vec::new(),
        following: Some(runs("2026-11-01T00:00:00Z", LAST_SEEN)),
    };
    let logs = LogTable::embedded().accepted(at(NOW)).into_iter().map(log).collect();
    let looks = WatchLooks {
        began: at("2026-11-01T00:00:00Z"),
        for_name: at(LAST_SEEN),
        is_latest: true,
        is_running: false,
    };
    WatchStateReading {
        is_watched: Some(true),
        logs,
        certificates,
        issuers: Vec::new(),
        looks: Some(looks),
        alerts: Some(AlertQueues::default()),
    }
}

fn summary(kind: SourceKind, coverage: Coverage) -> SourceSummary {
    SourceSummary {
        kind,
        place: "state.db".to_owned(),
        asked_at: at(NOW),
        coverage,
        current_to: None,
        scope: String::new(),
        reports: 0,
        problems: Vec::new(),
        unreadable: Vec::new(),
    }
}

/// What is made of one source, with the state behind it and a policy.
fn watch_of(source: SourceSummary, state: WatchStateReading, policy: &str) -> Fact<LogWatch> {
    watch_at(source, state, (at(NOW), at(NOW)), &inputs(policy))
}

/// The same of a state that was read then, and is judged at another time.
fn watch_at(
    source: SourceSummary,
    state: WatchStateReading,
    (read, judged): (Timestamp, Timestamp),
    inputs: &Inputs,
) -> Fact<LogWatch> {
    let verdict = IssuanceVerdict {
        name: "shop.example".parse().unwrap(),
        judged_at: judged,
        // Entries that were not searched leave open what was issued, and nothing of who watches now.
        status: Status::Undetermined("entries were not searched".to_owned()),
        sources: vec![source],
        certificates: Vec::new(),
        renewals: Vec::new(),
        expected: None,
        unknown_expectations: Vec::new(),
    };
    let told = IssuanceSource {
        asked_at: read,
        place: "state.db".to_owned(),
        broken_off: None,
        told: Told::WatchState(state),
    };
    let observation = IssuanceObservation { name: "shop.example".parse().unwrap(), sources: vec![told] };
    let evidence = IssuanceEvidence { observation, caa: Vec::new() };
    log_watch(&Part::Checked(verdict), Some(&evidence), inputs)
}

fn within(certificates: Vec<LoggedCertificate>, policy: &str) -> Within {
    match watch_of(summary(SourceKind::WatchState, Coverage::Whole), state(certificates), policy) {
        Fact::Measured(LogWatch::Watched(watch)) => watch.within.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_logged_while_the_watch_ran_measures_it() {
    let measured = within(
        vec![
            // The first was read long after it was logged: that says nothing of the watch.
            certificate("2025-01-01T00:00:00Z", "2026-11-10T00:00:00Z", true),
            certificate("2026-11-09T23:00:00Z", "2026-11-10T01:00:00Z", true),
            certificate("2026-11-11T00:00:00Z", "2026-11-11T01:30:00Z", true),
            certificate("2026-11-12T00:00:00Z", "2026-11-12T06:00:00Z", true),
            certificate("2026-11-13T00:00:00Z", "2026-11-13T03:00:00Z", true),
            // What a log gave once, and is not in its tree, has a time that nobody vouches for.
            certificate("2026-11-14T00:00:00Z", "2026-11-19T00:00:00Z", false),
        ],
        "",
    );
    assert_eq!(measured.at_best, SignedDuration::from_mins(90));
    // The next one may wait for the merge delay, and for a watch that looked ten minutes ago.
    assert_eq!(measured.at_worst, Some(SignedDuration::from_mins(24 * 60 + 10)));
    assert_eq!(
        measured.measured_by,
        "Measured on 3 certificates that the state of pinstead watch (state.db) found after 2026-11-10, from the log's \
         time stamp to the finding: 3 h in the middle, 6 h the longest; at worst as bounded, for the next one, if it goes \
         on as it did: a log may take 1 d to include what it promised, and the watch looked last 10 min before; the \
         handling of the alert is not counted."
    );
    let late = within(
        vec![
            certificate("2025-01-01T00:00:00Z", "2026-11-01T00:00:00Z", true),
            certificate("2026-11-12T00:00:00Z", "2026-11-15T00:00:00Z", true),
        ],
        "",
    );
    assert_eq!(late.at_worst, Some(SignedDuration::from_hours(72)), "it was later than any bound");
}

#[test]
fn without_a_measure_the_parts_of_the_bound_are_named() {
    let old = || vec![certificate("2025-01-01T00:00:00Z", "2026-11-10T00:00:00Z", true)];
    for certificates in [Vec::new(), old()] {
        let bounded = within(certificates, "");
        // 24 hours, and the ten minutes since it was looked at.
        assert_eq!(bounded.at_worst, Some(SignedDuration::from_mins(24 * 60 + 10)));
        assert_eq!(
            bounded.measured_by,
            "Not measured, for nothing was logged since the watch found its first; bounded, if it goes on as it did: a \
             log may take 1 d to include what it promised, and the watch looked last 10 min before; the handling of the \
             alert is not counted."
        );
    }
    let hourly = within(Vec::new(), "[watch]\ninterval_seconds = 3600\n");
    assert_eq!(hourly.at_worst, Some(SignedDuration::from_hours(25)));
    assert!(hourly.measured_by.contains("once in 1 h by the policy"), "{}", hourly.measured_by);
}

#[test]
fn what_a_source_does_not_vouch_for_is_said() {
    let of = |kind, coverage| watch_of(summary(kind, coverage), state(Vec::new()), "");
    let mut faulty = state(Vec::new());
    faulty.logs[0].faults.push("two trees".to_owned());
    let lacking = format!("{}: two trees", faulty.logs[0].description);
    match watch_of(summary(SourceKind::WatchState, Coverage::Part("a part".to_owned())), faulty, EXPECTS) {
        Fact::Measured(LogWatch::Watched(watch)) => {
            assert_eq!(watch.lacks, Some(lacking));
            assert!(!watch.compares_keys);
        }
        other => panic!("{other:?}"),
    }
    match of(SourceKind::CrtSh, Coverage::Whole) {
        Fact::Measured(LogWatch::LookedUp(watch)) => assert_eq!(watch.within, None),
        other => panic!("{other:?}"),
    }
    assert_eq!(of(SourceKind::WatchState, Coverage::NoData("no log".to_owned())), Fact::Undetermined);
    assert_eq!(of(SourceKind::CrtSh, Coverage::NotAsked("offline".to_owned())), Fact::NotGiven);
    assert_eq!(of(SourceKind::Files, Coverage::Whole), Fact::NotGiven, "files watch no log");
    assert_eq!(log_watch(&Part::NotChecked("not asked for"), None, &inputs("")), Fact::NotGiven);
    let keys = format!(
        "[[domain]]\nname = \"shop.example\"\nknown_keys = [\"{}\"]\n",
        crate::x509::SpkiSha256::of(b"key")
    );
    match watch_of(summary(SourceKind::WatchState, Coverage::Whole), state(Vec::new()), &keys) {
        Fact::Measured(LogWatch::Watched(watch)) => assert!(watch.compares_keys),
        other => panic!("{other:?}"),
    }
}

/// A policy that names a CA for the host.
const EXPECTS: &str = "[[domain]]\nname = \"shop.example\"\nexpect_ca = [\"ca.example\"]\n";

/// What is lacking of a watch whose state was kept so.
fn lacks(looks: Option<WatchLooks>, policy: &str) -> Option<String> {
    let kept = WatchStateReading { looks, ..state(Vec::new()) };
    match watch_of(summary(SourceKind::WatchState, Coverage::Whole), kept, policy) {
        Fact::Measured(LogWatch::Watched(watch)) => watch.lacks,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_is_watched_only_where_the_watch_goes_on_for_it() {
    let looks = WatchLooks {
        began: at("2026-11-01T00:00:00Z"),
        for_name: at(LAST_SEEN),
        is_latest: true,
        is_running: true,
    };
    assert_eq!(lacks(Some(looks.clone()), EXPECTS), None, "it is run again and again");
    let others = WatchLooks { is_latest: false, ..looks.clone() };
    assert!(lacks(Some(others), EXPECTS).unwrap().contains("looked last for other names"));
    assert!(lacks(None, EXPECTS).unwrap().contains("is not known"));
    // What is expected on the command line, the watch does not know.
    assert!(lacks(Some(looks), "").unwrap().contains("with which CAs it compares is not known"));
}

/// What is lacking of a watch whose logs stand so.
fn lacks_of(change: impl Fn(&mut WatchStateReading)) -> (Option<String>, Option<String>) {
    let mut kept = state(Vec::new());
    change(&mut kept);
    let part = Coverage::Part("a part".to_owned());
    match watch_of(summary(SourceKind::WatchState, part), kept, EXPECTS) {
        Fact::Measured(LogWatch::Watched(watch)) => (watch.lacks, watch.older),
        other => panic!("{other:?}"),
    }
}

fn each_log(change: impl Fn(&mut FollowedLog)) -> (Option<String>, Option<String>) {
    lacks_of(|state| state.logs.iter_mut().for_each(&change))
}

#[test]
fn what_is_older_than_the_watch_is_no_question_of_watching() {
    assert_eq!(lacks_of(|_| ()), (None, None));
    let older = |count: usize| {
        Some(format!(
            "it was begun on 2026-11-01, and has not searched all of {count} logs: what stands there from before is a \
             question of issuance, not of watching"
        ))
    };
    let all = state(Vec::new()).logs.len();
    // From the end, with entries since and without; seven days back; a name that was added to a log known before.
    let begun = |start, searched: &[(u64, u64)]| {
        each_log(|log| (log.start, log.searched) = (start, Some(searched.to_vec())))
    };
    assert_eq!(begun(5, &[(5, 9)]), (None, older(all)));
    assert_eq!(begun(9, &[]), (None, older(all)));
    assert_eq!(begun(0, &[(3, 9)]), (None, older(all)));
    // What came since and was read for others alone, or not at all, is.
    for searched in [&[(0, 7)][..], &[(0, 4), (6, 9)], &[]] {
        let lacks = begun(0, searched).0.unwrap();
        assert!(lacks.contains("were not searched for the name"), "{lacks}");
    }
    let behind = each_log(|log| log.head_size = Some(20)).0.unwrap();
    assert!(behind.contains("entries 9 to 19 are not proven yet"), "{behind}");
    let old = each_log(|log| log.head_seen = Some(at("2026-11-18T00:00:00Z"))).0.unwrap();
    assert!(old.contains("its tree head was seen last on 2026-11-18"), "{old}");
    let none = each_log(|log| (log.head_size, log.head_at, log.head_seen) = (None, None, None)).0.unwrap();
    assert!(none.contains("no tree head of it was seen yet"), "{none}");
    assert!(none.contains("more logs are not watched up to their ends"), "{none}");
    let dropped = lacks_of(|state| state.is_watched = Some(false)).0.unwrap();
    assert_eq!(dropped, "the name is not watched, or only names below it");
}

#[test]
fn every_log_that_clients_accept_has_to_be_followed() {
    let all = state(Vec::new());
    let table = LogTable::embedded();
    let is_read = |log: &FollowedLog| table.log(&log.log_id.parse().unwrap()).unwrap().read_at().is_some();
    let place = all.logs.iter().position(is_read).unwrap();
    let (count, last) = (all.logs.len(), all.logs[place].description.clone());
    let one = lacks_of(|state| {
        state.logs.remove(place);
    });
    assert_eq!(one.0, Some(format!("it does not follow 1 of the {count} logs that clients accept: {last}")));
    let most = lacks_of(|state| state.logs.truncate(1)).0.unwrap();
    assert!(most.starts_with(&format!("it does not follow {} of the {count} logs", count - 1)), "{most}");
    assert!(most.contains(&format!(" and {} more (where ", count - 1 - 5)), "{most}");
    assert!(most.ends_with(
        "of them are read, the lists in use do not say: `pinstead logs update` fetches newer ones)"
    ));
    // A log that clients accept no more may have been left behind.
    let retired = FollowedLog { log_id: STANDARD.encode([1; 32]), proven: 2, ..all.logs[0].clone() };
    assert_eq!(lacks_of(|state| state.logs.push(retired.clone())), (None, None));
}

#[test]
fn which_logs_are_accepted_no_old_list_tells() {
    let (inputs, state) = (inputs(EXPECTS), state(Vec::new()));
    let source = IssuanceSource {
        asked_at: at(NOW),
        place: "state.db".to_owned(),
        broken_off: None,
        told: Told::WatchState(state.clone()),
    };
    let lacks = |judged_at: &str| now::lacks(&source, &state, &Logs::of(&inputs, at(judged_at)));
    let is_old = |lack: &String| lack.starts_with("which logs clients accept by now is not known");
    assert!(!lacks(NOW).iter().any(is_old));
    let list = inputs.logs.list_at(crate::ct::log_list::Program::Chrome, at(NOW)).unwrap().current_at;
    let after = |days: i64| (list + SignedDuration::from_hours(24 * days)).to_string();
    assert!(!lacks(&after(69)).iter().any(is_old));
    assert!(lacks(&after(70)).iter().any(is_old));
}
