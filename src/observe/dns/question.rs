//! What is asked, and how.

use domain::base::iana::Rtype;

use crate::dns_name::{DnsName, WireName};

/// One question to the DNS (class IN).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The name asked for.
    pub name: WireName,
    /// The type asked for.
    pub rtype: Rtype,
    /// What the server is asked to do for it.
    pub manner: Manner,
}

/// What a server is asked to do for a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// To resolve it, and to say whether it validated the answer (RD and AD; RFC 6840 section 5.7).
    Resolve,
    /// To resolve it, to validate it, and to hand out the DNSSEC records (RD, AD and DO; RFC 4035 section 3.2).
    ResolveAndValidate,
    /// To resolve it and to hand out the DNSSEC records, whatever they are worth: they are validated here
    /// (RD, CD and DO; RFC 4035 section 3.2.2).
    ResolveUnchecked,
    /// To say what it knows itself (no RD): the question for an authoritative server.
    Authoritative,
}

impl Question {
    /// The CAA question for a name.
    pub fn caa(name: &DnsName, manner: Manner) -> Self {
        Self { name: name.to_wire(), rtype: Rtype::CAA, manner }
    }
}

impl Manner {
    /// Whether recursion is desired.
    pub(super) fn recursion(self) -> bool {
        self != Self::Authoritative
    }

    /// Whether checking is to be disabled.
    pub(super) fn checking_disabled(self) -> bool {
        self == Self::ResolveUnchecked
    }

    /// Whether the AD bit is asked for.
    pub(super) fn authentic_data(self) -> bool {
        matches!(self, Self::Resolve | Self::ResolveAndValidate)
    }

    /// Whether DNSSEC records are asked for.
    pub(super) fn dnssec_ok(self) -> bool {
        matches!(self, Self::ResolveAndValidate | Self::ResolveUnchecked)
    }
}
