//! Whether a certificate that was issued is revoked, as far as that was looked at.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{IssuanceVerdict, JudgedCertificate};
use crate::revocation::{Revocation, RevocationVerdict, Status};
use crate::x509::Certificate;
use crate::x509::crl::Reason;
use crate::x509::precertificate::logged_tbs;

/// What is known now of a certificate's revocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RevocationToday {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// The certificate has expired: what becomes of it is no matter, and its CA may have dropped it from its lists.
    NotNeeded,
    /// It cannot be looked at, and why.
    NotChecked(String),
    /// It was judged by the certificate's CRLs.
    Judged(Box<RevocationVerdict>),
}

impl RevocationToday {
    /// The name in the JSON of reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAsked | Self::NotChecked(_) => "not_checked",
            Self::NotNeeded => "not_needed",
            Self::Judged(verdict) => verdict.status.name(),
        }
    }

    /// The verdict, if there is one.
    pub fn verdict(&self) -> Option<&RevocationVerdict> {
        match self {
            Self::Judged(verdict) => Some(verdict),
            Self::NotAsked | Self::NotNeeded | Self::NotChecked(_) => None,
        }
    }

    /// The revocation, if its issuer says that it is revoked.
    pub fn revocation(&self) -> Option<Revocation> {
        self.verdict().and_then(RevocationVerdict::revocation)
    }

    /// What it rests on, or why it is not known, in sentences.
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Judged(verdict) => Some(verdict.why.clone()),
            Self::NotChecked(why) => Some(format!("{why}.")),
            Self::NotAsked | Self::NotNeeded => None,
        }
    }

    /// Whether it is open though it could be known: a short-lived certificate that names no list need not be revocable.
    pub fn is_demanded(&self) -> bool {
        let need_not = |verdict: &RevocationVerdict| {
            verdict.provision.short_lived && verdict.provision.crl_urls.is_empty()
        };
        self.is_open() && !self.verdict().is_some_and(need_not)
    }

    /// Whether it was to be looked at and is not known.
    pub fn is_open(&self) -> bool {
        match self {
            Self::NotChecked(_) => true,
            Self::Judged(verdict) => verdict.status == Status::Undetermined,
            Self::NotAsked | Self::NotNeeded => false,
        }
    }
}

impl JudgedCertificate {
    /// Since when its CA has revoked it for good, as of `at`: what is only on hold may come back. The list of a key that
    /// nobody knows excuses nothing: an attacker's would say the same.
    pub fn revoked_for_good(&self, at: Timestamp) -> Option<Timestamp> {
        self.certificate.issuer.owner.as_ref()?;
        let revocation = self.revocation.revocation()?;
        let is_for_good = revocation.reason != Some(Reason::CERTIFICATE_HOLD) && revocation.date <= at;
        is_for_good.then_some(revocation.date)
    }

    /// What sources claim of its revocation and what its issuer signed contradicts: the source, and whether it says that it
    /// is revoked.
    pub fn contradicted_claims(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let is_revoked = match self.revocation.verdict().map(|verdict| verdict.status) {
            Some(Status::Revoked(_)) => Some(true),
            Some(Status::Good) => Some(false),
            Some(Status::Undetermined) | None => None,
        };
        let claims = self.certificate.revoked.iter().copied();
        claims.filter(move |(_, claimed)| is_revoked.is_some_and(|is_revoked| is_revoked != *claimed))
    }

    /// What sources claim of its revocation where nothing that its issuer signed tells: the source, and whether it says that
    /// it is revoked.
    pub fn unverified_claims(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let is_known =
            self.revocation.verdict().is_some_and(|verdict| verdict.status != Status::Undetermined);
        self.certificate.revoked.iter().copied().filter(move |_| !is_known)
    }

    /// The sources that claim that it is revoked, or not; nothing proves it.
    pub fn claimed_revoked(&self) -> Option<bool> {
        let said = |wanted| self.certificate.revoked.iter().any(|(_, revoked)| *revoked == wanted);
        if said(true) { Some(true) } else { said(false).then_some(false) }
    }
}

impl IssuanceVerdict {
    /// Takes over what is known of the revocation of the certificate that a server showed, from its CRL or the response that
    /// came with it. What is not known of it stays as it is.
    pub fn served(&mut self, served: &Certificate, known: &RevocationVerdict) {
        if known.status == Status::Undetermined {
            return;
        }
        let tbs: Option<[u8; 32]> = logged_tbs(served).map(|tbs| Sha256::digest(&tbs).into());
        for judged in &mut self.certificates {
            let it = &judged.certificate;
            let is_it = it.sha256 == Some(served.sha256) || (tbs.is_some() && it.tbs_sha256 == tbs);
            if is_it && judged.revocation == RevocationToday::NotAsked {
                judged.revocation = RevocationToday::Judged(Box::new(known.clone()));
            }
        }
    }
}
