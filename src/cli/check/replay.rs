//! Judging saved evidence again, with what the command line says instead of what was said then.

use anyhow::bail;

use super::CheckOptions;
use super::given::{input_files, local_policy, request};
use crate::cli::options::GateOptions;
use crate::cli::saved::{announce_saved, forget_expectations, is_evidence_file, load};
use crate::evidence::issuance::{IssuanceEvidence, IssuanceObservation};
use crate::evidence::revocation::Reach;
use crate::evidence::{CertificateSource, Evidence, TargetEvidence};
use crate::judge::Inputs;
use crate::observe::files;
use crate::observe::tls::{self, TlsServer};
use crate::policy::Policy;
use crate::target::DEFAULT_PORT;

/// The gate for saved evidence: the policy in it can make the gate stricter, never looser than it is here.
pub(super) fn saved_gate(options: &CheckOptions, inputs: &Inputs) -> anyhow::Result<GateOptions> {
    let here = match local_policy(options) {
        Some(file) => {
            let octets = file.octets().map_err(|why| anyhow::anyhow!("{}: {why}", file.path))?;
            options.gate.or_policy(&Policy::parse(&file.path, octets)?)
        }
        None => options.gate.or_policy(&Policy::default()),
    };
    Ok(if options.gate.fail_on.is_some() { here } else { here.stricter(&inputs.policy) })
}

/// The evidence that is the target, if it is; with what the command line says instead of what was said then.
pub(super) fn saved_evidence(options: &CheckOptions) -> anyhow::Result<Option<Evidence>> {
    let [path] = options.target.as_slice() else { return Ok(None) };
    if options.many.targets.is_some() || path == "-" || !files::exists(path) {
        return Ok(None);
    }
    if !is_evidence_file(path) {
        return Ok(None);
    }
    let mut evidence = load(path)?;
    if evidence.targets.is_empty() && !evidence.issuance.is_empty() {
        if options.comparing.is_none() {
            bail!("{path} is evidence of what was issued: judge it with `pinstead issuance {path}`");
        }
        compare_issued(&mut evidence);
    }
    if evidence.targets.is_empty() && evidence.not_looked_at.is_empty() {
        bail!("{path} is evidence of no target: there is nothing to judge");
    }
    if options.inclusion && !evidence.request.inclusion {
        bail!("{path} was saved without --inclusion: no log is asked about saved evidence");
    }
    if options.revocation.revocation && !evidence.request.revocation {
        bail!("{path} was saved without --revocation: no CRL is fetched for saved evidence");
    }
    let with_files = options.comparing.is_some() && options.issued.is_files_alone();
    if options.issued.is_given() && !with_files {
        bail!("{path} is saved evidence: no source of what was issued is asked beside it");
    }
    if options.tlsa && !evidence.request.tlsa {
        bail!("{path} was saved without --tlsa: nothing is looked up for saved evidence");
    }
    let is_surveyed = |target: &TargetEvidence| target.caa.iter().any(|lookup| lookup.nameservers.is_some());
    if options.nameservers.are_asked() && !evidence.targets.iter().any(is_surveyed) {
        bail!("{path} was saved without --all-nameservers: no server is asked about saved evidence");
    }
    let given = request(options);
    let files = input_files(options)?;
    let has_policy = options.expectations.policy.is_some();
    forget_expectations(&mut evidence, has_policy, !given.expect_ca.is_empty());
    announce_saved(path, &evidence);
    let request = &mut evidence.request;
    if !given.only.is_empty() {
        request.only = given.only;
    }
    if !given.expect_ca.is_empty() {
        request.expect_ca = given.expect_ca;
    }
    request.at = given.at.or(request.at);
    request.expires_within = given.expires_within.or(request.expires_within);
    request.compare = given.compare.map(|stated| stated.beside(request.compare.take()));
    let inputs = &mut evidence.inputs;
    if has_policy {
        inputs.policy = files.policy;
    }
    if (!files.pins.is_empty() || !files.without_pins.is_empty())
        && (has_policy || !options.expectations.pins.is_empty())
    {
        inputs.pins = files.pins;
        inputs.without_pins = files.without_pins;
        inputs.opened_without_pins = files.opened_without_pins;
        inputs.pin_folders = files.pin_folders;
    }
    if with_files {
        inputs.certificates = files.certificates;
        request.issuance = true;
        evidence.targets.iter_mut().for_each(issued_by_files);
    }
    if !files.issuers.is_empty() {
        inputs.issuers = files.issuers;
    }
    inputs.roots = files.roots.or(inputs.roots.take());
    let lists = &options.judging.lists;
    if lists.is_given() {
        lists.read_into(inputs);
    } else {
        inputs.log_list_key = files.log_list_key.or(inputs.log_list_key.take());
    }
    if lists.without_cache() {
        inputs.log_list_caches = Vec::new();
    }
    Ok(Some(evidence))
}

/// Makes targets of names of which it was saved only what was issued for them.
fn compare_issued(evidence: &mut Evidence) {
    evidence.request.issuance = true;
    evidence.targets = std::mem::take(&mut evidence.issuance)
        .into_iter()
        .map(|issued| {
            let host = issued.observation.name.to_string();
            let server = TlsServer { host: host.clone(), sni: Some(host.clone()), port: DEFAULT_PORT };
            let observed = tls::not_tried(&server, "the evidence tells what was issued, and nothing else");
            TargetEvidence {
                names_nothing: None,
                target: host,
                source: CertificateSource::Tls(observed),
                caa: issued.caa.clone(),
                ct_logs: Vec::new(),
                tlsa: None,
                issuance: Some(issued),
                crl_reach: Reach::default(),
                crls: None,
            }
        })
        .collect();
}

/// Notes that files which are given now tell what was issued for a target's host, where it has a name.
fn issued_by_files(target: &mut TargetEvidence) {
    let CertificateSource::Tls(observed) = &target.source else { return };
    let Ok(name) = observed.host.parse() else { return };
    if target.issuance.is_none() {
        let observation = IssuanceObservation { name, sources: Vec::new() };
        target.issuance = Some(IssuanceEvidence { observation, caa: target.caa.clone() });
    }
}
