//! What is asked, and what the answers mean, on a tree of two entries: no network, and every answer written out.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::ct::log_id::LogId;
use crate::ct::log_table::LogTable;
use crate::ct::merkle::{leaf_hash, node_hash};
use crate::ct::sct::DigitallySigned;
use crate::ct::tree_head::TreeHead;
use crate::demo::authority::KeyAlgorithm;
use crate::demo::ct::{CtLog, LogKind};
use crate::evidence::Bytes;
use crate::evidence::ct_log::CtLogObservation;
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};

const DAY: u64 = 86_400_000;
/// When the SCT was made.
const SEEN: u64 = 1_790_000_000_000;

/// An RFC 6962 log of two entries, of which the second is the promised one.
struct Lab {
    log: CtLog,
    observation: CtLogObservation,
    merge_delay: SignedDuration,
}

impl Lab {
    fn new() -> Self {
        let log = CtLog::generate("Lab", "Lab", LogKind::Rfc6962, KeyAlgorithm::P256).unwrap();
        let observation = CtLogObservation {
            log_id: LogId(log.log_id()).to_string(),
            asked_at: None,
            url: Some("https://log.example/".to_owned()),
            monitoring_url: None,
            kept: None,
            not_asked: None,
            broken_off: None,
            exchanges: Vec::new(),
        };
        Self { log, observation, merge_delay: SignedDuration::from_hours(24) }
    }

    fn promise(&self) -> Promise {
        let signature = DigitallySigned { hash: 4, signature: 3, octets: vec![1] };
        let log_id = LogId(self.log.log_id());
        let sct = Sct { log_id, timestamp: SEEN, extensions: Vec::new(), signature };
        Promise { sct, leaf: leaf_hash(b"promised") }
    }

    fn head(&self, timestamp: u64, root: TreeHash) -> Value {
        let signature =
            DigitallySigned::read(&self.log.sign_tree_head(timestamp, 2, root.0).unwrap()).unwrap();
        TreeHead { size: 2, timestamp, root, signature }.to_json().unwrap()
    }

    fn answered(&mut self, path: &str, status: u16, body: &str) {
        let body = Bytes(body.as_bytes().to_vec());
        let response = HttpResponse { status, etag: None, last_modified: None, retry_after: None, body };
        self.outcome(path, HttpOutcome::Response(response));
    }

    fn outcome(&mut self, path: &str, outcome: HttpOutcome) {
        let url = format!("https://log.example/ct/v1/{path}");
        self.observation
            .exchanges
            .push(HttpExchange { url, attempts: vec![HttpAttempt { milliseconds: 1, outcome }] });
    }

    /// The log answers with a tree head made this long after the SCT, over two leaves.
    fn shows(&mut self, after: u64, leaves: [&[u8]; 2]) {
        let [left, right] = leaves.map(leaf_hash);
        let head = self.head(SEEN + after, node_hash(left, right));
        self.answered("get-sth", 200, &head.to_string());
    }

    fn view(&self) -> LogView<'_> {
        let id = LogId(self.log.log_id());
        LogView::new(id, LogType::Rfc6962, &self.log.key_der(), self.merge_delay, &self.observation).unwrap()
    }

    /// What is asked for next, below the log's address.
    fn next(&self) -> Vec<String> {
        let wanted = wanted(&self.view(), &[self.promise()]);
        let below =
            |wanted: Wanted| wanted.url.strip_prefix("https://log.example/ct/v1/").unwrap().to_owned();
        wanted.into_iter().map(below).collect()
    }

    /// The verdict a month after the SCT.
    fn verdict(&self) -> InclusionVerdict {
        self.verdict_at(SEEN + 30 * DAY)
    }

    fn verdict_at(&self, at: u64) -> InclusionVerdict {
        let at = Timestamp::from_millisecond(i64::try_from(at).unwrap()).unwrap();
        let view = self.view();
        audit::judge(&view, &Arc::new(head::judge(&view, at, true)), &self.promise(), at)
    }
}

fn proof(index: u64, beside: &[u8]) -> String {
    json!({"leaf_index": index, "audit_path": [leaf_hash(beside)]}).to_string()
}

/// The question for a leaf, as it stands in a URL.
fn by_hash(leaf: &[u8]) -> String {
    let text = leaf_hash(leaf).to_string().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("get-proof-by-hash?hash={text}&tree_size=2")
}

const LEAVES: [&[u8]; 2] = [b"other", b"promised"];
const NEWEST: &str = "get-entry-and-proof?leaf_index=1&tree_size=2";

#[test]
fn one_answer_leads_to_the_next_question() {
    let mut lab = Lab::new();
    assert_eq!(lab.next(), ["get-sth"]);
    lab.shows(DAY, LEAVES);
    assert_eq!(lab.next(), [by_hash(b"promised")]);
    lab.answered(&by_hash(b"promised"), 200, &proof(1, b"other"));
    assert_eq!(lab.next(), [NEWEST]);
    lab.answered(NEWEST, 200, r#"{"leaf_input":"cHJvbWlzZWQ=","extra_data":"","audit_path":[]}"#);
    assert_eq!(lab.next(), Vec::<String>::new());
    let verdict = lab.verdict();
    assert_eq!((verdict.outcome, verdict.index), (InclusionOutcome::Proven, Some(1)));
    assert_eq!(verdict.notes, Vec::<String>::new());
    assert_eq!(verdict.head.to_keep().map(|head| head.size), Some(2));
}

#[test]
fn a_log_that_hands_out_no_entries_may_prove_them_all_the_same() {
    let mut lab = Lab::new();
    lab.shows(DAY, LEAVES);
    lab.answered(&by_hash(b"promised"), 200, &proof(1, b"other"));
    lab.answered(NEWEST, 501, "not implemented");
    let verdict = lab.verdict();
    assert_eq!(verdict.outcome, InclusionOutcome::Proven);
    assert!(verdict.notes[0].contains("501"), "{verdict:?}");
}

/// A log that holds another leaf in the promised one's place, and what it says when asked for it.
fn denying(after: u64, status: u16, body: &str) -> Lab {
    let mut lab = Lab::new();
    lab.shows(after, [b"other", b"wrong"]);
    lab.answered(&by_hash(b"promised"), status, body);
    lab
}

#[test]
fn a_logs_word_for_an_absence_needs_its_counter_check() {
    for (status, body) in
        [(404, "Not Found"), (400, "{\"error_message\": \"Hash not found\"}"), (400, "unknown hash")]
    {
        let mut lab = denying(DAY, status, body);
        assert_eq!(lab.verdict().outcome, InclusionOutcome::Undetermined);
        assert_eq!(lab.next(), [NEWEST]);
        lab.answered(NEWEST, 404, "no such call");
        assert_eq!(lab.next(), ["get-entries?start=1&end=1"], "the other way to an entry");
        lab.answered(
            "get-entries?start=1&end=1",
            200,
            r#"{"entries":[{"leaf_input":"d3Jvbmc=","extra_data":""}]}"#,
        );
        assert_eq!(lab.next(), [by_hash(b"wrong")]);
        assert_eq!(lab.verdict().outcome, InclusionOutcome::Undetermined);
        lab.answered(&by_hash(b"wrong"), 200, &proof(1, b"other"));
        assert_eq!(lab.next(), Vec::<String>::new());
        let verdict = lab.verdict();
        assert_eq!(verdict.outcome, InclusionOutcome::Absent, "{status} {body}: {verdict:?}");
        assert_eq!(verdict.absence, Some(Absence::Stated { status, said: body.to_owned() }));
    }
}

#[test]
fn a_failure_is_no_absence() {
    for (status, body) in
        [(400, "bad tree size"), (403, "no"), (429, "slow"), (500, "not found"), (200, "<html>")]
    {
        let lab = denying(DAY, status, body);
        assert_eq!(lab.next(), Vec::<String>::new(), "{status} {body}");
        let verdict = lab.verdict();
        assert_eq!((verdict.outcome, verdict.doubt), (InclusionOutcome::Undetermined, Some(Doubt::Lookup)));
    }
    let mut lab = Lab::new();
    lab.outcome("get-sth", HttpOutcome::Failed(HttpFailure::Timeout));
    assert_eq!(lab.next(), Vec::<String>::new());
    let verdict = lab.verdict();
    assert_eq!(verdict.outcome, InclusionOutcome::Undetermined);
    assert!(matches!(verdict.head.standing, Standing::Unavailable(_)));
}

#[test]
fn a_tree_head_from_the_future_is_told_and_not_kept() {
    let mut lab = Lab::new();
    lab.shows(DAY, LEAVES);
    let at = |milliseconds: u64| Timestamp::from_millisecond(i64::try_from(milliseconds).unwrap()).unwrap();
    let head = lab.verdict_at(SEEN + DAY - 60_000).head;
    assert_eq!((head.notes.as_slice(), head.to_keep().is_some()), (&[][..], true), "a minute is borne");
    let head = lab.verdict_at(SEEN + DAY - 60_001).head;
    assert!(head.notes[0].contains("which is after"), "{head:?}");
    assert_eq!((head.to_keep(), head.usable().is_some()), (None, true));
    // Who judges as of an earlier time must not take the log's present for the future.
    lab.observation.asked_at = Some(at(SEEN + DAY));
    let head = lab.verdict_at(SEEN).head;
    assert_eq!((head.notes.as_slice(), head.to_keep().is_some()), (&[][..], true));
    // Nor, later, saved evidence for an old tree head.
    assert_eq!(lab.verdict_at(SEEN + 30 * DAY).head.notes, Vec::<String>::new());
}

#[test]
fn an_old_tree_head_of_a_log_in_use_is_told() {
    let mut lab = Lab::new();
    lab.shows(DAY, LEAVES);
    let notes = |lab: &Lab, at| lab.verdict_at(at).head.notes.clone();
    assert_eq!(notes(&lab, SEEN + 2 * DAY), Vec::<String>::new());
    assert!(notes(&lab, SEEN + 2 * DAY + 1)[0].contains("older than 24 hours"));
    lab.merge_delay = SignedDuration::from_hours(7 * 24);
    assert_eq!(notes(&lab, SEEN + 8 * DAY), Vec::<String>::new());
    let view = lab.view();
    let later = Timestamp::from_millisecond(i64::try_from(SEEN + 99 * DAY).unwrap()).unwrap();
    assert_eq!(head::judge(&view, later, true).notes.len(), 1);
    assert_eq!(head::judge(&view, later, false).notes.len(), 0, "a log that is shut signs no more");
}

#[test]
fn why_asking_ended_is_said() {
    let mut lab = Lab::new();
    lab.shows(DAY, LEAVES);
    lab.observation.broken_off = Some("the log kept this run waiting".to_owned());
    let verdict = lab.verdict();
    assert_eq!((verdict.outcome, verdict.doubt), (InclusionOutcome::Undetermined, Some(Doubt::Lookup)));
    assert!(verdict.reason.contains("the log kept this run waiting"), "{verdict:?}");
}

#[test]
fn a_proof_of_the_wrong_length_is_no_second_tree() {
    let mut lab = Lab::new();
    // The kept tree has one entry, so that the proof of the two is exactly one hash.
    let signed = lab.log.sign_tree_head(SEEN, 1, leaf_hash(b"other").0).unwrap();
    let signature = DigitallySigned::read(&signed).unwrap();
    let kept = TreeHead { size: 1, timestamp: SEEN, root: leaf_hash(b"other"), signature };
    let mut json = kept.to_json().unwrap();
    json["log_id"] = json!(LogId(lab.log.log_id()).to_string());
    let content = FileContent::Read(Bytes(json.to_string().into_bytes()));
    lab.observation.kept = Some(InputFile { path: "kept.json".to_owned(), content, folder: None });
    lab.shows(DAY, LEAVES);
    let hash = leaf_hash(b"promised");
    for (proof, doubt) in [
        (json!([hash]), None),
        (json!([hash, hash]), Some(Doubt::Proof)),
        (json!([leaf_hash(b"wrong")]), Some(Doubt::Proof)),
        (json!([]), Some(Doubt::Lookup)),
        (json!(null), Some(Doubt::Lookup)),
    ] {
        lab.observation.exchanges.truncate(1);
        let body = json!({"consistency": proof}).to_string();
        lab.answered("get-sth-consistency?first=1&second=2", 200, &body);
        let standing = lab.verdict().head.standing.clone();
        match doubt {
            None => assert_eq!(standing, Standing::Consistent),
            Some(doubt) => assert!(
                matches!(&standing, Standing::Unproven(found, _) if *found == doubt),
                "{body}: {standing:?}"
            ),
        }
    }
}

#[test]
fn the_merge_delay_is_exact() {
    let with = |after, at: u64| denying(after, 404, "Not Found").verdict_at(SEEN + at).outcome;
    assert_eq!(with(DAY - 1, DAY - 1), InclusionOutcome::NotYetDue);
    // The log's own tree is from before the time, whatever the clock here says.
    assert_eq!(with(DAY - 1, 9 * DAY), InclusionOutcome::Undetermined);
    // Without the counter-check, it stays open from then on.
    assert_eq!(with(DAY, DAY), InclusionOutcome::Undetermined);
    let mut lab = denying(DAY, 404, "Not Found");
    lab.answered(NEWEST, 200, r#"{"leaf_input":"d3Jvbmc=","extra_data":"","audit_path":[]}"#);
    lab.answered(&by_hash(b"wrong"), 200, &proof(1, b"other"));
    assert_eq!(lab.verdict_at(SEEN + DAY).outcome, InclusionOutcome::Absent);
    assert_eq!(
        lab.verdict_at(SEEN + DAY - 1000).outcome,
        InclusionOutcome::NotYetDue,
        "the log's clock is ahead"
    );
    assert_eq!(denying(DAY - 1, 404, "").next(), Vec::<String>::new(), "no counter-check before the time");
}

#[test]
fn a_longer_merge_delay_is_waited_for() {
    let mut lab = denying(2 * DAY, 404, "Not Found");
    lab.merge_delay = SignedDuration::from_hours(7 * 24);
    assert_eq!(lab.next(), Vec::<String>::new(), "no counter-check before the time");
    let verdict = lab.verdict_at(SEEN + 2 * DAY);
    assert_eq!(verdict.outcome, InclusionOutcome::NotYetDue, "{verdict:?}");
    assert!(verdict.reason.contains("7 days after"), "{verdict:?}");
}

#[test]
fn the_merge_delay_is_the_lists_and_never_too_short() {
    use LogType::{Rfc6962, Static};
    let known = |log_type, assurance, mmd: Option<i64>| {
        let table = LogTable::embedded();
        let log = table.iter().next().unwrap();
        let mmd = mmd.map(SignedDuration::from_secs);
        maximum_merge_delay(&KnownLog { log_type, mmd, assurance, ..log }).as_secs()
    };
    let week = 7 * 86_400;
    for (log_type, assurance, mmd, expected) in [
        (Rfc6962, Assurance::Real, None, 86_400),
        (Static, Assurance::Real, None, 86_400),
        (Rfc6962, Assurance::MonitoringOnly, None, week),
        (Static, Assurance::Test, None, week),
        (Rfc6962, Assurance::MonitoringOnly, Some(604_800), 604_800),
        (Static, Assurance::Real, Some(60), 60),
        (Static, Assurance::Real, Some(86_400), 86_400),
        (Static, Assurance::Real, Some(0), 60),
        (Rfc6962, Assurance::Real, Some(60), 86_400),
    ] {
        assert_eq!(known(log_type, assurance, mmd), expected, "{log_type:?} {assurance:?} {mmd:?}");
    }
}

#[test]
fn a_kept_tree_head_counts_only_if_it_is_the_logs() {
    let kept = |lab: &mut Lab, text: String| {
        let content = FileContent::Read(Bytes(text.into_bytes()));
        lab.observation.kept = Some(InputFile { path: "kept.json".to_owned(), content, folder: None });
    };
    let mut lab = Lab::new();
    lab.shows(DAY, LEAVES);
    let mut head = lab.head(SEEN, node_hash(leaf_hash(b"other"), leaf_hash(b"promised")));
    head["log_id"] = json!(LogId([9; 32]).to_string());
    kept(&mut lab, head.to_string());
    let verdict = lab.verdict();
    assert!(verdict.head.kept_problem.as_ref().unwrap().contains("another log's"), "{verdict:?}");
    assert_eq!(verdict.head.to_keep(), None);

    head["log_id"] = json!(LogId(lab.log.log_id()).to_string());
    kept(&mut lab, head.to_string());
    let verdict = lab.verdict();
    assert_eq!(verdict.head.standing, Standing::Consistent);
    assert_eq!(verdict.head.to_keep().map(|head| head.timestamp), Some(SEEN + DAY));

    // The same size with another root, signed by the log: two trees.
    let mut fork = lab.head(SEEN, TreeHash([7; 32]));
    fork["log_id"] = head["log_id"].clone();
    kept(&mut lab, fork.to_string());
    let verdict = lab.verdict();
    assert!(matches!(verdict.head.standing, Standing::Inconsistent(_)));
    assert_eq!((verdict.outcome, verdict.head.to_keep()), (InclusionOutcome::Undetermined, None));
}

#[test]
fn the_promised_leaf_is_the_one_that_logs_put_into_their_trees() {
    use crate::ct::entry::{SignedEntry, promised_leaf};
    use crate::demo::authority::CaCertificate;
    use crate::demo::ct;
    let lab = Lab::new();
    let ca =
        CaCertificate::root("Lab CA", KeyAlgorithm::P256, "2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
    let extensions = vec![0, 0, 5, 0, 0, 0, 1, 2];
    let sct = Sct { extensions: extensions.clone(), ..lab.promise().sct };
    let issuer_key_hash = ca.key.spki_sha256();
    for (logged, ours) in [
        (ct::SignedEntry::X509(b"certificate"), SignedEntry::X509 { certificate: b"certificate" }),
        (
            ct::SignedEntry::Precertificate { issuer: &ca, tbs: b"tbs" },
            SignedEntry::Precert { issuer_key_hash, tbs: b"tbs" },
        ),
    ] {
        let signed = ct::Sct {
            version: 0,
            log_id: sct.log_id.0,
            timestamp: sct.timestamp,
            extensions: extensions.clone(),
            hash_algorithm: 4,
            signature_algorithm: 3,
            signature: Vec::new(),
        };
        let leaf = ct::merkle_tree_leaf(logged, &signed).unwrap();
        assert_eq!(promised_leaf(ours, &sct), Some(leaf_hash(&leaf)));
    }
}
