//! Which of a CA's several identifiers to write into a CAA record.
//!
//! All of them mean the same CA, so that any would do. The one that the CA itself would name is the one that people
//! recognise, and the one that outlives the brands it has bought: `digicert.com` rather than `amazon.com`, which
//! DigiCert recognises too.

use super::{CaTable, RetiredIdentifier, owner_key};

/// An identifier to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The issuer domain name.
    pub domain: String,
    /// Whether the organisation of the issuing key itself brings it, rather than a root above or the owner.
    pub own: bool,
}

/// The identifier that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The issuer domain name.
    pub identifier: String,
    /// Why this one, in words that follow “chosen because”.
    pub why: String,
    /// The others, any of which would do.
    pub alternatives: Vec<String>,
}

/// How much a domain name looks like the name of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resemblance {
    /// Not at all.
    None,
    /// A label is made of letters of the name, in their order: `telesec` of Deutsche Telekom Security.
    Abbreviation,
    /// A label stands within the name, or the name within a label.
    Part,
    /// A label, or the whole domain, is the name.
    Name,
}

/// The shortest label that can count as a part or an abbreviation of a name.
const SHORTEST_PART: usize = 3;

/// Chooses the identifier that the CA itself would name: one of its own organisation before one of a root above,
/// then the one most like `names` (the organisation, the owner), then the one with the fewest labels, the shortest
/// without its top-level domain, the first by the alphabet. `None` where there is nothing to choose from.
pub fn choose(names: &[&str], candidates: &[Candidate]) -> Option<Choice> {
    let rank = |candidate: &Candidate| {
        let domain = candidate.domain.as_str();
        let labels = domain.split('.').count();
        let resemblance = resemblance(domain, names);
        let length = domain.rsplit_once('.').map_or(domain.len(), |(name, _)| name.len());
        (!candidate.own, std::cmp::Reverse(resemblance), labels, length, domain.to_owned())
    };
    let best = candidates.iter().min_by_key(|candidate| rank(candidate))?;
    let mut alternatives: Vec<String> = candidates
        .iter()
        .map(|candidate| candidate.domain.clone())
        .filter(|domain| !domain.eq_ignore_ascii_case(&best.domain))
        .collect();
    alternatives.sort_unstable();
    alternatives.dedup();
    let why = match (alternatives.is_empty(), resemblance(&best.domain, names)) {
        (true, _) => "it is the only one known of this CA",
        (false, Resemblance::Name | Resemblance::Part | Resemblance::Abbreviation) => {
            "of those that this CA recognises it bears the CA's name"
        }
        (false, Resemblance::None) => "it is the shortest that this CA recognises, and none bears its name",
    };
    Some(Choice { identifier: best.domain.clone(), why: why.to_owned(), alternatives })
}

/// How much a domain name looks like one of these names.
pub fn resemblance(domain: &str, names: &[&str]) -> Resemblance {
    names.iter().map(|name| of_key(domain, &owner_key(name))).max().unwrap_or(Resemblance::None)
}

fn of_key(domain: &str, key: &str) -> Resemblance {
    if key.is_empty() {
        return Resemblance::None;
    }
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    if plain(domain) == key {
        return Resemblance::Name;
    }
    let mut labels: Vec<&str> = domain.split('.').collect();
    // The top-level domain says nothing of who it is.
    labels.pop();
    labels
        .into_iter()
        .map(|label| {
            let label = plain(label);
            if label == key {
                Resemblance::Name
            } else if label.len() < SHORTEST_PART || key.len() < SHORTEST_PART {
                Resemblance::None
            } else if key.contains(&label) || label.contains(key) {
                Resemblance::Part
            } else if is_abbreviation(&label, key) {
                Resemblance::Abbreviation
            } else {
                Resemblance::None
            }
        })
        .max()
        .unwrap_or(Resemblance::None)
}

/// Whether the letters of `short` stand in `long` in their order.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().all(|wanted| rest.any(|c| c == wanted))
}

impl CaTable {
    /// What ended the CA of this identifier, where no CA that goes on recognises it: a record with it is in vain.
    pub fn ended(&self, identifier: &str) -> Option<&'static RetiredIdentifier> {
        let retired = self.retirement(identifier)?;
        let goes_on = |owner| self.identifiers_of_owner(owner).any(|each| self.retirement(each).is_none());
        (!self.owner_of_identifier(identifier).any(goes_on)).then_some(retired)
    }

    /// What ended an owner of whom no identifier is left that did not end, though another CA may have taken one over.
    pub fn owner_ended(&self, owner: &str) -> Option<&'static RetiredIdentifier> {
        let mut identifiers = self.identifiers_of_owner(owner);
        let first = self.retirement(identifiers.next()?)?;
        identifiers.all(|each| self.retirement(each).is_some()).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_owner(owner: &str) -> Choice {
        let candidates: Vec<Candidate> = CaTable
            .identifiers_of_owner(owner)
            .map(|domain| Candidate { domain: domain.to_owned(), own: false })
            .collect();
        choose(&[owner], &candidates).unwrap_or_else(|| panic!("{owner} has no identifiers"))
    }

    /// Checked by hand against what each CA names in its own documentation.
    #[test]
    fn the_big_cas_are_named_as_they_name_themselves() {
        for (owner, expected) in [
            ("Let's Encrypt", "letsencrypt.org"),
            ("Internet Security Research Group", "letsencrypt.org"),
            ("Google Trust Services", "pki.goog"),
            ("DigiCert", "digicert.com"),
            ("Sectigo", "sectigo.com"),
            ("Amazon Trust Services", "amazon.com"),
            ("GlobalSign", "globalsign.com"),
            ("GoDaddy", "godaddy.com"),
            ("Entrust", "entrust.net"),
            ("SSL.com", "ssl.com"),
            ("IdenTrust Services", "identrust.com"),
            ("Microsoft", "microsoft.com"),
            ("Certainly", "certainly.com"),
            ("Buypass", "buypass.com"),
            ("SwissSign", "swisssign.com"),
            ("HARICA", "harica.gr"),
            ("Telia", "telia.com"),
            ("Actalis", "actalis.it"),
            ("Certum", "certum.eu"),
            ("D-TRUST", "dtrust.de"),
            ("Deutsche Telekom Security", "telesec.de"),
            ("SECOM Trust Systems", "secomtrust.net"),
            ("Japan Registry Services Co., Ltd.", "jprs.jp"),
            ("Cybertrust Japan Co., Ltd.", "cybertrust.co.jp"),
            ("Network Solutions", "networksolutions.com"),
            ("The USERTRUST Network", "usertrust.com"),
            ("Shanghai Electronic Certification Authority", "sheca.com"),
            ("Viking Cloud", "vikingcloud.com"),
            ("WISeKey", "wisekey.com"),
            ("OISTE", "oiste.org"),
            ("Eviden", "pki.eviden.com"),
        ] {
            assert_eq!(of_owner(owner).identifier, expected, "{owner}");
        }
    }

    /// Whatever is chosen, the CA recognises it, and it is the same each time.
    #[test]
    fn every_owner_with_identifiers_gets_one_of_them() {
        let mut owners: Vec<&str> =
            CaTable.identifiers().flat_map(|domain| CaTable.owner_of_identifier(domain)).collect();
        owners.sort_unstable();
        owners.dedup();
        assert!(owners.len() > 100, "{}", owners.len());
        for owner in owners {
            let (first, again) = (of_owner(owner), of_owner(owner));
            assert_eq!(first, again);
            assert!(CaTable.owner_of_identifier(&first.identifier).any(|each| each == owner), "{owner}");
            assert!(!first.alternatives.contains(&first.identifier));
        }
    }

    #[test]
    fn an_own_identifier_comes_before_one_of_the_root() {
        let candidate = |domain: &str, own| Candidate { domain: domain.to_owned(), own };
        let candidates =
            [candidate("digicert.com", false), candidate("microsoft.com", true), candidate("a.com", false)];
        let choice = choose(&["Microsoft Corporation", "DigiCert"], &candidates).unwrap();
        assert_eq!((choice.identifier.as_str(), choice.alternatives.len()), ("microsoft.com", 2));
        assert_eq!(choose(&["x"], &[]), None);
    }

    #[test]
    fn a_ca_ended_where_none_that_goes_on_recognises_its_identifier() {
        assert!(CaTable.ended("Buypass.com").is_some());
        // Sectigo and SSL.com recognise it now.
        assert!(CaTable.retirement("entrust.net").is_some() && CaTable.ended("entrust.net").is_none());
        assert!(CaTable.ended("letsencrypt.org").is_none() && CaTable.ended("ca.internal.example").is_none());
    }
}
