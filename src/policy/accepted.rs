//! `[[accepted_certificate]]` of the policy: a certificate that the owner knows, and accepts until a day.

use core::fmt;
use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::PinnedKey;
use crate::x509::{SpkiSha256, hexadecimal};

/// A certificate that the owner accepts, whoever issued it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct AcceptedCertificate {
    /// Which.
    pub which: Accepted,
    /// Why.
    pub reason: String,
    /// The last day, UTC.
    pub until: Date,
}

/// By what an accepted certificate is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accepted {
    /// The SHA-256 of the certificate, of its precertificate, or of the TBSCertificate that both have in common.
    Sha256([u8; 32]),
    /// The key that issued it, and its serial number in lower-case hexadecimal without leading zeros: what a CA gives to
    /// one certificate only (RFC 5280 section 4.1.2.2).
    Issued(SpkiSha256, String),
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hash) => write!(f, "the certificate of SHA-256 {}", hexadecimal(hash)),
            Self::Issued(_, serial) => write!(f, "the certificate of serial number {serial}"),
        }
    }
}

impl AcceptedCertificate {
    /// Whether the day has come and gone.
    pub fn is_past(&self, at: Timestamp) -> bool {
        at.to_zoned(TimeZone::UTC).date() > self.until
    }
}

impl JsonSchema for AcceptedCertificate {
    fn schema_name() -> Cow<'static, str> {
        "AcceptedCertificate".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

/// A certificate that is known and accepted, whoever issued it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "AcceptedCertificate")]
struct Written {
    /// The SHA-256 of the certificate, its precertificate or its TBSCertificate, in hexadecimal; or give both of the next.
    #[schemars(extend("format" = "sha256-hex"))]
    sha256: Option<String>,
    /// The key that issued it, in the base64 that pins use.
    issuer_spki_sha256: Option<PinnedKey>,
    /// Its serial number, in hexadecimal.
    #[schemars(extend("format" = "serial-hex"))]
    serial: Option<String>,
    /// Why it is accepted.
    reason: String,
    /// The last day on which it is accepted, UTC.
    #[schemars(extend("format" = "date"))]
    until: Until,
}

impl TryFrom<Written> for AcceptedCertificate {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let which = match (written.sha256, written.issuer_spki_sha256, written.serial) {
            (Some(text), None, None) => Accepted::Sha256(sha256(&text)?),
            (None, Some(key), Some(text)) => Accepted::Issued(key.0, serial(&text)?),
            _ => {
                return Err(
                    "say which certificate: with sha256 (of the certificate, its precertificate or its \
                            TBSCertificate), or with both issuer_spki_sha256 and serial"
                        .to_owned(),
                );
            }
        };
        let reason = written.reason.trim();
        if reason.is_empty() {
            return Err("its reason is empty: say why the certificate is accepted".to_owned());
        }
        Ok(Self { which, reason: reason.to_owned(), until: written.until.0 })
    }
}

/// A day, as TOML has it or as text.
#[derive(Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Until(Date);

impl TryFrom<toml::Value> for Until {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let text = match &value {
            toml::Value::Datetime(time) => time.to_string(),
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        day(&text).map(Self)
    }
}

/// A day, and no time of it: that would be dropped silently.
pub(crate) fn day(text: &str) -> Result<Date, String> {
    let day = text.parse().ok().filter(|_| text.len() == "2027-03-01".len());
    day.ok_or_else(|| {
        format!("“{text}” is no day: write the last one on which it is accepted, as 2027-03-01")
    })
}

/// Hexadecimal, with or without colons between the octets.
fn digits(text: &str) -> Option<String> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    (!digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digits)
}

pub(super) fn sha256(text: &str) -> Result<[u8; 32], String> {
    let octets = digits(text).filter(|digits| digits.len() == 64).map(|digits| {
        let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect::<Vec<u8>>()
    });
    octets.and_then(|octets| octets.try_into().ok()).ok_or_else(|| {
        format!(
            "“{text}” is not the hexadecimal of a SHA-256 hash (64 digits), as reports and `openssl x509 \
                 -fingerprint -sha256` show it"
        )
    })
}

pub(super) fn serial(text: &str) -> Result<String, String> {
    let digits = digits(text).filter(|digits| digits.len() <= 256);
    let digits = digits.ok_or_else(|| format!("“{text}” is no serial number in hexadecimal"))?;
    let short = digits.trim_start_matches('0');
    Ok(if short.is_empty() { "0" } else { short }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    const KEY: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn policy(entry: &str) -> Result<Vec<AcceptedCertificate>, String> {
        let text = format!("expect_ca = []\n\n[[accepted_certificate]]\n{entry}");
        let policy = Policy::parse("pinstead.toml", text.as_bytes()).map_err(|error| error.to_string())?;
        Ok(policy.accepted_certificate)
    }

    #[test]
    fn a_certificate_is_named_by_a_hash_or_by_issuer_and_serial() {
        let hash = "0A:".repeat(31) + "ff";
        let entry = format!("sha256 = \"{hash}\"\nreason = \"ours\"\nuntil = 2027-03-01\n");
        let read = policy(&entry).unwrap();
        assert!(matches!(read[0].which, Accepted::Sha256([10, .., 255])), "{read:?}");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!read[0].is_past(at("2027-03-01T23:59:59Z")) && read[0].is_past(at("2027-03-02T00:00:00Z")));
        let entry = format!(
            "issuer_spki_sha256 = \"{KEY}\"\nserial = \"00:0A:1b\"\nreason = \"ours\"\nuntil = \"2027-03-01\"\n"
        );
        let read = policy(&entry).unwrap();
        assert!(matches!(&read[0].which, Accepted::Issued(_, serial) if serial == "a1b"), "{read:?}");
        assert_eq!(read[0].which.to_string(), "the certificate of serial number a1b");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_was_meant() {
        let hash = "ab".repeat(32);
        for (entry, line, why) in [
            (format!("sha256 = \"{hash}\"\nreason = \"x\"\n"), "line 3", "missing field `until`"),
            (format!("sha256 = \"{hash}\"\nuntil = 2027-03-01\n"), "line 3", "missing field `reason`"),
            ("reason = \"x\"\nuntil = 2027-03-01\n".to_owned(), "line 3", "say which certificate"),
            (
                format!("sha256 = \"{hash}\"\nserial = \"01\"\nreason = \"x\"\nuntil = 2027-03-01\n"),
                "line 3",
                "both issuer_spki_sha256 and serial",
            ),
            (
                format!("sha256 = \"{hash}\"\nreason = \"x\"\nuntil = \"soon\"\n"),
                "line 6",
                "“soon” is no day: write the last one",
            ),
            (
                format!("sha256 = \"{hash}\"\nreason = \"x\"\nuntil = 2027-03-01T10:00:00Z\n"),
                "line 6",
                "is no day",
            ),
            (
                format!("sha256 = \"{hash}\"\nreason = \" \"\nuntil = 2027-03-01\n"),
                "line 3",
                "reason is empty",
            ),
            ("sha256 = \"abc\"\nreason = \"x\"\nuntil = 2027-03-01\n".to_owned(), "line 4", "64 digits"),
            (format!("sha265 = \"{hash}\"\nreason = \"x\"\nuntil = 2027-03-01\n"), "line 4", "sha265"),
        ] {
            let error = policy(&entry).unwrap_err();
            assert!(error.contains(line) && error.contains(why), "{entry}: {error}");
        }
        let twice = format!("sha256 = \"{hash}\"\nreason = \"x\"\nuntil = 2027-03-01\n");
        let error = policy(&format!("{twice}\n[[accepted_certificate]]\n{twice}")).unwrap_err();
        assert!(
            error.contains("[[accepted_certificate]] has the same certificate twice, in the lines 3 and 8"),
            "{error}"
        );
    }
}
