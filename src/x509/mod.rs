//! Certificates: reading them, cutting their bytes exactly, and building paths to anchors.

mod bundle;
mod certificate;
pub mod crl;
pub(crate) mod der;
pub(crate) mod distribution;
mod hash;
pub mod miscomputed;
mod name_matching;
pub mod ocsp;
pub(crate) mod parts;
pub mod path;
pub mod paths;
mod pem;
pub mod precertificate;
mod signature;
pub(crate) mod time;

pub use self::bundle::{Bundle, BundleError, LABELS, begins_as_der};
pub use self::certificate::{Certificate, SubjectNames, hexadecimal, leaf_index};
pub use self::der::DerError;
pub use self::hash::{CertificateSha256, Fingerprints, SpkiSha256};
pub use self::ocsp::{MAX_OCSP_RESPONSE, OcspError};
pub use self::parts::{CertificateError, MAX_CERTIFICATE};
pub use self::path::{ChainPosition, PathCertificate};
pub use self::pem::{CertificateFileError, MAX_CERTIFICATES, certificate_ders, read_certificates};
pub use self::signature::{SignatureCheck, is_signed_by};

#[cfg(test)]
mod tests;
