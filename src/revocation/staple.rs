//! What a stapled OCSP response says.

use jiff::Timestamp;

use super::Asked;
use super::crl::dated;
use super::verdict::{Revocation, Said, SourceKind, SourceVerdict, Trouble, TroubleKind};
use crate::x509::crl::{Reason, Reasons};
use crate::x509::ocsp::{CertificateStatus, OcspProblem, OcspStatus, status};

/// Judges the response that came with a certificate, if one did.
pub(super) fn judge(asked: &Asked<'_>, at: Timestamp) -> Vec<SourceVerdict> {
    let Some(response) = asked.staple else { return Vec::new() };
    let nothing = SourceVerdict {
        kind: SourceKind::StapledOcsp,
        url: None,
        said: Said::Nothing,
        trouble: None,
        this_update: None,
        next_update: None,
        number: None,
        entries: None,
        fetched_at: None,
        from_cache: false,
        covers: Reasons::NONE,
    };
    let Some(issuer) = asked.issuer else {
        let text =
            "the certificate of the issuer is not at hand, so that the response cannot be checked (--issuer)";
        let trouble = Trouble::new(TroubleKind::Unverifiable, text);
        return vec![SourceVerdict { trouble: Some(trouble), ..nothing }];
    };
    vec![match status(response, asked.certificate, issuer, at) {
        Ok(status) => read(&status, at, nothing),
        Err(problem) => {
            let trouble = Trouble::new(kind(&problem), problem.to_string());
            SourceVerdict { trouble: Some(trouble), ..nothing }
        }
    }]
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

fn read(status: &OcspStatus, at: Timestamp, nothing: SourceVerdict) -> SourceVerdict {
    let trouble = dated(status.this_update, status.next_update, at);
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
