//! `pinstead caa`: CAA alone.

mod suggest;

use std::io::Write as _;
use std::net::IpAddr;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use tokio::task::JoinSet;

use super::Exit;
use super::dns_options::DnsOptions;
use super::options::{Format, GateOptions, OutputOptions};
use crate::ca::CaTable;
use crate::caa::{CaIdentity, CaaQuestion, CaaReading, NotApplicable, Usage, Who, judge};
use crate::dns_name::CertificateName;
use crate::evidence::dns::CaaLookup;
use crate::observe::dns::{DnsClient, Extent};
use crate::report::human::{self, safe};
use crate::report::json::v1::caa::{CaaDocument, CaaName};
use crate::rules::{self, Finding};

/// Options of `pinstead caa`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct CaaOptions {
    #[command(subcommand)]
    command: Option<CaaCommand>,
    /// The names to look up; `*.example.com` is judged as a wildcard name
    #[arg(required = true, value_name = "NAME", value_parser = parse_subject)]
    names: Vec<Subject>,
    /// Give a verdict for this CA, by its CAA identifier or its owner's name; may be repeated [default: every CA
    /// the records name]
    #[arg(long = "ca", value_name = "ID")]
    cas: Vec<String>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value = "tls")]
    usage: UsageOption,
    /// The account that asks the CA (RFC 8657 accounturi)
    #[arg(long, value_name = "URI")]
    account: Option<String>,
    /// The validation method the CA uses (RFC 8657 validationmethods), such as http-01 or ca-tbr-7
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    #[command(flatten)]
    dns: DnsOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    gate: GateOptions,
}

/// What else there is to do about CAA.
#[derive(Debug, Subcommand)]
enum CaaCommand {
    /// Suggest the record set that allows exactly the CAs in use, in the form your DNS takes
    Suggest(Box<suggest::SuggestOptions>),
}

/// What a certificate is for, as the option has it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum UsageOption {
    /// TLS servers: issue and issuewild
    Tls,
    /// E-mail: issuemail (RFC 9495)
    Smime,
    /// Mark certificates: issuevmc
    Vmc,
}

/// What a certificate would be issued for.
#[derive(Clone, Debug)]
enum Subject {
    Name(CertificateName),
    Address(IpAddr),
}

/// Looks up and judges every name.
pub(super) fn run(options: &CaaOptions) -> anyhow::Result<Exit> {
    if let Some(CaaCommand::Suggest(options)) = &options.command {
        return suggest::run(options);
    }
    let client = options.dns.client()?;
    for name in
        options.cas.iter().filter(|name| !CaTable.is_known_identifier(name) && !CaTable.is_known_owner(name))
    {
        let note =
            format!("note: “{name}” is no known CAA identifier or CA owner; it is compared as it is written");
        // The report does not depend on it.
        let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
    }
    let runtime = super::runtime()?;
    let lookups = runtime.block_on(look_up(&client, &options.names))?;

    let question = options.question();
    let judged: Vec<(CaaReading, Vec<Finding>)> = options
        .names
        .iter()
        .zip(&lookups)
        .map(|(subject, lookup)| {
            let reading = read(subject, lookup.as_ref(), &question);
            let findings = rules::caa::findings(&reading);
            (reading, findings)
        })
        .collect();
    options.output.write(&options.report(&judged)?)?;

    let fails = judged.iter().any(|(_, findings)| options.gate.fails(findings));
    // Every name was asked for by name, so nothing that stayed open is passed over.
    let open = judged.iter().any(|(reading, _)| reading.is_undetermined());
    Ok(options.gate.exit(fails, open, open))
}

impl CaaOptions {
    fn question(&self) -> CaaQuestion {
        let who = match self.cas.as_slice() {
            [] => Who::EveryCaInTheSet,
            cas => Who::Named(cas.iter().map(|name| identity(name)).collect()),
        };
        let (account, method) = (self.account.clone(), self.method.clone());
        CaaQuestion { who, usage: self.usage.into(), account, method }
    }

    fn report(&self, judged: &[(CaaReading, Vec<Finding>)]) -> anyhow::Result<String> {
        let names = judged.iter().map(|(reading, findings)| CaaName::new(reading, findings));
        Ok(match self.output.format {
            Format::Human => {
                let name =
                    |(reading, findings): &(CaaReading, Vec<Finding>)| human::caa::name(reading, findings);
                judged.iter().map(name).collect::<Vec<_>>().join("\n")
            }
            Format::Json => serde_json::to_string_pretty(&CaaDocument::new(names.collect()))? + "\n",
            Format::Jsonl => {
                let lines: Result<Vec<_>, _> =
                    names.map(|name| serde_json::to_string(&name).map(|line| line + "\n")).collect();
                lines?.concat()
            }
        })
    }
}

/// A CA by its identifier, or by its owner's name where that is known and no identifier.
fn identity(name: &str) -> CaIdentity {
    if CaTable.is_known_identifier(name) || !CaTable.is_known_owner(name) {
        return CaIdentity::from_identifier(name);
    }
    let identifiers = CaTable.identifiers_of_owner(name).map(str::to_owned).collect();
    CaIdentity { label: name.to_owned(), identifiers }
}

impl From<UsageOption> for Usage {
    fn from(usage: UsageOption) -> Self {
        match usage {
            UsageOption::Tls => Self::Tls,
            UsageOption::Smime => Self::Smime,
            UsageOption::Vmc => Self::Vmc,
        }
    }
}

fn parse_subject(text: &str) -> Result<Subject, String> {
    let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = unbracketed.parse() {
        return Ok(Subject::Address(address));
    }
    text.parse().map(Subject::Name).map_err(|error: crate::dns_name::DnsNameError| error.to_string())
}

/// Looks up every name at the same time; the results are in the order of the names.
async fn look_up(client: &DnsClient, subjects: &[Subject]) -> anyhow::Result<Vec<Option<CaaLookup>>> {
    let mut lookups = vec![None; subjects.len()];
    let mut tasks = JoinSet::new();
    for (position, subject) in subjects.iter().enumerate() {
        if let Subject::Name(name) = subject {
            let (client, base) = (client.clone(), name.base.clone());
            tasks.spawn(async move { (position, client.look_up_caa(&base, Extent { above: true }).await) });
        }
    }
    while let Some(done) = tasks.join_next().await {
        let (position, lookup) = done.context("a look-up ended early")?;
        if let Some(place) = lookups.get_mut(position) {
            *place = Some(lookup);
        }
    }
    Ok(lookups)
}

fn read(subject: &Subject, lookup: Option<&CaaLookup>, question: &CaaQuestion) -> CaaReading {
    match (subject, lookup) {
        (Subject::Name(name), Some(lookup)) => judge(name, lookup, question),
        (Subject::Name(name), None) => judge(name, &CaaLookup::of(name.base.clone()), question),
        (Subject::Address(address), _) => {
            CaaReading::not_applicable(address.to_string(), false, NotApplicable::IpAddress)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_is_meant_by_identifier_or_by_owner() {
        assert_eq!(identity("ca1.example").identifiers, ["ca1.example"]);
        assert_eq!(identity("pki.goog").identifiers, ["pki.goog"]);
        assert!(identity("Google Trust Services").identifiers.contains(&"pki.goog".to_owned()));
    }
}
