//! Trust anchors: what a configuration declares, what the platform takes where none is declared, and what debug
//! overrides add.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use roxmltree::Node;

use super::read::elements;
use super::values::{Flag, flag};
use crate::pins::formats::switch::{Switch, enforced_perhaps};
use crate::pins::formats::xml;
use crate::pins::model::{AppContext, Enforcement, EnforcementMode, OwnAnchors};

/// The last API level for which apps trust the CAs of users by default.
const LAST_WITH_USER_ANCHORS: u32 = 23;
/// The first API level for which apps ask for Certificate Transparency by default (Android 17).
const FIRST_WITH_TRANSPARENCY: u32 = 37;

/// One `<certificates>`.
#[derive(Clone)]
pub(super) struct Anchor {
    pub(super) source: AnchorSource,
    /// Its `src`, where it names a resource or something else that is neither the system's nor the user's.
    pub(super) name: String,
    pub(super) overrides_pins: Switch,
}

/// Where trust anchors come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AnchorSource {
    System,
    User,
    Other,
}

impl Anchor {
    /// The system's own CAs, as they are trusted without any declaration.
    pub(super) const SYSTEM: Self =
        Self { source: AnchorSource::System, name: String::new(), overrides_pins: Switch::Off };
}

/// What the platform does for an app where its configuration says nothing.
pub(super) struct Defaults {
    /// The anchors, where they are not those of the system alone.
    pub(super) anchors: Option<Vec<Anchor>>,
    /// Whether Certificate Transparency is asked for, where that is known.
    pub(super) certificate_transparency: Option<bool>,
}

impl Defaults {
    /// The defaults for an app.
    pub(super) fn of(app: Option<&AppContext>) -> Self {
        let target = app.and_then(|app| app.target_sdk);
        let user = Anchor { source: AnchorSource::User, ..Anchor::SYSTEM };
        Self {
            anchors: target
                .filter(|level| *level <= LAST_WITH_USER_ANCHORS)
                .map(|_| vec![Anchor::SYSTEM, user]),
            certificate_transparency: target.filter(|level| *level >= FIRST_WITH_TRANSPARENCY).map(|_| true),
        }
    }
}

/// The anchors of a `<debug-overrides>`: there `overridePins` is true unless it is said otherwise.
pub(super) fn debug(overrides: Node<'_, '_>) -> Vec<Anchor> {
    elements(overrides)
        .filter(|node| node.tag_name().name() == "trust-anchors")
        .flat_map(elements)
        .filter(|node| node.tag_name().name() == "certificates")
        .filter_map(|node| {
            let src = node.attribute("src")?;
            let source = match src {
                "system" => AnchorSource::System,
                "user" => AnchorSource::User,
                _ => AnchorSource::Other,
            };
            let overrides_pins = match node.attribute("overridePins").map(flag) {
                None | Some(Flag::Is(true)) => Switch::On,
                Some(Flag::Is(false) | Flag::Odd) => Switch::Off,
                Some(Flag::Open) => Switch::Open,
            };
            Some(Anchor { source, name: name_of(source, src), overrides_pins })
        })
        .collect()
}

/// The name by which an anchor is looked for; none of those of the system and the user.
pub(super) fn name_of(source: AnchorSource, src: &str) -> String {
    if source == AnchorSource::Other { src.to_owned() } else { String::new() }
}

/// What the anchors that are trusted in place of the defaults come to; `None` where they name no CA of their own and
/// those of the system are among them.
pub(super) fn own(anchors: &[Anchor]) -> Option<OwnAnchors> {
    let beside_system = anchors.iter().any(|anchor| anchor.source == AnchorSource::System);
    let missing: BTreeSet<String> = anchors
        .iter()
        .filter(|a| a.source == AnchorSource::Other)
        .map(|anchor| anchor.name.clone())
        .collect();
    (!beside_system || !missing.is_empty()).then(|| OwnAnchors { beside_system, missing, found: Vec::new() })
}

/// The anchors of the debug overrides of another configuration, the one whose name ends in `_debug`.
pub(super) fn debug_resource(text: &str) -> Result<Vec<Anchor>, String> {
    let document = xml::parse(text).map_err(|error| error.to_string())?;
    let overrides =
        elements(document.root_element()).find(|node| node.tag_name().name() == "debug-overrides");
    Ok(overrides.map_or_else(Vec::new, debug))
}

/// What so many pins with these anchors do.
pub(super) fn enforcement(pins: Option<usize>, anchors: &[Anchor]) -> Enforcement {
    let no = |why: &str| Enforcement { mode: EnforcementMode::No, why: why.to_owned() };
    let Some(pins) = pins else { return no("no pin-set applies to it") };
    if pins == 0 {
        return no("its pin-set is empty");
    }
    if override_pins(anchors, |switch| switch == Switch::On) {
        return no("its trust anchors are declared with overridePins, which switches the pins off for them");
    }
    if override_pins(anchors, |switch| switch != Switch::Off) {
        return enforced_perhaps("overridePins");
    }
    Enforcement {
        mode: EnforcementMode::Yes,
        why: "Android refuses a chain without any of the pinned keys".to_owned(),
    }
}

/// Whether the pins play no part for public CAs: those of the system, or all that there are, override them, where what
/// is written for it `holds`.
fn override_pins(anchors: &[Anchor], holds: impl Fn(Switch) -> bool) -> bool {
    let system = anchors.iter().any(|a| a.source == AnchorSource::System && holds(a.overrides_pins));
    system || (!anchors.is_empty() && anchors.iter().all(|a| holds(a.overrides_pins)))
}

/// Whether a CA that is not the system's own is trusted without regard to the pins.
pub(super) fn overridden_for_user_anchors(anchors: &[Anchor]) -> bool {
    anchors.iter().any(|anchor| anchor.source != AnchorSource::System && anchor.overrides_pins != Switch::Off)
}
