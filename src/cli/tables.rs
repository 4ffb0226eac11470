//! `pinstead tables`: maintains the embedded tables under `data/`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Exit;
use crate::ct::log_list::{ListReading, LogList};
use crate::tables::ca::{
    CaCertificate, CaInputs, CaTables, CaTexts, IdentifierInput, OwnerRecords, contacts_csv, pem_certificates,
};
use crate::tables::logs::{ListInput, ListSource, LogTables, LogTexts};
use crate::x509::SpkiSha256;

/// Options of `pinstead tables`.
#[derive(Debug, Args)]
pub(super) struct TablesOptions {
    #[command(subcommand)]
    table: Table,
}

#[derive(Debug, Subcommand)]
enum Table {
    /// Build the tables of CT logs from log lists
    Logs(LogsOptions),
    /// Build the tables of CAs from CA certificates, owner reports and lists of CAA identifiers
    Ca(CaOptions),
}

#[derive(Debug, Args)]
struct LogsOptions {
    /// A log list: chrome, apple, mozilla, android, or any other name for one that only adds keys; then its
    /// file, and what the list does not say itself: signature=FILE, date=RFC3339, version=TEXT, derived
    #[arg(long = "list", value_name = "NAME=FILE[,…]", required = true)]
    lists: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct CaOptions {
    /// CA certificates: a file with PEM blocks anywhere in it, or a directory of such files
    #[arg(long, value_name = "LABEL=PATH")]
    certificates: Vec<String>,
    /// Further pairs of key identifier and key: CSV of base64 SKI, base64 SHA-256(SPKI)
    #[arg(long, value_name = "LABEL=FILE")]
    key_identifiers: Vec<String>,
    /// CCADB's CSV report of all certificate records
    #[arg(long, value_name = "LABEL=FILE")]
    owners: Vec<String>,
    /// CCADB's CSV report of problem reporting mechanisms
    #[arg(long, value_name = "LABEL=FILE")]
    contacts: Vec<String>,
    /// CAA identifiers, JSON: {"domains": {ID: {SOURCE: OWNER}}} or {"ca": {LABEL: [ID]}}
    #[arg(long, value_name = "LABEL=FILE")]
    identifiers: Vec<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Place {
    /// Fold the inputs into the tables of this directory
    #[arg(long, value_name = "DIR")]
    merge: Option<PathBuf>,
    /// Write the tables to this directory
    #[arg(long, value_name = "DIR", default_value = "data")]
    output: PathBuf,
}

/// The file names of the log tables, and those of the CA tables.
const LOG_FILES: [&str; 3] = ["ct-logs.tsv", "ct-log-states.tsv", "ct-log-lists.tsv"];
const CA_FILES: [&str; 6] = [
    "ca-keys.tsv",
    "ca-identifiers.tsv",
    "ca-organisations.tsv",
    "ca-certificates.tsv",
    "ca-near-misses.tsv",
    "ca-contacts.tsv",
];

/// Builds tables.
pub(super) fn run(options: &TablesOptions) -> anyhow::Result<Exit> {
    match &options.table {
        Table::Logs(options) => logs(options)?,
        Table::Ca(options) => ca(options)?,
    }
    Ok(Exit::Clean)
}

fn logs(options: &LogsOptions) -> anyhow::Result<()> {
    let mut tables = match options.place.earlier(LOG_FILES)? {
        None => LogTables::default(),
        Some([logs, states, lists]) => LogTables::parse(&LogTexts { logs, states, lists })
            .context("reading the log tables to merge with")?,
    };
    let inputs = options.lists.iter().map(|list| list_input(list)).collect::<Result<_, _>>()?;
    tables.add(inputs)?;
    let texts = tables.render();
    options.place.write(LOG_FILES, [&texts.logs, &texts.states, &texts.lists])
}

/// Reads `NAME=FILE[,signature=FILE][,date=RFC3339][,version=TEXT][,derived]`.
fn list_input(argument: &str) -> anyhow::Result<ListInput> {
    let mut parts = argument.split(',');
    let (name, file) = labelled(parts.next().unwrap_or_default())?;
    let mut signature = None;
    let mut input_date = None;
    let mut version = None;
    let mut derived = false;
    for part in parts {
        match part.split_once('=') {
            Some(("signature", file)) => signature = Some(read(Path::new(file))?),
            Some(("date", date)) => {
                let date: Timestamp = date.parse().with_context(|| format!("the date of {argument}"))?;
                input_date = Some(date);
            }
            Some(("version", text)) => version = Some(text.to_owned()),
            None if part == "derived" => derived = true,
            _ => bail!("“{part}” is none of signature=FILE, date=RFC3339, version=TEXT and derived"),
        }
    }
    let octets = read(Path::new(file))?;
    let how = ListReading { signature: signature.as_deref(), also_v2: true, ..ListReading::default() };
    let list = LogList::read(&octets, &how).with_context(|| format!("reading {file}"))?;
    for problem in &list.problems {
        note(&format!("{file}: {problem}"));
    }
    Ok(ListInput { source: ListSource::from_name(name), list, version, date: input_date, derived })
}

fn ca(options: &CaOptions) -> anyhow::Result<()> {
    let mut tables = match options.place.earlier(CA_FILES)? {
        None => CaTables::default(),
        Some([keys, identifiers, organisations, certificates, near_misses, contacts]) => {
            let texts = CaTexts { keys, identifiers, organisations, certificates, near_misses, contacts };
            CaTables::parse(&texts).context("reading the CA tables to merge with")?
        }
    };
    let mut inputs = CaInputs::default();
    for (label, path) in labels(&options.certificates)? {
        inputs.sources.push(label.to_owned());
        for file in files(Path::new(path))? {
            certificates(&file, &mut inputs.certificates)?;
        }
    }
    for (label, path) in labels(&options.key_identifiers)? {
        inputs.sources.push(label.to_owned());
        inputs.key_identifiers.extend(key_identifiers(&read_text(Path::new(path))?));
    }
    for (label, path) in labels(&options.owners)? {
        inputs.sources.push(label.to_owned());
        let text = read_text(Path::new(path))?;
        let records = OwnerRecords::parse_csv(&text);
        inputs.owners.extend(records.with_context(|| format!("reading {path}"))?);
        // Reports of certificates may have the column, and need not.
        inputs.contacts.extend(contacts_csv(&text).unwrap_or_default());
    }
    for (label, path) in labels(&options.contacts)? {
        inputs.sources.push(label.to_owned());
        let contacts = contacts_csv(&read_text(Path::new(path))?);
        inputs.contacts.extend(contacts.with_context(|| format!("reading {path}"))?);
    }
    for (label, path) in labels(&options.identifiers)? {
        inputs.sources.push(label.to_owned());
        let list = IdentifierInput::parse_json(label, &read(Path::new(path))?);
        let list = list.with_context(|| format!("reading {path}"))?;
        for refused in &list.refused {
            note(&format!("{path}: “{refused}” is no CAA identifier"));
        }
        inputs.identifiers.push(list);
    }
    tables.add(&inputs);
    let texts = tables.render();
    let written = [
        &texts.keys,
        &texts.identifiers,
        &texts.organisations,
        &texts.certificates,
        &texts.near_misses,
        &texts.contacts,
    ];
    options.place.write(CA_FILES, written)
}

fn certificates(file: &Path, into: &mut Vec<CaCertificate>) -> anyhow::Result<()> {
    for block in pem_certificates(&read_text(file)?) {
        match block.and_then(|der| CaCertificate::parse(&der)) {
            Ok(certificate) => into.push(certificate),
            Err(fault) => note(&format!("{}: {fault}", file.display())),
        }
    }
    Ok(())
}

/// Rows of two base64 fields; others, such as the header, are no pairs.
fn key_identifiers(text: &str) -> Vec<(Vec<u8>, SpkiSha256)> {
    let pair = |line: &str| {
        let (identifier, key) = line.trim().split_once(',')?;
        Some((STANDARD.decode(identifier).ok()?, SpkiSha256::from_base64(key)?))
    };
    text.lines().filter_map(pair).collect()
}

impl Place {
    /// The texts of earlier tables.
    fn earlier<const N: usize>(&self, names: [&str; N]) -> anyhow::Result<Option<[String; N]>> {
        let Some(directory) = &self.merge else { return Ok(None) };
        let mut texts = [const { String::new() }; N];
        for (name, text) in names.into_iter().zip(&mut texts) {
            *text = read_text(&directory.join(name))?;
        }
        Ok(Some(texts))
    }

    fn write<const N: usize>(&self, names: [&str; N], texts: [&String; N]) -> anyhow::Result<()> {
        for (name, text) in names.into_iter().zip(texts) {
            let path = self.output.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

fn labels(arguments: &[String]) -> anyhow::Result<Vec<(&str, &str)>> {
    arguments.iter().map(|argument| labelled(argument)).collect()
}

fn labelled(argument: &str) -> anyhow::Result<(&str, &str)> {
    argument.split_once('=').ok_or_else(|| anyhow!("“{argument}” is not NAME=FILE"))
}

/// The file itself, or the files of a directory in the order of their names.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| format!("reading {}", path.display()))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(|| format!("reading {}", path.display()))?;
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(path)?).with_context(|| format!("reading {}", path.display()))
}

fn note(message: &str) {
    // Nothing is left to do where even the message cannot be written.
    let _ = writeln!(anstream::stderr(), "note: {message}");
}
