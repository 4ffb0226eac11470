//! Rules about what could not be read of pin files.

use serde_json::json;

use super::subjects::{of_kind, place};
use crate::pins::{PinsVerdict, ProblemKind, SourceState};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// Files of no known format.
pub(super) static NOT_RECOGNISED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN007",
        title: "The format of a pin file is not recognised",
        severity: Severity::Medium,
        needs: "a pin file",
        explanation: "The file is of no format that is read here. What it pins is undetermined: that is not the same \
            as no pins.",
        advice: "Give a file of a format that `pinstead pins --help` lists, or write the pins down in a `pins.toml`.",
        references: &["docs/pins-toml.md (pins of any other kind)"],
    },
    raise: |verdict| {
        let unknown = verdict.sources.iter().filter(|source| source.state == SourceState::NotRecognised);
        let raised = unknown.map(|source| {
            let message = "The format is not recognised; whether the file pins anything is undetermined.";
            Raised::new(&source.file, message, json!({"file": source.file})).standing_at(place(source, None))
        });
        raised.collect()
    },
};

/// Parts of files that this program does not follow.
pub(super) static READ_IN_PART: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN050",
        title: "A source of pins was read in part",
        severity: Severity::Medium,
        needs: "a source of pins",
        explanation: "The source is of a known kind, and something in it that has to do with pins is not known from it \
            alone: a value that is defined elsewhere, certificates that only the app's code decides about, records \
            whose DNSSEC state was not seen, an answer that did not come. What that pins is undetermined: it is not \
            the same as no pins.",
        advice: "Write what is meant there down in a `pins.toml` whose entry names this file in `completes`, and give it \
            beside this file.",
        references: &["docs/pins-toml.md (pins of any other kind)"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::NotRead),
};
