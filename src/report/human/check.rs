//! The report of `pinstead check`.

use std::fmt::Write as _;

use super::style::{self, paint};
use super::wrap;
use super::{comparison, ct, findings, fleet, issuance, revocation, safe, tally, target_pins};
use crate::ca::expectation::{Expectation, IssuerVerdict};
use crate::caa::nameservers::Agreement;
use crate::caa::{CaaReading, Relevant, Verdict};
use crate::ct::log_list::Program;
use crate::ct::log_table::{Signed, SnapshotSource};
use crate::ct::policy::title;
use crate::judge::{Basis, ListAge, Part, TargetVerdicts};
use crate::report::document::{Mark, PartLine};
use crate::report::{Outcome, Summary, TargetReport};
use crate::rules::{Finding, Severity};
use crate::x509::path::{Life, NameMatch, Trust};

/// Where the text of a part begins.
const LABEL: usize = 14;

/// What stands below all targets.
pub fn footer(basis: &Basis, summary: &Summary) -> String {
    let mut line = format!("Judged as of {}", basis.judged_at.strftime("%Y-%m-%d %H:%M:%SZ"));
    let _ = match lists(basis).as_slice() {
        [] => write!(line, "; no log list of Chrome is known from before then."),
        lists => write!(line, " by {}.", lists.join(" and by ")),
    };
    if summary.targets() > 1 {
        let _ = write!(
            line,
            " {} targets: {} pass, {} fail, {} undetermined.",
            summary.targets(),
            summary.count(Outcome::Pass),
            summary.count(Outcome::Fail),
            summary.count(Outcome::Undetermined)
        );
    }
    let mut text = summary.in_short().map(|targets| format!("{}\n", fleet(targets))).unwrap_or_default();
    if let Some(interrupted) = summary.interrupted() {
        text.push_str(&paint(style::BAD, wrap::wrap(&interrupted, "", "").trim_end()));
        text.push('\n');
    }
    text + &paint(style::FAINT, wrap::wrap(&line, "", "").trim_end()) + "\n"
}

/// The log lists that are judged by, and how old they are.
pub fn lists(basis: &Basis) -> Vec<String> {
    let others = basis.others_lists.iter().map(|(program, list)| by_list(*program, list));
    basis.log_list.iter().map(|list| by_list(Program::Chrome, list)).chain(others).collect()
}

/// A log list, and whether it judges.
fn by_list(program: Program, list: &ListAge) -> String {
    let whose = title(program);
    let stale =
        if list.is_stale() { format!(", too old to judge {whose}'s policy by") } else { String::new() };
    let unsigned = match (list.source, list.signed) {
        (SnapshotSource::File, Signed::No) => ", from a file without signature",
        (SnapshotSource::File, _) => ", from a file",
        (SnapshotSource::Cache, Signed::No) => ", kept by `pinstead logs update` without signature",
        (SnapshotSource::Cache, _) => ", kept by `pinstead logs update`",
        _ => "",
    };
    let days = if list.days == 1 { "day" } else { "days" };
    format!("{whose}'s log list {} ({} {days} old{unsigned}{stale})", list.dated(), list.days)
}

/// One target.
pub fn target(target: &TargetReport<'_>) -> String {
    let verdicts = target.verdicts;
    let mut text = headline(target);
    for part in parts(target) {
        line(&mut text, &part);
    }
    let owned: Vec<Finding> = target.findings.iter().map(|&finding| finding.clone()).collect();
    if !owned.is_empty() {
        let _ = write!(text, "\n{}\n", paint(style::STRONG, format!("Findings: {}", tally(&owned))));
        text.push_str(&findings(&owned));
    }
    // Without a certificate the table would only say so in every cell.
    if let (Some(table), false) = (verdicts.comparison.verdict(), verdicts.chain.is_empty()) {
        let _ = write!(text, "\n{}", comparison(table));
    }
    text
}

/// What each part of the check came to, in a few words each.
pub(in crate::report) fn parts(target: &TargetReport<'_>) -> Vec<PartLine> {
    let mut parts = judged(target.verdicts);
    for part in &mut parts {
        part.mark = beside(part, &target.findings);
    }
    parts
}

/// The mark of a part beside its findings: what is as it should be, or nothing to judge, has no grave one.
fn beside(part: &PartLine, findings: &[&Finding]) -> Mark {
    let is_grave =
        |finding: &&Finding| finding.severity >= Severity::High && part.is_spoken_of_by(finding.rule);
    let is_quiet = matches!(part.mark, Mark::Good | Mark::None);
    if is_quiet && findings.iter().any(is_grave) { Mark::Bad } else { part.mark }
}

fn judged(verdicts: &TargetVerdicts) -> Vec<PartLine> {
    let mut parts = Vec::new();
    let mut add = |label, family, (mark, words)| parts.push(PartLine { label, family, mark, words });
    add("Certificate", None, certificate(verdicts));
    if verdicts.trust.is_some() {
        add("Chain", Some("TLS"), chain(verdicts));
    }
    add("CT", Some("CT"), or_status(&verdicts.ct, ct::words));
    add("CAA", Some("CAA"), or_status(&verdicts.caa, |readings| caa(readings)));
    let issuer = |issuer: &IssuerVerdict| {
        let mark = match issuer.expectation {
            Expectation::Expected => Mark::Good,
            Expectation::Unexpected => Mark::Bad,
            Expectation::Undetermined => Mark::Open,
            Expectation::NoExpectation => Mark::None,
        };
        (mark, safe(&issuer.reasons.join(" ")).into_owned())
    };
    add("Issuer", Some("ISS"), or_status(&verdicts.issuer, issuer));
    // A part that has to be asked for is not told of where it was not.
    if !matches!(verdicts.revocation, Part::NotChecked(_)) {
        add("Revocation", Some("REV"), or_status(&verdicts.revocation, revocation::words));
    }
    if !matches!(verdicts.issuance, Part::NotChecked(_)) {
        add("Issuance", Some("CRT"), or_status(&verdicts.issuance, issuance::words));
    }
    add("Pins", Some("PIN"), or_status(&verdicts.pins, target_pins::pins));
    parts
}

pub(super) fn headline(target: &TargetReport<'_>) -> String {
    let name = safe(&target.verdicts.target).into_owned();
    let (style, word) = match target.outcome {
        Outcome::Pass => (style::GOOD, "PASS"),
        Outcome::Fail => (style::BAD, "FAIL"),
        Outcome::Undetermined => (style::DOUBTFUL, "UNDETERMINED"),
    };
    let mut text = format!("{}  {}\n", paint(style.bold(), word), paint(style::STRONG, name));
    let open: Vec<String> =
        target.verdicts.open_questions().into_iter().map(|question| question.what).collect();
    if !open.is_empty() {
        text.push_str(&wrap::indented(&format!("Not determined: {}.", open.join("; ")), 2));
    }
    for accepted in &target.verdicts.accepted_open {
        let (until, reason) = (accepted.acceptance.until, &accepted.acceptance.reason);
        let line = format!(
            "Accepted as not determined until {until}, because of “{}” (baseline): {}.",
            safe(reason),
            safe(&accepted.what)
        );
        text.push_str(&wrap::indented(&line, 2));
    }
    text
}

fn line(text: &mut String, part: &PartLine) {
    let PartLine { label, mark, words, .. } = part;
    let (style, sign) = match mark {
        Mark::Good => (style::GOOD, "+"),
        Mark::Bad => (style::BAD, "!"),
        Mark::Open => (style::DOUBTFUL, "?"),
        Mark::None => (style::FAINT, "-"),
    };
    let first = format!("{} {}", paint(style, sign), wrap::pad(label, LABEL - 2));
    text.push_str(&wrap::wrap(words, &first, &" ".repeat(LABEL)));
}

fn or_status<T>(part: &Part<T>, words: impl Fn(&T) -> (Mark, String)) -> (Mark, String) {
    match part {
        Part::Checked(verdict) => words(verdict),
        Part::NotChecked(why) => (Mark::None, format!("Not checked: {why}.")),
        Part::Undetermined(why) => (Mark::Open, format!("Undetermined: {why}.")),
    }
}

fn certificate(verdicts: &TargetVerdicts) -> (Mark, String) {
    let Some(leaf) = verdicts.chain.first() else {
        return (Mark::Open, "None was obtained.".to_owned());
    };
    let issuer = &verdicts.who_issued;
    let owner = match (&issuer.owner, &issuer.claimed_owner) {
        (Some(owner), _) => owner.clone(),
        (None, Some(claimed)) => format!("{claimed}, as it claims without proof"),
        (None, None) => "a CA that no table knows".to_owned(),
    };
    let names: Vec<String> = leaf.names.dns.iter().take(4).map(ToString::to_string).collect();
    let more = match leaf.names.dns.len().saturating_sub(names.len()) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let who = if names.is_empty() { leaf.subject.clone() } else { names.join(", ") };
    let days = verdicts.trust.as_ref().map(|trust| match trust.life {
        Life::Current => "",
        Life::Expired => " (expired)",
        Life::NotYet => " (not yet valid)",
    });
    let mark = match &verdicts.trust {
        Some(trust) if trust.life != Life::Current || trust.name == NameMatch::Differs => Mark::Bad,
        _ if issuer.claimed_owner.is_some() => Mark::Open,
        _ => Mark::Good,
    };
    let text = format!(
        "{}{more}; issued by {} ({}); {} to {}{}; key {}",
        safe(&who),
        safe(&owner),
        safe(&leaf.issuer),
        leaf.not_before.strftime("%Y-%m-%d"),
        leaf.not_after.strftime("%Y-%m-%d"),
        days.unwrap_or_default(),
        leaf.spki_sha256
    );
    (mark, text)
}

fn chain(verdicts: &TargetVerdicts) -> (Mark, String) {
    let Some(trust) = &verdicts.trust else { return (Mark::Open, String::new()) };
    match &trust.trust {
        Trust::Trusted | Trust::TrustedAtAnotherTime { .. } => {
            let path: Vec<String> =
                trust.path.iter().skip(1).map(|member| safe(&member.subject).into_owned()).collect();
            let when = match &trust.trust {
                Trust::TrustedAtAnotherTime { .. } => " while it was valid, which it is not now",
                _ => "",
            };
            let mark = if when.is_empty() { Mark::Good } else { Mark::Bad };
            (mark, format!("Leads to {} in {}{when}.", path.join(", then "), safe(&trust.anchors)))
        }
        Trust::Untrusted { reason } => {
            (Mark::Bad, format!("Leads to no anchor of {}: {}.", safe(&trust.anchors), safe(reason)))
        }
        Trust::Unknown { reason } => (Mark::None, format!("Not judged: {}.", safe(reason))),
    }
}

fn caa(readings: &[CaaReading]) -> (Mark, String) {
    let mut mark = Mark::Good;
    let mut lines: Vec<String> = Vec::new();
    for reading in readings {
        let verdict = reading.verdicts.first();
        let (one, line) = match (&reading.relevant, verdict.map(|verdict| verdict.verdict)) {
            (Relevant::NotApplicable(_), _) => (Mark::None, "CAA does not apply".to_owned()),
            (Relevant::Undetermined { .. }, _) | (_, None | Some(Verdict::Undetermined)) => {
                let why = verdict.map_or("the look-up failed", |verdict| verdict.reason.as_str());
                (Mark::Open, safe(why).trim_end_matches('.').to_owned())
            }
            (Relevant::NoneAnywhere, _) => (Mark::None, "no record anywhere: every CA may issue".to_owned()),
            (Relevant::Set(set), Some(Verdict::Permit)) => {
                (Mark::Good, format!("the set at {} permits the issuer", set.name))
            }
            (Relevant::Set(set), Some(Verdict::Deny)) => (
                Mark::Bad,
                format!("the set at {} does not permit the issuer: the next renewal will fail", set.name),
            ),
        };
        let nameservers = match reading.nameservers.state {
            Agreement::NotAsked => "",
            Agreement::Consistent => "; the nameservers agree",
            Agreement::Inconsistent => "; the nameservers do not all say the same",
            Agreement::Undetermined => "; what the nameservers say is open",
        };
        mark = worse(mark, one);
        lines.push(format!("{}: {line}{nameservers}", safe(&reading.name)));
    }
    lines.dedup();
    let shown = lines.iter().take(5).cloned().collect::<Vec<_>>().join(". ");
    let more = match lines.len().saturating_sub(5) {
        0 => String::new(),
        count => format!(" And {count} more names."),
    };
    (mark, format!("{shown}.{more}"))
}

fn worse(one: Mark, other: Mark) -> Mark {
    let rank = |mark| match mark {
        Mark::Good => 0,
        Mark::None => 1,
        Mark::Open => 2,
        Mark::Bad => 3,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Raised;

    #[test]
    fn nothing_is_as_it_should_be_beside_a_grave_finding_of_its_own() {
        let part = |mark| PartLine { label: "Pins", family: Some("PIN"), mark, words: String::new() };
        let finding = |rule, severity| {
            Finding::again(rule, severity, Raised::new("x", "It is so.", serde_json::Value::Null)).unwrap()
        };
        let backup = finding("PIN004", Severity::High);
        assert_eq!(beside(&part(Mark::Good), &[&backup]), Mark::Bad);
        assert_eq!(beside(&part(Mark::None), &[&backup]), Mark::Bad, "not compared, or expired");
        assert_eq!(beside(&part(Mark::Open), &[&backup]), Mark::Open, "what is not known stays so");
        let mild = finding("PIN004", Severity::Medium);
        let other = finding("CAA001", Severity::Critical);
        assert_eq!(beside(&part(Mark::Good), &[&mild, &other]), Mark::Good);
    }
}
