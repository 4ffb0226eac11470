//! The labels of validation methods in `validationmethods`.
//!
//! Sources: RFC 8657 section 4 and the IANA registry of ACME validation methods; ballot SC-098v2, which gives the
//! methods that ACME has no label for those of `ca-tbr-` and the number of their subsection of TLS BR 3.2.2.4; TLS BR
//! 1.2.2 for the days on which methods end (ballots SC-080 and SC-090).

/// ACME's labels for DNS names, each with the subsection of TLS BR 3.2.2.4 that has the same mechanism.
const ACME: [(&str, Option<u32>); 6] = [
    ("http-01", Some(19)),
    ("dns-01", Some(7)),
    ("tls-alpn-01", Some(20)),
    ("dns-account-01", Some(21)),
    ("dns-persist-01", Some(22)),
    ("onion-csr-01", None),
];

/// Before a label to which a CA gives a meaning of its own (RFC 8657 section 4).
const OF_CA: &str = "ca-";

/// Before the number of a subsection of TLS BR 3.2.2.4.
const TBR: &str = "ca-tbr-";

/// The last subsection of TLS BR 3.2.2.4 read here.
const LAST_SUBSECTION: u32 = 22;

/// Subsections whose method must not be used any more, with the first day of that; those without a day ended before
/// there were labels.
const ENDED: [(u32, Option<&str>); 15] = [
    (1, None),
    (2, Some("2025-07-15")),
    (3, None),
    (4, Some("2028-03-15")),
    (5, None),
    (6, None),
    (8, Some("2026-03-15")),
    (9, None),
    (10, None),
    (11, None),
    (13, Some("2028-03-15")),
    (14, Some("2028-03-15")),
    (15, Some("2025-07-15")),
    (16, Some("2027-03-15")),
    (17, Some("2027-03-15")),
];

/// What a label stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodLabel {
    /// A method of ACME.
    Acme,
    /// A method of TLS BR 3.2.2.4, by subsection.
    BaselineRequirements(u32),
    /// A method of TLS BR 3.2.2.4 that must not be used, from a day on or for long.
    Ended {
        /// The subsection.
        subsection: u32,
        /// The first day on which it must not be used. It may be one to come.
        from: Option<&'static str>,
    },
    /// `ca-tbr-` with something behind it that is no subsection.
    NoSubsection,
    /// What the CA that the record names says it is.
    OfCa,
    /// The label of a method in other letter case than it has.
    LetterCase,
    /// No label known here.
    Unknown,
}

impl MethodLabel {
    /// Reads one label of a list.
    pub fn read(label: &str) -> Self {
        if ACME.iter().any(|(known, _)| *known == label) {
            return Self::Acme;
        }
        if let Some(number) = label.strip_prefix(TBR) {
            return subsection(number);
        }
        if label.strip_prefix(OF_CA).is_some_and(|rest| !rest.is_empty()) {
            return Self::OfCa;
        }
        let lower = label.to_ascii_lowercase();
        if lower != label && Self::read(&lower) != Self::Unknown { Self::LetterCase } else { Self::Unknown }
    }
}

/// The subsection of TLS BR 3.2.2.4 with the mechanism that a label stands for.
pub(super) fn mechanism(label: &str) -> Option<u32> {
    match label.strip_prefix(TBR) {
        Some(number) => plain_number(number),
        None => ACME.iter().find(|(known, _)| *known == label).and_then(|(_, subsection)| *subsection),
    }
}

fn subsection(number: &str) -> MethodLabel {
    let Some(subsection) = plain_number(number).filter(|number| *number <= LAST_SUBSECTION) else {
        return MethodLabel::NoSubsection;
    };
    match ENDED.iter().find(|(ended, _)| *ended == subsection) {
        Some((_, from)) => MethodLabel::Ended { subsection, from: *from },
        None => MethodLabel::BaselineRequirements(subsection),
    }
}

fn plain_number(number: &str) -> Option<u32> {
    let is_plain = number.bytes().all(|octet| octet.is_ascii_digit()) && !number.starts_with('0');
    number.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart() {
        for (label, meaning) in [
            ("http-01", MethodLabel::Acme),
            ("dns-persist-01", MethodLabel::Acme),
            ("ca-tbr-7", MethodLabel::BaselineRequirements(7)),
            ("ca-tbr-22", MethodLabel::BaselineRequirements(22)),
            ("ca-tbr-6", MethodLabel::Ended { subsection: 6, from: None }),
            ("ca-tbr-2", MethodLabel::Ended { subsection: 2, from: Some("2025-07-15") }),
            ("ca-tbr-8", MethodLabel::Ended { subsection: 8, from: Some("2026-03-15") }),
            ("ca-tbr-16", MethodLabel::Ended { subsection: 16, from: Some("2027-03-15") }),
            ("ca-tbr-4", MethodLabel::Ended { subsection: 4, from: Some("2028-03-15") }),
            ("ca-tbr-12", MethodLabel::BaselineRequirements(12)),
            ("ca-tbr-18", MethodLabel::BaselineRequirements(18)),
            ("ca-email", MethodLabel::OfCa),
            ("ca-", MethodLabel::Unknown),
            ("ca-tbr-0", MethodLabel::NoSubsection),
            ("ca-tbr-07", MethodLabel::NoSubsection),
            ("ca-tbr-+7", MethodLabel::NoSubsection),
            ("ca-tbr-23", MethodLabel::NoSubsection),
            ("ca-tbr-99999999999", MethodLabel::NoSubsection),
            ("ca-tbr-", MethodLabel::NoSubsection),
            ("ca-tbr-dns", MethodLabel::NoSubsection),
            ("DNS-01", MethodLabel::LetterCase),
            ("CA-TBR-7", MethodLabel::LetterCase),
            ("dns", MethodLabel::Unknown),
            ("3.2.2.4.7", MethodLabel::Unknown),
            ("", MethodLabel::Unknown),
        ] {
            assert_eq!(MethodLabel::read(label), meaning, "{label}");
        }
    }
}
