//! The strings of compiled code (`classes.dex`): pins as OkHttp writes them, and the names of libraries. Which hosts
//! the pins are for stands in the code itself, which is not read.
//!
//! Source: the Dalvik executable format, “header_item”, “string_id_item”, “string_data_item”.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::octets::size_at;
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource, PinValue, PositionRule,
    Problem, ProblemKind,
};
use crate::x509::SpkiSha256;

/// The most strings of one file that are looked at.
const MOST_STRINGS: usize = 4_000_000;
/// The most pins that are listed.
const MOST_PINS: usize = 1_000;

/// Libraries that enforce Certificate Transparency in an app, by the beginning of their classes.
const CT_LIBRARIES: [(&[u8], &str); 2] = [
    (b"Lcom/appmattus/certificatetransparency/", "com.appmattus.certificatetransparency"),
    (b"Lcom/babylon/certificatetransparency/", "com.babylon.certificatetransparency"),
];
/// TrustKit's own classes.
const TRUSTKIT: &[u8] = b"Lcom/datatheorem/android/trustkit/";

/// What the strings of a file tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Strings {
    /// Pins as they are written, with what they name.
    pub(super) pins: Vec<(String, PinValue)>,
    /// Whether there are more pins than are listed.
    pub(super) is_cut: bool,
    /// The libraries that enforce Certificate Transparency.
    pub(super) ct_libraries: BTreeSet<&'static str>,
    /// Whether TrustKit is there.
    pub(super) has_trustkit: bool,
}

/// Reads the strings; the error says what is damaged.
pub(super) fn strings(octets: &[u8]) -> Result<Strings, String> {
    if !octets.starts_with(b"dex\n") {
        return Err("it does not begin as compiled code".to_owned());
    }
    let (count, table) = size_at(octets, 56).zip(size_at(octets, 60)).ok_or("it is cut short")?;
    if count > MOST_STRINGS {
        return Err(format!("it has more than {MOST_STRINGS} strings"));
    }
    let end = count.checked_mul(4).and_then(|size| table.checked_add(size)).ok_or("it is cut short")?;
    let offsets = octets.get(table..end).ok_or("its strings lie outside of it")?;
    let mut found = Strings::default();
    let mut seen = BTreeSet::new();
    for offset in offsets.as_chunks::<4>().0 {
        let Some(text) =
            usize::try_from(u32::from_le_bytes(*offset)).ok().and_then(|at| at_offset(octets, at))
        else {
            return Err("a string lies outside of it".to_owned());
        };
        found.look_at(text, &mut seen);
    }
    Ok(found)
}

/// The octets from the beginning of a string on, behind its length.
fn at_offset(octets: &[u8], at: usize) -> Option<&[u8]> {
    let data = octets.get(at..)?;
    let length = data.iter().take(5).position(|octet| octet & 0x80 == 0)?;
    data.get(length.checked_add(1)?..)
}

impl Strings {
    /// Looks at a string. Only as many octets are read as a pin has: several may share one long text.
    fn look_at(&mut self, text: &[u8], seen: &mut BTreeSet<String>) {
        for (prefix, name) in CT_LIBRARIES {
            if text.starts_with(prefix) {
                self.ct_libraries.insert(name);
            }
        }
        self.has_trustkit |= text.starts_with(TRUSTKIT);
        let Some((written, value)) = pin(text) else { return };
        if !seen.insert(written.clone()) {
            return;
        }
        if self.pins.len() >= MOST_PINS {
            self.is_cut = true;
        } else {
            self.pins.push((written, value));
        }
    }
}

/// A pin as OkHttp's `CertificatePinner` takes it, in canonical base64: other texts only look like one.
fn pin(text: &[u8]) -> Option<(String, PinValue)> {
    const SHA256: usize = 51;
    const SHA1: usize = 33;
    let of_length = |length: usize| {
        let (pin, rest) = text.split_at_checked(length)?;
        (rest.first() == Some(&0)).then_some(())?;
        std::str::from_utf8(pin).ok()
    };
    if text.starts_with(b"sha256/") {
        let written = of_length(SHA256)?;
        let hash: [u8; 32] = STANDARD.decode(written.strip_prefix("sha256/")?).ok()?.try_into().ok()?;
        return Some((written.to_owned(), PinValue::Spki(SpkiSha256(hash))));
    }
    if text.starts_with(b"sha1/") {
        let written = of_length(SHA1)?;
        let hash: [u8; 20] = STANDARD.decode(written.strip_prefix("sha1/")?).ok()?.try_into().ok()?;
        return Some((written.to_owned(), PinValue::SpkiSha1(hash)));
    }
    None
}

impl Strings {
    /// What the strings tell, as sources of pins.
    pub(super) fn sources(self) -> Vec<PinSource> {
        let problem = |kind, what: String| Problem::of(kind, None, what);
        let mut sources = Vec::new();
        if !self.ct_libraries.is_empty() || self.has_trustkit {
            let mut source = PinSource::of(super::ID);
            source.problems.extend(self.ct_libraries.iter().map(|library| {
                let what = format!(
                    "the code has classes of {library}, which enforces Certificate Transparency in the app with log \
                    lists that were closed to such libraries"
                );
                problem(ProblemKind::CtLibrary, what)
            }));
            if self.has_trustkit {
                source.statement = Some(
                    "the code has classes of TrustKit, which reads the app's Network Security Config by rules of its own: \
                    without enforcePinning=“true” it reports only"
                        .to_owned(),
                );
            }
            sources.push(source);
        }
        if !self.pins.is_empty() {
            let mut source = PinSource::of("okhttp");
            let what =
                "pins as OkHttp writes them are in the compiled code; which hosts they are for is not read";
            source.problems.push(problem(ProblemKind::NotRead, what.to_owned()));
            if self.is_cut {
                let what = format!("the code has more than {MOST_PINS} pins; the rest is not listed");
                source.problems.push(problem(ProblemKind::NotRead, what));
            }
            let why = "whether the app gives them to a CertificatePinner, and for which hosts, is in its compiled code"
                .to_owned();
            let pins = self
                .pins
                .into_iter()
                .map(|(written, value)| Pin::new(&written, Ok(value), PositionRule::Any, None));
            source.entries.push(PinEntry {
                pins: pins.collect(),
                confidence: Confidence::Guessed("OkHttp pins present, host not proven".to_owned()),
                ..PinEntry::of(HostPattern::Unstated, Enforcement { mode: EnforcementMode::Unknown, why })
            });
            sources.push(source);
        }
        sources
    }
}
