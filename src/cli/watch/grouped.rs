//! The certificates of a report for people: those that differ in name and place only are told together.

use std::fmt::Write as _;

use serde_json::Value;

use super::listed::Listed;
use crate::report::human::safe;
use crate::report::human::style::{of_severity, paint};
use crate::report::human::wrap::{indented, wrap};

/// The most certificates of a group that are named.
const MOST_NAMED: usize = 100;

/// The most certificates and groups that are shown with all that is said of them.
const MOST_SHOWN: usize = 200;

/// What to do about unexpected ones.
const ADVICE: &str = "Find out who ordered them. If nobody of yours did, ask the CA to revoke them, and restrict issuance with \
                      CAA.";

/// The certificates, the gravest first.
pub(super) fn grouped(all: &[Listed]) -> String {
    let mut groups: Vec<Vec<&Listed>> = Vec::new();
    for listed in all {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| is_alike(first, listed))) {
            Some(group) => group.push(listed),
            None => groups.push(vec![listed]),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.first().map(|first| first.severity)));
    let mut text: String = groups.iter().take(MOST_SHOWN).map(|group| shown(group)).collect();
    let more: usize = groups.iter().skip(MOST_SHOWN).map(Vec::len).sum();
    if more > 0 {
        let certificates = if more == 1 { "certificate" } else { "certificates" };
        let _ = writeln!(text, "and {more} more {certificates}, none of them graver: see the JSON report\n");
    }
    text
}

/// Whether two differ in nothing but the name and where they stand.
fn is_alike(a: &Listed, b: &Listed) -> bool {
    let issuer = |listed: &Listed| {
        let issuer = &listed.details["issuer"];
        (issuer["owner"].clone(), issuer["spki_sha256"].clone(), issuer["reasons"].clone())
    };
    // What could not be read, or is odd, is told one by one.
    let is_plain = |listed: &Listed| listed.is_determined && listed.details["odd"] != Value::Bool(true);
    a.severity == b.severity
        && a.expectation == b.expectation
        && is_plain(a)
        && is_plain(b)
        && issuer(a) == issuer(b)
        && a.details["certificate"]["issuer"] == b.details["certificate"]["issuer"]
        && further(a).map(|(rule, _)| rule).eq(further(b).map(|(rule, _)| rule))
        && a.is_forged() == b.is_forged()
        && a.is_accepted() == b.is_accepted()
        && a.is_unexpected() == b.is_unexpected()
}

/// What rules say of a certificate beside who issued it, which the reasons tell: rule and message.
fn further(listed: &Listed) -> impl Iterator<Item = (&str, &str)> {
    let findings = listed.details["findings"].as_array().into_iter().flatten();
    let said = findings.map(|finding| (finding["rule"].as_str(), finding["message"].as_str()));
    let said = said.filter_map(|(rule, message)| Some((rule?, message?)));
    let bears_name = listed.details["bears_known_name"] == true;
    said.filter(move |(rule, _)| *rule != "CRT001" && (bears_name || *rule != "CRT002"))
}

fn shown(group: &[&Listed]) -> String {
    let Some(first) = group.first() else { return String::new() };
    let severity = paint(of_severity(first.severity), first.severity);
    let mut text = String::new();
    if group.len() == 1 {
        text.push_str(&wrap(&format!("{severity}  {}", safe(&first.title)), "", "  "));
        for line in first.text.lines() {
            text.push_str(&indented(&safe(line), 2));
        }
        text.push('\n');
        return text;
    }
    let what = match first.expectation.as_str() {
        "expected" if first.is_accepted() => "accepted certificates",
        "expected" if first.is_unexpected() => "certificates by an expected CA that are not as listed",
        "expected" => "certificates by an expected CA",
        "unexpected" => "unexpected certificates",
        _ => "new certificates",
    };
    let said = |value: &Value| value.as_str().map(str::to_owned);
    let owner = said(&first.details["issuer"]["owner"]).unwrap_or_else(|| "an unknown CA".to_owned());
    let heading = format!("{severity}  {} {what}, issued by {}", group.len(), safe(&owner));
    text.push_str(&wrap(&heading, "", "  "));
    for reason in first.details["issuer"]["reasons"].as_array().into_iter().flatten().filter_map(said) {
        text.push_str(&indented(&safe(&reason), 2));
    }
    if let Some(issuer) = said(&first.details["certificate"]["issuer"]) {
        text.push_str(&indented(&safe(&format!("Issuer, as claimed: {issuer}")), 2));
    }
    for (rule, message) in further(first) {
        text.push_str(&indented(&safe(&format!("{rule}, of the first: {message}")), 2));
    }
    if first.is_unexpected() {
        text.push_str(&indented(ADVICE, 2));
    }
    for listed in group.iter().take(MOST_NAMED) {
        text.push_str(&wrap(&safe(&line(listed)), "    ", "      "));
    }
    if group.len() > MOST_NAMED {
        let _ = writeln!(text, "    and {} more: see the JSON report", group.len() - MOST_NAMED);
    }
    text.push('\n');
    text
}

/// A certificate of a group in a line.
fn line(listed: &Listed) -> String {
    let details = &listed.details;
    let watched: Vec<&str> =
        details["watched"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let claimed = details["claimed"].as_str().or(watched.first().copied());
    let mut names = claimed.unwrap_or("a name that cannot be read").to_owned();
    if let Some(more) = watched.len().checked_sub(1).filter(|more| *more > 0) {
        let _ = write!(names, " and {more} more watched");
    }
    let serial = details["certificate"]["serial"].as_str().unwrap_or("not known");
    let day = |key: &str| {
        let time = details["certificate"][key].as_str().unwrap_or("?");
        time.split('T').next().unwrap_or(time).to_owned()
    };
    let entry = &details["entry"];
    format!(
        "{names}: {} to {}; serial {serial}; entry {} of {}",
        day("not_before"),
        day("not_after"),
        entry["index"],
        details["log"]["name"].as_str().unwrap_or("a log"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rules::Severity;

    fn listed(name: &str, index: u64, severity: Severity) -> Listed {
        Listed {
            tbs_sha256: format!("{index:064}"),
            severity,
            title: format!("A certificate for {name}"),
            text: "It claims it.\nValid from then.".to_owned(),
            expectation: "unexpected".to_owned(),
            is_determined: true,
            details: json!({
                "watched": ["example", "b.example"],
                "claimed": name,
                "odd": false,
                "certificate": {
                    "issuer": "CN=\u{1b}[31mX",
                    "serial": "0a",
                    "not_before": "2026-11-01T00:00:00Z",
                    "not_after": "2026-12-01T00:00:00Z"
                },
                "issuer": {"owner": "An owner", "spki_sha256": "key", "reasons": ["It is none of yours."]},
                "log": {"name": "A log"},
                "entry": {"index": index},
            }),
        }
    }

    #[test]
    fn what_differs_in_name_and_place_is_told_together() {
        let mut odd = listed("d.example", 4, Severity::Low);
        odd.details["odd"] = true.into();
        let all = [
            odd,
            listed("a.example", 1, Severity::High),
            listed("alone.example", 3, Severity::Critical),
            listed("c.example", 2, Severity::High),
        ];
        let text = anstream::adapter::strip_str(&grouped(&all)).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "critical  A certificate for alone.example",
                "  It claims it.",
                "  Valid from then.",
                "",
                "high  2 unexpected certificates, issued by An owner",
                "  It is none of yours.",
                "  Issuer, as claimed: CN=\\u{1b}[31mX",
                "  Find out who ordered them. If nobody of yours did, ask the CA to revoke them,",
                "  and restrict issuance with CAA.",
                "    a.example and 1 more watched: 2026-11-01 to 2026-12-01; serial 0a; entry 1",
                "      of A log",
                "    c.example and 1 more watched: 2026-11-01 to 2026-12-01; serial 0a; entry 2",
                "      of A log",
                "",
                "low  A certificate for d.example",
                "  It claims it.",
                "  Valid from then.",
                "",
            ]
        );
    }

    #[test]
    fn what_a_rule_says_of_some_is_not_lost_among_the_others() {
        let plain = listed("a.example", 1, Severity::Medium);
        let with = |name: &str, index: u64| {
            let mut one = listed(name, index, Severity::Medium);
            one.details["findings"] = json!([
                {"rule": "CRT001", "message": "told by the reasons"},
                {"rule": "CRT005", "message": "a key of nobody's"},
            ]);
            one
        };
        let text = grouped(&[plain, with("b.example", 2), with("c.example", 3)]);
        assert!(text.contains("A certificate for a.example"), "it stands alone: {text}");
        assert_eq!(text.matches("CRT005, of the first: a key of nobody's").count(), 1, "{text}");
        assert!(!text.contains("told by the reasons"), "{text}");
    }

    #[test]
    fn a_long_list_is_cut_and_that_is_said() {
        let all: Vec<Listed> = (0..150).map(|index| listed("a.example", index, Severity::High)).collect();
        let text = grouped(&all);
        assert_eq!(text.matches("; entry ").count(), MOST_NAMED);
        assert!(text.contains("and 50 more: see the JSON report"), "{text}");

        // What is told one by one is bounded as well.
        let mut all: Vec<Listed> =
            (0..210).map(|index| listed("a.example", index, Severity::Medium)).collect();
        for one in &mut all {
            one.is_determined = false;
        }
        all.push(Listed { is_determined: false, ..listed("grave.example", 210, Severity::High) });
        let text = grouped(&all);
        assert_eq!(text.matches("A certificate for a.example").count(), MOST_SHOWN - 1);
        assert!(text.contains("grave.example") && text.contains("and 11 more certificates"), "{text}");
    }
}
