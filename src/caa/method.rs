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

/// What speaks against a label that somebody asks about, or wants to bind a CA to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the validation method “{label}” is named, {}", self.why())]
pub struct LabelFault {
    /// The label.
    pub label: String,
    /// What is wrong with it.
    pub kind: LabelFaultKind,
}

/// What is wrong with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelFaultKind {
    /// It is empty, or has other octets than letters, digits and hyphens: no record can have it.
    Malformed,
    /// It is the label of a method in other letter case.
    LetterCase,
    /// `ca-tbr-` with something behind it that is no subsection.
    NoSubsection,
    /// It is no label known here, but perhaps a new one.
    Unknown,
    /// It stands for a method that must not be used, from a day on or for long.
    Ended {
        /// The subsection.
        subsection: u32,
        /// The first day on which it must not be used. It may be one to come.
        from: Option<&'static str>,
    },
}

/// Says what speaks against a label; nothing does where it stands for a method in use, or has its meaning from the CA.
pub fn check_label(label: &str) -> Result<(), LabelFault> {
    let is_label =
        !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    let kind = match MethodLabel::read(label) {
        _ if !is_label => LabelFaultKind::Malformed,
        MethodLabel::Acme | MethodLabel::BaselineRequirements(_) | MethodLabel::OfCa => return Ok(()),
        MethodLabel::LetterCase => LabelFaultKind::LetterCase,
        MethodLabel::NoSubsection => LabelFaultKind::NoSubsection,
        MethodLabel::Unknown => LabelFaultKind::Unknown,
        MethodLabel::Ended { subsection, from } => LabelFaultKind::Ended { subsection, from },
    };
    Err(LabelFault { label: label.to_owned(), kind })
}

impl LabelFault {
    /// Whether it is sure that no CA takes the label, whatever the day: only a label that is not known here may be a
    /// new one.
    pub fn is_certain(&self) -> bool {
        match self.kind {
            LabelFaultKind::Malformed | LabelFaultKind::LetterCase | LabelFaultKind::NoSubsection => true,
            LabelFaultKind::Unknown => false,
            LabelFaultKind::Ended { from, .. } => from.is_none(),
        }
    }

    /// What is wrong, in words that follow the label, with the label that was probably meant.
    pub fn why(&self) -> String {
        let why = match self.kind {
            LabelFaultKind::Malformed => {
                "which is no label: letters, digits and hyphens (RFC 8657 section 4)".to_owned()
            }
            LabelFaultKind::LetterCase => {
                "and labels are matched as written, in lower case (TLS BR 4.2.2.1.2)".to_owned()
            }
            LabelFaultKind::NoSubsection => "which is no subsection of TLS BR 3.2.2.4".to_owned(),
            LabelFaultKind::Unknown => {
                "which is neither a label of ACME nor “ca-tbr-” with a subsection".to_owned()
            }
            LabelFaultKind::Ended { subsection, from: Some(day) } => format!(
                "and from {day} on CAs must not use that method, TLS BR 3.2.2.4.{subsection}, nor what it validated before"
            ),
            LabelFaultKind::Ended { subsection, from: None } => {
                format!("a method that CAs must not use any more (TLS BR 3.2.2.4.{subsection})")
            }
        };
        self.meant().map_or_else(|| why.clone(), |meant| format!("{why}; {meant} may be meant"))
    }

    /// The label that was probably meant.
    pub fn meant(&self) -> Option<String> {
        if let LabelFaultKind::Ended { .. } = self.kind {
            return None;
        }
        let lower = self.label.to_ascii_lowercase();
        if self.kind == LabelFaultKind::LetterCase {
            return Some(lower);
        }
        let number = ["3.2.2.4.", "tbr-", TBR].iter().find_map(|before| lower.strip_prefix(before));
        if let Some(subsection) = number.map(|number| number.trim_start_matches('0')).and_then(plain_number) {
            let meant = format!("{TBR}{subsection}");
            return check_label(&meant).is_ok().then_some(meant);
        }
        let bare = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let wanted = bare(&lower);
        // “dns01”, “dns_01”, “dns” and “tlsalpn” are near; “dns-02” may be a method to come.
        let is_near = |known: &str| {
            let known = bare(known);
            wanted == known || Some(wanted.as_str()) == known.strip_suffix("01")
        };
        ACME.iter().find(|(known, _)| is_near(known)).map(|(known, _)| (*known).to_owned())
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

    #[test]
    fn what_speaks_against_a_label_is_told_with_what_was_meant() {
        for good in ["dns-01", "ca-tbr-7", "ca-email", "onion-csr-01"] {
            assert_eq!(check_label(good), Ok(()));
        }
        for (label, certain, meant) in [
            ("dns01", false, Some("dns-01")),
            ("http", false, Some("http-01")),
            ("TLSALPN01", false, Some("tls-alpn-01")),
            ("dns_01", true, Some("dns-01")),
            ("3.2.2.4.7", true, Some("ca-tbr-7")),
            ("tbr-7", false, Some("ca-tbr-7")),
            ("HTTP-01", true, Some("http-01")),
            ("ca-tbr-07", true, Some("ca-tbr-7")),
            ("ca-tbr-99", true, None),
            ("ca-tbr-6", true, None),
            ("ca-tbr-16", false, None),
            ("dns-02", false, None),
            ("email", false, None),
            ("x y", true, None),
            ("", true, None),
        ] {
            let fault = check_label(label).unwrap_err();
            assert_eq!((fault.is_certain(), fault.meant().as_deref()), (certain, meant), "{label}");
            assert_eq!(fault.to_string().contains("may be meant"), meant.is_some(), "{fault}");
        }
    }
}
