//! Certificates fetched by their numbers, each checked by what its row says.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use super::super::answer::body;
use super::super::problems::{Problems, printable};
use super::super::question::parameter;
use super::Known;
use super::row::Row;
use crate::evidence::Bytes;
use crate::evidence::http::HttpExchange;
use crate::x509::precertificate::corresponds;
use crate::x509::{Certificate, MAX_CERTIFICATE, read_certificates};

/// The most octets of a certificate in PEM.
const MOST_OCTETS: usize = 2 * MAX_CERTIFICATE;

/// A certificate that is the one of its row.
pub(super) struct Fetched {
    pub(super) der: Bytes,
    pub(super) is_precertificate: bool,
}

/// The certificates that were fetched, by their numbers.
pub(super) fn fetched(
    exchanges: &[HttpExchange],
    known: &Known,
    problems: &mut Problems,
) -> HashMap<u64, Fetched> {
    let mut fetched = HashMap::new();
    for exchange in exchanges {
        let Some(asked) = parameter(&exchange.url, "d") else { continue };
        let read = asked.parse().map_err(|_| "its number is none".to_owned()).and_then(|id: u64| {
            let row = known.rows.get(&id).ok_or("no row has this number")?;
            Ok((id, read(exchange, row)?))
        });
        match read {
            Ok((id, certificate)) => drop(fetched.insert(id, certificate)),
            Err(why) => problems.add(|| format!("the certificate {} was not got: {why}", printable(&asked))),
        }
    }
    fetched
}

/// The rows of one certificate, or each for itself where what was fetched shows that they are not a certificate and its
/// precertificate.
pub(super) fn as_shown<'r>(rows: Vec<&'r Row>, fetched: &HashMap<u64, Fetched>) -> Vec<Vec<&'r Row>> {
    let shown: Option<Vec<Certificate>> =
        rows.iter().map(|row| Certificate::read(&fetched.get(&row.id?)?.der.0).ok()).collect();
    match shown.as_deref() {
        Some([one, other]) if !(corresponds(one, other, &[]) || corresponds(other, one, &[])) => {
            rows.into_iter().map(|row| vec![row]).collect()
        }
        _ => vec![rows],
    }
}

fn read(exchange: &HttpExchange, row: &Row) -> Result<Fetched, String> {
    let octets = body(exchange).map_err(|none| none.why)?;
    if octets.len() > MOST_OCTETS {
        return Err("it is larger than any certificate".to_owned());
    }
    let certificates = read_certificates(octets).map_err(|error| error.to_string())?;
    let [certificate] = certificates.as_slice() else {
        return Err(format!("there came {} of them", certificates.len()));
    };
    if let Some(what) = differs(certificate, row) {
        return Err(format!("another one came: its {what} is not what the row says"));
    }
    let der = Bytes(certificate.der().to_vec());
    Ok(Fetched { der, is_precertificate: certificate.is_precertificate })
}

/// What a certificate has otherwise than its row.
fn differs(certificate: &Certificate, row: &Row) -> Option<&'static str> {
    let differs = |said: Option<jiff::Timestamp>, is| said.is_some_and(|said| said != is);
    // A negative serial number keeps its sign octets; zeros in front are no part of a number.
    let serial = certificate.serial.trim_start_matches('0');
    if row.serial.as_ref().is_some_and(|said| said.trim_start_matches('0') != serial) {
        Some("serial number")
    } else if differs(row.not_before, certificate.not_before) {
        Some("beginning")
    } else if differs(row.not_after, certificate.not_after) {
        Some("end")
    } else {
        None
    }
}
