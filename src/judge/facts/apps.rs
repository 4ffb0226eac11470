//! What pin files and packages say of apps beside their pins, and which kind of client a file is of.

use crate::compare::{AppFacts, ClientClass, Fact, asks_for_transparency, trusts_user_cas};
use crate::pins::{EntryVerdict, PinsVerdict, Platform, ProblemKind, SourceState, SourceVerdict};

/// The apps that files show: a configuration of Android's or Apple's, or a package.
pub(super) fn apps(pins: &PinsVerdict) -> Vec<AppFacts> {
    let sources = pins.sources.iter().filter(|source| !source.is_of_a_part());
    sources
        .filter_map(|source| {
            let class = class_of(source, None)?;
            let is_android = matches!(class, ClientClass::Android { .. });
            (is_android || class == ClientClass::Ios).then(|| AppFacts {
                file: source.file.clone(),
                class,
                certificate_transparency: if is_android { transparency(source) } else { Fact::NotGiven },
                trusts_user_cas: if is_android { user_cas(source) } else { Fact::NotGiven },
                own_anchors_alone: source.trusts_own_anchors_alone(),
                lowest_device: source.app.as_ref().and_then(|app| app.min_sdk),
            })
        })
        .collect()
}

/// The kind of client that goes by a source, or by one entry of it; `None` where the file does not tell.
pub(in crate::judge) fn class_of(
    source: &SourceVerdict,
    entry: Option<&EntryVerdict>,
) -> Option<ClientClass> {
    let app = source.app.as_ref();
    let target_level = app.and_then(|app| app.target_sdk);
    let android = Some(ClientClass::Android { target_level });
    match entry.and_then(|entry| Platform::named(entry.platform.as_deref()?)) {
        Some(Platform::Android) => return android,
        Some(Platform::Ios) => return Some(ClientClass::Ios),
        Some(Platform::Server) => return Some(ClientClass::Server),
        None => {}
    }
    if app.is_some_and(|app| app.target_sdk.is_some() || app.min_sdk.is_some()) {
        return android;
    }
    match source.format? {
        "android-nsc" | "trustkit-android" => android,
        "ios-nspinneddomains" | "trustkit" | "urlsession" | "alamofire" => Some(ClientClass::Ios),
        "chromium" => Some(ClientClass::Browser),
        "curl" | "go" | "stubby" => Some(ClientClass::Server),
        // Of an app that is not Android's.
        _ if app.is_some() => Some(ClientClass::Ios),
        _ => None,
    }
}

/// Whether the app asks for SCTs for the host. An entry says what holds after inheritance; one that says nothing leaves it
/// to the platform, and that goes by the level.
fn transparency(source: &SourceVerdict) -> Fact<bool> {
    let by_level = || {
        let level = source.app.as_ref().and_then(|app| app.target_sdk);
        level.map_or(Fact::NotGiven, |level| Fact::Measured(asks_for_transparency(level)))
    };
    if source.format != Some("android-nsc") || source.state != SourceState::Read {
        return Fact::Undetermined;
    }
    if source.is_absent {
        return by_level();
    }
    // An entry that could not be read may be about the host.
    let is_open =
        |problem: &crate::pins::Problem| matches!(problem.kind, ProblemKind::Refused | ProblemKind::NotRead);
    let is_whole = !source.problems.iter().any(is_open);
    let mut said = source.entries.iter().filter(|entry| entry.applies);
    match (said.next(), said.next()) {
        (Some(only), None) => only.certificate_transparency.map_or_else(by_level, Fact::Measured),
        (None, _) if is_whole => match source.elsewhere {
            Some(elsewhere) => elsewhere.certificate_transparency.map_or_else(by_level, Fact::Measured),
            None => by_level(),
        },
        _ => Fact::Undetermined,
    }
}

/// Whether the app trusts CAs that a user added.
fn user_cas(source: &SourceVerdict) -> Fact<bool> {
    if source.format != Some("android-nsc") || source.state != SourceState::Read {
        return Fact::Undetermined;
    }
    if source.problems.iter().any(|problem| problem.kind == ProblemKind::UserAnchors) {
        return Fact::Measured(true);
    }
    let level = source.app.as_ref().and_then(|app| app.target_sdk);
    level.map_or(Fact::NotGiven, |level| Fact::Measured(trusts_user_cas(level)))
}
