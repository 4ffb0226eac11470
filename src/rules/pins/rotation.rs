//! What is known of CAs that change their intermediates: facts, each with its source.

use crate::ca::{CaKey, CaRole};

/// A CA that changes its intermediates as a matter of course.
pub(super) struct Rotation {
    /// The owner, as the tables of CAs call it.
    owner: &'static str,
    /// What it does.
    pub(super) what: &'static str,
    /// Who says so.
    pub(super) source: &'static str,
}

/// The CAs that say so themselves.
const ROTATIONS: [Rotation; 3] = [
    Rotation {
        owner: "Internet Security Research Group",
        what: "Let's Encrypt issues from two intermediates of each key type at random, holds others ready without \
            warning, and replaces all of them about once a year",
        source: "letsencrypt.org: “Chains of Trust”; posts of 2024-03-19 and 2025-11-24 (intermediates chosen at \
            random to discourage pinning them)",
    },
    Rotation {
        owner: "Amazon Trust Services",
        what: "Amazon issues from many intermediates, adds and removes them without notice, and makes a new key at \
            every renewal",
        source: "AWS: “Certificate pinning” in the user guide of AWS Certificate Manager; AWS security blog, \
            2022-10 (dynamic intermediates)",
    },
    Rotation {
        owner: "Google Trust Services",
        what: "Google issues from several intermediates and changes them without notice; it asks never to pin \
            intermediates or roots of its own",
        source: "Google Trust Services, FAQ on connecting to Google; pki.goog/faq",
    },
];

/// What says of a key that it is of an intermediate that its CA will change.
pub(super) fn of(ca: &CaKey) -> Option<&'static Rotation> {
    if ca.role != CaRole::Intermediate {
        return None;
    }
    ROTATIONS.iter().find(|rotation| ca.owner == Some(rotation.owner))
}

/// Why nothing is issued under a CA any more by `today` (YYYY-MM-DD), if that is known.
pub(super) fn ended(ca: &CaKey, today: &str) -> Option<String> {
    if ca.not_after != "-" && ca.not_after < today {
        return Some(format!("its last certificate ended on {}", ca.not_after));
    }
    ca.retired().filter(|retired| *retired.since <= *today).map(|retired| retired.what)
}
