//! What is said of the certificates that were issued for a name.

use jiff::Timestamp;

use super::forged::{ForgedName, NameOfIssuer};
use super::issued::{IssuedCertificate, Life};
use super::known::Acceptance;
use super::provider::Provider;
use super::renewal::Renewals;
use super::reported::{Coverage, SourceKind};
use super::revocation::RevocationToday;
use crate::ca::expectation::{Expectation, IssuerVerdict};
use crate::dns_name::DnsName;
use crate::question::{OpenKind, OpenQuestion};

/// What was issued for a name, and what of it was not expected.
#[derive(Clone, Debug)]
pub struct IssuanceVerdict {
    /// The name; those below it belong to it.
    pub name: DnsName,
    /// As of when.
    pub judged_at: Timestamp,
    /// Whether what was issued could be determined.
    pub status: Status,
    /// The sources, with what each told.
    pub sources: Vec<SourceSummary>,
    /// The certificates: the unexpected first, then those of whom it is not known, the newest of each first.
    pub certificates: Vec<JudgedCertificate>,
    /// The same by who issued, for which names.
    pub renewals: Vec<Renewals>,
    /// The CAs that are expected for the name; an empty list says that none may issue, and `None` that nobody said any.
    pub expected: Option<Vec<String>>,
    /// Those of them that name neither a known CAA identifier nor a known owner.
    pub unknown_expectations: Vec<String>,
}

/// Whether what was issued could be determined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A source told all that it knows.
    Checked,
    /// No source did, and why.
    Undetermined(String),
    /// None was asked.
    NotChecked(String),
}

impl Status {
    /// The name in the contract's JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::Undetermined(_) => "undetermined",
            Self::NotChecked(_) => "not_checked",
        }
    }

    /// Why it is not checked.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Checked => None,
            Self::Undetermined(why) | Self::NotChecked(why) => Some(why),
        }
    }
}

/// A source, and what it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSummary {
    /// Which.
    pub kind: SourceKind,
    /// Where it is.
    pub place: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How much it told.
    pub coverage: Coverage,
    /// Up to when it knows what was issued.
    pub current_to: Option<Timestamp>,
    /// What it knows at best.
    pub scope: String,
    /// How many of its reports are about the name.
    pub reports: usize,
    /// What could not be read.
    pub problems: Vec<String>,
    /// Certificates of its answers that cannot be read, and name nothing of the name in what can be: why.
    pub unreadable: Vec<String>,
}

impl SourceSummary {
    /// What it is called in sentences.
    pub fn title(&self) -> String {
        format!("{} ({})", self.kind.title(), self.place)
    }
}

impl SourceKind {
    /// The name in reports.
    pub fn title(self) -> &'static str {
        match self {
            Self::CrtSh => "crt.sh",
            Self::CertSpotter => "Cert Spotter",
            Self::Files => "files",
            Self::WatchState => "the state of pinstead watch",
            Self::Served => "the server",
        }
    }

    /// The name in the JSON of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrtSh => "crt_sh",
            Self::CertSpotter => "cert_spotter",
            Self::Files => "files",
            Self::WatchState => "watch_state",
            Self::Served => "served",
        }
    }
}

/// One certificate, judged.
#[derive(Clone, Debug)]
pub struct JudgedCertificate {
    /// The certificate.
    pub certificate: IssuedCertificate,
    /// Where it stands in its life.
    pub life: Life,
    /// Whether its CA is expected.
    pub issuer: IssuerVerdict,
    /// Whose issuer name it forged, if it did.
    pub forged: Option<ForgedName>,
    /// What its issuer's name says against the key that issued.
    pub name_of_issuer: NameOfIssuer,
    /// Whether its key is one of the owner's list.
    pub key: KeyListing,
    /// Its names that the owner's list lacks, wildcards apart.
    pub unlisted_names: Vec<String>,
    /// Its wildcards that the owner's list lacks.
    pub unlisted_wildcards: Vec<String>,
    /// In what it differs from the others of its CA, a clause each.
    pub unlike: Vec<String>,
    /// The sources that told all they know, should know it, and do not.
    pub lacking: Vec<usize>,
    /// The service whose backup certificate it may be.
    pub backup_of: Option<BackupOf>,
    /// What CAA as seen now says of its CA.
    pub caa: CaaToday,
    /// Whether it is revoked, where that was asked for.
    pub revocation: RevocationToday,
    /// Where its CA takes problem reports, by the table of CAs.
    pub problem_reporting: Option<String>,
    /// That the owner accepts it, or did until a day that has gone.
    pub acceptance: Option<Acceptance>,
    /// What would be said of its issuer if it were not accepted, a sentence each.
    pub excused: Vec<String>,
}

/// A service that obtains certificates from further CAs in advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupOf {
    /// Which.
    pub provider: &'static Provider,
    /// Whether the owner says that the domain is there.
    pub is_used: bool,
}

/// Whether a key is one of the owner's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyListing {
    /// There is no list.
    NoList,
    /// It is.
    Listed,
    /// It is not.
    Unlisted,
    /// No source says which key the certificate has.
    Unknown,
}

impl KeyListing {
    /// The name in the JSON of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoList => "no_list",
            Self::Listed => "listed",
            Self::Unlisted => "unlisted",
            Self::Unknown => "unknown",
        }
    }
}

/// What CAA, as it was seen now, says of a certificate's CA; CAA binds when a certificate is issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CaaToday {
    /// It was not looked at, and why.
    NotChecked(String),
    /// The certificate has expired: what CAA says now is no matter.
    #[default]
    NotNeeded,
    /// It permits the CA for each name.
    Permits {
        /// When it was seen: the oldest of the answers that this rests on.
        seen: Timestamp,
    },
    /// It does not, for some name.
    Denies {
        /// When it was seen: the oldest of the answers that deny it.
        seen: Timestamp,
        /// For which, and why.
        names: Vec<(String, String)>,
    },
    /// What was seen does not tell, and why.
    Undetermined {
        /// When it was seen.
        seen: Timestamp,
        /// Why.
        why: String,
    },
}

impl CaaToday {
    /// The name in the JSON of reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotChecked(_) => "not_checked",
            Self::NotNeeded => "not_needed",
            Self::Permits { .. } => "permit",
            Self::Denies { .. } => "deny",
            Self::Undetermined { .. } => "undetermined",
        }
    }
}

impl JudgedCertificate {
    /// Whether the owner accepts it, whoever issued it and whatever its key and names are.
    pub fn is_accepted(&self) -> bool {
        self.acceptance.as_ref().is_some_and(|acceptance| !acceptance.is_past)
    }

    /// Takes over what the owner says of it: where that holds, its issuer counts as expected.
    pub(super) fn accept(&mut self, acceptance: Acceptance) {
        if !acceptance.is_past {
            if let Some(forged) = self.forged.take() {
                self.excused.push(format!(
                    "It bears the issuer name of {}, whose key did not issue it.",
                    forged.owners.join(", ")
                ));
            }
            if self.issuer.expectation != Expectation::Expected {
                self.excused.append(&mut self.issuer.reasons);
            }
            self.excused.extend(self.against_lists());
            self.issuer.expectation = Expectation::Expected;
            self.issuer.reasons.insert(
                0,
                format!(
                    "Accepted by the policy until {}: {}.",
                    acceptance.until,
                    acceptance.reason.trim_end_matches('.')
                ),
            );
            self.backup_of = None;
        }
        self.acceptance = Some(acceptance);
    }

    /// Whether it should not be there by what the owner expects: its CA as far as keys prove it, its key and its names by
    /// the owner's lists, and CAA as it is now.
    pub fn is_unexpected(&self) -> bool {
        self.is_of_unexpected_issuer() || !self.against_lists().is_empty()
    }

    /// Whether its CA is not expected, or its issuer's name is forged.
    pub fn is_of_unexpected_issuer(&self) -> bool {
        self.forged.is_some() || self.issuer.expectation == Expectation::Unexpected
    }

    /// What speaks against it, whoever issued it, while it can be used; a sentence each.
    pub fn against_lists(&self) -> Vec<String> {
        if !self.life.can_be_used() || self.is_accepted() {
            return Vec::new();
        }
        let mut against = Vec::new();
        if self.key == KeyListing::Unlisted {
            against.push("Its key is none of known_keys.".to_owned());
        }
        let names = self.unlisted_names.len().saturating_add(self.unlisted_wildcards.len());
        if let Some(first) = self.unlisted_names.first().or(self.unlisted_wildcards.first()) {
            let more = if names > 1 {
                format!(" and {} more of its names", names.saturating_sub(1))
            } else {
                String::new()
            };
            against.push(format!("Not in known_names: {first}{more}."));
        }
        if let CaaToday::Denies { seen, .. } = &self.caa {
            against.push(format!("CAA as seen on {} does not authorise its CA.", seen.strftime("%Y-%m-%d")));
        }
        against
    }

    /// Whether it is not known who issued it.
    pub fn is_of_unknown_issuer(&self) -> bool {
        let issuer = &self.certificate.issuer;
        !issuer.proof.is_proof() || issuer.is_unknown_key()
    }

    /// How soon a reader should see it: the smaller, the sooner.
    pub(super) fn rank(&self) -> u8 {
        match self.issuer.expectation {
            _ if self.forged.is_some() => 0,
            Expectation::Unexpected => 1,
            Expectation::Undetermined => 2,
            Expectation::NoExpectation => 3,
            Expectation::Expected => 4,
        }
    }
}

impl IssuanceVerdict {
    /// The certificates that should not be there.
    pub fn unexpected(&self) -> impl Iterator<Item = &JudgedCertificate> {
        self.certificates.iter().filter(|certificate| certificate.is_unexpected())
    }

    /// What was asked for by name and stayed open.
    pub fn demanded(&self) -> Vec<OpenQuestion> {
        let mut open: Vec<OpenQuestion> = self
            .status
            .reason()
            .map(|why| OpenKind::Issued.asks(format!("what was issued for {}: {why}", self.name), true))
            .into_iter()
            .collect();
        let undetermined = self.certificates.iter().filter(|certificate| {
            certificate.life.can_be_used()
                && certificate.issuer.expectation == Expectation::Undetermined
                && !certificate.is_of_unexpected_issuer()
        });
        match undetermined.count() {
            0 => {}
            1 => open.push(
                OpenKind::IssuedIssuers.asks("whether the issuer of one certificate is expected", true),
            ),
            many => open.push(
                OpenKind::IssuedIssuers
                    .asks(format!("whether the issuers of {many} certificates are expected"), true),
            ),
        }
        let unknown_keys = self.certificates.iter().filter(|certificate| {
            certificate.life.can_be_used()
                && certificate.key == KeyListing::Unknown
                && !certificate.is_accepted()
        });
        match unknown_keys.count() {
            0 => {}
            1 => open.push(
                OpenKind::IssuedKeys.asks("whether the key of one certificate is among known_keys", true),
            ),
            many => open.push(
                OpenKind::IssuedKeys
                    .asks(format!("whether the keys of {many} certificates are among known_keys"), true),
            ),
        }
        if self.unexpected().any(|certificate| certificate.revocation.is_open()) {
            open.push(
                OpenKind::UnexpectedRevoked.asks("whether the unexpected certificates are revoked", true),
            );
        }
        let others = self
            .certificates
            .iter()
            .filter(|certificate| !certificate.is_unexpected() && !certificate.is_accepted());
        match others.filter(|certificate| certificate.revocation.is_demanded()).count() {
            0 => {}
            1 => open.push(OpenKind::IssuedRevoked.asks("whether one certificate is revoked", true)),
            many => open
                .push(OpenKind::IssuedRevoked.asks(format!("whether {many} certificates are revoked"), true)),
        }
        open
    }

    /// What else was looked at and stayed open.
    pub fn open(&self) -> Vec<OpenQuestion> {
        let mut open = Vec::new();
        let incomplete = |source: &&SourceSummary| {
            !matches!(source.coverage, Coverage::Whole | Coverage::NotAsked(_))
                || !source.problems.is_empty()
                || !source.unreadable.is_empty()
        };
        for source in self.sources.iter().filter(incomplete) {
            open.push(OpenKind::Source.asks(format!("what else {} knows", source.title()), false));
        }
        // Without an expectation nothing is unexpected, and who issued may be not known all the same.
        let unknown = self.certificates.iter().filter(|judged| {
            judged.life.can_be_used()
                && judged.issuer.expectation == Expectation::NoExpectation
                && judged.is_of_unknown_issuer()
                && judged.forged.is_none()
        });
        match unknown.count() {
            0 => {}
            1 => open.push(OpenKind::IssuedBy.asks("who issued one certificate", false)),
            many => open.push(OpenKind::IssuedBy.asks(format!("who issued {many} certificates"), false)),
        }
        let caa = |certificate: &&JudgedCertificate| {
            matches!(certificate.caa, CaaToday::Undetermined { .. }) && !certificate.is_accepted()
        };
        if self.certificates.iter().any(|certificate| caa(&certificate)) {
            open.push(OpenKind::IssuedCaa.asks("what CAA says of some certificate's CA", false));
        }
        let need_not = |certificate: &JudgedCertificate| {
            certificate.revocation.is_open()
                && !certificate.revocation.is_demanded()
                && !certificate.is_unexpected()
                && !certificate.is_accepted()
        };
        if self.certificates.iter().any(need_not) {
            open.push(
                OpenKind::ShortLivedRevoked.asks("whether some short-lived certificate is revoked", false),
            );
        }
        open
    }
}
