//! Options about log lists, given and kept.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::ct::log_list::Program;
use crate::evidence::file::InputFile;
use crate::evidence::{GivenLogList, Inputs as InputFiles};
use crate::judge::{ListOutcome, ListUse};
use crate::observe::crl::CrlCache;
use crate::observe::files;
use crate::observe::log_lists::ListCache;
use crate::observe::tree_heads::TreeHeads;
use crate::report::human::safe;

/// What is kept between runs: the log lists of `pinstead logs update`, and the logs' tree heads.
#[derive(Debug, Args)]
pub(super) struct CacheOptions {
    /// Do without the log lists that `pinstead logs update` kept, and the CRLs of earlier runs
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Where log lists, the logs' tree heads and CRLs are kept (default: the user's cache folder)
    #[arg(long, value_name = "DIR")]
    pub(super) cache_dir: Option<PathBuf>,
}

impl CacheOptions {
    /// Where the logs' tree heads are kept.
    pub(super) fn tree_heads(&self) -> TreeHeads {
        match &self.cache_dir {
            Some(folder) => TreeHeads::in_folder(folder.join("tree-heads")),
            None => TreeHeads::of_user(),
        }
    }

    /// Where CRLs are kept.
    pub(super) fn crls(&self) -> CrlCache {
        match &self.cache_dir {
            _ if self.no_cache => CrlCache::none(),
            Some(folder) => CrlCache::in_folder(folder.join("crls")),
            None => CrlCache::of_user(),
        }
    }

    /// The lists that are kept, unless they are not wanted.
    pub(super) fn kept(&self) -> Vec<InputFile> {
        if self.no_cache {
            return Vec::new();
        }
        match &self.cache_dir {
            Some(folder) => ListCache::in_folder(folder).read_all(),
            // Without a cache folder nothing can have been kept.
            None => ListCache::of_user().map(|cache| cache.read_all()).unwrap_or_default(),
        }
    }
}

/// Log lists that the user gives.
#[derive(Debug, Args)]
#[command(next_help_heading = "CT logs")]
pub(super) struct ListOptions {
    /// A CT log list (v3 JSON) instead of the embedded table; one of each programme may be given, and PROGRAM=
    /// before the file says whose it is: chrome, apple, mozilla or android
    #[arg(long, value_name = "[PROGRAM=]FILE")]
    log_list: Vec<String>,
    /// The detached signature of a log list
    #[arg(long, value_name = "FILE", requires = "log_list")]
    log_list_signature: Vec<String>,
    /// The RSA key that signs log lists (PEM or DER) instead of Google's
    #[arg(long, value_name = "FILE")]
    log_list_key: Option<String>,
    #[command(flatten)]
    cache: CacheOptions,
}

impl ListOptions {
    /// The lists and where they are kept, as words for commands that ask the same again.
    pub(super) fn repeated(&self) -> Vec<String> {
        let lists = self.log_list.iter().map(|list| ("--log-list", list.clone()));
        let signatures = self.log_list_signature.iter().map(|file| ("--log-list-signature", file.clone()));
        let key = self.log_list_key.iter().map(|file| ("--log-list-key", file.clone()));
        let folder = self.cache.cache_dir.iter().map(|folder| ("--cache-dir", folder.display().to_string()));
        let named = lists.chain(signatures).chain(key).chain(folder);
        let mut words: Vec<String> = named.flat_map(|(option, value)| [option.to_owned(), value]).collect();
        words.extend(self.cache.no_cache.then(|| "--no-cache".to_owned()));
        words
    }

    /// Whether a list is given.
    pub(super) fn is_given(&self) -> bool {
        !self.log_list.is_empty()
    }

    /// Whether kept lists are not wanted.
    pub(super) fn without_cache(&self) -> bool {
        self.cache.no_cache
    }

    /// Where the logs' tree heads are kept.
    pub(super) fn tree_heads(&self) -> TreeHeads {
        self.cache.tree_heads()
    }

    /// Where CRLs are kept.
    pub(super) fn crls(&self) -> CrlCache {
        self.cache.crls()
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let lists = self.log_list.iter().map(|argument| named_program(argument).1);
        let beside = self.log_list_signature.iter().chain(&self.log_list_key).map(String::as_str);
        lists.chain(beside).map(Path::new)
    }

    /// Reads the lists into the input files: those that are given, else those that are kept.
    pub(super) fn read_into(&self, inputs: &mut InputFiles) {
        let read = |path: &str| files::read(path, MAX_LIST_FILE);
        let mut lists = self.log_list.iter().map(|argument| {
            let (program, path) = named_program(argument);
            GivenLogList { program: program.map(str::to_owned), file: read(path) }
        });
        if let Some(first) = lists.next() {
            inputs.log_list_program = first.program;
            inputs.log_list = Some(first.file);
            inputs.further_log_lists = lists.collect();
            let mut signatures = self.log_list_signature.iter().map(|path| read(path));
            inputs.log_list_signature = signatures.next();
            inputs.further_log_list_signatures = signatures.collect();
            inputs.log_list_caches = Vec::new();
        } else {
            inputs.log_list_caches = self.cache.kept();
        }
        if let Some(path) = &self.log_list_key {
            inputs.log_list_key = Some(read(path));
        }
    }
}

/// The largest log list that is read, in octets: more than a list may have, so that its own reader says so.
const MAX_LIST_FILE: u64 = 64 << 20;

/// `PROGRAM=FILE`, or a file alone.
fn named_program(argument: &str) -> (Option<&str>, &str) {
    match argument.split_once('=') {
        Some((name, path)) if Program::from_name(name).is_some() => (Some(name), path),
        _ => (None, argument),
    }
}

/// Says on standard error which kept lists are not used, and why.
pub(super) fn announce_refused(lists: &[ListUse]) {
    for list in lists {
        if let ListOutcome::Refused(why) = &list.outcome {
            let note = format!("warning: the kept log list {} is not used: {why}", list.file);
            // The report says so too.
            let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
        }
    }
}
