//! The column of revocation: what a CA takes back, in clients that look.
//!
//! Whether a client looks is its own affair, and no server can be asked about it: nothing here is ever “prevented”.

use super::{Judgement, State, Would};
use crate::compare::{Effect, Fact, InPlace, RevocationPaths, RevocationStatus, Threat};

const DEADLINE: &str = "TLS Baseline Requirements 4.9.1.1";
const STATUS: &str = "RFC 5280 section 6.3; RFC 6960";
const SHORT: &str = "TLS Baseline Requirements 1.6.1 (Short-lived Subscriber Certificate)";
const FOUND: &str = "only once it was found and reported: the CA has 24 hours, or 5 days, to revoke; and only in clients \
                     that check";

/// What revocation does.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::OtherCaLogged | T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack => {
            Would::new(Effect::Prevents, DEADLINE).only(FOUND)
        }
        T::StolenKey => Would::new(Effect::Prevents, DEADLINE).only(
            "only once the theft was noticed and the certificate revoked, and in clients that check; a short-lived \
             certificate bounds it without",
        ),
        _ => Would::new(Effect::NoEffect, STATUS),
    }
}

/// Whether clients could learn of a revocation.
pub(super) fn state(paths: &Fact<RevocationPaths>) -> State {
    let paths = match paths {
        Fact::NotGiven => return State::new(InPlace::Unknown, "No certificate was obtained."),
        Fact::Undetermined => {
            return State::new(
                InPlace::Unknown,
                "How clients learn of a revocation could not be determined.",
            );
        }
        Fact::Measured(paths) => paths,
    };
    let state = if paths.has_none() {
        State::new(InPlace::No, named(paths))
    } else {
        State::new(InPlace::Partly, named(paths)).and("Whether clients check is not known.")
    };
    match &paths.status {
        Fact::NotGiven => state,
        Fact::Undetermined => state.and("Whether it is revoked could not be determined."),
        Fact::Measured(RevocationStatus::Good) => state.and("It is not revoked."),
        Fact::Measured(RevocationStatus::Revoked) => state.and("It is revoked."),
    }
}

impl RevocationPaths {
    /// Whether the certificate leads nobody to its status.
    fn has_none(&self) -> bool {
        !self.names_crl && !self.names_ocsp && self.is_stapled != Some(true)
    }
}

/// What the certificate leads to, in one sentence.
fn named(paths: &RevocationPaths) -> String {
    let mut ways = Vec::new();
    if paths.names_crl {
        ways.push("names a CRL");
    }
    if paths.names_ocsp {
        ways.push("names an OCSP responder");
    }
    if paths.is_stapled == Some(true) {
        ways.push("comes with a stapled OCSP response");
    }
    if paths.must_staple {
        ways.push("demands a stapled response");
    }
    if ways.is_empty() {
        ways.push("leads to no revocation status");
    }
    if paths.short_lived {
        ways.push("is a short-lived one");
    }
    format!("The certificate {}.", ways.join(", "))
}

/// What revocation does now.
pub(super) fn judge(threat: Threat, paths: &Fact<RevocationPaths>) -> Judgement {
    let paths = match paths {
        Fact::NotGiven => return Judgement::new(Effect::Unknown, "No certificate was obtained.", STATUS),
        Fact::Undetermined => {
            return Judgement::new(
                Effect::Unknown,
                "How clients learn of a revocation could not be determined.",
                STATUS,
            );
        }
        Fact::Measured(paths) => paths,
    };
    match threat {
        Threat::StolenKey => stolen_key(paths),
        Threat::OtherCaLogged | Threat::OtherCaDeceived | Threat::AuthorisedCa | Threat::DnsHijack => {
            Judgement::new(
                Effect::Unknown,
                "The other certificate can be revoked once it is found; whether clients then learn of it was not measured.",
                DEADLINE,
            )
        }
        Threat::OtherCaUnlogged | Threat::ColludingLogs => {
            Judgement::new(Effect::NoEffect, "A certificate that nobody finds is not revoked.", DEADLINE)
        }
        _ => Judgement::new(
            Effect::NoEffect,
            "Revocation takes back certificates, and changes nothing here.",
            STATUS,
        ),
    }
}

fn stolen_key(paths: &RevocationPaths) -> Judgement {
    let until = paths.not_after.map(|end| end.strftime("%Y-%m-%d").to_string());
    match (paths.has_none(), paths.short_lived, until) {
        (true, true, until) => {
            let until = until.map(|day| format!(", on {day}")).unwrap_or_default();
            Judgement::new(
                Effect::NoEffect,
                format!(
                    "Nobody need revoke a short-lived certificate: the stolen key serves until it expires{until}."
                ),
                SHORT,
            )
        }
        (true, false, _) => Judgement::new(
            Effect::NoEffect,
            "The certificate names neither CRL nor OCSP responder: clients have nowhere to learn that it was revoked.",
            STATUS,
        ),
        (false, _, until) => {
            let until = until.map(|day| format!(" and else it serves until {day}")).unwrap_or_default();
            Judgement::new(
                Effect::Unknown,
                format!(
                    "Once revoked, clients that check refuse it; whether they check was not measured,{until}."
                )
                .replace(",.", "."),
                DEADLINE,
            )
        }
    }
}
