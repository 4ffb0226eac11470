//! Whether what was issued is revoked: the CRLs that the certificates name, fetched once each.

use clap::Args;
use tokio::runtime::Runtime;

use crate::cli::list_options::CacheOptions;
use crate::cli::{dns_options::DnsOptions, runtime};
use crate::evidence::issuance::IssuanceEvidence;
use crate::evidence::revocation::{Crls, Reach, add_each_once};
use crate::issuance::IssuanceVerdict;
use crate::judge::IssuanceJudge;
use crate::observe::crl::{Allowance, CrlClient};

/// What is asked about revocation, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Revocation")]
pub(super) struct IssuedRevocationOptions {
    /// Fetch the CRLs that the certificates name, and tell whether they are revoked
    #[arg(long, conflicts_with = "offline")]
    pub(super) revocation: bool,
    /// Fetch CRLs from addresses of private networks too
    #[arg(long, requires = "revocation")]
    private_crls: bool,
    #[command(flatten)]
    cache: CacheOptions,
}

impl IssuedRevocationOptions {
    /// Who fetches CRLs, where they are asked for.
    pub(super) fn fetcher(&self, dns: &DnsOptions) -> anyhow::Result<Option<Fetcher>> {
        if !self.revocation {
            return Ok(None);
        }
        let client = CrlClient::new(&dns.client()?, self.cache.crls(), self.private_crls)?;
        Ok(Some(Fetcher { client, runtime: runtime()? }))
    }
}

/// Fetches CRLs.
pub(super) struct Fetcher {
    client: CrlClient,
    runtime: Runtime,
}

impl Fetcher {
    /// Adds the CRLs of everything that was issued for a name and can still be used.
    pub(super) fn fetch(
        &self,
        judge: &IssuanceJudge<'_>,
        seen: &IssuanceEvidence,
        verdict: &IssuanceVerdict,
        crls: &mut Crls,
    ) {
        let wanted = judge.crl_questions(seen, verdict);
        for (questions, reach) in [(wanted.public, Reach::Public), (wanted.own, Reach::Anywhere)] {
            if !questions.is_empty() {
                add_each_once(
                    crls,
                    self.runtime.block_on(self.client.fetch(questions, reach, Allowance::ISSUED)),
                );
            }
        }
    }
}
