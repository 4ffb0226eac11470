//! The options of a run, as its gates repeat them: each gate those that change its answer.

use super::known::quoted;

/// The sources of what was issued; a watch is one, too.
const SOURCES: &[&str] = &["--history", "--crt-sh", "--cert-spotter", STATE];
/// The state of a watch.
const STATE: &str = "--state";
/// The pin files.
const PINS: &str = "--pins";
/// What the owner states of clients, by which pins are right or wrong.
const STATED: &[&str] = &["--client", "--release-lead", "--key-predictable"];
/// The option that asks nothing on the network.
const OFFLINE: &str = "--offline";

/// The options of a run, each with its values.
pub(super) struct Repeated<'o>(Vec<Vec<&'o str>>);

impl<'o> Repeated<'o> {
    /// Reads words: an option begins with two dashes, and what follows up to the next one are its values.
    pub(super) fn of(words: &'o [String]) -> Self {
        let mut options: Vec<Vec<&str>> = Vec::new();
        for word in words {
            match options.last_mut() {
                Some(last) if !word.starts_with("--") => last.push(word),
                _ => options.push(vec![word]),
            }
        }
        Self(options)
    }

    /// What every gate of `compare` repeats but for this option, as a shell takes it; a space before each word. `--offline` is
    /// for the gates of steps that something else than the host and the DNS tells of: the others could never be done by it.
    pub(super) fn all_but(&self, unwanted: &str) -> String {
        let is_of_some =
            |name: &str| SOURCES.contains(&name) || STATED.contains(&name) || [PINS, OFFLINE].contains(&name);
        self.those(|name| name != unwanted && !is_of_some(name))
    }

    /// The sources of what was issued.
    pub(super) fn sources(&self) -> String {
        self.those(|name| SOURCES.contains(&name))
    }

    /// The state of a watch.
    pub(super) fn state(&self) -> String {
        self.those(|name| name == STATE)
    }

    /// The pin files.
    pub(super) fn pins(&self) -> String {
        self.those(|name| name == PINS)
    }

    /// What is stated of clients, and whether the network is asked.
    pub(super) fn of_clients(&self) -> String {
        self.those(|name| STATED.contains(&name) || name == OFFLINE)
    }

    /// Whether the network is asked.
    pub(super) fn offline(&self) -> String {
        self.those(|name| name == OFFLINE)
    }

    fn those(&self, wanted: impl Fn(&str) -> bool) -> String {
        let name =
            |option: &[&'o str]| option.first().map_or("", |word| word.split('=').next().unwrap_or(word));
        let words = self.0.iter().filter(|option| wanted(name(option))).flatten();
        words.flat_map(|word| [" ".to_owned(), quoted(word)]).collect()
    }
}
