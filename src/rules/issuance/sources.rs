//! Rules about the sources: what they told, and what they left open.

use serde_json::{Value, json};

use super::super::fingerprint::digest;
use super::super::{Raised, Rule, RuleInfo, Severity};
use super::{MONITORS, MOST};
use crate::issuance::reported::{Coverage, SourceKind};
use crate::issuance::{IssuanceVerdict, JudgedCertificate, SourceSummary, Status};

pub(super) static RULES: &[Rule<IssuanceVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CRT009",
            title: "Sources disagree about a certificate",
            severity: Severity::Low,
            needs: "what was issued, by more than one source, or by one that shows the certificate",
            explanation: "A source that told all it knows should know the certificate and does not, or what it says of it is not what the \
                certificate shows. What a certificate shows stands; a claim is only shown. A source that lacks one certificate \
                may lack others.",
            advice: "Do not rest on the source alone. Ask a second one, or follow the logs yourself.",
            references: &[
                MONITORS,
                "RFC 6962 section 3.2 (what precertificate and certificate have in common)",
            ],
        },
        raise: |verdict| {
            let contradicted =
                verdict.certificates.iter().filter(|judged| !judged.certificate.contradictions.is_empty());
            let mut raised: Vec<Raised> = contradicted
                .take(MOST)
                .map(|judged| {
                    let contradictions = &judged.certificate.contradictions;
                    let label = judged.certificate.label();
                    let message = format!("The {label}: {}", contradictions.join(" "));
                    Raised::new(label, message, json!({"contradictions": contradictions}))
                })
                .collect();
            for (place, source) in verdict.sources.iter().enumerate() {
                let lacked: Vec<&JudgedCertificate> =
                    verdict.certificates.iter().filter(|judged| judged.lacking.contains(&place)).collect();
                let Some(first) = lacked.first() else { continue };
                let labels: Vec<String> =
                    lacked.iter().take(MOST).map(|judged| judged.certificate.label()).collect();
                let message = format!(
                    "{} told all it knows and lacks {} of the certificates that others have: the {} among them.",
                    source.title(),
                    lacked.len(),
                    first.certificate.label()
                );
                let evidence = json!({"count": lacked.len(), "certificates": labels});
                let which = digest(lacked.iter().map(|judged| judged.certificate.identity()));
                raised.push(Raised::new(source.title(), message, evidence).known_by("which", which));
            }
            raised
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT010",
            title: "A source gave no data",
            severity: Severity::Medium,
            needs: "a source that was asked",
            explanation: "What the source answered is of no use, or it did not answer. That is no data, which is not “nothing was issued”: a \
                search service that is overloaded answers with an error page. Where another source told all it knows, the \
                finding is low.",
            advice: "Ask again later, or another source.",
            references: &[MONITORS],
        },
        raise: |verdict| {
            of_sources(verdict, |source| match &source.coverage {
                Coverage::NoData(why) => Some(format!("{} gave no data: {why}.", source.title())),
                _ => None,
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT011",
            title: "A source told only a part, or not all that it told can be read",
            severity: Severity::Medium,
            needs: "a source that was asked",
            explanation: "The source cut its answer off, or some of it could not be fetched or read. What it left out may be what matters. \
                Where another source told all it knows, the finding is low.",
            advice: "Ask for less at a time (the names below the domain one by one, unexpired certificates alone), or ask another source.",
            references: &[
                "certwatch_db (crt.sh): at most 10,000 identities are shown, a choice of them",
                MONITORS,
            ],
        },
        raise: |verdict| {
            of_sources(verdict, |source| match &source.coverage {
                Coverage::Part(why) => Some(format!("{} told a part only: {why}.", source.title())),
                Coverage::Whole if !source.problems.is_empty() => Some(format!(
                    "Of what {} told, this could not be read: {}",
                    source.title(),
                    source.problems.iter().take(3).cloned().collect::<Vec<_>>().join(" ")
                )),
                _ => None,
            })
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT013",
            title: "No source was asked what was issued",
            severity: Severity::Medium,
            needs: "nothing",
            explanation: "Nothing can be said of what was issued for the name. No source is ever asked without being named, because each one \
                learns which name it was asked about.",
            advice: "Name a source: files of certificates, or a service that searches the CT logs; without --offline.",
            references: &[MONITORS],
        },
        raise: |verdict| match &verdict.status {
            Status::NotChecked(why) => {
                let message = format!("What was issued for {} was not looked at: {why}.", verdict.name);
                vec![Raised::new(verdict.name.to_string(), message, Value::Null)]
            }
            Status::Checked | Status::Undetermined(_) => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "CRT014",
            title: "A certificate cannot be read whole, or names the name in an odd way",
            severity: Severity::Medium,
            needs: "a source that shows certificates",
            explanation: "Part of the certificate is not as RFC 5280 has it. It is reported by what can be read: some client may read more of \
                it than this program does. Where nothing that can be read names the name, the finding is low, because what \
                cannot be read might.",
            advice: "Look at its octets (`openssl asn1parse`), and ask its CA why it signed that.",
            references: &["RFC 5280 sections 4.1 and 4.2.1.6"],
        },
        raise: |verdict| {
            let odd = verdict.certificates.iter().filter_map(|judged| {
                let why = judged.certificate.unreadable.as_ref()?;
                let label = judged.certificate.label();
                let place = judged.certificate.sightings.first().map(|sighting| sighting.seen.place.as_str());
                let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
                let names = judged.certificate.names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
                let names = if names.is_empty() { String::new() } else { format!(" Names in it: {names}.") };
                let subject = label.trim_start_matches("a ").to_owned();
                let message = format!("The {subject}{place}: {why}.{names}");
                let raised = Raised::new(subject, message, json!({"why": why}));
                Some(if judged.is_accepted() { raised.at(Severity::Info) } else { raised })
            });
            let mut raised: Vec<Raised> = odd.take(MOST).collect();
            for source in verdict.sources.iter().filter(|source| !source.unreadable.is_empty()) {
                let count = source.unreadable.len();
                let first = source.unreadable.first().map(String::as_str).unwrap_or_default();
                let message = format!(
                    "{} of {} cannot be read whole, and what can be read of {} names others: {first}.",
                    if count == 1 { "One certificate".to_owned() } else { format!("{count} certificates") },
                    source.title(),
                    if count == 1 { "it" } else { "them" }
                );
                let found = Raised::new(source.title(), message, json!({"count": count})).at(Severity::Low);
                raised.push(found.known_by("unreadable", digest(&source.unreadable)));
            }
            raised
        },
    },
];

/// What to do about a service that answers accounts alone.
const WITH_TOKEN: &str = "Put the token of an account that may ask this into the variable CERTSPOTTER_TOKEN, or ask another source.";

/// What is to be told of sources; less grave where another one told all it knows.
fn of_sources(verdict: &IssuanceVerdict, told: impl Fn(&SourceSummary) -> Option<String>) -> Vec<Raised> {
    let is_checked = verdict.status == Status::Checked;
    verdict
        .sources
        .iter()
        .filter_map(|source| {
            let evidence = json!({
                "source": source.kind.name(), "place": source.place, "problems": source.problems,
            });
            let raised = Raised::new(source.title(), told(source)?, evidence);
            let wants_token =
                matches!(&source.coverage, Coverage::NoData(why) | Coverage::Part(why) if why.contains("give a token"));
            let advice = advice(source.kind).or_else(|| wants_token.then_some(WITH_TOKEN));
            let raised = match advice {
                Some(advice) => raised.advising(advice),
                None => raised,
            };
            Some(if is_checked { raised.at(Severity::Low) } else { raised })
        })
        .collect()
}

/// What to do about a source that is no service; `None` for those that are.
fn advice(kind: SourceKind) -> Option<&'static str> {
    match kind {
        SourceKind::Files => Some(
            "Name files that are there, with certificates in PEM, DER or PKCS #7 (`openssl x509 -in FILE -noout -subject` \
             shows one), and leave out what is none.",
        ),
        SourceKind::WatchState => Some(
            "Let `pinstead watch` go on until its logs are read and proven, and see what it tells of them.",
        ),
        SourceKind::CrtSh | SourceKind::CertSpotter | SourceKind::Served => None,
    }
}
