//! What the last look at revocations showed, for the reports of `watch`.

use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;
use serde_json::json;

use crate::report::human::safe;
use crate::report::human::style::{BAD, DOUBTFUL, FAINT, STRONG, paint};
use crate::report::human::wrap::{indented, wrap};
use crate::rules::Finding;
use crate::rules::revocation::kept_unrevoked_findings;
use crate::watch::revocation::{Looked, RevocationOfFound};
use crate::watch::state::{RevocationLook, State, StateError};

/// The most certificates that are named to people.
const MOST_NAMED: usize = 100;

/// What is known of the revocation of unexpected certificates.
#[derive(Debug, Default)]
pub(super) struct Revoked {
    /// The numbers; none where nobody ever looked.
    look: Option<RevocationLook>,
    certificates: Vec<RevocationOfFound>,
    /// Of what a look just now showed, what stays to be done.
    findings: Vec<Finding>,
}

impl Revoked {
    /// What a look showed just now.
    pub(super) fn seen(looked: Looked) -> Self {
        let look = Some(looked.numbers());
        Self { look, certificates: looked.certificates, findings: looked.findings }
    }

    /// Takes out what stays to be done.
    pub(super) fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// A look that failed.
    pub(super) fn failed(at: Timestamp, why: String) -> Self {
        let look = RevocationLook { failed: Some((at, why)), ..RevocationLook::default() };
        Self { look: Some(look), ..Self::default() }
    }

    /// What of the last look stays to be done, and what it left unknown, a sentence each.
    pub(super) fn judged(&self) -> (Vec<Finding>, Vec<String>) {
        let Some(look) = &self.look else {
            return (Vec::new(), vec!["revocations are to be looked at, and were not yet".to_owned()]);
        };
        let is_due = |one: &&RevocationOfFound| one.status() == "good" && one.overdue && !one.acknowledged;
        let unrevoked = self.certificates.iter().filter(is_due).map(|one| {
            let which = one.serial.as_deref().or(one.tbs_sha256.as_deref()).unwrap_or("without a number");
            (format!("one for {}, serial number {which}", one.watched), one.by_issuer)
        });
        let findings = kept_unrevoked_findings(&unrevoked.collect::<Vec<_>>());
        let mut unknown = Vec::new();
        if let Some((at, why)) = &look.failed {
            unknown.push(format!("revocations could not be looked at on {at}: {why}"));
        }
        let is_known =
            |one: &&RevocationOfFound| matches!(one.status(), "good" | "revoked") || one.acknowledged;
        let known = u64::try_from(self.certificates.iter().filter(is_known).count()).unwrap_or(u64::MAX);
        let open = count(look).saturating_sub(known);
        if open > 0 {
            unknown
                .push(format!("of {open} unexpected certificates it is not known whether they are revoked"));
        }
        (findings, unknown)
    }

    /// What the state has of the last look.
    pub(super) async fn kept(state: &State) -> Result<Self, StateError> {
        let look = state.revocation_look().await?;
        let read = |facts: &String| {
            serde_json::from_str(facts)
                .map_err(|error| StateError::Damaged(format!("what was seen of a revocation: {error}")))
        };
        let certificates = state.kept_revocations().await?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { look, certificates, findings: Vec::new() })
    }

    /// As the contract names such things: what is not known is undetermined.
    fn status(&self) -> &'static str {
        match &self.look {
            None => "not_checked",
            Some(look) if look.looked_at.is_none() || look.failed.is_some() || look.open > 0 => {
                "undetermined"
            }
            Some(_) => "checked",
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> serde_json::Value {
        let look = self.look.as_ref();
        // Numbers that nobody counted are not 0.
        let seen = look.filter(|look| look.looked_at.is_some());
        let failed = look.and_then(|look| look.failed.as_ref());
        let listed = u64::try_from(self.certificates.len()).unwrap_or(u64::MAX);
        json!({
            "status": self.status(),
            "looked_at": look.and_then(|look| look.looked_at),
            "failed_at": failed.map(|(at, _)| at),
            "error": failed.map(|(_, why)| why),
            "counts": seen.map(|look| json!({
                "certificates": count(look),
                "revoked": look.revoked,
                "not_revoked": look.good,
                "not_known": look.open,
                "overdue": look.overdue,
            })),
            "certificates": self.certificates,
            "certificates_left_out": seen.map_or(0, |look| count(look).saturating_sub(listed)),
        })
    }

    /// For people; nothing where nobody looked.
    pub(super) fn human(&self) -> String {
        let Some(look) = &self.look else { return String::new() };
        let mut text = format!("{}\n", paint(STRONG, "Revocation of unexpected certificates"));
        if let Some((at, why)) = &look.failed {
            let line = format!("  It could not be looked at on {at}: {}.", safe(why));
            text.push_str(&wrap(&paint(BAD, line), "", "  "));
        }
        let Some(at) = look.looked_at else {
            text.push('\n');
            return text;
        };
        let line = match count(look) {
            0 => format!("There was none that could be used on {at}."),
            all => format!(
                "{all} that could be used on {at}: {} revoked, {} not revoked, {} of which it is not known; {} known for a day \
                 or longer and not known to be revoked",
                look.revoked, look.good, look.open, look.overdue
            ),
        };
        text.push_str(&indented(&line, 2));
        for one in self.certificates.iter().take(MOST_NAMED) {
            text.push_str(&shown(one));
        }
        let named = u64::try_from(self.certificates.len().min(MOST_NAMED)).unwrap_or(u64::MAX);
        let more = count(look).saturating_sub(named);
        if more > 0 {
            let _ = writeln!(text, "  {}", paint(FAINT, format!("and {more} more: see the JSON report")));
        }
        text.push('\n');
        text
    }
}

fn count(look: &RevocationLook) -> u64 {
    look.revoked.saturating_add(look.good).saturating_add(look.open)
}

/// A certificate, what is known, and by what.
fn shown(one: &RevocationOfFound) -> String {
    let said = |key: &str| one.revocation[key].as_str();
    let (style, what): (Style, String) = match one.status() {
        "revoked" => {
            let since = said("revoked_at").unwrap_or("a time that is not known");
            (FAINT, format!("revoked since {since} ({})", said("reason").unwrap_or("no reason given")))
        }
        "good" if one.acknowledged => (FAINT, "still not revoked, acknowledged".to_owned()),
        "good" if one.overdue => (BAD, "still not revoked".to_owned()),
        "good" => (DOUBTFUL, "not revoked".to_owned()),
        _ if one.acknowledged => (FAINT, "not known whether it is revoked, acknowledged".to_owned()),
        _ => (DOUBTFUL, "not known whether it is revoked".to_owned()),
    };
    let found = match one.first_seen {
        Some(time) => format!("found {time}"),
        None => "found nobody knows when".to_owned(),
    };
    let serial = one.serial.as_deref().map(|serial| format!("serial number {serial}"));
    let named: Vec<String> = serial.into_iter().chain(one.tbs_sha256.clone()).collect();
    let named = if named.is_empty() { "without a hash".to_owned() } else { named.join(", ") };
    let issuer = one.issuer_owner.as_deref().or(one.issuer.as_deref()).unwrap_or("an unknown CA");
    let heading = format!("{}: {what}; by {issuer}; {found} ({named})", one.claimed());
    let mut text = wrap(&format!("  {}", paint(style, safe(&heading))), "", "    ");
    if let Some(why) = said("why") {
        text.push_str(&indented(&safe(why), 4));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(status: &str, overdue: bool) -> RevocationOfFound {
        RevocationOfFound {
            tbs_sha256: Some("ab".repeat(32)),
            certificate_sha256: None,
            precertificate_sha256: None,
            serial: Some("0a1b".to_owned()),
            watched: "www.example".to_owned(),
            names: vec!["pay.www.example".to_owned(), "www.example".to_owned()],
            names_left_out: 3,
            issuer: Some("CN=\u{1b}[31mX".to_owned()),
            issuer_owner: None,
            not_after: None,
            first_seen: Some("2026-11-20T00:00:00Z".parse().unwrap()),
            overdue,
            acknowledged: false,
            by_issuer: true,
            revocation: json!({"status": status, "why": "The CRL at http://crl.example/: it could not be had."}),
        }
    }

    #[test]
    fn what_is_not_known_is_never_good() {
        let at: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        assert_eq!(Revoked::default().json()["status"], "not_checked");
        assert_eq!(Revoked::default().json()["counts"], serde_json::Value::Null);
        assert_eq!(Revoked::default().human(), "");
        let failed = Revoked::failed(at, "the state is away".to_owned());
        assert_eq!((failed.status(), &failed.json()["counts"]), ("undetermined", &serde_json::Value::Null));
        assert!(failed.human().contains("could not be looked at"), "{}", failed.human());
        let look = RevocationLook { looked_at: Some(at), open: 2, overdue: 1, ..RevocationLook::default() };
        let open = Revoked {
            look: Some(look),
            certificates: vec![one("undetermined", true), one("a status of tomorrow", false)],
            ..Revoked::default()
        };
        let json = open.json();
        assert_eq!((&json["status"], &json["counts"]["not_known"]), (&"undetermined".into(), &2.into()));
        let text = anstream::adapter::strip_str(&open.human()).to_string();
        assert_eq!(text.matches("not known whether it is revoked").count(), 2, "{text}");
        assert!(text.contains("could not be had") && !text.contains('\u{1b}'), "{text}");
        let look = RevocationLook { looked_at: Some(at), good: 1, overdue: 1, ..RevocationLook::default() };
        let good = Revoked { look: Some(look), certificates: vec![one("good", true)], ..Revoked::default() };
        assert_eq!(good.status(), "checked");
        let text = good.human();
        assert!(text.contains("pay.www.example and 4 more: still not revoked"), "{text}");
        assert!(text.contains("serial number 0a1b"), "{text}");
    }
}
