//! Where a resource of an Android app stands in its source: the module, the source set and the qualifiers.
//!
//! Sources: Android developer guide, “Configure build variants” (`src/SET/res`; where several source sets have a resource
//! of one name, that of the build type wins over that of the flavour, and both over `main`) and “Provide alternative
//! resources” (`res/xml-v36`: the device takes the one whose qualifiers it fits).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// A file below `res/xml` or `res/xml-QUALIFIERS`.
#[derive(PartialEq, Eq)]
struct Resource<'a> {
    module: Vec<&'a str>,
    set: &'a str,
    folder: &'a str,
    name: &'a str,
}

/// The resource of this path, if it is one.
fn resource(path: &str) -> Option<Resource<'_>> {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let (name, rest) = parts.split_last()?;
    let (folder, rest) = rest.split_last()?;
    let (resources, rest) = rest.split_last()?;
    let is_xml = *folder == "xml" || folder.starts_with("xml-");
    if !is_xml || !resources.eq_ignore_ascii_case("res") && *resources != "Resources" {
        return None;
    }
    // A project of the old form has its resources beside its manifest.
    let (set, module) = match rest {
        [module @ .., "src", set] => (*set, module),
        module => ("main", module),
    };
    Some(Resource { module: module.to_vec(), set, folder, name })
}

/// Whether these two files are one resource of one module: a build or a device takes the one or the other.
pub(in crate::pins) fn are_variants(one: &str, other: &str) -> bool {
    match (resource(one), resource(other)) {
        (Some(one), Some(other)) => one != other && (&one.module, one.name) == (&other.module, other.name),
        _ => false,
    }
}

/// Whether a release has the first of these files in the place of the second, which is in no release then.
pub(in crate::pins) fn replaces(one: &str, other: &str) -> bool {
    let of_release = |one: &Resource<'_>, other: &Resource<'_>| {
        one.set == "release" && other.set != "release" && one.folder == other.folder
    };
    are_variants(one, other)
        && matches!((resource(one), resource(other)), (Some(one), Some(other)) if of_release(&one, &other))
}

/// Whether these two files are one resource of two source sets that builds of their own take: there is no build in which
/// either may hold, unless one is `main`'s and the other one of every release.
pub(in crate::pins) fn are_of_other_builds(one: &str, other: &str) -> bool {
    are_variants(one, other)
        && matches!((resource(one), resource(other)), (Some(one), Some(other))
            if one.set != other.set
                && !matches!((one.set, other.set), ("main", "release") | ("release", "main"))
                && !is_of_the_same_build(one.set, other.set)
                && !is_of_the_same_build(other.set, one.set))
}

/// Whether a source set is one of a build (`prodRelease`, `freeProd`) that takes the other (`prod`), too.
fn is_of_the_same_build(set: &str, other: &str) -> bool {
    let mut capital = other.chars();
    let first = capital.next().map(|first| first.to_ascii_uppercase());
    let within: String = first.into_iter().chain(capital).collect();
    let begins =
        set.strip_prefix(other).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    begins || set.contains(&within)
}

/// Whether these two files are one resource of two flavours: what is built of the one has nothing of the other.
pub(in crate::pins) fn are_of_flavours(one: &str, other: &str) -> bool {
    let is_flavour = |path: &str| {
        resource(path).is_some_and(|resource| !matches!(resource.set, "main" | "release" | "debug"))
    };
    are_of_other_builds(one, other) && is_flavour(one) && is_flavour(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_of_one_name_in_one_module() {
        let main = "app/src/main/res/xml/nsc.xml";
        for other in [
            "app/src/main/res/xml-v36/nsc.xml",
            "app/src/release/res/xml/nsc.xml",
            "app/src/prod/res/xml-fr/nsc.xml",
        ] {
            assert!(are_variants(main, other) && are_variants(other, main), "{other}");
        }
        for other in [
            main,
            "app/src/main/res/xml-v36/other.xml",
            "lib/src/main/res/xml-v36/nsc.xml",
            "app/src/main/res/raw/nsc.xml",
            "nsc.xml",
        ] {
            assert!(!are_variants(main, other), "{other}");
        }
        assert!(are_variants("res/xml/a.xml", "res/xml-v24/a.xml"));
    }

    #[test]
    fn flavours_are_builds_of_their_own() {
        let of = |set: &str, folder: &str| format!("app/src/{set}/res/{folder}/nsc.xml");
        for (one, other, builds, flavours) in [
            (of("prod", "xml"), of("staging", "xml"), true, true),
            (of("prod", "xml"), of("staging", "xml-v24"), true, true),
            (of("main", "xml"), of("staging", "xml"), true, false),
            (of("release", "xml"), of("staging", "xml"), true, false),
            (of("main", "xml"), of("release", "xml"), false, false),
            (of("prod", "xml"), of("prod", "xml-v24"), false, false),
            (of("prod", "xml"), of("prodRelease", "xml"), false, false),
            (of("prod", "xml"), of("freeProd", "xml"), false, false),
            (of("prod", "xml"), of("product", "xml"), true, true),
            (of("prod", "xml"), "lib/src/staging/res/xml/nsc.xml".to_owned(), false, false),
        ] {
            for (one, other) in [(&one, &other), (&other, &one)] {
                assert_eq!(
                    (are_of_other_builds(one, other), are_of_flavours(one, other)),
                    (builds, flavours),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn a_release_replaces_what_stands_in_the_same_folder() {
        let main = "app/src/main/res/xml/nsc.xml";
        assert!(replaces("app/src/release/res/xml/nsc.xml", main));
        assert!(!replaces(main, "app/src/release/res/xml/nsc.xml"));
        assert!(!replaces("app/src/prod/res/xml/nsc.xml", main));
        assert!(!replaces("app/src/release/res/xml-v36/nsc.xml", main));
    }
}
