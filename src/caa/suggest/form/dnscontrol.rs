//! A statement of DNSControl's dnsconfig.js.
//!
//! Source: docs.dnscontrol.org, `CAA`, `D_EXTEND`, `TTL`: the value is given without quotes of its own, DNSControl
//! quotes for the provider; `CAA_CRITICAL` sets the flag 128. `D_EXTEND` finds the zone by itself, so that the name
//! need not be split.

use super::{RecordSet, json_text};
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let line = |record: &SuggestedRecord| {
        let critical = if record.is_critical() { ", CAA_CRITICAL" } else { "" };
        let (tag, value) = (json_text::string(record.tag()), json_text::string(record.value()));
        format!("  CAA(\"@\", {tag}, {value}{critical}, TTL({})),\n", set.ttl)
    };
    let records = set.records.iter().map(line).collect::<Vec<_>>().concat();
    // A last comma in a call is no JavaScript of the version that DNSControl runs.
    let records = records.strip_suffix(",\n").unwrap_or(&records);
    format!("D_EXTEND({},\n{records}\n);\n", json_text::string(set.name.as_str()))
}
