//! What only Android's apps do: they trust no CA that a user added, from API 24 on, and from API 37 on they ask for SCTs
//! under every root of the system's store.

use super::ClientClass;
use crate::compare::controls::{self, Judgement};
use crate::compare::{Control, Effect, Fact, MeasuredFacts, Threat};

/// The first API level for which apps do not trust the CAs of users by default.
const WITHOUT_USER_CAS: u32 = 24;
/// The first API level for which apps ask for Certificate Transparency by default.
const TRANSPARENCY: u32 = 37;

/// Whether an app that targets this level asks for Certificate Transparency where its configuration says nothing of it.
pub fn asks_for_transparency(level: u32) -> bool {
    level >= TRANSPARENCY
}

/// Whether an app that targets this level trusts CAs that a user added where its configuration says nothing of it.
pub fn trusts_user_cas(level: u32) -> bool {
    level < WITHOUT_USER_CAS
}

const SOURCE: &str = "Android developer guide, “Network security configuration”";

/// What a control does for an Android app where that is not what it does for others.
pub(super) fn judge(
    client: ClientClass,
    control: Control,
    threat: Threat,
    own: &MeasuredFacts,
) -> Option<Judgement> {
    let ClientClass::Android { target_level } = client else { return None };
    let own_anchors_alone = !own.apps.is_empty() && own.apps.iter().all(|app| app.own_anchors_alone);
    match (control, threat) {
        (Control::CaTrust, Threat::UserRoot) => Some(user_root(target_level, own)),
        (Control::CaTrust, _) if own_anchors_alone => by_own_anchors(threat),
        (Control::Ct, Threat::SystemRoot) if target_level.is_some_and(asks_for_transparency) => {
            let unlogged = controls::judge(Control::Ct, Threat::OtherCaUnlogged, own);
            (unlogged.effect == Effect::Prevents).then(|| {
                Judgement::new(
                    Effect::Prevents,
                    "Android 17 holds a root of the system's store for a public one, and asks for SCTs under it.",
                    SOURCE,
                )
            })
        }
        _ => None,
    }
}

/// What the anchors of an app do that trusts no others for the host. Which CAs they are is not compared with an attacker's.
fn by_own_anchors(threat: Threat) -> Option<Judgement> {
    use Threat as T;
    let (effect, reason) = match threat {
        T::OtherCaLogged | T::OtherCaDeceived | T::OtherCaUnlogged | T::ColludingLogs => (
            Effect::Unknown,
            "The app trusts the CAs that its configuration names, and no others: what another CA issues is refused, unless \
             these let it in.",
        ),
        T::SystemRoot => (
            Effect::Prevents,
            "The app trusts the CAs that its configuration names, and no root of the system's store.",
        ),
        T::NewCa => (
            Effect::MakesWorse,
            "The app trusts the CAs that its configuration names, and no others: until it is updated, the chain of another CA \
             is refused, unless these let it in.",
        ),
        _ => return None,
    };
    Some(Judgement::new(effect, reason, SOURCE))
}

/// On which devices alone an attack fails: Android asks for SCTs from version 16 on where a configuration wants that, and from
/// version 17 on by the app's level; below version 7 there is no configuration, and CAs of users are trusted. `None` where it is
/// so on every device that the app runs on, as far as is known.
pub(super) fn devices(
    client: ClientClass,
    threat: Threat,
    by: &[Control],
    own: &MeasuredFacts,
) -> Option<String> {
    let ClientClass::Android { target_level } = client else { return None };
    let is_asked_for = own.apps.iter().any(|app| app.certificate_transparency == Fact::Measured(true));
    let by_level = target_level.is_some_and(asks_for_transparency);
    let needed = |control: &Control| match control {
        Control::Ct if threat == Threat::SystemRoot || by_level || !is_asked_for => Some((37, "17")),
        Control::Ct => Some((36, "16")),
        Control::CaTrust if threat == Threat::UserRoot => Some((WITHOUT_USER_CAS, "7")),
        _ => None,
    };
    let needed: Option<Vec<(u32, &str)>> = by.iter().map(needed).collect();
    let (level, version) = needed?.into_iter().min()?;
    let levels: Option<Vec<u32>> = own.apps.iter().map(|app| app.lowest_device).collect();
    let lowest = levels.and_then(|levels| levels.into_iter().min());
    // Devices below version 7 are told of where an app is known to run on them.
    let is_so_on_all = lowest.map_or(level == WITHOUT_USER_CAS, |lowest| lowest >= level);
    (!is_so_on_all).then(|| format!("on Android {version} and later alone"))
}

fn user_root(target_level: Option<u32>, own: &MeasuredFacts) -> Judgement {
    let says = |what| own.apps.iter().any(|app| app.trusts_user_cas == Fact::Measured(what));
    let is_open = own.apps.iter().any(|app| app.trusts_user_cas.measured().is_none());
    let (effect, reason) = match (says(true), says(false) && !is_open, target_level) {
        (true, ..) => (
            Effect::NoEffect,
            "The app trusts CAs that a user adds, by its configuration or the level that it targets.",
        ),
        (false, true, _) => {
            (Effect::Prevents, "The app targets API 24 or later and trusts no CA that a user adds.")
        }
        (false, false, Some(..WITHOUT_USER_CAS)) => (
            Effect::NoEffect,
            "Apps that target API 23 or less trust CAs that a user adds, unless their configuration does not.",
        ),
        (false, false, Some(_)) if own.apps.is_empty() => (
            Effect::Unknown,
            "Apps that target API 24 or later trust no CA that a user adds, unless their configuration, which was not \
             given, does.",
        ),
        (false, false, _) => (
            Effect::Unknown,
            "Whether the app trusts CAs that a user adds depends on its level and its configuration, which are not known.",
        ),
    };
    Judgement::new(effect, reason, SOURCE)
}
