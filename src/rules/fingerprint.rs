//! By what a finding is known again in another run.

pub(crate) mod tie;

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::tie::Shown;
use super::Finding;
use crate::evidence::file::lexical;

/// What is hashed first: another way of making fingerprints gets another text.
const DOMAIN: &str = "pinstead finding 1";

/// The facts that tell what a finding is about, by family of rules. Every other fact is a measurement: it changes by itself
/// (dates, ages, counts, what a server said this time), or is said to explain.
const IDENTIFYING: &[(&str, &[&str])] = &[
    ("TLS", &["dns_names", "other", "sha256"]),
    ("CT", &["file", "kind", "leaf_hash", "log_id", "operator", "program"]),
    (
        "CAA",
        &[
            "at", "ca", "child", "domain", "insecure", "issuer", "label", "named", "parent", "rdata",
            "record", "records", "tld", "zone",
        ],
    ),
    ("ISS", &["issuer_owner", "issuer_spki_sha256"]),
    ("CRT", &["ca", "certificate", "certificates", "certificates_sha256", "name", "names"]),
    ("REV", &["certificates", "issuer_spki_sha256", "serial", "sha256", "subjects"]),
    (
        "PIN",
        &[
            "all_that_do_not",
            "all_that_pin",
            "file",
            "hosts",
            "names",
            "only_here",
            "pattern",
            "permitted_not_pinned",
            "pinned_not_permitted",
            "platform",
            "records",
            "scopes",
            "shadows",
            "source",
            "value",
            "what",
        ],
    ),
    ("CMP", &["cause", "certificate", "client", "kind", "pins", "step", "title"]),
    ("LOG", &["fault", "log_id"]),
    ("RUN", &["about", "rule"]),
];

/// A digest that is the same for the same finding about the same thing in every run, in 32 hexadecimal digits: the rule,
/// the target, what the finding is about, the facts that tell apart what a rule may find there more than once (a record, a
/// pin, a certificate, a log), and, where the rule is about the certificate that the target shows, that certificate, its
/// key or its issuer (docs/ci.md lists which).
///
/// Dates, ages, counts, the order of a list, the lines of a file and the wording change nothing in it; nor does the
/// severity. What a finding is about does: one more unexpected certificate is another finding. Upper and lower case of the
/// target do not matter.
pub fn fingerprint(target: &str, shown: Option<&Shown>, finding: &Finding) -> String {
    let mut parts = BTreeSet::new();
    let keys = identifying(finding.rule);
    if let Some(facts) = finding.evidence.as_json() {
        gather(facts, keys, &mut parts);
    }
    parts.extend(finding.known_by.iter().cloned());
    if let Some((key, value)) = shown.and_then(|shown| shown.part(tie::of(finding.rule))) {
        parts.insert((key, value.to_owned()));
    }
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        // The length before each part keeps two parts from being taken for one.
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    };
    add(DOMAIN);
    add(finding.rule);
    add(&path(target).to_ascii_lowercase());
    add(&subject(finding.rule, &finding.subject, &parts));
    for (key, value) in &parts {
        add(key);
        add(value);
    }
    let digest = hash.finalize();
    crate::x509::hexadecimal(digest.get(..16).unwrap_or_default())
}

/// Gives each finding its fingerprint, for reports; `shown` is the certificate that the target shows, if it shows one.
pub fn stamp(target: &str, shown: Option<&Shown>, findings: &mut [Finding]) {
    for finding in findings {
        finding.fingerprint = Some(fingerprint(target, shown, finding));
    }
}

/// Whether findings of this rule are about the certificate that a target shows: only a fingerprint tells which.
pub fn is_about_what_is_shown(rule: &str) -> bool {
    tie::of(rule) != tie::Tie::Nothing
}

/// What of a certificate a finding of this rule is accepted of, and of no other, in a word; `None` where it is about none.
pub fn tied_to(rule: &str) -> Option<&'static str> {
    match tie::of(rule) {
        tie::Tie::Issuer => Some("CA"),
        tie::Tie::Key => Some("key"),
        tie::Tie::Certificate => Some("certificate"),
        tie::Tie::Nothing => tie::is_about_certificates(rule).then_some("certificate"),
    }
}

/// Whether findings of this rule are about certificates: rule, target and subject alone do not tell about which.
pub fn is_about_certificates(rule: &str) -> bool {
    tie::is_about_certificates(rule)
}

/// Whether a baseline may accept findings of this rule. What a gate asks for by name is done or not: whoever would accept that
/// it is not leaves the gate out.
pub fn can_be_accepted(rule: &str) -> bool {
    rule != super::compare::REQUIRED && !rule.starts_with("RUN")
}

/// One value for many: what is not shown in full still tells two findings apart. Order and repetition do not matter.
pub(super) fn digest<T: AsRef<[u8]>>(all: impl IntoIterator<Item = T>) -> String {
    let each: BTreeSet<[u8; 32]> = all.into_iter().map(|one| Sha256::digest(one.as_ref()).into()).collect();
    let mut hash = Sha256::new();
    for one in &each {
        hash.update(one);
    }
    crate::x509::hexadecimal(&hash.finalize())
}

fn identifying(rule: &str) -> &'static [&'static str] {
    let family = rule.trim_end_matches(|character: char| character.is_ascii_digit());
    IDENTIFYING.iter().find(|(name, _)| *name == family).map_or(&[], |(_, keys)| keys)
}

/// Gathers what stands under identifying keys, however deep.
fn gather<'v>(facts: &'v Value, keys: &[&'static str], parts: &mut BTreeSet<(&'static str, String)>) {
    match facts {
        Value::Array(all) => all.iter().for_each(|one| gather(one, keys, parts)),
        Value::Object(all) => {
            let has = |key: &str| all.get(key).is_some_and(|value: &'v Value| !value.is_null());
            for (key, value) in all {
                match keys.iter().find(|known| *known == key) {
                    // A digest of all stands for the few that are shown.
                    Some(_) if *key != "certificates_sha256" && has("certificates_sha256") => {}
                    // A CA's keys change; only one without a known owner is known by its key.
                    Some(_) if key == "issuer_spki_sha256" && has("issuer_owner") => {}
                    Some(key) => take(key, value, keys, parts),
                    None if has("certificates_sha256") => {}
                    None => gather(value, keys, parts),
                }
            }
            let shown = all.values().filter_map(Value::as_array).map(Vec::len).max().unwrap_or_default();
            let count = all.get("count").and_then(Value::as_u64);
            // What is counted and not shown is told apart by its number only.
            if let Some(count) = count.filter(|count| usize::try_from(*count).is_ok_and(|all| all > shown))
                && shown > 0
                && !has("certificates_sha256")
            {
                parts.insert(("count", count.to_string()));
            }
        }
        _ => {}
    }
}

fn take(
    key: &'static str,
    value: &Value,
    keys: &[&'static str],
    parts: &mut BTreeSet<(&'static str, String)>,
) {
    match value {
        Value::String(text) if matches!(key, "file" | "source" | "all_that_pin" | "all_that_do_not") => {
            parts.insert((key, path(text)));
        }
        Value::String(text) if key == "client" => {
            parts.insert((key, client(text)));
        }
        Value::String(text) => {
            parts.insert((key, text.clone()));
        }
        Value::Array(all) => all.iter().for_each(|one| take(key, one, keys, parts)),
        Value::Object(_) => gather(value, keys, parts),
        // A number is a measurement.
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A path as every system and every way of naming it has it. A list of curl that was given itself is none, nor is a URL.
fn path(text: &str) -> String {
    if text.contains("sha256//") || text.contains("://") { text.replace('\\', "/") } else { lexical(text) }
}

/// The client of a pin file as the replay names it, without the line where its pins stand today.
fn client(text: &str) -> String {
    let is_number = |line: &str| !line.is_empty() && line.bytes().all(|digit| digit.is_ascii_digit());
    let file = text.rsplit_once(", line ").filter(|(_, line)| is_number(line)).map_or(text, |(file, _)| file);
    path(file)
}

/// What the finding is about, without the line where that stands today, and without a list of hosts that the facts have.
fn subject(rule: &str, subject: &str, parts: &BTreeSet<(&'static str, String)>) -> String {
    // The pins are among the facts.
    if matches!(rule, "CMP001" | "CMP004") {
        return client(subject);
    }
    if !rule.starts_with("PIN") {
        return subject.to_owned();
    }
    let has = |wanted: &str| parts.iter().any(|(key, _)| *key == wanted);
    if has("hosts") && !has("file") {
        return String::new();
    }
    let (place, rest) = match subject.find(" (") {
        Some(at) => subject.split_at(at),
        None => (subject, ""),
    };
    let place = match place.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|digit| digit.is_ascii_digit()) => file,
        _ => place,
    };
    let rest = if has("scopes") || has("all scopes") { "" } else { rest };
    path(place) + rest
}

#[cfg(test)]
mod judged;
#[cfg(test)]
mod tests;
