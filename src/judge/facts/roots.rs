//! How far pins name the roots of the CAs that issue for a host: only those that name all of them outlast renewals.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::ca::same_owner;
use crate::compare::{Fact, Replay, RootPins};
use crate::evidence::TargetEvidence;
use crate::judge::inputs::Inputs;
use crate::judge::pin_facts;
use crate::judge::replay::certificates_of_cas;
use crate::judge::target::TargetVerdicts;
use crate::pins::{EnforcementMode, EntryVerdict, PositionRule};
use crate::x509::paths::{CaPath, CertificateKind, paths_above};
use crate::x509::{Certificate, SpkiSha256};

/// What the pins in force name of the roots of the CAs in use: those that issued what is in its life now.
pub(in crate::judge) fn root_pins(
    (target, verdicts): (&TargetEvidence, &TargetVerdicts),
    replay: Option<&Replay>,
    inputs: &Inputs,
) -> Fact<Vec<RootPins>> {
    let (Some(replay), Some(pins)) = (replay, verdicts.pins.verdict()) else { return Fact::NotGiven };
    let cas = certificates_of_cas((target, verdicts), inputs);
    let Some(roots) = Roots::in_use(replay, inputs, &cas) else { return Fact::Undetermined };
    let in_force = pin_facts::applying(pins).filter(|(_, entry)| entry.enforced == EnforcementMode::Yes);
    let clients: Option<Vec<RootPins>> =
        in_force.map(|(source, entry)| roots.named_by(&source.file, entry)).collect();
    clients.map_or(Fact::Undetermined, Fact::Measured)
}

/// The roots of the CAs in use.
struct Roots {
    /// The roots by key, with the name of each.
    all: BTreeMap<SpkiSha256, String>,
    /// Of each path that clients build now: the keys on it that are roots', and the name of its end.
    paths: Vec<(BTreeSet<SpkiSha256>, String)>,
}

impl Roots {
    /// `None` where not all is known: who issued a certificate, or the paths above.
    fn in_use(replay: &Replay, inputs: &Inputs, cas: &[Certificate]) -> Option<Self> {
        let at = replay.until;
        let current = replay.certificates.iter().filter(|it| it.not_before <= at && at <= it.not_after);
        let issuers: Option<BTreeSet<SpkiSha256>> = current.map(|it| it.issuer_spki_sha256).collect();
        let issuers = issuers.filter(|issuers| !issuers.is_empty())?;
        let graph = |key: &SpkiSha256| inputs.cas.certificates(key).collect();
        let anchors: BTreeSet<SpkiSha256> =
            inputs.anchors.certificates().iter().map(|anchor| anchor.spki_sha256).collect();
        let is_root = |key: &SpkiSha256| {
            anchors.contains(key)
                || inputs.cas.certificates(key).any(|it| it.kind != CertificateKind::Intermediate)
        };
        let mut roots = Self { all: BTreeMap::new(), paths: Vec::new() };
        for issuer in &issuers {
            let paths = paths_above(issuer, cas, &inputs.anchors, &graph);
            let now: Vec<&CaPath> = built(&paths, at)?;
            for path in now {
                let end = path.certificates.last()?;
                let keys = path.certificates.iter().map(|certificate| certificate.spki_sha256);
                let keys = keys.filter(|key| *key == end.spki_sha256 || is_root(key)).collect();
                roots.paths.push((keys, common_name(&end.subject).to_owned()));
            }
        }
        roots.add_of_owners(&issuers, inputs, at);
        Some(roots)
    }

    /// Every root of the same owners that is in its life, whether a path of now leads to it or not: the next certificate's
    /// may.
    fn add_of_owners(&mut self, issuers: &BTreeSet<SpkiSha256>, inputs: &Inputs, at: Timestamp) {
        let owners: BTreeSet<String> =
            issuers.iter().filter_map(|issuer| inputs.owner_of(issuer)?.owner).collect();
        for key in inputs.cas.keys().filter(|_| !owners.is_empty()) {
            let Some(known) = inputs.cas.key(&key) else { continue };
            let is_theirs = known.owner.is_some_and(|owner| owners.iter().any(|own| same_owner(own, owner)));
            let is_root = || {
                inputs
                    .cas
                    .certificates(&key)
                    .any(|it| it.kind == CertificateKind::Root && it.not_before <= at && at <= it.not_after)
            };
            if is_theirs && is_root() {
                self.all.insert(key, common_name(known.subject).to_owned());
            }
        }
    }

    /// What a client's pins name of them; `None` where not all of its pins are known as keys.
    fn named_by(&self, client: &str, entry: &EntryVerdict) -> Option<RootPins> {
        let is_known = |pin: &crate::pins::Pin| pin.value.is_err() || pin.spki().is_some();
        if entry.unread > 0 || !entry.forbidden.is_empty() || !entry.pins.iter().all(|pin| is_known(&pin.pin))
        {
            return None;
        }
        let of_list = |rule: PositionRule| {
            entry.pins.iter().filter(move |pin| pin.pin.position == rule && pin.is_usable())
        };
        let named: BTreeSet<SpkiSha256> = [PositionRule::Any, PositionRule::Ca]
            .into_iter()
            .flat_map(of_list)
            .filter_map(|pin| pin.pin.spki().copied())
            .collect();
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        missing
            .extend(self.all.iter().filter(|(key, _)| !named.contains(key)).map(|(_, name)| name.as_str()));
        let unmet = self.paths.iter().filter(|(keys, _)| keys.is_disjoint(&named));
        missing.extend(unmet.map(|(_, end)| end.as_str()));
        let ends: BTreeSet<&str> = self.paths.iter().map(|(_, end)| end.as_str()).collect();
        let of = self.all.values().map(String::as_str).chain(ends).collect::<BTreeSet<_>>().len();
        // Of lists beside one another each has to match; a list for any place and one for CAs may be the same key.
        let has = |rule: PositionRule| entry.pins.iter().any(|pin| pin.pin.position == rule);
        let wants_more = has(PositionRule::Leaf) || has(PositionRule::Any) && has(PositionRule::Ca);
        let missing = missing.into_iter().map(ToOwned::to_owned).collect();
        Some(RootPins { client: client.to_owned(), are_enough: !wants_more, missing, of })
    }
}

/// The common name of a subject, or else the whole.
fn common_name(subject: &str) -> &str {
    let name = subject.split_once("CN=").map(|(_, rest)| rest.split(", ").next().unwrap_or(rest));
    name.unwrap_or(subject)
}

/// The paths that clients build at a time: those to the anchors, else every one known; `None` where there is none, or
/// there are more than were looked at.
fn built(paths: &[CaPath], at: Timestamp) -> Option<Vec<&CaPath>> {
    if paths.iter().any(|path| path.certificates.is_empty()) {
        return None;
    }
    let now = |trusted: bool| -> Vec<&CaPath> {
        let holds = |path: &&CaPath| path.trusted == trusted && path.from <= at && at <= path.until;
        paths.iter().filter(holds).collect()
    };
    let trusted = now(true);
    let found = if trusted.is_empty() { now(false) } else { trusted };
    (!found.is_empty()).then_some(found)
}
