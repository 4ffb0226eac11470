//! From evidence to the replay: certificates in files, a policy, pins and CAA.

use jiff::{SignedDuration, Timestamp};

use crate::caa::testing::found;
use crate::compare::replay::{Cause, FlagRule, Level, LocksOutNow, LoggedBy, PinSetKind};
use crate::compare::{Fact, Replay, RootPins};
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{CtLog, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, v3_log_list};
use crate::evidence::dns::CaaLookup;
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::issuance::{IssuanceEvidence, IssuanceObservation, IssuanceSource, Told};
use crate::evidence::revocation::{Crls, Reach};
use crate::evidence::{Bytes, CertificateSource, Inputs as InputFiles, Request, TargetEvidence};
use crate::judge::facts::root_pins;
use crate::judge::{Inputs, Judge};

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count * 24)
}

fn file(path: &str, content: &str) -> InputFile {
    let content = FileContent::Read(Bytes(content.as_bytes().to_vec()));
    InputFile { path: path.to_owned(), content, folder: None }
}

/// Two CAs, and what they issued for shop.example.
struct Lab {
    own: CaCertificate,
    other: CaCertificate,
    log: CtLog,
    files: Vec<InputFile>,
    host: &'static str,
}

impl Lab {
    fn new() -> Self {
        let own = CaCertificate::root("Own Root", KeyAlgorithm::P256, now()).unwrap();
        let other = CaCertificate::root("Other Root", KeyAlgorithm::P256, now()).unwrap();
        let files = [&own, &other].map(|ca| file("ca.pem", &ca.to_pem())).to_vec();
        let log = CtLog::generate("Log", "Logs", LogKind::Rfc6962, KeyAlgorithm::P256).unwrap();
        Self { own, other, log, files, host: "shop.example" }
    }

    fn issue(&mut self, ca: fn(&Self) -> &CaCertificate, name: &str, days_ago: i64) {
        self.issue_with(ca, (name, days_ago), None);
    }

    /// The same with an SCT of two hours after its beginning.
    fn issue_with(
        &mut self,
        ca: fn(&Self) -> &CaCertificate,
        (name, days_ago): (&str, i64),
        fault: Option<SctFault>,
    ) {
        let not_before = now() - days(days_ago);
        let not_after = not_before + days(90);
        let request = LeafRequest { not_before, not_after, ..LeafRequest::new(&[name], now()).unwrap() };
        let timestamp = not_before + SignedDuration::from_hours(2);
        let sct = |fault| PlannedSct { log: &self.log, timestamp, fault };
        let plan = SctPlan { scts: fault.map(sct).into_iter().collect(), ..SctPlan::default() };
        let leaf = issue(ca(self), &request, &plan).unwrap();
        self.files.push(file(&format!("{days_ago}.pem"), &leaf.to_pem()));
    }

    fn policy(&self, more: &str) -> String {
        let ca = |owner: &str, id: &str, ca: &CaCertificate| {
            format!(
                "[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"{id}\"]\n",
                ca.key.spki_sha256()
            )
        };
        let cas = [ca("Own", "own.example", &self.own), ca("Other", "other.example", &self.other)].concat();
        format!("[[domain]]\nname = \"shop.example\"\nexpect_ca = [\"own.example\"]\n{more}\n{cas}")
    }

    fn log_list(&self) -> String {
        let listed = ListedLog {
            log: &self.log,
            state: "usable",
            state_since: "2025-01-01T00:00:00Z".parse().unwrap(),
            temporal_interval: (now() - days(1_000), now() + days(1_000)),
        };
        v3_log_list(&[listed], now())
    }

    fn replayed(&self, pins: &[InputFile], caa: Vec<CaaLookup>) -> Replay {
        self.judged(pins, caa).0
    }

    /// The replay, and what of the roots of the CAs in use the pins name.
    fn judged(&self, pins: &[InputFile], caa: Vec<CaaLookup>) -> (Replay, Fact<Vec<RootPins>>) {
        let roots = [self.own.to_pem(), self.other.to_pem()].concat();
        let request = Request { issuance: true, offline: true, ..Request::default() };
        let inputs = InputFiles {
            policy: Some(file("pinstead.toml", &self.policy(""))),
            roots: Some(file("roots.pem", &roots)),
            log_list: Some(file("logs.json", &self.log_list())),
            pins: pins.to_vec(),
            ..InputFiles::default()
        };
        let inputs = Inputs::read(&request, &inputs).unwrap();
        let source = IssuanceSource {
            asked_at: now(),
            place: "history".to_owned(),
            broken_off: None,
            told: Told::Files(self.files.clone()),
        };
        let name = self.host.parse().unwrap();
        let observation = IssuanceObservation { name, sources: vec![source] };
        let target = TargetEvidence {
            names_nothing: None,
            target: "shop.example".to_owned(),
            source: CertificateSource::File(file("none.pem", "")),
            caa: Vec::new(),
            ct_logs: Vec::new(),
            tlsa: None,
            issuance: Some(IssuanceEvidence { observation, caa }),
            crl_reach: Reach::default(),
            crls: None,
        };
        let verdicts = Judge::new(&request, &inputs, now()).judge(&target, &Crls::default());
        let replay = verdicts.comparison.verdict().unwrap().replay.clone().unwrap();
        let roots = root_pins((&target, &verdicts), Some(&replay), &inputs);
        (replay, roots)
    }
}

/// Pins of an Android app to these keys.
fn android(keys: &[String], expiration: &str) -> InputFile {
    let pins: Vec<String> = keys.iter().map(|key| format!("<pin digest='SHA-256'>{key}</pin>")).collect();
    let text = format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set {expiration}>{}</pin-set>\
         </domain-config></network-security-config>",
        pins.concat()
    );
    file("nsc.xml", &text)
}

#[test]
fn what_was_issued_is_replayed_with_pins_expectations_and_caa() {
    let mut lab = Lab::new();
    for days_ago in [200, 140] {
        lab.issue(|lab| &lab.own, "shop.example", days_ago);
    }
    lab.issue(|lab| &lab.other, "shop.example", 80);
    lab.issue(|lab| &lab.own, "deep.shop.example", 20);
    let own = lab.own.key.spki_sha256().to_string();
    let replayed = lab.replayed(
        &[android(&[own.clone(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()], "")],
        vec![found("shop.example", &[("issue", "own.example")])],
    );
    let issuers: Vec<&str> = replayed.certificates.iter().map(|one| one.issuer.as_str()).collect();
    assert_eq!(issuers, ["Own", "Own", "Other"]);
    assert!(
        replayed.left_out.iter().any(|said| said.contains("not for shop.example")),
        "{:?}",
        replayed.left_out
    );
    assert!(replayed.certificates.iter().all(|one| one.issuer_spki_sha256.is_some()));
    let renewals: Vec<(bool, Option<bool>)> =
        replayed.renewals.iter().map(|renewal| (renewal.new_ca, renewal.new_path)).collect();
    assert_eq!(renewals, [(false, Some(false)), (true, Some(true))]);
    let given = replayed.pin_sets.iter().find(|set| matches!(set.kind, PinSetKind::Given { .. })).unwrap();
    assert_eq!((given.sure, given.lockouts.len(), given.undetermined), (1, 1, 0));
    assert_eq!((given.lockouts[0].cause, given.lockouts[0].certificate), (Cause::NewCa, Some(2)));
    assert_eq!(given.lockouts[0].begins_at_worst, now() - days(80));
    assert_eq!(given.lockouts[0].begins_at_best.unwrap(), now() - days(50) + SignedDuration::from_secs(1));
    let root = PinSetKind::Hypothetical { level: Level::Root, backup: false };
    let root = replayed.pin_sets.iter().find(|set| set.kind == root).unwrap();
    assert_eq!((root.lockouts.len(), root.undetermined), (1, 0));
    // No table has private CAs: the roots are those that their paths lead to.
    let all = PinSetKind::Hypothetical { level: Level::AllRootsOfCa, backup: true };
    let all = replayed.pin_sets.iter().find(|set| set.kind == all).unwrap();
    assert_eq!((all.lockouts.len(), all.undetermined), (1, 0));
    // By what is expected and by CAA of today, the one of the other CA; the expired ones are judged, too.
    let flagged: Vec<(usize, FlagRule)> =
        replayed.flagged.iter().flatten().map(|flag| (flag.certificate, flag.rule)).collect();
    assert_eq!(flagged, [(2, FlagRule::Caa), (2, FlagRule::ExpectedCa)]);
    assert!(replayed.sentence.contains("would have flagged 1 of 3"), "{}", replayed.sentence);
    assert!(replayed.unknown.iter().any(|said| said.contains("records of today")), "{:?}", replayed.unknown);
}

#[test]
fn pins_that_have_expired_by_now_bound_while_they_lasted() {
    let mut lab = Lab::new();
    lab.issue(|lab| &lab.own, "shop.example", 200);
    lab.issue(|lab| &lab.other, "shop.example", 140);
    let ends = (now() - days(60)).strftime("%Y-%m-%d").to_string();
    let pins = android(&[lab.own.key.spki_sha256().to_string()], &format!("expiration='{ends}'"));
    let replayed = lab.replayed(&[pins], Vec::new());
    let given = replayed.pin_sets.iter().find(|set| matches!(set.kind, PinSetKind::Given { .. })).unwrap();
    assert_eq!((given.sure, given.lockouts.len()), (1, 1));
    // Over on the last device half a day after midnight in UTC.
    assert_eq!(given.lockouts[0].ends_at_worst.unwrap(), now() - days(60) + SignedDuration::from_hours(12));
    assert!(given.notes.iter().any(|note| note.contains("connect without them")), "{:?}", given.notes);
}

#[test]
fn issuewild_is_told_apart_from_other_denials() {
    let mut lab = Lab { host: "www.shop.example", ..Lab::new() };
    lab.issue(|lab| &lab.own, "*.shop.example", 80);
    lab.issue(|lab| &lab.own, "www.shop.example", 20);
    let records = [("issue", "own.example"), ("issuewild", ";")];
    let caa = vec![found("shop.example", &records), found("www.shop.example", &records)];
    let replayed = lab.replayed(&[], caa);
    let flagged: Vec<(usize, FlagRule)> =
        replayed.flagged.iter().flatten().map(|flag| (flag.certificate, flag.rule)).collect();
    assert_eq!(flagged, [(0, FlagRule::Issuewild)]);
    // What CAA says of a name that was not looked up is not known.
    let replayed = lab.replayed(&[], vec![found("www.shop.example", &records)]);
    assert!(replayed.flagged.unwrap().is_empty());
    assert!(
        replayed.unknown.iter().any(|said| said.contains("Of 1 of 2 certificates")),
        "{:?}",
        replayed.unknown
    );
}

/// Files do not say when a log had a certificate; the certificate's own SCTs do, where they stand.
#[test]
fn a_file_tells_by_its_scts_when_a_certificate_could_be_seen() {
    let mut lab = Lab::new();
    lab.issue_with(|lab| &lab.own, ("shop.example", 200), Some(SctFault::None));
    lab.issue_with(|lab| &lab.other, ("shop.example", 80), Some(SctFault::None));
    lab.issue_with(|lab| &lab.other, ("shop.example", 20), Some(SctFault::WrongSignature));
    let replayed = lab.replayed(&[], Vec::new());
    let promised = now() - days(80) + SignedDuration::from_hours(2);
    let seen: Vec<_> =
        replayed.certificates.iter().map(|one| (one.first_logged, one.first_logged_by)).collect();
    assert_eq!(seen[1..], [(Some(promised), Some(LoggedBy::Sct)), (None, None)]);
    let flagged: Vec<_> =
        replayed.flagged.iter().flatten().map(|flag| (flag.visible_from, flag.visible_by)).collect();
    assert_eq!(flagged, seen[1..]);
    // CAA was not looked up: what it says is not “none”.
    assert!(
        replayed.sentence.contains("; the expected CAs would have flagged 2 of 3; CAA was not looked up."),
        "{}",
        replayed.sentence
    );
    assert!(replayed.sentence.contains(" An attacker's certificate of a CA that is not listed"));
}

/// A certificate that an attacker has had logged: nobody is to be told to pin the attacker's CA.
#[test]
fn the_roots_of_a_ca_that_is_not_expected_are_not_asked_for() {
    let mut lab = Lab::new();
    for days_ago in [200, 140, 80, 20] {
        lab.issue(|lab| &lab.own, "shop.example", days_ago);
    }
    lab.issue(|lab| &lab.other, "shop.example", 15);
    let pins = android(&[lab.own.key.spki_sha256().to_string()], "");
    let (replayed, roots) = lab.judged(std::slice::from_ref(&pins), Vec::new());
    let given = replayed.pin_sets.iter().find(|set| matches!(set.kind, PinSetKind::Given { .. })).unwrap();
    assert_eq!((given.locks_out_now, given.lockouts.len()), (LocksOutNow::No, 0));
    let roots = roots.measured().unwrap();
    assert_eq!((roots[0].missing.len(), roots[0].of), (0, 1));
    // Where there is none but theirs, which roots are to be pinned is not known.
    let mut theirs = Lab::new();
    theirs.issue(|lab| &lab.other, "shop.example", 15);
    let (replayed, roots) = theirs.judged(&[pins], Vec::new());
    assert!(replayed.is_all_unexpected_now());
    assert_eq!(roots, Fact::Undetermined);
}
