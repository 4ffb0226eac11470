//! Configurations of one app that hold on some devices, or for a part of the app, only.

use crate::pins::formats;
use crate::pins::model::{AppContext, Confidence};
use crate::pins::verdict::{PinsStatus, PinsVerdict, SourceState, SourceVerdict};

impl PinsVerdict {
    /// Whether a configuration pins the host, and builds or devices of the same app that take another one in its place are
    /// not pinned: what pins is in some release all the same.
    pub fn is_pinned_in_part(&self, source: &SourceVerdict) -> bool {
        let pins = source
            .entries
            .iter()
            .any(|entry| entry.is_in_force() && !matches!(entry.confidence, Confidence::Guessed(_)));
        pins && !source.is_of_a_part()
            && unpinned(source, &self.sources).is_some()
            && !self.sources.iter().any(|other| is_replaced_by(source, other))
    }

    /// Whether builds or devices of the app that another configuration pins take this one, which does not, in its place.
    pub fn is_taken_in_place_of(&self, source: &SourceVerdict, other: &SourceVerdict) -> bool {
        self.is_pinned_in_part(other) && unpins(source, other) && is_taken(source, &self.sources)
    }

    /// Whether the host is pinned in some builds or on some devices, and in others not: nothing else leaves that open.
    pub fn is_pinned_in_builds(&self) -> bool {
        self.status == PinsStatus::Undetermined
            && self.sources.iter().any(|source| self.is_pinned_in_part(source))
    }
}

/// The variant of a configuration that un-pins what `source` pins, on devices that take that one.
pub(super) fn unpinned<'a>(
    source: &SourceVerdict,
    sources: &'a [SourceVerdict],
) -> Option<&'a SourceVerdict> {
    sources.iter().find(|other| unpins(other, source) && is_taken(other, sources))
}

/// Whether a variant of a configuration does not pin, and is not of a flavour of its own.
fn unpins(variant: &SourceVerdict, source: &SourceVerdict) -> bool {
    source.is_variant_of(variant)
        && !formats::are_of_flavours(&source.file, &variant.file)
        && !variant.entries.iter().any(super::EntryVerdict::is_in_force)
}

/// Whether a release has another file in the place of this one.
fn is_replaced_by(source: &SourceVerdict, other: &SourceVerdict) -> bool {
    other.is_variant_of(source) && formats::replaces(&other.file, &source.file)
}

/// Whether some device takes a variant: none does where all of them are beyond the level of another one, and none has what
/// a release replaces.
fn is_taken(source: &SourceVerdict, sources: &[SourceVerdict]) -> bool {
    let variants = || sources.iter().filter(|other| other.is_variant_of(source));
    if sources.iter().any(|other| is_replaced_by(source, other)) {
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
