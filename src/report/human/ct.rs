//! Certificate Transparency in the report of `pinstead check`.

use std::fmt::Write as _;

use super::check::Mark;
use super::safe;
use crate::ct::log_list::Program;
use crate::ct::policy::{Counted, PolicyOutcome, PolicyVerdict, title};
use crate::ct::verdict::{Audience, CtVerdict, SctOutcome, SctVerdict};

/// The SCTs, and what each programme makes of them.
pub(super) fn words(ct: &CtVerdict) -> (Mark, String) {
    let mut words = scts(ct);
    let with = |outcome| ct.policies.with(outcome).collect::<Vec<_>>();
    let accepting = with(PolicyOutcome::Compliant);
    if !accepting.is_empty() {
        let names: Vec<&str> = accepting.iter().map(|(program, _)| title(*program)).collect();
        let _ = write!(words, " Met: the {} of {}.", plural(names.len()), names.join(", "));
    }
    let refusing = with(PolicyOutcome::NotCompliant);
    for (program, verdict) in &refusing {
        let _ = write!(words, " Not met: the policy of {}. {}", title(*program), verdict.reasons.join(" "));
        words.push_str(&uncounted(ct, verdict));
    }
    // Those that refuse have said it among their reasons.
    let mut notes: Vec<&str> = accepting.iter().filter_map(|(_, verdict)| verdict.note.as_deref()).collect();
    notes.dedup();
    for note in notes {
        let _ = write!(words, " {note}");
    }
    words.push_str(&not_judged(&with(PolicyOutcome::NotJudged)));
    let mark = match ct.policies.chrome.outcome {
        _ if ct.audience == Audience::Private => Mark::None,
        _ if !refusing.is_empty() => Mark::Bad,
        PolicyOutcome::NotJudged => Mark::Open,
        PolicyOutcome::Compliant | PolicyOutcome::NotCompliant => Mark::Good,
    };
    (mark, safe(&words).into_owned())
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "policy" } else { "policies" }
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
        }
    }
    if !logs.is_empty() {
        let _ = write!(words, " {}.", logs.join(", "));
    }
    words
}

/// The SCTs that a programme does not count, and why.
fn uncounted(ct: &CtVerdict, verdict: &PolicyVerdict) -> String {
    let mut words = String::new();
    for (sct, standing) in ct.scts.iter().zip(&verdict.scts) {
        if standing.counted != Counted::Yes {
            let _ = write!(words, " {}: {}", name(sct), standing.reason);
        }
    }
    words
}

fn name(sct: &SctVerdict) -> String {
    match (&sct.log, &sct.log_id) {
        (Some(log), _) => log.name.clone(),
        (None, Some(id)) => format!("log {id}"),
        (None, None) => "an unnamed log".to_owned(),
    }
}

/// The programmes that were not judged: Chrome with its reasons, the others in short.
fn not_judged(open: &[(Program, &PolicyVerdict)]) -> String {
    let Some((_, first)) = open.first() else { return String::new() };
    let mut words = String::new();
    if open.len() == Program::ALL.len() && open.iter().all(|(_, verdict)| verdict.list == first.list) {
        let _ = write!(words, " No policy was judged. {}", first.reasons.join(" "));
        return words;
    }
    let mut others: Vec<String> = Vec::new();
    for (program, verdict) in open {
        if *program == Program::Chrome {
            let _ = write!(words, " Chrome's policy was not judged. {}", verdict.reasons.join(" "));
            continue;
        }
        let why = match &verdict.list {
            Some(list) if list.is_stale() => format!("its list is {} days old", list.age_days),
            Some(_) => "SCTs stay open".to_owned(),
            None if verdict.no_list => "the list given is another's".to_owned(),
            None => "no list of it is known for then".to_owned(),
        };
        others.push(format!("{} ({why})", title(*program)));
    }
    if !others.is_empty() {
        let _ = write!(words, " Not judged: {}.", others.join(", "));
    }
    words
}
