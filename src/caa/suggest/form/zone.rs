//! Lines of a zone file.
//!
//! Source: RFC 1035 section 5.1 for the file, RFC 8659 section 4.1.1 for the record. The value always stands in
//! quotes: a bare `;` would begin a comment. A quoted value of a CAA record is one string without the 255 octets of
//! a character-string (erratum 4062 to RFC 6844).

use super::{RecordSet, presentation};

pub(super) fn render(set: &RecordSet) -> String {
    let line = |record| format!("{}. {} IN CAA {}\n", set.name, set.ttl, presentation(record));
    set.records.iter().map(line).collect::<Vec<_>>().concat()
}
