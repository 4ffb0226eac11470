//! Whom the host turns away now, whatever comes: clients that refuse its chain, or its certificate for want of SCTs.

use super::{
    ClientClass, ClientProtection, Control, CtProgrammes, Enforced, Fact, MeasuredFacts, PublicTrust,
};
use crate::compare::headlines::enumerated;

/// A sentence each.
pub(super) fn now(clients: &[ClientProtection], facts: &MeasuredFacts) -> Vec<String> {
    match facts.public_trust {
        Fact::Measured(PublicTrust::NotTrusted) => by_validation(clients).into_iter().collect(),
        Fact::Measured(PublicTrust::Trusted) => by_ct(clients, &facts.ct_programmes).into_iter().collect(),
        Fact::NotGiven | Fact::Undetermined => Vec::new(),
    }
}

/// Those that go by the roots of browsers and systems. What else may be trusted, by servers or by apps with anchors of their
/// own, is not known.
fn by_validation(clients: &[ClientProtection]) -> Option<String> {
    let goes_by = |client: &&ClientProtection| {
        let is_of_system = !matches!(client.client, ClientClass::Server | ClientClass::Mail);
        is_of_system && enforces(client, Control::CaTrust)
    };
    let whose: Vec<String> = clients.iter().filter(goes_by).map(|client| client.client.title()).collect();
    (!whose.is_empty()).then(|| {
        format!(
            "The host's chain is refused now by {}, unless they were given its root: it leads to no trusted root, or its name \
             or dates are not right.",
            enumerated(&whose)
        )
    })
}

/// Those whose CT policy the certificate misses.
fn by_ct(clients: &[ClientProtection], programmes: &CtProgrammes) -> Option<String> {
    let misses = |programme: &Fact<bool>| *programme == Fact::Measured(false);
    let mut whose: Vec<String> = Vec::new();
    for client in clients.iter().filter(|client| enforces(client, Control::Ct)) {
        let browsers =
            [(&programmes.chrome, "Chrome"), (&programmes.apple, "Safari"), (&programmes.mozilla, "Firefox")];
        match client.client {
            ClientClass::Browser => whose.extend(
                browsers
                    .into_iter()
                    .filter(|(misses_it, _)| misses(misses_it))
                    .map(|(_, name)| name.to_owned()),
            ),
            ClientClass::Ios if misses(&programmes.apple) => whose.push(client.client.title()),
            ClientClass::Android { .. } if misses(&programmes.android) => whose.push(client.client.title()),
            _ => {}
        }
    }
    (!whose.is_empty()).then(|| {
        format!(
            "The host's certificate is refused now by {}: its SCTs do not meet the CT policy.",
            enumerated(&whose)
        )
    })
}

fn enforces(client: &ClientProtection, control: Control) -> bool {
    client.controls.iter().any(|one| one.control == control && one.enforced == Enforced::Yes)
}
