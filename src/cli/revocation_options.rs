//! Options about revocation.

use anyhow::bail;
use clap::Args;

use crate::judge::Inputs;
use crate::observe::crl::{CrlCache, CrlClient};
use crate::observe::run::Looking;
use crate::scope;

/// What is asked about revocation, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct RevocationOptions {
    /// Fetch the CRLs that the certificates name, and tell whether they are revoked
    #[arg(long, conflicts_with = "offline")]
    pub(super) revocation: bool,
    /// Fetch CRLs from addresses of private networks too, whatever the target
    #[arg(long, requires = "revocation")]
    pub(super) private_crls: bool,
}

impl RevocationOptions {
    /// What fetches CRLs, if they are to be fetched.
    pub(super) fn client(
        &self,
        inputs: &Inputs,
        looking: &Looking,
        cache: CrlCache,
    ) -> anyhow::Result<Option<CrlClient>> {
        if !self.revocation {
            return Ok(None);
        }
        if !inputs.scope.includes(scope::Part::Issuer) {
            bail!("--revocation belongs to the part issuer, which --only leaves out");
        }
        let Some(dns) = &looking.dns else { return Ok(None) };
        Ok(Some(CrlClient::new(dns, cache, self.private_crls)?))
    }
}
