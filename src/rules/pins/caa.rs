//! The rule about pins beside CAA: which CAs may issue, and which of them pinned clients accept.

use std::collections::BTreeSet;

use serde_json::json;

use super::subjects::{called, listed, pinned_groups, public_ca};
use crate::ca::{CaKey, CaTable};
use crate::caa::Policy;
use crate::judge::TargetVerdicts;
use crate::pins::{EnforcementMode, PinVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// Pins and CAA that name different CAs.
pub(super) static DISAGREES: Rule<TargetVerdicts> = Rule {
    info: RuleInfo {
        id: "PIN039",
        title: "The pins and CAA disagree",
        severity: Severity::Medium,
        needs: "a pin file with pins of CAs that the tables know, and the CAA records of the host",
        explanation: "CAA says who may issue the next certificate, the pins say what clients accept. A pinned CA that \
            CAA does not name is no backup as long as the records stand. A CA that CAA names and no pin covers can \
            issue a certificate that locks pinned clients out. Where every CA that may issue is one that no pin \
            covers, the next issuance does so, and the finding is high. Only CA keys count here: a key of your own \
            can be certified by any CA.",
        advice: "Make both say the same: add the CA to CAA before you need it, or pin what may issue.",
        references: &[
            "RFC 8659 (CAA)",
            "CCADB, CAA identifiers of the CAs",
            "OWASP Cheat Sheet Series, Pinning Cheat Sheet",
        ],
    },
    raise: disagreements,
};

/// A pinned CA and the identifiers that it goes by in CAA records.
struct Pinned {
    ca: CaKey,
    identifiers: BTreeSet<&'static str>,
}

impl Pinned {
    /// The CA that a pin names, if it is known by any identifier.
    fn of(pin: &PinVerdict) -> Option<Self> {
        let ca = public_ca(pin)?;
        // The tables tell identifiers by organisation; a root's may differ from that of the CAs below it.
        let of_owner = ca.owner.into_iter().flat_map(|owner| CaTable.identifiers_of_owner(owner));
        let identifiers: BTreeSet<_> = ca.identifiers.iter().map(|one| one.domain).chain(of_owner).collect();
        (!identifiers.is_empty()).then_some(Self { ca, identifiers })
    }

    fn is_named(&self, issuer: &str) -> bool {
        self.identifiers.iter().any(|identifier| identifier.eq_ignore_ascii_case(issuer))
    }
}

fn disagreements(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let (Some(pins), Some(readings)) = (verdicts.pins.verdict(), verdicts.caa.verdict()) else {
        return Vec::new();
    };
    let Some(host) = &pins.host else { return Vec::new() };
    // The certificate may be for a wildcard name only, whose policy is the one that then counts.
    let named = readings.iter().find(|reading| reading.name == *host);
    let above = host.split_once('.').map(|(_, above)| format!("*.{above}"));
    let Some(reading) =
        named.or_else(|| readings.iter().find(|reading| Some(&reading.name) == above.as_ref()))
    else {
        return Vec::new();
    };
    let permitted = match reading.policy() {
        Policy::Only(permitted) => permitted,
        Policy::Nobody => Vec::new(),
        Policy::Anyone | Policy::Undetermined(_) => return Vec::new(),
    };
    let mut raised = Vec::new();
    for group in pinned_groups(pins) {
        if group.first.enforced != EnforcementMode::Yes {
            continue;
        }
        let usable = group.usable();
        let cas: Vec<Pinned> = usable.iter().filter_map(|pin| Pinned::of(pin)).collect();
        let shut_out: BTreeSet<String> = cas
            .iter()
            .filter(|pinned| !permitted.iter().any(|named| pinned.is_named(named)))
            .map(|pinned| called(&pinned.ca))
            .collect();
        let uncovered: Vec<String> = permitted
            .iter()
            .filter(|named| !cas.iter().any(|pinned| pinned.is_named(named)))
            .cloned()
            .collect();
        // Some pin may be a key of the owner's own, or a CA's whose identifiers are not known.
        let only_cas = !cas.is_empty() && cas.len() == usable.len() && group.first.unread == 0;
        let shut_out: Vec<String> = shut_out.into_iter().collect();
        let mut said = Vec::new();
        let mut severity = Severity::Medium;
        if !shut_out.is_empty() {
            said.push(format!("CAA does not let {} issue.", listed(&shut_out)));
        }
        if only_cas && !uncovered.is_empty() {
            said.push(format!("CAA lets {} issue, which no pin covers.", listed(&uncovered)));
            if uncovered.len() == permitted.len() {
                severity = Severity::High;
            } else if shut_out.is_empty() {
                severity = Severity::Low;
            }
        }
        if said.is_empty() {
            continue;
        }
        let evidence = json!({
            "file": group.source.file,
            "line": group.first.line,
            "caa_name": reading.name,
            "caa_permits": permitted,
            "pinned_not_permitted": shut_out,
            "permitted_not_pinned": if only_cas { uncovered } else { Vec::new() },
        });
        raised.push(group.soften(Raised::new(group.subject(), said.join(" "), evidence).at(severity)));
    }
    raised
}
