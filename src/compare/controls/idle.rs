//! What a control changes in no state of its own: there is nothing to be known of it then.

use crate::compare::{Control, Threat};

/// Whether the control does nothing about the threat, in place or not, whatever its state is.
///
/// “In place, it does nothing” is not enough: CAA that does not permit the CA in use stops a renewal that a distrusted log
/// calls for, and pins that do not match lock users out whatever changes.
pub(in crate::compare) fn never_matters(control: Control, threat: Threat) -> bool {
    use Threat as T;
    let by_other_hands = matches!(threat, T::DeviceOwner | T::KeyHolder | T::HostilePins);
    match control {
        // No browser obeys the header.
        Control::Hpkp => true,
        // Where the chain is not trusted as served, clients check something else.
        Control::CaTrust => by_other_hands || threat == T::LogDistrusted,
        Control::Ct => !(threat == T::OtherCaUnlogged || threat.is_change()),
        Control::Caa => !(threat == T::OtherCaDeceived || threat.is_change()),
        Control::CaaBound => {
            !(matches!(threat, T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack) || threat.is_change())
        }
        Control::IssuerExpectation => {
            !matches!(threat, T::OtherCaLogged | T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack)
        }
        Control::Pins | Control::LeafPin => by_other_hands,
        Control::IntermediatePin => by_other_hands || of_ca(threat),
        Control::RootPin => by_other_hands || of_ca(threat) || threat == T::NewIntermediate,
        Control::DynamicPins => {
            matches!(threat, T::DeviceOwner | T::KeyHolder | T::LogDistrusted | T::StolenKey)
        }
        Control::Dane => by_other_hands || threat == T::StolenKey,
        Control::Revocation => !matches!(
            threat,
            T::OtherCaLogged | T::OtherCaDeceived | T::AuthorisedCa | T::DnsHijack | T::StolenKey
        ),
    }
}

/// Whether pins of a CA's key let it pass, whichever certificate of that CA is there.
fn of_ca(threat: Threat) -> bool {
    matches!(
        threat,
        Threat::AuthorisedCa | Threat::DnsHijack | Threat::StolenKey | Threat::NewKey | Threat::LogDistrusted
    )
}
