//! Rules about how transparency reaches the client: stapled responses, precertificates, other forms of proof.

use serde_json::json;

use crate::ct::verdict::CtVerdict;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT019",
            title: "The stapled OCSP response says nothing of the certificate",
            severity: Severity::Low,
            needs: "the handshake",
            explanation: "The server staples an OCSP response that cannot be read, that refuses to answer, or that is about other \
                          certificates. SCTs that it may hold do not count, and clients that ask for its status learn nothing.",
            advice: "Look at what fills the server's OCSP cache; a CA that has ended OCSP leaves old responses behind: switch \
                     stapling off then.",
            references: &["RFC 6960 section 4.2.1", "RFC 6962 section 3.3"],
        },
        raise: unusable_staple,
    },
    Rule {
        info: RuleInfo {
            id: "CT020",
            title: "This is a precertificate",
            severity: Severity::Info,
            needs: "the certificate",
            explanation: "A precertificate is what a CA shows to the logs before it issues: the certificate with a poison extension that \
                          every client refuses. It carries no SCTs, and no browser's policy is judged for it. That it exists means that \
                          the certificate may exist: the Baseline Requirements take it as a binding intent to issue. One made by a \
                          precertificate signing certificate names that as its issuer; the final certificate comes from the CA above it \
                          (Baseline Requirements forbid that since 2026-03-15).",
            advice: "Judge the final certificate. If you did not order it, treat the precertificate as the certificate itself.",
            references: &["RFC 6962 section 3.1", "CA/Browser Forum Baseline Requirements 7.1.2.9"],
        },
        raise: precertificate,
    },
    Rule {
        info: RuleInfo {
            id: "CT021",
            title: "The certificate is a Merkle Tree Certificate",
            severity: Severity::Info,
            needs: "the certificate",
            explanation: "Its signature is a proof that it stands in its CA's public log, so it is transparent by construction and carries \
                          no SCTs. That is no failure. The proof itself is not verified here: it needs the CA's log and its cosigners, \
                          which clients get from their makers.",
            advice: "Nothing to do. Clients that do not know such certificates are served another one.",
            references: &["draft-ietf-plants-merkle-tree-certs"],
        },
        raise: merkle_tree,
    },
];

fn unusable_staple(ct: &CtVerdict) -> Vec<Raised> {
    let Some(error) = &ct.unusable_staple else { return Vec::new() };
    let message = format!("The stapled OCSP response is of no use: {error}.");
    vec![Raised::new("stapled OCSP response", message, json!({"error": error.to_string()}))]
}

fn precertificate(ct: &CtVerdict) -> Vec<Raised> {
    if !ct.is_precertificate {
        return Vec::new();
    }
    let by = match &ct.precertificate_signer {
        Some(signer) => format!(" The precertificate signing certificate “{signer}” made it."),
        None => String::new(),
    };
    let evidence = json!({"handshake": ct.handshake, "precertificate_signer": ct.precertificate_signer});
    vec![if ct.handshake {
        let message = format!("The server shows a precertificate, which every client refuses.{by}");
        Raised::new("certificate", message, evidence)
            .at(Severity::Critical)
            .advising("Install the final certificate that the CA issued after it.")
    } else {
        let message = format!(
            "The file holds a precertificate: it shows what was issued, and is of no use to a server.{by}"
        );
        Raised::new("certificate", message, evidence)
    }]
}

fn merkle_tree(ct: &CtVerdict) -> Vec<Raised> {
    if !ct.is_merkle_tree {
        return Vec::new();
    }
    let message = "The certificate proves by its signature that its CA logged it; it needs no SCTs. That proof was not verified.";
    vec![Raised::new("certificate", message, json!({"signature_algorithm": "1.3.6.1.4.1.44363.47.0"}))]
}
