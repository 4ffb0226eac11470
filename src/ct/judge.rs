//! A certificate's SCTs judged: each verified, then each browser's policy.

use jiff::Timestamp;

use super::log_table::LogTable;
use super::policy::chrome;
use super::verdict::CtVerdict;
use super::verify::{Subject, Verifier};

/// Judges every SCT delivered with a certificate, as of `at`.
///
/// `tls` is the body of the TLS extension, if the handshake had one.
pub fn judge(
    verifier: &mut Verifier<'_>,
    table: &LogTable,
    subject: Subject<'_>,
    tls: Option<&[u8]>,
    at: Timestamp,
) -> CtVerdict {
    let lists = verifier.verify(subject, tls, at);
    CtVerdict {
        chrome: chrome::judge(subject.certificate, &lists.scts, table, at),
        scts: lists.scts,
        malformed_lists: lists.malformed_lists,
        is_precertificate: subject.certificate.is_precertificate,
    }
}
