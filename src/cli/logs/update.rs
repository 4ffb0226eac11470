//! `pinstead logs update`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{ProgramName, list_key};
use crate::cli::Exit;
use crate::cli::options::{OutputOptions, Plain};
use crate::ct::log_list::{ListKey, LogList, Program, read_kept};
use crate::evidence::log_list::{KeptLogList, ListFetch};
use crate::judge::{UpdateQuestion, UpdateVerdict, judge_update};
use crate::observe::clock;
use crate::observe::http::{self, HttpClient};
use crate::observe::log_lists::{ListAddress, ListCache, LockedCache, Validators, fetch};
use crate::report::json::v1;
use crate::report::{ListUpdate, Storing, UpdateReport, human};

/// What the publishers of the lists ask for (GoogleChrome/CertificateTransparency log_lists.md; Android's CT log
/// policy).
const ACCEPTABLE_USE: &str = "\
The lists are used here to audit, as their publishers allow. They must not be used to enforce CT in TLS clients \
other than the publishers' own.";

/// Options of `pinstead logs update`.
#[derive(Debug, Args)]
#[command(after_help = ACCEPTABLE_USE)]
pub(super) struct UpdateOptions {
    /// Whose list to fetch [default: chrome, apple and android; with --url: chrome]
    #[arg(long, value_enum, value_name = "PROGRAM", value_delimiter = ',')]
    program: Vec<ProgramName>,
    /// Fetch the list of one programme from here instead
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Fetch its signature from here
    #[arg(long, value_name = "URL")]
    signature_url: Option<String>,
    /// The RSA key that signs the list (PEM or DER) instead of Google's; `check` needs it too, as --log-list-key
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// Take a list without signature where there should be one
    #[arg(long)]
    allow_unsigned: bool,
    /// Do everything but keep the list
    #[arg(long)]
    dry_run: bool,
    /// Keep the lists here instead of in the user's cache folder
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// How long fetching a list, and then its signature, may take in all, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    output: OutputOptions,
}

/// Fetches the lists.
pub(super) fn run(options: &UpdateOptions) -> anyhow::Result<Exit> {
    let form = options.output.plain("logs update")?;
    let wanted = options.wanted()?;
    options.output.spare(&options.key)?;
    let key = list_key(options.key.as_deref())?;
    let cache = match &options.cache_dir {
        Some(folder) => ListCache::in_folder(folder),
        None => ListCache::of_user()?,
    };
    let client = HttpClient::new()?;
    let runtime = crate::cli::runtime()?;
    let updates = wanted
        .into_iter()
        .map(|(program, address)| {
            let update = Update { program, address, key: key.as_ref(), cache: &cache, options };
            update.run(&client, &runtime)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let report = UpdateReport { now: clock::now(), updates };
    options.output.write(&match form {
        Plain::Human => human::logs::update(&report),
        Plain::Json => v1::logs::update(&report)?,
        Plain::Jsonl => v1::logs::update_lines(&report)?,
    })?;
    Ok(exit(&report))
}

/// A refusal is graver than a list that did not come; a list that could not be kept is a failure of its own.
fn exit(report: &UpdateReport) -> Exit {
    let any = |is: fn(&ListUpdate) -> bool| report.updates.iter().any(is);
    if any(|update| matches!(update.storing, Storing::Failed(_))) {
        Exit::Usage
    } else if any(|update| matches!(update.verdict, UpdateVerdict::Refused(_))) {
        Exit::Findings
    } else if any(|update| matches!(update.verdict, UpdateVerdict::NotFetched(_))) {
        Exit::Undetermined
    } else {
        Exit::Clean
    }
}

impl UpdateOptions {
    /// The programmes, and where their lists are.
    fn wanted(&self) -> anyhow::Result<Vec<(Program, ListAddress)>> {
        let mut programs: Vec<Program> = self.program.iter().map(|&name| name.into()).collect();
        programs.sort_unstable();
        programs.dedup();
        for url in self.url.iter().chain(&self.signature_url) {
            if let Err(why) = http::usable(url) {
                bail!("{url} cannot be asked for: {why}");
            }
        }
        let has_own_address = self.url.is_some() || self.signature_url.is_some();
        if programs.is_empty() {
            programs = if has_own_address {
                vec![Program::Chrome]
            } else {
                Program::ALL.into_iter().filter(|program| ListAddress::of(*program).is_some()).collect()
            };
        }
        if has_own_address && programs.len() > 1 {
            bail!("--url and --signature-url are for one programme: name it with --program");
        }
        programs
            .into_iter()
            .map(|program| {
                let published = ListAddress::of(program);
                let address = match (&self.url, published) {
                    // Another list than the published one has no published signature.
                    (Some(url), _) => {
                        ListAddress { url: url.clone(), signature_url: self.signature_url.clone() }
                    }
                    (None, Some(published)) => ListAddress {
                        signature_url: self.signature_url.clone().or(published.signature_url),
                        ..published
                    },
                    (None, None) => bail!(
                        "{} publishes no log list as a file: it is compiled into its browser; name a copy with --url",
                        program.title()
                    ),
                };
                Ok((program, address))
            })
            .collect()
    }
}

/// The update of one programme's list.
struct Update<'a> {
    program: Program,
    address: ListAddress,
    key: Option<&'a ListKey>,
    cache: &'a ListCache,
    options: &'a UpdateOptions,
}

/// What is kept, if it can be used; else why not.
type Kept = Result<Option<(KeptLogList, LogList)>, String>;

impl Update<'_> {
    fn run(&self, client: &HttpClient, runtime: &tokio::runtime::Runtime) -> anyhow::Result<ListUpdate> {
        let kept = self.kept();
        let patience = Duration::from_secs(self.options.timeout);
        let fetch = |have| runtime.block_on(fetch(client, &self.address, have, patience));
        let mut fetched = fetch(self.validators(kept.as_ref().ok().and_then(Option::as_ref)));
        if self.judge(&fetched, &kept).is_mismatched() {
            // An edition may have come out between the list and its signature.
            fetched = fetch(Validators::default());
        }
        self.store(&fetched, kept)
    }

    /// Judges under the lock by what is kept then: another update may have been quicker.
    fn store(&self, fetched: &ListFetch, kept: Kept) -> anyhow::Result<ListUpdate> {
        let mut kept = kept;
        let mut storing = Storing::NotNeeded;
        let mut verdict = self.judge(fetched, &kept);
        let is_to_be_kept = |verdict: &UpdateVerdict| {
            matches!(verdict, UpdateVerdict::Updated(_) | UpdateVerdict::Current(_))
        };
        if is_to_be_kept(&verdict) {
            if self.options.dry_run {
                storing = Storing::DryRun;
            } else {
                match self.cache.lock() {
                    Err(error) => storing = Storing::Failed(error.to_string()),
                    Ok(lock) => {
                        kept = self.kept();
                        verdict = self.judge(fetched, &kept);
                        if let UpdateVerdict::Updated(new) | UpdateVerdict::Current(new) = &verdict {
                            storing = self.replace(&lock, &new.0)?;
                        }
                    }
                }
            }
        }
        Ok(ListUpdate {
            program: self.program,
            url: self.address.url.clone(),
            before: kept.as_ref().ok().and_then(Option::as_ref).map(|(_, list)| list.clone()),
            damaged: kept.err(),
            verdict,
            storing,
        })
    }

    fn replace(&self, lock: &LockedCache<'_>, new: &KeptLogList) -> anyhow::Result<Storing> {
        let text = serde_json::to_vec(new).context("writing the list for the cache")?;
        Ok(match lock.replace(self.program, &text) {
            Ok(path) => Storing::Kept(path.display().to_string()),
            Err(error) => Storing::Failed(error.to_string()),
        })
    }

    fn kept(&self) -> Kept {
        let Some(file) = self.cache.read(self.program) else { return Ok(None) };
        let octets = file.octets().map_err(str::to_owned)?;
        let kept = read_kept(octets, self.key).map_err(|error| error.to_string())?;
        if kept.1.program == self.program {
            Ok(Some(kept))
        } else {
            Err("it is of another programme".to_owned())
        }
    }

    /// A tag belongs to its URL.
    fn validators(&self, kept: Option<&(KeptLogList, LogList)>) -> Validators {
        match kept.filter(|(kept, _)| kept.url == self.address.url) {
            Some((kept, _)) => {
                Validators { etag: kept.etag.clone(), last_modified: kept.last_modified.clone() }
            }
            None => Validators::default(),
        }
    }

    fn judge(&self, fetched: &ListFetch, kept: &Kept) -> UpdateVerdict {
        let question = UpdateQuestion {
            program: self.program,
            kept: kept.as_ref().ok().and_then(Option::as_ref),
            key: self.key,
            allow_unsigned: self.options.allow_unsigned,
            now: clock::now(),
        };
        judge_update(fetched, &question)
    }
}
