//! A record set in YAML, as `gcloud dns record-sets import` reads and `export` writes it.
//!
//! Source: gcloud reference, `gcloud dns record-sets import`; Cloud DNS API, ResourceRecordSets: names end with a dot,
//! and rrdatas are as in RFC 1035 section 5. Strings of YAML stand in single quotes, where only a single quote is
//! special, and is doubled (YAML 1.2 section 7.3.2).

use super::{RecordSet, presentation};
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let line = |record: &SuggestedRecord| format!("- {}\n", single_quoted(&presentation(record)));
    let rrdatas = set.records.iter().map(line).collect::<Vec<_>>().concat();
    format!(
        "---\nkind: dns#resourceRecordSet\nname: {}\nrrdatas:\n{rrdatas}ttl: {}\ntype: CAA\n",
        single_quoted(&format!("{}.", set.name)),
        set.ttl
    )
}

/// A string of YAML in single quotes.
pub(super) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
