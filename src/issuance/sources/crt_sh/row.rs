//! One row of an answer of crt.sh: a certificate or a precertificate, and the names by which it was found.
//!
//! Source: the function `web_apis` of certwatch_db. There is neither key nor issuer's key in a row, and only the names
//! that match the question.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::super::json::Object;
use super::super::problems::{Problems, printable};
use crate::dns_name::CertificateName;

/// The most names that are kept of a row.
const MOST_NAMES: usize = 10_000;

/// What a row says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// The certificate's number at crt.sh.
    pub(super) id: Option<u64>,
    /// The issuer's number at crt.sh.
    pub(super) issuer_ca_id: Option<u64>,
    /// The issuer's name.
    pub(super) issuer_name: Option<String>,
    /// The names that match the question, and the common name where it is one of a host.
    pub(super) names: BTreeSet<String>,
    /// When a log had it first.
    pub(super) logged: Option<Timestamp>,
    /// From when it is valid.
    pub(super) not_before: Option<Timestamp>,
    /// Until when it is valid.
    pub(super) not_after: Option<Timestamp>,
    /// The serial number, in lower-case hexadecimal without leading zeros.
    pub(super) serial: Option<String>,
    /// How many of its identities match the question.
    pub(super) identities: u64,
}

impl Row {
    /// Reads a row; `None` where it is none. `place` says which, for problems.
    pub(super) fn read(raw: &RawValue, place: &str, problems: &mut Problems) -> Option<Self> {
        let mut object = Object::read(raw, place.to_owned(), problems)?;
        if !["id", "min_cert_id", "serial_number", "name_value"].iter().any(|field| object.has(field)) {
            problems.add(|| format!("{} is none of a certificate", object.place()));
            return None;
        }
        // Until 2020 these two were called otherwise.
        let now_or_then = |now, then| if object.has(now) { now } else { then };
        let (id, logged) =
            (now_or_then("id", "min_cert_id"), now_or_then("entry_timestamp", "min_entry_timestamp"));
        let id = object.number(id, problems);
        if let Some(id) = id {
            object.rename(format!("{place} (id {id})"));
        }
        let serial = object.text("serial_number", problems).and_then(|text| {
            let serial = serial(&text);
            if serial.is_none() {
                problems.add(|| format!("“serial_number” of {} is not hexadecimal", object.place()));
            }
            serial
        });
        Some(Self {
            id,
            issuer_ca_id: object.number("issuer_ca_id", problems),
            issuer_name: object.text("issuer_name", problems).map(|text| printable(&text)),
            names: names(&object, problems),
            logged: object.time(logged, problems),
            not_before: object.time("not_before", problems),
            not_after: object.time("not_after", problems),
            serial,
            // Each row stands for one at least, whatever it says.
            identities: object.number("result_count", problems).unwrap_or(1).max(1),
        })
    }

    /// Adds what an answer to another question says of the same certificate.
    pub(super) fn add(&mut self, other: Self, problems: &mut Problems) {
        let is_same = agree(self.serial.as_ref(), other.serial.as_ref())
            && agree(self.not_before, other.not_before)
            && agree(self.not_after, other.not_after)
            && agree(self.issuer_ca_id, other.issuer_ca_id);
        if !is_same {
            let id = self.id.unwrap_or_default();
            problems.add(|| format!("two rows say different things of id {id}; the first counts"));
        }
        self.names.extend(other.names);
        self.issuer_ca_id = self.issuer_ca_id.or(other.issuer_ca_id);
        self.issuer_name = self.issuer_name.take().or(other.issuer_name);
        self.logged = self.logged.or(other.logged);
        self.not_before = self.not_before.or(other.not_before);
        self.not_after = self.not_after.or(other.not_after);
        self.serial = self.serial.take().or(other.serial);
    }
}

/// Whether two say the same, or one of them nothing.
fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

fn names(object: &Object<'_>, problems: &mut Problems) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let listed = object.text("name_value", problems).unwrap_or_default();
    for name in listed.split('\n').filter(|name| !name.is_empty()) {
        if names.len() >= MOST_NAMES {
            problems.add(|| format!("{} has more than {MOST_NAMES} names", object.place()));
            break;
        }
        names.insert(printable(name));
    }
    // It is a claim to a name only where it is a host's.
    if let Some(name) = object.text("common_name", problems)
        && name.contains('.')
        && name.parse::<CertificateName>().is_ok()
    {
        names.insert(name);
    }
    names
}

/// A serial number without leading zeros, in lower case.
fn serial(text: &str) -> Option<String> {
    // RFC 5280 section 4.1.2.2 has 20 octets; what is longer is shown as long as it may still be one.
    let is_serial = (1..=256).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    let digits = text.trim_start_matches('0');
    is_serial.then(|| if digits.is_empty() { "0".to_owned() } else { digits.to_ascii_lowercase() })
}
