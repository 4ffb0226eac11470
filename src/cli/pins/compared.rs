//! Pins compared with each chain that a server shows.

use jiff::Timestamp;

use super::asked::not_compared;
use super::served::{Built, Served};
use crate::ca::CaTable;
use crate::ca::issuer::Issuer;
use crate::pins::{KnownCa, OtherChain, PinFile, PinsVerdict, Question, ServedAt, Soon, judge};
use crate::rules::{self, Finding, Shown};
use crate::x509::path::{Anchors, HostIdentity, linked};
use crate::x509::{Certificate, PathCertificate};

/// A chain that pins are compared with, or why they cannot be.
pub(super) struct Compared {
    /// Where it came from, for people.
    pub(super) source: String,
    certificates: Vec<Certificate>,
    linked: Option<Vec<PathCertificate>>,
    built: Result<Built, String>,
}

impl Compared {
    /// A chain as it was served.
    pub(super) fn of(
        served: Result<Served, String>,
        host: Option<&HostIdentity>,
        anchors: &Anchors,
        at: Timestamp,
    ) -> Self {
        match served {
            Ok(served) => Self {
                linked: Some(linked(&served.certificates)),
                built: served.path(host, anchors, at),
                source: served.source,
                certificates: served.certificates,
            },
            Err(why) => Self { source: why.clone(), certificates: Vec::new(), linked: None, built: Err(why) },
        }
    }
}

impl Compared {
    /// The certificate that the chain begins with; who issued it is not asked here.
    fn shown(&self) -> Option<Shown> {
        self.certificates.first().map(|leaf| Shown::of(leaf, &Issuer::default()))
    }
}

/// What is asked of every chain alike.
pub(super) struct Asked<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<u16>,
    pub(super) at: Timestamp,
    pub(super) soon: Soon,
}

impl Asked<'_> {
    /// Judges the pins with one chain, or with none.
    pub(super) fn judge(&self, pins: &[PinFile], chain: Option<&Compared>) -> PinsVerdict {
        let path = chain.and_then(|chain| chain.built.as_ref().ok());
        let question = Question {
            host: self.host,
            path: path.map(|path| path.path.as_slice()),
            off_path: path.map_or(&[], |path| path.off_path.as_slice()),
            service: self
                .port
                .zip(chain.and_then(|chain| chain.linked.as_deref()))
                .map(|(port, chain)| ServedAt { port, chain }),
            paths: path.map_or(&[], |path| path.possible.as_slice()),
            certificates: chain.map_or(&[], |chain| chain.certificates.as_slice()),
            at: self.at,
            known_ca: &|key| CaTable.key(key).map(KnownCa::from),
        };
        let mut verdict = judge(pins, &question);
        verdict.soon = self.soon;
        if let Some(Err(why)) = chain.map(|chain| &chain.built) {
            not_compared(&mut verdict, why);
        }
        if let Some(why) = path.and_then(|path| path.unfit.as_deref()) {
            verdict.doubt_chain(why);
        }
        verdict
    }
}

/// What the rules find, with what only another chain of the server raises.
///
/// What is told of one chain stands for another only where it is not about the certificate, or that is the same.
pub(super) fn findings(verdict: &PinsVerdict, others: &[OtherChain], chains: &[Compared]) -> Vec<Finding> {
    let target = verdict.host.as_deref().unwrap_or_default();
    let of = |verdict, chain: Option<&Compared>| {
        let mut findings = rules::pins::findings(verdict);
        rules::stamp(target, chain.and_then(Compared::shown).as_ref(), &mut findings);
        findings
    };
    let mut findings = of(verdict, chains.first());
    for (other, chain) in others.iter().zip(chains.iter().skip(1)) {
        for mut finding in of(&other.verdict, Some(chain)) {
            let is_known = |known: &Finding| {
                known.rule == finding.rule
                    && known.subject == finding.subject
                    && (known.fingerprint == finding.fingerprint
                        || !rules::is_about_what_is_shown(finding.rule))
            };
            if !findings.iter().any(is_known) {
                finding.message = format!("With the chain of {}: {}", other.shown_by, finding.message);
                findings.push(finding);
            }
        }
    }
    findings
}
