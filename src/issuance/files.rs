//! Files of certificates as a source: what the user has of what was issued.
//!
//! Certificates of CAs among them tell who issued the others. A certificate that cannot be read is reported all the same,
//! with its octets: what can be read of it may name somebody.

use super::issuers::Issuers;
use super::reported::{Coverage, ReportedCertificate, Seen, SourceKind, SourceReading};
use crate::evidence::Bytes;
use crate::evidence::file::InputFile;
use crate::evidence::issuance::IssuanceSource;
use crate::x509::{Certificate, certificate_ders};

/// The most certificates that are read from all files together.
const MOST: usize = 200_000;

/// Reads what files report.
pub fn read(source: &IssuanceSource, files: &[InputFile]) -> SourceReading {
    let mut problems = Vec::new();
    let mut failed: usize = 0;
    let mut read: Vec<(&InputFile, Vec<u8>)> = Vec::new();
    for file in files {
        match file
            .octets()
            .map_err(str::to_owned)
            .and_then(|octets| certificate_ders(octets).map_err(|why| why.to_string()))
        {
            Ok(ders) => read.extend(ders.into_iter().map(|der| (file, der))),
            Err(why) => {
                failed = failed.saturating_add(1);
                problems.push(format!("{}: {why}", file.path));
            }
        }
    }
    let all = read.len();
    read.truncate(MOST);
    let mut issuers = Issuers::default();
    let mut leaves = Vec::new();
    for (file, der) in read {
        match Certificate::read(&der) {
            // A CA's certificate for a host is the gravest that there can be.
            Ok(certificate) if certificate.is_ca && certificate.names.dns.is_empty() => {
                issuers.add(certificate);
            }
            Ok(certificate) => leaves.push((file, der, Some(certificate))),
            Err(_) => leaves.push((file, der, None)),
        }
    }
    let certificates: Vec<ReportedCertificate> =
        leaves.into_iter().map(|(file, der, read)| reported(file, der, read.as_ref(), &issuers)).collect();
    let coverage = if all > MOST {
        Coverage::Part(format!("the files hold {all} certificates, of which the first {MOST} are read"))
    } else if all == 0 && failed == 0 {
        Coverage::NoData("there is no certificate in them".to_owned())
    } else if failed > 0 && certificates.is_empty() {
        Coverage::NoData("none of the files could be read as certificates".to_owned())
    } else if failed > 0 {
        Coverage::Part(format!("{failed} of {} files could not be read", files.len()))
    } else if let Some(why) = &source.broken_off {
        Coverage::Part(why.clone())
    } else {
        Coverage::Whole
    };
    SourceReading {
        source: SourceKind::Files,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage,
        current_to: None,
        scope: "Only what these files hold; what else was issued they cannot tell.".to_owned(),
        certificates,
        problems,
    }
}

fn reported(
    file: &InputFile,
    der: Vec<u8>,
    read: Option<&Certificate>,
    issuers: &Issuers,
) -> ReportedCertificate {
    let chain = read.map(|certificate| issuers.above(certificate)).unwrap_or_default();
    let is_precertificate = read.is_some_and(|certificate| certificate.is_precertificate);
    let (certificate, precertificate) =
        if is_precertificate { (None, Some(Bytes(der))) } else { (Some(Bytes(der)), None) };
    ReportedCertificate {
        certificate,
        precertificate,
        chain: chain.into_iter().map(|issuer| Bytes(issuer.der().to_vec())).collect(),
        seen: vec![Seen { place: file.path.clone(), index: None, at: None }],
        ..ReportedCertificate::default()
    }
}
