//! What the issuer's name of a certificate says, set against the key that issued it.
//!
//! Only a proven key tells: 41 subject names of public CAs stand for several keys, and new ones come before any table
//! knows them. A name is forged where the key is another's, or where the CA's certificate is there and leads elsewhere.

use super::known::KeyTable;
use super::who::{IssuerProof, WhoIssued};
use crate::ca::issuer::precertificate_signer;
use crate::ca::{CaTable, same_owner};
use crate::x509::{Certificate, SignatureCheck, SpkiSha256, is_signed_by};

/// How many certificates are climbed from an issuer to a CA that is known.
const DEEPEST: usize = 6;

/// A certificate that claims the name of one CA and was issued by the key of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForgedName {
    /// Whose name it is.
    pub owners: Vec<String>,
    /// Their keys of that name.
    pub keys: Vec<SpkiSha256>,
}

/// What the issuer's name of a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameOfIssuer {
    /// Nothing against the key, or nobody is known by it.
    Unremarkable,
    /// It is a known CA's, and the key that issued is none of that CA's of this name, and not below one either.
    Forged(ForgedName),
    /// It is a known CA's, the key is in no table, and the certificate of the CA that would tell whose it is, or one
    /// above it, is not there.
    Borne(ForgedName),
    /// The key is in no table, and the owner's own CAs go without names: whether it is one of theirs cannot be said.
    NotCompared,
}

/// Whose issuer name a certificate claims, where a key issued it that is none of theirs.
pub fn forged_name(
    certificate: &Certificate,
    who: &WhoIssued,
    issuers: &[&Certificate],
    known: &dyn KeyTable,
) -> Option<ForgedName> {
    match name_of_issuer(certificate, who, issuers, known) {
        NameOfIssuer::Forged(forged) => Some(forged),
        NameOfIssuer::Borne(_) | NameOfIssuer::NotCompared | NameOfIssuer::Unremarkable => None,
    }
}

/// What the issuer's name of a certificate says against the key that issued it.
///
/// Where a precertificate signing certificate made a precertificate, its name is that one's: then the CA's own name
/// stands in the signer, and both are looked at (RFC 6962 section 3.2).
pub fn name_of_issuer(
    certificate: &Certificate,
    who: &WhoIssued,
    issuers: &[&Certificate],
    known: &dyn KeyTable,
) -> NameOfIssuer {
    let (Some(key), true) = (who.key, who.proof.is_proof()) else { return NameOfIssuer::Unremarkable };
    let signers: Vec<Certificate> =
        issuers.iter().filter(|issuer| issuer.is_precertificate_signer).copied().cloned().collect();
    let Some(signer) = precertificate_signer(certificate, &signers) else {
        return compare(certificate, key, who, issuers, known);
    };
    let of_signer = by_key(signer.spki_sha256, issuers, known);
    match compare(certificate, signer.spki_sha256, &of_signer, issuers, known) {
        NameOfIssuer::Unremarkable => compare(signer, key, who, issuers, known),
        remarkable => remarkable,
    }
}

/// Who a key belongs to that made a signature.
fn by_key(key: SpkiSha256, issuers: &[&Certificate], known: &dyn KeyTable) -> WhoIssued {
    let owner = known.owner_of(&key).unwrap_or_default();
    WhoIssued {
        key: Some(key),
        proof: IssuerProof::Signature,
        below: above(&key, issuers, known).0,
        owner: owner.owner,
        caa_identifiers: owner.caa_identifiers,
        ..WhoIssued::default()
    }
}

fn compare(
    certificate: &Certificate,
    key: SpkiSha256,
    who: &WhoIssued,
    issuers: &[&Certificate],
    known: &dyn KeyTable,
) -> NameOfIssuer {
    let Ok(parts) = certificate.parts() else { return NameOfIssuer::Unremarkable };
    let of_this_name = issuers
        .iter()
        .filter(|issuer| issuer.parts().is_ok_and(|own| own.subject == parts.issuer))
        .map(|issuer| issuer.spki_sha256);
    let mut keys: Vec<SpkiSha256> = CaTable.keys_by_subject(parts.issuer).collect();
    keys.extend(of_this_name.filter(|key| known.owner_of(key).is_some()));
    keys.extend(known.keys_of_name(&certificate.issuer));
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() || keys.contains(&key) {
        return NameOfIssuer::Unremarkable;
    }
    let mut owners: Vec<String> = keys.iter().filter_map(|key| known.owner_of(key)?.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let is_theirs = |owner: &String| owners.iter().any(|own| same_owner(own, owner));
    if owners.is_empty() || [&who.owner, &who.below].into_iter().flatten().any(is_theirs) {
        return NameOfIssuer::Unremarkable;
    }
    let is_of_another = !who.is_unknown_key() || who.below.is_some();
    if is_of_another || above(&key, issuers, known).1 == Top::Reached {
        NameOfIssuer::Forged(ForgedName { owners, keys })
    } else {
        NameOfIssuer::Borne(ForgedName { owners, keys })
    }
}

/// Whether the CAs above a key are there up to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    /// The last one signed itself; or all name issuers that nobody knows.
    Reached,
    /// The CA's certificate is not there, or one above it that bears a known CA's name: it may lead there. One verified
    /// way to a last one is enough for the other: whoever likes makes a certificate for another's key that names a known
    /// CA and that nothing there verifies.
    Missing,
}

/// The owner of the nearest CA above a key, by verified signatures, that is known; and whether all above it are there.
pub(super) fn above(
    key: &SpkiSha256,
    issuers: &[&Certificate],
    known: &dyn KeyTable,
) -> (Option<String>, Top) {
    let mut level: Vec<&Certificate> =
        issuers.iter().filter(|issuer| issuer.spki_sha256 == *key).copied().collect();
    let mut top = if level.is_empty() { Top::Missing } else { Top::Reached };
    let mut is_verified = false;
    for _ in 0..DEEPEST {
        let mut next: Vec<&Certificate> = Vec::new();
        for certificate in level {
            let Ok(own) = certificate.parts() else { continue };
            let mut is_signed = false;
            for &parent in issuers {
                let names_it = parent.parts().is_ok_and(|parts| parts.subject == own.issuer);
                if names_it && is_signed_by(certificate, parent) == SignatureCheck::Made {
                    is_signed = true;
                    is_verified |= parent.sha256 == certificate.sha256;
                    if parent.sha256 != certificate.sha256
                        && next.iter().all(|seen| seen.sha256 != parent.sha256)
                    {
                        next.push(parent);
                    }
                }
            }
            if !is_signed && may_be_missing(certificate, own.issuer, issuers, known) {
                top = Top::Missing;
            }
        }
        let owner = |parent: &&Certificate| known.owner_of(&parent.spki_sha256)?.owner;
        if let Some(owner) = next.iter().find_map(owner) {
            return (Some(owner), top);
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    (None, if is_verified { Top::Reached } else { top })
}

/// Whether a known CA bears the name of this certificate's issuer, and not all of its certificates are there.
fn may_be_missing(
    certificate: &Certificate,
    issuer: &[u8],
    issuers: &[&Certificate],
    known: &dyn KeyTable,
) -> bool {
    let is_here = |key: &SpkiSha256| {
        issuers.iter().any(|other| {
            other.spki_sha256 == *key && other.parts().is_ok_and(|parts| parts.subject == issuer)
        })
    };
    let mut keys = CaTable.keys_by_subject(issuer).chain(known.keys_of_name(&certificate.issuer));
    keys.any(|key| !is_here(&key))
}
