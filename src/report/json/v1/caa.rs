//! The JSON of `pinstead caa`, and of the `caa` part of `pinstead check`.

use serde::Serialize;

use super::nameservers::JsonNameservers;
use crate::caa::record::{CaaRecord, presentation};
use crate::caa::{CaVerdict, CaaReading, Dnssec, Relevant, RelevantSet, Step, StepOutcome, Usage, Verdict};
use crate::rules::Finding;

/// The report of `pinstead caa`.
#[derive(Debug, Serialize)]
pub struct CaaDocument<'a> {
    schema_version: u32,
    names: Vec<CaaName<'a>>,
}

/// What CAA says of one name.
#[derive(Debug, Serialize)]
pub struct CaaName<'a> {
    name: &'a str,
    wildcard: bool,
    /// Where the climb ended: `found`, `none`, `undetermined` or `not_applicable`.
    state: &'static str,
    /// Why CAA does not apply, or what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    steps: Vec<JsonStep<'a>>,
    relevant: Option<JsonSet<'a>>,
    verdicts: Vec<JsonVerdict<'a>>,
    nameservers: JsonNameservers<'a>,
    findings: &'a [Finding],
}

#[derive(Debug, Serialize)]
struct JsonStep<'a> {
    name: &'a str,
    outcome: StepOutcome,
    detail: &'a str,
    aliases: &'a [String],
    dnssec: Dnssec,
}

#[derive(Debug, Serialize)]
struct JsonSet<'a> {
    name: &'a str,
    ttl: u32,
    aliases: &'a [String],
    records: Vec<JsonRecord<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonRecord<'a> {
    flags: u8,
    /// Empty where the record is malformed.
    tag: &'a str,
    /// As DNS shows octets (RFC 1035 section 5.1); a malformed record's whole RDATA (RFC 3597 section 5).
    value: String,
    malformed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct JsonVerdict<'a> {
    ca: &'a str,
    usage: Usage,
    verdict: Verdict,
    reason: &'a str,
}

impl<'a> CaaDocument<'a> {
    /// The report of these names.
    pub fn new(names: Vec<CaaName<'a>>) -> Self {
        Self { schema_version: 1, names }
    }
}

impl<'a> CaaName<'a> {
    /// One name's part of the report, with the findings about it.
    pub fn new(reading: &'a CaaReading, findings: &'a [Finding]) -> Self {
        let (state, note) = match &reading.relevant {
            Relevant::Set(_) => ("found", None),
            Relevant::NoneAnywhere => ("none", None),
            Relevant::Undetermined { at, detail } => ("undetermined", Some(format!("{at}: {detail}"))),
            Relevant::NotApplicable(why) => ("not_applicable", Some(why.to_string())),
        };
        Self {
            name: &reading.name,
            wildcard: reading.wildcard,
            state,
            note,
            steps: reading.steps.iter().map(JsonStep::new).collect(),
            relevant: reading.set().map(JsonSet::new),
            verdicts: reading.verdicts.iter().map(JsonVerdict::new).collect(),
            nameservers: JsonNameservers::new(&reading.nameservers),
            findings,
        }
    }
}

impl<'a> JsonStep<'a> {
    fn new(step: &'a Step) -> Self {
        Self {
            name: step.name.as_str(),
            outcome: step.outcome,
            detail: &step.detail,
            aliases: &step.aliases,
            dnssec: step.dnssec,
        }
    }
}

impl<'a> JsonSet<'a> {
    fn new(set: &'a RelevantSet) -> Self {
        Self {
            name: set.name.as_str(),
            ttl: set.ttl,
            aliases: &set.aliases,
            records: set.records.iter().map(JsonRecord::new).collect(),
        }
    }
}

impl<'a> JsonRecord<'a> {
    fn new(record: &'a CaaRecord) -> Self {
        let flags = record.flags();
        match record {
            CaaRecord::Property(property) => Self {
                flags,
                tag: property.tag.as_str(),
                value: presentation(&property.value),
                malformed: false,
                why: None,
            },
            CaaRecord::Malformed(malformed) => Self {
                flags,
                tag: "",
                value: record.to_string(),
                malformed: true,
                why: Some(malformed.why.to_string()),
            },
        }
    }
}

impl<'a> JsonVerdict<'a> {
    fn new(verdict: &'a CaVerdict) -> Self {
        Self { ca: &verdict.ca, usage: verdict.usage, verdict: verdict.verdict, reason: &verdict.reason }
    }
}
