//! The app that a pin file was found in.

/// What the package of an app says that bears on its pins. What a package does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppContext {
    /// The package name (Android) or bundle identifier (iOS).
    pub identifier: Option<String>,
    /// The API level that an Android app was made for (`targetSdkVersion`): it decides about user CAs (up to 23) and
    /// about Certificate Transparency (from 37).
    pub target_sdk: Option<u32>,
    /// The lowest API level that an Android app runs on.
    pub min_sdk: Option<u32>,
    /// Whether an Android app is debuggable: then `debug-overrides` hold.
    pub debuggable: Option<bool>,
    /// The API level from which a device takes this variant of a file, and no other (`xml-v36`).
    pub from_sdk: Option<u32>,
    /// Whether only some devices take this variant, by their language, screen or another property.
    pub for_some_devices: bool,
    /// The file or extension inside of an iOS app that this is of, where it is not the app's own Info.plist.
    pub part: Option<String>,
}
