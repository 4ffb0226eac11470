//! The report of `pinstead caa` for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG};
use super::{findings as render_findings, nameservers, safe, wrap};
use crate::caa::{
    CaaReading, Dnssec, Issued, Policy, Relevant, RelevantSet, Step, StepOutcome, Usage, Verdict,
    is_of_another_root,
};
use crate::rules::Finding;

/// The most records of a set that are shown.
const MOST_RECORDS: usize = 20;

/// One name's report: who may issue, why, and what to do.
pub fn name(reading: &CaaReading, findings: &[Finding]) -> String {
    with_issued(reading, None, None, findings)
}

/// The same, with what was issued for the name where that is known, and the terms on which a CA was asked about: words
/// such as “for that account”.
pub fn with_issued(
    reading: &CaaReading,
    terms: Option<&str>,
    issued: Option<&Issued>,
    findings: &[Finding],
) -> String {
    let mut out = String::new();
    let (style, answer) = answer(reading, terms);
    // Styles take no room; the name and the answer are kept on one line as long as they fit.
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}: {style}{answer}{style:#}", reading.name);
    // Where there is no verdict to say why, the set does.
    let why = reading.set().filter(|_| reading.verdicts.is_empty());
    if let Some(why) = why.and_then(|set| set.why(reading.usage, reading.wildcard)) {
        paragraph(&mut out, 2, &why);
    }
    for verdict in &reading.verdicts {
        let (style, word) = verdict_word(verdict.verdict);
        let _ = writeln!(out, "  {style}{word:12}{style:#}  {}", verdict.ca);
        paragraph(&mut out, 16, &verdict.reason);
        for other in &verdict.software {
            let (style, word) = verdict_word(other.verdict);
            let _ = writeln!(out, "    {style}{word:12}{style:#}{} differs", other.software.name());
            paragraph(&mut out, 18, &other.reason);
        }
    }
    match &reading.relevant {
        Relevant::Set(set) => records(&mut out, set),
        Relevant::NotApplicable(why) => paragraph(&mut out, 2, &why.to_string()),
        Relevant::NoneAnywhere | Relevant::Undetermined { .. } => {}
    }
    if let Some(issued) = issued {
        certificates(&mut out, issued);
    }
    if !reading.steps.is_empty() {
        out.push_str("\n  The climb (RFC 8659 section 3)\n");
        reading.steps.iter().for_each(|step| climb_step(&mut out, step));
    }
    out.push_str(&nameservers::block(&reading.nameservers));
    if !findings.is_empty() {
        out.push('\n');
        out.push_str(&render_findings(findings));
    }
    out
}

fn verdict_word(verdict: Verdict) -> (Style, &'static str) {
    match verdict {
        Verdict::Permit => (GOOD, "permit"),
        Verdict::Deny => (BAD, "deny"),
        Verdict::Undetermined => (DOUBTFUL, "undetermined"),
    }
}

/// Appends `text` as one paragraph, indented.
fn paragraph(out: &mut String, columns: usize, text: &str) {
    out.push_str(&wrap::indented(&safe(text), columns));
}

/// The answer in a few words.
fn answer(reading: &CaaReading, terms: Option<&str>) -> (Style, String) {
    let what = match reading.usage {
        Usage::Tls => "TLS",
        Usage::Smime => "S/MIME",
        Usage::Vmc => "mark",
    };
    match (&reading.relevant, reading.policy()) {
        (Relevant::NotApplicable(_), _) => (FAINT, "CAA does not apply".to_owned()),
        (Relevant::NoneAnywhere, _) => (DOUBTFUL, "any CA may issue; there is no CAA record".to_owned()),
        // The verdict is open only because nobody knows what the answer would say once it validates.
        (Relevant::Undetermined { at, detail, dnssec: Dnssec::Bogus }, _) if !is_of_another_root(detail) => (
            BAD,
            format!("undetermined, and no CA may issue while the answer for {at} fails DNSSEC validation"),
        ),
        (_, Policy::Undetermined(why)) => (DOUBTFUL, format!("undetermined, {why}")),
        (_, Policy::Anyone) => (DOUBTFUL, format!("any CA may issue {what} certificates")),
        (_, Policy::Nobody) => (BAD, format!("no CA may issue {what} certificates")),
        (_, Policy::Only(issuers)) => {
            let cas = match issuers.len() {
                1..=3 => issuers.join(", "),
                many => format!("{many} CAs"),
            };
            let (style, but) = exception(reading, &issuers, terms);
            (style, format!("only {cas} may issue {what} certificates{but}"))
        }
    }
}

/// What the verdicts take from CAs that the set names: records may be bound to an account or to methods (RFC 8657).
fn exception(reading: &CaaReading, issuers: &[String], terms: Option<&str>) -> (Style, String) {
    let terms = terms.unwrap_or("by the parameters of its record");
    let with = |wanted: Verdict| -> Vec<&str> {
        let is = |issuer: &String| {
            let mut verdicts = reading.verdicts.iter();
            verdicts.any(|it| it.verdict == wanted && it.ca.eq_ignore_ascii_case(issuer))
        };
        issuers.iter().filter(|issuer| is(issuer)).map(String::as_str).collect()
    };
    match (with(Verdict::Deny).as_slice(), with(Verdict::Undetermined).as_slice()) {
        ([], []) => (GOOD, String::new()),
        (denied, _) if denied.len() == issuers.len() => (BAD, format!(", but not {terms}")),
        ([], open) if open.len() == issuers.len() => (DOUBTFUL, format!(", but perhaps not {terms}")),
        ([], open) => (DOUBTFUL, format!(", but {} perhaps not {terms}", open.join(", "))),
        (denied, _) => (DOUBTFUL, format!(", but {} not {terms}", denied.join(", "))),
    }
}

fn records(out: &mut String, set: &RelevantSet) {
    let _ = writeln!(out, "\n  The set at {}, for {} s", set.name, set.ttl);
    for record in set.records.iter().take(MOST_RECORDS) {
        paragraph(out, 4, &record.to_string());
    }
    if let Some(more) = set.records.len().checked_sub(MOST_RECORDS).filter(|more| *more > 0) {
        let _ = writeln!(out, "    … and {more} more");
    }
}

/// What was issued, by name and issuer: renewals of one CA for one name are of one kind.
fn certificates(out: &mut String, issued: &Issued) {
    out.push_str("\n  The certificates given, and whether CAA as it is now lets them be renewed\n");
    if issued.names.is_empty() {
        out.push_str("    none is for this name\n");
    }
    let mut kinds: BTreeMap<(String, &str), (Verdict, usize)> = BTreeMap::new();
    for name in &issued.names {
        kinds.entry((name.name.to_string(), name.issuer.as_str())).or_insert((name.verdict, 0)).1 += 1;
    }
    for ((name, issuer), (verdict, count)) in kinds.iter().take(MOST_RECORDS) {
        let (style, word) = verdict_word(*verdict);
        let many = if *count > 1 { format!(" ({count} certificates)") } else { String::new() };
        let _ = writeln!(out, "    {style}{word:12}{style:#}  {name}{many}");
        paragraph(out, 18, &format!("by {issuer}"));
    }
    if let Some(more) = kinds.len().checked_sub(MOST_RECORDS).filter(|more| *more > 0) {
        let _ = writeln!(out, "    … and {more} more");
    }
    if let Some(never) = issued.never_issued.as_ref().filter(|never| !never.is_empty()) {
        paragraph(out, 4, &format!("authorised, and issued none of them: {}", never.join(", ")));
    }
}

fn climb_step(out: &mut String, step: &Step) {
    let (style, word) = match step.outcome {
        StepOutcome::Records => (GOOD, "records"),
        StepOutcome::Empty => (FAINT, "none"),
        StepOutcome::Failure => (BAD, "failed"),
    };
    let (name, detail) = (&step.name, &step.detail);
    let _ = write!(out, "    {style}{word:8}{style:#}{name}  {FAINT}{detail}{FAINT:#}");
    let (style, word) = match step.dnssec {
        Dnssec::Secure => (GOOD, "secure"),
        Dnssec::Insecure => (FAINT, "insecure"),
        Dnssec::Bogus => (BAD, "bogus"),
        Dnssec::Indeterminate => (DOUBTFUL, "indeterminate"),
        Dnssec::Unchecked => (FAINT, ""),
    };
    let gap = if word.is_empty() { "" } else { "  " };
    let _ = writeln!(out, "{gap}{style}{word}{style:#}");
    for alias in &step.aliases {
        let _ = writeln!(out, "              alias of {alias}");
    }
    if let (Dnssec::Indeterminate, Some(why)) = (step.dnssec, &step.dnssec_detail) {
        paragraph(out, 14, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caa::CaVerdict;
    use crate::caa::nameservers::NameserverReading;
    use crate::caa::record::CaaRecord;

    fn reading(relevant: Relevant) -> CaaReading {
        CaaReading {
            name: "www.t.example".to_owned(),
            wildcard: false,
            usage: Usage::Tls,
            steps: vec![Step {
                name: "www.t.example".parse().unwrap(),
                outcome: StepOutcome::Records,
                detail: "NOERROR".to_owned(),
                aliases: vec!["w.provider.example".to_owned()],
                dnssec: Dnssec::Unchecked,
                dnssec_detail: None,
                unfinished: None,
                own_zone: None,
                authentic_data: false,
            }],
            relevant,
            above: None,
            verdicts: vec![CaVerdict {
                ca: "ca1.example".to_owned(),
                usage: Usage::Tls,
                verdict: Verdict::Permit,
                reason: "it is named ".repeat(10),
                software: Vec::new(),
            }],
            nameservers: NameserverReading::default(),
            asked_about: Vec::new(),
            is_unheard: false,
        }
    }

    fn set(rdata: &[u8]) -> Relevant {
        Relevant::Set(RelevantSet {
            name: "www.t.example".parse().unwrap(),
            records: vec![CaaRecord::read(rdata)],
            ttl: 300,
            aliases: Vec::new(),
        })
    }

    #[test]
    fn the_verdict_stands_first_and_lines_fit() {
        let reading = reading(set(b"\x00\x05issueca1.example"));
        let findings = crate::rules::caa::findings(&reading);
        let report = anstream::adapter::strip_str(&name(&reading, &findings)).to_string();
        assert!(
            report.starts_with("www.t.example: only ca1.example may issue TLS certificates\n  permit"),
            "{report}"
        );
        assert!(report.contains("CAA011"), "{report}");
        assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
    }

    #[test]
    fn the_set_says_why_nobody_or_anybody_may_issue() {
        for (rdata, wildcard, said) in [
            (
                &b"\x00\x05issue;"[..],
                false,
                "0 issue \";\" at www.t.example names no CA (RFC 8659 section 4.2)",
            ),
            (
                b"\x00\x09issuewild;",
                true,
                "0 issuewild \";\" at www.t.example names no CA (RFC 8659 section 4.3)",
            ),
            (b"\x00\x09issuemailca1.example", false, "the set at www.t.example has no issue property"),
            (b"\x80\x03tbsx", false, "128 tbs \"x\" at www.t.example is critical"),
        ] {
            let reading = CaaReading { wildcard, verdicts: Vec::new(), ..reading(set(rdata)) };
            let report = anstream::adapter::strip_str(&name(&reading, &[])).to_string().replace("\n  ", " ");
            assert!(report.contains(said), "{report}");
        }
        let named = anstream::adapter::strip_str(&name(&reading(set(b"\x00\x05issue;")), &[])).to_string();
        assert!(!named.contains("names no CA"), "{named}");
    }

    #[test]
    fn each_step_shows_its_dnssec_state() {
        let mut reading = reading(set(b"\x00\x05issueca1.example"));
        for (state, shown) in [
            (Dnssec::Secure, "www.t.example  NOERROR  secure\n"),
            (Dnssec::Indeterminate, "www.t.example  NOERROR  indeterminate\n"),
            (Dnssec::Unchecked, "www.t.example  NOERROR\n"),
        ] {
            reading.steps[0].dnssec = state;
            let report = anstream::adapter::strip_str(&name(&reading, &[])).to_string();
            assert!(report.contains(shown), "{report}");
        }
    }

    #[test]
    fn bogus_is_undetermined_and_lets_nobody_issue() {
        let at = "t.example".parse().unwrap();
        let detail = "an answer that fails DNSSEC validation: expired".to_owned();
        let bogus = reading(Relevant::Undetermined { at, detail, dnssec: Dnssec::Bogus });
        let report = anstream::adapter::strip_str(&name(&bogus, &[])).to_string();
        let headline = "www.t.example: undetermined, and no CA may issue while the answer for t.example fails DNSSEC \
                        validation\n";
        assert!(report.starts_with(headline), "{report}");
    }

    #[test]
    fn an_indeterminate_step_says_why() {
        let mut reading = reading(set(b"\x00\x05issueca1.example"));
        reading.steps[0].dnssec_detail = Some("the resolver hands out no DNSSEC records".to_owned());
        let shown = |reading: &CaaReading| name(reading, &[]).contains("hands out no DNSSEC records");
        assert!(!shown(&reading));
        reading.steps[0].dnssec = Dnssec::Indeterminate;
        assert!(shown(&reading));
    }

    #[test]
    fn control_characters_of_records_are_not_shown() {
        let reading = reading(set(b"\x00\x05issue\x1b]0;evil\x07"));
        let findings = crate::rules::caa::findings(&reading);
        let report = anstream::adapter::strip_str(&name(&reading, &findings)).to_string();
        assert!(!report.contains(['\x1b', '\x07']), "{report:?}");
        assert!(report.contains("\\027]0;evil\\007"), "{report}");
    }

    #[test]
    fn the_headline_says_where_the_terms_take_a_permission() {
        let mut reading = reading(set(b"\x00\x05issueca1.example"));
        let mut headline = |verdict: Verdict, terms: Option<&str>| {
            reading.verdicts[0].verdict = verdict;
            let report = with_issued(&reading, terms, None, &[]);
            anstream::adapter::strip_str(&report).to_string().lines().next().unwrap_or_default().to_owned()
        };
        let plain = "www.t.example: only ca1.example may issue TLS certificates";
        let terms = Some("by that method");
        assert_eq!(headline(Verdict::Permit, terms), plain);
        assert_eq!(headline(Verdict::Deny, terms), format!("{plain}, but not by that method"));
        assert_eq!(
            headline(Verdict::Undetermined, terms),
            format!("{plain}, but perhaps not by that method")
        );
        assert_eq!(
            headline(Verdict::Deny, None),
            format!("{plain}, but not by the parameters of its record")
        );
    }
}
