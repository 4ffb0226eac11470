//! Rules about revocation.

mod issued;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use self::issued::{issued_findings, kept_unrevoked_findings, unrevoked_findings};
use super::fingerprint::digest;
use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::judge::ChainRevocation;
use crate::revocation::{
    Revocation, RevocationVerdict, Said, SourceKind, SourceVerdict, Status, Trouble, TroubleKind,
};
use crate::x509::SpkiSha256;

const CRL_PROFILE: &str = "RFC 5280 section 5";
const VALIDATION: &str = "RFC 5280 section 6.3.3";
const OCSP: &str = "RFC 6960 section 3.2";
const REASONS: &str = "CA/Browser Forum Baseline Requirements 4.9.1.1";
const CA_REASONS: &str = "CA/Browser Forum Baseline Requirements 4.9.1.2";
const CRL_TIMES: &str = "CA/Browser Forum Baseline Requirements 4.9.7";
const CRL_LIFE: &str = "CA/Browser Forum Baseline Requirements 7.2 (nextUpdate)";
const OCSP_TIMES: &str = "CA/Browser Forum Baseline Requirements 4.9.10";
const POINTERS: &str = "CA/Browser Forum Baseline Requirements 7.1.2.11.2";
const SHORT_LIVED: &str = "CA/Browser Forum Baseline Requirements 1.6.1 (Short-lived Subscriber Certificate)";

/// Every rule about the revocation of a chain.
static RULES: &[Rule<ChainRevocation>] = &[
    Rule {
        info: RuleInfo {
            id: "REV001",
            title: "The certificate in use is revoked",
            severity: Severity::Critical,
            needs: "--revocation and the issuer's certificate, or a stapled OCSP response",
            explanation: "The CA says, signed with the key that issued the certificate, that it must not be used any more. Browsers that \
                          look it up refuse the connection; others go on, and do not see that the key may be in other hands. A \
                          certificate is revoked once and for all, unless it was only put on hold. Of what was issued for a name it is not \
                          known which one is in use: where a later one for the same names is good, the severity is low.",
            advice: "Get a new certificate now, with a new key if the reason is keyCompromise or is not known, and find out who had it \
                     revoked and why. Then look for further servers with the old one.",
            references: &[CRL_PROFILE, OCSP, REASONS],
        },
        raise: leaf_revoked,
    },
    Rule {
        info: RuleInfo {
            id: "REV002",
            title: "A CA certificate in the chain is revoked",
            severity: Severity::Critical,
            needs: "--revocation, and the certificates of the CAs above",
            explanation: "A CA certificate that the server sends, or that --issuer gave for the path, was revoked by the CA above it. Everything below it falls with it, for clients \
                          that look that up or whose vendors distribute it (CRLSets, OneCRL, CRLite). Where the path to the anchor goes \
                          another way, over a cross-certificate, the severity is high: the revoked one is of no use any more, and \
                          clients that build the path as it is served fail.",
            advice: "Ask the CA for the chain that is in use now, and for a certificate below another CA certificate if there is none. \
                     Do not pin the key of the revoked one.",
            references: &[CRL_PROFILE, VALIDATION, CA_REASONS],
        },
        raise: ca_revoked,
    },
    Rule {
        info: RuleInfo {
            id: "REV003",
            title: "Whether a certificate is revoked could not be determined",
            severity: Severity::Low,
            needs: "--revocation",
            explanation: "No source could be had that is signed by the issuer's key, is of its time, and is about this certificate. That is \
                          not “good”, and it is not “revoked”. CAs may drop certificates from their lists once they expired, so that of \
                          an expired one nothing may be known; of short-lived ones nothing need be. Those are only worth knowing.",
            advice: "The reason stands with each source. Where the network is at fault, try again; where the issuer's certificate is missing, \
                     give it with --issuer.",
            references: &[VALIDATION, OCSP],
        },
        raise: open,
    },
    Rule {
        info: RuleInfo {
            id: "REV004",
            title: "A CRL cannot be used: stale, not signed by the issuer, or not for this certificate",
            severity: Severity::Medium,
            needs: "--revocation, and an answer from the CRL's URL",
            explanation: "The certificate names this URL, and what is there is not what belongs there: its nextUpdate is over, its signature was \
                          not made by the key that issued the certificate, it is the list of another distribution point or of other kinds of \
                          certificates, a delta CRL, or no CRL at all. Or it is older than the list that the same URL gave before, or, of a \
                          public CA, older than such a list may be. Clients that insist on revocation fail; the others learn \
                          nothing. A list of subscriber certificates has to be renewed within seven days, or four where not all of them \
                          name an OCSP responder, and counts for ten days at most. An attacker on the way can replace an answer over \
                          plain HTTP, or send an older list again, but cannot sign one.",
            advice: "Ask again from another network, to rule out a proxy. Then report it to the CA: it is a compliance incident of a public CA. \
                     In a CA of your own, see to the job that publishes CRLs.",
            references: &[CRL_TIMES, CRL_LIFE, VALIDATION, CRL_PROFILE],
        },
        raise: unusable_crls,
    },
    Rule {
        info: RuleInfo {
            id: "REV005",
            title: "The certificate does not say where its revocation can be looked up",
            severity: Severity::Medium,
            needs: "--revocation",
            explanation: "It names neither a CRL nor an OCSP responder, and lives longer than a short-lived certificate may (seven days; ten if it \
                          was issued before 15 March 2026). The Baseline Requirements ask for one of them in a server's certificate, and for \
                          a CRL in a CA's. Nobody can find out whether it is revoked. Below anchors of one's own, where these rules do \
                          not hold, that is only worth knowing.",
            advice: "Tell the CA, and get a certificate that names its CRL. In a CA of your own, add cRLDistributionPoints to its profile, \
                     or issue for a few days at a time.",
            references: &[POINTERS, SHORT_LIVED, "RFC 5280 section 4.2.1.13"],
        },
        raise: without_pointers,
    },
    Rule {
        info: RuleInfo {
            id: "REV006",
            title: "The stapled OCSP response is of no use",
            severity: Severity::Medium,
            needs: "a stapled OCSP response",
            explanation: "The server sends an OCSP response that is past its time, is about another certificate or another issuer's, is not signed \
                          by the issuer or a responder of its, or says that the responder does not know the certificate. Clients ignore it \
                          at best; where the certificate demands a staple (RFC 7633), and in Firefox with an expired one, the connection \
                          fails. Where only the issuer's certificate is missing here, or the responder answered with an error, the \
                          severity is low.",
            advice: "Make sure that the server fetches a new response well before the old one's nextUpdate, and anew with each new certificate. \
                     Where the CA has ended OCSP, switch stapling off.",
            references: &[OCSP, OCSP_TIMES, "RFC 6066 section 8"],
        },
        raise: unusable_staple,
    },
    Rule {
        info: RuleInfo {
            id: "REV007",
            title: "Sources disagree about a certificate's revocation",
            severity: Severity::Medium,
            needs: "two sources, such as a CRL and a stapled OCSP response",
            explanation: "One source that is signed and current says that the certificate is revoked, another that it is not. Often the older one \
                          is only behind: CAs publish a revocation within 24 hours. Until then, which clients are safe depends on which \
                          source they ask. The revocation counts, unless it is a hold that a newer source has lifted.",
            advice: "Ask again tomorrow. If they still disagree, report it to the CA.",
            references: &[CRL_TIMES, OCSP_TIMES],
        },
        raise: disagreeing,
    },
];

/// Every rule about a certificate that nobody expected.
static UNEXPECTED: &[Rule<Unexpected>] = &[Rule {
    info: RuleInfo {
        id: "REV008",
        title: "An unexpected certificate is not revoked yet",
        severity: Severity::High,
        needs: "a certificate judged unexpected, and its CRL",
        explanation: "A certificate was issued for one of the owner's names by a CA or for a key that the owner does not know, for a name that is \
                      on no list of the owner's, or against CAA as it is now, and it can still \
                      be used: its CA has not revoked it. Where the CA is expected, and only the key, a name or CAA speaks against it, the \
                      severity is medium. Until it expires, whoever has its key can stand for the name. A CA must revoke \
                      within 24 hours once it has evidence that the request was not authorised; a short-lived one it need not.",
        advice: "Report it to the CA by the contact in its CPS or in CCADB (“problem reporting mechanism”), with the certificate, the names and \
                 proof that they are yours. Then look again: a revocation has to be published within 24 hours.",
        references: &[REASONS, "CA/Browser Forum Baseline Requirements 4.9.3", CRL_TIMES],
    },
    raise: unrevoked,
}];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info).chain(UNEXPECTED.iter().map(|rule| &rule.info))
}

/// What the rules find in a chain, by rule.
pub fn findings(chain: &ChainRevocation) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(chain)).collect()
}

/// The revocation of certificates that were judged unexpected.
#[derive(Clone, Debug, Default)]
pub struct Unexpected {
    /// Each of them that can still be used.
    pub verdicts: Vec<RevocationVerdict>,
    /// Where the CA of an issuing key takes problem reports, where that is known.
    pub contacts: BTreeMap<SpkiSha256, String>,
    /// The same of expected CAs, where the key, a name or CAA is not as the owner has it.
    pub by_lists: Vec<RevocationVerdict>,
}

/// What there is to say of the revocation of certificates that were judged unexpected.
pub fn unexpected_findings(unexpected: &Unexpected) -> Vec<Finding> {
    UNEXPECTED.iter().flat_map(|rule| rule.findings(unexpected)).collect()
}

fn leaf_revoked(chain: &ChainRevocation) -> Vec<Raised> {
    let revoked = chain.leaf().into_iter().filter_map(|leaf| Some((leaf, leaf.revocation()?)));
    revoked.map(|(leaf, revocation)| raised(leaf, revoked_message(leaf, revocation))).collect()
}

fn ca_revoked(chain: &ChainRevocation) -> Vec<Raised> {
    let revoked = chain.cas().filter_map(|ca| Some((ca, ca.verdict.revocation()?)));
    revoked
        .map(|(ca, revocation)| {
            let raised = raised(&ca.verdict, revoked_message(&ca.verdict, revocation));
            if ca.on_path { raised } else { raised.at(Severity::High) }
        })
        .collect()
}

fn revoked_message(verdict: &RevocationVerdict, revocation: Revocation) -> String {
    let since = match revocation.invalid_since {
        Some(since) => format!(" The CA holds its key for compromised since {since}."),
        None => String::new(),
    };
    format!(
        "The certificate {} (serial number {}) is {}.{since} {}",
        verdict.subject,
        verdict.serial,
        revocation.in_words(),
        verdict.why
    )
}

fn open(chain: &ChainRevocation) -> Vec<Raised> {
    if !chain.asked {
        return Vec::new();
    }
    let left_out = (!chain.left_out.is_empty()).then(|| {
        let names = chain.left_out.join("; ");
        let message = format!(
            "There are more CA certificates than are judged. Whether these are revoked was not looked at: {names}."
        );
        Raised::new("CA certificates", message, json!({"subjects": chain.left_out}))
    });
    let open = chain.members.iter().map(|member| &member.verdict);
    open.filter(|verdict| verdict.status == Status::Undetermined && !is_missing(verdict))
        .map(|verdict| {
            let message = format!(
                "Whether the certificate {} (serial number {}) is revoked is not known. {}",
                verdict.subject, verdict.serial, verdict.why
            );
            let by_rule = verdict.expired || verdict.provision.short_lived;
            if by_rule { raised(verdict, message).at(Severity::Info) } else { raised(verdict, message) }
        })
        .chain(left_out)
        .collect()
}

fn unusable_crls(chain: &ChainRevocation) -> Vec<Raised> {
    let mut told: Vec<(&str, TroubleKind)> = Vec::new();
    let mut found = Vec::new();
    for member in &chain.members {
        for (source, trouble) in troubles(&member.verdict, SourceKind::Crl) {
            let url = source.url.as_deref().unwrap_or("a CRL");
            if !trouble.kind.is_fault_of_ca() || told.contains(&(url, trouble.kind)) {
                continue;
            }
            told.push((url, trouble.kind));
            let message = format!(
                "The CRL at {url}, which the certificate {} names, cannot be used: {}.",
                member.verdict.subject, trouble.text
            );
            let facts = json!({"certificate": facts(&member.verdict), "source": source_facts(source)});
            let raised = Raised::new(url, message, facts).known_by("trouble", trouble.kind.name());
            // As of an earlier time, every list of today is one of the future.
            found.push(match trouble.kind {
                TroubleKind::InFuture => raised.at(Severity::Low),
                _ => raised,
            });
        }
    }
    found
}

fn without_pointers(chain: &ChainRevocation) -> Vec<Raised> {
    if !chain.asked {
        return Vec::new();
    }
    let missing = chain.members.iter().map(|member| &member.verdict).filter(|verdict| is_missing(verdict));
    missing
        .map(|verdict| {
            let what = if verdict.is_ca { "no CRL" } else { "neither a CRL nor an OCSP responder" };
            let message = format!("The certificate {} names {what}.", verdict.subject);
            let raised = raised(verdict, message);
            if chain.public { raised } else { raised.at(Severity::Info) }
        })
        .collect()
}

/// Of a CA's certificate a CRL is asked for, of a server's that or OCSP.
fn is_missing(verdict: &RevocationVerdict) -> bool {
    let provision = &verdict.provision;
    provision.is_missing() || (verdict.is_ca && provision.crl_urls.is_empty())
}

fn unusable_staple(chain: &ChainRevocation) -> Vec<Raised> {
    let Some(leaf) = chain.leaf() else { return Vec::new() };
    let staples = leaf.sources.iter().filter(|source| source.kind == SourceKind::StapledOcsp);
    staples
        .filter_map(|source| {
            let (text, kind, severity) = match (&source.trouble, source.said) {
                (Some(trouble), _) => {
                    (trouble.text.clone(), trouble.kind.name(), staple_severity(trouble.kind))
                }
                (None, Said::Unknown) => {
                    ("the responder does not know the certificate".to_owned(), "unknown", Severity::Medium)
                }
                (None, _) => return None,
            };
            let message = format!("The stapled OCSP response for {} is of no use: {text}.", leaf.subject);
            let facts = json!({"certificate": facts(leaf), "source": source_facts(source)});
            let raised = Raised::new("stapled OCSP response", message, facts).at(severity);
            Some(raised.known_by("trouble", kind))
        })
        .collect()
}

fn staple_severity(kind: TroubleKind) -> Severity {
    match kind {
        TroubleKind::Unverifiable | TroubleKind::NotHad | TroubleKind::InFuture => Severity::Low,
        _ => Severity::Medium,
    }
}

fn disagreeing(chain: &ChainRevocation) -> Vec<Raised> {
    let verdicts = chain.members.iter().map(|member| &member.verdict).filter(|verdict| verdict.disagree);
    verdicts
        .map(|verdict| {
            let told: Vec<String> = verdict
                .sources
                .iter()
                .filter(|source| matches!(source.said, Said::Good | Said::Revoked(_)))
                .map(|source| {
                    let url = source.url.as_deref().unwrap_or("the stapled OCSP response");
                    let of = source.this_update.map(|time| format!(" (of {time})")).unwrap_or_default();
                    format!("{url}{of}: {}", source.said.name())
                })
                .collect();
            let message = format!("Of the certificate {}: {}.", verdict.subject, told.join("; "));
            raised(verdict, message)
        })
        .collect()
}

/// The most certificates that are named in one finding.
const MOST: usize = 20;

/// How grave it is that an unexpected certificate is not revoked: by whether its CA is unexpected, or only its key, a name or
/// CAA speaks against it (REV008).
pub fn severity_of_unrevoked(is_of_unexpected_issuer: bool) -> Severity {
    if is_of_unexpected_issuer { Severity::High } else { Severity::Medium }
}

fn unrevoked(unexpected: &Unexpected) -> Vec<Raised> {
    let by_lists = by_ca(&unexpected.by_lists, &unexpected.contacts)
        .into_iter()
        .map(|raised| raised.at(severity_of_unrevoked(false)));
    by_ca(&unexpected.verdicts, &unexpected.contacts).into_iter().chain(by_lists).collect()
}

/// One finding for each CA: whoever had one certificate issued may have had many.
fn by_ca(verdicts: &[RevocationVerdict], contacts: &BTreeMap<SpkiSha256, String>) -> Vec<Raised> {
    let is_left = |verdict: &&RevocationVerdict| verdict.status == Status::Good && !verdict.expired;
    let mut left: BTreeMap<Option<SpkiSha256>, Vec<&RevocationVerdict>> = BTreeMap::new();
    for verdict in verdicts.iter().filter(is_left) {
        left.entry(verdict.issuer_key).or_default().push(verdict);
    }
    let told = |verdicts: &[&RevocationVerdict]| match verdicts {
        [] => None,
        [verdict] => {
            let message = format!(
                "The unexpected certificate {} (serial number {}) is not revoked. {}",
                verdict.subject, verdict.serial, verdict.why
            );
            Some(raised(verdict, message))
        }
        [first, ..] => {
            let serials: Vec<&str> =
                verdicts.iter().take(MOST).map(|verdict| verdict.serial.as_str()).collect();
            let more = verdicts.len().saturating_sub(MOST);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let message = format!(
                "{} unexpected certificates of one CA are not revoked (serial numbers {}{more}). Of the first: {}",
                verdicts.len(),
                serials.join(", "),
                first.why
            );
            let all: Vec<Value> = verdicts.iter().take(MOST).map(|verdict| facts(verdict)).collect();
            let evidence = json!({"count": verdicts.len(), "certificates": all});
            let which = digest(verdicts.iter().map(|verdict| verdict.serial.as_str()));
            Some(Raised::new(first.subject.clone(), message, evidence).known_by("serials", which))
        }
    };
    left.iter()
        .filter_map(|(key, verdicts)| {
            let raised = told(verdicts)?;
            let contact = key.and_then(|key| contacts.get(&key));
            Some(match contact {
                Some(contact) => raised.advising(format!(
                    "Report it to the CA ({contact}), with the certificate, the names and proof that they are yours. Then look \
                     again: a revocation has to be published within 24 hours."
                )),
                None => raised,
            })
        })
        .collect()
}

fn raised(verdict: &RevocationVerdict, message: String) -> Raised {
    Raised::new(verdict.subject.clone(), message, facts(verdict))
}

fn troubles(
    verdict: &RevocationVerdict,
    kind: SourceKind,
) -> impl Iterator<Item = (&SourceVerdict, &Trouble)> {
    let of_kind = verdict.sources.iter().filter(move |source| source.kind == kind);
    of_kind.filter_map(|source| Some((source, source.trouble.as_ref()?)))
}

fn facts(verdict: &RevocationVerdict) -> Value {
    let revocation = verdict.revocation();
    json!({
        "sha256": verdict.sha256,
        "serial": verdict.serial,
        "issuer_spki_sha256": verdict.issuer_key,
        "status": verdict.status.name(),
        "revoked_at": revocation.map(|revocation| revocation.date.to_string()),
        "reason": revocation.and_then(|revocation| revocation.reason).map(|reason| reason.to_string()),
        "sources": verdict.sources.iter().map(source_facts).collect::<Vec<_>>(),
    })
}

fn source_facts(source: &SourceVerdict) -> Value {
    json!({
        "kind": source.kind,
        "url": source.url,
        "said": source.said.name(),
        "trouble": source.trouble.as_ref().map(|trouble| trouble.kind.name()),
        "this_update": source.this_update.map(|time| time.to_string()),
        "next_update": source.next_update.map(|time| time.to_string()),
        "crl_number": source.number,
        "note": source.note,
    })
}

#[cfg(test)]
mod tests;
