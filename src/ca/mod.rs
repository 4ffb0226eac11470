//! Who a CA is: issuer key → owner → CAA identifiers.
//!
//! All from tables compiled in; nothing is parsed at start. What the tables do not know is absent, which
//! means “not known”, never “no”.

pub mod canonical;
pub(crate) mod certificates;
pub(crate) mod columns;
pub mod expectation;
pub mod issuer;
mod nearest;
mod owner;
mod retired;
mod roots;
mod table;

use serde::Serialize;

pub use self::owner::{owner_key, same_owner};
pub use self::retired::Retired;
pub use self::roots::{RootsOfCas, RootsOfPath};
pub use self::table::CaTable;
use crate::x509::SpkiSha256;

/// What is known of a CA's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaKey {
    /// The key.
    pub spki_sha256: SpkiSha256,
    /// Who owns the CA, if known.
    pub owner: Option<&'static str>,
    /// How the owner is known.
    pub owner_source: OwnerSource,
    /// The subject of the key's newest certificate, for people.
    pub subject: &'static str,
    /// Whether the key is a root's.
    pub role: CaRole,
    /// The notAfter of its last certificate to expire, as a date; `-` where not known.
    pub not_after: &'static str,
    /// The CAA identifiers that the CA is known by.
    pub identifiers: Vec<CaaIdentifier>,
}

/// How the owner of a key is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerSource {
    /// It is not.
    Unknown,
    /// CCADB names the owner for a certificate of this key.
    Certificate,
    /// A root whose organisation CCADB or the lists of CAA identifiers name for that owner.
    RootName,
    /// The owner of the nearest CA above it, by verified signatures, that has one.
    Issuer,
}

/// The part a CA key plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CaRole {
    /// It has a self-issued certificate.
    Root,
    /// It has none.
    Intermediate,
}

/// A CAA identifier that a CA is known by, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CaaIdentifier {
    /// The issuer domain name of RFC 8659 section 4.2.
    pub domain: &'static str,
    /// How it was found.
    pub by: IdentifierSource,
}

/// By whose organisation an identifier was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentifierSource {
    /// The CA's own.
    Subject,
    /// That of a root above it, by verified signatures, or of its owner.
    Root,
}

/// A CAA identifier of a CA that stopped issuing, or that browsers stopped to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetiredIdentifier {
    /// The identifier.
    pub identifier: &'static str,
    /// Who ended it.
    pub kind: RetirementKind,
    /// Since when, as a date or a month.
    pub since: &'static str,
    /// What happened, in one clause.
    pub what: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// Who ended the issuance of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RetirementKind {
    /// The CA itself.
    Stopped,
    /// A root programme, which ended trust.
    Distrusted,
}

#[cfg(test)]
mod tests;
