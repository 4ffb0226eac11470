//! What was found in a log, made into what is kept and what is told: which certificate it is, who issued it, and whether
//! that was expected.
//!
//! Plain functions: an entry and the certificates above it go in. Who issued is decided by key, as everywhere; names are
//! shown as they are claimed.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::bounded;
use super::judging::{Judgement, Judging, Standing};
use super::label::shorten;
use crate::ca::expectation::Expectation;
use crate::ct::log_entry::{LoggedEntry, read_leaf};
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::issuance::JudgedCertificate;
use crate::issuance::forged::{ForgedName, NameOfIssuer};
use crate::issuance::names::{Form, find_all};
use crate::issuance::who::{IssuerProof, WhoIssued};
use crate::report::human::safe;
use crate::rules::{Finding, Severity};
use crate::watch::batch::{FoundEntry, Why};
use crate::watch::state::{EntryKind, Found, Judged, NewAlert};
use crate::x509::der;
use crate::x509::precertificate::logged_tbs;
use crate::x509::{Certificate, SpkiSha256, hexadecimal};

/// The most names of a certificate that an alert lists.
const MOST_NAMES: usize = 100;
/// The kind of the alerts about certificates.
pub const CERTIFICATE_ALERT: &str = "certificate";
/// The kind of the alert of a test.
pub const SELF_TEST_ALERT: &str = "self_test";

/// What was found, ready to be kept and told.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is kept.
    pub found: Found,
    /// The alert, once for each certificate.
    pub alert: NewAlert,
    /// The same for a report.
    pub summary: Summary,
}

/// A found certificate in a few words.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What makes precertificate and certificate one.
    pub tbs_sha256: String,
    /// How much it matters.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// In several.
    #[serde(skip)]
    pub text: String,
    /// Whether the issuer is expected, as the contract names it.
    pub expectation: &'static str,
    /// Whether what it claims could be read.
    pub is_determined: bool,
    /// The facts.
    pub details: Value,
}

/// What an entry's leaf says.
struct Read {
    tbs_sha256: [u8; 32],
    kind: EntryKind,
    timestamp: u64,
    /// The certificate itself.
    certificate: Option<Bytes>,
    /// What it says, where it can be read; of a precertificate, what the tree covers.
    contents: Option<Certificate>,
    /// The issuer's key by the leaf.
    issuer_key: Option<SpkiSha256>,
}

fn read(leaf: &[u8]) -> Read {
    let hash = |octets: &[u8]| -> [u8; 32] { Sha256::digest(octets).into() };
    let unread = Read {
        tbs_sha256: hash(leaf),
        kind: EntryKind::X509,
        timestamp: 0,
        certificate: None,
        contents: None,
        issuer_key: None,
    };
    let Ok(entry) = read_leaf(leaf) else { return unread };
    match entry.entry {
        LoggedEntry::X509 { certificate } => {
            let contents = Certificate::read(certificate).ok();
            // One that cannot be cut is the same in every log all the same.
            let tbs = contents.as_ref().and_then(logged_tbs);
            Read {
                tbs_sha256: hash(tbs.as_deref().unwrap_or(certificate)),
                timestamp: entry.timestamp,
                certificate: Some(Bytes(certificate.to_vec())),
                contents,
                ..unread
            }
        }
        LoggedEntry::Precert { issuer_key_hash, tbs } => Read {
            tbs_sha256: hash(tbs),
            kind: EntryKind::Precert,
            timestamp: entry.timestamp,
            certificate: None,
            contents: read_tbs(tbs),
            issuer_key: Some(issuer_key_hash),
        },
    }
}

/// Reads a TBSCertificate as the certificate that it would be with a signature of no bits.
fn read_tbs(tbs: &[u8]) -> Option<Certificate> {
    let algorithm = der::wrap(der::SEQUENCE, &[]);
    let signature = der::wrap(der::BIT_STRING, &[0]);
    Certificate::read(&der::wrap(der::SEQUENCE, &[tbs, &algorithm, &signature].concat())).ok()
}

/// Makes of an entry what is kept of it, and its alert.
pub fn prepare(entry: &FoundEntry, standing: &Standing<'_>, judging: &Judging) -> Prepared {
    let read = read(&entry.leaf);
    let claims = claims(entry, judging);
    let judgement = judging.judge(entry, read.certificate.as_ref(), read.issuer_key, &claims, standing);
    let mut found = Found {
        tbs_sha256: read.tbs_sha256,
        kind: read.kind,
        index: entry.index,
        timestamp: read.timestamp,
        leaf: entry.leaf.clone(),
        certificate: read.certificate.clone(),
        precertificate: entry.beside.precertificate.clone(),
        chain: entry.beside.chain.clone(),
        claims: claims.iter().cloned().collect(),
        judged: None,
    };
    bounded::cut(&mut found, &entry.why);
    let subject = Subject { entry, read: &read, claims: &claims, judgement: &judgement, standing };
    let mut summary = subject.summary();
    let mut kind = CERTIFICATE_ALERT;
    if judging.is_test {
        kind = SELF_TEST_ALERT;
        summary.title = format!("TEST: {}", summary.title);
        summary.text = format!(
            "This is a test of pinstead watch. The certificate was made up, and stands in no log. It has no severity, so that \
             it comes to every channel; one by a CA that is known and not expected has “high”.\n{}",
            summary.text
        );
    }
    let payload = json!({
        "title": summary.title,
        // A test has none, so that it comes to every channel.
        "severity": (!judging.is_test).then_some(summary.severity),
        "text": summary.text,
        "details": summary.details,
    });
    let alert =
        NewAlert { kind: kind.to_owned(), subject: summary.tbs_sha256.clone(), payload: payload.to_string() };
    found.judged = Some(Judged {
        issuer_key: subject.proven_key().map(|key| key.0),
        gravity: gravity(summary.severity),
        is_determined: subject.is_determined(),
        is_final: subject.is_final(),
        wishes: judging.wishes(),
        verdict: subject.verdict(summary.severity),
        alert: alert.clone(),
    });
    Prepared { found, alert, summary }
}

/// All watched names that the certificate claims, in whatever shape: each has its own expected CAs.
fn claims(entry: &FoundEntry, judging: &Judging) -> BTreeSet<DnsName> {
    let (octets, form) = match read_leaf(&entry.leaf).map(|leaf| leaf.entry) {
        Ok(LoggedEntry::X509 { certificate }) => (certificate, Form::Certificate),
        Ok(LoggedEntry::Precert { tbs, .. }) => (tbs, Form::TbsCertificate),
        Err(_) => (entry.leaf.0.as_slice(), Form::Certificate),
    };
    let found = find_all(octets, form, &judging.watched);
    let mut claims: BTreeSet<DnsName> = found.into_iter().map(|watched| watched.name.clone()).collect();
    match &entry.why {
        Why::Claims { watched, .. } => claims.insert(watched.clone()),
        Why::Undetermined { mentions, .. } => mentions.iter().any(|name| claims.insert(name.clone())),
    };
    claims
}

/// What an alert is about.
struct Subject<'a> {
    entry: &'a FoundEntry,
    read: &'a Read,
    claims: &'a BTreeSet<DnsName>,
    judgement: &'a Judgement,
    standing: &'a Standing<'a>,
}

/// How grave it is, as the state compares it.
fn gravity(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

impl Subject<'_> {
    fn expectation(&self) -> Expectation {
        self.judgement.issuer.expectation
    }

    /// Who issued, as the judge of issuance has it.
    fn who(&self) -> Option<&WhoIssued> {
        self.judgement.certificate.as_ref().map(|judged| &judged.certificate.issuer)
    }

    fn judged(&self) -> Option<&JudgedCertificate> {
        self.judgement.certificate.as_ref()
    }

    fn forged(&self) -> Option<&ForgedName> {
        self.judged()?.forged.as_ref()
    }

    /// Whether its issuer bears the name of a known CA, of which nobody can say whether the key is theirs.
    fn bears_name(&self) -> bool {
        self.judged().is_some_and(|judged| matches!(judged.name_of_issuer, NameOfIssuer::Borne(_)))
    }

    /// Whether the owner accepts it, whoever issued it.
    fn is_accepted(&self) -> bool {
        self.judged().is_some_and(JudgedCertificate::is_accepted)
    }

    /// The key that issued, where that is proven.
    fn proven_key(&self) -> Option<SpkiSha256> {
        self.who().filter(|who| who.proof.is_proof())?.key
    }

    /// Whether it is known what is to be thought of it.
    fn is_determined(&self) -> bool {
        let is_read =
            matches!(self.entry.why, Why::Claims { .. }) && self.expectation() != Expectation::Undetermined;
        // What names nobody of ours is no matter of issuers.
        is_read || self.claims.is_empty()
    }

    /// Whether looking again, with more at hand, would change nothing. Whose name the issuer bears may be told by a
    /// certificate of a CA that is found later.
    fn is_final(&self) -> bool {
        let is_name_open = self.judgement.certificate.as_ref().is_some_and(|judged| {
            matches!(judged.name_of_issuer, NameOfIssuer::Borne(_) | NameOfIssuer::NotCompared)
        });
        let is_proven = self.proven_key().is_some() && !is_name_open;
        self.is_determined() && (is_proven || self.claims.is_empty())
    }

    /// The verdict in a few words, which tell it from another one.
    fn verdict(&self, severity: Severity) -> String {
        let key = self.proven_key().map_or_else(|| "unproven".to_owned(), |key| key.to_string());
        let forged = if self.forged().is_some() { " forged" } else { "" };
        format!("{severity} {}{forged} {key}", self.expectation().name())
    }

    fn severity(&self) -> Severity {
        let findings = self.judgement.findings.iter().map(|finding| finding.severity);
        findings.fold(self.own_severity(), Severity::max)
    }

    fn own_severity(&self) -> Severity {
        let has_ended = self.judgement.certificate.as_ref().is_some_and(|judged| !judged.life.can_be_used());
        match (&self.entry.why, self.expectation()) {
            (_, Expectation::Unexpected) if has_ended => Severity::Medium,
            (_, Expectation::Unexpected) => Severity::High,
            (Why::Undetermined { mentions: None, .. }, _) if self.claims.is_empty() => Severity::Low,
            (Why::Undetermined { .. }, _) | (_, Expectation::Undetermined) => Severity::Medium,
            (Why::Claims { is_odd: true, .. }, _) => Severity::Low,
            (Why::Claims { .. }, _) => Severity::Info,
        }
    }

    fn title(&self) -> String {
        // Which host it is for is what tells it from the next one.
        let first = match &self.entry.why {
            Why::Claims { claimed, .. } => Some(shorten(claimed)),
            Why::Undetermined { .. } => self.claims.first().map(ToString::to_string),
        };
        let name = match (first, self.claims.len()) {
            (None, _) => "a name that cannot be read".to_owned(),
            (Some(first), 0 | 1) => first,
            (Some(first), more) => format!("{first} and {} more watched", more.saturating_sub(1)),
        };
        if matches!(self.entry.why, Why::Undetermined { .. }) {
            return format!("A certificate that cannot be read whole, for {name}");
        }
        if let Some(forged) = self.forged() {
            let owners = forged.owners.join(", ");
            let title = format!("Forged issuer name: a certificate for {name}, not issued by {owners}");
            return shorten(&title);
        }
        let by = self.judgement.issuer.issuer.owner.as_deref().unwrap_or("an unknown CA");
        let has = |rule: &str| self.judgement.findings.iter().any(|finding| finding.rule == rule);
        let what = match self.expectation() {
            Expectation::Unexpected => "Unexpected certificate",
            // What its CA does not tell: whoever deceives a CA is only seen here.
            _ if has("CRT005") => "Unlisted key in a certificate",
            _ if has("CRT006") || has("CRT007") => "Unlisted name in a certificate",
            Expectation::Expected if self.is_accepted() => "Accepted certificate",
            Expectation::Expected => "Certificate",
            Expectation::Undetermined | Expectation::NoExpectation => "New certificate",
        };
        shorten(&format!("{what} for {name}, issued by {by}"))
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        match &self.entry.why {
            Why::Claims { watched, claimed, is_odd } => {
                lines.push(format!("It claims “{}”, and {watched} is watched.", shorten(claimed)));
                if *is_odd {
                    lines.push("Only a lenient reader takes that for the watched name.".to_owned());
                }
            }
            Why::Undetermined { why, mentions } => {
                lines.push(format!("What it claims could not be read whole: {}.", shorten(why)));
                match mentions {
                    Some(name) => lines.push(format!("The watched name {name} stands in its octets.")),
                    None => lines.push("No watched name stands in it in plain letters.".to_owned()),
                }
            }
        }
        lines.extend(self.judgement.issuer.reasons.iter().map(|reason| shorten(reason)));
        lines.push(self.proof().to_owned());
        if self.is_accepted() {
            let excused = self.judged().into_iter().flat_map(|judged| &judged.excused);
            lines.extend(excused.map(|otherwise| shorten(&format!("Otherwise: {otherwise}"))));
        }
        // Of an expected and an unexpected issuer the reasons tell already; of an unknown one, not whose name it bears.
        let bears_name = self.bears_name();
        let further = |finding: &&Finding| match finding.rule {
            "CRT001" => false,
            "CRT002" => bears_name,
            _ => true,
        };
        for finding in self.judgement.findings.iter().filter(further) {
            lines.push(shorten(&format!("{}: {}", finding.rule, finding.message)));
        }
        if let Some(missing) = self.standing.missing {
            lines.push(format!("Certificates above it are missing: {}", shorten(missing)));
        }
        if let Some(contents) = &self.read.contents {
            lines.push(format!("Issuer, as claimed: {}", shorten(&contents.issuer)));
            lines.push(format!(
                "Valid from {} to {}; serial number {}.",
                contents.not_before,
                contents.not_after,
                shorten(&contents.serial)
            ));
        }
        let kind = match self.read.kind {
            EntryKind::X509 => "certificate",
            EntryKind::Precert => "precertificate",
        };
        lines.push(format!("Entry {} of {}, as {kind}.", self.entry.index, self.standing.log.name));
        if self.expectation() == Expectation::Unexpected || self.forged().is_some() {
            lines.push(
                "Find out who ordered it. If nobody of yours did, ask the CA to revoke it, and restrict \
                 issuance with CAA."
                    .to_owned(),
            );
        }
        // What a line has from outside makes no further ones.
        lines.iter().map(|line| safe(line)).collect::<Vec<_>>().join("\n")
    }

    /// What proves who issued, in a sentence.
    fn proof(&self) -> &'static str {
        let is_of_leaf = self.read.issuer_key.is_some();
        match self.who().map(|who| who.proof).unwrap_or_default() {
            IssuerProof::Signature => "Proven by the signature, which the issuer's certificate made.",
            IssuerProof::Leaf if self.standing.is_proven => {
                "Proven by the log's entry, which names the issuer's key and is covered by its proven tree."
            }
            IssuerProof::Leaf => {
                "By the log's entry alone, which names the issuer's key; that its tree covers it is proven later."
            }
            IssuerProof::Sct => "Proven by an SCT, which a CT log signed for the issuer's key.",
            IssuerProof::SourceClaim | IssuerProof::CertificateClaim | IssuerProof::None if is_of_leaf => {
                "Not proven yet: the log's entry names an issuer's key, no certificate at hand made the signature, and \
                 its tree is not proven up to the entry. It is judged again."
            }
            IssuerProof::SourceClaim | IssuerProof::CertificateClaim | IssuerProof::None => {
                "Not proven: no certificate at hand made the signature. It is judged again where one is found."
            }
        }
    }

    fn summary(&self) -> Summary {
        Summary {
            tbs_sha256: hexadecimal(&self.read.tbs_sha256),
            severity: self.severity(),
            title: safe(&self.title()).into_owned(),
            text: self.text(),
            expectation: self.expectation().name(),
            is_determined: matches!(self.entry.why, Why::Claims { .. }),
            details: self.details(),
        }
    }

    fn details(&self) -> Value {
        let (verdict, who) = (&self.judgement.issuer, self.who());
        let issuer = &verdict.issuer;
        let findings = self.judgement.findings.iter().map(|finding| {
            let message = shorten(&finding.message);
            json!({"rule": finding.rule, "severity": finding.severity, "message": message})
        });
        let (claimed, is_odd, undetermined) = match &self.entry.why {
            Why::Claims { claimed, is_odd, .. } => (Some(shorten(claimed)), *is_odd, None),
            Why::Undetermined { why, .. } => (None, false, Some(shorten(why))),
        };
        let contents = self.read.contents.as_ref().map(|contents| {
            let names: Vec<String> =
                contents.names.dns.iter().take(MOST_NAMES).map(ToString::to_string).collect();
            json!({
                "subject": shorten(&contents.subject),
                "issuer": shorten(&contents.issuer),
                "serial": shorten(&contents.serial),
                "spki_sha256": contents.spki_sha256.to_string(),
                "not_before": contents.not_before,
                "not_after": contents.not_after,
                "dns_names": names,
                "dns_names_left_out": contents.names.dns.len().saturating_sub(MOST_NAMES),
            })
        });
        let time =
            i64::try_from(self.read.timestamp).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        json!({
            "tbs_sha256": hexadecimal(&self.read.tbs_sha256),
            "certificate_sha256": self.read.certificate.as_ref().map(|der| hexadecimal(&Sha256::digest(&der.0))),
            "watched": self.claims.iter().take(MOST_NAMES).collect::<Vec<_>>(),
            "claimed": claimed,
            "odd": is_odd,
            "undetermined": undetermined,
            "certificate": contents,
            "issuer": {
                "status": verdict.expectation.name(),
                "expected": verdict.expected,
                "reasons": verdict.reasons,
                "owner": issuer.owner,
                "claimed_owner": issuer.claimed_owner,
                "caa_identifiers": issuer.caa_identifiers,
                "spki_sha256": issuer.key.map(|key| key.key.to_string()),
                "proof": issuer.key.map(|key| key.proof.name()),
                "proven_by": who.map(|who| who.proof.name()),
                "forged_name_of": self.forged().map(|forged| &forged.owners),
                "below": who.and_then(|who| who.below.as_ref()),
            },
            "unexpected": self.judged().is_some_and(JudgedCertificate::is_unexpected),
            "accepted": self.is_accepted(),
            "bears_known_name": self.bears_name(),
            "known_key": self.judgement.certificate.as_ref().map(|judged| judged.key.name()),
            "findings": findings.collect::<Vec<_>>(),
            "log": self.standing.log,
            "entry": {
                "index": self.entry.index,
                "kind": match self.read.kind { EntryKind::X509 => "x509", EntryKind::Precert => "precert" },
                "logged_at": time,
            },
        })
    }
}
