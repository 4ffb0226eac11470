//! What is told of the revocation of an unexpected certificate.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::REVOCATION_ALERT;
use super::looked::{MOST_NAMES, Standing, why};
use crate::dns_name::DnsName;
use crate::issuance::JudgedCertificate;
use crate::report::human::safe;
use crate::report::json::v1::issued_revocation;
use crate::rules::Severity;
use crate::rules::revocation::severity_of_unrevoked;
use crate::watch::state::NewAlert;
use crate::x509::hexadecimal;

/// What is told of one that is revoked, in the alert's subject.
pub(super) const REVOKED: &str = "revoked";

/// How many digits of a serial number stand in a title.
const MOST_DIGITS: usize = 40;

/// An alert before it is written down.
pub(super) struct Alert {
    subject: String,
    severity: Severity,
    pub(super) title: String,
    text: String,
    details: serde_json::Value,
}

impl Alert {
    /// What it is about, and whether somebody said that he knows of just that.
    pub(super) fn is_among(&self, subjects: &BTreeSet<String>) -> bool {
        subjects.contains(&self.subject)
    }

    pub(super) fn into_new(self) -> NewAlert {
        let payload = json!({
            "title": self.title, "severity": self.severity, "text": self.text, "details": self.details,
        });
        NewAlert { kind: REVOCATION_ALERT.to_owned(), subject: self.subject, payload: payload.to_string() }
    }
}

/// What there is to tell; nothing while the CA has its day.
pub(super) fn alert(
    name: &DnsName,
    judged: &JudgedCertificate,
    found: Option<Timestamp>,
    standing: Standing,
) -> Option<Alert> {
    let it = &judged.certificate;
    let host = it.claimed(name);
    let (state, severity, title, advice) = match standing {
        Standing::Revoked => {
            let since = judged.revocation.revocation()?.in_words();
            (
                REVOKED,
                Severity::Info,
                format!("Unexpected certificate for {host} is {since}"),
                "Whoever looks revocations up refuses it by now; not all do.".to_owned(),
            )
        }
        Standing::Good { is_overdue: true } => (
            "unrevoked",
            severity_of_unrevoked(judged.is_of_unexpected_issuer()),
            format!("Unexpected certificate for {host} is still not revoked after 24 hours"),
            report_it(judged),
        ),
        Standing::Open { is_overdue: true } => (
            "unknown",
            Severity::Medium,
            format!("Whether an unexpected certificate for {host} is revoked is not known after 24 hours"),
            "Look it up by hand, at the place that the certificate names.".to_owned(),
        ),
        Standing::Good { is_overdue: false } | Standing::Open { is_overdue: false } => return None,
    };
    // Of one host there may be many: the number tells them apart.
    let title = match &it.serial {
        Some(serial) => format!("{title} (serial number {})", shortened(serial)),
        None => title,
    };
    let issuer = it.issuer_name.as_deref().unwrap_or("not known");
    // What a line has from outside makes no further ones.
    let lines = [
        why(&judged.revocation),
        format!("Issuer, as claimed: {issuer}"),
        format!("The {}.", it.label()),
        advice,
    ];
    let text = lines.map(|line| safe(&line).into_owned()).join("\n");
    let title = safe(&title).into_owned();
    let details = json!({
        "status": judged.revocation.name(),
        "tbs_sha256": it.tbs_sha256.map(|hash| hexadecimal(&hash)),
        "certificate_sha256": it.sha256.map(|hash| hash.to_string()),
        "precertificate_sha256": it.precertificate_sha256.map(|hash| hash.to_string()),
        "serial": it.serial,
        "issuer": it.issuer_name,
        "issuer_owner": it.issuer.owner,
        "watched": name,
        "names": it.names_of(name).into_iter().take(MOST_NAMES).collect::<Vec<_>>(),
        "first_seen": found,
        "not_after": it.not_after,
        "revoked_at": judged.revocation.revocation().map(|revocation| revocation.date),
        "revocation": issued_revocation(&judged.revocation),
    });
    Some(Alert { subject: subject(judged, state), severity, title, text, details })
}

/// What an alert is about: the certificate, and what is told of it.
pub(super) fn subject(judged: &JudgedCertificate, state: &str) -> String {
    let it = &judged.certificate;
    let hash = it.tbs_sha256.map_or_else(|| it.label(), |hash| hexadecimal(&hash));
    format!("{hash}:{state}")
}

/// A serial number has 20 octets at most (RFC 5280 section 4.1.2.2); of what has more, the beginning.
fn shortened(serial: &str) -> String {
    let mut short: String = serial.chars().take(MOST_DIGITS).collect();
    if short.len() < serial.len() {
        short.push('…');
    }
    short
}

/// How its CA is told.
fn report_it(judged: &JudgedCertificate) -> String {
    let contact = judged.problem_reporting.as_deref().unwrap_or("by the contact in its CPS or in CCADB");
    format!(
        "Report it to its CA ({contact}), with proof that the name is yours, and ask again what became of a report that was \
         made (REV008)."
    )
}
