//! `pinstead caa suggest`: the record set that allows exactly the CAs in use.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use domain::base::iana::Rtype;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::caa::suggest::{
    Bound, Form, PublishedState, RecordSet, Suggestion, Wish, alias_target, suggest, zone_apex,
};
use crate::caa::{CaaQuestion, CaaReading, Verdict, Who, judge};
use crate::cli::check::{DEFAULT_POLICY, MAX_INPUT};
use crate::cli::dns_options::NameserverOptions;
use crate::cli::options::{Format, NetworkOptions, OutputOptions, Plain, parse_time};
use crate::cli::{Exit, runtime};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::DnsOutcome;
use crate::evidence::{Inputs as InputFiles, Request, TargetEvidence};
use crate::judge::{InUse, Inputs, Judge, Sources};
use crate::observe::dns::{DnsClient, Manner, Question};
use crate::observe::run::{AT_MOST, Looking, look_at};
use crate::observe::tls::TlsOptions;
use crate::observe::{clock, files};
use crate::policy::MAX_POLICY;
use crate::report::human::{self, safe};
use crate::report::json::v1::caa_suggest::SuggestDocument;
use crate::target::{ServerTarget, Target};
use crate::x509::path::HostIdentity;

/// Options of `pinstead caa suggest`.
#[derive(Debug, Args)]
pub(super) struct SuggestOptions {
    /// The name that is to have the records, as a rule your domain
    #[arg(value_name = "NAME", value_parser = parse_name)]
    name: DnsName,
    /// The form to write the records in
    #[arg(long, value_enum, default_value = "zone", help_heading = "Report")]
    form: FormName,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    evidence: EvidenceOptions,
    #[command(flatten)]
    wish: WishOptions,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    nameservers: NameserverOptions,
}

/// What the CAs in use are found by, beside the certificate that NAME's server shows.
#[derive(Debug, Args)]
#[command(next_help_heading = "CAs in use")]
struct EvidenceOptions {
    /// A CA to allow: its CAA identifier or its owner's name; may be repeated
    #[arg(long = "ca", value_name = "ID")]
    cas: Vec<String>,
    /// Certificates that were issued (PEM or DER); those for other names are left out
    #[arg(long, value_name = "FILE", num_args = 1..)]
    issued: Vec<String>,
    /// The policy file (default: pinstead.toml in this folder, if it is there)
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// A CA that is expected: its CAA identifier or its owner's name
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    expect_ca: Vec<String>,
    /// Trust anchors (PEM) instead of the embedded ones
    #[arg(long, value_name = "FILE")]
    roots: Option<String>,
    /// Further issuer certificates
    #[arg(long, value_name = "FILE")]
    issuer: Vec<String>,
    /// Take certificates for current as of this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
}

/// What the records are to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Records")]
struct WishOptions {
    /// Forbid only what the evidence speaks against (this is the default)
    #[arg(long, conflicts_with = "strict")]
    lenient: bool,
    /// Forbid all that is not known to be in use: CAs that are published only, wildcard, e-mail and mark certificates
    #[arg(long)]
    strict: bool,
    /// Make issue and issuewild critical (128)
    #[arg(long)]
    critical: bool,
    /// The time to live of the records
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(0..=2_147_483_647))]
    ttl: u32,
    /// Where CAs are to report what they refused; may be repeated [default: as published]
    #[arg(long, value_name = "URL")]
    iodef: Vec<String>,
    /// Bind a CA to this account (RFC 8657 accounturi); may be repeated
    #[arg(long, value_name = "[CA=]URI", value_parser = parse_account)]
    account: Vec<Bound>,
    /// Bind a CA, or all, to these validation methods (RFC 8657 validationmethods), such as dns-01 or ca-tbr-7
    #[arg(long, value_name = "[CA=]METHOD", value_parser = parse_method)]
    method: Vec<Bound>,
    /// The zone that NAME is in [default: asked of the DNS]
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    zone: Option<DnsName>,
}

/// A form's name on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormName {
    /// Lines of a zone file
    Zone,
    /// Lines of a zone file for servers that do not know CAA
    Rfc3597,
    /// Lines for tinydns-data
    Tinydns,
    /// A change batch for Amazon Route 53 (JSON)
    Route53,
    /// A resource of Terraform's AWS provider
    Terraform,
    /// A file for gcloud dns record-sets import (YAML)
    GoogleCloud,
    /// A statement for DNSControl
    Dnscontrol,
    /// Items for a zone file of octoDNS (YAML)
    Octodns,
}

/// What was looked at.
struct Seen {
    served: Option<TargetEvidence>,
    published: Option<CaaReading>,
    apex: Option<DnsName>,
}

/// Finds the CAs in use, and writes what to publish.
pub(super) fn run(options: &SuggestOptions) -> anyhow::Result<Exit> {
    options.output.plain("caa suggest")?;
    let name = &options.name;
    if let Some(zone) = &options.wish.zone
        && !name.is_at_or_below(zone)
    {
        bail!("--zone {zone}: {name} is not in that zone");
    }
    options.output.spare(options.files())?;
    let request = Request {
        only: vec!["issuer".to_owned()],
        expect_ca: options.evidence.expect_ca.clone(),
        offline: options.network.offline,
        at: options.evidence.at,
        ..Request::default()
    };
    let inputs = Inputs::read(&request, &options.evidence.input_files())?;
    let issued: Vec<_> = options.evidence.issued.iter().map(|path| files::read(path, MAX_INPUT)).collect();
    let seen = look(options)?;
    if let Some(target) = seen.published.as_ref().and_then(alias_target) {
        bail!(
            "{name} is an alias of {target}: no record can stand beside it (RFC 1034 section 3.6.2), and CAs follow \
             the alias. Suggest for {target}, or for the name above"
        );
    }
    let at = options.evidence.at.unwrap_or_else(clock::now);
    let in_use = Judge::new(&request, &inputs, at).cas_in_use(Sources {
        name,
        served: seen.served.as_ref(),
        issued: &issued,
        named: &options.evidence.cas,
    })?;
    // A set without a CA that is in use would stop its renewals, unless the owner named the CAs to allow.
    let complete = in_use.unresolved.is_empty() || !options.evidence.cas.is_empty();
    if in_use.cas.is_empty() || !in_use.unusable.is_empty() || !complete {
        return give_up(options, &in_use);
    }
    let wish = options.wish(name, at);
    let suggestion = suggest(&wish, &in_use.cas, in_use.coverage(), seen.published.as_ref())?;
    let zone = options.wish.zone.clone().or_else(|| seen.apex.clone());
    let mut notes = human::caa_suggest::notes(&wish, options.network.offline, &in_use, &suggestion, at);
    if zone.is_none() && (options.form.form().names_zone() || options.output.format != Format::Human) {
        notes.push(format!(
            "Which zone {name} is in was not determined: it is taken for a zone of its own (--zone)."
        ));
    }
    let set = RecordSet {
        name: name.clone(),
        zone: zone.unwrap_or_else(|| name.clone()),
        ttl: options.wish.ttl,
        records: suggestion.records.clone(),
    };
    options.write(&in_use, Some((&suggestion, &set)), &notes)?;
    // What is published may have a binding or a CA that this set would remove.
    let unread = matches!(suggestion.difference.state, PublishedState::Undetermined(_));
    let open = unread
        || !in_use.unresolved.is_empty()
        || !suggestion.open.is_empty()
        || suggestion.permits.iter().any(|permit| permit.wanted && permit.verdict.verdict != Verdict::Permit);
    Ok(if open { Exit::Undetermined } else { Exit::Clean })
}

/// Looks at the server, the published records and the zone, at the same time.
fn look(options: &SuggestOptions) -> anyhow::Result<Seen> {
    let Some(dns) = options.network.client()?.map(|dns| options.nameservers.reached_by(dns)) else {
        return Ok(Seen { served: None, published: None, apex: None });
    };
    let name = &options.name;
    let host = HostIdentity::Name(name.clone());
    let target = Target::Server(ServerTarget { host, port: None });
    let looking = Looking {
        dns: Some(dns.clone()),
        connect: options.network.connect,
        tls: TlsOptions { starttls: options.network.starttls, ..TlsOptions::default() },
        caa: None,
        host_caa: false,
        tlsa: false,
        doors: Arc::default(),
        at_most: AT_MOST,
    };
    let question = CaaQuestion::tls(Who::EveryCaInTheSet);
    runtime()?.block_on(async {
        let (served, lookup, apex) = tokio::join!(
            look_at(&target, &looking),
            dns.look_up_caa(name, options.nameservers.extent()),
            apex(&dns, name)
        );
        let subject = CertificateName { base: name.clone(), wildcard: false };
        let published = Some(judge(&subject, &lookup, &question));
        Ok(Seen { served: Some(served), published, apex })
    })
}

/// Asks which zone a name is in.
async fn apex(dns: &DnsClient, name: &DnsName) -> Option<DnsName> {
    let question = Question { name: name.to_wire(), rtype: Rtype::SOA, manner: Manner::Resolve };
    let attempts = dns.ask(&question).await;
    match &attempts.last()?.outcome {
        DnsOutcome::Message(message) => zone_apex(name, message),
        DnsOutcome::Failed(_) => None,
    }
}

/// Says what is missing, and writes no records.
fn give_up(options: &SuggestOptions, in_use: &InUse) -> anyhow::Result<Exit> {
    let mut lines = in_use.notes.clone();
    lines.extend(in_use.unresolved.iter().chain(&in_use.unusable).cloned());
    if in_use.cas.is_empty() && in_use.unresolved.is_empty() && in_use.unusable.is_empty() {
        lines.push(format!(
            "No CA is known to be in use for {}: name one with --ca or --expect-ca, give certificates with --issued, \
             or let its server be looked at (--connect).",
            options.name
        ));
    } else {
        let known: Vec<&str> = in_use.cas.iter().map(|ca| ca.identifier.as_str()).collect();
        let known = if known.is_empty() { String::new() } else { format!(" (known: {})", known.join(", ")) };
        lines.push(format!(
            "No records are suggested{known}: a set without a CA that is in use would stop its renewals. Settle the \
             above, or name every CA to allow with --ca."
        ));
    }
    if options.output.format == Format::Human {
        tell(&lines);
    } else {
        options.write(in_use, None, &lines)?;
    }
    Ok(Exit::Undetermined)
}

/// Says something on standard error; the report does not depend on it.
fn tell(lines: &[String]) {
    let mut stderr = anstream::stderr().lock();
    for line in lines {
        let _ = writeln!(stderr, "{}", safe(line));
    }
}

impl SuggestOptions {
    fn wish(&self, name: &DnsName, at: Timestamp) -> Wish {
        Wish {
            name: name.clone(),
            strict: self.wish.strict,
            critical: self.wish.critical,
            iodef: self.wish.iodef.clone(),
            accounts: self.wish.account.clone(),
            methods: self.wish.method.clone(),
            today: at.to_zoned(TimeZone::UTC).date(),
        }
    }

    /// Writes the form and nothing else, or a JSON document with all of it.
    fn write(
        &self,
        in_use: &InUse,
        suggested: Option<(&Suggestion, &RecordSet)>,
        notes: &[String],
    ) -> anyhow::Result<()> {
        let document = || SuggestDocument::new(&self.name, self.wish.strict, in_use, suggested, notes);
        let report = match (self.output.plain("caa suggest")?, suggested) {
            (Plain::Human, Some((_, set))) => {
                let form = self.form.form();
                let mut notes = notes.to_vec();
                notes.push(form.instruction().to_owned());
                if form.comment().is_none() {
                    tell(&notes);
                }
                form.render(set, &notes)
            }
            (Plain::Human, None) => String::new(),
            (Plain::Json, _) => serde_json::to_string_pretty(&document())? + "\n",
            (Plain::Jsonl, _) => serde_json::to_string(&document())? + "\n",
        };
        self.output.write(&report)
    }

    /// The files that are read.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let EvidenceOptions { issued, policy, roots, issuer, .. } = &self.evidence;
        let policy = Path::new(policy.as_deref().unwrap_or(DEFAULT_POLICY));
        let given = issued.iter().chain(roots).chain(issuer).map(Path::new);
        given.chain([policy]).chain(self.network.dns.files())
    }
}

impl EvidenceOptions {
    fn input_files(&self) -> InputFiles {
        let policy = match &self.policy {
            Some(path) => Some(files::read(path, MAX_POLICY)),
            None => files::exists(DEFAULT_POLICY).then(|| files::read(DEFAULT_POLICY, MAX_POLICY)),
        };
        let read = |path: &String| files::read(path, MAX_INPUT);
        InputFiles {
            policy,
            roots: self.roots.as_ref().map(read),
            issuers: self.issuer.iter().map(read).collect(),
            ..InputFiles::default()
        }
    }
}

impl FormName {
    fn form(self) -> Form {
        match self {
            Self::Zone => Form::Zone,
            Self::Rfc3597 => Form::Rfc3597,
            Self::Tinydns => Form::Tinydns,
            Self::Route53 => Form::Route53,
            Self::Terraform => Form::Terraform,
            Self::GoogleCloud => Form::GoogleCloud,
            Self::Dnscontrol => Form::DnsControl,
            Self::Octodns => Form::OctoDns,
        }
    }
}

fn parse_name(text: &str) -> Result<DnsName, String> {
    if text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
        return Err(format!("{text} is an address, and CAA is for domain names only"));
    }
    let name: CertificateName =
        text.parse().map_err(|error: crate::dns_name::DnsNameError| error.to_string())?;
    if name.wildcard {
        return Err(format!("the records for {text} stand at {}: name that", name.base));
    }
    Ok(name.base)
}

/// `CA=URI` or `URI`: a URI has a colon before its first `=`, an identifier has none.
fn parse_account(text: &str) -> Result<Bound, String> {
    parse_bound(text, |ca| !ca.contains(':'))
}

/// `CA=METHOD` or `METHOD`.
fn parse_method(text: &str) -> Result<Bound, String> {
    parse_bound(text, |_| true)
}

fn parse_bound(text: &str, is_ca: impl Fn(&str) -> bool) -> Result<Bound, String> {
    let (ca, value) = match text.split_once('=') {
        Some((ca, value)) if is_ca(ca) => (Some(ca.trim().to_owned()), value.trim()),
        _ => (None, text.trim()),
    };
    if value.is_empty() || ca.as_ref().is_some_and(String::is_empty) {
        return Err("it is empty".to_owned());
    }
    Ok(Bound { ca, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_may_name_its_ca() {
        let bound =
            |ca: Option<&str>, value: &str| Ok(Bound { ca: ca.map(str::to_owned), value: value.to_owned() });
        assert_eq!(
            parse_account("https://ca.example/acct?id=1"),
            bound(None, "https://ca.example/acct?id=1")
        );
        assert_eq!(parse_account("ca.example=https://x/?a=b"), bound(Some("ca.example"), "https://x/?a=b"));
        assert_eq!(parse_method("dns-01"), bound(None, "dns-01"));
        assert_eq!(parse_method("ca.example=dns-01,http-01"), bound(Some("ca.example"), "dns-01,http-01"));
        assert!(parse_account("ca.example=").is_err() && parse_method("").is_err());
    }

    #[test]
    fn a_wildcard_is_not_where_records_stand() {
        assert!(parse_name("*.example.com").unwrap_err().contains("example.com"));
        assert_eq!(parse_name("Example.COM.").unwrap().as_str(), "example.com");
    }
}
