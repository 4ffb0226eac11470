//! `pinstead issuance --revocation`: what was issued, by CRLs that OpenSSL makes, from the command line to the report.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pinstead::evidence::file::{FileContent, InputFile};
use pinstead::evidence::issuance::{FollowedLog, LogSighting, LoggedCertificate, WatchStateReading};
use pinstead::evidence::{Bytes, Inputs as InputFiles, Request};
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::judge::Inputs;
use pinstead::observe::clock;
use pinstead::observe::crl::{Allowance, CrlCache, CrlClient};
use pinstead::observe::dns::DnsClient;
use pinstead::watch::revocation::{Looked, Revocations};
use pinstead::watch::state::{Place, State, StateOptions};
use pinstead::x509::precertificate::logged_tbs;
use pinstead::x509::read_certificates;
use serde_json::Value;
use world::list_server::Reply;
use world::pinstead;
use world::revoking_ca::{CrlPlan, LEAF, Pki};
use world::servers::{OpensslServer, Served};

/// The owner expects another CA than the one that issued.
const POLICY: &str = "expect_ca = [\"letsencrypt.org\"]\n";

struct Lab {
    pki: Pki,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { pki: Pki::new() };
        lab.policy();
        lab
    }

    fn policy(&self) {
        let key = self.pki.spki_sha256("ca");
        let own = format!("[[private_ca]]\nowner = \"Lab\"\nspki_sha256 = \"{key}\"\n");
        fs::write(self.pki.path("policy.toml"), format!("{POLICY}{own}")).unwrap();
    }

    fn run(&self, arguments: &[&str], code: i32) -> Value {
        let file = |name: &str| self.pki.path(name).to_str().unwrap().to_owned();
        let mut command = pinstead();
        command
            .env("NO_PROXY", "127.0.0.1")
            .env("XDG_CACHE_HOME", self.pki.path("cache"))
            .current_dir(self.pki.folder.path())
            .args([
                "issuance",
                "--policy",
                &file("policy.toml"),
                "--format",
                "json",
                "--resolver",
                "127.0.0.1:9",
            ])
            .args(arguments);
        let assert = command.assert().code(code);
        let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        report["names"][0].clone()
    }

    fn issued(&self, more: &[&str], code: i32) -> Value {
        let file = |name: &str| self.pki.path(name).to_str().unwrap().to_owned();
        let chain = file("chain.pem");
        self.run(&[&["www.example", "--revocation"], more, &["--certificates", &chain]].concat(), code)
    }
}

fn told(name: &Value) -> Vec<&str> {
    let findings = name["findings"].as_array().unwrap();
    let rules = findings.iter().map(|finding| finding["rule"].as_str().unwrap());
    rules.filter(|rule| matches!(*rule, "CRT001" | "REV008")).collect()
}

#[test]
fn an_unexpected_certificate_is_followed_to_its_revocation() {
    let lab = Lab::new();
    let saved = lab.pki.path("saved.json");
    let saved = saved.to_str().unwrap();
    let name = lab.issued(&["--save-evidence", saved, "--no-cache"], 1);
    let revocation = &name["issuance"]["certificates"][0]["revocation"];
    assert_eq!(
        (revocation["status"].as_str(), told(&name)),
        (Some("good"), vec!["CRT001", "REV008"]),
        "{name:#}"
    );
    // Each list once.
    let asked: Vec<String> = lab.pki.server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/ca.crl"]);
    // Saved evidence gives the same, and asks nobody.
    let again = lab.run(&[saved], 1);
    assert_eq!(again["issuance"]["certificates"], name["issuance"]["certificates"]);
    assert_eq!(told(&again), told(&name));
    assert_eq!(lab.pki.server.requests().len(), 0);

    // One that is on hold may come back.
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "certificateHold")], ..CrlPlan::default() });
    assert_eq!(told(&lab.issued(&["--no-cache"], 1)), ["CRT001"]);
    // What its CA has revoked for good is still shown, and fails nothing.
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "superseded")], ..CrlPlan::default() });
    let name = lab.issued(&["--no-cache"], 0);
    assert_eq!(name["issuance"]["unexpected"].as_array().unwrap().len(), 1);
    lab.issued(&["--no-cache", "--fail-on", "low"], 1);
    let revocation = &name["issuance"]["certificates"][0]["revocation"];
    assert_eq!((revocation["status"].as_str(), told(&name)), (Some("revoked"), vec!["CRT001"]));
    assert_eq!(
        (&revocation["reason"], &revocation["revoked_at"]),
        (&"superseded".into(), &"2026-11-01T00:00:00Z".into())
    );
    let findings = name["findings"].as_array().unwrap();
    let unexpected = findings.iter().find(|finding| finding["rule"] == "CRT001").unwrap();
    assert_eq!(unexpected["severity"], "low");
    let message = unexpected["message"].as_str().unwrap();
    assert!(message.contains("revoked since 2026-11-01 by its CA"), "{message}");
    let advice = unexpected["advice"].as_str().unwrap();
    assert!(advice.contains("has revoked") && !advice.contains("problem report"), "{advice}");
}

#[test]
fn what_cannot_be_known_of_an_unexpected_certificate_stays_open() {
    let lab = Lab::new();
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    let name = lab.issued(&["--no-cache", "--fail-on", "critical"], 3);
    assert_eq!(name["issuance"]["certificates"][0]["revocation"]["status"], "undetermined");
    assert_eq!(told(&name), ["CRT001"]);
    // Of a CA that the policy does not name, the URLs are a stranger's.
    fs::write(lab.pki.path("policy.toml"), POLICY).unwrap();
    lab.pki.publish("/ca.crl", CrlPlan::default());
    lab.pki.server.requests();
    let name = lab.issued(&["--no-cache", "--fail-on", "critical"], 3);
    let revocation = &name["issuance"]["certificates"][0]["revocation"];
    assert_eq!(revocation["sources"][0]["trouble"], "not_asked", "{revocation:#}");
    assert_eq!(lab.pki.server.requests().len(), 0);
    let name = lab.issued(&["--no-cache", "--private-crls", "--fail-on", "critical"], 3);
    assert_eq!(name["issuance"]["certificates"][0]["revocation"]["status"], "good");
    // Without its issuer's certificate no list could be believed, and none is asked for.
    lab.pki.server.requests();
    let leaf = lab.pki.path("leaf.pem");
    let arguments = [
        "www.example",
        "--revocation",
        "--private-crls",
        "--no-cache",
        "--certificates",
        leaf.to_str().unwrap(),
    ];
    let name = lab.run(&arguments, 3);
    let revocation = &name["issuance"]["certificates"][0]["revocation"];
    assert_eq!(revocation["status"], "not_checked");
    assert!(revocation["why"].as_str().unwrap().contains("--issuer"), "{revocation:#}");
    assert_eq!(lab.pki.server.requests().len(), 0);
    let mut command = pinstead();
    command.current_dir(lab.pki.folder.path()).args(["issuance", "--resolver", "127.0.0.1:9"]);
    let human = command.args(arguments).assert();
    let human = String::from_utf8_lossy(&human.get_output().stdout).into_owned();
    assert!(human.contains("revocation: 1 not known") && human.contains("--issuer"), "{human}");
}

/// Who asks for the revocation of what was issued is told what is not known of it, and what is revoked.
#[test]
fn what_is_expected_and_revoked_or_not_known_passes_no_gate() {
    let lab = Lab::new();
    let policy = fs::read_to_string(lab.pki.path("policy.toml")).unwrap().replace("letsencrypt.org", "Lab");
    fs::write(lab.pki.path("policy.toml"), policy).unwrap();
    let rules = |name: &Value| -> Vec<(String, String)> {
        let findings = name["findings"].as_array().unwrap().iter();
        let of = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        findings
            .map(|finding| (of(finding, "rule"), of(finding, "severity")))
            .filter(|(rule, _)| rule.starts_with("REV"))
            .collect()
    };
    let told = |rule: &str, severity: &str| vec![(rule.to_owned(), severity.to_owned())];
    assert_eq!(rules(&lab.issued(&["--no-cache"], 0)), vec![]);
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    let name = lab.issued(&["--no-cache"], 3);
    assert_eq!(rules(&name), told("REV003", "low"), "{name:#}");
    assert_eq!(name["undetermined"][0], "whether one certificate is revoked");
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "superseded")], ..CrlPlan::default() });
    assert_eq!(rules(&lab.issued(&["--no-cache"], 1)), told("REV001", "critical"));
    // One that was replaced may be revoked.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let url = format!("crlDistributionPoints=URI:{}\n", lab.pki.server.url("/ca.crl"));
    lab.pki.leaf("later", "1002", &url);
    let later = lab.pki.path("later.pem");
    let name = lab.issued(&["--no-cache", "--certificates", later.to_str().unwrap()], 0);
    assert_eq!(rules(&name), told("REV001", "low"), "{name:#}");
}

/// A certificate of an expected CA with a key that the owner does not know is unexpected, and its revocation is looked at.
#[test]
fn one_with_an_unknown_key_is_unexpected_until_it_is_revoked() {
    let lab = Lab::new();
    let key = lab.pki.spki_sha256("root");
    let policy = fs::read_to_string(lab.pki.path("policy.toml")).unwrap().replace("letsencrypt.org", "Lab");
    let domain = format!("[[domain]]\nname = \"www.example\"\nknown_keys = [\"{key}\"]\n");
    fs::write(lab.pki.path("policy.toml"), format!("{policy}{domain}")).unwrap();
    let name = lab.issued(&["--no-cache"], 0);
    let findings = name["findings"].as_array().unwrap();
    let rules: Vec<(&Value, &Value)> = findings.iter().map(|it| (&it["rule"], &it["severity"])).collect();
    assert!(rules.contains(&(&"CRT005".into(), &"medium".into())), "{name:#}");
    assert!(rules.contains(&(&"REV008".into(), &"medium".into())), "{name:#}");
    let unexpected = &name["issuance"]["unexpected"][0];
    assert_eq!(unexpected["reasons"], serde_json::json!(["Its key is none of known_keys."]));
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "superseded")], ..CrlPlan::default() });
    assert_eq!(told(&lab.issued(&["--no-cache"], 0)), Vec::<&str>::new());
}

/// `check --revocation` with sources looks at what was issued as well, and saved evidence tells the same.
#[test]
fn check_looks_at_the_revocation_of_what_was_issued() {
    let lab = Lab::new();
    let file = |name: &str| lab.pki.path(name).to_str().unwrap().to_owned();
    let [chain_pem, key_pem] = ["chain.pem", "leaf.key"].map(|name| fs::read_to_string(file(name)).unwrap());
    let handed = Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() };
    let server = OpensslServer::start(handed);
    let (host, connect) = (format!("www.example:{}", server.address.port()), server.address.to_string());
    let check = |arguments: &[&str]| {
        let mut command = pinstead();
        command.env("NO_PROXY", "127.0.0.1").current_dir(lab.pki.folder.path());
        command.args(["check", "--only", "issuer,issuance", "--format", "json"]).args(arguments);
        let assert = command.assert().code(1);
        let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
        report["targets"][0].clone()
    };
    let (policy, root, chain, saved) =
        (file("policy.toml"), file("root.pem"), file("chain.pem"), file("saved.json"));
    let target = check(&[
        &host,
        "--connect",
        &connect,
        "--policy",
        &policy,
        "--roots",
        &root,
        "--revocation",
        "--no-cache",
        "--certificates",
        &chain,
        "--resolver",
        "127.0.0.1:9",
        "--save-evidence",
        &saved,
    ]);
    assert_eq!(target["issuance"]["certificates"][0]["revocation"]["status"], "good", "{target:#}");
    assert!(told(&target).contains(&"REV008"), "{target:#}");
    let again = check(&[&saved]);
    assert_eq!((&again["issuance"], &again["revocation"]), (&target["issuance"], &target["revocation"]));
}

/// What looks at revocations for `pinstead watch`, anew each time: a run remembers its lists.
fn revocations(lab: &Lab) -> Revocations {
    let file = |name: &str| {
        let octets = fs::read(lab.pki.path(name)).unwrap();
        InputFile { path: name.to_owned(), content: FileContent::Read(Bytes(octets)), folder: None }
    };
    let files = InputFiles {
        policy: Some(file("policy.toml")),
        issuers: vec![file("ca.pem")],
        ..InputFiles::default()
    };
    let request = Request { revocation: true, offline: true, ..Request::default() };
    let watched = WatchedName { name: "www.example".parse().unwrap(), with_subdomains: true };
    Revocations {
        inputs: Inputs::read(&request, &files).unwrap(),
        request,
        watched: Arc::new(WatchedNames::new([watched])),
        place: "a test".to_owned(),
        client: CrlClient::new(&DnsClient::system(), CrlCache::none(), false).unwrap(),
    }
}

/// What the state has of the leaf, found so long ago.
fn found(lab: &Lab, age: SignedDuration) -> WatchStateReading {
    let leaf = read_certificates(&fs::read(lab.pki.path("leaf.pem")).unwrap()).unwrap().remove(0);
    let logged = LoggedCertificate {
        first_seen: clock::now() - age,
        certificate: Some(Bytes(leaf.der().to_vec())),
        precertificate: None,
        sightings: Vec::new(),
    };
    WatchStateReading { certificates: vec![logged], ..WatchStateReading::default() }
}

/// Looks at what the state has, as of then.
async fn look(lab: &Lab, state: &State, page: &WatchStateReading, at: Timestamp) -> Looked {
    let revocations = revocations(lab);
    let issuers = revocations.inputs.pool_with([]);
    let mut looked = Looked::new(at);
    revocations.look_at(page, (&issuers, Allowance::ISSUED), state, &mut looked).await.unwrap();
    looked
}

/// Of an entry of which a log has neither certificate nor precertificate, only what its tree covers, no list can be had:
/// that is told after a day as of any other.
#[tokio::test]
async fn a_certificate_that_no_log_shows_whole_is_told_as_not_known() {
    let lab = Lab::new();
    let place = Place::File(lab.pki.path("state.db"));
    let state = State::open(&place, &StateOptions::default()).await.unwrap();
    let read = |name: &str| read_certificates(&fs::read(lab.pki.path(name)).unwrap()).unwrap().remove(0);
    let (leaf, ca) = (read("leaf.pem"), read("ca.pem"));
    let tbs = logged_tbs(&leaf).unwrap();
    // RFC 6962 section 3.4: a MerkleTreeLeaf with a precert_entry.
    let mut octets = [&[0, 0][..], &1_700_000_000_000_u64.to_be_bytes(), &[0, 1], &ca.spki_sha256.0].concat();
    octets.extend_from_slice(&u32::try_from(tbs.len()).unwrap().to_be_bytes()[1..]);
    octets.extend([&tbs[..], &[0, 0]].concat());
    let seen = clock::now() - SignedDuration::from_hours(25);
    let log_id = "a log".to_owned();
    let sighting = LogSighting {
        log_id: log_id.clone(),
        index: 7,
        is_proven: true,
        leaf: Bytes(octets),
        chain: Vec::new(),
        seen,
    };
    let logged = LoggedCertificate {
        first_seen: seen,
        certificate: None,
        precertificate: None,
        sightings: vec![sighting],
    };
    let log = FollowedLog {
        log_id,
        description: "A log".to_owned(),
        start: 0,
        proven: 8,
        read: 0,
        searched: None,
        head_size: Some(8),
        head_at: None,
        head_seen: None,
        faults: Vec::new(),
        following: None,
    };
    let page =
        WatchStateReading { logs: vec![log], certificates: vec![logged], ..WatchStateReading::default() };
    let looked = look(&lab, &state, &page, clock::now()).await;
    assert_eq!((looked.count(), looked.open, looked.unknown), (1, 1, 1));
    assert!(matches!(looked.told.as_slice(), [one] if one.contains("is not known")), "{:?}", looked.told);
    let one = &looked.certificates[0];
    assert_eq!((one.status(), one.overdue, one.first_seen), ("not_checked", true, Some(seen)));
    // A clock that was wrong when it was found makes it no newer.
    let mut ahead = page.clone();
    ahead.certificates[0].first_seen = clock::now() + SignedDuration::from_hours(24 * 365);
    ahead.certificates[0].sightings[0].seen = ahead.certificates[0].first_seen;
    let looked = look(&lab, &state, &ahead, clock::now() + SignedDuration::from_hours(48)).await;
    assert_eq!(looked.unknown, 1);
    state.close().await;
}

#[tokio::test]
async fn watch_tells_once_that_an_unexpected_certificate_is_not_revoked_and_once_that_it_is() {
    let lab = Lab::new();
    let place = Place::File(lab.pki.path("state.db"));
    let options = StateOptions { channels: vec!["hook".to_owned()], most_octets: None };
    let state = Arc::new(State::open(&place, &options).await.unwrap());
    let looked = async |age: SignedDuration, at: Timestamp| {
        let looked = look(&lab, &state, &found(&lab, age), at).await;
        (looked.count(), looked.revoked, looked.open, looked.told)
    };
    let (fresh, overdue) = (SignedDuration::from_hours(2), SignedDuration::from_hours(25));
    // The CA has a day.
    assert_eq!(looked(fresh, clock::now()).await, (1, 0, 0, vec![]));
    let (.., told) = looked(overdue, clock::now()).await;
    assert!(matches!(told.as_slice(), [one] if one.contains("still not revoked after 24 hours")), "{told:?}");
    assert_eq!(looked(overdue, clock::now()).await, (1, 0, 0, vec![]), "each thing once");
    // What cannot be had is not known, and not good.
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    let (_, _, open, told) = looked(overdue, clock::now()).await;
    assert!(open == 1 && told.len() == 1 && told[0].contains("is not known"), "{told:?}");
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "superseded")], ..CrlPlan::default() });
    let (_, revoked, _, told) = looked(overdue, clock::now()).await;
    assert!(revoked == 1 && told.len() == 1 && told[0].contains("superseded"), "{told:?}");
    let (.., told) = looked(overdue, clock::now()).await;
    assert!(told.is_empty(), "{told:?}");
    // That was verified, and nothing undoes it.
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    assert_eq!(looked(overdue, clock::now()).await, (1, 1, 0, vec![]));
    let again = look(&lab, &state, &found(&lab, overdue), clock::now()).await;
    let one = &again.certificates[0];
    assert_eq!(
        (one.status(), &one.revocation["reason"], one.overdue),
        ("revoked", &"superseded".into(), false)
    );
    let why = one.revocation["why"].as_str().unwrap();
    assert!(why.contains("Verified and told at") && why.contains("404"), "{why}");
    let due = state.due("hook", 10, std::time::Duration::from_mins(1)).await.unwrap();
    let told: Vec<(String, String)> = due
        .iter()
        .map(|due| {
            let payload: Value = serde_json::from_str(&due.alert.payload).unwrap();
            (due.alert.kind.clone(), payload["severity"].as_str().unwrap().to_owned())
        })
        .collect();
    let of = |severity: &str| ("revocation".to_owned(), severity.to_owned());
    assert_eq!(told, [of("high"), of("medium"), of("info")]);
    // After its end it is no matter.
    let later = clock::now() + SignedDuration::from_hours(24 * 30);
    assert_eq!(looked(overdue, later).await.0, 0);
    // A CA that is expected is not asked about.
    let policy = fs::read_to_string(lab.pki.path("policy.toml")).unwrap().replace("letsencrypt.org", "Lab");
    fs::write(lab.pki.path("policy.toml"), policy).unwrap();
    lab.pki.server.requests();
    assert_eq!(looked(overdue, clock::now()).await.0, 0);
    assert_eq!(lab.pki.server.requests().len(), 0);
    state.close().await;
}

/// A hold may have ended by now.
#[tokio::test]
async fn a_hold_that_was_told_is_not_known_later() {
    let lab = Lab::new();
    let state = State::open(&Place::File(lab.pki.path("state.db")), &StateOptions::default()).await.unwrap();
    let overdue = found(&lab, SignedDuration::from_hours(25));
    lab.pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "certificateHold")], ..CrlPlan::default() });
    let held = look(&lab, &state, &overdue, clock::now()).await;
    assert_eq!((held.revoked, held.told.len()), (1, 1));
    // A pager tells by the title which host it is, and which certificate.
    let serial = held.certificates[0].serial.clone().unwrap();
    assert!(held.told[0].contains(&format!("(serial number {serial})")), "{:?}", held.told);
    assert_eq!(
        (held.certificates[0].claimed().as_str(), held.certificates[0].names_left_out),
        ("www.example", 0)
    );
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    let looked = look(&lab, &state, &overdue, clock::now()).await;
    assert_eq!((looked.revoked, looked.open), (0, 1));
    state.close().await;
}

#[tokio::test]
async fn what_is_not_revoked_stays_a_finding_until_somebody_knows_of_it() {
    let lab = Lab::new();
    let place = Place::File(lab.pki.path("state.db"));
    let options = StateOptions { channels: vec!["hook".to_owned()], most_octets: None };
    let state = State::open(&place, &options).await.unwrap();
    let overdue = found(&lab, SignedDuration::from_hours(25));
    let findings = async || {
        let looked = look(&lab, &state, &overdue, clock::now()).await;
        let of = |finding: &pinstead::rules::Finding| (finding.rule, finding.severity);
        (looked.findings.iter().map(of).collect::<Vec<_>>(), looked.certificates[0].clone())
    };
    let high = ("REV008", pinstead::rules::Severity::High);
    for _ in 0..3 {
        assert_eq!(findings().await.0, [high], "in each look");
    }
    let hash = findings().await.1.tbs_sha256.unwrap();
    let known = state.acknowledge_alerts("revocation", &format!("{hash}:")).await.unwrap();
    assert_eq!(known.len(), 1);
    let (none, shown) = findings().await;
    assert!(none.is_empty() && shown.overdue && shown.acknowledged, "{none:?} {shown:?}");
    // That it cannot be known any more is something else.
    lab.pki.server.set("/ca.crl", Reply::Status(404));
    let looked = look(&lab, &state, &overdue, clock::now()).await;
    assert_eq!((looked.unknown, looked.unknown_known), (1, 0));

    // Where the CA is expected and only the key is not, it is as grave as in `issuance`.
    let lab = Lab::new();
    let place = Place::File(lab.pki.path("state.db"));
    let state = State::open(&place, &options).await.unwrap();
    let policy = fs::read_to_string(lab.pki.path("policy.toml")).unwrap().replace("letsencrypt.org", "Lab");
    let other = lab.pki.spki_sha256("ca");
    let keys = format!("[[domain]]\nname = \"www.example\"\nknown_keys = [\"{other}\"]\n");
    fs::write(lab.pki.path("policy.toml"), format!("{policy}{keys}")).unwrap();
    let looked = look(&lab, &state, &found(&lab, SignedDuration::from_hours(25)), clock::now()).await;
    let severities: Vec<_> = looked.findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [pinstead::rules::Severity::Medium]);
    let due = state.due("hook", 10, std::time::Duration::from_mins(1)).await.unwrap();
    let payload: Value = serde_json::from_str(&due[0].alert.payload).unwrap();
    assert_eq!((due.len(), &payload["severity"]), (1, &Value::from("medium")));
}
