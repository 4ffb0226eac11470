//! What is known of a CA by its key or its name, and which of its identifiers to publish.

use crate::ca::canonical::{self, Candidate};
use crate::ca::{CaaIdentifier, IdentifierSource, same_owner};
use crate::caa::value::IssueValue;
use crate::judge::Inputs;
use crate::policy::PrivateCa;
use crate::x509::SpkiSha256;

/// A CA's names and identifiers.
#[derive(Debug)]
pub(super) struct Known {
    /// How reports call it.
    pub(super) label: String,
    /// Its identifiers, in lower case.
    pub(super) identifiers: Vec<String>,
    /// The one to publish.
    pub(super) identifier: String,
    /// Why that one, in words that follow “chosen because”.
    pub(super) why: String,
    /// The owner that it was found by, in the public table.
    pub(super) owner: Option<String>,
}

/// What a name stands for.
#[derive(Debug)]
pub(super) enum Named {
    /// A CA.
    Known(Known),
    /// An identifier that no table knows, with the one that may be meant.
    AsWritten(Known, Option<&'static str>),
    /// A CA of the policy without identifiers.
    WithoutIdentifiers,
    /// Nothing.
    Nothing,
}

impl Known {
    /// Who a CA key belongs to: what the policy says first, then the public table. `Err` has what is known of a CA
    /// without identifiers.
    pub(super) fn by_key(inputs: &Inputs, key: &SpkiSha256) -> Result<Self, Option<String>> {
        if let Some(ca) = inputs.policy.private_ca.iter().find(|ca| ca.spki_sha256.0 == *key) {
            return Self::of_policy(ca).ok_or_else(|| Some(ca.owner.clone()));
        }
        let ca = inputs.cas.key(key).ok_or(None)?;
        let organisation = organisation(ca.subject);
        let label = ca.owner.or(organisation).unwrap_or(ca.subject).to_owned();
        let names: Vec<&str> = organisation.into_iter().chain(ca.owner).collect();
        let candidate = |identifier: &CaaIdentifier| Candidate {
            domain: identifier.domain.to_owned(),
            own: identifier.by == IdentifierSource::Subject,
        };
        let candidates: Vec<Candidate> = ca.identifiers.iter().map(candidate).collect();
        let owner = ca.owner.map(str::to_owned);
        Self::choosing(&label, &names, &candidates).map(|known| Self { owner, ..known }).ok_or(Some(label))
    }

    /// The CA that a CAA identifier or an owner's name stands for.
    pub(super) fn by_name(inputs: &Inputs, name: &str, why: &str) -> Named {
        let is_private = |ca: &&PrivateCa| {
            same_owner(&ca.owner, name) || ca.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(name))
        };
        if let Some(ca) = inputs.policy.private_ca.iter().find(is_private) {
            let Some(known) = Self::of_policy(ca) else { return Named::WithoutIdentifiers };
            let wanted = name.to_ascii_lowercase();
            return Named::Known(if known.identifiers.contains(&wanted) {
                Self { identifier: wanted, why: why.to_owned(), ..known }
            } else {
                known
            });
        }
        let table = inputs.cas;
        if table.is_known_identifier(name) {
            return Named::Known(Self::as_written(name, why));
        }
        let candidates: Vec<Candidate> = table
            .identifiers_of_owner(name)
            .map(|domain| Candidate { domain: domain.to_owned(), own: false })
            .collect();
        match Self::choosing(name, &[name], &candidates) {
            Some(known) => Named::Known(Self { owner: Some(name.to_owned()), ..known }),
            None if is_issuer_domain(name) => {
                Named::AsWritten(Self::as_written(name, why), meant(inputs, name))
            }
            None => Named::Nothing,
        }
    }

    /// A CA of the policy: whoever wrote its identifiers down put the best one first.
    fn of_policy(ca: &PrivateCa) -> Option<Self> {
        let identifiers: Vec<String> =
            ca.caa_identifiers.iter().map(|identifier| identifier.to_ascii_lowercase()).collect();
        let identifier = identifiers.first()?.clone();
        let why = "the policy names it first".to_owned();
        Some(Self { label: ca.owner.clone(), identifiers, identifier, why, owner: None })
    }

    /// A CA of which nothing but one identifier is said.
    fn as_written(identifier: &str, why: &str) -> Self {
        let identifier = identifier.to_ascii_lowercase();
        let (label, identifiers) = (identifier.clone(), vec![identifier.clone()]);
        Self { label, identifiers, identifier, why: why.to_owned(), owner: None }
    }

    fn choosing(label: &str, names: &[&str], candidates: &[Candidate]) -> Option<Self> {
        let choice = canonical::choose(names, candidates)?;
        let mut identifiers: Vec<String> =
            candidates.iter().map(|candidate| candidate.domain.to_ascii_lowercase()).collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        let identifier = choice.identifier.to_ascii_lowercase();
        Some(Self { label: label.to_owned(), identifiers, identifier, why: choice.why, owner: None })
    }
}

/// The identifier that was probably meant; none of a CA that ended.
pub(super) fn meant(inputs: &Inputs, name: &str) -> Option<&'static str> {
    inputs.cas.nearest_identifier(name).filter(|near| inputs.cas.ended(near).is_none())
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
    let follows = |at: usize| rest.get(at.saturating_add(2)..).is_some_and(is_attribute);
    let end = rest.match_indices(", ").map(|(at, _)| at).find(|&at| follows(at));
    rest.get(..end.unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Inputs as InputFiles, Request};

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

    /// Keys of CAs that issue most of the web's certificates, from CCADB, with what each CA's documentation names.
    #[test]
    fn the_keys_of_the_big_cas_lead_to_their_own_identifiers() {
        let inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
        for (name, key, expected) in [
            ("Let's Encrypt R13", "AlSQhgtJirc8ahLyekmtX+Iw+v46yPYRLJt9Cq1GlB0=", "letsencrypt.org"),
            ("Let's Encrypt E7", "y7xVm0TVJNahMr2sZydE2jQH8SquXV9yLF9seROHHHU=", "letsencrypt.org"),
            ("Google WR2", "YPtHaftLw6/0vnc2BnNKGF54xiCA28WFcccjkA4ypCM=", "pki.goog"),
            ("DigiCert Global G2 TLS", "Wec45nQiFwKvHtuHxSAMGkt19k+uPSw9JlEkxhvYPHk=", "digicert.com"),
            ("Amazon RSA 2048 M02", "18tkPyr2nckv4fgo0dhAkaUtJ2hu2831xlO2SKhq8dg=", "amazon.com"),
            ("Sectigo DV R36", "a9khLOZJxlnJyrxstg/P+seiDCm+Yf3OsrXyFocBaI0=", "sectigo.com"),
            // Sectigo runs it, and ZeroSSL documents sectigo.com.
            ("ZeroSSL ECC", "3fLLVjRIWnCqDqIETU2OcnMP7EzmN/Z3Q/jQ8cIaAoc=", "sectigo.com"),
            ("Microsoft Azure RSA 03", "ZkWBotC4nL+Ba/kXaVPx7TpoRSF9uwxEAuufz67J7sQ=", "microsoft.com"),
            ("GlobalSign AlphaSSL", "JdFERRONSeokpPRwHKoZgZPPGO+7YwoMHGHoe1BAq3c=", "globalsign.com"),
            ("HARICA GEANT", "ohOFOLq+zz8NAHyMvWszE2NvERcSyv197Lg8VHU8Rac=", "harica.gr"),
            ("Telekom ServerID", "9K4RwKQgzd+IOm+vvVnHkFwvlV12A4LOuuuJ7/2Wo8Q=", "telesec.de"),
            ("Gandi, run by Sectigo", "CFtSlX6OU4eENrKNiHtx6zY8UV7/SoMM63hXbHdXgjs=", "sectigo.com"),
        ] {
            let key = SpkiSha256::from_base64(key).unwrap();
            let known = Known::by_key(&inputs, &key).unwrap_or_else(|_| panic!("{name} is not known"));
            assert_eq!(known.identifier, expected, "{name}");
            assert!(known.identifiers.contains(&known.identifier));
        }
        assert_eq!(Known::by_key(&inputs, &SpkiSha256::of(b"nobody's")).unwrap_err(), None);
    }
}
