//! The policy, and certificates that were issued, given as files.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::caa::IssuedCertificate;
use crate::cli::check::DEFAULT_POLICY;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::judge::{self, Inputs};
use crate::observe::{clock, files};
use crate::policy::MAX_POLICY;
use crate::x509::read_certificates;

/// The most octets of one file of certificates.
const MAX_FILE: u64 = 64 << 20;

/// What was issued, and whose CAs are known.
#[derive(Debug, Args)]
pub(super) struct IssuedOptions {
    /// Certificates that were issued for the names, PEM or DER, best with their issuers' certificates: tells whose
    /// renewal CAA would refuse, and which CAs are authorised without need. Takes every word that follows: names come first
    #[arg(long, value_name = "FILE", num_args = 1..)]
    issued: Vec<String>,
    /// The policy file, whose private CAs are known by name and as issuers (default: pinstead.toml in this folder, if
    /// it is there)
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
}

/// What was issued.
pub(super) struct IssuedFiles {
    /// The certificates that count.
    pub(super) certificates: Vec<IssuedCertificate>,
    /// The files' content, hashed.
    pub(super) digest: [u8; 32],
}

impl IssuedOptions {
    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let policy = self.policy.as_deref().unwrap_or(DEFAULT_POLICY);
        self.issued.iter().map(Path::new).chain([Path::new(policy)])
    }

    /// The policy, and the tables.
    pub(super) fn inputs(&self) -> anyhow::Result<Inputs> {
        let policy = match &self.policy {
            Some(path) => Some(files::read(path, MAX_POLICY)),
            None => files::exists(DEFAULT_POLICY).then(|| files::read(DEFAULT_POLICY, MAX_POLICY)),
        };
        Ok(Inputs::read(&Request::default(), &InputFiles { policy, ..InputFiles::default() })?)
    }

    /// The certificates of the files; `None` where no file was given.
    pub(super) fn certificates(&self, inputs: Inputs) -> anyhow::Result<Option<IssuedFiles>> {
        if self.issued.is_empty() {
            return Ok(None);
        }
        let mut given = Vec::new();
        let mut hash = Sha256::new();
        for path in &self.issued {
            let file = files::read(path, MAX_FILE);
            let octets = file.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
            given.extend(read_certificates(octets).with_context(|| path.clone())?);
            hash.update(Sha256::digest(octets));
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
        let certificates = judge::issued(given, inputs, now);
        Ok(Some(IssuedFiles { certificates, digest: hash.finalize().into() }))
    }
}
