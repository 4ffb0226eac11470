//! The revocation of a chain, in words.

use std::fmt::Write as _;

use super::safe;
use crate::judge::{ChainRevocation, MemberRevocation};
use crate::report::document::Mark;
use crate::revocation::Status;

/// One line: the leaf first, then the CAs.
pub(super) fn words(chain: &ChainRevocation) -> (Mark, String) {
    let mark = match chain.status() {
        "good" => Mark::Good,
        "revoked" => Mark::Bad,
        _ => Mark::Open,
    };
    let leaf = chain.members.iter().take(1).map(|member| one("The certificate", member));
    let cas = chain.members.iter().skip(1).map(|member| {
        let beside = if member.on_path || !chain.path_built { "" } else { ", beside the path," };
        one(&format!("The CA {}{beside}", member.verdict.subject), member)
    });
    let mut text = leaf.chain(cas).collect::<Vec<_>>().join(" ");
    if !chain.left_out.is_empty() {
        let names = chain.left_out.join("; ");
        let _ = write!(text, " Not looked at: {names}.");
    }
    if !chain.asked {
        text.push_str(" Its CRLs are asked only with --revocation.");
    }
    (mark, safe(&text).into_owned())
}

fn one(what: &str, member: &MemberRevocation) -> String {
    let verdict = &member.verdict;
    match verdict.status {
        Status::Good => format!("{what} is not revoked. {}", verdict.why),
        Status::Revoked(revocation) => format!("{what} is {}. {}", revocation.in_words(), verdict.why),
        Status::Undetermined => format!("{what}: not known. {}", verdict.why),
    }
}
