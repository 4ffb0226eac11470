//! The replay in sentences.

use super::history::History;
use super::lines::Laid;
use super::outcome::{
    Cause, FlagRule, Flagged, Gap, HalfLife, Level, NextRenewal, PinSetKind, RenewalBasis, Replay,
    ReplayedPinSet,
};
use super::seconds::{DAY, days};

/// Of fewer months than this a history is short.
const SHORT_MONTHS: i64 = 12;

/// The pin sets without backup that the sentence tells of.
const TOLD: [Level; 3] = [Level::Leaf, Level::Intermediate, Level::AllRootsOfCa];

impl Cause {
    /// What brought it, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::NewKey => "a new key",
            Self::NewIntermediate => "a new intermediate",
            Self::NewPath => "a new path",
            Self::NewCa => "a new CA",
            Self::PinsExpired => "the pins expired",
            Self::NeverMatched => "the pins did not match from the beginning",
        }
    }
}

impl Replay {
    /// Ends the sentence with what is known of other protections.
    pub fn join(&mut self, sentence: &str) {
        self.sentence.push(' ');
        self.sentence.push_str(sentence);
    }

    /// What would have been flagged, by what, and what could not be judged: a clause.
    pub fn flagged_in_words(&self) -> String {
        flagged(self)
    }
}

impl ReplayedPinSet {
    /// How often it locked users out, from what is sure to what can have been: “2 to 36”, “at least 1”. Without an upper bound
    /// there is none to show.
    pub fn how_often(&self) -> String {
        match (self.sure, self.at_most) {
            (sure, Some(most)) if sure >= most => most.to_string(),
            (sure, Some(most)) => format!("{sure} to {most}"),
            (0, None) => "0 or more".to_owned(),
            (sure, None) => format!("at least {sure}"),
        }
    }

    /// The same in a sentence: “2 to 36 times”, “at least once”.
    pub fn times(&self) -> String {
        match self.how_often().as_str() {
            "1" => "once".to_owned(),
            "at least 1" => "at least once".to_owned(),
            often => format!("{often} times"),
        }
    }
}

impl NextRenewal {
    /// What time is left to release pins before it: a clause.
    pub fn time_left(&self) -> String {
        let days = number_of_days(self.runway_days.abs());
        let is_late = self.runway_days < 0.0;
        match self.release_lead_days {
            // When a certificate that is there already goes into service, nobody knows.
            _ if self.basis == RenewalBasis::AlreadyIssued => {
                "it has been issued already, and may go into service any time".to_owned()
            }
            Some(lead) if is_late => {
                format!("a release takes {lead:.0} days, and comes {days} days too late")
            }
            Some(lead) => format!("a release takes {lead:.0} days, and has to begin within {days} days"),
            None if is_late => "that is overdue".to_owned(),
            None => format!("that is in {days} days"),
        }
    }
}

/// A number of days, to a tenth where that matters; what is less than that is said to be.
pub fn number_of_days(days: f64) -> String {
    if days.abs() < 0.05 {
        if days == 0.0 { "0".to_owned() } else { "less than 0.1".to_owned() }
    } else if days.abs() < 10.0 && days.fract().abs() > 0.05 {
        format!("{days:.1}")
    } else {
        format!("{days:.0}")
    }
}

impl FlagRule {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Caa => "CAA as it is today",
            Self::Issuewild => "issuewild of CAA as it is today",
            Self::ExpectedCa => "the expected CAs",
            Self::KnownKey => "the known keys",
        }
    }
}

/// The one sentence.
pub(super) fn sentence(replay: &Replay) -> String {
    let Some(from) = replay.from else {
        return format!("No certificate of {} is known that could be replayed.", replay.host);
    };
    let seconds = replay.until.as_second().saturating_sub(from.as_second());
    let count = replay.certificates.len();
    let mut clauses: Vec<String> = Vec::new();
    // The first that is known says in full what the others count.
    let mut is_first = true;
    let has_others = replay.certificates.iter().any(|certificate| !certificate.is_followed);
    for set in told(replay) {
        clauses.push(clause(set, is_first, has_others));
        is_first = is_first && is_not_known(set);
    }
    clauses.push(flagged(replay));
    let gaps = gap_days(replay, seconds);
    let short = if seconds < SHORT_MONTHS.saturating_mul(30).saturating_mul(DAY) || replay.renewals.len() < 3
    {
        let renewals = counted(replay.renewals.len(), "renewal", "renewals");
        format!(" The history is short ({renewals}): these numbers say little of what is to come.")
    } else {
        String::new()
    };
    let certificates = counted(count, "certificate", "certificates");
    format!("In {} ({certificates}{gaps}): {}.{short}", span(seconds), clauses.join("; "))
}

/// The pin sets that the sentence is about: some of a level, and those given.
fn told(replay: &Replay) -> Vec<&ReplayedPinSet> {
    let level = |wanted: Level| {
        replay
            .pin_sets
            .iter()
            .find(move |set| set.kind == PinSetKind::Hypothetical { level: wanted, backup: false })
    };
    let given = replay.pin_sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. }));
    TOLD.into_iter().filter_map(level).chain(given).collect()
}

fn clause(set: &ReplayedPinSet, is_first: bool, has_others: bool) -> String {
    if is_not_known(set) {
        return format!("of {} it is not known", subject(set));
    }
    let how_often = how_often(set);
    let mut more: Vec<String> = Vec::new();
    if let Some(half_life) = &set.half_life {
        let by_others = match set.at_most {
            Some(most) => most > set.lockouts.len(),
            None => has_others,
        };
        more.push(lasts(half_life, by_others));
    }
    if matches!(set.kind, PinSetKind::Given { .. })
        && let Some(first) = set.lockouts.first()
    {
        let date = first.begins_at_worst.strftime("%Y-%m-%d");
        // The cause says already that it was so from the beginning.
        more.push(match (first.cause, first.ends_at_best.or(first.ends_at_worst)) {
            (Cause::NeverMatched, Some(until)) => {
                format!("the pins did not match from {date} to {}", until.strftime("%Y-%m-%d"))
            }
            (Cause::NeverMatched, None) => format!("the pins have not matched since {date}"),
            (cause, _) => format!("{} from {date}", cause.words()),
        });
    }
    if set.undetermined > 0 {
        more.push(format!("{} not known", counted(set.undetermined, "certificate", "certificates")));
    }
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    let subject = subject(set);
    if is_first {
        format!("{subject} would have locked users out {how_often}{more}")
    } else {
        format!("{subject} {how_often}{more}")
    }
}

/// Whether nothing of it could be told.
fn is_not_known(set: &ReplayedPinSet) -> bool {
    set.lockouts.is_empty() && set.undetermined > 0 && set.next_match.is_none()
}

fn subject(set: &ReplayedPinSet) -> String {
    match &set.kind {
        PinSetKind::Given { client } if client.is_empty() => "your pins".to_owned(),
        PinSetKind::Given { client } => format!("your pins of {client}"),
        PinSetKind::Hypothetical { .. } => set.title.clone(),
    }
}

/// How often, between what is sure and what can have been.
fn how_often(set: &ReplayedPinSet) -> String {
    let most = set.at_most.unwrap_or(set.lockouts.len());
    let times = |count| counted(count, "time", "times");
    match (set.at_most, set.sure) {
        (Some(_), sure) if sure >= most => times(most),
        (Some(_), sure) => format!("{sure} to {}", times(most)),
        (None, 0) if most == 0 => "0 times in what is known".to_owned(),
        (None, 0) => format!("0 to {} in what is known", times(most)),
        (None, sure) => format!("at least {}", times(sure)),
    }
}

/// How many of the days have no certificate, for the brackets.
fn gap_days(replay: &Replay, seconds: i64) -> String {
    let missing: i64 = replay.gaps.iter().map(length).fold(0, i64::saturating_add);
    if missing == 0 {
        return String::new();
    }
    let whole = super::forecast::whole_days;
    format!("; of {} days {} have no known certificate", whole(seconds), whole(missing))
}

fn length(gap: &Gap) -> i64 {
    gap.until.as_second().saturating_sub(gap.from.as_second())
}

/// What the gaps leave open.
pub(super) fn of_gaps(gaps: &[Gap]) -> Option<String> {
    const NAMED: usize = 4;
    let missing: i64 = gaps.iter().map(length).fold(0, i64::saturating_add);
    let one = |gap: &Gap| format!("{} to {}", gap.from.strftime("%Y-%m-%d"), gap.until.strftime("%Y-%m-%d"));
    let named: Vec<String> = gaps.iter().take(NAMED).map(one).collect();
    let more = match gaps.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!gaps.is_empty()).then(|| {
        format!(
            "On {} days no certificate that is known was valid ({}{more}): what was served then, and what it did to \
             pins, is not known.",
            super::forecast::whole_days(missing),
            named.join(", ")
        )
    })
}

fn lasts(half_life: &HalfLife, by_others: bool) -> String {
    // Certificates beside those that are followed can only have ended it sooner.
    let at_most = if by_others { " or less" } else { "" };
    let on_line = if by_others { " on the line followed" } else { "" };
    match half_life.median_days {
        Some(1) => format!("median 1 day{at_most}"),
        Some(median) => format!("median {median} days{at_most}"),
        None if half_life.events == 0 => format!("none ended{on_line}"),
        None => format!("more than half lasted{on_line}"),
    }
}

/// What is flagged by what, and what could not be judged.
fn flagged(replay: &Replay) -> String {
    let Some(flagged) = &replay.flagged else {
        return "what CAA and expected CAs would have flagged is not known, for no CA is expected and CAA was not \
                looked up"
            .to_owned();
    };
    let by = |rules: &[FlagRule]| {
        let places: std::collections::BTreeSet<usize> =
            flagged.iter().filter(|flag| rules.contains(&flag.rule)).map(|flag| flag.certificate).collect();
        places.len()
    };
    let (mut told, mut open): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    for (rules, who, absent, unknown) in HELD_AGAINST {
        match replay.held_against.iter().find(|held| rules.contains(&held.rule)) {
            None => open.extend(absent),
            Some(held) if held.of > 0 && held.undetermined >= held.of => open.push(unknown),
            Some(held) => {
                let verb = if told.is_empty() { " would have flagged" } else { "" };
                let unknown = match held.undetermined {
                    0 => String::new(),
                    open => format!(" (of {open} it is not known)"),
                };
                told.push(format!("{who}{verb} {} of {}{unknown}", by(rules), held.of));
            }
        }
    }
    let told = Some(told.join(", ")).filter(|told| !told.is_empty());
    told.into_iter().chain(open.into_iter().map(str::to_owned)).collect::<Vec<_>>().join("; ")
}

/// The rules that belong together, what they are called, and what is said where they were not asked, or not answered.
const HELD_AGAINST: [(&[FlagRule], &str, Option<&str>, &str); 3] = [
    (
        &[FlagRule::ExpectedCa],
        "the expected CAs",
        Some("no CA is named as expected"),
        "whether the CAs are the expected ones is not known",
    ),
    (
        &[FlagRule::Caa, FlagRule::Issuewild],
        "CAA of today",
        Some("CAA was not looked up"),
        "what CAA of today says is not known",
    ),
    (&[FlagRule::KnownKey], "the known keys", None, "whether the keys are known ones is not known"),
];

fn span(seconds: i64) -> String {
    let months = (days(seconds) / 30.44).round();
    if months >= 2.0 {
        format!("{months:.0} months")
    } else {
        let whole = super::forecast::whole_days(seconds);
        if whole == 1 { "1 day".to_owned() } else { format!("{whole} days") }
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// What the replay takes for granted.
pub(super) fn assumptions(laid: &Laid<'_>, history: &History, has_lead: bool) -> Vec<String> {
    let mut said = vec![
        "No log tells when a certificate was put in service: each may have been from its notBefore to its notAfter, \
         so that a swap lies between the notBefore of the next and the notAfter of the one before."
            .to_owned(),
        "Given pins: users are locked out for sure while no certificate in its life matches on any path, and perhaps \
         while one does not match, or not on all paths to anchors of today."
            .to_owned(),
        "Which roots clients had in the past is not known: paths are judged by the anchors of today, and those to \
         other known roots count at best."
            .to_owned(),
    ];
    if laid.lines > 1 {
        let others = counted(laid.lines.saturating_sub(1), "line runs", "lines run");
        said.push(format!(
            "Pin sets that follow the certificates, the half-life and the key reuse go by one line of renewals; \
             {others} beside it or came before (other kinds of keys, other names, further servers, backup \
             certificates) and could have broken them more often."
        ));
    }
    said.push(match laid.served {
        Some(_) => "The line followed ends with the certificate that the server showed.".to_owned(),
        None => "The server was not asked, or shows a certificate that no source has: the line followed is the longest \
                 of those with a certificate in its life."
            .to_owned(),
    });
    said.push(if has_lead {
        "Pin sets that follow the certificates are made again when one does not match; at best new pins are released \
         when the certificate is issued and it is put in service as late as can be, at worst both are done at once; \
         clients have them after the release lead."
            .to_owned()
    } else {
        "No release lead is stated: pin sets that follow the certificates are made again at once, and only how often \
         they break is counted."
            .to_owned()
    });
    if !history.pins.is_empty() {
        said.extend(super::unexpected::assumption(laid, history.at));
    }
    if history.pins.iter().any(|given| given.released.is_none()) {
        said.push(
            "Pins without a date of release may have been there from the first certificate on: what they refused before the \
             first that they match is possible, and not sure."
                .to_owned(),
        );
    }
    said
}

/// What is flagged by rules of today.
pub(super) fn of_today(flagged: Option<&[Flagged]>) -> Option<String> {
    let rules = [FlagRule::Caa, FlagRule::Issuewild];
    let is_caa = |flag: &Flagged| rules.contains(&flag.rule);
    flagged.is_some_and(|all| all.iter().any(is_caa)).then(|| {
        "CAA is judged by the records of today; what they were when the certificates were issued is not known."
            .to_owned()
    })
}
