//! Which sources tell what was issued. None is asked that the user did not name: each learns the name it is asked about.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::evidence::issuance::IssuanceSource;
use crate::observe::certificate_files;

/// The sources.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sources")]
pub(super) struct SourceOptions {
    /// Files and folders of certificates, PEM or DER; of CAs, too, which tell who issued. Takes every word that follows:
    /// names come first
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    certificates: Vec<String>,
}

/// What the sources told.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What belongs to every name alike.
    pub(super) of_every_name: Vec<IssuanceSource>,
    /// The files that were read.
    pub(super) paths: Vec<PathBuf>,
}

impl SourceOptions {
    /// Whether any source is named.
    pub(super) fn is_given(&self) -> bool {
        !self.certificates.is_empty()
    }

    /// Refuses to go on without a source: nothing could be said.
    pub(super) fn need_one(&self) -> anyhow::Result<()> {
        if !self.is_given() {
            bail!(
                "no source is named, and none is asked unasked. Name files or folders of certificates: \
                 pinstead issuance NAME --certificates FILE"
            );
        }
        Ok(())
    }

    /// Asks them.
    #[expect(clippy::unnecessary_wraps, reason = "sources on the network may fail to begin")]
    pub(super) fn ask(&self) -> anyhow::Result<Asked> {
        let mut asked = Asked::default();
        if !self.certificates.is_empty() {
            let files = certificate_files::read(&self.certificates);
            asked.of_every_name.push(files.source);
            asked.paths.extend(files.paths);
        }
        Ok(asked)
    }
}
