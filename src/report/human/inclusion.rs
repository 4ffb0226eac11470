//! What the logs say of the SCTs' promises, in a sentence.

use crate::ct::inclusion::InclusionOutcome;
use crate::ct::verdict::CtVerdict;

/// How many of the SCTs were kept, and how many not; nothing where no log was asked.
pub(super) fn inclusion(ct: &CtVerdict) -> Option<String> {
    let outcomes: Vec<InclusionOutcome> =
        ct.scts.iter().filter_map(|sct| sct.inclusion.verdict()).map(|verdict| verdict.outcome).collect();
    let counted = |outcome| match outcomes.iter().filter(|other| **other == outcome).count() {
        0 => None,
        count => Some(count),
    };
    let parts: Vec<String> = [
        (InclusionOutcome::Proven, "proven"),
        (InclusionOutcome::Absent, "absent"),
        (InclusionOutcome::NotYetDue, "not yet due"),
        (InclusionOutcome::Undetermined, "undetermined"),
    ]
    .into_iter()
    .filter_map(|(outcome, word)| counted(outcome).map(|count| format!("{count} {word}")))
    .collect();
    (!parts.is_empty()).then(|| format!("Inclusion in their logs: {}.", parts.join(", ")))
}
