//! What a stapled OCSP response says.

use jiff::{SignedDuration, Timestamp};

use super::crl::{in_future, overdue};
use super::verdict::{Revocation, Said, SourceKind, SourceVerdict, Status, Trouble, TroubleKind};
use super::{Asked, Question};
use crate::evidence::revocation::Crls;
use crate::x509::Certificate;
use crate::x509::crl::{Reason, Reasons};
use crate::x509::distribution::Pointers;
use crate::x509::ocsp::{self, CertificateStatus, OcspProblem, OcspStatus, Signer, status};

/// The rules about responses of public CAs.
const PUBLIC_RESPONSES: &str = "Baseline Requirements 4.9.10";

/// How old a response may be that does not say until when it counts: newer information is then always there (RFC 6960
/// section 4.2.2.1), and a server that staples it has no reason to keep it for longer.
const WITHOUT_END: SignedDuration = SignedDuration::from_hours(24);

/// Judges the response that came with a certificate, if one did.
pub(super) fn judge(asked: &Asked<'_>, crls: &Crls, at: Timestamp) -> Vec<SourceVerdict> {
    let Some(response) = asked.staple else { return Vec::new() };
    let nothing = SourceVerdict::silent(SourceKind::StapledOcsp, None);
    let Some(issuer) = asked.issuer else {
        let text =
            "the certificate of the issuer is not at hand, so that the response cannot be checked (--issuer)";
        let trouble = Trouble::new(TroubleKind::Unverifiable, text);
        return vec![SourceVerdict { trouble: Some(trouble), ..nothing }];
    };
    vec![match status(response, asked.certificate, issuer, at) {
        Ok(status) => {
            let source = read(&status, asked, at, nothing);
            match &status.signer {
                Signer::Delegated { certificate, no_check: false } => {
                    by_unchecked(source, certificate, asked, crls, at)
                }
                Signer::Delegated { .. } | Signer::Issuer => source,
            }
        }
        Err(problem) => {
            let trouble = Trouble::new(kind(&problem), problem.to_string());
            SourceVerdict { trouble: Some(trouble), ..nothing }
        }
    }]
}

/// The certificate of the responder that signed, if its own status is to be looked at.
pub(super) fn responder_to_check(asked: &Asked<'_>) -> Option<Certificate> {
    ocsp::responder_to_check(asked.staple?, asked.issuer?)
}

/// What a response is worth whose responder may itself be revoked (RFC 6960 section 4.2.2.2.1).
fn by_unchecked(
    source: SourceVerdict,
    responder: &Certificate,
    asked: &Asked<'_>,
    crls: &Crls,
    at: Timestamp,
) -> SourceVerdict {
    let question = Question { public: asked.public, ..Question::about(responder, asked.others) };
    let own = super::judge(&[question], crls, at).into_iter().next();
    let unverified = |text: String| SourceVerdict {
        trouble: Some(Trouble::new(TroubleKind::Unverifiable, text)),
        ..source.clone()
    };
    let why = match own {
        Some(own) => match own.status {
            Status::Good => return source,
            Status::Revoked(revocation) => {
                let text = format!("the certificate of the delegated responder is {}", revocation.in_words());
                return SourceVerdict { said: Said::Nothing, ..unverified(text) };
            }
            Status::Undetermined => own.why,
        },
        None => String::new(),
    };
    let names_nothing = responder.parts().is_ok_and(|parts| {
        let pointers = Pointers::of(&parts);
        pointers.points.is_empty() && pointers.ocsp.is_empty() && pointers.broken.is_empty()
    });
    let text = "whether the certificate of the delegated responder is revoked is not known: it lacks id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1)";
    if names_nothing && !asked.public {
        return SourceVerdict { note: Some(text.to_owned()), ..source };
    }
    match source.said {
        Said::Revoked(_) | Said::Nothing => SourceVerdict { note: Some(text.to_owned()), ..source },
        Said::Good | Said::Unknown => {
            let rule = if asked.public { ", which Baseline Requirements 4.9.9 ask for" } else { "" };
            SourceVerdict {
                said: Said::Nothing,
                ..unverified(format!("{text}{rule}. {}", why.trim_end_matches('.')))
            }
        }
    }
}

/// Whether a response of this time is too old or too new to say “good” by.
fn dated(status: &OcspStatus, asked: &Asked<'_>, at: Timestamp) -> Option<Trouble> {
    let this_update = status.this_update;
    if let Some(trouble) = in_future(this_update, at) {
        return Some(trouble);
    }
    let Some(next) = status.next_update else {
        let age = at.duration_since(this_update);
        let text = if asked.public {
            format!(
                "it is of {this_update} and does not say until when it counts (no nextUpdate, which {PUBLIC_RESPONSES} asks for)"
            )
        } else if age > WITHOUT_END {
            format!(
                "it is of {this_update} and does not say until when it counts (no nextUpdate): newer information is always there (RFC 6960 section 4.2.2.1)"
            )
        } else {
            return None;
        };
        return Some(Trouble::new(TroubleKind::Stale, text));
    };
    overdue(this_update, next, at)
}

fn kind(problem: &OcspProblem) -> TroubleKind {
    use crate::x509::OcspError;
    match problem {
        OcspProblem::Unreadable(OcspError::AboutOthers(_)) => TroubleKind::OutOfScope,
        OcspProblem::Unreadable(OcspError::NotSuccessful(_)) => TroubleKind::NotHad,
        OcspProblem::Unreadable(_) | OcspProblem::BadTime(_) | OcspProblem::BadStatus => {
            TroubleKind::Unreadable
        }
        OcspProblem::UnknownCritical => TroubleKind::UnknownCritical,
        OcspProblem::NotSigned => TroubleKind::BadSignature,
        OcspProblem::Unsupported => TroubleKind::Unverifiable,
        OcspProblem::ResponderExpired => TroubleKind::Stale,
    }
}

fn read(status: &OcspStatus, asked: &Asked<'_>, at: Timestamp, nothing: SourceVerdict) -> SourceVerdict {
    let mut trouble = dated(status, asked, at);
    if status.status == CertificateStatus::Good {
        trouble = trouble.or_else(|| asked.too_old(status.this_update, PUBLIC_RESPONSES, at));
    }
    let said = match status.status {
        CertificateStatus::Revoked { date, reason } => {
            let is_open = match &trouble {
                None => false,
                Some(trouble) if trouble.kind == TroubleKind::InFuture => date > at,
                Some(_) => reason == Some(Reason::CERTIFICATE_HOLD),
            };
            if is_open {
                Said::Nothing
            } else {
                Said::Revoked(Revocation { date, reason, invalid_since: None })
            }
        }
        _ if trouble.is_some() => Said::Nothing,
        CertificateStatus::Good => Said::Good,
        CertificateStatus::Unknown => Said::Unknown,
    };
    SourceVerdict {
        said,
        trouble,
        this_update: Some(status.this_update),
        next_update: status.next_update,
        covers: Reasons::ALL,
        ..nothing
    }
}
