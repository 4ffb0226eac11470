//! What is often said of pinning and is not so, told where what was measured shows it.

use serde::Serialize;

use super::known::Known;
use crate::compare::replay::{Level, PinSetKind};
use crate::compare::{CaaPolicy, Hpkp};

/// A claim that does not hold, and what is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Correction {
    /// The claim.
    pub claim: &'static str,
    /// What is so.
    pub correction: &'static str,
    /// Where that is written.
    pub source: &'static str,
    /// What was measured here.
    pub evidence: String,
}

/// A claim, and what of what is known shows that it does not hold here.
struct Claim {
    said: &'static str,
    correction: &'static str,
    source: &'static str,
    shown: fn(&Known<'_>) -> Option<String>,
}

/// Every claim that evidence can speak to; docs/compare.md answers further ones.
static CLAIMS: [Claim; 4] = [
    Claim {
        said: "Public-Key-Pins makes browsers pin",
        correction: "No browser obeys the header any more; it protects nobody.",
        source: "Chrome Platform Status, “Remove HTTP-Based Public Key Pinning” (Chrome 72)",
        shown: |known| {
            let is_sent = known.facts.hpkp.measured() == Some(&Hpkp::Sent);
            is_sent.then(|| "the header is among those given".to_owned())
        },
    },
    Claim {
        said: "CAA prevents every other CA from issuing",
        correction: "CAA binds CAs that obey it, at the moment they issue: one that is broken into or coerced passes it over, \
                     and no client looks at it.",
        source: "RFC 8659 sections 1 and 5",
        shown: |known| match known.facts.caa.measured() {
            Some(CaaPolicy::Restrictive { permitted, .. }) if permitted.is_empty() => {
                Some("CAA permits nobody here".to_owned())
            }
            Some(CaaPolicy::Restrictive { permitted, .. }) => {
                Some(format!("CAA permits {} here", permitted.join(", ")))
            }
            _ => None,
        },
    },
    Claim {
        said: "A renewed certificate keeps its key",
        correction: "Certbot and many CDNs make a new key for each certificate unless they are told not to.",
        source: "Certbot 1.20.0, release notes (--no-reuse-key is the default)",
        shown: |known| {
            let share = known.replay()?.key_reuse;
            (share.count < share.of).then(|| format!("{} of {} renewals kept the key", share.count, share.of))
        },
    },
    Claim {
        said: "Pinning the intermediate outlasts renewals",
        correction: "CAs change their intermediates without notice, and some choose one at random for each certificate.",
        source: "Let's Encrypt, “New Intermediate Certificates” (2024-03-19)",
        shown: |known| {
            let is_it = |kind: &PinSetKind| {
                matches!(kind, PinSetKind::Hypothetical { level: Level::Intermediate, backup: false })
            };
            let set = known.replay()?.pin_sets.iter().find(|set| is_it(&set.kind))?;
            (set.sure > 0).then(|| format!("such pins would have locked users out {}", set.times()))
        },
    },
];

/// The claims that what is known shows not to hold.
pub(super) fn shown(known: &Known<'_>) -> Vec<Correction> {
    CLAIMS
        .iter()
        .filter_map(|claim| {
            let evidence = (claim.shown)(known)?;
            Some(Correction {
                claim: claim.said,
                correction: claim.correction,
                source: claim.source,
                evidence,
            })
        })
        .collect()
}
