//! The texts of the world's files.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::DemoError;
use super::super::authority::CaCertificate;
use super::{CARELESS_CA, EXPECTED_CA, LEGACY, SHOP};
use crate::x509::SpkiSha256;

/// The policy: what the owner of the world expects.
pub(super) fn policy(expected: &CaCertificate, careless: &CaCertificate) -> String {
    let ca = |owner: &str, certificate: &CaCertificate, identifier: &str| {
        format!(
            "\n[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"{identifier}\"]\n",
            certificate.key.spki_sha256()
        )
    };
    format!(
        "# What the owner of demo.example expects.\nexpect_ca = [\"{EXPECTED_CA}\"]\n\
         pins = [\"network_security_config.xml\"]\n{}{}",
        ca("Demo CA", expected, EXPECTED_CA),
        ca("Careless CA", careless, CARELESS_CA)
    )
}

/// Android pins: good ones for the shop (a key in use and a backup); for the other host a set that has
/// expired and names no key in use.
pub(super) fn network_security_config(
    in_use: SpkiSha256,
    backup: SpkiSha256,
    forgotten: SpkiSha256,
    now: Timestamp,
) -> Result<String, DemoError> {
    let day = |days: i64| -> Result<String, DemoError> {
        let at = now.checked_add(SignedDuration::from_hours(days * 24))?;
        Ok(at.to_zoned(TimeZone::UTC).date().to_string())
    };
    let set = |host: &str, expiration: &str, pins: &[SpkiSha256]| {
        let line = |pin: &SpkiSha256| format!("      <pin digest=\"SHA-256\">{pin}</pin>\n");
        let pins = pins.iter().map(line).collect::<Vec<_>>().concat();
        format!(
            "  <domain-config>\n    <domain includeSubdomains=\"false\">{host}</domain>\n    \
             <pin-set expiration=\"{expiration}\">\n{pins}    </pin-set>\n  </domain-config>\n"
        )
    };
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<network-security-config>\n{}{}</network-security-config>\n",
        set(SHOP, &day(300)?, &[in_use, backup]),
        set(LEGACY, &day(-200)?, &[forgotten])
    ))
}
