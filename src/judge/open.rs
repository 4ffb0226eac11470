//! What was looked at and stayed open: a gate may fail on it.

use std::collections::BTreeSet;

use super::target::{Part, TargetVerdicts};
use crate::ca::expectation::Expectation;
use crate::caa::CaaReading;
use crate::caa::nameservers::Agreement;
use crate::compare::advice::{Done, StepId};
use crate::compare::replay::PinSetKind;
use crate::ct::inclusion::InclusionOutcome;
use crate::ct::log_list::Program;
use crate::ct::policy::{self, Exemption, Policies, PolicyOutcome};
use crate::ct::verdict::{Audience, CtVerdict, SctVerdict};
use crate::issuance::{IssuanceVerdict, Status};
use crate::pins::formats::tlsa;
use crate::pins::{PinsStatus, PinsVerdict, SourceState, SourceVerdict};
use crate::scope;

/// Something that was looked at and stayed open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenQuestion {
    /// What could not be determined, in words.
    pub what: String,
    /// Whether the user asked for it by name: then it is never passed over.
    pub demanded: bool,
}

/// How the questions begin whether a required step is done.
const STEP: &str = "whether the step “";

impl OpenQuestion {
    /// Whether a baseline may accept that it is open: not of what a gate was asked for.
    pub fn can_be_accepted(&self) -> bool {
        !self.what.starts_with(STEP)
    }
}

impl TargetVerdicts {
    /// Everything that was looked at and stayed open, but for what a baseline accepts as that.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        let mut open = self.all_open();
        open.retain(|question| {
            let is_accepted = self.accepted_open.iter().any(|accepted| accepted.what == question.what);
            !(question.can_be_accepted() && is_accepted)
        });
        open
    }

    fn all_open(&self) -> Vec<OpenQuestion> {
        let named = |part| self.named_parts.contains(&part);
        let mut open = Vec::new();
        let mut add = |what: &str, demanded| open.push(OpenQuestion { what: what.to_owned(), demanded });
        // Who asks about steps wants these alone; a history has certificates of its own.
        let is_of_steps = self.is_of_history_alone() && !self.required.is_empty();
        if self.chain.is_empty() && !is_of_steps && !self.is_of_pin_files_alone() {
            add("the certificate", !self.is_of_history_alone());
        }
        // Whoever names what to expect wants no other certificate passed over.
        let expecting = self.issuer.verdict().is_some_and(|issuer| !issuer.expected.is_empty())
            || self.pins.verdict().is_some_and(|pins| !pins.sources.is_empty());
        for other in &self.observed.differing {
            // Accepted as not judged is this one, and not whatever is there next.
            add(
                &format!("the other certificate, at {} (SHA-256 {})", other.address, other.sha256),
                expecting,
            );
        }
        if !self.observed.further_leaves.is_empty() {
            add("the further certificates of the file", true);
        }
        if self.observed.handshake.as_ref().is_some_and(|handshake| handshake.broken_off.is_some()) {
            add("whether the server holds the certificate's key", expecting);
        }
        if self.caa_left_out > 0 {
            add(&format!("CAA of {} further names", self.caa_left_out), false);
        }
        if let Some((what, demanded)) = self.ct.verdict().and_then(|ct| open_ct(ct, named(scope::Part::Ct))) {
            add(&what, demanded);
        }
        for (outcome, demanded) in
            [(InclusionOutcome::Undetermined, true), (InclusionOutcome::NotYetDue, false)]
        {
            let is_so =
                |sct: &&SctVerdict| sct.inclusion.verdict().is_some_and(|verdict| verdict.outcome == outcome);
            let count = self.ct.verdict().map_or(0, |ct| ct.scts.iter().filter(is_so).count());
            match count {
                0 => {}
                1 => add("whether one SCT's log holds the certificate", demanded),
                _ => add(&format!("whether the logs of {count} SCTs hold the certificate"), demanded),
            }
        }
        if let Part::Checked(readings) = &self.caa
            && readings.iter().any(CaaReading::is_undetermined)
        {
            add("what CAA says", named(scope::Part::Caa));
        }
        // Only who asked for it by name has it.
        if let Part::Checked(readings) = &self.caa
            && readings.iter().any(|reading| reading.nameservers.is_undetermined())
        {
            add("whether the nameservers agree about CAA", true);
        }
        if matches!(self.caa, Part::NotChecked(_)) && named(scope::Part::Caa) {
            add("CAA, which was asked for and not looked at", true);
        }
        if self.issuer.verdict().is_some_and(|issuer| issuer.expectation == Expectation::Undetermined) {
            add("whether the issuer is expected", true);
        }
        if let Some(revocation) = self.revocation.verdict()
            && revocation.asked
            && revocation.status() == "undetermined"
        {
            add("whether the certificates are revoked", true);
        }
        for (what, demanded) in open_issuance(&self.issuance, named(scope::Part::Issuance)) {
            add(&what, demanded);
        }
        if let Part::Checked(pins) = &self.pins {
            if pins.status == PinsStatus::NoPinSources && named(scope::Part::Pins) {
                add("whether the host is pinned: no pin file was given", true);
            }
            for (what, demanded) in self.open_pin_sources(pins) {
                add(&what, demanded);
            }
        }
        if let (Some(comparison), true) = (self.comparison.verdict(), named(scope::Part::Compare)) {
            for control in comparison.unknown_controls() {
                add(&format!("what {} does", control.title()), true);
            }
        }
        for (what, demanded) in self.open_replay().into_iter().chain(self.open_steps()) {
            add(&what, demanded);
        }
        if named(scope::Part::Issuer)
            && self.issuer.verdict().is_some_and(|issuer| issuer.expectation == Expectation::NoExpectation)
        {
            add("whether the issuer is expected: no CA is named as expected", true);
        }
        match &self.pins {
            Part::Checked(pins) if pins.status == PinsStatus::Undetermined => {
                add("whether the host is pinned", true);
            }
            Part::Checked(pins)
                if pins.status == PinsStatus::Pinned
                    && pins.is_uncompared()
                    && !self.is_of_history_alone() =>
            {
                add("whether the pins match", true);
            }
            _ => {}
        }
        open
    }

    /// Whether all was looked at in this run that a question is about: one that is not open then is answered. Of what is not
    /// known as a question of a target nothing is said.
    pub fn is_looked_at(&self, what: &str) -> bool {
        let begins = |starts: &[&str]| starts.iter().any(|start| what.starts_with(start));
        let is_shown = !self.chain.is_empty();
        if what == "the certificate" {
            return is_shown;
        }
        // What an address shows that was not seen is not known.
        if begins(&["the other certificate, at ", "the further certificates", "whether the server holds"]) {
            return is_shown && self.observed.failures.is_empty();
        }
        let caa = self.caa.verdict().filter(|readings| !readings.is_empty());
        if what == "whether the nameservers agree about CAA" {
            return caa.is_some_and(|all| all.iter().all(|one| one.nameservers.state != Agreement::NotAsked));
        }
        if what == "what CAA says" || begins(&["CAA of ", "CAA, which "]) {
            return caa.is_some();
        }
        if begins(&["whether one SCT's log", "whether the logs of "]) {
            let scts = self.ct.verdict().map(|ct| ct.scts.as_slice()).unwrap_or_default();
            return scts.iter().any(|sct| sct.inclusion.verdict().is_some());
        }
        if begins(&["whether "]) && what.contains("CT polic")
            || what == "whether the certificate's proof of logging stands"
        {
            return self.ct.verdict().is_some();
        }
        if begins(&["whether the issuer is expected"]) {
            return self.issuer.verdict().is_some();
        }
        if what == "whether the certificates are revoked" {
            return self.revocation.verdict().is_some_and(|revocation| revocation.asked);
        }
        if begins(&[
            "whether the host is pinned",
            "whether the pins match",
            "the pins of ",
            "the whole of the pins of ",
        ]) {
            return self.pins.verdict().is_some_and(|pins| !pins.sources.is_empty());
        }
        let of_issued =
            ["what was issued", "what else ", "who issued ", "whether one certificate is revoked"];
        if begins(&of_issued) || what.contains(" known_keys") {
            return self.issuance.verdict().is_some_and(|issued| issued.status == Status::Checked);
        }
        false
    }
}

impl TargetVerdicts {
    /// Whether nothing but the files with pins was asked about: whether they have any more.
    fn is_of_pin_files_alone(&self) -> bool {
        let advice = self.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
        let required = advice.map(|advice| advice.required.as_slice()).unwrap_or_default();
        self.observed.not_tried.is_some()
            && !required.is_empty()
            && required.iter().all(|step| step.id == StepId::Removed)
    }

    /// What of the sources of pins stays open, where the host is pinned, and whether it is demanded: `compare` looks up TLSA
    /// records for the sake of its table, where nobody asks for them by name.
    fn open_pin_sources(&self, pins: &PinsVerdict) -> Vec<(String, bool)> {
        let unheard = pins.sources.iter().filter(|source| source.is_unheard());
        let unheard = unheard.map(|source| (format!("the {}", source.file), !self.tlsa_unasked));
        if pins.status != PinsStatus::Pinned {
            // Where they were asked for, they are why the status is open.
            return if self.tlsa_unasked { unheard.collect() } else { Vec::new() };
        }
        let unread = pins.sources.iter().filter(|source| source.state != SourceState::Read);
        let mut open: Vec<(String, bool)> =
            unread.map(|source| (format!("the pins of {}", source.file), true)).collect();
        open.extend(unheard);
        let in_part = pins.sources.iter().filter(|source| is_read_in_part(source, pins.host.as_deref()));
        let files: BTreeSet<&str> = in_part.map(|source| source.file.as_str()).collect();
        open.extend(files.into_iter().map(|file| (format!("the whole of the pins of {file}"), true)));
        open
    }

    /// The steps that are required, and of which it is not known whether they are done.
    fn open_steps(&self) -> Vec<(String, bool)> {
        let advice = self.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
        let steps = advice.map(|advice| advice.required.as_slice()).unwrap_or_default();
        let told = |id: &StepId| match steps.iter().find(|step| step.id == *id) {
            Some(step) => (step.done == Done::Unknown).then_some(step.evidence.as_str()),
            None => Some("no comparison was made that tells of it"),
        };
        let open = self.required.iter().filter_map(|id| Some((id, told(id)?)));
        open.map(|(id, why)| (format!("{STEP}{id}” is done: {why}"), true)).collect()
    }

    /// What of the replay stays open, and whether it is demanded: who names a source wants it replayed.
    fn open_replay(&self) -> Vec<(String, bool)> {
        let (true, Some(_), Some(comparison)) =
            (self.is_compared, self.issuance.verdict(), self.comparison.verdict())
        else {
            return Vec::new();
        };
        let Some(replay) = comparison.replay.as_ref().filter(|replay| !replay.certificates.is_empty()) else {
            return vec![("what pins would have done: nothing could be replayed".to_owned(), true)];
        };
        let given = replay.pin_sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. }));
        let open = given.filter(|set| set.undetermined > 0).map(|set| {
            let of = replay.certificates.len();
            (format!("whether {} of {of} certificates match {}", set.undetermined, set.title), false)
        });
        open.collect()
    }
}

/// What of issuance stays open, and whether it is demanded: a source is only asked where it is named, and who names the part
/// wants all of it.
fn open_issuance(part: &Part<IssuanceVerdict>, named: bool) -> Vec<(String, bool)> {
    match part {
        Part::Checked(issuance) => {
            let demanded = issuance.demanded().into_iter().map(|what| (what, true));
            demanded.chain(issuance.open().into_iter().map(|what| (what, named))).collect()
        }
        Part::NotChecked(_) if named => {
            vec![("what was issued, which was asked for and not looked at".to_owned(), true)]
        }
        Part::NotChecked(_) | Part::Undetermined(_) => Vec::new(),
    }
}

/// Whether a file has something about pins that was not read, and that may be about the host.
fn is_read_in_part(source: &SourceVerdict, host: Option<&str>) -> bool {
    source.state == SourceState::Read
        && !tlsa::is_looked_up(source.format, &source.file)
        && source.problems.iter().any(|problem| problem.leaves_open(host))
}

/// Whether any browser asks for SCTs with this certificate. A precertificate says nothing of the final one.
fn is_asked(ct: &CtVerdict) -> bool {
    ct.audience == Audience::Public && matches!(ct.policies.exempt, None | Some(Exemption::Precertificate))
}

/// What of CT stays open, and whether it is demanded.
fn open_ct(ct: &CtVerdict, named: bool) -> Option<(String, bool)> {
    if ct.policies.exempt == Some(Exemption::MerkleTree) {
        let what = "whether the certificate's proof of logging stands".to_owned();
        return (ct.audience == Audience::Public || named).then_some((what, named));
    }
    // That no policy is for it is an answer.
    if matches!(ct.policies.exempt, Some(Exemption::OtherPurpose | Exemption::CaCertificate)) {
        return None;
    }
    let is_open = ct.policies.is_undetermined() && (is_asked(ct) || named);
    is_open.then(|| (open_policies(&ct.policies), named))
}

/// Names the policies that were not judged.
///
/// Only Chrome's is a question of its own, or where the user gave lists of other programmes instead, those. Each
/// programme has its own list and most of them are updated less often than Chrome's: were every one of them a
/// question, any gate that fails on what is undetermined would fail from the day on which the first of these lists is
/// 70 days old, whatever the certificate. The others are never passed over silently: they are `not_judged` in every
/// report, and the finding CT007 names them.
fn open_policies(policies: &Policies) -> String {
    let deciding: Vec<Program> = policies.deciding().map(|(program, _)| program).collect();
    let (asked, others): (Vec<Program>, Vec<Program>) = policies
        .with(PolicyOutcome::NotJudged)
        .filter(|(_, verdict)| !verdict.has_no_list())
        .map(|(program, _)| program)
        .partition(|program| deciding.contains(program));
    let titles = |programs: &[Program]| {
        let titles: Vec<&str> = programs.iter().copied().map(policy::title).collect();
        policy::enumerated(&titles)
    };
    let question = match asked.as_slice() {
        [one] => format!("whether {}'s CT policy is met", policy::title(*one)),
        several => format!("whether the CT policies of {} are met", titles(several)),
    };
    match others.as_slice() {
        [] => question,
        [one] => format!("{question}, and that of {}", policy::title(*one)),
        several => format!("{question}, and those of {}", titles(several)),
    }
}

#[cfg(test)]
mod tests;
