//! Which controls a kind of client goes by.

use super::{ClientClass, ClientControl, Enforced, Served, asks_for_transparency, trusts_user_cas};
use crate::compare::{
    Circumstances, ClientPins, Control, CtPolicy, DynamicPins, Fact, MeasuredFacts, Pins, UnreadPackage,
};

/// The controls that are asked about of each client. The levels of pins are the pins again.
const CONTROLS: [Control; 10] = [
    Control::CaTrust,
    Control::Ct,
    Control::Caa,
    Control::CaaBound,
    Control::IssuerExpectation,
    Control::Pins,
    Control::DynamicPins,
    Control::Hpkp,
    Control::Dane,
    Control::Revocation,
];

const ANDROID: &str = "Android developer guide, “Network security configuration” (certificateTransparency)";
const CLIENT_PINS: &str = "RFC 7469 section 2.6";

/// Each control, and whether this kind of client goes by it; by the facts of [`facts_of`].
pub(super) fn controls(client: ClientClass, own: &MeasuredFacts) -> Vec<ClientControl> {
    CONTROLS
        .into_iter()
        .map(|control| {
            let (enforced, why, source) = enforced(control, client, own);
            ClientControl { control, enforced, why: why.to_owned(), source }
        })
        .collect()
}

fn enforced(
    control: Control,
    client: ClientClass,
    own: &MeasuredFacts,
) -> (Enforced, &'static str, &'static str) {
    use Enforced::{No, Unknown, Yes};
    match control {
        Control::CaTrust if client == ClientClass::Mail => (
            Unknown,
            "Mail servers take any certificate, unless DANE or MTA-STS tells them otherwise; MTA-STS is not looked at.",
            "RFC 7672 section 1.3; RFC 8461",
        ),
        Control::CaTrust => {
            (Yes, "It validates the chain, the name and the dates.", "RFC 5280 section 6; RFC 9525 section 6")
        }
        Control::Ct => transparency(client, own),
        Control::Caa | Control::CaaBound => {
            (Yes, "CAs obey it when they issue, whichever client connects afterwards.", "RFC 8659 section 1")
        }
        Control::IssuerExpectation => {
            (Yes, "The owner looks into the logs, whichever client connects.", "RFC 6962 section 7.2")
        }
        Control::Pins | Control::LeafPin | Control::IntermediatePin | Control::RootPin => {
            let own = own.pins.measured().map(Vec::as_slice);
            match own.filter(|pins| pins.iter().any(ClientPins::has_pins)) {
                Some(_) if client == ClientClass::Browser => (
                    No,
                    "Pins that are built into Chrome hold there alone; other browsers have none of them.",
                    "Chromium net/http/transport_security_state.cc",
                ),
                Some(pins) if pins.iter().any(ClientPins::is_undetermined) => (
                    Yes,
                    "Pins of such a client were given, and a file of which it is not known what it pins for whom.",
                    CLIENT_PINS,
                ),
                Some(pins) if !pins.iter().all(ClientPins::has_pins) => (
                    Yes,
                    "Pins of such a client were given, and an app or version of that kind that has none of its own.",
                    CLIENT_PINS,
                ),
                _ => pinned(client, own.map(|pins| pins.iter().any(ClientPins::has_pins))),
            }
        }
        Control::DynamicPins if has_dynamic(own) && !own.beside_dynamic.is_empty() => (
            Yes,
            "Pins of such a client come at run time, and there is an app or version of that kind that may have none.",
            CLIENT_PINS,
        ),
        Control::DynamicPins => pinned(client, own.dynamic_pins.measured().map(|pins| !pins.is_empty())),
        Control::Hpkp => (
            No,
            "It does not obey Public-Key-Pins: browsers did, and do no more.",
            "RFC 7469; removed from Chrome 72 and Firefox 72",
        ),
        Control::Dane if client == ClientClass::Mail => {
            (Yes, "It validates TLSA records.", "RFC 7672 section 2.2")
        }
        Control::Dane => (No, "It does not look at TLSA records.", "RFC 6698 section 4"),
        Control::Revocation => (
            Unknown,
            "Whether it checks revocation, and by what, is its own affair and is not measured.",
            "RFC 5280 section 6.3",
        ),
    }
}

/// Whether pins of such a client come at run time.
fn has_dynamic(own: &MeasuredFacts) -> bool {
    own.dynamic_pins.measured().is_some_and(|pins| !pins.is_empty())
}

/// Whether it asks for SCTs.
fn transparency(client: ClientClass, own: &MeasuredFacts) -> (Enforced, &'static str, &'static str) {
    use Enforced::{No, Unknown, Yes};
    match client {
        ClientClass::Browser => (
            Yes,
            "Chrome, Edge, Safari and Firefox ask for SCTs under public roots.",
            "CT policies of Chrome, Apple and Mozilla",
        ),
        ClientClass::Ios => (
            Yes,
            "Apple's systems ask for SCTs under public roots, and App Transport Security cannot switch it off.",
            "Apple's Certificate Transparency policy (support.apple.com/103214)",
        ),
        ClientClass::Server | ClientClass::Mail => {
            (No, "Ordinary TLS libraries do not ask for SCTs.", "RFC 6962 section 5.2")
        }
        ClientClass::Android { target_level } => {
            let says = |what| own.apps.iter().any(|app| app.certificate_transparency == Fact::Measured(what));
            let is_late = target_level.is_some_and(asks_for_transparency);
            // Another app's configuration that does not say it leaves open what that one does.
            let is_open = own.apps.iter().any(|app| app.certificate_transparency.measured().is_none());
            match (says(true), says(false)) {
                (true, true) => (Unknown, "Its configurations differ about it.", ANDROID),
                (true, false) if is_open => (
                    Unknown,
                    "One of its configurations asks for SCTs, and of another it is not known.",
                    ANDROID,
                ),
                (true, false) if is_late => (
                    Yes,
                    "Apps that target API 37 ask for SCTs, on Android 17 and with a log list that is not too old.",
                    ANDROID,
                ),
                (true, false) => (
                    Yes,
                    "Its configuration asks for SCTs (certificateTransparency), on Android 16 and later and with a log list \
                     that is not too old.",
                    ANDROID,
                ),
                (false, true) if is_late => (
                    No,
                    "Its configuration switches Certificate Transparency off, or names anchors of its own.",
                    ANDROID,
                ),
                (false, true) => (
                    No,
                    "Below API 37 an app asks for SCTs only where its configuration does, and this one's does not.",
                    ANDROID,
                ),
                (false, false) if is_late && own.apps.is_empty() => (
                    Unknown,
                    "Apps that target API 37 ask for SCTs on Android 17, unless their configuration, which was not given, \
                     switches it off.",
                    ANDROID,
                ),
                (false, false) if target_level.is_some() && own.apps.is_empty() => (
                    Unknown,
                    "Below API 37 an app asks for SCTs only where its configuration does, which was not given.",
                    ANDROID,
                ),
                (false, false) => (
                    Unknown,
                    "It depends on the API level that the app targets and on its configuration, which are not known.",
                    ANDROID,
                ),
            }
        }
    }
}

/// Whether it has pins of its own; `None` where that is not known.
fn pinned(client: ClientClass, has_own: Option<bool>) -> (Enforced, &'static str, &'static str) {
    use Enforced::{No, Unknown, Yes};
    match (client, has_own) {
        (_, Some(true)) => (Yes, "Pins of such a client were given.", CLIENT_PINS),
        (_, Some(false)) => (No, "None of the pins that were given are such a client's.", CLIENT_PINS),
        (ClientClass::Browser, None) => (
            No,
            "Browsers pin hosts of their makers' and no others.",
            "Chromium net/http/transport_security_state.cc",
        ),
        (ClientClass::Mail, None) => {
            (No, "Mail servers go by TLSA records, and by no other pins.", "RFC 7672")
        }
        (_, None) => (Unknown, "Whether such a client has pins is not known.", CLIENT_PINS),
    }
}

/// The facts as they are for one kind of client: its own pins, its own apps, its programme's CT policy. A file that does
/// not tell its level is of the apps whose level the owner states. `states_none`: the owner states that such clients have no
/// pins, which counts where no file tells.
pub(super) fn facts_of(
    client: ClientClass,
    (unlevelled, states_none): (Unlevelled, bool),
    facts: &MeasuredFacts,
) -> MeasuredFacts {
    let mut own = facts.clone();
    let is_of_level = |class| unlevelled != Unlevelled::Others && is_of_level(class, client);
    let is_own = |class: Option<ClientClass>| {
        is_of(class, client) || (unlevelled == Unlevelled::Stated && is_of_level(class))
    };
    own.apps.retain(|app| is_of(Some(app.class), client) || is_of_level(Some(app.class)));
    for app in own.apps.iter_mut().filter(|app| !is_own(Some(app.class))) {
        (app.certificate_transparency, app.trusts_user_cas) = (Fact::Undetermined, Fact::Undetermined);
    }
    if let ClientClass::Android { target_level: Some(level) } = client {
        let by_level = |said: &mut Fact<bool>, default: bool| {
            if *said == Fact::NotGiven {
                *said = Fact::Measured(default);
            }
        };
        for app in &mut own.apps {
            by_level(&mut app.certificate_transparency, asks_for_transparency(level));
            by_level(&mut app.trusts_user_cas, trusts_user_cas(level));
        }
    }
    let has_file = !own.apps.is_empty();
    // Files of other clients tell nothing of this one's, those that could not be read no more than the others.
    let tells = |one: &ClientPins| one.has_pins() || one.is_undetermined();
    let is_untold = !has_file
        && !states_none
        && !matches!(client, ClientClass::Browser | ClientClass::Mail)
        && (!facts.apps.is_empty() || facts.pins.measured().into_iter().flatten().any(tells));
    own.pins = pins_of(client, is_untold, &is_own, &facts.pins);
    // Nor does a package whose code may have some.
    let may_have = |package: &UnreadPackage| is_own(package.class) || may_be_of(package.class, client);
    if own.pins.measured().is_some_and(|pins| !pins.iter().any(ClientPins::has_pins))
        && facts.pin_files.packages.iter().any(may_have)
    {
        own.pins = Fact::Undetermined;
    }
    own.dynamic_pins = dynamic_of(client, &is_own, &facts.dynamic_pins);
    own.beside_dynamic.retain(|one| is_own(one.class) || may_be_of(one.class, client));
    let by = |programme: &Fact<bool>| match programme {
        Fact::NotGiven => Fact::NotGiven,
        Fact::Undetermined => Fact::Undetermined,
        Fact::Measured(true) => Fact::Measured(CtPolicy::Met),
        Fact::Measured(false) => Fact::Measured(CtPolicy::NotMet),
    };
    match client {
        _ if facts.ct_policy == Fact::Measured(CtPolicy::NotAsked) => {}
        ClientClass::Ios => own.ct_policy = by(&facts.ct_programmes.apple),
        ClientClass::Android { .. } => own.ct_policy = by(&facts.ct_programmes.android),
        ClientClass::Browser | ClientClass::Server | ClientClass::Mail => {}
    }
    own
}

/// Whether what is of one kind of client is of `client`, too.
fn is_of(class: Option<ClientClass>, client: ClientClass) -> bool {
    match (class, client) {
        (Some(ClientClass::Android { .. }), ClientClass::Android { target_level: None }) => true,
        (class, client) => class == Some(client),
    }
}

/// Whose files are those of Android apps that do not tell the level that they target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unlevelled {
    /// Of the apps whose level the owner states, each of them.
    Stated,
    /// Of one of those perhaps: another file tells of a level that is not stated.
    Perhaps,
    /// Of apps of their own.
    Others,
}

impl Unlevelled {
    /// By the levels that the owner states and those that files tell.
    pub(super) fn of(facts: &MeasuredFacts, circumstances: &Circumstances) -> Self {
        let has_level = |class: &ClientClass| matches!(class, ClientClass::Android { target_level: Some(_) });
        let stated = || circumstances.clients.iter().filter(|class| has_level(class));
        let pins = facts.pins.measured().into_iter().flatten().filter_map(|one| one.class);
        let dynamic = facts.dynamic_pins.measured().into_iter().flatten().filter_map(|one| one.class);
        let mut told = facts.apps.iter().map(|app| app.class).chain(pins).chain(dynamic);
        if stated().next().is_none() {
            Self::Others
        } else if told.any(|class| has_level(&class) && !stated().any(|own| *own == class)) {
            Self::Perhaps
        } else {
            Self::Stated
        }
    }

    /// The same for a kind of client.
    pub(super) fn of_client(self, served: Served) -> Self {
        if served == Served::Stated { self } else { Self::Others }
    }
}

/// Whether what is of Android apps of a level that nothing tells is of `client`, if the owner states that there is such a
/// client.
fn is_of_level(class: Option<ClientClass>, client: ClientClass) -> bool {
    class == Some(ClientClass::Android { target_level: None })
        && matches!(client, ClientClass::Android { .. })
}

/// Whether pins of this file, whose kind of client may not be known, may be of `client`: code that Java's machine runs is of
/// no iOS app.
fn file_may_be_of(file: &str, class: Option<ClientClass>, client: ClientClass) -> bool {
    may_be_of(class, client) && !(client == ClientClass::Ios && is_code_of_java(file))
}

/// Whether a file is code that Java's machine runs, as that of Android apps.
pub(in crate::compare) fn is_code_of_java(file: &str) -> bool {
    const ENDINGS: [&str; 6] = ["kt", "kts", "java", "scala", "groovy", "gradle"];
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.iter().any(|java| ending.eq_ignore_ascii_case(java))
}

/// Whether pins whose kind of client is not known may be of `client`: those of browsers and mail servers are.
fn may_be_of(class: Option<ClientClass>, client: ClientClass) -> bool {
    match (class, client) {
        (_, ClientClass::Browser | ClientClass::Mail) => false,
        // A level that nobody stated may be this one.
        (None, _) | (Some(ClientClass::Android { target_level: None }), ClientClass::Android { .. }) => true,
        _ => false,
    }
}

/// Whether what is of a kind of client, if that is known, is of the one that is asked about.
type IsOwn<'a> = &'a dyn Fn(Option<ClientClass>) -> bool;

fn pins_of(
    client: ClientClass,
    is_untold: bool,
    is_own: IsOwn<'_>,
    pins: &Fact<Vec<ClientPins>>,
) -> Fact<Vec<ClientPins>> {
    let Fact::Measured(all) = pins else { return pins.clone() };
    // A file that could not be read may be of this client as well.
    let is_unread = |one: &ClientPins| {
        one.is_undetermined() && (is_own(one.class) || file_may_be_of(&one.client, one.class, client))
    };
    let own: Vec<ClientPins> =
        all.iter().filter(|one| is_own(one.class) || is_unread(one)).cloned().collect();
    let is_open =
        |one: &ClientPins| one.has_pins() && file_may_be_of(&one.client, one.class, client) || is_unread(one);
    // A configuration without pins leaves open what pins of no known kind do.
    if own.iter().any(ClientPins::has_pins) {
        Fact::Measured(own)
    } else if all.iter().any(is_open) {
        Fact::Undetermined
    } else if !own.is_empty() {
        Fact::Measured(own)
    } else if is_untold {
        Fact::NotGiven
    } else {
        Fact::Measured(vec![ClientPins { client: String::new(), class: None, pins: Pins::NotPinned }])
    }
}

fn dynamic_of(
    client: ClientClass,
    is_own: IsOwn<'_>,
    pins: &Fact<Vec<DynamicPins>>,
) -> Fact<Vec<DynamicPins>> {
    let Fact::Measured(all) = pins else { return pins.clone() };
    let own: Vec<DynamicPins> = all.iter().filter(|one| is_own(one.class)).cloned().collect();
    if own.is_empty() && all.iter().any(|one| file_may_be_of(&one.client, one.class, client)) {
        return Fact::Undetermined;
    }
    Fact::Measured(own)
}
