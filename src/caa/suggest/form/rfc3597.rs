//! Lines of a zone file for name servers that do not know the type CAA.
//!
//! Source: RFC 3597 section 5: `TYPE257 \# length hexadecimal`.

use super::RecordSet;
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let line = |record: &SuggestedRecord| {
        let rdata = record.rdata();
        let hexadecimal: Vec<String> = rdata.iter().map(|octet| format!("{octet:02x}")).collect();
        format!("{}. {} IN TYPE257 \\# {} {}\n", set.name, set.ttl, rdata.len(), hexadecimal.concat())
    };
    set.records.iter().map(line).collect::<Vec<_>>().concat()
}
