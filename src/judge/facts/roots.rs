//! How far pins name the roots of the CAs that issue for a host: only those that name all of them outlast renewals.

use std::collections::BTreeSet;

use crate::ca::RootsOfCas;
use crate::ca::expectation::{Expectation, IssuerVerdict};
use crate::compare::replay::ReplayedCertificate;
use crate::compare::{Fact, Replay, RootPins};
use crate::evidence::TargetEvidence;
use crate::judge::inputs::Inputs;
use crate::judge::pin_facts;
use crate::judge::replay::certificates_of_cas;
use crate::judge::target::TargetVerdicts;
use crate::pins::{EnforcementMode, EntryVerdict, PositionRule};
use crate::x509::{Certificate, SpkiSha256};

/// What the pins in force name of the roots of the CAs in use: those that issued what is in its life now, of CAs that are
/// not expected apart. Not known where such a CA issued what is served: its roots are not asked for, nor is it taken for
/// unused.
pub(in crate::judge) fn root_pins(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    replay: Option<&Replay>,
    inputs: &Inputs,
) -> Fact<Vec<RootPins>> {
    let (Some(replay), Some(pins)) = (replay, verdicts.pins.verdict()) else { return Fact::NotGiven };
    let is_unexpected = |issuer: &IssuerVerdict| issuer.expectation == Expectation::Unexpected;
    if replay.is_all_unexpected_now() || verdicts.issuer.verdict().is_some_and(is_unexpected) {
        return Fact::Undetermined;
    }
    let cas = certificates_of_cas((target, verdicts), inputs);
    let Some(roots) = in_use(replay, inputs, &cas) else { return Fact::Undetermined };
    let in_force = pin_facts::applying(pins).filter(|(_, entry)| entry.enforced == EnforcementMode::Yes);
    let clients: Option<Vec<RootPins>> =
        in_force.map(|(source, entry)| named_by(&roots, &source.file, entry)).collect();
    clients.map_or(Fact::Undetermined, Fact::Measured)
}

/// The roots of the CAs that issued what is in its life; `None` where not all is known: who issued a certificate, or the
/// paths above.
fn in_use(replay: &Replay, inputs: &Inputs, cas: &[Certificate]) -> Option<RootsOfCas> {
    let at = replay.until;
    let unexpected: Vec<&ReplayedCertificate> = replay.unexpected_now().collect();
    let own = |it: &&ReplayedCertificate| it.is_valid(at) && !unexpected.contains(it);
    let current = replay.certificates.iter().filter(own);
    let issuers: Option<BTreeSet<SpkiSha256>> = current.map(|it| it.issuer_spki_sha256).collect();
    let issuers = issuers.filter(|issuers| !issuers.is_empty())?;
    let owners = issuers.iter().filter_map(|issuer| inputs.owner_of(issuer)?.owner).collect();
    let mut roots = RootsOfCas::of_owners(&owners, at);
    for issuer in &issuers {
        roots.add_paths(issuer, cas, &inputs.anchors, at)?;
    }
    Some(roots)
}

/// What a client's pins name of the roots; `None` where not all of its pins are known as keys.
fn named_by(roots: &RootsOfCas, client: &str, entry: &EntryVerdict) -> Option<RootPins> {
    let is_known = |pin: &crate::pins::Pin| pin.value.is_err() || pin.spki().is_some();
    if entry.unread > 0 || !entry.forbidden.is_empty() || !entry.pins.iter().all(|pin| is_known(&pin.pin)) {
        return None;
    }
    let of_list =
        |rule: PositionRule| entry.pins.iter().filter(move |pin| pin.pin.position == rule && pin.is_usable());
    let named: BTreeSet<SpkiSha256> = [PositionRule::Any, PositionRule::Ca]
        .into_iter()
        .flat_map(of_list)
        .filter_map(|pin| pin.pin.spki().copied())
        .collect();
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    missing.extend(
        roots.of_owners.iter().filter(|(key, _)| !named.contains(key)).map(|(_, name)| name.as_str()),
    );
    missing.extend(roots.missed_by(&named).map(|path| path.name.as_str()));
    let ends: BTreeSet<&str> = roots.paths.iter().map(|path| path.name.as_str()).collect();
    let of = roots.of_owners.values().map(String::as_str).chain(ends).collect::<BTreeSet<_>>().len();
    // Of lists beside one another each has to match; a list for any place and one for CAs may be the same key.
    let has = |rule: PositionRule| entry.pins.iter().any(|pin| pin.pin.position == rule);
    let wants_more = has(PositionRule::Leaf) || has(PositionRule::Any) && has(PositionRule::Ca);
    let missing = missing.into_iter().map(ToOwned::to_owned).collect();
    Some(RootPins { client: client.to_owned(), are_enough: !wants_more, missing, of })
}
