//! The JSON of `pinstead caa`, and of the `caa` part of `pinstead check`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::nameservers::JsonNameservers;
use crate::caa::record::{CaaRecord, presentation};
use crate::caa::{
    CaVerdict, CaaReading, Dnssec, Issued, IssuedName, Policy, Relevant, RelevantSet, Software,
    SoftwareVerdict, Step, StepOutcome, Usage, Verdict,
};
use crate::rules::Finding;

/// The report of `pinstead caa`.
#[derive(Debug, Serialize)]
pub struct CaaDocument<'a> {
    schema_version: u32,
    names: Vec<CaaName<'a>>,
}

/// How a report that is written name by name begins; the names follow, with commas between them.
pub const BEGIN: &str = r#"{"schema_version":1,"names":["#;

/// How it ends.
pub const END: &str = "]}\n";

/// What CAA says of one name.
#[derive(Debug, Serialize)]
pub struct CaaName<'a> {
    /// Only where the name stands by itself, on a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u32>,
    name: &'a str,
    wildcard: bool,
    /// Where the climb ended: `found`, `none`, `undetermined` or `not_applicable`.
    state: &'static str,
    /// Who may issue, whoever asks: `anyone`, `only` (the CAs of the verdicts), `nobody` or `undetermined`.
    policy: &'static str,
    /// Whether anything that was asked stayed open.
    open: bool,
    /// What this line's run was asked, hashed: a run that goes on with it has to ask the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    /// Why CAA does not apply, or what failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    steps: Vec<JsonStep<'a>>,
    relevant: Option<JsonSet<'a>>,
    verdicts: Vec<JsonVerdict<'a>>,
    /// What was issued, where certificates were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued: Option<JsonIssued<'a>>,
    /// What each authoritative server says, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    nameservers: Option<JsonNameservers<'a>>,
    findings: &'a [Finding],
}

#[derive(Debug, Serialize)]
struct JsonStep<'a> {
    name: &'a str,
    outcome: StepOutcome,
    detail: &'a str,
    aliases: &'a [String],
    dnssec: Dnssec,
    /// Why, where the validator says.
    #[serde(skip_serializing_if = "Option::is_none")]
    dnssec_detail: Option<&'a str>,
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
    /// The identifier that was probably meant, where no table knows the one that was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    did_you_mean: Option<&'static str>,
    /// The software of CAs that is known to conclude something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    software: Vec<JsonSoftware<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonIssued<'a> {
    /// One entry for each name of a certificate that the name is concerned by.
    certificates: Vec<JsonIssuedName<'a>>,
    /// The CAs that are authorised and issued none of them; null where that cannot be said.
    never_issued: Option<&'a [String]>,
    /// How many certificates have an issuer that is not known.
    unknown_issuers: usize,
}

#[derive(Debug, Serialize)]
struct JsonIssuedName<'a> {
    sha256: String,
    name: String,
    issuer: &'a str,
    issuer_caa_identifiers: &'a [String],
    verdict: Verdict,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonSoftware<'a> {
    software: Software,
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
            Relevant::Undetermined { at, detail, .. } => ("undetermined", Some(format!("{at}: {detail}"))),
            Relevant::NotApplicable(why) => ("not_applicable", Some(why.to_string())),
        };
        Self {
            schema_version: None,
            name: &reading.name,
            wildcard: reading.wildcard,
            state,
            policy: match reading.policy() {
                Policy::Anyone => "anyone",
                Policy::Only(_) => "only",
                Policy::Nobody => "nobody",
                Policy::Undetermined(_) => "undetermined",
            },
            open: reading.is_open(),
            run: None,
            note,
            steps: reading.steps.iter().map(JsonStep::new).collect(),
            relevant: reading.set().map(JsonSet::new),
            verdicts: reading.verdicts.iter().map(JsonVerdict::new).collect(),
            issued: None,
            nameservers: JsonNameservers::new(&reading.nameservers),
            findings,
        }
    }

    /// The same where the name stands by itself.
    pub fn line(reading: &'a CaaReading, findings: &'a [Finding]) -> Self {
        Self { schema_version: Some(1), ..Self::new(reading, findings) }
    }

    /// What was given as a name and is none, standing by itself (`alone`) or within a report.
    pub fn invalid(text: &'a str, why: &str, alone: bool) -> Self {
        Self {
            schema_version: alone.then_some(1),
            name: text,
            wildcard: false,
            state: "invalid",
            policy: "undetermined",
            open: true,
            run: None,
            note: Some(why.to_owned()),
            steps: Vec::new(),
            relevant: None,
            verdicts: Vec::new(),
            issued: None,
            nameservers: None,
            findings: &[],
        }
    }

    /// The octets of the JSON, without a line's end.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut octets = Vec::with_capacity(2048);
        serde_json::to_writer(&mut octets, self)?;
        Ok(octets)
    }

    /// The octets of the JSON, and a line's end.
    pub fn to_json_line(&self) -> serde_json::Result<Vec<u8>> {
        let mut octets = self.to_json()?;
        octets.push(b'\n');
        Ok(octets)
    }

    /// With what its run was asked.
    #[must_use]
    pub fn of_run(mut self, run: &'a str) -> Self {
        self.run = Some(run);
        self
    }

    /// With what was issued for the name.
    #[must_use]
    pub fn with_issued(mut self, issued: Option<&'a Issued>) -> Self {
        self.open |= self.state != "not_applicable" && issued.is_some_and(Issued::is_undetermined);
        self.issued = issued.map(JsonIssued::new);
        self
    }

    /// With what was probably meant by identifiers that were asked about.
    #[must_use]
    pub fn with_meant(mut self, meant: &BTreeMap<String, &'static str>) -> Self {
        for verdict in &mut self.verdicts {
            verdict.did_you_mean = meant.get(verdict.ca).copied();
        }
        self
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
            dnssec_detail: step.dnssec_detail.as_deref(),
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
        let software = |other: &'a SoftwareVerdict| JsonSoftware {
            software: other.software,
            verdict: other.verdict,
            reason: &other.reason,
        };
        Self {
            ca: &verdict.ca,
            usage: verdict.usage,
            verdict: verdict.verdict,
            reason: &verdict.reason,
            did_you_mean: None,
            software: verdict.software.iter().map(software).collect(),
        }
    }
}

impl<'a> JsonIssued<'a> {
    fn new(issued: &'a Issued) -> Self {
        let name = |name: &'a IssuedName| JsonIssuedName {
            sha256: name.sha256.to_string(),
            name: name.name.to_string(),
            issuer: &name.issuer,
            issuer_caa_identifiers: &name.identifiers,
            verdict: name.verdict,
            reason: &name.reason,
        };
        Self {
            certificates: issued.names.iter().map(name).collect(),
            never_issued: issued.never_issued.as_deref(),
            unknown_issuers: issued.unknown_issuers,
        }
    }
}
