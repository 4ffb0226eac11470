//! What the command line gives: the targets, the request and the input files.

use std::path::Path;

use anyhow::bail;

use super::listing::{Listing, Named};
use super::{CheckOptions, DEFAULT_POLICY, MAX_INPUT};
use crate::cli::pin_inputs;
use crate::cli::saved::is_evidence_file;
use crate::cli::target_list::{self, Listed};
use crate::evidence::file::InputFile;
use crate::evidence::{Inputs as InputFiles, ListedAt, Request};
use crate::observe::files;
use crate::observe::tls::Starttls;
use crate::policy::{MAX_POLICY, Policy};
use crate::target::{DEFAULT_PORT, Target};

/// The policy: the one that is named, or the one of this folder.
pub(super) fn local_policy(options: &CheckOptions) -> Option<InputFile> {
    match &options.expectations.policy {
        Some(path) => Some(files::read(path, MAX_POLICY)),
        None if files::exists(DEFAULT_POLICY) => Some(files::read(DEFAULT_POLICY, MAX_POLICY)),
        None => None,
    }
}

/// What is asked for.
pub(super) fn request(options: &CheckOptions) -> Request {
    Request {
        only: options.judging.only.iter().map(|only| only.part().name().to_owned()).collect(),
        expect_ca: options.expectations.expect_ca.clone(),
        offline: options.network.offline,
        inclusion: options.inclusion,
        revocation: options.revocation.revocation,
        tlsa: options.looks_up_tlsa(),
        issuance: options.issued.is_given(),
        at: options.judging.at,
        expires_within: options.expiry.within().map(|within| within.as_secs()),
        compare: options.comparing.clone(),
    }
}

/// The targets that are named.
pub(super) fn targets(options: &CheckOptions) -> anyhow::Result<Listing> {
    let mut named: Vec<Named> = options.target.iter().cloned().map(Named::from).collect();
    if let Some(path) = &options.many.targets {
        let list = if path == "-" { ListedAt::STANDARD_INPUT } else { path };
        let listed = target_list::read(path)?.into_iter();
        named.extend(listed.map(|Listed { line, text }| Named {
            text,
            place: Some(ListedAt { list: list.to_owned(), line }),
        }));
    }
    if named.is_empty() {
        bail!(
            "no target is named. --expect-ca and --pins take every word that follows them: name the target before them, or after `--`"
        );
    }
    if options.expectations.expect_ca.iter().any(|name| name.trim().is_empty()) {
        bail!("--expect-ca names no CA: its value is empty");
    }
    if let Some(taken) = options.expectations.expect_ca.iter().find(|name| files::exists(name)) {
        bail!("{taken} is a file, and --expect-ca took it for a CA: name the targets before that option");
    }
    // Those of a list are told when their turn comes: opening every file twice takes its time.
    if named.len() > 1
        && let Some(path) = options.target.iter().find(|path| is_evidence_file(path))
    {
        bail!("{path} is saved evidence: judge it alone, as the only target");
    }
    let default_port = options.network.starttls.map_or(DEFAULT_PORT, Starttls::default_port);
    let listing = Listing::of(named, default_port)?;
    let file = listing.targets().find_map(|target| match target {
        Target::File(path) => Some(path),
        Target::Server(_) | Target::Nothing { .. } => None,
    });
    match file {
        Some(path) if options.comparing.is_some() => bail!(
            "{path} is a file, and no saved evidence; what was issued is named with --history, lists of names with --targets, \
             and a name like that of a file is written with a dot behind it"
        ),
        _ => Ok(listing),
    }
}

/// Reads the input files; the policy's pin files stand beside it.
pub(super) fn input_files(options: &CheckOptions) -> anyhow::Result<InputFiles> {
    let policy = local_policy(options);
    let mut pins: Vec<String> = options.expectations.pins.clone();
    if let (true, Some(file)) = (pins.is_empty(), &policy) {
        let octets = file.octets().map_err(|why| anyhow::anyhow!("{}: {why}", file.path))?;
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        pins = Policy::parse(&file.path, octets)?
            .pins
            .iter()
            .map(|path| folder.join(path).to_string_lossy().into_owned())
            .collect();
    }
    let read = |path: &String| files::read(path, MAX_INPUT);
    let read_pins = pin_inputs::read(&pins, MAX_INPUT);
    options.spare(&read_pins.paths)?;
    let certificates = options.issued.files();
    options.spare(certificates.iter().flat_map(|files| &files.paths))?;
    let mut inputs = InputFiles {
        policy,
        opened_without_pins: if read_pins.files.is_empty() { read_pins.all_opened() } else { 0 },
        without_pins: if read_pins.files.is_empty() { pins } else { Vec::new() },
        pins: read_pins.files,
        pin_folders: read_pins.folders,
        roots: options.judging.roots.as_ref().map(read),
        issuers: options.judging.issuer.iter().map(read).collect(),
        certificates: certificates.map(|files| files.source),
        ..InputFiles::default()
    };
    options.judging.lists.read_into(&mut inputs);
    Ok(inputs)
}
