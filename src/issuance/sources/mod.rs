//! What sources told of issued certificates, read: one file a source.
//!
//! No answer is no data, and never “nothing issued”. Whatever cannot be read is said, and the rest is kept.

mod answer;
pub(crate) mod cert_spotter;
pub(crate) mod crt_sh;
mod json;
mod problems;
mod question;
mod watch_state;

pub(crate) use self::problems::printable;
use super::reported::SourceReading;
use crate::evidence::issuance::{IssuanceSource, Told};

/// Reads what a source told. `None` for files, which are read elsewhere.
pub fn read(source: &IssuanceSource) -> Option<SourceReading> {
    match &source.told {
        Told::CrtSh(exchanges) => Some(crt_sh::read(source, exchanges)),
        Told::CertSpotter(pages) => Some(cert_spotter::read(source, pages)),
        Told::WatchState(state) => Some(watch_state::read(source, state)),
        Told::Files(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;
