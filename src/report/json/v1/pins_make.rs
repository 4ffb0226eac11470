//! The JSON report of `pinstead pins make`.

use serde_json::{Value, json};

use super::SCHEMA_VERSION;
use crate::pins::make::{BEFORE, Form, Place, Proposal};

/// The report as one object.
pub fn document(proposal: &Proposal, forms: &[(Form, Result<String, String>)]) -> Value {
    let pins = proposal.pins.iter().map(|pin| {
        json!({
            "pin": format!("sha256/{}", pin.key),
            "name": pin.name,
            "role": pin.role.name(),
            "place": match pin.place { Place::Leaf => "leaf", Place::Ca => "ca" },
            "in_chain": pin.in_chain,
            "reason": pin.reason,
        })
    });
    let forms = forms.iter().map(|(form, written)| {
        let unsaid = if written.is_ok() { form.unsaid(proposal) } else { Vec::new() };
        json!({
            "form": form.name(),
            "text": written.as_ref().ok(),
            "refused": written.as_ref().err(),
            "unsaid": unsaid,
        })
    });
    json!({
        "schema_version": SCHEMA_VERSION,
        "host": proposal.host,
        "include_subdomains": proposal.include_subdomains,
        "level": proposal.level.name(),
        "level_reason": proposal.level_why,
        "expires": proposal.expires.map(|date| date.to_string()),
        "matches_now": proposal.matches_now(),
        "has_backup": proposal.has_backup(),
        "pins": pins.collect::<Vec<_>>(),
        "warnings": proposal.warnings,
        "before": BEFORE,
        "forms": forms.collect::<Vec<_>>(),
    })
}
