//! Rules about what the CT logs themselves say: inclusion, and that their trees only grow.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::ct::inclusion::{Absence, Doubt, Fork, HeadVerdict, InclusionOutcome, InclusionVerdict, Standing};
use crate::ct::tree_head::TreeHead;
use crate::ct::verdict::{CtVerdict, SctVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const TREE_HEAD: &str = "RFC 6962 section 3.5";
const STATIC_CT_API: &str = "C2SP static-ct-api, https://c2sp.org/static-ct-api";
const MERGE_DELAY: &str = "RFC 6962 section 3 (maximum merge delay)";

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT022",
            title: "A log does not hold the certificate that it promised to hold",
            severity: Severity::Critical,
            needs: "--inclusion, an SCT whose signature stands, and the log's signed tree head",
            explanation: "The log signed an SCT, which is a promise to include the certificate within the maximum merge delay. How long that \
                          is the log lists say, usually 24 hours for logs of RFC 6962 and one minute for static ones; the longest that a \
                          given list states counts, and where none states it, 24 hours, or a week for logs that are not for production. That time is over, the log has signed its tree since then, and the \
                          certificate is not in it. Nobody who watches this log can see the certificate, although browsers count its SCT. \
                          A static log proves this by its tree. Of another log it is the log's own word, which counts here only because \
                          the log proved its newest entry in the same way at the same time. Some logs enter a certificate that was \
                          submitted twice under the timestamp of another SCT. In a static log that can be seen, and the severity is medium \
                          then: the certificate is public, and only the promise is not kept to the letter. A log of RFC 6962 is asked \
                          by the hash of the entry with its timestamp, so that such an entry looks like none.",
            advice: "Keep the evidence (--save-evidence) and report the log to its operator and to the browsers' CT programmes: the \
                     finding holds the SCT, the leaf hash and the signed tree head. For a log of RFC 6962, look first \
                     for the certificate in a monitor that reads this log. Ask the CA for SCTs from another log.",
            references: &[MERGE_DELAY, "RFC 6962 section 5.3 and 5.4", STATIC_CT_API],
        },
        raise: absent,
    },
    Rule {
        info: RuleInfo {
            id: "CT023",
            title: "A log's tree head contradicts an earlier one",
            severity: Severity::Critical,
            needs: "--inclusion, and a tree head of the log kept by an earlier run",
            explanation: "A log only ever adds entries, and proves that to whoever has an earlier tree head. This one has lost entries, has two \
                          different trees of the same size, or its own proof leads from the later tree head to another earlier tree. A \
                          proof that merely does not hold is no contradiction: it is CT025. A log that shows different trees to different \
                          people can hide certificates from those who watch for them. The earlier tree head stays kept.",
            advice: "Keep the evidence (--save-evidence). Two signed tree heads of the same size, or a later one of fewer entries, are proof by \
                     themselves; where the tree has grown, the consistency proof is needed too, and the finding holds it. Ask again \
                     from another network, then report the log to its operator and to the browsers' CT programmes.",
            references: &["RFC 6962 section 2.1.2", "RFC 6962 section 5.3", STATIC_CT_API],
        },
        raise: |ct| each_head(ct, contradicts),
    },
    Rule {
        info: RuleInfo {
            id: "CT024",
            title: "A log's tree head is invalid, not in its right form, or of a wrong time",
            severity: Severity::High,
            needs: "--inclusion, and an answer of the log",
            explanation: "The answer has the form of a tree head or checkpoint, but parts of it cannot be read, or the log's key did not sign \
                          it. Nothing that the log says can be relied on then. An answer that has not even the form, such as a web page, \
                          is CT025. Where only the checkpoint's origin line differs from the log's submission prefix, or the tree head is dated in \
                          the future or is old for a log in use (older than its maximum merge delay and than 24 hours), the signature \
                          stands, the severity is low, and inclusion is judged all the same. A tree head from the future is not kept for \
                          later runs.",
            advice: "Make sure that no proxy answers in the log's place, and that the log list has the log's own address and key. Then tell \
                     the log's operator.",
            references: &[TREE_HEAD, STATIC_CT_API, "C2SP signed-note, https://c2sp.org/signed-note"],
        },
        raise: |ct| each_head(ct, is_none),
    },
    Rule {
        info: RuleInfo {
            id: "CT025",
            title: "Whether a log keeps its promises could not be determined",
            severity: Severity::Low,
            needs: "--inclusion",
            explanation: "The log could not be reached, is shut down, did not answer in full, something else answered in its place, or the tree head kept by an earlier run cannot \
                          be used, so that inclusion or consistency stayed open. A failed look-up is never taken for an absence. The \
                          severity is medium where the log did answer, but its proof does not hold, and high where its tree has the \
                          certificate but the log hands out another entry in its place.",
            advice: "Try again later; for a log that is shut down nothing more can be found out. Remove a kept tree head that is damaged to \
                     begin anew.",
            references: &["RFC 6962 section 4", STATIC_CT_API],
        },
        raise: undetermined,
    },
    Rule {
        info: RuleInfo {
            id: "CT026",
            title: "A log does not hold the certificate yet, and has time left",
            severity: Severity::Info,
            needs: "--inclusion, an SCT whose signature stands, and the log's signed tree head",
            explanation: "The SCT is so young that the log does not have to hold the certificate yet: its maximum merge delay is not over. \
                          That is no fault of the log.",
            advice: "Check again after the time given.",
            references: &[MERGE_DELAY, STATIC_CT_API],
        },
        raise: |ct| {
            each_sct(ct, InclusionOutcome::NotYetDue)
                .map(|(sct, verdict)| {
                    Raised::new(log_name(sct), message(sct, verdict), evidence(sct, verdict))
                })
                .collect()
        },
    },
];

/// The SCTs whose promise was judged so.
fn each_sct(
    ct: &CtVerdict,
    outcome: InclusionOutcome,
) -> impl Iterator<Item = (&SctVerdict, &InclusionVerdict)> {
    judged(ct).filter(move |(_, verdict)| verdict.outcome == outcome)
}

fn judged(ct: &CtVerdict) -> impl Iterator<Item = (&SctVerdict, &InclusionVerdict)> {
    ct.scts.iter().filter_map(|sct| Some((sct, sct.inclusion.verdict()?)))
}

fn absent(ct: &CtVerdict) -> Vec<Raised> {
    each_sct(ct, InclusionOutcome::Absent)
        .map(|(sct, verdict)| {
            let raised = Raised::new(log_name(sct), message(sct, verdict), evidence(sct, verdict));
            match verdict.absence {
                Some(Absence::OtherStamp { .. }) => raised.at(Severity::Medium),
                _ => raised,
            }
        })
        .collect()
}

/// What `raise` finds in the tree head of each log, each log once.
fn each_head(ct: &CtVerdict, raise: fn(&str, &HeadVerdict) -> Option<Raised>) -> Vec<Raised> {
    let mut seen = BTreeSet::new();
    judged(ct)
        .filter(|(sct, _)| seen.insert(sct.log_id))
        .filter_map(|(sct, verdict)| {
            let mut raised = raise(&log_name(sct), &verdict.head)?;
            raised.evidence = head_evidence(sct, &verdict.head).into();
            Some(raised)
        })
        .collect()
}

fn contradicts(name: &str, head: &HeadVerdict) -> Option<Raised> {
    let Standing::Inconsistent(how) = &head.standing else { return None };
    let kept =
        head.kept.as_ref().and_then(TreeHead::time).map(|time| format!(" of {time}")).unwrap_or_default();
    let message =
        format!("The tree head of {name} contradicts the one{kept} that an earlier run kept: {how}.");
    Some(Raised::new(name, message, Value::Null))
}

fn is_none(name: &str, head: &HeadVerdict) -> Option<Raised> {
    if let Standing::Invalid(why) = &head.standing {
        let message = format!("What {name} serves as its tree head is none: {why}.");
        return Some(Raised::new(name, message, Value::Null));
    }
    if head.notes.is_empty() {
        return None;
    }
    let notes = head.notes.join(" ");
    Some(
        Raised::new(name, format!("{name}: {notes} The log's signature on it stands."), Value::Null)
            .at(Severity::Low),
    )
}

fn undetermined(ct: &CtVerdict) -> Vec<Raised> {
    let open = each_sct(ct, InclusionOutcome::Undetermined)
        // CT023 and CT024 say it of the log already.
        .filter(|(_, verdict)| {
            !matches!(verdict.head.standing, Standing::Invalid(_) | Standing::Inconsistent(_))
        })
        .map(|(sct, verdict)| {
            let raised = Raised::new(log_name(sct), message(sct, verdict), evidence(sct, verdict));
            by_doubt(raised, verdict.doubt)
        });
    open.chain(each_head(ct, past_unknown)).collect()
}

/// What stayed open of a log's past.
fn past_unknown(name: &str, head: &HeadVerdict) -> Option<Raised> {
    if let Some(problem) = &head.kept_problem {
        let message =
            format!("{problem} Whether the tree of {name} has only grown since then was not found out.");
        return Some(Raised::new(name, message, Value::Null));
    }
    let Standing::Unproven(doubt, why) = &head.standing else { return None };
    let message =
        format!("Whether the tree of {name} has only grown since an earlier run was not found out: {why}.");
    Some(by_doubt(Raised::new(name, message, Value::Null), Some(*doubt)))
}

/// A failed look-up says nothing of the log; a proof that does not hold, or an entry held back, does.
fn by_doubt(raised: Raised, doubt: Option<Doubt>) -> Raised {
    match doubt {
        Some(Doubt::Proof) => raised.at(Severity::Medium),
        Some(Doubt::Withheld) => raised.at(Severity::High),
        Some(Doubt::Lookup) | None => raised,
    }
}

fn message(sct: &SctVerdict, verdict: &InclusionVerdict) -> String {
    let when = sct.timestamp.map(|time| format!(" of {time}")).unwrap_or_default();
    format!("The SCT of {}{when}: {}", log_name(sct), verdict.reason)
}

fn log_name(sct: &SctVerdict) -> String {
    match (&sct.log, &sct.log_id) {
        (Some(log), _) => log.name.clone(),
        (None, Some(id)) => format!("log {id}"),
        (None, None) => "an unnamed log".to_owned(),
    }
}

/// Everything needed to report the log.
fn evidence(sct: &SctVerdict, verdict: &InclusionVerdict) -> Value {
    let mut evidence = head_evidence(sct, &verdict.head);
    let about = json!({
        "delivery": sct.delivery.name(),
        "sct": STANDARD.encode(&verdict.sct),
        "timestamp": sct.timestamp.map(|time| time.to_string()),
        "leaf_hash": verdict.leaf.to_string(),
        "leaf_index": verdict.index,
        "due": verdict.due.map(|due| due.to_string()),
        "absence": verdict.absence.as_ref().map(absence),
        "urls": verdict.urls,
    });
    if let (Some(all), Value::Object(about)) = (evidence.as_object_mut(), about) {
        all.extend(about);
    }
    evidence
}

fn absence(absence: &Absence) -> Value {
    match absence {
        Absence::BeyondTree => json!({"kind": "beyond_tree"}),
        Absence::OtherLeaf { there, .. } => json!({"kind": "other_leaf", "leaf_hash": there.to_string()}),
        Absence::OtherStamp { there, timestamp } => {
            json!({"kind": "other_timestamp", "leaf_hash": there.to_string(), "timestamp_ms": timestamp})
        }
        Absence::Stated { status, said } => json!({"kind": "stated", "http_status": status, "said": said}),
    }
}

fn head_evidence(sct: &SctVerdict, head: &HeadVerdict) -> Value {
    json!({
        "log_id": sct.log_id.map(|id| id.to_string()),
        "log": sct.log.as_ref().map(|log| log.name.as_str()),
        "operator": sct.log.as_ref().map(|log| log.operator.as_str()),
        "tree_head_url": head.url,
        "tree_head": head.served.as_ref().and_then(TreeHead::to_json),
        "kept_tree_head": head.kept.as_ref().and_then(TreeHead::to_json),
        "tree_head_standing": head.standing.name(),
        "consistency_proof": head.fork.as_ref().map(fork),
    })
}

fn fork(fork: &Fork) -> Value {
    json!({
        "first": fork.first,
        "second": fork.second,
        "first_root": fork.first_root.to_string(),
        "proof": fork.proof.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
