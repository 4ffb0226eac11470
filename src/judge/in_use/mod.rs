//! Which CAs are in use for a name: by the certificate its server shows, by certificates given as evidence, by the
//! policy, and by what the command line names.

mod known;
mod named;
mod served;

use self::known::{Known, Named};
pub use self::named::{NamedCa, NoCa};
use super::inputs::{self, Inputs};
use super::issued::is_of_a_host;
use super::target;
use super::{InputError, Judge};
use crate::ca::canonical::{self, Resemblance};
use crate::ca::issuer::{Issuer, Proof};
use crate::ca::same_owner;
use crate::caa::CaIdentity;
use crate::caa::suggest::{CaInUse, Coverage, Sighting, SightingSource, Wildcards};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::TargetEvidence;
use crate::evidence::file::InputFile;
use crate::evidence::revocation::Crls;
use crate::x509::{Certificate, read_certificates};

/// What the CAs in use are found by.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The name.
    pub name: &'a DnsName,
    /// The name's server, if it was looked at.
    pub served: Option<&'a TargetEvidence>,
    /// Certificates given as evidence.
    pub issued: &'a [InputFile],
    /// CAs that the command line names.
    pub named: &'a [String],
}

/// The CAs in use.
#[derive(Debug)]
pub struct InUse {
    /// The CAs, each once, by identifier.
    pub cas: Vec<CaInUse>,
    /// What is known of wildcard certificates.
    pub wildcards: Wildcards,
    /// Whether a wildcard certificate was seen whose issuer is not known.
    pub wildcard_unresolved: bool,
    /// Whether certificates given as evidence were counted.
    pub issued: bool,
    /// CAs that are in use and whose identifiers are not known, with what to do.
    pub unresolved: Vec<String>,
    /// What was named and is no CA that can be written down.
    pub unusable: Vec<String>,
    /// What else was seen, or could not be.
    pub notes: Vec<String>,
}

impl InUse {
    /// How far the evidence reaches.
    pub fn coverage(&self) -> Coverage {
        Coverage {
            wildcards: self.wildcards,
            wildcard_unresolved: self.wildcard_unresolved,
            issued: self.issued && self.unresolved.is_empty(),
            open: !self.unresolved.is_empty(),
        }
    }
}

impl Judge<'_> {
    /// Finds the CAs in use.
    pub fn cas_in_use(&mut self, sources: Sources<'_>) -> Result<InUse, InputError> {
        let mut finder = Finder {
            inputs: self.inputs,
            name: sources.name,
            counted: 0,
            found: InUse {
                cas: Vec::new(),
                wildcards: Wildcards::Unknown,
                wildcard_unresolved: false,
                issued: false,
                unresolved: Vec::new(),
                unusable: Vec::new(),
                notes: Vec::new(),
            },
        };
        if let Some(served) = sources.served {
            let verdicts = self.judge(served, &Crls::new());
            let others = self.shown_elsewhere(served, &verdicts);
            finder.served(&verdicts, &others);
        }
        let mut issued = Vec::new();
        for file in sources.issued {
            issued.extend(self.issued(file)?);
        }
        if !sources.issued.is_empty() {
            finder.issued(issued, self.at);
        }
        let (expected, source) = if self.request.expect_ca.is_empty() {
            (self.inputs.policy.expected_for(Some(sources.name)).unwrap_or_default(), SightingSource::Policy)
        } else {
            (self.request.expect_ca.as_slice(), SightingSource::ExpectCa)
        };
        for name in expected {
            finder.named(name, source);
        }
        for name in sources.named {
            finder.named(name, SightingSource::Named);
        }
        Ok(finder.finish())
    }

    /// The certificates of a file that are for hosts, each with who issued it.
    fn issued(&mut self, file: &InputFile) -> Result<Vec<(Certificate, Issuer)>, InputError> {
        let octets = inputs::octets(file)?;
        let certificates = read_certificates(octets)
            .map_err(|error| InputError::Certificates { path: file.path.clone(), error })?;
        let cas: Vec<Certificate> =
            certificates.iter().filter(|certificate| certificate.is_ca).cloned().collect();
        let leaves: Vec<Certificate> = certificates.into_iter().filter(is_of_a_host).collect();
        let with_issuer = |leaf: Certificate| {
            let chain: Vec<Certificate> = std::iter::once(leaf.clone()).chain(cas.iter().cloned()).collect();
            let issuer = target::who_issued(&chain, self.inputs, &mut self.verifier, self.at);
            (leaf, issuer)
        };
        Ok(leaves.into_iter().map(with_issuer).collect())
    }
}

/// The CAs found so far.
struct Finder<'a> {
    inputs: &'a Inputs,
    name: &'a DnsName,
    /// How many certificates given as evidence count.
    counted: usize,
    found: InUse,
}

impl Finder<'_> {
    /// Certificates given as evidence, told by issuer.
    fn issued(&mut self, issued: Vec<(Certificate, Issuer)>, at: jiff::Timestamp) {
        let all = issued.len();
        let (ours, others): (Vec<_>, Vec<_>) =
            issued.into_iter().partition(|(leaf, _)| is_governed(leaf, self.name));
        let (current, past): (Vec<_>, Vec<_>) = ours.into_iter().partition(|(leaf, _)| leaf.not_after >= at);
        if !others.is_empty() {
            self.found.notes.push(format!(
                "{} of {all} certificates given with --issued have no name at or below {}, and are not counted.",
                others.len(),
                self.name
            ));
        }
        if !past.is_empty() {
            self.found.notes.push(format!(
                "{} of {all} certificates given with --issued have expired, and are not counted: name a CA that is to \
                 issue again with --ca.",
                past.len()
            ));
        }
        self.counted = current.len();
        let mut groups: Vec<(Issuer, Vec<Certificate>)> = Vec::new();
        for (leaf, issuer) in current {
            match groups.iter_mut().find(|(each, _)| same_issuer(each, &issuer)) {
                // Those of unknown issuers are told by name.
                Some((_, leaves))
                    if issuer.owner.is_some() || leaves.iter().any(|each| each.issuer == leaf.issuer) =>
                {
                    leaves.push(leaf);
                }
                _ => groups.push((issuer, vec![leaf])),
            }
        }
        for (issuer, leaves) in groups {
            let with_wildcard = leaves.iter().filter(|leaf| has_wildcard(leaf, self.name)).count();
            let newest = leaves.iter().map(|leaf| leaf.not_before).max().unwrap_or_default();
            let detail = format!(
                "{} of the certificates given, {with_wildcard} of them with a wildcard name, the newest of {}",
                leaves.len(),
                newest.strftime("%Y-%m-%d")
            );
            let sighting = Sighting { source: SightingSource::Issued, detail, wildcard: with_wildcard > 0 };
            let claimed = leaves.first().map_or("", |leaf| leaf.issuer.as_str()).to_owned();
            self.add_issuer(&issuer, &claimed, sighting);
        }
    }

    /// A CA by the key that issued.
    fn add_issuer(&mut self, issuer: &Issuer, claimed: &str, sighting: Sighting) {
        let seen = format!("{} {}", sighting.source.words(), sighting.detail);
        let wildcard = sighting.wildcard;
        let proven = issuer.key.filter(|key| key.proof != Proof::Claim);
        let Some(key) = proven else {
            self.found.wildcard_unresolved |= wildcard;
            let whom = issuer.claimed_owner.as_deref().map_or_else(
                || "which key that is, no table tells".to_owned(),
                |owner| format!("it claims to be of {owner}, and nothing proves it"),
            );
            self.found.unresolved.push(format!(
                "“{claimed}” issued ({seen}), and {whom}: give the issuer's certificate with --issuer."
            ));
            return;
        };
        match Known::by_key(self.inputs, &key.key) {
            Ok(known) => self.add(known, sighting),
            Err(label) => {
                self.found.wildcard_unresolved |= wildcard;
                let who = label.map_or_else(
                    || "whose key no table knows".to_owned(),
                    |label| format!("which is {label}, of whom no CAA identifiers are known"),
                );
                self.found.unresolved.push(format!(
                    "“{claimed}” issued ({seen}), {who}: ask the CA what it recognises in CAA records, and put it into \
                     pinstead.toml as a [[private_ca]] with spki_sha256 = \"{}\".",
                    key.key
                ));
            }
        }
    }

    /// A CA by identifier or owner's name.
    fn named(&mut self, name: &str, source: SightingSource) {
        let name = name.trim();
        let words = source.words();
        let sighting = Sighting { source, detail: format!("“{name}”"), wildcard: false };
        match Known::by_name(self.inputs, name, &format!("it is {words}")) {
            Named::Known(known) => self.add(known, sighting),
            Named::AsWritten(known, like) => {
                let meant = like.map_or_else(String::new, |like| format!(" Is {like} meant?"));
                self.found
                    .notes
                    .push(format!("No table knows “{name}”, {words}: it is taken as it is written.{meant}"));
                self.add(known, sighting);
            }
            Named::WithoutIdentifiers => self
                .found
                .unusable
                .push(format!("“{name}” is {words}, and the policy names no caa_identifiers for that CA.")),
            Named::Nothing => self.found.unusable.push(format!(
                "“{name}”, {words}, is neither a CAA identifier nor a CA owner of whom identifiers are known: name the \
                 identifier that the CA recognises."
            )),
        }
    }

    /// Adds a CA, or another sighting of one that is there. One record is enough where it permits both; the
    /// identifier that the owner of the domain named is the one to publish.
    fn add(&mut self, known: Known, sighting: Sighting) {
        let table = self.inputs.cas;
        // Whoever took an identifier over is not who was named or seen.
        let is_over = |owner: &String| {
            let all = known.identifiers.iter().all(|each| table.retirement(each).is_some());
            table.owner_ended(owner).filter(|_| all)
        };
        let ended = table.ended(&known.identifier).or_else(|| known.owner.as_ref().and_then(is_over));
        if let Some(retired) = ended {
            self.found.wildcard_unresolved |= sighting.wildcard;
            let (identifier, words) = (&known.identifier, sighting.source.words());
            self.found.unresolved.push(format!(
                "{identifier} ({words} {}) is left out: {} ({}). Name the CA that issues in its place with --ca.",
                sighting.detail, retired.what, retired.source
            ));
            return;
        }
        if let Some(retired) = table.retirement(&known.identifier).filter(|_| known.owner.is_none()) {
            let owners: Vec<&str> = table.owner_of_identifier(&known.identifier).collect();
            self.found.notes.push(format!(
                "{}: {} ({}). By CCADB it is recognised by {}: better name the CA that issues for you by its own \
                 identifier.",
                known.identifier,
                retired.what,
                retired.source,
                owners.join(", ")
            ));
        }
        let is_named = sighting.source > SightingSource::Issued;
        let is_one_identifier = is_named && known.identifiers.len() == 1;
        let same = self.found.cas.iter_mut().find(|ca| {
            let by_owner =
                same_owner(&ca.identity.label, &known.label) && known.identifiers.contains(&ca.identifier);
            // An identifier that bears the name of a CA that was seen, and that this CA recognises.
            let by_name = is_one_identifier
                && ca.identity.identifiers.contains(&known.identifier)
                && canonical::resemblance(&known.identifier, &[ca.identity.label.as_str()])
                    > Resemblance::None;
            ca.identifier == known.identifier || by_owner || by_name
        });
        let Some(ca) = same else {
            self.found.cas.push(CaInUse {
                identity: CaIdentity { label: known.label, identifiers: known.identifiers },
                identifier: known.identifier,
                why: known.why,
                alternatives: Vec::new(),
                sightings: vec![sighting],
            });
            return;
        };
        if is_named && ca.identity.identifiers.contains(&known.identifier) {
            ca.identifier = known.identifier;
            ca.why = known.why;
        }
        if !is_one_identifier {
            // What stands for both has to be recognised by both.
            ca.identity.identifiers.retain(|each| known.identifiers.contains(each));
        }
        ca.sightings.push(sighting);
    }

    fn finish(mut self) -> InUse {
        let found = &mut self.found;
        found.cas.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        for ca in &mut found.cas {
            let others = ca.identity.identifiers.iter().filter(|each| **each != ca.identifier);
            ca.alternatives = others.cloned().collect();
            ca.alternatives.sort_unstable();
        }
        for ca in &found.cas {
            for other in found.cas.iter().filter(|other| other.identifier != ca.identifier) {
                if ca.identity.identifiers.contains(&other.identifier) {
                    found.notes.push(format!(
                        "{} recognises {} too: whoever is named by that also permits {}.",
                        ca.identity.label, other.identifier, ca.identity.label
                    ));
                }
            }
        }
        found.issued = self.counted > 0;
        found.wildcards = if found.wildcard_unresolved {
            Wildcards::Unknown
        } else if found.cas.iter().any(CaInUse::issues_wildcards) {
            Wildcards::Seen
        } else if self.counted > 0 {
            Wildcards::NoneAmong(self.counted)
        } else {
            Wildcards::Unknown
        };
        self.found
    }
}

/// Whether CAA at `name` decides about this certificate: a name of it is at or below.
fn is_governed(leaf: &Certificate, name: &DnsName) -> bool {
    leaf.names.dns.iter().any(|each| each.base.is_at_or_below(name))
}

/// Whether it has a wildcard name that CAA at `name` decides about.
fn has_wildcard(leaf: &Certificate, name: &DnsName) -> bool {
    let governed = |each: &CertificateName| each.wildcard && each.base.is_at_or_below(name);
    leaf.names.dns.iter().any(governed)
}

/// Whether two issuers are told as one.
fn same_issuer(one: &Issuer, other: &Issuer) -> bool {
    one.owner == other.owner
        && one.caa_identifiers == other.caa_identifiers
        && one.claimed_owner == other.claimed_owner
}

#[cfg(test)]
mod tests;
