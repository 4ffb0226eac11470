//! What a run looked at: a question that is not open then is answered.

use super::super::target::TargetVerdicts;
use crate::ca::expectation::Expectation;
use crate::caa::nameservers::Agreement;
use crate::issuance::reported::Coverage;
use crate::issuance::revocation::RevocationToday;
use crate::issuance::{CaaToday, IssuanceVerdict, JudgedCertificate, KeyListing, Status};
use crate::question::{About, OpenKind};
use crate::scope;

impl TargetVerdicts {
    /// Whether all was looked at in this run that a question is about: one that is not open then is answered.
    pub fn is_looked_at(&self, about: &About) -> bool {
        let is_shown = !self.chain.is_empty();
        let name = about.names.first().map(String::as_str).unwrap_or_default();
        match about.kind {
            OpenKind::Certificate | OpenKind::FurtherCertificates => is_shown,
            // What an address shows that was not seen is not known.
            OpenKind::OtherCertificate | OpenKind::HeldKey => is_shown && self.observed.failures.is_empty(),
            OpenKind::Caa | OpenKind::FurtherCaa | OpenKind::CaaUnseen => {
                self.caa.verdict().is_some_and(|readings| !readings.is_empty())
            }
            OpenKind::Nameservers => self.caa.verdict().is_some_and(|all| {
                !all.is_empty() && all.iter().all(|one| one.nameservers.state != Agreement::NotAsked)
            }),
            OpenKind::CtPolicies | OpenKind::CtProof => self.ct.verdict().is_some(),
            OpenKind::Inclusion => {
                let scts = self.ct.verdict().map(|ct| ct.scts.as_slice()).unwrap_or_default();
                scts.iter().any(|sct| sct.inclusion.verdict().is_some())
            }
            // Without an expectation it was not asked whether the issuer is expected.
            OpenKind::Issuer | OpenKind::Expectation => {
                self.issuer.verdict().is_some_and(|issuer| issuer.expectation != Expectation::NoExpectation)
            }
            OpenKind::Revocation => self.revocation.verdict().is_some_and(|revocation| revocation.asked),
            OpenKind::NoPinFile | OpenKind::Pinned | OpenKind::PinMatch => self.has_pin_source(|_| true),
            OpenKind::PinFile | OpenKind::PinFilePart => self.has_pin_source(|file| file == name),
            OpenKind::Tlsa => self.has_pin_source(|file| file.strip_prefix("TLSA of ") == Some(name)),
            OpenKind::Replay => self.has_replayed(|_| true),
            OpenKind::ReplayedMatch => self.has_replayed(|set| set == name),
            OpenKind::Control => {
                self.named_parts.contains(&scope::Part::Compare) && self.comparison.verdict().is_some()
            }
            // Neither is ever accepted.
            OpenKind::Step | OpenKind::Elsewhere => false,
            OpenKind::Issued
            | OpenKind::IssuedUnseen
            | OpenKind::IssuedIssuers
            | OpenKind::IssuedKeys
            | OpenKind::UnexpectedRevoked
            | OpenKind::IssuedRevoked
            | OpenKind::ShortLivedRevoked
            | OpenKind::Source
            | OpenKind::IssuedBy
            | OpenKind::IssuedCaa => {
                let issued = self.issuance.verdict().filter(|issued| issued.status == Status::Checked);
                issued.is_some_and(|issued| is_told(issued, about.kind, name))
            }
        }
    }

    fn has_pin_source(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.pins.verdict().is_some_and(|pins| pins.sources.iter().any(|source| is_it(&source.file)))
    }

    fn has_replayed(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let replay = self.comparison.verdict().and_then(|comparison| comparison.replay.as_ref());
        let replay = replay.filter(|replay| self.is_compared && !replay.certificates.is_empty());
        replay.is_some_and(|replay| replay.pin_sets.iter().any(|set| is_it(&set.title)))
    }
}

/// Whether what was issued tells of a question of this kind, and name.
fn is_told(issued: &IssuanceVerdict, kind: OpenKind, name: &str) -> bool {
    let of_all = |is_so: fn(&JudgedCertificate) -> bool| issued.certificates.iter().all(is_so);
    match kind {
        OpenKind::IssuedIssuers => issued.expected.is_some(),
        OpenKind::IssuedBy => issued.expected.is_none(),
        OpenKind::IssuedKeys => of_all(|judged| judged.key != KeyListing::NoList),
        OpenKind::IssuedCaa => of_all(|judged| !matches!(judged.caa, CaaToday::NotChecked(_))),
        OpenKind::UnexpectedRevoked | OpenKind::IssuedRevoked | OpenKind::ShortLivedRevoked => {
            of_all(|judged| !matches!(judged.revocation, RevocationToday::NotAsked))
        }
        OpenKind::Source => issued
            .sources
            .iter()
            .any(|source| source.title() == name && !matches!(source.coverage, Coverage::NotAsked(_))),
        _ => true,
    }
}

#[cfg(test)]
mod tests;
