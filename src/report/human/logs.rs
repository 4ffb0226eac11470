//! The reports of `pinstead logs`.

use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;

use super::safe;
use super::style::{self, paint};
use super::wrap::{indented, labelled, pad, wrap};
use crate::ct::log_list::{ListSignature, LogList, LogState};
use crate::ct::log_table::{Assurance, Signed, SnapshotSource};
use crate::judge::{ListAge, LogAt, UpdateVerdict};
use crate::report::{ListUpdate, LogsReport, Storing, UpdateReport, VerifyReport, age_in_days};

/// How many unreadable entries are named.
const SHOWN: usize = 10;

/// Every log under its operator: state, since when, interface, interval, name.
pub fn list(report: &LogsReport<'_>) -> String {
    let mut text = String::new();
    let mut operator = None;
    for log in report.logs {
        if operator != Some(log.log.operator) {
            operator = Some(log.log.operator);
            let _ = writeln!(text, "{}", paint(style::STRONG, safe(log.log.operator)));
        }
        text.push_str(&row(log));
    }
    if !report.logs.is_empty() {
        text.push('\n');
    }
    text.push_str(&paint(style::FAINT, wrap(&source(report), "", "").trim_end()));
    text.push('\n');
    text
}

fn row(LogAt { log, state }: &LogAt<'_>) -> String {
    let (style, standing, note) = match log.assurance {
        Assurance::Mimic => {
            (style::BAD, "denied", " (mimic: its private key is published, its SCTs assure nothing)")
        }
        Assurance::Bogus => (style::BAD, "denied", " (placeholder: it never was a log)"),
        Assurance::Test => (of_state(state.state), state.state.name(), " (test log)"),
        Assurance::MonitoringOnly => (of_state(state.state), state.state.name(), " (for monitors only)"),
        Assurance::Real => (of_state(state.state), state.state.name(), ""),
    };
    let since = state.since.filter(|_| standing != "denied").map_or_else(String::new, date);
    let interval = log
        .interval
        .map_or_else(|| "none stated".to_owned(), |(start, end)| format!("{} {}", date(start), date(end)));
    let label = format!(
        "  {} {} {} {} ",
        pad(&paint(style, standing), 9),
        pad(&since, 10),
        pad(log.log_type.name(), 7),
        pad(&interval, 21)
    );
    labelled(&label, &format!("{}{note}", safe(log.name)))
}

fn of_state(state: LogState) -> Style {
    match state {
        LogState::Qualified | LogState::Usable | LogState::Readonly => style::GOOD,
        LogState::Retired | LogState::Rejected => style::BAD,
        LogState::Pending => Style::new(),
        LogState::Unknown => style::DOUBTFUL,
    }
}

fn source(report: &LogsReport<'_>) -> String {
    let program = report.program.title();
    let mut text =
        format!("{}; state as of {} with {program}", plural(report.logs.len(), "log"), date(report.at));
    match &report.list {
        Some(list) => {
            let _ = write!(text, ", by {}.", described(list));
        }
        None => {
            let _ = write!(
                text,
                ". No list of {program} is known from before then: states are as later ones tell."
            );
        }
    }
    let unknown = report.logs.iter().filter(|log| log.state.state == LogState::Unknown).count();
    if unknown > 0 {
        let _ = write!(text, " For {unknown} of them {program}'s state at that time is not known.");
    }
    let open = report.logs.iter().filter(|log| log.log.interval.is_none()).count();
    if open > 0 {
        let _ =
            write!(text, " Of {open} of them no interval is known: they may take any certificate, or not.");
    }
    text.push_str(" Columns: state, since, type, certificates ending from and before, name.");
    text
}

fn described(list: &ListAge) -> String {
    let source = match list.source {
        SnapshotSource::Embedded => "built-in table",
        SnapshotSource::File => "given list",
        SnapshotSource::Cache => "list kept by `pinstead logs update`",
    };
    let edition = match &list.version {
        Some(version) => format!("version {}", safe(version)),
        None => "list".to_owned(),
    };
    let signed = match list.signed {
        Signed::Yes => "its signature verified",
        Signed::No => "without signature",
        Signed::Derived => "read out of a browser",
    };
    let age = plural(usize::try_from(list.days).unwrap_or_default(), "day");
    format!("the {source}: {edition} {}, {age} old, {signed}", list.dated())
}

/// Whether the signature stands, and what is in the list.
pub fn verify(report: &VerifyReport<'_>) -> String {
    let file = safe(report.file);
    let key = if report.by_google { "Google's log list key" } else { "the given key" };
    match report.list {
        Err(error) => {
            let head = format!("{}  {file}: ", paint(style::BAD.bold(), "BAD"));
            wrap(&format!("{head}{error}."), "", "     ")
        }
        Ok(list) => {
            let (style, word) = if report.is_good() { (style::GOOD, "GOOD") } else { (style::BAD, "BAD") };
            let head = format!("{}  {file}: signed by {key}.", paint(style.bold(), word));
            let mut text = wrap(&head, "", "      ");
            text.push_str(&indented(&contents(list, report.now), 6));
            text.push_str(&problems(list, 6));
            text
        }
    }
}

/// What became of each list.
pub fn update(report: &UpdateReport) -> String {
    report.updates.iter().map(|update| updated(update, report.now)).collect()
}

fn updated(update: &ListUpdate, now: Timestamp) -> String {
    let (style, sign) = match (&update.verdict, &update.storing) {
        (_, Storing::Failed(_)) | (UpdateVerdict::Refused(_), _) => (style::BAD, "!"),
        (UpdateVerdict::NotFetched(_), _) => (style::DOUBTFUL, "?"),
        (UpdateVerdict::Updated(_) | UpdateVerdict::Current(_), _) => (style::GOOD, "+"),
    };
    let words = match (&update.verdict, &update.storing) {
        (_, Storing::Failed(why)) => format!("The list could not be kept: {}.", safe(why)),
        (UpdateVerdict::Updated(_), Storing::DryRun) => {
            "There is a newer list; as a trial, it is not kept.".to_owned()
        }
        (UpdateVerdict::Updated(_), _) => "Updated.".to_owned(),
        (UpdateVerdict::Current(_), _) => "The list that is kept is the current one.".to_owned(),
        (UpdateVerdict::Refused(why), _) => {
            format!("The fetched list is refused: {}.", safe(&why.to_string()))
        }
        (UpdateVerdict::NotFetched(why), _) => format!("The list could not be fetched: {}.", safe(why)),
    };
    let label = format!("{} {}", paint(style, sign), pad(update.program.title(), 9));
    let mut text = labelled(&label, &words);
    if let Some(list) = update.list() {
        text.push_str(&indented(&contents(list, now), 11));
        text.push_str(&problems(list, 11));
    }
    if let Some(why) = &update.damaged {
        let note = format!("What was kept before could not be used: {}.", safe(why));
        text.push_str(&indented(&note, 11));
    }
    if update.list().is_none() {
        let stays = match &update.before {
            Some(before) => format!("Kept stays: {}", contents(before, now)),
            None => "None is kept; the built-in table is used.".to_owned(),
        };
        text.push_str(&indented(&stays, 11));
    }
    text.push_str(&indented(&format!("From {}", safe(&update.url)), 11));
    if let Storing::Kept(file) = &update.storing {
        text.push_str(&indented(&format!("In {}", safe(file)), 11));
    }
    text
}

/// One sentence: version, date, age, signature, size.
fn contents(list: &LogList, now: Timestamp) -> String {
    let version = match &list.version {
        Some(version) => format!("Version {} ", safe(version)),
        None => "A list ".to_owned(),
    };
    let dated = match list.date() {
        Some(date_of) if date_of > now => format!("of {}, which is still to come", date(date_of)),
        Some(date_of) => {
            let days = usize::try_from(age_in_days(date_of, now)).unwrap_or_default();
            let which = if list.timestamp.is_some() {
                "of"
            } else if list.seen.is_some() {
                "seen"
            } else {
                "from after"
            };
            format!("{which} {} ({} old)", date(date_of), plural(days, "day"))
        }
        None => "without date".to_owned(),
    };
    let signed = match list.signature {
        ListSignature::Verified => "signed",
        ListSignature::Unsigned => "without signature",
    };
    format!(
        "{version}{dated}, {signed}, of {}: {} of {}.",
        list.program.title(),
        plural(list.logs.len(), "log"),
        plural(list.operators(), "operator")
    )
}

fn problems(list: &LogList, columns: usize) -> String {
    let mut text = String::new();
    if list.problems.is_empty() {
        return text;
    }
    let count = list.problems.len();
    let head = if count == 1 {
        "1 entry cannot be read:".to_owned()
    } else {
        format!("{count} entries cannot be read:")
    };
    text.push_str(&indented(&paint(style::BAD, head), columns));
    for problem in list.problems.iter().take(SHOWN) {
        text.push_str(&indented(&safe(&problem.to_string()), columns.saturating_add(2)));
    }
    if count > SHOWN {
        text.push_str(&indented(
            &format!("and {} more", count.saturating_sub(SHOWN)),
            columns.saturating_add(2),
        ));
    }
    text
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::log_list::{LogListError, Program};
    use crate::ct::log_table::LogTable;
    use crate::judge::{LogFilter, known_logs};
    use crate::report::human::wrap::{WIDTH, width};

    #[test]
    fn the_logs_fit_in_80_columns() {
        let table = LogTable::embedded();
        let at: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let logs = known_logs(&table, Program::Chrome, at, &LogFilter::default());
        let list = table.list_at(Program::Chrome, at).map(|list| ListAge::of(&list, at));
        let text = super::list(&LogsReport { program: Program::Chrome, at, list, logs: &logs });
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("336 logs; state as of 2026-11-21 with Chrome, by the built-in table"));
        let mimic = text.lines().find(|line| line.contains("Mimic 1")).unwrap();
        assert!(mimic.contains("denied") && !mimic.contains("usable"), "{mimic}");
        let unknown = logs.iter().filter(|log| log.state.state == LogState::Unknown).count();
        assert!(text.replace('\n', " ").contains(&format!("For {unknown} of them Chrome's state")));
    }

    #[test]
    fn what_came_from_outside_is_made_harmless() {
        let at: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let update = ListUpdate {
            program: Program::Chrome,
            url: "https://a.example/\u{1b}[2J".to_owned(),
            before: None,
            damaged: None,
            verdict: UpdateVerdict::NotFetched("no \u{1b}answer".to_owned()),
            storing: Storing::NotNeeded,
        };
        let text = super::update(&UpdateReport { now: at, updates: vec![update] });
        let text = anstream::adapter::strip_str(&text).to_string();
        assert!(text.contains("\\u{1b}[2J") && text.contains("no \\u{1b}answer"), "{text}");
        assert!(text.contains("None is kept; the built-in table is used."));
        let error = LogListError::InvalidSignature;
        let report = VerifyReport { file: "a\u{1b}b", by_google: true, now: at, list: Err(&error) };
        assert!(verify(&report).contains("a\\u{1b}b"));
    }
}
