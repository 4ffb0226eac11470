//! What was issued for a name: the sources read, who issued by everything that is known, and CAA as seen now.

mod revocation;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::revocation::IssuedCrls;
use super::inputs::Inputs;
use super::target::{NOT_ASKED, Part};
use crate::ca::issuer::{Candidate, KeyOwner};
use crate::caa::{self, CaIdentity, CaaQuestion, Verdict, Who};
use crate::ct::verdict::{Audience, Delivered};
use crate::ct::verify::{Subject, Verifier};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::CaaLookup;
use crate::evidence::issuance::{IssuanceEvidence, IssuanceSource, Told};
use crate::evidence::revocation::Crls;
use crate::evidence::{Request, TargetEvidence};
use crate::issuance::comparable_name;
use crate::issuance::issued::IssuedCertificate;
use crate::issuance::issuers::Issuers;
use crate::issuance::known::{Acceptance, Inventory, KeyTable, Knowledge, Served};
use crate::issuance::renewal::issuer_label;
use crate::issuance::reported::SourceReading;
use crate::issuance::{CaaToday, IssuanceVerdict, JudgedCertificate, files, sources};
use crate::policy::Accepted;
use crate::scope;
use crate::x509::{Certificate, SpkiSha256};

/// For how many names CAA is looked up and judged.
const MAX_CAA_NAMES: usize = 250;

/// Judges what was issued, by the inputs of one run.
#[derive(Debug)]
pub struct IssuanceJudge<'r> {
    request: &'r Request,
    inputs: &'r Inputs,
    /// Remembers the keys of logs from one certificate to the next.
    verifier: RefCell<Verifier<'r>>,
    /// The keys that the policy lists, by domain.
    keys: Vec<(&'r DnsName, Vec<SpkiSha256>)>,
    /// The services that the policy names, by domain.
    providers: Vec<(&'r DnsName, Vec<String>)>,
    /// The certificates of CAs that are given, and the trust anchors.
    issuers: Arc<Issuers>,
    at: Timestamp,
}

impl<'r> IssuanceJudge<'r> {
    /// A judge as of `at`.
    pub fn new(request: &'r Request, inputs: &'r Inputs, at: Timestamp) -> Self {
        let domains = &inputs.policy.domain;
        let keys = domains.iter().filter_map(|domain| {
            let keys = domain.known_keys.as_ref()?;
            Some((&domain.name, keys.iter().map(|key| key.0).collect()))
        });
        let providers = domains.iter().filter(|domain| !domain.served_by.is_empty()).map(|domain| {
            (&domain.name, domain.served_by.iter().map(|provider| provider.0.clone()).collect())
        });
        Self {
            request,
            inputs,
            verifier: RefCell::new(Verifier::new(&inputs.logs)),
            keys: keys.collect(),
            providers: providers.collect(),
            issuers: inputs.pool(),
            at,
        }
    }

    /// The same by these certificates of CAs, of [`Inputs::pool_with`].
    #[must_use]
    pub fn by_issuers(mut self, issuers: Arc<Issuers>) -> Self {
        self.issuers = issuers;
        self
    }

    /// Judges what was seen of one name; `seen` is when CAA was looked up.
    pub fn judge(&self, evidence: &IssuanceEvidence, seen: Timestamp) -> IssuanceVerdict {
        let told: Vec<SourceReading> = evidence.observation.sources.iter().map(read).collect();
        let readings: Vec<&SourceReading> = self.inputs.certificates.iter().chain(&told).collect();
        let mut issuers = Issuers::over(Arc::clone(&self.issuers));
        for source in &evidence.observation.sources {
            // They may tell whose name it is that another's certificate bears.
            if let Told::WatchState(state) = &source.told {
                state.issuers.iter().for_each(|der| issuers.add_der(der));
            }
        }
        let mut verdict =
            crate::issuance::judge(&evidence.observation.name, &readings, issuers, self, self.at);
        for judged in &mut verdict.certificates {
            judged.caa = self.caa_today(judged, &evidence.observation.name, &evidence.caa, seen);
        }
        verdict
    }

    /// What CAA as seen now says of a certificate's CA. It binds when a certificate is issued (RFC 8659 section 1).
    fn caa_today(
        &self,
        judged: &JudgedCertificate,
        asked: &DnsName,
        lookups: &[CaaLookup],
        seen: Timestamp,
    ) -> CaaToday {
        if !judged.life.can_be_used() {
            return CaaToday::NotNeeded;
        }
        let who = &judged.certificate.issuer;
        if who.caa_identifiers.is_empty() {
            return CaaToday::NotChecked("no CAA identifier of its CA is known".to_owned());
        }
        if self.request.offline && lookups.is_empty() {
            return CaaToday::NotChecked("CAA was not looked up, by --offline".to_owned());
        }
        let ca = CaIdentity { label: issuer_label(judged), identifiers: who.caa_identifiers.clone() };
        let question = CaaQuestion::tls(Who::Named(vec![ca]));
        let mut denied = Vec::new();
        let mut open = None;
        // The oldest of the answers that it rests on; of those that deny, where some do.
        let (mut looked, mut denied_at): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        let earlier = |one: Option<Timestamp>, other| Some(one.map_or(other, |one| one.min(other)));
        let names = own_names(judged, asked);
        if names.is_empty() {
            return CaaToday::NotChecked("none of its names is one that CAA can be looked up for".to_owned());
        }
        for name in names {
            let Some(lookup) = lookups.iter().find(|lookup| lookup.name == name.base) else {
                open.get_or_insert_with(|| format!("CAA of {name} was not looked up"));
                continue;
            };
            let answered = lookup.answered_at().unwrap_or(seen);
            looked = earlier(looked, answered);
            let Some(verdict) = caa::judge(&name, lookup, &question).verdicts.into_iter().next() else {
                open.get_or_insert_with(|| format!("CAA of {name} could not be judged"));
                continue;
            };
            match verdict.verdict {
                Verdict::Permit => {}
                Verdict::Deny => {
                    denied_at = earlier(denied_at, answered);
                    denied.push((name.to_string(), verdict.reason));
                }
                Verdict::Undetermined => {
                    open.get_or_insert(verdict.reason);
                }
            }
        }
        let seen = denied_at.or(looked).unwrap_or(seen);
        match (denied.is_empty(), open) {
            (false, _) => CaaToday::Denies { seen, names: denied },
            (true, Some(why)) => CaaToday::Undetermined { seen, why },
            (true, None) => CaaToday::Permits { seen },
        }
    }
}

impl KeyTable for IssuanceJudge<'_> {
    fn owner_of(&self, key: &SpkiSha256) -> Option<KeyOwner> {
        self.inputs.owner_of(key)
    }

    fn proven_by_sct(&self, certificate: &Certificate, candidates: &[Candidate]) -> Option<SpkiSha256> {
        let keys: Vec<SpkiSha256> = candidates.iter().map(|candidate| candidate.key).collect();
        let doubtful = candidates.iter().all(|candidate| candidate.doubtful);
        let subject = Subject { certificate, issuer_keys: &keys, doubtful };
        let delivered = Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };
        let verified = self.verifier.borrow_mut().verify(subject, delivered, self.at);
        verified.scts.iter().find_map(|sct| sct.proves_issuer)
    }

    fn keys_of_name(&self, name: &str) -> Vec<SpkiSha256> {
        let is_of = |subject: &String| comparable_name(subject) == comparable_name(name);
        let own = self.inputs.policy.private_ca.iter().filter(|ca| ca.subject.as_ref().is_some_and(is_of));
        own.map(|ca| ca.spki_sha256.0).collect()
    }

    fn is_private(&self, key: &SpkiSha256) -> bool {
        self.inputs.cas.key(key).is_none()
            && self.inputs.policy.private_ca.iter().any(|ca| ca.spki_sha256.0 == *key)
    }

    fn nameless(&self) -> Vec<SpkiSha256> {
        let own = self.inputs.policy.private_ca.iter().filter(|ca| ca.subject.is_none());
        own.map(|ca| ca.spki_sha256.0).collect()
    }
}

impl Knowledge for IssuanceJudge<'_> {
    fn is_known_ca(&self, name: &str) -> bool {
        self.inputs.is_known_ca(name)
    }

    fn problem_reporting(&self, owner: &str) -> Option<String> {
        self.inputs.cas.problem_reporting(owner).map(str::to_owned)
    }

    fn expected(&self, name: &DnsName) -> Option<&[String]> {
        self.inputs.expected(self.request, Some(name))
    }

    fn covered_by(&self, wildcard: &CertificateName) -> Vec<&DnsName> {
        let domains = self.inputs.policy.domain.iter().map(|domain| &domain.name);
        domains.filter(|domain| wildcard.covers(domain)).collect()
    }

    fn accepted(&self, certificate: &IssuedCertificate) -> Option<Acceptance> {
        let entries = self.inputs.policy.accepted_certificate.iter();
        // The one that holds longest, where several are of this certificate.
        let entry =
            entries.filter(|entry| is_of(&entry.which, certificate)).max_by_key(|entry| entry.until)?;
        Some(Acceptance { reason: entry.reason.clone(), until: entry.until, is_past: entry.is_past(self.at) })
    }

    fn inventory(&self, name: &DnsName) -> Inventory<'_> {
        Inventory {
            keys: nearest(&self.keys, name).map(|(_, keys)| keys),
            names: self.inputs.policy.nearest(name, |domain| domain.known_names.as_deref()),
            served: nearest(&self.providers, name).map(|(domain, by)| Served { domain, by }),
        }
    }
}

/// Whether what is accepted is this certificate. A hash that is only claimed excuses nothing that others report too: a source
/// does not decide what becomes of another's. A serial number is one certificate's only where it is proven which key issued it:
/// whoever makes a certificate writes into it what he likes.
fn is_of(accepted: &Accepted, certificate: &IssuedCertificate) -> bool {
    match accepted {
        Accepted::Sha256(hash) => {
            let is_alone = !certificate.is_shown && certificate.reported_by.len() <= 1;
            let whole = [certificate.sha256, certificate.precertificate_sha256];
            let is_its = certificate.tbs_sha256 == Some(*hash)
                || whole.into_iter().flatten().any(|own| own.0 == *hash);
            is_its && (is_alone || !certificate.claimed_hashes.contains(hash))
        }
        Accepted::Issued(key, serial) => {
            let issuer = &certificate.issuer;
            issuer.proof.is_proof() && issuer.key == Some(*key) && certificate.serial.as_ref() == Some(serial)
        }
    }
}

/// What the closest domain at or above a name has.
fn nearest<'a, T>(lists: &'a [(&DnsName, Vec<T>)], name: &DnsName) -> Option<(&'a DnsName, &'a [T])> {
    lists
        .iter()
        .filter(|(domain, _)| name.is_at_or_below(domain))
        .max_by_key(|(domain, _)| domain.labels().count())
        .map(|(domain, list)| (*domain, list.as_slice()))
}

/// The names whose CAA matters: those of the certificates that can be used, without `*.`. More than are looked up stay
/// open.
pub fn caa_questions(verdict: &IssuanceVerdict) -> Vec<DnsName> {
    let in_use = verdict
        .certificates
        .iter()
        .filter(|judged| judged.life.can_be_used() && !judged.certificate.issuer.caa_identifiers.is_empty());
    let names: BTreeSet<DnsName> =
        in_use.flat_map(|judged| own_names(judged, &verdict.name)).map(|name| name.base).collect();
    names.into_iter().take(MAX_CAA_NAMES).collect()
}

/// The names of a certificate that belong to the name asked about.
fn own_names(judged: &JudgedCertificate, asked: &DnsName) -> Vec<CertificateName> {
    let names = judged.certificate.names.iter().filter_map(|name| name.parse::<CertificateName>().ok());
    names.filter(|own| own.base.is_at_or_below(asked) || own.covers(asked)).collect()
}

/// Judges what was issued for a target's host.
pub(super) fn of_target(
    (target, crls): (&TargetEvidence, &Crls),
    (request, inputs): (&Request, &Inputs),
    at: Timestamp,
) -> Part<IssuanceVerdict> {
    match &target.issuance {
        _ if !inputs.scope.includes(scope::Part::Issuance) || !request.issuance => {
            Part::NotChecked(NOT_ASKED)
        }
        None => {
            Part::NotChecked("what was issued is looked for by the name of a host, which this target has not")
        }
        Some(evidence) => {
            let asked_at = evidence.observation.sources.iter().map(|source| source.asked_at).max();
            let judge = IssuanceJudge::new(request, inputs, at);
            let mut verdict = judge.judge(evidence, asked_at.unwrap_or(at));
            judge.judge_revocation(evidence, &mut verdict, crls);
            Part::Checked(verdict)
        }
    }
}

/// Reads what a source told.
pub(super) fn read(source: &IssuanceSource) -> SourceReading {
    match &source.told {
        Told::Files(given) => files::read(source, given),
        Told::CrtSh(_) | Told::CertSpotter(_) | Told::WatchState(_) => {
            sources::read(source).unwrap_or_else(|| files::read(source, &[]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuance::who::{IssuerProof, WhoIssued};
    use crate::x509::CertificateSha256;

    /// What excuses a certificate has to be shown, or claimed by the only one who reports it.
    #[test]
    fn a_claim_excuses_nothing_that_another_source_shows() {
        let (own, other) = ([1; 32], [2; 32]);
        let shown = IssuedCertificate {
            tbs_sha256: Some([3; 32]),
            sha256: Some(CertificateSha256(own)),
            is_shown: true,
            reported_by: [0, 1].into(),
            ..IssuedCertificate::default()
        };
        let by = |certificate: &IssuedCertificate, hash| is_of(&Accepted::Sha256(hash), certificate);
        assert!(by(&shown, own) && by(&shown, [3; 32]) && !by(&shown, other));
        let said = IssuedCertificate { claimed_hashes: [own].into(), ..shown.clone() };
        assert!(!by(&said, own) && by(&said, [3; 32]));
        let alone = IssuedCertificate { is_shown: false, reported_by: [1].into(), ..said.clone() };
        assert!(by(&alone, own));
        assert!(!by(&IssuedCertificate { is_shown: false, ..said }, own), "two report it");
        let key = SpkiSha256([9; 32]);
        let by_number = |proof: IssuerProof| {
            let issuer = WhoIssued { key: Some(key), proof, ..WhoIssued::default() };
            let certificate = IssuedCertificate { issuer, serial: Some("a1".to_owned()), ..shown.clone() };
            is_of(&Accepted::Issued(key, "a1".to_owned()), &certificate)
        };
        assert!(by_number(IssuerProof::Signature) && by_number(IssuerProof::Leaf));
        assert!(!by_number(IssuerProof::CertificateClaim) && !by_number(IssuerProof::SourceClaim));
    }
}
