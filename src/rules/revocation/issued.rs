//! What there is to say of the revocation of what was issued for a name.

use serde_json::{Value, json};

use super::{MOST, RULES, UNEXPECTED, Unexpected, facts, severity_of_unrevoked, unexpected_findings};
use crate::issuance::{IssuanceVerdict, JudgedCertificate};
use crate::judge::{ChainRevocation, MemberRevocation};
use crate::rules::fingerprint::digest;
use crate::rules::{Finding, Raised, Severity};

/// The findings about what was issued, where its revocation was looked at.
pub fn issued_findings(verdict: &IssuanceVerdict) -> Vec<Finding> {
    let unexpected: Vec<&JudgedCertificate> = verdict.unexpected().collect();
    let told = raised(verdict).into_iter().filter_map(|(rule, raised)| {
        let rule = RULES.iter().find(|known| known.info.id == rule)?;
        Some(Finding::new(&rule.info, raised))
    });
    told.chain(lists(verdict)).chain(unrevoked_findings(&unexpected)).collect()
}

/// What is to be said of these unexpected certificates that are not revoked (REV008).
pub fn unrevoked_findings(unexpected: &[&JudgedCertificate]) -> Vec<Finding> {
    let of = |by_issuer: bool| {
        let unexpected =
            unexpected.iter().filter(move |judged| judged.is_of_unexpected_issuer() == by_issuer);
        unexpected.filter_map(|judged| judged.revocation.verdict().cloned()).collect()
    };
    let contacts = unexpected.iter().filter_map(|judged| {
        let it = &judged.certificate;
        let contact = judged.problem_reporting.clone().or_else(|| it.problem_reporting.clone())?;
        Some((it.issuer.key?, contact))
    });
    unexpected_findings(&Unexpected { verdicts: of(true), by_lists: of(false), contacts: contacts.collect() })
}

/// The same of what is only kept of them: which certificates, in words, and whether each is unexpected by its issuer.
pub fn kept_unrevoked_findings(unrevoked: &[(String, bool)]) -> Vec<Finding> {
    let Some(rule) = UNEXPECTED.iter().find(|rule| rule.info.id == "REV008") else { return Vec::new() };
    let of = |by_issuer: bool| -> Vec<&str> {
        unrevoked.iter().filter(|(_, by)| *by == by_issuer).map(|(which, _)| which.as_str()).collect()
    };
    let raised = [true, false].map(|by_issuer| (of(by_issuer), severity_of_unrevoked(by_issuer)));
    let raised = raised.into_iter().filter(|(which, _)| !which.is_empty()).map(|(which, severity)| {
        let shown = which.iter().take(MOST).copied().collect::<Vec<_>>().join("; ");
        let message = match which.as_slice() {
            [one] => format!("Known for a day or longer, and not revoked when it was looked at last: {one}."),
            all => format!(
                "{} are known for a day or longer, and were not revoked when they were looked at last: {shown}.",
                all.len()
            ),
        };
        let evidence = json!({"count": which.len(), "certificates": which.iter().take(MOST).collect::<Vec<_>>()});
        let raised = Raised::new("unexpected certificates", message, evidence).at(severity);
        Finding::new(&rule.info, raised.known_by("which", digest(&which)))
    });
    raised.collect()
}

/// What is said of lists is said as of the chains of servers.
fn lists(verdict: &IssuanceVerdict) -> Vec<Finding> {
    let members = verdict.certificates.iter().filter_map(|judged| {
        let verdict = judged.revocation.verdict()?.clone();
        Some(MemberRevocation { verdict, on_path: true })
    });
    let together = ChainRevocation {
        asked: true,
        public: false,
        path_built: true,
        members: members.collect(),
        left_out: Vec::new(),
    };
    let about_lists = RULES.iter().filter(|rule| matches!(rule.info.id, "REV004" | "REV007"));
    about_lists.flat_map(|rule| rule.findings(&together)).collect()
}

fn raised(verdict: &IssuanceVerdict) -> Vec<(&'static str, Raised)> {
    let mut raised = Vec::new();
    // That an unexpected one is revoked is as it should be.
    let revoked = || {
        let expected =
            verdict.certificates.iter().filter(|judged| !judged.is_unexpected() && !judged.is_accepted());
        expected.filter(|judged| judged.revocation.revocation().is_some())
    };
    for is_replaced in [false, true] {
        let these: Vec<&JudgedCertificate> =
            revoked().filter(|judged| self::is_replaced(judged, verdict) == is_replaced).collect();
        let after = if is_replaced {
            "A later certificate for the same names is not revoked; see that no server has the revoked one any more."
        } else {
            "No later certificate for the same names is known to be good: it may be the one in use."
        };
        raised.extend(
            together(&these, verdict, "revoked", after)
                .map(|one| ("REV001", if is_replaced { one.at(Severity::Low) } else { one })),
        );
    }
    for needed in [true, false] {
        let open =
            verdict.certificates.iter().filter(|judged| judged.revocation.is_open() && !judged.is_accepted());
        let these: Vec<&JudgedCertificate> =
            open.filter(|judged| judged.revocation.is_demanded() == needed).collect();
        raised.extend(
            together(&these, verdict, "of which it is not known whether they are revoked", "")
                .map(|one| ("REV003", if needed { one } else { one.at(Severity::Info) })),
        );
    }
    raised
}

/// Whether a later certificate stands for all its names that is known to be good.
fn is_replaced(judged: &JudgedCertificate, verdict: &IssuanceVerdict) -> bool {
    verdict.certificates.iter().any(|other| {
        let is_later = other.certificate.not_before > judged.certificate.not_before;
        is_later
            && other.life.can_be_used()
            && !other.is_unexpected()
            && other
                .revocation
                .verdict()
                .is_some_and(|verdict| verdict.status == crate::revocation::Status::Good)
            && judged.certificate.names.iter().all(|name| other.certificate.names.contains(name))
    })
}

/// One finding for many: an owner may have thousands.
fn together(
    these: &[&JudgedCertificate],
    verdict: &IssuanceVerdict,
    what: &str,
    after: &str,
) -> Option<Raised> {
    let first = these.first()?;
    let labels: Vec<String> = these.iter().take(MOST).map(|judged| judged.certificate.label()).collect();
    let more = these.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let why = first.revocation.why().unwrap_or_default();
    let message = format!(
        "Issued for {}, {what}: {}{more}. Of the first: {} {after}",
        verdict.name,
        labels.join(", "),
        why.trim_end(),
    );
    let all: Vec<Value> = these
        .iter()
        .take(MOST)
        .map(|judged| match judged.revocation.verdict() {
            Some(verdict) => facts(verdict),
            None => json!({"sha256": judged.certificate.sha256, "status": judged.revocation.name()}),
        })
        .collect();
    let evidence = json!({"count": these.len(), "certificates": all});
    let which = digest(these.iter().map(|judged| judged.certificate.identity()));
    Some(Raised::new(verdict.name.to_string(), message.trim_end(), evidence).known_by("which", which))
}
