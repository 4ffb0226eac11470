//! What a policy says twice: the one would silently stand instead of the other.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Policy;
use super::diagnose::{Problem, at_place};

/// The entries of a policy, with their places alone.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    domain: Vec<Domain>,
    private_ca: Vec<Ca>,
    accepted_certificate: Vec<Spanned<toml::Table>>,
}

#[derive(Deserialize)]
struct Domain {
    name: Spanned<String>,
}

#[derive(Deserialize)]
struct Ca {
    spki_sha256: Spanned<String>,
}

/// The first entry that is there a second time, with the lines of both.
pub(super) fn find(policy: &Policy, text: &str) -> Option<Problem> {
    let places: Places = toml::from_str(text).unwrap_or_default();
    let problem = |place: Option<usize>, what| at_place(text, place.unwrap_or_default(), what);
    let line = |place| problem(place, String::new()).line;
    let domains: Vec<_> = policy.domain.iter().map(|domain| &domain.name).collect();
    if let Some((first, second)) = pair(&domains) {
        let at = |index: usize| places.domain.get(index).map(|domain| domain.name.span().start);
        let what = format!(
            "[[domain]] {} is there twice, in the lines {} and {}: put what they say into one",
            domains.get(second)?,
            line(at(first)),
            line(at(second))
        );
        return Some(problem(at(second), what));
    }
    let accepted: Vec<_> = policy.accepted_certificate.iter().map(|one| &one.which).collect();
    if let Some((first, second)) = pair(&accepted) {
        let at = |index: usize| places.accepted_certificate.get(index).map(|one| one.span().start);
        let what = format!(
            "[[accepted_certificate]] has the same certificate twice, in the lines {} and {}: keep one of them",
            line(at(first)),
            line(at(second))
        );
        return Some(problem(at(second), what));
    }
    let keys: Vec<_> = policy.private_ca.iter().map(|ca| ca.spki_sha256.0).collect();
    let (first, second) = pair(&keys)?;
    let at = |index: usize| places.private_ca.get(index).map(|ca| ca.spki_sha256.span().start);
    let owner = |index: usize| policy.private_ca.get(index).map(|ca| ca.owner.as_str()).unwrap_or_default();
    let what = format!(
        "[[private_ca]] has the key {} twice, in the lines {} (“{}”) and {} (“{}”)",
        keys.get(second)?,
        line(at(first)),
        owner(first),
        line(at(second)),
        owner(second)
    );
    Some(problem(at(second), what))
}

/// The places of the first two that are the same.
fn pair<T: Ord>(all: &[T]) -> Option<(usize, usize)> {
    let mut seen: BTreeMap<&T, usize> = BTreeMap::new();
    all.iter().enumerate().find_map(|(second, one)| Some((seen.insert(one, second)?, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Policy::parse("pinstead.toml", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_domain_stands_once() {
        let text = "expect_ca = [\"x\"]\n\n[[domain]]\nname = \"a.example\"\n\n[[domain]]\nname = \"b.example\"\n\n\
                    [[domain]]\nexpect_ca = []\nname = \"A.example.\"\n";
        let told = error(text);
        assert!(told.contains("[[domain]] a.example is there twice, in the lines 4 and 11"), "{told}");
        Policy::parse("p", b"[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"b.a.example\"\n")
            .unwrap();
    }

    #[test]
    fn a_key_of_a_private_ca_stands_once() {
        let ca = |owner: &str, key: &str| {
            format!("[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{key}\"\n")
        };
        let key = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let told = error(&[ca("One", key), ca("Other", &format!("sha256/{key}"))].concat());
        assert!(told.contains("in the lines 3 (“One”) and 6 (“Other”)"), "{told}");
    }
}
