//! `pinstead pins make`: proposes pins for a host, and writes them in the forms they are shipped in.

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;

use super::backup_ca::{NamedRoots, backup_roots, known_roots};
use super::served::{Served, anchors, default_port, fetch, parse_server};
use crate::ca::{CaTable, RootsOfCas};
use crate::cli::Exit;
use crate::cli::options::{NetworkOptions, OutputOptions, Plain, parse_time};
use crate::observe::{clock, files};
use crate::pins::make::{Form, KnownRoot, Level, Material, OwnKey, Proposal, propose, read_key, write};
use crate::report::human::pins_make as human;
use crate::report::json::v1::pins_make as json;
use crate::target::ServerTarget;
use crate::x509::path::{Anchors, HostIdentity};
use crate::x509::{PathCertificate, SpkiSha256};

/// The longest file with a key that is read, in octets.
const LONGEST_KEY_FILE: u64 = 1 << 20;

/// What the exit codes mean, for `--help`.
const EXITS: &str = "\
Exit codes:
  0  proposed, with a backup, and a key that the server has now
  1  proposed without one of these, or a form of several that were named
     cannot say the set
  2  nothing can be proposed, or the one form that was named cannot say it;
     wrong usage
  3  the server showed no chain";

/// Options of `pinstead pins make`.
#[derive(Debug, Args)]
#[command(after_help = EXITS)]
pub(super) struct MakeOptions {
    /// The host to pin, with a port if it is another than 443
    #[arg(value_name = "HOST[:PORT]", value_parser = parse_server)]
    host: ServerTarget,
    /// Take the chain from this file, PEM or DER, leaf first, instead of from the server
    #[arg(long, value_name = "FILE", conflicts_with_all = ["connect", "starttls"])]
    chain: Option<String>,
    /// Trust anchors (PEM) instead of the embedded ones
    #[arg(long, value_name = "FILE")]
    roots: Option<String>,
    #[command(flatten)]
    choice: ChoiceOptions,
    /// Write this form; may be repeated [default: every form that can say it]
    #[arg(long = "as", value_name = "FORM", value_enum, value_delimiter = ',', help_heading = "Report")]
    forms: Vec<FormName>,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// What to pin.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pins")]
struct ChoiceOptions {
    /// Pin the key of this file: a public key, a CSR or a certificate (PEM or DER), no private key; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "level")]
    key: Vec<String>,
    /// Fall back on the key of this file, kept offline; may be repeated
    #[arg(long, value_name = "FILE")]
    backup_key: Vec<String>,
    /// Fall back on the roots of this CA: its CAA identifier or its owner's name
    #[arg(long, value_name = "ID")]
    backup_ca: Option<String>,
    /// What of the chain to pin [default: all roots of the CA, unless --key is given]
    #[arg(long, value_enum)]
    level: Option<LevelName>,
    /// Pin the hosts below it, too
    #[arg(long)]
    include_subdomains: bool,
    /// The day on which the pins end, in the forms that have one
    #[arg(long, value_name = "DATE")]
    expires: Option<Date>,
    /// Take the chain for current as of this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
}

/// A level's name on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelName {
    /// The leaf's key
    Leaf,
    /// The intermediates' keys
    Intermediate,
    /// Every root of the CA
    Root,
}

/// A form's name on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormName {
    /// Android Network Security Config (XML)
    Nsc,
    /// OkHttp CertificatePinner (Kotlin)
    Okhttp,
    /// iOS NSPinnedDomains (Info.plist)
    Nspinneddomains,
    /// TrustKit for iOS (Info.plist)
    Trustkit,
    /// curl --pinnedpubkey
    Curl,
    /// TLSA records 3 1 1 and 2 1 1 (zone file)
    Tlsa,
    /// react-native-ssl-public-key-pinning
    ReactNative,
    /// pins.toml, the form of this program
    PinsToml,
}

impl FormName {
    fn form(self) -> Form {
        match self {
            Self::Nsc => Form::AndroidNsc,
            Self::Okhttp => Form::OkHttp,
            Self::Nspinneddomains => Form::NsPinnedDomains,
            Self::Trustkit => Form::TrustKit,
            Self::Curl => Form::Curl,
            Self::Tlsa => Form::Tlsa,
            Self::ReactNative => Form::ReactNative,
            Self::PinsToml => Form::PinsToml,
        }
    }
}

/// Proposes and writes.
pub(super) fn run(options: &MakeOptions) -> anyhow::Result<Exit> {
    options.output.plain("pins make")?;
    let choice = &options.choice;
    let read = options.chain.iter().chain(&options.roots).chain(&choice.key).chain(&choice.backup_key);
    options.output.spare(read.map(Path::new).chain(options.network.dns.files()))?;
    let HostIdentity::Name(host) = &options.host.host else {
        bail!("pins are for names: {} is an address", options.host.label(default_port(&options.network)));
    };
    let at = choice.at.unwrap_or_else(clock::now);
    if let Some(date) = choice.expires
        && date.to_zoned(jiff::tz::TimeZone::UTC).is_ok_and(|end| end.timestamp() <= at)
    {
        bail!("--expires {date} has passed: the pins would be off from the start");
    }
    let own_keys = keys(&choice.key)?;
    let backup_keys = keys(&choice.backup_key)?;
    let anchors = anchors(options.roots.as_deref())?;
    let served = match &options.chain {
        Some(file) => Ok(Served::of_file(file)?),
        None => only_chain(options)?,
    };
    let served = match served {
        Ok(served) => served,
        Err(why) => {
            crate::cli::pins::note(&format!("nothing is proposed: {why}"));
            return Ok(Exit::Undetermined);
        }
    };
    let path = served.path(Some(&options.host.host), &anchors, at).map_err(|why| anyhow::anyhow!("{why}"))?;
    let served_keys: Vec<_> = served.certificates.iter().map(|served| served.spki_sha256).collect();
    let roots = known_roots(&anchors);
    let of_ca = further_roots(&path.path, &served, &anchors, at);
    let backup = match &choice.backup_ca {
        Some(name) => backup_roots(name, &anchors, &roots)?,
        None => NamedRoots::default(),
    };
    let mut proposal = propose(&Material {
        host: host.as_str(),
        include_subdomains: choice.include_subdomains,
        path: &path.path,
        served: &served_keys,
        own_keys: &own_keys,
        backup_keys: &backup_keys,
        level: choice.level.map(LevelName::level),
        roots: &roots,
        further_roots: &of_ca.roots,
        backup_roots: &backup.roots,
        expires: choice.expires,
    })?;
    proposal.warnings.extend(path.unfit.clone());
    proposal.warnings.extend(backup.warning);
    if proposal.level == Level::Root {
        proposal.warnings.extend(of_ca.warning);
    }
    let port = options.host.port.unwrap_or_else(|| default_port(&options.network));
    report(options, &proposal, port)
}

/// The roots of the CA in use besides the anchors: the same that `compare --require widened` asks for.
fn further_roots(path: &[PathCertificate], served: &Served, anchors: &Anchors, at: Timestamp) -> NamedRoots {
    let (Some(issuer), Some(root)) = (path.get(1), path.last()) else { return NamedRoots::default() };
    let owner = |key: &SpkiSha256| CaTable.key(key).and_then(|known| known.owner).map(str::to_owned);
    let owners = [issuer, root].into_iter().filter_map(|ca| owner(&ca.spki_sha256)).collect();
    let mut all = RootsOfCas::of_owners(&owners, at);
    let given = served.certificates.get(1..).unwrap_or_default();
    let are_all = all.add_paths(&issuer.spki_sha256, given, anchors, at).is_some();
    let named = all.of_owners.keys().copied().chain([root.spki_sha256]).collect();
    let known =
        |(key, name): (&SpkiSha256, &String)| KnownRoot { key: *key, name: name.clone(), owner: owner(key) };
    let ends = all.missed_by(&named).map(|path| (&path.end, &path.name));
    let warning =
        "Not every path above the CA that issued is known: further roots may be missing from the set.";
    NamedRoots {
        roots: all.of_owners.iter().chain(ends).map(known).collect(),
        warning: (!are_all).then(|| warning.to_owned()),
    }
}

/// The chain that the host shows, at whatever address; the inner error says why there is none.
fn only_chain(options: &MakeOptions) -> anyhow::Result<Result<Served, String>> {
    let mut chains = fetch(&options.host, &options.network)?;
    if chains.len() > 1 {
        bail!(
            "the addresses of {} show different chains: say with --connect or --chain which one the pins are for",
            options.host.label(default_port(&options.network))
        );
    }
    Ok(chains.pop().unwrap_or_else(|| Err("no chain was shown".to_owned())))
}

fn report(options: &MakeOptions, proposal: &Proposal, port: u16) -> anyhow::Result<Exit> {
    let asked: Vec<Form> = if options.forms.is_empty() {
        Form::ALL.to_vec()
    } else {
        options.forms.iter().map(|form| form.form()).collect()
    };
    let forms: Vec<(Form, Result<String, String>)> =
        asked.into_iter().map(|form| (form, write(proposal, form, port))).collect();
    let text = match options.output.plain("pins make")? {
        Plain::Json => serde_json::to_string_pretty(&json::document(proposal, &forms))? + "\n",
        Plain::Jsonl => serde_json::to_string(&json::document(proposal, &forms))? + "\n",
        Plain::Human => match forms.as_slice() {
            // A single form is for a file: everything said of it goes beside it.
            [(form, written)] if !options.forms.is_empty() => {
                let unsaid = if written.is_ok() { human::unsaid(proposal, *form) } else { String::new() };
                crate::cli::pins::aside(&(human::proposal(proposal) + &unsaid));
                written.clone().map_err(|why| anyhow::anyhow!("{why}"))?
            }
            _ => human::render(proposal, &forms),
        },
    };
    options.output.write(&text)?;
    let refused = !options.forms.is_empty() && forms.iter().any(|(_, written)| written.is_err());
    let unfit = refused || !proposal.matches_now() || !proposal.has_backup();
    Ok(if unfit { Exit::Findings } else { Exit::Clean })
}

impl LevelName {
    fn level(self) -> Level {
        match self {
            Self::Leaf => Level::Leaf,
            Self::Intermediate => Level::Intermediate,
            Self::Root => Level::Root,
        }
    }
}

fn keys(paths: &[String]) -> anyhow::Result<Vec<OwnKey>> {
    let key = |path: &String| {
        let input = files::read(path, LONGEST_KEY_FILE);
        let octets = input.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
        let key = read_key(octets).with_context(|| path.clone())?;
        Ok(OwnKey { key, file: path.clone() })
    };
    paths.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{CertificateSha256, ChainPosition, Fingerprints};

    /// Let's Encrypt's next roots stand in few stores yet: on devices that have them, chains end there.
    #[test]
    fn all_roots_of_a_public_ca_are_those_that_the_gate_asks_for() {
        let at = "2026-03-20T00:00:00Z".parse().unwrap();
        let (yr1, x1) =
            ("LoMHBotttiDko50Gi13uXW71eIy7LAttI+rYT8wXF4w=", "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=");
        let member = |position, key: SpkiSha256| PathCertificate {
            position,
            spki_sha256: key,
            sha256: CertificateSha256::of(&key.0),
            subject: key.to_string(),
            fingerprints: Fingerprints::default(),
        };
        let path = [
            member(ChainPosition::Leaf, SpkiSha256::of(b"leaf")),
            member(ChainPosition::Intermediate, SpkiSha256::from_base64(yr1).unwrap()),
            member(ChainPosition::Root, SpkiSha256::from_base64(x1).unwrap()),
        ];
        let served = Served { source: "here".to_owned(), certificates: Vec::new() };
        let anchors = Anchors::embedded();
        let found = further_roots(&path, &served, &anchors, at);
        assert_eq!(found.warning, None);
        let roots = known_roots(&anchors);
        let proposal = propose(&Material {
            host: "www.example.com",
            include_subdomains: false,
            path: &path,
            served: &[],
            own_keys: &[],
            backup_keys: &[],
            level: None,
            roots: &roots,
            further_roots: &found.roots,
            backup_roots: &[],
            expires: None,
        })
        .unwrap();
        let mut names: Vec<&str> =
            proposal.pins.iter().map(|pin| pin.name.rsplit("CN=").next().unwrap_or_default()).collect();
        names.sort_unstable();
        assert_eq!(names[1..], ["ISRG Root X2", "Root YE", "Root YR"], "{:?}", proposal.pins);
        // What the gate asks for is pinned, and on every path of now there is one of these.
        let pinned = proposal.pins.iter().map(|pin| pin.key).collect();
        let owners = ["Internet Security Research Group".to_owned()].into();
        let mut asked = RootsOfCas::of_owners(&owners, at);
        asked.add_paths(&path[1].spki_sha256, &[], &anchors, at).unwrap();
        assert!(asked.of_owners.keys().all(|key| proposal.pins.iter().any(|pin| pin.key == *key)));
        assert_eq!(asked.missed_by(&pinned).count(), 0);
    }
}
