//! Which zone a name is in, from the answer to a question for its SOA record.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use domain::base::iana::Rtype;
use domain::base::{Message, ToName as _};

use crate::caa::judge::CaaReading;
use crate::dns_name::DnsName;

/// The apex of the zone that `name` is in: the owner of the SOA record in the answer, or of the one that comes with
/// a negative answer (RFC 2308 section 3). `None` where the message does not tell.
pub fn zone_apex(name: &DnsName, message: &[u8]) -> Option<DnsName> {
    let message = Message::from_slice(message).ok()?;
    let soa_of = |section: domain::base::message::RecordSection<'_, [u8]>| {
        section
            .filter_map(Result::ok)
            .filter(|record| record.rtype() == Rtype::SOA)
            .find_map(|record| record.owner().to_cow().to_string().parse::<DnsName>().ok())
    };
    let apex = soa_of(message.answer().ok()?).or_else(|| soa_of(message.authority().ok()?))?;
    name.is_at_or_below(&apex).then_some(apex)
}

/// The target of the alias that a name is, if it is one: nothing else can stand beside a CNAME (RFC 1034
/// section 3.6.2), and nothing below a DNAME (RFC 6672 section 2.4).
pub fn alias_target(reading: &CaaReading) -> Option<&str> {
    reading.steps.first()?.aliases.first().map(String::as_str)
}
