//! What of the certificate that a target shows is part of a finding: whoever accepts the finding accepts it of that, and of
//! no other.

use crate::ca::issuer::{Issuer, Proof};
use crate::x509::Certificate;

/// The certificate that a target shows, by what findings are tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    certificate: String,
    key: String,
    issuer: Option<String>,
}

impl Shown {
    /// The first certificate of a chain, and who issued it.
    pub fn of(leaf: &Certificate, issuer: &Issuer) -> Self {
        // Who merely is claimed to have issued may be anyone.
        let proven = issuer.key.filter(|key| key.proof != Proof::Claim);
        let issuer = proven.map(|key| match &issuer.owner {
            // A CA's keys change; only one without a known owner is known by its key.
            Some(owner) => format!("owner {owner}"),
            None => format!("key {}", key.key),
        });
        Self { certificate: leaf.sha256.to_string(), key: leaf.spki_sha256.to_string(), issuer }
    }

    /// What of it is part of a finding that is tied so.
    pub(super) fn part(&self, tie: Tie) -> Option<(&'static str, &str)> {
        match (tie, &self.issuer) {
            (Tie::Nothing, _) => None,
            (Tie::Issuer, Some(issuer)) => Some(("shown issuer", issuer)),
            (Tie::Key, _) => Some(("shown key", &self.key)),
            // Of a certificate that nobody is proven to have issued, nothing less stands for it.
            (Tie::Issuer, None) | (Tie::Certificate, _) => Some(("shown certificate", &self.certificate)),
        }
    }
}

/// What of the certificate that is shown a finding is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Nothing: it is about something else, or its own facts name the certificate.
    Nothing,
    /// The CA that is proven to have issued it, and without that proof the certificate.
    Issuer,
    /// Its key: whoever has that is the one who was accepted.
    Key,
    /// The certificate itself.
    Certificate,
}

/// Every rule about the certificate that is shown, and about what comes with it. A rule that is not here has findings whose
/// own facts say what they are about.
const TIES: &[(&str, Tie)] = &[
    // Without a chain to a root nobody vouches for the key, and nobody for the next certificate.
    ("TLS002", Tie::Certificate),
    ("TLS003", Tie::Issuer),
    // One that ends again is another event.
    ("TLS004", Tie::Certificate),
    ("TLS008", Tie::Issuer),
    // Without an SCT that stands, nobody else saw the certificate: the CA alone is no reason to accept the next one.
    ("CT001", Tie::Key),
    ("CT002", Tie::Key),
    ("CT003", Tie::Key),
    ("CT004", Tie::Key),
    ("CT005", Tie::Key),
    ("CT006", Tie::Key),
    ("CT008", Tie::Key),
    ("CT012", Tie::Key),
    ("CT013", Tie::Key),
    ("CT014", Tie::Key),
    // What the SCTs prove stands.
    ("CT007", Tie::Issuer),
    ("CT009", Tie::Issuer),
    ("CT010", Tie::Issuer),
    ("CT011", Tie::Issuer),
    ("CT015", Tie::Issuer),
    ("CT016", Tie::Issuer),
    ("CT017", Tie::Issuer),
    ("CT019", Tie::Issuer),
    ("CT020", Tie::Certificate),
    // Its proof was not verified.
    ("CT021", Tie::Key),
    ("CAA022", Tie::Issuer),
    ("CAA023", Tie::Issuer),
    // As naming the CA in the policy would.
    ("ISS001", Tie::Issuer),
    ("ISS002", Tie::Issuer),
    // That pins do not match is how an impersonator shows, whatever CA was talked into it.
    ("PIN001", Tie::Key),
    ("PIN040", Tie::Issuer),
    ("PIN046", Tie::Key),
];

/// Further rules about certificates, whose findings name them in their own facts.
const OWN_FACTS: &[&str] = &[
    "TLS005", "TLS009", "CT022", "CT025", "CT026", "CAA034", "CAA035", "CRT001", "CRT002", "CRT003",
    "CRT004", "CRT005", "CRT006", "CRT007", "CRT008", "CRT009", "CRT014", "CRT015", "CRT016", "CRT018",
    "CRT019", "CRT020", "REV001", "REV002", "REV003", "REV004", "REV005", "REV006", "REV007", "REV008",
];

/// Whether findings of this rule are about certificates: rule, target and subject alone do not tell which.
pub(super) fn is_about_certificates(rule: &str) -> bool {
    of(rule) != Tie::Nothing || OWN_FACTS.contains(&rule)
}

/// What of the certificate that is shown the findings of this rule are tied to.
pub(crate) fn of(rule: &str) -> Tie {
    TIES.iter().find(|(id, _)| *id == rule).map_or(Tie::Nothing, |(_, tie)| *tie)
}
