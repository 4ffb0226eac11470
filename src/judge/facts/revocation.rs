//! How clients can learn that the target's certificate is revoked.

use crate::compare::{Fact, RevocationPaths, RevocationStatus};
use crate::judge::target::TargetVerdicts;
use crate::revocation::{Said, SourceKind, Status, is_short_lived};
use crate::x509::distribution::{Point, Pointers};

/// What the certificate names, what came with it, and what was found.
pub(super) fn paths(verdicts: &TargetVerdicts) -> Fact<RevocationPaths> {
    let Some(leaf) = verdicts.chain.first() else { return Fact::NotGiven };
    let Ok(parts) = leaf.parts() else { return Fact::Undetermined };
    let pointers = Pointers::of(&parts);
    let chain = verdicts.revocation.verdict();
    let judged = chain.and_then(|chain| chain.leaf());
    let handshake = verdicts.observed.handshake.as_ref();
    let counts = judged.is_some_and(|judged| {
        let mut staples = judged.sources.iter().filter(|source| source.kind == SourceKind::StapledOcsp);
        staples.any(|source| matches!(source.said, Said::Good | Said::Revoked(_)))
    });
    let status = match judged.map(|judged| judged.status) {
        Some(Status::Good) => Fact::Measured(RevocationStatus::Good),
        Some(Status::Revoked(_)) => Fact::Measured(RevocationStatus::Revoked),
        Some(Status::Undetermined) if chain.is_some_and(|chain| chain.asked) => Fact::Undetermined,
        None | Some(Status::Undetermined) => Fact::NotGiven,
    };
    Fact::Measured(RevocationPaths {
        names_crl: pointers.points.iter().any(|point: &Point<'_>| !point.urls().is_empty()),
        names_ocsp: !pointers.ocsp.is_empty(),
        is_stapled: handshake.map(|handshake| handshake.ocsp_stapled && counts),
        must_staple: leaf.must_staple(),
        short_lived: is_short_lived(leaf),
        not_before: Some(leaf.not_before),
        not_after: Some(leaf.not_after),
        status,
    })
}
