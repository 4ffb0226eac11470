//! TLSA records of DANE, from a zone file or from the DNS.
//!
//! Source: RFC 6698 section 2 (the record) and section 4 (only with DNSSEC), RFC 7671 section 5 (what each usage
//! compares), RFC 7672 section 3.1 (SMTP). Any one record that matches is enough. Usage 3 compares the server's own
//! certificate or key and nothing else, neither name nor dates; usage 2 a CA certificate that the server sends; usages 1
//! and 0 the same two on a path that ordinary validation accepts.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod lookup;
mod record;
#[cfg(test)]
pub(crate) mod tests;
mod text;

pub use self::lookup::{is_looked_up, not_looked_up, of_lookup, unanswered};
pub(in crate::pins) use self::record::SMTP;
use self::record::{Record, Standing};
use super::{PinFormat, PinInput};
use crate::pins::model::{
    Combination, ComparedWith, Enforcement, EnforcementMode, HostPattern, PinEntry, PinSource,
};

/// The format's id.
pub(in crate::pins) const ID: &str = "tlsa";

/// The most records of one source.
const MOST_RECORDS: usize = 1_000;

/// TLSA records in a zone file.
pub(super) struct Tlsa;

impl PinFormat for Tlsa {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        text::has_records(input.text.as_deref().unwrap_or_default())
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let (found, mut problems) = text::read(input.text.as_deref().unwrap_or_default());
        if found.len() > MOST_RECORDS {
            return Err(format!("it has more than {MOST_RECORDS} TLSA records"));
        }
        problems.extend(found.iter().filter_map(|(_, record)| record.fault()));
        let why = "whether the records are signed with DNSSEC is not known from a file, and without it no client uses \
                   them (RFC 6698 section 4): look them up (--tlsa HOST:PORT)";
        let enforcement = Enforcement { mode: EnforcementMode::Unknown, why: why.to_owned() };
        let mut services: Vec<(HostPattern, Vec<Record>)> = Vec::new();
        for (service, record) in found {
            match services.iter_mut().find(|(known, _)| *known == service) {
                Some((_, records)) => records.push(record),
                None => services.push((service, vec![record])),
            }
        }
        let entries = services
            .iter()
            .enumerate()
            .flat_map(|(number, (service, records))| entries(service, records, &enforcement, number))
            .collect();
        Ok(PinSource { entries, problems, ..PinSource::of(ID) })
    }

    /// The records of every service of the host.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }

    /// One record that matches is enough (RFC 6698 section 2.1).
    fn combination(&self) -> Combination {
        Combination::Union
    }
}

/// The entries of one service: one for each certificate usage, for each compares with certificates of its own, and
/// apart from these what clients leave aside.
fn entries(
    service: &HostPattern,
    records: &[Record],
    enforcement: &Enforcement,
    pin_set: usize,
) -> Vec<PinEntry> {
    let HostPattern::Service { port, .. } = service else { return Vec::new() };
    let kind = |record: &Record| (record.standing(*port), record.usage);
    let mut kinds: Vec<(Standing, u8)> = records.iter().map(kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    // RFC 7672 section 2.2: where no record is usable, TLS is required and authentication is not.
    let unauthenticated = *port == SMTP && kinds.iter().all(|(standing, _)| *standing != Standing::Usable);
    let entry = |(standing, usage): (Standing, u8)| {
        let of_kind = || records.iter().filter(|record| kind(record) == (standing, usage));
        let unused = |why: &str| {
            let rest = if unauthenticated {
                "; as there is no other, mail servers that do DANE require TLS and do not authenticate the server (RFC \
                 7672 section 2.2)"
            } else {
                ""
            };
            Enforcement { mode: EnforcementMode::No, why: format!("{why}{rest}") }
        };
        let enforcement = match standing {
            Standing::Usable => enforcement.clone(),
            Standing::NotForMail => unused(
                "between mail servers, records of usage 0 and 1 are left aside (RFC 7672 section 3.1.3)",
            ),
            Standing::Unusable => {
                unused("no client can use these records, and all leave them aside (RFC 6698 section 4.1)")
            }
        };
        PinEntry {
            pins: of_kind().map(Record::pin).collect(),
            pin_set: Some(pin_set.saturating_add(1)),
            line: of_kind().find_map(|record| record.line),
            compared_with: match usage {
                2 | 3 => ComparedWith::ServedChain,
                _ => ComparedWith::ValidatedPath,
            },
            ..PinEntry::of(service.clone(), enforcement)
        }
    };
    kinds.into_iter().map(entry).collect()
}
