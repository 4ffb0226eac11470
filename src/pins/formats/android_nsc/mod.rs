//! Android's Network Security Config.
//!
//! Source: the platform's own reader, frameworks/base `core/java/android/security/net/config/`
//! (`XmlConfigSource`, `ApplicationConfig`, `NetworkSecurityTrustManager`, `Pin`), and the developer guide
//! “Network security configuration”.

mod anchors;
mod read;
mod values;

use crate::pins::model::{PinEntry, PinSource};

pub(super) use self::read::Around;

use super::{PinFormat, PinInput, source, xml};

pub(super) use self::values::{Expiration, expiration};

/// The format's id.
pub(super) const ID: &str = "android-nsc";

/// Reads a configuration of an app, with what the app around it adds.
pub(super) fn of_app(text: &str, around: Around<'_>) -> Result<PinSource, String> {
    let document = xml::parse(text).map_err(|error| error.to_string())?;
    read::config(&document, text, around)
}

/// Android's Network Security Config, as XML source.
pub(super) struct AndroidNsc;

impl PinFormat for AndroidNsc {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        // Source code may hold such a file in a text; it is none.
        input.text.as_deref().filter(|_| !source::is_source(input.path)).is_some_and(|text| {
            xml::root_name(text) == Some("network-security-config")
                || text.contains("<network-security-config")
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let document = xml::parse(text).map_err(|error| error.to_string())?;
        read::config(&document, text, Around::default())
    }

    /// One entry: an exact name, else the longest `includeSubdomains` name above the host. It is used even
    /// where it has no pins and a shorter one has.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        super::most_specific(source, host)
    }
}

#[cfg(test)]
mod tests;
