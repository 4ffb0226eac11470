//! The report of `pinstead pins make` for people.

use std::fmt::Write as _;

use super::style::{STRONG, paint};
use super::{safe, wrap};
use crate::pins::make::{BEFORE, Form, Proposal};

/// The proposal, and every form of it.
pub fn render(proposal: &Proposal, forms: &[(Form, Result<String, String>)]) -> String {
    let mut out = self::proposal(proposal);
    for (form, written) in forms {
        out.push('\n');
        out.push_str(&paint(STRONG, safe(form.name())));
        out.push('\n');
        match written {
            Ok(text) => {
                out.push_str(&unsaid(proposal, *form));
                // Its names are cleaned where it is written; line ends are its own.
                out.push_str(text);
            }
            Err(why) => out.push_str(&wrap::labelled("  ", &safe(&format!("Not written: {why}.")))),
        }
    }
    out
}

/// What a form leaves unsaid.
pub fn unsaid(proposal: &Proposal, form: Form) -> String {
    form.unsaid(proposal).into_iter().map(|text| wrap::labelled("  ", text)).collect()
}

/// What is proposed, why, and what to think of before.
pub fn proposal(proposal: &Proposal) -> String {
    let count = proposal.pins.len();
    let what = if count == 1 { "1 pin".to_owned() } else { format!("{count} pins") };
    let mut out = paint(STRONG, safe(&format!("{}: {what} proposed", proposal.host)));
    out.push('\n');
    let level = proposal.level.name().replace('_', " ");
    out.push_str(&wrap::labelled("  ", &safe(&format!("Level {level}: {}.", proposal.level_why))));
    for pin in &proposal.pins {
        let _ = writeln!(out, "\n  sha256/{}", pin.key);
        let role = pin.role.name().replace('_', " ");
        let text = format!("{role}: {}; {}.", pin.name, pin.reason);
        out.push_str(&wrap::labelled("    ", &safe(&text)));
    }
    if !proposal.warnings.is_empty() {
        out.push('\n');
    }
    for warning in &proposal.warnings {
        out.push_str(&wrap::labelled("  ! ", &safe(warning)));
    }
    out.push_str("\nBefore you ship them\n");
    for line in BEFORE {
        out.push_str(&wrap::labelled("  - ", &safe(line)));
    }
    out
}
