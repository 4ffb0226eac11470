//! What an app's manifest says that bears on its pins.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::element::{Element, Value};
use super::resources::Table;
use crate::pins::model::AppContext;

// The numbers of Android's own attributes (`android.R.attr`).
const DEBUGGABLE: u32 = 0x0101_000f;
const MIN_SDK: u32 = 0x0101_020c;
const TARGET_SDK: u32 = 0x0101_0270;
const NETWORK_SECURITY_CONFIG: u32 = 0x0101_0527;

/// A manifest.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The app.
    pub(super) app: AppContext,
    /// The value of `android:networkSecurityConfig`.
    pub(super) config: Option<Value>,
    /// Whether it is of a part of an app only, whose base is another package.
    pub(super) is_split: bool,
}

impl Manifest {
    /// Reads a manifest.
    pub(super) fn of(root: &Element, resources: &dyn Table) -> Result<Self, String> {
        if root.name != "manifest" {
            return Err("its root element is not manifest".to_owned());
        }
        let sdk = |id, name| {
            root.named("uses-sdk")
                .find_map(|uses| uses.android(id, name))
                .map(|value| level(value, resources))
        };
        let (min, target) = (sdk(MIN_SDK, "minSdkVersion"), sdk(TARGET_SDK, "targetSdkVersion"));
        // What is not said has the platform's default: 1, and for the target the lowest.
        let min = min.unwrap_or(Some(1));
        let application = root.named("application").next();
        let debuggable = application.and_then(|app| app.android(DEBUGGABLE, "debuggable"));
        let debuggable = match debuggable {
            None => Some(false),
            Some(value) => truth(value, resources),
        };
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let config = application
            .and_then(|app| app.android(NETWORK_SECURITY_CONFIG, "networkSecurityConfig"))
            .filter(|value| **value != Value::Reference(0));
        Ok(Self {
            app: AppContext {
                identifier: root.plain("package").and_then(text),
                target_sdk: target.unwrap_or(min),
                min_sdk: min,
                debuggable,
                ..AppContext::default()
            },
            config: config.cloned(),
            is_split: root.plain("split").is_some() || root.plain("configForSplit").is_some(),
        })
    }
}

/// An API level; the name of a platform in preview is none.
fn level(value: &Value, resources: &dyn Table) -> Option<u32> {
    match value {
        Value::Integer(level) => Some(*level),
        Value::Text(text) => text.parse().ok(),
        value => {
            resources.variants(resources.id_of(value)?).iter().find_map(|variant| match &variant.value {
                Value::Integer(level) => Some(*level),
                Value::Text(text) => text.parse().ok(),
                _ => None,
            })
        }
    }
}

/// A boolean, where every variant of it is the same.
fn truth(value: &Value, resources: &dyn Table) -> Option<bool> {
    let own = |value: &Value| match value {
        Value::Boolean(truth) => Some(*truth),
        Value::Integer(number) => Some(*number != 0),
        _ => None,
    };
    let Some(id) = resources.id_of(value) else { return own(value) };
    let variants = resources.variants(id);
    let first = own(&variants.first()?.value)?;
    variants.iter().all(|variant| own(&variant.value) == Some(first)).then_some(first)
}
