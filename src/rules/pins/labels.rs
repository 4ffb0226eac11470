//! What a comment beside a pin says that it is, compared with whose key it is.
//!
//! Comments are written for people. One counts only where it is the name of a CA that the tables know and nothing
//! else: its whole common name, of two words or more, or a short one (“R12”) with its owner's, beside words that say
//! nothing of which CA is meant. “issued by ISRG Root X1” is about another key, and “DigiCert” could be many.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::subjects::{called, each};
use crate::ca::{CaKey, CaRole, CaTable};
use crate::pins::{Diagnosis, PinMatch, PinVerdict, PinsVerdict, ProblemKind};
use crate::rules::{Raised, Rule, RuleInfo, Severity};
use crate::x509::{ChainPosition, SpkiSha256};

/// The most words of a comment that is a name.
const MOST_WORDS: usize = 12;

/// The shortest name that is clear by itself, in octets.
const SHORTEST_NAME: usize = 8;

/// Words beside a name that say nothing of which key is meant.
const PLAIN: [&str; 24] = [
    "the",
    "ca",
    "cert",
    "certificate",
    "key",
    "pin",
    "public",
    "spki",
    "hash",
    "sha",
    "sha256",
    "rsa",
    "ecdsa",
    "ecc",
    "backup",
    "spare",
    "current",
    "primary",
    "secondary",
    "main",
    "expires",
    "valid",
    "until",
    "trust",
];

/// What Let's Encrypt is called beside a short name: its certificates say it in another way, or not at all.
const LETS_ENCRYPT: [&str; 5] = ["le", "lets", "encrypt", "letsencrypt", "isrg"];
const ISRG: &str = "Internet Security Research Group";

/// Comments that name another key.
pub(super) static WRONG_LABEL: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN036",
        title: "The comment beside a pin names another key",
        severity: Severity::Medium,
        needs: "a pin file with comments, and pins of CAs that the tables know",
        explanation: "The comment says one CA and the hash is of another. Whoever changes this file later goes by the \
            comment: keeps a key that is not there, or takes the one for spare that everything hangs on. Where the \
            hash is of no key that the tables know, the CA may have one more key, and the finding is low. Only a \
            comment that is a CA's own name is judged.",
        advice: "Correct the comment, or the pin if the comment says what was meant.",
        references: &["CCADB, certificates of the CAs in the root programmes"],
    },
    raise: |verdict| {
        let mut raised = super::subjects::of_kind(verdict, ProblemKind::WrongLabel);
        raised.extend(mislabelled(verdict));
        raised
    },
};

fn mislabelled(verdict: &PinsVerdict) -> Vec<Raised> {
    each(verdict, |group| {
        let wrong: Vec<(&PinVerdict, Severity, String)> = group
            .first
            .pins
            .iter()
            .filter_map(|pin| wrong(pin).map(|(severity, what)| (pin, severity, what)))
            .collect();
        let severity = wrong.iter().map(|(_, severity, _)| *severity).max()?;
        let (_, _, what) = wrong.iter().find(|(_, own, _)| *own == severity)?;
        let more = match wrong.len().saturating_sub(1) {
            0 => String::new(),
            1 => " One more comment is like this.".to_owned(),
            more => format!(" {more} more comments are like this."),
        };
        let raised = group.raise(format!("{what}{more}"), wrong.iter().map(|(pin, _, _)| *pin));
        Some(raised.at(severity))
    })
}

/// What is wrong with the comment beside a pin, and how grave that is.
fn wrong(pin: &PinVerdict) -> Option<(Severity, String)> {
    let label = pin.pin.label.as_deref()?;
    let key = pin.pin.spki()?;
    let named = named(label)?;
    if named.iter().any(|ca| ca.spki_sha256 == *key) {
        return None;
    }
    let Some(own) = CaTable.key(key) else {
        let is_leaf = pin.matches == PinMatch::At(ChainPosition::Leaf);
        let is_open = pin.diagnosis == Diagnosis::Unknown && !pin.matches.matches();
        return match (is_leaf, is_open) {
            (true, _) => {
                let what = format!("The comment says “{label}”, and {} is the server's own key.", pin.pin);
                Some((Severity::Medium, what))
            }
            (_, true) => {
                let what = format!(
                    "The comment says “{label}”, and {} is none of the keys that the tables have under that name.",
                    pin.pin
                );
                Some((Severity::Low, what))
            }
            _ => None,
        };
    };
    // A key may have had other names, of which the tables keep the newest for people.
    let subjects = |key| CaTable.certificates(key).map(|certificate| certificate.subject).collect::<Vec<_>>();
    let own_subjects = subjects(key);
    if named.iter().any(|ca| subjects(&ca.spki_sha256).iter().any(|subject| own_subjects.contains(subject))) {
        return None;
    }
    let what = format!("The comment says “{label}”, and {} is the key of {}.", pin.pin, called(&own));
    Some((Severity::Medium, what))
}

/// The keys of known CAs by the words of their common names.
static BY_NAME: LazyLock<HashMap<String, Vec<SpkiSha256>>> = LazyLock::new(|| {
    let mut by_name: HashMap<String, Vec<SpkiSha256>> = HashMap::new();
    for key in CaTable.keys() {
        let Some(ca) = CaTable.key(&key) else { continue };
        let Some(name) = common_name(ca.subject) else { continue };
        by_name.entry(words(&name).join(" ")).or_default().push(key);
    }
    by_name
});

/// The CA keys that a comment clearly names, if it does.
fn named(label: &str) -> Option<Vec<CaKey>> {
    let words = words(label);
    if words.len() > MOST_WORDS {
        return None;
    }
    let spans = (1..=words.len()).rev().flat_map(|length| {
        (0..=words.len().saturating_sub(length)).map(move |start| (start, start.saturating_add(length)))
    });
    for (start, end) in spans {
        let (Some(name), Some(before), Some(after)) =
            (words.get(start..end), words.get(..start), words.get(end..))
        else {
            continue;
        };
        let Some(keys) = BY_NAME.get(&name.join(" ")) else { continue };
        let rest: Vec<&str> = before.iter().chain(after).map(String::as_str).collect();
        // The longest name decides: a shorter one inside of it is not what is meant.
        let found: Vec<CaKey> = keys
            .iter()
            .filter_map(|key| CaTable.key(key))
            .filter(|ca| is_clear(ca, name) || is_marked(ca, name, &rest))
            .filter(|ca| rest.iter().all(|word| adds_nothing(word, ca)))
            .collect();
        return (!found.is_empty()).then_some(found);
    }
    None
}

/// Whether a name is a CA's by itself.
fn is_clear(ca: &CaKey, name: &[String]) -> bool {
    let of_owner = ca.owner.is_some_and(|owner| words(owner) == name);
    let length: usize = name.iter().map(String::len).sum();
    let says_which = name.iter().any(|word| !PLAIN.contains(&word.as_str()) && !is_role(word));
    name.len() > 1 && length >= SHORTEST_NAME && says_which && !of_owner
}

/// Whether a short name with a number in it stands beside its owner's.
fn is_marked(ca: &CaKey, name: &[String], rest: &[&str]) -> bool {
    let [one] = name else { return false };
    let holders = words(&organisation(ca));
    one.bytes().any(|octet| octet.is_ascii_digit())
        && rest.iter().any(|word| {
            let is_of_owner = word.len() > 2 && holders.iter().any(|holder| holder == word);
            (is_of_owner && !PLAIN.contains(word)) || is_lets_encrypt(word, ca)
        })
}

/// Whether a word beside a CA's name leaves open no other key.
fn adds_nothing(word: &str, ca: &CaKey) -> bool {
    let role = match ca.role {
        CaRole::Root => "root",
        CaRole::Intermediate => "intermediate",
    };
    PLAIN.contains(&word)
        || word == role
        || word.bytes().all(|octet| octet.is_ascii_digit())
        || is_lets_encrypt(word, ca)
        || words(ca.subject).iter().chain(&words(&organisation(ca))).any(|own| own == word)
}

fn is_role(word: &str) -> bool {
    matches!(
        word,
        "root"
            | "intermediate"
            | "authority"
            | "certification"
            | "issuing"
            | "sub"
            | "server"
            | "tls"
            | "ssl"
    )
}

fn is_lets_encrypt(word: &str, ca: &CaKey) -> bool {
    ca.owner == Some(ISRG) && LETS_ENCRYPT.contains(&word)
}

/// The owner and the organisation of a CA.
fn organisation(ca: &CaKey) -> String {
    let organisation = attribute(ca.subject, "O=").unwrap_or_default();
    format!("{} {organisation}", ca.owner.unwrap_or_default())
}

fn common_name(subject: &str) -> Option<String> {
    attribute(subject, "CN=")
}

/// An attribute of a name as people read it; its value may have commas of its own.
fn attribute(subject: &str, kind: &str) -> Option<String> {
    let begins = |part: &str| {
        part.split_once('=').is_some_and(|(kind, _)| kind.bytes().all(|octet| octet.is_ascii_alphanumeric()))
    };
    let mut parts = subject.split(", ").skip_while(|part| !part.starts_with(kind));
    let first = parts.next()?.strip_prefix(kind)?;
    let rest: Vec<&str> = parts.take_while(|part| !begins(part)).collect();
    Some(std::iter::once(first).chain(rest).collect::<Vec<_>>().join(", "))
}

/// The words of a text, in lower case and without punctuation.
fn words(text: &str) -> Vec<String> {
    let bare: String = text.chars().filter(|symbol| !matches!(symbol, '\'' | '’')).collect();
    bare.split(|symbol: char| !symbol.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subjects(label: &str) -> Vec<&'static str> {
        named(label).unwrap_or_default().iter().map(|ca| ca.subject).collect()
    }

    #[test]
    fn a_comment_that_is_a_name_is_understood() {
        for (label, expected) in [
            ("DST Root CA X3", "CN=DST Root CA X3"),
            ("ISRG Root X1 (Let's Encrypt), backup, valid until 2035", "CN=ISRG Root X1"),
            ("LE R12", "CN=R12"),
            ("Let’s Encrypt R12 intermediate", "CN=R12"),
            ("current: C=US, O=Let's Encrypt, CN=R12", "CN=R12"),
            ("DigiCert Global Root G2", "CN=DigiCert Global Root G2"),
        ] {
            let found = subjects(label);
            assert!(!found.is_empty(), "{label}");
            assert!(found.iter().all(|subject| subject.ends_with(expected)), "{label}: {found:?}");
        }
    }

    #[test]
    fn a_comment_that_only_mentions_a_ca_is_not() {
        for label in [
            "issued by ISRG Root X1",
            "leaf under DST Root CA X3",
            "R12",
            "X1",
            "DigiCert",
            "Amazon",
            "GlobalSign",
            "Root CA",
            "not DST Root CA X3",
            "DST Root CA X3 or ISRG Root X1",
            "ISRG Root X1 intermediate",
            "our own key",
            "",
        ] {
            assert_eq!(subjects(label), Vec::<&str>::new(), "{label}");
        }
    }
}
