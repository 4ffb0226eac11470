//! The tables of CA certificates and near misses, as Rust arrays and one block of octets.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{CERTIFICATE_VALUES, KEY_VALUES, with_kinds};
use crate::table::{self, Row, Table, declare, emit};

macro_rules! variant_of {
    ($($word:literal => $variant:ident,)*) => {
        |text: &str| match text {
            $($word => Some(stringify!($variant)),)*
            _ => None,
        }
    };
}

/// What stands for a hash: its first 6 octets.
type Prefix = [u8; 6];

/// The code that `src/ca/certificates.rs` includes, and the sorted records of near misses: 6 octets of the value,
/// 2 of the key's position, 1 of what the value is. `keys` are the sorted key hashes, 32 octets each.
pub(crate) fn compile(keys: &[u8]) -> Result<(String, Vec<u8>), String> {
    let mut positions: BTreeMap<Prefix, u16> = BTreeMap::new();
    for (position, key) in (0..).zip(keys.as_chunks::<32>().0) {
        if positions.insert(short(key), position).is_some() {
            return Err("data/ca-keys.tsv: two keys begin with the same 6 octets".to_owned());
        }
    }
    let mut records = BTreeSet::new();
    let near_misses = Table::read("data/ca-near-misses.tsv")?;
    for row in near_misses.rows() {
        let key = known(row, "key", &positions)?;
        for (kind, column) in (0..).zip(KEY_VALUES) {
            if let Some(value) = row.read_optional(column, prefix)? {
                records.insert(record(value, key, kind));
            }
        }
    }
    let certificates = Table::read("data/ca-certificates.tsv")?;
    let mut entries = BTreeSet::new();
    for row in certificates.rows() {
        let key = known(row, "key", &positions)?;
        let sha256: [u8; 32] = row.read("sha256", |text| table::base64(text)?.try_into().ok())?;
        for (kind, column) in (0..).zip(KEY_VALUES.iter().chain(CERTIFICATE_VALUES)).skip(KEY_VALUES.len()) {
            let value = if *column == "sha256" { short(&sha256) } else { row.read(column, prefix)? };
            records.insert(record(value, key, kind));
        }
        entries.insert((key, sha256, entry(row, key, &sha256, &positions)?));
    }
    let mut code = String::new();
    declare(
        &mut code,
        "NEAR_MISSES: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/ca_near_misses.bin\"));",
    );
    declare(&mut code, &format!("CERTIFICATES: [CertificateEntry; {}] = [", entries.len()));
    for (_, _, entry) in &entries {
        emit(&mut code, entry);
    }
    emit(&mut code, "];");
    Ok((code, records.into_iter().flatten().collect()))
}

fn entry(
    row: Row<'_>,
    key: u16,
    sha256: &[u8; 32],
    positions: &BTreeMap<Prefix, u16>,
) -> Result<String, String> {
    let issuers = row.read_optional("issuer_keys", |text| {
        text.split(' ').map(|text| positions.get(&prefix(text)?).copied()).collect::<Option<Vec<u16>>>()
    })?;
    let kind = row.read("kind", with_kinds!(variant_of))?;
    let seconds = |column| row.read(column, table::time).map(|(seconds, _)| seconds);
    Ok(format!(
        "CertificateEntry {{ sha256: {sha256:?}, key: {key}, subject: {:?}, issuer: {:?}, issuer_keys: &{:?}, \
         kind: CertificateKind::{kind}, not_before: {}, not_after: {} }},",
        row.read("subject", prefix)?,
        row.read("issuer", prefix)?,
        issuers.unwrap_or_default(),
        seconds("not_before")?,
        seconds("not_after")?,
    ))
}

fn known(row: Row<'_>, column: &str, positions: &BTreeMap<Prefix, u16>) -> Result<u16, String> {
    let key = row.read(column, prefix)?;
    positions.get(&key).copied().ok_or_else(|| row.error("this key is not in ca-keys.tsv"))
}

fn record(value: Prefix, key: u16, kind: u8) -> [u8; 9] {
    let mut record = [0; 9];
    record[..6].copy_from_slice(&value);
    record[6..8].copy_from_slice(&key.to_be_bytes());
    record[8] = kind;
    record
}

fn prefix(text: &str) -> Option<Prefix> {
    table::base64(text)?.try_into().ok()
}

fn short(hash: &[u8; 32]) -> Prefix {
    std::array::from_fn(|position| hash[position])
}
