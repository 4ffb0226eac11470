//! Which sources tell what was issued. None is asked that the user did not name: each learns the name it is asked about.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cli::dns_options::DnsOptions;
use crate::cli::runtime;
use crate::dns_name::DnsName;
use crate::evidence::issuance::IssuanceObservation;
use crate::issuance::reported::SourceKind;
use crate::observe::certificate_files;
use crate::observe::files;
use crate::observe::http::{HttpClient, Secret};
use crate::observe::issuance::{
    AskedSource, Asking, CERT_SPOTTER, CRT_SH, CertSpotter, CrtSh, WatchState, ask,
};
use crate::watch::state::{Place, State, StateOptions};

/// Where the token of an account at Cert Spotter is taken from.
const TOKEN: &str = "CERTSPOTTER_TOKEN";

/// Why nothing on the network is asked.
const OFFLINE: &str = "the network is not to be used (--offline)";

/// The sources.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sources")]
pub(super) struct SourceOptions {
    /// Files and folders of certificates, PEM or DER; of CAs, too, which tell who issued. Takes every word that follows:
    /// names come first
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    certificates: Vec<String>,
    /// Ask crt.sh, or a copy of it at this URL
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = CRT_SH)]
    crt_sh: Option<String>,
    /// Ask SSLMate's Cert Spotter, or one at this URL; the token of an account comes from the variable CERTSPOTTER_TOKEN
    #[arg(long, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = CERT_SPOTTER)]
    cert_spotter: Option<String>,
    /// The state of `pinstead watch`: its file, or the URL of its database
    #[arg(long, value_name = "FILE|URL")]
    // Parsed by us: what is no place may have a password in it, which is not to be shown.
    state: Option<String>,
}

/// What the sources told.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Of each name.
    pub(super) observations: Vec<IssuanceObservation>,
    /// The files that were read.
    pub(super) paths: Vec<PathBuf>,
}

impl SourceOptions {
    /// Whether any source is named.
    pub(super) fn is_given(&self) -> bool {
        !self.certificates.is_empty()
            || self.crt_sh.is_some()
            || self.cert_spotter.is_some()
            || self.state.is_some()
    }

    /// Refuses to go on without a source: nothing could be said.
    pub(super) fn need_one(&self) -> anyhow::Result<()> {
        if !self.is_given() {
            bail!(
                "no source is named, and none is asked unasked. Name files or folders (--certificates FILE), services \
                 that search the CT logs (--crt-sh, --cert-spotter), or the state of `pinstead watch` (--state FILE)"
            );
        }
        self.place().map(drop)
    }

    /// Where the state is. A file that is not there is not made.
    fn place(&self) -> anyhow::Result<Option<Place>> {
        let place = self.state.as_deref().map(str::parse::<Place>).transpose().context("--state")?;
        if let Some(Place::File(path)) = &place
            && !files::exists(&path.display().to_string())
        {
            bail!("--state: there is no file {}", path.display());
        }
        Ok(place)
    }

    /// Asks them about each name, one name after the other: services are not to be pressed.
    pub(super) fn ask(&self, names: &[DnsName], offline: bool, dns: &DnsOptions) -> anyhow::Result<Asked> {
        let mut asked = Asked::default();
        let mut of_files = None;
        if !self.certificates.is_empty() {
            let files = certificate_files::read(&self.certificates);
            of_files = Some(files.source);
            asked.paths = files.paths;
        }
        let http = if offline || dns.resolvers.is_empty() {
            HttpClient::new()?
        } else {
            HttpClient::with_resolver(&dns.client()?)?
        };
        let runtime = runtime()?;
        let place = self.place()?;
        let state = match &place {
            Some(place) => {
                Some((Arc::new(runtime.block_on(State::open(place, &StateOptions::default()))?), place))
            }
            None => None,
        };
        for name in names {
            let mut sources = self.services(offline)?;
            sources.extend(state.as_ref().map(|(state, place)| {
                AskedSource::WatchState(WatchState {
                    state: Arc::clone(state),
                    place: place.to_string(),
                    is_watched: None,
                })
            }));
            let asking = Asking { name: name.clone(), http: http.clone(), sources };
            let mut observation = runtime.block_on(ask(&asking));
            observation.sources.splice(0..0, of_files.clone());
            asked.observations.push(observation);
        }
        if let Some((state, _)) = state {
            runtime.block_on(state.close());
        }
        Ok(asked)
    }

    /// The services that are named.
    fn services(&self, offline: bool) -> anyhow::Result<Vec<AskedSource>> {
        let not_asked = |source, place: &String| AskedSource::NotAsked {
            source,
            place: place.clone(),
            why: OFFLINE.to_owned(),
        };
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

/// The token of an account at Cert Spotter.
#[expect(clippy::disallowed_methods, reason = "the command line's edge is where the environment is read")]
fn token() -> anyhow::Result<Option<Secret>> {
    match std::env::var(TOKEN) {
        Ok(text) if !text.trim().is_empty() => Ok(Some(Secret::new(&text).context(TOKEN)?)),
        _ => Ok(None),
    }
}
