//! Which CAs are in use for a name: by the certificate its server shows, by certificates given as evidence, by the
//! policy, and by what the command line names.

use super::inputs::Inputs;
use super::target::{self, TargetVerdicts};
use super::{InputError, Judge};
use crate::ca::canonical::{self, Candidate, Resemblance};
use crate::ca::issuer::{Issuer, Proof};
use crate::ca::{IdentifierSource, same_owner};
use crate::caa::CaIdentity;
use crate::caa::suggest::{CaInUse, Sighting, SightingSource, Wildcards};
use crate::caa::value::IssueValue;
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::TargetEvidence;
use crate::evidence::file::InputFile;
use crate::x509::path::Trust;
use crate::x509::{Certificate, SpkiSha256, read_certificates};

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
    /// CAs that are in use and whose identifiers are not known, with what to do.
    pub unresolved: Vec<String>,
    /// What was named and is no CA that can be written down.
    pub unusable: Vec<String>,
    /// What else was seen, or could not be.
    pub notes: Vec<String>,
}

/// A CA's names and identifiers.
struct Known {
    /// How reports call it.
    label: String,
    /// Its names: the organisation of the key, the owner.
    names: Vec<String>,
    /// Its identifiers.
    candidates: Vec<Candidate>,
    /// Whether the owner of the domain wrote them down, best first.
    written_down: bool,
}

impl Judge<'_> {
    /// Finds the CAs in use.
    pub fn cas_in_use(&mut self, sources: Sources<'_>) -> Result<InUse, InputError> {
        let mut finder = Finder {
            inputs: self.inputs,
            name: sources.name,
            wildcards: 0,
            found: InUse {
                cas: Vec::new(),
                wildcards: Wildcards::Unknown,
                unresolved: Vec::new(),
                unusable: Vec::new(),
                notes: Vec::new(),
            },
        };
        if let Some(served) = sources.served {
            let verdicts = self.judge(served);
            finder.served(&verdicts);
        }
        let mut issued = Vec::new();
        for file in sources.issued {
            issued.extend(self.issued(file)?);
        }
        if !sources.issued.is_empty() {
            finder.issued(issued, self.at);
        }
        let (expected, source) = if self.request.expect_ca.is_empty() {
            (self.inputs.policy.expected_for(Some(sources.name)), SightingSource::Policy)
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

    /// The certificates of a file that are no CA's, each with who issued it.
    fn issued(&mut self, file: &InputFile) -> Result<Vec<(Certificate, Issuer)>, InputError> {
        let octets = super::inputs::octets(file)?;
        let certificates = read_certificates(octets)
            .map_err(|error| InputError::Certificates { path: file.path.clone(), error })?;
        let (cas, leaves): (Vec<Certificate>, Vec<Certificate>) =
            certificates.into_iter().partition(|certificate| certificate.is_ca);
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
    /// How many certificates given as evidence count, if any file was given.
    wildcards: usize,
    found: InUse,
}

impl Finder<'_> {
    /// The certificate that the name's server shows.
    fn served(&mut self, verdicts: &TargetVerdicts) {
        let name = self.name;
        let Some(leaf) = verdicts.chain.first() else {
            let why = verdicts.observed.not_tried.clone().unwrap_or_else(|| {
                let failures = verdicts.observed.failures.join("; ");
                if failures.is_empty() { "it showed none".to_owned() } else { failures }
            });
            self.found.notes.push(format!("The certificate of {} was not seen: {why}.", verdicts.target));
            return;
        };
        if !leaf.names.dns.iter().any(|each| each.covers(name)) {
            self.found.notes.push(format!(
                "The certificate that {} shows is not for {name}, and is not counted.",
                verdicts.target
            ));
            return;
        }
        if let Some(Trust::Untrusted { .. }) = verdicts.trust.as_ref().map(|trust| &trust.trust) {
            self.found.notes.push(format!("The certificate that {} shows is not trusted.", verdicts.target));
        }
        let at = verdicts.observed.handshake.as_ref().map_or("", |handshake| handshake.address.as_str());
        let detail =
            format!("by {at}: certificate {}, valid to {}", leaf.sha256, leaf.not_after.strftime("%Y-%m-%d"));
        let governed = is_governed(leaf, name);
        if !governed {
            let others: Vec<String> = leaf.names.dns.iter().map(ToString::to_string).take(5).collect();
            self.found.notes.push(format!(
                "The certificate that {} shows is for {}: its CAA is looked up there and not at {name}. Suggest for \
                 that name too.",
                verdicts.target,
                others.join(", ")
            ));
        }
        let sighting =
            Sighting { source: SightingSource::Served, detail, wildcard: has_wildcard(leaf, name) };
        self.add_issuer(&verdicts.who_issued, &leaf.issuer, sighting);
        for other in &verdicts.observed.differing {
            self.found.notes.push(format!(
                "At {} the server shows another certificate, issued by “{}”: it is not counted; give it with --issued.",
                other.address, other.issuer
            ));
        }
    }

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
        self.wildcards = current.len();
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
        let proven = issuer.key.filter(|key| key.proof != Proof::Claim);
        let Some(key) = proven else {
            let whom = issuer.claimed_owner.as_deref().map_or_else(
                || "which key that is, no table tells".to_owned(),
                |owner| format!("it claims to be of {owner}, and nothing proves it"),
            );
            self.found.unresolved.push(format!(
                "“{claimed}” issued ({seen}), and {whom}: give the issuer's certificate with --issuer."
            ));
            return;
        };
        match self.known_by_key(&key.key) {
            Some(known) if !known.candidates.is_empty() => self.add(known, None, sighting),
            known => {
                let who = known.map_or_else(
                    || "whose key no table knows".to_owned(),
                    |known| format!("which is {}, of whom no CAA identifiers are known", known.label),
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
        let sighting = Sighting { source, detail: format!("“{name}”"), wildcard: false };
        let private = self.inputs.policy.private_ca.iter().find(|ca| {
            same_owner(&ca.owner, name) || ca.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(name))
        });
        let table = self.inputs.cas;
        if let Some(ca) = private {
            let chosen = ca.caa_identifiers.iter().find(|id| id.eq_ignore_ascii_case(name)).cloned();
            let known = Known {
                label: ca.owner.clone(),
                names: vec![ca.owner.clone()],
                candidates: written_down(&ca.caa_identifiers),
                written_down: true,
            };
            if known.candidates.is_empty() {
                self.found.unusable.push(format!(
                    "{name} is {}, and the policy names no caa_identifiers for that CA.",
                    sighting.source.words()
                ));
            } else {
                self.add(known, chosen, sighting);
            }
        } else if table.is_known_identifier(name) {
            self.add(of_identifier(name), Some(name.to_ascii_lowercase()), sighting);
        } else if table.is_known_owner(name) && table.identifiers_of_owner(name).next().is_some() {
            let candidates = table
                .identifiers_of_owner(name)
                .map(|domain| Candidate { domain: domain.to_owned(), own: false })
                .collect();
            let (label, names) = (name.to_owned(), vec![name.to_owned()]);
            self.add(Known { label, names, candidates, written_down: false }, None, sighting);
        } else if is_issuer_domain(name) {
            let meant =
                table.identifier_like(name).map_or_else(String::new, |like| format!(" Is {like} meant?"));
            self.found.notes.push(format!(
                "No table knows “{name}”, {}: it is taken as it is written.{meant}",
                source.words()
            ));
            self.add(of_identifier(name), Some(name.to_ascii_lowercase()), sighting);
        } else {
            self.found.unusable.push(format!(
                "“{name}”, {}, is neither a CAA identifier nor a CA owner of whom identifiers are known: name the \
                 identifier that the CA recognises.",
                source.words()
            ));
        }
    }

    /// What is known of a CA key: what the policy says first, then the public table.
    fn known_by_key(&self, key: &SpkiSha256) -> Option<Known> {
        let private = self.inputs.policy.private_ca.iter().find(|ca| ca.spki_sha256.0 == *key);
        if let Some(ca) = private {
            return Some(Known {
                label: ca.owner.clone(),
                names: vec![ca.owner.clone()],
                candidates: written_down(&ca.caa_identifiers),
                written_down: true,
            });
        }
        let ca = self.inputs.cas.key(key)?;
        let organisation = organisation(ca.subject);
        let names: Vec<String> = organisation.iter().copied().chain(ca.owner).map(str::to_owned).collect();
        let candidate = |identifier: &crate::ca::CaaIdentifier| Candidate {
            domain: identifier.domain.to_owned(),
            own: identifier.by == IdentifierSource::Subject,
        };
        Some(Known {
            label: ca.owner.or(organisation).unwrap_or(ca.subject).to_owned(),
            names,
            candidates: ca.identifiers.iter().map(candidate).collect(),
            written_down: false,
        })
    }

    /// Adds a CA, or another sighting of one that is there. An identifier that the owner of the domain named is the
    /// one to publish.
    fn add(&mut self, known: Known, named: Option<String>, sighting: Sighting) {
        let choice = match (&named, known.candidates.as_slice()) {
            (None, [first, ..]) if known.written_down => canonical::choose(&[], std::slice::from_ref(first)),
            _ => {
                let names: Vec<&str> = known.names.iter().map(String::as_str).collect();
                canonical::choose(&names, &known.candidates)
            }
        };
        let Some(choice) = choice else { return };
        let identifiers: Vec<String> =
            known.candidates.iter().map(|candidate| candidate.domain.to_ascii_lowercase()).collect();
        let (identifier, why) = match named {
            Some(named) => (named.to_ascii_lowercase(), format!("it is {}", sighting.source.words())),
            None if known.written_down => {
                (choice.identifier.to_ascii_lowercase(), "the policy names it first".to_owned())
            }
            None => (choice.identifier.to_ascii_lowercase(), choice.why),
        };
        let is_explicit = sighting.source > SightingSource::Issued && identifiers.len() == 1;
        let same = self.found.cas.iter_mut().find(|ca| {
            let names = [ca.identity.label.as_str()];
            ca.identifier == identifier
                || same_owner(&ca.identity.label, &known.label) && !known.names.is_empty()
                // Named by an identifier that bears the name of a CA that was seen.
                || is_explicit
                    && ca.identity.identifiers.contains(&identifier)
                    && canonical::resemblance(&identifier, &names) > Resemblance::None
        });
        match same {
            Some(ca) => {
                if sighting.source > SightingSource::Issued && ca.identity.identifiers.contains(&identifier) {
                    ca.why = why;
                    ca.identifier = identifier;
                }
                ca.sightings.push(sighting);
            }
            None => self.found.cas.push(CaInUse {
                identity: CaIdentity { label: known.label, identifiers },
                identifier,
                why,
                alternatives: Vec::new(),
                sightings: vec![sighting],
            }),
        }
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
        found.wildcards = if found.cas.iter().any(CaInUse::issues_wildcards) {
            Wildcards::Seen
        } else if self.wildcards > 0 {
            Wildcards::NoneAmong(self.wildcards)
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

fn written_down(identifiers: &[String]) -> Vec<Candidate> {
    identifiers.iter().map(|domain| Candidate { domain: domain.clone(), own: true }).collect()
}

/// A CA of which nothing but one identifier is said.
fn of_identifier(identifier: &str) -> Known {
    let domain = identifier.to_ascii_lowercase();
    Known {
        label: domain.clone(),
        names: Vec::new(),
        candidates: vec![Candidate { domain, own: true }],
        written_down: true,
    }
}

/// Whether a text can stand as the issuer domain name of a CAA record.
fn is_issuer_domain(text: &str) -> bool {
    text.contains('.')
        && IssueValue::parse(text.as_bytes())
            .is_ok_and(|value| value.issuer.as_deref() == Some(text) && value.parameters.is_empty())
}

/// The organisation in a subject as people read it: `C=US, O=Example, Inc., CN=Example CA`.
fn organisation(subject: &str) -> Option<&str> {
    let start = if subject.starts_with("O=") { 2 } else { subject.find(", O=")?.saturating_add(4) };
    let rest = subject.get(start..)?;
    // A comma belongs to the value unless another attribute follows it.
    let is_attribute = |text: &str| {
        text.split_once('=').is_some_and(|(key, _)| !key.is_empty() && key.chars().all(char::is_alphanumeric))
    };
    let ends =
        rest.match_indices(", ").find(|(at, _)| rest.get(at.saturating_add(2)..).is_some_and(is_attribute));
    ends.map_or(Some(rest), |(at, _)| rest.get(..at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisation_is_read() {
        assert_eq!(organisation("C=US, O=Let's Encrypt, CN=R10"), Some("Let's Encrypt"));
        assert_eq!(organisation("C=US, O=GoDaddy.com, Inc., CN=x"), Some("GoDaddy.com, Inc."));
        assert_eq!(organisation("O=Alone"), Some("Alone"));
        assert_eq!(organisation("CN=None"), None);
    }

    #[test]
    fn an_issuer_domain_is_what_the_grammar_reads_whole() {
        assert!(is_issuer_domain("ca.internal.example"));
        for text in ["Example CA", "ca_1.example", "ca.example.", "ca.example; x=y", "", "nodots"] {
            assert!(!is_issuer_domain(text), "{text}");
        }
    }
}
