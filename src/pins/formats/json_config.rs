//! Pins in JSON configurations of apps: each known shape is a format of its own, and a map from hosts to pins is read
//! whatever it is called.
//!
//! Sources: react-native-ssl-manager (`ssl_config.json`: `sha256Keys`, `domains`), Approov's pinset.json and
//! react-native-cert-pinner (`domains` → `pins`), bamlab's Expo plugin and react-native-ssl-pinning (`sslPinning`),
//! lists of `{host, pins}`, react-native-ssl-public-key-pinning (`publicKeyHashes`). None of them states in the file how
//! the app uses it, so that what is read is a guess, and every entry says so.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod read;

use super::json::{self, Json};
use super::{PinFormat, PinInput};
use crate::pins::model::{Combination, PinEntry, PinSource};

/// One shape of a configuration.
pub(super) struct JsonConfig(Shape);

/// The shapes that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    ReactNative,
    Approov,
    SslPinning,
    HostList,
    Map,
}

/// Each shape as a format.
pub(super) static REACT_NATIVE: JsonConfig = JsonConfig(Shape::ReactNative);
/// Approov's pinset.json.
pub(super) static APPROOV: JsonConfig = JsonConfig(Shape::Approov);
/// `sslPinning` of Expo and React Native.
pub(super) static SSL_PINNING: JsonConfig = JsonConfig(Shape::SslPinning);
/// A list of `{host, pins}`.
pub(super) static HOST_LIST: JsonConfig = JsonConfig(Shape::HostList);
/// Hosts and their pins, whatever it is called.
pub(super) static MAP: JsonConfig = JsonConfig(Shape::Map);

impl Shape {
    fn id(self) -> &'static str {
        match self {
            Self::ReactNative => "react-native-json",
            Self::Approov => "approov",
            Self::SslPinning => "ssl-pinning-json",
            Self::HostList => "host-list-json",
            Self::Map => "pins-json",
        }
    }
}

/// The document of a file and its shape, if it has pins.
fn recognise(input: &PinInput<'_>) -> Option<(Shape, Result<Json, String>)> {
    let text = input.text.as_deref()?;
    let begins = text.trim_start();
    if !begins.starts_with(['{', '[']) {
        return None;
    }
    // Most JSON is about something else: it is not even parsed.
    let lower = text.to_ascii_lowercase();
    if !["pin", "sha256", "publickeyhash", "fingerprint", "spki"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    match json::read(text, false) {
        Ok(document) => {
            let shape = read::shape(&document)?;
            Some((shape, Ok(document)))
        }
        // Broken, and with something in it that can only be a pin.
        Err(why) if is_json(input.path, begins) && lower.contains("\"sha256/") => {
            Some((Shape::Map, Err(why)))
        }
        Err(_) => None,
    }
}

/// Whether a broken text was meant for JSON: `[` begins TOML, too, and either begins code.
fn is_json(path: &str, begins: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".json")
        || begins.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('"'))
}

impl PinFormat for JsonConfig {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        recognise(input).is_some_and(|(shape, _)| shape == self.0)
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let Some((shape, document)) = recognise(input) else { return Ok(PinSource::of(self.id())) };
        read::source(&document?, shape)
    }

    /// Every entry about the host: these configurations are handed to OkHttp, which takes them together.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }

    fn combination(&self) -> Combination {
        Combination::Union
    }
}

#[cfg(test)]
mod tests;
