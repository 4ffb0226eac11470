//! What is known of CAs that change their intermediates: facts, each with its source.

use crate::ca::{CaKey, CaRole, CaTable};

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

/// The intermediates that Let's Encrypt issues from no more, by their common names, and since when.
const LETS_ENCRYPT_ENDED: ([&str; 17], &str) = (
    [
        "R3",
        "R4",
        "E1",
        "E2",
        "R10",
        "R11",
        "R12",
        "R13",
        "R14",
        "E5",
        "E6",
        "E7",
        "E8",
        "E9",
        "Let's Encrypt Authority X3",
        "Let's Encrypt Authority X1",
        "Let's Encrypt Authority X4",
    ],
    "2026-07-09",
);

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
    let (names, since) = LETS_ENCRYPT_ENDED;
    let common_name = ca.subject.strip_prefix("C=US, O=Let's Encrypt, CN=");
    if common_name.is_some_and(|name| names.contains(&name)) && today >= since {
        return Some(format!("Let's Encrypt issues nothing from it since {since} at the latest"));
    }
    let mut retirements =
        ca.identifiers.iter().map(|identifier| CaTable.retirement(identifier.domain)).peekable();
    retirements.peek()?;
    // Dates and months compare as texts.
    let all: Option<Vec<_>> = retirements.map(|one| one.filter(|retired| retired.since <= today)).collect();
    all?.first().map(|retired| retired.what.to_owned())
}
