//! An item for a zone file of octoDNS's YamlProvider: a name's records are a list under its key, as a rule with others.
//!
//! Source: github.com/octodns/octodns, `docs/records.md`, `octodns/record/caa.py`, `octodns/provider/yaml.py`: the
//! value stands as it is, without quotes of its own; the `\;` that octoDNS knows belongs to TXT and SPF only. Keys
//! stand in the order of the alphabet, which YamlProvider insists on. Names that YAML could take for something else,
//! and the empty name of the apex, stand in single quotes.

use super::RecordSet;
use super::google_cloud::single_quoted;
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let value = |record: &SuggestedRecord| {
        format!(
            "      - flags: {}\n        tag: {}\n        value: {}\n",
            record.flags(),
            record.tag(),
            single_quoted(record.value())
        )
    };
    let values = set.records.iter().map(value).collect::<Vec<_>>().concat();
    format!(
        "# Add to the list under the key {} of the zone {}:\n  - ttl: {}\n    type: CAA\n    values:\n{values}",
        single_quoted(set.relative_name()),
        set.zone,
        set.ttl
    )
}
