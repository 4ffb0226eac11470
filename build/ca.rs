//! The CA tables as Rust arrays of numbers and texts, and the key hashes as one block of octets.

use std::collections::{BTreeMap, BTreeSet};

use crate::owner_key::owner_key;
use crate::table::{self, Row, Table, declare, emit};

/// Between the parts of a field.
const SEPARATOR: &str = " | ";

/// What the rows of one key say together.
#[derive(Default)]
struct Key<'t> {
    root: bool,
    owner: Option<&'t str>,
    owner_source: &'t str,
    subject: &'t str,
    not_after: &'t str,
    organisations: BTreeSet<&'t str>,
    root_organisations: BTreeSet<&'t str>,
}

/// Texts and sets, each once, by position.
struct Pool<T> {
    positions: BTreeMap<T, u16>,
    order: Vec<T>,
}

/// The code that `src/ca/table.rs` includes, and the sorted key hashes.
pub(crate) fn compile() -> Result<(String, Vec<u8>), String> {
    let keys = Table::read("data/ca-keys.tsv")?;
    let retired = Table::read("data/ca-retired.tsv")?;
    let identifiers = Table::read("data/ca-identifiers.tsv")?;
    let organisations = Table::read("data/ca-organisations.tsv")?;
    let contacts = Table::read("data/ca-contacts.tsv")?;
    let mut code = String::new();
    let (known, owners) = known_identifiers(&identifiers, &mut code)?;
    write_retired(&retired, &known, &mut code)?;
    write_contacts(&contacts, &mut code)?;
    let of_organisation = identifier_sets(&organisations, &known)?;
    let (keys, skis, names) = read_keys(&keys)?;
    owner_keys(owners.iter().copied().chain(keys.values().filter_map(|key| key.owner)), &mut code);

    let octets: Vec<u8> = keys.keys().flatten().copied().collect();
    declare(&mut code, "SPKIS: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/ca_spkis.bin\"));");
    write_keys(keys.values(), &of_organisation, &mut code)?;
    index(&skis, &names, &keys, &mut code);
    Ok((code, octets))
}

/// What a key is found by, beside the key.
type Pairs<K> = BTreeSet<(K, Vec<u8>)>;

/// The keys, and the pairs by key identifier and by name.
type Read<'t> = (BTreeMap<Vec<u8>, Key<'t>>, Pairs<Vec<u8>>, Pairs<u64>);

fn read_keys(table: &Table) -> Result<Read<'_>, String> {
    let mut keys: BTreeMap<Vec<u8>, Key<'_>> = BTreeMap::new();
    let (mut skis, mut names) = (Pairs::new(), Pairs::new());
    for row in table.rows() {
        let spki = row.read("spki_sha256", table::base64)?;
        if spki.len() != 32 {
            return Err(row.error("a key hash has 32 octets"));
        }
        if let Some(ski) = row.read_optional("ski", table::hex)? {
            skis.insert((ski, spki.clone()));
        }
        if let Some(name) = row.read_optional("name_hash", |text| table::hex(text)?.try_into().ok())? {
            names.insert((u64::from_be_bytes(name), spki.clone()));
        }
        join(keys.entry(spki).or_default(), row)?;
    }
    Ok((keys, skis, names))
}

/// Adds a row to its key. The certificate that expires last gives the subject.
fn join<'t>(key: &mut Key<'t>, row: Row<'t>) -> Result<(), String> {
    key.root |= row.read("role", |text| match text {
        "root" => Some(true),
        "intermediate" => Some(false),
        _ => None,
    })?;
    if key.owner.is_none() {
        key.owner = row.optional("owner")?;
        key.owner_source = row.text("owner_source")?;
    }
    let not_after = row.optional("not_after")?.unwrap_or_default();
    if key.subject.is_empty() || not_after > key.not_after {
        key.subject = row.optional("subject")?.unwrap_or_default();
        key.not_after = not_after;
    }
    key.organisations.extend(row.optional("organisation")?);
    key.root_organisations
        .extend(row.optional("root_organisations")?.into_iter().flat_map(|text| text.split(SEPARATOR)));
    Ok(())
}

/// Writes `IDENTIFIERS`; gives them in that order, and all owners.
fn known_identifiers<'t>(
    table: &'t Table,
    code: &mut String,
) -> Result<(BTreeMap<&'t str, u16>, BTreeSet<&'t str>), String> {
    let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in table.rows() {
        let owners = row.optional("owners")?.map(|owners| owners.split(SEPARATOR).collect());
        if known.insert(row.text("identifier")?, owners.unwrap_or_default()).is_some() {
            return Err(row.error("this identifier stands in the table already"));
        }
    }
    declare(code, &format!("IDENTIFIERS: [(&str, &[&str]); {}] = [", known.len()));
    for (identifier, owners) in &known {
        emit(code, &format!("({identifier:?}, &{owners:?}),"));
    }
    emit(code, "];");
    let owners = known.values().flatten().copied().collect();
    Ok((known.into_keys().zip(0..).collect(), owners))
}

/// Writes `RETIRED`: the identifiers of CAs that stopped, sorted.
fn write_retired(table: &Table, known: &BTreeMap<&str, u16>, code: &mut String) -> Result<(), String> {
    let mut entries = BTreeMap::new();
    for row in table.rows() {
        let identifier = row.text("identifier")?;
        if !known.contains_key(identifier) {
            return Err(row.error(&format!("{identifier} is not in ca-identifiers.tsv")));
        }
        let kind = row.read("kind", |text| match text {
            "stopped" => Some("Stopped"),
            "distrusted" => Some("Distrusted"),
            _ => None,
        })?;
        let entry = format!(
            "RetiredIdentifier {{ identifier: {identifier:?}, kind: RetirementKind::{kind}, since: {:?}, what: {:?}, \
             source: {:?} }},",
            row.text("since")?,
            row.text("what")?,
            row.text("source")?
        );
        if entries.insert(identifier, entry).is_some() {
            return Err(row.error("this identifier stands in the table already"));
        }
    }
    declare(code, &format!("RETIRED: [RetiredIdentifier; {}] = [", entries.len()));
    for entry in entries.values() {
        emit(code, entry);
    }
    emit(code, "];");
    Ok(())
}

/// Writes `CONTACTS`: where owners take problem reports, by their names as `owner_key` reduces them, sorted.
fn write_contacts(table: &Table, code: &mut String) -> Result<(), String> {
    let mut contacts = BTreeMap::new();
    for row in table.rows() {
        let all = row.text("contacts")?.split(SEPARATOR).collect::<Vec<_>>().join(" or ");
        if contacts.insert(owner_key(row.text("owner")?), all).is_some() {
            return Err(row.error("this owner stands in the table already"));
        }
    }
    declare(code, &format!("CONTACTS: [(&str, &str); {}] = [", contacts.len()));
    for (owner, contact) in &contacts {
        emit(code, &format!("({owner:?}, {contact:?}),"));
    }
    emit(code, "];");
    Ok(())
}

/// The identifiers of each organisation, by position.
fn identifier_sets<'t>(
    table: &'t Table,
    known: &BTreeMap<&str, u16>,
) -> Result<BTreeMap<&'t str, BTreeSet<u16>>, String> {
    let set = |row: Row<'t>| {
        let identifiers = row.text("identifiers")?.split(' ').map(|identifier| {
            let position = known.get(identifier).copied();
            position.ok_or_else(|| row.error(&format!("{identifier} is not in ca-identifiers.tsv")))
        });
        Ok((row.text("organisation")?, identifiers.collect::<Result<_, String>>()?))
    };
    table.rows().map(set).collect()
}

/// Writes `OWNER_KEYS`.
fn owner_keys<'t>(owners: impl Iterator<Item = &'t str>, code: &mut String) {
    let keys: BTreeSet<String> = owners.map(owner_key).filter(|key| !key.is_empty()).collect();
    let keys: Vec<String> = keys.into_iter().collect();
    declare(code, &format!("OWNER_KEYS: [&str; {}] = {keys:?};", keys.len()));
}

/// Writes `KEYS`, `STRINGS` and `SETS`.
fn write_keys<'t, 'k: 't>(
    keys: impl Iterator<Item = &'t Key<'k>>,
    of_organisation: &BTreeMap<&str, BTreeSet<u16>>,
    code: &mut String,
) -> Result<(), String> {
    let mut strings = Pool::new();
    let mut sets = Pool::new();
    let mut entries = String::new();
    let mut count = 0;
    for key in keys {
        let owner = key.owner.map_or(Ok(u16::MAX), |owner| strings.position(owner))?;
        let owner_source = match key.owner_source {
            "certificate" => "Certificate",
            "root_name" => "RootName",
            "issuer" => "Issuer",
            "unknown" => "Unknown",
            other => return Err(format!("data/ca-keys.tsv: “{other}” is not a valid owner_source")),
        };
        let mut set = |organisations: &BTreeSet<&str>| {
            let of_all = organisations.iter().filter_map(|organisation| of_organisation.get(organisation));
            sets.position(of_all.flatten().copied().collect::<BTreeSet<u16>>())
        };
        let of_root: BTreeSet<&str> = key.root_organisations.iter().copied().chain(key.owner).collect();
        let (by_subject, by_root) = (set(&key.organisations)?, set(&of_root)?);
        emit(
            &mut entries,
            &format!(
                "KeyEntry {{ owner: {owner}, owner_source: OwnerSource::{owner_source}, subject: {}, \
                 not_after: {}, role: CaRole::{}, by_subject: {by_subject}, by_root: {by_root} }},",
                strings.position(key.subject)?,
                strings.position(key.not_after)?,
                if key.root { "Root" } else { "Intermediate" },
            ),
        );
        count += 1;
    }
    declare(code, &format!("KEYS: [KeyEntry; {count}] = [{entries}];"));
    declare(code, &format!("STRINGS: [&str; {}] = {:?};", strings.order.len(), strings.order));
    let sets: Vec<String> =
        sets.order.iter().map(|set| format!("&{:?}", set.iter().collect::<Vec<_>>())).collect();
    declare(code, &format!("SETS: [&[u16]; {}] = [{}];", sets.len(), sets.join(", ")));
    Ok(())
}

/// Writes `SKIS` and `NAMES`: sorted, each beside the position of its key.
fn index(skis: &Pairs<Vec<u8>>, names: &Pairs<u64>, keys: &BTreeMap<Vec<u8>, Key<'_>>, code: &mut String) {
    let position: BTreeMap<&Vec<u8>, usize> = keys.keys().zip(0..).collect();
    declare(code, &format!("SKIS: [(&[u8], u16); {}] = [", skis.len()));
    for (ski, spki) in skis {
        emit(code, &format!("(&{ski:?}, {}),", position[spki]));
    }
    emit(code, "];");
    declare(code, &format!("NAMES: [(u64, u16); {}] = [", names.len()));
    for (name, spki) in names {
        emit(code, &format!("({name}, {}),", position[spki]));
    }
    emit(code, "];");
}

impl<T: Ord + Clone> Pool<T> {
    fn new() -> Self {
        Self { positions: BTreeMap::new(), order: Vec::new() }
    }

    fn position(&mut self, value: T) -> Result<u16, String> {
        if let Some(position) = self.positions.get(&value) {
            return Ok(*position);
        }
        // The last position stands for an absent owner.
        let position = u16::try_from(self.order.len()).ok().filter(|position| *position < u16::MAX);
        let position = position.ok_or("the CA tables have too many texts for 16-bit positions")?;
        self.positions.insert(value.clone(), position);
        self.order.push(value);
        Ok(position)
    }
}
