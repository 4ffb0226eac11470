//! Three headlines, never one score: what is prevented now, what is detected and within what time, and what can lock
//! users out.

use jiff::SignedDuration;
use serde::Serialize;

use super::replay::{LocksOutNow, PinSetKind, Replay};
use super::{
    ClientClass, ClientPins, ClientProtection, ClientThreat, Control, Effect, Fact, MeasuredFacts,
    PinEnforcement, PinMatches, Pins, Threat, Within, refused,
};
use crate::x509::ChainPosition;

/// The three headlines over all kinds of clients.
pub(super) fn headlines(clients: &[ClientProtection], facts: &MeasuredFacts) -> Headlines {
    let prevents = items(clients, |_, threat| (threat.effect == Effect::Prevents).then(|| threat.by.clone()));
    // A revocation follows what was found: it never prevents at once.
    let may_prevent = items(clients, |row, threat| {
        let now =
            open(threat).into_iter().filter(|control| *control != Control::Revocation || row.is_stolen_key());
        let could = |control: &Control| {
            *control == Control::CaTrust
                || matches!(
                    super::controls::would(*control, row.threat).effect,
                    Effect::Prevents | Effect::Unknown
                )
        };
        let open: Vec<Control> = now.filter(could).collect();
        (!row.threat.is_change() && threat.effect != Effect::Prevents && !open.is_empty()).then_some(open)
    });
    let detects = items(clients, |_, threat| (threat.effect == Effect::Detects).then(|| threat.by.clone()));
    let may_detect = items(clients, |row, threat| {
        let could =
            |control: &Control| super::controls::would(*control, row.threat).effect == Effect::Detects;
        let open: Vec<Control> = open(threat).into_iter().filter(could).collect();
        (!matches!(threat.effect, Effect::Prevents | Effect::Detects) && !open.is_empty()).then_some(open)
    });
    let locks_out = items(clients, |row, threat| {
        (row.locks_out() && threat.effect == Effect::MakesWorse).then(|| threat.by.clone())
    });
    let may_lock_out = items(clients, |row, threat| {
        let open = open(threat);
        (row.locks_out() && threat.effect != Effect::MakesWorse && !open.is_empty()).then_some(open)
    });
    let mut all = Headlines {
        prevents: headline(clients, "prevented now", prevents, may_prevent),
        detects: headline(clients, "detected", detects, may_detect),
        locks_out: headline(clients, LOCKS_OUT, locks_out, may_lock_out),
    };
    let locked_out = |client: &&ClientPins| {
        matches!(client.pins, Pins::Pinned { locked_out: true, enforcement: PinEnforcement::Enforced, .. })
    };
    let pinned = facts.pins.measured().map(Vec::as_slice).unwrap_or_default();
    let refused = refused::now(clients, facts);
    let locked_out = pinned.iter().filter(locked_out).map(|client| locked_out_now(&client.client));
    all.locks_out.tell_now(refused.into_iter().chain(locked_out));
    for sentence in pinned.iter().filter_map(of_nobodys).chain(on_the_same_root(pinned)) {
        all.locks_out.tell_also(&sentence);
    }
    all
}

/// On what it rests that a change of the intermediate does not lock out clients whose pins match the root alone.
fn on_the_same_root(pinned: &[ClientPins]) -> Option<String> {
    const NAMED: usize = 3;
    let rests = |client: &&ClientPins| match &client.pins {
        Pins::Pinned { enforcement: PinEnforcement::Enforced, matches: Fact::Measured(matches), .. } => {
            let by_root =
                |list: &PinMatches| !list.names_own_key() && list.positions.contains(&ChainPosition::Root);
            let stays = super::controls::of_pins(Threat::NewIntermediate, &client.pins) == Effect::NoEffect;
            stays && matches.lists().any(by_root)
        }
        _ => false,
    };
    let mut files: Vec<String> = Vec::new();
    for client in pinned.iter().filter(rests) {
        if !files.contains(&client.client) {
            files.push(client.client.clone());
        }
    }
    let more = files.len().saturating_sub(NAMED);
    files.truncate(NAMED);
    if more > 0 {
        files.push(format!("{more} more"));
    }
    (!files.is_empty()).then(|| {
        format!(
            "Under a condition: {} for clients with the pins of {}, where the paths that they build come to end at another \
             root (a new hierarchy of your CA, or a store that trusts an intermediate).",
            Threat::NewIntermediate.id(),
            enumerated(&files)
        )
    })
}

/// After which changes pins lock out a client that no kind's row tells of: one whose kind is not known, or one browser alone.
fn of_nobodys(client: &ClientPins) -> Option<String> {
    let Pins::Pinned { enforcement: PinEnforcement::Enforced, locked_out: false, .. } = client.pins else {
        return None;
    };
    let of = |wanted: Effect| -> String {
        let changes = Threat::ALL.into_iter().filter(|threat| threat.is_change());
        let so = changes.filter(|threat| super::controls::of_pins(*threat, &client.pins) == wanted);
        enumerated(&so.map(|threat| threat.id().to_owned()).collect::<Vec<_>>())
    };
    let (worse, open) = (of(Effect::MakesWorse), of(Effect::Unknown));
    let who = match client.class {
        None => format!("clients with the pins of {}, whose kind is not known", client.client),
        // Not of all browsers, of which the rows tell.
        Some(ClientClass::Browser) => format!("Chrome, with the pins of {}", client.client),
        Some(_) => return None,
    };
    match (worse.as_str(), open.as_str()) {
        ("", "") => None,
        ("", open) => Some(format!("Not known for {who}: {open} (by what pins would do).")),
        (worse, "") => Some(format!("For {who}: {worse} by pins.")),
        (worse, open) => {
            Some(format!("For {who}: {worse} by pins; of {open} it is not known what these would do."))
        }
    }
}

/// What the third headline is about.
const LOCKS_OUT: &str = "known to lock users out";

fn locked_out_now(client: &str) -> String {
    format!("Clients with the pins of {client} are locked out now.")
}

/// A row of one client's.
struct Row {
    threat: Threat,
}

impl Row {
    fn is_stolen_key(&self) -> bool {
        self.threat == Threat::StolenKey
    }

    /// Whether it is about users who cannot connect.
    fn locks_out(&self) -> bool {
        self.threat.is_change() || self.threat == Threat::HostilePins
    }
}

/// The controls of which it is not known what they do.
fn open(threat: &ClientThreat) -> Vec<Control> {
    if threat.effect == Effect::Unknown { threat.by.clone() } else { threat.unknown.clone() }
}

/// The threats of each client that are of a kind, with the controls that make them so.
fn items(
    clients: &[ClientProtection],
    is_so: impl Fn(&Row, &ClientThreat) -> Option<Vec<Control>>,
) -> Vec<HeadlineItem> {
    let mut items = Vec::new();
    for client in clients {
        for (threat, judged) in Threat::ALL.into_iter().zip(&client.threats) {
            if let Some(by) = is_so(&Row { threat }, judged) {
                let (within, only) = (judged.within.clone(), judged.only.clone());
                items.push(HeadlineItem { threat: judged.id, client: client.client, by, within, only });
            }
        }
    }
    items
}

fn headline(
    clients: &[ClientProtection],
    what: &str,
    items: Vec<HeadlineItem>,
    unknown: Vec<HeadlineItem>,
) -> Headline {
    let mut sentences = Vec::new();
    if clients.is_empty() {
        sentences.push("Which clients the host serves is not known, so nothing is said of them.".to_owned());
    } else if items.is_empty() {
        sentences.push(format!("Nothing is {what}."));
    }
    for (who, told) in by_client(clients, &items, |own| told(own).join("; ")) {
        sentences.push(format!("For {who}: {told}."));
    }
    // What each control would be worth stands in the table: here it is told which threats are open, and by what.
    for (who, open) in by_client(clients, &unknown, open_threats) {
        sentences.push(format!("Not known for {who}: {open}."));
    }
    Headline { sentence: sentences.join(" "), now: Vec::new(), items, unknown }
}

/// What is told of each kind of client that has items; the same of several is told once.
fn by_client(
    clients: &[ClientProtection],
    items: &[HeadlineItem],
    tell: impl Fn(&[&HeadlineItem]) -> String,
) -> Vec<(String, String)> {
    let mut all: Vec<(Vec<String>, String)> = Vec::new();
    for client in clients {
        let own: Vec<&HeadlineItem> = items.iter().filter(|item| item.client == client.client).collect();
        if own.is_empty() {
            continue;
        }
        let (title, told) = (client.client.title(), tell(&own));
        match all.iter_mut().find(|(_, known)| *known == told) {
            Some((who, _)) => who.push(title),
            None => all.push((vec![title], told)),
        }
    }
    all.into_iter().map(|(who, told)| (enumerated(&who), told)).collect()
}

/// The threats of which something is open, and all controls whose effect that is.
fn open_threats(items: &[&HeadlineItem]) -> String {
    let mut controls: Vec<Control> = Vec::new();
    for control in items.iter().flat_map(|item| &item.by) {
        if !controls.contains(control) {
            controls.push(*control);
        }
    }
    controls.sort_unstable();
    format!("{} (by what {} would do)", ids(items), names(&controls))
}

/// The items by the controls that make them so, and the devices on which alone they do.
fn grouped<'a>(items: &[&'a HeadlineItem]) -> Vec<Vec<&'a HeadlineItem>> {
    let mut groups: Vec<Vec<&HeadlineItem>> = Vec::new();
    for &item in items {
        let is_of = |of: &&mut Vec<&HeadlineItem>| {
            of.first().is_some_and(|first| (&first.by, &first.only) == (&item.by, &item.only))
        };
        match groups.iter_mut().find(is_of) {
            Some(of) => of.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

fn told(items: &[&HeadlineItem]) -> Vec<String> {
    let groups = grouped(items).into_iter();
    groups
        .filter_map(|of| {
            let HeadlineItem { by, only, .. } = of.first()?;
            let threats: Vec<String> =
                of.iter().map(|item| format!("{} ({})", item.threat, title(item.threat))).collect();
            let within = of.iter().find_map(|item| item.within.as_ref());
            let within = within.map(|within| format!(", {}", in_words(within))).unwrap_or_default();
            let only = only.as_ref().map(|only| format!(" ({only})")).unwrap_or_default();
            Some(format!("{} by {}{only}{within}", enumerated(&threats), names(by)))
        })
        .collect()
}

fn title(id: &str) -> &'static str {
    Threat::ALL.into_iter().find(|threat| threat.id() == id).map_or("", Threat::title)
}

fn ids(items: &[&HeadlineItem]) -> String {
    enumerated(&items.iter().map(|item| item.threat.to_owned()).collect::<Vec<_>>())
}

fn names(controls: &[Control]) -> String {
    enumerated(&controls.iter().map(|control| control.noun().to_owned()).collect::<Vec<_>>())
}

pub(super) fn enumerated(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How long detection takes, in words.
pub fn in_words(within: &Within) -> String {
    match within.at_worst {
        Some(worst) if worst == within.at_best || within.at_best.is_zero() => {
            format!("within {}", duration(worst))
        }
        Some(worst) => format!("within {} to {}", duration(within.at_best), duration(worst)),
        None if within.at_best.is_zero() => "with no bound on how late".to_owned(),
        None => format!("after {} at best, with no bound on how late", duration(within.at_best)),
    }
}

/// A duration in its two largest units.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = seconds;
    let mut told = Vec::new();
    for (unit, size) in units {
        let count = rest / size;
        rest %= size;
        if count > 0 {
            told.push(format!("{count} {unit}"));
        } else if !told.is_empty() {
            break;
        }
        if told.len() == 2 {
            break;
        }
    }
    if told.is_empty() { "less than a second".to_owned() } else { told.join(" ") }
}

/// The three headlines of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Headlines {
    /// The attacks that fail now.
    pub prevents: Headline,
    /// The attacks that work, and are seen.
    pub detects: Headline,
    /// The changes, without an attacker, after which users cannot connect; and what only an attacker can make of that.
    pub locks_out: Headline,
}

impl Headlines {
    /// Whether nothing is known of any of them.
    pub(super) fn tell_nothing(&self) -> bool {
        [&self.prevents, &self.detects, &self.locks_out]
            .into_iter()
            .all(|headline| headline.items.is_empty() && !headline.unknown.is_empty())
    }

    /// Adds what the replay of the pins that were given says of now: without a chain the table knows nothing of it.
    pub(crate) fn join(&mut self, replay: &Replay) {
        let told = replay.pin_sets.iter().filter(|set| set.refuses).filter_map(|set| {
            let PinSetKind::Given { client } = &set.kind else { return None };
            match set.locks_out_now {
                LocksOutNow::Surely => Some(locked_out_now(client)),
                LocksOutNow::Perhaps => {
                    Some(format!("Clients with the pins of {client} may be locked out now."))
                }
                LocksOutNow::No | LocksOutNow::Unknown => None,
            }
        });
        self.locks_out.tell_now(told);
        self.tell_waiting(replay);
    }

    /// Adds what is issued already, in its life, not served, and not matched.
    fn tell_waiting(&mut self, replay: &Replay) {
        for set in replay.pin_sets.iter().filter(|set| set.refuses) {
            let (PinSetKind::Given { client }, Some(waiting)) = (&set.kind, &set.waiting) else { continue };
            let which = waiting.named(replay);
            if waiting.is_next {
                self.locks_out.tell_now([format!(
                    "The next certificate has been issued already ({which}), and clients with the pins of {client} are locked out as \
                     soon as it is served."
                )].into_iter());
            } else {
                self.locks_out.tell_also(&format!(
                    "Not known for clients with the pins of {client}, which it would lock out: whether what is in its life beside \
                     the certificate in service is, or will be, served ({which})."
                ));
            }
        }
    }
}

impl Headline {
    /// Puts a sentence behind all else; “nothing is” does not stand beside it.
    fn tell_also(&mut self, told: &str) {
        let nothing = format!("Nothing is {LOCKS_OUT}.");
        let rest = self.sentence.strip_prefix(&nothing).unwrap_or(&self.sentence).trim_start();
        let before = if rest.is_empty() { String::new() } else { format!("{rest} ") };
        self.sentence = format!("{before}{told}");
    }

    /// Puts before all else what is so already; “nothing is” does not stand beside it.
    fn tell_now(&mut self, told: impl Iterator<Item = String>) {
        let before = self.now.len();
        for sentence in told {
            if !self.now.contains(&sentence) {
                self.now.push(sentence);
            }
        }
        let new = self.now.get(before..).unwrap_or_default().join(" ");
        if !new.is_empty() {
            let nothing = format!("Nothing is {LOCKS_OUT}.");
            let rest = self.sentence.strip_prefix(&nothing).unwrap_or(&self.sentence);
            self.sentence = [new.as_str(), rest.trim_start()].join(" ");
            self.sentence.truncate(self.sentence.trim_end().len());
        }
    }
}

/// One headline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// It in words: threats, clients, controls and durations, and what is not known.
    pub sentence: String,
    /// What is so already, whatever comes: a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub now: Vec<String>,
    /// What it is made of.
    pub items: Vec<HeadlineItem>,
    /// What would belong here if it were known.
    pub unknown: Vec<HeadlineItem>,
}

/// One threat to one kind of client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadlineItem {
    /// The threat's short id.
    pub threat: &'static str,
    /// The kind of client.
    pub client: ClientClass,
    /// The controls that do it, or of which it is not known.
    pub by: Vec<Control>,
    /// How long detection takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// On which devices alone, where that is not so on all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}
