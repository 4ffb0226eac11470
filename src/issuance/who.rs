//! Who issued a certificate: by its issuer's key, in the order of what that is worth.
//!
//! A verified signature; then the issuer key hash of a leaf that the proven tree of a log without fault covers; then the
//! SCTs of a final certificate, which name the key too (RFC 6962 section 3.2); then what a log's other entries, a source
//! or the certificate merely claim. A log's tree proves that the log stands by an entry, and never that the log checked
//! the chain: where there is a signature to check, it decides, and whatever names another key is told. A name decides
//! nothing.

use std::collections::BTreeSet;

use super::forged::above;
pub use super::forged::{ForgedName, forged_name};
use super::known::KeyTable;
use super::reported::Claimed;
use crate::ca::CaTable;
use crate::ca::issuer::{self, Issuer, IssuingKey, Proof};
use crate::x509::{Certificate, SpkiSha256};

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
    /// Whether the key is one of the owner's own CAs, and no public one.
    pub is_private: bool,
    /// Where no key is proven: those of certificates that are there, bear the issuer's name, and did not make the
    /// signature.
    pub not_made_by: Vec<SpkiSha256>,
    /// What names another key than the one that is proven, a sentence each.
    pub contradictions: Vec<String>,
}

/// How it is known which key issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssuerProof {
    /// It is not.
    #[default]
    None,
    /// The certificate names it, and nothing proves it.
    CertificateClaim,
    /// A source says so, or an entry that is not proven to be in its log, and nothing proves it.
    SourceClaim,
    /// A CT log signed for this issuer key, in an SCT of the certificate.
    Sct,
    /// The issuer's certificate is there, and its key made the signature.
    Signature,
    /// The leaf that the proven tree of a log without fault covers has the hash of this key (RFC 6962 section 3.2), and
    /// no signature says otherwise.
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

/// The issuer key hash of a log's entry for a precertificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedKey {
    /// The key.
    pub key: SpkiSha256,
    /// Whether the entry stands within the proven part of a log without fault. If not, it is a claim like another.
    pub is_proven: bool,
}

/// What is there to tell who issued.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traces<'a> {
    /// What a log's entry says.
    pub logged: Option<LoggedKey>,
    /// The final certificate and the precertificate, as far as they are there: whose signatures can be checked.
    pub certificates: &'a [&'a Certificate],
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
            not_made_by: self.not_made_by.clone(),
        }
    }

    /// Whether the key is proven, and whose it is is not known.
    pub fn is_unknown_key(&self) -> bool {
        self.proof.is_proof() && self.owner.is_none() && self.caa_identifiers.is_empty()
    }
}

/// Who issued, from everything there is. `issuers` are certificates of CAs, of which any may be the issuer's.
pub fn who_issued(traces: Traces<'_>, issuers: &[&Certificate], known: &dyn KeyTable) -> WhoIssued {
    let read: Vec<Issuer> = traces
        .certificates
        .iter()
        .map(|certificate| {
            let candidates = issuer::candidates(certificate, issuers, CaTable);
            let by_sct = known.proven_by_sct(certificate, &candidates);
            issuer::identify(&candidates, by_sct, |key| known.owner_of(key)).beside(certificate, issuers)
        })
        .collect();
    let by = |wanted: Proof| {
        read.iter().filter_map(|found| found.key).find(|found| found.proof == wanted).map(|found| found.key)
    };
    let (signed, by_sct) = (by(Proof::Signature), by(Proof::Sct));
    let leaf = traces.logged.filter(|logged| logged.is_proven).map(|logged| logged.key);
    let (key, proof) = match (signed, leaf, by_sct) {
        // Both prove it: the leaf is what anyone can look up.
        (Some(signed), Some(leaf), _) if signed == leaf => (leaf, IssuerProof::Leaf),
        (Some(signed), ..) => (signed, IssuerProof::Signature),
        (None, Some(leaf), _) => (leaf, IssuerProof::Leaf),
        (None, None, Some(by_sct)) => (by_sct, IssuerProof::Sct),
        (None, None, None) => return claimed(traces, read, known),
    };
    let owner = known.owner_of(&key).unwrap_or_default();
    let is_unknown = owner.owner.is_none() && owner.caa_identifiers.is_empty();
    WhoIssued {
        key: Some(key),
        proof,
        owner: owner.owner,
        caa_identifiers: owner.caa_identifiers,
        claimed_owner: None,
        is_private: known.is_private(&key),
        not_made_by: Vec::new(),
        below: if is_unknown { above(&key, issuers, known).0 } else { None },
        contradictions: contradictions(key, traces, &read),
    }
}

/// What names another key than the one that issued.
fn contradictions(key: SpkiSha256, traces: Traces<'_>, read: &[Issuer]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut differ = |other: SpkiSha256, who: &str| {
        let sentence = format!("{who} the key {other} issued it; {key} did.");
        if other != key && !found.contains(&sentence) {
            found.push(sentence);
        }
    };
    for issuing in read.iter().filter_map(|found| found.key) {
        match issuing.proof {
            Proof::Signature => differ(issuing.key, "By the signature of its other form,"),
            Proof::Sct => differ(issuing.key, "By an SCT that a CT log signed,"),
            // Its key identifier, which is no key.
            Proof::Claim => {}
        }
    }
    match traces.logged {
        Some(logged) if logged.is_proven => differ(logged.key, "By the leaf that a CT log's tree covers,"),
        Some(logged) => differ(logged.key, "By a CT log's entry, which is not proven to be in its tree,"),
        None => {}
    }
    for said in traces.claimed.iter().filter_map(|claimed| claimed.issuer_spki_sha256) {
        differ(said, "A source says that");
    }
    found
}

/// What is merely claimed: by a log's entry, by a source, else by the certificate's key identifier.
fn claimed(traces: Traces<'_>, read: Vec<Issuer>, known: &dyn KeyTable) -> WhoIssued {
    let not_made_by = read.iter().flat_map(|found| &found.not_made_by).copied();
    let not_made_by = not_made_by.collect::<BTreeSet<_>>().into_iter().collect();
    let own = read.into_iter().find(|found| found.key.is_some()).unwrap_or_default();
    let claims = traces.claimed;
    let by_log = traces.logged.map(|logged| logged.key);
    let by_source = by_log.or_else(|| claims.iter().find_map(|claimed| claimed.issuer_spki_sha256));
    let said = claims.iter().find_map(|claimed| claimed.issuer_owner.clone()).filter(|_| by_log.is_none());
    let of_key = by_source.and_then(|key| known.owner_of(&key)).and_then(|owner| owner.owner);
    let proof = match (by_source.is_some() || said.is_some(), own.key) {
        (true, _) => IssuerProof::SourceClaim,
        (false, Some(_)) => IssuerProof::CertificateClaim,
        (false, None) => IssuerProof::None,
    };
    WhoIssued {
        key: by_source.or(own.key.map(|issuing| issuing.key)),
        proof,
        claimed_owner: of_key.or(said).or(own.claimed_owner),
        not_made_by,
        ..WhoIssued::default()
    }
}
