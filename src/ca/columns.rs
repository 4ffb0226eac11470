//! The columns of `ca-certificates.tsv` and `ca-near-misses.tsv`, once for the program that writes the tables, the
//! build script that compiles them and the code that looks things up in them.

/// Hands a macro every column with a value that is taken for a pin, and what the value is: those of a key first, then
/// those of a certificate. A value's place here is the last octet of its compiled record.
macro_rules! with_values {
    ($then:ident) => {
        $then! {
            "spki_sha1" => Miscomputed::SpkiSha1,
            "spki_sha512" => Miscomputed::SpkiSha512,
            "spki_pem_text" => Miscomputed::SpkiPemText,
            "spki_base64_text" => Miscomputed::SpkiBase64Text,
            "raw_key" => Miscomputed::RawKey,
            "raw_key_sha1" => Miscomputed::RawKeySha1,
            "rsa2048_header" => Miscomputed::WrongHeader(KeyHeader::Rsa2048),
            "rsa3072_header" => Miscomputed::WrongHeader(KeyHeader::Rsa3072),
            "rsa4096_header" => Miscomputed::WrongHeader(KeyHeader::Rsa4096),
            "p256_header" => Miscomputed::WrongHeader(KeyHeader::P256),
            "p384_header" => Miscomputed::WrongHeader(KeyHeader::P384),
            "modulus" => Miscomputed::Modulus,
            "compressed_point" => Miscomputed::CompressedPoint,
            "coordinates" => Miscomputed::Coordinates,
            "sha256" => Miscomputed::Certificate,
            "sha1" => Miscomputed::CertificateSha1,
            "pem_text" => Miscomputed::CertificatePemText,
            "tbs" => Miscomputed::Tbs,
        }
    };
}
pub(crate) use with_values;

/// Hands a macro what a certificate can be on a path: the word in the table, and the variant of `CertificateKind`.
macro_rules! with_kinds {
    ($then:ident) => {
        $then! { "root" => Root, "removed" => Removed, "intermediate" => Intermediate, }
    };
}
pub(crate) use with_kinds;

macro_rules! columns_of {
    ($($column:literal => $kind:expr,)*) => { [$($column),*] };
}

/// The columns with values, in the order of [`with_values`].
const VALUES: [&str; 18] = with_values!(columns_of);

/// How many of them are values of a key.
const OF_KEY: usize = 14;

/// The columns of `ca-near-misses.tsv` with values.
pub(crate) const KEY_VALUES: &[&str] = VALUES.split_at(OF_KEY).0;

/// The columns of `ca-certificates.tsv` with values; the first is the certificate's own hash, in full.
pub(crate) const CERTIFICATE_VALUES: &[&str] = VALUES.split_at(OF_KEY).1;

/// The columns of `ca-near-misses.tsv`.
pub(crate) const NEAR_MISS_COLUMNS: &[&str] = &joined::<15>(&["key"], KEY_VALUES);

/// The columns of `ca-certificates.tsv`.
pub(crate) const CERTIFICATE_COLUMNS: &[&str] = &joined::<11>(
    &["sha256", "key", "subject", "issuer", "issuer_keys", "kind", "not_before", "not_after"],
    CERTIFICATE_VALUES.split_at(1).1,
);

const fn joined<const N: usize>(first: &[&'static str], then: &[&'static str]) -> [&'static str; N] {
    assert!(first.len() + then.len() == N, "a column is missing");
    let mut columns = [""; N];
    let mut place = 0;
    while place < N {
        columns[place] = if place < first.len() { first[place] } else { then[place - first.len()] };
        place += 1;
    }
    columns
}
