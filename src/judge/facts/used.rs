//! Whose CA's key is pinned, and whether the owner of the host uses that CA.

use crate::ca::expectation::IssuerVerdict;
use crate::ca::issuer::KeyOwner;
use crate::ca::{CaTable, same_owner};
use crate::judge::inputs::Inputs;
use crate::pins::{Diagnosis, PinMatch, PinVerdict, PositionRule};

/// The CA that a pin lets in: its name, and whether it is used, where that is known. One that has ended issues nothing, and
/// no CA's key is that of a server.
pub(super) fn let_in(
    pin: &PinVerdict,
    issuer: Option<&IssuerVerdict>,
    inputs: &Inputs,
) -> Option<(String, Option<bool>)> {
    if pin.pin.position == PositionRule::Leaf {
        return None;
    }
    let private = || inputs.policy.private_ca.iter().find(|ca| pin.pin.spki() == Some(&ca.spki_sha256.0));
    let (name, caa_identifiers) = if let Diagnosis::KnownCa(ca) = &pin.diagnosis {
        (ca.owner.clone().unwrap_or_else(|| ca.name.clone()), Vec::new())
    } else if let Some(own) = private() {
        (own.owner.clone(), own.caa_identifiers.clone())
    } else {
        // A key of the chain is no slip, and has no diagnosis; its CA may be another than the one that issued.
        let of_chain = matches!(pin.matches, PinMatch::At(_)).then(|| pin.pin.spki()).flatten();
        let ca = of_chain.and_then(|key| inputs.known_ca(key))?;
        (ca.owner.unwrap_or(ca.name), Vec::new())
    };
    let owner = KeyOwner { owner: Some(name.clone()), caa_identifiers };
    Some((name, issuer.and_then(|issuer| is_used(&owner, issuer))))
}

/// By what is expected; where nothing is, the CA in service is used, and of others it is not known.
fn is_used(ca: &KeyOwner, issuer: &IssuerVerdict) -> Option<bool> {
    let is = |other: &str| ca.owner.as_deref().is_some_and(|owner| same_owner(owner, other));
    if issuer.expected.is_empty() {
        return issuer.issuer.owner.as_deref().is_some_and(is).then_some(true);
    }
    let is_named = |wanted: &String| {
        is(wanted)
            || ca.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(wanted))
            || CaTable.owner_of_identifier(wanted).any(is)
    };
    let is_used = issuer.expected.iter().any(is_named);
    // A name that nothing is known by may be meant for this one.
    (is_used || issuer.unknown_expectations.is_empty()).then_some(is_used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::expectation::judge;
    use crate::ca::issuer::Issuer;

    #[test]
    fn a_ca_is_used_that_is_expected_or_in_service() {
        let of = |owner: &str, identifiers: &[&str], expected: Option<&[&str]>| {
            let expected: Option<Vec<String>> =
                expected.map(|names| names.iter().map(|&name| name.to_owned()).collect());
            let in_service = Issuer { owner: Some("Demo CA".to_owned()), ..Issuer::default() };
            let known = |name: &str| name == "ca.demo.example" || CaTable.is_known_identifier(name);
            let issuer = judge(in_service, expected.as_deref(), &known);
            let caa_identifiers = identifiers.iter().map(|&id| id.to_owned()).collect();
            is_used(&KeyOwner { owner: Some(owner.to_owned()), caa_identifiers }, &issuer)
        };
        assert_eq!(of("DigiCert", &[], Some(&["ca.demo.example"])), Some(false));
        assert_eq!(of("DigiCert", &[], Some(&["ca.demo.example", "digicert.com"])), Some(true));
        assert_eq!(of("DigiCert", &[], Some(&["digicert.con"])), None, "a slip may be meant for it");
        assert_eq!(of("Demo CA", &["ca.demo.example"], Some(&["ca.demo.example"])), Some(true));
        assert_eq!(of("DigiCert", &[], None), None, "nobody said whom they use");
        assert_eq!(of("Demo CA", &[], None), Some(true));
    }
}
