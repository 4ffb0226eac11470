//! A served chain against trust anchors: can a path be built, is it the right name, is it the right time.
//!
//! The three are judged apart, because each has another cause and another cure. The path itself is rustls-webpki's
//! verdict (RFC 5280 section 6, server authentication).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use core::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use serde::Serialize;
use webpki::{EndEntityCert, KeyUsage};

use super::certificate::Certificate;
use super::{CertificateSha256, Fingerprints, SignatureCheck, SpkiSha256, is_signed_by, signature};
use crate::dns_name::DnsName;

/// The largest number of served certificates that a path is looked for in.
const MAX_CHAIN: usize = 64;

/// Where in a chain a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainPosition {
    /// The server's own certificate.
    Leaf,
    /// A CA certificate between the leaf and the anchor.
    Intermediate,
    /// The trust anchor, or a self-issued certificate served at the end of the chain.
    Root,
}

/// One certificate of a path, as far as pins need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathCertificate {
    /// Where in the path it stands.
    pub position: ChainPosition,
    /// The hash of its key.
    pub spki_sha256: SpkiSha256,
    /// The hash of the whole certificate.
    pub sha256: CertificateSha256,
    /// Its subject, for people.
    pub subject: String,
    /// The further hashes by which pins may name it.
    pub fingerprints: Fingerprints,
}

/// The trust anchors to judge with.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// As rustls-webpki takes them, made once for all targets.
    trusted: Vec<TrustAnchor<'static>>,
    /// The certificate of each.
    certificates: Vec<Certificate>,
    /// Where they came from, for people.
    pub source: String,
}

/// Whether a path leads from the leaf to an anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It does, at the time of judging.
    Trusted,
    /// It does, but only at a time when every certificate was valid.
    TrustedAtAnotherTime {
        /// The time for which the path was built.
        at: Timestamp,
    },
    /// It does not, and why.
    Untrusted {
        /// What rustls-webpki says of the best attempt.
        reason: String,
    },
    /// That cannot be told: a lone certificate in a file says nothing of the chain that a server sends.
    Unknown {
        /// What is missing.
        reason: String,
    },
}

/// Whether the leaf is within its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Within it.
    Current,
    /// Before it.
    NotYet,
    /// After it.
    Expired,
}

/// Whether the leaf is for the host that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameMatch {
    /// It is.
    Matches,
    /// It is not.
    Differs,
    /// No host was named, as for a file.
    NotAsked,
}

/// Everything said of a served chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainVerdict {
    /// Whether a path leads to an anchor.
    pub trust: Trust,
    /// Whether the leaf is within its life.
    pub life: Life,
    /// Whether the leaf is for this host.
    pub name: NameMatch,
    /// The path from the leaf to the anchor; where there is none, the chain as served.
    pub path: Vec<PathCertificate>,
    /// What the anchors are.
    pub anchors: String,
}

impl ChainVerdict {
    /// Whether the path was built to an anchor. Otherwise it is only what somebody put together: a pin that matches
    /// in it proves nothing, and one that does not may match what is missing.
    pub fn is_built(&self) -> bool {
        matches!(self.trust, Trust::Trusted | Trust::TrustedAtAnotherTime { .. })
    }
}

/// A host, as far as a certificate's names go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostIdentity {
    /// A DNS name.
    Name(DnsName),
    /// An IP address.
    Address(IpAddr),
}

impl Anchors {
    /// The roots of Mozilla's programme, as compiled in.
    pub fn embedded() -> Self {
        let certificates =
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::read(der).ok());
        Self::given(certificates.collect(), "Mozilla's root programme (embedded)")
    }

    /// Anchors that the user gave. Where some cannot be any, the source says so.
    pub fn given(certificates: Vec<Certificate>, source: &str) -> Self {
        let given = certificates.len();
        let (trusted, certificates): (Vec<_>, Vec<_>) = certificates
            .into_iter()
            .filter_map(|certificate| {
                let der = CertificateDer::from(certificate.der());
                let anchor = webpki::anchor_from_trusted_cert(&der).ok()?.to_owned();
                Some((anchor, certificate))
            })
            .unzip();
        let unusable = given.saturating_sub(trusted.len());
        let source = match unusable {
            0 => source.to_owned(),
            _ => format!("{source}, of which {unusable} of {given} certificates cannot be trust anchors"),
        };
        Self { trusted, certificates, source }
    }

    /// The certificates of all of them.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificate of one of these anchors.
    fn certificate(&self, anchor: &TrustAnchor<'_>) -> Option<&Certificate> {
        let index = self.trusted.iter().position(|own| {
            own.subject == anchor.subject && own.subject_public_key_info == anchor.subject_public_key_info
        })?;
        self.certificates.get(index)
    }
}

/// Judges a served chain, leaf first; `None` where nothing was served.
pub fn judge(
    chain: &[Certificate],
    host: Option<&HostIdentity>,
    anchors: &Anchors,
    at: Timestamp,
) -> Option<ChainVerdict> {
    let leaf = chain.first()?;
    let life = life(leaf, at);
    let (trust, path) = match build(chain, anchors, at) {
        Ok(path) => (Trust::Trusted, path),
        Err(reason) => {
            // The dates are a verdict of their own: without them, is there a path at all?
            let during_life = leaf.not_before;
            match (life != Life::Current).then(|| build(chain, anchors, during_life)) {
                Some(Ok(path)) => (Trust::TrustedAtAnotherTime { at: during_life }, path),
                _ => (Trust::Untrusted { reason }, as_served(chain)),
            }
        }
    };
    Some(ChainVerdict { trust, life, name: name(leaf, host), path, anchors: anchors.source.clone() })
}

/// The chain as served, unverified, with positions read off the certificates themselves.
pub fn as_served(chain: &[Certificate]) -> Vec<PathCertificate> {
    chain
        .iter()
        .enumerate()
        .map(|(index, certificate)| {
            let position = match index {
                0 => ChainPosition::Leaf,
                _ if certificate.is_self_issued() => ChainPosition::Root,
                _ => ChainPosition::Intermediate,
            };
            path_certificate(position, certificate)
        })
        .collect()
}

/// The chain as served from the leaf on, as far as each next certificate is the issuer of the one before: by name, and by
/// signature where that can be checked. What a server sends besides is left out.
pub fn linked(served: &[Certificate]) -> Vec<PathCertificate> {
    let issued = |certificate: &Certificate, issuer: &Certificate| {
        let named = match (certificate.parts(), issuer.parts()) {
            (Ok(certificate), Ok(issuer)) => certificate.issuer == issuer.subject,
            _ => false,
        };
        named && is_signed_by(certificate, issuer) != SignatureCheck::NotMade
    };
    let mut chain: Vec<Certificate> = served.iter().take(1).cloned().collect();
    while let Some(last) = chain.last().filter(|last| chain.len() <= MAX_CHAIN && !last.is_self_issued()) {
        let next = served.iter().take(MAX_CHAIN).find(|candidate| {
            issued(last, candidate) && chain.iter().all(|member| member.sha256 != candidate.sha256)
        });
        let Some(next) = next.cloned() else { break };
        chain.push(next);
    }
    as_served(&chain)
}

pub(super) fn path_certificate(position: ChainPosition, certificate: &Certificate) -> PathCertificate {
    PathCertificate {
        position,
        spki_sha256: certificate.spki_sha256,
        sha256: certificate.sha256,
        subject: certificate.subject.clone(),
        fingerprints: certificate.fingerprints(),
    }
}

fn life(leaf: &Certificate, at: Timestamp) -> Life {
    if at < leaf.not_before {
        Life::NotYet
    } else if at > leaf.not_after {
        Life::Expired
    } else {
        Life::Current
    }
}

fn name(leaf: &Certificate, host: Option<&HostIdentity>) -> NameMatch {
    let matches = match host {
        None => return NameMatch::NotAsked,
        Some(HostIdentity::Name(host)) => leaf.names.dns.iter().any(|name| name.covers(host)),
        Some(HostIdentity::Address(host)) => leaf.names.addresses.contains(host),
    };
    if matches { NameMatch::Matches } else { NameMatch::Differs }
}

fn build(chain: &[Certificate], anchors: &Anchors, at: Timestamp) -> Result<Vec<PathCertificate>, String> {
    let Some((leaf, rest)) = chain.split_first() else { return Ok(Vec::new()) };
    let intermediates: Vec<CertificateDer<'_>> =
        rest.iter().take(MAX_CHAIN).map(|certificate| CertificateDer::from(certificate.der())).collect();
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let leaf_der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(|error| in_words(&error))?;
    let verified = end_entity
        .verify_for_usage(
            signature::algorithms(),
            &anchors.trusted,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map_err(|error| in_words(&error))?;
    let mut path = vec![path_certificate(ChainPosition::Leaf, leaf)];
    for intermediate in verified.intermediate_certificates() {
        let der = intermediate.der();
        if let Some(served) = rest.iter().find(|certificate| certificate.der() == der.as_ref()) {
            path.push(path_certificate(ChainPosition::Intermediate, served));
        }
    }
    if let Some(certificate) = anchors.certificate(verified.anchor()) {
        path.push(path_certificate(ChainPosition::Root, certificate));
    }
    Ok(path)
}

/// What rustls-webpki found, in words.
fn in_words(error: &webpki::Error) -> String {
    use webpki::Error as E;
    let date = |time: &UnixTime| {
        i64::try_from(time.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .map_or_else(|| "an unknown date".to_owned(), |time| time.to_string())
    };
    match error {
        E::UnknownIssuer => "no certificate and no anchor issued the last one of the chain".to_owned(),
        E::CertExpired { not_after, .. } => {
            format!("a certificate of the chain expired on {}", date(not_after))
        }
        E::CertNotValidYet { not_before, .. } => {
            format!("a certificate of the chain is valid only from {}", date(not_before))
        }
        E::InvalidSignatureForPublicKey => {
            "a signature in the chain was not made by the issuer's key".to_owned()
        }
        E::CaUsedAsEndEntity => "the first certificate is a CA's, not a server's".to_owned(),
        E::EndEntityUsedAsCa => "a certificate in the chain is no CA's, but issued another".to_owned(),
        E::PathLenConstraintViolated => "the chain is longer than one of its CAs is allowed".to_owned(),
        E::NameConstraintViolation => "a CA of the chain may not issue for this name".to_owned(),
        E::RequiredEkuNotFoundContext(_) => {
            "a certificate of the chain is not for server authentication".to_owned()
        }
        E::CertDistrusted => "a certificate of the chain is distrusted by name".to_owned(),
        other => format!("the chain does not verify ({other})"),
    }
}
