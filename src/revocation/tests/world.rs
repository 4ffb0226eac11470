//! A CA with its certificates, and lists written octet by octet.
#![expect(clippy::arithmetic_side_effects, reason = "times of this test, all of them small")]

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};

use crate::x509::Certificate;
use crate::x509::der;

/// The time of judging.
pub(super) const NOW: &str = "2026-11-22T00:00:00Z";

/// The usual URL.
pub(super) const URL: &str = "http://crl.example/ca.crl";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// So many days after now.
pub(super) fn days(count: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_hours(24 * count)
}

pub(super) struct Ca {
    pub(super) certificate: Certificate,
    key: KeyPair,
    params: CertificateParams,
}

impl Ca {
    pub(super) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = ca_params(name, &[1], &[]);
        let certificate = Certificate::read(params.self_signed(&key).unwrap().der()).unwrap();
        Self { certificate, key, params }
    }

    /// A certificate with this one's name and key that anyone may have made, and that is not for signing lists.
    pub(super) fn counterfeit(&self) -> Certificate {
        let mut params = self.params.clone();
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Certificate::read(params.self_signed(&self.key).unwrap().der()).unwrap()
    }

    /// A server's certificate of ninety days.
    pub(super) fn leaf(&self, serial: &[u8], urls: &[&str]) -> Certificate {
        self.leaf_for(serial, urls, 90)
    }

    pub(super) fn leaf_for(&self, serial: &[u8], urls: &[&str], days: i64) -> Certificate {
        let mut params = CertificateParams::new(vec!["www.example".to_owned()]).unwrap();
        let first = rcgen::date_time_ymd(2026, 11, 20);
        params.not_before = first;
        let seconds = u64::try_from(days * 86_400 - 1).unwrap();
        params.not_after = first + std::time::Duration::from_secs(seconds);
        self.issue(params, serial, urls)
    }

    /// A CA's certificate below this one.
    pub(super) fn below(&self, name: &str, serial: &[u8], urls: &[&str]) -> Certificate {
        self.issue(ca_params(name, serial, urls), serial, urls)
    }

    /// Another that this one certifies until the end of a day of November 2026.
    pub(super) fn delegate(&self, name: &str, day: u8) -> Self {
        let mut params = ca_params(name, &[9], &[]);
        params.not_after = rcgen::date_time_ymd(2026, 11, day);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = Certificate::read(params.signed_by(&key, &issuer).unwrap().der()).unwrap();
        Self { certificate, key, params }
    }

    /// A server's certificate whose list at the usual URL is another's (RFC 5280 section 4.2.1.13, cRLIssuer).
    pub(super) fn leaf_listed_by(&self, serial: &[u8], other: &Certificate) -> Certificate {
        let name = der::wrap(der::constructed(4), other.parts().unwrap().subject);
        let fields = [point(URL), der::wrap(der::constructed(2), &name)];
        let points = sequence(&[sequence(&fields)]);
        let mut params = CertificateParams::new(vec!["www.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 11, 20);
        params.not_after = rcgen::date_time_ymd(2027, 1, 20);
        params.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 31], points)];
        self.issue(params, serial, &[])
    }

    fn issue(&self, mut params: CertificateParams, serial: &[u8], urls: &[&str]) -> Certificate {
        params.serial_number = Some(SerialNumber::from_slice(serial));
        params.crl_distribution_points =
            urls.iter().map(|&url| CrlDistributionPoint { uris: vec![url.to_owned()] }).collect();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let key = KeyPair::generate().unwrap();
        Certificate::read(params.signed_by(&key, &issuer).unwrap().der()).unwrap()
    }
}

fn ca_params(name: &str, serial: &[u8], urls: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.crl_distribution_points =
        urls.iter().map(|&url| CrlDistributionPoint { uris: vec![url.to_owned()] }).collect();
    params
}

/// A list that is to be made.
#[derive(Clone)]
pub(super) struct ListPlan<'a> {
    pub(super) this: Timestamp,
    pub(super) next: Option<Timestamp>,
    pub(super) entries: &'a [Vec<u8>],
    pub(super) extensions: &'a [Vec<u8>],
    /// Whose name stands in it, where it is not the signer's.
    pub(super) issuer: Option<&'a Certificate>,
}

impl Default for ListPlan<'_> {
    fn default() -> Self {
        Self { this: days(-1), next: Some(days(6)), entries: &[], extensions: &[], issuer: None }
    }
}

impl ListPlan<'_> {
    pub(super) fn signed_by(&self, ca: &Ca) -> Vec<u8> {
        // ecdsa-with-SHA256, 1.2.840.10045.4.3.2.
        let algorithm = sequence(&[der::wrap(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
        let issuer = self.issuer.unwrap_or(&ca.certificate).parts().unwrap().subject.to_vec();
        let number = extension(&[0x55, 0x1d, 0x14], false, &[2, 1, 0x2a]);
        let extensions: Vec<Vec<u8>> = [&[number], self.extensions].concat();
        let tbs = sequence(&[
            vec![2, 1, 1],
            algorithm.clone(),
            issuer,
            time(self.this),
            self.next.map(time).unwrap_or_default(),
            if self.entries.is_empty() { Vec::new() } else { sequence(self.entries) },
            der::wrap(der::constructed(0), &sequence(&extensions)),
        ]);
        let signature = rcgen::SigningKey::sign(&ca.key, &tbs).unwrap();
        let signature = der::wrap(der::BIT_STRING, &[&[0], signature.as_slice()].concat());
        sequence(&[tbs, algorithm, signature])
    }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der::wrap(der::SEQUENCE, &parts.concat())
}

fn time(time: Timestamp) -> Vec<u8> {
    der::wrap(0x17, time.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())
}

pub(super) fn generalized(text: &str) -> Vec<u8> {
    der::wrap(0x18, text.as_bytes())
}

pub(super) fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { vec![1, 1, 0xff] } else { Vec::new() };
    sequence(&[der::wrap(6, oid), critical, der::wrap(der::OCTET_STRING, value)])
}

/// An entry, revoked on the first of October.
pub(super) fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = if extensions.is_empty() { Vec::new() } else { sequence(extensions) };
    sequence(&[der::wrap(der::INTEGER, serial), time(at("2026-10-01T00:00:00Z")), extensions])
}

pub(super) fn reason(code: u8) -> Vec<u8> {
    extension(&[0x55, 0x1d, 0x15], false, &[0x0a, 1, code])
}

pub(super) fn invalid_since() -> Vec<u8> {
    extension(&[0x55, 0x1d, 0x18], false, &generalized("20260930000000Z"))
}

pub(super) fn certificate_issuer(issuer: &Certificate) -> Vec<u8> {
    let name = der::wrap(der::constructed(4), issuer.parts().unwrap().subject);
    extension(&[0x55, 0x1d, 0x1d], true, &sequence(&[name]))
}

/// The same of a name that is written otherwise.
pub(super) fn certificate_issuer_as(issuer: &Certificate, change: impl Fn(u8) -> u8) -> Vec<u8> {
    let subject: Vec<u8> = issuer.parts().unwrap().subject.iter().map(|&octet| change(octet)).collect();
    let name = der::wrap(der::constructed(4), &subject);
    extension(&[0x55, 0x1d, 0x1d], true, &sequence(&[name]))
}

/// An issuing distribution point.
pub(super) fn scope(fields: &[Vec<u8>]) -> Vec<u8> {
    extension(&[0x55, 0x1d, 0x1c], true, &sequence(fields))
}

/// The name of a distribution point.
pub(super) fn point(url: &str) -> Vec<u8> {
    let name = der::wrap(der::primitive(6), url.as_bytes());
    der::wrap(der::constructed(0), &der::wrap(der::constructed(0), &name))
}

pub(super) fn flag(number: u8) -> Vec<u8> {
    der::wrap(der::primitive(number), &[0xff])
}

pub(super) fn some_reasons(bits: &[u8]) -> Vec<u8> {
    der::wrap(der::primitive(3), bits)
}
