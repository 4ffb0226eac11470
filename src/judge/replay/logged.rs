//! When a log had a certificate: by the sources, else by the promises in it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::compare::replay::LoggedBy;
use crate::ct::verdict::{SctOutcome, SctVerdict};
use crate::evidence::issuance::Told;
use crate::evidence::{Bytes, TargetEvidence};
use crate::issuance::IssuanceVerdict;
use crate::issuance::issued::IssuedCertificate;
use crate::issuance::reported::SourceReading;
use crate::judge::inputs::Inputs;
use crate::judge::issuance;
use crate::x509::CertificateSha256;

/// When a log had a certificate first, as far as the sources say.
pub(super) fn by_sources(it: &IssuedCertificate) -> Option<Timestamp> {
    it.sightings.iter().filter_map(|sighting| sighting.seen.at).min()
}

/// The earliest promise of those whose signature stands.
pub(super) fn promised<'s>(
    scts: impl Iterator<Item = &'s SctVerdict>,
) -> (Option<Timestamp>, Option<LoggedBy>) {
    let stands = |sct: &&SctVerdict| matches!(sct.outcome, SctOutcome::Valid | SctOutcome::OutsideInterval);
    let first = scts.filter(stands).filter_map(|sct| sct.timestamp).min();
    (first, first.map(|_| LoggedBy::Sct))
}

/// The certificates of which no source says when a log had them, as far as files have them.
pub(super) fn shown(
    target: &TargetEvidence,
    issued: &IssuanceVerdict,
    inputs: &Inputs,
) -> HashMap<CertificateSha256, Bytes> {
    let silent: HashSet<CertificateSha256> = issued
        .certificates
        .iter()
        .map(|judged| &judged.certificate)
        .filter(|it| by_sources(it).is_none())
        .filter_map(|it| it.sha256)
        .collect();
    let mut shown = HashMap::new();
    if silent.is_empty() {
        return shown;
    }
    let mut add = |reading: &SourceReading| {
        for der in reading.certificates.iter().filter_map(|reported| reported.certificate.as_ref()) {
            let sha256 = CertificateSha256::of(der);
            if silent.contains(&sha256) {
                shown.entry(sha256).or_insert_with(|| der.clone());
            }
        }
    };
    let sources = target.issuance.iter().flat_map(|evidence| &evidence.observation.sources);
    for source in sources.filter(|source| matches!(source.told, Told::Files(_))) {
        add(&issuance::read(source));
    }
    inputs.certificates.iter().for_each(add);
    shown
}
