//! Logs whose SCTs assure nothing, whatever a list says of them.

use serde::Serialize;

use crate::ct::log_id::LogId;

/// Whether an SCT of a log assures that the certificate is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// A production log.
    Real,
    /// Its private key is published: anyone can make its SCTs.
    Mimic,
    /// A placeholder; it never was a log.
    Bogus,
    /// A test log: it may forget what it took.
    Test,
    /// Listed for monitors only; its operator promises nothing for SCTs.
    MonitoringOnly,
}

impl Assurance {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Real, Self::Mimic, Self::Bogus, Self::Test, Self::MonitoringOnly];

    /// The note in the table: `-` for production logs.
    pub fn note(self) -> &'static str {
        match self {
            Self::Real => "-",
            Self::Mimic => "mimic",
            Self::Bogus => "bogus",
            Self::Test => "test",
            Self::MonitoringOnly => "monitoring_only",
        }
    }

    /// The one with this note.
    pub fn from_note(note: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assurance| assurance.note() == note)
    }
}

/// Logs that no list can make good.
///
/// The mimics stand in the list that Chrome serves to others' CT libraries, with private keys that anyone can
/// read (<https://github.com/GoogleChrome/CertificateTransparency/blob/main/3p_libraries.md>). The
/// placeholders only keep libraries from failing on an operator without an RFC 6962 log (all_logs list, 2025-06-21).
pub const DENIED: [(LogId, Assurance); 4] = [
    // 9EGV1vAOLbVUNcrdV3iS5T4VrUFwWPh44U/2uRh0FYk= (Mimic Operator 1)
    (
        LogId([
            0xf4, 0x41, 0x95, 0xd6, 0xf0, 0x0e, 0x2d, 0xb5, 0x54, 0x35, 0xca, 0xdd, 0x57, 0x78, 0x92, 0xe5,
            0x3e, 0x15, 0xad, 0x41, 0x70, 0x58, 0xf8, 0x78, 0xe1, 0x4f, 0xf6, 0xb9, 0x18, 0x74, 0x15, 0x89,
        ]),
        Assurance::Mimic,
    ),
    // si9+3rWvav5QPeBAgbLXTBJThJL+3yyypSZQPO9TztI= (Mimic Operator 2)
    (
        LogId([
            0xb2, 0x2f, 0x7e, 0xde, 0xb5, 0xaf, 0x6a, 0xfe, 0x50, 0x3d, 0xe0, 0x40, 0x81, 0xb2, 0xd7, 0x4c,
            0x12, 0x53, 0x84, 0x92, 0xfe, 0xdf, 0x2c, 0xb2, 0xa5, 0x26, 0x50, 0x3c, 0xef, 0x53, 0xce, 0xd2,
        ]),
        Assurance::Mimic,
    ),
    // LtakTeuPDIZGZ3acTt0EH4QjZ1X6OqymNNCTXfzVmnA= (Geomys)
    (
        LogId([
            0x2e, 0xd6, 0xa4, 0x4d, 0xeb, 0x8f, 0x0c, 0x86, 0x46, 0x67, 0x76, 0x9c, 0x4e, 0xdd, 0x04, 0x1f,
            0x84, 0x23, 0x67, 0x55, 0xfa, 0x3a, 0xac, 0xa6, 0x34, 0xd0, 0x93, 0x5d, 0xfc, 0xd5, 0x9a, 0x70,
        ]),
        Assurance::Bogus,
    ),
    // 0vxlL6X5tzi4N1X6XrFfC0UlP06Po7m2T9TeVmLRhwg= (IPng Networks)
    (
        LogId([
            0xd2, 0xfc, 0x65, 0x2f, 0xa5, 0xf9, 0xb7, 0x38, 0xb8, 0x37, 0x55, 0xfa, 0x5e, 0xb1, 0x5f, 0x0b,
            0x45, 0x25, 0x3f, 0x4e, 0x8f, 0xa3, 0xb9, 0xb6, 0x4f, 0xd4, 0xde, 0x56, 0x62, 0xd1, 0x87, 0x08,
        ]),
        Assurance::Bogus,
    ),
];

/// What is wrong with a log that is denied.
pub fn denied(id: &LogId) -> Option<Assurance> {
    DENIED.iter().find(|(denied, _)| denied == id).map(|&(_, assurance)| assurance)
}
