//! Reports and evidence that pinstead wrote itself: what they say of pins is said of other files.
//!
//! Each form is known by what pinstead writes at a fixed place of it, never by a word that stands anywhere in it.

use serde::Deserialize;

/// The name that stands in reports.
const NAME: &str = env!("CARGO_PKG_NAME");

/// Whether a text is a report or evidence that pinstead wrote, in any of its forms.
pub(super) fn is_own_output(text: &str) -> bool {
    let text = text.trim();
    match text.chars().next() {
        Some('{') => is_evidence(text) || is_json(text),
        Some('<') => is_junit(text) || is_html(text),
        Some('#') => is_markdown(text),
        _ => is_of_targets(text) || is_of_pins(text),
    }
}

/// `pinstead_evidence` is the first key of evidence.
fn is_evidence(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with("\"pinstead_evidence\""))
}

/// What tells of the program in a JSON report, in a line of one, and in SARIF (section 3.14.6, `tool`).
#[derive(Deserialize)]
struct Report<'t> {
    #[serde(borrow)]
    tool: Option<Tool<'t>>,
    #[serde(borrow, default)]
    runs: Vec<Run<'t>>,
}

#[derive(Deserialize)]
struct Tool<'t> {
    name: &'t str,
}

#[derive(Deserialize)]
struct Run<'t> {
    #[serde(borrow)]
    tool: Driven<'t>,
}

#[derive(Deserialize)]
struct Driven<'t> {
    #[serde(borrow)]
    driver: Tool<'t>,
}

impl Report<'_> {
    fn is_own(&self) -> bool {
        match &self.tool {
            Some(tool) => tool.name == NAME,
            None => !self.runs.is_empty() && self.runs.iter().all(|run| run.tool.driver.name == NAME),
        }
    }
}

/// JSON, JSON lines and SARIF: every object names the program.
fn is_json(text: &str) -> bool {
    let mut reports = serde_json::Deserializer::from_str(text).into_iter::<Report<'_>>();
    reports.all(|report| report.is_ok_and(|report| report.is_own()))
}

/// The outermost element of JUnit is named after the command.
fn is_junit(text: &str) -> bool {
    let after = |text: &str| text.split_once("?>").map(|(_, rest)| rest.trim_start().to_owned());
    let root = if text.starts_with("<?xml") { after(text) } else { Some(text.to_owned()) };
    let name = root.as_deref().and_then(|root| root.strip_prefix("<testsuites name=\""));
    name.and_then(|name| name.split_once('"')).is_some_and(|(name, _)| is_command(name))
}

/// `pinstead` and one of its commands.
fn is_command(words: &str) -> bool {
    words.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(' ')).is_some_and(|command| {
        !command.is_empty() && command.bytes().all(|letter| letter.is_ascii_lowercase())
    })
}

/// The head of HTML names the program that made it.
fn is_html(text: &str) -> bool {
    let head = text.strip_prefix("<!doctype html>").and_then(|rest| rest.split_once("<title>"));
    head.is_some_and(|(head, _)| {
        head.lines().any(|line| {
            line.strip_prefix("<meta name=\"generator\" content=\"")
                .and_then(|line| line.strip_prefix(NAME))
                .is_some_and(|line| line.starts_with(' '))
        })
    })
}

/// Markdown begins with the command and ends with the program and its version.
fn is_markdown(text: &str) -> bool {
    let heading = text.lines().next().and_then(|line| line.strip_prefix("## "));
    let command = heading.and_then(|heading| heading.split_once(' ')).map(|(_, command)| command);
    let last = text.lines().next_back().and_then(|line| line.strip_prefix("<sub>"));
    let is_signed = last.and_then(|line| line.strip_prefix(NAME)).is_some_and(|line| line.starts_with(' '));
    command.is_some_and(is_command) && is_signed
}

/// The text for people of `check` and `compare`: it begins with how a target came out, and ends with what was judged by.
fn is_of_targets(text: &str) -> bool {
    const ENDS_WITHIN: usize = 12;
    let mut words = text.lines().next().unwrap_or_default().splitn(2, "  ");
    let begins = matches!(words.next(), Some("PASS" | "FAIL" | "UNDETERMINED")) && words.next().is_some();
    let mut end = text.lines().rev().take(ENDS_WITHIN).take_while(|line| !line.is_empty());
    begins && end.any(|line| line.strip_prefix("Judged as of ").is_some_and(is_time_and_basis))
}

/// A time as footers write it, and what follows it.
fn is_time_and_basis(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000-00-00 00:00:00Z";
    let (Some(time), Some(rest)) = (text.as_bytes().get(..PATTERN.len()), text.get(PATTERN.len()..)) else {
        return false;
    };
    let is_like =
        |(letter, sign): (&u8, &u8)| if *sign == b'0' { letter.is_ascii_digit() } else { letter == sign };
    time.iter().zip(PATTERN).all(is_like) && (rest.starts_with(" by ") || rest.starts_with("; no log list"))
}

/// The text for people of `pins`: its first line is what the host comes to, `Findings:` stands before the first empty line, and
/// the last line says what was found.
fn is_of_pins(text: &str) -> bool {
    const COMES_TO: [&str; 5] =
        [": pinned", ": not pinned", ": undetermined", ": have pins that are enforced", ": enforce no pins"];
    const FOUND: [&str; 2] =
        ["1 finding. `pinstead explain RULE` tells more about its rule.", "Nothing found."];
    let first = text.lines().next().unwrap_or_default();
    let last = text.lines().next_back().unwrap_or_default();
    let is_last = FOUND.contains(&last)
        || last.split_once(' ').is_some_and(|(count, rest)| {
            count.bytes().all(|digit| digit.is_ascii_digit())
                && rest == "findings. `pinstead explain RULE` tells more about a rule."
        });
    is_last
        && COMES_TO.iter().any(|end| first.ends_with(end))
        && text.lines().take_while(|line| !line.is_empty()).any(|line| line.starts_with("  Findings: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pinstead writes is asked of the program itself in `tests/pins_folder.rs`; here is what others may write.
    #[test]
    fn what_others_write_is_not_taken_for_a_report() {
        for text in [
            "",
            "{}",
            "{\"schema_version\": 1, \"judged_at\": \"2026-11-21T00:00:00Z\", \"pins\": []}",
            "{\"schema_version\": 1, \"tool\": {\"name\": \"other\"}}",
            "{\"schema_version\": 1, \"tool\": \"pinstead\"}",
            "{\"pins\": {\"tool\": {\"name\": \"pinstead\"}}}",
            "{\"tool\": {\"name\": \"pinstead\"}}\n{\"pins\": []}",
            "{\"tool\": {\"name\": \"pinstead\"}}\npins",
            "{\"version\": \"2.1.0\", \"runs\": []}",
            "{\"runs\": [{\"tool\": {\"driver\": {\"name\": \"pinstead\"}}}, {\"tool\": {\"driver\": {\"name\": \"other\"}}}]}",
            "{\"pins\": \"pinstead_evidence\"}",
            "<?xml version=\"1.0\"?>\n<testsuites name=\"nextest-run\"/>",
            "<testsuites name=\"pinsteadx check\"/>",
            "<testsuites name=\"other\"><testsuite name=\"pinstead check\"/></testsuites>",
            "<!doctype html>\n<title>x</title>\n<meta name=\"generator\" content=\"pinstead 1\">",
            "<!doctype html>\n<meta name=\"generator\" content=\"other 1\">\n<title>x</title>",
            "## Run pinstead check\n\npins",
            "# Pins\n\n<sub>pinstead 0.1.0; judged</sub>",
            "FAIL  the build\n\npins",
            "Pins\n\nJudged as of 2026-11-23 08:18:45Z by Chrome's log list of 2026-11-23.",
            "FAIL  a\n\nJudged as of today by me.",
            "FAIL  a\n\nJudged as of 2026-11-23 08:18:45Z by x.\n\npins",
            "a.example: pinned\n  by hand\n\nNothing found.",
            "Our pins\n  Findings: none\n\n1 finding. `pinstead explain RULE` tells more about its rule.",
        ] {
            assert!(!is_own_output(text), "{text}");
        }
    }
}
