//! For which kinds of clients the advice speaks: each that is stated or was found and can have pins of its own. Where of one of
//! them it is not known whether and what it pins, nothing is kept.

use super::known::{Known, Pinned, named};
use crate::compare::clients::is_code_of_java;
use crate::compare::headlines::enumerated;
use crate::compare::{ClientClass, Control, Enforced, UnreadPackage};

/// What is known of the pins of each kind of client.
#[derive(Debug, Default)]
pub(super) struct Kinds<'k> {
    /// Those with pins that are theirs.
    pinned: Vec<ClientClass>,
    /// Those that have none, by the files that were given.
    without: Vec<ClientClass>,
    /// Those for which the pins of a file count that does not tell whose they are, with that file.
    counted: Vec<(ClientClass, &'k str)>,
    /// Those of which nothing is known.
    open: Vec<ClientClass>,
}

impl<'k> Kinds<'k> {
    /// By the files that were given, as the report tells of each kind.
    pub(super) fn of(known: &Known<'k>) -> Self {
        let mut kinds = Self::default();
        let clients = known.comparison.clients.iter();
        let own = clients.filter(|client| can_pin(client.client));
        let has_apps = own.clone().any(|client| client.client != ClientClass::Server);
        for client in own {
            let class = client.client;
            let state = |control: Control| {
                let of = client.controls.iter().find(|own| own.control == control);
                of.map_or(Enforced::Unknown, |of| of.enforced)
            };
            let unlabelled = || {
                let files = known.clients().filter(|file| file.class.is_none());
                files.map(|file| file.client.as_str()).find(|file| may_be_of(file, class, has_apps))
            };
            match state(Control::Pins) {
                Enforced::Yes => kinds.pinned.push(class),
                _ if state(Control::DynamicPins) == Enforced::Yes => kinds.pinned.push(class),
                Enforced::No => kinds.without.push(class),
                Enforced::Unknown => match unlabelled() {
                    Some(file) => kinds.counted.push((class, file)),
                    None => kinds.open.push(class),
                },
            }
        }
        kinds
    }

    /// Whose pins they are, where others have none.
    pub(super) fn whose(&self) -> String {
        let all: Vec<ClientClass> =
            self.pinned.iter().copied().chain(self.counted.iter().map(|(class, _)| *class)).collect();
        if self.without.is_empty() || all.is_empty() {
            return String::new();
        }
        format!(" of {}", titles(&all))
    }

    /// What is to be known of the other kinds of clients, behind what is said of the pins.
    pub(super) fn others(&self) -> String {
        let is_one =
            [self.pinned.len(), self.without.len(), self.counted.len()].into_iter().sum::<usize>() < 2;
        let counted: Vec<ClientClass> = self.counted.iter().map(|(class, _)| *class).collect();
        let mut told = String::new();
        if !counted.is_empty() && !is_one {
            let files = named(self.counted.iter().map(|(_, file)| *file));
            told = format!("; {files} does not tell whose its pins are, and counts for {}", titles(&counted));
        }
        if !self.without.is_empty() {
            told = format!("{told}; {} have none, by what was given", titles(&self.without));
        }
        told
    }
}

/// What is open where of some kind of client it is not known what it pins, beside what is known of others.
pub(super) fn open(known: &Known<'_>) -> Option<String> {
    let open = match known.pinned() {
        Pinned::Yes | Pinned::No => Kinds::of(known).open,
        // That is asked of all of them.
        Pinned::Unknown => return None,
    };
    if open.is_empty() {
        return None;
    }
    let packages = known.facts.pin_files.packages.iter();
    let mut packages =
        packages.filter(|package| package.class.is_some_and(|class| open.contains(&class))).peekable();
    let why = if packages.peek().is_some() {
        unread(packages)
    } else {
        "no file that was given is theirs (give those apps' folders or packages; of clients without pins, state it in the policy, \
         as clients_without_pins of [compare]; what the host does not serve, take out of what you state of clients)"
            .to_owned()
    };
    Some(format!("Do {} have pins of their own, and which? It is not known: {why}.", titles(&open)))
}

/// Why packages leave open what they pin, and what to do.
pub(super) fn unread<'p>(packages: impl Iterator<Item = &'p UnreadPackage>) -> String {
    let files = named(packages.map(|package| package.file.as_str()));
    format!(
        "what the compiled code of {files} compares is not read (ask about the source that it was built from; what has no pins \
         is stated in the policy, as without_pins of [compare])"
    )
}

/// Whether clients of this kind can have pins of an owner's.
fn can_pin(class: ClientClass) -> bool {
    matches!(class, ClientClass::Android { .. } | ClientClass::Ios | ClientClass::Server)
}

/// Whether the pins of a file that does not tell its kind of client may be of this one: a list of the owner's is for every
/// kind, code is for those that can run it, and first for apps.
fn may_be_of(file: &str, class: ClientClass, has_apps: bool) -> bool {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    let is_of_java = is_code_of_java(file);
    match class {
        ClientClass::Ios => !is_of_java,
        ClientClass::Server => !(has_apps && (is_of_java || OF_APPS.contains(&ending.as_str()))),
        _ => true,
    }
}

/// The endings of code that apps are made of, beside that of Java's machine.
const OF_APPS: [&str; 9] = ["dart", "js", "jsx", "mjs", "cjs", "ts", "tsx", "cs", "swift"];

/// What kinds of clients are called, one behind the other.
fn titles(classes: &[ClientClass]) -> String {
    let titles: Vec<String> = classes.iter().map(|class| class.title()).collect();
    enumerated(&titles)
}
