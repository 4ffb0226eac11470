//! The replay over what was issued for a target's host, from the verdicts on it.

mod flagged;
mod given;
mod logged;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::inputs::Inputs;
use super::issuance;
use super::target::{Part, TargetVerdicts};
use crate::ca::same_owner;
use crate::compare::replay::{self, CaKeyFacts, CaPath, HistoricCertificate, History, LoggedBy, Replay};
use crate::ct::verdict::{Audience, Delivered, SctVerdict};
use crate::ct::verify::{Subject, Verifier};
use crate::dns_name::DnsName;
use crate::evidence::issuance::Told;
use crate::evidence::{Bytes, TargetEvidence};
use crate::issuance::renewal::issuer_label;
use crate::issuance::reported::{Coverage, SourceReading};
use crate::issuance::{IssuanceVerdict, JudgedCertificate, SourceSummary};
use crate::x509::paths::{CertificateKind, paths_above};
use crate::x509::{Certificate, CertificateSha256, SpkiSha256};

/// The most issuers whose ways up are looked for.
const MOST_ISSUERS: usize = 512;

/// The most certificates of CAs besides those of the tables.
const MOST_CAS: usize = 32;

/// Replays what was issued for a target's host; `None` where what was issued is not known, or the target is no host.
pub(super) fn of_target(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    inputs: &Inputs,
    at: Timestamp,
) -> Option<Replay> {
    let Part::Checked(issued) = &verdicts.issuance else { return None };
    if issued.certificates.is_empty() && issued.status.reason().is_some() {
        return None;
    }
    let history = history((target, verdicts), issued, inputs, at);
    Some(replay::replay(&history, inputs.circumstances.release_lead))
}

/// The history of a host.
fn history(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    issued: &IssuanceVerdict,
    inputs: &Inputs,
    at: Timestamp,
) -> History {
    let host = issued.name.clone();
    let cas = certificates_of_cas((target, verdicts), inputs);
    let mut reader = Reader {
        inputs,
        at,
        cas,
        shown: logged::shown(target, issued, inputs),
        verifier: Verifier::new(&inputs.logs),
        ways: HashMap::new(),
        left_out: BTreeMap::new(),
    };
    let (mut certificates, mut judged) = (Vec::new(), Vec::new());
    for one in &issued.certificates {
        if let Some(certificate) = reader.certificate(one) {
            certificates.push(certificate);
            judged.push(one);
        }
    }
    let told = certificates.len();
    let served = served(verdicts, &host);
    if let Some(leaf) = served {
        match certificates.iter_mut().find(|own| is_served(own, leaf)) {
            Some(own) => own.sha256 = Some(leaf.sha256),
            None => certificates.push(reader.served(leaf, verdicts)),
        }
    }
    let mut left_out = reader.left_out();
    let pins = given::pins(&inputs.pins, &host, &mut left_out);
    let mut coverage: Vec<String> = issued.sources.iter().flat_map(uncovered).collect();
    let judged: Vec<_> = judged.into_iter().zip(&certificates).collect();
    let (flagged, asked) = flagged::flagged(&judged, (target, issued), &host, &mut coverage).unzip();
    let mut asked = asked.unwrap_or_default();
    for asked in &mut asked {
        // One that is served, and that no source has, was not judged.
        asked.undetermined.extend(told..certificates.len());
    }
    History {
        ca_keys: ca_keys(&certificates, inputs),
        known_cas: known_cas(&reader.cas, inputs),
        host,
        certificates,
        pins,
        flagged,
        asked,
        left_out,
        coverage,
        served_now: served.map(|leaf| leaf.sha256),
        at,
    }
}

/// The certificates of CAs that are at hand: those that the server sends, that were given, and that sources have beside
/// what was issued. The tables know the public ones.
pub(super) fn certificates_of_cas(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    inputs: &Inputs,
) -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    let mut seen: HashSet<CertificateSha256> = HashSet::new();
    let mut add = |certificate: Certificate| {
        if found.len() < MOST_CAS && seen.insert(certificate.sha256) {
            found.push(certificate);
        }
    };
    verdicts.chain.iter().skip(1).chain(&inputs.issuers).cloned().for_each(&mut add);
    let sources = target.issuance.iter().flat_map(|evidence| &evidence.observation.sources);
    let mut read = Vec::new();
    for source in sources {
        match &source.told {
            Told::WatchState(state) => read.extend(state.issuers.iter().take(MOST_CAS).cloned()),
            Told::Files(_) => read.extend(beside(&issuance::read(source))),
            Told::CrtSh(_) | Told::CertSpotter(_) => {}
        }
    }
    read.extend(inputs.certificates.iter().flat_map(beside));
    let mut tried: HashSet<CertificateSha256> = HashSet::new();
    for der in read {
        if tried.insert(CertificateSha256::of(&der))
            && let Ok(certificate) = Certificate::read(&der)
        {
            add(certificate);
        }
    }
    found
}

/// The certificates that a source has beside what it reports.
fn beside(reading: &SourceReading) -> Vec<Bytes> {
    let mut seen = HashSet::new();
    let all = reading.certificates.iter().flat_map(|reported| &reported.chain);
    all.filter(|der| seen.insert(CertificateSha256::of(der))).take(MOST_CAS).cloned().collect()
}

/// The certificate that the server shows, where it was asked and the certificate is the host's.
fn served<'v>(verdicts: &'v TargetVerdicts, host: &DnsName) -> Option<&'v Certificate> {
    let leaf = verdicts.chain.first().filter(|_| !verdicts.observed.is_file)?;
    leaf.names.dns.iter().any(|name| name.covers(host)).then_some(leaf)
}

/// Whether a certificate of the history is the one that is served: the logs may have its precertificate alone.
fn is_served(own: &HistoricCertificate, leaf: &Certificate) -> bool {
    own.sha256 == Some(leaf.sha256)
        || (own.sha256.is_none()
            && own.key == leaf.spki_sha256
            && own.not_before == leaf.not_before
            && own.not_after == leaf.not_after)
}

/// What a source does not vouch for.
fn uncovered(source: &SourceSummary) -> Vec<String> {
    let title = source.title();
    let stop = |text: &str| text.trim_end_matches('.').to_owned();
    match &source.coverage {
        Coverage::Whole => vec![format!("{title} vouches for no more than this: {}.", stop(&source.scope))],
        Coverage::Part(why) => vec![
            format!("{title} told a part only: {}.", stop(why)),
            format!("{title} vouches for no more than this: {}.", stop(&source.scope)),
        ],
        Coverage::NoData(why) => vec![format!("{title} told nothing that can be used: {}.", stop(why))],
        Coverage::NotAsked(_) => Vec::new(),
    }
}

/// Reads certificates for the replay; the ways up are looked for once an issuer.
struct Reader<'i> {
    inputs: &'i Inputs,
    at: Timestamp,
    /// The certificates of CAs that are at hand.
    cas: Vec<Certificate>,
    /// The certificates of which no source says when a log had them, where a file has them.
    shown: HashMap<CertificateSha256, Bytes>,
    verifier: Verifier<'i>,
    ways: HashMap<SpkiSha256, Arc<[CaPath]>>,
    /// How many are left out, by why.
    left_out: BTreeMap<&'static str, usize>,
}

impl Reader<'_> {
    fn certificate(&mut self, judged: &JudgedCertificate) -> Option<HistoricCertificate> {
        let it = &judged.certificate;
        let missing = if judged.forged.is_some() {
            Some("they bear the issuer name of a CA whose key did not issue them")
        } else if it.spki_sha256.is_none() {
            Some("no source says which key they have")
        } else if it.not_before.is_none() || it.not_after.is_none() {
            Some("no source says how long they are valid")
        } else {
            None
        };
        if let Some(why) = missing {
            let count = self.left_out.entry(why).or_default();
            *count = count.saturating_add(1);
            return None;
        }
        let issuer_key = it.issuer.key.filter(|_| it.issuer.proof.is_proof());
        let (first_logged, first_logged_by) = match logged::by_sources(it) {
            Some(time) => (Some(time), Some(LoggedBy::Log)),
            None => logged::promised(self.promises(it.sha256, issuer_key).iter()),
        };
        Some(HistoricCertificate {
            label: it.label(),
            sha256: it.sha256,
            serial: it.serial.clone(),
            key: it.spki_sha256?,
            key_type: it.key_type.clone(),
            issuer: issuer_label(judged),
            issuer_key,
            not_before: it.not_before?,
            not_after: it.not_after?,
            first_logged,
            first_logged_by,
            names: it.names.clone(),
            paths: self.ways_up(issuer_key),
        })
    }

    /// The certificate that is served, where no source has it.
    fn served(&mut self, leaf: &Certificate, verdicts: &TargetVerdicts) -> HistoricCertificate {
        use crate::ca::issuer::Proof;
        let who = &verdicts.who_issued;
        let issuer_key = who.key.filter(|key| key.proof != Proof::Claim).map(|key| key.key);
        let unnamed =
            || issuer_key.map_or_else(|| "not known".to_owned(), |key| format!("unknown key {key}"));
        let scts = verdicts.ct.verdict().into_iter().flat_map(|ct| &ct.scts);
        let (first_logged, first_logged_by) = logged::promised(scts);
        HistoricCertificate {
            label: format!("certificate {}", leaf.sha256),
            sha256: Some(leaf.sha256),
            serial: Some(leaf.serial.clone()),
            key: leaf.spki_sha256,
            key_type: None,
            issuer: who.owner.clone().unwrap_or_else(unnamed),
            issuer_key,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            first_logged,
            first_logged_by,
            names: leaf.names.dns.iter().map(ToString::to_string).collect(),
            paths: self.ways_up(issuer_key),
        }
    }

    /// The SCTs of a certificate that a file has, verified.
    fn promises(&mut self, sha256: Option<CertificateSha256>, issuer: Option<SpkiSha256>) -> Vec<SctVerdict> {
        let (Some(der), Some(issuer)) = (sha256.and_then(|sha256| self.shown.get(&sha256)), issuer) else {
            return Vec::new();
        };
        let Ok(certificate) = Certificate::read(der) else { return Vec::new() };
        let subject = Subject { certificate: &certificate, issuer_keys: &[issuer], doubtful: false };
        let delivered = Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };
        self.verifier.verify(subject, delivered, self.at).scts
    }

    fn ways_up(&mut self, issuer: Option<SpkiSha256>) -> Arc<[CaPath]> {
        let Some(issuer) = issuer else { return Arc::new([]) };
        if let Some(known) = self.ways.get(&issuer) {
            return Arc::clone(known);
        }
        if self.ways.len() >= MOST_ISSUERS {
            return Arc::new([]);
        }
        let graph = |key: &SpkiSha256| self.inputs.cas.certificates(key).collect();
        let paths: Arc<[CaPath]> = paths_above(&issuer, &self.cas, &self.inputs.anchors, &graph).into();
        self.ways.insert(issuer, Arc::clone(&paths));
        paths
    }

    fn left_out(&self) -> Vec<String> {
        let said = |(why, count): (&&str, &usize)| match count {
            1 => format!("1 certificate is left out: {why}."),
            many => format!("{many} certificates are left out: {why}."),
        };
        self.left_out.iter().map(said).collect()
    }
}

/// The keys of the CAs that issued, by the table: those that may issue for servers, or are above one that may.
fn ca_keys(certificates: &[HistoricCertificate], inputs: &Inputs) -> Vec<CaKeyFacts> {
    let owners: BTreeSet<&str> = certificates
        .iter()
        .filter(|certificate| certificate.issuer_key.is_some())
        .map(|certificate| certificate.issuer.as_str())
        .collect();
    let mut keys = Vec::new();
    for key in inputs.cas.keys().filter(|_| !owners.is_empty()) {
        let Some(known) = inputs.cas.key(&key) else { continue };
        let Some(owner) = known.owner.and_then(|owner| owners.iter().find(|own| same_owner(own, owner)))
        else {
            continue;
        };
        let lives: Vec<_> = inputs
            .cas
            .certificates(&key)
            .filter(|certificate| certificate.kind != CertificateKind::Removed)
            .collect();
        let from = lives.iter().map(|certificate| certificate.not_before).min();
        let until = lives.iter().map(|certificate| certificate.not_after).max();
        let (Some(from), Some(until)) = (from, until) else { continue };
        keys.push(CaKeyFacts {
            key,
            issuer: (*owner).to_owned(),
            name: known.subject.to_owned(),
            is_root: lives.iter().any(|certificate| certificate.kind == CertificateKind::Root),
            from,
            until,
        });
    }
    let private = private_roots(certificates, &keys, inputs);
    keys.extend(private);
    keys
}

/// The keys of CAs that were given, in whatever way: the anchors, the certificates of CAs at hand, and private CAs of the policy.
fn known_cas(cas: &[Certificate], inputs: &Inputs) -> BTreeSet<SpkiSha256> {
    let cas = cas.iter().filter(|it| it.is_ca);
    let given = inputs.anchors.certificates().iter().chain(cas).map(|it| it.spki_sha256);
    given.chain(inputs.policy.private_ca.iter().map(|ca| ca.spki_sha256.0)).collect()
}

/// The roots of private CAs, which are in no table: those that the paths of their certificates lead to.
fn private_roots(
    certificates: &[HistoricCertificate],
    known: &[CaKeyFacts],
    inputs: &Inputs,
) -> Vec<CaKeyFacts> {
    let is_private = |issuer: &str| inputs.policy.private_ca.iter().any(|ca| same_owner(&ca.owner, issuer));
    let is_known = |issuer: &str| known.iter().any(|key| key.issuer == issuer);
    let own = certificates.iter().filter(|certificate| {
        certificate.issuer_key.is_some() && is_private(&certificate.issuer) && !is_known(&certificate.issuer)
    });
    let mut roots: BTreeMap<(&str, SpkiSha256), CaKeyFacts> = BTreeMap::new();
    for (certificate, path) in own.flat_map(|it| it.paths.iter().map(move |path| (it, path))) {
        let Some(root) = path.certificates.last() else { continue };
        let found =
            roots.entry((certificate.issuer.as_str(), root.spki_sha256)).or_insert_with(|| CaKeyFacts {
                key: root.spki_sha256,
                issuer: certificate.issuer.clone(),
                name: root.subject.clone(),
                is_root: true,
                from: path.from,
                until: path.until,
            });
        (found.from, found.until) = (found.from.min(path.from), found.until.max(path.until));
    }
    roots.into_values().collect()
}

#[cfg(test)]
mod tests;
