//! What was looked at and stayed open: a gate may fail on it.

mod looked_at;

use std::collections::BTreeSet;

use super::target::{Part, TargetVerdicts};
use crate::ca::expectation::Expectation;
use crate::caa::CaaReading;
use crate::compare::advice::{Done, Step, StepId};
use crate::compare::replay::PinSetKind;
use crate::ct::inclusion::InclusionOutcome;
use crate::ct::log_list::Program;
use crate::ct::policy::{self, Exemption, Policies, PolicyOutcome};
use crate::ct::verdict::{Audience, CtVerdict, SctVerdict};
use crate::issuance::reported::{Coverage, SourceKind};
use crate::issuance::{IssuanceVerdict, SourceSummary};
use crate::pins::formats::tlsa;
use crate::pins::{PinsStatus, PinsVerdict, SourceState, SourceVerdict};
use crate::question::{OpenKind, OpenQuestion};
use crate::scope;

impl TargetVerdicts {
    /// Everything that was looked at and stayed open, but for what a baseline accepts as that.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        let mut open = self.all_open();
        open.retain(|question| {
            let is_accepted = self.accepted_open.iter().any(|accepted| accepted.what == question.what);
            !(question.kind.can_be_accepted() && is_accepted)
        });
        if self.is_of_watching_alone() {
            open.retain(|question| !question.kind.is_of_what_was_issued());
        }
        // Who asks about steps asks for nothing but what they go by.
        if !self.required.is_empty() && !self.named_parts.contains(&scope::Part::Issuance) {
            let is_older = self.is_older_alone();
            for question in &mut open {
                let kind = question.kind;
                let is_beside =
                    kind.is_of_issued_certificates() || (kind.is_of_what_was_issued() && is_older);
                question.demanded &= !is_beside;
            }
        }
        if !self.go_by_pins() {
            for question in open.iter_mut().filter(|question| question.kind.is_of_pins()) {
                question.demanded = false;
            }
        }
        open
    }

    /// Whether anything that is asked goes by pins: not where steps alone are asked about that do not.
    fn go_by_pins(&self) -> bool {
        use StepId::{Caa, CaaBound, ExpectedCa, Monitoring, ShortLives};
        let goes_by_none = |id: &StepId| matches!(id, Monitoring | Caa | CaaBound | ExpectedCa | ShortLives);
        self.required.is_empty()
            || self.named_parts.contains(&scope::Part::Pins)
            || !self.required.iter().all(goes_by_none)
    }

    fn all_open(&self) -> Vec<OpenQuestion> {
        let named = |part| self.named_parts.contains(&part);
        let mut open = Vec::new();
        // Who asks about steps wants these alone; a history has certificates of its own.
        let is_of_steps = self.is_of_history_alone() && !self.required.is_empty();
        if self.chain.is_empty() && !is_of_steps && !self.is_of_pin_files_alone() {
            open.push(OpenKind::Certificate.asks("the certificate", !self.is_of_history_alone()));
        }
        // Whoever names what to expect wants no other certificate passed over.
        let expecting = self.issuer.verdict().is_some_and(|issuer| !issuer.expected.is_empty())
            || self.pins.verdict().is_some_and(|pins| !pins.sources.is_empty());
        for other in &self.observed.differing {
            // Accepted as not judged is this one, and not whatever is there next.
            let what = format!("the other certificate, at {} (SHA-256 {})", other.address, other.sha256);
            open.push(OpenKind::OtherCertificate.asks(what, expecting));
        }
        if !self.observed.further_leaves.is_empty() {
            open.push(OpenKind::FurtherCertificates.asks("the further certificates of the file", true));
        }
        if self.observed.handshake.as_ref().is_some_and(|handshake| handshake.broken_off.is_some()) {
            open.push(OpenKind::HeldKey.asks("whether the server holds the certificate's key", expecting));
        }
        if self.caa_left_out > 0 {
            open.push(
                OpenKind::FurtherCaa.asks(format!("CAA of {} further names", self.caa_left_out), false),
            );
        }
        open.extend(self.ct.verdict().and_then(|ct| open_ct(ct, named(scope::Part::Ct))));
        for (outcome, demanded) in
            [(InclusionOutcome::Undetermined, true), (InclusionOutcome::NotYetDue, false)]
        {
            let is_so =
                |sct: &&SctVerdict| sct.inclusion.verdict().is_some_and(|verdict| verdict.outcome == outcome);
            let count = self.ct.verdict().map_or(0, |ct| ct.scts.iter().filter(is_so).count());
            match count {
                0 => {}
                1 => open
                    .push(OpenKind::Inclusion.asks("whether one SCT's log holds the certificate", demanded)),
                _ => open.push(
                    OpenKind::Inclusion
                        .asks(format!("whether the logs of {count} SCTs hold the certificate"), demanded),
                ),
            }
        }
        if let Part::Checked(readings) = &self.caa
            && readings.iter().any(CaaReading::is_undetermined)
        {
            open.push(OpenKind::Caa.asks("what CAA says", named(scope::Part::Caa)));
        }
        // Only who asked for it by name has it.
        if let Part::Checked(readings) = &self.caa
            && readings.iter().any(|reading| reading.nameservers.is_undetermined())
        {
            open.push(OpenKind::Nameservers.asks("whether the nameservers agree about CAA", true));
        }
        if matches!(self.caa, Part::NotChecked(_)) && named(scope::Part::Caa) {
            open.push(OpenKind::CaaUnseen.asks("CAA, which was asked for and not looked at", true));
        }
        if self.issuer.verdict().is_some_and(|issuer| issuer.expectation == Expectation::Undetermined) {
            open.push(OpenKind::Issuer.asks("whether the issuer is expected", true));
        }
        if let Some(revocation) = self.revocation.verdict()
            && revocation.asked
            && revocation.status() == "undetermined"
        {
            open.push(OpenKind::Revocation.asks("whether the certificates are revoked", true));
        }
        open.extend(open_issuance(&self.issuance, named(scope::Part::Issuance)));
        if let Part::Checked(pins) = &self.pins {
            if pins.status == PinsStatus::NoPinSources && named(scope::Part::Pins) {
                open.push(
                    OpenKind::NoPinFile.asks("whether the host is pinned: no pin file was given", true),
                );
            }
            open.extend(self.open_pin_sources(pins));
        }
        if let (Some(comparison), true) = (self.comparison.verdict(), named(scope::Part::Compare)) {
            for control in comparison.unknown_controls() {
                open.push(OpenKind::Control.asks(format!("what {} does", control.title()), true));
            }
        }
        open.extend(self.open_replay().into_iter().chain(self.open_steps()));
        if named(scope::Part::Issuer)
            && self.issuer.verdict().is_some_and(|issuer| issuer.expectation == Expectation::NoExpectation)
        {
            open.push(
                OpenKind::Expectation
                    .asks("whether the issuer is expected: no CA is named as expected", true),
            );
        }
        open.extend(self.open_pins());
        open
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

    /// Whether the state of a watch was given for nothing but to tell whether somebody watches, and tells that somebody does:
    /// what was issued before the watch began, and what pins would have done then, is a question that nobody asked.
    fn is_of_watching_alone(&self) -> bool {
        let goes_by_none = |id: &StepId| {
            matches!(id, StepId::Monitoring | StepId::Caa | StepId::CaaBound | StepId::ExpectedCa)
        };
        !self.required.is_empty()
            && self.required.iter().all(goes_by_none)
            && self.is_watched()
            && self
                .issuance
                .verdict()
                .is_some_and(|issuance| issuance.sources.iter().all(|source| is_watch(source.kind)))
    }

    /// Whether the logs are watched, as the step has it.
    fn is_watched(&self) -> bool {
        let advice = self.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
        let is_done = |step: &Step| step.id == StepId::Monitoring && step.done == Done::Yes;
        advice.is_some_and(|advice| advice.first.iter().any(is_done))
    }

    /// Whether nothing is missing of what was issued but what is older than a watch that goes on. No step goes by that: a folder of
    /// certificates says nothing of what is older than they are, either.
    fn is_older_alone(&self) -> bool {
        let is_whole =
            |source: &SourceSummary| matches!(source.coverage, Coverage::Whole | Coverage::NotAsked(_));
        self.is_watched()
            && self.issuance.verdict().is_some_and(|issuance| {
                issuance.sources.iter().all(|source| is_watch(source.kind) || is_whole(source))
            })
    }

    /// What of the pins themselves stays open.
    fn open_pins(&self) -> Option<OpenQuestion> {
        match &self.pins {
            Part::Checked(pins)
                if pins.status == PinsStatus::Undetermined
                    && !self.is_told_by_steps(pins)
                    && !(self.are_pins_removed()
                        && pins.sources.iter().all(|source| !source.is_unheard())) =>
            {
                Some(OpenKind::Pinned.asks("whether the host is pinned", true))
            }
            Part::Checked(pins)
                if pins.status == PinsStatus::Pinned
                    && pins.is_uncompared()
                    && !self.is_of_history_alone() =>
            {
                Some(OpenKind::PinMatch.asks("whether the pins match", true))
            }
            _ => None,
        }
    }

    /// Whether steps alone are asked about, which tell by themselves what follows from builds that are not pinned beside
    /// others that are: those without pins lock nobody out.
    fn is_told_by_steps(&self, pins: &PinsVerdict) -> bool {
        !self.required.is_empty()
            && !self.named_parts.contains(&scope::Part::Pins)
            && pins.is_pinned_in_builds()
    }

    /// Whether it was asked for that the pins are removed, and they are: that tells of the files what there is to tell.
    fn are_pins_removed(&self) -> bool {
        let advice = self.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
        let required = advice.map(|advice| advice.required.as_slice()).unwrap_or_default();
        required.iter().any(|step| step.id == StepId::Removed && step.done == Done::Yes)
    }

    /// What of the sources of pins stays open, where the host is pinned, and whether it is demanded: `compare` looks up TLSA
    /// records for the sake of its table, where nobody asks for them by name.
    fn open_pin_sources(&self, pins: &PinsVerdict) -> Vec<OpenQuestion> {
        let unheard = pins.sources.iter().filter(|source| source.is_unheard());
        let unheard =
            unheard.map(|source| OpenKind::Tlsa.asks(format!("the {}", source.file), !self.tlsa_unasked));
        if pins.status != PinsStatus::Pinned && !pins.is_pinned_in_builds() {
            // Where they were asked for, they are why the status is open.
            return if self.tlsa_unasked { unheard.collect() } else { Vec::new() };
        }
        let unread = pins.sources.iter().filter(|source| source.state != SourceState::Read);
        let ask =
            |source: &SourceVerdict| OpenKind::PinFile.asks(format!("the pins of {}", source.file), true);
        let mut open: Vec<OpenQuestion> = unread.map(ask).collect();
        open.extend(unheard);
        let in_part = pins.sources.iter().filter(|source| is_read_in_part(source, pins.host.as_deref()));
        let files: BTreeSet<&str> = in_part.map(|source| source.file.as_str()).collect();
        let ask = |file| OpenKind::PinFilePart.asks(format!("the whole of the pins of {file}"), true);
        open.extend(files.into_iter().map(ask));
        open
    }

    /// The steps that are required, and of which it is not known whether they are done.
    fn open_steps(&self) -> Vec<OpenQuestion> {
        let advice = self.comparison.verdict().and_then(|comparison| comparison.advice.as_ref());
        let steps = advice.map(|advice| advice.required.as_slice()).unwrap_or_default();
        let told = |id: &StepId| match steps.iter().find(|step| step.id == *id) {
            Some(step) => (step.done == Done::Unknown).then_some(step.evidence.as_str()),
            None => Some("no comparison was made that tells of it"),
        };
        let open = self.required.iter().filter_map(|id| Some((id, told(id)?)));
        let ask = |(id, why)| OpenKind::Step.asks(format!("whether the step “{id}” is done: {why}"), true);
        open.map(ask).collect()
    }

    /// What of the replay stays open, and whether it is demanded: who names a source wants it replayed.
    fn open_replay(&self) -> Vec<OpenQuestion> {
        let (true, Some(_), Some(comparison)) =
            (self.is_compared, self.issuance.verdict(), self.comparison.verdict())
        else {
            return Vec::new();
        };
        let Some(replay) = comparison.replay.as_ref().filter(|replay| !replay.certificates.is_empty()) else {
            return vec![OpenKind::Replay.asks("what pins would have done: nothing could be replayed", true)];
        };
        let given = replay.pin_sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. }));
        let open = given.filter(|set| set.undetermined > 0).map(|set| {
            let of = replay.certificates.len();
            let what = format!("whether {} of {of} certificates match {}", set.undetermined, set.title);
            // Pins that could be judged by less than half of what is recent could not be judged.
            let is_judged = set.next_match.as_ref().is_some_and(|chance| chance.unknown < chance.share.of);
            OpenKind::ReplayedMatch.asks(what, set.refuses && !is_judged)
        });
        open.collect()
    }
}

/// Whether a source is the state of a watch.
fn is_watch(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::WatchState | SourceKind::Served)
}

/// What of issuance stays open, and whether it is demanded: a source is only asked where it is named, and who names the part
/// wants all of it.
fn open_issuance(part: &Part<IssuanceVerdict>, named: bool) -> Vec<OpenQuestion> {
    match part {
        Part::Checked(issuance) => {
            let other =
                issuance.open().into_iter().map(|question| OpenQuestion { demanded: named, ..question });
            issuance.demanded().into_iter().chain(other).collect()
        }
        Part::NotChecked(_) if named => {
            vec![OpenKind::IssuedUnseen.asks("what was issued, which was asked for and not looked at", true)]
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
fn open_ct(ct: &CtVerdict, named: bool) -> Option<OpenQuestion> {
    if ct.policies.exempt == Some(Exemption::MerkleTree) {
        let ask = || OpenKind::CtProof.asks("whether the certificate's proof of logging stands", named);
        return (ct.audience == Audience::Public || named).then(ask);
    }
    // That no policy is for it is an answer.
    if matches!(ct.policies.exempt, Some(Exemption::OtherPurpose | Exemption::CaCertificate)) {
        return None;
    }
    let is_open = ct.policies.is_undetermined() && (is_asked(ct) || named);
    is_open.then(|| OpenKind::CtPolicies.asks(open_policies(&ct.policies), named))
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
