//! Rules about what pins keep out, and of which kind they are.

use std::collections::BTreeSet;

use super::subjects::{called, each, listed, pins, public_ca};
use crate::ca::{CaKey, CaRole};
use crate::pins::{EnforcementMode, PinMatch, PinVerdict, PinsVerdict};
use crate::rules::{Rule, RuleInfo, Severity};
use crate::x509::ChainPosition;

const OWASP: &str = "OWASP Cheat Sheet Series, Pinning Cheat Sheet";
const RFC_7469: &str = "RFC 7469 section 2.4 (what is hashed)";

/// Any certificate of the pinned CAs passes.
pub(super) static ONLY_SHARED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN021",
        title: "Any certificate of the pinned CAs passes",
        severity: Severity::Low,
        needs: "a pin file, and pins of CAs that the tables know",
        explanation: "Every usable pin is the key of a public CA. These pins refuse certificates of other CAs, and none \
            of these: whoever gets a certificate for your name out of a pinned CA, by a hijacked route or a fault \
            in its validation, passes. A root lets every CA below it pass.",
        advice: "If that matters, pin keys of your own: the server's, and a backup held offline. Otherwise restrict \
            issuance by CAA with an account (RFC 8657), and watch CT for keys that are not yours.",
        references: &[OWASP, "RFC 8657 (CAA bound to an account)"],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let usable = group.usable();
            let cas: Option<Vec<CaKey>> = usable.iter().map(|pin| public_ca(pin)).collect();
            let cas = cas.filter(|cas| !cas.is_empty())?;
            // A pin that could not be read may be a key of the owner's own.
            if group.first.unread > 0 || group.first.enforced != EnforcementMode::Yes {
                return None;
            }
            let names: Vec<String> = cas.iter().map(called).collect();
            let which = if cas.iter().all(|ca| ca.role == CaRole::Root) {
                "Only roots of public CAs are pinned"
            } else {
                "Only keys of public CAs are pinned"
            };
            Some(group.raise(format!("{which}: {}.", listed(&names)), usable))
        })
    },
};

/// From how many CA owners on pins are called too many. A choice of ours: a client of a public site meets one or two
/// CAs and their replacements.
const MANY: usize = 5;

/// So many CAs that little is refused.
pub(super) static MANY_CAS: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN022",
        title: "Many CAs are pinned: little is refused",
        severity: Severity::Low,
        needs: "a pin file, and pins of CAs that the tables know",
        explanation: "Keys of five or more CA owners are pinned for the same hosts (five is our choice; no standard \
            names a number). Each of them can issue a certificate that passes, and most certificates on the web \
            come from a handful of CAs: the pins cost upkeep and refuse little.",
        advice: "Keep the CAs that you use or have arranged to use, or say the same with CAA records and leave the \
            pins out.",
        references: &[OWASP],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let owners: BTreeSet<&str> =
                group.usable().into_iter().filter_map(|pin| public_ca(pin)?.owner).collect();
            if owners.len() < MANY || !group.first.enforced.is_known_to_act() {
                return None;
            }
            let names: Vec<String> = owners.iter().map(|owner| (*owner).to_owned()).collect();
            let message = format!("Keys of {} CA owners are pinned: {}.", owners.len(), listed(&names));
            Some(group.raise(message, group.usable()))
        })
    },
};

/// SHA-1.
pub(super) static SHA1: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN023",
        title: "A pin is a SHA-1 hash",
        severity: Severity::Medium,
        needs: "a pin file",
        explanation: "Collisions of SHA-1 can be made (2017, 2020): two keys or certificates with one hash. A second \
            preimage of a key that is not the attacker's own cannot be, so that the pin still refuses; but nobody \
            should rest on that, and platforms drop such pins (TrustKit, Android and iOS never read them).",
        advice: "Pin the SHA-256 hash of the SubjectPublicKeyInfo.",
        references: &[
            "NIST, 2022-12-15: retiring SHA-1 by the end of 2030",
            "Leurent and Peyrin, “SHA-1 is a Shambles”, USENIX Security 2020",
            "OkHttp, CertificatePinner (sha1/ is kept for old pins)",
        ],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let old: Vec<&PinVerdict> = group
                .first
                .pins
                .iter()
                .filter(|pin| pin.pin.value.as_ref().is_ok_and(crate::pins::PinValue::is_sha1))
                .collect();
            let first = old.first()?;
            let message = format!("{} a SHA-1 hash, such as {}.", is_or_are(old.len()), first.pin);
            Some(group.raise(message, old))
        })
    },
};

/// Whole certificates.
pub(super) static WHOLE_CERTIFICATE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN024",
        title: "A whole certificate is pinned",
        severity: Severity::High,
        needs: "a pin file with hashes of certificates",
        explanation: "The hash is over a certificate, not over its key: every renewal changes it, even with the same \
            key. TLS certificates live 200 days at most since 2026-03-15, and 47 from 2029 on; clients with this \
            pin are locked out by the next renewal, or must be updated before each. Of a CA certificate the end is \
            further away: then the finding is medium, as where another pin is of a key, and for TLSA records, which \
            can be changed at any time.",
        advice: "Pin the SHA-256 hash of the SubjectPublicKeyInfo, and keep the key when you renew.",
        references: &[RFC_7469, "TLS BR 6.3.2 (lifetimes, since ballot SC-081v3)", OWASP],
    },
    raise: |verdict| {
        let records = super::tlsa::of_whole_certificates(verdict);
        let mut raised = each(verdict, |group| {
            let is_whole =
                |pin: &PinVerdict| pin.pin.value.as_ref().is_ok_and(crate::pins::PinValue::is_certificate);
            let whole: Vec<&PinVerdict> = group.first.pins.iter().filter(|pin| is_whole(pin)).collect();
            let first = whole.first()?;
            if !group.first.enforced.is_known_to_act() {
                return None;
            }
            let of_ca = |pin: &&PinVerdict| {
                matches!(pin.matches, PinMatch::At(ChainPosition::Intermediate | ChainPosition::Root))
            };
            let key_beside = group.usable().into_iter().any(|pin| !is_whole(pin));
            let message =
                format!("{} the hash of a whole certificate, such as {}.", is_or_are(whole.len()), first.pin);
            let milder = key_beside || group.first.unread > 0 || whole.iter().any(of_ca);
            let raised = group.raise(message, whole.iter().copied());
            Some(if milder { raised.at(Severity::Medium) } else { raised })
        });
        raised.extend(records);
        raised
    },
};

fn is_or_are(count: usize) -> String {
    if count == 1 { "1 pin is".to_owned() } else { format!("{} are each", pins(count)) }
}
