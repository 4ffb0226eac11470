//! What is said beside a suggested CAA record set: the comments of the form.

use jiff::Timestamp;

use crate::caa::Verdict;
use crate::caa::suggest::{CaInUse, Suggestion, Wish};
use crate::judge::InUse;

/// What the owner has to know, in the order of its weight.
pub fn notes(
    wish: &Wish,
    offline: bool,
    in_use: &InUse,
    suggestion: &Suggestion,
    at: Timestamp,
) -> Vec<String> {
    let manner = if wish.strict { "strict" } else { "lenient" };
    let mut kept: Vec<&str> = suggestion
        .permits
        .iter()
        .filter(|permit| permit.kept)
        .map(|permit| permit.verdict.ca.as_str())
        .collect();
    kept.dedup();
    let mut whom = if in_use.unresolved.is_empty() {
        "exactly the CAs in use".to_owned()
    } else {
        "the CAs in use as far as they could be named".to_owned()
    };
    if !kept.is_empty() {
        let in_use = whom.trim_start_matches("exactly ");
        whom = format!("{in_use}, and those published now that nothing speaks against ({})", kept.join(", "));
    }
    let allows = if suggestion.open.is_empty() { "allows" } else { "is meant to allow" };
    let mut notes = vec![format!(
        "CAA for {}, suggested by pinstead on {} ({manner}): it {allows} {whom}.",
        wish.name,
        at.strftime("%Y-%m-%d")
    )];
    notes.extend(in_use.unresolved.iter().chain(&suggestion.open).map(|open| format!("OPEN: {open}")));
    notes.extend(in_use.cas.iter().map(about));
    if offline {
        notes.push(format!("The certificate of {} was not looked at (--offline).", wish.name));
    }
    notes.extend(in_use.notes.iter().cloned());
    for permit in &suggestion.permits {
        let (verdict, what) = (&permit.verdict, if permit.wildcard { "a wildcard below " } else { "" });
        let permits = match verdict.verdict {
            Verdict::Permit => "permits",
            Verdict::Deny => "does not permit",
            Verdict::Undetermined => "may not permit",
        };
        let why = if permit.wanted && verdict.verdict != Verdict::Permit {
            format!(": {}", verdict.reason)
        } else {
            String::new()
        };
        notes.push(format!("This set {permits} {} for {what}{}{why}.", verdict.ca, wish.name));
    }
    notes.extend(suggestion.notes.iter().cloned());
    notes
}

/// One CA, with where it was seen and why it is named so.
fn about(ca: &CaInUse) -> String {
    let sightings: Vec<String> = ca
        .sightings
        .iter()
        .map(|sighting| format!("{} {}", sighting.source.words(), sighting.detail))
        .collect();
    let others = if ca.alternatives.is_empty() {
        String::new()
    } else {
        format!("; instead of it any one of these would do: {}", ca.alternatives.join(", "))
    };
    let who =
        if ca.identity.label == ca.identifier { String::new() } else { format!("{}; ", ca.identity.label) };
    format!("{}: {who}{}; chosen because {}{others}.", ca.identifier, sightings.join("; "), ca.why)
}
