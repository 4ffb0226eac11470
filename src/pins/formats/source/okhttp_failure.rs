//! The text with which OkHttp refuses a chain, out of a log or a report of a crash.
//!
//! Source: square/okhttp, `CertificatePinner.check`: “Certificate pinning failure!”, the chain as the device built it,
//! each certificate as `sha256/…` and its name, then “Pinned certificates for HOST:” and the pins of that host.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::gathered::Gathered;
use super::okhttp::pin_value;
use super::{PinFormat, PinInput, about, host_name, not_read};
use crate::pins::model::{
    Combination, Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource,
    PositionRule,
};

/// The format's id.
const ID: &str = "okhttp-failure";
const CHAIN: &str = "Peer certificate chain:";
const PINNED: &str = "Pinned certificates for ";
/// What stands before a line of a log: a time, a tag, a level.
const DECORATION: [char; 4] = [' ', '\t', '|', '>'];

/// The text of a failure of OkHttp.
pub(in crate::pins::formats) struct OkHttpFailure;

impl PinFormat for OkHttpFailure {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        // Source code may hold the words; a log has pins below them.
        let text = input.text.as_deref().unwrap_or_default();
        !super::is_source(input.path) && text.contains(CHAIN) && text.contains(PINNED)
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let mut source = Gathered::of(ID);
        let mut host: Option<(Option<String>, usize)> = None;
        for (line, number) in text.lines().zip(1_usize..) {
            if let Some((_, named)) = line.split_once(PINNED) {
                let named = named.trim().trim_end_matches(':');
                host = Some((host_name(named), number));
                if host_name(named).is_none() {
                    source.problems.push(not_read(Some(number), format!("“{named}” is no name of a host")));
                }
                continue;
            }
            let Some((Some(name), at)) = &host else { continue };
            match pin_of(line) {
                Some(pin) => {
                    let why = format!("OkHttp refused a chain for {name} with these pins");
                    let enforcement = Enforcement { mode: EnforcementMode::Yes, why };
                    let pins = vec![Pin::new(pin, pin_value(pin), PositionRule::Any, Some(number))];
                    let scope = HostPattern::Exactly(name.clone());
                    let confidence = Confidence::Read;
                    source.add(PinEntry {
                        pins,
                        line: Some(*at),
                        confidence,
                        ..PinEntry::of(scope, enforcement)
                    });
                }
                None => host = None,
            }
        }
        if source.entries.is_empty() {
            source
                .problems
                .push(not_read(None, "it is a failure of OkHttp, and no pins are read from it".to_owned()));
        }
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about(source, host)
    }

    fn combination(&self) -> Combination {
        Combination::Union
    }
}

/// The pin that a line is, behind what a log puts before it.
fn pin_of(line: &str) -> Option<&str> {
    let at = line.find("sha256/").or_else(|| line.find("sha1/"))?;
    let (before, pin) = line.split_at_checked(at)?;
    if !before.is_empty() && !before.ends_with(DECORATION) {
        return None;
    }
    pin.split([' ', '\t', ':']).next()
}
