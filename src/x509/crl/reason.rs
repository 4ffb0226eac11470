//! Why a certificate was revoked, and sets of such reasons.
//!
//! Source: RFC 5280 sections 5.3.1 (CRLReason) and 4.2.1.13 (ReasonFlags).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::fmt;

/// A CRLReason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reason(pub u8);

impl Reason {
    /// The certificate is only suspended (6): it may come back.
    pub const CERTIFICATE_HOLD: Self = Self(6);
    /// An entry of a delta CRL that takes a revocation back (8).
    pub const REMOVE_FROM_CRL: Self = Self(8);

    /// The name in RFC 5280; none for a number that is not assigned.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "reason {}", self.0),
        }
    }
}

/// The reasons that a CRL covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    /// Every reason that ReasonFlags knows.
    pub const ALL: Self = Self(0x7f80);
    /// None.
    pub const NONE: Self = Self(0);

    /// Reads the content of a BIT STRING, whose first bit has no meaning.
    pub(crate) fn read(bit_string: &[u8]) -> Option<Self> {
        let (&unused, octets) = bit_string.split_first()?;
        if unused > 7 {
            return None;
        }
        let first = octets.first().copied().unwrap_or_default();
        let second = octets.get(1).copied().unwrap_or_default();
        Some(Self(u16::from_be_bytes([first, second])).and(Self::ALL))
    }

    /// The reasons in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The reasons in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_their_names() {
        assert_eq!(Reason(1).to_string(), "keyCompromise");
        assert_eq!(Reason(7).to_string(), "reason 7");
    }

    #[test]
    fn flags_are_counted_from_the_first_bit() {
        // keyCompromise and cACompromise, as OpenSSL writes them: 03 02 05 60.
        let two = Reasons::read(&[5, 0x60]).unwrap();
        assert_ne!(two, Reasons::ALL);
        let others = Reasons::read(&[7, 0x1f, 0x80]).unwrap();
        assert_eq!(two.or(others), Reasons::ALL);
        assert_eq!(two.and(others), Reasons::NONE);
        assert_eq!(Reasons::read(&[0, 0x80]), Some(Reasons::NONE), "the first bit is unused");
        assert_eq!(Reasons::read(&[]), None);
        assert_eq!(Reasons::read(&[8, 1]), None);
    }
}
