//! Configurations of one app that hold on some devices, or for a part of the app, only.

use crate::pins::formats;
use crate::pins::model::AppContext;
use crate::pins::verdict::{SourceState, SourceVerdict};

/// The variant of a configuration that un-pins what `source` pins, on devices that take that one.
pub(super) fn unpinned<'a>(
    source: &SourceVerdict,
    sources: &'a [SourceVerdict],
) -> Option<&'a SourceVerdict> {
    let pins = |source: &SourceVerdict| source.entries.iter().any(super::EntryVerdict::is_in_force);
    let is_another_app = |other: &SourceVerdict| formats::are_of_flavours(&source.file, &other.file);
    sources.iter().find(|other| {
        source.is_variant_of(other) && !is_another_app(other) && !pins(other) && is_taken(other, sources)
    })
}

/// Whether some device takes a variant: none does where all of them are beyond the level of another one, and none has what
/// a release replaces.
fn is_taken(source: &SourceVerdict, sources: &[SourceVerdict]) -> bool {
    let variants = || sources.iter().filter(|other| other.is_variant_of(source));
    if variants().any(|other| formats::replaces(&other.file, &source.file)) {
        return false;
    }
    let Some(app) = &source.app else { return true };
    let Some(lowest) = app.min_sdk else { return true };
    let is_hidden = variants().any(|other| {
        other.app.as_ref().is_some_and(|other| {
            !other.for_some_devices
                && other.from_sdk.is_some_and(|from| from <= lowest)
                && other.from_sdk > app.from_sdk
        })
    });
    !is_hidden || app.for_some_devices
}

/// Why a source that pins leaves the app's own status open.
pub(super) fn reason(source: &SourceVerdict, unpinned: Option<&SourceVerdict>, whom: &str) -> String {
    match unpinned {
        Some(other) if other.state == SourceState::Read => format!(
            "{} has pins that are enforced for {whom}, and {} that take {} instead are not pinned",
            source.file,
            if other.package().is_some() { "devices" } else { "builds or devices" },
            other.file
        ),
        Some(other) => format!(
            "{} has pins that are enforced for {whom}, and {}, which other devices take, could not be read",
            source.file, other.file
        ),
        None => format!(
            "{} has pins that are enforced for {whom} in this {}, and not in the app itself",
            source.file,
            source.app.as_ref().and_then(AppContext::part_in_words).unwrap_or("part")
        ),
    }
}
