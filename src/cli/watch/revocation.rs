//! Looking again and again whether unexpected certificates are revoked, where that is wanted.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch::Receiver;

use super::WatchOptions;
use super::observer::say;
use super::revoked::Revoked;
use super::setup::{PolicyFile, Setup};
use crate::cli::Exit;
use crate::cli::options::GateOptions;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::judge::Inputs;
use crate::observe::clock;
use crate::observe::crl::CrlClient;
use crate::observe::dns::DnsClient;
use crate::watch::revocation::Revocations;
use crate::watch::state::State;

/// How often is looked. CAs publish a revocation within a day.
const EVERY: Duration = Duration::from_hours(4);

/// Whether revocations are looked at.
#[derive(Debug, Args)]
pub(super) struct WatchRevocationOptions {
    /// Fetch the CRLs of unexpected certificates every four hours, and tell whether they are revoked (or `revocation = true`
    /// under [watch] in the policy)
    #[arg(long, conflicts_with_all = ["status", "self_test"])]
    revocation: bool,
    /// Fetch CRLs from addresses of private networks too
    #[arg(long)]
    private_crls: bool,
}

/// Looks at revocations, or does not.
pub(super) struct Looking(Option<Revocations>);

impl Looking {
    /// As options and policy say.
    pub(super) fn new(options: &WatchOptions, setup: &Setup) -> anyhow::Result<Self> {
        let policy = PolicyFile::read(options)?;
        if !options.revocation.revocation && !policy.policy.watch.revocation {
            return Ok(Self(None));
        }
        let request = Request {
            expect_ca: setup.expect_ca.clone(),
            revocation: true,
            // CAA is not looked up.
            offline: true,
            ..Request::default()
        };
        let mut files = InputFiles { policy: policy.file, ..InputFiles::default() };
        options.lists.read_into(&mut files);
        let dns = DnsClient::system();
        Ok(Self(Some(Revocations {
            inputs: Inputs::read(&request, &files)?,
            request,
            watched: Arc::clone(&setup.watched),
            place: setup.place.to_string(),
            client: CrlClient::new(&dns, options.lists.crls(), options.revocation.private_crls)?,
        })))
    }

    /// Looks once, unless all ends meanwhile; gives what that looks like as an exit code, and what was seen.
    pub(super) async fn once(
        &self,
        state: &Arc<State>,
        gate: &GateOptions,
        mut stop: Receiver<bool>,
    ) -> (Exit, Revoked) {
        tokio::select! {
            looked = self.look(state, gate) => looked,
            _ = stop.wait_for(|stop| *stop) => {
                (Exit::Undetermined, Revoked::failed(clock::now(), "it was stopped before its end".to_owned()))
            }
        }
    }

    async fn look(&self, state: &Arc<State>, gate: &GateOptions) -> (Exit, Revoked) {
        let Some(revocations) = &self.0 else { return (Exit::Clean, Revoked::default()) };
        let now = clock::now();
        match revocations.look(state, now).await {
            Ok(looked) => {
                for line in &looked.told {
                    say(line);
                }
                let all = looked.count();
                if all > 0 {
                    say(&format!(
                        "revocation: {all} unexpected {}: {} revoked, {} not revoked, {} of which it is not known",
                        if all == 1 { "certificate" } else { "certificates" },
                        looked.revoked,
                        looked.good,
                        looked.open
                    ));
                }
                // What is not revoked is a finding of the report.
                let is_open = looked.open > looked.unknown_known;
                (gate.exit(gate.fails(&looked.findings), is_open, is_open), Revoked::seen(looked))
            }
            Err(error) => {
                let why = error.to_string();
                say(&format!("revocation could not be looked at: {why}"));
                // Where the state itself is away, whoever asks it is told that.
                let _ = state.revocations_failed(now, &why).await;
                (Exit::Undetermined, Revoked::failed(now, why))
            }
        }
    }

    /// Looks again and again, until all ends.
    pub(super) async fn keep(self, state: Arc<State>, gate: GateOptions, mut stop: Receiver<bool>) {
        if self.0.is_none() {
            return;
        }
        loop {
            // What there is to say goes into alerts and into the state.
            let _ = self.once(&state, &gate, stop.clone()).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                // Whoever would say so is gone: that is the end as well.
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// The graver of two exit codes: what failed, then what is not known.
pub(super) fn graver(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Clean, other) => other,
        (Exit::Undetermined, Exit::Findings) => other,
        (one, _) => one,
    }
}
