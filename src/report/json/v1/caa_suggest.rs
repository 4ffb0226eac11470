//! The JSON of `pinstead caa suggest`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::caa::Verdict;
use crate::caa::suggest::{
    CaInUse, Form, RecordSet, Sighting, SightingSource, SuggestedRecord, Suggestion, Wildcards,
};
use crate::dns_name::DnsName;
use crate::judge::InUse;

/// The report of `pinstead caa suggest`.
#[derive(Debug, Serialize)]
pub struct SuggestDocument<'a> {
    schema_version: u32,
    name: &'a str,
    /// `strict` or `lenient`.
    mode: &'static str,
    /// `suggested` or `undetermined`.
    status: &'static str,
    zone: Option<&'a str>,
    ttl: Option<u32>,
    /// `seen`, `none_seen` (among the certificates given) or `unknown`.
    wildcards: &'static str,
    cas: Vec<JsonCa<'a>>,
    records: Vec<JsonRecord<'a>>,
    published: Option<JsonDifference<'a>>,
    verdicts: Vec<JsonPermit<'a>>,
    /// CAs in use, or named, that could not be written down: then there are no records, unless `--ca` names others.
    unresolved: Vec<&'a str>,
    /// What else the owner has to settle before the set is published.
    open: &'a [String],
    notes: &'a [String],
    /// The set in each form, by its name.
    forms: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct JsonCa<'a> {
    ca: &'a str,
    identifier: &'a str,
    why: &'a str,
    alternatives: &'a [String],
    wildcard: bool,
    evidence: Vec<JsonSighting<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonSighting<'a> {
    source: SightingSource,
    detail: &'a str,
    wildcard: bool,
}

#[derive(Debug, Serialize)]
struct JsonRecord<'a> {
    flags: u8,
    tag: &'a str,
    value: &'a str,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonDifference<'a> {
    /// `at_name`, `inherited`, `none`, `undetermined`, `not_checked` or `not_applicable`.
    status: &'static str,
    keep: &'a [String],
    add: &'a [String],
    remove: &'a [String],
    inherited: &'a [String],
}

#[derive(Debug, Serialize)]
struct JsonPermit<'a> {
    ca: &'a str,
    wildcard: bool,
    verdict: Verdict,
    reason: &'a str,
    /// Whether the CA is not known to be in use, and is kept because it is published now.
    kept: bool,
}

impl<'a> SuggestDocument<'a> {
    /// The report; `suggested` is `None` where no records could be suggested.
    pub fn new(
        name: &'a DnsName,
        strict: bool,
        in_use: &'a InUse,
        suggested: Option<(&'a Suggestion, &'a RecordSet)>,
        notes: &'a [String],
    ) -> Self {
        let (suggestion, set) = suggested.unzip();
        Self {
            schema_version: 1,
            name: name.as_str(),
            mode: if strict { "strict" } else { "lenient" },
            status: if suggested.is_some() { "suggested" } else { "undetermined" },
            zone: set.map(|set| set.zone.as_str()),
            ttl: set.map(|set| set.ttl),
            wildcards: match in_use.wildcards {
                Wildcards::Seen => "seen",
                Wildcards::NoneAmong(_) => "none_seen",
                Wildcards::Unknown => "unknown",
            },
            cas: in_use.cas.iter().map(JsonCa::new).collect(),
            records: set.into_iter().flat_map(|set| set.records.iter()).map(JsonRecord::new).collect(),
            published: suggestion.map(|suggestion| JsonDifference {
                status: suggestion.difference.state.name(),
                keep: &suggestion.difference.keep,
                add: &suggestion.difference.add,
                remove: &suggestion.difference.remove,
                inherited: &suggestion.difference.inherited,
            }),
            verdicts: suggestion
                .into_iter()
                .flat_map(|suggestion| suggestion.permits.iter())
                .map(|permit| JsonPermit {
                    ca: &permit.verdict.ca,
                    wildcard: permit.wildcard,
                    verdict: permit.verdict.verdict,
                    reason: &permit.verdict.reason,
                    kept: permit.kept,
                })
                .collect(),
            unresolved: in_use.unresolved.iter().chain(&in_use.unusable).map(String::as_str).collect(),
            open: suggestion.map_or(&[], |suggestion| suggestion.open.as_slice()),
            notes,
            forms: set
                .into_iter()
                .flat_map(|set| Form::ALL.map(|form| (form.name(), form.render(set, &[]))))
                .collect(),
        }
    }
}

impl<'a> JsonCa<'a> {
    fn new(ca: &'a CaInUse) -> Self {
        let evidence = |sighting: &'a Sighting| JsonSighting {
            source: sighting.source,
            detail: &sighting.detail,
            wildcard: sighting.wildcard,
        };
        Self {
            ca: &ca.identity.label,
            identifier: &ca.identifier,
            why: &ca.why,
            alternatives: &ca.alternatives,
            wildcard: ca.issues_wildcards(),
            evidence: ca.sightings.iter().map(evidence).collect(),
        }
    }
}

impl<'a> JsonRecord<'a> {
    fn new(record: &'a SuggestedRecord) -> Self {
        Self { flags: record.flags(), tag: record.tag(), value: record.value(), why: &record.why }
    }
}
