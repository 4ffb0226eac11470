//! The pins of one target: those of the given files, and its TLSA records where they were looked up.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::inputs::Inputs;
use super::target::Part;
use crate::dns_name::DnsName;
use crate::evidence::{CertificateSource, Request, TargetEvidence};
use crate::pins::formats::tlsa;
use crate::pins::{self, HostPattern, PinEntry, PinFile, PinsVerdict, Reading, ServedAt};
use crate::x509::Certificate;
use crate::x509::path::{ChainVerdict, Trust, linked};
use crate::x509::paths::{self, ClientPath};

/// Judges the pins for a host by the chain that was served, and by what was built of it.
pub(super) fn judge_pins(
    target: &TargetEvidence,
    (request, inputs): (&Request, &Inputs),
    (host, served, trust): (Option<&DnsName>, &[Certificate], Option<&ChainVerdict>),
    at: Timestamp,
) -> Part<PinsVerdict> {
    let looked_up = looked_up(target, request, host);
    let files = match looked_up {
        Some(records) => Cow::Owned(inputs.pins.iter().cloned().chain([records]).collect()),
        None => Cow::Borrowed(inputs.pins.as_slice()),
    };
    let port = match &target.source {
        CertificateSource::Tls(observation) if !served.is_empty() && pins_services(&files) => {
            Some(observation.port)
        }
        CertificateSource::Tls(_) | CertificateSource::File(_) => None,
    };
    // Signatures are verified for it, which takes time.
    let chain = port.map(|_| linked(served)).unwrap_or_default();
    let question = pins::Question {
        host: host.map(DnsName::as_str),
        path: trust.filter(|trust| trust.is_built()).map(|trust| trust.path.as_slice()),
        off_path: &trust.map(|trust| pins::off_path(served, &trust.path)).unwrap_or_default(),
        service: port.map(|port| ServedAt { port, chain: &chain }),
        at,
        // Without pins, none are compared with any path.
        paths: &trust
            .filter(|_| !files.is_empty())
            .map(|trust| client_paths(inputs, served, trust, at))
            .unwrap_or_default(),
        certificates: served,
        known_ca: &|key| inputs.known_ca(key),
    };
    let mut verdict = pins::judge(&files, &question);
    if request.compare.as_ref().is_some_and(|stated| !stated.tlsa) {
        verdict.set_unheard_records_aside();
    }
    verdict.nothing_in(&inputs.without_pins);
    verdict.unseen.clone_from(&inputs.unseen);
    verdict.found_in(&inputs.pin_folders);
    verdict.soon = pins::Soon::or_default(request.expires_within.map(SignedDuration::from_secs));
    Part::Checked(verdict)
}

/// The TLSA records as a source of pins; that they were asked for and not looked up is one, too.
fn looked_up(target: &TargetEvidence, request: &Request, host: Option<&DnsName>) -> Option<PinFile> {
    match (&target.tlsa, &target.source, host) {
        (Some(lookup), ..) => Some(tlsa::of_lookup(lookup)),
        (None, CertificateSource::Tls(observation), Some(host)) if request.tlsa => {
            Some(tlsa::not_looked_up(host, observation.port))
        }
        (None, ..) => None,
    }
}

/// Whether some pins are for a service alone, as TLSA records are.
fn pins_services(files: &[PinFile]) -> bool {
    let is_service = |entry: &PinEntry| matches!(entry.scope, HostPattern::Service { .. });
    files
        .iter()
        .any(|file| matches!(&file.reading, Reading::Read(source) if source.entries.iter().any(is_service)))
}

/// The paths that clients could build, at the time for which one was built here.
fn client_paths(
    inputs: &Inputs,
    served: &[Certificate],
    trust: &ChainVerdict,
    at: Timestamp,
) -> Vec<ClientPath> {
    let at = match trust.trust {
        Trust::TrustedAtAnotherTime { at } => at,
        _ => at,
    };
    if !trust.is_built() {
        return Vec::new();
    }
    paths::client_paths(served, &inputs.anchors, &|key| inputs.cas.certificates(key).collect(), at)
}
