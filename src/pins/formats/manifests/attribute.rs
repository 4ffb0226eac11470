//! The attribute of .NET code that becomes `android:networkSecurityConfig` in the manifest that a build makes.
//!
//! Source: Microsoft's API documentation of .NET for Android, `ApplicationAttribute.NetworkSecurityConfig`: the resource
//! reference that is written to `android:networkSecurityConfig`. `[Application(…)]` stands at a class, or at the assembly.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

const PROPERTY: &str = "NetworkSecurityConfig";
/// What the attribute may be called.
const ATTRIBUTES: [&str; 2] = ["Application", "ApplicationAttribute"];
/// The most of them in one file that are looked at.
const MOST: usize = 20;

/// What an attribute says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// It names this resource.
    Named(&'a str),
    /// It depends on the build, or is worked out.
    OfTheBuild,
}

/// Whether a file of this name and content may have the attribute.
pub(super) fn may_have(path: &str, octets: &[u8]) -> bool {
    let is_code = path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("cs"));
    is_code && !path.contains("!/") && String::from_utf8_lossy(octets).contains(PROPERTY)
}

/// What the attributes of a text say.
pub(super) fn named(text: &str) -> Vec<Reference<'_>> {
    text.match_indices(PROPERTY).take(MOST).filter_map(|(at, _)| of(text, at)).collect()
}

fn of(text: &str, at: usize) -> Option<Reference<'_>> {
    let (before, rest) = text.split_at_checked(at)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let is_remark = line.contains("//") || before.rfind("/*") > before.rfind("*/");
    let value = rest.strip_prefix(PROPERTY)?.trim_start().strip_prefix('=')?.trim_start();
    if is_remark || !is_in_attribute(before) {
        return None;
    }
    let depth = before.lines().map(str::trim_start).fold(0_usize, |depth, line| {
        if line.starts_with("#if") {
            depth.saturating_add(1)
        } else if line.starts_with("#endif") {
            depth.saturating_sub(1)
        } else {
            depth
        }
    });
    let reference = value.strip_prefix('"').and_then(|value| value.split(['"', '\n']).next());
    Some(reference.filter(|_| depth == 0).map_or(Reference::OfTheBuild, Reference::Named))
}

/// Whether what stands before a property is the beginning of an `[Application(…)]`.
fn is_in_attribute(before: &str) -> bool {
    let Some((_, attribute)) = before.rsplit_once('[') else { return false };
    let Some((name, arguments)) = attribute.split_once('(') else { return false };
    let name = name.trim().trim_start_matches("assembly:").trim();
    !arguments.contains(']') && name.rsplit(['.', ':']).next().is_some_and(|name| ATTRIBUTES.contains(&name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Reference::{Named, OfTheBuild};
    use super::*;

    #[test]
    fn what_an_attribute_names_is_read() {
        for (text, expected) in [
            ("[Application(NetworkSecurityConfig = \"@xml/nsc\")]\nclass A", vec![Named("@xml/nsc")]),
            (
                "[Application(\n  Label = \"a\", // b\n  NetworkSecurityConfig=\"@xml/nsc\")]",
                vec![Named("@xml/nsc")],
            ),
            ("[assembly: Application(NetworkSecurityConfig = \"@xml/nsc\")]", vec![Named("@xml/nsc")]),
            (
                "[global::Android.App.ApplicationAttribute(NetworkSecurityConfig = \"@xml/nsc\")]",
                vec![Named("@xml/nsc")],
            ),
            ("#if DEBUG\n[Application(NetworkSecurityConfig = \"@xml/nsc\")]\n#endif", vec![OfTheBuild]),
            ("#if X\n#endif\n[Application(NetworkSecurityConfig = \"@xml/nsc\")]", vec![Named("@xml/nsc")]),
            ("[Application(NetworkSecurityConfig = Names.Config)]", vec![OfTheBuild]),
            ("// [Application(NetworkSecurityConfig = \"@xml/nsc\")]", vec![]),
            ("/* [Application(NetworkSecurityConfig = \"@xml/nsc\")] */", vec![]),
            ("[Activity(NetworkSecurityConfig = \"@xml/nsc\")]", vec![]),
            ("[Application(Label = \"a\")] class A { string NetworkSecurityConfig = \"@xml/nsc\"; }", vec![]),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\[|Application|\\(|NetworkSecurityConfig|=|\"|/\\*|#if|\n|\\PC){0,40}") {
            let _ = named(&text);
        }
    }
}
