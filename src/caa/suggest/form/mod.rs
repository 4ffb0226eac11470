//! The forms in which owners publish DNS records: one file a form, each a plain function of the set.
//!
//! Values are printable ASCII (see [`SuggestedRecord`]); each form quotes what its own reader would take for
//! something else. Notes are comments where the form has comments.

mod dnscontrol;
mod google_cloud;
mod json_text;
mod octodns;
#[cfg(test)]
pub(super) mod reading;
mod rfc3597;
mod route53;
mod terraform;
#[cfg(test)]
mod tests;
mod tinydns;
mod zone;

use super::record::SuggestedRecord;
use crate::dns_name::DnsName;

/// The width of comments, in columns.
const COMMENT_WIDTH: usize = 100;

/// A record set to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// The name that has the records.
    pub name: DnsName,
    /// The zone that the name is in: itself or a name above.
    pub zone: DnsName,
    /// The time to live, in seconds.
    pub ttl: u32,
    /// The records.
    pub records: Vec<SuggestedRecord>,
}

/// A form of publishing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines of a zone file (RFC 1035 section 5).
    Zone,
    /// Lines of a zone file for servers that do not know CAA (RFC 3597 section 5).
    Rfc3597,
    /// Lines of tinydns-data.
    Tinydns,
    /// A ChangeBatch for Amazon Route 53.
    Route53,
    /// A resource of Terraform's AWS provider.
    Terraform,
    /// A file for `gcloud dns record-sets import`.
    GoogleCloud,
    /// A statement of DNSControl.
    DnsControl,
    /// An item for a zone file of octoDNS.
    OctoDns,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Zone,
        Self::Rfc3597,
        Self::Tinydns,
        Self::Route53,
        Self::Terraform,
        Self::GoogleCloud,
        Self::DnsControl,
        Self::OctoDns,
    ];

    /// The name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Rfc3597 => "rfc3597",
            Self::Tinydns => "tinydns",
            Self::Route53 => "route53",
            Self::Terraform => "terraform",
            Self::GoogleCloud => "google-cloud",
            Self::DnsControl => "dnscontrol",
            Self::OctoDns => "octodns",
        }
    }

    /// What begins a comment line; `None` where the form has no comments.
    pub fn comment(self) -> Option<&'static str> {
        match self {
            Self::Zone | Self::Rfc3597 => Some("; "),
            Self::Tinydns | Self::Terraform | Self::GoogleCloud | Self::OctoDns => Some("# "),
            Self::DnsControl => Some("// "),
            Self::Route53 => None,
        }
    }

    /// Whether the form says which zone the name is in.
    pub fn names_zone(self) -> bool {
        matches!(self, Self::Terraform | Self::OctoDns)
    }

    /// What has to be done with the form, in one sentence.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Zone | Self::Rfc3597 => {
                "Put these lines into the zone file in the place of the name's CAA records, and raise its serial."
            }
            Self::Tinydns => {
                "Put these lines into tinydns's file “data” in the place of the name's CAA records."
            }
            Self::Route53 => {
                "aws route53 change-resource-record-sets --hosted-zone-id ZONE --change-batch file://FILE; UPSERT puts \
                 the set in the place of the name's CAA records."
            }
            Self::Terraform => {
                "A CAA set that is there already and not in the state has to be imported first (terraform import)."
            }
            Self::GoogleCloud => {
                "gcloud dns record-sets import FILE --zone=ZONE adds the set where the name has no CAA records. Where it \
                 has some, gcloud dns record-sets update NAME --type=CAA --zone=ZONE --ttl=TTL --rrdatas=… puts the \
                 values of rrdatas in their place (“gcloud topic escaping” for a value with a comma)."
            }
            Self::DnsControl => "Goes after the D() of the zone; remove the name's CAA records there.",
            Self::OctoDns => {
                "Goes into the zone's YAML file, into the list under the key that is named; a single record that stands \
                 there without a list becomes the list's first item, and a CAA record that is there gives way."
            }
        }
    }

    /// Renders a set, with notes as comments where the form has any.
    pub fn render(self, set: &RecordSet, notes: &[String]) -> String {
        let body = match self {
            Self::Zone => zone::render(set),
            Self::Rfc3597 => rfc3597::render(set),
            Self::Tinydns => tinydns::render(set),
            Self::Route53 => route53::render(set),
            Self::Terraform => terraform::render(set),
            Self::GoogleCloud => google_cloud::render(set),
            Self::DnsControl => dnscontrol::render(set),
            Self::OctoDns => octodns::render(set),
        };
        match self.comment() {
            Some(prefix) => comments(prefix, notes) + &body,
            None => body,
        }
    }
}

impl RecordSet {
    /// The name without the zone; empty at the zone's apex.
    fn relative_name(&self) -> &str {
        let name = self.name.as_str();
        name.strip_suffix(self.zone.as_str())
            .map_or(name, |relative| relative.strip_suffix('.').unwrap_or(relative))
    }
}

/// Notes as comment lines. They may quote what others wrote, and nothing of that may end the comment.
fn comments(prefix: &str, notes: &[String]) -> String {
    let continued = format!("{prefix}  ");
    let options = textwrap::Options::new(COMMENT_WIDTH)
        .initial_indent(prefix)
        .subsequent_indent(&continued)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = |note: String| textwrap::fill(note.trim(), &options) + "\n";
    let said = notes.iter().map(|note| one_line(note)).filter(|note| !note.trim().is_empty());
    said.map(lines).collect::<Vec<_>>().concat()
}

/// A text in which nothing ends the line for any reader: neither ASCII's line ends nor those of Unicode, which
/// JavaScript and YAML know, nor anything else that is no letter, digit, blank or visible mark.
fn one_line(text: &str) -> String {
    let is_plain = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() || "“”‘’–…".contains(c);
    text.chars().map(|c| if is_plain(c) { c } else { '?' }).collect()
}

/// Text in double quotes as zone files have it (RFC 1035 section 5.1), and with it every provider that takes
/// records in that form.
fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len().saturating_add(2));
    text.push('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

/// The record as a zone file has it: flags, tag, value in quotes (RFC 8659 section 4.1.1).
fn presentation(record: &SuggestedRecord) -> String {
    format!("{} {} {}", record.flags(), record.tag(), quoted(record.value()))
}
