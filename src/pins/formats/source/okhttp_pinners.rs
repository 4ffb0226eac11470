//! Which pinner of a file a call of OkHttp's builder belongs to: each `CertificatePinner.Builder()` makes one, with pins
//! of its own, and what a function adds to a builder that it is given may belong to each of them.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::Conditions;
use super::okhttp_branches::{Branch, branch, ends_a_condition, start_of_value};
use super::scan::{Scan, Span};

/// How many names may lead to one another.
pub(super) const MOST_NAMES: usize = 5;
/// The most pinners of one file: what belongs to each of them is given for each.
const MOST_PINNERS: usize = 64;

/// The most tokens between the name of a function and one of its parameters.
pub(super) const LONGEST_PARAMETERS: usize = 60;

/// The pinners that a file builds, as far as it has been read.
pub(super) struct Pinners {
    /// Where each is built, in the order of the file.
    built: Vec<usize>,
    /// What calls are about that do not say so themselves.
    last: Last,
    /// The functions that are given a builder, and the pinners whose building is seen to call them.
    called: BTreeMap<String, BTreeSet<usize>>,
    /// The function that is being read, where it is given a builder.
    function: Option<String>,
}

/// What was met last.
enum Last {
    /// None that is still being built.
    Nothing,
    /// The building of a pinner.
    Built(usize),
    /// A builder that a function is given, under this name if it has one.
    Given(Option<String>),
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Built(usize),
    Default,
    Open,
}

impl Pinners {
    /// The pinners of a file; the error says that there are too many.
    pub(super) fn of(scan: &Scan<'_>, conditions: &Conditions) -> Result<Self, String> {
        let built: Vec<usize> =
            scan.places(&["CertificatePinner"]).into_iter().filter(|at| is_built(scan, *at)).collect();
        if built.len() > MOST_PINNERS {
            return Err(format!("it builds more than {MOST_PINNERS} pinners"));
        }
        let mut pinners = Self { built, last: Last::Nothing, called: BTreeMap::new(), function: None };
        pinners.look_for_calls(scan, conditions);
        (pinners.last, pinners.function) = (Last::Nothing, None);
        Ok(pinners)
    }

    /// Finds the functions that are given a builder, and which pinners call them.
    fn look_for_calls(&mut self, scan: &Scan<'_>, conditions: &Conditions) {
        let places = scan.places(&["CertificatePinner"]);
        let declared: BTreeMap<&str, usize> = places
            .into_iter()
            .filter_map(|at| function(scan, at))
            .map(|at| (scan.word(at), at))
            .fold(BTreeMap::new(), |mut all, (name, at)| {
                all.extend(name.map(|name| (name, at)));
                all
            });
        if declared.is_empty() {
            return;
        }
        let mut names: Vec<&str> = declared.keys().copied().collect();
        names.extend(["CertificatePinner", "build"]);
        for at in scan.places(&names) {
            let open = at.saturating_add(1);
            match scan.word(at) {
                Some("CertificatePinner") => self.meet(scan, at),
                Some("build") if scan.is_before(at, ".") && scan.is(open, "(") => self.end(),
                Some(name) if scan.is(open, "(") && declared.get(name).is_some_and(|own| *own != at) => {
                    let arguments = scan.arguments(open);
                    let given = arguments.into_iter().find_map(|argument| {
                        let name = scan.word(argument.start).filter(|_| argument.len() == 1)?;
                        match self.leads(scan, scan.definition(name, at)?) {
                            Meaning::Built(number) => Some(number),
                            Meaning::Default | Meaning::Open => None,
                        }
                    });
                    let pinner = given.or_else(|| self.of_call(scan, at).flatten());
                    if let Some(number) =
                        pinner.filter(|_| self.condition(scan, conditions, at, pinner).is_none())
                    {
                        self.called.entry(name.to_owned()).or_default().insert(number);
                    }
                }
                _ => {}
            }
        }
    }

    /// The pinners that are seen to call the function that is being read.
    pub(super) fn callers(&self) -> Vec<usize> {
        let called = self.function.as_ref().and_then(|function| self.called.get(function));
        called.into_iter().flatten().copied().collect()
    }

    /// Takes note of the name `CertificatePinner` at a place.
    pub(super) fn meet(&mut self, scan: &Scan<'_>, at: usize) {
        if !is_builder(scan, at) {
            return;
        }
        if let Some(number) = self.built.iter().position(|built| *built == at) {
            self.last = Last::Built(number);
        } else if let Some(given) = given(scan, at) {
            self.last = Last::Given(given);
            self.function = function(scan, at).and_then(|at| scan.word(at)).map(str::to_owned);
        } else if matches!(self.last, Last::Nothing) {
            self.last = Last::Given(None);
            self.function = None;
        }
    }

    /// Takes note of the end of something that is built.
    pub(super) fn end(&mut self) {
        self.last = Last::Nothing;
    }

    /// The pinner that the call `add` at a place is about, `Some(None)` where it may be each of them; `None` where it is
    /// about something else.
    #[expect(clippy::option_option, reason = "no pinner and each of them are not the same")]
    pub(super) fn of_call(&self, scan: &Scan<'_>, at: usize) -> Option<Option<usize>> {
        let receiver = receiver(scan, at);
        let name = receiver.and_then(|at| scan.word(at));
        match &self.last {
            Last::Given(given) if name.is_none() || name == given.as_deref() => return Some(None),
            _ => {}
        }
        let own = receiver.and_then(|at| self.built.iter().position(|built| *built == at));
        let own = own.or_else(|| match self.leads(scan, scan.definition(name?, at)?) {
            Meaning::Built(number) => Some(number),
            Meaning::Default | Meaning::Open => None,
        });
        match (own, &self.last) {
            (Some(own), _) => Some(Some(own)),
            (None, Last::Built(number)) => Some(Some(*number)),
            (None, Last::Given(_)) => Some(None),
            (None, Last::Nothing) => None,
        }
    }

    /// On what a call about a pinner runs, if it does not wherever the pinner is made.
    pub(super) fn condition(
        &self,
        scan: &Scan<'_>,
        conditions: &Conditions,
        at: usize,
        pinner: Option<usize>,
    ) -> Option<String> {
        match pinner.and_then(|pinner| self.built.get(pinner)) {
            Some(built) => conditions.beyond(scan, at, *built),
            None => conditions.at(scan, at),
        }
    }

    /// On what a pinner is made and given to clients, if that is not always: where it is decided, and what.
    pub(super) fn condition_of_use(
        &self,
        scan: &Scan<'_>,
        conditions: &Conditions,
        pinner: Option<usize>,
    ) -> Option<(usize, String)> {
        if let Some((number, at)) = pinner.and_then(|number| Some((number, *self.built.get(number)?))) {
            // Where every branch makes one, some pinner is made.
            let made = if self.is_one_of_all(scan, conditions, number) {
                conditions.around(scan, at)
            } else {
                conditions.at(scan, at)
            };
            if let Some(made) = made {
                return Some((at, format!("the file makes this pinner {made}")));
            }
        }
        let is_of = |given: &Span| pinner.is_none_or(|pinner| !self.is_other(scan, given.clone(), pinner));
        let mut first = None;
        for given in given_to_clients(scan).into_iter().filter(is_of) {
            let condition = conditions.at(scan, given.start.saturating_sub(2))?;
            first = first.or(Some((given.start, condition)));
        }
        first.map(|(at, condition)| (at, format!("the file gives it to a client {condition}")))
    }

    /// Whether a pinner is one of those of a condition that has one in each of its branches.
    fn is_one_of_all(&self, scan: &Scan<'_>, conditions: &Conditions, pinner: usize) -> bool {
        let Some(first) = self.alternative(scan, pinner) else { return false };
        let mut last = pinner;
        while self.goes_on(scan, last) {
            last = last.saturating_add(1);
        }
        let (Some(from), Some(to)) = (self.built.get(first), self.built.get(last)) else { return false };
        let begins = match branch(scan, *from) {
            Some(Branch::If | Branch::First) => true,
            // Each arm makes one.
            Some(Branch::Arm) => conditions.branches(*from).is_some_and(|inside| {
                let arms = inside.filter(|at| scan.is(*at, "->")).count();
                arms == last.saturating_sub(first).saturating_add(1)
            }),
            Some(Branch::Else | Branch::Other) | None => false,
        };
        let has_other = (*from..*to).any(|at| matches!(scan.word(at), Some("DEFAULT" | "null")));
        begins && !has_other && ends_a_condition(scan, *to)
    }

    /// Whether each client of the file that is given a pinner is given another one than this.
    pub(super) fn is_passed_over(&self, scan: &Scan<'_>, pinner: usize) -> bool {
        let calls = given_to_clients(scan);
        !calls.is_empty() && calls.into_iter().all(|given| self.is_other(scan, given, pinner))
    }

    /// Where clients are given `CertificatePinner.DEFAULT`, always or on a condition.
    pub(super) fn unpinned_clients(&self, scan: &Scan<'_>) -> Vec<usize> {
        let names_default = |given: &Span| {
            given.clone().any(|at| {
                scan.word(at) == Some("CertificatePinner")
                    && scan.word(at.saturating_add(2)) == Some("DEFAULT")
            })
        };
        let is_none = |given: &Span| {
            let name = scan.word(given.start).filter(|_| given.len() == 1);
            let mut all = name.map(|name| scan.all_definitions(name)).into_iter().flatten();
            names_default(given)
                || all.any(|value| names_default(&value) || self.leads(scan, value) == Meaning::Default)
        };
        given_to_clients(scan).into_iter().filter(is_none).map(|given| given.start).collect()
    }

    /// The first of the pinners of which a condition builds one, where this is one of them: `if (a) … else …`,
    /// `a ? … : …`, `when (a) { x -> … }`.
    pub(super) fn alternative(&self, scan: &Scan<'_>, pinner: usize) -> Option<usize> {
        let mut first = pinner;
        while let Some(before) = first.checked_sub(1).filter(|before| self.goes_on(scan, *before)) {
            first = before;
        }
        (first != pinner || self.goes_on(scan, pinner)).then_some(first)
    }

    /// Whether the pinner after this one stands in the next branch of the same condition.
    fn goes_on(&self, scan: &Scan<'_>, number: usize) -> bool {
        let next = number.saturating_add(1);
        let (Some(from), Some(to)) = (self.built.get(number), self.built.get(next)) else { return false };
        let (Some(one), Some(two)) = (branch(scan, *from), branch(scan, *to)) else { return false };
        let between = || (*from..*to).filter_map(|at| scan.word(at));
        let is_same = match two {
            Branch::Else => between().filter(|word| *word == "else").count() == 1,
            Branch::Arm => one == Branch::Arm && !between().any(|word| matches!(word, "when" | "switch")),
            Branch::Other => (*from..*to).filter(|at| scan.is(*at, ":")).count() == 1,
            Branch::If | Branch::First => false,
        };
        is_same
            && match one {
                Branch::If | Branch::Else => two == Branch::Else,
                Branch::First => two == Branch::Other,
                Branch::Arm => matches!(two, Branch::Arm | Branch::Else),
                Branch::Other => false,
            }
    }

    /// Whether a builder has a name that is given to another one before it is built or used for anything else.
    pub(super) fn is_dropped(&self, scan: &Scan<'_>, pinner: usize) -> bool {
        let named = |at: usize| {
            let start = start_of_value(scan, at);
            let equals = start.checked_sub(1).filter(|equals| scan.is(*equals, "="))?;
            scan.word_before(equals)
        };
        let Some(at) = self.built.get(pinner).copied() else { return false };
        let Some(name) = named(at) else { return false };
        let rest = self.built.get(pinner.saturating_add(1)..).unwrap_or_default();
        let Some(until) = rest.iter().copied().find(|next| named(*next) == Some(name)) else { return false };
        if self.alternative(scan, pinner).is_some() {
            return false;
        }
        // The name that is given to another one is no use of it.
        let end = start_of_value(scan, until).saturating_sub(2);
        !(at..end).any(|place| match scan.word(place) {
            Some("build") if scan.is_before(place, ".") => {
                receiver(scan, place).is_none_or(|start| start == at || scan.word(start) == Some(name))
            }
            Some(word) if word == name => {
                let after = place.saturating_add(1);
                let adds = scan.is(after, ".") && scan.word(after.saturating_add(1)) == Some("add");
                !adds && !scan.is(after, "=")
            }
            _ => false,
        })
    }

    /// Whether an expression is known to be another pinner.
    fn is_other(&self, scan: &Scan<'_>, given: Span, pinner: usize) -> bool {
        let is_other = |meaning| match meaning {
            Meaning::Built(number) => number != pinner,
            Meaning::Default => true,
            Meaning::Open => false,
        };
        if self.within(&given).is_some() || is_default(scan, &given) {
            return is_other(self.meaning(scan, &given));
        }
        // `pinner`, `this.pinner`, `builder.build()`.
        let is_path = |span: &Span| span.clone().all(|at| scan.word(at).is_some() || scan.is(at, "."));
        let path = match given.end.checked_sub(4) {
            Some(dot) if scan.is(dot, ".") && scan.word(dot.saturating_add(1)) == Some("build") => {
                given.start..dot
            }
            _ => given,
        };
        let name = path.end.checked_sub(1).filter(|_| is_path(&path)).and_then(|last| scan.word(last));
        let mut all = name.map(|name| scan.all_definitions(name)).into_iter().flatten().peekable();
        all.peek().is_some() && all.all(|value| is_other(self.leads(scan, value)))
    }

    /// The one pinner that is built within a span; of several none.
    fn within(&self, span: &Span) -> Option<Meaning> {
        let mut inside = self.built.iter().enumerate().filter(|(_, at)| span.contains(at));
        let (number, _) = inside.next()?;
        Some(if inside.next().is_some() { Meaning::Open } else { Meaning::Built(number) })
    }

    fn meaning(&self, scan: &Scan<'_>, value: &Span) -> Meaning {
        self.within(value).unwrap_or(if is_default(scan, value) { Meaning::Default } else { Meaning::Open })
    }

    /// What a value leads to, over names if need be: `builder = builder.add(…)`.
    fn leads(&self, scan: &Scan<'_>, value: Span) -> Meaning {
        let mut value = value;
        for _ in 0..MOST_NAMES {
            let meaning = self.meaning(scan, &value);
            if meaning != Meaning::Open || self.within(&value).is_some() {
                return meaning;
            }
            let own = value.clone().find(|at| scan.word(*at).is_some_and(|word| word != "this"));
            let before = value.start.saturating_sub(1);
            match own.and_then(|own| scan.definition(scan.word(own)?, before)) {
                Some(next) if next != value => value = next,
                _ => break,
            }
        }
        Meaning::Open
    }
}

/// What clients are given as their pinner, in the order of the file.
fn given_to_clients(scan: &Scan<'_>) -> Vec<Span> {
    scan.places(&["certificatePinner"])
        .into_iter()
        // Behind a name or a type it is declared.
        .filter(|at| at.checked_sub(1).is_none_or(|before| scan.word(before).is_none()))
        .filter_map(|at| scan.inside(at.saturating_add(1)).filter(|inside| !inside.is_empty()))
        .collect()
}

/// Whether `CertificatePinner.Builder` stands here.
fn is_builder(scan: &Scan<'_>, at: usize) -> bool {
    scan.is(at.saturating_add(1), ".") && scan.word(at.saturating_add(2)) == Some("Builder")
}

/// Whether `CertificatePinner.Builder()` stands here.
fn is_built(scan: &Scan<'_>, at: usize) -> bool {
    is_builder(scan, at) && scan.is(at.saturating_add(3), "(")
}

/// Where `CertificatePinner.Builder` is the type of what a function is given: its name, if it has one.
#[expect(clippy::option_option, reason = "a receiver without a name is given, too")]
fn given(scan: &Scan<'_>, at: usize) -> Option<Option<String>> {
    let after = at.saturating_add(3);
    let ends = |at: usize| scan.is(at, ",") || scan.is(at, ")");
    if scan.word_before(at) == Some("fun") {
        return Some(None);
    }
    let colon = at.checked_sub(1).filter(|colon| scan.is(*colon, ":") && ends(after));
    if let Some(colon) = colon {
        return Some(scan.word_before(colon).map(str::to_owned));
    }
    let name = scan.word(after).filter(|_| ends(after.saturating_add(1)))?;
    Some(Some(name.to_owned()))
}

/// Where the name of the function stands that is given a builder, as its receiver or as a parameter of this type.
fn function(scan: &Scan<'_>, at: usize) -> Option<usize> {
    if !is_builder(scan, at) || given(scan, at).is_none() {
        return None;
    }
    if scan.word_before(at) == Some("fun") {
        let name = at.saturating_add(4);
        return scan.word(name).map(|_| name);
    }
    // Back over the parameters before this one.
    let mut place = at;
    for _ in 0..LONGEST_PARAMETERS {
        place = place.checked_sub(1)?;
        if scan.is(place, "(") {
            return place.checked_sub(1).filter(|name| scan.word(*name).is_some());
        }
        place = scan.opening(place).unwrap_or(place);
    }
    None
}

/// Where what `add` is called on begins: `builder` in `builder.add(…).add(…)`.
fn receiver(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let dot = at.checked_sub(1).filter(|dot| scan.is(*dot, ".") || scan.is(*dot, "?."))?;
    let before = dot.checked_sub(1)?;
    if scan.word(before).is_some() {
        return Some(before);
    }
    let start = scan.start_of_path(dot);
    (start..dot).find(|at| scan.word(*at).is_some_and(|word| !matches!(word, "this" | "okhttp3")))
}

/// Whether `CertificatePinner.DEFAULT` is all that stands in a value.
fn is_default(scan: &Scan<'_>, value: &Span) -> bool {
    let Some(start) = value.end.checked_sub(3).filter(|start| *start >= value.start) else { return false };
    let is_path = value.clone().all(|at| scan.word(at).is_some() || scan.is(at, "."));
    is_path
        && scan.word(start) == Some("CertificatePinner")
        && scan.word(start.saturating_add(2)) == Some("DEFAULT")
}
