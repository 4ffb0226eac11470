//! Whether what was issued is revoked: the CRLs that the certificates name, fetched once each.

use std::sync::Arc;

use clap::Args;
use tokio::runtime::Runtime;

use crate::cli::list_options::CacheOptions;
use crate::cli::{dns_options::DnsOptions, runtime};
use crate::evidence::issuance::IssuanceEvidence;
use crate::evidence::revocation::{Crls, Reach};
use crate::issuance::IssuanceVerdict;
use crate::judge::{IssuanceJudge, IssuedCrls};
use crate::observe::crl::{Allowance, Budget, CrlClient};
use crate::revocation::CrlQuestion;

/// What is asked about revocation, and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Revocation")]
pub(super) struct IssuedRevocationOptions {
    /// Fetch the CRLs that the certificates name, and tell whether they are revoked
    #[arg(long, conflicts_with = "offline")]
    pub(super) revocation: bool,
    /// Fetch CRLs from addresses of private networks too
    #[arg(long, requires = "revocation")]
    pub(super) private_crls: bool,
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
    /// The CRLs of everything that was issued for the names and can still be used: each is asked for once, and all of them
    /// out of one allowance.
    pub(super) fn fetch(
        &self,
        judge: &IssuanceJudge<'_>,
        seen: &[IssuanceEvidence],
        verdicts: &[IssuanceVerdict],
    ) -> Crls {
        let mut wanted: Vec<(CrlQuestion, Reach)> = Vec::new();
        let of_each = seen.iter().zip(verdicts).map(|(seen, verdict)| judge.crl_questions(seen, verdict));
        for question in of_each.flat_map(IssuedCrls::by_reach) {
            if !wanted.contains(&question) {
                wanted.push(question);
            }
        }
        // Those that strangers' certificates name come last.
        wanted.sort_by_key(|(_, reach)| *reach == Reach::Public);
        let budget = Arc::new(Budget::new(Allowance::ISSUED));
        self.runtime.block_on(self.client.fetch_each(wanted, &budget))
    }
}
