//! The table of threats and controls, for people.

use std::fmt::Write as _;

use anstyle::Style;

use super::safe;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{pad, wrap};
use crate::compare::{Cell, Comparison, Control, Effect};

/// Columns of the id, of the threat and of each control.
const ID: usize = 5;
const THREAT: usize = 31;
const CONTROL: usize = 9;

/// The table, its legend, and the reason of every cell that says more than “nothing changes”.
pub fn comparison(comparison: &Comparison) -> String {
    format!("{}\n{}\n{}", table(comparison), legend(), reasons(comparison))
}

fn table(comparison: &Comparison) -> String {
    let mut text = pad("", ID + THREAT);
    for control in Control::ASKED {
        text.push_str(&pad(&paint(STRONG, control.title()), CONTROL));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for row in &comparison.threats {
        let mut line = format!("{}{}", pad(row.id, ID), pad(row.threat, THREAT));
        for cell in row.cells.iter().filter(|cell| Control::ASKED.contains(&cell.control)) {
            line.push_str(&pad(&paint(style(cell.effect), cell.effect.word()), CONTROL));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn legend() -> String {
    let meanings = [
        (Effect::Prevents, "the attack fails"),
        (Effect::Detects, "it works, and is seen"),
        (Effect::NoEffect, "nothing changes"),
        (Effect::MakesWorse, "harm is added"),
        (Effect::Unknown, "not known"),
    ];
    let words: Vec<String> = meanings
        .into_iter()
        .map(|(effect, meaning)| format!("{} = {meaning}", paint(style(effect), effect.word())))
        .collect();
    wrap(&words.join("; "), "", "")
}

/// The reasons by control; one that several threats share is given once, after their ids.
fn reasons(comparison: &Comparison) -> String {
    let mut text = String::new();
    for control in Control::ASKED {
        let mut told: Vec<(&Cell, Vec<&str>)> = Vec::new();
        for row in &comparison.threats {
            for cell in row.cells.iter().filter(|cell| cell.control == control) {
                match told.iter_mut().find(|(first, _)| first.reason == cell.reason) {
                    Some((_, ids)) => ids.push(row.id),
                    None => told.push((cell, vec![row.id])),
                }
            }
        }
        let everywhere = told.len() == 1;
        told.retain(|(cell, _)| everywhere || cell.effect != Effect::NoEffect);
        if told.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", paint(STRONG, control.title()));
        for (cell, ids) in told {
            let ids = if everywhere { "all".to_owned() } else { ids.join(" ") };
            let label = format!("  {} {ids}: ", paint(style(cell.effect), cell.effect.word()));
            let source = paint(FAINT, format_args!("({})", cell.source));
            text.push_str(&wrap(&format!("{} {source}", safe(&cell.reason)), &label, "    "));
        }
    }
    text
}

fn style(effect: Effect) -> Style {
    match effect {
        Effect::Prevents | Effect::Detects => GOOD,
        Effect::NoEffect => FAINT,
        Effect::MakesWorse => BAD,
        Effect::Unknown => DOUBTFUL,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compare::{
        CaaPolicy, Circumstances, ClientPins, CtPolicy, CurrentIssuer, Expectation, Fact, MeasuredFacts,
        PinEnforcement, PinMatches, Pins, PublicTrust, compare,
    };
    use crate::report::human::wrap::{WIDTH, width};
    use crate::x509::ChainPosition;

    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_measured_host_fits_in_80_columns() {
        let text = comparison(&compare(
            &MeasuredFacts {
                public_trust: Fact::Measured(PublicTrust::Trusted),
                ct_policy: Fact::Measured(CtPolicy::Met),
                caa: Fact::Measured(CaaPolicy::Restrictive {
                    permitted: vec!["ca1.example".into()],
                    current_issuer: CurrentIssuer::Permitted,
                }),
                expectation: Fact::Measured(Expectation::Expected),
                log_watch: Fact::NotGiven,
                pins: Fact::Measured(vec![ClientPins {
                    client: "pins.txt".to_owned(),
                    class: None,
                    pins: Pins::Pinned {
                        enforcement: PinEnforcement::Enforced,
                        matches: Fact::Measured(PinMatches {
                            positions: BTreeSet::from([ChainPosition::Intermediate]),
                            unmatched: 1,
                        }),
                        locked_out: false,
                        overridden_for_user_anchors: false,
                    },
                }]),
                ..MeasuredFacts::default()
            },
            &Circumstances::default(),
        ));
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{}", bare(&text));
        insta::assert_snapshot!(bare(&text));
    }

    #[test]
    fn what_is_not_known_is_told_once_a_control() {
        insta::assert_snapshot!(bare(&comparison(&compare(
            &MeasuredFacts::default(),
            &Circumstances::default()
        ))));
    }
}
