//! What a policy says twice: the one would silently stand instead of the other.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Spanned, Table, Value};

use super::diagnose::{Problem, at_place};
use super::{AcceptedCertificate, PinnedKey};
use crate::dns_name::DnsName;

/// The entries of a policy with their places, whatever else is wrong with them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    domain: Vec<Domain>,
    private_ca: Vec<Ca>,
    accepted_certificate: Vec<Spanned<Table>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Domain {
    name: Option<Spanned<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ca {
    owner: Option<Value>,
    spki_sha256: Option<Spanned<Value>>,
}

/// Each entry that is there again, with the lines of both. What cannot be read is wrong by itself, and left out.
pub(super) fn find(text: &str) -> Vec<Problem> {
    let places: Places = toml::from_str(text).unwrap_or_default();
    let line = |at: usize| at_place(text, at, String::new()).line;
    let domains = places.domain.iter().filter_map(|domain| {
        let name = domain.name.as_ref()?;
        Some((name.get_ref().as_str()?.parse::<DnsName>().ok()?, name.span().start))
    });
    let domains = again(domains).into_iter().map(|(name, first, second)| {
        let (first, at) = (line(first), line(second));
        let what = format!(
            "[[domain]] {name} is there twice, in the lines {first} and {at}: put what they say into one"
        );
        (second, what)
    });
    let accepted = places.accepted_certificate.iter().filter_map(|one| {
        let accepted: AcceptedCertificate = one.get_ref().clone().try_into().ok()?;
        Some((accepted.which, one.span().start))
    });
    let accepted = again(accepted).into_iter().map(|(_, first, second)| {
        let (first, at) = (line(first), line(second));
        let what = format!(
            "[[accepted_certificate]] has the same certificate twice, in the lines {first} and {at}: keep one of them"
        );
        (second, what)
    });
    let owner = |at: usize| {
        let of = |ca: &&Ca| ca.spki_sha256.as_ref().is_some_and(|key| key.span().start == at);
        places.private_ca.iter().find(of).and_then(|ca| ca.owner.as_ref()?.as_str()).unwrap_or_default()
    };
    let keys = places.private_ca.iter().filter_map(|ca| {
        let key = ca.spki_sha256.as_ref()?;
        let read = PinnedKey::try_from(key.get_ref().as_str()?.to_owned()).ok()?;
        Some((read.0, key.span().start))
    });
    let keys = again(keys).into_iter().map(|(key, first, second)| {
        let what = format!(
            "[[private_ca]] has the key {key} twice, in the lines {} (“{}”) and {} (“{}”)",
            line(first),
            owner(first),
            line(second),
            owner(second)
        );
        (second, what)
    });
    domains.chain(accepted).chain(keys).map(|(at, what)| at_place(text, at, what)).collect()
}

/// What is there again, with its first place and that other one.
fn again<T: Ord + Clone>(all: impl Iterator<Item = (T, usize)>) -> Vec<(T, usize, usize)> {
    let mut seen: BTreeMap<T, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (one, place) in all {
        match seen.get(&one) {
            Some(&first) => found.push((one, first, place)),
            None => {
                seen.insert(one, place);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;

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

    #[test]
    fn all_that_is_there_twice_is_told_at_once_beside_what_is_wrong_otherwise() {
        let key = "spki_sha256 = \"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"\n";
        let ca = format!("[[private_ca]]\nowner = \"One\"\n{key}");
        let domain = "[[domain]]\nname = \"a.example\"\nserved_by = [\"nobody\"]\n";
        let text = [&ca, domain, &ca, domain, "[[domain]]\nname = 3\n"].concat();
        let told = error(&text);
        for part in ["a.example is there twice, in the lines 5 and 11", "has the key", "is no service"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let lines: Vec<&str> = told.lines().skip(1).map(str::trim_start).collect();
        let number = |line: &&str| -> usize {
            line.trim_start_matches("line ").split(',').next().unwrap().parse().unwrap()
        };
        assert!(lines.iter().map(number).is_sorted(), "{told}");
        assert_eq!(lines.len(), 5, "{told}");
    }
}
