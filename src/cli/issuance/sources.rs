//! Which sources tell what was issued. None is asked that the user did not name: each learns the name it is asked about.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::cli::dns_options::DnsOptions;
use crate::cli::runtime;
use crate::cli::state_place::state_place;
use crate::dns_name::DnsName;
use crate::evidence::dns::CaaLookup;
use crate::evidence::issuance::IssuanceEvidence;
use crate::issuance::reported::SourceKind;
use crate::judge::{IssuanceJudge, caa_questions};
use crate::observe::certificate_files::{self, CertificateFiles};
use crate::observe::dns::{DnsClient, Extent};
use crate::observe::http::{HttpClient, Secret};
use crate::observe::issuance::{AskedSource, Asking, CERT_SPOTTER, CRT_SH, CertSpotter, CrtSh, WatchState};
use crate::observe::{clock, files};
use crate::policy::Policy;
use crate::watch::state::{Place, State, StateOptions};

/// Where the token of an account at Cert Spotter is taken from.
const TOKEN: &str = "CERTSPOTTER_TOKEN";

/// Stands for `--state` without a value: an octet that no argument can have.
const UNNAMED: &str = "\0";

/// Why nothing on the network is asked.
const OFFLINE: &str = "the network is not to be used (--offline)";

/// The sources.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sources of what was issued")]
pub(in crate::cli) struct SourceOptions {
    /// Files and folders of certificates, PEM, DER or PKCS #7; of CAs, too, which tell who issued. Takes every word that follows:
    /// names come first
    #[arg(long, visible_alias = "history", value_name = "FILE|DIR", num_args = 1..)]
    certificates: Vec<String>,
    /// Ask crt.sh, or a copy of it at this URL
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = CRT_SH)]
    crt_sh: Option<String>,
    /// Ask SSLMate's Cert Spotter, or one at this URL (where it has no path, /v1/issuances is asked); the token of an account comes from the variable CERTSPOTTER_TOKEN
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = CERT_SPOTTER)]
    cert_spotter: Option<String>,
    /// The state of `pinstead watch`: its file; without a value the one that `watch` uses: of the variable PINSTEAD_STATE, which
    /// may name a database, of the policy, or pinstead-state.db in this folder
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = UNNAMED, hide_default_value = true)]
    // Parsed by us: what is no place may have a password in it, which is not to be shown.
    state: Option<String>,
}

/// The policy, and where it stands: it may say where the state is.
#[derive(Clone, Copy)]
pub(in crate::cli) struct StatePolicy<'p> {
    /// What it says.
    pub(in crate::cli) policy: &'p Policy,
    /// The file.
    pub(in crate::cli) path: Option<&'p str>,
}

impl SourceOptions {
    /// Puts files and folders in an order of their own: what they hold does not depend on how they were named.
    pub(in crate::cli) fn in_order(&mut self) {
        self.certificates.sort_unstable();
        self.certificates.dedup();
    }

    /// Whether any source is named.
    pub(in crate::cli) fn is_given(&self) -> bool {
        !self.certificates.is_empty()
            || self.crt_sh.is_some()
            || self.cert_spotter.is_some()
            || self.state.is_some()
    }

    /// Whether files are the only source that is named.
    pub(in crate::cli) fn is_files_alone(&self) -> bool {
        !self.certificates.is_empty()
            && self.crt_sh.is_none()
            && self.cert_spotter.is_none()
            && self.state.is_none()
    }

    /// The sources, as words for commands that ask the same again. What may have a password in it is for nobody's report.
    pub(in crate::cli) fn repeated(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for path in &self.certificates {
            words.extend(["--history".to_owned(), path.clone()]);
        }
        for (option, url, usual) in
            [("--crt-sh", &self.crt_sh, CRT_SH), ("--cert-spotter", &self.cert_spotter, CERT_SPOTTER)]
        {
            let Some(url) = url else { continue };
            let own = (url != usual).then(|| if url.contains('@') { "URL" } else { url.as_str() });
            words.push(own.map_or_else(|| option.to_owned(), |url| format!("{option}={url}")));
        }
        if let Some(state) = &self.state {
            words.push("--state".to_owned());
            words.extend((state != UNNAMED && !state.contains("://")).then(|| state.clone()));
        }
        words
    }

    /// Refuses to go on without a source: nothing could be said.
    pub(in crate::cli) fn need_one(&self) -> anyhow::Result<()> {
        if !self.is_given() {
            bail!(
                "no source is named, and none is asked unasked. Name files or folders (--certificates FILE), services \
                 that search the CT logs (--crt-sh, --cert-spotter), or the state of `pinstead watch` (--state)"
            );
        }
        Ok(())
    }

    /// Where the state is, if it is named. A file that is not there is not made.
    fn place(&self, of: StatePolicy<'_>) -> anyhow::Result<Option<Place>> {
        let Some(given) = &self.state else { return Ok(None) };
        let folder = of.path.and_then(|path| Path::new(path).parent()).unwrap_or(Path::new(""));
        let given = (given != UNNAMED).then_some(given.as_str());
        let place = state_place(given, of.policy, folder)?;
        if let Place::File(path) = &place
            && !files::exists(&path.display().to_string())
        {
            bail!("--state: there is no file {}", path.display());
        }
        Ok(Some(place))
    }

    /// Reads the files that are named.
    pub(in crate::cli) fn files(&self) -> Option<CertificateFiles> {
        (!self.certificates.is_empty()).then(|| certificate_files::read(&self.certificates))
    }

    /// What asks the other sources.
    pub(in crate::cli) fn asker(
        &self,
        policy: StatePolicy<'_>,
        offline: bool,
        dns: &DnsOptions,
        progress: Progress,
    ) -> anyhow::Result<Asker> {
        let place = self.place(policy)?;
        let client = if offline { None } else { Some(dns.client()?) };
        let http = match &client {
            Some(client) if !dns.resolvers.is_empty() => HttpClient::with_resolver(client)?,
            _ => HttpClient::new()?,
        };
        let runtime = runtime()?;
        let mut sources = self.services(offline)?;
        let mut opened = None;
        if let Some(place) = place {
            let state = runtime
                .block_on(State::open(&place, &StateOptions::default()))
                .with_context(|| format!("--state {place}"))?;
            let state = Arc::new(state);
            opened = Some(Arc::clone(&state));
            sources.push(AskedSource::WatchState(WatchState {
                state,
                place: place.to_string(),
                is_watched: None,
            }));
        }
        Ok(Asker { runtime, http, dns: client, sources, state: opened, progress })
    }

    /// The services that are named.
    fn services(&self, offline: bool) -> anyhow::Result<Vec<AskedSource>> {
        let not_asked = |source, url: &String| AskedSource::not_asked(source, url, OFFLINE);
        let mut sources = Vec::new();
        if let Some(url) = &self.crt_sh {
            sources.push(if offline {
                not_asked(SourceKind::CrtSh, url)
            } else {
                AskedSource::CrtSh(CrtSh { url: url.clone(), ..CrtSh::default() })
            });
        }
        if let Some(url) = &self.cert_spotter {
            sources.push(if offline {
                not_asked(SourceKind::CertSpotter, url)
            } else {
                AskedSource::CertSpotter(CertSpotter {
                    url: url.clone(),
                    token: token()?,
                    ..CertSpotter::default()
                })
            });
        }
        Ok(sources)
    }
}

/// Asks the sources about names, one name after the other: services are not to be pressed.
pub(in crate::cli) struct Asker {
    runtime: Runtime,
    http: HttpClient,
    /// Who looks up CAA; nobody without the network.
    dns: Option<DnsClient>,
    sources: Vec<AskedSource>,
    state: Option<Arc<State>>,
    progress: Progress,
}

impl Asker {
    /// The same, which tells how far it has come.
    pub(in crate::cli) fn telling(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// What the sources tell of a name, and CAA of the names of the certificates that can be used.
    pub(in crate::cli) fn look_at(&self, name: &DnsName, judge: &IssuanceJudge<'_>) -> IssuanceEvidence {
        let asking = Asking { name: name.clone(), http: self.http.clone(), sources: self.sources.clone() };
        let observation = self.runtime.block_on(self.progress.ask(&asking));
        let mut seen = IssuanceEvidence { observation, caa: Vec::new() };
        if let Some(client) = &self.dns {
            let names = caa_questions(&judge.judge(&seen, clock::now()));
            self.progress.now(&format!("{name}: looking up CAA of {} names", names.len()));
            seen.caa = self.runtime.block_on(look_up(client, names));
        }
        seen
    }
}

impl Asker {
    /// Shows what is done now.
    pub(super) fn now(&self, what: &str) {
        self.progress.now(what);
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            self.runtime.block_on(state.close());
        }
    }
}

async fn look_up(client: &DnsClient, names: Vec<DnsName>) -> Vec<CaaLookup> {
    let mut tasks = JoinSet::new();
    for name in names {
        let client = client.clone();
        let extent = Extent { above: false, all_nameservers: false };
        tasks.spawn(async move { client.look_up_caa(&name, extent).await });
    }
    let mut lookups = tasks.join_all().await;
    lookups.sort_by(|one, other| one.name.cmp(&other.name));
    lookups
}

/// The token of an account at Cert Spotter.
#[expect(clippy::disallowed_methods, reason = "the command line's edge is where the environment is read")]
fn token() -> anyhow::Result<Option<Secret>> {
    match std::env::var(TOKEN) {
        Ok(text) if !text.trim().is_empty() => Ok(Some(Secret::new(&text).context(TOKEN)?)),
        _ => Ok(None),
    }
}
