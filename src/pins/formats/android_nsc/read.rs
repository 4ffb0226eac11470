//! From XML to entries, with what Android refuses, ignores and weakens on the way.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod pin_set;

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use roxmltree::{Document, Node};

use self::pin_set::PinSet;
use super::anchors::{self, Anchor, AnchorSource, Defaults, enforcement, overridden_for_user_anchors};
use super::values::{Flag, flag};
use crate::pins::formats::problems::concern;
use crate::pins::formats::switch::Switch;
use crate::pins::formats::written;
use crate::pins::formats::xml::{Lines, only_text};
use crate::pins::model::{
    AppContext, Elsewhere, Enforcement, EnforcementMode, HostPattern, PinEntry, PinSource, Problem,
    ProblemKind,
};

/// What the app around a configuration adds to it.
#[derive(Clone, Copy, Default)]
pub(in crate::pins::formats) struct Around<'a> {
    /// What its manifest says.
    pub(in crate::pins::formats) app: Option<&'a AppContext>,
    /// The configuration whose name ends in `_debug`, where a debuggable app looks for overrides that are not here.
    pub(in crate::pins::formats) debug_resource: Option<&'a str>,
}

/// Reads a whole configuration.
pub(super) fn config(document: &Document<'_>, text: &str, around: Around<'_>) -> Result<PinSource, String> {
    let mut reader = Reader {
        lines: Lines::of(text),
        entries: Vec::new(),
        problems: Vec::new(),
        seen: BTreeSet::new(),
        pin_sets: 0,
        room: MOST_PINS,
        debug: Vec::new(),
        elsewhere: None,
    };
    reader.root(document.root_element(), around);
    if reader.room == 0 {
        return Err(format!("its domains have more than {MOST_PINS} pins together"));
    }
    Ok(PinSource {
        entries: reader.entries,
        problems: reader.problems,
        app: around.app.cloned(),
        elsewhere: reader.elsewhere,
        ..PinSource::of(super::ID)
    })
}

/// The most pins that the domains of one file may have together: each domain of a domain-config has all of its
/// pins, so that a small file could otherwise ask for billions.
const MOST_PINS: usize = 50_000;
/// The most problems that are listed.
const MOST_PROBLEMS: usize = 500;

/// The state of reading one file.
struct Reader {
    lines: Lines,
    entries: Vec<PinEntry>,
    problems: Vec<Problem>,
    /// The domains met so far; none may be named twice.
    seen: BTreeSet<String>,
    /// How many pin sets were met.
    pin_sets: usize,
    /// How many pins may still be added.
    room: usize,
    /// The anchors of the debug overrides, where they hold.
    debug: Vec<Anchor>,
    /// What the base-config says of hosts that are not named.
    elsewhere: Option<Elsewhere>,
}

/// The kinds of configuration an element can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Base,
    Domain,
}

impl Kind {
    fn element(self) -> &'static str {
        match self {
            Self::Base => "base-config",
            Self::Domain => "domain-config",
        }
    }
}

/// What a configuration passes on to those inside it.
#[derive(Clone, Default)]
struct Inherited {
    pin_set: Option<Rc<PinSet>>,
    anchors: Option<Rc<Vec<Anchor>>>,
    certificate_transparency: Option<bool>,
}

impl Reader {
    fn root(&mut self, root: Node<'_, '_>, around: Around<'_>) {
        if root.tag_name().name() != "network-security-config" {
            self.refuse(root, "the root element is not network-security-config".to_owned());
        }
        let named = |name: &'static str| elements(root).filter(move |node| node.tag_name().name() == name);
        for name in ["base-config", "debug-overrides"] {
            if let Some(second) = named(name).nth(1) {
                self.refuse(second, format!("there is a second {name}; only one is allowed"));
            }
        }
        self.debug_overrides(root, around);
        let defaults = Defaults::of(around.app);
        let above = Inherited {
            pin_set: None,
            anchors: defaults.anchors.map(Rc::new),
            certificate_transparency: defaults.certificate_transparency,
        };
        // The order in the file does not matter: everything inherits from the base configuration.
        let base = named("base-config")
            .next()
            .map_or_else(|| above.clone(), |node| self.entry(node, Kind::Base, &above));
        if let (Some(default), Some(used)) = (&above.anchors, &base.anchors)
            && Rc::ptr_eq(default, used)
        {
            let what = "the app targets API level 23 or less, so CAs that the user of a device added are trusted \
                wherever no trust-anchors are given";
            self.problem(ProblemKind::UserAnchors, root, what.to_owned());
        }
        if named("base-config").next().is_some() {
            let anchors = base.anchors.as_ref().map(|own| self.with_debug(Some(own)));
            self.elsewhere = Some(Elsewhere {
                own_anchors_alone: anchors
                    .and_then(|anchors| anchors::own(&anchors))
                    .is_some_and(|own| !own.beside_system),
                certificate_transparency: base.certificate_transparency,
            });
        }
        for node in elements(root) {
            match node.tag_name().name() {
                "domain-config" => {
                    self.entry(node, Kind::Domain, &base);
                }
                // Released apps skip debug-overrides unread.
                "base-config" | "debug-overrides" => {}
                _ => self.skipped(node),
            }
        }
        self.attributes(root, &[]);
    }

    /// Reads a base-config or domain-config, adds its entries, and gives what those inside it inherit.
    fn entry(&mut self, node: Node<'_, '_>, kind: Kind, parent: &Inherited) -> Inherited {
        self.attributes(node, &["cleartextTrafficPermitted", "hstsEnforced"]);
        let mut own = Inherited::default();
        let mut domains = Vec::new();
        let (known, mut of_pins) = (self.entries.len(), 0..0);
        for child in elements(node) {
            match child.tag_name().name() {
                "domain" if kind == Kind::Domain => domains.push(self.domain(child)),
                "pin-set" if kind == Kind::Domain => {
                    let told = self.problems.len();
                    self.pin_set_of(child, &mut own);
                    of_pins = told..self.problems.len().min(MOST_PROBLEMS);
                }
                "domain-config" if kind == Kind::Domain => {}
                name @ ("domain" | "pin-set" | "domain-config") => {
                    self.refuse(child, format!("{name} is not allowed in {}", kind.element()));
                    if name == "pin-set" {
                        let set = self.pin_set(child);
                        self.stray(&set, child);
                    }
                }
                "trust-anchors" => {
                    if own.anchors.is_some() {
                        self.refuse(child, "there is a second trust-anchors; only one is allowed".to_owned());
                    }
                    let anchors = self.anchors(child, kind);
                    own.anchors.get_or_insert(Rc::new(anchors));
                }
                "certificateTransparency" => {
                    own.certificate_transparency = match self.boolean(child, "enabled") {
                        Some(Switch::On) => Some(true),
                        Some(Switch::Off) => Some(false),
                        Some(Switch::Open) | None => None,
                    };
                    if own.certificate_transparency == Some(false) {
                        let what = format!(
                            "<certificateTransparency enabled=\"false\"/> in {} switches Certificate Transparency off",
                            kind.element()
                        );
                        self.problem(ProblemKind::CtDisabled, child, what);
                    }
                }
                _ => self.skipped(child),
            }
        }
        // An anchor that no public log knows switches Certificate Transparency off, unless it is asked for.
        let private = own.anchors.iter().flat_map(|anchors| anchors.iter());
        if own.certificate_transparency.is_none() && private.clone().any(|a| a.source != AnchorSource::System)
        {
            own.certificate_transparency = Some(false);
            if parent.certificate_transparency == Some(true) {
                let what = format!(
                    "the trust-anchors of {} hold CAs that are not the system's: that switches Certificate \
                     Transparency off there, which holds otherwise",
                    kind.element()
                );
                self.problem(ProblemKind::CtOffForAnchors, node, what);
            }
        }
        let effective = Inherited {
            pin_set: own.pin_set.or_else(|| parent.pin_set.clone()),
            anchors: own.anchors.or_else(|| parent.anchors.clone()),
            certificate_transparency: own.certificate_transparency.or(parent.certificate_transparency),
        };
        if kind == Kind::Domain {
            self.add(node, domains, &effective);
            for nested in elements(node).filter(|child| child.tag_name().name() == "domain-config") {
                self.entry(nested, kind, &effective);
            }
            self.concern(of_pins, known);
        }
        effective
    }

    /// Says of problems with pins that they are about the domains of the entries since the first so many: those of their
    /// configuration and of the ones inside it.
    fn concern(&mut self, of_pins: Range<usize>, known: usize) {
        let domains = self.entries.iter().skip(known).map(|entry| &entry.scope);
        if domains.clone().any(|scope| *scope == HostPattern::Nowhere) {
            return;
        }
        let about: Vec<HostPattern> = domains.cloned().collect();
        concern(self.problems.get_mut(of_pins).into_iter().flatten(), &about);
    }

    /// Adds one entry for each domain of a configuration.
    fn add(&mut self, node: Node<'_, '_>, domains: Vec<(HostPattern, Switch, usize)>, effective: &Inherited) {
        if domains.is_empty() {
            self.refuse(node, "the domain-config names no domain".to_owned());
            if let Some(set) = effective.pin_set.clone() {
                self.stray(&set, node);
            }
        }
        let all = self.with_debug(effective.anchors.as_deref());
        for (scope, subdomains, line) in domains {
            let set = effective.pin_set.as_deref();
            if let Some(name) = scope.host().filter(|name| equals_no_host(name)) {
                let what = format!("“{name}” is compared as it stands and equals no host name");
                let (kind, what) = if set.is_some_and(|set| set.len() > 0) {
                    (ProblemKind::NoHost, format!("{what}: its pins are for no host"))
                } else {
                    (ProblemKind::NoEffect, what)
                };
                self.problem_at(kind, Some(line), what);
            }
            self.room = self.room.saturating_sub(set.map_or(0, |set| set.pins.len()));
            if self.room == 0 {
                return;
            }
            let entry = PinEntry {
                pins: set.map_or_else(Vec::new, |set| set.pins.clone()),
                unread: set.map_or(0, |set| set.unread),
                expiry: set.and_then(|set| set.expiry.clone()),
                overridden_for_user_anchors: overridden_for_user_anchors(&all),
                pin_set: set.map(|set| set.number),
                certificate_transparency: effective.certificate_transparency,
                line: Some(line),
                anchors: effective.anchors.as_ref().and_then(|_| anchors::own(&all)),
                ..PinEntry::of(scope, enforcement(set.map(PinSet::len), &all))
            };
            let below = subdomains.perhaps_below(&entry);
            self.entries.push(entry);
            self.entries.extend(below);
        }
    }

    /// The anchors of a configuration, with those of the debug overrides, which are added to every one.
    fn with_debug(&self, own: Option<&Vec<Anchor>>) -> Vec<Anchor> {
        let own = own.map_or(&[][..], Vec::as_slice);
        let system = if own.is_empty() { vec![Anchor::SYSTEM] } else { Vec::new() };
        if self.debug.is_empty() { own.to_vec() } else { [own, &system, &self.debug].concat() }
    }

    /// Takes the debug overrides where the app is debuggable. Released apps skip them unread.
    fn debug_overrides(&mut self, root: Node<'_, '_>, around: Around<'_>) {
        if around.app.and_then(|app| app.debuggable) != Some(true) {
            return;
        }
        let mut place = root;
        let inside = elements(root).find(|node| node.tag_name().name() == "debug-overrides");
        if let Some(node) = inside {
            place = node;
            self.debug = anchors::debug(node);
        } else if let Some(text) = around.debug_resource {
            match anchors::debug_resource(text) {
                Ok(anchors) => self.debug = anchors,
                Err(why) => self.refuse(root, format!("its _debug resource cannot be read: {why}")),
            }
        }
        if !self.debug.is_empty() {
            let what = "the app is debuggable, so its debug-overrides hold: their CAs are trusted for every host, and \
                pins are left aside for those with overridePins, which is the default there";
            self.problem(ProblemKind::DebugInRelease, place, what.to_owned());
        }
    }

    /// Keeps pins that stand where they apply to no host, so that they are seen.
    fn stray(&mut self, set: &PinSet, node: Node<'_, '_>) {
        let why = "the pins stand where they apply to no host".to_owned();
        self.entries.push(PinEntry {
            pins: set.pins.clone(),
            unread: set.unread,
            expiry: set.expiry.clone(),
            pin_set: Some(set.number),
            line: Some(self.lines.of_node(node)),
            ..PinEntry::of(HostPattern::Nowhere, Enforcement { mode: EnforcementMode::No, why })
        });
    }

    fn domain(&mut self, node: Node<'_, '_>) -> (HostPattern, Switch, usize) {
        self.attributes(node, &["includeSubdomains"]);
        let line = self.lines.of_node(node);
        let subdomains = self.boolean(node, "includeSubdomains").unwrap_or(Switch::Off);
        let name = only_text(node).map(|text| text.to_lowercase());
        let name = match name {
            None => {
                self.refuse(node, "the domain has elements inside".to_owned());
                return (HostPattern::Nowhere, subdomains, line);
            }
            Some(name) if name.is_empty() => {
                self.refuse(node, "the domain is empty".to_owned());
                return (HostPattern::Nowhere, subdomains, line);
            }
            Some(name) if written::has_build_variable(&name) => {
                let what = format!("the host “{}” is put in by the build", shortened(&name));
                self.problem(ProblemKind::NotRead, node, what);
                return (HostPattern::Nowhere, subdomains, line);
            }
            Some(name) => name,
        };
        if !self.seen.insert(name.clone()) {
            self.refuse(node, format!("the domain {name} is named twice"));
        }
        (subdomains.scope(name), subdomains, line)
    }

    fn anchors(&mut self, node: Node<'_, '_>, kind: Kind) -> Vec<Anchor> {
        self.attributes(node, &[]);
        let mut anchors = Vec::new();
        for child in elements(node) {
            match child.tag_name().name() {
                "certificates" => anchors.extend(self.anchor(child, kind)),
                _ => self.skipped(child),
            }
        }
        anchors
    }

    fn anchor(&mut self, node: Node<'_, '_>, kind: Kind) -> Option<Anchor> {
        self.attributes(node, &["src", "overridePins"]);
        let overrides_pins = self.boolean(node, "overridePins").unwrap_or(Switch::Off);
        let Some(src) = node.attribute("src") else {
            self.refuse(node, "the certificates element has no src".to_owned());
            return None;
        };
        let source = match src {
            "system" => AnchorSource::System,
            "user" => AnchorSource::User,
            "wfa" => AnchorSource::Other,
            _ if src.starts_with('@') => AnchorSource::Other,
            _ => {
                self.refuse(node, format!("the certificates' src “{}” is unknown", shortened(src)));
                return None;
            }
        };
        if source == AnchorSource::User {
            let what = format!("{} accepts CAs that the user of a device added", kind.element());
            self.problem(ProblemKind::UserAnchors, node, what);
        }
        if overrides_pins == Switch::On {
            let what = format!("{} switches pins off for the CAs of “{}”", kind.element(), shortened(src));
            self.problem(ProblemKind::OverridesPins, node, what);
        }
        Some(Anchor { source, name: anchors::name_of(source, src), overrides_pins })
    }

    /// A boolean attribute; one that Android reads otherwise than it looks is a problem.
    fn boolean(&mut self, node: Node<'_, '_>, name: &str) -> Option<Switch> {
        let text = node.attribute(name)?;
        match flag(text) {
            Flag::Is(value) => Some(value.into()),
            Flag::Open => {
                let what = format!("{name}=“{}” is put in by the build", shortened(text));
                self.problem(ProblemKind::NotRead, node, what);
                Some(Switch::Open)
            }
            Flag::Odd => {
                let what = format!("{name}=“{}” is read as false; write “true” or “false”", shortened(text));
                self.problem(ProblemKind::NoEffect, node, what);
                Some(Switch::Off)
            }
        }
    }

    /// Attributes that Android ignores here. Those of other namespaces (`tools:…`) are not meant for it.
    fn attributes(&mut self, node: Node<'_, '_>, known: &[&str]) {
        let ignored: Vec<String> = node
            .attributes()
            .filter(|attribute| match attribute.namespace() {
                None => !known.contains(&attribute.name()),
                Some(_) => known.contains(&attribute.name()),
            })
            .map(|attribute| shortened(attribute.name()))
            .collect();
        let element = shortened(node.tag_name().name());
        for attribute in ignored {
            self.problem(ProblemKind::NoEffect, node, format!("{attribute} on {element} is ignored"));
        }
    }

    /// An element Android skips; worth saying where it looks like one that it knows.
    fn skipped(&mut self, node: Node<'_, '_>) {
        const KNOWN: [&str; 8] = [
            "baseconfig",
            "domainconfig",
            "debugoverrides",
            "domain",
            "pinset",
            "pin",
            "trustanchors",
            "certificates",
        ];
        let name = node.tag_name().name();
        let plain = name.to_lowercase().replace(['-', '_'], "");
        if KNOWN.contains(&plain.as_str()) {
            let above = node.parent_element().map_or("", |parent| parent.tag_name().name());
            let what = format!("{} inside {} is skipped", shortened(name), shortened(above));
            self.problem(ProblemKind::NoEffect, node, what);
        }
    }

    fn refuse(&mut self, node: Node<'_, '_>, what: String) {
        self.problem(ProblemKind::Refused, node, what);
    }

    fn problem(&mut self, kind: ProblemKind, node: Node<'_, '_>, what: String) {
        let line = Some(self.lines.of_node(node));
        self.problem_at(kind, line, what);
    }

    fn problem_at(&mut self, kind: ProblemKind, line: Option<usize>, what: String) {
        let is_first_refusal = kind == ProblemKind::Refused && self.problems.iter().all(|p| p.kind != kind);
        match self.problems.len() {
            MOST_PROBLEMS => self.problems.push(Problem::of(
                ProblemKind::NotRead,
                line,
                format!("the file has more than {MOST_PROBLEMS} problems; the rest is not listed"),
            )),
            listed if listed > MOST_PROBLEMS && !is_first_refusal => {}
            _ => self.problems.push(Problem::of(kind, line, what)),
        }
    }
}

/// Whether a domain is written as no host's name is.
fn equals_no_host(name: &str) -> bool {
    name.contains(['*', '/', ':', ' ']) || name.starts_with('.') || name.ends_with('.')
}

pub(super) fn elements<'a, 'input>(node: Node<'a, 'input>) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(Node::is_element)
}

/// A text of the file, short enough for a message.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut kept: String = text.chars().take(LONGEST).collect();
    if kept.len() < text.len() {
        kept.push('…');
    }
    kept
}
