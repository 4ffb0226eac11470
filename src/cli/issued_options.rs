//! Certificates that were issued, given as files.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Args;

use crate::caa::IssuedCertificate;
use crate::cli::check::DEFAULT_POLICY;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::judge::{self, Inputs};
use crate::observe::{clock, files};
use crate::policy::MAX_POLICY;
use crate::x509::read_certificates;

/// The most octets of one file of certificates.
const MAX_FILE: u64 = 64 << 20;

/// What was issued.
#[derive(Debug, Args)]
pub(super) struct IssuedOptions {
    /// Certificates that were issued for the names, PEM or DER, best with their issuers' certificates: tells whose
    /// renewal CAA would refuse, and which CAs are authorised without need. Takes every word that follows: names come first
    #[arg(long, value_name = "FILE", num_args = 1..)]
    issued: Vec<String>,
    /// The policy file, whose private CAs count as issuers (default: pinstead.toml in this folder, if it is there)
    #[arg(long, value_name = "FILE", requires = "issued")]
    policy: Option<String>,
}

impl IssuedOptions {
    /// The certificates of the files; `None` where no file was given.
    pub(super) fn certificates(&self) -> anyhow::Result<Option<Vec<IssuedCertificate>>> {
        if self.issued.is_empty() {
            return Ok(None);
        }
        let mut given = Vec::new();
        for path in &self.issued {
            let file = files::read(path, MAX_FILE);
            let octets = file.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
            given.extend(read_certificates(octets).with_context(|| path.clone())?);
        }
        // What has expired is not renewed any more.
        let now = clock::now();
        let all = given.len();
        given.retain(|certificate| certificate.is_ca || certificate.not_after >= now);
        if given.len() < all {
            let expired = all - given.len();
            let note = format!(
                "note: {expired} of {all} certificates given with --issued have expired, and are not counted"
            );
            // The report does not depend on it.
            let _ = writeln!(anstream::stderr().lock(), "{note}");
        }
        let policy = match &self.policy {
            Some(path) => Some(files::read(path, MAX_POLICY)),
            None => files::exists(DEFAULT_POLICY).then(|| files::read(DEFAULT_POLICY, MAX_POLICY)),
        };
        let inputs = Inputs::read(&Request::default(), &InputFiles { policy, ..InputFiles::default() })?;
        Ok(Some(judge::issued(given, inputs, now)))
    }
}
