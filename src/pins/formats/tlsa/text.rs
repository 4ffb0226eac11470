//! TLSA records in a zone file (RFC 1035 section 5; RFC 6698 section 2.2; RFC 3597 section 5).

use super::record::Record;
use crate::pins::model::{HostPattern, Problem, ProblemKind};

/// The most octets of one record's text: a whole certificate in hexadecimal, and some.
const LONGEST_RECORD: usize = 256 << 10;

/// The acronyms of certificate usages (RFC 7218).
const USAGES: [&str; 4] = ["PKIX-TA", "PKIX-EE", "DANE-TA", "DANE-EE"];

/// A record's words, and where it begins.
struct Entry<'t> {
    line: usize,
    /// Whether it begins with white space, and so has the owner of the one before.
    continues: bool,
    words: Vec<&'t str>,
}

/// Whether a text has a line that looks like a TLSA record.
pub(super) fn has_records(text: &str) -> bool {
    text.lines().any(|line| {
        let words: Vec<&str> = without_comment(line).split_whitespace().take(8).collect();
        let at = words.iter().position(|word| is_type(word));
        at.is_some_and(|at| {
            let next = at.checked_add(1).and_then(|next| words.get(next)).copied().unwrap_or_default();
            at <= 4 && (next == "\\#" || next.starts_with('(') || number(next, &USAGES).is_some())
        })
    })
}

/// The records with their services, and what cannot be read.
pub(super) fn read(text: &str) -> (Vec<(HostPattern, Record)>, Vec<Problem>) {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let mut origin: Option<String> = None;
    let mut owner = String::new();
    for entry in entries(text) {
        if let [directive, name, ..] = entry.words.as_slice()
            && directive.eq_ignore_ascii_case("$ORIGIN")
        {
            origin = Some(name.trim_end_matches('.').to_ascii_lowercase());
            continue;
        }
        let mut words = entry.words.as_slice();
        if let (false, [first, rest @ ..]) = (entry.continues, words) {
            owner = absolute(first, origin.as_deref());
            words = rest;
        }
        let Some(at) = words.iter().take(3).position(|word| is_type(word)) else { continue };
        let Some([_, fields @ ..]) = words.get(at..) else { continue };
        let not_read = |what: String| Problem::of(ProblemKind::NotRead, Some(entry.line), what);
        match (service(&owner), record(fields, entry.line)) {
            (Some(service), Some(record)) => records.push((service, record)),
            (None, _) => problems.push(not_read(format!(
                "the TLSA record of “{owner}” is for no service: its name does not begin with _PORT._PROTOCOL"
            ))),
            (_, None) => problems.push(not_read(format!("the TLSA record of {owner} cannot be read"))),
        }
    }
    (records, problems)
}

/// The service that an owner's name is for.
pub(super) fn service(owner: &str) -> Option<HostPattern> {
    let mut labels = owner.splitn(3, '.');
    let port = labels.next()?.strip_prefix('_')?.parse().ok()?;
    let transport = labels.next()?.strip_prefix('_').filter(|name| !name.is_empty())?.to_owned();
    let host = labels.next().filter(|host| !host.is_empty())?.to_owned();
    Some(HostPattern::Service { host, port, transport })
}

fn is_type(word: &str) -> bool {
    word.eq_ignore_ascii_case("TLSA") || word.eq_ignore_ascii_case("TYPE52")
}

fn absolute(name: &str, origin: Option<&str>) -> String {
    let lower = name.to_ascii_lowercase();
    match (lower.strip_suffix('.'), origin) {
        (Some(name), _) => name.to_owned(),
        (None, Some(origin)) if lower == "@" => origin.to_owned(),
        (None, Some(origin)) if !origin.is_empty() => format!("{lower}.{origin}"),
        (None, _) => lower,
    }
}

fn record(fields: &[&str], line: usize) -> Option<Record> {
    if let ["\\#", length, hex @ ..] = fields {
        let rdata = octets(hex)?;
        let record = Record::read(&rdata).filter(|_| length.parse() == Ok(rdata.len()))?;
        return Some(Record { line: Some(line), ..record });
    }
    let [usage, selector, matching, hex @ ..] = fields else { return None };
    Some(Record {
        usage: number(usage, &USAGES)?,
        selector: number(selector, &["CERT", "SPKI"])?,
        matching: number(matching, &["FULL", "SHA2-256", "SHA2-512"])?,
        data: octets(hex)?,
        line: Some(line),
    })
}

/// A number, or its acronym (RFC 7218).
fn number(word: &str, acronyms: &[&str]) -> Option<u8> {
    let by_name = || acronyms.iter().position(|name| name.eq_ignore_ascii_case(word));
    word.parse().ok().or_else(|| by_name().and_then(|at| u8::try_from(at).ok()))
}

fn octets(words: &[&str]) -> Option<Vec<u8>> {
    let digits: Vec<u32> = words
        .iter()
        .flat_map(|word| word.chars())
        .map(|symbol| symbol.to_digit(16))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high.checked_mul(16)?.checked_add(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

fn without_comment(line: &str) -> &str {
    line.split(';').next().unwrap_or_default()
}

/// The entries of a zone file, those in parentheses joined.
fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let (mut is_open, mut length) = (false, 0_usize);
    for (line, number) in text.lines().map(without_comment).zip(1_usize..) {
        if !is_open {
            length = 0;
            let continues = line.starts_with(char::is_whitespace);
            entries.push(Entry { line: number, continues, words: Vec::new() });
        }
        length = length.saturating_add(line.len());
        // What is left open to the end of the file is no record.
        is_open = (is_open || line.contains('(')) && !line.contains(')') && length < LONGEST_RECORD;
        if let Some(entry) = entries.last_mut() {
            let is_gap = |symbol: char| symbol.is_whitespace() || matches!(symbol, '(' | ')');
            entry.words.extend(line.split(is_gap).filter(|word| !word.is_empty()));
        }
    }
    entries.retain(|entry| !entry.words.is_empty());
    entries
}
