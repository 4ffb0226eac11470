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

impl AppContext {
    /// What the part of the app is, for people: the bundle that the file stands in, or the file alone.
    pub fn part_in_words(&self) -> Option<&'static str> {
        let part = self.part.as_deref()?.to_ascii_lowercase();
        let (folder, _) = part.rsplit_once('/').unwrap_or(("", &part));
        let is_in = |holder: &str| folder.split('/').any(|name| name == holder);
        Some(match folder.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "appex" => "extension",
            "framework" => "framework",
            "app" if is_in("appclips") => "App Clip",
            "app" if is_in("watch") || is_in("plugins") => "watch app",
            _ => "file",
        })
    }
}
