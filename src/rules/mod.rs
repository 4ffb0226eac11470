//! Rules turn verdicts into findings.
//!
//! A rule is one entry in its family's file: id, title, severity, explanation, sources, advice, and the
//! function that raises it. `pinstead rules`, `pinstead explain` and the pages under `docs/rules/` are all
//! made from that entry.

pub mod baseline;
pub mod caa;
pub mod compare;
pub mod ct;
mod facts;
mod finding;
mod fingerprint;
pub mod issuance;
pub mod issuer;
pub mod log;
pub mod pins;
pub mod revocation;
pub mod run;
mod texts;
pub mod tls;

pub(crate) use self::compare::REQUIRED;
pub use self::facts::Facts;
pub use self::finding::{Acceptance, Finding, Location, Raised, Rule, RuleInfo, Severity};
pub use self::fingerprint::tie::Shown;
pub use self::fingerprint::{
    can_be_accepted, fingerprint, is_about_certificates, is_about_what_is_shown, stamp, tied_to,
};
use crate::judge::TargetVerdicts;

/// Every rule's own words, by family.
pub fn all() -> impl Iterator<Item = &'static RuleInfo> {
    tls::infos()
        .chain(ct::infos())
        .chain(caa::infos())
        .chain(issuer::infos())
        .chain(issuance::infos())
        .chain(revocation::infos())
        .chain(pins::infos())
        .chain(compare::infos())
        .chain(log::infos())
        .chain(run::infos())
        .chain(baseline::infos())
}

/// Whether a rule is about the entries of a baseline.
pub fn is_about_baseline(rule: &str) -> bool {
    baseline::infos().any(|info| info.id == rule)
}

/// A rule's page, as `pinstead explain` prints it and `docs/rules/` keeps it.
pub fn markdown(rule: &RuleInfo) -> String {
    let references: Vec<String> = rule.references.iter().map(|source| format!("- {source}\n")).collect();
    format!(
        "# {}: {}\n\nSeverity: {}. Needs: {}.\n\n{}\n\n## What to do\n\n{}\n\n## Sources\n\n{}",
        rule.id,
        rule.title,
        rule.severity,
        rule.needs,
        rule.explanation,
        rule.advice,
        references.concat()
    )
}

/// The findings about CAA, for each name that was judged.
pub fn caa_findings(verdicts: &TargetVerdicts) -> Vec<Vec<Finding>> {
    let mut findings = unstamped_caa_findings(verdicts);
    let shown = shown(verdicts);
    for of_name in &mut findings {
        stamp(&verdicts.target, shown.as_ref(), of_name);
    }
    findings
}

fn unstamped_caa_findings(verdicts: &TargetVerdicts) -> Vec<Vec<Finding>> {
    let readings = verdicts.caa.verdict().into_iter().flatten();
    readings
        .map(|reading| {
            let mut findings = caa::findings(reading);
            // Without a certificate there is no issuer to ask about.
            if !verdicts.chain.is_empty() {
                findings.extend(caa::issuer_findings(reading));
            }
            findings
        })
        .collect()
}

/// Every finding about a target, in the order of the families.
pub fn findings(verdicts: &TargetVerdicts) -> Vec<Finding> {
    let mut findings = tls::findings(verdicts);
    findings.extend(verdicts.ct.verdict().map(ct::findings).unwrap_or_default());
    if verdicts.ct.verdict().is_some() {
        findings.extend(ct::list_findings(&verdicts.log_lists));
    }
    findings.extend(unstamped_caa_findings(verdicts).into_iter().flatten());
    findings.extend(verdicts.issuer.verdict().map(issuer::findings).unwrap_or_default());
    findings.extend(verdicts.revocation.verdict().map(revocation::findings).unwrap_or_default());
    findings.extend(verdicts.issuance.verdict().map(issuance::findings).unwrap_or_default());
    findings.extend(verdicts.issuance.verdict().map(revocation::issued_findings).unwrap_or_default());
    findings.extend(verdicts.pins.verdict().map(pins::findings).unwrap_or_default());
    findings.extend(pins::target_findings(verdicts));
    findings.extend(compare::findings(verdicts));
    stamp(&verdicts.target, shown(verdicts).as_ref(), &mut findings);
    findings
}

/// The certificate that a target shows.
fn shown(verdicts: &TargetVerdicts) -> Option<Shown> {
    verdicts.chain.first().map(|leaf| Shown::of(leaf, &verdicts.who_issued))
}

#[cfg(test)]
pub(crate) mod tests;
