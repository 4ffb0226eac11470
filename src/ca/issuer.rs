//! Who issued a certificate, decided by key: names are claims, keys are facts.
//!
//! The key that issued is known in one of three ways, from strong to weak: the issuer's certificate is there and
//! made the signature; a CT log signed for that key, having checked the chain itself (RFC 6962 section 3.1); or the
//! certificate merely claims it in its authority key identifier.

use super::{CaKey, CaTable};
use crate::x509::{Certificate, SignatureCheck, SpkiSha256, is_signed_by};

/// The largest number of keys that is tried for one certificate.
const MAX_CANDIDATES: usize = 16;

/// A key that may have issued a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The key.
    pub key: SpkiSha256,
    /// Whether an issuer's certificate with this key made the signature.
    pub signature: Option<SignatureCheck>,
    /// Whether the only sign of it is a key identifier, and every CA known with this key has another name than the
    /// certificate's issuer. Anyone can write such a certificate.
    pub doubtful: bool,
}

/// How sure it is which key issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The issuer's certificate is there, and its key made the signature.
    Signature,
    /// A CT log signed for this issuer key.
    Sct,
    /// The certificate says so, and nothing proves it.
    Claim,
}

impl Proof {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Sct => "sct",
            Self::Claim => "claim",
        }
    }
}

/// The key that issued a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuingKey {
    /// The key.
    pub key: SpkiSha256,
    /// How sure that is.
    pub proof: Proof,
}

/// Who a CA key belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyOwner {
    /// The owner's name, if it is known.
    pub owner: Option<String>,
    /// The identifiers that the owner accepts in CAA records.
    pub caa_identifiers: Vec<String>,
}

impl From<CaKey> for KeyOwner {
    fn from(ca: CaKey) -> Self {
        Self {
            owner: ca.owner.map(ToString::to_string),
            caa_identifiers: ca
                .identifiers
                .into_iter()
                .map(|identifier| identifier.domain.to_string())
                .collect(),
        }
    }
}

/// Who issued, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer {
    /// The key, if any is even claimed.
    pub key: Option<IssuingKey>,
    /// Who the key belongs to, where it is proven that the key issued.
    pub owner: Option<String>,
    /// The identifiers that the owner accepts in CAA records, where that is proven.
    pub caa_identifiers: Vec<String>,
    /// Who the certificate merely claims to be issued by.
    pub claimed_owner: Option<String>,
    /// Where it is not proven which key issued: the keys of certificates that are there, bear the issuer's name, and did
    /// not make the signature.
    pub not_made_by: Vec<SpkiSha256>,
}

/// The keys that may have issued `certificate`, likeliest first.
///
/// Issuer certificates count by the exact name (RFC 5280 section 6.1.3); key identifiers order them, and exclude none
/// whose key made the signature: whoever issues writes them. Without any, the table is asked for the key identifier, and
/// for the name where there is none.
pub fn candidates(certificate: &Certificate, others: &[&Certificate], table: CaTable) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let mut add = |key, signature, doubtful| {
        if found.len() < MAX_CANDIDATES && found.iter().all(|candidate: &Candidate| candidate.key != key) {
            found.push(Candidate { key, signature, doubtful });
        }
    };
    let named = checked(certificate, others);
    if let Some((issuer, made)) = named.iter().find(|(_, check)| *check == SignatureCheck::Made) {
        // The final certificate comes from the CA above the signer, whose key the SCTs name too (RFC 6962 section 3.2).
        if is_made_by_signer(certificate, issuer) {
            return candidates(issuer, others, table);
        }
        add(issuer.spki_sha256, Some(*made), false);
        return found;
    }
    for (issuer, check) in named {
        // The same name with another key is another CA, unless the key identifiers say that it is meant.
        match (identifiers(certificate, issuer), check) {
            (Identifiers::Differ, _) | (Identifiers::Silent, SignatureCheck::NotMade) => {}
            _ => add(issuer.spki_sha256, Some(check), false),
        }
    }
    match (&certificate.authority_key_id, certificate.parts()) {
        (Some(id), Ok(parts)) => {
            let of_the_name: Vec<SpkiSha256> = table.keys_by_subject(parts.issuer).collect();
            table.keys_by_ski(id).for_each(|key| add(key, None, !of_the_name.contains(&key)));
        }
        (None, Ok(parts)) => table.keys_by_subject(parts.issuer).for_each(|key| add(key, None, false)),
        (_, Err(_)) => {}
    }
    found
}

/// The precertificate signing certificate among `others` that made this precertificate.
pub fn precertificate_signer<'a>(
    certificate: &Certificate,
    others: &'a [Certificate],
) -> Option<&'a Certificate> {
    others.iter().find(|other| {
        is_made_by_signer(certificate, other)
            && is_named_issuer(certificate, other)
            && is_signed_by(certificate, other) == SignatureCheck::Made
    })
}

/// Only a precertificate has a signer above it, so that nothing leads round in circles.
fn is_made_by_signer(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.is_precertificate && issuer.is_precertificate_signer && !issuer.is_precertificate
}

/// The keys of issuer certificates that are there, bear the issuer's name, and did not make the signature.
pub fn not_made_by(certificate: &Certificate, others: &[&Certificate]) -> Vec<SpkiSha256> {
    let checked = checked(certificate, others).into_iter();
    checked
        .filter(|(_, check)| *check == SignatureCheck::NotMade)
        .map(|(issuer, _)| issuer.spki_sha256)
        .collect()
}

/// The certificates among `others` that bear the issuer's name, one of each key, with whether it made the signature;
/// those first whose key identifier is the one that is claimed.
fn checked<'a>(
    certificate: &Certificate,
    others: &[&'a Certificate],
) -> Vec<(&'a Certificate, SignatureCheck)> {
    let mut named: Vec<&Certificate> = Vec::new();
    for other in others {
        if is_named_issuer(certificate, other)
            && named.iter().all(|known| known.spki_sha256 != other.spki_sha256)
        {
            named.push(other);
        }
    }
    named.sort_by_key(|other| identifiers(certificate, other));
    named.into_iter().take(MAX_CANDIDATES).map(|other| (other, is_signed_by(certificate, other))).collect()
}

/// What key identifiers say of whether a certificate is meant as the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifiers {
    /// That it is.
    Match,
    /// Nothing: one of the two has none.
    Silent,
    /// That another one is.
    Differ,
}

fn identifiers(certificate: &Certificate, issuer: &Certificate) -> Identifiers {
    match (&certificate.authority_key_id, &issuer.subject_key_id) {
        (Some(claimed), Some(own)) if claimed == own => Identifiers::Match,
        (Some(_), Some(_)) => Identifiers::Differ,
        _ => Identifiers::Silent,
    }
}

fn is_named_issuer(certificate: &Certificate, other: &Certificate) -> bool {
    match (certificate.parts(), other.parts()) {
        (Ok(issued), Ok(issuing)) => issued.issuer == issuing.subject,
        _ => false,
    }
}

impl Issuer {
    /// The same, with what the issuer certificates that are there say against themselves where nothing is proven.
    #[must_use]
    pub fn beside(self, certificate: &Certificate, others: &[&Certificate]) -> Self {
        if self.key.is_some_and(|issuing| issuing.proof != Proof::Claim) {
            return self;
        }
        Self { not_made_by: not_made_by(certificate, others), ..self }
    }
}

/// Who issued, from the candidates and the issuer key that the SCTs prove, if any does.
pub fn identify(
    candidates: &[Candidate],
    proven_by_sct: Option<SpkiSha256>,
    owner_of: impl Fn(&SpkiSha256) -> Option<KeyOwner>,
) -> Issuer {
    let signed = candidates.iter().find(|candidate| candidate.signature == Some(SignatureCheck::Made));
    let key = match (signed, proven_by_sct, candidates) {
        (Some(candidate), _, _) => Some(IssuingKey { key: candidate.key, proof: Proof::Signature }),
        (None, Some(key), _) => Some(IssuingKey { key, proof: Proof::Sct }),
        // Several keys under one claim tell nothing of which it is.
        (None, None, [only]) if only.signature != Some(SignatureCheck::NotMade) => {
            Some(IssuingKey { key: only.key, proof: Proof::Claim })
        }
        _ => None,
    };
    let known = key.and_then(|issuing| owner_of(&issuing.key)).unwrap_or_default();
    // Anyone can write another's key identifier into a certificate: a claim gives no owner.
    if key.is_some_and(|issuing| issuing.proof == Proof::Claim) {
        return Issuer { key, claimed_owner: known.owner, ..Issuer::default() };
    }
    Issuer { key, owner: known.owner, caa_identifiers: known.caa_identifiers, ..Issuer::default() }
}
