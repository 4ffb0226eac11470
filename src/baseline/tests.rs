use serde_json::json;

use super::*;
use crate::question::OpenKind;
use crate::rules::{Raised, Rule, RuleInfo};

const RULE: Rule<(Severity, &'static str)> = Rule {
    info: RuleInfo {
        id: "CAA012",
        title: "A title",
        severity: Severity::Low,
        needs: "a record",
        explanation: "",
        advice: "",
        references: &[],
    },
    raise: |(severity, record)| {
        vec![Raised::new("shop.example", "It is so.", json!({"record": record})).at(*severity)]
    },
};

fn at(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

fn run(day: &str) -> Run<'static> {
    Run { command: "check", target: "shop.example:443", at: at(day) }
}

fn found(severity: Severity, record: &'static str) -> Vec<Finding> {
    let mut findings = RULE.findings(&(severity, record));
    rules::stamp("shop.example:443", None, &mut findings);
    findings
}

/// A baseline that accepts a medium finding until the end of March.
fn baseline() -> Baseline {
    let finding = &found(Severity::Medium, "0 issue \"a.example\"")[0];
    let additions = [Addition::of(run("2027-03-01"), finding)];
    let (text, new, extended) = Baseline::default()
        .with(&additions, ("a \"reason\"\u{1b}[2J", "2027-03-31".parse().unwrap()), false)
        .unwrap();
    assert_eq!((new, extended), (1, 0));
    assert!(!text.contains('\u{1b}'), "{text}");
    Baseline::parse("known.toml", text.as_bytes()).unwrap()
}

fn ids(findings: &[Finding]) -> Vec<(&'static str, bool)> {
    findings.iter().map(|finding| (finding.rule, finding.counts().is_some())).collect()
}

#[test]
fn what_is_known_is_shown_as_accepted_until_its_day() {
    let baseline = baseline();
    let settle = |day: &str, severity, record| {
        let mut findings = found(severity, record);
        baseline.settle(run(day), &mut findings, |_| true);
        findings
    };
    let known = settle("2027-03-31", Severity::Medium, "0 issue \"a.example\"");
    assert_eq!(ids(&known), [("CAA012", false)]);
    let json = serde_json::to_value(&known[0]).unwrap();
    assert_eq!(json["accepted"], json!({"reason": "a \"reason\"\u{1b}[2J", "until": "2027-03-31"}));
    let milder = settle("2027-03-01", Severity::Info, "0 issue \"a.example\"");
    assert_eq!(ids(&milder), [("CAA012", false)]);
    let past = settle("2027-04-01", Severity::Medium, "0 issue \"a.example\"");
    assert_eq!(ids(&past), [("CAA012", true), ("RUN001", true)]);
    assert!(past[1].message.contains("known.toml:4"), "{}", past[1].message);
    let graver = settle("2027-03-01", Severity::High, "0 issue \"a.example\"");
    assert_eq!(ids(&graver), [("CAA012", true), ("RUN003", true)]);
    // Another record is another finding, and the one that was known is gone.
    let other = settle("2027-03-01", Severity::Medium, "0 issue \"b.example\"");
    assert_eq!(ids(&other), [("CAA012", true), ("RUN002", true)]);
    assert_eq!(other[1].severity, Severity::Info);
}

#[test]
fn what_was_not_looked_at_is_not_said_to_be_gone() {
    let baseline = baseline();
    let mut findings = Vec::new();
    baseline.settle(run("2027-03-01"), &mut findings, |_| false);
    for (command, target) in [("caa", "shop.example:443"), ("check", "other.example:443")] {
        baseline.settle(Run { command, target, at: at("2027-03-01") }, &mut findings, |_| true);
    }
    assert!(findings.is_empty(), "{findings:?}");
    baseline.settle(run("2027-03-01"), &mut findings, |rule| rule == "CAA012");
    assert_eq!(ids(&findings), [("RUN002", true)]);
}

#[test]
fn an_entry_by_hand_needs_no_fingerprint() {
    let text = "version = 1\n[[finding]]\nrule = \"CAA012\"\ntarget = \"shop.example:443\"\nsubject = \"shop.example\"\n\
                reason = \"known\"\nuntil = \"2027-03-31\"\n";
    let baseline = Baseline::parse("b", text.as_bytes()).unwrap();
    let mut findings = found(Severity::Critical, "x");
    baseline.settle(run("2027-03-01"), &mut findings, |_| true);
    assert_eq!(ids(&findings), [("CAA012", false)], "without a severity any is accepted");
}

#[test]
fn what_is_open_is_accepted_by_entries_of_its_own_kind_alone() {
    let text = "version = 1\n[[undetermined]]\ntarget = \"shop.example:443\"\nwhat = \"what CAA says\"\nreason = \"split DNS\"\n\
                until = 2027-03-31\n";
    let baseline = Baseline::parse("b", text.as_bytes()).unwrap();
    let open = [OpenKind::Caa.asks("what CAA says", true)];
    let settle = |day: &str, open: &[OpenQuestion]| {
        let mut findings = Vec::new();
        let accepted =
            baseline.settle_open(run(day), open, &mut findings, |about| about.kind == OpenKind::Caa);
        (accepted.len(), ids(&findings))
    };
    assert_eq!(settle("2027-03-31", &open), (1, vec![]));
    assert_eq!(settle("2027-04-01", &open), (0, vec![("RUN001", true)]));
    assert_eq!(settle("2027-03-01", &[]), (0, vec![("RUN002", true)]));
    // What was not looked at is not answered; nor is it open to another command.
    let mut findings = Vec::new();
    assert_eq!(baseline.settle_open(run("2027-03-01"), &[], &mut findings, |_| false), []);
    let compare = Run { command: "compare", ..run("2027-03-01") };
    assert_eq!(baseline.settle_open(compare, &open, &mut findings, |_| true), []);
    assert_eq!(ids(&findings), []);
}

/// Whatever a baseline says, a gate that was asked for by name is not passed by it.
#[test]
fn what_a_gate_requires_is_never_accepted() {
    let required = Rule {
        info: RuleInfo { id: "CMP003", ..RULE.info },
        raise: |(severity, step): &(Severity, &'static str)| {
            vec![Raised::new(*step, "It is not done.", json!({"step": step})).at(*severity)]
        },
    };
    let mut findings = required.findings(&(Severity::High, "removed"));
    let run = Run { command: "compare", ..run("2027-03-01") };
    rules::stamp(run.target, None, &mut findings);
    let print = findings[0].fingerprint.clone().unwrap();
    let rest = "command = \"compare\"\nreason = \"r\"\nuntil = 2027-03-31\n";
    let text = format!("version = 1\n[[finding]]\nfingerprint = \"{print}\"\n{rest}");
    let baseline = Baseline::parse("b", text.as_bytes()).unwrap();
    baseline.settle(run, &mut findings, |_| true);
    assert_eq!(ids(&findings), [("CMP003", true)]);
    let named = text.replace("command", "rule = \"CMP003\"\ncommand");
    let told = Baseline::parse("b", named.as_bytes()).unwrap_err().to_string();
    assert!(told.contains("leave the option out"), "{told}");
    let entry = "[[undetermined]]\ntarget = \"a.example:443\"\nwhat = \"whether the step “caa” is done: nobody asked\"\n";
    let told =
        Baseline::parse("b", format!("version = 1\n{entry}{rest}").as_bytes()).unwrap_err().to_string();
    assert!(told.contains("line 2") && told.contains("leave the option out"), "{told}");
}

/// A renewal changes how many certificates a question counts, and not what it is about.
#[test]
fn an_entry_holds_whatever_a_question_counts() {
    let settle = |known: &str, asked: OpenQuestion| {
        let text = format!(
            "version = 1\n[[undetermined]]\ntarget = \"shop.example:443\"\nwhat = \"{known}\"\nreason = \"r\"\n\
             until = 2027-03-31\n"
        );
        let baseline = Baseline::parse("b", text.as_bytes()).unwrap();
        let mut findings = Vec::new();
        let accepted = baseline.settle_open(run("2027-03-01"), &[asked], &mut findings, |_| true);
        (accepted.into_iter().map(|one| one.what).collect::<Vec<_>>(), ids(&findings))
    };
    for (known, kind, now) in [
        ("CAA of 7 further names", OpenKind::FurtherCaa, "CAA of 8 further names"),
        (
            "whether 3 of 41 certificates match app.xml",
            OpenKind::ReplayedMatch,
            "whether 1 of 44 certificates match app.xml",
        ),
        (
            "whether one SCT's log holds the certificate",
            OpenKind::Inclusion,
            "whether the logs of 2 SCTs hold the certificate",
        ),
        ("who issued 12 certificates", OpenKind::IssuedBy, "who issued one certificate"),
    ] {
        assert_eq!(settle(known, kind.asks(now, true)), (vec![now.to_owned()], vec![]));
    }
    // Another name, or another kind, is another question.
    for (known, kind, now) in [
        (
            "whether 3 of 41 certificates match app.xml",
            OpenKind::ReplayedMatch,
            "whether 3 of 41 certificates match b.xml",
        ),
        ("whether Chrome's CT policy is met", OpenKind::CtPolicies, "whether Apple's CT policy is met"),
        ("who issued 12 certificates", OpenKind::IssuedRevoked, "whether 12 certificates are revoked"),
    ] {
        assert_eq!(settle(known, kind.asks(now, true)), (vec![], vec![("RUN002", true)]), "{known}");
    }
    // Words of another version are nobody's question now: nothing is said of them.
    assert_eq!(settle("whether the sun shines", OpenKind::Caa.asks("what CAA says", true)), (vec![], vec![]));
}

/// An entry accepts what the command found that it is of: another one may have looked at less.
#[test]
fn an_entry_holds_for_its_command() {
    let baseline = baseline();
    for (command, counts) in [("check", false), ("compare", true), ("caa", true)] {
        let mut findings = found(Severity::Medium, "0 issue \"a.example\"");
        baseline.settle(Run { command, ..run("2027-03-01") }, &mut findings, |_| true);
        assert_eq!(ids(&findings), [("CAA012", counts)], "{command}");
    }
    assert_eq!(baseline.of_other_commands("compare"), (1, ["check"].into()));
    assert_eq!(baseline.of_other_commands("check").0, 0);
    // The same finding of another command is an entry of its own.
    let finding = &found(Severity::Medium, "0 issue \"a.example\"")[0];
    let other = Addition::of(Run { command: "compare", ..run("2027-03-01") }, finding);
    let (text, new, _) = baseline.with(&[other], ("r", "2027-03-31".parse().unwrap()), false).unwrap();
    assert_eq!((new, text.matches("[[finding]]").count()), (1, 2), "{text}");
}

#[test]
fn nothing_is_extended_silently() {
    let known = baseline();
    let additions = [Severity::High]
        .map(|severity| Addition::of(run("2027-05-01"), &found(severity, "0 issue \"a.example\"")[0]));
    let day = "2027-12-31".parse().unwrap();
    let refused = known.with(&additions, ("again", day), false).unwrap_err().to_string();
    assert!(refused.contains("nothing was written") && refused.contains("known.toml:4"), "{refused}");
    let (text, new, extended) = known.with(&additions, ("again", day), true).unwrap();
    assert_eq!((new, extended), (0, 1));
    assert!(
        text.contains("reason = \"again\"\nuntil = 2027-12-31") && text.contains("severity = \"high\""),
        "{text}"
    );
    assert_eq!(text.matches("[[finding]]").count(), 1);
    // What is there stays as it is, comments included.
    let commented = format!("# ours\n{}", known.text);
    let known = Baseline::parse("b", commented.as_bytes()).unwrap();
    let other = Addition::of(run("2027-03-01"), &found(Severity::Low, "other")[0]);
    let (text, new, _) = known.with(&[other], ("new", day), false).unwrap();
    assert!(text.starts_with(&commented) && new == 1, "{text}");
    assert_eq!(Baseline::parse("b", text.as_bytes()).unwrap().findings.len(), 2);
}

#[test]
fn a_broken_baseline_is_told_with_every_place() {
    let told = |text: &str| Baseline::parse("b.toml", text.as_bytes()).unwrap_err().to_string();
    let entry = "[[finding]]\nfingerprint = \"00112233445566778899aabbccddeeff\"\nreason = \"x\"\nuntil = 2027-03-31\n";
    assert!(Baseline::parse("b", format!("version = 1\n{entry}").as_bytes()).is_ok());
    for (text, line, why) in [
        ("", "line 1", "missing field `version`"),
        ("version = 2\n", "line 1", "is not known"),
        ("version = 1\n[[findings]]\n", "line 2", "did you mean `finding`?"),
        (
            "version = 1\n[[finding]]\nreason = \"x\"\nuntil = 2027-03-31\n",
            "line 2",
            "rule, target and subject",
        ),
        (&format!("version = 1\n{}", entry.replace("001122", "")), "line 2", "32 hexadecimal digits"),
        (&format!("version = 1\n{}", entry.replace("\"x\"", "\" \"")), "line 4", "reason is empty"),
        (&format!("version = 1\n{}", entry.replace("2027-03-31", "\"soon\"")), "line 5", "is no day"),
        (&format!("version = 1\n{entry}rule = \"CAA999\"\n"), "line 2", "is no rule"),
        (
            "version = 1\n[[finding]]\nrule = \"TLS002\"\ntarget = \"t:443\"\nsubject = \"t:443\"\nreason = \"x\"\n\
             until = 2027-03-31\n",
            "line 2",
            "do not tell which: give the finding's fingerprint",
        ),
        (&format!("version = 1\n{entry}severity = \"hihg\"\n"), "line 6", "is no severity"),
        (
            &format!("version = 1\n{}", entry.replace("\"x\"", &format!("\"{}\"", "x".repeat(5000)))),
            "line 2",
            "more than 4000",
        ),
    ] {
        let told = told(text);
        assert!(told.contains("b.toml") && told.contains(line) && told.contains(why), "{told}");
    }
    assert!(Baseline::parse("b", b"version = 1\n\xff").unwrap_err().to_string().contains("line 2"));
    let many = "version = 1\n".to_owned() + &entry.repeat(20_001);
    assert!(told(&many).contains("20001 entries are more than"));
    // As many errors are told as of a file that is not of the right shape, each with its place.
    let wrong = "version = 1\n".to_owned() + &entry.replace("\"x\"", "\" \"").repeat(20_000);
    let problems = Baseline::parse("b", wrong.as_bytes()).unwrap_err().problems;
    assert_eq!((problems.len(), problems[1].line, problems[49].line), (50, 8, 200));
    let whole = "version = 1\n".to_owned() + &entry.repeat(20_000);
    let read = Baseline::parse("b", whole.as_bytes()).unwrap();
    assert_eq!((read.findings.len(), read.findings[19_999].line), (20_000, 79_998));
    // What is wrong with the meaning is told beside what is wrong with the form.
    let both = "version = 1\nversoin = 2\n[[finding]]\nrule = \"CMP003\"\ntarget = \"a\"\nsubject = \"b\"\nreason = \" \"\nuntil = 7\n\
                [[undetermined]]\ntarget = \"a\"\nwhat = \"whether the step “caa” is done: no\"\nreason = \"\"\nuntil = \"soon\"\n";
    let told_at = Baseline::parse("b", both.as_bytes()).unwrap_err().problems;
    let lines: Vec<usize> = told_at.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 7, 8, 9, 12, 13], "{told_at:?}");
    let deep = format!("version = 1\nx = {}", "[".repeat(100_000));
    assert!(told(&deep).contains("line 2"));
}

#[test]
fn the_schema_is_one() {
    let schema = schema();
    assert_eq!(schema["properties"]["finding"]["type"], "array");
    let additional = schema["definitions"]["WrittenFinding"]["additionalProperties"].as_bool();
    assert_eq!(additional, Some(false), "{schema:#}");
}

/// After a renewal with another key the finding is another one: that it is found is not denied.
#[test]
fn what_is_found_of_another_key_is_not_said_to_be_gone() {
    let raised = |rule, key: u8| {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = crate::demo::authority::CaCertificate::root(
            "CA",
            crate::demo::authority::KeyAlgorithm::P256,
            now,
        );
        let mut leaf = crate::x509::Certificate::read(&ca.unwrap().der).unwrap();
        leaf.spki_sha256 = crate::x509::SpkiSha256([key; 32]);
        let raised = Raised::new("certificate", "It is so.", json!({}));
        let mut findings = vec![Finding::again(rule, Severity::High, raised).unwrap()];
        let shown = rules::Shown::of(&leaf, &crate::ca::issuer::Issuer::default());
        rules::stamp("shop.example:443", Some(&shown), &mut findings);
        findings
    };
    let addition = Addition::of(run("2027-03-01"), &raised("CT003", 1)[0]);
    let (text, ..) =
        Baseline::default().with(&[addition], ("r", "2027-03-31".parse().unwrap()), false).unwrap();
    let baseline = Baseline::parse("known.toml", text.as_bytes()).unwrap();
    let told = |mut findings: Vec<Finding>| {
        baseline.settle(run("2027-03-01"), &mut findings, |_| true);
        let last = findings.pop().unwrap();
        assert_eq!(last.rule, "RUN002");
        (last.message.clone(), last.evidence.to_json()["of_another"].clone())
    };
    let (message, of_another) = told(raised("CT003", 2));
    assert!(message.contains("accepted of another key") && !message.contains("not found"), "{message}");
    assert_eq!(of_another, "key");
    for other in [Vec::new(), raised("CT001", 2)] {
        let (message, of_another) = told(other);
        assert!(message.contains("it was not found in this run"), "{message}");
        assert!(of_another.is_null());
    }
}
