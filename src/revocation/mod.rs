//! Whether certificates are revoked: what their issuers' CRLs and the OCSP responses that came with them say.
//!
//! Sources: RFC 5280 sections 5 and 6.3, RFC 6960. A certificate's issuer is its key, not its name, and a status counts
//! only where that key vouches for it. What could not be had, verified or dated is no “good”: it is undetermined.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod crl;
mod issuing;
mod provision;
mod scope;
mod staple;
mod verdict;
mod weigh;

use jiff::{SignedDuration, Timestamp};

pub use self::issuing::issuer;
pub use self::provision::{Provision, is_short_lived, is_short_period};
pub use self::verdict::{
    Revocation, RevocationVerdict, Said, SourceKind, SourceVerdict, Status, Trouble, TroubleKind,
};
use crate::evidence::revocation::Crls;
use crate::x509::Certificate;
use crate::x509::distribution::Pointers;

/// By how much the clocks of others may be ahead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A certificate whose status is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The certificate, or the precertificate before it: both have the same serial number.
    pub certificate: &'a Certificate,
    /// Certificates that may be its issuer's, or of whoever issues the CRLs in its place.
    pub issuers: &'a [&'a Certificate],
    /// The OCSP response that came with it.
    pub staple: Option<&'a [u8]>,
    /// Whether a public CA issued it, whose rules then hold.
    pub public: bool,
}

impl<'a> Question<'a> {
    /// One about a certificate by which nothing came, of a CA of no known programme.
    pub fn about(certificate: &'a Certificate, issuers: &'a [&'a Certificate]) -> Self {
        Self { certificate, issuers, staple: None, public: false }
    }
}

/// Judges any number of certificates as of `at`. Each CRL is read once for all of them. Only CRLs from URLs that a
/// certificate itself names count for it.
pub fn judge(questions: &[Question<'_>], crls: &Crls, at: Timestamp) -> Vec<RevocationVerdict> {
    let asked: Vec<Asked<'_>> = questions.iter().map(Asked::of).collect();
    let mut sources: Vec<Vec<SourceVerdict>> =
        asked.iter().map(|asked| staple::judge(asked, crls, at)).collect();
    for observation in crls {
        let about: Vec<usize> = asked
            .iter()
            .enumerate()
            .filter(|(_, asked)| asked.names(&observation.url))
            .map(|(place, _)| place)
            .collect();
        let members: Vec<&Asked<'_>> = about.iter().filter_map(|&place| asked.get(place)).collect();
        for (place, told) in about.iter().zip(crl::judge(observation, &members, at)) {
            if let Some(sources) = sources.get_mut(*place) {
                sources.extend(told);
            }
        }
    }
    asked.iter().zip(sources).map(|(asked, sources)| weigh::verdict(asked, sources, crls, at)).collect()
}

/// A CRL to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlQuestion {
    /// The URLs of one and the same list, in the order in which the certificate names them.
    pub urls: Vec<String>,
    /// The certificates whose keys may have signed it.
    pub signers: Vec<Certificate>,
}

/// Who signs: a key, by its name. What one signer's list is worth must not depend on what another's said, though both are
/// had from the same URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignerId {
    key: [u8; 32],
    name: Vec<u8>,
}

impl SignerId {
    /// That of a certificate's key and subject.
    pub fn of(certificate: &Certificate) -> Self {
        let name = certificate.parts().map(|parts| parts.subject.to_vec()).unwrap_or_default();
        Self { key: certificate.spki_sha256.0, name }
    }

    /// Both, as octets.
    pub fn octets(&self) -> Vec<u8> {
        [self.key.as_slice(), &self.name].concat()
    }
}

impl CrlQuestion {
    /// Who may have signed the list, in an order of their own.
    pub fn signer_ids(&self) -> Vec<SignerId> {
        let mut ids: Vec<SignerId> = self.signers.iter().map(SignerId::of).collect();
        ids.sort();
        ids
    }
}

/// The most distribution points of one certificate that are asked; those in use have one or two.
const MOST_POINTS: usize = 8;

/// The CRLs of certificates: one for each distribution point of each and for whoever may have signed it, and of the
/// responders of stapled responses.
pub fn crl_questions(questions: &[Question<'_>]) -> Vec<CrlQuestion> {
    let mut wanted: Vec<CrlQuestion> = Vec::new();
    for asked in questions.iter().map(Asked::of) {
        asked.want(&mut wanted);
        if let Some(responder) = staple::responder_to_check(&asked) {
            Asked::of(&Question::about(&responder, asked.others)).want(&mut wanted);
        }
    }
    wanted
}

/// A question with what the certificate says and who issued it.
struct Asked<'a> {
    certificate: &'a Certificate,
    others: &'a [&'a Certificate],
    staple: Option<&'a [u8]>,
    public: bool,
    issuer: Option<&'a Certificate>,
    pointers: Pointers<'a>,
}

impl<'a> Asked<'a> {
    fn of(question: &Question<'a>) -> Self {
        Self {
            certificate: question.certificate,
            others: question.issuers,
            staple: question.staple,
            public: question.public,
            issuer: issuing::issuer(question.certificate, question.issuers),
            pointers: question.certificate.parts().map(|parts| Pointers::of(&parts)).unwrap_or_default(),
        }
    }

    fn names(&self, url: &str) -> bool {
        self.pointers.points.iter().any(|point| point.urls().iter().any(|own| own == url))
    }

    /// Adds the lists that it names; none where its issuer is not at hand, for nothing in them could be believed.
    fn want(&self, wanted: &mut Vec<CrlQuestion>) {
        let Some(issuer) = self.issuer else { return };
        let points = self.pointers.points.iter().filter(|point| !point.urls().is_empty());
        for point in points.take(MOST_POINTS) {
            let urls = point.urls();
            let is_delegate = |other: &&Certificate| {
                other.parts().is_ok_and(|parts| point.crl_issuers().any(|name| name == parts.subject))
                    && scope::is_issued_by(other, issuer)
            };
            let delegates = self.others.iter().copied().filter(is_delegate);
            let mut signers: Vec<Certificate> = Vec::new();
            for signer in std::iter::once(issuer).chain(delegates) {
                if signers.iter().all(|known| SignerId::of(known) != SignerId::of(signer)) {
                    signers.push(signer.clone());
                }
            }
            let question = CrlQuestion { urls, signers };
            if wanted
                .iter()
                .all(|known| known.urls != question.urls || known.signer_ids() != question.signer_ids())
            {
                wanted.push(question);
            }
        }
    }

    /// How old what says “good” may be at most: the longest that the rules of public CAs let it count.
    fn oldest(&self) -> Option<SignedDuration> {
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        let days = if self.certificate.is_ca { 366 } else { 10 };
        self.public.then(|| DAY.saturating_mul(days))
    }

    /// Whether what is of this time is too old to say “good” by, whatever it says itself.
    fn too_old(&self, this_update: Timestamp, rule: &str, at: Timestamp) -> Option<Trouble> {
        let oldest = self.oldest()?;
        (at.duration_since(this_update) > oldest).then(|| {
            let days = oldest.as_hours() / 24;
            let text = format!(
                "it is of {this_update}, and of a public CA nothing counts for longer than {days} days ({rule})"
            );
            Trouble::new(TroubleKind::TooOld, text)
        })
    }
}

#[cfg(test)]
mod tests;
