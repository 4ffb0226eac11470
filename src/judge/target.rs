//! One target judged, part by part.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::comparison;
use super::inputs::Inputs;
use super::issuance;
use super::lists::ListUse;
use super::observed::{self, Observed};
use super::revocation::{self, ChainRevocation};
use super::target_pins::judge_pins;
use crate::baseline::AcceptedQuestion;
use crate::ca::expectation::{self, Expectation, IssuerVerdict};
use crate::ca::issuer::{self, Issuer};
use crate::caa::nameservers::Agreement;
use crate::caa::{self, CaIdentity, CaaQuestion, CaaReading, Who};
use crate::compare::Comparison;
use crate::compare::advice::StepId;
use crate::ct;
use crate::ct::inclusion::Audits;
use crate::ct::verdict::{Audience, CtVerdict, Delivered, SctVerdict};
use crate::ct::verify::{Subject, Verifier};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::CaaLookup;
use crate::evidence::revocation::Crls;
use crate::evidence::{Request, TargetEvidence};
use crate::issuance::IssuanceVerdict;
use crate::pins::formats::tlsa;
use crate::pins::{PinsVerdict, SourceVerdict};
use crate::rules;
use crate::scope;
use crate::x509::path::{self, ChainVerdict, HostIdentity, Trust};
use crate::x509::{Certificate, SpkiSha256};

/// Everything judged of one target.
#[derive(Debug)]
pub struct TargetVerdicts {
    /// The target's name in reports.
    pub target: String,
    /// The host that was asked for, if the target is one.
    pub host: Option<HostIdentity>,
    /// What was seen, and what was not.
    pub observed: Observed,
    /// The chain as served or given, leaf first.
    pub chain: Vec<Certificate>,
    /// Whether the chain leads to an anchor, for this host, now; `None` without a certificate.
    pub trust: Option<ChainVerdict>,
    /// Certificate Transparency.
    pub ct: Part<CtVerdict>,
    /// CAA, one reading for each DNS name of the certificate.
    pub caa: Part<Vec<CaaReading>>,
    /// The parts that were asked for by name.
    pub named_parts: Vec<scope::Part>,
    /// Names of the certificate beyond those whose CAA is judged.
    pub caa_left_out: usize,
    /// Who issued, as far as it is known.
    pub who_issued: Issuer,
    /// Whether the issuer was expected.
    pub issuer: Part<IssuerVerdict>,
    /// Whether the certificates are revoked.
    pub revocation: Part<ChainRevocation>,
    /// What was issued for the host.
    pub issuance: Part<IssuanceVerdict>,
    /// The pins for this host.
    pub pins: Part<PinsVerdict>,
    /// Everything side by side.
    pub comparison: Part<Comparison>,
    /// What could not be determined and is accepted as that by a baseline; it is no open question then.
    pub accepted_open: Vec<AcceptedQuestion>,
    /// Whether this is for `pinstead compare`.
    pub is_compared: bool,
    /// Whether TLSA records were looked up for the comparison's sake, and not asked for by name.
    pub tlsa_unasked: bool,
    /// The steps of which a gate asks whether they are done.
    pub required: Vec<StepId>,
    /// The log lists that were given or kept, and what became of them; the same for every target.
    pub log_lists: Arc<[ListUse]>,
}

/// What became of one part of the check.
#[derive(Clone, Debug)]
pub enum Part<T> {
    /// It was not looked at, and why.
    NotChecked(&'static str),
    /// It was to be looked at, but what it needs is missing.
    Undetermined(String),
    /// It was judged.
    Checked(T),
}

impl<T> Part<T> {
    /// The verdict, if there is one.
    pub fn verdict(&self) -> Option<&T> {
        match self {
            Self::Checked(verdict) => Some(verdict),
            Self::NotChecked(_) | Self::Undetermined(_) => None,
        }
    }

    /// `contracted` status: checked, not_checked or undetermined.
    pub fn status(&self) -> &'static str {
        match self {
            Self::NotChecked(_) => "not_checked",
            Self::Undetermined(_) => "undetermined",
            Self::Checked(_) => "checked",
        }
    }
}

/// Why a part was not looked at: `--only` named others.
pub(super) const NOT_ASKED: &str = "not asked for";
/// Why a part was not looked at: `--offline`.
const OFFLINE: &str = "offline";

/// Judges one target.
pub(super) fn judge(
    (target, crls): (&TargetEvidence, &Crls),
    request: &Request,
    inputs: &Inputs,
    verifier: &mut Verifier<'_>,
    at: Timestamp,
) -> TargetVerdicts {
    let mut seen = observed::read(&target.source);
    seen.observed.names_nothing.clone_from(&target.names_nothing);
    let asked = |part| inputs.scope.includes(part);
    let leaf = seen.chain.first();
    let trust = judge_trust(&seen, inputs, at);

    let candidates = issuing_keys(&seen.chain, inputs);
    let keys: Vec<SpkiSha256> = candidates.iter().map(|candidate| candidate.key).collect();
    let doubtful = candidates.iter().all(|candidate| candidate.doubtful);
    let no_certificate = || "no certificate was obtained".to_owned();

    // The SCTs tell who issued even where nobody asked for a verdict on them.
    let mut ct = leaf.map(|certificate| {
        let subject = Subject { certificate, issuer_keys: &keys, doubtful };
        let delivered = delivered(&seen, audience(inputs, trust.as_ref()));
        CtVerdict {
            precertificate_signer: issuer::precertificate_signer(certificate, &seen.chain)
                .map(|signer| signer.subject.clone()),
            ..ct::judge(verifier, &inputs.logs, subject, delivered, at)
        }
    });
    if let (Some(ct), true) = (&mut ct, request.inclusion) {
        let audits = Audits::of(&target.ct_logs, &inputs.logs, at);
        for sct in &mut ct.scts {
            if let (Some(promise), Some(log)) = (&sct.promise, &sct.log) {
                sct.inclusion = audits.judge(promise, log.log_type);
            }
        }
    }
    let proven = ct.as_ref().and_then(|ct| ct.scts.iter().find_map(|sct| sct.proves_issuer));
    let mut who_issued = issuer::identify(&candidates, proven, |key| inputs.owner_of(key));
    if let Some(leaf) = seen.chain.first() {
        who_issued = who_issued.beside(leaf, &possible_issuers(&seen.chain, inputs));
    }
    let host_name = host_name(seen.host.as_ref(), leaf);

    let caa = if asked(scope::Part::Caa) {
        judge_caa(target, (request, inputs), &seen, leaf, &who_issued)
    } else {
        Part::NotChecked(NOT_ASKED)
    };
    let caa_left_out = caa.verdict().map_or(0, |_| caa_names(leaf, seen.host.as_ref()).1);
    let pins = if asked(scope::Part::Pins) {
        judge_pins(target, (request, inputs), (host_name.as_ref(), &seen.chain, trust.as_ref()), at)
    } else {
        Part::NotChecked(NOT_ASKED)
    };
    let issuer = match leaf {
        _ if !asked(scope::Part::Issuer) => Part::NotChecked(NOT_ASKED),
        None => Part::Undetermined(no_certificate()),
        Some(_) => {
            let names = expectation_names(seen.host.as_ref(), leaf);
            Part::Checked(judge_issuer(&who_issued, &names, request, inputs))
        }
    };
    let revocation =
        revocation::judge(&seen, (request, inputs), (crls, target.crl_reach), trust.as_ref(), at);
    let ct = match ct {
        _ if !asked(scope::Part::Ct) => Part::NotChecked(NOT_ASKED),
        None => Part::Undetermined(no_certificate()),
        Some(verdict) => Part::Checked(verdict),
    };
    let mut verdicts = TargetVerdicts {
        target: target.target.clone(),
        host: seen.host,
        observed: seen.observed,
        chain: seen.chain,
        trust,
        ct,
        caa,
        named_parts: inputs.scope.named().to_vec(),
        caa_left_out,
        who_issued,
        issuer,
        revocation,
        issuance: issuance::of_target((target, crls), (request, inputs), at),
        pins,
        comparison: Part::NotChecked(NOT_ASKED),
        accepted_open: Vec::new(),
        is_compared: request.compare.is_some(),
        required: inputs.required.clone(),
        tlsa_unasked: request.compare.as_ref().is_some_and(|stated| !stated.tlsa),
        log_lists: Arc::clone(&inputs.log_lists),
    };
    if let (Part::Checked(issued), Part::Checked(revocation), Some(served)) =
        (&mut verdicts.issuance, &verdicts.revocation, verdicts.chain.first())
        && let Some(leaf) = revocation.leaf()
    {
        issued.served(served, leaf);
    }
    if asked(scope::Part::Compare) {
        let comparison = comparison::judge((target, &verdicts), request, inputs, at);
        verdicts.comparison = Part::Checked(comparison);
    }
    verdicts
}

/// The keys that may have issued the first certificate of a chain. An anchor that was given may have, too.
fn issuing_keys(chain: &[Certificate], inputs: &Inputs) -> Vec<issuer::Candidate> {
    let Some((leaf, _)) = chain.split_first() else { return Vec::new() };
    issuer::candidates(leaf, &possible_issuers(chain, inputs), inputs.cas)
}

/// The certificates of which one may be the issuer's of the first of a chain.
fn possible_issuers<'a>(chain: &'a [Certificate], inputs: &'a Inputs) -> Vec<&'a Certificate> {
    let given: &[Certificate] = if inputs.has_own_anchors { inputs.anchors.certificates() } else { &[] };
    chain.iter().skip(1).chain(&inputs.issuers).chain(given).collect()
}

/// The SCTs of a target, verified and nothing more.
pub(super) fn verified_scts(
    target: &TargetEvidence,
    inputs: &Inputs,
    verifier: &mut Verifier<'_>,
    at: Timestamp,
) -> Vec<SctVerdict> {
    let seen = observed::read(&target.source);
    let Some(certificate) = seen.chain.first() else { return Vec::new() };
    let candidates = issuing_keys(&seen.chain, inputs);
    let keys: Vec<SpkiSha256> = candidates.iter().map(|candidate| candidate.key).collect();
    let doubtful = candidates.iter().all(|candidate| candidate.doubtful);
    let subject = Subject { certificate, issuer_keys: &keys, doubtful };
    verifier.verify(subject, delivered(&seen, Audience::Public), at).scts
}

/// Who issued the first certificate of a chain, as far as the chain, its embedded SCTs and the tables tell.
pub(super) fn who_issued(
    chain: &[Certificate],
    inputs: &Inputs,
    verifier: &mut Verifier<'_>,
    at: Timestamp,
) -> Issuer {
    let Some(certificate) = chain.first() else { return Issuer::default() };
    let candidates = issuing_keys(chain, inputs);
    let keys: Vec<SpkiSha256> = candidates.iter().map(|candidate| candidate.key).collect();
    let doubtful = candidates.iter().all(|candidate| candidate.doubtful);
    let subject = Subject { certificate, issuer_keys: &keys, doubtful };
    let delivered = Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };
    let scts = verifier.verify(subject, delivered, at).scts;
    let proven = scts.iter().find_map(|sct| sct.proves_issuer);
    issuer::identify(&candidates, proven, |key| inputs.owner_of(key))
}

/// What came beside the certificate.
fn delivered(seen: &observed::Seen, audience: Audience) -> Delivered<'_> {
    Delivered {
        tls: seen.sct_extension.as_deref(),
        ocsp: seen.ocsp_response.as_deref(),
        handshake: !seen.observed.is_file,
        audience,
    }
}

/// A server's chain is judged as served: that is all its clients have. To a file, the issuers that were given
/// belong too; where there are none at all, nothing can be said.
pub(super) fn judge_trust(seen: &observed::Seen, inputs: &Inputs, at: Timestamp) -> Option<ChainVerdict> {
    let host = seen.host.as_ref();
    if !seen.observed.is_file {
        return path::judge(&seen.chain, host, &inputs.anchors, at);
    }
    let chain: Vec<Certificate> = seen.chain.iter().chain(&inputs.issuers).cloned().collect();
    let mut verdict = path::judge(&chain, host, &inputs.anchors, at)?;
    if matches!(verdict.trust, Trust::Untrusted { .. }) {
        verdict.path = path::as_served(&seen.chain);
        if chain.len() == 1 {
            let reason = "the file holds one certificate, and no issuer's was given with --issuer".to_owned();
            verdict.trust = Trust::Unknown { reason };
        }
    }
    Some(verdict)
}

/// Browsers ask for SCTs only under public roots. Anchors that were given are taken for private ones, unless a log
/// list was given too: then somebody runs logs for them.
fn audience(inputs: &Inputs, trust: Option<&ChainVerdict>) -> Audience {
    let built = trust.is_some_and(ChainVerdict::is_built);
    if built && inputs.has_own_anchors && !inputs.has_own_logs { Audience::Private } else { Audience::Public }
}

/// The name that pins and expectations go by: the host, or the first plain name of the certificate.
fn host_name(host: Option<&HostIdentity>, leaf: Option<&Certificate>) -> Option<DnsName> {
    match host {
        Some(HostIdentity::Name(name)) => Some(name.clone()),
        Some(HostIdentity::Address(_)) => None,
        None => leaf?.names.dns.iter().find(|name| !name.wildcard).map(|name| name.base.clone()),
    }
}

/// The names whose expectations the issuer has to meet: the host, or for a file every name of the certificate.
fn expectation_names(host: Option<&HostIdentity>, leaf: Option<&Certificate>) -> Vec<DnsName> {
    match (host, leaf) {
        (Some(HostIdentity::Name(name)), _) => vec![name.clone()],
        (Some(HostIdentity::Address(_)), _) | (None, None) => Vec::new(),
        (None, Some(leaf)) => leaf.names.dns.iter().map(|name| name.base.clone()).collect(),
    }
}

/// Judges the issuer by the expectation for each name; the worst verdict stands.
fn judge_issuer(issuer: &Issuer, names: &[DnsName], request: &Request, inputs: &Inputs) -> IssuerVerdict {
    let mut lists: Vec<Option<&[String]>> =
        names.iter().map(|name| inputs.expected(request, Some(name))).collect();
    lists.sort_unstable();
    lists.dedup();
    if lists.is_empty() {
        lists.push(inputs.expected(request, None));
    }
    let rank = |verdict: &IssuerVerdict| match verdict.expectation {
        Expectation::Unexpected => 3,
        Expectation::Undetermined => 2,
        Expectation::Expected => 1,
        Expectation::NoExpectation => 0,
    };
    let judge = |expected| expectation::judge(issuer.clone(), expected, &|name| inputs.is_known_ca(name));
    let first = judge(lists.first().copied().flatten());
    lists
        .into_iter()
        .skip(1)
        .map(judge)
        .fold(first, |worst, next| if rank(&next) > rank(&worst) { next } else { worst })
}

fn judge_caa(
    target: &TargetEvidence,
    (request, inputs): (&Request, &Inputs),
    seen: &observed::Seen,
    leaf: Option<&Certificate>,
    issuer: &Issuer,
) -> Part<Vec<CaaReading>> {
    let (names, _) = caa_names(leaf, seen.host.as_ref());
    if names.is_empty() {
        return Part::NotChecked("the certificate has no DNS name");
    }
    if request.offline && target.caa.is_empty() {
        return Part::NotChecked(OFFLINE);
    }
    let question = CaaQuestion::tls(Who::Named(vec![CaIdentity {
        label: issuer.owner.clone().unwrap_or_else(|| "the certificate's issuer".to_owned()),
        identifiers: issuer.caa_identifiers.clone(),
    }]));
    let private = || inputs.policy.private_ca.iter().flat_map(|ca| ca.caa_identifiers.iter().cloned());
    let readings = names
        .iter()
        .map(|name| {
            let mut reading = match target.caa.iter().find(|lookup| lookup.name == name.base) {
                Some(lookup) => caa::judge(name, lookup, &question),
                None => caa::judge(name, &CaaLookup::of(name.base.clone()), &question),
            };
            // Whoever wrote the policy knows these CAs, which no public table has.
            reading.asked_about.extend(private());
            reading
        })
        .collect();
    Part::Checked(readings)
}

/// For how many names of one certificate CAA is looked up and judged. Certificates have up to 100 names as a rule.
const MAX_CAA_NAMES: usize = 250;

/// The names whose CAA is judged: those of the certificate, else the host; and how many more there are.
pub(crate) fn caa_names(
    leaf: Option<&Certificate>,
    host: Option<&HostIdentity>,
) -> (Vec<CertificateName>, usize) {
    match (leaf, host) {
        (Some(leaf), _) => {
            let mut seen = HashSet::new();
            let mut names: Vec<CertificateName> =
                leaf.names.dns.iter().filter(|name| seen.insert(*name)).cloned().collect();
            let left_out = names.len().saturating_sub(MAX_CAA_NAMES);
            names.truncate(MAX_CAA_NAMES);
            // A host that the certificate is not for has a CAA policy of its own.
            if let Some(HostIdentity::Name(host)) = host
                && !leaf.names.dns.iter().any(|name| name.covers(host))
            {
                names.push(CertificateName { base: host.clone(), wildcard: false });
            }
            (names, left_out)
        }
        (None, Some(HostIdentity::Name(name))) => {
            (vec![CertificateName { base: name.clone(), wildcard: false }], 0)
        }
        (None, _) => (Vec::new(), 0),
    }
}

impl TargetVerdicts {
    /// Whether all was looked at that the rules of this id need: what they do not find then is not there.
    pub fn is_judged(&self, rule: &str) -> bool {
        let family = rule.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let caa = self.caa.verdict().filter(|readings| !readings.is_empty());
        match family {
            "TLS" => !self.chain.is_empty(),
            "CT" if rules::ct::is_about_inclusion(rule) => {
                let scts = self.ct.verdict().map(|ct| ct.scts.as_slice()).unwrap_or_default();
                scts.iter().any(|sct| sct.inclusion.verdict().is_some())
            }
            "CT" => self.ct.verdict().is_some(),
            "CAA" if rules::caa::is_about_nameservers(rule) => {
                caa.is_some_and(|all| all.iter().all(|one| one.nameservers.state != Agreement::NotAsked))
            }
            "CAA" => caa.is_some(),
            "ISS" => self.issuer.verdict().is_some(),
            "REV" => self.revocation.verdict().is_some(),
            "CRT" => self.issuance.verdict().is_some(),
            "PIN" => self.pins.verdict().is_some_and(|pins| {
                let is_record = |source: &SourceVerdict| tlsa::is_looked_up(source.format, &source.file);
                let wants_records = rules::pins::is_about_records(rule);
                pins.sources.iter().any(|source| is_record(source) == wants_records)
            }),
            _ => false,
        }
    }

    /// Whether what was issued is all that is compared: the server was not to be asked.
    pub fn is_of_history_alone(&self) -> bool {
        self.is_compared && self.observed.not_tried.is_some() && self.issuance.verdict().is_some()
    }

    /// Whether the target is a file that holds no certificate.
    pub fn is_unusable_file(&self) -> bool {
        self.observed.is_file && self.chain.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::evidence::{Bytes, CertificateSource, Inputs as InputFiles};

    #[test]
    fn the_identifiers_of_private_cas_are_known_to_whoever_wrote_the_policy() {
        let file = |path: &str, content: String| InputFile {
            path: path.to_owned(),
            content: FileContent::Read(Bytes(content.into_bytes())),
            folder: None,
        };
        let policy = format!(
            "[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"own.example\"]\n",
            SpkiSha256::of(b"1")
        );
        let policy = Some(file("pinstead.toml", policy));
        let request = Request::default();
        let inputs = Inputs::read(&request, &InputFiles { policy, ..InputFiles::default() }).unwrap();
        let target = TargetEvidence {
            names_nothing: None,
            target: "t.example".to_owned(),
            source: CertificateSource::File(file("leaf.pem", String::new())),
            caa: Vec::new(),
            ct_logs: Vec::new(),
            tlsa: None,
            issuance: None,
            crl_reach: crate::evidence::revocation::Reach::default(),
            crls: None,
        };
        let host = Some(HostIdentity::Name("t.example".parse().unwrap()));
        let seen = observed::Seen { host, ..observed::Seen::default() };
        let judged = judge_caa(&target, (&request, &inputs), &seen, None, &Issuer::default());
        assert_eq!(judged.verdict().unwrap()[0].asked_about, ["own.example"]);
    }
}
