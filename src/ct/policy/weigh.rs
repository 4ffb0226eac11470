//! The verdict of one policy: what counts, and whether it is enough whatever is open.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::candidate::{Candidate, Sentence};
use super::moment::{self, JudgedList, Moment};
use super::{Counted, Exemption, PolicyOutcome, PolicyQuestion, PolicyVerdict, SctStanding, Unjudged, title};
use crate::ct::log_list::Program;
use crate::ct::verdict::{Audience, SctVerdict};
use crate::x509::Certificate;

/// One programme's policy: what its clients drop, and what they count.
pub(super) trait Policy {
    /// Whose it is.
    const PROGRAM: Program;
    /// What it asks of the operators.
    const OPERATORS: &'static str = "at least two are needed";

    /// Whether clients look at this SCT at all, at this time.
    fn admit(sct: &Candidate<'_>, certificate: &Certificate, at: Timestamp) -> Admission;

    /// Counts the SCTs that they look at. More SCTs never make it worse.
    fn count(scts: &[&Candidate<'_>], certificate: &Certificate, at: Timestamp) -> Tally;
}

/// Whether clients look at an SCT.
#[derive(Debug)]
pub(super) enum Admission {
    Yes,
    No(Sentence),
    Open(Sentence),
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) reach: Reach,
    /// The SCTs that do not count, by their place, and why.
    pub(super) refused: Vec<(usize, Sentence)>,
    /// How many logs count among the embedded SCTs, and how many are needed.
    pub(super) embedded: (usize, usize),
    /// The operators that count.
    pub(super) operators: BTreeSet<String>,
    /// What else led to it.
    pub(super) remarks: Vec<Sentence>,
}

/// Whether the SCTs are enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    Met,
    #[default]
    NotMet,
    /// Under rules that are not known, or of which it is not known whether they were enforced then.
    NotKnown,
}

impl Tally {
    /// Says of an SCT that it does not count.
    pub(super) fn refuse(&mut self, sct: &Candidate<'_>, why: &'static str) {
        self.refused.push((sct.index, why.into()));
    }

    /// Says that the rules of the time are not known, or were not enforced.
    pub(super) fn not_known(&mut self, why: &'static str) {
        self.reach = Reach::NotKnown;
        self.remarks.push(why.into());
    }
}

impl Reach {
    pub(super) fn when(met: bool) -> Self {
        if met { Self::Met } else { Self::NotMet }
    }
}

/// Seconds of 180 days: certificates that live longer need one SCT more.
pub(super) const LONG_LIFE: SignedDuration = SignedDuration::from_secs(180 * 86_400);

/// How long a certificate lives, from notBefore to notAfter, as a difference.
pub(super) fn life(certificate: &Certificate) -> SignedDuration {
    certificate.not_after.duration_since(certificate.not_before)
}

/// Judges by one policy, unless the certificate is of a kind that no policy is for.
pub(super) fn judge<P: Policy>(question: &PolicyQuestion<'_>, exempt: Option<Exemption>) -> PolicyVerdict {
    let unjudged = || unjudged::<P>(question, question.at);
    if let Some(exempt) = exempt {
        return not_judged(
            question.at,
            None,
            Unjudged::Exempt(exempt),
            exempt.reason().to_owned(),
            unjudged(),
        );
    }
    if question.audience == Audience::Private {
        let kind = Unjudged::PrivateRoot;
        let reason = kind.told(Some(title(P::PROGRAM))).unwrap_or_default();
        return not_judged(question.at, None, kind, reason, unjudged());
    }
    match moment::find(question, P::PROGRAM) {
        Ok(moment) => judge_at::<P>(question, &moment),
        Err(none) => {
            let scts = self::unjudged::<P>(question, none.at);
            not_judged(none.at, none.list.map(|list| *list), none.kind, none.reason, scts)
        }
    }
}

fn not_judged(
    at: Timestamp,
    list: Option<JudgedList>,
    kind: Unjudged,
    reason: String,
    scts: Vec<SctStanding>,
) -> PolicyVerdict {
    PolicyVerdict {
        outcome: PolicyOutcome::NotJudged,
        reasons: vec![reason],
        note: None,
        list,
        unjudged: Some(kind),
        judged_at: at,
        scts,
        without_margin: Vec::new(),
    }
}

fn judge_at<P: Policy>(question: &PolicyQuestion<'_>, moment: &Moment) -> PolicyVerdict {
    let (certificate, at) = (question.certificate, moment.at);
    let mut standings = unjudged::<P>(question, at);
    let mut candidates: Vec<Candidate<'_>> = Vec::with_capacity(question.scts.len());
    for (index, (sct, standing)) in question.scts.iter().zip(&mut standings).enumerate() {
        let seen = Candidate::see(index, sct, question.table, P::PROGRAM, moment);
        match seen.and_then(|candidate| admitted::<P>(candidate, certificate, at)) {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) => standing.set(Counted::No, reason),
        }
    }
    // What is open may count or not: the verdict must hold either way.
    let sure: Vec<&Candidate<'_>> = candidates.iter().filter(|candidate| candidate.open.is_none()).collect();
    let all: Vec<&Candidate<'_>> = candidates.iter().collect();
    let at_worst = P::count(&sure, certificate, at);
    let at_best = (sure.len() < all.len()).then(|| P::count(&all, certificate, at));
    let best = at_best.as_ref().map_or(&at_worst.reach, |tally| &tally.reach);
    let outcome = decided(&at_worst.reach, best);
    for candidate in &candidates {
        let Some(standing) = standings.get_mut(candidate.index) else { continue };
        match (&candidate.open, at_worst.refused.iter().find(|(index, _)| *index == candidate.index)) {
            (Some(reason), _) => standing.set(Counted::Open, reason.clone()),
            (None, Some((_, reason))) => standing.set(Counted::No, reason.clone()),
            (None, None) => standing.set(Counted::Yes, "It counts.".into()),
        }
    }
    let open: Vec<&Candidate<'_>> = candidates.iter().filter(|candidate| candidate.open.is_some()).collect();
    // The rule of which it is not known whether it was enforced may come in with what is open.
    let telling = match &at_best {
        Some(at_best) if at_best.reach == Reach::NotKnown => at_best,
        _ => &at_worst,
    };
    PolicyVerdict {
        outcome,
        reasons: reasons::<P>(&at_worst, &telling.remarks, outcome, moment, &open, &standings),
        note: moment.note.clone(),
        list: Some(moment.list.clone()),
        unjudged: (outcome == PolicyOutcome::NotJudged).then_some(match best {
            Reach::NotKnown => Unjudged::Rules,
            Reach::Met | Reach::NotMet => Unjudged::OpenScts,
        }),
        judged_at: at,
        without_margin: match outcome {
            PolicyOutcome::Compliant => without_margin::<P>(&sure, certificate, at),
            PolicyOutcome::NotCompliant | PolicyOutcome::NotJudged => Vec::new(),
        },
        scts: standings,
    }
}

/// What holds whether what is open counts or not; where the two differ, nothing does.
fn decided(without: &Reach, with: &Reach) -> PolicyOutcome {
    match (without, with) {
        (Reach::Met, Reach::Met) => PolicyOutcome::Compliant,
        (Reach::NotMet, Reach::NotMet) => PolicyOutcome::NotCompliant,
        _ => PolicyOutcome::NotJudged,
    }
}

/// The candidate, if clients look at it.
fn admitted<'a, P: Policy>(
    mut candidate: Candidate<'a>,
    certificate: &Certificate,
    at: Timestamp,
) -> Result<Candidate<'a>, Sentence> {
    match P::admit(&candidate, certificate, at) {
        Admission::Yes => {}
        Admission::No(reason) => return Err(reason),
        Admission::Open(reason) => {
            candidate.open.get_or_insert(reason);
        }
    }
    Ok(candidate)
}

/// The logs any one of which could not retire now without the policy being missed.
fn without_margin<P: Policy>(
    sure: &[&Candidate<'_>],
    certificate: &Certificate,
    at: Timestamp,
) -> Vec<String> {
    let mut logs = BTreeSet::new();
    for lost in sure.iter().filter(|candidate| !candidate.is_retired()) {
        let rest: Vec<Candidate<'_>> = sure
            .iter()
            .map(
                |&candidate| {
                    if candidate.log_id == lost.log_id { candidate.retired(at) } else { candidate.clone() }
                },
            )
            .collect();
        let rest: Vec<&Candidate<'_>> = rest.iter().collect();
        if P::count(&rest, certificate, at).reach != Reach::Met {
            logs.insert(lost.log_name.clone().into_owned());
        }
    }
    logs.into_iter().collect()
}

fn reasons<P: Policy>(
    tally: &Tally,
    remarks: &[Sentence],
    outcome: PolicyOutcome,
    moment: &Moment,
    open: &[&Candidate<'_>],
    standings: &[SctStanding],
) -> Vec<String> {
    let mut reasons: Vec<String> = moment.note.iter().cloned().collect();
    let (logs, needed) = tally.embedded;
    reasons.push(format!(
        "Embedded SCTs count from {logs} {}; a life {} 180 days needs {needed}.",
        if logs == 1 { "log" } else { "logs" },
        if needed > 2 { "of more than" } else { "up to" },
    ));
    let operators: Vec<&str> = tally.operators.iter().map(String::as_str).collect();
    reasons.push(match operators.as_slice() {
        [] => "No SCT counts, so no log operator does.".to_owned(),
        names => format!("Log operators: {}; {}.", names.join(", "), P::OPERATORS),
    });
    reasons.extend(remarks.iter().map(|remark| remark.clone().into_owned()));
    let not_counted = standings.iter().filter(|sct| sct.counted == Counted::No).count();
    if not_counted > 0 {
        reasons.push(format!("{not_counted} of {} SCTs do not count.", standings.len()));
    }
    if outcome == PolicyOutcome::NotJudged {
        for candidate in open {
            let why = candidate.open.as_deref().unwrap_or_default();
            reasons.push(format!("Open: the SCT of {}. {why}", candidate.log_name));
        }
        let swing = match tally.reach {
            Reach::NotMet => Some("With what is open the policy could be met, without it not."),
            Reach::Met => Some("Without what is open the policy is met, with it perhaps not."),
            Reach::NotKnown => None,
        };
        reasons.extend(swing.filter(|_| !open.is_empty()).map(str::to_owned));
    }
    reasons
}

/// What is said of each SCT where the policy is not judged, with the states of its log.
fn unjudged<P: Policy>(question: &PolicyQuestion<'_>, at: Timestamp) -> Vec<SctStanding> {
    let standing = |sct: &SctVerdict| {
        let state = |time| sct.log_id.map(|id| question.table.state(&id, P::PROGRAM, time));
        let then = sct.timestamp.unwrap_or(at).min(at);
        let now = state(at);
        SctStanding {
            counted: Counted::Open,
            reason: "The policy was not judged.".into(),
            state_then: state(then).map(|state| state.state).unwrap_or_default(),
            state_now: now.map(|state| state.state).unwrap_or_default(),
            state_since: now.and_then(|state| state.since),
            retires: sct.log_id.and_then(|id| question.table.retirement_announced(&id, P::PROGRAM, at)),
        }
    };
    question.scts.iter().map(standing).collect()
}

impl SctStanding {
    fn set(&mut self, counted: Counted, reason: Sentence) {
        (self.counted, self.reason) = (counted, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_never_makes_a_pass_or_a_fail() {
        use PolicyOutcome::{Compliant, NotCompliant, NotJudged};
        for (without, with, expected) in [
            (Reach::Met, Reach::Met, Compliant),
            (Reach::NotMet, Reach::NotMet, NotCompliant),
            (Reach::Met, Reach::NotMet, NotJudged),
            (Reach::NotMet, Reach::Met, NotJudged),
            (Reach::NotKnown, Reach::NotMet, NotJudged),
            (Reach::NotKnown, Reach::Met, NotJudged),
            (Reach::Met, Reach::NotKnown, NotJudged),
            (Reach::NotMet, Reach::NotKnown, NotJudged),
        ] {
            assert_eq!(decided(&without, &with), expected, "{without:?}, {with:?}");
        }
    }
}
