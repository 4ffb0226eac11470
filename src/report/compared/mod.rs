//! A comparison as the reports show it that are passed on: headlines as lists, threats and pin sets as rows, the plan in
//! order. The words are the comparison's own; here is only what stands beside what.

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::compare::advice::{Advice, Done, Step, StepId, Verdict};
use crate::compare::replay::{Bounds, LocksOutNow, Replay, ReplayedPinSet};
use crate::compare::{
    Cell, ClientClass, Comparison, Control, Effect, Headline, HeadlineItem, InPlace, Threat, in_words,
};

/// One headline, as a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct HeadlineList {
    /// What it is about.
    pub(super) title: &'static str,
    /// What is so already, whatever comes: a sentence each.
    pub(super) now: Vec<String>,
    /// What is so.
    pub(super) lines: Vec<HeadlineLine>,
    /// What would belong here if it were known.
    pub(super) unknown: Vec<HeadlineLine>,
    /// The sentence that stands where there are no lines.
    pub(super) nothing: Option<&'static str>,
}

/// Some threats to some kinds of clients, of which the same is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct HeadlineLine {
    /// The kinds of clients.
    pub(super) clients: String,
    /// The threats.
    pub(super) threats: Vec<NamedThreat>,
    /// The controls that make it so, or of which it is not known.
    pub(super) by: String,
    /// How long detection takes.
    pub(super) within: Option<String>,
}

/// A threat, by its id and in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NamedThreat {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
}

impl HeadlineLine {
    /// The threats in words, each with its id.
    pub(super) fn threats_in_words(&self) -> String {
        let named: Vec<String> =
            self.threats.iter().map(|threat| format!("{} ({})", threat.title, threat.id)).collect();
        enumerated(&named)
    }

    /// The line in words.
    pub(super) fn told(&self) -> String {
        let within = self.within.as_ref().map(|within| format!(", {within}")).unwrap_or_default();
        format!("For {}, by {}{within}: {}", self.clients, self.by, self.threats_in_words())
    }

    /// The same where it is not known what the controls do. The table has each threat with its own.
    pub(super) fn told_unknown(&self) -> String {
        let ids: Vec<&str> = self.threats.iter().map(|threat| threat.id).collect();
        format!("{}: {}; it depends on {}", self.clients, ids.join(", "), self.by)
    }
}

impl HeadlineList {
    fn of(comparison: &Comparison, title: &'static str, nothing: &'static str, headline: &Headline) -> Self {
        let nothing = if comparison.clients.is_empty() {
            Some("Which clients the host serves is not known, so that nothing is said of them.")
        } else {
            (headline.items.is_empty() && headline.now.is_empty()).then_some(nothing)
        };
        Self {
            title,
            now: headline.now.clone(),
            lines: lines(comparison, &headline.items),
            unknown: unknown(comparison, &headline.unknown),
            nothing,
        }
    }

    /// All of it, a sentence a line.
    pub(super) fn told(&self) -> Vec<String> {
        let nothing = self.nothing.map(ToOwned::to_owned);
        let known = self.lines.iter().map(|line| format!("{}.", line.told()));
        let unknown = self.unknown.iter().map(|line| format!("Not known for {}.", line.told_unknown()));
        self.now.iter().cloned().chain(nothing).chain(known).chain(unknown).collect()
    }
}

/// Whether the replay's sentence says already what an attacker's certificate would meet.
pub(super) fn tells_of_unlisted_ca(comparison: &Comparison) -> bool {
    comparison.replay.as_ref().is_some_and(|replay| replay.sentence.contains(&comparison.unlisted_ca))
}

/// The three headlines.
pub(super) fn headlines(comparison: &Comparison) -> [HeadlineList; 3] {
    let headlines = &comparison.headlines;
    [
        HeadlineList::of(comparison, "Prevents now", "Nothing is prevented now.", &headlines.prevents),
        HeadlineList::of(comparison, "Detects within", "Nothing is detected.", &headlines.detects),
        HeadlineList::of(
            comparison,
            "Can lock users out",
            "Nothing is known to lock users out.",
            &headlines.locks_out,
        ),
    ]
}

/// Some items as they are gathered.
struct Group {
    clients: Vec<ClientClass>,
    by: Vec<Control>,
    within: Option<String>,
    threats: Vec<&'static str>,
}

/// The items, those of the same controls and times together, and then the clients of which the same is so.
fn lines(comparison: &Comparison, items: &[HeadlineItem]) -> Vec<HeadlineLine> {
    let mut groups: Vec<Group> = Vec::new();
    for item in items {
        let within = item.within.as_ref().map(in_words);
        let same = |group: &&mut Group| {
            group.clients == [item.client] && group.by == item.by && group.within == within
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.threats.push(item.threat),
            None => groups.push(Group {
                clients: vec![item.client],
                by: item.by.clone(),
                within,
                threats: vec![item.threat],
            }),
        }
    }
    merged(comparison, groups)
}

/// What is not known, each client's in one: the threats, and all the controls that it depends on.
fn unknown(comparison: &Comparison, items: &[HeadlineItem]) -> Vec<HeadlineLine> {
    let mut groups: Vec<Group> = Vec::new();
    for item in items {
        let place = groups.iter().position(|group| group.clients == [item.client]).unwrap_or(groups.len());
        if place == groups.len() {
            groups.push(Group {
                clients: vec![item.client],
                by: Vec::new(),
                within: None,
                threats: Vec::new(),
            });
        }
        let Some(group) = groups.get_mut(place) else { continue };
        group.threats.push(item.threat);
        for control in &item.by {
            if !group.by.contains(control) {
                group.by.push(*control);
            }
        }
        group.by.sort_unstable();
    }
    merged(comparison, groups)
}

/// The groups as lines, one for all clients of which the same is so.
fn merged(comparison: &Comparison, groups: Vec<Group>) -> Vec<HeadlineLine> {
    let mut merged: Vec<Group> = Vec::new();
    for group in groups {
        let same = |known: &&mut Group| {
            known.by == group.by && known.within == group.within && known.threats == group.threats
        };
        match merged.iter_mut().find(same) {
            Some(known) => known.clients.extend(group.clients),
            None => merged.push(group),
        }
    }
    let line = |group: Group| HeadlineLine {
        clients: if group.clients.len() > 1 && group.clients.len() == comparison.clients.len() {
            "every kind of client".to_owned()
        } else {
            enumerated(&group.clients.iter().map(|client| client.title()).collect::<Vec<_>>())
        },
        threats: group.threats.into_iter().map(|id| NamedThreat { id, title: title(id) }).collect(),
        by: enumerated(&group.by.iter().map(|control| control.noun().to_owned()).collect::<Vec<_>>()),
        within: group.within,
    };
    merged.into_iter().map(line).collect()
}

fn title(id: &str) -> &'static str {
    Threat::ALL.into_iter().find(|threat| threat.id() == id).map_or("", Threat::title)
}

/// “a, b and c”.
fn enumerated(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The heading of a control, as tables have it.
pub(super) fn heading(control: Control) -> &'static str {
    match control {
        Control::IssuerExpectation => "expected issuer",
        other => other.title(),
    }
}

/// The controls that a table needs: those that are in place, and those that were asked about and do something or are not
/// known. The levels of pins say more than the pins as a whole only where clients differ in theirs.
pub(super) fn telling(comparison: &Comparison) -> Vec<Control> {
    let says_something = |control: Control| {
        let mut cells = comparison.threats.iter().flat_map(|row| &row.cells);
        cells.any(|cell| cell.control == control && cell.effect != Effect::NoEffect)
    };
    let is_level =
        |control| matches!(control, Control::LeafPin | Control::IntermediatePin | Control::RootPin);
    let columns = comparison.columns.iter().filter(|column| match column.in_place {
        InPlace::Yes => !is_level(column.control),
        InPlace::Partly => true,
        InPlace::No | InPlace::Unknown => {
            Control::ASKED.contains(&column.control) && says_something(column.control)
        }
    });
    columns.map(|column| column.control).collect()
}

/// One threat: the controls by what they do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ThreatLine {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) prevents: Vec<String>,
    pub(super) detects: Vec<String>,
    pub(super) makes_worse: Vec<String>,
    pub(super) unknown: Vec<String>,
}

/// A row a threat, of the controls that a table needs.
pub(super) fn threats(comparison: &Comparison) -> Vec<ThreatLine> {
    let shown = telling(comparison);
    let named = |cell: &Cell| match (&cell.within, cell.effect) {
        (Some(within), Effect::Detects) => format!("{} ({})", heading(cell.control), in_words(within)),
        _ => heading(cell.control).to_owned(),
    };
    comparison
        .threats
        .iter()
        .map(|row| {
            let of = |effect| {
                let cells =
                    row.cells.iter().filter(|cell| cell.effect == effect && shown.contains(&cell.control));
                cells.map(named).collect()
            };
            ThreatLine {
                id: row.id,
                title: row.threat,
                prevents: of(Effect::Prevents),
                detects: of(Effect::Detects),
                makes_worse: of(Effect::MakesWorse),
                unknown: of(Effect::Unknown),
            }
        })
        .collect()
}

/// A step of the plan, with its place in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlannedStep<'a> {
    /// The step.
    pub(super) step: &'a Step,
    /// Its place on the way off pinning, from 1; `None` where it is not on it.
    pub(super) order: Option<usize>,
    /// Whether it was asked for by name, so that the run fails without it.
    pub(super) is_required: bool,
}

impl PlannedStep<'_> {
    /// Whether it is done, in words.
    pub(super) fn state(&self) -> &'static str {
        match self.step.done {
            Done::Yes => "done",
            Done::No => "not done",
            Done::Unknown => "not known",
        }
    }
}

/// Every step of the advice, each once, in the order of the plan.
pub(super) fn plan(advice: &Advice) -> Vec<PlannedStep<'_>> {
    let is_required = |id: StepId| advice.required.iter().any(|step| step.id == id);
    let mut steps: Vec<PlannedStep<'_>> = advice
        .migration
        .iter()
        .map(|step| PlannedStep {
            step: &step.step,
            order: Some(step.order),
            is_required: is_required(step.step.id),
        })
        .collect();
    for step in advice.first.iter().chain(&advice.required) {
        if !steps.iter().any(|known| known.step.id == step.id) {
            steps.push(PlannedStep { step, order: None, is_required: is_required(step.id) });
        }
    }
    // What is not on the way comes behind it.
    steps.sort_by_key(|step| (step.order.is_none(), step.order, step.step.id));
    steps
}

/// What stands over the plan. Nobody has to leave pinning who is not advised to.
pub(super) fn plan_title(advice: &Advice) -> &'static str {
    match (advice.migration.is_empty(), advice.verdict) {
        (true, _) => "To have in place, whatever becomes of pins",
        (false, Verdict::Drop) => "The way off pinning, in this order",
        (false, _) => "The way off pinning, in this order, for whoever decides to take it",
    }
}

/// A pin set of the replay in the words of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PinSetLine<'a> {
    /// What it is called.
    pub(super) title: &'a str,
    /// How often it locked out, surely to possibly.
    pub(super) lockouts: String,
    /// Of how many certificates it is not known whether it matches.
    pub(super) not_known: usize,
    /// Whether it locks users out now.
    pub(super) now: &'static str,
    /// The days a year without service, at best to at worst.
    pub(super) days_per_year: String,
    /// After how many days half of such pin sets have met a renewal that they do not match.
    pub(super) half_last: String,
    /// How many of the recent renewals it matches.
    pub(super) next: String,
}

impl<'a> PinSetLine<'a> {
    /// The words of a pin set.
    pub(super) fn of(set: &'a ReplayedPinSet, replay: &Replay) -> Self {
        let unknown = || "not known".to_owned();
        let half_last = match set.half_life.as_ref().map(|life| (life.median_days, life.starts)) {
            None => "–".to_owned(),
            Some((Some(days), _)) => format!("{}{}", counted(days, "day"), or_less(set, replay)),
            Some((None, 0)) => unknown(),
            Some((None, _)) => "longer than was seen".to_owned(),
        };
        Self {
            title: &set.title,
            lockouts: set.how_often(),
            not_known: set.undetermined,
            now: match set.locks_out_now {
                LocksOutNow::No => "no",
                LocksOutNow::Perhaps => "perhaps",
                LocksOutNow::Surely => "yes",
                LocksOutNow::Unknown => "not known",
            },
            days_per_year: set.lockout_days_per_year.as_ref().map_or_else(unknown, bounds),
            half_last,
            next: set.next_match.as_ref().map_or_else(unknown, crate::compare::replay::Chance::counted),
        }
    }

    /// How often it locked out, with what is not known behind it.
    pub(super) fn lockouts_in_full(&self) -> String {
        match self.not_known {
            0 => self.lockouts.clone(),
            1 => format!("{}; 1 certificate not known", self.lockouts),
            open => format!("{}; {open} certificates not known", self.lockouts),
        }
    }
}

/// What stands behind the days that half of such pins last, where certificates beside those that were followed can have
/// ended them sooner.
pub(super) fn or_less(set: &ReplayedPinSet, replay: &Replay) -> &'static str {
    let by_others = match set.at_most {
        Some(most) => most > set.lockouts.len(),
        None => replay.certificates.iter().any(|certificate| !certificate.is_followed),
    };
    if by_others { " or less" } else { "" }
}

fn counted(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Between how many days, at best and at worst.
pub(super) fn bounds(bounds: &Bounds) -> String {
    let (best, worst) = (number(bounds.at_best), number(bounds.at_worst));
    if best == worst { best } else { format!("{best} to {worst}") }
}

/// A number of days, to a tenth where that matters.
pub(super) fn number(days: f64) -> String {
    if days.abs() < 10.0 && days.fract().abs() > 0.05 { format!("{days:.1}") } else { format!("{days:.0}") }
}
