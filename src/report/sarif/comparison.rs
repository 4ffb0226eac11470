//! What `pinstead compare` says of a host, in short: SARIF has no place for tables.

use serde_json::{Value, json};

use crate::compare::Comparison;
use crate::compare::advice::Advice;
use crate::report::compared::{headlines, plan};

/// The most hosts whose comparison stands in the properties of the run: the notifications have all.
pub(super) const MOST: usize = 200;

/// The comparison in sentences.
pub(super) fn sentence(name: &str, (comparison, advice): (&Comparison, &Advice)) -> String {
    let mut told = vec![format!("{name}: advice: {}. {}", advice.verdict.word(), advice.sentence)];
    for headline in headlines(comparison) {
        told.push(format!("{}: {}", headline.title, headline.told().join(" ")));
    }
    if let Some(replay) = &comparison.replay {
        told.push(format!("Replay: {}", replay.sentence));
    }
    let undone: Vec<String> = plan(advice)
        .into_iter()
        .filter(|planned| planned.is_required)
        .map(|planned| format!("the required step “{}” is {}", planned.step.id, planned.state()))
        .collect();
    if !undone.is_empty() {
        told.push(format!("Gate: {}.", undone.join("; ")));
    }
    told.join(" ")
}

/// The same for programs, in the words of `--format json`.
pub(super) fn value(name: &str, (comparison, advice): (&Comparison, &Advice)) -> Value {
    let steps: Vec<Value> = plan(advice)
        .into_iter()
        .map(|planned| {
            json!({
                "id": planned.step.id,
                "done": planned.step.done,
                "required": planned.is_required,
                "gate": planned.step.gate,
            })
        })
        .collect();
    json!({
        "target": name,
        "advice": {"verdict": advice.verdict, "sentence": advice.sentence},
        "headlines": {
            "prevents": comparison.headlines.prevents.sentence,
            "detects": comparison.headlines.detects.sentence,
            "locks_out": comparison.headlines.locks_out.sentence,
        },
        "unlisted_ca": comparison.unlisted_ca,
        "replay": comparison.replay.as_ref().map(|replay| &replay.sentence),
        "steps": steps,
    })
}
