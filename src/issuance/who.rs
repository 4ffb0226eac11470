//! Who issued a certificate: by its issuer's key, in the order of what that is worth.
//!
//! The issuer key hash that a log's tree covers; then a verified signature, or the SCTs of a final certificate, which
//! name the key too (RFC 6962 section 3.2); then what a source or the certificate merely claims. A name decides nothing.

use super::known::Knowledge;
use super::reported::Claimed;
use crate::ca::issuer::{self, Issuer, IssuingKey, Proof};
use crate::ca::{CaTable, same_owner};
use crate::x509::{Certificate, SignatureCheck, SpkiSha256, is_signed_by};

/// How many certificates are climbed from an issuer to a CA that is known.
const DEEPEST: usize = 6;

/// Who issued a certificate, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoIssued {
    /// The key that issued, if any is even claimed.
    pub key: Option<SpkiSha256>,
    /// How that is known.
    pub proof: IssuerProof,
    /// Who the key belongs to, where it is proven that the key issued.
    pub owner: Option<String>,
    /// The identifiers that the owner accepts in CAA records, where that is proven.
    pub caa_identifiers: Vec<String>,
    /// Who is merely claimed to have issued, by a source or by the certificate.
    pub claimed_owner: Option<String>,
    /// Where the key itself is in no table: the owner of a CA above it, by verified signatures.
    pub below: Option<String>,
}

/// How it is known which key issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssuerProof {
    /// It is not.
    #[default]
    None,
    /// The certificate names it, and nothing proves it.
    CertificateClaim,
    /// A source says so, and nothing proves it.
    SourceClaim,
    /// A CT log signed for this issuer key, in an SCT of the certificate.
    Sct,
    /// The issuer's certificate is there, and its key made the signature.
    Signature,
    /// The leaf that a log's tree covers has the hash of this key (RFC 6962 section 3.2).
    Leaf,
}

impl IssuerProof {
    /// The name in the JSON of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::CertificateClaim => "claim",
            Self::SourceClaim => "source_claim",
            Self::Sct => "sct",
            Self::Signature => "signature",
            Self::Leaf => "log_leaf",
        }
    }

    /// Whether it proves anything.
    pub fn is_proof(self) -> bool {
        self >= Self::Sct
    }
}

/// What is there to tell who issued.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traces<'a> {
    /// The issuer key hash of a log's leaf.
    pub logged_key: Option<SpkiSha256>,
    /// The final certificate, or where there is none the precertificate.
    pub certificate: Option<&'a Certificate>,
    /// What sources claim.
    pub claimed: &'a [&'a Claimed],
}

impl WhoIssued {
    /// This issuer as the judge of expectations takes it.
    pub fn as_issuer(&self) -> Issuer {
        let proof = match self.proof {
            IssuerProof::Signature => Proof::Signature,
            IssuerProof::Leaf | IssuerProof::Sct => Proof::Sct,
            IssuerProof::SourceClaim | IssuerProof::CertificateClaim | IssuerProof::None => Proof::Claim,
        };
        Issuer {
            key: self.key.map(|key| IssuingKey { key, proof }),
            owner: self.owner.clone(),
            caa_identifiers: self.caa_identifiers.clone(),
            claimed_owner: self.claimed_owner.clone(),
        }
    }

    /// Whether the key is proven, and whose it is is not known.
    pub fn is_unknown_key(&self) -> bool {
        self.proof.is_proof() && self.owner.is_none() && self.caa_identifiers.is_empty()
    }
}

/// Who issued, from everything there is. `issuers` are certificates of CAs, of which any may be the issuer's.
pub fn who_issued(traces: Traces<'_>, issuers: &[&Certificate], known: &dyn Knowledge) -> WhoIssued {
    let owned = |key, proof| {
        let owner = known.owner_of(&key).unwrap_or_default();
        let is_unknown = owner.owner.is_none() && owner.caa_identifiers.is_empty();
        WhoIssued {
            key: Some(key),
            proof,
            owner: owner.owner,
            caa_identifiers: owner.caa_identifiers,
            claimed_owner: None,
            below: if is_unknown { above(&key, issuers, known) } else { None },
        }
    };
    if let Some(key) = traces.logged_key {
        return owned(key, IssuerProof::Leaf);
    }
    let found = traces.certificate.map(|certificate| {
        let candidates = issuer::candidates(certificate, issuers, CaTable);
        let by_sct = known.proven_by_sct(certificate, &candidates);
        issuer::identify(&candidates, by_sct, |key| known.owner_of(key))
    });
    match found.as_ref().and_then(|found| found.key) {
        Some(IssuingKey { key, proof: Proof::Signature }) => owned(key, IssuerProof::Signature),
        Some(IssuingKey { key, proof: Proof::Sct }) => owned(key, IssuerProof::Sct),
        by_certificate => {
            claimed(traces.claimed, by_certificate, found.and_then(|found| found.claimed_owner), known)
        }
    }
}

/// What is merely claimed: by a source, else by the certificate's key identifier.
fn claimed(
    claims: &[&Claimed],
    by_certificate: Option<IssuingKey>,
    owner: Option<String>,
    known: &dyn Knowledge,
) -> WhoIssued {
    let by_source = claims.iter().find_map(|claimed| claimed.issuer_spki_sha256);
    let said = claims.iter().find_map(|claimed| claimed.issuer_owner.clone());
    let key = by_source.or(by_certificate.map(|issuing| issuing.key));
    let of_key = by_source.and_then(|key| known.owner_of(&key)).and_then(|owner| owner.owner);
    let proof = match (by_source.is_some() || said.is_some(), by_certificate) {
        (true, _) => IssuerProof::SourceClaim,
        (false, Some(_)) => IssuerProof::CertificateClaim,
        (false, None) => IssuerProof::None,
    };
    WhoIssued { key, proof, claimed_owner: of_key.or(said).or(owner), ..WhoIssued::default() }
}

/// The owner of the nearest CA above a key, by verified signatures, that is known.
fn above(key: &SpkiSha256, issuers: &[&Certificate], known: &dyn Knowledge) -> Option<String> {
    let mut level: Vec<&Certificate> =
        issuers.iter().filter(|issuer| issuer.spki_sha256 == *key).copied().collect();
    for _ in 0..DEEPEST {
        let mut next: Vec<&Certificate> = Vec::new();
        for certificate in level {
            for &parent in issuers {
                let is_new = next.iter().all(|seen| seen.sha256 != parent.sha256);
                let names_it = certificate
                    .parts()
                    .is_ok_and(|own| parent.parts().is_ok_and(|parts| parts.subject == own.issuer));
                if is_new && names_it && is_signed_by(certificate, parent) == SignatureCheck::Made {
                    next.push(parent);
                }
            }
        }
        let owner = |parent: &&Certificate| known.owner_of(&parent.spki_sha256)?.owner;
        if let Some(owner) = next.iter().find_map(owner) {
            return Some(owner);
        }
        level = next;
    }
    None
}

/// A certificate that claims the name of one CA and was issued by the key of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgedName {
    /// Whose name it is.
    pub owners: Vec<String>,
    /// Their keys of that name.
    pub keys: Vec<SpkiSha256>,
}

/// Whose issuer name a certificate claims, where a key issued it that is none of theirs.
///
/// Only a proven key tells: 41 subject names of public CAs stand for several keys, and every one of those is known.
pub fn forged_name(
    certificate: &Certificate,
    who: &WhoIssued,
    issuers: &[&Certificate],
    known: &dyn Knowledge,
) -> Option<ForgedName> {
    let (Some(key), true) = (who.key, who.proof.is_proof()) else { return None };
    let parts = certificate.parts().ok()?;
    let of_this_name = issuers
        .iter()
        .filter(|issuer| issuer.parts().is_ok_and(|own| own.subject == parts.issuer))
        .map(|issuer| issuer.spki_sha256);
    let mut keys: Vec<SpkiSha256> = CaTable.keys_by_subject(parts.issuer).collect();
    keys.extend(of_this_name.filter(|key| known.owner_of(key).is_some()));
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() || keys.contains(&key) {
        return None;
    }
    let mut owners: Vec<String> = keys.iter().filter_map(|key| known.owner_of(key)?.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let really = [&who.owner, &who.below];
    let is_theirs = |owner: &String| really.into_iter().flatten().any(|own| same_owner(own, owner));
    (!owners.is_empty() && !owners.iter().any(is_theirs)).then_some(ForgedName { owners, keys })
}
