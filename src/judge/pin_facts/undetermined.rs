//! Files of which it is not known what they pin: whoever goes by them stands beside the clients of the others, of which what
//! is known stays known.

use super::{class_of, own};
use crate::compare::{ClientClass, ClientPins, Pins};
use crate::pins::{EnforcementMode, EntryVerdict, PinsStatus, PinsVerdict, SourceState, SourceVerdict};

/// What the names of files end with that are of one kind of client, whatever stands in them.
const OF_IOS: [&str; 2] = [".plist", ".ipa"];
const OF_ANDROID: [&str; 4] = [".xml", ".apk", ".aab", ".xapk"];

/// Whether it is not known whether or whom an entry refuses. Where it is not known whether the host is pinned, none of those
/// is surely in force that seem to be: they may be of a part of an app, or look like pins alone. Those of some builds or
/// devices are, whatever others do: who has no pins is not locked out, and stands beside.
pub(super) fn is_so(source: &SourceVerdict, entry: &EntryVerdict, verdict: &PinsVerdict) -> bool {
    entry.is_open()
        || (entry.enforced == EnforcementMode::Yes
            && verdict.status == PinsStatus::Undetermined
            && !verdict.is_pinned_in_part(source))
}

/// A client for each file that could not be read, and for each entry of which that is so.
pub(super) fn clients(verdict: &PinsVerdict) -> Vec<ClientPins> {
    let mut clients: Vec<ClientPins> = Vec::new();
    let mut add = |source: &SourceVerdict, class: Option<ClientClass>| {
        let is_known = |known: &ClientPins| known.client == source.file && known.class == class;
        if !clients.iter().any(is_known) {
            clients.push(ClientPins { client: source.file.clone(), class, pins: Pins::Undetermined });
        }
    };
    for source in own(verdict) {
        if source.state != SourceState::Read {
            add(source, class_of(source, None).or_else(|| by_name(&source.file)));
        }
        for entry in source.entries.iter().filter(|entry| entry.applies && is_so(source, entry, verdict)) {
            add(source, class_of(source, Some(entry)));
        }
    }
    clients
}

/// The kind of client that a file is of by its name alone.
fn by_name(file: &str) -> Option<ClientClass> {
    let file = file.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| file.ends_with(ending));
    if ends(&OF_IOS) {
        Some(ClientClass::Ios)
    } else if ends(&OF_ANDROID) {
        Some(ClientClass::Android { target_level: None })
    } else {
        None
    }
}
