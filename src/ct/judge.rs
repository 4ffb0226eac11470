//! A certificate's SCTs judged: each verified, then each browser's policy.

use jiff::Timestamp;

use super::log_table::LogTable;
use super::policy::chrome;
use super::policy::{PolicyOutcome, PolicyVerdict};
use super::verdict::{Audience, CtVerdict, Delivered};
use super::verify::{Subject, Verifier};

/// Judges every SCT delivered with a certificate, as of `at`.
pub fn judge(
    verifier: &mut Verifier<'_>,
    table: &LogTable,
    subject: Subject<'_>,
    delivered: Delivered<'_>,
    at: Timestamp,
) -> CtVerdict {
    let lists = verifier.verify(subject, delivered, at);
    CtVerdict {
        chrome: match delivered.audience {
            Audience::Public => chrome::judge(subject.certificate, &lists.scts, table, at),
            Audience::Private => PolicyVerdict::new(
                PolicyOutcome::NotJudged,
                "The chain ends at a root that was given: Chrome asks for SCTs only under publicly trusted roots.",
            ),
        },
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
