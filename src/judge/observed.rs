//! What an observation shows: the chain to judge, and everything that failed on the way.

use crate::evidence::tls::{TlsAttempt, TlsHandshake, TlsObservation, TlsOutcome, TlsStage};
use crate::evidence::{CertificateSource, Evidence, ListedAt};
use crate::x509::path::HostIdentity;
use crate::x509::{
    Certificate, CertificateFileError, CertificateSha256, leaf_index, precertificate, read_certificates,
};

/// What was seen of a target, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The handshake that the verdicts rest on, for a server that was reached.
    pub handshake: Option<HandshakeFacts>,
    /// What failed, where, and how, in words.
    pub failures: Vec<String>,
    /// The addresses that showed no certificate, or not all that they sent could be read.
    pub unseen: Vec<String>,
    /// Other addresses of the same server that showed another leaf.
    pub differing: Vec<DifferingAddress>,
    /// Further certificates of a file that are no CA's: only the first is judged.
    pub further_leaves: Vec<FurtherLeaf>,
    /// Whether the target is a file.
    pub is_file: bool,
    /// Where it stands, of a line of a list that names no target.
    pub names_nothing: Option<ListedAt>,
    /// Why nothing was tried, if nothing was.
    pub not_tried: Option<String>,
}

/// The handshake that the verdicts rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeFacts {
    /// The address connected to.
    pub address: String,
    /// The protocol version.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// Whether an OCSP response was stapled.
    pub ocsp_stapled: bool,
    /// Why the handshake did not end, if it did not.
    pub broken_off: Option<String>,
}

/// An address that showed another leaf than the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingAddress {
    /// The address.
    pub address: String,
    /// Its leaf.
    pub sha256: CertificateSha256,
    /// Its issuer's name as claimed.
    pub issuer: String,
}

/// A certificate of a file that was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FurtherLeaf {
    /// The certificate.
    pub sha256: CertificateSha256,
    /// Its subject.
    pub subject: String,
}

/// A target's chain, with what was seen beside it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) host: Option<HostIdentity>,
    pub(super) observed: Observed,
    pub(super) chain: Vec<Certificate>,
    pub(super) sct_extension: Option<Vec<u8>>,
    pub(super) ocsp_response: Option<Vec<u8>>,
}

/// Reads an observation.
pub(super) fn read(source: &CertificateSource) -> Seen {
    match source {
        CertificateSource::File(file) => {
            let certificates = file.octets().map_err(str::to_owned).and_then(|octets| {
                read_certificates(octets).map_err(|error| no_certificates(octets, &error))
            });
            let (chain, failures) = match certificates {
                Ok(chain) => (leaf_first(chain), Vec::new()),
                Err(why) => (Vec::new(), vec![why]),
            };
            let own = |other: &Certificate| {
                chain.first().is_some_and(|leaf| precertificate::corresponds(leaf, other, &chain))
            };
            let further_leaves = chain
                .iter()
                .skip(1)
                .filter(|certificate| !certificate.is_ca && !own(certificate))
                .map(|leaf| FurtherLeaf { sha256: leaf.sha256, subject: leaf.subject.clone() })
                .collect();
            let observed = Observed { failures, further_leaves, is_file: true, ..Observed::default() };
            Seen { observed, chain, ..Seen::default() }
        }
        CertificateSource::Tls(observation) => read_tls(observation),
    }
}

/// Why a file gave no certificate. Evidence among other targets is the likeliest mistake.
fn no_certificates(octets: &[u8], error: &CertificateFileError) -> String {
    if Evidence::is_begun_by(octets) {
        "it is saved evidence: judge it alone, as the only target".to_owned()
    } else {
        error.to_string()
    }
}

/// A file may hold a chain in any order.
fn leaf_first(mut chain: Vec<Certificate>) -> Vec<Certificate> {
    if let Some(index) = leaf_index(&chain) {
        let leaf = chain.remove(index);
        chain.insert(0, leaf);
    }
    chain
}

fn read_tls(observation: &TlsObservation) -> Seen {
    let mut seen = Seen {
        host: observation
            .host
            .parse()
            .map(HostIdentity::Address)
            .or_else(|_| observation.host.parse().map(HostIdentity::Name))
            .ok(),
        ..Seen::default()
    };
    seen.observed.not_tried.clone_from(&observation.not_tried);
    if let Some(error) = &observation.resolution_failure {
        seen.observed
            .failures
            .push(format!("The addresses of {} could not be had: {error}.", observation.host));
    }
    for attempt in &observation.attempts {
        read_attempt(&mut seen, attempt);
    }
    seen
}

fn read_attempt(seen: &mut Seen, attempt: &TlsAttempt) {
    let handshake = match &attempt.outcome {
        TlsOutcome::Handshake(handshake) => handshake,
        TlsOutcome::Failed { stage, error } => {
            let step = match stage {
                TlsStage::Connect => "connecting",
                TlsStage::Starttls => "the dialogue before TLS",
                TlsStage::Handshake => "the TLS handshake",
            };
            fail(seen, attempt, &format!("{step} failed: {error}"));
            return;
        }
    };
    let Some((leaf, others)) = handshake.chain.split_first() else {
        fail(seen, attempt, "the server showed no certificate");
        return;
    };
    let mut chain = match Certificate::read(leaf) {
        Ok(leaf) => vec![leaf],
        Err(error) => {
            fail(seen, attempt, &error.to_string());
            return;
        }
    };
    // Clients go by the leaf; another certificate that cannot be read is missing from the chain, and that is told.
    for other in others {
        match Certificate::read(other) {
            Ok(other) => chain.push(other),
            Err(error) => {
                fail(seen, attempt, &format!("beside the leaf, {error}"));
            }
        }
    }
    match (seen.chain.first(), chain.first()) {
        (None, _) => adopt(seen, attempt, handshake, chain),
        (Some(first), Some(other)) if first.sha256 != other.sha256 => {
            seen.observed.differing.push(DifferingAddress {
                address: attempt.address.clone(),
                sha256: other.sha256,
                issuer: other.issuer.clone(),
            });
        }
        _ => {}
    }
}

/// Notes what an address did not show, and why.
fn fail(seen: &mut Seen, attempt: &TlsAttempt, why: &str) {
    seen.observed.failures.push(format!("{}: {why}.", attempt.address));
    seen.observed.unseen.push(attempt.address.clone());
}

fn adopt(seen: &mut Seen, attempt: &TlsAttempt, handshake: &TlsHandshake, chain: Vec<Certificate>) {
    seen.chain = chain;
    seen.sct_extension = handshake.sct_extension.as_ref().map(|octets| octets.to_vec());
    seen.ocsp_response = handshake.ocsp_response.as_ref().map(|octets| octets.to_vec());
    seen.observed.handshake = Some(HandshakeFacts {
        address: attempt.address.clone(),
        version: handshake.version.clone(),
        cipher: handshake.cipher.clone(),
        ocsp_stapled: handshake.ocsp_response.is_some(),
        broken_off: handshake.broken_off.clone(),
    });
}
