//! Whether a certificate that was issued is revoked, as far as that was looked at.

use crate::revocation::{Revocation, RevocationVerdict, Status};

use super::JudgedCertificate;

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
    /// The sources that claim that it is revoked, or not; nothing proves it.
    pub fn claimed_revoked(&self) -> Option<bool> {
        let said = |wanted| self.certificate.revoked.iter().any(|(_, revoked)| *revoked == wanted);
        if said(true) { Some(true) } else { said(false).then_some(false) }
    }
}
