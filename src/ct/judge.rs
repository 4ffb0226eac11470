//! A certificate's SCTs judged: each verified, then each programme's policy.

use jiff::Timestamp;

use super::log_table::{Assurance, LogTable};
use super::policy::{self, PolicyQuestion};
use super::verdict::{CtVerdict, Delivered, SctOutcome, SctVerdict};
use super::verify::{Subject, Verifier};

/// Judges every SCT delivered with a certificate, as of `at`.
pub fn judge(
    verifier: &mut Verifier<'_>,
    table: &LogTable,
    subject: Subject<'_>,
    delivered: Delivered<'_>,
    at: Timestamp,
) -> CtVerdict {
    let mut lists = verifier.verify(subject, delivered, at);
    for sct in &mut lists.scts {
        tell_purpose(sct, table);
    }
    let question = PolicyQuestion {
        certificate: subject.certificate,
        scts: &lists.scts,
        audience: delivered.audience,
        handshake: delivered.handshake,
        table,
        at,
    };
    CtVerdict {
        policies: policy::judge(&question),
        audience: delivered.audience,
        handshake: delivered.handshake,
        scts: lists.scts,
        malformed_lists: lists.malformed_lists,
        unusable_staple: lists.unusable_staple,
        precertificate_signer: None,
        is_merkle_tree: subject.certificate.is_merkle_tree,
        is_precertificate: subject.certificate.is_precertificate,
    }
}

/// A test log's signature stands as any other's does; its reason says that it counts for nothing.
fn tell_purpose(sct: &mut SctVerdict, table: &LogTable) {
    let assurance = sct.log_id.and_then(|id| table.log(&id)).map(|log| log.assurance);
    let purpose = match assurance {
        Some(Assurance::Test) => "a test log",
        Some(Assurance::MonitoringOnly) => "listed for monitoring only",
        _ => return,
    };
    if sct.outcome == SctOutcome::Valid {
        sct.reason = format!("{} The log is {purpose}, so the SCT counts for no policy.", sct.reason);
    }
}
