//! The column of CAA records that bind more than the CA: the account, or the validation method (RFC 8657), with the
//! look-ups secured by DNSSEC.

use super::{Judgement, State, Would, caa};
use crate::compare::{CaaBinding, CaaPolicy, Dnssec, Effect, Fact, InPlace, Share, Threat};

const ACCOUNT: &str = "RFC 8657 section 3";
const BINDING: &str = "RFC 8657 sections 3 and 4";
const DNSSEC: &str = "TLS Baseline Requirements 3.2.2.8 (DNSSEC validation of CAA since 2026-03-15)";
const OWN_CA: &str = "where the CA processes RFC 8657, which all public ones must from 2027-03-15 (ballot SC-098v2), and only while DNSSEC is intact: who \
                      forges the answers to the CA forges the account as well";

/// What bound records do.
pub(super) fn would(threat: Threat) -> Would {
    use Threat as T;
    match threat {
        T::AuthorisedCa => Would::new(Effect::Prevents, BINDING).only(OWN_CA),
        T::DnsHijack => Would::new(Effect::Prevents, DNSSEC).only(
            "only while DNSSEC is intact, and where the CA processes RFC 8657: else the records are rewritten first",
        ),
        T::NewKey | T::NewIntermediate => {
            Would::new(Effect::NoEffect, BINDING).only("as long as the same account renews by the same method")
        }
        T::NewCa | T::CaDistrusted => {
            Would::new(Effect::MakesWorse, BINDING).only("until the records name the new CA and the account there")
        }
        _ => caa::would(threat),
    }
}

/// Whether the records bind an account, and DNSSEC secures them; in part where they bind a method alone.
pub(super) fn state(policy: &Fact<CaaPolicy>, binding: &Fact<CaaBinding>) -> State {
    let (Fact::Measured(CaaPolicy::Restrictive { .. }), Fact::Measured(bound)) = (policy, binding) else {
        let state = caa::state(policy);
        return match (policy, binding) {
            (Fact::Measured(CaaPolicy::Restrictive { .. }), _) => {
                State::new(InPlace::Unknown, "Whether the CAA records bind an account was not determined.")
            }
            _ => state,
        };
    };
    let what = |share, name: &str| match share {
        Share::All => format!("Every record that permits a CA binds {name}."),
        Share::Some => format!("Some records that permit a CA bind {name}, and others do not."),
        Share::None => format!("No record binds {name}."),
    };
    // A method alone binds nobody who can pass it.
    let in_place = match (bound.accounts, bound.methods, bound.dnssec) {
        (Share::None, Share::None, _) => InPlace::No,
        (Share::All, _, Dnssec::Secure) => InPlace::Yes,
        _ => InPlace::Partly,
    };
    State::new(in_place, what(bound.accounts, "its account (accounturi)"))
        .and(what(bound.methods, "the validation method (validationmethods)"))
        .and(if bound.must_process {
            "Every public CA must process them."
        } else {
            "Whether the CA processes them is not known: all public CAs must from 2027-03-15 on (RFC 8657, ballot SC-098v2)."
        })
        .and(match bound.dnssec {
            Dnssec::Secure => "The look-ups are secured by DNSSEC.",
            Dnssec::Unknown => "Whether DNSSEC secures the look-ups is not known.",
            Dnssec::Insecure => "The zone is not signed: DNSSEC does not secure the look-ups.",
            Dnssec::Bogus => "The look-ups fail DNSSEC validation.",
        })
}

/// What the records do now.
pub(super) fn judge(threat: Threat, policy: &Fact<CaaPolicy>, binding: &Fact<CaaBinding>) -> Judgement {
    let bound = match (policy, binding) {
        (Fact::Measured(CaaPolicy::Restrictive { .. }), Fact::Measured(bound)) => bound,
        (Fact::Measured(CaaPolicy::Restrictive { .. }), _) => {
            return Judgement::new(
                Effect::Unknown,
                "Whether the CAA records bind an account was not determined.",
                BINDING,
            );
        }
        _ => return caa::judge(threat, policy, Dnssec::Unknown),
    };
    match threat {
        Threat::AuthorisedCa => own_ca(*bound),
        Threat::DnsHijack => hijack(*bound),
        _ if bound.accounts.max(bound.methods) == Share::None => {
            Judgement::new(Effect::NoEffect, "No CAA record binds an account or a method.", BINDING)
        }
        _ => caa::judge(threat, policy, bound.dnssec),
    }
}

/// The CA that may issue does so for somebody else: by an account of his own, or by a method that he can pass.
fn own_ca(bound: CaaBinding) -> Judgement {
    let (effect, reason) = match (bound.accounts, bound.methods) {
        (Share::All, _) if bound.must_process => return account_bound(bound.dnssec),
        (Share::All, _) => (
            Effect::Unknown,
            "Every CAA record that permits a CA names the account; whether the CA refuses any other is not known: public CAs \
             must process RFC 8657 from 2027-03-15 on, and nothing binds private ones to it.",
        ),
        (Share::Some, _) => {
            (Effect::NoEffect, "Some CAA records name the account, and by another any account may ask.")
        }
        (Share::None, Share::All | Share::Some) => (
            Effect::Unknown,
            "The CAA records name validation methods and no account: it depends on which method is abused.",
        ),
        (Share::None, Share::None) => (Effect::NoEffect, "No CAA record binds an account or a method."),
    };
    Judgement::new(effect, reason, if bound.accounts == Share::All { ACCOUNT } else { BINDING })
}

/// The CA goes by the account, if it sees the records: whoever hijacks the route to the name servers forges these as well.
fn account_bound(dnssec: Dnssec) -> Judgement {
    let (effect, when) = match dnssec {
        Dnssec::Secure => (Effect::Prevents, "so that the CA has to refuse any other: the zone is signed."),
        // CAs may not take the failure for a permission, and issue nothing.
        Dnssec::Bogus => {
            (Effect::Prevents, "and DNSSEC validation fails, so that no CA that validates may issue at all.")
        }
        Dnssec::Insecure => (
            Effect::Unknown,
            "so that the CA refuses any other, if it sees the records: the zone is not signed, and who forges the answers \
             to the CA forges these as well.",
        ),
        Dnssec::Unknown => (
            Effect::Unknown,
            "so that the CA refuses any other, if it sees the records: whether the zone is signed was not validated, and \
             who can forge the answers to the CA forges these as well.",
        ),
    };
    let reason = format!("Every CAA record that permits a CA names the account, {when}");
    Judgement::new(effect, reason, ACCOUNT)
}

/// The DNS of the domain is taken over: its records are what the attacker says, unless DNSSEC tells.
fn hijack(bound: CaaBinding) -> Judgement {
    let (effect, reason) = match (bound.accounts, bound.dnssec) {
        (Share::None | Share::Some, _) => (
            Effect::NoEffect,
            "Not every CAA record names an account, and whoever controls the DNS passes the CA's validation.",
        ),
        (Share::All, Dnssec::Secure) if !bound.must_process => (
            Effect::Unknown,
            "The CAA records name the account and are signed; whether the CA goes by it is not known: public CAs \
             must process RFC 8657 from 2027-03-15 on, and nothing binds private ones to it.",
        ),
        (Share::All, Dnssec::Secure) => (
            Effect::Prevents,
            "The CAA records name the account and are signed: whoever cannot sign the zone cannot rewrite them.",
        ),
        (Share::All, Dnssec::Unknown) => {
            (Effect::Unknown, "The CAA records name the account; whether DNSSEC secures them is not known.")
        }
        (Share::All, Dnssec::Insecure | Dnssec::Bogus) => (
            Effect::NoEffect,
            "The CAA records name the account, but DNSSEC does not secure them: whoever controls the DNS rewrites them.",
        ),
    };
    Judgement::new(effect, reason, DNSSEC)
}
