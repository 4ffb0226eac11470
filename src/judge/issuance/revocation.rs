//! Whether what was issued is revoked: the certificates whose octets are at hand, by the CRLs that they name.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{IssuanceJudge, read};
use crate::evidence::issuance::IssuanceEvidence;
use crate::evidence::revocation::{Crls, Reach, within};
use crate::issuance::issuers::Issuers;
use crate::issuance::reported::SourceReading;
use crate::issuance::revocation::RevocationToday;
use crate::issuance::{IssuanceVerdict, JudgedCertificate};
use crate::revocation::{self, CrlQuestion, Question};
use crate::x509::{Certificate, CertificateSha256};

/// The CRLs of what was issued for a name, by where they may be asked for.
#[derive(Clone, Debug, Default)]
pub struct IssuedCrls {
    /// Those that strangers' certificates name: at public addresses.
    pub public: Vec<CrlQuestion>,
    /// Those of CAs that the policy names as the owner's own: the owner trusts who wrote the URLs.
    pub own: Vec<CrlQuestion>,
}

impl IssuedCrls {
    /// Each list, and how far may be asked for it. The strangers' come last: they must not use up what the owner's need.
    pub fn by_reach(self) -> impl Iterator<Item = (CrlQuestion, Reach)> {
        let own = self.own.into_iter().map(|question| (question, Reach::Anywhere));
        own.chain(self.public.into_iter().map(|question| (question, Reach::Public)))
    }
}

/// The octets that the sources showed.
struct Shown {
    by_hash: HashMap<CertificateSha256, Certificate>,
    issuers: Issuers,
}

impl IssuanceJudge<'_> {
    /// The CRLs that the certificates name which can still be used and whose issuers are at hand: without the issuer's
    /// certificate nothing in them could be believed.
    pub fn crl_questions(&self, evidence: &IssuanceEvidence, verdict: &IssuanceVerdict) -> IssuedCrls {
        let shown = self.shown(evidence);
        let asked: Vec<(Subject<'_>, bool)> = verdict
            .certificates
            .iter()
            .filter_map(|judged| self.subject(judged, &shown).ok())
            .map(|subject| {
                let own = self.is_own(&subject);
                (subject, own)
            })
            .collect();
        let of = |wanted: bool| {
            let questions: Vec<Question<'_>> = asked
                .iter()
                .filter(|(_, own)| *own == wanted)
                .map(|(subject, _)| Question::about(subject.certificate, &subject.issuers))
                .collect();
            revocation::crl_questions(&questions)
        };
        IssuedCrls { public: of(false), own: of(true) }
    }

    /// The same of everything that was seen of a name; none where revocation was not asked for.
    pub fn crls_of(&self, evidence: &IssuanceEvidence, seen: Timestamp) -> IssuedCrls {
        if !self.request.revocation {
            return IssuedCrls::default();
        }
        self.crl_questions(evidence, &self.judge(evidence, seen))
    }

    /// Judges the revocation of what was issued, where it was asked for.
    pub fn judge_revocation(&self, evidence: &IssuanceEvidence, verdict: &mut IssuanceVerdict, crls: &Crls) {
        if !self.request.revocation {
            return;
        }
        let shown = self.shown(evidence);
        let subjects: Vec<Result<Subject<'_>, RevocationToday>> =
            verdict.certificates.iter().map(|judged| self.subject(judged, &shown)).collect();
        let mut judged: Vec<Option<RevocationToday>> = vec![None; subjects.len()];
        for own in [false, true] {
            let reach = if own { Reach::Anywhere } else { Reach::Public };
            let crls = within(crls, reach);
            let (places, questions): (Vec<usize>, Vec<Question<'_>>) = subjects
                .iter()
                .enumerate()
                .filter_map(|(place, subject)| Some((place, subject.as_ref().ok()?)))
                .filter(|(_, subject)| self.is_own(subject) == own)
                .map(|(place, subject)| {
                    let about = Question::about(subject.certificate, &subject.issuers);
                    (place, Question { public: subject.public, ..about })
                })
                .unzip();
            let verdicts = revocation::judge(&questions, &crls, self.at);
            for (place, verdict) in places.into_iter().zip(verdicts) {
                if let Some(slot) = judged.get_mut(place) {
                    *slot = Some(RevocationToday::Judged(Box::new(verdict)));
                }
            }
        }
        let all: Vec<RevocationToday> = subjects
            .into_iter()
            .zip(judged)
            .map(|(subject, judged)| match (subject, judged) {
                (Err(why), _) => why,
                (Ok(_), judged) => judged.unwrap_or_default(),
            })
            .collect();
        for (certificate, revocation) in verdict.certificates.iter_mut().zip(all) {
            certificate.revocation = revocation;
        }
    }

    /// Reads what the sources showed.
    fn shown(&self, evidence: &IssuanceEvidence) -> Shown {
        let mut shown = Shown { by_hash: HashMap::new(), issuers: Issuers::over(Arc::clone(&self.issuers)) };
        let told: Vec<SourceReading> = evidence.observation.sources.iter().map(read).collect();
        for reading in self.inputs.certificates.iter().chain(&told) {
            for reported in &reading.certificates {
                reported.chain.iter().for_each(|der| shown.issuers.add_der(der));
                for der in reported.certificate.iter().chain(&reported.precertificate) {
                    if let Ok(certificate) = Certificate::read(der) {
                        shown.by_hash.insert(certificate.sha256, certificate);
                    }
                }
            }
        }
        shown
    }

    /// What is asked about a certificate; or why nothing is.
    fn subject<'s>(
        &'s self,
        judged: &JudgedCertificate,
        shown: &'s Shown,
    ) -> Result<Subject<'s>, RevocationToday> {
        if !judged.life.can_be_used() {
            return Err(RevocationToday::NotNeeded);
        }
        let it = &judged.certificate;
        let hashes = [it.sha256, it.precertificate_sha256];
        let certificate = hashes.into_iter().flatten().find_map(|hash| shown.by_hash.get(&hash));
        let Some(certificate) = certificate else {
            let why = "no source showed the certificate itself, so that its CRLs are not known";
            return Err(RevocationToday::NotChecked(why.to_owned()));
        };
        let mut issuers = shown.issuers.above(certificate);
        let is_named = |anchor: &&Certificate| {
            anchor.subject == certificate.issuer
                || issuers.iter().any(|issuer| issuer.issuer == anchor.subject)
        };
        let anchors: Vec<&Certificate> = self.inputs.anchors.certificates().iter().filter(is_named).collect();
        issuers.extend(anchors);
        if revocation::issuer(certificate, &issuers).is_none() {
            let why =
                "the certificate of its issuer is not at hand, so that no CRL could be verified (--issuer)";
            return Err(RevocationToday::NotChecked(why.to_owned()));
        }
        let public = it.issuer.key.is_some_and(|key| self.inputs.known_ca(&key).is_some());
        Ok(Subject { certificate, issuers, public })
    }

    /// Whether the policy names the CA whose key made the signature as the owner's own.
    fn is_own(&self, subject: &Subject<'_>) -> bool {
        let key = revocation::issuer(subject.certificate, &subject.issuers).map(|issuer| issuer.spki_sha256);
        self.inputs.policy.private_ca.iter().any(|ca| Some(ca.spki_sha256.0) == key)
    }
}

/// A certificate with what may have issued it.
struct Subject<'s> {
    certificate: &'s Certificate,
    issuers: Vec<&'s Certificate>,
    /// Whether its key is one of a public CA's.
    public: bool,
}
