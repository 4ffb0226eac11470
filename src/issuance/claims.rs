//! What sources claim of a certificate, set against what it shows, and against one another.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::issued::IssuedCertificate;
use super::reported::Claimed;
use super::unit::comparable_serial;
use crate::ca::CaTable;
use crate::dns_name::CertificateName;
use crate::x509::{Certificate, hexadecimal};

/// What sources claim of a certificate that none of them shows; the first that says something is taken.
pub(super) fn together(claims: &[&Claimed]) -> IssuedCertificate {
    let mut seen: HashSet<&String> = HashSet::new();
    let names = claims.iter().flat_map(|claimed| &claimed.dns_names);
    let names: Vec<String> = names.filter(|name| seen.insert(name)).cloned().collect();
    IssuedCertificate {
        spki_sha256: claims.iter().find_map(|claimed| claimed.spki_sha256),
        issuer_name: claims.iter().find_map(|claimed| claimed.issuer_name.clone()),
        serial: claims.iter().find_map(|claimed| claimed.serial.as_deref().map(comparable_serial)),
        not_before: claims.iter().find_map(|claimed| claimed.not_before),
        not_after: claims.iter().find_map(|claimed| claimed.not_after),
        names,
        names_are_complete: claims.iter().any(|claimed| claimed.names_are_complete),
        ..IssuedCertificate::default()
    }
}

/// Where what `by` claims is not what the certificate shows.
pub(super) fn contradictions(by: &str, claimed: &Claimed, shown: &Certificate) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, said: Option<String>, is: String| {
        if let Some(said) = said.filter(|said| *said != is) {
            found.push(format!("{by} says that its {what} is {said}; the certificate shows {is}."));
        }
    };
    differ("first moment", claimed.not_before.map(whole), whole(shown.not_before));
    differ("last moment", claimed.not_after.map(whole), whole(shown.not_after));
    let serial = claimed.serial.as_deref().map(comparable_serial);
    differ("serial number", serial, comparable_serial(&shown.serial));
    differ("key", claimed.spki_sha256.map(|key| key.to_string()), shown.spki_sha256.to_string());
    let issuer = claimed.issuer_name.as_ref().filter(|said| values(said) != values(&shown.issuer));
    differ("issuer’s name", issuer.cloned(), shown.issuer.clone());
    if claimed.names_are_complete {
        let said: BTreeSet<String> = claimed.dns_names.iter().map(|name| name.to_lowercase()).collect();
        let is: BTreeSet<String> = shown.names.dns.iter().map(ToString::to_string).collect();
        let missing: Vec<&String> = is.difference(&said).collect();
        if let Some(one) = missing.first().filter(|_| !said.is_empty()) {
            found.push(format!("{by} leaves out {} of its names, {one} among them.", missing.len()));
        }
    }
    found
}

/// The names that `by` claims and that are not among `known`, which are those of the certificate in lower case.
pub(super) fn names_beyond(by: &str, claimed: &Claimed, known: &HashSet<String>) -> Option<String> {
    let is_beyond = |name: &&String| {
        name.contains('.')
            && name.parse::<CertificateName>().is_ok_and(|name| !known.contains(&name.to_string()))
    };
    let beyond: Vec<&String> = claimed.dns_names.iter().filter(is_beyond).collect();
    let one = beyond.first()?;
    Some(match beyond.len() {
        1 => format!("{by} has a name that the certificate has not: {one}."),
        many => format!("{by} has {many} names that the certificate has not, {one} among them."),
    })
}

/// Where the issuer key that `by` claims is none of those that the certificate's key identifier is known to mean.
pub(super) fn key_beside_its_identifier(by: &str, claimed: &Claimed, shown: &Certificate) -> Option<String> {
    let said = claimed.issuer_spki_sha256?;
    let mut meant = CaTable.keys_by_ski(shown.authority_key_id.as_ref()?);
    let first = meant.next()?;
    (first != said && meant.all(|key| key != said)).then(|| {
        format!(
            "{by} says that the key {said} issued it; the certificate’s key identifier is that of the key {first}."
        )
    })
}

/// In what two claims cannot be of one certificate. Of the same source its own number of the issuer counts too.
pub(super) fn differences(one: &Claimed, other: &Claimed, is_same_source: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, one: Option<String>, other: Option<String>| {
        if let (Some(one), Some(other)) = (one, other)
            && one != other
        {
            found.push(format!("{what} {one} and {other}"));
        }
    };
    differ("the first moments", one.not_before.map(whole), other.not_before.map(whole));
    differ("the last moments", one.not_after.map(whole), other.not_after.map(whole));
    let key = |claimed: &Claimed| claimed.spki_sha256.map(|key| key.to_string());
    differ("the keys", key(one), key(other));
    let issuer = |claimed: &Claimed| claimed.issuer_spki_sha256.map(|key| key.to_string());
    differ("the issuer keys", issuer(one), issuer(other));
    let tbs = |claimed: &Claimed| claimed.tbs_sha256.map(|hash| hexadecimal(&hash));
    differ("the contents", tbs(one), tbs(other));
    let names = |claimed: &Claimed| {
        let all: BTreeSet<String> = claimed.dns_names.iter().map(|name| name.to_lowercase()).collect();
        claimed.names_are_complete.then(|| all.into_iter().collect::<Vec<_>>().join(", "))
    };
    differ("the names", names(one), names(other));
    if is_same_source {
        let number = |claimed: &Claimed| claimed.issuer_number.map(|number| number.to_string());
        differ("the source’s numbers of the issuer", number(one), number(other));
        if one.is_apart && other.is_apart {
            found.push("more rows of the source than one certificate can have".to_owned());
        }
    }
    found
}

fn whole(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// The values in a name, without what differs between those who write it: order, quotes, how attributes are called.
fn values(name: &str) -> Vec<String> {
    let plain: String = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\\')).collect();
    let mut values: Vec<String> = plain
        .split([',', '+', '/'])
        .map(|piece| piece.split_once('=').map_or(piece, |(_, value)| value).to_lowercase())
        .filter(|value| !value.is_empty())
        .collect();
    values.sort_unstable();
    values
}
