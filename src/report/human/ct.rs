//! Certificate Transparency in the report of `pinstead check`.

use std::fmt::Write as _;

use super::inclusion::inclusion;
use super::safe;
use crate::ct::log_list::Program;
use crate::ct::log_table::Dating;
use crate::ct::policy::{PolicyOutcome, PolicyVerdict, Unjudged, enumerated, title};
use crate::ct::verdict::{Audience, CtVerdict, SctOutcome, SctVerdict};
use crate::report::document::Mark;

/// The SCTs, and what each programme makes of them.
pub(super) fn words(ct: &CtVerdict) -> (Mark, String) {
    let mut words = scts(ct);
    if let Some(inclusion) = inclusion(ct) {
        let _ = write!(words, " {inclusion}");
    }
    let with = |outcome| ct.policies.with(outcome).collect::<Vec<_>>();
    let accepting = with(PolicyOutcome::Compliant);
    let refusing = with(PolicyOutcome::NotCompliant);
    // Why one is not met stands among the findings.
    for (of, verb) in [(&accepting, "met"), (&refusing, "not met")] {
        match of.as_slice() {
            [] => {}
            [(program, _)] => {
                let _ = write!(words, " {}'s policy is {verb}.", title(*program));
            }
            several => {
                let names = names(several.iter().map(|(of, _)| *of));
                let _ = write!(words, " The policies of {names} are {verb}.");
            }
        }
    }
    words.push_str(&as_of(&accepting));
    words.push_str(&not_judged(ct));
    let is_bad =
        |sct: &SctVerdict| matches!(sct.outcome, SctOutcome::InvalidSignature | SctOutcome::Malformed);
    let mark = if ct.scts.iter().any(is_bad) {
        Mark::Bad
    } else if ct.audience == Audience::Private || ct.policies.exempt.is_some() {
        Mark::None
    } else if !refusing.is_empty() {
        Mark::Bad
    } else if ct.policies.is_undetermined() {
        Mark::Open
    } else {
        Mark::Good
    };
    (mark, safe(&words).into_owned())
}

/// As of when those that accept were judged, if not as asked. Those that refuse say so among their reasons.
fn as_of(accepting: &[(Program, &PolicyVerdict)]) -> String {
    let mut noted = accepting.iter().filter_map(|(of, verdict)| Some((of, verdict, verdict.note.as_ref()?)));
    let Some((_, first, note)) = noted.next() else { return String::new() };
    let mut words = format!(" {note}");
    for (program, verdict, _) in noted.filter(|(_, verdict, _)| verdict.judged_at != first.judged_at) {
        let _ = write!(words, " {}'s: as of {}.", title(*program), verdict.judged_at);
    }
    words
}

/// “Chrome, Apple and Mozilla”.
fn names(programs: impl Iterator<Item = Program>) -> String {
    let names: Vec<&str> = programs.map(title).collect();
    enumerated(&names)
}

fn scts(ct: &CtVerdict) -> String {
    let valid = ct.scts.iter().filter(|sct| sct.outcome == SctOutcome::Valid).count();
    let mut words = match ct.scts.len() {
        0 => "No SCT.".to_owned(),
        count => format!("{valid} of {count} SCTs verify."),
    };
    let mut logs: Vec<String> = Vec::new();
    for sct in &ct.scts {
        if let (Some(log), Some(time)) = (&sct.log, sct.timestamp) {
            let outcome = match sct.outcome {
                SctOutcome::Valid => String::new(),
                outcome => format!(", {}", outcome.name().replace('_', " ")),
            };
            logs.push(format!("{} ({}{outcome})", log.name, time.strftime("%Y-%m-%d")));
        } else {
            logs.push(format!("one of no known log ({})", sct.outcome.name().replace('_', " ")));
        }
    }
    if !logs.is_empty() {
        let _ = write!(words, " {}.", logs.join(", "));
    }
    words
}

/// The programmes that were not judged: Chrome with its reasons, the others in short.
fn not_judged(ct: &CtVerdict) -> String {
    let open: Vec<(Program, &PolicyVerdict)> = ct.policies.with(PolicyOutcome::NotJudged).collect();
    let mut words = String::new();
    if let Some(exempt) = ct.policies.exempt {
        let _ = write!(words, " No policy was judged. {}", exempt.reason());
        return words;
    }
    if ct.audience == Audience::Private {
        let _ = write!(words, " No policy was judged. {}", ct.policies.chrome.reasons.join(" "));
        return words;
    }
    let mut others: Vec<String> = Vec::new();
    let unasked: Vec<Program> =
        open.iter().filter(|(_, verdict)| verdict.has_no_list()).map(|(program, _)| *program).collect();
    for (program, verdict) in open.iter().filter(|(program, _)| !unasked.contains(program)) {
        if *program == Program::Chrome {
            let _ = write!(words, " Chrome's policy was not judged. {}", verdict.reasons.join(" "));
            continue;
        }
        let why = match (&verdict.list, verdict.unjudged) {
            (_, Some(Unjudged::Rules)) => "its rules of then are not judged here".to_owned(),
            (Some(list), _) if list.is_stale() && list.dating == Dating::NewestChange => {
                "its list states no date".to_owned()
            }
            (Some(list), _) if list.is_stale() => format!("its list is {} days old", list.age_days),
            (Some(_), _) => "what it said of their logs then is not known".to_owned(),
            (None, _) => "no list of it is known for then".to_owned(),
        };
        others.push(format!("{} ({why})", title(*program)));
    }
    if !others.is_empty() {
        let _ = write!(words, " Not judged: {}.", others.join(", "));
    }
    if !unasked.is_empty() {
        let _ = write!(words, " The list given does not speak for {}.", names(unasked.into_iter()));
    }
    words
}
