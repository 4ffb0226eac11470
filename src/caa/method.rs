//! The labels of validation methods in `validationmethods`.
//!
//! Sources: RFC 8657 section 4 and the IANA registry of ACME validation methods; ballot SC-098v2, which gives the
//! methods that ACME has no label for those of `ca-tbr-` and the number of their subsection of TLS BR 3.2.2.4.

/// ACME's labels for DNS names.
const ACME: [&str; 6] =
    ["http-01", "dns-01", "tls-alpn-01", "dns-account-01", "dns-persist-01", "onion-csr-01"];

/// Before the number of a subsection of TLS BR 3.2.2.4.
const TBR: &str = "ca-tbr-";

/// The last subsection of TLS BR 3.2.2.4 read here.
const LAST_SUBSECTION: u32 = 22;

/// Subsections that say only that the method must not be used any more.
const ENDED: [u32; 7] = [1, 3, 5, 6, 9, 10, 11];

/// What a label stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodLabel {
    /// A method of ACME.
    Acme,
    /// A method of TLS BR 3.2.2.4, by subsection.
    BaselineRequirements(u32),
    /// A method of TLS BR 3.2.2.4 that must not be used any more.
    Ended(u32),
    /// `ca-tbr-` with something behind it that is no subsection.
    NoSubsection,
    /// The label of a method in other letter case than it has.
    LetterCase,
    /// No label known here.
    Unknown,
}

impl MethodLabel {
    /// Reads one label of a list.
    pub fn read(label: &str) -> Self {
        if ACME.contains(&label) {
            return Self::Acme;
        }
        if let Some(number) = label.strip_prefix(TBR) {
            return subsection(number);
        }
        let lower = label.to_ascii_lowercase();
        if lower != label && Self::read(&lower) != Self::Unknown { Self::LetterCase } else { Self::Unknown }
    }
}

fn subsection(number: &str) -> MethodLabel {
    let is_plain = number.bytes().all(|octet| octet.is_ascii_digit()) && !number.starts_with('0');
    match number.parse() {
        Ok(number) if is_plain && ENDED.contains(&number) => MethodLabel::Ended(number),
        Ok(number) if is_plain && number <= LAST_SUBSECTION => MethodLabel::BaselineRequirements(number),
        _ => MethodLabel::NoSubsection,
    }
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
            ("ca-tbr-6", MethodLabel::Ended(6)),
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
