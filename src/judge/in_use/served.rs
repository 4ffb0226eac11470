//! The certificates that the name's server shows: one address need not show what another does.

use super::{Finder, has_wildcard, is_governed};
use crate::ca::issuer::Issuer;
use crate::caa::suggest::{Sighting, SightingSource};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{CertificateSource, TargetEvidence};
use crate::judge::Judge;
use crate::judge::target::{self, TargetVerdicts};
use crate::x509::Certificate;
use crate::x509::path::Trust;

/// A certificate that an address shows, other than the one that was judged.
#[derive(Debug)]
pub(super) struct Shown {
    address: String,
    leaf: Certificate,
    issuer: Issuer,
}

impl Judge<'_> {
    /// The certificates that other addresses show, each once.
    pub(super) fn shown_elsewhere(
        &mut self,
        served: &TargetEvidence,
        verdicts: &TargetVerdicts,
    ) -> Vec<Shown> {
        let CertificateSource::Tls(observation) = &served.source else { return Vec::new() };
        let mut shown: Vec<Shown> = Vec::new();
        for attempt in &observation.attempts {
            let TlsOutcome::Handshake(handshake) = &attempt.outcome else { continue };
            let differs = |leaf: &Certificate| {
                verdicts.chain.first().is_some_and(|first| first.sha256 != leaf.sha256)
                    && shown.iter().all(|other| other.leaf.sha256 != leaf.sha256)
            };
            let mut octets = handshake.chain.iter();
            let Some(leaf) = octets.next().and_then(|leaf| Certificate::read(leaf).ok()) else { continue };
            if !differs(&leaf) {
                continue;
            }
            let others = octets.filter_map(|other| Certificate::read(other).ok());
            let chain: Vec<Certificate> = std::iter::once(leaf.clone()).chain(others).collect();
            let issuer = target::who_issued(&chain, self.inputs, &mut self.verifier, self.at);
            shown.push(Shown { address: attempt.address.clone(), leaf, issuer });
        }
        shown
    }
}

impl Finder<'_> {
    /// The certificates that the name's server shows.
    pub(super) fn served(&mut self, verdicts: &TargetVerdicts, others: &[Shown]) {
        let Some(leaf) = verdicts.chain.first() else {
            let why = verdicts.observed.not_tried.clone().unwrap_or_else(|| {
                let failures = verdicts.observed.failures.join("; ");
                if failures.is_empty() { "it showed none".to_owned() } else { failures }
            });
            let why = why.trim_end_matches('.');
            self.found.notes.push(format!("The certificate of {} was not seen: {why}.", verdicts.target));
            return;
        };
        if let Some(Trust::Untrusted { .. }) = verdicts.trust.as_ref().map(|trust| &trust.trust) {
            self.found.notes.push(format!("The certificate that {} shows is not trusted.", verdicts.target));
        }
        let at = verdicts.observed.handshake.as_ref().map_or("", |handshake| handshake.address.as_str());
        self.shown(&verdicts.target, at, leaf, &verdicts.who_issued);
        for other in others {
            self.shown(&verdicts.target, &other.address, &other.leaf, &other.issuer);
        }
        if !others.is_empty() {
            self.found.notes.push(format!(
                "The addresses of {} show {} different certificates.",
                verdicts.target,
                others.len().saturating_add(1)
            ));
        }
    }

    /// One certificate that one address shows.
    fn shown(&mut self, target: &str, at: &str, leaf: &Certificate, issuer: &Issuer) {
        let name = self.name;
        if !leaf.names.dns.iter().any(|each| each.covers(name)) {
            self.found.notes.push(format!(
                "The certificate that {target} shows at {at} is not for {name}, and is not counted."
            ));
            return;
        }
        let detail =
            format!("by {at}: certificate {}, valid to {}", leaf.sha256, leaf.not_after.strftime("%Y-%m-%d"));
        if !is_governed(leaf, name) {
            let others: Vec<String> = leaf.names.dns.iter().map(ToString::to_string).take(5).collect();
            self.found.notes.push(format!(
                "The certificate that {target} shows is for {}: its CAA is looked up there and not at {name}. Suggest \
                 for that name too.",
                others.join(", ")
            ));
        }
        let sighting =
            Sighting { source: SightingSource::Served, detail, wildcard: has_wildcard(leaf, name) };
        self.add_issuer(issuer, &leaf.issuer, sighting);
    }
}
