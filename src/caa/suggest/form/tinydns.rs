//! Lines of tinydns-data: `:fqdn:n:rdata:ttl`, the form for any record type.
//!
//! Source: <https://cr.yp.to/djbdns/tinydns-data.html>: fields are separated by colons, octets may be written as `\`
//! and three octal digits, and blanks at the end of a line do not count. Everything but letters, digits, hyphens and
//! dots is written so.

use super::RecordSet;
use crate::caa::suggest::record::SuggestedRecord;

pub(super) fn render(set: &RecordSet) -> String {
    let line = |record: &SuggestedRecord| {
        let rdata: Vec<String> = record.rdata().into_iter().map(octet).collect();
        format!(":{}:257:{}:{}\n", set.name, rdata.concat(), set.ttl)
    };
    set.records.iter().map(line).collect::<Vec<_>>().concat()
}

fn octet(octet: u8) -> String {
    match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(octet).to_string(),
        _ => format!("\\{octet:03o}"),
    }
}
