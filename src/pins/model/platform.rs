//! What kind of client the name of a platform speaks of, as people write it into lists of pins.

/// The kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// An app on Android.
    Android,
    /// An app on iOS or iPadOS.
    Ios,
    /// A program on a server or a computer.
    Server,
}

impl Platform {
    const OF_IOS: [&str; 4] = ["ios", "ipados", "iphone", "ipad"];
    const OF_SERVERS: [&str; 8] =
        ["server", "backend", "service", "daemon", "cli", "desktop", "windows", "linux"];

    /// By the words of a name (`shop-android`, `iPhone app`); `None` where they name none, or several.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let kinds = lower.split(|letter: char| !letter.is_alphanumeric()).filter_map(|word| match word {
            "android" => Some(Self::Android),
            word if Self::OF_IOS.contains(&word) => Some(Self::Ios),
            word if Self::OF_SERVERS.contains(&word) => Some(Self::Server),
            _ => None,
        });
        let mut kinds: Vec<Self> = kinds.collect();
        kinds.dedup();
        match kinds.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_platform_says_which_kind_of_client_it_is() {
        for (platform, expected) in [
            ("Android", Some(Platform::Android)),
            ("shop-android", Some(Platform::Android)),
            ("android 14 / Android TV", Some(Platform::Android)),
            ("ios", Some(Platform::Ios)),
            ("iPhone app", Some(Platform::Ios)),
            ("server", Some(Platform::Server)),
            ("desktop client 4.2", Some(Platform::Server)),
            ("android and ios", None),
            ("kiosk", None),
            ("", None),
        ] {
            assert_eq!(Platform::named(platform), expected, "{platform}");
        }
    }
}
