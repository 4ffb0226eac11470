//! Reports of a state on which others work as well: whatever was found stands in one, judged by the wishes of whoever reports.

use pinstead::watch::state::{NewAlert, Place, State, StateOptions};

use super::gate::wait_for;
use super::*;

impl Served {
    /// Starts a service by this policy, and waits until it has told all that there is.
    fn service(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        let mut watching = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // One may be told again by what is known later.
        let told =
            || self.arrived().into_keys().map(|subject| subject[..64].to_owned()).collect::<BTreeSet<_>>();
        for _ in 0..600 {
            if told().len() == certificates() {
                return watching;
            }
            if watching.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{} alerts: {}", told().len(), end(watching));
    }

    /// Adds to the policy, which has the one hook.
    fn wish(&self, wishes: &str) {
        let path = self.folder.path().join("pinstead.toml");
        let alerts = std::fs::read_to_string(&path).unwrap();
        let alerts = alerts.find("[alerts]").map(|at| alerts[at..].to_owned()).unwrap();
        std::fs::write(path, format!("{wishes}{alerts}")).unwrap();
    }
}

fn end(mut service: Child) -> String {
    run("kill", &["-TERM", &service.id().to_string()]);
    let mut told = String::new();
    std::io::Read::read_to_string(&mut service.stderr.take().unwrap(), &mut told).unwrap();
    assert_eq!(service.wait().unwrap().code(), Some(0), "{told}");
    told
}

fn listed(report: &Value) -> &Vec<Value> {
    report["certificates"].as_array().unwrap()
}

#[test]
fn what_a_service_found_stands_in_the_next_report() {
    let served = Served::start(Options::default());
    let service = served.service(&[]);
    // Beside it, and after it.
    let beside = served.once(&["--fail-on", "info"]);
    assert_eq!(beside.status.code(), Some(1), "{}", text(&beside));
    assert_eq!(listed(&json(&beside)).len(), certificates());
    end(service);
    let status = json(&served.command(&["--status", "--format", "json"]).output().unwrap());
    assert_eq!(status["alerts_unreported"], 0, "{status}");
    let after = served.once(&["--fail-on", "info"]);
    assert_eq!((after.status.code(), listed(&json(&after)).len()), (Some(0), 0), "{}", text(&after));
    assert!(served.arrived().values().all(|ids| ids.len() == 1), "and the channels once");
}

#[test]
fn a_report_leaves_what_is_for_other_names_to_who_watches_them() {
    let served = Served::start(Options::default());
    end(served.service(&[]));
    let other = ["--once", "--format", "json", "--domain", "other.example"];
    let other = json(&served.bare(&other).output().unwrap());
    assert_eq!(listed(&other).len(), 0);
    assert_eq!(other["certificates_of_names_not_watched"], certificates());
    assert_eq!(listed(&json(&served.once(&[]))).len(), certificates());
}

/// All CAs that issued what a report lists, as those of a policy.
fn own_cas(report: &Value) -> String {
    let key = |one: &Value| one["details"]["issuer"]["spki_sha256"].as_str().unwrap().to_owned();
    let keys: BTreeSet<String> = listed(report).iter().map(key).collect();
    let private = |key: &String| format!("[[private_ca]]\nowner = \"World\"\nspki_sha256 = \"{key}\"\n");
    keys.iter().map(private).collect::<Vec<_>>().concat()
}

#[test]
fn a_report_judges_by_its_own_wishes_whoever_found_it() {
    let served = Served::start(Options::default());
    let first = json(&served.once(&["--state", "keys.db"]));
    let own = own_cas(&first);
    // Who finds it has no wishes, expects another CA, or just this one; and so does whoever reports.
    for (finder, reporter, wanted) in [
        ("", Some("World"), ("expected", 0)),
        ("", Some("letsencrypt.org"), ("unexpected", 1)),
        ("expect_ca = [\"letsencrypt.org\"]\n", Some("World"), ("expected", 0)),
        ("expect_ca = [\"World\"]\n", Some("letsencrypt.org"), ("unexpected", 1)),
        // Who wishes nothing takes nothing back.
        ("expect_ca = [\"letsencrypt.org\"]\n", None, ("unexpected", 1)),
    ] {
        let _ = std::fs::remove_file(served.folder.path().join("alerts"));
        let state = format!("{}.db", served.folder.path().read_dir().unwrap().count());
        served.wish(&format!("{finder}{own}"));
        end(served.service(&["--state", &state]));
        served.wish(if reporter.is_some() { &own } else { "" });
        let expected = reporter.map(|ca| ["--expect-ca", ca]);
        let arguments = ["--state", &state].into_iter().chain(expected.into_iter().flatten());
        let report = served.once(&arguments.collect::<Vec<_>>());
        let told = json(&report);
        assert_eq!(listed(&told).len(), certificates(), "{finder} {reporter:?}");
        let expectations: BTreeSet<&str> =
            listed(&told).iter().map(|one| one["expectation"].as_str().unwrap()).collect();
        assert_eq!((expectations, report.status.code()), (BTreeSet::from([wanted.0]), Some(wanted.1)));
    }
}

#[test]
fn a_run_by_hand_takes_no_alert_from_the_journal_of_the_service() {
    let served = Served::start(Options::default());
    let hook = served.folder.path().display();
    let hook = format!(
        "[[alerts.hook]]\nname = \"file\"\n\
         command = [\"/bin/sh\", \"-c\", \"cat >> {hook}/alerts; echo >> {hook}/alerts\"]\n"
    );
    std::fs::write(served.folder.path().join("pinstead.toml"), hook).unwrap();
    let lines = |told: &str| told.lines().filter(|line| line.contains("] New certificate")).count();
    // The service is not there now, and was. Something else waits for it each time, so that it is seen to come to it.
    let waits_besides = |what: &str| {
        world::runtime().block_on(async {
            let place = Place::File(served.folder.path().join("pinstead-state.db"));
            let options = StateOptions { channels: vec!["stderr".to_owned()], most_octets: None };
            let state = State::open(&place, &options).await.unwrap();
            let payload = serde_json::json!({"title": what, "severity": "info"}).to_string();
            let alert = NewAlert { kind: "test".to_owned(), subject: what.to_owned(), payload };
            state.add_alert(&alert).await.unwrap();
            state.close().await;
        });
    };
    waits_besides("first");
    let by_hand = served.command(&["--once"]).output().unwrap();
    assert_eq!(lines(&String::from_utf8_lossy(&by_hand.stderr)), certificates(), "{}", text(&by_hand));
    // All of it waits for the service as well, and is told there once, also over a restart.
    let waits = || {
        let sql = "SELECT COUNT(*) FROM deliveries WHERE channel = 'stderr' AND delivered_at IS NULL";
        usize::try_from(asked(&served, sql)).unwrap()
    };
    assert_eq!(waits(), certificates() + 1);
    let mut told = String::new();
    for _ in 0..2 {
        let mut command = served.command(&[]);
        let service = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the journal", || waits() == 0);
        told += &end(service);
        waits_besides("second");
    }
    assert_eq!((told.matches("] first").count(), told.matches("] second").count()), (1, 1), "{told}");
    assert_eq!(lines(&told), certificates(), "{told}");
}

#[test]
fn what_one_policy_determines_stays_open_for_another() {
    let served = Served::start(Options::default());
    // To one policy the keys are unknown, to the other they are its own CA's.
    let unknown = ["--expect-ca", "letsencrypt.org"];
    let report = json(&served.once(&unknown));
    let own = own_cas(&report);
    let known = |with_cas: bool| {
        served.wish(if with_cas { &own } else { "" });
        let output = served.once(if with_cas { &["--expect-ca", "World"] } else { &unknown });
        // Some may be told once more, as they were judged by the other one in between.
        let report = json(&output);
        let before = report["certificates_undetermined_before"].as_array().unwrap();
        let open = before.iter().chain(listed(&report));
        let open: BTreeSet<&str> = open
            .filter(|one| one["expectation"] == "undetermined")
            .map(|one| one["tbs_sha256"].as_str().unwrap())
            .collect();
        (output.status.code().unwrap(), open.len())
    };
    // The others have ended.
    let left = known(false);
    assert!(left.0 == 3 && left.1 > 0, "{left:?}");
    assert_eq!(known(true), (0, 0), "its own CA issued all");
    let again = known(false);
    assert!(again.0 == 3 && again.1 >= left.1, "which the first policy does not know: {again:?}");
    // Nothing is told of them any more.
    assert_eq!((known(true), known(false)), ((0, 0), left));
    let status = |arguments: &[&str]| {
        let mut command = served.command(&["--status", "--format", "json"]);
        let report = json(&command.args(arguments).output().unwrap());
        report["certificates_undetermined"].as_array().unwrap().len()
    };
    assert_eq!(status(&unknown), left.1);
    served.wish(&own);
    assert_eq!(status(&["--expect-ca", "World"]), 0);
}
