//! What the owner states to have no pins (`without_pins` of `[compare]`), which nothing here can read.

use crate::evidence::Inputs as InputFiles;
use crate::evidence::file::lexical;
use crate::pins::OpenPart;
use crate::policy::Policy;

/// Files and folders, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatedWithoutPins(Vec<String>);

impl StatedWithoutPins {
    /// What a policy states, from its own folder on.
    pub(super) fn of(policy: &Policy, files: &InputFiles) -> Self {
        let place = files.policy.as_ref().map_or("", |file| file.path.as_str());
        let folder = place.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
        let from_it = |path: &String| {
            let is_whole = path.starts_with('/') || folder.is_empty() && !place.starts_with('/');
            lexical(&if is_whole { path.clone() } else { format!("{folder}/{path}") })
        };
        Self(policy.compare.without_pins.iter().map(from_it).collect())
    }

    /// Whether a file is one of these, or stands in one of them. What lies in a package is stated with it.
    pub(super) fn covers(&self, path: &str) -> bool {
        let path = lexical(path.split_once("!/").map_or(path, |(package, _)| package));
        let is_in = |folder: &String| {
            path.strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || folder.is_empty())
        };
        self.0.iter().any(is_in)
    }

    /// What is left of this where nothing is stated.
    pub(super) fn leaves(&self, mut parts: Vec<OpenPart>) -> Vec<OpenPart> {
        parts.retain(|part| !part.file.as_deref().is_some_and(|file| self.covers(file)));
        parts
    }

    /// What is stated.
    pub(super) fn paths(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};

    #[test]
    fn a_statement_is_about_a_file_or_all_of_a_folder_from_the_policy_on() {
        let covers = |policy: &str, stated: &str, path: &str| {
            let content = FileContent::Read(Bytes(Vec::new()));
            let file = InputFile { path: policy.to_owned(), content, folder: None };
            let files = InputFiles { policy: Some(file), ..InputFiles::default() };
            let text = format!("[compare]\nwithout_pins = [\"{stated}\"]");
            StatedWithoutPins::of(&Policy::parse(policy, text.as_bytes()).unwrap(), &files).covers(path)
        };
        assert!(covers("pinstead.toml", "app/Net.kt", "./app/Net.kt"));
        assert!(covers("pinstead.toml", "app/libs/", "app/libs/a.aar"));
        assert!(covers("pinstead.toml", "shop.apk", "shop.apk!/classes.dex"));
        assert!(covers("ci/pinstead.toml", "../app", "app/Net.kt"));
        assert!(covers("/w/pinstead.toml", "app", "/w/app/Net.kt"));
        assert!(covers("ci/pinstead.toml", "/w/app", "/w/app/Net.kt"));
        assert!(!covers("pinstead.toml", "app/lib", "app/libs/a.aar"));
        assert!(!covers("ci/pinstead.toml", "app", "app/Net.kt"));
        assert!(!covers("pinstead.toml", "app/Net.kt", "app"));
    }
}
