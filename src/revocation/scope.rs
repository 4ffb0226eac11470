//! Whether a CRL is one for a certificate.
//!
//! Source: RFC 5280 section 6.3.3, steps (b) to (f).

use jiff::Timestamp;

use super::Asked;
use super::verdict::{Trouble, TroubleKind};
use crate::x509::crl::{Crl, Reasons};
use crate::x509::der::{self, Reader};
use crate::x509::distribution::{Point, PointName};
use crate::x509::parts::oid;
use crate::x509::{Certificate, SignatureCheck, hexadecimal, is_signed_by};

/// The reasons that the CRL covers for a certificate of `issuer`, by whichever of the certificate's distribution points
/// with this URL it is for.
pub(super) fn covered(
    crl: &Crl<'_>,
    url: &str,
    asked: &Asked<'_>,
    issuer: &Certificate,
) -> Result<Reasons, Trouble> {
    if crl.extensions.is_delta {
        return Err(Trouble::new(
            TroubleKind::Delta,
            "it is a delta CRL, which tells only what changed since another list (RFC 5280 section 5.2.4)",
        ));
    }
    if let Some(oid) = crl.extensions.unknown_critical {
        return Err(unknown_critical(oid));
    }
    let points = asked.pointers.points.iter();
    let mut outcome = Err(out_of_scope("the certificate does not name its URL".to_owned()));
    for point in points.filter(|point| point.urls().iter().any(|own| own == url)) {
        outcome = by_point(crl, point, asked.certificate, issuer);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

pub(super) fn unknown_critical(oid: &[u8]) -> Trouble {
    let text = format!(
        "it has a critical extension that is not known here (object identifier {} in hexadecimal), so that it must not be used",
        hexadecimal(oid)
    );
    Trouble::new(TroubleKind::UnknownCritical, text)
}

fn out_of_scope(text: String) -> Trouble {
    Trouble::new(TroubleKind::OutOfScope, text)
}

fn by_point(
    crl: &Crl<'_>,
    point: &Point<'_>,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<Reasons, Trouble> {
    let scope = crl.extensions.scope.clone().unwrap_or_default();
    let by_issuer = crl.is_named_after(issuer);
    let by_named = point.crl_issuers().any(|name| name == crl.issuer);
    if point.crl_issuer.is_empty() && !by_issuer {
        return Err(out_of_scope("its issuer has another name than the certificate's issuer".to_owned()));
    }
    // Some CAs name themselves: then it is their own list.
    if !point.crl_issuer.is_empty() && !(by_named && (scope.is_indirect || by_issuer)) {
        return Err(out_of_scope(
            "it is not an indirect list of the CRL issuer that the certificate names (RFC 5280 section 6.3.3 (b)(1))"
                .to_owned(),
        ));
    }
    if scope.only_attribute {
        return Err(out_of_scope("it is about attribute certificates only".to_owned()));
    }
    if scope.only_user && certificate.is_ca {
        return Err(out_of_scope("it is not about CA certificates".to_owned()));
    }
    if scope.only_ca && !certificate.is_ca {
        return Err(out_of_scope("it is about CA certificates only".to_owned()));
    }
    if let Some(name) = &scope.name
        && !is_same_point(name, point)
    {
        return Err(out_of_scope(
            "it is the list of another distribution point than the certificate's, and says nothing of this certificate (RFC 5280 section 5.2.5)"
                .to_owned(),
        ));
    }
    let of_point = point.reasons.unwrap_or(Reasons::ALL);
    Ok(of_point.and(scope.reasons.unwrap_or(Reasons::ALL)))
}

/// Whether the list's distribution point is the certificate's: one name in common (RFC 5280 section 6.3.3 (b)(2)(i)).
fn is_same_point(name: &PointName<'_>, point: &Point<'_>) -> bool {
    match (name, &point.name) {
        (PointName::Full(list), Some(PointName::Full(own))) => {
            list.iter().any(|name| own.iter().any(|own| own.whole == name.whole))
        }
        (PointName::Relative(list), Some(PointName::Relative(own))) => list == own,
        (PointName::Full(list), None) => {
            list.iter().any(|name| point.crl_issuer.iter().any(|own| own.whole == name.whole))
        }
        _ => false,
    }
}

/// Whether the key that issued the certificate vouches for the list, or one that it vouches for itself.
pub(super) fn vouched(
    crl: &Crl<'_>,
    asked: &Asked<'_>,
    issuer: &Certificate,
    at: Timestamp,
) -> Result<(), Trouble> {
    if crl.is_named_after(issuer) {
        return by_key(crl, issuer, "the key that issued the certificate");
    }
    let delegates: Vec<&Certificate> = asked
        .others
        .iter()
        .filter(|other| crl.is_named_after(other) && is_issued_by(other, issuer))
        .copied()
        .collect();
    let is_valid = |delegate: &Certificate| delegate.not_before <= at && at <= delegate.not_after;
    if !delegates.is_empty() && !delegates.iter().any(|delegate| is_valid(delegate)) {
        return Err(Trouble::new(
            TroubleKind::Unverifiable,
            "the certificate of its issuer is not valid at the time of judging",
        ));
    }
    let valid = || delegates.iter().copied().filter(|delegate| is_valid(delegate));
    let signed = |delegate: &&Certificate| crl.is_signed_by(delegate) == SignatureCheck::Made;
    let best =
        valid().find(|delegate| signed(delegate) && may_sign(delegate)).or_else(|| valid().find(signed));
    let Some(delegate) = best.or_else(|| valid().next()) else {
        return Err(Trouble::new(
            TroubleKind::Unverifiable,
            "it is issued by another in the place of the certificate's issuer, and no certificate of that one, by the same issuer, is at hand (--issuer)",
        ));
    };
    by_key(crl, delegate, "the key of the CRL's issuer")
}

/// Whether a certificate bears another's name as its issuer's, and that one's key signed it.
pub(super) fn is_issued_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let is_named = match (certificate.parts(), issuer.parts()) {
        (Ok(certificate), Ok(issuer)) => certificate.issuer == issuer.subject,
        _ => false,
    };
    is_named && is_signed_by(certificate, issuer) == SignatureCheck::Made
}

fn by_key(crl: &Crl<'_>, signer: &Certificate, whose: &str) -> Result<(), Trouble> {
    match crl.is_signed_by(signer) {
        SignatureCheck::Made if may_sign(signer) => Ok(()),
        SignatureCheck::Made => Err(Trouble::new(
            TroubleKind::BadSignature,
            "the certificate of its issuer is not for signing CRLs (RFC 5280 section 4.2.1.3, cRLSign)",
        )),
        SignatureCheck::NotMade => {
            Err(Trouble::new(TroubleKind::BadSignature, format!("its signature was not made by {whose}")))
        }
        SignatureCheck::Unsupported => Err(Trouble::new(
            TroubleKind::Unverifiable,
            "its signature is of an algorithm that is not checked, such as one with SHA-1",
        )),
    }
}

/// Whether keyUsage, where there is one, has cRLSign.
pub(super) fn may_sign(certificate: &Certificate) -> bool {
    const CRL_SIGN: u8 = 0b0000_0010;
    let Ok(parts) = certificate.parts() else { return false };
    let Some(usage) = parts.extension(oid::KEY_USAGE) else { return true };
    let Ok(bits) = Reader::new(usage.value).expect(der::BIT_STRING) else { return false };
    bits.content.get(1).is_some_and(|first| first & CRL_SIGN != 0)
}
