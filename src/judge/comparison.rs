//! What protects a target, side by side: the table, the replay and the advice, from its other verdicts.

use jiff::Timestamp;

use super::inputs::Inputs;
use super::target::TargetVerdicts;
use super::{Request, facts, replay};
use crate::compare::advice::{Asked, advise};
use crate::compare::{self, Comparison};
use crate::evidence::TargetEvidence;

/// Compares by what was judged of the target; advice is for who asks for the comparison by its own command.
pub(super) fn judge(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    request: &Request,
    inputs: &Inputs,
    at: Timestamp,
) -> Comparison {
    let mut facts = facts::measured(verdicts, target, inputs, at);
    let mut comparison = compare::compare(&facts, &inputs.circumstances);
    comparison.replay = replay::of_target((target, verdicts), inputs, at);
    if let Some(replay) = &mut comparison.replay {
        replay.join(&comparison.unlisted_ca);
        comparison.headlines.join(replay);
    }
    if verdicts.is_compared {
        facts.root_pins = facts::root_pins((target, verdicts), comparison.replay.as_ref(), inputs);
        let options = request.compare.as_ref().map(|stated| stated.repeated.as_slice()).unwrap_or_default();
        let asked = Asked { target: &verdicts.target, options, require: &inputs.required };
        comparison.advice = Some(advise(asked, &facts, &comparison, &inputs.circumstances));
    }
    comparison
}
